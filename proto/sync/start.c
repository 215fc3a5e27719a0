#include "proto/sync/start.h"

#include "crypto/check.h"
#include "proto/ledger/aside.h"

enum {
	START_LINK_MS = 10 * 1000,
	START_ANSWER_MS = 60 * 1000,
	START_JUMP_MS = 10 * 60 * 1000, /* of one clock against the other */
	START_BACK_MS = 1000,           /* walks over all own records: at most so often */
	START_TOLD_MS = 10 * 60 * 1000, /* what others have had for so long, nobody overtakes */
	TOLD_LEN = 2 * (4 + 8) + 8,
};
#define START_TWICE_MS (INT64_C(30) * 24 * 3600 * 1000)

/* META rows; they outlive a crash. */
static const char met_name[] = "met", behind_name[] = "behind";
static const char told_name[] = "told"; /* twice be32 incarnation, be64 sequence; be64 told_ms */
static const char restored_name[] = "restored"; /* be64 time of the backup */
static const char twice_name[] = "own-heads"; /* be64 time of the first; and when it stopped, "." */

static bool row_has(struct txn *txn, const char *name)
{
	struct row_key key = key_name(name);

	return txn_has(txn, TABLE_META, row_key_bytes(&key));
}

static void row_put(struct txn *txn, const char *name, struct bytes value)
{
	struct row_key key = key_name(name);

	txn_put(txn, TABLE_META, row_key_bytes(&key), value);
}

static void row_del(struct txn *txn, const char *name)
{
	struct row_key key = key_name(name);

	txn_del(txn, TABLE_META, row_key_bytes(&key));
}

/* When the first one came; 0: none has. */
static int64_t twice_get(struct txn *txn, bool *stopped)
{
	struct row_key key = key_name(twice_name);
	struct bytes row;

	*stopped = false;
	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &row) || row.len < 8)
		return 0;
	*stopped = row.len > 8;
	return (int64_t)be64_get(row.ptr);
}

static void twice_put(struct txn *txn, int64_t first_ms, bool stopped)
{
	uint8_t row[9] = {0};

	be64_put(row, (uint64_t)first_ms);
	row_put(txn, twice_name, bytes_of(row, stopped ? 9 : 8));
}

void start_restored(struct txn *txn, int64_t made_ms)
{
	uint8_t row[8];

	be64_put(row, (uint64_t)made_ms);
	row_put(txn, restored_name, bytes_obj(&row));
	row_put(txn, met_name, bytes_of("", 0));
}

int64_t start_restored_ms(struct txn *txn)
{
	struct row_key key = key_name(restored_name);
	struct bytes row;

	return txn_get(txn, TABLE_META, row_key_bytes(&key), &row) && row.len == 8
		       ? (int64_t)be64_get(row.ptr)
		       : 0;
}

/* This node may sign, for whatever reason. */
static void signs(struct hub *hub, struct txn *txn)
{
	hub_signing(hub, SIGNING_YES);
	row_del(txn, restored_name);
}

/* ---- what others have ---- */

static bool place_is_before(struct own_place a, struct own_place b)
{
	return a.incarnation != b.incarnation ? a.incarnation < b.incarnation
					      : a.sequence < b.sequence;
}

static void told_put(struct hub *hub, struct txn *txn)
{
	const struct start *start = hub->start;
	uint8_t row[TOLD_LEN];

	be32_put(row, start->told.incarnation);
	be64_put(row + 4, start->told.sequence);
	be32_put(row + 12, start->told_next.incarnation);
	be64_put(row + 16, start->told_next.sequence);
	be64_put(row + 24, (uint64_t)start->told_ms);
	row_put(txn, told_name, bytes_obj(&row));
}

static void told_get(struct hub *hub, struct txn *txn)
{
	struct row_key key = key_name(told_name);
	struct start *start = hub->start;
	struct bytes row;

	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &row) || row.len != TOLD_LEN)
		return;
	start->told = (struct own_place){be32_get(row.ptr), be64_get(row.ptr + 4)};
	start->told_next = (struct own_place){be32_get(row.ptr + 12), be64_get(row.ptr + 16)};
	start->told_ms = (int64_t)be64_get(row.ptr + 24);
}

/* What is here now is elsewhere, too: as it has come from there, or was told before. */
static void told_all(struct hub *hub, struct txn *txn)
{
	struct start *start = hub->start;

	start->told = start->told_next = hub_own_place(hub, txn);
	start->told_ms = hub->judge_ms;
	told_put(hub, txn);
}

void start_compared(struct hub *hub, struct txn *txn, const struct peer *peer)
{
	struct start *start = hub->start;

	if (hub->signing != SIGNING_YES || !place_is_before(start->told_next, peer->own_same))
		return;
	/* A machine that was away may overtake for a moment what was told just now. */
	if (place_is_before(start->told, start->told_next) &&
	    hub->judge_ms < start->told_ms + START_TOLD_MS)
		return;
	start->told = start->told_next;
	start->told_next = peer->own_same;
	start->told_ms = hub->judge_ms;
	told_put(hub, txn);
}

