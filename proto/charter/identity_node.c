/*
 * identity_node - another node of an organisation makes its keys and is taken in (docs/PROTOCOL.md,
 * section 3.1), or makes the entry that takes it in by itself, where all others are lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/root.h"
#include "proto/charter/identity.h"
#include "proto/charter/invitation.h"

/* META rows. */
#define ROW_ORG     "organisation"
#define ROW_NODE_OF "node-of" /* root public key of entry 1 */
#define ROW_JOIN    "join" /* as admission and `init --join`: where to dial, and the checkpoint */

static void node_meta_put(struct txn *txn, const char *name, struct bytes value)
{
	struct row_key key = key_name(name);

	txn_put(txn, TABLE_META, row_key_bytes(&key), value);
}

/* A row of 32 bytes. */
static enum err id_load(struct txn *txn, const char *name, uint8_t out[ID_LEN])
{
	struct row_key key = key_name(name);
	struct bytes value;

	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &value))
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	if (value.len != ID_LEN)
		return ERR_CORRUPT;
	memcpy(out, value.ptr, ID_LEN);
	return ERR_OK;
}

static enum err key_make(struct keyring *keyring, struct random *random, const char *name)
{
	struct key key;

	random_fill(random, key.b, KEY_LEN);
	enum err err = keyring_put(keyring, name, bytes_obj(&key));
	key_wipe(&key);
	return err;
}

enum err identity_create_node(struct keyring *keyring, struct txn *txn, struct random *random,
			      const struct node_offer *offer,
			      const struct identity_options *options)
{
	enum err err = identity_rows_put(txn, random, options, &offer->org);

	node_meta_put(txn, ROW_NODE_OF, id_bytes(&offer->first_root));
	node_meta_put(txn, ROW_JOIN, offer->invitation);
	if (!err)
		err = key_make(keyring, random, "sign");
	if (!err)
		err = key_make(keyring, random, "transport");
	if (!err)
		err = key_make(keyring, random, "handover");
	return err ? err : txn_err(txn);
}

enum err identity_request(struct buf *out, struct keyring *keyring, struct txn *txn)
{
	struct secret *sign = NULL, *transport = NULL, *handover = NULL;
	struct node_request request;
	struct sign_pk first_root;
	enum err err = id_load(txn, ROW_NODE_OF, first_root.b);

	if (!err)
		err = id_load(txn, ROW_ORG, request.org.b);
	if (!err)
		err = keyring_get(keyring, "sign", &sign);
	if (!err)
		err = keyring_get(keyring, "transport", &transport);
	if (!err)
		err = keyring_get(keyring, "handover", &handover);
	if (!err) {
		sign_pk_of(&request.sign, secret_key(sign));
		dh_pk_of(&request.transport, secret_key(transport));
		dh_pk_of(&request.handover, secret_key(handover));
		orglog_possession(&request.possession, secret_key(sign), &first_root, &request.sign,
				  &request.transport);
		node_request_put(out, &request);
		err = out->err;
	}
	secret_close(sign);
	secret_close(transport);
	secret_close(handover);
	return err;
}

enum err identity_wrap_put(struct keyring *keyring, struct txn *txn, uint32_t number,
			   const struct key *key)
{
	char name[40];
	struct buf sealed;

	snprintf(name, sizeof(name), IDENTITY_WRAP_ROW "%u", number);
	struct row_key row = key_name(name);
	/* Another key of this number, of a branch of the log, stays. */
	for (unsigned n = 2; txn_has(txn, TABLE_SEALED, row_key_bytes(&row)) && n < 100; n++) {
		snprintf(name, sizeof(name), IDENTITY_WRAP_ROW "%u/%u", number, n);
		row = key_name(name);
	}
	buf_init(&sealed, 256);
	keyring_seal(keyring, &sealed, name, bytes_of(key->b, KEY_LEN));
	enum err err = sealed.err;
	if (!err)
		txn_put(txn, TABLE_SEALED, row_key_bytes(&row), buf_bytes(&sealed));
	buf_fini(&sealed);
	return err ? err : txn_err(txn);
}

static enum err wraps_take(struct keyring *keyring, struct txn *txn, const struct secret *handover,
			   struct node_answer *answer)
{
	struct wrap wrap;
	uint32_t number;
	enum err err = ERR_OK;

