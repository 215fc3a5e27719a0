/* Which versions of a dataset count. */
#include "proto/rights/current.h"

#include "proto/ledger/held.h"
#include "proto/ledger/withdrawal_body.h"
#include "proto/wire/wire_out.h"
#include "test/proto/hub_node.h"

/* The node is member 1; the namespace is that of member 2; the others are strangers there. */
#define PATH "gemeinde-2/wasser/pegel"

struct fixture {
	struct test_federation fed;
	struct hub_node node;
	uint64_t sequence;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 4, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
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

static struct dataset_id dataset_of(const struct fixture *f)
{
	return test_dataset(&f->fed, 2, PATH);
}

/* What a member says comes here, with its next sequence. */
static void comes(struct fixture *f, struct test_record *record)
{
	struct ledger_news news;
	struct buf whole;

	record->fields.sequence = ++f->sequence;
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	test_record_put(&whole, record);
	assert_int_equal(
		ledger_accept_record(&f->node.hub.ledger, f->node.txn, buf_bytes(&whole), &news),
		ERR_OK);
	assert_true(news.stored);
	buf_fini(&whole);
}

/* A version by node 0 of a member, in the slot of the dataset of PATH, with this path in it. */
static void version_comes(struct fixture *f, unsigned member, const char *path, uint64_t number)
{
	struct dataset_id dataset = dataset_of(f);
	struct test_record record;

	test_record_init(&record, &f->fed, member, path, number, 1);
	record.slot = record_slot_version(&dataset, number);
	comes(f, &record);
	test_record_fini(&record);
}

static void give(struct fixture *f, uint64_t number)
{
	version_comes(f, 2, PATH, number);
}

static void withdraws(struct fixture *f, struct test_record *record, unsigned member,
		      enum withdrawal_reach reach, uint64_t number)
{
	const struct withdrawal withdrawal = {.path = bytes_str(PATH),
					      .number = number,
					      .reason = bytes_str("alt"),
					      .reach = reach};
	struct dataset_id dataset = dataset_of(f);

	test_record_init(record, &f->fed, member, PATH, 1, 1);
	record->fields.kind = RECORD_WITHDRAWAL;
	record->slot = withdrawal_slot(&dataset, reach);
	buf_reset(&record->body);
	withdrawal_put(&record->body, &withdrawal);
}

static void withdrawal_comes(struct fixture *f, unsigned member, enum withdrawal_reach reach,
			     uint64_t number)
{
	struct test_record record;

	withdraws(f, &record, member, reach, number);
	comes(f, &record);
	test_record_fini(&record);
}

/* Of all numbers, or of one; number 0: there is none. */
static struct ledger_version current(struct fixture *f, uint64_t number)
{
	struct dataset_id dataset = dataset_of(f);
	struct ledger_version version = {.number = 0};

