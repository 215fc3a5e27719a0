#include "proto/sync/log_bind.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/orglog.h"
#include "proto/sync/logs.h"

/* An answer has at least as many entries as this, when there are so many. */
enum { WAY_STEP = 7 };
/* Of one answer: each costs a walk over what is here of the way. */
enum { WAY_TAKEN_MAX = 64 };

void log_bind_authors(struct hub *hub, struct txn *txn, uint32_t member_number)
{
	hub_forget(hub, member_number);
	ledger_settle(&hub->ledger, txn);
	for (unsigned node = 0; node <= UINT8_MAX; node++) {
		const uint32_t author = author_of(member_number, (uint8_t)node);
		if (ledger_author_other(&hub->ledger, txn, author))
			ledger_author_drop(&hub->ledger, txn, author);
	}
}

static void wanted_look(struct hub *hub, struct txn *txn)
{
	struct org_id org = {{0}};
	struct digest id;
	uint32_t number;

	hub->logs->bind_wanted = false;
	while (!hub->logs->bind_wanted && orglog_bound_next(txn, &org))
		hub->logs->bind_wanted = orglog_bind_wants(txn, &org, &id, &number);
}

bool log_bind_charter(struct hub *hub, struct txn *txn)
{
	const struct charter *charter = &hub->charter;
	const bool back = charter->bind_count < hub->logs->binds_seen;
	bool own = false;

	wanted_look(hub, txn);
	if (charter->bind_count == 0 && hub->logs->binds_seen == 0)
		return false;
	hub->logs->binds_seen = charter->bind_count;
	for (uint32_t n = 1; n <= charter->member_count; n++) {
		const struct charter_member *member = charter_member(charter, n);
		if (!charter_is_present(member) || !(back || member->bind))
			continue;
		log_bind_authors(hub, txn, n);
		own = own || id_eq(&member->org, &hub->options.identity->org);
	}
	return own;
}

/* ---- the way ---- */

static bool ask_one(struct txn *txn, struct peer *peer, const struct org_id *org)
{
	uint32_t *next = &peer->sync->bind_next;
	struct digest id;
	uint32_t number;

	if (!orglog_bind_wants(txn, org, &id, &number))
		return false;
	/* Where the entry bound stands is not known: one answer after the other. */
	if (number > WAY_STEP)
		*next = number - WAY_STEP;
	else if (number > 0 || *next < 2)
		*next = 2;
	return true;
}

bool log_bind_next(struct hub *hub, struct txn *txn, struct peer *peer, struct org_id *ask,
		   uint32_t *first)
{
	struct org_id org = peer->sync->bind_org, before = org;
	struct digest id;
	uint32_t number;

	if (!hub->logs->bind_wanted)
		return false;
	/* Of several organisations one after the other; it comes to each in turn. */
	while (orglog_bound_next(txn, &org))
		if (orglog_bind_wants(txn, &org, &id, &number))
			break;
	if (id_eq(&org, &before) && !orglog_bind_wants(txn, &org, &id, &number))
		memset(&org, 0, sizeof(org));
	if (!id_eq(&org, &peer->sync->bind_org))
		peer->sync->bind_next = 0;
	peer->sync->bind_org = org;
	const bool asks = ask_one(txn, peer, &org);
	*ask = org;
	*first = peer->sync->bind_next;
	return asks;
}

struct came {
	struct org_id org;
	struct bytes entry;
};

/* True when the log goes on from the entry bound now. */
static bool bound_take(struct hub *hub, struct txn *txn, const struct came *came, unsigned *taken)
{
	struct digest wanted, id;
	uint32_t number;
	bool changed = false;

	if (*taken == WAY_TAKEN_MAX || !orglog_bind_wants(txn, &came->org, &wanted, &number) ||
	    orglog_entry_id(&id, came->entry) || !id_eq(&id, &wanted) ||
	    !orglog_bind_take(txn, &came->org, came->entry, &changed))
		return false;
	(*taken)++;
	return changed;
}

/* True: it is the own one. */
static bool way_done(struct hub *hub, struct txn *txn, const struct org_id *org)
{
	const struct charter_member *member = charter_by_org(&hub->charter, org);

	wanted_look(hub, txn);
	if (!member)
		return false;
	log_bind_authors(hub, txn, member->number);
	return id_eq(org, &hub->options.identity->org);
}

bool log_bind_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message m,
		   bool *progress)
{
	struct came *came;
	size_t count = 0;
	unsigned taken = 0;
	bool own = false;

	if (!hub->logs->bind_wanted)
		return false;
	came = mem_new(MESSAGE_LIST_COUNT_MAX, sizeof(*came));
	while (count < MESSAGE_LIST_COUNT_MAX &&
	       message_next_entry(&m, &came[count].org, &came[count].entry))
		count++;
	/* Each names the one before it, which is wanted next. */
	for (size_t i = count; i-- > 0;) {
		if (!bound_take(hub, txn, &came[i], &taken))
			continue;
		own = way_done(hub, txn, &came[i].org) || own;
		*progress = true;
	}
	if (!taken && count > 0 && id_eq(&came[0].org, &peer->sync->bind_org))
		peer->sync->bind_next += (uint32_t)count;
	else if (!taken)
		peer->sync->bind_next = 0;
	free(came);
	return own;
}
