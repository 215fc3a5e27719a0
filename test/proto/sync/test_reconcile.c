/*
 * One node asks for what it lacks of an author, another answers; and what neither of them may be
 * led to do.
 */
#include "proto/sync/reconcile.h"
#include "test/proto/hub_node.h"

static const uint32_t AUTHOR = 3 * 256; /* of the records: node 0 of member 3 */
enum { COUNT_ALL = 6 };                 /* its records, in slots 0 to 5, with sequences 1 to 6 */

struct fixture {
	struct test_federation fed;
	struct hub_node asks, answers; /* of members 1 and 3 */
	struct peer *to, *from;        /* the answering one as a peer, and the asking one */
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 4, 3, 2);
	hub_node_open(&f->asks, &f->fed, &f->fed.orgs[0]);
	hub_node_open(&f->answers, &f->fed, &f->fed.orgs[2]);
	f->to = hub_node_member(&f->asks, &f->fed.orgs[2]);
	f->from = hub_node_member(&f->answers, &f->fed.orgs[0]);
	hub_node_fill(&f->answers, &f->fed, 3, COUNT_ALL, 10);
	ledger_settle(&f->answers.hub.ledger, f->answers.txn);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	hub_node_close(&f->asks);
	hub_node_close(&f->answers);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static void record_give(struct fixture *f, uint64_t sequence)
{
	struct ledger_news news;
	struct bytes whole;
	assert_true(ledger_record(f->answers.txn, AUTHOR, 1, sequence, &whole));
	assert_int_equal(ledger_accept_record(&f->asks.hub.ledger, f->asks.txn, whole, &news),
			 ERR_OK);
}

static void head_give(struct fixture *f)
{
	struct bytes head;
	assert_true(ledger_head(f->answers.txn, AUTHOR, 1, &head));
	enum err err = ledger_accept_head(&f->asks.hub.ledger, f->asks.txn, head, NULL);
	assert_true(!err || err == ERR_EXISTS);
}

/*
 * The asking node has the author's head, and of its records those whose bit is set, the first
 * record's lowest.
 */
static void begin(struct fixture *f, unsigned records)
{
	for (unsigned i = 0; i < COUNT_ALL; i++)
		if (records & 1u << i)
			record_give(f, i + 1);
	head_give(f);
	f->to->sync->reconcile.due = true;
	hub_node_forget(&f->asks);
	reconcile_settle(&f->asks.hub, f->asks.txn);
}

static enum ledger_completeness completeness(struct fixture *f)
{
	struct author_state state;
	ledger_settle(&f->asks.hub.ledger, f->asks.txn);
	ledger_state(&f->asks.hub.ledger, f->asks.txn, AUTHOR, &state);
	return ledger_completeness(&state, hub_node_wall(&f->asks));
}

/*
 * The last message of this turn that is not a confirmation, taken out of the way; its type, or 0:
 * there is none.
 */
static enum message_type said_take(struct hub_node *node, struct buf *out)
{
	const struct effect *effect;
	enum message_type type = 0;
	struct message m;
	buf_init(out, LIMIT_MESSAGE_LEN_MAX);
	for (size_t i = 0; (effect = hub_node_effect(node, EFFECT_SEND, i)); i++) {
		assert_int_equal(message_decode(&m, buf_bytes(&effect->bytes)), ERR_OK);
		if (m.type == MESSAGE_TAKEN)
			continue;
		type = m.type;
		buf_reset(out);
		buf_add(out, buf_bytes(&effect->bytes));
	}
	hub_node_forget(node);
	return type;
}

/*
 * Carries a question there and its answer back, which is changed at a byte (counted from the end;
 * 0: not). False: no answer.
 */
static bool ask_altered(struct fixture *f, size_t at)
{
	static hub_node_handler *const takes[] = {[MESSAGE_BUCKETS_GET] = reconcile_buckets_get,
						  [MESSAGE_BUCKETS] = reconcile_buckets_take,
						  [MESSAGE_LEAVES_GET] = reconcile_leaves_get,
						  [MESSAGE_LEAVES] = reconcile_leaves_take,
						  [MESSAGE_RECORDS_GET] = reconcile_records_get,
						  [MESSAGE_RECORDS] = gossip_records_take};
	struct buf message;
	enum message_type type = said_take(&f->asks, &message);
	assert_true(type != 0);
	hub_node_hear(&f->answers, f->from, takes[type], &message);
	type = said_take(&f->answers, &message);
	if (type == 0)
		return false;
	if (at)
		message.ptr[message.len - at] ^= 1;
	hub_node_hear(&f->asks, f->to, takes[type], &message);
	return true;
}

