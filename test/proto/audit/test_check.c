/*
 * check: whoever changes a log is found out, by the log itself, by the node's own head, or by what
 * others have noted. Each test changes the store of a node as somebody with its disk would.
 */
#include "proto/audit/check.h"

#include "proto/audit/audit.h"
#include "proto/audit/export.h"
#include "test/proto/hub_node.h"

enum { SEGMENT = 4096, ENTRY = 512, COUNT = 64 };

struct fixture {
	struct hub_fixture *hub;
	struct hub_node *node;
	struct buf head; /* the latest before anything was changed, as another member has it */
};

static void add(struct fixture *f, uint8_t what)
{
	struct buf detail;

	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	memset(buf_space(&detail, ENTRY), what, ENTRY);
	audit_add(&f->node->hub, f->node->txn, AUDIT_OWN, AUDIT_COMMAND, &detail);
}

static void head_sign(struct fixture *f, struct buf *out)
{
	assert_int_equal(ledger_head_make(&f->node->hub.ledger, f->node->txn, out), ERR_OK);
}

/* Segments of which the first have rolled off, a head of all there is, and an open segment. */
static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	assert_int_equal(hub_fixture_setup((void **)&f->hub), 0);
	f->node = &f->hub->node;
	f->node->limits.log_segment_bytes = SEGMENT;
	f->node->limits.log_segment_count = 4;
	for (unsigned i = 0; i < COUNT; i++)
		add(f, (uint8_t)i);
	test_append(&f->node->hub.ledger, f->node->txn, 1, 10);
	buf_init(&f->head, LIMIT_HEAD_LEN_MAX);
	head_sign(f, &f->head);
	hub_node_turn(f->node);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_fini(&f->head);
	hub_fixture_teardown((void **)&f->hub);
	free(f);
	return 0;
}
#define fixture_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- what an export says ---- */

static void export_all(struct fixture *f, struct buf *out)
{
	uint64_t after = 0, next;

	buf_init(out, 64 * 1024 * 1024);
	assert_int_equal(audit_export_begin(&f->node->hub, f->node->txn, out), ERR_OK);
	while ((next = audit_export_page(f->node->txn, after, out)) > after)
		after = next;
	assert_int_equal(out->err, ERR_OK);
}

/* The first fault of an export; noted: a head that another member has (NULL: nobody does). */
static enum audit_fault judge(struct bytes in, const struct buf *noted, uint64_t *number)
{
	struct audit_check check;
	enum audit_frame type;
	struct bytes body;
	bool told = false;

	audit_check_init(&check);
	while (in.len > 0) {
		assert_int_equal(audit_frame_get(&type, &body, in), ERR_OK);
		in = bytes_slice(in, AUDIT_FRAME_HEAD_LEN + body.len, in.len);
		if (type == AUDIT_FRAME_ENTRY && noted && !told)
			told = audit_check_noted(&check, buf_bytes(noted));
		if (!audit_check_frame(&check, type, body, NULL))
			break;
	}
	audit_check_end(&check);
	if (number)
		*number = check.fault_number;
	const enum audit_fault fault = check.fault;
	audit_check_fini(&check);
	return fault;
}

static enum audit_fault judged(struct fixture *f, const struct buf *noted, uint64_t *number)
{
	struct buf whole;

	export_all(f, &whole);
	const enum audit_fault fault = judge(buf_bytes(&whole), noted, number);
	buf_fini(&whole);
	return fault;
}

/* ---- what somebody with the disk does ---- */

static struct buf row_get(struct fixture *f, enum table table, uint64_t number)
{
	struct row_key key = key_log(number);
	struct bytes row;
	struct buf out;

	buf_init(&out, LIMIT_LOG_ENTRY_LEN_MAX);
	assert_true(txn_get(f->node->txn, table, row_key_bytes(&key), &row));
	buf_add(&out, row);
	return out;
}

/* Takes the row. */
static void row_put(struct fixture *f, enum table table, uint64_t number, struct buf *row)
{
	struct row_key key = key_log(number);

	txn_put_row(f->node->txn, table, &key, row);
}

static void row_del(struct fixture *f, enum table table, uint64_t number)
{
	struct row_key key = key_log(number);

	assert_true(txn_del(f->node->txn, table, row_key_bytes(&key)));
}

static void tail_cut(struct fixture *f, uint64_t last)
{
	struct audit *audit = f->node->hub.audit;

	for (uint64_t n = last + 1; n <= audit->last; n++)
		row_del(f, TABLE_LOG, n);
	*audit = (struct audit){.open = false};
	audit_open(&f->node->hub, f->node->txn);
	assert_true(audit->last == last);
}

