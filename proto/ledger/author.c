#include "proto/ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/ledger/ledger_internal.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"

#define STATE_LEN_MAX 256

/* ---- life ---- */

struct ledger_member {
	size_t count;
	struct orglog_node keys[];
};

void ledger_init(struct ledger *ledger, const struct charter *charter, const struct limits *limits)
{
	*ledger = (struct ledger){.charter = charter,
				  .limits = limits,
				  .room = room_at(HEADROOM_ALL),
				  .held_any = true,
				  .roll_is_due = true};
}

void ledger_fini(struct ledger *ledger)
{
	struct ledger_arrival arrival;

	ledger_forget(ledger, 0);
	while (ledger_arrival_next(ledger, &arrival))
		ledger_arrival_fini(&arrival);
	free(ledger->members);
	free(ledger->touched);
	free(ledger->arrivals);
	free(ledger->gone);
	roll_fini(&ledger->roll);
	*ledger = (struct ledger){0};
}

void ledger_now(struct ledger *ledger, int64_t now_ms)
{
	ledger->now_ms = ledger->judge_ms = now_ms;
}

void ledger_judge(struct ledger *ledger, int64_t judge_ms)
{
	ledger->judge_ms = judge_ms;
}

void ledger_own(struct ledger *ledger, uint32_t author, const struct key *sign_seed)
{
	ledger->own_author = author;
	ledger->own_seed = sign_seed;
}

/* ---- keys of authors ---- */

void ledger_forget(struct ledger *ledger, uint32_t member_number)
{
	ledger->roll_is_due = true;
	for (size_t i = 0; i < ledger->member_cap; i++) {
		if (member_number != 0 && member_number != i)
			continue;
		free(ledger->members[i]);
		ledger->members[i] = NULL;
	}
}

static void members_grow(struct ledger *ledger, uint32_t number)
{
	size_t cap = number + 64;

	if (number < ledger->member_cap)
		return;
	ledger->members = mem_grow(ledger->members, cap, sizeof(struct ledger_member *));
	memset(ledger->members + ledger->member_cap, 0,
	       (cap - ledger->member_cap) * sizeof(struct ledger_member *));
	ledger->member_cap = cap;
}

static enum err member_load(struct ledger *ledger, struct txn *txn,
			    const struct charter_member *member)
{
	struct orglog log;

	members_grow(ledger, member->number);
	if (ledger->members[member->number])
		return ERR_OK;
	enum err err = orglog_load(txn, &member->org, &log);
	if (err)
		return txn_err(txn) ? txn_err(txn) : err;
	struct ledger_member *loaded =
		mem_new(1, sizeof(*loaded) + log.node_count * sizeof(loaded->keys[0]));
	loaded->count = log.node_count;
	for (size_t i = 0; i < log.node_count; i++)
		loaded->keys[i] = log.nodes[i];
	ledger->members[member->number] = loaded;
	orglog_fini(&log);
	return ERR_OK;
}

/* ERR_ABSENT, or ERR_DENIED for a former member. */
static enum err key_find(struct ledger *ledger, struct txn *txn, uint32_t author,
			 const struct orglog_node **out)
{
	const struct charter_member *member =
		charter_member(ledger->charter, author_member(author));

	if (!member)
		return ERR_ABSENT;
	if (!charter_is_present(member))
		return ERR_DENIED;
	enum err err = member_load(ledger, txn, member);
	if (err)
		return err;
	const struct ledger_member *loaded = ledger->members[member->number];
	for (size_t i = 0; i < loaded->count; i++) {
		*out = &loaded->keys[i];
		if ((*out)->index == author_node(author))
			return ERR_OK;
	}
	return ERR_ABSENT;
}

enum err ledger_author(struct ledger *ledger, struct txn *txn, uint32_t author, struct sign_pk *pk,
		       uint8_t *roles)
{
	const struct orglog_node *key;
	enum err err = key_find(ledger, txn, author, &key);

	if (err)
		return err;
	*pk = key->sign;
	if (roles)
		*roles = key->roles;
	return key->state == ORGLOG_NODE_ACTIVE ? ERR_OK : ERR_DENIED;
}

/* As key_find(); ERR_DENIED also when the node is out for longer than it is leaving. */
static enum err kept_key_find(struct ledger *ledger, struct txn *txn, uint32_t author,
			      const struct orglog_node **out)
{
	enum err err = key_find(ledger, txn, author, out);

	/*
	 * PROTOCOL: "An author counts while its organisation is a member and its node is active in
	 * the latest organisation log entry known, or leaving (section 5.5)."
	 */
	return err || orglog_kept_until_ms(*out) > ledger->judge_ms ? err : ERR_DENIED;
}

enum err ledger_author_kept(struct ledger *ledger, struct txn *txn, uint32_t author,
			    struct sign_pk *pk)
{
	const struct orglog_node *key;
	enum err err = kept_key_find(ledger, txn, author, &key);

