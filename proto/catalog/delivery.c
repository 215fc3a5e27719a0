#include "proto/catalog/delivery.h"
#include "proto/catalog/remains.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"
#include "proto/rights/current.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"

enum { LOOK_COUNT = 500, LOOK_MS = 60 * 1000, RETRY_FIRST_MS = 30 * 1000 };

/* ---- folders of subscriptions: [pattern, folder] ---- */

void delivery_set(struct txn *txn, const char *pattern, const char *dir)
{
	struct row_key key = key_text(bytes_str(pattern));
	struct buf value;

	buf_init(&value, 8192);
	out_array(&value, 2);
	out_bin(&value, bytes_str(pattern));
	out_bin(&value, bytes_str(dir));
	txn_put_row(txn, TABLE_DELIVER, &key, &value);
	delivered_dir_set(txn, dir, false); /* whatever stands there now is the right one */
}

void delivery_unset(struct txn *txn, const char *pattern)
{
	struct row_key key = key_text(bytes_str(pattern));

	txn_del(txn, TABLE_DELIVER, row_key_bytes(&key));
}

bool delivery_dir(struct txn *txn, const char *pattern, char dir[DELIVERY_DIR_LEN_MAX + 1])
{
	struct row_key key = key_text(bytes_str(pattern));
	struct bytes value, text, folder;

	if (!txn_get(txn, TABLE_DELIVER, row_key_bytes(&key), &value) ||
	    !delivered_pattern_get(value, &text, &folder))
		return false;
	snprintf(dir, DELIVERY_DIR_LEN_MAX + 1, "%.*s", (int)folder.len, (const char *)folder.ptr);
	return true;
}

/* ---- what stands at a target ---- */

bool delivery_begun(struct hub *hub, struct txn *txn, const struct delivery_due *due,
		    const struct digest *files)
{
	const struct version_id of = {due->dataset, due->number, due->author};
	struct delivered row;

	/* While it was written it may have been withdrawn. */
	if (!current_valid(hub, txn, &of))
		return false;
	if (!due->marked) /* remains_take() has to find it */
		delivered_dir_set(txn, due->dir, false);
	delivered_load(txn, due->dir, due->path, &row);
	row.files_next = *files;
	if (!row.author)
		row.author = due->author;
	snprintf(row.name, sizeof(row.name), "%s", due->name);
	delivered_store(txn, &row);
	return true;
}

/*
 * What was withdrawn since delivery_begun() stands there, and is removed (remains.h); what a newer
 * version has replaced does not any more.
 */
static bool has_remains(struct hub *hub, struct txn *txn, const struct delivery_due *due,
			const struct delivered *row)
{
	const struct version_id of = {due->dataset, due->number, due->author};
	struct remains remains;
	bool any = remains_at(txn, &due->dataset, due->dir, due->path, &remains);

	if (!current_valid(hub, txn, &of)) {
		if (!any)
			remains_add(txn, &due->dataset, row);
		delivered_drop(txn, due->dir, due->path);
		return true;
	}
	if (any && !remains.altered)
		remains_done(txn, &remains);
	return false;
}

void delivery_done(struct hub *hub, struct txn *txn, int64_t now_ms, const struct delivery_due *due,
		   const struct digest *files)
{
	struct delivered row;

	delivered_dir_set(txn, due->dir, true);
	delivered_load(txn, due->dir, due->path, &row);
	if (has_remains(hub, txn, due, &row))
		return;
	row.record = due->record;
	row.number = due->number;
	row.author = due->author;
	row.time_ms = now_ms;
	row.files = *files;
	row.files_next = (struct digest){{0}};
	row.fail_count = 0;
	row.retry_ms = 0;
	row.why[0] = 0;
	snprintf(row.name, sizeof(row.name), "%s", due->name);
	delivered_store(txn, &row);
}

