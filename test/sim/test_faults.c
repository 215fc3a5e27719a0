/*
 * The n-th store call fails, or the process dies after the n-th turn, for every n until everything
 * runs through; what was acknowledged is there, the nodes agree, and the stores are tidy.
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
#include "proto/hub/hub.h"

static bool every; /* store call, not samples of the later ones */

/* The n after this one. */
static uint64_t next_n(uint64_t n, bool crash)
{
	return n + (crash || every ? 1 : 1 + n / 16);
}

struct pair {
	struct sim sim;
	struct sim_node *a, *b;
};

static struct pair *pair_open(uint64_t seed)
{
	struct pair *pair = mem_new(1, sizeof(*pair));
	sim_init(&pair->sim, seed);
	pair->a = sim_add(&pair->sim, "Stadt Meißen", "meissen", "14627140");
	pair->b = sim_add(&pair->sim, "Stadt Radebeul", "radebeul", "14627210");
	return pair;
}

static void pair_close(struct pair *pair)
{
	uint8_t digest[ID_LEN];
	sim_fini(&pair->sim, digest);
	free(pair);
}

static bool pair_joined(struct pair *pair)
{
	return sim_run(&pair->sim, 120000, sim_agree, NULL);
}

/* The trouble a node is to get into: the n-th store call fails, or the n-th turn is its last. */
struct trouble {
	struct sim_node *node;
	bool crash;
	uint64_t n;
};

static void trouble_begin(const struct trouble *trouble)
{
	if (trouble->crash)
		trouble->node->crash_in = trouble->n;
	else
		sim_fault(trouble->node, trouble->n, ERR_IO);
}

/* True when it has struck; then it is over. */
static bool trouble_end(const struct trouble *trouble)
{
	bool struck;
	if (trouble->crash) {
		struck = trouble->node->crash_in == 0;
		trouble->node->crash_in = 0;
	} else {
		struck = sim_fault_struck(trouble->node);
		sim_fault(trouble->node, 0, ERR_OK);
	}
	return struck;
}

/* ---- publishing and fetching ---- */

/* Publishes until it is acknowledged; a turn may be lost. */
static void publish(struct sim_node *node, const char *path, const struct buf *content,
		    uint64_t keep)
{
	for (unsigned i = 0;; i++) {
		struct sim_publication p = {.node = node,
					    .options = {.path = path, .keep = {.count = keep}},
					    .content = buf_bytes(content),
					    .pieces_max = 2};
		p.options.allow_shrink = true;
		enum err err = sim_publish_all(&p);
		if (err == ERR_OK || err == ERR_EXISTS)
			return;
		assert_int_equal(err, ERR_IO);
		assert_true(i < 2);
	}
}

static bool is_tidy(struct sim *sim, void *arg)
{
	struct pair *pair = arg;
	return sim_agree(sim, NULL) && sim_rows(pair->b, TABLE_CHUNK) > 0 &&
	       sim_rows(pair->b, TABLE_CHUNK) == sim_rows(pair->a, TABLE_CHUNK) &&
	       sim_held(pair->b, "meissen/tafel", 0);
}

/* One version more, trouble at one side; false when nothing struck. */
static bool version_survives(struct pair *pair, struct trouble *trouble)
{
	struct buf content = sim_content(trouble->n, 60000 + 37 * (trouble->n % 1000));
	trouble_begin(trouble);
	publish(pair->a, "meissen/tafel", &content, 2);
	/* Nothing is looked at meanwhile, as looking makes store calls too. */
	sim_run(&pair->sim, 3000, NULL, NULL);
	bool struck = trouble_end(trouble);
	assert_true(sim_run(&pair->sim, 300000, is_tidy, pair));
	sim_run(&pair->sim, 1000, NULL, NULL);
	sim_assert_reads(pair->a, "meissen/tafel", 0, buf_bytes(&content));
	sim_assert_reads(pair->b, "meissen/tafel", 0, buf_bytes(&content));
	sim_audit(pair->a);
	sim_audit(pair->b);
	buf_fini(&content);
	return struck;
}

static void versions_survive(uint64_t seed, bool at_b, bool crash)
{
	struct pair *pair = pair_open(seed);
	assert_int_equal(sim_found(pair->a, "Landkreis"), ERR_OK);
	sim_join(pair->a, pair->b);
	assert_true(pair_joined(pair));
	assert_int_equal(sim_subscribe(pair->b, "meissen/**"), ERR_OK);
	struct trouble trouble = {.node = at_b ? pair->b : pair->a, .crash = crash};
	unsigned quiet = 0, struck = 0;
	/* Once is luck: a heartbeat may have been missed. */
	for (trouble.n = 1; quiet < 3; trouble.n = next_n(trouble.n, crash)) {
		if (version_survives(pair, &trouble)) {
			quiet = 0;
			struck++;
		} else {
			quiet++;
		}
	}
	print_message("          %u times, seed %u\n", struck, (unsigned)seed);
	assert_true(struck > (crash ? 5 : 30));
	pair_close(pair);
}

