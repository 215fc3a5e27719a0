/*
 * epoch_due - when a new epoch is due, and how soon (docs/PROTOCOL.md, section 5.6).
 *
 * What is due follows from the records; which came first, a wrap or what ended the right of its
 * reader, from the rows of epoch_rows.h. A look goes over the wraps of the latest epochs, never
 * over all readers for each epoch.
 */
#ifndef ALLMENDE_EPOCH_DUE_H
#define ALLMENDE_EPOCH_DUE_H

#include "proto/rights/epoch_list.h"
#include "proto/rights/epoch_rows.h"

/*
 * right(org, prefix, t) is read or more, and it is a member; asks the lines themselves, as the
 * table of rights may be late.
 */
bool epoch_reads(struct hub *hub, struct txn *txn, const struct org_id *org, struct bytes prefix,
		 int64_t t_ms);

/* The causes of all epochs of a list, of the latest at each path; by index. The caller frees. */
struct epoch_look {
	enum epoch_cause *causes;
	size_t count;        /* of the list then */
	bool any, any_quick; /* any_quick: urgent */
	uint64_t looked;     /* rows */
	int64_t next_ms;     /* wall time: something may be due then */
	int64_t ends_ms;     /* the same when hub.act_ms has passed this */
};
void epoch_look(struct hub *hub, struct txn *txn, const struct epoch_list *list,
		struct epoch_look *out);
void epoch_look_fini(struct epoch_look *look);

/* For who plans an act: a new epoch at each of these, from top to bottom. */
struct epoch_todo {
	size_t *items; /* indexes into the list */
	size_t count;
};
/*
 * Every epoch at or below one that is due. slow: those that are not urgent too, as far as their
 * pace allows. *waits: some do not, for theirs.
 */
void epoch_todo(struct hub *hub, struct txn *txn, const struct epoch_list *list,
		const struct epoch_look *look, bool slow, struct epoch_todo *out, bool *waits);
/* Every epoch at or below any of the paths. */
void epoch_todo_below(const struct epoch_list *list, const struct bytes *paths, size_t count,
		      struct epoch_todo *out);
void epoch_todo_fini(struct epoch_todo *todo);
/*
 * When slow causes may act again, wall time; 0: now. epoch_slow_done() after they have: one turn a
 * day.
 */
int64_t epoch_slow_ms(const struct hub *hub, struct txn *txn);
void epoch_slow_done(struct hub *hub, struct txn *txn);
/* A new epoch at a path was made for a slow cause: its pace. */
void epoch_slow_count(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix);

#endif
