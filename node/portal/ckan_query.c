#include "node/portal/ckan_query.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "crypto/utf8.h"
#include "node/portal/ckan.h"

/* ---- life ---- */

void ckan_query_init(struct ckan_query *query)
{
	*query = (struct ckan_query){.filter_count = 0};
	/* Never moved, as the filters look at it. */
	buf_init(&query->texts, 4 * CKAN_QUERY_LEN_MAX);
	buf_space(&query->texts, query->texts.max);
	query->texts.len = 0;
}

void ckan_query_fini(struct ckan_query *query)
{
	buf_fini(&query->texts);
}

/* ---- tokens ---- */

enum scan_kind { SCAN_END, SCAN_TEXT, SCAN_QUOTED, SCAN_RANGE, SCAN_SIGN, SCAN_WRONG };

struct scan_token {
	enum scan_kind kind;
	char sign;         /* ( ) : + - */
	struct bytes text; /* of TEXT; between the quotes; between the brackets */
	bool opens, ends;  /* RANGE: without its first, its last end */
};

struct scan {
	struct bytes left;
	struct scan_token token; /* the next one */
	bool glued;              /* no blank before it */
	struct ckan_query *query;
	bool words;
	unsigned depth;
	char *why;
	enum err err;
};

static void scan_fail(struct scan *scan, const char *what, struct bytes text)
{
	struct bytes cut = utf8_cut(text, 80);

	if (!scan->err)
		snprintf(scan->why, WHY_LEN,
			 "%s: \"%.*s\"; what is understood says /api/3/action/"
			 "help_show?name=package_search",
			 what, (int)cut.len, (const char *)cut.ptr);
	scan->err = ERR_CONFIG;
}

static bool is_sign(uint8_t c)
{
	return c == '(' || c == ')' || c == ':';
}

/* What ends a text that is not in quotes. */
static bool is_stop(uint8_t c)
{
	return isspace(c) || is_sign(c) || c == '"' || c == '[' || c == '{' || c == ']' || c == '}';
}

static void take_until(struct scan *scan, const char *ends, enum scan_kind kind)
{
	size_t len = 1;

	while (len < scan->left.len && !strchr(ends, scan->left.ptr[len]))
		len++;
	if (len == scan->left.len) {
		scan->token.kind = SCAN_WRONG;
		return;
	}
	scan->token.kind = kind;
	scan->token.text = bytes_slice(scan->left, 1, len - 1);
	scan->token.ends = scan->left.ptr[len] == '}';
	scan->left = bytes_slice(scan->left, len + 1, scan->left.len);
}

static void take_text(struct scan *scan)
{
	size_t len = 0;

	while (len < scan->left.len && !is_stop(scan->left.ptr[len]) && scan->left.ptr[len])
		len++;
	scan->token.kind = len ? SCAN_TEXT : SCAN_WRONG;
	scan->token.text = bytes_slice(scan->left, 0, len);
	scan->left = bytes_slice(scan->left, len, scan->left.len);
}

static void take_sign(struct scan *scan)
{
	scan->token.kind = SCAN_SIGN;
	scan->token.sign = (char)scan->left.ptr[0];
	scan->left = bytes_slice(scan->left, 1, scan->left.len);
}

static void scan_next(struct scan *scan)
{
	uint8_t c;

	scan->glued = true;
	while (scan->left.len && isspace(scan->left.ptr[0])) {
		scan->left = bytes_slice(scan->left, 1, scan->left.len);
		scan->glued = false;
	}
	scan->token = (struct scan_token){SCAN_END};
	if (!scan->left.len)
		return;
	c = scan->left.ptr[0];
	scan->token.opens = c == '{';
	if (is_sign(c) || c == '+' || c == '-')
		take_sign(scan);
	else if (c == '"')
		take_until(scan, "\"", SCAN_QUOTED);
	else if (c == '[' || c == '{')
		take_until(scan, "]}", SCAN_RANGE);
	else
		take_text(scan);
}

static bool scan_is(const struct scan *scan, const char *word)
{
	return scan->token.kind == SCAN_TEXT && bytes_eq(scan->token.text, bytes_str(word));
}

static bool is_sign_now(const struct scan *scan, char sign)
{
	return scan->token.kind == SCAN_SIGN && scan->token.sign == sign;
}

/* ---- fields ---- */

