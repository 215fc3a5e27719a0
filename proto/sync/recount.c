#include "proto/sync/recount.h"
#include "proto/sync/start.h"
#include "proto/sync/sync.h"

enum { RECOUNT_ROWS = 4096 };
static const int64_t recount_ms = 60 * 60 * 1000; /* half more or less */

static void begin_later(struct hub *hub)
{
	*hub->recount = (struct recount){.next_ms = hub->mono_ms + hub_jitter(hub, recount_ms)};
}

/* The next author after this one of whom anything is here. */
static bool author_after(struct txn *txn, enum table table, uint32_t *author)
{
	struct row_key at = key_author(*author + 1);
	struct walk walk = walk_begin_at(txn, table, bytes_of(NULL, 0), row_key_bytes(&at), true);

	if (*author == UINT32_MAX || !walk_next(&walk))
		return false;
	*author = be32_get(walk.key.ptr);
	return true;
}

static bool recount_author_next(struct hub *hub, struct txn *txn)
{
	static const enum table tables[] = {TABLE_AUTHOR, TABLE_HEAD, TABLE_RECORD};
	uint32_t next = UINT32_MAX;
	struct sign_pk pk;
	bool any = false;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		uint32_t author = hub->recount->author;
		if (!author_after(txn, tables[i], &author))
			continue;
		any = true;
		next = author < next ? author : next;
	}
	hub->recount->author = next;
	ledger_recount_begin(&hub->ledger, txn, &hub->recount->at, next);
	/* PROTOCOL: "Of others, records and heads are dropped, and they have no state" */
	if (any && ledger_author_kept(&hub->ledger, txn, next, &pk))
		hub->recount->at.incarnation = 0;
	return any;
}

/*
 * What is missing of the own author comes back as after an old copy of the store; otherwise it
 * would be taken for deleted.
 */
static void own_look(struct hub *hub, struct txn *txn)
{
	struct author_state own;
	struct bytes head;
	if (hub->recount->at.author != hub->author || hub->recount->at.faults == 0 ||
	    hub->ledger.own_behind)
		return;
	if (ledger_state(&hub->ledger, txn, hub->author, &own) || !id_eq(&own.set, &own.head_set) ||
	    !ledger_head(txn, hub->author, own.incarnation, &head))
		start_behind(hub, txn);
}

/* Some rows of the author under way. */
static void author_step(struct hub *hub, struct txn *txn, uint64_t *rows)
{
	struct ledger_recount *at = &hub->recount->at;
	bool more = ledger_recount(&hub->ledger, txn, at, rows);
	own_look(hub, txn);
	if (more)
		return;
	if (at->faults > 0)
		hub_note(hub, NOTE_RECOUNTED)->author = at->author;
	ledger_settle(&hub->ledger, txn);
	at->author = 0;
}

/*
 * PROTOCOL: "About once an hour a node makes all states anew from what it has stored, and sends
 * them in STATES to a peer taken by lot, although content digests are equal."
 */
static void finish(struct hub *hub, struct txn *txn)
{
	struct peer *chosen = sync_peer_by_lot(hub, true);
	hub->ledger.roll_is_due = true;
	if (chosen)
		sync_states_tell(hub, txn, chosen);
	begin_later(hub);
}

void recount_tick(struct hub *hub, struct txn *txn)
{
	struct recount *recount = hub->recount;
	uint64_t rows = RECOUNT_ROWS;
	if (recount->next_ms == 0)
		begin_later(hub);
	if (!hub->author || hub->mono_ms < recount->next_ms)
		return;
	ledger_settle(&hub->ledger, txn);
	while (rows > 0) {
		if (!recount->at.author && !recount_author_next(hub, txn)) {
			finish(hub, txn);
			return;
		}
		rows--;
		author_step(hub, txn, &rows);
	}
}

int64_t recount_wake(const struct hub *hub)
{
	return hub->author ? hub->recount->next_ms : INT64_MAX;
}
