#include "proto/sync/room_again.h"

#include "proto/sync/sync.h"

void room_again_tick(struct hub *hub, struct txn *txn)
{
	if (!hub->ledger.held_any || hub->headroom != HEADROOM_ALL ||
	    hub->mono_ms < hub->sync->held_next_ms)
		return;
	struct peer *chosen = sync_peer_by_lot(hub, true);
	if (!chosen || !ledger_held_ask(&hub->ledger, txn))
		return;
	/* Near the edge it may come and go. */
	hub->sync->held_next_ms = hub->mono_ms + hub->options.limits->anti_entropy_ms;
	chosen->sync->reconcile.due = true;
}
