/*
 * A county of fifty nodes through hours of bad weather: partitions, loud and silent, crashes
 * between turns and after a commit, failing disks, clocks that are wrong, and every sixth node can
 * not be dialled. People publish meanwhile. Then the weather clears, and all agree, each is linked
 * with each that can be dialled, and whoever subscribed reads what was acknowledged.
 *
 *     test-sim-county FIRST COUNT MINUTES
 *
 * so many seeds, each so long; whoever has seed 1 runs it twice.
 */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/hub/hub.h"

enum {
	COUNTY_NODES = 50,
	COUNTY_DATASETS = 2 * COUNTY_NODES, /* two of each node */
	COUNTY_UNSURE_MAX = 8,
	COUNTY_READERS = 5,
	COUNTY_SEEDS_MAX = 100,
};
static const int64_t second_ms = 1000;
static const int64_t minute_ms = 60 * 1000;
/*
 * Whom a node has missed eight times it dials after at most five minutes, and half of that more
 * (proto/hub/dials.c); nobody else dials in its place where one of the two can only dial.
 */
static const int64_t healing_ms = 9 * 60 * 1000;

struct text { /* sim_content() of it */
	uint64_t seed;
	size_t len;
};

struct dataset {
	char path[64];
	struct sim_node *owner;
	bool acknowledged;
	struct text last;                      /* the latest that was acknowledged */
	struct text unsure[COUNTY_UNSURE_MAX]; /* tried since, and the turn was lost */
	unsigned unsure_count;
};

struct county {
	struct sim sim;
	struct random random;
	unsigned minutes; /* of weather */
	struct dataset datasets[COUNTY_DATASETS];
	int64_t back_ms[COUNTY_NODES];  /* a stopped node starts again; 0: it runs */
	int64_t hears_ms[COUNTY_NODES]; /* a deaf node hears again; 0: it does */
	int64_t apart_ms, whole_ms; /* the next partition begins; the present one ends, 0: none */
	unsigned publications, crashes, partitions, cuts, faults;
};

static uint64_t chance(struct county *county, uint64_t below)
{
	return random_below(&county->random, below);
}

static int64_t between(struct county *county, int64_t low_ms, int64_t high_ms)
{
	return low_ms + (int64_t)chance(county, (uint64_t)(high_ms - low_ms + 1));
}

/* ---- founding ---- */

static void datasets_name(struct county *county)
{
	for (unsigned i = 0; i < COUNTY_DATASETS; i++) {
		struct dataset *dataset = &county->datasets[i];
		dataset->owner = county->sim.nodes[i / 2];
		snprintf(dataset->path, sizeof(dataset->path), "%s/tafel-%u",
			 dataset->owner->identity.slug, i % 2);
	}
}

static struct county *county_open(uint64_t seed, unsigned minutes)
{
	struct county *county = mem_new(1, sizeof(*county));
	county->minutes = minutes;
	sim_init(&county->sim, seed);
	county->random = random_seeded(seed ^ 0x6b726569);
	county_found(&county->sim, COUNTY_NODES, 6);
	datasets_name(county);
	for (unsigned i = 0; i < COUNTY_READERS; i++)
		assert_int_equal(sim_subscribe(county->sim.nodes[i * 11], "**"), ERR_OK);
	return county;
}

static void county_close(struct county *county, uint8_t digest[ID_LEN])
{
	sim_fini(&county->sim, digest);
	free(county);
}

/* ---- what people do ---- */

static void publish(struct county *county)
{
	struct dataset *dataset = &county->datasets[chance(county, COUNTY_DATASETS)];
	struct text text = {chance(county, 1u << 30), 1 + chance(county, 4000)};
	struct sim_node *node = dataset->owner;
	if (!node->hub)
		return;
	struct buf content = sim_content(text.seed, text.len);
	struct sim_publication p = {.node = node, .content = buf_bytes(&content)};
	p.options.path = dataset->path;
	p.options.has_tier = true;
	p.options.tier = dataset->path[strlen(dataset->path) - 1] == '0' ? TIER_OPEN : TIER_MEMBERS;
	p.options.allow_shrink = true;
	p.options.keep.count = 3;
	enum err err = sim_publish_all(&p);
	buf_fini(&content);
	if (err == ERR_OK) {
		dataset->acknowledged = true;
		dataset->last = text;
		dataset->unsure_count = 0;
		county->publications++;
		return;
	}
	/* The turn was lost, perhaps after it was on disk. */
	assert_int_equal(err, ERR_IO);
	assert_true(dataset->unsure_count < COUNTY_UNSURE_MAX);
	dataset->unsure[dataset->unsure_count++] = text;
}

