/* Two machines of one town hall: what the one has said counts when it is gone. */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/catalog/granting.h"
#include "proto/catalog/revoking.h"
#include "proto/catalog/siblings.h"
#include "proto/membership/nodes.h"
#include "proto/rights/rights.h"
#include "proto/wire/envelope.h"

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };
#define YEAR_MS (INT64_C(365) * DAY_MS)
#define PLAN    "meissen/kita/plan"

static void settle(struct towns *towns)
{
	assert_true(sim_run(&towns->sim, 240000, sim_agree, NULL));
	sim_run(&towns->sim, 5000, NULL, NULL);
}

/* ---- a second machine ---- */

struct ask {
	const char *request;
	uint8_t index;
	struct buf text;
	enum err err;
	char why[WHY_LEN];
};

static void run_offer(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	ask->err = nodes_offer(hub, txn, now_ms, &ask->text, ask->why);
}

static void run_add(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	ask->err =
		nodes_add(hub, txn, now_ms, ask->request, ORGLOG_ROLE_PUBLISH | ORGLOG_ROLE_ADMIN,
			  true, &ask->text, &ask->index, ask->why);
}

static struct sim_node *second(struct towns *towns)
{
	struct ask offer = {0}, add = {0};
	struct buf request;
	buf_init(&offer.text, ENVELOPE_LEN_MAX);
	buf_init(&add.text, ENVELOPE_LEN_MAX);
	buf_init(&request, ENVELOPE_LEN_MAX);
	assert_true(sim_call(towns->a, run_offer, &offer));
	assert_int_equal(offer.err, ERR_OK);
	buf_add_u8(&offer.text, 0);
	struct sim_node *node = sim_add_node(&towns->sim, (const char *)offer.text.ptr, &request);
	buf_add_u8(&request, 0);
	add.request = (const char *)request.ptr;
	assert_true(sim_call(towns->a, run_add, &add));
	assert_int_equal(add.err, ERR_OK);
	assert_int_equal(sim_accept(node, buf_bytes(&add.text)), ERR_OK);
	buf_fini(&offer.text);
	buf_fini(&add.text);
	buf_fini(&request);
	settle(towns);
	return node;
}

/* ---- what people do ---- */

struct give {
	struct grant_terms terms;
	struct digest id;
	enum err err;
	char why[WHY_LEN];
};

static void call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct give *give = arg;
	give->terms.expiry_ms += now_ms;
	give->err = grants_give(hub, txn, &give->terms, &give->id, give->why);
}

static struct digest give(struct sim_node *from, struct sim_node *to, enum verb verb)
{
	struct give c = {.terms = {.prefix = "meissen/kita",
				   .to = to->identity.slug,
				   .verb = verb,
				   .expiry_ms = YEAR_MS}};
	assert_true(sim_call(from, call_give, &c));
	assert_int_equal(c.err, ERR_OK);
	return c.id;
}

static void call_end(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	char name[GRANT_NAME_LEN + 1], why[WHY_LEN];
	const struct revoke_terms terms = {.grant = name};
	struct revocation revocation;
	grant_name(name, arg);
	assert_int_equal(revocation_plan(&revocation, hub, txn, &terms, why), ERR_OK);
	assert_int_equal(revocation_do(&revocation, why), ERR_OK);
	revocation_fini(&revocation);
}

struct slot_look {
	struct digest id;
	bool here, ended;
};

/* What stands in the own slot of a line. */
static void call_slot(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct slot_look *look = arg;
	struct record_slot slot = line_slot(&look->id);
	struct record record;
	struct line line;
	look->here =
		!ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), hub->author, &record);
	look->ended = look->here && !line_get(&line, record.body) && line.verb == VERB_NONE;
}

static struct slot_look own_slot(struct sim_node *node, const struct digest *id)
{
	struct slot_look look = {.id = *id};
	sim_call(node, call_slot, &look);
	return look;
}

static void call_copy(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct sibling_copy *copy = arg;
	char why[WHY_LEN];
	assert_int_equal(siblings_takeover(hub, txn, 0, copy, why), ERR_OK);
	assert_int_equal(siblings_missing(hub, txn, 0, 100), 0);
}

static void call_missing(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	*(uint64_t *)arg = siblings_missing(hub, txn, 0, 100);
}

/* ---- tests ---- */

/* An end is copied unasked, and what gives is not. */
static void an_end_is_said_by_both(void **state)
{
	struct towns *towns = towns_open(1, 2);
	struct sim_node *other = second(towns);
	struct digest id = give(towns->a, towns->b, VERB_READ);
	settle(towns);
	assert_false(own_slot(other, &id).here);
	assert_true(sim_call(towns->a, call_end, &id));
	settle(towns);
	assert_true(own_slot(other, &id).ended);
	towns_close(towns);
}

