#include "proto/rights/epoch_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/path.h"
#include "crypto/root.h"
#include "proto/rights/epochs.h"
#include "proto/rights/rights.h"
#include "proto/rights/wrapkeys.h"

enum {
	ROW_NAME_LEN = 192,
	LEARN_STEP = 256, /* key records looked at in one turn */
};

/* ---- rows ---- */

/*
 * "epoch:", slug, hash of Q and P, n, granter: what is kept of one epoch and path stands together,
 * and so does a namespace.
 */
static int sealed_row_of(char name[ROW_NAME_LEN], struct bytes prefix, struct bytes path)
{
	struct bytes slug = path_slug(prefix);
	struct digest digest;
	struct hash hash;
	char hex[ID_HEX_LEN + 1];

	hash_init(&hash, "am1.prefix", NULL, ID_LEN);
	hash_add(&hash, prefix);
	hash_add(&hash, bytes_of("", 1));
	hash_add(&hash, path);
	hash_done(&hash, digest.b, ID_LEN);
	hex_put(hex, id_bytes(&digest));
	return snprintf(name, ROW_NAME_LEN, "epoch:%.*s:%s:", (int)slug.len, (const char *)slug.ptr,
			hex);
}

static int row_begin(char name[ROW_NAME_LEN], struct bytes prefix, uint64_t number,
		     struct bytes path)
{
	int len = sealed_row_of(name, prefix, path);

	return len + snprintf(name + len, (size_t)(ROW_NAME_LEN - len),
			      "%016llx:", (unsigned long long)number);
}

static void row_name(char name[ROW_NAME_LEN], struct bytes prefix, uint64_t number,
		     struct bytes path, const struct org_id *granter)
{
	int len = row_begin(name, prefix, number, path);

	hex_put(name + len, bytes_of(granter->b, 16));
}

static bool row_here(struct txn *txn, struct bytes prefix, uint64_t number, struct bytes path,
		     const struct org_id *granter)
{
	char name[ROW_NAME_LEN];

	row_name(name, prefix, number, path, granter);
	struct row_key row = key_name(name);
	return txn_has(txn, TABLE_SEALED, row_key_bytes(&row));
}

static bool row_open(struct hub *hub, struct txn *txn, const char *name, struct key *out)
{
	struct row_key row = key_name(name);
	struct secret *secret = NULL;
	struct bytes sealed;

	if (!txn_get(txn, TABLE_SEALED, row_key_bytes(&row), &sealed))
		return false;
	enum err err = keyring_unseal(hub->options.keyring, &secret, name, sealed);
	if (!err && secret_bytes(secret).len != KEY_LEN)
		err = ERR_CORRUPT;
	if (!err)
		*out = *secret_key(secret);
	else
		txn_fail(txn, err);
	secret_close(secret);
	return !err;
}

/*
 * Keys are kept for ever, as old chunks need them, and others choose their numbers: so many of one
 * namespace. False: this would be one more.
 */
static bool key_has_place(struct hub *hub, struct txn *txn, struct bytes slug)
{
	char name[ROW_NAME_LEN];
	struct bytes value;
	uint8_t count[8];

	if (bytes_eq(slug, bytes_str(hub->options.identity->slug)))
		return true;
	snprintf(name, sizeof(name), "epochs-of:%.*s", (int)slug.len, (const char *)slug.ptr);
	struct row_key row = key_name(name);
	uint64_t kept = txn_get(txn, TABLE_META, row_key_bytes(&row), &value) && value.len == 8
				? be64_get(value.ptr)
				: 0;
	if (kept >= hub->options.limits->namespace_keys_max)
		return false;
	be64_put(count, kept + 1);
	txn_put(txn, TABLE_META, row_key_bytes(&row), bytes_obj(&count));
	return true;
}

void epoch_key_put(struct hub *hub, struct txn *txn, struct bytes prefix, uint64_t number,
		   struct bytes path, const struct org_id *granter, const struct key *key)
{
	char name[ROW_NAME_LEN];
	struct buf sealed;

	if (!row_here(txn, prefix, number, path, granter) &&
	    !key_has_place(hub, txn, path_slug(prefix)))
		return;
	row_name(name, prefix, number, path, granter);
	struct row_key row = key_name(name);
	buf_init(&sealed, 256);
	keyring_seal(hub->options.keyring, &sealed, name, bytes_of(key->b, KEY_LEN));
	txn_put_row(txn, TABLE_SEALED, &row, &sealed);
}

