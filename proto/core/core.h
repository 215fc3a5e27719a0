/*
 * core - one node's whole protocol state, without I/O.
 *
 * The owner (the daemon's core thread, or the simulator) drives it in turns: it begins a write
 * transaction, hands over the events that have come, commits, and only then carries out the
 * effects. The transaction is the core's only I/O; time stands still during a turn; randomness is
 * passed in. If the commit fails the owner drops the effects, closes all links, and opens the core
 * anew from the store.
 *
 *	txn = txn_begin(db, true);
 *	core_turn(core, txn, now, &inbox, &effects);
 *	if (!txn_commit(txn))
 *		... carry out effects ...
 *	else
 *		... effects_reset(), close links, core_close(), core_open() ...
 *
 * Commands of the control interface run inside a turn as EVENT_CALL, questions between turns by
 * core_query(); both use the verbs of membership/, catalog/ and transfer/.
 *
 * Glossary: link - a session with another node, numbered by the owner (never 0, never reused in one
 * run). peer - what the core knows about a link. guest - a peer that is not (yet) in the charter.
 */
#ifndef ALLMENDE_CORE_H
#define ALLMENDE_CORE_H

#include "proto/core/inbox.h"

struct core;

/* Loads everything from the store. txn must be a write transaction. */
enum err core_open(struct core **out, const struct hub_options *options, struct txn *txn,
		   struct times now);
void core_close(struct core *core);
/*
 * One turn: takes from the inbox as much as a turn may cost. Faults of the store stay in txn.
 * Effects are appended.
 */
void core_turn(struct core *core, struct txn *txn, struct times now, struct inbox *inbox,
	       struct effects *effects);
/* How much may still be stored, as the owner tells before a turn. */
void core_room(struct core *core, const struct room *room);
/* What the verbs work on. */
struct hub *core_hub(struct core *core);
/* A query after a turn, in a read transaction: run may look at everything, changes nothing, and
   causes no effect. Not before the first turn, which settles what core_open() has begun. run gets
   the time of day. */
void core_query(struct core *core, struct txn *txn, struct times now,
		void (*run)(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg),
		void *arg);
/*
 * When the next EVENT_TICK is due, as mono_ms; INT64_MAX: never. Ask again within a minute: the
 * time of day may have been set.
 */
int64_t core_wake(struct core *core, struct times now);

/* Turns a message of channel 2 into EVENT_CHUNK: decodes and checks the address. Pure; any thread.
   The event borrows from message. */
void core_chunk_event(struct event *out, uint64_t link, struct bytes message);
/* The CHUNK message for EFFECT_SERVE; chunk.ptr NULL: not here. Pure; any thread. */
void core_chunk_message(struct buf *out, const struct dataset_id *dataset,
			const struct chunk_addr *addr, struct bytes chunk);

/*
 * A small version for EFFECT_SERVE goes into a WHOLE message, as one that is not here when `here`
 * is false or something is wrong with it: ERR_CORRUPT, and which chunk. Any thread.
 */
enum err core_whole_add(struct message_list *list, struct txn *txn, const struct version_id *of,
			bool here, struct chunk_addr *bad);

/*
 * What a link needs of the node: its certificate, whose entry is appended to *entry and borrowed
 * from there, and the federation. False while there is no federation: no links then.
 * EFFECT_CERTIFICATE tells when it has changed; links made before keep the old one.
 */
bool core_certificate(const struct core *core, struct certificate *out, struct buf *entry,
		      struct fed_id *fed);

#endif
