/*
 * Who makes the keys of a namespace: when the node that does so goes, when two have, and for nodes
 * that ask for hidden paths.
 */
#include "proto/ledger/keyrecord.h"
#include "proto/rights/epochs.h"

#include "proto/ledger/notice.h"
#include "proto/rights/epoch_asks.h"
#include "proto/rights/epoch_due.h"
#include "proto/rights/epoch_keys.h"
#include "proto/rights/rights.h"
#include "proto/rights/wrapkeys.h"
#include "test/proto/press.h"
#include "test/proto/rights/circle.h"

/* ---- who makes the keys ---- */

/* O has another node that may make keys, and everybody knows. */
static void second_open(struct circle *f)
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
	circle_log(f, O, &log, &next, 0);
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
static void first_put_out(struct circle *f, enum orglog_node_state state, uint8_t roles)
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
	circle_log(f, O, &log, &next, O);
	wrapkeys_store(&second->hub, second->txn, log.number + 1, &wrap);
	f->off[O] = f->off[O] || state != ORGLOG_NODE_ACTIVE;
	orglog_fini(&log);
}

static void second_arrivals(struct hub_node *second)
{
	struct ledger_arrival arrival;

	while (ledger_arrival_next(&second->hub.ledger, &arrival)) {
		circle_take(&second->hub, second->txn, &arrival);
		ledger_arrival_fini(&arrival);
	}
}

/* What siblings do (siblings.h): all that the first node has said is in the second's set, too. */
static void second_copies(struct circle *f)
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
static void second_gives(struct circle *f)
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

static uint64_t last_seen_by(struct circle *f, unsigned n, const char *prefix)
{
	return epoch_last_at(&f->nodes[n].hub, f->nodes[n].txn, O, bytes_str(prefix));
}

/* With copies, before or after the entry, nothing changes for anybody. */
static void a_key_author_that_goes_leaves_its_keys(void **state)
{
	for (unsigned late = 0; late < 2; late++) {
		struct circle *f = *state;
		circle_give(f, (struct gift){.from = O, .to = C});
		circle_give(f, (struct gift){.from = O, .to = D, .prefix = KITA "/d"});
		second_open(f);
		circle_settle(f);
		if (!late)
			second_copies(f);
		circle_settle(f);
		first_put_out(f, ORGLOG_NODE_RETIRED, 7);
		if (late)
			second_copies(f);
		/* Nobody has heard of the copies: the records of who is leaving count. */
		assert_int_equal(last_seen_by(f, D, KITA "/d"), 1);
		circle_pass(f, 2 * DAY_MS);
		for (unsigned n = B; n <= SECOND; n++) {
			assert_int_equal(last_seen_by(f, n, KITA), 1);
			assert_int_equal(last_seen_by(f, n, KITA "/d"), 1);
		}
		assert_true(circle_opens(f, C, KITA, 1, KITA) &&
			    circle_opens(f, SECOND, KITA, 1, KITA));
		assert_true(circle_opens(f, D, KITA "/d", 1, KITA "/d"));
		circle_teardown(state);
		circle_setup(state);
	}
}

/* Without: what there was counts for a day, then there is a new epoch at the slug. */
static void keys_that_nobody_copied_go_after_a_day(void **state)
{
	struct circle *f = *state;
	struct hub_node *second = &f->nodes[SECOND];
	uint64_t number = 0;
	size_t len = 0;
	struct key key;

	circle_give(f, (struct gift){.from = O, .to = C});
	second_open(f);
	circle_settle(f);
	first_put_out(f, ORGLOG_NODE_RETIRED, 7);
	assert_int_equal(last_seen_by(f, SECOND, KITA), 1);
	assert_int_equal(last_seen_by(f, C, TOP), 1);
	/* Its lines have ended with it, so C reads no more. */
	circle_settle(f);
	assert_int_equal(last_seen_by(f, SECOND, KITA), 2);
	assert_int_equal(last_seen_by(f, SECOND, TOP), 1);
	circle_pass(f, 27 * HOUR_MS);
	assert_int_equal(last_seen_by(f, SECOND, TOP), 0);
	assert_int_equal(
		epochs_govern(&second->hub, second->txn, bytes_str(TOP "/x"), &len, &number, &key),
		ERR_OK);
	/* No number is used twice, and who has a key keeps it. */
	assert_true(len == strlen(TOP) && number == 2);
	circle_settle(f);
	assert_int_equal(last_seen_by(f, C, TOP), 2);
	assert_true(circle_opens(f, C, KITA, 1, KITA));
	/* Who reads from now on has what the link back gives, though its record counts no more. */
	second_gives(f);
	circle_settle(f);
	assert_true(circle_opens(f, D, TOP, 1, TOP));
	/* and another wrap of what is kept changes nothing */
	key = test_key(79);
	circle_wrap(f, B, C, KITA, 1, &key);
	circle_settle(f);
	assert_true(circle_opens(f, C, KITA, 1, KITA));
	assert_int_equal(
		epochs_key(&second->hub, second->txn, bytes_str(TOP), 1, bytes_str(TOP), &key),
		ERR_OK);
}

