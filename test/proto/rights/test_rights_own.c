/* What the own organisation may do, by the lines that it has got. */
#include "proto/rights/rights.h"

#include "test/proto/made.h"

/* The node is member 2, and no steward; the namespace is that of 3. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
};

#define DAY_MS (24 * 3600 * INT64_C(1000))

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 4, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[1]);
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

static void take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	rights_arrival(hub, txn, &arrival->record);
}

static struct gift comes(struct fixture *f, struct gift gift)
{
	gift.from = gift.from ? gift.from : 3;
	gift.to = gift.to ? gift.to : 2;
	gift_made(&gift, &f->node, &f->fed, take);
	return gift;
}

static bool may(struct fixture *f, const char *path, enum verb need, struct digest *line)
{
	struct verdict verdict;
	bool found = rights_own_line(&f->node.hub, f->node.txn, bytes_str(path), need, 0, &verdict);
	if (found && line)
		*line = verdict.chain[verdict.count - 1];
	assert_int_equal(found, rights_of(&f->node.hub, f->node.txn, &f->fed.orgs[1].id,
					  bytes_str(path)) >= need);
	return found;
}

static bool reads(struct fixture *f, const char *path)
{
	return may(f, path, VERB_READ, NULL);
}

/* ---- when ---- */

static void a_right_begins_and_ends(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	comes(f, (struct gift){.prefix = "gemeinde-3",
			       .not_before_ms = TEST_TIME_MS + 1000,
			       .expiry_ms = TEST_TIME_MS + 5000});
	assert_false(reads(f, "gemeinde-3/x"));
	uint64_t wanted = hub->wanted_epoch;
	rights_settle(hub, f->node.txn);
	wanted = hub->wanted_epoch;
	assert_int_equal(rights_wake(hub), hub_node_mono(&f->node) + 1000);
	hub_node_pass(&f->node, 999);
	rights_settle(hub, f->node.txn);
	assert_int_equal(hub->wanted_epoch, wanted);
	assert_false(reads(f, "gemeinde-3/x"));
	/* What begins now is looked for now. */
	hub_node_pass(&f->node, 1);
	rights_settle(hub, f->node.txn);
	assert_true(hub->wanted_epoch != wanted);
	assert_true(reads(f, "gemeinde-3/x"));
	hub_node_pass(&f->node, 3999);
	assert_true(reads(f, "gemeinde-3/x"));
	hub_node_pass(&f->node, 1);
	assert_false(reads(f, "gemeinde-3/x"));
}

static void a_line_counts_when_it_comes(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	assert_false(reads(f, "gemeinde-3/x"));
	uint64_t wanted = hub->wanted_epoch;
	comes(f, (struct gift){.to = 4, .prefix = "gemeinde-3"});
	assert_int_equal(hub->wanted_epoch, wanted); /* somebody else's */
	assert_false(reads(f, "gemeinde-3/x"));
	comes(f, (struct gift){.prefix = "gemeinde-3"});
	assert_true(hub->wanted_epoch != wanted);
	assert_true(reads(f, "gemeinde-3/x"));
}

/* ---- what ---- */

static void prefix_and_verb_decide(void **state)
{
	static const struct {
		const char *path;
		enum verb need;
		bool may;
	} cases[] = {
		{"gemeinde-3/a", VERB_READ, true},    {"gemeinde-3/a/b/c", VERB_READ, true},
		{"gemeinde-3/a", VERB_RELAY, true},   {"gemeinde-3/a", VERB_WRITE, false},
		{"gemeinde-3/ab", VERB_RELAY, false}, {"gemeinde-3", VERB_RELAY, false},
		{"gemeinde-3/r/x", VERB_RELAY, true}, {"gemeinde-3/r/x", VERB_READ, false},
		{"gemeinde-3/r/w", VERB_WRITE, true}, {"gemeinde-3/r/w/x", VERB_READ, true},
		{"gemeinde-4/a", VERB_RELAY, false},
	};
	struct fixture *f = *state;
	comes(f, (struct gift){.prefix = "gemeinde-3/a"});
	comes(f, (struct gift){.prefix = "gemeinde-3/r", .verb = VERB_RELAY});
	comes(f, (struct gift){.prefix = "gemeinde-3/r/w", .verb = VERB_WRITE});
	comes(f, (struct gift){.prefix = "gemeinde-4/a"}); /* not its own to give */
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(may(f, cases[i].path, cases[i].need, NULL), cases[i].may);
}

