/* One version on its way: its index from one peer, its chunks from all that have it. */
#include "proto/transfer/fetch.h"
#include "proto/transfer/source.h"

#include "proto/ledger/held.h"
#include "store/chunks.h"
#include "test/proto/made.h"

/* The node is member 1; member 2 has made the version, 3 and 4 may hold it. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
	struct parcel parcel;
};

#define KIB 1024u

/* It is wanted and known; nobody is linked yet. */
static void begin(struct fixture *f, struct parcel parcel)
{
	f->parcel = parcel;
	f->parcel.member = 2;
	f->parcel.path = "gemeinde-2/plan";
	parcel_make(&f->parcel, &f->fed);
	parcel_known(&f->parcel, &f->node, &f->fed, NULL);
	fetch_add(&f->node.hub, f->node.txn, &f->parcel.of, &f->parcel.version, false);
}

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 4, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
	hub_node_machines(&f->node);
	f->node.limits.whole_bytes_max = 0; /* how it is with large ones */
	hub_node_turn(&f->node);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	parcel_fini(&f->parcel);
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static struct peer *holder(struct fixture *f, unsigned member)
{
	struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[member - 1]);
	parcel_offer(&f->parcel, &f->node, peer);
	return peer;
}

/* So much later: one more turn. */
static void go(struct fixture *f, int64_t ms)
{
	hub_node_pass(&f->node, ms);
	scan_tick(&f->node.hub, f->node.txn);
	scan_settle(&f->node.hub, f->node.txn);
}

static void answer_index(struct fixture *f, struct peer *peer, size_t first, size_t last, bool more)
{
	struct buf message = parcel_index(&f->parcel, first, last, more);
	hub_node_hear(&f->node, peer, fetch_index_take, &message);
}

static void answer_all(struct fixture *f, struct peer *peer)
{
	answer_index(f, peer, 0, f->parcel.count, false);
}

static void answer_chunk(struct fixture *f, struct peer *peer, size_t i)
{
	struct event event = parcel_chunk(&f->parcel, i, peer);
	fetch_chunk(&f->node.hub, f->node.txn, peer, &event);
}

/* How many chunks the peer is asked for in this turn; asked[]: counts them by number. */
static unsigned asked(struct fixture *f, const struct peer *peer, unsigned *each)
{
	struct message m;
	struct chunk_addr addr;
	unsigned count = 0;
	for (size_t k = 0; hub_node_sent(&f->node, peer, MESSAGE_CHUNK_GET, k, &m); k++) {
		while (message_next_addr(&m, &addr)) {
			count++;
			for (size_t i = 0; each && i < f->parcel.count; i++)
				each[i] += id_eq(&addr, parcel_addr(&f->parcel, i));
		}
	}
	return count;
}

static bool here(struct fixture *f, size_t i)
{
	return chunks_has(f->node.txn, &f->parcel.of.dataset, parcel_addr(&f->parcel, i));
}

static size_t index_rows(struct fixture *f)
{
	struct walk walk = walk_begin(f->node.txn, TABLE_INDEX, bytes_of(NULL, 0));
	size_t count = 0;
	while (walk_next(&walk))
		count++;
	return count;
}

/* ---- the index ---- */

static void who_is_late_with_the_index_is_left_for_another(void **state)
{
	struct fixture *f = *state;
	begin(f, (struct parcel){.count = 3});
	struct peer *a = holder(f, 2), *b = holder(f, 3);
	go(f, 0);
	assert_heard(&f->node, a, "INDEX_GET");
	assert_heard(&f->node, b, "");
	go(f, 4999);
	assert_heard(&f->node, b, "");
	go(f, 1);
	assert_heard(&f->node, a, "");
	assert_heard(&f->node, b, "INDEX_GET");
	/*
	 * What comes after all from the first was not asked for any more; from the second it
	 * counts.
	 */
	answer_all(f, a);
	assert_int_equal(index_rows(f), 0);
	answer_all(f, b);
	assert_int_equal(index_rows(f), 3);
	go(f, 0);
	/* One that was late waits behind one that was not. */
	assert_int_equal(asked(f, b, NULL), 3);
}

