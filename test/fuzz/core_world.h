/*
 * core_world - links between Meißen and the others, messages under way, and what must hold whatever
 * is said.
 *
 * Each end of a link is a core of its own, or a voice: then only the player speaks in its name.
 * What a core says waits until the player lets it be heard: as it is, altered, twice, or not at
 * all.
 *
 * After each turn: the store has no fault; effects are for links that are there, and what is sent
 * goes to links that are up; each message can be decoded; a guest gets only what guests may get,
 * and only Radebeul gets anything of the secret dataset; not more is sent to one peer than may wait
 * for it; the own author's state has not gone back. At the end the records and heads of honest
 * authors are such as they have signed, none of their versions is gone, no chunk is another,
 * Meißen comes to rest, and another member that calls is answered.
 */
#ifndef ALLMENDE_FUZZ_CORE_WORLD_H
#define ALLMENDE_FUZZ_CORE_WORLD_H

#include "test/fuzz/core_actor.h"

enum {
	WORLD_WIRE_COUNT = 4,
	WORLD_DIAL_COUNT = 8,
	WORLD_PENDING_MAX = 8,
	WORLD_HISTORY_COUNT = 32
};

struct world_said {
	struct buf bytes;
	uint8_t channel;
};

struct world_end {
	enum stage_who who;
	struct actor *actor; /* NULL: only a voice */
	uint64_t link, dial;
	bool here;     /* the core knows of the link */
	bool admitted; /* it has said yes to it */
	bool up;
	bool closing; /* it wants it to end */
	bool down;    /* it was told of the end, in the turn to come */
	size_t turn_bytes, turn_serves;
	struct world_said *queue; /* said by it, not heard yet */
	size_t queue_count, queue_cap;
};

struct world_wire {
	struct world_end ends[2]; /* 0 is Meißen's */
};

/* Who belongs to the federation, as a store says. */
struct world_view {
	struct buf entry; /* the latest of the charter */
	bool present[STAGE_COUNT];
	bool left[STAGE_COUNT]; /* was none, at least for a while */
};

struct world_player {
	struct actor actor;
	struct world_view view;
	uint64_t link_last;
	struct world_dial {
		uint64_t number; /* 0: none */
		char address[LIMIT_ADDRESS_LEN_MAX + 1];
	} dials[WORLD_DIAL_COUNT];
	unsigned dial_next;
};

struct world {
	const struct stage *stage;
	enum stage_who home; /* STAGE_HOME or STAGE_HOME_OLD */
	int64_t now_ms;
	int64_t home_ahead_ms; /* its clock is so much ahead */
	unsigned turns_left;
	struct world_player players[STAGE_COUNT];
	struct world_wire wires[WORLD_WIRE_COUNT];
	/* Events for one turn */
	struct actor *pending_actor;
	struct event pending[WORLD_PENDING_MAX];
	struct buf pending_bytes[WORLD_PENDING_MAX];
	unsigned pending_count;
	unsigned batch; /* so many events are collected before the next turn */
	/* The latest messages, for whoever wants to say them again; a ring. */
	struct world_said history[WORLD_HISTORY_COUNT];
	unsigned history_next;
	uint64_t heard; /* messages that Meißen took without ending the session */
};

void world_open(struct world *world, bool old);
/* With the checks of the end. */
void world_close(struct world *world);

struct actor *world_home(struct world *world);
/*
 * Links somebody with Meißen. voice: without its core. member_off: the member number that its
 * certificate claims is so much too high.
 */
void world_link(struct world *world, unsigned wire, enum stage_who who, bool voice,
		uint32_t member_off);
void world_unlink(struct world *world, unsigned wire);
bool world_linked(const struct world *world, unsigned wire);
/* Lets up to count messages be heard, from all ends in turn. */
void world_run(struct world *world, unsigned count);
/*
 * Takes the oldest message said at this end and not heard yet; the caller releases its bytes.
 * False: there is none.
 */
bool world_take(struct world *world, unsigned wire, unsigned from, struct world_said *out);
/* The other end hears this, whoever said it. */
void world_hear(struct world *world, unsigned wire, unsigned from, uint8_t channel,
		struct bytes message);
/* Meißen is told of something else. */
void world_tell(struct world *world, const struct event *event);
/* Everybody looks at the clock. */
void world_tick(struct world *world);
void world_restart(struct world *world);
/* Ends the links that somebody wants to end. */
void world_settle(struct world *world);

#endif
