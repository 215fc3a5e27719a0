#include "node/files/download.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/transfer/fetch.h"
#include "store/chunks.h"

#define HURRY_COUNT 512 /* chunks that are asked for ahead, at a time */

struct block {
	struct download *download;
	uv_work_t work;
	struct packer *packer;
	uint32_t first, count; /* chunks of the file */
	uint32_t got, came;    /* of these: opened; before the last job */
	size_t plain_len;
	struct buf plain;
	size_t at;        /* taken by the client */
	bool done, waits; /* waits: for a chunk that is on its way */
	enum err err;
	struct chunk_addr bad;
};

struct download {
	struct downloads *downloads;
	struct opened *opened;
	const struct manifest_file *file;
	void (*wake)(void *arg);
	void *arg;
	uint32_t next_chunk;                        /* to be read */
	struct block *blocks[DOWNLOAD_BLOCK_COUNT]; /* in order */
	size_t block_count;
	unsigned running;
	bool closed, failed;
	/* of one that is on its way */
	struct download *coming; /* the next of them */
	uint64_t coming_ms;      /* so long the next part is waited for; 0: it is here */
	uint64_t came_ms;        /* when the last one came */
	uint32_t hurried;        /* chunks of the file that were asked for before all others */
};

/* Opening */

static void queue_go_on(struct downloads *downloads, enum opened_size size);

struct open_job {
	struct open_job *next; /* in the queue */
	uv_work_t work;
	struct downloads *downloads;
	struct opened *opened;
	struct packer *packer;
	void (*ready)(void *arg, struct opened *opened);
	void *arg;
};

/* PROTOCOL: "A reader refuses a manifest whose chunks differ from the index, or whose files are not
   as many, and of as many bytes, as the description says." */
static bool as_described(const struct opened *opened)
{
	const struct manifest *manifest = reader_manifest(opened->reader);
	const struct reading *reading = &opened->reading;

	return !reading->described || (reading->file_count == manifest_real_count(manifest) &&
				       reading->byte_count == opened->plain_bytes);
}

static enum err read_manifest(struct opened *opened, struct db *db, struct packer *packer)
{
	struct txn *txn = txn_begin(db, false);
	enum err err = ERR_OK;
	struct index_entry entry;

	while (!err && reader_part_next(opened->reader, &entry)) {
		struct bytes chunk;

		opened->bad = entry.addr;
		if (chunks_get(txn, &opened->reading.dataset, &entry.addr, &chunk))
			err = reader_part_add(opened->reader, packer, chunk);
		else
			err = txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	}
	txn_abort(txn);
	if (!err)
		err = reader_manifest_done(opened->reader);
	if (!err)
		opened->plain_bytes = manifest_bytes(reader_manifest(opened->reader));
	return !err && !as_described(opened) ? ERR_MALFORMED : err;
}

static void open_run(uv_work_t *work)
{
	struct open_job *job = work->data;
	struct opened *opened = job->opened;

	opened->reader = reader_open(&opened->reading.version, &opened->reading.dataset,
				     &opened->reading.dataset_key);
	reader_stored(opened->reader);
	opened->err = read_manifest(opened, job->downloads->db, job->packer);
}

static void opened_free(struct downloads *downloads, struct opened *opened)
{
	downloads->queues[opened->size].bytes -= opened->manifest_bytes;
	buf_fini_wipe(&opened->last_plain);
	reader_close(opened->reader);
	reading_fini(&opened->reading);
	free(opened);
}

/* Counts for so many from now on. */
static void opened_count(struct downloads *downloads, struct opened *opened, size_t bytes)
{
	struct open_queue *queue = &downloads->queues[opened->size];

	queue->bytes += bytes - opened->manifest_bytes;
	opened->manifest_bytes = bytes;
}

/* The longest that the manifest can be, whatever its chunks unfold to. */
static size_t manifest_bytes_max(const struct version *version)
{
	size_t bytes = (size_t)version->manifest_count * LIMIT_CHUNK_PLAIN_MAX;

	return bytes < LIMIT_MANIFEST_LEN_MAX ? bytes : LIMIT_MANIFEST_LEN_MAX;
}

static void open_done(uv_work_t *work, int status)
{
	struct open_job *job = work->data;
	struct opened *opened = job->opened;
	enum opened_size size = opened->size;

	packers_give(job->downloads->packers, job->packer);
	job->downloads->job_count--;
	if (status)
		opened->err = ERR_AGAIN;
	else
		opened_count(job->downloads, opened, reader_manifest_len(opened->reader));
	if (opened->err == ERR_CORRUPT || opened->err == ERR_ABSENT)
		turn_push_bad(job->downloads->turn, &opened->reading.dataset, &opened->bad);
	job->ready(job->arg, opened);
	queue_go_on(job->downloads, size);
	free(job);
}

