#include "proto/rights/epoch_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/path.h"
#include "crypto/root.h"
#include "proto/rights/epoch_list.h"
#include "proto/rights/epochs.h"
#include "proto/rights/govern.h"
#include "proto/rights/table.h"
#include "proto/rights/wrapkeys.h"

enum {
	ROW_NAME_LEN = 192,
	LEARN_STEP = 256, /* key records and links looked at in one turn */
	LINES_LOOKED_MAX = 256,
	OTHER_LEN = 1 + 16, /* of a row's name: ":", the beginning of the commitment in hex */
	OTHER_MAX = 4,      /* other keys of one epoch */
};

/* ---- rows ---- */

/* The member to whom a path belongs, also a former one; 0: nobody. */
static uint32_t owner_at(const struct hub *hub, struct bytes path)
{
	const struct charter_member *owner = charter_by_slug(&hub->charter, path_slug(path));

	return owner ? owner->number : 0;
}

/* A namespace by its owner: a former one of that slug had epochs of the same paths and numbers. */
static int namespace_name(const struct hub *hub, char name[ROW_NAME_LEN], struct bytes prefix)
{
	return snprintf(name, ROW_NAME_LEN, "epoch:%08x:", owner_at(hub, prefix));
}

/* "epoch:", owner, hash of Q and P, n: what is kept of one epoch's path and of one below. */
static int sealed_row_of(const struct hub *hub, char name[ROW_NAME_LEN], struct bytes prefix,
			 struct bytes path)
{
	int len = namespace_name(hub, name, prefix);
	struct digest digest;
	struct hash hash;
	char hex[ID_HEX_LEN + 1];

	hash_init(&hash, "am1.prefix", NULL, ID_LEN);
	hash_add(&hash, prefix);
	hash_add(&hash, bytes_of("", 1));
	hash_add(&hash, path);
	hash_done(&hash, digest.b, ID_LEN);
	hex_put(hex, id_bytes(&digest));
	return len + snprintf(name + len, (size_t)(ROW_NAME_LEN - len), "%s:", hex);
}

static void row_name(const struct hub *hub, char name[ROW_NAME_LEN], struct bytes prefix,
		     uint64_t number, struct bytes path)
{
	int len = sealed_row_of(hub, name, prefix, path);

	snprintf(name + len, (size_t)(ROW_NAME_LEN - len), "%016llx", (unsigned long long)number);
}

static bool row_here(const struct hub *hub, struct txn *txn, struct bytes prefix, uint64_t number,
		     struct bytes path)
{
	char name[ROW_NAME_LEN];

	row_name(hub, name, prefix, number, path);
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
	snprintf(name, sizeof(name), "epochs-of:%08x", owner_at(hub, slug));
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

static void key_row_put(struct hub *hub, struct txn *txn, const char *name, const struct key *key)
{
	struct row_key row = key_name(name);
	struct buf sealed;

	buf_init(&sealed, 256);
	keyring_seal(hub->options.keyring, &sealed, name, bytes_of(key->b, KEY_LEN));
	txn_put_row(txn, TABLE_SEALED, &row, &sealed);
}

/* The beginning of the names of such rows; its length. */
static size_t other_name(const struct hub *hub, char name[ROW_NAME_LEN + OTHER_LEN],
			 struct bytes prefix, uint64_t number)
{
	row_name(hub, name, prefix, number, prefix);
	size_t len = strlen(name);
	name[len] = ':';
	name[len + 1] = 0;
	return len + 1;
}

/*
 * Another key than the record that counts says, as two nodes have made an epoch of one number:
 * versions under it may be here. It is kept beside the one that counts, and their key check proves
 * it.
 */
static void other_key_put(struct hub *hub, struct txn *txn, struct bytes prefix, uint64_t number,
			  const struct key *key)
{
	char name[ROW_NAME_LEN + OTHER_LEN];
	struct digest commitment;
	struct walk walk;
	unsigned count = 0;

	size_t len = other_name(hub, name, prefix, number);
	struct row_key all = key_name(name);
	walk = walk_begin(txn, TABLE_SEALED, row_key_bytes(&all));
	while (walk_next(&walk))
		count++;
	if (count >= OTHER_MAX)
		return;
	epoch_commitment(&commitment, key, number, prefix);
	for (unsigned i = 0; i < 8; i++)
		snprintf(name + len + 2 * i, 3, "%02x", commitment.b[i]);
	key_row_put(hub, txn, name, key);
}

void epoch_key_put(struct hub *hub, struct txn *txn, struct bytes prefix, uint64_t number,
		   struct bytes path, const struct key *key)
{
	char name[ROW_NAME_LEN];
	struct key before = {{0}};

