/*
 * Who may sign in this node's name: after a start, with an old copy of the store, with a copy on
 * another machine, and with a peer that sends back what was deleted.
 */
#include "proto/sync/start.h"

#include "proto/catalog/aside_say.h"
#include "proto/sync/reconcile.h"

#include <stdlib.h>

#include "test/proto/hub_node.h"

static const uint32_t OWN = 256; /* node 0 of member 1 */
#define SECOND_MS INT64_C(1000)
#define DAY_MS    (24 * 3600 * SECOND_MS)

struct fixture {
	struct hub_fixture *base;
	struct hub_node *node;
	struct hub *hub;
	struct peer *peer;       /* member 2 */
	struct ledger_node twin; /* another machine, with the same key */
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	hub_fixture_setup((void **)&f->base);
	f->node = &f->base->node;
	f->hub = &f->node->hub;
	f->peer = f->base->peer;
	ledger_node_open(&f->twin, &f->base->fed, 1);
	salvage_open(f->hub, f->node->txn);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	gossip_close(f->hub);
	f->node->machines.gossip = (struct gossip){0};
	salvage_close(f->hub);
	ledger_node_close(&f->twin);
	hub_fixture_teardown((void **)&f->base);
	free(f);
	return 0;
}

/* ---- what happens ---- */

static void end_turn(struct fixture *f)
{
	start_tick(f->hub, f->node->txn);
	salvage_tick(f->hub, f->node->txn);
	gossip_settle(f->hub, f->node->txn);
	/* As the core does in the next turn. */
	if (f->hub->aside_news || f->hub->signing_news)
		aside_say(f->hub, f->node->txn);
	f->hub->signing_news = false;
	gossip_settle(f->hub, f->node->txn);
}

static void later(struct fixture *f, int64_t ms)
{
	hub_node_pass(f->node, ms);
	start_clock(f->hub, f->node->txn);
	end_turn(f);
}

/* A peer comes, and knows this node as a member. */
static struct peer *link_with(struct fixture *f, unsigned member)
{
	struct peer *peer = hub_node_member(f->node, &f->base->fed.orgs[member - 1]);
	peer->up_ms = hub_node_mono(f->node);
	peer->met = false;
	start_met(f->hub, f->node->txn, peer);
	return peer;
}

static void restart(struct fixture *f)
{
	gossip_close(f->hub);
	f->node->machines.gossip = (struct gossip){0};
	salvage_close(f->hub);
	hub_node_machines(f->node);
	start_clock(f->hub, f->node->txn);
	end_turn(f);
}

/* Others were met, and two of them have signed heads; then the process begins anew. */
static void start_after_meeting(struct fixture *f)
{
	hub_node_fill(f->node, &f->base->fed, 2, 1, 10);
	hub_node_fill(f->node, &f->base->fed, 3, 1, 10);
	link_with(f, 2);
	restart(f);
}

static bool writes(struct fixture *f, uint32_t slot)
{
	struct record_slot name = {.b = {99, (uint8_t)slot}, .len = 2};
	enum err err = ledger_append(&f->hub->ledger, f->node->txn, 99, record_slot_bytes(&name),
				     bytes_str("x"), NULL, LEDGER_QUIET);
	assert_true(!err || err == ERR_AGAIN);
	return !err;
}

static bool own_has(struct fixture *f, uint32_t slot)
{
	struct record_slot name = {.b = {99, (uint8_t)slot}, .len = 2};
	struct author_state state;
	struct digest hash;
	uint64_t sequence;
	ledger_state(&f->hub->ledger, f->node->txn, OWN, &state);
	return setdigest_get(f->node->txn, OWN, state.incarnation, record_slot_bytes(&name),
			     &sequence, &hash);
}

static void twin_writes(struct fixture *f, uint32_t slot)
{
	struct record_slot name = {.b = {99, (uint8_t)slot}, .len = 2};
	assert_int_equal(ledger_append(&f->twin.ledger, f->twin.txn, 99, record_slot_bytes(&name),
				       bytes_str("x"), NULL, LEDGER_QUIET),
			 ERR_OK);
}

static void twin_deletes(struct fixture *f, uint32_t slot)
{
	struct record_slot name = {.b = {99, (uint8_t)slot}, .len = 2};
	assert_int_equal(ledger_delete(&f->twin.ledger, f->twin.txn, record_slot_bytes(&name)),
			 ERR_OK);
}

