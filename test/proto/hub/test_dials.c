/* What others say may not make a node dial whatever they name (see test_peers.c for the rest). */
#include <stdlib.h>

#include "proto/charter/contact.h"
#include "test/proto/hub_node.h"

enum { CROWD = 256, MINUTE = 60 * 1000 };

struct fixture {
	struct hub_fixture *base;
	struct hub_node *node;
	struct dh_pk keys[CROWD]; /* of the nodes of member 4 */
};

/* Member 4 has 256 nodes. */
static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	void *base;
	struct buf entry;
	struct orglog log;
	hub_fixture_setup(&base);
	f->base = base;
	f->node = &f->base->node;
	const struct test_org *org = &f->base->fed.orgs[3];
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	test_org_crowd(&entry, org, CROWD, 1000);
	assert_int_equal(orglog_accept(f->node->txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	assert_int_equal(orglog_load(f->node->txn, &org->id, &log), ERR_OK);
	for (unsigned i = 0; i < CROWD; i++)
		f->keys[i] = log.nodes[i].transport;
	orglog_fini(&log);
	buf_fini(&entry);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *base = f->base;
	hub_fixture_teardown(&base);
	free(f);
	return 0;
}

/* Node `index` of a member names so many addresses: the format with first, first + 1, ... */
static void names(struct fixture *f, uint32_t member, unsigned index, const char *format,
		  unsigned first, unsigned count)
{
	struct contact contact = {.software = bytes_str("test 1"), .address_count = count};
	struct record record = {.author = author_of(member, (uint8_t)index),
				.kind = RECORD_CONTACT};
	char texts[LIMIT_ADDRESS_COUNT_MAX][64];
	struct buf body;
	for (unsigned i = 0; i < count; i++) {
		snprintf(texts[i], sizeof(texts[i]), format, first + i);
		contact.addresses[i] = bytes_str(texts[i]);
	}
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	contact_put(&body, &contact);
	record.body = buf_bytes(&body);
	dials_contact(&f->node->hub, f->node->txn, &record);
	buf_fini(&body);
}

static void moment_pass(struct hub_node *node)
{
	hub_node_time(node, hub_node_wall(node) + 100, hub_node_mono(node) + 100);
}

/* Lets all that begins in this moment end in vain, and says how many that were. */
static unsigned in_vain(struct fixture *f, const char *host)
{
	unsigned count = 0;
	const struct effect *dial;
	dials_tick(&f->node->hub);
	for (size_t i = 0; (dial = hub_node_effect(f->node, EFFECT_DIAL, i)); i++) {
		struct event down = {
			.type = EVENT_LINK_DOWN, .dial = dial->dial, .reason = LINK_REASON_LOST};
		count += strncmp(dial->address, host, strlen(host)) == 0;
		dials_down(&f->node->hub, &down);
	}
	hub_node_forget(f->node);
	return count;
}

static unsigned in_vain_for(struct fixture *f, const char *host, int64_t ms)
{
	unsigned count = 0;
	for (int64_t passed = 0; passed < ms; passed += 100) {
		moment_pass(f->node);
		count += in_vain(f, host);
	}
	return count;
}

/* 256 nodes name eight addresses each, at one host or at as many as there are. */
static void a_crowd_makes_nobody_dial_much(void **state)
{
	static const char *const formats[] = {"victim.example:%u", "h%u.example:80"};
	struct fixture *f = *state;
	for (size_t way = 0; way < COUNT(formats); way++) {
		for (unsigned i = 0; i < CROWD; i++)
			names(f, 4, i, formats[way], 1 + 8 * i, 8);
		assert_true(f->node->hub.dials.count <= DIAL_ORG_COUNT_MAX);
		unsigned first = in_vain_for(f, "", MINUTE);
		assert_true(first <= 12);
		assert_true(in_vain_for(f, "", 10 * MINUTE) <= 40);
	}
}

/* Whatever contacts say, and however often they change: a host is dialled a few times a minute. */
static void one_host_is_dialled_seldom(void **state)
{
	struct fixture *f = *state;
	unsigned count = 0;
	for (unsigned i = 0; i < 100; i++) {
		for (uint32_t member = 2; member <= 4; member++)
			names(f, member, 0, "victim.example:%u", 1 + 8 * i, 8);
		hub_node_down(f->node, hub_node_member(f->node, &f->base->fed.orgs[1]));
		count += in_vain_for(f, "victim", 1000);
	}
	assert_in_range(count, 8, 16);
}

/* The organisation that is dialled in vain does not keep others from being dialled. */
static void others_are_dialled_all_the_same(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < CROWD; i++)
		names(f, 4, i, "h%u.example:80", 1 + 8 * i, 8);
	in_vain_for(f, "", MINUTE);
	names(f, 3, 0, "town%u.example:7400", 3, 1);
	assert_true(in_vain_for(f, "town3", 2000) >= 1);
}

