/* record, and the bodies of wraps and contacts: what is made is read, and nothing else is. */
#include "crypto/hash.h"
#include "proto/charter/contact.h"
#include "proto/ledger/keywrap.h"
#include "proto/ledger/record.h"
#include "proto/wire/wire_out.h"
#include "test/proto/federation.h"

static const struct fed_id fed = {{7}};

static struct record fields(void)
{
	return (struct record){
		.author = 300,
		.incarnation = 1,
		.sequence = 5,
		.time_ms = TEST_TIME_MS,
		.kind = 99,
		.slot = bytes_str("slot"),
		.body = bytes_str("body"),
	};
}

static void made_record_is_read(void **state)
{
	struct key seed = test_key(1), other = test_key(2);
	struct sign_pk pk, other_pk;
	struct record made = fields(), read;
	struct fed_id other_fed = {{8}};
	struct record_id id, expected;
	struct buf whole;

	sign_pk_of(&pk, &seed);
	sign_pk_of(&other_pk, &other);
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	record_make(&whole, &made, &fed, &seed);
	assert_int_equal(record_decode(&read, buf_bytes(&whole)), ERR_OK);
	assert_int_equal(read.author, 300);
	assert_int_equal(read.incarnation, 1);
	assert_int_equal(read.sequence, 5);
	assert_int_equal(read.time_ms, TEST_TIME_MS);
	assert_int_equal(read.kind, 99);
	assert_true(bytes_eq(read.slot, bytes_str("slot")));
	assert_true(bytes_eq(read.body, bytes_str("body")));
	assert_int_equal(record_check_sig(&read, &pk, &fed), ERR_OK);
	assert_int_equal(record_check_sig(&read, &other_pk, &fed), ERR_DENIED);
	assert_int_equal(record_check_sig(&read, &pk, &other_fed), ERR_DENIED);
	record_id(&id, &read);
	hash_once(expected.b, "am1.record", bytes_of(whole.ptr, whole.len - SIG_LEN));
	assert_true(id_eq(&id, &expected));
	buf_fini(&whole);
}

/* Every bit matters: the record is either no record any more, or not signed. */
static void altered_record_is_refused(void **state)
{
	struct key seed = test_key(1);
	struct sign_pk pk;
	struct record made = fields(), read;
	struct buf whole;

	sign_pk_of(&pk, &seed);
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	record_make(&whole, &made, &fed, &seed);
	for (size_t bit = 0; bit < 8 * whole.len; bit++) {
		whole.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (record_decode(&read, buf_bytes(&whole)) == ERR_OK)
			assert_int_equal(record_check_sig(&read, &pk, &fed), ERR_DENIED);
		whole.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < whole.len; len++)
		assert_int_equal(record_decode(&read, bytes_of(whole.ptr, len)), ERR_MALFORMED);
	buf_fini(&whole);
}

static void forms_that_are_no_record(void **state)
{
	static const struct {
		const char *name;
		uint64_t form, incarnation, sequence;
		unsigned count, slot_len;
		enum err wants;
	} cases[] = {
		{"good", 1, 1, 1, 8, 1, ERR_OK},
		{"longest slot", 1, 1, 1, 8, LIMIT_SLOT_LEN_MAX, ERR_OK},
		{"form 2", 2, 1, 1, 8, 1, ERR_VERSION},
		{"form 0", 0, 1, 1, 8, 1, ERR_VERSION},
		{"incarnation 0", 1, 0, 1, 8, 1, ERR_MALFORMED},
		{"sequence 0", 1, 1, 0, 8, 1, ERR_MALFORMED},
		{"nine elements", 1, 1, 1, 9, 1, ERR_MALFORMED},
		{"no slot", 1, 1, 1, 8, 0, ERR_MALFORMED},
		{"slot too long", 1, 1, 1, 8, LIMIT_SLOT_LEN_MAX + 1, ERR_MALFORMED},
	};
	const uint8_t zeros[SIG_LEN + LIMIT_SLOT_LEN_MAX + 1] = {0};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct record read;
		struct buf whole;
		buf_init(&whole, LIMIT_RECORD_LEN_MAX);
		out_array(&whole, cases[i].count);
		out_uint(&whole, cases[i].form);
		out_uint(&whole, 300);
		out_uint(&whole, cases[i].incarnation);
		out_uint(&whole, cases[i].sequence);
		out_uint(&whole, 0);
		out_uint(&whole, 1);
		out_bin(&whole, bytes_of(zeros, cases[i].slot_len));
		out_bin(&whole, bytes_of(NULL, 0));
		if (cases[i].count == 9)
			out_nil(&whole);
		buf_add(&whole, bytes_of(zeros, SIG_LEN));
		if (record_decode(&read, buf_bytes(&whole)) != cases[i].wants)
			fail_msg("%s", cases[i].name);
		buf_fini(&whole);
	}
}

