/*
 * screening - what the guard for personal data (proto/table/guard_scan.h) finds in several files,
 * and how it is said to people: never with a whole value.
 */
#ifndef ALLMENDE_SCREENING_H
#define ALLMENDE_SCREENING_H

#include <jansson.h>

#include "proto/table/guard_scan.h"
#include "tools/kit/files.h"

#define SCREENING_SAID_MAX 12 /* findings that people are told; --json has all that are kept */
#define SCREENING_KEPT_MAX 1000

struct screening {
	bool german;
	int32_t today;
	struct guard_scan scan;
	char *name; /* of the file that is open; NULL: none */
	json_t *findings;
	json_t *passed_over; /* names of files that were not looked into */
	json_t *cut;         /* of those of which only the beginning was */
	json_t *broken;      /* of those that could not be read to their end */
	uint64_t stops;      /* findings for which a publication is stopped */
	uint64_t count;      /* all, with those that are not kept */
	uint64_t files, bytes;
};

void screening_init(struct screening *screening, int64_t now_ms, bool german);
void screening_fini(struct screening *screening);

/* One file after the other: its name in the dataset, its bytes, its end. */
void screening_begin(struct screening *screening, const char *name);
void screening_feed(struct screening *screening, struct bytes in);
/* More of this file would not be looked at. */
bool screening_full(const struct screening *screening);
/* What was found in it so far is enough to stop a publication. */
bool screening_stops(struct screening *screening);
void screening_end(struct screening *screening);
/* All three, of a file on this machine. Prints its complaint. */
int screening_file(struct screening *screening, const struct file_entry *file);

/* A sentence for each finding, in the language of the screening; to be released. */
json_t *screening_sentences(const struct screening *screening);
/* A remark for each. */
void screening_say(const struct screening *screening);
/* What was looked at, and what was not: "3 files (1.2 MB) were looked into; not into plan.pdf". To
   be freed. */
char *screening_looked(const struct screening *screening);
/* {"findings": [{file, column, kind, count, values, row, examples, stops}], "stops": N, ...} */
json_t *screening_json(const struct screening *screening);

#endif
