/*
 * The own place in a federation: what leads from one to another, what others hear of it, and what
 * people are told.
 */
#include "crypto/hash.h"
#include "proto/charter/contact.h"
#include "proto/sync/fork.h"
#include "test/proto/hub_node.h"

struct fixture {
	struct test_federation fed;      /* which the node is not in yet */
	struct test_org org;             /* the node's; would be member 5 */
	struct test_org rival;           /* whom another entry 2 admits */
	struct invitation invitation;    /* good, for this node */
	struct buf admits, admits_rival; /* entries 2 */
	struct hub_node node;
	struct peer *peer; /* member 1, who has invited */
	struct digest b;   /* what it draws */
};

static void admission_make(struct fixture *f, struct buf *out, const struct test_org *org)
{
	struct charter_change change;
	test_admit(&change, org, 5);
	buf_init(out, LIMIT_CHARTER_ENTRY_LEN_MAX);
	test_charter_next(out, &f->fed, &f->fed.charter, &change, 1);
}

static void invitation_fill(struct fixture *f)
{
	struct invitation *invitation = &f->invitation;
	*invitation = (struct invitation){.fed = f->fed.charter.fed,
					  .charter_number = 1,
					  .charter_entry_id = f->fed.charter.entry_id,
					  .secret = test_key(77),
					  .valid_until_ms = TEST_TIME_MS + 1000};
	strcpy(invitation->fed_name, f->fed.charter.name);
	strcpy(invitation->address, "a.example:1");
	dh_pk_of(&invitation->transport, &f->fed.orgs[0].transport);
	strcpy(invitation->name, f->org.name);
	strcpy(invitation->slug, f->org.slug);
	strcpy(invitation->ags, f->org.ags);
}

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 4, 3, 2);
	test_org_init(&f->org, 5);
	test_org_init(&f->rival, 6);
	admission_make(f, &f->admits, &f->org);
	admission_make(f, &f->admits_rival, &f->rival);
	invitation_fill(f);
	hub_node_open(&f->node, NULL, &f->org);
	f->peer = hub_node_guest(&f->node, &f->fed.orgs[0]);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	hub_node_close(&f->node);
	buf_fini(&f->admits);
	buf_fini(&f->admits_rival);
	test_org_fini(&f->org);
	test_org_fini(&f->rival);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static enum err join(struct fixture *f, const struct invitation *invitation, char why[WHY_LEN])
{
	struct buf text;
	buf_init(&text, LIMIT_INVITATION_LEN_MAX + 1);
	assert_int_equal(invitation_put(&text, invitation), ERR_OK);
	buf_add(&text, bytes_of("", 1));
	enum err err = joining_begin(&f->node.hub, f->node.txn, hub_node_wall(&f->node),
				     (const char *)text.ptr, why);
	buf_fini(&text);
	return err;
}

static void say_answer(struct fixture *f, enum message_join code)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_join_answer(&out, code, "of this reason",
			    code == MESSAGE_JOIN_WAITING ? &f->b : NULL);
	hub_node_hear(&f->node, f->peer, joining_answer_take, &out);
}

static void charter_come(struct fixture *f, const struct buf *entry)
{
	assert_int_equal(fork_accept(&f->node.hub, f->node.txn, buf_bytes(entry), 0), ERR_OK);
	membership_charter_changed(&f->node.hub, f->node.txn);
}

/* ---- from one place to another ---- */

/*
 * What happens: j the invitation is used; a, w, r, b the answer admits, lets wait, refuses, is
 * busy; f it leads nowhere; 1 the charter comes without this organisation; 2 it is admitted; 3
 * another entry 2 comes; c a comparison has ended; x it is removed; s a restart.
 */
