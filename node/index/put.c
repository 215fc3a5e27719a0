/*
 * put - rows of items, of what they are counted by, and of their files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/path.h"
#include "crypto/random.h"
#include "node/index/fold.h"
#include "node/index/store.h"
#include "node/index/terms.h"
#include "node/index/uuid.h"
#include "proto/dcat/vocab.h"
#include "store/layout.h"

#define MARK_BITS 40 /* so the sum of very many is a number that SQLite has */

/* ---- columns ---- */

static void get_text(char *out, size_t size, struct sql_st *st, int at)
{
	snprintf(out, size, "%s", sql_get_text(st, at));
}

static void get_id(uint8_t out[ID_LEN], struct sql_st *st, int at)
{
	struct bytes value = sql_get_bytes(st, at);

	memset(out, 0, ID_LEN);
	if (value.len == ID_LEN)
		memcpy(out, value.ptr, ID_LEN);
}

/* The columns follow with the commit. */
static void change_note(struct index_store *store, enum index_side side, int64_t id)
{
	store->changes = mem_room(store->changes, store->change_count, &store->change_cap,
				  sizeof(*store->changes));
	store->changes[store->change_count++] = (struct store_change){side, id};
}

/* ---- rows ---- */

static void row_run(struct sql *sql, const char *text, int64_t id)
{
	struct sql_st *st = sql_st(sql, text);

	sql_int(st, 1, id);
	sql_run(st);
}

static void item_drop(struct index_store *store, enum index_side side, int64_t id)
{
	struct sql *sql = store->sides[side];

	fulltext_drop(store, side, id);
	row_run(sql, "DELETE FROM file WHERE id = ?", id);
	row_run(sql, "DELETE FROM dataset WHERE id = ?", id);
	store->forgets = store->forgets || side == SIDE_OPEN;
	change_note(store, side, id);
}

static int64_t item_find_id(struct sql *sql, const struct dataset_id *dataset)
{
	struct sql_st *st = sql_st(sql, "SELECT id FROM dataset WHERE dataset = ?");

	sql_blob(st, 1, id_bytes(dataset));
	int64_t id = sql_next(st) ? sql_get_int(st, 0) : 0;
	sql_end(st);
	return id;
}

static void hash_text(struct hash *hash, const char *text)
{
	hash_add_be64(hash, strlen(text));
	hash_add(hash, bytes_str(text));
}

/* Of all that the row says, but of when it was said. */
static void item_digest(struct digest *out, const struct index_seen *seen)
{
	const struct index_item *item = &seen->item;
	struct hash hash;

	hash_init_plain(&hash);
	hash_add(&hash, id_bytes(&item->record));
	hash_add_be64(&hash, (uint64_t)item->tier << 3 | (uint64_t)item->readable << 2 |
				     (uint64_t)item->held << 1 | item->own);
	hash_text(&hash, seen->stored);
	hash_text(&hash, item->path);
	hash_text(&hash, item->kept);
	hash_text(&hash, item->organisation);
	hash_text(&hash, item->ags);
	hash_text(&hash, seen->slugs ? seen->slugs : "");
	hash_add(&hash, buf_bytes(&item->description_bytes));
	hash_done(&hash, out->b, sizeof(out->b));
}

static int64_t mark_draw(void)
{
	struct random random = random_system();

	return (int64_t)random_below(&random, UINT64_C(1) << MARK_BITS);
}

/* Later than all before, so who asks for what is newer than the last answer misses nothing. */
static int64_t stamp(struct index_store *store, int64_t now_ms)
{
	store->stamp_ms = now_ms > store->stamp_ms ? now_ms : store->stamp_ms + 1;
	return store->stamp_ms;
}

static void aliases_put(struct sql *sql, const struct index_seen *seen)
{
	struct sql_st *st = sql_st(sql, "INSERT OR REPLACE INTO alias(slug, home) VALUES(?, ?)");
	const char *at = seen->slugs;

	if (strcmp(seen->item.slug, seen->item.home) != 0) {
		sql_text(st, 1, seen->item.slug);
		sql_text(st, 2, seen->item.home);
		sql_run(st);
	}
	while (at && *at) {
		size_t len = strcspn(at, " ");

		sql_text_bytes(st, 1, bytes_of(at, len));
		sql_text(st, 2, seen->item.home);
		sql_run(st);
		at += len + (at[len] == ' ');
	}
}

