/*
 * plan - lines and bars that are about to be written, and what would follow: the verdict over the
 * store as it would be then. So a preview and what is done are made of the same bytes.
 */
#ifndef ALLMENDE_PLAN_H
#define ALLMENDE_PLAN_H

#include "proto/rights/world.h"

enum { PLAN_REVIVES_MAX = 10000 };

struct plan_record {
	uint64_t kind;
	struct record_slot slot;
	struct buf body;
};

struct plan {
	struct hub *hub;
	struct txn *txn;
	struct world world; /* of the store as it is */
	struct facts facts; /* as it would be; arg points to this struct, which must not be moved */
	struct plan_record *items; /* in order of slot, each once */
	size_t count, cap;
};

void plan_init(struct plan *plan, struct hub *hub, struct txn *txn);
void plan_fini(struct plan *plan);
/* The next round of an own line, with this verb and keep. */
void plan_line(struct plan *plan, const struct line *line);
/*
 * Bars an organisation through this one: target is a line, or a path when line is NULL. ERR_FULL:
 * no more fit: a path above contains the others.
 */
enum err plan_bar(struct plan *plan, const struct org_id *org, const struct digest *line,
		  struct bytes path, enum keeping keep);
/*
 * Lifts all bars of an organisation that are in force and lie at or below a path (empty: all, those
 * of lines too). Returns how many.
 */
size_t plan_lift(struct plan *plan, const struct org_id *org, struct bytes path);
/*
 * How many versions that are void would be valid: at most PLAN_REVIVES_MAX are counted, and so many
 * versions looked at as a turn has time for. *more: there may be others.
 */
uint64_t plan_revives(struct plan *plan, bool *more);
/* ERR_BUSY, with a sentence that asks for --yes, unless there are none. */
enum err plan_revive_why(uint64_t count, bool more, char *why);
/* Writes them, all or, when an error is returned, not all: the turn must not be committed then. */
enum err plan_write(struct plan *plan, char *why);
/* Bytes of the records, signatures left out. */
uint64_t plan_bytes(const struct plan *plan);

#endif
