/* A copy counts when a sample of it came, and for nothing else that somebody says. */
#include "proto/transfer/proof.h"

#include <stdlib.h>

#include "proto/catalog/catalog.h"
#include "proto/transfer/scan.h"
#include "proto/transfer/serve.h"
#include "test/proto/made.h"

enum { DAY = 24 * 3600 * 1000, SECOND = 1000 };

/* The node is member 1, and has published; others say that they hold it. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
	struct parcel own;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 4, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
	f->own = (struct parcel){.member = 1, .path = "gemeinde-1/a", .count = 20};
	parcel_make(&f->own, &f->fed);
	parcel_known(&f->own, &f->node, &f->fed, NULL);
	parcel_held(&f->own, &f->node);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	parcel_fini(&f->own);
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static struct peer *claims(struct fixture *f, unsigned member)
{
	struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[member - 1]);
	parcel_offer(&f->own, &f->node, peer);
	return peer;
}

/* Which chunk the peer is asked for so much later; 20: none. */
static size_t asked(struct fixture *f, struct peer *peer, int64_t ms)
{
	struct message m;
	struct chunk_addr addr;
	size_t i = 0;
	hub_node_pass(&f->node, ms);
	proof_tick(&f->node.hub, f->node.txn);
	if (!hub_node_sent(&f->node, peer, MESSAGE_CHUNK_GET, 0, &m))
		return f->own.count;
	assert_int_equal(m.count, 1);
	assert_true(id_eq(&m.of.dataset, &f->own.of.dataset));
	assert_true(message_next_addr(&m, &addr));
	while (!id_eq(&addr, parcel_addr(&f->own, i)))
		i++;
	return i;
}

static void answers(struct fixture *f, struct peer *peer, struct event event)
{
	proof_chunk(&f->node.hub, f->node.txn, peer, &event);
}

static void passes(struct fixture *f, struct peer *peer)
{
	size_t i = asked(f, peer, 10 * SECOND);
	assert_true(i < f->own.count);
	answers(f, peer, parcel_chunk(&f->own, i, peer));
}

/* Copies that count, and in *all those that are said to be there. */
static size_t copies(struct fixture *f, size_t *all)
{
	struct catalog_holder out[8];
	struct catalog_entry entry = {.dataset = f->own.of.dataset,
				      .number = f->own.of.number,
				      .author = f->own.of.author,
				      .held = true};
	*all = catalog_holders(&f->node.hub, f->node.txn, &entry, out, 8);
	return catalog_copies(out, *all);
}

static void a_copy_counts_when_a_sample_came(void **state)
{
	struct fixture *f = *state;
	size_t all;
	assert_int_equal(copies(f, &all), 1);
	struct peer *peer = claims(f, 2);
	assert_int_equal(copies(f, &all), 1);
	assert_int_equal(all, 2);
	passes(f, peer);
	assert_int_equal(copies(f, &all), 2);
	/* It is remembered when its node is away, and asked for again after a week. */
	assert_int_equal(asked(f, peer, 6 * (int64_t)DAY), f->own.count);
	hub_node_down(&f->node, peer);
	hub_node_machines(&f->node);
	assert_int_equal(copies(f, &all), 2);
	peer = claims(f, 2);
	passes(f, (hub_node_pass(&f->node, DAY), peer));
	hub_node_down(&f->node, peer);
	hub_node_pass(&f->node, 29 * (int64_t)DAY);
	assert_int_equal(copies(f, &all), 2);
	hub_node_pass(&f->node, DAY);
	assert_int_equal(copies(f, &all), 1);
	assert_int_equal(all, 2);
}

static void who_does_not_give_the_chunk_has_no_copy(void **state)
{
	struct fixture *f = *state;
	size_t all;
	for (unsigned way = 0; way < 4; way++) {
		struct peer *peer = claims(f, 2 + way % 3);
		size_t i = asked(f, peer, DAY + 10 * SECOND);
		assert_true(i < f->own.count);
		struct event event = parcel_chunk(&f->own, i, peer);
		if (way == 0)
			event = parcel_nil(&f->own, i, peer);
		else if (way == 1)
			event.err = ERR_CORRUPT;
		else if (way == 2) /* another chunk, which nobody has asked for */
			event = parcel_chunk(&f->own, (i + 1) % f->own.count, peer);
		else
			event.bytes.len--;
		answers(f, peer, event);
		assert_int_equal(copies(f, &all), 1);
		/* It is not asked again today, whatever it says. */
		parcel_offer(&f->own, &f->node, peer);
		if (way != 2)
			assert_int_equal(asked(f, peer, 3600 * SECOND), f->own.count);
		hub_node_down(&f->node, peer);
	}
}

