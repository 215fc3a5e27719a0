#include "node/derive/summing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "node/base/sql.h"
#include "store/dir.h"

#define BATCH_MAX 64
#define BLOCK_LEN (256u * 1024)

struct unsummed {
	char path[LIMIT_PATH_LEN_MAX + 1];
	uint64_t number;
	char *name;
	struct digest hash;
};

struct summing {
	struct contents *contents;
	struct index_reader *reader;
	char *path; /* of what is remembered */
	struct sql *sql;
	struct digest after; /* where the round is */
	struct unsummed batch[BATCH_MAX];
	size_t count;
};

struct summing *summing_open(const char *dir, struct contents *contents, struct index_store *index)
{
	struct summing *summing = mem_new(1, sizeof(*summing));

	summing->contents = contents;
	summing->reader = index_reader_open(index);
	summing->path = dir_file(dir, "derived/sums.sqlite");
	return summing;
}

static void batch_clear(struct summing *summing)
{
	while (summing->count)
		free(summing->batch[--summing->count].name);
}

void summing_close(struct summing *summing)
{
	batch_clear(summing);
	index_reader_close(summing->reader);
	sql_close(summing->sql);
	free(summing->path);
	free(summing);
}

/* What is remembered: without it all goes on, with more to read. */

static struct sql *sums(struct summing *summing)
{
	if (summing->sql && sql_err(summing->sql)) {
		sql_close(summing->sql);
		summing->sql = NULL;
		remove(summing->path);
	}
	if (!summing->sql && !sql_open(&summing->sql, summing->path, SQL_WRITE))
		sql_exec(summing->sql, "CREATE TABLE IF NOT EXISTS sum(hash BLOB PRIMARY KEY,"
				       " sha256 BLOB NOT NULL) WITHOUT ROWID");
	return summing->sql;
}

static bool sum_recall(struct summing *summing, const struct digest *hash, struct digest *sha256)
{
	struct sql *sql = sums(summing);
	struct sql_st *st;
	bool found = false;

	if (!sql)
		return false;
	st = sql_st(sql, "SELECT sha256 FROM sum WHERE hash = ?");
	sql_blob(st, 1, id_bytes(hash));
	if (sql_next(st) && sql_get_bytes(st, 0).len == ID_LEN) {
		memcpy(sha256->b, sql_get_bytes(st, 0).ptr, ID_LEN);
		found = true;
	}
	sql_end(st);
	return found && !sql_err(sql);
}

static void sum_keep(struct summing *summing, const struct indexer_sum *sum)
{
	struct sql *sql = sums(summing);
	struct sql_st *st;

	if (!sql)
		return;
	st = sql_st(sql, "INSERT OR REPLACE INTO sum VALUES(?, ?)");
	sql_blob(st, 1, id_bytes(&sum->hash));
	sql_blob(st, 2, id_bytes(&sum->sha256));
	sql_run(st);
}

/* Reading */

/* False: it cannot be read now, or is not what it should be. */
static bool file_sum(struct content *content, const struct unsummed *at, bool (*stop)(void *arg),
		     void *arg, struct digest *out)
{
	const struct manifest_file *file = content_file(content, at->name);
	struct content_stream *stream;
	struct sha256 sha256;
	uint8_t *block;
	uint64_t from = 0;
	ssize_t len = 1;

	if (!file || !id_eq(&file->hash, &at->hash))
		return false;
	stream = content_stream_open(content, file);
	block = mem_new(1, BLOCK_LEN);
	sha256_init(&sha256);
	while (len > 0 && !stop(arg)) {
		len = content_stream_read(stream, from, block, BLOCK_LEN);
		sha256_add(&sha256, bytes_of(block, len > 0 ? (size_t)len : 0));
		from += len > 0 ? (uint64_t)len : 0;
	}
	sha256_done(&sha256, out->b);
	free(block);
	content_stream_close(stream);
	return from == file->size && len == 0;
}

static bool sum_find(struct summing *summing, const struct unsummed *at, bool (*stop)(void *arg),
		     void *arg, struct indexer_sum *out)
{
	struct content *content;
	char why[WHY_LEN];
	bool found;

	out->hash = at->hash;
	if (sum_recall(summing, &at->hash, &out->sha256))
		return true;
	if (content_get(summing->contents, at->path, at->number, &content, why))
		return false;
	found = content_reading(content)->version.tier == TIER_OPEN &&
		file_sum(content, at, stop, arg, &out->sha256);
	content_put(content);
	if (found)
		sum_keep(summing, out);
	return found;
}

static bool batch_add(void *arg, const struct index_unsummed *file)
{
	struct summing *summing = arg;
	struct unsummed *at = &summing->batch[summing->count];

	summing->after = file->hash;
	if (summing->count && id_eq(&at[-1].hash, &file->hash))
		return true; /* the same contents once more */
	snprintf(at->path, sizeof(at->path), "%s", file->kept);
	at->number = file->number;
	at->name = mem_str(file->name);
	at->hash = file->hash;
	return ++summing->count < BATCH_MAX;
}

bool summing_step(struct summing *summing, bool (*stop)(void *arg),
		  void (*tell)(void *arg, const struct indexer_sum *sum), void *arg)
{
	struct digest after = summing->after;
	struct indexer_sum sum;
	bool more;

	batch_clear(summing);
	if (index_unsummed(summing->reader, &after, batch_add, summing))
		batch_clear(summing);
	more = summing->count > 0;
	if (!more)
		summing->after = (struct digest){{0}};
	for (size_t i = 0; i < summing->count; i++) {
		if (stop(arg)) {
			summing->after = after;
			return true;
		}
		if (sum_find(summing, &summing->batch[i], stop, arg, &sum))
			tell(arg, &sum);
		after = summing->batch[i].hash;
	}
	return more;
}
