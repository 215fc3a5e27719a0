#include "test/proto/rights/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"

#define SLUG1 "gemeinde-1"
#define SLUG2 "gemeinde-2"
#define SLUG3 "gemeinde-3"

const char *const story_paths[STORY_PATHS] = {
	SLUG1, SLUG1 "/a", SLUG1 "/ab",  SLUG1 "/a/b", SLUG1 "/a/b/c",
	SLUG2, SLUG2 "/a", SLUG2 "/a/b", SLUG3 "/a",
};

static uint64_t below(struct story *story, uint64_t bound)
{
	return random_below(&story->random, bound);
}

static bool happens(struct story *story, unsigned percent)
{
	return below(story, 100) < percent;
}

void story_init(struct story *story, uint64_t seed, const struct org_id *orgs)
{
	char slug[41];

	*story = (struct story){
		.random = random_seeded(seed), .now_ms = STORY_TIME_MS, .plain = orgs};
	arrays_init(&story->all);
	buf_init(&story->event.body, BAR_LEN_MAX);
	for (unsigned i = 0; i < STORY_ORGS; i++) {
		story->number_of[i] = ++story->member_count;
		story->orgs[i] = orgs ? orgs[i] : arrays_org(i);
		snprintf(slug, sizeof(slug), "gemeinde-%u", i + 1);
		arrays_member(&story->all, i + 1, story->orgs[i], slug)->relay = i == 5 && !orgs;
		for (unsigned k = 0; k < STORY_NODES; k++)
			arrays_node(&story->all, (i + 1) * 256 + k);
	}
}

void story_fini(struct story *story)
{
	arrays_fini(&story->all);
	buf_fini(&story->event.body);
}

/* ---- who says what ---- */

static uint32_t some_member(struct story *story)
{
	return 1 + (uint32_t)below(story, story->member_count);
}

static uint32_t some_node(struct story *story, uint32_t member)
{
	return member * 256 + (uint32_t)below(story, STORY_NODES);
}

/* A line that somebody has in its set, mostly one of the latest; NULL: none was found. */
static const struct naive_record *some_line(struct story *story)
{
	const struct naive *all = &story->all.naive;
	size_t latest = happens(story, 60) && all->record_count > 6 ? all->record_count - 6 : 0;

	for (unsigned tries = 0; tries < 12 && all->record_count > 0; tries++) {
		size_t i = latest + below(story, all->record_count - latest);
		if (all->records[i].is_line)
			return &all->records[i];
	}
	return NULL;
}

static void say(struct story *story, uint32_t author, struct record_slot slot, struct bytes body)
{
	struct story_event *event = &story->event;

	event->kind = STORY_RECORD;
	event->author = author;
	event->sequence = ++story->sequence;
	memcpy(event->slot, slot.b, sizeof(event->slot));
	buf_reset(&event->body);
	buf_add(&event->body, body);
	arrays_take(&story->all, author, event->sequence, record_slot_bytes(&slot), body);
}

static void say_line(struct story *story, uint32_t author, const struct line *line)
{
	struct digest id;
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, line);
	line_id(&id, line);
	say(story, author, line_slot(&id), buf_bytes(&body));
	buf_fini(&body);
}

/* What changes with the round. */
static void say_terms(struct story *story, struct line *line)
{
	line->verb = (enum verb)(happens(story, 60) ? 4 : 1 + below(story, 4));
	line->not_before_ms = STORY_TIME_MS - STORY_SECOND_MS;
	line->expiry_ms = STORY_TIME_MS + 1000 * STORY_SECOND_MS;
	if (happens(story, 10))
		line->not_before_ms += STORY_SECOND_MS * (int64_t)below(story, 6);
	if (happens(story, 15))
		line->expiry_ms =
			line->not_before_ms + STORY_SECOND_MS * (1 + (int64_t)below(story, 20));
	if (happens(story, 25))
		line->depth = (uint32_t)below(story, 8);
	line->widest = 1 + (uint32_t)below(story, 4);
	line->keep = (enum keeping)below(story, 3);
}