static void happens(struct fixture *f, char what)
{
	struct hub_node *node = &f->node;
	char why[WHY_LEN];
	switch (what) {
	case 'j':
		assert_int_equal(join(f, &f->invitation, why), ERR_OK);
		return;
	case 'a':
		say_answer(f, MESSAGE_JOIN_ADMITTED);
		return;
	case 'w':
		say_answer(f, MESSAGE_JOIN_WAITING);
		return;
	case 'r':
		say_answer(f, MESSAGE_JOIN_REFUSED);
		f->peer->up = true;
		return;
	case 'b':
		say_answer(f, MESSAGE_JOIN_BUSY);
		f->peer->up = true;
		return;
	case 'f':
		joining_failed(&node->hub, node->txn);
		return;
	case '1':
		charter_come(f, &f->fed.entry);
		return;
	case '2':
		charter_come(f, &f->admits);
		return;
	case '3':
		charter_come(f, &f->admits_rival);
		return;
	case 'c':
		joining_compared(&node->hub, node->txn);
		return;
	case 'x':
		hub_node_remove(node, &f->fed, 5);
		membership_charter_changed(&node->hub, node->txn);
		return;
	case 's':
		hub_node_machines(node);
		f->peer = hub_node_guest(node, &f->fed.orgs[0]);
		return;
	}
	fail();
}

