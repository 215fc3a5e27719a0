/*
 * epochs - keys that follow paths: key records, wraps for readers, new epochs when a right ends
 * (docs/PROTOCOL.md, section 5.6).
 */
#include "proto/rights/epochs.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/rights/epoch_keys.h"
#include "proto/rights/handed.h"
#include "proto/rights/readers.h"
#include "proto/rights/rights.h"

enum {
	EPOCHS_LOOK_MS = 3600 * 1000,        /* at least so often */
	EPOCHS_EXPIRY_MS = 24 * 3600 * 1000, /* between two rounds for expired tokens */
	EPOCHS_WRAPS_A_TURN = 128,           /* each costs an exchange of keys */
};
static const char expiry_name[] = "epochs-expiry"; /* META row: time of the last such round */

/* ---- the own epochs ---- */

struct epoch {
	char *prefix;
	uint64_t number;
};

struct epoch_list { /* of the own namespace */
	struct epoch *items;
	size_t count, cap;
};

static struct bytes epoch_prefix(const struct epoch *epoch)
{
	return bytes_str(epoch->prefix);
}

static void list_add(struct epoch_list *list, struct bytes prefix, uint64_t number)
{
	list->items = mem_room(list->items, list->count, &list->cap, sizeof(*list->items));
	list->items[list->count++] = (struct epoch){bytes_text(prefix), number};
}

static void list_load_author(struct hub *hub, struct txn *txn, struct epoch_list *list,
			     uint32_t author)
{
	static const uint8_t kind[1] = {RECORD_KEY};
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&kind));
	struct record record;
	struct keyrecord key;

	slots.author = author;
	while (ledger_slots_next(&slots, &record))
		if (!keyrecord_get(&key, record.body))
			list_add(list, key.prefix, key.number);
}

static void list_load(struct hub *hub, struct txn *txn, struct epoch_list *list)
{
	struct orglog log;

	*list = (struct epoch_list){0};
	if (orglog_load(txn, &hub->options.identity->org, &log))
		return;
	for (size_t i = 0; i < log.node_count; i++) {
		uint32_t author = author_of(author_member(hub->author), log.nodes[i].index);
		if (epoch_author_ok(hub, txn, author))
			list_load_author(hub, txn, list, author);
	}
	orglog_fini(&log);
}

static void list_fini(struct epoch_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].prefix);
	free(list->items);
}

/* The highest number at exactly this path; 0: none. */
static uint64_t list_last(const struct epoch_list *list, struct bytes prefix)
{
	uint64_t last = 0;

	for (size_t i = 0; i < list->count; i++)
		if (bytes_eq(epoch_prefix(&list->items[i]), prefix) && list->items[i].number > last)
			last = list->items[i].number;
	return last;
}

/*
 * PROTOCOL: "Of a path, the *governing* epoch is that of the longest Q at or above it that has a
 * key record, with the highest n." NULL: none; valid until the list grows.
 */
static const struct epoch *list_governs(const struct epoch_list *list, struct bytes path)
{
	const struct epoch *best = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct epoch *epoch = &list->items[i];
		size_t len = epoch_prefix(epoch).len;
		if (!path_contains(epoch_prefix(epoch), path))
			continue;
		if (!best || len > epoch_prefix(best).len ||
		    (len == epoch_prefix(best).len && epoch->number > best->number))
			best = epoch;
	}
	return best;
}

/*
 * PROTOCOL: "by its active node of the lowest index that has the role key author."
 */
static bool is_key_author(struct hub *hub, struct txn *txn)
{
	struct orglog log;
	bool is = false;

	if (orglog_load(txn, &hub->options.identity->org, &log))
		return false;
	for (size_t i = 0; i < log.node_count; i++) {
		const struct orglog_node *node = &log.nodes[i];
		if (node->state != ORGLOG_NODE_ACTIVE || !(node->roles & ORGLOG_ROLE_KEY_AUTHOR))
			continue;
		is = node->index == hub->options.identity->node_index;
		break;
	}
	orglog_fini(&log);
	return is;
}

/* ---- wraps ---- */