enum field_kind {
	FIELD_FILTER,
	FIELD_NAME,
	FIELD_WORDS,    /* title, notes, text: words of any part */
	FIELD_MODIFIED, /* a range */
	FIELD_FIXED,    /* has one value here, whatever the dataset */
	FIELD_ALL       /* * */
};

static const struct field {
	const char *name;
	enum field_kind kind;
	enum index_field filter;
	const char *fixed; /* FIXED: of all datasets */
} FIELDS[] = {
	{"organization", FIELD_FILTER, INDEX_ORGANISATION, NULL},
	{"owner_org", FIELD_FILTER, INDEX_ORGANISATION, NULL},
	{"groups", FIELD_FILTER, INDEX_THEME, NULL},
	{"tags", FIELD_FILTER, INDEX_KEYWORD, NULL},
	{"res_format", FIELD_FILTER, INDEX_FORMAT, NULL},
	{"license_id", FIELD_FILTER, INDEX_LICENSE, NULL},
	{"id", FIELD_FILTER, INDEX_UUID, NULL},
	{"name", FIELD_NAME, INDEX_UUID, NULL},
	{"title", FIELD_WORDS, INDEX_UUID, NULL},
	{"notes", FIELD_WORDS, INDEX_UUID, NULL},
	{"text", FIELD_WORDS, INDEX_UUID, NULL},
	{"metadata_modified", FIELD_MODIFIED, INDEX_UUID, NULL},
	{"state", FIELD_FIXED, INDEX_UUID, "active"},
	{"type", FIELD_FIXED, INDEX_UUID, "dataset"},
	{"dataset_type", FIELD_FIXED, INDEX_UUID, "dataset"},
	{"entity_type", FIELD_FIXED, INDEX_UUID, "package"},
	{"capacity", FIELD_FIXED, INDEX_UUID, "public"},
	{"*", FIELD_ALL, INDEX_UUID, NULL},
};

static const struct field *field_find(struct bytes name)
{
	for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++)
		if (bytes_eq(name, bytes_str(FIELDS[i].name)))
			return &FIELDS[i];
	return NULL;
}

/* ---- values ---- */

static const char *query_text_keep(struct scan *scan, struct bytes text, bool upper)
{
	struct buf *texts = &scan->query->texts;
	size_t at = texts->len;

	if (texts->len + text.len + 1 > texts->max) {
		scan_fail(scan, "the query is too long", text);
		return "";
	}
	buf_add(texts, text);
	buf_add_u8(texts, '\0');
	for (size_t i = at; upper && i < texts->len; i++)
		texts->ptr[i] = (uint8_t)toupper(texts->ptr[i]);
	return (const char *)texts->ptr + at;
}

static void query_words_add(struct scan *scan, struct bytes text)
{
	char *words = scan->query->words;
	size_t len = strlen(words);

	if (len + text.len + 1 > CKAN_WORDS_LEN_MAX || memchr(text.ptr, 0, text.len)) {
		scan_fail(scan, "the query has too many words", text);
		return;
	}
	snprintf(words + len, CKAN_WORDS_LEN_MAX + 1 - len, " %.*s", (int)text.len,
		 (const char *)text.ptr);
}

/* A name is a path, or ends in the beginning of a uuid (ckan_name()). */
static void name_value(struct scan *scan, struct index_filter *filter, struct bytes text)
{
	bool prefixed = text.len > 10 && !memcmp(text.ptr + text.len - 10, "_-", 2);
	enum index_field field = prefixed ? INDEX_UUID : INDEX_PATH;
	char path[LIMIT_PATH_LEN_MAX + 1];

	ckan_path(path, text);
	if (prefixed)
		snprintf(path, sizeof(path), "%.8s", (const char *)text.ptr + text.len - 8);
	if (filter->value_count && filter->field != field)
		scan_fail(scan, "these names do not go together with OR", text);
	filter->field = field;
	filter->values[filter->value_count++] = query_text_keep(scan, bytes_str(path), false);
}

static void filter_value_add(struct scan *scan, const struct field *field,
			     struct index_filter *filter, struct bytes text)
{
	if (filter->value_count == INDEX_VALUE_COUNT_MAX) {
		scan_fail(scan, "there are too many values", text);
	} else if (!text.len || memchr(text.ptr, '*', text.len) ||
		   memchr(text.ptr, '?', text.len) || memchr(text.ptr, '~', text.len) ||
		   memchr(text.ptr, '^', text.len)) {
		scan_fail(scan, "a value has no wildcards and the like", text);
	} else if (field->kind == FIELD_NAME) {
		name_value(scan, filter, text);
	} else {
		bool upper = field->filter == INDEX_THEME || field->filter == INDEX_FORMAT;

		filter->values[filter->value_count++] = query_text_keep(scan, text, upper);
	}
}

