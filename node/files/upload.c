#include "node/files/upload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "store/chunks.h"

#define IDLE_LOOK_MS     30000
#define SEAL_PIECES_MAX  64
#define SEAL_PLAIN_BYTES (256u * 1024) /* after which a job has enough */
#define PIECE_COST       4096          /* of memory beside the bytes */

struct seal_job {
	struct seal_job *next;
	struct turn_item turn; /* on its way to the store */
	uv_work_t work;
	struct upload *upload;
	struct packer *packer;
	struct piece *pieces[SEAL_PIECES_MAX];
	size_t count;
	size_t flight_bytes;
	uint64_t added_bytes;
	enum err err;
};

static void pump(struct upload *upload);

static void upload_fail(struct upload *upload, enum err err)
{
	if (upload->err || !err || upload->state == UPLOAD_NEW)
		return;
	upload->err = err;
	upload->state = UPLOAD_FAILED;
}

static void job_free(struct seal_job *job)
{
	struct upload *upload = job->upload;

	for (size_t i = 0; i < job->count; i++)
		piece_close(job->pieces[i]);
	upload->flight_bytes -= job->flight_bytes;
	upload->uploads->flight_bytes -= job->flight_bytes;
	free(job);
}

static void upload_free(struct upload *upload)
{
	struct uploads *uploads = upload->uploads;

	while (upload->kept) {
		struct seal_job *job = upload->kept;
		upload->kept = job->next;
		job_free(job);
	}
	free(upload->begun);
	writer_close(upload->writer);
	publication_fini(&upload->publication);
	buf_fini(&upload->filling);
	buf_fini(&upload->cutting);
	free(upload->pieces);
	free(upload);
	uploads->alive--;
}

/* Dropping the staged rows of what failed. */

static void abort_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct upload *upload = arg;

	catalog_publish_abort(hub, txn, &upload->publication);
}

static void abort_done(struct turn_item *item)
{
	struct upload *upload = item->owner;

	free(item);
	upload_free(upload);
}

static void upload_release_if_idle(struct upload *upload)
{
	struct turn_item *item;

	if (!upload->dropped || upload->cut_running || upload->sealing || upload->storing)
		return;
	if (!upload->staged) {
		upload_free(upload);
		return;
	}
	item = mem_new(1, sizeof(*item));
	upload->staged = false;
	upload->storing = 1; /* nobody else releases it */
	turn_call(upload->uploads->turn, item, false, abort_run, abort_done, upload);
}

static void changed(struct upload *upload)
{
	if (!upload->dropped && upload->changed)
		upload->changed(upload);
}

/* Storing */

static uint64_t job_bytes(const struct seal_job *job)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < job->count; i++)
		bytes += job->pieces[i]->known ? 0 : job->pieces[i]->entry.size + ROOM_FRAME_LEN;
	return bytes;
}

static void store_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct seal_job *job = arg;
	struct upload *upload = job->upload;

	/* also when it began with room enough: the size limit is one */
	if (!ledger_room(&hub->ledger, txn, ROOM_OWN, job_bytes(job))) {
		job->err = ERR_NOSPACE;
		return;
	}
	for (size_t i = 0; i < job->count; i++) {
		const struct piece *piece = job->pieces[i];
		const struct index_entry *entry = &piece->entry;

		if (!piece->known &&
		    !chunks_has(txn, &upload->publication.params.dataset, &entry->addr))
			job->added_bytes += entry->size;
		catalog_publish_chunk(hub, txn, &upload->publication, &entry->addr, entry->size,
				      piece->known ? bytes_of(NULL, 0) : buf_bytes(&piece->sealed));
		if (!piece->known)
			seen_put(txn, writer_sealer(upload->writer), piece);
	}
}

static void store_done(struct turn_item *item)
{
	struct seal_job *job = item->owner;
	struct upload *upload = job->upload;

	upload->storing--;
	upload->added_bytes += job->added_bytes;
	upload_fail(upload, item->err ? item->err : job->err);
	job_free(job);
	pump(upload);
}

/* Only the length of the plain text is still needed. */
static void drop_plain(struct seal_job *job)
{
	size_t left = PIECE_COST;

	for (size_t i = 0; i < job->count; i++) {
		struct piece *piece = job->pieces[i];

		free(piece->plain.ptr);
		piece->plain.ptr = NULL;
		piece->plain.cap = 0;
		left += piece->sealed.len + PIECE_COST;
	}
	job->upload->flight_bytes += left - job->flight_bytes;
	job->upload->uploads->flight_bytes += left - job->flight_bytes;
	job->flight_bytes = left;
}

