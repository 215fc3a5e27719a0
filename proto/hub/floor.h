/*
 * floor - what a node makes of the time of day: clocks are set back, are years ahead after a dead
 * battery, and an adversary may write any time.
 *
 * Beside the clock (hub.wall_ms, for what is signed and shown) a turn has two more times:
 *
 *	hub.judge_ms	the clock, but never before the kept floor: by it is judged whether what
 *			has a date counts still. What has once expired stays so when the clock
 *			goes back.
 *	hub.act_ms	what has passed for certain: neither the clock nor the median of the other
 *			members is before it. What makes, drops or signs something because time has
 *			passed waits for it, so a clock that is ahead destroys nothing.
 *	hub.ran_ms	how long this node has run in all, which no clock says: what is deleted for
 *			its age has been here so long besides. Two clocks may be wrong at once, and
 *			a lone node has nobody to ask.
 *
 * The median is that of the times of the other members' latest heads, of the nodes of a member the
 * latest, of an even number of members the later one: who has been silent for long holds nothing
 * up, and who is ahead needs half of them. The floor follows the clock up to the median and the
 * life of a head, never beyond. While no other member has a head here, the clock alone counts.
 */
#ifndef ALLMENDE_FLOOR_H
#define ALLMENDE_FLOOR_H

#include "proto/hub/event.h"

struct hub;
struct txn;

struct floor {
	int64_t kept_ms;        /* hub.judge_ms is never less */
	int64_t stored_ms;      /* what is on the disk: at least kept_ms, but little more */
	int64_t median_ms;      /* 0: no head of another member is here */
	uint64_t settled, keys; /* counters of the ledger and the hub, as of which */
	int64_t ran_kept_ms;    /* of hub.ran_ms, on the disk: what a crash forgets is little */
	int64_t ran_at_ms;      /* up to which hub.ran_ms counts, by mono_ms; 0: not yet */
	int64_t next_ms;        /* not made anew before, by mono_ms */
};

/* The times of a turn or a query, from the owner's clocks. */
void floor_time(struct hub *hub, struct times now);
void floor_open(struct hub *hub, struct txn *txn);
/* Once in each turn, after floor_time(): raises the floor, and keeps it. */
void floor_turn(struct hub *hub, struct txn *txn);

#endif
