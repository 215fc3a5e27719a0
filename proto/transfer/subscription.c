#include "proto/transfer/subscription.h"

#include <string.h>

#include "crypto/path.h"
#include "proto/ledger/held.h"
#include "proto/rights/rights.h"
#include "proto/transfer/scan.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"
#include "proto/rights/current.h"

/* ---- rows: [1, pattern, relay]; before there were options, the pattern alone ---- */

static void subscription_put(struct buf *out, const struct subscription *s)
{
	out_array(out, 3);
	out_uint(out, 1);
	out_text(out, s->pattern);
	out_bool(out, s->relay);
}

static enum err subscription_get(struct wire_in *w, struct subscription *s)
{
	wire_array(w, 3, 3);
	wire_exact(w, 1);
	s->pattern = wire_text(w, 1, LIMIT_PATH_LEN_MAX);
	s->relay = wire_bool(w);
	return w->err;
}

void subscriptions_load(struct hub *hub, struct txn *txn)
{
	struct buf *rows = &hub->transfer->subscriptions;
	struct walk walk = walk_begin(txn, TABLE_SUBSCRIPTION, bytes_of(NULL, 0));

	buf_reset(rows);
	while (walk_next(&walk)) {
		struct subscription before = {.pattern = walk.value};
		if (!path_pattern_check(walk.value))
			subscription_put(rows, &before);
		else
			buf_add(rows, walk.value);
	}
}

/* The rows stand one after the other. */
static bool next(struct wire_in *w, struct subscription *s)
{
	return w->pos < w->in.len && !subscription_get(w, s);
}

/* ---- who gets what ---- */

static bool is_relay(const struct hub *hub)
{
	const struct charter_member *own = hub_author_member(hub, hub->author);

	return own && own->state == CHARTER_RELAY;
}

static bool asks(struct hub *hub, struct txn *txn, const struct subscription *s,
		 const struct version *version)
{
	return path_match(s->pattern, version->path) && rights_may_hold(hub, txn, version) &&
	       (s->relay || rights_may_read(hub, txn, version));
}

bool subscriptions_match(const struct hub *hub, struct bytes path)
{
	struct wire_in w = wire_in(buf_bytes(&hub->transfer->subscriptions));
	struct subscription s;

	while (next(&w, &s))
		if (path_match(s.pattern, path))
			return true;
	return false;
}

bool subscriptions_ask(struct hub *hub, struct txn *txn, const struct version *version)
{
	struct wire_in w = wire_in(buf_bytes(&hub->transfer->subscriptions));
	struct subscription s;

	while (next(&w, &s))
		if (asks(hub, txn, &s, version))
			return true;
	return false;
}

/* ---- verbs ---- */

/* The same pattern with another word about reading takes the place of the one before. */
static bool is_here(const struct hub *hub, const struct subscription *s)
{
	struct wire_in w = wire_in(buf_bytes(&hub->transfer->subscriptions));
	struct subscription found;

	while (next(&w, &found))
		if (bytes_eq(found.pattern, s->pattern) && found.relay == s->relay)
			return true;
	return false;
}

enum err subscription_add(struct hub *hub, struct txn *txn, const struct subscription *s, char *why)
{
	struct row_key key = key_text(s->pattern);
	int len = s->pattern.len < 200 ? (int)s->pattern.len : 200;
	const char *text = (const char *)s->pattern.ptr;
	struct buf row;

	if (path_pattern_check(s->pattern)) {
		why_set(why,
			"\"%.*s\" is no pattern: write a path, with * for one component and ** at "
			"the end for everything below, for example */kita/**.",
			len, text);
		return ERR_CONFIG;
	}
	if (is_relay(hub) && !s->relay) {
		why_set(why,
			"this organisation is a relay, which holds without reading: say "
			"`allmende subscribe --relay \"%.*s\"`.",
			len, text);
		return ERR_DENIED;
	}
	if (is_here(hub, s)) {
		why_set(why, "%.*s is subscribed already: see `allmende subscriptions`.", len,
			text);
		return ERR_EXISTS;
	}
	buf_init(&row, LIMIT_PATH_LEN_MAX + 16);
	subscription_put(&row, s);
	txn_put_row(txn, TABLE_SUBSCRIPTION, &key, &row);
	subscriptions_load(hub, txn);
	hub->wanted_epoch++;
	return ERR_OK;
}

enum err subscription_drop(struct hub *hub, struct txn *txn, const char *pattern, char *why)
{
	struct row_key key = key_text(bytes_str(pattern));

	if (!txn_del(txn, TABLE_SUBSCRIPTION, row_key_bytes(&key))) {
		why_set(why, "%.200s is not subscribed: see `allmende subscriptions`.", pattern);
		return ERR_ABSENT;
	}
	subscriptions_load(hub, txn);
	hub->transfer->unsubscribed = true;
	return ERR_OK;
}

static void datasets_count(struct hub *hub, struct txn *txn, const struct subscription *s,
			   uint64_t *held, uint64_t *known)
{
	struct walk walk = walk_begin(txn, TABLE_PATH, bytes_of(NULL, 0));

	while (walk_next(&walk)) {
		struct ledger_version current;
		struct version version;
		struct dataset_id dataset;
		if (walk.value.len != ID_LEN)
			continue;
		memcpy(dataset.b, walk.value.ptr, ID_LEN);
		if (current_find(hub, txn, &dataset, 0, &current, NULL))
			continue;
		struct version_id of = {dataset, current.number, current.author};
		if (held_version(txn, &of, &version) || !asks(hub, txn, s, &version))
			continue;
		(*known)++;
		*held += held_complete(txn, &of);
	}
}

void subscription_each(struct hub *hub, struct txn *txn,
		       bool (*each)(void *arg, const struct subscription *subscription,
				    uint64_t held, uint64_t known),
		       void *arg)
{
	struct wire_in w = wire_in(buf_bytes(&hub->transfer->subscriptions));
	struct subscription s;

	while (next(&w, &s)) {
		uint64_t held = 0, known = 0;
		datasets_count(hub, txn, &s, &held, &known);
		if (!each(arg, &s, held, known))
			return;
	}
}
