#include "proto/core/machines.h"

#include <stdlib.h>

#include "proto/content/pack.h"
#include "proto/membership/membership.h"
#include "proto/rights/rights.h"

enum err machines_begin(struct machines *machines, struct hub *hub,
			const struct hub_options *options, struct txn *txn)
{
	*machines = (struct machines){0};
	*hub = (struct hub){
		.options = *options,
		.source_epoch = 1,
		.audit = &machines->audit,
		.wrapkeys = &machines->wrapkeys,
		.fedkeys = &machines->fedkeys,
		.rights = &machines->rights,
		.epochs = &machines->epochs,
		.logs = &machines->logs,
		.sync = &machines->sync,
		.gossip = &machines->gossip,
		.start = &machines->start,
		.recount = &machines->recount,
		.salvage = &machines->salvage,
		.transfer = &machines->transfer,
		.voting = &machines->voting,
		.joining = &machines->joining,
		.erasing = &machines->erasing,
		.takeover = &machines->takeover,
		.siblings = &machines->siblings,
		.hidden = &machines->hidden,
		.tally = &machines->tally,
	};
	buf_init(&hub->bottle, 0);
	buf_init(&hub->own_entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	buf_init(&machines->joining.request, LIMIT_JOIN_REQUEST_LEN_MAX);
	enum err err = charter_load(txn, &hub->charter);
	hub->has_fed = hub->charter.number > 0;
	ledger_init(&hub->ledger, &hub->charter, options->limits);
	meter_init(&hub->meter, options->limits);
	return err == ERR_ABSENT ? ERR_OK : err;
}

/* Those that others look at come first. */
enum err machines_open(struct hub *hub, struct txn *txn)
{
	floor_open(hub, txn);
	audit_open(hub, txn);
	start_open(hub, txn);
	ledger_slots_rebuild(&hub->ledger, txn);
	enum err err = fedkeys_open(hub, txn);
	if (!err)
		err = membership_open(hub, txn);
	if (err)
		return err;
	fedkeys_charter_changed(hub, txn);
	err = wrapkeys_open(hub, txn);
	if (err)
		return err;
	membership_join_open(hub, txn);
	rights_open(hub, txn);
	dials_open(hub, txn);
	scan_open(hub, txn);
	gossip_open(hub, txn);
	salvage_open(hub, txn);
	withdrawal_open(hub, txn);
	takeover_open(hub, txn);
	siblings_open(hub);
	tally_open(hub, txn);
	return txn_err(txn);
}

void machines_close(struct hub *hub)
{
	for (size_t i = 0; i < hub->peers.count; i++)
		machines_peer_close(hub->peers.items[i]);
	peers_close(hub);
	dials_close(hub);
	scan_close(hub);
	gossip_close(hub);
	salvage_close(hub);
	membership_close(hub);
	free(hub->forgotten);
	buf_fini(&hub->bottle);
	packer_close(hub->packer);
	fedkeys_close(hub);
	wrapkeys_close(hub);
	meter_fini(&hub->meter);
	ledger_fini(&hub->ledger);
	charter_fini(&hub->charter);
}

void machines_turn(struct hub *hub, const struct txn *txn)
{
	meter_turn(&hub->meter, txn);
	peers_turn(hub);
	for (size_t i = 0; i < hub->peers.count; i++)
		hub->peers.items[i]->transfer->turn_serve = 0;
}

void machines_peer_open(struct peer *peer)
{
	flow_open(peer);
	holds_open(peer);
}

void machines_peer_close(struct peer *peer)
{
	flow_close(peer);
	holds_close(peer);
}