/* Of several the one that ends last is named, wherever it lies. */
static void the_one_that_ends_last_is_named(void **state)
{
	struct fixture *f = *state;
	struct digest token;
	struct gift below = comes(
		f, (struct gift){.prefix = "gemeinde-3/a", .expiry_ms = TEST_TIME_MS + 2 * DAY_MS});
	struct gift above = comes(
		f, (struct gift){.prefix = "gemeinde-3", .expiry_ms = TEST_TIME_MS + 3 * DAY_MS});
	comes(f, (struct gift){.prefix = "gemeinde-3",
			       .expiry_ms = TEST_TIME_MS + 1 * DAY_MS,
			       .nonce = 1});
	struct gift relay = comes(f, (struct gift){.prefix = "gemeinde-3",
						   .nonce = 2,
						   .verb = VERB_RELAY,
						   .expiry_ms = TEST_TIME_MS + 4 * DAY_MS});
	assert_true(may(f, "gemeinde-3/a/x", VERB_READ, &token));
	assert_true(id_eq(&token, &above.id));
	assert_true(may(f, "gemeinde-3/a/x", VERB_RELAY, &token));
	assert_true(id_eq(&token, &relay.id));
	struct gift longer = comes(f, (struct gift){.prefix = "gemeinde-3/a",
						    .nonce = 3,
						    .expiry_ms = TEST_TIME_MS + 5 * DAY_MS});
	assert_true(may(f, "gemeinde-3/a/x", VERB_READ, &token));
	assert_true(id_eq(&token, &longer.id) && !id_eq(&token, &below.id));
}

/* PROTOCOL: "A relay's verb counts as 1" */
static void a_relay_only_holds(void **state)
{
	struct fixture *f = *state;
	struct version granted = {.tier = TIER_GRANTED, .path = bytes_str("gemeinde-3/x")},
		       members = {.tier = TIER_MEMBERS, .path = bytes_str("gemeinde-3/x")},
		       open = {.tier = TIER_OPEN, .path = bytes_str("gemeinde-3/x")};
	const struct version *all[] = {&granted, &members, &open};
	comes(f, (struct gift){.prefix = "gemeinde-3"});
	for (unsigned relay = 0; relay < 2; relay++) {
		if (relay)
			made_relay(&f->node, &f->fed, 2);
		assert_true(may(f, "gemeinde-3/x", VERB_RELAY, NULL));
		assert_int_equal(reads(f, "gemeinde-3/x"), !relay);
		for (size_t i = 0; i < COUNT(all); i++) {
			assert_true(rights_may_hold(&f->node.hub, f->node.txn, all[i]));
			assert_int_equal(rights_may_read(&f->node.hub, f->node.txn, all[i]),
					 !relay || all[i] == &open);
		}
	}
}

static void tier_and_namespace_decide(void **state)
{
	static const struct {
		enum tier tier;
		const char *path;
		bool may;
	} cases[] = {
		{TIER_OPEN, "gemeinde-4/x", true},     {TIER_MEMBERS, "gemeinde-4/x", true},
		{TIER_GRANTED, "gemeinde-4/x", false}, {TIER_HIDDEN, "gemeinde-4/x", false},
		{TIER_GRANTED, "gemeinde-3/x", true},  {TIER_HIDDEN, "gemeinde-3/x", true},
		{TIER_MEMBERS, "gemeinde-3/x", true},  {TIER_GRANTED, "gemeinde-2/x", true},
	};
	struct fixture *f = *state;
	comes(f, (struct gift){.prefix = "gemeinde-3"});
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(rights_serve(&f->node.hub, f->node.txn, &f->fed.orgs[1].id,
					      cases[i].tier, bytes_str(cases[i].path)),
				 cases[i].may);
}

/* ---- the end ---- */

