/*
 * fedkeys - the federation keys F_n at this node: sealed in the store, got from wraps, made anew, wrapped for others
 * (docs/PROTOCOL.md, sections 4 and 5.2).
 *
 * A key is stored under the name fed-NUMBER once the charter commits to it, before that (of a proposal), or when the
 * charter does not any more (it went back), under fed-next-NUMBER-COMMITMENT. Of the keys before the latest one none has to
 * be sent: each opens the one before.
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

enum { NAME_LEN = 64 };
/* Others look after this time, when the one who should has not wrapped the key; stewards sooner. */
static const int64_t steward_ms = 10 * 1000, anybody_ms = 30 * 1000, random_ms = 90 * 1000;
/* A member may lack a wrap without any change of the charter: its log came late, it has a second node. */
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

static void seal_row(struct core *core, struct txn *txn, const char *name, const struct key *key)
{
	struct buf sealed;
	buf_init(&sealed, 256);
	keyring_seal(core->options.keyring, &sealed, name, bytes_of(key->b, KEY_LEN));
	struct row_key row = key_name(name);
	if (sealed.err == ERR_OK)
		txn_put(txn, TABLE_SEALED, row_key_bytes(&row), buf_bytes(&sealed));
	else
		txn_fail(txn, sealed.err);
	buf_fini(&sealed);
}

/* ERR_ABSENT, ERR_CORRUPT */
static enum err unseal_row(struct core *core, struct txn *txn, const char *name,
			   struct secret **out)
{
	struct row_key row = key_name(name);
	struct bytes sealed;
	if (!txn_get(txn, TABLE_SEALED, row_key_bytes(&row), &sealed))
		return ERR_ABSENT;
	enum err err = keyring_unseal(core->options.keyring, out, name, sealed);
	if (err == ERR_OK && secret_bytes(*out).len != KEY_LEN) {
		secret_close(*out);
		err = ERR_CORRUPT;
	}
	return err;
}

void fedkeys_store(struct core *core, struct txn *txn, uint64_t number, const struct key *key)
{
	char name[NAME_LEN];
	fed_key_name(name, number);
	seal_row(core, txn, name, key);
	fed_key_keep(core, number, secret_open(bytes_of(key->b, KEY_LEN)));
}

enum err fedkeys_load(struct core *core, struct txn *txn)
{
	for (uint64_t n = 1; n <= core->charter.key_number; n++) {
		char name[NAME_LEN];
		struct secret *secret;
		fed_key_name(name, n);
		enum err err = unseal_row(core, txn, name, &secret);
		if (err == ERR_OK)
			fed_key_keep(core, n, secret);
		else if (err != ERR_ABSENT)
			return err;
	}
	return ERR_OK;
}

/* ---- getting keys ---- */

/* PROTOCOL: "it is believed when its commitment is the charter's." */
static bool believed(struct txn *txn, uint64_t number, const struct key *key)
{
	struct digest commitment, expected;
	bool has_sealed;
	uint8_t sealed[FEDKEY_SEALED_LEN];
	if (fedkey_find(txn, number, &expected, &has_sealed, sealed) != ERR_OK)
		return false;
	fedkey_commitment(&commitment, key, number);
	return id_eq(&commitment, &expected);
}

/* Each key opens the one before. */
static void unroll(struct core *core, struct txn *txn)
{
	struct digest commitment;
	bool has_sealed;
	uint8_t sealed[FEDKEY_SEALED_LEN];
	struct key previous;
	for (uint64_t n = core->charter.key_number; n > 1 && fedkeys_get(core, n); n--) {
		if (fedkeys_get(core, n - 1))
			continue;
		if (fedkey_find(txn, n, &commitment, &has_sealed, sealed) != ERR_OK ||
		    !has_sealed ||
		    fedkey_open_previous(&previous, fedkeys_get(core, n), n, sealed) != ERR_OK)
			break;
		if (believed(txn, n - 1, &previous))
			fedkeys_store(core, txn, n - 1, &previous);
	}
	key_wipe(&previous);
}

static void got(struct core *core, struct txn *txn, uint64_t number, const struct key *key)
{
	fedkeys_store(core, txn, number, key);
	unroll(core, txn);
	core->transfer.scan_due = true;
}

/* A wrap for this organisation, of a key that the charter names and that is not here. */
static void wrap_take(struct core *core, struct txn *txn, const struct record *record)
{
	struct keywrap wrap;
	struct key key;
	if (keywrap_get(&wrap, record->body) != ERR_OK || wrap.prefix.len || wrap.path.len ||
	    wrap.number > core->charter.key_number || fedkeys_get(core, wrap.number) ||
	    !id_eq(&wrap.grantee, &core->options.identity->org))
		return;
	const struct charter_member *granter = core_author_member(core, record->author);
	if (!granter)
		return;
	struct wrap_context context = {.granter = granter->org,
				       .grantee = wrap.grantee,
				       .prefix = wrap.prefix,
				       .number = wrap.number,
				       .path = wrap.path};
	if (nodes_unwrap(core, &wrap.wrap, &context, &key) == ERR_OK &&
	    believed(txn, wrap.number, &key))
		got(core, txn, wrap.number, &key);
	key_wipe(&key);
}

