#include "node/page/dataset_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/http/percent.h"

#define FILES "/files/"

/* Where the path ends and NAME begins; NULL: the address names no file. */
static const char *files_in(const char *rest)
{
	const char *from = strchr(rest, '@');
	const char *slash = strchr(rest, '/');

	if (!from)
		from = slash ? strchr(slash + 1, '/') : NULL;
	return from ? strstr(from, FILES) : NULL;
}

/* "3" behind the "@": digits alone, and none too many. */
static bool address_number(uint64_t *out, const char *text, size_t len)
{
	char digits[20];

	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = 0;
	if (strspn(digits, "0123456789") != len || digits[0] == '0')
		return false;
	*out = strtoull(digits, NULL, 10);
	return true;
}

bool dataset_address_read(struct dataset_address *out, const char *rest)
{
	const char *files = files_in(rest), *at = strchr(rest, '@');
	const size_t whole = files ? (size_t)(files - rest) : strlen(rest);
	const size_t len = at && (size_t)(at - rest) < whole ? (size_t)(at - rest) : whole;

	*out = (struct dataset_address){.file = files ? files + strlen(FILES) : NULL};
	if (len == 0 || len > LIMIT_PATH_LEN_MAX || (files && !out->file[0]))
		return false;
	memcpy(out->path, rest, len);
	return len == whole || address_number(&out->number, rest + len + 1, whole - len - 1);
}

void dataset_address_put(struct buf *out, const char *path, uint64_t number, struct bytes name)
{
	char text[24];

	buf_add(out, bytes_str("/d/"));
	percent_encode(out, bytes_str(path));
	snprintf(text, sizeof(text), "@%llu", (unsigned long long)number);
	if (number)
		buf_add(out, bytes_str(text));
	if (name.len) {
		buf_add(out, bytes_str(FILES));
		percent_encode(out, name);
	}
}

struct bytes dataset_table_stem(struct bytes name)
{
	static const char *const endings[] = {".csv", ".CSV", ".tsv", ".tab"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (name.len > 4 &&
		    bytes_eq(bytes_slice(name, name.len - 4, 4), bytes_str(endings[i])))
			return bytes_slice(name, 0, name.len - 4);
	return bytes_of(NULL, 0);
}
