/*
 * keyrecord - body of a key record, and what hangs on it: commitment, and the links down from the
 * parent's epoch and back to the epoch before (docs/PROTOCOL.md, section 5.6).
 */
#ifndef ALLMENDE_KEYRECORD_H
#define ALLMENDE_KEYRECORD_H

#include "crypto/limits.h"
#include "crypto/wrap.h"

#define EPOCH_SEALED_LEN (24 + KEY_LEN + 16)

struct epoch_link { /* to another epoch (Q', n') */
	bool present;
	struct bytes prefix; /* borrowed */
	uint64_t number;
	uint8_t sealed[EPOCH_SEALED_LEN];
};

struct keyrecord {
	struct bytes prefix; /* Q; borrowed */
	uint64_t number;     /* n */
	struct digest commitment;
	struct epoch_link down; /* K_n(Q), for who has the key of Q's parent */
	struct epoch_link back; /* the key that Q had before, for who has K_n(Q) */
	struct wrap recovery;
};

void keyrecord_put(struct buf *out, const struct keyrecord *record);
/* Form, and that the links lead where links may. ERR_MALFORMED, ERR_VERSION. */
enum err keyrecord_get(struct keyrecord *out, struct bytes body);

void epoch_commitment(struct digest *out, const struct key *key, uint64_t number,
		      struct bytes prefix);

/*
 * The links of the record's epoch (prefix and number count); the link's own prefix and number are
 * the caller's.
 */
void keyrecord_down_seal(struct keyrecord *record, const struct key *parent_key,
			 const struct key *key, struct random *random);
void keyrecord_back_seal(struct keyrecord *record, const struct key *key, const struct key *before,
			 struct random *random);
/* ERR_ABSENT: there is no such link. ERR_DENIED: it was not sealed under this key. */
enum err keyrecord_down_open(struct key *out, const struct keyrecord *record,
			     const struct key *parent_key);
enum err keyrecord_back_open(struct key *out, const struct keyrecord *record,
			     const struct key *key);

#endif