static void test_places(void **state)
{
	static const char letters[] = {
		[PLACE_NONE] = 'N',     [PLACE_JOINING] = 'J', [PLACE_WAITING] = 'W',
		[PLACE_ADMITTED] = 'A', [PLACE_MEMBER] = 'M',  [PLACE_FORMER] = 'F',
		[PLACE_UNSETTLED] = 'U'};
	static const struct {
		const char *what, *places; /* after each */
	} cases[] = {
		{"awrb", "NNNN"}, /* nobody asked */
		{"jw", "JW"},
		{"jwb", "JWJ"},
		{"jb", "JJ"},
		{"jrj", "JNJ"},
		{"jwr", "JWN"},
		{"jf", "JN"},
		{"jj", "JJ"},   /* another one instead */
		{"jaw", "JAA"}, /* what was said stays said */
		{"jab", "JAA"},
		{"jar", "JAN"},
		{"ja12", "JAAM"},
		{"ja12a", "JAAMM"},
		{"ja12w", "JAAMM"},
		{"ja12x", "JAAMF"},
		{"ja12xj", "JAAMFJ"},
		{"ja12xjr", "JAAMFJF"},
		{"ja123", "JAAMU"},
		{"ja123j", "JAAMUJ"}, /* it follows the charter as a guest, and goes on to */
		{"ja123jr", "JAAMUJU"},
		{"ja123jw", "JAAMUJW"},
		/* after a start */
		{"s", "N"},
		{"jsw", "JJW"},
		{"jws", "JWJ"},
		{"jas", "JAJ"},
		{"ja1s", "JAAJ"},
		{"jrs", "JNN"},
		{"ja12s", "JAAMM"},
		{"ja12cs", "JAAMMM"},
		{"ja12cxs", "JAAMMFF"},
		{"ja12c3s", "JAAMMUU"},
		{"ja12c3js", "JAAMMUJJ"},
		/* the invitation is in use until a comparison with a member has ended */
		{"ja12xs", "JAAMFJ"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char places[16] = "";
		setup(state);
		struct fixture *f = *state;
		for (const char *what = cases[i].what; *what; what++) {
			happens(f, *what);
			places[what - cases[i].what] = letters[f->node.hub.place];
			assert_int_equal(f->node.hub.author != 0,
					 f->node.hub.place == PLACE_MEMBER);
		}
		assert_string_equal(places, cases[i].places);
		teardown(state);
	}
}

/* What people read of a place. */
static void test_status(void **state)
{
	static const struct {
		const char *what;
		enum membership_state status;
		bool waiting, words, charter;
		const char *why;
	} cases[] = {
		{"", MEMBERSHIP_NONE, false, false, false, ""},
		{"j", MEMBERSHIP_JOINING, false, false, false, ""},
		{"jw", MEMBERSHIP_JOINING, true, true, false, ""},
		{"jb", MEMBERSHIP_JOINING, false, false, false,
		 "Landkreis Meißen did not let us in: of this reason"},
		{"jbw", MEMBERSHIP_JOINING, true, true, false, ""}, /* nothing is wrong */
		{"jba", MEMBERSHIP_JOINING, false, false, false, ""},
		{"jws", MEMBERSHIP_JOINING, false, true, false, ""}, /* b is kept */
		{"jr", MEMBERSHIP_NONE, false, false, false,
		 "Landkreis Meißen did not let us in: of this reason"},
		{"jrj", MEMBERSHIP_JOINING, false, false, false, ""},
		{"ja1", MEMBERSHIP_JOINING, false, false, true, ""},
		{"ja12", MEMBERSHIP_MEMBER, false, false, true, ""},
		{"ja12x", MEMBERSHIP_FORMER, false, false, true,
		 "Gemeinde 5 is no member of Landkreis Meißen any more."},
		{"ja123", MEMBERSHIP_FORMER, false, false, true,
		 "the charter entry that admitted Gemeinde 5 does not count: there are two of one "
		 "number, and the members have to settle it."},
		{"ja12cxs", MEMBERSHIP_FORMER, false, false, true,
		 "Gemeinde 5 is no member of Landkreis Meißen any more."},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct membership_status status;
		setup(state);
		struct fixture *f = *state;
		for (const char *what = cases[i].what; *what; what++)
			happens(f, *what);
		membership_status(&f->node.hub, &status);
		assert_int_equal(status.state, cases[i].status);
		assert_int_equal(status.waiting, cases[i].waiting);
		assert_int_equal(status.words[0] != 0, cases[i].words);
		assert_int_equal(status.charter != NULL, cases[i].charter);
		assert_string_equal(status.why, cases[i].why);
		bool member = cases[i].status == MEMBERSHIP_MEMBER;
		assert_int_equal(status.author, member ? author_of(5, 0) : 0);
		assert_int_equal(status.member_number, member ? 5 : 0);
		assert_int_equal(status.frozen_number, strchr(cases[i].what, '3') ? 2 : 0);
		assert_false(status.has_federation_key || status.relay);
		teardown(state);
	}
}

/* ---- using an invitation ---- */

static void test_join_refused(void **state)
{
	enum { GOOD, EXPIRED, LAST_MOMENT, OTHER_NAME, OTHER_SLUG, OTHER_AGS, OTHER_FED };
	static const struct {
		const char *what;
		int is;
		enum err err;
		const char *why;
	} cases[] = {
		{"", GOOD, ERR_OK, ""},
		{"", LAST_MOMENT, ERR_OK, ""},
		{"", EXPIRED, ERR_CONFIG, "the invitation has expired: ask for a new one."},
		{"", OTHER_NAME, ERR_DENIED,
		 "the invitation is for Meißen (gemeinde-5, 14627005), this node is Gemeinde 5 "
		 "(gemeinde-5, 14627005): ask for one in this name."},
		{"", OTHER_SLUG, ERR_DENIED, NULL},
		{"", OTHER_AGS, ERR_DENIED, NULL},
		{"", OTHER_FED, ERR_OK, ""}, /* any, as long as there is none */
		{"ja1", OTHER_FED, ERR_EXISTS,
		 "this node has been let in by the federation \"Landkreis Meißen\" already; a "
		 "directory belongs to one federation: make another with `allmende init -d DIR`."},
		{"ja12", GOOD, ERR_EXISTS,
		 "this node belongs to the federation \"Landkreis Meißen\" already; a directory "
		 "belongs to one federation."},
		{"ja12x", GOOD, ERR_OK, ""},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char why[WHY_LEN] = "";
		setup(state);
		struct fixture *f = *state;
		struct invitation invitation = f->invitation;
		for (const char *what = cases[i].what; *what; what++)
			happens(f, *what);
		invitation.valid_until_ms = hub_node_wall(&f->node) - (cases[i].is == EXPIRED);
		if (cases[i].is == OTHER_NAME)
			strcpy(invitation.name, "Meißen");
		invitation.slug[0] += cases[i].is == OTHER_SLUG;
		invitation.ags[0] += cases[i].is == OTHER_AGS;
		invitation.fed.b[0] ^= cases[i].is == OTHER_FED;
		assert_int_equal(join(f, &invitation, why), cases[i].err);
		if (cases[i].why)
			assert_string_equal(why, cases[i].why);
		teardown(state);
	}
}

static void test_join_text(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "this is not an invitation: it begins with \"allmende2-\"."},
		{"allmende2-",
		 "the invitation is incomplete or mistyped: copy its whole line again."},
		{"allmende2-AAAAAAAAAAAAAAAAAAAA",
		 "the invitation is incomplete or mistyped: copy its whole line again."},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char why[WHY_LEN] = "";
		assert_int_equal(
			joining_begin(&f->node.hub, f->node.txn, TEST_TIME_MS, cases[i].text, why),
			ERR_CONFIG);
		assert_string_equal(why, cases[i].why);
		assert_int_equal(f->node.hub.place, PLACE_NONE);
	}
}

