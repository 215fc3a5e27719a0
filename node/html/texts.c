#include "node/html/texts.h"

#include <string.h>

#include "crypto/check.h"
#include "node/html/embedded.h"

/* A compiled catalogue: "The Format of GNU MO Files" in the manual of gettext. All numbers are 32
   bits, as msgfmt was told, little-endian; the originals stand in order. */
#define MO_MAGIC     0x950412deu
#define MO_COUNT     8
#define MO_ORIGINALS 12
#define MO_TEXTS     16
#define MO_ROW_LEN   8 /* length, offset */

struct mo {
	const uint8_t *ptr;
	size_t len;
};

static uint32_t mo_number(const struct mo *mo, size_t at)
{
	const uint8_t *b = mo->ptr + at;

	check(at + 4 <= mo->len);
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static const char *mo_text(const struct mo *mo, uint32_t table, uint32_t i, size_t *len)
{
	size_t row = mo_number(mo, table) + (size_t)i * MO_ROW_LEN;
	uint32_t at = mo_number(mo, row + 4);

	*len = mo_number(mo, row);
	check(at < mo->len && *len < mo->len - at); /* there is a zero behind it */
	return (const char *)mo->ptr + at;
}

/* Of a text with a plural the key is the singular. */
static const char *mo_find(const struct mo *mo, const char *text, size_t *len)
{
	uint32_t low = 0, high = mo_number(mo, MO_COUNT);

	check(mo_number(mo, 0) == MO_MAGIC);
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = strcmp(text, mo_text(mo, MO_ORIGINALS, mid, len));

		if (order == 0)
			return mo_text(mo, MO_TEXTS, mid, len);
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static const char *text_find(enum language language, const char *text, size_t *len)
{
	const struct embedded *file = language == LANGUAGE_DE ? embedded_find("de.mo") : NULL;

	return file ? mo_find(&(struct mo){file->ptr, file->len}, text, len) : NULL;
}

const char *language_tag(enum language language)
{
	return language == LANGUAGE_DE ? "de" : "en";
}

const char *text_say(enum language language, const char *text)
{
	size_t len;
	const char *found = text_find(language, text, &len);

	return found ? found : text;
}

const char *text_of_count(enum language language, const char *one, const char *many, uint64_t count)
{
	size_t len, first;
	const char *found = text_find(language, one, &len);

	if (!found)
		return count == 1 ? one : many;
	first = strlen(found);
	return count == 1 || first == len ? found : found + first + 1;
}
