/* nodes: a town hall gets a second machine, and later gives one away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/wire/envelope.h"
#include "crypto/root.h"
#include "proto/catalog/granting.h"
#include "proto/ledger/line.h"
#include "proto/membership/nodes.h"
#include "proto/membership/rooting.h"
#include "proto/rights/rights.h"
#include "proto/sync/logs.h"
#include "test/sim/towns.h"

struct ask {
	const char *request;
	uint8_t roles, index;
	bool secrets;
	struct buf text;
	struct sim_node *node;
	enum err err;
	char why[WHY_LEN];
};

static void run_offer(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	ask->err = nodes_offer(hub, txn, now_ms, &ask->text, ask->why);
}

static void run_add(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	ask->err = nodes_add(hub, txn, now_ms, ask->request, ask->roles, ask->secrets, &ask->text,
			     &ask->index, ask->why);
}

static void run_retire(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	ask->err = nodes_retire(hub, txn, now_ms, ask->index, false, ask->why);
}

static void ask_open(struct ask *ask)
{
	*ask = (struct ask){.secrets = true};
	buf_init(&ask->text, ENVELOPE_LEN_MAX);
}

/* The text ends with a zero byte afterwards. */
static void offer(struct sim_node *first, struct ask *ask)
{
	ask_open(ask);
	assert_true(sim_call(first, run_offer, ask));
	assert_int_equal(ask->err, ERR_OK);
	buf_add_u8(&ask->text, 0);
}

static void add(struct sim_node *first, struct ask *ask, struct buf *request, uint8_t roles,
		bool secrets)
{
	ask_open(ask);
	if (request->len == 0 || request->ptr[request->len - 1] != 0)
		buf_add_u8(request, 0);
	ask->request = (const char *)request->ptr;
	ask->roles = roles;
	ask->secrets = secrets;
	assert_true(sim_call(first, run_add, ask));
}

static enum err retire(struct sim_node *first, uint8_t index)
{
	struct ask ask;
	ask_open(&ask);
	ask.index = index;
	assert_true(sim_call(first, run_retire, &ask));
	buf_fini(&ask.text);
	return ask.err;
}

/* All three steps, at a machine that has the root; the node runs afterwards. */
static struct sim_node *second_at(struct sim_node *at, uint8_t roles, bool secrets)
{
	struct ask offered, added;
	struct buf request;
	buf_init(&request, ENVELOPE_LEN_MAX);
	offer(at, &offered);
	struct sim_node *node = sim_add_node(at->sim, (const char *)offered.text.ptr, &request);
	add(at, &added, &request, roles, secrets);
	assert_int_equal(added.err, ERR_OK);
	assert_int_equal(sim_accept(node, buf_bytes(&added.text)), ERR_OK);
	buf_fini(&offered.text);
	buf_fini(&added.text);
	buf_fini(&request);
	return node;
}

static struct sim_node *second(struct towns *towns, uint8_t roles, bool secrets)
{
	struct sim_node *node = second_at(towns->a, roles, secrets);
	assert_int_equal(node->identity.node_index, node->index - 1);
	return node;
}

static void second_node_reads_and_publishes(void **state)
{
	struct towns *towns = towns_open(71, 2);
	struct buf content = sim_content(1, 50000);
	assert_int_equal(sim_publish(towns->b, "radebeul/kita", TIER_MEMBERS, buf_bytes(&content)),
			 ERR_OK);
	struct sim_node *node = second(towns, ORGLOG_ROLE_PUBLISH, true);
	assert_int_equal(sim_subscribe(node, "**"), ERR_OK);
	towns_held(node, "radebeul/kita", 1);
	sim_assert_reads(node, "radebeul/kita", 1, buf_bytes(&content));
	/* Both machines of Meißen are authors of their own, in one namespace. */
	assert_int_equal(sim_publish(node, "meissen/plan", TIER_MEMBERS, buf_bytes(&content)),
			 ERR_OK);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	towns_held(towns->b, "meissen/plan", 1);
	sim_assert_reads(towns->b, "meissen/plan", 1, buf_bytes(&content));
	assert_int_equal(sim_publish(towns->a, "meissen/plan", TIER_MEMBERS, bytes_str("new")),
			 ERR_OK);
	towns_held(towns->b, "meissen/plan", 2);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	/* It comes back after a crash as what it was. */
	sim_stop(node);
	sim_start(node);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	assert_int_equal(sim_status(node).state, MEMBERSHIP_MEMBER);
	buf_fini(&content);
	towns_close(towns);
}