/*
 * The address is dialled, links show another certificate, and a steward that is linked already
 * hears at once.
 */
static void test_join(void **state)
{
	struct fixture *f = *state;
	struct hub_node *node = &f->node;
	struct peer *other = hub_node_guest(node, &f->fed.orgs[1]);
	struct peer *down = hub_node_guest(node, &f->fed.orgs[0]);
	struct join_request request;
	struct message m;
	down->up = false;
	happens(f, 'j');
	assert_heard(node, f->peer, "JOIN");
	assert_heard(node, other, "");
	assert_heard(node, down, "");
	assert_non_null(hub_node_effect(node, EFFECT_CERTIFICATE, 0));
	assert_true(hub_node_sent(node, f->peer, MESSAGE_JOIN, 0, &m));
	assert_int_equal(join_request_get(&request, m.body, &f->fed.charter), ERR_OK);
	assert_true(key_eq(&request.secret, &f->invitation.secret));
	assert_true(id_eq(&request.org, &f->org.id));
	dials_tick(&node->hub);
	assert_string_equal(hub_node_effect(node, EFFECT_DIAL, 0)->address, "a.example:1");
	/* Answers of others are nobody's. */
	f->peer = other;
	say_answer(f, MESSAGE_JOIN_REFUSED);
	assert_int_equal(node->hub.place, PLACE_JOINING);
}

/*
 * Only the first value of the issuer's counts: who could draw another one after the joiner has
 * shown its own would look for words that fit. The request is the same as long as it waits.
 */
static void test_one_value(void **state)
{
	struct fixture *f = *state;
	struct membership_status first, again;
	struct message m;
	struct digest sent;
	happens(f, 'j');
	assert_true(hub_node_sent(&f->node, f->peer, MESSAGE_JOIN, 0, &m));
	hash_once(sent.b, "test", m.body);
	happens(f, 'w');
	membership_status(&f->node.hub, &first);
	happens(f, 's');
	joining_up(&f->node.hub, f->node.txn, f->peer);
	assert_true(hub_node_sent(&f->node, f->peer, MESSAGE_JOIN, 0, &m));
	struct digest again_sent;
	hash_once(again_sent.b, "test", m.body);
	assert_true(id_eq(&sent, &again_sent));
	happens(f, 'w');
	membership_status(&f->node.hub, &again);
	assert_string_equal(again.words, first.words);
	f->b.b[0] ^= 1;
	happens(f, 'w');
	assert_int_equal(f->node.hub.place, PLACE_NONE);
	assert_non_null(strstr(f->node.hub.place_why, "has answered this request in two ways"));
}

static void test_answers(void **state)
{
	static const struct {
		char what;
		const char *heard;
		bool waits, failed, invited;
	} cases[] = {
		{'a', "JOIN HELLO", false, false, true},
		{'w', "JOIN JOIN_OPEN", true, false, true},
		{'b', "JOIN CLOSE:DONE", false, true, true}, /* asked again with the next link */
		{'r', "JOIN CLOSE:DONE", false, true, false},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		setup(state);
		struct fixture *f = *state;
		happens(f, 'j');
		happens(f, cases[i].what);
		assert_heard(&f->node, f->peer, cases[i].heard);
		assert_int_equal(f->peer->waits, cases[i].waits);
		const struct note *note = hub_node_note(&f->node, NOTE_JOIN_FAILED);
		assert_int_equal(note != NULL, cases[i].failed);
		if (note)
			assert_string_equal(note->text,
					    "Landkreis Meißen did not let us in: of this reason");
		assert_int_equal(f->node.hub.invitation != NULL, cases[i].invited);
		assert_int_equal(f->node.hub.has_fed, cases[i].invited);
		teardown(state);
	}
}

/* ---- a link comes up ---- */

