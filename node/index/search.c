/*
 * search - which items a query names, in which order; and how many there are of what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "node/index/fold.h"
#include "node/index/statement.h"
#include "node/index/words.h"

/* ---- queries that are wrong ---- */

static enum err query_refuse(char *why, const char *text, unsigned max)
{
	snprintf(why, WHY_LEN, text, max);
	return ERR_CONFIG;
}

static enum err filters_check(const struct index_query *query, char *why)
{
	if (query->filter_count > INDEX_FILTER_COUNT_MAX)
		return query_refuse(why, "a search has at most %u filters", INDEX_FILTER_COUNT_MAX);
	for (size_t i = 0; i < query->filter_count; i++)
		if (query->filters[i].value_count > INDEX_VALUE_COUNT_MAX)
			return query_refuse(why, "a filter has at most %u values",
					    INDEX_VALUE_COUNT_MAX);
	return ERR_OK;
}

/* Every parameter has a number of its own. */
static enum err bound_check(const struct index_query *query, char *why)
{
	size_t count = 16;

	for (size_t i = 0; i < query->filter_count; i++)
		count += 2 * query->filters[i].value_count;
	return 2 * count < STATEMENT_BOUND_MAX ? ERR_OK
					       : query_refuse(why, "a search has at most %u values",
							      STATEMENT_BOUND_MAX / 4);
}

static enum err query_check(const struct index_query *query, char *why)
{
	enum err err = filters_check(query, why);

	if (!err && query->limit > INDEX_PAGE_MAX)
		err = query_refuse(why, "an answer has at most %u datasets: ask for the next ones",
				   INDEX_PAGE_MAX);
	return err ? err : bound_check(query, why);
}

/* ---- a question ---- */

struct search {
	struct index_reader *reader;
	const struct visitor *visitor;
	const struct index_query *query;
	struct sql *sql;
	struct buf match; /* of full text, ended by a zero; empty: there are no words */
};

static enum err question_begin(struct search *search, char *why)
{
	enum err err = query_check(search->query, why);
	bool words = search->query->words && search->query->words[0];

	buf_init(&search->match, WORDS_MATCH_LEN_MAX);
	if (!err)
		err = reader_begin(search->reader, search->visitor, &search->sql);
	if (err == ERR_AGAIN)
		snprintf(why, WHY_LEN, "the index is being made: ask again in a moment");
	if (!err && words)
		err = match_make(&search->match, search->query->words, why);
	return err;
}

static const char *match_of(const struct search *search)
{
	return search->match.len ? (const char *)search->match.ptr : NULL;
}

static enum err question_end(struct search *search, enum err err, char *why)
{
	if (!err)
		err = reader_end(search->reader, search->sql);
	buf_fini(&search->match);
	if (err == ERR_BUSY)
		snprintf(why, WHY_LEN, "the search took too long: say more exactly what you seek");
	return err;
}

/* ---- pages ---- */

struct place {
	enum index_side side;
	int64_t id;
};

static const char *order_of(enum index_sort sort, bool words)
{
	switch (sort) {
	case INDEX_BEST:
		return words ? "bm25(fts, 8.0, 4.0, 2.0, 1.0, 1.0)" : "d.path";
	case INDEX_BY_PATH:
	case INDEX_BY_PATH_DOWN:
		return "d.path";
	case INDEX_BY_TITLE:
	case INDEX_BY_TITLE_DOWN:
		return "d.title";
	case INDEX_BY_UUID:
	case INDEX_BY_UUID_DOWN:
		return "d.uuid";
	case INDEX_BY_MODIFIED:
	case INDEX_BY_MODIFIED_DOWN:
		return "d.indexed";
	case INDEX_BY_PUBLISHED:
	case INDEX_BY_PUBLISHED_DOWN:
		return "d.published";
	}
	return "d.path";
}

static bool is_down(enum index_sort sort)
{
	return sort == INDEX_BY_PATH_DOWN || sort == INDEX_BY_TITLE_DOWN ||
	       sort == INDEX_BY_UUID_DOWN || sort == INDEX_BY_MODIFIED_DOWN ||
	       sort == INDEX_BY_PUBLISHED_DOWN;
}

