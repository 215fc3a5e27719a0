#include "proto/catalog/delivery.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"

enum {
	LOOK_COUNT = 500,
	LOOK_MS = 60 * 1000,
	RETRY_FIRST_MS = 30 * 1000,
	RETRY_MAX_MS = 60 * 60 * 1000
};

/* ---- folders of subscriptions: be16 length of the pattern, pattern, folder ---- */

void delivery_set(struct txn *txn, const char *pattern, const char *dir)
{
	struct row_key key = key_text(bytes_str(pattern));
	struct buf value;

	buf_init(&value, 4096);
	buf_add_be16(&value, (uint16_t)strlen(pattern));
	buf_add(&value, bytes_str(pattern));
	buf_add(&value, bytes_str(dir));
	if (value.err)
		txn_fail(txn, value.err);
	else
		txn_put(txn, TABLE_DELIVER, row_key_bytes(&key), buf_bytes(&value));
	buf_fini(&value);
}

void delivery_unset(struct txn *txn, const char *pattern)
{
	struct row_key key = key_text(bytes_str(pattern));

	txn_del(txn, TABLE_DELIVER, row_key_bytes(&key));
}

static bool deliver_get(struct bytes value, struct bytes *pattern, struct bytes *dir)
{
	if (value.len < 2 || value.len - 2 < be16_get(value.ptr))
		return false;
	*pattern = bytes_slice(value, 2, be16_get(value.ptr));
	*dir = bytes_slice(value, 2 + pattern->len, value.len);
	return dir->len > 0 && dir->len <= DELIVERY_DIR_LEN_MAX;
}

bool delivery_dir(struct txn *txn, const char *pattern, char dir[DELIVERY_DIR_LEN_MAX + 1])
{
	struct row_key key = key_text(bytes_str(pattern));
	struct bytes value, text, folder;

	if (!txn_get(txn, TABLE_DELIVER, row_key_bytes(&key), &value) ||
	    !deliver_get(value, &text, &folder))
		return false;
	snprintf(dir, DELIVERY_DIR_LEN_MAX + 1, "%.*s", (int)folder.len, (const char *)folder.ptr);
	return true;
}

/* ---- what stands at a target ---- */

struct row {
	struct record_id record;
	uint64_t number;
	int64_t time_ms, retry_ms;
	struct digest names, names_next;
	uint32_t fail_count;
	char dir[DELIVERY_DIR_LEN_MAX + 1];
	char path[LIMIT_PATH_LEN_MAX + 1];
	char why[DELIVERY_WHY_LEN];
};

enum { ROW_FIXED_LEN = 3 * ID_LEN + 3 * 8 + 4 + 2 + 2 };

static struct row_key row_key_of(const char *dir, const char *path)
{
	char target[DELIVERY_TARGET_LEN_MAX + 1];

	snprintf(target, sizeof(target), "%s/%s", dir, path);
	return key_text(bytes_str(target));
}

static void row_put(struct txn *txn, const struct row *row)
{
	struct row_key key = row_key_of(row->dir, row->path);
	struct buf value;

	buf_init(&value, 8192);
	buf_add(&value, id_bytes(&row->record));
	buf_add(&value, id_bytes(&row->names));
	buf_add(&value, id_bytes(&row->names_next));
	buf_add_be64(&value, row->number);
	buf_add_be64(&value, (uint64_t)row->time_ms);
	buf_add_be64(&value, (uint64_t)row->retry_ms);
	buf_add_be32(&value, row->fail_count);
	buf_add_be16(&value, (uint16_t)strlen(row->dir));
	buf_add_be16(&value, (uint16_t)strlen(row->path));
	buf_add(&value, bytes_str(row->dir));
	buf_add(&value, bytes_str(row->path));
	buf_add(&value, bytes_str(row->why));
	if (value.err)
		txn_fail(txn, value.err);
	else
		txn_put(txn, TABLE_DELIVERED, row_key_bytes(&key), buf_bytes(&value));
	buf_fini(&value);
}