static void longest_record_has_its_limit(void **state)
{
	struct key seed = test_key(1);
	struct record made = fields(), read;
	struct buf whole, body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	buf_init(&whole, 2 * LIMIT_RECORD_LEN_MAX);
	record_make(&whole, &made, &fed, &seed);
	size_t overhead = whole.len - made.body.len + 2; /* bin 16 instead of bin 8 */
	size_t longest = LIMIT_RECORD_LEN_MAX - overhead + 1;
	memset(buf_space(&body, longest + 1), 0, longest + 1);
	for (size_t len = longest - 4; len <= longest + 1; len++) {
		buf_reset(&whole);
		made.body = bytes_of(body.ptr, len);
		record_make(&whole, &made, &fed, &seed);
		if (whole.err == ERR_OK)
			assert_int_equal(record_decode(&read, buf_bytes(&whole)), ERR_OK);
		else
			assert_true(len + overhead > LIMIT_RECORD_LEN_MAX);
		assert_true(whole.err || whole.len <= LIMIT_RECORD_LEN_MAX);
	}
	assert_int_equal(whole.err, ERR_FULL);
	uint8_t *big = mem_new(1, LIMIT_RECORD_LEN_MAX + 1);
	assert_int_equal(record_decode(&read, bytes_of(big, LIMIT_RECORD_LEN_MAX + 1)), ERR_FULL);
	free(big);
	buf_fini(&whole);
	buf_fini(&body);
}

static void slots_are_those_of_the_protocol(void **state)
{
	struct dataset_id dataset = {{1}};
	struct org_id org = {{2}};
	struct record_slot slot = record_slot_version(&dataset, 258);
	struct digest hash;

	assert_int_equal(slot.len, 41);
	assert_int_equal(slot.b[0], 1);
	assert_memory_equal(slot.b + 1, dataset.b, ID_LEN);
	assert_memory_equal(slot.b + 33, "\0\0\0\0\0\0\1\2", 8);
	slot = record_slot_wrap(&org, bytes_str("a/b"));
	assert_int_equal(slot.len, 65);
	assert_int_equal(slot.b[0], 3);
	assert_memory_equal(slot.b + 1, org.b, ID_LEN);
	hash_once(hash.b, "am1.prefix", bytes_str("a/b"));
	assert_memory_equal(slot.b + 33, hash.b, ID_LEN);
	slot = record_slot_contact();
	assert_int_equal(slot.len, 1);
	assert_int_equal(slot.b[0], 7);
}

