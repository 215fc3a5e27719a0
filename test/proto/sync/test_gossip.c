/* Heads and records: who hears of what and when, and what becomes of those that are not right. */
#include "test/proto/hub_node.h"

static const uint32_t OWN = 256, AUTHOR = 3 * 256; /* nodes 0 of members 1 and 3 */
enum { QUIET_MS = 10 * 1000, RELAY_MS = 200, PARTIAL_MS = 2000 };

struct fixture {
	struct hub_fixture *base;
	struct hub_node *node;
	struct hub *hub;
	struct peer *peer;        /* member 2 */
	struct ledger_node other; /* of member 3 */
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	hub_fixture_setup((void **)&f->base);
	f->node = &f->base->node;
	f->hub = &f->node->hub;
	f->peer = f->base->peer;
	ledger_node_open(&f->other, &f->base->fed, 3);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	gossip_close(f->hub);
	f->node->machines.gossip = (struct gossip){0};
	ledger_node_close(&f->other);
	hub_fixture_teardown((void **)&f->base);
	free(f);
	return 0;
}

static void say_head(struct fixture *f, struct peer *peer, struct bytes head)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_head(&out, head);
	hub_node_hear(f->node, peer, gossip_head_take, &out);
}

/* The latest head of a ledger's own author. */
static void say_head_of(struct fixture *f, struct peer *peer, struct ledger_node *from)
{
	struct bytes head;
	assert_true(ledger_head(from->txn, from->ledger.own_author, 1, &head));
	say_head(f, peer, head);
}

static void say_record(struct fixture *f, struct peer *peer, struct bytes record)
{
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	message_list_bin(&list, record);
	hub_node_hear_list(f->node, peer, gossip_records_take, &list);
}

static void say_record_of(struct fixture *f, struct peer *peer, struct ledger_node *from,
			  uint64_t sequence)
{
	struct bytes record;
	assert_true(ledger_record(from->txn, from->ledger.own_author, 1, sequence, &record));
	say_record(f, peer, record);
}

/* The other author writes one more record and signs a head. */
static void other_write(struct fixture *f, uint32_t slot)
{
	test_append(&f->other.ledger, f->other.txn, slot, 10);
	assert_int_equal(ledger_head_make(&f->other.ledger, f->other.txn, NULL), ERR_OK);
}

static void settle(struct fixture *f)
{
	gossip_settle(f->hub, f->node->txn);
}

/* A turn in which only time passes; what the peer hears of it. */
static const char *heard_after(struct fixture *f, int64_t ms, const struct peer *peer)
{
	hub_node_pass(f->node, ms);
	settle(f);
	return hub_node_heard(f->node, peer->link);
}

static struct author_state state_of(struct fixture *f, uint32_t author)
{
	struct author_state state;
	ledger_state(&f->hub->ledger, f->node->txn, author, &state);
	return state;
}

/* ---- the own head ---- */

static void test_own_head(void **state)
{
	struct fixture *f = *state;
	struct peer *unmet = hub_node_member(f->node, &f->base->fed.orgs[3]);
	const int64_t renew_ms = (int64_t)f->node->limits.head_renew_ms;
	unmet->met = false;
	settle(f);
	assert_heard(f->node, f->peer, ""); /* nothing was ever written */
	test_append(&f->hub->ledger, f->node->txn, 1, 10);
	settle(f);
	assert_heard(f->node, f->peer, "HEAD RECORDS");
	assert_heard(f->node, unmet, "");
	assert_false(gossip_head_due(f->hub));
	assert_int_equal(gossip_wake(f->hub), hub_node_mono(f->node) + renew_ms);
	assert_string_equal(heard_after(f, renew_ms - 1, f->peer), "");
	assert_string_equal(heard_after(f, 1, f->peer), "HEAD"); /* renewed */
	assert_string_equal(heard_after(f, 1, f->peer), "");
	gossip_log_grown(f->hub);
	assert_string_equal(heard_after(f, 1, f->peer), "HEAD");
	assert_string_equal(heard_after(f, 1, f->peer), "");
	f->hub->author = 0; /* who is no member (any more) has no head */
	gossip_log_grown(f->hub);
	assert_string_equal(heard_after(f, 1, f->peer), "");
	assert_true(gossip_wake(f->hub) == INT64_MAX);
}