/*
 * A wrap of an epoch for an organisation. ERR_ABSENT: its log is not here; ERR_AGAIN: the key is
 * not.
 */
static enum err wrap_make(struct hub *hub, struct txn *txn, const struct org_id *grantee,
			  struct bytes prefix, uint64_t number, struct keywrap *out)
{
	struct wrap_context context = {.granter = hub->options.identity->org,
				       .grantee = *grantee,
				       .prefix = prefix,
				       .number = number};
	struct key key = {{0}};
	struct orglog log;

	*out = (struct keywrap){.grantee = *grantee, .prefix = prefix, .number = number};
	enum err err = orglog_is_forked(txn, grantee) ? ERR_AGAIN : orglog_load(txn, grantee, &log);
	if (err)
		return err;
	wrap_key_id(&out->key, &log.wrap);
	if (epochs_key(hub, txn, prefix, number, prefix, &key))
		err = ERR_AGAIN;
	else
		err = wrap_seal(&out->wrap, &key, &log.wrap, &context, hub->options.random);
	key_wipe(&key);
	orglog_fini(&log);
	return err;
}

/* Whether it is there already, by this node. */
static bool wrap_is_there(struct hub *hub, struct txn *txn, const struct record_slot *slot,
			  uint64_t number)
{
	struct record record;
	struct keywrap wrap;

	return !ledger_slot(&hub->ledger, txn, record_slot_bytes(slot), hub->author, &record) &&
	       !keywrap_get(&wrap, record.body) && wrap.number >= number;
}

/* Publishes it, unless that was done before. True: it is new. */
static bool wrap_publish(struct hub *hub, struct txn *txn, const struct org_id *grantee,
			 struct bytes prefix, uint64_t number)
{
	struct record_slot slot = record_slot_wrap(grantee, prefix);
	struct keywrap wrap;
	struct buf body;

	if (wrap_is_there(hub, txn, &slot, number) ||
	    wrap_make(hub, txn, grantee, prefix, number, &wrap))
		return false;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keywrap_put(&body, &wrap);
	enum err err = ledger_append(&hub->ledger, txn, RECORD_WRAP, record_slot_bytes(&slot),
				     buf_bytes(&body), NULL, LEDGER_QUIET);
	buf_fini(&body);
	if (err && err != ERR_NOSPACE)
		txn_fail(txn, err);
	return !err;
}

/* ---- new epochs ---- */

/*
 * PROTOCOL: "`down` is K_n(Q), sealed under `derive(K_n'(parent of Q), "am1.epdown", "")`, (Q', n')
 * being the epoch that governs the parent of Q; nil when there is none." ERR_AGAIN: its key is not
 * here.
 */
static enum err down_make(struct hub *hub, struct txn *txn, const struct epoch_list *list,
			  struct keyrecord *r, const struct key *key)
{
	struct bytes parent_path = path_parent(r->prefix);
	const struct epoch *parent = parent_path.len ? list_governs(list, parent_path) : NULL;
	struct key other = {{0}};

	if (!parent)
		return ERR_OK;
	r->down.prefix = epoch_prefix(parent);
	r->down.number = parent->number;
	enum err err = epochs_key(hub, txn, r->down.prefix, r->down.number, parent_path, &other);
	if (!err)
		keyrecord_down_seal(r, &other, key, hub->options.random);
	key_wipe(&other);
	return err == ERR_ABSENT ? ERR_AGAIN : err;
}

/* False: it does not fit any more. *linked: the key of that epoch is here. */
static bool back_add(struct hub *hub, struct txn *txn, struct keyrecord *r, struct buf *links,
		     struct bytes prefix, uint64_t number, const struct key *key, bool *linked)
{
	struct key before = {{0}};
	bool fits = true;

	*linked = !epochs_key(hub, txn, prefix, number, r->prefix, &before);
	if (*linked)
		fits = keyrecord_back_add(r, links, prefix, number, key, &before,
					  hub->options.random);
	key_wipe(&before);
	return fits;
}

/*
 * The latest epoch before this one at its own path whose key is here. False: there never was one.
 */
