/* proposal: what stewards read before they sign, and what they hand over. */
#include "crypto/hash.h"
#include "proto/wire/envelope.h"
#include "proto/ledger/notice.h"
#include "proto/charter/proposal.h"
#include "proto/wire/wire_out.h"
#include "test/proto/federation.h"

struct fixture {
	struct test_federation fed; /* five members, three stewards, two must agree */
	struct test_org newcomer;
	struct buf payload;
};

static struct charter_change change_of(enum charter_change_kind kind, uint32_t member)
{
	struct charter_change change = {.kind = kind};

	change.member.number = member;
	return change;
}

/*
 * Admits one, removes a steward, makes others, with a new key: all that a proposal can be at once.
 */
static size_t changes_make(struct fixture *f, struct charter_change changes[5])
{
	test_admit(&changes[0], &f->newcomer, 6);
	changes[1] = change_of(CHARTER_REMOVE, 2);
	changes[2] = change_of(CHARTER_STEWARDS, 0);
	changes[2].stewards[0] = 1;
	changes[2].stewards[1] = 3;
	changes[2].stewards[2] = 4;
	changes[2].stewards[3] = 6;
	changes[2].steward_count = 4;
	changes[3] = change_of(CHARTER_KEY, 0);
	changes[3].key_number = 2;
	changes[3].has_sealed = true;
	return 4;
}

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	struct charter_change changes[5];

	if (test_setup(state))
		return 1;
	test_federation_init(&f->fed, 5, 3, 2);
	test_org_init(&f->newcomer, 9);
	size_t count = changes_make(f, changes);
	buf_init(&f->payload, PROPOSAL_LEN_MAX);
	*state = f;
	return charter_payload_make(&f->payload, &f->fed.charter, NULL, TEST_TIME_MS, 3, changes,
				    count);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	test_federation_fini(&f->fed);
	test_org_fini(&f->newcomer);
	buf_fini(&f->payload);
	free(f);
	return 0;
}

static void a_payload_is_read(void **state)
{
	struct fixture *f = *state;
	struct proposal proposal;
	struct buf longer;

	assert_int_equal(proposal_init(&proposal, buf_bytes(&f->payload)), ERR_OK);
	assert_int_equal(proposal.entry.number, 2);
	assert_int_equal(proposal.entry.change_count, 4);
	assert_int_equal(proposal.changes[1].kind, CHARTER_REMOVE);
	assert_false(proposal.entry.settles);
	assert_true(proposal_changes_stewards(&proposal, &f->fed.charter));
	assert_true(proposal_is_steward(&proposal, &f->fed.charter, 1));
	assert_false(proposal_is_steward(&proposal, &f->fed.charter, 2));
	assert_true(proposal_is_steward(&proposal, &f->fed.charter, 6));
	proposal_fini(&proposal);
	for (size_t len = 0; len < f->payload.len; len++)
		assert_int_not_equal(proposal_init(&proposal, bytes_of(f->payload.ptr, len)),
				     ERR_OK);
	buf_init(&longer, 2 * PROPOSAL_LEN_MAX);
	buf_space(&longer, PROPOSAL_LEN_MAX + 1);
	assert_int_equal(proposal_init(&proposal, buf_bytes(&longer)), ERR_FULL);
	buf_fini(&longer);
}

/*
 * Where only the threshold changes, the new quorum counts as well; where nothing does, it does not.
 */
static void who_has_to_agree(void **state)
{
	struct fixture *f = *state;
	struct charter_change remove[2] = {change_of(CHARTER_REMOVE, 5), change_of(CHARTER_KEY, 0)};
	struct proposal proposal;
	struct buf payload;

	remove[1].key_number = 2;
	remove[1].has_sealed = true;
	buf_init(&payload, PROPOSAL_LEN_MAX);
	for (uint32_t threshold = 2; threshold <= 3; threshold++) {
		buf_reset(&payload);
		assert_int_equal(charter_payload_make(&payload, &f->fed.charter, NULL, TEST_TIME_MS,
						      threshold, remove, 2),
				 ERR_OK);
		assert_int_equal(proposal_init(&proposal, buf_bytes(&payload)), ERR_OK);
		assert_int_equal(proposal_changes_stewards(&proposal, &f->fed.charter),
				 threshold == 3);
		assert_true(proposal_is_steward(&proposal, &f->fed.charter, 2));
		assert_false(proposal_is_steward(&proposal, &f->fed.charter, 4));
		proposal_fini(&proposal);
	}
	buf_fini(&payload);
}

