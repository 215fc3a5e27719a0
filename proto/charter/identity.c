#include "proto/charter/identity.h"

#include <stdio.h>
#include <string.h>

#include "crypto/root.h"
#include "crypto/utf8.h"
#include "crypto/wrap.h"

/* META rows. */
#define ROW_NAME     "name"
#define ROW_SLUG     "slug"
#define ROW_AGS      "ags"
#define ROW_OPERATOR "operator"
#define ROW_ORG      "organisation"
#define ROW_STORE    "store"
#define ROW_NEXT     "next-root" /* hash of the root key that may follow */
#define ROW_NODE     "node"      /* index and signing key, since the log has first named it */

/* All secrets of a new node. */
struct keys {
	struct key root, next_root; /* seeds */
	struct key sign;
	struct key transport;
	struct key wrap;
};

static void meta_put(struct txn *txn, const char *name, struct bytes value)
{
	struct row_key key = key_name(name);

	txn_put(txn, TABLE_META, row_key_bytes(&key), value);
}

static bool meta_get(struct txn *txn, const char *name, struct bytes *value)
{
	struct row_key key = key_name(name);

	return txn_get(txn, TABLE_META, row_key_bytes(&key), value);
}

/* Entry 1: one node with all roles. */
static void first_entry(struct buf *out, const struct keys *keys, int64_t now_ms)
{
	struct orglog none, next;
	struct orglog_node node = {
		.index = 0,
		.state = ORGLOG_NODE_ACTIVE,
		.roles = ORGLOG_ROLE_PUBLISH | ORGLOG_ROLE_ADMIN | ORGLOG_ROLE_KEY_AUTHOR,
	};
	struct key root_sign, recovery;
	struct sign_pk root;

	root_sign_seed(&root_sign, &keys->root);
	root_recovery_key(&recovery, &keys->root);
	sign_pk_of(&root, &root_sign);
	sign_pk_of(&node.sign, &keys->sign);
	dh_pk_of(&node.transport, &keys->transport);
	orglog_possession(&node.possession, &keys->sign, &root, &node.sign, &node.transport);
	orglog_init(&none);
	next = (struct orglog){.time_ms = now_ms, .nodes = &node, .node_count = 1};
	dh_pk_of(&next.recovery, &recovery);
	dh_pk_of(&next.wrap, &keys->wrap);
	orglog_make(out, &none, &next, &root_sign);
	key_wipe(&root_sign);
	key_wipe(&recovery);
}

static void key_name_of(char out[IDENTITY_KEY_NAME_LEN], const char *kind, struct bytes id)
{
	char hex[2 * 8 + 1];

	hex_put(hex, bytes_slice(id, 0, 8));
	snprintf(out, IDENTITY_KEY_NAME_LEN, "%s-%s", kind, hex);
}

void identity_root_name(char out[IDENTITY_KEY_NAME_LEN], const struct sign_pk *root)
{
	key_name_of(out, "root", id_bytes(root));
}

void identity_next_name(char out[IDENTITY_KEY_NAME_LEN], const struct digest *next_root)
{
	key_name_of(out, "next", id_bytes(next_root));
}

void identity_root_pk(struct sign_pk *out, const struct key *seed)
{
	struct key sign;

	root_sign_seed(&sign, seed);
	sign_pk_of(out, &sign);
	key_wipe(&sign);
}

void identity_next_root(struct digest *out, const struct key *seed)
{
	struct sign_pk root;

	identity_root_pk(&root, seed);
	charter_next_root(out, &root);
}

static enum err keys_put(struct keyring *keyring, const struct keys *keys)
{
	char name[IDENTITY_KEY_NAME_LEN];
	struct digest next;
	enum err err = keyring_put(keyring, "root", bytes_obj(&keys->root));

	identity_next_root(&next, &keys->next_root);
	identity_next_name(name, &next);
	if (!err)
		err = keyring_put(keyring, name, bytes_obj(&keys->next_root));
	if (!err)
		err = keyring_put(keyring, "sign", bytes_obj(&keys->sign));
	if (!err)
		err = keyring_put(keyring, "transport", bytes_obj(&keys->transport));
	if (!err)
		err = keyring_put(keyring, "wrap", bytes_obj(&keys->wrap));
	return err;
}

static enum err options_check(const struct identity_options *options)
{
	struct bytes by = bytes_str(options->operator);

