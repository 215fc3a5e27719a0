/*
 * A comparison, message by message: what a peer hears for what it says, and what ends the session.
 */
#include "proto/sync/sketch.h"
#include "proto/wire/protocol.h"
#include "test/proto/hub_node.h"

static const struct digest other_content = {{0xee}};

/* ---- what the peer says ---- */

static void say_hello(struct hub_fixture *f, uint32_t number, const struct digest *content)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_hello(&out, "peer 2", number, content, NULL);
	hub_node_hear(&f->node, f->peer, sync_hello_take, &out);
}

static void say_end(struct hub_fixture *f)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_sync_end(&out);
	hub_node_hear(&f->node, f->peer, sync_end_take, &out);
}

static void say_taken(struct hub_fixture *f, uint64_t bytes)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_taken(&out, bytes);
	hub_node_hear(&f->node, f->peer, sync_taken_take, &out);
}

struct said { /* a state; author 0 ends the list */
	uint32_t author, incarnation;
	uint64_t sequence, counter;
	uint32_t set;
};

static void say_states(struct hub_fixture *f, const struct said *states)
{
	struct message_list list = message_list_begin(MESSAGE_STATES);
	for (; states->author; states++) {
		const struct message_state state = {states->author, states->incarnation,
						    states->sequence, states->counter, states->set};
		message_list_state(&list, &state);
	}
	hub_node_hear_list(&f->node, f->peer, sync_states_take, &list);
}

static void say_sketch(struct hub_fixture *f, struct bytes cells)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_sketch(&out, cells);
	hub_node_hear(&f->node, f->peer, sync_sketch_take, &out);
}

static void say_some(struct hub_fixture *f)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_sketch_none(&out);
	hub_node_hear(&f->node, f->peer, sync_sketch_take, &out);
}

static void say_all(struct hub_fixture *f)
{
	say_sketch(f, bytes_of(NULL, 0));
}

/* What this node's HELLO shows, when the peer has said one. */
static struct digest content_shown(struct hub_fixture *f)
{
	struct message m;
	say_hello(f, 0, &other_content);
	assert_true(hub_node_sent(&f->node, f->peer, MESSAGE_HELLO, 0, &m));
	hub_node_forget(&f->node);
	return m.digest;
}

static const uint32_t A = 256, B = 512, C = 768; /* authors: node 0 of members 1, 2, 3 */

/* 3 records of each of the first three members are here. */
static void fill(struct hub_fixture *f)
{
	for (uint32_t member = 1; member <= 3; member++)
		hub_node_fill(&f->node, &f->fed, member, 3, 10);
	hub_node_turn(&f->node);
}

/* A comparison that the peer has begun is under way, and it has this node's sketch. */
static void compare(struct hub_fixture *f)
{
	f->peer->sync->charter_compared = 1; /* the charter was looked at before */
	say_hello(f, 1, &other_content);
	assert_heard(&f->node, f->peer, "HELLO SKETCH");
}

/* The same, but this node has begun, and waits for the peer's. */
static void compare_asked(struct hub_fixture *f)
{
	f->peer->sync->charter_compared = 1;
	f->peer->sync->next_hello_ms = INT64_MAX;
	sync_hello(&f->node.hub, f->node.txn, f->peer);
	say_hello(f, 1, &other_content);
	assert_heard(&f->node, f->peer, "HELLO");
}

/* ---- HELLO ---- */

static void test_up(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct message m;
	sync_up(&node->hub, node->txn, f->peer);
	assert_heard(node, f->peer, ""); /* the dialler speaks first */
	assert_in_range(f->peer->sync->next_hello_ms - hub_node_mono(node), 0, 90 * 1000);
	f->peer->dial = 1;
	sync_up(&node->hub, node->txn, f->peer);
	assert_heard(node, f->peer, "HELLO");
	assert_true(hub_node_sent(node, f->peer, MESSAGE_HELLO, 0, &m));
	assert_int_equal(m.version, PROTOCOL_VERSION);
	assert_int_equal(m.number, 1);
	assert_true(m.has_body);
	assert_memory_equal(m.text.ptr, "test 1", 6);
	sync_hello(&node->hub, node->txn, f->peer); /* the answer is still to come */
	assert_heard(node, f->peer, "HELLO");
}

