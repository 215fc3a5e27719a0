/*
 * What people propose and sign, here and by texts that somebody carries: what comes of it, and what
 * is refused.
 */
#include "test/proto/charter_draft.h"
#include "test/proto/membership/voting_fixture.h"

/* The first digits of a proposal's id. */
static const struct voting_heard unheard = {.unheard = true};

static const char *digits_of(const struct buf *payload, char out[ID_HEX_LEN + 1], size_t count)
{
	struct charter_entry entry;
	assert_int_equal(charter_payload_decode(&entry, buf_bytes(payload)), ERR_OK);
	hex_put(out, id_bytes(&entry.id));
	out[count] = 0;
	return out;
}

/* ---- proposing ---- */

/*
 * The own vote is given with the proposal, and is a record from then on; a second proposal of the
 * number is refused.
 */
static void test_second_refused(void **state)
{
	struct fixture *f = *state;
	struct txn *txn = f->node->txn;
	struct charter_change change;
	struct voting_proposal shown;
	struct record record;
	struct record_slot slot = record_slot_vote(2);
	const char *slugs[] = {"gemeinde-1", "gemeinde-2"};
	char refused[200], hex[9];
	assert_int_equal(
		voting_admit(f->hub, txn, newcomer(f, 0, &change), false, NULL, &f->out, f->why),
		ERR_OK);
	assert_true(f->out.voted && !f->out.accepted);
	assert_int_equal(f->out.number, 2);
	assert_int_equal(ledger_slot(&f->hub->ledger, txn, record_slot_bytes(&slot),
				     author_of(1, 0), &record),
			 ERR_OK);
	hex_put(hex, bytes_slice(id_bytes(&f->out.id), 0, 4));
	snprintf(refused, sizeof(refused), "this organisation has signed proposal %s as entry 2",
		 hex);
	vote_come(f, &f->rival, 2);
	assert_true(shown_of(f, &f->rival, &shown));
	assert_false(shown.may_vote);
	struct voting_outcome second;
	voting_outcome_init(&second);
	for (unsigned i = 0; i < 4; i++) {
		char digits[ID_HEX_LEN + 1];
		memset(f->why, 0, sizeof(f->why));
		if (i == 3) { /* a backup was restored, and the own vote has come back */
			struct walk walk = walk_begin(txn, TABLE_META, bytes_str("signed-2-"));
			assert_true(walk_next(&walk));
			assert_true(txn_del(txn, TABLE_META, bytes_of(walk.last, walk.last_len)));
		}
		enum err err =
			i == 0   ? voting_admit(f->hub, txn, newcomer(f, 1, &change), false, NULL,
						&second, f->why)
			: i == 1 ? voting_remove(f->hub, txn, "gemeinde-4", true, &second, f->why)
			: i == 2 ? voting_stewards(f->hub, txn, slugs, 2, 2, true, &second, f->why)
				 : voting_vote(f->hub, txn, digits_of(&f->rival, digits, 8),
					       &unheard, true, &second, NULL, f->why);
		assert_int_equal(err, ERR_DENIED);
		assert_memory_equal(f->why, refused, strlen(refused));
		assert_false(second.voted && i < 3);
	}
	voting_outcome_fini(&second);
}

