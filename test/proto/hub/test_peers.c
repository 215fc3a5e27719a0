/* Who is let in, which of two links stays, whom to dial and when. */
#include "proto/charter/contact.h"
#include "test/proto/hub_node.h"

static int64_t wake(const struct hub *hub)
{
	int64_t peers_ms = peers_wake(hub), dials_ms = dials_wake(hub);
	return peers_ms < dials_ms ? peers_ms : dials_ms;
}

static void tick(struct hub_node *node)
{
	peers_tick(&node->hub);
	dials_tick(&node->hub);
}

/* ---- certificates ---- */

/* A link shows a certificate; what it is told. A peer that is let in gets its parts. */
static const char *cert_show(struct hub_node *node, const struct test_org *org, uint8_t node_index,
			     const struct dh_pk *key, struct bytes entry)
{
	struct event event = {
		.type = EVENT_LINK_CERT,
		.link = ++node->link_last,
		.key = *key,
		.certificate = {.org = org->id, .node_index = node_index, .entry = entry}};
	struct peer *peer = peers_cert(&node->hub, node->txn, &event);
	if (peer) {
		flow_open(peer);
		holds_open(peer);
	}
	assert_true((peer != NULL) == (peers_find(&node->hub, event.link) != NULL));
	return hub_node_heard(node, event.link);
}

static struct dh_pk key_of_org(const struct test_org *org)
{
	struct dh_pk key;
	dh_pk_of(&key, &org->transport);
	return key;
}

static const char *org_show(struct hub_node *node, const struct test_org *org)
{
	struct dh_pk key = key_of_org(org);
	return cert_show(node, org, 0, &key, buf_bytes(&org->entry));
}

static struct peer *peer_last(struct hub_node *node)
{
	return node->hub.peers.items[node->hub.peers.count - 1];
}

static void test_certificates(void **state)
{
	enum { KEY_RIGHT, KEY_OTHER, KEY_OWN };
	enum { ENTRY_FIRST, ENTRY_SECOND, ENTRY_BAD };
	static const struct {
		unsigned member; /* 5: of another organisation */
		uint8_t node_index;
		int key, entry;
		const char *heard;
		uint32_t author; /* of the peer that is let in; 0: a guest */
	} cases[] = {
		{2, 0, KEY_RIGHT, ENTRY_FIRST, "ADMIT", 2 * 256},
		{2, 0, KEY_RIGHT, ENTRY_BAD, "ADMIT", 2 * 256}, /* its key is known */
		{5, 0, KEY_RIGHT, ENTRY_FIRST, "ADMIT", 0},
		{1, 0, KEY_OWN, ENTRY_FIRST, "REFUSE:OWN", 0},
		{5, 0, KEY_OWN, ENTRY_FIRST, "REFUSE:OWN", 0},
		/* a member with a key that is not in its log needs a newer log to show */
		{2, 0, KEY_OTHER, ENTRY_FIRST, "REFUSE:CERTIFICATE", 0},
		{2, 1, KEY_RIGHT, ENTRY_FIRST, "REFUSE:CERTIFICATE", 0},
		{2, 0, KEY_OTHER, ENTRY_BAD, "REFUSE:CERTIFICATE", 0},
		{2, 0, KEY_OTHER, ENTRY_SECOND, "ADMIT", 0},
	};
	struct hub_fixture *f = *state;
	struct test_org stranger;
	test_org_init(&stranger, 5);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct test_org *org =
			cases[i].member == 5 ? &stranger : &f->fed.orgs[cases[i].member - 1];
		struct dh_pk key =
			cases[i].key == KEY_OWN ? f->node.identity.transport_pk : key_of_org(org);
		struct buf entry;
		key.b[0] ^= cases[i].key == KEY_OTHER;
		buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
		if (cases[i].entry == ENTRY_FIRST)
			buf_add(&entry, buf_bytes(&org->entry));
		else if (cases[i].entry == ENTRY_SECOND)
			test_org_second(&entry, org, ORGLOG_NODE_ACTIVE, 60);
		assert_string_equal(
			cert_show(&f->node, org, cases[i].node_index, &key, buf_bytes(&entry)),
			cases[i].heard);
		if (!strcmp(cases[i].heard, "ADMIT")) {
			const struct peer *peer = peer_last(&f->node);
			assert_int_equal(peer->author, cases[i].author);
			assert_int_equal(peer->class, cases[i].author ? PEER_MEMBER : PEER_GUEST);
			assert_false(peer->up);
		}
		buf_fini(&entry);
	}
	test_org_fini(&stranger);
}

