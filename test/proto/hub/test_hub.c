/* What machines do by the hub: effects, sending, closing, and the sentences about the own place. */
#include "test/proto/hub_node.h"

/* Bytes of a given length; what they say does not matter. */
static struct buf message_long(size_t len)
{
	struct buf out;
	uint8_t *fill = mem_new(1, len);
	buf_init(&out, len);
	buf_add(&out, bytes_of(fill, len));
	free(fill);
	return out;
}

/* ---- sending ---- */

static void test_send(void **state)
{
	struct hub_fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct message m;
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_taken(&out, 7);
	hub_send(hub, f->peer, &out);
	assert_null(out.ptr); /* it was taken */
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	message_list_bin(&list, bytes_str("a"));
	message_list_bin(&list, bytes_str("b"));
	hub_send_list(hub, f->peer, &list);
	assert_heard(&f->node, f->peer, "TAKEN RECORDS");
	assert_true(hub_node_sent(&f->node, f->peer, MESSAGE_TAKEN, 0, &m));
	assert_int_equal(m.bytes, 7);
	assert_true(hub_node_sent(&f->node, f->peer, MESSAGE_RECORDS, 0, &m));
	assert_int_equal(m.count, 2);
	assert_int_equal(hub_node_effect(&f->node, EFFECT_SEND, 1)->channel, LINK_CHANNEL_SYNC);
}

/*
 * Exactly the limit still goes in one turn; a byte more ends the link; the next turn begins at
 * nothing.
 */
static void test_send_queue(void **state)
{
	static const struct {
		size_t first, second;
		bool turn; /* between the two */
		bool closed;
	} cases[] = {
		{1000, 0, false, false},  {1001, 0, false, true},    {999, 1, false, false},
		{999, 2, false, true},    {1000, 1000, true, false}, {1000, 1, false, true},
		{1000, 1001, true, true},
	};
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	node->limits.peer_queue_bytes_max = 1000;
	for (size_t i = 0; i < COUNT(cases); i++) {
		hub_node_turn(node);
		struct peer *peer = hub_node_member(node, &f->fed.orgs[2]);
		struct buf first = message_long(cases[i].first);
		hub_send(&node->hub, peer, &first);
		if (cases[i].turn)
			hub_node_turn(node);
		struct buf second = message_long(cases[i].second);
		hub_send(&node->hub, peer, &second);
		const struct effect *close = hub_node_effect(node, EFFECT_CLOSE, 0);
		assert_int_equal(close != NULL, cases[i].closed);
		assert_int_equal(peer->up, !cases[i].closed);
		if (close) {
			assert_int_equal(close->link, peer->link);
			assert_int_equal(close->reason, LINK_REASON_BUSY);
			assert_string_equal(hub_node_note(node, NOTE_PEER_BAD)->text,
					    "asks for more than it takes");
		}
		hub_node_down(node, peer);
	}
}

/* What could not be written whole is left out, which is told here; the peer is not at fault. */
static void test_send_faulty(void **state)
{
	struct hub_fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct buf out;
	buf_init(&out, 4);
	buf_add(&out, bytes_str("too long"));
	assert_int_not_equal(out.err, ERR_OK);
	hub_send(hub, f->peer, &out);
	assert_heard(&f->node, f->peer, "");
	assert_int_equal(hub_node_note(&f->node, NOTE_UNSAID)->link, f->peer->link);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_sync_end(&out);
	hub_send(hub, f->peer, &out);
	assert_heard(&f->node, f->peer, "SYNC_END");
	/* To who is gone nothing goes, good or not. */
	f->peer->up = false;
	hub_node_forget(&f->node);
	buf_init(&out, 4);
	buf_add(&out, bytes_str("too long"));
	hub_send(hub, f->peer, &out);
	assert_heard(&f->node, f->peer, "");
	assert_null(hub_node_note(&f->node, NOTE_UNSAID));
}

static void test_bad(void **state)
{
	struct hub_fixture *f = *state;
	struct hub *hub = &f->node.hub;
	uint64_t sources = hub->source_epoch;
	hub_peer_bad(hub, f->peer, LINK_REASON_PROTOCOL, "SKETCH again");
	assert_heard(&f->node, f->peer, "CLOSE:PROTOCOL");
	const struct note *note = hub_node_note(&f->node, NOTE_PEER_BAD);
	assert_string_equal(note->text, "SKETCH again");
	assert_int_equal(note->link, f->peer->link);
	assert_int_equal(note->author, author_of(2, 0));
	assert_true(hub->source_epoch > sources); /* others are asked instead */
}

/* More effects than there was room for keep what they were. */
static void test_effects(void **state)
{
	struct hub_fixture *f = *state;
	struct hub *hub = &f->node.hub;
	const unsigned count = 100;
	for (unsigned i = 0; i < count; i++) {
		hub_note(hub, NOTE_SYNCED)->number = i;
		struct buf out = message_long(i);
		hub_send(hub, f->peer, &out);
	}
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(hub_node_effect(&f->node, EFFECT_NOTE, i)->note->number, i);
		assert_int_equal(hub_node_effect(&f->node, EFFECT_SEND, i)->bytes.len, i);
	}
	hub_node_forget(&f->node);
	assert_int_equal(f->node.effects.count, 0);
}

