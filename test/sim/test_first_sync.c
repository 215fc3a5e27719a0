/*
 * A node takes much of an author at once: the author's head is one signature for all of it, whoever
 * passes it on, whatever is left out or altered on the way, and whenever the process dies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/hub/hub.h"
#include "test/sim/filled.h"
#include "test/sim/towns.h"

enum { MANY = 2000 };
static const int64_t minute_ms = 60 * 1000;

/* Meißen has many records of Malwine's, of which Radebeul, cut off, has none yet. */
static struct towns *filled(uint64_t seed, unsigned count)
{
	struct towns *towns = towns_open(seed, 3);

	sim_cut(towns->m, true);
	sim_cut(towns->b, true);
	filled_add(towns->a, towns->m, 0, count);
	return towns;
}

static bool is_here(struct sim *sim, void *arg)
{
	struct towns *towns = arg;

	return filled_same(towns->a, towns->b, towns->m);
}

static void comes(struct towns *towns, int64_t ms)
{
	sim_cut(towns->b, false);
	assert_true(sim_run(&towns->sim, ms, is_here, towns));
	assert_int_equal(sim_rows(towns->b, TABLE_RECORD), sim_rows(towns->a, TABLE_RECORD));
	assert_int_equal(sim_rows(towns->b, TABLE_VERSION), sim_rows(towns->a, TABLE_VERSION));
	assert_int_equal(sim_rows(towns->b, TABLE_LEAF), sim_rows(towns->a, TABLE_LEAF));
}

/* What each record costs: no signature, and a small part of a commit. */
static void a_head_is_one_signature_for_all(void **state)
{
	struct towns *towns = filled(1, MANY);
	const uint64_t curves = towns->b->curves, turns = towns->b->turns;

	comes(towns, minute_ms);
	assert_in_range(towns->b->curves - curves, 1, MANY / 50);
	assert_in_range(towns->b->turns - turns, 1, MANY / 20);
	towns_close(towns);
}

/* At one commit after another; what had come before is not lost, and the rest comes. */
static void the_process_may_die_at_any_time(void **state)
{
	struct towns *towns;
	bool died = true;

	for (unsigned n = 3; died && n < 60; n += 4) {
		towns = filled(n, MANY / 4);
		towns->b->crash_in = n;
		comes(towns, 10 * minute_ms);
		died = towns->b->failed_turns > 0;
		towns_close(towns);
	}
}

struct foe {
	bool path;        /* alters paths; else leaves one record in three out of each list */
	unsigned altered; /* messages so far */
};

/* What Meißen says of Malwine goes through this. */
static bool spoil(struct sim_node *node, struct effect *effect, void *arg)
{
	struct foe *foe = arg;
	uint8_t path[SETDIGEST_DEPTH_MAX * SETDIGEST_STEP_LEN];
	struct message m;
	struct bytes whole;
	struct buf other;

	if (effect->type != EFFECT_SEND || message_decode(&m, buf_bytes(&effect->bytes)) ||
	    m.type != MESSAGE_RECORDS || !m.has_body || m.body.len == 0)
		return true;
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	memcpy(path, m.body.ptr, m.body.len);
	path[foe->altered % m.body.len] ^= foe->path;
	list.has_path = true;
	list.path = bytes_of(path, m.body.len);
	for (unsigned i = 0; message_next_bin(&m, &whole); i++)
		if (foe->path || i % 3)
			message_list_bin(&list, whole);
	buf_init(&other, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &other);
	buf_fini(&effect->bytes);
	effect->bytes = other;
	foe->altered++;
	return true;
}

static void what_is_altered_on_the_way_is_checked_singly(void **state)
{
	for (int path = 0; path < 2; path++) {
		struct towns *towns = filled(7, MANY / 2);
		struct foe foe = {.path = path};
		const uint64_t curves = towns->b->curves;

		towns->a->spoil = spoil;
		towns->a->spoil_arg = &foe;
		comes(towns, 10 * minute_ms);
		assert_true(foe.altered > 0);
		assert_true(towns->b->curves - curves >= (path ? MANY / 2 : MANY / 4));
		assert_int_equal(towns->b->note_counts[NOTE_PEER_BAD], 0);
		towns_close(towns);
	}
}

/* The author goes on saying things meanwhile, by way of the same node. */
static void the_set_moves_meanwhile(void **state)
{
	struct towns *towns = filled(3, MANY);

	sim_cut(towns->b, false);
	for (unsigned i = 0; i < 20; i++) {
		sim_run(&towns->sim, 40, NULL, NULL);
		filled_add(towns->a, towns->m, MANY + i, 1);
	}
	comes(towns, 10 * minute_ms);
	towns_close(towns);
}

/* Two tell it at the same time, and one of them leaves things out. */
static void two_sources_are_as_good_as_one(void **state)
{
	struct towns *towns = filled(5, MANY);
	struct sim_node *c = sim_add(&towns->sim, "Coswig", "coswig", "14627030");
	struct foe foe = {.path = false};

	sim_join(towns->a, c);
	for (unsigned i = 0; i < 100 && !filled_same(towns->a, c, towns->m); i++)
		sim_run(&towns->sim, 1000, NULL, NULL);
	assert_true(filled_same(towns->a, c, towns->m));
	towns->a->spoil = spoil;
	towns->a->spoil_arg = &foe;
	comes(towns, 10 * minute_ms);
	assert_true(foe.altered > 0);
	towns_close(towns);
}

/*
 * A head over versions whose own signatures are wrong: who has most of the author's is told the
 * rest singly, gets it all the same, and goes on taking what comes from who has it.
 */
static void what_only_the_head_proves_divides_nobody(void **state)
{
	struct towns *towns = filled(9, MANY / 4);

	comes(towns, minute_ms);
	sim_cut(towns->b, true);
	filled_add_wrong(towns->a, towns->m, MANY, 100);
	filled_add(towns->a, towns->m, 2 * MANY, 10);
	comes(towns, 2 * minute_ms);
	filled_add(towns->a, towns->m, 3 * MANY, 10);
	comes(towns, 2 * minute_ms);
	assert_int_equal(towns->b->note_counts[NOTE_PEER_BAD], 0);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_is_one_signature_for_all),
		cmocka_unit_test(the_process_may_die_at_any_time),
		cmocka_unit_test(what_is_altered_on_the_way_is_checked_singly),
		cmocka_unit_test(the_set_moves_meanwhile),
		cmocka_unit_test(two_sources_are_as_good_as_one),
		cmocka_unit_test(what_only_the_head_proves_divides_nobody),
	};
	const char *what;

	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("first_sync", tests, NULL, NULL);
}