static void test_propose_refused(void **state)
{
	enum { ADMIT, REMOVE, RELAY };
	enum { STEWARD, NO_STEWARD, ONLY_STEWARD, NO_MEMBER, FROZEN, NO_KEY, RELAYS };
	static const struct {
		int what, is;
		const char *slug;
		bool confirm;
		enum err err;
		const char *why;
	} cases[] = {
		{ADMIT, NO_STEWARD, NULL, true, ERR_DENIED,
		 "Gemeinde 1 is not a steward; ask Gemeinde 2."},
		{ADMIT, NO_MEMBER, NULL, true, ERR_ABSENT, NULL},
		{ADMIT, FROZEN, NULL, true, ERR_BUSY,
		 "the charter is frozen, as there are two entries 2: a settlement by the members "
		 "comes first; see `allmende federation settle`."},
		{REMOVE, STEWARD, "nobody", true, ERR_ABSENT,
		 "there is no member \"nobody\": see `allmende federation members`."},
		{REMOVE, STEWARD, "gemeinde-4", false, ERR_OK, NULL}, /* only looks */
		{REMOVE, STEWARD, "gemeinde-4", true, ERR_OK, NULL},
		{REMOVE, NO_KEY, "gemeinde-4", true, ERR_AGAIN,
		 "a new federation key could not be made: the present one is not here yet."},
		{REMOVE, ONLY_STEWARD, "gemeinde-1", true, ERR_CONFIG,
		 "Gemeinde 1 is the only steward: make another one first, `allmende federation "
		 "stewards SLUG`."},
		{RELAY, RELAYS, "gemeinde-4", true, ERR_EXISTS, "Gemeinde 4 is a relay already."},
		{RELAY, NO_STEWARD, "gemeinde-4", true, ERR_DENIED, NULL},
		{RELAY, STEWARD, "gemeinde-2", true, ERR_OK, NULL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct charter_change change;
		setup(state);
		struct fixture *f = *state;
		struct txn *txn = f->node->txn;
		if (cases[i].is == NO_STEWARD) {
			f->hub->charter.stewards[0] = 2;
			f->hub->charter.stewards[1] = 3;
			f->hub->charter.steward_count = 2;
		}
		if (cases[i].is == ONLY_STEWARD)
			f->hub->charter.steward_count = f->hub->charter.threshold = 1;
		if (cases[i].is == RELAYS)
			f->hub->charter.members[3].state = CHARTER_RELAY;
		f->hub->author = cases[i].is == NO_MEMBER ? 0 : f->hub->author;
		f->hub->place = cases[i].is == NO_MEMBER ? PLACE_NONE : PLACE_MEMBER;
		f->hub->charter.frozen = cases[i].is == FROZEN;
		if (cases[i].is == NO_KEY) {
			fedkeys_close(f->hub);
			f->node->machines.fedkeys = (struct fedkeys){0};
		}
		enum err err =
			cases[i].what == ADMIT ? voting_admit(f->hub, txn, newcomer(f, 0, &change),
							      false, NULL, &f->out, f->why)
			: cases[i].what == REMOVE ? voting_remove(f->hub, txn, cases[i].slug,
								  cases[i].confirm, &f->out, f->why)
						  : voting_relay(f->hub, txn, cases[i].slug,
								 cases[i].confirm, &f->out, f->why);
		assert_int_equal(err, cases[i].err);
		if (cases[i].why)
			assert_string_equal(f->why, cases[i].why);
		assert_int_equal(proposals_count(f), !err && cases[i].confirm);
		assert_int_equal(f->out.words.len > 0, !err || cases[i].is == NO_KEY);
		f->hub->charter.frozen = false;
		teardown(state);
	}
}

static void test_stewards(void **state)
{
	static const struct {
		const char *slugs[4];
		uint32_t threshold;
		enum err err;
		const char *why;
	} cases[] = {
		{{"gemeinde-1", "gemeinde-4"}, 0, ERR_OK, NULL},
		{{"gemeinde-4"}, 1, ERR_OK, NULL},
		{{"gemeinde-2", "gemeinde-1", "gemeinde-3"}, 3, ERR_OK, NULL},
		{{"gemeinde-2", "gemeinde-1", "gemeinde-3"},
		 0,
		 ERR_EXISTS,
		 "these are the stewards already, and 2 must agree."},
		{{NULL}, 0, ERR_CONFIG, "name 1 to 64 stewards."},
		{{"gemeinde-1", "gemeinde-9"},
		 0,
		 ERR_ABSENT,
		 "there is no member \"gemeinde-9\": see `allmende federation members`."},
		{{"gemeinde-1", "gemeinde-1"}, 0, ERR_CONFIG, "a steward is named twice."},
		{{"gemeinde-1", "gemeinde-2", "gemeinde-4"},
		 4,
		 ERR_CONFIG,
		 "of 3 stewards at least 2 must agree and at most all: not 4."},
		{{"gemeinde-1", "gemeinde-2", "gemeinde-4"}, 1, ERR_CONFIG, NULL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t count = 0;
		setup(state);
		struct fixture *f = *state;
		while (cases[i].slugs[count])
			count++;
		assert_int_equal(voting_stewards(f->hub, f->node->txn, cases[i].slugs, count,
						 cases[i].threshold, true, &f->out, f->why),
				 cases[i].err);
		if (cases[i].why)
			assert_string_equal(f->why, cases[i].why);
		assert_int_equal(proposals_count(f), !cases[i].err);
		teardown(state);
	}
}

/*
 * Without its root key the node proposes and does not vote; so many proposals of one number are
 * kept.
 */
static void test_full(void **state)
{
	struct fixture *f = *state;
	struct charter_change change;
	secret_close(f->node->identity.root);
	f->node->identity.root = NULL;
	for (unsigned i = 0; i <= VOTING_PROPOSAL_COUNT_MAX; i++) {
		bool full = i == VOTING_PROPOSAL_COUNT_MAX;
		test_admit(&change, &f->orgs[0], 0);
		snprintf(change.member.slug, sizeof(change.member.slug), "town-%u", i);
		buf_reset(&f->out.words);
		assert_int_equal(voting_admit(f->hub, f->node->txn, &change.member, i % 2, NULL,
					      &f->out, f->why),
				 full ? ERR_FULL : ERR_OK);
		assert_false(f->out.voted);
	}
	assert_string_equal(f->why, "128 proposals for entry 2 wait for votes already.");
	assert_int_equal(proposals_count(f), VOTING_PROPOSAL_COUNT_MAX);
}

/* ---- signing what others propose ---- */

static void test_vote(void **state)
{
	enum { STEWARD, NO_STEWARD, NO_ROOT, OTHER_ROOT };
	static const struct {
		int is;
		size_t digits;
		bool confirm;
		enum err err;
		const char *why;
		uint32_t number; /* of the charter then */
	} cases[] = {
		{STEWARD, 8, true, ERR_OK, NULL, 2},
		{STEWARD, 4, true, ERR_OK, NULL, 2},
		{STEWARD, 64, false, ERR_OK, NULL, 1},
		{STEWARD, 3, true, ERR_ABSENT, NULL, 1},
		{STEWARD, 0, true, ERR_ABSENT,
		 "no proposal begins with \"\": see `allmende federation proposals`.", 1},
		{NO_STEWARD, 8, true, ERR_DENIED,
		 "Gemeinde 1 has no vote on this: stewards vote; see `allmende federation "
		 "members`.",
		 1},
		{NO_ROOT, 8, true, ERR_DENIED,
		 "the root key of Gemeinde 1 is not on this machine; vote where it is.", 1},
		{OTHER_ROOT, 8, true, ERR_DENIED,
		 "the root key on this machine is not the one in the charter, so its vote does not "
		 "count.",
		 1},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char digits[ID_HEX_LEN + 1];
		struct buf text;
		setup(state);
		struct fixture *f = *state;
		struct identity *identity = &f->node->identity;
		const struct key other = test_key(99);
		vote_come(f, &f->payload, 2);
		if (cases[i].is == NO_STEWARD)
			f->hub->charter.stewards[0] = 4;
		if (cases[i].is == NO_ROOT || cases[i].is == OTHER_ROOT) {
			secret_close(identity->root);
			identity->root =
				cases[i].is == OTHER_ROOT ? secret_open(bytes_obj(&other)) : NULL;
		}
		buf_init(&text, LIMIT_CHARTER_ENTRY_LEN_MAX);
		assert_int_equal(voting_vote(f->hub, f->node->txn,
					     digits_of(&f->payload, digits, cases[i].digits),
					     &unheard, cases[i].confirm, &f->out, &text, f->why),
				 cases[i].err);
		if (cases[i].why)
			assert_string_equal(f->why, cases[i].why);
		assert_int_equal(f->hub->charter.number, cases[i].number);
		assert_int_equal(f->out.accepted, cases[i].number == 2);
		assert_int_equal(text.len > 0, cases[i].number == 2);
		buf_fini(&text);
		teardown(state);
	}
}

/* ---- texts that somebody carries ---- */

static void proposal_text(struct fixture *f, struct buf *out, const struct buf *payload, bool fed)
{
	struct fed_id id = f->hub->charter.fed;
	id.b[0] ^= !fed;
	buf_init(out, LIMIT_CHARTER_ENTRY_LEN_MAX * 2);
	proposal_text_put(out, &(struct proposal_text){.fed = id, .payload = buf_bytes(payload)});
	buf_add(out, bytes_of("", 1));
	assert_int_equal(out->err, ERR_OK);
}

static void vote_text(struct fixture *f, struct buf *out, const struct buf *payload,
		      uint32_t member, const struct key *signer)
{
	struct charter_vote vote;
	struct charter_entry entry;
	charter_payload_decode(&entry, buf_bytes(payload));
	charter_vote(&vote, &f->hub->charter, member, signer, buf_bytes(payload));
	struct vote_text text = {f->hub->charter.fed, entry.number, entry.id, member, vote.sig};
	buf_init(out, LIMIT_CHARTER_ENTRY_LEN_MAX);
	vote_text_put(out, &text);
	buf_add(out, bytes_of("", 1));
	assert_int_equal(out->err, ERR_OK);
}

static enum err text_take(struct fixture *f, struct buf *text, bool confirm)
{
	buf_reset(&f->out.words);
	enum err err = voting_text(f->hub, f->node->txn, (const char *)text->ptr, &unheard, confirm,
				   &f->out, NULL, f->why);
	buf_fini(text);
	return err;
}

static void test_texts(void **state)
{
	struct fixture *f = *state;
	const struct test_org *orgs = f->base->fed.orgs;
	struct buf text, again;
	char digits[ID_HEX_LEN + 1];
	vote_text(f, &text, &f->payload, 2, &orgs[1].root);
	assert_int_equal(text_take(f, &text, true), ERR_ABSENT);
	assert_string_equal(f->why,
			    "the proposal that this vote is for is not known here: give its "
			    "text first.");
	proposal_text(f, &text, &f->payload, false);
	assert_int_equal(text_take(f, &text, true), ERR_CONFIG);
	assert_string_equal(f->why, "the text is of another federation than Landkreis Meißen.");
	proposal_text(f, &text, &f->payload, true);
	assert_int_equal(text_take(f, &text, false), ERR_OK);
	assert_int_equal(proposals_count(f), 1); /* kept, not voted for */
	proposal_text(f, &text, &f->payload, true);
	assert_int_equal(text_take(f, &text, true), ERR_OK);
	assert_true(f->out.voted && !f->out.accepted);
	/* It can be carried on from here, as it came. */
	buf_init(&again, LIMIT_CHARTER_ENTRY_LEN_MAX * 2);
	assert_int_equal(voting_proposal_text(f->hub, f->node->txn,
					      digits_of(&f->payload, digits, 8), &again, f->why),
			 ERR_OK);
	buf_add(&again, bytes_of("", 1));
	assert_int_equal(text_take(f, &again, false), ERR_OK);
	assert_true(f->out.voted);
	vote_text(f, &text, &f->payload, 3, &orgs[1].root);
	assert_int_equal(text_take(f, &text, true), ERR_DENIED);
	vote_text(f, &text, &f->payload, 4, &orgs[3].root);
	assert_int_equal(text_take(f, &text, true), ERR_DENIED);
	assert_string_equal(f->why,
			    "this vote does not count: it is not signed by somebody who votes "
			    "on this proposal.");
	vote_text(f, &text, &f->payload, 2, &orgs[1].root);
	assert_int_equal(text_take(f, &text, false), ERR_OK); /* whoever confirms */
	assert_true(f->out.accepted);
	proposal_text(f, &text, &f->payload, true);
	assert_int_equal(text_take(f, &text, true), ERR_EXISTS);
	assert_string_equal(f->why, "entry 2 of the charter is decided already.");
}

static void test_texts_bad(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "this is neither a proposal nor a vote: these begin with \"allmende2p-\" and "
		     "\"allmende2v-\"."},
		{"allmende2p-AAAAAAAA", "the text is truncated or mistyped: copy it whole."},
		{"allmende2v-AAAAAAAA", "the text is truncated or mistyped: copy it whole."},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(voting_text(f->hub, f->node->txn, cases[i].text, &unheard, true,
					     &f->out, NULL, f->why),
				 ERR_CONFIG);
		assert_string_equal(f->why, cases[i].why);
	}
	assert_int_equal(voting_proposal_text(f->hub, f->node->txn, "abcd", &f->out.words, f->why),
			 ERR_ABSENT);
	f->hub->author = 0;
	f->hub->place = PLACE_NONE;
	assert_int_equal(
		voting_text(f->hub, f->node->txn, "", &unheard, true, &f->out, NULL, f->why),
		ERR_ABSENT);
}

