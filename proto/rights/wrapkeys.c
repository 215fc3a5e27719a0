#include "proto/rights/wrapkeys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/node_offer.h"

/* Rows: SEALED "wrap:NUMBER", the secret wrap key that the log names since entry NUMBER. */

/* Of a number there may be several, as the log may have forked there. */
static bool wrap_known(const struct wrapkeys *m, uint32_t number, const struct key *key)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->items[i].number == number && key_eq(secret_key(m->items[i].secret), key))
			return true;
	return false;
}

/* Takes the secret. The newest comes first. */
static void wrap_keep(struct hub *hub, uint32_t number, struct secret *secret)
{
	struct wrapkeys *m = hub->wrapkeys;
	struct dh_pk pk;
	size_t at = 0;
	while (at < m->count && m->items[at].number > number)
		at++;
	if (m->count == WRAPKEYS_COUNT_MAX || wrap_known(m, number, secret_key(secret))) {
		secret_close(secret);
		return;
	}
	m->items = mem_room(m->items, m->count, &m->cap, sizeof(*m->items));
	memmove(&m->items[at + 1], &m->items[at], (m->count - at) * sizeof(*m->items));
	m->items[at] = (struct wrap_secret){.number = number, .secret = secret};
	dh_pk_of(&pk, secret_key(secret));
	wrap_key_id(&m->items[at].id, &pk);
	m->count++;
}

void wrapkeys_store(struct hub *hub, struct txn *txn, uint32_t number, const struct key *key)
{
	if (wrap_known(hub->wrapkeys, number, key))
		return;
	txn_fail(txn, identity_wrap_put(hub->options.keyring, txn, number, key));
	wrap_keep(hub, number, secret_open(bytes_of(key->b, KEY_LEN)));
}

enum err wrapkeys_open(struct hub *hub, struct txn *txn)
{
	const struct identity *identity = hub->options.identity;
	struct walk walk = walk_begin(txn, TABLE_SEALED, bytes_str(IDENTITY_WRAP_ROW));
	while (walk_next(&walk)) {
		char name[40];
		struct secret *secret;
		if (walk.key.len >= sizeof(name))
			continue;
		memcpy(name, walk.key.ptr, walk.key.len);
		name[walk.key.len] = 0;
		enum err err = keyring_unseal(hub->options.keyring, &secret, name, walk.value);
		if (err)
			return err;
		if (secret_bytes(secret).len != KEY_LEN) {
			secret_close(secret);
			return ERR_CORRUPT;
		}
		wrap_keep(hub, (uint32_t)strtoul(name + strlen(IDENTITY_WRAP_ROW), NULL, 10),
			  secret);
	}
	if (identity->wrap)
		wrap_keep(hub, 1, secret_open(secret_bytes(identity->wrap)));
	return txn_err(txn);
}

void wrapkeys_close(struct hub *hub)
{
	for (size_t i = 0; i < hub->wrapkeys->count; i++)
		secret_close(hub->wrapkeys->items[i].secret);
	free(hub->wrapkeys->items);
}

enum err wrapkeys_unwrap(const struct hub *hub, const struct wrap_key_id *id,
			 const struct wrap *wrap, const struct wrap_context *context,
			 struct key *out)
{
	const struct wrapkeys *m = hub->wrapkeys;
	for (size_t i = 0; i < m->count; i++)
		if (memcmp(m->items[i].id.b, id->b, WRAP_KEY_ID_LEN) == 0)
			return wrap_open(out, wrap, secret_key(m->items[i].secret), context);
	return ERR_DENIED;
}

bool wrapkeys_dead(struct hub *hub, struct txn *txn, const struct org_id *org,
		   const struct wrap_key_id *key)
{
	struct orglog log;

	if (orglog_load(txn, org, &log))
		return false; /* nothing is known of it yet, and nothing is wrapped to it */
	bool dead = orglog_wrap_is_dead(&log, key->b);
	orglog_fini(&log);
	return dead;
}

void wrapkeys_arrival(struct hub *hub, struct txn *txn, const struct record *record)
{
	const struct identity *identity = hub->options.identity;
	struct record_slot slot = {.b = {RECORD_WRAP_KEY, identity->node_index}, .len = 2};
	uint32_t number;
	struct wrap wrap;
	struct key key;
	if (author_member(record->author) != author_member(hub->author) ||
	    !bytes_eq(record->slot, record_slot_bytes(&slot)) ||
	    wrap_key_get(&number, &wrap, record->body))
		return;
	struct wrap_context context = node_handover_context(&identity->org, number);
	if (!wrap_open(&key, &wrap, secret_key(identity->transport), &context))
		wrapkeys_store(hub, txn, number, &key);
	key_wipe(&key);
}