static void store_push(struct seal_job *job)
{
	struct upload *upload = job->upload;

	job->turn.weight = job->flight_bytes;
	job->turn.bulk = true;
	upload->storing++;
	turn_call(upload->uploads->turn, &job->turn, false, store_run, store_done, job);
}

static void store(struct seal_job *job)
{
	struct upload *upload = job->upload;

	for (size_t i = 0; i < job->count; i++)
		writer_accept(upload->writer, job->pieces[i]);
	upload_fail(upload, writer_err(upload->writer));
	drop_plain(job);
	upload->kept_bytes += job->flight_bytes; /* also of pieces that are there already */
	job->next = upload->kept;
	upload->kept = job;
	while (upload->kept && upload->kept_bytes > UPLOAD_KEPT_MAX) {
		job = upload->kept;
		upload->kept = job->next;
		store_push(job);
	}
}

enum err upload_commit(struct upload *upload, struct hub *hub, struct txn *txn, int64_t now_ms,
		       enum publish_outcome *outcome, struct catalog_entry *entry, char *why)
{
	for (struct seal_job *job = upload->kept; job; job = job->next) {
		store_run(hub, txn, now_ms, job);
		if (job->err) {
			why_set(why, "the disk is full, or the store has reached its size limit; "
				     "make room, or raise size-limit in the node's config, and "
				     "publish again");
			return job->err;
		}
		upload->added_bytes += job->added_bytes;
	}
	return catalog_publish_commit(hub, txn, now_ms, &upload->publication, upload->writer,
				      outcome, entry, why);
}

/* Sealing */

static void seal_run(uv_work_t *work)
{
	struct seal_job *job = work->data;
	const struct sealer *sealer = writer_sealer(job->upload->writer);
	struct random random = random_system();
	struct txn *txn = txn_begin(job->upload->uploads->db, false);

	for (size_t i = 0; i < job->count && !job->err; i++) {
		piece_identify(sealer, job->pieces[i]);
		if (!seen_get(txn, sealer, job->packer, job->pieces[i]))
			job->err = piece_seal(sealer, job->packer, &random, job->pieces[i]);
	}
	if (!job->err)
		job->err = txn_err(txn);
	txn_abort(txn);
}

static void seal_done(uv_work_t *work, int status)
{
	struct seal_job *job = work->data;
	struct upload *upload = job->upload;

	packers_give(upload->uploads->packers, job->packer);
	upload->sealing--;
	upload_fail(upload, status ? ERR_AGAIN : job->err);
	job->next = upload->sealed;
	upload->sealed = job;
	pump(upload);
}

static void seal_queue(struct upload *upload, struct piece **pieces, size_t count)
{
	struct seal_job *job = mem_new(1, sizeof(*job));

	job->upload = upload;
	job->count = count;
	job->flight_bytes = PIECE_COST;
	for (size_t i = 0; i < count; i++) {
		job->pieces[i] = pieces[i];
		job->flight_bytes += 2 * pieces[i]->plain.len + PIECE_COST;
	}
	upload->flight_bytes += job->flight_bytes;
	upload->uploads->flight_bytes += job->flight_bytes;
	upload->sealing++;
	job->packer = packers_take(upload->uploads->packers);
	job->work.data = job;
	check(uv_queue_work(upload->uploads->loop, &job->work, seal_run, seal_done) == 0);
}

/* Cutting */

static void take_pieces(struct upload *upload)
{
	struct piece *piece;

	while ((piece = writer_take(upload->writer))) {
		upload->pieces = mem_room(upload->pieces, upload->piece_count, &upload->piece_cap,
					  sizeof(struct piece *));
		upload->pieces[upload->piece_count++] = piece;
		/* the manifest is all there already: it comes in portions */
		if (upload->step >= UPLOAD_STEP_FINISH && upload->piece_count == SEAL_PIECES_MAX)
			return;
	}
	upload->manifest_taken = upload->step >= UPLOAD_STEP_FINISH;
}

static void cut_run(uv_work_t *work)
{
	struct upload *upload = work->data;
	struct bytes in = buf_bytes(&upload->cutting);

	switch (upload->step) {
	case UPLOAD_STEP_FEED:
		while (in.len > 0) {
			in = bytes_slice(in, parts_feed(&upload->parts, upload->writer, in),
					 in.len);
			take_pieces(upload);
		}
		if (upload->cut_last)
			parts_end(&upload->parts);
		return;
	case UPLOAD_STEP_END:
		writer_end(upload->writer);
		take_pieces(upload);
		return;
	case UPLOAD_STEP_FINISH:
		writer_finish(upload->writer);
		take_pieces(upload);
		return;
	case UPLOAD_STEP_TAKE:
		take_pieces(upload);
		return;
	}
}

