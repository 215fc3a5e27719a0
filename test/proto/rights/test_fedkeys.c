/* The federation keys at a node: from wraps, from its own proposals, and for others. */
#include "proto/rights/fedkeys.h"

#include "proto/ledger/keywrap.h"
#include "test/proto/made.h"

/* Member 1 is the steward. The node is another member, or the steward: begin(). */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
	struct key keys[4]; /* F_1, F_2, and another F_2 */
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 5, 1, 1);
	f->keys[1] = f->fed.fed_key;
	f->keys[2] = test_key(8);
	f->keys[3] = test_key(9);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static void begin(struct fixture *f, unsigned member)
{
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[member - 1]);
	hub_node_machines(&f->node);
}

/* The charter commits to a key as number n. */
static void key_counts(struct fixture *f, uint64_t n, const struct key *key)
{
	struct charter_change change = {.kind = CHARTER_KEY, .key_number = n, .has_sealed = true};
	struct random same = random_seeded(n); /* the same entry again */
	fedkey_commitment(&change.key_commitment, key, n);
	fedkey_seal_previous(change.sealed, key, n, &f->keys[n - 1], &same);
	made_charter(&f->node, &f->fed, &change, 1);
	fedkeys_charter_changed(&f->node.hub, f->node.txn);
}

static bool has(struct fixture *f, uint64_t n, const struct key *key)
{
	const struct key *found = fedkeys_get(&f->node.hub, n);
	return found && memcmp(found->b, key->b, KEY_LEN) == 0;
}

static void take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	fedkeys_arrival(hub, txn, &arrival->record);
}

struct wrapping {
	unsigned by, as; /* who publishes it; who wrapped it: 0 for the same */
	unsigned to;     /* member */
	uint64_t number;
	const char *path;
	const struct key *key;
};

static void wrap_comes(struct fixture *f, struct wrapping w)
{
	const struct test_org *to = &f->fed.orgs[w.to - 1];
	struct keywrap wrap = {
		.grantee = to->id, .number = w.number, .prefix = bytes_str(w.path ? w.path : "")};
	struct wrap_context context = {.granter = f->fed.orgs[(w.as ? w.as : w.by) - 1].id,
				       .grantee = to->id,
				       .prefix = wrap.prefix,
				       .number = w.number};
	struct dh_pk pk;
	struct buf body;
	dh_pk_of(&pk, &to->wrap);
	assert_int_equal(wrap_seal(&wrap.wrap, w.key, &pk, &context, &f->node.random), ERR_OK);
	wrap_key_id(&wrap.key, &pk);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keywrap_put(&body, &wrap);
	assert_int_equal(made_record(&f->node, &f->fed, w.by, RECORD_WRAP,
				     record_slot_wrap(&to->id, wrap.prefix), buf_bytes(&body),
				     take),
			 ERR_OK);
	buf_fini(&body);
}

/* For which members this node has wrapped this key as number n: digits, "1345". */
static const char *wrapped(struct fixture *f, uint64_t n, const struct digest *commitment,
			   char out[8])
{
	struct keywrap wrap;
	struct record record;
	struct digest found;
	struct key key;
	size_t len = 0;
	for (unsigned member = 1; member <= 5; member++) {
		const struct test_org *to = &f->fed.orgs[member - 1];
		struct record_slot slot = record_slot_wrap(&to->id, bytes_of(NULL, 0));
		if (ledger_slot(&f->node.hub.ledger, f->node.txn, record_slot_bytes(&slot),
				f->node.hub.author, &record))
			continue;
		struct wrap_context context = {
			.granter = f->node.identity.org, .grantee = to->id, .number = n};
		assert_int_equal(keywrap_get(&wrap, record.body), ERR_OK);
		if (wrap.number != n)
			continue;
		assert_int_equal(wrap_open(&key, &wrap.wrap, &to->wrap, &context), ERR_OK);
		fedkey_commitment(&found, &key, n);
		if (id_eq(&found, commitment))
			out[len++] = (char)('0' + member);
	}
	out[len] = 0;
	return out;
}

