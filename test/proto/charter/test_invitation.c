/* invitation: one line of text that survives a letter, and the request it admits once. */
#include "crypto/hash.h"
#include "proto/charter/invitation.h"
#include "proto/wire/wire_out.h"
#include "test/proto/federation.h"

struct fixture {
	struct test_federation fed;
	struct test_org joiner;
	struct invitation invitation;
	struct buf text;
	struct buf request;
};

static const struct digest commitment = {{3}};
static const char *const addresses[] = {"joiner.example:7117", "[2001:db8::1]:7117", NULL};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	struct invitation *invitation = &f->invitation;

	if (test_setup(state))
		return 1;
	test_federation_init(&f->fed, 2, 1, 1);
	test_org_init(&f->joiner, 9);
	invitation->fed = f->fed.charter.fed;
	strcpy(invitation->fed_name, f->fed.charter.name);
	invitation->charter_number = 1;
	invitation->charter_entry_id = f->fed.charter.entry_id;
	strcpy(invitation->address, "meissen.example:7117");
	memset(invitation->transport.b, 5, ID_LEN);
	invitation->secret = test_key(77);
	strcpy(invitation->name, f->joiner.name);
	strcpy(invitation->slug, f->joiner.slug);
	strcpy(invitation->ags, f->joiner.ags);
	invitation->valid_until_ms = TEST_TIME_MS + 1000;
	buf_init(&f->text, 4096);
	if (invitation_put(&f->text, invitation))
		return 1;
	buf_init(&f->request, LIMIT_JOIN_REQUEST_LEN_MAX);
	join_request_make(&f->request, invitation, buf_bytes(&f->joiner.entry), addresses,
			  &commitment, &(struct digest){{7}}, &f->joiner.root);
	*state = f;
	return f->request.err;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	test_federation_fini(&f->fed);
	test_org_fini(&f->joiner);
	buf_fini(&f->text);
	buf_fini(&f->request);
	free(f);
	return 0;
}

static void text_goes_there_and_back(void **state)
{
	struct fixture *f = *state;
	struct invitation read;
	struct buf wrapped;

	assert_true(f->text.len <= LIMIT_INVITATION_LEN_MAX);
	assert_memory_equal(f->text.ptr, "allmende2-", 10);
	for (size_t i = 0; i < f->text.len; i++)
		assert_true(f->text.ptr[i] > ' ' && f->text.ptr[i] < 127);
	assert_int_equal(invitation_get(&read, buf_bytes(&f->text)), ERR_OK);
	assert_memory_equal(&read, &f->invitation, sizeof(read));
	buf_init(&wrapped, 4096);
	/* As mail brings it: in marks of quotation, and broken and quoted line by line. */
	buf_add(&wrapped, bytes_str(" \r\n\t\xe2\x80\x9e> "));
	for (size_t i = 0; i < f->text.len; i += 72) {
		buf_add(&wrapped, bytes_slice(buf_bytes(&f->text), i, 72));
		buf_add(&wrapped, bytes_str("\r\n> "));
	}
	buf_add(&wrapped, bytes_str("\xe2\x80\x9c\r\n "));
	assert_int_equal(invitation_get(&read, buf_bytes(&wrapped)), ERR_OK);
	assert_string_equal(read.slug, "gemeinde-9");
	buf_fini(&wrapped);
}

/* Longest values of all fields still make a text within the limit. */
static void longest_fields_fit(void **state)
{
	struct fixture *f = *state;
	struct invitation longest = f->invitation;
	struct buf text;

	memset(longest.fed_name, 'F', LIMIT_NAME_LEN_MAX);
	memset(longest.name, 'n', LIMIT_NAME_LEN_MAX);
	memset(longest.slug, 's', CHARTER_SLUG_LEN_MAX);
	memset(longest.address, 'a', LIMIT_ADDRESS_LEN_MAX);
	memcpy(longest.address + LIMIT_ADDRESS_LEN_MAX - 6, ":65535", 6);
	longest.fed_name[LIMIT_NAME_LEN_MAX] = longest.name[LIMIT_NAME_LEN_MAX] = 0;
	longest.slug[CHARTER_SLUG_LEN_MAX] = longest.address[LIMIT_ADDRESS_LEN_MAX] = 0;
	longest.valid_until_ms = INT64_MAX;
	longest.charter_number = UINT32_MAX;
	buf_init(&text, 4096);
	assert_int_equal(invitation_put(&text, &longest), ERR_OK);
	struct invitation read;
	assert_int_equal(invitation_get(&read, buf_bytes(&text)), ERR_OK);
	assert_memory_equal(&read, &longest, sizeof(read));
	buf_fini(&text);
}

