/*
 * signatures: what is signed for one purpose is good for no other, whoever looks at it, also where
 * one key signs both. Every kind of signed object stands against every check.
 *
 * A row is one object and the function of the product that believes it. Who adds a tag to
 * SIGN_TAG_LIST adds rows here: a tag without one fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/wrap.h"
#include "proto/audit/entry.h"
#include "proto/charter/charter_entry.h"
#include "proto/charter/invitation.h"
#include "proto/ledger/head.h"
#include "proto/ledger/record.h"
#include "proto/link/certificate.h"
#include "proto/rights/report_file.h"
#include "proto/rights/showing.h"
#include "proto/wire/envelope.h"
#include "proto/wire/wire_out.h"
#include "test/proto/federation.h"

struct row;
typedef void make(const struct row *row, struct buf *payload);
/* What the product says of this payload with this signature. */
typedef enum err judge(const struct row *row, struct bytes payload, const struct sig *sig);

struct row {
	const char *name;
	enum sign_tag tag;
	bool zero_fed; /* signed with zeros instead of the federation's id */
	bool fixed;    /* the payload is not handed over: who checks makes it from what it knows */
	bool by_node;  /* by the node's key, not by the root */
	uint64_t kind; /* of a record */
	make *make;
	judge *judge;
};

enum { UNKNOWN_KIND = 99 };

static struct test_federation fed; /* of one member, which decides alone */
static const struct test_org *const org = &fed.orgs[0];

/* ---- the objects ---- */

static struct bytes payload_of(struct bytes whole)
{
	return bytes_slice(whole, 0, whole.len - SIG_LEN);
}

static struct bytes joined(struct buf *whole, struct bytes payload, const struct sig *sig)
{
	buf_init(whole, LIMIT_RECORD_LEN_MAX);
	buf_add(whole, payload);
	buf_add(whole, bytes_obj(sig));
	return buf_bytes(whole);
}

static void make_log_first(const struct row *row, struct buf *payload)
{
	buf_add(payload, payload_of(buf_bytes(&org->entry)));
}

static enum err judge_log_first(const struct row *row, struct bytes payload, const struct sig *sig)
{
	struct orglog log;
	struct buf whole;

	orglog_init(&log);
	enum err err = orglog_apply(&log, joined(&whole, payload, sig));
	orglog_fini(&log);
	buf_fini(&whole);
	return err;
}