static unsigned waiting(struct fixture *f)
{
	struct walk walk = walk_begin(f->node.txn, TABLE_SEALED, bytes_str("fed-next-"));
	unsigned count = 0;
	while (walk_next(&walk))
		count++;
	return count;
}

/* ---- getting ---- */

static void a_wrap_is_opened_and_kept(void **state)
{
	struct fixture *f = *state;
	begin(f, 2);
	uint64_t wanted = f->node.hub.wanted_epoch;
	assert_null(fedkeys_get(&f->node.hub, 1));
	assert_null(fedkeys_get(&f->node.hub, 0));
	wrap_comes(f, (struct wrapping){.by = 3, .to = 2, .number = 1, .key = &f->keys[1]});
	assert_true(has(f, 1, &f->keys[1]));
	assert_true(f->node.hub.wanted_epoch != wanted); /* more can be read than before */
	hub_node_machines(&f->node);
	assert_true(has(f, 1, &f->keys[1]));
	assert_null(fedkeys_get(&f->node.hub, 2));
}

static void what_the_charter_does_not_name_is_not_believed(void **state)
{
	struct fixture *f = *state;
	const struct wrapping cases[] = {
		{.by = 3, .to = 2, .number = 1, .key = &f->keys[2]}, /* another key */
		{.by = 3, .to = 4, .number = 1, .key = &f->keys[1]}, /* for somebody else */
		{.by = 3, .as = 4, .to = 2, .number = 1, .key = &f->keys[1]}, /* copied */
		{.by = 3, .to = 2, .number = 2, .key = &f->keys[1]},
		{.by = 3, .to = 2, .number = 1, .path = "gemeinde-3", .key = &f->keys[1]},
	};
	begin(f, 2);
	for (size_t i = 0; i < COUNT(cases); i++) {
		wrap_comes(f, cases[i]);
		assert_null(fedkeys_get(&f->node.hub, 1));
		assert_null(fedkeys_get(&f->node.hub, 2));
	}
}

/* The key before comes with it. */
static void a_wrap_may_come_before_its_entry(void **state)
{
	struct fixture *f = *state;
	begin(f, 2);
	wrap_comes(f, (struct wrapping){.by = 3, .to = 2, .number = 2, .key = &f->keys[3]});
	wrap_comes(f, (struct wrapping){.by = 4, .to = 2, .number = 2, .key = &f->keys[2]});
	assert_null(fedkeys_get(&f->node.hub, 2));
	key_counts(f, 2, &f->keys[2]);
	assert_true(has(f, 2, &f->keys[2]));
	assert_true(has(f, 1, &f->keys[1]));
	hub_node_machines(&f->node);
	assert_true(has(f, 1, &f->keys[1]) && has(f, 2, &f->keys[2]));
}

/* ---- proposing ---- */

static enum err propose(struct fixture *f, struct charter_change *change, uint32_t leaving)
{
	return fedkeys_next(&f->node.hub, f->node.txn, change, &leaving, leaving ? 1 : 0);
}

static void the_proposer_wraps_before_its_entry_counts(void **state)
{
	struct fixture *f = *state;
	struct charter_change change;
	char who[8];
	begin(f, 1);
	assert_int_equal(propose(f, &change, 0),
			 ERR_AGAIN); /* without the key before: no link to it */
	fedkeys_store(&f->node.hub, f->node.txn, 1, &f->keys[1]);
	assert_int_equal(propose(f, &change, 4), ERR_OK);
	assert_int_equal(change.key_number, 2);
	assert_string_equal(wrapped(f, 2, &change.key_commitment, who), "1235");
	assert_null(fedkeys_get(&f->node.hub, 2));
	hub_node_machines(&f->node);
	made_charter(&f->node, &f->fed, &change, 1);
	fedkeys_charter_changed(&f->node.hub, f->node.txn);
	const struct key *key = fedkeys_get(&f->node.hub, 2);
	assert_non_null(key);
	struct digest commitment;
	fedkey_commitment(&commitment, key, 2);
	assert_memory_equal(commitment.b, change.key_commitment.b, ID_LEN);
	assert_string_equal(wrapped(f, 2, &change.key_commitment, who), "1235");
	/* Who has that one can open the one before. */
	struct key before;
	assert_int_equal(fedkey_open_previous(&before, key, 2, change.sealed), ERR_OK);
	assert_memory_equal(before.b, f->keys[1].b, KEY_LEN);
}

