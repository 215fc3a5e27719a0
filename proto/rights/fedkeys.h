/*
 * fedkeys - the federation keys F_n at this node: sealed in the store, got from wraps, made anew,
 * wrapped for others (docs/PROTOCOL.md, sections 4 and 5.2).
 *
 * A key is stored under the name fed-NUMBER once the charter commits to it, before that (of a
 * proposal), or when the charter does not any more (it went back), under
 * fed-next-NUMBER-COMMITMENT. Of the keys before the latest one none has to be sent: each opens the
 * one before.
 */
#ifndef ALLMENDE_FEDKEYS_H
#define ALLMENDE_FEDKEYS_H

#include "proto/hub/hub.h"

struct fedkeys {
	struct secret **items; /* items[n - 1] is F_n; NULL: not here */
	size_t count;
	uint64_t
		/* up to this number nothing that older keys have left behind is here any more */
		cleaned;
	int64_t due_ms;      /* to look whether all members have a wrap of the latest key */
	uint64_t keys_epoch; /* hub.keys_epoch of the last look at that */
};

enum err fedkeys_open(struct hub *hub, struct txn *txn);
void fedkeys_close(struct hub *hub);
const struct key *fedkeys_get(const struct hub *hub, uint64_t number); /* NULL: not here */
void fedkeys_store(struct hub *hub, struct txn *txn, uint64_t number, const struct key *key);
/* Publishes the latest federation key for one member. */
void fedkeys_wrap(struct hub *hub, struct txn *txn, const struct charter_member *member);
/* RECORD_WRAP without a prefix */
void fedkeys_arrival(struct hub *hub, struct txn *txn, const struct record *record);
/*
 * Prepares F_(n+1) for a proposal: a random key, kept sealed here until an entry with its
 * commitment counts, and wrapped for all members that stay. Fills key_change, which goes into the
 * proposal. `leaving` are member numbers that get none: those removed or made relays by the
 * proposal. ERR_AGAIN: F_n is not here; errors of the store stick to it.
 */
enum err fedkeys_next(struct hub *hub, struct txn *txn, struct charter_change *key_change,
		      const uint32_t *leaving, size_t leaving_count);
/* The charter has changed: a key that waited may count now, and others may need a wrap. */
void fedkeys_charter_changed(struct hub *hub, struct txn *txn);
/* Wraps the latest key for members of whom nobody else has thought. */
void fedkeys_tick(struct hub *hub, struct txn *txn);
int64_t fedkeys_wake(const struct hub *hub);

#endif