static void twin_signs(struct fixture *f)
{
	ledger_now(&f->twin.ledger, hub_node_wall(f->node));
	assert_int_equal(ledger_head_make(&f->twin.ledger, f->twin.txn, NULL), ERR_OK);
}

static struct author_state own_of(struct fixture *f)
{
	struct author_state state = {0};
	ledger_state(&f->hub->ledger, f->node->txn, OWN, &state);
	return state;
}

/* Both have the same store: slots 1 and 2. */
static void twins(struct fixture *f)
{
	for (uint32_t slot = 1; slot <= 2; slot++)
		twin_writes(f, slot);
	twin_signs(f);
	f->hub->ledger.own_behind = true;
	assert_int_equal(hub_node_copy(&f->twin, f->node, OWN), 2);
	f->hub->ledger.own_behind = false;
	ledger_settle(&f->hub->ledger, f->node->txn);
}

/* What a peer answers, or says unasked: no own head, or the twin's latest. */
static void says_none(struct fixture *f, struct peer *peer)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_own_head(&out, bytes_of(NULL, 0));
	hub_node_hear(f->node, peer, gossip_own_head_take, &out);
}

static void says_twins_head(struct fixture *f, struct peer *peer)
{
	struct bytes head;
	struct buf out;
	assert_true(ledger_head(f->twin.txn, OWN, test_state(&f->twin, OWN).incarnation, &head));
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_own_head(&out, head);
	hub_node_hear(f->node, peer, gossip_own_head_take, &out);
}

static void says_records(struct fixture *f, struct peer *peer, const struct bytes *records,
			 size_t count)
{
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	for (size_t i = 0; i < count; i++)
		message_list_bin(&list, records[i]);
	hub_node_hear_list(f->node, peer, gossip_records_take, &list);
}

/* The twin's records, as many as it has. */
static void says_twins_records(struct fixture *f, struct peer *peer)
{
	struct bytes records[64];
	size_t count = 0;
	struct row_key prefix = key_author_incarnation(OWN, test_state(&f->twin, OWN).incarnation);
	struct walk walk = walk_begin(f->twin.txn, TABLE_RECORD, row_key_bytes(&prefix));
	while (count < COUNT(records) && walk_next(&walk))
		records[count++] = walk.value;
	says_records(f, peer, records, count);
}

/* ---- starts ---- */

static void who_has_never_met_anybody_signs_at_once(void **state)
{
	struct fixture *f = *state;
	restart(f);
	assert_int_equal(f->hub->signing, SIGNING_YES);
	assert_true(writes(f, 1));
	restart(f);
	assert_true(writes(f, 2));
}

static void nothing_is_signed_before_somebody_has_answered(void **state)
{
	struct fixture *f = *state;
	char why[WHY_LEN];
	twins(f);
	start_after_meeting(f);
	assert_int_equal(f->hub->signing, SIGNING_WAITS);
	uint64_t counter = own_of(f).counter;
	for (unsigned i = 0; i < 100; i++) {
		later(f, 60 * SECOND_MS);
		assert_false(writes(f, 3));
		assert_int_equal(ledger_head_make(&f->hub->ledger, f->node->txn, NULL), ERR_AGAIN);
		assert_int_equal(hub_sign_check(f->hub, why), ERR_AGAIN);
	}
	assert_int_equal(own_of(f).counter, counter);
	/* Whoever comes first then is enough. */
	struct peer *peer = link_with(f, 2);
	assert_string_equal(hub_node_heard(f->node, peer->link), "OWN_HEAD_GET");
	end_turn(f);
	assert_int_equal(f->hub->signing, SIGNING_WAITS);
	says_none(f, peer);
	end_turn(f);
	assert_int_equal(f->hub->signing, SIGNING_YES);
	assert_true(writes(f, 3));
}

/* All who were ever heard of have answered: there is nobody to wait for. */
static void where_all_are_up_it_takes_no_time(void **state)
{
	struct fixture *f = *state;
	start_after_meeting(f);
	struct peer *one = link_with(f, 2), *two = link_with(f, 3);
	says_none(f, one);
	end_turn(f);
	assert_int_equal(f->hub->signing, SIGNING_WAITS);
	says_none(f, two);
	end_turn(f);
	assert_int_equal(f->hub->signing, SIGNING_YES);
}

