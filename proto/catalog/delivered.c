#include "proto/catalog/delivered.h"

#include <stdio.h>

#include "crypto/path.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"

enum { RETRY_MAX_MS = 60 * 60 * 1000 };

bool delivered_text(char *to, size_t size, struct bytes from)
{
	return snprintf(to, size, "%.*s", (int)from.len, (const char *)from.ptr) < (int)size;
}

void delivered_target(char out[DELIVERY_TARGET_LEN_MAX + 1], const char *dir, const char *path)
{
	snprintf(out, DELIVERY_TARGET_LEN_MAX + 1, "%s/%s", dir, path);
}

int64_t delivered_retry_ms(int64_t now_ms, uint32_t fail_count, int64_t first_ms)
{
	int64_t wait_ms = first_ms;

	for (uint32_t i = 0; i < fail_count && wait_ms < RETRY_MAX_MS; i++)
		wait_ms *= 2;
	return now_ms + (wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS);
}

static struct row_key delivered_key(const char *dir, const char *path)
{
	char target[DELIVERY_TARGET_LEN_MAX + 1];

	delivered_target(target, dir, path);
	return key_text(bytes_str(target));
}

/* ---- DELIVERED ---- */

void delivered_store(struct txn *txn, const struct delivered *row)
{
	struct row_key key = delivered_key(row->dir, row->path);
	struct buf value;

	buf_init(&value, 8192);
	out_array(&value, 12);
	out_fixed(&value, row->record.b, ID_LEN);
	out_fixed(&value, row->files.b, ID_LEN);
	out_fixed(&value, row->files_next.b, ID_LEN);
	out_uint(&value, row->number);
	out_uint(&value, (uint64_t)row->time_ms);
	out_uint(&value, (uint64_t)row->retry_ms);
	out_uint(&value, row->fail_count);
	out_bin(&value, bytes_str(row->dir));
	out_bin(&value, bytes_str(row->path));
	out_bin(&value, bytes_str(row->why));
	out_bin(&value, bytes_str(row->name));
	out_uint(&value, row->author);
	txn_put_row(txn, TABLE_DELIVERED, &key, &value);
}

bool delivered_get(struct delivered *row, struct bytes value)
{
	struct wire_in w = wire_in(value);

	*row = (struct delivered){.number = 0};
	wire_array(&w, 12, 12);
	wire_fixed(&w, row->record.b, ID_LEN);
	wire_fixed(&w, row->files.b, ID_LEN);
	wire_fixed(&w, row->files_next.b, ID_LEN);
	row->number = wire_uint(&w, UINT64_MAX);
	row->time_ms = (int64_t)wire_uint(&w, INT64_MAX);
	row->retry_ms = (int64_t)wire_uint(&w, INT64_MAX);
	row->fail_count = (uint32_t)wire_uint(&w, UINT32_MAX);
	delivered_text(row->dir, sizeof(row->dir), wire_bin(&w, 0, DELIVERY_DIR_LEN_MAX));
	delivered_text(row->path, sizeof(row->path), wire_bin(&w, 0, LIMIT_PATH_LEN_MAX));
	delivered_text(row->why, sizeof(row->why), wire_bin(&w, 0, WHY_LEN - 1));
	delivered_text(row->name, sizeof(row->name), wire_bin(&w, 0, LIMIT_PATH_LEN_MAX));
	row->author = (uint32_t)wire_uint(&w, UINT32_MAX);
	return !wire_end(&w);
}

bool delivered_load(struct txn *txn, const char *dir, const char *path, struct delivered *row)
{
	struct row_key key = delivered_key(dir, path);
	struct bytes value;

	if (txn_get(txn, TABLE_DELIVERED, row_key_bytes(&key), &value) && delivered_get(row, value))
		return true;
	*row = (struct delivered){.number = 0};
	snprintf(row->dir, sizeof(row->dir), "%s", dir);
	snprintf(row->path, sizeof(row->path), "%s", path);
	snprintf(row->name, sizeof(row->name), "%s", path);
	return false;
}

void delivered_drop(struct txn *txn, const char *dir, const char *path)
{
	struct row_key key = delivered_key(dir, path);

	txn_del(txn, TABLE_DELIVERED, row_key_bytes(&key));
}

/* ---- FOLDER: [folder, whether it has the mark] ---- */

void delivered_dir_set(struct txn *txn, const char *dir, bool marked)
{
	struct row_key key = key_text(bytes_str(dir));
	struct buf value;

	buf_init(&value, 8192);
	out_array(&value, 2);
	out_bin(&value, bytes_str(dir));
	out_bool(&value, marked);
	txn_put_row(txn, TABLE_FOLDER, &key, &value);
}

static bool folder_get(struct bytes value, char dir[DELIVERY_DIR_LEN_MAX + 1], bool *marked)
{
	struct wire_in w = wire_in(value);

	wire_array(&w, 2, 2);
	delivered_text(dir, DELIVERY_DIR_LEN_MAX + 1, wire_bin(&w, 1, DELIVERY_DIR_LEN_MAX));
	*marked = wire_bool(&w);
	return !wire_end(&w);
}

bool delivered_dir_get(struct bytes value, char dir[DELIVERY_DIR_LEN_MAX + 1])
{
	bool marked;

	return folder_get(value, dir, &marked);
}

bool delivered_dir_marked(struct txn *txn, const char *dir)
{
	struct row_key key = key_text(bytes_str(dir));
	char found[DELIVERY_DIR_LEN_MAX + 1];
	struct bytes value;
	bool marked;

	return txn_get(txn, TABLE_FOLDER, row_key_bytes(&key), &value) &&
	       folder_get(value, found, &marked) && marked;
}

/* ---- DELIVER: [pattern, folder] ---- */

bool delivered_pattern_get(struct bytes value, struct bytes *pattern, struct bytes *dir)
{
	struct wire_in w = wire_in(value);

	wire_array(&w, 2, 2);
	*pattern = wire_bin(&w, 1, LIMIT_PATH_LEN_MAX);
	*dir = wire_bin(&w, 1, DELIVERY_DIR_LEN_MAX);
	return !wire_end(&w);
}

bool delivered_subscribed(struct txn *txn, const char *dir, const char *path)
{
	struct walk walk = walk_begin(txn, TABLE_DELIVER, bytes_of(NULL, 0));
	struct bytes pattern, folder;

	while (walk_next(&walk))
		if (delivered_pattern_get(walk.value, &pattern, &folder) &&
		    bytes_eq(folder, bytes_str(dir)) && path_match(pattern, bytes_str(path)))
			return true;
	return false;
}