	row_name(hub, name, prefix, number, path);
	if (!row_here(hub, txn, prefix, number, path)) {
		if (!key_has_place(hub, txn, path_slug(prefix)))
			return;
	} else if (bytes_eq(prefix, path) && row_open(hub, txn, name, &before) &&
		   memcmp(before.b, key->b, KEY_LEN) != 0) {
		other_key_put(hub, txn, prefix, number, &before);
	}
	key_wipe(&before);
	key_row_put(hub, txn, name, key);
}

uint64_t epoch_key_last(const struct hub *hub, struct txn *txn, struct bytes prefix)
{
	char begin[ROW_NAME_LEN], number[17] = "";
	int len = sealed_row_of(hub, begin, prefix, prefix);
	struct row_key rows = key_name(begin);
	struct walk walk = walk_begin(txn, TABLE_SEALED, row_key_bytes(&rows));
	uint64_t last = 0;

	while (walk_next(&walk)) {
		if (walk.key.len != (size_t)len + 16)
			continue;
		memcpy(number, walk.key.ptr + len, 16);
		last = strtoull(number, NULL, 16);
	}
	return last;
}

/* Whether any key of a namespace is here. */
static bool namespace_open(const struct hub *hub, struct txn *txn, struct bytes path)
{
	char name[ROW_NAME_LEN];

	namespace_name(hub, name, path);
	struct row_key prefix = key_name(name);
	struct walk walk = walk_begin(txn, TABLE_SEALED, row_key_bytes(&prefix));
	return walk_next(&walk);
}

/* ---- key records ---- */

struct epoch_record { /* a key record, copied out of the store */
	struct buf body;
	struct keyrecord key; /* borrows from body */
	uint32_t author;
};

static bool epoch_record_copy(struct epoch_record *out, const struct record *record)
{
	buf_init(&out->body, LIMIT_RECORD_LEN_MAX);
	buf_add(&out->body, record->body);
	out->author = record->author;
	if (!keyrecord_get(&out->key, buf_bytes(&out->body)))
		return true;
	buf_fini(&out->body);
	return false;
}

static void epoch_record_fini(struct epoch_record *record)
{
	buf_fini(&record->body);
}

/* The key record of an epoch that counts. The caller releases what was found. */
static bool epoch_record_find(struct hub *hub, struct txn *txn, struct bytes prefix,
			      uint64_t number, struct epoch_record *out)
{
	struct record_slot slot = record_slot_key(prefix, number);
	struct epoch_records records =
		epoch_records(hub, txn, owner_at(hub, prefix), record_slot_bytes(&slot));
	struct record record;

	return epoch_records_next(&records, &record) && epoch_record_copy(out, &record);
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
	struct key *out;
};

/* PROTOCOL: "The key check of a version proves what a link back has given." */
static bool is_proved(const struct search *s)
{
	struct digest found;

	if (!s->version)
		return true;
	version_key_check(&found, s->out, s->dataset, s->number, s->prefix);
	return id_eq(&found, &s->version->key_check);
}

/* Keys that lie beside the one that counts, for versions alone. */
static bool other_key_take(struct search *s)
{
	char name[ROW_NAME_LEN + OTHER_LEN];

	size_t len = other_name(s->hub, name, s->prefix, s->number);
	struct row_key all = key_name(name);
	struct walk walk = walk_begin(s->txn, TABLE_SEALED, row_key_bytes(&all));
	while (s->version && walk_next(&walk)) {
		struct key key = {{0}};
		if (walk.key.len != len - 1 + OTHER_LEN)
			continue;
		memcpy(name, walk.key.ptr, walk.key.len);
		name[walk.key.len] = 0;
		if (!row_open(s->hub, s->txn, name, &key))
			return false;
		path_key(s->out, &key, s->prefix, s->path);
		key_wipe(&key);
		if (is_proved(s))
			return true;
		key_wipe(s->out);
	}
	return false;
}

/* Takes the kept key of a path between, unless the version proves it to be a wrong one. */
static bool kept_take(struct search *s, struct bytes above)
{
	char name[ROW_NAME_LEN];
	struct key key = {{0}};

	row_name(s->hub, name, s->prefix, s->number, above);
	if (!row_open(s->hub, s->txn, name, &key))
		return false;
	path_key(s->out, &key, above, s->path);
	key_wipe(&key);
	if (is_proved(s))
		return true;
	key_wipe(s->out);
	return false;
}

/* The epoch's own key first, as that one is proved. */
static enum err search_run(struct search *s)
{
	struct bytes above = s->path;