static void who_is_linked_in_ten_seconds_may_answer_for_a_minute(void **state)
{
	struct fixture *f = *state;
	start_after_meeting(f);
	struct peer *one = link_with(f, 2);
	says_none(f, one);
	later(f, 9 * SECOND_MS);
	assert_int_equal(f->hub->signing, SIGNING_WAITS);
	link_with(f, 3); /* in time, and silent */
	later(f, SECOND_MS);
	assert_int_equal(start_wake(f->hub), hub_node_mono(f->node) + 50 * SECOND_MS);
	later(f, 49 * SECOND_MS);
	assert_int_equal(f->hub->signing, SIGNING_WAITS);
	later(f, SECOND_MS);
	assert_int_equal(f->hub->signing, SIGNING_YES);
	restart(f);
	/* With nobody else in time one answer is enough after ten seconds. */
	one = link_with(f, 2);
	says_none(f, one);
	later(f, 10 * SECOND_MS);
	assert_int_equal(f->hub->signing, SIGNING_YES);
}

static void a_clock_that_jumps_is_a_start(void **state)
{
	struct fixture *f = *state;
	const int64_t jumps[] = {600 * SECOND_MS, 600 * SECOND_MS + 1, -600 * SECOND_MS - 1};
	start_after_meeting(f);
	struct peer *peer = link_with(f, 2);
	says_none(f, peer);
	later(f, 10 * SECOND_MS);
	for (size_t i = 0; i < COUNT(jumps); i++) {
		assert_int_equal(f->hub->signing, SIGNING_YES);
		hub_node_turn(f->node);
		hub_node_time(f->node, hub_node_wall(f->node) + jumps[i], hub_node_mono(f->node));
		start_clock(f->hub, f->node->txn);
		end_turn(f);
		assert_int_equal(f->hub->signing, i ? SIGNING_WAITS : SIGNING_YES);
		assert_string_equal(hub_node_heard(f->node, peer->link), i ? "OWN_HEAD_GET" : "");
		later(f, SECOND_MS);
		says_none(f, peer);
		later(f, 10 * SECOND_MS);
	}
}

static void somebody_may_say_that_this_is_the_last(void **state)
{
	struct fixture *f = *state;
	char why[WHY_LEN];
	twins(f);
	start_after_meeting(f);
	assert_int_equal(start_confirm(f->hub, f->node->txn, why), ERR_OK);
	end_turn(f);
	assert_int_equal(own_of(f).incarnation, 2); /* which goes before all that is elsewhere */
	assert_true(own_has(f, 1) && own_has(f, 2));
	assert_true(writes(f, 3));
	assert_int_equal(start_confirm(f->hub, f->node->txn, why), ERR_EXISTS);
}

/* ---- an old copy ---- */

/* The twin is this node as it went on after the copy was made: 1 is deleted, 3 is new. */
static void old_copy(struct fixture *f)
{
	twins(f);
	twin_deletes(f, 1);
	twin_writes(f, 3);
	twin_signs(f);
	start_after_meeting(f);
}

/* As reconciliation does; nothing is missing by now. */
static void repaired(struct fixture *f)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	struct digest set = own_of(f).head_set;
	struct buf missing;
	uint64_t place = 0;
	bool more;
	buf_init(&missing, 1000);
	do {
		assert_int_equal(
			ledger_page(&f->twin.ledger, f->twin.txn, OWN, 1, &set, place, page),
			ERR_OK);
		assert_int_equal(ledger_repair(&f->hub->ledger, f->node->txn, OWN, 1, &set, page,
					       &missing, &place, &more),
				 ERR_OK);
	} while (more);
	assert_int_equal(missing.len, 0);
	buf_fini(&missing);
	free(page);
}

static void an_old_copy_takes_back_what_it_has_said_since(void **state)
{
	struct fixture *f = *state;
	old_copy(f);
	struct peer *peer = link_with(f, 2);
	says_twins_head(f, peer);
	end_turn(f);
	assert_int_equal(f->hub->signing, SIGNING_BEHIND);
	later(f, DAY_MS); /* however long it takes */
	assert_false(writes(f, 9));
	assert_int_equal(own_of(f).incarnation, 1);
	/* A crash in between does not make it forget. */
	restart(f);
	assert_int_equal(f->hub->signing, SIGNING_BEHIND);
	peer = link_with(f, 2);
	says_twins_records(f, peer);
	later(f, SECOND_MS);
	assert_int_equal(own_of(f).incarnation, 1); /* record 1 is here still */
	repaired(f);
	later(f, SECOND_MS);
	assert_int_equal(f->hub->signing, SIGNING_YES);
	assert_int_equal(own_of(f).incarnation, 2);
	assert_true(own_has(f, 2) && own_has(f, 3));
	assert_false(own_has(f, 1));
}