	if (charter_terms_check(bytes_str(options->name), bytes_str(options->slug),
				bytes_str(options->ags)) ||
	    by.len < 1 || by.len > IDENTITY_OPERATOR_LEN_MAX || !utf8_check(by, false))
		return ERR_CONFIG;
	return ERR_OK;
}

enum err identity_rows_put(struct txn *txn, struct random *random,
			   const struct identity_options *options, const struct org_id *org)
{
	struct bytes known;
	uint8_t store[8];
	enum err err = options_check(options);

	if (!err && meta_get(txn, ROW_ORG, &known))
		err = ERR_EXISTS;
	if (err)
		return err;
	random_fill(random, store, sizeof(store));
	meta_put(txn, ROW_NAME, bytes_str(options->name));
	meta_put(txn, ROW_SLUG, bytes_str(options->slug));
	meta_put(txn, ROW_AGS, bytes_str(options->ags));
	meta_put(txn, ROW_OPERATOR, bytes_str(options->operator));
	meta_put(txn, ROW_ORG, id_bytes(org));
	meta_put(txn, ROW_STORE, bytes_obj(&store));
	return txn_err(txn);
}

enum err identity_create(struct keyring *keyring, struct txn *txn, struct random *random,
			 const struct identity_options *options)
{
	struct keys keys;
	struct orglog log;
	struct buf entry;
	enum err err;

	random_fill(random, &keys, sizeof(keys));
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	first_entry(&entry, &keys, options->now_ms);
	err = entry.err;
	if (!err)
		err = orglog_entry_peek(&log, buf_bytes(&entry));
	if (!err) {
		const struct org_id org = log.id;
		orglog_fini(&log);
		struct digest next;
		struct sign_pk sign;
		identity_next_root(&next, &keys.next_root);
		err = identity_rows_put(txn, random, options, &org);
		meta_put(txn, ROW_NEXT, id_bytes(&next));
		sign_pk_of(&sign, &keys.sign);
		identity_node_put(txn, 0, &sign);
		if (!err)
			err = orglog_accept(txn, &org, buf_bytes(&entry), NULL);
	}
	if (!err)
		err = keys_put(keyring, &keys);
	secret_wipe(&keys, sizeof(keys));
	buf_fini(&entry);
	return err ? err : txn_err(txn);
}

static enum err text_load(struct txn *txn, const char *name, char *out, size_t size)
{
	struct bytes value;

	if (!meta_get(txn, name, &value))
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	if (value.len >= size)
		return ERR_CORRUPT;
	memcpy(out, value.ptr, value.len);
	out[value.len] = 0;
	return ERR_OK;
}

static enum err rows_load(struct identity *out, struct txn *txn)
{
	struct bytes value;
	enum err err = text_load(txn, ROW_NAME, out->name, sizeof(out->name));

	if (!err)
		err = text_load(txn, ROW_SLUG, out->slug, sizeof(out->slug));
	if (!err)
		err = text_load(txn, ROW_AGS, out->ags, sizeof(out->ags));
	if (!err)
		err = text_load(txn, ROW_OPERATOR, out->operator, sizeof(out->operator));
	if (err)
		return err;
	if (!meta_get(txn, ROW_ORG, &value) || value.len != ID_LEN)
		return txn_err(txn) ? txn_err(txn) : ERR_CORRUPT;
	memcpy(out->org.b, value.ptr, ID_LEN);
	if (!meta_get(txn, ROW_STORE, &value) || value.len != 8)
		return txn_err(txn) ? txn_err(txn) : ERR_CORRUPT;
	out->store_incarnation = be64_get(value.ptr);
	if (meta_get(txn, ROW_NEXT, &value) && value.len == ID_LEN)
		memcpy(out->next_root.b, value.ptr, ID_LEN);
	return txn_err(txn);
}

enum err identity_place_load(struct identity_place *out, struct txn *txn)
{
	struct bytes value;

	*out = (struct identity_place){.node_index = 0};
	enum err err = text_load(txn, ROW_SLUG, out->slug, sizeof(out->slug));
	if (!err)
		err = text_load(txn, ROW_NAME, out->name, sizeof(out->name));
	if (!err)
		err = text_load(txn, ROW_AGS, out->ags, sizeof(out->ags));
	if (err)
		return err;
	if (!meta_get(txn, ROW_ORG, &value) || value.len != ID_LEN)
		return txn_err(txn) ? txn_err(txn) : ERR_CORRUPT;
	memcpy(out->org.b, value.ptr, ID_LEN);
	if (meta_get(txn, ROW_NODE, &value) && value.len == 1 + ID_LEN)
		out->node_index = value.ptr[0];
	return txn_err(txn);
}

