#include "proto/rights/fedkeys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/ledger/keywrap.h"
#include "proto/rights/wrapkeys.h"

const struct key *fedkeys_get(const struct hub *hub, uint64_t number)
{
	const struct fedkeys *fedkeys = hub->fedkeys;
	if (number == 0 || number > fedkeys->count || !fedkeys->items[number - 1])
		return NULL;
	return secret_key(fedkeys->items[number - 1]);
}

enum { NAME_LEN = 64 };
/* Others look after this time, when the one who should has not wrapped the key; stewards sooner. */
static const int64_t steward_ms = 10 * 1000, anybody_ms = 30 * 1000, random_ms = 90 * 1000;
static const int64_t log_ms = 4 * 1000; /* a steward, when a member's log has changed */
/*
 * A member may lack a wrap without any change of the charter: its log came late, it has a second
 * node.
 */
static const int64_t again_ms = 10 * 60 * 1000;

static void fed_key_name(char name[NAME_LEN], uint64_t number)
{
	snprintf(name, NAME_LEN, "fed-%llu", (unsigned long long)number);
}

static void waiting_name(char name[NAME_LEN], uint64_t number, const struct digest *commitment)
{
	snprintf(name, NAME_LEN, "fed-next-%llu-%016llx", (unsigned long long)number,
		 (unsigned long long)be64_get(commitment->b));
}

/* Takes the secret. */
static void fed_key_keep(struct hub *hub, uint64_t number, struct secret *secret)
{
	struct fedkeys *fedkeys = hub->fedkeys;
	if (number > fedkeys->count) {
		fedkeys->items = mem_grow(fedkeys->items, number, sizeof(secret));
		for (uint64_t i = fedkeys->count; i < number; i++)
			fedkeys->items[i] = NULL;
		fedkeys->count = number;
	}
	secret_close(fedkeys->items[number - 1]);
	fedkeys->items[number - 1] = secret;
}

static void seal_row(struct hub *hub, struct txn *txn, const char *name, const struct key *key)
{
	struct buf sealed;
	buf_init(&sealed, 256);
	keyring_seal(hub->options.keyring, &sealed, name, bytes_of(key->b, KEY_LEN));
	struct row_key row = key_name(name);
	txn_put_row(txn, TABLE_SEALED, &row, &sealed);
}

/* ERR_ABSENT, ERR_CORRUPT */
static enum err unseal_row(struct hub *hub, struct txn *txn, const char *name, struct secret **out)
{
	struct row_key row = key_name(name);
	struct bytes sealed;
	if (!txn_get(txn, TABLE_SEALED, row_key_bytes(&row), &sealed))
		return ERR_ABSENT;
	enum err err = keyring_unseal(hub->options.keyring, out, name, sealed);
	if (!err && secret_bytes(*out).len != KEY_LEN) {
		secret_close(*out);
		err = ERR_CORRUPT;
	}
	return err;
}

void fedkeys_store(struct hub *hub, struct txn *txn, uint64_t number, const struct key *key)
{
	char name[NAME_LEN];
	fed_key_name(name, number);
	seal_row(hub, txn, name, key);
	fed_key_keep(hub, number, secret_open(bytes_of(key->b, KEY_LEN)));
}

enum err fedkeys_open(struct hub *hub, struct txn *txn)
{
	for (uint64_t n = 1; n <= hub->charter.key_number; n++) {
		char name[NAME_LEN];
		struct secret *secret;
		fed_key_name(name, n);
		enum err err = unseal_row(hub, txn, name, &secret);
		if (!err)
			fed_key_keep(hub, n, secret);
		else if (err != ERR_ABSENT)
			return err;
	}
	return ERR_OK;
}

void fedkeys_close(struct hub *hub)
{
	for (size_t i = 0; i < hub->fedkeys->count; i++)
		secret_close(hub->fedkeys->items[i]);
	free(hub->fedkeys->items);
}

/* ---- getting keys ---- */

/* PROTOCOL: "it is believed when its commitment is the charter's." */
static bool believed(struct txn *txn, uint64_t number, const struct key *key)
{
	struct digest commitment, expected;
	bool has_sealed;
	uint8_t sealed[FEDKEY_SEALED_LEN];
	if (fedkey_find(txn, number, &expected, &has_sealed, sealed))
		return false;
	fedkey_commitment(&commitment, key, number);
	return id_eq(&commitment, &expected);
}

