/*
 * Two machines with one key: somebody copies the machine of a node, and both run. Whatever each of
 * them acknowledges, in whatever order they are linked, cut off, killed and confirmed, is there for
 * all when one of them is switched off: what the other one has acknowledged always, and what the
 * one that is gone has acknowledged when somebody had it.
 *
 * Arguments: the first seed, and how many.
 */
#include "test/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/catalog/granting.h"
#include "proto/catalog/revoking.h"
#include "proto/hub/hub.h"
#include "proto/rights/rights.h"

enum { OTHERS = 3, DATASETS = 3, SAID_MAX = 64, NUMBER_MAX = 80 };

struct said { /* a publication that was acknowledged */
	struct sim_node *by;
	const char *path;
	uint64_t content; /* seed */
	bool promised;
};

struct pair {
	struct sim sim;
	struct random random;
	uint64_t seed;
	struct sim_node *others[OTHERS];
	struct sim_node *machines[2]; /* with one key */
	struct said said[SAID_MAX];
	size_t said_count;
};

static uint64_t dice(struct pair *t, uint64_t below)
{
	return random_below(&t->random, below);
}

static void pass(struct pair *t, int64_t ms)
{
	sim_run(&t->sim, ms, NULL, NULL);
}

/* ---- what people do ---- */

static void publish(struct pair *t, struct sim_node *node)
{
	static const char *const paths[DATASETS] = {"riesa/eins", "riesa/zwei", "riesa/drei"};
	struct said *said = &t->said[t->said_count];
	*said = (struct said){.by = node,
			      .path = paths[dice(t, DATASETS)],
			      .content = t->seed * 1000 + t->said_count};
	struct buf content = sim_content(said->content, 100 + dice(t, 2000));
	struct sim_publication p = {.node = node,
				    .options = {.path = said->path,
						.has_tier = true,
						.tier = TIER_MEMBERS,
						.allow_shrink = true},
				    .content = buf_bytes(&content)};
	if (!sim_publish_all(&p) && p.outcome == PUBLISH_MADE)
		t->said_count++;
	buf_fini(&content);
}

static void restart(struct pair *t, struct sim_node *node)
{
	sim_stop(node);
	pass(t, (int64_t)dice(t, 5000));
	sim_start(node);
}

static void confirm(struct sim_node *node)
{
	if (node->hub->signing != SIGNING_YES)
		sim_confirm(node);
}

static void act(struct pair *t)
{
	struct sim_node *node = t->machines[dice(t, 2)];
	switch (dice(t, 12)) {
	case 0:
		sim_cut(node, true);
		break;
	case 1:
	case 2:
		sim_cut(node, false);
		break;
	case 3:
		restart(t, node);
		break;
	case 4:
		confirm(node);
		break;
	default:
		if (t->said_count < SAID_MAX)
			publish(t, node);
	}
	pass(t, (int64_t)(dice(t, 4) ? dice(t, 3000) : dice(t, 40000)));
}

/* ---- what is there ---- */

static bool has(struct sim_node *node, const struct said *said, uint64_t number)
{
	struct buf got, content = sim_content(said->content, 100);
	buf_init(&got, 1024 * 1024);
	/* The beginning tells which it is; what is read is whole. */
	bool same = !sim_read(node, said->path, number, &got) && got.len >= 100 &&
		    memcmp(got.ptr, content.ptr, 100) == 0;
	buf_fini(&got);
	buf_fini(&content);
	return same;
}

static bool has_any(struct sim_node *node, const struct said *said)
{
	for (uint64_t number = 1; number <= NUMBER_MAX; number++)
		if (has(node, said, number))
			return true;
	return false;
}

static void want_all(struct sim_node *node, const char *path)
{
	for (uint64_t number = 1; number <= NUMBER_MAX; number++)
		sim_want(node, path, number);
}

static bool one_has(struct pair *t, const struct said *said)
{
	for (unsigned i = 0; i < OTHERS; i++)
		if (has_any(t->others[i], said))
			return true;
	return false;
}

