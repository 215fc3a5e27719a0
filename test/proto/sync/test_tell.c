/*
 * What can be stored can be told: of each message the largest that a node can come to say fits, is
 * well-formed, and closes nobody.
 */
#include "proto/sync/logs.h"
#include "proto/sync/reconcile.h"
#include "proto/transfer/whole.h"
#include "test/proto/hub_node.h"

enum { LARGE = 20 }; /* things of the largest size: more than a message holds */

static const struct digest digest = {{1}};
static const struct version_id of = {{{2}}, UINT64_MAX, UINT32_MAX};
static const struct chunk_addr addr = {{3}};
static uint8_t filler[LIMIT_MESSAGE_LEN_MAX];

/* Rows as no peer can make them larger. */
static void charter_ask(struct hub_fixture *f)
{
	struct buf out;
	for (uint32_t n = 1; n <= LARGE; n++) {
		struct row_key key = key_charter(n);
		txn_put(f->node.txn, TABLE_CHARTER, row_key_bytes(&key),
			bytes_of(filler, LIMIT_CHARTER_ENTRY_LEN_MAX));
	}
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_charter_get(&out, 1);
	hub_node_hear(&f->node, f->peer, logs_charter_get, &out);
}

static void orglog_ask(struct hub_fixture *f)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
	for (uint32_t n = 1; n <= LARGE; n++) {
		struct row_key key = key_orglog(&f->fed.orgs[1].id, n);
		txn_put(f->node.txn, TABLE_ORGLOG, row_key_bytes(&key),
			bytes_of(filler, LIMIT_ORGLOG_ENTRY_LEN_MAX));
		message_list_org(&list, &f->fed.orgs[1].id, 1);
	}
	hub_node_hear_list(&f->node, f->peer, logs_orglog_get, &list);
}

/* Records of 65,536 bytes, all asked for at once. */
static void records_ask(struct hub_fixture *f)
{
	struct ledger *ledger = &f->node.hub.ledger;
	const uint8_t slot[5] = {120};
	uint8_t sequences[8 * LARGE];
	struct buf out;
	size_t len = LIMIT_RECORD_LEN_MAX;
	while (ledger_append(ledger, f->node.txn, 120, bytes_obj(&slot), bytes_of(filler, len),
			     NULL, LEDGER_QUIET))
		len--;
	for (uint32_t n = 0; n < LARGE; n++) {
		test_append(ledger, f->node.txn, n, len);
		be64_put(sequences + 8 * (size_t)n, 1 + n);
	}
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_records_get(&out, author_of(1, 0), 1, bytes_obj(&sequences));
	hub_node_hear(&f->node, f->peer, reconcile_records_get, &out);
}

/* As many leaves of the longest slots as a page has. */
static void leaves_ask(struct hub_fixture *f)
{
	struct ledger *ledger = &f->node.hub.ledger;
	struct author_state s;
	struct buf out;
	for (uint32_t n = 0; n < SETDIGEST_LEAVES_MAX; n++) {
		uint8_t slot[LIMIT_SLOT_LEN_MAX] = {120};
		be32_put(slot + 1, n);
		assert_int_equal(ledger_append(ledger, f->node.txn, 120, bytes_obj(&slot),
					       bytes_str("x"), NULL, LEDGER_QUIET),
				 ERR_OK);
	}
	assert_int_equal(ledger_state(ledger, f->node.txn, author_of(1, 0), &s), ERR_OK);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_leaves_get(&out, author_of(1, 0), 1, &s.set, UINT64_MAX);
	hub_node_hear(&f->node, f->peer, reconcile_leaves_get, &out);
}

/* A list of the largest elements, as many as there can be. */
static void list_say(struct hub_fixture *f, enum message_type type)
{
	struct message_list list = message_list_begin(type);
	struct message_state state = {UINT32_MAX, UINT32_MAX, UINT64_MAX, UINT64_MAX, 1};
	list.dataset = of.dataset;
	struct message_whole whole = {.of = of, .count = 1};
	const bool of_wholes = type == MESSAGE_WHOLE_GET || type == MESSAGE_WHOLE;
	const unsigned count = of_wholes ? MESSAGE_WHOLE_COUNT_MAX : MESSAGE_LIST_COUNT_MAX;
	for (unsigned i = 0; i < count; i++) {
		if (type == MESSAGE_STATES)
			message_list_state(&list, &state);
		else if (type == MESSAGE_ORGLOG_GET)
			message_list_org(&list, &f->fed.orgs[1].id, UINT32_MAX);
		else if (type == MESSAGE_CHUNK_GET && i < 128)
			message_list_addr(&list, &addr);
		else if (type == MESSAGE_WHOLE_GET)
			message_list_version(&list, &of);
		else if (type == MESSAGE_WHOLE && list.items.len < WHOLE_MESSAGE_LEN) {
			whole.chunks[0] = bytes_of(filler, LIMIT_WHOLE_LEN_MAX);
			message_list_whole(&list, &whole);
		}
	}
	hub_send_list(&f->node.hub, f->peer, &list);
}

static void holds_say(struct hub_fixture *f)
{
	enum { HOLDS = 4096 }; /* of holds.c */
	struct version_id *all = mem_new(HOLDS, sizeof(*all));
	for (size_t i = 0; i < HOLDS; i++)
		all[i] = of;
	holds_tell(&f->node.hub, f->peer, all, HOLDS);
	free(all);
}

static void put_hello(struct buf *out)
{
	static const uint8_t marks[ROLL_MARK_COUNT];
	char software[MESSAGE_SOFTWARE_LEN_MAX + 1] = "";
	memset(software, 's', MESSAGE_SOFTWARE_LEN_MAX);
	message_hello(out, software, UINT32_MAX, &digest, marks);
}

