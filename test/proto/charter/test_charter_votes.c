/*
 * charter: who has a vote, and what is counted: distinct root keys, never signatures, names or
 * numbers. The cases that implementations of thresholds are known to get wrong have a test each.
 */
#include <sodium.h>

#include "test/proto/charter_draft.h"

static void admit_twin(struct draft *d, struct draft_fixture *f)
{
	test_admit(&d->changes[0], &f->twin, 5);
}

/* Two members with one root key are one vote. */
static void one_key_under_two_names_is_one_vote(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	draft_init(&draft, f);
	admit_twin(&draft, f);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	/*
	 * stewards 1, 2, 5 with threshold 2, where 1 and 5 are one key: 1 and 2 vote, which is
	 * enough
	 */
	draft_init(&draft, f);
	draft.entry.number = 3;
	draft.entry.previous = charter.entry_id;
	draft_stewards(&draft, 1, 2, 5, 2);
	draft.voter_count = 0;
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 2);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	/* 1 and 5 both vote with right signatures: one key */
	draft_init(&draft, f);
	draft.entry.number = 4;
	draft.entry.previous = charter.entry_id;
	test_admit(&draft.changes[0], &f->next, 6);
	draft.voters[1] = 5;
	draft.keys[1] = f->twin.root;
	assert_int_equal(draft_apply(&draft, &charter), ERR_DENIED);
	draft.voter_count = 1;
	draft.voters[1] = 2;
	draft.keys[1] = f->fed.orgs[1].root;
	draft.voter_count = 2;
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	charter_fini(&charter);
}

/* A vote too many, wrong or by nobody, neither counts nor hurts. */
static void wrong_votes_do_no_harm(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	draft_init(&draft, f);
	draft.voter_count = 0;
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 2);
	draft.keys[1] = test_key(12345);
	draft_vote(&draft, f, 3);
	draft_vote(&draft, f, 4);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	charter_fini(&charter);
}

/* Stewards change only with the old threshold of the old ones and the new one of the new ones. */
static void new_stewards_vote_too(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	draft_init(&draft, f);
	draft_stewards(&draft, 2, 4, 0, 2);
	draft.voter_count = 0;
	draft_vote(&draft, f, 2);
	draft_vote(&draft, f, 4);
	/* enough of the new, one of the old */
	assert_int_equal(draft_apply(&draft, &charter), ERR_DENIED);
	draft.voter_count = 0;
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 2);
	/* enough of the old, one of the new */
	assert_int_equal(draft_apply(&draft, &charter), ERR_DENIED);
	draft_vote(&draft, f, 4);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	assert_false(charter_is_steward(&charter, 1));
	assert_true(charter_is_steward(&charter, 4));
	charter_fini(&charter);
}

static enum err admit_root(struct draft_fixture *f, struct charter *charter,
			   const uint8_t root[ID_LEN])
{
	struct draft draft;

	draft_init(&draft, f);
	memcpy(draft.changes[0].member.root.b, root, ID_LEN);
	return draft_apply(&draft, charter);
}

/* One key in two encodings would be two votes: only one of them is ever admitted. */
static void two_encodings_of_one_key_are_not_both_admitted(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	uint8_t root[ID_LEN], small[ID_LEN] = {0};

	/* y of p and above, with both signs of x */
	for (unsigned low = 0xed; low <= 0xff; low++) {
		memset(root, 0xff, sizeof(root));
		root[0] = (uint8_t)low;
		assert_int_equal(admit_root(f, &charter, root), ERR_DENIED);
		root[31] = 0x7f;
		assert_int_equal(admit_root(f, &charter, root), ERR_DENIED);
	}
	/* the key moved by the point of order two, (0, -1) */
	small[0] = 0xec;
	memset(small + 1, 0xff, 30);
	small[31] = 0x7f;
	assert_int_equal(crypto_core_ed25519_add(root, f->next.root_pk.b, small), 0);
	assert_int_equal(admit_root(f, &charter, root), ERR_DENIED);
	assert_int_equal(admit_root(f, &charter, f->next.root_pk.b), ERR_OK);
	charter_fini(&charter);
}

