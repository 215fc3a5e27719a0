/*
 * docs/vectors: organisation logs, charters, invitations, records, heads and sets; made here, and
 * compared with what stands there, or written anew (--write).
 */
#include "proto/charter/charter_entry.h"
#include "proto/charter/invitation.h"
#include "proto/ledger/head.h"
#include "proto/ledger/line.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"
#include "test/proto/charter_draft.h"
#include "test/proto/ledger_node.h"
#include "test/proto/vectors.h"

#define PATH1 "gemeinde-1/wasser/pegel"

static bool writes;

static struct vectors group(const char *folder)
{
	return (struct vectors){.folder = folder, .writes = writes};
}

/* ---- organisation logs ---- */

/* Where the elements of entry 1 with one node stand. */
enum { AT_FORM = 1, AT_NUMBER = 2, AT_SUITE = 81, AT_WRAP = 84, AT_STATE = 119, AT_ROLES = 120 };

/* Entry 1 of an organisation with one byte of its payload changed, signed anew or not. */
static void entry_broken(struct buf *out, const struct test_org *org, size_t at, uint8_t byte,
			 bool sign)
{
	buf_reset(out);
	buf_add(out, buf_bytes(&org->entry));
	if (!sign) {
		out->ptr[at] = byte;
		return;
	}
	out->len -= SIG_LEN;
	out->ptr[at] = byte;
	payload_sign(out, 0, LIMIT_ORGLOG_ENTRY_LEN_MAX, &org->root, SIGN_TAG_ORGLOG, NULL);
}

static void log_case(const char *name, const char *about, struct bytes before, struct bytes entry,
		     enum err wants)
{
	const struct vectors v = group("docs/vectors/organisation-logs/");
	json_t *more = json_object();
	struct orglog log;
	orglog_init(&log);
	if (before.len) {
		assert_int_equal(orglog_apply(&log, before), ERR_OK);
		json_object_set_new(more, "before", vectors_hex(before));
	}
	enum err err = orglog_apply(&log, entry);
	if (!err)
		json_object_set_new(more, "id", vectors_hex(id_bytes(&log.entry_id)));
	vectors_case(&v, name, about, entry, wants, err, more);
	orglog_fini(&log);
}

static void organisation_logs(void **state)
{
	static const struct {
		const char *name, *about;
		size_t at;
		uint8_t byte;
		bool sign;
		enum err wants;
	} cases[] = {
		{"form-2", "a form to come", AT_FORM, 2, true, ERR_VERSION},
		{"suite-2", "a wrap suite to come", AT_SUITE, 2, true, ERR_VERSION},
		{"number-0", "number 0", AT_NUMBER, 0, true, ERR_MALFORMED},
		{"no-previous", "number 2 with nil as previous", AT_NUMBER, 2, true, ERR_MALFORMED},
		{"state-4", "a node in no state there is", AT_STATE, 4, true, ERR_MALFORMED},
		{"roles-8", "a node with a role there is none of", AT_ROLES, 8, true,
		 ERR_MALFORMED},
		{"altered", "another wrap key, and the signature of before", AT_WRAP, 9, false,
		 ERR_DENIED},
	};
	struct test_org org;
	const struct bytes none = {NULL, 0};
	struct buf entry;
	test_org_init(&org, 1);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	log_case("first", "entry 1; its id is the organisation id", none, buf_bytes(&org.entry),
		 ERR_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		entry_broken(&entry, &org, cases[i].at, cases[i].byte, cases[i].sign);
		log_case(cases[i].name, cases[i].about, none, buf_bytes(&entry), cases[i].wants);
	}
	/* The possession is the last of the payload. */
	entry_broken(&entry, &org, org.entry.len - SIG_LEN - 1, 0, true);
	log_case("possession", "the node has not signed that it is of this organisation", none,
		 buf_bytes(&entry), ERR_DENIED);
	buf_reset(&entry);
	test_org_second(&entry, &org, ORGLOG_NODE_ACTIVE, 500);
	log_case("second", "entry 2: one node more", buf_bytes(&org.entry), buf_bytes(&entry),
		 ERR_OK);
	buf_fini(&entry);
	test_org_fini(&org);
}

/* ---- charters ---- */

static void charter_case(struct draft_fixture *f, const char *name, const char *about,
			 struct draft *draft, enum err wants)
{
	const struct vectors v = group("docs/vectors/charters/");
	struct charter charter = draft_charter(f);
	struct buf whole;
	buf_init(&whole, LIMIT_CHARTER_ENTRY_LEN_MAX);
	draft_put(&whole, draft, &charter);
	vectors_case(&v, name, about, buf_bytes(&whole), wants,
		     charter_apply(&charter, buf_bytes(&whole)),
		     json_pack("{s:o}", "before", vectors_hex(buf_bytes(&f->fed.entry))));
	buf_fini(&whole);
	charter_fini(&charter);
}

