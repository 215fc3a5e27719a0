#include "proto/rights/rights.h"

#include <string.h>

#include "crypto/path.h"
#include "proto/rights/table.h"
#include "proto/rights/world.h"

enum {
	/*
	 * Rows that turn out to be out of date in one look: who writes a hundred thousand of them
	 * to somebody makes that one's right late, and its look no dearer.
	 */
	RIGHTS_STALE_MAX = 4,
	RIGHTS_LOOKS_MAX = 256, /* for one that may be handed on */
	RIGHTS_STUCK_MS = 1000,
	RIGHTS_RECOUNT_STEP = 256, /* rows in one turn */
};

static const struct charter_member *namespace_of(const struct charter *charter, struct bytes path)
{
	const struct charter_member *member = charter_by_slug(charter, path_slug(path));

	return member && charter_is_present(member) ? member : NULL;
}

bool rights_own_namespace(const struct hub *hub, const struct org_id *org, struct bytes path)
{
	const struct charter_member *owner = namespace_of(&hub->charter, path);

	return owner && id_eq(&owner->org, org);
}

/* ---- looks ---- */

struct look { /* for one organisation, over the prefixes of a path */
	struct hub *hub;
	struct txn *txn;
	struct world world;
	enum verb need; /* rows that give less are passed over */
	uint32_t depth; /* and those that may not be handed on so often */
	bool last;      /* the one that ends last is wanted, else the one that gives most */
	unsigned stale, looks;
	bool found;
	struct verdict *best;
};

/* The rank of a row: what it says that its line gives, and until when. */
static enum verb rank_verb(const uint8_t *rank)
{
	return rank[0] < VERB_ADMIN ? (enum verb)(VERB_ADMIN - rank[0]) : VERB_NONE;
}

static bool look_prefers(const struct look *look, const struct verdict *verdict)
{
	if (!look->found)
		return true;
	return look->last ? verdict->to_ms > look->best->to_ms : verdict->verb > look->best->verb;
}

/*
 * Asks the verdict about a row of this verb. False: it is out of date, and what stands behind it
 * may give more.
 */
static bool look_row(struct look *look, const struct digest *id, enum verb verb)
{
	struct verdict verdict;

	/* A look writes nothing: the walk that a change has made due comes by. */
	look->looks++;
	if (!verdict_of(&look->world.facts, id, look->hub->judge_ms, &verdict)) {
		look->stale++;
		return false;
	}
	const bool is_current = verdict.verb == verb;
	look->stale += !is_current;
	if (verdict.verb < look->need || verdict.depth_left < look->depth ||
	    !look_prefers(look, &verdict))
		return is_current;
	memcpy(look->best, &verdict, sizeof(verdict));
	look->best->prefix.ptr = look->best->text;
	look->found = true;
	return is_current;
}

/*
 * The rows at one prefix. They come in groups of one verb and chain length, in each the one that
 * ends last first; so of each group one good row is enough, and after one that has ended none is.
 */
static void look_prefix(struct look *look, uint32_t owner, const struct org_id *org,
			struct bytes prefix)
{
	uint8_t hash[TABLE_PREFIX_LEN];

	table_prefix_hash(hash, prefix);
	struct row_key at = key_right_at(owner, org, hash);
	const size_t rank_at = at.len;
	struct walk walk = walk_begin(look->txn, TABLE_RIGHT, row_key_bytes(&at));
	while (look->stale < RIGHTS_STALE_MAX && look->looks < RIGHTS_LOOKS_MAX &&
	       walk_next(&walk)) {
		const uint8_t *rank = walk.key.ptr + rank_at;
		struct digest id;
		memcpy(id.b, rank + TABLE_RANK_LEN, ID_LEN);
		enum verb verb = rank_verb(rank);
		if (verb < look->need || (!look->last && look->found && verb <= look->best->verb))
			return;
		bool ended = (int64_t)~be64_get(rank + 2) <= look->hub->judge_ms;
		if (!ended && (!look_row(look, &id, verb) || look->depth > 0))
			continue;
		/* To the next group. */
		struct row_key next = at;
		memcpy(next.b + rank_at, walk.last + rank_at, 2);
		memset(next.b + rank_at + 2, 0xff, 8 + ID_LEN);
		next.len = rank_at + TABLE_RANK_LEN + ID_LEN;
		walk = walk_begin_at(look->txn, TABLE_RIGHT, row_key_bytes(&at),
				     row_key_bytes(&next), false);
	}
}

/* From the path up: what is given nearer is not more than what is given above. */
static bool look_over(struct look *look, const struct org_id *org, struct bytes path)
{
	const struct charter_member *owner = namespace_of(&look->hub->charter, path);

	world_begin(&look->world, look->hub, look->txn);
	for (struct bytes at = path; owner && at.len > 0; at = path_parent(at))
		look_prefix(look, owner->number, org, at);
	return look->found;
}

enum verb rights_of(struct hub *hub, struct txn *txn, const struct org_id *org, struct bytes path)
{
	struct verdict best;
	struct look wanted = {.hub = hub, .txn = txn, .need = VERB_RELAY, .best = &best};

	if (rights_own_namespace(hub, org, path))
		return VERB_ADMIN;
	return look_over(&wanted, org, path) ? best.verb : VERB_NONE;
}

bool rights_serve(struct hub *hub, struct txn *txn, const struct org_id *org, enum tier tier,
		  struct bytes path)
{
	/* PROTOCOL: "Every member and relay may hold those of tiers open and members" */
	return tier == TIER_OPEN || tier == TIER_MEMBERS ||
	       rights_of(hub, txn, org, path) >= VERB_RELAY;
}

