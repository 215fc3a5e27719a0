/* Publishing and holding: what a user notices of versions, tiers, retention and rubbish. */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/hub/hub.h"
#include "proto/transfer/scan.h"

static void settle(struct towns *towns)
{
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	sim_run(&towns->sim, 5000, NULL, NULL);
}

static struct sim_publication publication(struct sim_node *node, const char *path,
					  const struct buf *content)
{
	return (struct sim_publication){
		.node = node, .options = {.path = path}, .content = buf_bytes(content)};
}

/* ---- versions ---- */

static void the_same_again_makes_no_version(void **state)
{
	struct towns *towns = towns_open(1, 2);
	struct buf content = sim_content(1, 300000);
	struct sim_publication p = publication(towns->a, "meissen/schulen", &content);
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	assert_int_equal(p.number, 1);
	uint64_t chunks = sim_rows(towns->a, TABLE_CHUNK),
		 records = sim_rows(towns->a, TABLE_RECORD);
	for (unsigned i = 0; i < 3; i++) {
		p = publication(towns->a, "meissen/schulen", &content);
		assert_int_equal(sim_publish_all(&p), ERR_EXISTS);
		assert_int_equal(p.number, 1);
	}
	/* What a person says of it is part of it. */
	p = publication(towns->a, "meissen/schulen", &content);
	p.options.description.title = bytes_str("Schulen in Meißen");
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	assert_int_equal(p.number, 2);
	settle(towns);
	assert_int_equal(sim_rows(towns->a, TABLE_RECORD), records + 1);
	/* The manifest and nothing else is new. */
	assert_int_equal(sim_rows(towns->a, TABLE_CHUNK), chunks + 1);
	assert_int_equal(sim_rows(towns->a, TABLE_STAGE), 0);
	buf_fini(&content);
	towns_close(towns);
}

static void shrinking_and_widening_want_a_word(void **state)
{
	struct towns *towns = towns_open(2, 2);
	struct buf large = sim_content(1, 300000), small = sim_content(2, 100000), none;
	buf_init(&none, 1);
	struct sim_publication p = publication(towns->a, "meissen/schulen", &large);
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	p = publication(towns->a, "meissen/schulen", &small);
	assert_int_equal(sim_publish_all(&p), ERR_DENIED);
	assert_non_null(strstr(p.why, "--allow-shrink"));
	p = publication(towns->a, "meissen/schulen", &none);
	assert_int_equal(sim_publish_all(&p), ERR_DENIED);
	p = publication(towns->a, "meissen/schulen", &small);
	p.options.allow_shrink = true;
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	assert_int_equal(p.number, 2);
	/* members is the default; open is wider. */
	p = publication(towns->a, "meissen/schulen", &small);
	p.options.has_tier = true;
	p.options.tier = TIER_OPEN;
	assert_int_equal(sim_publish_all(&p), ERR_DENIED);
	assert_non_null(strstr(p.why, "--widen"));
	p.options.widen = true;
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	assert_int_equal(p.number, 3);
	p = publication(towns->a, "meissen/schulen", &small);
	p.options.has_tier = true;
	p.options.tier = TIER_HIDDEN;
	assert_int_equal(sim_publish_all(&p), ERR_DENIED);
	assert_non_null(strstr(p.why, "nothing becomes hidden"));
	/* What was refused left nothing behind. */
	settle(towns);
	assert_int_equal(sim_rows(towns->a, TABLE_STAGE), 0);
	assert_int_equal(sim_rows(towns->b, TABLE_VERSION), 3);
	sim_assert_reads(towns->a, "meissen/schulen", 1, buf_bytes(&large));
	sim_assert_reads(towns->a, "meissen/schulen", 3, buf_bytes(&small));
	buf_fini(&large);
	buf_fini(&small);
	towns_close(towns);
}

static void only_the_own_namespace(void **state)
{
	static const struct {
		const char *path;
		enum err err;
	} cases[] = {
		{"radebeul/schulen", ERR_DENIED}, {"meissen", ERR_CONFIG},
		{"meissen/", ERR_CONFIG},         {"meissen/../radebeul/x", ERR_CONFIG},
		{"meissen/Schulen", ERR_CONFIG},  {"", ERR_CONFIG},
		{"meissen-bau/x", ERR_DENIED},    {"/meissen/x", ERR_CONFIG},
	};
	struct towns *towns = towns_open(3, 2);
	struct buf content = sim_content(1, 1000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sim_publication p = publication(towns->a, cases[i].path, &content);
		assert_int_equal(sim_publish_all(&p), cases[i].err);
		assert_true(p.why[0]);
	}
	assert_int_equal(sim_rows(towns->a, TABLE_VERSION), 0);
	assert_int_equal(sim_rows(towns->a, TABLE_CHUNK), 0);
	buf_fini(&content);
	towns_close(towns);
}

