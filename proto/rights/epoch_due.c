#include "proto/rights/epoch_due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/rights/rights.h"
#include "proto/rights/wrapkeys.h"
#include "proto/rights/world.h"

enum {
	LINES_MAX = 1024,          /* lines to one reader that are looked at */
	LATE_MS = 10 * 60 * 1000,  /* a line may come so long after its wrap */
	DAY_MS = 24 * 3600 * 1000, /* between two turns for slow causes */
	WEEK_DAYS = 7,
	MONTH_DAYS = 30,
};
static const char slow_name[] = "epochs-slow"; /* META row: time of the last such turn */

/* ---- who reads ---- */

struct ends {
	bool reads;
	int64_t ends_ms;        /* reads: when it ends */
	enum epoch_cause cause; /* the strongest of those that ended its lines */
};

/* Whether any node of a member has said something in this slot at that time or later. */
static bool said_since(struct hub *hub, struct txn *txn, const struct record_slot *slot,
		       uint32_t member, int64_t since_ms)
{
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(slot));
	struct record record;

	while (ledger_slots_next(&slots, &record))
		if (author_member(record.author) == member && record.time_ms >= since_ms)
			return true;
	return false;
}

/*
 * What ended one line to a reader, as far as it was after since_ms: who was shut out once, and got
 * a right again, is not shut out once more by that.
 */
static enum epoch_cause end_cause(struct hub *hub, struct txn *txn, const struct verdict *v,
				  uint32_t owner, int64_t since_ms)
{
	uint32_t by = 0;
	struct record_slot slot = line_slot(&v->chain[v->fault_at]);

	if (v->fault == FAULT_ENDED) {
		by = v->issuers[v->fault_at];
	} else if (v->fault == FAULT_BARRED) {
		struct world world;
		struct counted_line line;
		world_begin(&world, hub, txn);
		by = v->fault_by;
		if (!verdict_line(&world.facts, &v->chain[v->fault_at], &line))
			return EPOCH_CAUSE_SLOW;
		slot = bar_slot(&line.line.org);
	}
	if ((by != owner && by != author_member(hub->author)) || by == 0 ||
	    !said_since(hub, txn, &slot, by, since_ms))
		return EPOCH_CAUSE_SLOW;
	return by == owner ? EPOCH_CAUSE_URGENT : EPOCH_CAUSE_OWN;
}

/* Looks at the lines to one organisation themselves. */
static struct ends lines_to_look(struct hub *hub, struct txn *txn, const struct org_id *org,
				 struct bytes prefix, int64_t t_ms, int64_t since_ms)
{
	struct row_key to = key_line_of(org->b, &(struct digest){{0}});
	struct walk walk = walk_begin(txn, TABLE_LINE_TO, bytes_of(to.b, ID_LEN));
	struct ends ends = {.cause = EPOCH_CAUSE_SLOW};
	struct world world;
	struct verdict v;
	struct digest id;

	world_begin(&world, hub, txn);
	for (unsigned i = 0; i < LINES_MAX && walk_next(&walk); i++) {
		if (walk.key.len != 2 * ID_LEN)
			continue;
		memcpy(id.b, walk.key.ptr + ID_LEN, ID_LEN);
		bool good = verdict_of(&world.facts, &id, t_ms, &v);
		if (v.count == 0 || (v.fault != FAULT_ENDED && v.verb < VERB_READ) ||
		    !path_contains(v.prefix, prefix))
			continue;
		ends.reads = good;
		ends.ends_ms = v.to_ms;
		if (good)
			return ends;
		enum epoch_cause cause = end_cause(hub, txn, &v, v.owner, since_ms);
		if (cause > ends.cause)
			ends.cause = cause;
	}
	return ends;
}

static const struct charter_member *reader_member(const struct hub *hub, const struct org_id *org)
{
	const struct charter_member *member = charter_by_org(&hub->charter, org);

	return member && member->state == CHARTER_MEMBER ? member : NULL;
}

/* PROTOCOL: "reads(g, Q): right(g, Q, t) is read or more, and g is a member" */
bool epoch_reads(struct hub *hub, struct txn *txn, const struct org_id *org, struct bytes prefix,
		 int64_t t_ms)
{
	if (!reader_member(hub, org))
		return false;
	return rights_of(hub, txn, org, prefix) >= VERB_READ ||
	       lines_to_look(hub, txn, org, prefix, t_ms, 0).reads;
}

/* ---- causes ---- */

/*
 * Whether a dead wrap key is urgent. PROTOCOL: "has died, and no other of it in 30 days" - who
 * loses a node each hour has others make an epoch each day.
 */
