/*
 * grants - rights as people see them: lines by name, listed, with what they give now
 * (docs/PROTOCOL.md, section 5.5). Giving: granting.h.
 */
#ifndef ALLMENDE_GRANTS_H
#define ALLMENDE_GRANTS_H

#include "proto/rights/rights.h"

#define GRANT_NAME_LEN 10

/* What a grant is called: "g-" and the first 8 characters of base32 (RFC 4648) of its id. */
void grant_name(char out[GRANT_NAME_LEN + 1], const struct digest *id);

/* One line, and what its chain gives. Must not be copied: texts point into it. */
struct grant {
	struct counted_line line; /* its id is the grant's */
	struct verdict verdict;
	bool good; /* now; otherwise verdict.fault says why not */
};
/* True: there is such a line. */
bool grant_load(struct hub *hub, struct txn *txn, const struct digest *id, struct grant *out);
/*
 * All lines that a present organisation has given or was given, and those that rest on what it has
 * given, each once, also those that have ended, until each returns false.
 */
void grants_each(struct hub *hub, struct txn *txn, const struct org_id *org,
		 bool (*each)(void *arg, const struct grant *grant), void *arg);
/* All that are good now, or were until their time was over, with a prefix at or above a path. */
void grants_each_at(struct hub *hub, struct txn *txn, struct bytes path,
		    bool (*each)(void *arg, const struct grant *grant), void *arg);
/*
 * One by the first characters of its text form ("g-" and base32 of the id, at least 6 characters).
 * ERR_ABSENT, ERR_CONFIG (ambiguous, or no name).
 */
enum err grants_find(struct hub *hub, struct txn *txn, const char *name, struct grant *out,
		     char *why);

#endif
