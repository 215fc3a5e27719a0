/*
 * A whole core while somebody floods it: however much waits of one organisation, another is
 * answered in the same turn or the next, and no turn costs much more than it may.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/wrap.h"
#include "proto/core/core.h"
#include "test/proto/made.h"

enum {
	HONEST = 7,
	FOE = 8,
	FLOOD_COUNT = 300,
	TURN_COUNT_MAX = 2,
	MESSAGE_UNITS_MAX = 60 * 1000, /* of the dearest: an organisation log with 256 new nodes */
};

struct flooded {
	struct test_federation fed;
	struct hub_node node;
	struct core *core;
	struct hub *hub;
	struct effects effects;
	struct inbox inbox;
	struct inbox_item *items;
	struct event *events;
	struct buf *messages;
	size_t count;
	struct times now;
};

static void core_turn_make(struct flooded *f)
{
	effects_reset(&f->effects);
	core_turn(f->core, f->node.txn, f->now, &f->inbox, &f->effects);
	assert_int_equal(txn_commit(f->node.txn), ERR_OK);
	f->node.txn = txn_begin(f->node.db, true);
	f->now.mono_ms += 10;
	f->now.wall_ms += 10;
}

static struct event *wait_add(struct flooded *f, enum event_type type, uint64_t link)
{
	struct event *event = &f->events[f->count];
	*event = (struct event){.type = type, .link = link};
	buf_init(&f->messages[f->count], LIMIT_MESSAGE_LEN_MAX);
	f->items[f->count].event = event;
	return event;
}

static void wait_put(struct flooded *f)
{
	f->events[f->count].bytes = buf_bytes(&f->messages[f->count]);
	inbox_put(&f->inbox, &f->items[f->count]);
	f->count++;
}

static void link_make(struct flooded *f, uint64_t link, unsigned member)
{
	const struct test_org *org = &f->fed.orgs[member - 1];
	for (unsigned i = 0; i < 2; i++) {
		struct event *event = wait_add(f, i ? EVENT_LINK_UP : EVENT_LINK_CERT, link);
		event->certificate = (struct certificate){
			.member = member, .org = org->id, .entry = buf_bytes(&org->entry)};
		dh_pk_of(&event->key, &org->transport);
		wait_put(f);
		core_turn_make(f);
	}
	struct peer *peer = peers_find(f->hub, link);
	peer->met = true;
	assert_int_equal(peer->class, PEER_MEMBER);
}

