/* quota and room: what of an author is taken, and what of others when there is little room. */
#include "proto/ledger/quota.h"
#include "proto/ledger/withdrawal_body.h"
#include "test/proto/ledger_node.h"

enum { COUNT_MAX = 20 };
#define BYTES_MAX UINT64_C(20000)

struct fixture {
	struct test_federation fed; /* 3 members, one steward */
	struct ledger_node node;    /* reads only */
	struct ledger_node other;   /* the same */
	struct ledger_node author;  /* member 1 */
};

static const uint32_t author1 = 256;

static void quota_set(struct ledger_node *node)
{
	node->limits.quota_record_count = COUNT_MAX;
	node->limits.quota_record_bytes = BYTES_MAX;
}

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	test_federation_init(&f->fed, 3, 1, 1);
	ledger_node_open(&f->node, &f->fed, 0);
	ledger_node_open(&f->other, &f->fed, 0);
	ledger_node_open(&f->author, &f->fed, 1);
	quota_set(&f->node);
	quota_set(&f->other);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ledger_node_close(&f->node);
	ledger_node_close(&f->other);
	ledger_node_close(&f->author);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static enum ledger_completeness completeness(struct ledger_node *node)
{
	struct author_state state = test_state(node, author1);

	return ledger_completeness(&state, node->ledger.now_ms);
}

/* Slots from..to-1, with so many bytes each, and a head of all there is. */
static void say(struct fixture *f, uint32_t from, uint32_t to, size_t len)
{
	for (uint32_t n = from; n < to; n++)
		test_append(&f->author.ledger, f->author.txn, n, len);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
}

static void unsay(struct fixture *f, uint32_t from, uint32_t to)
{
	for (uint32_t n = from; n < to; n++) {
		uint8_t slot[5] = {120};

		be32_put(slot + 1, n);
		assert_int_equal(ledger_delete(&f->author.ledger, f->author.txn, bytes_obj(&slot)),
				 ERR_OK);
	}
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
}

/* The records of a node, without a head. */
static size_t records_give(struct ledger_node *from, struct ledger_node *to)
{
	struct author_state state = test_state(from, author1);
	struct row_key prefix = key_author_incarnation(author1, state.incarnation);
	struct walk walk = walk_begin(from->txn, TABLE_RECORD, row_key_bytes(&prefix));
	struct ledger_news news;
	size_t stored = 0;

	while (walk_next(&walk))
		stored += !ledger_accept_record(&to->ledger, to->txn, walk.value, &news) &&
			  news.stored;
	return stored;
}

/* All shares of an organisation together, whatever it does with its nodes. */
static void shares_of_an_organisation_have_a_sum(void **state)
{
	const struct limits limits = limits_default();
	struct quota all = {0, 0}, first = quota_of(&limits, author_of(7, 0));

	for (unsigned i = 0; i < LIMIT_NODE_COUNT_MAX; i++) {
		struct quota one = quota_of(&limits, author_of(7, (uint8_t)i));
		assert_true(one.count >= 1000 && one.bytes >= 1000 * 1000);
		all.count += one.count;
		all.bytes += one.bytes;
	}
	assert_int_equal(first.count, 262144);
	assert_int_equal(first.bytes, 268435456);
	assert_in_range(all.count, first.count, 62 * first.count / 10);
	assert_in_range(all.bytes, first.bytes, 62 * first.bytes / 10);
}

