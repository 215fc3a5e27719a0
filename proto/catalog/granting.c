#include "proto/catalog/granting.h"

#include <string.h>

#include "crypto/path.h"
#include "proto/catalog/plan.h"
#include "proto/rights/world.h"

static const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;
static const int64_t old_ms = INT64_C(30) * 24 * 3600 * 1000;

/* ---- what may be given ---- */

enum err grants_admin_check(struct hub *hub, struct txn *txn, char *why)
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
	why_set(why, "this node has not the role admin: do it on one of your nodes that has.");
	return ERR_DENIED;
}

/* PROTOCOL: "Only nodes of the owner publish it." So more than read would give nothing there. */
static enum err hidden_check(struct bytes prefix, enum verb verb, char *why)
{
	if (!path_is_hidden(prefix) || verb <= VERB_READ)
		return ERR_OK;
	why_set(why,
		"what is hidden is published and withdrawn by its owner alone, so \"%s\" would be "
		"in vain: grant \"read\" (or \"relay\").",
		verb_name(verb));
	return ERR_CONFIG;
}

static enum err values_check(const struct hub *hub, const struct grant_terms *terms, char *why)
{
	if (path_check(bytes_str(terms->prefix))) {
		why_set(why, "\"%.200s\" is no path: write it in full, for example meissen/kita.",
			terms->prefix);
		return ERR_CONFIG;
	}
	if (terms->verb == VERB_NONE || terms->widest > LINE_TIER_MAX) {
		why_set(why, "a grant gives relay, read, write or admin.");
		return ERR_CONFIG;
	}
	if (terms->expiry_ms && terms->expiry_ms <= hub->judge_ms) {
		why_set(why, "the grant would have ended before it begins.");
		return ERR_CONFIG;
	}
	if (terms->depth > LINE_DEPTH_MAX) {
		why_set(why, "a grant passes through at most %d hands.", LINE_CHAIN_MAX);
		return ERR_CONFIG;
	}
	return hidden_check(bytes_str(terms->prefix), terms->verb, why);
}

static enum err terms_check(struct hub *hub, const struct grant_terms *terms,
			    const struct charter_member **to, char *why)
{
	enum err err = values_check(hub, terms, why);

	if (err)
		return err;
	*to = charter_named(&hub->charter, bytes_str(terms->to));
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
	return ERR_OK;
}

/* Another line to the same organisation at the same prefix that has not ended. */
struct twin {
	const struct grant_terms *terms;
	uint32_t issuer, audience;
	bool found;
	struct digest id;
	int64_t until_ms;
};

static bool twin_look(void *arg, const struct grant *grant)
{
	struct twin *twin = arg;
	const struct line *line = &grant->line.line;

	if (line->issuer != twin->issuer || line->audience != twin->audience || !grant->good ||
	    !bytes_eq(line->prefix, bytes_str(twin->terms->prefix)))
		return true;
	twin->found = true;
	twin->id = grant->line.id;
	twin->until_ms = line->expiry_ms;
	return false;
}

static enum err twin_check(struct hub *hub, struct txn *txn, const struct grant_terms *terms,
			   const struct charter_member *to, char *why)
{
	struct twin twin = {terms, author_member(hub->author), to->number, false, {{0}}, 0};
	char name[GRANT_NAME_LEN + 1];

	if (terms->again)
		return ERR_OK;
	grants_each_at(hub, txn, bytes_str(terms->prefix), twin_look, &twin);
	if (!twin.found)
		return ERR_OK;
	grant_name(name, &twin.id);
	why_set(why,
		"%s has %s for %.200s already: `allmende renew %s` gives it another end, and what "
		"rests on it stays; --new gives a second one.",
		to->name, name, terms->prefix, name);
	return ERR_EXISTS;
}

