#include "proto/rights/epoch_wraps.h"

#include <string.h>

#include "crypto/path.h"
#include "proto/rights/epoch_due.h"
#include "proto/rights/epoch_keys.h"
#include "proto/rights/epoch_make.h"
#include "proto/rights/epochs.h"
#include "proto/rights/govern.h"
#include "proto/rights/handed.h"
#include "proto/rights/wrapkeys.h"
#include "proto/rights/world.h"

enum {
	LINES_A_TURN = 256,  /* own lines looked at */
	MADE_A_TURN = 128,   /* each costs an exchange of keys and a signature */
	RESTING_MAX = 512,   /* lines that rest on one own line and are looked at */
	FOR_OTHERS_MAX = 64, /* wraps in the place of others, for each own line and epoch */
	GIVER_MS = 24 * 3600 * 1000,
	HANDED_WAITS_MS = 3600 * 1000, /* until the owner had time to make an epoch */
};

struct step {
	struct hub *hub;
	struct txn *txn;
	struct epoch_pass *pass;
	struct world world;
	struct epoch_list list; /* of the own namespace; loaded when an epoch is to be made */
	bool has_list;
	unsigned made, resting, for_others; /* the last two: of one own line */
	int64_t own_ends_ms;                /* of that line */
};

uint64_t epoch_last_at(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix)
{
	struct record_slot slot = record_slot_key(prefix, 0);
	struct bytes all = bytes_slice(record_slot_bytes(&slot), 0, slot.len - 8);
	struct epoch_records records = epoch_records(hub, txn, owner, all);
	struct keyrecord key;
	struct record record;
	uint64_t last = 0;

	while (epoch_records_next(&records, &record))
		if (!keyrecord_get(&key, record.body) && key.number > last)
			last = key.number;
	return last;
}

/* ---- wraps ---- */

/* The wrap key that something may be wrapped to. */
static enum err key_of(struct hub *hub, struct txn *txn, const struct org_id *org, struct dh_pk *pk,
		       struct wrap_key_id *id)
{
	struct orglog log;
	enum err err = orglog_is_forked(txn, org) ? ERR_AGAIN : orglog_load(txn, org, &log);

	if (err)
		return err;
	*pk = log.wrap;
	orglog_fini(&log);
	wrap_key_id(id, pk);
	return wrapkeys_dead(hub, txn, org, id) ? ERR_AGAIN : ERR_OK;
}

/* PROTOCOL: "a wrap with this grantee, Q, n and key id by any issuer in the chain" */
static bool is_there(struct step *s, const struct verdict *v, uint64_t number,
		     const struct wrap_key_id *id)
{
	struct record_slot slot = record_slot_wrap(&v->org, v->prefix);
	struct ledger_slots slots = ledger_slots(&s->hub->ledger, s->txn, record_slot_bytes(&slot));
	struct record record;
	struct keywrap wrap;

	while (ledger_slots_next(&slots, &record)) {
		bool giver = false;
		for (size_t i = 0; i < v->count; i++)
			giver = giver || v->issuers[i] == author_member(record.author);
		if (giver && !keywrap_get(&wrap, record.body) && wrap.number == number &&
		    memcmp(wrap.key.b, id->b, WRAP_KEY_ID_LEN) == 0)
			return true;
	}
	return false;
}

static enum err wrap_publish(struct step *s, const struct verdict *v, uint64_t number,
			     const struct dh_pk *pk, const struct wrap_key_id *id)
{
	struct hub *hub = s->hub;
	struct record_slot slot = record_slot_wrap(&v->org, v->prefix);
	struct keywrap wrap = {
		.grantee = v->org, .prefix = v->prefix, .number = number, .key = *id};
	struct wrap_context context = {.granter = hub->options.identity->org,
				       .grantee = v->org,
				       .prefix = v->prefix,
				       .number = number};
	struct key key = {{0}};
	struct buf body;
	enum err err = epochs_key(hub, s->txn, v->prefix, number, v->prefix, &key);

	if (!err)
		err = wrap_seal(&wrap.wrap, &key, pk, &context, hub->options.random);
	key_wipe(&key);
	if (err)
		return err;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keywrap_put(&body, &wrap);
	err = ledger_append(&hub->ledger, s->txn, RECORD_WRAP, record_slot_bytes(&slot),
			    buf_bytes(&body), NULL, LEDGER_QUIET);
	buf_fini(&body);
	if (!err)
		epoch_wrap_seen(hub, s->txn, hub->author, &wrap);
	return err;
}

