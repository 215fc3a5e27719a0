#include "proto/sync/log_fork.h"

#include <stdio.h>
#include <string.h>

#include "proto/audit/seen.h"
#include "proto/sync/gossip.h"
#include "proto/sync/log_bind.h"
#include "proto/sync/logs.h"

enum { LOG_FORK_LEN_MAX = 512 * 1024 }; /* told at once */

static bool is_own(const struct hub *hub, const struct charter_member *member)
{
	return id_eq(&member->org, &hub->options.identity->org);
}

/* The certificate shows the latest entry, and the head says its number. */
void log_fork_own_changed(struct hub *hub, struct txn *txn)
{
	txn_fail(txn, logs_own_entry(hub, txn));
	hub->charter_news = true; /* the own place is looked at anew */
	hub_effect(hub, EFFECT_CERTIFICATE, 0);
	gossip_log_grown(hub);
}

static void fork_send(struct hub *hub, struct peer *peer, const struct orglog_lost *lost,
		      struct bytes won, size_t *bytes)
{
	struct buf out;

	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_fork(&out, &lost->org, won, lost->entry);
	*bytes += out.len;
	hub_send(hub, peer, &out);
}

/*
 * All hear of what has been found out about a log: with the next exchange, so that a turn does not
 * make it for all peers at once.
 */
static void tell_all(struct hub *hub, const struct org_id *org)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct orglog_lost *told = &hub->peers.items[i]->sync->lost_told;
		if (memcmp(told->org.b, org->b, ID_LEN) >= 0)
			*told = (struct orglog_lost){.org = *org};
	}
	hub->hello_due = true;
}

static void forked_note(struct hub *hub, const struct charter_member *member)
{
	struct note *note = hub_note(hub, NOTE_EVIDENCE);

	note->author = author_of(member->number, 0);
	snprintf(note->text, sizeof(note->text),
		 "an entry of the organisation log of %s exists twice", member->name);
}

enum err log_fork_accept(struct hub *hub, struct txn *txn, struct peer *peer,
			 const struct charter_member *member, struct bytes entry, bool *progress)
{
	const struct org_id org = member->org;
	bool forked = false;

	if (!meter_entry_may(&hub->meter, member->number, hub->mono_ms))
		return ERR_EXISTS; /* asked for again, or told, later */
	hub_charge(hub, txn, hub_payer(peer));
	enum err err = orglog_accept(txn, &org, entry, &forked);
	if (!err && forked) /* another branch counts */
		log_bind_authors(hub, txn, member->number);
	if (!err || forked) {
		hub_charge(hub, txn, member->number);
		meter_entry(&hub->meter, member->number, hub->mono_ms);
		audit_orglog(hub, txn, &org, entry);
		hub_forget(hub, member->number);
		*progress = true;
		if (is_own(hub, member))
			log_fork_own_changed(hub, txn);
	}
	if (forked) {
		forked_note(hub, member);
		tell_all(hub, &org);
	}
	return err;
}

void log_fork_ask_back(struct hub *hub, struct txn *txn, struct peer *peer,
		       const struct charter_member *member)
{
	struct peer_sync *sync = peer->sync;
	const uint32_t next = orglog_number(txn, &member->org) + 1;

	if (sync->orglog_back >= next) /* from the first that can differ on: no more is to be had */
		return;
	sync->orglog_back = sync->orglog_back ? 2 * sync->orglog_back : 1;
	logs_orglog_ask(hub, peer, &member->org,
			next > sync->orglog_back + 2 ? next - sync->orglog_back : 2);
}

void log_fork_compare(struct hub *hub, struct txn *txn, struct peer *peer,
		      const struct charter_member *member)
{
	const uint32_t number = orglog_number(txn, &member->org);

	if (number < 2 || peer->sync->orglog_compared == number)
		return;
	peer->sync->orglog_compared = number;
	logs_orglog_ask(hub, peer, &member->org, number);
}

void log_fork_tell(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct orglog_lost *lost = &peer->sync->lost_told;
	struct bytes won;
	size_t bytes = 0;

	while (peer->up && bytes < LOG_FORK_LEN_MAX && orglog_lost_next(txn, lost))
		if (orglog_entry(txn, &lost->org, lost->number, &won) ||
		    orglog_entry(txn, &lost->org, lost->number - 1, &won))
			fork_send(hub, peer, lost, won, &bytes);
}

void log_fork_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	const struct charter_member *member = charter_by_org(&hub->charter, &m->org);
	bool progress = false, again = false;

	if (!member || orglog_number(txn, &m->org) == 0)
		return;
	for (unsigned i = 0; i < 2; i++) {
		enum err err = log_fork_accept(hub, txn, peer, member, m->entries[i], &progress);
		again = again || err == ERR_AGAIN;
		if (err && err != ERR_EXISTS && err != ERR_AGAIN && err != ERR_VERSION) {
			hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL,
				     "an organisation log entry that is not valid");
			return;
		}
	}
	if (progress)
		logs_grown(hub, txn, peer);
	if (again || progress) /* what follows the one that counts */
		logs_orglog_ask(hub, peer, &member->org, orglog_number(txn, &member->org) + 1);
}
