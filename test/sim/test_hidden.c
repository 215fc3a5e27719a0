/*
 * Tier hidden among the nodes of its owner and its readers: who draws the path, who makes the key,
 * and what everybody calls it.
 */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "crypto/selftest.h"
#include "proto/catalog/granting.h"
#include "proto/catalog/names.h"
#include "proto/catalog/withdrawal.h"
#include "proto/ledger/notice.h"
#include "proto/membership/nodes.h"

#define NAME "meissen/personal/stellenplan"

/* ---- people ---- */

struct ask {
	const char *name, *text;
	enum err err;
	char path[LIMIT_PATH_LEN_MAX + 1]; /* it is kept under */
	char why[WHY_LEN];
	struct catalog_entry entry;
	struct withdrawal_view view;
	struct buf out;
};

static void run_find(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	ask->err = catalog_find(hub, txn, ask->name, 0, &ask->entry, ask->why);
	if (!ask->err)
		snprintf(ask->path, sizeof(ask->path), "%s", ask->entry.stored);
	catalog_entry_fini(&ask->entry);
}

/* Under which path a node has it that is called so; empty: it knows none. */
static struct ask find(struct sim_node *node, const char *name)
{
	struct ask ask = {.name = name};
	assert_true(sim_call(node, run_find, &ask));
	return ask;
}

static bool is_found(struct sim *sim, void *arg)
{
	return !find(arg, NAME).err;
}

static struct sim_publication publication(struct sim_node *node, const char *name,
					  struct bytes content)
{
	struct sim_publication p = {
		.node = node,
		.content = content,
		.options = {
			.path = name, .has_tier = true, .tier = TIER_HIDDEN, .allow_shrink = true}};
	p.options.description.title = bytes_str("Stellenplan der Verwaltung");
	return p;
}

static void publish(struct sim_node *node, const char *name, struct bytes content, uint64_t number)
{
	struct sim_publication p = publication(node, name, content);
	if (sim_publish_all(&p) != ERR_OK)
		fail_msg("%s", p.why);
	assert_int_equal(p.number, number);
}

static void run_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	struct grant_terms terms = {.to = "radebeul",
				    .prefix = ask->path,
				    .verb = VERB_READ,
				    .expiry_ms = now_ms + INT64_C(30) * 24 * 3600 * 1000};
	struct digest id;
	ask->err = names_resolve(hub, txn, ask->name, ask->path, ask->why);
	if (!ask->err)
		ask->err = grants_give(hub, txn, &terms, &id, ask->why);
}

static void give(struct sim_node *node, const char *name)
{
	struct ask ask = {.name = name};
	assert_true(sim_call(node, run_give, &ask));
	if (ask.err)
		fail_msg("%s", ask.why);
	assert_true(path_is_hidden(bytes_str(ask.path)));
}

static void run_withdraw(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	ask->err =
		withdrawal_make(hub, txn, ask->name, ask->text, false, false, &ask->view, ask->why);
}

static void run_offer(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	ask->err = nodes_offer(hub, txn, now_ms, &ask->out, ask->why);
	buf_add_u8(&ask->out, 0);
}

static void run_add(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	uint8_t index;
	ask->err = nodes_add(hub, txn, now_ms, ask->text, ORGLOG_ROLE_PUBLISH, true, &ask->out,
			     &index, ask->why);
}

/* Another node of Meißen, which publishes and makes no keys. */
static struct sim_node *second(struct towns *towns)
{
	struct ask offered = {.name = NULL}, added = {.name = NULL};
	struct buf request;
	buf_init(&request, ENVELOPE_LEN_MAX);
	buf_init(&offered.out, ENVELOPE_LEN_MAX);
	buf_init(&added.out, ENVELOPE_LEN_MAX);
	assert_true(sim_call(towns->a, run_offer, &offered));
	struct sim_node *node = sim_add_node(&towns->sim, (const char *)offered.out.ptr, &request);
	buf_add_u8(&request, 0);
	added.text = (const char *)request.ptr;
	assert_true(sim_call(towns->a, run_add, &added));
	assert_int_equal(added.err, ERR_OK);
	assert_int_equal(sim_accept(node, buf_bytes(&added.out)), ERR_OK);
	buf_fini(&offered.out);
	buf_fini(&added.out);
	buf_fini(&request);
	assert_true(sim_run(&towns->sim, 300000, sim_agree, NULL));
	return node;
}