/* A text about a number that is not next: its predecessor is not known here. */
static void test_text_later(void **state)
{
	struct fixture *f = *state;
	struct charter_change change;
	struct buf text, later;
	test_admit(&change, &f->orgs[0], 5);
	hub_node_charter(f->node, &f->base->fed, &change, 1);
	test_admit(&change, &f->orgs[1], 6);
	payload_make(f, &later, &change, 1, 2);
	struct hub_node *other = mem_new(1, sizeof(*other));
	hub_node_open(other, &f->base->fed, &f->base->fed.orgs[1]);
	proposal_text(f, &text, &later, true);
	assert_int_equal(voting_text(&other->hub, other->txn, (const char *)text.ptr, &unheard,
				     true, &f->out, NULL, f->why),
			 ERR_AGAIN);
	assert_string_equal(f->why,
			    "the text is about entry 3, and this node knows the charter up to "
			    "1: let it link with others first.");
	buf_fini(&text);
	buf_fini(&later);
	hub_node_close(other);
	free(other);
}

/* ---- settlements, and leaving ---- */

/*
 * All members vote, and more than half of them decide; who signed something else for the number may
 * still vote.
 */
static void test_settlement(void **state)
{
	struct fixture *f = *state;
	struct txn *txn = f->node->txn;
	struct charter_change change;
	struct voting_proposal shown;
	const char *slugs[] = {"gemeinde-4"};
	struct bytes payload;
	struct buf copy;
	assert_int_equal(
		voting_admit(f->hub, txn, newcomer(f, 0, &change), false, NULL, &f->out, f->why),
		ERR_OK);
	assert_int_equal(voting_settlement(f->hub, txn, "abc", NULL, 0, 0, true, &f->out, f->why),
			 ERR_ABSENT);
	assert_string_equal(f->why, "\"abc\" names none of the 0 entries there are: see `allmende "
				    "federation settle`.");
	buf_reset(&f->out.words);
	assert_int_equal(voting_settlement(f->hub, txn, NULL, slugs, 1, 1, false, &f->out, f->why),
			 ERR_OK);
	assert_int_equal(proposals_count(f), 1);
	buf_reset(&f->out.words);
	assert_int_equal(voting_settlement(f->hub, txn, NULL, slugs, 1, 1, true, &f->out, f->why),
			 ERR_OK);
	assert_true(f->out.voted && !f->out.accepted);
	struct row_key key = key_charter_id(2, &f->out.id);
	assert_true(txn_get(txn, TABLE_PROPOSAL, row_key_bytes(&key), &payload));
	buf_init(&copy, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_add(&copy, payload);
	assert_true(shown_of(f, &copy, &shown));
	assert_true(shown.settlement);
	assert_int_equal(shown.needed, 3);
	assert_false(voting_is_split(f->hub, txn)); /* it is apart */
	vote_come(f, &f->rival, 2);
	vote_come(f, &copy, 2);
	assert_true(shown_of(f, &f->rival, &shown)); /* the steward's vote stays, too */
	settle(f);
	assert_int_equal(f->hub->charter.number, 1);
	vote_come(f, &copy, 4);
	settle(f);
	assert_int_equal(f->hub->charter.number, 2);
	assert_true(charter_is_steward(&f->hub->charter, 4));
	buf_fini(&copy);
}

/* Relays belong without a vote, even where all members have one. */
static void test_relay(void **state)
{
	struct fixture *f = *state;
	struct charter_change changes[3] = {{.kind = CHARTER_TO_RELAY, .member.number = 1}};
	draft_change_stewards(&changes[1], 2, 3, 0);
	draft_change_key(&changes[2], 2);
	hub_node_charter(f->node, &f->base->fed, changes, COUNT(changes));
	assert_int_equal(
		voting_settlement(f->hub, f->node->txn, NULL, NULL, 0, 0, true, &f->out, f->why),
		ERR_DENIED);
	assert_string_equal(f->why, "Gemeinde 1 has no vote on this: members vote on a settlement, "
				    "relays do not.");
}

static void test_leave(void **state)
{
	struct fixture *f = *state;
	struct txn *txn = f->node->txn;
	char reason[513], too_long[514];
	uint32_t member = 0;
	memset(too_long, 'x', sizeof(too_long));
	too_long[513] = 0;
	assert_false(voting_leaver(f->hub, txn, &member, reason));
	assert_int_equal(voting_leave(f->hub, txn, NULL, f->why), ERR_ABSENT);
	assert_string_equal(f->why, "Gemeinde 1 has not said that it wants to leave.");
	assert_int_equal(voting_leave(f->hub, txn, too_long, f->why), ERR_CONFIG);
	assert_string_equal(f->why, "the reason is too long or no text: at most 512 bytes.");
	assert_int_equal(voting_leave(f->hub, txn, too_long + 1, f->why), ERR_OK);
	assert_true(voting_leaver(f->hub, txn, &member, reason));
	assert_int_equal(member, 1);
	assert_string_equal(reason, too_long + 1);
	assert_false(voting_leaver(f->hub, txn, &member, reason));
	assert_int_equal(voting_leave(f->hub, txn, NULL, f->why), ERR_OK);
	member = 0;
	assert_false(voting_leaver(f->hub, txn, &member, reason));
	f->hub->author = 0;
	f->hub->place = PLACE_NONE;
	assert_int_equal(voting_leave(f->hub, txn, "x", f->why), ERR_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(second_refused),
		cmocka_unit_test(test_propose_refused),
		cmocka_unit_test(test_stewards),
		TEST(full),
		cmocka_unit_test(test_vote),
		TEST(texts),
		TEST(texts_bad),
		TEST(text_later),
		TEST(settlement),
		TEST(relay),
		TEST(leave),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