/* Of a node that is lost nothing counts, from the entry on. */
static void keys_of_a_lost_node_do_not_count(void **state)
{
	struct circle *f = *state;
	circle_give(f, (struct gift){.from = O, .to = C});
	second_open(f);
	circle_settle(f);
	first_put_out(f, ORGLOG_NODE_LOST, 7);
	circle_settle(f);
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
	struct circle *f = *state;
	struct hub_node *first = &f->nodes[O], *second = &f->nodes[SECOND];
	const struct dataset_id dataset = {{7}};
	struct version before, after;
	struct key key;

	circle_give(f, (struct gift){.from = O, .to = C});
	circle_give(f, (struct gift){.from = O, .to = D});
	second_open(f);
	circle_settle(f);
	second_copies(f);
	circle_settle(f);
	f->off[B] = f->off[D] = f->off[W] = f->off[SECOND] = true;
	circle_epoch(first, KITA);
	circle_settle(f);
	before = sealed_by(first, 2, &dataset);
	assert_int_equal(
		epochs_version_key(&f->nodes[C].hub, f->nodes[C].txn, &before, &dataset, &key),
		ERR_OK);
	f->off[B] = f->off[D] = f->off[W] = f->off[SECOND] = false;
	f->off[O] = f->off[C] = true;
	first_put_out(f, ORGLOG_NODE_ACTIVE, ORGLOG_ROLE_ADMIN | ORGLOG_ROLE_PUBLISH);
	circle_epoch(second, KITA);
	circle_settle(f);
	after = sealed_by(second, 2, &dataset);
	/* All hear of each other, and of the entry. */
	struct bytes entry;
	assert_true(orglog_entry(second->txn, &f->fed.orgs[O - 1].id, 3, &entry));
	assert_int_equal(orglog_accept(first->txn, &f->fed.orgs[O - 1].id, entry, NULL), ERR_OK);
	hub_forget(&first->hub, O);
	f->off[O] = f->off[C] = false;
	circle_settle(f);
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
	circle_is_whole(f, SECOND, O);
	assert_true(epochs_stranded(&first->hub, first->txn, &before, &dataset));
	assert_false(epochs_stranded(&first->hub, first->txn, &after, &dataset));
	assert_false(epochs_stranded(&second->hub, second->txn, &after, &dataset));
	/* who has no key cannot tell */
	circle_is_whole(f, SECOND, W);
	assert_false(epochs_stranded(&f->nodes[W].hub, f->nodes[W].txn, &before, &dataset));
	before.epoch_number = 7; /* no record that counts */
	assert_true(epochs_stranded(&first->hub, first->txn, &before, &dataset));
	circle_epoch(second, KITA);
	assert_int_equal(last_seen_by(f, SECOND, KITA), 3);
}

/* What is sealed in the turn that ends a right, before anything has settled, is not for it. */
static void a_key_is_never_older_than_the_end_of_a_right(void **state)
{
	struct circle *f = *state;
	struct hub_node *owner = &f->nodes[O];
	struct gift gift = circle_give(f, (struct gift){.from = O, .to = C});
	uint64_t number;
	size_t len;
	struct key key;

	circle_settle(f);
	circle_end(f, gift);
	assert_int_equal(
		epochs_govern(&owner->hub, owner->txn, bytes_str(KITA "/x"), &len, &number, &key),
		ERR_OK);
	assert_int_equal(number, 2);
	assert_int_equal(len, strlen(KITA));
}

/* Rows of the table may be late: the lines themselves say who reads. */
static void who_reads_follows_from_the_lines(void **state)
{
	struct circle *f = *state;
	struct hub_node *owner = &f->nodes[O];
	const struct org_id *c = &f->fed.orgs[C - 1].id;
	struct gift gift = circle_give(f, (struct gift){.from = O, .to = C});

	circle_settle(f);
	struct walk walk = walk_begin(owner->txn, TABLE_RIGHT, bytes_of(NULL, 0));
	while (walk_next(&walk))
		txn_del(owner->txn, TABLE_RIGHT, bytes_of(walk.last, walk.last_len));
	assert_int_equal(rights_of(&owner->hub, owner->txn, c, bytes_str(KITA)), VERB_NONE);
	assert_true(epoch_reads(&owner->hub, owner->txn, c, bytes_str(KITA), hub_node_wall(owner)));
	circle_end(f, gift);
	assert_false(
		epoch_reads(&owner->hub, owner->txn, c, bytes_str(KITA), hub_node_wall(owner)));
}

/* Two readers get two keys under one (Q, n): the second is refused by the commitment. */
static void another_key_than_was_committed_to_is_refused(void **state)
{
	struct circle *f = *state;
	const struct key strange = test_key(79);

	circle_give(f, (struct gift){.from = O, .to = C});
	circle_settle(f);
	circle_wrap(f, O, D, KITA, 1, &strange);
	circle_give(f, (struct gift){.from = O, .to = D});
	circle_settle(f);
	assert_true(circle_opens(f, C, KITA, 1, KITA));
	assert_false(circle_opens(f, D, KITA, 1, KITA));
}

