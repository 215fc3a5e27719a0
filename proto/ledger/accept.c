#include "proto/ledger/ledger_internal.h"

#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/charter/contact.h"
#include "proto/ledger/bar.h"
#include "proto/ledger/keyrecord.h"
#include "proto/ledger/keywrap.h"
#include "proto/ledger/line.h"
#include "proto/charter/node_offer.h"
#include "proto/ledger/notice.h"
#include "proto/charter/proposal.h"
#include "proto/ledger/standing.h"
#include "proto/ledger/withdrawal_body.h"

/* ---- what a record says ---- */

/*
 * PROTOCOL: "Whether slug, dataset id and right fit is a verdict, and no reason to drop a version
 * or a withdrawal." What is stored depends on bytes, author and quota alone.
 */
static enum err version_check(const struct record *record, struct ledger_news *news,
			      struct version *version)
{
	enum err err = version_decode(version, record->body);

	if (err)
		return err;
	return !version_slot_get(record->slot, &news->dataset, &news->number) &&
			       version->number == news->number
		       ? ERR_OK
		       : ERR_PROTOCOL;
}

static enum err slot_check(const struct record *record, struct record_slot slot)
{
	return bytes_eq(record->slot, record_slot_bytes(&slot)) ? ERR_OK : ERR_PROTOCOL;
}

static enum err wrap_check(const struct record *record)
{
	struct keywrap keywrap;
	enum err err = keywrap_get(&keywrap, record->body);

	if (err)
		return err;
	return slot_check(record, record_slot_wrap(&keywrap.grantee, keywrap.prefix));
}

/* Epochs are made in the own namespace only. */
static enum err key_check(const struct ledger *ledger, const struct record *record)
{
	const struct charter_member *member =
		charter_member(ledger->charter, author_member(record->author));
	struct keyrecord key;
	enum err err = keyrecord_get(&key, record->body);

	if (err)
		return err;
	if (!member || !bytes_eq(path_slug(key.prefix), bytes_str(member->home)))
		return ERR_PROTOCOL;
	return slot_check(record, record_slot_key(key.prefix, key.number));
}

static enum err contact_check(const struct record *record)
{
	struct contact contact;
	enum err err = contact_get(&contact, record->body);

	return err ? err : slot_check(record, record_slot_contact());
}

static enum err withdrawal_check(const struct record *record)
{
	enum withdrawal_reach reach;
	struct withdrawal withdrawal;
	struct dataset_id dataset;
	enum err err = withdrawal_get(&withdrawal, record->body);

	if (err)
		return err;
	if (withdrawal_slot_get(record->slot, &dataset, &reach) || reach != withdrawal.reach)
		return ERR_PROTOCOL;
	return ERR_OK;
}

/* The slot names a dataset; whether that was ever withdrawn is for the reader to see. */
static enum err erasure_check(const struct record *record)
{
	struct erasure erasure;
	enum err err = erasure_get(&erasure, record->body);

	if (err)
		return err;
	if (record->slot.len != 1 + ID_LEN || record->slot.ptr[0] != RECORD_ERASURE)
		return ERR_PROTOCOL;
	return ERR_OK;
}

/* Whether anybody may grant it is a verdict, and no reason not to keep it. */
static enum err line_check(const struct record *record)
{
	struct line line;
	enum err err = line_get(&line, record->body);

	return err ? err : line_fits(&line, record->slot, record->author);
}

/* Whoever an organisation bars, a bar has an effect on chains through it alone. */
static enum err bar_check(const struct record *record)
{
	struct bar_list list;
	enum err err = bar_list_get(&list, record->body);

	return err ? err : slot_check(record, bar_slot(&list.org));
}

static enum err vote_check(const struct record *record)
{
	struct charter_entry entry;
	struct vote_body body;
	enum err err = vote_body_get(&body, record->body);

	if (!err)
		err = charter_payload_decode(&entry, body.payload);
	return err ? err : slot_check(record, record_slot_vote(entry.number));
}

static enum err notice_check(const struct record *record)
{
	struct bytes text;
	enum err err = notice_get(&text, record->body);

	if (!err && (record->slot.len != 2 || record->slot.ptr[0] != RECORD_NOTICE))
		err = ERR_PROTOCOL;
	return err;
}

