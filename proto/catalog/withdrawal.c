#include "proto/catalog/withdrawal.h"

#include "proto/ledger/standing.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto/path.h"
#include "crypto/utf8.h"
#include "proto/catalog/names.h"
#include "proto/catalog/remains.h"
#include "proto/transfer/fetch.h"
#include "proto/ledger/held.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"
#include "proto/rights/current.h"
#include "proto/rights/rights.h"
#include "store/chunks.h"

enum {
	LOOK_MS = 1000, /* whether a sweep has come to its end */
	LOOK_COUNT = 64 /* rows in one turn */
};
/* As with taking over (takeover.h): a number of this and more is left to itself. */
#define WITHDRAWAL_NUMBER_END ((uint64_t)1 << 40)

/* ---- what is remembered: [record id, flags, authors as be32...] ---- */

enum { FLAG_HELD = 1 /* a copy was here, and that it is erased has not been told */ };

struct withdrawn {
	struct record_id record;
	uint8_t flags;
	struct bytes holders; /* borrows from the store */
};

static void withdrawn_put(struct txn *txn, const struct dataset_id *dataset,
			  const struct withdrawn *withdrawn)
{
	struct row_key key = key_dataset(dataset);
	struct buf value;

	buf_init(&value, SIZE_MAX);
	out_array(&value, 3);
	out_fixed(&value, withdrawn->record.b, ID_LEN);
	out_uint(&value, withdrawn->flags);
	out_bin(&value, withdrawn->holders);
	txn_put_row(txn, TABLE_WITHDRAWN, &key, &value);
}

static bool withdrawn_decode(struct withdrawn *out, struct bytes value)
{
	struct wire_in w = wire_in(value);

	wire_array(&w, 3, 3);
	wire_fixed(&w, out->record.b, ID_LEN);
	out->flags = (uint8_t)wire_uint(&w, UINT8_MAX);
	out->holders = wire_bin(&w, 0, UINT32_MAX);
	return !wire_end(&w) && out->holders.len % 4 == 0;
}

static bool withdrawn_get(struct txn *txn, const struct dataset_id *dataset, struct withdrawn *out)
{
	struct row_key key = key_dataset(dataset);
	struct bytes value;

	return txn_get(txn, TABLE_WITHDRAWN, row_key_bytes(&key), &value) &&
	       withdrawn_decode(out, value);
}

/*
 * Those who said that they hold a version, as be32 authors; they are forgotten: what comes later
 * they hold anew.
 */
static void holders_take(struct txn *txn, const struct dataset_id *dataset, struct buf *authors)
{
	struct row_key prefix = key_dataset(dataset);
	struct walk walk = walk_begin(txn, TABLE_HOLDER, row_key_bytes(&prefix));

	while (walk_next(&walk)) {
		buf_add(authors, bytes_slice(walk.key, ID_LEN, walk.key.len));
		txn_del(txn, TABLE_HOLDER, bytes_of(walk.last, walk.last_len));
	}
	standing_touch(txn, dataset);
}

/* What a node has answered to a withdrawal; false: nothing. */
static bool answer_of(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		      const struct record_id *withdrawal, uint32_t author, struct erasure *out)
{
	struct record_slot slot = record_slot_of(RECORD_ERASURE, id_bytes(dataset));
	struct record record;

	return !ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), author, &record) &&
	       !erasure_get(out, record.body) && id_eq(&out->withdrawal, withdrawal);
}

static bool has_confirmed(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			  const struct record_id *withdrawal, uint32_t author)
{
	struct erasure said;

	return answer_of(hub, txn, dataset, withdrawal, author, &said) && said.folders == 0;
}

/*
 * Those who have not answered the withdrawal before: they will answer the next one. Both lists are
 * in rising order, as the rows of HOLDER are.
 */