static void charters(void **state)
{
	const struct vectors v = group("docs/vectors/charters/");
	struct draft_fixture *f = *state;
	struct charter charter;
	struct draft d;
	charter_init(&charter);
	enum err err = charter_apply(&charter, buf_bytes(&f->fed.entry));
	vectors_case(&v, "first",
		     "entry 1: four members, of which three are stewards and two decide",
		     buf_bytes(&f->fed.entry), ERR_OK, err,
		     json_pack("{s:o}", "federation", vectors_hex(id_bytes(&charter.fed))));
	charter_fini(&charter);
	draft_init(&d, f);
	charter_case(f, "admits", "a fifth member, by the votes of stewards 1 and 3", &d, ERR_OK);
	draft_init(&d, f);
	d.unread = true;
	charter_case(f, "unknown-change", "the same, and a change of kind 99: it counts", &d,
		     ERR_OK);
	d.table_wrong = true;
	charter_case(f, "unknown-change-of-the-table",
		     "the same with a table hash that is another: the entry waits", &d,
		     ERR_VERSION);
	draft_init(&d, f);
	d.table_wrong = true;
	charter_case(f, "table", "a table hash that is another", &d, ERR_PROTOCOL);
	draft_init(&d, f);
	d.voter_count = 1;
	charter_case(f, "one-vote", "one vote is missing", &d, ERR_DENIED);
	draft_init(&d, f);
	d.fed_zero = true;
	charter_case(f, "votes-of-no-federation", "the votes sign 32 zeros as federation id", &d,
		     ERR_DENIED);
	draft_init(&d, f);
	d.keys[1].b[0] ^= 1;
	charter_case(f, "wrong-vote", "one vote is by another key", &d, ERR_DENIED);
	draft_init(&d, f);
	d.changes[0].member.number = 6;
	charter_case(f, "number-left-out", "member 6 is admitted before 5", &d, ERR_PROTOCOL);
	draft_init(&d, f);
	d.entry.time_ms = 1;
	charter_case(f, "time-back", "a time before that of entry 1", &d, ERR_PROTOCOL);
	draft_init(&d, f);
	draft_remove(&d, 4, false);
	charter_case(f, "removed-without-key", "a member is removed, and the federation key stays",
		     &d, ERR_PROTOCOL);
	draft_init(&d, f);
	draft_remove(&d, 4, true);
	charter_case(f, "removes", "a member is removed, with a new federation key", &d, ERR_OK);
}

/* ---- invitations and requests ---- */

static void invitation_make(struct invitation *invitation, const struct draft_fixture *f)
{
	*invitation = (struct invitation){.fed = f->fed.charter.fed,
					  .charter_number = 1,
					  .charter_entry_id = f->fed.charter.entry_id,
					  .transport = {{5}},
					  .secret = test_key(77),
					  .valid_until_ms = TEST_TIME_MS + 1000};
	strcpy(invitation->fed_name, f->fed.charter.name);
	strcpy(invitation->address, "meissen.example:7117");
	strcpy(invitation->name, f->next.name);
	strcpy(invitation->slug, f->next.slug);
	strcpy(invitation->ags, f->next.ags);
}

static void invitation_case(const char *name, const char *about, struct bytes text, enum err wants)
{
	const struct vectors v = group("docs/vectors/invitations/");
	struct invitation read;
	vectors_case(&v, name, about, text, wants, invitation_get(&read, text), NULL);
}

static void request_case(const struct draft_fixture *f, const char *name, const char *about,
			 struct bytes request, enum err wants)
{
	const struct vectors v = group("docs/vectors/requests/");
	struct join_request read;
	vectors_case(&v, name, about, request, wants,
		     join_request_get(&read, request, &f->fed.charter),
		     json_pack("{s:o}", "federation", vectors_hex(id_bytes(&f->fed.charter.fed))));
}

static void invitations(void **state)
{
	static const char *const addresses[] = {"joiner.example:7117", NULL};
	const struct digest commitment = {{3}};
	struct draft_fixture *f = *state;
	struct invitation invitation;
	struct digest next_root;
	struct buf text;
	invitation_make(&invitation, f);
	buf_init(&text, 8192);
	assert_int_equal(invitation_put(&text, &invitation), ERR_OK);
	text.len -= text.ptr[text.len - 1] == 0;
	invitation_case("good", "an invitation; bytes is the text", buf_bytes(&text), ERR_OK);
	text.ptr[text.len / 2] ^= text.ptr[text.len / 2] == 'A' ? 3 : 1;
	invitation_case("mistyped", "a letter in the middle is another", buf_bytes(&text),
			ERR_DENIED);
	buf_reset(&text);
	charter_next_root(&next_root, &f->next.next_pk);
	join_request_make(&text, &invitation, buf_bytes(&f->next.entry), addresses, &commitment,
			  &next_root, &f->next.root);
	request_case(f, "good", "the request of who was invited", buf_bytes(&text), ERR_OK);
	text.ptr[text.len - 1] ^= 1;
	request_case(f, "signature", "its signature is another", buf_bytes(&text), ERR_DENIED);
	text.ptr[text.len - 1] ^= 1;
	text.ptr[1] = 2;
	request_case(f, "form-2", "a form to come", buf_bytes(&text), ERR_VERSION);
	buf_fini(&text);
}

