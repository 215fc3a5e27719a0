/*
 * roll - the states of all authors in memory, in the form in which they are compared
 * (docs/PROTOCOL.md, section 9: Session).
 *
 * The ledger keeps it up to date, so that neither a change nor a comparison walks over the rows of
 * all authors. Authors lie in buckets, each with a digest: the content digest costs one bucket and
 * the digests of all. Marks are sums that tell how many authors two nodes differ in; a change
 * takes out one term and adds another. Nothing of it is stored.
 */
#ifndef ALLMENDE_ROLL_H
#define ALLMENDE_ROLL_H

#include "crypto/id.h"
#include "crypto/siphash.h"

enum {
	ROLL_BUCKET_COUNT = 256,
	ROLL_MARK_COUNT = 32,
	ROLL_CODE_LEN = ID_LEN + 8,
};

struct roll_entry {
	uint32_t author;
	uint8_t code[ROLL_CODE_LEN]; /* state id, be64 counter of the head */
};
struct roll_bucket {
	struct roll_entry *entries; /* by rising author */
	size_t count, cap;
	bool is_hashed;
	struct digest digest;
};
struct roll {
	struct roll_bucket buckets[ROLL_BUCKET_COUNT];
	size_t count;
	uint8_t marks[ROLL_MARK_COUNT];
	uint64_t hash_count; /* states and buckets that were hashed, ever; for tests */
};

/* All zero is an empty one; fini leaves it so. */
void roll_fini(struct roll *roll);
/* Its state is this now; incarnation 0: it has none. */
void roll_put(struct roll *roll, uint32_t author, uint32_t incarnation, uint64_t counter,
	      const struct digest *set);
void roll_content(struct roll *roll, struct digest *out);
/* How many authors two differ in, as both marks tell; about twice in ten wrong by a quarter. */
uint64_t roll_distance(const uint8_t a[ROLL_MARK_COUNT], const uint8_t b[ROLL_MARK_COUNT]);

#endif
