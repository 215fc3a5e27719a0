/* What a member may sign and say that is not true, and what the honest nodes make of it. */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "crypto/selftest.h"
#include "proto/charter/contact.h"
#include "proto/hub/hub.h"
#include "proto/ledger/held.h"
#include "proto/rights/current.h"

static const int64_t minute_ms = 60 * 1000;

/* ---- Malwine's pen: she makes records and heads with her real key, in her real store ---- */

struct pen {
	struct towns *towns;
	struct charter charter;
	struct ledger ledger;
	struct txn *txn;
	uint64_t sequence, counter; /* of what she has said so far */
	bool has_previous;
	struct digest previous; /* id of her latest head */
};

static int64_t now_of(struct towns *towns)
{
	return towns->sim.epoch_ms + towns->sim.now_ms;
}

static void pen_take(struct pen *pen, struct towns *towns)
{
	*pen = (struct pen){.towns = towns};
	struct author_state state;
	struct bytes whole;
	struct head head;
	struct txn *txn = txn_begin(towns->m->db, true);
	assert_int_equal(charter_load(txn, &pen->charter), ERR_OK);
	ledger_init(&pen->ledger, &pen->charter, &towns->m->limits);
	ledger_now(&pen->ledger, now_of(towns));
	assert_int_equal(ledger_state(&pen->ledger, txn, towns->m_author, &state), ERR_OK);
	assert_true(ledger_head(txn, towns->m_author, 1, &whole));
	assert_int_equal(head_decode(&head, whole), ERR_OK);
	head_id(&pen->previous, &head);
	pen->has_previous = true;
	pen->sequence = state.sequence;
	pen->counter = state.counter;
	txn_abort(txn);
}

static void pen_drop(struct pen *pen)
{
	ledger_fini(&pen->ledger);
	charter_fini(&pen->charter);
}

static const struct key *own_key(const struct pen *pen)
{
	return secret_key(pen->towns->m->identity.sign);
}

/* Signs with her key whatever stands there. */
static struct buf record_sign(const struct pen *pen, const struct record *fields)
{
	struct buf out;
	buf_init(&out, LIMIT_RECORD_LEN_MAX);
	record_make(&out, fields, &pen->charter.fed, own_key(pen));
	assert_int_equal(out.err, ERR_OK);
	return out;
}

/* A record that means nothing, as of a later version of the program. */
static struct record note_fields(struct pen *pen, const char *slot)
{
	return (struct record){.author = pen->towns->m_author,
			       .incarnation = 1,
			       .sequence = ++pen->sequence,
			       .time_ms = now_of(pen->towns),
			       .kind = 99,
			       .slot = bytes_str(slot),
			       .body = bytes_str("of a kind that nobody knows")};
}

static struct buf message_new(void)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	return out;
}

static void run(struct towns *towns, int64_t ms)
{
	sim_run(&towns->sim, ms, NULL, NULL);
}

static void say_records(struct towns *towns, const struct buf *records, size_t count)
{
	struct buf out = message_new();
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	for (size_t i = 0; i < count; i++)
		message_list_bin(&list, buf_bytes(&records[i]));
	message_list_end(&list, &out);
	assert_true(sim_say(towns->m, &out));
	run(towns, 300);
}

static void say_record(struct pen *pen, const struct record *fields)
{
	struct buf whole = record_sign(pen, fields);
	say_records(pen->towns, &whole, 1);
	buf_fini(&whole);
}

static void say_head(struct towns *towns, const struct buf *head)
{
	struct buf out = message_new();
	message_head(&out, buf_bytes(head));
	assert_true(sim_say(towns->m, &out));
	run(towns, 300);
}

/* Her next head over a set she claims. */
static struct head head_fields(struct pen *pen, uint64_t live_count, const struct digest *set)
{
	return (struct head){.author = pen->towns->m_author,
			     .incarnation = 1,
			     .counter = ++pen->counter,
			     .time_ms = now_of(pen->towns),
			     .valid_until_ms = now_of(pen->towns) + 26 * 60 * minute_ms,
			     .last_sequence = pen->sequence,
			     .live_count = live_count,
			     .set = *set,
			     .charter_number = pen->charter.number,
			     .orglog_number = 1,
			     .has_previous = pen->has_previous,
			     .previous = pen->previous};
}