uint64_t epoch_key_last(struct hub *hub, struct txn *txn, struct bytes prefix)
{
	char begin[ROW_NAME_LEN], own[ROW_NAME_LEN];
	int len = sealed_row_of(begin, prefix, prefix);
	struct row_key rows = key_name(begin);
	struct walk walk = walk_begin(txn, TABLE_SEALED, row_key_bytes(&rows));
	uint64_t last = 0;

	while (walk_next(&walk)) {
		/* Others may have wrapped whatever they like. */
		snprintf(own, sizeof(own), "%.*s", (int)walk.key.len, (const char *)walk.key.ptr);
		uint64_t number = strtoull(own + len, NULL, 16);
		row_name(own, prefix, number, prefix, &hub->options.identity->org);
		if (bytes_eq(bytes_str(own), walk.key))
			last = number;
	}
	return last;
}

/* Whether any key of a namespace is here. */
static bool namespace_open(struct txn *txn, struct bytes path)
{
	struct bytes slug = path_slug(path);
	char name[ROW_NAME_LEN];

	snprintf(name, sizeof(name), "epoch:%.*s:", (int)slug.len, (const char *)slug.ptr);
	struct row_key prefix = key_name(name);
	struct walk walk = walk_begin(txn, TABLE_SEALED, row_key_bytes(&prefix));
	return walk_next(&walk);
}

/* ---- key records ---- */

static void epoch_record_copy(struct epoch_record *out, const struct keyrecord *key,
			      uint32_t author)
{
	out->key = *key;
	out->author = author;
	memcpy(out->path, key->prefix.ptr, key->prefix.len);
	/* The links lead to Q or above, so their texts are the beginning of Q. */
	out->key.prefix = bytes_of(out->path, key->prefix.len);
	out->key.down.prefix = bytes_of(out->path, key->down.prefix.len);
	out->key.back.prefix = bytes_of(out->path, key->back.prefix.len);
}

bool epoch_author_ok(struct hub *hub, struct txn *txn, uint32_t author)
{
	struct sign_pk pk;
	uint8_t roles = 0;

	/* PROTOCOL: "A key record of an author without that role has no effect." */
	return !ledger_author(&hub->ledger, txn, author, &pk, &roles) &&
	       (roles & ORGLOG_ROLE_KEY_AUTHOR);
}

static bool epoch_record_find(struct hub *hub, struct txn *txn, struct bytes prefix,
			      uint64_t number, struct epoch_record *out)
{
	struct record_slot slot = record_slot_key(prefix, number);
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
	struct record record;
	struct keyrecord key;

	while (ledger_slots_next(&slots, &record)) {
		if (!epoch_author_ok(hub, txn, record.author) || keyrecord_get(&key, record.body))
			continue;
		epoch_record_copy(out, &key, record.author);
		return true;
	}
	return false;
}

/* ---- search ---- */

struct search {
	struct hub *hub;
	struct txn *txn;
	struct bytes prefix; /* Q */
	uint64_t number;
	struct bytes path;             /* whose key is wanted */
	const struct version *version; /* proves it; may be NULL */
	const struct dataset_id *dataset;
	bool has_commitment;
	struct digest commitment;
	struct key *out;
};

/* Takes the key of a path above, unless it is a wrong one. */
static bool candidate_take(struct search *s, struct bytes above, const struct key *key)
{
	struct digest found;

	if (s->has_commitment && above.len == s->prefix.len) {
		epoch_commitment(&found, key, s->number, s->prefix);
		if (!id_eq(&found, &s->commitment))
			return false;
	}
	path_key(s->out, key, above, s->path);
	if (!s->version)
		return true;
	/*
	 * PROTOCOL: "A key is believed when its commitment, or the key check of a version,
	 * matches."
	 */
	version_key_check(&found, s->out, s->dataset, s->number, s->prefix);
	if (id_eq(&found, &s->version->key_check))
		return true;
	key_wipe(s->out);
	return false;
}

static bool row_take(struct search *s, struct bytes above, const char *name)
{
	struct key key = {{0}};
	bool taken = row_open(s->hub, s->txn, name, &key) && candidate_take(s, above, &key);

	key_wipe(&key);
	return taken;
}

static bool row_take_of(struct search *s, struct bytes above, const struct org_id *granter)
{
	char name[ROW_NAME_LEN];

	row_name(name, s->prefix, s->number, above, granter);
	return row_take(s, above, name);
}

/* From the namespace's organisation, or kept by the own one. */
static bool rows_take(struct search *s, struct bytes above)
{
	const struct charter_member *owner =
		charter_by_slug(&s->hub->charter, path_slug(s->prefix));

	return (owner && row_take_of(s, above, &owner->org)) ||
	       row_take_of(s, above, &s->hub->options.identity->org);
}

static enum err search_run(struct search *s)
{
	struct epoch_record record;
	struct bytes above = s->path;