static void job_start(struct open_job *job)
{
	struct downloads *downloads = job->downloads;

	job->packer = packers_take(downloads->packers);
	job->work.data = job;
	check(uv_queue_work(downloads->loop, &job->work, open_run, open_done) == 0);
}

/* The one used longest ago of those that nobody uses. False: there is none. */
static bool kept_drop(struct downloads *downloads, enum opened_size size)
{
	struct opened **oldest = NULL;

	for (struct opened **at = &downloads->kept; *at; at = &(*at)->next)
		if ((*at)->size == size)
			oldest = at;
	if (!oldest)
		return false;
	struct opened *opened = *oldest;
	*oldest = opened->next;
	downloads->kept_count--;
	opened_free(downloads, opened);
	return true;
}

/* Those that waited longest, as long as they fit. */
static void queue_go_on(struct downloads *downloads, enum opened_size size)
{
	static const size_t room[] = {DOWNLOAD_SMALL_BYTES_MAX, DOWNLOAD_LARGE_BYTES_MAX};
	struct open_queue *queue = &downloads->queues[size];

	while (queue->first) {
		struct open_job *job = queue->first;
		size_t bytes = manifest_bytes_max(&job->opened->reading.version);

		while (queue->bytes + bytes > room[size] && kept_drop(downloads, size))
			;
		if (queue->bytes + bytes > room[size])
			return;
		queue->first = job->next;
		opened_count(downloads, job->opened, bytes);
		job_start(job);
	}
}

static struct opened *kept_find(struct downloads *downloads, const struct record_id *record)
{
	for (struct opened **at = &downloads->kept; *at; at = &(*at)->next) {
		struct opened *opened = *at;

		if (!id_eq(&opened->reading.record, record))
			continue;
		*at = opened->next;
		downloads->kept_count--;
		return opened;
	}
	return NULL;
}

void opened_get(struct downloads *downloads, struct reading *reading,
		void (*ready)(void *arg, struct opened *opened), void *arg)
{
	struct opened *opened = kept_find(downloads, &reading->record);
	struct open_job *job;

	if (opened) {
		reading_fini(reading);
		ready(arg, opened);
		return;
	}
	opened = mem_new(1, sizeof(*opened));
	opened->reading = *reading;
	opened->size = manifest_bytes_max(&reading->version) > DOWNLOAD_SMALL_LEN_MAX;
	secret_wipe(reading, sizeof(*reading));
	if (downloads->stopping) {
		opened->err = ERR_AGAIN;
		ready(arg, opened);
		return;
	}
	job = mem_new(1, sizeof(*job));
	*job = (struct open_job){
		.downloads = downloads, .opened = opened, .ready = ready, .arg = arg};
	downloads->job_count++;
	struct open_queue *queue = &downloads->queues[opened->size];
	if (queue->first)
		queue->last->next = job;
	else
		queue->first = job;
	queue->last = job;
	queue_go_on(downloads, opened->size);
}

void opened_put(struct downloads *downloads, struct opened *opened)
{
	enum opened_size size = opened->size;

	if (opened->err) {
		opened_free(downloads, opened);
	} else {
		opened->next = downloads->kept;
		downloads->kept = opened;
		if (++downloads->kept_count > READINGS_KEPT_MAX)
			kept_drop(downloads, size);
	}
	queue_go_on(downloads, size);
}

void downloads_stop(struct downloads *downloads)
{
	downloads->stopping = true;
	for (size_t i = 0; i < OPENED_SIZE_COUNT; i++) {
		struct open_queue *queue = &downloads->queues[i];

		while (queue->first) {
			struct open_job *job = queue->first;

			queue->first = job->next;
			downloads->job_count--;
			job->opened->err = ERR_AGAIN;
			job->ready(job->arg, job->opened);
			free(job);
		}
	}
}

void downloads_fini(struct downloads *downloads)
{
	while (downloads->kept) {
		struct opened *opened = downloads->kept;

		downloads->kept = opened->next;
		opened_free(downloads, opened);
	}
	downloads->kept_count = 0;
}

/* Reading */

static enum err block_chunk(struct block *block, struct txn *txn, const struct chunk_ref *ref)
{
	const struct opened *opened = block->download->opened;
	const struct manifest *manifest = reader_manifest(opened->reader);
	struct bytes chunk, bases[LIMIT_CHUNK_BASE_COUNT_MAX];