static void it_ends_for_good(void **state)
{
	struct fixture *f = *state;
	comes(f, (struct gift){.prefix = "gemeinde-3", .round = 3});
	assert_true(reads(f, "gemeinde-3/x"));
	comes(f, (struct gift){.prefix = "gemeinde-3", .round = 4, .ended = true});
	assert_false(reads(f, "gemeinde-3/x"));
	/* Another grant is another line. */
	comes(f, (struct gift){.prefix = "gemeinde-3", .nonce = 1});
	assert_true(reads(f, "gemeinde-3/x"));
}

static void it_ends_with_its_giver(void **state)
{
	struct fixture *f = *state;
	struct charter_change changes[2] = {
		{.kind = CHARTER_REMOVE, .member.number = 3},
		{.kind = CHARTER_KEY, .key_number = 2, .has_sealed = true}};
	comes(f, (struct gift){.prefix = "gemeinde-3"});
	assert_true(reads(f, "gemeinde-3/x"));
	made_charter(&f->node, &f->fed, changes, 2);
	assert_false(reads(f, "gemeinde-3/x"));
}

/* ---- the table ---- */

static void settled(struct fixture *f)
{
	while (rights_wake(&f->node.hub) <= hub_node_mono(&f->node)) {
		hub_node_pass(&f->node, 1000);
		rights_settle(&f->node.hub, f->node.txn);
	}
}

/* The only row of RIGHT once more, as if the namespace were another member's. */
static void row_copied(struct fixture *f, uint32_t number)
{
	struct txn *txn = f->node.txn;
	struct walk walk = walk_begin(txn, TABLE_RIGHT, bytes_of(NULL, 0));
	uint8_t key[KEY_LEN_MAX];
	struct buf value;

	assert_int_equal(txn_count(txn, TABLE_RIGHT), 1);
	assert_true(walk_next(&walk));
	const size_t len = walk.key.len;
	memcpy(key, walk.key.ptr, len);
	be32_put(key, number);
	buf_init(&value, 4096);
	buf_add(&value, walk.value);
	txn_put(txn, TABLE_RIGHT, bytes_of(key, len), buf_bytes(&value));
	buf_fini(&value);
	assert_int_equal(txn_count(txn, TABLE_RIGHT), 2);
}

/* A row that no record stands behind: it goes, and that it was there is told. */
static void a_recount_mends_the_table(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;

	comes(f, (struct gift){.prefix = "gemeinde-3"});
	settled(f);
	row_copied(f, 4);
	rights_recount_begin(hub);
	assert_int_equal(rights_wake(hub), hub_node_mono(&f->node));
	rights_settle(hub, f->node.txn);
	const struct note *note = hub_node_note(&f->node, NOTE_RIGHTS_MENDED);
	assert_non_null(note);
	assert_int_equal(note->number, 1);
	settled(f);
	assert_int_equal(txn_count(f->node.txn, TABLE_RIGHT), 1);
	assert_true(reads(f, "gemeinde-3/x"));
	/* and then nothing is wrong */
	rights_recount_begin(hub);
	settled(f);
	assert_null(hub_node_note(&f->node, NOTE_RIGHTS_MENDED));
}

static enum verb has(struct fixture *f, unsigned member, const char *path)
{
	return rights_of(&f->node.hub, f->node.txn, &f->fed.orgs[member - 1].id, bytes_str(path));
}

static void taken_out(struct fixture *f, struct record_slot slot)
{
	assert_int_equal(ledger_delete(&f->node.hub.ledger, f->node.txn, record_slot_bytes(&slot)),
			 ERR_OK);
	hub_node_turn(&f->node);
	rights_settle(&f->node.hub, f->node.txn);
	settled(f);
}

