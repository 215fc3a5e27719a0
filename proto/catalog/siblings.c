#include "proto/catalog/siblings_internal.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/orglog.h"
#include "proto/ledger/bar.h"
#include "proto/ledger/line.h"
#include "proto/rights/verdict.h"

enum { WALK_STEP = 128 }; /* rows in one turn */
#define DAY_MS  (INT64_C(24) * 3600 * 1000)
#define KEEP_MS (30 * DAY_MS) /* what has ended stays so long */

static bool is_sibling(const struct hub *hub, uint32_t author)
{
	return hub->author && author != hub->author &&
	       author_member(author) == author_member(hub->author);
}

/* Whether this node's lines and bars count. */
static bool is_admin(struct hub *hub, struct txn *txn, uint32_t author)
{
	struct sign_pk pk;
	uint8_t roles;

	return !ledger_author(&hub->ledger, txn, author, &pk, &roles) &&
	       (roles & ORGLOG_ROLE_ADMIN);
}

/*
 * Whether this node's ends and bars count: also for a while when it was put out of the role. What
 * nobody copies meanwhile is gone.
 */
static bool is_heard(struct hub *hub, struct txn *txn, uint32_t author)
{
	uint32_t leaving[VERDICT_LEAVING_MAX];
	size_t count = ledger_leaving(&hub->ledger, txn, author_member(author), ORGLOG_ROLE_ADMIN,
				      hub->judge_ms, leaving, VERDICT_LEAVING_MAX);
	bool heard = is_admin(hub, txn, author);

	for (size_t i = 0; i < count && !heard; i++)
		heard = leaving[i] == author;
	return heard;
}

/* Copied, as what is appended moves what was read. */
enum err siblings_sign(struct hub *hub, struct txn *txn, uint64_t kind,
		       const struct record_slot *slot, struct bytes body)
{
	struct buf copy;

	buf_init(&copy, LIMIT_RECORD_LEN_MAX);
	buf_add(&copy, body);
	enum err err = copy.err ? copy.err
				: ledger_append(&hub->ledger, txn, kind, record_slot_bytes(slot),
						buf_bytes(&copy), NULL, LEDGER_TELL);
	buf_fini(&copy);
	return err;
}

/* ---- bars of two nodes ---- */

struct bar_pair {
	struct bar_list lists[2];
	struct bar next[2];
	bool has[2];
};

static bool pair_begin(struct bar_pair *pair, struct bytes own, struct bytes other)
{
	memset(pair, 0, sizeof(*pair));
	if (bar_list_get(&pair->lists[1], other))
		return false;
	pair->has[1] = bar_list_next(&pair->lists[1], &pair->next[1]);
	if (own.len > 0 && !bar_list_get(&pair->lists[0], own))
		pair->has[0] = bar_list_next(&pair->lists[0], &pair->next[0]);
	return true;
}

/* The next element of either, in order. *other: only the other one has it. */
static bool pair_next(struct bar_pair *pair, bool *other, bool *both_differ, struct bar *out)
{
	if (!pair->has[0] && !pair->has[1])
		return false;
	int order = !pair->has[0]   ? 1
		    : !pair->has[1] ? -1
				    : bar_cmp(&pair->next[0], &pair->next[1]);
	*other = order > 0;
	*both_differ = order == 0 && pair->next[0].barred != pair->next[1].barred;
	*out = pair->next[order > 0];
	if (order == 0 && pair->next[1].keep < out->keep)
		out->keep = pair->next[1].keep;
	for (int i = 0; i < 2; i++)
		if (order == 0 || (order > 0) == (i == 1))
			pair->has[i] = bar_list_next(&pair->lists[i], &pair->next[i]);
	return true;
}

/*
 * The own bars of an organisation, with those of another node. all: as both together mean, for when
 * the other one goes; else only what it bars and is not known here. False: nothing is new.
 */
bool siblings_bars_join(struct bytes own, struct bytes other, bool all, struct buf *out)
{
	struct bar *items = mem_new(2 * BAR_COUNT_MAX, sizeof(*items));
	struct bar_pair pair;
	struct bar bar;
	bool theirs, differ, changed = false;
	size_t count = 0;

	if (pair_begin(&pair, own, other)) {
		while (count < 2 * BAR_COUNT_MAX && pair_next(&pair, &theirs, &differ, &bar)) {
			if (theirs && !bar.barred && !all)
				continue;
			/* Somebody has lifted it. */
			if (differ && all) {
				changed = changed || bar.barred;
				bar.barred = false;
			}
			changed = changed || theirs;
			items[count++] = bar;
		}
		if (changed)
			bar_list_put(out, &pair.lists[1].org, items, count);
	}
	free(items);
	return changed && !out->err && out->len <= BAR_LEN_MAX && count <= BAR_COUNT_MAX;
}

