/* ledger: which records and heads are accepted, and what they do. */
#include "proto/charter/contact.h"
#include "proto/ledger/bar.h"
#include "proto/ledger/withdrawal_body.h"
#include "proto/ledger/keywrap.h"
#include "proto/charter/node_offer.h"
#include "proto/ledger/notice.h"
#include "proto/charter/proposal.h"
#include "proto/wire/wire_out.h"
#include "test/proto/ledger_node.h"

#define PATH1 "gemeinde-1/wasser/pegel"

struct fixture {
	struct test_federation fed; /* 3 members, one steward */
	struct ledger_node node;    /* reads only */
	struct ledger_node author;  /* member 1 */
	struct buf whole;
};

static const uint32_t author1 = 256, author2 = 512;

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	test_federation_init(&f->fed, 3, 1, 1);
	ledger_node_open(&f->node, &f->fed, 0);
	ledger_node_open(&f->author, &f->fed, 1);
	buf_init(&f->whole, LIMIT_RECORD_LEN_MAX);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ledger_node_close(&f->node);
	ledger_node_close(&f->author);
	test_federation_fini(&f->fed);
	buf_fini(&f->whole);
	free(f);
	return 0;
}

static enum err accept(struct fixture *f, const struct test_record *record,
		       struct ledger_news *news)
{
	struct ledger_news unused;

	buf_reset(&f->whole);
	test_record_put(&f->whole, record);
	return ledger_accept_record(&f->node.ledger, f->node.txn, buf_bytes(&f->whole),
				    news ? news : &unused);
}

/* Makes and accepts a version in one go. */
static enum err give(struct fixture *f, unsigned member, const char *path, uint64_t number,
		     uint64_t sequence, struct ledger_news *news)
{
	struct test_record record;

	test_record_init(&record, &f->fed, member, path, number, sequence);
	enum err err = accept(f, &record, news);
	test_record_fini(&record);
	return err;
}

static enum ledger_completeness completeness(struct fixture *f, uint32_t author)
{
	struct author_state state = test_state(&f->node, author);

	return ledger_completeness(&state, f->node.ledger.now_ms);
}

static void accepted_version_is_found(void **state)
{
	struct fixture *f = *state;
	struct dataset_id dataset = test_dataset(&f->fed, 1, PATH1);
	struct ledger_version version;
	struct ledger_news news;
	struct author_state s;
	struct record record;
	struct bytes whole, row;
	struct row_key path = key_text(bytes_str(PATH1));

	assert_false(ledger_version_below(f->node.txn, &dataset, author1, 0, &version));
	assert_int_equal(give(f, 1, PATH1, 4, 9, &news), ERR_OK);
	assert_true(news.stored);
	assert_int_equal(news.author, author1);
	assert_int_equal(news.kind, RECORD_VERSION);
	assert_int_equal(news.number, 4);
	assert_true(id_eq(&news.dataset, &dataset));
	assert_true(ledger_version_below(f->node.txn, &dataset, author1, 0, &version));
	assert_int_equal(version.number, 4);
	assert_int_equal(version.author, author1);
	assert_int_equal(version.sequence, 9);
	assert_int_equal(version.tier, TIER_MEMBERS);
	assert_int_equal(ledger_version_owner(&f->node.ledger, f->node.txn, &version), 1);
	assert_true(ledger_version_below(f->node.txn, &dataset, author1, 5, &version));
	assert_false(ledger_version_below(f->node.txn, &dataset, author1, 4, &version));
	assert_int_equal(ledger_version_find(f->node.txn, &dataset, 4, author1, &whole), ERR_OK);
	assert_int_equal(record_decode(&record, whole), ERR_OK);
	assert_int_equal(record.sequence, 9);
	assert_int_equal(ledger_version_find(f->node.txn, &dataset, 4, author1, &whole), ERR_OK);
	assert_int_equal(ledger_version_find(f->node.txn, &dataset, 5, author1, &whole),
			 ERR_ABSENT);
	assert_true(txn_get(f->node.txn, TABLE_PATH, row_key_bytes(&path), &row));
	assert_memory_equal(row.ptr, dataset.b, ID_LEN);
	s = test_state(&f->node, author1);
	assert_int_equal(s.incarnation, 1);
	assert_int_equal(s.sequence, 9);
	assert_int_equal(s.live_count, 1);
	assert_int_equal(completeness(f, author1), LEDGER_NONE);
	assert_int_equal(give(f, 1, PATH1, 4, 9, &news), ERR_EXISTS);
}

