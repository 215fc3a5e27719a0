#include "node/index/terms.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/index/fold.h"

enum { COLUMN_COUNT = 5, COLUMN_FILES = 4 };

/* ---- the list of words ---- */

struct words {
	struct bytes *items;
	size_t count, cap;
};

static int word_order(const void *a, const void *b)
{
	return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

static void term_words_add(struct words *words, struct bytes folded)
{
	while (folded.len) {
		const uint8_t *blank = memchr(folded.ptr, ' ', folded.len);
		size_t len = blank ? (size_t)(blank - folded.ptr) : folded.len;

		if (len) {
			words->items = mem_room(words->items, words->count, &words->cap,
						sizeof(*words->items));
			words->items[words->count++] = bytes_slice(folded, 0, len);
		}
		folded = bytes_slice(folded, blank ? len + 1 : len, folded.len);
	}
}

/* Each once. */
static void term_words_sort(struct words *words)
{
	size_t count = 0;

	if (words->count)
		qsort(words->items, words->count, sizeof(*words->items), word_order);
	for (size_t i = 0; i < words->count; i++)
		if (!count || !bytes_eq(words->items[count - 1], words->items[i]))
			words->items[count++] = words->items[i];
	words->count = count;
}

static void word_count_up(struct sql *sql, struct bytes word)
{
	struct sql_st *st = sql_st(sql, "UPDATE word SET n = n + 1 WHERE word = ? RETURNING wid");

	sql_text_bytes(st, 1, word);
	bool known = sql_next(st);
	sql_run(st);
	if (known)
		return;
	st = sql_st(sql, "INSERT INTO word(word, n) VALUES(?, 1)");
	sql_text_bytes(st, 1, word);
	sql_run(st);
	st = sql_st(sql, "INSERT INTO part(rowid, word) VALUES(?, ?)");
	sql_int(st, 1, sql_last_id(sql));
	sql_text_bytes(st, 2, word);
	sql_run(st);
}

static void word_drop(struct sql *sql, int64_t wid, struct bytes word)
{
	struct sql_st *st =
		sql_st(sql, "INSERT INTO part(part, rowid, word) VALUES('delete', ?, ?)");

	sql_int(st, 1, wid);
	sql_text_bytes(st, 2, word);
	sql_run(st);
	st = sql_st(sql, "DELETE FROM word WHERE wid = ?");
	sql_int(st, 1, wid);
	sql_run(st);
}

static void word_count_down(struct sql *sql, struct bytes word)
{
	struct sql_st *st =
		sql_st(sql, "UPDATE word SET n = n - 1 WHERE word = ? RETURNING wid, n");
	int64_t wid = 0, left = 1;

	sql_text_bytes(st, 1, word);
	if (sql_next(st)) {
		wid = sql_get_int(st, 0);
		left = sql_get_int(st, 1);
	}
	sql_run(st);
	if (left <= 0)
		word_drop(sql, wid, word);
}

static void words_count(struct sql *sql, const struct buf *columns,
			void (*count)(struct sql *sql, struct bytes word))
{
	struct words words = {0};

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		term_words_add(&words, buf_bytes(&columns[i]));
	term_words_sort(&words);
	for (size_t i = 0; i < words.count; i++)
		count(sql, words.items[i]);
	free(words.items);
}

/* ---- full text ---- */

static void columns_init(struct buf *columns)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		buf_init(&columns[i], TERMS_TEXT_LEN_MAX);
}

static void columns_fini(struct buf *columns)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		buf_fini(&columns[i]);
}

static void columns_put(struct sql *sql, int64_t id, const struct buf *columns)
{
	struct sql_st *st = sql_st(sql, "INSERT INTO fts(rowid, title, keywords, path, text, files)"
					" VALUES(?, ?, ?, ?, ?, ?)");

	sql_int(st, 1, id);
	for (int i = 0; i < COLUMN_COUNT; i++)
		sql_text_bytes(st, i + 2, buf_bytes(&columns[i]));
	sql_run(st);
	words_count(sql, columns, word_count_up);
}

/* Takes them out. */
static void columns_take(struct sql *sql, int64_t id, struct buf *columns)
{
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
	words_count(sql, columns, word_count_down);
}

/* A text that is too long is found by its beginning. */
static void column_fold(struct buf *column, struct bytes text)
{
	fold_words(column, text);
	column->err = ERR_OK;
}

void fulltext_put(struct sql *sql, const struct index_item *item)
{
	const struct description *description = &item->description;
	struct buf columns[COLUMN_COUNT];

	columns_init(columns);
	column_fold(&columns[0], description->title);
	for (uint32_t i = 0; i < description->keyword_count; i++)
		column_fold(&columns[1], description->keywords[i]);
	column_fold(&columns[2], bytes_str(item->path));
	if (strcmp(item->path, item->kept) != 0)
		column_fold(&columns[2], bytes_str(item->kept));
	column_fold(&columns[3], description->text);
	column_fold(&columns[3], description->publisher);
	column_fold(&columns[3], bytes_str(item->organisation));
	columns_put(sql, item->id, columns);
	columns_fini(columns);
}

void fulltext_put_files(struct sql *sql, int64_t id, struct bytes names)
{
	struct buf columns[COLUMN_COUNT];

	columns_init(columns);
	columns_take(sql, id, columns);
	buf_reset(&columns[COLUMN_FILES]);
	column_fold(&columns[COLUMN_FILES], names);
	columns_put(sql, id, columns);
	columns_fini(columns);
}

void fulltext_drop(struct sql *sql, int64_t id)
{
	struct buf columns[COLUMN_COUNT];

	columns_init(columns);
	columns_take(sql, id, columns);
	columns_fini(columns);
}
