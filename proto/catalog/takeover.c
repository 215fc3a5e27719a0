#include "proto/catalog/takeover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/catalog/foreign.h"
#include "proto/catalog/lookup.h"
#include "proto/content/pack.h"
#include "proto/content/reader.h"
#include "proto/ledger/held.h"
#include "proto/ledger/quota.h"
#include "proto/ledger/withdrawal_body.h"
#include "proto/rights/current.h"
#include "proto/rights/rights.h"
#include "store/chunks.h"

enum {
	WALK_STEP = 128,          /* rows in one turn */
	WITHDRAWN_LOOKS_MAX = 64, /* versions of one author */
	WAIT_MS = 60 * 1000,
	WALK_PAUSE_MS = 1000,               /* between two: others may change lines all the time */
	MANIFEST_LEN_MAX = 4 * 1024 * 1024, /* sealed: a longer one is not opened inside a turn */
};
#define DAY_MS  (INT64_C(24) * 3600 * 1000)
#define HOUR_MS (INT64_C(3600) * 1000)

/* ---- by command ---- */

/* The version of another with a number: the valid one, then the first. */
static bool number_find(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			uint64_t number, struct version_id *out)
{
	struct ledger_version row;
	uint32_t author = 0;
	bool found = false;

	while (ledger_version_author(txn, dataset, &author)) {
		const struct version_id of = {*dataset, number, author};
		if (author == hub->author || !ledger_version_get(txn, &of, &row) ||
		    !ledger_version_owner(&hub->ledger, txn, &row))
			continue;
		if (!found || current_valid(hub, txn, &of))
			*out = of;
		if (current_valid(hub, txn, &of))
			return true;
		found = true;
	}
	return found;
}

enum err takeover_version(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
			  struct takeover_view *out, char *why)
{
	struct dataset_id dataset;
	struct version_id of;
	struct version version;
	struct verdict line;
	uint32_t owner;
	enum err err = hub_member_check(hub, why);

	if (!err)
		err = hub_sign_check(hub, why);
	if (err)
		return err;
	if (!current_dataset(hub, bytes_str(path), &dataset, &owner)) {
		why_set(why, "\"%.200s\" is no dataset of a member: write SLUG/NAME@VERSION.",
			path);
		return ERR_CONFIG;
	}
	bool own = owner == author_member(hub->author);
	if (!own && !rights_own_line(hub, txn, bytes_str(path), VERB_WRITE, 0, &line)) {
		why_set(why,
			"%.200s lies in the namespace of another, and you may not write there.",
			path);
		return ERR_DENIED;
	}
	if (number >= TAKEOVER_NUMBER_END) {
		why_set(why,
			"version %llu has a number that nobody could follow: get its files and "
			"publish them anew.",
			(unsigned long long)number);
		return ERR_DENIED;
	}
	if (!number_find(hub, txn, &dataset, number, &of) || held_version(txn, &of, &version)) {
		why_set(why, "%.200s has no version %llu of anybody else here.", path,
			(unsigned long long)number);
		return ERR_ABSENT;
	}
	if (foreign_own(txn, hub, &of)) {
		why_set(why, "version %llu of %.200s is this node's own already.",
			(unsigned long long)number, path);
		return ERR_EXISTS;
	}
	foreign_view(hub, txn, &of, &version, out);
	err = foreign_sign(hub, txn, &of, own ? NULL : &line.chain[line.count - 1]);
	if (!err) {
		foreign_drop(txn, &of);
		hub->takeover->due = true;
	}
	if (err == ERR_NOSPACE)
		hub_quota_why(hub, txn, why);
	else if (err)
		why_set(why, "%.200s could not be taken over: %s.", path, err_text(err));
	return err;
}

/* ---- what is about to end ---- */

/* Whether a version is valid now, would not be then, and is to be kept. */
static bool falls(struct hub *hub, struct txn *txn, const struct facts *then,
		  const struct version_id *of, struct takeover_view *view)
{
	struct ledger_version row;
	struct version version;
	struct verdict verdict;

	if (!ledger_version_get(txn, of, &row) || !row.has_grant ||
	    of->number >= TAKEOVER_NUMBER_END || of->author == hub->author ||
	    held_version(txn, of, &version) || !current_valid(hub, txn, of))
		return false;
	if (verdict_of(then, &row.grant, hub->judge_ms, &verdict) && verdict.verb >= VERB_WRITE &&
	    verdict.widest <= version.tier)
		return false;
	foreign_view(hub, txn, of, &version, view);
	return verdict.count > 0 &&
	       (verdict.keep == KEEPING_ALL || (verdict.keep == KEEPING_CURRENT && view->current));
}

