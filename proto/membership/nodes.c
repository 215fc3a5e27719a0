#include "proto/membership/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/root.h"
#include "proto/audit/seen.h"
#include "proto/rights/fedkeys.h"
#include "proto/sync/gossip.h"
#include "proto/sync/logs.h"
#include "proto/ledger/keyrecord.h"
#include "proto/charter/node_offer.h"
#include "proto/rights/wrapkeys.h"
#include "proto/wire/protocol.h"

/* ---- the log ---- */

static enum err root_check(struct hub *hub, char *why)
{
	if (hub_has_root(hub))
		return hub_sign_check(hub, why);
	why_set(why,
		"the root key of %s is not on this machine: do this where it is, or bring it here "
		"by the recovery sheet, `allmende root take SHEET`.",
		hub_own_name(hub));
	return ERR_DENIED;
}

/* Appends an entry to the own log; the others learn of it with the next head. */
static enum err log_append(struct hub *hub, struct txn *txn, const struct orglog *now,
			   struct orglog *next)
{
	struct key seed;
	struct buf entry;
	enum err err = hub_root_sign(hub, &seed);
	if (err)
		return err;
	next->time_ms = hub->wall_ms;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, now, next, &seed);
	key_wipe(&seed);
	err = entry.err;
	if (!err)
		err = orglog_accept(txn, &hub->options.identity->org, buf_bytes(&entry), NULL);
	if (!err) {
		txn_fail(txn, logs_own_entry(hub, txn));
		audit_orglog(hub, txn, &hub->options.identity->org, buf_bytes(&entry));
		hub_forget(hub, author_member(hub->author));
		hub_effect(hub, EFFECT_CERTIFICATE, 0);
		peers_classify(hub, txn);
		gossip_log_grown(hub);
	}
	buf_fini(&entry);
	return err;
}

/* ---- another node ---- */

enum err nodes_offer(struct hub *hub, struct txn *txn, int64_t now_ms, struct buf *text, char *why)
{
	const struct identity *identity = hub->options.identity;
	struct orglog log;
	enum err err = root_check(hub, why);
	if (!err)
		err = hub_member_check(hub, why);
	if (!err &&
	    (hub->options.dial_only || !hub->options.addresses || !hub->options.addresses[0])) {
		why_set(why, "this node tells nobody an address, so the new one could not dial it: "
			     "set `listen` (and `advertise`) in its configuration.");
		err = ERR_CONFIG;
	}
	if (err || (err = orglog_load(txn, &identity->org, &log)))
		return err;
	struct invitation invitation = {.fed = hub->charter.fed,
					.charter_number = hub->charter.number,
					.charter_entry_id = hub->charter.entry_id,
					.transport = identity->transport_pk,
					.valid_until_ms = now_ms};
	snprintf(invitation.fed_name, sizeof(invitation.fed_name), "%s", hub->charter.name);
	snprintf(invitation.address, sizeof(invitation.address), "%s", hub->options.addresses[0]);
	snprintf(invitation.name, sizeof(invitation.name), "%s", identity->name);
	snprintf(invitation.slug, sizeof(invitation.slug), "%s", identity->slug);
	snprintf(invitation.ags, sizeof(invitation.ags), "%s", identity->ags);
	struct buf inner;
	buf_init(&inner, LIMIT_INVITATION_LEN_MAX);
	err = invitation_put(&inner, &invitation);
	if (!err) {
		struct node_offer offer = {identity->org, log.first_root, buf_bytes(&inner)};
		node_offer_put(text, &offer);
		err = text->err;
	}
	buf_fini(&inner);
	orglog_fini(&log);
	return err;
}

/* The log and, for a node that may read, all secret wrap keys. */
static enum err answer_make(struct hub *hub, struct txn *txn, uint8_t index, bool secrets,
			    const struct dh_pk *handover, struct buf *answer)
{
	const struct identity *identity = hub->options.identity;
	const struct wrapkeys *m = hub->wrapkeys;
	uint32_t entry_count = 0, wrap_count = 0;
	struct buf entries, wraps;
	struct bytes entry;
	enum err err = ERR_OK;
	buf_init(&entries, SIZE_MAX);
	buf_init(&wraps, SIZE_MAX);
	while (orglog_entry(txn, &identity->org, entry_count + 1, &entry)) {
		node_answer_entry(&entries, entry);
		entry_count++;
	}
	for (size_t i = 0; secrets && i < m->count && !err; i++) {
		struct wrap_context context =
			node_handover_context(&identity->org, m->items[i].number);
		struct wrap wrap;
		err = wrap_seal(&wrap, secret_key(m->items[i].secret), handover, &context,
				hub->options.random);
		node_answer_wrap(&wraps, m->items[i].number, &wrap);
		wrap_count++;
	}
	if (!err)
		node_answer_put(answer, &identity->org, index, entry_count, buf_bytes(&entries),
				wrap_count, buf_bytes(&wraps));
	buf_fini(&entries);
	buf_fini(&wraps);
	return !err ? answer->err : err;
}

