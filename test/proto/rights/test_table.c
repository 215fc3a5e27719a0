/*
 * The table of rights over a store, against the naive checker: random histories in any order of
 * delivery. After each step each organisation's right at each path is what the naive checker says,
 * and a recount finds the table as it is.
 *
 * test-proto-table [HISTORIES [FIRST SEED]]
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto/rights/rights.h"
#include "proto/rights/table.h"
#include "proto/rights/world.h"
#include "test/proto/charter_draft.h"
#include "test/proto/made.h"
#include "test/proto/rights/story.h"

enum { NODE1_KEY = 8000, STEPS_MAX = 40 };

static unsigned long history_count = 20, first_seed = 1;
static struct test_federation fed;    /* of STORY_ORGS members; the first is the steward */
static struct buf second[STORY_ORGS]; /* entries of their logs, which add node 1 */

static unsigned node1_key(unsigned org)
{
	return NODE1_KEY + 10 * org;
}

static int set_up(void **state)
{
	test_setup(state);
	test_federation_init(&fed, STORY_ORGS, 1, 1);
	for (unsigned i = 0; i < STORY_ORGS; i++) {
		buf_init(&second[i], LIMIT_ORGLOG_ENTRY_LEN_MAX);
		test_org_second(&second[i], &fed.orgs[i], ORGLOG_NODE_ACTIVE, node1_key(i));
	}
	return 0;
}

static int take_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STORY_ORGS; i++)
		buf_fini(&second[i]);
	test_federation_fini(&fed);
	return 0;
}

struct parcel_on_way {
	uint32_t author;
	uint64_t sequence;
	uint8_t slot[1 + ID_LEN];
	struct buf body;
};

struct tale { /* a story, and the node that hears it */
	struct story story;
	struct hub_node node;
	struct random random; /* of the order */
	struct arrays heard;  /* what the node has heard, for the naive checker */
	struct parcel_on_way *parcels;
	size_t count, cap;
};

static void tale_begin(struct tale *t, uint64_t seed)
{
	struct org_id orgs[STORY_ORGS];

	*t = (struct tale){.random = random_seeded(seed ^ 0x7461626c65)};
	hub_node_open(&t->node, &fed, &fed.orgs[0]);
	for (unsigned i = 0; i < STORY_ORGS; i++) {
		orgs[i] = fed.orgs[i].id;
		assert_int_equal(orglog_accept(t->node.txn, &orgs[i], buf_bytes(&second[i]), NULL),
				 ERR_OK);
		hub_forget(&t->node.hub, i + 1);
	}
	story_init(&t->story, seed, orgs);
	arrays_init(&t->heard);
	story_tell_members(&t->story, &t->heard);
}

static void tale_end(struct tale *t)
{
	for (size_t i = 0; i < t->count; i++)
		buf_fini(&t->parcels[i].body);
	free(t->parcels);
	arrays_fini(&t->heard);
	story_fini(&t->story);
	hub_node_close(&t->node);
}

/* Which organisation a member number of the story stands for. */
static unsigned org_of(const struct tale *t, uint32_t member)
{
	const struct org_id *id = &t->story.all.naive.members[member - 1].org;
	unsigned i = 0;

	while (i < STORY_ORGS && !id_eq(id, &t->story.orgs[i]))
		i++;
	assert_true(i < STORY_ORGS);
	return i;
}

/* ---- what happens ---- */

static void arrivals_take(struct tale *t)
{
	struct hub *hub = &t->node.hub;
	struct ledger_arrival arrival;

	while (ledger_arrival_next(&hub->ledger, &arrival)) {
		if (arrival.record.kind == RECORD_LINE || arrival.record.kind == RECORD_BAR)
			rights_arrival(hub, t->node.txn, &arrival.record);
		ledger_arrival_fini(&arrival);
	}
}