bool rights_own_line(struct hub *hub, struct txn *txn, struct bytes path, enum verb need,
		     uint32_t depth, struct verdict *out)
{
	struct look wanted = {
		.hub = hub, .txn = txn, .need = need, .depth = depth, .last = true, .best = out};

	return look_over(&wanted, &hub->options.identity->org, path);
}

bool rights_through(struct hub *hub, struct txn *txn, uint32_t author, struct bytes path,
		    const struct digest *line, enum verb need, struct verdict *out)
{
	struct world world;

	world_begin(&world, hub, txn);
	return rights_through_when(&world.facts, hub->judge_ms, author, path, line, need, out);
}

bool rights_through_when(const struct facts *facts, int64_t t_ms, uint32_t author,
			 struct bytes path, const struct digest *line, enum verb need,
			 struct verdict *out)
{
	struct counted_line named;

	/* Whoever names a line of something else has not its whole chain looked at for it. */
	if (!verdict_line(facts, line, &named) || named.line.audience != author_member(author) ||
	    !path_contains(named.line.prefix, path)) {
		*out = (struct verdict){.fault = FAULT_CHAIN};
		return false;
	}
	return verdict_of(facts, line, t_ms, out) && out->verb >= need;
}

bool rights_may_hold(struct hub *hub, struct txn *txn, const struct version *version)
{
	return rights_serve(hub, txn, &hub->options.identity->org, version->tier, version->path);
}

bool rights_may_read(struct hub *hub, struct txn *txn, const struct version *version)
{
	const struct charter_member *own = hub_author_member(hub, hub->author);

	if (version->tier == TIER_OPEN)
		return true;
	if (!own || own->state != CHARTER_MEMBER)
		return false;
	return version->tier == TIER_MEMBERS ||
	       rights_of(hub, txn, &own->org, version->path) >= VERB_READ;
}

/* ---- what makes the table follow ---- */

void rights_open(struct hub *hub, struct txn *txn)
{
	/* The daemon was updated, or the store set back; and walks may have been under way. */
	hub->rights->due = true;
	hub->rights->charter_number = hub->charter.number;
	rights_recount_begin(hub);
}

void rights_recount_begin(struct hub *hub)
{
	hub->rights->recounting = true;
	hub->rights->recount_at.len = 0;
	hub->rights->recount_faults = 0;
}

static void recount_step(struct hub *hub, struct txn *txn)
{
	struct rights *rights = hub->rights;
	uint64_t lines = RIGHTS_RECOUNT_STEP;

	rights->recounting =
		table_recount(hub, txn, &rights->recount_at, &lines, &rights->recount_faults);
	hub_charge(hub, txn, METER_OWN);
	if (!rights->recounting && rights->recount_faults > 0)
		hub_note(hub, NOTE_RIGHTS_MENDED)->number = rights->recount_faults;
}

bool rights_arrival(struct hub *hub, struct txn *txn, const struct record *record)
{
	const uint64_t wanted = hub->wanted_epoch;
	const uint32_t payer = author_member(record->author);
	struct bar_list list;
	struct digest id;

	hub->rights_epoch++;
	if (record->kind == RECORD_LINE) {
		memcpy(id.b, record->slot.ptr + 1, ID_LEN);
		table_line(hub, txn, payer, payer, &id);
	} else if (!bar_list_get(&list, record->body)) {
		table_due(hub, txn, payer, TABLE_DUE_TO, list.org.b);
	}
	return hub->wanted_epoch != wanted;
}

static void rights_member_changed(struct hub *hub, struct txn *txn, uint32_t member_number)
{
	uint8_t id[ID_LEN] = {0};

	hub->rights_epoch++;
	be32_put(id, member_number);
	if (member_number)
		table_due(hub, txn, member_number, TABLE_DUE_ISSUER, id);
	else
		table_due(hub, txn, METER_OWN, TABLE_DUE_ALL, id);
}

static void gone_take(struct hub *hub, struct txn *txn)
{
	struct ledger_gone gone;

	while (ledger_gone_next(&hub->ledger, &gone)) {
		uint32_t payer = author_member(gone.author);
		hub->rights_epoch++;
		table_due(hub, txn, payer,
			  gone.slot.b[0] == RECORD_LINE ? TABLE_DUE_LINE : TABLE_DUE_TO,
			  gone.slot.b + 1);
	}
}

void rights_settle(struct hub *hub, struct txn *txn)
{
	struct rights *rights = hub->rights;

	gone_take(hub, txn);
	for (size_t i = 0; i < hub->forgotten_count; i++)
		rights_member_changed(hub, txn, hub->forgotten[i]);
	hub->forgotten_count = 0;
	if (rights->charter_number != hub->charter.number)
		rights_member_changed(hub, txn, 0);
	rights->charter_number = hub->charter.number;
	if (hub->judge_ms >= rights->next_ms)
		table_dates(hub, txn, &rights->next_ms);
	if (rights->due)
		rights->stuck = !table_settle(hub, txn);
	if (!rights->due && rights->recounting)
		recount_step(hub, txn);
}

int64_t rights_wake(const struct hub *hub)
{
	if (hub->rights->due)
		return hub->mono_ms + (hub->rights->stuck ? RIGHTS_STUCK_MS : 0);
	if (hub->rights->recounting)
		return hub->mono_ms;
	return hub_mono_of(hub, hub->rights->next_ms);
}