void takeover_each(struct hub *hub, struct txn *txn, const struct facts *then,
		   bool (*each)(void *arg, const struct takeover_view *view), void *arg)
{
	struct walk walk = walk_begin(txn, TABLE_FOREIGN, bytes_of(NULL, 0));

	while (walk_next(&walk)) {
		struct takeover_view view;
		struct version_id of;
		held_of_key(&of, walk.key);
		if (falls(hub, txn, then, &of, &view) && !foreign_own(txn, hub, &of) &&
		    !each(arg, &view))
			return;
	}
}

struct taking {
	struct version_id *items;
	size_t count, cap;
};

static bool taking_add(void *arg, const struct takeover_view *view)
{
	struct taking *taking = arg;

	taking->items =
		mem_room(taking->items, taking->count, &taking->cap, sizeof(*taking->items));
	taking->items[taking->count++] = view->of;
	return taking->count < TAKEOVER_COUNT_MAX;
}

enum err takeover_planned(struct hub *hub, struct txn *txn, const struct facts *then,
			  uint64_t *count)
{
	struct taking taking = {NULL, 0, 0};
	enum err err = ERR_OK;

	*count = 0;
	takeover_each(hub, txn, then, taking_add, &taking);
	for (size_t i = 0; !err && i < taking.count; i++) {
		struct version version;
		struct dataset_id dataset;
		struct verdict line;
		uint32_t owner;
		if (held_version(txn, &taking.items[i], &version) ||
		    !current_dataset(hub, version.path, &dataset, &owner))
			continue;
		bool own = owner == author_member(hub->author);
		/* As far as who ends has a line for it; the rest is the owner's to take. */
		if (!own && !rights_own_line(hub, txn, version.path, VERB_WRITE, 0, &line))
			continue;
		err = foreign_sign(hub, txn, &taking.items[i],
				   own ? NULL : &line.chain[line.count - 1]);
		*count += !err;
	}
	free(taking.items);
	return err;
}

/* ---- by itself ---- */

/* PROTOCOL: "its active node with the role publish of the lowest index among those whose head is
   valid" */
static bool is_taker(struct hub *hub, struct txn *txn)
{
	const uint32_t member = author_member(hub->author);
	struct author_state state;

	if (!ledger_may_publish(&hub->ledger, txn, hub->author))
		return false;
	for (uint32_t author = author_of(member, 0); author < hub->author; author++)
		if (ledger_may_publish(&hub->ledger, txn, author) &&
		    !ledger_state(&hub->ledger, txn, author, &state) && state.counter > 0 &&
		    state.head_valid_until_ms >= hub->ledger.now_ms)
			return false;
	return true;
}

/* What is garbage to its readers is not signed: the manifest opens under the key that is here. */
static bool manifest_opens(struct hub *hub, struct txn *txn, const struct version_id *of)
{
	struct lookup found = {.of = *of};
	struct reading reading = {0};
	char why[WHY_LEN];
	struct index_entry entry;
	uint64_t len = 0;
	bool ok = false;

	if (!held_complete(txn, of) || held_version(txn, of, &found.version) ||
	    ledger_version_find(txn, &of->dataset, of->number, of->author, &found.whole) ||
	    lookup_reading(hub, txn, &found, &reading, why))
		return false;
	struct packer *packer = packer_open();
	struct reader *reader = reader_open(&reading.version, &of->dataset, &reading.dataset_key);
	struct buf chunk;
	enum err err = ERR_OK;
	buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);
	while (!err && reader_part_next(reader, &entry)) {
		len += entry.size;
		buf_reset(&chunk);
		err = len > MANIFEST_LEN_MAX ? ERR_FULL
					     : chunks_read(txn, &of->dataset, &entry.addr, &chunk);
		if (!err)
			err = reader_part_add(reader, packer, buf_bytes(&chunk));
	}
	ok = !err && !reader_manifest_done(reader);
	buf_fini(&chunk);
	reader_close(reader);
	packer_close(packer);
	reading_fini(&reading);
	return ok;
}