static void holders_carry(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			  struct buf *authors)
{
	struct withdrawn before;
	struct buf all;
	size_t at = 0;

	if (!withdrawn_get(txn, dataset, &before))
		return;
	buf_init(&all, SIZE_MAX);
	for (size_t old = 0; old < before.holders.len; old += 4) {
		uint32_t author = be32_get(before.holders.ptr + old);

		for (; at < authors->len && be32_get(authors->ptr + at) < author; at += 4)
			buf_add(&all, bytes_of(authors->ptr + at, 4));
		if ((at == authors->len || be32_get(authors->ptr + at) != author) &&
		    !has_confirmed(hub, txn, dataset, &before.record, author))
			buf_add_be32(&all, author);
	}
	buf_add(&all, bytes_slice(buf_bytes(authors), at, authors->len));
	buf_fini(authors);
	*authors = all;
}

/* ---- erasing: rows of ERASING, which the turns go through ---- */

static void erasing_set(struct hub *hub, struct txn *txn, const struct dataset_id *dataset)
{
	struct row_key key = key_dataset(dataset);

	txn_put(txn, TABLE_ERASING, row_key_bytes(&key), id_bytes(dataset));
	hub->erasing->any = true;
}

static void erasing_drop(struct txn *txn, const struct dataset_id *dataset)
{
	struct row_key key = key_dataset(dataset);

	txn_del(txn, TABLE_ERASING, row_key_bytes(&key));
}

void withdrawal_open(struct hub *hub, struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_ERASING, bytes_of(NULL, 0));

	*hub->erasing = (struct erasing){.any = walk_next(&walk)};
}

/*
 * PROTOCOL: "each node that held any publishes an erasure when it has." folders: where a copy is
 * left.
 */
static bool erasure_make(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			 uint32_t folders)
{
	struct erasure erasure = {.folders = folders}, said;
	struct record_slot slot = record_slot_of(RECORD_ERASURE, id_bytes(dataset));
	struct withdrawn withdrawn;
	struct buf body, holders;
	enum err err;

	if (!withdrawn_get(txn, dataset, &withdrawn))
		return true;
	erasure.withdrawal = withdrawn.record;
	if (folders && answer_of(hub, txn, dataset, &withdrawn.record, hub->author, &said) &&
	    said.folders == folders)
		return true;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	buf_init(&holders, SIZE_MAX);
	buf_add(&holders, withdrawn.holders);
	erasure_put(&body, &erasure);
	err = ledger_append(&hub->ledger, txn, RECORD_ERASURE, record_slot_bytes(&slot),
			    buf_bytes(&body), NULL, LEDGER_QUIET);
	if (!err && !folders)
		withdrawn_put(txn, dataset,
			      &(struct withdrawn){withdrawn.record, 0, buf_bytes(&holders)});
	buf_fini(&body);
	buf_fini(&holders);
	return !err;
}

/* What is swept from the store, and tried in the folders, is told; true: it is gone from both. */
static bool erasing_look(struct hub *hub, struct txn *txn, const struct dataset_id *dataset)
{
	uint32_t folders;

	if (chunks_sweep_waits(txn, dataset) || !remains_tried(txn, dataset, &folders))
		return false;
	return erasure_make(hub, txn, dataset, folders) && !folders;
}

/* A few rows a turn, round and round: what is swept, and gone from folders, is told. */
void withdrawal_settle(struct hub *hub, struct txn *txn)
{
	struct erasing *erasing = hub->erasing;
	bool from_start = erasing->at.len == 0;
	struct walk walk;
	unsigned count = 0;

	if (!hub->author || hub->signing != SIGNING_YES || !erasing->any)
		return;
	walk = walk_begin_at(txn, TABLE_ERASING, bytes_of(NULL, 0), row_key_bytes(&erasing->at),
			     from_start);
	for (; count < LOOK_COUNT && walk_next(&walk); count++) {
		struct dataset_id dataset;

		memcpy(dataset.b, walk.key.ptr, ID_LEN);
		erasing->at = key_dataset(&dataset);
		if (erasing_look(hub, txn, &dataset))
			erasing_drop(txn, &dataset);
	}
	erasing->any = count || !from_start; /* else the whole table is empty */
	erasing->more = count == LOOK_COUNT;
	if (!erasing->more)
		erasing->at.len = 0;
}