static bool back_here(struct hub *hub, struct txn *txn, const struct epoch_list *list,
		      struct keyrecord *r, struct buf *links, const struct key *key)
{
	uint64_t listed = list_last(list, r->prefix), kept = epoch_key_last(txn, r->prefix);
	uint64_t before = listed > kept ? listed : kept;
	bool linked = false;

	if (before == 0 || before >= r->number)
		return false;
	back_add(hub, txn, r, links, r->prefix, before, key, &linked);
	if (!linked && kept > 0 && kept < before)
		back_add(hub, txn, r, links, r->prefix, kept, key, &linked);
	r->back.lost = !linked;
	return true;
}

/* Of the first epoch of a path: all earlier ones above. */
static void back_above(struct hub *hub, struct txn *txn, const struct epoch_list *list,
		       struct keyrecord *r, struct buf *links, const struct key *key)
{
	bool fits = true, linked = false, any = false;

	for (struct bytes above = path_parent(r->prefix); above.len && fits;
	     above = path_parent(above)) {
		uint64_t listed = list_last(list, above), kept = epoch_key_last(txn, above);
		for (uint64_t n = listed > kept ? listed : kept; n > 0 && fits; n--) {
			any = true;
			fits = back_add(hub, txn, r, links, above, n, key, &linked);
		}
	}
	r->back.lost = any && r->back.count == 0;
}

static enum err own_wraps_make(struct hub *hub, struct txn *txn, struct keyrecord *r,
			       const struct key *key)
{
	const struct org_id *own = &hub->options.identity->org;
	struct wrap_context context = {
		.granter = *own, .grantee = *own, .prefix = r->prefix, .number = r->number};
	struct orglog log;
	enum err err = orglog_load(txn, own, &log);

	if (err)
		return err;
	wrap_key_id(&r->own_key, &log.wrap);
	err = wrap_seal(&r->recovery, key, &log.recovery, &context, hub->options.random);
	if (!err)
		err = wrap_seal(&r->own_wrap, key, &log.wrap, &context, hub->options.random);
	orglog_fini(&log);
	return err;
}

static enum err record_publish(struct hub *hub, struct txn *txn, const struct keyrecord *r)
{
	struct record_slot slot = record_slot_key(r->prefix, r->number);
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keyrecord_put(&body, r);
	enum err err = ledger_append(&hub->ledger, txn, RECORD_KEY, record_slot_bytes(&slot),
				     buf_bytes(&body), NULL, LEDGER_QUIET);
	buf_fini(&body);
	return err;
}

/*
 * The next epoch at a path of the own namespace. ERR_AGAIN: a key that it has to be linked with is
 * not here.
 */
static enum err epoch_make(struct hub *hub, struct txn *txn, struct epoch_list *list,
			   struct bytes prefix)
{
	uint64_t listed = list_last(list, prefix), kept = epoch_key_last(txn, prefix);
	struct keyrecord r = {.prefix = prefix, .number = (listed > kept ? listed : kept) + 1};
	struct buf links;
	struct key key;

	if (r.number == 0) /* another own node has given out all numbers */
		return ERR_AGAIN;
	buf_init(&links, EPOCH_BACK_LEN_MAX);
	random_fill(hub->options.random, key.b, KEY_LEN);
	epoch_commitment(&r.commitment, &key, r.number, prefix);
	enum err err = down_make(hub, txn, list, &r, &key);
	if (!err && !back_here(hub, txn, list, &r, &links, &key))
		back_above(hub, txn, list, &r, &links, &key);
	if (!err)
		err = own_wraps_make(hub, txn, &r, &key);
	if (!err)
		err = record_publish(hub, txn, &r);
	if (!err) {
		epoch_key_put(hub, txn, prefix, r.number, prefix, &key);
		list_add(list, prefix, r.number);
		hub->epochs->due = true; /* for the readers */
	}
	buf_fini(&links);
	key_wipe(&key);
	return err;
}

/* ---- rights that ended ---- */