/* ---- times ---- */

static bool time_digits(const char **at, const char *end, unsigned count, int *out)
{
	*out = 0;
	for (unsigned i = 0; i < count; i++, (*at)++) {
		if (*at == end || !isdigit((unsigned char)**at))
			return false;
		*out = *out * 10 + (**at - '0');
	}
	return true;
}

static bool mark_take(const char **at, const char *end, char c)
{
	bool there = *at < end && **at == c;

	*at += there;
	return there;
}

static bool fraction_read(const char **at, const char *end, int64_t *us)
{
	int64_t unit = 100000;
	const char *from = *at;

	for (; *at < end && isdigit((unsigned char)**at); (*at)++, unit /= 10)
		*us += unit * (**at - '0');
	return *at > from && *at - from <= 9;
}

static bool time_read(int64_t *out_us, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	struct tm tm = {0};
	int64_t us = 0;

	if (!time_digits(&at, end, 4, &tm.tm_year) || !mark_take(&at, end, '-') ||
	    !time_digits(&at, end, 2, &tm.tm_mon) || !mark_take(&at, end, '-') ||
	    !time_digits(&at, end, 2, &tm.tm_mday))
		return false;
	if (mark_take(&at, end, 'T') &&
	    (!time_digits(&at, end, 2, &tm.tm_hour) || !mark_take(&at, end, ':') ||
	     !time_digits(&at, end, 2, &tm.tm_min) || !mark_take(&at, end, ':') ||
	     !time_digits(&at, end, 2, &tm.tm_sec) ||
	     (mark_take(&at, end, '.') && !fraction_read(&at, end, &us))))
		return false;
	mark_take(&at, end, 'Z');
	if (at != end || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*out_us = (int64_t)timegm(&tm) * 1000000 + us;
	return true;
}

static bool end_read(struct bytes text, bool *open, int64_t *us)
{
	while (text.len && isspace(text.ptr[0]))
		text = bytes_slice(text, 1, text.len);
	while (text.len && isspace(text.ptr[text.len - 1]))
		text.len--;
	*open = text.len == 1 && text.ptr[0] == '*';
	return *open || time_read(us, (const char *)text.ptr, text.len);
}

static int64_t ceil_ms(int64_t us)
{
	return us > 0 ? (us + 999) / 1000 : 0;
}

/* Bounds of 0 say that there is none, so one before 1970 is the first moment of it. */
static void range_add(struct scan *scan, const struct scan_token *token)
{
	const uint8_t *to = memmem(token->text.ptr, token->text.len, " TO ", 4);
	struct ckan_query *query = scan->query;
	bool open_from, open_to;
	int64_t from_us = 0, to_us = 0;

	if (!to ||
	    !end_read(bytes_slice(token->text, 0, (size_t)(to - token->text.ptr)), &open_from,
		      &from_us) ||
	    !end_read(bytes_slice(token->text, (size_t)(to - token->text.ptr) + 4, token->text.len),
		      &open_to, &to_us)) {
		scan_fail(scan, "this is no range of times", token->text);
		return;
	}
	if (!open_from) {
		int64_t ms = ceil_ms(from_us + token->opens);
		if (ms > query->modified_from_ms)
			query->modified_from_ms = ms;
	}
	if (!open_to) {
		int64_t ms = (to_us - token->ends) / 1000;
		if (ms < 1)
			query->nothing = true;
		else if (!query->modified_to_ms || ms < query->modified_to_ms)
			query->modified_to_ms = ms;
	}
}

/* ---- statements ---- */

static void fixed_value(struct scan *scan, const struct field *field, bool not, struct bytes text)
{
	if (bytes_eq(text, bytes_str(field->fixed)) == not )
		scan->query->nothing = true;
}

/* After "FIELD:". */
static void clause_value(struct scan *scan, const struct field *field, struct index_filter *filter)
{
	struct scan_token token = scan->token;

	if (token.kind != SCAN_TEXT && token.kind != SCAN_QUOTED) {
		scan_fail(scan, "a value is missing after", bytes_str(field->name));
		return;
	}
	scan_next(scan);
	if (field->kind == FIELD_FIXED)
		fixed_value(scan, field, filter->not, token.text);
	else if (field->kind == FIELD_WORDS)
		query_words_add(scan, token.text);
	else
		filter_value_add(scan, field, filter, token.text);
}

/* "(a OR b)" after "FIELD:". */
static void values_read(struct scan *scan, const struct field *field, struct index_filter *filter)
{
	scan_next(scan);
	clause_value(scan, field, filter);
	while (!scan->err && scan_is(scan, "OR")) {
		scan_next(scan);
		clause_value(scan, field, filter);
	}
	if (!is_sign_now(scan, ')'))
		scan_fail(scan, "between brackets values stand with OR, then \")\"",
			  scan->token.text);
	scan_next(scan);
}

static void modified_read(struct scan *scan, bool not )
{
	if (not || scan->token.kind != SCAN_RANGE)
		scan_fail(scan, "metadata_modified wants a range, [FROM TO TO]", scan->token.text);
	else
		range_add(scan, &scan->token);
	scan_next(scan);
}

/* The field's name was read, its colon is next. */
static void field_value(struct scan *scan, const struct field *field, struct index_filter *filter)
{
	scan_next(scan);
	if (field->kind == FIELD_ALL) {
		if (!scan_is(scan, "*"))
			scan_fail(scan, "only *:* is everything", scan->token.text);
		scan->query->nothing |= filter->not ;
		scan_next(scan);
	} else if (field->kind == FIELD_MODIFIED) {
		modified_read(scan, filter->not );
	} else if (field->kind == FIELD_WORDS && filter->not ) {
		scan_fail(scan, "words cannot be excluded", bytes_str(field->name));
	} else if (is_sign_now(scan, '(')) {
		values_read(scan, field, filter);
	} else {
		clause_value(scan, field, filter);
	}
}

/* What may stand on both sides of OR: values of one field. */
static bool can_join(const struct field *field)
{
	return field->kind == FIELD_FILTER || field->kind == FIELD_NAME;
}

/* "OR FIELD:VALUE", with the field of before. */
static void alternatives(struct scan *scan, const struct field *field, struct index_filter *filter)
{
	while (!scan->err && scan_is(scan, "OR")) {
		scan_next(scan);
		const struct field *other =
			scan->token.kind == SCAN_TEXT ? field_find(scan->token.text) : NULL;

		scan_next(scan);
		if (filter->not || other != field || !can_join(field) || !is_sign_now(scan, ':')) {
			scan_fail(scan, "OR joins values of one field", bytes_str(field->name));
			return;
		}
		field_value(scan, field, filter);
	}
}

static void filter_keep(struct scan *scan, const struct index_filter *filter)
{
	struct ckan_query *query = scan->query;

	if (scan->err || !filter->value_count)
		return;
	if (query->filter_count == INDEX_FILTER_COUNT_MAX)
		scan_fail(scan, "there are too many conditions", bytes_of(NULL, 0));
	else
		query->filters[query->filter_count++] = *filter;
}

static void clause_field(struct scan *scan, struct bytes name, bool not )
{
	const struct field *field = field_find(name);
	struct index_filter filter = {.not = not };

	if (!field) {
		scan_fail(scan, "this field is not known", name);
		return;
	}
	filter.field = field->filter;
	field_value(scan, field, &filter);
	alternatives(scan, field, &filter);
	filter_keep(scan, &filter);
}

static void word_read(struct scan *scan, struct bytes text, bool not )
{
	if (!scan->words)
		scan_fail(scan, "a filter is FIELD:VALUE", text);
	else if (not || scan_is(scan, "OR"))
		scan_fail(scan, "words can neither be excluded nor joined by OR", text);
	else if (memchr(text.ptr, '*', text.len) || memchr(text.ptr, '~', text.len))
		scan_fail(scan, "words have no wildcards and the like; parts are found as well",
			  text);
	else
		query_words_add(scan, text);
}

static bool not_read(struct scan *scan)
{
	bool not = is_sign_now(scan, '-') || scan_is(scan, "NOT");

	if (not || is_sign_now(scan, '+'))
		scan_next(scan);
	return not ;
}

static void clauses_take(struct scan *scan);

static void clause_take(struct scan *scan)
{
	bool not = not_read(scan);
	struct scan_token token = scan->token;

	scan_next(scan);
	if (token.kind == SCAN_SIGN && token.sign == '(' && !not &&scan->depth < CKAN_PARENS_MAX) {
		scan->depth++;
		clauses_take(scan);
		scan->depth--;
		if (!is_sign_now(scan, ')') && !scan->err)
			scan_fail(scan, "\")\" is missing", scan->token.text);
		scan_next(scan);
		if (scan_is(scan, "OR"))
			scan_fail(scan, "OR joins values of one field", scan->token.text);
	} else if (token.kind == SCAN_TEXT && is_sign_now(scan, ':')) {
		clause_field(scan, token.text, not );
	} else if ((token.kind == SCAN_TEXT && !bytes_eq(token.text, bytes_str("OR")) &&
		    !bytes_eq(token.text, bytes_str("AND"))) ||
		   token.kind == SCAN_QUOTED) {
		word_read(scan, token.text, not );
	} else {
		scan_fail(scan, "this is not understood", token.text);
	}
}

static void clauses_take(struct scan *scan)
{
	do {
		clause_take(scan);
		if (scan_is(scan, "AND"))
			scan_next(scan);
		else if (scan->token.kind == SCAN_END || is_sign_now(scan, ')'))
			break;
	} while (!scan->err);
}

enum err ckan_query_add(struct ckan_query *query, const char *text, bool words, char *why)
{
	struct scan scan = {.left = bytes_str(text), .query = query, .words = words, .why = why};

	if (scan.left.len > CKAN_QUERY_LEN_MAX) {
		scan_fail(&scan, "the query is too long", scan.left);
		return scan.err;
	}
	scan_next(&scan);
	/* "*" alone is what some programs send for everything. */
	if (scan.token.kind == SCAN_END || (scan_is(&scan, "*") && !scan.left.len))
		return ERR_OK;
	clauses_take(&scan);
	if (!scan.err && scan.token.kind != SCAN_END)
		scan_fail(&scan, "this is not understood", scan.token.text);
	return scan.err;
}

/* ---- order ---- */

static const struct {
	const char *name;
	enum index_sort up, down;
} SORTS[] = {
	{"id", INDEX_BY_UUID, INDEX_BY_UUID_DOWN},
	{"name", INDEX_BY_PATH, INDEX_BY_PATH_DOWN},
	{"title", INDEX_BY_TITLE, INDEX_BY_TITLE_DOWN},
	{"title_string", INDEX_BY_TITLE, INDEX_BY_TITLE_DOWN},
	{"metadata_modified", INDEX_BY_MODIFIED, INDEX_BY_MODIFIED_DOWN},
	{"metadata_created", INDEX_BY_PUBLISHED, INDEX_BY_PUBLISHED_DOWN},
	{"score", INDEX_BEST, INDEX_BEST},
	{"relevance", INDEX_BEST, INDEX_BEST},
};

static bool sort_one(enum index_sort *out, const char *text, size_t len)
{
	char name[32] = "", way[8] = "asc", rest[2] = "", copy[64];

	if (len >= sizeof(copy))
		return false;
	snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	if (sscanf(copy, " %31s %7s %1s", name, way, rest) < 1 || rest[0])
		return false;
	bool down = !strcasecmp(way, "desc");
	for (size_t i = 0; i < sizeof(SORTS) / sizeof(SORTS[0]); i++) {
		if (strcmp(SORTS[i].name, name) || (!down && strcasecmp(way, "asc")))
			continue;
		*out = down ? SORTS[i].down : SORTS[i].up;
		return *out != INDEX_BEST || down;
	}
	return false;
}

/* After the best comes the newest, as CKAN says by default: that is how the best are ordered. */
enum err ckan_sort_read(enum index_sort *out, const char *text, char *why)
{
	const char *comma = strchr(text, ',');
	size_t len = comma ? (size_t)(comma - text) : strlen(text);
	enum index_sort second;

	if (sort_one(out, text, len) &&
	    (!comma ||
	     (*out == INDEX_BEST && !strchr(comma + 1, ',') &&
	      sort_one(&second, comma + 1, strlen(comma + 1)) && second == INDEX_BY_MODIFIED_DOWN)))
		return ERR_OK;
	snprintf(why, WHY_LEN,
		 "this order is not known: \"%.80s\"; there are \"FIELD asc\" and \"FIELD desc\" "
		 "of id, "
		 "name, title_string, metadata_modified and metadata_created, and \"score desc\"",
		 text);
	return ERR_CONFIG;
}
