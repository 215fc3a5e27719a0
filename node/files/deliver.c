#include "node/files/deliver.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "node/base/space.h"
#include "node/files/folder.h"
#include "node/files/removal.h"
#include "store/chunks.h"

#define STEP_BYTES   (8u * 1024 * 1024)
#define LOOK_WAIT_MS 200 /* after news, so that a flood of them makes one look */

enum step { STEP_WRITE, STEP_SWAP, STEP_END };

struct delivery { /* one version on its way into its folder */
	struct deliver *deliver;
	struct delivery_due due;
	struct opened *opened;
	struct packer *packer;
	struct folder folder;
	struct digest files; /* of what is written, when it all is */
	uv_work_t work;
	struct turn_item item;
	enum step step;
	bool begun; /* the folder is */
	uint64_t bytes_left;
	uint32_t file, chunk;         /* to be written next; a file is open when chunk > 0 */
	struct sha256 *sha256;        /* of the file that is open */
	const struct chunk_ref *last; /* that was opened, with its text: small files share one */
	struct buf plain;
	bool failed, written;
	bool bad_chunk, unrecorded;
	struct chunk_addr bad;
	char why[WHY_LEN];
};

static void look_push(struct deliver *deliver);
static void step_queue(struct delivery *job);
static void timer_set(struct deliver *deliver);

__attribute__((format(printf, 2, 3))) static void job_fail(struct delivery *job, const char *format,
							   ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(job->why, sizeof(job->why), format, args);
	va_end(args);
	job->failed = true;
}

/* ---- on a worker ---- */

static bool chunk_load(struct delivery *job, struct txn *txn, const struct chunk_ref *ref)
{
	const struct opened *opened = job->opened;
	const struct manifest *manifest = reader_manifest(opened->reader);
	struct bytes chunk, bases[LIMIT_CHUNK_BASE_COUNT_MAX];
	enum err err = ERR_OK;

	if (job->last == ref)
		return true;
	job->last = NULL;
	buf_reset(&job->plain);
	for (uint32_t i = 0; !err && i < ref->base_count; i++) {
		job->bad = manifest_base(manifest, ref, i)->addr;
		if (!chunks_get(txn, &opened->reading.dataset, &job->bad, &bases[i]))
			err = ERR_ABSENT;
	}
	if (!err) {
		job->bad = ref->addr;
		err = chunks_get(txn, &opened->reading.dataset, &ref->addr, &chunk)
			      ? reader_chunk(opened->reader, job->packer, ref, chunk,
					     ref->base_count ? bases : NULL, &job->plain)
			      : ERR_ABSENT;
	}
	if (err) {
		job->bad_chunk = err == ERR_CORRUPT || err == ERR_ABSENT;
		job_fail(job, "a chunk is damaged or missing and is fetched again");
		return false;
	}
	job->last = ref;
	return true;
}

static void chunk_write(struct delivery *job, struct txn *txn, const struct manifest_file *file,
			const struct chunk_ref *ref, size_t *bytes)
{
	struct bytes part;

	if (!chunk_load(job, txn, ref))
		return;
	part = manifest_part(file, ref, buf_bytes(&job->plain));
	if (!folder_write(&job->folder, part)) {
		job_fail(job, "%s", job->folder.why);
		return;
	}
	sha256_add(job->sha256, part);
	*bytes += part.len;
	job->bytes_left -= part.len;
}

/* Opens, goes on with, or ends one file. */
static void file_write(struct delivery *job, struct txn *txn, const struct manifest *manifest,
		       size_t *bytes)
{
	const struct manifest_file *file = manifest_file(manifest, job->file);

	if (manifest_is_folder(file)) {
		if (!folder_empty(&job->folder, file->name))
			job_fail(job, "%s", job->folder.why);
		*bytes += 4096;
		job->file++;
	} else if (job->folder.file_fd < 0) {
		if (!folder_file(&job->folder, file->name))
			job_fail(job, "%s", job->folder.why);
	} else if (job->chunk < file->chunk_count) {
		chunk_write(job, txn, file, manifest_chunk(manifest, file, job->chunk++), bytes);
	} else {
		if (!folder_file_done(&job->folder, (int64_t)file->modified_ms))
			job_fail(job, "%s", job->folder.why);
		else if (reader_file_end(job->sha256, file))
			job_fail(job, "a file is not what its publisher has signed");
		*bytes += 4096; /* many small ones take their time, too */
		job->file++;
		job->chunk = 0;
	}
}

