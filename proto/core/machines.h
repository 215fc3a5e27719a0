/*
 * machines - all machines of one node: they hang below its hub, open in one order and close in
 * another.
 *
 * A core is these and what drives them; tests take them without a core.
 */
#ifndef ALLMENDE_MACHINES_H
#define ALLMENDE_MACHINES_H

#include "proto/catalog/hidden.h"
#include "proto/catalog/siblings.h"
#include "proto/catalog/takeover.h"
#include "proto/catalog/tally.h"
#include "proto/catalog/withdrawal.h"
#include "proto/membership/joining.h"
#include "proto/membership/voting.h"
#include "proto/audit/audit.h"
#include "proto/rights/epochs.h"
#include "proto/rights/fedkeys.h"
#include "proto/rights/rights.h"
#include "proto/rights/wrapkeys.h"
#include "proto/sync/gossip.h"
#include "proto/sync/logs.h"
#include "proto/sync/recount.h"
#include "proto/sync/salvage.h"
#include "proto/sync/start.h"
#include "proto/sync/sync.h"
#include "proto/transfer/scan.h"

struct machines {
	struct audit audit;
	struct wrapkeys wrapkeys;
	struct fedkeys fedkeys;
	struct rights rights;
	struct epochs epochs;
	struct logs logs;
	struct sync sync;
	struct gossip gossip;
	struct start start;
	struct recount recount;
	struct salvage salvage;
	struct transfer transfer;
	struct voting voting;
	struct joining joining;
	struct erasing erasing;
	struct takeover takeover;
	struct siblings siblings;
	struct hidden hidden;
	struct tally tally;
};

/*
 * Makes a hub with its charter and ledger, below which the machines hang; both are emptied first.
 * The fault of charter_load(); machines_close() is due all the same.
 */
enum err machines_begin(struct machines *machines, struct hub *hub,
			const struct hub_options *options, struct txn *txn);
/* Each loads what it remembers; the time of the hub is set. */
enum err machines_open(struct hub *hub, struct txn *txn);
/* Releases the hub and all that hangs below it, also peers. */
void machines_close(struct hub *hub);
/* A turn begins: what is counted in each is counted anew. */
void machines_turn(struct hub *hub, const struct txn *txn);
/* What sync and transfer keep about a peer comes and goes with it. */
void machines_peer_open(struct peer *peer);
void machines_peer_close(struct peer *peer);

#endif