static void test_up(void **state)
{
	static const struct {
		const char *what;
		unsigned org; /* whose link; 1 has invited */
		bool no_root, is_further;
		const char *heard;
		enum place place;
		const char *why;
	} cases[] = {
		{"", 1, false, false, "", PLACE_NONE, ""},
		{"j", 1, false, false, "JOIN", PLACE_JOINING, ""},
		{"j", 2, false, false, "", PLACE_JOINING, ""},
		{"j", 1, true, false, "", PLACE_JOINING,
		 "the root key is not on this machine, so the request to join can not be signed"},
		{"j", 1, true, true, "HELLO", PLACE_ADMITTED,
		 ""}, /* its organisation is a member */
		{"ja1", 2, false, false, "ORGLOG_GET", PLACE_ADMITTED, ""},
		{"ja12", 1, false, false, "ORGLOG_GET", PLACE_MEMBER, ""},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		setup(state);
		struct fixture *f = *state;
		struct identity *identity = &f->node.identity;
		if (cases[i].no_root) {
			secret_close(identity->root);
			identity->root = NULL;
		}
		identity->node_index = cases[i].is_further;
		for (const char *what = cases[i].what; *what; what++)
			happens(f, *what);
		struct peer *peer = hub_node_guest(&f->node, &f->fed.orgs[cases[i].org - 1]);
		joining_up(&f->node.hub, f->node.txn, peer);
		assert_heard(&f->node, peer, cases[i].heard);
		assert_int_equal(f->node.hub.place, cases[i].place);
		assert_string_equal(f->node.hub.place_why, cases[i].why);
		teardown(state);
	}
}

/* ---- a member ---- */

/* What everybody is told when it is one, and what ends the invitation. */
static void test_joined(void **state)
{
	struct fixture *f = *state;
	struct hub_node *node = &f->node;
	struct row_key row = key_name("join");
	happens(f, 'j');
	happens(f, 'a');
	happens(f, '1');
	hub_node_turn(node);
	assert_null(hub_node_note(node, NOTE_JOINED));
	joining_compared(&node->hub, node->txn); /* as a guest: it does not count */
	assert_non_null(node->hub.invitation);
	happens(f, '2');
	const struct note *note = hub_node_note(node, NOTE_JOINED);
	assert_int_equal(note->author, author_of(5, 0));
	assert_string_equal(note->text, "Landkreis Meißen");
	assert_non_null(hub_node_effect(node, EFFECT_CERTIFICATE, 0));
	assert_true(txn_has(node->txn, TABLE_META, row_key_bytes(&row)));
	joining_compared(&node->hub, node->txn);
	assert_null(node->hub.invitation);
	assert_false(txn_has(node->txn, TABLE_META, row_key_bytes(&row)));
	dials_tick(&node->hub);
	assert_null(hub_node_effect(node, EFFECT_DIAL, 0));
}

/* When all logs are here others are compared with, under the new charter; who was removed goes. */
static void test_charter_changed(void **state)
{
	struct fixture *f = *state;
	struct hub_node node;
	hub_node_open(&node, &f->fed, &f->fed.orgs[0]);
	struct peer *second = hub_node_member(&node, &f->fed.orgs[1]);
	struct peer *fourth = hub_node_member(&node, &f->fed.orgs[3]);
	uint64_t keys = node.hub.keys_epoch;
	node.hub.charter_news = true;
	hub_node_remove(&node, &f->fed, 4);
	membership_charter_changed(&node.hub, node.txn);
	assert_false(node.hub.charter_news);
	assert_true(node.hub.keys_epoch > keys);
	assert_heard(&node, second, "HELLO");
	assert_heard(&node, fourth, "CLOSE:OUT");
	hub_node_turn(&node);
	struct charter_change change;
	test_admit(&change, &f->org, 5);
	hub_node_charter(&node, &f->fed, &change, 1);
	second->sync->hello_waits = false;
	membership_charter_changed(&node.hub, node.txn);
	assert_heard(&node, second, ""); /* the log of the new member is not here yet */
	hub_node_close(&node);
}

