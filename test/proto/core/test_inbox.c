/* Who comes next: by what each organisation has had, in order within a link, debtors last. */
#include <string.h>

#include "proto/core/inbox.h"
#include "test/proto/hub_node.h"

enum { ITEM_MAX = 4096 };

struct fixture {
	struct hub_fixture *hub;
	struct inbox inbox;
	struct event events[ITEM_MAX];
	struct inbox_item items[ITEM_MAX];
	size_t count;
	struct peer *many[4], *few, *guest;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	hub_fixture_setup((void **)&f->hub);
	inbox_init(&f->inbox);
	for (size_t i = 0; i < COUNT(f->many); i++)
		f->many[i] = hub_node_member(&f->hub->node, &f->hub->fed.orgs[2]);
	f->few = f->hub->peer;
	f->guest = hub_node_guest(&f->hub->node, &f->hub->fed.orgs[3]);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	inbox_fini(&f->inbox);
	hub_fixture_teardown((void **)&f->hub);
	free(f);
	return 0;
}

static struct hub *hub_of(struct fixture *f)
{
	return &f->hub->node.hub;
}

static void put(struct fixture *f, enum event_type type, uint64_t link, size_t bulk)
{
	assert_true(f->count < ITEM_MAX);
	f->events[f->count] = (struct event){.type = type, .link = link};
	/* so that they can be told apart */
	f->events[f->count].bytes = bytes_of(&f->events[f->count], 1);
	f->items[f->count] = (struct inbox_item){.event = &f->events[f->count], .bulk = bulk};
	inbox_put(&f->inbox, &f->items[f->count++]);
}

static void put_many(struct fixture *f, uint64_t link, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put(f, EVENT_MESSAGE, link, 0);
}

/* Takes the next message, at a price; its link, 0: none. */
static uint64_t message_next(struct fixture *f, int64_t units)
{
	const struct event *event = inbox_message_next(&f->inbox, hub_of(f));
	if (!event)
		return 0;
	const struct peer *peer = peers_find(hub_of(f), event->link);
	uint32_t payer = peer ? hub_payer(peer) : 0;
	meter_charge(&hub_of(f)->meter, payer, units, hub_of(f)->mono_ms);
	inbox_cost(hub_of(f), payer, units);
	return event->link;
}

/* However much one organisation has sent on however many links, another is served next to it. */
static void test_few_beside_many(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(f->many); i++)
		put_many(f, f->many[i]->link, 500);
	inbox_turn(&f->inbox, hub_of(f));
	for (unsigned i = 0; i < 100; i++)
		assert_int_not_equal(message_next(f, 1000), 0);
	put_many(f, f->few->link, 3);
	put_many(f, f->guest->link, 1);
	inbox_turn(&f->inbox, hub_of(f));
	unsigned few = 0, guest = 0;
	for (unsigned i = 0; i < 6; i++) {
		uint64_t link = message_next(f, 1000);
		few += link == f->few->link;
		guest += link == f->guest->link;
	}
	assert_int_equal(guest, 1);
	assert_true(few >= 2);
}

/* One message of the greedy may cost as much as it likes: the others then have as much time. */
static void test_by_cost(void **state)
{
	struct fixture *f = *state;
	put_many(f, f->many[0]->link, 100);
	put_many(f, f->few->link, 1000);
	inbox_turn(&f->inbox, hub_of(f));
	unsigned dear = 0, cheap = 0;
	for (unsigned i = 0; i < 505; i++) {
		uint64_t link = inbox_message_next(&f->inbox, hub_of(f))->link;
		bool greedy = link == f->many[0]->link;
		inbox_cost(hub_of(f), greedy ? 3 : 2, greedy ? 10000 : 100);
		dear += greedy;
		cheap += !greedy;
	}
	assert_int_equal(dear, 5);
	assert_int_equal(cheap, 500);
}