static struct buf head_sign(struct pen *pen, const struct head *fields)
{
	struct buf out;
	struct head head;
	buf_init(&out, LIMIT_HEAD_LEN_MAX);
	head_make(&out, fields, &pen->charter.fed, own_key(pen));
	assert_int_equal(head_decode(&head, buf_bytes(&out)), ERR_OK);
	head_id(&pen->previous, &head);
	return out;
}

static void meet(struct towns *towns, struct sim_node *victim)
{
	struct buf out = message_new();
	struct digest content = {{7}};
	assert_true(sim_foe_dial(towns->m, victim));
	message_hello(&out, "x", victim->hub->charter.number, &content, NULL);
	sim_say(towns->m, &out);
	run(towns, 300);
	out = message_new();
	message_sketch(&out, bytes_of(NULL, 0));
	sim_say(towns->m, &out);
	out = message_new();
	struct message_list list = message_list_begin(MESSAGE_STATES);
	message_list_end(&list, &out);
	sim_say(towns->m, &out);
	out = message_new();
	message_sync_end(&out);
	sim_say(towns->m, &out);
	run(towns, 500);
	assert_true(towns->m->foe->up);
}

struct member_call {
	uint32_t number;
	struct member_state state;
};

static void call_member(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct member_call *call = arg;
	membership_member(hub, txn, now_ms, call->number, &call->state);
}

static struct member_state member_at(struct towns *towns, struct sim_node *node)
{
	struct member_call call = {.number = author_member(towns->m_author)};
	sim_call(node, call_member, &call);
	return call.state;
}

static void assert_state(struct towns *towns, struct sim_node *node, const char *state)
{
	assert_string_equal(member_at(towns, node).state, state);
}

/* ---- records ---- */

static void records_in_another_name_are_dropped(void **state)
{
	struct towns *towns = towns_open(1, 3);
	uint32_t victim = towns->b->hub->author;
	towns_possess(towns);
	struct pen pen;
	pen_take(&pen, towns);
	meet(towns, towns->a);
	uint64_t records = sim_rows(towns->a, TABLE_RECORD);
	struct record fields = note_fields(&pen, "forged");
	fields.author = victim;
	fields.sequence = 1000;
	say_record(&pen, &fields);
	struct digest set = {{1}};
	struct head head = head_fields(&pen, 1, &set);
	head.author = victim;
	head.counter = 1000;
	struct buf whole = head_sign(&pen, &head);
	say_head(towns, &whole);
	/* Authors that do not exist, the steward's former node, nobody. */
	static const uint32_t nobody[] = {0, 1, 255, 256 * 9, UINT32_MAX};
	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		fields.author = nobody[i];
		say_record(&pen, &fields);
	}
	assert_true(towns->m->foe->up);
	assert_int_equal(sim_rows(towns->a, TABLE_RECORD), records);
	assert_int_equal(sim_rows(towns->a, TABLE_EVIDENCE), 0);
	buf_fini(&whole);
	pen_drop(&pen);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	towns_healthy(towns);
	towns_close(towns);
}

static void records_of_unknown_kinds_travel(void **state)
{
	struct towns *towns = towns_open(2, 3);
	towns_possess(towns);
	struct pen pen;
	pen_take(&pen, towns);
	meet(towns, towns->a);
	uint64_t at_b = sim_rows(towns->b, TABLE_RECORD);
	struct record fields = note_fields(&pen, "note");
	say_record(&pen, &fields);
	assert_true(sim_run(&towns->sim, 180000, towns_agree, towns));
	assert_int_equal(sim_rows(towns->b, TABLE_RECORD), at_b + 1);
	assert_state(towns, towns->b, "partial");
	pen_drop(&pen);
	towns_close(towns);
}

static void records_from_the_future_wait(void **state)
{
	struct towns *towns = towns_open(3, 3);
	towns_possess(towns);
	struct pen pen;
	pen_take(&pen, towns);
	meet(towns, towns->a);
	uint64_t records = sim_rows(towns->a, TABLE_RECORD);
	struct record fields = note_fields(&pen, "soon");
	fields.time_ms += 30 * minute_ms;
	say_record(&pen, &fields);
	assert_int_equal(towns->a->note_counts[NOTE_DEFERRED], 1);
	assert_int_equal(sim_rows(towns->a, TABLE_RECORD), records);
	assert_true(towns->m->foe->up);
	run(towns, 21 * minute_ms);
	meet(towns, towns->a);
	records = sim_rows(towns->a, TABLE_RECORD);
	say_record(&pen, &fields);
	assert_int_equal(sim_rows(towns->a, TABLE_RECORD), records + 1);
	/* A head from the future is no better. */
	struct digest set = {{1}};
	struct head head = head_fields(&pen, 2, &set);
	head.time_ms += 60 * minute_ms;
	struct buf whole = head_sign(&pen, &head);
	say_head(towns, &whole);
	assert_state(towns, towns->a, "partial");
	assert_true(member_at(towns, towns->a).head_time_ms < now_of(towns));
	buf_fini(&whole);
	pen_drop(&pen);
	towns_close(towns);
}

