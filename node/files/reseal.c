#include "node/files/reseal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "proto/rights/epochs.h"

enum {
	BLOCK_LEN = 64 * 1024,
	FIRST_LOOK_MS = 60 * 1000, /* others have told what they know by then, mostly */
	LOOK_MS = 12 * 3600 * 1000,
};

struct resealing { /* one version on its way */
	struct reseal *reseal;
	struct turn_item item;
	char path[LIMIT_PATH_LEN_MAX + 1];
	bool recut;
	void (*done)(void *arg, const struct resealed *what);
	void *arg;
	struct reading reading;
	struct opened *opened;
	struct upload *upload;
	struct download *download;
	uint32_t file;              /* that is being read */
	uint64_t left;              /* of it */
	size_t block_at, block_len; /* read, and not taken yet */
	bool away;                  /* a callback will come, which goes on or ends it */
	bool held;                  /* the core thread uses the upload */
	bool begun;                 /* there are rows to be dropped */
	bool pumping, file_ends;
	struct resealed what;
	uint8_t block[BLOCK_LEN];
};

/* ---- the end ---- */

/* Its memory goes with its last job. */
static void reseal_upload_leave(struct resealing *job)
{
	struct upload *upload = job->upload;

	job->upload = NULL;
	upload->changed = NULL;
	upload->busy = false;
	if (!upload->dropped)
		upload_drop(upload);
	if (job->held)
		upload_release(upload);
	job->held = false;
}

static void reseal_job_end(struct resealing *job)
{
	struct reseal *reseal = job->reseal;

	if (job->download)
		download_close(job->download); /* and the version */
	else if (job->opened)
		opened_put(reseal->downloads, job->opened);
	if (job->upload)
		reseal_upload_leave(job);
	reseal->job = NULL;
	job->done(job->arg, &job->what);
	secret_wipe(job->block, sizeof(job->block));
	free(job);
}

static void reseal_job_fault(struct resealing *job, enum err err, const char *why)
{
	job->what.err = err;
	if (!job->what.why[0])
		snprintf(job->what.why, sizeof(job->what.why), "%s", why);
	reseal_job_end(job);
}

/* True: the node is stopping, and the job is over. */
static bool reseal_job_stops(struct resealing *job)
{
	job->away = false;
	if (job->reseal->stopping)
		reseal_job_fault(job, ERR_AGAIN, "the node is stopping; try again when it is up");
	return job->reseal->stopping;
}

static void reseal_job_push(struct resealing *job, bool query, turn_run *run,
			    void (*done)(struct turn_item *item))
{
	job->away = true;
	turn_call(job->reseal->turn, &job->item, query, run, done, job);
}

/* ---- the new version ---- */

static void reseal_commit_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct resealing *job = arg;
	struct upload *upload = job->upload;
	struct catalog_entry entry = {0};
	enum publish_outcome outcome;

	job->what.err = upload_commit(upload, hub, txn, now_ms, &outcome, &entry, job->what.why);
	if (job->what.err)
		return;
	snprintf(job->what.name, sizeof(job->what.name), "%s", upload->publication.name);
	job->what.bytes = upload->added_bytes;
	if (outcome == PUBLISH_MADE)
		job->what.number = entry.number;
	if (outcome != PUBLISH_WAITS)
		catalog_entry_fini(&entry);
}

static void reseal_commit_done(struct turn_item *item)
{
	struct resealing *job = item->owner;

	if (item->err && !job->what.err)
		job->what.err = item->err;
	job->upload->staged = job->what.err;
	if (job->what.err && !job->what.why[0])
		snprintf(job->what.why, sizeof(job->what.why), "the store could not be written: %s",
			 err_text(job->what.err));
	reseal_job_end(job);
}

/* ---- files ---- */

static void reseal_file_next(struct resealing *job);

static void reseal_upload_fault(struct resealing *job)
{
	enum err err = job->upload->err;

	reseal_job_fault(job, err ? err : ERR_IO,
			 err == ERR_NOSPACE
				 ? "the disk is full, or the store has reached its size limit"
				 : "the files could not be sealed again");
}

