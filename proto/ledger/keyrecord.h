/*
 * keyrecord - body of a key record, and what hangs on it: commitment, and the links down from the
 * parent's epoch and back to epochs before (docs/PROTOCOL.md, section 5.6).
 *
 * The links back are a list, kept as its bytes: as many as fit in EPOCH_BACK_LEN_MAX.
 */
#ifndef ALLMENDE_KEYRECORD_H
#define ALLMENDE_KEYRECORD_H

#include "crypto/limits.h"
#include "crypto/wrap.h"
#include "proto/wire/wire_in.h"

#define EPOCH_SEALED_LEN (24 + KEY_LEN + 16)
enum {
	EPOCH_BACK_LEN_MAX = 49152, /* the elements of `back` */
	EPOCH_BACK_COUNT_MAX = 1024
};

struct epoch_link { /* to another epoch (Q', n') */
	bool present;
	struct bytes prefix; /* borrowed */
	uint64_t number;
	uint8_t sealed[EPOCH_SEALED_LEN];
};

struct epoch_backs { /* the keys that Q had before, for who has K_n(Q) */
	bool lost;   /* there were some, but none could be linked */
	uint32_t count;
	struct bytes links; /* encoded one after the other; borrowed */
};

struct keyrecord {
	struct bytes prefix; /* Q; borrowed */
	uint64_t number;     /* n */
	struct digest commitment;
	struct epoch_link down; /* K_n(Q), for who has the key of Q's parent */
	struct epoch_backs back;
	struct wrap recovery;
	struct wrap_key_id own_key; /* for which own_wrap is */
	struct wrap own_wrap;       /* K_n(Q) for the own nodes */
};

void keyrecord_put(struct buf *out, const struct keyrecord *record);
/* Form, and that the links lead where links may. ERR_MALFORMED, ERR_VERSION. */
enum err keyrecord_get(struct keyrecord *out, struct bytes body);

void epoch_commitment(struct digest *out, const struct key *key, uint64_t number,
		      struct bytes prefix);

/*
 * The link down of the record's epoch (prefix and number count); the link's own prefix and number
 * are the caller's.
 */
void keyrecord_down_seal(struct keyrecord *record, const struct key *parent_key,
			 const struct key *key, struct random *random);
/* ERR_ABSENT: there is no such link. ERR_DENIED: it was not sealed under this key. */
enum err keyrecord_down_open(struct key *out, const struct keyrecord *record,
			     const struct key *parent_key);

/*
 * Appends a link back to `links`, whose room is EPOCH_BACK_LEN_MAX, and counts it in the record;
 * `before` is K_number(Q) of the epoch at `prefix`. Links come in the order of the format: the
 * longest prefix and highest number first. False: it does not fit, and nothing changes.
 */
bool keyrecord_back_add(struct keyrecord *record, struct buf *links, struct bytes prefix,
			uint64_t number, const struct key *key, const struct key *before,
			struct random *random);
/* A walk over the links back of a record. */
struct back_walk {
	struct wire_in w;
	uint32_t left;
};
struct back_walk keyrecord_backs(const struct keyrecord *record);
bool keyrecord_back_next(struct back_walk *walk, struct epoch_link *out);
/* ERR_DENIED: the link of this record was not sealed under this key. */
enum err keyrecord_back_open(struct key *out, const struct keyrecord *record,
			     const struct epoch_link *link, const struct key *key);

#endif