/* The version record of her own that she has published honestly, to be altered. */
static struct buf version_of_hers(struct pen *pen, struct record *record, struct version *version)
{
	struct buf whole;
	struct txn *txn = txn_begin(pen->towns->m->db, false);
	struct walk walk = walk_begin(txn, TABLE_RECORD, bytes_of(NULL, 0));
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	while (walk_next(&walk)) {
		struct record found;
		assert_int_equal(record_decode(&found, walk.value), ERR_OK);
		if (found.author != pen->towns->m_author || found.kind != RECORD_VERSION)
			continue;
		buf_reset(&whole);
		buf_add(&whole, walk.value);
	}
	txn_abort(txn);
	assert_int_equal(record_decode(record, buf_bytes(&whole)), ERR_OK);
	assert_int_equal(version_decode(version, record->body), ERR_OK);
	return whole;
}

static void say_version(struct pen *pen, const struct version *version,
			const struct dataset_id *dataset)
{
	struct record_slot slot = record_slot_version(dataset, version->number);
	struct buf body;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	version_encode(&body, version);
	assert_int_equal(body.err, ERR_OK);
	struct record fields = note_fields(pen, "");
	fields.kind = RECORD_VERSION;
	fields.slot = record_slot_bytes(&slot);
	fields.body = buf_bytes(&body);
	say_record(pen, &fields);
	buf_fini(&body);
}

struct current_call {
	const struct dataset_id *dataset;
	uint64_t number;
};

static void current_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct current_call *call = arg;
	struct ledger_version current;

	call->number =
		current_find(hub, txn, call->dataset, 0, &current, NULL) ? 0 : current.number;
}

/* Of the current version of a dataset; 0: there is none. */
static uint64_t current_number(struct sim_node *node, const struct dataset_id *dataset)
{
	struct current_call call = {.dataset = dataset};

	sim_call(node, current_run, &call);
	return call.number;
}

static void nobody_publishes_below_anothers_name(void **state)
{
	struct towns *towns = towns_open(4, 3);
	struct buf content = sim_content(1, 50000);
	assert_int_equal(sim_publish(towns->m, "malwine/x", TIER_OPEN, buf_bytes(&content)),
			 ERR_OK);
	assert_int_equal(sim_publish(towns->b, "radebeul/x", TIER_OPEN, buf_bytes(&content)),
			 ERR_OK);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	towns_possess(towns);
	struct pen pen;
	pen_take(&pen, towns);
	struct record record;
	struct version version;
	struct dataset_id own, hers, other;
	struct buf whole = version_of_hers(&pen, &record, &version);
	meet(towns, towns->a);
	path_dataset_id(&hers, &towns->m->identity.org, bytes_str("radebeul/x"));
	path_dataset_id(&other, &towns->b->identity.org, bytes_str("radebeul/x"));
	path_dataset_id(&own, &towns->m->identity.org, bytes_str("malwine/x"));
	/* Another's path, under either id; the own path under another's id. */
	version.path = version.epoch_prefix = bytes_str("radebeul/x");
	version.number = 2;
	version_key_check(&version.key_check, &version.dataset_key, &hers, version.epoch_number,
			  version.epoch_prefix);
	say_version(&pen, &version, &hers);
	version_key_check(&version.key_check, &version.dataset_key, &other, version.epoch_number,
			  version.epoch_prefix);
	say_version(&pen, &version, &other);
	version.path = version.epoch_prefix = bytes_str("malwine/x");
	version_key_check(&version.key_check, &version.dataset_key, &own, version.epoch_number,
			  version.epoch_prefix);
	say_version(&pen, &version, &other);
	/* They are kept (the last two in one slot), and none has an effect. */
	assert_int_equal(sim_rows(towns->a, TABLE_VERSION), 4);
	assert_int_equal(current_number(towns->a, &hers), 0);
	assert_int_equal(current_number(towns->a, &other), 1);
	assert_int_equal(current_number(towns->a, &own), 1);
	/* The same under the own id is right. */
	say_version(&pen, &version, &own);
	assert_int_equal(current_number(towns->a, &own), 2);
	assert_true(towns->m->foe->up);
	buf_fini(&whole);
	buf_fini(&content);
	pen_drop(&pen);
	towns_healthy(towns);
	towns_close(towns);
}

