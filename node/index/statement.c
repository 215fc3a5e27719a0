#include "node/index/statement.h"

#include <stdarg.h>
#include <stdio.h>

#include "crypto/check.h"

#define TEXT_LEN_MAX (256u * 1024)

void statement_init(struct statement *statement, const struct visitor *visitor, const char *match)
{
	statement->bound_count = 0;
	statement->visitor = visitor;
	statement->match = match;
	buf_init(&statement->text, TEXT_LEN_MAX);
}

void statement_fini(struct statement *statement)
{
	buf_fini(&statement->text);
}

void statement_add(struct statement *statement, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	check(len >= 0 && (size_t)len < sizeof(text));
	buf_add(&statement->text, bytes_of(text, (size_t)len));
}

void statement_bind(struct statement *statement, const char *text)
{
	check(statement->bound_count < STATEMENT_BOUND_MAX);
	statement->bound[statement->bound_count++] = text;
	statement_add(statement, "?%zu", statement->bound_count);
}

static void add_list(struct statement *statement, const struct index_filter *filter)
{
	statement_add(statement, "(");
	for (size_t i = 0; i < filter->value_count; i++) {
		statement_add(statement, i ? ", " : "");
		statement_bind(statement, filter->values[i]);
	}
	statement_add(statement, ")");
}

static void add_below(struct statement *statement, const struct index_filter *filter)
{
	statement_add(statement, "(0");
	for (size_t i = 0; i < filter->value_count; i++) {
		statement_add(statement, " OR d.path = ");
		statement_bind(statement, filter->values[i]);
		statement_add(statement, " OR (d.path > ?%zu || '/' AND d.path < ?%zu || '0')",
			      statement->bound_count, statement->bound_count);
	}
	statement_add(statement, ")");
}

static void add_facet(struct statement *statement, const struct index_filter *filter,
		      const char *schema)
{
	statement_add(statement,
		      "d.id IN (SELECT id FROM %sfacet WHERE vid IN (SELECT vid FROM %svalue"
		      " WHERE field = %d AND value IN ",
		      schema, schema, filter->field);
	add_list(statement, filter);
	if (filter->field == INDEX_ORGANISATION) {
		statement_add(statement,
			      " OR field = %d AND value IN (SELECT home FROM %salias"
			      " WHERE slug IN ",
			      filter->field, schema);
		add_list(statement, filter);
		statement_add(statement, ")");
	}
	statement_add(statement, "))");
}

static void add_filter(struct statement *statement, const struct index_filter *filter,
		       const char *schema)
{
	statement_add(statement, filter->not ? " AND NOT " : " AND ");
	if (filter->field == INDEX_UUID) {
		statement_add(statement, "d.uuid IN ");
		add_list(statement, filter);
	} else if (filter->field == INDEX_BELOW) {
		add_below(statement, filter);
	} else {
		add_facet(statement, filter, schema);
	}
}

static void add_short(struct statement *statement, enum index_field field, const char *value,
		      const char *schema)
{
	const struct index_filter filter = {.field = field, .values = {value}, .value_count = 1};

	if (value)
		add_filter(statement, &filter, schema);
}

void statement_where(struct statement *statement, const struct index_query *query,
		     enum index_side side, bool matched)
{
	const char *schema = reader_schema[side];

	statement_add(statement, " WHERE 1");
	if (statement->match && !matched) {
		statement_add(statement, " AND d.id IN (SELECT rowid FROM %sfts WHERE fts MATCH ",
			      schema);
		statement_bind(statement, statement->match);
		statement_add(statement, ")");
	}
	add_short(statement, INDEX_ORGANISATION, query->slug, schema);
	add_short(statement, INDEX_THEME, query->theme, schema);
	add_short(statement, INDEX_KEYWORD, query->keyword, schema);
	add_short(statement, INDEX_FORMAT, query->format, schema);
	add_short(statement, INDEX_LICENSE, query->license, schema);
	add_short(statement, INDEX_BELOW, query->below, schema);
	for (size_t i = 0; i < query->filter_count; i++)
		add_filter(statement, &query->filters[i], schema);
	if (query->modified_from_ms)
		statement_add(statement, " AND d.indexed >= %lld",
			      (long long)query->modified_from_ms);
	if (query->modified_to_ms)
		statement_add(statement, " AND d.indexed <= %lld",
			      (long long)query->modified_to_ms);
	statement_add(statement, "%s", reader_may(statement->visitor, side));
}

struct sql_st *statement_open(struct statement *statement, struct sql *sql)
{
	buf_add_u8(&statement->text, '\0');
	check(!statement->text.err);
	struct sql_st *st = sql_once(sql, (const char *)statement->text.ptr);
	for (size_t i = 0; i < statement->bound_count; i++)
		sql_text(st, (int)i + 1, statement->bound[i]);
	if (reader_sides(statement->visitor) == SIDE_COUNT)
		reader_may_bind(st, statement->visitor, SIDE_CLOSED);
	return st;
}
