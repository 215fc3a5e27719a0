#include "proto/rights/handed.h"

#include <string.h>

#include "crypto/hash.h"

enum { ROW_LEN = ID_LEN + 8 }; /* who handed it on, when the own grant ends */

/* Of one reader and path below one own grant. */
static struct row_key place_key(const struct token *token)
{
	const struct token_link *last = &token->link[token->count - 1];
	struct digest place;
	struct hash hash;

	hash_init(&hash, "am1.handed", NULL, ID_LEN);
	hash_add(&hash, id_bytes(&last->audience));
	hash_add(&hash, last->prefix);
	hash_done(&hash, place.b, ID_LEN);
	return key_handed(&token->link[0].id, &place);
}

/* Whether there is a place left below the own grant for what this organisation hands on. */
static bool has_place(struct txn *txn, const struct token *token, const struct org_id *giver)
{
	const bool direct = id_eq(giver, &token->link[0].audience);
	struct walk walk = walk_begin(txn, TABLE_HANDED, id_bytes(&token->link[0].id));
	unsigned all = 0, same = 0;

	while (walk_next(&walk)) {
		all++;
		same += bytes_eq(bytes_slice(walk.value, 0, ID_LEN), id_bytes(giver));
	}
	return all < HANDED_MAX && (direct || same < HANDED_BY_GIVER_MAX);
}

bool handed_admit(struct txn *txn, const struct token *token)
{
	const struct org_id *giver = &token->link[token->count - 1].issuer;
	uint8_t row[ROW_LEN];

	if (token->count == 1)
		return true;
	struct row_key key = place_key(token);
	if (txn_has(txn, TABLE_HANDED, row_key_bytes(&key)))
		return true;
	if (!has_place(txn, token, giver))
		return false;
	memcpy(row, giver->b, ID_LEN);
	be64_put(row + ID_LEN, (uint64_t)token->link[0].expiry_ms);
	txn_put(txn, TABLE_HANDED, row_key_bytes(&key), bytes_obj(&row));
	return true;
}

void handed_prune(struct txn *txn, int64_t before_ms)
{
	struct walk walk = walk_begin(txn, TABLE_HANDED, bytes_of(NULL, 0));

	while (walk_next(&walk))
		if (walk.value.len == ROW_LEN &&
		    (int64_t)be64_get(walk.value.ptr + ID_LEN) < before_ms)
			txn_del(txn, TABLE_HANDED, bytes_of(walk.last, walk.last_len));
}