static enum err request_read(struct hub *hub, const char *text, struct node_request *request,
			     char *why)
{
	const struct identity *identity = hub->options.identity;
	enum err err = node_request_get(request, bytes_str(text));
	if (err) {
		why_set(why, "%s",
			err == ERR_DENIED ? "the request is incomplete or mistyped: copy its whole "
					    "line again."
			: err == ERR_VERSION
				? "the request is of another version of Allmende: bring both "
				  "nodes to the same one, and begin again."
				: "this is not the request of a new node: it begins with "
				  "\"" PROTOCOL_TEXT
				  "n-\" and is printed by `allmende init --node`.");
		return ERR_CONFIG;
	}
	if (!id_eq(&request->org, &identity->org)) {
		why_set(why,
			"this request is for another organisation, not %s: make a new offer here.",
			hub_own_name(hub));
		return ERR_CONFIG;
	}
	return ERR_OK;
}

/* The list with one node more, or the index of the one that is there already. */
static enum err log_with(struct hub *hub, struct txn *txn, const struct orglog *log,
			 const struct node_request *request, uint8_t roles, uint8_t *index,
			 char *why)
{
	for (size_t i = 0; i < log->node_count; i++) {
		if (!id_eq(&log->nodes[i].sign, &request->sign))
			continue;
		*index = log->nodes[i].index;
		if (log->nodes[i].state == ORGLOG_NODE_ACTIVE)
			return ERR_OK;
		why_set(why, "node %u was retired, and stays so: make a new one.", *index);
		return ERR_DENIED;
	}
	if (orglog_is_forked(txn, &hub->options.identity->org)) {
		why_set(why,
			"an entry of the log of %s exists twice: end that first by `allmende node "
			"settle`.",
			hub_own_name(hub));
		return ERR_BUSY;
	}
	if (log->node_count >= LIMIT_NODE_COUNT_MAX) {
		why_set(why, "%s has %d nodes already, and no organisation can have more.",
			hub_own_name(hub), LIMIT_NODE_COUNT_MAX);
		return ERR_FULL;
	}
	if (log->number >= LIMIT_ORGLOG_NUMBER_MAX - LIMIT_NODE_COUNT_MAX) {
		why_set(why,
			"the log of %s has %u entries of %d, and the rest is for retiring nodes: a "
			"new node needs a new organisation.",
			hub_own_name(hub), log->number, LIMIT_ORGLOG_NUMBER_MAX);
		return ERR_FULL;
	}
	struct orglog next = *log;
	next.nodes = mem_new(log->node_count + 1, sizeof(*next.nodes));
	memcpy(next.nodes, log->nodes, log->node_count * sizeof(*next.nodes));
	*index = (uint8_t)(log->nodes[log->node_count - 1].index + 1);
	next.nodes[next.node_count++] = (struct orglog_node){.index = *index,
							     .state = ORGLOG_NODE_ACTIVE,
							     .roles = roles,
							     .sign = request->sign,
							     .transport = request->transport,
							     .possession = request->possession};
	enum err err = log_append(hub, txn, log, &next);
	free(next.nodes);
	if (err == ERR_DENIED)
		why_set(why, "the request does not prove that the new node has its keys: make it "
			     "anew with `allmende init --node`.");
	return err;
}

/*
 * Whether the answer, which holds the whole log, still fits into a text after one node more.
 * Nothing may have been written before that is known.
 */
static bool answer_fits(struct hub *hub, struct txn *txn)
{
	size_t bytes = 1024 + hub->wrapkeys->count * (WRAP_LEN + 16);
	struct bytes entry = bytes_of(NULL, 0);
	for (uint32_t n = 1; orglog_entry(txn, &hub->options.identity->org, n, &entry); n++)
		bytes += entry.len + 8;
	bytes += entry.len + 256; /* the entry to come: the last one and a node */
	return bytes * 4 / 3 < ENVELOPE_LEN_MAX;
}