/* Whether another void version of the dataset that may be kept goes before this one. */
static bool is_overtaken(struct hub *hub, struct txn *txn, const struct version_id *of)
{
	struct row_key prefix = key_dataset(&of->dataset);
	struct walk walk = walk_begin(txn, TABLE_FOREIGN, row_key_bytes(&prefix));
	struct ledger_version current;
	struct foreign row;
	unsigned looks = 0;

	if (!current_find(hub, txn, &of->dataset, 0, &current, NULL) &&
	    (current.number > of->number ||
	     (current.number == of->number && current.author != of->author)))
		return true;
	while (looks++ < WALK_STEP && walk_next(&walk)) {
		struct version_id other;
		held_of_key(&other, walk.key);
		if (foreign_decode(&row, walk.value) && (row.flags & FOREIGN_FIRM) &&
		    other.number < TAKEOVER_NUMBER_END && other.number > of->number &&
		    row.keep != KEEPING_NONE)
			return true;
	}
	return false;
}

static void note_waiting(struct hub *hub, const struct version_id *of,
			 const struct version *version)
{
	struct note *note = hub_note(hub, NOTE_VOID);

	note->author = of->author;
	note->dataset = of->dataset;
	note->number = of->number;
	snprintf(note->path, sizeof(note->path), "%.*s", (int)version->path.len,
		 (const char *)version->path.ptr);
}

static void missed_note(struct takeover_missed *missed, const struct version_id *of)
{
	if (missed->count++ == 0)
		missed->first = *of;
}

/* One that is void, or about to be: taken over when that is due here, else shown. */
static void version_save(struct hub *hub, struct txn *txn, const struct version_id *of,
			 struct foreign row, const struct version *version, bool is_void)
{
	struct takeover *takeover = hub->takeover;
	const uint8_t before = row.flags;
	bool kept = (row.flags & FOREIGN_FIRM) && row.keep != KEEPING_NONE &&
		    !foreign_own(txn, hub, of) &&
		    (row.keep == KEEPING_ALL || !is_overtaken(hub, txn, of));
	bool wanted = kept && of->number < TAKEOVER_NUMBER_END && !(row.flags & FOREIGN_OVER);

	if (foreign_own(txn, hub, of) || (is_void && row.keep == KEEPING_NONE)) {
		foreign_drop(txn, of);
		return;
	}
	struct bytes whole = {NULL, 0};
	ledger_version_find(txn, &of->dataset, of->number, of->author, &whole);
	/* Of one end so much, not of each walk after it. */
	if (wanted && (takeover->count >= takeover->count_max || whole.len > takeover->left)) {
		row.flags |= FOREIGN_OVER;
		wanted = false;
	}
	if (wanted && manifest_opens(hub, txn, of) && !foreign_sign(hub, txn, of, NULL)) {
		takeover->count++;
		takeover->left -= whole.len;
		foreign_drop(txn, of);
		return;
	}
	if (is_void && kept)
		missed_note(&takeover->found, of);
	if (is_void)
		row.flags |= FOREIGN_SHOWN;
	if (is_void && !(before & FOREIGN_SHOWN))
		note_waiting(hub, of, version);
	if (row.flags != before)
		foreign_put(txn, of, row);
}

/* The earlier of when something is to be looked at again. */
static void look_again(struct takeover *takeover, int64_t at_ms)
{
	if (at_ms < takeover->next_ms)
		takeover->next_ms = at_ms;
}

/* An own version in the namespace of another: another good line is named when one ends. */
static void own_version_look(struct hub *hub, struct txn *txn, const struct version_id *of,
			     const struct ledger_version *at, const struct version *version)
{
	struct verdict now, other;
	bool good =
		rights_through(hub, txn, hub->author, version->path, &at->grant, VERB_WRITE, &now);

	if (good && now.to_ms - DAY_MS > hub->act_ms) {
		look_again(hub->takeover, now.to_ms - DAY_MS);
		return;
	}
	if (rights_own_line(hub, txn, version->path, VERB_WRITE, 0, &other) &&
	    other.widest <= version->tier && (!good || other.to_ms > now.to_ms) &&
	    !foreign_sign(hub, txn, of, &other.chain[other.count - 1]))
		return;
	/* PROTOCOL: "never later" */
	if (!good)
		foreign_drop(txn, of);
	else
		look_again(hub->takeover, now.to_ms);
}