/* Before a byte is written: what the publisher says is within what may be written unasked. */
static bool size_ok(struct delivery *job, const struct manifest *manifest)
{
	const struct limits *limits = job->deliver->limits;
	uint32_t count = manifest_file_count(manifest);
	uint64_t stored = job->opened->reading.version.index.bytes;
	char plain[SPACE_SIZE_LEN], packed[SPACE_SIZE_LEN];

	job->bytes_left = job->opened->plain_bytes;
	space_size(plain, job->bytes_left);
	space_size(packed, stored);
	if (job->bytes_left > limits->deliver_bytes_max || count > limits->deliver_file_count_max)
		job_fail(job,
			 "%s in %u files are more than this node writes by itself (deliver-max, "
			 "deliver-files): raise that in its settings, or write it with `allmende "
			 "get`",
			 plain, count);
	else if (manifest_swells(job->bytes_left, stored))
		job_fail(job,
			 "%s would come out of %s: ask its publisher whether that is right, and "
			 "write it with `allmende get --force`",
			 plain, packed);
	return !job->failed;
}

static void write_begin(struct delivery *job, const struct manifest *manifest)
{
	if (!size_ok(job, manifest))
		return;
	job->begun = true;
	const struct folder_place place = {job->due.dir, job->due.name, job->deliver->mark,
					   job->due.marked,
					   job->opened->reading.version.tier >= TIER_GRANTED};
	if (!folder_begin(&job->folder, &place, &job->due.files, &job->due.files_next))
		job_fail(job, "%s", job->folder.why);
}

static void write_run(struct delivery *job)
{
	const struct manifest *manifest = reader_manifest(job->opened->reader);
	uint32_t count = manifest_file_count(manifest);
	struct txn *txn;
	size_t bytes = 0;

	if (!job->begun)
		write_begin(job, manifest);
	if (!job->failed && !folder_room(&job->folder, job->bytes_left, count - job->file))
		job_fail(job, "%s", job->folder.why);
	txn = txn_begin(job->deliver->db, false);
	while (!job->failed && bytes < STEP_BYTES && job->file < count)
		file_write(job, txn, manifest, &bytes);
	txn_abort(txn);
	if (job->failed || job->file < count)
		return;
	job->written = true;
	if (!folder_sync(&job->folder, &job->files))
		job_fail(job, "%s", job->folder.why);
}

static void step_run(uv_work_t *work)
{
	struct delivery *job = work->data;

	switch (job->step) {
	case STEP_WRITE:
		write_run(job);
		return;
	case STEP_SWAP:
		if ((!job->due.marked && !folder_mark(&job->folder)) ||
		    !folder_swap(&job->folder, &job->due.files, &job->due.files_next))
			job_fail(job, "%s", job->folder.why);
		return;
	case STEP_END:
		if (job->begun)
			folder_end(&job->folder);
		return;
	}
}

/* ---- on the core thread ---- */

static void begun_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct delivery *job = arg;

	if (!delivery_begun(hub, txn, &job->due, &job->files))
		job_fail(job, "it was withdrawn while it was written");
}

static void outcome_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct delivery *job = arg;

	if (job->failed)
		delivery_failed(txn, now_ms, &job->due, job->why);
	else
		delivery_done(hub, txn, now_ms, &job->due, &job->files);
}

static void look_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct deliver *deliver = arg;

	int64_t retry_ms = INT64_MAX;

	deliver->found = false;
	deliver->removes = remains_next(txn, now_ms, &deliver->round, &retry_ms, &deliver->remains);
	if (!deliver->removes)
		deliver->found = delivery_next(hub, txn, now_ms, &deliver->cursor, &deliver->due);
	if (retry_ms < deliver->cursor.retry_ms)
		deliver->cursor.retry_ms = retry_ms;
}

/* ---- on the loop thread: one job ---- */

static void job_push(struct delivery *job, turn_run *run, void (*done)(struct turn_item *item))
{
	turn_call(job->deliver->turn, &job->item, false, run, done, job);
}