/* ---- what is refused ---- */

static void wrap_body(struct test_record *r, bool slot_fits)
{
	struct keywrap keywrap = {.grantee = {{3}}, .number = 1};

	r->fields.kind = RECORD_WRAP;
	buf_reset(&r->body);
	keywrap_put(&r->body, &keywrap);
	r->slot = record_slot_wrap(&keywrap.grantee, slot_fits ? keywrap.prefix : bytes_str("x"));
}

static void contact_body(struct test_record *r, bool slot_fits)
{
	struct contact contact = {.software = bytes_str("x")};

	r->fields.kind = RECORD_CONTACT;
	buf_reset(&r->body);
	contact_put(&r->body, &contact);
	if (slot_fits)
		r->slot = record_slot_contact();
}

static void body_of(struct test_record *r, const char *path, uint64_t number)
{
	buf_reset(&r->body);
	test_version_body(&r->body, path, number, 1);
}

/* A version that names a line: nil at the end of the body becomes 32 bytes. */
static void grant_add(struct test_record *r)
{
	const uint8_t grant[ID_LEN] = {1};

	r->body.len--;
	out_fixed(&r->body, grant, ID_LEN);
}

static void dataset_of(struct test_record *r, struct fixture *f, unsigned member)
{
	struct dataset_id dataset = test_dataset(&f->fed, member, PATH1);

	r->slot = record_slot_version(&dataset, 1);
}

static void withdrawal_of(struct test_record *r, struct fixture *f, unsigned member,
			  const char *path, uint64_t number)
{
	struct withdrawal withdrawal = {
		.path = bytes_str(path), .number = number, .reason = bytes_str("alt")};
	struct dataset_id dataset = test_dataset(&f->fed, member, PATH1);

	r->fields.kind = RECORD_WITHDRAWAL;
	r->slot = withdrawal_slot(&dataset, withdrawal.reach);
	buf_reset(&r->body);
	withdrawal_put(&r->body, &withdrawal);
}

/* A vote for an entry that makes no sense but in form; kind: of its only change. */
static void vote_of(struct test_record *r, const struct fixture *f, uint32_t number,
		    uint32_t slot_number, unsigned kind)
{
	const struct charter_change change = {.kind = CHARTER_REMOVE, .member.number = 2};
	struct charter_entry entry = {
		.number = number, .time_ms = 1, .threshold = 1, .change_count = 1};
	struct buf payload, changes;

	(void)f;
	buf_init(&payload, LIMIT_RECORD_LEN_MAX);
	buf_init(&changes, 64);
	charter_change_put(&changes, &change);
	changes.ptr[1] = (uint8_t)kind;
	charter_entry_payload_put(&payload, &entry, buf_bytes(&changes));
	const struct vote_body body = {.payload = buf_bytes(&payload)};
	r->fields.kind = RECORD_VOTE;
	r->slot = record_slot_vote(slot_number);
	buf_reset(&r->body);
	vote_body_put(&r->body, &body);
	buf_fini(&payload);
	buf_fini(&changes);
}

static void notice_of(struct test_record *r, const char *text, size_t slot_len)
{
	r->fields.kind = RECORD_NOTICE;
	r->slot = record_slot_notice(NOTICE_LEAVE);
	r->slot.len = slot_len;
	buf_reset(&r->body);
	notice_put(&r->body, bytes_str(text));
}