/* The own node says it; its sequences are its own. */
static void own_say(struct tale *t, struct bytes slot, struct bytes body)
{
	struct hub *hub = &t->node.hub;
	enum err err = body.len > 0 ? ledger_append(&hub->ledger, t->node.txn, slot.ptr[0], slot,
						    body, NULL, LEDGER_TELL)
				    : ledger_delete(&hub->ledger, t->node.txn, slot);

	assert_true(!err || (err == ERR_ABSENT && body.len == 0));
}

static void others_say(struct tale *t, uint32_t author, uint64_t sequence, struct bytes slot,
		       struct bytes body)
{
	unsigned org = org_of(t, author_member(author));
	struct key seed = author_node(author) == 0 ? fed.orgs[org].sign : test_key(node1_key(org));
	struct record fields = {.author = author,
				.incarnation = 1,
				.sequence = sequence,
				.time_ms = hub_node_wall(&t->node),
				.kind = slot.ptr[0],
				.slot = slot,
				.body = body};
	struct ledger_news news;
	struct buf whole;

	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	record_make(&whole, &fields, &fed.charter.fed, &seed);
	enum err err =
		ledger_accept_record(&t->node.hub.ledger, t->node.txn, buf_bytes(&whole), &news);
	/* who has left is not heard any more */
	assert_true(!err || !t->story.all.naive.members[author_member(author) - 1].present);
	arrivals_take(t);
	buf_fini(&whole);
}

static void deliver(struct tale *t, size_t i)
{
	struct parcel_on_way *parcel = &t->parcels[i];
	struct bytes slot = bytes_obj(&parcel->slot);

	others_say(t, parcel->author, parcel->sequence, slot, buf_bytes(&parcel->body));
	arrays_take(&t->heard, parcel->author, parcel->sequence, slot, buf_bytes(&parcel->body));
	buf_fini(&parcel->body);
	*parcel = t->parcels[--t->count];
}

static void record_happens(struct tale *t, const struct story_event *event)
{
	struct bytes slot = bytes_obj(&event->slot), body = buf_bytes(&event->body);

	if (event->author == STORY_OWN) {
		own_say(t, slot, body);
		arrivals_take(t);
		arrays_take(&t->heard, event->author, event->sequence, slot, body);
		return;
	}
	t->parcels = mem_room(t->parcels, t->count, &t->cap, sizeof(*t->parcels));
	struct parcel_on_way *parcel = &t->parcels[t->count++];
	*parcel = (struct parcel_on_way){.author = event->author, .sequence = event->sequence};
	memcpy(parcel->slot, slot.ptr, slot.len);
	buf_init(&parcel->body, BAR_LEN_MAX);
	buf_add(&parcel->body, body);
}

static void member_happens(struct tale *t, const struct story_event *event)
{
	struct charter_change changes[2] = {{.member.number = event->author / 256}};

	draft_change_key(&changes[1], t->node.hub.charter.key_number + 1);
	if (event->kind == STORY_ADMITTED) {
		uint32_t number = t->story.member_count;
		test_admit(&changes[0], &fed.orgs[event->org], number);
		strcpy(changes[0].member.slug, t->story.all.naive.members[number - 1].slug);
		snprintf(changes[0].member.ags, sizeof(changes[0].member.ags), "14627%03u",
			 200 + number);
		hub_node_charter(&t->node, &fed, changes, 1);
		return;
	}
	changes[0].kind = event->kind == STORY_RELAY ? CHARTER_TO_RELAY : CHARTER_REMOVE;
	bool was_relay =
		t->node.hub.charter.members[event->author / 256 - 1].state == CHARTER_RELAY;
	hub_node_charter(&t->node, &fed, changes, was_relay ? 1 : 2);
}