/* All nodes that run have all that is promised; for what is not current they ask. */
static bool all_have(struct sim *sim, void *arg)
{
	struct pair *t = arg;
	bool whole = true;
	for (size_t i = 0; i < t->said_count; i++)
		for (unsigned n = 0; n < sim->node_count && t->said[i].promised; n++)
			if (sim->nodes[n]->core && !has_any(sim->nodes[n], &t->said[i])) {
				want_all(sim->nodes[n], t->said[i].path);
				whole = false;
			}
	return whole;
}

static void missing_print(struct pair *t)
{
	for (size_t i = 0; i < t->said_count; i++)
		for (unsigned n = 0; n < t->sim.node_count && t->said[i].promised; n++)
			if (t->sim.nodes[n]->core && !has_any(t->sim.nodes[n], &t->said[i]))
				print_error("seed %llu: publication %zu, %s of machine %d, is "
					    "missing at node %u\n",
					    (unsigned long long)t->seed, i, t->said[i].path,
					    t->said[i].by == t->machines[1], n);
}

/* ---- a run ---- */

static void begin(struct pair *t, uint64_t seed)
{
	static const char *const slugs[OTHERS + 1] = {"meissen", "nossen", "coswig", "riesa"};
	static const char *const ags[OTHERS + 1] = {"14627140", "14627180", "14627050", "14627230"};
	struct sim_node *node[OTHERS + 1];
	*t = (struct pair){.seed = seed, .random = random_seeded(seed)};
	sim_init(&t->sim, seed);
	for (unsigned i = 0; i <= OTHERS; i++) {
		node[i] = sim_add(&t->sim, slugs[i], slugs[i], ags[i]);
		if (i == 0)
			assert_int_equal(sim_found(node[0], "Landkreis Meißen"), ERR_OK);
		else
			sim_join(node[0], node[i]);
		assert_true(sim_run(&t->sim, 60000, sim_agree, NULL));
		assert_int_equal(sim_subscribe(node[i], "**"), ERR_OK);
		if (i < OTHERS)
			t->others[i] = node[i];
	}
	t->machines[0] = node[OTHERS];
	for (unsigned i = 0; i < 3; i++)
		publish(t, t->machines[0]);
	for (size_t i = 0; i < t->said_count; i++)
		t->said[i].by = NULL; /* before there were two */
	pass(t, 5000);
}

/* All that was told is told, and who is linked has said what it has to. */
static void settle(struct pair *t)
{
	for (unsigned i = 0; i < 2; i++)
		sim_cut(t->machines[i], false);
	pass(t, 180000);
}

static bool signs(struct sim *sim, void *node)
{
	return ((struct sim_node *)node)->hub->signing == SIGNING_YES;
}

/* What the administrator is told to type. */
static void goes_on(struct pair *t, struct sim_node *node)
{
	pass(t, 60000); /* what was on its way */
	for (unsigned i = 0; i < 4 && !sim_run(&t->sim, 90000, signs, node); i++)
		sim_confirm(node);
	assert_int_equal(node->hub->signing, SIGNING_YES);
}

static void run(uint64_t seed)
{
	struct pair *t = mem_new(1, sizeof(*t));
	uint8_t digest[ID_LEN];
	begin(t, seed);
	sim_stop(t->machines[0]);
	t->machines[1] = sim_clone(t->machines[0]);
	sim_start(t->machines[0]);
	if (dice(t, 2))
		pass(t, (int64_t)dice(t, 60000));
	sim_start(t->machines[1]);
	pass(t, (int64_t)dice(t, 30000));
	for (uint64_t steps = 5 + dice(t, 25); steps > 0; steps--)
		act(t);
	settle(t);
	struct sim_node *off = t->machines[dice(t, 2)];
	struct sim_node *stays = t->machines[off == t->machines[0]];
	for (size_t i = 0; i < t->said_count; i++)
		t->said[i].promised = t->said[i].by != off || one_has(t, &t->said[i]);
	sim_stop(off);
	goes_on(t, stays);
	assert_true(sim_run(&t->sim, 300000, sim_agree, NULL));
	for (unsigned i = 0; i < 20 && !all_have(&t->sim, t); i++)
		pass(t, 15000);
	missing_print(t);
	assert_true(all_have(&t->sim, t));
	sim_fini(&t->sim, digest);
	free(t);
}