static void who_is_alone_has_longer_for_the_index(void **state)
{
	struct fixture *f = *state;
	begin(f, (struct parcel){.count = 1});
	struct peer *a = holder(f, 2);
	go(f, 0);
	assert_heard(&f->node, a, "INDEX_GET");
	go(f, 29999);
	assert_heard(&f->node, a, "");
	go(f, 1);
	assert_heard(&f->node, a, "");
	answer_all(f, a);
	assert_int_equal(index_rows(f), 0);
	go(f, 100000);
	assert_heard(&f->node, a, "");
	/* It is asked again when it says that it has it. */
	parcel_offer(&f->parcel, &f->node, a);
	go(f, 0);
	assert_heard(&f->node, a, "INDEX_GET");
}

/* Members are asked in turn when nobody says that he holds it, one a second for all versions. */
static void what_nobody_says_it_holds_is_asked_for_in_turn(void **state)
{
	struct fixture *f = *state;
	begin(f, (struct parcel){.count = 3});
	struct peer *peers[] = {hub_node_member(&f->node, &f->fed.orgs[2]),
				hub_node_member(&f->node, &f->fed.orgs[3])};
	for (unsigned ms = 0; ms < 5000; ms += 500) {
		go(f, 500);
		assert_heard(&f->node, peers[0], "");
		assert_heard(&f->node, peers[1], "");
	}
	go(f, 1000);
	bool second = hub_node_sent(&f->node, peers[1], MESSAGE_INDEX_GET, 0, &(struct message){0});
	assert_heard(&f->node, peers[!second], "");
	assert_heard(&f->node, peers[second], "INDEX_GET");
	answer_index(f, peers[second], 0, 0, false); /* it has not got it */
	go(f, 1000);
	assert_heard(&f->node, peers[!second], "INDEX_GET");
	answer_index(f, peers[!second], 0, 0, false);
	for (unsigned ms = 0; ms < 28000; ms += 1000) {
		go(f, 1000); /* all have been asked */
		assert_heard(&f->node, peers[0], "");
		assert_heard(&f->node, peers[1], "");
	}
	/* After a rest they are asked again, and more seldom. */
	unsigned questions = 0;
	for (unsigned ms = 0; ms < 3600 * 1000; ms += 1000) {
		go(f, 1000);
		for (unsigned i = 0; i < 2; i++) {
			if (!hub_node_sent(&f->node, peers[i], MESSAGE_INDEX_GET, 0,
					   &(struct message){0}))
				continue;
			questions++;
			answer_index(f, peers[i], 0, 0, false);
		}
	}
	assert_in_range(questions, 10, 20);
	source_retry(&f->node.hub, peers[0]);
	go(f, 30000);
	assert_heard(&f->node, peers[0], "INDEX_GET");
	answer_all(f, peers[0]);
	go(f, 0);
	assert_int_equal(asked(f, peers[0], NULL), 3);
}

static void an_index_comes_in_pages(void **state)
{
	struct fixture *f = *state;
	struct message m;
	begin(f, (struct parcel){.count = 7});
	struct peer *a = holder(f, 2);
	go(f, 0);
	assert_true(hub_node_sent(&f->node, a, MESSAGE_INDEX_GET, 0, &m));
	assert_false(m.has_addr);
	for (size_t at = 0; at < 6; at += 3) {
		hub_node_forget(&f->node);
		answer_index(f, a, at, at + 3, true);
		assert_true(hub_node_sent(&f->node, a, MESSAGE_INDEX_GET, 0, &m));
		assert_true(m.has_addr);
		assert_memory_equal(m.addr.b, parcel_addr(&f->parcel, at + 2)->b, ID_LEN);
	}
	answer_index(f, a, 6, 7, false);
	go(f, 0);
	assert_int_equal(asked(f, a, NULL), 7);
}

/*
 * Whatever is wrong with it, nothing of it stays, and another peer is asked; who breaks a rule is
 * closed.
 */
