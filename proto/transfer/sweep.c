#include "proto/transfer/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/audit/audit.h"
#include "proto/transfer/scan.h"
#include "proto/content/writer.h"
#include "store/chunks.h"

enum { SWEEP_STEP = 256 }; /* chunks, or rows of what was seen, looked at in one turn */

void sweep_pause(struct hub *hub, const struct dataset_id *dataset, bool yes)
{
	struct transfer *transfer = hub->transfer;
	if (yes) {
		transfer->publishing = mem_room(transfer->publishing, transfer->publishing_count,
						&transfer->publishing_cap, sizeof(*dataset));
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

static bool paused(const struct transfer *transfer, const struct dataset_id *dataset)
{
	for (size_t i = 0; i < transfer->publishing_count; i++) {
		if (id_eq(&transfer->publishing[i], dataset))
			return true;
	}
	return false;
}

/* The next dataset that may be swept now. */
static bool next_dataset(const struct transfer *transfer, struct txn *txn,
			 struct dataset_id *dataset, uint64_t *mark)
{
	*dataset = (struct dataset_id){{0}};
	while (chunks_sweep_next(txn, dataset, mark)) {
		if (!paused(transfer, dataset))
			return true;
	}
	return false;
}

/* One step of a dataset. True when all is done. */
static bool dataset_step(struct txn *txn, struct sweep *sweep)
{
	if (!sweep->chunks_done) {
		sweep->chunks_done = !chunks_sweep(txn, &sweep->dataset, &sweep->from, SWEEP_STEP,
						   &sweep->count, &sweep->bytes);
		return false;
	}
	return !seen_sweep(txn, &sweep->dataset, &sweep->seen, SWEEP_STEP);
}

void sweep_step(struct hub *hub, struct txn *txn)
{
	struct transfer *transfer = hub->transfer;
	struct sweep *sweep = &transfer->sweep;
	struct dataset_id dataset;
	uint64_t mark;
	if (next_dataset(transfer, txn, &dataset, &mark)) {
		/* With another mark something may have become needless behind the broom. */
		if (!id_eq(&sweep->dataset, &dataset) || sweep->mark != mark)
			*sweep = (struct sweep){.dataset = dataset, .mark = mark};
		if (dataset_step(txn, sweep)) {
			chunks_sweep_done(txn, &dataset);
			if (sweep->count > 0)
				audit_swept(hub, txn, &dataset, sweep->count, sweep->bytes);
			*sweep = (struct sweep){.mark = 0};
		}
	}
	transfer->sweep_waits = next_dataset(transfer, txn, &dataset, &mark);
}
