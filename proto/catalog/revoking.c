#include "proto/catalog/revoking.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "proto/catalog/granting.h"
#include "proto/catalog/unheard.h"
#include "proto/catalog/takeover.h"
#include "proto/rights/table.h"

/* ---- what is to be ended ---- */

static const struct charter_member *member_named(struct hub *hub, const char *slug, char *why)
{
	const struct charter_member *member = charter_named(&hub->charter, bytes_str(slug));

	if (member && charter_is_present(member))
		return member;
	why_set(why, "no member has the short name %.60s: see `allmende federation members`.",
		slug);
	return NULL;
}

static void line_end(struct revocation *out, const struct revoke_terms *terms,
		     const struct line *line)
{
	struct line ended = *line;

	ended.verb = VERB_NONE;
	if (terms->has_keep)
		ended.keep = terms->keep;
	plan_line(&out->plan, &ended);
	out->line_count++;
}

/* Whether this organisation gave a line of the chain before the last. */
static bool stands_above(const struct revocation *out, const struct grant *grant)
{
	for (size_t i = 0; i + 1 < grant->verdict.count; i++)
		if (grant->verdict.issuers[i] == author_member(out->plan.hub->author))
			return true;
	return false;
}

/* Those who can end a grant: who gave it, and who stands above. */
static void who_can(struct hub *hub, const struct grant *grant, char *why)
{
	char names[WHY_LEN / 2] = "";
	size_t len = 0;

	for (size_t i = 0; i < grant->verdict.count; i++) {
		const struct charter_member *member =
			charter_member(&hub->charter, grant->verdict.issuers[i]);
		int added = snprintf(names + len, sizeof(names) - len, "%s%.60s", len ? ", " : "",
				     member ? member->name : "?");
		if (added < 0 || (size_t)added >= sizeof(names) - len)
			break;
		len += (size_t)added;
	}
	why_set(why,
		"this organisation neither gave that grant nor stands above it: %s can end "
		"it.",
		len ? names : "who gave it");
}

static enum err grant_plan(struct revocation *out, const struct revoke_terms *terms, char *why)
{
	struct hub *hub = out->plan.hub;
	struct grant grant;
	enum err err = grants_find(hub, out->plan.txn, terms->grant, &grant, why);

	if (err)
		return err;
	if (grant.line.line.verb == VERB_NONE) {
		why_set(why, "%.40s has ended already, for good.", terms->grant);
		return ERR_EXISTS;
	}
	if (grant.line.line.issuer == author_member(hub->author)) {
		line_end(out, terms, &grant.line.line);
		return ERR_OK;
	}
	if (!stands_above(out, &grant)) {
		who_can(hub, &grant, why);
		return ERR_DENIED;
	}
	if (grant.verdict.fault == FAULT_BARRED) {
		why_set(why, "%.40s is barred already.", terms->grant);
		return ERR_EXISTS;
	}
	out->bar_count++;
	return plan_bar(&out->plan, &grant.line.line.org, &grant.line.id, bytes_of(NULL, 0),
			terms->has_keep ? terms->keep : grant.line.line.keep);
}

/* ---- everything of one organisation ---- */

struct own_lines {
	struct revocation *out;
	const struct revoke_terms *terms;
	bool above;             /* one covers the path and more, */
	struct digest above_id; /* this one */
};

static bool own_line_take(void *arg, const struct grant *grant)
{
	struct own_lines *own = arg;
	const struct line *line = &grant->line.line;
	const struct revocation *out = own->out;

	if (line->issuer != author_member(out->plan.hub->author) || line->audience != out->from ||
	    line->verb == VERB_NONE)
		return true;
	if (out->below.len == 0 || path_contains(out->below, line->prefix)) {
		line_end(own->out, own->terms, line);
	} else if (path_contains(line->prefix, out->below) && grant->good) {
		own->above = true;
		own->above_id = grant->line.id;
	}
	return true;
}

/* The highest verb that is left to an organisation at a path, and by which line. */
static enum verb verb_left(struct revocation *out, const struct org_id *org, struct bytes path,
			   struct digest *by, uint32_t issuers[LINE_CHAIN_MAX],
			   size_t *issuer_count)
{
	struct plan *plan = &out->plan;
	uint32_t owner = plan->facts.owner(plan->facts.arg, path_slug(path));
	struct table_walk walk = table_walk(plan->hub, plan->txn, owner, org);
	struct verdict verdict, after;
	enum verb best = VERB_NONE;
	bool good;

	table_walk_above(&walk, path);
	while (owner && table_walk_next(&walk, &verdict, &good)) {
		if (!path_contains(verdict.prefix, path) ||
		    !verdict_of(&plan->facts, &verdict.chain[verdict.count - 1],
				plan->hub->judge_ms, &after) ||
		    after.verb <= best)
			continue;
		best = after.verb;
		*by = after.chain[after.count - 1];
		if (issuers) {
			memcpy(issuers, after.issuers, sizeof(after.issuers));
			*issuer_count = after.count;
		}
	}
	return best;
}