static void publishing_survives_every_fault(void **state)
{
	versions_survive(1, false, false);
}

static void fetching_survives_every_fault(void **state)
{
	versions_survive(2, true, false);
}

static void publishing_survives_every_crash(void **state)
{
	versions_survive(3, false, true);
}

static void fetching_survives_every_crash(void **state)
{
	versions_survive(4, true, true);
}

/* ---- founding and joining ---- */

static void found(struct sim_node *node)
{
	enum err err = sim_found(node, "Landkreis");
	if (err == ERR_IO)
		err = sim_found(node, "Landkreis");
	/* The first try may have been committed before the process died. */
	assert_true(err == ERR_OK || err == ERR_EXISTS);
}

static void join(struct pair *pair)
{
	struct buf text;
	enum err err = ERR_IO;
	buf_init(&text, 4096);
	while (sim_invite(pair->a, pair->b, &text) != ERR_OK)
		buf_reset(&text);
	for (unsigned i = 0; err != ERR_OK && i < 3; i++)
		err = sim_join_text(pair->b, (const char *)text.ptr, NULL);
	assert_true(err == ERR_OK || err == ERR_EXISTS);
	buf_fini(&text);
}

/* A federation is made and joined, trouble at one side; false when nothing struck. */
static bool joining_survives(bool at_b, bool crash, uint64_t n)
{
	struct pair *pair = pair_open(1000 + n);
	struct trouble trouble = {.node = at_b ? pair->b : pair->a, .crash = crash, .n = n};
	trouble_begin(&trouble);
	found(pair->a);
	join(pair);
	sim_run(&pair->sim, 3000, NULL, NULL);
	bool struck = trouble_end(&trouble);
	assert_true(pair_joined(pair));
	assert_int_equal(sim_status(pair->b).state, MEMBERSHIP_MEMBER);
	assert_true(sim_status(pair->b).has_federation_key);
	assert_string_equal(sim_status(pair->b).why, "");
	assert_int_equal(pair->a->hub->charter.member_count, 2);
	/* What it joined for works. */
	struct buf content = sim_content(n, 5000);
	struct sim_held_wait wait = {.node = pair->b, .path = "meissen/tafel"};
	publish(pair->a, wait.path, &content, 0);
	assert_true(sim_run(&pair->sim, 120000, sim_agree, NULL));
	assert_int_equal(sim_want(pair->b, wait.path, 0), ERR_OK);
	assert_true(sim_run(&pair->sim, 120000, sim_is_held, &wait));
	sim_assert_reads(pair->b, wait.path, 0, buf_bytes(&content));
	buf_fini(&content);
	pair_close(pair);
	return struck;
}

static void joining_survives_all(bool at_b, bool crash)
{
	unsigned quiet = 0, struck = 0;
	for (uint64_t n = 1; quiet < 3; n = next_n(n, crash)) {
		bool yes = joining_survives(at_b, crash, n);
		quiet = yes ? 0 : quiet + 1;
		struck += yes;
	}
	print_message("          %u times\n", struck);
	assert_true(struck > 5);
}

static void admitting_survives_every_crash(void **state)
{
	joining_survives_all(false, true);
}

static void joining_survives_every_crash(void **state)
{
	joining_survives_all(true, true);
}

static void admitting_survives_every_fault(void **state)
{
	joining_survives_all(false, false);
}

static void joining_survives_every_fault(void **state)
{
	joining_survives_all(true, false);
}

/* ---- an old copy of the store ---- */