enum err nodes_add(struct hub *hub, struct txn *txn, int64_t now_ms, const char *text,
		   uint8_t roles, bool secrets, struct buf *answer, uint8_t *index, char *why)
{
	struct node_request request;
	struct orglog log;
	enum err err = root_check(hub, why);
	if (!err)
		err = request_read(hub, text, &request, why);
	if (!err && !answer_fits(hub, txn)) {
		why_set(why,
			"%s has had so many nodes that their log does not fit into one line any "
			"more: no further one can be added.",
			hub_own_name(hub));
		err = ERR_FULL;
	}
	if (!err)
		err = orglog_load(txn, &hub->options.identity->org, &log);
	if (err)
		return err;
	err = log_with(hub, txn, &log, &request, roles, index, why);
	orglog_fini(&log);
	if (!err)
		err = answer_make(hub, txn, *index, secrets, &request.handover, answer);
	/*
	 * A founder has never got the federation key from anybody; its further nodes get it from
	 * the founder.
	 */
	if (!err && secrets && hub->author)
		fedkeys_wrap(hub, txn, hub_author_member(hub, hub->author));
	return err;
}

/* ---- a node less ---- */

/*
 * Hands the new wrap key to the nodes that stay and may read, whoever has added them: to the key of
 * each that the log names.
 */
static void wrap_key_publish(struct hub *hub, struct txn *txn, const struct orglog *log,
			     uint32_t number, const struct key *key)
{
	struct wrap_context context = node_handover_context(&hub->options.identity->org, number);
	for (size_t i = 0; i < log->node_count; i++) {
		const struct orglog_node *node = &log->nodes[i];
		struct record_slot slot = {.b = {RECORD_WRAP_KEY, node->index}, .len = 2};
		struct wrap wrap;
		struct buf body;
		if (node->state != ORGLOG_NODE_ACTIVE || !node->roles ||
		    node->index == hub->options.identity->node_index ||
		    wrap_seal(&wrap, key, &node->transport, &context, hub->options.random))
			continue;
		buf_init(&body, LIMIT_RECORD_LEN_MAX);
		wrap_key_put(&body, number, &wrap);
		enum err err =
			ledger_append(&hub->ledger, txn, RECORD_WRAP_KEY, record_slot_bytes(&slot),
				      buf_bytes(&body), NULL, LEDGER_QUIET);
		buf_fini(&body);
		if (err)
			txn_fail(txn, err);
	}
}

/* log_append() with a new wrap key, which the nodes that stay get. */
static enum err log_append_keyed(struct hub *hub, struct txn *txn, const struct orglog *now,
				 struct orglog *next)
{
	struct key key;

	random_fill(hub->options.random, key.b, KEY_LEN);
	dh_pk_of(&next->wrap, &key);
	enum err err = log_append(hub, txn, now, next);
	if (!err) {
		wrapkeys_store(hub, txn, now->number + 1, &key);
		if (hub->author)
			wrap_key_publish(hub, txn, next, now->number + 1, &key);
	}
	key_wipe(&key);
	return err;
}

/* The node, when it may come to this state yet. */
static struct orglog_node *node_before(struct orglog *log, uint8_t index,
				       enum orglog_node_state state)
{
	for (size_t i = 0; i < log->node_count; i++) {
		if (log->nodes[i].index == index && log->nodes[i].state < state)
			return &log->nodes[i];
	}
	return NULL;
}

enum err nodes_retire(struct hub *hub, struct txn *txn, int64_t now_ms, uint8_t index, bool lost,
		      char *why)
{
	const enum orglog_node_state state = lost ? ORGLOG_NODE_LOST : ORGLOG_NODE_RETIRED;
	const struct identity *identity = hub->options.identity;
	struct orglog now, next;
	enum err err = root_check(hub, why);
	if (!err && index == identity->node_index) {
		why_set(why, "node %u is this one: do it from another node that has the root.",
			index);
		err = ERR_DENIED;
	}
	if (err || (err = orglog_load(txn, &identity->org, &now)))
		return err;
	err = orglog_load(txn, &identity->org, &next);
	struct orglog_node *node = !err ? node_before(&next, index, state) : NULL;
	if (!node) {
		why_set(why, "%s has no node %u that could be %s: see `allmende node list`.",
			hub_own_name(hub), index, lost ? "given up as lost" : "retired");
		orglog_fini(&now);
		orglog_fini(&next);
		return ERR_ABSENT;
	}
	node->state = (uint8_t)state;
	err = log_append_keyed(hub, txn, &now, &next);
	orglog_fini(&now);
	orglog_fini(&next);
	return err;
}

