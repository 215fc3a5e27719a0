#include "node/files/content.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/content/reader.h"
#include "store/chunks.h"

#define PACKERS_IDLE_MAX 2

enum content_size { CONTENT_SMALL, CONTENT_LARGE, CONTENT_SIZE_COUNT };

struct content {
	struct content *next;
	struct contents *contents;
	size_t user_count;
	bool ready; /* opened, or failed */
	enum err err;
	char why[WHY_LEN];
	struct reading reading;
	struct reader *reader;
	enum content_size size;
	size_t bytes; /* what its manifest counts for */
};

struct contents {
	struct db *db;
	struct asker *asker;
	struct turn *turn;
	pthread_mutex_t lock; /* of what follows, and of the same in each content */
	pthread_cond_t opened;
	struct content *first; /* the one used last first */
	size_t bytes[CONTENT_SIZE_COUNT];
	struct packer *packers[PACKERS_IDLE_MAX];
	size_t packer_count;
};

struct contents *contents_open(struct db *db, struct asker *asker, struct turn *turn)
{
	struct contents *contents = mem_new(1, sizeof(*contents));

	contents->db = db;
	contents->asker = asker;
	contents->turn = turn;
	check(pthread_mutex_init(&contents->lock, NULL) == 0);
	check(pthread_cond_init(&contents->opened, NULL) == 0);
	return contents;
}

/* A chunk that is to be fetched again */

struct bad {
	struct asker_item posted;
	struct turn *turn;
	struct dataset_id dataset;
	struct chunk_addr addr;
};

static void bad_push(struct asker_item *posted)
{
	struct bad *bad = posted->owner;

	turn_push_bad(bad->turn, &bad->dataset, &bad->addr);
	free(bad);
}

static void bad_tell(struct contents *contents, const struct dataset_id *dataset,
		     const struct chunk_addr *addr)
{
	struct bad *bad = mem_new(1, sizeof(*bad));

	*bad = (struct bad){.posted = {.start = bad_push, .owner = bad},
			    .turn = contents->turn,
			    .dataset = *dataset,
			    .addr = *addr};
	asker_post(contents->asker, &bad->posted);
}

/* Packers, one a thread at a time */

static struct packer *packer_take(struct contents *contents)
{
	struct packer *packer = NULL;

	pthread_mutex_lock(&contents->lock);
	if (contents->packer_count)
		packer = contents->packers[--contents->packer_count];
	pthread_mutex_unlock(&contents->lock);
	return packer ? packer : packer_open();
}

static void packer_give(struct contents *contents, struct packer *packer)
{
	pthread_mutex_lock(&contents->lock);
	if (contents->packer_count < PACKERS_IDLE_MAX) {
		contents->packers[contents->packer_count++] = packer;
		packer = NULL;
	}
	pthread_mutex_unlock(&contents->lock);
	packer_close(packer);
}

/* The list of what is open; under the lock */

static void content_free(struct content *content)
{
	content->contents->bytes[content->size] -= content->bytes;
	reader_close(content->reader);
	reading_fini(&content->reading);
	free(content);
}

static struct content *list_find(struct contents *contents, const struct record_id *record)
{
	for (struct content **at = &contents->first; *at; at = &(*at)->next) {
		struct content *content = *at;

		if (!id_eq(&content->reading.record, record))
			continue;
		*at = content->next;
		content->next = contents->first;
		contents->first = content;
		return content;
	}
	return NULL;
}

/* The one used longest ago of those that nobody uses; of one size, or of any. */
static bool list_drop(struct contents *contents, enum content_size size)
{
	struct content **oldest = NULL;

	for (struct content **at = &contents->first; *at; at = &(*at)->next)
		if (!(*at)->user_count && (size == CONTENT_SIZE_COUNT || (*at)->size == size))
			oldest = at;
	if (!oldest)
		return false;
	struct content *content = *oldest;
	*oldest = content->next;
	content_free(content);
	return true;
}

