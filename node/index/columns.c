#include "node/index/columns.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/index/fold.h"
#include "proto/dcat/vocab.h"

/* ---- life ---- */

void columns_init(struct columns *columns)
{
	pthread_rwlockattr_t attr;

	*columns = (struct columns){.loading = false};
	check(pthread_rwlockattr_init(&attr) == 0);
	check(pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) ==
	      0);
	check(pthread_rwlock_init(&columns->closed, &attr) == 0);
	check(pthread_rwlock_init(&columns->lock, &attr) == 0);
	pthread_rwlockattr_destroy(&attr);
	values_init(&columns->values);
	for (size_t i = 0; i < SIDE_COUNT; i++)
		vocabulary_init(&columns->sides[i].words);
}

static void row_close(struct columns *columns, struct row *row)
{
	for (uint32_t i = 0; i < row->value_count; i++)
		values_give(&columns->values, row->values[i]);
	free(row);
}

static void side_clear(struct columns *columns, struct columns_side *side)
{
	uint64_t generation = side->generation;

	for (size_t id = 0; id < side->cap; id++)
		if (side->rows[id])
			row_close(columns, side->rows[id]);
	free(side->rows);
	for (size_t order = 0; order < ORDER_COUNT; order++)
		free(side->orders[order]);
	vocabulary_fini(&side->words);
	*side = (struct columns_side){.generation = generation + 1};
}

void columns_clear(struct columns *columns)
{
	for (size_t i = 0; i < SIDE_COUNT; i++) {
		side_clear(columns, &columns->sides[i]);
		vocabulary_init(&columns->sides[i].words);
	}
}

void columns_fini(struct columns *columns)
{
	for (size_t i = 0; i < SIDE_COUNT; i++)
		side_clear(columns, &columns->sides[i]);
	values_fini(&columns->values);
	check(pthread_rwlock_destroy(&columns->lock) == 0);
	check(pthread_rwlock_destroy(&columns->closed) == 0);
}

/* ---- rows ---- */

struct numbers {
	uint32_t *items;
	size_t count, cap;
};

static void number_add(struct columns *columns, struct numbers *numbers, enum index_field field,
		       const char *text, const char *label)
{
	if (!*text)
		return;
	uint32_t number = values_take(&columns->values, field, text, label);
	for (size_t i = 0; i < numbers->count; i++) {
		if (numbers->items[i] != number)
			continue;
		values_give(&columns->values, number);
		return;
	}
	numbers->items =
		mem_room(numbers->items, numbers->count, &numbers->cap, sizeof(*numbers->items));
	numbers->items[numbers->count++] = number;
}

static void number_add_text(struct columns *columns, struct numbers *numbers,
			    enum index_field field, struct bytes text)
{
	char *copy = bytes_text(text);

	number_add(columns, numbers, field, copy, copy);
	free(copy);
}

/* By its code, in which way it may have been said. */
static void number_add_term(struct columns *columns, struct numbers *numbers,
			    enum index_field field, enum vocab vocab, struct bytes text)
{
	const struct vocab_term *term = text.len ? vocab_find(vocab, text) : NULL;

	if (term)
		number_add(columns, numbers, field, term->code, term->de);
	else
		number_add_text(columns, numbers, field, text);
}

/* People write one keyword in many ways. */
static void number_add_keyword(struct columns *columns, struct numbers *numbers,
			       struct bytes keyword)
{
	char *label = bytes_text(keyword);
	struct buf folded;

	buf_init(&folded, 2 * keyword.len + 1);
	fold_text(&folded, keyword, FOLD_SPELLED);
	buf_add_u8(&folded, '\0');
	if (!folded.err)
		number_add(columns, numbers, INDEX_KEYWORD, (const char *)folded.ptr, label);
	buf_fini(&folded);
	free(label);
}

static void number_add_formats(struct columns *columns, struct numbers *numbers,
			       const char *formats)
{
	while (*formats) {
		size_t len = strcspn(formats, " ");

		number_add_text(columns, numbers, INDEX_FORMAT, bytes_of(formats, len));
		formats += len + (formats[len] == ' ');
	}
}

static void numbers_make(struct columns *columns, struct numbers *numbers,
			 const struct index_item *item, const char *formats)
{
	const struct description *description = &item->description;

	number_add(columns, numbers, INDEX_ORGANISATION, item->home, item->organisation);
	number_add(columns, numbers, INDEX_TIER, tier_name(item->tier), tier_name(item->tier));
	for (uint32_t i = 0; i < description->theme_count; i++)
		number_add_term(columns, numbers, INDEX_THEME, VOCAB_THEME, description->themes[i]);
	number_add_term(columns, numbers, INDEX_LICENSE, VOCAB_LICENSE, description->license);
	for (uint32_t i = 0; i < description->keyword_count; i++)
		number_add_keyword(columns, numbers, description->keywords[i]);
	number_add_formats(columns, numbers, formats);
}

static const char *text_put(char **at, struct bytes text)
{
	char *from = *at;

	memcpy(from, text.len ? (const char *)text.ptr : "", text.len);
	from[text.len] = '\0';
	*at = from + text.len + 1;
	return from;
}

