/*
 * sweep - deletes chunks that no version and no job needs any more, a few each turn.
 *
 * Datasets to be swept are remembered in the store, so a crash loses none. A dataset that is being published waits, as its
 * publication may be about to use chunks that nothing names yet.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/core_state.h"
#include "store/chunks.h"

enum { SWEEP_STEP = 256 }; /* chunks looked at in one turn */

static const char sweep_prefix[] =
	"sweep:"; /* META rows: datasets to be swept, so a crash loses none */

static struct row_key sweep_key(const struct dataset_id *dataset)
{
	char name[sizeof(sweep_prefix) + ID_HEX_LEN];
	memcpy(name, sweep_prefix, sizeof(sweep_prefix) - 1);
	hex_put(name + sizeof(sweep_prefix) - 1, id_bytes(dataset));
	return key_name(name);
}

static void sweep_add(struct core *core, const struct dataset_id *dataset)
{
	struct transfer *transfer = &core->transfer;
	for (size_t i = 0; i < transfer->sweep_count; i++) {
		if (id_eq(&transfer->sweeps[i].dataset, dataset)) {
			transfer->sweeps[i] = (struct sweep){.dataset = *dataset};
			return;
		}
	}
	transfer->sweeps =
		mem_grow(transfer->sweeps, transfer->sweep_count + 1, sizeof(*transfer->sweeps));
	transfer->sweeps[transfer->sweep_count++] = (struct sweep){.dataset = *dataset};
}

void sweep_later(struct core *core, struct txn *txn, const struct dataset_id *dataset)
{
	struct row_key key = sweep_key(dataset);
	uint8_t one = 1;
	txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_of(&one, 1));
	sweep_add(core, dataset);
}

void sweep_pause(struct core *core, const struct dataset_id *dataset, bool yes)
{
	struct transfer *transfer = &core->transfer;
	if (yes) {
		transfer->publishing = mem_grow(transfer->publishing,
						transfer->publishing_count + 1, sizeof(*dataset));
		transfer->publishing[transfer->publishing_count++] = *dataset;
		return;
	}
	for (size_t i = 0; i < transfer->publishing_count; i++) {
		if (id_eq(&transfer->publishing[i], dataset)) {
			transfer->publishing[i] =
				transfer->publishing[--transfer->publishing_count];
			return;
		}
	}
}

static bool sweep_waits(const struct transfer *transfer, const struct sweep *sweep)
{
	for (size_t i = 0; i < transfer->publishing_count; i++) {
		if (id_eq(&transfer->publishing[i], &sweep->dataset))
			return true;
	}
	return false;
}

void sweep_step(struct core *core, struct txn *txn)
{
	struct transfer *transfer = &core->transfer;
	for (size_t i = 0; i < transfer->sweep_count; i++) {
		struct sweep *sweep = &transfer->sweeps[i];
		uint64_t count = 0, bytes = 0;
		if (sweep_waits(transfer, sweep))
			continue;
		if (!sweep->chunks_done) {
			sweep->chunks_done = !chunks_sweep(txn, &sweep->dataset, &sweep->from,
							   SWEEP_STEP, &count, &bytes);
		} else if (!seen_sweep(txn, &sweep->dataset, &sweep->seen_from, SWEEP_STEP)) {
			struct row_key key = sweep_key(&sweep->dataset);
			txn_del(txn, TABLE_META, row_key_bytes(&key));
			*sweep = transfer->sweeps[--transfer->sweep_count];
		}
		return;
	}
}

void sweep_open(struct core *core, struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_META, bytes_str(sweep_prefix));
	while (walk_next(&walk)) {
		struct dataset_id dataset;
		char hex[ID_HEX_LEN + 1] = {0};
		if (walk.key.len != sizeof(sweep_prefix) - 1 + ID_HEX_LEN)
			continue;
		memcpy(hex, walk.key.ptr + sizeof(sweep_prefix) - 1, ID_HEX_LEN);
		if (hex_get(dataset.b, ID_LEN, hex) == ERR_OK)
			sweep_add(core, &dataset);
	}
}

bool sweep_due(const struct core *core)
{
	const struct transfer *transfer = &core->transfer;
	for (size_t i = 0; i < transfer->sweep_count; i++) {
		if (!sweep_waits(transfer, &transfer->sweeps[i]))
			return true;
	}
	return false;
}