/* Somebody else lets it in, by a chain that this organisation is not in. */
static enum err others_check(struct revocation *out, const struct org_id *org, char *why)
{
	struct hub *hub = out->plan.hub;
	const struct charter_member *owner = charter_by_slug(&hub->charter, path_slug(out->below));
	uint32_t issuers[LINE_CHAIN_MAX];
	struct digest by;
	size_t count = 0;
	char name[GRANT_NAME_LEN + 1];

	if (!owner || verb_left(out, org, out->below, &by, issuers, &count) < VERB_READ)
		return ERR_OK;
	const struct charter_member *giver = charter_member(&hub->charter, issuers[count - 1]);
	grant_name(name, &by);
	why_set(why,
		"it would still read %.*s by %s of %.60s, in which this organisation has no hand: "
		"ask them to end it.",
		(int)(out->below.len > 200 ? 200 : out->below.len), out->below.ptr, name,
		giver ? giver->name : "somebody else");
	return ERR_DENIED;
}

/*
 * What others gave below this organisation, now and later: at a path, or in its own namespace and
 * in each where it has something to hand on.
 */
static enum err from_bar(struct revocation *out, const struct org_id *org, enum keeping keep)
{
	struct plan *plan = &out->plan;
	const struct charter *charter = &plan->hub->charter;
	const struct org_id *own = &plan->hub->options.identity->org;
	enum err err = ERR_OK;

	if (out->below.len) {
		out->bar_count++;
		return plan_bar(plan, org, NULL, out->below, keep);
	}
	for (uint32_t i = 0; i < charter->member_count && !err; i++) {
		const struct charter_member *owner = &charter->members[i];
		struct table_walk walk = table_walk(plan->hub, plan->txn, owner->number, own);
		struct verdict verdict;
		bool good;
		if (!charter_is_present(owner) ||
		    (!id_eq(&owner->org, own) && !table_walk_next(&walk, &verdict, &good)))
			continue;
		out->bar_count++;
		err = plan_bar(plan, org, NULL, bytes_str(owner->home), keep);
	}
	return err;
}

static enum err from_plan(struct revocation *out, const struct revoke_terms *terms, char *why)
{
	struct hub *hub = out->plan.hub;
	const struct charter_member *member = member_named(hub, terms->from, why);
	struct own_lines own = {.out = out, .terms = terms};
	char name[GRANT_NAME_LEN + 1];

	if (!member)
		return ERR_ABSENT;
	if (terms->below && path_check(bytes_str(terms->below))) {
		why_set(why, "--below \"%.200s\" is no path: write it in full.", terms->below);
		return ERR_CONFIG;
	}
	out->from = member->number;
	out->below = terms->below ? bytes_str(terms->below) : bytes_of(NULL, 0);
	grants_each(hub, out->plan.txn, &hub->options.identity->org, own_line_take, &own);
	if (own.above) {
		grant_name(name, &own.above_id);
		why_set(why,
			"who reads a folder cannot be shut out of a part of it: `allmende revoke "
			"%s` ends what %.60s has above, or give it less.",
			name, member->name);
		return ERR_DENIED;
	}
	enum err err = from_bar(out, &member->org, terms->has_keep ? terms->keep : KEEPING_CURRENT);
	if (err == ERR_FULL)
		why_set(why,
			"there are too many bars of %.60s: revoke it higher up, which holds "
			"the others.",
			member->name);
	if (!err && out->below.len)
		err = others_check(out, &member->org, why);
	return err;
}

enum err revocation_plan(struct revocation *out, struct hub *hub, struct txn *txn,
			 const struct revoke_terms *terms, char *why)
{
	*out = (struct revocation){.from = 0};
	plan_init(&out->plan, hub, txn);
	enum err err = grants_admin_check(hub, txn, why);

	if (err)
		return err;
	if (terms->grant)
		return grant_plan(out, terms, why);
	return from_plan(out, terms, why);
}

void revocation_fini(struct revocation *revocation)
{
	plan_fini(&revocation->plan);
}

/* ---- what falls with it ---- */

