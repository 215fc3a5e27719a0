/*
 * The charter and organisation logs from peers: what is taken, what is asked for next, and whose
 * fault ends the session.
 */
#include "proto/sync/fork.h"
#include "test/proto/hub_node.h"

/* What a peer may send: entries after the one that all have. */
enum { E2, E3, OTHER2, ALTERED2, NEXT4, ENTRY_COUNT };

struct fixture {
	struct hub_fixture *base;
	struct hub_node *node;
	struct peer *peer;
	struct test_org orgs[2]; /* those that are admitted */
	struct buf entries[ENTRY_COUNT];
};

static void admission(struct fixture *f, int at, const struct test_org *org, uint32_t number)
{
	struct charter_change change;
	test_admit(&change, org, number);
	buf_init(&f->entries[at], LIMIT_CHARTER_ENTRY_LEN_MAX);
	test_charter_next(&f->entries[at], &f->base->fed, &f->base->fed.charter, &change, 1);
}

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	hub_fixture_setup((void **)&f->base);
	f->node = &f->base->node;
	f->peer = f->base->peer;
	struct charter *charter = &f->base->fed.charter; /* which the node does not use */
	for (unsigned i = 0; i < COUNT(f->orgs); i++)
		test_org_init(&f->orgs[i], 5 + i);
	admission(f, E2, &f->orgs[0], 5);
	admission(f, OTHER2, &f->orgs[1], 5);
	admission(f, ALTERED2, &f->orgs[0], 5);
	/* Of its three votes, of SIG_LEN and four bytes of form each, one is left. */
	for (size_t i = 0; i < 2; i++)
		f->entries[ALTERED2].ptr[f->entries[ALTERED2].len - 1 - i * (SIG_LEN + 4)] ^= 1;
	assert_int_equal(charter_apply(charter, buf_bytes(&f->entries[E2])), ERR_OK);
	admission(f, E3, &f->orgs[1], 6);
	assert_int_equal(charter_apply(charter, buf_bytes(&f->entries[E3])), ERR_OK);
	struct charter_change same = {
		.kind = CHARTER_STEWARDS, .stewards = {1, 2}, .steward_count = 2};
	buf_init(&f->entries[NEXT4], LIMIT_CHARTER_ENTRY_LEN_MAX);
	test_charter_next(&f->entries[NEXT4], &f->base->fed, charter, &same, 1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < ENTRY_COUNT; i++)
		buf_fini(&f->entries[i]);
	for (unsigned i = 0; i < COUNT(f->orgs); i++)
		test_org_fini(&f->orgs[i]);
	hub_fixture_teardown((void **)&f->base);
	free(f);
	return 0;
}

/*
 * Digits name entries: 1 the first of all, 2 and 3 those that follow, o another 2, x one that lacks
 * a vote, 4, ? no entry.
 */
static void say_charter(struct fixture *f, const char *entries)
{
	static const char names[] = {
		[E2] = '2', [E3] = '3', [OTHER2] = 'o', [ALTERED2] = 'x', [NEXT4] = '4'};
	struct message_list list = message_list_begin(MESSAGE_CHARTER);
	for (; *entries; entries++) {
		if (*entries == '1')
			message_list_bin(&list, buf_bytes(&f->base->fed.entry));
		else if (*entries == '?')
			message_list_bin(&list, bytes_str("?"));
		for (unsigned i = 0; i < ENTRY_COUNT; i++)
			if (names[i] == *entries)
				message_list_bin(&list, buf_bytes(&f->entries[i]));
	}
	hub_node_hear_list(f->node, f->peer, logs_charter_take, &list);
}

/* The number from which the charter is asked for last; 0: it is not. */
static uint32_t charter_asked(struct fixture *f)
{
	struct message m;
	uint32_t number = 0;
	for (size_t i = 0; hub_node_sent(f->node, f->peer, MESSAGE_CHARTER_GET, i, &m); i++)
		number = m.number;
	return number;
}

/* ---- the charter ---- */

