/*
 * epoch_keys - the keys of epochs that this node has: opened from wraps, kept sealed, followed
 * through the links of key records (docs/PROTOCOL.md, section 5.6). Private to epochs.c.
 *
 * A kept key is a row of table SEALED that names epoch, path and granter: the namespace's
 * organisation, or the own one. Anybody may publish a wrap, but strangers do not choose the keys of
 * a namespace. What a search gives is proved by the commitment of a key record, or by the key check
 * of a version. Keys that links gave have the own organisation as granter.
 */
#ifndef ALLMENDE_EPOCH_KEYS_H
#define ALLMENDE_EPOCH_KEYS_H

#include "proto/hub/hub.h"
#include "proto/ledger/keyrecord.h"
#include "proto/ledger/keywrap.h"

struct epoch_record { /* a key record, copied out of the store */
	uint8_t path[LIMIT_PATH_LEN_MAX];
	struct keyrecord key; /* its texts point into path */
	uint32_t author;
};
/*
 * Whether the author of a key record may make epochs; by the record's slot, in its own namespace
 * only.
 */
bool epoch_author_ok(struct hub *hub, struct txn *txn, uint32_t author);

void epoch_key_put(struct hub *hub, struct txn *txn, struct bytes prefix, uint64_t number,
		   struct bytes path, const struct org_id *granter, const struct key *key);
/*
 * The highest number at a path whose key at that path is kept, from the own organisation; 0: none.
 */
uint64_t epoch_key_last(struct hub *hub, struct txn *txn, struct bytes prefix);
/*
 * Keys that have left in the text of a grant (epochs_given()): rows of META; path borrows from the
 * store.
 */
struct epoch_text {
	struct org_id reader;
	int64_t expiry_ms;
	struct bytes path;
};
struct walk epoch_texts(struct txn *txn);
bool epoch_text_next(struct walk *walk, struct epoch_text *out);

/* Whether the author of a wrap record may give keys of that namespace, or is of another one. */
bool epoch_wrap_ok(struct hub *hub, struct txn *txn, uint32_t author, const struct keywrap *wrap);
/*
 * Opens and keeps a wrap for the own organisation. ERR_EXISTS: kept already. ERR_DENIED: not for
 * us, of a stranger, or for a wrap key that is not here (yet).
 */
enum err epoch_wrap_open(struct hub *hub, struct txn *txn, const struct org_id *granter,
			 const struct keywrap *wrap);
/* All wraps for the own organisation whose keys are not kept. */
void epoch_wraps_open(struct hub *hub, struct txn *txn);
/* Follows the links of one key record from the keys that are here. True: keys have come to hand. */
bool epoch_record_learn(struct hub *hub, struct txn *txn, const struct record *record);
/*
 * The same for the next few of all, after *at (len 0: from the first). *learnt: keys have come to
 * hand. False: that was the end.
 */
bool epoch_keys_learn(struct hub *hub, struct txn *txn, struct row_key *at, bool *learnt);

#endif