static void wrap_key_of(struct test_record *r, uint32_t number, size_t slot_len)
{
	const struct wrap wrap = {{WRAP_SUITE}};

	r->fields.kind = RECORD_WRAP_KEY;
	r->slot = (struct record_slot){.b = {RECORD_WRAP_KEY, 1, 1}, .len = slot_len};
	buf_reset(&r->body);
	wrap_key_put(&r->body, number, &wrap);
}

/* In the slot that its id has; expiry_ms: it begins at 0. */
static void line_of(struct test_record *r, uint32_t issuer, uint32_t audience, enum verb verb,
		    int64_t expiry_ms)
{
	const struct line line = {.issuer = issuer,
				  .audience = audience,
				  .org = {{9}},
				  .prefix = bytes_str("gemeinde-3/of-another"),
				  .round = 1,
				  .verb = verb,
				  .expiry_ms = expiry_ms,
				  .widest = LINE_TIER_USUAL};
	struct digest id;

	line_id(&id, &line);
	r->fields.kind = RECORD_LINE;
	r->slot = line_slot(&id);
	buf_reset(&r->body);
	line_put(&r->body, &line);
}

/* Of an organisation that nobody knows: strangers may be barred. */
static void bar_of(struct test_record *r, uint8_t slot_org, size_t slot_len)
{
	const struct org_id org = {{7}}, other = {{slot_org}};
	const struct bar bar = {.prefix = bytes_str("gemeinde-9"), .barred = true};

	r->fields.kind = RECORD_BAR;
	r->slot = bar_slot(&other);
	r->slot.len = slot_len;
	buf_reset(&r->body);
	bar_list_put(&r->body, &org, &bar, 1);
}

static void erasure_body(struct test_record *r, size_t slot_len)
{
	const struct erasure erasure = {.withdrawal = {{1}}, .folders = ERASURE_FOLDERS_MAX};

	r->fields.kind = RECORD_ERASURE;
	r->slot = record_slot_of(RECORD_ERASURE, bytes_of(erasure.withdrawal.b, slot_len));
	buf_reset(&r->body);
	erasure_put(&r->body, &erasure);
}

/* What can not be read is kept all the same, and no row finds it. */
enum { ERR_UNREAD = 1000 };

