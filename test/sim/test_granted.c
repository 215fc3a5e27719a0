/* Tier granted: who reads what, and what becomes of keys when rights begin and end. */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/hub/hub.h"
#include "proto/ledger/keyrecord.h"
#include "proto/ledger/keywrap.h"
#include "proto/catalog/granting.h"
#include "proto/membership/voting.h"

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };
#define YEAR_MS (INT64_C(365) * DAY_MS)
#define KITA    "meissen/kita/plaetze"

static void settle(struct towns *towns)
{
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	sim_run(&towns->sim, 5000, NULL, NULL);
}

/* So much later by all clocks; and as the others say something, what has ended ends for certain. */
static void later(struct towns *towns, int64_t ms)
{
	struct sim_node *others[] = {towns->b, towns->m};
	sim_run(&towns->sim, ms, NULL, NULL);
	for (size_t i = 0; i < 2; i++) {
		char path[80];
		if (!others[i])
			continue;
		struct buf content = sim_content((uint64_t)towns->sim.now_ms, 500);
		snprintf(path, sizeof(path), "%s/zeit", others[i]->identity.slug);
		assert_int_equal(sim_publish(others[i], path, TIER_MEMBERS, buf_bytes(&content)),
				 ERR_OK);
		buf_fini(&content);
	}
	sim_run(&towns->sim, 90000, NULL, NULL);
}

/* ---- what people do ---- */

struct give {
	struct grant_terms terms;
	struct digest token;
	enum err err;
	char why[WHY_LEN];
};

static void call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct give *give = arg;
	give->terms.expiry_ms += now_ms;
	give->err = grants_give(hub, txn, &give->terms, &give->token, give->why);
}

static void give(struct sim_node *owner, struct sim_node *to, const char *prefix, enum verb verb,
		 int64_t ms)
{
	struct give c = {
		.terms = {
			.prefix = prefix, .to = to->identity.slug, .verb = verb, .expiry_ms = ms}};
	assert_true(sim_call(owner, call_give, &c));
	assert_int_equal(c.err, ERR_OK);
}

static void call_remove(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	char why[WHY_LEN];
	struct voting_outcome out;
	voting_outcome_init(&out);
	assert_int_equal(voting_remove(hub, txn, arg, true, &out, why), ERR_OK);
	assert_true(out.accepted);
	voting_outcome_fini(&out);
}

/* The charter may have changed already. */
static void call_remove_again(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	char why[WHY_LEN];
	struct voting_outcome out;
	voting_outcome_init(&out);
	voting_remove(hub, txn, arg, true, &out, why);
	voting_outcome_fini(&out);
}

static void call_relay(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	char why[WHY_LEN];
	struct voting_outcome out;
	voting_outcome_init(&out);
	assert_int_equal(voting_relay(hub, txn, arg, true, &out, why), ERR_OK);
	assert_true(out.accepted);
	voting_outcome_fini(&out);
}

static void remove_member(struct sim_node *steward, struct sim_node *member)
{
	assert_true(sim_call(steward, call_remove, member->identity.slug));
}

/* ---- what the records say ---- */

struct epoch_count {
	const char *prefix;
	uint64_t last;
};

static void call_epochs(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	static const uint8_t kind[1] = {RECORD_KEY};
	struct epoch_count *count = arg;
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&kind));
	struct record record;
	struct keyrecord key;
	count->last = 0;
	while (ledger_slots_next(&slots, &record)) {
		assert_int_equal(keyrecord_get(&key, record.body), ERR_OK);
		if (bytes_eq(key.prefix, bytes_str(count->prefix)) && key.number > count->last)
			count->last = key.number;
	}
}

/* The number of the last epoch at a path; 0: there is none. */
static uint64_t epoch_last(struct sim_node *node, const char *prefix)
{
	struct epoch_count count = {.prefix = prefix};
	assert_true(sim_call(node, call_epochs, &count));
	return count.last;
}

