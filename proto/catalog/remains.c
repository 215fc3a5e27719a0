#include "proto/catalog/remains.h"

#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "proto/ledger/withdrawal_body.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"

enum {
	LOOK_COUNT = 100,
	RETRY_FIRST_MS = 15 * 1000,
};

/* ---- rows: [path, folder, name, files, files next, altered, fails, retry, why] ---- */

static struct row_key remains_key(const struct dataset_id *dataset, const char *dir,
				  const char *path)
{
	char target[DELIVERY_TARGET_LEN_MAX + 1];
	struct digest hash;

	delivered_target(target, dir, path);
	hash_once(hash.b, "am1.text", bytes_str(target));
	return key_remains(dataset, &hash);
}

static void remains_store(struct txn *txn, const struct remains *row)
{
	struct row_key key = remains_key(&row->dataset, row->dir, row->path);
	struct buf value;

	buf_init(&value, 8192);
	out_array(&value, 9);
	out_bin(&value, bytes_str(row->path));
	out_bin(&value, bytes_str(row->dir));
	out_bin(&value, bytes_str(row->name));
	out_fixed(&value, row->files.b, ID_LEN);
	out_fixed(&value, row->files_next.b, ID_LEN);
	out_bool(&value, row->altered);
	out_uint(&value, row->fail_count);
	out_uint(&value, (uint64_t)row->retry_ms);
	out_bin(&value, bytes_str(row->why));
	txn_put_row(txn, TABLE_REMAINS, &key, &value);
}

static bool remains_get(struct txn *txn, struct remains *row, struct bytes key, struct bytes value)
{
	struct wire_in w = wire_in(value);

	*row = (struct remains){.fail_count = 0};
	if (key.len < ID_LEN)
		return false;
	memcpy(row->dataset.b, key.ptr, ID_LEN);
	wire_array(&w, 9, 9);
	delivered_text(row->path, sizeof(row->path), wire_bin(&w, 1, LIMIT_PATH_LEN_MAX));
	delivered_text(row->dir, sizeof(row->dir), wire_bin(&w, 1, DELIVERY_DIR_LEN_MAX));
	delivered_text(row->name, sizeof(row->name), wire_bin(&w, 1, LIMIT_PATH_LEN_MAX));
	wire_fixed(&w, row->files.b, ID_LEN);
	wire_fixed(&w, row->files_next.b, ID_LEN);
	row->altered = wire_bool(&w);
	row->fail_count = (uint32_t)wire_uint(&w, UINT32_MAX);
	row->retry_ms = (int64_t)wire_uint(&w, INT64_MAX);
	delivered_text(row->why, sizeof(row->why), wire_bin(&w, 0, WHY_LEN - 1));
	row->marked = delivered_dir_marked(txn, row->dir);
	return !wire_end(&w);
}

bool remains_at(struct txn *txn, const struct dataset_id *dataset, const char *dir,
		const char *path, struct remains *out)
{
	struct row_key key = remains_key(dataset, dir, path);
	struct bytes value;

	return txn_get(txn, TABLE_REMAINS, row_key_bytes(&key), &value) &&
	       remains_get(txn, out, row_key_bytes(&key), value);
}

/* ---- a withdrawal ---- */

struct reach {
	const struct dataset_id *dataset;
	const char *path;
	uint32_t member, but;
	uint64_t number;
	bool held;
};

static bool is_zero(const struct digest *digest)
{
	return id_eq(digest, &(struct digest){{0}});
}

void remains_add(struct txn *txn, const struct dataset_id *dataset, const struct delivered *row)
{
	struct remains remains = {
		.dataset = *dataset, .files = row->files, .files_next = row->files_next};

	snprintf(remains.path, sizeof(remains.path), "%s", row->path);
	snprintf(remains.dir, sizeof(remains.dir), "%s", row->dir);
	snprintf(remains.name, sizeof(remains.name), "%s", row->name);
	remains_store(txn, &remains);
}

/* What stands in one folder, or was about to, becomes a row; so does what may be being written. */
static void take_from(struct txn *txn, const struct reach *reach, const char *dir)
{
	struct remains before;
	struct delivered row;
	bool any = delivered_load(txn, dir, reach->path, &row) &&
		   !(is_zero(&row.files) && is_zero(&row.files_next));
	uint32_t by = author_member(row.author);

	if (any && (row.number > reach->number || (reach->member && by != reach->member) ||
		    (reach->but && by == reach->but)))
		return;
	if (!any && (!reach->held || !delivered_subscribed(txn, dir, reach->path) ||
		     remains_at(txn, reach->dataset, dir, reach->path, &before)))
		return;
	remains_add(txn, reach->dataset, &row);
	delivered_drop(txn, dir, reach->path);
}

