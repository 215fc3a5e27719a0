/*
 * What the end of one right costs where many read and there are many epochs: records, bytes in
 * every store, and time, against what was calculated; and that death in between does no harm.
 * test-proto-epoch-many READERS EPOCHS
 */
#include "proto/rights/epochs.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/ledger/keywrap.h"
#include "proto/ledger/line.h"
#include "proto/rights/rights.h"
#include "test/proto/made.h"

enum { OWNER = 1, LEAVER = 2, FIRST = 3, TURNS_MAX = 1000 };
#define TOP "gemeinde-1"
/* What a key record, a wrap and a line take, with a path of 32 bytes. */
enum { KEY_BYTES = 643, WRAP_BYTES = 338, LINE_BYTES = 270 };
/* And what curves and signatures take on one core. */
#define WRAP_S 113e-6
#define SIGN_S 34e-6

/* The readers are at `paths` below the slug, or all at the slug, when there are none. */
struct crowd {
	unsigned reader_count, epoch_count;
	struct test_federation fed;
	struct hub_node node;
	struct test_org *others; /* members behind those of the federation */
	unsigned other_count;
	struct gift leaver;
};

static unsigned readers_wanted, epochs_wanted; /* 0: a few */

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void line_come(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	if (arrival->record.kind == RECORD_LINE)
		rights_arrival(hub, txn, &arrival->record);
}

/* One turn. False: there is nothing more to be done. */
static bool turn(struct hub_node *node)
{
	rights_settle(&node->hub, node->txn);
	epochs_settle(&node->hub, node->txn);
	return epochs_wake(&node->hub) <= hub_node_mono(node);
}

/* The turns that it takes until there is nothing to be done, and the longest of them. */
static unsigned settle(struct hub_node *node, double *longest_s)
{
	unsigned turns = 0;
	bool more = true;
	*longest_s = 0;
	while (more) {
		hub_node_turn(node);
		double begin_s = now_s();
		more = turn(node);
		double took_s = now_s() - begin_s;
		*longest_s = took_s > *longest_s ? took_s : *longest_s;
		assert_true(++turns < TURNS_MAX);
	}
	return turns;
}

static void state_of(struct hub_node *node, struct author_state *out)
{
	assert_int_equal(ledger_state(&node->hub.ledger, node->txn, author_of(OWNER, 0), out),
			 ERR_OK);
}

/* The bytes of the owner's records from this sequence on. */
static uint64_t bytes_since(struct hub_node *node, uint64_t sequence)
{
	struct row_key all = key_author_incarnation(author_of(OWNER, 0), 1);
	struct walk walk = walk_begin(node->txn, TABLE_RECORD, row_key_bytes(&all));
	struct record record;
	uint64_t bytes = 0;
	while (walk_next(&walk))
		if (!record_decode(&record, walk.value) && record.sequence > sequence)
			bytes += walk.value.len;
	return bytes;
}

/* ---- many readers ---- */

/* More members than a federation of tests begins with. */
static void others_admit(struct crowd *c, unsigned count)
{
	enum { AT_ONCE = 100 };
	struct charter_change changes[AT_ONCE];
	struct hub_node *node = &c->node;
	c->others = mem_new(count + 1, sizeof(*c->others));
	for (unsigned from = 0; from < count; from = c->other_count) {
		for (unsigned i = 0; i < AT_ONCE && from + i < count; i++) {
			const unsigned number = TEST_ORG_COUNT_MAX + 1 + from + i;
			struct test_org *org = &c->others[from + i];
			test_org_init(org, number);
			test_admit(&changes[i], org, number);
			assert_int_equal(
				orglog_accept(node->txn, &org->id, buf_bytes(&org->entry), NULL),
				ERR_OK);
			c->other_count++;
		}
		made_charter(node, &c->fed, changes, c->other_count - from);
	}
}