static struct sql_st *row_statement(struct sql *sql)
{
	return sql_st(
		sql,
		"INSERT OR REPLACE INTO dataset(id, dataset, stored, place, path, kept, slug, home,"
		" organisation, ags, uuid, record, number, author, tier, readable, held, own,"
		" listed, published, first, modified, indexed, bytes, description,"
		" digest, mark) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		" ?, ?, ?, ?, ?, ?, ?, ?)");
}

static void row_write(struct index_store *store, enum index_side side,
		      const struct index_seen *seen, const struct digest *digest)
{
	const struct index_item *item = &seen->item;
	struct sql_st *st = row_statement(store->sides[side]);
	struct row_key key = key_text(bytes_str(seen->stored));
	int at = 1;

	sql_int(st, at++, item->id);
	sql_blob(st, at++, id_bytes(&item->dataset));
	sql_blob(st, at++, row_key_bytes(&key));
	sql_text(st, at++, seen->stored);
	sql_text(st, at++, item->path);
	sql_text(st, at++, item->kept);
	sql_text(st, at++, item->slug);
	sql_text(st, at++, item->home);
	sql_text(st, at++, item->organisation);
	sql_text(st, at++, item->ags);
	sql_text(st, at++, item->uuid);
	sql_blob(st, at++, id_bytes(&item->record));
	sql_int(st, at++, (int64_t)item->number);
	sql_int(st, at++, item->author);
	sql_int(st, at++, item->tier);
	sql_int(st, at++, item->readable);
	sql_int(st, at++, item->held);
	sql_int(st, at++, item->own);
	sql_int(st, at++, item->listed);
	sql_int(st, at++, item->published_ms);
	sql_int(st, at++, item->first_published_ms);
	sql_int(st, at++, item->modified_ms);
	sql_int(st, at++, item->indexed_ms);
	sql_int(st, at++, (int64_t)item->sealed_bytes);
	sql_blob(st, at++, buf_bytes(&item->description_bytes));
	sql_blob(st, at++, id_bytes(digest));
	sql_int(st, at++, mark_draw());
	sql_run(st);
	change_note(store, side, item->id);
}

/* ---- one item ---- */

/* What is there already of the item. */
struct row_known {
	int64_t id; /* 0: nothing */
	bool same, same_record;
	int listed;
};

static struct row_known item_look(struct sql *sql, const struct index_seen *seen,
				  const struct digest *digest)
{
	struct sql_st *st = sql_st(sql, "SELECT id, digest = ?2, record = ?3, listed FROM dataset"
					" WHERE dataset = ?1");
	struct row_known row = {0};

	sql_blob(st, 1, id_bytes(&seen->item.dataset));
	sql_blob(st, 2, id_bytes(digest));
	sql_blob(st, 3, id_bytes(&seen->item.record));
	if (sql_next(st))
		row = (struct row_known){.id = sql_get_int(st, 0),
					 .same = sql_get_int(st, 1),
					 .same_record = sql_get_int(st, 2),
					 .listed = (int)sql_get_int(st, 3)};
	sql_end(st);
	return row;
}

/* A fresh number, which stays the item's as long as it is on this side. */
static int64_t id_next(struct sql *sql)
{
	struct sql_st *st = sql_st(sql, "SELECT ifnull(max(id), 0) + 1 FROM dataset");
	int64_t id = sql_next(st) ? sql_get_int(st, 0) : 0;

	sql_end(st);
	return id;
}

/* Another dataset that is kept under the path, as its owner's name became another's. */
static void others_drop(struct index_store *store, enum index_side side,
			const struct index_seen *seen)
{
	struct sql_st *st = sql_st(store->sides[side],
				   "SELECT id FROM dataset WHERE stored = ? AND dataset <> ?");
	struct row_key key = key_text(bytes_str(seen->stored));

	sql_blob(st, 1, row_key_bytes(&key));
	sql_blob(st, 2, id_bytes(&seen->item.dataset));
	int64_t id = sql_next(st) ? sql_get_int(st, 0) : 0;
	sql_end(st);
	if (id)
		item_drop(store, side, id);
}