/* The next wrap that this node has published for somebody else in the own namespace. */
static bool own_wrap_next(struct hub *hub, struct ledger_slots *slots, struct keywrap *wrap)
{
	const struct identity *identity = hub->options.identity;
	struct record record;

	while (ledger_slots_next(slots, &record)) {
		if (record.author == hub->author && !keywrap_get(wrap, record.body) &&
		    wrap->prefix.len > 0 && !id_eq(&wrap->grantee, &identity->org) &&
		    bytes_eq(path_slug(wrap->prefix), bytes_str(identity->slug)))
			return true;
	}
	return false;
}

/* The own ones: of others there may be many. */
static struct ledger_slots wrap_slots(struct hub *hub, struct txn *txn)
{
	static const uint8_t kind[1] = {RECORD_WRAP};
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&kind));

	slots.author = hub->author;
	return slots;
}

/*
 * Paths at which a right has ended, shorter ones first; each once. removed: of those that are no
 * members any more, among others.
 */
struct ended {
	char **paths;
	size_t count, cap;
	bool removed;
};

static void ended_add(struct ended *ended, struct bytes path)
{
	size_t at = 0;

	for (; at < ended->count && strlen(ended->paths[at]) <= path.len; at++)
		if (bytes_eq(bytes_str(ended->paths[at]), path))
			return;
	ended->paths = mem_room(ended->paths, ended->count, &ended->cap, sizeof(*ended->paths));
	memmove(ended->paths + at + 1, ended->paths + at,
		(ended->count - at) * sizeof(*ended->paths));
	ended->paths[at] = bytes_text(path);
	ended->count++;
}

static void ended_fini(struct ended *ended)
{
	for (size_t i = 0; i < ended->count; i++)
		free(ended->paths[i]);
	free(ended->paths);
}

/* maybe: also at which one may have ended. */
static void ended_find(struct hub *hub, struct txn *txn, const struct readers *readers,
		       struct ended *ended, bool maybe)
{
	struct ledger_slots slots = wrap_slots(hub, txn);
	struct keywrap wrap;

	*ended = (struct ended){0};
	while (own_wrap_next(hub, &slots, &wrap)) {
		if (readers_has(readers, &wrap.grantee, wrap.prefix, !maybe))
			continue;
		ended_add(ended, wrap.prefix);
		ended->removed = ended->removed || !readers_may(hub, &wrap.grantee);
	}
}

/* PROTOCOL: "expired tokens at most once a day, together" */
static bool expiry_waits(struct hub *hub, struct txn *txn, int64_t *until_ms)
{
	struct row_key row = key_name(expiry_name);
	struct bytes value;

	if (!txn_get(txn, TABLE_META, row_key_bytes(&row), &value) || value.len != 8)
		return false;
	int64_t last_ms = (int64_t)be64_get(value.ptr);
	*until_ms = last_ms + EPOCHS_EXPIRY_MS;
	/* A clock that was ahead must not stop it for long. */
	return last_ms <= hub->wall_ms && hub->wall_ms < *until_ms;
}

static void expiry_done(struct hub *hub, struct txn *txn)
{
	struct row_key row = key_name(expiry_name);
	uint8_t value[8];

	be64_put(value, (uint64_t)hub->wall_ms);
	txn_put(txn, TABLE_META, row_key_bytes(&row), bytes_obj(&value));
}

/*
 * Every epoch at or below a path at which a right has ended is followed by a new one, from top to
 * bottom.
 */
static enum err epochs_renew(struct hub *hub, struct txn *txn, struct epoch_list *list,
			     struct ended *ended)
{
	struct ended all = {0};
	enum err err = ERR_OK;

	for (size_t i = 0; i < ended->count; i++) {
		struct bytes path = bytes_str(ended->paths[i]);
		ended_add(&all, path);
		for (size_t k = 0; k < list->count; k++)
			if (path_contains(path, epoch_prefix(&list->items[k])))
				ended_add(&all, epoch_prefix(&list->items[k]));
	}
	for (size_t i = 0; i < all.count && !err; i++)
		err = epoch_make(hub, txn, list, bytes_str(all.paths[i]));
	ended_fini(&all);
	return err;
}