/* ---- the weather ---- */

static void partition_begin(struct county *county)
{
	bool silent = chance(county, 2);
	/* Two sides, or three; the first one is the largest. */
	for (unsigned i = 0; i < COUNTY_NODES; i++) {
		uint64_t side = chance(county, 12);
		county->sim.nodes[i]->side = side < 9 ? 0 : side < 11 ? 1 : county->partitions % 3;
	}
	sim_partition(&county->sim, silent);
	county->whole_ms = county->sim.now_ms + between(county, minute_ms, 10 * minute_ms);
	county->partitions++;
}

static void partition_end(struct county *county)
{
	for (unsigned i = 0; i < COUNTY_NODES; i++)
		county->sim.nodes[i]->side = 0;
	county->whole_ms = 0;
	county->apart_ms = county->sim.now_ms + between(county, 20 * minute_ms, 50 * minute_ms);
}

static void node_weather(struct county *county, unsigned i, uint64_t what)
{
	struct sim_node *node = county->sim.nodes[i];
	if (!node->hub)
		return;
	if (what < 20) { /* killed */
		sim_stop(node);
		county->back_ms[i] = county->sim.now_ms + between(county, second_ms, 8 * minute_ms);
		county->crashes++;
	} else if (what <
		   40) { /* dies after a commit, before its effects, and is started again at once */
		node->crash_in = 1 + chance(county, 40);
		county->crashes++;
	} else if (what < 55) { /* all connections drop */
		sim_cut(node, false);
		county->cuts++;
	} else if (what < 65) { /* and it gets no new ones */
		sim_cut(node, true);
		county->hears_ms[i] =
			county->sim.now_ms + between(county, second_ms, 5 * minute_ms);
		county->cuts++;
	} else if (what < 80) {
		sim_fault(node, 1 + chance(county, 300), ERR_NOSPACE);
		county->faults++;
	} else { /* set to another wrong time, or right */
		bool right = chance(county, 2);
		node->clock_ms = right ? 0 : between(county, -3 * minute_ms, 3 * minute_ms);
	}
}

/* What was broken for a while is whole again. */
static void repair(struct county *county, int64_t now_ms)
{
	if (county->whole_ms && county->whole_ms <= now_ms)
		partition_end(county);
	for (unsigned i = 0; i < COUNTY_NODES; i++) {
		if (county->back_ms[i] && county->back_ms[i] <= now_ms) {
			county->back_ms[i] = 0;
			sim_start(county->sim.nodes[i]);
		}
		if (county->hears_ms[i] && county->hears_ms[i] <= now_ms) {
			county->hears_ms[i] = 0;
			county->sim.nodes[i]->deaf = false;
		}
	}
}

static void weather(struct county *county)
{
	int64_t end_ms = county->sim.now_ms + county->minutes * minute_ms;
	partition_end(county);
	while (county->sim.now_ms < end_ms) {
		sim_run(&county->sim, between(county, second_ms, 29 * second_ms), NULL, NULL);
		repair(county, county->sim.now_ms);
		if (!county->whole_ms && county->sim.now_ms >= county->apart_ms)
			partition_begin(county);
		uint64_t what = chance(county, 100);
		if (what < 15)
			publish(county);
		else if (what >= 90)
			sim_rights_act(county->sim.nodes[chance(county, COUNTY_NODES)],
				       chance(county, UINT32_MAX));
		else if (what < 22)
			node_weather(county, (unsigned)chance(county, COUNTY_NODES),
				     chance(county, 100));
	}
	/* It clears up in the middle of the worst. */
	if (!county->whole_ms)
		partition_begin(county);
	for (unsigned i = 0; i < 5; i++) {
		publish(county);
		sim_run(&county->sim, 12 * second_ms, NULL, NULL);
	}
	repair(county, INT64_MAX);
	for (unsigned i = 0; i < COUNTY_NODES; i++) {
		county->sim.nodes[i]->crash_in = 0;
		sim_fault(county->sim.nodes[i], 0, ERR_OK);
	}
}

/* ---- afterwards ---- */

struct member_call {
	uint32_t number;
	struct member_state state;
};

static void call_member(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct member_call *call = arg;
	membership_member(hub, txn, now_ms, call->number, &call->state);
}

static void everybody_is_complete(struct county *county)
{
	for (unsigned i = 0; i < COUNTY_NODES; i++) {
		for (uint32_t number = 1; number <= COUNTY_NODES; number++) {
			struct member_call call = {.number = number};
			sim_call(county->sim.nodes[i], call_member, &call);
			assert_string_equal(call.state.state, "complete");
		}
	}
}

