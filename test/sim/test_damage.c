/*
 * Bytes that are not what they were, on disk and from peers: never delivered, named, and fetched
 * again.
 */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/sync/gossip.h"
#include "proto/hub/hub.h"
#include "proto/transfer/scan.h"
#include "proto/sync/sync.h"
#include "proto/ledger/held.h"
#include "proto/content/index.h"

static const char path[] = "meissen/pegel";

/* Alters the n-th chunk of at least so many bytes in a node's store, as a disk does that rots. */
static void spoil_large(struct sim_node *node, unsigned n, size_t len_min)
{
	struct buf key, value;
	struct txn *txn = txn_begin(node->db, true);
	struct walk walk = walk_begin(txn, TABLE_CHUNK, bytes_of(NULL, 0));
	buf_init(&key, KEY_LEN_MAX);
	buf_init(&value, LIMIT_CHUNK_LEN_MAX);
	for (unsigned i = 0; i <= n; i += walk.value.len >= len_min)
		assert_true(walk_next(&walk));
	buf_add(&key, walk.key);
	buf_add(&value, walk.value);
	value.ptr[value.len / 3] ^= 0x20;
	txn_put(txn, TABLE_CHUNK, buf_bytes(&key), buf_bytes(&value));
	assert_int_equal(txn_commit(txn), ERR_OK);
	buf_fini(&key);
	buf_fini(&value);
}

static void spoil_chunk(struct sim_node *node, unsigned n)
{
	spoil_large(node, n, 1);
}

static void spoil_all(struct sim_node *node)
{
	for (unsigned i = 0; i < sim_rows(node, TABLE_CHUNK); i++)
		spoil_chunk(node, i);
}

static enum err read_result(struct sim_node *node)
{
	struct buf got;
	buf_init(&got, 64 * 1024 * 1024);
	enum err err = sim_read(node, path, 0, &got);
	buf_fini(&got);
	return err;
}

/* Meissen publishes, Radebeul holds it. */
static struct buf shared(struct towns *towns, size_t len)
{
	struct buf content = sim_content(towns->a->index + 5, len);
	assert_int_equal(sim_publish(towns->a, path, TIER_OPEN, buf_bytes(&content)), ERR_OK);
	assert_int_equal(sim_subscribe(towns->b, "**"), ERR_OK);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	towns_held(towns->b, path, 0);
	sim_run(&towns->sim, 3000, NULL, NULL);
	return content;
}

static void assert_damage_named(struct sim_node *node)
{
	assert_true(node->note_counts[NOTE_DAMAGED] > 0);
	assert_string_equal(node->note_last[NOTE_DAMAGED].path, path);
}

/* ---- at rest ---- */

static void found_when_read_and_fetched_again(void **state)
{
	/* The first is the copy's, the second the author's own. */
	for (unsigned own = 0; own < 2; own++) {
		struct towns *towns = towns_open(1 + own, 2);
		struct sim_node *node = own ? towns->a : towns->b;
		struct buf content = shared(towns, 500000);
		spoil_chunk(node, 2);
		assert_int_equal(read_result(node), ERR_CORRUPT);
		assert_damage_named(node);
		assert_int_equal(read_result(node), ERR_AGAIN);
		towns_held(node, path, 0);
		sim_assert_reads(node, path, 0, buf_bytes(&content));
		sim_run(&towns->sim, 3000, NULL, NULL);
		sim_audit(node);
		buf_fini(&content);
		towns_close(towns);
	}
}

