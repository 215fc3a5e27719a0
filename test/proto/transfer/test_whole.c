/* Small versions: many are asked for in one message, and held in the turn in which they come. */
#include "proto/transfer/whole.h"

#include "proto/ledger/held.h"
#include "proto/transfer/scan.h"
#include "proto/transfer/serve.h"
#include "proto/transfer/source.h"
#include "store/chunks.h"
#include "test/proto/made.h"

enum { MANY = 600 };

/* The node is member 1; member 2 has made the versions, 3 may hold them. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
	struct parcel parcels[MANY];
	char paths[MANY][40];
	size_t count;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 3, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
	hub_node_machines(&f->node);
	hub_node_turn(&f->node);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < f->count; i++)
		parcel_fini(&f->parcels[i]);
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

/* So many versions of two chunks are wanted. */
static void want(struct fixture *f, size_t count, uint32_t size)
{
	for (; f->count < count; f->count++) {
		struct parcel *p = &f->parcels[f->count];
		snprintf(f->paths[f->count], sizeof(f->paths[0]), "gemeinde-2/x%zu", f->count);
		*p = (struct parcel){.member = 2,
				     .path = f->paths[f->count],
				     .count = 2,
				     .size = size,
				     .seed = (unsigned)f->count};
		parcel_make(p, &f->fed);
		parcel_known(p, &f->node, &f->fed, NULL);
		fetch_add(&f->node.hub, f->node.txn, &p->of, &p->version, false);
	}
}

static struct peer *member(struct fixture *f, unsigned member)
{
	struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[member - 1]);
	for (size_t i = 0; member != 2 && i < f->count; i++)
		parcel_offer(&f->parcels[i], &f->node, peer);
	return peer;
}

static void go(struct fixture *f, int64_t ms)
{
	hub_node_pass(&f->node, ms);
	scan_tick(&f->node.hub, f->node.txn);
	scan_settle(&f->node.hub, f->node.txn);
}

/* How many versions the peer is asked for in this turn, in how many messages. */
static size_t asked(struct fixture *f, const struct peer *peer, size_t *messages)
{
	struct version_id of;
	struct message m;
	size_t count = 0, k = 0;
	for (; hub_node_sent(&f->node, peer, MESSAGE_WHOLE_GET, k, &m); k++)
		while (message_next_version(&m, &of))
			count++;
	if (messages)
		*messages = k;
	return count;
}

/* What the peer answers about these: as it is, or nothing, or something else. */
enum answer { HERE, ABSENT, ALTERED, SWAPPED };

static void answer(struct fixture *f, struct peer *peer, size_t first, size_t last, enum answer how)
{
	struct message_list list = message_list_begin(MESSAGE_WHOLE);
	struct buf out;
	for (size_t i = first; i < last; i++) {
		const struct parcel *p = &f->parcels[i];
		struct message_whole whole = {.of = p->of, .count = how == ABSENT ? 0 : 2};
		for (size_t k = 0; k < 2; k++)
			whole.chunks[k] = buf_bytes(&p->chunks[how == SWAPPED ? 1 - k : k]);
		message_list_whole(&list, &whole);
	}
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &out);
	if (how == ALTERED)
		out.ptr[out.len - 1] ^= 1;
	wholes_take(&f->node.hub, f->node.txn, peer, buf_bytes(&out));
	buf_fini(&out);
}

static bool held_all(struct fixture *f, size_t first, size_t last)
{
	for (size_t i = first; i < last; i++) {
		const struct parcel *p = &f->parcels[i];
		if (!held_complete(f->node.txn, &p->of) ||
		    !chunks_has(f->node.txn, &p->of.dataset, parcel_addr(p, 1)))
			return false;
	}
	return true;
}

static void nothing_is_left(const struct peer *peer)
{
	assert_int_equal(peer->transfer->whole_count, 0);
	assert_int_equal(peer->transfer->whole_bytes, 0);
}

static void many_are_one_message_and_one_turn(void **state)
{
	struct fixture *f = *state;
	struct message m;
	size_t messages;
	want(f, MANY, 200);
	struct peer *peer = member(f, 2);
	go(f, 0);
	assert_int_equal(asked(f, peer, &messages), WHOLE_ASKED_MAX);
	assert_int_equal(messages, 2);
	go(f, 10); /* nothing more before something has come */
	assert_int_equal(asked(f, peer, NULL), 0);
	answer(f, peer, 0, 256, HERE);
	assert_true(held_all(f, 0, 256));
	scan_settle(&f->node.hub, f->node.txn);
	assert_int_equal(asked(f, peer, NULL), MANY - WHOLE_ASKED_MAX);
	assert_true(hub_node_sent(&f->node, peer, MESSAGE_HOLDS, 0, &m));
	assert_int_equal(m.count, 256);
	answer(f, peer, 256, 512, HERE);
	answer(f, peer, 512, MANY, HERE);
	assert_true(held_all(f, 0, MANY));
	assert_int_equal(f->node.hub.transfer->fetch_count, 0);
	nothing_is_left(peer);
}

/* As much as it sends in about a second. */
static void no_more_bytes_than_the_window(void **state)
{
	struct fixture *f = *state;
	want(f, 60, 20000);
	struct peer *peer = member(f, 2);
	go(f, 0);
	assert_int_equal(asked(f, peer, NULL), 14); /* half a MiB, and what passes it */
	answer(f, peer, 0, 14, HERE);
	go(f, 0);
	assert_int_equal(asked(f, peer, NULL), 28);
}