static enum err wrap_key_check(const struct record *record)
{
	struct wrap wrap;
	uint32_t number;
	enum err err = wrap_key_get(&number, &wrap, record->body);

	if (!err && (record->slot.len != 2 || record->slot.ptr[0] != RECORD_WRAP_KEY))
		err = ERR_PROTOCOL;
	return err;
}

enum err ledger_record_check(struct ledger *ledger, const struct record *record,
			     struct ledger_news *news, struct version *version)
{
	*news = (struct ledger_news){
		.author = record->author,
		.incarnation = record->incarnation,
		.sequence = record->sequence,
		.kind = record->kind,
	};
	if (!record_kind_known(record->kind))
		return ERR_VERSION;
	switch ((enum record_kind)record->kind) {
	case RECORD_VERSION:
		return version_check(record, news, version);
	case RECORD_KEY:
		return key_check(ledger, record);
	case RECORD_WRAP:
		return wrap_check(record);
	case RECORD_VOTE:
		return vote_check(record);
	case RECORD_LINE:
		return line_check(record);
	case RECORD_BAR:
		return bar_check(record);
	case RECORD_CONTACT:
		return contact_check(record);
	case RECORD_WITHDRAWAL:
		return withdrawal_check(record);
	case RECORD_ERASURE:
		return erasure_check(record);
	case RECORD_NOTICE:
		return notice_check(record);
	case RECORD_WRAP_KEY:
		return wrap_key_check(record);
	}
	return ERR_OK;
}

/* ---- storing ---- */

/*
 * Its rows, and what is counted. Most versions are of their owners, who have withdrawn nothing, and
 * count, as is plain from here; what the others change is found out at the end of the turn.
 */
static void version_link(struct ledger *ledger, struct txn *txn, const struct record *record,
			 const struct ledger_news *news, const struct version *version)
{
	const struct record_slot taken =
		record_slot_of(RECORD_WITHDRAWAL, id_bytes(&news->dataset));
	const uint32_t member = author_member(news->author);
	const struct charter_member *owner = charter_member(
		ledger->charter, ledger_version_link(ledger, txn, record, news, version));
	unsigned flags;

	if (!owner || owner->number != member || !charter_is_present(owner) ||
	    author_member(ledger->own_author) == member || version->tier == TIER_HIDDEN ||
	    version->has_grant || version->number >= VERSION_NUMBER_END ||
	    !ledger_may_publish(ledger, txn, news->author)) {
		standing_touch(txn, &news->dataset);
		return;
	}
	struct walk walk = walk_begin(txn, TABLE_SLOT, record_slot_bytes(&taken));
	if (standing_get(txn, &news->dataset, &flags) ? flags != 0 : walk_next(&walk))
		standing_touch(txn, &news->dataset);
	else
		standing_put(txn, &news->dataset, 0);
}

/* Returns its length. */
static uint64_t loser_drop(struct txn *txn, const struct record *winner, uint64_t sequence)
{
	struct row_key key = key_record(winner->author, winner->incarnation, sequence);
	struct record loser;
	struct bytes whole = {NULL, 0};
	uint64_t len = 0;

	/* A version in the same slot has taken its rows over already. */
	if (txn_get(txn, TABLE_RECORD, row_key_bytes(&key), &whole)) {
		len = whole.len;
		if (!record_decode(&loser, whole)) {
			ledger_version_unlink(txn, &loser);
			ledger_slot_unlink(txn, &loser);
		}
	}
	txn_del(txn, TABLE_RECORD, row_key_bytes(&key));
	return len;
}

/* A wrong count on the disk, until it is counted anew, must not become one without end. */
static void live_less(struct author_state *state, uint64_t bytes)
{
	state->live_bytes -= bytes < state->live_bytes ? bytes : state->live_bytes;
}