/* Records go along up to so many bytes, and then none of them. */
static void test_inline(void **state)
{
	static const struct {
		unsigned count;
		int less; /* than their length is the limit */
		const char *heard;
	} cases[] = {
		{1, 0, "HEAD RECORDS"}, {1, 1, "HEAD"},          {3, 0, "HEAD RECORDS"},
		{3, 1, "HEAD"},         {2, -1, "HEAD RECORDS"},
	};
	struct fixture *f = *state;
	struct message m;
	test_append(&f->hub->ledger, f->node->txn, 0, 100);
	settle(f);
	uint64_t sequence = 1;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf measure;
		struct bytes whole;
		hub_node_turn(f->node);
		buf_init(&measure, LIMIT_MESSAGE_LEN_MAX);
		struct message_list list = message_list_begin(MESSAGE_RECORDS);
		for (unsigned k = 0; k < cases[i].count; k++) {
			test_append(&f->hub->ledger, f->node->txn, 10 * (uint32_t)i + k, 100);
			assert_true(ledger_record(f->node->txn, OWN, 1, ++sequence, &whole));
			message_list_bin(&list, whole);
		}
		f->node->limits.announce_inline_bytes =
			(uint32_t)((int)list.items.len - cases[i].less);
		message_list_end(&list, &measure);
		settle(f);
		assert_heard(f->node, f->peer, cases[i].heard);
		if (hub_node_sent(f->node, f->peer, MESSAGE_RECORDS, 0, &m))
			assert_int_equal(m.len,
					 measure.len); /* only what is new since the head before */
		buf_fini(&measure);
	}
}

/* A log entry that came before the process ended is told of after the start. */
static void test_log_untold(void **state)
{
	struct fixture *f = *state;
	const struct test_org *org = &f->base->fed.orgs[0];
	struct buf entry;
	struct head head;
	struct message m;
	hub_node_machines(f->node);
	settle(f);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	test_org_second(&entry, org, ORGLOG_NODE_ACTIVE, 60);
	orglog_accept(f->node->txn, &org->id, buf_bytes(&entry), NULL);
	buf_fini(&entry);
	hub_node_machines(f->node);
	f->peer = hub_node_member(f->node, &f->base->fed.orgs[1]);
	assert_string_equal(heard_after(f, QUIET_MS, f->peer), "HEAD");
	assert_true(hub_node_sent(f->node, f->peer, MESSAGE_HEAD, 0, &m));
	assert_int_equal(head_decode(&head, m.body), ERR_OK);
	assert_int_equal(head.orglog_number, 2);
}

/* ---- heads of others ---- */

/* An own head that is told already. */
static void own_write(struct fixture *f)
{
	test_append(&f->hub->ledger, f->node->txn, 1, 10);
	settle(f);
	hub_node_turn(f->node);
}

/* Told on within 200 ms to all but the author and those from whom it has come by then. */
static void test_relay(void **state)
{
	struct fixture *f = *state;
	const struct test_org *orgs = f->base->fed.orgs;
	struct peer *author = hub_node_member(f->node, &orgs[2]);
	struct peer *fourth = hub_node_member(f->node, &orgs[3]);
	struct peer *again = hub_node_member(f->node, &orgs[3]);
	struct peer *unmet = hub_node_member(f->node, &orgs[3]);
	unmet->met = false;
	own_write(f);
	other_write(f, 1);
	say_record_of(f, f->peer, &f->other, 1);
	say_head_of(f, f->peer, &f->other);
	settle(f);
	int64_t due_ms = gossip_wake(f->hub) - hub_node_mono(f->node);
	assert_in_range(due_ms, 0, RELAY_MS);
	say_head_of(f, again, &f->other); /* it need not be told */
	say_head_of(f, again, &f->other);
	assert_string_equal(heard_after(f, due_ms, fourth), "HEAD");
	assert_heard(f->node, f->peer, "");
	assert_heard(f->node, author, "");
	assert_heard(f->node, again, "");
	assert_heard(f->node, unmet, "");
	assert_string_equal(heard_after(f, 10000, fourth), ""); /* once */
	/*
	 * A newer head before the older was told on: whoever told of that does not know this one.
	 */
	other_write(f, 2);
	say_record_of(f, f->peer, &f->other, 2);
	say_head_of(f, f->peer, &f->other);
	settle(f);
	other_write(f, 3);
	say_record_of(f, again, &f->other, 3);
	say_head_of(f, again, &f->other);
	settle(f);
	assert_string_equal(heard_after(f, RELAY_MS, f->peer), "HEAD");
	assert_heard(f->node, again, "");
}

