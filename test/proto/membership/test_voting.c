/* Votes that come: which count, when an entry comes of them, and what is kept for how long. */
#include "test/proto/membership/voting_fixture.h"

/* ---- votes that come ---- */

static void test_votes(void **state)
{
	enum { GOOD, OTHER_KEY, NO_PAYLOAD, OTHER_NUMBER, NOT_ALLOWED };
	static const struct {
		uint32_t voters[4];
		int last;        /* how the last vote is */
		uint32_t votes;  /* that are shown; 0: no proposal is kept */
		uint32_t number; /* of the charter then */
	} cases[] = {
		{{2}, GOOD, 1, 1},       {{2, 2}, GOOD, 1, 1},      {{2, 3}, GOOD, 0, 2},
		{{3, 2}, GOOD, 0, 2},    {{1, 2}, GOOD, 0, 2}, /* an own vote that has come back */
		{{4}, GOOD, 0, 1},                             /* no steward */
		{{2, 4}, GOOD, 1, 1},    {{2}, OTHER_KEY, 0, 1},    {{2, 3}, OTHER_KEY, 1, 1},
		{{2}, NO_PAYLOAD, 0, 1}, {{2}, OTHER_NUMBER, 0, 1}, {{2}, NOT_ALLOWED, 0, 1},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct voting_proposal shown;
		struct buf altered;
		setup(state);
		struct fixture *f = *state;
		const struct key *other = &f->base->fed.orgs[3].root;
		buf_init(&altered, LIMIT_CHARTER_ENTRY_LEN_MAX);
		if (cases[i].last == OTHER_NUMBER)
			buf_add(&altered, bytes_slice(buf_bytes(&f->base->fed.entry), 3, 200));
		else
			buf_add(&altered, buf_bytes(&f->payload));
		if (cases[i].last == NO_PAYLOAD)
			altered.len -= 3;
		if (cases[i].last == NOT_ALLOWED) /* the hash of the table is another */
			altered.ptr[altered.len - 1] ^= 1;
		for (unsigned v = 0; v < 4 && cases[i].voters[v]; v++) {
			uint32_t voter = cases[i].voters[v];
			bool last = v == 3 || !cases[i].voters[v + 1];
			if (last && cases[i].last == OTHER_KEY)
				vote_come_by(f, &f->payload, voter, other);
			else
				vote_come(f, last ? &altered : &f->payload, voter);
		}
		settle(f);
		assert_int_equal(f->hub->charter.number, cases[i].number);
		bool kept = shown_of(f, &f->payload, &shown);
		assert_int_equal(kept, cases[i].votes > 0);
		assert_int_equal(proposals_count(f), cases[i].votes > 0);
		if (kept)
			assert_int_equal(shown.votes, cases[i].votes);
		buf_fini(&altered);
		teardown(state);
	}
}

/* Nobody votes for what is no vote; and who is no member counts nothing. */
static void test_vote_bad(void **state)
{
	struct fixture *f = *state;
	struct record record = {
		.author = author_of(2, 0), .kind = RECORD_VOTE, .body = bytes_str("vote")};
	voting_arrival(f->hub, f->node->txn, &record);
	assert_int_equal(proposals_count(f), 0);
	vote_come(f, &f->payload, 2);
	vote_come(f, &f->payload, 3);
	f->hub->author = 0;
	settle(f);
	assert_int_equal(f->hub->charter.number, 1);
	assert_true(voting_wake(f->hub) == INT64_MAX);
}

static const char words_admit[] = "entry 2: admits Gemeinde 5 (gemeinde-5, key 14627005)";

/*
 * People hear of the proposal when it comes, and of the entry when it counts; and the next number
 * begins empty.
 */
static void test_accepted(void **state)
{
	struct fixture *f = *state;
	struct voting_proposal shown;
	struct buf words;
	vote_come(f, &f->payload, 2);
	assert_string_equal(hub_node_note(f->node, NOTE_PROPOSAL)->text, words_admit);
	assert_true(shown_of(f, &f->payload, &shown));
	assert_true(shown.may_vote && !shown.voted && !shown.settlement);
	assert_int_equal(shown.number, 2);
	assert_int_equal(shown.needed, 2);
	assert_int_equal(shown.needed_new, 0);
	assert_int_equal(shown.voter_count, 1);
	assert_int_equal(shown.voters[0], 2);
	buf_init(&words, VOTING_WORDS_LEN_MAX);
	assert_true(voting_proposal(f->hub, f->node->txn, 0, &shown, &words));
	assert_int_equal(words.ptr[--words.len], '\n');
	assert_true(bytes_eq(buf_bytes(&words), bytes_str(words_admit + strlen("entry 2: "))));
	buf_fini(&words);
	assert_true(voting_admits(f->hub, f->node->txn, &f->orgs[0].id));
	assert_false(voting_admits(f->hub, f->node->txn, &f->orgs[1].id));
	vote_come(f, &f->rival, 3);
	vote_come(f, &f->payload, 3); /* a steward changes its mind */
	settle(f);
	assert_string_equal(hub_node_note(f->node, NOTE_CHARTER)->text, words_admit);
	assert_int_equal(f->hub->charter.number, 2);
	assert_int_equal(charter_by_org(&f->hub->charter, &f->orgs[0].id)->number, 5);
	assert_int_equal(proposals_count(f), 0);
	assert_int_equal(txn_count(f->node->txn, TABLE_PROPOSAL), 0);
	assert_int_equal(txn_count(f->node->txn, TABLE_VOTE), 0);
	assert_false(voting_admits(f->hub, f->node->txn, &f->orgs[0].id));
}