static void page_side(struct statement *statement, const struct search *search,
		      enum index_side side)
{
	enum index_sort sort = search->query->sort;
	bool best = sort == INDEX_BEST && statement->match;

	statement_add(statement, "SELECT %d AS side, d.id AS id, %s AS k, d.path AS p FROM ", side,
		      order_of(sort, statement->match));
	if (best) {
		statement_add(statement, "%sfts JOIN %sdataset d ON d.id = fts.rowid",
			      reader_schema[side], reader_schema[side]);
		statement_where(statement, search->query, side, true);
		statement_add(statement, " AND fts MATCH ");
		statement_bind(statement, statement->match);
	} else {
		statement_add(statement, "%sdataset d", reader_schema[side]);
		statement_where(statement, search->query, side, false);
	}
}

/* The page's items, in order; the list is the caller's to free. */
static struct place *page_find(const struct search *search, size_t *count)
{
	struct place *places = mem_new(INDEX_PAGE_MAX, sizeof(*places));
	struct statement statement;

	statement_init(&statement, search->visitor, match_of(search));
	for (int side = 0; side < reader_sides(search->visitor); side++) {
		statement_add(&statement, side ? " UNION ALL " : "");
		page_side(&statement, search, (enum index_side)side);
	}
	statement_add(&statement, " ORDER BY k%s, p LIMIT %llu OFFSET %llu",
		      is_down(search->query->sort) ? " DESC" : "",
		      (unsigned long long)search->query->limit,
		      (unsigned long long)(search->query->offset > INT64_MAX
						   ? INT64_MAX
						   : search->query->offset));
	struct sql_st *st = statement_open(&statement, search->sql);
	for (*count = 0; sql_next(st) && *count < INDEX_PAGE_MAX; (*count)++)
		places[*count] =
			(struct place){(enum index_side)sql_get_int(st, 0), sql_get_int(st, 1)};
	sql_st_close(st);
	statement_fini(&statement);
	return places;
}

static bool item_load(struct sql *sql, const struct place *place, struct index_item *out)
{
	struct sql_st *st =
		sql_st(sql, place->side == SIDE_OPEN ? "SELECT " STORE_ITEM_COLUMNS
						       " FROM main.dataset d WHERE d.id = ?"
						     : "SELECT " STORE_ITEM_COLUMNS
						       " FROM closed.dataset d WHERE d.id = ?");
	sql_int(st, 1, place->id);
	bool there = sql_next(st);
	if (there)
		store_item_read(st, place->side == SIDE_OPEN, out);
	sql_end(st);
	return there;
}

static void page_tell(const struct search *search,
		      bool (*each)(void *arg, const struct index_item *item), void *arg)
{
	size_t count;
	struct place *places = page_find(search, &count);
	bool more = true;

	for (size_t i = 0; i < count && more; i++) {
		struct index_item item;

		if (!item_load(search->sql, &places[i], &item))
			continue;
		more = each(arg, &item);
		index_item_fini(&item);
	}
	free(places);
}

static uint64_t count_all(const struct search *search)
{
	struct statement statement;

	statement_init(&statement, search->visitor, match_of(search));
	for (int side = 0; side < reader_sides(search->visitor); side++) {
		statement_add(&statement, "%s(SELECT count(*) FROM %sdataset d",
			      side ? " + " : "SELECT ", reader_schema[side]);
		statement_where(&statement, search->query, (enum index_side)side, false);
		statement_add(&statement, ")");
	}
	struct sql_st *st = statement_open(&statement, search->sql);
	uint64_t count = sql_next(st) ? (uint64_t)sql_get_int(st, 0) : 0;
	sql_st_close(st);
	statement_fini(&statement);
	return count;
}

/* One view of the data for all statements of a question. */
static void snapshot_begin(struct search *search)
{
	sql_exec(search->sql, "BEGIN");
}

static void snapshot_end(struct search *search)
{
	sql_exec(search->sql, "COMMIT");
}