/* Keys are wrapped for the organisation too, whichever of its machines made them. */
static void second_node_reads_what_is_granted(void **state)
{
	struct towns *towns = towns_open(75, 2);
	struct buf content = sim_content(1, 50000), later = sim_content(2, 50000);
	struct sim_node *node = second(towns, ORGLOG_ROLE_PUBLISH, true);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	/* It makes no keys. */
	assert_int_equal(sim_publish(node, "meissen/kita", TIER_GRANTED, buf_bytes(&content)),
			 ERR_DENIED);
	assert_int_equal(sim_publish(towns->a, "meissen/kita", TIER_GRANTED, buf_bytes(&content)),
			 ERR_OK);
	assert_int_equal(sim_subscribe(node, "meissen/**"), ERR_OK);
	towns_held(node, "meissen/kita", 1);
	sim_assert_reads(node, "meissen/kita", 1, buf_bytes(&content));
	/* Now there are keys to publish with. */
	assert_int_equal(sim_publish(node, "meissen/hort", TIER_GRANTED, buf_bytes(&later)),
			 ERR_OK);
	assert_int_equal(sim_subscribe(towns->a, "meissen/**"), ERR_OK);
	towns_held(towns->a, "meissen/hort", 1);
	sim_assert_reads(towns->a, "meissen/hort", 1, buf_bytes(&later));
	/* One without secrets holds it and cannot read it. */
	struct sim_node *blind = second(towns, 0, false);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	assert_int_equal(sim_subscribe(blind, "meissen/**"), ERR_OK);
	towns_held(blind, "meissen/kita", 1);
	struct buf none;
	buf_init(&none, 1 << 20);
	assert_int_not_equal(sim_read(blind, "meissen/kita", 1, &none), ERR_OK);
	buf_fini(&none);
	buf_fini(&content);
	buf_fini(&later);
	towns_close(towns);
}

static void relay_node_holds_without_reading(void **state)
{
	struct towns *towns = towns_open(72, 2);
	struct sim_node *node = second(towns, 0, false);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	assert_int_equal(sim_status(node).state, MEMBERSHIP_MEMBER);
	assert_false(sim_status(node).has_federation_key);
	/* Without the role publish nothing that it says is a version. */
	assert_int_not_equal(sim_publish(node, "meissen/x", TIER_MEMBERS, bytes_str("x")), ERR_OK);
	towns_close(towns);
}

/* Wrap keys that came to the node; that of entry 1 is a file of the first one. */
static uint64_t wraps_here(struct sim_node *node)
{
	struct txn *txn = txn_begin(node->db, false);
	struct walk walk = walk_begin(txn, TABLE_SEALED, bytes_str(IDENTITY_WRAP_ROW));
	uint64_t count = 0;
	while (walk_next(&walk))
		count++;
	txn_abort(txn);
	return count;
}