/* ---- records ---- */

struct ledger_case {
	const char *name, *about;
	void (*change)(struct test_record *r);
	enum err wants;
	bool unread;
};

static void as_it_is(struct test_record *r)
{
}
static void kind_unknown(struct test_record *r)
{
	r->fields.kind = 4000;
}
static void body_form_2(struct test_record *r)
{
	r->body.ptr[3] = 2;
}
static void body_cut(struct test_record *r)
{
	r->body.len--;
}
static void slot_other(struct test_record *r)
{
	r->slot.b[40]++;
}
static void incarnation_0(struct test_record *r)
{
	r->fields.incarnation = 0;
}
static void sequence_0(struct test_record *r)
{
	r->fields.sequence = 0;
}
static void other_key(struct test_record *r)
{
	r->seed.b[0] ^= 1;
}
static void other_federation(struct test_record *r)
{
	r->fed.b[0] ^= 1;
}
static void a_line(struct test_record *r)
{
	const struct line line = {.issuer = 1,
				  .audience = 2,
				  .org = {{9}},
				  .prefix = bytes_str("gemeinde-1/wasser"),
				  .round = 1,
				  .verb = VERB_READ,
				  .expiry_ms = TEST_TIME_MS,
				  .widest = LINE_TIER_USUAL};
	struct digest id;
	line_id(&id, &line);
	r->fields.kind = RECORD_LINE;
	r->slot = line_slot(&id);
	buf_reset(&r->body);
	line_put(&r->body, &line);
}
static void a_line_elsewhere(struct test_record *r)
{
	a_line(r);
	r->slot.b[5] ^= 1;
}

static void records(void **state)
{
	static const struct ledger_case cases[] = {
		{"good", "a version of tier members", as_it_is, ERR_OK, false},
		{"line", "a line", a_line, ERR_OK, false},
		{"kind-unknown", "a kind to come: kept, without effect", kind_unknown, ERR_OK,
		 true},
		{"body-form-2", "a body of a form to come: kept, without effect", body_form_2,
		 ERR_OK, true},
		{"body-cut", "a body that cannot be read: kept, without effect", body_cut, ERR_OK,
		 true},
		{"slot-of-another-number", "the slot is that of another number", slot_other,
		 ERR_PROTOCOL, false},
		{"line-elsewhere", "a line in the slot of another", a_line_elsewhere, ERR_PROTOCOL,
		 false},
		{"incarnation-0", "incarnation 0", incarnation_0, ERR_MALFORMED, false},
		{"sequence-0", "sequence 0", sequence_0, ERR_MALFORMED, false},
		{"another-key", "signed by another key", other_key, ERR_DENIED, false},
		{"another-federation", "signed in another federation", other_federation, ERR_DENIED,
		 false},
	};
	const struct vectors v = group("docs/vectors/records/");
	struct test_federation *fed = mem_new(1, sizeof(*fed));
	struct ledger_node node;
	struct buf whole;
	test_federation_init(fed, 3, 1, 1);
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct test_record record;
		struct ledger_news news;
		struct digest hash;
		ledger_node_open(&node, fed, 0);
		test_record_init(&record, fed, 1, PATH1, 1, 1);
		cases[i].change(&record);
		buf_reset(&whole);
		test_record_put(&whole, &record);
		enum err err =
			ledger_accept_record(&node.ledger, node.txn, buf_bytes(&whole), &news);
		assert_int_equal(news.unread, cases[i].unread);
		record_leaf_hash(&hash, buf_bytes(&whole));
		struct sign_pk pk;
		sign_pk_of(&pk, &fed->orgs[0].sign);
		vectors_case(&v, cases[i].name, cases[i].about, buf_bytes(&whole), cases[i].wants,
			     err,
			     json_pack("{s:o, s:o, s:o, s:b}", "federation",
				       vectors_hex(id_bytes(&fed->charter.fed)), "signing_key",
				       vectors_hex(id_bytes(&pk)), "leaf_hash",
				       vectors_hex(id_bytes(&hash)), "effect",
				       !cases[i].wants && !cases[i].unread));
		test_record_fini(&record);
		ledger_node_close(&node);
	}
	buf_fini(&whole);
	test_federation_fini(fed);
	free(fed);
}

/* ---- heads and sets ---- */

