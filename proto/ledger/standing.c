#include "proto/ledger/standing.h"

#include <string.h>

#define COUNTS_NAME "standing"

void standing_touch(struct txn *txn, const struct dataset_id *dataset)
{
	txn_put(txn, TABLE_TOUCHED, id_bytes(dataset), bytes_of(NULL, 0));
}

bool standing_touched(struct txn *txn, struct dataset_id *dataset)
{
	struct walk walk = walk_begin(txn, TABLE_TOUCHED, bytes_of(NULL, 0));

	if (!walk_next(&walk) || walk.key.len != ID_LEN)
		return false;
	memcpy(dataset->b, walk.key.ptr, ID_LEN);
	return txn_del(txn, TABLE_TOUCHED, id_bytes(dataset));
}

void standing_counts(struct txn *txn, struct standing_counts *counts)
{
	struct row_key key = key_name(COUNTS_NAME);
	struct bytes value;

	*counts = (struct standing_counts){.known = txn_count(txn, TABLE_STANDING)};
	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &value) ||
	    value.len != 8 * STANDING_COUNT)
		return;
	for (size_t i = 0; i < STANDING_COUNT; i++)
		counts->of[i] = be64_get(value.ptr + 8 * i);
}

static void counts_put(struct txn *txn, const struct standing_counts *counts)
{
	struct row_key key = key_name(COUNTS_NAME);
	uint8_t value[8 * STANDING_COUNT];

	for (size_t i = 0; i < STANDING_COUNT; i++)
		be64_put(value + 8 * i, counts->of[i]);
	txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_obj(&value));
}

/* ---- rows ---- */

bool standing_get(struct txn *txn, const struct dataset_id *dataset, unsigned *flags)
{
	struct bytes value;

	*flags = 0;
	if (!txn_get(txn, TABLE_STANDING, id_bytes(dataset), &value) || value.len != 1)
		return false;
	*flags = value.ptr[0];
	return true;
}

static void flags_change(struct txn *txn, const struct dataset_id *dataset, unsigned before,
			 unsigned now)
{
	struct standing_counts counts;

	if (before == now)
		return;
	standing_counts(txn, &counts);
	for (unsigned i = 0; i < STANDING_COUNT; i++) {
		struct row_key key = key_standing((uint8_t)i, dataset);
		const unsigned flag = STANDING_FLAG(i);
		if ((before & flag) == (now & flag))
			continue;
		if (now & flag) {
			counts.of[i]++;
			txn_put(txn, TABLE_STANDING_OF, row_key_bytes(&key), bytes_of(NULL, 0));
		} else {
			counts.of[i]--;
			txn_del(txn, TABLE_STANDING_OF, row_key_bytes(&key));
		}
	}
	counts_put(txn, &counts);
}

void standing_put(struct txn *txn, const struct dataset_id *dataset, unsigned flags)
{
	const uint8_t value = (uint8_t)flags;
	unsigned before;

	if (standing_get(txn, dataset, &before) && before == flags)
		return;
	txn_put(txn, TABLE_STANDING, id_bytes(dataset), bytes_obj(&value));
	flags_change(txn, dataset, before, flags);
}

void standing_drop(struct txn *txn, const struct dataset_id *dataset)
{
	unsigned before;

	if (!standing_get(txn, dataset, &before))
		return;
	txn_del(txn, TABLE_STANDING, id_bytes(dataset));
	flags_change(txn, dataset, before, 0);
}

bool standing_next(struct txn *txn, enum standing standing, struct dataset_id *dataset)
{
	struct row_key at = key_standing((uint8_t)standing, dataset);
	struct walk walk =
		walk_begin_at(txn, TABLE_STANDING_OF, bytes_of(at.b, 1), row_key_bytes(&at), false);

	if (!walk_next(&walk))
		return false;
	memcpy(dataset->b, walk.key.ptr + 1, ID_LEN);
	return true;
}
