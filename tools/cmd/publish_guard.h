/*
 * publish_guard - `publish` looks for personal data while the bytes go by, and stops a publication
 * to everybody or to all members for what it finds, unless a person says that it was looked at.
 *
 * To fewer readers (granted, hidden) it only remarks. What was looked at is what is sent: nothing
 * is read twice, and there is no moment between.
 */
#ifndef ALLMENDE_PUBLISH_GUARD_H
#define ALLMENDE_PUBLISH_GUARD_H

#include "tools/kit/screening.h"

struct publish_guard {
	struct screening screening;
	bool open;      /* between _begin() and _fini() */
	char tier[16];  /* of the version that is being made */
	bool many;      /* readers: the tier is open or members */
	bool confirmed; /* --personal-data-checked */
};

/* --personal-data-checked is a reason that can be read in the log. Prints its complaint. */
int publish_guard_option(const struct args *args);
/* Before the first file; again when all begins anew. */
void publish_guard_begin(struct publish_guard *guard, const struct tool *tool, const char *tier);
void publish_guard_fini(struct publish_guard *guard);

void publish_guard_file(struct publish_guard *guard, const char *name);
/* False: this file is enough to stop, so the rest need not be sent. */
bool publish_guard_take(struct publish_guard *guard, struct bytes in);
/* At the end of a file, and of all. TOOL_DENIED, and said: nothing may be published. */
int publish_guard_file_end(struct publish_guard *guard);
/* What is worth a remark though nothing stops; after the last file. */
void publish_guard_remark(const struct publish_guard *guard);

/* The same for files that are not sent: publish --dry-run. The first looks, the second says whether
   they would be stopped. */
int publish_guard_dry(struct publish_guard *guard, const struct files *files);
int publish_guard_dry_end(const struct publish_guard *guard);

#endif