/* ---- what others send back ---- */

/*
 * A peer keeps what was deleted and sends it again, also in the very turn in which something is
 * published: it does not come back, and is never signed anew.
 */
static void what_was_deleted_does_not_come_back(void **state)
{
	struct fixture *f = *state;
	twins(f);
	f->node->machines.start.met = true;
	for (unsigned round = 0; round < 3; round++) {
		struct record_slot name = {.b = {99, 1}, .len = 2};
		if (round == 0)
			assert_int_equal(ledger_delete(&f->hub->ledger, f->node->txn,
						       record_slot_bytes(&name)),
					 ERR_OK);
		if (round < 2) {
			later(f, SECOND_MS);
			assert_true(writes(f, 10 + round)); /* the set is being changed */
		}
		says_twins_records(f, f->peer);
		end_turn(f);
		assert_false(own_has(f, 1));
		hub_node_turn(f->node);
	}
	/* Another incarnation does not bring it back either. */
	f->node->machines.start.anew = true;
	later(f, SECOND_MS);
	assert_int_equal(own_of(f).incarnation, 2);
	says_twins_records(f, f->peer);
	later(f, SECOND_MS);
	assert_false(own_has(f, 1));
	assert_true(own_has(f, 2) && own_has(f, 10) && own_has(f, 11));
}

/* The same of other authors: absence is judged by the latest head, also while a set changes. */
static void what_others_have_deleted_does_not_come_back(void **state)
{
	const uint32_t author = 3 * 256;
	struct fixture *f = *state;
	struct ledger_node other;
	struct bytes whole, fresh;
	struct author_state own;
	ledger_node_open(&other, &f->base->fed, 3);
	test_append(&other.ledger, other.txn, 1, 10);
	test_append(&other.ledger, other.txn, 2, 10);
	assert_int_equal(ledger_head_make(&other.ledger, other.txn, NULL), ERR_OK);
	assert_true(ledger_record(other.txn, author, 1, 1, &whole));
	struct buf old;
	buf_init(&old, LIMIT_RECORD_LEN_MAX);
	buf_add(&old, whole);
	struct record record;
	assert_int_equal(record_decode(&record, buf_bytes(&old)), ERR_OK);
	assert_int_equal(ledger_delete(&other.ledger, other.txn, record.slot), ERR_OK);
	assert_int_equal(ledger_head_make(&other.ledger, other.txn, NULL), ERR_OK);
	hub_node_copy(&other, f->node, author);
	hub_node_turn(f->node);
	test_append(&other.ledger, other.txn, 3, 10);
	assert_true(ledger_record(other.txn, author, 1, 3, &fresh));
	const struct bytes both[] = {fresh, buf_bytes(&old)};
	says_records(f, f->peer, both, 2); /* in one turn: the first one makes the set dirty */
	hub_node_turn(f->node);
	says_records(f, f->peer, both, 2); /* and in the next it is not that of the head */
	assert_int_equal(ledger_state(&f->hub->ledger, f->node->txn, author, &own), ERR_OK);
	assert_int_equal(own.live_count, 2);
	buf_fini(&old);
	ledger_node_close(&other);
}

/* ---- a copy on another machine ---- */

/* While this node is running, another machine signs: it takes that once. */
static void twin_appears(struct fixture *f, uint32_t slot)
{
	twin_writes(f, slot);
	twin_signs(f);
	says_twins_head(f, f->peer);
	says_twins_records(f, f->peer);
	later(f, 2 * SECOND_MS);
}

/* The twin has taken over what this node has, in another incarnation. */
static void twin_follows(struct fixture *f)
{
	struct author_state own = own_of(f);
	f->twin.ledger.own_behind = true;
	ledger_now(&f->twin.ledger, hub_node_wall(f->node));
	struct bytes head;
	assert_true(ledger_head(f->node->txn, OWN, own.incarnation, &head));
	assert_int_equal(ledger_accept_head(&f->twin.ledger, f->twin.txn, head, NULL), ERR_OK);
	struct row_key prefix = key_author_incarnation(OWN, own.incarnation);
	struct walk walk = walk_begin(f->node->txn, TABLE_RECORD, row_key_bytes(&prefix));
	struct ledger_news news;
	while (walk_next(&walk))
		assert_int_equal(
			ledger_accept_record(&f->twin.ledger, f->twin.txn, walk.value, &news),
			ERR_OK);
	ledger_settle(&f->twin.ledger, f->twin.txn);
	f->twin.ledger.own_behind = false;
}

