#include "node/http/route.h"

#include <string.h>

#include "crypto/check.h"

/* Sets what stands for the stars. */
static bool path_fits(struct route_found *found, const char *pattern, const char *path)
{
	found->part_count = 0;
	found->rest = NULL;
	for (; *pattern; pattern++) {
		if (!strcmp(pattern, "**")) {
			found->rest = path;
			return true;
		}
		if (*pattern == '*') {
			size_t len = strcspn(path, "/");

			check(found->part_count < ROUTE_PARTS_MAX);
			found->parts[found->part_count++] = bytes_of(path, len);
			path += len;
		} else if (*pattern != *path++) {
			return false;
		}
	}
	return !*path;
}

void route_find(struct route_found *found, const struct route *const *tables,
		enum http_method method, const char *path, bool everybody)
{
	*found = (struct route_found){0};
	for (; *tables; tables++) {
		for (const struct route *route = *tables; route->path; route++) {
			struct route_found at = {.route = route};
			bool head = method == HTTP_HEAD && route->serve;

			if ((everybody && route->who == WHO_ADMIN) ||
			    !path_fits(&at, route->path, path))
				continue;
			found->methods |= 1u << route->method;
			if (found->route || route->method != (head ? HTTP_GET : method))
				continue;
			at.methods = found->methods;
			*found = at;
		}
	}
}
