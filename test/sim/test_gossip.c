/* How news travels: once over each link, little else when there is none, and past a member who keeps some of it back. */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/core_state.h"

static const int64_t minute_ms = 60 * 1000;

struct member_call {
	uint32_t number;
	struct member_state state;
};

static void call_member(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	struct member_call *call = arg;
	membership_member(core, txn, now_ms, call->number, &call->state);
}

/* What one node shows of the other's member. */
static struct member_state seen(struct sim_node *by, uint32_t author)
{
	struct member_call call = {.number = author_member(author)};
	sim_call(by, call_member, &call);
	return call.state;
}

/* ---- many ---- */

static uint64_t got_all(const struct sim *sim, enum message_type type)
{
	uint64_t count = 0;
	for (unsigned i = 0; i < sim->node_count; i++)
		count += sim->nodes[i]->got[type];
	return count;
}

static uint64_t messages_all(const struct sim *sim)
{
	uint64_t count = 0;
	for (unsigned i = 0; i < sim->node_count; i++)
		count += sim->nodes[i]->message_count;
	return count;
}

static unsigned links_all(struct sim *sim)
{
	unsigned count = 0;
	for (unsigned i = 0; i < sim->node_count; i++)
		for (unsigned k = 0; k < i; k++)
			count += sim_links(sim->nodes[i], sim->nodes[k]);
	return count;
}

/* A publication is everywhere in under two seconds, and its head crosses each link about once. */
static void news_cross_each_link_once(struct sim *sim)
{
	unsigned links = links_all(sim);
	struct buf content = sim_content(1, 2000);
	for (unsigned i = 0; i < 4; i++) {
		/* The fifth one only dials out. */
		struct sim_node *author = sim->nodes[5 * i];
		char path[64];
		snprintf(path, sizeof(path), "%s/neues", author->identity.slug);
		uint64_t heads = got_all(sim, MESSAGE_HEAD);
		int64_t began_ms = sim->now_ms;
		assert_int_equal(sim_publish(author, path, TIER_OPEN, buf_bytes(&content)), ERR_OK);
		assert_true(sim_run(sim, 2000, sim_agree, NULL));
		int64_t took_ms = sim->now_ms - began_ms;
		sim_run(sim, 3000, NULL, NULL);
		heads = got_all(sim, MESSAGE_HEAD) - heads;
		print_message("          a head: %llu messages over %u links, %d ms\n",
			      (unsigned long long)heads, links, (int)took_ms);
		assert_true(heads >= links && heads < links + links / 2);
	}
	buf_fini(&content);
}

/* Nothing happens: what is said is comparison with one peer a minute. */
static void idle_nodes_say_little(struct sim *sim)
{
	sim_run(sim, 10 * minute_ms, NULL, NULL);
	uint64_t before = messages_all(sim);
	sim_run(sim, 60 * minute_ms, NULL, NULL);
	double each = (double)(messages_all(sim) - before) / 3600.0 / (2.0 * links_all(sim));
	print_message("          idle: %.5f messages a second and peer\n", each);
	assert_true(each > 0);
	assert_true(each < 0.002);
}

static void fifty_nodes(void **state)
{
	struct sim sim;
	uint8_t digest[ID_LEN];
	sim_init(&sim, 1);
	county_found(&sim, 50, 6);
	sim_run(&sim, 2 * minute_ms, NULL, NULL);
	news_cross_each_link_once(&sim);
	idle_nodes_say_little(&sim);
	assert_true(county_is_whole(&sim, NULL));
	sim_fini(&sim, digest);
}

/* ---- one who keeps something back ---- */

static const char kept_back[] = "anna/zahlen";

struct keeper {
	unsigned dropped;
};

static bool is_kept_back(struct bytes record)
{
	return memmem(record.ptr, record.len, kept_back, strlen(kept_back)) != NULL;
}

