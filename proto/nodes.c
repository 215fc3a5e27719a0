#include "proto/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/core_state.h"
#include "proto/head.h"
#include "proto/node_text.h"

/*
 * Rows: SEALED "wrap:NUMBER", the secret wrap key that the log names since entry NUMBER; META "handover:INDEX", the key to hand
 * wrap keys over to a node that was added here.
 */
#define HANDOVER_ROW "handover:"

enum { NODES_WRAP_COUNT_MAX = 256 };

static struct row_key numbered(char name[40], const char *prefix, uint32_t number)
{
	snprintf(name, 40, "%s%u", prefix, number);
	return key_name(name);
}

/* ---- wrap keys ---- */

/* Takes the secret. The newest comes first. */
static void wrap_keep(struct core *core, uint32_t number, struct secret *secret)
{
	struct membership *m = &core->membership;
	size_t at = 0;
	while (at < m->wrap_count && m->wraps[at].number > number)
		at++;
	if (m->wrap_count == NODES_WRAP_COUNT_MAX ||
	    (at < m->wrap_count && m->wraps[at].number == number)) {
		secret_close(secret);
		return;
	}
	m->wraps = mem_grow(m->wraps, m->wrap_count + 1, sizeof(*m->wraps));
	memmove(&m->wraps[at + 1], &m->wraps[at], (m->wrap_count - at) * sizeof(*m->wraps));
	m->wraps[at] = (struct wrap_secret){number, secret};
	m->wrap_count++;
}

static void wrap_store(struct core *core, struct txn *txn, uint32_t number, const struct key *key)
{
	txn_fail(txn, identity_wrap_put(core->options.keyring, txn, number, key));
	wrap_keep(core, number, secret_open(bytes_of(key->b, KEY_LEN)));
}

static enum err wraps_load(struct core *core, struct txn *txn)
{
	const struct identity *identity = core->options.identity;
	struct walk walk = walk_begin(txn, TABLE_SEALED, bytes_str(IDENTITY_WRAP_ROW));
	while (walk_next(&walk)) {
		char name[40];
		struct secret *secret;
		if (walk.key.len >= sizeof(name))
			continue;
		memcpy(name, walk.key.ptr, walk.key.len);
		name[walk.key.len] = 0;
		enum err err = keyring_unseal(core->options.keyring, &secret, name, walk.value);
		if (err != ERR_OK)
			return err;
		if (secret_bytes(secret).len != KEY_LEN) {
			secret_close(secret);
			return ERR_CORRUPT;
		}
		wrap_keep(core, (uint32_t)strtoul(name + strlen(IDENTITY_WRAP_ROW), NULL, 10),
			  secret);
	}
	if (identity->wrap)
		wrap_keep(core, 1, secret_open(secret_bytes(identity->wrap)));
	return txn_err(txn);
}

enum err nodes_open(struct core *core, struct txn *txn)
{
	struct author_state own;
	struct head head;
	struct bytes whole;
	enum err err = wraps_load(core, txn);
	/* The process may have ended between a new entry and the head that tells of it. */
	if (err == ERR_OK && core->author &&
	    ledger_state(&core->ledger, txn, core->author, &own) == ERR_OK &&
	    ledger_head(txn, core->author, own.incarnation, &whole) &&
	    head_decode(&head, whole) == ERR_OK)
		core->log_news =
			head.orglog_number < orglog_number(txn, &core->options.identity->org);
	return err;
}

void nodes_close(struct core *core)
{
	for (size_t i = 0; i < core->membership.wrap_count; i++)
		secret_close(core->membership.wraps[i].secret);
	free(core->membership.wraps);
}

enum err nodes_unwrap(const struct core *core, const struct wrap *wrap,
		      const struct wrap_context *context, struct key *out)
{
	const struct membership *m = &core->membership;
	enum err err = ERR_DENIED;
	for (size_t i = 0; i < m->wrap_count && err != ERR_OK; i++)
		err = wrap_open(out, wrap, secret_key(m->wraps[i].secret), context);
	return err;
}