/* As much as there is, and as fits. */
static void reseal_file_pump(struct resealing *job)
{
	struct upload *upload = job->upload;
	bool more = true;
	ssize_t len = 0;

	job->pumping = true;
	while (more && len >= 0 && upload->state != UPLOAD_FAILED) {
		if (job->block_at == job->block_len && job->left > 0) {
			len = download_read(job->download, job->block, BLOCK_LEN);
			job->block_at = 0;
			job->block_len = len > 0 ? (size_t)len : 0;
			job->left -= job->block_len;
		}
		struct bytes rest =
			bytes_of(job->block + job->block_at, job->block_len - job->block_at);
		size_t taken = rest.len > 0 ? upload_feed(upload, rest) : 0;
		job->block_at += taken;
		more = taken > 0;
	}
	job->pumping = false;
	if (upload->state == UPLOAD_FAILED) {
		reseal_upload_fault(job);
	} else if (len < 0) {
		reseal_job_fault(job, ERR_CORRUPT,
				 "a chunk is damaged or missing and is fetched again");
	} else if (job->left == 0 && job->block_at == job->block_len) {
		if (job->download)
			download_next(job->download);
		job->download = NULL;
		job->file_ends = true;
		job->file++;
		upload_end(upload);
	}
}

static void reseal_file_wake(void *arg)
{
	struct resealing *job = arg;

	if (!job->pumping && job->download)
		reseal_file_pump(job);
}

/* There is room, the file is done, or all is. */
static void reseal_upload_changed(struct upload *upload)
{
	struct resealing *job = upload->owner;

	if (job->pumping || job->away)
		return;
	if (upload->state == UPLOAD_FAILED) {
		reseal_upload_fault(job);
	} else if (upload->state == UPLOAD_READY) {
		upload_hold(upload);
		job->held = true;
		reseal_job_push(job, false, reseal_commit_run, reseal_commit_done);
	} else if (job->file_ends && !upload->open) {
		job->file_ends = false;
		reseal_file_next(job);
	} else if (job->download) {
		reseal_file_pump(job);
	}
}

static void reseal_file_next(struct resealing *job)
{
	const struct manifest *manifest = reader_manifest(job->opened->reader);
	struct upload *upload = job->upload;

	if (job->file == manifest_file_count(manifest)) {
		upload_finish(upload);
		return;
	}
	const struct manifest_file *file = manifest_file(manifest, job->file);
	if (upload_file_begin(upload, file->name, file->media_type, file->modified_ms)) {
		reseal_upload_fault(job);
		return;
	}
	job->left = file->size;
	job->block_at = job->block_len = 0;
	if (file->size > 0)
		job->download = download_open(job->reseal->downloads, job->opened, file, 0,
					      reseal_file_wake, job);
	reseal_file_pump(job);
}

/* ---- the beginning ---- */

/* Keys of older epochs, whose chunks are still in use. */
static void reseal_keys_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct resealing *job = arg;
	const struct manifest_epoch *epoch;

	while (!job->what.err && (epoch = reader_key_wanted(job->opened->reader))) {
		struct key key = {{0}};
		job->what.err = catalog_epoch_key(hub, txn, &job->opened->reading, epoch, &key);
		if (!job->what.err)
			reader_key_add(job->opened->reader, &key);
		key_wipe(&key);
	}
}

static void reseal_keys_done(struct turn_item *item)
{
	struct resealing *job = item->owner;

	if (reseal_job_stops(job))
		return;
	if (job->what.err)
		reseal_job_fault(job, job->what.err,
				 "parts of it are sealed under an older key that is not here");
	else
		reseal_file_next(job);
}

static void reseal_job_opened(void *arg, struct opened *opened)
{
	struct resealing *job = arg;

	job->opened = opened;
	if (reseal_job_stops(job))
		return;
	if (opened->err)
		reseal_job_fault(job, opened->err,
				 "the list of files cannot be read: a chunk is missing");
	else if (reader_key_wanted(opened->reader))
		reseal_job_push(job, true, reseal_keys_run, reseal_keys_done);
	else
		reseal_file_next(job);
}

static void reseal_begin_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct resealing *job = arg;
	struct resealed *what = &job->what;
	struct publish_options options = {.path = job->path, .anew = true, .recut = job->recut};
	const uint64_t waited = hub->epochs->waited;

	what->err = catalog_read(hub, txn, job->path, 0, &job->reading, what->why);
	if (what->err)
		return;
	if (job->reading.author != hub->author || (job->reading.version.tier != TIER_GRANTED &&
						   job->reading.version.tier != TIER_HIDDEN)) {
		what->err = ERR_CONFIG;
		snprintf(what->why, sizeof(what->why),
			 "%.200s is not shared by grant, or its version is not of this node",
			 job->path);
	} else {
		what->err = catalog_publish_begin(hub, txn, now_ms, &options,
						  &job->upload->publication, what->why);
		what->waits = what->err == ERR_AGAIN && waited != hub->epochs->waited;
		job->begun = !what->err;
	}
	if (job->begun && job->upload->publication.old_key) {
		what->err = ERR_AGAIN;
		what->waits = true;
		snprintf(what->why, sizeof(what->why),
			 "the new key for %.200s has not come, and under the old one it is not "
			 "sealed again",
			 job->path);
	}
	if (what->err)
		reading_fini(&job->reading);
}