static void a_twin_is_borne_once_in_thirty_days(void **state)
{
	struct fixture *f = *state;
	char why[WHY_LEN];
	twins(f);
	f->node->machines.start.met = true;
	end_turn(f);
	twin_appears(f, 3);
	assert_int_equal(f->hub->signing, SIGNING_YES);
	assert_int_equal(own_of(f).incarnation, 2);
	assert_true(own_has(f, 3));
	/* A month later it is as if there had been none. */
	later(f, 30 * DAY_MS);
	twin_follows(f);
	twin_appears(f, 4);
	assert_int_equal(f->hub->signing, SIGNING_YES);
	assert_int_equal(own_of(f).incarnation, 3);
	later(f, 30 * DAY_MS - 5 * SECOND_MS);
	twin_follows(f);
	twin_appears(f, 5);
	assert_int_equal(f->hub->signing, SIGNING_STOPPED);
	assert_false(writes(f, 6));
	restart(f);
	assert_int_equal(f->hub->signing, SIGNING_STOPPED);
	assert_int_equal(hub_sign_check(f->hub, why), ERR_AGAIN);
	assert_non_null(strstr(why, "another machine uses the key"));
	/* Somebody says which one it is. */
	assert_int_equal(start_confirm(f->hub, f->node->txn, why), ERR_OK);
	end_turn(f);
	assert_true(writes(f, 6));
}

/* What both have said since they parted is kept, under numbers that were never used. */
static void what_this_machine_alone_has_said_is_kept(void **state)
{
	struct fixture *f = *state;
	twins(f);
	f->node->machines.start.met = true;
	end_turn(f);
	assert_true(writes(f, 7));
	later(f, SECOND_MS);
	assert_int_equal(own_of(f).counter, 2);
	twin_writes(f, 3);
	twin_signs(f);
	twin_signs(f);
	twin_appears(f, 4);
	assert_int_equal(own_of(f).incarnation, 2);
	assert_true(own_has(f, 1) && own_has(f, 2) && own_has(f, 3) && own_has(f, 4));
	assert_true(own_has(f, 7));
}

/* The node is running, and has said slot 7, which the twin does not know. */
static void parted(struct fixture *f)
{
	twins(f);
	f->node->machines.start.met = true;
	end_turn(f);
	assert_true(writes(f, 7));
	later(f, SECOND_MS);
	assert_int_equal(own_of(f).counter, 2);
}

/* Its set is not that of the head, though what was deleted makes up for what is missing. */
static void as_many_records_are_not_the_same_ones(void **state)
{
	struct fixture *f = *state;
	parted(f);
	twin_deletes(f, 1);
	twin_writes(f, 3);
	for (unsigned i = 0; i < 3; i++)
		twin_signs(f);
	says_twins_head(f, f->peer);
	later(f, 2 * SECOND_MS);
	assert_int_equal(f->hub->signing, SIGNING_BEHIND);
	assert_int_equal(own_of(f).incarnation, 1);
	says_twins_records(f, f->peer);
	repaired(f);
	later(f, 2 * SECOND_MS);
	assert_int_equal(f->hub->signing, SIGNING_YES);
	assert_int_equal(own_of(f).incarnation, 2);
	assert_false(own_has(f, 1));
	assert_true(own_has(f, 2) && own_has(f, 3) && own_has(f, 7));
}

/* Both have signed a second head, and the twin a third one: what that names is taken. */
static void a_later_head_that_contradicts_is_taken(void **state)
{
	struct fixture *f = *state;
	parted(f);
	twin_writes(f, 3);
	twin_signs(f);
	twin_appears(f, 4);
	assert_int_equal(f->hub->signing, SIGNING_YES);
	assert_int_equal(own_of(f).incarnation, 2);
	assert_true(own_has(f, 3) && own_has(f, 4) && own_has(f, 7));
}

