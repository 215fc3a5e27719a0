/*
 * core_actor - one core over a store of the stage, in a write transaction that is never committed.
 *
 * The only file of the target that drives a core.
 */
#ifndef ALLMENDE_FUZZ_CORE_ACTOR_H
#define ALLMENDE_FUZZ_CORE_ACTOR_H

#include "proto/core/core.h"
#include "test/fuzz/core_stage.h"

struct actor {
	const struct stage_node *node;
	struct core *core; /* NULL: it does not play (yet) */
	struct txn *txn;
	struct random random;
	struct effects effects;  /* of the latest turn */
	struct times now;        /* by its own clock */
	struct author_state own; /* after the latest turn */
};

void actor_open(struct actor *actor, const struct stage_node *node, struct times now);
void actor_close(struct actor *actor);
/* As after a start of the program: what was not in the store is forgotten. */
void actor_restart(struct actor *actor);
/* One turn. A fault of the store ends the program. */
void actor_turn(struct actor *actor, const struct event *events, size_t count);
/* When it wants its next turn, as mono_ms. */
int64_t actor_wake(const struct actor *actor);
void actor_headroom(struct actor *actor, enum headroom headroom);
/* What it shows of itself. False: it has no federation. */
bool actor_certificate(const struct actor *actor, struct certificate *out, struct buf *entry);
/* What comes of a message on a channel. */
struct event actor_message_event(uint64_t link, uint8_t channel, struct bytes message);
/* The answer to EFFECT_SERVE. */
void actor_serve(struct actor *actor, const struct effect *effect, struct buf *message);
/* What is here of an author; zero: nothing. */
struct author_state actor_author(struct actor *actor, uint32_t author);

#endif