static void test_hello(void **state)
{
	enum { GUEST = 1, ASKED = 2, UNMET = 4, SEEN = 8, JOINING = 16, NO_LOG = 32 };
	static const struct {
		int is;
		uint32_t number; /* the peer's of the charter; the own one is 1 */
		bool same;       /* contents */
		const char *heard;
		bool met, synced;
	} cases[] = {
		{SEEN, 1, true, "HELLO", true, true},
		{SEEN, 1, false, "HELLO SKETCH", true, false},
		{SEEN | UNMET, 1, true, "HELLO OWN_HEAD_GET", true, true},
		{SEEN | UNMET, 1, false, "HELLO OWN_HEAD_GET SKETCH", true, false},
		{SEEN | ASKED, 1, true, "", true, true}, /* it is the answer */
		{SEEN | ASKED, 1, false, "", true, false},
		{0, 1, true, "HELLO CHARTER_GET", true, true}, /* once for each number */
		{0, 1, false, "HELLO CHARTER_GET SKETCH", true, false},
		{SEEN, 2, false, "HELLO CHARTER_GET", true, false}, /* it has more */
		{SEEN | UNMET, 0, true, "HELLO", false, false},     /* it has less */
		{SEEN | UNMET | JOINING, 1, false, "HELLO", false, false},
		{SEEN | UNMET | NO_LOG, 1, false, "HELLO ORGLOG_GET", false, false},
		{GUEST | UNMET, 1, true, "HELLO CHARTER_GET", false, false},
		{GUEST | UNMET | SEEN, 1, true, "HELLO CLOSE:NOT_MEMBER", false, false},
		{GUEST | UNMET, 0, true, "HELLO", false, false},
	};
	struct test_org stranger;
	struct charter_change admit;
	test_org_init(&stranger, 5);
	for (size_t i = 0; i < COUNT(cases); i++) {
		hub_fixture_setup(state);
		struct hub_fixture *f = *state;
		struct hub_node *node = &f->node;
		uint32_t number = cases[i].number;
		if (cases[i].is & GUEST)
			f->peer = hub_node_guest(node, &stranger);
		if (cases[i].is & NO_LOG) {
			test_admit(&admit, &stranger, 5);
			hub_node_charter(node, &f->fed, &admit, 1);
			number++;
		}
		struct digest content = content_shown(f);
		if (cases[i].is & SEEN)
			f->peer->sync->charter_compared = number;
		if (cases[i].is & JOINING) {
			node->hub.place = PLACE_JOINING;
			node->hub.author = 0;
		}
		if (cases[i].is & ASKED)
			sync_hello(&node->hub, node->txn, f->peer);
		hub_node_turn(node);
		f->peer->met = !(cases[i].is & UNMET);
		f->peer->synced = false;
		say_hello(f, number, cases[i].same ? &content : &other_content);
		assert_heard(node, f->peer, cases[i].heard);
		assert_int_equal(f->peer->met, cases[i].met);
		assert_int_equal(f->peer->synced, cases[i].synced);
		assert_int_equal(hub_node_note(node, NOTE_SYNCED) != NULL, cases[i].synced);
		assert_string_equal(f->peer->software, "peer 2");
		hub_fixture_teardown(state);
	}
	test_org_fini(&stranger);
}

/*
 * Whose logs are not all here shows the number before: it can not check what the newest may have
 * signed.
 */
static void test_hello_number(void **state)
{
	struct hub_fixture *f = *state;
	struct test_org next;
	struct charter_change change;
	struct message m;
	test_org_init(&next, 5);
	test_admit(&change, &next, 5);
	hub_node_charter(&f->node, &f->fed, &change, 1);
	for (uint32_t shown = 1; shown <= 2; shown++) {
		hub_node_forget(&f->node);
		say_hello(f, 0, &other_content);
		assert_true(hub_node_sent(&f->node, f->peer, MESSAGE_HELLO, 0, &m));
		assert_int_equal(m.number, shown);
		orglog_accept(f->node.txn, &next.id, buf_bytes(&next.entry), NULL);
	}
	test_org_fini(&next);
}