/* The twin has begun a second incarnation, too: of one author there is but one evidence. */
static void a_twin_that_goes_on_is_noticed(void **state)
{
	struct fixture *f = *state;
	parted(f);
	twin_writes(f, 3);
	twin_signs(f);
	says_twins_head(f, f->peer);
	later(f, 11 * SECOND_MS); /* the peer does not say what the twin's head names */
	assert_int_equal(f->hub->signing, SIGNING_YES);
	assert_int_equal(own_of(f).incarnation, 2);
	ledger_now(&f->twin.ledger, hub_node_wall(f->node));
	assert_int_equal(ledger_incarnation_new(&f->twin.ledger, f->twin.txn), ERR_OK);
	says_twins_head(f, f->peer);
	later(f, 2 * SECOND_MS);
	/* Which head of the second incarnation counts, is a matter of their ids. */
	assert_true(f->hub->signing == SIGNING_STOPPING || f->hub->signing == SIGNING_STOPPED);
	assert_false(writes(f, 8));
}

/* ---- what a peer that is behind shows ---- */

/* The peer has what the twin has said, and answers the question for leaves; then for records. */
static void answers_leaves(struct fixture *f)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	struct message m;
	struct buf out;
	assert_true(hub_node_sent(f->node, f->peer, MESSAGE_LEAVES_GET, 0, &m));
	assert_int_equal(m.author, OWN);
	assert_int_equal(ledger_page(&f->twin.ledger, f->twin.txn, OWN, m.incarnation, &m.digest,
				     m.place, page),
			 ERR_OK);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_leaves(&out, OWN, m.incarnation, &m.digest, page);
	hub_node_forget(f->node);
	hub_node_hear(f->node, f->peer, reconcile_leaves_take, &out);
	free(page);
}

static bool asks(struct fixture *f)
{
	struct message m;
	return hub_node_sent(f->node, f->peer, MESSAGE_LEAVES_GET, 0, &m);
}

/* The node has gone on to a fourth head; the twin has signed two, and deleted slot 1. */
static void overtaken(struct fixture *f)
{
	struct head head;
	struct bytes whole;
	parted(f);
	for (uint32_t slot = 8; slot < 10; slot++) {
		assert_true(writes(f, slot));
		later(f, SECOND_MS);
	}
	assert_int_equal(own_of(f).counter, 4);
	twin_writes(f, 3);
	twin_deletes(f, 1);
	twin_signs(f);
	assert_true(ledger_head(f->twin.txn, OWN, 1, &whole));
	assert_int_equal(head_decode(&head, whole), ERR_OK);
	assert_int_equal(head.counter, 2);
	f->peer->up_ms = hub_node_mono(f->node);
}

/* It would drop it as soon as it has the own head, which goes before. */
static void what_a_twin_has_said_is_fetched_before_it_is_overtaken(void **state)
{
	struct fixture *f = *state;
	overtaken(f);
	says_twins_head(f, f->peer);
	assert_true(asks(f));
	assert_true(writes(f, 11));
	gossip_settle(f->hub, f->node->txn);
	assert_int_equal(own_of(f).counter, 4); /* no head while it is asked */
	answers_leaves(f);
	says_twins_records(f, f->peer);
	end_turn(f);
	assert_int_equal(own_of(f).incarnation, 2);
	for (uint32_t slot = 1; slot <= 11; slot++)
		assert_int_equal(own_has(f, slot), (slot >= 1 && slot <= 3) || slot == 11 ||
							   (slot >= 7 && slot <= 9));
	assert_int_equal(f->hub->signing, SIGNING_YES);
	/* Once: somebody who keeps it may show it again. */
	hub_node_turn(f->node);
	says_twins_head(f, f->peer);
	assert_false(asks(f));
}

static void who_does_not_tell_what_it_has_shown_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	overtaken(f);
	for (unsigned i = 0; i < 2; i++) {
		struct buf out;
		says_twins_head(f, f->peer);
		assert_true(asks(f));
		assert_true(writes(f, 20 + i));
		if (i == 0) {
			later(f, 10 * SECOND_MS);
			assert_int_equal(own_of(f).counter, 4);
			later(f, SECOND_MS);
		} else {
			buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
			message_not_here(&out, OWN, 1);
			hub_node_hear(f->node, f->peer, reconcile_not_here, &out);
			end_turn(f);
		}
		assert_int_equal(own_of(f).counter, 5 + i);
		hub_node_turn(f->node);
		says_twins_head(f, f->peer); /* not again in this session */
		assert_false(asks(f));
		f->peer->sync->salvage_failed = false; /* it comes again */
	}
	assert_int_equal(f->hub->signing, SIGNING_YES);
}

