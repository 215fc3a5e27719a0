#include "proto/rights/rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/path.h"

/* ---- the verdict ---- */

static const struct charter_member *namespace_of(const struct charter *charter, struct bytes path)
{
	const struct charter_member *member = charter_by_slug(charter, path_slug(path));

	return member && charter_is_present(member) ? member : NULL;
}

/*
 * Whether a link's signature is right never changes, and thousands of tokens are looked at again
 * and again: what was found is kept, in as many slots as there are, by a hash that nobody else can
 * foresee. The lowest bit says how it was.
 */
enum { LINKS_CHECKED_MAX = 1 << 16 };

static bool sig_is_right(struct ledger *ledger, const struct token_link *link,
			 const struct sign_pk *pk)
{
	uint8_t digest[ID_LEN];
	struct hash hash;

	if (!ledger->own_seed)
		return !token_link_check_sig(link, pk, &ledger->charter->fed);
	if (!ledger->links_checked)
		ledger->links_checked = mem_new(LINKS_CHECKED_MAX, sizeof(uint64_t));
	hash_init(&hash, "am1.checked", ledger->own_seed, ID_LEN);
	hash_add(&hash, id_bytes(&ledger->charter->fed));
	hash_add(&hash, id_bytes(pk));
	hash_add(&hash, link->whole);
	hash_done(&hash, digest, ID_LEN);
	uint64_t found = be64_get(digest) | 1;
	uint64_t *slot = &ledger->links_checked[be32_get(digest + 8) % LINKS_CHECKED_MAX];
	if ((*slot | 1) != found)
		*slot = token_link_check_sig(link, pk, &ledger->charter->fed) ? found - 1 : found;
	return *slot & 1;
}

/*
 * PROTOCOL: "A link is signed by a node of the issuer that is active and has the role admin. Which
 * node it was, and whether it still is, is looked up when the token is used."
 */
static const char *link_fault(struct ledger *ledger, struct txn *txn, const struct token_link *link)
{
	const struct charter_member *issuer = charter_by_org(ledger->charter, &link->issuer);
	struct sign_pk pk;
	uint8_t roles;

	if (!issuer)
		return "who gave it has left the federation";
	enum err err = ledger_author(ledger, txn, author_of(issuer->number, link->issuer_node), &pk,
				     &roles);
	if (err == ERR_DENIED)
		return "the node that signed it is retired";
	if (err)
		return "the node that signed it is not known here yet";
	if (!(roles & ORGLOG_ROLE_ADMIN))
		return "the node that signed it may not grant";
	if (!sig_is_right(ledger, link, &pk))
		return "a signature is wrong";
	return NULL;
}

/* What it gives at some time; the fields of time are not looked at. */
static enum verb chain_verb(struct ledger *ledger, struct txn *txn, const struct token *token,
			    const char **why)
{
	const struct token_link *last = &token->link[token->count - 1];
	const struct charter_member *owner = namespace_of(ledger->charter, last->prefix);
	enum verb verb = last->verb;

	/*
	 * PROTOCOL: "The first link's issuer is the organisation in whose namespace `prefix` lies"
	 */
	*why = !owner || !id_eq(&owner->org, &token->link[0].issuer)
		       ? "it does not begin with the organisation whose namespace it is"
		       : NULL;
	for (size_t i = 0; i < token->count && !*why; i++) {
		const struct charter_member *audience =
			charter_by_org(ledger->charter, &token->link[i].audience);
		if (!audience)
			*why = "who got it has left the federation";
		else if (audience->state == CHARTER_RELAY)
			/* PROTOCOL: "A relay's verb counts as 1, and so does what it hands on." */
			verb = VERB_RELAY;
	}
	for (size_t i = 0; i < token->count && !*why; i++)
		*why = link_fault(ledger, txn, &token->link[i]);
	return *why ? VERB_NONE : verb;
}