static void test_charter_get(void **state)
{
	static const struct {
		uint32_t first, count;
	} cases[] = {{1, 3}, {2, 2}, {3, 1}, {4, 0}, {UINT32_MAX, 0}};
	struct fixture *f = *state;
	struct message m;
	for (int i = E2; i <= E3; i++)
		fork_accept(&f->node->hub, f->node->txn, buf_bytes(&f->entries[i]), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;
		hub_node_forget(f->node);
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_charter_get(&out, cases[i].first);
		hub_node_hear(f->node, f->peer, logs_charter_get, &out);
		assert_true(hub_node_sent(f->node, f->peer, MESSAGE_CHARTER, 0, &m));
		assert_int_equal(m.count, cases[i].count);
	}
}

static void test_charter(void **state)
{
	static const struct {
		uint32_t asked; /* from this number on; 0: not at all */
		uint32_t here;  /* the peer's number */
		const char *said, *heard;
		uint32_t number; /* of the own charter then */
		uint32_t next;   /* asked for next */
		bool news;
	} cases[] = {
		{0, 3, "23", "", 1, 0, false}, /* not asked for */
		{2, 3, "23", "ORGLOG_GET", 3, 0, true},
		{2, 3, "2", "CHARTER_GET", 2, 3, true}, /* it has more still */
		{2, 2, "2", "ORGLOG_GET", 2, 0, true},
		{1, 2, "12", "ORGLOG_GET", 2, 0, true}, /* the first is known */
		{1, 1, "1", "", 1, 0, false},
		{2, 2, "", "", 1, 0, false},
		/* what does not follow is a reason to ask for all, once for each number */
		{3, 3, "3", "CHARTER_GET", 1, 2, false},
		{4, 4, "4", "CHARTER_GET", 1, 2, false},
		/* what is no entry, or not voted, or not in the chain */
		{2, 2, "?", "CLOSE:PROTOCOL", 1, 0, false},
		{2, 2, "x", "CLOSE:PROTOCOL", 1, 0, false},
		{2, 3, "2?", "CLOSE:PROTOCOL", 2, 0, true},
		{2, 3, "2x", "CHARTER_GET", 2, 3, true}, /* the same entry but for the votes */
		/* two entries of one number: nothing follows them */
		{2, 3, "2o3", "ORGLOG_GET", 1, 0, true},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		setup(state);
		struct fixture *f = *state;
		struct hub *hub = &f->node->hub;
		f->peer->sync->charter_here = cases[i].here;
		if (cases[i].asked)
			logs_charter_ask(hub, f->peer, cases[i].asked);
		hub_node_forget(f->node);
		say_charter(f, cases[i].said);
		if (cases[i].number != 1 || !cases[i].news)
			assert_heard(f->node, f->peer, cases[i].heard);
		assert_int_equal(hub->charter.number, cases[i].number);
		assert_int_equal(charter_asked(f), cases[i].next);
		assert_int_equal(hub->charter_news, cases[i].news);
		if (f->peer->up && !cases[i].next) { /* an answer is taken once */
			hub_node_forget(f->node);
			say_charter(f, "23");
			assert_heard(f->node, f->peer, "");
		}
		teardown(state);
	}
}

/* Who is nobody yet takes nothing; who is admitted does, and who may be back. */
static void test_charter_place(void **state)
{
	static const struct {
		enum place place;
		uint32_t number;
	} cases[] = {
		{PLACE_NONE, 1}, {PLACE_JOINING, 1},  {PLACE_WAITING, 1},   {PLACE_FORMER, 2},
		{PLACE_OUT, 2},  {PLACE_ADMITTED, 2}, {PLACE_UNSETTLED, 2},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		setup(state);
		struct fixture *f = *state;
		struct hub *hub = &f->node->hub;
		hub->author = 0;
		hub->has_fed = false;
		hub->place = cases[i].place;
		logs_charter_ask(hub, f->peer, 2);
		say_charter(f, "2");
		assert_int_equal(hub->charter.number, cases[i].number);
		assert_int_equal(hub->has_fed, cases[i].number > 1);
		teardown(state);
	}
}

