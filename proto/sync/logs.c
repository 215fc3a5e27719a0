#include "proto/sync/logs.h"

#include <string.h>

#include "crypto/effort.h"
#include "proto/charter/charter_entry.h"
#include "proto/sync/fork.h"
#include "proto/sync/log_bind.h"
#include "proto/sync/log_fork.h"

enum {
	LOGS_ANSWER_LEN_MAX = 512 * 1024, /* of one CHARTER or ORGLOG message */
	/*
	 * Operations on curves for one ORGLOG; an entry with all nodes new costs three for each.
	 * What is left is asked for again.
	 */
	LOGS_EFFORT_MAX = 3 * LIMIT_NODE_COUNT_MAX,
	LOGS_TOLD_OUT_MS = 3600 * 1000,
};

/* ---- the charter ---- */

/* The peer is not in the charter although both sides have the same one. */
bool logs_stranger(const struct hub *hub, const struct peer *peer)
{
	return peer->sync->charter_compared == hub->charter.number && peer->class == PEER_GUEST &&
	       hub->author && peer->sync->charter_here > 0 &&
	       peer->sync->charter_here == hub->charter.number &&
	       !charter_by_org(&hub->charter, &peer->org);
}

void logs_charter_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct message_list list = message_list_begin(MESSAGE_CHARTER);
	struct bytes entry;
	for (uint32_t n = m->number; list.items.len < LOGS_ANSWER_LEN_MAX; n++) {
		if (!charter_entry(txn, n, &entry))
			break;
		message_list_bin(&list, entry);
	}
	hub_send_list(hub, peer, &list);
}

void logs_charter_ask(struct hub *hub, struct peer *peer, uint32_t first)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_charter_get(&out, first);
	peer->sync->charter_asked = true;
	peer->sync->charter_first = first;
	peer->sync->fork_asked = peer->sync->fork_told;
	hub_send(hub, peer, &out);
}

/* False when no more of this answer is to be taken. */
static bool charter_entry_take(struct hub *hub, struct txn *txn, struct peer *peer,
			       struct bytes entry, bool *progress)
{
	if (!fork_checkpoint_ok(hub, entry)) {
		why_set(hub->place_why,
			"the charter at %s is not the one that the invitation names: ask for a new "
			"one.",
			hub->invitation->address);
		hub->join_failed = peer->link;
		return false;
	}
	enum err err = fork_accept(hub, txn, entry, peer->link);
	*progress = *progress || !err;
	if (!err)
		return !hub->charter.frozen;
	if (err == ERR_BUSY)
		return false;
	if (err == ERR_EXISTS) {
		if (fork_follow(hub, txn, peer, entry)) {
			*progress = true;
			return true;
		}
		fork_answer(hub, txn, peer, entry);
		return peer->sync->fork_told == 0;
	}
	/*
	 * PROTOCOL: "An entry that does not follow the own one of the number before is a reason to
	 * ask for the charter from entry 2 on, once for each charter number the peer shows"
	 */
	if (err == ERR_AGAIN && peer->sync->charter_again != peer->sync->charter_here) {
		peer->sync->charter_again = peer->sync->charter_here;
		logs_charter_ask(hub, peer, 2);
		return false;
	}
	/*
	 * No more of this peer's: to find that an entry does not count costs a reading of the whole
	 * charter.
	 */
	if (err != ERR_AGAIN)
		hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "a charter entry that is not valid");
	return false;
}

/* All of an answer was known: the next ones may differ. */
static void charter_go_on(struct hub *hub, struct peer *peer, uint32_t count)
{
	uint32_t next = peer->sync->charter_first + count;
	if (count > 0 && next <= hub->charter.number && peer->sync->charter_again)
		logs_charter_ask(hub, peer, next);
}

void logs_charter_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct bytes entry;
	bool progress = false, all = true;
	const uint32_t count = m->count;
	if (!peer->sync->charter_asked || !hub_follows(hub))
		return;
	peer->sync->charter_asked = false;
	while (all && message_next_bin(m, &entry))
		all = charter_entry_take(hub, txn, peer, entry, &progress);
	if (!progress) {
		if (all)
			charter_go_on(hub, peer, count);
		if (peer->up && logs_stranger(hub, peer) && !peer->sync->charter_asked)
			hub_close_link(hub, peer, LINK_REASON_NOT_MEMBER);
		return;
	}
	hub->has_fed = true;
	flow_progress(hub, peer);
	logs_forget(hub);
	hub->charter_news = true;
	if (hub->join_failed)
		return;
	if (hub->charter.number < peer->sync->charter_here && !hub->charter.frozen)
		logs_charter_ask(hub, peer, hub->charter.number + 1);
	else
		logs_orglogs_ask(hub, txn, peer);
}

/* ---- organisation logs ---- */

void logs_forget(struct hub *hub)
{
	hub->logs->orglogs_here = 0;
}

void logs_orglog_ask(struct hub *hub, struct peer *peer, const struct org_id *org, uint32_t first)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
	message_list_org(&list, org, first);
	peer->sync->orglog_asked++;
	hub_send_list(hub, peer, &list);
}