	for (uint32_t i = 0; i < ref->base_count; i++) {
		block->bad = manifest_base(manifest, ref, i)->addr;
		if (!chunks_get(txn, &opened->reading.dataset, &block->bad, &bases[i]))
			return ERR_ABSENT;
	}
	block->bad = ref->addr;
	if (!chunks_get(txn, &opened->reading.dataset, &ref->addr, &chunk))
		return ERR_ABSENT;
	return reader_chunk(opened->reader, block->packer, ref, chunk,
			    ref->base_count ? bases : NULL, &block->plain);
}

/* Of the chunk that has just been opened only what belongs to the file. */
static void block_trim(struct block *block, const struct chunk_ref *ref)
{
	size_t before = block->plain.len - ref->plain_len;
	struct bytes part = manifest_part(block->download->file, ref,
					  bytes_of(block->plain.ptr + before, ref->plain_len));

	memmove(block->plain.ptr + before, part.ptr, part.len);
	block->plain.len = before + part.len;
}

/*
 * Many small files lie in one chunk, and who gets one gets the next: the text of the last one stays
 * with the version. Only a file in one block may use it, as then nobody else does.
 */
static enum err block_small(struct block *block, struct txn *txn, const struct chunk_ref *ref)
{
	struct opened *opened = block->download->opened;
	struct bytes part;
	enum err err = ERR_OK;

	if (opened->last != ref) {
		err = block_chunk(block, txn, ref);
		if (err)
			return err;
		buf_fini(&opened->last_plain);
		opened->last_plain = block->plain;
		opened->last = ref;
		buf_init(&block->plain, block->plain_len);
	}
	part = manifest_part(block->download->file, ref, buf_bytes(&opened->last_plain));
	buf_add(&block->plain, part);
	return block->plain.err;
}

static void block_run(uv_work_t *work)
{
	struct block *block = work->data;
	const struct download *download = block->download;
	const struct manifest *manifest = reader_manifest(download->opened->reader);
	struct txn *txn = txn_begin(download->downloads->db, false);

	while (block->got < block->count && !block->err) {
		const struct chunk_ref *ref =
			manifest_chunk(manifest, download->file, block->first + block->got);

		if (download->file->chunk_count == 1) {
			block->err = block_small(block, txn, ref);
		} else {
			block->err = block_chunk(block, txn, ref);
			if (!block->err)
				block_trim(block, ref);
		}
		block->got += !block->err;
	}
	if (txn_err(txn))
		block->err = txn_err(txn);
	txn_abort(txn);
}

static void coming_remove(struct download *download)
{
	struct download **at = &download->downloads->coming;

	while (*at && *at != download)
		at = &(*at)->coming;
	if (*at)
		*at = download->coming;
}

static void download_release(struct download *download)
{
	struct downloads *downloads = download->downloads;

	if (!download->closed || download->running)
		return;
	coming_remove(download);
	for (size_t i = 0; i < download->block_count; i++) {
		downloads->bytes -= download->blocks[i]->plain_len;
		buf_fini(&download->blocks[i]->plain);
		free(download->blocks[i]);
	}
	opened_put(downloads, download->opened);
	free(download);
}

static void block_done(uv_work_t *work, int status)
{
	struct block *block = work->data;
	struct download *download = block->download;
	struct downloads *downloads = download->downloads;

	packers_give(downloads->packers, block->packer);
	downloads->job_count--;
	download->running--;
	if (status)
		block->err = ERR_AGAIN;
	if (block->got > block->came) {
		block->came = block->got;
		download->came_ms = uv_now(downloads->loop);
	}
	block->waits = block->err == ERR_ABSENT && download->coming_ms && !download->closed &&
		       uv_now(downloads->loop) - download->came_ms < download->coming_ms;
	if (block->waits)
		return;
	block->done = true;
	if (block->err == ERR_CORRUPT || block->err == ERR_ABSENT)
		turn_push_bad(downloads->turn, &download->opened->reading.dataset, &block->bad);
	if (download->closed)
		download_release(download);
	else if (block == download->blocks[0])
		download->wake(download->arg);
}

static void block_queue(struct block *block)
{
	struct download *download = block->download;

	block->packer = packers_take(download->downloads->packers);
	block->err = ERR_OK;
	download->running++;
	download->downloads->job_count++;
	check(uv_queue_work(download->downloads->loop, &block->work, block_run, block_done) == 0);
}