struct wrap_count {
	struct org_id grantee;
	unsigned count;
};

static void call_wraps(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	uint8_t prefix[1 + ID_LEN] = {RECORD_WRAP};
	struct wrap_count *count = arg;
	struct record record;
	struct keywrap wrap;
	memcpy(prefix + 1, count->grantee.b, ID_LEN);
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&prefix));
	while (ledger_slots_next(&slots, &record)) {
		assert_int_equal(keywrap_get(&wrap, record.body), ERR_OK);
		count->count += wrap.prefix.len > 0;
	}
}

/* Wraps of epochs for an organisation, as known at a node. */
static unsigned wraps_for(struct sim_node *node, struct sim_node *grantee)
{
	struct wrap_count count = {.grantee = grantee->identity.org};
	assert_true(sim_call(node, call_wraps, &count));
	return count.count;
}

static void publish(struct sim_node *node, const char *path, struct buf *content)
{
	assert_int_equal(sim_publish(node, path, TIER_GRANTED, buf_bytes(content)), ERR_OK);
}

static enum err reads(struct sim_node *node, const char *path, uint64_t number)
{
	struct buf out;
	buf_init(&out, 1 << 24);
	enum err err = sim_read(node, path, number, &out);
	buf_fini(&out);
	return err;
}

/* ---- the plain way ---- */

static void a_reader_reads_and_nobody_else(void **state)
{
	struct towns *towns = towns_open(1, 3);
	struct buf content = sim_content(1, 300000);

	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	assert_int_equal(sim_subscribe(towns->m, "meissen/**"), ERR_OK);
	publish(towns->a, "meissen/kita/plaetze", &content);
	settle(towns);
	sim_assert_reads(towns->a, "meissen/kita/plaetze", 0, buf_bytes(&content));
	assert_int_equal(reads(towns->b, "meissen/kita/plaetze", 0), ERR_DENIED);
	assert_int_equal(sim_want(towns->b, "meissen/kita/plaetze", 0), ERR_DENIED);
	assert_int_equal(sim_rows(towns->b, TABLE_CHUNK), 0);
	give(towns->a, towns->b, "meissen/kita", VERB_READ, 30 * (int64_t)DAY_MS);
	towns_held(towns->b, "meissen/kita/plaetze", 1);
	sim_assert_reads(towns->b, "meissen/kita/plaetze", 0, buf_bytes(&content));
	settle(towns);
	assert_int_equal(reads(towns->m, "meissen/kita/plaetze", 0), ERR_DENIED);
	assert_int_equal(sim_rows(towns->m, TABLE_CHUNK), 0);
	buf_fini(&content);
	towns_close(towns);
}

/* ---- rights that end ---- */

/* The tables of two years have most of their lines in common. */
static struct buf content_of(unsigned version)
{
	struct buf content = sim_content(7, 300000);
	buf_add(&content, bytes_slice(bytes_str("neu 1\nneu 2\nneu 3\nneu 4\n"), 0, 6 * version));
	return content;
}

static void publish_version(struct sim_node *node, const char *path, unsigned version)
{
	struct buf content = content_of(version);
	publish(node, path, &content);
	buf_fini(&content);
}

static void assert_version(struct sim_node *node, const char *path, unsigned version)
{
	struct buf content = content_of(version);
	sim_assert_reads(node, path, version, buf_bytes(&content));
	buf_fini(&content);
}

