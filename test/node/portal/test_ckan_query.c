/* What harvesters and portals send as q, fq and sort: understood, or refused with a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/portal/ckan.h"
#include "node/portal/ckan_query.h"

static const char *const FIELDS[] = {
	[INDEX_ORGANISATION] = "org", [INDEX_THEME] = "theme", [INDEX_KEYWORD] = "key",
	[INDEX_FORMAT] = "format",    [INDEX_LICENSE] = "lic", [INDEX_TIER] = "tier",
	[INDEX_UUID] = "uuid",        [INDEX_PATH] = "path",   [INDEX_BELOW] = "below",
};

/* What was understood, as a text. */
static void show(struct buf *out, const struct ckan_query *query)
{
	char text[64];

	for (size_t i = 0; i < query->filter_count; i++) {
		const struct index_filter *filter = &query->filters[i];

		buf_add(out, bytes_str(filter->not ? "-" : ""));
		buf_add(out, bytes_str(FIELDS[filter->field]));
		for (size_t k = 0; k < filter->value_count; k++) {
			buf_add(out, bytes_str(k ? "|" : "="));
			buf_add(out, bytes_str(filter->values[k]));
		}
		buf_add_u8(out, ';');
	}
	if (query->words[0]) {
		buf_add(out, bytes_str("words="));
		buf_add(out, bytes_str(query->words + 1));
		buf_add_u8(out, ';');
	}
	if (query->modified_from_ms || query->modified_to_ms) {
		snprintf(text, sizeof(text), "%lld..%lld;", (long long)query->modified_from_ms,
			 (long long)query->modified_to_ms);
		buf_add(out, bytes_str(text));
	}
	if (query->nothing)
		buf_add(out, bytes_str("nothing;"));
}

static const struct {
	const char *in;
	bool words;
	const char *out; /* NULL: refused */
} CASES[] = {
	{"", true, ""},
	{"  ", false, ""},
	{"*:*", true, ""},
	{"*", true, ""},
	{"kita plätze", true, "words=kita plätze;"},
	{"\"freie plätze\" kita", true, "words=freie plätze kita;"},
	{"+kita", true, "words=kita;"},
	{"kita organization:meissen", true, "org=meissen;words=kita;"},
	{"title:Kita", true, "words=Kita;"},
	{"title:\"Freie Plätze\"", false, "words=Freie Plätze;"},
	{"organization:a", false, "org=a;"},
	{"organization:\"a b\"", false, "org=a b;"},
	{"organization:a OR organization:b", false, "org=a|b;"},
	{"organization:(a OR b OR c)", false, "org=a|b|c;"},
	{"(organization:a OR organization:b)", false, "org=a|b;"},
	{"(organization:a OR organization:b) AND -groups:envi", false, "org=a|b;-theme=ENVI;"},
	{"-organization:a -organization:b", false, "-org=a;-org=b;"},
	{"NOT organization:a", false, "-org=a;"},
	{"-organization:(a OR b)", false, "-org=a|b;"},
	{"organization:a groups:envi tags:Kita", false, "org=a;theme=ENVI;key=Kita;"},
	{"+organization:a +res_format:csv", false, "org=a;format=CSV;"},
	{"license_id:dl-by-de/2.0", false, "lic=dl-by-de/2.0;"},
	{"name:meissen--kita--plaetze", false, "path=meissen/kita/plaetze;"},
	{"name:meissen-a_-0123abcd", false, "uuid=0123abcd;"},
	{"id:7d7f1d9e-0000-8000-8000-000000000000", false,
	 "uuid=7d7f1d9e-0000-8000-8000-000000000000;"},
	{"state:active", false, ""},
	{"+capacity:public +state:active", false, ""},
	{"type:dataset", false, ""},
	{"type:harvest", false, "nothing;"},
	{"-type:harvest", false, ""},
	{"-dataset_type:dataset", false, "nothing;"},
	{"metadata_modified:[2026-05-01T07:00:00.123456Z TO *]", false, "1777618800124..0;"},
	{"metadata_modified:[* TO 2026-05-01T07:00:00]", false, "0..1777618800000;"},
	{"metadata_modified:{2026-05-01T07:00:00Z TO 2026-05-02}", false,
	 "1777618800001..1777679999999;"},
	{"metadata_modified:[2026-05-01T07:00:00Z TO *] AND organization:a", false,
	 "org=a;1777618800000..0;"},
	{"metadata_modified:[* TO *]", false, ""},
	/* refused */
	{"kita", false, NULL},
	{"nonsense:a", true, NULL},
	{"organization:", true, NULL},
	{"organization", false, NULL},
	{"organization:a OR", false, NULL},
	{"organization:a OR groups:b", false, NULL},
	{"organization:a OR b", false, NULL},
	{"-organization:a OR organization:b", false, NULL},
	{"organization:(a b)", false, NULL},
	{"organization:(a OR b", false, NULL},
	{"(organization:a", false, NULL},
	{"organization:a)", false, NULL},
	{"-(organization:a)", false, NULL},
	{"(organization:a) OR organization:b", false, NULL},
	{"organization:a*", false, NULL},
	{"tags:*", false, NULL},
	{"organization:[a TO b]", false, NULL},
	{"kit*", true, NULL},
	{"kita~1", true, NULL},
	{"kita OR hort", true, NULL},
	{"-kita", true, NULL},
	{"-title:kita", true, NULL},
	{"OR", true, NULL},
	{"AND kita", true, NULL},
	{"\"kita", true, NULL},
	{"metadata_modified:2026-05-01", false, NULL},
	{"metadata_modified:[gestern TO *]", false, NULL},
	{"metadata_modified:[2026-13-01 TO *]", false, NULL},
	{"metadata_modified:[NOW-1DAY TO NOW]", false, NULL},
	{"-metadata_modified:[* TO *]", false, NULL},
	{"((((((((((organization:a))))))))))", false, NULL},
	{"{!lucene}a", true, NULL},
	{"a:b:c", true, NULL},
};

