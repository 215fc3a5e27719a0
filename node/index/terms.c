#include "node/index/terms.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/index/fold.h"

enum { COLUMN_COUNT = 5, COLUMN_FILES = 4 };

/* ---- the list of words ---- */

struct term {
	struct bytes word;
	unsigned where;
};

struct term_list {
	struct term *items;
	size_t count, cap;
};

static int term_order(const void *a, const void *b)
{
	return bytes_cmp(((const struct term *)a)->word, ((const struct term *)b)->word);
}

static void terms_add(struct term_list *terms, struct bytes folded, unsigned where)
{
	while (folded.len) {
		const uint8_t *blank = memchr(folded.ptr, ' ', folded.len);
		size_t len = blank ? (size_t)(blank - folded.ptr) : folded.len;

		if (len) {
			terms->items = mem_room(terms->items, terms->count, &terms->cap,
						sizeof(*terms->items));
			terms->items[terms->count++] =
				(struct term){bytes_slice(folded, 0, len), where};
		}
		folded = bytes_slice(folded, blank ? len + 1 : len, folded.len);
	}
}

/* Each once, with all its places. */
static void terms_sort(struct term_list *terms)
{
	size_t count = 0;

	if (terms->count)
		qsort(terms->items, terms->count, sizeof(*terms->items), term_order);
	for (size_t i = 0; i < terms->count; i++) {
		if (count && bytes_eq(terms->items[count - 1].word, terms->items[i].word))
			terms->items[count - 1].where |= terms->items[i].where;
		else
			terms->items[count++] = terms->items[i];
	}
	terms->count = count;
}

/* For the vocabulary, which follows with the commit. */
static void terms_note(struct index_store *store, enum index_side side, int64_t id,
		       const struct buf *columns, bool gone)
{
	static const unsigned where[COLUMN_COUNT] = {PLACE_TITLE, PLACE_KEYWORD, PLACE_PATH,
						     PLACE_TEXT, PLACE_PATH};
	struct buf *noted = &store->words[side];
	struct term_list terms = {0};

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		terms_add(&terms, buf_bytes(&columns[i]), where[i]);
	terms_sort(&terms);
	for (size_t i = 0; i < terms.count; i++) {
		buf_add_be32(noted, (uint32_t)id);
		buf_add_u8(noted, gone ? 0 : (uint8_t)terms.items[i].where);
		buf_add_u8(noted, (uint8_t)terms.items[i].word.len);
		buf_add(noted, terms.items[i].word);
	}
	free(terms.items);
}

/* ---- full text ---- */

static void texts_init(struct buf *columns)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		buf_init(&columns[i], TERMS_TEXT_LEN_MAX);
}

static void texts_fini(struct buf *columns)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		buf_fini(&columns[i]);
}

static void texts_write(struct index_store *store, enum index_side side, int64_t id,
			const struct buf *columns)
{
	struct sql_st *st = sql_st(store->sides[side],
				   "INSERT INTO fts(rowid, title, keywords, path, text, files)"
				   " VALUES(?, ?, ?, ?, ?, ?)");

	sql_int(st, 1, id);
	for (int i = 0; i < COLUMN_COUNT; i++)
		sql_text_bytes(st, i + 2, buf_bytes(&columns[i]));
	sql_run(st);
	terms_note(store, side, id, columns, false);
}

/* Takes them out. */
static void texts_remove(struct index_store *store, enum index_side side, int64_t id,
			 struct buf *columns)
{
	struct sql *sql = store->sides[side];
	struct sql_st *st = sql_st(sql, "SELECT title, keywords, path, text, files FROM fts"
					" WHERE rowid = ?");

	sql_int(st, 1, id);
	bool there = sql_next(st);
	for (int i = 0; there && i < COLUMN_COUNT; i++)
		buf_add(&columns[i], sql_get_bytes(st, i));
	sql_run(st);
	if (!there)
		return;
	st = sql_st(sql, "DELETE FROM fts WHERE rowid = ?");
	sql_int(st, 1, id);
	sql_run(st);
	terms_note(store, side, id, columns, true);
}

/* A text that is too long is found by its beginning. */
static void column_fold(struct buf *column, struct bytes text)
{
	fold_words(column, text);
	column->err = ERR_OK;
}

void fulltext_put(struct index_store *store, enum index_side side, const struct index_item *item)
{
	const struct description *description = &item->description;
	struct buf columns[COLUMN_COUNT];

	texts_init(columns);
	column_fold(&columns[0], description->title);
	for (uint32_t i = 0; i < description->keyword_count; i++)
		column_fold(&columns[1], description->keywords[i]);
	column_fold(&columns[2], bytes_str(item->path));
	if (strcmp(item->path, item->kept) != 0)
		column_fold(&columns[2], bytes_str(item->kept));
	column_fold(&columns[3], description->text);
	column_fold(&columns[3], description->publisher);
	column_fold(&columns[3], bytes_str(item->organisation));
	column_fold(&columns[3], description->place_name);
	column_fold(&columns[3], description->place_key);
	column_fold(&columns[3], description->contact_name);
	texts_write(store, side, item->id, columns);
	texts_fini(columns);
}

void fulltext_put_files(struct index_store *store, enum index_side side, int64_t id,
			struct bytes names)
{
	struct buf columns[COLUMN_COUNT];

	texts_init(columns);
	texts_remove(store, side, id, columns);
	buf_reset(&columns[COLUMN_FILES]);
	column_fold(&columns[COLUMN_FILES], names);
	texts_write(store, side, id, columns);
	texts_fini(columns);
}

void fulltext_drop(struct index_store *store, enum index_side side, int64_t id)
{
	struct buf columns[COLUMN_COUNT];

	texts_init(columns);
	texts_remove(store, side, id, columns);
	texts_fini(columns);
}