	if (!path_contains(s->prefix, s->path) || !namespace_open(s->hub, s->txn, s->prefix))
		return ERR_ABSENT;
	if (kept_take(s, s->prefix))
		return ERR_OK;
	for (; above.len > s->prefix.len; above = path_parent(above))
		if (kept_take(s, above))
			return ERR_OK;
	if (other_key_take(s))
		return ERR_OK;
	return txn_err(s->txn) ? txn_err(s->txn) : ERR_ABSENT;
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
 * PROTOCOL: "Tried are wraps by issuers of lines in the chains of own good lines, the owner's
 * first"
 */
static bool giver_ok(struct hub *hub, struct txn *txn, const struct charter_member *giver,
		     struct bytes prefix)
{
	const uint32_t owner = owner_at(hub, prefix);
	struct verdict v;
	bool good;

	if (!owner || owner == giver->number)
		return owner != 0;
	struct table_walk walk = table_walk(hub, txn, owner, &hub->options.identity->org);
	table_walk_above(&walk, prefix);
	for (unsigned i = 0; i < LINES_LOOKED_MAX && table_walk_next(&walk, &v, &good); i++)
		for (size_t k = 0; good && k < v.count; k++)
			if (v.issuers[k] == giver->number)
				return true;
	return false;
}

/* PROTOCOL: "A key is believed when the commitment of the key record that counts matches" */
static bool is_committed(const struct keyrecord *r, const struct key *key)
{
	struct digest found;

	epoch_commitment(&found, key, r->number, r->prefix);
	return id_eq(&found, &r->commitment);
}

static struct wrap_context context_of(const struct org_id *granter, const struct org_id *grantee,
				      struct bytes prefix, uint64_t number)
{
	return (struct wrap_context){
		.granter = *granter, .grantee = *grantee, .prefix = prefix, .number = number};
}

/* Tries one wrap against the key record of its epoch. */
static enum err wrap_try(struct hub *hub, struct txn *txn, const struct record *record,
			 const struct keyrecord *r, struct key *out)
{
	const struct charter_member *giver = hub_author_member(hub, record->author);
	struct keywrap wrap;

	if (!giver || keywrap_get(&wrap, record->body) ||
	    !id_eq(&wrap.grantee, &hub->options.identity->org) || wrap.number != r->number ||
	    !bytes_eq(wrap.prefix, r->prefix) || !giver_ok(hub, txn, giver, wrap.prefix))
		return ERR_DENIED;
	struct wrap_context context =
		context_of(&giver->org, &wrap.grantee, wrap.prefix, wrap.number);
	enum err err = wrapkeys_unwrap(hub, &wrap.key, &wrap.wrap, &context, out);
	if (!err && is_committed(r, out))
		return ERR_OK;
	key_wipe(out);
	return ERR_DENIED;
}

/* ---- following the links ---- */

/*
 * What an epoch of the own organisation gives its own nodes: the own wrap, and with the root seed
 * alone everything can be had again.
 */
static enum err own_follow(struct hub *hub, const struct epoch_record *record, struct key *out)
{
	const struct identity *identity = hub->options.identity;
	const struct keyrecord *r = &record->key;
	struct wrap_context context =
		context_of(&identity->org, &identity->org, r->prefix, r->number);
	struct key secret = {{0}}, seed = {{0}};

	if (author_member(record->author) != author_member(hub->author))
		return ERR_ABSENT;
	if (!wrapkeys_unwrap(hub, &r->own_key, &r->own_wrap, &context, out))
		return ERR_OK;
	/* The key may be of before another root was bound, or of after. */
	enum err err = hub_root_seed(hub, &seed);
	if (!err) {
		root_recovery_key(&secret, &seed);
		err = wrap_open(out, &r->recovery, &secret, &context);
	}
	if (err && identity->root) {
		root_recovery_key(&secret, secret_key(identity->root));
		err = wrap_open(out, &r->recovery, &secret, &context);
	}
	key_wipe(&secret);
	key_wipe(&seed);
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

/* Wraps for the own organisation that came before their key record. */
static enum err wraps_follow(struct hub *hub, struct txn *txn, const struct keyrecord *r,
			     struct key *out)
{
	struct record_slot slot = record_slot_wrap(&hub->options.identity->org, r->prefix);
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
	struct record record;

