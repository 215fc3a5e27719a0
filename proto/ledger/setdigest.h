/*
 * setdigest - the digest of an author's live records, kept up to date (docs/PROTOCOL.md, section
 * 7).
 *
 * The place of a slot is the first 16 hexadecimal digits of its hash. A node of the tree stands for
 * all leaves whose places begin with the same digits, as many as it is deep; the root for all. One
 * with more than SETDIGEST_LEAVES_MAX leaves below has children, one for each next digit; any other
 * is a list of its leaves. So the form follows from the set alone, a change costs one list and the
 * way up, and a set of any size can be told list by list (a page), each of which proves itself: to
 * make one list longer than that, an author had to find as many slots whose hashes agree in 64
 * bits.
 *
 * Leaves are LEAF rows. A NODE row holds how many leaves are below, and their digest; one without
 * the digest was touched and is hashed again with the next set digest, one that is not there is
 * empty or lies below a list.
 */
#ifndef ALLMENDE_SETDIGEST_H
#define ALLMENDE_SETDIGEST_H

#include "crypto/hash.h"
#include "crypto/id.h"
#include "crypto/limits.h"
#include "store/db.h"

enum {
	SETDIGEST_LEAVES_MAX = 64,
	SETDIGEST_CHILDREN = 16,
	SETDIGEST_DEPTH_MAX = 16,
	SETDIGEST_STEP_LEN = SETDIGEST_CHILDREN * ID_LEN, /* digests of all children of a node */
};

struct setdigest_leaf {
	uint8_t slot[LIMIT_SLOT_LEN_MAX];
	size_t slot_len;
	uint64_t place;
	uint64_t sequence;
	struct digest hash;
};
/* One list, and the way to it from the root. */
struct setdigest_page {
	uint64_t place;                                        /* of the list, and any more */
	unsigned depth;                                        /* nodes with children before it */
	uint8_t path[SETDIGEST_DEPTH_MAX][SETDIGEST_STEP_LEN]; /* digests of all their children */
	size_t count;
	struct setdigest_leaf leaves[SETDIGEST_LEAVES_MAX]; /* by rising place, then slot */
};

uint64_t setdigest_place(struct bytes slot);
/* How two leaves stand to each other in this order. */
int setdigest_cmp(const struct setdigest_leaf *a, const struct setdigest_leaf *b);

/* The slot's winner; true when there is one. */
bool setdigest_get(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes slot,
		   uint64_t *sequence, struct digest *hash);
/* The same, when the place of the slot is known. */
bool setdigest_get_at(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t place,
		      struct bytes slot, uint64_t *sequence, struct digest *hash);
void setdigest_put(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes slot,
		   uint64_t sequence, const struct digest *hash);
void setdigest_put_at(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t place,
		      struct bytes slot, uint64_t sequence, const struct digest *hash);
/* True when the slot had a leaf. */
bool setdigest_del(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes slot);

/* The digests on the way to this place are not to be trusted. */
void setdigest_touch(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t place);

/* The set digest; hashes what was touched again (txn must be able to write then). */
void setdigest_root(struct txn *txn, uint32_t author, uint32_t incarnation, struct digest *out);

/*
 * The page with this place. False: more leaves share a place than a page holds, so that it can not
 * be told.
 */
bool setdigest_page(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t place,
		    struct setdigest_page *out);
/* The first and the last place that belong to the page. */
uint64_t setdigest_page_first(const struct setdigest_page *page);
uint64_t setdigest_page_last(const struct setdigest_page *page);
/*
 * Whether a page is one of the set with this digest; the places of its leaves are filled in.
 * Nothing is read.
 */
bool setdigest_page_check(struct setdigest_page *page, const struct digest *set);
/* The digest of a list: its leaves in order, then hash_done(). */
void setdigest_list_begin(struct hash *hash);
void setdigest_list_add(struct hash *hash, const struct setdigest_leaf *leaf);
/*
 * A path has, for each node above a list, from the root on, SETDIGEST_STEP_LEN bytes. Whether it
 * is one of the set, as far as it goes; and whether a list that the place belongs to, with this
 * digest, is then the one below it.
 */
bool setdigest_path_check(struct bytes path, uint64_t place, const struct digest *set);
bool setdigest_list_check(struct bytes path, uint64_t place, const struct digest *list,
			  const struct digest *set);
/* The first place of the node that is so deep, and that this place belongs to. */
uint64_t setdigest_first(uint64_t place, unsigned depth);
/*
 * After a page of another's set: the first place behind it where that set is not what is here.
 * False: there is none.
 */
bool setdigest_differs(struct txn *txn, uint32_t author, uint32_t incarnation,
		       const struct setdigest_page *theirs, uint64_t *place);

/* Leaves from one place to another, as they are here. The walk survives writes. */
struct setdigest_walk {
	struct walk walk;
	uint64_t last;
};
struct setdigest_walk setdigest_walk(struct txn *txn, uint32_t author, uint32_t incarnation,
				     uint64_t first, uint64_t last);
bool setdigest_walk_next(struct setdigest_walk *walk, struct setdigest_leaf *out);

#endif