static void test_hello_version(void **state)
{
	struct hub_fixture *f = *state;
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_hello(&out, "peer 2", 1, &other_content, NULL);
	out.ptr[2] = 1;
	hub_node_hear(&f->node, f->peer, sync_hello_take, &out);
	assert_heard(&f->node, f->peer, "CLOSE:VERSION");
}

/* 65 HELLOs may come in a bunch, and then one each quarter of a second. */
static void test_pace(void **state)
{
	struct hub_fixture *f = *state;
	for (unsigned i = 0; i < 65; i++)
		say_hello(f, 0, &other_content);
	hub_node_pass(&f->node, 250);
	say_hello(f, 0, &other_content);
	assert_heard(&f->node, f->peer, "HELLO");
	hub_node_pass(&f->node, 249);
	say_hello(f, 0, &other_content);
	assert_heard(&f->node, f->peer, "CLOSE:BUSY");
	assert_string_equal(hub_node_note(&f->node, NOTE_PEER_BAD)->text, "HELLO again and again");
}

/*
 * Own reasons for a HELLO are paced, too: after 17 the next waits for its time, and none is lost.
 */
static void test_pace_own(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct peer *down = hub_node_member(node, &f->fed.orgs[2]);
	down->up = false;
	for (unsigned i = 0; i < 20; i++) {
		hub_node_forget(node);
		node->hub.hello_due = true;
		sync_hello_all(&node->hub, node->txn);
		assert_false(node->hub.hello_due);
		assert_heard(node, f->peer, i < 17 ? "HELLO" : "");
		assert_heard(node, down, "");
		if (i < 17)
			say_hello(f, 0, &other_content);
	}
	node->machines.sync.entropy_next_ms = INT64_MAX / 2;
	assert_int_equal(sync_wake(&node->hub), hub_node_mono(node) + 250);
	hub_node_pass(node, 250);
	node->machines.sync.entropy_next_ms = hub_node_mono(node) + 1000;
	sync_tick(&node->hub, node->txn);
	assert_heard(node, f->peer, "HELLO");
}

/* ---- SKETCH and STATES ---- */

/* Authors in the STATES that a peer hears, with blanks before; "end" for the one without. */
static const char *states_heard(struct hub_fixture *f, char out[200])
{
	struct message m;
	struct message_state said;
	out[0] = 0;
	for (size_t i = 0; hub_node_sent(&f->node, f->peer, MESSAGE_STATES, i, &m); i++) {
		if (m.count == 0)
			strcat(out, " end");
		while (message_next_state(&m, &said))
			snprintf(out + strlen(out), 16, " %u", said.author);
	}
	return out;
}

/* Of two HELLOs that cross the one of the dialler has begun. */
static void test_crossing(void **state)
{
	struct hub_fixture *f = *state;
	static const uint8_t marks[ROLL_MARK_COUNT];
	struct buf out;
	fill(f);
	f->peer->sync->charter_compared = 1;
	for (int dialled = 0; dialled < 2; dialled++) {
		f->peer->dial = (uint64_t)dialled;
		sync_hello(&f->node.hub, f->node.txn, f->peer);
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_hello(&out, "peer 2", 1, &other_content, marks);
		hub_node_hear(&f->node, f->peer, sync_hello_take, &out);
		assert_heard(&f->node, f->peer, dialled ? "HELLO" : "HELLO SKETCH");
		f->peer->sync->phase = SYNC_IDLE;
		hub_node_forget(&f->node);
	}
}