/* The job is over, and so is its memory; the look goes on behind it. */
static void job_gone(struct delivery *job)
{
	struct deliver *deliver = job->deliver;

	if (job->bad_chunk)
		turn_push_bad(deliver->turn, &job->opened->reading.dataset, &job->bad);
	packers_give(deliver->packers, job->packer);
	opened_put(deliver->downloads, job->opened);
	deliver->job = NULL;
	if (job->unrecorded) { /* not at once again: the store has its troubles */
		deliver->looking = false;
		deliver->again = true;
		timer_set(deliver);
	} else {
		look_push(deliver);
	}
	sha256_close(job->sha256);
	buf_fini_wipe(&job->plain);
	free(job);
}

static void outcome_done(struct turn_item *item)
{
	struct delivery *job = item->owner;

	job->unrecorded = item->err;
	if (job->failed)
		log_line(job->deliver->log, clock_now_ms(), LOG_DELIVER_FAILED, "%s@%llu: %s",
			 job->due.path, (unsigned long long)job->due.number, job->why);
	else
		log_line(job->deliver->log, clock_now_ms(), LOG_DELIVERED, "%s@%llu to %s/%s",
			 job->due.path, (unsigned long long)job->due.number, job->due.dir,
			 job->due.name);
	job->step = STEP_END;
	step_queue(job);
}

static void begun_done(struct turn_item *item)
{
	struct delivery *job = item->owner;

	if (item->err)
		job_fail(job, "the store could not be written: %s", err_text(item->err));
	job->step = job->failed || job->deliver->stopping ? STEP_END : STEP_SWAP;
	if (job->failed)
		job_push(job, outcome_run, outcome_done);
	else
		step_queue(job);
}

static void step_done(uv_work_t *work, int status)
{
	struct delivery *job = work->data;

	if (status)
		job_fail(job, "it was given up");
	switch (job->step) {
	case STEP_WRITE:
		if (job->failed && !job->deliver->stopping)
			job_push(job, outcome_run, outcome_done);
		else if (job->written && !job->deliver->stopping)
			job_push(job, begun_run, begun_done);
		else {
			job->step = job->deliver->stopping ? STEP_END : STEP_WRITE;
			step_queue(job);
		}
		return;
	case STEP_SWAP:
		job_push(job, outcome_run, outcome_done);
		return;
	case STEP_END:
		job_gone(job);
		return;
	}
}

static void step_queue(struct delivery *job)
{
	job->work.data = job;
	check(uv_queue_work(job->deliver->loop, &job->work, step_run, step_done) == 0);
}

/* The manifest has been read. */
static void job_opened(void *arg, struct opened *opened)
{
	struct delivery *job = arg;

	job->opened = opened;
	if (opened->err == ERR_AGAIN) { /* the node is stopping */
		job->unrecorded = true;
		job->step = STEP_END;
		step_queue(job);
		return;
	}
	if (opened->err == ERR_CORRUPT || opened->err == ERR_ABSENT)
		job_fail(job,
			 "a chunk of the list of files is damaged or missing and is fetched again");
	else if (opened->err)
		job_fail(job, "it is not what its publisher has signed: %s", err_text(opened->err));
	else if (reader_key_wanted(opened->reader))
		job_fail(job, "parts of it are sealed under an older key that is not here");
	if (job->failed)
		job_push(job, outcome_run, outcome_done);
	else
		step_queue(job);
}

static void job_begin(struct deliver *deliver)
{
	struct delivery *job = mem_new(1, sizeof(*job));

	job->deliver = deliver;
	job->due = deliver->due;
	job->packer = packers_take(deliver->packers);
	job->sha256 = sha256_open();
	buf_init(&job->plain, LIMIT_CHUNK_PLAIN_MAX);
	deliver->job = job;
	opened_get(deliver->downloads, &job->due.reading, job_opened, job);
	secret_wipe(&deliver->due, sizeof(deliver->due));
}

/* ---- looking ---- */

static void look_timer_fired(uv_timer_t *timer)
{
	struct deliver *deliver = timer->data;

	if (deliver->looking || deliver->stopping)
		return;
	deliver->looking = true;
	deliver->again = false;
	deliver->cursor = (struct delivery_cursor){.more = false};
	look_push(deliver);
}

static void timer_set(struct deliver *deliver)
{
	int64_t wait_ms = deliver->cursor.retry_ms - clock_now_ms();

	if (deliver->stopping)
		return;
	if (deliver->again)
		uv_timer_start(&deliver->timer, look_timer_fired, LOOK_WAIT_MS, 0);
	else if (deliver->cursor.retry_ms != INT64_MAX)
		uv_timer_start(&deliver->timer, look_timer_fired,
			       wait_ms > LOOK_WAIT_MS ? (uint64_t)wait_ms : LOOK_WAIT_MS, 0);
}