static bool each_count(void *arg, const struct catalog_entry *entry)
{
	++*(unsigned *)arg;
	return true;
}

static void call_log(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	char why[WHY_LEN];
	assert_int_equal(catalog_log(hub, txn, "malwine/x", each_count, arg, why), ERR_OK);
}

/* An author chooses its numbers; nobody counts up to them. */
static void version_numbers_as_large_as_they_get(void **state)
{
	struct towns *towns = towns_open(5, 3);
	struct buf content = sim_content(1, 50000);
	unsigned count = 0;
	assert_int_equal(sim_publish(towns->m, "malwine/x", TIER_OPEN, buf_bytes(&content)),
			 ERR_OK);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	towns_possess(towns);
	struct pen pen;
	pen_take(&pen, towns);
	struct record record;
	struct version version;
	struct dataset_id own;
	struct buf whole = version_of_hers(&pen, &record, &version);
	path_dataset_id(&own, &towns->m->identity.org, bytes_str("malwine/x"));
	meet(towns, towns->a);
	version.number = UINT64_MAX - 1; /* has no effect */
	say_version(&pen, &version, &own);
	version.number = VERSION_NUMBER_END - 1;
	say_version(&pen, &version, &own);
	version.number = (uint64_t)1 << 40;
	say_version(&pen, &version, &own);
	sim_call(towns->a, call_log, &count);
	assert_int_equal(count, 3);
	assert_int_equal(sim_subscribe(towns->a, "malwine/**"), ERR_OK);
	buf_fini(&whole);
	buf_fini(&content);
	pen_drop(&pen);
	towns_healthy(towns);
	towns_close(towns);
}

/* A contact that names another town's address: the other town is dialled there all the same. */
static void an_address_is_not_taken_away(void **state)
{
	struct towns *towns = towns_open_foe_first(20);
	struct pen pen;
	towns_possess(towns);
	pen_take(&pen, towns);
	struct contact contact = {.address_count = 1, .software = bytes_str("x")};
	contact.addresses[0] = bytes_str(towns->b->address);
	struct record_slot slot = record_slot_contact();
	struct buf body;
	buf_init(&body, 1000);
	contact_put(&body, &contact);
	struct record fields = note_fields(&pen, "");
	fields.kind = RECORD_CONTACT;
	fields.slot = record_slot_bytes(&slot);
	fields.body = buf_bytes(&body);
	/* She is the second member, so after a start hers is the first to be read. */
	assert_true(towns->m_author < towns->b->hub->author);
	meet(towns, towns->a);
	say_record(&pen, &fields);
	sim_stop(towns->a);
	run(towns, 60000); /* Radebeul tries less and less often */
	sim_start(towns->a);
	run(towns, 5000);
	assert_int_equal(sim_links(towns->a, towns->b), 1);
	/* And the link is left in peace. */
	uint64_t downs = towns->a->note_counts[NOTE_PEER_DOWN];
	run(towns, 300000);
	assert_int_equal(towns->a->note_counts[NOTE_PEER_DOWN], downs);
	buf_fini(&body);
	pen_drop(&pen);
	towns_close(towns);
}

/* ---- heads ---- */

