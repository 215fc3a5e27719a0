/* path: names, containment, patterns, and the keys that follow them. */
#include "test/crypto/helpers.h"

#include "crypto/limits.h"
#include "crypto/path.h"

#define C64 "0123456789012345678901234567890123456789012345678901234567890123"
#define C40 "0123456789012345678901234567890123456789"

static void path_syntax(void **state)
{
	static const struct {
		const char *path;
		enum err err;
	} cases[] = {
		{"meissen", ERR_OK},
		{"meissen/wasser/pegel-elbe", ERR_OK},
		{"a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p", ERR_OK}, /* 16 */
		{"a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", ERR_MALFORMED},
		{"meissen/" C64, ERR_OK},
		{"meissen/" C64 "x", ERR_MALFORMED},
		{C40 "/x", ERR_OK},
		{C40 "0/x", ERR_MALFORMED}, /* short names are shorter */
		{"meissen/2026.csv_v1", ERR_OK},
		{"meissen/.hidden", ERR_OK},
		{"meissen/...", ERR_OK},
		{"meissen/-", ERR_OK},
		{"", ERR_MALFORMED},
		{"/", ERR_MALFORMED},
		{"/meissen", ERR_MALFORMED},
		{"meissen/", ERR_MALFORMED},
		{"meissen//wasser", ERR_MALFORMED},
		{"meissen/.", ERR_MALFORMED},
		{"meissen/..", ERR_MALFORMED},
		{"meissen/../riesa", ERR_MALFORMED},
		{".", ERR_MALFORMED},
		{"Meissen/wasser", ERR_MALFORMED},
		{"meissen/Wasser", ERR_MALFORMED},
		{"mei\xc3\x9f"
		 "en/wasser",
		 ERR_MALFORMED},
		{"meissen/stra\xc3\x9f"
		 "e",
		 ERR_MALFORMED},
		{"meissen/b\xc3\xa4"
		 "der",
		 ERR_MALFORMED},
		{"meissen/a b", ERR_MALFORMED},
		{"meissen/a\\b", ERR_MALFORMED},
		{"meissen/*", ERR_MALFORMED},
		{"meissen/a@1", ERR_MALFORMED},
		{"meissen\n", ERR_MALFORMED},
		{"meis.sen/x", ERR_MALFORMED},
		{"-meissen/x", ERR_MALFORMED},
		{"meissen-/x", ERR_MALFORMED},
		{"bad-schandau/x", ERR_OK},
		{"meissen/~abcdefghijklmnopqrstuvwxy4", ERR_OK},
		{"meissen/~234567abcdefghijklmnopqrsa", ERR_OK},
		{"meissen/~234567abcdefghijklmnopqrsb", ERR_MALFORMED},   /* not of whole bytes */
		{"meissen/~234567abcdefghijklmnopqrsa/x", ERR_MALFORMED}, /* a folder */
		{"meissen/a/~234567abcdefghijklmnopqrsa", ERR_MALFORMED},
		{"meissen/~abcdefghijklmnopqrstuvwxa", ERR_MALFORMED},
		{"meissen/~abcdefghijklmnopqrstuvwxyza", ERR_MALFORMED},
		{"meissen/~abcdefghijklmnopqrstuvwxy1", ERR_MALFORMED},
		{"meissen/~", ERR_MALFORMED},
		{"meissen/a~", ERR_MALFORMED},
		{"~abcdefghijklmnopqrstuvwxya", ERR_MALFORMED},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (path_check(bytes_str(cases[i].path)) != cases[i].err)
			fail_msg("path \"%s\"", cases[i].path);
	assert_err(path_check(bytes_of(NULL, 0)), ERR_MALFORMED);
	assert_err(path_check(bytes_of("meissen\0x", 9)), ERR_MALFORMED);
	assert_err(path_check(bytes_of("meissen/a\0", 10)), ERR_MALFORMED);
}

/* Only the bytes of the alphabet stand in a component, whatever the locale. */
static void component_bytes(void **state)
{
	for (unsigned c = 0; c < 256; c++) {
		char path[] = "a/x?x";
		path[3] = (char)c;
		bool wanted = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
			      c == '_' || c == '-' || c == '/';
		assert_int_equal(path_check(bytes_of(path, 5)) == ERR_OK, wanted);
	}
}

static void slug_syntax(void **state)
{
	static const struct {
		const char *slug;
		enum err err;
	} cases[] = {{"a", ERR_OK},
		     {"landkreis-meissen", ERR_OK},
		     {"4you", ERR_OK},
		     {C40, ERR_OK},
		     {C40 "0", ERR_MALFORMED},
		     {"", ERR_MALFORMED},
		     {"-", ERR_MALFORMED},
		     {"a-", ERR_MALFORMED},
		     {"-a", ERR_MALFORMED},
		     {"a.b", ERR_MALFORMED},
		     {"a_b", ERR_MALFORMED},
		     {"a/b", ERR_MALFORMED},
		     {"A", ERR_MALFORMED},
		     {"g\xc3\xb6rlitz", ERR_MALFORMED}};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (path_slug_check(bytes_str(cases[i].slug)) != cases[i].err)
			fail_msg("short name \"%s\"", cases[i].slug);
	assert_true(bytes_eq(path_slug(bytes_str("meissen/wasser")), bytes_str("meissen")));
	assert_true(bytes_eq(path_slug(bytes_str("meissen")), bytes_str("meissen")));
	assert_int_equal(path_slug(bytes_str("")).len, 0);
	assert_int_equal(path_slug(bytes_of(NULL, 0)).len, 0);
}

static void pattern_syntax(void **state)
{
	static const struct {
		const char *pattern;
		enum err err;
	} cases[] = {{"meissen/wasser", ERR_OK},
		     {"*", ERR_OK},
		     {"**", ERR_OK},
		     {"*/kita/**", ERR_OK},
		     {"meissen/*/x", ERR_OK},
		     {"meissen/**", ERR_OK},
		     {"**/kita", ERR_MALFORMED},
		     {"meissen/**/x", ERR_MALFORMED},
		     {"meissen/k*", ERR_MALFORMED},
		     {"meissen/***", ERR_MALFORMED},
		     {"", ERR_MALFORMED},
		     {"meissen/", ERR_MALFORMED},
		     {"meissen/?", ERR_MALFORMED},
		     {"*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/**", ERR_OK},
		     {"*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/**", ERR_MALFORMED}};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (path_pattern_check(bytes_str(cases[i].pattern)) != cases[i].err)
			fail_msg("pattern \"%s\"", cases[i].pattern);
}

static void containment(void **state)
{
	static const struct {
		const char *prefix, *path;
		bool contains;
	} cases[] = {
		{"riesa/roads", "riesa/roads", true},
		{"riesa/roads", "riesa/roads/a", true},
		{"riesa/roads", "riesa/roads/a/b", true},
		{"riesa/roads", "riesa/roads-internal", false},
		{"riesa/roads", "riesa/roads.x", false},
		{"riesa/roads", "riesa/roadsx/y", false},
		{"riesa/roads", "riesa/road", false},
		{"riesa/roads", "riesa", false},
		{"riesa/roads", "meissen/roads", false},
		{"roads", "roads-internal", false},
		{"", "riesa/roads", true},
		{"", "", true},
		{"riesa", "", false},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (path_contains(bytes_str(cases[i].prefix), bytes_str(cases[i].path)) !=
		    cases[i].contains)
			fail_msg("\"%s\" and \"%s\"", cases[i].prefix, cases[i].path);
	assert_true(path_contains(bytes_of(NULL, 0), bytes_str("x")));
}

static void matching(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool match;
	} cases[] = {
		{"meissen/wasser", "meissen/wasser", true},
		{"meissen/wasser", "meissen/wasser/x", false},
		{"meissen/wasser", "meissen", false},
		{"*/kita", "meissen/kita", true},
		{"*/kita", "meissen/kita/plaetze", false},
		{"*/kita", "meissen/kita-alt", false},
		{"*/kita/**", "meissen/kita/plaetze", true},
		{"*/kita/**", "riesa/kita/a/b/c", true},
		{"*/kita/**", "meissen/kita", false},
		{"*/kita/**", "meissen/kita-alt/x", false},
		{"*/kita/**", "meissen/x/kita/y", false},
		{"**", "meissen", true},
		{"**", "meissen/a/b", true},
		{"*", "meissen", true},
		{"*", "meissen/a", false},
		{"meissen/*/x", "meissen/a/x", true},
		{"meissen/*/x", "meissen/a/y", false},
		{"meissen/*", "meissen/~abcdefghijklmnopqrstuvwxyz", true},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (path_match(bytes_str(cases[i].pattern), bytes_str(cases[i].path)) !=
		    cases[i].match)
			fail_msg("\"%s\" and \"%s\"", cases[i].pattern, cases[i].path);
}

static void hidden_components(void **state)
{
	struct random random = random_seeded(1);
	char seen[50][PATH_HIDDEN_LEN + 1];
	for (size_t i = 0; i < COUNT(seen); i++) {
		char path[8 + PATH_HIDDEN_LEN + 1] = "meissen/";
		path_hidden_make(seen[i], &random);
		memcpy(path + 8, seen[i], sizeof(seen[i]));
		assert_ok(path_check(bytes_str(path)));
		assert_true(path_is_hidden(bytes_str(path)));
		assert_int_equal(strlen(seen[i]), PATH_HIDDEN_LEN);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(seen[i], seen[k]);
	}
	assert_false(path_is_hidden(bytes_str("meissen")));
	assert_false(path_is_hidden(bytes_str("meissen/kita")));
	/* RFC 4648 of the 16 bytes that this seed gives, decoded by hand */
	struct random again = random_seeded(1);
	uint8_t raw[17] = {0}, back[17] = {0};
	random_fill(&again, raw, 16);
	for (unsigned i = 0; i < 26; i++) {
		char c = seen[0][1 + i];
		unsigned value = (unsigned)(c >= 'a' ? c - 'a' : c - '2' + 26);
		for (unsigned bit = 0; bit < 5; bit++)
			if (value >> (4 - bit) & 1)
				back[(5 * i + bit) / 8] |= (uint8_t)(0x80 >> (5 * i + bit) % 8);
	}
	assert_memory_equal(raw, back, sizeof(raw));
}

/* Known answers were computed with Python's hashlib. */
static void keys_follow_paths(void **state)
{
	struct key root = key_counting(), whole, half, rest;
	struct bytes path = bytes_str("meissen/wasser/pegel-elbe");
	struct bytes prefix = bytes_str("meissen/wasser");
	path_key(&whole, &root, bytes_str(""), path);
	assert_hex(whole.b, 32, "dc7c7e660aeaa5a30a59a875396d64f77d541899d0d306f166fe3641269194f7");
	path_key(&half, &root, bytes_of(NULL, 0), prefix);
	assert_hex(half.b, 32, "ad28aa8fb3a587e2703944226a250fef6f56180082310fb6e04670ca402b6511");
	path_key(&rest, &half, prefix, path);
	assert_true(key_eq(&whole, &rest));
	path_key(&rest, &half, prefix, prefix);
	assert_true(key_eq(&half, &rest));
	path_key(&rest, &root, bytes_str(""), bytes_str(""));
	assert_true(key_eq(&root, &rest));
	/* components, not characters, make the key */
	struct key a, b;
	path_key(&a, &root, bytes_str(""), bytes_str("a/bc"));
	path_key(&b, &root, bytes_str(""), bytes_str("ab/c"));
	assert_false(key_eq(&a, &b));
}

static void key_outside(void *arg)
{
	struct key out;
	path_key(&out, arg, bytes_str("roads"), bytes_str("roads-internal"));
}

static void no_key_beside_the_prefix(void **state)
{
	struct key root = key_counting();
	assert_true(dies(key_outside, &root));
}

static void dataset_ids(void **state)
{
	struct org_id org, other;
	struct dataset_id a, b;
	memset(org.b, 0xa1, ID_LEN);
	memset(other.b, 0xa2, ID_LEN);
	path_dataset_id(&a, &org, bytes_str("meissen/wasser/pegel-elbe"));
	assert_hex(a.b, 32, "8af6ec977ad5fa42b5dc66ad40eafdb65151ba3c487f2d35fe296190528976ed");
	path_dataset_id(&b, &other, bytes_str("meissen/wasser/pegel-elbe"));
	assert_false(id_eq(&a, &b));
	path_dataset_id(&b, &org, bytes_str("meissen/wasser/pegel-elbf"));
	assert_false(id_eq(&a, &b));
}

static void the_parent_is_all_but_the_last_component(void **state)
{
	assert_true(bytes_eq(path_parent(bytes_str("meissen/wasser/elbe")),
			     bytes_str("meissen/wasser")));
	assert_true(bytes_eq(path_parent(bytes_str("meissen/wasser")), bytes_str("meissen")));
	assert_int_equal(path_parent(bytes_str("meissen")).len, 0);
	assert_int_equal(path_parent(bytes_str("")).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parent_is_all_but_the_last_component),
		cmocka_unit_test(path_syntax),
		cmocka_unit_test(component_bytes),
		cmocka_unit_test(slug_syntax),
		cmocka_unit_test(pattern_syntax),
		cmocka_unit_test(containment),
		cmocka_unit_test(matching),
		cmocka_unit_test(hidden_components),
		cmocka_unit_test(keys_follow_paths),
		cmocka_unit_test(no_key_beside_the_prefix),
		cmocka_unit_test(dataset_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