/* Heads of several authors wait side by side. */
static void test_relay_order(void **state)
{
	struct fixture *f = *state;
	struct ledger_node fourth;
	struct peer *third = hub_node_member(f->node, &f->base->fed.orgs[2]);
	ledger_node_open(&fourth, &f->base->fed, 4);
	test_append(&fourth.ledger, fourth.txn, 1, 10);
	ledger_head_make(&fourth.ledger, fourth.txn, NULL);
	say_record_of(f, f->peer, &fourth, 1);
	say_head_of(f, f->peer, &fourth);
	settle(f);
	other_write(f, 1);
	say_record_of(f, f->peer, &f->other, 1);
	say_head_of(f, f->peer, &f->other);
	settle(f);
	assert_int_equal(f->node->machines.gossip.relay_count, 2);
	hub_node_turn(f->node);
	assert_string_equal(heard_after(f, RELAY_MS, third), "HEAD"); /* not its own */
	assert_int_equal(f->node->machines.gossip.relay_count, 0);
	ledger_node_close(&fourth);
}

/*
 * A head whose records are not here is told on when they are, or two seconds later; its sender is
 * asked for them.
 */
static void test_relay_partial(void **state)
{
	for (int comes = 0; comes < 2; comes++) {
		setup(state);
		struct fixture *f = *state;
		struct peer *fourth = hub_node_member(f->node, &f->base->fed.orgs[3]);
		struct message m;
		struct message_state asked;
		own_write(f);
		other_write(f, 1);
		say_head_of(f, f->peer, &f->other);
		settle(f);
		assert_heard(f->node, f->peer, "STATES");
		assert_true(hub_node_sent(f->node, f->peer, MESSAGE_STATES, 0, &m));
		assert_true(message_next_state(&m, &asked));
		assert_int_equal(asked.author, AUTHOR);
		assert_int_equal(asked.sequence, 0);
		assert_string_equal(heard_after(f, RELAY_MS, fourth), "");
		if (comes) {
			say_record_of(f, f->peer, &f->other, 1);
			assert_string_equal(heard_after(f, 0, fourth), "HEAD");
		} else {
			int64_t wait_ms = gossip_wake(f->hub) - hub_node_mono(f->node);
			assert_in_range(wait_ms, PARTIAL_MS - RELAY_MS, PARTIAL_MS);
			assert_string_equal(heard_after(f, wait_ms - 1, fourth), "");
			assert_string_equal(heard_after(f, 1, fourth), "HEAD");
		}
		teardown(state);
	}
}

/* In a comparison the records come anyway. */
static void test_pull(void **state)
{
	static const struct {
		enum sync_phase phase;
		bool up, records;
		const char *heard;
	} cases[] = {
		{SYNC_IDLE, true, false, "STATES"}, {SYNC_STREAM, true, false, ""},
		{SYNC_SKETCH, true, false, ""},     {SYNC_IDLE, true, true, ""},
		{SYNC_IDLE, false, false, ""},
	};
	struct fixture *f = *state;
	for (uint32_t i = 0; i < COUNT(cases); i++) {
		hub_node_turn(f->node);
		other_write(f, i);
		test_copy_into(&f->other, &f->hub->ledger, f->node->txn, AUTHOR);
		other_write(f, 100 + i);
		f->peer->sync->phase = cases[i].phase;
		say_head_of(f, f->peer, &f->other);
		if (cases[i].records)
			say_record_of(f, f->peer, &f->other, 2 * i + 2);
		f->peer->up = cases[i].up;
		settle(f);
		assert_heard(f->node, f->peer, cases[i].heard);
	}
}

/* ---- heads that are not right ---- */

struct change { /* of a good head */
	const char *name;
	bool malformed, unknown, other_key;
	int64_t later_ms;
	int64_t valid_ms;
	uint32_t orglog_number;
	const char *heard;
	bool taken;
};