static bool death_is_urgent(struct hub *hub, struct txn *txn, const struct org_id *org,
			    const struct wrap_key_id *key)
{
	char name[32 + ID_HEX_LEN] = "wrapkey-died:";
	uint8_t value[WRAP_KEY_ID_LEN + 8];
	struct bytes found;

	hex_put(name + strlen(name), id_bytes(org));
	struct row_key row = key_name(name);
	if (txn_get(txn, TABLE_META, row_key_bytes(&row), &found) && found.len == sizeof(value)) {
		if (memcmp(found.ptr, key->b, WRAP_KEY_ID_LEN) == 0)
			return true;
		int64_t last_ms = (int64_t)be64_get(found.ptr + WRAP_KEY_ID_LEN);
		if (hub->wall_ms - last_ms < (int64_t)MONTH_DAYS * DAY_MS)
			return false;
	}
	memcpy(value, key->b, WRAP_KEY_ID_LEN);
	be64_put(value + WRAP_KEY_ID_LEN, (uint64_t)hub->wall_ms);
	txn_put(txn, TABLE_META, row_key_bytes(&row), bytes_obj(&value));
	return true;
}

static enum epoch_cause key_cause(struct hub *hub, struct txn *txn, const struct org_id *org,
				  const struct wrap_key_id *key)
{
	if (!wrapkeys_dead(hub, txn, org, key))
		return EPOCH_CAUSE_NONE;
	return death_is_urgent(hub, txn, org, key) ? EPOCH_CAUSE_URGENT : EPOCH_CAUSE_SLOW;
}

static enum epoch_cause wrap_cause(struct hub *hub, struct txn *txn, uint32_t owner,
				   struct bytes prefix, const struct wrapped_row *row,
				   struct epoch_look *look)
{
	const int64_t late_ms = row->seen_ms + LATE_MS;

	if (reader_member(hub, &row->reader)) {
		enum epoch_cause dead = key_cause(hub, txn, &row->reader, &row->key);
		bool reads = rights_of(hub, txn, &row->reader, prefix) >= VERB_READ;
		struct ends ends = {.reads = true};
		/* What acts because time has passed waits until that is certain. */
		if (!reads)
			ends = lines_to_look(hub, txn, &row->reader, prefix,
					     hub->act_ms < hub->judge_ms ? hub->act_ms
									 : hub->judge_ms,
					     row->seen_ms);
		if (!reads && ends.reads && ends.ends_ms < look->ends_ms)
			look->ends_ms = ends.ends_ms;
		if (ends.reads && !row->read)
			wrapped_read(txn, owner, prefix, row, hub->wall_ms);
		if (ends.reads || dead == EPOCH_CAUSE_URGENT)
			return row->read || dead == EPOCH_CAUSE_NONE ? dead : EPOCH_CAUSE_SLOW;
		if (row->read)
			return ends.cause;
	} else if (row->read) {
		return EPOCH_CAUSE_URGENT;
	}
	/*
	 * PROTOCOL: "A wrap that comes after the change, or of the new epoch, by whoever, is never
	 * urgent" - and its line may still come.
	 */
	if (late_ms <= hub->wall_ms || row->seen_ms > hub->wall_ms)
		return EPOCH_CAUSE_SLOW;
	if (late_ms < look->next_ms)
		look->next_ms = late_ms;
	return EPOCH_CAUSE_NONE;
}

/* Remembers since when each cause is there. */
static void row_causes(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix,
		       const bool there[EPOCH_CAUSES])
{
	struct epoch_row row;
	bool changed = false;

	epoch_row_get(txn, owner, prefix, &row);
	for (int i = EPOCH_CAUSE_OWN; i < EPOCH_CAUSES; i++) {
		int64_t since_ms = there[i] ? row.cause_ms[i] : 0;
		if (there[i] && since_ms == 0)
			since_ms = hub->wall_ms;
		changed = changed || since_ms != row.cause_ms[i];
		row.cause_ms[i] = since_ms;
	}
	if (changed)
		epoch_row_put(txn, owner, prefix, &row);
}

static enum epoch_cause epoch_cause(struct hub *hub, struct txn *txn, const struct epoch *epoch,
				    uint32_t owner, struct epoch_look *look)
{
	const struct charter_member *member = charter_member(&hub->charter, owner);
	struct bytes prefix = epoch_prefix(epoch);
	struct walk walk = wrapped_walk(txn, owner, prefix);
	bool there[EPOCH_CAUSES] = {false};
	enum epoch_cause most = EPOCH_CAUSE_NONE;
	struct wrapped_row wrapped;
	struct epoch_row row;

	/* PROTOCOL: "or the own wrap of (Q, n) is to a dead key" */
	there[key_cause(hub, txn, &member->org, &epoch->own_key)] = true;
	epoch_row_get(txn, owner, prefix, &row);
	there[EPOCH_CAUSE_SLOW] |= row.cause_ms[EPOCH_CAUSE_SLOW] != 0;
	while (wrapped_next(&walk, &wrapped)) {
		there[wrap_cause(hub, txn, owner, prefix, &wrapped, look)] = true;
		look->looked++;
	}
	row_causes(hub, txn, owner, prefix, there);
	for (int i = 0; i < EPOCH_CAUSES; i++)
		most = there[i] ? (enum epoch_cause)i : most;
	return most;
}