#define BREAKS(X)                                                                                  \
	X(good, OK, (void)r)                                                                       \
	X(good_wrap, OK, wrap_body(r, true))                                                       \
	X(good_contact, OK, contact_body(r, true))                                                 \
	X(unknown_kind, UNREAD, (r->fields.kind = 4000, r->slot.len = 3))                          \
	X(good_line, OK, line_of(r, 1, 2, VERB_READ, 1))                                           \
	X(line_that_has_ended, OK, line_of(r, 1, 2, VERB_NONE, 1))                                 \
	X(line_to_nobody, OK, line_of(r, 1, 4000, VERB_READ, 1))                                   \
	X(line_of_another, PROTOCOL, line_of(r, 2, 3, VERB_READ, 1))                               \
	X(line_to_itself, PROTOCOL, line_of(r, 1, 1, VERB_READ, 1))                                \
	X(line_elsewhere, PROTOCOL, (line_of(r, 1, 2, VERB_READ, 1), r->slot.b[5] ^= 1))           \
	X(line_slot_short, PROTOCOL, (line_of(r, 1, 2, VERB_READ, 1), r->slot.len--))              \
	X(line_of_no_time, UNREAD, line_of(r, 1, 2, VERB_READ, 0))                                 \
	X(line_cut, UNREAD, (line_of(r, 1, 2, VERB_READ, 1), r->body.len--))                       \
	X(line_empty, UNREAD, (line_of(r, 1, 2, VERB_READ, 1), r->body.len = 0))                   \
	X(good_bar, OK, bar_of(r, 7, 33))                                                          \
	X(bar_elsewhere, PROTOCOL, bar_of(r, 8, 33))                                               \
	X(bar_slot_short, PROTOCOL, bar_of(r, 7, 32))                                              \
	X(bar_cut, UNREAD, (bar_of(r, 7, 33), r->body.len--))                                      \
	X(bar_empty, UNREAD, (bar_of(r, 7, 33), r->body.len = 0))                                  \
	X(ten_minutes_ahead, OK, r->fields.time_ms += 600000)                                      \
	X(further_ahead, AGAIN, r->fields.time_ms += 600001)                                       \
	X(member_0, ABSENT, r->fields.author = 0)                                                  \
	X(unknown_member, ABSENT, r->fields.author = author_of(4, 0))                              \
	X(unknown_node, ABSENT, r->fields.author = author_of(1, 1))                                \
	X(another_author, DENIED, contact_of_another(r))                                           \
	X(another_federation, DENIED, r->fed.b[0] ^= 1)                                            \
	X(incarnation_0, MALFORMED, r->fields.incarnation = 0)                                     \
	X(sequence_0, MALFORMED, r->fields.sequence = 0)                                           \
	X(path_of_another, OK, body_of(r, "gemeinde-2/wasser/pegel", 1))                           \
	X(path_of_nobody, OK, body_of(r, "gemeinde-12/wasser/pegel", 1))                           \
	X(path_elsewhere, OK, body_of(r, "gemeinde-1/wasser", 1))                                  \
	X(dataset_of_another, OK, dataset_of(r, f, 2))                                             \
	X(another_number, PROTOCOL, body_of(r, PATH1, 2))                                          \
	X(slot_short, PROTOCOL, r->slot.len--)                                                     \
	X(slot_of_another_kind, PROTOCOL, r->slot.b[0] = 2)                                        \
	X(body_cut, UNREAD, r->body.len--)                                                         \
	X(body_empty, UNREAD, r->body.len = 0)                                                     \
	X(with_grant, OK, grant_add(r))                                                            \
	X(wrap_elsewhere, PROTOCOL, wrap_body(r, false))                                           \
	X(wrap_empty, UNREAD, (wrap_body(r, true), r->body.len = 0))                               \
	X(good_withdrawal, OK, withdrawal_of(r, f, 1, PATH1, 1))                                   \
	X(withdrawal_of_another, OK, withdrawal_of(r, f, 2, PATH1, 1))                             \
	X(withdrawal_of_other_path, OK, withdrawal_of(r, f, 1, PATH1 "-x", 1))                     \
	X(withdrawal_reach, PROTOCOL, (withdrawal_of(r, f, 1, PATH1, 1), r->slot.b[33]++))         \
	X(withdrawal_short_slot, PROTOCOL, (withdrawal_of(r, f, 1, PATH1, 1), r->slot.len--))      \
	X(withdrawal_of_nothing, UNREAD, withdrawal_of(r, f, 1, PATH1, 0))                         \
	X(withdrawal_no_path, UNREAD, withdrawal_of(r, f, 1, "../x", 1))                           \
	X(good_erasure, OK, erasure_body(r, ID_LEN))                                               \
	X(erasure_of_nothing, PROTOCOL, erasure_body(r, ID_LEN - 1))                               \
	X(good_vote, OK, vote_of(r, f, 7, 7, CHARTER_REMOVE))                                      \
	X(vote_elsewhere, PROTOCOL, vote_of(r, f, 7, 8, CHARTER_REMOVE))                           \
	X(vote_for_a_later_kind, OK, vote_of(r, f, 7, 7, 99))                                      \
	X(vote_for_nothing, UNREAD, vote_of(r, f, 0, 0, CHARTER_REMOVE))                           \
	X(vote_cut, UNREAD, (vote_of(r, f, 7, 7, CHARTER_REMOVE), r->body.len--))                  \
	X(good_notice, OK, notice_of(r, "Abschied", 2))                                            \
	X(notice_elsewhere, PROTOCOL, notice_of(r, "Abschied", 1))                                 \
	X(notice_empty, UNREAD, (notice_of(r, "", 2), r->body.len = 0))                            \
	X(good_wrap_key, OK, wrap_key_of(r, 2, 2))                                                 \
	X(wrap_key_elsewhere, PROTOCOL, wrap_key_of(r, 2, 3))                                      \
	X(wrap_key_of_no_entry, UNREAD, wrap_key_of(r, 0, 2))                                      \
	X(wrap_key_cut, UNREAD, (wrap_key_of(r, 2, 2), r->body.len--))                             \
	X(contact_elsewhere, PROTOCOL, contact_body(r, false))