static void node_happens(struct tale *t, const struct story_event *event)
{
	unsigned org = org_of(t, author_member(event->author));
	struct orglog log, next;
	struct buf entry;

	assert_int_equal(orglog_load(t->node.txn, &fed.orgs[org].id, &log), ERR_OK);
	next = log;
	struct orglog_node *node = &next.nodes[author_node(event->author)];
	node->roles &= (uint8_t)~ORGLOG_ROLE_ADMIN;
	if (arrays_node(&t->story.all, event->author)->counts)
		node->roles |= ORGLOG_ROLE_ADMIN;
	next.time_ms = hub_node_wall(&t->node);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, &log, &next, &fed.orgs[org].root);
	assert_int_equal(orglog_accept(t->node.txn, &fed.orgs[org].id, buf_bytes(&entry), NULL),
			 ERR_OK);
	hub_forget(&t->node.hub, author_member(event->author));
	buf_fini(&entry);
	orglog_fini(&log);
}

static void happen(struct tale *t)
{
	story_step(&t->story);
	const struct story_event *event = &t->story.event;
	switch (event->kind) {
	case STORY_RECORD:
		record_happens(t, event);
		break;
	case STORY_ADMITTED:
	case STORY_EXPELLED:
	case STORY_RELAY:
		member_happens(t, event);
		break;
	case STORY_NODE:
		node_happens(t, event);
		break;
	case STORY_TIME:
		break;
	}
	story_tell_members(&t->story, &t->heard);
	hub_node_turn(&t->node);
	hub_node_time(&t->node, t->story.now_ms, hub_node_mono(&t->node) + 1000);
}

/* All that is due, whoever pays for it. */
static void settle(struct tale *t)
{
	struct hub *hub = &t->node.hub;

	for (unsigned i = 0; i < 10000; i++) {
		rights_settle(hub, t->node.txn);
		if (!hub->rights->due)
			return;
		hub_node_time(&t->node, t->story.now_ms, hub_node_mono(&t->node) + 1000);
	}
	fail_msg("what is due has no end");
}

/* ---- what must be ---- */

static bool rights_agree(struct tale *t)
{
	struct hub *hub = &t->node.hub;
	const struct naive *naive = &t->heard.naive;

	for (size_t i = 0; i < naive->member_count; i++) {
		const struct naive_member *member = &naive->members[i];
		for (size_t p = 0; p < STORY_PATHS && member->present; p++) {
			struct bytes path = bytes_str(story_paths[p]);
			enum verb is = rights_of(hub, t->node.txn, &member->org, path);
			enum verb wanted = naive_right(naive, &member->org, path, t->story.now_ms);
			if (is == wanted)
				continue;
			printf("right of member %u at %s: %d, naive %d\n", member->number,
			       story_paths[p], is, wanted);
			return false;
		}
	}
	return true;
}

static bool recount_agrees(struct tale *t)
{
	struct row_key at = {.len = 0};
	uint64_t faults = 0, lines = UINT64_MAX;

	while (table_recount(&t->node.hub, t->node.txn, &at, &lines, &faults))
		lines = UINT64_MAX;
	settle(t);
	if (faults > 0)
		printf("%llu rows were not what the records say\n", (unsigned long long)faults);
	return faults == 0;
}

static bool history_agrees(uint64_t seed)
{
	struct tale *t = mem_new(1, sizeof(*t));
	struct world world;
	bool same = true;

	tale_begin(t, seed);
	uint64_t steps = 10 + random_below(&t->random, STEPS_MAX);
	for (uint64_t step = 0; step < steps && same; step++) {
		happen(t);
		while (t->count > 0 && random_below(&t->random, 3))
			deliver(t, random_below(&t->random, t->count));
		settle(t);
		same = rights_agree(t) && recount_agrees(t);
	}
	while (t->count > 0)
		deliver(t, random_below(&t->random, t->count));
	settle(t);
	world_begin(&world, &t->node.hub, t->node.txn);
	same = same && rights_agree(t) && recount_agrees(t) &&
	       arrays_lines_agree(&t->heard, &world.facts, t->story.now_ms);
	tale_end(t);
	free(t);
	return same;
}

static void the_table_is_what_the_records_say(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < history_count; i++)
		if (!history_agrees(first_seed + i))
			fail_msg("history of seed %llu", (unsigned long long)(first_seed + i));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_what_the_records_say),
	};

	if (argc > 1)
		history_count = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		first_seed = strtoul(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, set_up, take_down);
}