	if (!err)
		*pk = key->sign;
	return err;
}

size_t ledger_nodes(struct ledger *ledger, struct txn *txn, uint32_t member_number, uint8_t roles,
		    uint32_t *authors, size_t max)
{
	const struct charter_member *member = charter_member(ledger->charter, member_number);
	size_t count = 0;

	if (!member || !charter_is_present(member) || member_load(ledger, txn, member))
		return 0;
	const struct ledger_member *loaded = ledger->members[member_number];
	for (size_t i = 0; i < loaded->count && count < max; i++) {
		const struct orglog_node *key = &loaded->keys[i];
		if (key->state == ORGLOG_NODE_ACTIVE && (key->roles & roles) == roles)
			authors[count++] = author_of(member_number, key->index);
	}
	return count;
}

size_t ledger_leaving(struct ledger *ledger, struct txn *txn, uint32_t member_number, uint8_t role,
		      int64_t now_ms, uint32_t *authors, size_t max)
{
	const struct charter_member *member = charter_member(ledger->charter, member_number);
	size_t count = 0;

	if (!member || !charter_is_present(member) || member_load(ledger, txn, member))
		return 0;
	const struct ledger_member *loaded = ledger->members[member_number];
	for (size_t i = 0; i < loaded->count && count < max; i++)
		if (orglog_is_leaving(&loaded->keys[i], role, now_ms))
			authors[count++] = author_of(member_number, loaded->keys[i].index);
	return count;
}

bool ledger_may_publish(struct ledger *ledger, struct txn *txn, uint32_t author)
{
	const struct orglog_node *key;

	return !key_find(ledger, txn, author, &key) && orglog_has_role(key, ORGLOG_ROLE_PUBLISH);
}

bool ledger_may_withdraw(struct ledger *ledger, struct txn *txn, uint32_t author)
{
	const struct orglog_node *key;

	if (key_find(ledger, txn, author, &key))
		return false;
	return orglog_has_role(key, ORGLOG_ROLE_PUBLISH) ||
	       (key->state != ORGLOG_NODE_LOST &&
		orglog_is_leaving(key, ORGLOG_ROLE_PUBLISH, ledger->judge_ms));
}

/* ---- states ---- */

static bool state_complete(const struct author_state *state)
{
	return state->counter > 0 && id_eq(&state->set, &state->head_set);
}

bool ledger_partial(const struct author_state *state)
{
	return state->counter > 0 && !state_complete(state);
}

enum ledger_completeness ledger_completeness(const struct author_state *state, int64_t now_ms)
{
	if (state->disputed)
		return LEDGER_DISPUTED;
	if (state->counter == 0)
		return LEDGER_NONE;
	if (ledger_partial(state))
		return state->held > 0 ? LEDGER_HELD : LEDGER_PARTIAL;
	if (state->over)
		return LEDGER_OVER;
	return state->head_valid_until_ms < now_ms ? LEDGER_STALE : LEDGER_COMPLETE;
}

uint64_t ledger_missing(const struct author_state *state)
{
	if (!ledger_partial(state))
		return 0;
	return state->head_live_count > state->live_count
		       ? state->head_live_count - state->live_count
		       : 1;
}

static void state_put(struct txn *txn, const struct author_state *state)
{
	struct row_key key = key_author(state->author);
	struct buf row;

	buf_init(&row, STATE_LEN_MAX);
	out_array(&row, 17);
	out_uint(&row, state->incarnation);
	out_uint(&row, state->sequence);
	out_uint(&row, state->live_count);
	out_fixed(&row, state->set.b, ID_LEN);
	out_uint(&row, state->live_bytes);
	out_uint(&row, state->counter);
	out_uint(&row, (uint64_t)state->head_time_ms);
	out_uint(&row, (uint64_t)state->head_valid_until_ms);
	out_uint(&row, state->head_last_sequence);
	out_uint(&row, state->head_live_count);
	out_uint(&row, state->head_live_bytes);
	out_uint(&row, state->proven_sequence);
	out_fixed(&row, state->head_set.b, ID_LEN);
	out_bool(&row, state->disputed);
	out_bool(&row, state->has_older);
	out_uint(&row, state->held);
	out_bool(&row, state->over);
	txn_put_row(txn, TABLE_AUTHOR, &key, &row);
}

static enum err state_get(struct author_state *out, struct bytes row)
{
	struct wire_in w = wire_in(row);