/* Known entries give a reason to go on only after the charter was asked for from the beginning. */
static void test_charter_go_on(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node->hub;
	for (int i = E2; i <= E3; i++)
		fork_accept(hub, f->node->txn, buf_bytes(&f->entries[i]), 0);
	f->peer->sync->charter_here = 3;
	logs_charter_ask(hub, f->peer, 2);
	say_charter(f, "2");
	assert_heard(f->node, f->peer, "CHARTER_GET");
	f->peer->sync->charter_again = 3;
	logs_charter_ask(hub, f->peer, 2);
	say_charter(f, "2");
	assert_int_equal(charter_asked(f), 3);
	hub_node_forget(f->node);
	say_charter(f, "3");
	assert_heard(f->node, f->peer, "");
}

/* What does not follow is a reason to ask for all once for each number that the peer shows. */
static void test_charter_again(void **state)
{
	static const uint32_t shown[] = {4, 4, 5}, asked[] = {2, 0, 2};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(shown); i++) {
		f->peer->sync->charter_here = shown[i];
		logs_charter_ask(&f->node->hub, f->peer, 4);
		hub_node_forget(f->node);
		say_charter(f, "4");
		assert_int_equal(charter_asked(f), asked[i]);
		assert_true(f->peer->up);
	}
}

/*
 * The entry that the invitation names, or the first of all, is another one at this peer: joining
 * leads nowhere.
 */
static void test_checkpoint(void **state)
{
	static const struct {
		uint32_t number; /* named by the invitation */
		bool fed_other, id_other;
		const char *said;
		bool failed;
		uint32_t taken;
	} cases[] = {
		{2, false, false, "12", false, 2}, {2, false, true, "12", true, 1},
		{2, false, true, "1", false, 1},   {3, false, true, "12", false, 2},
		{2, true, false, "12", true, 1},   {2, true, false, "2", false, 2},
		{2, false, false, "?", true, 1},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		setup(state);
		struct fixture *f = *state;
		struct hub *hub = &f->node->hub;
		hub->invitation = mem_new(1, sizeof(*hub->invitation));
		strcpy(hub->invitation->address, "a.example:1");
		hub->invitation->fed = hub->charter.fed;
		hub->invitation->fed.b[0] ^= cases[i].fed_other;
		hub->invitation->charter_number = cases[i].number;
		charter_entry_id(&hub->invitation->charter_entry_id, buf_bytes(&f->entries[E2]));
		hub->invitation->charter_entry_id.b[0] ^= cases[i].id_other;
		f->peer->sync->charter_here = 2;
		logs_charter_ask(hub, f->peer, 1);
		say_charter(f, cases[i].said);
		assert_int_equal(hub->join_failed, cases[i].failed ? f->peer->link : 0);
		assert_int_equal(hub->charter.number, cases[i].taken);
		if (cases[i].failed)
			assert_string_equal(hub->place_why,
					    "the charter at a.example:1 is not the one that the "
					    "invitation names: ask for a new one.");
		teardown(state);
	}
}

/*
 * A guest that is in no charter although it has the same one goes; one whose keys may just not be
 * known stays.
 */
static void test_stranger(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node->hub;
	struct peer *member = hub_node_guest(f->node, &f->base->fed.orgs[2]);
	for (int stranger = 0; stranger < 2; stranger++) {
		f->peer = stranger ? hub_node_guest(f->node, &f->orgs[0]) : member;
		f->peer->sync->charter_here = f->peer->sync->charter_compared = 1;
		logs_charter_ask(hub, f->peer, 1);
		say_charter(f, "1");
		assert_heard(f->node, f->peer,
			     stranger ? "CHARTER_GET CLOSE:NOT_MEMBER" : "CHARTER_GET");
	}
	hub->author = 0; /* who is no member either does not judge */
	assert_false(logs_stranger(hub, f->peer));
}