static void two_heads_of_one_number_are_shown(void **state)
{
	struct towns *towns = towns_open(6, 3);
	towns_possess(towns);
	struct pen pen;
	pen_take(&pen, towns);
	struct digest set = {{1}}, other = {{2}};
	meet(towns, towns->a);
	assert_state(towns, towns->a, "complete");
	struct head fields = head_fields(&pen, 1, &set);
	struct buf first = head_sign(&pen, &fields);
	fields.set = other;
	struct buf second = head_sign(&pen, &fields);
	say_head(towns, &first);
	assert_int_equal(towns->a->note_counts[NOTE_EVIDENCE], 0);
	say_head(towns, &second);
	assert_int_equal(towns->a->note_counts[NOTE_EVIDENCE], 1);
	assert_int_equal(towns->a->note_last[NOTE_EVIDENCE].author, towns->m_author);
	assert_state(towns, towns->a, "disputed");
	/* It stays, whatever she says later, and after a restart. */
	fields = head_fields(&pen, 1, &set);
	struct buf third = head_sign(&pen, &fields);
	say_head(towns, &third);
	sim_stop(towns->a);
	sim_start(towns->a);
	assert_state(towns, towns->a, "disputed");
	assert_int_equal(sim_rows(towns->a, TABLE_EVIDENCE), 1);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	/* Radebeul, which has not spoken with her, knows too, and of the same head. */
	assert_state(towns, towns->b, "disputed");
	assert_int_equal(sim_rows(towns->b, TABLE_EVIDENCE), 1);
	buf_fini(&first);
	buf_fini(&second);
	buf_fini(&third);
	pen_drop(&pen);
	towns_close(towns);
}

static void a_head_that_disowns_the_one_before_is_shown(void **state)
{
	struct towns *towns = towns_open(7, 3);
	towns_possess(towns);
	struct pen pen;
	pen_take(&pen, towns);
	struct digest set = {{1}};
	meet(towns, towns->a);
	struct head fields = head_fields(&pen, 1, &set);
	fields.previous.b[0] ^= 1;
	struct buf head = head_sign(&pen, &fields);
	say_head(towns, &head);
	assert_int_equal(towns->a->note_counts[NOTE_EVIDENCE], 1);
	assert_state(towns, towns->a, "disputed");
	buf_fini(&head);
	pen_drop(&pen);
	towns_close(towns);
}

/*
 * Two records of one number, one for each: the honest nodes can not agree about her, but do not
 * wear themselves out.
 */
static void what_can_not_be_agreed_does_not_keep_them_busy(void **state)
{
	struct towns *towns = towns_open(11, 3);
	towns_possess(towns);
	struct pen pen;
	pen_take(&pen, towns);
	struct record fields = note_fields(&pen, "said to Meissen");
	meet(towns, towns->a);
	sim_cut(towns->b, true);
	say_record(&pen, &fields);
	fields.slot = bytes_str("said to Radebeul");
	sim_stop(towns->a);
	sim_cut(towns->b, false);
	meet(towns, towns->b);
	say_record(&pen, &fields);
	sim_start(towns->a);
	run(towns, 2 * minute_ms);
	uint64_t messages = towns->a->message_count, bytes = towns->a->message_bytes;
	run(towns, 60 * minute_ms);
	/* Nine messages for each comparison, one or two of which begin every minute. */
	assert_true(towns->a->message_count - messages < 60 * 20);
	assert_true(towns->a->message_bytes - bytes < 60 * 2000);
	pen_drop(&pen);
	towns_close(towns);
}

/* ---- what a head promises and its author does not deliver ---- */

/* Her records and head, made by her own ledger; the records are not sent. */
static void append_honestly(struct pen *pen, unsigned count, struct buf *head)
{
	struct ledger *ledger = &pen->ledger;
	struct txn *txn = txn_begin(pen->towns->m->db, true);
	ledger_now(ledger, now_of(pen->towns));
	ledger_own(ledger, pen->towns->m_author, own_key(pen));
	for (unsigned i = 0; i < count; i++) {
		uint8_t slot[5] = {9};
		be32_put(slot + 1, i);
		assert_int_equal(ledger_append(ledger, txn, 99, bytes_obj(&slot),
					       bytes_str("promised"), NULL, LEDGER_QUIET),
				 ERR_OK);
	}
	buf_init(head, LIMIT_HEAD_LEN_MAX);
	assert_int_equal(ledger_head_make(ledger, txn, head), ERR_OK);
	ledger_settle(ledger, txn);
	assert_int_equal(txn_commit(txn), ERR_OK);
}

/* Answers LEAVES_GET and RECORDS_GET from her store, as an honest node would. */
struct answers {
	struct pen *pen;
	bool wrong_path, wrong_leaves, no_records;
	unsigned asked;
};

static void answer_records(struct txn *txn, struct message *m, struct buf *out, bool none)
{
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	uint64_t sequence;
	struct bytes whole;
	while (message_next_sequence(m, &sequence)) {
		if (!none && ledger_record(txn, m->author, m->incarnation, sequence, &whole))
			message_list_bin(&list, whole);
	}
	if (list.count > 0) {
		message_list_end(&list, out);
		return;
	}
	buf_fini(&list.items);
	message_not_here(out, m->author, m->incarnation);
}