/* Why there is nothing that a line at a foreign prefix could rest on. */
static void base_why(struct hub *hub, struct txn *txn, const struct grant_terms *terms, char *why)
{
	struct verdict held;

	if (!rights_own_line(hub, txn, bytes_str(terms->prefix), VERB_RELAY, 0, &held)) {
		why_set(why,
			"%.200s is not this organisation's, and it has no grant for it that may be "
			"handed on.",
			terms->prefix);
		return;
	}
	const struct charter_member *giver =
		charter_member(&hub->charter, held.issuers[held.count - 1]);
	const char *from = giver ? giver->name : "who gave it";
	if (held.verb < terms->verb)
		why_set(why, "that is more than you hold at %.200s (%s): ask %s.", terms->prefix,
			verb_name(held.verb), from);
	else if (held.depth_left == 0)
		why_set(why, "the grant for %.200s may not be handed on: ask %s for depth.",
			terms->prefix, from);
	else
		why_set(why,
			"the grant for %.200s may be handed on %u times, so the new one at most "
			"%u: "
			"give less --depth, or ask %s.",
			terms->prefix, held.depth_left, held.depth_left - 1, from);
}

/* What the new line rests on: nothing in the own namespace. */
static enum err base_find(struct hub *hub, struct txn *txn, const struct grant_terms *terms,
			  struct line *line, char *why)
{
	struct verdict base;
	struct bytes prefix = bytes_str(terms->prefix);

	if (rights_own_namespace(hub, &hub->options.identity->org, prefix))
		return ERR_OK;
	if (!rights_own_line(hub, txn, prefix, terms->verb, terms->depth + 1, &base)) {
		base_why(hub, txn, terms, why);
		return ERR_DENIED;
	}
	if (terms->expiry_ms > base.to_ms) {
		why_set(why,
			"the grant that this organisation has for %.200s ends before that date: "
			"see `allmende grants`.",
			terms->prefix);
		return ERR_CONFIG;
	}
	line->has_parent = true;
	line->parent = base.chain[base.count - 1];
	if (line->expiry_ms > base.to_ms)
		line->expiry_ms = base.to_ms;
	return ERR_OK;
}

/* ---- writing ---- */

static enum err line_write(struct hub *hub, struct txn *txn, const struct line *line,
			   struct digest *id, char *why)
{
	struct buf body;

	line_id(id, line);
	struct record_slot slot = line_slot(id);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, line);
	enum err err = body.err;
	if (!err)
		err = ledger_append(&hub->ledger, txn, RECORD_LINE, record_slot_bytes(&slot),
				    buf_bytes(&body), NULL, LEDGER_TELL);
	buf_fini(&body);
	if (err == ERR_NOSPACE)
		hub_quota_why(hub, txn, why);
	return err;
}

enum err grants_give(struct hub *hub, struct txn *txn, const struct grant_terms *terms,
		     struct digest *id, char *why)
{
	const struct charter_member *to;
	enum err err = grants_admin_check(hub, txn, why);

	if (!err)
		err = terms_check(hub, terms, &to, why);
	if (!err)
		err = twin_check(hub, txn, terms, to, why);
	if (err)
		return err;
	struct line line = {
		.issuer = author_member(hub->author),
		.audience = to->number,
		.org = to->org,
		.prefix = bytes_str(terms->prefix),
		.round = 1,
		.verb = terms->verb,
		/* Clocks differ: what is given now is good for whoever is a little behind. */
		.not_before_ms =
			terms->not_before_ms
				? terms->not_before_ms
				: hub->wall_ms - (int64_t)hub->options.limits->clock_ahead_ms_max,
		.expiry_ms = terms->expiry_ms ? terms->expiry_ms : hub->judge_ms + year_ms,
		.depth = terms->depth,
		.widest = terms->widest ? terms->widest : LINE_TIER_USUAL,
		.keep = terms->keep,
	};
	random_fill(hub->options.random, line.nonce, LINE_NONCE_LEN);
	err = base_find(hub, txn, terms, &line, why);
	if (!err && line.not_before_ms >= line.expiry_ms) {
		why_set(why, "the grant would have ended before it begins.");
		err = ERR_CONFIG;
	}
	return err ? err : line_write(hub, txn, &line, id, why);
}

/* ---- renewing ---- */

static enum err renew_check(struct hub *hub, const struct grant *grant, char *why)
{
	const struct line *line = &grant->line.line;
	char name[GRANT_NAME_LEN + 1];