/* What a node says of the sketch of another with more or fewer authors. */
static void test_sketch(void **state)
{
	static const struct {
		uint32_t members[3]; /* of whom the other knows something */
		unsigned count;      /* records of each */
		const char *states;
	} cases[] = {
		{{1, 2, 3}, 3, " end"},          {{1, 2}, 3, " 768 end"},
		{{2}, 3, " 256 768 end"},        {{1, 2, 3}, 2, " 256 512 768 end"},
		{{2, 3}, 3, " 256 end"},         {{0}, 0, " 256 512 768 end"},
		{{4, 1, 2}, 3, " 768 1024 end"},
	};
	char text[200];
	for (size_t i = 0; i < COUNT(cases); i++) {
		hub_fixture_setup(state);
		struct hub_fixture *f = *state;
		struct hub_node other;
		struct message m;
		struct buf cells;
		fill(f);
		hub_node_open(&other, &f->fed, &f->fed.orgs[3]);
		for (unsigned k = 0; k < 3 && cases[i].members[k]; k++)
			hub_node_fill(&other, &f->fed, cases[i].members[k], cases[i].count, 10);
		buf_init(&cells, MESSAGE_SKETCH_LEN_MAX);
		sketch_make(&cells, ledger_roll(&other.hub.ledger, other.txn), f->peer->session_key,
			    8);
		compare_asked(f);
		say_sketch(f, buf_bytes(&cells));
		assert_string_equal(states_heard(f, text), cases[i].states);
		assert_true(hub_node_sent(&f->node, f->peer, MESSAGE_SKETCH, 0, &m));
		assert_false(m.has_body);
		buf_fini(&cells);
		hub_node_close(&other);
		hub_fixture_teardown(state);
	}
}

/* What does not come out, and no sketch, are answered by all states. */
static void test_sketch_not(void **state)
{
	static const uint8_t false_cells[2 * MESSAGE_SKETCH_STEP] = {1, 2, 3, 4, 5, 6, 7, 8};
	static const uint8_t no_sum[MESSAGE_SKETCH_STEP] = {255, 255, 255, 255};
	const struct bytes said[] = {bytes_of(NULL, 0), bytes_obj(&false_cells),
				     bytes_obj(&no_sum)};
	char text[200];
	for (size_t i = 0; i < COUNT(said); i++) {
		hub_fixture_setup(state);
		struct hub_fixture *f = *state;
		fill(f);
		compare_asked(f);
		say_sketch(f, said[i]);
		assert_heard(&f->node, f->peer, "HELLO SKETCH STATES STATES");
		assert_string_equal(states_heard(f, text), " 256 512 768 end");
		hub_fixture_teardown(state);
	}
}

/* The largest one costs its sender what it costs us, though it needs no look-up. */
static void test_sketch_is_charged(void **state)
{
	struct hub_fixture *f = *state;
	uint8_t *cells = mem_new(1, MESSAGE_SKETCH_LEN_MAX);
	fill(f);
	compare_asked(f);
	const int64_t units = meter_take(&f->node.hub.meter, f->node.txn);
	memset(cells, 1, MESSAGE_SKETCH_LEN_MAX);
	say_sketch(f, bytes_of(cells, MESSAGE_SKETCH_LEN_MAX));
	assert_true(meter_take(&f->node.hub.meter, f->node.txn) >
		    units + MESSAGE_SKETCH_LEN_MAX / SKETCH_CELL_LEN);
	free(cells);
}

/* Who signs two sets, so that they look alike here, has other luck in the next session. */
static void test_set_is_short_by_session(void **state)
{
	const struct author_state at = {.author = 256, .incarnation = 1, .set = {{7}}};
	const struct author_state none = {.author = 256};
	struct peer one = {.session_key = {1}}, two = {.session_key = {2}};
	struct message_state of_one, of_two;
	flow_state(&one, &of_one, &at);
	flow_state(&two, &of_two, &at);
	assert_int_not_equal(of_one.set, of_two.set);
	flow_state(&one, &of_one, &none);
	assert_int_equal(of_one.set, 0);
}

/* SKETCH of a comparison that is over does no harm; in one that is under way it comes once. */
static void test_sketch_again(void **state)
{
	struct hub_fixture *f = *state;
	fill(f);
	say_all(f);
	assert_heard(&f->node, f->peer, "");
	compare(f);
	say_all(f);
	assert_heard(&f->node, f->peer, "HELLO SKETCH");
	say_all(f);
	assert_heard(&f->node, f->peer, "HELLO SKETCH CLOSE:PROTOCOL");
	assert_string_equal(hub_node_note(&f->node, NOTE_PEER_BAD)->text, "SKETCH again");
}

/*
 * Heads and records that a peer hears, in order: "A:" a head of author A, then the sequences, those
 * of one message sorted: a list is told in the order of its leaves.
 */
