/*
 * Who reads after a right has ended, who makes which keys, and what others cannot cause: several
 * nodes that exchange their records.
 */
#include "proto/rights/epochs.h"

#include "proto/ledger/keywrap.h"
#include "proto/ledger/notice.h"
#include "proto/rights/epoch_asks.h"
#include "proto/rights/epoch_due.h"
#include "proto/rights/epoch_keys.h"
#include "proto/rights/epoch_make.h"
#include "proto/rights/epoch_over.h"
#include "proto/rights/epoch_recovery.h"
#include "proto/rights/fedkeys.h"
#include "proto/rights/handed.h"
#include "proto/rights/rights.h"
#include "proto/rights/world.h"
#include "proto/rights/wrapkeys.h"
#include "test/proto/made.h"
#include "test/proto/press.h"

/* SECOND is another node of O; only some tests have it. */
enum { O = 1, B, C, D, W, COUNT_NODES = W, SECOND };
#define TOP     "gemeinde-1"
#define KITA    "gemeinde-1/kita"
#define HOUR_MS (3600 * INT64_C(1000))
#define DAY_MS  (24 * HOUR_MS)
#define YEAR_MS (365 * DAY_MS)

struct fixture {
	struct test_federation fed;
	struct hub_node nodes[SECOND + 1]; /* by member number */
	bool off[SECOND + 1];
	unsigned has_second; /* 0 or 1 */
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, COUNT_NODES, 1, 1);
	for (unsigned n = 1; n <= COUNT_NODES; n++) {
		hub_node_open(&f->nodes[n], &f->fed, &f->fed.orgs[n - 1]);
		hub_node_machines(&f->nodes[n]);
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (unsigned n = 1; n <= COUNT_NODES + f->has_second; n++)
		hub_node_close(&f->nodes[n]);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static void take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	if (arrival->record.kind == RECORD_LINE)
		rights_arrival(hub, txn, &arrival->record);
	else if (arrival->record.kind == RECORD_KEY || arrival->record.kind == RECORD_WRAP)
		epochs_arrival(hub, txn, &arrival->record);
}

static void settle_one(struct hub_node *node)
{
	do {
		hub_node_turn(node);
		rights_settle(&node->hub, node->txn);
		epochs_settle(&node->hub, node->txn);
	} while (epochs_wake(&node->hub) <= hub_node_mono(node));
}

/* Everybody who is on hears of what everybody who is on has said, until nobody says more. */
static void settle(struct fixture *f)
{
	const unsigned count = COUNT_NODES + f->has_second;
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned n = 1; n <= count; n++)
			if (!f->off[n])
				settle_one(&f->nodes[n]);
		for (unsigned from = 1; from <= count; from++)
			for (unsigned to = 1; to <= count; to++)
				if (from != to && !f->off[from] && !f->off[to])
					made_copy(&f->nodes[from], &f->nodes[to],
						  f->nodes[from].hub.author, take);
	}
}

/* Time passes for all; in steps, as nodes look once an hour. */
static void pass(struct fixture *f, int64_t ms)
{
	for (int64_t left = ms; left > 0; left -= 6 * HOUR_MS) {
		for (unsigned n = 1; n <= COUNT_NODES + f->has_second; n++)
			hub_node_pass(&f->nodes[n], left < 6 * HOUR_MS ? left : 6 * HOUR_MS);
		settle(f);
	}
}

static struct gift give(struct fixture *f, struct gift gift)
{
	gift.prefix = gift.prefix ? gift.prefix : KITA;
	gift.expiry_ms = gift.expiry_ms ? gift.expiry_ms : TEST_TIME_MS + YEAR_MS;
	gift.depth = gift.depth ? gift.depth : 7;
	gift_made(&gift, &f->nodes[gift.from], &f->fed, take);
	return gift;
}

static void end(struct fixture *f, struct gift gift)
{
	gift.ended = true;
	gift.round = 2;
	give(f, gift);
}

/* By the charter, which all but the one itself hear of. */
static void removed(struct fixture *f, unsigned member)
{
	f->off[member] = true;
	for (unsigned n = 1; n <= COUNT_NODES; n++)
		if (n != member)
			hub_node_remove(&f->nodes[n], &f->fed, member);
}

static uint64_t last(struct fixture *f, const char *prefix)
{
	struct hub_node *owner = &f->nodes[O];
	return epoch_last_at(&owner->hub, owner->txn, O, bytes_str(prefix));
}

/* Whether a node has the key of an epoch of O for a path. */
static bool opens(struct fixture *f, unsigned n, const char *prefix, uint64_t number,
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

/* A node has the latest head of another one, and all that it names. */
static void is_whole(struct fixture *f, unsigned from, unsigned n)
{
	struct hub_node *owner = &f->nodes[from], *node = &f->nodes[n];
	struct buf head;
	buf_init(&head, LIMIT_HEAD_LEN_MAX);
	assert_int_equal(ledger_head_make(&owner->hub.ledger, owner->txn, &head), ERR_OK);
	made_copy(owner, node, owner->hub.author, take);
	ledger_settle(&node->hub.ledger, node->txn);
	assert_int_equal(ledger_accept_head(&node->hub.ledger, node->txn, buf_bytes(&head), NULL),
			 ERR_OK);
	buf_fini(&head);
}

static bool waits(struct fixture *f, unsigned n, const char *path)
{
	struct hub_node *node = &f->nodes[n];
	struct epoch_wait wait;
	return epochs_waits(&node->hub, node->txn, bytes_str(path), &wait);
}

static unsigned records_of(struct fixture *f, unsigned n, enum record_kind kind)
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

/* A wrap that its maker has no business to make. */
static void wrap_by(struct fixture *f, unsigned by, unsigned to, const char *prefix,
		    uint64_t number, const struct key *key)
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
				     take),
			 ERR_OK);
	buf_fini(&body);
}

static void key_at(struct fixture *f, unsigned n, const char *prefix, uint64_t number,
		   struct key *key)
{
	struct hub_node *node = &f->nodes[n];
	assert_int_equal(epochs_key(&node->hub, node->txn, bytes_str(prefix), number,
				    bytes_str(prefix), key),
			 ERR_OK);
}

/* ---- rights that end ---- */

/* Of somebody who read above many epochs: a new one at each, in the turn that ends it. */
static void an_end_by_the_owner_is_followed_at_once(void **state)
{
	enum { BELOW = 20 };
	struct fixture *f = *state;
	struct hub_node *owner = &f->nodes[O];
	struct epochs_made made;
	struct epochs_cost cost;
	char path[64];
	struct gift gift = give(f, (struct gift){.from = O, .to = C, .prefix = TOP});
	give(f, (struct gift){.from = O, .to = B, .prefix = TOP});
	for (unsigned i = 0; i < BELOW; i++) {
		snprintf(path, sizeof(path), KITA "/p%u", i);
		give(f, (struct gift){.from = O, .to = D, .prefix = path});
	}
	settle(f);
	assert_int_equal(last(f, KITA "/p7"), 1);
	assert_true(opens(f, C, KITA "/p7", 1, KITA "/p7") &&
		    opens(f, D, KITA "/p7", 1, KITA "/p7"));
	epochs_cost(&owner->hub, owner->txn, &f->fed.orgs[C - 1].id, bytes_str(TOP), &cost);
	end(f, gift);
	assert_int_equal(epochs_urgent_now(&owner->hub, owner->txn, &made), ERR_OK);
	assert_int_equal(made.count, BELOW + 1);
	assert_int_equal(made.lost, 0);
	assert_int_equal(cost.epochs, BELOW + 1);
	assert_int_equal(cost.wraps, BELOW + 1);
	assert_int_equal(cost.lost, 0);
	assert_int_equal(last(f, KITA "/p7"), 2);
	settle(f);
	assert_int_equal(last(f, KITA "/p7"), 2);
	assert_int_equal(last(f, TOP), 2);
	assert_false(opens(f, C, TOP, 2, TOP) || opens(f, C, KITA "/p7", 2, KITA "/p7"));
	/* Who stays opens everything, what was before too. */
	assert_true(opens(f, B, TOP, 2, TOP) && opens(f, B, KITA "/p7", 2, KITA "/p7"));
	assert_true(opens(f, D, KITA "/p7", 2, KITA "/p7"));
	assert_true(opens(f, B, TOP, 1, TOP) && opens(f, D, KITA "/p7", 1, KITA "/p7"));
	/* Nothing else is due, and C's wrap is gone. */
	pass(f, 3 * DAY_MS);
	assert_int_equal(last(f, TOP), 2);
	assert_int_equal(records_of(f, O, RECORD_WRAP), BELOW + 1);
}

/* One of two prefixes: what lies between them is new. */
static void who_reads_below_goes_on_there(void **state)
{
	struct fixture *f = *state;
	struct gift gift = give(f, (struct gift){.from = O, .to = C, .prefix = KITA});
	give(f, (struct gift){.from = O, .to = C, .prefix = KITA "/a"});
	give(f, (struct gift){.from = O, .to = D, .prefix = KITA "/b"});
	settle(f);
	end(f, gift);
	settle(f);
	assert_int_equal(last(f, KITA), 2);
	assert_int_equal(last(f, KITA "/a"), 2);
	assert_false(opens(f, C, KITA, 2, KITA) || opens(f, C, KITA "/b", 2, KITA "/b"));
	assert_true(opens(f, C, KITA "/a", 2, KITA "/a/x"));
	assert_true(opens(f, D, KITA "/b", 2, KITA "/b"));
}