/* A node of the log that is retired is a guest; the other one of the same log is a member. */
static void test_certificate_nodes(void **state)
{
	struct hub_fixture *f = *state;
	const struct test_org *org = &f->fed.orgs[2];
	struct buf entry;
	struct key transport = test_key(61);
	struct dh_pk key;
	dh_pk_of(&key, &transport);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	test_org_second(&entry, org, ORGLOG_NODE_RETIRED, 60);
	assert_int_equal(orglog_accept(f->node.txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	assert_string_equal(org_show(&f->node, org), "ADMIT");
	assert_int_equal(peer_last(&f->node)->author, 0);
	assert_true(peer_last(&f->node)->out);
	assert_string_equal(cert_show(&f->node, org, 1, &key, buf_bytes(&entry)), "ADMIT");
	assert_int_equal(peer_last(&f->node)->author, author_of(3, 1));
	buf_fini(&entry);
}

/* Who is no member itself treats everybody as a guest. */
static void test_certificates_outside(void **state)
{
	struct hub_fixture *f = *state;
	f->node.hub.author = 0;
	assert_string_equal(org_show(&f->node, &f->fed.orgs[1]), "ADMIT");
	assert_int_equal(peer_last(&f->node)->class, PEER_GUEST);
}

/* Who shows a certificate finds the place that places.h gives it. */
static void test_places(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct test_org guests[3];
	node->limits.peer_count_max = 16;
	for (unsigned i = 0; i < COUNT(guests); i++) {
		test_org_init(&guests[i], 5 + i);
		assert_string_equal(org_show(node, &guests[i]), "ADMIT");
	}
	assert_string_equal(hub_node_heard(node, node->link_last - 2), "ADMIT CLOSE:BUSY");
	for (unsigned i = 0; i < 7; i++)
		assert_string_equal(org_show(node, &f->fed.orgs[3]), "ADMIT");
	assert_string_equal(org_show(node, &f->fed.orgs[3]), "REFUSE:BUSY");
	assert_string_equal(org_show(node, &f->fed.orgs[2]), "ADMIT");
	/* A node that is linked already comes again: it needs no other place. */
	assert_string_equal(org_show(node, &f->fed.orgs[1]), "ADMIT");
	/* One that was told to end does not come up any more. */
	struct event event = {.type = EVENT_LINK_UP, .link = node->link_last};
	hub_close_link(&node->hub, peers_find(&node->hub, event.link), LINK_REASON_BUSY);
	assert_null(peers_up(&node->hub, &event));
	for (unsigned i = 0; i < COUNT(guests); i++)
		test_org_fini(&guests[i]);
}

/* Guests that are told to end, and do not, are in the way of guests alone. */
static void test_places_leaving(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct test_org guest;
	node->limits.peer_count_max = 16;
	test_org_init(&guest, 5);
	for (unsigned i = 0; i < 4 * node->limits.peer_count_max; i++)
		org_show(node, &guest);
	assert_string_equal(org_show(node, &guest), "REFUSE:BUSY");
	assert_string_equal(org_show(node, &f->fed.orgs[2]), "ADMIT");
	assert_string_equal(org_show(node, &f->fed.orgs[3]), "ADMIT");
	test_org_fini(&guest);
}

/* ---- links ---- */

static struct peer *link_up(struct hub_node *node, const struct test_org *org, uint64_t dial)
{
	org_show(node, org);
	struct event event = {.type = EVENT_LINK_UP, .link = node->link_last, .dial = dial};
	peer_last(node)->dial = dial;
	peers_up(&node->hub, &event);
	return peers_find(&node->hub, event.link);
}

/* Both ends keep the link that the smaller author dialled; of two by one dialler the newer. */
static void test_double(void **state)
{
	static const struct {
		unsigned own, other;
		bool first_ours, second_ours;
		bool first_stays;
	} cases[] = {
		{1, 2, true, false, true},   {1, 2, false, true, false}, {1, 2, true, true, false},
		{1, 2, false, false, false}, {2, 1, true, false, false}, {2, 1, false, true, true},
		{2, 1, true, true, false},
	};
	struct hub_fixture *f = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct test_org *other = &f->fed.orgs[cases[i].other - 1];
		struct hub_node node;
		hub_node_open(&node, &f->fed, &f->fed.orgs[cases[i].own - 1]);
		struct peer *third = link_up(&node, &f->fed.orgs[3], 0);
		struct peer *first = link_up(&node, other, cases[i].first_ours ? 7 : 0);
		struct peer *second = link_up(&node, other, cases[i].second_ours ? 8 : 0);
		assert_heard(&node, first, cases[i].first_stays ? "ADMIT" : "ADMIT CLOSE:REPLACED");
		assert_heard(&node, second,
			     cases[i].first_stays ? "ADMIT CLOSE:REPLACED" : "ADMIT");
		assert_heard(&node, third, "ADMIT");
		assert_ptr_equal(peers_by_author(&node.hub, author_of(cases[i].other, 0)),
				 cases[i].first_stays ? first : second);
		hub_node_close(&node);
	}
}

/* People hear of a link that was up, and why it ended; of one that never was they do not. */
static void test_up_down(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct event unknown = {.type = EVENT_LINK_UP, .link = 999};
	assert_null(peers_up(&node->hub, &unknown));
	unknown.type = EVENT_LINK_DOWN;
	assert_null(peers_down(&node->hub, &unknown));
	struct peer *peer = link_up(node, &f->fed.orgs[2], 0);
	assert_int_equal(hub_node_note(node, NOTE_PEER_UP)->author, author_of(3, 0));
	hub_node_down(node, peer);
	assert_string_equal(hub_node_note(node, NOTE_PEER_DOWN)->text,
			    link_reason_text(LINK_REASON_LOST));
	hub_node_turn(node);
	org_show(node, &f->fed.orgs[3]);
	hub_node_down(node, peer_last(node));
	assert_null(hub_node_note(node, NOTE_PEER_DOWN));
}

/* A guest has two minutes to become a member, unless the stewards let it wait. */
static void test_guest_time(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct test_org org;
	test_org_init(&org, 5);
	struct peer *guest = hub_node_guest(node, &org), *waiting = hub_node_guest(node, &org);
	waiting->waits = true;
	assert_int_equal(wake(&node->hub), hub_node_mono(node) + 120001);
	hub_node_pass(node, 120000);
	tick(node);
	assert_heard(node, guest, "");
	hub_node_pass(node, 1);
	tick(node);
	assert_heard(node, guest, "CLOSE:NOT_MEMBER");
	assert_heard(node, waiting, "");
	assert_heard(node, f->peer, "");
	assert_true(wake(&node->hub) == INT64_MAX);
	test_org_fini(&org);
}

/* ---- dialling ---- */

/* The attempt that this turn begins; 0: none. */
static uint64_t dialled(struct hub_node *node)
{
	hub_node_forget(node);
	tick(node);
	const struct effect *dial = hub_node_effect(node, EFFECT_DIAL, 0);
	assert_null(hub_node_effect(node, EFFECT_DIAL, 1));
	return dial ? dial->dial : 0;
}

/* Addresses that are dialled in this moment, in order, with blanks between. */
static const char *addresses_dialled(struct hub_node *node, char out[512])
{
	const struct effect *dial;
	hub_node_forget(node);
	tick(node);
	out[0] = 0;
	for (size_t i = 0; (dial = hub_node_effect(node, EFFECT_DIAL, i)); i++) {
		strcat(out, i ? " " : "");
		strcat(out, dial->address);
	}
	return out;
}

static void dial_fails(struct hub_node *node, uint64_t dial, uint64_t link)
{
	struct event event = {
		.type = EVENT_LINK_DOWN, .dial = dial, .link = link, .reason = LINK_REASON_TIMEOUT};
	assert_null(peers_down(&node->hub, &event));
}

/* The next attempt comes after half to one and a half of the back-off, and not before. */
static void assert_dial_after(struct hub_node *node, int64_t backoff_ms)
{
	int64_t wait_ms = wake(&node->hub) - hub_node_mono(node);
	assert_in_range(wait_ms, backoff_ms / 2, backoff_ms + backoff_ms / 2);
	hub_node_pass(node, wait_ms - 1);
	assert_int_equal(dialled(node), 0);
	hub_node_pass(node, 1);
}

static void test_backoff(void **state)
{
	static const int64_t waits[] = {500, 1000, 2000, 3000, 3000};
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct peer_state shown;
	char why[WHY_LEN];
	node->limits.dial_backoff_ms_max = 3000;
	assert_int_equal(dials_add(&node->hub, node->txn, "a.example:1", why), ERR_OK);
	uint64_t dial = dialled(node);
	for (size_t i = 0; i < COUNT(waits); i++) {
		assert_true(dial != 0);
		assert_int_equal(dialled(node), 0); /* one attempt at a time */
		dial_fails(node, dial, 0);
		assert_true(peers_show(&node->hub, 1, &shown));
		assert_string_equal(shown.why, link_reason_text(LINK_REASON_TIMEOUT));
		assert_string_equal(shown.address, "a.example:1");
		assert_true(shown.manual && shown.dialled && shown.link == 0);
		assert_dial_after(node, waits[i]);
		dial = dialled(node);
	}
	/*
	 * A link that lived only shortly does not count as a good one; another is dialled soon
	 * again.
	 */
	for (int64_t lived_ms = 19999; lived_ms <= 20000; lived_ms++) {
		struct peer *peer = link_up(node, &f->fed.orgs[2], dial);
		assert_true(peers_show(&node->hub, 1, &shown));
		assert_true(shown.manual && shown.link == peer->link);
		assert_string_equal(shown.address, "a.example:1");
		assert_false(peers_show(&node->hub, 2, &shown));
		hub_node_pass(node, lived_ms);
		assert_int_equal(dialled(node), 0);
		hub_node_down(node, peer);
		assert_dial_after(node, lived_ms < 20000 ? 3000 : 500);
		dial = dialled(node);
	}
}

/* Whom a person adds is dialled now and after every start. */
static void test_add(void **state)
{
	static const struct {
		const char *address;
		enum err err;
		const char *why;
	} cases[] = {
		{"rathaus.example:7400", ERR_OK, ""},
		{"[2001:db8::1]:7400", ERR_OK, ""},
		{"rathaus.example:7400", ERR_EXISTS,
		 "rathaus.example:7400 is in the list already: see `allmende peers`."},
		{"rathaus.example", ERR_CONFIG,
		 "\"rathaus.example\" is not an address: write HOST:PORT, for example "
		 "rathaus.example:7400 or [2001:db8::1]:7400."},
		{"rathaus.example:70000", ERR_CONFIG, NULL},
		{"", ERR_CONFIG, NULL},
	};
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char why[WHY_LEN] = "";
		assert_int_equal(dials_add(&node->hub, node->txn, cases[i].address, why),
				 cases[i].err);
		if (cases[i].why)
			assert_string_equal(why, cases[i].why);
	}
	tick(node);
	assert_string_equal(hub_node_effect(node, EFFECT_DIAL, 0)->address, "rathaus.example:7400");
	assert_false(hub_node_effect(node, EFFECT_DIAL, 0)->has_expected);
	assert_string_equal(hub_node_effect(node, EFFECT_DIAL, 1)->address, "[2001:db8::1]:7400");
	hub_node_machines(node);
	tick(node);
	assert_non_null(hub_node_effect(node, EFFECT_DIAL, 1));
	assert_null(hub_node_effect(node, EFFECT_DIAL, 2));
}