/* A person learns whether this is no invitation, a damaged one, or one of a newer program. */
static void faults_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum err wants;
	} cases[] = {
		{"", ERR_MALFORMED},
		{"hello", ERR_MALFORMED},
		{"allmende", ERR_MALFORMED},
		{"allmende-x", ERR_MALFORMED},
		{"Allmende1-AAAA", ERR_MALFORMED},
		{"allmende1-AAAA", ERR_VERSION},
		{"allmende10-AAAA", ERR_VERSION},
		{"allmende20-AAAA", ERR_VERSION},
		{"allmende2-", ERR_DENIED},
		{"allmende2-AAAA", ERR_DENIED},
		{"allmende2-AAAAAAAA", ERR_DENIED},
		{"allmende2-Ä", ERR_DENIED},
	};
	struct fixture *f = *state;
	struct invitation read;

	for (size_t i = 0; i < COUNT(cases); i++)
		if (invitation_get(&read, bytes_str(cases[i].text)) != cases[i].wants)
			fail_msg("%s", cases[i].text);
	for (size_t len = 10; len < f->text.len; len++)
		assert_int_equal(invitation_get(&read, bytes_of(f->text.ptr, len)), ERR_DENIED);
	for (size_t at = 10; at < f->text.len; at++) {
		uint8_t right = f->text.ptr[at];
		f->text.ptr[at] = right == 'A' ? 'B' : 'A';
		assert_int_equal(invitation_get(&read, buf_bytes(&f->text)), ERR_DENIED);
		assert_true(id_zero(&read.transport));
		f->text.ptr[at] = right;
	}
	struct buf big;
	buf_init(&big, 4096);
	buf_add(&big, buf_bytes(&f->text));
	while (big.len <= LIMIT_INVITATION_LEN_MAX)
		buf_add_u8(&big, 'A');
	assert_int_equal(invitation_get(&read, buf_bytes(&big)), ERR_DENIED);
	buf_fini(&big);
}

/* The check sum is right and the contents are not: a newer form, or nonsense. */
static enum err get_by_hand(uint64_t form, const char *address)
{
	const uint8_t zeros[ID_LEN] = {0};
	struct invitation read;
	struct buf payload, text;
	uint8_t sum[ID_LEN];

	buf_init(&payload, 1024);
	buf_init(&text, 2048);
	out_array(&payload, 12);
	out_uint(&payload, form);
	out_fixed(&payload, zeros, ID_LEN);
	out_text(&payload, bytes_str("F"));
	out_uint(&payload, 1);
	out_fixed(&payload, zeros, ID_LEN);
	out_text(&payload, bytes_str(address));
	out_fixed(&payload, zeros, ID_LEN);
	out_fixed(&payload, zeros, ID_LEN);
	out_text(&payload, bytes_str("Riesa"));
	out_text(&payload, bytes_str("riesa"));
	out_text(&payload, bytes_str("14627230"));
	out_uint(&payload, TEST_TIME_MS);
	hash_once(sum, "am1.invite", buf_bytes(&payload));
	buf_add(&payload, bytes_of(sum, 4));
	buf_add(&text, bytes_str("allmende2-"));
	base64_put(&text, buf_bytes(&payload));
	enum err err = invitation_get(&read, buf_bytes(&text));
	buf_fini(&payload);
	buf_fini(&text);
	return err;
}

static void contents_are_looked_at(void **state)
{
	assert_int_equal(get_by_hand(1, "riesa.example:1"), ERR_OK);
	assert_int_equal(get_by_hand(2, "riesa.example:1"), ERR_VERSION);
	assert_int_equal(get_by_hand(1, "riesa.example"), ERR_MALFORMED);
}

static void what_is_not_valid_is_not_written(void **state)
{
	struct fixture *f = *state;
	struct invitation bad;
	struct buf text;

	buf_init(&text, 4096);
	bad = f->invitation;
	strcpy(bad.address, "no port");
	assert_int_equal(invitation_put(&text, &bad), ERR_MALFORMED);
	bad = f->invitation;
	strcpy(bad.slug, "Not A Slug");
	assert_int_equal(invitation_put(&text, &bad), ERR_MALFORMED);
	bad = f->invitation;
	strcpy(bad.ags, "123");
	assert_int_equal(invitation_put(&text, &bad), ERR_MALFORMED);
	assert_int_equal(text.len, 0);
	buf_fini(&text);
}

