/*
 * record - one signed statement of an author (docs/PROTOCOL.md, section 5).
 */
#ifndef ALLMENDE_RECORD_H
#define ALLMENDE_RECORD_H

#include "crypto/id.h"
#include "crypto/limits.h"
#include "crypto/sign.h"

/* X(NAME, number): kinds with a meaning today; others are kept and forwarded. */
#define RECORD_KIND_LIST(X)                                                                        \
	X(VERSION, 1)                                                                              \
	X(KEY, 2)                                                                                  \
	X(WRAP, 3)                                                                                 \
	X(VOTE, 4)                                                                                 \
	X(LINE, 5)                                                                                 \
	X(BAR, 6)                                                                                  \
	X(CONTACT, 7)                                                                              \
	X(WITHDRAWAL, 8)                                                                           \
	X(ERASURE, 9)                                                                              \
	X(NOTICE, 10)                                                                              \
	X(WRAP_KEY, 11)

enum record_kind {
#define X(name, number) RECORD_##name = number,
	RECORD_KIND_LIST(X)
#undef X
};
bool record_kind_known(uint64_t kind);
/* Raised when a body is read that was not before: what is kept unread is looked at again then. */
enum { RECORD_READS = 1 };

/* A decoded view; borrows from the bytes it was decoded from. */
struct record {
	uint32_t author;
	uint32_t incarnation;
	uint64_t sequence;
	int64_t time_ms;
	uint64_t kind; /* enum record_kind, or unknown */
	struct bytes slot;
	struct bytes body;
	struct bytes payload; /* what is signed */
	struct bytes whole;   /* payload and signature */
};

struct record_slot {
	uint8_t b[LIMIT_SLOT_LEN_MAX];
	size_t len;
};
static inline struct bytes record_slot_bytes(const struct record_slot *slot)
{
	return bytes_of(slot->b, slot->len);
}
struct record_slot record_slot_copy(struct bytes slot); /* at most LIMIT_SLOT_LEN_MAX bytes */
struct record_slot record_slot_version(const struct dataset_id *dataset, uint64_t number);
struct record_slot record_slot_wrap(const struct org_id *grantee, struct bytes prefix);
struct record_slot record_slot_contact(void);
struct record_slot record_slot_key(struct bytes prefix, uint64_t epoch_number);
struct record_slot record_slot_vote(uint32_t charter_number);
/* Slots of a kind and one id: tokens (token id), withdrawals and erasures (dataset id). */
struct record_slot record_slot_of(enum record_kind kind, struct bytes id);
struct record_slot record_slot_notice(uint8_t code);

/*
 * Form only; says nothing of the signature. ERR_MALFORMED, ERR_VERSION, ERR_FULL
 * (LIMIT_RECORD_LEN_MAX).
 */
enum err record_decode(struct record *out, struct bytes whole);
/*
 * Appends the record; author, incarnation, sequence, time_ms, kind, slot and body of `fields`
 * count. out->err: ERR_FULL when it is too long.
 */
void record_make(struct buf *out, const struct record *fields, const struct fed_id *fed,
		 const struct key *sign_seed);
/* ERR_DENIED */
enum err record_check_sig(const struct record *record, const struct sign_pk *pk,
			  const struct fed_id *fed);
void record_id(struct record_id *out, const struct record *record);
void record_leaf_hash(struct digest *out, struct bytes whole);

#endif