/* Nobody is dialled without a federation, or by who does not follow its charter. */
static void test_dial_wanted(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	char why[WHY_LEN];
	dials_add(&node->hub, node->txn, "a.example:1", why);
	node->hub.has_fed = false;
	assert_int_equal(dialled(node), 0);
	node->hub.has_fed = true;
	node->hub.author = 0;
	node->hub.place = PLACE_NONE;
	assert_int_equal(dialled(node), 0);
	assert_true(wake(&node->hub) == INT64_MAX);
	node->hub.place = PLACE_UNSETTLED;
	assert_true(dialled(node) != 0);
}

/*
 * The address of the invitation in use is dialled by who is nobody yet, and only its key is taken.
 */
static void test_invitation(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	char text[512], why[512];
	const struct dh_pk key = key_of_org(&f->fed.orgs[1]);
	node->hub.author = 0;
	node->hub.place = PLACE_JOINING;
	dials_invitation(&node->hub, "a.example:1", &key);
	uint64_t dial = dialled(node);
	const struct effect *effect = hub_node_effect(node, EFFECT_DIAL, 0);
	assert_true(effect->has_expected && id_eq(&effect->expected, &key));
	dial_fails(node, dial, 0);
	assert_string_equal(node->hub.place_why,
			    "a.example:1 does not let us in: the handshake took too long");
	hub_node_pass(node, 60 * 1000);
	dial = dialled(node);
	assert_true(dial != 0);
	dials_invitation_done(&node->hub); /* under way: goes on, but is no invitation's any more */
	dial_fails(node, dial, 0);
	hub_node_pass(node, 60 * 1000);
	assert_int_equal(dialled(node), 0);
	assert_int_equal(dials_add(&node->hub, node->txn, "m.example:1", why), ERR_OK);
	dials_invitation(&node->hub, "m.example:1", &key);
	dials_invitation(&node->hub, "b.example:1", &key);
	dials_invitation_done(&node->hub);
	node->hub.place = PLACE_UNSETTLED;
	assert_string_equal(addresses_dialled(node, text), "m.example:1 a.example:1");
	assert_false(hub_node_effect(node, EFFECT_DIAL, 0)->has_expected);
}

