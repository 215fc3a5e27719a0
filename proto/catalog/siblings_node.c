/*
 * Taking over all that another node of the own organisation has said (siblings.h).
 */
#include <stdio.h>
#include <string.h>

#include "proto/audit/came.h"
#include "proto/catalog/siblings_internal.h"
#include "proto/charter/identity.h"
#include "proto/charter/orglog.h"
#include "proto/ledger/keywrap.h"
#include "proto/ledger/withdrawal_body.h"
#include "proto/transfer/subscription.h"

enum {
	COPY_STEP = 256, /* records in one turn */
	NODE_INDEX_MAX = 255,
};

/*
 * Whether the body of another node goes before the own one in the same slot. PROTOCOL: "the
 * withdrawal with the higher number, wraps with the higher n; else, and for versions and key
 * records, the own stays"
 */
static bool body_goes_before(const struct record *other, const struct record *own)
{
	struct withdrawal withdrawals[2];
	struct keywrap wraps[2];
	struct line lines[2];

	switch ((enum record_kind)other->kind) {
	case RECORD_WITHDRAWAL:
		return !withdrawal_get(&withdrawals[0], other->body) &&
		       (withdrawal_get(&withdrawals[1], own->body) ||
			withdrawals[0].number > withdrawals[1].number);
	case RECORD_WRAP:
		return !keywrap_get(&wraps[0], other->body) &&
		       (keywrap_get(&wraps[1], own->body) || wraps[0].number > wraps[1].number);
	case RECORD_LINE:
		return !line_get(&lines[0], other->body) &&
		       (line_get(&lines[1], own->body) ||
			line_goes_before(&lines[0], other->body, &lines[1], own->body));
	case RECORD_VERSION:
	case RECORD_KEY:
	case RECORD_BAR:
	case RECORD_VOTE:
	case RECORD_CONTACT:
	case RECORD_ERASURE:
	case RECORD_NOTICE:
	case RECORD_WRAP_KEY:
		break;
	}
	return false;
}

static bool is_taken_over(uint64_t kind)
{
	return kind == RECORD_VERSION || kind == RECORD_KEY || kind == RECORD_WRAP ||
	       kind == RECORD_LINE || kind == RECORD_BAR || kind == RECORD_WITHDRAWAL;
}

/* The own record in a slot, whatever its kind. */
static bool own_in_slot(struct hub *hub, struct txn *txn, struct bytes slot, struct record *out)
{
	struct author_state state;
	struct digest hash;
	struct bytes whole;
	uint64_t sequence;

	return !ledger_state(&hub->ledger, txn, hub->author, &state) &&
	       setdigest_get(txn, hub->author, state.incarnation, slot, &sequence, &hash) &&
	       ledger_record(txn, hub->author, state.incarnation, sequence, &whole) &&
	       !record_decode(out, whole);
}

/* Whether the own set has something in the slot that is the same or goes before. */
static bool is_covered(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct record own;
	struct buf joined;
	struct line line;

	if (!own_in_slot(hub, txn, record->slot, &own))
		return false;
	/* An end is for good, and says the latest expiry already. */
	if (record->kind == RECORD_LINE && !line_get(&line, own.body) && line.verb == VERB_NONE)
		return true;
	if (record->kind != RECORD_BAR)
		return !body_goes_before(record, &own);
	buf_init(&joined, LIMIT_RECORD_LEN_MAX);
	bool covered = !siblings_bars_join(own.body, record->body, true, &joined);
	buf_fini(&joined);
	return covered;
}

static enum err version_copy(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct record_slot slot = record_slot_copy(record->slot);
	struct version version;
	struct buf body;
	enum err err = version_decode(&version, record->body);

	if (err)
		return err;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	if (!version.has_origin) {
		version.has_origin = true;
		version.origin_author = record->author;
		record_id(&version.origin, record);
	}
	version_encode(&body, &version);
	err = body.err ? body.err
		       : siblings_sign(hub, txn, RECORD_VERSION, &slot, buf_bytes(&body));
	buf_fini(&body);
	return err;
}