/* One signature, given twice: under one number, under two, and as two votes of one encoding. */
static void a_repeated_signature_counts_once(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	draft_init(&draft, f);
	draft.voters[1] = 1;
	draft.keys[1] = draft.keys[0];
	assert_int_equal(draft_apply(&draft, &charter), ERR_MALFORMED);
	for (uint32_t other = 2; other <= 5; other++) {
		draft_init(&draft, f);
		draft.voters[1] = other;
		draft.keys[1] = draft.keys[0];
		assert_int_equal(draft_apply(&draft, &charter), ERR_DENIED);
	}
	draft_init(&draft, f);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	charter_fini(&charter);
}

/* Who was a steward, and who will be one by this very entry, does not decide on it. */
static void stewards_of_the_previous_entry_only(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	draft_init(&draft, f);
	draft_stewards(&draft, 2, 4, 0, 2);
	draft.voter_count = 0;
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 2);
	draft_vote(&draft, f, 4);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	/* 1 and 3 are no stewards any more */
	draft_next(&draft, f, &charter);
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 3);
	assert_int_equal(draft_apply(&draft, &charter), ERR_DENIED);
	/* 1 and 3 would be again */
	draft_next(&draft, f, &charter);
	draft_stewards(&draft, 1, 3, 0, 2);
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 3);
	assert_int_equal(draft_apply(&draft, &charter), ERR_DENIED);
	draft_next(&draft, f, &charter);
	draft_vote(&draft, f, 2);
	draft_vote(&draft, f, 4);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	charter_fini(&charter);
}

static void a_skipped_number_waits(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f), ahead = draft_charter(f);
	struct draft second, third;
	struct buf whole, next;

	buf_init(&whole, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&next, LIMIT_CHARTER_ENTRY_LEN_MAX);
	draft_init(&second, f);
	draft_put(&whole, &second, &ahead);
	assert_int_equal(charter_apply(&ahead, buf_bytes(&whole)), ERR_OK);
	draft_next(&third, f, &ahead);
	draft_vote(&third, f, 1);
	draft_vote(&third, f, 2);
	draft_put(&next, &third, &ahead);
	assert_int_equal(charter_apply(&charter, buf_bytes(&next)), ERR_AGAIN);
	assert_int_equal(charter.number, 1);
	assert_int_equal(charter_apply(&charter, buf_bytes(&whole)), ERR_OK);
	assert_int_equal(charter_apply(&charter, buf_bytes(&next)), ERR_OK);
	buf_fini(&whole);
	buf_fini(&next);
	charter_fini(&charter);
	charter_fini(&ahead);
}

/* Votes for another federation do not count here, nor does its first entry. */
static void a_foreign_charter_is_refused(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct test_federation foreign;
	struct draft draft;

	draft_init(&draft, f);
	draft.fed_zero = true;
	assert_int_equal(draft_apply(&draft, &charter), ERR_DENIED);
	test_federation_init(&foreign, 3, 1, 1);
	assert_int_equal(charter_apply(&charter, buf_bytes(&foreign.entry)), ERR_EXISTS);
	assert_true(id_eq(&charter.fed, &f->fed.charter.fed));
	test_federation_fini(&foreign);
	charter_fini(&charter);
}

/* ---- settlements ---- */

/* A settlement that changes nothing, with the votes of these members (bit i: member i + 1). */
static enum err settle(struct draft_fixture *f, struct charter *charter, unsigned members)
{
	struct draft draft;

	draft_next(&draft, f, charter);
	draft_change(&draft, CHARTER_SETTLE);
	for (uint32_t i = 0; i < f->fed.org_count; i++)
		if (members >> i & 1)
			draft_vote(&draft, f, i + 1);
	return draft_apply(&draft, charter);
}

