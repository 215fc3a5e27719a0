#include "test/proto/rights/circle.h"

#include "proto/ledger/keywrap.h"
#include "proto/rights/epoch_keys.h"
#include "proto/rights/epoch_list.h"
#include "proto/rights/epoch_make.h"
#include "proto/rights/epochs.h"
#include "proto/rights/rights.h"

int circle_setup(void **state)
{
	struct circle *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, COUNT_NODES, 1, 1);
	for (unsigned n = 1; n <= COUNT_NODES; n++) {
		hub_node_open(&f->nodes[n], &f->fed, &f->fed.orgs[n - 1]);
		hub_node_machines(&f->nodes[n]);
	}
	*state = f;
	return 0;
}

int circle_teardown(void **state)
{
	struct circle *f = *state;
	for (unsigned n = 1; n <= COUNT_NODES + f->has_second; n++)
		hub_node_close(&f->nodes[n]);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

void circle_take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	if (arrival->record.kind == RECORD_LINE)
		rights_arrival(hub, txn, &arrival->record);
	else if (arrival->record.kind == RECORD_KEY || arrival->record.kind == RECORD_WRAP)
		epochs_arrival(hub, txn, &arrival->record);
}

void circle_settle_one(struct hub_node *node)
{
	do {
		hub_node_turn(node);
		rights_settle(&node->hub, node->txn);
		epochs_settle(&node->hub, node->txn);
	} while (epochs_wake(&node->hub) <= hub_node_mono(node));
}

void circle_settle(struct circle *f)
{
	const unsigned count = COUNT_NODES + f->has_second;
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned n = 1; n <= count; n++)
			if (!f->off[n])
				circle_settle_one(&f->nodes[n]);
		for (unsigned from = 1; from <= count; from++)
			for (unsigned to = 1; to <= count; to++)
				if (from != to && !f->off[from] && !f->off[to])
					made_copy(&f->nodes[from], &f->nodes[to],
						  f->nodes[from].hub.author, circle_take);
	}
}

void circle_pass(struct circle *f, int64_t ms)
{
	for (int64_t left = ms; left > 0; left -= 6 * HOUR_MS) {
		for (unsigned n = 1; n <= COUNT_NODES + f->has_second; n++)
			hub_node_pass(&f->nodes[n], left < 6 * HOUR_MS ? left : 6 * HOUR_MS);
		circle_settle(f);
	}
}

struct gift circle_give(struct circle *f, struct gift gift)
{
	gift.prefix = gift.prefix ? gift.prefix : KITA;
	gift.expiry_ms = gift.expiry_ms ? gift.expiry_ms : TEST_TIME_MS + YEAR_MS;
	gift.depth = gift.depth ? gift.depth : 7;
	gift_made(&gift, &f->nodes[gift.from], &f->fed, circle_take);
	return gift;
}

void circle_end(struct circle *f, struct gift gift)
{
	gift.ended = true;
	gift.round = 2;
	circle_give(f, gift);
}

void circle_removed(struct circle *f, unsigned member)
{
	f->off[member] = true;
	for (unsigned n = 1; n <= COUNT_NODES; n++)
		if (n != member)
			hub_node_remove(&f->nodes[n], &f->fed, member);
}

uint64_t circle_last(struct circle *f, const char *prefix)
{
	struct hub_node *owner = &f->nodes[O];
	return epoch_last_at(&owner->hub, owner->txn, O, bytes_str(prefix));
}

bool circle_opens(struct circle *f, unsigned n, const char *prefix, uint64_t number,
		  const char *path)
{
	struct hub_node *owner = &f->nodes[O], *node = &f->nodes[n];
	struct key own, key = {{0}};
	assert_int_equal(epochs_key(&owner->hub, owner->txn, bytes_str(prefix), number,
				    bytes_str(path), &own),
			 ERR_OK);
	enum err err =
		epochs_key(&node->hub, node->txn, bytes_str(prefix), number, bytes_str(path), &key);
	assert_true(!err || err == ERR_ABSENT);
	if (!err)
		assert_memory_equal(key.b, own.b, KEY_LEN);
	return !err;
}