/* A node of a member shows entry 2; told: after it was sent FORK. True: it is still frozen here. */
static bool shows(struct fixture *f, const struct test_org *org, bool told)
{
	struct hub *hub = &f->node->hub;
	f->peer = hub_node_member(f->node, org);
	f->peer->sync->charter_here = 2;
	if (told)
		fork_tell(hub, f->node->txn, f->peer);
	logs_charter_ask(hub, f->peer, 2);
	say_charter(f, "2");
	hub_node_forget(f->node);
	return hub->charter.frozen;
}

/*
 * Who is frozen follows more than half of the members that know both entries and keep one: those
 * alone that were told, and a member of 255 nodes is one of four.
 */
static void test_one_voice(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node->hub;
	const struct test_org *orgs = f->base->fed.orgs;
	fork_accept(hub, f->node->txn, buf_bytes(&f->entries[E2]), 0);
	fork_accept(hub, f->node->txn, buf_bytes(&f->entries[OTHER2]), 0);
	assert_true(hub->charter.frozen);
	for (unsigned i = 1; i < 4; i++)
		assert_true(shows(f, &orgs[i], false));
	for (unsigned i = 0; i < 255; i++)
		assert_true(shows(f, &orgs[1], true));
	assert_true(shows(f, &orgs[2], true));
	assert_false(shows(f, &orgs[3], true));
	assert_int_equal(hub->charter.number, 2);
}

/* However many entries stewards sign of an old number, 16 are kept. */
static void test_aside(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node->hub;
	struct charter *charter = &f->base->fed.charter; /* as it was: entry 1 alone */
	charter_fini(charter);
	assert_int_equal(charter_apply(charter, buf_bytes(&f->base->fed.entry)), ERR_OK);
	fork_accept(hub, f->node->txn, buf_bytes(&f->entries[E2]), 0);
	hub->judge_ms += 91 * (24 * 3600 * INT64_C(1000));
	for (unsigned i = 0; i < 20; i++) {
		struct buf entry;
		buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
		charter->time_ms++;
		test_charter_next(&entry, &f->base->fed, charter, NULL, 0);
		assert_int_equal(fork_accept(hub, f->node->txn, buf_bytes(&entry), 0), ERR_EXISTS);
		assert_int_equal(txn_count(f->node->txn, TABLE_FORK), i < 16 ? i + 1 : 16);
		buf_fini(&entry);
	}
	assert_int_equal(hub->charter.number, 2);
}

/* ---- organisation logs ---- */

static void say_orglog(struct fixture *f, const struct test_org *org, struct bytes entry)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG);
	message_list_entry(&list, &org->id, entry);
	hub_node_hear_list(f->node, f->peer, logs_orglog_take, &list);
}

static void test_orglog_get(void **state)
{
	static const struct {
		unsigned org; /* 5: not known here */
		uint32_t first, count;
	} cases[] = {{1, 1, 1}, {2, 1, 2}, {2, 2, 1}, {2, 3, 0}, {2, 0, 0}, {5, 1, 0}};
	struct fixture *f = *state;
	struct message m;
	struct buf second;
	buf_init(&second, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	test_org_second(&second, &f->base->fed.orgs[1], ORGLOG_NODE_ACTIVE, 60);
	orglog_accept(f->node->txn, &f->base->fed.orgs[1].id, buf_bytes(&second), NULL);
	buf_fini(&second);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
		unsigned org = cases[i].org;
		message_list_org(&list, org == 5 ? &f->orgs[0].id : &f->base->fed.orgs[org - 1].id,
				 cases[i].first);
		hub_node_forget(f->node);
		hub_node_hear_list(f->node, f->peer, logs_orglog_get, &list);
		assert_true(hub_node_sent(f->node, f->peer, MESSAGE_ORGLOG, 0, &m));
		assert_int_equal(m.count, cases[i].count);
	}
}

