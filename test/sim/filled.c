#include "test/sim/filled.h"

#include <stdio.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/hub/hub.h"
#include "test/proto/ledger_node.h"

enum { FILLED_DATASETS = 100000 };

static uint32_t author_at(struct hub *hub, const struct sim_node *author)
{
	const struct charter_member *member = charter_by_org(&hub->charter, &author->identity.org);

	return member ? author_of(member->number, 0) : 0;
}

struct filling {
	struct sim_node *author;
	unsigned from, count;
	bool wrong;
};

static void version_append(struct ledger *ledger, struct txn *txn, const struct sim_node *author,
			   unsigned n)
{
	char path[64];
	struct dataset_id dataset;
	struct buf body;
	snprintf(path, sizeof(path), "%s/daten-%u", author->identity.slug, n % FILLED_DATASETS);
	path_dataset_id(&dataset, &author->identity.org, bytes_str(path));
	struct record_slot slot = record_slot_version(&dataset, 1 + n / FILLED_DATASETS);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	test_version_body(&body, path, 1 + n / FILLED_DATASETS, n);
	check(!ledger_append(ledger, txn, RECORD_VERSION, record_slot_bytes(&slot),
			     buf_bytes(&body), NULL, LEDGER_QUIET));
	buf_fini(&body);
}

static void call_fill(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct filling *filling = arg;
	const struct identity *identity = &filling->author->identity;
	struct key other = *secret_key(identity->sign);
	other.b[0] ^= filling->wrong;
	struct ledger ledger;
	struct ledger_arrival arrival;
	ledger_settle(&hub->ledger, txn);
	ledger_init(&ledger, &hub->charter, hub->options.limits);
	ledger_now(&ledger, now_ms);
	ledger_own(&ledger, author_at(hub, filling->author), &other);
	for (unsigned i = 0; i < filling->count; i++) {
		version_append(&ledger, txn, filling->author, filling->from + i);
		while (ledger_arrival_next(&ledger, &arrival))
			ledger_arrival_fini(&arrival);
	}
	ledger_own(&ledger, author_at(hub, filling->author), secret_key(identity->sign));
	check(!ledger_head_make(&ledger, txn, NULL));
	ledger_settle(&ledger, txn);
	ledger_fini(&ledger);
	hub->ledger.roll_is_due = true;
}

void filled_add(struct sim_node *at, struct sim_node *author, unsigned from, unsigned count)
{
	struct filling filling = {author, from, count, false};

	check(sim_call(at, call_fill, &filling));
}

void filled_add_wrong(struct sim_node *at, struct sim_node *author, unsigned from, unsigned count)
{
	struct filling filling = {author, from, count, true};

	check(sim_call(at, call_fill, &filling));
}

static bool state_of(struct sim_node *node, struct sim_node *author, struct author_state *out)
{
	struct txn *txn = txn_begin(node->db, false);
	enum err err = ledger_state(&node->hub->ledger, txn, author_at(node->hub, author), out);

	txn_abort(txn);
	return !err;
}

bool filled_same(struct sim_node *a, struct sim_node *b, struct sim_node *author)
{
	struct author_state of_a, of_b;

	return state_of(a, author, &of_a) && state_of(b, author, &of_b) &&
	       of_a.counter == of_b.counter && !ledger_partial(&of_b) &&
	       id_eq(&of_a.set, &of_b.set);
}