/* The other one was away while it ended: it copies the end when it is back. */
static void an_end_is_copied_after_a_month(void **state)
{
	struct towns *towns = towns_open(2, 2);
	struct sim_node *other = second(towns);
	struct digest id = give(towns->a, towns->b, VERB_READ);
	settle(towns);
	sim_stop(other);
	assert_true(sim_call(towns->a, call_end, &id));
	sim_run(&towns->sim, 60000, NULL, NULL);
	sim_start(other);
	settle(towns);
	assert_true(own_slot(other, &id).ended);
	towns_close(towns);
}

/* All that counts of a machine is taken over before it goes. */
static void a_machine_is_taken_over(void **state)
{
	struct towns *towns = towns_open(3, 2);
	struct sim_node *other = second(towns);
	struct digest id = give(towns->a, towns->b, VERB_READ);
	struct buf content = sim_content(1, 50000);
	struct sibling_copy copy = {0};
	uint64_t missing = 0;
	assert_int_equal(sim_publish(towns->a, PLAN, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	settle(towns);
	sim_call(other, call_missing, &missing);
	assert_true(missing > 0);
	assert_true(sim_call(other, call_copy, &copy));
	assert_true(copy.copied > 0);
	assert_false(copy.more);
	settle(towns);
	assert_true(own_slot(other, &id).here);
	/* Once more there is nothing to do. */
	copy = (struct sibling_copy){0};
	assert_true(sim_call(other, call_copy, &copy));
	assert_int_equal(copy.copied, 0);
	buf_fini(&content);
	towns_close(towns);
}

/* ---- nodes that go ---- */

struct goes {
	uint8_t index;
	bool lost;
	enum err err;
	char why[WHY_LEN];
};

static void call_goes(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct goes *goes = arg;
	goes->err = nodes_retire(hub, txn, now_ms, goes->index, goes->lost, goes->why);
}

struct right_look {
	struct org_id org;
	enum verb verb;
};

static void call_right(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct right_look *look = arg;
	look->verb = rights_of(hub, txn, &look->org, bytes_str(PLAN));
}

static enum verb right_at(struct sim_node *node, struct org_id of)
{
	struct right_look look = {.org = of};
	sim_call(node, call_right, &look);
	return look.verb;
}

/*
 * The other machine ends a grant that the first one gave, and only Radebeul hears of it. The first
 * one puts it out meanwhile, which only Malwine hears of; then Radebeul comes back, and the machine
 * that is out does not. So the one half has the records first and the other the log entry.
 */
static void an_end_outlives_who_said_it(void **state)
{
	for (int lost = 0; lost < 2; lost++) {
		struct towns *towns = towns_open(4 + (uint64_t)lost, 3);
		struct sim_node *other = second(towns);
		struct digest id = give(other, towns->b, VERB_READ);
		const struct org_id org = towns->b->identity.org;
		struct goes goes = {.index = 1, .lost = lost};
		settle(towns);
		assert_int_equal(right_at(towns->a, org), VERB_READ);
		sim_stop(towns->a);
		sim_stop(towns->m);
		assert_true(sim_call(other, call_end, &id));
		sim_run(&towns->sim, 60000, NULL, NULL);
		assert_int_equal(right_at(towns->b, org), VERB_NONE);
		sim_stop(other);
		sim_stop(towns->b);
		sim_start(towns->a);
		sim_start(towns->m);
		settle(towns);
		assert_int_equal(right_at(towns->m, org), VERB_READ);
		assert_true(sim_call(towns->a, call_goes, &goes));
		assert_int_equal(goes.err, ERR_OK);
		settle(towns);
		assert_false(own_slot(towns->a, &id).here);
		sim_start(towns->b);
		settle(towns);
		assert_true(own_slot(towns->a, &id).ended);
		for (int days = 0; days < 2 - lost; days++) {
			assert_int_equal(right_at(towns->a, org), VERB_NONE);
			assert_int_equal(right_at(towns->b, org), VERB_NONE);
			assert_int_equal(right_at(towns->m, org), VERB_NONE);
			sim_run(&towns->sim, 28 * HOUR_MS, NULL, NULL);
		}
		towns_close(towns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_is_said_by_both),
		cmocka_unit_test(an_end_is_copied_after_a_month),
		cmocka_unit_test(a_machine_is_taken_over),
		cmocka_unit_test(an_end_outlives_who_said_it),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("siblings", tests, NULL, NULL);
}