static void found_when_served(void **state)
{
	struct towns *towns = towns_open(3, 3);
	struct buf content = shared(towns, 500000);
	spoil_chunk(towns->a, 0);
	spoil_chunk(towns->a, 3);
	/*
	 * Malwine gets one that was altered, from Meissen alone, and asks again: now Meissen looks
	 * at what it serves, notices, and is healed by Radebeul.
	 */
	sim_cut(towns->m, true);
	sim_run(&towns->sim, 1000, NULL, NULL);
	sim_cut(towns->m, false);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	sim_cut(towns->b, true);
	assert_int_equal(sim_want(towns->m, path, 0), ERR_OK);
	sim_run(&towns->sim, 30000, NULL, NULL);
	assert_in_range(towns->m->note_counts[NOTE_CHUNK_ALTERED], 1, 2);
	assert_true(towns->a->served_hashed > 0);
	assert_true(towns->a->note_counts[NOTE_DAMAGED] > 0);
	sim_cut(towns->b, false);
	towns_held(towns->m, path, 0);
	sim_assert_reads(towns->m, path, 0, buf_bytes(&content));
	towns_held(towns->a, path, 0);
	sim_assert_reads(towns->a, path, 0, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
}

/* Each has another part spoiled, so each heals the other; a restart in between forgets nothing. */
static void two_damaged_copies_make_a_whole_one(void **state)
{
	struct towns *towns = towns_open(4, 2);
	struct buf content = shared(towns, 500000);
	spoil_chunk(towns->a, 1);
	spoil_chunk(towns->b, 4);
	assert_int_equal(read_result(towns->a), ERR_CORRUPT);
	assert_int_equal(read_result(towns->b), ERR_CORRUPT);
	sim_stop(towns->a);
	sim_start(towns->a);
	towns_held(towns->a, path, 0);
	towns_held(towns->b, path, 0);
	sim_assert_reads(towns->a, path, 0, buf_bytes(&content));
	sim_assert_reads(towns->b, path, 0, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
}

/*
 * Nobody else has it: it stays damaged, says so, and its author publishes the same again, as
 * another version: what is sealed anew are other chunks.
 */
static void only_its_author_can_heal_it(void **state)
{
	struct towns *towns = towns_open(5, 2);
	struct buf content = sim_content(1, 500000);
	assert_int_equal(sim_publish(towns->a, path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	spoil_large(towns->a, 1, 5000);
	spoil_large(towns->a, 2, 5000);
	assert_int_equal(read_result(towns->a), ERR_CORRUPT);
	sim_run(&towns->sim, 200000, NULL, NULL);
	assert_int_equal(read_result(towns->a), ERR_AGAIN);
	assert_int_equal(sim_want(towns->b, path, 0), ERR_OK);
	sim_run(&towns->sim, 200000, NULL, NULL);
	assert_false(sim_held(towns->b, path, 0));
	assert_int_equal(sim_publish(towns->a, path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	/* What is still wrong on disk is found, and published once more. */
	while (read_result(towns->a) != ERR_OK)
		assert_int_equal(sim_publish(towns->a, path, TIER_MEMBERS, buf_bytes(&content)),
				 ERR_OK);
	sim_assert_reads(towns->a, path, 0, buf_bytes(&content));
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	assert_int_equal(sim_want(towns->b, path, 0), ERR_OK);
	towns_held(towns->b, path, 0);
	sim_assert_reads(towns->b, path, 0, buf_bytes(&content));
	spoil_all(towns->a);
	spoil_all(towns->b);
	while (read_result(towns->a) != ERR_OK) {
		assert_int_equal(sim_publish(towns->a, path, TIER_MEMBERS, buf_bytes(&content)),
				 ERR_OK);
	}
	sim_assert_reads(towns->a, path, 0, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
}

static void everything_spoiled(void **state)
{
	struct towns *towns = towns_open(6, 2);
	struct buf content = shared(towns, 800000);
	spoil_all(towns->b);
	for (unsigned i = 0; i < 200 && read_result(towns->b) != ERR_OK; i++)
		sim_run(&towns->sim, 1000, NULL, NULL);
	sim_assert_reads(towns->b, path, 0, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
}

/* ---- in transit ---- */

/* Radebeul and Meissen both have it; Malwine fetches, and one of them serves badly. */
static void fetched_past_a_bad_server(enum sim_serve how, bool at_author)
{
	struct towns *towns = towns_open(10 + how + 10 * at_author, 3);
	struct buf content = shared(towns, 4000000);
	(at_author ? towns->a : towns->b)->serve = how;
	assert_int_equal(sim_want(towns->m, path, 0), ERR_OK);
	towns_held(towns->m, path, 0);
	sim_assert_reads(towns->m, path, 0, buf_bytes(&content));
	uint64_t altered = towns->m->note_counts[NOTE_CHUNK_ALTERED];
	if (how == SIM_SERVE_ALTERED) {
		assert_true(altered > 0);
		assert_string_equal(towns->m->note_last[NOTE_CHUNK_ALTERED].path, path);
	} else {
		assert_int_equal(altered, 0);
	}
	assert_int_equal(towns->m->note_counts[NOTE_DAMAGED], 0);
	buf_fini(&content);
	towns_close(towns);
}

static void one_alters(void **state)
{
	fetched_past_a_bad_server(SIM_SERVE_ALTERED, false);
	fetched_past_a_bad_server(SIM_SERVE_ALTERED, true);
}

static void one_has_nothing(void **state)
{
	fetched_past_a_bad_server(SIM_SERVE_NIL, false);
	fetched_past_a_bad_server(SIM_SERVE_NIL, true);
}

static void one_never_answers(void **state)
{
	fetched_past_a_bad_server(SIM_SERVE_NOTHING, false);
	fetched_past_a_bad_server(SIM_SERVE_NOTHING, true);
}

/* The only source alters for a while: nothing of it is kept, and when it stops all is well. */
static void the_only_one_alters_for_a_while(void **state)
{
	struct towns *towns = towns_open(40, 2);
	struct buf content = sim_content(1, 1000000);
	assert_int_equal(sim_publish(towns->a, path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	towns->a->serve = SIM_SERVE_ALTERED;
	assert_int_equal(sim_want(towns->b, path, 0), ERR_OK);
	sim_run(&towns->sim, 60000, NULL, NULL);
	assert_false(sim_held(towns->b, path, 0));
	assert_int_equal(sim_rows(towns->b, TABLE_CHUNK), 0);
	uint64_t altered = towns->b->note_counts[NOTE_CHUNK_ALTERED];
	/* It is asked again after each reconnection, and these become rarer. */
	assert_true(altered > 1 && altered < 60);
	towns->a->serve = SIM_SERVE;
	towns_held(towns->b, path, 0);
	sim_assert_reads(towns->b, path, 0, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
}

/* ---- a foe that says it holds, and what it answers ---- */

static struct buf message_new(void)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	return out;
}

enum index_lie { LIE_WRONG, LIE_DISORDER, LIE_ENDLESS, LIE_EMPTY, LIE_SILENCE };

struct index_liar {
	enum index_lie lie;
	unsigned asked, pages;
};

static void index_answer(struct sim_node *node, struct message *m, void *arg)
{
	struct index_liar *liar = arg;
	struct buf entries, out = message_new();
	if (m->type != MESSAGE_INDEX_GET || liar->lie == LIE_SILENCE) {
		liar->asked += m->type == MESSAGE_INDEX_GET;
		buf_fini(&out);
		return;
	}
	buf_init(&entries, LIMIT_MESSAGE_LEN_MAX);
	for (unsigned i = 0; liar->lie != LIE_EMPTY && i < 5; i++) {
		struct index_entry entry = {.size = 1000};
		be32_put(entry.addr.b, ++liar->pages);
		if (liar->lie == LIE_DISORDER)
			entry.addr.b[0] = (uint8_t)(200 - i);
		index_entry_put(&entries, &entry);
	}
	message_index(&out, &m->of, buf_bytes(&entries), liar->lie == LIE_ENDLESS);
	buf_fini(&entries);
	liar->asked++;
	sim_say(node, &out);
}

static void say_hello_and_holds(struct towns *towns, const struct version_id *of)
{
	struct digest content = {{7}};
	struct buf out = message_new();
	message_hello(&out, "x", towns->b->hub->charter.number, &content, NULL);
	sim_say(towns->m, &out);
	sim_run(&towns->sim, 300, NULL, NULL);
	out = message_new();
	struct message_list list = message_list_begin(MESSAGE_HOLDS);
	message_list_version(&list, of);
	message_list_end(&list, &out);
	sim_say(towns->m, &out);
	sim_run(&towns->sim, 300, NULL, NULL);
}

static struct version_id version_known(struct sim_node *node)
{
	struct version_id of;
	struct txn *txn = txn_begin(node->db, false);
	struct walk walk = walk_begin(txn, TABLE_VERSION, bytes_of(NULL, 0));
	assert_true(walk_next(&walk));
	held_of_key(&of, walk.key);
	txn_abort(txn);
	return of;
}

/* Radebeul can only ask Malwine, who says that she holds it; then the author comes back. */
static void indexes_that_lie(void **state)
{
	for (int lie = LIE_WRONG; lie <= LIE_SILENCE; lie++) {
		struct towns *towns = towns_open(50 + (uint64_t)lie, 3);
		struct index_liar liar = {.lie = (enum index_lie)lie};
		struct buf content = sim_content(1, 600000);
		assert_int_equal(sim_publish(towns->a, path, TIER_MEMBERS, buf_bytes(&content)),
				 ERR_OK);
		assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
		struct version_id of = version_known(towns->b);
		towns_possess(towns);
		towns->m->foe->answer = index_answer;
		towns->m->foe->arg = &liar;
		sim_stop(towns->a);
		sim_run(&towns->sim, 300, NULL,
			NULL); /* until her former link is known to be gone */
		assert_true(sim_foe_dial(towns->m, towns->b));
		say_hello_and_holds(towns, &of);
		assert_int_equal(sim_want(towns->b, path, 0), ERR_OK);
		sim_run(&towns->sim, 20000, NULL, NULL);
		assert_true(liar.asked > 0);
		assert_true(liar.asked < 50);
		if (lie == LIE_DISORDER)
			assert_int_equal(towns->m->foe->reason, LINK_REASON_PROTOCOL);
		/* Nothing of it is kept. */
		if (lie != LIE_SILENCE)
			assert_int_equal(sim_rows(towns->b, TABLE_INDEX), 0);
		assert_int_equal(sim_rows(towns->b, TABLE_HELD), 0);
		sim_start(towns->a);
		towns_held(towns->b, path, 0);
		sim_assert_reads(towns->b, path, 0, buf_bytes(&content));
		buf_fini(&content);
		towns_close(towns);
	}
}

/* Indexes and chunks that nobody asked for. */
static void what_was_not_asked_for_is_not_kept(void **state)
{
	struct towns *towns = towns_open(60, 3);
	struct buf content = sim_content(1, 600000), entries, out;
	assert_int_equal(sim_publish(towns->a, path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	struct version_id of = version_known(towns->b);
	towns_possess(towns);
	/* The end of her old link waits for what she has said on it. */
	sim_run(&towns->sim, 1000, NULL, NULL);
	assert_true(sim_foe_dial(towns->m, towns->b));
	say_hello_and_holds(towns, &of);
	buf_init(&entries, 100);
	struct index_entry entry = {.addr = {{1}}, .size = 1000};
	index_entry_put(&entries, &entry);
	out = message_new();
	message_index(&out, &of, buf_bytes(&entries), false);
	sim_say(towns->m, &out);
	struct txn *txn = txn_begin(towns->a->db, false);
	struct walk walk = walk_begin(txn, TABLE_CHUNK, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		struct chunk_addr addr;
		memcpy(addr.b, walk.key.ptr + ID_LEN, ID_LEN);
		out = message_new();
		message_chunk(&out, &of.dataset, &addr, walk.value, true);
		sim_say_on(towns->m, LINK_CHANNEL_BULK, &out);
	}
	txn_abort(txn);
	sim_run(&towns->sim, 1000, NULL, NULL);
	assert_true(towns->m->foe->up);
	assert_int_equal(sim_rows(towns->b, TABLE_CHUNK), 0);
	assert_int_equal(sim_rows(towns->b, TABLE_INDEX), 0);
	buf_fini(&entries);
	buf_fini(&content);
	towns_healthy(towns);
	towns_close(towns);
}

/* Chunks are served to members, under the dataset they belong to. */
static void chunks_are_not_served_under_another_name(void **state)
{
	struct towns *towns = towns_open(61, 3);
	struct buf content = sim_content(1, 100000), out = message_new();
	struct message_list list = message_list_begin(MESSAGE_CHUNK_GET);
	assert_int_equal(sim_publish(towns->a, path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	assert_int_equal(sim_publish(towns->a, "meissen/anderes", TIER_OPEN, buf_bytes(&content)),
			 ERR_OK);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	struct version_id of = version_known(towns->a);
	towns_possess(towns);
	assert_true(sim_foe_dial(towns->m, towns->a));
	say_hello_and_holds(towns, &of);
	list.dataset = of.dataset;
	unsigned other = 0, same = 0;
	struct txn *txn = txn_begin(towns->a->db, false);
	struct walk walk = walk_begin(txn, TABLE_CHUNK, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		struct chunk_addr addr;
		bool belongs = memcmp(walk.key.ptr, of.dataset.b, ID_LEN) == 0;
		memcpy(addr.b, walk.key.ptr + ID_LEN, ID_LEN);
		message_list_addr(&list, &addr);
		same += belongs;
		other += !belongs;
	}
	txn_abort(txn);
	message_list_end(&list, &out);
	assert_true(same > 0 && other > 0);
	uint64_t before = towns->m->foe->got_bytes;
	sim_say(towns->m, &out);
	sim_run(&towns->sim, 1000, NULL, NULL);
	/* One answer for each, and those for the other dataset are empty. */
	assert_int_equal(towns->m->foe->got[MESSAGE_CHUNK], same + other);
	assert_true(towns->m->foe->got_bytes - before < content.len);
	buf_fini(&content);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_when_read_and_fetched_again),
		cmocka_unit_test(found_when_served),
		cmocka_unit_test(two_damaged_copies_make_a_whole_one),
		cmocka_unit_test(only_its_author_can_heal_it),
		cmocka_unit_test(everything_spoiled),
		cmocka_unit_test(one_alters),
		cmocka_unit_test(one_has_nothing),
		cmocka_unit_test(one_never_answers),
		cmocka_unit_test(the_only_one_alters_for_a_while),
		cmocka_unit_test(indexes_that_lie),
		cmocka_unit_test(what_was_not_asked_for_is_not_kept),
		cmocka_unit_test(chunks_are_not_served_under_another_name),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("damage", tests, NULL, NULL);
}