static void a_wrong_index_is_asked_of_another(void **state)
{
	static const struct {
		size_t first[2], last[2]; /* of the pages; last 0: there is no second one */
		bool more, of_other;
		const char *hears;
	} cases[] = {
		{{0, 0}, {0, 0}, false, false, ""},        /* empty */
		{{0, 0}, {4, 0}, false, false, ""},        /* one too few */
		{{1, 0}, {5, 0}, false, false, ""},        /* the first is missing */
		{{0, 0}, {5, 0}, false, true, ""},         /* of other chunks */
		{{0, 4}, {4, 6}, true, true, "INDEX_GET"}, /* one too many */
		{{0, 0}, {3, 3}, true, false, "INDEX_GET CLOSE:PROTOCOL"}, /* a page again */
		{{3, 0}, {5, 3}, true, false, "INDEX_GET CLOSE:PROTOCOL"}, /* and back */
		{{0, 0}, {0, 0}, true, false, ""},                         /* an empty page */
	};
	struct fixture *f = *state;
	struct parcel other = {.member = 2, .path = "gemeinde-2/plan", .count = 6, .seed = 9};
	begin(f, (struct parcel){.count = 5});
	parcel_make(&other, &f->fed);
	struct peer *b = holder(f, 3);
	for (size_t i = 0; i < COUNT(cases); i++) {
		/* The last one waits for something, so the next is asked first. */
		b->transfer->in_flight_bytes++;
		struct peer *a = holder(f, 2);
		parcel_offer(&f->parcel, &f->node, b);
		go(f, 0);
		assert_heard(&f->node, a, "INDEX_GET");
		hub_node_forget(&f->node);
		const struct parcel *from = cases[i].of_other ? &other : &f->parcel;
		for (size_t page = 0; page < 2 && (page == 0 || cases[i].last[page]); page++) {
			struct buf message = parcel_index(from, cases[i].first[page],
							  cases[i].last[page], cases[i].more);
			hub_node_hear(&f->node, a, fetch_index_take, &message);
		}
		assert_heard(&f->node, a, cases[i].hears);
		assert_int_equal(index_rows(f), 0);
		go(f, 0);
		assert_heard(&f->node, b, "INDEX_GET");
		/* It says that it has nothing. */
		answer_index(f, b, 0, 0, false);
		hub_node_down(&f->node, a);
	}
	parcel_fini(&other);
}

static void a_version_that_is_gone_is_given_up(void **state)
{
	struct fixture *f = *state;
	begin(f, (struct parcel){.count = 2});
	struct peer *a = holder(f, 2);
	go(f, 0);
	ledger_author_drop(&f->node.hub.ledger, f->node.txn, f->parcel.of.author);
	answer_all(f, a);
	assert_null(fetch_find(&f->node.hub, &f->parcel.of));
	assert_int_equal(index_rows(f), 0);
}

/* ---- chunks ---- */

/* The index is here; the turn that asks for chunks is the next one. */
static struct peer *indexed(struct fixture *f, struct parcel parcel)
{
	begin(f, parcel);
	struct peer *a = holder(f, 2);
	go(f, 0);
	answer_all(f, a);
	return a;
}

static void every_chunk_is_asked_once_of_all_together(void **state)
{
	struct fixture *f = *state;
	unsigned each[20] = {0};
	struct peer *a = indexed(f, (struct parcel){.count = 20}), *b = holder(f, 3);
	hub_node_turn(&f->node);
	struct peer *guest = hub_node_guest(&f->node, &f->fed.orgs[3]);
	struct peer *unmet = holder(f, 4); /* does not know us as a member yet */
	unmet->met = false;
	go(f, 0);
	assert_true(asked(f, a, each) >= 9 && asked(f, b, each) >= 9);
	assert_int_equal(asked(f, guest, each) + asked(f, unmet, each), 0);
	for (size_t i = 0; i < COUNT(each); i++)
		assert_true(each[i] == 1);
	go(f, 1999);
	assert_int_equal(asked(f, a, NULL) + asked(f, b, NULL), 0);
}

/* Somebody reads it while it comes; what is no chunk of it, or is named twice, changes nothing. */
static void what_is_read_comes_first(void **state)
{
	struct fixture *f = *state;
	struct message m;
	struct chunk_addr addr;
	unsigned each[20] = {0};
	struct peer *a = indexed(f, (struct parcel){.count = 20});
	const struct chunk_addr read[] = {*parcel_addr(&f->parcel, 15),
					  *parcel_addr(&f->parcel, 7),
					  *parcel_addr(&f->parcel, 15),
					  {{1}}};
	fetch_hurry(&f->node.hub, f->node.txn, &f->parcel.of, read, COUNT(read));
	go(f, 0);
	assert_true(hub_node_sent(&f->node, a, MESSAGE_CHUNK_GET, 0, &m));
	for (size_t i = 0; i < 2; i++)
		assert_true(message_next_addr(&m, &addr) && id_eq(&addr, &read[i]));
	assert_int_equal(asked(f, a, each), 20);
	for (size_t i = 0; i < COUNT(each); i++)
		assert_int_equal(each[i], 1);
}