/* At the quota all is well; one more and the state of before stays, at everybody. */
static void a_head_over_the_quota_is_not_taken(void **state)
{
	struct fixture *f = *state;
	struct author_state s;

	say(f, 0, COUNT_MAX, 10);
	assert_int_equal(test_copy(&f->author, &f->node, author1), COUNT_MAX);
	assert_int_equal(completeness(&f->node), LEDGER_COMPLETE);

	say(f, COUNT_MAX, COUNT_MAX + 1, 10);
	test_copy(&f->author, &f->node, author1);
	s = test_state(&f->node, author1);
	assert_int_equal(s.head_live_count, COUNT_MAX);
	assert_true(s.over);
	ledger_node_turn(&f->node); /* it is on the disk */
	assert_true(test_state(&f->node, author1).over);

	/* Who hears all of it at once judges the same. */
	test_copy(&f->author, &f->other, author1);
	assert_int_equal(test_state(&f->other, author1).counter, 0);

	unsay(f, 3, 5);
	test_copy(&f->author, &f->node, author1);
	test_copy(&f->author, &f->other, author1);
	s = test_state(&f->node, author1);
	assert_false(s.over);
	assert_int_equal(s.head_live_count, COUNT_MAX - 1);
}

static void bytes_count_as_records_do(void **state)
{
	struct fixture *f = *state;
	struct author_state s;
	uint64_t bytes;

	say(f, 0, 2, 9000);
	assert_int_equal(test_copy(&f->author, &f->node, author1), 2);
	s = test_state(&f->node, author1);
	assert_in_range(s.live_bytes, 2 * 9000, 2 * 9200);
	assert_int_equal(s.live_bytes, s.head_live_bytes);
	bytes = s.live_bytes;
	/* Overwriting counts once, deleting frees. */
	say(f, 1, 2, 100);
	test_copy(&f->author, &f->node, author1);
	assert_in_range(test_state(&f->node, author1).live_bytes, bytes - 8910, bytes - 8900);
	say(f, 2, 3, 9000);
	test_copy(&f->author, &f->node, author1);
	assert_false(test_state(&f->node, author1).over);
	say(f, 3, 4, 2000);
	test_copy(&f->author, &f->node, author1);
	assert_true(test_state(&f->node, author1).over);
}

/*
 * Records without a head, or that its head does not tell of: twice the quota, and no more; what was
 * refused counts as seen, so nobody sends it again. The same for each incarnation, of which two are
 * kept.
 */
static void records_are_bounded_whatever_heads_say(void **state)
{
	struct fixture *f = *state;
	struct author_state s;

	for (unsigned round = 0; round < 5; round++) {
		for (uint32_t n = 0; n < 3 * COUNT_MAX; n++)
			test_append(&f->author.ledger, f->author.txn, n, 10);
		assert_int_equal(records_give(&f->author, &f->node), 2 * COUNT_MAX);
		s = test_state(&f->node, author1);
		assert_int_equal(s.live_count, 2 * COUNT_MAX);
		assert_int_equal(s.incarnation, round + 1);
		assert_int_equal(s.sequence, test_state(&f->author, author1).sequence);
		assert_in_range(txn_count(f->node.txn, TABLE_RECORD), 2 * COUNT_MAX, 4 * COUNT_MAX);
		assert_in_range(txn_count(f->node.txn, TABLE_LEAF), 2 * COUNT_MAX, 4 * COUNT_MAX);
		assert_int_equal(ledger_incarnation_new(&f->author.ledger, f->author.txn), ERR_OK);
	}
}

/* What an honest author replaces its whole set by comes through, whatever comes first. */
static void a_full_set_is_replaced_by_another(void **state)
{
	struct fixture *f = *state;
	struct bytes head;

	say(f, 0, COUNT_MAX, 10);
	test_copy(&f->author, &f->node, author1);
	unsay(f, 0, COUNT_MAX);
	say(f, COUNT_MAX, 2 * COUNT_MAX, 10);
	assert_int_equal(records_give(&f->author, &f->node), COUNT_MAX);
	assert_true(ledger_head(f->author.txn, author1, 1, &head));
	assert_int_equal(ledger_accept_head(&f->node.ledger, f->node.txn, head, NULL), ERR_OK);
	assert_false(test_state(&f->node, author1).over);
}

static enum err append(struct fixture *f, uint64_t kind, uint32_t n, size_t len)
{
	uint8_t slot[1 + ID_LEN] = {(uint8_t)kind}, body[400] = {0};