static void pass(struct towns *towns)
{
	sim_run(&towns->sim, 20000, NULL, NULL);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
}

/* ---- what is stored ---- */

static void run_notices(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct record_slot slot = record_slot_notice(NOTICE_KEY);
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
	struct record record;
	unsigned *count = arg;
	while (ledger_slots_next(&slots, &record))
		(*count)++;
}

static unsigned notices(struct sim_node *node)
{
	unsigned count = 0;
	assert_true(sim_call(node, run_notices, &count));
	return count;
}

/* Chunks of one dataset that two versions have in common. */
static unsigned chunks_shared(struct sim_node *node, const char *path, uint64_t one, uint64_t two)
{
	struct txn *txn = txn_begin(node->db, false);
	struct dataset_id dataset;
	unsigned shared = 0, count = 0;
	path_dataset_id(&dataset, &node->identity.org, bytes_str(path));
	struct row_key prefix = key_dataset(&dataset);
	struct walk walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));
	while (walk_next(&walk)) {
		struct walk other = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));
		uint64_t number = ~be64_get(walk.key.ptr + ID_LEN + 4);
		count += number == one;
		while (number == one && walk_next(&other))
			shared += ~be64_get(other.key.ptr + ID_LEN + 4) == two &&
				  memcmp(walk.key.ptr + walk.key.len - ID_LEN,
					 other.key.ptr + other.key.len - ID_LEN, ID_LEN) == 0;
	}
	txn_abort(txn);
	assert_true(count > 0);
	return shared;
}

/* ---- tests ---- */

static void a_reader_calls_it_by_its_name_and_others_do_not(void **state)
{
	struct towns *towns = towns_open(101, 3);
	struct buf first = sim_content(1, 400000), second_one = sim_content(1, 400000);
	struct ask at_b;
	second_one.ptr[200000] ^= 1;
	publish(towns->a, NAME, buf_bytes(&first), 1);
	give(towns->a, NAME);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	assert_true(sim_run(&towns->sim, 120000, is_found, towns->b));
	at_b = find(towns->b, NAME);
	assert_string_equal(at_b.path, find(towns->a, NAME).path);
	towns_held(towns->b, NAME, 1);
	sim_assert_reads(towns->b, NAME, 0, buf_bytes(&first));
	sim_assert_reads(towns->b, at_b.path, 0, buf_bytes(&first));
	pass(towns);
	assert_int_equal(find(towns->m, NAME).err, ERR_ABSENT);
	assert_int_equal(find(towns->m, at_b.path).err, ERR_OK); /* that there is something */
	/* One byte changed, and nothing is the same. */
	publish(towns->a, NAME, buf_bytes(&second_one), 2);
	towns_held(towns->b, NAME, 2);
	sim_assert_reads(towns->b, NAME, 2, buf_bytes(&second_one));
	assert_int_equal(chunks_shared(towns->a, at_b.path, 1, 2), 0);
	assert_int_equal(chunks_shared(towns->a, at_b.path, 2, 2),
			 chunks_shared(towns->a, at_b.path, 1, 1));
	/* The same files again make no version. */
	struct sim_publication p = publication(towns->a, NAME, buf_bytes(&second_one));
	assert_int_equal(sim_publish_all(&p), ERR_EXISTS);
	/* Nobody writes it into another namespace. */
	p = publication(towns->b, NAME, buf_bytes(&first));
	assert_int_equal(sim_publish_all(&p), ERR_DENIED);
	buf_fini(&first);
	buf_fini(&second_one);
	towns_close(towns);
}