static void an_expired_grant_ends(void **state)
{
	struct towns *towns = towns_open(2, 3);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	assert_int_equal(sim_subscribe(towns->m, "meissen/**"), ERR_OK);
	publish_version(towns->a, KITA, 1);
	give(towns->a, towns->b, "meissen/kita", VERB_READ, 2 * HOUR_MS);
	give(towns->a, towns->m, "meissen", VERB_READ, YEAR_MS);
	towns_held(towns->b, KITA, 1);
	towns_held(towns->m, KITA, 1);
	assert_int_equal(epoch_last(towns->b, "meissen"), 1);
	assert_int_equal(epoch_last(towns->b, "meissen/kita"), 1);
	later(towns, 2 * HOUR_MS);
	assert_int_equal(epoch_last(towns->m, "meissen"), 1);
	assert_int_equal(epoch_last(towns->m, "meissen/kita"), 2);
	assert_int_equal(wraps_for(towns->m, towns->b), 0);
	uint64_t chunks = sim_rows(towns->a, TABLE_CHUNK);
	/* A new epoch alone is no news. */
	struct buf same = content_of(1);
	assert_int_equal(sim_publish(towns->a, KITA, TIER_GRANTED, buf_bytes(&same)), ERR_EXISTS);
	buf_fini(&same);
	publish_version(towns->a, KITA, 2);
	/* What was sealed before is not sealed again: the manifest is new, and what has changed. */
	assert_in_range(sim_rows(towns->a, TABLE_CHUNK), chunks + 2, chunks + 3);
	/* Who reads all of meissen goes on, by the link down. */
	towns_held(towns->m, KITA, 2);
	assert_version(towns->m, KITA, 2);
	assert_version(towns->m, KITA, 1);
	settle(towns);
	/* Who had the key and the chunks keeps what was published for it, and gets nothing new. */
	assert_version(towns->b, KITA, 1);
	assert_int_equal(reads(towns->b, KITA, 2), ERR_DENIED);
	assert_int_equal(sim_want(towns->b, KITA, 2), ERR_DENIED);
	assert_false(sim_held(towns->b, KITA, 2));
	/* A new grant gives back what was missed, and what was published before. */
	give(towns->a, towns->b, "meissen/kita", VERB_READ, YEAR_MS);
	towns_held(towns->b, KITA, 2);
	assert_version(towns->b, KITA, 2);
	towns_close(towns);
}

/* Holder and reader set their clocks back to when the grant was good. */
static void a_clock_set_back_brings_nothing_back(void **state)
{
	const int64_t three_days_ms = 3 * (int64_t)DAY_MS;
	struct towns *towns = towns_open(21, 3);
	publish_version(towns->a, KITA, 1);
	give(towns->a, towns->b, "meissen/kita", VERB_READ, 2 * (int64_t)DAY_MS);
	settle(towns);
	later(towns, three_days_ms);
	towns->a->clock_ms = towns->b->clock_ms = -three_days_ms;
	sim_run(&towns->sim, 60000, NULL, NULL);
	assert_int_equal(sim_want(towns->b, KITA, 0), ERR_DENIED);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	sim_run(&towns->sim, 300000, NULL, NULL);
	assert_false(sim_held(towns->b, KITA, 1));
	/* A start keeps what it knows of the time. */
	sim_stop(towns->a);
	sim_start(towns->a);
	sim_run(&towns->sim, 300000, NULL, NULL);
	assert_false(sim_held(towns->b, KITA, 1));
	/* Set right, all goes on. */
	towns->a->clock_ms = towns->b->clock_ms = 0;
	sim_run(&towns->sim, 60000, NULL, NULL);
	give(towns->a, towns->b, "meissen/kita", VERB_READ, YEAR_MS);
	towns_held(towns->b, KITA, 1);
	towns_close(towns);
}

