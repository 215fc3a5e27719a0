#include "test/proto/rights/naive.h"

#include <string.h>

static const struct naive_member *member_of(const struct naive *world, uint32_t number)
{
	for (size_t i = 0; i < world->member_count; i++)
		if (world->members[i].number == number)
			return &world->members[i];
	return NULL;
}

static bool is_slug_of(const struct naive_member *member, struct bytes path)
{
	size_t len = strlen(member->slug);

	return path.len >= len && memcmp(path.ptr, member->slug, len) == 0 &&
	       (path.len == len || path.ptr[len] == '/');
}

/*
 * "A prefix is at or above a path when it is the path, or the path begins with it and a `/`."
 */
static bool at_or_above(struct bytes prefix, struct bytes path)
{
	for (size_t i = 0; i < prefix.len; i++)
		if (i >= path.len || path.ptr[i] != prefix.ptr[i])
			return false;
	return path.len == prefix.len || path.ptr[prefix.len] == '/';
}

/*
 * "those that are active with the role admin by the latest organisation log entry that counts, the
 * eight of lowest index"
 */
static bool words_count(const struct naive *world, uint32_t author)
{
	size_t lower = 0;
	bool counts = false;

	for (size_t i = 0; i < world->node_count; i++) {
		const struct naive_node *node = &world->nodes[i];
		if (!node->counts || node->author / 256 != author / 256)
			continue;
		if (node->author == author)
			counts = true;
		if (node->author < author)
			lower++;
	}
	return counts && lower < 8;
}

static bool is_leaving(const struct naive *world, uint32_t author)
{
	for (size_t i = 0; i < world->node_count; i++)
		if (world->nodes[i].author == author)
			return world->nodes[i].leaving;
	return false;
}

static bool same_id(const uint8_t a[ID_LEN], const uint8_t b[ID_LEN])
{
	return memcmp(a, b, ID_LEN) == 0;
}

/* Of two bodies that both end or both give: the higher round, then the smaller bytes. */
static bool better(const struct naive_record *a, const struct naive_record *b)
{
	size_t shorter = a->body.len < b->body.len ? a->body.len : b->body.len;
	int order = memcmp(a->body.ptr, b->body.ptr, shorter);

	if (a->line.round != b->line.round)
		return a->line.round > b->line.round;
	return order ? order < 0 : a->body.len < b->body.len;
}

/*
 * "if any has verb 0 in the slot, the line has ended, for good, whatever the rounds. Else the
 * highest round counts, of equal rounds the body that is smaller bytewise." ... "and ends of
 * leaving nodes; none when there is none"
 */
const struct line *naive_line(const struct naive *world, const struct digest *id)
{
	const struct naive_record *end = NULL, *giving = NULL;

	for (size_t i = 0; i < world->record_count; i++) {
		const struct naive_record *r = &world->records[i];
		if (!r->is_line || !same_id(r->id.b, id->b))
			continue;
		bool ends = r->line.verb == VERB_NONE;
		bool heard =
			words_count(world, r->author) || (is_leaving(world, r->author) && ends);
		if (!heard)
			continue;
		if (ends && (!end || better(r, end)))
			end = r;
		if (!ends && (!giving || better(r, giving)))
			giving = r;
	}
	if (end)
		return &end->line;
	return giving ? &giving->line : NULL;
}

static bool same_element(const struct bar *a, const struct bar *b)
{
	if (memcmp(a->nonce, b->nonce, LINE_NONCE_LEN) != 0 || a->has_line != b->has_line)
		return false;
	if (a->has_line)
		return same_id(a->line.b, b->line.b);
	return a->prefix.len == b->prefix.len &&
	       memcmp(a->prefix.ptr, b->prefix.ptr, a->prefix.len) == 0;
}

/* Whether a node of member m whose words count has this element with false. */
static bool is_lifted(const struct naive *world, uint32_t m, const struct org_id *org,
		      const struct bar *bar)
{
	for (size_t i = 0; i < world->record_count; i++) {
		const struct naive_record *r = &world->records[i];
		if (r->is_line || r->author / 256 != m || !same_id(r->org.b, org->b) ||
		    !words_count(world, r->author))
			continue;
		for (size_t k = 0; k < r->bar_count; k++)
			if (same_element(&r->bars[k], bar) && !r->bars[k].barred)
				return true;
	}
	return false;
}

/*
 * bars(m, j), x being x_j and id its id. keep: lowered to that of each bar that is in force on it.
 */