static enum err sibling_record_take(struct hub *hub, struct txn *txn, const struct record *record,
				    bool all, struct sibling_copy *copy)
{
	struct record_slot slot = record_slot_copy(record->slot);
	enum err err;

	if (is_covered(hub, txn, record)) {
		copy->skipped++;
		return ERR_OK;
	}
	if (record->kind == RECORD_VERSION)
		err = version_copy(hub, txn, record);
	else if (record->kind == RECORD_BAR)
		err = siblings_bars_take(hub, txn, record, all);
	else
		err = siblings_sign(hub, txn, record->kind, &slot, record->body);
	if (err == ERR_EXISTS) { /* it bars nothing that is not barred here */
		copy->skipped++;
		return ERR_OK;
	}
	copy->copied += !err;
	return err;
}

static void item_tell(const struct sibling_copy *copy, enum sibling_item_kind kind,
		      const struct record *record, const struct line *gave)
{
	if (copy->each)
		copy->each(copy->arg, &(struct sibling_item){kind, record, gave});
}

/* PROTOCOL: "Of a lost node only what had come here before a day that somebody names; but its ends
   and bars always." */
static enum err lost_record_take(struct hub *hub, struct txn *txn, const struct record *record,
				 const struct came *came, struct sibling_copy *copy)
{
	const uint64_t copied = copy->copied;
	const bool early = came_has(came, record);
	struct digest id;
	struct line line;
	bool ends = record->kind == RECORD_LINE && !line_get(&line, record->body) &&
		    line.verb == VERB_NONE;

	if (!early && !ends && record->kind != RECORD_BAR) {
		copy->late++;
		item_tell(copy, SIBLING_LATE, record, NULL);
		return ERR_OK;
	}
	enum err err = sibling_record_take(hub, txn, record, early, copy);
	if (err)
		return err;
	if (early) {
		if (copy->copied > copied)
			item_tell(copy, SIBLING_TAKEN, record, NULL);
	} else if (ends) {
		line_id(&id, &line);
		item_tell(copy, SIBLING_ENDED, record, came_line(came, &id));
	} else {
		item_tell(copy, SIBLING_BARRED, record, NULL);
	}
	return ERR_OK;
}

static enum err sibling_find(struct hub *hub, struct txn *txn, uint8_t node_index,
			     struct author_state *state, char *why)
{
	const uint32_t author = author_of(author_member(hub->author), node_index);
	enum err err = hub_member_check(hub, why);

	if (err)
		return err;
	if (author == hub->author) {
		why_set(why,
			"node %u is this one: say the other one's index, see `allmende node "
			"list`.",
			node_index);
		return ERR_DENIED;
	}
	if (ledger_state(&hub->ledger, txn, author, state)) {
		why_set(why, "nothing of a node %u of %s is here.", node_index, hub_own_name(hub));
		return ERR_ABSENT;
	}
	return hub_sign_check(hub, why);
}

static bool is_lost(struct hub *hub, struct txn *txn, uint8_t node_index)
{
	struct orglog log;
	bool lost = false;

	if (!orglog_load(txn, &hub->options.identity->org, &log)) {
		const struct orglog_node *node = orglog_node(&log, node_index);
		lost = node && node->state == ORGLOG_NODE_LOST;
	}
	orglog_fini(&log);
	return lost;
}