static bool text_copy(char *to, size_t size, struct bytes from)
{
	return snprintf(to, size, "%.*s", (int)from.len, (const char *)from.ptr) < (int)size;
}

static bool row_decode(struct row *row, struct bytes value)
{
	if (value.len < ROW_FIXED_LEN)
		return false;
	const uint8_t *at = value.ptr + 3 * ID_LEN;
	size_t dir_len = be16_get(at + 28), path_len = be16_get(at + 30);
	*row = (struct row){.number = be64_get(at),
			    .time_ms = (int64_t)be64_get(at + 8),
			    .retry_ms = (int64_t)be64_get(at + 16),
			    .fail_count = be32_get(at + 24)};
	memcpy(row->record.b, value.ptr, ID_LEN);
	memcpy(row->names.b, value.ptr + ID_LEN, ID_LEN);
	memcpy(row->names_next.b, value.ptr + 2 * ID_LEN, ID_LEN);
	struct bytes texts = bytes_slice(value, ROW_FIXED_LEN, value.len);
	return dir_len + path_len <= texts.len &&
	       text_copy(row->dir, sizeof(row->dir), bytes_slice(texts, 0, dir_len)) &&
	       text_copy(row->path, sizeof(row->path), bytes_slice(texts, dir_len, path_len)) &&
	       text_copy(row->why, sizeof(row->why),
			 bytes_slice(texts, dir_len + path_len, texts.len));
}

/* The row, or a fresh one. */
static void row_get(struct txn *txn, const char *dir, const char *path, struct row *row)
{
	struct row_key key = row_key_of(dir, path);
	struct bytes value;

	if (txn_get(txn, TABLE_DELIVERED, row_key_bytes(&key), &value) && row_decode(row, value))
		return;
	*row = (struct row){.number = 0};
	snprintf(row->dir, sizeof(row->dir), "%s", dir);
	snprintf(row->path, sizeof(row->path), "%s", path);
}

void delivery_begun(struct txn *txn, const struct delivery_due *due, const struct digest *names)
{
	struct row row;

	row_get(txn, due->dir, due->path, &row);
	row.names_next = *names;
	row_put(txn, &row);
}

void delivery_done(struct txn *txn, int64_t now_ms, const struct delivery_due *due,
		   const struct digest *names)
{
	struct row row;

	row_get(txn, due->dir, due->path, &row);
	row.record = due->record;
	row.number = due->number;
	row.time_ms = now_ms;
	row.names = *names;
	row.names_next = (struct digest){{0}};
	row.fail_count = 0;
	row.retry_ms = 0;
	row.why[0] = 0;
	row_put(txn, &row);
}

void delivery_failed(struct txn *txn, int64_t now_ms, const struct delivery_due *due,
		     const char *why)
{
	struct row row;
	int64_t wait_ms = RETRY_FIRST_MS;

	row_get(txn, due->dir, due->path, &row);
	for (uint32_t i = 0; i < row.fail_count && wait_ms < RETRY_MAX_MS; i++)
		wait_ms *= 2;
	row.fail_count++;
	row.retry_ms = now_ms + (wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS);
	snprintf(row.why, sizeof(row.why), "%s", why);
	row_put(txn, &row);
}

/* ---- what is due ---- */

/* One dataset at one folder. True: it is due, and *out is filled. */
static bool look_at(struct hub *hub, struct txn *txn, int64_t now_ms,
		    struct delivery_cursor *cursor, const char *path,
		    const struct record_id *current, struct bytes dir, struct delivery_due *out)
{
	char why[CATALOG_WHY_LEN];
	struct row row;

	text_copy(out->dir, sizeof(out->dir), dir);
	row_get(txn, out->dir, path, &row);
	if (id_eq(&row.record, current))
		return false;
	if (row.fail_count && row.retry_ms > now_ms) {
		if (row.retry_ms < cursor->retry_ms)
			cursor->retry_ms = row.retry_ms;
		return false;
	}
	/* What is not held or not readable is not due. */
	if (catalog_read(hub, txn, path, 0, &out->reading, why))
		return false;
	snprintf(out->path, sizeof(out->path), "%s", path);
	out->record = out->reading.record;
	out->number = out->reading.number;
	out->names = row.names;
	out->names_next = row.names_next;
	return true;
}