static void all_chunks_make_a_version(void **state)
{
	struct fixture *f = *state;
	struct message m;
	struct version_id of;
	struct peer *a = indexed(f, (struct parcel){.count = 3});
	struct peer *stranger = hub_node_guest(&f->node, &f->fed.orgs[3]);
	go(f, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_false(held_complete(f->node.txn, &f->parcel.of));
		answer_chunk(f, a, i);
	}
	go(f, 0);
	assert_true(held_complete(f->node.txn, &f->parcel.of));
	assert_string_equal(hub_node_note(&f->node, NOTE_HELD)->path, "gemeinde-2/plan");
	assert_null(fetch_find(&f->node.hub, &f->parcel.of));
	/* Members hear of it. */
	assert_true(hub_node_sent(&f->node, a, MESSAGE_HOLDS, 0, &m));
	assert_true(message_next_version(&m, &of));
	assert_true(held_same(&of, &f->parcel.of));
	assert_heard(&f->node, stranger, "");
}

/*
 * What one has not sent for two seconds is asked of another with less to do; the first one's answer
 * still counts.
 */
static void a_chunk_comes_from_another_peer(void **state)
{
	struct fixture *f = *state;
	unsigned each[3] = {0};
	struct peer *a = indexed(f, (struct parcel){.count = 3});
	go(f, 0);
	assert_int_equal(asked(f, a, NULL), 3);
	struct peer *b = holder(f, 3);
	go(f, 1999);
	assert_int_equal(asked(f, b, NULL), 0);
	go(f, 1);
	/* For two more it has not enough less to do. */
	assert_int_equal(asked(f, b, each), 1);
	size_t moved = each[0] ? 0 : each[1] ? 1 : 2;
	answer_chunk(f, a, moved);
	assert_true(here(f, moved));
	answer_chunk(f, b, moved); /* a second time: late */
	answer_chunk(f, b, (moved + 1) % 3);
	answer_chunk(f, a, (moved + 2) % 3);
	go(f, 0);
	assert_true(held_complete(f->node.txn, &f->parcel.of));
	assert_int_equal(b->transfer->in_flight_bytes + a->transfer->in_flight_bytes, 0);
}

static void what_was_not_asked_for_is_not_kept(void **state)
{
	struct fixture *f = *state;
	struct parcel other = {.member = 2, .path = "gemeinde-2/plan", .seed = 3};
	parcel_make(&other, &f->fed);
	struct peer *a = indexed(f, (struct parcel){.count = 2});
	struct event event = parcel_chunk(&other, 0, a);
	answer_chunk(f, a, 0); /* known, but nobody was asked yet */
	assert_false(here(f, 0));
	go(f, 0);
	fetch_chunk(&f->node.hub, f->node.txn, a, &event);
	assert_false(chunks_has(f->node.txn, &other.of.dataset, &event.addr));
	parcel_fini(&other);
}

/* A peer is asked for as much as it sends in about a second. */
static void the_window_follows_the_speed(void **state)
{
	static const struct {
		int64_t took_ms;
		unsigned answers, asked; /* asked for after so many answers */
	} cases[] = {
		{0, 1, 2},    {499, 1, 2},  {500, 1, 1},  {1000, 1, 1},
		{1001, 1, 0}, {1001, 4, 1}, {2500, 4, 1}, /* at least one */
		{0, 4, 8},
	};
	struct fixture *f = *state;
	struct peer *a = indexed(f, (struct parcel){.count = 50, .size = 128 * KIB});
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned each[50] = {0};
		hub_node_down(&f->node, a);
		a = holder(f, 3);
		go(f, 0);
		assert_int_equal(asked(f, a, each), 4); /* half a MiB at first */
		hub_node_pass(&f->node, cases[i].took_ms);
		for (unsigned k = 0, answers = 0; answers < cases[i].answers; k++) {
			if (each[k])
				answer_chunk(f, a, k);
			answers += each[k];
		}
		scan_settle(&f->node.hub, f->node.txn);
		assert_int_equal(asked(f, a, NULL), cases[i].asked);
	}
}