int64_t withdrawal_wake(const struct hub *hub)
{
	const struct erasing *erasing = hub->erasing;

	return !erasing->any ? INT64_MAX : hub->mono_ms + (erasing->more ? 0 : LOOK_MS);
}

/* ---- withdrawals that come ---- */

static void view_fill(struct hub *hub, const struct record *record,
		      const struct withdrawal *withdrawal, struct withdrawal_view *out)
{
	const struct charter_member *member = hub_author_member(hub, record->author);

	*out = (struct withdrawal_view){.number = withdrawal->number,
					.time_ms = record->time_ms,
					.author = record->author,
					.erase = withdrawal->erase,
					.reach = withdrawal->reach,
					.own = record->author == hub->author};
	record_id(&out->record, record);
	memcpy(out->dataset.b, record->slot.ptr + 1, ID_LEN);
	snprintf(out->path, sizeof(out->path), "%.*s", (int)withdrawal->path.len,
		 (const char *)withdrawal->path.ptr);
	snprintf(out->name, sizeof(out->name), "%s", member ? member->name : "?");
	snprintf(out->reason, sizeof(out->reason), "%.*s", (int)withdrawal->reason.len,
		 (const char *)withdrawal->reason.ptr);
}

static void note_withdrawn(struct hub *hub, const struct withdrawal_view *view)
{
	struct note *note = hub_note(hub, NOTE_WITHDRAWN);

	note->author = view->author;
	note->dataset = view->dataset;
	note->number = view->number;
	snprintf(note->path, sizeof(note->path), "%s", view->path);
	snprintf(note->text, sizeof(note->text), "%.300s", view->reason);
}

/* Chunks always, copies in folders when it is to be erased. */
static bool dropped(struct hub *hub, struct txn *txn, const struct withdrawal_view *view,
		    uint32_t member, uint32_t but)
{
	const struct dataset_id *dataset = &view->dataset;
	bool any = fetch_drop_versions(hub, txn, dataset, member, but, view->number);

	return (view->erase &&
		remains_take(txn, dataset, view->path, member, but, view->number, any)) ||
	       any;
}

/*
 * Drops what is here of what was withdrawn. PROTOCOL: "`erase` reaches chunks of versions of the
 * withdrawing organisation, and those of others only when the owner withdraws; nodes of owner and
 * author never erase on another's word."
 */
static bool copies_drop(struct hub *hub, struct txn *txn, const struct withdrawal_view *view)
{
	const struct charter_member *owner =
		charter_by_slug(&hub->charter, path_slug(bytes_str(view->path)));
	const uint32_t own = author_member(hub->author), by = author_member(view->author);
	bool owners = owner && owner->number == own;

	switch (view->reach) {
	case REACH_OWN:
		return (!owners || by == own) && dropped(hub, txn, view, by, 0);
	case REACH_OTHERS: /* what an administrator has withdrawn may be valid again */
		return false;
	case REACH_ALL:
		return dropped(hub, txn, view, 0, by == own ? 0 : own);
	}
	return false;
}

/* Drops what is here, and remembers what is to be done about it. */
static void withdrawal_take(struct hub *hub, struct txn *txn, const struct withdrawal_view *view,
			    struct bytes holders)
{
	const struct dataset_id *dataset = &view->dataset;
	struct withdrawn before;
	bool held = withdrawn_get(txn, dataset, &before) && (before.flags & FLAG_HELD);