/* Attempts that wait for an answer are few for one organisation, and bounded over all. */
static void few_attempts_at_a_time(void **state)
{
	struct fixture *f = *state;
	size_t count = 0;
	for (unsigned i = 0; i < 8; i++)
		names(f, 4, i, "h%u.example:80", 1 + 8 * i, 1);
	hub_node_pass(f->node, 2000);
	dials_tick(&f->node->hub);
	while (hub_node_effect(f->node, EFFECT_DIAL, count))
		count++;
	assert_int_equal(count, DIAL_ORG_RUN_MAX);
}

/* All attempts have a pace, also those that a person asks for; none is forgotten. */
static void attempts_have_a_pace(void **state)
{
	struct fixture *f = *state;
	char why[WHY_LEN], address[64];
	unsigned count = 0;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(address, sizeof(address), "p%u.example:1", i);
		assert_int_equal(dials_add(&f->node->hub, f->node->txn, address, why), ERR_OK);
	}
	count = in_vain_for(f, "", 100);
	assert_in_range(count, 30, 36);
	count += in_vain_for(f, "", 900);
	assert_in_range(count, 40, 52);
	assert_true(dials_wake(&f->node->hub) <= hub_node_mono(f->node) + 100);
	count += in_vain_for(f, "", 9000);
	assert_in_range(count, 150, 210);
}

static const struct effect *dial_next(struct fixture *f)
{
	for (unsigned i = 0; i < 6000; i++) {
		moment_pass(f->node);
		dials_tick(&f->node->hub);
		const struct effect *dial = hub_node_effect(f->node, EFFECT_DIAL, 0);
		if (dial)
			return dial;
	}
	fail_msg("nothing was dialled");
	return NULL;
}

static void fails(struct fixture *f, const struct effect *dial)
{
	struct event down = {
		.type = EVENT_LINK_DOWN, .dial = dial->dial, .reason = LINK_REASON_UNEXPECTED};
	dials_down(&f->node->hub, &down);
	hub_node_forget(f->node);
}

/* An address that several nodes of an organisation name counts once; each may answer in turn. */
static void nodes_of_one_organisation_share_an_address(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < CROWD; i++)
		names(f, 4, i, "one.example:%u", 80, 1);
	assert_int_equal(f->node->hub.dials.count, 1);
	for (unsigned i = 0; i < 2 * (DIAL_OTHER_MAX + 1); i++) {
		const struct effect *dial = dial_next(f);
		assert_true(id_eq(&dial->expected, &f->keys[i % (DIAL_OTHER_MAX + 1)]));
		fails(f, dial);
	}
	/* It stays while one of them names it. */
	names(f, 4, 0, "", 0, 0);
	names(f, 4, 2, "", 0, 0);
	const struct effect *dial = dial_next(f);
	assert_true(id_eq(&dial->expected, &f->keys[1]) || id_eq(&dial->expected, &f->keys[3]));
	fails(f, dial);
	names(f, 4, 1, "", 0, 0);
	names(f, 4, 3, "", 0, 0);
	assert_int_equal(f->node->hub.dials.count, 0);
}

/* Where nobody was met the waits grow longer; where somebody was they do not, for a while. */
static void where_somebody_was_met_is_tried_sooner(void **state)
{
	struct fixture *f = *state;
	const struct test_org *org = &f->base->fed.orgs[2];
	names(f, 3, 0, "met%u.example:1", 1, 1);
	const struct effect *dial = dial_next(f);
	struct peer *peer = hub_node_member(f->node, org);
	dials_up(&f->node->hub, peer, dial->dial);
	hub_node_forget(f->node);
	hub_node_down(f->node, peer);
	assert_in_range(in_vain_for(f, "met", 5 * MINUTE), 8, 14);
	/* Nobody has been there for long: from now on it is like an address that was never good. */
	assert_false(f->node->hub.dials.items[0].met);
	in_vain_for(f, "met", 30 * MINUTE);
	assert_in_range(in_vain_for(f, "met", 30 * MINUTE), 4, 12);
}

/* When an organisation has no place any more its nodes are not dialled. */
static void who_has_no_place_is_not_dialled(void **state)
{
	struct fixture *f = *state;
	f->node->limits.peer_count_max = 2;
	hub_node_member(f->node, &f->base->fed.orgs[2]);
	names(f, 4, 0, "h%u.example:80", 1, 1);
	assert_int_equal(in_vain_for(f, "", MINUTE), 0);
	f->node->limits.peer_count_max = 3;
	assert_true(in_vain_for(f, "", 2 * MINUTE) > 0);
}

#define dial_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		dial_test(a_crowd_makes_nobody_dial_much),
		dial_test(one_host_is_dialled_seldom),
		dial_test(others_are_dialled_all_the_same),
		dial_test(few_attempts_at_a_time),
		dial_test(attempts_have_a_pace),
		dial_test(nodes_of_one_organisation_share_an_address),
		dial_test(where_somebody_was_met_is_tried_sooner),
		dial_test(who_has_no_place_is_not_dialled),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
