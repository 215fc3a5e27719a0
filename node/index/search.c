/*
 * search - pages of the items that a query names, and how many there are of what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "node/index/select.h"

/* ---- pages ---- */

struct place {
	enum index_side side;
	uint32_t id;
};

/* A walk over both sides in one order. */
struct walk_sides {
	const struct select *select;
	enum order order;
	bool down;
	size_t at[SIDE_COUNT]; /* steps taken */
};

static uint32_t step_id(const struct walk_sides *walk, int side)
{
	const struct columns_side *of = &walk->select->columns->sides[side];
	size_t at = walk->at[side];

	return of->orders[walk->order][walk->down ? of->count - 1 - at : at];
}

static bool comes_first(const struct walk_sides *walk, int a, int b)
{
	const struct columns *columns = walk->select->columns;
	int way = columns_compare(walk->order, columns->sides[a].rows[step_id(walk, a)],
				  columns->sides[b].rows[step_id(walk, b)]);

	return walk->down ? way > 0 : way < 0;
}

/* The next item of all there are; false: there is none. */
static bool walk_step(struct walk_sides *walk, struct place *out)
{
	int first = -1;

	for (int side = 0; side < walk->select->sides; side++)
		if (walk->at[side] < walk->select->columns->sides[side].count &&
		    (first < 0 || comes_first(walk, side, first)))
			first = side;
	if (first < 0)
		return false;
	*out = (struct place){(enum index_side)first, step_id(walk, first)};
	walk->at[first]++;
	return true;
}

static enum order order_of(enum index_sort sort, bool *down)
{
	*down = sort == INDEX_BY_PATH_DOWN || sort == INDEX_BY_TITLE_DOWN ||
		sort == INDEX_BY_UUID_DOWN || sort == INDEX_BY_MODIFIED_DOWN ||
		sort == INDEX_BY_PUBLISHED_DOWN;
	switch (sort) {
	case INDEX_BY_TITLE:
	case INDEX_BY_TITLE_DOWN:
		return ORDER_TITLE;
	case INDEX_BY_UUID:
	case INDEX_BY_UUID_DOWN:
		return ORDER_UUID;
	case INDEX_BY_MODIFIED:
	case INDEX_BY_MODIFIED_DOWN:
		return ORDER_INDEXED;
	case INDEX_BY_PUBLISHED:
	case INDEX_BY_PUBLISHED_DOWN:
		return ORDER_PUBLISHED;
	case INDEX_BEST:
	case INDEX_BY_PATH:
	case INDEX_BY_PATH_DOWN:
		break;
	}
	return ORDER_PATH;
}

struct page {
	struct place *places;
	size_t count;
	uint64_t skip, limit;
};

/* Those of one level that are in no better one; level LEVEL_COUNT: all. */
static void page_walk(const struct select *select, struct page *page, int level)
{
	struct walk_sides walk = {.select = select};
	struct place place;

	walk.order = order_of(select->query->sort, &walk.down);
	while (page->count < page->limit && walk_step(&walk, &place)) {
		if (level < LEVEL_COUNT &&
		    (!levels_has(select->levels, place.side, (enum level)level, place.id) ||
		     (level > 0 &&
		      levels_has(select->levels, place.side, (enum level)(level - 1), place.id))))
			continue;
		if (!select_has(select, place.side, place.id))
			continue;
		if (page->skip)
			page->skip--;
		else
			page->places[page->count++] = place;
	}
}

static void page_find(const struct select *select, struct page *page)
{
	page->skip = select->query->offset;
	page->limit = select->query->limit;
	page->places = mem_new(page->limit ? page->limit : 1, sizeof(*page->places));
	if (select->query->sort != INDEX_BEST || !select->levels) {
		page_walk(select, page, LEVEL_COUNT);
		return;
	}
	for (int level = 0; level < LEVEL_COUNT && page->count < page->limit; level++)
		page_walk(select, page, level);
}

static bool item_load(const struct select *select, const struct place *place,
		      struct index_item *out)
{
	struct sql_st *st = sql_st(select->sql, place->side == SIDE_OPEN
							? "SELECT " STORE_ITEM_COLUMNS
							  " FROM main.dataset d WHERE d.id = ?"
							: "SELECT " STORE_ITEM_COLUMNS
							  " FROM closed.dataset d WHERE d.id = ?");
	sql_int(st, 1, place->id);
	bool there = sql_next(st);
	if (there)
		store_item_read(st, place->side == SIDE_OPEN, out);
	sql_end(st);
	/* Another one may have come in its place since the lock was given back. */
	if (!there || visitor_sees(select->visitor, out->tier, out->kept))
		return there;
	index_item_fini(out);
	return false;
}

static void page_tell(const struct select *select, const struct page *page,
		      bool (*each)(void *arg, const struct index_item *item), void *arg)
{
	bool more = true;

	for (size_t i = 0; i < page->count && more; i++) {
		struct index_item item;

		if (!item_load(select, &page->places[i], &item))
			continue;
		more = each(arg, &item);
		index_item_fini(&item);
	}
}

static uint64_t count_all(const struct select *select)
{
	uint64_t count = 0;

	for (int side = 0; side < select->sides; side++) {
		const struct columns_side *of = &select->columns->sides[side];

		for (uint32_t id = 0; id < of->cap; id++)
			count += select_has(select, (enum index_side)side, id);
	}
	return count;
}

