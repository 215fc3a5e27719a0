/*
 * One node asks for what it lacks of an author, another answers; and what neither of them may be
 * led to do.
 */
#include "crypto/hash.h"
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

/* The answering node has lost a record, and does not know it yet. */
static void record_lose(struct fixture *f, uint64_t sequence)
{
	struct row_key key = key_record(AUTHOR, 1, sequence);
	assert_true(txn_del(f->answers.txn, TABLE_RECORD, row_key_bytes(&key)));
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

static hub_node_handler *const takes[] = {[MESSAGE_NOT_HERE] = reconcile_not_here,
					  [MESSAGE_LEAVES_GET] = reconcile_leaves_get,
					  [MESSAGE_LEAVES] = reconcile_leaves_take,
					  [MESSAGE_RECORDS_GET] = reconcile_records_get,
					  [MESSAGE_RECORDS] = gossip_records_take};

/*
 * Carries a question there and its answer back, which is changed at a byte (counted from the end;
 * 0: not). The type of the answer.
 */
static enum message_type ask_altered(struct fixture *f, size_t at)
{
	struct buf message;
	enum message_type type = said_take(&f->asks, &message);
	assert_true(type != 0);
	hub_node_hear(&f->answers, f->from, takes[type], &message);
	type = said_take(&f->answers, &message);
	assert_true(type != 0);
	if (at)
		message.ptr[message.len - at] ^= 1;
	hub_node_hear(&f->asks, f->to, takes[type], &message);
	return type;
}

static enum message_type ask(struct fixture *f)
{
	return ask_altered(f, 0);
}

/* So many questions, until there are none. */
static unsigned ask_all(struct fixture *f)
{
	unsigned questions = 0;
	while (hub_node_effect(&f->asks, EFFECT_SEND, 0) && questions++ < 100)
		ask(f);
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
		assert_true(questions <= 2);
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
	for (uint32_t i = 0; i <= 64; i++)
		test_append(ledger, f->answers.txn, 77 + i, 10);
	record_give(f, COUNT_ALL + 1);
	/* Who has much more than its head says can not show the set of it; a little more may be. */
	begin(f, 0);
	assert_int_equal(ask(f), MESSAGE_NOT_HERE);
	assert_heard(&f->asks, f->to, "");
	hub_node_pass(&f->asks, 1000);
	assert_int_equal(ledger_delete(ledger, f->answers.txn, bytes_obj(&newer)), ERR_OK);
	begin(f, 0);
	ask_all(f);
	assert_false(ledger_record(f->asks.txn, AUTHOR, 1, 3, &whole));
	assert_true(ledger_record(f->asks.txn, AUTHOR, 1, COUNT_ALL + 1, &whole));
	assert_true(f->asks.hub.wanted_epoch > wanted);
	assert_heard(&f->asks, f->to, "");
}

/* While an author is repaired, somebody sends what it has deleted: that is not in its way. */
static void test_deleted_sent_again(void **state)
{
	struct fixture *f = *state;
	struct peer *foe = hub_node_member(&f->asks, &f->fed.orgs[1]);
	struct ledger *ledger = &f->answers.hub.ledger;
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	struct record record;
	struct bytes whole;
	assert_true(ledger_record(f->answers.txn, AUTHOR, 1, 3, &whole));
	message_list_bin(&list, whole);
	assert_int_equal(record_decode(&record, whole), ERR_OK);
	struct record_slot slot = record_slot_copy(record.slot);
	assert_int_equal(ledger_delete(ledger, f->answers.txn, record_slot_bytes(&slot)), ERR_OK);
	assert_int_equal(ledger_head_make(ledger, f->answers.txn, NULL), ERR_OK);
	begin(f, 1);
	assert_int_equal(ask(f), MESSAGE_LEAVES);
	hub_node_hear_list(&f->asks, foe, gossip_records_take, &list);
	assert_int_equal(ask(f), MESSAGE_RECORDS);
	assert_int_equal(completeness(f), LEDGER_COMPLETE);
	assert_false(ledger_record(f->asks.txn, AUTHOR, 1, 3, &whole));
}

/* ---- who is asked about whom ---- */

static void test_due(void **state)
{
	static const struct {
		unsigned records;
		bool up, met, due, behind;
		const char *heard;
	} cases[] = {
		{1, true, true, true, false, "LEAVES_GET"}, {1, true, true, false, false, ""},
		{1, true, false, true, false, ""},          {1, false, true, true, false, ""},
		{63, true, true, true, false, ""}, /* complete */
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		setup(state);
		struct fixture *f = *state;
		begin(f, cases[i].records);
		f->to->sync->reconcile = (struct reconcile){.due = cases[i].due};
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
		hub_signing(hub, behind ? SIGNING_BEHIND : SIGNING_YES);
		f->to->sync->reconcile.due = true;
		reconcile_settle(hub, f->asks.txn);
		assert_int_equal(hub_node_sent(&f->asks, f->to, MESSAGE_LEAVES_GET, 0, &m), behind);
	}
	assert_int_equal(m.author, author_of(1, 0));
}

/* The head of a further author, whose records nobody has. */
static void head_promise(struct hub_node *node, const struct test_federation *fed, uint32_t member)
{
	struct ledger_node other;
	struct bytes head;
	ledger_node_open(&other, fed, member);
	test_append(&other.ledger, other.txn, 0, 10);
	ledger_head_make(&other.ledger, other.txn, NULL);
	ledger_head(other.txn, author_of(member, 0), 1, &head);
	assert_int_equal(ledger_accept_head(&node->hub.ledger, node->txn, head, NULL), ERR_OK);
	ledger_node_close(&other);
}

/*
 * An answer that does not come in ten seconds is given up; the peer is asked again a second later,
 * when there is a reason, then two, and so on.
 */
static void test_timeout(void **state)
{
	struct fixture *f = *state;
	struct message m;
	assert_true(reconcile_wake(&f->asks.hub) == INT64_MAX);
	begin(f, 1);
	for (int64_t wait = 1000; wait < 200000; wait *= 2) {
		assert_true(hub_node_sent(&f->asks, f->to, MESSAGE_LEAVES_GET, 0, &m));
		assert_int_equal(m.author, AUTHOR);
		assert_int_equal(reconcile_wake(&f->asks.hub), hub_node_mono(&f->asks) + 10001);
		hub_node_pass(&f->asks, 10000);
		f->to->sync->reconcile.due = true;
		reconcile_settle(&f->asks.hub, f->asks.txn);
		assert_heard(&f->asks, f->to, "");
		hub_node_pass(&f->asks, 1);
		reconcile_settle(&f->asks.hub, f->asks.txn);
		assert_heard(&f->asks, f->to, "");
		assert_true(reconcile_wake(&f->asks.hub) == INT64_MAX);
		hub_node_pass(&f->asks, (wait < 60000 ? wait : 60000) - 1);
		f->to->sync->reconcile.due = true;
		reconcile_settle(&f->asks.hub, f->asks.txn);
		assert_heard(&f->asks, f->to, "");
		hub_node_pass(&f->asks, 1);
		f->to->sync->reconcile.due = true;
		reconcile_settle(&f->asks.hub, f->asks.txn);
	}
}

/* While one repair goes on, however long, others begin. */
static void test_one_does_not_hold_up_others(void **state)
{
	struct fixture *f = *state;
	struct message m;
	begin(f, 1);
	hub_node_forget(&f->asks);
	head_promise(&f->asks, &f->fed, 4);
	f->to->sync->reconcile.due = true;
	reconcile_settle(&f->asks.hub, f->asks.txn);
	assert_true(hub_node_sent(&f->asks, f->to, MESSAGE_LEAVES_GET, 0, &m));
	assert_int_equal(m.author, author_of(4, 0));
	assert_false(hub_node_sent(&f->asks, f->to, MESSAGE_LEAVES_GET, 1, &m));
	assert_int_equal(f->to->sync->reconcile.repairs[0].author, AUTHOR);
}

/* Of one organisation four are under way; a fifth begins as soon as one of them has ended. */
static void test_one_organisation_has_its_part(void **state)
{
	struct fixture *f = *state;
	struct reconcile *reconcile = &f->to->sync->reconcile;
	struct buf out;
	for (uint8_t node = 1; node <= 4; node++)
		reconcile->repairs[node] = (struct repair){.step = REPAIR_LEAVES,
							   .author = author_of(4, node),
							   .incarnation = 1,
							   .since_ms = hub_node_mono(&f->asks)};
	head_promise(&f->asks, &f->fed, 4);
	begin(f, 1);
	assert_heard(&f->asks, f->to, "LEAVES_GET");
	assert_int_equal(reconcile->repairs[0].author, AUTHOR);
	hub_node_forget(&f->asks);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_not_here(&out, author_of(4, 3), 1);
	hub_node_hear(&f->asks, f->to, reconcile_not_here, &out);
	reconcile_settle(&f->asks.hub, f->asks.txn);
	assert_heard(&f->asks, f->to, "LEAVES_GET");
	assert_int_equal(reconcile->repairs[3].author, author_of(4, 0));
}

/* Carries everything that waits at one node for a peer to another. */
static bool carry(struct hub_node *from, const struct peer *to, struct hub_node *there,
		  struct peer *sender)
{
	struct effects effects = from->effects;
	bool any = false;
	from->effects = (struct effects){0};
	for (size_t i = 0; i < effects.count; i++) {
		struct effect *effect = &effects.items[i];
		struct message m;
		if (effect->type != EFFECT_SEND || effect->link != to->link)
			continue;
		assert_int_equal(message_decode(&m, buf_bytes(&effect->bytes)), ERR_OK);
		if (m.type == MESSAGE_TAKEN)
			continue;
		hub_node_hear(there, sender, takes[m.type], &effect->bytes);
		any = true;
	}
	effects_fini(&effects);
	return any;
}

/*
 * Heads that name sets which nobody has, and a peer that never answers: the author behind them is
 * complete without any time having passed.
 */
static void test_promises_delay_nobody(void **state)
{
	enum { MEMBERS = 40 };
	struct fixture *f = mem_new(1, sizeof(*f));
	struct bytes head;
	unsigned rounds = 0;
	test_federation_init(&f->fed, MEMBERS, 3, 2);
	hub_node_open(&f->asks, &f->fed, &f->fed.orgs[0]);
	hub_node_open(&f->answers, &f->fed, &f->fed.orgs[1]);
	f->to = hub_node_member(&f->asks, &f->fed.orgs[1]);
	struct peer *silent = hub_node_member(&f->asks, &f->fed.orgs[2]);
	f->from = hub_node_member(&f->answers, &f->fed.orgs[0]);
	for (uint32_t member = 4; member < MEMBERS; member++)
		head_promise(&f->asks, &f->fed, member);
	hub_node_fill(&f->answers, &f->fed, MEMBERS, COUNT_ALL, 10);
	const uint32_t honest = author_of(MEMBERS, 0);
	assert_true(ledger_head(f->answers.txn, honest, 1, &head));
	assert_int_equal(ledger_accept_head(&f->asks.hub.ledger, f->asks.txn, head, NULL), ERR_OK);
	ledger_settle(&f->answers.hub.ledger, f->answers.txn);
	f->to->sync->reconcile.due = silent->sync->reconcile.due = true;
	do {
		assert_true(rounds++ < 20);
		reconcile_settle(&f->asks.hub, f->asks.txn);
		carry(&f->asks, f->to, &f->answers, f->from);
	} while (carry(&f->answers, f->from, &f->asks, f->to));
	struct author_state s;
	assert_int_equal(ledger_state(&f->asks.hub.ledger, f->asks.txn, honest, &s), ERR_OK);
	assert_int_equal(ledger_completeness(&s, hub_node_wall(&f->asks)), LEDGER_COMPLETE);
	/* As many questions at a time as there may be, to each. */
	for (size_t i = 0; i < REPAIR_COUNT_MAX; i++)
		assert_int_equal(silent->sync->reconcile.repairs[i].step, REPAIR_LEAVES);
	*state = f;
	teardown(state);
}

/* ---- answers that are not right ---- */

static void say_leaves(struct fixture *f, uint32_t author, uint32_t incarnation, uint8_t set,
		       uint64_t place)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	struct digest digest = f->to->sync->reconcile.repairs[0].set;
	struct buf out;
	digest.b[3] ^= set;
	page->place = place;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_leaves(&out, author, incarnation, &digest, page);
	free(page);
	hub_node_hear(&f->asks, f->to, reconcile_leaves_take, &out);
}

