/*
 * overview - how the node does, in numbers: what `allmende status`, its actions and /metrics are
 * made of.
 *
 * On the core thread, in one query: it costs as much as there are members and peers, however many
 * datasets there are. Nothing in it is a secret of a dataset.
 */
#ifndef ALLMENDE_OVERVIEW_H
#define ALLMENDE_OVERVIEW_H

#include "node/base/space.h"
#include "node/care/node_view.h"
#include "proto/catalog/catalog.h"
#include "proto/membership/membership.h"

#define OVERVIEW_TROUBLED_MAX 64 /* members named; the others are counted */

struct overview_member { /* one whose data is not complete here */
	char name[LIMIT_NAME_LEN_MAX + 1];
	char slug[CHARTER_SLUG_LEN_MAX + 1];
	const char *state;
	uint64_t missing;     /* records */
	int64_t head_time_ms; /* 0: nothing was heard from it */
};

struct overview {
	struct overview_datasets {
		uint64_t known, own, held, damaged, own_damaged;
		uint64_t hidden;     /* whose names are not for this node */
		uint64_t own_single; /* own ones of which one copy is proved at most */
		uint64_t own_gone;   /* own ones whose data is not here, nor known to be anywhere */
		char first_gone[LIMIT_PATH_LEN_MAX + 1];
		char first_damaged[LIMIT_PATH_LEN_MAX + 1];
		char first_single[LIMIT_PATH_LEN_MAX + 1];
	} datasets;

	struct membership_status membership; /* charter: borrowed until the end of the query */
	uint64_t members, complete, partial, held, over, stale, disputed, unknown;
	struct overview_member troubled[OVERVIEW_TROUBLED_MAX];
	size_t troubled_count;
	/* linked members whose clock is ahead of ours, or behind it, as far as that is known */
	struct overview_clock {
		uint64_t members; /* linked nodes of one member count once */
		int64_t min_ms;   /* by how much at least */
		uint32_t author;  /* one of them */
	} ahead, late;
	uint64_t timed;         /* linked nodes of which it is known */
	int64_t own_head_ms;    /* 0: none */
	int64_t oldest_head_ms; /* of the members heard from; 0: none */
	uint64_t linked, dialled, peers;
	struct space space;
};

void overview_take(struct overview *overview, const struct node_view *node, struct hub *hub,
		   struct txn *txn, int64_t now_ms);

#endif