/* ---- contact records ---- */

static void contact_come(struct hub_node *node, uint32_t author, const char *one, const char *two)
{
	struct contact contact = {.software = bytes_str("test 1")};
	struct record record = {.author = author, .kind = RECORD_CONTACT};
	struct buf body;
	if (one)
		contact.addresses[contact.address_count++] = bytes_str(one);
	if (two)
		contact.addresses[contact.address_count++] = bytes_str(two);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	contact_put(&body, &contact);
	record.body = buf_bytes(&body);
	dials_contact(&node->hub, node->txn, &record);
	buf_fini(&body);
}

static void test_contact(void **state)
{
	static const char *const own[] = {"own.example:1", NULL};
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	const struct dh_pk key = key_of_org(&f->fed.orgs[2]);
	char text[512], why[512];
	node->hub.options.addresses = own;
	contact_come(node, author_of(1, 0), "mine.example:1", NULL); /* of this node */
	contact_come(node, author_of(3, 5), "none.example:1", NULL); /* no such node */
	contact_come(node, author_of(9, 0), "none.example:1", NULL); /* no such member */
	contact_come(node, author_of(3, 0), "own.example:1", "c.example:1");
	assert_string_equal(addresses_dialled(node, text), ""); /* a moment later */
	hub_node_pass(node, 150);
	assert_string_equal(addresses_dialled(node, text), "c.example:1");
	const struct effect *effect = hub_node_effect(node, EFFECT_DIAL, 0);
	assert_true(effect->has_expected && id_eq(&effect->expected, &key));
	dial_fails(node, effect->dial, 0);
	/* Another record takes its place; what a person has added stays. */
	assert_int_equal(dials_add(&node->hub, node->txn, "m.example:1", why), ERR_OK);
	contact_come(node, author_of(3, 0), "d.example:1", "m.example:1");
	contact_come(node, author_of(3, 0), "d.example:1", NULL);
	hub_node_pass(node, 60 * 1000);
	assert_string_equal(addresses_dialled(node, text), "m.example:1");
	assert_false(hub_node_effect(node, EFFECT_DIAL, 0)->has_expected);
	dial_fails(node, hub_node_effect(node, EFFECT_DIAL, 0)->dial, 0);
	hub_node_forget(node);
	assert_string_equal(addresses_dialled(node, text), "d.example:1");
	/* Two authors may name one address, and neither takes it from the other. */
	contact_come(node, author_of(4, 0), "d.example:1", NULL);
	contact_come(node, author_of(3, 0), NULL, NULL);
	hub_node_pass(node, 150);
	assert_string_equal(addresses_dialled(node, text), "d.example:1");
	/* Who is linked is not dialled. */
	contact_come(node, author_of(2, 0), "b.example:1", NULL);
	hub_node_pass(node, 60 * 1000);
	assert_string_equal(addresses_dialled(node, text), "");
	hub_node_down(node, f->peer);
	assert_string_equal(addresses_dialled(node, text), "b.example:1");
}