static void a_node_without_keys_asks_for_one(void **state)
{
	struct towns *towns = towns_open(102, 2);
	struct buf content = sim_content(2, 50000), later = sim_content(3, 50000);
	struct sim_node *node = second(towns);
	struct sim_publication p = publication(node, NAME, buf_bytes(&content));
	assert_int_equal(sim_publish_all(&p), ERR_AGAIN);
	assert_non_null(strstr(p.why, "has been asked"));
	assert_int_equal(notices(node), 1);
	/* Asking twice says nothing new. */
	assert_int_equal(sim_publish_all(&p), ERR_AGAIN);
	pass(towns);
	assert_int_equal(notices(towns->a), 1);
	publish(node, NAME, buf_bytes(&content), 1);
	assert_int_equal(notices(node), 0);
	assert_true(sim_run(&towns->sim, 120000, is_found, towns->a));
	/* The other one goes on with it. */
	assert_string_equal(find(towns->a, NAME).path, find(node, NAME).path);
	publish(towns->a, NAME, buf_bytes(&later), 2);
	pass(towns);
	assert_int_equal(notices(towns->a), 0);
	assert_int_equal(sim_subscribe(node, "meissen/**"), ERR_OK);
	towns_held(node, NAME, 2);
	sim_assert_reads(node, NAME, 0, buf_bytes(&later));
	buf_fini(&content);
	buf_fini(&later);
	towns_close(towns);
}

/* Who asks is off when it is answered, and who answers has died meanwhile. */
static void the_question_waits(void **state)
{
	struct towns *towns = towns_open(103, 2);
	struct buf content = sim_content(2, 50000);
	struct sim_node *node = second(towns);
	struct sim_publication p = publication(node, NAME, buf_bytes(&content));
	sim_stop(towns->a);
	assert_int_equal(sim_publish_all(&p), ERR_AGAIN);
	sim_run(&towns->sim, 60000, NULL, NULL);
	sim_stop(node);
	sim_start(towns->a);
	sim_run(&towns->sim, 60000, NULL, NULL);
	sim_stop(towns->a);
	sim_start(towns->a);
	sim_run(&towns->sim, 60000, NULL, NULL);
	sim_start(node);
	sim_run(&towns->sim, 60000, NULL, NULL);
	pass(towns);
	publish(node, NAME, buf_bytes(&content), 1);
	buf_fini(&content);
	towns_close(towns);
}

/* Whoever asks for several asks for all of them in one notice, until each has its key. */
static void several_questions_are_one_notice(void **state)
{
	static const char *const names[] = {NAME, NAME "-zwei", NAME "-drei"};
	struct towns *towns = towns_open(106, 2);
	struct buf content = sim_content(2, 50000);
	struct sim_node *node = second(towns);
	sim_stop(towns->a);
	for (unsigned i = 0; i < 6; i++) { /* each twice */
		struct sim_publication p = publication(node, names[i % 3], buf_bytes(&content));
		assert_int_equal(sim_publish_all(&p), ERR_AGAIN);
		assert_int_equal(notices(node), 1);
	}
	sim_start(towns->a);
	pass(towns);
	for (unsigned i = 0; i < 3; i++)
		publish(node, names[i], buf_bytes(&content), 1);
	assert_int_equal(notices(node), 0);
	/* What has its key already stands in no later question. */
	sim_stop(towns->a);
	struct sim_publication p = publication(node, NAME "-vier", buf_bytes(&content));
	assert_int_equal(sim_publish_all(&p), ERR_AGAIN);
	sim_start(towns->a);
	pass(towns);
	p = publication(node, NAME "-fuenf", buf_bytes(&content));
	assert_int_equal(sim_publish_all(&p), ERR_AGAIN);
	pass(towns);
	publish(node, NAME "-vier", buf_bytes(&content), 1);
	publish(node, NAME "-fuenf", buf_bytes(&content), 1);
	assert_int_equal(notices(node), 0);
	buf_fini(&content);
	towns_close(towns);
}

