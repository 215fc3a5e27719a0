#include "test/sim/writers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "proto/catalog/catalog.h"
#include "proto/catalog/revoking.h"
#include "proto/catalog/takeover.h"
#include "proto/rights/current.h"

enum tier writers_tier = TIER_MEMBERS;

void writers_settle(struct towns *towns)
{
	assert_true(sim_run(&towns->sim, 240000, sim_agree, NULL));
	sim_run(&towns->sim, 90000, NULL, NULL); /* all have compared what they have */
}

/* ---- what people do ---- */

void writers_call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct writers_give *give = arg;
	give->terms.expiry_ms += now_ms;
	give->err = grants_give(hub, txn, &give->terms, &give->id, give->why);
}

struct digest writers_give(struct sim_node *from, struct sim_node *to, enum verb verb, int64_t ms,
			   enum keeping keep)
{
	struct writers_give c = {.terms = {.prefix = "meissen/kita",
					   .to = to->identity.slug,
					   .verb = verb,
					   .expiry_ms = ms,
					   .widest = writers_tier,
					   .keep = keep,
					   .again = true}};
	assert_true(sim_call(from, writers_call_give, &c));
	assert_int_equal(c.err, ERR_OK);
	return c.id;
}

static void call_end(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	char name[GRANT_NAME_LEN + 1], why[WHY_LEN];
	const struct revoke_terms terms = {.grant = name};
	struct revocation revocation;
	grant_name(name, arg);
	assert_int_equal(revocation_plan(&revocation, hub, txn, &terms, why), ERR_OK);
	assert_int_equal(revocation_do(&revocation, why), ERR_OK);
	revocation_fini(&revocation);
}

void writers_end(struct sim_node *node, struct digest *id)
{
	assert_true(sim_call(node, call_end, id));
}

enum err writers_publish(struct sim_node *node, uint64_t seed, uint64_t *number, char why[WHY_LEN])
{
	struct buf content = sim_content(seed, 30000);
	struct sim_publication p = {
		.node = node,
		.options = {.path = WRITERS_LIST, .has_tier = true, .tier = writers_tier},
		.content = buf_bytes(&content)};
	enum err err = sim_publish_all(&p);
	if (number)
		*number = p.number;
	if (why)
		snprintf(why, WHY_LEN, "%s", p.why);
	buf_fini(&content);
	return err;
}

void writers_forge(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct writers_forge *forge = arg;
	struct ledger_version at;
	struct dataset_id dataset;
	struct version version;
	struct record record;
	struct bytes whole;
	struct buf copy, body;
	uint32_t owner;
	buf_init(&copy, LIMIT_RECORD_LEN_MAX);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	assert_true(current_dataset(hub, bytes_str(WRITERS_LIST), &dataset, &owner));
	if (!ledger_version_below(txn, &dataset, hub->author, 0, &at)) {
		uint32_t other = 0;
		assert_true(ledger_version_author(txn, &dataset, &other));
		assert_true(ledger_version_below(txn, &dataset, other, 0, &at));
	}
	assert_int_equal(ledger_version_find(txn, &dataset, at.number, at.author, &whole), ERR_OK);
	buf_add(&copy, whole);
	assert_int_equal(record_decode(&record, buf_bytes(&copy)), ERR_OK);
	assert_int_equal(version_decode(&version, record.body), ERR_OK);
	version.number = forge->number;
	version_encode(&body, &version);
	struct record_slot slot = record_slot_version(&dataset, forge->number);
	const int64_t now = hub->ledger.now_ms;
	ledger_now(&hub->ledger, now - forge->back_ms);
	assert_int_equal(ledger_append(&hub->ledger, txn, RECORD_VERSION, record_slot_bytes(&slot),
				       buf_bytes(&body), NULL, LEDGER_TELL),
			 ERR_OK);
	ledger_now(&hub->ledger, now);
	buf_fini(&copy);
	buf_fini(&body);
}

void writers_take(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct writers_take *take = arg;
	struct takeover_view view;
	take->err = takeover_version(hub, txn, WRITERS_LIST, take->number, &view, take->why);
}

/* ---- what is seen ---- */

void writers_see(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct writers_seen *seen = arg;
	struct catalog_entry entry;
	char why[WHY_LEN];
	*seen = (struct writers_seen){0};
	if (catalog_find(hub, txn, WRITERS_LIST, 0, &entry, why))
		return;
	seen->number = entry.number;
	snprintf(seen->by, sizeof(seen->by), "%s", entry.by);
	snprintf(seen->origin, sizeof(seen->origin), "%s", entry.origin);
	catalog_entry_fini(&entry);
}

void writers_assert_seen(struct towns *towns, const char *what)
{
	struct sim_node *nodes[] = {towns->a, towns->b, towns->m};
	for (size_t i = 0; i < 3; i++) {
		char text[200] = "none";
		struct writers_seen seen;
		sim_call(nodes[i], writers_see, &seen);
		if (seen.number)
			snprintf(text, sizeof(text), "%llu %s%s%s", (unsigned long long)seen.number,
				 seen.by, seen.origin[0] ? " of " : "", seen.origin);
		if (strcmp(text, what) != 0)
			fail_msg("%s sees %s, not %s", nodes[i]->identity.slug, text, what);
	}
}
