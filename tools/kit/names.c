#include "tools/kit/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "crypto/check.h"
#include "crypto/limits.h"

/* A canonical form has at most three units where one was, and one where UTF-8 had a byte. */
#define FOLDED_LEN_MAX (3 * LIMIT_FILE_NAME_LEN_MAX)

/* One name, of a file or a folder, and what it is to a machine to which case and form are none. */
struct twin {
	const char *name; /* borrowed; its first len bytes */
	size_t len;
	UChar *folded;
	int32_t folded_len;
};

__attribute__((format(printf, 2, 3))) static void remark(struct names *names, const char *format,
							 ...)
{
	va_list args;

	names->remarks =
		mem_room(names->remarks, names->count, &names->cap, sizeof(*names->remarks));
	va_start(args, format);
	if (vasprintf(&names->remarks[names->count++], format, args) < 0)
		mem_gone(1, 0);
	va_end(args);
}

/* -- one name for another --------------------------------------------------------------------- */

/* Letter by letter, as file systems do it: "ß" is not "ss" to them. */
static int32_t lower(UChar *out, const UChar *in, int32_t len)
{
	UBool failed = false;
	int32_t to = 0;

	for (int32_t from = 0; from < len;) {
		UChar32 c;

		U16_NEXT(in, from, len, c);
		U16_APPEND(out, to, FOLDED_LEN_MAX, u_foldCase(c, U_FOLD_CASE_DEFAULT), failed);
	}
	check(!failed);
	return to;
}

static void fold(struct twin *twin)
{
	UErrorCode failed = U_ZERO_ERROR;
	const UNormalizer2 *form = unorm2_getNFDInstance(&failed);
	UChar plain[FOLDED_LEN_MAX], small[FOLDED_LEN_MAX], whole[FOLDED_LEN_MAX];
	int32_t len;

	u_strFromUTF8(plain, FOLDED_LEN_MAX, &len, twin->name, (int32_t)twin->len, &failed);
	len = unorm2_normalize(form, plain, len, whole, FOLDED_LEN_MAX, &failed);
	check(U_SUCCESS(failed)); /* names are UTF-8, and not that long */
	len = lower(small, whole, len);
	len = unorm2_normalize(form, small, len, whole, FOLDED_LEN_MAX, &failed);
	check(U_SUCCESS(failed));
	twin->folded = mem_new((size_t)len + 1, sizeof(UChar));
	memcpy(twin->folded, whole, (size_t)len * sizeof(UChar));
	twin->folded_len = len;
}

static int by_folded(const void *a, const void *b)
{
	const struct twin *x = a, *y = b;
	int order = u_strCompare(x->folded, x->folded_len, y->folded, y->folded_len, false);
	size_t len = x->len < y->len ? x->len : y->len;

	if (order)
		return order;
	order = memcmp(x->name, y->name, len);
	return order ? order : x->len < y->len ? -1 : x->len > y->len;
}

static bool same_name(const struct twin *a, const struct twin *b)
{
	return a->len == b->len && !memcmp(a->name, b->name, a->len);
}

static bool same_ascii(const struct twin *a, const struct twin *b)
{
	return a->len == b->len && !strncasecmp(a->name, b->name, a->len);
}

static void remark_twins(struct names *names, const struct twin *a, const struct twin *b)
{
	remark(names,
	       "\"%.*s\" and \"%.*s\" differ in %s alone: on Windows, macOS and most file servers "
	       "they are one name, and one of them is lost: rename one",
	       (int)a->len, a->name, (int)b->len, b->name,
	       same_ascii(a, b) ? "case" : "case, or in how Unicode writes a letter,");
}

/* Files, and the folders on the way that the name before does not lie in. */
static void look_at_twins(struct names *names, const struct files *files)
{
	struct twin *twins = NULL;
	size_t count = 0, cap = 0;
	const char *before = "";

	for (size_t i = 0; i < files->count; i++) {
		const char *name = files->entries[i].name;
		size_t shared = 0;

		while (name[shared] && name[shared] == before[shared])
			shared++;
		for (size_t at = 0; name[at]; at++) {
			bool ends = !name[at + 1] && name[at] != '/';

			if (at < shared && !ends)
				continue;
			if (name[at] != '/' && !ends)
				continue;
			twins = mem_room(twins, count, &cap, sizeof(*twins));
			twins[count] = (struct twin){.name = name, .len = at + ends};
			fold(&twins[count++]);
		}
		before = name;
	}
	if (count)
		qsort(twins, count, sizeof(*twins), by_folded);
	for (size_t i = 1; i < count; i++)
		if (twins[i - 1].folded_len == twins[i].folded_len &&
		    !u_memcmp(twins[i - 1].folded, twins[i].folded, twins[i].folded_len) &&
		    !same_name(&twins[i - 1], &twins[i]))
			remark_twins(names, &twins[i - 1], &twins[i]);
	for (size_t i = 0; i < count; i++)
		free(twins[i].folded);
	free(twins);
}

/* -- no name at all --------------------------------------------------------------------------- */

/* CON, aux.txt: a device, whatever stands behind the first dot. */
static bool is_device(const char *part, size_t len)
{
	static const char *const devices[] = {"con", "prn", "aux", "nul", "conin$", "conout$"};
	size_t stem = 0;

	while (stem < len && part[stem] != '.')
		stem++;
	while (stem > 0 && part[stem - 1] == ' ')
		stem--;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (strlen(devices[i]) == stem && !strncasecmp(part, devices[i], stem))
			return true;
	return stem == 4 && (!strncasecmp(part, "com", 3) || !strncasecmp(part, "lpt", 3)) &&
	       part[3] >= '1' && part[3] <= '9';
}

/* Why Windows cannot write a part of a name; NULL: it can. */
static const char *part_fault(const char *part, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("<>:\"|?*\\", part[i]))
			return "has one of < > : \" | ? * \\";
	if (part[len - 1] == '.' || part[len - 1] == ' ')
		return "ends in a dot or a blank";
	return is_device(part, len) ? "is the name of a device" : NULL;
}

static void look_at_parts(struct names *names, const struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		const char *name = files->entries[i].name, *fault = NULL;

		for (const char *part = name; !fault && *part; part += *part == '/') {
			size_t len = strcspn(part, "/");

			fault = part_fault(part, len);
			part += len;
		}
		if (fault)
			remark(names, "\"%s\" cannot be written on Windows: a part of it %s", name,
			       fault);
	}
}

void names_look(struct names *names, const struct files *files)
{
	*names = (struct names){0};
	look_at_twins(names, files);
	look_at_parts(names, files);
}

void names_fini(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->remarks[i]);
	free(names->remarks);
	*names = (struct names){0};
}