static void removal_over(void *arg, bool recorded)
{
	struct deliver *deliver = arg;

	if (recorded) {
		look_push(deliver);
		return;
	}
	deliver->looking = false;
	deliver->again = true;
	timer_set(deliver);
}

static void look_done(struct turn_item *item)
{
	struct deliver *deliver = item->owner;

	if (deliver->removes && !item->err && !deliver->stopping) {
		removal_begin(deliver, &deliver->remains, removal_over);
		return;
	}
	bool found = deliver->found && !item->err && !deliver->stopping;

	if (deliver->found && !found)
		reading_fini(&deliver->due.reading);
	deliver->again = deliver->again || item->err;
	if (found) {
		job_begin(deliver);
	} else if (!item->err && deliver->cursor.more && !deliver->stopping) {
		look_push(deliver);
	} else {
		deliver->looking = false;
		timer_set(deliver);
	}
}

static void look_push(struct deliver *deliver)
{
	if (deliver->stopping) {
		deliver->looking = false;
		return;
	}
	turn_call(deliver->turn, &deliver->item, true, look_run, look_done, deliver);
}

void deliver_look(struct deliver *deliver)
{
	if (deliver->stopping || deliver->again)
		return;
	deliver->again = true;
	if (!deliver->looking)
		uv_timer_start(&deliver->timer, look_timer_fired, LOOK_WAIT_MS, 0);
}

/* ---- what is withdrawn, and not to be erased, stays in its folders ---- */

struct farewell {
	struct deliver *deliver;
	struct turn_item item;
	char path[LIMIT_PATH_LEN_MAX + 1];
	char dir[DELIVERY_DIR_LEN_MAX + 1]; /* the first of them; empty: none */
};

static bool farewell_look(void *arg, const struct delivery_view *view)
{
	struct farewell *farewell = arg;

	if (!view->number || strcmp(view->path, farewell->path) != 0)
		return true;
	snprintf(farewell->dir, sizeof(farewell->dir), "%s", view->dir);
	return false;
}

static void farewell_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	delivery_each(txn, farewell_look, arg);
}

static void farewell_done(struct turn_item *item)
{
	struct farewell *farewell = item->owner;

	if (farewell->dir[0])
		log_line(farewell->deliver->log, clock_now_ms(), LOG_DELIVERED_STAYS,
			 "%s/%s stays until you remove it", farewell->dir, farewell->path);
	free(farewell);
}

static void farewell_push(struct deliver *deliver, const char *path)
{
	struct farewell *farewell = mem_new(1, sizeof(*farewell));

	farewell->deliver = deliver;
	snprintf(farewell->path, sizeof(farewell->path), "%s", path);
	turn_call(deliver->turn, &farewell->item, true, farewell_run, farewell_done, farewell);
}

void deliver_note(struct deliver *deliver, const struct note *note)
{
	if (deliver->stopping)
		return;
	if (note->type == NOTE_HELD) {
		deliver_look(deliver);
	} else if (note->type == NOTE_WITHDRAWN) {
		farewell_push(deliver, note->path);
		deliver_look(deliver); /* it may be to be removed */
	}
}

static void patrol_found(void *arg)
{
	deliver_look(arg);
}

void deliver_open(struct deliver *deliver)
{
	deliver->patrol = (struct patrol){.loop = deliver->loop,
					  .turn = deliver->turn,
					  .mark = deliver->mark,
					  .found = patrol_found,
					  .arg = deliver};
	patrol_open(&deliver->patrol);
	check(uv_timer_init(deliver->loop, &deliver->timer) == 0);
	deliver->timer.data = deliver;
	deliver_look(deliver);
}

void deliver_stop(struct deliver *deliver)
{
	deliver->stopping = true;
	uv_timer_stop(&deliver->timer);
	patrol_stop(&deliver->patrol);
}

bool deliver_busy(const struct deliver *deliver)
{
	return deliver->looking || deliver->patrol.busy;
}

void deliver_close(struct deliver *deliver)
{
	uv_close((uv_handle_t *)&deliver->timer, NULL);
	patrol_close(&deliver->patrol);
}