/* PROTOCOL: "A withdrawn version, and one wider than its line lets it be, is not taken over." */
static bool is_unwanted(struct hub *hub, struct txn *txn, const struct version_id *of,
			const struct version *version)
{
	return current_withdrawn(hub, txn, version->path, author_member(of->author)) >= of->number;
}

/* ---- withdrawals of administrators: rows with number 0, which no version has ---- */

/* Whether a version would count but for withdrawals, now or before its line ran out. */
static bool is_by_right(struct hub *hub, struct txn *txn, const struct ledger_version *of,
			struct bytes path)
{
	struct verdict verdict;

	return of->has_grant &&
	       (rights_through(hub, txn, of->author, path, &of->grant, VERB_WRITE, &verdict) ||
		verdict.fault == FAULT_EXPIRED);
}

/*
 * The highest number that anybody has published there who may, but for the owner and who has
 * withdrawn: a number that anybody else makes up must not block the path for good.
 */
static uint64_t others_highest(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			       struct bytes path, uint32_t but)
{
	struct ledger_version at;
	uint32_t author = 0;
	uint64_t highest = 0;

	while (ledger_version_author(txn, dataset, &author)) {
		const uint32_t member = author_member(author);
		at.number = member == author_member(hub->author) || member == but
				    ? 0
				    : TAKEOVER_NUMBER_END;
		for (unsigned i = 0; i < WITHDRAWN_LOOKS_MAX && at.number > highest + 1; i++) {
			if (!ledger_version_below(txn, dataset, author, at.number, &at))
				break;
			if (at.number > highest && is_by_right(hub, txn, &at, path))
				highest = at.number;
		}
	}
	return highest;
}

/* PROTOCOL: "Of administrators whose right has ended the owner takes over what they withdrew" */
static void withdrawal_save(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			    const struct withdrawal *from, uint32_t by)
{
	struct withdrawal own = {.path = from->path, .reason = from->reason, .reach = REACH_OTHERS};
	struct record_slot slot = withdrawal_slot(dataset, REACH_OTHERS);
	uint64_t highest = others_highest(hub, txn, dataset, from->path, by);
	struct withdrawal before;
	struct record record;
	struct buf body;

	own.number = from->number < highest ? from->number : highest;
	bool has =
		!ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), hub->author, &record) &&
		!withdrawal_get(&before, record.body) && before.number >= own.number;
	if (has || own.number == 0)
		return;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	withdrawal_put(&body, &own);
	ledger_append(&hub->ledger, txn, RECORD_WITHDRAWAL, record_slot_bytes(&slot),
		      buf_bytes(&body), NULL, LEDGER_TELL);
	buf_fini(&body);
}

static void withdrawal_look(struct hub *hub, struct txn *txn, const struct version_id *of,
			    struct foreign row)
{
	struct record_slot slot = withdrawal_slot(&of->dataset, REACH_OTHERS);
	struct withdrawal withdrawal;
	struct record record;

	if (ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), of->author, &record) ||
	    withdrawal_get(&withdrawal, record.body)) {
		foreign_drop(txn, of);
		return;
	}
	if (current_withdrawal(hub, txn, &record, &withdrawal)) {
		if (hub->takeover->firm && !(row.flags & FOREIGN_FIRM))
			foreign_put(txn, of, (struct foreign){FOREIGN_FIRM, row.keep});
		return;
	}
	if (!is_taker(hub, txn))
		return;
	if (row.flags & FOREIGN_FIRM)
		withdrawal_save(hub, txn, &of->dataset, &withdrawal, author_member(of->author));
	foreign_drop(txn, of);
}

void takeover_withdrawal(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct version_id of = {.number = 0, .author = record->author};
	enum withdrawal_reach reach;
	struct withdrawal withdrawal;

	if (!hub->author || author_member(record->author) == author_member(hub->author) ||
	    withdrawal_slot_get(record->slot, &of.dataset, &reach) || reach != REACH_OTHERS ||
	    withdrawal_get(&withdrawal, record->body))
		return;
	if (rights_own_namespace(hub, &hub->options.identity->org, withdrawal.path) &&
	    current_withdrawal(hub, txn, record, &withdrawal))
		foreign_put(txn, &of, (struct foreign){0, KEEPING_ALL});
}