	be32_put(slot + 1, n);
	return ledger_append(&f->author.ledger, f->author.txn, kind, bytes_obj(&slot),
			     bytes_of(body, len), NULL, LEDGER_QUIET);
}

static enum err withdraw(struct fixture *f)
{
	const struct withdrawal said = {
		.path = bytes_str("gemeinde-1/a"), .number = 1, .reason = bytes_str("wrong")};
	struct dataset_id dataset = test_dataset(&f->fed, 1, "gemeinde-1/a");
	struct record_slot slot = withdrawal_slot(&dataset, said.reach);
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	withdrawal_put(&body, &said);
	enum err err =
		ledger_append(&f->author.ledger, f->author.txn, RECORD_WITHDRAWAL,
			      record_slot_bytes(&slot), buf_bytes(&body), NULL, LEDGER_QUIET);
	buf_fini(&body);
	return err;
}

/*
 * The own node stops at nine tenths; what ends rights goes on, and what overwrites without growing
 * always does. So its head is always taken.
 */
static void the_own_node_keeps_a_tenth_for_rights(void **state)
{
	struct fixture *f = *state;
	uint32_t n = 0;

	quota_set(&f->author);
	while (append(f, 120, n, 20) == ERR_OK)
		n++;
	assert_int_equal(n, COUNT_MAX * 9 / 10);
	assert_int_equal(append(f, 120, n, 20), ERR_NOSPACE);
	assert_int_equal(append(f, 120, 0, 20), ERR_OK);
	f->author.limits.quota_record_bytes = test_state(&f->author, author1).live_bytes;
	assert_int_equal(append(f, 120, 0, 20), ERR_OK);
	assert_int_equal(append(f, 120, 0, 300), ERR_NOSPACE);
	quota_set(&f->author);
	assert_int_equal(withdraw(f), ERR_OK);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	test_copy(&f->author, &f->node, author1);
	assert_int_equal(completeness(&f->node), LEDGER_COMPLETE);
	/* A restart with another incarnation signs all of it anew. */
	assert_int_equal(ledger_incarnation_new(&f->author.ledger, f->author.txn), ERR_OK);
	assert_int_equal(test_state(&f->author, author1).live_count, n + 1);
}

static enum err erasure(struct fixture *f, uint32_t n)
{
	uint8_t slot[1 + ID_LEN] = {RECORD_ERASURE};
	const struct erasure answer = {.withdrawal = {{1}}};
	struct buf body;

	be32_put(slot + 1, n);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	erasure_put(&body, &answer);
	enum err err = ledger_append(&f->author.ledger, f->author.txn, RECORD_ERASURE,
				     bytes_obj(&slot), buf_bytes(&body), NULL, LEDGER_QUIET);
	buf_fini(&body);
	return err;
}

/* Who withdraws and asks to erase has others write: up to half of what they may. */
static void erasures_leave_half_of_the_quota(void **state)
{
	struct fixture *f = *state;
	uint32_t n = 0;

	quota_set(&f->author);
	while (erasure(f, n) == ERR_OK)
		n++;
	assert_int_equal(n, COUNT_MAX / 2);
	assert_int_equal(append(f, 120, 0, 20), ERR_OK);
}

/* ---- recounting ---- */

static void a_recount_finds_wrong_bytes(void **state)
{
	struct fixture *f = *state;
	struct ledger_recount at;
	uint64_t bytes, rows = UINT64_MAX;

	say(f, 0, 7, 50);
	test_copy(&f->author, &f->node, author1);
	bytes = test_state(&f->node, author1).live_bytes;
	for (unsigned i = 0; i < 2; i++) {
		ledger_recount_begin(&f->node.ledger, f->node.txn, &at, author1);
		while (ledger_recount(&f->node.ledger, f->node.txn, &at, &rows))
			;
		assert_int_equal(at.faults, 0);
	}
	assert_int_equal(test_state(&f->node, author1).live_bytes, bytes);
}

