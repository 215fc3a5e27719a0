/*
 * decide - what stewards do in the simulator: approve, propose, vote.
 */
#ifndef ALLMENDE_TEST_DECIDE_H
#define ALLMENDE_TEST_DECIDE_H

#include "proto/membership/request.h"
#include "proto/membership/voting.h"
#include "test/sim/sim.h"

enum decide_verb {
	DECIDE_APPROVE,
	DECIDE_REFUSE,
	DECIDE_REMOVE,
	DECIDE_RELAY,
	DECIDE_STEWARDS,
	DECIDE_SETTLE,
	DECIDE_VOTE, /* slug: id */
	DECIDE_TEXT, /* slug: text */
	DECIDE_LEAVE /* slug: reason */
};

/* One decision and what came of it. */
struct decision {
	enum decide_verb verb;
	const char *slug;
	const char *words;    /* DECIDE_APPROVE; of votes too, NULL: unheard */
	const char *slugs[4]; /* STEWARDS, SETTLE; up to NULL */
	uint32_t threshold;
	bool looks; /* only looks what would happen */

	enum err err;
	char why[WHY_LEN];
	char hex[ID_HEX_LEN + 1]; /* of the proposal */
	uint32_t number;
	bool voted, accepted;
	char said[4096]; /* in plain words */
	char vote[2048]; /* VOTE, TEXT: as text */
};

/* ERR_IO: the turn could not be committed. */
enum err decide(struct sim_node *node, struct decision *decision);
/* Waits until this node and its issuer have the six words. */
void decide_words(struct sim_node *joiner, char out[WORDS_TEXT_LEN]);
/* The text of a proposal known to the node; ends with a zero. */
void decide_text(struct sim_node *node, const char *id, struct buf *out);
/*
 * False: none of this index, or the turn could not be committed. said (may be NULL) has 4096 bytes.
 */
bool decide_proposal(struct sim_node *node, size_t index, struct voting_proposal *out, char *said);
bool decide_split(struct sim_node *node);

#endif