static const char *stream_heard(struct hub_fixture *f, char out[500])
{
	out[0] = 0;
	for (size_t i = 0; i < f->node.effects.count; i++) {
		const struct effect *effect = &f->node.effects.items[i];
		struct message m;
		struct head head;
		struct record record;
		struct bytes whole;
		if (effect->type != EFFECT_SEND || effect->link != f->peer->link)
			continue;
		assert_int_equal(message_decode(&m, buf_bytes(&effect->bytes)), ERR_OK);
		if (m.type == MESSAGE_HEAD && !head_decode(&head, m.body))
			snprintf(out + strlen(out), 16, "%c:", 'A' + (int)head.author / 256 - 1);
		uint64_t here = 0;
		while (m.type == MESSAGE_RECORDS && message_next_bin(&m, &whole)) {
			assert_int_equal(record_decode(&record, whole), ERR_OK);
			here |= UINT64_C(1) << record.sequence;
		}
		for (unsigned n = 1; n < 64; n++)
			if (here >> n & 1)
				snprintf(out + strlen(out), 16, "%u", n);
		if (m.type == MESSAGE_TOTALS)
			snprintf(out + strlen(out), 32, "%u/%u ", (unsigned)m.heads,
				 (unsigned)m.records);
		if (m.type == MESSAGE_SYNC_END)
			strcat(out, ".");
	}
	return out;
}

/*
 * The peer names authors: it gets what it lacks, and is told of what this node lacks. When it names
 * all, it has got nothing of the others.
 */
static void test_states(void **state)
{
	static const struct {
		bool all;
		struct said first[4], second[4]; /* messages; then the empty one */
		const char *answer, *heard;
	} cases[] = {
		{true, {{0}}, {{0}}, " end", "3/9 A:123B:123C:123."},
		{false, {{0}}, {{0}}, " end", "0/0 ."},
		{false, {{A, 1, 3, 1, 9}}, {{0}}, " 256 end", "1/3 A:."}, /* the head says why */
		{false, {{A, 1, 2, 0}, {C, 0, 0, 0}}, {{0}}, " end", "2/6 A:3C:123."},
		{false, {{A, 1, 4, 1}}, {{0}}, " 256 end", "1/3 A:."},
		{false, {{A, 1, 2, 2}}, {{0}}, " 256 end", "1/3 A:3."},
		{true, {{B, 1, 1, 0}}, {{C, 1, 2, 0}}, " 512 end", "3/9 A:123B:23C:3."},
		{false, {{A, 2, 1, 1}}, {{0}}, " 256 end", "0/0 ."},  /* it is ahead */
		{false, {{A, 0, 9, 9}}, {{0}}, " end", "1/3 A:123."}, /* behind */
		{false, {{100, 1, 1, 1}, {999, 1, 1, 1}}, {{0}}, " 100 999 end", "0/0 ."},
		{false, {{B, 1, 1, 1}, {A, 1, 2, 1}}, {{0}}, "", NULL},
		{false, {{B, 1, 1, 1}}, {{B, 1, 1, 1}}, "", NULL},
		{false, {{B, 1, 1, 1}}, {{A, 1, 1, 1}}, "", NULL},
	};
	struct hub_fixture *f = *state;
	char text[500];
	fill(f);
	for (size_t i = 0; i < COUNT(cases); i++) {
		hub_node_turn(&f->node);
		f->peer = hub_node_member(&f->node, &f->fed.orgs[1]);
		compare(f);
		hub_node_forget(&f->node);
		if (cases[i].all)
			say_all(f);
		else
			say_some(f);
		if (cases[i].first[0].author)
			say_states(f, cases[i].first);
		if (cases[i].second[0].author)
			say_states(f, cases[i].second);
		if (!cases[i].heard) {
			assert_string_equal(
				hub_node_heard(&f->node, f->peer->link) +
					strlen(hub_node_heard(&f->node, f->peer->link)) - 14,
				"CLOSE:PROTOCOL");
			assert_string_equal(hub_node_note(&f->node, NOTE_PEER_BAD)->text,
					    "STATES in disorder");
			continue;
		}
		say_states(f, &(struct said){0});
		assert_string_equal(states_heard(f, text), cases[i].answer);
		assert_string_equal(stream_heard(f, text), cases[i].heard);
		assert_null(hub_node_note(&f->node, NOTE_SYNCED));
		say_end(f);
		assert_int_equal(hub_node_note(&f->node, NOTE_SYNCED)->link, f->peer->link);
		assert_true(f->peer->compared_news && f->node.hub.peer_news);
	}
}