/* ---- asking ---- */

static void ask(struct hub *hub, struct peer *peer)
{
	struct buf out;

	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_own_head_get(&out);
	hub_send(hub, peer, &out);
}

/* PROTOCOL: "OWN_HEAD_GET is answered by OWN_HEAD with the latest head of its sender, or nil." */
void start_own_head_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct bytes head = {NULL, 0};
	struct buf out;

	ledger_head_last(txn, peer->author, &head);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_own_head(&out, head);
	hub_send(hub, peer, &out);
}

/* Nothing is signed from here on, until others have been asked. */
static void quiet_begin(struct hub *hub)
{
	struct start *start = hub->start;

	start->since_ms = hub->mono_ms;
	start->counted = false;
	if (hub->signing == SIGNING_YES)
		hub_signing(hub, SIGNING_WAITS);
}

void start_open(struct hub *hub, struct txn *txn)
{
	struct start *start = hub->start;
	bool stopped;

	start->met = row_has(txn, met_name);
	told_get(hub, txn);
	twice_get(txn, &stopped);
	start->stops = stopped;
	if (row_has(txn, behind_name))
		hub_signing(hub, stopped ? SIGNING_STOPPING : SIGNING_BEHIND);
	else if (stopped)
		hub_signing(hub, SIGNING_STOPPED);
	if (start->met)
		quiet_begin(hub);
}

void start_again(struct hub *hub)
{
	if (hub->start->met)
		quiet_begin(hub);
}

void start_clock(struct hub *hub, struct txn *txn)
{
	struct start *start = hub->start;
	int64_t offset_ms = hub->wall_ms - hub->mono_ms;
	int64_t jump_ms = start->running ? offset_ms - start->offset_ms : 0;

	start->offset_ms = offset_ms;
	start->running = true;
	if (!start->met || (jump_ms <= START_JUMP_MS && jump_ms >= -START_JUMP_MS))
		return;
	quiet_begin(hub);
	for (size_t i = 0; i < hub->peers.count; i++)
		if (hub->peers.items[i]->up && hub->peers.items[i]->met)
			ask(hub, hub->peers.items[i]);
}

void start_met(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct start *start = hub->start;

	if (peer->met)
		return;
	peer->met = true;
	hub->was_linked = true;
	if (!start->met)
		row_put(txn, met_name, bytes_of("", 0));
	start->met = true;
	ask(hub, peer);
}

/* ---- waiting ---- */

/* The nodes that may have something to tell. */
static size_t others_count(struct hub *hub, struct txn *txn)
{
	struct author_state state;
	uint32_t author = 0;
	size_t count = 0;

	while (ledger_active_next(&hub->ledger, txn, &author, &state))
		count += author != hub->author && state.counter > 0;
	return count;
}

static bool has_answered(const struct hub *hub, const struct peer *peer)
{
	return peer->sync->own_head_ms && peer->sync->own_head_ms >= hub->start->since_ms;
}

/* It was linked in time, and may still answer. */
static bool may_answer(const struct hub *hub, const struct peer *peer)
{
	const struct start *start = hub->start;

	return !has_answered(hub, peer) && peer->up_ms <= start->since_ms + START_LINK_MS &&
	       hub->mono_ms < start->since_ms + START_ANSWER_MS;
}

static bool is_confirmed(const struct hub *hub)
{
	const struct start *start = hub->start;
	size_t answered = 0;

	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer *peer = hub->peers.items[i];
		if (!peer->up || peer->class != PEER_MEMBER)
			continue;
		if (may_answer(hub, peer))
			return false;
		answered += has_answered(hub, peer);
	}
	return answered > 0 &&
	       (answered >= start->others || hub->mono_ms >= start->since_ms + START_LINK_MS);
}

void start_tick(struct hub *hub, struct txn *txn)
{
	struct start *start = hub->start;

	if (start->told.incarnation == 0 && hub->author)
		told_all(hub, txn);
	if (hub->signing != SIGNING_WAITS)
		return;
	if (!start->counted)
		start->others = others_count(hub, txn);
	start->counted = true;
	if (is_confirmed(hub))
		signs(hub, txn);
}

int64_t start_wake(const struct hub *hub)
{
	const struct start *start = hub->start;

	if (hub->signing_news || hub->aside_news)
		return hub->mono_ms;
	if (hub->signing != SIGNING_WAITS)
		return INT64_MAX;
	if (hub->mono_ms < start->since_ms + START_LINK_MS)
		return start->since_ms + START_LINK_MS;
	return hub->mono_ms < start->since_ms + START_ANSWER_MS ? start->since_ms + START_ANSWER_MS
								: INT64_MAX;
}

/* ---- a later own head ---- */