static void test_heads(void **state)
{
	static const int64_t hour_ms = 3600 * 1000;
	static const struct change cases[] = {
		{"good", .orglog_number = 1, .heard = "", .taken = true},
		{"not well-formed", .malformed = true, .heard = "CLOSE:MALFORMED"},
		{"of nobody", .unknown = true, .orglog_number = 1, .heard = ""},
		{"signed by another", .other_key = true, .orglog_number = 1, .heard = ""},
		{"a little ahead", .later_ms = 600 * 1000, .orglog_number = 1, .heard = "",
		 .taken = true},
		{"from the future", .later_ms = 600 * 1000 + 1, .orglog_number = 1, .heard = ""},
		{"valid for too long", .valid_ms = 26 * hour_ms + 1, .orglog_number = 1,
		 .heard = ""},
		{"of a log that has grown", .orglog_number = 3, .heard = "ORGLOG_GET",
		 .taken = true},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		setup(state);
		struct fixture *f = *state;
		const struct change *c = &cases[i];
		struct peer *peer = hub_node_member(f->node, &f->base->fed.orgs[2]);
		struct message m;
		struct buf whole;
		struct head head = {.author = c->unknown ? 99 * 256 : AUTHOR,
				    .incarnation = 1,
				    .counter = 1,
				    .time_ms = TEST_TIME_MS + c->later_ms,
				    .charter_number = 1,
				    .orglog_number = c->orglog_number};
		head.valid_until_ms = head.time_ms + (c->valid_ms ? c->valid_ms : hour_ms);
		buf_init(&whole, LIMIT_HEAD_LEN_MAX);
		if (c->malformed)
			buf_add(&whole, bytes_str("head"));
		else
			head_make(&whole, &head, &f->base->fed.charter.fed,
				  &f->base->fed.orgs[c->other_key ? 1 : 2].sign);
		say_head(f, peer, buf_bytes(&whole));
		assert_heard(f->node, peer, c->heard);
		assert_int_equal(state_of(f, AUTHOR).counter, c->taken);
		/* Of its own clock a peer tells the truth. */
		assert_int_equal(peer->ahead_ms, c->unknown ? 0 : c->later_ms);
		if (hub_node_sent(f->node, peer, MESSAGE_ORGLOG_GET, 0, &m))
			assert_int_equal(m.count, 1);
		buf_fini(&whole);
		teardown(state);
	}
}

/* Two heads with one number are told to people once, and no peer is at fault. */
static void test_evidence(void **state)
{
	struct fixture *f = *state;
	struct ledger_node twin;
	struct bytes one, other;
	ledger_node_open(&twin, &f->base->fed, 3);
	test_append(&twin.ledger, twin.txn, 7, 10);
	ledger_head_make(&twin.ledger, twin.txn, NULL);
	other_write(f, 1);
	say_head_of(f, f->peer, &f->other);
	assert_null(hub_node_note(f->node, NOTE_EVIDENCE));
	say_head_of(f, f->peer, &twin);
	const struct note *note = hub_node_note(f->node, NOTE_EVIDENCE);
	assert_int_equal(note->author, AUTHOR);
	assert_int_equal(note->link, f->peer->link);
	assert_heard(f->node, f->peer, "");
	assert_true(ledger_evidence(f->node->txn, AUTHOR, &one, &other));
	hub_node_turn(f->node);
	say_head_of(f, f->peer, &twin);
	assert_null(hub_node_note(f->node, NOTE_EVIDENCE));
	ledger_node_close(&twin);
}

/* ---- records ---- */

static void test_records(void **state)
{
	static const struct {
		bool malformed, altered, unknown;
		int64_t later_ms;
		const char *heard;
		bool stored, deferred;
	} cases[] = {
		{.heard = "", .stored = true},
		{.malformed = true, .heard = "CLOSE:MALFORMED"},
		{.altered = true, .heard = ""}, /* its author's fault, perhaps */
		{.unknown = true, .heard = ""},
		{.later_ms = 600 * 1000, .heard = "", .stored = true},
		{.later_ms = 600 * 1000 + 1, .heard = "", .deferred = true},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		setup(state);
		struct fixture *f = *state;
		struct test_record record;
		struct buf whole;
		struct bytes stored;
		test_record_init(&record, &f->base->fed, 3, "gemeinde-3/wasser", 1, 1);
		record.fields.time_ms += cases[i].later_ms;
		if (cases[i].unknown)
			record.fields.author = 99 * 256;
		buf_init(&whole, LIMIT_RECORD_LEN_MAX);
		if (cases[i].malformed)
			buf_add(&whole, bytes_str("record"));
		else
			test_record_put(&whole, &record);
		whole.ptr[whole.len - 1] ^= cases[i].altered;
		say_record(f, f->peer, buf_bytes(&whole));
		assert_heard(f->node, f->peer, cases[i].heard);
		assert_int_equal(hub_node_note(f->node, NOTE_DEFERRED) != NULL, cases[i].deferred);
		assert_int_equal(ledger_record(f->node->txn, AUTHOR, 1, 1, &stored),
				 cases[i].stored);
		buf_fini(&whole);
		test_record_fini(&record);
		teardown(state);
	}
}