/* Ending one of two lines that cover the same changes nothing. */
static void who_reads_by_another_line_reads_on(void **state)
{
	struct fixture *f = *state;
	struct gift gift = give(f, (struct gift){.from = O, .to = C, .prefix = KITA});
	give(f, (struct gift){.from = O, .to = C, .prefix = TOP, .nonce = 1});
	settle(f);
	end(f, gift);
	pass(f, 2 * DAY_MS);
	assert_int_equal(last(f, KITA), 1);
}

static void a_right_that_runs_out_waits_for_the_day(void **state)
{
	struct fixture *f = *state;
	give(f, (struct gift){.from = O, .to = C, .expiry_ms = TEST_TIME_MS + HOUR_MS});
	give(f, (struct gift){.from = O,
			      .to = C,
			      .prefix = TOP "/bau",
			      .expiry_ms = TEST_TIME_MS + 7 * HOUR_MS});
	give(f, (struct gift){.from = O, .to = W, .prefix = TOP, .verb = VERB_WRITE});
	settle(f);
	pass(f, 2 * HOUR_MS);
	assert_int_equal(last(f, KITA), 2);
	assert_false(opens(f, C, KITA, 2, KITA));
	pass(f, 12 * HOUR_MS);
	assert_int_equal(last(f, TOP "/bau"), 1);
	/* Nobody's publication waits for it. */
	assert_false(waits(f, W, TOP "/bau/x") || waits(f, O, TOP "/bau/x"));
	pass(f, 18 * HOUR_MS);
	assert_int_equal(last(f, TOP "/bau"), 2);
}

/* The owner is off for three weeks, and somebody wraps to whom it likes all the time. */
static void no_publication_waits_for_what_ran_out(void **state)
{
	struct fixture *f = *state;
	struct key key;
	give(f, (struct gift){.from = O, .to = C, .expiry_ms = TEST_TIME_MS + HOUR_MS});
	give(f, (struct gift){.from = O, .to = B});
	give(f, (struct gift){.from = O, .to = W, .verb = VERB_WRITE});
	settle(f);
	key_at(f, B, KITA, 1, &key);
	f->off[O] = true;
	for (unsigned week = 0; week < 3; week++) {
		wrap_by(f, B, week ? D : C, KITA, 1, &key);
		pass(f, 7 * DAY_MS);
		assert_false(waits(f, W, KITA "/x"));
	}
	f->off[O] = false;
	pass(f, DAY_MS);
	assert_int_equal(last(f, KITA), 2);
	assert_true(opens(f, W, KITA, 2, KITA));
	assert_false(opens(f, C, KITA, 2, KITA));
}

static void who_is_out_of_the_federation_is_out_at_once(void **state)
{
	struct fixture *f = *state;
	give(f, (struct gift){.from = O, .to = C});
	give(f, (struct gift){.from = O, .to = D});
	settle(f);
	removed(f, C);
	settle(f);
	assert_int_equal(last(f, KITA), 2);
	assert_true(opens(f, D, KITA, 2, KITA));
}

/* What a giver has wrapped counts after the giver has gone with all its records. */
static void a_giver_that_is_gone_leaves_readers_behind(void **state)
{
	struct fixture *f = *state;
	struct gift above = give(f, (struct gift){.from = O, .to = B});
	settle(f);
	give(f, (struct gift){.from = B, .to = C, .parent = &above.id, .prefix = KITA "/a"});
	settle(f);
	assert_true(opens(f, C, KITA "/a", 1, KITA "/a"));
	removed(f, B);
	pass(f, 2 * DAY_MS);
	assert_in_range(last(f, KITA "/a"), 2, 3);
	assert_false(opens(f, C, KITA "/a", last(f, KITA "/a"), KITA "/a"));
}

/* ---- who makes which keys ---- */

/* Everything that was ever published at its path, and nothing beside it. */
static void a_new_reader_reads_the_past_of_its_path(void **state)
{
	struct fixture *f = *state;
	struct gift gift;
	for (uint8_t i = 0; i < 3; i++) {
		gift = give(f,
			    (struct gift){
				    .from = O, .to = C, .prefix = i % 2 ? TOP : KITA, .nonce = i});
		settle(f);
		end(f, gift);
		settle(f);
	}
	uint64_t tops = last(f, TOP), kitas = last(f, KITA);
	assert_true(tops == 2 && kitas >= 3);
	give(f, (struct gift){.from = O, .to = D, .prefix = KITA "/b"});
	settle(f);
	for (uint64_t n = 1; n <= kitas; n++) {
		assert_true(opens(f, D, KITA, n, KITA "/b/plan"));
		assert_false(opens(f, D, KITA, n, KITA));
		assert_false(opens(f, D, KITA, n, KITA "/bb"));
	}
	for (uint64_t n = 1; n <= tops; n++)
		assert_true(opens(f, D, TOP, n, KITA "/b"));
}

/* A chain of three: each giver wraps for whom it gave, and when it is off the one above does. */
static void who_gives_wraps_and_the_next_one_above_a_day_later(void **state)
{
	struct fixture *f = *state;
	struct gift b = give(f, (struct gift){.from = O, .to = B, .prefix = KITA}), c, d, w;
	settle(f);
	c = give(f, (struct gift){.from = B, .to = C, .prefix = KITA "/c", .parent = &b.id});
	settle(f);
	d = give(f, (struct gift){.from = C, .to = D, .prefix = KITA "/c/d", .parent = &c.id});
	settle(f);
	assert_true(opens(f, D, KITA "/c/d", 1, KITA "/c/d"));
	assert_int_equal(records_of(f, O, RECORD_WRAP), 1);
	assert_int_equal(records_of(f, B, RECORD_WRAP), 1);
	assert_int_equal(records_of(f, C, RECORD_WRAP), 1);
	/* A new epoch while both givers are off. */
	w = give(f, (struct gift){.from = O, .to = W, .prefix = KITA "/c/d"});
	settle(f);
	f->off[B] = f->off[C] = true;
	end(f, w);
	settle(f);
	assert_int_equal(last(f, KITA "/c/d"), 2);
	assert_false(opens(f, D, KITA "/c/d", 2, KITA "/c/d"));
	pass(f, 47 * HOUR_MS);
	assert_false(opens(f, D, KITA "/c/d", 2, KITA "/c/d"));
	pass(f, 8 * HOUR_MS);
	assert_true(opens(f, D, KITA "/c/d", 2, KITA "/c/d"));
	(void)d;
}

/* Wrong keys, and keys of another epoch: the right one is found. */
static void a_false_wrap_stands_in_nobodys_way(void **state)
{
	struct fixture *f = *state;
	struct hub_node *reader = &f->nodes[C];
	const struct key strange = test_key(77);
	struct gift above = give(f, (struct gift){.from = O, .to = B});
	struct key key;
	settle(f);
	wrap_by(f, W, C, KITA "/c", 1, &strange);
	wrap_by(f, D, C, KITA, 1, &strange);
	settle(f);
	give(f, (struct gift){.from = B, .to = C, .prefix = KITA "/c", .parent = &above.id});
	settle(f);
	uint64_t n = last(f, KITA "/c");
	assert_int_equal(n, 2); /* as 1 was named */
	assert_true(opens(f, C, KITA "/c", n, KITA "/c/x"));
	/* Nothing is kept that is not proved, whoever says it for whatever epoch. */
	uint64_t rows = txn_count(reader->txn, TABLE_SEALED);
	key_at(f, B, KITA, 1, &key);
	wrap_by(f, W, C, KITA "/c", n, &strange);
	wrap_by(f, B, C, KITA "/c", n, &key);
	wrap_by(f, B, C, KITA, 1, &strange);
	settle(f);
	assert_int_equal(txn_count(reader->txn, TABLE_SEALED), rows);
	assert_true(opens(f, C, KITA "/c", n, KITA "/c/x"));
	assert_false(opens(f, C, KITA, 1, KITA));
}

/* Numbers that others name far ahead do not count, and near ones are passed over. */
static void numbers_of_others_lead_nowhere(void **state)
{
	struct fixture *f = *state;
	const struct key strange = test_key(78);
	struct gift c = give(f, (struct gift){.from = O, .to = C});
	give(f, (struct gift){.from = O, .to = B});
	settle(f);
	wrap_by(f, B, D, KITA, UINT64_C(1) << 63, &strange);
	wrap_by(f, B, W, KITA, UINT64_MAX, &strange);
	settle(f);
	end(f, c);
	settle(f);
	assert_int_equal(last(f, KITA), 2);
	/* An epoch that this store has forgotten, and others name. */
	wrap_by(f, B, D, KITA, 5, &strange);
	c = give(f, (struct gift){.from = O, .to = C, .nonce = 9});
	settle(f);
	end(f, c);
	settle(f);
	assert_int_equal(last(f, KITA), 6);
}

/* ---- what others cannot cause ---- */