/* A key record of O that commits to one key and wraps another one to O. */
static void forged(struct circle *f, struct keyrecord *r, const struct key *named,
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
				     record_slot_key(r->prefix, r->number), buf_bytes(&body),
				     circle_take),
			 ERR_OK);
	buf_fini(&body);
	orglog_fini(&log);
}

/* A key record whose links lead to another key than the one it commits to leads nowhere. */
static void links_to_another_key_lead_nowhere(void **state)
{
	struct circle *f = *state;
	struct hub_node *owner = &f->nodes[O];
	const struct key named = test_key(50), linked = test_key(51);
	struct keyrecord r = {.prefix = bytes_str(KITA), .number = 1};
	struct key key;

	circle_give(f, (struct gift){.from = O, .to = C, .prefix = TOP});
	circle_settle(f);
	assert_true(circle_opens(f, C, TOP, 1, TOP));
	assert_int_equal(
		epochs_key(&owner->hub, owner->txn, bytes_str(KITA), 1, bytes_str(TOP), &key),
		ERR_ABSENT); /* no epoch below has a key for a path above */
	circle_key(f, O, TOP, 1, &key);
	r.down.prefix = bytes_str(TOP);
	r.down.number = 1;
	keyrecord_down_seal(&r, &key, &linked, &owner->random);
	forged(f, &r, &named, &linked);
	circle_settle(f);
	for (unsigned n = O; n <= C; n++)
		assert_int_equal(
			epochs_key(&f->nodes[n].hub, f->nodes[n].txn, r.prefix, 1, r.prefix, &key),
			ERR_ABSENT);
}

/* Links back that do not open, or open to another key than its record says: the others lead on. */
static void links_back_to_another_key_lead_nowhere(void **state)
{
	struct circle *f = *state;
	struct random *random = &f->nodes[O].random;
	const struct key third = test_key(53), fourth = test_key(54), strange = test_key(55);
	struct keyrecord r = {.prefix = bytes_str(TOP), .number = 3};
	struct buf links;

	circle_epoch(&f->nodes[O], TOP);
	circle_epoch(&f->nodes[O], TOP);
	buf_init(&links, EPOCH_BACK_LEN_MAX);
	keyrecord_back_add(&r, &links, r.prefix, 2, &strange, &strange, random);
	keyrecord_back_add(&r, &links, r.prefix, 1, &third, &strange, random);
	forged(f, &r, &third, &third);
	buf_reset(&links);
	r = (struct keyrecord){.prefix = bytes_str(TOP), .number = 4};
	keyrecord_back_add(&r, &links, r.prefix, 3, &fourth, &third, random);
	keyrecord_back_add(&r, &links, r.prefix, 1, &fourth, &strange, random);
	forged(f, &r, &fourth, &fourth);
	circle_give(f, (struct gift){.from = O, .to = D, .prefix = TOP});
	circle_settle(f);
	assert_true(circle_opens(f, D, TOP, 4, TOP) && circle_opens(f, D, TOP, 3, TOP));
	assert_false(circle_opens(f, D, TOP, 2, TOP) || circle_opens(f, D, TOP, 1, TOP));
	buf_fini(&links);
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
	struct circle *f = *state;
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
	assert_int_equal(circle_last(f, HIDDEN "a"), 1);
	assert_int_equal(circle_last(f, HIDDEN "e"), 1);
	assert_int_equal(circle_last(f, HIDDEN "i"), 1);
	epoch_asks_done(&node->hub, node->txn);
	assert_string_equal(asked(node, text), "");
}

/* While as many are made and unused as may be, what is asked for waits. */
static void unused_hidden_paths_are_bounded(void **state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct circle *f = *state;
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
	circle_epoch(node, path);
	assert_int_equal(circle_last(f, path), 2);
	ask(node, 'i');
	epoch_asks_settle(&node->hub, node->txn);
	assert_int_equal(circle_last(f, HIDDEN "i"), 1);
	ask(node, 'e');
	node->hub.epochs->asks.due = true;
	epoch_asks_settle(&node->hub, node->txn);
	assert_int_equal(circle_last(f, HIDDEN "e"), 0);
	/* but the own person's are made */
	assert_int_equal(epochs_hidden(&node->hub, node->txn, bytes_str(HIDDEN "e"), &number, &key),
			 ERR_OK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, circle_setup, circle_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_asked_for_stands_until_it_is_made),
		T(unused_hidden_paths_are_bounded),
		T(a_key_author_that_goes_leaves_its_keys),
		T(keys_that_nobody_copied_go_after_a_day),
		T(keys_of_a_lost_node_do_not_count),
		T(two_keys_of_one_number_are_told_apart),
		T(a_key_is_never_older_than_the_end_of_a_right),
		T(who_reads_follows_from_the_lines),
		T(another_key_than_was_committed_to_is_refused),
		T(links_to_another_key_lead_nowhere),
		T(links_back_to_another_key_lead_nowhere),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
