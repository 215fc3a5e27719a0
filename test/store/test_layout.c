#include "test/store/store_test.h"

#include "store/layout.h"

static void keys_sort_as_their_numbers(void **state)
{
	static const uint64_t rising[] = {0, 1, 255, 256, 65535, UINT32_MAX, UINT64_MAX};
	struct dataset_id dataset = {{1}};

	for (size_t i = 1; i < sizeof(rising) / sizeof(rising[0]); i++) {
		struct row_key a = key_record(7, 1, rising[i - 1]);
		struct row_key b = key_record(7, 1, rising[i]);

		assert_true(bytes_cmp(row_key_bytes(&a), row_key_bytes(&b)) < 0);
		/* of one author the highest number comes first */
		a = key_version(&dataset, rising[i], 7);
		b = key_version(&dataset, rising[i - 1], 7);
		assert_true(bytes_cmp(row_key_bytes(&a), row_key_bytes(&b)) < 0);
		a = key_version(&dataset, 0, (uint32_t)rising[i - 1]);
		b = key_version(&dataset, UINT64_MAX, (uint32_t)rising[i - 1] + 1);
		if (rising[i - 1] >= UINT32_MAX)
			continue;
		assert_true(bytes_cmp(row_key_bytes(&a), row_key_bytes(&b)) < 0);
		a = key_stage_prefix(rising[i - 1]);
		b = key_stage_prefix(rising[i]);
		assert_true(bytes_cmp(row_key_bytes(&a), row_key_bytes(&b)) < 0);
	}
}

/* The bytes on disk: another version of the program has to find its rows again. */
static void keys_have_the_written_form(void **state)
{
	struct org_id org;
	struct dataset_id dataset;
	struct chunk_addr addr;
	struct digest plain;
	char hex[2 * KEY_LEN_MAX + 1];
	struct row_key key;

	memset(&org, 0xaa, sizeof(org));
	memset(&dataset, 0xdd, sizeof(dataset));
	memset(&addr, 0xcc, sizeof(addr));
	memset(&plain, 0xee, sizeof(plain));
#define DD "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define CC "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define AA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define EE "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
	struct {
		struct row_key key;
		const char *hex;
	} cases[] = {
		{key_name("format"), "666f726d6174"},
		{key_charter(258), "00000102"},
		{key_log(258), "0000000000000102"},
		{key_served(1, 2, &dataset, 3, 4),
		 "0000000100000002" DD "000000000000000300000004"},
		{key_hidden(&plain, &dataset), EE DD},
		{key_remains(&dataset, &plain), DD EE},
		{key_orglog_prefix(&org), AA},
		{key_orglog(&org, 3), AA "00000003"},
		{key_author(0x01020304), "01020304"},
		{key_author_incarnation(1, 2), "0000000100000002"},
		{key_record(1, 2, 3), "00000001000000020000000000000003"},
		{key_leaf(1, 2, 254, bytes_of("xy", 2)), "000000010000000200000000000000fe7879"},
		{key_node(1, 2, 3, 254), "00000001000000020300000000000000fe"},
		{key_dataset(&dataset), DD},
		{key_version(&dataset, 5, 6), DD "00000006fffffffffffffffa"},
		{key_index(&dataset, 5, 6, &addr), DD "00000006fffffffffffffffa" CC},
		{key_chunk(&dataset, &addr), DD CC},
		{key_stage_prefix(9), "0000000000000009"},
		{key_stage(9, &dataset, &addr), "0000000000000009" DD CC},
		{key_seen(&dataset, &plain), DD EE},
		{key_text(bytes_of("a/b", 3)), "612f62"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		key = cases[i].key;
		hex_put(hex, row_key_bytes(&key));
		assert_string_equal(hex, cases[i].hex);
	}
}

static void texts_never_meet(void **state)
{
	uint8_t text[300];
	struct row_key plain, replaced, again;

	memset(text, 'x', sizeof(text));
	plain = key_text(bytes_of(text, 255));
	assert_int_equal(plain.len, 255);
	replaced = key_text(bytes_of(text, 256));
	assert_int_equal(replaced.len, 33);
	assert_int_equal(replaced.b[0], '#');
	again = key_text(bytes_of(text, 257));
	assert_false(bytes_eq(row_key_bytes(&replaced), row_key_bytes(&again)));
	/* A text that spells a replacement does not reach the row of the long text. */
	again = key_text(row_key_bytes(&replaced));
	assert_false(bytes_eq(row_key_bytes(&replaced), row_key_bytes(&again)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_sort_as_their_numbers),
		cmocka_unit_test(keys_have_the_written_form),
		cmocka_unit_test(texts_never_meet),
	};
	return cmocka_run_group_tests_name("store/layout", tests, test_setup, NULL);
}
