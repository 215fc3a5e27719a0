#include "node/files/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"

#define STEP_BYTES   (16u * 1024 * 1024)
#define STEP_ROWS    4096
#define FINDINGS_MAX (256u * 1024)

static void step(struct verify *verify);

static void verify_over(struct verify *verify)
{
	verify->running = false;
	verify->done(verify->arg);
}

/* The core's part. */

static bool fault_dataset(const struct scrub_fault *fault, struct dataset_id *dataset)
{
	bool has = fault->table == TABLE_CHUNK || fault->table == TABLE_INDEX ||
		   fault->table == TABLE_HELD || fault->table == TABLE_VERSION;

	if (!has || fault->key.len < ID_LEN)
		return false;
	memcpy(dataset->b, fault->key.b, ID_LEN);
	return true;
}

static size_t fault_count(const struct verify *verify)
{
	return verify->scrub.fault_count < VERIFY_FAULT_COUNT_MAX ? verify->scrub.fault_count
								  : VERIFY_FAULT_COUNT_MAX;
}

static bool name_faults(void *arg, const struct catalog_entry *entry)
{
	struct verify *verify = arg;
	struct dataset_id dataset;

	for (size_t i = 0; i < fault_count(verify); i++)
		if (!verify->paths[i] && fault_dataset(&verify->scrub.faults[i], &dataset) &&
		    id_eq(&dataset, &entry->dataset))
			verify->paths[i] = mem_str(entry->path);
	return true;
}

static void core_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct verify *verify = arg;

	verify->core_more = catalog_verify(hub, txn, &verify->cursor, STEP_ROWS, &verify->findings,
					   &verify->looked);
	if (verify->core_more || !verify->scrub.fault_count)
		return;
	struct catalog_list list = catalog_list_begin(NULL, NULL);
	while (catalog_list(hub, txn, &list, name_faults, verify))
		;
}

static void core_done(struct turn_item *item)
{
	struct verify *verify = item->owner;

	if (item->err) {
		char line[128];
		int len = snprintf(line, sizeof(line), "\nthe store could not be read: %s",
				   err_text(item->err));

		buf_add(&verify->findings, bytes_of(line, (size_t)len));
		verify_over(verify);
	} else {
		step(verify);
	}
}

/* The store's part. */

static void scrub_run(uv_work_t *work)
{
	struct verify *verify = work->data;

	verify->step_err = ERR_OK;
	verify->scrub_more = scrub_step(&verify->scrub, STEP_BYTES, &verify->step_err);
}

static void mend(struct verify *verify)
{
	for (size_t i = 0; i < fault_count(verify); i++) {
		const struct scrub_fault *fault = &verify->scrub.faults[i];
		struct dataset_id dataset;
		struct chunk_addr addr;

		if (fault->table != TABLE_CHUNK || fault->key.len != 2 * ID_LEN ||
		    !fault_dataset(fault, &dataset))
			continue;
		memcpy(addr.b, fault->key.b + ID_LEN, ID_LEN);
		turn_push_bad(verify->turn, &dataset, &addr);
	}
}

static void scrub_done(uv_work_t *work, int status)
{
	struct verify *verify = work->data;

	if (verify->step_err) {
		char line[128];
		int len = snprintf(line, sizeof(line), "%sa table of the store cannot be read: %s",
				   verify->findings.len ? "\n" : "", err_text(verify->step_err));

		buf_add(&verify->findings, bytes_of(line, (size_t)len));
	}
	if (!verify->scrub_more && !verify->stopping)
		mend(verify);
	step(verify);
}

static void step(struct verify *verify)
{
	if (verify->stopping || (!verify->scrub_more && !verify->core_more)) {
		verify_over(verify);
		return;
	}
	if (verify->scrub_more) {
		verify->work.data = verify;
		check(uv_queue_work(verify->loop, &verify->work, scrub_run, scrub_done) == 0);
		return;
	}
	/* no query: set digests that are not up to date are stored on the way */
	turn_call(verify->turn, &verify->item, false, core_run, core_done, verify);
}

bool verify_start(struct verify *verify, void (*done)(void *arg), void *arg)
{
	if (verify->running)
		return false;
	verify->running = true;
	verify->done = done;
	verify->arg = arg;
	verify->cursor = verify->looked = 0;
	verify->scrub_more = verify->core_more = true;
	scrub_init(&verify->scrub, verify->db);
	buf_init(&verify->findings, FINDINGS_MAX);
	step(verify);
	return true;
}

void verify_stop(struct verify *verify)
{
	verify->stopping = true;
}

void verify_reset(struct verify *verify)
{
	for (size_t i = 0; i < VERIFY_FAULT_COUNT_MAX; i++) {
		free(verify->paths[i]);
		verify->paths[i] = NULL;
	}
	buf_fini(&verify->findings);
}
