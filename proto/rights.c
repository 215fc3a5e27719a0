#include "proto/rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/path.h"
#include "proto/core_state.h"

/* ---- the verdict ---- */

static const struct charter_member *namespace_of(const struct charter *charter, struct bytes path)
{
	const struct charter_member *member = charter_by_slug(charter, path_slug(path));

	return member && charter_is_present(member) ? member : NULL;
}

/*
 * Whether a link's signature is right never changes, and thousands of tokens are looked at again and again: what was
 * found is kept, in as many slots as there are, by a hash that nobody else can foresee. The lowest bit says how it was.
 */
enum { LINKS_CHECKED_MAX = 1 << 16 };

static bool sig_is_right(struct ledger *ledger, const struct token_link *link,
			 const struct sign_pk *pk)
{
	uint8_t digest[ID_LEN];
	struct hash hash;

	if (!ledger->own_seed)
		return token_link_check_sig(link, pk, &ledger->charter->fed) == ERR_OK;
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
		*slot = found - (token_link_check_sig(link, pk, &ledger->charter->fed) != ERR_OK);
	return *slot & 1;
}

/*
 * PROTOCOL: "A link is signed by a node of the issuer that is active and has the role admin. Which node it was, and
 * whether it still is, is looked up when the token is used."
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

	/* PROTOCOL: "The first link's issuer is the organisation in whose namespace `prefix` lies" */
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

bool rights_token_author(const struct charter *charter, const struct token *token, uint32_t author)
{
	const struct charter_member *member = charter_member(charter, author_member(author));

	for (size_t i = 0; member && i < token->count; i++)
		if (id_eq(&token->link[i].issuer, &member->org) ||
		    id_eq(&token->link[i].audience, &member->org))
			return true;
	return false;
}

bool rights_own_namespace(const struct core *core, const struct org_id *org, struct bytes path)
{
	const struct charter_member *owner = namespace_of(&core->charter, path);

	return owner && id_eq(&owner->org, org);
}

/* ---- a token that is named ---- */

enum verb rights_token(struct core *core, struct txn *txn, const struct digest *id,
		       const struct org_id *org, struct bytes path)
{
	struct record_slot slot = record_slot_of(RECORD_TOKEN, id_bytes(id));
	struct ledger_slots slots = ledger_slots(&core->ledger, txn, record_slot_bytes(&slot));
	struct record record;
	struct token token;
	enum verb verb = VERB_NONE;

	/* The id covers all but the signatures, so one who publishes it may have spoilt them. */
	while (verb == VERB_NONE && ledger_slots_next(&slots, &record)) {
		if (token_get(&token, record.body))
			continue;
		const struct token_link *last = &token.link[token.count - 1];
		if (id_eq(&last->audience, org) && path_contains(last->prefix, path))
			verb = rights_verdict(&core->ledger, txn, &token, core->now_ms, NULL);
	}
	return verb;
}

bool rights_serve(struct core *core, struct txn *txn, const struct org_id *org,
		  const struct digest *token, enum tier tier, struct bytes path)
{
	/* PROTOCOL: "Every member and relay may hold those of tiers open and members" */
	if (tier == TIER_OPEN || tier == TIER_MEMBERS || rights_own_namespace(core, org, path))
		return true;
	/* PROTOCOL: "The server looks at the token named only." */
	return token && rights_token(core, txn, token, org, path) >= VERB_RELAY;
}

/* ---- tokens of the own organisation ---- */

struct right { /* what one of them gives, at its time */
	struct digest token;
	enum verb verb;
	int64_t not_before_ms, expiry_ms;
	struct bytes prefix; /* owned */
};

void rights_due(struct core *core)
{
	core->rights.known = false;
}

/* What was refused to this organisation may be had now. */
void rights_news(struct core *core, const struct record *record)
{
	struct token token;

	if (token_get(&token, record->body) ||
	    !id_eq(&token.link[token.count - 1].audience, &core->options.identity->org))
		return;
	rights_due(core);
	core->transfer.scan_due = true;
	for (size_t i = 0; i < core->peer_count; i++)
		fetch_retry(core, core->peers[i]);
	fetch_sources_changed(core);
}

int64_t rights_wake(const struct core *core)
{
	return core->rights.known ? core->rights.next_ms : INT64_MAX;
}

/* What begins now is fetched now. */
void rights_tick(struct core *core)
{
	if (core->now_ms < rights_wake(core))
		return;
	rights_due(core);
	core->transfer.scan_due = true;
}

static void own_forget(struct core *core)
{
	for (size_t i = 0; i < core->rights.count; i++)
		free((void *)core->rights.items[i].prefix.ptr);
	core->rights.count = 0;
}