	while (!err && node_answer_wrap_next(answer, &number, &wrap)) {
		struct wrap_context context = node_handover_context(&answer->org, number);
		struct key key;
		err = wrap_open(&key, &wrap, secret_key(handover), &context);
		if (!err)
			err = identity_wrap_put(keyring, txn, number, &key);
		key_wipe(&key);
	}
	return err;
}

enum err identity_invitation(struct invitation *out, struct txn *txn)
{
	struct row_key key = key_name(ROW_JOIN);
	struct bytes text;

	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &text))
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	return invitation_get(out, text);
}

enum err identity_accept(struct keyring *keyring, struct txn *txn, struct bytes text)
{
	struct node_answer answer;
	struct identity identity;
	struct org_id org;
	struct buf storage;
	struct bytes entry;
	bool is_refused = false;
	struct secret *handover = NULL;
	enum err err = keyring_get(keyring, "handover", &handover);

	if (err)
		return err;
	buf_init(&storage, ENVELOPE_LEN_MAX);
	err = id_load(txn, ROW_ORG, org.b);
	if (!err)
		err = node_answer_get(&answer, &storage, text);
	if (!err && !id_eq(&answer.org, &org))
		err = ERR_DENIED;
	while (!err && node_answer_entry_next(&answer, &entry)) {
		err = orglog_accept(txn, &org, entry, NULL);
		is_refused = err == ERR_DENIED || err == ERR_AGAIN || err == ERR_EXISTS;
		if (err == ERR_EXISTS)
			err = ERR_OK;
	}
	if (!err)
		err = wraps_take(keyring, txn, handover, &answer);
	/* The log has to name this node's keys. */
	if (!err) {
		err = identity_load(&identity, keyring, txn);
		if (!err) {
			identity_node_put(txn, identity.node_index, &identity.sign_pk);
			identity_fini(&identity);
		} else if (err == ERR_CORRUPT) {
			err = ERR_DENIED;
		}
	}
	secret_close(handover);
	buf_fini(&storage);
	/* By the log alone that root may not sign: the charter may have bound it. */
	return err && is_refused ? ERR_AGAIN : err;
}

/* ---- the others are lost ---- */

/* The list with the lost ones out, and the new one at its end. */
static enum err nodes_without(struct orglog *next, const struct orglog *now, const bool *lost)
{
	const size_t count = now->node_count;
	uint8_t index = 0;

	*next = *now;
	next->nodes = mem_new(count + 1, sizeof(*next->nodes));
	memcpy(next->nodes, now->nodes, count * sizeof(*next->nodes));
	for (size_t i = 0; i < count; i++) {
		struct orglog_node *node = &next->nodes[i];
		if (lost[node->index])
			node->state = ORGLOG_NODE_LOST;
		else if (node->state == ORGLOG_NODE_ACTIVE && node->roles)
			return ERR_PROTOCOL;
		index = node->index;
	}
	if (count >= LIMIT_NODE_COUNT_MAX || index == UINT8_MAX ||
	    now->number >= LIMIT_ORGLOG_NUMBER_MAX)
		return ERR_FULL;
	next->node_count = count + 1;
	next->nodes[count] = (struct orglog_node){.index = (uint8_t)(index + 1),
						  .state = ORGLOG_NODE_ACTIVE,
						  .roles = ORGLOG_ROLE_PUBLISH | ORGLOG_ROLE_ADMIN |
							   ORGLOG_ROLE_KEY_AUTHOR};
	return ERR_OK;
}

/* The keys of the new node, which its place in the list names and proves. */
static enum err node_keys_make(struct keyring *keyring, struct random *random,
			       const struct sign_pk *first_root, struct orglog_node *node)
{
	struct secret *sign = NULL, *transport = NULL;
	enum err err = key_make(keyring, random, "sign");

	if (!err)
		err = key_make(keyring, random, "transport");
	if (!err)
		err = keyring_get(keyring, "sign", &sign);
	if (!err)
		err = keyring_get(keyring, "transport", &transport);
	if (!err) {
		sign_pk_of(&node->sign, secret_key(sign));
		dh_pk_of(&node->transport, secret_key(transport));
		orglog_possession(&node->possession, secret_key(sign), first_root, &node->sign,
				  &node->transport);
	}
	secret_close(sign);
	secret_close(transport);
	return err;
}