static void contact_of_another(struct test_record *r)
{
	r->fields.author = author2;
	contact_body(r, true);
}

#define X(name, wants, change)                                                                     \
	static void break_##name(struct test_record *r, struct fixture *f)                         \
	{                                                                                          \
		change;                                                                            \
	}
BREAKS(X)
#undef X

static void every_rule_for_records(void **state)
{
	static const struct {
		const char *name;
		void (*change)(struct test_record *r, struct fixture *f);
		int wants;
	} cases[] = {
#define X(name, wants, change) {#name, break_##name, ERR_##wants},
		BREAKS(X)
#undef X
	};
	struct fixture *f = *state;
	struct ledger_arrival arrival;
	struct ledger_news news;

	ledger_node_turn(&f->node);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct test_record record;
		test_record_init(&record, &f->fed, 1, PATH1, 1, 1);
		cases[i].change(&record, f);
		while (ledger_arrival_next(&f->node.ledger, &arrival))
			ledger_arrival_fini(&arrival);
		enum err err = accept(f, &record, &news);
		if (err != (cases[i].wants == ERR_UNREAD ? ERR_OK : (enum err)cases[i].wants) ||
		    news.unread != (cases[i].wants == ERR_UNREAD))
			fail_msg("%s: %s", cases[i].name, err_text(err));
		ledger_settle(&f->node.ledger, f->node.txn);
		assert_int_equal(txn_count(f->node.txn, TABLE_RECORD), err == ERR_OK);
		assert_int_equal(txn_count(f->node.txn, TABLE_AUTHOR), err == ERR_OK);
		assert_int_equal(txn_count(f->node.txn, TABLE_VERSION),
				 err == ERR_OK && !news.unread &&
					 record.fields.kind == RECORD_VERSION);
		if (news.unread) {
			assert_int_equal(txn_count(f->node.txn, TABLE_SLOT), 0);
			assert_false(ledger_arrival_next(&f->node.ledger, &arrival));
		}
		txn_abort(f->node.txn);
		f->node.txn = txn_begin(f->node.db, true);
		test_record_fini(&record);
	}
}

static void altered_bytes_are_refused(void **state)
{
	struct fixture *f = *state;
	struct test_record record;
	struct ledger_news news;
	uint8_t *big = mem_new(1, LIMIT_RECORD_LEN_MAX + 1);

	test_record_init(&record, &f->fed, 1, PATH1, 1, 1);
	test_record_put(&f->whole, &record);
	for (size_t at = 0; at < f->whole.len; at++) {
		f->whole.ptr[at] ^= 0x11;
		enum err err = ledger_accept_record(&f->node.ledger, f->node.txn,
						    buf_bytes(&f->whole), &news);
		/* a time in the future, or an author that is not known, is found first */
		assert_true(err == ERR_DENIED || err == ERR_MALFORMED || err == ERR_VERSION ||
			    err == ERR_PROTOCOL || err == ERR_AGAIN || err == ERR_ABSENT);
		f->whole.ptr[at] ^= 0x11;
	}
	assert_int_equal(ledger_accept_record(&f->node.ledger, f->node.txn,
					      bytes_of(big, LIMIT_RECORD_LEN_MAX + 1), &news),
			 ERR_FULL);
	assert_int_equal(txn_count(f->node.txn, TABLE_RECORD), 0);
	free(big);
	test_record_fini(&record);
}

/* ---- slots ---- */