/* Whoever was away shows what this node has said before, and knows nothing more. */
static void an_own_head_that_was_signed_here_says_nothing(void **state)
{
	struct fixture *f = *state;
	struct bytes whole;
	struct buf old, out;
	parted(f);
	buf_init(&old, LIMIT_HEAD_LEN_MAX);
	assert_true(ledger_head(f->node->txn, OWN, 1, &whole));
	buf_add(&old, whole);
	for (uint32_t slot = 8; slot < 100; slot++) {
		assert_true(writes(f, slot));
		later(f, SECOND_MS);
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_own_head(&out, buf_bytes(&old));
		hub_node_hear(f->node, f->peer, gossip_own_head_take, &out);
		assert_false(asks(f)); /* also when it is not remembered any more */
	}
	buf_fini(&old);
}

/* ---- the end of it ---- */

/* Who has the key signs the last incarnation there is. */
static void says_last_incarnation(struct fixture *f)
{
	struct head head = {.author = OWN,
			    .incarnation = UINT32_MAX,
			    .counter = 1,
			    .time_ms = hub_node_wall(f->node),
			    .valid_until_ms = hub_node_wall(f->node) + SECOND_MS,
			    .charter_number = 1,
			    .orglog_number = 1};
	struct buf whole, out;
	setdigest_root(f->twin.txn, OWN, UINT32_MAX, &head.set);
	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	head_make(&whole, &head, &f->twin.ledger.charter->fed, f->twin.ledger.own_seed);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_own_head(&out, buf_bytes(&whole));
	hub_node_hear(f->node, f->peer, gossip_own_head_take, &out);
	buf_fini(&whole);
}

static void after_the_last_incarnation_nothing_is_signed(void **state)
{
	struct fixture *f = *state;
	parted(f);
	says_last_incarnation(f);
	later(f, 2 * SECOND_MS);
	assert_int_equal(f->hub->signing, SIGNING_STOPPED);
	assert_true(own_of(f).incarnation == UINT32_MAX);
	assert_false(writes(f, 8));
}

/* Records of a new incarnation may be here before its head is: the head before it is told then. */
static void the_last_head_there_is_is_told(void **state)
{
	struct fixture *f = *state;
	struct hub_node *node = f->node;
	static const uint32_t incarnations[] = {1, 7};
	struct message m;
	for (size_t i = 0; i < COUNT(incarnations); i++) {
		struct row_key key = key_author_incarnation(f->peer->author, incarnations[i]);
		struct buf out;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		txn_put(node->txn, TABLE_HEAD, row_key_bytes(&key),
			bytes_str(i ? "seventh" : "first"));
		message_own_head_get(&out);
		hub_node_turn(node);
		hub_node_hear(node, f->peer, start_own_head_get, &out);
		assert_true(hub_node_sent(node, f->peer, MESSAGE_OWN_HEAD, 0, &m));
		assert_true(bytes_eq(m.body, bytes_str(i ? "seventh" : "first")));
	}
}

#define start_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		start_test(who_has_never_met_anybody_signs_at_once),
		start_test(nothing_is_signed_before_somebody_has_answered),
		start_test(where_all_are_up_it_takes_no_time),
		start_test(who_is_linked_in_ten_seconds_may_answer_for_a_minute),
		start_test(a_clock_that_jumps_is_a_start),
		start_test(somebody_may_say_that_this_is_the_last),
		start_test(an_old_copy_takes_back_what_it_has_said_since),
		start_test(the_last_head_there_is_is_told),
		start_test(what_was_deleted_does_not_come_back),
		start_test(what_others_have_deleted_does_not_come_back),
		start_test(a_twin_is_borne_once_in_thirty_days),
		start_test(what_this_machine_alone_has_said_is_kept),
		start_test(as_many_records_are_not_the_same_ones),
		start_test(a_later_head_that_contradicts_is_taken),
		start_test(a_twin_that_goes_on_is_noticed),
		start_test(what_a_twin_has_said_is_fetched_before_it_is_overtaken),
		start_test(who_does_not_tell_what_it_has_shown_is_not_waited_for),
		start_test(an_own_head_that_was_signed_here_says_nothing),
		start_test(after_the_last_incarnation_nothing_is_signed),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