static void say_not_here(struct fixture *f, uint32_t author, uint32_t incarnation)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_not_here(&out, author, incarnation);
	hub_node_hear(&f->asks, f->to, reconcile_not_here, &out);
}

/*
 * What was not asked for changes nothing, and is no reason to end a session: it may be an answer
 * that came late.
 */
static void test_not_asked(void **state)
{
	struct fixture *f = *state;
	say_leaves(f, AUTHOR, 1, 0, 0); /* nothing was asked */
	say_not_here(f, AUTHOR, 1);
	begin(f, 1 | 2);
	say_leaves(f, AUTHOR + 256, 1, 0, 0);
	say_leaves(f, AUTHOR, 2, 0, 0);
	say_leaves(f, AUTHOR, 1, 1, 0);
	say_leaves(f, AUTHOR, 1, 0, 1);
	say_not_here(f, AUTHOR + 256, 1);
	say_not_here(f, AUTHOR, 2);
	assert_heard(&f->asks, f->to, "LEAVES_GET");
	assert_int_equal(ask(f), MESSAGE_LEAVES);
	say_leaves(f, AUTHOR, 1, 0, 0);
	assert_heard(&f->asks, f->to, "RECORDS_GET");
	assert_int_equal(
		test_state(&(struct ledger_node){.ledger = f->asks.hub.ledger, .txn = f->asks.txn},
			   AUTHOR)
			.live_count,
		2);
	ask_all(f); /* and the answers that were asked for are taken still */
	assert_int_equal(completeness(f), LEDGER_COMPLETE);
}