/* What was published since comes back from the neighbour, and nobody takes it for a fork. */
static void a_restored_backup_takes_up_what_it_lost(void **state)
{
	struct pair *pair = pair_open(5);
	struct buf contents[4];
	assert_int_equal(sim_found(pair->a, "Landkreis"), ERR_OK);
	sim_join(pair->a, pair->b);
	assert_true(pair_joined(pair));
	assert_int_equal(sim_subscribe(pair->b, "**"), ERR_OK);
	for (unsigned i = 0; i < 4; i++)
		contents[i] = sim_content(70 + i, 100000 + 1000 * i);
	publish(pair->a, "meissen/tafel", &contents[0], 1);
	assert_true(sim_run(&pair->sim, 60000, is_tidy, pair));
	sim_stop(pair->a);
	sim_backup(pair->a);
	sim_start(pair->a);
	publish(pair->a, "meissen/tafel", &contents[1], 1);
	publish(pair->a, "meissen/neu", &contents[2], 0);
	assert_true(sim_run(&pair->sim, 60000, is_tidy, pair));
	for (unsigned i = 0; i < 2; i++) {
		/*
		 * The second time it has not heard of anybody for thirteen hours, and wants to
		 * renew its head.
		 */
		if (i == 1)
			sim_run(&pair->sim, 13 * 3600 * 1000, NULL, NULL);
		sim_stop(pair->a);
		sim_restore(pair->a);
		sim_start(pair->a);
		assert_true(sim_run(&pair->sim, 180000, is_tidy, pair));
		sim_run(&pair->sim, 60000, NULL, NULL);
		assert_true(sim_run(&pair->sim, 180000, is_tidy, pair));
		assert_int_equal(sim_rows(pair->b, TABLE_EVIDENCE), 0);
		sim_assert_reads(pair->a, "meissen/tafel", 0, buf_bytes(&contents[1]));
		sim_assert_reads(pair->a, "meissen/neu", 0, buf_bytes(&contents[2]));
		assert_int_equal(sim_rows(pair->a, TABLE_VERSION), 2);
		sim_audit(pair->a);
		sim_audit(pair->b);
	}
	publish(pair->a, "meissen/tafel", &contents[3], 1);
	assert_true(sim_run(&pair->sim, 60000, is_tidy, pair));
	sim_assert_reads(pair->b, "meissen/tafel", 3, buf_bytes(&contents[3]));
	for (unsigned i = 0; i < 4; i++)
		buf_fini(&contents[i]);
	pair_close(pair);
}

/*
 * It publishes before it has met anybody who could tell. That waits until what it has forgotten has
 * come back; a number that was used is not used again, and there is no fork.
 */
static void a_restored_backup_that_publishes_at_once(void **state)
{
	struct pair *pair = pair_open(6);
	struct buf lost = sim_content(80, 90000), more = sim_content(81, 100000);
	assert_int_equal(sim_found(pair->a, "Landkreis"), ERR_OK);
	sim_join(pair->a, pair->b);
	assert_true(pair_joined(pair));
	assert_int_equal(sim_subscribe(pair->b, "**"), ERR_OK);
	sim_stop(pair->a);
	sim_backup(pair->a);
	sim_start(pair->a);
	publish(pair->a, "meissen/verloren", &lost, 0);
	publish(pair->a, "meissen/tafel", &lost, 0);
	assert_true(sim_run(&pair->sim, 60000, is_tidy, pair));
	sim_stop(pair->a);
	sim_restore(pair->a);
	sim_start(pair->a);
	publish(pair->a, "meissen/tafel", &more, 0);
	publish(pair->a, "meissen/eilig", &more, 0);
	sim_run(&pair->sim, 180000, NULL, NULL);
	assert_int_equal(sim_rows(pair->b, TABLE_EVIDENCE), 0);
	for (unsigned i = 0; i < 2; i++) {
		sim_assert_reads(i ? pair->b : pair->a, "meissen/eilig", 1, buf_bytes(&more));
		sim_assert_reads(i ? pair->b : pair->a, "meissen/tafel", 1, buf_bytes(&lost));
		sim_assert_reads(i ? pair->b : pair->a, "meissen/verloren", 1, buf_bytes(&lost));
	}
	assert_int_equal(sim_rows(pair->a, TABLE_UNSIGNED), 1);
	publish(pair->a, "meissen/tafel", &more, 0);
	assert_true(sim_run(&pair->sim, 180000, is_tidy, pair));
	assert_int_equal(sim_rows(pair->a, TABLE_UNSIGNED), 0);
	sim_assert_reads(pair->b, "meissen/tafel", 2, buf_bytes(&more));
	sim_run(&pair->sim, 2000, NULL, NULL);
	sim_audit(pair->a);
	sim_audit(pair->b);
	buf_fini(&lost);
	buf_fini(&more);
	pair_close(pair);
}

