#include "proto/catalog/grants.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "proto/wire/envelope.h"
#include "proto/rights/epochs.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

enum {
	NAME_TYPED_MIN = 6, /* characters after "g-" */
	NAME_LEN_MAX = 52,  /* base32 of an id */
	DEPTH_MAX = TOKEN_LINK_COUNT_MAX - 1,
};

static const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;

/* ---- names ---- */

/* RFC 4648 base32 of the whole id, without padding. */
static void name_whole(char out[NAME_LEN_MAX + 1], const struct digest *id)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

	for (size_t i = 0; i < NAME_LEN_MAX; i++) {
		size_t at = 5 * i / 8;
		unsigned two = (unsigned)id->b[at] << 8 | (at + 1 < ID_LEN ? id->b[at + 1] : 0);
		out[i] = alphabet[two >> (11 - 5 * i % 8) & 31];
	}
	out[NAME_LEN_MAX] = 0;
}

void grant_name(char out[GRANT_NAME_LEN + 1], const struct digest *id)
{
	char whole[NAME_LEN_MAX + 1];

	name_whole(whole, id);
	snprintf(out, GRANT_NAME_LEN + 1, "g-%.8s", whole);
}

/* As it is typed: small letters, and digits that look like letters of the alphabet. */
static bool name_matches(const char *typed, const struct digest *id)
{
	static const char taken[] = "O0I1B8";
	char whole[NAME_LEN_MAX + 1];
	size_t len = strlen(typed);

	name_whole(whole, id);
	if (len > NAME_LEN_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = typed[i] >= 'a' && typed[i] <= 'z' ? (char)(typed[i] - 'a' + 'A')
							    : typed[i];
		const char *digit = strchr(taken + 1, c);
		if (digit && c >= '0' && c <= '9')
			c = digit[-1];
		if (c != whole[i])
			return false;
	}
	return true;
}

/* ---- looking through them ---- */

struct filter { /* cheap to apply, before signatures are checked; NULL and empty: of all */
	const struct org_id *org;
	struct bytes path;
	const char *typed;
};

static bool is_party(const struct token *token, const struct org_id *org)
{
	for (size_t i = 0; i < token->count; i++)
		if (id_eq(&token->link[i].issuer, org) || id_eq(&token->link[i].audience, org))
			return true;
	return false;
}

static bool filter_passes(const struct filter *filter, const struct token *token)
{
	return (!filter->org || is_party(token, filter->org)) &&
	       (filter->path.len == 0 ||
		path_contains(token->link[token->count - 1].prefix, filter->path)) &&
	       (!filter->typed || name_matches(filter->typed, &token->id));
}

/* Whoever may not give anything there made it up. */
static bool grant_begins_right(const struct hub *hub, const struct token *token)
{
	const struct charter_member *owner =
		charter_by_slug(&hub->charter, path_slug(token->link[0].prefix));

	return owner && id_eq(&owner->org, &token->link[0].issuer);
}

static void each_filtered(struct hub *hub, struct txn *txn, const struct filter *filter,
			  bool (*each)(void *arg, const struct grant *grant), void *arg)
{
	const uint8_t kind = RECORD_LINE;
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_of(&kind, 1));
	struct grant held = {.link_count = 0};
	struct record record;
	struct token token;

	/*
	 * Several authors may publish one token, one after the other in this order: a good copy
	 * counts.
	 */
	while (ledger_slots_next(&slots, &record)) {
		const char *why;
		if (token_get(&token, record.body) || !filter_passes(filter, &token) ||
		    !grant_begins_right(hub, &token))
			continue;
		bool again = held.link_count > 0 && id_eq(&held.token, &token.id);
		if (again && held.good)
			continue;
		if (!again && held.link_count > 0 && !each(arg, &held))
			return;
		held = (struct grant){.token = token.id, .link_count = token.count};
		memcpy(held.link, token.link, sizeof(held.link));
		held.verb = rights_verdict(&hub->ledger, txn, &token, hub->judge_ms, &why);
		held.good = held.verb != VERB_NONE;
		held.why = why;
	}
	if (held.link_count > 0)
		each(arg, &held);
}