/* Leaves are proved by the head; whoever alters them is at fault, and nothing is deleted. */
static void test_altered(void **state)
{
	struct fixture *f = *state;
	begin(f, 1 | 2 | 4);
	ask_altered(f, 1);
	assert_heard(&f->asks, f->to, "CLOSE:PROTOCOL");
	assert_string_equal(hub_node_note(&f->asks, NOTE_PEER_BAD)->text,
			    "LEAVES not those of the set");
	assert_int_equal(
		test_state(&(struct ledger_node){.ledger = f->asks.hub.ledger, .txn = f->asks.txn},
			   AUTHOR)
			.live_count,
		3);
}

/*
 * When a newer head has come meanwhile nobody is at fault, and nothing is done on the old one's
 * word; the peer is asked again at once when there is a reason.
 */
static void test_head_moved(void **state)
{
	struct fixture *f = *state;
	struct buf question, answer;
	begin(f, 1 | 2);
	said_take(&f->asks, &question);
	hub_node_hear(&f->answers, f->from, reconcile_leaves_get, &question);
	said_take(&f->answers, &answer);
	test_append(&f->answers.hub.ledger, f->answers.txn, 50, 10);
	ledger_head_make(&f->answers.hub.ledger, f->answers.txn, NULL);
	head_give(f);
	hub_node_hear(&f->asks, f->to, reconcile_leaves_take, &answer);
	assert_heard(&f->asks, f->to, "");
	assert_int_equal(f->to->sync->reconcile.repairs[0].step, REPAIR_IDLE);
	begin(f, 0);
	ask_all(f);
	assert_int_equal(completeness(f), LEDGER_COMPLETE);
}

