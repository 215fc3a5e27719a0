/* head: what is made is read, and nothing else is. */
#include "crypto/hash.h"
#include "proto/ledger/head.h"
#include "proto/wire/wire_out.h"
#include "test/proto/federation.h"

static const struct fed_id fed = {{7}};

/* The longest there can be. */
static struct head fields(void)
{
	struct head head = {
		.author = UINT32_MAX,
		.incarnation = UINT32_MAX,
		.counter = UINT64_MAX,
		.time_ms = INT64_MAX - 1,
		.valid_until_ms = INT64_MAX,
		.last_sequence = UINT64_MAX,
		.live_count = UINT64_MAX,
		.charter_number = UINT32_MAX,
		.orglog_number = UINT32_MAX,
		.has_log_tip = true,
		.has_previous = true,
	};
	memset(head.set.b, 0xaa, ID_LEN);
	memset(head.log_tip.b, 0xcc, ID_LEN);
	memset(head.previous.b, 0xbb, ID_LEN);
	return head;
}

static void made_head_is_read(void **state)
{
	struct key seed = test_key(1);
	struct head made = fields(), read;
	struct fed_id other = {{8}};
	struct digest id, expected;
	struct sign_pk pk;
	struct buf whole;

	sign_pk_of(&pk, &seed);
	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	head_make(&whole, &made, &fed, &seed);
	assert_int_equal(whole.err, ERR_OK);
	assert_int_equal(head_decode(&read, buf_bytes(&whole)), ERR_OK);
	assert_int_equal(read.author, made.author);
	assert_int_equal(read.incarnation, made.incarnation);
	assert_true(read.counter == made.counter);
	assert_true(read.time_ms == made.time_ms);
	assert_true(read.valid_until_ms == made.valid_until_ms);
	assert_true(read.last_sequence == made.last_sequence);
	assert_true(read.live_count == made.live_count);
	assert_true(id_eq(&read.set, &made.set));
	assert_int_equal(read.charter_number, made.charter_number);
	assert_int_equal(read.orglog_number, made.orglog_number);
	assert_true(read.has_log_tip && id_eq(&read.log_tip, &made.log_tip));
	assert_true(read.has_previous && id_eq(&read.previous, &made.previous));
	assert_int_equal(head_check_sig(&read, &pk, &fed), ERR_OK);
	assert_int_equal(head_check_sig(&read, &pk, &other), ERR_DENIED);
	head_id(&id, &read);
	hash_once(expected.b, "am1.head", bytes_of(whole.ptr, whole.len - SIG_LEN));
	assert_true(id_eq(&id, &expected));
	for (size_t bit = 0; bit < 8 * whole.len; bit++) {
		whole.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (head_decode(&read, buf_bytes(&whole)) == ERR_OK)
			assert_int_equal(head_check_sig(&read, &pk, &fed), ERR_DENIED);
		whole.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < whole.len; len++)
		assert_int_equal(head_decode(&read, bytes_of(whole.ptr, len)), ERR_MALFORMED);
	uint8_t big[LIMIT_HEAD_LEN_MAX + 1] = {0};
	assert_int_equal(head_decode(&read, bytes_obj(&big)), ERR_FULL);
	buf_fini(&whole);
}

static void first_head_has_no_previous(void **state)
{
	struct key seed = test_key(1);
	struct head made = fields(), read;
	struct buf whole;

	made.has_previous = made.has_log_tip = false;
	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	head_make(&whole, &made, &fed, &seed);
	assert_int_equal(head_decode(&read, buf_bytes(&whole)), ERR_OK);
	assert_false(read.has_previous);
	assert_true(id_zero(&read.previous));
	assert_false(read.has_log_tip);
	assert_true(id_zero(&read.log_tip));
	buf_fini(&whole);
}

static void impossible_heads(void **state)
{
	struct key seed = test_key(1);

	for (unsigned i = 0; i < 4; i++) {
		struct head made = fields(), read;
		struct buf whole;
		if (i == 0)
			made.incarnation = 0;
		if (i == 1)
			made.counter = 0;
		if (i == 2)
			made.valid_until_ms = made.time_ms;
		if (i == 3)
			made.valid_until_ms = made.time_ms - 1;
		buf_init(&whole, LIMIT_HEAD_LEN_MAX);
		head_make(&whole, &made, &fed, &seed);
		assert_int_equal(head_decode(&read, buf_bytes(&whole)), ERR_MALFORMED);
		buf_fini(&whole);
	}
}

static void another_form_is_another_version(void **state)
{
	struct head read;
	struct buf whole;

	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	out_array(&whole, 2);
	out_uint(&whole, 2);
	out_nil(&whole);
	memset(buf_space(&whole, SIG_LEN), 0, SIG_LEN);
	assert_int_equal(head_decode(&read, buf_bytes(&whole)), ERR_VERSION);
	whole.ptr[1] = 1;
	assert_int_equal(head_decode(&read, buf_bytes(&whole)), ERR_MALFORMED);
	buf_fini(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_head_is_read),
		cmocka_unit_test(first_head_has_no_previous),
		cmocka_unit_test(impossible_heads),
		cmocka_unit_test(another_form_is_another_version),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