static void answer(struct sim_node *node, struct message *m, void *arg)
{
	struct answers *answers = arg;
	struct buf out = message_new();
	struct txn *txn = txn_begin(node->db, true);
	if (m->type == MESSAGE_LEAVES_GET) {
		struct setdigest_page *page = mem_new(1, sizeof(*page));
		setdigest_page(txn, m->author, m->incarnation, m->place, page);
		page->path[0][77] ^= answers->wrong_path;
		if (answers->wrong_leaves && page->count > 0)
			page->leaves[0].hash.b[0] ^= 1;
		message_leaves(&out, m->author, m->incarnation, &m->digest, page);
		free(page);
	} else if (m->type == MESSAGE_RECORDS_GET) {
		answer_records(txn, m, &out, answers->no_records);
	} else if (m->type == MESSAGE_STATES) {
		message_sync_end(&out);
	}
	answers->asked++;
	txn_abort(txn);
	if (out.len > 0)
		sim_say(node, &out);
	else
		buf_fini(&out);
}

static void records_kept_back_are_counted_and_asked_for(void **state)
{
	struct towns *towns = towns_open(8, 3);
	struct buf head;
	towns_possess(towns);
	struct pen pen;
	pen_take(&pen, towns);
	struct answers answers = {.pen = &pen, .no_records = true};
	append_honestly(&pen, 300, &head);
	meet(towns, towns->a);
	towns->m->foe->answer = answer;
	towns->m->foe->arg = &answers;
	say_head(towns, &head);
	run(towns, 30000);
	assert_state(towns, towns->a, "partial");
	assert_int_equal(member_at(towns, towns->a).missing, 300);
	assert_true(towns->m->foe->got[MESSAGE_RECORDS_GET] > 0);
	assert_true(towns->m->foe->up);
	/* Now she delivers: one page after the other, until all is there. */
	answers.no_records = false;
	struct buf out = message_new();
	message_sync_end(&out);
	sim_say(towns->m, &out);
	run(towns, 60000);
	assert_state(towns, towns->a, "complete");
	assert_true(sim_run(&towns->sim, 180000, towns_agree, towns));
	assert_state(towns, towns->b, "complete");
	buf_fini(&head);
	pen_drop(&pen);
	towns_healthy(towns);
	towns_close(towns);
}

static void digests_that_do_not_fit_end_the_session(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct towns *towns = towns_open(9, 3);
		struct buf head;
		towns_possess(towns);
		struct pen pen;
		pen_take(&pen, towns);
		struct answers answers = {
			.pen = &pen, .wrong_path = i == 0, .wrong_leaves = i == 1};
		append_honestly(&pen, 100, &head);
		meet(towns, towns->a);
		towns->m->foe->answer = answer;
		towns->m->foe->arg = &answers;
		say_head(towns, &head);
		run(towns, 5000);
		assert_true(towns->m->foe->closed);
		assert_int_equal(towns->m->foe->reason, LINK_REASON_PROTOCOL);
		assert_true(towns->a->note_counts[NOTE_PEER_BAD] > 0);
		buf_fini(&head);
		pen_drop(&pen);
		towns_close(towns);
	}
}

/* ---- what she keeps back of others ---- */

/* Tells of Meißen's author all but some records, with the real head. */
static void say_partly(struct towns *towns, uint32_t author)
{
	struct bytes head;
	struct buf out = message_new();
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	unsigned i = 0;
	struct txn *txn = txn_begin(towns->m->db, false);
	assert_true(ledger_head(txn, author, 1, &head));
	message_head(&out, head);
	sim_say(towns->m, &out);
	struct row_key prefix = key_author(author);
	struct walk walk = walk_begin(txn, TABLE_RECORD, row_key_bytes(&prefix));
	while (walk_next(&walk)) {
		if (i++ % 3 != 1)
			message_list_bin(&list, walk.value);
	}
	out = message_new();
	message_list_end(&list, &out);
	txn_abort(txn);
	sim_say(towns->m, &out);
	run(towns, 500);
}