static void file_names_put(struct index_store *store, enum index_side side, int64_t id)
{
	struct sql *sql = store->sides[side];
	struct sql_st *st = sql_st(sql, "SELECT name FROM file WHERE id = ? ORDER BY name");
	struct buf names;

	buf_init(&names, TERMS_TEXT_LEN_MAX / 4);
	sql_int(st, 1, id);
	while (sql_next(st)) {
		buf_add(&names, sql_get_bytes(st, 0));
		buf_add_u8(&names, ' ');
	}
	fulltext_put_files(store, side, id, buf_bytes(&names));
	buf_fini(&names);
}

static void put_there(struct index_store *store, enum index_side side,
		      const struct index_seen *seen, int64_t now_ms)
{
	struct sql *sql = store->sides[side];
	struct index_seen next = *seen; /* borrows */
	struct digest digest;

	item_digest(&digest, seen);
	struct row_known row = item_look(sql, seen, &digest);
	next.item.listed =
		row.listed == 1 && row.same_record && seen->item.held && seen->item.readable;
	if (row.same)
		return;
	others_drop(store, side, seen);
	if (row.id)
		fulltext_drop(store, side, row.id);
	next.item.id = row.id ? row.id : id_next(sql);
	if (!next.item.listed)
		row_run(sql, "DELETE FROM file WHERE id = ?", next.item.id);
	next.item.indexed_ms = stamp(store, now_ms);
	row_write(store, side, &next, &digest);
	fulltext_put(store, side, &next.item);
	if (next.item.listed)
		file_names_put(store, side, next.item.id);
	aliases_put(sql, seen);
}

static void drop_from(struct index_store *store, enum index_side side,
		      const struct dataset_id *dataset)
{
	int64_t id = item_find_id(store->sides[side], dataset);

	if (id)
		item_drop(store, side, id);
}

void store_put(struct index_store *store, const struct index_seen *seen, int64_t now_ms)
{
	enum index_side side = seen->item.tier == TIER_OPEN ? SIDE_OPEN : SIDE_CLOSED;

	if (!seen->there || side == SIDE_CLOSED)
		drop_from(store, SIDE_OPEN, &seen->item.dataset);
	if (!seen->there || side == SIDE_OPEN)
		drop_from(store, SIDE_CLOSED, &seen->item.dataset);
	if (seen->there)
		put_there(store, side, seen, now_ms);
}

/* ---- files ---- */

/* "": none is known. */
static const char *format_code(const struct manifest_file *file)
{
	const struct vocab_term *term = vocab_file_type(file->name, file->media_type);

	return term ? term->code : "";
}

static void file_row_put(struct sql *sql, int64_t id, const struct dataset_id *dataset,
			 const struct manifest_file *file)
{
	struct sql_st *st = sql_st(sql, "INSERT OR REPLACE INTO file(id, name, media_type, format,"
					" size, modified, sha256, uuid)"
					" VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
	char uuid[INDEX_UUID_LEN + 1];

	sql_int(st, 1, id);
	sql_text_bytes(st, 2, file->name);
	sql_text_bytes(st, 3, file->media_type);
	sql_text(st, 4, format_code(file));
	sql_int(st, 5, (int64_t)file->size);
	sql_int(st, 6, (int64_t)file->modified_ms);
	sql_blob(st, 7, id_bytes(&file->sha256));
	uuid_of_file(uuid, dataset, file->name);
	sql_text(st, 8, uuid);
	sql_run(st);
}

static void files_put(struct sql *sql, int64_t id, const struct dataset_id *dataset,
		      const struct manifest *manifest)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < manifest_file_count(manifest); i++) {
		const struct manifest_file *file = manifest_file(manifest, i);

		if (!manifest_is_folder(file) && count++ < INDEX_FILE_COUNT_MAX)
			file_row_put(sql, id, dataset, file);
	}
}

void store_list(struct index_store *store, const struct unlisted *at,
		const struct manifest *manifest, int64_t now_ms)
{
	struct sql *sql = store->sides[at->side];
	int64_t id = at->id;
	struct sql_st *st = sql_st(sql, "UPDATE dataset SET listed = ?, mark = ?, indexed = ?"
					" WHERE id = ? AND listed = 0");

	sql_int(st, 1, manifest ? 1 : 2);
	sql_int(st, 2, mark_draw());
	sql_int(st, 3, stamp(store, now_ms));
	sql_int(st, 4, id);
	sql_run(st);
	change_note(store, at->side, id);
	if (!manifest)
		return;
	files_put(sql, id, &at->dataset, manifest);
	file_names_put(store, at->side, id);
}