/* Each key opens the one before. */
static void unroll(struct hub *hub, struct txn *txn)
{
	struct digest commitment;
	bool has_sealed;
	uint8_t sealed[FEDKEY_SEALED_LEN];
	struct key previous;
	for (uint64_t n = hub->charter.key_number; n > 1 && fedkeys_get(hub, n); n--) {
		if (fedkeys_get(hub, n - 1))
			continue;
		if (fedkey_find(txn, n, &commitment, &has_sealed, sealed) || !has_sealed ||
		    fedkey_open_previous(&previous, fedkeys_get(hub, n), n, sealed))
			break;
		if (believed(txn, n - 1, &previous))
			fedkeys_store(hub, txn, n - 1, &previous);
	}
	key_wipe(&previous);
}

static void got(struct hub *hub, struct txn *txn, uint64_t number, const struct key *key)
{
	fedkeys_store(hub, txn, number, key);
	unroll(hub, txn);
	hub->wanted_epoch++;
}

/* A wrap for this organisation, of a key that the charter names and that is not here. */
void fedkeys_arrival(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct keywrap wrap;
	struct key key;
	if (keywrap_get(&wrap, record->body) || wrap.prefix.len ||
	    wrap.number > hub->charter.key_number || fedkeys_get(hub, wrap.number) ||
	    !id_eq(&wrap.grantee, &hub->options.identity->org))
		return;
	const struct charter_member *granter = hub_author_member(hub, record->author);
	if (!granter)
		return;
	struct wrap_context context = {.granter = granter->org,
				       .grantee = wrap.grantee,
				       .prefix = wrap.prefix,
				       .number = wrap.number};
	if (!wrapkeys_unwrap(hub, &wrap.key, &wrap.wrap, &context, &key) &&
	    believed(txn, wrap.number, &key))
		got(hub, txn, wrap.number, &key);
	key_wipe(&key);
}

/* Wraps may have come before the charter entry that commits to their key. */
static void wraps_look(struct hub *hub, struct txn *txn)
{
	uint64_t number = hub->charter.key_number;
	struct record_slot slot = record_slot_wrap(&hub->options.identity->org, bytes_of(NULL, 0));
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
	struct record record;
	while (!fedkeys_get(hub, number) && ledger_slots_next(&slots, &record))
		fedkeys_arrival(hub, txn, &record);
}

/* ---- keys that wait for their entry ---- */

/* Keys of numbers that the charter gives to others, or to none, after it went back. */
static void keys_put_back(struct hub *hub, struct txn *txn)
{
	struct fedkeys *fedkeys = hub->fedkeys;
	for (uint64_t n = 1; n <= fedkeys->count; n++) {
		const struct key *key = fedkeys_get(hub, n);
		char name[NAME_LEN];
		struct digest commitment;
		if (!key || believed(txn, n, key))
			continue;
		fedkey_commitment(&commitment, key, n);
		waiting_name(name, n, &commitment);
		seal_row(hub, txn, name, key);
		fed_key_name(name, n);
		struct row_key row = key_name(name);
		txn_del(txn, TABLE_SEALED, row_key_bytes(&row));
		secret_close(fedkeys->items[n - 1]);
		fedkeys->items[n - 1] = NULL;
	}
}

/* Keys of proposals that have come to nothing. */
static void waiting_drop(struct hub *hub, struct txn *txn)
{
	static const char prefix[] = "fed-next-";
	struct walk walk = walk_begin(txn, TABLE_SEALED, bytes_str(prefix));
	while (walk_next(&walk)) {
		char text[NAME_LEN] = "";
		if (walk.key.len < sizeof(text))
			memcpy(text, walk.key.ptr, walk.key.len);
		if (strtoull(text + sizeof(prefix) - 1, NULL, 10) < hub->charter.key_number)
			txn_del(txn, TABLE_SEALED, bytes_of(walk.last, walk.last_len));
	}
}

/* ---- wrapping ---- */

static void wrap_put(struct hub *hub, struct txn *txn, const struct charter_member *member,
		     uint64_t number, const struct key *key, const struct dh_pk *recipient)
{
	struct keywrap wrap = {.grantee = member->org, .number = number};
	struct wrap_context context = {
		.granter = hub->options.identity->org, .grantee = member->org, .number = number};
	if (wrap_seal(&wrap.wrap, key, recipient, &context, hub->options.random))
		return;
	wrap_key_id(&wrap.key, recipient);
	struct buf body;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keywrap_put(&body, &wrap);
	struct record_slot slot = record_slot_wrap(&member->org, wrap.prefix);
	enum err err = ledger_append(&hub->ledger, txn, RECORD_WRAP, record_slot_bytes(&slot),
				     buf_bytes(&body), NULL, LEDGER_QUIET);
	buf_fini(&body);
	/* Over the own quota another member does it. */
	if (err && err != ERR_NOSPACE)
		txn_fail(txn, err);
}