	held = copies_drop(hub, txn, view) || held;
	/*
	 * Who has nothing to do about it remembers nothing: others may withdraw whatever they like.
	 */
	if (!held && holders.len == 0) {
		struct row_key key = key_dataset(dataset);

		txn_del(txn, TABLE_WITHDRAWN, row_key_bytes(&key));
		erasing_drop(txn, dataset);
		return;
	}
	withdrawn_put(txn, dataset,
		      &(struct withdrawn){view->record, held ? FLAG_HELD : 0, holders});
	if (held && view->erase)
		erasing_set(hub, txn, dataset);
	else
		erasing_drop(txn, dataset);
}

void withdrawal_arrival(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct withdrawal withdrawal;
	struct withdrawal_view view;
	struct withdrawn known;

	if (record->kind != RECORD_WITHDRAWAL || withdrawal_get(&withdrawal, record->body) ||
	    !current_withdrawal(hub, txn, record, &withdrawal))
		return;
	view_fill(hub, record, &withdrawal, &view);
	if (withdrawn_get(txn, &view.dataset, &known) && id_eq(&known.record, &view.record))
		return;
	withdrawal_take(hub, txn, &view, bytes_of(NULL, 0));
	note_withdrawn(hub, &view);
}

/* ---- withdrawing ---- */

/*
 * The highest number that there is to withdraw; 0: nothing. Numbers that nobody could follow are
 * left: a withdrawal up to them would block the path for good.
 */
static uint64_t highest_find(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			     enum withdrawal_reach reach, uint32_t owner)
{
	struct ledger_version at = {.number = WITHDRAWAL_NUMBER_END};
	const uint32_t own = author_member(hub->author);

	while (current_below(hub, txn, dataset, at.number, &at)) {
		uint32_t member = author_member(at.author);
		if (reach == REACH_ALL || (reach == REACH_OWN && member == own) ||
		    (reach == REACH_OTHERS && member != owner))
			return at.number;
	}
	return 0;
}

static enum err request_check(struct hub *hub, const char *path, const char *reason, char *why)
{
	const struct identity *identity = hub->options.identity;

	if (path_check(bytes_str(path)) || !strchr(path, '/')) {
		why_set(why, "\"%.200s\" is no dataset: write %s/NAME.", path, identity->slug);
		return ERR_CONFIG;
	}
	if (!reason[0] || strlen(reason) > WITHDRAWAL_REASON_LEN_MAX ||
	    !utf8_check(bytes_str(reason), false)) {
		why_set(why,
			"the reason is one line of 1 to %d bytes: everybody sees it, so say why "
			"the data is withdrawn.",
			WITHDRAWAL_REASON_LEN_MAX);
		return ERR_CONFIG;
	}
	if (!hub->author) {
		why_set(why, "this node is not in a federation: it has published nothing.");
		return ERR_ABSENT;
	}
	return hub_sign_check(hub, why);
}

/* PROTOCOL: "Of its own versions the author drops them from its set too." */
static void versions_delete(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			    uint64_t number)
{
	struct ledger_version own = {.number = number + 1};

	while (ledger_version_below(txn, dataset, hub->author, own.number, &own)) {
		struct record_slot slot = record_slot_version(dataset, own.number);
		ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot));
	}
}

static enum err withdrawal_write(struct hub *hub, struct txn *txn,
				 const struct withdrawal *withdrawal,
				 const struct dataset_id *dataset)
{
	struct withdrawal_view view;
	struct record record;
	struct record_slot slot = withdrawal_slot(dataset, withdrawal->reach);
	struct record_id id;
	struct buf body, holders;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	buf_init(&holders, SIZE_MAX);
	withdrawal_put(&body, withdrawal);
	enum err err = ledger_append(&hub->ledger, txn, RECORD_WITHDRAWAL, record_slot_bytes(&slot),
				     buf_bytes(&body), &id, LEDGER_QUIET);
	if (!err) {
		holders_take(txn, dataset, &holders);
		holders_carry(hub, txn, dataset, &holders);
		record = (struct record){.author = hub->author,
					 .time_ms = hub->ledger.now_ms,
					 .slot = record_slot_bytes(&slot)};
		view_fill(hub, &record, withdrawal, &view);
		view.record = id;
		withdrawal_take(hub, txn, &view, buf_bytes(&holders));
		versions_delete(hub, txn, dataset,
				withdrawal->number); /* and what was held of them with them */
	}
	buf_fini(&body);
	buf_fini(&holders);
	return err;
}

