#include "proto/ledger/setdigest.h"

#include <string.h>

#include "crypto/hash.h"

#define LEAF_LEN (8 + ID_LEN)
#define NODE_LEN (8 + ID_LEN)

enum { KEY_PREFIX_LEN = 4 + 4 }; /* author, incarnation */

/* ---- places ---- */

/* PROTOCOL: "The *place* of a slot is the first 8 bytes of `H("am1.slot", slot)`" */
uint64_t setdigest_place(struct bytes slot)
{
	struct digest digest;

	hash_once(digest.b, "am1.slot", slot);
	return be64_get(digest.b);
}

int setdigest_cmp(const struct setdigest_leaf *a, const struct setdigest_leaf *b)
{
	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	return bytes_cmp(bytes_of(a->slot, a->slot_len), bytes_of(b->slot, b->slot_len));
}

/* The digits after the first `depth`, all set. */
static uint64_t digits_after(unsigned depth)
{
	return depth == SETDIGEST_DEPTH_MAX ? 0 : UINT64_MAX >> (4 * depth);
}

/* The digit that says which child of a node `depth` deep. */
static unsigned digit_at(uint64_t place, unsigned depth)
{
	return (unsigned)(place >> (60 - 4 * depth)) & 15;
}

struct node {
	uint32_t author, incarnation;
	unsigned depth;
	uint64_t place; /* the first it stands for */
};

static struct node node_root(uint32_t author, uint32_t incarnation)
{
	return (struct node){.author = author, .incarnation = incarnation};
}

static struct node node_child(const struct node *node, unsigned digit)
{
	struct node child = *node;

	child.place |= (uint64_t)digit << (60 - 4 * node->depth);
	child.depth++;
	return child;
}

static uint64_t node_last(const struct node *node)
{
	return node->place | digits_after(node->depth);
}

static bool may_split(const struct node *node)
{
	return node->depth < SETDIGEST_DEPTH_MAX;
}

/* ---- leaves ---- */

bool setdigest_get(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes slot,
		   uint64_t *sequence, struct digest *hash)
{
	return setdigest_get_at(txn, author, incarnation, setdigest_place(slot), slot, sequence,
				hash);
}

bool setdigest_get_at(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t place,
		      struct bytes slot, uint64_t *sequence, struct digest *hash)
{
	struct row_key key = key_leaf(author, incarnation, place, slot);
	struct bytes value;

	if (!txn_get(txn, TABLE_LEAF, row_key_bytes(&key), &value))
		return false;
	if (value.len != LEAF_LEN) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	*sequence = be64_get(value.ptr);
	memcpy(hash->b, value.ptr + 8, ID_LEN);
	return true;
}

void setdigest_put(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes slot,
		   uint64_t sequence, const struct digest *hash)
{
	setdigest_put_at(txn, author, incarnation, setdigest_place(slot), slot, sequence, hash);
}

void setdigest_put_at(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t place,
		      struct bytes slot, uint64_t sequence, const struct digest *hash)
{
	struct row_key key = key_leaf(author, incarnation, place, slot);
	uint8_t value[LEAF_LEN];

	be64_put(value, sequence);
	memcpy(value + 8, hash->b, ID_LEN);
	txn_put(txn, TABLE_LEAF, row_key_bytes(&key), bytes_obj(&value));
	setdigest_touch(txn, author, incarnation, place);
}

bool setdigest_del(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes slot)
{
	uint64_t place = setdigest_place(slot);
	struct row_key key = key_leaf(author, incarnation, place, slot);

	if (!txn_del(txn, TABLE_LEAF, row_key_bytes(&key)))
		return false;
	setdigest_touch(txn, author, incarnation, place);
	return true;
}

struct setdigest_walk setdigest_walk(struct txn *txn, uint32_t author, uint32_t incarnation,
				     uint64_t first, uint64_t last)
{
	struct row_key prefix = key_author_incarnation(author, incarnation);
	struct row_key at = key_leaf(author, incarnation, first, bytes_of(NULL, 0));

	return (struct setdigest_walk){.walk = walk_begin_at(txn, TABLE_LEAF,
							     row_key_bytes(&prefix),
							     row_key_bytes(&at), true),
				       .last = last};
}