enum verb rights_verdict(struct ledger *ledger, struct txn *txn, const struct token *token,
			 int64_t now_ms, const char **why)
{
	const struct token_link *last = &token->link[token->count - 1];
	const char *reason = NULL;
	/*
	 * PROTOCOL: "A token is good at a time when `not before` ≤ time < `expiry` in every link".
	 * The last one lies within all others.
	 */
	if (now_ms < last->not_before_ms)
		reason = "not yet";
	else if (now_ms >= last->expiry_ms)
		reason = "expired";
	enum verb verb = reason ? VERB_NONE : chain_verb(ledger, txn, token, &reason);
	if (why)
		*why = reason;
	return verb;
}

bool rights_own_namespace(const struct hub *hub, const struct org_id *org, struct bytes path)
{
	const struct charter_member *owner = namespace_of(&hub->charter, path);

	return owner && id_eq(&owner->org, org);
}

/* ---- a token that is named ---- */

static enum verb rights_token(struct hub *hub, struct txn *txn, const struct digest *id,
			      const struct org_id *org, struct bytes path)
{
	struct record_slot slot = record_slot_of(RECORD_LINE, id_bytes(id));
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
	struct record record;
	struct token token;
	enum verb verb = VERB_NONE;

	/* The id covers all but the signatures, so one who publishes it may have spoilt them. */
	while (verb == VERB_NONE && ledger_slots_next(&slots, &record)) {
		if (token_get(&token, record.body))
			continue;
		const struct token_link *last = &token.link[token.count - 1];
		if (id_eq(&last->audience, org) && path_contains(last->prefix, path))
			verb = rights_verdict(&hub->ledger, txn, &token, hub->judge_ms, NULL);
	}
	return verb;
}

bool rights_serve(struct hub *hub, struct txn *txn, const struct org_id *org,
		  const struct digest *token, enum tier tier, struct bytes path)
{
	/* PROTOCOL: "Every member and relay may hold those of tiers open and members" */
	if (tier == TIER_OPEN || tier == TIER_MEMBERS || rights_own_namespace(hub, org, path))
		return true;
	/* PROTOCOL: "The server looks at the token named only." */
	return token && rights_token(hub, txn, token, org, path) >= VERB_RELAY;
}

/* ---- tokens of the own organisation ---- */

struct right { /* what one of them gives, at its time */
	struct digest token;
	enum verb verb;
	int64_t not_before_ms, expiry_ms;
	struct bytes prefix; /* owned */
};

bool rights_arrival(struct hub *hub, const struct record *record)
{
	struct token token;

	if (token_get(&token, record->body) ||
	    !id_eq(&token.link[token.count - 1].audience, &hub->options.identity->org))
		return false;
	hub->rights->known = false;
	hub->wanted_epoch++;
	return true;
}

int64_t rights_wake(const struct hub *hub)
{
	return hub->rights->known ? hub_mono_of(hub, hub->rights->next_ms) : INT64_MAX;
}

/* What begins now is fetched now. */
void rights_tick(struct hub *hub)
{
	if (hub->mono_ms < rights_wake(hub))
		return;
	hub->rights->known = false;
	hub->wanted_epoch++;
}

static void own_forget(struct hub *hub)
{
	for (size_t i = 0; i < hub->rights->count; i++)
		free((void *)hub->rights->items[i].prefix.ptr);
	hub->rights->count = 0;
}

void rights_close(struct hub *hub)
{
	own_forget(hub);
	free(hub->rights->items);
}

static void own_add(struct hub *hub, const struct token *token, enum verb verb)
{
	const struct token_link *last = &token->link[token->count - 1];
	struct rights *rights = hub->rights;
	if (rights->count > 0 && id_eq(&rights->items[rights->count - 1].token, &token->id))
		return; /* of another author, and these come in order of id */
	rights->items =
		mem_room(rights->items, rights->count, &rights->cap, sizeof(*rights->items));
	struct right *right = &rights->items[rights->count++];
	if (last->not_before_ms > hub->judge_ms && last->not_before_ms < rights->next_ms)
		rights->next_ms = last->not_before_ms;
	uint8_t *prefix = mem_new(last->prefix.len, 1);
	memcpy(prefix, last->prefix.ptr, last->prefix.len);
	*right = (struct right){token->id, verb, last->not_before_ms, last->expiry_ms,
				bytes_of(prefix, last->prefix.len)};
}

