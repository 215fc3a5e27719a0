/* Who gets which chunks and indexes, and how much of them in one turn. */
#include "proto/transfer/serve.h"

#include "proto/catalog/catalog.h"
#include "proto/ledger/held.h"
#include "store/chunks.h"
#include "proto/rights/rights.h"
#include "test/proto/made.h"

/* The node is member 1; versions are of member 2; 3 asks. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
	struct parcel parcels[8];
	size_t parcel_count;
};

#define PATH   "gemeinde-2/kita/plan"
#define HIDDEN "gemeinde-2/~abcdefghijklmnopqrstuvwxya"

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 4, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < f->parcel_count; i++)
		parcel_fini(&f->parcels[i]);
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

/* A version that is here. */
static struct parcel *held(struct fixture *f, uint64_t number, enum tier tier)
{
	struct parcel *p = &f->parcels[f->parcel_count++];
	*p = (struct parcel){.member = 2,
			     .path = tier == TIER_HIDDEN ? HIDDEN : PATH,
			     .number = number,
			     .tier = tier,
			     .count = 3};
	parcel_make(p, &f->fed);
	parcel_known(p, &f->node, &f->fed, NULL);
	parcel_held(p, &f->node);
	return p;
}

static void chunk_get(struct fixture *f, struct peer *peer, const struct parcel *p, size_t count)
{
	struct message_list list = message_list_begin(MESSAGE_CHUNK_GET);
	struct buf out;
	list.dataset = p->of.dataset;
	for (size_t i = 0; i < count; i++)
		message_list_addr(&list, parcel_addr(p, i % p->count));
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &out);
	hub_node_hear(&f->node, peer, serve_chunk_get, &out);
}

static void index_get(struct fixture *f, struct peer *peer, const struct version_id *of,
		      const struct chunk_addr *after)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_index_get(&out, of, after);
	hub_node_hear(&f->node, peer, serve_index_get, &out);
}

/* Whether it gets the chunks and the index of a version: both or neither. */
static bool gets(struct fixture *f, struct peer *peer, const struct parcel *p)
{
	struct message m;
	hub_node_turn(&f->node);
	chunk_get(f, peer, p, 3);
	bool served = strcmp(hub_node_heard(&f->node, peer->link), "SERVE SERVE SERVE") == 0;
	if (served)
		assert_memory_equal(hub_node_effect(&f->node, EFFECT_SERVE, 2)->addr.b,
				    parcel_addr(p, 2)->b, ID_LEN);
	else
		assert_heard(&f->node, peer, "CHUNK CHUNK CHUNK");
	for (size_t i = 0; !served && i < 3; i++) {
		assert_true(hub_node_sent(&f->node, peer, MESSAGE_CHUNK, i, &m));
		assert_false(m.has_body);
		assert_int_equal(hub_node_effect(&f->node, EFFECT_SEND, i)->channel,
				 LINK_CHANNEL_BULK);
	}
	index_get(f, peer, &p->of, NULL);
	assert_true(hub_node_sent(&f->node, peer, MESSAGE_INDEX, 0, &m));
	assert_int_equal(m.body.len, served ? 3 * INDEX_ENTRY_LEN : 0);
	assert_false(m.more);
	return served;
}

/* ---- who ---- */