static void a_late_peer_gets_one(void **state)
{
	struct fixture *f = *state;
	unsigned each[9] = {0};
	f->node.limits.chunk_timeout_ms = 15000;
	struct peer *a = indexed(f, (struct parcel){.count = 9});
	go(f, 0);
	assert_int_equal(asked(f, a, NULL), 9);
	go(f, 15000);
	assert_int_equal(asked(f, a, NULL), 0);
	go(f, 1);
	assert_int_equal(asked(f, a, each), 1);
	/* Whoever answers goes before it. */
	struct peer *b = holder(f, 3);
	go(f, 0);
	assert_int_equal(asked(f, b, NULL), 8);
	hub_node_down(&f->node, b);
	for (size_t i = 0; i < 9; i++) {
		if (each[i])
			answer_chunk(f, a, i);
	}
	go(f, 0);
	assert_int_equal(asked(f, a, NULL), 8);
}

/* ---- who does not have it ---- */

static void who_has_it_not_is_asked_again_when_it_says_so(void **state)
{
	struct fixture *f = *state;
	struct peer *a = indexed(f, (struct parcel){.count = 1});
	go(f, 0);
	struct event nil = parcel_nil(&f->parcel, 0, a);
	fetch_chunk(&f->node.hub, f->node.txn, a, &nil);
	assert_true(a->up);
	go(f, 60000);
	assert_heard(&f->node, a, "");
	parcel_offer(&f->parcel, &f->node, a);
	go(f, 0);
	assert_heard(&f->node, a, "CHUNK_GET");
	/* Or when they were compared again. */
	fetch_chunk(&f->node.hub, f->node.txn, a, &nil);
	go(f, 0);
	assert_heard(&f->node, a, "");
	source_retry(&f->node.hub, a);
	go(f, 0);
	assert_heard(&f->node, a, "CHUNK_GET");
}

static void an_altered_chunk_ends_the_link(void **state)
{
	struct fixture *f = *state;
	struct peer *a = indexed(f, (struct parcel){.count = 1}), *b = holder(f, 3);
	go(f, 0);
	struct peer *from = asked(f, a, NULL) ? a : b, *other = from == a ? b : a;
	struct event event = parcel_chunk(&f->parcel, 0, from);
	event.err = ERR_CORRUPT;
	fetch_chunk(&f->node.hub, f->node.txn, from, &event);
	assert_heard(&f->node, from, "CHUNK_GET CLOSE:MALFORMED");
	assert_int_equal(hub_node_note(&f->node, NOTE_CHUNK_ALTERED)->author, from->author);
	assert_false(here(f, 0));
	go(f, 0);
	assert_heard(&f->node, other, "CHUNK_GET");
}

static void a_lost_link_is_asked_of_others(void **state)
{
	struct fixture *f = *state;
	struct peer *a = indexed(f, (struct parcel){.count = 4}), *b = holder(f, 3);
	go(f, 0);
	unsigned of_a = asked(f, a, NULL);
	assert_int_equal(of_a + asked(f, b, NULL), 4);
	hub_node_down(&f->node, a);
	go(f, 0);
	assert_int_equal(asked(f, b, NULL), of_a);
}

/*
 * A line may reach a holder later than this node: all are asked again after a second, then two,
 * four... at most a minute.
 */
static void a_holder_that_does_not_know_the_right_is_asked_again(void **state)
{
	static const int64_t waits_ms[] = {1000,  2000,  4000,  8000, 16000,
					   32000, 60000, 60000, 60000};
	struct fixture *f = *state;
	struct message m;
	struct gift gift = {.from = 2, .to = 1, .prefix = "gemeinde-2"};
	gift_made(&gift, &f->node, &f->fed, NULL);
	begin(f, (struct parcel){.count = 1, .tier = TIER_GRANTED});
	struct peer *a = holder(f, 2);
	go(f, 0);
	assert_true(hub_node_sent(&f->node, a, MESSAGE_INDEX_GET, 0, &m));
	answer_all(f, a);
	go(f, 0);
	assert_true(hub_node_sent(&f->node, a, MESSAGE_CHUNK_GET, 0, &m));
	for (size_t i = 0; i < COUNT(waits_ms); i++) {
		struct event nil = parcel_nil(&f->parcel, 0, a);
		fetch_chunk(&f->node.hub, f->node.txn, a, &nil);
		go(f, waits_ms[i] - 1);
		assert_heard(&f->node, a, "");
		assert_int_equal(scan_wake(&f->node.hub), hub_node_mono(&f->node) + 1);
		go(f, 1);
		assert_heard(&f->node, a, "CHUNK_GET");
	}
}