enum err index_search(struct index_reader *reader, const struct visitor *visitor,
		      const struct index_query *query,
		      bool (*each)(void *arg, const struct index_item *item), void *arg,
		      uint64_t *total, char *why)
{
	struct search search = {.reader = reader, .visitor = visitor, .query = query};
	enum err err = question_begin(&search, why);

	if (!err) {
		snapshot_begin(&search);
		if (total)
			*total = count_all(&search);
		if (query->limit)
			page_tell(&search, each, arg);
		snapshot_end(&search);
	}
	return question_end(&search, err, why);
}

/* ---- facets ---- */

static void facet_side(struct statement *statement, const struct search *search,
		       enum index_facet facet, enum index_side side)
{
	const char *schema = reader_schema[side];

	statement_add(statement, "SELECT %s AS value, v.label AS label, count(*) AS n FROM",
		      facet == INDEX_FACET_ORGANISATION ? "min(d.slug)" : "v.value");
	statement_add(statement,
		      " %svalue v JOIN %sfacet f ON f.vid = v.vid JOIN %sdataset d ON d.id = f.id",
		      schema, schema, schema);
	statement_where(statement, search->query, side, false);
	statement_add(statement, " AND v.field = %d GROUP BY v.vid", (int)facet);
}

enum err index_facets(struct index_reader *reader, const struct visitor *visitor,
		      const struct index_query *query, enum index_facet facet, size_t max,
		      bool (*each)(void *arg, const char *value, const char *label, uint64_t count),
		      void *arg, char *why)
{
	struct search search = {.reader = reader, .visitor = visitor, .query = query};
	enum err err = question_begin(&search, why);
	struct statement statement;

	if (err)
		return question_end(&search, err, why);
	statement_init(&statement, visitor, match_of(&search));
	statement_add(&statement, "SELECT value, max(label), sum(n) FROM (");
	for (int side = 0; side < reader_sides(visitor); side++) {
		statement_add(&statement, side ? " UNION ALL " : "");
		facet_side(&statement, &search, facet, (enum index_side)side);
	}
	statement_add(&statement, ") GROUP BY value ORDER BY 3 DESC, 1 LIMIT %zu", max);
	struct sql_st *st = statement_open(&statement, search.sql);
	while (sql_next(st) &&
	       each(arg, sql_get_text(st, 0), sql_get_text(st, 1), (uint64_t)sql_get_int(st, 2)))
		;
	sql_st_close(st);
	statement_fini(&statement);
	return question_end(&search, err, why);
}

/* ---- organisations ---- */

enum err index_organisations(struct index_reader *reader, const struct visitor *visitor,
			     bool (*each)(void *arg, const struct index_organisation *organisation),
			     void *arg)
{
	struct statement statement;
	struct sql *sql;
	enum err err = reader_begin(reader, visitor, &sql);

	if (err)
		return err;
	statement_init(&statement, visitor, NULL);
	statement_add(&statement, "SELECT max(slug), home, max(organisation), max(ags), sum(n)"
				  " FROM (");
	for (int side = 0; side < reader_sides(visitor); side++)
		statement_add(&statement,
			      "%sSELECT d.slug, d.home, d.organisation, d.ags, count(*) AS n"
			      " FROM %sdataset d WHERE 1%s GROUP BY d.home",
			      side ? " UNION ALL " : "", reader_schema[side],
			      reader_may(visitor, (enum index_side)side));
	statement_add(&statement, ") GROUP BY home ORDER BY 1");
	struct sql_st *st = statement_open(&statement, sql);
	bool more = true;
	while (more && sql_next(st)) {
		struct index_organisation organisation = {.slug = sql_get_text(st, 0),
							  .home = sql_get_text(st, 1),
							  .name = sql_get_text(st, 2),
							  .ags = sql_get_text(st, 3),
							  .count = (uint64_t)sql_get_int(st, 4)};
		more = each(arg, &organisation);
	}
	sql_st_close(st);
	statement_fini(&statement);
	return reader_end(reader, sql);
}