enum err index_search(struct index_reader *reader, const struct visitor *visitor,
		      const struct index_query *query,
		      bool (*each)(void *arg, const struct index_item *item), void *arg,
		      uint64_t *total, char *why)
{
	struct page page = {.count = 0};
	struct select select;
	enum err err = select_begin(&select, reader, visitor, query, why);

	if (!err) {
		if (total)
			*total = count_all(&select);
		page_find(&select, &page);
		select_unlock(&select);
		page_tell(&select, &page, each, arg);
		free(page.places);
	}
	return select_end(&select, err, why);
}

/* ---- facets ---- */

struct tally {
	uint32_t number; /* of the value */
	uint32_t count;
	struct place sample; /* one that has it */
};

/* By value; the caller frees. */
static struct tally *tally_all(const struct select *select, enum index_field field)
{
	const struct values *values = &select->columns->values;
	struct tally *tally = mem_new(values->count ? values->count : 1, sizeof(*tally));

	for (int side = 0; side < select->sides; side++) {
		const struct columns_side *of = &select->columns->sides[side];

		for (uint32_t id = 0; id < of->cap; id++) {
			if (!select_has(select, (enum index_side)side, id))
				continue;
			const struct row *row = of->rows[id];
			for (uint32_t k = 0; k < row->value_count; k++) {
				struct tally *of_value = &tally[row->values[k]];

				of_value->count++;
				of_value->sample = (struct place){(enum index_side)side, id};
			}
		}
	}
	for (size_t i = 0; i < values->count; i++) {
		tally[i].number = (uint32_t)i;
		if (values->items[i].field != field)
			tally[i].count = 0;
	}
	return tally;
}

static int tally_order(const void *a, const void *b, void *arg)
{
	const struct tally *x = a, *y = b;
	const struct value *values = ((const struct values *)arg)->items;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	if (!x->count)
		return 0;
	return strcmp(values[x->number].text, values[y->number].text);
}

/* The first component of the path of one that has it: the value is the home. */
static const char *tally_slug(const struct select *select, const struct tally *tally,
			      char out[CHARTER_SLUG_LEN_MAX + 1])
{
	const struct row *row = select->columns->sides[tally->sample.side].rows[tally->sample.id];
	struct bytes slug = path_slug(bytes_str(row->path));

	snprintf(out, CHARTER_SLUG_LEN_MAX + 1, "%.*s", (int)slug.len, (const char *)slug.ptr);
	return out;
}

struct counted {
	char *value, *label;
	uint32_t count;
	struct place sample;
};

/* At most max, the most first; how many. Those without any go to the end. */
static size_t counts_copy(const struct select *select, enum index_field field, size_t max,
			  struct counted **out)
{
	const struct values *values = &select->columns->values;
	struct tally *tally = tally_all(select, field);
	char slug[CHARTER_SLUG_LEN_MAX + 1];
	size_t some = 0, count;

	for (size_t i = 0; i < values->count; i++)
		if (tally[i].count)
			tally[some++] = tally[i];
	qsort_r(tally, some, sizeof(*tally), tally_order, (void *)values);
	*out = mem_new(some < max ? some + 1 : max + 1, sizeof(**out));
	for (count = 0; count < some && count < max; count++) {
		const struct value *value = &values->items[tally[count].number];
		bool home = field == INDEX_ORGANISATION;

		(*out)[count] = (struct counted){
			.value = mem_str(home ? tally_slug(select, &tally[count], slug)
					      : value->text),
			.label = mem_str(value->label),
			.count = tally[count].count,
			.sample = tally[count].sample};
	}
	free(tally);
	return count;
}

static void counts_free(struct counted *counts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(counts[i].value);
		free(counts[i].label);
	}
	free(counts);
}

enum err index_facets(struct index_reader *reader, const struct visitor *visitor,
		      const struct index_query *query, enum index_facet facet, size_t max,
		      bool (*each)(void *arg, const char *value, const char *label, uint64_t count),
		      void *arg, char *why)
{
	struct select select;
	enum err err = select_begin(&select, reader, visitor, query, why);

	if (!err) {
		struct counted *counts;
		size_t count = counts_copy(&select, (enum index_field)facet, max, &counts);
		bool more = true;

		select_unlock(&select);
		for (size_t i = 0; i < count && more; i++)
			more = each(arg, counts[i].value, counts[i].label, counts[i].count);
		counts_free(counts, count);
	}
	return select_end(&select, err, why);
}

/* ---- organisations ---- */

static int by_slug(const void *a, const void *b)
{
	return strcmp(((const struct counted *)a)->value, ((const struct counted *)b)->value);
}

static bool
organisation_tell(const struct select *select, const struct counted *counted,
		  bool (*each)(void *arg, const struct index_organisation *organisation), void *arg)
{
	struct index_item item;
	bool more = true;

	if (!item_load(select, &counted->sample, &item))
		return true;
	if (!strcmp(item.slug, counted->value))
		more = each(arg, &(struct index_organisation){.slug = item.slug,
							      .home = item.home,
							      .name = item.organisation,
							      .ags = item.ags,
							      .count = counted->count});
	index_item_fini(&item);
	return more;
}

enum err index_organisations(struct index_reader *reader, const struct visitor *visitor,
			     bool (*each)(void *arg, const struct index_organisation *organisation),
			     void *arg)
{
	struct select select;
	char ignored[WHY_LEN];
	enum err err = select_begin(&select, reader, visitor, &(struct index_query){0}, ignored);

	if (!err) {
		struct counted *counts;
		size_t count = counts_copy(&select, INDEX_ORGANISATION, SIZE_MAX - 1, &counts);
		bool more = true;

		select_unlock(&select);
		qsort(counts, count, sizeof(*counts), by_slug);
		for (size_t i = 0; i < count && more; i++)
			more = organisation_tell(&select, &counts[i], each, arg);
		counts_free(counts, count);
	}
	return select_end(&select, err, ignored);
}
