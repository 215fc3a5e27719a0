/*
 * epoch_keys - the keys of epochs that this node has: opened from wraps, kept sealed, followed
 * through the links of key records (docs/PROTOCOL.md, section 5.6). Private to the epochs_* files.
 *
 * A kept key is a row of table SEALED that names epoch and path: the epoch's own path, proved by
 * the commitment of its key record, or a path below it, which a link back from an epoch there has
 * given. Anybody may publish a wrap for anybody; what it gives is kept only when the commitment of
 * the key record that counts is of that key, so it does not matter who made it.
 */
#ifndef ALLMENDE_EPOCH_KEYS_H
#define ALLMENDE_EPOCH_KEYS_H

#include "proto/hub/hub.h"
#include "proto/ledger/keyrecord.h"
#include "proto/ledger/keywrap.h"

void epoch_key_put(struct hub *hub, struct txn *txn, struct bytes prefix, uint64_t number,
		   struct bytes path, const struct key *key);
/* The highest number at a path whose key at that path is kept; 0: none. */
uint64_t epoch_key_last(const struct hub *hub, struct txn *txn, struct bytes prefix);

/*
 * Opens and keeps a wrap for the own organisation. ERR_EXISTS: kept already. ERR_DENIED: not for
 * us, of a stranger, for a wrap key that is not here (yet), or another key than the record says.
 * ERR_ABSENT: the key record is not here (yet).
 */
enum err epoch_wrap_open(struct hub *hub, struct txn *txn, const struct record *record);
/* All wraps for the own organisation whose keys are not kept. */
void epoch_wraps_open(struct hub *hub, struct txn *txn);
/*
 * Opens what a key record leads to from the keys that are here. True: keys have come to hand.
 */
bool epoch_record_learn(struct hub *hub, struct txn *txn, const struct record *record);
/*
 * The same for the next few of all, after *at (len 0: from the first). *learnt: keys have come to
 * hand. False: that was the end.
 */
bool epoch_keys_learn(struct hub *hub, struct txn *txn, struct row_key *at, bool *learnt);

#endif
