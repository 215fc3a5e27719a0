/*
 * Any order: what gives somebody a right to read travels in pieces (a line, a key record, a wrap, a
 * version), and comes to the reader piece by piece, in every order. When all is there it reads,
 * within seconds: whoever needs several looks again when any of them comes.
 *
 * All orders, and so many by lot of fewer pieces, what is not held back coming as it comes. ORDERS
 * from the environment: how many.
 */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/catalog/granting.h"
#include "proto/hub/hub.h"
#include "proto/ledger/record.h"

#define KITA "meissen/kita/plaetze"
enum {
	READ_MS = 10000, /* from the last piece on */
	YEAR_DAYS = 365,
	ORDERS_EVERY_DAY = 40,
};

/* ---- what comes through ---- */

enum part { PIECE_LINE, PIECE_KEY, PIECE_WRAP, PIECE_VERSION, PIECE_COUNT };

struct sluice {
	struct sim_node *to; /* for whom some pieces do not come through */
	bool open[PIECE_COUNT];
	unsigned kept_back;
};

static enum part piece_of(uint64_t kind)
{
	switch (kind) {
	case RECORD_LINE:
		return PIECE_LINE;
	case RECORD_KEY:
		return PIECE_KEY;
	case RECORD_WRAP:
		return PIECE_WRAP;
	case RECORD_VERSION:
		return PIECE_VERSION;
	default:
		return PIECE_COUNT;
	}
}

static bool is_to(const struct sim_node *from, uint64_t link, const struct sim_node *to)
{
	for (size_t i = 0; i < from->hub->peers.count; i++) {
		const struct peer *peer = from->hub->peers.items[i];
		if (peer->link == link)
			return id_eq(&peer->org, &to->identity.org);
	}
	return false;
}

static bool passes(const struct sluice *sluice, struct bytes whole)
{
	struct record record;

	if (record_decode(&record, whole))
		return true;
	enum part piece = piece_of(record.kind);
	return piece == PIECE_COUNT || sluice->open[piece];
}

/* Takes out of a message what may not come through yet. */
static bool hold(struct sim_node *node, struct effect *effect, void *arg)
{
	struct sluice *sluice = arg;
	struct message m;
	struct bytes whole;

	if (effect->type != EFFECT_SEND || !is_to(node, effect->link, sluice->to) ||
	    message_decode(&m, buf_bytes(&effect->bytes)))
		return true;
	if (m.type != MESSAGE_RECORDS)
		return true;
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	unsigned kept_back = 0;
	while (message_next_bin(&m, &whole)) {
		if (passes(sluice, whole))
			message_list_bin(&list, whole);
		else
			kept_back++;
	}
	struct buf rest;
	buf_init(&rest, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &rest);
	buf_fini(&effect->bytes);
	effect->bytes = rest;
	sluice->kept_back += kept_back;
	return true;
}

/* ---- one order ---- */

struct give {
	struct grant_terms terms;
	struct digest token;
	enum err err;
	char why[WHY_LEN];
};

static void call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct give *give = arg;
	give->terms.expiry_ms = now_ms + YEAR_DAYS * INT64_C(86400000);
	give->err = grants_give(hub, txn, &give->terms, &give->token, give->why);
}

static bool reads(struct sim *sim, void *node)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	enum err err = sim_read(node, KITA, 1, &out);
	buf_fini(&out);
	return !err;
}

/* Another piece comes through, with what was there already: both compare anew. */
static void piece_open(struct towns *towns, struct sluice *sluice, enum part piece)
{
	sluice->open[piece] = true;
	sim_cut(sluice->to, false);
	sim_run(&towns->sim, 3000, NULL, NULL);
}

static void order_try(uint64_t seed, const enum part *order, unsigned count)
{
	struct towns *towns = towns_open(seed, 3);
	struct sluice sluice = {.to = towns->b};
	struct buf content = sim_content(seed, 2000);
	struct give give = {.terms = {.prefix = KITA, .to = "radebeul", .verb = VERB_READ}};

	for (unsigned i = 0; i < PIECE_COUNT; i++)
		sluice.open[i] = true;
	for (unsigned i = 0; i < count; i++)
		sluice.open[order[i]] = false;
	towns->a->spoil = towns->m->spoil = hold;
	towns->a->spoil_arg = towns->m->spoil_arg = &sluice;
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	assert_int_equal(sim_publish(towns->a, KITA, TIER_GRANTED, buf_bytes(&content)), ERR_OK);
	assert_true(sim_call(towns->a, call_give, &give));
	assert_int_equal(give.err, ERR_OK);
	sim_run(&towns->sim, 3000, NULL, NULL);
	assert_false(reads(&towns->sim, towns->b));
	for (unsigned i = 0; i + 1 < count; i++)
		piece_open(towns, &sluice, order[i]);
	assert_false(reads(&towns->sim, towns->b));
	assert_true(sluice.kept_back > 0);
	sluice.open[order[count - 1]] = true;
	sim_cut(towns->b, false);
	if (!sim_run(&towns->sim, READ_MS, reads, towns->b)) {
		for (unsigned i = 0; i < count; i++)
			print_error("piece %u comes as number %u\n", order[i], i + 1);
		fail_msg("it does not read %d ms after the last piece, seed %llu", READ_MS,
			 (unsigned long long)seed);
	}
	buf_fini(&content);
	towns_close(towns);
}

static void swap(enum part *a, enum part *b)
{
	enum part c = *a;
	*a = *b;
	*b = c;
}

static unsigned each_order(enum part *order, unsigned fixed, unsigned count, uint64_t *seed)
{
	unsigned tried = 0;

	if (fixed + 1 == count) {
		order_try(++*seed, order, count);
		return 1;
	}
	for (unsigned i = fixed; i < count; i++) {
		swap(&order[fixed], &order[i]);
		tried += each_order(order, fixed + 1, count, seed);
		swap(&order[fixed], &order[i]);
	}
	return tried;
}

/* ---- tests ---- */

static void records_come_in_every_order(void **state)
{
	enum part order[] = {PIECE_LINE, PIECE_KEY, PIECE_WRAP, PIECE_VERSION};
	uint64_t seed = 0;

	assert_int_equal(each_order(order, 0, PIECE_COUNT, &seed), 24);
}

/* Pairs and threes: what is not held back comes as it comes. */
static void some_come_late(void **state)
{
	struct random random = random_seeded(7);
	const char *text = getenv("ORDERS");
	const unsigned orders = text ? (unsigned)strtoul(text, NULL, 10) : ORDERS_EVERY_DAY;

	for (unsigned i = 0; i < orders; i++) {
		enum part order[] = {PIECE_LINE, PIECE_KEY, PIECE_WRAP, PIECE_VERSION};
		for (unsigned k = 0; k < PIECE_COUNT; k++)
			swap(&order[k], &order[k + random_below(&random, PIECE_COUNT - k)]);
		order_try(1000 + i, order, 1 + (unsigned)random_below(&random, PIECE_COUNT));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_in_every_order),
		cmocka_unit_test(some_come_late),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