static void tier_right_and_membership_decide(void **state)
{
	enum { NONE, READS, RELAY, ABOVE, OF_FOUR, BESIDE, OVER, EARLY, ENDED, GIFTS };
	static const struct gift gifts[GIFTS] = {
		[READS] = {.from = 2, .to = 3, .prefix = PATH},
		[RELAY] = {.from = 2, .to = 3, .prefix = PATH, .verb = VERB_RELAY},
		[ABOVE] = {.from = 2, .to = 3, .prefix = "gemeinde-2"},
		[OF_FOUR] = {.from = 2, .to = 4, .prefix = PATH},
		[BESIDE] = {.from = 2, .to = 3, .prefix = "gemeinde-2/kit"},
		[OVER] = {.from = 2, .to = 3, .prefix = PATH, .expiry_ms = TEST_TIME_MS + 1},
		[EARLY] = {.from = 2, .to = 3, .prefix = PATH, .not_before_ms = TEST_TIME_MS + 2},
		[ENDED] = {.from = 2, .to = 3, .prefix = PATH, .ended = true},
	};
	static const struct {
		enum tier tier;
		unsigned who; /* 0: a guest */
		unsigned gift;
		bool gets;
	} cases[] = {
		{TIER_OPEN, 3, NONE, true},        {TIER_MEMBERS, 3, NONE, true},
		{TIER_GRANTED, 3, NONE, false},    {TIER_HIDDEN, 3, NONE, false},
		{TIER_OPEN, 0, NONE, false},       {TIER_MEMBERS, 0, NONE, false},
		{TIER_GRANTED, 3, READS, true},    {TIER_HIDDEN, 3, READS, true},
		{TIER_GRANTED, 3, RELAY, true},    {TIER_GRANTED, 3, ABOVE, true},
		{TIER_GRANTED, 3, OF_FOUR, false}, {TIER_GRANTED, 4, OF_FOUR, true},
		{TIER_GRANTED, 4, READS, false},   {TIER_GRANTED, 3, BESIDE, false},
		{TIER_GRANTED, 3, OVER, false},    {TIER_GRANTED, 3, EARLY, false},
		{TIER_GRANTED, 3, ENDED, false},   {TIER_GRANTED, 0, READS, false},
		{TIER_GRANTED, 2, NONE, true},     {TIER_HIDDEN, 2, NONE, true}, /* the owner */
	};
	struct fixture *f = *state;
	hub_node_pass(&f->node, 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct test_org *org = &f->fed.orgs[cases[i].who ? cases[i].who - 1 : 2];
		struct parcel *p = held(f, 1, cases[i].tier);
		struct gift gift = gifts[cases[i].gift];
		if (cases[i].tier == TIER_HIDDEN && cases[i].gift == READS)
			gift.prefix = HIDDEN;
		if (cases[i].gift)
			gift_made(&gift, &f->node, &f->fed, NULL);
		struct peer *peer = cases[i].who ? hub_node_member(&f->node, org)
						 : hub_node_guest(&f->node, org);
		assert_int_equal(gets(f, peer, p), cases[i].gets);
		hub_node_down(&f->node, peer);
		ledger_author_drop(&f->node.hub.ledger, f->node.txn, author_of(2, 0));
		rights_settle(&f->node.hub, f->node.txn);
		parcel_fini(p);
		f->parcel_count = 0;
	}
}

/* A peer may take its time: what it has not got when its right ends it does not get. */
static void what_is_under_way_is_recalled(void **state)
{
	struct fixture *f = *state;
	struct gift gift = {.from = 2, .to = 3, .prefix = PATH};
	struct parcel *p = held(f, 1, TIER_GRANTED);
	struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[2]);
	struct peer *owner = hub_node_member(&f->node, &f->fed.orgs[1]);
	gift_made(&gift, &f->node, &f->fed, NULL);
	assert_true(gets(f, peer, p));
	assert_true(gets(f, owner, p));
	hub_node_turn(&f->node);
	serve_settle(&f->node.hub, f->node.txn);
	assert_heard(&f->node, peer, "");
	gift.ended = true;
	gift.round = 2;
	gift_made(&gift, &f->node, &f->fed, NULL);
	rights_settle(&f->node.hub, f->node.txn);
	hub_node_turn(&f->node);
	serve_settle(&f->node.hub, f->node.txn);
	assert_heard(&f->node, peer, "RECALL");
	assert_heard(&f->node, owner, "");
	assert_true(id_eq(&hub_node_effect(&f->node, EFFECT_RECALL, 0)->dataset, &p->of.dataset));
	hub_node_turn(&f->node);
	serve_settle(&f->node.hub, f->node.txn);
	assert_heard(&f->node, peer, "");
	assert_false(gets(f, peer, p));
	hub_node_down(&f->node, peer);
	hub_node_down(&f->node, owner);
}

