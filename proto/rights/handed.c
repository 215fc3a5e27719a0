#include "proto/rights/handed.h"

#include "crypto/hash.h"

enum { ROW_LEN = 4 + 8 }; /* the member who handed it on, when the own grant ends */

/* Of one path below one own grant. */
static struct row_key place_key(const struct verdict *verdict)
{
	struct digest place;
	struct hash hash;

	hash_init(&hash, "am1.handed", NULL, ID_LEN);
	hash_add(&hash, verdict->prefix);
	hash_done(&hash, place.b, ID_LEN);
	return key_handed(&verdict->chain[0], &place);
}

/* Whether there is a place left below the own grant for what this member hands on. */
static bool has_place(struct txn *txn, const struct verdict *verdict, uint32_t giver)
{
	const bool direct = giver == verdict->issuers[1]; /* the audience of the own grant */
	struct walk walk = walk_begin(txn, TABLE_HANDED, id_bytes(&verdict->chain[0]));
	unsigned all = 0, same = 0;

	while (walk_next(&walk)) {
		all++;
		same += walk.value.len == ROW_LEN && be32_get(walk.value.ptr) == giver;
	}
	return all < HANDED_MAX && (direct || same < HANDED_BY_GIVER_MAX);
}

bool handed_admit(struct txn *txn, const struct verdict *verdict, int64_t until_ms)
{
	uint8_t row[ROW_LEN];

	if (verdict->count <= 1)
		return true;
	const uint32_t giver = verdict->issuers[verdict->count - 1];
	struct row_key key = place_key(verdict);
	if (txn_has(txn, TABLE_HANDED, row_key_bytes(&key)))
		return true;
	if (!has_place(txn, verdict, giver))
		return false;
	be32_put(row, giver);
	be64_put(row + 4, (uint64_t)until_ms);
	txn_put(txn, TABLE_HANDED, row_key_bytes(&key), bytes_obj(&row));
	return true;
}

void handed_prune(struct txn *txn, int64_t before_ms)
{
	struct walk walk = walk_begin(txn, TABLE_HANDED, bytes_of(NULL, 0));

	while (walk_next(&walk))
		if (walk.value.len == ROW_LEN && (int64_t)be64_get(walk.value.ptr + 4) < before_ms)
			txn_del(txn, TABLE_HANDED, bytes_of(walk.last, walk.last_len));
}
