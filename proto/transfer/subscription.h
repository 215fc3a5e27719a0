/*
 * subscription - which datasets this node keeps copies of, now and with every new version.
 *
 * A subscription asks for what the organisation may read; with relay for all that it may hold
 * (rights.h), readable or not, to serve it to others. Rows of table SUBSCRIPTION, kept in memory by
 * the core. The verbs run inside a turn (core.h, EVENT_CALL) and write one sentence into why
 * (WHY_LEN bytes) when they fail.
 */
#ifndef ALLMENDE_SUBSCRIPTION_H
#define ALLMENDE_SUBSCRIPTION_H

#include "proto/hub/hub.h"
#include "proto/content/version.h"

struct subscription {
	struct bytes pattern;
	bool relay;
};

/*
 * ERR_CONFIG: not a pattern; ERR_EXISTS; ERR_DENIED: a relay must say that it holds without
 * reading.
 */
enum err subscription_add(struct hub *hub, struct txn *txn, const struct subscription *subscription,
			  char *why);
enum err subscription_drop(struct hub *hub, struct txn *txn, const char *pattern, char *why);
/*
 * Calls each with every subscription and the number of datasets that it asks for, held and known.
 * Until it returns false.
 */
void subscription_each(struct hub *hub, struct txn *txn,
		       bool (*each)(void *arg, const struct subscription *subscription,
				    uint64_t held, uint64_t known),
		       void *arg);

/* For scan.c: loads the rows; whether any subscription asks for this version. */
void subscriptions_load(struct hub *hub, struct txn *txn);
bool subscriptions_ask(struct hub *hub, struct txn *txn, const struct version *version);
/* Whether one of them is about this path, whatever is there. */
bool subscriptions_match(const struct hub *hub, struct bytes path);

#endif
