/* What a member can not do to others by records that it may well publish. */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "crypto/selftest.h"
#include "proto/hub/hub.h"
#include "proto/rights/epochs.h"
#include "proto/ledger/keywrap.h"
#include "proto/catalog/granting.h"
#include "proto/ledger/withdrawal_body.h"

#define KITA "meissen/kita/plaetze"
enum { HOUR_MS = 3600 * 1000 };
#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)

static void settle(struct towns *towns)
{
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	sim_run(&towns->sim, 5000, NULL, NULL);
}

static void call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct grant_terms terms = {.prefix = "meissen/kita",
				    .to = "radebeul",
				    .verb = VERB_READ,
				    .expiry_ms = now_ms + YEAR_MS};
	struct digest token;
	char why[WHY_LEN];
	assert_int_equal(grants_give(hub, txn, &terms, &token, why), ERR_OK);
}

/* ---- a key that somebody else has chosen ---- */

struct planted {
	struct org_id grantee;
	struct key key;
};

/* A wrap of an epoch in the namespace of Meißen, made by somebody who has nothing to say there. */
static void call_plant(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct planted *planted = arg;
	struct keywrap wrap = {
		.grantee = planted->grantee, .prefix = bytes_str("meissen/kita"), .number = 1};
	struct wrap_context context = {.granter = hub->options.identity->org,
				       .grantee = wrap.grantee,
				       .prefix = wrap.prefix,
				       .number = wrap.number};
	struct record_slot slot = record_slot_wrap(&wrap.grantee, wrap.prefix);
	struct orglog log;
	struct buf body;
	assert_int_equal(orglog_load(txn, &wrap.grantee, &log), ERR_OK);
	assert_int_equal(
		wrap_seal(&wrap.wrap, &planted->key, &log.wrap, &context, hub->options.random),
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

static void call_govern(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	size_t len;
	uint64_t number;
	assert_int_equal(epochs_govern(hub, txn, bytes_str(KITA), &len, &number, arg), ERR_OK);
}

/* Neither to the owner, who would seal under it, nor to a reader, who would read nothing. */
static void a_member_can_not_choose_the_key_of_another(void **state)
{
	struct towns *towns = towns_open(1, 3);
	struct sim_node *victims[] = {towns->a, towns->b};
	struct buf content = sim_content(1, 100000);
	assert_true(sim_call(towns->a, call_give, NULL));
	settle(towns);
	for (unsigned i = 0; i < 2; i++) {
		struct planted planted = {.grantee = victims[i]->identity.org, .key = {{1, 2, 3}}};
		struct key used;
		uint64_t rows = sim_rows(victims[i], TABLE_SEALED);
		assert_true(sim_call(towns->m, call_plant, &planted));
		settle(towns);
		assert_true(sim_call(towns->a, call_govern, &used));
		assert_memory_not_equal(used.b, planted.key.b, KEY_LEN);
		/* Nor is anything kept of it, so that it can not fill the disk of others. */
		assert_int_equal(sim_rows(victims[i], TABLE_SEALED), rows);
	}
	assert_int_equal(sim_publish(towns->a, KITA, TIER_GRANTED, buf_bytes(&content)), ERR_OK);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	towns_held(towns->b, KITA, 1);
	sim_assert_reads(towns->b, KITA, 0, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
}

/* ---- what is kept of others ---- */

enum { JUNK_COUNT = 50 };

/* Withdrawals of what never was, which are gone again from the set before long. */
static void call_withdraw_nothing(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const bool *away = arg;
	for (unsigned i = 0; i < JUNK_COUNT; i++) {
		char path[64];
		struct dataset_id dataset;
		struct buf body;
		snprintf(path, sizeof(path), "%s/%u", hub->options.identity->slug, i);
		struct withdrawal withdrawal = {
			.path = bytes_str(path), .number = 1, .reason = bytes_str("so")};
		path_dataset_id(&dataset, &hub->options.identity->org, withdrawal.path);
		struct record_slot slot = withdrawal_slot(&dataset, withdrawal.reach);
		buf_init(&body, LIMIT_RECORD_LEN_MAX);
		withdrawal_put(&body, &withdrawal);
		assert_int_equal(*away ? ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot))
				       : ledger_append(&hub->ledger, txn, RECORD_WITHDRAWAL,
						       record_slot_bytes(&slot), buf_bytes(&body),
						       NULL, LEDGER_QUIET),
				 ERR_OK);
		buf_fini(&body);
	}
}

static void what_a_member_drops_again_is_paid_for_by_nobody(void **state)
{
	struct towns *towns = towns_open(2, 3);
	bool away = false;
	assert_true(sim_call(towns->m, call_withdraw_nothing, &away));
	settle(towns);
	uint64_t slots = sim_rows(towns->a, TABLE_SLOT);
	away = true;
	assert_true(sim_call(towns->m, call_withdraw_nothing, &away));
	settle(towns);
	assert_int_equal(sim_rows(towns->a, TABLE_WITHDRAWN), 0);
	assert_int_equal(sim_rows(towns->a, TABLE_SLOT), slots - JUNK_COUNT);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_can_not_choose_the_key_of_another),
		cmocka_unit_test(what_a_member_drops_again_is_paid_for_by_nobody),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("intruder", tests, NULL, NULL);
}