/* ---- which ---- */

/*
 * A chunk is served when it belongs to a version that the peer may hold, whatever the current one
 * is.
 */
static void chunks_of_older_versions_follow_their_own_tier(void **state)
{
	static const struct {
		enum tier older, newer;
		bool right, gets_older, gets_newer;
	} cases[] = {
		{TIER_MEMBERS, TIER_MEMBERS, false, true, true},
		{TIER_GRANTED, TIER_OPEN, false, false, true},
		{TIER_GRANTED, TIER_OPEN, true, true, true},
		{TIER_OPEN, TIER_GRANTED, false, true, false},
		{TIER_OPEN, TIER_GRANTED, true, true, true},
		{TIER_GRANTED, TIER_GRANTED, true, true, true},
		{TIER_GRANTED, TIER_GRANTED, false, false, false},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct gift gift = {.from = 2, .to = 3, .prefix = PATH};
		struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[2]);
		struct parcel *older = held(f, 1, cases[i].older);
		struct parcel *newer = held(f, 2, cases[i].newer);
		if (cases[i].right)
			gift_made(&gift, &f->node, &f->fed, NULL);
		assert_int_equal(gets(f, peer, older), cases[i].gets_older);
		assert_int_equal(gets(f, peer, newer), cases[i].gets_newer);
		ledger_author_drop(&f->node.hub.ledger, f->node.txn, author_of(2, 0));
		rights_settle(&f->node.hub, f->node.txn);
		hub_node_down(&f->node, peer);
		parcel_fini(older);
		parcel_fini(newer);
		f->parcel_count = 0;
	}
}

static void what_is_not_of_a_version_here_is_not_served(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[2]);
	struct parcel strange = {.member = 2, .path = PATH, .seed = 5},
		      far = {.member = 2, .path = PATH, .number = 300};
	parcel_make(&strange, &f->fed);
	parcel_make(&far, &f->fed);
	chunk_get(f, peer, &strange, 1); /* nothing is known of the dataset */
	assert_heard(&f->node, peer, "CHUNK");
	struct parcel *first = held(f, 1, TIER_MEMBERS);
	hub_node_turn(&f->node);
	chunk_get(f, peer, &strange, 1);
	assert_heard(&f->node, peer, "CHUNK");
	/* However many versions came after it: it is one look-up. */
	parcel_known(&far, &f->node, &f->fed, NULL);
	hub_node_turn(&f->node);
	chunk_get(f, peer, first, 1);
	assert_heard(&f->node, peer, "SERVE");
	parcel_fini(&strange);
	parcel_fini(&far);
}

/* One whose chunks are still on their way has no index for others, but the chunks that are here. */
static void an_unfinished_version_has_no_index(void **state)
{
	struct fixture *f = *state;
	struct message m;
	struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[2]);
	struct parcel *p = held(f, 1, TIER_MEMBERS);
	held_put(f->node.txn, &p->of, &(struct held){HELD_INDEXED, 0, 3000, 3});
	index_get(f, peer, &p->of, NULL);
	assert_true(hub_node_sent(&f->node, peer, MESSAGE_INDEX, 0, &m));
	assert_int_equal(m.body.len, 0);
	chunk_get(f, peer, p, 1);
	assert_heard(&f->node, peer, "INDEX SERVE");
}