static void cut_done(uv_work_t *work, int status)
{
	struct upload *upload = work->data;
	size_t from = 0, plain = 0;

	upload->cut_running = false;
	buf_reset(&upload->cutting);
	upload_fail(upload, status ? ERR_AGAIN : writer_err(upload->writer));
	upload_fail(upload, upload->parts.broken ? ERR_PROTOCOL : ERR_OK);
	upload->stream_ended = upload->stream_ended || upload->step == UPLOAD_STEP_END;
	upload->manifest_made = upload->manifest_made || upload->step == UPLOAD_STEP_FINISH;
	for (size_t i = 0; i < upload->piece_count; i++) {
		plain += upload->pieces[i]->plain.len;
		if (plain < SEAL_PLAIN_BYTES && i + 1 - from < SEAL_PIECES_MAX &&
		    i + 1 < upload->piece_count)
			continue;
		seal_queue(upload, upload->pieces + from, i + 1 - from);
		from = i + 1;
		plain = 0;
	}
	upload->piece_count = 0;
	if (upload->step == UPLOAD_STEP_FEED && upload->cut_last)
		upload->open = upload->ending = upload->cut_last = false;
	pump(upload);
}

static void cut(struct upload *upload, enum upload_step step)
{
	upload->step = step;
	upload->cut_running = true;
	upload->cut.data = upload;
	check(uv_queue_work(upload->uploads->loop, &upload->cut, cut_run, cut_done) == 0);
}

static void cut_block(struct upload *upload)
{
	struct buf empty = upload->cutting;

	if (upload->filling.len == 0 && !upload->ending)
		return;
	upload->cutting = upload->filling;
	upload->filling = empty;
	upload->cut_last = upload->ending;
	cut(upload, UPLOAD_STEP_FEED);
}

/* The last piece, then the manifest, when all others are accepted. */
static void manifest_go_on(struct upload *upload)
{
	bool idle = !upload->sealing && !upload->storing;

	if (!upload->stream_ended)
		cut(upload, UPLOAD_STEP_END);
	else if (!upload->manifest_made && idle)
		cut(upload, UPLOAD_STEP_FINISH);
	else if (upload->manifest_made && !upload->manifest_taken)
		cut(upload, UPLOAD_STEP_TAKE);
	else if (upload->manifest_taken && idle)
		upload->state = UPLOAD_READY;
}

static void store_sealed(struct upload *upload)
{
	while (upload->sealed) {
		struct seal_job *job = upload->sealed;

		upload->sealed = job->next;
		if (upload->state == UPLOAD_FAILED || upload->dropped)
			job_free(job);
		else
			store(job);
	}
}

static bool room(const struct upload *upload)
{
	return upload->flight_bytes == 0 || (upload->uploads->flight_bytes < UPLOAD_FLIGHT_MAX &&
					     turn_room(upload->uploads->turn));
}

static void go_on(struct upload *upload)
{
	if (upload->cut_running || !room(upload))
		return;
	if (upload->state == UPLOAD_FILES && upload->open)
		cut_block(upload);
	else if (upload->state == UPLOAD_FINISHING)
		manifest_go_on(upload);
}

/* After a job; the upload may be gone afterwards. */
static void pump(struct upload *upload)
{
	if (!upload->cut_running)
		store_sealed(upload);
	if (upload->dropped) {
		upload_release_if_idle(upload);
		return;
	}
	go_on(upload);
	changed(upload);
}

/* All uploads */

static void look_for_idle(uv_timer_t *timer)
{
	struct uploads *uploads = timer->data;
	uint64_t now_ms = uv_now(uploads->loop);
	struct upload *next;

	for (struct upload *upload = uploads->first; upload; upload = next) {
		next = upload->next;
		if (upload->busy || now_ms - upload->touched_ms < UPLOAD_IDLE_MS)
			continue;
		log_line(uploads->log, clock_now_ms(), LOG_UPLOAD,
			 "%s: nothing came for 10 minutes", upload->publication.path);
		upload_drop(upload);
	}
}

void uploads_open(struct uploads *uploads)
{
	check(uv_timer_init(uploads->loop, &uploads->timer) == 0);
	uploads->timer.data = uploads;
	uv_timer_start(&uploads->timer, look_for_idle, IDLE_LOOK_MS, IDLE_LOOK_MS);
}