/* Members whose organisation log is not here, appended to list. */
static void orglogs_missing(struct hub *hub, struct txn *txn, struct message_list *list)
{
	/* What is here stays here, so one look for each charter number is enough. */
	if (hub->logs->orglogs_here == hub->charter.number)
		return;
	for (uint32_t n = 1; n <= hub->charter.member_count; n++) {
		const struct charter_member *member = charter_member(&hub->charter, n);
		if (charter_is_present(member) && list->count < MESSAGE_LIST_COUNT_MAX &&
		    orglog_number(txn, &member->org) == 0)
			message_list_org(list, &member->org, 1);
	}
	if (list->count == 0 && !txn_err(txn))
		hub->logs->orglogs_here = hub->charter.number;
}

bool logs_orglogs_here(struct hub *hub, struct txn *txn)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
	orglogs_missing(hub, txn, &list);
	buf_fini(&list.items);
	return list.count == 0;
}

bool logs_orglogs_ask(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
	orglogs_missing(hub, txn, &list);
	if (list.count == 0) {
		buf_fini(&list.items);
		return true;
	}
	peer->sync->orglog_asked++;
	hub_send_list(hub, peer, &list);
	return false;
}

void logs_orglog_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG);
	struct org_id org;
	uint32_t number;
	struct bytes entry;
	while (message_next_org(m, &org, &number)) {
		while (number > 0 && list.items.len < LOGS_ANSWER_LEN_MAX &&
		       orglog_entry(txn, &org, number, &entry)) {
			message_list_entry(&list, &org, entry);
			number++;
		}
	}
	hub_send_list(hub, peer, &list);
}

void logs_orglog_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct org_id org;
	struct bytes entry;
	bool progress = false;
	if (peer->sync->orglog_asked == 0)
		return;
	peer->sync->orglog_asked--;
	if (log_bind_take(hub, txn, peer, *m, &progress))
		log_fork_own_changed(hub, txn);
	const uint64_t effort = effort_made();
	while (effort_made() - effort < LOGS_EFFORT_MAX && message_next_entry(m, &org, &entry)) {
		const struct charter_member *member = charter_by_org(&hub->charter, &org);
		if (!member)
			continue;
		enum err err = log_fork_accept(hub, txn, peer, member, entry, &progress);
		if (err == ERR_AGAIN) /* the entries before it may be others than the own ones */
			log_fork_ask_back(hub, txn, peer, member);
		/*
		 * PROTOCOL: "An entry of an unknown form or wrap suite, and what follows it, does
		 * not count; the session goes on."
		 */
		if (err == ERR_VERSION)
			hub_junk(hub, peer, JUNK_UNKNOWN);
		if (err == ERR_AGAIN || err == ERR_EXISTS || err == ERR_VERSION)
			continue;
		if (err) {
			hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL,
				     "an organisation log entry that is not valid");
			break;
		}
	}
	if (progress)
		logs_grown(hub, txn, peer);
}

void logs_grown(struct hub *hub, struct txn *txn, struct peer *peer)
{
	peer->sync->orglog_back = 0;
	peers_classify(hub, txn);
	if (logs_orglogs_ask(hub, txn, peer))
		hub->hello_due = true;
}

/* ---- the own log ---- */

/* Row META "own-entry": what the certificate shows. */
static const char own_entry_name[] = "own-entry";

void logs_own_ask(struct hub *hub, struct txn *txn, struct peer *peer)
{
	const struct org_id *org = &hub->options.identity->org;

	if (hub_is_out(hub) || hub->mono_ms < hub->logs->told_out_ms)
		logs_orglog_ask(hub, peer, org, orglog_number(txn, org));
}

void logs_told_out(struct hub *hub)
{
	hub->logs->told_out_ms = hub->mono_ms + LOGS_TOLD_OUT_MS;
}

static bool lists_own(const struct hub *hub, const struct orglog *log)
{
	const struct identity *identity = hub->options.identity;
	const struct orglog_node *node = orglog_node(log, identity->node_index);

	return node && id_eq(&node->sign, &identity->sign_pk);
}

enum err logs_own_entry(struct hub *hub, struct txn *txn)
{
	const struct org_id *org = &hub->options.identity->org;
	struct row_key key = key_name(own_entry_name);
	struct orglog log;
	struct bytes entry, kept;
	enum err err = orglog_load(txn, org, &log);

	if (err)
		return err;
	const bool has = txn_get(txn, TABLE_META, row_key_bytes(&key), &kept);
	const bool lists = lists_own(hub, &log);
	const uint32_t number = log.number;
	orglog_fini(&log);
	if (!lists && !has)
		return ERR_ABSENT;
	if (lists && !orglog_entry(txn, org, number, &entry))
		return ERR_CORRUPT;
	buf_reset(&hub->own_entry);
	buf_add(&hub->own_entry, lists ? entry : kept);
	if (lists && (!has || !bytes_eq(kept, entry)))
		txn_put(txn, TABLE_META, row_key_bytes(&key), buf_bytes(&hub->own_entry));
	return hub->own_entry.err;
}

/* ---- forks ---- */

bool logs_forks(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct org_id org;
	uint32_t first;

	fork_tell(hub, txn, peer);
	log_fork_tell(hub, txn, peer);
	if (log_bind_next(hub, txn, peer, &org, &first))
		logs_orglog_ask(hub, peer, &org, first);
	if (!fork_join_frozen(hub, txn, peer))
		return false;
	hub->charter_news = true;
	return true;
}

void logs_fork_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	if (m->has_org)
		log_fork_take(hub, txn, peer, m);
	else
		fork_take(hub, txn, peer, m);
}