/* Wraps of those who read no more. */
static void wraps_drop(struct hub *hub, struct txn *txn, const struct readers *readers)
{
	struct ledger_slots slots = wrap_slots(hub, txn);
	struct keywrap wrap;

	while (own_wrap_next(hub, &slots, &wrap)) {
		struct record_slot slot = record_slot_wrap(&wrap.grantee, wrap.prefix);
		if (!readers_has(readers, &wrap.grantee, wrap.prefix, true))
			ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot));
	}
}

/* PROTOCOL: "Every prefix that somebody may read gets an epoch" */
static enum err prefixes_begin(struct hub *hub, struct txn *txn, struct epoch_list *list,
			       const struct readers *readers)
{
	struct ended first = {0};
	enum err err = ERR_OK;

	if (list->count == 0 && readers->count > 0)
		err = epoch_make(hub, txn, list, bytes_str(hub->options.identity->slug));
	for (size_t i = 0; i < readers->count; i++)
		if (readers->items[i].good && !list_last(list, bytes_str(readers->items[i].path)))
			ended_add(&first, bytes_str(readers->items[i].path));
	for (size_t i = 0; i < first.count && !err; i++)
		err = epoch_make(hub, txn, list, bytes_str(first.paths[i]));
	ended_fini(&first);
	return err;
}

/* A wrap of the latest epoch at its prefix for each reader. True: there are more to write. */
static bool wraps_write(struct hub *hub, struct txn *txn, const struct epoch_list *list,
			const struct readers *readers)
{
	unsigned written = 0;

	for (size_t k = 0; k < readers->count; k++) {
		const struct reading_org *reader = &readers->items[k];
		struct bytes path = bytes_str(reader->path);
		uint64_t number = reader->good ? list_last(list, path) : 0;
		if (number == 0)
			continue;
		if (written >= EPOCHS_WRAPS_A_TURN)
			return true;
		written += wrap_publish(hub, txn, &reader->org, path, number);
	}
	return false;
}

/* Brings records to what the tokens say. */
static void distribute(struct hub *hub, struct txn *txn)
{
	struct epoch_list list;
	struct readers readers;
	struct ended ended;
	int64_t until_ms = 0;
	enum err err;

	list_load(hub, txn, &list);
	readers_load(hub, txn, &readers);
	ended_find(hub, txn, &readers, &ended, false);
	hub->epochs->waiting = readers.waiting;
	hub->epochs->waiting_by = readers.waiting_by;
	hub->epochs->due = false;
	hub->epochs->next_ms = hub->wall_ms + EPOCHS_LOOK_MS;
	if (readers.next_ms < hub->epochs->next_ms)
		hub->epochs->next_ms = readers.next_ms;
	hub->epochs->ends_ms = readers.ends_ms;
	err = prefixes_begin(hub, txn, &list, &readers);
	if (ended.count && !ended.removed && expiry_waits(hub, txn, &until_ms)) {
		if (until_ms < hub->epochs->next_ms)
			hub->epochs->next_ms = until_ms;
	} else if (ended.count && !err) {
		err = epochs_renew(hub, txn, &list, &ended);
		if (!err) {
			wraps_drop(hub, txn, &readers);
			expiry_done(hub, txn);
		}
	}
	if (!err)
		hub->epochs->due = wraps_write(hub, txn, &list, &readers);
	else if (err != ERR_AGAIN && err != ERR_NOSPACE)
		txn_fail(txn, err);
	ended_fini(&ended);
	readers_fini(&readers);
	list_fini(&list);
}

/* ---- verbs ---- */

/* Rights that have ended, before a key is used: new versions are not for them. */
static enum err govern_begin(struct hub *hub, struct txn *txn)
{
	struct readers readers;
	struct ended ended;
	bool author = is_key_author(hub, txn);

	if (author && hub->signing == SIGNING_YES) {
		distribute(hub, txn);
		return ERR_OK;
	}
	readers_load(hub, txn, &readers);
	ended_find(hub, txn, &readers, &ended, true);
	enum err err = author && ended.count ? ERR_AGAIN : ERR_OK;
	ended_fini(&ended);
	readers_fini(&readers);
	return err;
}