bool setdigest_walk_next(struct setdigest_walk *walk, struct setdigest_leaf *out)
{
	const struct walk *at = &walk->walk;

	if (!walk_next(&walk->walk))
		return false;
	if (at->key.len <= KEY_PREFIX_LEN + 8 || at->value.len != LEAF_LEN ||
	    at->key.len - KEY_PREFIX_LEN - 8 > LIMIT_SLOT_LEN_MAX) {
		txn_fail(at->txn, ERR_CORRUPT);
		return false;
	}
	out->place = be64_get(at->key.ptr + KEY_PREFIX_LEN);
	if (out->place > walk->last)
		return false;
	out->slot_len = at->key.len - KEY_PREFIX_LEN - 8;
	memcpy(out->slot, at->key.ptr + KEY_PREFIX_LEN + 8, out->slot_len);
	out->sequence = be64_get(at->value.ptr);
	memcpy(out->hash.b, at->value.ptr + 8, ID_LEN);
	return true;
}

static struct setdigest_walk node_walk(struct txn *txn, const struct node *node)
{
	return setdigest_walk(txn, node->author, node->incarnation, node->place, node_last(node));
}

/* ---- hashes ---- */

/*
 * PROTOCOL: "`leaf = be16 len(slot) ‖ slot ‖ be64 sequence ‖ H("am1.leaf", record with
 * signature)`"
 */
void setdigest_list_add(struct hash *hash, const struct setdigest_leaf *leaf)
{
	const uint8_t len[2] = {0, (uint8_t)leaf->slot_len};

	hash_add(hash, bytes_obj(&len));
	hash_add(hash, bytes_of(leaf->slot, leaf->slot_len));
	hash_add_be64(hash, leaf->sequence);
	hash_add(hash, id_bytes(&leaf->hash));
}

void setdigest_list_begin(struct hash *hash)
{
	hash_init(hash, "am1.leaves", NULL, ID_LEN);
}

/* PROTOCOL: "otherwise `H("am1.children", digests of the children 0 to 15)`" */
static void children_hash(struct digest *out, const uint8_t children[SETDIGEST_STEP_LEN])
{
	hash_once(out->b, "am1.children", bytes_of(children, SETDIGEST_STEP_LEN));
}

/* PROTOCOL: "The set digest is `H("am1.set", digest of the root)`." */
static void set_hash(struct digest *out, const struct digest *root)
{
	hash_once(out->b, "am1.set", id_bytes(root));
}

/*
 * The digest of a node that is a list, and how many leaves it has: one more than it may have when
 * it is none.
 */
static uint64_t list_digest(struct txn *txn, const struct node *node, struct digest *out)
{
	struct setdigest_walk walk = node_walk(txn, node);
	struct setdigest_leaf leaf;
	struct hash hash;
	uint64_t count = 0;

	*out = (struct digest){{0}};
	setdigest_list_begin(&hash);
	while ((count <= SETDIGEST_LEAVES_MAX || !may_split(node)) &&
	       setdigest_walk_next(&walk, &leaf)) {
		setdigest_list_add(&hash, &leaf);
		count++;
	}
	if (count > 0)
		hash_done(&hash, out->b, ID_LEN);
	return count;
}

/* ---- nodes ---- */

enum node_row { NODE_ABSENT, NODE_TOUCHED, NODE_HASHED };

static struct row_key node_key(const struct node *node)
{
	return key_node(node->author, node->incarnation, (uint8_t)node->depth, node->place);
}

/* count: zero when absent, of before when touched. */
static enum node_row node_get(struct txn *txn, const struct node *node, uint64_t *count,
			      struct digest *digest)
{
	struct row_key key = node_key(node);
	struct bytes value;

	*count = 0;
	*digest = (struct digest){{0}};
	if (!txn_get(txn, TABLE_NODE, row_key_bytes(&key), &value))
		return NODE_ABSENT;
	if (value.len != 8 && value.len != NODE_LEN) {
		txn_fail(txn, ERR_CORRUPT);
		return NODE_ABSENT;
	}
	*count = be64_get(value.ptr);
	if (value.len == 8)
		return NODE_TOUCHED;
	memcpy(digest->b, value.ptr + 8, ID_LEN);
	return NODE_HASHED;
}