static void higher_sequence_wins_in_any_order(void **state)
{
	struct fixture *f = *state;
	struct ledger_news news;
	struct author_state up, down;
	struct bytes whole;

	assert_int_equal(give(f, 1, PATH1, 1, 3, &news), ERR_OK);
	assert_int_equal(give(f, 1, PATH1, 1, 5, &news), ERR_OK);
	assert_true(news.stored);
	assert_false(ledger_record(f->node.txn, author1, 1, 3, &whole));
	up = test_state(&f->node, author1);
	assert_int_equal(up.live_count, 1);
	assert_int_equal(up.sequence, 5);
	/* the loser comes late */
	assert_int_equal(give(f, 1, PATH1, 1, 3, &news), ERR_OK);
	assert_false(news.stored);
	assert_false(ledger_record(f->node.txn, author1, 1, 3, &whole));
	down = test_state(&f->node, author1);
	assert_memory_equal(&up, &down, sizeof(up));
}

/* One sequence is one record, whichever came first. */
static void sequence_is_used_once(void **state)
{
	struct fixture *f = *state;
	struct ledger_news news;

	assert_int_equal(give(f, 1, PATH1, 1, 3, &news), ERR_OK);
	bool second = give(f, 1, PATH1, 2, 3, &news) == ERR_OK;
	assert_int_equal(news.stored, second);
	assert_int_equal(give(f, 1, PATH1, 1, 3, &news), second ? ERR_PROTOCOL : ERR_EXISTS);
	assert_int_equal(give(f, 1, PATH1, 2, 3, &news), second ? ERR_EXISTS : ERR_PROTOCOL);
	assert_int_equal(test_state(&f->node, author1).live_count, 1);
	assert_int_equal(txn_count(f->node.txn, TABLE_VERSION), 1);
}

/* Another kind in the slot of a version takes the version away. */
static void displaced_version_is_gone(void **state)
{
	struct fixture *f = *state;
	struct dataset_id dataset = test_dataset(&f->fed, 1, PATH1);
	struct ledger_version version;
	struct test_record record;
	struct row_key path = key_text(bytes_str(PATH1));

	assert_int_equal(give(f, 1, PATH1, 1, 1, NULL), ERR_OK);
	test_record_init(&record, &f->fed, 1, PATH1, 1, 2);
	record.fields.kind = 77;
	assert_int_equal(accept(f, &record, NULL), ERR_OK);
	assert_false(ledger_version_below(f->node.txn, &dataset, author1, 0, &version));
	assert_false(txn_has(f->node.txn, TABLE_PATH, row_key_bytes(&path)));
	test_record_fini(&record);
}

static bool contact_is_found(struct fixture *f)
{
	struct record_slot slot = record_slot_contact();
	struct record found;

	return !ledger_slot(&f->node.ledger, f->node.txn, record_slot_bytes(&slot), author1,
			    &found);
}

/* What came before its kind was known is found by its slot as soon as it is. */
static void kinds_known_since_are_indexed(void **state)
{
	struct fixture *f = *state;
	struct txn *txn = f->node.txn;
	struct row_key known = key_name("slots");
	struct record_slot slot = record_slot_contact();
	struct row_key row = key_slot(record_slot_bytes(&slot), author1);
	struct test_record record;

	ledger_slots_rebuild(&f->node.ledger, txn);
	test_record_init(&record, &f->fed, 1, PATH1, 1, 1);
	contact_body(&record, true);
	assert_int_equal(accept(f, &record, NULL), ERR_OK);
	assert_true(txn_del(txn, TABLE_SLOT, row_key_bytes(&row)));
	ledger_slots_rebuild(&f->node.ledger, txn);
	assert_false(contact_is_found(f)); /* nothing new is known */
	txn_put(txn, TABLE_META, row_key_bytes(&known), bytes_str("\1\2\3"));
	ledger_slots_rebuild(&f->node.ledger, txn);
	assert_true(contact_is_found(f));
	test_record_fini(&record);
}