/* ---- tiers ---- */

struct addresses {
	struct chunk_addr *items;
	size_t count;
};

static struct addresses chunk_addresses(struct sim_node *node)
{
	struct addresses all = {NULL, 0};
	struct txn *txn = txn_begin(node->db, false);
	struct walk walk = walk_begin(txn, TABLE_CHUNK, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		all.items = mem_grow(all.items, all.count + 1, sizeof(*all.items));
		memcpy(all.items[all.count++].b, walk.key.ptr + ID_LEN, ID_LEN);
	}
	txn_abort(txn);
	return all;
}

/* A change of tier encrypts everything anew, so no address of before appears again. */
static void another_tier_has_no_chunk_in_common(void **state)
{
	static const enum tier tiers[] = {TIER_MEMBERS, TIER_OPEN, TIER_MEMBERS, TIER_OPEN};
	struct towns *towns = towns_open(4, 2);
	struct buf content = sim_content(1, 400000);
	struct addresses before = {NULL, 0};
	for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++) {
		struct sim_publication p = publication(towns->a, "meissen/schulen", &content);
		p.options.has_tier = p.options.widen = true;
		p.options.tier = tiers[i];
		p.options.keep.count = 1;
		assert_int_equal(sim_publish_all(&p), ERR_OK);
		settle(towns);
		/* Only the newest version is left: its chunks are all there are. */
		struct addresses now = chunk_addresses(towns->a);
		assert_true(now.count > 3);
		for (size_t k = 0; k < now.count; k++) {
			for (size_t m = 0; m < before.count; m++)
				assert_false(id_eq(&now.items[k], &before.items[m]));
		}
		free(before.items);
		before = now;
	}
	free(before.items);
	buf_fini(&content);
	towns_close(towns);
}

/* ---- retention and rubbish ---- */

static bool is_swept(struct sim *sim, void *arg)
{
	const struct towns *towns = arg;
	return sim_rows(towns->b, TABLE_CHUNK) == sim_rows(towns->a, TABLE_CHUNK) &&
	       sim_rows(towns->b, TABLE_HELD) == sim_rows(towns->a, TABLE_HELD) &&
	       sim_rows(towns->b, TABLE_VERSION) == sim_rows(towns->a, TABLE_VERSION);
}

static void versions_beyond_keep_go_everywhere(void **state)
{
	struct towns *towns = towns_open(5, 2);
	uint64_t seen = 0;
	struct buf last = sim_content(0, 1);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	for (unsigned i = 1; i <= 6; i++) {
		buf_fini(&last);
		last = sim_content(100 + i, 200000);
		struct sim_publication p = publication(towns->a, "meissen/inzidenz", &last);
		p.options.keep.count = 2;
		assert_int_equal(sim_publish_all(&p), ERR_OK);
		towns_held(towns->b, "meissen/inzidenz", i);
		settle(towns);
	}
	assert_int_equal(sim_rows(towns->a, TABLE_VERSION), 2);
	assert_true(sim_run(&towns->sim, 120000, is_swept, towns));
	assert_true(sim_rows(towns->b, TABLE_CHUNK) > 4);
	seen = sim_rows(towns->a, TABLE_SEEN);
	assert_true(seen > 0 && seen <= sim_rows(towns->a, TABLE_CHUNK));
	sim_assert_reads(towns->b, "meissen/inzidenz", 6, buf_bytes(&last));
	struct buf none;
	buf_init(&none, 1 << 20);
	assert_int_equal(sim_read(towns->b, "meissen/inzidenz", 4, &none), ERR_ABSENT);
	buf_fini(&none);
	/* No row of a version that is gone is left on either side. */
	for (unsigned i = 0; i < 2; i++) {
		struct sim_node *node = i ? towns->b : towns->a;
		struct txn *txn = txn_begin(node->db, false);
		struct walk walk = walk_begin(txn, TABLE_INDEX, bytes_of(NULL, 0));
		while (walk_next(&walk))
			assert_true(~be64_get(walk.key.ptr + ID_LEN + 4) >= 5);
		txn_abort(txn);
	}
	buf_fini(&last);
	towns_close(towns);
}