/* All of it in one piece of memory, as all rows are looked at one after the other. */
static struct row *column_row_make(struct columns *columns, const struct index_item *item,
				   const char *formats)
{
	struct bytes path = bytes_str(item->path), kept = bytes_str(item->kept);
	struct numbers numbers = {0};
	struct buf title;

	buf_init(&title, 2 * LIMIT_TITLE_LEN_MAX);
	fold_text(&title, item->description.title, FOLD_BARE);
	numbers_make(columns, &numbers, item, formats);
	size_t values_len = numbers.count * sizeof(*numbers.items);
	struct row *row = mem_new(1, sizeof(*row) + values_len + path.len + kept.len + title.len +
					     INDEX_UUID_LEN + 4);
	uint32_t *values = (uint32_t *)(row + 1);
	char *at = (char *)(values + numbers.count);
	if (numbers.count)
		memcpy(values, numbers.items, values_len);
	row->indexed_ms = item->indexed_ms;
	row->published_ms = item->published_ms;
	row->tier = item->tier;
	row->values = values;
	row->value_count = (uint32_t)numbers.count;
	row->path = row->kept = text_put(&at, path);
	if (!bytes_eq(path, kept))
		row->kept = text_put(&at, kept);
	row->title = text_put(&at, buf_bytes(&title));
	row->uuid = text_put(&at, bytes_str(item->uuid));
	free(numbers.items);
	buf_fini(&title);
	return row;
}

/* ---- orders ---- */

static int by_amount(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

int columns_compare(enum order order, const struct row *a, const struct row *b)
{
	int first = 0;

	switch (order) {
	case ORDER_TITLE:
		first = strcmp(a->title, b->title);
		break;
	case ORDER_UUID:
		first = strcmp(a->uuid, b->uuid);
		break;
	case ORDER_INDEXED:
		first = by_amount(a->indexed_ms, b->indexed_ms);
		break;
	case ORDER_PUBLISHED:
		first = by_amount(a->published_ms, b->published_ms);
		break;
	case ORDER_PATH:
	case ORDER_COUNT:
		break;
	}
	first = first ? first : strcmp(a->path, b->path);
	return first ? first : strcmp(a->uuid, b->uuid);
}

/* Where the row stands, or would stand. */
static size_t order_find(const struct columns_side *side, enum order order, const struct row *row)
{
	size_t from = 0, to = side->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct row *other = side->rows[side->orders[order][middle]];

		if (columns_compare(order, other, row) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static void orders_room(struct columns_side *side)
{
	if (side->count < side->order_cap)
		return;
	side->order_cap = side->order_cap ? 2 * side->order_cap : 1024;
	for (size_t i = 0; i < ORDER_COUNT; i++)
		side->orders[i] =
			mem_grow(side->orders[i], side->order_cap, sizeof(*side->orders[i]));
}

static void orders_put(struct columns *columns, struct columns_side *side, uint32_t id)
{
	orders_room(side);
	for (size_t i = 0; i < ORDER_COUNT; i++) {
		uint32_t *order = side->orders[i];
		size_t at = columns->loading ? side->count
					     : order_find(side, (enum order)i, side->rows[id]);

		memmove(order + at + 1, order + at, (side->count - at) * sizeof(*order));
		order[at] = id;
	}
	side->count++;
}

static void orders_drop(struct columns_side *side, uint32_t id)
{
	for (size_t i = 0; i < ORDER_COUNT; i++) {
		uint32_t *order = side->orders[i];
		size_t at = order_find(side, (enum order)i, side->rows[id]);

		while (order[at] != id)
			at++;
		memmove(order + at, order + at + 1, (side->count - at - 1) * sizeof(*order));
	}
	side->count--;
}

/* ---- changes ---- */

static void rows_room(struct columns_side *side, uint64_t id)
{
	size_t cap = side->cap ? side->cap : 1024;

	while (cap <= id)
		cap *= 2;
	if (cap == side->cap)
		return;
	side->rows = mem_grow(side->rows, cap, sizeof(*side->rows));
	memset(side->rows + side->cap, 0, (cap - side->cap) * sizeof(*side->rows));
	side->cap = cap;
}

void columns_drop(struct columns *columns, enum index_side at, int64_t id)
{
	struct columns_side *side = &columns->sides[at];

	side->generation++;
	if (!columns_row(side, (uint64_t)id))
		return;
	orders_drop(side, (uint32_t)id);
	row_close(columns, side->rows[id]);
	side->rows[id] = NULL;
}

void columns_put(struct columns *columns, enum index_side at, const struct index_item *item,
		 const char *formats)
{
	struct columns_side *side = &columns->sides[at];

	if (item->id < 0 || item->id > INT32_MAX)
		return;
	columns_drop(columns, at, item->id);
	rows_room(side, (uint64_t)item->id);
	side->rows[item->id] = column_row_make(columns, item, formats);
	orders_put(columns, side, (uint32_t)item->id);
}

void columns_load(struct columns *columns)
{
	columns->loading = true;
}

struct sorting {
	const struct columns_side *side;
	enum order order;
};

static int sort_compare(const void *a, const void *b, void *arg)
{
	const struct sorting *sorting = arg;
	const struct row *const *rows = (const struct row *const *)sorting->side->rows;

	return columns_compare(sorting->order, rows[*(const uint32_t *)a],
			       rows[*(const uint32_t *)b]);
}

void columns_loaded(struct columns *columns)
{
	columns->loading = false;
	for (size_t i = 0; i < SIDE_COUNT; i++) {
		struct columns_side *side = &columns->sides[i];

		for (size_t order = 0; order < ORDER_COUNT && side->count; order++)
			qsort_r(side->orders[order], side->count, sizeof(uint32_t), sort_compare,
				&(struct sorting){side, (enum order)order});
	}
}