void circle_is_whole(struct circle *f, unsigned from, unsigned n)
{
	struct hub_node *owner = &f->nodes[from], *node = &f->nodes[n];
	struct buf head;
	buf_init(&head, LIMIT_HEAD_LEN_MAX);
	assert_int_equal(ledger_head_make(&owner->hub.ledger, owner->txn, &head), ERR_OK);
	made_copy(owner, node, owner->hub.author, circle_take);
	ledger_settle(&node->hub.ledger, node->txn);
	assert_int_equal(ledger_accept_head(&node->hub.ledger, node->txn, buf_bytes(&head), NULL),
			 ERR_OK);
	buf_fini(&head);
}

bool circle_waits(struct circle *f, unsigned n, const char *path)
{
	struct hub_node *node = &f->nodes[n];
	struct epoch_wait wait;
	return epochs_waits(&node->hub, node->txn, bytes_str(path), &wait);
}

unsigned circle_records(struct circle *f, unsigned n, enum record_kind kind)
{
	const uint8_t slot[1] = {(uint8_t)kind};
	struct hub_node *node = &f->nodes[n];
	struct ledger_slots slots = ledger_slots(&node->hub.ledger, node->txn, bytes_obj(&slot));
	struct record record;
	unsigned count = 0;
	while (ledger_slots_next(&slots, &record))
		count += record.author == author_of(n, 0);
	return count;
}

void circle_wrap(struct circle *f, unsigned by, unsigned to, const char *prefix, uint64_t number,
		 const struct key *key)
{
	struct keywrap wrap = {
		.grantee = f->fed.orgs[to - 1].id, .prefix = bytes_str(prefix), .number = number};
	struct wrap_context context = {.granter = f->fed.orgs[by - 1].id,
				       .grantee = wrap.grantee,
				       .prefix = wrap.prefix,
				       .number = number};
	struct dh_pk pk;
	struct buf body;
	dh_pk_of(&pk, &f->fed.orgs[to - 1].wrap);
	wrap_key_id(&wrap.key, &pk);
	assert_int_equal(wrap_seal(&wrap.wrap, key, &pk, &context, &f->nodes[by].random), ERR_OK);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keywrap_put(&body, &wrap);
	assert_int_equal(made_record(&f->nodes[by], &f->fed, by, RECORD_WRAP,
				     record_slot_wrap(&wrap.grantee, wrap.prefix), buf_bytes(&body),
				     circle_take),
			 ERR_OK);
	buf_fini(&body);
}

void circle_key(struct circle *f, unsigned n, const char *prefix, uint64_t number, struct key *key)
{
	struct hub_node *node = &f->nodes[n];
	assert_int_equal(epochs_key(&node->hub, node->txn, bytes_str(prefix), number,
				    bytes_str(prefix), key),
			 ERR_OK);
}

void circle_log(struct circle *f, unsigned member, const struct orglog *log,
		const struct orglog *next, unsigned but)
{
	const struct test_org *org = &f->fed.orgs[member - 1];
	struct buf entry;

	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, log, next, &org->root);
	for (unsigned n = 1; n <= COUNT_NODES + f->has_second; n++) {
		if (n == but)
			continue;
		assert_int_equal(orglog_accept(f->nodes[n].txn, &org->id, buf_bytes(&entry), NULL),
				 ERR_OK);
		hub_forget(&f->nodes[n].hub, member);
	}
	buf_fini(&entry);
}

void circle_epoch(struct hub_node *node, const char *prefix)
{
	struct epoch_list list;
	epoch_list_load(&node->hub, node->txn, &list, O);
	assert_int_equal(epoch_make(&node->hub, node->txn, &list, bytes_str(prefix), false, NULL),
			 ERR_OK);
	epoch_list_fini(&list);
	node->hub.epochs->pass.due = true;
}