/*
 * Of two proposals the one that counts is wrapped for all, also when it was the other that was
 * wrapped last.
 */
static void the_proposal_that_counts_is_wrapped(void **state)
{
	struct fixture *f = *state;
	struct charter_change first, second;
	char who[8];
	begin(f, 1);
	fedkeys_store(&f->node.hub, f->node.txn, 1, &f->keys[1]);
	assert_int_equal(propose(f, &first, 0), ERR_OK);
	assert_int_equal(propose(f, &second, 4), ERR_OK);
	assert_int_equal(waiting(f), 2);
	made_charter(&f->node, &f->fed, &first, 1);
	fedkeys_charter_changed(&f->node.hub, f->node.txn);
	struct digest commitment;
	fedkey_commitment(&commitment, fedkeys_get(&f->node.hub, 2), 2);
	assert_memory_equal(commitment.b, first.key_commitment.b, ID_LEN);
	assert_string_equal(wrapped(f, 2, &first.key_commitment, who), "12345");
	/*
	 * What came to nothing goes with the next key, and so do wraps that this one makes
	 * needless.
	 */
	f->keys[2] = *fedkeys_get(&f->node.hub, 2);
	fedkeys_store(&f->node.hub, f->node.txn, 3, &f->keys[3]);
	key_counts(f, 3, &f->keys[3]);
	assert_int_equal(waiting(f), 0);
	assert_string_equal(wrapped(f, 2, &first.key_commitment, who), "");
}

/* ---- the charter went back ---- */

static void a_key_put_back_comes_back_with_its_entry(void **state)
{
	struct fixture *f = *state;
	begin(f, 2);
	fedkeys_store(&f->node.hub, f->node.txn, 1, &f->keys[1]);
	for (unsigned again = 0; again < 2; again++) {
		if (!again)
			wrap_comes(f, (struct wrapping){
					      .by = 3, .to = 2, .number = 2, .key = &f->keys[2]});
		key_counts(f, 2, &f->keys[2]);
		assert_true(has(f, 2, &f->keys[2]));
		charter_back(f->node.txn, &f->node.hub.charter, 2);
		fedkeys_charter_changed(&f->node.hub, f->node.txn);
		assert_null(fedkeys_get(&f->node.hub, 2));
		assert_true(has(f, 1, &f->keys[1]));
		/* Nobody has to give it a second time. */
		hub_node_turn(&f->node);
		ledger_author_drop(&f->node.hub.ledger, f->node.txn, author_of(3, 0));
		hub_node_machines(&f->node);
		assert_null(fedkeys_get(&f->node.hub, 2));
	}
}

/* ---- giving ---- */

static void a_steward_looks_sooner_than_others(void **state)
{
	static const struct {
		unsigned member;
		int64_t min_ms, max_ms;
	} cases[] = {{1, 10000, 20000}, {2, 30000, 120000}};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool varies = false;
		int64_t before_ms = 0;
		begin(f, cases[i].member);
		fedkeys_charter_changed(&f->node.hub, f->node.txn);
		assert_true(fedkeys_wake(&f->node.hub) ==
			    INT64_MAX); /* without it there is nothing to give */
		fedkeys_store(&f->node.hub, f->node.txn, 1, &f->keys[1]);
		for (unsigned k = 0; k < 20; k++) {
			fedkeys_charter_changed(&f->node.hub, f->node.txn);
			int64_t in_ms = fedkeys_wake(&f->node.hub) - hub_node_mono(&f->node);
			assert_in_range(in_ms, cases[i].min_ms, cases[i].max_ms);
			varies = varies || (k > 0 && in_ms != before_ms);
			before_ms = in_ms;
		}
		assert_true(varies); /* not all at once */
		if (i + 1 < COUNT(cases))
			hub_node_close(&f->node);
	}
}

