/*
 * recount - once an hour all states are made anew from what is stored, and compared with those of one peer, whatever both believe
 * (docs/PROTOCOL.md, section 9: Session).
 *
 * A state is what a node remembers of an author; two nodes with equal memories do not look any further. So rot, or a mistake of the
 * program, in what was remembered long ago would not be found by comparing. In steps of RECOUNT_ROWS rows, one a turn.
 */
#include "proto/core_state.h"

enum { RECOUNT_ROWS = 4096 };
static const int64_t recount_ms = 60 * 60 * 1000; /* half more or less */

static void begin_later(struct core *core)
{
	core->recount = (struct recount){.next_ms = core->now_ms + core_jitter(core, recount_ms)};
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

static bool author_next(struct core *core, struct txn *txn)
{
	static const enum table tables[] = {TABLE_AUTHOR, TABLE_HEAD, TABLE_RECORD};
	uint32_t next = UINT32_MAX;
	struct sign_pk pk;
	bool any = false;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		uint32_t author = core->recount.author;
		if (!author_after(txn, tables[i], &author))
			continue;
		any = true;
		next = author < next ? author : next;
	}
	core->recount.author = next;
	ledger_recount_begin(&core->ledger, txn, &core->recount.at, next);
	/* PROTOCOL: "Of others, records and heads are dropped, and they have no state" */
	if (any && ledger_author(&core->ledger, txn, next, &pk, NULL) != ERR_OK)
		core->recount.at.incarnation = 0;
	return any;
}

/* What is missing of the own author comes back as after an old copy of the store; otherwise it would be taken for deleted. */
static void own_look(struct core *core, struct txn *txn)
{
	struct author_state own;
	struct bytes head;
	if (core->recount.at.author != core->author || core->recount.at.faults == 0 ||
	    core->behind_since_ms)
		return;
	if (ledger_state(&core->ledger, txn, core->author, &own) != ERR_OK ||
	    !id_eq(&own.set, &own.head_set) ||
	    !ledger_head(txn, core->author, own.incarnation, &head))
		gossip_behind(core, txn);
}

/* Some rows of the author under way. */
static void author_step(struct core *core, struct txn *txn, uint64_t *rows)
{
	struct ledger_recount *at = &core->recount.at;
	bool more = ledger_recount(&core->ledger, txn, at, rows);
	own_look(core, txn);
	if (more)
		return;
	if (at->faults > 0)
		core_note(core, NOTE_RECOUNTED)->author = at->author;
	core_settle(core, txn);
	at->author = 0;
}

/* PROTOCOL: "About once an hour a node makes all states anew from what it has stored, and sends them in STATES to a peer taken by lot,
   although content digests are equal." */
static void finish(struct core *core, struct txn *txn)
{
	struct peer *chosen = sync_peer_by_lot(core, true);
	if (chosen)
		sync_states_tell(core, txn, chosen);
	begin_later(core);
}

void recount_tick(struct core *core, struct txn *txn)
{
	struct recount *recount = &core->recount;
	uint64_t rows = RECOUNT_ROWS;
	/* The clock may have been set back. */
	if (recount->next_ms == 0 || recount->next_ms > core->now_ms + 2 * recount_ms)
		begin_later(core);
	if (!core->author || core->now_ms < recount->next_ms)
		return;
	core_settle(core, txn);
	while (rows > 0) {
		if (!recount->at.author && !author_next(core, txn)) {
			finish(core, txn);
			return;
		}
		rows--;
		author_step(core, txn, &rows);
	}
}

int64_t recount_wake(const struct core *core)
{
	return core->author ? core->recount.next_ms : INT64_MAX;
}