void fedkeys_wrap_news(struct core *core, struct txn *txn, const struct record *record)
{
	wrap_take(core, txn, record);
}

/* Wraps may have come before the charter entry that commits to their key. */
static void wraps_look(struct core *core, struct txn *txn)
{
	uint64_t number = core->charter.key_number;
	const struct bytes empty = bytes_of(NULL, 0);
	struct record_slot slot =
		record_slot_wrap(&core->options.identity->org, number, empty, empty);
	struct ledger_slots slots = ledger_slots(&core->ledger, txn, record_slot_bytes(&slot));
	struct record record;
	while (!fedkeys_get(core, number) && ledger_slots_next(&slots, &record))
		wrap_take(core, txn, &record);
}

/* ---- keys that wait for their entry ---- */

/* Keys of numbers that the charter gives to others, or to none, after it went back. */
static void keys_put_back(struct core *core, struct txn *txn)
{
	struct membership *membership = &core->membership;
	for (uint64_t n = 1; n <= membership->fed_key_count; n++) {
		const struct key *key = fedkeys_get(core, n);
		char name[NAME_LEN];
		struct digest commitment;
		if (!key || believed(txn, n, key))
			continue;
		fedkey_commitment(&commitment, key, n);
		waiting_name(name, n, &commitment);
		seal_row(core, txn, name, key);
		fed_key_name(name, n);
		struct row_key row = key_name(name);
		txn_del(txn, TABLE_SEALED, row_key_bytes(&row));
		secret_close(membership->fed_keys[n - 1]);
		membership->fed_keys[n - 1] = NULL;
	}
}

/* Keys of proposals that have come to nothing. */
static void waiting_drop(struct core *core, struct txn *txn)
{
	static const char prefix[] = "fed-next-";
	struct walk walk = walk_begin(txn, TABLE_SEALED, bytes_str(prefix));
	while (walk_next(&walk)) {
		char text[NAME_LEN] = "";
		if (walk.key.len < sizeof(text))
			memcpy(text, walk.key.ptr, walk.key.len);
		if (strtoull(text + sizeof(prefix) - 1, NULL, 10) < core->charter.key_number)
			txn_del(txn, TABLE_SEALED, bytes_of(walk.last, walk.last_len));
	}
}

/* ---- wrapping ---- */

static void wrap_put(struct core *core, struct txn *txn, const struct charter_member *member,
		     uint64_t number, const struct key *key, const struct dh_pk *recipient)
{
	struct keywrap wrap = {.grantee = member->org, .number = number};
	struct wrap_context context = {
		.granter = core->options.identity->org, .grantee = member->org, .number = number};
	if (wrap_seal(&wrap.wrap, key, recipient, &context, core->options.random) != ERR_OK)
		return;
	struct buf body;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keywrap_put(&body, &wrap);
	struct record_slot slot = record_slot_wrap(&member->org, number, wrap.prefix, wrap.path);
	enum err err = ledger_append(&core->ledger, txn, RECORD_WRAP, record_slot_bytes(&slot),
				     buf_bytes(&body), NULL, LEDGER_QUIET);
	buf_fini(&body);
	if (err != ERR_OK)
		txn_fail(txn, err);
}

/* Relays get none. What cannot be wrapped now, as the member's log is not here, is later. */
static void wrap_for(struct core *core, struct txn *txn, const struct charter_member *member,
		     uint64_t number, const struct key *key)
{
	struct orglog log;
	if (member->state != CHARTER_MEMBER || orglog_load(txn, &member->org, &log) != ERR_OK)
		return;
	wrap_put(core, txn, member, number, key, &log.wrap);
	orglog_fini(&log);
}

void fedkeys_wrap(struct core *core, struct txn *txn, const struct charter_member *member)
{
	const struct key *key = fedkeys_get(core, core->charter.key_number);
	if (key)
		wrap_for(core, txn, member, core->charter.key_number, key);
}

static bool is_among(const uint32_t *numbers, size_t count, uint32_t number)
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

static void wrap_all(struct core *core, struct txn *txn, uint64_t number, const struct key *key,
		     const struct digest *commitment, const uint32_t *leaving, size_t leaving_count)
{
	struct row_key row = wrapped_row();
	for (uint32_t n = 1; n <= core->charter.member_count; n++) {
		if (!is_among(leaving, leaving_count, n))
			wrap_for(core, txn, charter_member(&core->charter, n), number, key);
	}
	txn_put(txn, TABLE_META, row_key_bytes(&row), id_bytes(commitment));
}