	if (current_find(&f->node.hub, f->node.txn, &dataset, number, &version, NULL))
		version.number = 0;
	return version;
}

static uint64_t number(struct fixture *f)
{
	return current(f, 0).number;
}

/* Admits member 2's second node, or changes it, with the roles given. */
static void second_node(struct fixture *f, uint8_t roles, uint8_t state)
{
	struct test_org *org = &f->fed.orgs[1];
	const struct key wrap = test_key(3001 + state);
	struct orglog log, next;
	struct orglog_node nodes[2];
	struct buf entry;

	assert_int_equal(orglog_load(f->node.txn, &org->id, &log), ERR_OK);
	nodes[0] = log.nodes[0];
	nodes[1] = test_node(1, 3000, &org->root_pk);
	nodes[1].roles = roles;
	nodes[1].state = state;
	next = log;
	next.nodes = nodes;
	next.node_count = 2;
	next.time_ms = hub_node_wall(&f->node);
	if (state != ORGLOG_NODE_ACTIVE)
		dh_pk_of(&next.wrap, &wrap);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, &log, &next, &org->root);
	assert_int_equal(orglog_accept(f->node.txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	ledger_forget(&f->node.hub.ledger, 2);
	orglog_fini(&log);
	buf_fini(&entry);
}

static void give_second(struct fixture *f, uint64_t number)
{
	struct test_record record;

	test_record_init(&record, &f->fed, 2, PATH, number, 1);
	record.fields.author = author_of(2, 1);
	record.seed = test_key(3000);
	comes(f, &record);
	test_record_fini(&record);
}

/* ---- the owner's own ---- */

static void the_highest_number_is_current(void **state)
{
	struct fixture *f = *state;

	second_node(f, ORGLOG_ROLE_PUBLISH, ORGLOG_NODE_ACTIVE);
	assert_int_equal(number(f), 0);
	give(f, 300);
	give(f, 1);
	give_second(f, 2);
	assert_int_equal(number(f), 300);
	assert_int_equal(current(f, 2).author, author_of(2, 1));
	assert_int_equal(current(f, 3).number, 0);
}

static struct record_id id_of(struct fixture *f, uint64_t number, uint32_t author)
{
	struct dataset_id dataset = dataset_of(f);
	struct record record;
	struct record_id id;
	struct bytes whole;

	assert_int_equal(ledger_version_find(f->node.txn, &dataset, number, author, &whole),
			 ERR_OK);
	assert_int_equal(record_decode(&record, whole), ERR_OK);
	record_id(&id, &record);
	return id;
}

static void of_two_the_smaller_id_is_current(void **state)
{
	struct fixture *f = *state;

	second_node(f, ORGLOG_ROLE_PUBLISH, ORGLOG_NODE_ACTIVE);
	for (uint64_t n = 1; n <= 8; n++) {
		give(f, n);
		give_second(f, n);
		struct record_id a = id_of(f, n, author_of(2, 0));
		struct record_id b = id_of(f, n, author_of(2, 1));
		bool first = bytes_cmp(id_bytes(&a), id_bytes(&b)) < 0;
		assert_int_equal(current(f, 0).author, author_of(2, first ? 0 : 1));
	}
}

/* Who may not publish is stored and forwarded, and not read. */
static void publishing_needs_the_role(void **state)
{
	struct fixture *f = *state;

	second_node(f, ORGLOG_ROLE_ADMIN, ORGLOG_NODE_ACTIVE);
	give_second(f, 7);
	assert_int_equal(number(f), 0);
	give(f, 3);
	assert_int_equal(number(f), 3);
	assert_int_equal(current(f, 7).number, 0);
}

static void numbers_end_at_a_limit(void **state)
{
	struct fixture *f = *state;

	give(f, VERSION_NUMBER_END);
	give(f, UINT64_MAX);
	assert_int_equal(number(f), 0);
	give(f, 5);
	assert_int_equal(number(f), 5);
	give(f, VERSION_NUMBER_END - 1);
	assert_true(number(f) == VERSION_NUMBER_END - 1);
}

/* ---- strangers ---- */

/* Members who may not write there: in the dataset of the path, or with another path in it. */
static void what_strangers_write_is_void(void **state)
{
	struct fixture *f = *state;
	struct dataset_id own = dataset_of(f);
	struct bytes row;
	struct row_key path = key_text(bytes_str(PATH)),
		       other = key_text(bytes_str("gemeinde-3/x"));

	version_comes(f, 3, PATH, 9);
	version_comes(f, 3, "gemeinde-3/x", 8);
	version_comes(f, 4, "niemand/x", 7);
	assert_int_equal(number(f), 0);
	give(f, 2);
	assert_int_equal(number(f), 2);
	/* The paths lead where they belong, as soon as their owner has said something. */
	assert_true(txn_get(f->node.txn, TABLE_PATH, row_key_bytes(&path), &row));
	assert_memory_equal(row.ptr, own.b, ID_LEN);
	struct test_record record;
	test_record_init(&record, &f->fed, 3, "gemeinde-3/x", 1, 1);
	comes(f, &record);
	test_record_fini(&record);
	struct dataset_id theirs = test_dataset(&f->fed, 3, "gemeinde-3/x");
	assert_true(txn_get(f->node.txn, TABLE_PATH, row_key_bytes(&other), &row));
	assert_memory_equal(row.ptr, theirs.b, ID_LEN);
}

/* Of such versions none says what the dataset is; of those that fit any does, valid or not. */
static void what_does_not_fit_says_nothing_of_a_dataset(void **state)
{
	struct fixture *f = *state;
	struct dataset_id own = dataset_of(f);
	struct version version;

	version_comes(f, 3, "gemeinde-3/x", 8);
	version_comes(f, 4, "niemand/x", 7);
	assert_false(current_any(&f->node.hub, f->node.txn, &own, &version));
	version_comes(f, 3, PATH, 9);
	assert_true(current_any(&f->node.hub, f->node.txn, &own, &version));
	assert_true(bytes_eq(version.path, bytes_str(PATH)));
	assert_int_equal(number(f), 0);
}

static void a_line_that_nobody_has_gives_nothing(void **state)
{
	struct fixture *f = *state;
	struct test_record record;
	const uint8_t grant[ID_LEN] = {1};

	give(f, 2);
	for (unsigned member = 2; member <= 3; member++) {
		test_record_init(&record, &f->fed, member, PATH, 9, 1);
		struct dataset_id dataset = dataset_of(f);
		record.slot = record_slot_version(&dataset, 9);
		record.body.len--;
		out_fixed(&record.body, grant, ID_LEN);
		comes(f, &record);
		test_record_fini(&record);
		assert_int_equal(number(f), 2);
	}
}

/* However much a stranger writes about a dataset, a look costs one step for each author. */
static void what_strangers_write_costs_no_look(void **state)
{
	struct fixture *f = *state;
	struct txn_cost before, after;

	give(f, 2);
	for (uint64_t n = 1; n <= 300; n++)
		version_comes(f, 3, PATH, 1000 + n);
	before = txn_cost(f->node.txn);
	assert_int_equal(number(f), 2);
	after = txn_cost(f->node.txn);
	assert_true(after.lookups - before.lookups < 40);
}

/* ---- withdrawals ---- */

/* Whether the author keeps its word and drops them or not, and whatever comes first. */
static void what_is_withdrawn_does_not_count(void **state)
{
	struct fixture *f = *state;

	give(f, 3);
	assert_int_equal(number(f), 3);
	withdrawal_comes(f, 2, REACH_OWN, 3);
	assert_int_equal(number(f), 0);
	assert_int_equal(current(f, 3).number, 0);
	give(f, 2);
	assert_int_equal(number(f), 0);
	assert_int_equal(current(f, 2).number, 0);
	give(f, 4);
	assert_int_equal(number(f), 4);
	/* Taken back further, and less far: the latest one counts. */
	withdrawal_comes(f, 2, REACH_OWN, 4);
	assert_int_equal(number(f), 0);
	withdrawal_comes(f, 2, REACH_OWN, 2);
	assert_int_equal(number(f), 4);
	assert_int_equal(current(f, 3).number, 3);
}

static void each_reach_counts_for_itself(void **state)
{
	struct fixture *f = *state;

	for (uint64_t n = 1; n <= 9; n++)
		give(f, n);
	withdrawal_comes(f, 2, REACH_OWN, 3);
	assert_int_equal(current(f, 4).number, 4);
	withdrawal_comes(f, 2, REACH_ALL, 6);
	assert_int_equal(current(f, 6).number, 0);
	assert_int_equal(current(f, 7).number, 7);
	/* Those of others are not the owner's. */
	withdrawal_comes(f, 2, REACH_OTHERS, 9);
	assert_int_equal(number(f), 9);
	withdrawal_comes(f, 2, REACH_ALL, VERSION_NUMBER_END);
	assert_int_equal(number(f), 9);
}

static void strangers_withdraw_nothing(void **state)
{
	struct fixture *f = *state;

	give(f, 3);
	for (enum withdrawal_reach reach = REACH_OWN; reach <= REACH_ALL; reach++)
		withdrawal_comes(f, 3, reach, 7);
	assert_int_equal(number(f), 3);
	assert_int_equal(current_withdrawn(&f->node.hub, f->node.txn, bytes_str(PATH), 2), 0);
	assert_int_equal(current_withdrawn(&f->node.hub, f->node.txn, bytes_str(PATH), 3), 7);
}

/* ---- nodes that leave ---- */

static void withdraw_second(struct fixture *f, uint64_t number)
{
	struct test_record record;

	withdraws(f, &record, 2, REACH_ALL, number);
	record.fields.author = author_of(2, 1);
	record.seed = test_key(3000);
	comes(f, &record);
	test_record_fini(&record);
}

/* Whether what it says now is taken. */
static enum err second_says(struct fixture *f, uint64_t number)
{
	struct test_record record;
	struct ledger_news news;
	struct buf whole;

	test_record_init(&record, &f->fed, 2, PATH, number, ++f->sequence);
	record.fields.author = author_of(2, 1);
	record.seed = test_key(3000);
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	test_record_put(&whole, &record);
	enum err err =
		ledger_accept_record(&f->node.hub.ledger, f->node.txn, buf_bytes(&whole), &news);
	buf_fini(&whole);
	test_record_fini(&record);
	return err;
}

/* How many authors of the dataset's owner are passed on, and how many of them are active. */
static void assert_kept(struct fixture *f, unsigned kept, unsigned active)
{
	struct ledger *ledger = &f->node.hub.ledger;
	struct author_state state;
	uint32_t author;

	ledger_settle(ledger, f->node.txn);
	for (author = 0; ledger_state_next(ledger, f->node.txn, &author, &state); kept--)
		assert_int_equal(author_member(author), 2);
	assert_int_equal(kept, 0);
	for (author = 0; ledger_active_next(ledger, f->node.txn, &author, &state); active--)
		assert_int_equal(author_member(author), 2);
	assert_int_equal(active, 0);
}

/* Its versions count no more at once; its withdrawals do for a day, also late ones. */
static void who_is_leaving_only_withdraws(void **state)
{
	struct fixture *f = *state;

	second_node(f, ORGLOG_ROLE_PUBLISH, ORGLOG_NODE_ACTIVE);
	for (uint64_t n = 1; n <= 5; n++)
		give(f, n);
	give_second(f, 9);
	withdraw_second(f, 3);
	assert_int_equal(number(f), 9);
	assert_kept(f, 2, 2);
	second_node(f, ORGLOG_ROLE_PUBLISH, ORGLOG_NODE_RETIRED);
	assert_kept(f, 2, 1);
	assert_int_equal(number(f), 5);
	assert_int_equal(current(f, 3).number, 0);
	withdraw_second(f, 4);
	assert_int_equal(current(f, 4).number, 0);
	assert_int_equal(second_says(f, 10), ERR_OK);
	assert_int_equal(number(f), 5);
	hub_node_pass(&f->node, INT64_C(26) * 3600 * 1000 - 1);
	assert_int_equal(current(f, 4).number, 0);
	assert_int_equal(second_says(f, 11), ERR_OK);
	hub_node_pass(&f->node, 1);
	assert_int_equal(current(f, 4).number, 4);
	assert_int_equal(second_says(f, 12), ERR_DENIED);
	assert_kept(f, 1, 1);
}

/* Of a lost one not even that; its records are kept for the ends among them. */
static void who_is_lost_withdraws_nothing(void **state)
{
	struct fixture *f = *state;

	second_node(f, ORGLOG_ROLE_PUBLISH, ORGLOG_NODE_ACTIVE);
	give(f, 3);
	withdraw_second(f, 3);
	assert_int_equal(number(f), 0);
	second_node(f, ORGLOG_ROLE_PUBLISH, ORGLOG_NODE_RETIRED);
	assert_int_equal(number(f), 0);
	second_node(f, ORGLOG_ROLE_PUBLISH, ORGLOG_NODE_LOST);
	assert_int_equal(number(f), 3);
	assert_int_equal(second_says(f, 10), ERR_OK);
	assert_int_equal(number(f), 3);
}

/* Who has lost the role alone is heard on: its withdrawals as those of one that is leaving. */
static void the_role_may_be_taken(void **state)
{
	struct fixture *f = *state;

	second_node(f, ORGLOG_ROLE_PUBLISH, ORGLOG_NODE_ACTIVE);
	give(f, 3);
	give_second(f, 4);
	withdraw_second(f, 3);
	second_node(f, 0, ORGLOG_NODE_ACTIVE);
	assert_int_equal(number(f), 0);
	hub_node_pass(&f->node, INT64_C(26) * 3600 * 1000);
	assert_int_equal(number(f), 3);
	assert_int_equal(second_says(f, 5), ERR_OK);
	assert_int_equal(number(f), 3);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/*
 * A dataset id costs nothing, so anybody can put versions into slots of another's dataset: a look
 * at it reads a few of each author.
 */
static void who_crowds_a_dataset_slows_nobody(void **state)
{
	struct fixture *f = *state;
	const unsigned looked_at = 64;

	give(f, 1);
	for (uint64_t n = 0; n < 2 * looked_at; n++)
		version_comes(f, 3, "gemeinde-3/anderes", 1000 + n);
	uint64_t before = txn_cost(f->node.txn).lookups;
	assert_int_equal(number(f), 1);
	assert_true(txn_cost(f->node.txn).lookups - before < 5 * looked_at);
	/* whoever does so to itself has itself to blame */
	for (uint64_t n = 2; n <= looked_at; n++)
		version_comes(f, 2, "gemeinde-2/anderes", n);
	assert_int_equal(number(f), 1);
	version_comes(f, 2, "gemeinde-2/anderes", looked_at + 1);
	assert_int_equal(number(f), 0);
	assert_int_equal(current(f, 1).number, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_highest_number_is_current),
		T(of_two_the_smaller_id_is_current),
		T(publishing_needs_the_role),
		T(numbers_end_at_a_limit),
		T(what_strangers_write_is_void),
		T(what_does_not_fit_says_nothing_of_a_dataset),
		T(a_line_that_nobody_has_gives_nothing),
		T(what_strangers_write_costs_no_look),
		T(what_is_withdrawn_does_not_count),
		T(each_reach_counts_for_itself),
		T(strangers_withdraw_nothing),
		T(who_is_leaving_only_withdraws),
		T(who_is_lost_withdraws_nothing),
		T(the_role_may_be_taken),
		T(who_crowds_a_dataset_slows_nobody),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