void delivery_failed(struct txn *txn, int64_t now_ms, const struct delivery_due *due,
		     const char *why)
{
	struct delivered row;

	delivered_load(txn, due->dir, due->path, &row);
	row.retry_ms = delivered_retry_ms(now_ms, row.fail_count++, RETRY_FIRST_MS);
	snprintf(row.why, sizeof(row.why), "%s", why);
	delivered_store(txn, &row);
}

/* ---- whether it still stands there ---- */

size_t delivery_places(struct txn *txn, struct row_key *at, struct delivery_place *out, size_t max)
{
	struct walk walk = walk_begin_at(txn, TABLE_DELIVERED, bytes_of(NULL, 0), row_key_bytes(at),
					 at->len == 0);
	struct delivered row;
	size_t count = 0;

	while (count < max && walk_next(&walk)) {
		memcpy(at->b, walk.key.ptr, walk.key.len);
		at->len = walk.key.len;
		if (!delivered_get(&row, walk.value) || !row.number)
			continue;
		out[count] = (struct delivery_place){.marked = delivered_dir_marked(txn, row.dir)};
		snprintf(out[count].dir, sizeof(out->dir), "%s", row.dir);
		snprintf(out[count].path, sizeof(out->path), "%s", row.path);
		snprintf(out[count++].name, sizeof(out->name), "%s", row.name);
	}
	return count;
}

void delivery_again(struct txn *txn, const struct delivery_place *place)
{
	struct delivered row;

	const struct record_id none = {{0}};

	if (!delivered_load(txn, place->dir, place->path, &row) || id_eq(&row.record, &none))
		return;
	row.record = none;
	delivered_store(txn, &row);
}

/* ---- what is due ---- */

/* One dataset at one folder. True: it is due, and *out is filled. */
static bool look_at(struct hub *hub, struct txn *txn, int64_t now_ms,
		    struct delivery_cursor *cursor, const char *path,
		    const struct record_id *current, struct bytes dir, struct delivery_due *out)
{
	char why[WHY_LEN];
	struct remains remains;
	struct delivered row;

	delivered_text(out->dir, sizeof(out->dir), dir);
	delivered_load(txn, out->dir, path, &row);
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
	catalog_name(hub, txn, bytes_str(path), out->name);
	out->record = out->reading.record;
	out->dataset = out->reading.dataset;
	out->number = out->reading.number;
	out->author = out->reading.author;
	out->marked = delivered_dir_marked(txn, out->dir);
	/* What is still to be removed there makes place as well. */
	const bool old = remains_at(txn, &out->dataset, out->dir, path, &remains);
	out->files = old ? remains.files : row.files;
	out->files_next = old ? remains.files_next : row.files_next;
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

	if (current_find(hub, txn, dataset, 0, &of, &whole) || record_decode(&record, whole) ||
	    version_decode(&version, record.body))
		return false;
	delivered_text(path, sizeof(path), version.path);
	record_id(&current, &record);
	while (walk_next(&walk))
		if (delivered_pattern_get(walk.value, &pattern, &dir) &&
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
static bool pattern_of(struct txn *txn, const struct delivered *row, struct delivery_view *view)
{
	struct walk walk = walk_begin(txn, TABLE_DELIVER, bytes_of(NULL, 0));
	struct bytes pattern, dir;

	while (walk_next(&walk))
		if (delivered_pattern_get(walk.value, &pattern, &dir) &&
		    bytes_eq(dir, bytes_str(row->dir)) && path_match(pattern, bytes_str(row->path)))
			return delivered_text(view->pattern, sizeof(view->pattern), pattern);
	return false;
}

void delivery_each(struct txn *txn, bool (*each)(void *arg, const struct delivery_view *view),
		   void *arg)
{
	struct walk walk = walk_begin(txn, TABLE_DELIVERED, bytes_of(NULL, 0));

	while (walk_next(&walk)) {
		struct delivery_view view = {.number = 0};
		struct delivered row;

		if (!delivered_get(&row, walk.value) || !pattern_of(txn, &row, &view))
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