static void head_case(const struct test_federation *fed, const char *name, const char *about,
		      const struct head *fields, unsigned key_of, enum err wants)
{
	const struct vectors v = group("docs/vectors/heads/");
	struct ledger_node node;
	struct buf whole;
	ledger_node_open(&node, fed, 0);
	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	head_make(&whole, fields, &fed->charter.fed, &fed->orgs[key_of - 1].sign);
	enum err err = ledger_accept_head(&node.ledger, node.txn, buf_bytes(&whole), NULL);
	struct sign_pk pk;
	sign_pk_of(&pk, &fed->orgs[0].sign);
	vectors_case(&v, name, about, buf_bytes(&whole), wants, err,
		     json_pack("{s:I, s:o, s:[i, i, i], s:o}", "clock", (json_int_t)TEST_TIME_MS,
			       "federation", vectors_hex(id_bytes(&fed->charter.fed)), "members", 1,
			       2, 3, "signing_key", vectors_hex(id_bytes(&pk))));
	buf_fini(&whole);
	ledger_node_close(&node);
}

static void heads(void **state)
{
	const int64_t hour = 3600000, quota = 262144;
	struct test_federation *fed = mem_new(1, sizeof(*fed));
	test_federation_init(fed, 3, 1, 1);
	const struct head good = {.author = author_of(1, 0),
				  .incarnation = 1,
				  .counter = 1,
				  .time_ms = TEST_TIME_MS,
				  .valid_until_ms = TEST_TIME_MS + 26 * hour,
				  .last_sequence = 5,
				  .live_count = 3,
				  .live_bytes = 900,
				  .set = {{1}},
				  .charter_number = 1,
				  .orglog_number = 1};
	head_case(fed, "good", "the first head of an author", &good, 1, ERR_OK);
	struct head h = good;
	h.counter = 0;
	head_case(fed, "counter-0", "counter 0", &h, 1, ERR_MALFORMED);
	h = good;
	h.valid_until_ms = h.time_ms;
	head_case(fed, "valid-until-at-once", "it is valid for no time", &h, 1, ERR_MALFORMED);
	h = good;
	h.valid_until_ms++;
	head_case(fed, "valid-for-too-long", "it is valid for a millisecond too long", &h, 1,
		  ERR_PROTOCOL);
	h = good;
	h.time_ms += 600001;
	h.valid_until_ms = h.time_ms + hour;
	head_case(fed, "in-the-future", "its time is 600,001 ms ahead of the clock: deferred", &h,
		  1, ERR_AGAIN);
	h = good;
	h.live_count = (uint64_t)quota + 1;
	head_case(fed, "above-the-quota", "one record above the quota of node 0", &h, 1,
		  ERR_NOSPACE);
	head_case(fed, "another-key", "signed by another member", &good, 2, ERR_DENIED);
	h = good;
	h.author = author_of(4, 0);
	head_case(fed, "no-member", "of an author whose organisation is no member", &h, 1,
		  ERR_ABSENT);
	test_federation_fini(fed);
	free(fed);
}

static void set_case(const char *name, const char *about, uint32_t count)
{
	const struct vectors v = group("docs/vectors/sets/");
	struct test_federation *fed = mem_new(1, sizeof(*fed));
	json_t *leaves = json_array();
	struct ledger_node node;
	struct digest set;
	test_federation_init(fed, 1, 1, 1);
	ledger_node_open(&node, fed, 0);
	for (uint32_t i = 0; i < count; i++) {
		struct digest hash = {{(uint8_t)i}};
		uint8_t slot[5] = {9};
		be32_put(slot + 1, i);
		setdigest_put(node.txn, 256, 1, bytes_obj(&slot), i + 1, &hash);
		json_array_append_new(leaves,
				      json_pack("[o, I, o]", vectors_hex(bytes_obj(&slot)),
						(json_int_t)i + 1, vectors_hex(id_bytes(&hash))));
	}
	setdigest_root(node.txn, 256, 1, &set);
	vectors_case(&v, name, about, id_bytes(&set), ERR_OK, ERR_OK,
		     json_pack("{s:o}", "leaves", leaves));
	ledger_node_close(&node);
	test_federation_fini(fed);
	free(fed);
}

static void sets(void **state)
{
	set_case("none", "the set digest of no leaves; bytes is the digest", 0);
	set_case("one", "one leaf: slot, sequence, hash", 1);
	set_case("sixty-four", "as many as one list has", 64);
	set_case("sixty-five", "one more: the root has children", 65);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(organisation_logs),
		cmocka_unit_test_setup_teardown(charters, draft_setup, draft_teardown),
		cmocka_unit_test_setup_teardown(invitations, draft_setup, draft_teardown),
		cmocka_unit_test(records),
		cmocka_unit_test(heads),
		cmocka_unit_test(sets),
	};

	writes = argc > 1 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