static void test_orglog(void **state)
{
	enum { KNOWN, SECOND, THIRD, FORKED, BAD, STRANGER };
	static const struct {
		int said;
		bool asked;
		const char *heard;
		uint32_t number; /* of member 3's log then */
		bool evidence, hello_due;
	} cases[] = {
		{SECOND, false, "", 1, false, false},
		{SECOND, true, "", 2, false, true},
		{KNOWN, true, "", 1, false, false},
		{BAD, true, "CLOSE:PROTOCOL", 1, false, false},
		{FORKED, true, "", 2, true, true}, /* one of them counts: all hear of it */
		{STRANGER, true, "", 1, false, false},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		setup(state);
		struct fixture *f = *state;
		struct hub *hub = &f->node->hub;
		const struct test_org *org = &f->base->fed.orgs[2];
		uint64_t keys = hub->keys_epoch;
		struct buf entry, other;
		buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
		buf_init(&other, LIMIT_ORGLOG_ENTRY_LEN_MAX);
		test_org_second(&entry, org, ORGLOG_NODE_ACTIVE, 60);
		test_org_second(&other, org, ORGLOG_NODE_ACTIVE, 70);
		if (cases[i].said == FORKED)
			orglog_accept(f->node->txn, &org->id, buf_bytes(&other), NULL);
		entry.ptr[entry.len - 1] ^= cases[i].said == BAD;
		if (cases[i].asked)
			logs_orglog_ask(hub, f->peer, &org->id, 1);
		hub_node_forget(f->node);
		say_orglog(f, cases[i].said == STRANGER ? &f->orgs[0] : org,
			   cases[i].said == KNOWN      ? buf_bytes(&org->entry)
			   : cases[i].said == STRANGER ? buf_bytes(&f->orgs[0].entry)
						       : buf_bytes(&entry));
		assert_heard(f->node, f->peer, cases[i].heard);
		assert_int_equal(orglog_number(f->node->txn, &org->id), cases[i].number);
		assert_int_equal(hub_node_note(f->node, NOTE_EVIDENCE) != NULL, cases[i].evidence);
		assert_int_equal(hub->hello_due, cases[i].hello_due);
		assert_int_equal(hub->keys_epoch > keys, cases[i].hello_due);
		assert_int_equal(orglog_number(f->node->txn, &f->orgs[0].id), 0);
		buf_fini(&entry);
		buf_fini(&other);
		teardown(state);
	}
}

/*
 * After the charter the logs of new members are asked for; the last one makes them peers, and is a
 * reason for HELLO.
 */
static void test_orglogs_missing(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node->hub;
	struct peer *guest = hub_node_guest(f->node, &f->orgs[0]);
	struct message m;
	assert_true(logs_orglogs_here(hub, f->node->txn));
	f->peer->sync->charter_here = 3;
	logs_charter_ask(hub, f->peer, 2);
	say_charter(f, "23");
	assert_false(logs_orglogs_here(hub, f->node->txn));
	assert_true(hub_node_sent(f->node, f->peer, MESSAGE_ORGLOG_GET, 0, &m));
	assert_int_equal(m.count, 2);
	hub_node_forget(f->node);
	say_orglog(f, &f->orgs[0], buf_bytes(&f->orgs[0].entry));
	assert_int_equal(guest->author, author_of(5, 0));
	assert_true(hub_node_sent(f->node, f->peer, MESSAGE_ORGLOG_GET, 0, &m));
	assert_int_equal(m.count, 1);
	assert_false(hub->hello_due);
	say_orglog(f, &f->orgs[1], buf_bytes(&f->orgs[1].entry));
	assert_true(hub->hello_due);
	assert_true(logs_orglogs_here(hub, f->node->txn));
	assert_true(logs_orglogs_ask(hub, f->node->txn, f->peer));
	assert_int_equal(f->peer->sync->orglog_asked, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(charter_get),
		cmocka_unit_test(test_charter),
		cmocka_unit_test(test_charter_place),
		TEST(charter_go_on),
		TEST(charter_again),
		cmocka_unit_test(test_checkpoint),
		TEST(stranger),
		TEST(one_voice),
		TEST(aside),
		TEST(orglog_get),
		cmocka_unit_test(test_orglog),
		TEST(orglogs_missing),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