static void request_names_its_maker(void **state)
{
	struct fixture *f = *state;
	struct join_request request;
	struct charter other = {.fed = f->fed.charter.fed};

	assert_int_equal(join_request_get(&request, buf_bytes(&f->request), &f->fed.charter),
			 ERR_OK);
	assert_true(id_eq(&request.org, &f->joiner.id));
	assert_true(id_eq(&request.root, &f->joiner.root_pk));
	assert_true(key_eq(&request.secret, &f->invitation.secret));
	assert_int_equal(request.address_count, 2);
	assert_true(bytes_eq(request.addresses[1], bytes_str(addresses[1])));
	assert_true(bytes_eq(request.orglog_entry, buf_bytes(&f->joiner.entry)));
	assert_int_equal(request.next_root.b[0], 7);
	other.fed.b[0] ^= 1;
	assert_int_equal(join_request_get(&request, buf_bytes(&f->request), &other), ERR_DENIED);
	for (size_t at = 0; at < f->request.len; at++) {
		f->request.ptr[at] ^= 1;
		assert_int_not_equal(
			join_request_get(&request, buf_bytes(&f->request), &f->fed.charter),
			ERR_OK);
		f->request.ptr[at] ^= 1;
	}
}

/* Nobody hands in another's organisation under his own signature. */
static void request_is_signed_by_the_organisation(void **state)
{
	struct fixture *f = *state;
	struct join_request request;
	struct buf stolen;

	buf_init(&stolen, LIMIT_JOIN_REQUEST_LEN_MAX);
	join_request_make(&stolen, &f->invitation, buf_bytes(&f->joiner.entry), addresses,
			  &commitment, &(struct digest){{7}}, &f->fed.orgs[0].root);
	assert_int_equal(join_request_get(&request, buf_bytes(&stolen), &f->fed.charter),
			 ERR_DENIED);
	buf_fini(&stolen);
	struct buf big;
	buf_init(&big, LIMIT_JOIN_REQUEST_LEN_MAX + 1);
	memset(buf_space(&big, LIMIT_JOIN_REQUEST_LEN_MAX + 1), 0, LIMIT_JOIN_REQUEST_LEN_MAX + 1);
	assert_int_equal(join_request_get(&request, buf_bytes(&big), &f->fed.charter), ERR_FULL);
	buf_fini(&big);
}

static void a_secret_admits_once(void **state)
{
	struct fixture *f = *state;
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct join_request request, other;
	struct invitation_row row;
	const int64_t now = TEST_TIME_MS;

	assert_int_equal(join_request_get(&request, buf_bytes(&f->request), &f->fed.charter),
			 ERR_OK);
	assert_int_equal(invitation_check(txn, &request, now), ERR_ABSENT);
	invitation_store(txn, &f->invitation, true, true);
	assert_int_equal(invitation_find(txn, &f->invitation.secret, &row), ERR_OK);
	assert_string_equal(row.name, f->joiner.name);
	assert_false(row.used);
	assert_true(row.auto_approve && row.relay);
	assert_int_equal(invitation_check(txn, &request, now), ERR_OK);
	assert_int_equal(invitation_check(txn, &request, now + 1000), ERR_OK);
	assert_int_equal(invitation_check(txn, &request, now + 1001), ERR_AGAIN);
	other = request;
	other.name = bytes_str("Stadt Anders");
	assert_int_equal(invitation_check(txn, &other, now), ERR_DENIED);
	other = request;
	other.slug = bytes_str("anders");
	assert_int_equal(invitation_check(txn, &other, now), ERR_DENIED);
	other = request;
	other.ags = bytes_str("14627140");
	assert_int_equal(invitation_check(txn, &other, now), ERR_DENIED);
	invitation_use(txn, &request);
	/* the same organisation asks again, as the answer got lost; another one does not get in */
	assert_int_equal(invitation_check(txn, &request, now + 500), ERR_OK);
	assert_int_equal(invitation_check(txn, &request, now + 5000), ERR_AGAIN);
	other = request;
	other.org.b[0] ^= 1;
	assert_int_equal(invitation_check(txn, &other, now), ERR_EXISTS);
	/* nor does it bind itself a second time, when it knows the issuer's value */
	other = request;
	other.commitment.b[0] ^= 1;
	assert_int_equal(invitation_check(txn, &other, now), ERR_EXISTS);
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_goes_there_and_back),
		cmocka_unit_test(longest_fields_fit),
		cmocka_unit_test(faults_are_told_apart),
		cmocka_unit_test(contents_are_looked_at),
		cmocka_unit_test(what_is_not_valid_is_not_written),
		cmocka_unit_test(request_names_its_maker),
		cmocka_unit_test(request_is_signed_by_the_organisation),
		cmocka_unit_test(a_secret_admits_once),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