/*
 * The larger author waits a little, so that mostly one side dials; and no body that is not well-
 * formed is taken.
 */
static void test_contact_polite(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node node;
	char text[512];
	struct record bad = {.author = author_of(1, 0), .body = bytes_str("bad")};
	hub_node_open(&node, &f->fed, &f->fed.orgs[1]);
	dials_contact(&node.hub, node.txn, &bad);
	contact_come(&node, author_of(1, 0), "a.example:1", NULL);
	contact_come(&node, author_of(3, 0), "c.example:1", NULL);
	hub_node_pass(&node, 150);
	assert_string_equal(addresses_dialled(&node, text), "c.example:1");
	hub_node_pass(&node, 1350);
	assert_string_equal(addresses_dialled(&node, text), "");
	hub_node_pass(&node, 150);
	assert_string_equal(addresses_dialled(&node, text), "a.example:1");
	hub_node_close(&node);
}

/* Contacts that are stored are dialled after a start. */
static void test_contact_stored(void **state)
{
	struct hub_fixture *f = *state;
	struct ledger_node other;
	struct contact contact = {.addresses = {bytes_str("c.example:1")}, .address_count = 1};
	struct record_slot slot = record_slot_contact();
	struct buf body;
	char text[512];
	ledger_node_open(&other, &f->fed, 3);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	contact_put(&body, &contact);
	assert_int_equal(ledger_append(&other.ledger, other.txn, RECORD_CONTACT,
				       record_slot_bytes(&slot), buf_bytes(&body), NULL,
				       LEDGER_QUIET),
			 ERR_OK);
	assert_int_equal(hub_node_copy(&other, &f->node, author_of(3, 0)), 1);
	hub_node_machines(&f->node);
	hub_node_pass(&f->node, 150);
	assert_string_equal(addresses_dialled(&f->node, text), "c.example:1");
	buf_fini(&body);
	ledger_node_close(&other);
}