static void grant(struct story *story)
{
	static const char *const below_it[] = {"", "/a", "/b", "/c", "b"};
	const struct naive_record *parent = happens(story, 75) ? some_line(story) : NULL;
	uint32_t issuer = 1 + (uint32_t)below(story, happens(story, 90) ? 3 : STORY_ORGS);
	uint32_t audience = some_member(story);
	if (parent && happens(story, 95))
		issuer = parent->line.audience;
	const struct naive_member *from = &story->all.naive.members[issuer - 1];
	char prefix[LIMIT_PATH_LEN_MAX + 1];
	struct line line = {.issuer = issuer, .audience = audience, .round = 1};

	if (issuer == audience)
		return;
	line.org = story->all.naive.members[audience - 1].org;
	if (happens(story, 3))
		line.org.b[5] ^= 1;
	random_fill(&story->random, line.nonce, sizeof(line.nonce));
	line.depth = 7;
	if (!parent) {
		snprintf(prefix, sizeof(prefix), "%s",
			 happens(story, 95) ? from->slug : story_paths[below(story, STORY_PATHS)]);
		parent = NULL;
	} else {
		snprintf(prefix, sizeof(prefix), "%.*s", (int)parent->line.prefix.len,
			 (const char *)parent->line.prefix.ptr);
		if (happens(story, 5))
			snprintf(prefix, sizeof(prefix), "%s",
				 story_paths[below(story, STORY_PATHS)]);
		line.has_parent = true;
		line.parent = parent->id;
		line.depth = parent->line.depth - (parent->line.depth > 0);
		if (happens(story, 2))
			random_fill(&story->random, line.parent.b, ID_LEN);
	}
	if (strlen(prefix) < 20 && happens(story, 35))
		strcat(prefix, below_it[below(story, 5)]);
	line.prefix = bytes_str(prefix);
	say_terms(story, &line);
	say_line(story, some_node(story, issuer), &line);
}

/* A node writes another body into a slot of its organisation: its own, or the sibling's. */
static void again(struct story *story, bool ends)
{
	const struct naive_record *old = some_line(story);

	if (!old)
		return;
	struct line line = old->line;
	if (ends)
		line.verb = VERB_NONE;
	else
		say_terms(story, &line);
	line.round = line.round + below(story, 3);
	if (line.round > 1)
		line.round--;
	if (happens(story, 10) && line.round > 1)
		line.round--;
	if (happens(story, 5) && !ends) /* one that narrows nothing but its verb */
		line.verb = VERB_READ;
	say_line(story, some_node(story, line.issuer), &line);
}

static void bar_target(struct story *story, struct bar *bar, const struct naive_record *on)
{
	bar->has_line = happens(story, 50);
	if (bar->has_line)
		bar->line = on->id;
	else
		bar->prefix = happens(story, 50)
				      ? on->line.prefix
				      : bytes_str(story_paths[below(story, STORY_PATHS)]);
}

/* Sets, lifts or forgets an element. */
static void bar_somebody(struct story *story)
{
	enum { KEPT = 6 };
	const struct naive_record *on = some_line(story), *old;
	struct bar bars[KEPT + 1];
	size_t count = 0;
	uint8_t text[KEPT + 1][LIMIT_PATH_LEN_MAX];
	struct buf body;

	if (!on)
		return;
	/* mostly by who gave what it rests on */
	uint32_t member = happens(story, 40) ? some_member(story) : on->line.issuer;
	for (size_t i = 0; i < story->all.naive.record_count && happens(story, 70); i++) {
		const struct naive_record *r = &story->all.naive.records[i];
		if (r->is_line && on->line.has_parent && id_eq(&r->id, &on->line.parent))
			member = r->line.issuer;
	}
	uint32_t author = some_node(story, member);
	struct record_slot slot = bar_slot(&on->line.org);
	uint32_t from = happens(story, 20) ? member * 256 + (author + 1) % 2 : author;
	old = arrays_find(&story->all, from, record_slot_bytes(&slot));
	struct bar next = {.barred = happens(story, 70), .keep = (enum keeping)below(story, 3)};
	next.nonce[0] = (uint8_t)below(story, 3);
	bar_target(story, &next, on);
	if (old && happens(story, 30)) { /* of an element that is there */
		next = old->bars[below(story, old->bar_count)];
		next.barred = !next.barred;
	}
	for (size_t i = 0; old && i < old->bar_count && count < KEPT; i++)
		if (bar_cmp(&old->bars[i], &next) != 0 && !happens(story, 5))
			bars[count++] = old->bars[i];
	bars[count++] = next;
	/* in rising order, and away from the bytes that say() overwrites */
	for (size_t i = 0; i < count; i++) {
		if (!bars[i].has_line) {
			memcpy(text[i], bars[i].prefix.ptr, bars[i].prefix.len);
			bars[i].prefix.ptr = text[i];
		}
		for (size_t k = i; k > 0 && bar_cmp(&bars[k - 1], &bars[k]) > 0; k--) {
			struct bar moved = bars[k];
			bars[k] = bars[k - 1];
			bars[k - 1] = moved;
		}
	}
	struct org_id org = on->line.org;
	buf_init(&body, BAR_LEN_MAX);
	bar_list_put(&body, &org, bars, count);
	say(story, author, slot, buf_bytes(&body));
	buf_fini(&body);
}