static enum err recovery_entry(struct keyring *keyring, struct txn *txn, struct random *random,
			       const struct identity_recovery *recovery, const struct orglog *now,
			       struct orglog *next)
{
	struct key sign, wrap, secret;
	struct buf entry;

	random_fill(random, wrap.b, KEY_LEN);
	dh_pk_of(&next->wrap, &wrap);
	root_recovery_key(&secret, recovery->seed);
	dh_pk_of(&next->recovery, &secret);
	root_sign_seed(&sign, recovery->seed);
	next->time_ms = recovery->now_ms > now->time_ms ? recovery->now_ms : now->time_ms;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, now, next, &sign);
	enum err err = entry.err;
	if (!err)
		err = orglog_accept(txn, &recovery->member->org, buf_bytes(&entry), NULL);
	if (!err)
		err = identity_wrap_put(keyring, txn, now->number + 1, &wrap);
	buf_fini(&entry);
	key_wipe(&sign);
	key_wipe(&wrap);
	key_wipe(&secret);
	return err;
}

static enum err recovery_rows(struct txn *txn, struct random *random,
			      const struct identity_recovery *recovery)
{
	const struct charter_member *member = recovery->member;
	const struct identity_options options = {member->name, member->home, member->ags,
						 recovery->operator, recovery->now_ms };
	struct invitation invitation = {.fed = recovery->charter->fed,
					.charter_number = recovery->charter->number,
					.charter_entry_id = recovery->charter->entry_id,
					.transport = recovery->transport,
					.valid_until_ms = recovery->now_ms};
	struct buf text;
	enum err err = identity_rows_put(txn, random, &options, &member->org);

	snprintf(invitation.fed_name, sizeof(invitation.fed_name), "%s", recovery->charter->name);
	snprintf(invitation.address, sizeof(invitation.address), "%s", recovery->address);
	snprintf(invitation.name, sizeof(invitation.name), "%s", member->name);
	snprintf(invitation.slug, sizeof(invitation.slug), "%s", member->home);
	snprintf(invitation.ags, sizeof(invitation.ags), "%s", member->ags);
	buf_init(&text, LIMIT_INVITATION_LEN_MAX);
	if (!err)
		err = invitation_put(&text, &invitation);
	if (!err)
		node_meta_put(txn, ROW_JOIN, buf_bytes(&text));
	for (unsigned i = 0; !err && i < LIMIT_NODE_COUNT_MAX; i++) {
		char name[sizeof(IDENTITY_RECOVERED_ROW) + 4];
		snprintf(name, sizeof(name), IDENTITY_RECOVERED_ROW "%u", i);
		if (recovery->lost[i])
			node_meta_put(txn, name, bytes_str(""));
	}
	buf_fini(&text);
	return err;
}

enum err identity_recover(struct keyring *keyring, struct txn *txn, struct random *random,
			  const struct identity_recovery *recovery)
{
	char name[IDENTITY_KEY_NAME_LEN] = "root";
	struct orglog now, next = {.nodes = NULL};
	struct sign_pk root;
	enum err err = orglog_load(txn, &recovery->member->org, &now);

	if (err)
		return err;
	identity_root_pk(&root, recovery->seed);
	if (!id_eq(&root, &recovery->member->root))
		err = ERR_DENIED;
	if (!err)
		err = nodes_without(&next, &now, recovery->lost);
	if (!err)
		err = recovery_rows(txn, random, recovery);
	struct orglog_node *node = err ? NULL : &next.nodes[next.node_count - 1];
	if (!err)
		err = node_keys_make(keyring, random, &now.first_root, node);
	if (!err && !id_eq(&root, &now.first_root))
		identity_root_name(name, &root);
	if (!err)
		err = keyring_put(keyring, name, bytes_obj(recovery->seed));
	if (!err)
		err = recovery_entry(keyring, txn, random, recovery, &now, &next);
	if (!err)
		identity_node_put(txn, node->index, &node->sign);
	free(next.nodes);
	orglog_fini(&now);
	return err ? err : txn_err(txn);
}
