#include "proto/rights/verdict.h"

#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"

/* ---- one line ---- */

/* Takes the word of one node when it counts more than what is there. */
static void word_take(const struct facts *facts, uint32_t author, struct bytes slot, bool end_only,
		      struct line *best, struct bytes *best_body)
{
	struct bytes body;
	struct line line;

	if (!facts->body(facts->arg, author, slot, &body) || line_get(&line, body) ||
	    line_fits(&line, slot, author) || (end_only && line.verb != VERB_NONE))
		return;
	if (best_body->len > 0 && !line_goes_before(&line, body, best, *best_body))
		return;
	*best = line;
	*best_body = body;
}

bool verdict_line(const struct facts *facts, const struct digest *id, struct counted_line *out)
{
	struct record_slot slot = line_slot(id);
	uint32_t issuer = facts->issuer(facts->arg, id);
	struct bytes body = {NULL, 0};
	struct fact_nodes nodes;

	if (issuer == 0)
		return false;
	facts->nodes(facts->arg, issuer, &nodes);
	for (size_t i = 0; i < nodes.active_count; i++)
		word_take(facts, nodes.active[i], record_slot_bytes(&slot), false, &out->line,
			  &body);
	/* PROTOCOL: "and ends of leaving nodes" */
	for (size_t i = 0; i < nodes.leaving_count; i++)
		word_take(facts, nodes.leaving[i], record_slot_bytes(&slot), true, &out->line,
			  &body);
	if (body.len == 0)
		return false;
	out->id = *id;
	memcpy(out->text, out->line.prefix.ptr, out->line.prefix.len);
	out->line.prefix.ptr = out->text;
	return true;
}

/* ---- bars ---- */

enum { WORDS_MAX = VERDICT_NODES_MAX + VERDICT_LEAVING_MAX };

/*
 * The bars that the nodes of one member have of one organisation, walked side by side: the list
 * whose next element comes first is the first in `order`, so that many full lists cost little more
 * than to read them.
 */
struct bar_words {
	struct bar_list lists[WORDS_MAX];
	struct bar next[WORDS_MAX];
	bool leaving[WORDS_MAX];
	size_t count;
	uint8_t order[WORDS_MAX]; /* lists that have a next element */
	size_t order_count;
};