static void understood_or_refused(void **state)
{
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct ckan_query query;
		char why[WHY_LEN] = "";
		struct buf out;

		ckan_query_init(&query);
		buf_init(&out, 4096);
		enum err err = ckan_query_add(&query, CASES[i].in, CASES[i].words, why);
		show(&out, &query);
		if (err != (CASES[i].out ? ERR_OK : ERR_CONFIG) || (err && strlen(why) < 10))
			fail_msg("\"%s\" is answered with %s: %s", CASES[i].in, err_text(err), why);
		if (!err && !bytes_eq(buf_bytes(&out), bytes_str(CASES[i].out)))
			fail_msg("\"%s\" means \"%.*s\"", CASES[i].in, (int)out.len, out.ptr);
		buf_fini(&out);
		ckan_query_fini(&query);
	}
}

/* Several fq hold together, and of two ranges what both have. */
static void together(void **state)
{
	struct ckan_query query;
	char why[WHY_LEN];
	struct buf out;

	ckan_query_init(&query);
	buf_init(&out, 4096);
	assert_int_equal(ckan_query_add(&query, "kita", true, why), ERR_OK);
	assert_int_equal(ckan_query_add(&query, "organization:a", false, why), ERR_OK);
	assert_int_equal(
		ckan_query_add(&query, "metadata_modified:[1970-01-01T00:00:01 TO *]", false, why),
		ERR_OK);
	assert_int_equal(ckan_query_add(&query,
					"metadata_modified:[1970-01-01 TO 1970-01-01T00:00:02]",
					false, why),
			 ERR_OK);
	show(&out, &query);
	assert_true(bytes_eq(buf_bytes(&out), bytes_str("org=a;words=kita;1000..2000;")));
	buf_fini(&out);
	ckan_query_fini(&query);
}

