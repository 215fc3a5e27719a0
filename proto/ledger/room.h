/*
 * room - how much the store may still take, and what of others is refused when that is little.
 *
 * The owner looks at disk and size limit before a turn and says how many bytes may be put in it for
 * each use; what the turn itself has put counts (txn_put_bytes()). Versions of others, and kinds
 * that are not known, are refused first. What gives and ends rights, keys, votes and contacts go on
 * for longer; what overwrites without growing, and the withdrawal of something that is here, are
 * always taken, and so are charter, organisation logs and heads, whose number is bounded. The rest
 * is for what the own organisation says.
 *
 * A record that was refused counts as seen, and is asked for again when there is room
 * (ledger_held_ask()).
 */
#ifndef ALLMENDE_ROOM_H
#define ALLMENDE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

/* How much may still be stored, as people are told. */
enum headroom {
	HEADROOM_ALL,
	HEADROOM_OWN, /* nothing foreign is fetched, nor are its versions taken note of */
	HEADROOM_NONE /* nothing is published either */
};

enum room_use { ROOM_FOREIGN, ROOM_RIGHTS, ROOM_OWN, ROOM_USE_COUNT };
struct room {
	uint64_t left[ROOM_USE_COUNT]; /* bytes, for this turn */
};
#define ROOM_FRAME_LEN 8192                /* of the rows beside one that is large */
#define ROOM_STEP      (UINT64_C(1) << 20) /* with less nothing is begun that takes several turns */

static inline struct room room_at(enum headroom level)
{
	const uint64_t all = UINT64_MAX;

	return (struct room){{level == HEADROOM_ALL ? all : 0, level == HEADROOM_NONE ? 0 : all,
			      level == HEADROOM_NONE ? 0 : all}};
}

static inline enum headroom room_level(const struct room *room)
{
	if (room->left[ROOM_OWN] == 0)
		return HEADROOM_NONE;
	return room->left[ROOM_FOREIGN] < ROOM_STEP ? HEADROOM_OWN : HEADROOM_ALL;
}

#endif