/* Relays get none. What cannot be wrapped now, as the member's log is not here, is later. */
static void wrap_for(struct hub *hub, struct txn *txn, const struct charter_member *member,
		     uint64_t number, const struct key *key)
{
	struct orglog log;
	if (member->state != CHARTER_MEMBER || orglog_is_forked(txn, &member->org) ||
	    orglog_load(txn, &member->org, &log))
		return;
	wrap_put(hub, txn, member, number, key, &log.wrap);
	orglog_fini(&log);
}

void fedkeys_wrap(struct hub *hub, struct txn *txn, const struct charter_member *member)
{
	const struct key *key = fedkeys_get(hub, hub->charter.key_number);
	if (key && hub->signing == SIGNING_YES)
		wrap_for(hub, txn, member, hub->charter.key_number, key);
}

static bool is_leaving(const uint32_t *numbers, size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++) {
		if (numbers[i] == number)
			return true;
	}
	return false;
}

/* Which key was wrapped for all members, as those of two proposals may have one number. */
static struct row_key wrapped_row(void)
{
	return key_name("fedkey-wrapped");
}

static void wrap_all(struct hub *hub, struct txn *txn, uint64_t number, const struct key *key,
		     const struct digest *commitment, const uint32_t *leaving, size_t leaving_count)
{
	struct row_key row = wrapped_row();
	for (uint32_t n = 1; n <= hub->charter.member_count; n++) {
		if (!is_leaving(leaving, leaving_count, n))
			wrap_for(hub, txn, charter_member(&hub->charter, n), number, key);
	}
	txn_put(txn, TABLE_META, row_key_bytes(&row), id_bytes(commitment));
}

/* The own proposal has come to count. */
static void waiting_take(struct hub *hub, struct txn *txn)
{
	const struct digest *commitment = &hub->charter.key_commitment;
	uint64_t number = hub->charter.key_number;
	struct row_key row = wrapped_row();
	struct secret *secret;
	struct bytes wrapped;
	char name[NAME_LEN];
	waiting_name(name, number, commitment);
	if (fedkeys_get(hub, number) || unseal_row(hub, txn, name, &secret))
		return;
	if (believed(txn, number, secret_key(secret))) {
		got(hub, txn, number, secret_key(secret));
		bool done = txn_get(txn, TABLE_META, row_key_bytes(&row), &wrapped) &&
			    bytes_eq(wrapped, id_bytes(commitment));
		if (!done && hub->signing == SIGNING_YES)
			wrap_all(hub, txn, number, secret_key(secret), commitment, NULL, 0);
	}
	secret_close(secret);
}

/*
 * PROTOCOL: "The proposer of a new federation key wraps it (section 5.2) for all members that stay,
 * before the entry counts."
 */
enum err fedkeys_next(struct hub *hub, struct txn *txn, struct charter_change *key_change,
		      const uint32_t *leaving, size_t leaving_count)
{
	const struct charter *charter = &hub->charter;
	const struct key *previous = fedkeys_get(hub, charter->key_number);
	struct key key;
	char name[NAME_LEN];
	if (!previous || !hub->author || hub->signing != SIGNING_YES)
		return ERR_AGAIN;
	random_fill(hub->options.random, key.b, sizeof(key.b));
	*key_change = (struct charter_change){
		.kind = CHARTER_KEY, .key_number = charter->key_number + 1, .has_sealed = true};
	fedkey_commitment(&key_change->key_commitment, &key, key_change->key_number);
	fedkey_seal_previous(key_change->sealed, &key, key_change->key_number, previous,
			     hub->options.random);
	waiting_name(name, key_change->key_number, &key_change->key_commitment);
	seal_row(hub, txn, name, &key);
	wrap_all(hub, txn, key_change->key_number, &key, &key_change->key_commitment, leaving,
		 leaving_count);
	key_wipe(&key);
	return txn_err(txn);
}