void nodes_wrap_key_news(struct core *core, struct txn *txn, const struct record *record)
{
	const struct identity *identity = core->options.identity;
	struct record_slot slot = {.b = {RECORD_WRAP_KEY, identity->node_index}, .len = 2};
	uint32_t number;
	struct wrap wrap;
	struct key key;
	if (!identity->handover || author_member(record->author) != author_member(core->author) ||
	    !bytes_eq(record->slot, record_slot_bytes(&slot)) ||
	    wrap_key_get(&number, &wrap, record->body) != ERR_OK)
		return;
	struct wrap_context context = node_handover_context(&identity->org, number);
	if (wrap_open(&key, &wrap, secret_key(identity->handover), &context) == ERR_OK)
		wrap_store(core, txn, number, &key);
	key_wipe(&key);
}

/* ---- the log ---- */

static enum err root_check(struct core *core, char *why)
{
	if (core->options.identity->root)
		return ERR_OK;
	why_set(why,
		"the root key of %s is not on this machine: do this where it is, or restore it "
		"from "
		"the recovery sheet.",
		core->options.identity->name);
	return ERR_DENIED;
}

/* Appends an entry to the own log; the others learn of it with the next head. */
static enum err log_append(struct core *core, struct txn *txn, const struct orglog *now,
			   struct orglog *next)
{
	struct key seed;
	struct buf entry;
	enum err err = identity_root_sign_seed(&seed, core->options.identity);
	if (err != ERR_OK)
		return err;
	next->time_ms = core->now_ms;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, now, next, &seed);
	key_wipe(&seed);
	err = entry.err;
	if (err == ERR_OK)
		err = orglog_accept(txn, &core->options.identity->org, buf_bytes(&entry), NULL);
	if (err == ERR_OK) {
		buf_reset(&core->membership.own_entry);
		buf_add(&core->membership.own_entry, buf_bytes(&entry));
		core_forget(core, author_member(core->author));
		core_effect(core, EFFECT_CERTIFICATE, 0);
		peers_classify(core, txn);
		core->log_news = true;
	}
	buf_fini(&entry);
	return err;
}

/* ---- another node ---- */

enum err nodes_offer(struct core *core, struct txn *txn, int64_t now_ms, struct buf *text,
		     char *why)
{
	const struct identity *identity = core->options.identity;
	struct orglog log;
	enum err err = root_check(core, why);
	if (err == ERR_OK)
		err = membership_check(core, why);
	if (err == ERR_OK &&
	    (core->options.dial_only || !core->options.addresses || !core->options.addresses[0])) {
		why_set(why, "this node tells nobody an address, so the new one could not dial it: "
			     "set `listen` (and `advertise`) in its configuration.");
		err = ERR_CONFIG;
	}
	if (err != ERR_OK || (err = orglog_load(txn, &identity->org, &log)) != ERR_OK)
		return err;
	struct invitation invitation = {.fed = core->charter.fed,
					.charter_number = core->charter.number,
					.charter_entry_id = core->charter.entry_id,
					.transport = identity->transport_pk,
					.valid_until_ms = now_ms};
	snprintf(invitation.fed_name, sizeof(invitation.fed_name), "%s", core->charter.name);
	snprintf(invitation.address, sizeof(invitation.address), "%s", core->options.addresses[0]);
	snprintf(invitation.name, sizeof(invitation.name), "%s", identity->name);
	snprintf(invitation.slug, sizeof(invitation.slug), "%s", identity->slug);
	snprintf(invitation.ags, sizeof(invitation.ags), "%s", identity->ags);
	struct buf inner;
	buf_init(&inner, LIMIT_INVITATION_LEN_MAX);
	err = invitation_put(&inner, &invitation);
	if (err == ERR_OK) {
		struct node_offer offer = {identity->org, log.first_root, buf_bytes(&inner)};
		node_offer_put(text, &offer);
		err = text->err;
	}
	buf_fini(&inner);
	orglog_fini(&log);
	return err;
}

