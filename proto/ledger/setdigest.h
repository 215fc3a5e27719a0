/*
 * setdigest - the digest of an author's live records, kept up to date (docs/PROTOCOL.md, section
 * 7).
 *
 * The leaves are LEAF rows. A BUCKET row holds the digest of one of the 256 buckets; no row means
 * that the bucket is empty, an empty row that it was touched and has to be hashed again. So a
 * change costs one row, and the digest costs the buckets touched since.
 */
#ifndef ALLMENDE_SETDIGEST_H
#define ALLMENDE_SETDIGEST_H

#include "crypto/id.h"
#include "crypto/limits.h"
#include "store/db.h"

#define SETDIGEST_BUCKETS_LEN (256 * ID_LEN)

struct setdigest_leaf {
	uint8_t slot[LIMIT_SLOT_LEN_MAX];
	size_t slot_len;
	uint64_t sequence;
	struct digest hash;
};
/* Owned; release with setdigest_leaves_fini(). */
struct setdigest_leaves {
	struct setdigest_leaf *items; /* in rising order of slot */
	size_t count;
};

uint8_t setdigest_bucket_of(struct bytes slot);

/* The slot's winner; true when there is one. */
bool setdigest_get(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes slot,
		   uint64_t *sequence, struct digest *hash);
void setdigest_put(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes slot,
		   uint64_t sequence, const struct digest *hash);
/* True when the slot had a leaf. */
bool setdigest_del(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes slot);

/* The digest of this bucket is not to be trusted: it is hashed again with the next set digest. */
void setdigest_touch(struct txn *txn, uint32_t author, uint32_t incarnation, uint8_t bucket);

/* All bucket digests; hashes the touched ones again (txn must be able to write then). */
void setdigest_buckets(struct txn *txn, uint32_t author, uint32_t incarnation,
		       uint8_t out[SETDIGEST_BUCKETS_LEN]);
/* The set digest. */
void setdigest_root(struct txn *txn, uint32_t author, uint32_t incarnation, struct digest *out);
void setdigest_leaves(struct txn *txn, uint32_t author, uint32_t incarnation, uint8_t bucket,
		      struct setdigest_leaves *out);
void setdigest_leaves_fini(struct setdigest_leaves *leaves);

/* The same from values alone, for what a peer sent. */
void setdigest_root_of(struct digest *out, const uint8_t buckets[SETDIGEST_BUCKETS_LEN]);
void setdigest_bucket_digest(struct digest *out, const struct setdigest_leaf *leaves, size_t count);

#endif
