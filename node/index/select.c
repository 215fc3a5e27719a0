#include "node/index/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "node/index/fold.h"

#define LITTLE 3 /* found: then words that are one letter away count as well */

/* ---- queries that are wrong ---- */

static enum err query_refuse(char *why, const char *text, unsigned max)
{
	snprintf(why, WHY_LEN, text, max);
	return ERR_CONFIG;
}

static enum err query_check(const struct index_query *query, char *why)
{
	if (query->filter_count > INDEX_FILTER_COUNT_MAX)
		return query_refuse(why, "a search has at most %u filters", INDEX_FILTER_COUNT_MAX);
	for (size_t i = 0; i < query->filter_count; i++)
		if (query->filters[i].value_count > INDEX_VALUE_COUNT_MAX)
			return query_refuse(why, "a filter has at most %u values",
					    INDEX_VALUE_COUNT_MAX);
	if (query->limit > INDEX_PAGE_MAX)
		return query_refuse(why, "an answer has at most %u datasets: ask for the next ones",
				    INDEX_PAGE_MAX);
	return query->words && *query->words ? sought_check(query->words, why) : ERR_OK;
}

/* ---- filters ---- */

static void test_number_find(const struct select *select, struct select_test *test,
			     const char *text)
{
	uint32_t number;

	if (values_find(&select->columns->values, test->filter->field, text, &number))
		test->numbers[test->count++] = number;
}

/* As keywords are counted. */
static void number_find_folded(const struct select *select, struct select_test *test,
			       const char *text)
{
	struct buf folded;

	buf_init(&folded, 2 * strlen(text) + 1);
	fold_text(&folded, bytes_str(text), FOLD_SPELLED);
	buf_add_u8(&folded, '\0');
	if (!folded.err)
		test_number_find(select, test, (const char *)folded.ptr);
	buf_fini(&folded);
}

/* By the slug of its admission, or by any other that it has had. */
static void number_find_slug(const struct select *select, struct select_test *test,
			     const char *text)
{
	static const char *const statements[SIDE_COUNT] = {
		"SELECT home FROM main.alias WHERE slug = ?",
		"SELECT home FROM closed.alias WHERE slug = ?"};
	size_t before = test->count;

	for (int side = 0; side < select->sides && test->count == before; side++) {
		struct sql_st *st = sql_st(select->sql, statements[side]);

		sql_text(st, 1, text);
		if (sql_next(st))
			test_number_find(select, test, sql_get_text(st, 0));
		sql_end(st);
	}
	if (test->count == before)
		test_number_find(select, test, text);
}

static void test_add(struct select *select, const struct index_filter *filter)
{
	struct select_test *test = &select->tests[select->test_count++];

	*test = (struct select_test){.filter = filter};
	for (size_t i = 0; i < filter->value_count; i++) {
		if (filter->field == INDEX_KEYWORD)
			number_find_folded(select, test, filter->values[i]);
		else if (filter->field == INDEX_ORGANISATION)
			number_find_slug(select, test, filter->values[i]);
		else
			test_number_find(select, test, filter->values[i]);
	}
}

static void tests_make(struct select *select)
{
	const struct index_query *query = select->query;
	const struct {
		enum index_field field;
		const char *value;
	} shorts[] = {{INDEX_ORGANISATION, query->slug}, {INDEX_THEME, query->theme},
		      {INDEX_KEYWORD, query->keyword},   {INDEX_FORMAT, query->format},
		      {INDEX_LICENSE, query->license},   {INDEX_BELOW, query->below}};

	for (size_t i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++) {
		if (!shorts[i].value)
			continue;
		select->shorts[i] = (struct index_filter){
			.field = shorts[i].field, .values = {shorts[i].value}, .value_count = 1};
		test_add(select, &select->shorts[i]);
	}
	for (size_t i = 0; i < query->filter_count; i++)
		test_add(select, &query->filters[i]);
}

static bool text_fits(const struct index_filter *filter, const struct row *row)
{
	for (size_t i = 0; i < filter->value_count; i++) {
		const char *value = filter->values[i];

		if (filter->field == INDEX_PATH ? !strcmp(row->path, value)
		    : filter->field == INDEX_UUID
			    ? strlen(value) >= INDEX_UUID_START &&
				      !strncmp(row->uuid, value, strlen(value))
			    : path_contains(bytes_str(value), bytes_str(row->path)))
			return true;
	}
	return false;
}

static bool numbers_fit(const struct select_test *test, const struct row *row)
{
	for (size_t i = 0; i < test->count; i++)
		for (uint32_t k = 0; k < row->value_count; k++)
			if (row->values[k] == test->numbers[i])
				return true;
	return false;
}