static void a_removed_member_is_shut_out_at_once(void **state)
{
	struct towns *towns = towns_open(3, 3);
	assert_int_equal(sim_subscribe(towns->m, "meissen/**"), ERR_OK);
	publish_version(towns->a, KITA, 1);
	publish_version(towns->a, "meissen/haushalt/plan", 1);
	give(towns->a, towns->m, "meissen", VERB_READ, YEAR_MS);
	give(towns->a, towns->b, "meissen/kita", VERB_READ, YEAR_MS);
	towns_held(towns->m, KITA, 1);
	remove_member(towns->a, towns->m);
	/* in the same turn */
	assert_int_equal(epoch_last(towns->a, "meissen"), 2);
	publish_version(towns->a, KITA, 2);
	publish_version(towns->a, "meissen/haushalt/plan", 2);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	towns_held(towns->b, KITA, 2);
	assert_version(towns->b, KITA, 2);
	assert_int_equal(sim_want(towns->b, KITA, 1), ERR_OK);
	towns_held(towns->b, KITA, 1);
	assert_version(towns->b, KITA, 1);
	sim_run(&towns->sim, 120000, NULL, NULL);
	assert_int_equal(wraps_for(towns->b, towns->m), 0);
	assert_false(sim_held(towns->b, "meissen/haushalt/plan", 0));
	assert_int_equal(reads(towns->b, "meissen/haushalt/plan", 0), ERR_DENIED);
	assert_version(towns->m, KITA, 1);
	assert_true(reads(towns->m, KITA, 2) != ERR_OK);
	towns_close(towns);
}

/* Three epochs at one path, and below another: each link has to be followed. */
static void chains_are_followed(void **state)
{
	struct towns *towns = towns_open(4, 2);
	struct sim_node *guests[3];
	static const char *const slugs[] = {"gast-1", "gast-2", "gast-3"};
	static const char *const ags[] = {"14627991", "14627992", "14627993"};
	for (unsigned i = 0; i < 3; i++) {
		guests[i] = sim_add(&towns->sim, "Gast", slugs[i], ags[i]);
		sim_join(towns->a, guests[i]);
		settle(towns);
	}
	publish_version(towns->a, KITA, 1);
	/*
	 * At the dataset itself, at its folder, at the root: top to bottom, as often as somebody
	 * leaves.
	 */
	static const char *const prefixes[] = {KITA, "meissen/kita", "meissen"};
	for (unsigned i = 0; i < 3; i++) {
		give(towns->a, guests[i], prefixes[i], VERB_READ, YEAR_MS);
		settle(towns);
		remove_member(towns->a, guests[i]);
		sim_stop(guests[i]);
		publish_version(towns->a, KITA, 2 + i);
		settle(towns);
	}
	assert_int_equal(epoch_last(towns->a, KITA), 4);
	assert_int_equal(epoch_last(towns->a, "meissen/kita"), 3);
	assert_int_equal(epoch_last(towns->a, "meissen"), 2);
	give(towns->a, towns->b, KITA, VERB_READ, YEAR_MS);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	towns_held(towns->b, KITA, 4);
	assert_version(towns->b, KITA, 4);
	for (unsigned version = 1; version < 4; version++) {
		assert_int_equal(sim_want(towns->b, KITA, version), ERR_OK);
		towns_held(towns->b, KITA, version);
		assert_version(towns->b, KITA, version);
	}
	towns_close(towns);
}

/* It has the keys of yesterday, and none of today. */
static void a_reader_becomes_a_relay(void **state)
{
	struct towns *towns = towns_open(10, 2);
	assert_int_equal(sim_subscribe_relay(towns->b, "meissen/**"), ERR_OK);
	publish_version(towns->a, KITA, 1);
	give(towns->a, towns->b, "meissen/kita", VERB_READ, YEAR_MS);
	towns_held(towns->b, KITA, 1);
	assert_version(towns->b, KITA, 1);
	assert_true(sim_call(towns->a, call_relay, towns->b->identity.slug));
	assert_int_equal(epoch_last(towns->a, "meissen/kita"), 2);
	publish_version(towns->a, KITA, 2);
	/* Its token still lets it hold. */
	towns_held(towns->b, KITA, 2);
	assert_int_not_equal(reads(towns->b, KITA, 2), ERR_OK);
	assert_int_equal(sim_want(towns->b, KITA, 2), ERR_DENIED);
	assert_int_equal(sim_subscribe(towns->b, "meissen/haushalt/**"), ERR_DENIED);
	settle(towns);
	assert_int_equal(wraps_for(towns->a, towns->b), 0);
	towns_close(towns);
}