static void without_a_right_it_is_given_up(void **state)
{
	struct fixture *f = *state;
	struct gift gift = {
		.from = 2, .to = 1, .prefix = "gemeinde-2", .expiry_ms = TEST_TIME_MS + 1000};
	gift_made(&gift, &f->node, &f->fed, NULL);
	begin(f, (struct parcel){.count = 1, .tier = TIER_GRANTED});
	struct peer *a = holder(f, 2);
	go(f, 999);
	assert_heard(&f->node, a, "INDEX_GET");
	go(f, 1);
	assert_null(fetch_find(&f->node.hub, &f->parcel.of));
}

/* ---- in which order ---- */

static void who_waits_for_it_goes_first(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct parcel more[2] = {{.member = 2, .path = "gemeinde-2/b"},
				 {.member = 2, .path = "gemeinde-2/c"}};
	struct message m;
	f->node.limits.fetch_count_max = 1;
	begin(f, (struct parcel){.count = 1});
	for (size_t i = 0; i < 2; i++) {
		parcel_make(&more[i], &f->fed);
		parcel_known(&more[i], &f->node, &f->fed, NULL);
		fetch_add(hub, f->node.txn, &more[i].of, &more[i].version, false);
	}
	struct peer *a = holder(f, 2);
	go(f, 0);
	assert_heard(&f->node, a, "INDEX_GET"); /* one at a time */
	fetch_add(hub, f->node.txn, &more[1].of, &more[1].version, true);
	go(f, 0);
	assert_true(hub_node_sent(&f->node, a, MESSAGE_INDEX_GET, 0, &m));
	assert_memory_equal(m.of.dataset.b, more[1].of.dataset.b, ID_LEN);
	assert_heard(&f->node, a, "INDEX_GET");
	parcel_fini(&more[0]);
	parcel_fini(&more[1]);
}

/* ---- damage ---- */

static void a_chunk_gone_bad_is_fetched_again(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	begin(f, (struct parcel){.count = 3});
	fetch_drop(hub, f->node.txn, &f->parcel.of);
	parcel_held(&f->parcel, &f->node);
	struct peer *a = holder(f, 2);
	struct event bad = parcel_chunk(&f->parcel, 1, a);
	bad.type = EVENT_CHUNK_BAD;
	fetch_chunk_bad(hub, f->node.txn, &bad);
	assert_null(hub_node_note(&f->node, NOTE_DAMAGED)); /* it is good, as it is read now */
	chunks_put(f->node.txn, &bad.dataset, &bad.addr, bytes_str("rotten"));
	fetch_chunk_bad(hub, f->node.txn, &bad);
	assert_non_null(hub_node_note(&f->node, NOTE_DAMAGED));
	assert_true(held_damaged(f->node.txn, &f->parcel.of));
	assert_false(fetch_healed(hub, f->node.txn, &f->parcel.of, "gemeinde-2/plan"));
	unsigned each[3] = {0};
	go(f, 0);
	assert_int_equal(asked(f, a, each), 1);
	assert_int_equal(each[1], 1);
	answer_chunk(f, a, 1);
	go(f, 0);
	assert_true(held_complete(f->node.txn, &f->parcel.of));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(who_is_late_with_the_index_is_left_for_another),
		T(who_is_alone_has_longer_for_the_index),
		T(what_nobody_says_it_holds_is_asked_for_in_turn),
		T(an_index_comes_in_pages),
		T(a_wrong_index_is_asked_of_another),
		T(a_version_that_is_gone_is_given_up),
		T(every_chunk_is_asked_once_of_all_together),
		T(what_is_read_comes_first),
		T(all_chunks_make_a_version),
		T(a_chunk_comes_from_another_peer),
		T(what_was_not_asked_for_is_not_kept),
		T(the_window_follows_the_speed),
		T(a_late_peer_gets_one),
		T(who_has_it_not_is_asked_again_when_it_says_so),
		T(an_altered_chunk_ends_the_link),
		T(a_lost_link_is_asked_of_others),
		T(a_holder_that_does_not_know_the_right_is_asked_again),
		T(without_a_right_it_is_given_up),
		T(who_waits_for_it_goes_first),
		T(a_chunk_gone_bad_is_fetched_again),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