/* Links of one payer take turns, and each keeps its order. */
static void test_links(void **state)
{
	struct fixture *f = *state;
	const struct event *last[4] = {0};
	for (size_t i = 0; i < COUNT(f->many); i++)
		put_many(f, f->many[i]->link, 10);
	inbox_turn(&f->inbox, hub_of(f));
	for (unsigned i = 0; i < 40; i++) {
		const struct event *event = inbox_message_next(&f->inbox, hub_of(f));
		size_t at = i % 4;
		assert_int_equal(event->link, last[at] ? last[at]->link : f->many[at]->link);
		assert_true(!last[at] || event > last[at]);
		last[at] = event;
	}
	assert_null(inbox_message_next(&f->inbox, hub_of(f)));
}

/* A payer in debt waits, and the inbox knows until when; others do not. */
static void test_debt(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = hub_of(f);
	const int64_t now = hub->mono_ms;
	assert_int_equal(inbox_wake(&f->inbox, hub, now), INT64_MAX);
	meter_charge(&hub->meter, 3, hub->options.limits->cost_burst + 200 * 1000, now);
	put_many(f, f->many[0]->link, 2);
	inbox_turn(&f->inbox, hub);
	assert_null(inbox_message_next(&f->inbox, hub));
	assert_int_equal(inbox_wake(&f->inbox, hub, now), now + 1001);
	put_many(f, f->few->link, 1);
	inbox_turn(&f->inbox, hub);
	assert_int_equal(inbox_wake(&f->inbox, hub, now), now);
	assert_int_equal(message_next(f, 1), f->few->link);
	assert_null(inbox_message_next(&f->inbox, hub));
	hub_node_pass(&f->hub->node, 1001);
	assert_int_equal(message_next(f, 1), f->many[0]->link);
}

/* The end of a link comes after its messages; of one in debt it comes at once, and they go. */
static void test_down(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = hub_of(f);
	for (unsigned debt = 0; debt < 2; debt++) {
		uint64_t link = f->many[debt]->link;
		if (debt)
			meter_charge(&hub->meter, 3, hub->options.limits->cost_burst + 1,
				     hub->mono_ms);
		put_many(f, link, 2);
		put(f, EVENT_LINK_DOWN, link, 0);
		inbox_turn(&f->inbox, hub);
		assert_null(inbox_control_next(&f->inbox));
		assert_int_equal(inbox_wake(&f->inbox, hub, hub->mono_ms), hub->mono_ms);
		for (unsigned i = 0; i < 3; i++) {
			bool down = i == (debt ? 0 : 2);
			assert_int_equal(inbox_message_next(&f->inbox, hub)->type,
					 down ? EVENT_LINK_DOWN : EVENT_MESSAGE);
			if (down)
				inbox_cost(hub, METER_OWN, 100); /* an end is nobody's */
		}
		assert_null(inbox_message_next(&f->inbox, hub));
	}
	put(f, EVENT_LINK_DOWN, f->few->link, 0); /* nothing of it waits */
	assert_non_null(inbox_control_next(&f->inbox));
}

/* Bulk: as much as fits, and one at least. All that was taken comes back, and in order. */
static void test_bulk(void **state)
{
	struct fixture *f = *state;
	static const size_t lens[] = {50, 40, 20, 300, 10};
	static const unsigned turns[] = {2, 1, 1, 1}; /* of at most 100 bytes each */
	for (size_t i = 0; i < COUNT(lens); i++)
		put(f, EVENT_CHUNK, f->few->link, lens[i]);
	put(f, EVENT_CALL, 0, 0);
	for (size_t i = 0; i < COUNT(turns); i++) {
		size_t bytes = 0, count = 0;
		while (inbox_bulk_next(&f->inbox, &bytes, 100))
			count++;
		assert_int_equal(count, turns[i]);
	}
	inbox_drain(&f->inbox);
	size_t count = 0;
	for (const struct inbox_item *item = inbox_taken(&f->inbox); item; item = item->next)
		assert_ptr_equal(item, &f->items[count++]);
	assert_int_equal(count, f->count);
	assert_null(inbox_taken(&f->inbox));
}

#define inbox_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		inbox_test(test_few_beside_many),
		inbox_test(test_by_cost),
		inbox_test(test_links),
		inbox_test(test_debt),
		inbox_test(test_down),
		inbox_test(test_bulk),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
