#include "proto/rights/epoch_make.h"

#include "crypto/path.h"
#include "proto/rights/epoch_keys.h"
#include "proto/rights/epoch_rows.h"
#include "proto/rights/epochs.h"

/*
 * PROTOCOL: "n of a new epoch is 1 + the highest n at Q that any key record, wrap or version here
 * names, counting or not; those left out that are more than 1,000 above the latest that counts." So
 * a store that is an old copy uses no number twice, and nobody drives the numbers to their end.
 */
static uint64_t number_next(struct hub *hub, struct txn *txn, const struct epoch_list *list,
			    struct bytes prefix)
{
	uint64_t listed = epoch_list_last(list, prefix), kept = epoch_key_last(hub, txn, prefix);
	uint64_t counts = listed > kept ? listed : kept;
	uint64_t named = epoch_named(hub, txn, list->owner, prefix, counts);

	return (named > counts ? named : counts) + 1;
}

/*
 * PROTOCOL: "`down` is K_n(Q), sealed under `derive(K_n'(parent of Q), "am1.epdown", "")`, (Q', n')
 * being the epoch that governs that parent; nil when there is none." ERR_AGAIN: its key is not
 * here.
 */
static enum err down_make(struct hub *hub, struct txn *txn, const struct epoch_list *list,
			  struct keyrecord *r, const struct key *key)
{
	struct bytes above = path_parent(r->prefix);
	const struct epoch *parent = above.len ? epoch_list_governs(list, above) : NULL;
	struct key other = {{0}};

	if (!parent)
		return ERR_OK;
	r->down.prefix = bytes_slice(r->prefix, 0, parent->len);
	r->down.number = parent->number;
	enum err err = epochs_key(hub, txn, r->down.prefix, r->down.number, above, &other);
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

/* The latest number at a path whose key is here; of none the latest there was. */
static uint64_t back_number_of(struct hub *hub, struct txn *txn, const struct epoch_list *list,
			       struct bytes prefix, bool *here)
{
	uint64_t listed = epoch_list_last(list, prefix), kept = epoch_key_last(hub, txn, prefix);
	struct key key = {{0}};

	*here = listed > 0 && !epochs_key(hub, txn, prefix, listed, prefix, &key);
	key_wipe(&key);
	if (*here || kept == 0)
		return listed;
	*here = true;
	return kept;
}

bool epoch_back_here(struct hub *hub, struct txn *txn, const struct epoch_list *list,
		     struct bytes prefix)
{
	bool here;

	return back_number_of(hub, txn, list, prefix, &here) == 0 || here;
}

/*
 * PROTOCOL: "When there was an epoch at Q before, it has one element, the latest whose key is
 * there". False: there never was one.
 */
static bool back_same(struct hub *hub, struct txn *txn, const struct epoch_list *list,
		      struct keyrecord *r, struct buf *links, const struct key *key)
{
	bool here, linked = false;
	uint64_t before = back_number_of(hub, txn, list, r->prefix, &here);

	if (before == 0)
		return false;
	if (here)
		back_add(hub, txn, r, links, r->prefix, before, key, &linked);
	r->back.lost = !linked;
	return true;
}

/* PROTOCOL: "the first epoch at Q has one for every earlier epoch above Q, as many as fit" */
static void back_above(struct hub *hub, struct txn *txn, const struct epoch_list *list,
		       struct keyrecord *r, struct buf *links, const struct key *key)
{
	bool fits = true, linked = false, any = false;

	for (struct bytes above = path_parent(r->prefix); above.len && fits;
	     above = path_parent(above)) {
		const struct epoch *last = epoch_list_at(list, above);
		for (size_t i = last ? (size_t)(last - list->items) + 1 : 0;
		     i > 0 && fits && bytes_eq(epoch_prefix(&list->items[i - 1]), above); i--) {
			any = true;
			fits = back_add(hub, txn, r, links, bytes_slice(r->prefix, 0, above.len),
					list->items[i - 1].number, key, &linked);
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

static enum err make_one(struct hub *hub, struct txn *txn, struct epoch_list *list,
			 struct bytes prefix, bool *lost)
{
	struct keyrecord r = {.prefix = prefix, .number = number_next(hub, txn, list, prefix)};
	struct buf links;
	struct key key;

	if (r.number == 0) /* another own node has given out all numbers */
		return ERR_FULL;
	buf_init(&links, EPOCH_BACK_LEN_MAX);
	random_fill(hub->options.random, key.b, KEY_LEN);
	epoch_commitment(&r.commitment, &key, r.number, prefix);
	enum err err = down_make(hub, txn, list, &r, &key);
	if (!err && !back_same(hub, txn, list, &r, &links, &key))
		back_above(hub, txn, list, &r, &links, &key);
	if (!err)
		err = own_wraps_make(hub, txn, &r, &key);
	if (!err)
		err = record_publish(hub, txn, &r);
	if (!err) {
		/* The key lies in the store before the head goes out that names the record. */
		epoch_key_put(hub, txn, prefix, r.number, prefix, &key);
		epoch_list_add(list, prefix, r.number, &r.own_key);
		epoch_seen(hub, txn, list->owner, prefix, r.number);
		*lost = r.back.lost;
	}
	buf_fini(&links);
	key_wipe(&key);
	return err;
}

enum err epoch_make(struct hub *hub, struct txn *txn, struct epoch_list *list, struct bytes prefix,
		    bool force, unsigned *lost)
{
	bool one_lost = false;
	unsigned count = 0;
	enum err err = make_one(hub, txn, list, prefix, &one_lost);

	if (err == ERR_AGAIN && force && !path_parent(prefix).len)
		return err;
	if (err == ERR_AGAIN && force) {
		const struct epoch *parent = epoch_list_governs(list, path_parent(prefix));
		/* Each step is one component up, so this ends. */
		if (parent)
			err = epoch_make(hub, txn, list, bytes_slice(prefix, 0, parent->len), true,
					 &count);
		if (!err)
			err = make_one(hub, txn, list, prefix, &one_lost);
	}
	if (lost)
		*lost += count + one_lost;
	return err;
}