/*
 * The store fails at calls all over the first publication, a grant, and the round of new epochs
 * after a removal.
 */
static void faults_leave_all_or_nothing(void **state)
{
	struct towns *towns = towns_open(11, 3);
	struct buf content = content_of(1);
	bool struck = true;
	uint64_t n = 1;
	/* The first epoch is made with the first version that needs it. */
	for (; struck; n += 1 + n / 8) {
		sim_fault(towns->a, n, ERR_IO);
		enum err err = sim_publish(towns->a, KITA, TIER_GRANTED, buf_bytes(&content));
		struck = sim_fault_struck(towns->a);
		sim_fault(towns->a, 0, ERR_OK);
		assert_true(err == ERR_OK || err == ERR_EXISTS || err == ERR_AGAIN || struck);
		sim_run(&towns->sim, 15000, NULL, NULL);
	}
	buf_fini(&content);
	assert_true(n > 20);
	settle(towns);
	assert_int_equal(epoch_last(towns->a, "meissen"), 1);
	assert_version(towns->a, KITA, 1);
	struck = true;
	n = 1;
	for (; struck; n += 1 + n / 8) {
		struct give c = {.terms = {.prefix = "meissen/kita",
					   .to = towns->b->identity.slug,
					   .verb = VERB_READ,
					   .expiry_ms = YEAR_MS}};
		sim_fault(towns->a, n, ERR_IO);
		sim_call(towns->a, call_give, &c);
		struck = sim_fault_struck(towns->a);
		sim_fault(towns->a, 0, ERR_OK);
		sim_run(&towns->sim, 15000, NULL, NULL);
	}
	assert_true(n > 20);
	settle(towns);
	assert_int_equal(wraps_for(towns->a, towns->b), 1);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	towns_held(towns->b, KITA, 1);
	assert_version(towns->b, KITA, 1);
	give(towns->a, towns->m, KITA, VERB_READ, YEAR_MS);
	settle(towns);
	/* The round begins in the turn of the removal, or whenever a turn comes to its end. */
	for (n = 1, struck = true; struck; n += 1 + n / 8) {
		sim_fault(towns->a, n, ERR_IO);
		sim_call(towns->a, call_remove_again, towns->m->identity.slug);
		struck = sim_fault_struck(towns->a);
		sim_fault(towns->a, 0, ERR_OK);
		sim_run(&towns->sim, 15000, NULL, NULL);
	}
	assert_true(n > 20);
	assert_int_equal(epoch_last(towns->a, KITA), 2);
	assert_int_equal(epoch_last(towns->a, "meissen/kita"), 1);
	assert_int_equal(wraps_for(towns->a, towns->m), 0);
	publish_version(towns->a, KITA, 2);
	towns_held(towns->b, KITA, 2);
	assert_version(towns->b, KITA, 2);
	towns_close(towns);
}

/* Keys made since the copy come back with the records: each is wrapped for its own organisation. */
static void an_old_copy_of_the_key_author(void **state)
{
	struct towns *towns = towns_open(13, 3);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	publish_version(towns->a, KITA, 1);
	give(towns->a, towns->b, "meissen/kita", VERB_READ, YEAR_MS);
	give(towns->a, towns->m, "meissen", VERB_READ, YEAR_MS);
	towns_held(towns->b, KITA, 1);
	sim_stop(towns->a);
	sim_backup(towns->a);
	sim_start(towns->a);
	settle(towns);
	give(towns->a, towns->b, "meissen/bau", VERB_READ, HOUR_MS);
	settle(towns);
	later(towns, 2 * HOUR_MS);
	assert_int_equal(epoch_last(towns->a, "meissen/bau"), 2);
	publish_version(towns->a, "meissen/bau/plan", 1);
	settle(towns);
	sim_stop(towns->a);
	sim_restore(towns->a);
	sim_start(towns->a);
	sim_run(&towns->sim, 180000, NULL, NULL);
	settle(towns);
	assert_int_equal(epoch_last(towns->a, "meissen/bau"), 2);
	publish_version(towns->a, "meissen/bau/plan", 2);
	assert_int_equal(epoch_last(towns->a, "meissen/bau"), 2);
	assert_int_equal(sim_want(towns->a, "meissen/bau/plan", 1), ERR_OK);
	assert_version(towns->a, "meissen/bau/plan", 2);
	settle(towns);
	assert_int_equal(sim_want(towns->m, "meissen/bau/plan", 2), ERR_OK);
	towns_held(towns->m, "meissen/bau/plan", 2);
	assert_version(towns->m, "meissen/bau/plan", 2);
	assert_int_equal(sim_want(towns->b, "meissen/bau/plan", 2), ERR_DENIED);
	towns_close(towns);
}

