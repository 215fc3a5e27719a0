/*
 * Rights among whole nodes: people give and end them at random, and afterwards all nodes say the
 * same of everybody.
 */
#include "test/sim/sim_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "proto/catalog/granting.h"
#include "proto/catalog/revoking.h"
#include "proto/rights/rights.h"
#include "proto/rights/table.h"
#include "proto/rights/world.h"

/* ---- what people do ---- */

struct act {
	struct sim *sim;
	uint64_t dice;
};

static uint64_t roll(struct act *act, uint64_t count)
{
	/* A step of a generator is enough: what matters is that the seed decides. */
	act->dice = act->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (act->dice >> 33) % count;
}

static const char *somebody(struct act *act)
{
	return act->sim->nodes[roll(act, act->sim->node_count)]->identity.slug;
}

static void somewhere(struct act *act, char *path, size_t size)
{
	static const char *const folders[] = {"", "/kita", "/kita/plaetze", "/bau"};

	snprintf(path, size, "%s%s", somebody(act), folders[roll(act, 4)]);
}

/* In a foreign namespace it rests on what this organisation was given, or is refused. */
static void act_give(struct act *act, struct hub *hub, struct txn *txn)
{
	struct grant_terms terms = {.to = somebody(act),
				    .verb = (enum verb)(1 + roll(act, 4)),
				    .depth = (uint32_t)roll(act, 4),
				    .keep = KEEPING_CURRENT,
				    .again = roll(act, 2) == 0};
	char path[128], why[WHY_LEN];
	struct digest id;

	if (roll(act, 2))
		somewhere(act, path, sizeof(path));
	else
		snprintf(path, sizeof(path), "%s/kita", hub->options.identity->slug);
	terms.prefix = path;
	if (roll(act, 4) == 0)
		terms.expiry_ms = hub->judge_ms + 60000 + (int64_t)roll(act, 3600000);
	grants_give(hub, txn, &terms, &id, why);
}

static void act_end(struct act *act, struct hub *hub, struct txn *txn)
{
	struct revoke_terms terms = {.from = somebody(act)};
	struct revocation revocation;
	char path[128], why[WHY_LEN];
	size_t count;

	somewhere(act, path, sizeof(path));
	if (roll(act, 2))
		terms.below = path;
	if (roll(act, 4) == 0) {
		revocation_lift(hub, txn, terms.from, terms.below, true, &count, why);
		return;
	}
	if (!revocation_plan(&revocation, hub, txn, &terms, why))
		revocation_do(&revocation, why);
	revocation_fini(&revocation);
}

static void call_act(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct act *act = arg;

	if (!hub->author)
		return;
	(roll(act, 3) ? act_give : act_end)(act, hub, txn);
}

void sim_rights_act(struct sim_node *node, uint64_t dice)
{
	struct act act = {node->sim, dice};

	if (node->hub)
		sim_call(node, call_act, &act);
}

/* ---- what must hold ---- */

struct told {
	int64_t at_ms; /* the same for all, whatever their clocks show */
	uint8_t digest[ID_LEN];
	uint64_t rows, faults;
	bool due;
};

/* The rows are what the records say; and the digest of all rights that are good now. */
static void call_told(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct told *told = arg;
	struct row_key at = {.len = 0};
	struct hash hash;
	struct world world;
	uint64_t lines = UINT64_MAX;

	world_begin(&world, hub, txn);
	*told = (struct told){.at_ms = told->at_ms, .due = hub->rights->due};
	if (!told->due)
		table_recount(hub, txn, &at, &lines, &told->faults);
	hash_init(&hash, "test.rights", NULL, ID_LEN);
	for (uint32_t i = 0; i < hub->charter.member_count; i++) {
		struct table_walk walk = table_walk(hub, txn, hub->charter.members[i].number, NULL);
		struct verdict verdict;
		bool good;
		while (table_walk_next(&walk, &verdict, &good)) {
			struct digest id = verdict.chain[verdict.count - 1];
			if (!verdict_of(&world.facts, &id, told->at_ms, &verdict))
				continue;
			hash_add(&hash, id_bytes(&id));
			hash_add(&hash, id_bytes(&verdict.org));
			hash_add(&hash, verdict.prefix);
			hash_add_be64(&hash, (uint64_t)verdict.verb << 32 | verdict.depth_left);
			told->rows++;
		}
	}
	hash_done(&hash, told->digest, ID_LEN);
}

uint64_t sim_rights_same(struct sim *sim)
{
	struct told first = {.rows = UINT64_MAX}, told = {.at_ms = sim->epoch_ms + sim->now_ms};

	for (unsigned i = 0; i < sim->node_count; i++) {
		struct sim_node *node = sim->nodes[i];
		if (!node->hub || !node->hub->author)
			continue;
		assert_true(sim_call(node, call_told, &told));
		assert_false(told.due);
		assert_int_equal(told.faults, 0);
		if (first.rows == UINT64_MAX)
			first = told;
		assert_int_equal(told.rows, first.rows);
		assert_memory_equal(told.digest, first.digest, ID_LEN);
	}
	return first.rows;
}