static void flooded_open(struct flooded *f)
{
	const size_t count = FLOOD_COUNT + 100;
	*f = (struct flooded){.now = {TEST_TIME_MS, 1000000}};
	test_federation_init(&f->fed, 3, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
	hub_node_machines(&f->node);
	fedkeys_store(&f->node.hub, f->node.txn, 1, &f->fed.fed_key);
	hub_node_turn(&f->node);
	f->items = mem_new(count, sizeof(*f->items));
	f->events = mem_new(count, sizeof(*f->events));
	f->messages = mem_new(count, sizeof(*f->messages));
	inbox_init(&f->inbox);
	assert_int_equal(core_open(&f->core, &f->node.hub.options, f->node.txn, f->now), ERR_OK);
	f->hub = core_hub(f->core);
	core_turn_make(f);
	link_make(f, HONEST, 2);
	link_make(f, FOE, 3);
}

static void flooded_close(struct flooded *f)
{
	core_close(f->core);
	effects_fini(&f->effects);
	inbox_fini(&f->inbox);
	for (size_t i = 0; i < f->count; i++)
		buf_fini(&f->messages[i]);
	free(f->items);
	free(f->events);
	free(f->messages);
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
}

/* ---- what is said without end ---- */

static void say_chunks(struct flooded *f, struct buf *out, unsigned n)
{
	struct message_list list = message_list_begin(MESSAGE_CHUNK_GET);
	list.dataset = test_dataset(&f->fed, 3, "gemeinde-3/viel");
	for (unsigned i = 0; i < 128; i++) {
		const struct chunk_addr addr = {{(uint8_t)i, (uint8_t)n}};
		message_list_addr(&list, &addr);
	}
	message_list_end(&list, out);
}

static void records_say(struct flooded *f, struct buf *out, unsigned n, bool spoilt)
{
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	for (unsigned i = 0; i < 64; i++) {
		char name[40];
		struct test_record record;
		struct buf whole;
		snprintf(name, sizeof(name), "gemeinde-3/d%u-%u", n, i);
		test_record_init(&record, &f->fed, 3, name, 1, 1 + n * 64 + i);
		buf_init(&whole, LIMIT_RECORD_LEN_MAX);
		test_record_put(&whole, &record);
		whole.ptr[whole.len - 1] ^= spoilt;
		message_list_bin(&list, buf_bytes(&whole));
		buf_fini(&whole);
		test_record_fini(&record);
	}
	message_list_end(&list, out);
}

static void say_records(struct flooded *f, struct buf *out, unsigned n)
{
	records_say(f, out, n, false);
}

static void say_forged(struct flooded *f, struct buf *out, unsigned n)
{
	records_say(f, out, n, true);
}

static void say_states(struct flooded *f, struct buf *out, unsigned n)
{
	struct message_list list = message_list_begin(MESSAGE_STATES);
	for (uint32_t i = 1; i <= MESSAGE_LIST_COUNT_MAX; i++)
		message_list_state(&list, &(struct message_state){.author = i, .incarnation = 1});
	message_list_end(&list, out);
}

static void say_orglogs_get(struct flooded *f, struct buf *out, unsigned n)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
	for (unsigned i = 0; i < MESSAGE_LIST_COUNT_MAX; i++)
		message_list_org(&list, &f->fed.orgs[i % 3].id, 1);
	message_list_end(&list, out);
}

static void say_orglog(struct flooded *f, struct buf *out, unsigned n)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG);
	struct buf crowd;
	peers_find(f->hub, FOE)->sync->orglog_asked = UINT32_MAX;
	buf_init(&crowd, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	test_org_crowd(&crowd, &f->fed.orgs[2], LIMIT_NODE_COUNT_MAX, 1);
	for (unsigned i = 0; i < 15; i++)
		message_list_entry(&list, &f->fed.orgs[2].id, buf_bytes(&crowd));
	message_list_end(&list, out);
	buf_fini(&crowd);
}

static bool answered(const struct flooded *f, uint64_t link)
{
	struct message m;
	for (size_t i = 0; i < f->effects.count; i++) {
		const struct effect *effect = &f->effects.items[i];
		if (effect->type == EFFECT_SEND && effect->link == link &&
		    !message_decode(&m, buf_bytes(&effect->bytes)) && m.type == MESSAGE_CHARTER)
			return true;
	}
	return false;
}

static void an_honest_one_is_answered(void **state)
{
	static const struct {
		const char *what;
		void (*say)(struct flooded *f, struct buf *out, unsigned n);
		unsigned count;
	} floods[] = {
		{"chunks of nobody", say_chunks, FLOOD_COUNT},
		{"records that are good", say_records, 60},
		{"records that are forged", say_forged, 60},
		{"states", say_states, 60},
		{"questions for logs", say_orglogs_get, 60},
		{"a log with many nodes", say_orglog, 20},
	};
	for (size_t i = 0; i < COUNT(floods); i++) {
		struct flooded *f = mem_new(1, sizeof(*f));
		unsigned turns = 0;
		bool got = false;
		flooded_open(f);
		for (unsigned n = 0; n < floods[i].count; n++) {
			wait_add(f, EVENT_MESSAGE, FOE);
			floods[i].say(f, &f->messages[f->count], n);
			wait_put(f);
		}
		core_turn_make(f); /* the flood has begun */
		wait_add(f, EVENT_MESSAGE, HONEST);
		message_charter_get(&f->messages[f->count], 1);
		wait_put(f);
		while (!got && turns++ < TURN_COUNT_MAX) {
			core_turn_make(f);
			got = answered(f, HONEST);
			assert_true(f->hub->meter.turn_units <
				    f->hub->options.limits->cost_turn_max + MESSAGE_UNITS_MAX);
		}
		if (!got)
			fail_msg("%s: no answer in %u turns", floods[i].what, TURN_COUNT_MAX);
		assert_true(peers_find(f->hub, HONEST)->up);
		flooded_close(f);
		free(f);
	}
}