/* Two nodes that draw at once make two datasets of one name; whoever asks is told both. */
static void two_of_one_name_are_told_apart(void **state)
{
	struct towns *towns = towns_open(104, 2);
	struct buf content = sim_content(2, 50000), other = sim_content(3, 50000);
	struct sim_node *node = second(towns);
	struct sim_publication p = publication(node, NAME, buf_bytes(&content));
	assert_int_equal(sim_publish_all(&p), ERR_AGAIN);
	pass(towns);
	sim_cut(node, true);
	publish(node, NAME, buf_bytes(&content), 1);
	publish(towns->a, NAME, buf_bytes(&other), 1);
	struct ask one = find(node, NAME), two = find(towns->a, NAME);
	assert_string_not_equal(one.path, two.path);
	sim_cut(node, false);
	pass(towns);
	struct ask both = find(towns->a, NAME);
	assert_int_equal(both.err, ERR_CONFIG);
	assert_non_null(strstr(both.why, one.path));
	assert_non_null(strstr(both.why, two.path));
	p = publication(towns->a, NAME, buf_bytes(&content));
	assert_int_equal(sim_publish_all(&p), ERR_CONFIG);
	/* By its path each is found, and goes on. */
	assert_int_equal(find(towns->a, one.path).err, ERR_OK);
	publish(towns->a, two.path, buf_bytes(&content), 2);
	/* When one is withdrawn the name means the other. */
	struct ask gone = {.name = one.path, .text = "doppelt"};
	assert_true(sim_call(node, run_withdraw, &gone));
	assert_int_equal(gone.err, ERR_OK);
	pass(towns);
	assert_string_equal(find(towns->a, NAME).path, two.path);
	buf_fini(&content);
	buf_fini(&other);
	towns_close(towns);
}

static void withdrawn_and_published_again_it_keeps_its_path(void **state)
{
	struct towns *towns = towns_open(105, 2);
	struct buf content = sim_content(2, 50000);
	publish(towns->a, NAME, buf_bytes(&content), 1);
	give(towns->a, NAME);
	assert_true(sim_run(&towns->sim, 120000, is_found, towns->b));
	struct ask before = find(towns->a, NAME), gone = {.name = NAME, .text = "ueberholt"};
	assert_true(sim_call(towns->a, run_withdraw, &gone));
	assert_int_equal(gone.err, ERR_OK);
	assert_string_equal(gone.view.path, NAME);
	pass(towns);
	assert_int_equal(find(towns->b, NAME).err, ERR_ABSENT);
	assert_non_null(strstr(find(towns->b, NAME).why, "ueberholt"));
	/* It is hidden again without being told so. */
	struct sim_publication p = publication(towns->a, NAME, buf_bytes(&content));
	p.options.has_tier = false;
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	assert_int_equal(p.number, 2);
	assert_string_equal(find(towns->a, NAME).path, before.path);
	assert_true(sim_run(&towns->sim, 120000, is_found, towns->b));
	/* Somebody may give up the name instead. */
	assert_true(sim_call(towns->a, run_withdraw, &gone));
	p = publication(towns->a, NAME, buf_bytes(&content));
	p.options.tier = TIER_MEMBERS;
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	assert_string_equal(find(towns->a, NAME).path, NAME);
	p = publication(towns->a, NAME, buf_bytes(&content));
	assert_int_equal(sim_publish_all(&p), ERR_DENIED);
	buf_fini(&content);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_calls_it_by_its_name_and_others_do_not),
		cmocka_unit_test(a_node_without_keys_asks_for_one),
		cmocka_unit_test(the_question_waits),
		cmocka_unit_test(several_questions_are_one_notice),
		cmocka_unit_test(two_of_one_name_are_told_apart),
		cmocka_unit_test(withdrawn_and_published_again_it_keeps_its_path),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("hidden", tests, NULL, NULL);
}