/* After every epoch somebody wraps it to who does not read. */
static void who_wraps_to_strangers_causes_one_epoch_a_day(void **state)
{
	struct fixture *f = *state;
	struct key key;
	bool paced = false;
	struct gift c = give(f, (struct gift){.from = O, .to = C});
	give(f, (struct gift){.from = O, .to = B});
	give(f, (struct gift){.from = O, .to = B, .prefix = TOP "/bau"});
	give(f, (struct gift){.from = O, .to = W, .verb = VERB_WRITE});
	settle(f);
	end(f, c);
	settle(f);
	assert_int_equal(last(f, KITA), 2);
	for (unsigned day = 1; day <= 28; day++) {
		uint64_t n = last(f, KITA);
		key_at(f, B, KITA, n, &key);
		wrap_by(f, B, C, KITA, n, &key);
		wrap_by(f, B, D, KITA, n, &key);
		/* and elsewhere, so that two wait */
		key_at(f, B, TOP "/bau", last(f, TOP "/bau"), &key);
		wrap_by(f, B, D, TOP "/bau", last(f, TOP "/bau"), &key);
		pass(f, DAY_MS);
		assert_in_range(last(f, KITA), n, n + 1);
		assert_false(waits(f, W, KITA "/x") || waits(f, O, KITA "/x"));
		paced = paced || f->nodes[O].hub.epochs->slow_paced;
		if (day <= 7)
			assert_int_equal(last(f, KITA), n + 1);
	}
	/* Seven in a month, then one a week. */
	assert_in_range(last(f, KITA), 2 + 7, 2 + 7 + 3);
	assert_in_range(last(f, TOP "/bau"), 1 + 7, 1 + 7 + 3);
	assert_true(paced);
}

/* An administrator ends a line while the owner is off: it waits for a day, and others do not. */
static void who_ends_a_line_waits_for_the_owner(void **state)
{
	struct fixture *f = *state;
	struct gift b = give(f, (struct gift){.from = O, .to = B, .verb = VERB_ADMIN}), c;
	give(f, (struct gift){.from = O, .to = W, .verb = VERB_WRITE});
	settle(f);
	c = give(f, (struct gift){.from = B, .to = C, .parent = &b.id});
	settle(f);
	assert_true(opens(f, C, KITA, 1, KITA));
	f->off[O] = true;
	end(f, c);
	settle(f);
	assert_true(waits(f, B, KITA "/x"));
	assert_false(waits(f, W, KITA "/x"));
	uint64_t number;
	size_t len;
	struct key key;
	assert_int_equal(epochs_govern(&f->nodes[B].hub, f->nodes[B].txn, bytes_str(KITA "/x"),
				       &len, &number, &key),
			 ERR_AGAIN);
	assert_int_equal(f->nodes[B].hub.epochs->waited, 1);
	pass(f, 23 * HOUR_MS);
	assert_true(waits(f, B, KITA "/x"));
	pass(f, 2 * HOUR_MS);
	assert_false(waits(f, B, KITA "/x"));
	struct epoch_wait wait;
	epochs_waits(&f->nodes[B].hub, f->nodes[B].txn, bytes_str(KITA "/x"), &wait);
	assert_true(wait.over && wait.own);
	/* Who has the old key is told: in what is published, in status, in the log. */
	struct hub_node *admin = &f->nodes[B];
	struct press p = {.options = {.path = KITA "/x", .has_tier = true, .tier = TIER_GRANTED},
			  .content = bytes_str("a,b\n")};
	is_whole(f, O, B);
	fedkeys_store(&admin->hub, admin->txn, 1, &f->fed.fed_key);
	assert_int_equal(press_begin(&p, admin), ERR_OK);
	assert_true(p.publication.old_key);
	assert_string_equal(p.publication.old_readers, "Gemeinde 3");
	press_write(&p, admin);
	assert_int_equal(press_commit(&p, admin), ERR_OK);
	const struct note *note = hub_node_note(admin, NOTE_OLD_KEY);
	assert_non_null(note);
	assert_string_equal(note->text, "can be read by Gemeinde 3");
	assert_string_equal(note->path, KITA "/x");
	press_end(&p);
	catalog_entry_fini(&p.entry);
	assert_int_equal(admin->hub.epochs->over.count, 1);
	assert_string_equal(admin->hub.epochs->over.path, KITA);
	f->off[O] = false;
	pass(f, DAY_MS);
	assert_int_equal(last(f, KITA), 2);
	assert_false(opens(f, C, KITA, 2, KITA));
	assert_true(opens(f, B, KITA, 2, KITA) && opens(f, W, KITA, 2, KITA));
	epochs_waits(&f->nodes[B].hub, f->nodes[B].txn, bytes_str(KITA "/x"), &wait);
	assert_int_equal(wait.since_ms, 0);
	assert_int_equal(admin->hub.epochs->over.count, 0);
}

static unsigned waiting_at(struct fixture *f, unsigned n, const struct gift *gifts, unsigned count)
{
	struct hub_node *node = &f->nodes[n];
	struct world world;
	struct verdict v;
	unsigned waiting = 0;

	world_begin(&world, &node->hub, node->txn);
	for (unsigned i = 0; i < count; i++) {
		assert_true(verdict_of(&world.facts, &gifts[i].id, node->hub.judge_ms, &v));
		waiting += epoch_handed_waits(&node->hub, node->txn, &v);
	}
	return waiting;
}

/* Giver and reader of what has no place learn it, from what the owner says and does not say. */
static void who_has_no_place_is_told(void **state)
{
	enum { HANDED = HANDED_BY_GIVER_MAX + 2 };
	struct fixture *f = *state;
	struct gift b = give(f, (struct gift){.from = O, .to = B}), c, gifts[HANDED];
	char paths[HANDED][64];

	settle(f);
	c = give(f, (struct gift){.from = B, .to = C, .parent = &b.id});
	settle(f);
	for (unsigned i = 0; i < HANDED; i++) {
		snprintf(paths[i], sizeof(paths[i]), KITA "/p%u", i);
		gifts[i] = give(
			f, (struct gift){.from = C, .to = D, .prefix = paths[i], .parent = &c.id});
	}
	settle(f);
	pass(f, 2 * HOUR_MS);
	/* Nothing is said while the owner has not been heard. */
	assert_int_equal(waiting_at(f, C, gifts, HANDED), 0);
	is_whole(f, O, C);
	is_whole(f, O, D);
	assert_int_equal(waiting_at(f, C, gifts, HANDED), HANDED - HANDED_BY_GIVER_MAX);
	assert_int_equal(waiting_at(f, D, gifts, HANDED), HANDED - HANDED_BY_GIVER_MAX);
}

/* ---- a lost node ---- */