/* Some records, in the order of their sequences. */
static enum err said_take(struct hub *hub, struct txn *txn, const struct author_state *state,
			  const struct came *came, struct sibling_copy *copy)
{
	struct row_key prefix = key_author_incarnation(state->author, state->incarnation);
	struct row_key at = key_record(state->author, state->incarnation, copy->after);
	struct walk walk =
		walk_begin_at(txn, TABLE_RECORD, row_key_bytes(&prefix), row_key_bytes(&at), false);
	enum err err = ERR_OK;

	for (unsigned i = 0; !err && i < COPY_STEP; i++) {
		struct record record;
		struct buf whole;
		if (!walk_next(&walk))
			return ERR_OK;
		buf_init(&whole, LIMIT_RECORD_LEN_MAX);
		buf_add(&whole, walk.value);
		err = whole.err ? whole.err : record_decode(&record, buf_bytes(&whole));
		copy->after = err ? copy->after : record.sequence;
		if (!err && is_taken_over(record.kind))
			err = came ? lost_record_take(hub, txn, &record, came, copy)
				   : sibling_record_take(hub, txn, &record, true, copy);
		buf_fini(&whole);
	}
	copy->more = !err;
	return err;
}

/* Row META "taken:INDEX": this node has taken that one over; so it does once more when it goes. */
static struct row_key taken_row(char name[16], uint8_t node_index)
{
	snprintf(name, 16, "taken:%u", node_index);
	return key_name(name);
}

enum err siblings_takeover(struct hub *hub, struct txn *txn, uint8_t node_index,
			   struct sibling_copy *copy, char *why)
{
	struct author_state state;
	struct came came = {0};
	char name[16];
	enum err err = sibling_find(hub, txn, node_index, &state, why);

	copy->more = false;
	if (!err && !copy->before_ms && is_lost(hub, txn, node_index)) {
		why_set(why,
			"node %u is lost: say since when somebody else may have had it, --since "
			"DAY.",
			node_index);
		err = ERR_CONFIG;
	}
	if (err)
		return err;
	if (copy->before_ms)
		came_load(&came, txn, state.author, copy->before_ms);
	err = said_take(hub, txn, &state, copy->before_ms ? &came : NULL, copy);
	came_fini(&came);
	if (err == ERR_NOSPACE)
		hub_quota_why(hub, txn, why);
	else if (err)
		why_set(why, "a record of node %u could not be taken over: %s.", node_index,
			err_text(err));
	if (!err && !copy->more && !copy->before_ms) {
		struct row_key row = taken_row(name, node_index);
		txn_put(txn, TABLE_META, row_key_bytes(&row), bytes_of(&node_index, 1));
	}
	return err;
}

/* The next part of what a node of this index has said, behind *after. True: there is more. */
static bool part_take(struct hub *hub, struct txn *txn, uint8_t node_index, uint64_t *after)
{
	const uint32_t author = author_of(author_member(hub->author), node_index);
	struct sibling_copy copy = {.after = *after};
	struct author_state state;
	enum err err = ledger_state(&hub->ledger, txn, author, &state);

	if (!err)
		err = said_take(hub, txn, &state, NULL, &copy);
	*after = copy.after;
	return !err && copy.more;
}

/* ---- once more, when it is retired ---- */

/* The own log has changed: whether a node is out now that was taken over here. */
static void retired_look(struct hub *hub, struct txn *txn)
{
	struct siblings *siblings = hub->siblings;
	struct orglog log;
	char name[16];

	siblings->keys = hub->keys_epoch + 1;
	if (orglog_load(txn, &hub->options.identity->org, &log))
		return;
	for (size_t i = 0; !siblings->takes && i < log.node_count; i++) {
		struct row_key row = taken_row(name, log.nodes[i].index);
		if (log.nodes[i].state == ORGLOG_NODE_ACTIVE ||
		    !txn_has(txn, TABLE_META, row_key_bytes(&row)))
			continue;
		if (log.nodes[i].state == ORGLOG_NODE_RETIRED) {
			siblings->takes = true;
			siblings->taken = log.nodes[i].index;
			siblings->taken_after = 0;
		} else {
			txn_del(txn, TABLE_META, row_key_bytes(&row));
		}
	}
	orglog_fini(&log);
}

/*
 * PROTOCOL: "It takes over once more what is there of the node when it takes the log entry." In
 * parts, until a part is the last; after a crash from the beginning.
 */