static void hold(struct txn *txn, const struct dataset_id *dataset, uint64_t number)
{
	struct chunk_addr addr = {{1}};
	struct row_key index = key_index(dataset, number, author1, &addr);
	struct row_key held = key_version(dataset, number, author1);

	txn_put(txn, TABLE_INDEX, row_key_bytes(&index), bytes_str("size"));
	txn_put(txn, TABLE_HELD, row_key_bytes(&held), bytes_str("time"));
}

/* What is held belongs to one record: another one in its place has other chunks. */
static void what_is_held_goes_with_its_record(void **state)
{
	struct fixture *f = *state;
	struct dataset_id dataset = test_dataset(&f->fed, 1, PATH1);
	struct txn *txn = f->node.txn;

	assert_int_equal(give(f, 1, PATH1, 1, 1, NULL), ERR_OK);
	assert_int_equal(give(f, 1, PATH1, 2, 2, NULL), ERR_OK);
	hold(txn, &dataset, 1);
	hold(txn, &dataset, 2);
	assert_int_equal(give(f, 1, PATH1, 1, 3, NULL), ERR_OK);
	assert_int_equal(txn_count(txn, TABLE_INDEX), 1);
	assert_int_equal(txn_count(txn, TABLE_HELD), 1);
	struct row_key held = key_version(&dataset, 2, author1);
	assert_true(txn_has(txn, TABLE_HELD, row_key_bytes(&held)));
}

/* ---- versions ---- */

/* The latest version of the author, or the one with a number; number 0: there is none. */
static struct ledger_version latest(struct fixture *f, uint64_t number)
{
	struct dataset_id dataset = test_dataset(&f->fed, 1, PATH1);
	struct ledger_version version;

	return ledger_version_below(f->node.txn, &dataset, author1, number ? number + 1 : 0,
				    &version) &&
			       (!number || version.number == number)
		       ? version
		       : (struct ledger_version){.number = 0};
}

static void former_member_is_no_author(void **state)
{
	struct fixture *f = *state;
	struct author_state s;
	uint32_t author = 0;

	assert_int_equal(give(f, 1, PATH1, 1, 1, NULL), ERR_OK);
	assert_int_equal(give(f, 3, "gemeinde-3/a", 1, 1, NULL), ERR_OK);
	ledger_settle(&f->node.ledger, f->node.txn);
	assert_true(ledger_state_next(&f->node.ledger, f->node.txn, &author, &s));
	assert_int_equal(author, author1);
	assert_int_equal(s.author, author1);
	assert_true(ledger_state_next(&f->node.ledger, f->node.txn, &author, &s));
	assert_int_equal(author, author_of(3, 0));
	assert_false(ledger_state_next(&f->node.ledger, f->node.txn, &author, &s));
	f->fed.charter.members[0].state = CHARTER_FORMER;
	assert_int_equal(give(f, 1, PATH1, 2, 2, NULL), ERR_DENIED);
	author = 0;
	assert_true(ledger_state_next(&f->node.ledger, f->node.txn, &author, &s));
	assert_int_equal(author, author_of(3, 0));
}

/* ---- deletion and incarnations ---- */

static void deleted_record_does_not_come_back(void **state)
{
	struct fixture *f = *state;
	struct dataset_id dataset = test_dataset(&f->fed, 1, PATH1);
	struct record_slot slot = record_slot_version(&dataset, 1);
	struct ledger_news news;
	struct bytes whole;
	struct buf old;

	test_publish(&f->author, PATH1, 1, 0);
	test_publish(&f->author, PATH1, 2, 0);
	buf_init(&old, LIMIT_RECORD_LEN_MAX);
	assert_true(ledger_record(f->author.txn, author1, 1, 1, &whole));
	buf_add(&old, whole);
	assert_int_equal(ledger_delete(&f->author.ledger, f->author.txn, record_slot_bytes(&slot)),
			 ERR_OK);
	assert_int_equal(ledger_delete(&f->author.ledger, f->author.txn, record_slot_bytes(&slot)),
			 ERR_ABSENT);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	assert_int_equal(test_copy(&f->author, &f->node, author1), 1);
	assert_int_equal(completeness(f, author1), LEDGER_COMPLETE);
	assert_int_equal(ledger_accept_record(&f->node.ledger, f->node.txn, buf_bytes(&old), &news),
			 ERR_OK);
	assert_false(news.stored);
	assert_int_equal(completeness(f, author1), LEDGER_COMPLETE);
	assert_int_equal(latest(f, 1).number, 0);
	assert_int_equal(latest(f, 0).number, 2);
	buf_fini(&old);
}