/* A node drops a record, whether it may or not. */
static void drop(struct story *story)
{
	const struct arrays *all = &story->all;

	if (all->naive.record_count == 0)
		return;
	const struct arrays_kept *kept = &all->kept[below(story, all->naive.record_count)];
	if (story->plain && kept->author != STORY_OWN)
		return;
	struct record_slot slot = {.len = 1 + ID_LEN};
	memcpy(slot.b, kept->slot, slot.len);
	say(story, kept->author, slot, bytes_of(NULL, 0));
}

/* ---- charter and logs ---- */

static void admit(struct story *story, unsigned org)
{
	char slug[41];
	uint32_t number = ++story->member_count;

	snprintf(slug, sizeof(slug), "t%u", number);
	arrays_member(&story->all, number, story->orgs[org], slug);
	for (unsigned k = 0; k < STORY_NODES; k++)
		arrays_node(&story->all, number * 256 + k);
	story->number_of[org] = number;
}

static void charter(struct story *story)
{
	/* the first is the steward */
	unsigned org = 1 + (unsigned)below(story, STORY_ORGS - 1);
	uint32_t number = story->number_of[org];
	struct naive_member *member = number ? &story->all.naive.members[number - 1] : NULL;

	story->event.org = org;
	if (!member && story->member_count < STORY_MEMBERS_MAX) {
		story->event.kind = STORY_ADMITTED;
		admit(story, org);
	} else if (member && happens(story, 50)) {
		story->event.kind = STORY_EXPELLED;
		story->event.author = number * 256;
		member->present = false;
		story->number_of[org] = 0;
	} else if (member && happens(story, 50) && !member->relay) {
		story->event.kind = STORY_RELAY;
		story->event.author = number * 256;
		member->relay = true;
	} else if (member && happens(story, 30) && !story->plain) {
		/* another charter wins, where this number was given to another organisation */
		member->org = arrays_org(20 + number);
		member->relay = false;
		story->number_of[org] = 0;
	}
}

static void orglog(struct story *story)
{
	struct naive *all = &story->all.naive;
	struct naive_node *node = &all->nodes[below(story, all->node_count)];

	/* who has left has no log that anybody looks at */
	if (story->plain && !all->members[node->author / 256 - 1].present)
		return;
	story->event.kind = STORY_NODE;
	story->event.author = node->author;
	if (node->counts) {
		node->counts = false;
		node->leaving = true;
	} else if (node->leaving && !story->plain && happens(story, 40)) {
		node->leaving = false; /* a day has passed */
	} else if (happens(story, 60)) {
		node->counts = true;
		node->leaving = false;
	}
}

void story_step(struct story *story)
{
	uint64_t what = below(story, 100);

	story->event.kind = STORY_TIME;
	if (story->all.naive.record_count < 8 || what < 45)
		grant(story);
	else if (what < 60)
		again(story, false);
	else if (what < 65)
		again(story, true);
	else if (what < 83)
		bar_somebody(story);
	else if (what < 86)
		drop(story);
	else if (what < 89)
		charter(story);
	else if (what < 94)
		orglog(story);
	else
		story->now_ms += STORY_SECOND_MS * (int64_t)below(story, 5);
}

void story_tell_members(const struct story *story, struct arrays *observer)
{
	const struct naive *all = &story->all.naive;

	for (size_t i = 0; i < all->member_count; i++)
		*arrays_member(observer, all->members[i].number, all->members[i].org,
			       all->members[i].slug) = all->members[i];
	for (size_t i = 0; i < all->node_count; i++) {
		struct naive_node *node = arrays_node(observer, all->nodes[i].author);
		*node = all->nodes[i];
		/* a store has no records any more of who has left */
		if (story->plain && !all->members[node->author / 256 - 1].present)
			node->counts = node->leaving = false;
	}
}