static void list_trim(struct contents *contents)
{
	size_t idle = 0;

	for (struct content *content = contents->first; content; content = content->next)
		idle += !content->user_count;
	for (; idle > CONTENT_KEPT_MAX; idle--)
		list_drop(contents, CONTENT_SIZE_COUNT);
}

static void list_remove(struct content *content)
{
	struct content **at = &content->contents->first;

	while (*at != content)
		at = &(*at)->next;
	*at = content->next;
}

/* The longest that the manifest can be, whatever its chunks unfold to. */
static size_t content_bytes_max(const struct version *version)
{
	size_t bytes = (size_t)version->manifest_count * LIMIT_CHUNK_PLAIN_MAX;

	return bytes < LIMIT_MANIFEST_LEN_MAX ? bytes : LIMIT_MANIFEST_LEN_MAX;
}

static bool content_room(struct contents *contents, enum content_size size, size_t bytes)
{
	static const size_t room[] = {CONTENT_SMALL_BYTES_MAX, LIMIT_MANIFEST_LEN_MAX};

	while (contents->bytes[size] + bytes > room[size])
		if (!list_drop(contents, size))
			return false;
	return true;
}

/* Takes the reading. NULL: no room. */
static struct content *list_add(struct contents *contents, struct reading *reading)
{
	size_t bytes = content_bytes_max(&reading->version);
	enum content_size size = bytes > CONTENT_SMALL_LEN_MAX ? CONTENT_LARGE : CONTENT_SMALL;
	struct content *content;

	if (!content_room(contents, size, bytes))
		return NULL;
	content = mem_new(1, sizeof(*content));
	content->contents = contents;
	content->reading = *reading;
	secret_wipe(reading, sizeof(*reading));
	content->size = size;
	content->bytes = bytes;
	contents->bytes[size] += bytes;
	content->next = contents->first;
	contents->first = content;
	return content;
}

/* Opening */

static enum err content_refuse(struct content *content, enum err err, const char *why)
{
	snprintf(content->why, sizeof(content->why), "%s", why);
	return err;
}

static enum err content_parts(struct content *content, struct packer *packer)
{
	struct txn *txn = txn_begin(content->contents->db, false);
	struct index_entry entry = {0};
	enum err err = ERR_OK;

	while (!err && reader_part_next(content->reader, &entry)) {
		struct bytes chunk;

		if (chunks_get(txn, &content->reading.dataset, &entry.addr, &chunk))
			err = reader_part_add(content->reader, packer, chunk);
		else
			err = txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	}
	txn_abort(txn);
	if (err != ERR_ABSENT && err != ERR_CORRUPT)
		return err;
	bad_tell(content->contents, &content->reading.dataset, &entry.addr);
	return content_refuse(
		content, ERR_AGAIN,
		"a part of its list of files is not here or damaged, and is fetched again");
}

/* PROTOCOL: "A reader refuses a manifest whose chunks differ from the index, or whose files are not
   as many, and of as many bytes, as the description says." */
static bool content_as_described(const struct content *content)
{
	const struct manifest *manifest = reader_manifest(content->reader);
	const struct reading *reading = &content->reading;

	return !reading->described || (reading->file_count == manifest_real_count(manifest) &&
				       reading->byte_count == manifest_bytes(manifest));
}

static enum err content_open_manifest(struct content *content)
{
	struct reading *reading = &content->reading;
	struct packer *packer = packer_take(content->contents);
	enum err err;

	content->reader = reader_open(&reading->version, &reading->dataset, &reading->dataset_key);
	reader_stored(content->reader);
	err = content_parts(content, packer);
	packer_give(content->contents, packer);
	if (!err)
		err = reader_manifest_done(content->reader);
	if (!err && !content_as_described(content))
		err = ERR_MALFORMED;
	if (err && err != ERR_AGAIN)
		content_refuse(content, err, "its list of files is not what the author signed");
	return err;
}

/* Keys of older epochs, whose chunks are still in use. */
static void keys_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct content *content = arg;
	const struct manifest_epoch *epoch;
	enum err err = ERR_OK;

	while (!err && (epoch = reader_key_wanted(content->reader))) {
		struct key key = {{0}};

		err = catalog_epoch_key(hub, txn, &content->reading, epoch, &key);
		if (!err)
			reader_key_add(content->reader, &key);
		key_wipe(&key);
	}
	content->err = err;
}

