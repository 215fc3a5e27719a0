/* Tier granted: who reads what, and what becomes of keys when rights begin and end. */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/core_state.h"
#include "proto/keyrecord.h"
#include "proto/keywrap.h"
#include "proto/token.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static void settle(struct towns *towns)
{
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	sim_run(&towns->sim, 5000, NULL, NULL);
}

/* ---- granting, by a token made by hand ---- */

struct grant {
	const char *prefix;
	struct org_id to;
	enum verb verb;
	int64_t ms; /* how long */
};

static void call_grant(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct grant *grant = arg;
	const struct identity *identity = core->options.identity;
	struct token_link link = {.issuer = identity->org,
				  .issuer_node = identity->node_index,
				  .audience = grant->to,
				  .verb = grant->verb,
				  .prefix = bytes_str(grant->prefix),
				  .not_before_ms = now_ms,
				  .expiry_ms = now_ms + grant->ms};
	struct token token;
	struct buf bytes, body;

	buf_init(&bytes, TOKEN_LINK_LEN_MAX);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	token_link_make(&bytes, &link, &core->charter.fed, secret_key(identity->sign));
	struct bytes whole = buf_bytes(&bytes);
	token_put(&body, &whole, 1);
	assert_int_equal(token_get(&token, buf_bytes(&body)), ERR_OK);
	struct record_slot slot = record_slot_of(RECORD_TOKEN, id_bytes(&token.id));
	struct ledger_news news;
	assert_int_equal(ledger_append(&core->ledger, txn, RECORD_TOKEN, record_slot_bytes(&slot),
				       buf_bytes(&body), NULL, &news),
			 ERR_OK);
	core_record_news(core, txn, &news);
	buf_fini(&bytes);
	buf_fini(&body);
}

static void give(struct sim_node *owner, struct sim_node *to, const char *prefix, enum verb verb,
		 int64_t ms)
{
	struct grant grant = {prefix, to->identity.org, verb, ms};
	assert_true(sim_call(owner, call_grant, &grant));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_reads_and_nobody_else),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("granted", tests, NULL, NULL);
}