size_t store_unlisted(struct index_store *store, struct unlisted *out, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < SIDE_COUNT; i++) {
		struct sql_st *st = sql_st(store->sides[i],
					   "SELECT id, place, record, number, dataset FROM dataset"
					   " WHERE held AND readable AND listed = 0 LIMIT ?");

		sql_int(st, 1, (int64_t)(max - count));
		while (sql_next(st)) {
			struct unlisted *at = &out[count++];

			at->side = (enum index_side)i;
			at->id = sql_get_int(st, 0);
			get_text(at->place, sizeof(at->place), st, 1);
			get_id(at->record.b, st, 2);
			at->number = (uint64_t)sql_get_int(st, 3);
			get_id(at->dataset.b, st, 4);
		}
	}
	return count;
}

void store_list_again(struct index_store *store)
{
	for (size_t i = 0; i < SIDE_COUNT; i++)
		sql_run(sql_st(store->sides[i], "UPDATE dataset SET listed = 0 WHERE listed = 2"));
}

/* ---- what is gone ---- */

static bool was_seen(const struct index_seen *seen, size_t count, struct bytes key)
{
	for (size_t i = 0; i < count; i++) {
		struct row_key other = key_text(bytes_str(seen[i].stored));

		if (bytes_eq(row_key_bytes(&other), key))
			return true;
	}
	return false;
}

static int64_t gone_find(struct sql *sql, const char *after, const char *to,
			 const struct index_seen *seen, size_t count)
{
	struct sql_st *st = sql_st(sql, "SELECT id, stored FROM dataset WHERE stored > ?1"
					" AND (?2 = x'' OR stored <= ?2)");
	struct row_key from = key_text(bytes_str(after)), last = key_text(bytes_str(to));
	int64_t id = 0;

	sql_blob(st, 1, row_key_bytes(&from));
	sql_blob(st, 2, row_key_bytes(&last));
	while (!id && sql_next(st))
		if (!was_seen(seen, count, sql_get_bytes(st, 1)))
			id = sql_get_int(st, 0);
	sql_end(st);
	return id;
}

void store_clear(struct index_store *store, const char *after, const char *to,
		 const struct index_seen *seen, size_t count)
{
	for (size_t i = 0; i < SIDE_COUNT; i++) {
		int64_t id;

		while ((id = gone_find(store->sides[i], after, to, seen, count)))
			item_drop(store, (enum index_side)i, id);
	}
}

void store_item_read(struct sql_st *st, bool open, struct index_item *out)
{
	int at = 0;

	*out = (struct index_item){.open = open};
	out->id = sql_get_int(st, at++);
	get_text(out->path, sizeof(out->path), st, at++);
	get_text(out->kept, sizeof(out->kept), st, at++);
	get_text(out->slug, sizeof(out->slug), st, at++);
	get_text(out->home, sizeof(out->home), st, at++);
	get_text(out->organisation, sizeof(out->organisation), st, at++);
	get_text(out->ags, sizeof(out->ags), st, at++);
	get_text(out->uuid, sizeof(out->uuid), st, at++);
	get_id(out->dataset.b, st, at++);
	get_id(out->record.b, st, at++);
	out->number = (uint64_t)sql_get_int(st, at++);
	out->author = (uint32_t)sql_get_int(st, at++);
	out->tier = (enum tier)sql_get_int(st, at++);
	out->readable = sql_get_int(st, at++);
	out->held = sql_get_int(st, at++);
	out->own = sql_get_int(st, at++);
	out->listed = sql_get_int(st, at++) == 1;
	out->published_ms = sql_get_int(st, at++);
	out->first_published_ms = sql_get_int(st, at++);
	out->modified_ms = sql_get_int(st, at++);
	out->indexed_ms = sql_get_int(st, at++);
	out->sealed_bytes = (uint64_t)sql_get_int(st, at++);
	buf_init(&out->description_bytes, DESCRIPTION_LEN_MAX);
	buf_add(&out->description_bytes, sql_get_bytes(st, at++));
	if (description_decode(&out->description, buf_bytes(&out->description_bytes)))
		out->description = (struct description){0};
}