enum err siblings_bars_take(struct hub *hub, struct txn *txn, const struct record *record, bool all)
{
	struct record_slot slot = record_slot_copy(record->slot);
	struct record own;
	struct buf joined;
	enum err err = ERR_EXISTS;

	buf_init(&joined, LIMIT_RECORD_LEN_MAX);
	bool has = !ledger_slot(&hub->ledger, txn, record->slot, hub->author, &own);
	if (siblings_bars_join(has ? own.body : bytes_of(NULL, 0), record->body, all, &joined))
		err = siblings_sign(hub, txn, RECORD_BAR, &slot, buf_bytes(&joined));
	buf_fini(&joined);
	return err;
}

/* ---- ends and bars, unasked ---- */

/* The latest expiry that any body of the line here has. */
static int64_t expiry_last(struct hub *hub, struct txn *txn, struct bytes slot)
{
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, slot);
	struct record record;
	struct line line;
	int64_t last_ms = 0;

	slots.leaving = true;
	while (ledger_slots_next(&slots, &record))
		if (author_member(record.author) == author_member(hub->author) &&
		    !line_get(&line, record.body) && line.expiry_ms > last_ms)
			last_ms = line.expiry_ms;
	return last_ms;
}

static bool end_sign(struct hub *hub, struct txn *txn, const struct record_slot *slot,
		     const struct line *line)
{
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, line);
	bool made = !body.err && !siblings_sign(hub, txn, RECORD_LINE, slot, buf_bytes(&body));
	buf_fini(&body);
	return made;
}

/*
 * So an end stays as long as any body of the line might be said again, though it is not here any
 * more.
 */
static bool end_raise(struct hub *hub, struct txn *txn, const struct record_slot *slot)
{
	struct record own;
	struct line line;

	if (ledger_slot(&hub->ledger, txn, record_slot_bytes(slot), hub->author, &own) ||
	    line_get(&line, own.body) || line.verb != VERB_NONE)
		return false;
	int64_t last_ms = expiry_last(hub, txn, record_slot_bytes(slot));
	if (last_ms <= line.expiry_ms)
		return false;
	line.expiry_ms = last_ms;
	return end_sign(hub, txn, slot, &line);
}

/*
 * PROTOCOL: "A sibling that has another body, or none, in the slot copies an end into its own set.
 * It copies nothing that gives." - but with the latest expiry here, which may be that of the own
 * body that it replaces.
 */
static void end_take(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct record_slot slot = record_slot_copy(record->slot);
	struct line line, own_line;
	struct record own;

	if (line_get(&line, record->body) || line.verb != VERB_NONE ||
	    line_fits(&line, record->slot, record->author))
		return;
	line.expiry_ms = expiry_last(hub, txn, record->slot);
	/* PROTOCOL: "30 days after the latest expiry of the line that is here no end is copied." */
	if (hub->act_ms - KEEP_MS >= line.expiry_ms)
		return;
	if (!ledger_slot(&hub->ledger, txn, record->slot, hub->author, &own) &&
	    !line_get(&own_line, own.body) && own_line.verb == VERB_NONE)
		return;
	end_sign(hub, txn, &slot, &line);
}

static void sibling_look(struct hub *hub, struct txn *txn, const struct record *record)
{
	const struct record_slot slot = record_slot_copy(record->slot);

	if (record->kind != RECORD_LINE) {
		siblings_bars_take(hub, txn, record, false);
		return;
	}
	end_take(hub, txn, record);
	end_raise(hub, txn, &slot);
}

void siblings_arrival(struct hub *hub, struct txn *txn, const struct record *record)
{
	const struct record_slot slot = record_slot_copy(record->slot);

	if (!hub->author || hub->signing != SIGNING_YES || !is_admin(hub, txn, hub->author))
		return;
	if (record->author == hub->author && record->kind == RECORD_LINE)
		end_raise(hub, txn, &slot);
	else if (is_sibling(hub, record->author) && is_heard(hub, txn, record->author))
		sibling_look(hub, txn, record);
}

/* ---- dropping ---- */