/* More wraps are due than are made in one turn. */
static void a_round_for_many_readers(void **state)
{
	enum { PREFIX_COUNT = 300 };
	struct towns *towns = towns_open(12, 3);
	publish_version(towns->a, KITA, 1);
	give(towns->a, towns->m, "meissen", VERB_READ, YEAR_MS);
	for (unsigned i = 0; i < PREFIX_COUNT; i++) {
		char prefix[64];
		snprintf(prefix, sizeof(prefix), i ? "meissen/ordner-%u" : "meissen/kita", i);
		give(towns->a, towns->b, prefix, VERB_READ, YEAR_MS);
	}
	settle(towns);
	assert_int_equal(wraps_for(towns->a, towns->b), PREFIX_COUNT);
	remove_member(towns->a, towns->m);
	publish_version(towns->a, KITA, 2);
	sim_run(&towns->sim, 60000, NULL, NULL);
	assert_int_equal(wraps_for(towns->b, towns->b), PREFIX_COUNT);
	assert_int_equal(epoch_last(towns->a, "meissen"), 2);
	assert_int_equal(sim_want(towns->b, KITA, 2), ERR_OK);
	towns_held(towns->b, KITA, 2);
	assert_version(towns->b, KITA, 2);
	towns_close(towns);
}

/*
 * Expired tokens cause new epochs at most once a day, and then together; somebody who is removed
 * does not wait.
 */
static void expired_grants_are_collected_for_a_day(void **state)
{
	struct towns *towns = towns_open(5, 3);
	publish_version(towns->a, KITA, 1);
	give(towns->a, towns->b, KITA, VERB_READ, HOUR_MS);
	give(towns->a, towns->b, "meissen/bau", VERB_READ, 2 * HOUR_MS);
	give(towns->a, towns->b, "meissen/haushalt", VERB_READ, 3 * HOUR_MS);
	settle(towns);
	later(towns, HOUR_MS);
	later(towns, 3 * HOUR_MS);
	assert_int_equal(epoch_last(towns->a, KITA), 2);
	assert_int_equal(epoch_last(towns->a, "meissen/bau"), 1);
	assert_int_equal(epoch_last(towns->a, "meissen/haushalt"), 1);
	/* Renewed meanwhile: not lost at all. */
	give(towns->a, towns->b, "meissen/haushalt", VERB_READ, YEAR_MS);
	later(towns, 22 * (int64_t)HOUR_MS);
	assert_int_equal(epoch_last(towns->a, KITA), 2);
	assert_int_equal(epoch_last(towns->a, "meissen/bau"), 2);
	assert_int_equal(epoch_last(towns->a, "meissen/haushalt"), 1);
	/* Who reads above reads on, and nothing is new. */
	give(towns->a, towns->b, "meissen", VERB_READ, YEAR_MS);
	publish_version(towns->a, KITA, 2);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	towns_held(towns->b, KITA, 2);
	assert_version(towns->b, KITA, 2);
	remove_member(towns->a, towns->b);
	assert_int_equal(epoch_last(towns->a, "meissen"), 2);
	assert_int_equal(epoch_last(towns->a, "meissen/haushalt"), 2);
	towns_close(towns);
}