static void who_has_it_not_is_not_asked_again(void **state)
{
	struct fixture *f = *state;
	want(f, 4, 200);
	struct peer *two = member(f, 2);
	go(f, 0);
	assert_int_equal(asked(f, two, NULL), 4);
	answer(f, two, 0, 2, ABSENT);
	answer(f, two, 2, 4, HERE);
	struct peer *three = member(f, 3);
	go(f, 1);
	assert_int_equal(asked(f, two, NULL), 0);
	assert_int_equal(asked(f, three, NULL), 2);
	answer(f, two, 0, 2, HERE); /* nobody has asked it for that */
	assert_false(held_complete(f->node.txn, &f->parcels[0].of));
	hub_node_down(&f->node, three);
	three = member(f, 3);
	go(f, 1);
	assert_int_equal(asked(f, three, NULL), 2);
	answer(f, three, 0, 2, HERE);
	assert_true(held_all(f, 0, 4));
	nothing_is_left(two);
	nothing_is_left(three);
}

static void two_sources_share_the_work(void **state)
{
	struct fixture *f = *state;
	want(f, MANY, 200);
	struct peer *two = member(f, 2), *three = member(f, 3);
	go(f, 0);
	assert_int_equal(asked(f, two, NULL) + asked(f, three, NULL), MANY);
	assert_true(asked(f, two, NULL) >= MANY / 2 - 1 && asked(f, three, NULL) >= MANY / 2 - 1);
	/* Who is silent is left for the other. */
	const size_t others = asked(f, three, NULL);
	for (size_t i = 0; i < MANY; i++)
		answer(f, two, i, i + 1, HERE); /* those that it was not asked for do not count */
	go(f, 5000);
	assert_int_equal(asked(f, two, NULL), others);
	for (size_t i = 0; i < MANY; i++)
		answer(f, two, i, i + 1, HERE);
	assert_true(held_all(f, 0, MANY));
}

/*
 * An author may sign other content under a number that others hold already: were that the server's
 * fault, it could make honest nodes close their links again and again.
 */
static void what_is_another_content_is_asked_of_others(void **state)
{
	static const enum answer how[] = {ALTERED, SWAPPED};
	struct fixture *f = *state;
	want(f, 1, 200);
	for (size_t i = 0; i < COUNT(how); i++) {
		struct peer *peer = member(f, 2);
		go(f, 1);
		assert_int_equal(asked(f, peer, NULL), 1);
		answer(f, peer, 0, 1, how[i]);
		assert_true(peer->up);
		go(f, 1);
		assert_int_equal(asked(f, peer, NULL), 0);
		assert_false(held_complete(f->node.txn, &f->parcels[0].of));
		hub_node_down(&f->node, peer);
	}
}

/* Nothing of it is kept when the disk has filled since it was asked for, and it waits. */
static void without_room_it_waits(void **state)
{
	struct fixture *f = *state;
	const struct room room = f->node.hub.ledger.room;
	want(f, 2, 2000);
	struct peer *peer = member(f, 2);
	go(f, 0);
	f->node.hub.ledger.room.left[ROOM_FOREIGN] = txn_put_bytes(f->node.txn) + ROOM_FRAME_LEN;
	answer(f, peer, 0, 2, HERE);
	assert_true(peer->up);
	assert_false(held_complete(f->node.txn, &f->parcels[0].of));
	go(f, 1000);
	assert_int_equal(asked(f, peer, NULL), 0);
	assert_true(fetch_find(&f->node.hub, &f->parcels[0].of)->waits);
	f->node.hub.ledger.room = room;
	go(f, 5000);
	assert_int_equal(asked(f, peer, NULL), 2);
	answer(f, peer, 0, 2, HERE);
	assert_true(held_all(f, 0, 2));
}

/* What is served is what is asked for. */
static void what_is_served_is_taken(void **state)
{
	struct fixture *f = *state;
	struct chunk_addr bad;
	struct message m;
	struct message_whole whole;
	struct buf out;
	want(f, 1, 500);
	struct parcel *p = &f->parcels[0];
	parcel_held(p, &f->node);
	struct message_list list = message_list_begin(MESSAGE_WHOLE);
	assert_int_equal(whole_add(&list, f->node.txn, &p->of, true, &bad), ERR_OK);
	assert_int_equal(whole_add(&list, f->node.txn, &p->of, false, &bad), ERR_OK);
	chunks_put(f->node.txn, &p->of.dataset, parcel_addr(p, 1), bytes_str("rotten"));
	assert_int_equal(whole_add(&list, f->node.txn, &p->of, true, &bad), ERR_CORRUPT);
	assert_true(id_eq(&bad, parcel_addr(p, 1)));
	chunks_del(f->node.txn, &p->of.dataset, parcel_addr(p, 1));
	assert_int_equal(whole_add(&list, f->node.txn, &p->of, true, &bad), ERR_ABSENT);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &out);
	assert_int_equal(message_decode(&m, buf_bytes(&out)), ERR_OK);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(message_next_whole(&m, &whole));
		assert_true(held_same(&whole.of, &p->of));
		assert_int_equal(whole.count, i == 0 ? 2 : 0);
	}
	buf_fini(&out);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(many_are_one_message_and_one_turn),
		T(no_more_bytes_than_the_window),
		T(who_has_it_not_is_not_asked_again),
		T(two_sources_share_the_work),
		T(what_is_another_content_is_asked_of_others),
		T(without_room_it_waits),
		T(what_is_served_is_taken),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