static enum err keys_get(struct content *content)
{
	enum err err;

	if (!reader_key_wanted(content->reader))
		return ERR_OK;
	err = asker_ask(content->contents->asker, keys_run, content);
	if (!err)
		err = content->err;
	if (err == ERR_ABSENT)
		return content_refuse(content, ERR_DENIED,
				      "parts of it are sealed under an older key that is not here");
	return err ? content_refuse(content, err, "the node is stopping") : ERR_OK;
}

/* Without the lock: nobody looks into it before it is ready. */
static void content_open(struct content *content)
{
	enum err err = content_open_manifest(content);

	if (!err)
		err = keys_get(content);
	content->err = err;
}

static enum err content_opened(struct content *content, struct content **out, char *why)
{
	enum err err = content->err;

	if (!err) {
		*out = content;
		return ERR_OK;
	}
	snprintf(why, WHY_LEN, "%s", content->why);
	if (--content->user_count == 0)
		content_free(content);
	return err;
}

static void content_make(struct contents *contents, struct content *content)
{
	pthread_mutex_unlock(&contents->lock);
	content_open(content);
	pthread_mutex_lock(&contents->lock);
	if (content->err) {
		list_remove(content);
	} else {
		size_t bytes = reader_manifest_len(content->reader);

		contents->bytes[content->size] -= content->bytes - bytes;
		content->bytes = bytes;
	}
	content->ready = true;
	pthread_cond_broadcast(&contents->opened);
}

enum err content_take(struct contents *contents, struct reading *reading, struct content **out,
		      char *why)
{
	struct content *content;
	enum err err = ERR_BUSY;

	pthread_mutex_lock(&contents->lock);
	content = list_find(contents, &reading->record);
	if (content) {
		reading_fini(reading);
		content->user_count++;
		while (!content->ready)
			pthread_cond_wait(&contents->opened, &contents->lock);
		err = content_opened(content, out, why);
	} else if ((content = list_add(contents, reading))) {
		content->user_count++;
		content_make(contents, content);
		err = content_opened(content, out, why);
	} else {
		reading_fini(reading);
		snprintf(why, WHY_LEN,
			 "too many versions with long lists of files are being read; try again");
	}
	list_trim(contents);
	pthread_mutex_unlock(&contents->lock);
	return err;
}

struct content *content_kept(struct contents *contents, const struct record_id *record)
{
	struct content *content;

	pthread_mutex_lock(&contents->lock);
	content = list_find(contents, record);
	if (content && content->ready)
		content->user_count++;
	else
		content = NULL;
	pthread_mutex_unlock(&contents->lock);
	return content;
}

struct question {
	const char *path;
	uint64_t number;
	struct reading reading;
	enum err err;
	char *why;
};

static void reading_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct question *question = arg;

	question->err = catalog_read(hub, txn, question->path, question->number, &question->reading,
				     question->why);
}

enum err content_get(struct contents *contents, const char *path, uint64_t number,
		     struct content **out, char *why)
{
	struct question question = {.path = path, .number = number, .why = why};
	enum err err;

	snprintf(why, WHY_LEN, "the node is stopping");
	err = asker_ask(contents->asker, reading_run, &question);
	if (!err)
		err = question.err;
	if (!err)
		return content_take(contents, &question.reading, out, why);
	reading_fini(&question.reading);
	return err;
}

void content_put(struct content *content)
{
	struct contents *contents = content->contents;

	pthread_mutex_lock(&contents->lock);
	content->user_count--;
	list_trim(contents);
	pthread_mutex_unlock(&contents->lock);
}

void contents_close(struct contents *contents)
{
	while (contents->first) {
		struct content *content = contents->first;

		check(content->user_count == 0);
		contents->first = content->next;
		content_free(content);
	}
	while (contents->packer_count)
		packer_close(contents->packers[--contents->packer_count]);
	pthread_cond_destroy(&contents->opened);
	pthread_mutex_destroy(&contents->lock);
	free(contents);
}