/*
 * Whoever has no wrap gets one; a steward trusts only stewards to have made it well. Relays get
 * none.
 */
static void who_has_no_wrap_gets_one(void **state)
{
	static const struct {
		unsigned member, wrapper; /* has wrapped for member 4; 0: nobody has */
		const char *then;
	} cases[] = {
		{2, 0, "1245"}, {2, 5, "125"}, {2, 1, "125"}, {1, 0, "1245"}, {1, 5, "1245"},
	};
	struct fixture *f = *state;
	struct digest commitment;
	char who[8];
	fedkey_commitment(&commitment, &f->keys[2], 2);
	for (size_t i = 0; i < COUNT(cases); i++) {
		begin(f, cases[i].member);
		made_relay(&f->node, &f->fed, 3);
		fedkeys_store(&f->node.hub, f->node.txn, 2, &f->keys[2]);
		fedkeys_charter_changed(&f->node.hub, f->node.txn);
		if (cases[i].wrapper)
			wrap_comes(f, (struct wrapping){.by = cases[i].wrapper,
							.to = 4,
							.number = 2,
							.key = &f->keys[2]});
		int64_t due_ms = fedkeys_wake(&f->node.hub) - hub_node_mono(&f->node);
		hub_node_pass(&f->node, due_ms - 1);
		fedkeys_tick(&f->node.hub, f->node.txn);
		assert_string_equal(wrapped(f, 2, &commitment, who), "");
		hub_node_pass(&f->node, 1);
		fedkeys_tick(&f->node.hub, f->node.txn);
		assert_string_equal(wrapped(f, 2, &commitment, who), cases[i].then);
		/* Somebody may lack one later. */
		assert_in_range(fedkeys_wake(&f->node.hub) - hub_node_mono(&f->node), 5 * 60000,
				15 * 60000);
		if (i + 1 < COUNT(cases))
			hub_node_close(&f->node);
	}
}

/* What the entry seals is another key than the charter has named before, or cannot be opened. */
static void what_a_key_leads_back_to_is_not_believed(void **state)
{
	struct fixture *f = *state;

	for (unsigned broken = 0; broken < 2; broken++) {
		struct charter_change change = {
			.kind = CHARTER_KEY, .key_number = 2, .has_sealed = true};
		struct random same = random_seeded(2);
		begin(f, 2);
		fedkey_commitment(&change.key_commitment, &f->keys[2], 2);
		fedkey_seal_previous(change.sealed, &f->keys[2], 2, &f->keys[broken ? 1 : 3],
				     &same);
		change.sealed[FEDKEY_SEALED_LEN - 1] ^= (uint8_t)broken;
		made_charter(&f->node, &f->fed, &change, 1);
		fedkeys_charter_changed(&f->node.hub, f->node.txn);
		wrap_comes(f, (struct wrapping){.by = 3, .to = 2, .number = 2, .key = &f->keys[2]});
		assert_true(has(f, 2, &f->keys[2]));
		assert_null(fedkeys_get(&f->node.hub, 1));
		if (!broken)
			hub_node_close(&f->node);
	}
}

/* The key before the latest one comes alone: it opens what it opens, and leads to no later one. */
static void a_key_before_comes_without_the_latest(void **state)
{
	struct fixture *f = *state;

	begin(f, 2);
	key_counts(f, 2, &f->keys[2]);
	wrap_comes(f, (struct wrapping){.by = 3, .to = 2, .number = 1, .key = &f->keys[1]});
	assert_true(has(f, 1, &f->keys[1]));
	assert_null(fedkeys_get(&f->node.hub, 2));
}