void ledger_record_write(struct ledger *ledger, struct txn *txn, const struct ledger_item *item,
			 const struct ledger_news *news, const struct version *version)
{
	const struct record *record = &item->record;
	struct ledger_touched *touched = ledger_touch(ledger, txn, record->author);
	struct row_key key = key_record(record->author, record->incarnation, record->sequence);
	struct digest hash;
	uint64_t loser;

	if (!touched)
		return;
	if (record->kind == RECORD_VERSION && !news->unread)
		version_link(ledger, txn, record, news, version);
	if (!news->unread)
		ledger_slot_link(txn, record);
	if (setdigest_get_at(txn, record->author, record->incarnation, item->leaf.place,
			     record->slot, &loser, &hash))
		live_less(&touched->state, loser_drop(txn, record, loser));
	else
		touched->state.live_count++;
	touched->state.live_bytes += record->whole.len;
	txn_put(txn, TABLE_RECORD, row_key_bytes(&key), record->whole);
	setdigest_put_at(txn, record->author, record->incarnation, item->leaf.place, record->slot,
			 record->sequence, &item->leaf.hash);
	if (record->sequence > touched->state.sequence)
		touched->state.sequence = record->sequence;
	touched->dirty = true;
}

enum err ledger_record_drop(struct ledger *ledger, struct txn *txn, uint32_t author,
			    uint32_t incarnation, uint64_t sequence)
{
	struct ledger_touched *touched = ledger_touch(ledger, txn, author);
	struct row_key key = key_record(author, incarnation, sequence);
	struct record_slot slot = {.len = 0};
	struct record record;
	struct bytes whole;

	if (!touched || !txn_get(txn, TABLE_RECORD, row_key_bytes(&key), &whole))
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	if (record_decode(&record, whole)) {
		txn_fail(txn, ERR_CORRUPT);
		return ERR_CORRUPT;
	}
	slot = record_slot_copy(record.slot);
	live_less(&touched->state, whole.len);
	ledger_version_unlink(txn, &record);
	ledger_slot_unlink(txn, &record);
	ledger_gone_note(ledger, &record);
	txn_del(txn, TABLE_RECORD, row_key_bytes(&key));
	setdigest_del(txn, author, incarnation, record_slot_bytes(&slot));
	touched->state.live_count--;
	touched->dirty = true;
	return txn_err(txn);
}

/* ---- what has come ---- */

void ledger_arrived(struct ledger *ledger, const struct ledger_news *news,
		    const struct record *record, const struct version *version, struct buf *made,
		    enum ledger_tell tell)
{
	ledger->arrivals = mem_room(ledger->arrivals, ledger->arrival_count, &ledger->arrival_cap,
				    sizeof(*ledger->arrivals));
	struct ledger_arrival *arrival = &ledger->arrivals[ledger->arrival_count++];
	*arrival = (struct ledger_arrival){
		.news = *news, .record = *record, .version = *version, .tell = tell};
	if (!made)
		return;
	/* The memory moves, and with it what points into it. */
	arrival->made = *made;
	buf_init(made, 0);
}

void ledger_gone(struct ledger *ledger, struct txn *txn, uint32_t author, uint32_t incarnation,
		 uint64_t sequence)
{
	const struct version none = {0};
	struct ledger_news news = {.author = author, .incarnation = incarnation};
	struct record record;
	struct bytes whole;
	struct buf made;

	if (!ledger_record(txn, author, incarnation, sequence, &whole) ||
	    record_decode(&record, whole) ||
	    (record.kind != RECORD_LINE && record.kind != RECORD_BAR))
		return;
	buf_init(&made, LIMIT_RECORD_LEN_MAX);
	buf_add(&made, whole);
	news.kind = record.kind;
	if (!made.err && !record_decode(&record, buf_bytes(&made))) {
		ledger_arrived(ledger, &news, &record, &none, &made, LEDGER_QUIET);
		ledger->arrivals[ledger->arrival_count - 1].gone = true;
	}
	buf_fini(&made);
}

bool ledger_arrival_next(struct ledger *ledger, struct ledger_arrival *out)
{
	if (ledger->arrival_at == ledger->arrival_count) {
		ledger->arrival_at = ledger->arrival_count = 0;
		return false;
	}
	*out = ledger->arrivals[ledger->arrival_at++];
	return true;
}

void ledger_arrival_fini(struct ledger_arrival *arrival)
{
	buf_fini(&arrival->made);
}

/* ---- accepting ---- */

/* How a record stands to what is here. */
enum place {
	PLACE_NEW,
	PLACE_INSTEAD,    /* of another one with its sequence */
	PLACE_SUPERSEDED, /* the store knows better already */
};