/* Records that do not come: a part is a reason to ask for the rest, nothing at all is not. */
static void test_records_none(void **state)
{
	struct fixture *f = *state;
	begin(f, 0);
	assert_int_equal(ask(f), MESSAGE_LEAVES);
	assert_heard(&f->asks, f->to, "RECORDS_GET");
	for (uint64_t sequence = 1; sequence <= COUNT_ALL; sequence++)
		record_lose(f, sequence);
	assert_int_equal(ask(f), MESSAGE_NOT_HERE);
	assert_heard(&f->asks, f->to, "");
	assert_int_equal(f->to->sync->reconcile.repairs[0].step, REPAIR_IDLE);
}

/* So many bytes that they do not fit in an answer, and one that is not there. */
static void test_records_many(void **state)
{
	struct fixture *f = *state;
	struct ledger *ledger = &f->answers.hub.ledger;
	struct message m;
	unsigned answers = 0;
	for (unsigned i = 0; i < 10; i++)
		test_append(ledger, f->answers.txn, 100 + i, 60000);
	assert_int_equal(ledger_head_make(ledger, f->answers.txn, NULL), ERR_OK);
	begin(f, 0);
	assert_int_equal(ask(f), MESSAGE_LEAVES);
	record_lose(f, 3);
	while (hub_node_sent(&f->asks, f->to, MESSAGE_RECORDS_GET, 0, &m)) {
		hub_node_turn(&f->answers);
		ask(f);
		answers++;
	}
	/* Two records of that size in each; the last question is for what is not there. */
	assert_int_equal(answers, 5 + 1);
	assert_int_equal(f->to->sync->reconcile.repairs[0].step, REPAIR_IDLE);
	assert_int_equal(completeness(f), LEDGER_PARTIAL);
}

