/*
 * What the end of one right costs where many read and there are many epochs: records, bytes in
 * every store, and time, against what was calculated. test-proto-epoch-many READERS EPOCHS
 */
#include "proto/rights/epochs.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/rights/rights.h"
#include "test/proto/made.h"

enum { OWNER = 1, LEAVER = 2, FIRST = 3, TURNS_MAX = 1000 };
#define TOP "gemeinde-1"
/* What a key record, a wrap and a line take, with a path of 32 bytes. */
enum { KEY_BYTES = 643, WRAP_BYTES = 338, LINE_BYTES = 270 };

static unsigned reader_count = 99, epoch_count = 21;

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	if (arrival->record.kind == RECORD_LINE)
		rights_arrival(hub, txn, &arrival->record);
}

/* The turns that it takes until there is nothing to be done, and the longest of them. */
static unsigned settle(struct hub_node *node, double *longest_s)
{
	unsigned turns = 0;
	*longest_s = 0;
	do {
		hub_node_turn(node);
		double begin_s = now_s();
		rights_settle(&node->hub, node->txn);
		epochs_settle(&node->hub, node->txn);
		double took_s = now_s() - begin_s;
		*longest_s = took_s > *longest_s ? took_s : *longest_s;
	} while (epochs_wake(&node->hub) <= hub_node_mono(node) && ++turns < TURNS_MAX);
	assert_true(turns < TURNS_MAX);
	return turns;
}

static void state_of(struct hub_node *node, struct author_state *out)
{
	assert_int_equal(ledger_state(&node->hub.ledger, node->txn, author_of(OWNER, 0), out),
			 ERR_OK);
}

static void the_end_of_one_right_among_many(void **state)
{
	struct test_federation *fed = mem_new(1, sizeof(*fed));
	struct hub_node *node = mem_new(1, sizeof(*node));
	struct author_state before, after;
	struct epochs_made made;
	struct epochs_cost cost;
	double longest_s;
	char path[64];
	(void)state;
	test_federation_init(fed, TEST_ORG_COUNT_MAX, 1, 1);
	hub_node_open(node, fed, &fed->orgs[OWNER - 1]);
	hub_node_machines(node);
	struct gift leaver = {.from = OWNER, .to = LEAVER, .prefix = TOP};
	gift_made(&leaver, node, fed, take);
	for (unsigned i = 0; i < reader_count; i++) {
		snprintf(path, sizeof(path), TOP "/verwaltung/ordner-%06u", i % (epoch_count - 1));
		struct gift gift = {.from = OWNER,
				    .to = FIRST +
					  i / (epoch_count - 1) % (TEST_ORG_COUNT_MAX - FIRST + 1),
				    .prefix = path};
		gift_made(&gift, node, fed, take);
	}
	settle(node, &longest_s);
	state_of(node, &before);
	epochs_cost(&node->hub, node->txn, &fed->orgs[LEAVER - 1].id, bytes_str(TOP), &cost);
	double begin_s = now_s();
	leaver.ended = true;
	leaver.round = 2;
	gift_made(&leaver, node, fed, take);
	assert_int_equal(epochs_urgent_now(&node->hub, node->txn, &made), ERR_OK);
	double step_s = now_s() - begin_s;
	unsigned turns = settle(node, &longest_s);
	double took_s = now_s() - begin_s;
	state_of(node, &after);
	uint64_t records = after.sequence - before.sequence;
	double calculated = epoch_count * KEY_BYTES + reader_count * WRAP_BYTES + LINE_BYTES;
	printf("%u readers, %u epochs: %llu records (%u), %.0f KB in keys and wraps (calculated "
	       "%.0f), %.3f s (step 1: %.3f s), %u turns, the longest %.3f s\n",
	       reader_count, epoch_count, (unsigned long long)records,
	       reader_count + epoch_count + 1, (double)cost.bytes / 1000, calculated / 1000, took_s,
	       step_s, turns, longest_s);
	assert_int_equal(made.count, epoch_count);
	assert_int_equal(cost.epochs, epoch_count);
	assert_int_equal(cost.wraps, reader_count);
	assert_int_equal(records, reader_count + epoch_count + 1);
	/* Each epoch's record grows with what lies above, nothing with readers times epochs. */
	assert_true(turns <= reader_count / 128 + epoch_count / 64 + 4);
	hub_node_close(node);
	test_federation_fini(fed);
	free(node);
	free(fed);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_of_one_right_among_many),
	};
	if (argc == 3) {
		reader_count = (unsigned)strtoul(argv[1], NULL, 10);
		epoch_count = (unsigned)strtoul(argv[2], NULL, 10);
	}
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