static bool bars(const struct naive *world, uint32_t m, const struct line *x,
		 const struct digest *id, enum keeping *keep)
{
	bool barred = false;

	for (size_t i = 0; i < world->record_count; i++) {
		const struct naive_record *r = &world->records[i];
		if (r->is_line || r->author / 256 != m || !same_id(r->org.b, x->org.b))
			continue;
		if (!words_count(world, r->author) && !is_leaving(world, r->author))
			continue;
		for (size_t k = 0; k < r->bar_count; k++) {
			const struct bar *bar = &r->bars[k];
			if (!bar->barred || is_lifted(world, m, &x->org, bar))
				continue;
			bool on_line = bar->has_line && same_id(bar->line.b, id->b);
			bool on_path = !bar->has_line && m != x->issuer &&
				       (at_or_above(bar->prefix, x->prefix) ||
					at_or_above(x->prefix, bar->prefix));
			if (!on_line && !on_path)
				continue;
			barred = true;
			if (bar->keep < *keep)
				*keep = bar->keep;
		}
	}
	return barred;
}

/* c(x), from x_1 on. */
static bool chain_walk(const struct naive *world, const struct digest *id,
		       struct naive_verdict *out, struct digest ids[LINE_CHAIN_MAX])
{
	const struct line *upwards[LINE_CHAIN_MAX];
	struct digest names[LINE_CHAIN_MAX];
	size_t count = 0;
	struct digest next = *id;

	for (;;) {
		if (count == 8)
			return false; /* k would be 9 */
		upwards[count] = naive_line(world, &next);
		names[count] = next;
		if (!upwards[count])
			return false;
		count++;
		if (!upwards[count - 1]->has_parent)
			break;
		next = upwards[count - 1]->parent;
	}
	out->count = count;
	for (size_t i = 0; i < count; i++) {
		out->chain[i] = upwards[count - 1 - i];
		ids[i] = names[count - 1 - i];
	}
	return true;
}

/* (a) but for verb and time */
static bool parties_are_there(const struct naive *world, const struct line *x)
{
	const struct naive_member *issuer = member_of(world, x->issuer);
	const struct naive_member *audience = member_of(world, x->audience);

	return issuer && issuer->present && audience && audience->present &&
	       same_id(audience->org.b, x->org.b);
}

/* (b) */
static bool follows(const struct naive *world, const struct naive_verdict *v, size_t i)
{
	const struct line *x = v->chain[i];

	if (i == 0) {
		const struct naive_member *issuer = member_of(world, x->issuer);
		return issuer && issuer->present && is_slug_of(issuer, x->prefix);
	}
	const struct line *before = v->chain[i - 1];
	return x->issuer == before->audience && at_or_above(before->prefix, x->prefix);
}

struct naive_verdict naive_verdict(const struct naive *world, const struct digest *id, int64_t t_ms)
{
	struct naive_verdict v = {.verb = VERB_ADMIN, .widest = 1, .keep = KEEPING_ALL};
	struct digest ids[LINE_CHAIN_MAX];

	v.to_ms = INT64_MAX;
	v.has_chain = chain_walk(world, id, &v, ids);
	if (!v.has_chain)
		return v;
	v.holds = true;
	for (size_t i = 0; i < v.count; i++) {
		const struct line *x = v.chain[i];
		const struct naive_member *audience = member_of(world, x->audience);
		if (!follows(world, &v, i))
			v.strays = true;
		if (!parties_are_there(world, x) || v.strays || x->depth < v.count - 1 - i)
			v.holds = false;
		for (size_t j = i + 1; j < v.count; j++)
			if (bars(world, x->issuer, v.chain[j], &ids[j], &v.keep))
				v.holds = false;
		if (x->verb == VERB_NONE)
			v.ended = true;
		if (x->verb < v.verb)
			v.verb = x->verb;
		if (audience && audience->relay && v.verb > VERB_RELAY)
			v.verb = VERB_RELAY;
		if (x->widest > v.widest)
			v.widest = x->widest;
		if (x->keep < v.keep)
			v.keep = x->keep;
		if (x->not_before_ms > v.from_ms)
			v.from_ms = x->not_before_ms;
		if (x->expiry_ms < v.to_ms)
			v.to_ms = x->expiry_ms;
	}
	v.good = v.holds && !v.ended && v.from_ms <= t_ms && t_ms < v.to_ms;
	return v;
}

enum verb naive_right(const struct naive *world, const struct org_id *org, struct bytes path,
		      int64_t t_ms)
{
	enum verb best = VERB_NONE;

	for (size_t i = 0; i < world->member_count; i++) {
		const struct naive_member *member = &world->members[i];
		if (member->present && same_id(member->org.b, org->b) && is_slug_of(member, path))
			return VERB_ADMIN;
	}
	for (size_t i = 0; i < world->record_count; i++) {
		const struct naive_record *r = &world->records[i];
		if (!r->is_line || !same_id(r->line.org.b, org->b) ||
		    !at_or_above(r->line.prefix, path))
			continue;
		struct naive_verdict v = naive_verdict(world, &r->id, t_ms);
		if (v.has_chain && v.good && v.verb > best)
			best = v.verb;
	}
	return best;
}