void uploads_close(struct uploads *uploads)
{
	uploads_fail(uploads, ERR_AGAIN);
	while (uploads->first)
		upload_drop(uploads->first);
	uv_close((uv_handle_t *)&uploads->timer, NULL);
}

void uploads_turned(struct uploads *uploads)
{
	struct upload *next;

	for (struct upload *upload = uploads->first; upload; upload = next) {
		next = upload->next;
		if (upload->state == UPLOAD_FILES && upload->open)
			pump(upload);
	}
}

void uploads_fail(struct uploads *uploads, enum err err)
{
	struct upload *next;

	for (struct upload *upload = uploads->first; upload; upload = next) {
		next = upload->next;
		upload_fail(upload, err);
		changed(upload);
	}
}

struct upload *upload_new(struct uploads *uploads)
{
	struct upload *upload;

	if (uploads->count >= uploads->limits->upload_count_max)
		return NULL;
	upload = mem_new(1, sizeof(*upload));
	upload->uploads = uploads;
	upload->id = ++uploads->last_id;
	upload->touched_ms = uv_now(uploads->loop);
	/* a block, and the end of a file besides */
	buf_init(&upload->filling, UPLOAD_BLOCK_LEN + PARTS_LENGTH_LEN);
	buf_init(&upload->cutting, UPLOAD_BLOCK_LEN + PARTS_LENGTH_LEN);
	upload->next = uploads->first;
	uploads->first = upload;
	uploads->count++;
	uploads->alive++;
	return upload;
}

void upload_start(struct upload *upload)
{
	upload->writer = writer_open(&upload->publication.params);
	upload->state = UPLOAD_FILES;
	upload->staged = true;
}

struct upload *uploads_find(struct uploads *uploads, uint64_t id)
{
	for (struct upload *upload = uploads->first; upload; upload = upload->next)
		if (upload->id == id && upload->state != UPLOAD_NEW)
			return upload;
	return NULL;
}

void upload_drop(struct upload *upload)
{
	struct upload **at = &upload->uploads->first;

	while (*at != upload)
		at = &(*at)->next;
	*at = upload->next;
	upload->uploads->count--;
	upload->dropped = true;
	if (!upload->cut_running)
		store_sealed(upload);
	upload_release_if_idle(upload);
}

void upload_hold(struct upload *upload)
{
	upload->storing++;
}

void upload_release(struct upload *upload)
{
	upload->storing--;
	upload_release_if_idle(upload);
}

enum err upload_begin(struct upload *upload)
{
	if (upload->err)
		return upload->err;
	if (upload->state != UPLOAD_FILES || upload->open)
		return ERR_BUSY;
	upload->open = true;
	upload->one_file = false;
	parts_init(&upload->parts);
	upload->touched_ms = uv_now(upload->uploads->loop);
	return ERR_OK;
}

enum err upload_file_begin(struct upload *upload, struct bytes name, struct bytes media_type,
			   uint64_t modified_ms)
{
	enum err err = upload_begin(upload);

	if (err)
		return err;
	if (name.len + media_type.len > PARTS_HEAD_LEN_MAX / 2) {
		upload_fail(upload, ERR_MALFORMED);
		return upload->err;
	}
	upload->one_file = true;
	parts_put_head(&upload->filling, name, media_type, modified_ms);
	return ERR_OK;
}

size_t upload_feed(struct upload *upload, struct bytes bytes)
{
	size_t room = UPLOAD_BLOCK_LEN - upload->filling.len;
	struct bytes part = bytes_slice(bytes, 0, room);

	upload->touched_ms = uv_now(upload->uploads->loop);
	if (upload->state == UPLOAD_FAILED)
		return bytes.len;
	if (upload->one_file) {
		part = bytes_slice(bytes, 0, room > PARTS_LENGTH_LEN ? room - PARTS_LENGTH_LEN : 0);
		if (part.len > 0)
			buf_add_be32(&upload->filling, (uint32_t)part.len);
	}
	buf_add(&upload->filling, part);
	upload_fail(upload, upload->filling.err);
	go_on(upload);
	return part.len;
}

void upload_end(struct upload *upload)
{
	upload->touched_ms = uv_now(upload->uploads->loop);
	if (upload->one_file)
		buf_add_be32(&upload->filling, 0);
	upload->ending = true;
	go_on(upload);
}

void upload_finish(struct upload *upload)
{
	upload->touched_ms = uv_now(upload->uploads->loop);
	if (upload->state == UPLOAD_FILES)
		upload->state = UPLOAD_FINISHING;
	go_on(upload);
}