/* Whether every other admin node has said, late enough, that it has nothing there that gives. */
static bool all_have_seen(struct hub *hub, struct txn *txn, struct bytes slot, int64_t since_ms)
{
	struct orglog log;
	bool all = true;

	if (orglog_load(txn, &hub->options.identity->org, &log))
		return false;
	for (size_t i = 0; all && i < log.node_count; i++) {
		uint32_t author = author_of(author_member(hub->author), log.nodes[i].index);
		struct author_state state;
		struct record record;
		struct line line;
		if (author == hub->author || log.nodes[i].state != ORGLOG_NODE_ACTIVE ||
		    !(log.nodes[i].roles & ORGLOG_ROLE_ADMIN))
			continue;
		all = !ledger_state(&hub->ledger, txn, author, &state) && state.counter > 0 &&
		      !ledger_partial(&state) && state.head_time_ms >= since_ms;
		if (all && !ledger_slot(&hub->ledger, txn, slot, author, &record))
			all = !line_get(&line, record.body) && line.verb == VERB_NONE;
	}
	orglog_fini(&log);
	return all;
}

/*
 * PROTOCOL: "A line that has not ended is dropped 30 days after its expiry. An end says the latest
 * expiry that any body of the line had which was seen, and is signed again when a later one comes.
 * It is dropped 30 days after that, when every active admin sibling shows, under a head dated
 * later, no body or the end."
 */
static void own_line_look(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct record_slot slot = record_slot_copy(record->slot);
	struct line line;

	/* It may be as late as a number can be. */
	if (line_get(&line, record->body) || hub->act_ms - KEEP_MS < line.expiry_ms)
		return;
	if (line.verb == VERB_NONE &&
	    (end_raise(hub, txn, &slot) ||
	     !all_have_seen(hub, txn, record_slot_bytes(&slot), line.expiry_ms + KEEP_MS)))
		return;
	ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot));
}

void siblings_open(struct hub *hub)
{
	*hub->siblings = (struct siblings){.walking = true, .recovers = true};
}

void siblings_compared(struct hub *hub)
{
	hub->siblings->compared = true;
}

void siblings_due(struct hub *hub)
{
	hub->siblings->walking = true;
	hub->siblings->at.len = 0;
}

static void slot_look(struct hub *hub, struct txn *txn, struct bytes key)
{
	const struct record_slot slot = record_slot_copy(bytes_slice(key, 0, key.len - 4));
	const uint32_t author = be32_get(key.ptr + key.len - 4);
	struct record record;

	if (author_member(author) != author_member(hub->author) ||
	    ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), author, &record))
		return;
	if (author == hub->author && record.kind == RECORD_LINE)
		own_line_look(hub, txn, &record);
	else if (author != hub->author && is_heard(hub, txn, author))
		sibling_look(hub, txn, &record);
}

static void lines_walk(struct hub *hub, struct txn *txn)
{
	struct siblings *siblings = hub->siblings;

	siblings->next_ms = hub->wall_ms + DAY_MS;
	const uint8_t first = RECORD_LINE;
	if (siblings->at.len == 0 && is_admin(hub, txn, hub->author)) {
		siblings->at.b[0] = first;
		siblings->at.len = 1;
	}
	struct walk walk = walk_begin_at(txn, TABLE_SLOT, bytes_of(NULL, 0),
					 row_key_bytes(&siblings->at), false);
	for (unsigned i = 0; i < WALK_STEP; i++) {
		if (siblings->at.len == 0 || !walk_next(&walk) || walk.key.ptr[0] > RECORD_BAR) {
			siblings->walking = false;
			return;
		}
		memcpy(siblings->at.b, walk.key.ptr, walk.key.len);
		siblings->at.len = walk.key.len;
		slot_look(hub, txn, row_key_bytes(&siblings->at));
	}
}

/* ---- for the core ---- */

/* Once a day, and when this node begins to sign: lines and bars, which stand side by side. */
void siblings_settle(struct hub *hub, struct txn *txn)
{
	struct siblings *siblings = hub->siblings;

	if (!hub->author || hub->signing != SIGNING_YES)
		return;
	siblings_retired_take(hub, txn);
	siblings_recovered_take(hub, txn);
	if (!siblings->walking && hub->wall_ms >= siblings->next_ms)
		siblings_due(hub);
	if (siblings->walking)
		lines_walk(hub, txn);
}

int64_t siblings_wake(const struct hub *hub)
{
	const struct siblings *siblings = hub->siblings;

	if (!hub->author || hub->signing != SIGNING_YES)
		return INT64_MAX;
	return siblings->walking || siblings->takes || siblings->lost_after > 0 ||
			       siblings->keys != hub->keys_epoch + 1
		       ? hub->mono_ms
		       : hub_mono_of(hub, siblings->next_ms);
}