static void retired_node_is_shut_out(void **state)
{
	struct towns *towns = towns_open(73, 2);
	struct sim_node *keeps = second(towns, ORGLOG_ROLE_PUBLISH, true);
	struct sim_node *goes = second(towns, ORGLOG_ROLE_PUBLISH, true);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	struct dh_pk before = towns->a->identity.wrap_pk;
	assert_int_equal(retire(towns->a, 0), ERR_DENIED); /* itself */
	assert_int_equal(retire(towns->a, 9), ERR_ABSENT);
	assert_int_equal(retire(keeps, 2), ERR_DENIED); /* the root is elsewhere */
	assert_int_equal(retire(towns->a, 2), ERR_OK);
	assert_int_equal(retire(towns->a, 2), ERR_ABSENT); /* for good */
	sim_run(&towns->sim, 180000, NULL, NULL);
	assert_int_equal(sim_links(towns->a, goes), 0);
	assert_int_equal(sim_links(towns->b, goes), 0);
	assert_int_equal(sim_links(keeps, goes), 0);
	/* It knows, says so, publishes nothing, and asks no more than once an hour. */
	assert_int_equal(goes->hub->place, PLACE_OUT);
	assert_int_equal(goes->note_counts[NOTE_OUT], 1);
	assert_int_equal(sim_publish(goes, "meissen/x", TIER_MEMBERS, bytes_str("x")), ERR_DENIED);
	assert_non_null(strstr(sim_status(goes).why, "was retired"));
	const uint64_t links = goes->link_last;
	sim_run(&towns->sim, 6 * 3600 * 1000, NULL, NULL);
	assert_true(goes->link_last - links >= 5 && goes->link_last - links <= 7);
	assert_int_equal(goes->hub->place, PLACE_OUT);
	/* Who stays has the new wrap key: the old one and the new one. */
	assert_int_equal(sim_rows(keeps, TABLE_ORGLOG), 4 + 1);
	sim_stop(keeps);
	sim_start(keeps);
	assert_false(id_eq(&before, &keeps->identity.wrap_pk));
	assert_int_equal(wraps_here(keeps), 2);
	/* And so for a week: nobody keeps a link with it. */
	sim_stop(keeps);
	sim_stop(towns->b);
	for (unsigned day = 0; day < 7; day++) {
		const uint64_t dials = goes->link_last;
		sim_run(&towns->sim, 24 * 3600 * 1000, NULL, NULL);
		assert_in_range(goes->link_last - dials, 20, 25);
		assert_int_equal(sim_links(towns->a, goes), 0);
		assert_int_equal(sim_publish(goes, "meissen/x", TIER_MEMBERS, bytes_str("x")),
				 ERR_DENIED);
	}
	towns_close(towns);
}

static void texts_that_do_not_fit(void **state)
{
	struct towns *towns = towns_open(74, 2);
	struct ask offered, added;
	struct buf request;
	buf_init(&request, ENVELOPE_LEN_MAX);
	offer(towns->a, &offered);
	struct sim_node *node = sim_add_node(&towns->sim, (const char *)offered.text.ptr, &request);
	/* Another organisation's request, a truncated one, something else, and the same twice. */
	add(towns->b, &added, &request, ORGLOG_ROLE_PUBLISH, true);
	assert_int_equal(added.err, ERR_CONFIG);
	assert_non_null(strstr(added.why, "another organisation"));
	buf_fini(&added.text);
	request.ptr[40] = request.ptr[40] == 'A' ? 'B' : 'A';
	add(towns->a, &added, &request, ORGLOG_ROLE_PUBLISH, true);
	assert_int_equal(added.err, ERR_CONFIG);
	assert_non_null(strstr(added.why, "mistyped"));
	buf_fini(&added.text);
	buf_reset(&request);
	buf_add(&request, bytes_str("hello"));
	add(towns->a, &added, &request, ORGLOG_ROLE_PUBLISH, true);
	assert_int_equal(added.err, ERR_CONFIG);
	buf_fini(&added.text);
	/* The answer to another node is of no use here. */
	struct buf others;
	struct ask again;
	buf_init(&others, ENVELOPE_LEN_MAX);
	struct sim_node *other = sim_add_node(&towns->sim, (const char *)offered.text.ptr, &others);
	add(towns->a, &again, &others, ORGLOG_ROLE_PUBLISH, true);
	assert_int_equal(again.err, ERR_OK);
	assert_int_equal(sim_accept(node, buf_bytes(&again.text)), ERR_DENIED);
	assert_int_equal(sim_accept(node, bytes_str("hello")), ERR_MALFORMED);
	assert_int_equal(sim_accept(other, buf_bytes(&again.text)), ERR_OK);
	/* The answer got lost: the request is answered again, with the same number. */
	buf_fini(&again.text);
	add(towns->a, &again, &others, ORGLOG_ROLE_PUBLISH, true);
	assert_int_equal(again.err, ERR_OK);
	assert_int_equal(again.index, 1);
	buf_fini(&again.text);
	buf_fini(&offered.text);
	buf_fini(&others);
	buf_fini(&request);
	towns_close(towns);
}