/* The own proposal has come to count. */
static void waiting_take(struct core *core, struct txn *txn)
{
	const struct digest *commitment = &core->charter.key_commitment;
	uint64_t number = core->charter.key_number;
	struct row_key row = wrapped_row();
	struct secret *secret;
	struct bytes wrapped;
	char name[NAME_LEN];
	waiting_name(name, number, commitment);
	if (fedkeys_get(core, number) || unseal_row(core, txn, name, &secret) != ERR_OK)
		return;
	if (believed(txn, number, secret_key(secret))) {
		got(core, txn, number, secret_key(secret));
		if (!txn_get(txn, TABLE_META, row_key_bytes(&row), &wrapped) ||
		    !bytes_eq(wrapped, id_bytes(commitment)))
			wrap_all(core, txn, number, secret_key(secret), commitment, NULL, 0);
	}
	secret_close(secret);
}

/*
 * PROTOCOL: "The proposer of a new federation key wraps it (section 5.2) for all members that stay,
 * before the entry counts."
 */
enum err fedkeys_next(struct core *core, struct txn *txn, struct charter_change *key_change,
		      const uint32_t *leaving, size_t leaving_count)
{
	const struct charter *charter = &core->charter;
	const struct key *previous = fedkeys_get(core, charter->key_number);
	struct key key;
	char name[NAME_LEN];
	if (!previous || !core->author)
		return ERR_AGAIN;
	random_fill(core->options.random, key.b, sizeof(key.b));
	*key_change = (struct charter_change){
		.kind = CHARTER_KEY, .key_number = charter->key_number + 1, .has_sealed = true};
	fedkey_commitment(&key_change->key_commitment, &key, key_change->key_number);
	fedkey_seal_previous(key_change->sealed, &key, key_change->key_number, previous,
			     core->options.random);
	waiting_name(name, key_change->key_number, &key_change->key_commitment);
	seal_row(core, txn, name, &key);
	wrap_all(core, txn, key_change->key_number, &key, &key_change->key_commitment, leaving,
		 leaving_count);
	key_wipe(&key);
	return txn_err(txn);
}

/* Own wraps of keys that the latest one opens. */
static void old_wraps_drop(struct core *core, struct txn *txn)
{
	const uint8_t kind = RECORD_WRAP;
	struct ledger_slots slots = ledger_slots(&core->ledger, txn, bytes_obj(&kind));
	struct record record;
	struct keywrap wrap;
	slots.author = core->author;
	while (ledger_slots_next(&slots, &record)) {
		if (record.author != core->author || keywrap_get(&wrap, record.body) != ERR_OK ||
		    wrap.prefix.len || wrap.number >= core->charter.key_number)
			continue;
		struct record_slot slot = record_slot_copy(record.slot);
		ledger_delete(&core->ledger, txn, record_slot_bytes(&slot));
	}
}

/* Whether somebody has wrapped the latest key for a member. A steward trusts only stewards to have done it well. */
static bool is_wrapped(struct core *core, struct txn *txn, const struct charter_member *member)
{
	const struct bytes empty = bytes_of(NULL, 0);
	struct record_slot slot =
		record_slot_wrap(&member->org, core->charter.key_number, empty, empty);
	struct ledger_slots slots = ledger_slots(&core->ledger, txn, record_slot_bytes(&slot));
	bool steward = charter_is_steward(&core->charter, author_member(core->author));
	struct record record;
	while (ledger_slots_next(&slots, &record)) {
		if (!steward || charter_is_steward(&core->charter, author_member(record.author)))
			return true;
	}
	return false;
}

static void due_set(struct core *core)
{
	bool steward = charter_is_steward(&core->charter, author_member(core->author));
	core->membership.wrap_due_ms =
		core->now_ms + (steward ? steward_ms : anybody_ms) +
		(int64_t)random_below(core->options.random,
				      (uint64_t)(steward ? steward_ms : random_ms));
}

void fedkeys_tick(struct core *core, struct txn *txn)
{
	const struct charter *charter = &core->charter;
	if (core->now_ms < fedkeys_wake(core))
		return;
	for (uint32_t n = 1; n <= charter->member_count; n++) {
		const struct charter_member *member = charter_member(charter, n);
		if (member->state == CHARTER_MEMBER && !is_wrapped(core, txn, member))
			fedkeys_wrap(core, txn, member);
	}
	core->membership.wrap_due_ms = core->now_ms + core_jitter(core, again_ms);
}

int64_t fedkeys_wake(const struct core *core)
{
	if (!core->author || !fedkeys_get(core, core->charter.key_number))
		return INT64_MAX;
	return core->membership.wrap_due_ms;
}

void fedkeys_charter_changed(struct core *core, struct txn *txn)
{
	struct membership *membership = &core->membership;
	keys_put_back(core, txn);
	if (!core->author)
		return;
	waiting_take(core, txn);
	if (!fedkeys_get(core, core->charter.key_number))
		wraps_look(core, txn);
	due_set(core);
	if (!fedkeys_get(core, core->charter.key_number) ||
	    membership->key_number_cleaned == core->charter.key_number)
		return;
	membership->key_number_cleaned = core->charter.key_number;
	old_wraps_drop(core, txn);
	waiting_drop(core, txn);
}