void start_behind(struct hub *hub, struct txn *txn)
{
	/* Who is alone has nobody to get anything from. */
	if (!hub->start->met) {
		hub->start->anew = true;
		return;
	}
	hub_signing(hub, hub->start->stops ? SIGNING_STOPPING : SIGNING_BEHIND);
	row_put(txn, behind_name, bytes_of("", 0));
}

/* While this node was running, another machine has signed. Once is an old copy of a moment ago. */
static bool is_second(struct hub *hub, struct txn *txn)
{
	bool stopped;
	int64_t first_ms = twice_get(txn, &stopped);
	bool second = first_ms && hub->judge_ms < first_ms + START_TWICE_MS;

	twice_put(txn, second ? first_ms : hub->judge_ms, second);
	return second;
}

/* What others may not have makes way, and is said again after what they have. */
static void told_keep(struct hub *hub, struct txn *txn, const struct author_state *before)
{
	const struct own_place told = hub->start->told;

	if (before->incarnation > 0 && before->incarnation >= told.incarnation)
		txn_fail(txn, aside_put_own(&hub->ledger, txn, before->incarnation,
					    before->incarnation == told.incarnation ? told.sequence
										    : 0));
}

void start_own_head(struct hub *hub, struct txn *txn, const struct author_state *before,
		    bool evidence)
{
	struct start *start = hub->start;

	if (hub->ledger.own_behind)
		return;
	if (hub->signing == SIGNING_YES)
		start->stops = is_second(hub, txn);
	/* The own head goes before it: the other machine takes that up, and says its own again. */
	if (evidence && start->stops)
		hub_signing(hub, SIGNING_STOPPED);
	else if (evidence)
		start->anew = true;
	if (evidence)
		return;
	if (start->met)
		told_keep(hub, txn, before);
	start_behind(hub, txn);
}

/* PROTOCOL: "Who is shown a later own head takes its own records back, and only then begins" */
static bool is_back(struct hub *hub, struct txn *txn, const struct author_state *own)
{
	struct start *start = hub->start;

	if (id_eq(&own->set, &own->head_set))
		return true;
	if (hub->mono_ms < start->back_ms + START_BACK_MS)
		return false;
	start->back_ms = hub->mono_ms;
	return ledger_own_back(&hub->ledger, txn);
}

bool start_anew(struct hub *hub, struct txn *txn, const struct author_state *own)
{
	struct start *start = hub->start;

	if (!hub->ledger.own_behind || !is_back(hub, txn, own))
		return start->anew;
	told_all(hub, txn);
	hub->aside_news = true;
	/* All that this machine has said is there: the other one goes on with it. */
	if (start->stops && !aside_differs(&hub->ledger, txn)) {
		row_del(txn, behind_name);
		hub_signing(hub, SIGNING_STOPPED);
		return false;
	}
	signs(hub, txn);
	start->anew = true;
	return true;
}

void start_salvaged(struct hub *hub, struct txn *txn)
{
	hub->start->anew = true;
	if (hub->signing == SIGNING_STOPPED)
		signs(hub, txn);
}

void start_renewed(struct hub *hub, struct txn *txn)
{
	struct start *start = hub->start;
	const bool back = row_has(txn, behind_name);

	row_del(txn, behind_name);
	start->anew = false;
	if (back)
		told_all(hub, txn);
}

void start_said(struct hub *hub)
{
	if (hub->start->stops && hub->signing == SIGNING_YES && !hub->signing_news &&
	    !hub->aside_news)
		hub_signing(hub, SIGNING_STOPPED);
}

/* As after a start; what was signed elsewhere since is taken back first. */
static void asks_again(struct hub *hub)
{
	hub->start->since_ms = hub->mono_ms;
	hub->start->counted = false;
	hub_signing(hub, SIGNING_WAITS);
	for (size_t i = 0; i < hub->peers.count; i++)
		if (hub->peers.items[i]->up && hub->peers.items[i]->met)
			ask(hub, hub->peers.items[i]);
}

static bool any_linked(const struct hub *hub)
{
	for (size_t i = 0; i < hub->peers.count; i++)
		if (hub->peers.items[i]->up && hub->peers.items[i]->met)
			return true;
	return false;
}

enum err start_confirm(struct hub *hub, struct txn *txn, char *why)
{
	struct start *start = hub->start;

	if (hub->signing == SIGNING_YES) {
		why_set(why, "there is nothing to confirm: this node signs as usual.");
		return ERR_EXISTS;
	}
	if (start->stops)
		row_del(txn, twice_name);
	start->stops = false;
	if (hub->signing == SIGNING_STOPPING) {
		hub_signing(hub, SIGNING_BEHIND);
		return ERR_OK;
	}
	start->anew = true;
	if (hub->signing == SIGNING_STOPPED && any_linked(hub))
		asks_again(hub);
	else
		signs(hub, txn);
	return ERR_OK;
}