static bool test_fits(const struct select_test *test, const struct row *row)
{
	enum index_field field = test->filter->field;
	bool text = field == INDEX_PATH || field == INDEX_UUID || field == INDEX_BELOW;

	return (text ? text_fits(test->filter, row) : numbers_fit(test, row)) != test->filter->not ;
}

/* All but the words. */
static bool row_fits(const struct select *select, const struct row *row)
{
	const struct index_query *query = select->query;

	if ((query->tiers && !(query->tiers >> row->tier & 1)) ||
	    (query->modified_from_ms && row->indexed_ms < query->modified_from_ms) ||
	    (query->modified_to_ms && row->indexed_ms > query->modified_to_ms) ||
	    (row->tier != TIER_OPEN && !visitor_sees(select->visitor, row->tier, row->kept)))
		return false;
	for (size_t i = 0; i < select->test_count; i++)
		if (!test_fits(&select->tests[i], row))
			return false;
	return true;
}

bool select_has(const struct select *select, enum index_side side, uint32_t id)
{
	const struct row *row = columns_row(&select->columns->sides[side], id);

	return row && (!select->levels || levels_has(select->levels, side, LEVEL_ANY, id)) &&
	       row_fits(select, row);
}

/* ---- words ---- */

/* Who turns pages, and who counts, asks for the same words again. */
static bool levels_are_those(const struct select *select, const struct reader_words *kept)
{
	if (!kept->text || strcmp(kept->text, select->query->words) != 0 ||
	    kept->sides != select->sides)
		return false;
	for (int side = 0; side < select->sides; side++)
		if (kept->generations[side] != select->columns->sides[side].generation)
			return false;
	return true;
}

static void levels_make(struct select *select, bool near)
{
	struct reader_words *kept = &select->reader->words[near];

	if (!levels_are_those(select, kept)) {
		levels_fini(&kept->levels);
		free(kept->text);
		kept->text = mem_str(select->query->words);
		kept->sides = select->sides;
		for (int side = 0; side < select->sides; side++)
			kept->generations[side] = select->columns->sides[side].generation;
		words_find(&kept->levels, select->sql, select->columns, select->sides, kept->text,
			   near);
	}
	select->levels = &kept->levels;
	if (sql_err(select->sql)) { /* it is not whole */
		free(kept->text);
		kept->text = NULL;
	}
}

static bool finds_little(const struct select *select)
{
	size_t count = 0;

	for (int side = 0; side < select->sides; side++) {
		const uint64_t *bits = select->levels->bits[side][LEVEL_ANY];

		for (size_t i = 0; i < select->levels->len[side] && count < LITTLE; i++)
			for (uint64_t left = bits[i]; left && count < LITTLE; left &= left - 1)
				count += select_has(select, (enum index_side)side,
						    (uint32_t)(64 * i) +
							    (uint32_t)__builtin_ctzll(left));
	}
	return count < LITTLE;
}

/* ---- life ---- */

enum err select_begin(struct select *select, struct index_reader *reader,
		      const struct visitor *visitor, const struct index_query *query, char *why)
{
	*select = (struct select){.reader = reader,
				  .visitor = visitor,
				  .query = query,
				  .columns = &reader->store->columns,
				  .sides = reader_sides(visitor)};
	enum err err = query_check(query, why);
	if (!err)
		err = reader_begin(reader, visitor, &select->sql);
	if (err)
		return err;
	if (select->sides > SIDE_CLOSED)
		pthread_rwlock_rdlock(&reader->store->columns.closed);
	pthread_rwlock_rdlock(&reader->store->columns.lock);
	select->locked = true;
	if (!atomic_load(&reader->store->complete)) /* lost in this moment */
		return ERR_AGAIN;
	tests_make(select);
	if (query->words && *query->words) {
		levels_make(select, false);
		if (finds_little(select))
			levels_make(select, true);
	}
	return ERR_OK;
}

void select_unlock(struct select *select)
{
	struct columns *columns = &select->reader->store->columns;

	if (select->locked)
		pthread_rwlock_unlock(&columns->lock);
	if (select->locked && select->sides > SIDE_CLOSED)
		pthread_rwlock_unlock(&columns->closed);
	select->locked = false;
}

enum err select_end(struct select *select, enum err err, char *why)
{
	select_unlock(select);
	if (!err)
		err = reader_end(select->reader, select->sql);
	if (err == ERR_AGAIN)
		snprintf(why, WHY_LEN, "the index is being made: ask again in a moment");
	else if (err == ERR_BUSY)
		snprintf(why, WHY_LEN, "the search took too long: say more exactly what you seek");
	else if (err && err != ERR_CONFIG)
		snprintf(why, WHY_LEN, "the index cannot be read: %s", err_text(err));
	return err;
}