void siblings_retired_take(struct hub *hub, struct txn *txn)
{
	struct siblings *siblings = hub->siblings;
	char name[16];

	if (siblings->keys != hub->keys_epoch + 1)
		retired_look(hub, txn);
	if (!siblings->takes || part_take(hub, txn, siblings->taken, &siblings->taken_after))
		return;
	/* Without room it is left to the command. */
	struct row_key row = taken_row(name, siblings->taken);
	txn_del(txn, TABLE_META, row_key_bytes(&row));
	siblings->takes = false;
	siblings->keys = 0; /* there may be another one */
}

/* ---- once, when this node comes after lost ones ---- */

static struct row_key recovered_row(char name[24], unsigned index)
{
	snprintf(name, 24, IDENTITY_RECOVERED_ROW "%u", index);
	return key_name(name);
}

bool siblings_recovered_next(struct hub *hub, struct txn *txn, unsigned *index, uint64_t *missing)
{
	struct author_state state;
	char name[24];

	for (; hub->siblings->recovers && *index <= NODE_INDEX_MAX; ++*index) {
		struct row_key row = recovered_row(name, *index);
		if (!txn_has(txn, TABLE_META, row_key_bytes(&row)))
			continue;
		const uint32_t author = author_of(author_member(hub->author), (uint8_t)*index);
		*missing = ledger_state(&hub->ledger, txn, author, &state) || !state.counter
				   ? UINT64_MAX
			   : ledger_partial(&state) ? ledger_missing(&state)
						    : 0;
		return true;
	}
	return false;
}

/* Until when others keep what a lost node has said. */
static bool is_forgotten(struct hub *hub, struct txn *txn, unsigned index)
{
	struct orglog log;
	bool forgotten = false;

	if (!orglog_load(txn, &hub->options.identity->org, &log)) {
		const struct orglog_node *node = orglog_node(&log, (uint8_t)index);
		forgotten = node && orglog_kept_until_ms(node) < hub->act_ms;
	}
	orglog_fini(&log);
	return forgotten;
}

/* The data of the organisation come back as well. */
static void own_data_subscribe(struct hub *hub, struct txn *txn)
{
	char pattern[CHARTER_SLUG_LEN_MAX + 4], why[WHY_LEN];
	struct subscription subscription;

	snprintf(pattern, sizeof(pattern), "%s/**", hub->options.identity->slug);
	subscription = (struct subscription){.pattern = bytes_str(pattern)};
	subscription_add(hub, txn, &subscription, why);
}

/*
 * PROTOCOL: "A node that comes after lost ones, by their organisation's root alone, takes over once
 * what they have said"
 */
void siblings_recovered_take(struct hub *hub, struct txn *txn)
{
	struct siblings *siblings = hub->siblings;
	unsigned index = 0;
	uint64_t missing;
	char name[24];

	if (!siblings->recovers)
		return;
	if (!siblings_recovered_next(hub, txn, &index, &missing)) {
		siblings->recovers = false;
		return;
	}
	if (missing > 0 && !is_forgotten(hub, txn, index))
		return;
	if (missing == 0 && !siblings->compared)
		return;
	if (part_take(hub, txn, (uint8_t)index, &siblings->lost_after))
		return;
	struct row_key row = recovered_row(name, index);
	txn_del(txn, TABLE_META, row_key_bytes(&row));
	siblings->lost_after = 0;
	own_data_subscribe(hub, txn);
}

uint64_t siblings_missing(struct hub *hub, struct txn *txn, uint8_t node_index, uint64_t max)
{
	const uint32_t author = author_of(author_member(hub->author), node_index);
	struct author_state state;
	uint64_t missing = 0;

	if (ledger_state(&hub->ledger, txn, author, &state))
		return 0;
	struct row_key prefix = key_author_incarnation(author, state.incarnation);
	struct walk walk = walk_begin(txn, TABLE_RECORD, row_key_bytes(&prefix));
	while (missing < max && walk_next(&walk)) {
		struct record record;
		if (!record_decode(&record, walk.value) && is_taken_over(record.kind))
			missing += !is_covered(hub, txn, &record);
	}
	return missing;
}