static bool ask(struct fixture *f)
{
	return ask_altered(f, 0);
}

/* So many questions, until there are none. */
static unsigned ask_all(struct fixture *f)
{
	unsigned questions = 0;
	while (hub_node_effect(&f->asks, EFFECT_SEND, 0) && questions++ < 100)
		assert_true(ask(f));
	return questions;
}

/* ---- the whole of it ---- */

/*
 * Whatever is missing comes, whatever is not in the set any more goes, and what is newer than the
 * head stays.
 */
static void test_whole(void **state)
{
	for (unsigned records = 0; records < 1u << COUNT_ALL; records += 7) {
		setup(state);
		struct fixture *f = *state;
		begin(f, records);
		unsigned questions = ask_all(f);
		assert_int_equal(completeness(f), LEDGER_COMPLETE);
		assert_true(questions <= 2 * COUNT_ALL + 1);
		assert_int_equal(questions > 0, records != (1u << COUNT_ALL) - 1);
		teardown(state);
	}
}

static void test_deleted(void **state)
{
	struct fixture *f = *state;
	const uint8_t slot[5] = {120, 0, 0, 0, 2}, newer[5] = {120, 0, 0, 0, 77};
	struct bytes whole;
	uint64_t wanted = f->asks.hub.wanted_epoch;
	for (unsigned i = 0; i < COUNT_ALL; i++)
		record_give(f, i + 1);
	struct ledger *ledger = &f->answers.hub.ledger;
	assert_int_equal(ledger_delete(ledger, f->answers.txn, bytes_obj(&slot)), ERR_OK);
	assert_int_equal(ledger_head_make(ledger, f->answers.txn, NULL), ERR_OK);
	head_give(f);
	test_append(ledger, f->answers.txn, 77, 10);
	record_give(f, COUNT_ALL + 1);
	/* Who has more than its head says can not show the set of it. */
	begin(f, 0);
	assert_false(ask(f));
	hub_node_pass(&f->asks, 10001);
	reconcile_settle(&f->asks.hub, f->asks.txn);
	assert_int_equal(ledger_delete(ledger, f->answers.txn, bytes_obj(&newer)), ERR_OK);
	begin(f, 0);
	ask_all(f);
	assert_false(ledger_record(f->asks.txn, AUTHOR, 1, 3, &whole));
	assert_true(ledger_record(f->asks.txn, AUTHOR, 1, COUNT_ALL + 1, &whole));
	assert_true(f->asks.hub.wanted_epoch > wanted);
	assert_heard(&f->asks, f->to, "");
}

/* ---- who is asked about whom ---- */

static void test_due(void **state)
{
	static const struct {
		unsigned records;
		bool up, met, due, behind;
		const char *heard;
	} cases[] = {
		{1, true, true, true, false, "BUCKETS_GET"}, {1, true, true, false, false, ""},
		{1, true, false, true, false, ""},           {1, false, true, true, false, ""},
		{63, true, true, true, false, ""}, /* complete */
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		setup(state);
		struct fixture *f = *state;
		begin(f, cases[i].records);
		f->to->sync->reconcile.step = RECONCILE_IDLE;
		f->to->sync->reconcile.due = cases[i].due;
		f->to->up = cases[i].up;
		f->to->met = cases[i].met;
		hub_node_forget(&f->asks);
		reconcile_settle(&f->asks.hub, f->asks.txn);
		assert_heard(&f->asks, f->to, cases[i].heard);
		teardown(state);
	}
}

/* Of the own author nobody knows more, unless this store is an old copy. */
static void test_own(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->asks.hub;
	struct message m;
	hub_node_fill(&f->asks, &f->fed, 1, 3, 10);
	test_append(&hub->ledger, f->asks.txn, 50, 10);
	for (int behind = 0; behind < 2; behind++) {
		hub->behind_since_ms = behind ? hub_node_mono(&f->asks) : 0;
		f->to->sync->reconcile.due = true;
		reconcile_settle(hub, f->asks.txn);
		assert_int_equal(hub_node_sent(&f->asks, f->to, MESSAGE_BUCKETS_GET, 0, &m),
				 behind);
	}
	assert_int_equal(m.author, author_of(1, 0));
}