static int right_cmp(const void *a, const void *b)
{
	return bytes_cmp(((const struct right *)a)->prefix, ((const struct right *)b)->prefix);
}

static void own_load(struct hub *hub, struct txn *txn)
{
	const uint8_t kind = RECORD_LINE;
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_of(&kind, 1));
	struct record record;
	struct token token;
	const char *why;

	own_forget(hub);
	hub->rights->known = true;
	hub->rights->keys_epoch = hub->keys_epoch;
	hub->rights->next_ms = INT64_MAX;
	while (ledger_slots_next(&slots, &record)) {
		if (token_get(&token, record.body) ||
		    !id_eq(&token.link[token.count - 1].audience, &hub->options.identity->org))
			continue;
		enum verb verb = chain_verb(&hub->ledger, txn, &token, &why);
		if (verb != VERB_NONE)
			own_add(hub, &token, verb);
	}
	if (hub->rights->count > 0)
		qsort(hub->rights->items, hub->rights->count, sizeof(*hub->rights->items),
		      right_cmp);
}

/* The first of those with exactly this prefix, or where it would stand. */
static size_t own_first(const struct hub *hub, struct bytes prefix)
{
	size_t low = 0, high = hub->rights->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (bytes_cmp(hub->rights->items[middle].prefix, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of those at exactly this prefix the one that ends last, if that is later than *best. */
static void own_best(const struct hub *hub, struct bytes prefix, enum verb need,
		     const struct right **best)
{
	for (size_t i = own_first(hub, prefix); i < hub->rights->count; i++) {
		const struct right *right = &hub->rights->items[i];
		if (!bytes_eq(right->prefix, prefix))
			return;
		if (right->verb >= need && right->not_before_ms <= hub->judge_ms &&
		    hub->judge_ms < right->expiry_ms &&
		    (!*best || right->expiry_ms > (*best)->expiry_ms))
			*best = right;
	}
}

bool rights_own_token(struct hub *hub, struct txn *txn, struct bytes path, enum verb need,
		      struct digest *token)
{
	const struct right *best = NULL;

	if (!hub->rights->known || hub->rights->keys_epoch != hub->keys_epoch)
		own_load(hub, txn);
	for (struct bytes above = path; above.len > 0; above = path_parent(above))
		own_best(hub, above, need, &best);
	if (best && token)
		*token = best->token;
	return best != NULL;
}

bool rights_request(struct hub *hub, struct txn *txn, enum tier tier, struct bytes path,
		    bool *named, struct digest *token)
{
	*named = false;
	if (tier == TIER_OPEN || tier == TIER_MEMBERS ||
	    rights_own_namespace(hub, &hub->options.identity->org, path))
		return true;
	*named = rights_own_token(hub, txn, path, VERB_RELAY, token);
	return *named;
}

bool rights_may_hold(struct hub *hub, struct txn *txn, const struct version *version)
{
	struct digest token;
	bool named;

	return rights_request(hub, txn, version->tier, version->path, &named, &token);
}

bool rights_may_read(struct hub *hub, struct txn *txn, const struct version *version)
{
	const struct charter_member *own = hub_author_member(hub, hub->author);

	if (version->tier == TIER_OPEN)
		return true;
	if (!own || own->state != CHARTER_MEMBER)
		return false;
	return version->tier == TIER_MEMBERS ||
	       rights_own_namespace(hub, &own->org, version->path) ||
	       rights_own_token(hub, txn, version->path, VERB_READ, NULL);
}