/* The same old copy again and again, and it dies at every turn on the way back. */
static void a_restored_backup_survives_every_crash(void **state)
{
	struct pair *pair = pair_open(7);
	struct buf lost = sim_content(90, 90000);
	char path[64];
	assert_int_equal(sim_found(pair->a, "Landkreis"), ERR_OK);
	sim_join(pair->a, pair->b);
	assert_true(pair_joined(pair));
	assert_int_equal(sim_subscribe(pair->b, "**"), ERR_OK);
	sim_stop(pair->a);
	sim_backup(pair->a);
	sim_start(pair->a);
	publish(pair->a, "meissen/tafel", &lost, 0);
	publish(pair->a, "meissen/verloren", &lost, 0);
	assert_true(sim_run(&pair->sim, 60000, is_tidy, pair));
	for (unsigned n = 1; n <= 16; n++) {
		struct buf more = sim_content(100 + n, 20000);
		sim_stop(pair->a);
		sim_restore(pair->a);
		sim_start(pair->a);
		snprintf(path, sizeof(path), "meissen/eilig-%u", n);
		publish(pair->a, path, &more, 0);
		pair->a->crash_in = n;
		sim_run(&pair->sim, 30000, NULL, NULL);
		pair->a->crash_in = 0;
		sim_run(&pair->sim, 120000, NULL, NULL);
		assert_true(sim_run(&pair->sim, 180000, is_tidy, pair));
		assert_int_equal(sim_rows(pair->b, TABLE_EVIDENCE), 0);
		assert_int_equal(sim_rows(pair->a, TABLE_VERSION), 2 + n);
		for (unsigned i = 0; i < 2; i++) {
			struct sim_node *node = i ? pair->b : pair->a;
			sim_assert_reads(node, "meissen/tafel", 1, buf_bytes(&lost));
			sim_assert_reads(node, "meissen/verloren", 1, buf_bytes(&lost));
			sim_assert_reads(node, path, 1, buf_bytes(&more));
		}
		buf_fini(&more);
	}
	sim_run(&pair->sim, 2000, NULL, NULL);
	sim_audit(pair->a);
	sim_audit(pair->b);
	buf_fini(&lost);
	pair_close(pair);
}

static bool no_records(struct sim_node *node, struct effect *effect, void *arg)
{
	struct message m;
	return effect->type != EFFECT_SEND || message_decode(&m, buf_bytes(&effect->bytes)) ||
	       m.type != MESSAGE_RECORDS;
}

/* It knows that it has lost something, and dies before it has it back. */
static void a_restored_backup_remembers_what_it_misses(void **state)
{
	struct pair *pair = pair_open(8);
	struct buf lost = sim_content(90, 90000);
	assert_int_equal(sim_found(pair->a, "Landkreis"), ERR_OK);
	sim_join(pair->a, pair->b);
	assert_true(pair_joined(pair));
	assert_int_equal(sim_subscribe(pair->b, "**"), ERR_OK);
	sim_stop(pair->a);
	sim_backup(pair->a);
	sim_start(pair->a);
	publish(pair->a, "meissen/tafel", &lost, 0);
	assert_true(sim_run(&pair->sim, 60000, is_tidy, pair));
	sim_stop(pair->a);
	sim_restore(pair->a);
	pair->b->spoil = no_records;
	for (unsigned i = 0; i < 3; i++) {
		sim_start(pair->a);
		sim_run(&pair->sim, 20000, NULL, NULL);
		sim_stop(pair->a);
	}
	pair->b->spoil = NULL;
	sim_start(pair->a);
	sim_run(&pair->sim, 120000, NULL, NULL);
	assert_true(sim_run(&pair->sim, 180000, is_tidy, pair));
	assert_int_equal(sim_rows(pair->b, TABLE_EVIDENCE), 0);
	for (unsigned i = 0; i < 2; i++)
		sim_assert_reads(i ? pair->b : pair->a, "meissen/tafel", 1, buf_bytes(&lost));
	buf_fini(&lost);
	pair_close(pair);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(publishing_survives_every_fault),
		cmocka_unit_test(fetching_survives_every_fault),
		cmocka_unit_test(publishing_survives_every_crash),
		cmocka_unit_test(fetching_survives_every_crash),
		cmocka_unit_test(admitting_survives_every_crash),
		cmocka_unit_test(joining_survives_every_crash),
		cmocka_unit_test(admitting_survives_every_fault),
		cmocka_unit_test(joining_survives_every_fault),
		cmocka_unit_test(a_restored_backup_takes_up_what_it_lost),
		cmocka_unit_test(a_restored_backup_that_publishes_at_once),
		cmocka_unit_test(a_restored_backup_survives_every_crash),
		cmocka_unit_test(a_restored_backup_remembers_what_it_misses),
	};
	const char *what;
	every = argc > 1 && !strcmp(argv[1], "every");
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