static bool remains_any(struct txn *txn, const struct dataset_id *dataset)
{
	struct row_key prefix = key_dataset(dataset);
	struct walk walk = walk_begin(txn, TABLE_REMAINS, row_key_bytes(&prefix));

	return walk_next(&walk);
}

/* Folders that versions were written to are few. */
bool remains_take(struct txn *txn, const struct dataset_id *dataset, const char *path,
		  uint32_t member, uint32_t but, uint64_t number, bool held)
{
	struct reach reach = {.dataset = dataset,
			      .path = path,
			      .member = member,
			      .but = but,
			      .number = number,
			      .held = held};
	struct walk walk = walk_begin(txn, TABLE_FOLDER, bytes_of(NULL, 0));
	char dir[DELIVERY_DIR_LEN_MAX + 1];

	while (walk_next(&walk))
		if (delivered_dir_get(walk.value, dir))
			take_from(txn, &reach, dir);
	return remains_any(txn, dataset);
}

bool remains_tried(struct txn *txn, const struct dataset_id *dataset, uint32_t *left)
{
	struct row_key prefix = key_dataset(dataset);
	struct walk walk = walk_begin(txn, TABLE_REMAINS, row_key_bytes(&prefix));
	struct remains row;

	*left = 0;
	while (walk_next(&walk)) {
		if (remains_get(txn, &row, walk.key, walk.value) && !row.fail_count)
			return false;
		*left += *left < ERASURE_FOLDERS_MAX;
	}
	return true;
}

/* ---- what becomes of them ---- */

bool remains_next(struct txn *txn, int64_t now_ms, struct remains_round *round, int64_t *retry_ms,
		  struct remains *out)
{
	struct row_key *at = &round->at;
	struct walk walk = walk_begin_at(txn, TABLE_REMAINS, bytes_of(NULL, 0), row_key_bytes(at),
					 at->len == 0);

	if (at->len == 0)
		round->retry_ms = INT64_MAX;
	for (unsigned count = 0; count < LOOK_COUNT; count++) {
		if (!walk_next(&walk)) {
			*retry_ms = round->retry_ms;
			at->len = 0;
			return false;
		}
		memcpy(at->b, walk.key.ptr, walk.key.len);
		at->len = walk.key.len;
		if (!remains_get(txn, out, walk.key, walk.value))
			continue;
		if (!out->fail_count || out->retry_ms <= now_ms)
			return true;
		if (out->retry_ms < round->retry_ms)
			round->retry_ms = out->retry_ms;
	}
	*retry_ms = now_ms;
	return false;
}

void remains_done(struct txn *txn, const struct remains *remains)
{
	struct row_key key = remains_key(&remains->dataset, remains->dir, remains->path);

	txn_del(txn, TABLE_REMAINS, row_key_bytes(&key));
}

void remains_failed(struct txn *txn, int64_t now_ms, const struct remains *remains, bool altered,
		    const char *why)
{
	struct remains row;

	/* Meanwhile a person may have said that it is gone. */
	if (!remains_at(txn, &remains->dataset, remains->dir, remains->path, &row))
		return;
	row.altered = row.altered || altered;
	row.retry_ms = delivered_retry_ms(now_ms, row.fail_count++, RETRY_FIRST_MS);
	snprintf(row.why, sizeof(row.why), "%s", why);
	remains_store(txn, &row);
}

unsigned remains_gone(struct txn *txn, const struct dataset_id *dataset)
{
	struct row_key prefix = key_dataset(dataset);
	struct walk walk = walk_begin(txn, TABLE_REMAINS, row_key_bytes(&prefix));
	unsigned count = 0;

	while (walk_next(&walk)) {
		txn_del(txn, TABLE_REMAINS, bytes_of(walk.last, walk.last_len));
		count++;
	}
	return count;
}

void remains_each(struct txn *txn, const struct dataset_id *dataset,
		  bool (*each)(void *arg, const struct remains *remains), void *arg)
{
	struct row_key prefix = dataset ? key_dataset(dataset) : (struct row_key){.len = 0};
	struct walk walk = walk_begin(txn, TABLE_REMAINS, row_key_bytes(&prefix));
	struct remains remains;

	while (walk_next(&walk))
		if (remains_get(txn, &remains, walk.key, walk.value) && !each(arg, &remains))
			return;
}