static void block_start(struct download *download)
{
	const struct manifest *manifest = reader_manifest(download->opened->reader);
	struct block *block = mem_new(1, sizeof(*block));

	block->download = download;
	block->first = download->next_chunk;
	while (download->next_chunk < download->file->chunk_count &&
	       block->plain_len < DOWNLOAD_BLOCK_LEN) {
		block->plain_len +=
			manifest_chunk(manifest, download->file, download->next_chunk++)->plain_len;
		block->count++;
	}
	buf_init(&block->plain, block->plain_len);
	if (buf_space(&block->plain, block->plain_len)) /* at once: it need not grow */
		buf_reset(&block->plain);
	block->work.data = block;
	download->blocks[download->block_count++] = block;
	download->downloads->bytes += block->plain_len;
	block_queue(block);
}

/* What is on its way */

struct hurry {
	struct turn_item item;
	struct version_id of;
	size_t count;
	struct chunk_addr addrs[HURRY_COUNT * (1 + LIMIT_CHUNK_BASE_COUNT_MAX)];
};

static void hurry_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct hurry *hurry = arg;

	fetch_hurry(hub, txn, &hurry->of, hurry->addrs, hurry->count);
}

static void hurry_done(struct turn_item *item)
{
	free(item->owner);
}

/* Asks for the next chunks before all others, a good deal ahead of what is read. */
static void hurry_up(struct download *download)
{
	const struct reading *reading = &download->opened->reading;
	const struct manifest *manifest = reader_manifest(download->opened->reader);
	const uint32_t all = download->file->chunk_count;
	struct hurry *hurry;

	if (!download->coming_ms || download->hurried == all ||
	    download->hurried > download->next_chunk + HURRY_COUNT)
		return;
	hurry = mem_new(1, sizeof(*hurry));
	hurry->of = (struct version_id){reading->dataset, reading->number, reading->author};
	for (uint32_t i = 0; i < HURRY_COUNT && download->hurried < all; i++) {
		const struct chunk_ref *ref =
			manifest_chunk(manifest, download->file, download->hurried++);

		for (uint32_t k = 0; k < ref->base_count; k++)
			hurry->addrs[hurry->count++] = manifest_base(manifest, ref, k)->addr;
		hurry->addrs[hurry->count++] = ref->addr;
	}
	turn_call(download->downloads->turn, &hurry->item, false, hurry_run, hurry_done, hurry);
}

void downloads_turned(struct downloads *downloads)
{
	for (struct download *download = downloads->coming; download; download = download->coming)
		for (size_t i = 0; i < download->block_count; i++) {
			struct block *block = download->blocks[i];

			if (!block->waits || downloads->stopping)
				continue;
			block->waits = false;
			block_queue(block);
		}
}

static void read_ahead(struct download *download)
{
	hurry_up(download);
	while (!download->failed && !download->downloads->stopping &&
	       download->next_chunk < download->file->chunk_count &&
	       download->block_count < DOWNLOAD_BLOCK_COUNT &&
	       (download->block_count == 0 || download->downloads->bytes < DOWNLOAD_BYTES_MAX))
		block_start(download);
}

struct download *download_open(struct downloads *downloads, struct opened *opened,
			       const struct manifest_file *file, uint64_t coming_ms,
			       void (*wake)(void *arg), void *arg)
{
	struct download *download = mem_new(1, sizeof(*download));

	*download = (struct download){.downloads = downloads,
				      .opened = opened,
				      .file = file,
				      .wake = wake,
				      .arg = arg,
				      .coming_ms = coming_ms,
				      .came_ms = uv_now(downloads->loop)};
	if (coming_ms) {
		download->coming = downloads->coming;
		downloads->coming = download;
	}
	read_ahead(download);
	return download;
}

ssize_t download_read(struct download *download, void *to, size_t len)
{
	struct block *block = download->block_count ? download->blocks[0] : NULL;
	size_t part;

	if (download->failed || !block || download->downloads->stopping)
		return -1;
	if (!block->done)
		return 0;
	if (block->err) {
		download->failed = true;
		return -1;
	}
	part = block->plain.len - block->at < len ? block->plain.len - block->at : len;
	memcpy(to, block->plain.ptr + block->at, part);
	block->at += part;
	if (block->at == block->plain.len) {
		download->downloads->bytes -= block->plain_len;
		buf_fini(&block->plain);
		free(block);
		download->block_count--;
		memmove(download->blocks, download->blocks + 1,
			download->block_count * sizeof(struct block *));
		read_ahead(download);
	}
	return (ssize_t)part;
}

void download_next(struct download *download)
{
	check(download->running == 0 && download->block_count == 0);
	coming_remove(download);
	free(download);
}

void download_close(struct download *download)
{
	download->closed = true;
	download_release(download);
}