static void in_plain_words(void **state)
{
	struct fixture *f = *state;
	struct charter_change changes[5];
	size_t count = changes_make(f, changes);
	struct buf words;

	buf_init(&words, 4096);
	changes[count++] = change_of(CHARTER_TO_RELAY, 5);
	proposal_words(&words, &f->fed.charter, changes, count, 3);
	buf_add_u8(&words, 0);
	static const char expected[] =
		"admits Gemeinde 9 (gemeinde-9, key 14627009)\n"
		"removes Gemeinde 2 (gemeinde-2) from the federation\n"
		"makes stewards: Gemeinde 1 (gemeinde-1), Gemeinde 3 (gemeinde-3), "
		"Gemeinde 4 (gemeinde-4), Gemeinde 9 (gemeinde-9)\n"
		"gives the federation a new key, number 2\n"
		"makes Gemeinde 5 (gemeinde-5) a relay: it holds and passes on what it cannot "
		"read\n"
		"from then on 3 of 4 stewards decide (now 2 of 3)\n";
	assert_string_equal((const char *)words.ptr, expected);
	buf_reset(&words);
	changes[0] = (struct charter_change){.kind = CHARTER_SETTLE, .branch_count = 2};
	memset(changes[0].branches[0].b, 0x1a, ID_LEN);
	memset(changes[0].branches[1].b, 0x2b, ID_LEN);
	proposal_words(&words, &f->fed.charter, changes, 1, 2);
	buf_add_u8(&words, 0);
	assert_string_equal((const char *)words.ptr,
			    "settles what the stewards cannot; these entries do not count: "
			    "1a1a1a1a, 2b2b2b2b\n");
	buf_fini(&words);
}

static void a_vote_as_a_record(void **state)
{
	struct fixture *f = *state;
	struct vote_body body = {.payload = buf_bytes(&f->payload), .has_opening = true}, read;
	struct buf out;

	memset(body.sig.b, 7, SIG_LEN);
	body.opening = (struct opening){.a = {{1}}, .b = {{2}}, .request = bytes_str("request")};
	buf_init(&out, LIMIT_RECORD_LEN_MAX);
	vote_body_put(&out, &body);
	assert_int_equal(vote_body_get(&read, buf_bytes(&out)), ERR_OK);
	assert_true(bytes_eq(read.payload, body.payload));
	assert_memory_equal(read.sig.b, body.sig.b, SIG_LEN);
	assert_true(read.has_opening && id_eq(&read.opening.a, &body.opening.a) &&
		    id_eq(&read.opening.b, &body.opening.b) &&
		    bytes_eq(read.opening.request, body.opening.request));
	for (size_t len = 0; len < out.len; len++)
		assert_int_not_equal(vote_body_get(&read, bytes_of(out.ptr, len)), ERR_OK);
	out.ptr[1] = 2; /* another form */
	assert_int_equal(vote_body_get(&read, buf_bytes(&out)), ERR_VERSION);
	buf_fini(&out);
}

static void texts_go_there_and_back(void **state)
{
	struct fixture *f = *state;
	struct vote_text vote = {.fed = f->fed.charter.fed, .number = 2, .member = 3}, read;
	struct proposal_text proposal = {.fed = f->fed.charter.fed,
					 .payload = buf_bytes(&f->payload)},
			     got;
	struct buf text, body;

	memset(vote.entry_id.b, 5, ID_LEN);
	memset(vote.sig.b, 6, SIG_LEN);
	buf_init(&text, ENVELOPE_LEN_MAX);
	buf_init(&body, ENVELOPE_LEN_MAX);
	proposal_text_put(&text, &proposal);
	assert_memory_equal(text.ptr, "allmende2p-", 11);
	assert_int_equal(proposal_text_get(&body, &got, buf_bytes(&text)), ERR_OK);
	assert_true(bytes_eq(got.payload, buf_bytes(&f->payload)) && !got.has_opening);
	assert_true(id_eq(&got.fed, &f->fed.charter.fed));
	assert_int_equal(vote_text_get(&read, buf_bytes(&text)), ERR_MALFORMED);
	buf_reset(&text);
	vote_text_put(&text, &vote);
	assert_memory_equal(text.ptr, "allmende2v-", 11);
	assert_int_equal(vote_text_get(&read, buf_bytes(&text)), ERR_OK);
	assert_memory_equal(&read, &vote, sizeof(read));
	buf_reset(&body);
	assert_int_equal(proposal_text_get(&body, &got, buf_bytes(&text)), ERR_MALFORMED);
	text.ptr[30] ^= 1;
	assert_int_equal(vote_text_get(&read, buf_bytes(&text)), ERR_DENIED);
	buf_fini(&text);
	buf_fini(&body);
}