/* PROTOCOL: "Until then nobody wraps a new key for the organisation." */
static void whose_log_is_forked_gets_no_wrap(void **state)
{
	struct fixture *f = *state;
	const struct test_org *org = &f->fed.orgs[3];
	struct digest commitment;
	char who[8];

	fedkey_commitment(&commitment, &f->keys[2], 2);
	begin(f, 1);
	for (unsigned n = 0; n < 2; n++) {
		struct buf entry;
		buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
		test_org_second(&entry, org, ORGLOG_NODE_ACTIVE, 700 + 10 * n);
		orglog_accept(f->node.txn, &org->id, buf_bytes(&entry), NULL);
		buf_fini(&entry);
	}
	assert_true(orglog_is_forked(f->node.txn, &org->id));
	made_relay(&f->node, &f->fed, 3);
	fedkeys_store(&f->node.hub, f->node.txn, 2, &f->keys[2]);
	fedkeys_charter_changed(&f->node.hub, f->node.txn);
	hub_node_pass(&f->node, fedkeys_wake(&f->node.hub) - hub_node_mono(&f->node));
	fedkeys_tick(&f->node.hub, f->node.txn);
	assert_string_equal(wrapped(f, 2, &commitment, who), "125");
}

/* What a lost node knew is given anew, to the wrap key that came with the loss, and soon. */
static void who_has_lost_a_node_gets_another_wrap(void **state)
{
	struct fixture *f = *state;
	const struct test_org *org = &f->fed.orgs[3];
	struct digest commitment;
	struct orglog log;
	struct keywrap wrap;
	struct record record;
	struct buf entry;
	char who[8];

	fedkey_commitment(&commitment, &f->keys[1], 1);
	begin(f, 1);
	fedkeys_store(&f->node.hub, f->node.txn, 1, &f->keys[1]);
	fedkeys_charter_changed(&f->node.hub, f->node.txn);
	hub_node_pass(&f->node, 20000);
	fedkeys_tick(&f->node.hub, f->node.txn);
	assert_string_equal(wrapped(f, 1, &commitment, who), "12345");
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	test_org_second(&entry, org, ORGLOG_NODE_LOST, 77);
	assert_int_equal(orglog_accept(f->node.txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	buf_fini(&entry);
	hub_forget(&f->node.hub, 4);
	fedkeys_tick(&f->node.hub, f->node.txn);
	hub_node_pass(&f->node, 4000);
	fedkeys_tick(&f->node.hub, f->node.txn);
	struct record_slot slot = record_slot_wrap(&org->id, bytes_of(NULL, 0));
	assert_int_equal(ledger_slot(&f->node.hub.ledger, f->node.txn, record_slot_bytes(&slot),
				     f->node.hub.author, &record),
			 ERR_OK);
	assert_int_equal(keywrap_get(&wrap, record.body), ERR_OK);
	assert_int_equal(orglog_load(f->node.txn, &org->id, &log), ERR_OK);
	assert_false(orglog_wrap_is_dead(&log, wrap.key.b));
	orglog_fini(&log);
	/* and no more often */
	assert_in_range(fedkeys_wake(&f->node.hub) - hub_node_mono(&f->node), 5 * 60000,
			15 * 60000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_wrap_is_opened_and_kept),
		T(what_the_charter_does_not_name_is_not_believed),
		T(a_wrap_may_come_before_its_entry),
		T(the_proposer_wraps_before_its_entry_counts),
		T(the_proposal_that_counts_is_wrapped),
		T(a_key_put_back_comes_back_with_its_entry),
		T(a_steward_looks_sooner_than_others),
		T(who_has_no_wrap_gets_one),
		T(what_a_key_leads_back_to_is_not_believed),
		T(a_key_before_comes_without_the_latest),
		T(whose_log_is_forked_gets_no_wrap),
		T(who_has_lost_a_node_gets_another_wrap),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