/* The log of a member goes on; `but` has not heard of it (0: all have). */
static void log_goes_on(struct fixture *f, unsigned member, const struct orglog *log,
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

/* C's machine is stolen: its log says so, with another node and another wrap key. */
static void stolen(struct fixture *f, struct dh_pk *wrap)
{
	const struct test_org *org = &f->fed.orgs[C - 1];
	const struct key secret = test_key(9100);
	struct orglog log, next;
	struct orglog_node nodes[2];

	assert_int_equal(orglog_load(f->nodes[O].txn, &org->id, &log), ERR_OK);
	nodes[0] = log.nodes[0];
	nodes[0].state = ORGLOG_NODE_LOST;
	nodes[1] = test_node(1, 9000, &org->root_pk);
	next = log;
	next.nodes = nodes;
	next.node_count = 2;
	next.time_ms = hub_node_wall(&f->nodes[O]);
	dh_pk_of(wrap, &secret);
	next.wrap = *wrap;
	log_goes_on(f, C, &log, &next, C);
	f->off[C] = true; /* the thief's disk */
	orglog_fini(&log);
}

/* The key that the wrap of the latest epoch to C is made to, by a giver. */
static struct wrap_key_id wrapped_to_c(struct fixture *f, unsigned by, const char *prefix,
				       uint64_t *number)
{
	struct hub_node *owner = &f->nodes[O];
	struct record_slot slot = record_slot_wrap(&f->fed.orgs[C - 1].id, bytes_str(prefix));
	struct record record;
	struct keywrap wrap;

	assert_int_equal(ledger_slot(&owner->hub.ledger, owner->txn, record_slot_bytes(&slot),
				     author_of(by, 0), &record),
			 ERR_OK);
	assert_int_equal(keywrap_get(&wrap, record.body), ERR_OK);
	*number = wrap.number;
	return wrap.key;
}

static void a_stolen_disk_opens_nothing_later(void **state)
{
	struct fixture *f = *state;
	struct wrap_key_id before, after, named;
	struct dh_pk wrap;
	uint64_t number;

	give(f, (struct gift){.from = O, .to = C});
	give(f, (struct gift){.from = O, .to = D, .prefix = KITA "/d"});
	struct gift b = give(f, (struct gift){.from = O, .to = B, .prefix = KITA "/b"});
	settle(f);
	give(f, (struct gift){.from = B, .to = C, .prefix = KITA "/b", .parent = &b.id});
	settle(f);
	assert_true(opens(f, C, KITA, 1, KITA));
	before = wrapped_to_c(f, O, KITA, &number);
	stolen(f, &wrap);
	/* C reads on, though nobody has looked at its rights again */
	assert_true(epoch_reads(&f->nodes[O].hub, f->nodes[O].txn, &f->fed.orgs[C - 1].id,
				bytes_str(KITA), f->nodes[O].hub.judge_ms));
	settle(f);
	/* at once, also below; C is wrapped to what its log names now, and to nothing else */
	assert_int_equal(last(f, KITA), 2);
	assert_int_equal(last(f, KITA "/d"), 2);
	assert_false(opens(f, C, KITA, 2, KITA));
	assert_false(opens(f, C, KITA "/d", 2, KITA "/d"));
	assert_true(opens(f, D, KITA "/d", 2, KITA "/d"));
	wrap_key_id(&named, &wrap);
	after = wrapped_to_c(f, O, KITA, &number);
	assert_int_equal(number, 2);
	assert_memory_equal(after.b, named.b, WRAP_KEY_ID_LEN);
	assert_memory_not_equal(after.b, before.b, WRAP_KEY_ID_LEN);
	/* by every giver */
	after = wrapped_to_c(f, B, KITA "/b", &number);
	assert_int_equal(number, 2);
	assert_memory_equal(after.b, named.b, WRAP_KEY_ID_LEN);
	assert_false(opens(f, C, KITA "/b", 2, KITA "/b"));
	/* and it stays at that */
	pass(f, 3 * DAY_MS);
	assert_int_equal(last(f, KITA), 2);
}

enum { LOSSES = 110 };

/* C loses its latest node once more, and names another one and another key; O alone hears of it. */
static void lost_again(struct fixture *f, unsigned i)
{
	struct hub_node *owner = &f->nodes[O];
	const struct test_org *org = &f->fed.orgs[C - 1];
	const struct key wrap = test_key(20000 + i);
	struct orglog_node nodes[LOSSES + 1];
	struct orglog log, next;
	struct buf entry;

	assert_int_equal(orglog_load(owner->txn, &org->id, &log), ERR_OK);
	memcpy(nodes, log.nodes, log.node_count * sizeof(*nodes));
	nodes[log.node_count - 1].state = ORGLOG_NODE_LOST;
	nodes[log.node_count] = test_node((uint8_t)log.node_count, 10000 + 2 * i, &org->root_pk);
	next = log;
	next.nodes = nodes;
	next.node_count = log.node_count + 1;
	next.time_ms = hub_node_wall(owner);
	dh_pk_of(&next.wrap, &wrap);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, &log, &next, &org->root);
	assert_int_equal(orglog_accept(owner->txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	hub_forget(&owner->hub, C);
	buf_fini(&entry);
	orglog_fini(&log);
	settle_one(owner);
}

/* Who loses a node every two hours, and names a new key each time, costs an epoch a day at most. */
static void losses_keep_a_pace(void **state)
{
	struct fixture *f = *state;
	struct hub_node *owner = &f->nodes[O];
	uint64_t first_day = 0;

	give(f, (struct gift){.from = O, .to = C});
	settle_one(owner);
	for (unsigned i = 0; i < LOSSES; i++) {
		hub_node_pass(owner, 2 * HOUR_MS);
		lost_again(f, i);
		if (i == 11)
			first_day = last(f, KITA);
	}
	/* The first at once and one more that day; seven of them in a month, then one a week. */
	assert_in_range(first_day, 2, 3);
	assert_in_range(last(f, KITA), 1 + 1 + 7, 1 + 1 + 7 + 1);
}

/* A second loss waits for the day's turn; one that comes more than a month after the first not. */
static void a_loss_after_a_month_is_urgent_again(void **state)
{
	struct fixture *f = *state;
	struct hub_node *owner = &f->nodes[O];

	give(f, (struct gift){.from = O, .to = C});
	settle_one(owner);
	lost_again(f, 0);
	assert_int_equal(last(f, KITA), 2);
	lost_again(f, 1);
	assert_int_equal(last(f, KITA), 2);
	hub_node_pass(owner, DAY_MS);
	settle_one(owner);
	assert_int_equal(last(f, KITA), 3);
	hub_node_pass(owner, 30 * DAY_MS);
	epoch_slow_done(&owner->hub, owner->txn); /* this day's turn is over */
	lost_again(f, 2);
	assert_int_equal(last(f, KITA), 4);
	lost_again(f, 3);
	assert_int_equal(last(f, KITA), 4);
}

/* It reads no more since its right ran out, which is not urgent; that its machine is lost is. */
static void a_stolen_key_of_whose_right_ran_out_is_urgent(void **state)
{
	struct fixture *f = *state;
	struct dh_pk wrap;

	give(f, (struct gift){.from = O, .to = C, .expiry_ms = TEST_TIME_MS + HOUR_MS});
	give(f, (struct gift){.from = O,
			      .to = C,
			      .prefix = TOP "/bau",
			      .expiry_ms = TEST_TIME_MS + 7 * HOUR_MS});
	settle(f);
	pass(f, 2 * HOUR_MS);
	pass(f, 12 * HOUR_MS);
	assert_int_equal(last(f, TOP "/bau"), 1);
	stolen(f, &wrap);
	settle(f);
	assert_int_equal(last(f, TOP "/bau"), 2);
}

/* Wrapped to who does not read; then one loses its machine, and one is out of the federation. */
static void what_strangers_were_given_is_never_urgent(void **state)
{
	struct fixture *f = *state;
	struct epoch_row row;
	struct dh_pk wrap;
	struct key key;

	give(f, (struct gift){.from = O, .to = B});
	give(f, (struct gift){.from = O, .to = W, .verb = VERB_WRITE});
	settle(f);
	key_at(f, B, KITA, 1, &key);
	f->off[O] = true;
	wrap_by(f, B, C, KITA, 1, &key);
	wrap_by(f, B, D, KITA, 1, &key);
	settle(f);
	stolen(f, &wrap);
	removed(f, D);
	settle(f);
	epoch_row_get(f->nodes[W].txn, O, bytes_str(KITA), &row);
	assert_int_equal(row.cause_ms[EPOCH_CAUSE_URGENT], 0);
	assert_false(waits(f, W, KITA "/x"));
	f->off[O] = false;
	pass(f, DAY_MS);
	assert_int_equal(last(f, KITA), 2);
}

/* What was seen, or done, at a time that the clock has not come to yet. */
static void a_clock_that_was_ahead_stops_nothing(void **state)
{
	struct fixture *f = *state;
	struct hub_node *owner = &f->nodes[O];
	struct key key;

	give(f, (struct gift){.from = O, .to = B});
	settle(f);
	/* a wrap to a stranger waits for its line for ten minutes, and not until then */
	key_at(f, B, KITA, 1, &key);
	wrap_by(f, B, D, KITA, 1, &key);
	settle(f);
	assert_int_equal(last(f, KITA), 1);
	hub_node_time(owner, hub_node_wall(owner) - HOUR_MS, hub_node_mono(owner) + 1);
	settle_one(owner);
	assert_int_equal(last(f, KITA), 2);
	/* nor does the day's turn that was in the time to come */
	epoch_slow_done(&owner->hub, owner->txn);
	assert_int_equal(epoch_slow_ms(&owner->hub, owner->txn), hub_node_wall(owner) + DAY_MS);
	hub_node_time(owner, hub_node_wall(owner) - 2 * DAY_MS, hub_node_mono(owner) + 1);
	assert_int_equal(epoch_slow_ms(&owner->hub, owner->txn), 0);
}

/* A line whose chain nobody knows keeps nobody in, nor does a relay's; neither ends anything. */
static void a_line_without_its_chain_changes_nothing(void **state)
{
	struct fixture *f = *state;
	const struct digest unknown = {{0x55}};
	struct gift c = give(f, (struct gift){.from = O, .to = C});

	give(f, (struct gift){.from = B, .to = C, .parent = &unknown});
	give(f, (struct gift){.from = O, .to = C, .nonce = 2, .verb = VERB_RELAY});
	settle(f);
	pass(f, DAY_MS);
	assert_int_equal(last(f, KITA), 1);
	end(f, c);
	settle(f);
	assert_int_equal(last(f, KITA), 2);
	assert_false(opens(f, C, KITA, 2, KITA));
}

/* Of two causes, one at the path's folder and one above, the one that is older tells since when. */
static void who_waits_waits_since_the_first_cause(void **state)
{
	for (unsigned above = 0; above < 2; above++) {
		struct fixture *f = *state;
		struct epoch_wait wait;
		give(f, (struct gift){.from = O, .to = W, .prefix = TOP, .verb = VERB_WRITE});
		give(f, (struct gift){.from = O, .to = C, .prefix = above ? TOP : KITA});
		give(f, (struct gift){.from = O, .to = D, .prefix = above ? KITA : TOP});
		settle(f);
		f->off[O] = true;
		const int64_t since_ms = hub_node_wall(&f->nodes[W]);
		removed(f, C);
		settle(f);
		pass(f, HOUR_MS);
		removed(f, D);
		settle(f);
		assert_true(epochs_waits(&f->nodes[W].hub, f->nodes[W].txn, bytes_str(KITA "/x"),
					 &wait));
		assert_int_equal(wait.since_ms, since_ms);
		assert_false(wait.own);
		teardown(state);
		setup(state);
	}
}

/* Lines that are no good, or no reader's, or elsewhere, cost no wrap; nor who goes. */
static void an_end_costs_wraps_for_who_reads_on(void **state)
{
	struct fixture *f = *state;
	struct hub_node *owner = &f->nodes[O];
	struct epochs_cost cost;

	give(f, (struct gift){.from = O, .to = C});
	give(f, (struct gift){.from = O, .to = B, .prefix = KITA "/b"});
	give(f, (struct gift){.from = O, .to = B, .prefix = TOP "/bau"});
	give(f, (struct gift){.from = O, .to = D, .prefix = KITA "/d", .verb = VERB_RELAY});
	end(f, give(f, (struct gift){.from = O, .to = W}));
	settle_one(owner);
	epochs_cost(&owner->hub, owner->txn, &f->fed.orgs[C - 1].id, bytes_str(KITA), &cost);
	assert_int_equal(cost.wraps, 1);
	epochs_cost(&owner->hub, owner->txn, NULL, bytes_str(KITA), &cost);
	assert_int_equal(cost.wraps, 2);
	/* nor who is out of the federation, before the table has heard of it */
	hub_node_remove(owner, &f->fed, C);
	epochs_cost(&owner->hub, owner->txn, NULL, bytes_str(KITA), &cost);
	assert_int_equal(cost.wraps, 1);
	/* a right that ran out, and was not looked at since, neither */
	give(f, (struct gift){.from = O, .to = W, .nonce = 1, .expiry_ms = TEST_TIME_MS + 1000});
	settle_one(owner);
	epochs_cost(&owner->hub, owner->txn, NULL, bytes_str(KITA), &cost);
	assert_int_equal(cost.wraps, 2);
	hub_node_pass(owner, 1000);
	epochs_cost(&owner->hub, owner->txn, NULL, bytes_str(KITA), &cost);
	assert_int_equal(cost.wraps, 1);
}

/* Others cause the next look no sooner than the last one allows. */
static void a_look_that_took_long_delays_the_next_one(void **state)
{
	enum { LATER_MS = 5000 };
	struct fixture *f = *state;
	struct hub_node *owner = &f->nodes[O];
	struct gift c = give(f, (struct gift){.from = O, .to = C});

	settle_one(owner);
	owner->hub.epochs->look_ms = hub_node_mono(owner) + LATER_MS;
	end(f, c);
	settle_one(owner);
	assert_int_equal(last(f, KITA), 1);
	assert_int_equal(epochs_wake(&owner->hub), hub_node_mono(owner) + LATER_MS);
	const int64_t next_ms = owner->hub.epochs->next_ms;
	owner->hub.epochs->next_ms = hub_node_wall(owner) + 1; /* something else is due before */
	assert_int_equal(epochs_wake(&owner->hub), hub_node_mono(owner) + 1);
	owner->hub.epochs->next_ms = next_ms;
	hub_node_pass(owner, LATER_MS);
	settle_one(owner);
	assert_int_equal(last(f, KITA), 2);
}

/* Keys of before come in any order, and once more: the newest is the first, each is there once. */
static void own_wrap_keys_stand_in_order(void **state)
{
	struct fixture *f = *state;
	struct hub_node *node = &f->nodes[C];
	const struct key keys[] = {test_key(9401), test_key(9402), test_key(9403)};
	static const unsigned order[] = {2, 0, 1, 0, 2};
	struct wrapkeys *m = node->hub.wrapkeys;
	const size_t before = m->count;

	for (size_t i = 0; i < COUNT(order); i++)
		wrapkeys_store(&node->hub, node->txn, 2 + order[i], &keys[order[i]]);
	assert_int_equal(m->count, before + 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(m->items[i].number, 4 - i);
		assert_memory_equal(secret_key(m->items[i].secret)->b, keys[2 - i].b, KEY_LEN);
	}
}

/* Two who were shut out, at two paths, and one of them has lost its machine as well. */
static void all_who_have_an_old_key_are_told(void **state)
{
	struct fixture *f = *state;
	struct hub_node *admin = &f->nodes[B];
	struct gift b = give(f, (struct gift){.from = O, .to = B, .verb = VERB_ADMIN});
	struct gift bau = give(
		f, (struct gift){.from = O, .to = B, .verb = VERB_ADMIN, .prefix = TOP "/bau"});
	struct gift ended[3];
	struct dh_pk wrap;
	char who[200];

	settle(f);
	ended[0] = give(f, (struct gift){.from = B, .to = C, .parent = &b.id});
	ended[1] = give(f, (struct gift){.from = B, .to = D, .parent = &b.id});
	ended[2] =
		give(f, (struct gift){.from = B, .to = D, .parent = &bau.id, .prefix = TOP "/bau"});
	settle(f);
	assert_true(opens(f, C, KITA, 1, KITA) && opens(f, D, TOP "/bau", 1, TOP "/bau"));
	f->off[O] = true;
	for (size_t i = 0; i < COUNT(ended); i++)
		end(f, ended[i]);
	stolen(f, &wrap);
	settle(f);
	assert_false(epoch_over(&admin->hub, admin->txn, bytes_str(KITA "/x"), who, sizeof(who)));
	assert_string_equal(who, "");
	pass(f, 25 * HOUR_MS);
	assert_int_equal(admin->hub.epochs->over.count, 2);
	assert_true(epoch_over(&admin->hub, admin->txn, bytes_str(KITA "/x"), who, sizeof(who)));
	assert_non_null(strstr(who, "a lost machine of Gemeinde 3"));
	assert_non_null(strstr(who, "Gemeinde 4"));
	assert_non_null(strstr(who, ", "));
	/* in less room the one that is longer is counted */
	assert_true(epoch_over(&admin->hub, admin->txn, bytes_str(KITA "/x"), who, 40));
	assert_string_equal(who, "Gemeinde 4 and 1 more");
}

/* ---- another root ---- */

/* The key records of O, one after the other, with the recovery wraps taken out and opened. */
static unsigned recovered(struct fixture *f, const struct key *secret, struct buf *rest)
{
	static const uint8_t kind[1] = {RECORD_KEY};
	struct hub_node *owner = &f->nodes[O];
	struct ledger_slots slots = ledger_slots(&owner->hub.ledger, owner->txn, bytes_obj(&kind));
	const struct org_id *org = &f->fed.orgs[O - 1].id;
	struct record record;
	struct keyrecord r;
	unsigned count = 0;

	while (ledger_slots_next(&slots, &record)) {
		struct key key, own;
		assert_int_equal(keyrecord_get(&r, record.body), ERR_OK);
		struct wrap_context context = {
			.granter = *org, .grantee = *org, .prefix = r.prefix, .number = r.number};
		if (!wrap_open(&key, &r.recovery, secret, &context)) {
			assert_int_equal(epochs_key(&owner->hub, owner->txn, r.prefix, r.number,
						    r.prefix, &own),
					 ERR_OK);
			assert_memory_equal(key.b, own.b, KEY_LEN);
			count++;
		}
		memset(r.recovery.b, 0, WRAP_LEN);
		keyrecord_put(rest, &r);
	}
	return count;
}

/* The sheet of the new root opens all keys; the old one none; a death between does no harm. */
static void a_new_root_gets_all_keys(void **state)
{
	enum { BELOW = 140, KEYS = BELOW + 1 };
	struct fixture *f = *state;
	struct hub_node *owner = &f->nodes[O];
	const struct key secret = test_key(9200);
	struct author_state first, last_state;
	struct orglog log, next;
	struct buf rest, rest_after;
	char path[64];

	for (unsigned i = 0; i < BELOW; i++) {
		snprintf(path, sizeof(path), KITA "/p%u", i);
		give(f, (struct gift){.from = O, .to = D, .prefix = path});
	}
	settle_one(owner);
	buf_init(&rest, 4 * 1024 * 1024);
	buf_init(&rest_after, 4 * 1024 * 1024);
	assert_int_equal(recovered(f, &secret, &rest), 0);
	assert_int_equal(records_of(f, O, RECORD_KEY), KEYS);
	ledger_state(&owner->hub.ledger, owner->txn, author_of(O, 0), &first);
	assert_int_equal(orglog_load(owner->txn, &f->fed.orgs[O - 1].id, &log), ERR_OK);
	next = log;
	next.time_ms = hub_node_wall(owner);
	dh_pk_of(&next.recovery, &secret);
	log_goes_on(f, O, &log, &next, 0);
	orglog_fini(&log);
	do {
		hub_node_turn(owner);
		epochs_settle(&owner->hub, owner->txn);
	} while (!owner->hub.epochs->recovery.due);
	hub_node_machines(owner);
	settle_one(owner);
	assert_int_equal(recovered(f, &secret, &rest_after), KEYS);
	assert_true(bytes_eq(buf_bytes(&rest), buf_bytes(&rest_after)));
	/* Each once, and with nothing else to do they stay as they are. */
	hub_node_machines(owner);
	hub_node_pass(owner, DAY_MS);
	settle_one(owner);
	ledger_state(&owner->hub.ledger, owner->txn, author_of(O, 0), &last_state);
	assert_in_range(last_state.sequence, first.sequence + KEYS, first.sequence + KEYS + 1);
	buf_fini(&rest);
	buf_fini(&rest_after);
}

static void epoch_made(struct hub_node *node, const char *prefix)
{
	struct epoch_list list;
	epoch_list_load(&node->hub, node->txn, &list, O);
	assert_int_equal(epoch_make(&node->hub, node->txn, &list, bytes_str(prefix), false, NULL),
			 ERR_OK);
	epoch_list_fini(&list);
	node->hub.epochs->pass.due = true;
}

/* Its first key is gone from the store. */
static void key_lost(struct hub_node *owner, const char *prefix)
{
	struct walk walk = walk_begin(owner->txn, TABLE_SEALED, bytes_str("epoch:"));
	struct key key;

	while (walk_next(&walk)) {
		struct buf kept;
		buf_init(&kept, 1024);
		buf_add(&kept, walk.value);
		txn_del(owner->txn, TABLE_SEALED, bytes_of(walk.last, walk.last_len));
		if (epochs_key(&owner->hub, owner->txn, bytes_str(prefix), 1, bytes_str(prefix),
			       &key)) {
			buf_fini(&kept);
			return;
		}
		txn_put(owner->txn, TABLE_SEALED, bytes_of(walk.last, walk.last_len),
			buf_bytes(&kept));
		buf_fini(&kept);
	}
	fail_msg("no key of %s", prefix);
}

/* The store knows of no recovery key before, as an older program had left it; a key is lost. */
static void a_root_that_is_bound_gets_the_keys_that_are_there(void **state)
{
	struct fixture *f = *state;
	struct hub_node *owner = &f->nodes[O];
	const struct test_org *org = &f->fed.orgs[O - 1];
	const struct key secret = test_key(9200);
	struct orglog_bind bind = {.root = org->next_pk};
	struct orglog log, next;
	struct buf entry, rest;

	epoch_made(owner, TOP);
	epoch_made(owner, KITA);
	epoch_made(owner, TOP "/bau");
	assert_int_equal(orglog_load(owner->txn, &org->id, &log), ERR_OK);
	bind.entry_id = log.entry_id;
	orglog_bind(owner->txn, &org->id, &bind, 1, NULL);
	next = log;
	next.time_ms = hub_node_wall(owner);
	dh_pk_of(&next.recovery, &secret);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	buf_init(&rest, 64 * 1024);
	orglog_make(&entry, &log, &next, &org->next);
	assert_int_equal(orglog_accept(owner->txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	hub_forget(&owner->hub, O);
	/* While nothing can be said it stays as it is, until something has changed. */
	owner->hub.ledger.own_quiet = true;
	settle_one(owner);
	assert_int_equal(recovered(f, &secret, &rest), 0);
	owner->hub.ledger.own_quiet = false;
	key_lost(owner, TOP "/bau");
	hub_forget(&owner->hub, O);
	epoch_recovery_step(&owner->hub, owner->txn);
	assert_int_equal(records_of(f, O, RECORD_KEY), 3);
	assert_int_equal(recovered(f, &secret, &rest), 2);
	buf_fini(&entry);
	buf_fini(&rest);
	orglog_fini(&log);
}

/* ---- who makes the keys ---- */

/* O has another node that may make keys, and everybody knows. */
static void second_open(struct fixture *f)
{
	const struct test_org *org = &f->fed.orgs[O - 1];
	struct hub_node *second = &f->nodes[SECOND];
	const struct key sign = test_key(9300);
	struct orglog_node nodes[2];
	struct orglog log, next;

	hub_node_open(second, &f->fed, org);
	f->has_second = 1;
	assert_int_equal(orglog_load(f->nodes[O].txn, &org->id, &log), ERR_OK);
	nodes[0] = log.nodes[0];
	nodes[1] = test_node(1, 9300, &org->root_pk);
	next = log;
	next.nodes = nodes;
	next.node_count = 2;
	next.time_ms = hub_node_wall(&f->nodes[O]);
	log_goes_on(f, O, &log, &next, 0);
	orglog_fini(&log);
	secret_close(second->identity.sign);
	second->identity.sign = secret_open(bytes_obj(&sign));
	second->identity.sign_pk = nodes[1].sign;
	second->identity.node_index = 1;
	second->hub.author = author_of(O, 1);
	ledger_own(&second->hub.ledger, second->hub.author, secret_key(second->identity.sign));
	hub_node_machines(second);
	second->hub.author = author_of(O, 1);
}

/* The first node is out, or has this state and these roles; it and who is off do not hear of it. */
static void first_put_out(struct fixture *f, enum orglog_node_state state, uint8_t roles)
{
	const struct test_org *org = &f->fed.orgs[O - 1];
	const struct key wrap = test_key(9310);
	struct hub_node *second = &f->nodes[SECOND];
	struct orglog_node nodes[2];
	struct orglog log, next;

	assert_int_equal(orglog_load(second->txn, &org->id, &log), ERR_OK);
	nodes[0] = log.nodes[0];
	nodes[1] = log.nodes[1];
	nodes[0].state = state;
	nodes[0].roles = roles;
	next = log;
	next.nodes = nodes;
	next.time_ms = hub_node_wall(second);
	if (state != ORGLOG_NODE_ACTIVE)
		dh_pk_of(&next.wrap, &wrap);
	log_goes_on(f, O, &log, &next, O);
	wrapkeys_store(&second->hub, second->txn, log.number + 1, &wrap);
	f->off[O] = f->off[O] || state != ORGLOG_NODE_ACTIVE;
	orglog_fini(&log);
}

static void second_arrivals(struct hub_node *second)
{
	struct ledger_arrival arrival;

	while (ledger_arrival_next(&second->hub.ledger, &arrival)) {
		take(&second->hub, second->txn, &arrival);
		ledger_arrival_fini(&arrival);
	}
}

/* What siblings do (siblings.h): all that the first node has said is in the second's set, too. */
static void second_copies(struct fixture *f)
{
	struct hub_node *second = &f->nodes[SECOND];
	struct row_key all = key_author_incarnation(author_of(O, 0), 1);
	struct walk walk = walk_begin(second->txn, TABLE_RECORD, row_key_bytes(&all));
	struct record record;

	while (walk_next(&walk)) {
		struct buf copy;
		buf_init(&copy, LIMIT_RECORD_LEN_MAX);
		buf_add(&copy, walk.value);
		assert_int_equal(record_decode(&record, buf_bytes(&copy)), ERR_OK);
		if (record.kind == RECORD_LINE || record.kind == RECORD_KEY ||
		    record.kind == RECORD_WRAP)
			assert_int_equal(ledger_append(&second->hub.ledger, second->txn,
						       record.kind, record.slot, record.body, NULL,
						       LEDGER_TELL),
					 ERR_OK);
		buf_fini(&copy);
	}
	second_arrivals(second);
}

/* The second node gives D the right to read all of O. */
static void second_gives(struct fixture *f)
{
	struct hub_node *second = &f->nodes[SECOND];
	struct line line = {.issuer = O,
			    .audience = D,
			    .org = f->fed.orgs[D - 1].id,
			    .prefix = bytes_str(TOP),
			    .round = 1,
			    .verb = VERB_READ,
			    .not_before_ms = TEST_TIME_MS,
			    .expiry_ms = TEST_TIME_MS + YEAR_MS,
			    .depth = 1,
			    .widest = LINE_TIER_USUAL,
			    .keep = KEEPING_CURRENT};
	struct digest id;
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, &line);
	line_id(&id, &line);
	const struct record_slot slot = line_slot(&id);
	assert_int_equal(ledger_append(&second->hub.ledger, second->txn, RECORD_LINE,
				       record_slot_bytes(&slot), buf_bytes(&body), NULL,
				       LEDGER_TELL),
			 ERR_OK);
	second_arrivals(second);
	buf_fini(&body);
}

static uint64_t last_seen_by(struct fixture *f, unsigned n, const char *prefix)
{
	return epoch_last_at(&f->nodes[n].hub, f->nodes[n].txn, O, bytes_str(prefix));
}

/* With copies, before or after the entry, nothing changes for anybody. */
static void a_key_author_that_goes_leaves_its_keys(void **state)
{
	for (unsigned late = 0; late < 2; late++) {
		struct fixture *f = *state;
		give(f, (struct gift){.from = O, .to = C});
		give(f, (struct gift){.from = O, .to = D, .prefix = KITA "/d"});
		second_open(f);
		settle(f);
		if (!late)
			second_copies(f);
		settle(f);
		first_put_out(f, ORGLOG_NODE_RETIRED, 7);
		if (late)
			second_copies(f);
		/* Nobody has heard of the copies: the records of who is leaving count. */
		assert_int_equal(last_seen_by(f, D, KITA "/d"), 1);
		pass(f, 2 * DAY_MS);
		for (unsigned n = B; n <= SECOND; n++) {
			assert_int_equal(last_seen_by(f, n, KITA), 1);
			assert_int_equal(last_seen_by(f, n, KITA "/d"), 1);
		}
		assert_true(opens(f, C, KITA, 1, KITA) && opens(f, SECOND, KITA, 1, KITA));
		assert_true(opens(f, D, KITA "/d", 1, KITA "/d"));
		teardown(state);
		setup(state);
	}
}

/* Without: what there was counts for a day, then there is a new epoch at the slug. */
static void keys_that_nobody_copied_go_after_a_day(void **state)
{
	struct fixture *f = *state;
	struct hub_node *second = &f->nodes[SECOND];
	uint64_t number = 0;
	size_t len = 0;
	struct key key;

	give(f, (struct gift){.from = O, .to = C});
	second_open(f);
	settle(f);
	first_put_out(f, ORGLOG_NODE_RETIRED, 7);
	assert_int_equal(last_seen_by(f, SECOND, KITA), 1);
	assert_int_equal(last_seen_by(f, C, TOP), 1);
	/* Its lines have ended with it, so C reads no more. */
	settle(f);
	assert_int_equal(last_seen_by(f, SECOND, KITA), 2);
	assert_int_equal(last_seen_by(f, SECOND, TOP), 1);
	pass(f, 27 * HOUR_MS);
	assert_int_equal(last_seen_by(f, SECOND, TOP), 0);
	assert_int_equal(
		epochs_govern(&second->hub, second->txn, bytes_str(TOP "/x"), &len, &number, &key),
		ERR_OK);
	/* No number is used twice, and who has a key keeps it. */
	assert_true(len == strlen(TOP) && number == 2);
	settle(f);
	assert_int_equal(last_seen_by(f, C, TOP), 2);
	assert_true(opens(f, C, KITA, 1, KITA));
	/* Who reads from now on has what the link back gives, though its record counts no more. */
	second_gives(f);
	settle(f);
	assert_true(opens(f, D, TOP, 1, TOP));
	/* and another wrap of what is kept changes nothing */
	key = test_key(79);
	wrap_by(f, B, C, KITA, 1, &key);
	settle(f);
	assert_true(opens(f, C, KITA, 1, KITA));
	assert_int_equal(
		epochs_key(&second->hub, second->txn, bytes_str(TOP), 1, bytes_str(TOP), &key),
		ERR_OK);
}

/* Of a node that is lost nothing counts, from the entry on. */
static void keys_of_a_lost_node_do_not_count(void **state)
{
	struct fixture *f = *state;
	give(f, (struct gift){.from = O, .to = C});
	second_open(f);
	settle(f);
	first_put_out(f, ORGLOG_NODE_LOST, 7);
	settle(f);
	for (unsigned n = B; n <= SECOND; n++)
		assert_int_equal(last_seen_by(f, n, KITA), 0);
}

/* A version that was sealed with the key that a node takes for that of an epoch. */
static struct version sealed_by(struct hub_node *node, uint64_t number,
				const struct dataset_id *dataset)
{
	struct version version = {.path = bytes_str(KITA "/plan"),
				  .tier = TIER_GRANTED,
				  .epoch_prefix = bytes_str(KITA),
				  .epoch_number = number};
	struct key key;
	assert_int_equal(
		epochs_key(&node->hub, node->txn, version.epoch_prefix, number, version.path, &key),
		ERR_OK);
	version_key_check(&version.key_check, &key, dataset, number, version.epoch_prefix);
	return version;
}

/* The role was moved while the first node was cut off with a reader and made keys on. */
static void two_keys_of_one_number_are_told_apart(void **state)
{
	struct fixture *f = *state;
	struct hub_node *first = &f->nodes[O], *second = &f->nodes[SECOND];
	const struct dataset_id dataset = {{7}};
	struct version before, after;
	struct key key;

	give(f, (struct gift){.from = O, .to = C});
	give(f, (struct gift){.from = O, .to = D});
	second_open(f);
	settle(f);
	second_copies(f);
	settle(f);
	f->off[B] = f->off[D] = f->off[W] = f->off[SECOND] = true;
	epoch_made(first, KITA);
	settle(f);
	before = sealed_by(first, 2, &dataset);
	assert_int_equal(
		epochs_version_key(&f->nodes[C].hub, f->nodes[C].txn, &before, &dataset, &key),
		ERR_OK);
	f->off[B] = f->off[D] = f->off[W] = f->off[SECOND] = false;
	f->off[O] = f->off[C] = true;
	first_put_out(f, ORGLOG_NODE_ACTIVE, ORGLOG_ROLE_ADMIN | ORGLOG_ROLE_PUBLISH);
	epoch_made(second, KITA);
	settle(f);
	after = sealed_by(second, 2, &dataset);
	/* All hear of each other, and of the entry. */
	struct bytes entry;
	assert_true(orglog_entry(second->txn, &f->fed.orgs[O - 1].id, 3, &entry));
	assert_int_equal(orglog_accept(first->txn, &f->fed.orgs[O - 1].id, entry, NULL), ERR_OK);
	hub_forget(&first->hub, O);
	f->off[O] = f->off[C] = false;
	settle(f);
	for (unsigned n = O; n <= SECOND; n++)
		assert_int_equal(last_seen_by(f, n, KITA), 2);
	for (unsigned n = C; n <= D; n++) {
		struct hub_node *node = &f->nodes[n];
		assert_int_equal(epochs_version_key(&node->hub, node->txn, &after, &dataset, &key),
				 ERR_OK);
	}
	/* What was sealed meanwhile is opened by who could: the reader, and who sealed. */
	assert_int_equal(
		epochs_version_key(&f->nodes[C].hub, f->nodes[C].txn, &before, &dataset, &key),
		ERR_OK);
	assert_int_equal(epochs_version_key(&first->hub, first->txn, &before, &dataset, &key),
			 ERR_OK);
	assert_int_equal(epochs_version_key(&first->hub, first->txn, &after, &dataset, &key),
			 ERR_OK);
	assert_int_equal(
		epochs_version_key(&f->nodes[D].hub, f->nodes[D].txn, &before, &dataset, &key),
		ERR_ABSENT);
	struct version false_one = before;
	false_one.key_check.b[0] ^= 1; /* of none of the keys that are kept */
	assert_int_equal(
		epochs_version_key(&f->nodes[C].hub, f->nodes[C].txn, &false_one, &dataset, &key),
		ERR_ABSENT);
	/* Who has sealed it notices, when it knows all that the key author has said. */
	assert_false(epochs_stranded(&first->hub, first->txn, &before, &dataset));
	is_whole(f, SECOND, O);
	assert_true(epochs_stranded(&first->hub, first->txn, &before, &dataset));
	assert_false(epochs_stranded(&first->hub, first->txn, &after, &dataset));
	assert_false(epochs_stranded(&second->hub, second->txn, &after, &dataset));
	/* who has no key cannot tell */
	is_whole(f, SECOND, W);
	assert_false(epochs_stranded(&f->nodes[W].hub, f->nodes[W].txn, &before, &dataset));
	before.epoch_number = 7; /* no record that counts */
	assert_true(epochs_stranded(&first->hub, first->txn, &before, &dataset));
	epoch_made(second, KITA);
	assert_int_equal(last_seen_by(f, SECOND, KITA), 3);
}

/* What is sealed in the turn that ends a right, before anything has settled, is not for it. */
static void a_key_is_never_older_than_the_end_of_a_right(void **state)
{
	struct fixture *f = *state;
	struct hub_node *owner = &f->nodes[O];
	struct gift gift = give(f, (struct gift){.from = O, .to = C});
	uint64_t number;
	size_t len;
	struct key key;

	settle(f);
	end(f, gift);
	assert_int_equal(
		epochs_govern(&owner->hub, owner->txn, bytes_str(KITA "/x"), &len, &number, &key),
		ERR_OK);
	assert_int_equal(number, 2);
	assert_int_equal(len, strlen(KITA));
}

/* Rows of the table may be late: the lines themselves say who reads. */
static void who_reads_follows_from_the_lines(void **state)
{
	struct fixture *f = *state;
	struct hub_node *owner = &f->nodes[O];
	const struct org_id *c = &f->fed.orgs[C - 1].id;
	struct gift gift = give(f, (struct gift){.from = O, .to = C});

	settle(f);
	struct walk walk = walk_begin(owner->txn, TABLE_RIGHT, bytes_of(NULL, 0));
	while (walk_next(&walk))
		txn_del(owner->txn, TABLE_RIGHT, bytes_of(walk.last, walk.last_len));
	assert_int_equal(rights_of(&owner->hub, owner->txn, c, bytes_str(KITA)), VERB_NONE);
	assert_true(epoch_reads(&owner->hub, owner->txn, c, bytes_str(KITA), hub_node_wall(owner)));
	end(f, gift);
	assert_false(
		epoch_reads(&owner->hub, owner->txn, c, bytes_str(KITA), hub_node_wall(owner)));
}

/* Two readers get two keys under one (Q, n): the second is refused by the commitment. */
static void another_key_than_was_committed_to_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct key strange = test_key(79);

	give(f, (struct gift){.from = O, .to = C});
	settle(f);
	wrap_by(f, O, D, KITA, 1, &strange);
	give(f, (struct gift){.from = O, .to = D});
	settle(f);
	assert_true(opens(f, C, KITA, 1, KITA));
	assert_false(opens(f, D, KITA, 1, KITA));
}

/* A key record of O that commits to one key and wraps another one to O. */
static void forged(struct fixture *f, struct keyrecord *r, const struct key *named,
		   const struct key *wrapped)
{
	struct hub_node *owner = &f->nodes[O];
	const struct org_id *org = &f->fed.orgs[O - 1].id;
	struct wrap_context context = {
		.granter = *org, .grantee = *org, .prefix = r->prefix, .number = r->number};
	struct orglog log;
	struct buf body;

	epoch_commitment(&r->commitment, named, r->number, r->prefix);
	assert_int_equal(orglog_load(owner->txn, org, &log), ERR_OK);
	wrap_key_id(&r->own_key, &log.wrap);
	assert_int_equal(wrap_seal(&r->recovery, wrapped, &log.recovery, &context, &owner->random),
			 ERR_OK);
	assert_int_equal(wrap_seal(&r->own_wrap, wrapped, &log.wrap, &context, &owner->random),
			 ERR_OK);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keyrecord_put(&body, r);
	assert_int_equal(made_record(owner, &f->fed, O, RECORD_KEY,
				     record_slot_key(r->prefix, r->number), buf_bytes(&body), take),
			 ERR_OK);
	buf_fini(&body);
	orglog_fini(&log);
}

/* A key record whose links lead to another key than the one it commits to leads nowhere. */
static void links_to_another_key_lead_nowhere(void **state)
{
	struct fixture *f = *state;
	struct hub_node *owner = &f->nodes[O];
	const struct key named = test_key(50), linked = test_key(51);
	struct keyrecord r = {.prefix = bytes_str(KITA), .number = 1};
	struct key key;

	give(f, (struct gift){.from = O, .to = C, .prefix = TOP});
	settle(f);
	assert_true(opens(f, C, TOP, 1, TOP));
	assert_int_equal(
		epochs_key(&owner->hub, owner->txn, bytes_str(KITA), 1, bytes_str(TOP), &key),
		ERR_ABSENT); /* no epoch below has a key for a path above */
	key_at(f, O, TOP, 1, &key);
	r.down.prefix = bytes_str(TOP);
	r.down.number = 1;
	keyrecord_down_seal(&r, &key, &linked, &owner->random);
	forged(f, &r, &named, &linked);
	settle(f);
	for (unsigned n = O; n <= C; n++)
		assert_int_equal(
			epochs_key(&f->nodes[n].hub, f->nodes[n].txn, r.prefix, 1, r.prefix, &key),
			ERR_ABSENT);
}

/* Links back that do not open, or open to another key than its record says: the others lead on. */
static void links_back_to_another_key_lead_nowhere(void **state)
{
	struct fixture *f = *state;
	struct random *random = &f->nodes[O].random;
	const struct key third = test_key(53), fourth = test_key(54), strange = test_key(55);
	struct keyrecord r = {.prefix = bytes_str(TOP), .number = 3};
	struct buf links;

	epoch_made(&f->nodes[O], TOP);
	epoch_made(&f->nodes[O], TOP);
	buf_init(&links, EPOCH_BACK_LEN_MAX);
	keyrecord_back_add(&r, &links, r.prefix, 2, &strange, &strange, random);
	keyrecord_back_add(&r, &links, r.prefix, 1, &third, &strange, random);
	forged(f, &r, &third, &third);
	buf_reset(&links);
	r = (struct keyrecord){.prefix = bytes_str(TOP), .number = 4};
	keyrecord_back_add(&r, &links, r.prefix, 3, &fourth, &third, random);
	keyrecord_back_add(&r, &links, r.prefix, 1, &fourth, &strange, random);
	forged(f, &r, &fourth, &fourth);
	give(f, (struct gift){.from = O, .to = D, .prefix = TOP});
	settle(f);
	assert_true(opens(f, D, TOP, 4, TOP) && opens(f, D, TOP, 3, TOP));
	assert_false(opens(f, D, TOP, 2, TOP) || opens(f, D, TOP, 1, TOP));
	buf_fini(&links);
}

/* ---- lost keys ---- */

static void an_end_is_never_refused_for_a_lost_key(void **state)
{
	struct fixture *f = *state;
	struct hub_node *owner = &f->nodes[O];
	struct epochs_made made;
	struct epochs_cost cost;
	struct keyrecord r;
	struct record record;
	struct gift c = give(f, (struct gift){.from = O, .to = C});
	give(f, (struct gift){.from = O, .to = D, .prefix = KITA "/d"});
	settle(f);
	struct walk walk = walk_begin(owner->txn, TABLE_SEALED, bytes_str("epoch:"));
	while (walk_next(&walk))
		txn_del(owner->txn, TABLE_SEALED, bytes_of(walk.last, walk.last_len));
	epochs_cost(&owner->hub, owner->txn, &f->fed.orgs[C - 1].id, bytes_str(KITA), &cost);
	assert_int_equal(cost.lost, 2);
	end(f, c);
	assert_int_equal(epochs_urgent_now(&owner->hub, owner->txn, &made), ERR_OK);
	/* The one above all as well, so that it can be linked with. */
	assert_int_equal(made.count, 2);
	assert_int_equal(made.lost, 3);
	assert_int_equal(last(f, TOP), 2);
	struct record_slot slot = record_slot_key(bytes_str(KITA), 2);
	assert_int_equal(ledger_slot(&owner->hub.ledger, owner->txn, record_slot_bytes(&slot),
				     author_of(O, 0), &record),
			 ERR_OK);
	assert_int_equal(keyrecord_get(&r, record.body), ERR_OK);
	assert_true(r.back.lost && r.down.present);
	settle(f);
	assert_true(opens(f, D, KITA "/d", 2, KITA "/d"));
	assert_false(opens(f, C, KITA, 2, KITA));
}

/* ---- asking for hidden paths ---- */

#define HIDDEN TOP "/~abcdefghijklmnopqrstuvwxy"

/* What the own notice asks for, without the namespace and all that the paths have in common. */
static const char *asked(struct hub_node *node, char out[32])
{
	struct record_slot slot = record_slot_notice(NOTICE_KEY);
	struct record record;
	struct bytes text;
	size_t len = 0;

	out[0] = 0;
	if (ledger_slot(&node->hub.ledger, node->txn, record_slot_bytes(&slot), node->hub.author,
			&record))
		return out;
	assert_int_equal(notice_get(&text, record.body), ERR_OK);
	for (size_t at = strlen(HIDDEN); at < text.len; at += strlen(HIDDEN) + 2)
		out[len++] = (char)text.ptr[at];
	out[len] = 0;
	return out;
}

static void ask(struct hub_node *node, char which)
{
	char path[sizeof(HIDDEN) + 1] = HIDDEN;

	path[sizeof(HIDDEN) - 1] = which;
	assert_int_equal(epoch_asks_add(&node->hub, node->txn, bytes_str(path)), ERR_OK);
}

/* The latest first, each once, and those not that are made; when all are, nothing is asked. */
static void what_was_asked_for_stands_until_it_is_made(void **state)
{
	struct fixture *f = *state;
	struct hub_node *node = &f->nodes[O];
	struct author_state before, after;
	uint64_t number;
	struct key key;
	char text[32];

	ask(node, 'a');
	assert_string_equal(asked(node, text), "a");
	ledger_state(&node->hub.ledger, node->txn, node->hub.author, &before);
	ask(node, 'a');
	ledger_state(&node->hub.ledger, node->txn, node->hub.author, &after);
	assert_int_equal(after.sequence, before.sequence); /* this is what it says */
	ask(node, 'e');
	ask(node, 'e');
	assert_string_equal(asked(node, text), "ea");
	ask(node, 'a');
	assert_string_equal(asked(node, text), "ae");
	epoch_asks_done(&node->hub, node->txn);
	assert_string_equal(asked(node, text), "ae");
	/* one is made: the other one is asked for on */
	assert_int_equal(epochs_hidden(&node->hub, node->txn, bytes_str(HIDDEN "a"), &number, &key),
			 ERR_OK);
	epoch_asks_done(&node->hub, node->txn);
	assert_string_equal(asked(node, text), "ae");
	ask(node, 'i');
	assert_string_equal(asked(node, text), "ie");
	ask(node, 'a'); /* as who does not know yet asks for it */
	epoch_asks_settle(&node->hub, node->txn);
	assert_int_equal(last(f, HIDDEN "a"), 1);
	assert_int_equal(last(f, HIDDEN "e"), 1);
	assert_int_equal(last(f, HIDDEN "i"), 1);
	epoch_asks_done(&node->hub, node->txn);
	assert_string_equal(asked(node, text), "");
}

/* While as many are made and unused as may be, what is asked for waits. */
static void unused_hidden_paths_are_bounded(void **state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct fixture *f = *state;
	struct hub_node *node = &f->nodes[O];
	char path[] = HIDDEN "a";
	uint64_t number;
	struct key key;

	for (unsigned i = 0; i < EPOCH_ASKS_UNUSED_MAX - 1; i++) {
		path[strlen(TOP) + 2] = letters[i % 32];
		path[strlen(TOP) + 3] = letters[i / 32];
		assert_int_equal(
			epochs_hidden(&node->hub, node->txn, bytes_str(path), &number, &key),
			ERR_OK);
	}
	/* another epoch of one of them is no other path: there is one left */
	epoch_made(node, path);
	assert_int_equal(last(f, path), 2);
	ask(node, 'i');
	epoch_asks_settle(&node->hub, node->txn);
	assert_int_equal(last(f, HIDDEN "i"), 1);
	ask(node, 'e');
	node->hub.epochs->asks.due = true;
	epoch_asks_settle(&node->hub, node->txn);
	assert_int_equal(last(f, HIDDEN "e"), 0);
	/* but the own person's are made */
	assert_int_equal(epochs_hidden(&node->hub, node->txn, bytes_str(HIDDEN "e"), &number, &key),
			 ERR_OK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_end_by_the_owner_is_followed_at_once),
		T(who_reads_below_goes_on_there),
		T(who_reads_by_another_line_reads_on),
		T(a_right_that_runs_out_waits_for_the_day),
		T(no_publication_waits_for_what_ran_out),
		T(who_is_out_of_the_federation_is_out_at_once),
		T(a_giver_that_is_gone_leaves_readers_behind),
		T(a_new_reader_reads_the_past_of_its_path),
		T(who_gives_wraps_and_the_next_one_above_a_day_later),
		T(a_false_wrap_stands_in_nobodys_way),
		T(numbers_of_others_lead_nowhere),
		T(who_wraps_to_strangers_causes_one_epoch_a_day),
		T(who_ends_a_line_waits_for_the_owner),
		T(who_has_no_place_is_told),
		T(a_stolen_disk_opens_nothing_later),
		T(losses_keep_a_pace),
		T(a_loss_after_a_month_is_urgent_again),
		T(a_stolen_key_of_whose_right_ran_out_is_urgent),
		T(what_strangers_were_given_is_never_urgent),
		T(a_clock_that_was_ahead_stops_nothing),
		T(a_line_without_its_chain_changes_nothing),
		T(who_waits_waits_since_the_first_cause),
		T(an_end_costs_wraps_for_who_reads_on),
		T(a_look_that_took_long_delays_the_next_one),
		T(own_wrap_keys_stand_in_order),
		T(all_who_have_an_old_key_are_told),
		T(a_root_that_is_bound_gets_the_keys_that_are_there),
		T(what_was_asked_for_stands_until_it_is_made),
		T(unused_hidden_paths_are_bounded),
		T(a_new_root_gets_all_keys),
		T(a_key_author_that_goes_leaves_its_keys),
		T(keys_that_nobody_copied_go_after_a_day),
		T(keys_of_a_lost_node_do_not_count),
		T(two_keys_of_one_number_are_told_apart),
		T(a_key_is_never_older_than_the_end_of_a_right),
		T(who_reads_follows_from_the_lines),
		T(another_key_than_was_committed_to_is_refused),
		T(links_to_another_key_lead_nowhere),
		T(links_back_to_another_key_lead_nowhere),
		T(an_end_is_never_refused_for_a_lost_key),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