static void put_sketch(struct buf *out, enum message_type type)
{
	static const uint8_t cells[MESSAGE_SKETCH_LEN_MAX];
	message_sketch(out, bytes_obj(&cells));
}

static void put_long(struct buf *out, enum message_type type)
{
	static char text[2 * MESSAGE_TEXT_LEN_MAX];
	struct bytes entry = bytes_of(filler, LIMIT_CHARTER_ENTRY_LEN_MAX);
	struct bytes head = bytes_of(filler, LIMIT_HEAD_LEN_MAX);
	memset(text, 'x', sizeof(text) - 1);
	if (type == MESSAGE_FORK)
		message_fork(out, NULL, entry, entry);
	else if (type == MESSAGE_EVIDENCE)
		message_evidence(out, head, head);
	else if (type == MESSAGE_HEAD)
		message_head(out, head);
	else if (type == MESSAGE_OWN_HEAD)
		message_own_head(out, head);
	else if (type == MESSAGE_JOIN)
		message_join(out, bytes_of(filler, LIMIT_JOIN_REQUEST_LEN_MAX));
	else if (type == MESSAGE_JOIN_ANSWER)
		message_join_answer(out, MESSAGE_JOIN_WAITING, text, &digest);
	else if (type == MESSAGE_INDEX)
		message_index(out, &of, bytes_of(filler, MESSAGE_LIST_COUNT_MAX * 36), true);
	else if (type == MESSAGE_CHUNK)
		message_chunk(out, &of.dataset, &addr, bytes_of(filler, LIMIT_CHUNK_LEN_MAX), true);
	else
		message_records_get(out, UINT32_MAX, UINT32_MAX,
				    bytes_of(filler, 8 * (MESSAGE_LIST_COUNT_MAX + 1)));
}

/* What is of one size, but for its numbers. */
static void put_short(struct buf *out, enum message_type type)
{
	if (type == MESSAGE_CHARTER_GET)
		message_charter_get(out, UINT32_MAX);
	else if (type == MESSAGE_TOTALS)
		message_totals(out, UINT64_MAX, UINT64_MAX, UINT64_MAX);
	else if (type == MESSAGE_NOT_HERE)
		message_not_here(out, UINT32_MAX, UINT32_MAX);
	else if (type == MESSAGE_LEAVES_GET)
		message_leaves_get(out, UINT32_MAX, UINT32_MAX, &digest, UINT64_MAX);
	else if (type == MESSAGE_JOIN_OPEN)
		message_join_open(out, &digest);
	else if (type == MESSAGE_OWN_HEAD_GET)
		message_own_head_get(out);
	else if (type == MESSAGE_SYNC_END)
		message_sync_end(out);
	else if (type == MESSAGE_TAKEN)
		message_taken(out, UINT64_MAX);
	else
		message_index_get(out, &of, &addr);
}

static void put_say(struct hub_fixture *f, enum message_type type,
		    void (*put)(struct buf *out, enum message_type type))
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	put(&out, type);
	hub_send(&f->node.hub, f->peer, &out);
}

static void put_hello_only(struct buf *out, enum message_type type)
{
	put_hello(out);
}

static void largest_say(struct hub_fixture *f, enum message_type type)
{
	switch (type) {
	case MESSAGE_SKETCH:
		put_say(f, type, put_sketch);
		return;
	case MESSAGE_HELLO:
		put_say(f, type, put_hello_only);
		return;
	case MESSAGE_CHARTER:
		charter_ask(f);
		return;
	case MESSAGE_ORGLOG:
		orglog_ask(f);
		return;
	case MESSAGE_RECORDS:
		records_ask(f);
		return;
	case MESSAGE_LEAVES:
		leaves_ask(f);
		return;
	case MESSAGE_STATES:
	case MESSAGE_ORGLOG_GET:
	case MESSAGE_CHUNK_GET:
	case MESSAGE_WHOLE_GET:
	case MESSAGE_WHOLE:
		list_say(f, type);
		return;
	case MESSAGE_HOLDS:
		holds_say(f);
		return;
	case MESSAGE_FORK:
	case MESSAGE_EVIDENCE:
	case MESSAGE_HEAD:
	case MESSAGE_OWN_HEAD:
	case MESSAGE_JOIN:
	case MESSAGE_JOIN_ANSWER:
	case MESSAGE_INDEX:
	case MESSAGE_CHUNK:
	case MESSAGE_RECORDS_GET:
		put_say(f, type, put_long);
		return;
	case MESSAGE_CHARTER_GET:
	case MESSAGE_OWN_HEAD_GET:
	case MESSAGE_TOTALS:
	case MESSAGE_NOT_HERE:
	case MESSAGE_JOIN_OPEN:
	case MESSAGE_LEAVES_GET:
	case MESSAGE_SYNC_END:
	case MESSAGE_TAKEN:
	case MESSAGE_INDEX_GET:
		put_say(f, type, put_short);
		return;
	}
	fail();
}

static void everything_can_be_told(void **state)
{
	static const enum message_type types[] = {
#define X(name, number, elements) MESSAGE_##name,
		MESSAGE_LIST(X)
#undef X
	};
	memset(filler, 'f', sizeof(filler));
	for (size_t i = 0; i < COUNT(types); i++) {
		hub_fixture_setup(state);
		struct hub_fixture *f = *state;
		struct message m;
		largest_say(f, types[i]);
		assert_null(hub_node_effect(&f->node, EFFECT_CLOSE, 0));
		assert_null(hub_node_note(&f->node, NOTE_UNSAID));
		assert_true(hub_node_sent(&f->node, f->peer, types[i], 0, &m));
		assert_true(m.len <= LIMIT_MESSAGE_LEN_MAX);
		hub_fixture_teardown(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(everything_can_be_told)};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
