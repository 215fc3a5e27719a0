/* past: who could read what at a date, from the log of a node: what it knew then, and no more. */
#include "proto/rights/past.h"

#include "proto/audit/audit.h"
#include "proto/audit/export.h"
#include "proto/audit/seen.h"
#include "test/proto/made.h"

#define PREFIX "gemeinde-1/kita"
#define DAY_MS (INT64_C(24) * 3600 * 1000)

static void take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	audit_arrival(hub, txn, arrival);
}

static void export_all(struct hub_node *node, struct buf *out)
{
	uint64_t after = 0, next;

	buf_init(out, 64 * 1024 * 1024);
	assert_int_equal(audit_export_begin(&node->hub, node->txn, out), ERR_OK);
	while ((next = audit_export_page(node->txn, after, out)) > after)
		after = next;
}

static void feed(struct past *past, struct bytes in,
		 void (*to)(struct past *past, enum audit_frame type, struct bytes body))
{
	enum audit_frame type;
	struct bytes body;

	while (in.len > 0) {
		assert_int_equal(audit_frame_get(&type, &body, in), ERR_OK);
		in = bytes_slice(in, AUDIT_FRAME_HEAD_LEN + body.len, in.len);
		to(past, type, body);
	}
}

/* What a line gave then, by the log as it is now. */
static enum verb gave(struct hub_node *node, int64_t at_ms, const struct digest *id, size_t *lines)
{
	struct verdict verdict;
	struct digest each;
	struct past past;
	struct buf whole;
	size_t at = 0;

	export_all(node, &whole);
	past_init(&past, at_ms);
	feed(&past, buf_bytes(&whole), past_late);
	feed(&past, buf_bytes(&whole), past_take);
	past_ready(&past);
	for (*lines = 0; past_line_next(&past, &at, &each);)
		++*lines;
	const enum verb verb =
		verdict_of(&past.facts, id, at_ms, &verdict) ? verdict.verb : VERB_NONE;
	past_fini(&past);
	buf_fini(&whole);
	return verb;
}

static void charter_log(struct hub_node *node)
{
	audit_charter(&node->hub, node->txn);
}

static void a_chain_is_what_was_known_at_each_date(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	const int64_t start_ms = hub_node_wall(node);
	size_t lines;
	struct gift first = {.from = 1, .to = 2, .verb = VERB_WRITE, .prefix = PREFIX};
	struct gift second = {.from = 2, .to = 3, .prefix = PREFIX};

	charter_log(node);
	hub_node_pass(node, DAY_MS);
	gift_made(&first, node, &f->fed, take);
	hub_node_pass(node, DAY_MS);
	second.parent = &first.id;
	gift_made(&second, node, &f->fed, take);
	hub_node_pass(node, DAY_MS);
	first.round = 2;
	first.ended = true;
	gift_made(&first, node, &f->fed, take);
	hub_node_pass(node, DAY_MS);

	assert_int_equal(gave(node, start_ms + DAY_MS / 2, &first.id, &lines), VERB_NONE);
	assert_int_equal(lines, 0);
	assert_int_equal(gave(node, start_ms + DAY_MS + 1, &first.id, &lines), VERB_WRITE);
	assert_int_equal(lines, 1);
	assert_int_equal(gave(node, start_ms + DAY_MS + 1, &second.id, &lines), VERB_NONE);
	assert_int_equal(gave(node, start_ms + 2 * DAY_MS + 1, &second.id, &lines), VERB_READ);
	assert_int_equal(lines, 2);
	assert_int_equal(gave(node, start_ms + 3 * DAY_MS + 1, &second.id, &lines), VERB_NONE);
	assert_int_equal(gave(node, start_ms + 3 * DAY_MS + 1, &first.id, &lines), VERB_NONE);
}

/* What its author lists no more gives nothing from then on, but did before. */
static void what_was_dropped_is_told(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct gift gift = {.from = 1, .to = 2, .prefix = PREFIX};
	struct ledger_arrival arrival;
	struct record_slot slot;
	size_t lines;

	charter_log(node);
	gift_made(&gift, node, &f->fed, take);
	const int64_t given_ms = hub_node_wall(node);
	hub_node_pass(node, DAY_MS);
	slot = line_slot(&gift.id);
	assert_int_equal(ledger_delete(&node->hub.ledger, node->txn, record_slot_bytes(&slot)),
			 ERR_OK);
	assert_true(ledger_arrival_next(&node->hub.ledger, &arrival));
	assert_true(arrival.gone);
	assert_int_equal(arrival.tell, LEDGER_QUIET);
	take(&node->hub, node->txn, &arrival);
	ledger_arrival_fini(&arrival);
	assert_int_equal(gave(node, given_ms, &gift.id, &lines), VERB_READ);
	assert_int_equal(gave(node, given_ms + DAY_MS, &gift.id, &lines), VERB_NONE);
	assert_int_equal(lines, 0);
}

/* When the entry of a line has rolled off, the line is known all the same. */
static void the_log_begins_with_what_was_known(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct gift gift = {.from = 1, .to = 2, .prefix = PREFIX};
	size_t lines;

	node->limits.log_segment_bytes = 1024;
	node->limits.log_segment_count = 2;
	charter_log(node);
	gift_made(&gift, node, &f->fed, take);
	hub_node_pass(node, DAY_MS);
	for (unsigned i = 0; i < 100; i++)
		audit_command(&node->hub, node->txn, "uid 1000", "something that was done");
	assert_true(node->hub.audit->first > 2);
	assert_true(txn_count(node->txn, TABLE_LOG_BASE) == 1);
	assert_int_equal(gave(node, hub_node_wall(node), &gift.id, &lines), VERB_READ);
	assert_int_equal(lines, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hub_test(a_chain_is_what_was_known_at_each_date),
		hub_test(what_was_dropped_is_told),
		hub_test(the_log_begins_with_what_was_known),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
