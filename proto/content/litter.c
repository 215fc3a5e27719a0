#include "proto/content/litter.h"

#include <string.h>
#include <strings.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct bytes last_part(struct bytes name)
{
	size_t at = name.len;

	while (at > 0 && name.ptr[at - 1] != '/')
		at--;
	return bytes_slice(name, at, name.len);
}

static bool is(struct bytes part, const char *known)
{
	return part.len == strlen(known) && !strncasecmp((const char *)part.ptr, known, part.len);
}

static bool begins(struct bytes part, const char *start)
{
	size_t len = strlen(start);

	return part.len > len && !memcmp(part.ptr, start, len);
}

static bool ends(struct bytes part, const char *end)
{
	size_t len = strlen(end);

	return part.len > len && is(bytes_slice(part, part.len - len, part.len), end);
}

static bool any(struct bytes part, const char *const *list, size_t count,
		bool (*fits)(struct bytes part, const char *known))
{
	for (size_t i = 0; i < count; i++)
		if (fits(part, list[i]))
			return true;
	return false;
}

#define ANY(part, list, fits) any(part, list, COUNT(list), fits)

bool litter_is(struct bytes name)
{
	static const char *const names[] = {"thumbs.db",  "ehthumbs.db", "desktop.ini", ".ds_store",
					    ".localized", ".directory",  "icon\r"};
	static const char *const starts[] = {"._", ".~lock.", "~$", ".nfs", ".fuse_hidden"};
	struct bytes part = last_part(name);

	return ANY(part, names, is) || ANY(part, starts, begins);
}

bool litter_passes(struct bytes name)
{
	static const char *const names[] = {"@eadir", "__macosx", "$recycle.bin",
					    "system volume information", "lost+found"};
	static const char *const tails[] = {"~",       ".tmp",     ".temp",     ".swp",
					    ".swo",    ".part",    ".dwl",      ".dwl2",
					    ".laccdb", ".partial", ".filepart", ".crdownload"};
	struct bytes part = last_part(name);

	if (part.len == 0)
		return false;
	if (part.ptr[0] == '.' || litter_is(part) || (begins(part, "#") && ends(part, "#")))
		return true;
	return ANY(part, names, is) || ANY(part, tails, ends);
}