static void reseal_begin_done(struct turn_item *item)
{
	struct resealing *job = item->owner;
	bool begun = !item->err && !job->what.err;

	if (item->err && !job->what.err) {
		reading_fini(&job->reading);
		job->what.err = item->err;
	}
	job->away = false;
	if (!begun) {
		job->upload->staged = job->begun && !item->err;
		reseal_job_fault(job, job->what.err, err_text(job->what.err));
		return;
	}
	if (job->upload->dropped || job->reseal->stopping) {
		reading_fini(&job->reading);
		job->upload->staged = true;
		reseal_job_fault(job, ERR_AGAIN, "the node is stopping; try again when it is up");
		return;
	}
	upload_start(job->upload);
	upload_release(job->upload);
	job->held = false;
	job->upload->owner = job;
	job->upload->busy = true;
	job->upload->changed = reseal_upload_changed;
	job->away = true;
	opened_get(job->reseal->downloads, &job->reading, reseal_job_opened, job);
}

bool reseal_start(struct reseal *reseal, const char *path, bool recut,
		  void (*done)(void *arg, const struct resealed *what), void *arg)
{
	struct upload *upload =
		reseal->job || reseal->stopping ? NULL : upload_new(reseal->uploads);
	if (!upload)
		return false;
	struct resealing *job = mem_new(1, sizeof(*job));

	job->reseal = reseal;
	job->upload = upload;
	job->recut = recut;
	job->done = done;
	job->arg = arg;
	snprintf(job->path, sizeof(job->path), "%s", path);
	snprintf(job->what.name, sizeof(job->what.name), "%s", path);
	upload_hold(upload);
	job->held = true;
	reseal->job = job;
	reseal_job_push(job, false, reseal_begin_run, reseal_begin_done);
	return true;
}

/* ---- what the node looks for by itself ---- */

static void stranded_look_push(struct reseal *reseal);

static void stranded_look_timer_fired(uv_timer_t *timer)
{
	struct reseal *reseal = timer->data;

	reseal->again = (struct again){.number = 0};
	stranded_look_push(reseal);
}

static void stranded_look_later(struct reseal *reseal, uint64_t wait_ms)
{
	reseal->looking = false;
	if (!reseal->stopping)
		uv_timer_start(&reseal->timer, stranded_look_timer_fired, wait_ms, 0);
}

/* PROTOCOL: "is published again, as the next version, by who sealed it" */
static void stranded_done(void *arg, const struct resealed *what)
{
	struct reseal *reseal = arg;

	if (what->err)
		log_line(reseal->log, clock_now_ms(), LOG_RESEAL_FAILED, "%s: %s", what->name,
			 what->why);
	else
		log_line(reseal->log, clock_now_ms(), LOG_RESEALED, "%s@%llu", what->name,
			 (unsigned long long)what->number);
	stranded_look_push(reseal);
}

static void stranded_look_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct reseal *reseal = arg;

	reseal->found = again_next(hub, txn, bytes_of(NULL, 0), true, &reseal->again);
}

static void stranded_look_done(struct turn_item *item)
{
	struct reseal *reseal = item->owner;

	if (!item->err && !reseal->stopping && reseal->found) {
		/* Others that are under way go first. */
		if (!reseal_start(reseal, reseal->again.path, true, stranded_done, reseal))
			stranded_look_later(reseal, FIRST_LOOK_MS);
	} else if (!item->err && !reseal->stopping && reseal->again.more) {
		stranded_look_push(reseal);
	} else {
		stranded_look_later(reseal, LOOK_MS);
	}
}

static void stranded_look_push(struct reseal *reseal)
{
	if (reseal->stopping) {
		reseal->looking = false;
		return;
	}
	reseal->looking = true;
	turn_call(reseal->turn, &reseal->item, true, stranded_look_run, stranded_look_done, reseal);
}

void reseal_open(struct reseal *reseal)
{
	check(uv_timer_init(reseal->loop, &reseal->timer) == 0);
	reseal->timer.data = reseal;
	stranded_look_later(reseal, FIRST_LOOK_MS);
}

void reseal_stop(struct reseal *reseal)
{
	reseal->stopping = true;
	uv_timer_stop(&reseal->timer);
	if (reseal->job && !reseal->job->away)
		reseal_job_stops(reseal->job);
	else if (reseal->job && !reseal->job->held)
		reseal_upload_leave(reseal->job); /* it is told when it comes back */
}

bool reseal_busy(const struct reseal *reseal)
{
	return reseal->job || reseal->looking;
}

void reseal_close(struct reseal *reseal)
{
	uv_close((uv_handle_t *)&reseal->timer, NULL);
}