static void line_given(struct crowd *c, unsigned to, const char *prefix)
{
	const struct test_org *org = to <= TEST_ORG_COUNT_MAX
					     ? &c->fed.orgs[to - 1]
					     : &c->others[to - TEST_ORG_COUNT_MAX - 1];
	struct line line = {.issuer = OWNER,
			    .audience = to,
			    .org = org->id,
			    .prefix = bytes_str(prefix),
			    .round = 1,
			    .verb = VERB_READ,
			    .not_before_ms = TEST_TIME_MS,
			    .expiry_ms = TEST_TIME_MS + INT64_C(30) * 24 * 3600 * 1000,
			    .depth = 1,
			    .widest = LINE_TIER_USUAL,
			    .keep = KEEPING_CURRENT};
	struct digest id;
	struct buf body;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, &line);
	line_id(&id, &line);
	assert_int_equal(made_record(&c->node, &c->fed, OWNER, RECORD_LINE, line_slot(&id),
				     buf_bytes(&body), line_come),
			 ERR_OK);
	buf_fini(&body);
}

static struct crowd *crowd_open(unsigned reader_count, unsigned epoch_count)
{
	struct crowd *c = mem_new(1, sizeof(*c));
	const unsigned paths = epoch_count - 1, members = TEST_ORG_COUNT_MAX - FIRST + 1;
	double longest_s;
	char path[64];
	c->reader_count = reader_count;
	c->epoch_count = epoch_count;
	test_federation_init(&c->fed, TEST_ORG_COUNT_MAX, 1, 1);
	hub_node_open(&c->node, &c->fed, &c->fed.orgs[OWNER - 1]);
	hub_node_machines(&c->node);
	if (paths == 0 && reader_count > members)
		others_admit(c, reader_count - members);
	c->leaver = (struct gift){.from = OWNER, .to = LEAVER, .prefix = TOP};
	gift_made(&c->leaver, &c->node, &c->fed, line_come);
	for (unsigned i = 0; i < reader_count; i++) {
		snprintf(path, sizeof(path), TOP "/verwaltung/ordner%04u", paths ? i % paths : 0);
		line_given(c, FIRST + (paths ? i / paths % members : i), paths ? path : TOP);
	}
	settle(&c->node, &longest_s);
	return c;
}

static void crowd_close(struct crowd *c)
{
	hub_node_close(&c->node);
	test_federation_fini(&c->fed);
	for (unsigned i = 0; i < c->other_count; i++)
		test_org_fini(&c->others[i]);
	free(c->others);
	free(c);
}

static void leaver_ends(struct crowd *c)
{
	c->leaver.ended = true;
	c->leaver.round = 2;
	gift_made(&c->leaver, &c->node, &c->fed, line_come);
}

/* ---- what it costs ---- */

/* Times depend on the machine: they are shown, and bytes and records compared. */
static void costs_compare(unsigned reader_count, unsigned epoch_count)
{
	struct crowd *c = crowd_open(reader_count, epoch_count);
	struct hub_node *node = &c->node;
	struct author_state before, after;
	struct epochs_made made;
	struct epochs_cost cost;
	double longest_s;
	state_of(node, &before);
	epochs_cost(&node->hub, node->txn, &c->fed.orgs[LEAVER - 1].id, bytes_str(TOP), &cost);
	double begin_s = now_s();
	leaver_ends(c);
	assert_int_equal(epochs_urgent_now(&node->hub, node->txn, &made), ERR_OK);
	double step_s = now_s() - begin_s;
	unsigned turns = settle(node, &longest_s);
	double took_s = now_s() - begin_s;
	state_of(node, &after);
	const unsigned calculated = reader_count + epoch_count + 1;
	uint64_t records = after.sequence - before.sequence;
	uint64_t bytes = bytes_since(node, before.sequence);
	uint64_t bytes_calculated =
		epoch_count * KEY_BYTES + reader_count * WRAP_BYTES + LINE_BYTES;
	printf("%u readers, %u epochs: %llu records (%u), %.0f KB (%.0f KB), %.3f s (%.3f s for "
	       "curves and signatures), of that step 1 %.3f s, %u turns, the longest %.3f s\n",
	       reader_count, epoch_count, (unsigned long long)records, calculated,
	       (double)bytes / 1000, (double)bytes_calculated / 1000, took_s,
	       (2 * epoch_count + reader_count) * WRAP_S + calculated * SIGN_S, step_s, turns,
	       longest_s);
	assert_int_equal(made.count, epoch_count);
	assert_int_equal(cost.epochs, epoch_count);
	assert_int_equal(cost.wraps, reader_count);
	assert_int_equal(records, calculated);
	assert_in_range(bytes, bytes_calculated * 9 / 10, bytes_calculated * 11 / 10);
	/* Each epoch's record grows with what lies above, nothing with readers times epochs. */
	assert_true(turns <= reader_count / 128 + epoch_count / 64 + 4);
	crowd_close(c);
}