static void row_look(struct hub *hub, struct txn *txn, const struct version_id *of,
		     struct foreign row)
{
	struct takeover *takeover = hub->takeover;
	const struct foreign before = row;
	const struct charter_member *owner;
	struct version version;
	struct ledger_version at;
	struct verdict verdict;

	if (of->number == 0) {
		withdrawal_look(hub, txn, of, row);
		return;
	}
	if (!ledger_version_get(txn, of, &at) || held_version(txn, of, &version) || !at.has_grant ||
	    is_unwanted(hub, txn, of, &version)) {
		foreign_drop(txn, of);
		return;
	}
	if (of->author == hub->author) {
		own_version_look(hub, txn, of, &at, &version);
		return;
	}
	owner = charter_by_slug(&hub->charter, path_slug(version.path));
	bool through =
		rights_through(hub, txn, of->author, version.path, &at.grant, VERB_WRITE, &verdict);
	if (!owner || owner->number != author_member(hub->author)) {
		/* Who has only handed the right on takes over when it ends it, or not at all. */
		if (!through)
			foreign_drop(txn, of);
		return;
	}
	/* Who ends it may say what is to be kept. */
	if (verdict.count > 0)
		row.keep = verdict.keep;
	if (through && verdict.widest > version.tier)
		row.keep = KEEPING_NONE;
	if (!through || verdict.widest > version.tier) {
		if (verdict.fault == FAULT_EXPIRED && hub->act_ms < verdict.to_ms)
			look_again(takeover, verdict.to_ms); /* not for certain */
		else if (is_taker(hub, txn))
			version_save(hub, txn, of, row, &version, true);
		return;
	}
	if (takeover->firm)
		row.flags |= FOREIGN_FIRM;
	row.flags &= (uint8_t)~FOREIGN_SHOWN;
	if (verdict.to_ms - DAY_MS > hub->act_ms)
		row.flags &= (uint8_t)~FOREIGN_OVER;
	if (row.flags != before.flags || row.keep != before.keep)
		foreign_put(txn, of, row);
	if (verdict.to_ms - DAY_MS > hub->act_ms) {
		look_again(takeover, verdict.to_ms - DAY_MS);
	} else if (is_taker(hub, txn)) {
		look_again(takeover, verdict.to_ms);
		version_save(hub, txn, of, row, &version, false);
	}
}

/* PROTOCOL: "at most 10,000 datasets and a tenth of the own quota that is left" */
static void budget_set(struct hub *hub, struct txn *txn)
{
	struct takeover *takeover = hub->takeover;
	const struct quota quota = quota_usual(hub->ledger.limits, hub->author);
	struct author_state state;

	ledger_state(&hub->ledger, txn, hub->author, &state);
	uint64_t count = quota.count > state.live_count ? quota.count - state.live_count : 0;
	uint64_t bytes = quota.bytes > state.live_bytes ? quota.bytes - state.live_bytes : 0;
	takeover->count_max = count / 10 < TAKEOVER_COUNT_MAX ? count / 10 : TAKEOVER_COUNT_MAX;
	takeover->left = bytes / 10;
}

static void walk_begin_look(struct hub *hub, struct txn *txn)
{
	struct takeover *takeover = hub->takeover;

	takeover->due = false;
	takeover->walking = true;
	takeover->at = (struct row_key){.len = 0};
	takeover->firm = takeover->firm_due;
	takeover->firm_due = false;
	takeover->rights_epoch = hub->rights_epoch;
	takeover->charter_number = hub->charter.number;
	takeover->next_ms = hub->act_ms + HOUR_MS;
	takeover->begun_ms = hub->mono_ms;
	takeover->count = 0;
	takeover->found = (struct takeover_missed){.count = 0};
	budget_set(hub, txn);
}

static bool walk_is_due(const struct hub *hub)
{
	const struct takeover *takeover = hub->takeover;

	return takeover->due || takeover->rights_epoch != hub->rights_epoch ||
	       takeover->charter_number != hub->charter.number || hub->act_ms >= takeover->next_ms;
}

