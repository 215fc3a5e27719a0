/*
 * rooting - the root key of the own organisation becomes another one, from this node's point of
 * view (docs/PROTOCOL.md, section 4.5): what is proposed. What is announced, and who objects, says
 * announced.h; what follows when the charter has bound it, nodes.h.
 *
 * The verbs run inside a turn (EVENT_CALL) and write one sentence into why (WHY_LEN bytes) when
 * they fail. A node that a thief has put out may propose as well: it makes a text for the stewards.
 */
#ifndef ALLMENDE_ROOTING_H
#define ALLMENDE_ROOTING_H

#include "proto/charter/orglog.h"
#include "proto/charter/proposal.h"
#include "proto/membership/voting.h"

/* The entries of the own log that are here, those that count first; false at the end. */
struct rooting_entry {
	uint32_t number;
	struct digest id;
	int64_t time_ms;
	bool counts;
	size_t active_count; /* nodes */
	bool lists_own;      /* this one, as active */
};
bool rooting_entry(struct hub *hub, struct txn *txn, size_t index, struct rooting_entry *out);

/* What the CLI needs to make a bind: the change without root, next root hash and signature. */
enum err rooting_begin(struct hub *hub, struct txn *txn, const char *entry,
		       struct charter_change *out, char *why);
/*
 * Proposes a bind or an announcement for the own organisation. A steward's node votes at once; text
 * gets the proposal for the others. ERR_DENIED: the charter does not admit it (yet); ERR_CONFIG.
 */
enum err rooting_propose(struct hub *hub, struct txn *txn, const struct charter_change *change,
			 bool confirm, struct voting_outcome *out, struct buf *text, char *why);

#endif