/* digest NULL: it is touched. */
static void node_put(struct txn *txn, const struct node *node, uint64_t count,
		     const struct digest *digest)
{
	struct row_key key = node_key(node);
	uint8_t value[NODE_LEN];

	be64_put(value, count);
	if (digest)
		memcpy(value + 8, digest->b, ID_LEN);
	txn_put(txn, TABLE_NODE, row_key_bytes(&key), bytes_of(value, digest ? NODE_LEN : 8));
}

void setdigest_touch(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t place)
{
	struct node node = node_root(author, incarnation);
	struct digest digest;
	uint64_t count;

	for (;;) {
		enum node_row row = node_get(txn, &node, &count, &digest);
		if (row == NODE_ABSENT && node.depth > 0)
			return;
		if (row != NODE_TOUCHED)
			node_put(txn, &node, count, NULL);
		if (!may_split(&node))
			return;
		node = node_child(&node, digit_at(place, node.depth));
	}
}

/* It has become a list: what is known of its children goes. */
static void children_drop(struct txn *txn, const struct node *node)
{
	struct row_key prefix = key_author_incarnation(node->author, node->incarnation);

	if (!may_split(node))
		return;
	struct node child = node_child(node, 0);
	struct row_key at = node_key(&child);
	child.place = node_last(node);
	struct row_key end = node_key(&child);
	struct walk walk =
		walk_begin_at(txn, TABLE_NODE, row_key_bytes(&prefix), row_key_bytes(&at), true);
	while (walk_next(&walk) && bytes_cmp(walk.key, row_key_bytes(&end)) <= 0)
		txn_del(txn, TABLE_NODE, bytes_of(walk.last, walk.last_len));
}

static uint64_t node_digest(struct txn *txn, const struct node *node, struct digest *out);

static uint64_t children_digest(struct txn *txn, const struct node *node, struct digest *out)
{
	uint8_t children[SETDIGEST_STEP_LEN];
	uint64_t count = 0;

	for (unsigned i = 0; i < SETDIGEST_CHILDREN; i++) {
		struct node child = node_child(node, i);
		struct digest digest;
		count += node_digest(txn, &child, &digest);
		memcpy(children + i * ID_LEN, digest.b, ID_LEN);
	}
	children_hash(out, children);
	return count;
}

/* The digest of a node and how many leaves are below; what was touched is hashed again. */
static uint64_t node_digest(struct txn *txn, const struct node *node, struct digest *out)
{
	uint64_t count;
	enum node_row row = node_get(txn, node, &count, out);

	if (row == NODE_HASHED)
		return count;
	bool list = count <= SETDIGEST_LEAVES_MAX || !may_split(node);
	if (list)
		count = list_digest(txn, node, out);
	if (count > SETDIGEST_LEAVES_MAX && may_split(node)) {
		count = children_digest(txn, node, out);
		list = count <= SETDIGEST_LEAVES_MAX;
		if (list)
			count = list_digest(txn, node, out);
	}
	if (list)
		children_drop(txn, node);
	if (count > 0) {
		node_put(txn, node, count, out);
	} else if (row != NODE_ABSENT) {
		struct row_key key = node_key(node);
		txn_del(txn, TABLE_NODE, row_key_bytes(&key));
	}
	return count;
}

void setdigest_root(struct txn *txn, uint32_t author, uint32_t incarnation, struct digest *out)
{
	struct node root = node_root(author, incarnation);
	struct digest digest;

	node_digest(txn, &root, &digest);
	set_hash(out, &digest);
}

/* ---- pages ---- */

/* Nothing is touched: what a node without a row stands for is a part of a list. */
static uint64_t node_look(struct txn *txn, const struct node *node, struct digest *out)
{
	uint64_t count;

	if (node_get(txn, node, &count, out) == NODE_ABSENT)
		count = list_digest(txn, node, out);
	return count;
}

bool setdigest_page(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t place,
		    struct setdigest_page *out)
{
	struct node node = node_root(author, incarnation);
	struct digest digest;
	struct setdigest_leaf leaf;
	uint64_t count = node_digest(txn, &node, &digest);