/* Where this node may be dialled is told once, and again when it has changed. */
static void test_contact(void **state)
{
	static const char *const one[] = {"a.example:1", NULL};
	static const char *const nine[] = {"a:1", "b:1", "c:1", "d:1", "e:1",
					   "f:1", "g:1", "h:1", "i:1", NULL};
	static const struct {
		const char *const *addresses;
		bool dial_only;
		const char *operator;
		size_t count;
		uint64_t sequence; /* of the record: a new one when it has changed */
		const char *operator_said;
	} cases[] = {
		{NULL, false, "self", 0, 1, ""},
		{NULL, false, "self", 0, 1, ""},
		{one, false, "self", 1, 2, ""},
		{one, false, "self", 1, 2, ""},
		{one, true, "self", 0, 3, ""},
		{nine, false, "hosted:Rechenzentrum", 8, 4, "Rechenzentrum"},
	};
	struct fixture *f = *state;
	struct hub_node node;
	struct record_slot slot = record_slot_contact();
	hub_node_open(&node, &f->fed, &f->fed.orgs[0]);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct contact contact;
		struct record record;
		struct hub *hub = &node.hub;
		hub->options.addresses = cases[i].addresses;
		hub->options.dial_only = cases[i].dial_only;
		strcpy(node.identity.operator, cases[i].operator);
		hub->author = 0; /* as at a start */
		membership_own_place(hub, node.txn);
		assert_int_equal(ledger_slot(&hub->ledger, node.txn, record_slot_bytes(&slot),
					     author_of(1, 0), &record),
				 ERR_OK);
		assert_int_equal(contact_get(&contact, record.body), ERR_OK);
		assert_int_equal(contact.address_count, cases[i].count);
		assert_int_equal(record.sequence, cases[i].sequence);
		assert_true(bytes_eq(contact.operator_name, bytes_str(cases[i].operator_said)));
		assert_true(bytes_eq(contact.software, bytes_str("test 1")));
	}
	hub_node_close(&node);
}

/* Of the nodes of a member the one that needs attention most is shown. */
static void test_member(void **state)
{
	struct fixture *f = *state;
	struct hub_node node;
	struct member_state shown;
	struct ledger_node third;
	struct bytes head;
	hub_node_open(&node, &f->fed, &f->fed.orgs[0]);
	hub_node_member(&node, &f->fed.orgs[1]);
	hub_node_fill(&node, &f->fed, 1, 2, 10);
	ledger_node_open(&third, &f->fed, 3);
	test_append(&third.ledger, third.txn, 1, 10);
	ledger_head_make(&third.ledger, third.txn, NULL);
	assert_true(ledger_head(third.txn, author_of(3, 0), 1, &head));
	ledger_accept_head(&node.hub.ledger, node.txn, head, NULL);
	ledger_node_close(&third);
	static const struct {
		uint32_t member;
		int64_t later_ms;
		const char *state;
		bool self, linked;
		uint64_t missing, records;
		bool head;
	} cases[] = {
		{1, 0, "complete", true, false, 0, 2, true},
		{2, 0, "unknown", false, true, 0, 0, false},
		{3, 0, "partial", false, false, 1, 0, true},
		{4, 0, "unknown", false, false, 0, 0, false},
		{1, 26 * 3600 * 1000 + 1, "stale", true, false, 0, 2, true},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		hub_node_pass(&node, cases[i].later_ms);
		membership_member(&node.hub, node.txn, hub_node_wall(&node), cases[i].member,
				  &shown);
		assert_string_equal(shown.state, cases[i].state);
		assert_int_equal(shown.author, author_of(cases[i].member, 0));
		assert_int_equal(shown.self, cases[i].self);
		assert_int_equal(shown.linked, cases[i].linked);
		assert_int_equal(shown.missing, cases[i].missing);
		assert_int_equal(shown.record_count, cases[i].records);
		assert_int_equal(shown.head_time_ms, cases[i].head ? TEST_TIME_MS : 0);
	}
	hub_node_close(&node);
}

/* An invitation that can not be read any more does not keep the node from starting. */
static void test_open_bad(void **state)
{
	struct fixture *f = *state;
	struct row_key row = key_name("join");
	txn_put(f->node.txn, TABLE_META, row_key_bytes(&row), bytes_str("allmende2-x"));
	happens(f, 's');
	assert_int_equal(f->node.hub.place, PLACE_NONE);
	assert_string_equal(f->node.hub.place_why,
			    "the invitation in this directory can not be read; ask for a new one");
	assert_false(txn_has(f->node.txn, TABLE_META, row_key_bytes(&row)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_join_refused),
		TEST(join_text),
		TEST(join),
		cmocka_unit_test_setup_teardown(test_one_value, setup, teardown),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_up),
		TEST(joined),
		TEST(charter_changed),
		TEST(contact),
		TEST(member),
		TEST(open_bad),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