static void assert_head_said(struct fixture *f, uint32_t incarnation, uint64_t live_count)
{
	struct message m;
	struct head head;
	assert_true(hub_node_sent(f->node, f->peer, MESSAGE_HEAD, 0, &m));
	assert_int_equal(head_decode(&head, m.body), ERR_OK);
	assert_int_equal(head.author, OWN);
	assert_int_equal(head.incarnation, incarnation);
	assert_int_equal(head.live_count, live_count);
}

/* ---- the clock ---- */

/*
 * The own head is an hour ahead. Another incarnation begins when the clock was seen to be set back,
 * or when not most of the others are ahead, too: else it is this clock that is wrong.
 */
static void test_clock(void **state)
{
	static const struct {
		bool seen;
		unsigned ahead; /* of the two others */
		bool anew;
	} cases[] = {
		{true, 0, true},  {true, 2, true},   {false, 0, true},
		{false, 1, true}, {false, 2, false},
	};
	const int64_t hour_ms = 3600 * 1000;
	for (size_t i = 0; i < COUNT(cases); i++) {
		setup(state);
		struct fixture *f = *state;
		hub_node_time(f->node, TEST_TIME_MS + hour_ms, hub_node_mono(f->node));
		test_append(&f->hub->ledger, f->node->txn, 1, 10);
		settle(f);
		for (unsigned member = 3; member <= 4; member++) {
			if (member - 3 == cases[i].ahead)
				hub_node_time(f->node, TEST_TIME_MS, hub_node_mono(f->node));
			hub_node_fill(f->node, &f->base->fed, member, 1, 10);
		}
		hub_node_turn(f->node);
		hub_node_time(f->node, TEST_TIME_MS, hub_node_mono(f->node));
		if (!cases[i].seen) {
			gossip_close(f->hub);
			f->node->machines.gossip = (struct gossip){0};
		}
		settle(f);
		assert_heard(f->node, f->peer, cases[i].anew ? "HEAD RECORDS" : "");
		if (cases[i].anew)
			assert_head_said(f, 2, 1);
		teardown(state);
	}
}

/* A head says how late it comes only when another has come before it over the same link. */
static void test_late(void **state)
{
	static const struct {
		int64_t ago_ms;
		bool known;
		int64_t late_ms;
	} heads[] = {{7200000, false, 0},      {7200000, false, 0}, {7100000, true, 7100000},
		     {7000000, true, 7000000}, {-5, true, 0},       {-4, true, 0}};
	struct fixture *f = *state;
	struct peer *peer = hub_node_member(f->node, &f->base->fed.orgs[2]);

	for (size_t i = 0; i < COUNT(heads); i++) {
		struct head head = {.author = AUTHOR,
				    .incarnation = 1,
				    .counter = i + 1,
				    .time_ms = TEST_TIME_MS - heads[i].ago_ms,
				    .charter_number = 1,
				    .orglog_number = 1};
		struct buf whole;

		head.valid_until_ms = head.time_ms + 24 * 3600000;
		buf_init(&whole, LIMIT_HEAD_LEN_MAX);
		head_make(&whole, &head, &f->base->fed.charter.fed, &f->base->fed.orgs[2].sign);
		say_head(f, peer, buf_bytes(&whole));
		assert_int_equal(peer->late_known, heads[i].known);
		assert_int_equal(peer->late_ms, heads[i].late_ms);
		buf_fini(&whole);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(own_head),
		TEST(inline),
		TEST(log_untold),
		TEST(relay),
		TEST(relay_order),
		cmocka_unit_test(test_relay_partial),
		TEST(pull),
		TEST(late),
		cmocka_unit_test(test_heads),
		TEST(evidence),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_clock),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
