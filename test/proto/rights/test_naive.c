/*
 * The verdict against a naive one: pairs of lines with fields at their edges, and random histories
 * in any order of delivery.
 *
 * test-proto-naive [PAIRS HISTORIES [FIRST SEED]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/proto/federation.h"
#include "test/proto/rights/story.h"

static unsigned long pair_count = 30000, history_count = 400, first_seed = 1;

static uint64_t one_of(struct random *random, const uint64_t *values, size_t count)
{
	return values[random_below(random, count)];
}
#define ONE_OF(random, ...)                                                                        \
	one_of(random, (const uint64_t[]){__VA_ARGS__},                                            \
	       sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static const char *const paths[] = {"lk",          "lk/stat", "lk/statistik", "lk/stat/a",
				    "lk/stat/a/b", "lk/sta",  "zwei",         "zwei/stat"};

enum { OWNER = 1, SECOND, RELAY, FORMER, OTHER, NOBODY };
static const int64_t now = TEST_TIME_MS;

static void pair_world(struct arrays *world, struct random *random)
{
	static const char *const slugs[] = {"lk", "zwei", "drei", "vier", "fuenf"};

	arrays_init(world);
	for (uint32_t n = OWNER; n <= OTHER; n++) {
		struct naive_member *member = arrays_member(world, n, arrays_org(n), slugs[n - 1]);
		member->relay = n == RELAY;
		member->present = n != FORMER || random_below(random, 4) == 0;
	}
	/* up to ten nodes of the owner: of these the eight lowest that count, count */
	uint64_t count = 1 + random_below(random, 10);
	for (uint32_t i = 0; i < count; i++) {
		struct naive_node *node = arrays_node(world, OWNER * 256 + i * 7);
		uint64_t state = random_below(random, 8);
		node->counts = state > 0;
		node->leaving = state == 0;
	}
	for (uint32_t n = SECOND; n <= OTHER; n++)
		for (uint32_t i = 0; i < 2; i++)
			arrays_node(world, n * 256 + i)->counts = i == 0 || random_below(random, 2);
}

static uint32_t node_of(struct arrays *world, struct random *random, uint32_t member)
{
	uint32_t author = 0;

	for (unsigned tries = 0; tries < 200 && author / 256 != member; tries++)
		author = world->naive.nodes[random_below(random, world->naive.node_count)].author;
	return author / 256 == member ? author : member * 256;
}

/* Mostly harmless, so that a verdict hangs on one field. */
static void terms(struct line *line, struct random *random)
{
	line->round = ONE_OF(random, 1, 1, 2, 3, LINE_ROUND_END - 1);
	line->verb = (enum verb)ONE_OF(random, 1, 2, 3, 4, 4);
	line->not_before_ms = 0;
	line->expiry_ms = INT64_MAX;
	if (random_below(random, 4) == 0)
		line->not_before_ms = now + (int64_t)ONE_OF(random, 0, 1, 2) - 1;
	if (random_below(random, 4) == 0)
		line->expiry_ms = now + (int64_t)ONE_OF(random, 0, 1, 2, 3);
	if (line->expiry_ms <= line->not_before_ms)
		line->expiry_ms = line->not_before_ms + 1;
	if (random_below(random, 12) == 0)
		line->verb = VERB_NONE;
	line->depth = (uint32_t)ONE_OF(random, 0, 1, 1, 1, 2, 7);
	line->widest = (uint32_t)ONE_OF(random, 1, 2, 3, 4);
	line->keep = (enum keeping)ONE_OF(random, 0, 1, 2);
}

static struct line random_line(struct random *random, uint32_t issuer, bool is_child)
{
	struct line line = {.issuer = issuer};

	line.audience = (uint32_t)ONE_OF(random, SECOND, SECOND, SECOND, SECOND, OTHER, OTHER,
					 OTHER, RELAY, RELAY, FORMER, NOBODY, OWNER);
	if (line.audience == issuer)
		line.audience = issuer == SECOND ? OTHER : SECOND;
	line.org = arrays_org(line.audience);
	if (random_below(random, 25) == 0)
		line.org = arrays_org(OTHER);
	line.nonce[0] = (uint8_t)random_below(random, 2);
	line.prefix =
		bytes_str(paths[is_child ? 1 + random_below(random, 4) : random_below(random, 2)]);
	if (random_below(random, 8) == 0)
		line.prefix = bytes_str(paths[random_below(random, COUNT(paths))]);
	terms(&line, random);
	return line;
}

