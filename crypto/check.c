#include "crypto/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "internal error: %s does not hold at %s:%d; please report this\n", what,
		file, line);
	abort();
}

void mem_gone(size_t count, size_t size)
{
	fprintf(stderr, "out of memory: %zu times %zu bytes were refused\n", count, size);
	abort();
}

void *mem_new(size_t count, size_t size)
{
	/* calloc may answer a request for nothing with NULL */
	void *ptr = calloc(count ? count : 1, size ? size : 1);
	if (!ptr)
		mem_gone(count, size);
	return ptr;
}

void *mem_grow(void *ptr, size_t count, size_t size)
{
	void *grown = reallocarray(ptr, count ? count : 1, size ? size : 1);
	if (!grown)
		mem_gone(count, size);
	return grown;
}

void *mem_room(void *items, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return items;
	*cap = count < 4 ? 8 : 2 * count;
	return mem_grow(items, *cap, size);
}

char *mem_str(const char *text)
{
	size_t size = strlen(text) + 1;
	return memcpy(mem_new(1, size), text, size);
}