/* What happened while the node was away is made good before it publishes. */
static void the_key_author_was_away(void **state)
{
	struct towns *towns = towns_open(6, 3);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	publish_version(towns->a, KITA, 1);
	give(towns->a, towns->b, "meissen/kita", VERB_READ, 2 * HOUR_MS);
	give(towns->a, towns->m, "meissen/kita", VERB_READ, YEAR_MS);
	towns_held(towns->b, KITA, 1);
	sim_stop(towns->a);
	later(towns, 3 * HOUR_MS);
	/* Nothing is lost for who is there. */
	assert_version(towns->b, KITA, 1);
	assert_int_equal(sim_want(towns->m, KITA, 1), ERR_OK);
	sim_start(towns->a);
	struct buf content = content_of(2);
	struct sim_publication p = {
		.node = towns->a,
		.options = {.path = KITA, .has_tier = true, .tier = TIER_GRANTED},
		.content = buf_bytes(&content)};
	/* It waits for its signature alone: who reads no more gets no chunk of it. */
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	buf_fini(&content);
	settle(towns);
	assert_int_equal(epoch_last(towns->a, "meissen/kita"), 2);
	settle(towns);
	assert_int_equal(sim_want(towns->m, KITA, 2), ERR_OK);
	towns_held(towns->m, KITA, 2);
	assert_version(towns->m, KITA, 2);
	settle(towns);
	assert_true(reads(towns->b, KITA, 2) != ERR_OK);
	assert_int_equal(sim_want(towns->b, KITA, 2), ERR_DENIED);
	/* Both sides keep their keys over a restart. */
	sim_stop(towns->m);
	sim_stop(towns->a);
	sim_start(towns->a);
	sim_start(towns->m);
	assert_version(towns->m, KITA, 2);
	assert_version(towns->a, KITA, 2);
	settle(towns);
	publish_version(towns->a, KITA, 3);
	settle(towns);
	assert_int_equal(epoch_last(towns->a, "meissen/kita"), 2);
	assert_int_equal(reads(towns->b, KITA, 3), ERR_DENIED);
	towns_close(towns);
}

static void bogus(struct hub *hub, struct txn *txn, const struct org_id *grantee, uint64_t number,
		  const char *path)
{
	const struct key key = {{7}};
	struct wrap_context context = {.granter = hub->options.identity->org,
				       .grantee = *grantee,
				       .prefix = bytes_str(path),
				       .number = number};
	struct keywrap wrap = {.grantee = *grantee, .prefix = context.prefix, .number = number};
	struct record_slot slot = record_slot_wrap(grantee, wrap.prefix);
	struct orglog log;
	struct buf body;
	assert_int_equal(orglog_load(txn, grantee, &log), ERR_OK);
	assert_int_equal(wrap_seal(&wrap.wrap, &key, &log.wrap, &context, hub->options.random),
			 ERR_OK);
	wrap_key_id(&wrap.key, &log.wrap);
	orglog_fini(&log);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keywrap_put(&body, &wrap);
	assert_int_equal(ledger_append(&hub->ledger, txn, RECORD_WRAP, record_slot_bytes(&slot),
				       buf_bytes(&body), NULL, LEDGER_QUIET),
			 ERR_OK);
	buf_fini(&body);
}

static void call_bogus(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	bogus(hub, txn, arg, 1, "meissen/kita");
}

static void call_bogus_owner(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	bogus(hub, txn, arg, 1, "meissen");
	bogus(hub, txn, arg, UINT64_MAX, "meissen");
}