/* The same slot by another node, with other terms: two machines at work at once, or a clone. */
static void second_body(struct arrays *world, struct random *random, struct line line)
{
	if (random_below(random, 3))
		return;
	uint64_t round = line.round;
	terms(&line, random);
	if (random_below(random, 2))
		line.round = round;
	arrays_line(world, node_of(world, random, line.issuer), &line);
}

static void some_bars(struct arrays *world, struct random *random, const struct line *parent,
		      const struct line *child, const struct digest *id)
{
	struct bar bars[3];
	size_t count = 0, tries = random_below(random, 4);

	for (size_t i = 0; i < tries; i++) {
		struct bar bar = {.nonce = {(uint8_t)random_below(random, 2)},
				  .has_line = random_below(random, 2),
				  .barred = random_below(random, 4) > 0,
				  .keep = (enum keeping)random_below(random, 3)};
		if (bar.has_line)
			bar.line = *id;
		else
			bar.prefix = random_below(random, 2)
					     ? child->prefix
					     : bytes_str(paths[random_below(random, COUNT(paths))]);
		bool twice = false;
		for (size_t k = 0; k < count; k++)
			twice = twice || bar_cmp(&bars[k], &bar) == 0;
		if (!twice)
			bars[count++] = bar;
	}
	uint32_t member =
		(uint32_t)ONE_OF(random, parent->issuer, parent->issuer, child->issuer, OTHER);
	struct org_id org = random_below(random, 6) ? child->org : parent->org;
	if (count > 0)
		arrays_bars(world, node_of(world, random, member), org, bars, count);
}

static bool pair_agrees(uint64_t seed)
{
	struct random random = random_seeded(seed);
	struct arrays world;

	pair_world(&world, &random);
	struct line parent =
		random_line(&random, random_below(&random, 16) ? OWNER : SECOND, false);
	if (random_below(&random, 30) == 0) {
		parent.has_parent = true;
		random_fill(&random, parent.parent.b, ID_LEN);
	}
	struct digest id = arrays_line(&world, node_of(&world, &random, parent.issuer), &parent);
	second_body(&world, &random, parent);
	struct line child =
		random_line(&random, random_below(&random, 16) ? parent.audience : OTHER, true);
	child.has_parent = random_below(&random, 30) > 0;
	child.parent = id;
	if (child.issuer <= OTHER) {
		id = arrays_line(&world, node_of(&world, &random, child.issuer), &child);
		second_body(&world, &random, child);
		some_bars(&world, &random, &parent, &child, &id);
		some_bars(&world, &random, &parent, &child, &id);
	}
	bool same = true;
	for (int64_t t = now - 1; t <= now + 2 && same; t++)
		same = arrays_agree(&world, t, paths, COUNT(paths));
	arrays_fini(&world);
	return same;
}

static void pairs_of_lines_have_one_verdict(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < pair_count; i++)
		if (!pair_agrees(first_seed + i))
			fail_msg("pair of seed %llu", (unsigned long long)(first_seed + i));
}

/* ---- histories ---- */

struct parcel { /* on its way */
	uint32_t author;
	uint64_t sequence;
	uint8_t slot[1 + ID_LEN];
	struct buf body;
};

struct post {
	struct parcel *parcels;
	size_t count, cap;
};

static void post_add(struct post *post, const struct story_event *event)
{
	post->parcels = mem_room(post->parcels, post->count, &post->cap, sizeof(*post->parcels));
	struct parcel *parcel = &post->parcels[post->count++];
	*parcel = (struct parcel){.author = event->author, .sequence = event->sequence};
	memcpy(parcel->slot, event->slot, sizeof(parcel->slot));
	buf_init(&parcel->body, BAR_LEN_MAX);
	buf_add(&parcel->body, buf_bytes(&event->body));
}

static void post_deliver(struct post *post, struct random *random, struct arrays *observer)
{
	size_t i = random_below(random, post->count);
	struct parcel *parcel = &post->parcels[i];

	arrays_take(observer, parcel->author, parcel->sequence, bytes_obj(&parcel->slot),
		    buf_bytes(&parcel->body));
	buf_fini(&parcel->body);
	*parcel = post->parcels[--post->count];
}