static enum err key_load(struct keyring *keyring, const char *name, struct secret **out)
{
	enum err err = keyring_get(keyring, name, out);

	if (!err && secret_bytes(*out).len != KEY_LEN)
		err = ERR_CORRUPT;
	return err;
}

static enum err optional_load(struct keyring *keyring, const char *name, struct secret **out)
{
	enum err err = key_load(keyring, name, out);

	return err == ERR_ABSENT ? ERR_OK : err;
}

static enum err keys_load(struct identity *out, struct keyring *keyring)
{
	enum err err = key_load(keyring, "sign", &out->sign);

	if (!err)
		err = key_load(keyring, "transport", &out->transport);
	if (!err)
		err = optional_load(keyring, "wrap", &out->wrap);
	if (err == ERR_ABSENT)
		return ERR_CORRUPT;
	/* Its absence is a way of life, not a fault. */
	return err ? err : optional_load(keyring, "root", &out->root);
}

void identity_node_put(struct txn *txn, uint8_t index, const struct sign_pk *sign)
{
	uint8_t row[1 + ID_LEN] = {index};

	memcpy(row + 1, sign->b, ID_LEN);
	meta_put(txn, ROW_NODE, bytes_obj(&row));
}

/*
 * Which node of the organisation has these keys? It stays that one when another entry counts later
 * in the place of the one that added it.
 */
static enum err node_find(struct identity *out, struct txn *txn)
{
	struct orglog log;
	struct bytes value;
	enum err err = orglog_load(txn, &out->org, &log);

	if (err)
		return err != ERR_ABSENT ? err : out->wrap ? ERR_CORRUPT : ERR_AGAIN;
	sign_pk_of(&out->sign_pk, secret_key(out->sign));
	dh_pk_of(&out->transport_pk, secret_key(out->transport));
	out->wrap_pk = log.wrap;
	err = ERR_CORRUPT;
	for (size_t i = 0; i < log.node_count; i++) {
		if (!id_eq(&log.nodes[i].sign, &out->sign_pk) ||
		    !id_eq(&log.nodes[i].transport, &out->transport_pk))
			continue;
		out->node_index = log.nodes[i].index;
		err = ERR_OK;
	}
	if (err && meta_get(txn, ROW_NODE, &value) && value.len == 1 + ID_LEN &&
	    !memcmp(value.ptr + 1, out->sign_pk.b, ID_LEN)) {
		out->node_index = value.ptr[0];
		err = txn_err(txn);
	}
	orglog_fini(&log);
	return err;
}

enum err identity_load(struct identity *out, struct keyring *keyring, struct txn *txn)
{
	*out = (struct identity){0};
	enum err err = rows_load(out, txn);
	if (!err)
		err = keys_load(out, keyring);
	if (!err)
		err = node_find(out, txn);
	if (!err && out->node_index == 0 && !out->wrap)
		err = ERR_CORRUPT;
	if (err)
		identity_fini(out);
	return err;
}

void identity_fini(struct identity *identity)
{
	secret_close(identity->sign);
	secret_close(identity->transport);
	secret_close(identity->wrap);
	secret_close(identity->root);
	*identity = (struct identity){0};
}

enum err identity_root_sign_seed(struct key *out, const struct identity *identity)
{
	if (!identity->root)
		return ERR_ABSENT;
	root_sign_seed(out, secret_key(identity->root));
	return ERR_OK;
}

static bool seed_fits(const struct key *seed, const struct sign_pk *root)
{
	struct sign_pk pk;

	identity_root_pk(&pk, seed);
	return id_eq(&pk, root);
}

enum err identity_root_seed(struct key *seed, const struct identity *identity,
			    struct keyring *keyring, const struct sign_pk *root)
{
	char name[IDENTITY_KEY_NAME_LEN];
	struct secret *later = NULL;

	if (identity->root && (!root || seed_fits(secret_key(identity->root), root))) {
		*seed = *secret_key(identity->root);
		return ERR_OK;
	}
	if (!root)
		return ERR_ABSENT;
	identity_root_name(name, root);
	enum err err = key_load(keyring, name, &later);
	if (!err && !seed_fits(secret_key(later), root))
		err = ERR_CORRUPT;
	if (!err)
		*seed = *secret_key(later);
	secret_close(later);
	return err;
}
