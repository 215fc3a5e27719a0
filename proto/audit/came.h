/*
 * came - what of one author had come here before a time, as the audit log of this node says: for
 * when a machine is lost, and only what it said before may be taken over.
 *
 * Dates in records are what their author says; these are when they came. What the log does not have
 * (any more, or as it was too much) counts as not come.
 */
#ifndef ALLMENDE_CAME_H
#define ALLMENDE_CAME_H

#include "proto/ledger/line.h"
#include "proto/ledger/record.h"

struct txn;

struct came_line { /* what a line of the author's organisation gave last, before that time */
	struct digest id;
	struct line line; /* its prefix is not kept: empty */
};

struct came {
	uint32_t author;
	int64_t before_ms;
	struct record_id *ids; /* owned, rising */
	size_t count, cap;
	struct came_line *lines; /* owned, as they came */
	size_t line_count, line_cap;
};

/* Walks over the whole log. Ends with came_fini(). */
void came_load(struct came *came, struct txn *txn, uint32_t author, int64_t before_ms);
void came_fini(struct came *came);
bool came_has(const struct came *came, const struct record *record);
/* NULL: it gave nothing then, as far as the log knows. */
const struct line *came_line(const struct came *came, const struct digest *id);

#endif