static void what_one_keeps_back_another_tells(void **state)
{
	struct towns *towns = towns_open(10, 3);
	char path[32];
	uint32_t author = towns->a->hub->author;
	sim_stop(towns->b);
	for (unsigned i = 0; i < 30; i++) {
		struct buf content = sim_content(i, 100 + i);
		snprintf(path, sizeof(path), "meissen/d%u", i);
		assert_int_equal(sim_publish(towns->a, path, TIER_OPEN, buf_bytes(&content)),
				 ERR_OK);
		buf_fini(&content);
	}
	assert_true(sim_run(&towns->sim, 60000, sim_agree, NULL));
	towns_possess(towns);
	sim_stop(towns->a);
	sim_start(towns->b);
	meet(towns, towns->b);
	say_partly(towns, author);
	/* It shows that something is missing: the head's digest covers it. */
	struct member_call call = {.number = author_member(author)};
	sim_call(towns->b, call_member, &call);
	assert_string_equal(call.state.state, "partial");
	assert_true(call.state.missing >= 9);
	assert_int_equal(sim_rows(towns->b, TABLE_PATH), 30 - call.state.missing);
	sim_start(towns->a);
	assert_true(sim_run(&towns->sim, 120000, towns_agree, towns));
	sim_call(towns->b, call_member, &call);
	assert_string_equal(call.state.state, "complete");
	assert_int_equal(sim_rows(towns->b, TABLE_PATH), 30);
	towns_healthy(towns);
	towns_close(towns);
}

/*
 * New heads as fast as they can be signed: they are not told on faster than a few times a second.
 */
static void heads_without_end(void **state)
{
	struct towns *towns = towns_open(21, 3);
	towns_possess(towns);
	struct pen pen;
	pen_take(&pen, towns);
	meet(towns, towns->a);
	struct digest set = {{1}};
	uint64_t before = towns->b->got[MESSAGE_HEAD];
	int64_t began_ms = towns->sim.now_ms;
	for (unsigned i = 0; i < 500; i++) {
		struct head fields = head_fields(&pen, 1, &set);
		struct buf head = head_sign(&pen, &fields), out = message_new();
		message_head(&out, buf_bytes(&head));
		assert_true(sim_say(towns->m, &out));
		buf_fini(&head);
	}
	run(towns, 3000);
	int64_t took_ms = towns->sim.now_ms - began_ms;
	assert_true(towns->m->foe->up);
	uint64_t told = towns->b->got[MESSAGE_HEAD] - before;
	assert_true(told > 0);
	assert_true(told <= (uint64_t)took_ms / 20);
	assert_state(towns, towns->b, "partial");
	pen_drop(&pen);
	towns_healthy(towns);
	towns_close(towns);
}

/* A record far beyond all others: the gap before it costs nothing. */
static void sequences_as_large_as_they_get(void **state)
{
	struct towns *towns = towns_open(22, 3);
	towns_possess(towns);
	struct pen pen;
	pen_take(&pen, towns);
	meet(towns, towns->a);
	struct record fields = note_fields(&pen, "last");
	fields.sequence = UINT64_MAX;
	say_record(&pen, &fields);
	fields = note_fields(&pen, "within");
	say_record(&pen, &fields);
	assert_true(sim_run(&towns->sim, 180000, towns_agree, towns));
	run(towns, 120 * minute_ms);
	assert_int_equal(sim_rows(towns->a, TABLE_RECORD), sim_rows(towns->b, TABLE_RECORD));
	assert_int_equal(towns->a->note_counts[NOTE_RECOUNTED], 0);
	pen_drop(&pen);
	towns_healthy(towns);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_in_another_name_are_dropped),
		cmocka_unit_test(records_of_unknown_kinds_travel),
		cmocka_unit_test(records_from_the_future_wait),
		cmocka_unit_test(nobody_publishes_below_anothers_name),
		cmocka_unit_test(version_numbers_as_large_as_they_get),
		cmocka_unit_test(an_address_is_not_taken_away),
		cmocka_unit_test(two_heads_of_one_number_are_shown),
		cmocka_unit_test(a_head_that_disowns_the_one_before_is_shown),
		cmocka_unit_test(what_can_not_be_agreed_does_not_keep_them_busy),
		cmocka_unit_test(records_kept_back_are_counted_and_asked_for),
		cmocka_unit_test(digests_that_do_not_fit_end_the_session),
		cmocka_unit_test(what_one_keeps_back_another_tells),
		cmocka_unit_test(heads_without_end),
		cmocka_unit_test(sequences_as_large_as_they_get),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("lies", tests, NULL, NULL);
}