static bool text_is(const struct text *text, const struct buf *got)
{
	struct buf content = sim_content(text->seed, text->len);
	bool same = bytes_eq(buf_bytes(&content), buf_bytes(got));
	buf_fini(&content);
	return same;
}

static bool readers_hold(struct sim *sim, void *arg)
{
	const struct county *county = arg;
	for (unsigned i = 0; i < COUNTY_READERS; i++) {
		for (unsigned k = 0; k < COUNTY_DATASETS; k++) {
			const struct dataset *dataset = &county->datasets[k];
			if (dataset->acknowledged &&
			    !sim_held(sim->nodes[i * 11], dataset->path, 0))
				return false;
		}
	}
	return true;
}

/*
 * The owner has what it has acknowledged, or what it was doing when a turn was lost; the readers
 * have the same.
 */
static void dataset_reads(struct county *county, const struct dataset *dataset)
{
	struct buf got;
	buf_init(&got, 1u << 20);
	assert_int_equal(sim_read(dataset->owner, dataset->path, 0, &got), ERR_OK);
	bool right = text_is(&dataset->last, &got);
	for (unsigned i = 0; !right && i < dataset->unsure_count; i++)
		right = text_is(&dataset->unsure[i], &got);
	assert_true(right);
	for (unsigned i = 0; i < COUNTY_READERS; i++)
		sim_assert_reads(county->sim.nodes[i * 11], dataset->path, 0, buf_bytes(&got));
	buf_fini(&got);
}

static void county_run(uint64_t seed, unsigned minutes, uint8_t digest[ID_LEN])
{
	clock_t began = clock();
	struct county *county = county_open(seed, minutes);
	clock_t founded = clock();
	weather(county);
	int64_t cleared_ms = county->sim.now_ms;
	assert_true(county_run_until(&county->sim, healing_ms, county_is_whole, NULL));
	int64_t healed_ms = county->sim.now_ms - cleared_ms;
	assert_true(county_run_until(&county->sim, 2 * minute_ms, readers_hold, county));
	sim_run(&county->sim, minute_ms, NULL, NULL);
	everybody_is_complete(county);
	for (unsigned i = 0; i < COUNTY_DATASETS; i++) {
		if (county->datasets[i].acknowledged)
			dataset_reads(county, &county->datasets[i]);
	}
	uint64_t rights = sim_rights_same(&county->sim);
	for (unsigned i = 0; i < COUNTY_NODES; i++) {
		sim_audit(county->sim.nodes[i]);
		assert_int_equal(sim_rows(county->sim.nodes[i], TABLE_EVIDENCE), 0);
	}
	print_message("          seed %2u: %u publications, %u partitions, %u crashes, %u cuts, %u "
		      "faults; %u rights good; healed in %d s; %.1f s of processor (founding "
		      "%.1f), %llu events\n",
		      (unsigned)seed, county->publications, county->partitions, county->crashes,
		      county->cuts, county->faults, (unsigned)rights, (int)(healed_ms / 1000),
		      (double)(clock() - began) / CLOCKS_PER_SEC,
		      (double)(founded - began) / CLOCKS_PER_SEC,
		      (unsigned long long)county->sim.delivered);
	assert_true(county->publications > county->minutes / 3);
	assert_true(county->partitions > county->minutes / 80);
	assert_true(county->crashes > county->minutes / 40);
	assert_true(county->cuts > county->minutes / 80);
	county_close(county, digest);
}

struct seeds {
	uint64_t first, count;
	unsigned minutes;
};

static void a_county_in_bad_weather(void **state)
{
	const struct seeds *seeds = *state;
	uint8_t digests[COUNTY_SEEDS_MAX][ID_LEN], again[ID_LEN];
	assert_in_range(seeds->count, 1, COUNTY_SEEDS_MAX);
	for (uint64_t i = 0; i < seeds->count; i++) {
		county_run(seeds->first + i, seeds->minutes, digests[i]);
		for (uint64_t k = 0; k < i; k++)
			assert_memory_not_equal(digests[k], digests[i], ID_LEN);
	}
	if (seeds->first == 1) {
		county_run(seeds->first, seeds->minutes, again);
		assert_memory_equal(digests[0], again, ID_LEN);
	}
}

int main(int argc, char **argv)
{
	struct seeds seeds = {1, 1, 120};
	if (argc == 4) {
		seeds.first = strtoull(argv[1], NULL, 10);
		seeds.count = strtoull(argv[2], NULL, 10);
		seeds.minutes = (unsigned)strtoul(argv[3], NULL, 10);
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(a_county_in_bad_weather, &seeds),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("county", tests, NULL, NULL);
}