const struct reading *content_reading(const struct content *content)
{
	return &content->reading;
}

const struct manifest *content_manifest(const struct content *content)
{
	return reader_manifest(content->reader);
}

const struct manifest_file *content_file(const struct content *content, const char *name)
{
	return manifest_find(content_manifest(content), bytes_str(name));
}

/* Streams */

struct content_stream {
	struct content *content;
	const struct manifest_file *file;
	uint32_t chunk;   /* the one that stands in plain, when there is one */
	struct buf plain; /* of that chunk; empty: none was read yet */
};

struct content_stream *content_stream_open(struct content *content,
					   const struct manifest_file *file)
{
	struct content_stream *stream = mem_new(1, sizeof(*stream));

	pthread_mutex_lock(&content->contents->lock);
	content->user_count++;
	pthread_mutex_unlock(&content->contents->lock);
	stream->content = content;
	stream->file = file;
	buf_init(&stream->plain, LIMIT_CHUNK_PLAIN_MAX);
	return stream;
}

static const struct chunk_ref *stream_ref(const struct content_stream *stream)
{
	return manifest_chunk(content_manifest(stream->content), stream->file, stream->chunk);
}

/* Moves to the chunk in which a byte of all the stream lies, and of the file. True when it is
   another one. */
static bool stream_seek(struct content_stream *stream, uint64_t at)
{
	uint32_t before = stream->chunk;

	if (at < stream_ref(stream)->offset)
		stream->chunk = 0;
	while (at - stream_ref(stream)->offset >= stream_ref(stream)->plain_len)
		stream->chunk++;
	return stream->chunk != before || stream->plain.len == 0;
}

static enum err chunk_read(struct content_stream *stream, struct txn *txn, struct packer *packer,
			   struct chunk_addr *bad)
{
	const struct content *content = stream->content;
	const struct manifest *manifest = content_manifest(content);
	const struct chunk_ref *ref = stream_ref(stream);
	struct bytes chunk, bases[LIMIT_CHUNK_BASE_COUNT_MAX];

	for (uint32_t i = 0; i < ref->base_count; i++) {
		*bad = manifest_base(manifest, ref, i)->addr;
		if (!chunks_get(txn, &content->reading.dataset, bad, &bases[i]))
			return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	}
	*bad = ref->addr;
	if (!chunks_get(txn, &content->reading.dataset, bad, &chunk))
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	return reader_chunk(content->reader, packer, ref, chunk, ref->base_count ? bases : NULL,
			    &stream->plain);
}

static bool stream_load(struct content_stream *stream)
{
	struct contents *contents = stream->content->contents;
	struct packer *packer = packer_take(contents);
	struct txn *txn = txn_begin(contents->db, false);
	struct chunk_addr bad;
	enum err err;

	buf_reset(&stream->plain);
	err = chunk_read(stream, txn, packer, &bad);
	txn_abort(txn);
	packer_give(contents, packer);
	if (err)
		buf_reset(&stream->plain);
	if (err == ERR_ABSENT || err == ERR_CORRUPT)
		bad_tell(contents, &stream->content->reading.dataset, &bad);
	return !err;
}

ssize_t content_stream_read(void *arg, uint64_t at, void *to, size_t len)
{
	struct content_stream *stream = arg;
	size_t done = 0;

	if (at >= stream->file->size)
		return 0;
	if (len > stream->file->size - at)
		len = (size_t)(stream->file->size - at);
	at += stream->file->offset;
	while (done < len) {
		struct bytes part;

		if (stream_seek(stream, at + done) && !stream_load(stream))
			return -1;
		part = bytes_slice(buf_bytes(&stream->plain),
				   (size_t)(at + done - stream_ref(stream)->offset), len - done);
		memcpy((uint8_t *)to + done, part.ptr, part.len);
		done += part.len;
	}
	return (ssize_t)done;
}

void content_stream_close(void *arg)
{
	struct content_stream *stream = arg;

	buf_fini_wipe(&stream->plain);
	content_put(stream->content);
	free(stream);
}