/* ---- room ---- */

/* Without room nothing foreign of a kind that can wait is stored; its author is not at fault. */
static void what_others_publish_waits_for_room(void **state)
{
	struct fixture *f = *state;
	struct author_state s;

	f->node.ledger.room = room_at(HEADROOM_OWN);
	f->node.ledger.room.left[ROOM_RIGHTS] = UINT64_MAX;
	test_publish(&f->author, "gemeinde-1/a", 1, 0);
	assert_int_equal(withdraw(f), ERR_OK);
	say(f, 0, 1, 20);
	assert_int_equal(test_copy(&f->author, &f->node, author1), 1); /* the withdrawal */
	assert_int_equal(completeness(&f->node), LEDGER_HELD);
	s = test_state(&f->node, author1);
	assert_int_equal(s.held, 2);
	assert_int_equal(ledger_missing(&s), 2);
	assert_int_equal(s.sequence, 3);
	ledger_node_turn(&f->node);
	assert_int_equal(completeness(&f->node), LEDGER_HELD);

	/* With room it is missing as if it had never come, once. */
	f->node.ledger.room = room_at(HEADROOM_ALL);
	assert_true(ledger_held_ask(&f->node.ledger, f->node.txn));
	assert_int_equal(completeness(&f->node), LEDGER_PARTIAL);
	assert_false(ledger_held_ask(&f->node.ledger, f->node.txn));
	assert_int_equal(test_copy(&f->author, &f->node, author1), 2);
	assert_int_equal(completeness(&f->node), LEDGER_COMPLETE);
}

/* At the end nothing foreign that grows, but the withdrawal of something that is here. */
static void at_the_end_only_what_makes_room_is_taken(void **state)
{
	struct fixture *f = *state;

	test_publish(&f->author, "gemeinde-1/a", 1, 0);
	say(f, 0, 1, 20);
	assert_int_equal(test_copy(&f->author, &f->node, author1), 2);
	f->node.ledger.room = room_at(HEADROOM_NONE);
	assert_int_equal(withdraw(f), ERR_OK);
	say(f, 0, 1, 20); /* again, no longer */
	say(f, 1, 2, 20);
	assert_int_equal(test_copy(&f->author, &f->node, author1), 2);
	assert_int_equal(test_copy(&f->author, &f->other, author1), 4);
	f->other.ledger.room = room_at(HEADROOM_NONE);
	assert_int_equal(completeness(&f->node), LEDGER_HELD);
}

/* What a turn has put counts in it. */
static void a_turn_does_not_go_past_the_room(void **state)
{
	struct fixture *f = *state;
	size_t stored;

	f->node.limits = limits_default();
	for (uint32_t n = 0; n < 200; n++)
		test_append(&f->author.ledger, f->author.txn, n, 1000);
	f->node.ledger.room.left[ROOM_FOREIGN] = 100 * 1000;
	stored = records_give(&f->author, &f->node);
	assert_in_range(stored, 10, 90);
	assert_in_range(txn_put_bytes(f->node.txn), 50 * 1000, 110 * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shares_of_an_organisation_have_a_sum, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_head_over_the_quota_is_not_taken, setup,
						teardown),
		cmocka_unit_test_setup_teardown(bytes_count_as_records_do, setup, teardown),
		cmocka_unit_test_setup_teardown(records_are_bounded_whatever_heads_say, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_full_set_is_replaced_by_another, setup, teardown),
		cmocka_unit_test_setup_teardown(the_own_node_keeps_a_tenth_for_rights, setup,
						teardown),
		cmocka_unit_test_setup_teardown(erasures_leave_half_of_the_quota, setup, teardown),
		cmocka_unit_test_setup_teardown(a_recount_finds_wrong_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(what_others_publish_waits_for_room, setup,
						teardown),
		cmocka_unit_test_setup_teardown(at_the_end_only_what_makes_room_is_taken, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_turn_does_not_go_past_the_room, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