static void the_end_of_one_right_among_many(void **state)
{
	(void)state;
	if (readers_wanted) {
		costs_compare(readers_wanted, epochs_wanted);
		return;
	}
	costs_compare(99, 21);
	costs_compare(60, 1);
}

/* ---- death in between ---- */

/* The wraps of the latest epochs that the owner has made, and of what is older. */
static unsigned wraps_count(struct crowd *c, unsigned *older)
{
	static const uint8_t kind[1] = {RECORD_WRAP};
	struct hub_node *node = &c->node;
	struct ledger_slots slots = ledger_slots(&node->hub.ledger, node->txn, bytes_obj(&kind));
	struct record record;
	struct keywrap wrap;
	unsigned latest = 0;
	*older = 0;
	while (ledger_slots_next(&slots, &record)) {
		assert_int_equal(keywrap_get(&wrap, record.body), ERR_OK);
		if (wrap.prefix.len == 0)
			continue;
		assert_true(wrap.number <= 2);
		latest += wrap.number == 2;
		*older += wrap.number != 2;
	}
	return latest;
}

/* What is due in the turn of the end, and what follows it in a later one. False: no more is due. */
static bool step_take(struct crowd *c, unsigned step)
{
	struct epochs_made made;
	if (step > 0)
		return turn(&c->node);
	epochs_urgent_now(&c->node.hub, c->node.txn, &made);
	return true;
}

/*
 * 1,000 readers stay. At points spread over all steps the process dies twice in a row, once at a
 * store call in the middle of the turn and once at its end, and goes on for some turns: each step
 * is all or nothing, and what is there in the end is there once.
 */
static void death_at_each_step_does_no_harm(void **state)
{
	enum { READERS = 1000, PATHS = 27, EPOCHS = PATHS + 1, CALLS = 2000 };
	struct crowd *c = crowd_open(READERS, EPOCHS);
	struct hub_node *node = &c->node;
	const struct gift leaver = c->leaver;
	struct author_state before, after;
	struct random random = random_seeded(32);
	unsigned step = 0, struck = 0, older;
	bool more = true;
	(void)state;
	hub_node_turn(node);
	state_of(node, &before);
	for (; more; step++) {
		for (unsigned death = 0; death < 2; death++) {
			c->leaver = leaver;
			if (step == 0)
				leaver_ends(c);
			if (death == 0)
				db_fault_at(node->db, 1 + random_below(&random, CALLS), ERR_IO);
			step_take(c, step);
			struck += db_fault_struck(node->db);
			hub_node_die(node);
			assert_true(step > 0 || wraps_count(c, &older) == 0);
		}
		if (step == 0)
			leaver_ends(c);
		for (unsigned i = 0; more && i <= step; i++) {
			more = step_take(c, step);
			hub_node_turn(node);
		}
		assert_true(step < TURNS_MAX);
	}
	state_of(node, &after);
	assert_true(step > 4 && struck > step / 2);
	assert_int_equal(wraps_count(c, &older), READERS);
	assert_int_equal(older, 0);
	assert_int_equal(after.sequence - before.sequence, READERS + EPOCHS + 1);
	crowd_close(c);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_of_one_right_among_many),
		cmocka_unit_test(death_at_each_step_does_no_harm),
	};
	if (argc == 3) {
		readers_wanted = (unsigned)strtoul(argv[1], NULL, 10);
		epochs_wanted = (unsigned)strtoul(argv[2], NULL, 10);
	}
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