static void make_log_second(const struct row *row, struct buf *payload)
{
	struct buf whole;

	buf_init(&whole, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	test_org_second(&whole, org, ORGLOG_NODE_ACTIVE, 500);
	buf_add(payload, payload_of(buf_bytes(&whole)));
	buf_fini(&whole);
}

static enum err judge_log_second(const struct row *row, struct bytes payload, const struct sig *sig)
{
	struct orglog log;
	struct buf whole;

	orglog_init(&log);
	assert_int_equal(orglog_apply(&log, buf_bytes(&org->entry)), ERR_OK);
	enum err err = orglog_apply(&log, joined(&whole, payload, sig));
	orglog_fini(&log);
	buf_fini(&whole);
	return err;
}

static enum err judge_certificate(const struct row *row, struct bytes payload,
				  const struct sig *sig)
{
	struct certificate said = {.member = 1, .org = org->id};
	struct dh_pk transport;
	struct buf whole, bytes;

	said.entry = joined(&whole, payload, sig);
	buf_init(&bytes, LIMIT_FRAME_LEN_MAX);
	certificate_put(&bytes, &said);
	dh_pk_of(&transport, &org->transport);
	assert_int_equal(certificate_get(&said, buf_bytes(&bytes)), ERR_OK);
	enum err err = certificate_check(&said, &transport);
	buf_fini(&bytes);
	buf_fini(&whole);
	return err;
}

static void make_possession(const struct row *row, struct buf *payload)
{
	struct orglog_node node = test_node(0, 102, &org->root_pk);

	buf_add(payload, id_bytes(&org->root_pk));
	buf_add(payload, id_bytes(&node.sign));
	buf_add(payload, id_bytes(&node.transport));
}

static enum err judge_possession(const struct row *row, struct bytes payload, const struct sig *sig)
{
	struct orglog_node node = test_node(0, 102, &org->root_pk);
	struct key key = test_key(9);
	struct orglog log, next = {.time_ms = TEST_TIME_MS, .nodes = &node, .node_count = 1};
	struct buf whole;

	node.possession = *sig;
	dh_pk_of(&next.recovery, &key);
	dh_pk_of(&next.wrap, &org->wrap);
	orglog_init(&log);
	buf_init(&whole, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&whole, &log, &next, &org->root);
	enum err err = orglog_apply(&log, buf_bytes(&whole));
	orglog_fini(&log);
	buf_fini(&whole);
	return err;
}

static void make_charter_first(const struct row *row, struct buf *payload)
{
	struct charter_entry entry;

	assert_int_equal(charter_entry_decode(&entry, buf_bytes(&fed.entry)), ERR_OK);
	buf_add(payload, entry.payload);
}

static enum err charter_with(struct charter *charter, struct bytes payload, const struct sig *sig)
{
	const struct charter_vote vote = {.member = 1, .sig = *sig};
	struct buf whole;

	buf_init(&whole, LIMIT_CHARTER_ENTRY_LEN_MAX);
	charter_entry_make(&whole, payload, &vote, 1);
	enum err err = charter_apply(charter, buf_bytes(&whole));
	buf_fini(&whole);
	return err;
}

static enum err judge_charter_first(const struct row *row, struct bytes payload,
				    const struct sig *sig)
{
	struct charter charter;

	charter_init(&charter);
	enum err err = charter_with(&charter, payload, sig);
	charter_fini(&charter);
	return err;
}

static void make_charter_second(const struct row *row, struct buf *payload)
{
	struct charter_change change;
	struct test_org next;

	test_org_init(&next, 5);
	test_admit(&change, &next, 2);
	assert_int_equal(
		charter_payload_make(payload, &fed.charter, NULL, TEST_TIME_MS, 1, &change, 1),
		ERR_OK);
	test_org_fini(&next);
}

static enum err judge_charter_second(const struct row *row, struct bytes payload,
				     const struct sig *sig)
{
	struct charter charter;

	charter_init(&charter);
	assert_int_equal(charter_apply(&charter, buf_bytes(&fed.entry)), ERR_OK);
	enum err err = charter_with(&charter, payload, sig);
	charter_fini(&charter);
	return err;
}

/* As it comes by a record or a text. */
static enum err judge_vote(const struct row *row, struct bytes payload, const struct sig *sig)
{
	const struct charter_vote vote = {.member = 1, .sig = *sig};

	return charter_vote_check(&fed.charter, payload, &vote);
}

/* The root key is the one that was to follow, too: the worst case. */
static struct charter_change bind_change(void)
{
	struct charter_change bind = {.kind = CHARTER_BIND, .log_entry = {{6}}};

	bind.member.number = 1;
	bind.member.root = org->root_pk;
	return bind;
}

static void make_bind(const struct row *row, struct buf *payload)
{
	const struct charter_change bind = bind_change();

	charter_change_put(payload, &bind);
}

static enum err judge_bind(const struct row *row, struct bytes payload, const struct sig *sig)
{
	struct charter_change bind = bind_change();
	struct charter charter;
	struct buf made;

	charter_init(&charter);
	assert_int_equal(charter_apply(&charter, buf_bytes(&fed.entry)), ERR_OK);
	charter_next_root(&charter.members[0].next_root, &org->root_pk);
	bind.has_sig = true;
	bind.sig = *sig;
	buf_init(&made, LIMIT_CHARTER_ENTRY_LEN_MAX);
	enum err err = charter_payload_make(&made, &charter, NULL, TEST_TIME_MS, 1, &bind, 1);
	buf_fini(&made);
	charter_fini(&charter);
	return err;
}

static void make_join(const struct row *row, struct buf *payload)
{
	struct invitation invitation = {.fed = fed.charter.fed, .secret = test_key(77)};
	const struct digest commitment = {{7}};
	struct test_org joiner;
	struct buf whole;

	test_org_init(&joiner, 1); /* with the keys of the member: the worst case */
	strcpy(invitation.name, joiner.name);
	strcpy(invitation.slug, joiner.slug);
	strcpy(invitation.ags, joiner.ags);
	buf_init(&whole, LIMIT_JOIN_REQUEST_LEN_MAX);
	join_request_make(&whole, &invitation, buf_bytes(&joiner.entry), NULL, &commitment,
			  &(struct digest){{8}}, &joiner.root);
	buf_add(payload, payload_of(buf_bytes(&whole)));
	buf_fini(&whole);
	test_org_fini(&joiner);
}

static enum err judge_join(const struct row *row, struct bytes payload, const struct sig *sig)
{
	struct join_request request;
	struct buf whole;
	enum err err = join_request_get(&request, joined(&whole, payload, sig), &fed.charter);

	buf_fini(&whole);
	return err;
}

/* The body does not matter: that it is this one follows from the signature. */
static void make_record(const struct row *row, struct buf *payload)
{
	const struct record fields = {.author = 256,
				      .incarnation = 1,
				      .sequence = 1,
				      .time_ms = TEST_TIME_MS,
				      .kind = row->kind,
				      .slot = bytes_str("slot"),
				      .body = bytes_str("body")};
	struct buf whole;

	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	record_make(&whole, &fields, &fed.charter.fed, &org->sign);
	buf_add(payload, payload_of(buf_bytes(&whole)));
	buf_fini(&whole);
}

static enum err judge_record(const struct row *row, struct bytes payload, const struct sig *sig)
{
	struct sign_pk pk;
	struct record record;
	struct buf whole;

	sign_pk_of(&pk, &org->sign);
	enum err err = record_decode(&record, joined(&whole, payload, sig));
	if (!err)
		err = record_check_sig(&record, &pk, &fed.charter.fed);
	if (!err && record.kind != row->kind)
		err = ERR_MALFORMED;
	buf_fini(&whole);
	return err;
}

static void make_head(const struct row *row, struct buf *payload)
{
	const struct head fields = {.author = 256,
				    .incarnation = 1,
				    .counter = 1,
				    .time_ms = TEST_TIME_MS,
				    .valid_until_ms = TEST_TIME_MS + 1};
	struct buf whole;

	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	head_make(&whole, &fields, &fed.charter.fed, &org->sign);
	buf_add(payload, payload_of(buf_bytes(&whole)));
	buf_fini(&whole);
}

static enum err judge_head(const struct row *row, struct bytes payload, const struct sig *sig)
{
	struct sign_pk pk;
	struct head head;
	struct buf whole;

	sign_pk_of(&pk, &org->sign);
	enum err err = head_decode(&head, joined(&whole, payload, sig));
	if (!err)
		err = head_check_sig(&head, &pk, &fed.charter.fed);
	buf_fini(&whole);
	return err;
}

static void make_closing(const struct row *row, struct buf *payload)
{
	const struct audit_closing fields = {
		.first = 1, .last = 2, .first_ms = TEST_TIME_MS, .last_ms = TEST_TIME_MS};
	struct buf whole;

	buf_init(&whole, LIMIT_LOG_CLOSING_LEN_MAX);
	audit_closing_make(&whole, &fields, &fed.charter.fed, &org->sign);
	buf_add(payload, payload_of(buf_bytes(&whole)));
	buf_fini(&whole);
}

static enum err judge_closing(const struct row *row, struct bytes payload, const struct sig *sig)
{
	struct sign_pk pk;
	struct audit_closing closing;
	struct buf whole;

	sign_pk_of(&pk, &org->sign);
	enum err err = audit_closing_decode(&closing, joined(&whole, payload, sig));
	if (!err)
		err = audit_closing_check(&closing, &pk, &fed.charter.fed);
	buf_fini(&whole);
	return err;
}

static void make_showing(const struct row *row, struct buf *payload)
{
	const struct showing fields = {.author = author_of(1, 0),
				       .grant = {{5}},
				       .challenge = bytes_str("0123456789abcdef"),
				       .time_ms = TEST_TIME_MS};
	struct showing made;
	struct buf text, body;

	buf_init(&text, ENVELOPE_LEN_MAX);
	buf_init(&body, ENVELOPE_LEN_MAX);
	showing_make(&text, &fields, &fed.charter.fed, &org->sign);
	assert_int_equal(envelope_get(&body, ENVELOPE_SHOWING, buf_bytes(&text)), ERR_OK);
	assert_int_equal(showing_get(&made, buf_bytes(&body)), ERR_OK);
	buf_add(payload, made.payload);
	buf_fini(&text);
	buf_fini(&body);
}

static enum err judge_showing(const struct row *row, struct bytes payload, const struct sig *sig)
{
	struct showing showing;
	struct sign_pk pk;
	struct buf body;

	sign_pk_of(&pk, &org->sign);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	out_array(&body, 3);
	out_uint(&body, 1);
	out_bin(&body, payload);
	out_fixed(&body, sig->b, SIG_LEN);
	enum err err = showing_get(&showing, buf_bytes(&body));
	if (!err)
		err = showing_check_sig(&showing, &pk, &fed.charter.fed);
	buf_fini(&body);
	return err;
}

static void make_report(const struct row *row, struct buf *payload)
{
	out_array(payload, 4);
	out_uint(payload, 1);
	out_uint(payload, author_of(1, 0));
	out_uint(payload, 1);
	out_bin(payload, bytes_str("Report of a withdrawal"));
}

static enum err judge_report(const struct row *row, struct bytes payload, const struct sig *sig)
{
	struct report report;
	struct sign_pk pk;
	enum err err = report_get(&report, payload, sig);

	sign_pk_of(&pk, &org->sign);
	return err ? err : report_check_sig(&report, &pk, &fed.charter.fed);
}

#define X(label, number)                                                                           \
	{.name = "record " #label,                                                                 \
	 .tag = SIGN_TAG_RECORD,                                                                   \
	 .by_node = true,                                                                          \
	 .kind = number,                                                                           \
	 .make = make_record,                                                                      \
	 .judge = judge_record},
static const struct row rows[] = {
	{"log entry 1", SIGN_TAG_ORGLOG, .zero_fed = true, .make = make_log_first,
	 .judge = judge_log_first},
	{"log entry 2", SIGN_TAG_ORGLOG, .zero_fed = true, .make = make_log_second,
	 .judge = judge_log_second},
	{"certificate", SIGN_TAG_ORGLOG, .zero_fed = true, .make = make_log_first,
	 .judge = judge_certificate},
	{"possession", SIGN_TAG_POSSESSION, .zero_fed = true, .fixed = true, .by_node = true,
	 .make = make_possession, .judge = judge_possession},
	{"charter entry 1", SIGN_TAG_CHARTER, .zero_fed = true, .make = make_charter_first,
	 .judge = judge_charter_first},
	{"charter entry 2", SIGN_TAG_CHARTER, .make = make_charter_second,
	 .judge = judge_charter_second},
	{"vote", SIGN_TAG_CHARTER, .make = make_charter_second, .judge = judge_vote},
	{"bind", SIGN_TAG_BIND, .fixed = true, .make = make_bind, .judge = judge_bind},
	{"join request", SIGN_TAG_JOIN, .make = make_join, .judge = judge_join},
	{"head", SIGN_TAG_HEAD, .by_node = true, .make = make_head, .judge = judge_head},
	{"closing of a segment of the audit log", SIGN_TAG_LOG, .by_node = true,
	 .make = make_closing, .judge = judge_closing},
	{"proof that a grant is its own", SIGN_TAG_SHOW, .by_node = true, .make = make_showing,
	 .judge = judge_showing},
	{"report", SIGN_TAG_REPORT, .by_node = true, .make = make_report, .judge = judge_report},
	RECORD_KIND_LIST(X) X(unknown, UNKNOWN_KIND)};
#undef X

/* ---- who signs ---- */

static const struct key *signer_of(const struct row *row)
{
	return row->by_node ? &org->sign : &org->root;
}

static const struct fed_id *fed_of(const struct row *row)
{
	return row->zero_fed ? NULL : &fed.charter.fed;
}

static struct buf payload_made(const struct row *row)
{
	struct buf payload;

	buf_init(&payload, LIMIT_RECORD_LEN_MAX);
	row->make(row, &payload);
	assert_int_equal(payload.err, ERR_OK);
	return payload;
}

static void judged(const struct row *maker, const struct row *by, struct bytes payload,
		   const struct sig *sig, bool good)
{
	enum err err = by->judge(by, payload, sig);

	if (!err != good)
		fail_msg("%s, taken for %s: %s", maker->name, by->name, err_text(err));
}

/* ---- tests ---- */

static void every_tag_has_a_row(void **state)
{
	static const struct {
		enum sign_tag tag;
		const char *name;
	} tags[] = {
#define X(name, text) {SIGN_TAG_##name, text},
		SIGN_TAG_LIST(X)
#undef X
	};

	for (size_t i = 0; i < COUNT(tags); i++) {
		size_t found = 0;
		for (size_t k = 0; k < COUNT(rows); k++)
			found += rows[k].tag == tags[i].tag;
		if (found == 0)
			fail_msg("no row for what is signed as %s", tags[i].name);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(tags[i].name, tags[k].name);
	}
}

/* The very bytes that are checked, signed with the right key, but as something else. */
static void the_tag_decides(void **state)
{
	struct sig sig;

	for (size_t c = 0; c < COUNT(rows); c++) {
		struct buf payload = payload_made(&rows[c]);
		for (size_t p = 0; p < COUNT(rows); p++) {
			bool same =
				rows[p].tag == rows[c].tag && rows[p].zero_fed == rows[c].zero_fed;
			sign_make(&sig, signer_of(&rows[c]), rows[p].tag, fed_of(&rows[p]),
				  buf_bytes(&payload));
			judged(&rows[p], &rows[c], buf_bytes(&payload), &sig, same);
		}
		buf_fini(&payload);
	}
}

/* The signature of one object, made with the right key, below another one. */
static void a_signature_does_not_move(void **state)
{
	struct sig sig;

	for (size_t c = 0; c < COUNT(rows); c++) {
		struct buf payload = payload_made(&rows[c]);
		for (size_t p = 0; p < COUNT(rows); p++) {
			struct buf other = payload_made(&rows[p]);
			bool same = rows[p].tag == rows[c].tag &&
				    bytes_eq(buf_bytes(&payload), buf_bytes(&other));
			sign_make(&sig, signer_of(&rows[c]), rows[p].tag, fed_of(&rows[p]),
				  buf_bytes(&other));
			judged(&rows[p], &rows[c], buf_bytes(&payload), &sig, same);
			buf_fini(&other);
		}
		buf_fini(&payload);
	}
}

/* One object as it is, handed in as another. Within one tag the payload says what it is. */
static void an_object_is_not_another(void **state)
{
	struct sig sig;

	for (size_t p = 0; p < COUNT(rows); p++) {
		struct buf payload = payload_made(&rows[p]);
		for (size_t c = 0; c < COUNT(rows); c++) {
			if (rows[c].fixed || rows[c].tag == rows[p].tag)
				continue;
			sign_make(&sig, signer_of(&rows[c]), rows[p].tag, fed_of(&rows[p]),
				  buf_bytes(&payload));
			judged(&rows[p], &rows[c], buf_bytes(&payload), &sig, false);
		}
		buf_fini(&payload);
	}
}

static void federation_and_key_decide_too(void **state)
{
	const struct fed_id other = {{0xfe}};
	const struct key stranger = test_key(12345);
	struct sig sig;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct buf payload = payload_made(row);
		struct bytes bytes = buf_bytes(&payload);
		sign_make(&sig, signer_of(row), row->tag, &other, bytes);
		judged(row, row, bytes, &sig, false);
		sign_make(&sig, signer_of(row), row->tag, row->zero_fed ? &fed.charter.fed : NULL,
			  bytes);
		judged(row, row, bytes, &sig, false);
		sign_make(&sig, &stranger, row->tag, fed_of(row), bytes);
		judged(row, row, bytes, &sig, false);
		sign_make(&sig, row->by_node ? &org->root : &org->sign, row->tag, fed_of(row),
			  bytes);
		judged(row, row, bytes, &sig, false);
		sign_make(&sig, signer_of(row), row->tag, fed_of(row), bytes);
		judged(row, row, bytes, &sig, true);
		buf_fini(&payload);
	}
}

static int setup(void **state)
{
	test_federation_init(&fed, 1, 1, 1);
	return 0;
}

static int teardown(void **state)
{
	test_federation_fini(&fed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tag_has_a_row),
		cmocka_unit_test(the_tag_decides),
		cmocka_unit_test(a_signature_does_not_move),
		cmocka_unit_test(an_object_is_not_another),
		cmocka_unit_test(federation_and_key_decide_too),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