	*out = (struct setdigest_page){.place = place};
	while (count > SETDIGEST_LEAVES_MAX && may_split(&node)) {
		uint8_t *step = out->path[out->depth++];
		unsigned digit = digit_at(place, node.depth);
		for (unsigned i = 0; i < SETDIGEST_CHILDREN; i++) {
			struct node child = node_child(&node, i);
			uint64_t below = node_look(txn, &child, &digest);
			memcpy(step + i * ID_LEN, digest.b, ID_LEN);
			count = i == digit ? below : count;
		}
		node = node_child(&node, digit);
	}
	struct setdigest_walk walk = node_walk(txn, &node);
	while (setdigest_walk_next(&walk, &leaf)) {
		if (out->count == SETDIGEST_LEAVES_MAX)
			return false;
		out->leaves[out->count++] = leaf;
	}
	return true;
}

uint64_t setdigest_page_last(const struct setdigest_page *page)
{
	return page->place | digits_after(page->depth);
}

uint64_t setdigest_page_first(const struct setdigest_page *page)
{
	return page->place & ~digits_after(page->depth);
}

uint64_t setdigest_first(uint64_t place, unsigned depth)
{
	return place & ~digits_after(depth);
}

static struct digest step_child(const uint8_t step[SETDIGEST_STEP_LEN], unsigned digit)
{
	struct digest digest;

	memcpy(digest.b, step + digit * ID_LEN, ID_LEN);
	return digest;
}

bool setdigest_path_check(struct bytes path, uint64_t place, const struct digest *set)
{
	const unsigned depth = (unsigned)(path.len / SETDIGEST_STEP_LEN);
	struct digest digest, said = *set;

	for (unsigned i = 0; i < depth; i++) {
		const uint8_t *step = path.ptr + i * SETDIGEST_STEP_LEN;
		children_hash(&digest, step);
		if (i == 0)
			set_hash(&digest, &digest);
		if (!id_eq(&said, &digest))
			return false;
		said = step_child(step, digit_at(place, i));
	}
	return true;
}

bool setdigest_list_check(struct bytes path, uint64_t place, const struct digest *list,
			  const struct digest *set)
{
	const unsigned depth = (unsigned)(path.len / SETDIGEST_STEP_LEN);
	struct digest digest, said;

	if (depth == 0) {
		set_hash(&digest, list);
		return id_eq(&digest, set);
	}
	said = step_child(path.ptr + (depth - 1) * SETDIGEST_STEP_LEN, digit_at(place, depth - 1));
	return id_eq(&said, list);
}

/* The author has signed the digest of these; they may still be nonsense. */
static bool leaves_fit(struct setdigest_page *page)
{
	uint64_t first = setdigest_page_first(page), last = setdigest_page_last(page);

	for (size_t i = 0; i < page->count; i++) {
		struct setdigest_leaf *leaf = &page->leaves[i];
		leaf->place = setdigest_place(bytes_of(leaf->slot, leaf->slot_len));
		if (leaf->place < first || leaf->place > last ||
		    (i > 0 && setdigest_cmp(&page->leaves[i - 1], leaf) >= 0))
			return false;
	}
	return true;
}

bool setdigest_page_check(struct setdigest_page *page, const struct digest *set)
{
	const struct bytes path = bytes_of(page->path, page->depth * SETDIGEST_STEP_LEN);
	struct digest list = {{0}};
	struct hash hash;

	setdigest_list_begin(&hash);
	for (size_t i = 0; i < page->count; i++)
		setdigest_list_add(&hash, &page->leaves[i]);
	if (page->count > 0)
		hash_done(&hash, list.b, ID_LEN);
	return setdigest_path_check(path, page->place, set) &&
	       setdigest_list_check(path, page->place, &list, set) && leaves_fit(page);
}

bool setdigest_differs(struct txn *txn, uint32_t author, uint32_t incarnation,
		       const struct setdigest_page *theirs, uint64_t *place)
{
	struct digest mine, said;

	for (unsigned depth = theirs->depth; depth-- > 0;) {
		struct node node = node_root(author, incarnation);
		node.depth = depth;
		node.place = theirs->place & ~digits_after(depth);
		for (unsigned i = digit_at(theirs->place, depth) + 1; i < SETDIGEST_CHILDREN; i++) {
			struct node child = node_child(&node, i);
			said = step_child(theirs->path[depth], i);
			node_look(txn, &child, &mine);
			*place = child.place;
			if (!id_eq(&mine, &said))
				return true;
		}
	}
	return false;
}