/* ---- the charter has changed ---- */

static void test_classify(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct charter_change change;
	struct test_org next;
	struct peer_state shown;
	char why[WHY_LEN];
	test_org_init(&next, 5);
	dials_add(&node->hub, node->txn, "e.example:1", why);
	struct peer *guest = link_up(node, &next, dialled(node));
	struct peer *gone = hub_node_member(node, &f->fed.orgs[3]);
	hub_node_forget(node);
	peers_classify(&node->hub, node->txn);
	assert_int_equal(guest->class, PEER_GUEST);
	assert_int_equal(node->effects.count, 0);
	/* It is admitted; another member is removed. */
	test_admit(&change, &next, 5);
	hub_node_charter(node, &f->fed, &change, 1);
	peers_classify(&node->hub, node->txn);
	assert_int_equal(guest->class, PEER_GUEST); /* its log is not here yet */
	assert_int_equal(orglog_accept(node->txn, &next.id, buf_bytes(&next.entry), NULL), ERR_OK);
	hub_node_remove(node, &f->fed, 4);
	contact_come(node, author_of(4, 0), "d.example:1", NULL);
	peers_classify(&node->hub, node->txn);
	assert_int_equal(guest->author, author_of(5, 0));
	assert_int_equal(guest->class, PEER_MEMBER);
	assert_heard(node, guest, "");
	assert_heard(node, gone, "CLOSE:OUT");
	assert_heard(node, f->peer, "");
	/* Its second link is noticed when it is known who it is; the dial knows it, too. */
	hub_node_down(node, guest);
	assert_true(peers_show(&node->hub, 1, &shown));
	assert_int_equal(shown.author, author_of(5, 0));
	/* Who is removed itself has no member among its peers. */
	node->hub.author = 0;
	peers_classify(&node->hub, node->txn);
	assert_heard(node, f->peer, "CLOSE:NOT_MEMBER");
	test_org_fini(&next);
}