/* Versions known here that a right at a prefix let somebody read. */
static uint64_t versions_below(struct txn *txn, struct bytes prefix)
{
	struct walk walk = walk_begin(txn, TABLE_PATH, prefix);
	uint64_t count = 0;

	while (walk_next(&walk)) {
		struct dataset_id dataset;
		if (walk.value.len != ID_LEN ||
		    (walk.key.len > prefix.len && walk.key.ptr[prefix.len] != '/'))
			continue;
		memcpy(dataset.b, walk.value.ptr, ID_LEN);
		struct row_key key = key_dataset(&dataset);
		struct walk versions = walk_begin(txn, TABLE_VERSION, row_key_bytes(&key));
		while (walk_next(&versions))
			count++;
	}
	return count;
}

/* The namespaces in which something may fall: of the lines and bars that are planned. */
static bool in_question(const struct revocation *out, uint32_t owner)
{
	const struct plan *plan = &out->plan;
	struct bar_list list;
	struct line line;
	struct bar bar;

	for (size_t i = 0; i < plan->count; i++) {
		struct bytes body = buf_bytes(&plan->items[i].body);
		if (plan->items[i].kind == RECORD_LINE && !line_get(&line, body) &&
		    plan->facts.owner(plan->facts.arg, path_slug(line.prefix)) == owner)
			return true;
		if (plan->items[i].kind != RECORD_BAR || bar_list_get(&list, body))
			continue;
		while (bar_list_next(&list, &bar))
			if (bar.has_line ||
			    plan->facts.owner(plan->facts.arg, path_slug(bar.prefix)) == owner)
				return true;
	}
	return false;
}

static bool loss_look(struct revocation *out, const struct verdict *before, bool good,
		      bool (*each)(void *arg, const struct loss *loss), void *arg)
{
	struct plan *plan = &out->plan;
	const struct digest *id = &before->chain[before->count - 1];
	struct verdict after;
	struct grant grant;

	if (!good)
		return true;
	bool holds = verdict_of(&plan->facts, id, plan->hub->judge_ms, &after);
	if ((holds && after.verb >= before->verb) || !grant_load(plan->hub, plan->txn, id, &grant))
		return true;
	struct loss loss = {
		.grant = &grant,
		.before = before->verb,
		.below = after.fault == FAULT_BARRED || after.fault_at + 1 < after.count,
		.versions = versions_below(plan->txn, before->prefix),
	};
	loss.after = verb_left(out, &before->org, before->prefix, &loss.other, NULL, NULL);
	loss.has_other = loss.after != VERB_NONE;
	return each(arg, &loss);
}

void revocation_losses(struct revocation *revocation,
		       bool (*each)(void *arg, const struct loss *loss), void *arg)
{
	struct hub *hub = revocation->plan.hub;
	struct verdict before;
	bool good, more = true;

	for (uint32_t i = 0; i < hub->charter.member_count && more; i++) {
		const struct charter_member *owner = &hub->charter.members[i];
		if (!charter_is_present(owner) || !in_question(revocation, owner->number))
			continue;
		struct table_walk walk = table_walk(hub, revocation->plan.txn, owner->number, NULL);
		while (more && table_walk_next(&walk, &before, &good))
			more = loss_look(revocation, &before, good, each, arg);
	}
}

/* ---- doing it ---- */

enum err revocation_do(struct revocation *revocation, char *why)
{
	struct plan *plan = &revocation->plan;
	uint64_t kept = 0;
	/* What shall stay is signed before what it rests on has ended. */
	enum err err = takeover_planned(plan->hub, plan->txn, &plan->facts, &kept);

	if (err)
		why_set(why,
			"what is to be kept does not fit into the quota: say --keep none, or make "
			"room by withdrawing something (%s).",
			err_text(err));
	else
		err = plan_write(plan, why);
	if (!err)
		unheard_begin(plan->hub, plan->txn);
	return err;
}

enum err revocation_lift(struct hub *hub, struct txn *txn, const char *from, const char *below,
			 bool yes, size_t *count, char *why)
{
	const struct charter_member *member = member_named(hub, from, why);
	struct plan plan;
	enum err err = member ? grants_admin_check(hub, txn, why) : ERR_ABSENT;

	if (err)
		return err;
	plan_init(&plan, hub, txn);
	*count = plan_lift(&plan, &member->org, below ? bytes_str(below) : bytes_of(NULL, 0));
	if (*count == 0) {
		why_set(why, "%.60s is not barred by this organisation there.", member->name);
		err = ERR_ABSENT;
	} else {
		bool more = false;
		uint64_t revived = yes ? 0 : plan_revives(&plan, &more);
		err = plan_revive_why(revived, more, why);
		if (!err)
			err = plan_write(&plan, why);
	}
	plan_fini(&plan);
	return err;
}