	if (!path_contains(s->prefix, s->path) || !namespace_open(s->txn, s->prefix))
		return ERR_ABSENT;
	s->has_commitment =
		!s->version && epoch_record_find(s->hub, s->txn, s->prefix, s->number, &record);
	if (s->has_commitment)
		s->commitment = record.key.commitment;
	while (!rows_take(s, above)) {
		if (above.len <= s->prefix.len)
			return txn_err(s->txn) ? txn_err(s->txn) : ERR_ABSENT;
		above = path_parent(above);
	}
	return ERR_OK;
}

enum err epochs_key(struct hub *hub, struct txn *txn, struct bytes prefix, uint64_t number,
		    struct bytes path, struct key *out)
{
	struct search search = {.hub = hub,
				.txn = txn,
				.prefix = prefix,
				.number = number,
				.path = path,
				.out = out};

	return search_run(&search);
}

enum err epochs_version_key(struct hub *hub, struct txn *txn, const struct version *version,
			    const struct dataset_id *dataset, struct key *out)
{
	struct search search = {.hub = hub,
				.txn = txn,
				.prefix = version->epoch_prefix,
				.number = version->epoch_number,
				.path = version->path,
				.version = version,
				.dataset = dataset,
				.out = out};

	return search_run(&search);
}

/* ---- wraps ---- */

/*
 * PROTOCOL: "A wrap counts when its granter is the organisation in whose namespace Q lies, or the
 * own one that passes on what it got; in a record of the namespace's own organisation its author
 * has the role key author."
 */
static bool granter_ok(const struct hub *hub, const struct org_id *granter,
		       const struct keywrap *wrap)
{
	return rights_own_namespace(hub, granter, wrap->prefix) ||
	       id_eq(granter, &hub->options.identity->org);
}

bool epoch_wrap_ok(struct hub *hub, struct txn *txn, uint32_t author, const struct keywrap *wrap)
{
	const struct charter_member *member = hub_author_member(hub, author);

	return member && (!rights_own_namespace(hub, &member->org, wrap->prefix) ||
			  epoch_author_ok(hub, txn, author));
}

enum err epoch_wrap_open(struct hub *hub, struct txn *txn, const struct org_id *granter,
			 const struct keywrap *wrap)
{
	struct wrap_context context = {.granter = *granter,
				       .grantee = wrap->grantee,
				       .prefix = wrap->prefix,
				       .number = wrap->number,
				       .path = wrap->path};
	struct key key = {{0}};

	if (!id_eq(&wrap->grantee, &hub->options.identity->org) || wrap->prefix.len == 0 ||
	    !granter_ok(hub, granter, wrap))
		return ERR_DENIED;
	if (row_here(txn, wrap->prefix, wrap->number, wrap->path, granter))
		return ERR_EXISTS;
	enum err err = wrapkeys_unwrap(hub, &wrap->wrap, &context, &key);
	if (!err)
		epoch_key_put(hub, txn, wrap->prefix, wrap->number, wrap->path, granter, &key);
	key_wipe(&key);
	return err;
}

void epoch_wraps_open(struct hub *hub, struct txn *txn)
{
	uint8_t prefix[1 + ID_LEN] = {RECORD_WRAP};
	struct record record;
	struct keywrap wrap;

	memcpy(prefix + 1, hub->options.identity->org.b, ID_LEN);
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&prefix));
	while (ledger_slots_next(&slots, &record)) {
		const struct charter_member *granter = hub_author_member(hub, record.author);
		if (granter && !keywrap_get(&wrap, record.body) &&
		    epoch_wrap_ok(hub, txn, record.author, &wrap))
			epoch_wrap_open(hub, txn, &granter->org, &wrap);
	}
}

/*
 * ---- keys that have left in a text: "text-grant:" and token id -> reader(32) expiry(8) path ----
 */

static const char text_name[] = "text-grant:";

void epochs_given(struct txn *txn, const struct digest *token, const struct org_id *reader,
		  struct bytes path, int64_t expiry_ms)
{
	char name[sizeof(text_name) + ID_HEX_LEN];
	struct buf value;

	memcpy(name, text_name, sizeof(text_name));
	hex_put(name + sizeof(text_name) - 1, id_bytes(token));
	struct row_key row = key_name(name);
	buf_init(&value, ID_LEN + 8 + LIMIT_PATH_LEN_MAX);
	buf_add(&value, id_bytes(reader));
	buf_add_be64(&value, (uint64_t)expiry_ms);
	buf_add(&value, path);
	txn_put_row(txn, TABLE_META, &row, &value);
}

struct walk epoch_texts(struct txn *txn)
{
	return walk_begin(txn, TABLE_META, bytes_str(text_name));
}

bool epoch_text_next(struct walk *walk, struct epoch_text *out)
{
	while (walk_next(walk)) {
		if (walk->value.len < ID_LEN + 8)
			continue;
		memcpy(out->reader.b, walk->value.ptr, ID_LEN);
		out->expiry_ms = (int64_t)be64_get(walk->value.ptr + ID_LEN);
		out->path = bytes_slice(walk->value, ID_LEN + 8, walk->value.len);
		return true;
	}
	return false;
}