	grant_name(name, &grant->line.id);
	if (line->issuer != author_member(hub->author)) {
		const struct charter_member *giver = charter_member(&hub->charter, line->issuer);
		why_set(why, "%s was given by %s, and who gave it renews it.", name,
			giver ? giver->name : "somebody else");
		return ERR_DENIED;
	}
	if (line->verb == VERB_NONE) {
		why_set(why, "%s has ended, for good: `allmende grant` gives a new one.", name);
		return ERR_DENIED;
	}
	if (line->expiry_ms <= hub->judge_ms - old_ms) {
		why_set(why, "%s ran out more than 30 days ago: `allmende grant` gives a new one.",
			name);
		return ERR_DENIED;
	}
	return ERR_OK;
}

/* The body that counts is another node's: whoever renews has not seen it, perhaps. */
static enum err other_check(struct hub *hub, struct txn *txn, const struct grant *grant,
			    const struct renew_terms *terms, char *why)
{
	const struct line *counts = &grant->line.line;
	struct record_slot slot = line_slot(&grant->line.id);
	struct record record;
	struct line own;

	if (terms->yes ||
	    (!ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), hub->author, &record) &&
	     !line_get(&own, record.body) && own.round == counts->round &&
	     own.verb == counts->verb && own.expiry_ms == counts->expiry_ms &&
	     own.depth == counts->depth && own.widest == counts->widest &&
	     own.keep == counts->keep))
		return ERR_OK;
	why_set(why,
		"another node of this organisation has written this grant last: %s, depth %u; look "
		"with `allmende grant-show`, and renew that with --yes.",
		verb_name(counts->verb), counts->depth);
	return ERR_BUSY;
}

/* Whether anything can wake by it: what is good and only lasts longer gives nothing more now. */
static bool gives_more(const struct grant *grant, const struct line *line)
{
	const struct line *now = &grant->line.line;

	return !grant->good || line->verb > now->verb || line->depth > now->depth ||
	       line->widest < now->widest;
}

/* Versions that are void now would count by that: nobody shall find it out afterwards. */
static enum err revive_check(struct hub *hub, struct txn *txn, const struct grant *grant,
			     const struct line *line, const struct renew_terms *terms, char *why)
{
	if (terms->yes || !gives_more(grant, line))
		return ERR_OK;
	struct plan plan;
	bool more = false;

	plan_init(&plan, hub, txn);
	plan_line(&plan, line);
	uint64_t count = plan_revives(&plan, &more);
	plan_fini(&plan);
	return plan_revive_why(count, more, why);
}

enum err grants_renew(struct hub *hub, struct txn *txn, const struct grant *grant,
		      const struct renew_terms *terms, char *why)
{
	struct line line = grant->line.line;
	struct digest id;
	enum err err = grants_admin_check(hub, txn, why);

	if (!err)
		err = renew_check(hub, grant, why);
	if (!err)
		err = other_check(hub, txn, grant, terms, why);
	if (err)
		return err;
	if (terms->has_verb)
		line.verb = terms->verb;
	if (terms->has_depth)
		line.depth = terms->depth;
	if (terms->has_widest)
		line.widest = terms->widest;
	if (terms->has_keep)
		line.keep = terms->keep;
	if (terms->has_expiry)
		line.expiry_ms = terms->expiry_ms;
	else if (line.expiry_ms < hub->judge_ms + year_ms)
		line.expiry_ms = hub->judge_ms + year_ms;
	if (line.expiry_ms <= hub->judge_ms || line.not_before_ms >= line.expiry_ms) {
		why_set(why, "the grant would have ended before today: `allmende revoke` ends it.");
		return ERR_CONFIG;
	}
	if (line.verb == VERB_NONE || line.depth > LINE_DEPTH_MAX) {
		why_set(why, "a grant gives relay, read, write or admin, through at most %d hands.",
			LINE_CHAIN_MAX);
		return ERR_CONFIG;
	}
	err = hidden_check(line.prefix, line.verb, why);
	if (!err)
		err = revive_check(hub, txn, grant, &line, terms, why);
	line.round++;
	return err ? err : line_write(hub, txn, &line, &id, why);
}
