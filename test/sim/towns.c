#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "proto/hub/hub.h"

/* What a node has of all authors, complete or not. */
static void content_of(struct sim_node *node, struct digest *out)
{
	struct hash hash;
	struct author_state state;
	uint32_t author = 0;
	struct txn *txn = txn_begin(node->db, true);
	hash_init(&hash, "test.towns", NULL, ID_LEN);
	while (ledger_state_next(&node->hub->ledger, txn, &author, &state)) {
		hash_add_be64(&hash, author);
		hash_add(&hash, id_bytes(&state.set));
	}
	hash_done(&hash, out->b, ID_LEN);
	txn_abort(txn);
}

bool towns_agree(struct sim *sim, void *arg)
{
	const struct towns *towns = arg;
	struct digest a, b;
	if (sim_links(towns->a, towns->b) != 1 || towns->a->hub->signing != SIGNING_YES ||
	    towns->b->hub->signing != SIGNING_YES)
		return false;
	if (!towns->m || !towns->m->foe)
		return sim_agree(sim, NULL);
	content_of(towns->a, &a);
	content_of(towns->b, &b);
	return id_eq(&a, &b);
}

static void join(struct towns *towns, struct sim_node *node)
{
	sim_join(towns->a, node);
	assert_true(sim_run(&towns->sim, 60000, sim_agree, NULL));
}

static struct towns *begin(uint64_t seed)
{
	struct towns *towns = mem_new(1, sizeof(*towns));
	sim_init(&towns->sim, seed);
	towns->a = sim_add(&towns->sim, "Stadt Meißen", "meissen", "14627140");
	towns->b = sim_add(&towns->sim, "Stadt Radebeul", "radebeul", "14627210");
	assert_int_equal(sim_found(towns->a, "Landkreis Meißen"), ERR_OK);
	return towns;
}

struct towns *towns_open(uint64_t seed, unsigned count)
{
	struct towns *towns = begin(seed);
	join(towns, towns->b);
	if (count > 2) {
		towns->m = sim_add(&towns->sim, "Malwine", "malwine", "14627999");
		join(towns, towns->m);
	}
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	sim_run(&towns->sim, 5000, NULL, NULL);
	return towns;
}

struct towns *towns_open_foe_first(uint64_t seed)
{
	struct towns *towns = begin(seed);
	towns->m = sim_add(&towns->sim, "Malwine", "malwine", "14627999");
	join(towns, towns->m);
	join(towns, towns->b);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	sim_run(&towns->sim, 5000, NULL, NULL);
	return towns;
}

void towns_close(struct towns *towns)
{
	uint8_t digest[ID_LEN];
	sim_fini(&towns->sim, digest);
	free(towns);
}

void towns_possess(struct towns *towns)
{
	towns->m_author = towns->m->hub->author;
	sim_possess(towns->m, NULL);
}

void towns_held(struct sim_node *node, const char *path, uint64_t number)
{
	struct sim_held_wait wait = {.node = node, .path = path, .number = number};
	assert_true(sim_run(node->sim, 90000, sim_is_held, &wait));
}

void towns_healthy(struct towns *towns)
{
	char path[64];
	struct buf content = sim_content(towns->round, 70000);
	snprintf(path, sizeof(path), "meissen/runde-%u", towns->round++);
	struct sim_held_wait wait = {.node = towns->b, .path = path};
	assert_true(sim_run(&towns->sim, 120000, towns_agree, towns));
	assert_int_equal(sim_publish(towns->a, path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	assert_true(sim_run(&towns->sim, 20000, towns_agree, towns));
	assert_int_equal(sim_want(towns->b, path, 0), ERR_OK);
	assert_true(sim_run(&towns->sim, 20000, sim_is_held, &wait));
	sim_assert_reads(towns->b, path, 0, buf_bytes(&content));
	buf_fini(&content);
	sim_roll_check(towns->a);
	sim_roll_check(towns->b);
}

/* ---- a county ---- */

static void county_add(struct sim *sim, unsigned i, bool dial_only)
{
	char name[32], slug[32], ags[16];
	snprintf(name, sizeof(name), "Gemeinde %u", i);
	snprintf(slug, sizeof(slug), "gemeinde-%u", i);
	snprintf(ags, sizeof(ags), "%u", 14625000 + 1000 * (i % 3) + 10 * i);
	struct sim_node *node =
		dial_only ? sim_add_dial_only(sim, name, slug, ags) : sim_add(sim, name, slug, ags);
	/*
	 * Twelve hundred links that ask each other for life three times a minute are most of the
	 * work.
	 */
	node->limits.ping_ms = 45 * 1000;
	node->limits.silence_ms_max = 100 * 1000;
}

bool county_is_whole(struct sim *sim, void *unused)
{
	for (unsigned i = 0; i < sim->node_count; i++) {
		for (unsigned k = 0; k < i; k++) {
			unsigned links = sim_links(sim->nodes[i], sim->nodes[k]);
			if (links != !(sim->nodes[i]->dial_only && sim->nodes[k]->dial_only))
				return false;
		}
	}
	return sim_agree(sim, NULL);
}

bool county_run_until(struct sim *sim, int64_t ms, bool (*until)(struct sim *sim, void *arg),
		      void *arg)
{
	for (int64_t left_ms = ms; left_ms > 0; left_ms -= 1000) {
		if (until(sim, arg))
			return true;
		sim_run(sim, 1000, NULL, NULL);
	}
	return until(sim, arg);
}

void county_found(struct sim *sim, unsigned count, unsigned dial_only_every)
{
	for (unsigned i = 0; i < count; i++)
		county_add(sim, i,
			   dial_only_every > 0 && i % dial_only_every == dial_only_every - 1);
	assert_int_equal(sim_found(sim->nodes[0], "Landkreis"), ERR_OK);
	for (unsigned i = 1; i < count; i++)
		sim_join(sim->nodes[0], sim->nodes[i]);
	assert_true(county_run_until(sim, 300 * 1000, county_is_whole, NULL));
}