/* Puts a list behind those whose next element is not after its own. */
static void words_order(struct bar_words *words, uint8_t list)
{
	size_t low = 0, high = words->order_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (bar_cmp(&words->next[words->order[middle]], &words->next[list]) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	memmove(words->order + low + 1, words->order + low, words->order_count - low);
	words->order[low] = list;
	words->order_count++;
}

static void bar_words_add(const struct facts *facts, struct bar_words *words, uint32_t author,
			  struct bytes slot, const struct org_id *org, bool leaving)
{
	struct bytes body;
	size_t i = words->count;

	if (!facts->body(facts->arg, author, slot, &body) ||
	    !bar_list_begin(&words->lists[i], body) || !id_eq(&words->lists[i].org, org))
		return;
	words->leaving[i] = leaving;
	words->count++;
	if (bar_list_next(&words->lists[i], &words->next[i]))
		words_order(words, (uint8_t)i);
}

static void words_begin(const struct facts *facts, struct bar_words *words, uint32_t member,
			const struct org_id *org)
{
	struct record_slot slot = bar_slot(org);
	struct fact_nodes nodes;

	words->count = words->order_count = 0;
	facts->nodes(facts->arg, member, &nodes);
	for (size_t i = 0; i < nodes.active_count; i++)
		bar_words_add(facts, words, nodes.active[i], record_slot_bytes(&slot), org, false);
	for (size_t i = 0; i < nodes.leaving_count; i++)
		bar_words_add(facts, words, nodes.leaving[i], record_slot_bytes(&slot), org, true);
}

/*
 * The next bar in force. PROTOCOL: "An element (nonce, target) is in force when an admin node of
 * the author's organisation has it with true and none has it with false." keep: the lowest.
 */
static bool words_next(struct bar_words *words, struct bar *out)
{
	while (words->order_count > 0) {
		bool any_true = false, any_false = false;
		const struct bar first = words->next[words->order[0]];
		*out = first;
		out->keep = KEEPING_ALL; /* what is said by who does not bar does not count */
		while (words->order_count > 0) {
			const uint8_t list = words->order[0];
			struct bar *next = &words->next[list];
			if (bar_cmp(next, &first) != 0)
				break;
			any_true = any_true || next->barred;
			/* PROTOCOL: "leaving nodes' true elements too" */
			any_false = any_false || (!next->barred && !words->leaving[list]);
			if (next->barred && next->keep < out->keep)
				out->keep = next->keep;
			words->order_count--;
			memmove(words->order, words->order + 1, words->order_count);
			if (bar_list_next(&words->lists[list], next))
				words_order(words, list);
		}
		if (any_true && !any_false)
			return true;
	}
	return false;
}

/*
 * PROTOCOL: "whose target is the id x_j, or, when m is not the issuer of x_j, a prefix at, above or
 * below prefix(x_j)"
 */
static bool bar_hits(const struct bar *bar, uint32_t member, const struct counted_line *x)
{
	if (bar->has_line)
		return id_eq(&bar->line, &x->id);
	return member != x->line.issuer && (path_contains(bar->prefix, x->line.prefix) ||
					    path_contains(x->line.prefix, bar->prefix));
}

/* ---- chains ---- */

static const char *const fault_texts[] = {
	[FAULT_NONE] = "good",
	[FAULT_UNKNOWN] = "a grant that it rests on is not known here",
	[FAULT_ENDED] = "ended by who gave it",
	[FAULT_NOT_YET] = "not yet",
	[FAULT_EXPIRED] = "expired",
	[FAULT_MEMBER] = "who gave or got it is no member any more",
	[FAULT_ROOT] = "it does not begin with the organisation whose namespace it is",
	[FAULT_CHAIN] = "who gave it has not got what it rests on",
	[FAULT_DEPTH] = "it was handed on farther than it may be",
	[FAULT_BARRED] = "barred by somebody above",
};

const char *fault_text(enum fault fault)
{
	check((unsigned)fault < sizeof(fault_texts) / sizeof(fault_texts[0]));
	return fault_texts[fault];
}

struct chain { /* x[0] is the one asked for, x[count - 1] rests on nothing */
	struct counted_line x[LINE_CHAIN_MAX];
	size_t count;
};

static enum fault chain_walk(const struct facts *facts, const struct digest *id,
			     struct chain *chain)
{
	struct digest at = *id;

	for (chain->count = 0; chain->count < LINE_CHAIN_MAX;) {
		struct counted_line *x = &chain->x[chain->count];
		if (!verdict_line(facts, &at, x))
			return FAULT_UNKNOWN;
		chain->count++;
		if (!x->line.has_parent)
			return FAULT_NONE;
		at = x->line.parent;
	}
	return FAULT_DEPTH;
}

static void fault_set(struct verdict *out, enum fault fault, size_t at)
{
	if (out->fault != FAULT_NONE)
		return;
	out->fault = fault;
	out->fault_at = at;
}

static bool is_party(const struct facts *facts, uint32_t number, const struct org_id *org,
		     bool *relay)
{
	struct fact_member member;

	if (!facts->member(facts->arg, number, &member) || !member.present ||
	    (org && !id_eq(&member.org, org)))
		return false;
	*relay = member.relay;
	return true;
}

/* (b) of a line; above: the one before. */
static bool follows(const struct line *x, const struct line *above, uint32_t owner)
{
	if (!above)
		return owner != 0 && x->issuer == owner;
	return x->issuer == above->audience && path_contains(above->prefix, x->prefix);
}

/* (a) without the time, (b) and (c) of the i-th line, 0 the owner's; above: the one before. */
static void line_judge(const struct facts *facts, const struct line *x, const struct line *above,
		       size_t i, struct verdict *out)
{
	uint32_t below = (uint32_t)(out->count - 1 - i);
	bool relay = false;

	if (x->verb == VERB_NONE)
		fault_set(out, FAULT_ENDED, i);
	if (!is_party(facts, x->issuer, NULL, &relay) ||
	    !is_party(facts, x->audience, &x->org, &relay))
		fault_set(out, FAULT_MEMBER, i);
	if (!follows(x, above, out->owner))
		fault_set(out, above ? FAULT_CHAIN : FAULT_ROOT, i);
	if (x->depth < below)
		fault_set(out, FAULT_DEPTH, i);
	else if (x->depth - below < out->depth_left)
		out->depth_left = x->depth - below;
	enum verb verb = relay && x->verb > VERB_RELAY ? VERB_RELAY : x->verb;
	if (verb < out->verb)
		out->verb = verb;
	if (x->widest > out->widest)
		out->widest = x->widest;
	if (x->keep < out->keep)
		out->keep = x->keep;
	if (x->not_before_ms > out->from_ms)
		out->from_ms = x->not_before_ms;
	if (x->expiry_ms < out->to_ms)
		out->to_ms = x->expiry_ms;
}

/* The i-th line from the owner. */
static struct counted_line *chain_at(struct chain *chain, size_t i)
{
	return &chain->x[chain->count - 1 - i];
}

static bool issued_before(struct chain *chain, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (chain_at(chain, k)->line.issuer == chain_at(chain, i)->line.issuer)
			return true;
	return false;
}

/* The bars of one giver against the audience of the j-th line: on it, and on those after it. */
static void bars_hear(const struct facts *facts, struct chain *chain, uint32_t member, size_t j,
		      uint32_t barred[LINE_CHAIN_MAX], struct verdict *out)
{
	const struct org_id *org = &chain_at(chain, j)->line.org;
	struct bar_words words;
	struct bar bar;

	words_begin(facts, &words, member, org);
	while (words_next(&words, &bar)) {
		for (size_t k = j; k < chain->count; k++) {
			struct counted_line *x = chain_at(chain, k);
			if (!id_eq(&x->line.org, org) || !bar_hits(&bar, member, x))
				continue;
			if (barred[k] == 0)
				barred[k] = member;
			if (bar.keep < out->keep)
				out->keep = bar.keep;
		}
	}
}

/*
 * PROTOCOL: "(d) for no j > i: bars(issuer(x_i), j)" What a giver has said of an organisation is
 * heard once: from the first of its lines on, as it is the same further down.
 */
static void bars_judge(const struct facts *facts, struct chain *chain, struct verdict *out)
{
	uint32_t barred[LINE_CHAIN_MAX] = {0}; /* by whom, the first from the owner on */

	for (size_t i = 0; i < chain->count; i++) {
		if (issued_before(chain, i))
			continue;
		for (size_t j = i + 1; j < chain->count; j++) {
			bool heard = false;
			for (size_t k = i + 1; k < j && !heard; k++)
				heard = id_eq(&chain_at(chain, k)->line.org,
					      &chain_at(chain, j)->line.org);
			if (!heard)
				bars_hear(facts, chain, chain_at(chain, i)->line.issuer, j, barred,
					  out);
		}
	}
	for (size_t j = 0; j < chain->count; j++) {
		if (barred[j] == 0)
			continue;
		if (out->fault == FAULT_NONE)
			out->fault_by = barred[j];
		fault_set(out, FAULT_BARRED, j);
	}
}

/* Condition (b), which no later body of the lines can change, as it is all in their ids. */
static bool chain_follows(struct chain *chain, uint32_t owner)
{
	for (size_t i = 0; i < chain->count; i++)
		if (!follows(&chain_at(chain, i)->line,
			     i > 0 ? &chain_at(chain, i - 1)->line : NULL, owner))
			return false;
	return true;
}

static void last_take(const struct facts *facts, const struct counted_line *last,
		      struct verdict *out)
{
	out->audience = last->line.audience;
	out->org = last->line.org;
	memcpy(out->text, last->line.prefix.ptr, last->line.prefix.len);
	out->prefix = bytes_of(out->text, last->line.prefix.len);
	out->owner = facts->owner(facts->arg, path_slug(out->prefix));
}

bool verdict_of(const struct facts *facts, const struct digest *id, int64_t t_ms,
		struct verdict *out)
{
	struct chain chain;
	enum fault walked = chain_walk(facts, id, &chain);

	memset(out, 0, sizeof(*out));
	out->verb = VERB_ADMIN;
	out->keep = KEEPING_ALL;
	out->to_ms = INT64_MAX;
	out->depth_left = LINE_CHAIN_MAX - (uint32_t)chain.count;
	if (chain.count > 0)
		last_take(facts, &chain.x[0], out);
	if (walked != FAULT_NONE) {
		fault_set(out, walked, 0);
		out->verb = VERB_NONE;
		return false;
	}
	out->count = chain.count;
	for (size_t i = 0; i < chain.count; i++) {
		struct counted_line *x = chain_at(&chain, i);
		out->chain[i] = x->id;
		out->issuers[i] = x->line.issuer;
		line_judge(facts, &x->line, i > 0 ? &chain_at(&chain, i - 1)->line : NULL, i, out);
	}
	/* What never gave anything has nothing to keep, so its bars are not read. */
	if (chain_follows(&chain, out->owner))
		bars_judge(facts, &chain, out);
	/* Last, so that who sees one of these knows that nothing else is wrong. */
	if (out->to_ms <= out->from_ms || t_ms >= out->to_ms)
		fault_set(out, FAULT_EXPIRED, chain.count - 1);
	else if (t_ms < out->from_ms)
		fault_set(out, FAULT_NOT_YET, chain.count - 1);
	return out->fault == FAULT_NONE;
}