/* Own wraps of keys that the latest one opens. */
static void old_wraps_drop(struct hub *hub, struct txn *txn)
{
	const uint8_t kind = RECORD_WRAP;
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&kind));
	struct record record;
	struct keywrap wrap;
	slots.author = hub->author;
	while (ledger_slots_next(&slots, &record)) {
		if (record.author != hub->author || keywrap_get(&wrap, record.body) ||
		    wrap.prefix.len || wrap.number >= hub->charter.key_number)
			continue;
		struct record_slot slot = record_slot_copy(record.slot);
		ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot));
	}
}

/* Whether it is to a key that a lost node knew. */
static bool is_dead(struct txn *txn, const struct charter_member *member,
		    const struct keywrap *wrap)
{
	struct orglog log;

	if (orglog_load(txn, &member->org, &log))
		return false;
	const bool dead = orglog_wrap_is_dead(&log, wrap->key.b);
	orglog_fini(&log);
	return dead;
}

/*
 * Whether somebody has wrapped the latest key for a member. A steward trusts only stewards to have
 * done it well.
 */
static bool is_wrapped(struct hub *hub, struct txn *txn, const struct charter_member *member)
{
	struct record_slot slot = record_slot_wrap(&member->org, bytes_of(NULL, 0));
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
	bool steward = charter_is_steward(&hub->charter, author_member(hub->author));
	struct record record;
	struct keywrap wrap;
	while (ledger_slots_next(&slots, &record)) {
		if (keywrap_get(&wrap, record.body))
			continue;
		/* What an own proposal waits with stays, and others give the key of now. */
		if (wrap.number == hub->charter.key_number
			    ? (!steward ||
			       charter_is_steward(&hub->charter, author_member(record.author))) &&
				      !is_dead(txn, member, &wrap)
			    : record.author == hub->author && wrap.number > hub->charter.key_number)
			return true;
	}
	return false;
}

static void due_set(struct hub *hub)
{
	bool steward = charter_is_steward(&hub->charter, author_member(hub->author));
	hub->fedkeys->due_ms = hub->mono_ms + (steward ? steward_ms : anybody_ms) +
			       (int64_t)random_below(hub->options.random,
						     (uint64_t)(steward ? steward_ms : random_ms));
	hub->fedkeys->keys_epoch = hub->keys_epoch;
}

/* A log has changed: of a member that has lost a node everything is wrapped anew. */
static void logs_look(struct hub *hub)
{
	struct fedkeys *fedkeys = hub->fedkeys;
	const bool steward = charter_is_steward(&hub->charter, author_member(hub->author));
	const int64_t due_ms =
		hub->mono_ms + (int64_t)random_below(hub->options.random,
						     (uint64_t)(steward ? log_ms : random_ms));

	fedkeys->keys_epoch = hub->keys_epoch;
	if (fedkeys->due_ms > due_ms)
		fedkeys->due_ms = due_ms;
}

void fedkeys_tick(struct hub *hub, struct txn *txn)
{
	const struct charter *charter = &hub->charter;
	if (fedkeys_wake(hub) != INT64_MAX && hub->fedkeys->keys_epoch != hub->keys_epoch)
		logs_look(hub);
	if (hub->mono_ms < fedkeys_wake(hub))
		return;
	for (uint32_t n = 1; n <= charter->member_count; n++) {
		const struct charter_member *member = charter_member(charter, n);
		if (member->state == CHARTER_MEMBER && !is_wrapped(hub, txn, member))
			fedkeys_wrap(hub, txn, member);
	}
	hub->fedkeys->due_ms = hub->mono_ms + hub_jitter(hub, again_ms);
}

int64_t fedkeys_wake(const struct hub *hub)
{
	if (!hub->author || hub->signing != SIGNING_YES ||
	    !fedkeys_get(hub, hub->charter.key_number))
		return INT64_MAX;
	return hub->fedkeys->due_ms;
}

void fedkeys_charter_changed(struct hub *hub, struct txn *txn)
{
	struct fedkeys *fedkeys = hub->fedkeys;
	keys_put_back(hub, txn);
	if (!hub->author)
		return;
	waiting_take(hub, txn);
	if (!fedkeys_get(hub, hub->charter.key_number))
		wraps_look(hub, txn);
	due_set(hub);
	if (!fedkeys_get(hub, hub->charter.key_number) ||
	    fedkeys->cleaned == hub->charter.key_number)
		return;
	waiting_drop(hub, txn);
	if (hub->signing != SIGNING_YES)
		return;
	fedkeys->cleaned = hub->charter.key_number;
	old_wraps_drop(hub, txn);
}