void takeover_settle(struct hub *hub, struct txn *txn)
{
	struct takeover *takeover = hub->takeover;

	if (!hub->author || hub->signing != SIGNING_YES)
		return;
	if (!takeover->walking && walk_is_due(hub) &&
	    hub->mono_ms >= takeover->begun_ms + WALK_PAUSE_MS)
		walk_begin_look(hub, txn);
	if (!takeover->walking)
		return;
	struct walk walk = walk_begin_at(txn, TABLE_FOREIGN, bytes_of(NULL, 0),
					 row_key_bytes(&takeover->at), takeover->at.len == 0);
	for (unsigned i = 0; i < WALK_STEP; i++) {
		struct version_id of;
		struct foreign row;
		if (!walk_next(&walk)) {
			takeover->walking = false;
			takeover->missed = takeover->found;
			return;
		}
		memcpy(takeover->at.b, walk.key.ptr, walk.key.len);
		takeover->at.len = walk.key.len;
		held_of_key(&of, walk.key);
		if (foreign_decode(&row, walk.value))
			row_look(hub, txn, &of, row);
		else
			foreign_drop(txn, &of);
	}
}

int64_t takeover_wake(const struct hub *hub)
{
	const struct takeover *takeover = hub->takeover;

	if (!hub->author || hub->signing != SIGNING_YES)
		return INT64_MAX;
	if (takeover->walking)
		return hub->mono_ms;
	if (walk_is_due(hub))
		return takeover->begun_ms + WALK_PAUSE_MS;
	/* The clock may be there while it is not certain yet that the time has passed. */
	int64_t next_ms = hub_mono_of(hub, takeover->next_ms);
	return next_ms > hub->mono_ms ? next_ms : hub->mono_ms + WAIT_MS;
}

/* ---- what comes ---- */

void takeover_open(struct hub *hub, struct txn *txn)
{
	*hub->takeover = (struct takeover){
		.due = true, .next_ms = INT64_MAX, .begun_ms = hub->mono_ms - WALK_PAUSE_MS};
}

/* The writer, the owner, and who has handed the right on; others remember nothing of it. */
static bool is_concerned(const struct hub *hub, const struct version_id *of,
			 const struct charter_member *owner, const struct verdict *verdict)
{
	const uint32_t own = author_member(hub->author);

	for (size_t i = 0; i < verdict->count; i++)
		if (verdict->issuers[i] == own)
			return true;
	return of->author == hub->author || owner->number == own;
}

void takeover_arrival(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	const struct version_id of = {arrival->news.dataset, arrival->news.number,
				      arrival->news.author};
	const struct version *version = &arrival->version;
	const struct charter_member *owner =
		charter_by_slug(&hub->charter, path_slug(version->path));
	struct verdict verdict;

	if (!hub->author || !owner || !version->has_grant)
		return;
	bool through = rights_through(hub, txn, of.author, version->path, &version->grant,
				      VERB_WRITE, &verdict);
	if (through && current_valid(hub, txn, &of) && is_concerned(hub, &of, owner, &verdict)) {
		foreign_put(txn, &of, (struct foreign){0, verdict.keep});
		look_again(hub->takeover, verdict.to_ms - DAY_MS);
	} else if (!through && verdict.count > 0 && of.author != hub->author &&
		   owner->number == author_member(hub->author)) {
		note_waiting(hub, &of, version);
	}
}

void takeover_compared(struct hub *hub)
{
	hub->takeover->firm_due = hub->takeover->due = true;
}

void takeover_waiting(struct hub *hub, struct txn *txn,
		      bool (*each)(void *arg, const struct takeover_view *view), void *arg)
{
	struct walk walk = walk_begin(txn, TABLE_FOREIGN, bytes_of(NULL, 0));

	while (walk_next(&walk)) {
		struct takeover_view view;
		struct version version;
		struct version_id of;
		struct foreign row;
		held_of_key(&of, walk.key);
		if (!foreign_decode(&row, walk.value) || !(row.flags & FOREIGN_SHOWN) ||
		    held_version(txn, &of, &version))
			continue;
		foreign_view(hub, txn, &of, &version, &view);
		if (!each(arg, &view))
			return;
	}
}