/* A peer that was asked answers with its states, and nothing is told of them again. */
static void test_states_answered(void **state)
{
	struct hub_fixture *f = *state;
	char text[500];
	fill(f);
	compare_asked(f);
	say_all(f);
	hub_node_forget(&f->node);
	say_states(f, (struct said[]){{A, 1, 1, 0}, {C, 0, 0, 0}, {0}});
	say_states(f, &(struct said){0});
	assert_string_equal(states_heard(f, text), "");
	assert_string_equal(stream_heard(f, text), "2/6 A:23C:123.");
}

/* Who names others alone has exactly what was sketched of the own author. */
static void test_own_same(void **state)
{
	struct hub_fixture *f = *state;
	fill(f);
	for (int named = 0; named < 2; named++) {
		f->peer = hub_node_member(&f->node, &f->fed.orgs[1]);
		compare(f);
		say_some(f);
		if (named)
			say_states(f, (struct said[]){{A, 1, 2, 0}, {0}});
		say_states(f, &(struct said){0});
		assert_int_equal(f->peer->own_same.sequence, named ? 0 : 3);
		assert_int_equal(f->peer->own_heard.sequence, named ? 2 : 3);
		hub_node_turn(&f->node);
	}
}

/* Whoever ends first: the comparison is over when both have. */
static void test_end_first(void **state)
{
	struct hub_fixture *f = *state;
	fill(f);
	say_end(f);
	assert_null(hub_node_note(&f->node, NOTE_SYNCED)); /* of none */
	compare(f);
	say_some(f);
	say_end(f); /* before this node has begun to stream: it does not count */
	say_states(f, &(struct said){0});
	assert_null(hub_node_note(&f->node, NOTE_SYNCED));
	say_end(f);
	assert_non_null(hub_node_note(&f->node, NOTE_SYNCED));
	assert_true(f->peer->sync->reconcile.due);
}

/*
 * What came meanwhile may be believed to be known by both: another exchange follows in about a
 * second.
 */
static void test_moved(void **state)
{
	struct hub_fixture *f = *state;
	for (int moved = 0; moved < 2; moved++) {
		struct digest content = content_shown(f);
		f->peer->sync->charter_compared = 1;
		f->peer->sync->next_hello_ms = INT64_MAX;
		sync_hello(&f->node.hub, f->node.txn, f->peer);
		if (moved)
			hub_node_fill(&f->node, &f->fed, 3, 1, 10);
		say_hello(f, 1, &content);
		int64_t next_ms = f->peer->sync->next_hello_ms;
		if (moved)
			assert_in_range(next_ms - hub_node_mono(&f->node), 500, 1500);
		else
			assert_true(next_ms == INT64_MAX);
	}
}

/* ---- wants outside of a comparison, and the window ---- */

static void test_wants(void **state)
{
	static const struct {
		struct said states[4];
		const char *heard;
	} cases[] = {
		{{{512, 1, 1, 0}}, "B:23."},
		{{{512, 0, 0, 0}}, "B:123."},
		{{{768, 1, 3, 0}}, "C:."},
		{{{256, 1, 0, 0}, {768, 1, 2, 1}}, "A:123C:3."},
		{{{512, 3, 0, 0}}, "."},
		{{{1024, 1, 0, 0}}, "."}, /* nothing is here */
		{{{512, 1, 1, 0}, {512, 1, 0, 0}}, NULL},
	};
	struct hub_fixture *f = *state;
	char text[500];
	fill(f);
	for (size_t i = 0; i < COUNT(cases); i++) {
		hub_node_forget(&f->node);
		say_states(f, cases[i].states);
		if (cases[i].heard)
			assert_string_equal(stream_heard(f, text), cases[i].heard);
		else
			assert_heard(&f->node, f->peer, "CLOSE:PROTOCOL");
	}
}