/* A settlement names as many entries as the table of limits says, and not one more. */
static void a_settlement_names_few(void **state)
{
	for (uint32_t count = CHARTER_BRANCH_COUNT_MAX; count <= CHARTER_BRANCH_COUNT_MAX + 1;
	     count++) {
		const bool fits = count == CHARTER_BRANCH_COUNT_MAX;
		struct proposal proposal;
		struct digest id = {{1}};
		struct buf payload;

		buf_init(&payload, PROPOSAL_LEN_MAX);
		out_array(&payload, 8);
		out_uint(&payload, 1);
		out_uint(&payload, 2);
		out_fixed(&payload, id.b, ID_LEN);
		out_nil(&payload);
		out_uint(&payload, 1);
		out_uint(&payload, 1);
		out_array(&payload, 1);
		out_array(&payload, 2);
		out_uint(&payload, CHARTER_SETTLE);
		out_array(&payload, count);
		for (uint32_t i = 0; i < count; i++) {
			id.b[31] = (uint8_t)(i + 1);
			out_fixed(&payload, id.b, ID_LEN);
		}
		out_fixed(&payload, id.b, ID_LEN);
		assert_int_equal(proposal_init(&proposal, buf_bytes(&payload)),
				 fits ? ERR_OK : ERR_MALFORMED);
		if (fits)
			proposal_fini(&proposal);
		buf_fini(&payload);
	}
}

/*
 * The longest proposal fits into a record with its vote, into an entry with the votes of all
 * stewards, and into a text.
 */
static void the_longest_fits(void **state)
{
	struct vote_body body = {.has_opening = true};
	struct charter_vote votes[2 * LIMIT_STEWARD_COUNT_MAX];
	struct proposal_text text = {.has_opening = true};
	struct buf payload, out;

	(void)state;
	memset(votes, 0xff, sizeof(votes));
	buf_init(&payload, PROPOSAL_LEN_MAX);
	memset(buf_space(&payload, PROPOSAL_LEN_MAX), 1, PROPOSAL_LEN_MAX);
	body.payload = text.payload = buf_bytes(&payload);
	body.opening.request = text.opening.request =
		bytes_slice(text.payload, 0, LIMIT_JOIN_REQUEST_LEN_MAX);
	memset(body.sig.b, 7, SIG_LEN);
	buf_init(&out, LIMIT_RECORD_LEN_MAX - 300);
	vote_body_put(&out, &body);
	assert_int_equal(out.err, ERR_OK);
	buf_fini(&out);
	buf_init(&out, LIMIT_CHARTER_ENTRY_LEN_MAX);
	charter_entry_make(&out, buf_bytes(&payload), votes, 2 * LIMIT_STEWARD_COUNT_MAX);
	assert_int_equal(out.err, ERR_OK);
	buf_fini(&out);
	buf_init(&out, ENVELOPE_LEN_MAX);
	proposal_text_put(&out, &text);
	assert_int_equal(out.err, ERR_OK);
	buf_fini(&out);
	buf_fini(&payload);
}

static void notices(void **state)
{
	char longest[NOTICE_TEXT_LEN_MAX + 2];
	struct bytes text;
	struct buf out;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	buf_init(&out, 4096);
	assert_int_equal(notice_put(&out, bytes_of(longest, NOTICE_TEXT_LEN_MAX)), ERR_OK);
	assert_int_equal(notice_get(&text, buf_bytes(&out)), ERR_OK);
	assert_int_equal(text.len, NOTICE_TEXT_LEN_MAX);
	assert_int_equal(notice_get(&text, bytes_of(out.ptr, out.len - 1)), ERR_MALFORMED);
	buf_reset(&out);
	assert_int_equal(notice_put(&out, bytes_of(longest, NOTICE_TEXT_LEN_MAX + 1)),
			 ERR_MALFORMED);
	assert_int_equal(notice_put(&out, bytes_str("zwei\nZeilen")), ERR_MALFORMED);
	assert_int_equal(notice_put(&out, bytes_str("")), ERR_OK);
	assert_int_equal(notice_get(&text, buf_bytes(&out)), ERR_OK);
	assert_int_equal(text.len, 0);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_is_read),       cmocka_unit_test(who_has_to_agree),
		cmocka_unit_test(in_plain_words),          cmocka_unit_test(a_vote_as_a_record),
		cmocka_unit_test(texts_go_there_and_back), cmocka_unit_test(a_settlement_names_few),
		cmocka_unit_test(the_longest_fits),        cmocka_unit_test(notices),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
