/* past: who could read what at a date, from the log of a node: what it knew then, and no more. */
#include "proto/rights/past.h"

#include "proto/audit/audit.h"
#include "proto/audit/export.h"
#include "proto/audit/seen.h"
#include "proto/wire/wire_out.h"
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
static enum verb gave_read(struct hub_node *node, int64_t at_ms, const struct digest *id,
			   size_t *lines, bool taken_first)
{
	struct verdict verdict;
	struct digest each;
	struct past past;
	struct buf whole;
	size_t at = 0;

	export_all(node, &whole);
	past_init(&past, at_ms);
	feed(&past, buf_bytes(&whole), taken_first ? past_take : past_late);
	feed(&past, buf_bytes(&whole), taken_first ? past_late : past_take);
	past_ready(&past);
	for (*lines = 0; past_line_next(&past, &at, &each);)
		++*lines;
	const enum verb verb =
		verdict_of(&past.facts, id, at_ms, &verdict) ? verdict.verb : VERB_NONE;
	past_fini(&past);
	buf_fini(&whole);
	return verb;
}

static enum verb gave(struct hub_node *node, int64_t at_ms, const struct digest *id, size_t *lines)
{
	return gave_read(node, at_ms, id, lines, false);
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

/* The entries of the charter that came before have rolled off; those since tell when they came. */
static void the_charter_is_that_of_the_date(void **state)
{
	const struct charter_change stewards = {
		.kind = CHARTER_STEWARDS, .stewards = {1, 2, 3}, .steward_count = 3};
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct gift gift = {.from = 1, .to = 4, .prefix = PREFIX};
	size_t lines;

	node->limits.log_segment_bytes = 1024;
	node->limits.log_segment_count = 8;
	charter_log(node);
	gift_made(&gift, node, &f->fed, take);
	for (unsigned i = 0; i < 200; i++)
		audit_command(&node->hub, node->txn, "uid 1000", "something that was done");
	assert_true(node->hub.audit->first > 2);
	const int64_t before_ms = hub_node_wall(node);
	assert_int_equal(gave(node, before_ms, &gift.id, &lines), VERB_READ);
	hub_node_pass(node, DAY_MS);
	hub_node_charter(node, &f->fed, &stewards, 1);
	charter_log(node);
	hub_node_pass(node, DAY_MS);
	assert_int_equal(gave(node, hub_node_wall(node), &gift.id, &lines), VERB_READ);
	hub_node_remove(node, &f->fed, 4);
	charter_log(node);
	assert_int_equal(gave(node, before_ms, &gift.id, &lines), VERB_READ);
	assert_int_equal(gave(node, hub_node_wall(node) - 1, &gift.id, &lines), VERB_READ);
	assert_int_equal(gave(node, hub_node_wall(node), &gift.id, &lines), VERB_NONE);
}

/* ---- organisations' logs that change ---- */

static void logged(struct hub_node *node, const struct test_federation *fed, unsigned member,
		   const struct buf *entry)
{
	audit_orglog(&node->hub, node->txn, &fed->orgs[member - 1].id, buf_bytes(entry));
}

/* The next entry of a member's log, by this root, at the node's time: node 0 in this state, and a
   second node. */
static struct digest log_next(struct buf *out, struct hub_node *node, const struct orglog *log,
			      enum orglog_node_state state, unsigned n, const struct key *root)
{
	struct orglog_node nodes[2] = {log->nodes[0], test_node(1, n, &log->first_root)};
	struct orglog next = *log;
	struct key wrap = test_key(n + 999);
	struct digest id;