/* Who asks this node for the very chunk has not got it. */
static void what_this_node_gave_is_no_proof(void **state)
{
	struct fixture *f = *state;
	size_t all;
	struct peer *peer = claims(f, 2), *helper = hub_node_member(&f->node, &f->fed.orgs[1]);
	helper->author = author_of(2, 1);
	size_t i = asked(f, peer, 10 * SECOND);
	struct message_list list = message_list_begin(MESSAGE_CHUNK_GET);
	list.dataset = f->own.of.dataset;
	message_list_addr(&list, parcel_addr(&f->own, i));
	hub_node_hear_list(&f->node, helper, serve_chunk_get, &list);
	answers(f, peer, parcel_chunk(&f->own, i, peer));
	assert_int_equal(copies(f, &all), 1);
}

/*
 * Samples are few: one at a time with a peer, four with an
 * organisation, and then one in ten seconds.
 */
static void samples_are_few(void **state)
{
	struct fixture *f = *state;
	struct peer *peers[12];
	unsigned count = 0;
	for (unsigned i = 0; i < COUNT(peers); i++) {
		peers[i] = claims(f, 2);
		peers[i]->author = author_of(2, (uint8_t)i);
		parcel_offer(&f->own, &f->node, peers[i]);
	}
	/* Of one organisation so many rows. */
	struct row_key prefix = key_dataset(&f->own.of.dataset);
	struct walk walk = walk_begin(f->node.txn, TABLE_HOLDER, row_key_bytes(&prefix));
	unsigned rows = 0;
	while (walk_next(&walk))
		rows++;
	assert_int_equal(rows, 8);
	for (unsigned second = 0; second < 60; second++) {
		for (unsigned i = 0; i < COUNT(peers); i++) {
			count += i == 0 ? asked(f, peers[i], SECOND) < f->own.count
					: hub_node_effect(&f->node, EFFECT_SEND, 0) &&
						  hub_node_sent(&f->node, peers[i],
								MESSAGE_CHUNK_GET, 0,
								&(struct message){0});
		}
	}
	assert_in_range(count, 8, 10);
	/* Nobody has answered: they rest. */
	assert_int_equal(f->node.hub.transfer->proofs.running <= 8, true);
	hub_node_pass(&f->node, 60 * SECOND);
	proof_tick(&f->node.hub, f->node.txn);
	assert_true(f->node.hub.transfer->proofs.running <= 1);
}

/* All that is said to be held is asked for in the end, the newest claim first. */
static void every_claim_is_looked_at(void **state)
{
	struct fixture *f = *state;
	struct parcel more[5];
	struct peer *peer = claims(f, 3);
	unsigned proved = 0;
	for (unsigned i = 0; i < COUNT(more); i++) {
		static const char *const paths[] = {"gemeinde-1/b", "gemeinde-1/c", "gemeinde-1/d",
						    "gemeinde-1/e", "gemeinde-1/f"};
		more[i] = (struct parcel){.member = 1, .path = paths[i], .seed = i + 1};
		parcel_make(&more[i], &f->fed);
		parcel_known(&more[i], &f->node, &f->fed, NULL);
		parcel_held(&more[i], &f->node);
		parcel_offer(&more[i], &f->node, peer);
	}
	for (unsigned second = 0; second < 200; second++) {
		struct message m;
		hub_node_pass(&f->node, SECOND);
		proof_tick(&f->node.hub, f->node.txn);
		if (!hub_node_sent(&f->node, peer, MESSAGE_CHUNK_GET, 0, &m))
			continue;
		if (proved++ == 0)
			assert_true(id_eq(&m.of.dataset, &more[4].of.dataset));
		for (unsigned i = 0; i < COUNT(more); i++) {
			if (id_eq(&m.of.dataset, &more[i].of.dataset))
				answers(f, peer, parcel_chunk(&more[i], 0, peer));
		}
		if (id_eq(&m.of.dataset, &f->own.of.dataset)) {
			struct chunk_addr addr;
			size_t i = 0;
			assert_true(message_next_addr(&m, &addr));
			while (!id_eq(&addr, parcel_addr(&f->own, i)))
				i++;
			answers(f, peer, parcel_chunk(&f->own, i, peer));
		}
	}
	assert_int_equal(proved, COUNT(more) + 1);
	for (unsigned i = 0; i < COUNT(more); i++)
		parcel_fini(&more[i]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_copy_counts_when_a_sample_came), T(who_does_not_give_the_chunk_has_no_copy),
		T(what_this_node_gave_is_no_proof),  T(samples_are_few),
		T(every_claim_is_looked_at),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
