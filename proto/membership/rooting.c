#include "proto/membership/rooting.h"

#include <stdio.h>
#include <string.h>

#include "proto/charter/proposal.h"
#include "proto/membership/announced.h"
#include "proto/membership/voting_internal.h"

/* ---- the own log ---- */

static const struct charter_member *own_member(const struct hub *hub)
{
	return charter_by_org(&hub->charter, &hub->options.identity->org);
}

static bool entry_show(const struct hub *hub, struct bytes whole, struct rooting_entry *out)
{
	const struct identity *identity = hub->options.identity;
	struct orglog log;

	if (orglog_entry_signed(&log, whole))
		return false;
	out->number = log.number;
	out->id = log.entry_id;
	out->time_ms = log.time_ms;
	out->active_count = 0;
	for (size_t i = 0; i < log.node_count; i++) {
		const bool active = log.nodes[i].state == ORGLOG_NODE_ACTIVE;
		out->active_count += active;
		out->lists_own =
			out->lists_own || (active && id_eq(&log.nodes[i].sign, &identity->sign_pk));
	}
	orglog_fini(&log);
	return true;
}

bool rooting_entry(struct hub *hub, struct txn *txn, size_t index, struct rooting_entry *out)
{
	const struct org_id *org = &hub->options.identity->org;
	const uint32_t count = orglog_number(txn, org);
	struct orglog_lost lost = {.org = *org};
	struct bytes whole;

	*out = (struct rooting_entry){.counts = index < count};
	if (index < count)
		return orglog_entry(txn, org, (uint32_t)(count - index), &whole) &&
		       entry_show(hub, whole, out);
	for (size_t i = count; orglog_lost_next(txn, &lost) && id_eq(&lost.org, org); i++)
		if (i == index)
			return entry_show(hub, lost.entry, out);
	return false;
}

/* By number (of those that count) or by the first digits of its id; NULL: the latest. */
static bool entry_is(const struct rooting_entry *entry, const char *said)
{
	char hex[ID_HEX_LEN + 1], number[16];

	if (!said)
		return true;
	hex_put(hex, id_bytes(&entry->id));
	snprintf(number, sizeof(number), "%u", entry->number);
	return (entry->counts && !strcmp(number, said)) ||
	       (strlen(said) >= 8 && !strncmp(hex, said, strlen(said)));
}

enum err rooting_begin(struct hub *hub, struct txn *txn, const char *said,
		       struct charter_change *out, char *why)
{
	const struct charter_member *member = own_member(hub);
	struct rooting_entry entry;

	*out = (struct charter_change){.kind = CHARTER_BIND};
	if (!member) {
		why_set(why,
			"%s is no member of a federation, so there is no charter to bind a root "
			"key.",
			hub_own_name(hub));
		return ERR_ABSENT;
	}
	for (size_t i = 0; rooting_entry(hub, txn, i, &entry); i++) {
		if (!entry_is(&entry, said))
			continue;
		out->member.number = member->number;
		out->log_entry = entry.id;
		return ERR_OK;
	}
	why_set(why, "there is no entry \"%.70s\" of the own log here: see `allmende root`.", said);
	return ERR_ABSENT;
}

/* ---- proposing ---- */

static enum err change_refused(struct hub *hub, const struct charter_change *change, enum err err,
			       char *why)
{
	const struct charter_bind *first = charter_announcement(&hub->charter, change);

	if (err == ERR_DENIED && change->has_sig)
		why_set(why, "this is not the root key that was to follow: the seed is not the one "
			     "of the second sheet, or that key is the root already.");
	else if (err == ERR_DENIED && first)
		why_set(why, "the announcement is not 14 days old yet.");
	else if (err == ERR_DENIED)
		why_set(why, "nothing like this was announced: `allmende root announce` first.");
	else
		why_set(why, "the charter does not allow that: %s.", err_text(err));
	return err == ERR_PROTOCOL ? ERR_CONFIG : err;
}

enum err rooting_propose(struct hub *hub, struct txn *txn, const struct charter_change *change,
			 bool confirm, struct voting_outcome *out, struct buf *text, char *why)
{
	const struct charter *charter = &hub->charter;
	const bool votes = hub->author && charter_is_steward(charter, change->member.number) &&
			   hub_has_root(hub);
	struct buf payload;

	enum err err = hub_frozen_check(hub, why);

	if (err)
		return err;
	out->number = charter->number + 1;
	proposal_words(&out->words, charter, change, 1, charter->threshold);
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	err = charter_payload_make(&payload, &hub->charter, NULL, hub->wall_ms, charter->threshold,
				   change, 1);
	if (err)
		err = change_refused(hub, change, err, why);
	else if (confirm)
		err = voting_offer(hub, txn, buf_bytes(&payload), votes, out, text, why);
	buf_fini(&payload);
	return err;
}