/* Two links of a guest become those of one member: one goes. */
static void test_classify_double(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct peer *first = hub_node_guest(node, &f->fed.orgs[2]);
	struct peer *second = hub_node_guest(node, &f->fed.orgs[2]);
	peers_classify(&node->hub, node->txn);
	assert_true(first->up != second->up);
	assert_heard(node, first->up ? second : first, "CLOSE:REPLACED");
}

/* A former member's address is kept, and neither tried nor shown. */
static void test_dial_idle(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct peer_state shown;
	contact_come(node, author_of(4, 0), "d.example:1", NULL);
	assert_true(peers_show(&node->hub, 1, &shown));
	hub_node_remove(node, &f->fed, 4);
	assert_false(peers_show(&node->hub, 1, &shown));
	hub_node_pass(node, 60 * 1000);
	assert_int_equal(dialled(node), 0);
}

/* ---- two machines with one key ---- */

static bool twin_shown(const struct twins *twins, int64_t mono_ms, uint32_t author)
{
	uint32_t found;

	for (size_t at = 0; twins_next(twins, mono_ms, &at, &found); at++)
		if (found == author)
			return true;
	return false;
}

static void sessions_that_go_to_and_fro_are_noticed(void **state)
{
	const int64_t minute_ms = 60 * 1000, hour_ms = 60 * minute_ms;
	struct twins twins = {.count = 0};

	/* A node that is started again and again is none. */
	for (int64_t i = 1; i <= 10; i++)
		twins_mark(&twins, 1, i * 25000);
	assert_false(twin_shown(&twins, 250000, 1));
	for (int64_t i = 1; i <= TWINS_COUNT; i++) {
		assert_false(twin_shown(&twins, hour_ms, 2));
		twins_mark(&twins, 2, hour_ms + i * 15000);
	}
	assert_true(twin_shown(&twins, hour_ms + minute_ms, 2));
	assert_true(twin_shown(&twins, 2 * hour_ms + minute_ms, 2));
	assert_false(twin_shown(&twins, 2 * hour_ms + minute_ms + 1, 2));
	/* As long as it goes on it is said, however slowly. */
	twins_mark(&twins, 2, 2 * hour_ms);
	assert_true(twin_shown(&twins, 3 * hour_ms, 2));
	/* Who is in mind the longest makes room. */
	for (uint32_t author = 10; author < 10 + TWINS_MAX; author++)
		twins_mark(&twins, author, 3 * hour_ms);
	assert_false(twin_shown(&twins, 3 * hour_ms, 2));
	assert_int_equal(twins.count, TWINS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_that_go_to_and_fro_are_noticed),
		hub_test(test_certificates),
		hub_test(test_certificate_nodes),
		hub_test(test_certificates_outside),
		hub_test(test_places),
		hub_test(test_places_leaving),
		hub_test(test_double),
		hub_test(test_up_down),
		hub_test(test_guest_time),
		hub_test(test_backoff),
		hub_test(test_add),
		hub_test(test_dial_wanted),
		hub_test(test_invitation),
		hub_test(test_contact),
		hub_test(test_contact_polite),
		hub_test(test_contact_stored),
		hub_test(test_classify),
		hub_test(test_classify_double),
		hub_test(test_dial_idle),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
