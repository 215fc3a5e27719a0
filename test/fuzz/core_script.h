/*
 * core_script - an input of the fuzz target core, read as what happens to Meißen, step by step.
 *
 * Each step is one byte that says what, and bytes that say how; behind the end of the input all are
 * zero. So whatever is cut, doubled or moved in an input is a script again.
 */
#ifndef ALLMENDE_FUZZ_CORE_SCRIPT_H
#define ALLMENDE_FUZZ_CORE_SCRIPT_H

#include "test/fuzz/core_world.h"

/* A step is STEP_x + a multiple of STEP_COUNT, which is how often, how much, how far. */
enum step {
	STEP_RUN,     /* what was said is heard, 8 messages for each */
	STEP_LINK,    /* wire, who */
	STEP_PASS,    /* wire and end: their next message is heard, altered; how */
	STEP_DROP,    /* wire and end: it is lost */
	STEP_REPLAY,  /* wire, which of the latest messages, altered; how */
	STEP_SAY,     /* wire, type, what the type has, altered; how */
	STEP_RAW,     /* wire, length, bytes */
	STEP_SIGN,    /* wire, what Malwine signs: a record */
	STEP_HEAD,    /* the same: a head */
	STEP_TIME,    /* it goes on */
	STEP_WAKE,    /* it goes on until Meißen wants its turn, as often */
	STEP_BACK,    /* Meißen's clock is set back */
	STEP_UNLINK,  /* wire */
	STEP_BATCH,   /* what comes then, comes in one turn */
	STEP_RESTART, /* Meißen's program is started again */
	STEP_OTHER,   /* room that is left; a chunk found bad */
	STEP_COUNT
};

/* Alterations of a message: place and value follow. */
enum alter {
	ALTER_NOT,
	ALTER_FLIP,
	ALTER_BYTE,
	ALTER_CUT,
	ALTER_SPLICE, /* a part of another message */
	ALTER_NUMBER, /* one more, or less */
	ALTER_TWICE,  /* heard twice, as it is */
	ALTER_COUNT
};

void script_run(struct world *world, struct bytes script);

#endif