/* ---- rights ---- */

struct give {
	struct grant_terms terms;
	struct digest id;
	enum err err;
};

static void call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct give *give = arg;
	char why[WHY_LEN];
	give->terms.expiry_ms += now_ms;
	give->err = grants_give(hub, txn, &give->terms, &give->id, why);
}

static struct digest give(struct sim_node *from, const struct sim_node *to)
{
	struct give c = {.terms = {.prefix = "riesa/akten",
				   .to = to->identity.slug,
				   .verb = VERB_READ,
				   .expiry_ms = INT64_C(365) * 24 * 3600 * 1000}};
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

struct right_look {
	struct org_id org;
	enum verb verb;
};

static void call_right(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct right_look *look = arg;
	look->verb = rights_of(hub, txn, &look->org, bytes_str("riesa/akten"));
}

static enum verb right_at(struct sim_node *node, const struct sim_node *of)
{
	struct right_look look = {.org = of->identity.org};
	assert_true(sim_call(node, call_right, &look));
	return look.verb;
}

static void assert_right(struct pair *t, const struct sim_node *of, enum verb verb)
{
	for (unsigned i = 0; i < t->sim.node_count; i++)
		if (t->sim.nodes[i]->core)
			assert_int_equal(right_at(t->sim.nodes[i], of), verb);
}

/* One machine ends a grant and the other, which does not know, gives another one. */
static void end_and_give(struct pair *t, unsigned ends)
{
	struct digest id = give(t->machines[0], t->others[0]);
	pass(t, 5000);
	assert_right(t, t->others[0], VERB_READ);
	sim_stop(t->machines[0]);
	t->machines[1] = sim_clone(t->machines[0]);
	for (unsigned i = 0; i < 2; i++) {
		sim_start(t->machines[i]);
		assert_true(sim_run(&t->sim, 120000, signs, t->machines[i]));
		sim_cut(t->machines[i], true);
	}
	assert_true(sim_call(t->machines[ends], call_end, &id));
	give(t->machines[!ends], t->others[1]);
	for (unsigned i = 0; i < 2; i++)
		publish(t, t->machines[i]);
}

/* Whoever stays, and whichever head goes before. */
static void what_one_has_ended_stays_ended(void **state)
{
	unsigned told = 0;
	for (unsigned i = 0; i < 16; i++) {
		struct pair *t = mem_new(1, sizeof(*t));
		uint8_t digest[ID_LEN];
		begin(t, 8000 + i);
		end_and_give(t, i & 1);
		if (i & 4) /* one of them is there alone for a while */
			sim_cut(t->machines[i / 8], false);
		pass(t, 30000);
		settle(t);
		const unsigned off = i / 2 % 2;
		/* What nobody has heard of goes with the machine. */
		bool ended = off != (i & 1) || !right_at(t->others[2], t->others[0]);
		bool given = off == (i & 1) || right_at(t->others[2], t->others[1]);
		sim_stop(t->machines[off]);
		goes_on(t, t->machines[!off]);
		assert_true(sim_run(&t->sim, 300000, sim_agree, NULL));
		if (ended)
			assert_right(t, t->others[0], VERB_NONE);
		if (given)
			assert_right(t, t->others[1], VERB_READ);
		told += ended + given;
		sim_fini(&t->sim, digest);
		free(t);
	}
	assert_true(told >= 24); /* nearly always */
}

static uint64_t first = 1, count = 6;

static void nothing_acknowledged_is_lost(void **state)
{
	for (uint64_t seed = first; seed < first + count; seed++)
		run(seed);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_acknowledged_is_lost),
		cmocka_unit_test(what_one_has_ended_stays_ended),
	};
	if (argc > 1)
		first = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		count = strtoull(argv[2], NULL, 10);
	const char *what;
	if (selftest_run(&what))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