/* A version that its author drops while it is being fetched is given up. */
/* What was said once about old versions holds until something else is said. */
static void keep_is_remembered(void **state)
{
	struct towns *towns = towns_open(10, 2);
	struct buf content;
	for (unsigned i = 1; i <= 9; i++) {
		content = sim_content(100 + i, 100000);
		struct sim_publication p = publication(towns->a, "meissen/inzidenz", &content);
		p.options.keep.count = i == 2 ? 2 : 0;
		p.options.keep.days = i == 7 ? 3 : 0;
		p.options.keep_all = i == 5;
		assert_int_equal(sim_publish_all(&p), ERR_OK);
		assert_int_equal(sim_rows(towns->a, TABLE_VERSION), i < 2    ? i
								    : i < 5  ? 2
								    : i == 9 ? 1
									     : i - 2);
		if (i == 8)
			sim_run(&towns->sim, 4 * 24 * 3600 * (int64_t)1000, NULL, NULL);
		if (i < 9)
			buf_fini(&content);
	}
	/* The newest stays, however old; and a publication of nothing new tidies up, too. */
	sim_run(&towns->sim, 4 * 24 * 3600 * (int64_t)1000, NULL, NULL);
	struct sim_publication p = publication(towns->a, "meissen/inzidenz", &content);
	assert_int_equal(sim_publish_all(&p), ERR_EXISTS);
	assert_int_equal(sim_rows(towns->a, TABLE_VERSION), 1);
	settle(towns);
	assert_int_equal(sim_rows(towns->b, TABLE_VERSION), 1);
	buf_fini(&content);
	towns_close(towns);
}

static void a_version_dropped_on_its_way(void **state)
{
	struct towns *towns = towns_open(6, 2);
	struct buf first = sim_content(1, 2000000), second = sim_content(2, 300000);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	towns->a->serve = SIM_SERVE_NOTHING;
	struct sim_publication p = publication(towns->a, "meissen/plan", &first);
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	sim_run(&towns->sim, 3000, NULL, NULL);
	assert_int_equal(towns->b->hub->transfer->fetch_count, 1);
	p = publication(towns->a, "meissen/plan", &second);
	p.options.keep.count = 1;
	p.options.allow_shrink = true;
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	towns->a->serve = SIM_SERVE;
	towns_held(towns->b, "meissen/plan", 2);
	settle(towns);
	assert_true(sim_run(&towns->sim, 120000, is_swept, towns));
	assert_int_equal(towns->b->hub->transfer->fetch_count, 0);
	sim_assert_reads(towns->b, "meissen/plan", 0, buf_bytes(&second));
	buf_fini(&first);
	buf_fini(&second);
	towns_close(towns);
}