static void a_long_index_is_told_in_pages(void **state)
{
	struct fixture *f = *state;
	struct message m;
	struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[2]);
	struct parcel *p = held(f, 1, TIER_MEMBERS);
	const size_t more = MESSAGE_LIST_COUNT_MAX + 1;
	for (size_t i = 0; i < more; i++) {
		struct chunk_addr addr = {{0}};
		uint8_t size[4] = {0, 0, 1, 0};
		be32_put(addr.b, (uint32_t)i);
		struct row_key key = key_index(&p->of.dataset, 1, p->of.author, &addr);
		txn_put(f->node.txn, TABLE_INDEX, row_key_bytes(&key), bytes_obj(&size));
	}
	index_get(f, peer, &p->of, NULL);
	assert_true(hub_node_sent(&f->node, peer, MESSAGE_INDEX, 0, &m));
	assert_true(m.more);
	assert_int_equal(m.body.len, MESSAGE_LIST_COUNT_MAX * INDEX_ENTRY_LEN);
	struct index_entry last = index_entry_get(m.body, MESSAGE_LIST_COUNT_MAX - 1);
	index_get(f, peer, &p->of, &last.addr);
	assert_true(hub_node_sent(&f->node, peer, MESSAGE_INDEX, 1, &m));
	assert_false(m.more);
	assert_int_equal(m.body.len, (1 + 3) * INDEX_ENTRY_LEN);
	assert_int_equal(index_entry_get(m.body, 0).size, 256);
	assert_memory_equal(index_entry_get(m.body, 3).addr.b, parcel_addr(p, 2)->b, ID_LEN);
}

/* A line may be on its way still: being refused weighs little, and is no fault. */
static void being_refused_weighs_little(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[2]);
	struct parcel *p = held(f, 1, TIER_GRANTED);
	chunk_get(f, peer, p, 1);
	assert_heard(&f->node, peer, "CHUNK");
	assert_int_equal(meter_account(&hub->meter, 3, hub->mono_ms)->junk,
			 meter_junk_weight(JUNK_REFUSED));
}

/* ---- how much ---- */

static void who_asks_for_too_much_in_a_turn_is_closed(void **state)
{
	static const struct {
		unsigned gets, each, indexes;
		bool closed;
	} cases[] = {
		{16, 128, 0, false}, {17, 128, 0, true}, {1, 129, 0, true}, {15, 128, 16, false},
		{15, 128, 17, true}, {0, 0, 256, false}, {0, 0, 257, true},
	};
	struct fixture *f = *state;
	struct parcel *p = held(f, 1, TIER_MEMBERS);
	f->node.limits.peer_queue_bytes_max = SIZE_MAX;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[2]);
		for (unsigned turn = 0; turn < 2 && peer->up; turn++) {
			hub_node_turn(&f->node);
			for (unsigned k = 0; k < cases[i].gets; k++)
				chunk_get(f, peer, p, cases[i].each);
			for (unsigned k = 0; k < cases[i].indexes; k++)
				index_get(f, peer, &p->of, NULL);
		}
		const struct effect *close = hub_node_effect(&f->node, EFFECT_CLOSE, 0);
		assert_int_equal(close != NULL, cases[i].closed);
		if (close)
			assert_int_equal(close->reason, LINK_REASON_BUSY);
		hub_node_down(&f->node, peer);
	}
}

/* ---- small versions ---- */

static void whole_get(struct fixture *f, struct peer *peer, const struct version_id *of,
		      size_t count)
{
	struct message_list list = message_list_begin(MESSAGE_WHOLE_GET);
	struct buf out;
	for (size_t i = 0; i < count; i++)
		message_list_version(&list, of);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &out);
	hub_node_hear(&f->node, peer, serve_whole_get, &out);
}

/* Whoever gets the index and the chunks gets them in one piece, too, and nobody else. */
static void small_versions_are_for_who_may_have_them(void **state)
{
	struct fixture *f = *state;
	const struct version_id none = {{{9}}, 1, author_of(2, 0)};
	struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[2]);
	struct parcel *open = held(f, 1, TIER_MEMBERS), *granted = held(f, 2, TIER_GRANTED);
	const struct version_id *const asked[] = {&open->of, &granted->of, &none};
	hub_node_turn(&f->node);
	for (size_t i = 0; i < COUNT(asked); i++)
		whole_get(f, peer, asked[i], 1);
	for (size_t i = 0; i < COUNT(asked); i++) {
		const struct effect *effect = hub_node_effect(&f->node, EFFECT_SERVE, i);
		assert_true(effect->whole && effect->number == asked[i]->number);
		assert_int_equal(effect->ok, i == 0);
	}
	/* One that is not whole here, and one that is too large. */
	held_put(f->node.txn, &open->of, &(struct held){HELD_DAMAGED, 0, 3000, 3});
	whole_get(f, peer, &open->of, 1);
	assert_false(hub_node_effect(&f->node, EFFECT_SERVE, 3)->ok);
	held_put(f->node.txn, &open->of, &(struct held){HELD_COMPLETE, 0, LIMIT_WHOLE_LEN_MAX, 3});
	whole_get(f, peer, &open->of, 1);
	assert_true(hub_node_effect(&f->node, EFFECT_SERVE, 4)->ok);
	held_put(f->node.txn, &open->of,
		 &(struct held){HELD_COMPLETE, 0, LIMIT_WHOLE_LEN_MAX + 1, 3});
	whole_get(f, peer, &open->of, 1);
	assert_false(hub_node_effect(&f->node, EFFECT_SERVE, 5)->ok);
}