/* At each limit, and one past it. */
static void bounded(void **state)
{
	static char text[CKAN_QUERY_LEN_MAX + 64];
	struct ckan_query query;
	char why[WHY_LEN];

	for (size_t i = 0; i <= INDEX_FILTER_COUNT_MAX; i++) {
		if (i == 0)
			ckan_query_init(&query);
		assert_int_equal(ckan_query_add(&query, "tags:x", false, why),
				 i < INDEX_FILTER_COUNT_MAX ? ERR_OK : ERR_CONFIG);
	}
	ckan_query_fini(&query);
	memset(text, 'x', sizeof(text) - 1);
	ckan_query_init(&query);
	assert_int_equal(ckan_query_add(&query, text, true, why), ERR_CONFIG);
	text[CKAN_WORDS_LEN_MAX - 1] = '\0';
	assert_int_equal(ckan_query_add(&query, text, true, why), ERR_OK);
	assert_int_equal(ckan_query_add(&query, "x", true, why), ERR_CONFIG);
	ckan_query_fini(&query);
	memcpy(text, "tags:(", 6);
	char *at = text + 6;
	for (size_t i = 0; i <= INDEX_VALUE_COUNT_MAX; i++)
		at += sprintf(at, "%sx", i ? " OR " : "");
	memcpy(at, ")", 2);
	ckan_query_init(&query);
	assert_int_equal(ckan_query_add(&query, text, false, why), ERR_CONFIG);
	ckan_query_fini(&query);
}

static void orders(void **state)
{
	static const struct {
		const char *in;
		int out; /* -1: refused */
	} cases[] = {
		{"id asc", INDEX_BY_UUID},
		{"id", INDEX_BY_UUID},
		{" metadata_modified  desc ", INDEX_BY_MODIFIED_DOWN},
		{"name ASC", INDEX_BY_PATH},
		{"title_string desc", INDEX_BY_TITLE_DOWN},
		{"metadata_created asc", INDEX_BY_PUBLISHED},
		{"score desc", INDEX_BEST},
		{"score desc, metadata_modified desc", INDEX_BEST},
		{"score asc", -1},
		{"id asc, name asc", -1},
		{"views_recent desc", -1},
		{"id up", -1},
		{"id asc x", -1},
		{"", -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum index_sort sort = INDEX_BEST;
		char why[WHY_LEN] = "";
		enum err err = ckan_sort_read(&sort, cases[i].in, why);

		if (err != (cases[i].out < 0 ? ERR_CONFIG : ERR_OK) ||
		    (!err && (int)sort != cases[i].out))
			fail_msg("\"%s\" is %d: %s", cases[i].in, (int)sort, why);
	}
}

/* A name leads back to its path, or has the beginning of the uuid. */
static void names(void **state)
{
	static const struct {
		const char *path, *name;
	} cases[] = {
		{"meissen/kita/plaetze", "meissen--kita--plaetze"},
		{"meissen/kita_plaetze-2026", "meissen--kita_plaetze-2026"},
		{"meissen/v1.2", "meissen-v1_2_-01234567"},
		{"a--b/c", "a--b-c_-01234567"},
		{"meissen/a-/b", "meissen-a--b_-01234567"},
		{"meissen/~4enf7y3v5ckyc2aj2bj6o4aj3i",
		 "meissen--4enf7y3v5ckyc2aj2bj6o4aj3i_-01234567"},
	};
	char name[CKAN_NAME_LEN_MAX + 1], path[LIMIT_PATH_LEN_MAX + 1], longest[600];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ckan_name(name, cases[i].path, "01234567-0000-8000-8000-000000000000");
		assert_string_equal(name, cases[i].name);
		if (i < 2) {
			ckan_path(path, bytes_str(name));
			assert_string_equal(path, cases[i].path);
		}
	}
	memset(longest, 'x', sizeof(longest));
	for (size_t len = 90; len < 120; len++) {
		snprintf(path, sizeof(path), "a/%.*s", (int)len, longest);
		ckan_name(name, path, "01234567-0000-8000-8000-000000000000");
		assert_true(strlen(name) <= CKAN_NAME_LEN_MAX);
		assert_int_equal(strstr(name, "_-01234567") != NULL, len + 3 > CKAN_NAME_LEN_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understood_or_refused),
		cmocka_unit_test(together),
		cmocka_unit_test(bounded),
		cmocka_unit_test(orders),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("ckan_query", tests, NULL, NULL);
}