static void given_up_leaves_nothing(void **state)
{
	struct towns *towns = towns_open(7, 2);
	struct buf content = sim_content(1, 600000);
	struct sim_publication p = publication(towns->a, "meissen/schulen", &content);
	p.pieces_max = 2;
	assert_int_equal(sim_publish_begin(&p), ERR_OK);
	assert_true(sim_publish_step(&p));
	assert_true(sim_publish_step(&p));
	assert_int_equal(sim_rows(towns->a, TABLE_CHUNK), 4);
	sim_publish_abort(&p);
	sim_publish_end(&p);
	settle(towns);
	assert_int_equal(sim_rows(towns->a, TABLE_CHUNK), 0);
	assert_int_equal(sim_rows(towns->a, TABLE_STAGE), 0);
	assert_int_equal(sim_rows(towns->a, TABLE_SEEN), 0);
	assert_int_equal(sim_rows(towns->a, TABLE_VERSION), 0);
	/* and nothing in the way of the next */
	p = publication(towns->a, "meissen/schulen", &content);
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	sim_assert_reads(towns->a, "meissen/schulen", 0, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
}

/* Of two publications at once the second to be ready is told to begin again, and spoils nothing. */
static void two_at_once(void **state)
{
	struct towns *towns = towns_open(8, 2);
	struct buf first = sim_content(1, 300000), second = sim_content(2, 310000);
	struct sim_publication p = publication(towns->a, "meissen/schulen", &first);
	struct sim_publication q = publication(towns->a, "meissen/schulen", &second);
	p.pieces_max = q.pieces_max = 1;
	assert_int_equal(sim_publish_begin(&p), ERR_OK);
	assert_int_equal(sim_publish_begin(&q), ERR_OK);
	bool more_p = true, more_q = true;
	while (more_p || more_q) {
		more_p = more_p && sim_publish_step(&p);
		more_q = more_q && sim_publish_step(&q);
	}
	assert_int_equal(sim_publish_commit(&q), ERR_OK);
	sim_run(&towns->sim, 2000, NULL, NULL);
	assert_int_equal(sim_publish_commit(&p), ERR_BUSY);
	assert_true(p.why[0]);
	sim_publish_end(&p);
	sim_publish_end(&q);
	settle(towns);
	sim_assert_reads(towns->a, "meissen/schulen", 0, buf_bytes(&second));
	assert_int_equal(sim_rows(towns->a, TABLE_STAGE), 0);
	uint64_t chunks = sim_rows(towns->a, TABLE_CHUNK);
	assert_int_equal(sim_rows(towns->a, TABLE_INDEX), chunks);
	p = publication(towns->a, "meissen/schulen", &first);
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	assert_int_equal(p.number, 2);
	sim_assert_reads(towns->a, "meissen/schulen", 2, buf_bytes(&first));
	buf_fini(&first);
	buf_fini(&second);
	towns_close(towns);
}

/* Retention of one publication must not sweep what another one has staged. */
static void retention_spares_what_is_being_published(void **state)
{
	struct towns *towns = towns_open(9, 2);
	struct buf contents[3];
	for (unsigned i = 0; i < 3; i++)
		contents[i] = sim_content(20 + i, 200000 + 1000 * i);
	struct sim_publication p = publication(towns->a, "meissen/a", &contents[0]);
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	struct sim_publication q = publication(towns->a, "meissen/a", &contents[1]);
	q.pieces_max = 1;
	assert_int_equal(sim_publish_begin(&q), ERR_OK);
	for (unsigned i = 0; i < 2; i++)
		sim_publish_step(&q);
	p = publication(towns->a, "meissen/a", &contents[2]);
	p.options.keep.count = 1;
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	sim_run(&towns->sim, 5000, NULL, NULL);
	while (sim_publish_step(&q))
		;
	assert_int_equal(sim_publish_commit(&q), ERR_BUSY);
	sim_publish_end(&q);
	settle(towns);
	sim_assert_reads(towns->a, "meissen/a", 2, buf_bytes(&contents[2]));
	assert_int_equal(sim_rows(towns->a, TABLE_INDEX), sim_rows(towns->a, TABLE_CHUNK));
	for (unsigned i = 0; i < 3; i++)
		buf_fini(&contents[i]);
	towns_close(towns);
}

static void fetched_only_when_wanted_survives_a_restart(void **state)
{
	struct towns *towns = towns_open(10, 2);
	struct buf content = sim_content(1, 1500000);
	struct sim_publication p = publication(towns->a, "meissen/plan", &content);
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	settle(towns);
	towns->a->serve = SIM_SERVE_NOTHING;
	assert_int_equal(sim_want(towns->b, "meissen/plan", 0), ERR_OK);
	sim_run(&towns->sim, 2000, NULL, NULL);
	assert_int_equal(sim_rows(towns->b, TABLE_HELD), 1); /* its index is here */
	sim_stop(towns->b);
	towns->a->serve = SIM_SERVE;
	sim_start(towns->b);
	towns_held(towns->b, "meissen/plan", 0);
	sim_assert_reads(towns->b, "meissen/plan", 0, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
}

static void call_row_of_old(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct row_key key = key_text(bytes_str(arg));
	txn_put(txn, TABLE_SUBSCRIPTION, row_key_bytes(&key), bytes_str(arg));
}

/* A store made before subscriptions had options. */
static void a_subscription_of_old_still_asks(void **state)
{
	struct towns *towns = towns_open(11, 2);
	struct buf content = sim_content(1, 100000);
	assert_true(sim_call(towns->b, call_row_of_old, (void *)(uintptr_t) "meissen/**"));
	sim_stop(towns->b);
	sim_start(towns->b);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_EXISTS);
	struct sim_publication p = publication(towns->a, "meissen/schulen", &content);
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	towns_held(towns->b, "meissen/schulen", 1);
	/* Another word about reading takes its place. */
	assert_int_equal(sim_subscribe_relay(towns->b, "meissen/**"), ERR_OK);
	assert_int_equal(sim_rows(towns->b, TABLE_SUBSCRIPTION), 1);
	buf_fini(&content);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_again_makes_no_version),
		cmocka_unit_test(shrinking_and_widening_want_a_word),
		cmocka_unit_test(only_the_own_namespace),
		cmocka_unit_test(another_tier_has_no_chunk_in_common),
		cmocka_unit_test(versions_beyond_keep_go_everywhere),
		cmocka_unit_test(keep_is_remembered),
		cmocka_unit_test(a_version_dropped_on_its_way),
		cmocka_unit_test(given_up_leaves_nothing),
		cmocka_unit_test(two_at_once),
		cmocka_unit_test(retention_spares_what_is_being_published),
		cmocka_unit_test(fetched_only_when_wanted_survives_a_restart),
		cmocka_unit_test(a_subscription_of_old_still_asks),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("publish", tests, NULL, NULL);
}