/* ---- another root ---- */

static enum err nodes_bound(struct hub *hub, struct txn *txn, char *why)
{
	struct key seed, recovery;
	struct orglog now, next;
	enum err err = root_check(hub, why);

	if (!err)
		err = hub_root_seed(hub, &seed);
	if (!err)
		err = orglog_load(txn, &hub->options.identity->org, &now);
	if (err)
		return err;
	next = now;
	root_recovery_key(&recovery, &seed);
	dh_pk_of(&next.recovery, &recovery);
	key_wipe(&seed);
	key_wipe(&recovery);
	err = log_append_keyed(hub, txn, &now, &next);
	orglog_fini(&now);
	return err;
}

void nodes_follow(struct hub *hub, struct txn *txn)
{
	const struct org_id *org = &hub->options.identity->org;
	const struct charter_member *member = charter_by_org(&hub->charter, org);
	struct orglog log;
	char why[WHY_LEN];

	if (!member || !member->bind || !hub->author || hub->signing != SIGNING_YES ||
	    orglog_load(txn, org, &log))
		return;
	/* The entry bound is the latest one: nothing names the new root yet. */
	const bool due = log.bound_number == log.number && !id_eq(&log.root, &member->root) &&
			 id_eq(&log.bound_root, &member->root);
	orglog_fini(&log);
	if (due && hub_has_root(hub))
		txn_fail(txn, nodes_bound(hub, txn, why));
}

/* ---- a fork ---- */

/*
 * PROTOCOL: "A fork is mended when the log names a wrap key which an entry after the first of the
 * fork is the first to name, and has as retired or lost what the lost branch has so." What was
 * loaded has that out already.
 */
static enum err settle_step(struct hub *hub, struct txn *txn, char *why)
{
	const struct identity *identity = hub->options.identity;
	struct orglog now;
	enum err err = orglog_load(txn, &identity->org, &now);

	if (err)
		return err;
	const struct orglog_node *own = orglog_node(&now, identity->node_index);
	struct orglog next = now;
	if (own && own->state == ORGLOG_NODE_ACTIVE) {
		err = log_append_keyed(hub, txn, &now, &next);
	} else {
		why_set(why,
			"one of the two entries retires node %u, this one: settle it from another "
			"node that has the root.",
			identity->node_index);
		err = ERR_DENIED;
	}
	orglog_fini(&now);
	return err;
}

enum err nodes_settle(struct hub *hub, struct txn *txn, int64_t now_ms, char *why)
{
	const struct org_id *org = &hub->options.identity->org;
	enum err err = root_check(hub, why);

	if (!err && !orglog_is_forked(txn, org)) {
		why_set(why,
			"nothing is to be settled: the log of %s has one entry of each number.",
			hub_own_name(hub));
		err = ERR_ABSENT;
	}
	/* The lost branch may have been longer than the one that counts. */
	for (unsigned i = 0; !err && i < LIMIT_ORGLOG_LOST_MAX && orglog_is_forked(txn, org); i++)
		err = settle_step(hub, txn, why);
	return err;
}

/* ---- queries ---- */

bool nodes_info(struct hub *hub, struct txn *txn, size_t at, struct node_info *out)
{
	struct orglog log;
	struct author_state state;
	bool found = !orglog_load(txn, &hub->options.identity->org, &log) && at < log.node_count;
	if (found) {
		const struct orglog_node *node = &log.nodes[at];
		uint32_t author = author_of(author_member(hub->author), node->index);
		*out = (struct node_info){
			.index = node->index,
			.state = node->state,
			.roles = node->roles,
			.self = node->index == hub->options.identity->node_index,
			.linked = hub->author && peers_by_author(hub, author) != NULL,
		};
		if (hub->author && !ledger_state(&hub->ledger, txn, author, &state))
			out->head_time_ms = state.head_time_ms;
	}
	orglog_fini(&log);
	return found;
}