/* Who goes on with wrong signatures is paused, and its backlog costs nothing more. */
static void a_forger_is_paused(void **state)
{
	struct flooded *f = mem_new(1, sizeof(*f));
	const char *why;
	flooded_open(f);
	for (unsigned n = 0; n < 60; n++) {
		wait_add(f, EVENT_MESSAGE, FOE);
		say_forged(f, &f->messages[f->count], n);
		wait_put(f);
	}
	for (unsigned i = 0; i < 60; i++)
		core_turn_make(f);
	assert_true(meter_paused(&f->hub->meter, 3, f->hub->mono_ms, &why) > 0);
	assert_string_equal(why, "sent wrong signatures");
	assert_false(peers_find(f->hub, FOE)->up);
	assert_int_equal(f->inbox.link_count, 0);
	flooded_close(f);
	free(f);
}

/* What is made to be sent is summed over all who ask: a turn ends when it is enough. */
static void answers_of_a_turn_are_summed(void **state)
{
	struct flooded *f = mem_new(1, sizeof(*f));
	unsigned count = 0, turns = 0;
	flooded_open(f);
	f->node.limits.turn_sent_bytes_max = 2048;
	for (unsigned i = 0; i < 40; i++) {
		wait_add(f, EVENT_MESSAGE, i % 2 ? FOE : HONEST);
		message_charter_get(&f->messages[f->count], 1);
		wait_put(f);
	}
	while (f->inbox.link_count > 0 && turns++ < 40) {
		core_turn_make(f);
		size_t bytes = 0;
		for (size_t i = 0; i < f->effects.count; i++) {
			count += f->effects.items[i].type == EFFECT_SEND;
			bytes += f->effects.items[i].bytes.len;
		}
		assert_true(bytes < 2048 + 1024);
	}
	assert_true(turns > 5 && count >= 40);
	flooded_close(f);
	free(f);
}

/* So many of the items that were put in have been taken since the last time. */
static unsigned taken_count(struct flooded *f)
{
	unsigned count = 0;
	for (const struct inbox_item *item = inbox_taken(&f->inbox); item; item = item->next)
		count++;
	return count;
}

/* Chunks that nobody has asked for, each of them a few bytes: what they cost counts, too. */
static void bulk_has_an_end_within_a_turn(void **state)
{
	struct flooded *f = mem_new(1, sizeof(*f));
	unsigned turns = 0, taken = 0;
	flooded_open(f);
	taken_count(f);
	f->node.limits.cost_turn_max = 100;
	for (unsigned i = 0; i < FLOOD_COUNT; i++) {
		f->items[f->count].bulk = 400;
		struct event *event = wait_add(f, EVENT_CHUNK, FOE);
		event->err = ERR_ABSENT;
		be32_put(event->addr.b, i);
		wait_put(f);
	}
	for (; taken < FLOOD_COUNT && turns < FLOOD_COUNT; turns++) {
		core_turn_make(f);
		const unsigned count = taken_count(f);
		assert_true(count > 0);
		assert_true(f->hub->meter.turn_units < 5 * 100);
		taken += count;
	}
	assert_true(turns > 1);
	assert_int_equal(taken, FLOOD_COUNT);
	flooded_close(f);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_honest_one_is_answered),
		cmocka_unit_test(a_forger_is_paused),
		cmocka_unit_test(answers_of_a_turn_are_summed),
		cmocka_unit_test(bulk_has_an_end_within_a_turn),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