static void wraps_are_read_as_written(void **state)
{
	static const struct {
		const char *prefix;
		uint64_t number;
		enum err wants;
	} cases[] = {
		{"", 9, ERR_OK},
		{"meissen/bau", 1, ERR_OK},
		{"meissen/bau", UINT64_MAX, ERR_OK},
		{"meissen/bau", 0, ERR_MALFORMED},
		{"", 0, ERR_MALFORMED},
		{"meissen/../bau", 9, ERR_MALFORMED},
		{"Meissen", 9, ERR_MALFORMED},
	};
	struct keywrap made = {.grantee = {{4}}, .key = {{5}}}, read;
	struct buf body;

	memset(made.wrap.b, 6, WRAP_LEN);
	for (size_t i = 0; i < COUNT(cases); i++) {
		made.prefix = bytes_str(cases[i].prefix);
		made.number = cases[i].number;
		buf_init(&body, 4096);
		keywrap_put(&body, &made);
		if (keywrap_get(&read, buf_bytes(&body)) != cases[i].wants)
			fail_msg("case %zu: %s", i, cases[i].prefix);
		if (cases[i].wants == ERR_OK) {
			assert_true(id_eq(&read.grantee, &made.grantee));
			assert_int_equal(read.number, made.number);
			assert_true(bytes_eq(read.prefix, made.prefix));
			assert_memory_equal(read.key.b, made.key.b, WRAP_KEY_ID_LEN);
			assert_memory_equal(read.wrap.b, made.wrap.b, WRAP_LEN);
		}
		for (size_t len = 0; len < body.len; len++)
			assert_int_not_equal(keywrap_get(&read, bytes_of(body.ptr, len)), ERR_OK);
		buf_fini(&body);
	}
}

static void contacts_are_read_as_written(void **state)
{
	struct contact made = {.address_count = 2,
			       .software = bytes_str("allmende 0.1.0"),
			       .operator_name = contact_operator("hosted:KISA")},
		       read;
	struct buf body;

	made.addresses[0] = bytes_str("a.example:7117");
	made.addresses[1] = bytes_str("[::1]:1");
	buf_init(&body, 4096);
	contact_put(&body, &made);
	assert_int_equal(contact_get(&read, buf_bytes(&body)), ERR_OK);
	assert_int_equal(read.address_count, 2);
	assert_true(bytes_eq(read.addresses[1], made.addresses[1]));
	assert_true(bytes_eq(read.software, made.software));
	assert_true(bytes_eq(read.operator_name, bytes_str("KISA")));
	assert_int_equal(contact_operator("self").len, 0);
	made.addresses[1] = bytes_str("nowhere");
	buf_reset(&body);
	contact_put(&body, &made);
	assert_int_equal(contact_get(&read, buf_bytes(&body)), ERR_MALFORMED);
	/* a node that only dials out */
	made.address_count = 0;
	buf_reset(&body);
	contact_put(&body, &made);
	assert_int_equal(contact_get(&read, buf_bytes(&body)), ERR_OK);
	assert_int_equal(read.address_count, 0);
	buf_fini(&body);
}

static void addresses_are_host_and_port(void **state)
{
	static const char *const right[] = {"a:1", "rathaus.meissen.example:65535",
					    "192.0.2.1:7117", "[2001:db8::7]:7117", "A-b.c:10"};
	static const char *const wrong[] = {"",      "a",          "a:",         ":1",    "a:0",
					    "a:01",  "a:65536",    "a:-1",       "a:1 ",  " a:1",
					    "a b:1", "a/b:1",      "::1:1",      "[::1]", "[]:1",
					    "[g]:1", "a:99999999", "b\xc3\xa4:1"};
	char longest[LIMIT_ADDRESS_LEN_MAX + 2];

	for (size_t i = 0; i < COUNT(right); i++)
		if (contact_address_check(bytes_str(right[i])))
			fail_msg("%s", right[i]);
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (!contact_address_check(bytes_str(wrong[i])))
			fail_msg("%s", wrong[i]);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + LIMIT_ADDRESS_LEN_MAX - 2, ":1", 2);
	assert_int_equal(contact_address_check(bytes_of(longest, LIMIT_ADDRESS_LEN_MAX)), ERR_OK);
	memcpy(longest + LIMIT_ADDRESS_LEN_MAX - 2, "a:1", 3);
	assert_int_equal(contact_address_check(bytes_of(longest, LIMIT_ADDRESS_LEN_MAX + 1)),
			 ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_record_is_read),
		cmocka_unit_test(altered_record_is_refused),
		cmocka_unit_test(forms_that_are_no_record),
		cmocka_unit_test(longest_record_has_its_limit),
		cmocka_unit_test(slots_are_those_of_the_protocol),
		cmocka_unit_test(wraps_are_read_as_written),
		cmocka_unit_test(contacts_are_read_as_written),
		cmocka_unit_test(addresses_are_host_and_port),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