enum err epochs_govern(struct hub *hub, struct txn *txn, struct bytes path, size_t *prefix_len,
		       uint64_t *number, struct key *path_key)
{
	struct epoch_list list;
	enum err err = govern_begin(hub, txn);

	list_load(hub, txn, &list);
	if (!err && list.count == 0) {
		if (!is_key_author(hub, txn))
			err = ERR_DENIED;
		else if (hub->signing != SIGNING_YES)
			err = ERR_AGAIN;
		else
			err = epoch_make(hub, txn, &list, path_slug(path));
	}
	const struct epoch *epoch = list_governs(&list, path);
	if (!err && epoch) {
		*prefix_len = epoch_prefix(epoch).len;
		*number = epoch->number;
		err = epochs_key(hub, txn, epoch_prefix(epoch), epoch->number, path, path_key);
	}
	if (!err && !epoch)
		err = ERR_ABSENT;
	list_fini(&list);
	return err == ERR_ABSENT ? ERR_AGAIN : err;
}

void epochs_wraps_due(struct hub *hub)
{
	hub->epochs->wraps = hub->epochs->learn = true;
}

void epochs_arrival(struct hub *hub, struct txn *txn, const struct record *record)
{
	if (record->kind == RECORD_KEY) {
		if (epoch_record_learn(hub, txn, record)) {
			hub->epochs->learn = true;
			hub->wanted_epoch++;
		}
	} else if (!epoch_wrap_open(hub, txn, record)) {
		hub->epochs->learn = true;
		hub->wanted_epoch++;
	}
}

/*
 * A part of the walk over all key records. A round may find that a parent's key comes after: as
 * many as paths are deep.
 */
static void epochs_learn(struct hub *hub, struct txn *txn)
{
	struct epochs *epochs = hub->epochs;

	if (epochs->learn) {
		/* A walk under way goes on to its end, and another one follows. */
		epochs->learnt = epochs->learn_rounds > 0;
		epochs->learn_rounds = LIMIT_PATH_DEPTH_MAX;
		epochs->learn = false;
	}
	if (epochs->learn_rounds == 0 ||
	    epoch_keys_learn(hub, txn, &epochs->learn_at, &epochs->learnt))
		return;
	epochs->learn_rounds = epochs->learnt ? epochs->learn_rounds - 1 : 0;
	if (epochs->learnt) {
		epochs->due = true;
		hub->wanted_epoch++;
	}
	epochs->learnt = false;
}

void epochs_settle(struct hub *hub, struct txn *txn)
{
	struct epochs *epochs = hub->epochs;

	if (!hub->author)
		return;
	if (hub->wall_ms >= epochs->next_ms || epochs->next_ms > hub->wall_ms + EPOCHS_LOOK_MS ||
	    hub->act_ms >= epochs->ends_ms || epochs->charter_number != hub->charter.number) {
		epochs->charter_number = hub->charter.number;
		epochs->next_ms = hub->wall_ms + EPOCHS_LOOK_MS;
		epochs->ends_ms = INT64_MAX; /* known again when it was looked */
		epochs->due = epochs->wraps = epochs->learn = true;
		handed_prune(txn, hub->act_ms);
	}
	if (epochs->granted_epoch != hub->granted_epoch)
		epochs->due = true;
	epochs->granted_epoch = hub->granted_epoch;
	if (epochs->wraps)
		epoch_wraps_open(hub, txn);
	epochs->wraps = false;
	epochs_learn(hub, txn);
	if (!epochs->due || hub->signing != SIGNING_YES)
		return;
	if (is_key_author(hub, txn))
		distribute(hub, txn);
	else
		epochs->due = false;
}

int64_t epochs_wake(const struct hub *hub)
{
	if (!hub->author)
		return INT64_MAX;
	if (hub->epochs->learn_rounds > 0)
		return hub->mono_ms;
	if (!hub->epochs->due)
		return hub_mono_of(hub, hub->epochs->next_ms);
	return hub->signing == SIGNING_YES ? hub->mono_ms : INT64_MAX;
}
