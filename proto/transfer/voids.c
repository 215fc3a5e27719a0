#include "proto/transfer/voids.h"

#include <string.h>

#include "proto/ledger/held.h"
#include "proto/rights/current.h"
#include "proto/transfer/scan.h"

enum { VOIDS_STEP = 64 }; /* rows looked at in one turn; each costs a verdict */
static const int64_t hour_ms = 60 * 60 * 1000;

/* Nodes of the author and of the owner keep it: they may want it back. */
static bool is_ours(struct hub *hub, struct txn *txn, const struct version_id *of)
{
	uint32_t own = author_member(hub->author);
	struct ledger_version version;

	return author_member(of->author) == own ||
	       (ledger_version_get(txn, of, &version) &&
		ledger_version_owner(&hub->ledger, txn, &version) == own);
}

static bool room_needed(const struct hub *hub)
{
	return hub->headroom != HEADROOM_ALL || hub->transfer->room_short;
}

/* It is coming, or it is to come when it can. */
static bool part_asked(struct hub *hub, struct txn *txn, const struct version_id *of)
{
	const struct fetch *fetch = fetch_find(hub, of);
	struct ledger_version current;
	struct version version;

	if (fetch && fetch->source && !fetch->waits)
		return true;
	if (fetch && fetch->asked_ms && hub->mono_ms - fetch->asked_ms < PART_HOURS * hour_ms)
		return true;
	return !current_find(hub, txn, &of->dataset, 0, &current, NULL) &&
	       current.number == of->number && current.author == of->author &&
	       !held_version(txn, of, &version) && scan_wanted(hub, txn, of, &version);
}

static void part_look(struct hub *hub, struct txn *txn, const struct version_id *of,
		      struct held *held)
{
	uint32_t hours = part_asked(hub, txn, of) ? 0 : held->void_hours + 1;

	if (hours > PART_HOURS || (hours > 1 && room_needed(hub))) {
		fetch_drop(hub, txn, of);
	} else if (hours != held->void_hours) {
		held->void_hours = hours;
		held_put(txn, of, held);
	}
}

static void void_look(struct hub *hub, struct txn *txn, const struct version_id *of)
{
	struct held held;

	if (!held_get(txn, of, &held) || is_ours(hub, txn, of))
		return;
	if (held.state == HELD_INDEXED)
		part_look(hub, txn, of, &held);
	if (held.state != HELD_COMPLETE)
		return;
	if (!current_void(hub, txn, of)) {
		if (held.void_hours == 0)
			return;
		held.void_hours = 0;
	} else if (held.void_hours < VOID_HOURS) {
		held.void_hours++;
	} else {
		if (room_needed(hub))
			fetch_drop(hub, txn, of);
		return;
	}
	held_put(txn, of, &held);
}

void voids_tick(struct hub *hub, struct txn *txn)
{
	struct voids *voids = &hub->transfer->voids;

	/* The first hour after a start counts only when it is over. */
	if (voids->next_ms == 0)
		voids->next_ms = hub->mono_ms + hour_ms;
	if (!voids->walks && hub->mono_ms >= voids->next_ms)
		*voids = (struct voids){.walks = true, .next_ms = hub->mono_ms + hour_ms};
	if (!voids->walks)
		return;
	struct row_key *at = &voids->at;
	struct walk walk =
		walk_begin_at(txn, TABLE_HELD, bytes_of(NULL, 0), row_key_bytes(at), at->len == 0);
	for (unsigned i = 0; i < VOIDS_STEP; i++) {
		struct version_id of;
		if (!walk_next(&walk)) {
			voids->walks = false;
			return;
		}
		memcpy(at->b, walk.key.ptr, walk.key.len);
		at->len = walk.key.len;
		held_of_key(&of, row_key_bytes(at));
		void_look(hub, txn, &of);
	}
}

int64_t voids_wake(const struct hub *hub)
{
	const struct voids *voids = &hub->transfer->voids;

	return voids->walks ? hub->mono_ms : voids->next_ms;
}
