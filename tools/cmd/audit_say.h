/*
 * audit_say - an entry of the audit log in words that a clerk understands.
 */
#ifndef ALLMENDE_AUDIT_SAY_H
#define ALLMENDE_AUDIT_SAY_H

#include "proto/audit/entry.h"
#include "proto/charter/charter.h"

enum { AUDIT_WHO_LEN = 192, AUDIT_WHAT_LEN = 1536 };

/* What entries are told with, from the same log. */
struct audit_names {
	const struct charter *charter;
	uint32_t author;    /* whose log it is */
	struct audit_path { /* datasets by id, as entries that name a path have told */
		struct dataset_id dataset;
		char *path;
	} * paths;
	size_t path_count, path_cap;
};
void audit_names_fini(struct audit_names *names);
/* Remembers what an entry says of paths. */
void audit_names_learn(struct audit_names *names, const struct audit_entry *entry);

/* One thing that an entry says: most say one, what was fetched in a day is one for each version. */
struct audit_line {
	int64_t time_ms;
	char who[AUDIT_WHO_LEN];
	char what[AUDIT_WHAT_LEN];
	char path[LIMIT_PATH_LEN_MAX + 1]; /* what it is about; empty: no one dataset */
	bool prefix;                       /* path is about all below it as well */
};
/*
 * The index-th line of an entry; false: there are not so many. An entry that cannot be read says
 * so.
 */
bool audit_say(struct audit_line *out, const struct audit_names *names,
	       const struct audit_entry *entry, size_t index);

#endif