/* Who has all records of the story says of each line what the story's own arrays say. */
static bool observers_agree(struct arrays *a, struct arrays *b, int64_t t_ms)
{
	struct facts facts_a = arrays_facts(a), facts_b = arrays_facts(b);
	struct verdict va, vb;

	for (size_t i = 0; i < a->naive.record_count; i++) {
		const struct naive_record *r = &a->naive.records[i];
		if (!r->is_line)
			continue;
		bool good = verdict_of(&facts_a, &r->id, t_ms, &va);
		if (verdict_of(&facts_b, &r->id, t_ms, &vb) != good || va.fault != vb.fault)
			return false;
	}
	return true;
}

static bool rests_on(const struct verdict *v, uint32_t member)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->issuers[i] == member)
			return true;
	return false;
}

/*
 * Everything that a member has said is gone: what rests on none of its lines is good as before, and
 * what was not good did not become it.
 */
static bool takes_only_what_rests_on_it(struct arrays *world, uint32_t member, int64_t t_ms)
{
	struct naive *naive = &world->naive;
	struct facts facts = arrays_facts(world);
	struct arrays without;
	struct verdict v, after;
	bool same = true;

	arrays_init(&without);
	for (size_t i = 0; i < naive->member_count; i++)
		*arrays_member(&without, naive->members[i].number, naive->members[i].org,
			       naive->members[i].slug) = naive->members[i];
	for (size_t i = 0; i < naive->node_count; i++)
		*arrays_node(&without, naive->nodes[i].author) = naive->nodes[i];
	for (size_t i = 0; i < naive->record_count; i++)
		if (world->kept[i].author / 256 != member)
			arrays_take(&without, world->kept[i].author, world->kept[i].sequence,
				    bytes_obj(&world->kept[i].slot),
				    buf_bytes(&world->kept[i].body));
	struct facts others = arrays_facts(&without);
	for (size_t i = 0; i < naive->record_count && same; i++) {
		if (!naive->records[i].is_line)
			continue;
		bool was = verdict_of(&facts, &naive->records[i].id, t_ms, &v);
		bool is = verdict_of(&others, &naive->records[i].id, t_ms, &after);
		same = is == (was && !rests_on(&v, member));
	}
	arrays_fini(&without);
	return same;
}

static bool history_agrees(uint64_t seed)
{
	struct random random = random_seeded(seed ^ 0x706f7374);
	struct post post = {.count = 0};
	struct arrays observer;
	struct story story;
	bool same = true;

	story_init(&story, seed, NULL);
	arrays_init(&observer);
	uint64_t steps = 20 + random_below(&random, 60);
	for (uint64_t step = 0; step < steps && same; step++) {
		story_step(&story);
		if (story.event.kind == STORY_RECORD)
			post_add(&post, &story.event);
		while (post.count > 0 && random_below(&random, 2))
			post_deliver(&post, &random, &observer);
		if (random_below(&random, 20))
			continue;
		story_tell_members(&story, &observer);
		same = arrays_agree(&observer, story.now_ms, story_paths, STORY_PATHS);
	}
	while (post.count > 0)
		post_deliver(&post, &random, &observer);
	free(post.parcels);
	story_tell_members(&story, &observer);
	same = same && arrays_agree(&observer, story.now_ms, story_paths, STORY_PATHS) &&
	       observers_agree(&story.all, &observer, story.now_ms) &&
	       takes_only_what_rests_on_it(
		       &observer, 1 + (uint32_t)random_below(&random, STORY_ORGS), story.now_ms);
	arrays_fini(&observer);
	story_fini(&story);
	return same;
}

static void histories_have_one_verdict_in_any_order(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < history_count; i++)
		if (!history_agrees(first_seed + i))
			fail_msg("history of seed %llu", (unsigned long long)(first_seed + i));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_of_lines_have_one_verdict),
		cmocka_unit_test(histories_have_one_verdict_in_any_order),
	};

	if (argc > 2) {
		pair_count = strtoul(argv[1], NULL, 10);
		history_count = strtoul(argv[2], NULL, 10);
	}
	if (argc > 3)
		first_seed = strtoul(argv[3], NULL, 10);
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