void grants_each(struct hub *hub, struct txn *txn, const struct org_id *org,
		 bool (*each)(void *arg, const struct grant *grant), void *arg)
{
	each_filtered(hub, txn, &(struct filter){.org = org}, each, arg);
}

void grants_each_at(struct hub *hub, struct txn *txn, struct bytes path,
		    bool (*each)(void *arg, const struct grant *grant), void *arg)
{
	each_filtered(hub, txn, &(struct filter){.path = path}, each, arg);
}

struct find {
	struct grant *out;
	size_t count;
};

static bool find_take(void *arg, const struct grant *grant)
{
	struct find *find = arg;

	*find->out = *grant;
	find->count++;
	return true;
}

enum err grants_find(struct hub *hub, struct txn *txn, const char *name, struct grant *out,
		     char *why)
{
	struct find find = {.out = out};
	struct filter filter = {.typed = name};

	if ((name[0] == 'g' || name[0] == 'G') && name[1] == '-')
		filter.typed = name + 2;
	if (strlen(filter.typed) < NAME_TYPED_MIN) {
		why_set(why, "\"%.60s\" is no grant: write it as `allmende grants` does.", name);
		return ERR_CONFIG;
	}
	each_filtered(hub, txn, &filter, find_take, &find);
	if (find.count == 0) {
		why_set(why, "no grant %.60s is known here: see `allmende grants`.", name);
		return ERR_ABSENT;
	}
	if (find.count > 1) {
		why_set(why, "%zu grants begin with %.60s: write more of it.", find.count, name);
		return ERR_CONFIG;
	}
	return ERR_OK;
}

/* ---- giving ---- */

/*
 * What the new link stands on: nothing in the own namespace, else the best grant that may be handed
 * on.
 */
struct base {
	struct hub *hub;
	const struct grant_terms *terms;
	struct bytes links[TOKEN_LINK_COUNT_MAX];
	size_t count;
	struct token_link last;
};

static bool base_look(void *arg, const struct grant *grant)
{
	struct base *base = arg;
	const struct token_link *last = &grant->link[grant->link_count - 1];

	if (!grant->good || !id_eq(&last->audience, &base->hub->options.identity->org) ||
	    grant->verb < base->terms->verb || last->depth <= base->terms->depth ||
	    grant->link_count == TOKEN_LINK_COUNT_MAX ||
	    !path_contains(last->prefix, bytes_str(base->terms->prefix)) ||
	    (base->count > 0 && last->expiry_ms <= base->last.expiry_ms))
		return true;
	base->count = grant->link_count;
	base->last = *last;
	for (size_t i = 0; i < base->count; i++)
		base->links[i] = grant->link[i].whole;
	return true;
}

static enum err base_find(struct hub *hub, struct txn *txn, const struct grant_terms *terms,
			  struct base *out, char *why)
{
	const struct org_id *own = &hub->options.identity->org;

	*out = (struct base){.hub = hub, .terms = terms};
	if (rights_own_namespace(hub, own, bytes_str(terms->prefix)))
		return ERR_OK;
	grants_each(hub, txn, own, base_look, out);
	if (out->count > 0 && terms->expiry_ms > out->last.expiry_ms) {
		why_set(why,
			"the grant that this organisation has for %.200s ends before that date: "
			"see `allmende grants`.",
			terms->prefix);
		return ERR_CONFIG;
	}
	if (out->count > 0)
		return ERR_OK;
	why_set(why,
		"%.200s is not this organisation's, and it has no grant for it that may be handed "
		"on.",
		terms->prefix);
	return ERR_DENIED;
}