/* ---- tests ---- */

static void a_whole_log_has_no_fault(void **state)
{
	struct fixture *f = *state;

	assert_true(f->node->hub.audit->first > 1);
	assert_true(f->node->hub.audit->closed_count == 3);
	assert_int_equal(judged(f, &f->head, NULL), AUDIT_FAULT_NONE);
}

static void every_byte_of_every_entry_counts(void **state)
{
	struct fixture *f = *state;
	const struct audit *audit = f->node->hub.audit;
	uint64_t number;

	for (uint64_t n = audit->first; n <= audit->last; n++) {
		for (size_t at = 0; at < 128; at += 7) {
			struct buf row = row_get(f, TABLE_LOG, n), again = row_get(f, TABLE_LOG, n);
			const bool detail = row.len > ENTRY && at > row.len - ENTRY;
			row.ptr[at % row.len] ^= 1;
			row_put(f, TABLE_LOG, n, &row);
			assert_int_not_equal(judged(f, NULL, &number), AUDIT_FAULT_NONE);
			/* Where it shows: at the next one, or as a closing or the head names it. */
			assert_true(!detail || number == n + 1 || number == n || n == audit->last);
			row_put(f, TABLE_LOG, n, &again);
		}
	}
	assert_int_equal(judged(f, NULL, NULL), AUDIT_FAULT_NONE);
}

static void an_entry_is_dropped(void **state)
{
	struct fixture *f = *state;
	uint64_t number, n = f->node->hub.audit->first;

	row_del(f, TABLE_LOG, n + 5);
	assert_int_equal(judged(f, NULL, &number), AUDIT_FAULT_MISSING);
	assert_true(number == n + 6);
}

static void an_entry_is_doubled(void **state)
{
	struct fixture *f = *state;
	uint64_t number, n = f->node->hub.audit->first;
	struct buf row = row_get(f, TABLE_LOG, n + 5);

	/* In the place of the next. */
	row_put(f, TABLE_LOG, n + 6, &row);
	assert_int_equal(judged(f, NULL, &number), AUDIT_FAULT_ORDER);
	assert_true(number == n + 5);
}

static void two_entries_are_swapped(void **state)
{
	struct fixture *f = *state;
	uint64_t number, n = f->node->hub.audit->first;
	struct buf one = row_get(f, TABLE_LOG, n + 5), two = row_get(f, TABLE_LOG, n + 6);

	row_put(f, TABLE_LOG, n + 5, &two);
	row_put(f, TABLE_LOG, n + 6, &one);
	assert_int_equal(judged(f, NULL, &number), AUDIT_FAULT_MISSING);
	assert_true(number == n + 6);
}

static void a_segment_is_removed(void **state)
{
	struct fixture *f = *state;
	const struct audit *audit = f->node->hub.audit;
	uint64_t number;
	struct audit_closing first, second;
	struct buf row = row_get(f, TABLE_LOG_CLOSING, audit->first);

	assert_int_equal(audit_closing_decode(&first, buf_bytes(&row)), ERR_OK);
	struct buf next = row_get(f, TABLE_LOG_CLOSING, first.last + 1);
	assert_int_equal(audit_closing_decode(&second, buf_bytes(&next)), ERR_OK);
	/* One in the middle. */
	struct buf rows[COUNT];
	for (uint64_t n = second.first; n <= second.last; n++) {
		rows[n - second.first] = row_get(f, TABLE_LOG, n);
		row_del(f, TABLE_LOG, n);
	}
	assert_int_equal(judged(f, NULL, &number), AUDIT_FAULT_MISSING);
	assert_true(number == second.last + 1);
	/* With its closing. */
	row_del(f, TABLE_LOG_CLOSING, second.first);
	assert_int_equal(judged(f, NULL, &number), AUDIT_FAULT_CLOSINGS);
	for (uint64_t n = second.first; n <= second.last; n++)
		row_put(f, TABLE_LOG, n, &rows[n - second.first]);
	row_put(f, TABLE_LOG_CLOSING, second.first, &next);
	assert_int_equal(judged(f, NULL, NULL), AUDIT_FAULT_NONE);
	/* The oldest, as if it had rolled off. */
	for (uint64_t n = first.first; n <= first.last; n++)
		row_del(f, TABLE_LOG, n);
	assert_int_equal(judged(f, NULL, &number), AUDIT_FAULT_BEGIN);
	assert_true(number == first.last + 1);
	buf_fini(&row);
}

