/*
 * epoch_rows - what this node has seen of epochs and their wraps, so that it is known later which
 * was here first: a wrap, or what ended the right of its reader (docs/PROTOCOL.md, section 5.6).
 *
 * Kept for the own namespace and for those in which the own organisation may write. A row of EPOCH
 * stands for the latest epoch at a path; a row of WRAPPED for a wrap of it. Their number is bounded
 * by that of readers, and of the wrap keys of each; of those who did not read when it came there
 * are a few, as their line may still be on the way, and further ones leave a mark at the epoch.
 * With the next epoch all are gone.
 */
#ifndef ALLMENDE_EPOCH_ROWS_H
#define ALLMENDE_EPOCH_ROWS_H

#include "proto/hub/hub.h"
#include "proto/ledger/keywrap.h"

enum {
	EPOCH_SLOW_MAX = 7,          /* new epochs by causes that are not urgent, in 30 days */
	EPOCH_READER_KEYS_MAX = 8,   /* wrap keys of one reader that are kept apart */
	EPOCH_STRANGERS_MAX = 16,    /* wraps of one epoch to who did not read when they came */
	EPOCH_NAMED_AHEAD_MAX = 1000 /* numbers that others may name */
};

/* Why a new epoch is due, the weakest first. */
enum epoch_cause { EPOCH_CAUSE_NONE, EPOCH_CAUSE_SLOW, EPOCH_CAUSE_OWN, EPOCH_CAUSE_URGENT };
enum { EPOCH_CAUSES = EPOCH_CAUSE_URGENT + 1 };

struct epoch_row {
	uint64_t number;                 /* the latest; 0: there is no row */
	uint64_t named;                  /* the highest that anybody has named */
	int64_t seen_ms;                 /* when this node first saw it, wall time, as all here */
	int64_t cause_ms[EPOCH_CAUSES];  /* since when each is there; 0: it is not */
	uint64_t strangers;              /* wraps to who did not read when they came */
	int64_t slow_ms[EPOCH_SLOW_MAX]; /* the last new epochs by slow causes; 0: none */
};

void epoch_row_get(struct txn *txn, uint32_t owner, struct bytes prefix, struct epoch_row *out);
void epoch_row_put(struct txn *txn, uint32_t owner, struct bytes prefix,
		   const struct epoch_row *row);
/*
 * An epoch has been seen: when it is later than the one known, rows of that are gone, and wraps of
 * this one that are here already are looked at. True: it is new.
 */
bool epoch_seen(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix,
		uint64_t number);
/* A wrap has come. */
void epoch_wrap_seen(struct hub *hub, struct txn *txn, uint32_t author, const struct keywrap *wrap);
/* A version, or a key record of any node, names an epoch. */
void epoch_name_seen(struct hub *hub, struct txn *txn, struct bytes prefix, uint64_t number);
/* The highest number at a path that is named anywhere and believed; counts: the latest there is. */
uint64_t epoch_named(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix,
		     uint64_t counts);

/* A walk over the rows of one path. */
struct wrapped_row {
	struct org_id reader;
	struct wrap_key_id key;
	int64_t seen_ms;
	bool read; /* when it came, or since */
};
struct walk wrapped_walk(struct txn *txn, uint32_t owner, struct bytes prefix);
bool wrapped_next(struct walk *walk, struct wrapped_row *out);
/* The reader reads now: what ends that later is a cause of its own. */
void wrapped_read(struct txn *txn, uint32_t owner, struct bytes prefix,
		  const struct wrapped_row *row, int64_t now_ms);

#endif