/* An answer that does not come in ten seconds is given up, and the next author's turn has come. */
static void test_timeout(void **state)
{
	struct fixture *f = *state;
	struct message m;
	struct ledger_node fourth;
	struct bytes head;
	ledger_node_open(&fourth, &f->fed, 4);
	test_append(&fourth.ledger, fourth.txn, 0, 10);
	ledger_head_make(&fourth.ledger, fourth.txn, NULL);
	ledger_head(fourth.txn, author_of(4, 0), 1, &head);
	assert_int_equal(ledger_accept_head(&f->asks.hub.ledger, f->asks.txn, head, NULL), ERR_OK);
	assert_true(reconcile_wake(&f->asks.hub) == INT64_MAX);
	begin(f, 1);
	assert_true(hub_node_sent(&f->asks, f->to, MESSAGE_BUCKETS_GET, 0, &m));
	assert_int_equal(m.author, AUTHOR);
	assert_int_equal(reconcile_wake(&f->asks.hub), hub_node_mono(&f->asks) + 10001);
	hub_node_pass(&f->asks, 10000);
	reconcile_settle(&f->asks.hub, f->asks.txn);
	assert_heard(&f->asks, f->to, "");
	hub_node_pass(&f->asks, 1);
	reconcile_settle(&f->asks.hub, f->asks.txn);
	assert_true(hub_node_sent(&f->asks, f->to, MESSAGE_BUCKETS_GET, 0, &m));
	assert_int_equal(m.author, author_of(4, 0));
	hub_node_pass(&f->asks, 10001);
	reconcile_settle(&f->asks.hub, f->asks.txn);
	assert_heard(&f->asks, f->to, "");
	assert_true(reconcile_wake(&f->asks.hub) == INT64_MAX);
	ledger_node_close(&fourth);
}

/* ---- answers that are not right ---- */

static void say_buckets(struct fixture *f, uint32_t author, uint32_t incarnation, uint64_t counter)
{
	static const uint8_t buckets[SETDIGEST_BUCKETS_LEN];
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_buckets(&out, author, incarnation, counter, buckets);
	hub_node_hear(&f->asks, f->to, reconcile_buckets_take, &out);
}

static void say_leaves(struct fixture *f, uint32_t author, uint64_t counter, uint8_t bucket)
{
	const struct setdigest_leaves none = {0};
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_leaves(&out, author, 1, counter, bucket, &none);
	hub_node_hear(&f->asks, f->to, reconcile_leaves_take, &out);
}

/*
 * What was not asked for changes nothing, and is no reason to end a session: it may be an answer
 * that came late.
 */
static void test_not_asked(void **state)
{
	struct fixture *f = *state;
	say_buckets(f, AUTHOR, 1, 1); /* nothing was asked */
	say_leaves(f, AUTHOR, 1, 0);
	begin(f, 1 | 2);
	uint64_t counter = f->to->sync->reconcile.counter;
	say_buckets(f, AUTHOR + 256, 1, counter);
	say_buckets(f, AUTHOR, 2, counter);
	say_buckets(f, AUTHOR, 1, counter + 1);
	say_leaves(f, AUTHOR, counter, 0); /* another question */
	assert_heard(&f->asks, f->to, "BUCKETS_GET");
	assert_true(ask(f));
	unsigned bucket = f->to->sync->reconcile.bucket;
	say_buckets(f, AUTHOR, 1, counter);
	say_leaves(f, AUTHOR + 256, counter, (uint8_t)bucket);
	say_leaves(f, AUTHOR, counter + 1, (uint8_t)bucket);
	say_leaves(f, AUTHOR, counter, (uint8_t)(bucket ^ 1));
	assert_heard(&f->asks, f->to, "LEAVES_GET");
	assert_int_equal(
		test_state(&(struct ledger_node){.ledger = f->asks.hub.ledger, .txn = f->asks.txn},
			   AUTHOR)
			.live_count,
		2);
	ask_all(f); /* and the answers that were asked for are taken still */
	assert_int_equal(completeness(f), LEDGER_COMPLETE);
}

/*
 * Buckets and leaves are proved by the head; whoever alters them is at fault, and nothing is
 * deleted on its word.
 */
static void test_altered(void **state)
{
	for (unsigned right = 0; right < 2; right++) {
		setup(state);
		struct fixture *f = *state;
		begin(f, 1 | 2 | 4);
		if (right)
			assert_true(ask(f));
		assert_true(ask_altered(f, 1));
		assert_heard(&f->asks, f->to, "CLOSE:PROTOCOL");
		assert_string_equal(hub_node_note(&f->asks, NOTE_PEER_BAD)->text,
				    right ? "LEAVES not those of the bucket"
					  : "BUCKETS not those of the head");
		teardown(state);
	}
}

/*
 * When a newer head has come meanwhile nobody is at fault, and nothing is done on the old one's
 * word.
 */
