/* Whose links may stay: an organisation has its share, guests have theirs. */
#include "proto/hub/places.h"

#include "test/proto/hub_node.h"

enum { PLACES = 32, GUESTS = PLACES / 8 };

/* A node of a member comes; NULL: there is no place for it. */
static struct peer *member_comes(struct hub_node *node, const struct test_org *org, uint8_t index)
{
	const struct charter_member *member = charter_by_org(&node->hub.charter, &org->id);
	if (!places_take(&node->hub, member->number))
		return NULL;
	struct peer *peer = hub_node_member(node, org);
	peer->author = author_of(member->number, index);
	return peer;
}

static unsigned links_of(const struct hub_node *node, unsigned member)
{
	unsigned count = 0;
	for (size_t i = 0; i < node->hub.peers.count; i++) {
		const struct peer *peer = node->hub.peers.items[i];
		count += peer->up && author_member(peer->author) == member;
	}
	return count;
}

/* 256 nodes of one organisation have half of the places at most, and give them to who comes. */
static void one_organisation_takes_no_more_than_its_share(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	unsigned in = 0;
	node->limits.peer_count_max = PLACES;
	for (unsigned i = 0; i < 256; i++)
		in += member_comes(node, &f->fed.orgs[3], (uint8_t)i) != NULL;
	assert_int_equal(in, PLACES / 2 - 1); /* the fixture has one */
	assert_non_null(member_comes(node, &f->fed.orgs[2], 0));
	assert_int_equal(links_of(node, 4), PLACES / 2 - 2);
	assert_int_equal(links_of(node, 3), 1);
	assert_int_equal(links_of(node, 2), 1);
	/* Each that comes takes one of theirs, until they have no more than their share. */
	for (unsigned i = 1; i < 256; i++)
		member_comes(node, &f->fed.orgs[2], (uint8_t)i);
	assert_int_equal(links_of(node, 2), 1);
	assert_int_equal(links_of(node, 4), PLACES / 4);
	assert_int_equal(links_of(node, 3), PLACES / 4);
}

/* The last link of an organisation stays, also when there is no place left at all. */
static void the_last_link_of_an_organisation_stays(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	node->limits.peer_count_max = 3;
	assert_non_null(member_comes(node, &f->fed.orgs[2], 0));
	assert_non_null(member_comes(node, &f->fed.orgs[2], 1));
	struct peer *last = node->hub.peers.items[2];
	/* No place: the newest link of who has two goes for who has none. */
	assert_true(places_may(&node->hub, 4));
	assert_non_null(member_comes(node, &f->fed.orgs[3], 0));
	assert_heard(node, last, "CLOSE:BUSY");
	for (unsigned member = 2; member <= 4; member++) {
		assert_int_equal(links_of(node, member), 1);
		assert_false(places_may(&node->hub, member));
		assert_null(member_comes(node, &f->fed.orgs[member - 1], 1));
		assert_int_equal(links_of(node, member), 1);
	}
}

/* Who was closed for another does not push it out again, whatever they do by turns. */
static void nobody_is_pushed_to_and_fro(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	unsigned closed = 0;
	node->limits.peer_count_max = 8;
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned member = 2; member <= 4; member++)
			member_comes(node, &f->fed.orgs[member - 1], (uint8_t)round);
	}
	while (hub_node_effect(node, EFFECT_CLOSE, closed))
		closed++;
	assert_true(closed <= 8);
	for (unsigned member = 2; member <= 4; member++)
		assert_in_range(links_of(node, member), 2, 3);
}

static struct peer *guest_comes(struct hub_node *node, const struct test_org *org)
{
	places_guest(&node->hub);
	return hub_node_guest(node, org);
}

static unsigned guests_up(struct peer *const *guests, unsigned count)
{
	unsigned up = 0;
	for (unsigned i = 0; i < count; i++)
		up += guests[i]->up;
	return up;
}

/* As many guests as there may be say nothing, or talk for ever: whoever joins finds a place. */
static void silent_guests_keep_nobody_out(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct test_org org;
	struct peer *silent[64];
	node->limits.peer_count_max = PLACES;
	test_org_init(&org, 5);
	for (unsigned i = 0; i < COUNT(silent); i++)
		silent[i] = guest_comes(node, &org);
	assert_int_equal(guests_up(silent, COUNT(silent)), GUESTS);
	struct peer *joiner = guest_comes(node, &org);
	joiner->spoke = true;
	for (unsigned i = 0; i < 100; i++)
		guest_comes(node, &org);
	assert_true(joiner->up);
	/* When all have said something, the oldest goes. */
	for (unsigned i = 0; i < GUESTS - 1; i++) {
		assert_true(joiner->up);
		guest_comes(node, &org)->spoke = true;
	}
	guest_comes(node, &org);
	assert_false(joiner->up);
	/* Members have their places all the same, and whom this node has dialled keeps its own. */
	assert_non_null(member_comes(node, &f->fed.orgs[2], 0));
	struct peer *dialled = hub_node_guest(node, &org);
	dialled->dial = 7;
	for (unsigned i = 0; i < 100; i++)
		guest_comes(node, &org);
	assert_true(dialled->up);
	test_org_fini(&org);
}

/* Those that wait for the stewards have places of their own, one for each organisation. */
static void waiting_guests_are_bounded(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct test_org orgs[GUESTS + 1];
	struct peer *waiting[GUESTS + 1];
	node->limits.peer_count_max = PLACES;
	for (unsigned i = 0; i <= GUESTS; i++)
		test_org_init(&orgs[i], 5 + i);
	for (unsigned i = 0; i < GUESTS; i++) {
		waiting[i] = guest_comes(node, &orgs[i]);
		places_wait(&node->hub, waiting[i]);
	}
	struct peer *again = guest_comes(node, &orgs[1]);
	places_wait(&node->hub, again);
	assert_heard(node, waiting[1], "CLOSE:REPLACED");
	assert_int_equal(guests_up(waiting, GUESTS), GUESTS - 1);
	waiting[GUESTS] = guest_comes(node, &orgs[GUESTS]);
	places_wait(&node->hub, waiting[GUESTS]);
	assert_heard(node, waiting[0], "CLOSE:BUSY");
	/* Guests that do not wait take none of their places. */
	for (unsigned i = 0; i < 100; i++)
		guest_comes(node, &orgs[0]);
	assert_true(again->up && waiting[GUESTS]->up && waiting[2]->up);
	for (unsigned i = 0; i <= GUESTS; i++)
		test_org_fini(&orgs[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hub_test(one_organisation_takes_no_more_than_its_share),
		hub_test(the_last_link_of_an_organisation_stays),
		hub_test(nobody_is_pushed_to_and_fro),
		hub_test(silent_guests_keep_nobody_out),
		hub_test(waiting_guests_are_bounded),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