/* The answer holds the whole log. When it would be too long, the node is not entered either. */
static void more_than_one_line_can_hold(void **state)
{
	struct towns *towns = towns_open(75, 2);
	struct ask offered, added = {.err = ERR_OK};
	unsigned count = 0;
	offer(towns->a, &offered);
	while (added.err == ERR_OK && count < 100) {
		struct node_offer terms;
		struct buf storage, request;
		struct key seed = {{(uint8_t)count, 1}}, transport = {{(uint8_t)count, 2}};
		struct node_request made;
		buf_init(&storage, ENVELOPE_LEN_MAX);
		buf_init(&request, ENVELOPE_LEN_MAX);
		const char *text = (const char *)offered.text.ptr;
		assert_int_equal(node_offer_get(&terms, &storage, bytes_str(text)), ERR_OK);
		made.org = terms.org;
		sign_pk_of(&made.sign, &seed);
		dh_pk_of(&made.transport, &transport);
		made.handover = made.transport;
		orglog_possession(&made.possession, &seed, &terms.first_root, &made.sign,
				  &made.transport);
		node_request_put(&request, &made);
		add(towns->a, &added, &request, ORGLOG_ROLE_PUBLISH, true);
		count += added.err == ERR_OK;
		buf_fini(&added.text);
		buf_fini(&request);
		buf_fini(&storage);
	}
	assert_int_equal(added.err, ERR_FULL);
	assert_non_null(strstr(added.why, "one line"));
	assert_true(count >= 20);
	assert_int_equal(sim_rows(towns->a, TABLE_ORGLOG), 1 + 1 + count);
	buf_fini(&offered.text);
	towns_close(towns);
}

/* ---- two machines with the root ---- */

/* What a node knows of the log of Meißen. */
struct log_view {
	struct org_id org;
	struct digest entry_id;
	uint32_t number;
	bool forked;
	uint8_t states[256]; /* by index; 0: none */
};

static void call_view(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct log_view *view = arg;
	struct orglog log;
	assert_int_equal(orglog_load(txn, &view->org, &log), ERR_OK);
	view->entry_id = log.entry_id;
	view->number = log.number;
	view->forked = orglog_is_forked(txn, &view->org);
	memset(view->states, 0, sizeof(view->states));
	for (size_t i = 0; i < log.node_count; i++)
		view->states[log.nodes[i].index] = log.nodes[i].state;
	orglog_fini(&log);
}

static struct log_view view_of(struct sim_node *node, const struct sim_node *of)
{
	struct log_view view = {.org = of->identity.org};
	assert_true(sim_call(node, call_view, &view));
	return view;
}

struct same_log {
	struct sim_node *nodes[3]; /* the first one's log */
	bool forked;
};

static bool have_the_same_log(struct sim *sim, void *arg)
{
	const struct same_log *same = arg;
	struct log_view first = view_of(same->nodes[0], same->nodes[0]);
	for (unsigned i = 0; i < 3; i++) {
		struct log_view view = view_of(same->nodes[i], same->nodes[0]);
		if (view.forked != same->forked || !id_eq(&view.entry_id, &first.entry_id) ||
		    memcmp(view.states, first.states, sizeof(view.states)))
			return false;
	}
	return true;
}

static void run_settle(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	ask->err = nodes_settle(hub, txn, now_ms, ask->why);
}

/* The root is restored from the recovery sheet on a further machine. */
static void give_root(struct sim_node *from, struct sim_node *to)
{
	struct buf seed;
	buf_init(&seed, KEY_LEN);
	buf_add(&seed, secret_bytes(from->identity.root));
	sim_stop(to);
	assert_int_equal(keyring_put(to->keyring, "root", buf_bytes(&seed)), ERR_OK);
	sim_start(to);
	assert_non_null(to->identity.root);
	buf_fini_wipe(&seed);
}

static void part(struct sim *sim, struct sim_node *away, bool apart)
{
	away->side = apart;
	sim_partition(sim, false);
}

/*
 * Both add a node while they cannot reach each other: all come to the same log, whoever heard what
 * first, without a steward; one of the new nodes has to be added again.
 */