void rights_fini(struct core *core)
{
	own_forget(core);
	free(core->rights.items);
}

static void own_add(struct core *core, const struct token *token, enum verb verb)
{
	const struct token_link *last = &token->link[token->count - 1];
	struct rights *rights = &core->rights;
	if (rights->count > 0 && id_eq(&rights->items[rights->count - 1].token, &token->id))
		return; /* of another author, and these come in order of id */
	rights->items = mem_grow(rights->items, rights->count + 1, sizeof(*rights->items));
	struct right *right = &rights->items[rights->count++];
	if (last->not_before_ms > core->now_ms && last->not_before_ms < rights->next_ms)
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

static void own_load(struct core *core, struct txn *txn)
{
	const uint8_t kind = RECORD_TOKEN;
	struct ledger_slots slots = ledger_slots(&core->ledger, txn, bytes_of(&kind, 1));
	struct record record;
	struct token token;
	const char *why;

	own_forget(core);
	core->rights.known = true;
	core->rights.next_ms = INT64_MAX;
	while (ledger_slots_next(&slots, &record)) {
		if (token_get(&token, record.body) ||
		    !id_eq(&token.link[token.count - 1].audience, &core->options.identity->org))
			continue;
		enum verb verb = chain_verb(&core->ledger, txn, &token, &why);
		if (verb != VERB_NONE)
			own_add(core, &token, verb);
	}
	if (core->rights.count > 0)
		qsort(core->rights.items, core->rights.count, sizeof(*core->rights.items),
		      right_cmp);
}

/* The first of those with exactly this prefix, or where it would stand. */
static size_t own_first(const struct core *core, struct bytes prefix)
{
	size_t low = 0, high = core->rights.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (bytes_cmp(core->rights.items[middle].prefix, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of those at exactly this prefix the one that ends last, if that is later than *best. */
static void own_best(const struct core *core, struct bytes prefix, enum verb need,
		     const struct right **best)
{
	for (size_t i = own_first(core, prefix); i < core->rights.count; i++) {
		const struct right *right = &core->rights.items[i];
		if (!bytes_eq(right->prefix, prefix))
			return;
		if (right->verb >= need && right->not_before_ms <= core->now_ms &&
		    core->now_ms < right->expiry_ms &&
		    (!*best || right->expiry_ms > (*best)->expiry_ms))
			*best = right;
	}
}

bool rights_own_token(struct core *core, struct txn *txn, struct bytes path, enum verb need,
		      struct digest *token)
{
	const struct right *best = NULL;

	if (!core->rights.known)
		own_load(core, txn);
	for (struct bytes above = path; above.len > 0; above = path_parent(above))
		own_best(core, above, need, &best);
	if (best && token)
		*token = best->token;
	return best != NULL;
}

bool rights_request(struct core *core, struct txn *txn, enum tier tier, struct bytes path,
		    bool *named, struct digest *token)
{
	*named = false;
	if (tier == TIER_OPEN || tier == TIER_MEMBERS ||
	    rights_own_namespace(core, &core->options.identity->org, path))
		return true;
	*named = rights_own_token(core, txn, path, VERB_RELAY, token);
	return *named;
}

bool rights_may_hold(struct core *core, struct txn *txn, const struct version *version)
{
	struct digest token;
	bool named;

	return rights_request(core, txn, version->tier, version->path, &named, &token);
}

bool rights_may_read(struct core *core, struct txn *txn, const struct version *version)
{
	const struct charter_member *own = core_author_member(core, core->author);

	if (version->tier == TIER_OPEN)
		return true;
	if (!own || own->state != CHARTER_MEMBER)
		return false;
	return version->tier == TIER_MEMBERS ||
	       rights_own_namespace(core, &own->org, version->path) ||
	       rights_own_token(core, txn, version->path, VERB_READ, NULL);
}

void rights_denied(struct core *core, struct txn *txn, struct bytes path, char *why)
{
	const struct charter_member *owner = charter_by_slug(&core->charter, path_slug(path));
	struct catalog_entry entry = {0};
	char text[LIMIT_PATH_LEN_MAX + 1], ignored[RIGHTS_WHY_LEN];
	struct bytes contact;

	snprintf(text, sizeof(text), "%.*s", (int)path.len, (const char *)path.ptr);
	if (catalog_find(core, txn, text, 0, &entry, ignored) != ERR_OK)
		entry = (struct catalog_entry){0};
	contact = entry.description.contact;
	if (contact.len == 0 && owner)
		contact = bytes_str(owner->name);
	why_set(why, "%s has not granted you %.200s. Ask %.*s for \"read\".",
		owner ? owner->name : "its owner", text, (int)contact.len,
		(const char *)contact.ptr);
	catalog_entry_fini(&entry);
}