	nodes[0].state = (uint8_t)state;
	next.nodes = nodes;
	next.node_count = 2;
	next.time_ms = hub_node_wall(node);
	dh_pk_of(&next.wrap, &wrap);
	orglog_make(out, log, &next, root);
	assert_int_equal(out->err, ERR_OK);
	assert_int_equal(orglog_entry_id(&id, buf_bytes(out)), ERR_OK);
	return id;
}

/* A record that came from somebody; nobody has looked at more than its form. */
static void came(struct hub_node *node, const struct test_federation *fed, struct record record)
{
	const struct key sign = test_key(1);
	struct buf whole, detail;

	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	record.time_ms = hub_node_wall(node);
	record_make(&whole, &record, &fed->charter.fed, &sign);
	out_array(&detail, 1);
	out_bin(&detail, buf_bytes(&whole));
	audit_add(&node->hub, node->txn, AUDIT_OWN, AUDIT_RECORD, &detail);
	buf_fini(&whole);
}

/* A line as a node other than the first lists it: the log has it as it came. */
static void listed(struct hub_node *node, const struct test_federation *fed,
		   const struct gift *gift, uint8_t index, uint32_t round)
{
	struct line line = {.issuer = gift->from,
			    .audience = gift->to,
			    .org = fed->orgs[gift->to - 1].id,
			    .prefix = bytes_str(gift->prefix),
			    .nonce = {gift->nonce},
			    .round = round,
			    .verb = VERB_READ,
			    .not_before_ms = TEST_TIME_MS,
			    .expiry_ms = TEST_TIME_MS + 30 * DAY_MS,
			    .depth = 1,
			    .widest = LINE_TIER_USUAL,
			    .keep = KEEPING_CURRENT};
	const struct record_slot slot = line_slot(&gift->id);
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, &line);
	const struct record record = {.author = author_of(gift->from, index),
				      .incarnation = 1,
				      .sequence = round,
				      .kind = RECORD_LINE,
				      .slot = record_slot_bytes(&slot),
				      .body = buf_bytes(&body)};
	came(node, fed, record);
	buf_fini(&body);
}

/* Lines of an incarnation before the author's latest one give nothing; nor do things of no line. */
static void what_is_no_line_of_now_gives_nothing(void **state)
{
	static const uint8_t short_slot[2] = {RECORD_LINE, 1}, other_slot[1 + ID_LEN] = {120};
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct gift gift = {.from = 2, .to = 3, .prefix = "gemeinde-2/kita"};
	struct record record = {.author = author_of(2, 0),
				.incarnation = 1,
				.sequence = 90,
				.kind = RECORD_LINE,
				.slot = bytes_obj(&short_slot),
				.body = bytes_str("x")};
	struct buf detail;
	size_t lines;

	charter_log(node);
	gift_made(&gift, node, &f->fed, take);
	came(node, &f->fed, record);
	record.kind = 120;
	record.slot = bytes_obj(&other_slot);
	came(node, &f->fed, record);
	/* an end that cannot be read is none */
	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	out_array(&detail, 2);
	out_uint(&detail, author_of(2, 0));
	audit_add(&node->hub, node->txn, AUDIT_OWN, AUDIT_GONE, &detail);
	const int64_t before_ms = hub_node_wall(node);
	assert_int_equal(gave(node, before_ms, &gift.id, &lines), VERB_READ);
	assert_int_equal(lines, 1);
	hub_node_pass(node, DAY_MS);
	record.incarnation = 2;
	came(node, &f->fed, record);
	assert_int_equal(gave(node, before_ms, &gift.id, &lines), VERB_READ);
	assert_int_equal(gave(node, hub_node_wall(node), &gift.id, &lines), VERB_NONE);
	assert_int_equal(lines, 0);
}

