/*
 * identity_node - another node of an organisation makes its keys and is taken in (docs/PROTOCOL.md,
 * section 3.1).
 */
#include <stdio.h>
#include <string.h>

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

static enum err wraps_take(struct keyring *keyring, struct txn *txn, struct node_answer *answer)
{
	struct secret *handover = NULL;
	struct wrap wrap;
	uint32_t number;
	enum err err = keyring_get(keyring, "handover", &handover);

	while (!err && node_answer_wrap_next(answer, &number, &wrap)) {
		struct wrap_context context = node_handover_context(&answer->org, number);
		struct key key;
		err = wrap_open(&key, &wrap, secret_key(handover), &context);
		if (!err)
			err = identity_wrap_put(keyring, txn, number, &key);
		key_wipe(&key);
	}
	secret_close(handover);
	return err;
}

enum err identity_accept(struct keyring *keyring, struct txn *txn, struct bytes text)
{
	struct node_answer answer;
	struct identity identity;
	struct org_id org;
	struct buf storage;
	struct bytes entry;

	buf_init(&storage, ENVELOPE_LEN_MAX);
	enum err err = id_load(txn, ROW_ORG, org.b);
	if (!err)
		err = node_answer_get(&answer, &storage, text);
	if (!err && !id_eq(&answer.org, &org))
		err = ERR_DENIED;
	while (!err && node_answer_entry_next(&answer, &entry)) {
		err = orglog_accept(txn, &org, entry, NULL);
		if (err == ERR_EXISTS)
			err = ERR_OK;
	}
	if (!err)
		err = wraps_take(keyring, txn, &answer);
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
	buf_fini(&storage);
	return err;
}
