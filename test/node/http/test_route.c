#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/http/route.h"

static void serve(struct web_call *call)
{
}

static const struct route first[] = {
	{HTTP_GET, "/status"},
	{HTTP_POST, "/status"},
	{HTTP_PUT, "/uploads/*/files/**"},
	{0},
};
static const struct route second[] = {
	{HTTP_GET, "/d/*", .who = WHO_ANYONE, .serve = serve},
	{HTTP_GET, "/d/*/**", .who = WHO_ANYONE, .serve = serve},
	{HTTP_GET, "/x/*.ttl", .who = WHO_TOKEN, .serve = serve},
	{HTTP_POST, "/x/*.ttl", .who = WHO_TOKEN, .serve = serve},
	{0},
};
static const struct route *const tables[] = {first, second, NULL};

static void rows_are_found(void **state)
{
	static const struct {
		enum http_method method;
		const char *path;
		bool everybody;
		const struct route *route;
		unsigned methods, parts;
		const char *rest;
	} cases[] = {
		{HTTP_GET, "/status", false, &first[0], 1 << HTTP_GET | 1 << HTTP_POST, 0, NULL},
		{HTTP_POST, "/status", false, &first[1], 1 << HTTP_GET | 1 << HTTP_POST, 0, NULL},
		{HTTP_DELETE, "/status", false, NULL, 1 << HTTP_GET | 1 << HTTP_POST, 0, NULL},
		{HTTP_HEAD, "/status", false, NULL, 1 << HTTP_GET | 1 << HTTP_POST, 0, NULL},
		{HTTP_GET, "/status", true, NULL, 0, 0, NULL}, /* as if it were not there */
		{HTTP_GET, "/statu", false, NULL, 0, 0, NULL},
		{HTTP_GET, "/status/", false, NULL, 0, 0, NULL},
		{HTTP_PUT, "/uploads/7/files/a/b", false, &first[2], 1 << HTTP_PUT, 1, "a/b"},
		{HTTP_GET, "/d/meissen", true, &second[0], 1 << HTTP_GET, 1, NULL},
		{HTTP_HEAD, "/d/meissen", true, &second[0], 1 << HTTP_GET, 1, NULL},
		{HTTP_GET, "/d/meissen/kita/x", true, &second[1], 1 << HTTP_GET, 1, "kita/x"},
		{HTTP_POST, "/d/meissen", true, NULL, 1 << HTTP_GET, 1, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct route_found found;

		route_find(&found, tables, cases[i].method, cases[i].path, cases[i].everybody);
		assert_ptr_equal(found.route, cases[i].route);
		assert_int_equal(found.methods, cases[i].methods);
		if (!found.route)
			continue;
		assert_int_equal(found.part_count, cases[i].parts);
		if (cases[i].rest)
			assert_string_equal(found.rest, cases[i].rest);
		else
			assert_null(found.rest);
	}
}

static void what_stands_for_the_stars(void **state)
{
	struct route_found found;

	route_find(&found, tables, HTTP_GET, "/d/meissen/kita", true);
	assert_true(bytes_eq(found.parts[0], bytes_str("meissen")));
	route_find(&found, tables, HTTP_PUT, "/uploads/12/files/", false);
	assert_true(bytes_eq(found.parts[0], bytes_str("12")));
	assert_string_equal(found.rest, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_found),
		cmocka_unit_test(what_stands_for_the_stars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