/* Anybody may publish a wrap for anybody; a wrong one stands in nobody's way. */
static void a_false_key_is_not_believed(void **state)
{
	struct towns *towns = towns_open(7, 3);
	struct org_id grantee = towns->b->identity.org, owner = towns->a->identity.org;
	assert_true(sim_call(towns->m, call_bogus_owner, &owner));
	settle(towns);
	publish_version(towns->a, KITA, 1);
	assert_int_equal(epoch_last(towns->a, "meissen"), 1);
	assert_true(sim_call(towns->m, call_bogus, &grantee));
	settle(towns);
	assert_int_equal(wraps_for(towns->b, towns->b), 1);
	assert_int_equal(reads(towns->b, KITA, 1), ERR_DENIED);
	give(towns->a, towns->b, "meissen/kita", VERB_READ, YEAR_MS);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	towns_held(towns->b, KITA, 1);
	assert_version(towns->b, KITA, 1);
	towns_close(towns);
}

static void call_forget(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	static const uint8_t kind[1] = {RECORD_WRAP};
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&kind));
	struct walk walk = walk_begin(txn, TABLE_SEALED, bytes_str("epoch:"));
	struct record record;
	struct keywrap wrap;
	while (walk_next(&walk))
		txn_del(txn, TABLE_SEALED, bytes_of(walk.last, walk.last_len));
	while (ledger_slots_next(&slots, &record)) {
		struct record_slot slot = record_slot_copy(record.slot);
		assert_int_equal(keywrap_get(&wrap, record.body), ERR_OK);
		if (wrap.prefix.len > 0)
			assert_int_equal(ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot)),
					 ERR_OK);
	}
}

/* Keys and wraps are gone, and the paper with the root seed is there. */
static void the_root_seed_opens_what_is_the_organisations(void **state)
{
	struct towns *towns = towns_open(8, 2);
	publish_version(towns->a, KITA, 1);
	give(towns->a, towns->b, KITA, VERB_READ, HOUR_MS);
	settle(towns);
	later(towns, 2 * HOUR_MS);
	publish_version(towns->a, KITA, 2);
	settle(towns);
	assert_int_equal(epoch_last(towns->a, KITA), 2);
	assert_true(sim_call(towns->a, call_forget, NULL));
	sim_stop(towns->a);
	sim_start(towns->a);
	settle(towns);
	assert_version(towns->a, KITA, 2);
	assert_version(towns->a, KITA, 1);
	publish_version(towns->a, KITA, 3);
	assert_version(towns->a, KITA, 3);
	towns_close(towns);
}

/* From members to granted and back: never a chunk in common, and back needs a word. */
static void another_tier_begins_anew(void **state)
{
	struct towns *towns = towns_open(9, 2);
	struct buf content = content_of(1);
	assert_int_equal(sim_publish(towns->a, KITA, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	uint64_t chunks = sim_rows(towns->a, TABLE_CHUNK);
	assert_int_equal(sim_publish(towns->a, KITA, TIER_GRANTED, buf_bytes(&content)), ERR_OK);
	assert_int_equal(sim_rows(towns->a, TABLE_CHUNK), 2 * chunks);
	assert_int_equal(sim_publish(towns->a, KITA, TIER_MEMBERS, buf_bytes(&content)),
			 ERR_DENIED);
	settle(towns);
	assert_int_equal(sim_want(towns->b, KITA, 2), ERR_DENIED);
	buf_fini(&content);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_reads_and_nobody_else),
		cmocka_unit_test(an_expired_grant_ends),
		cmocka_unit_test(a_clock_set_back_brings_nothing_back),
		cmocka_unit_test(a_removed_member_is_shut_out_at_once),
		cmocka_unit_test(chains_are_followed),
		cmocka_unit_test(a_reader_becomes_a_relay),
		cmocka_unit_test(faults_leave_all_or_nothing),
		cmocka_unit_test(a_round_for_many_readers),
		cmocka_unit_test(an_old_copy_of_the_key_author),
		cmocka_unit_test(expired_grants_are_collected_for_a_day),
		cmocka_unit_test(the_key_author_was_away),
		cmocka_unit_test(a_false_key_is_not_believed),
		cmocka_unit_test(the_root_seed_opens_what_is_the_organisations),
		cmocka_unit_test(another_tier_begins_anew),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("granted", tests, NULL, NULL);
}