static void two_machines_add_at_once(void **state)
{
	for (unsigned seed = 76; seed < 80; seed++) {
		struct towns *towns = towns_open(seed, 2);
		struct sim_node *other = second(towns, ORGLOG_ROLE_PUBLISH, true);
		assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
		give_root(towns->a, other);
		assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
		part(&towns->sim, other, true);
		struct sim_node *one = second_at(towns->a, ORGLOG_ROLE_PUBLISH, true);
		sim_run(&towns->sim, 20000, NULL, NULL);
		struct sim_node *two = second_at(other, ORGLOG_ROLE_PUBLISH, true);
		two->side = 1;
		sim_run(&towns->sim, 20000, NULL, NULL);
		assert_int_equal(one->identity.node_index, two->identity.node_index);
		two->side = 0;
		part(&towns->sim, other, false);
		struct same_log same = {{towns->a, towns->b, other}, true};
		assert_true(sim_run(&towns->sim, 300000, have_the_same_log, &same));
		assert_int_equal(view_of(towns->b, other).number, 3);
		assert_true(towns->b->note_counts[NOTE_EVIDENCE] > 0);
		/* It stands until it is settled, also after a start. */
		sim_stop(towns->b);
		sim_start(towns->b);
		sim_run(&towns->sim, 60000, NULL, NULL);
		assert_true(have_the_same_log(&towns->sim, &same));
		struct ask ask = {.err = ERR_OK};
		assert_true(sim_call(other, run_settle, &ask));
		assert_int_equal(ask.err, ERR_OK);
		same.forked = false;
		assert_true(sim_run(&towns->sim, 300000, have_the_same_log, &same));
		assert_true(sim_call(other, run_settle, &ask));
		assert_int_equal(ask.err, ERR_ABSENT);
		/* Who is in the log goes on; the other one is outside, and knows it. */
		bool one_lost = one->hub->place == PLACE_OUT;
		assert_true(one_lost != (two->hub->place == PLACE_OUT));
		struct sim_node *lost = one_lost ? one : two, *stays = one_lost ? two : one;
		struct same_log with = {{towns->a, stays, other}, false};
		assert_true(sim_run(&towns->sim, 300000, have_the_same_log, &with));
		assert_int_equal(view_of(stays, other).number, 4);
		sim_stop(lost);
		assert_true(sim_run(&towns->sim, 300000, sim_agree, NULL));
		towns_close(towns);
	}
}

/*
 * Whoever has the root: the new wrap key goes to all nodes that may read, the first and those that
 * others have added among them, and to no relay.
 */
static void a_new_wrap_key_comes_to_all(void **state)
{
	struct towns *towns = towns_open(87, 2);
	struct sim_node *root = second(towns, ORGLOG_ROLE_PUBLISH, true);
	struct sim_node *relay = second(towns, 0, false);
	second(towns, ORGLOG_ROLE_PUBLISH, true);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	give_root(towns->a, root);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	assert_int_equal(retire(root, 3), ERR_OK);
	sim_run(&towns->sim, 120000, NULL, NULL);
	assert_int_equal(wraps_here(towns->a), 1);
	assert_int_equal(wraps_here(root), 2);
	assert_int_equal(wraps_here(relay), 0);
	towns_close(towns);
}