/* The log and, for a node that may read, all secret wrap keys. */
static enum err answer_make(struct core *core, struct txn *txn, uint8_t index, bool secrets,
			    const struct dh_pk *handover, struct buf *answer)
{
	const struct identity *identity = core->options.identity;
	const struct membership *m = &core->membership;
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
	for (size_t i = 0; secrets && i < m->wrap_count && err == ERR_OK; i++) {
		struct wrap_context context =
			node_handover_context(&identity->org, m->wraps[i].number);
		struct wrap wrap;
		err = wrap_seal(&wrap, secret_key(m->wraps[i].secret), handover, &context,
				core->options.random);
		node_answer_wrap(&wraps, m->wraps[i].number, &wrap);
		wrap_count++;
	}
	if (err == ERR_OK)
		node_answer_put(answer, &identity->org, index, entry_count, buf_bytes(&entries),
				wrap_count, buf_bytes(&wraps));
	buf_fini(&entries);
	buf_fini(&wraps);
	return err == ERR_OK ? answer->err : err;
}

static enum err request_read(struct core *core, const char *text, struct node_request *request,
			     char *why)
{
	const struct identity *identity = core->options.identity;
	enum err err = node_request_get(request, bytes_str(text));
	if (err != ERR_OK) {
		why_set(why, "%s",
			err == ERR_DENIED ? "the request is incomplete or mistyped: copy its whole "
					    "line again."
			: err == ERR_VERSION
				? "the request is of a newer version: update this program."
				: "this is not the request of a new node: it begins with "
				  "\"allmende1n-\" and is printed by `allmende init --node`.");
		return ERR_CONFIG;
	}
	if (!id_eq(&request->org, &identity->org)) {
		why_set(why,
			"this request is for another organisation, not %s: make a new offer here.",
			identity->name);
		return ERR_CONFIG;
	}
	return ERR_OK;
}