/* steps: how many givers there are between the own organisation and the line's own. */
static void wrap_want(struct step *s, const struct verdict *v, uint64_t number, size_t steps)
{
	struct wrap_key_id id;
	struct dh_pk pk;

	if (key_of(s->hub, s->txn, &v->org, &pk, &id) || is_there(s, v, number, &id))
		return;
	if (steps > 0) {
		struct epoch_row row;
		epoch_seen(s->hub, s->txn, v->owner, v->prefix, number);
		epoch_row_get(s->txn, v->owner, v->prefix, &row);
		/* PROTOCOL: "24 hours after this node first saw the epoch" */
		int64_t from_ms = row.seen_ms + (int64_t)steps * GIVER_MS;
		if (s->for_others >= FOR_OTHERS_MAX)
			return;
		if (s->hub->wall_ms < from_ms) {
			if (from_ms < s->pass->next_ms)
				s->pass->next_ms = from_ms;
			return;
		}
		s->for_others++;
	}
	enum err err = wrap_publish(s, v, number, &pk, &id);
	s->made += !err;
	if (err && err != ERR_NOSPACE && err != ERR_ABSENT && err != ERR_AGAIN && err != ERR_DENIED)
		txn_fail(s->txn, err);
}

/* ---- epochs ---- */

/* The first epoch at a prefix of the own namespace, as far as there is a place for it. */
static uint64_t epoch_first(struct step *s, const struct verdict *v)
{
	struct epoch_pass *pass = s->pass;

	if (!handed_admit(s->txn, v, s->own_ends_ms)) {
		pass->waiting_now++;
		pass->waiting_by = charter_member(&s->hub->charter, v->issuers[v->count - 1])->org;
		return 0;
	}
	if (!s->has_list)
		epoch_list_load(s->hub, s->txn, &s->list, v->owner);
	s->has_list = true;
	struct bytes slug = path_slug(v->prefix);
	enum err err = ERR_OK;
	/* One at the slug goes before all, so that what is below can be reached from there. */
	if (!epoch_list_at(&s->list, slug))
		err = epoch_make(s->hub, s->txn, &s->list, slug, false, NULL);
	if (!err && !epoch_list_at(&s->list, v->prefix))
		err = epoch_make(s->hub, s->txn, &s->list, v->prefix, false, NULL);
	if (err && err != ERR_AGAIN && err != ERR_NOSPACE)
		txn_fail(s->txn, err);
	s->made += !err;
	return err ? 0 : epoch_list_last(&s->list, v->prefix);
}

/* PROTOCOL: "further ones wait, and both sides are told" */
bool epoch_handed_waits(struct hub *hub, struct txn *txn, const struct verdict *v)
{
	return v->owner != author_member(hub->author) && v->count > 1 && v->verb >= VERB_READ &&
	       hub->judge_ms - v->from_ms >= HANDED_WAITS_MS &&
	       govern_is_whole(hub, txn, v->owner) &&
	       epoch_last_at(hub, txn, v->owner, v->prefix) == 0;
}

/* ---- lines ---- */

/* False: enough for this turn. */
static bool line_serve(struct step *s, const struct verdict *v)
{
	const uint32_t own = author_member(s->hub->author);
	const struct charter_member *reader = charter_member(&s->hub->charter, v->audience);
	size_t steps = 0;

	if (v->verb < VERB_READ || !reader || reader->state != CHARTER_MEMBER)
		return true;
	while (steps < v->count && v->issuers[v->count - 1 - steps] != own)
		steps++;
	uint64_t number = epoch_last_at(s->hub, s->txn, v->owner, v->prefix);
	if (number == 0 && v->owner == own)
		number = epoch_first(s, v);
	if (number > 0 && steps < v->count)
		wrap_want(s, v, number, steps);
	return s->made < MADE_A_TURN && !txn_err(s->txn);
}