/* A node that either branch retires is out, whichever counts; so is it after the settlement. */
static void a_lost_branch_retires_as_well(void **state)
{
	for (unsigned seed = 80; seed < 84; seed++) {
		struct towns *towns = towns_open(seed, 2);
		struct sim_node *other = second(towns, ORGLOG_ROLE_PUBLISH, true);
		struct sim_node *stolen = second(towns, ORGLOG_ROLE_PUBLISH, true);
		assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
		give_root(towns->a, other);
		assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
		part(&towns->sim, other, true);
		assert_int_equal(retire(other, 2), ERR_OK);
		struct sim_node *added = second_at(towns->a, 0, false);
		sim_run(&towns->sim, 20000, NULL, NULL);
		sim_stop(added);
		part(&towns->sim, other, false);
		struct same_log same = {{towns->a, towns->b, other}, true};
		assert_true(sim_run(&towns->sim, 300000, have_the_same_log, &same));
		assert_int_equal(view_of(towns->b, other).states[2], ORGLOG_NODE_RETIRED);
		sim_run(&towns->sim, 120000, NULL, NULL);
		assert_int_equal(sim_links(towns->b, stolen), 0);
		struct ask ask = {.err = ERR_OK};
		assert_true(sim_call(towns->a, run_settle, &ask));
		assert_int_equal(ask.err, ERR_OK);
		same.forked = false;
		assert_true(sim_run(&towns->sim, 300000, have_the_same_log, &same));
		assert_int_equal(view_of(towns->b, other).states[2], ORGLOG_NODE_RETIRED);
		sim_stop(stolen);
		assert_true(sim_run(&towns->sim, 300000, sim_agree, NULL));
		towns_close(towns);
	}
}

/* ---- a thief of the root ---- */

/* The key of the second sheet, which is nowhere but in its key files here. */
static struct key next_seed(struct sim_node *node)
{
	char name[IDENTITY_KEY_NAME_LEN];
	struct secret *seed;
	identity_next_name(name, &node->identity.next_root);
	assert_int_equal(keyring_get(node->keyring, name, &seed), ERR_OK);
	const struct key key = *secret_key(seed);
	secret_close(seed);
	return key;
}

/* As `root bind --entry 1` does it. */
static void run_bind(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	struct sim_node *node = ask->node;
	const struct key seed = next_seed(node);
	struct charter_change change;
	struct voting_outcome outcome;
	char name[IDENTITY_KEY_NAME_LEN];
	struct key sign;
	voting_outcome_init(&outcome);
	root_sign_seed(&sign, &seed);
	ask->err = rooting_begin(hub, txn, "1", &change, ask->why);
	sign_pk_of(&change.member.root, &sign);
	change.member.next_root.b[0] = 7;
	charter_bind_sign(&change, &hub->charter, &sign);
	identity_root_name(name, &change.member.root);
	assert_int_equal(keyring_put(node->keyring, name, bytes_of(seed.b, KEY_LEN)), ERR_OK);
	if (!ask->err)
		ask->err = rooting_propose(hub, txn, &change, true, &outcome, &ask->text, ask->why);
	voting_outcome_fini(&outcome);
}

static void run_vote(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct voting_heard heard = {.words = NULL};
	struct ask *ask = arg;
	struct voting_outcome outcome;
	voting_outcome_init(&outcome);
	ask->err = voting_text(hub, txn, ask->request, &heard, true, &outcome, NULL, ask->why);
	assert_true(outcome.accepted);
	voting_outcome_fini(&outcome);
}

static bool is_back(struct sim *sim, void *arg)
{
	struct sim_node *node = arg;
	return node->hub->author && node->hub->signing == SIGNING_YES;
}

/* A grant of Radebeul, what Meißen may by it, and as a thief would write it. */
struct granted {
	struct digest id;
	enum verb verb;
};

static void run_grant(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct grant_terms terms = {.prefix = "radebeul/kita",
					  .to = "meissen",
					  .verb = VERB_READ,
					  .expiry_ms = now_ms + INT64_C(365) * 24 * 3600 * 1000};
	struct granted *granted = arg;
	char why[WHY_LEN];
	assert_int_equal(grants_give(hub, txn, &terms, &granted->id, why), ERR_OK);
}

static void run_widen(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct granted *granted = arg;
	struct record_slot slot = line_slot(&granted->id);
	struct record record;
	struct line line;
	struct buf body;
	assert_int_equal(ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot),
				     author_of(author_member(hub->author), 0), &record),
			 ERR_OK);
	assert_int_equal(line_get(&line, record.body), ERR_OK);
	line.round = 7;
	line.verb = VERB_ADMIN;
	line.expiry_ms = INT64_MAX / 2;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, &line);
	assert_int_equal(ledger_append(&hub->ledger, txn, RECORD_LINE, record_slot_bytes(&slot),
				       buf_bytes(&body), NULL, LEDGER_TELL),
			 ERR_OK);
	buf_fini(&body);
}