	wire_array(&w, 17, 17);
	out->incarnation = (uint32_t)wire_uint(&w, UINT32_MAX);
	out->sequence = wire_uint(&w, UINT64_MAX);
	out->live_count = wire_uint(&w, UINT64_MAX);
	wire_fixed(&w, out->set.b, ID_LEN);
	out->live_bytes = wire_uint(&w, UINT64_MAX);
	out->counter = wire_uint(&w, UINT64_MAX);
	out->head_time_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->head_valid_until_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->head_last_sequence = wire_uint(&w, UINT64_MAX);
	out->head_live_count = wire_uint(&w, UINT64_MAX);
	out->head_live_bytes = wire_uint(&w, UINT64_MAX);
	out->proven_sequence = wire_uint(&w, UINT64_MAX);
	wire_fixed(&w, out->head_set.b, ID_LEN);
	out->disputed = wire_bool(&w);
	out->has_older = wire_bool(&w);
	out->held = wire_uint(&w, UINT64_MAX);
	out->over = wire_bool(&w);
	return wire_end(&w) ? ERR_CORRUPT : ERR_OK;
}

/* Zero when nothing of the author is here. */
static void state_load(struct txn *txn, uint32_t author, struct author_state *out)
{
	struct row_key key = key_author(author);
	struct bytes row;

	*out = (struct author_state){.author = author};
	if (txn_get(txn, TABLE_AUTHOR, row_key_bytes(&key), &row))
		txn_fail(txn, state_get(out, row));
}

/* Where the author is among the touched ones, or would be. */
static size_t touched_place(const struct ledger *ledger, uint32_t author)
{
	size_t low = 0, high = ledger->touched_count;

	/* Records come in order of author, so it is the last one nearly always. */
	if (high > 0 && ledger->touched[high - 1].state.author < author)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ledger->touched[middle].state.author < author)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct ledger_touched *touched_find(const struct ledger *ledger, uint32_t author)
{
	size_t place = touched_place(ledger, author);

	if (place < ledger->touched_count && ledger->touched[place].state.author == author)
		return &ledger->touched[place];
	return NULL;
}

struct ledger_touched *ledger_touch(struct ledger *ledger, struct txn *txn, uint32_t author)
{
	struct ledger_touched *found = touched_find(ledger, author);
	size_t place = touched_place(ledger, author);
	struct author_state state;

	if (found)
		return found;
	state_load(txn, author, &state);
	if (txn_err(txn))
		return NULL;
	ledger->touched = mem_room(ledger->touched, ledger->touched_count, &ledger->touched_cap,
				   sizeof(*ledger->touched));
	found = &ledger->touched[place];
	memmove(found + 1, found, (ledger->touched_count - place) * sizeof(*found));
	ledger->touched_count++;
	*found = (struct ledger_touched){.state = state};
	return found;
}

enum err ledger_state(struct ledger *ledger, struct txn *txn, uint32_t author,
		      struct author_state *out)
{
	struct ledger_touched *touched = touched_find(ledger, author);

	if (touched) {
		ledger_settle_author(ledger, txn, touched);
		*out = touched->state;
	} else {
		state_load(txn, author, out);
	}
	if (txn_err(txn))
		return txn_err(txn);
	return out->incarnation > 0 ? ERR_OK : ERR_ABSENT;
}

bool ledger_state_next(struct ledger *ledger, struct txn *txn, uint32_t *author,
		       struct author_state *out)
{
	struct row_key at = key_author(*author);
	struct walk walk =
		walk_begin_at(txn, TABLE_AUTHOR, bytes_of(NULL, 0), row_key_bytes(&at), false);
	const struct orglog_node *key;

	while (walk_next(&walk)) {
		*author = be32_get(walk.key.ptr);
		*out = (struct author_state){.author = *author};
		txn_fail(txn, state_get(out, walk.value));
		if (kept_key_find(ledger, txn, *author, &key))
			continue;
		out->kept_until_ms = orglog_kept_until_ms(key);
		return !txn_err(txn);
	}
	return false;
}

bool ledger_active_next(struct ledger *ledger, struct txn *txn, uint32_t *author,
			struct author_state *out)
{
	while (ledger_state_next(ledger, txn, author, out))
		if (out->kept_until_ms == INT64_MAX)
			return true;
	return false;
}

/* ---- the roll ---- */

static void roll_take(struct ledger *ledger, struct txn *txn, const struct author_state *state)
{
	const struct orglog_node *key;
	int64_t until_ms;

	if (ledger->roll_is_due)
		return;
	if (kept_key_find(ledger, txn, state->author, &key)) {
		roll_put(&ledger->roll, state->author, 0, 0, &state->set);
		return;
	}
	roll_put(&ledger->roll, state->author, state->incarnation, state->counter, &state->set);
	until_ms = orglog_kept_until_ms(key);
	if (until_ms < ledger->roll_until_ms)
		ledger->roll_until_ms = until_ms;
}

struct roll *ledger_roll(struct ledger *ledger, struct txn *txn)
{
	struct author_state state;
	uint32_t author = 0;