/* Whose versions this organisation takes back at a path, and by which line. */
static enum err reach_find(struct hub *hub, struct txn *txn, struct withdrawal *withdrawal,
			   uint32_t owner, bool others, char *why)
{
	const char *path = (const char *)withdrawal->path.ptr;
	struct verdict line;

	withdrawal->reach = owner == author_member(hub->author) ? REACH_ALL : REACH_OWN;
	if (!others)
		return ERR_OK;
	if (withdrawal->reach == REACH_ALL) {
		why_set(why,
			"%.200s lies in the own namespace: there everybody's versions are "
			"withdrawn, without --others.",
			path);
		return ERR_CONFIG;
	}
	if (!rights_own_line(hub, txn, withdrawal->path, VERB_ADMIN, 0, &line)) {
		why_set(why,
			"%.200s lies in the namespace of another, which has not granted you "
			"\"admin\" there: only your own versions are yours to withdraw.",
			path);
		return ERR_DENIED;
	}
	withdrawal->reach = REACH_OTHERS;
	withdrawal->has_grant = true;
	withdrawal->grant = line.chain[line.count - 1];
	return ERR_OK;
}

enum err withdrawal_make(struct hub *hub, struct txn *txn, const char *name, const char *reason,
			 bool erase, bool others, struct withdrawal_view *out, char *why)
{
	char path[LIMIT_PATH_LEN_MAX + 1];
	struct withdrawal withdrawal = {.reason = bytes_str(reason), .erase = erase};
	struct dataset_id dataset;
	uint32_t owner;
	enum err err = request_check(hub, name, reason, why);

	if (!err)
		err = names_resolve(hub, txn, name, path, why);
	if (err)
		return err;
	withdrawal.path = bytes_str(path);
	if (!current_dataset(hub, withdrawal.path, &dataset, &owner)) {
		why_set(why, "%.200s is no dataset of a member: see `allmende ls`.", path);
		err = ERR_ABSENT;
	}
	if (!err)
		err = reach_find(hub, txn, &withdrawal, owner, others, why);
	if (err)
		return err;
	withdrawal.number = highest_find(hub, txn, &dataset, withdrawal.reach, owner);
	/* Withdrawn before, and now to be erased. */
	if (!withdrawal.number && erase && withdrawal_find(hub, txn, path, 0, out) && out->own &&
	    !out->erase && out->reach == withdrawal.reach)
		withdrawal.number = out->number;
	if (!withdrawal.number && withdrawal.reach == REACH_OWN) {
		why_set(why,
			"%.200s lies outside the own namespace, and nothing of %s is there: only "
			"who "
			"has published it can withdraw it, and the owner.",
			path, hub_own_name(hub));
		return ERR_DENIED;
	}
	if (!withdrawal.number) {
		why_set(why, "%.200s has no version that could be withdrawn: see `allmende ls`.",
			name);
		return ERR_ABSENT;
	}
	err = withdrawal_write(hub, txn, &withdrawal, &dataset);
	if (!err && !withdrawal_find(hub, txn, path, 0, out))
		err = ERR_CORRUPT;
	if (err)
		why_set(why, "%.200s could not be withdrawn: %s.", name, err_text(err));
	else
		note_withdrawn(hub, out);
	if (!err)
		snprintf(out->path, sizeof(out->path), "%s", name);
	return err;
}

enum err withdrawal_gone(struct hub *hub, struct txn *txn, const char *name, unsigned *count,
			 char *why)
{
	char path[LIMIT_PATH_LEN_MAX + 1];
	struct dataset_id dataset;
	uint32_t owner;
	enum err err = names_resolve(hub, txn, name, path, why);

	*count = 0;
	if (err)
		return err;
	if (current_dataset(hub, bytes_str(path), &dataset, &owner))
		*count = remains_gone(txn, &dataset);
	if (*count)
		return ERR_OK;
	why_set(why,
		"no copy of %.200s in a folder of this node is waited for: `allmende status` names "
		"those that are.",
		name);
	return ERR_ABSENT;
}