static void test_head_moved(void **state)
{
	for (unsigned right = 0; right < 2; right++) {
		setup(state);
		struct fixture *f = *state;
		struct buf question, answer;
		begin(f, 1 | 2);
		if (right)
			assert_true(ask(f));
		said_take(&f->asks, &question);
		hub_node_hear(&f->answers, f->from,
			      right ? reconcile_leaves_get : reconcile_buckets_get, &question);
		said_take(&f->answers, &answer);
		ledger_head_make(&f->answers.hub.ledger, f->answers.txn, NULL);
		head_give(f);
		hub_node_hear(&f->asks, f->to,
			      right ? reconcile_leaves_take : reconcile_buckets_take, &answer);
		assert_heard(&f->asks, f->to, "");
		assert_int_equal(f->to->sync->reconcile.step, RECONCILE_IDLE);
		teardown(state);
	}
}

/* Records that do not come: a part is a reason to ask for the rest, nothing at all is not. */
static void test_records_part(void **state)
{
	struct fixture *f = *state;
	struct message m;
	begin(f, 0);
	assert_true(ask(f));
	assert_true(ask(f));
	assert_true(hub_node_sent(&f->asks, f->to, MESSAGE_RECORDS_GET, 0, &m));
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	hub_node_turn(&f->asks);
	hub_node_hear_list(&f->asks, f->to, gossip_records_take, &list);
	assert_heard(&f->asks, f->to, "LEAVES_GET"); /* of the next bucket */
	list = message_list_begin(MESSAGE_RECORDS);  /* and this was not asked for */
	hub_node_turn(&f->asks);
	hub_node_hear_list(&f->asks, f->to, gossip_records_take, &list);
	assert_heard(&f->asks, f->to, "");
}

/* So many sequences of one bucket that they do not fit in an answer. */
static void test_records_many(void **state)
{
	struct fixture *f = *state;
	struct ledger *ledger = &f->answers.hub.ledger;
	struct buf missing, question;
	struct message m;
	unsigned answers = 0;
	buf_init(&missing, 8 * 30);
	for (unsigned i = 0; i < 10; i++) {
		test_append(ledger, f->answers.txn, 100 + i, 60000);
		buf_add_be64(&missing, COUNT_ALL + 1 + i);
	}
	buf_add_be64(&missing, 999); /* which is not there */
	begin(f, 63);
	struct reconcile *reconcile = &f->to->sync->reconcile;
	*reconcile = (struct reconcile){.step = RECONCILE_RECORDS,
					.author = AUTHOR,
					.incarnation = 1,
					.bucket = 255,
					.missing = missing};
	buf_init(&question, LIMIT_MESSAGE_LEN_MAX);
	message_records_get(&question, AUTHOR, 1, buf_bytes(&missing));
	hub_send(&f->asks.hub, f->to, &question);
	while (hub_node_sent(&f->asks, f->to, MESSAGE_RECORDS_GET, 0, &m)) {
		hub_node_turn(&f->answers);
		assert_true(ask(f));
		answers++;
	}
	/* Of 5 and 5 records, and of none: there is no more to be had. */
	assert_int_equal(answers, 3);
	assert_int_equal(reconcile->step, RECONCILE_IDLE);
}

/* ---- questions ---- */

/* Only who has exactly the set of a head shows it. */
static void test_questions(void **state)
{
	static const struct {
		uint32_t author, incarnation;
		uint64_t counter;
		bool answered;
	} cases[] = {
		{3 * 256, 1, 1, true},  {3 * 256, 1, 2, false}, {3 * 256, 1, 0, false},
		{3 * 256, 2, 1, false}, {4 * 256, 1, 1, false}, {0, 0, 0, false},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf buckets, leaves;
		hub_node_forget(&f->answers);
		buf_init(&buckets, LIMIT_MESSAGE_LEN_MAX);
		buf_init(&leaves, LIMIT_MESSAGE_LEN_MAX);
		message_buckets_get(&buckets, cases[i].author, cases[i].incarnation,
				    cases[i].counter);
		message_leaves_get(&leaves, cases[i].author, cases[i].incarnation, cases[i].counter,
				   7);
		hub_node_hear(&f->answers, f->from, reconcile_buckets_get, &buckets);
		hub_node_hear(&f->answers, f->from, reconcile_leaves_get, &leaves);
		assert_heard(&f->answers, f->from, cases[i].answered ? "BUCKETS LEAVES" : "");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		TEST(deleted),
		cmocka_unit_test(test_due),
		TEST(own),
		TEST(timeout),
		TEST(not_asked),
		cmocka_unit_test(test_altered),
		cmocka_unit_test(test_head_moved),
		TEST(records_part),
		TEST(records_many),
		TEST(questions),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