/* What an honest node may have asked for at a time is not too much. */
static void who_asks_for_too_many_small_versions_is_closed(void **state)
{
	struct fixture *f = *state;
	struct parcel *p = held(f, 1, TIER_MEMBERS);
	struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[2]);
	for (unsigned i = 0; i < 9; i++) {
		if (i % 8 == 0)
			hub_node_turn(&f->node);
		whole_get(f, peer, &p->of, MESSAGE_WHOLE_COUNT_MAX);
	}
	assert_true(peer->up);
	for (unsigned i = 0; i < 8; i++)
		whole_get(f, peer, &p->of, MESSAGE_WHOLE_COUNT_MAX);
	assert_false(peer->up);
}

/* ---- what peers hold ---- */

static size_t holders(struct fixture *f, const struct parcel *p)
{
	struct catalog_holder out[4];
	struct catalog_entry entry = {
		.dataset = p->of.dataset, .number = p->of.number, .author = p->of.author};
	return catalog_holders(&f->node.hub, f->node.txn, &entry, out, 4);
}

static void holders_of_own_versions_are_remembered(void **state)
{
	struct fixture *f = *state;
	struct parcel own[2] = {{.member = 1, .path = "gemeinde-1/a"},
				{.member = 1, .path = "gemeinde-1/a", .number = 2}},
		      unknown = {.member = 1, .path = "gemeinde-1/b"};
	struct parcel *foreign = held(f, 1, TIER_MEMBERS);
	for (size_t i = 0; i < 2; i++) {
		parcel_make(&own[i], &f->fed);
		parcel_known(&own[i], &f->node, &f->fed, NULL);
	}
	parcel_make(&unknown, &f->fed);
	struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[2]);
	parcel_offer(&own[1], &f->node, peer);
	parcel_offer(&own[0], &f->node, peer); /* an older one is not what it holds in the end */
	parcel_offer(foreign, &f->node, peer);
	parcel_offer(&unknown, &f->node, peer);
	assert_int_equal(holders(f, &own[0]), 1);
	assert_int_equal(holders(f, &own[1]), 1);
	assert_int_equal(holders(f, foreign), 1);
	hub_node_down(&f->node, peer);
	assert_int_equal(holders(f, &own[0]), 0);
	assert_int_equal(holders(f, &own[1]), 1);
	assert_int_equal(holders(f, foreign), 0);
	assert_int_equal(holders(f, &unknown), 0);
	for (size_t i = 0; i < 2; i++)
		parcel_fini(&own[i]);
	parcel_fini(&unknown);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(tier_right_and_membership_decide),
		T(what_is_under_way_is_recalled),
		T(chunks_of_older_versions_follow_their_own_tier),
		T(what_is_not_of_a_version_here_is_not_served),
		T(an_unfinished_version_has_no_index),
		T(a_long_index_is_told_in_pages),
		T(being_refused_weighs_little),
		T(who_asks_for_too_much_in_a_turn_is_closed),
		T(small_versions_are_for_who_may_have_them),
		T(who_asks_for_too_many_small_versions_is_closed),
		T(holders_of_own_versions_are_remembered),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