/* The list with one node more, or the index of the one that is there already. */
static enum err log_with(struct core *core, struct txn *txn, const struct orglog *log,
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
	if (log->node_count >= LIMIT_NODE_COUNT_MAX) {
		why_set(why, "%s has %d nodes already, and no organisation can have more.",
			core->options.identity->name, LIMIT_NODE_COUNT_MAX);
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
	enum err err = log_append(core, txn, log, &next);
	free(next.nodes);
	if (err == ERR_DENIED)
		why_set(why, "the request does not prove that the new node has its keys: make it "
			     "anew with `allmende init --node`.");
	return err;
}

/* Whether the answer, which holds the whole log, still fits into a text after one node more. Nothing may have been written before that is known. */
static bool answer_fits(struct core *core, struct txn *txn)
{
	size_t bytes = 1024 + core->membership.wrap_count * (WRAP_LEN + 16);
	struct bytes entry = bytes_of(NULL, 0);
	for (uint32_t n = 1; orglog_entry(txn, &core->options.identity->org, n, &entry); n++)
		bytes += entry.len + 8;
	bytes += entry.len + 256; /* the entry to come: the last one and a node */
	return bytes * 4 / 3 < ENVELOPE_LEN_MAX;
}

enum err nodes_add(struct core *core, struct txn *txn, int64_t now_ms, const char *text,
		   uint8_t roles, bool secrets, struct buf *answer, uint8_t *index, char *why)
{
	struct node_request request;
	struct orglog log;
	char name[40];
	enum err err = root_check(core, why);
	if (err == ERR_OK)
		err = request_read(core, text, &request, why);
	if (err == ERR_OK && !answer_fits(core, txn)) {
		why_set(why,
			"%s has had so many nodes that their log does not fit into one line any "
			"more: no further one can be added.",
			core->options.identity->name);
		err = ERR_FULL;
	}
	if (err == ERR_OK)
		err = orglog_load(txn, &core->options.identity->org, &log);
	if (err != ERR_OK)
		return err;
	err = log_with(core, txn, &log, &request, roles, index, why);
	orglog_fini(&log);
	if (err == ERR_OK)
		err = answer_make(core, txn, *index, secrets, &request.handover, answer);
	/* A founder has never got the federation key from anybody; its further nodes get it from the founder. */
	if (err == ERR_OK && secrets && core->author)
		fedkeys_wrap(core, txn, core_author_member(core, core->author));
	if (err == ERR_OK && secrets) {
		struct row_key row = numbered(name, HANDOVER_ROW, *index);
		txn_put(txn, TABLE_META, row_key_bytes(&row), id_bytes(&request.handover));
	}
	return err;
}

/* ---- a node less ---- */

/* Hands the new wrap key to the nodes that stay. */
static void wrap_key_publish(struct core *core, struct txn *txn, const struct orglog *log,
			     uint32_t number, const struct key *key)
{
	struct wrap_context context = node_handover_context(&core->options.identity->org, number);
	for (size_t i = 0; i < log->node_count; i++) {
		char name[40];
		struct row_key row = numbered(name, HANDOVER_ROW, log->nodes[i].index);
		struct record_slot slot = {.b = {RECORD_WRAP_KEY, log->nodes[i].index}, .len = 2};
		struct bytes value;
		struct dh_pk handover;
		struct wrap wrap;
		struct buf body;
		if (log->nodes[i].state != ORGLOG_NODE_ACTIVE ||
		    !txn_get(txn, TABLE_META, row_key_bytes(&row), &value) || value.len != ID_LEN)
			continue;
		memcpy(handover.b, value.ptr, ID_LEN);
		if (wrap_seal(&wrap, key, &handover, &context, core->options.random) != ERR_OK)
			continue;
		buf_init(&body, LIMIT_RECORD_LEN_MAX);
		wrap_key_put(&body, number, &wrap);
		enum err err =
			ledger_append(&core->ledger, txn, RECORD_WRAP_KEY, record_slot_bytes(&slot),
				      buf_bytes(&body), NULL, LEDGER_QUIET);
		buf_fini(&body);
		if (err != ERR_OK)
			txn_fail(txn, err);
	}
}

static struct orglog_node *active_node(struct orglog *log, uint8_t index)
{
	for (size_t i = 0; i < log->node_count; i++) {
		if (log->nodes[i].index == index && log->nodes[i].state == ORGLOG_NODE_ACTIVE)
			return &log->nodes[i];
	}
	return NULL;
}

enum err nodes_retire(struct core *core, struct txn *txn, int64_t now_ms, uint8_t index, char *why)
{
	const struct identity *identity = core->options.identity;
	struct orglog now, next;
	struct key key;
	enum err err = root_check(core, why);
	if (err == ERR_OK && index == identity->node_index) {
		why_set(why, "node %u is this one: retire it from another node that has the root.",
			index);
		err = ERR_DENIED;
	}
	if (err != ERR_OK || (err = orglog_load(txn, &identity->org, &now)) != ERR_OK)
		return err;
	err = orglog_load(txn, &identity->org, &next);
	struct orglog_node *node = err == ERR_OK ? active_node(&next, index) : NULL;
	if (!node) {
		why_set(why, "%s has no active node %u: see `allmende node list`.", identity->name,
			index);
		orglog_fini(&now);
		orglog_fini(&next);
		return ERR_ABSENT;
	}
	node->state = ORGLOG_NODE_RETIRED;
	random_fill(core->options.random, key.b, KEY_LEN);
	dh_pk_of(&next.wrap, &key);
	err = log_append(core, txn, &now, &next);
	if (err == ERR_OK) {
		wrap_store(core, txn, now.number + 1, &key);
		if (core->author)
			wrap_key_publish(core, txn, &next, now.number + 1, &key);
	}
	key_wipe(&key);
	orglog_fini(&now);
	orglog_fini(&next);
	return err;
}

/* ---- queries ---- */

bool nodes_info(struct core *core, struct txn *txn, size_t at, struct node_info *out)
{
	struct orglog log;
	struct author_state state;
	bool found = orglog_load(txn, &core->options.identity->org, &log) == ERR_OK &&
		     at < log.node_count;
	if (found) {
		const struct orglog_node *node = &log.nodes[at];
		uint32_t author = author_of(author_member(core->author), node->index);
		*out = (struct node_info){
			.index = node->index,
			.active = node->state == ORGLOG_NODE_ACTIVE,
			.roles = node->roles,
			.self = node->index == core->options.identity->node_index,
			.linked = core->author && peers_by_author(core, author) != NULL,
		};
		if (core->author && ledger_state(&core->ledger, txn, author, &state) == ERR_OK)
			out->head_time_ms = state.head_time_ms;
	}
	orglog_fini(&log);
	return found;
}