/* ---- questions ---- */

/* Only who has exactly the set asked for shows it, and anybody else says that it has not. */
static void test_questions(void **state)
{
	static const struct {
		uint32_t author, incarnation;
		uint8_t set;
		bool answered;
	} cases[] = {
		{3 * 256, 1, 0, true},  {3 * 256, 1, 1, false}, {3 * 256, 2, 0, false},
		{4 * 256, 1, 0, false}, {0, 0, 0, false},
	};
	struct fixture *f = *state;
	struct author_state s;
	ledger_state(&f->answers.hub.ledger, f->answers.txn, AUTHOR, &s);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct digest set = s.set;
		struct buf leaves;
		set.b[31] ^= cases[i].set;
		hub_node_forget(&f->answers);
		buf_init(&leaves, LIMIT_MESSAGE_LEN_MAX);
		message_leaves_get(&leaves, cases[i].author, cases[i].incarnation, &set, 7);
		hub_node_hear(&f->answers, f->from, reconcile_leaves_get, &leaves);
		assert_heard(&f->answers, f->from, cases[i].answered ? "LEAVES" : "NOT_HERE");
	}
}

/*
 * Thousands of tiny records whose slots fall into one place of the tree: all of it can be told, no
 * answer is larger than a page, and nobody is closed.
 */
static void test_ground_slots_are_told(void **state)
{
	enum { GROUND = 9000, ANSWER_MAX = 24 * 1024 };
	struct fixture *f = *state;
	struct ledger *ledger = &f->answers.hub.ledger;
	unsigned count = 0, rounds = 0;
	struct digest digest;
	for (uint32_t n = 0; count < GROUND; n++) {
		uint8_t slot[LIMIT_SLOT_LEN_MAX] = {120};
		be32_put(slot + 1, n);
		hash_once(digest.b, "am1.slot", bytes_obj(&slot));
		if (digest.b[0] != 7)
			continue;
		assert_int_equal(ledger_append(ledger, f->answers.txn, 120, bytes_obj(&slot),
					       bytes_obj(&digest), NULL, LEDGER_QUIET),
				 ERR_OK);
		count++;
	}
	assert_int_equal(ledger_head_make(ledger, f->answers.txn, NULL), ERR_OK);
	begin(f, 0);
	while (carry(&f->asks, f->to, &f->answers, f->from)) {
		const struct effect *effect = hub_node_effect(&f->answers, EFFECT_SEND, 0);
		assert_true(effect && effect->bytes.len <= ANSWER_MAX);
		assert_null(hub_node_effect(&f->answers, EFFECT_CLOSE, 0));
		carry(&f->answers, f->from, &f->asks, f->to);
		hub_node_turn(&f->answers);
		assert_true(rounds++ < 3 * GROUND);
	}
	assert_int_equal(completeness(f), LEDGER_COMPLETE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		TEST(deleted),
		TEST(deleted_sent_again),
		cmocka_unit_test(test_due),
		TEST(own),
		TEST(timeout),
		TEST(not_asked),
		TEST(altered),
		TEST(head_moved),
		TEST(records_none),
		TEST(records_many),
		TEST(questions),
		TEST(ground_slots_are_told),
		cmocka_unit_test(test_promises_delay_nobody),
		TEST(one_does_not_hold_up_others),
		TEST(one_organisation_has_its_part),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