/* ---- following the links ---- */

/* With the root seed alone everything that is the organisation's own can be had again. */
static enum err recovered(struct hub *hub, const struct epoch_record *record, struct key *out)
{
	const struct identity *identity = hub->options.identity;
	struct wrap_context context = {.granter = identity->org,
				       .grantee = identity->org,
				       .prefix = record->key.prefix,
				       .number = record->key.number,
				       .path = record->key.prefix};
	struct key secret;

	if (!identity->root || author_member(record->author) != author_member(hub->author))
		return ERR_ABSENT;
	root_recovery_key(&secret, secret_key(identity->root));
	enum err err = wrap_open(out, &record->key.recovery, &secret, &context);
	key_wipe(&secret);
	return err;
}

static enum err down_follow(struct hub *hub, struct txn *txn, const struct keyrecord *r,
			    struct key *out)
{
	struct key parent = {{0}};
	enum err err = ERR_ABSENT;

	if (r->down.present)
		err = epochs_key(hub, txn, r->down.prefix, r->down.number, path_parent(r->prefix),
				 &parent);
	if (!err)
		err = keyrecord_down_open(out, r, &parent);
	key_wipe(&parent);
	return err;
}

/* The key of the record's epoch at its Q, when it is not here but can be had. */
static bool learn_key(struct hub *hub, struct txn *txn, const struct epoch_record *record,
		      struct key *out)
{
	const struct keyrecord *r = &record->key;
	struct digest commitment;

	if (!epochs_key(hub, txn, r->prefix, r->number, r->prefix, out))
		return false;
	if (down_follow(hub, txn, r, out) && recovered(hub, record, out))
		return false;
	epoch_commitment(&commitment, out, r->number, r->prefix);
	if (!id_eq(&commitment, &r->commitment))
		return false;
	epoch_key_put(hub, txn, r->prefix, r->number, r->prefix, &hub->options.identity->org, out);
	return true;
}

/* One record: its own key, and the one before. */
static bool record_learn(struct hub *hub, struct txn *txn, const struct epoch_record *record)
{
	const struct keyrecord *r = &record->key;
	const struct org_id *own = &hub->options.identity->org;
	struct key key = {{0}}, before = {{0}};
	bool learnt = learn_key(hub, txn, record, &key);

	if (r->back.present && !row_here(txn, r->back.prefix, r->back.number, r->prefix, own) &&
	    !epochs_key(hub, txn, r->prefix, r->number, r->prefix, &key) &&
	    !keyrecord_back_open(&before, r, &key)) {
		epoch_key_put(hub, txn, r->back.prefix, r->back.number, r->prefix, own, &before);
		learnt = true;
	}
	key_wipe(&key);
	key_wipe(&before);
	return learnt;
}

/* As long as each record's back link opens the one before, without waiting for the next walk. */
static bool learn_chain(struct hub *hub, struct txn *txn, struct epoch_record *record)
{
	bool learnt = record_learn(hub, txn, record), more = learnt;

	while (more && record->key.back.present &&
	       record->key.back.prefix.len == record->key.prefix.len) {
		struct epoch_record before;
		more = epoch_record_find(hub, txn, record->key.back.prefix, record->key.back.number,
					 &before) &&
		       record_learn(hub, txn, &before);
		if (more)
			epoch_record_copy(record, &before.key, before.author);
	}
	return learnt;
}

bool epoch_record_learn(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct epoch_record copy;
	struct keyrecord key;
	bool own = author_member(record->author) == author_member(hub->author);

	if (keyrecord_get(&key, record->body) || (!own && !namespace_open(txn, key.prefix)) ||
	    !epoch_author_ok(hub, txn, record->author))
		return false;
	epoch_record_copy(&copy, &key, record->author);
	return learn_chain(hub, txn, &copy);
}

bool epoch_keys_learn(struct hub *hub, struct txn *txn, struct row_key *at, bool *learnt)
{
	static const uint8_t kind[1] = {RECORD_KEY};
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&kind));
	struct record record;

	if (at->len > 0)
		slots.walk =
			walk_begin_at(txn, TABLE_SLOT, bytes_obj(&kind), row_key_bytes(at), false);
	for (unsigned i = 0; i < LEARN_STEP; i++) {
		if (!ledger_slots_next(&slots, &record)) {
			at->len = 0;
			return false;
		}
		memcpy(at->b, slots.walk.last, slots.walk.last_len);
		at->len = slots.walk.last_len;
		*learnt = epoch_record_learn(hub, txn, &record) || *learnt;
	}
	return true;
}