void epoch_look(struct hub *hub, struct txn *txn, const struct epoch_list *list,
		struct epoch_look *out)
{
	*out = (struct epoch_look){
		.count = list->count, .next_ms = INT64_MAX, .ends_ms = INT64_MAX};
	out->causes = mem_new(list->count + 1, sizeof(*out->causes));
	for (size_t i = 0; i < list->count; i++) {
		if (!epoch_is_last(list, i))
			continue;
		const struct epoch *epoch = &list->items[i];
		epoch_seen(hub, txn, list->owner, epoch_prefix(epoch), epoch->number);
		out->causes[i] = epoch_cause(hub, txn, epoch, list->owner, out);
		out->looked++;
		out->any = out->any || out->causes[i] != EPOCH_CAUSE_NONE;
		out->any_quick = out->any_quick || out->causes[i] == EPOCH_CAUSE_URGENT;
	}
}

void epoch_look_fini(struct epoch_look *look)
{
	free(look->causes);
}

/* ---- pace ---- */

static bool days_ago(const struct hub *hub, int64_t at_ms, int64_t days)
{
	/* A clock that was ahead must not stop it for long. */
	return at_ms == 0 || at_ms > hub->wall_ms || hub->wall_ms - at_ms >= days * DAY_MS;
}

/*
 * PROTOCOL: "a Q that had 7 new epochs by them in 30 days has one a week"
 */
static bool pace_allows(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix)
{
	struct epoch_row row;
	bool full = true, week = true;

	epoch_row_get(txn, owner, prefix, &row);
	for (size_t i = 0; i < EPOCH_SLOW_MAX; i++) {
		full = full && !days_ago(hub, row.slow_ms[i], MONTH_DAYS);
		week = week && days_ago(hub, row.slow_ms[i], WEEK_DAYS);
	}
	return !full || week;
}

void epoch_slow_count(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix)
{
	struct epoch_row row;
	size_t oldest = 0;

	epoch_row_get(txn, owner, prefix, &row);
	for (size_t i = 1; i < EPOCH_SLOW_MAX; i++)
		if (row.slow_ms[i] < row.slow_ms[oldest])
			oldest = i;
	row.slow_ms[oldest] = hub->wall_ms;
	epoch_row_put(txn, owner, prefix, &row);
}

/* PROTOCOL: "all others together, one turn a day" */
int64_t epoch_slow_ms(const struct hub *hub, struct txn *txn)
{
	struct row_key row = key_name(slow_name);
	struct bytes value;

	if (!txn_get(txn, TABLE_META, row_key_bytes(&row), &value) || value.len != 8)
		return 0;
	int64_t last_ms = (int64_t)be64_get(value.ptr);
	return days_ago(hub, last_ms, 1) ? 0 : last_ms + DAY_MS;
}

void epoch_slow_done(struct hub *hub, struct txn *txn)
{
	struct row_key row = key_name(slow_name);
	uint8_t value[8];

	be64_put(value, (uint64_t)hub->wall_ms);
	txn_put(txn, TABLE_META, row_key_bytes(&row), bytes_obj(&value));
}

/* ---- what is to be made ---- */

/* Every latest epoch at or below a marked one; as the list is in order, from top to bottom. */
static void todo_below(const struct epoch_list *list, const bool *marked, struct epoch_todo *out)
{
	*out = (struct epoch_todo){.count = 0};
	out->items = mem_new(list->count + 1, sizeof(*out->items));
	for (size_t i = 0; i < list->count; i++) {
		bool due = false;
		struct bytes at = epoch_prefix(&list->items[i]);
		for (; epoch_is_last(list, i) && !due && at.len > 0; at = path_parent(at)) {
			const struct epoch *above = epoch_list_at(list, at);
			due = above && marked[above - list->items];
		}
		if (due)
			out->items[out->count++] = i;
	}
}

void epoch_todo(struct hub *hub, struct txn *txn, const struct epoch_list *list,
		const struct epoch_look *look, bool slow, struct epoch_todo *out, bool *waits)
{
	bool *marked = mem_new(list->count + 1, sizeof(*marked));

	*waits = false;
	for (size_t i = 0; i < look->count; i++) {
		if (look->causes[i] == EPOCH_CAUSE_NONE)
			continue;
		marked[i] = look->causes[i] == EPOCH_CAUSE_URGENT;
		if (marked[i] || !slow)
			continue;
		marked[i] = pace_allows(hub, txn, list->owner, epoch_prefix(&list->items[i]));
		*waits = *waits || !marked[i];
	}
	todo_below(list, marked, out);
	free(marked);
}

void epoch_todo_below(const struct epoch_list *list, const struct bytes *paths, size_t count,
		      struct epoch_todo *out)
{
	bool *marked = mem_new(list->count + 1, sizeof(*marked));

	for (size_t i = 0; i < list->count; i++)
		for (size_t k = 0; k < count && !marked[i]; k++)
			marked[i] = path_contains(paths[k], epoch_prefix(&list->items[i]));
	todo_below(list, marked, out);
	free(marked);
}

void epoch_todo_fini(struct epoch_todo *todo)
{
	free(todo->items);
}