	ledger_settle(ledger, txn);
	if (!ledger->roll_is_due && ledger->roll_until_ms > ledger->judge_ms)
		return &ledger->roll;
	roll_fini(&ledger->roll);
	ledger->roll_is_due = false;
	ledger->roll_until_ms = INT64_MAX;
	while (ledger_state_next(ledger, txn, &author, &state))
		roll_take(ledger, txn, &state);
	return &ledger->roll;
}

/* ---- settling ---- */

/* Deletes the rows of a table that belong to incarnations of an author before `incarnation`. */
static void older_delete(struct txn *txn, enum table table, uint32_t author, uint32_t incarnation)
{
	struct row_key prefix = key_author(author);
	struct walk walk = walk_begin(txn, table, row_key_bytes(&prefix));

	while (walk_next(&walk) && be32_get(walk.key.ptr + prefix.len) < incarnation)
		txn_del(txn, table, bytes_of(walk.last, walk.last_len));
}

/* The newer incarnation is complete: what is left of the older ones has no effect any more. */
static void older_drop(struct ledger *ledger, struct txn *txn, uint32_t author,
		       uint32_t incarnation)
{
	struct row_key prefix = key_author(author);
	struct walk walk = walk_begin(txn, TABLE_RECORD, row_key_bytes(&prefix));
	struct record record;

	while (walk_next(&walk) && be32_get(walk.key.ptr + prefix.len) < incarnation)
		if (!record_decode(&record, walk.value)) {
			ledger_version_unlink(txn, &record);
			ledger_slot_unlink(txn, &record);
			ledger_gone_note(ledger, &record);
		}
	older_delete(txn, TABLE_RECORD, author, incarnation);
	older_delete(txn, TABLE_LEAF, author, incarnation);
	older_delete(txn, TABLE_NODE, author, incarnation);
	older_delete(txn, TABLE_HEAD, author, incarnation);
}

void ledger_author_drop(struct ledger *ledger, struct txn *txn, uint32_t author)
{
	struct row_key key = key_author(author);

	check(ledger->touched_count == 0);
	if (!txn_del(txn, TABLE_AUTHOR, row_key_bytes(&key)))
		return;
	ledger->settled_count++;
	ledger->roll_is_due = true;
	older_drop(ledger, txn, author, UINT32_MAX);
	txn_del(txn, TABLE_EVIDENCE, row_key_bytes(&key));
}

bool ledger_author_other(struct ledger *ledger, struct txn *txn, uint32_t author)
{
	struct row_key prefix = key_author(author);
	struct walk walk = walk_begin(txn, TABLE_RECORD, row_key_bytes(&prefix));
	struct record record;
	struct sign_pk pk;

	if (!txn_has(txn, TABLE_AUTHOR, row_key_bytes(&prefix)))
		return false;
	enum err err = ledger_author(ledger, txn, author, &pk, NULL);
	if (err == ERR_ABSENT)
		return true;
	/* It was checked with the key that the log named then; or its head was, which vouches for
	   versions: of one that is signed wrongly itself the author's records come again. */
	return (!err || err == ERR_DENIED) && walk_next(&walk) &&
	       !record_decode(&record, walk.value) &&
	       record_check_sig(&record, &pk, &ledger->charter->fed);
}

void ledger_settle_author(struct ledger *ledger, struct txn *txn, struct ledger_touched *touched)
{
	struct author_state *state = &touched->state;

	if (!touched->dirty || txn_err(txn))
		return;
	setdigest_root(txn, state->author, state->incarnation, &state->set);
	if (state_complete(state))
		state->proven_sequence = state->head_last_sequence;
	if (state->has_older && state_complete(state)) {
		older_drop(ledger, txn, state->author, state->incarnation);
		state->has_older = false;
	}
	if (state_complete(state))
		state->held = 0;
	state_put(txn, state);
	roll_take(ledger, txn, state);
	ledger->settled_count++;
	touched->dirty = false;
}

void ledger_settle(struct ledger *ledger, struct txn *txn)
{
	for (size_t i = 0; i < ledger->touched_count; i++)
		ledger_settle_author(ledger, txn, &ledger->touched[i]);
	ledger->touched_count = 0;
}

void ledger_incarnation_begin(struct ledger *ledger, struct txn *txn,
			      struct ledger_touched *touched, uint32_t incarnation)
{
	struct bytes first, second;

	ledger_settle_author(ledger, txn, touched);
	/* Of the many that an author could begin, one is kept beside the latest. */
	if (touched->state.has_older)
		older_drop(ledger, txn, touched->state.author, touched->state.incarnation);
	touched->state = (struct author_state){
		.author = touched->state.author,
		.incarnation = incarnation,
		.has_older = touched->state.incarnation > 0,
		.disputed = ledger_evidence(txn, touched->state.author, &first, &second),
	};
	touched->dirty = true;
}
