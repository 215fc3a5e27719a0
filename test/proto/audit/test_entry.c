/* entry: what is made is read, and nothing else is. */
#include "proto/audit/entry.h"
#include "proto/wire/wire_out.h"
#include "test/proto/federation.h"

static const struct fed_id fed = {{7}};

static void entry_put(struct buf *out, uint64_t number, uint8_t previous, struct bytes detail)
{
	struct audit_entry fields = {
		.number = number, .time_ms = INT64_MAX, .kind = UINT64_MAX, .detail = detail};

	memset(fields.previous.b, previous, ID_LEN);
	buf_init(out, LIMIT_LOG_ENTRY_LEN_MAX);
	audit_entry_make(out, &fields);
}

static void made_entry_is_read(void **state)
{
	struct audit_entry read;
	struct digest id, other;
	struct buf whole;

	entry_put(&whole, INT64_MAX, 0xaa, bytes_of("detail", 6));
	assert_int_equal(audit_entry_decode(&read, buf_bytes(&whole)), ERR_OK);
	assert_true(read.number == INT64_MAX && read.time_ms == INT64_MAX);
	assert_true(read.kind == UINT64_MAX && bytes_eq(read.detail, bytes_of("detail", 6)));
	assert_true(read.previous.b[0] == 0xaa);
	audit_entry_id(&id, buf_bytes(&whole));
	for (size_t bit = 0; bit < 8 * whole.len; bit++) {
		whole.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		audit_entry_id(&other, buf_bytes(&whole));
		assert_false(id_eq(&id, &other));
		whole.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < whole.len; len++)
		assert_int_equal(audit_entry_decode(&read, bytes_of(whole.ptr, len)),
				 ERR_MALFORMED);
	whole.ptr[1] = 2;
	assert_int_equal(audit_entry_decode(&read, buf_bytes(&whole)), ERR_VERSION);
	buf_fini(&whole);
}

static void impossible_entries(void **state)
{
	static uint8_t big[LIMIT_LOG_ENTRY_LEN_MAX + 1];
	static const struct {
		uint64_t number;
		uint8_t previous;
		enum err err;
	} cases[] = {{0, 0, ERR_MALFORMED},
		     {1, 0, ERR_OK},
		     {1, 1, ERR_MALFORMED},
		     {2, 0, ERR_OK},
		     {UINT64_C(1) << 63, 1, ERR_MALFORMED}};
	struct audit_entry read;
	struct buf whole;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		entry_put(&whole, cases[i].number, cases[i].previous, bytes_of("", 0));
		assert_int_equal(audit_entry_decode(&read, buf_bytes(&whole)), cases[i].err);
		buf_fini(&whole);
	}
	/* The longest there can be, and one more. */
	entry_put(&whole, 2, 1, bytes_of(big, LIMIT_LOG_ENTRY_LEN_MAX - 60));
	assert_int_equal(whole.err, ERR_OK);
	assert_true(whole.len <= LIMIT_LOG_ENTRY_LEN_MAX);
	assert_int_equal(audit_entry_decode(&read, buf_bytes(&whole)), ERR_OK);
	buf_fini(&whole);
	entry_put(&whole, 2, 1, bytes_of(big, LIMIT_LOG_ENTRY_LEN_MAX));
	assert_int_equal(whole.err, ERR_FULL);
	buf_fini(&whole);
	assert_int_equal(audit_entry_decode(&read, bytes_obj(&big)), ERR_FULL);
}

static void kinds_have_names(void **state)
{
	assert_null(audit_kind_name(0));
	assert_string_equal(audit_kind_name(AUDIT_RECORD), "record");
	assert_string_equal(audit_kind_name(AUDIT_RUNS), "runs");
	assert_null(audit_kind_name(AUDIT_KIND_LAST + 1));
}

static void made_closing_is_read(void **state)
{
	struct key seed = test_key(1);
	struct audit_closing made = {
		.first = 1, .last = INT64_MAX, .first_ms = INT64_MAX, .last_ms = 1};
	struct audit_closing read;
	struct fed_id other = {{8}};
	struct sign_pk pk;
	struct buf whole;

	memset(made.last_id.b, 0xcc, ID_LEN);
	sign_pk_of(&pk, &seed);
	buf_init(&whole, LIMIT_LOG_CLOSING_LEN_MAX);
	audit_closing_make(&whole, &made, &fed, &seed);
	assert_int_equal(whole.err, ERR_OK);
	assert_int_equal(audit_closing_decode(&read, buf_bytes(&whole)), ERR_OK);
	assert_true(read.first == made.first && read.last == made.last);
	assert_true(read.first_ms == made.first_ms && read.last_ms == made.last_ms);
	assert_true(id_eq(&read.last_id, &made.last_id));
	assert_int_equal(audit_closing_check(&read, &pk, &fed), ERR_OK);
	assert_int_equal(audit_closing_check(&read, &pk, &other), ERR_DENIED);
	for (size_t bit = 0; bit < 8 * whole.len; bit++) {
		whole.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (audit_closing_decode(&read, buf_bytes(&whole)) == ERR_OK)
			assert_int_equal(audit_closing_check(&read, &pk, &fed), ERR_DENIED);
		whole.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	buf_fini(&whole);
}

static void impossible_closings(void **state)
{
	static const uint8_t big[LIMIT_LOG_CLOSING_LEN_MAX + 1];
	static const uint64_t cases[][2] = {{0, 1}, {2, 1}, {0, 0}};
	struct key seed = test_key(1);
	struct audit_closing read;
	struct buf whole;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct audit_closing made = {.first = cases[i][0], .last = cases[i][1]};
		buf_init(&whole, LIMIT_LOG_CLOSING_LEN_MAX);
		audit_closing_make(&whole, &made, &fed, &seed);
		assert_int_equal(audit_closing_decode(&read, buf_bytes(&whole)), ERR_MALFORMED);
		buf_fini(&whole);
	}
	assert_int_equal(audit_closing_decode(&read, bytes_obj(&big)), ERR_FULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_entry_is_read),  cmocka_unit_test(impossible_entries),
		cmocka_unit_test(kinds_have_names),    cmocka_unit_test(made_closing_is_read),
		cmocka_unit_test(impossible_closings),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