/* ---- looking ---- */

bool withdrawal_find(struct hub *hub, struct txn *txn, const char *name, uint64_t number,
		     struct withdrawal_view *out)
{
	char path[LIMIT_PATH_LEN_MAX + 1], ignored[WHY_LEN];
	struct dataset_id dataset;
	bool found = false;
	uint32_t owner;

	/* A short name stays that of a former member until another gets it. */
	if (names_resolve(hub, txn, name, path, ignored) ||
	    !current_dataset(hub, bytes_str(path), &dataset, &owner))
		return false;
	struct record_slot slot = record_slot_of(RECORD_WITHDRAWAL, id_bytes(&dataset));
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
	slots.leaving = true;
	struct record record;
	while (ledger_slots_next(&slots, &record)) {
		struct withdrawal withdrawal;

		if (withdrawal_get(&withdrawal, record.body) || withdrawal.number < number ||
		    (found && record.time_ms < out->time_ms) ||
		    !current_withdrawal(hub, txn, &record, &withdrawal))
			continue;
		view_fill(hub, &record, &withdrawal, out);
		found = true;
	}
	if (found)
		snprintf(out->path, sizeof(out->path), "%s", name);
	return found;
}

void withdrawal_each(struct hub *hub, struct txn *txn,
		     bool (*each)(void *arg, const struct withdrawal_view *view), void *arg)
{
	const uint8_t kind = RECORD_WITHDRAWAL;
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_of(&kind, 1));
	struct withdrawal_view view;
	struct withdrawal withdrawal;
	struct record record;

	while (ledger_slots_next(&slots, &record)) {
		if (record.author != hub->author || withdrawal_get(&withdrawal, record.body) ||
		    !withdrawal.erase)
			continue;
		view_fill(hub, &record, &withdrawal, &view);
		if (!each(arg, &view))
			return;
	}
}

bool withdrawal_why(struct hub *hub, struct txn *txn, const char *path, uint64_t number, char *why)
{
	struct withdrawal_view view;
	struct tm day;

	if (!withdrawal_find(hub, txn, path, number, &view))
		return false;
	time_t seconds = (time_t)(view.time_ms / 1000);
	localtime_r(&seconds, &day);
	why_set(why, "%.100s was withdrawn by %s on %04d-%02d-%02d: %.220s", path, view.name,
		day.tm_year + 1900, day.tm_mon + 1, day.tm_mday, view.reason);
	return true;
}

void withdrawal_answers(struct hub *hub, struct txn *txn, const struct withdrawal_view *view,
			bool (*each)(void *arg, const struct withdrawal_answer *answer), void *arg)
{
	struct record_slot slot = record_slot_of(RECORD_ERASURE, id_bytes(&view->dataset));
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
	struct withdrawn withdrawn;
	struct erasure said;
	struct record record;

	while (ledger_slots_next(&slots, &record)) {
		if (erasure_get(&said, record.body) || !id_eq(&said.withdrawal, &view->record))
			continue;
		const struct withdrawal_answer answer = {record.author, record.time_ms,
							 said.folders};
		if (!each(arg, &answer))
			return;
	}
	if (!withdrawn_get(txn, &view->dataset, &withdrawn) ||
	    !id_eq(&withdrawn.record, &view->record))
		return;
	for (size_t at = 0; at < withdrawn.holders.len; at += 4) {
		struct withdrawal_answer answer = {be32_get(withdrawn.holders.ptr + at), 0, 0};

		if (!answer_of(hub, txn, &view->dataset, &view->record, answer.author, &said) &&
		    !each(arg, &answer))
			return;
	}
}