	while (ledger_slots_next(&slots, &record))
		if (!wrap_try(hub, txn, &record, r, out))
			return ERR_OK;
	return ERR_ABSENT;
}

/* Whether the key that this record commits to is kept; another one may be. */
static bool key_is_kept(struct hub *hub, struct txn *txn, const struct keyrecord *r)
{
	char name[ROW_NAME_LEN];
	struct key key = {{0}};

	row_name(hub, name, r->prefix, r->number, r->prefix);
	bool kept = row_open(hub, txn, name, &key) && is_committed(r, &key);
	key_wipe(&key);
	return kept;
}

/* The key of the record's epoch, when it is not here but can be had. */
static bool learn_key(struct hub *hub, struct txn *txn, const struct epoch_record *record)
{
	const struct keyrecord *r = &record->key;
	struct key key = {{0}};

	if (key_is_kept(hub, txn, r))
		return false;
	bool learnt = (!down_follow(hub, txn, r, &key) && is_committed(r, &key)) ||
		      (!own_follow(hub, record, &key) && is_committed(r, &key)) ||
		      !wraps_follow(hub, txn, r, &key);
	if (learnt)
		epoch_key_put(hub, txn, r->prefix, r->number, r->prefix, &key);
	key_wipe(&key);
	return learnt;
}

/*
 * Keeps what a link back has given, for its path; at the epoch's own path, when another node has
 * made one of that number too, as far as it is what the record that counts says.
 */
static bool before_keep(struct hub *hub, struct txn *txn, const struct epoch_link *link,
			struct bytes path, const struct key *key)
{
	struct epoch_record record;

	if (bytes_eq(link->prefix, path) &&
	    epoch_record_find(hub, txn, link->prefix, link->number, &record)) {
		bool fits = is_committed(&record.key, key);
		epoch_record_fini(&record);
		if (!fits) {
			other_key_put(hub, txn, link->prefix, link->number, key);
			return false;
		}
	}
	epoch_key_put(hub, txn, link->prefix, link->number, path, key);
	return true;
}

/* Whether the key to which a link back leads is here: that of a path above gives this one too. */
static bool before_is_kept(struct hub *hub, struct txn *txn, const struct epoch_link *link,
			   struct bytes path)
{
	struct epoch_record record;
	bool kept = row_here(hub, txn, link->prefix, link->number, link->prefix);

