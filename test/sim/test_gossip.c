/*
 * How news travels: once over each link, little else when there is none, past a member who keeps
 * some of it back, and when memory fails.
 */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/hub/hub.h"

static const int64_t minute_ms = 60 * 1000;

struct member_call {
	uint32_t number;
	struct member_state state;
};

static void call_member(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct member_call *call = arg;
	membership_member(hub, txn, now_ms, call->number, &call->state);
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
	struct buf content = sim_content(1, 2000), words = sim_content(2, 6000);
	for (unsigned i = 0; i < 8; i++) {
		/* The fifth one only dials out. */
		struct sim_node *author = sim->nodes[5 * (i % 4)];
		char path[64];
		struct sim_publication p = {.node = author, .content = buf_bytes(&content)};
		p.options.path = path;
		/* Some records are too long to go along with the head. */
		if (i >= 4)
			p.options.description.text = buf_bytes(&words);
		snprintf(path, sizeof(path), "%s/neues-%u", author->identity.slug, i);
		uint64_t heads = got_all(sim, MESSAGE_HEAD);
		int64_t began_ms = sim->now_ms;
		assert_int_equal(sim_publish_all(&p), ERR_OK);
		assert_true(sim_run(sim, 2000, sim_agree, NULL));
		int64_t took_ms = sim->now_ms - began_ms;
		sim_run(sim, 3000, NULL, NULL);
		heads = got_all(sim, MESSAGE_HEAD) - heads;
		print_message("          a head: %llu messages over %u links, %d ms\n",
			      (unsigned long long)heads, links, (int)took_ms);
		assert_true(heads >= links && heads < links + links / 2);
	}
	buf_fini(&content);
	buf_fini(&words);
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

/*
 * Malwine's core is an honest one; what leaves it is not: one record of Anna's is missing in
 * everything she sends.
 */
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
	uint32_t anna = line.a->hub->author;
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
	/*
	 * Of the others nothing is missing, and Malwine is not shown to be at fault: a record may
	 * be lost in many ways.
	 */
	assert_string_equal(seen(line.b, line.m->hub->author).state, "complete");
	assert_int_equal(sim_links(line.b, line.m), 1);
	/*
	 * Clara hears again. She gets the record from Anna, and its content; Bert gets both from
	 * her, when the lot has chosen her.
	 */
	assert_int_equal(sim_subscribe(line.c, "**"), ERR_OK);
	line.c->deaf = false;
	assert_true(county_run_until(&line.sim, 10 * minute_ms, county_is_whole, NULL));
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

/* ---- what a node remembers is wrong ---- */

enum rot {
	ROT_STATE_SET,  /* the state's set digest */
	ROT_STATE_BOTH, /* and that of the head in it: it looks complete */
	ROT_STATE_LOST, /* the whole state */
	ROT_NODE,       /* a node of the set's tree */
	ROT_NODE_LOST,  /* the same */
	ROT_LEAF_LOST,
	ROT_RECORD_LOST, /* everything that is compared still looks right */
	ROT_HEAD_LOST,   /* the same */
	ROT_COUNT
};

/* The first row of an author, changed or deleted as nothing but rot would. */
static void row_spoil(struct sim_node *node, enum table table, uint32_t author, bool lose,
		      size_t at)
{
	struct row_key prefix = key_author(author);
	struct buf copy;
	struct txn *txn = txn_begin(node->db, true);
	struct walk walk = walk_begin(txn, table, row_key_bytes(&prefix));
	buf_init(&copy, 1000);
	assert_true(walk_next(&walk));
	if (lose) {
		txn_del(txn, table, bytes_of(walk.last, walk.last_len));
	} else {
		buf_add(&copy, walk.value);
		assert_true(at < copy.len);
		copy.ptr[at] ^= 1;
		txn_put(txn, table, bytes_of(walk.last, walk.last_len), buf_bytes(&copy));
	}
	buf_fini(&copy);
	assert_int_equal(txn_commit(txn), ERR_OK);
}

/*
 * Where the set digest begins in a state: a long array, three small integers, the head of the
 * digest.
 */
enum { STATE_SET_AT = 3 + 3 + 2 };

static size_t head_set_at(struct sim_node *node, uint32_t author)
{
	struct row_key key = key_author(author);
	struct bytes row;
	struct txn *txn = txn_begin(node->db, false);
	assert_true(txn_get(txn, TABLE_AUTHOR, row_key_bytes(&key), &row));
	/* Three booleans and a zero follow it. */
	size_t at = row.len - 4 - ID_LEN;
	txn_abort(txn);
	return at;
}

static void rot(struct sim_node *node, uint32_t author, enum rot what)
{
	if (what == ROT_STATE_SET || what == ROT_STATE_BOTH)
		row_spoil(node, TABLE_AUTHOR, author, false, STATE_SET_AT);
	if (what == ROT_STATE_BOTH)
		row_spoil(node, TABLE_AUTHOR, author, false, head_set_at(node, author));
	if (what == ROT_STATE_LOST)
		row_spoil(node, TABLE_AUTHOR, author, true, 0);
	if (what == ROT_NODE || what == ROT_NODE_LOST)
		row_spoil(node, TABLE_NODE, author, what == ROT_NODE_LOST, 5);
	if (what == ROT_LEAF_LOST)
		row_spoil(node, TABLE_LEAF, author, true, 0);
	if (what == ROT_RECORD_LOST)
		row_spoil(node, TABLE_RECORD, author, true, 0);
	if (what == ROT_HEAD_LOST)
		row_spoil(node, TABLE_HEAD, author, true, 0);
}

static const enum table recounted[] = {TABLE_AUTHOR, TABLE_NODE, TABLE_LEAF, TABLE_RECORD,
				       TABLE_HEAD};

/* Row by row the same as at the other node. */
static void assert_same_rows(struct sim_node *a, struct sim_node *b, uint32_t author)
{
	for (size_t i = 0; i < sizeof(recounted) / sizeof(recounted[0]); i++) {
		struct row_key prefix = key_author(author);
		struct txn *ta = txn_begin(a->db, false), *tb = txn_begin(b->db, false);
		struct walk wa = walk_begin(ta, recounted[i], row_key_bytes(&prefix));
		struct walk wb = walk_begin(tb, recounted[i], row_key_bytes(&prefix));
		while (walk_next(&wa)) {
			assert_true(walk_next(&wb));
			assert_true(bytes_eq(wa.key, wb.key));
			assert_true(bytes_eq(wa.value, wb.value));
		}
		assert_false(walk_next(&wb));
		txn_abort(ta);
		txn_abort(tb);
	}
}

/*
 * Anna's records at Clara's node, and Clara's own. The hourly look finds it, and all is as it was.
 */
static void rot_is_found(enum rot what, bool own)
{
	struct line line;
	uint8_t digest[ID_LEN];
	line_open(&line, 20 + (uint64_t)what);
	struct sim_node *author = own ? line.c : line.a;
	char path[64];
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/tafel-%u", author->identity.slug, i);
		publish(author, path, i);
	}
	assert_true(county_run_until(&line.sim, 2 * minute_ms, county_is_whole, NULL));
	sim_run(&line.sim, minute_ms, NULL, NULL);
	uint32_t number = author->hub->author;
	assert_same_rows(line.c, line.m, number);
	rot(line.c, number, what);
	sim_run(&line.sim, 100 * minute_ms, NULL, NULL);
	/*
	 * A wrong digest of the own state does not last: the next head is made of what is there;
	 * and a node that is not there is made again when it is looked at.
	 */
	bool noted = what != ROT_NODE_LOST && (!own || what != ROT_STATE_SET);
	assert_int_equal(line.c->note_counts[NOTE_RECOUNTED], noted);
	assert_true(county_is_whole(&line.sim, NULL));
	assert_string_equal(seen(line.c, number).state, "complete");
	assert_int_equal(seen(line.c, number).record_count, seen(line.m, number).record_count);
	assert_same_rows(line.c, line.m, number);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(sim_rows(line.sim.nodes[i], TABLE_EVIDENCE), 0);
		for (unsigned k = 0; k < 3; k++) {
			snprintf(path, sizeof(path), "%s/tafel-%u", author->identity.slug, k);
			assert_true(reads(line.sim.nodes[i], path));
		}
	}
	/* And it is not found again. */
	uint64_t notes = line.c->note_counts[NOTE_RECOUNTED];
	sim_run(&line.sim, 180 * minute_ms, NULL, NULL);
	assert_int_equal(line.c->note_counts[NOTE_RECOUNTED], notes);
	for (unsigned i = 1; i < 4; i++)
		assert_int_equal(line.sim.nodes[i]->note_counts[NOTE_RECOUNTED], 0);
	sim_fini(&line.sim, digest);
}

static void rot_of_others_is_found(void **state)
{
	for (unsigned what = 0; what < ROT_COUNT; what++)
		rot_is_found((enum rot)what, false);
}

static void own_rot_is_found(void **state)
{
	for (unsigned what = 0; what < ROT_COUNT; what++)
		rot_is_found((enum rot)what, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifty_nodes),
		cmocka_unit_test(relay_drops_one_record),
		cmocka_unit_test(rot_of_others_is_found),
		cmocka_unit_test(own_rot_is_found),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("gossip", tests, NULL, NULL);
}
