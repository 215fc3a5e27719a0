/*
 * fedkeys - the federation keys F_n at this node: sealed in the store, got from wraps, wrapped for others
 * (docs/PROTOCOL.md, sections 4 and 5.2).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/core_state.h"
#include "proto/keywrap.h"

const struct key *fedkeys_get(const struct core *core, uint64_t number)
{
	const struct membership *membership = &core->membership;
	if (number == 0 || number > membership->fed_key_count || !membership->fed_keys[number - 1])
		return NULL;
	return secret_key(membership->fed_keys[number - 1]);
}

static void fed_key_name(char name[32], uint64_t number)
{
	snprintf(name, 32, "fed-%llu", (unsigned long long)number);
}

/* Takes the secret. */
static void fed_key_keep(struct core *core, uint64_t number, struct secret *secret)
{
	struct membership *membership = &core->membership;
	if (number > membership->fed_key_count) {
		membership->fed_keys = mem_grow(membership->fed_keys, number, sizeof(secret));
		for (uint64_t i = membership->fed_key_count; i < number; i++)
			membership->fed_keys[i] = NULL;
		membership->fed_key_count = number;
	}
	secret_close(membership->fed_keys[number - 1]);
	membership->fed_keys[number - 1] = secret;
}

void fedkeys_store(struct core *core, struct txn *txn, uint64_t number, const struct key *key)
{
	char name[32];
	struct buf sealed;
	fed_key_name(name, number);
	buf_init(&sealed, 256);
	keyring_seal(core->options.keyring, &sealed, name, bytes_of(key->b, KEY_LEN));
	struct row_key row = key_name(name);
	if (sealed.err == ERR_OK)
		txn_put(txn, TABLE_SEALED, row_key_bytes(&row), buf_bytes(&sealed));
	else
		txn_fail(txn, sealed.err);
	buf_fini(&sealed);
	fed_key_keep(core, number, secret_open(bytes_of(key->b, KEY_LEN)));
}

enum err fedkeys_load(struct core *core, struct txn *txn)
{
	for (uint64_t n = 1; n <= core->charter.key_number; n++) {
		char name[32];
		struct bytes sealed;
		struct secret *secret;
		fed_key_name(name, n);
		struct row_key row = key_name(name);
		if (!txn_get(txn, TABLE_SEALED, row_key_bytes(&row), &sealed))
			continue;
		enum err err = keyring_unseal(core->options.keyring, &secret, name, sealed);
		if (err != ERR_OK)
			return err;
		if (secret_bytes(secret).len != KEY_LEN) {
			secret_close(secret);
			return ERR_CORRUPT;
		}
		fed_key_keep(core, n, secret);
	}
	return ERR_OK;
}

void fedkeys_wrap_news(struct core *core, struct txn *txn, struct bytes whole)
{
	struct record record;
	struct keywrap wrap;
	struct digest commitment, expected;
	bool has_sealed;
	uint8_t sealed[FEDKEY_SEALED_LEN];
	if (record_decode(&record, whole) != ERR_OK || keywrap_get(&wrap, record.body) != ERR_OK ||
	    wrap.prefix.len || wrap.path.len || fedkeys_get(core, wrap.number) ||
	    !id_eq(&wrap.grantee, &core->options.identity->org) || wrap.number > UINT32_MAX)
		return;
	const struct charter_member *granter = core_author_member(core, record.author);
	if (!granter || fedkey_find(txn, wrap.number, &expected, &has_sealed, sealed) != ERR_OK)
		return;
	struct wrap_context context = {.granter = granter->org,
				       .grantee = wrap.grantee,
				       .prefix = wrap.prefix,
				       .number = wrap.number,
				       .path = wrap.path};
	struct key key;
	/* PROTOCOL: "it is believed when its commitment is the charter's." */
	if (nodes_unwrap(core, &wrap.wrap, &context, &key) == ERR_OK) {
		fedkey_commitment(&commitment, &key, wrap.number);
		if (id_eq(&commitment, &expected)) {
			fedkeys_store(core, txn, wrap.number, &key);
			core->transfer.scan_due = true;
		}
	}
	key_wipe(&key);
}

/* Publishes the federation key for one member. */
void fedkeys_wrap(struct core *core, struct txn *txn, const struct charter_member *member)
{
	struct orglog log;
	uint64_t number = core->charter.key_number;
	const struct key *key = fedkeys_get(core, number);
	if (!key || orglog_load(txn, &member->org, &log) != ERR_OK)
		return;
	struct keywrap wrap = {.grantee = member->org, .number = number};
	struct wrap_context context = {
		.granter = core->options.identity->org, .grantee = member->org, .number = number};
	enum err err = wrap_seal(&wrap.wrap, key, &log.wrap, &context, core->options.random);
	orglog_fini(&log);
	if (err != ERR_OK)
		return;
	struct buf body;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keywrap_put(&body, &wrap);
	struct record_slot slot = record_slot_wrap(&member->org, number, wrap.prefix, wrap.path);
	err = ledger_append(&core->ledger, txn, RECORD_WRAP, record_slot_bytes(&slot),
			    buf_bytes(&body), NULL, NULL);
	buf_fini(&body);
	if (err != ERR_OK)
		txn_fail(txn, err);
}
