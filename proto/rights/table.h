/*
 * table - which lines give something, found by who gets it and by namespace.
 *
 * Table RIGHT has a row for each line that is good at its time: by owner of the namespace,
 * audience, prefix, then the higher verb, the shorter chain, the later end. A row is a hint where
 * to look, never a right: who uses one asks the verdict first, so a row that is out of date gives
 * nothing, and a change above a hundred thousand lines takes effect at once and costs nothing.
 *
 * What a change makes of other lines is looked at in slices (table_settle()), at the cost of the
 * organisation that made it: lines that rest on it, lines to whom it bars or frees, lines of a
 * member whose nodes have changed. Until then what is new counts as nothing. Table LINE_DUE holds
 * these walks, so they go on after a crash.
 *
 * Owns RIGHT, LINE, LINE_TO, LINE_ON, LINE_WHEN and LINE_DUE.
 */
#ifndef ALLMENDE_TABLE_H
#define ALLMENDE_TABLE_H

#include "proto/hub/hub.h"
#include "proto/rights/verdict.h"

enum { TABLE_PREFIX_LEN = 16, TABLE_RANK_LEN = 10 };

/* Walks that are due; the id is what they are about. */
enum table_due {
	TABLE_DUE_LINE = 1,   /* one line */
	TABLE_DUE_ON = 2,     /* all that rest on this line */
	TABLE_DUE_TO = 3,     /* all to this organisation */
	TABLE_DUE_ISSUER = 4, /* all by this member: its number, the rest zeros */
	TABLE_DUE_ALL = 5,    /* all there are */
};

/* Looks at one line again and sets its rows right. True: something has changed. */
bool table_line(struct hub *hub, struct txn *txn, uint32_t payer, uint32_t issuer,
		const struct digest *id);
/* Puts a walk off until table_settle(). */
void table_due(struct hub *hub, struct txn *txn, uint32_t payer, enum table_due kind,
	       const uint8_t id[ID_LEN]);
/* A part of what is due; true: there is more. */
bool table_settle(struct hub *hub, struct txn *txn);
/* Lines that begin or end by this time are looked at; *next_ms: when the next one does. */
void table_dates(struct hub *hub, struct txn *txn, int64_t *next_ms);

void table_prefix_hash(uint8_t out[TABLE_PREFIX_LEN], struct bytes prefix);

/*
 * All lines of a namespace that have rows, each as it is now: *good is whether it gives something
 * at hub->judge_ms. Those of one organisation when org is not NULL.
 */
struct table_walk {
	struct hub *hub;
	struct txn *txn;
	struct walk walk;
	uint8_t above[LIMIT_PATH_DEPTH_MAX][TABLE_PREFIX_LEN]; /* only at these; none: at all */
	size_t above_count;
};
struct table_walk table_walk(struct hub *hub, struct txn *txn, uint32_t owner,
			     const struct org_id *org);
/* From now on those alone with a prefix at or above a path. */
void table_walk_above(struct table_walk *walk, struct bytes path);
bool table_walk_next(struct table_walk *walk, struct verdict *out, bool *good);

/* Whether this is the row of RIGHT that a line has; recount. */
bool table_row_is(struct txn *txn, uint32_t issuer, const struct digest *id, struct bytes key);

/*
 * Whether all rows are what the records say, from *at on (len 0: from the first); looks at *lines
 * lines at most, counted down. What is wrong is set right and counted. False: that was the end.
 * Nothing may be due (table_settle()).
 */
bool table_recount(struct hub *hub, struct txn *txn, struct row_key *at, uint64_t *lines,
		   uint64_t *faults);

#endif