/* What is here was what a head says, up to this sequence; no later one says otherwise. */
static bool head_tells(const struct ledger_touched *touched, uint64_t sequence)
{
	return sequence <= touched->state.proven_sequence;
}

/*
 * PROTOCOL: "Of two records of one author with the same incarnation and sequence the one in the set
 * of the head counts, and while no head tells, the one with the smaller id." - and the smaller
 * bytes, as one payload may have two signatures.
 */
static bool goes_instead(const struct ledger_touched *touched, const struct record *record,
			 struct bytes known)
{
	struct record other;
	struct record_id id, other_id;

	if (head_tells(touched, record->sequence))
		return false;
	if (record_decode(&other, known))
		return true;
	record_id(&id, record);
	record_id(&other_id, &other);
	int order = bytes_cmp(id_bytes(&id), id_bytes(&other_id));
	return order ? order < 0 : bytes_cmp(record->whole, known) < 0;
}

/* ERR_EXISTS, or ERR_PROTOCOL when another one with its sequence counts; else *place says. */
static enum err place_check(struct txn *txn, const struct ledger_touched *touched,
			    const struct ledger_item *item, enum place *place)
{
	const struct record *record = &item->record;
	const struct author_state *state = &touched->state;
	struct digest known;
	struct bytes whole;
	uint64_t sequence;

	*place = PLACE_SUPERSEDED;
	if (record->incarnation < state->incarnation)
		return ERR_OK;
	bool instead =
		record->incarnation == state->incarnation &&
		ledger_record(txn, record->author, record->incarnation, record->sequence, &whole);
	if (instead && bytes_eq(whole, record->whole))
		return ERR_EXISTS;
	if (instead && !goes_instead(touched, record, whole))
		return ERR_PROTOCOL;
	/* PROTOCOL: "The highest (incarnation, sequence) of one author wins a slot." */
	if (setdigest_get_at(txn, record->author, record->incarnation, item->leaf.place,
			     record->slot, &sequence, &known) &&
	    (sequence > record->sequence || (sequence == record->sequence && !instead)))
		return ERR_OK;
	/* PROTOCOL: "Membership in the latest valid head's set decides: absence is deletion." */
	if (record->incarnation == state->incarnation && head_tells(touched, record->sequence))
		return ERR_OK;
	*place = instead ? PLACE_INSTEAD : PLACE_NEW;
	return ERR_OK;
}

/*
 * What was in the slot before is gone, as if its author had deleted it, when what takes its place
 * has no effect here.
 */
static void slot_clear(struct ledger *ledger, struct txn *txn, const struct record *record)
{
	struct digest hash;
	uint64_t loser;

	if (!setdigest_get(txn, record->author, record->incarnation, record->slot, &loser, &hash))
		return;
	ledger_gone(ledger, txn, record->author, record->incarnation, loser);
	ledger_record_drop(ledger, txn, record->author, record->incarnation, loser);
}

/* The record wins its slot: checks its signature, and stores it. */
static enum err record_admit(struct ledger *ledger, struct txn *txn, const struct ledger_item *item,
			     const struct sign_pk *pk, enum place place, struct ledger_news *news,
			     const struct version *version)
{
	const struct record *record = &item->record;
	struct ledger_touched *touched = ledger_touch(ledger, txn, record->author);

	/* Before anything follows from it: what is refused counts as seen. */
	if (!item->vouched && record_check_sig(record, pk, &ledger->charter->fed)) {
		ledger->forged_count++;
		return ERR_DENIED;
	}
	if (touched && record->incarnation == touched->state.incarnation &&
	    !quota_takes(ledger, txn, touched, record))
		return ERR_NOSPACE;
	if (touched && record->incarnation > touched->state.incarnation)
		ledger_incarnation_begin(ledger, txn, touched, record->incarnation);
	if (touched && !room_takes(ledger, txn, touched, record))
		return ERR_NOSPACE;
	if (place == PLACE_INSTEAD)
		ledger_record_drop(ledger, txn, record->author, record->incarnation,
				   record->sequence);
	if (news->unread)
		slot_clear(ledger, txn, record);
	ledger_record_write(ledger, txn, item, news, version);
	if (txn_err(txn))
		return txn_err(txn);
	news->stored = true;
	if (!news->unread)
		ledger_arrived(ledger, news, record, version, NULL, LEDGER_TELL);
	return ERR_OK;
}