/*
 * 256 KiB are on the way, and what the last message is longer; TAKEN lets more go, and nothing is
 * sent twice or left out.
 */
static void test_window(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	const unsigned count = 80;
	unsigned records = 0, turns = 0;
	bool ended = false;
	hub_node_fill(node, &f->fed, 3, count, 60000);
	say_states(f, (struct said[]){{C, 1, 0, 0}, {0}});
	while (!ended && turns++ < 20) {
		struct message m;
		uint64_t bytes = 0;
		for (size_t i = 0; hub_node_sent(node, f->peer, MESSAGE_RECORDS, i, &m); i++) {
			records += m.count;
			bytes += m.len;
		}
		ended = hub_node_sent(node, f->peer, MESSAGE_SYNC_END, 0, &m);
		assert_true(ended || (bytes >= 256 * 1024 && bytes < 400 * 1024));
		hub_node_turn(node);
		say_taken(f, bytes + 500); /* and the head; more than there was does no harm */
	}
	assert_int_equal(records, count);
	assert_int_equal(turns, 14);
}

/*
 * While the window is closed wants wait, each author once, from as far back as anybody asked; in
 * order of authors.
 */
static void test_wants_merged(void **state)
{
	struct hub_fixture *f = *state;
	char text[500];
	fill(f);
	f->peer->sync->untaken_bytes = 256 * 1024;
	say_states(f, (struct said[]){{C, 1, 2, 0}, {0}});
	say_states(f, (struct said[]){{B, 1, 1, 0}, {C, 1, 1, 0}, {0}});
	say_states(f, (struct said[]){{A, 1, 1, 0}, {B, 1, 2, 0}, {C, 0, 0, 0}, {0}});
	say_states(f, (struct said[]){{A, 1, 2, 0}, {0}});
	assert_heard(&f->node, f->peer, "");
	say_taken(f, 1);
	assert_string_equal(stream_heard(f, text), "A:23"); /* that was as much as could go */
	say_taken(f, 256 * 1024);
	assert_string_equal(stream_heard(f, text), "A:23B:23C:123.");
}

/* Who may be owed an answer still is confirmed what it sent. */
static void test_taken(void **state)
{
	struct hub_fixture *f = *state;
	struct message m;
	flow_taken(&f->node.hub, f->peer, 64 * 1024 - 1, false);
	assert_heard(&f->node, f->peer, "");
	flow_taken(&f->node.hub, f->peer, 1, false);
	assert_true(hub_node_sent(&f->node, f->peer, MESSAGE_TAKEN, 0, &m));
	assert_int_equal(m.bytes, 64 * 1024);
	flow_taken(&f->node.hub, f->peer, 5, false);
	say_end(f);
	assert_true(hub_node_sent(&f->node, f->peer, MESSAGE_TAKEN, 1, &m));
	assert_int_equal(m.bytes, 5);
	say_end(f); /* there is nothing more to confirm */
	assert_heard(&f->node, f->peer, "TAKEN TAKEN");
}

static void test_states_tell(void **state)
{
	struct hub_fixture *f = *state;
	char text[200];
	sync_states_tell(&f->node.hub, f->node.txn, f->peer);
	assert_string_equal(states_heard(f, text), " end"); /* nothing is here */
	hub_node_forget(&f->node);
	fill(f);
	sync_states_tell(&f->node.hub, f->node.txn, f->peer);
	assert_string_equal(states_heard(f, text), " 256 512 768");
}

/* ---- time ---- */

/*
 * A comparison that does not move for two minutes ends the session; each answer gives it two more.
 */
static void test_silence(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	fill(f);
	compare(f);
	node->machines.sync.entropy_next_ms = INT64_MAX / 2;
	assert_int_equal(sync_wake(&node->hub), hub_node_mono(node) + 120001);
	hub_node_pass(node, 120000);
	sync_tick(&node->hub, node->txn);
	assert_heard(node, f->peer, "");
	say_taken(f, 1);
	hub_node_pass(node, 120000);
	sync_tick(&node->hub, node->txn);
	assert_heard(node, f->peer, "");
	hub_node_pass(node, 1);
	sync_tick(&node->hub, node->txn);
	assert_heard(node, f->peer, "CLOSE:SILENCE");
}