static void a_closing_is_forged(void **state)
{
	struct fixture *f = *state;
	const uint64_t first = f->node->hub.audit->first;
	const struct key other = test_key(77);
	struct audit_closing closing;
	uint64_t number;
	struct buf row = row_get(f, TABLE_LOG_CLOSING, first), forged;

	assert_int_equal(audit_closing_decode(&closing, buf_bytes(&row)), ERR_OK);
	buf_init(&forged, LIMIT_LOG_CLOSING_LEN_MAX);
	audit_closing_make(&forged, &closing, &f->hub->fed.charter.fed, &other);
	row_put(f, TABLE_LOG_CLOSING, first, &forged);
	assert_int_equal(judged(f, NULL, &number), AUDIT_FAULT_CLOSING);
	assert_true(number == first);
	/* By who has the node's key: then it is not what is closed. */
	closing.last_id.b[0] ^= 1;
	buf_init(&forged, LIMIT_LOG_CLOSING_LEN_MAX);
	audit_closing_make(&forged, &closing, &f->hub->fed.charter.fed,
			   f->node->hub.ledger.own_seed);
	row_put(f, TABLE_LOG_CLOSING, first, &forged);
	assert_int_equal(judged(f, NULL, &number), AUDIT_FAULT_SEGMENT);
	assert_true(number == closing.last);
	buf_fini(&row);
}

static void the_tail_is_cut(void **state)
{
	struct fixture *f = *state;

	tail_cut(f, f->node->hub.audit->last - 1);
	assert_int_equal(judged(f, NULL, NULL), AUDIT_FAULT_CUT);
	/* The head is signed anew: only who has seen the one before knows. */
	test_append(&f->node->hub.ledger, f->node->txn, 2, 10);
	head_sign(f, NULL);
	assert_int_equal(judged(f, NULL, NULL), AUDIT_FAULT_NONE);
	assert_int_equal(judged(f, &f->head, NULL), AUDIT_FAULT_NOTED);
	/* Nor does it help to write on. */
	add(f, 1);
	assert_int_equal(judged(f, &f->head, NULL), AUDIT_FAULT_NOTED);
}

static void the_whole_log_goes(void **state)
{
	struct fixture *f = *state;
	struct audit *audit = f->node->hub.audit;
	struct buf whole;

	/* The rows alone: then the own head tells. */
	for (uint64_t n = audit->first; n <= audit->last; n++)
		row_del(f, TABLE_LOG, n);
	assert_int_not_equal(judged(f, NULL, NULL), AUDIT_FAULT_NONE);
	/* Nothing at all is no log. */
	buf_init(&whole, 16);
	assert_int_equal(judge(buf_bytes(&whole), NULL, NULL), AUDIT_FAULT_LOG);
	buf_fini(&whole);
}

/* What others say of this node counts only when this node has signed it. */
static void a_forged_note_says_nothing(void **state)
{
	struct fixture *f = *state;

	f->head.ptr[f->head.len - 1] ^= 1;
	assert_int_equal(judged(f, &f->head, NULL), AUDIT_FAULT_NONE);
}

static void frames_are_bounded(void **state)
{
	enum audit_frame type;
	struct bytes body;
	struct buf out;

	buf_init(&out, 1024);
	audit_frame_put(&out, AUDIT_FRAME_HEAD, bytes_of("xy", 2));
	for (size_t len = 0; len < out.len; len++)
		assert_int_equal(audit_frame_get(&type, &body, bytes_of(out.ptr, len)), ERR_AGAIN);
	assert_int_equal(audit_frame_get(&type, &body, buf_bytes(&out)), ERR_OK);
	assert_true(type == AUDIT_FRAME_HEAD && bytes_eq(body, bytes_of("xy", 2)));
	assert_int_equal(audit_frame_get(&type, &body, bytes_of("H\0\0\2\1", 5)), ERR_MALFORMED);
	assert_int_equal(audit_frame_get(&type, &body, bytes_of("X\0\0\0\0", 5)), ERR_MALFORMED);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_whole_log_has_no_fault),
		fixture_test(every_byte_of_every_entry_counts),
		fixture_test(an_entry_is_dropped),
		fixture_test(an_entry_is_doubled),
		fixture_test(two_entries_are_swapped),
		fixture_test(a_segment_is_removed),
		fixture_test(a_closing_is_forged),
		fixture_test(the_tail_is_cut),
		fixture_test(the_whole_log_goes),
		fixture_test(a_forged_note_says_nothing),
		cmocka_unit_test(frames_are_bounded),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