static bool look_at_dataset(struct hub *hub, struct txn *txn, int64_t now_ms,
			    struct delivery_cursor *cursor, const struct dataset_id *dataset,
			    struct delivery_due *out)
{
	struct walk walk = walk_begin(txn, TABLE_DELIVER, bytes_of(NULL, 0));
	struct ledger_version of;
	struct record record;
	struct version version;
	struct record_id current;
	struct bytes whole, pattern, dir;
	char path[LIMIT_PATH_LEN_MAX + 1];

	if (ledger_version_current(&hub->ledger, txn, dataset, 0, &of, &whole) ||
	    record_decode(&record, whole) || version_decode(&version, record.body))
		return false;
	text_copy(path, sizeof(path), version.path);
	record_id(&current, &record);
	while (walk_next(&walk))
		if (deliver_get(walk.value, &pattern, &dir) &&
		    path_match(pattern, bytes_str(path)) &&
		    look_at(hub, txn, now_ms, cursor, path, &current, dir, out))
			return true;
	return false;
}

static bool any_folder(struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_DELIVER, bytes_of(NULL, 0));

	return walk_next(&walk);
}

bool delivery_next(struct hub *hub, struct txn *txn, int64_t now_ms, struct delivery_cursor *cursor,
		   struct delivery_due *out)
{
	struct walk walk =
		walk_begin_at(txn, TABLE_PATH, bytes_of(NULL, 0), row_key_bytes(&cursor->at), true);
	unsigned count = 0;

	bool any = any_folder(txn);
	if (cursor->at.len == 0) /* a key may come when nothing else does */
		cursor->retry_ms = any ? now_ms + LOOK_MS : INT64_MAX;
	cursor->more = false;
	*out = (struct delivery_due){.number = 0};
	if (!any)
		return false;
	while (walk_next(&walk)) {
		struct dataset_id dataset;
		bool due = false;

		memcpy(cursor->at.b, walk.key.ptr, walk.key.len);
		cursor->at.len = walk.key.len;
		if (count++ == LOOK_COUNT) {
			cursor->more = true;
			return false;
		}
		if (walk.value.len == ID_LEN) {
			memcpy(dataset.b, walk.value.ptr, ID_LEN);
			due = look_at_dataset(hub, txn, now_ms, cursor, &dataset, out);
		}
		if (due)
			return true;
	}
	return false;
}

/* ---- looking ---- */

/* The subscription that put it there, or would. */
static bool pattern_of(struct txn *txn, const struct row *row, struct delivery_view *view)
{
	struct walk walk = walk_begin(txn, TABLE_DELIVER, bytes_of(NULL, 0));
	struct bytes pattern, dir;

	while (walk_next(&walk))
		if (deliver_get(walk.value, &pattern, &dir) && bytes_eq(dir, bytes_str(row->dir)) &&
		    path_match(pattern, bytes_str(row->path)))
			return text_copy(view->pattern, sizeof(view->pattern), pattern);
	return false;
}

void delivery_each(struct txn *txn, bool (*each)(void *arg, const struct delivery_view *view),
		   void *arg)
{
	struct walk walk = walk_begin(txn, TABLE_DELIVERED, bytes_of(NULL, 0));

	while (walk_next(&walk)) {
		struct delivery_view view = {.number = 0};
		struct row row;

		if (!row_decode(&row, walk.value) || !pattern_of(txn, &row, &view))
			continue;
		view.number = row.number;
		struct row_key path = key_text(bytes_str(row.path));
		if (txn_has(txn, TABLE_PATH, row_key_bytes(&path))) /* else it is withdrawn */
			view.fail_count = row.fail_count;
		view.retry_ms = row.retry_ms;
		snprintf(view.dir, sizeof(view.dir), "%s", row.dir);
		snprintf(view.path, sizeof(view.path), "%s", row.path);
		snprintf(view.why, sizeof(view.why), "%s", row.why);
		if (!each(arg, &view))
			return;
	}
}