/* Malwine's core is an honest one; what leaves it is not: one record of Anna's is missing in everything she sends. */
static bool keep_back(struct sim_node *node, struct effect *effect, void *arg)
{
	struct keeper *keeper = arg;
	struct message m;
	struct bytes whole;
	if (effect->type != EFFECT_SEND || message_decode(&m, buf_bytes(&effect->bytes)) ||
	    m.type != MESSAGE_RECORDS)
		return true;
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	while (message_next_bin(&m, &whole)) {
		if (is_kept_back(whole))
			keeper->dropped++;
		else
			message_list_bin(&list, whole);
	}
	struct buf rest;
	buf_init(&rest, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &rest);
	buf_fini(&effect->bytes);
	effect->bytes = rest;
	return true;
}

/* Anna and Bert only dial out, so all that Bert hears of Anna comes through Malwine or Clara. */
struct line {
	struct sim sim;
	struct sim_node *a, *b, *m, *c;
};

static void line_open(struct line *line, uint64_t seed)
{
	sim_init(&line->sim, seed);
	line->c = sim_add(&line->sim, "Clara", "clara", "14627010");
	line->m = sim_add(&line->sim, "Malwine", "malwine", "14627020");
	line->a = sim_add_dial_only(&line->sim, "Anna", "anna", "14627030");
	line->b = sim_add_dial_only(&line->sim, "Bert", "bert", "14627040");
	assert_int_equal(sim_found(line->c, "Landkreis"), ERR_OK);
	for (unsigned i = 1; i < 4; i++)
		sim_join(line->c, line->sim.nodes[i]);
	assert_true(county_run_until(&line->sim, 2 * minute_ms, county_is_whole, NULL));
}

static void publish(struct sim_node *node, const char *path, uint64_t seed)
{
	struct buf content = sim_content(seed, 3000);
	assert_int_equal(sim_publish(node, path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	buf_fini(&content);
}

static bool reads(struct sim_node *node, const char *path)
{
	return sim_want(node, path, 0) == ERR_OK;
}

static void relay_drops_one_record(void **state)
{
	struct line line;
	struct keeper keeper = {0};
	uint8_t digest[ID_LEN];
	line_open(&line, 3);
	uint32_t anna = line.a->core->author;
	line.m->spoil = keep_back;
	line.m->spoil_arg = &keeper;
	sim_cut(line.c, true);
	publish(line.a, "anna/schulen", 1);
	publish(line.a, kept_back, 2);
	publish(line.a, "anna/haltestellen", 3);
	int64_t head_ms = seen(line.a, anna).head_time_ms;
	/* The head comes, and from then on what is missing is known, however long it lasts. */
	for (unsigned i = 0; i < 120 * 60; i += 10) {
		sim_run(&line.sim, 10000, NULL, NULL);
		struct member_state state_here = seen(line.b, anna);
		assert_int_equal(state_here.head_time_ms, head_ms);
		assert_string_equal(state_here.state, "partial");
		assert_int_equal(state_here.missing, 1);
	}
	assert_true(keeper.dropped > 1);
	assert_string_equal(seen(line.m, anna).state, "complete");
	assert_true(reads(line.b, "anna/schulen") && reads(line.b, "anna/haltestellen"));
	assert_false(reads(line.b, kept_back));
	/* Of the others nothing is missing, and Malwine is not shown to be at fault: a record may be lost in many ways. */
	assert_string_equal(seen(line.b, line.m->core->author).state, "complete");
	assert_int_equal(sim_links(line.b, line.m), 1);
	/* Clara hears again. She gets the record from Anna, and its content; Bert gets both from her. */
	assert_int_equal(sim_subscribe(line.c, "**"), ERR_OK);
	line.c->deaf = false;
	assert_true(county_run_until(&line.sim, 3 * minute_ms, county_is_whole, NULL));
	assert_string_equal(seen(line.b, anna).state, "complete");
	assert_int_equal(seen(line.b, anna).missing, 0);
	assert_true(reads(line.b, kept_back));
	struct sim_held_wait wait = {.node = line.b, .path = kept_back};
	struct buf content = sim_content(2, 3000);
	assert_true(sim_run(&line.sim, 20000, sim_is_held, &wait));
	sim_assert_reads(line.b, kept_back, 0, buf_bytes(&content));
	buf_fini(&content);
	sim_fini(&line.sim, digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifty_nodes),
		cmocka_unit_test(relay_drops_one_record),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("gossip", tests, NULL, NULL);
}