/* More than half of the members, whoever are stewards. */
static void members_settle(void **state)
{
	struct draft_fixture *f = *state;

	for (unsigned members = 0; members < 16; members++) {
		struct charter charter = draft_charter(f);
		enum err wants = __builtin_popcount(members) > 2 ? ERR_OK : ERR_DENIED;
		assert_int_equal(settle(f, &charter, members), wants);
		assert_int_equal(charter.number, wants ? 1 : 2);
		charter_fini(&charter);
	}
}

static void one_key_under_two_names_settles_once(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	draft_init(&draft, f);
	admit_twin(&draft, f);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	/* members 1 and 5 are one key, so there are two votes of five */
	draft_next(&draft, f, &charter);
	draft_change(&draft, CHARTER_SETTLE);
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 2);
	draft.voters[2] = 5;
	draft.keys[2] = f->twin.root;
	draft.voter_count = 3;
	assert_int_equal(draft_apply(&draft, &charter), ERR_DENIED);
	charter_fini(&charter);
}

/* It names stewards whose votes it needs then; a settlement stands first in its entry. */
static void a_settlement_keeps_the_other_rules(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;
	struct charter_change *change;

	for (unsigned votes = 3; votes <= 4; votes++) {
		draft_next(&draft, f, &charter);
		draft_change(&draft, CHARTER_SETTLE);
		change = draft_change(&draft, CHARTER_STEWARDS);
		change->stewards[0] = 3;
		change->stewards[1] = 4;
		change->steward_count = 2;
		for (uint32_t n = 1; n <= votes; n++)
			draft_vote(&draft, f, n);
		assert_int_equal(draft_apply(&draft, &charter), votes == 4 ? ERR_OK : ERR_DENIED);
	}
	draft_next(&draft, f, &charter);
	draft_change(&draft, CHARTER_KEY);
	draft_change(&draft, CHARTER_SETTLE);
	for (uint32_t n = 1; n <= 4; n++)
		draft_vote(&draft, f, n);
	assert_int_equal(draft_apply(&draft, &charter), ERR_PROTOCOL);
	draft_next(&draft, f, &charter);
	change = draft_change(&draft, CHARTER_SETTLE);
	change->branch_count = 2; /* the same entry twice */
	for (uint32_t n = 1; n <= 4; n++)
		draft_vote(&draft, f, n);
	assert_int_equal(draft_apply(&draft, &charter), ERR_MALFORMED);
	charter_fini(&charter);
}

/* ---- relays ---- */

/* Makes a member a relay, with or without a new federation key. */
static enum err to_relay(struct draft_fixture *f, struct charter *charter, uint32_t number,
			 bool key)
{
	struct draft draft;

	draft_next(&draft, f, charter);
	draft_change(&draft, CHARTER_TO_RELAY)->member.number = number;
	if (key)
		draft_change(&draft, CHARTER_KEY)->key_number = charter->key_number + 1;
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 2);
	return draft_apply(&draft, charter);
}

static void a_relay_belongs_without_reading_or_voting(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	assert_int_equal(to_relay(f, &charter, 4, false), ERR_PROTOCOL); /* it knows the key */
	assert_int_equal(to_relay(f, &charter, 3, true), ERR_PROTOCOL);  /* a steward */
	assert_int_equal(to_relay(f, &charter, 9, true), ERR_PROTOCOL);
	assert_int_equal(to_relay(f, &charter, 4, true), ERR_OK);
	assert_int_equal(to_relay(f, &charter, 4, true), ERR_PROTOCOL); /* already */
	assert_int_equal(charter_member(&charter, 4)->state, CHARTER_RELAY);
	assert_true(charter_is_present(charter_member(&charter, 4)));
	assert_int_equal(charter_by_org(&charter, &f->fed.orgs[3].id)->number, 4);
	assert_int_equal(member_by_ags(&charter, bytes_str(f->fed.orgs[3].ags))->number, 4);
	/* two of three members are enough, and the relay is none of them */
	assert_int_equal(settle(f, &charter, 8 + 1), ERR_DENIED);
	assert_int_equal(settle(f, &charter, 2 + 1), ERR_OK);
	draft_next(&draft, f, &charter);
	draft_stewards(&draft, 1, 2, 4, 2);
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 2);
	assert_int_equal(draft_apply(&draft, &charter), ERR_PROTOCOL);
	/* it can go without a new key, as it never had one */
	draft_next(&draft, f, &charter);
	draft_remove(&draft, 4, false);
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 2);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	assert_null(charter_by_org(&charter, &f->fed.orgs[3].id));
	charter_fini(&charter);
}