/* Own records that are listed no more: a bar, and a line that rests on another one. */
static void what_is_taken_out_counts_no_more(void **state)
{
	struct fixture *f = *state;
	const struct org_id *barred = &f->fed.orgs[3].id;
	struct bar bar = {.nonce = {1}, .prefix = bytes_str("gemeinde-2"), .barred = true};
	struct gift own = comes(f, (struct gift){.from = 2, .to = 3, .prefix = "gemeinde-2"});
	struct gift above = comes(f, (struct gift){.prefix = "gemeinde-3"});
	struct gift below = comes(
		f,
		(struct gift){.from = 2, .to = 4, .prefix = "gemeinde-3/x", .parent = &above.id});
	struct buf body;

	comes(f, (struct gift){.from = 3, .to = 4, .prefix = "gemeinde-2/x", .parent = &own.id});
	settled(f);
	assert_int_equal(has(f, 4, "gemeinde-2/x"), VERB_READ);
	buf_init(&body, BAR_LEN_MAX);
	bar_list_put(&body, barred, &bar, 1);
	assert_int_equal(made_record(&f->node, &f->fed, 2, RECORD_BAR, bar_slot(barred),
				     buf_bytes(&body), take),
			 ERR_OK);
	settled(f);
	assert_int_equal(has(f, 4, "gemeinde-2/x"), VERB_NONE);
	taken_out(f, bar_slot(barred));
	assert_int_equal(has(f, 4, "gemeinde-2/x"), VERB_READ);
	assert_int_equal(has(f, 4, "gemeinde-3/x"), VERB_READ);
	assert_int_equal(txn_count(f->node.txn, TABLE_LINE_ON), 2);
	taken_out(f, line_slot(&below.id));
	assert_int_equal(has(f, 4, "gemeinde-3/x"), VERB_NONE);
	assert_int_equal(txn_count(f->node.txn, TABLE_LINE_ON), 1);
	buf_fini(&body);
}

/* What may not rest there gives something as soon as the line above may be handed on so often. */
static void more_depth_wakes_what_rests_on_it(void **state)
{
	struct fixture *f = *state;
	struct gift first = comes(f, (struct gift){.prefix = "gemeinde-3", .depth = 1});
	struct gift second = comes(f, (struct gift){.from = 2,
						    .to = 4,
						    .prefix = "gemeinde-3",
						    .depth = 7,
						    .parent = &first.id});

	comes(f, (struct gift){.from = 4, .to = 1, .prefix = "gemeinde-3", .parent = &second.id});
	settled(f);
	assert_int_equal(has(f, 4, "gemeinde-3/x"), VERB_READ);
	assert_int_equal(has(f, 1, "gemeinde-3/x"), VERB_NONE);
	comes(f, (struct gift){.prefix = "gemeinde-3", .depth = 2, .round = 2});
	settled(f);
	assert_int_equal(has(f, 1, "gemeinde-3/x"), VERB_READ);
}

/* Eight lines one on the other give something, a ninth nothing, and nothing comes of it. */
static void a_chain_ends_after_eight(void **state)
{
	struct fixture *f = *state;
	struct gift lines[9];

	for (unsigned i = 0; i < 9; i++) {
		lines[i] = (struct gift){.from = i % 2 ? 2 : 4,
					 .to = i % 2 ? 4 : 2,
					 .prefix = "gemeinde-4",
					 .depth = 7,
					 .nonce = (uint8_t)i,
					 .parent = i ? &lines[i - 1].id : NULL};
		if (i == 8)
			lines[i].to = 1;
		lines[i] = comes(f, lines[i]);
	}
	settled(f);
	assert_int_equal(has(f, 2, "gemeinde-4/x"), VERB_READ);
	assert_int_equal(has(f, 1, "gemeinde-4/x"), VERB_NONE);
	comes(f, (struct gift){.from = 2,
			       .to = 1,
			       .prefix = "gemeinde-4",
			       .depth = 7,
			       .parent = &lines[6].id});
	settled(f);
	assert_int_equal(has(f, 1, "gemeinde-4/x"), VERB_READ);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_right_begins_and_ends),
		T(a_line_counts_when_it_comes),
		T(prefix_and_verb_decide),
		T(the_one_that_ends_last_is_named),
		T(a_relay_only_holds),
		T(tier_and_namespace_decide),
		T(it_ends_for_good),
		T(it_ends_with_its_giver),
		T(a_recount_mends_the_table),
		T(what_is_taken_out_counts_no_more),
		T(more_depth_wakes_what_rests_on_it),
		T(a_chain_ends_after_eight),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