	if (kept && bytes_eq(link->prefix, path) &&
	    epoch_record_find(hub, txn, link->prefix, link->number, &record)) {
		kept = key_is_kept(hub, txn, &record.key);
		epoch_record_fini(&record);
	}
	return kept || (!bytes_eq(link->prefix, path) &&
			row_here(hub, txn, link->prefix, link->number, path));
}

bool epochs_stranded(struct hub *hub, struct txn *txn, const struct version *version,
		     const struct dataset_id *dataset)
{
	const uint32_t owner = owner_at(hub, version->path);
	struct epoch_record record;
	struct digest found;
	struct key key = {{0}};
	bool stranded;

	/* What is missing may still be on its way. */
	if (!owner || hub->signing != SIGNING_YES)
		return false;
	if ((owner != author_member(hub->author) || !epoch_is_author(hub, txn)) &&
	    !govern_is_whole(hub, txn, owner))
		return false;
	if (!epoch_record_find(hub, txn, version->epoch_prefix, version->epoch_number, &record))
		return epoch_last_at(hub, txn, owner, path_slug(version->path)) > 0;
	stranded = key_is_kept(hub, txn, &record.key) &&
		   !epochs_key(hub, txn, version->epoch_prefix, version->epoch_number,
			       version->path, &key);
	version_key_check(&found, &key, dataset, version->epoch_number, version->epoch_prefix);
	stranded = stranded && !id_eq(&found, &version->key_check);
	key_wipe(&key);
	epoch_record_fini(&record);
	return stranded;
}

/* The keys before, which its links back give. */
static bool learn_back(struct hub *hub, struct txn *txn, const struct keyrecord *r)
{
	struct back_walk walk = keyrecord_backs(r);
	struct key key = {{0}}, before = {{0}};
	struct epoch_link link;
	bool learnt = false;

	if (r->back.count == 0 || epochs_key(hub, txn, r->prefix, r->number, r->prefix, &key))
		return false;
	while (keyrecord_back_next(&walk, &link)) {
		if (before_is_kept(hub, txn, &link, r->prefix) ||
		    keyrecord_back_open(&before, r, &link, &key))
			continue;
		learnt = before_keep(hub, txn, &link, r->prefix, &before) || learnt;
	}
	key_wipe(&key);
	key_wipe(&before);
	return learnt;
}

/* The number of the epoch at the same path that the first link back leads to; 0: to none. */
static uint64_t back_number(const struct keyrecord *r)
{
	struct back_walk walk = keyrecord_backs(r);
	struct epoch_link link;

	if (!keyrecord_back_next(&walk, &link) || link.prefix.len != r->prefix.len)
		return 0;
	return link.number;
}

/*
 * What the key of a record's epoch leads to: each link opens the record before, without waiting for
 * the next walk. Takes the record.
 */
static bool learn_chain(struct hub *hub, struct txn *txn, struct epoch_record *at)
{
	bool learnt = false, more = true;

	while (more) {
		more = learn_back(hub, txn, &at->key);
		learnt = learnt || more;
		uint64_t number = back_number(&at->key);
		struct epoch_record before;
		more = more && number > 0 &&
		       epoch_record_find(hub, txn, at->key.prefix, number, &before);
		if (more) {
			epoch_record_fini(at);
			*at = before;
		}
	}
	epoch_record_fini(at);
	return learnt;
}

bool epoch_record_learn(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct epoch_record at;

	if (!epoch_record_counts(hub, txn, record) || !epoch_record_copy(&at, record))
		return false;
	bool learnt = learn_key(hub, txn, &at);
	return learn_chain(hub, txn, &at) || learnt;
}

enum err epoch_wrap_open(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct epoch_record found;
	struct key key = {{0}};
	struct keywrap wrap;

	if (keywrap_get(&wrap, record->body) || wrap.prefix.len == 0 ||
	    !id_eq(&wrap.grantee, &hub->options.identity->org))
		return ERR_DENIED;
	if (!epoch_record_find(hub, txn, wrap.prefix, wrap.number, &found))
		return row_here(hub, txn, wrap.prefix, wrap.number, wrap.prefix) ? ERR_EXISTS
										 : ERR_ABSENT;
	enum err err = key_is_kept(hub, txn, &found.key)
			       ? ERR_EXISTS
			       : wrap_try(hub, txn, record, &found.key, &key);
	if (err) {
		epoch_record_fini(&found);
		return err;
	}
	epoch_key_put(hub, txn, found.key.prefix, found.key.number, found.key.prefix, &key);
	key_wipe(&key);
	learn_chain(hub, txn, &found);
	return ERR_OK;
}

void epoch_wraps_open(struct hub *hub, struct txn *txn)
{
	uint8_t prefix[1 + ID_LEN] = {RECORD_WRAP};
	struct record record;

	memcpy(prefix + 1, hub->options.identity->org.b, ID_LEN);
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&prefix));
	while (ledger_slots_next(&slots, &record))
		epoch_wrap_open(hub, txn, &record);
}

bool epoch_keys_learn(struct hub *hub, struct txn *txn, struct row_key *at, bool *learnt)
{
	static const uint8_t kind[1] = {RECORD_KEY};
	struct walk walk = at->len > 0 ? walk_begin_at(txn, TABLE_SLOT, bytes_obj(&kind),
						       row_key_bytes(at), false)
				       : walk_begin(txn, TABLE_SLOT, bytes_obj(&kind));
	struct record record;
	struct keyrecord key;

	for (uint32_t looked = 0; looked < LEARN_STEP; looked++) {
		if (!walk_next(&walk)) {
			at->len = 0;
			return false;
		}
		memcpy(at->b, walk.last, walk.last_len);
		at->len = walk.last_len;
		struct bytes slot = bytes_slice(walk.key, 0, walk.key.len - 4);
		if (ledger_slot(&hub->ledger, txn, slot, be32_get(slot.ptr + slot.len), &record))
			continue;
		if (!keyrecord_get(&key, record.body))
			looked += key.back.count;
		*learnt = epoch_record_learn(hub, txn, &record) || *learnt;
	}
	return true;
}