static enum err terms_check(struct hub *hub, const struct grant_terms *terms,
			    const struct charter_member **to, char *why)
{
	*to = charter_by_slug(&hub->charter, bytes_str(terms->to));
	if (path_check(bytes_str(terms->prefix))) {
		why_set(why, "\"%.200s\" is no path: write it in full, for example meissen/kita.",
			terms->prefix);
		return ERR_CONFIG;
	}
	if (terms->verb != VERB_RELAY && terms->verb != VERB_READ) {
		why_set(why, "only relay and read can be granted in this version.");
		return ERR_CONFIG;
	}
	if (!*to || !charter_is_present(*to)) {
		why_set(why,
			"no member has the short name %.60s: see `allmende federation members`.",
			terms->to);
		return ERR_ABSENT;
	}
	if (id_eq(&(*to)->org, &hub->options.identity->org)) {
		why_set(why, "%s is this organisation itself.", terms->to);
		return ERR_CONFIG;
	}
	if ((*to)->state == CHARTER_RELAY && terms->verb > VERB_RELAY) {
		why_set(why, "%s is a relay, which holds data and never reads: grant \"relay\".",
			(*to)->name);
		return ERR_CONFIG;
	}
	if (terms->expiry_ms && terms->expiry_ms <= hub->judge_ms) {
		why_set(why, "the grant would have ended before it begins.");
		return ERR_CONFIG;
	}
	if (terms->depth > DEPTH_MAX) {
		why_set(why, "a grant passes through at most %d hands.", TOKEN_LINK_COUNT_MAX);
		return ERR_CONFIG;
	}
	return ERR_OK;
}

static enum err admin_check(struct hub *hub, struct txn *txn, char *why)
{
	struct sign_pk pk;
	uint8_t roles = 0;

	enum err err = hub_member_check(hub, why);

	if (!err)
		err = hub_sign_check(hub, why);
	if (err)
		return err;
	if (!ledger_author(&hub->ledger, txn, hub->author, &pk, &roles) &&
	    (roles & ORGLOG_ROLE_ADMIN))
		return ERR_OK;
	why_set(why, "this node has not the role admin: grant on one of your nodes that has.");
	return ERR_DENIED;
}

/* The new link, after those of the base. */
static enum err link_add(struct hub *hub, const struct charter_member *to,
			 const struct grant_terms *terms, struct base *base, struct buf *whole)
{
	const struct identity *identity = hub->options.identity;
	struct token_link link = {
		.issuer = identity->org,
		.issuer_node = identity->node_index,
		.audience = to->org,
		.verb = terms->verb,
		.prefix = bytes_str(terms->prefix),
		/*
		 * Clocks differ: what is given now is good at once for whoever is a little behind.
		 */
		.not_before_ms =
			terms->not_before_ms
				? terms->not_before_ms
				: hub->wall_ms - (int64_t)hub->options.limits->clock_ahead_ms_max,
		.expiry_ms = terms->expiry_ms ? terms->expiry_ms : hub->judge_ms + year_ms,
		.depth = terms->depth,
	};

	if (base->count > 0) {
		link.has_parent = true;
		link.parent = base->last.id;
		if (link.not_before_ms < base->last.not_before_ms)
			link.not_before_ms = base->last.not_before_ms;
		if (link.expiry_ms > base->last.expiry_ms)
			link.expiry_ms = base->last.expiry_ms;
	}
	token_link_make(whole, &link, &hub->charter.fed, secret_key(identity->sign));
	base->links[base->count++] = buf_bytes(whole);
	return whole->err;
}

static enum err token_publish(struct hub *hub, struct txn *txn, const struct digest *id,
			      struct bytes body, char *why)
{
	struct record_slot slot = record_slot_of(RECORD_LINE, id_bytes(id));
	enum err err = ledger_append(&hub->ledger, txn, RECORD_LINE, record_slot_bytes(&slot), body,
				     NULL, LEDGER_TELL);

	if (err == ERR_NOSPACE)
		hub_quota_why(hub, txn, why);
	return err;
}

/* PROTOCOL: "grant text (letter g)        body = [1, federation id, [link as bin, ...]]" */
void grant_text_put(struct buf *out, const struct fed_id *fed, const struct bytes *links,
		    size_t count)
{
	out_array(out, 3);
	out_uint(out, 1);
	out_fixed(out, fed->b, ID_LEN);
	token_put_links(out, links, count);
}

static enum err text_put(struct hub *hub, const struct base *base, struct buf *text)
{
	struct buf body;

	buf_init(&body, TOKEN_TEXT_LEN_MAX);
	grant_text_put(&body, &hub->charter.fed, base->links, base->count);
	envelope_put(text, ENVELOPE_GRANT, buf_bytes(&body));
	enum err err = body.err ? body.err : text->err;
	buf_fini(&body);
	return err;
}