/*
 * Two that have the same show the same, though one has seen a record that its author has deleted
 * since: else each comparison of the two would go on to their states.
 */
static void test_content_of_the_same(void **state)
{
	struct hub_fixture *f = *state;
	struct ledger *ledger = &f->node.hub.ledger;
	struct record_slot name = {.b = {99, 1}, .len = 2}, gone = {.b = {99, 2}, .len = 2};
	assert_int_equal(ledger_append(ledger, f->node.txn, 99, record_slot_bytes(&name),
				       bytes_str("x"), NULL, LEDGER_QUIET),
			 ERR_OK);
	hub_node_turn(&f->node);
	struct digest before = content_shown(f);
	assert_int_equal(ledger_append(ledger, f->node.txn, 99, record_slot_bytes(&gone),
				       bytes_str("y"), NULL, LEDGER_QUIET),
			 ERR_OK);
	hub_node_turn(&f->node);
	f->peer->sync->hello_paced_ms = 0;
	struct digest between = content_shown(f);
	assert_memory_not_equal(between.b, before.b, ID_LEN);
	assert_int_equal(ledger_delete(ledger, f->node.txn, record_slot_bytes(&gone)), ERR_OK);
	hub_node_turn(&f->node);
	f->peer->sync->hello_paced_ms = 0;
	struct digest after = content_shown(f);
	assert_memory_equal(after.b, before.b, ID_LEN);
}

/*
 * About once a minute some peer is compared with, whatever is known of it; but not one that is
 * busy, or down.
 */
static void test_entropy(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct peer *third = hub_node_member(node, &f->fed.orgs[2]);
	unsigned second_count = 0, third_count = 0;
	sync_tick(&node->hub, node->txn);
	for (unsigned i = 0; i < 100; i++) {
		struct peer *peers[] = {f->peer, third};
		int64_t wait_ms = sync_wake(&node->hub) - hub_node_mono(node);
		assert_in_range(wait_ms, 30 * 1000, 90 * 1000);
		for (unsigned k = 0; k < 2; k++) /* those asked have answered */
			peers[k]->sync->hello_waits = false;
		hub_node_pass(node, wait_ms);
		sync_tick(&node->hub, node->txn);
		second_count += !strcmp(hub_node_heard(node, f->peer->link), "HELLO");
		third_count += !strcmp(hub_node_heard(node, third->link), "HELLO");
	}
	assert_int_equal(second_count + third_count, 100);
	assert_in_range(second_count, 25, 75);
	f->peer->sync->hello_waits = false;
	third->sync->hello_waits = true;
	for (unsigned i = 0; i < 20; i++)
		assert_ptr_equal(sync_peer_by_lot(&node->hub, true), f->peer);
	f->peer->met = false;
	assert_null(sync_peer_by_lot(&node->hub, true));
	assert_ptr_equal(sync_peer_by_lot(&node->hub, false), f->peer);
	f->peer->up = false;
	assert_null(sync_peer_by_lot(&node->hub, false));
	hub_node_down(node, f->peer);
	hub_node_down(node, third);
	assert_true(sync_wake(&node->hub) == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hub_test(test_up),
		cmocka_unit_test(test_hello),
		hub_test(test_hello_number),
		hub_test(test_hello_version),
		hub_test(test_pace),
		hub_test(test_pace_own),
		hub_test(test_crossing),
		cmocka_unit_test(test_sketch),
		cmocka_unit_test(test_sketch_not),
		hub_test(test_set_is_short_by_session),
		hub_test(test_sketch_is_charged),
		hub_test(test_sketch_again),
		hub_test(test_states_answered),
		hub_test(test_own_same),
		hub_test(test_states),
		hub_test(test_end_first),
		hub_test(test_moved),
		hub_test(test_wants),
		hub_test(test_window),
		hub_test(test_wants_merged),
		hub_test(test_taken),
		hub_test(test_states_tell),
		hub_test(test_silence),
		hub_test(test_content_of_the_same),
		hub_test(test_entropy),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