static void a_relay_is_admitted_as_one(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	draft_init(&draft, f);
	draft_change(&draft, CHARTER_TO_RELAY)->member.number = 5;
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	assert_int_equal(charter_by_org(&charter, &f->next.id)->state, CHARTER_RELAY);
	assert_int_equal(charter.key_number, 1);
	charter_fini(&charter);
}

/* ---- one vote by itself, and a payload without votes ---- */

static void a_vote_is_checked_by_itself(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct charter_change changes[2] = {{.kind = CHARTER_SETTLE}};
	struct charter_vote vote;
	struct buf payload;

	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	test_admit(&changes[1], &f->next, 5);
	assert_int_equal(
		charter_payload_make(&payload, &charter, NULL, TEST_TIME_MS + 1, 2, changes + 1, 1),
		ERR_OK);
	assert_int_equal(charter_payload_check(&charter, buf_bytes(&payload)), ERR_OK);
	for (uint32_t n = 1; n <= 4; n++) {
		charter_vote(&vote, &charter, n, &f->fed.orgs[n - 1].root, buf_bytes(&payload));
		assert_int_equal(charter_vote_check(&charter, buf_bytes(&payload), &vote),
				 n <= 3 ? ERR_OK : ERR_DENIED);
		vote.member = n % 3 + 1;
		assert_int_equal(charter_vote_check(&charter, buf_bytes(&payload), &vote),
				 ERR_DENIED);
	}
	buf_reset(&payload);
	assert_int_equal(
		charter_payload_make(&payload, &charter, NULL, TEST_TIME_MS + 1, 2, changes, 2),
		ERR_OK);
	charter_vote(&vote, &charter, 4, &f->fed.orgs[3].root, buf_bytes(&payload));
	assert_int_equal(charter_vote_check(&charter, buf_bytes(&payload), &vote), ERR_OK);
	/* unchanged by all this, and another table is refused without a vote */
	assert_int_equal(charter.member_count, 4);
	payload.ptr[payload.len - 1] ^= 1;
	assert_int_equal(charter_payload_check(&charter, buf_bytes(&payload)), ERR_PROTOCOL);
	buf_fini(&payload);
	charter_fini(&charter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_key_under_two_names_is_one_vote),
		cmocka_unit_test(two_encodings_of_one_key_are_not_both_admitted),
		cmocka_unit_test(a_repeated_signature_counts_once),
		cmocka_unit_test(stewards_of_the_previous_entry_only),
		cmocka_unit_test(a_skipped_number_waits),
		cmocka_unit_test(a_foreign_charter_is_refused),
		cmocka_unit_test(wrong_votes_do_no_harm),
		cmocka_unit_test(new_stewards_vote_too),
		cmocka_unit_test(members_settle),
		cmocka_unit_test(one_key_under_two_names_settles_once),
		cmocka_unit_test(a_settlement_keeps_the_other_rules),
		cmocka_unit_test(a_relay_belongs_without_reading_or_voting),
		cmocka_unit_test(a_relay_is_admitted_as_one),
		cmocka_unit_test(a_vote_is_checked_by_itself),
	};
	return cmocka_run_group_tests(tests, draft_setup, draft_teardown);
}