static void run_right(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct granted *granted = arg;
	granted->verb =
		rights_of(hub, txn, &hub->options.identity->org, bytes_str("radebeul/kita"));
}

/*
 * A thief of Radebeul's root adds a machine of its own and puts out the one that Radebeul has,
 * which nobody can dial. Radebeul hands Meißen a line, signed with the key of its second sheet:
 * within two hours it is in again, the thief's machine is out, and what Radebeul publishes is
 * there.
 */
static void a_thief_puts_all_out_and_is_bound_back(void **state)
{
	struct towns *towns = towns_open(85, 2);
	struct sim_node *owner = towns->b;
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	assert_int_equal(sim_publish(owner, "radebeul/vorher", TIER_MEMBERS, bytes_str("vorher")),
			 ERR_OK);
	struct granted granted;
	assert_true(sim_call(owner, run_grant, &granted));
	struct sim_node *thief = second_at(owner, ORGLOG_ROLE_PUBLISH | ORGLOG_ROLE_ADMIN, true);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	assert_true(sim_call(thief, run_widen, &granted));
	give_root(owner, thief);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	sim_stop(owner);
	owner->dial_only = true;
	sim_start(owner);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	assert_int_equal(retire(thief, 0), ERR_OK);
	assert_int_equal(sim_publish(thief, "radebeul/vom-dieb", TIER_MEMBERS, bytes_str("dieb")),
			 ERR_OK);
	sim_run(&towns->sim, 180000, NULL, NULL);
	sim_call(towns->a, run_right, &granted);
	assert_int_equal(granted.verb, VERB_ADMIN); /* for as long as the log says so */
	assert_int_equal(owner->hub->place, PLACE_OUT);
	assert_int_equal(sim_publish(owner, "radebeul/x", TIER_MEMBERS, bytes_str("x")),
			 ERR_DENIED);

	struct ask bind = {.node = owner};
	buf_init(&bind.text, ENVELOPE_LEN_MAX);
	assert_true(sim_call(owner, run_bind, &bind));
	assert_int_equal(bind.err, ERR_OK);
	buf_add_u8(&bind.text, 0);
	bind.request = (const char *)bind.text.ptr;
	assert_true(sim_call(towns->a, run_vote, &bind));
	assert_int_equal(bind.err, ERR_OK);
	assert_true(sim_run(&towns->sim, 2 * 3600 * 1000, is_back, owner));
	sim_run(&towns->sim, 300000, NULL, NULL);
	assert_int_equal(thief->hub->place, PLACE_OUT);
	assert_int_equal(sim_links(towns->a, thief), 0);
	/* and what the owner gave is what there is, which it has not signed otherwise */
	sim_call(towns->a, run_right, &granted);
	assert_int_equal(granted.verb, VERB_READ);
	/* the log goes on by the new root, from before the thief */
	struct log_view view = view_of(towns->a, owner);
	assert_int_equal(view.number, 2);
	assert_int_equal(view.states[0], ORGLOG_NODE_ACTIVE);
	assert_int_equal(sim_publish(owner, "radebeul/nachher", TIER_MEMBERS, bytes_str("nachher")),
			 ERR_OK);
	assert_int_equal(sim_subscribe(towns->a, "radebeul/**"), ERR_OK);
	towns_held(towns->a, "radebeul/vorher", 1);
	towns_held(towns->a, "radebeul/nachher", 1);
	buf_fini(&bind.text);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thief_puts_all_out_and_is_bound_back),
		cmocka_unit_test(second_node_reads_and_publishes),
		cmocka_unit_test(second_node_reads_what_is_granted),
		cmocka_unit_test(relay_node_holds_without_reading),
		cmocka_unit_test(retired_node_is_shut_out),
		cmocka_unit_test(texts_that_do_not_fit),
		cmocka_unit_test(more_than_one_line_can_hold),
		cmocka_unit_test(two_machines_add_at_once),
		cmocka_unit_test(a_new_wrap_key_comes_to_all),
		cmocka_unit_test(a_lost_branch_retires_as_well),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("nodes", tests, NULL, NULL);
}