static void test_jitter(void **state)
{
	struct hub_fixture *f = *state;
	int64_t low = INT64_MAX, high = 0;
	assert_int_equal(hub_jitter(&f->node.hub, 0), 0);
	assert_int_equal(hub_jitter(&f->node.hub, 1), 1);
	for (int i = 0; i < 1000; i++) {
		int64_t ms = hub_jitter(&f->node.hub, 1000);
		low = ms < low ? ms : low;
		high = ms > high ? ms : high;
	}
	assert_in_range(low, 500, 550);
	assert_in_range(high, 1450, 1499);
}

/* What is signed and what is waited for tell the same moment; and never stays never. */
static void test_times(void **state)
{
	struct hub_fixture *f = *state;
	const struct hub *hub = &f->node.hub;
	const int64_t wall_ms = hub_node_wall(&f->node), mono_ms = hub_node_mono(&f->node);
	for (int64_t ms = -5000; ms <= 5000; ms += 2500) {
		assert_int_equal(hub_mono_of(hub, wall_ms + ms), mono_ms + ms);
		assert_int_equal(hub_wall_of(hub, mono_ms + ms), wall_ms + ms);
	}
	assert_true(hub_mono_of(hub, INT64_MAX) == INT64_MAX);
	/* A clock of 1970 in a machine that runs for long. */
	hub_node_time(&f->node, 1000, 5000);
	assert_true(hub_mono_of(hub, INT64_MAX - 1) == INT64_MAX);
	assert_true(hub_mono_of(hub, INT64_MAX - 4000) == INT64_MAX);
	assert_true(hub_mono_of(hub, INT64_MAX - 4001) == INT64_MAX - 1);
	assert_true(hub_wall_of(hub, INT64_MAX) == INT64_MAX);
}

/* ---- the own place ---- */

static const char no_federation[] = "this node is not in a federation yet";

static void test_places(void **state)
{
	static const struct {
		enum place place, before;
		bool author, joining, follows;
		enum err err;
		const char *why; /* what the sentence begins with */
	} cases[] = {
		{PLACE_NONE, PLACE_NONE, false, false, false, ERR_ABSENT, no_federation},
		{PLACE_JOINING, PLACE_NONE, false, true, false, ERR_ABSENT, no_federation},
		{PLACE_WAITING, PLACE_NONE, false, true, false, ERR_ABSENT, no_federation},
		{PLACE_ADMITTED, PLACE_NONE, false, true, true, ERR_ABSENT, no_federation},
		{PLACE_MEMBER, PLACE_NONE, true, false, true, ERR_OK, ""},
		{PLACE_FORMER, PLACE_NONE, false, false, true, ERR_DENIED, "removed"},
		{PLACE_OUT, PLACE_NONE, false, false, true, ERR_DENIED, "removed"},
		{PLACE_UNSETTLED, PLACE_NONE, false, false, true, ERR_DENIED, "removed"},
		{PLACE_JOINING, PLACE_FORMER, false, true, false, ERR_DENIED, "removed"},
	};
	struct hub_fixture *f = *state;
	struct hub *hub = &f->node.hub;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char why[WHY_LEN] = "";
		hub->place = cases[i].place;
		hub->place_before = cases[i].before;
		hub->author = cases[i].author ? author_of(1, 0) : 0;
		why_set(hub->place_why, "%s %u", "removed", 1);
		assert_int_equal(hub_joining(hub), cases[i].joining);
		assert_int_equal(hub_follows(hub), cases[i].follows);
		assert_int_equal(hub_member_check(hub, why), cases[i].err);
		assert_memory_equal(why, cases[i].why, strlen(cases[i].why));
	}
}

/* Links show another certificate from then on, and nothing is signed as the author that was. */
static void test_place_lost(void **state)
{
	struct hub_fixture *f = *state;
	struct hub *hub = &f->node.hub;
	const uint8_t slot = RECORD_CONTACT;
	hub_place_lost(hub);
	assert_int_equal(hub->author, 0);
	assert_non_null(hub_node_effect(&f->node, EFFECT_CERTIFICATE, 0));
	assert_int_equal(ledger_append(&hub->ledger, f->node.txn, RECORD_CONTACT, bytes_obj(&slot),
				       bytes_str("x"), NULL, LEDGER_QUIET),
			 ERR_DENIED);
	hub->effects = NULL; /* before the first turn there is nobody to tell */
	hub_place_lost(hub);
	hub->effects = &f->node.effects;
}

static void test_author_member(void **state)
{
	struct hub_fixture *f = *state;
	const struct hub *hub = &f->node.hub;
	assert_string_equal(hub_author_member(hub, author_of(2, 9))->name, f->fed.orgs[1].name);
	assert_null(hub_author_member(hub, 0));
	assert_null(hub_author_member(hub, author_of(5, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hub_test(test_send),          hub_test(test_send_queue), hub_test(test_send_faulty),
		hub_test(test_bad),           hub_test(test_effects),    hub_test(test_jitter),
		hub_test(test_times),         hub_test(test_places),     hub_test(test_place_lost),
		hub_test(test_author_member),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