/* The log tells twice of an entry that is known now too: it counts from the first time on. */
static void an_entry_counts_since_it_first_came(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	const struct test_org *org = &f->fed.orgs[0];
	struct gift gift = {.from = 1, .to = 2, .prefix = PREFIX};
	struct orglog log;
	struct buf entry;
	size_t lines;

	charter_log(node);
	gift_made(&gift, node, &f->fed, take);
	assert_int_equal(orglog_load(node->txn, &org->id, &log), ERR_OK);
	hub_node_pass(node, DAY_MS);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	log_next(&entry, node, &log, ORGLOG_NODE_LOST, 300, &org->root);
	assert_int_equal(orglog_accept(node->txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	const int64_t came_ms = hub_node_wall(node);
	for (unsigned i = 0; i < 3; i++) {
		logged(node, &f->fed, 1, &entry);
		hub_node_pass(node, DAY_MS);
	}
	assert_int_equal(gave(node, came_ms - 1, &gift.id, &lines), VERB_READ);
	for (unsigned day = 0; day < 3; day++)
		assert_int_equal(gave(node, came_ms + day * DAY_MS + 1, &gift.id, &lines),
				 VERB_NONE);
	/* and in whatever order the log and what is known now are read */
	assert_int_equal(gave_read(node, came_ms - 1, &gift.id, &lines, true), VERB_READ);
	assert_int_equal(gave_read(node, came_ms + 1, &gift.id, &lines, true), VERB_NONE);
	buf_fini(&entry);
	orglog_fini(&log);
}

/* What a node has ended that is put out then counts for 26 hours, and a sibling's word after. */
static void ends_of_a_node_that_leaves_count(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct gift gift = {.from = 1, .to = 2, .prefix = PREFIX};
	struct orglog log;
	struct buf entry;
	size_t lines;

	charter_log(node);
	gift_made(&gift, node, &f->fed, take);
	listed(node, &f->fed, &gift, 1, 7);
	gift.round = 2;
	gift.ended = true;
	gift_made(&gift, node, &f->fed, take);
	hub_node_pass(node, DAY_MS);
	assert_int_equal(orglog_load(node->txn, &f->fed.orgs[0].id, &log), ERR_OK);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	log_next(&entry, node, &log, ORGLOG_NODE_RETIRED, 300, &f->fed.orgs[0].root);
	/* What is known now has it, too; the log alone says when it came. */
	assert_int_equal(orglog_accept(node->txn, &f->fed.orgs[0].id, buf_bytes(&entry), NULL),
			 ERR_OK);
	logged(node, &f->fed, 1, &entry);
	logged(node, &f->fed, 1, &entry); /* kept beside, and counting later */
	const int64_t left_ms = hub_node_wall(node);
	hub_node_pass(node, 2 * DAY_MS);

	assert_int_equal(gave(node, left_ms - 1, &gift.id, &lines), VERB_NONE);
	assert_int_equal(gave(node, left_ms + DAY_MS, &gift.id, &lines), VERB_NONE);
	assert_int_equal(gave(node, left_ms + 26 * 3600 * 1000 - 1, &gift.id, &lines), VERB_NONE);
	assert_int_equal(gave(node, left_ms + 26 * 3600 * 1000, &gift.id, &lines), VERB_READ);
	buf_fini(&entry);
	orglog_fini(&log);
}

/* The root of a member's log is bound to the one that was to follow, by two of the stewards. */
static void bound(struct hub_node *node, const struct test_federation *fed, unsigned member,
		  const struct digest *log_entry)
{
	const struct test_org *org = &fed->orgs[member - 1];
	struct charter *charter = &node->hub.charter;
	struct charter_change bind = {.kind = CHARTER_BIND, .log_entry = *log_entry};
	struct charter_vote votes[2];
	struct buf payload, entry;

	bind.member.number = member;
	bind.member.root = org->next_pk;
	bind.member.next_root.b[0] = 0xaa;
	charter_bind_sign(&bind, charter, &org->next);
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	assert_int_equal(
		charter_payload_make(&payload, charter, NULL, hub_node_wall(node), 2, &bind, 1),
		ERR_OK);
	for (unsigned i = 0; i < 2; i++)
		charter_vote(&votes[i], charter, i + 1, &fed->orgs[i].root, buf_bytes(&payload));
	charter_entry_make(&entry, buf_bytes(&payload), votes, 2);
	assert_int_equal(charter_accept(node->txn, charter, buf_bytes(&entry), NULL), ERR_OK);
	charter_log(node);
	buf_fini(&payload);
	buf_fini(&entry);
}

/* A thief's node counted until the root was bound, though nobody's log has it now. */
static void a_log_that_was_taken_back_is_told_as_it_was(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	const struct test_org *org = &f->fed.orgs[2];
	struct gift own = {.from = 3, .to = 2, .prefix = "gemeinde-3/kita"};
	struct gift thief = {.from = 3, .to = 4, .prefix = "gemeinde-3/kita", .nonce = 1};
	struct orglog log;
	struct buf stolen, after;
	int64_t theft_ms, bind_ms;
	size_t lines;

	charter_log(node);
	gift_made(&own, node, &f->fed, take);
	assert_int_equal(orglog_load(node->txn, &org->id, &log), ERR_OK);
	buf_init(&stolen, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	buf_init(&after, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	hub_node_pass(node, DAY_MS);
	theft_ms = hub_node_wall(node);
	log_next(&stolen, node, &log, ORGLOG_NODE_RETIRED, 300, &org->root);
	logged(node, &f->fed, 3, &stolen);
	gift_made(&thief, node, &f->fed, take); /* for its id */
	listed(node, &f->fed, &thief, 1, 3);
	hub_node_pass(node, 2 * DAY_MS);
	bind_ms = hub_node_wall(node);
	bound(node, &f->fed, 3, &log.entry_id);
	hub_node_pass(node, DAY_MS);
	/* The owner goes on with another second node. */
	charter_bound(&node->hub.charter, &log);
	log_next(&after, node, &log, ORGLOG_NODE_ACTIVE, 400, &org->next);
	logged(node, &f->fed, 3, &after);
	hub_node_pass(node, DAY_MS);

	assert_int_equal(gave(node, theft_ms - 1, &own.id, &lines), VERB_READ);
	assert_int_equal(gave(node, theft_ms + DAY_MS + 3 * 3600 * 1000, &own.id, &lines),
			 VERB_NONE);
	assert_int_equal(gave(node, theft_ms + DAY_MS, &thief.id, &lines), VERB_READ);
	assert_int_equal(gave(node, bind_ms, &own.id, &lines), VERB_READ);
	assert_int_equal(gave(node, bind_ms + 2 * DAY_MS, &own.id, &lines), VERB_READ);
	buf_fini(&stolen);
	buf_fini(&after);
	orglog_fini(&log);
}

/* Who checks the log of a node whose organisation's root was bound follows the bind. */
static void the_log_of_who_was_bound_back_is_whole(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	const struct test_org *org = &f->fed.orgs[0];
	struct audit_check check;
	struct orglog log;
	struct buf after, whole;

	charter_log(node);
	audit_command(&node->hub, node->txn, "uid 1000", "something that was done");
	hub_node_pass(node, DAY_MS);
	assert_int_equal(orglog_load(node->txn, &org->id, &log), ERR_OK);
	bound(node, &f->fed, 1, &log.entry_id);
	charter_bound(&node->hub.charter, &log);
	buf_init(&after, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	log_next(&after, node, &log, ORGLOG_NODE_ACTIVE, 400, &org->next);
	assert_int_equal(orglog_accept(node->txn, &org->id, buf_bytes(&after), NULL), ERR_OK);
	logged(node, &f->fed, 1, &after);
	export_all(node, &whole);
	audit_check_init(&check);
	for (struct bytes in = buf_bytes(&whole); in.len > 0;) {
		enum audit_frame type;
		struct bytes body;
		assert_int_equal(audit_frame_get(&type, &body, in), ERR_OK);
		in = bytes_slice(in, AUDIT_FRAME_HEAD_LEN + body.len, in.len);
		assert_true(audit_check_frame(&check, type, body, NULL));
	}
	assert_true(audit_check_end(&check));
	assert_int_equal(check.orglog.number, 2);
	audit_check_fini(&check);
	buf_fini(&after);
	buf_fini(&whole);
	orglog_fini(&log);
}

/*
 * Nobody has checked an export when this reads it: frames whose bytes are others, cut short or of
 * another type are left out, and nothing is given that no line gives.
 */
static void what_cannot_be_read_is_left_out(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct gift gift = {.from = 1, .to = 2, .prefix = PREFIX};
	struct verdict verdict;
	enum audit_frame type;
	struct bytes body;
	struct buf whole;

	charter_log(node);
	gift_made(&gift, node, &f->fed, take);
	logged(node, &f->fed, 1, &f->fed.orgs[0].entry);
	export_all(node, &whole);
	for (size_t at = 0, end; at < whole.len; at = end) {
		assert_int_equal(audit_frame_get(&type, &body,
						 bytes_slice(buf_bytes(&whole), at, whole.len)),
				 ERR_OK);
		end = at + AUDIT_FRAME_HEAD_LEN + body.len;
		for (size_t i = 0; i < body.len; i += i < 96 ? 1 : 41) {
			struct bytes parts[2] = {body, bytes_slice(body, 0, i)};
			for (unsigned k = 0; k < 2; k++) {
				struct past past;
				past_init(&past, hub_node_wall(node));
				whole.ptr[at + AUDIT_FRAME_HEAD_LEN + i] ^= k == 0 ? 0x5a : 0;
				past_late(&past, type, parts[k]);
				past_take(&past, type, parts[k]);
				past_ready(&past);
				assert_false(
					verdict_of(&past.facts, &gift.id, past.at_ms, &verdict));
				past_fini(&past);
				whole.ptr[at + AUDIT_FRAME_HEAD_LEN + i] ^= k == 0 ? 0x5a : 0;
			}
		}
	}
	buf_fini(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hub_test(a_chain_is_what_was_known_at_each_date),
		hub_test(what_was_dropped_is_told),
		hub_test(the_log_begins_with_what_was_known),
		hub_test(the_charter_is_that_of_the_date),
		hub_test(what_is_no_line_of_now_gives_nothing),
		hub_test(an_entry_counts_since_it_first_came),
		hub_test(ends_of_a_node_that_leaves_count),
		hub_test(a_log_that_was_taken_back_is_told_as_it_was),
		hub_test(the_log_of_who_was_bound_back_is_whole),
		hub_test(what_cannot_be_read_is_left_out),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
