#include "proto/catalog/plan.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/ledger/held.h"
#include "proto/rights/current.h"

enum { REVIVE_ROWS_MAX = 200000 }; /* of versions: some tenths of a second */

/* ---- the store as it would be ---- */

/* Where a slot is among the items, or would be. */
static size_t plan_place(const struct plan *plan, struct bytes slot)
{
	size_t low = 0, high = plan->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (bytes_cmp(record_slot_bytes(&plan->items[middle].slot), slot) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct plan_record *plan_find(struct plan *plan, struct bytes slot)
{
	size_t at = plan_place(plan, slot);

	return at < plan->count && bytes_eq(record_slot_bytes(&plan->items[at].slot), slot)
		       ? &plan->items[at]
		       : NULL;
}

static bool plan_body(void *arg, uint32_t author, struct bytes slot, struct bytes *body)
{
	struct plan *plan = arg;
	struct plan_record *own = author == plan->hub->author ? plan_find(plan, slot) : NULL;

	if (!own)
		return plan->world.facts.body(plan->world.facts.arg, author, slot, body);
	*body = buf_bytes(&own->body);
	return true;
}

static bool plan_member(void *arg, uint32_t number, struct fact_member *out)
{
	struct plan *plan = arg;

	return plan->world.facts.member(plan->world.facts.arg, number, out);
}

static uint32_t plan_owner(void *arg, struct bytes slug)
{
	struct plan *plan = arg;

	return plan->world.facts.owner(plan->world.facts.arg, slug);
}

static void plan_nodes(void *arg, uint32_t number, struct fact_nodes *out)
{
	struct plan *plan = arg;

	plan->world.facts.nodes(plan->world.facts.arg, number, out);
}

static uint32_t plan_issuer(void *arg, const struct digest *line)
{
	struct plan *plan = arg;

	return plan->world.facts.issuer(plan->world.facts.arg, line);
}

void plan_init(struct plan *plan, struct hub *hub, struct txn *txn)
{
	*plan = (struct plan){.hub = hub, .txn = txn};
	world_begin(&plan->world, hub, txn);
	plan->facts = (struct facts){
		.arg = plan,
		.member = plan_member,
		.owner = plan_owner,
		.nodes = plan_nodes,
		.body = plan_body,
		.issuer = plan_issuer,
	};
}

void plan_fini(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		buf_fini(&plan->items[i].body);
	free(plan->items);
}

/* An empty body in a slot, in the place of what was planned for it. */
static struct buf *plan_put(struct plan *plan, uint64_t kind, struct record_slot slot)
{
	struct plan_record *known = plan_find(plan, record_slot_bytes(&slot));
	size_t at = plan_place(plan, record_slot_bytes(&slot));

	if (known) {
		buf_reset(&known->body);
		return &known->body;
	}
	plan->items = mem_room(plan->items, plan->count, &plan->cap, sizeof(*plan->items));
	memmove(plan->items + at + 1, plan->items + at, (plan->count - at) * sizeof(*plan->items));
	plan->count++;
	plan->items[at] = (struct plan_record){.kind = kind, .slot = slot};
	buf_init(&plan->items[at].body, LIMIT_RECORD_LEN_MAX);
	return &plan->items[at].body;
}

/* ---- lines ---- */

void plan_line(struct plan *plan, const struct line *line)
{
	struct line next = *line;
	struct digest id;

	line_id(&id, line);
	/* An end counts whatever its round. */
	if (next.round < LINE_ROUND_END - 1)
		next.round++;
	line_put(plan_put(plan, RECORD_LINE, line_slot(&id)), &next);
}

/* ---- bars ---- */

struct bars {
	struct bar *items; /* in order */
	size_t count, cap;
};

/* Where an element stands, or would. */
static bool bars_find(const struct bars *bars, const struct bar *bar, size_t *at)
{
	for (*at = 0; *at < bars->count; (*at)++) {
		int order = bar_cmp(&bars->items[*at], bar);
		if (order >= 0)
			return order == 0;
	}
	return false;
}

static void bars_put(struct bars *bars, const struct bar *bar)
{
	size_t at;

	if (bars_find(bars, bar, &at)) {
		bars->items[at] = *bar;
		return;
	}
	bars->items = mem_room(bars->items, bars->count, &bars->cap, sizeof(*bars->items));
	memmove(bars->items + at + 1, bars->items + at, (bars->count - at) * sizeof(*bar));
	bars->items[at] = *bar;
	bars->count++;
}

/* What a node of this organisation says of another organisation; borrows. */
static void bars_of(struct plan *plan, uint32_t author, const struct org_id *org, struct bars *out)
{
	struct record_slot slot = bar_slot(org);
	struct bar_list list;
	struct bytes body;
	struct bar bar;

	if (!plan->facts.body(plan->facts.arg, author, record_slot_bytes(&slot), &body) ||
	    bar_list_get(&list, body))
		return;
	while (bar_list_next(&list, &bar))
		bars_put(out, &bar);
}

static enum err bars_plan(struct plan *plan, const struct org_id *org, const struct bars *bars)
{
	struct buf made;

	/* What they borrow from may be the body that they replace. */
	buf_init(&made, LIMIT_RECORD_LEN_MAX);
	bar_list_put(&made, org, bars->items, bars->count);
	enum err err = made.err || made.len > BAR_LEN_MAX || bars->count > BAR_COUNT_MAX ? ERR_FULL
											 : ERR_OK;
	if (!err)
		buf_add(plan_put(plan, RECORD_BAR, bar_slot(org)), buf_bytes(&made));
	buf_fini(&made);
	return err;
}

/*
 * Leaves out what a new bar of a path contains: paths and lines at or below it, and lines that
 * nobody here knows.
 */
static void bars_thin(struct plan *plan, struct bars *bars, const struct bar *above)
{
	struct counted_line line;
	size_t left = 0;

	for (size_t i = 0; i < bars->count; i++) {
		const struct bar *bar = &bars->items[i];
		struct bytes path = bar->prefix;
		bool known = true;
		if (bar->has_line && (known = verdict_line(&plan->facts, &bar->line, &line)))
			path = line.line.prefix;
		if (bar_cmp(bar, above) == 0 || (known && !path_contains(above->prefix, path)))
			bars->items[left++] = *bar;
	}
	bars->count = left;
}

enum err plan_bar(struct plan *plan, const struct org_id *org, const struct digest *line,
		  struct bytes path, enum keeping keep)
{
	struct bar bar = {.has_line = line != NULL, .prefix = path, .barred = true, .keep = keep};
	struct bars own = {0};

	if (line)
		bar.line = *line;
	random_fill(plan->hub->options.random, bar.nonce, LINE_NONCE_LEN);
	bars_of(plan, plan->hub->author, org, &own);
	bars_put(&own, &bar);
	enum err err = bars_plan(plan, org, &own);
	/* Whoever had a node of this organisation may have filled it: higher up there is room. */
	if (err == ERR_FULL && !line) {
		bars_thin(plan, &own, &bar);
		err = bars_plan(plan, org, &own);
	}
	free(own.items);
	return err;
}

size_t plan_lift(struct plan *plan, const struct org_id *org, struct bytes path)
{
	struct bars own = {0}, others = {0};
	struct fact_nodes nodes;
	size_t lifted = 0;

	bars_of(plan, plan->hub->author, org, &own);
	plan_nodes(plan, author_member(plan->hub->author), &nodes);
	for (size_t i = 0; i < nodes.active_count; i++)
		bars_of(plan, nodes.active[i], org, &others);
	for (size_t i = 0; i < others.count; i++) {
		struct bar bar = others.items[i];
		if (!bar.barred ||
		    (path.len > 0 && (bar.has_line || !path_contains(path, bar.prefix))))
			continue;
		bar.barred = false;
		bars_put(&own, &bar);
		lifted++;
	}
	if (lifted > 0 && bars_plan(plan, org, &own))
		lifted = 0;
	free(own.items);
	free(others.items);
	return lifted;
}

/* ---- what wakes ---- */

/* A line that versions name, and whether what they live by would be another than it is. */
struct waking {
	struct digest line;
	bool known, wakes;
};

/* Versions of one writer name one line mostly, so its verdict is asked for once. */
static bool line_wakes(struct plan *plan, struct waking *waking, const struct digest *line)
{
	const int64_t t_ms = plan->hub->judge_ms;
	struct verdict now, then;

	if (waking->known && id_eq(&waking->line, line))
		return waking->wakes;
	*waking = (struct waking){.line = *line, .known = true};
	bool good = verdict_of(&plan->world.facts, line, t_ms, &now);
	waking->wakes = verdict_of(&plan->facts, line, t_ms, &then) && then.verb >= VERB_WRITE &&
			(!good || now.verb < VERB_WRITE || then.widest < now.widest);
	return waking->wakes;
}

uint64_t plan_revives(struct plan *plan, bool *more)
{
	struct walk walk = walk_begin(plan->txn, TABLE_VERSION, bytes_of(NULL, 0));
	struct waking waking = {.known = false};
	uint64_t count = 0;

	*more = false;
	for (uint64_t rows = 0; walk_next(&walk); rows++) {
		struct ledger_version at;
		struct version_id of;
		if (rows == REVIVE_ROWS_MAX || count == PLAN_REVIVES_MAX) {
			*more = true;
			break;
		}
		held_of_key(&of, walk.key);
		if (ledger_version_get(plan->txn, &of, &at) && at.has_grant &&
		    line_wakes(plan, &waking, &at.grant) &&
		    !current_valid(plan->hub, plan->txn, &of))
			count += current_valid_when(plan->hub, plan->txn, &plan->facts, &of);
	}
	return count;
}

enum err plan_revive_why(uint64_t count, bool more, char *why)
{
	if (count == 0 && !more)
		return ERR_OK;
	why_set(why,
		"%s%llu version%s void now would become valid by that: look at what their writer "
		"wrote, and say --yes.",
		more ? "at least " : "", (unsigned long long)count,
		count == 1 ? " that is" : "s that are");
	return ERR_BUSY;
}

/* ---- writing ---- */

enum err plan_write(struct plan *plan, char *why)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < plan->count && !err; i++) {
		const struct plan_record *item = &plan->items[i];
		err = ledger_append(&plan->hub->ledger, plan->txn, item->kind,
				    record_slot_bytes(&item->slot), buf_bytes(&item->body), NULL,
				    LEDGER_TELL);
	}
	if (err == ERR_NOSPACE)
		hub_quota_why(plan->hub, plan->txn, why);
	else if (err)
		why_set(why, "it could not be written: %s.", err_text(err));
	return err;
}

uint64_t plan_bytes(const struct plan *plan)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < plan->count; i++)
		bytes += plan->items[i].body.len;
	return bytes;
}