/*
 * PROTOCOL: "A record of an unknown kind, or whose body the receiving node can not read, MUST be
 * stored and forwarded like any other and MUST NOT have an effect." So the set of an author is the
 * same at all nodes, whatever they can read.
 */
static enum err body_check(struct ledger *ledger, const struct record *record,
			   struct ledger_news *news, struct version *version)
{
	enum err err = ledger_record_check(ledger, record, news, version);

	if (err && err != ERR_PROTOCOL) {
		news->unread = true;
		err = ERR_OK;
	}
	return err;
}

enum err ledger_item_read(struct ledger_item *out, struct bytes whole)
{
	struct setdigest_leaf *leaf = &out->leaf;

	out->vouched = false;
	enum err err = record_decode(&out->record, whole);
	if (err)
		return err;
	leaf->slot_len = out->record.slot.len;
	memcpy(leaf->slot, out->record.slot.ptr, leaf->slot_len);
	leaf->place = setdigest_place(out->record.slot);
	leaf->sequence = out->record.sequence;
	record_leaf_hash(&leaf->hash, whole);
	return ERR_OK;
}

enum err ledger_accept_record(struct ledger *ledger, struct txn *txn, struct bytes whole,
			      struct ledger_news *news)
{
	struct ledger_item item;

	*news = (struct ledger_news){0};
	enum err err = ledger_item_read(&item, whole);
	return err ? err : ledger_accept_item(ledger, txn, &item, news);
}

enum err ledger_accept_item(struct ledger *ledger, struct txn *txn, const struct ledger_item *item,
			    struct ledger_news *news)
{
	const struct record *record = &item->record;
	struct version version = {0};
	struct sign_pk pk;
	enum place place = PLACE_NEW;

	*news = (struct ledger_news){0};
	/*
	 * PROTOCOL: "An author takes its own records from others only while it is behind" - else
	 * whoever keeps what it has deleted would bring it back, and the author would sign it anew.
	 */
	if (ledger->own_author && record->author == ledger->own_author && !ledger->own_behind)
		return ERR_EXISTS;
	enum err err = ledger_author_kept(ledger, txn, record->author, &pk);
	if (err)
		return err;
	/*
	 * PROTOCOL: "A record whose time is more than 10 minutes in the future is deferred: the
	 * receiver drops it and asks again later."
	 */
	if (record->time_ms > ledger->now_ms + (int64_t)ledger->limits->clock_ahead_ms_max)
		return ERR_AGAIN;
	struct ledger_touched *touched = ledger_touch(ledger, txn, record->author);
	if (!touched)
		return txn_err(txn);
	err = place_check(txn, touched, item, &place);
	if (!err)
		err = body_check(ledger, record, news, &version);
	if (!err && place != PLACE_SUPERSEDED)
		err = record_admit(ledger, txn, item, &pk, place, news, &version);
	return txn_err(txn) ? txn_err(txn) : err;
}

/* ---- rows of what is here ---- */

/* In order of sequence, so that the newest of a slot comes last. */
static void link_again(struct ledger *ledger, struct txn *txn, struct bytes whole)
{
	struct ledger_news news;
	struct version version;
	struct record record;

	if (record_decode(&record, whole) || ledger_record_check(ledger, &record, &news, &version))
		return;
	if (record.kind == RECORD_VERSION)
		version_link(ledger, txn, &record, &news, &version);
	ledger_slot_link(txn, &record);
}

void ledger_slots_rebuild(struct ledger *ledger, struct txn *txn)
{
#define X(name, number) number,
	static const uint8_t known[] = {RECORD_KIND_LIST(X) RECORD_READS};
#undef X
	struct row_key done = key_name("slots");
	struct bytes indexed;

	if (txn_get(txn, TABLE_META, row_key_bytes(&done), &indexed) &&
	    bytes_eq(indexed, bytes_obj(&known)))
		return;
	struct walk walk = walk_begin(txn, TABLE_RECORD, bytes_of(NULL, 0));
	while (walk_next(&walk))
		link_again(ledger, txn, walk.value);
	txn_put(txn, TABLE_META, row_key_bytes(&done), bytes_obj(&known));
}