enum err grants_give(struct hub *hub, struct txn *txn, int64_t now_ms,
		     const struct grant_terms *terms, struct buf *text, struct digest *token,
		     char *why)
{
	const struct charter_member *to;
	struct buf whole, body;
	struct token made;
	struct base base;
	enum err err = admin_check(hub, txn, why);

	if (!err)
		err = terms_check(hub, terms, &to, why);
	if (!err)
		err = base_find(hub, txn, terms, &base, why);
	if (err)
		return err;
	buf_init(&whole, TOKEN_LINK_LEN_MAX);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	err = link_add(hub, to, terms, &base, &whole);
	if (err)
		why_set(why, "the path is too long for a grant: grant something above it.");
	if (!err) {
		token_put(&body, base.links, base.count);
		err = token_get(&made, buf_bytes(&body));
	}
	if (!err) {
		*token = made.id;
		err = text ? text_put(hub, &base, text)
			   : token_publish(hub, txn, &made.id, buf_bytes(&body), why);
	}
	buf_fini(&whole);
	buf_fini(&body);
	return err;
}

/* ---- taking ---- */

enum err grant_text_get(struct grant_text *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 3);

	if (err)
		return err;
	wire_fixed(&w, out->fed.b, ID_LEN);
	err = w.err ? w.err : token_of_links(&out->token, &w);
	if (err)
		return err;
	return wire_end(&w);
}

/* Good, and for this organisation. */
static enum err text_check(struct hub *hub, struct txn *txn, const struct grant_text *text,
			   char *why)
{
	const struct token_link *last = &text->token.link[text->token.count - 1];
	const char *reason = NULL;

	if (!hub->author || !id_eq(&text->fed, &hub->charter.fed)) {
		why_set(why, "this grant is of another federation.");
		return ERR_DENIED;
	}
	if (!id_eq(&last->audience, &hub->options.identity->org)) {
		const struct charter_member *to = charter_by_org(&hub->charter, &last->audience);
		why_set(why, "this grant is for %s, not for this organisation.",
			to ? to->name : "somebody else");
		return ERR_DENIED;
	}
	if (rights_verdict(&hub->ledger, txn, &text->token, hub->judge_ms, &reason) == VERB_NONE) {
		why_set(why, "this grant is not good: %s.", reason);
		return ERR_DENIED;
	}
	return ERR_OK;
}

static enum err text_take(struct hub *hub, struct txn *txn, const struct grant_text *text,
			  char *why)
{
	const struct token *token = &text->token;
	struct record_slot slot = record_slot_of(RECORD_LINE, id_bytes(&token->id));
	struct bytes links[TOKEN_LINK_COUNT_MAX];
	struct record record;
	struct buf body;
	enum err err = ERR_OK;

	for (size_t i = 0; i < token->count; i++)
		links[i] = token->link[i].whole;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	token_put(&body, links, token->count);
	if (ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), hub->author, &record) ==
	    ERR_ABSENT)
		err = token_publish(hub, txn, &token->id, buf_bytes(&body), why);
	buf_fini(&body);
	return err;
}

enum err grants_accept(struct hub *hub, struct txn *txn, int64_t now_ms, const char *text,
		       struct digest *token, char *why)
{
	struct grant_text parts;
	struct buf body;

	buf_init(&body, TOKEN_TEXT_LEN_MAX);
	enum err err = envelope_get(&body, ENVELOPE_GRANT, bytes_str(text));
	if (!err)
		err = grant_text_get(&parts, buf_bytes(&body));
	if (err) {
		why_set(why, "%s",
			err == ERR_MALFORMED && !envelope_is(ENVELOPE_GRANT, bytes_str(text))
				? "this is no grant: it begins with \"allmende1g-\"."
			: err == ERR_VERSION
				? "this grant is from a newer version: update this node."
				: "this grant was mistyped or cut off: copy it again.");
		err = ERR_CONFIG;
	}
	if (!err)
		err = hub_sign_check(hub, why);
	if (!err)
		err = text_check(hub, txn, &parts, why);
	if (!err)
		err = text_take(hub, txn, &parts, why);
	if (!err)
		*token = parts.token.id;
	buf_fini(&body);
	return err;
}