/*
 * A steward's latest vote takes the place of its other one; a proposal that nobody wants goes with
 * it.
 */
static void test_latest_vote(void **state)
{
	struct fixture *f = *state;
	struct voting_proposal shown;
	vote_come(f, &f->payload, 2);
	vote_come(f, &f->rival, 2);
	assert_false(shown_of(f, &f->payload, &shown));
	assert_true(shown_of(f, &f->rival, &shown));
	assert_int_equal(txn_count(f->node->txn, TABLE_VOTE), 1);
	vote_come(f, &f->payload, 3);
	vote_come(f, &f->rival, 3);
	settle(f);
	assert_int_equal(f->hub->charter.number, 2);
	assert_non_null(charter_by_org(&f->hub->charter, &f->orgs[1].id));
}

/*
 * When the stewards change the new ones must agree, too, and who is one of them then has a vote
 * now.
 */
static void test_new_stewards(void **state)
{
	struct fixture *f = *state;
	struct charter_change change = {
		.kind = CHARTER_STEWARDS, .stewards = {1, 4}, .steward_count = 2};
	struct voting_proposal shown;
	struct buf payload;
	payload_make(f, &payload, &change, 1, 2);
	vote_come(f, &payload, 2);
	vote_come(f, &payload, 3);
	vote_come(f, &payload, 4);
	settle(f);
	assert_int_equal(f->hub->charter.number, 1);
	assert_true(shown_of(f, &payload, &shown));
	assert_int_equal(shown.votes, 2);
	assert_int_equal(shown.votes_new, 1);
	assert_int_equal(shown.needed_new, 2);
	assert_int_equal(shown.voter_count, 3);
	vote_come(f, &payload, 1);
	settle(f);
	assert_int_equal(f->hub->charter.number, 2);
	assert_true(charter_is_steward(&f->hub->charter, 4));
	buf_fini(&payload);
}

/* Votes spread so that none can have enough any more. */
static void test_split(void **state)
{
	struct fixture *f = *state;
	struct charter_change change = {
		.kind = CHARTER_STEWARDS, .stewards = {1, 2}, .steward_count = 2};
	struct buf third;
	payload_make(f, &third, &change, 1, 2);
	assert_false(voting_is_split(f->hub, f->node->txn));
	vote_come(f, &f->payload, 2);
	assert_false(voting_is_split(f->hub, f->node->txn));
	vote_come(f, &f->rival, 3);
	assert_false(voting_is_split(f->hub, f->node->txn));
	vote_come(f, &third, 1);
	assert_true(voting_is_split(f->hub, f->node->txn));
	buf_fini(&third);
}

/* ---- the charter has moved ---- */

/*
 * Votes that came as records before the charter entry they follow are counted when it is here; own
 * ones are dropped later.
 */
static void test_tidy(void **state)
{
	struct fixture *f = *state;
	struct txn *txn = f->node->txn;
	struct charter_change change;
	struct record record;
	struct record_slot slot = record_slot_vote(2);
	struct buf next;
	const uint32_t own = author_of(1, 0);
	vote_come(f, &f->rival, 3);
	assert_int_equal(
		voting_admit(f->hub, txn, newcomer(f, 0, &change), false, NULL, &f->out, f->why),
		ERR_OK);
	change.member.number = 5;
	hub_node_charter(f->node, &f->base->fed, &change, 1);
	settle(f);
	assert_int_equal(txn_count(txn, TABLE_PROPOSAL), 0);
	assert_int_equal(txn_count(txn, TABLE_VOTE), 0);
	/* Kept for those who have to count it still; dropped with the next. */
	assert_int_equal(ledger_slot(&f->hub->ledger, txn, record_slot_bytes(&slot), own, &record),
			 ERR_OK);
	test_admit(&change, &f->orgs[1], 6);
	payload_make(f, &next, &change, 1, 2);
	hub_node_charter(f->node, &f->base->fed, &change, 1);
	settle(f);
	assert_int_equal(ledger_slot(&f->hub->ledger, txn, record_slot_bytes(&slot), own, &record),
			 ERR_ABSENT);
	buf_fini(&next);
}

/* Vote records that were in the ledger before this node looked at the charter, as after a start. */
static void test_records_found(void **state)
{
	struct fixture *f = *state;
	struct record_slot slot = record_slot_vote(2);
	for (uint32_t member = 2; member <= 3; member++) {
		struct ledger_node other;
		struct charter_vote vote;
		struct vote_body body = {.payload = buf_bytes(&f->payload)};
		struct buf out;
		ledger_node_open(&other, &f->base->fed, member);
		charter_vote(&vote, &f->hub->charter, member, &f->base->fed.orgs[member - 1].root,
			     body.payload);
		body.sig = vote.sig;
		buf_init(&out, LIMIT_RECORD_LEN_MAX);
		vote_body_put(&out, &body);
		assert_int_equal(ledger_append(&other.ledger, other.txn, RECORD_VOTE,
					       record_slot_bytes(&slot), buf_bytes(&out), NULL,
					       LEDGER_QUIET),
				 ERR_OK);
		assert_int_equal(hub_node_copy(&other, f->node, author_of(member, 0)), 1);
		buf_fini(&out);
		ledger_node_close(&other);
	}
	settle(f);
	assert_int_equal(f->hub->charter.number, 1); /* nobody has told it of them */
	hub_node_machines(f->node);
	assert_int_equal(voting_wake(f->hub), hub_node_mono(f->node));
	settle(f);
	assert_int_equal(f->hub->charter.number, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_votes), TEST(vote_bad), TEST(accepted), TEST(latest_vote),
		TEST(new_stewards),           TEST(split),    TEST(tidy),     TEST(records_found),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