static void new_incarnation_replaces_the_old_one(void **state)
{
	struct fixture *f = *state;
	struct dataset_id dataset = test_dataset(&f->fed, 1, PATH1);
	struct author_state s;
	struct ledger_news news;
	struct bytes head, whole;
	struct buf old;

	test_publish(&f->author, PATH1, 1, 0);
	test_publish(&f->author, PATH1, 2, 0);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	assert_int_equal(test_copy(&f->author, &f->node, author1), 2);
	hold(f->node.txn, &dataset, 2);
	buf_init(&old, LIMIT_RECORD_LEN_MAX);
	assert_true(ledger_record(f->author.txn, author1, 1, 1, &whole));
	buf_add(&old, whole);

	assert_int_equal(ledger_incarnation_new(&f->author.ledger, f->author.txn), ERR_OK);
	ledger_node_turn(&f->author);
	s = test_state(&f->author, author1);
	assert_int_equal(s.incarnation, 2);
	assert_int_equal(s.counter, 1);
	assert_int_equal(s.sequence, 2);
	assert_int_equal(ledger_completeness(&s, TEST_TIME_MS), LEDGER_COMPLETE);
	assert_int_equal(txn_count(f->author.txn, TABLE_RECORD), 2);
	assert_int_equal(txn_count(f->author.txn, TABLE_HEAD), 1);

	/* elsewhere the old records are read until the new ones are all there */
	assert_true(ledger_head(f->author.txn, author1, 2, &head));
	assert_int_equal(ledger_accept_head(&f->node.ledger, f->node.txn, head, NULL), ERR_OK);
	assert_int_equal(completeness(f, author1), LEDGER_PARTIAL);
	assert_int_equal(latest(f, 0).incarnation, 1);
	assert_true(ledger_record(f->author.txn, author1, 2, 1, &whole));
	assert_int_equal(ledger_accept_record(&f->node.ledger, f->node.txn, whole, &news), ERR_OK);
	ledger_node_turn(&f->node);
	assert_int_equal(txn_count(f->node.txn, TABLE_RECORD), 3);
	assert_int_equal(latest(f, 2).incarnation, 1);
	assert_int_equal(test_copy(&f->author, &f->node, author1), 1);
	ledger_node_turn(&f->node);
	assert_int_equal(completeness(f, author1), LEDGER_COMPLETE);
	assert_int_equal(txn_count(f->node.txn, TABLE_RECORD), 2);
	assert_int_equal(txn_count(f->node.txn, TABLE_LEAF), 2);
	assert_int_equal(txn_count(f->node.txn, TABLE_HEAD), 1);
	assert_int_equal(latest(f, 0).incarnation, 2);
	/* the same version in a new record: what is held stays held */
	assert_int_equal(txn_count(f->node.txn, TABLE_INDEX), 1);
	assert_int_equal(txn_count(f->node.txn, TABLE_HELD), 1);
	/* and the old ones do not come back */
	assert_int_equal(ledger_accept_record(&f->node.ledger, f->node.txn, buf_bytes(&old), &news),
			 ERR_OK);
	assert_false(news.stored);
	buf_fini(&old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(accepted_version_is_found),
		T(every_rule_for_records),
		T(higher_sequence_wins_in_any_order),
		T(sequence_is_used_once),
		T(displaced_version_is_gone),
		T(kinds_known_since_are_indexed),
		T(altered_bytes_are_refused),
		T(what_is_held_goes_with_its_record),
		T(former_member_is_no_author),
		T(deleted_record_does_not_come_back),
		T(new_incarnation_replaces_the_old_one),
#undef T
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