/* What rests on a line, and on that. */
static bool resting_serve(struct step *s, const struct digest *id, unsigned depth)
{
	struct row_key on = key_line_of(id->b, id);
	struct walk walk = walk_begin(s->txn, TABLE_LINE_ON, bytes_of(on.b, ID_LEN));
	struct verdict v;
	struct digest child;

	while (s->resting < RESTING_MAX && walk_next(&walk)) {
		if (walk.key.len != 2 * ID_LEN)
			continue;
		s->resting++;
		memcpy(child.b, walk.key.ptr + ID_LEN, ID_LEN);
		bool good = verdict_of(&s->world.facts, &child, s->hub->judge_ms, &v);
		if (good && !line_serve(s, &v))
			return false;
		if (depth > 1 && good && v.depth_left > 0 && !resting_serve(s, &child, depth - 1))
			return false;
	}
	return true;
}

/* False: enough for this turn, and this line has to be looked at again. */
static bool own_line_serve(struct step *s, const struct digest *id)
{
	struct counted_line first;
	struct verdict v;

	s->resting = s->for_others = 0;
	if (!verdict_of(&s->world.facts, id, s->hub->judge_ms, &v))
		return true;
	s->own_ends_ms =
		verdict_line(&s->world.facts, &v.chain[0], &first) ? first.line.expiry_ms : v.to_ms;
	if (!line_serve(s, &v))
		return false;
	return v.depth_left == 0 || resting_serve(s, id, v.depth_left);
}

static void pass_begin(struct epoch_pass *pass)
{
	pass->due = false;
	pass->on = true;
	pass->at.len = 0;
	pass->looked = pass->waiting_now = 0;
	pass->next_ms = INT64_MAX;
}

/*
 * Own wraps of epochs that have been followed, to who reads no more. PROTOCOL: "and removes it with
 * a later head"
 */
static void wraps_drop(struct hub *hub, struct txn *txn)
{
	static const uint8_t kind[1] = {RECORD_WRAP};
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&kind));
	struct record record;
	struct keywrap wrap;
	unsigned dropped = 0;

	slots.author = hub->author;
	while (dropped < MADE_A_TURN && ledger_slots_next(&slots, &record)) {
		if (record.author != hub->author || keywrap_get(&wrap, record.body) ||
		    wrap.prefix.len == 0)
			continue;
		struct record_slot slot = record_slot_copy(record.slot);
		const struct charter_member *owner =
			charter_by_slug(&hub->charter, path_slug(wrap.prefix));
		uint64_t last = owner ? epoch_last_at(hub, txn, owner->number, wrap.prefix) : 0;
		/* Until a newer epoch has come it shows that one is due. */
		if (last <= wrap.number ||
		    epoch_reads(hub, txn, &wrap.grantee, wrap.prefix, hub->act_ms))
			continue;
		ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot));
		dropped++;
	}
}

bool epoch_pass_step(struct hub *hub, struct txn *txn, struct epoch_pass *pass)
{
	struct step s = {.hub = hub, .txn = txn, .pass = pass};
	struct row_key own = key_author(author_member(hub->author));
	struct digest id;
	bool done = false;

	if (!pass->on && !pass->due)
		return false;
	if (!pass->on)
		pass_begin(pass);
	world_begin(&s.world, hub, txn);
	for (unsigned i = 0; i < LINES_A_TURN && !done; i++) {
		struct walk walk = pass->at.len
					   ? walk_begin_at(txn, TABLE_LINE, row_key_bytes(&own),
							   row_key_bytes(&pass->at), false)
					   : walk_begin(txn, TABLE_LINE, row_key_bytes(&own));
		done = !walk_next(&walk);
		if (done)
			break;
		struct row_key at = {.len = walk.key.len};
		memcpy(at.b, walk.key.ptr, walk.key.len);
		memcpy(id.b, at.b + at.len - ID_LEN, ID_LEN);
		if (!own_line_serve(&s, &id))
			break;
		pass->at = at;
		pass->looked += 1 + s.resting;
	}
	if (s.has_list)
		epoch_list_fini(&s.list);
	pass->made += s.made;
	if (done) {
		pass->on = false;
		pass->waiting = pass->waiting_now;
		wraps_drop(hub, txn);
	}
	return pass->on || pass->due;
}
