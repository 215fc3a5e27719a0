/*
 * docs/vectors/rights: lines, bars and chains with what they come to, for whoever writes another
 * implementation. They are made here, and compared with what stands there; then each is read again
 * and judged by what it says, so they are neither out of date nor wrong.
 *
 * test-proto-vectors_rights [--write]      from the root of the tree; --write makes them anew
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/rights/showing.h"
#include "test/proto/federation.h"
#include "test/proto/rights/arrays.h"
#include "test/proto/rights/exported.h"
#include "test/proto/vectors.h"

#define T    TEST_TIME_MS
#define YEAR (365 * INT64_C(86400000))

enum { LK = 1, B, C, D, RELAY, GONE, MEMBERS = GONE };

static struct vectors vectors = {.folder = "docs/vectors/rights/"};

/* ---- a world ---- */

struct made { /* one vector */
	struct arrays world;
	struct digest line; /* the one that is judged */
	int64_t t_ms;
	uint8_t nonce;
};

static const char *const slugs[] = {"", "lk", "b", "c", "d", "relay", "gone"};

static void world_make(struct made *m)
{
	*m = (struct made){.t_ms = T};
	arrays_init(&m->world);
	for (uint32_t n = LK; n <= MEMBERS; n++) {
		struct naive_member *member = arrays_member(&m->world, n, arrays_org(n), slugs[n]);
		member->relay = n == RELAY;
		member->present = n != GONE;
		arrays_node(&m->world, n * 256);
		arrays_node(&m->world, n * 256 + 1);
	}
}

static struct line a_line(struct made *m, uint32_t from, uint32_t to, const char *prefix,
			  enum verb verb)
{
	return (struct line){.issuer = from,
			     .audience = to,
			     .org = arrays_org(to),
			     .prefix = bytes_str(prefix),
			     .nonce = {++m->nonce},
			     .round = 1,
			     .verb = verb,
			     .not_before_ms = T - 600000,
			     .expiry_ms = T + YEAR,
			     .depth = 7,
			     .widest = LINE_TIER_USUAL,
			     .keep = KEEPING_CURRENT};
}

static void put(struct made *m, unsigned node, const struct line *line)
{
	m->line = arrays_line(&m->world, line->issuer * 256 + node, line);
}

/* By node 0, resting on the line before. */
static void on(struct made *m, struct line line)
{
	line.has_parent = true;
	line.parent = m->line;
	put(m, 0, &line);
}

static void give(struct made *m, uint32_t to, const char *prefix, enum verb verb)
{
	const struct line line = a_line(m, LK, to, prefix, verb);

	put(m, 0, &line);
}

static void bar(struct made *m, uint32_t author, uint32_t whom, const char *path, bool barred)
{
	struct bar item = {.nonce = {1}, .has_line = !path, .line = m->line, .barred = barred};

	if (path)
		item.prefix = bytes_str(path);
	arrays_bars(&m->world, author, arrays_org(whom), &item, 1);
}

/* ---- the vectors ---- */

static void make_one_line(struct made *m)
{
	give(m, B, "lk/kita", VERB_READ);
}

static void make_meet(struct made *m)
{
	struct line top = a_line(m, LK, B, "lk/kita", VERB_WRITE), below;

	top.depth = 1;
	top.keep = KEEPING_NONE;
	top.expiry_ms = T + 1000;
	put(m, 0, &top);
	below = a_line(m, B, C, "lk/kita/x", VERB_ADMIN);
	below.widest = 1;
	below.keep = KEEPING_ALL;
	on(m, below);
}

static void make_eight(struct made *m)
{
	give(m, B, "lk/kita", VERB_READ);
	for (unsigned i = 1; i < LINE_CHAIN_MAX; i++)
		on(m, a_line(m, i % 2 ? B : C, i % 2 ? C : B, "lk/kita", VERB_READ));
}

static void make_nine(struct made *m)
{
	make_eight(m);
	on(m, a_line(m, C, D, "lk/kita", VERB_READ));
}

static void make_relay(struct made *m)
{
	give(m, RELAY, "lk/kita", VERB_ADMIN);
	on(m, a_line(m, RELAY, C, "lk/kita", VERB_ADMIN));
}

static void make_ended(struct made *m)
{
	struct line line = a_line(m, LK, B, "lk/kita", VERB_NONE);

	put(m, 0, &line);
}

static void make_end_and_round(struct made *m)
{
	struct line line = a_line(m, LK, B, "lk/kita", VERB_NONE);

	put(m, 0, &line);
	line.verb = VERB_ADMIN;
	line.round = 9;
	put(m, 1, &line);
}

static void make_end_above(struct made *m)
{
	struct line top = a_line(m, LK, B, "lk/kita", VERB_ADMIN);

	put(m, 0, &top);
	on(m, a_line(m, B, C, "lk/kita", VERB_READ));
	struct digest below = m->line;
	top.verb = VERB_NONE;
	top.round = 2;
	put(m, 0, &top);
	m->line = below;
}

static void make_rounds(struct made *m)
{
	struct line line = a_line(m, LK, B, "lk/kita", VERB_WRITE);

	put(m, 0, &line);
	line.verb = VERB_READ;
	line.round = 2;
	put(m, 1, &line);
}

static void make_same_round(struct made *m)
{
	struct line line = a_line(m, LK, B, "lk/kita", VERB_WRITE);

	put(m, 0, &line);
	line.verb = VERB_READ;
	put(m, 1, &line);
}

static void make_leaving_gave(struct made *m)
{
	make_one_line(m);
	struct naive_node *node = arrays_node(&m->world, LK * 256);
	node->counts = false;
	node->leaving = true;
}

static void make_leaving_ended(struct made *m)
{
	make_end_and_round(m);
	struct naive_node *node = arrays_node(&m->world, LK * 256);
	node->counts = false;
	node->leaving = true;
}

static void make_not_yet(struct made *m)
{
	make_one_line(m);
	m->t_ms = T - 600001;
}

static void make_expired(struct made *m)
{
	make_one_line(m);
	m->t_ms = T + YEAR;
}

static void make_gone(struct made *m)
{
	give(m, GONE, "lk/kita", VERB_READ);
}

static void make_other_org(struct made *m)
{
	struct line line = a_line(m, LK, B, "lk/kita", VERB_READ);

	line.org = arrays_org(77);
	put(m, 0, &line);
}

static void make_not_the_owner(struct made *m)
{
	const struct line line = a_line(m, B, C, "lk/kita", VERB_READ);

	put(m, 0, &line);
}

static void make_string_prefix(struct made *m)
{
	give(m, B, "lk/stat", VERB_ADMIN);
	on(m, a_line(m, B, C, "lk/statistik", VERB_READ));
}

static void make_wider(struct made *m)
{
	give(m, B, "lk/kita", VERB_ADMIN);
	on(m, a_line(m, B, C, "lk", VERB_READ));
}

static void make_by_another(struct made *m)
{
	give(m, B, "lk/kita", VERB_ADMIN);
	on(m, a_line(m, D, C, "lk/kita", VERB_READ));
}

static void make_no_parent(struct made *m)
{
	m->line = (struct digest){{9}};
	on(m, a_line(m, B, C, "lk/kita", VERB_READ));
}

static void make_depth(struct made *m)
{
	struct line line = a_line(m, LK, B, "lk/kita", VERB_ADMIN);

	line.depth = 0;
	put(m, 0, &line);
	on(m, a_line(m, B, C, "lk/kita", VERB_READ));
}

static void chain_of_two(struct made *m)
{
	give(m, B, "lk/kita", VERB_ADMIN);
	on(m, a_line(m, B, C, "lk/kita", VERB_READ));
}

static void make_bar_id(struct made *m)
{
	chain_of_two(m);
	bar(m, LK * 256, C, NULL, true);
}

static void make_bar_below(struct made *m)
{
	chain_of_two(m);
	bar(m, LK * 256, C, "lk/kita/x", true);
}

static void make_bar_above(struct made *m)
{
	chain_of_two(m);
	bar(m, LK * 256, C, "lk", true);
}

static void make_bar_beside(struct made *m)
{
	chain_of_two(m);
	bar(m, LK * 256, C, "lk/kit", true);
}

static void make_bar_lifted(struct made *m)
{
	make_bar_above(m);
	bar(m, LK * 256 + 1, C, "lk", false);
}

static void make_bar_lifted_leaving(struct made *m)
{
	make_bar_lifted(m);
	struct naive_node *node = arrays_node(&m->world, LK * 256 + 1);
	node->counts = false;
	node->leaving = true;
}

static void make_bar_stranger(struct made *m)
{
	chain_of_two(m);
	bar(m, D * 256, C, "lk", true);
}

static void make_bar_own(struct made *m)
{
	give(m, B, "lk/kita", VERB_ADMIN);
	on(m, a_line(m, B, LK, "lk/kita", VERB_ADMIN));
	on(m, a_line(m, LK, C, "lk/kita", VERB_READ));
	bar(m, LK * 256, C, "lk", true);
}

/* X(file, what it shows): each is one thing; the name says whether it gives something. */
#define VECTORS(X)                                                                                 \
	X(one_line, "the owner's line gives what it says")                                         \
	X(meet, "a line that says more than the one it rests on gives the meet of both")           \
	X(eight, "eight lines may rest on each other")                                             \
	X(nine, "nine may not")                                                                    \
	X(relay, "a relay's verb counts as 1, and so does what it hands on")                       \
	X(ended, "verb 0 is an end, also when no other body was ever seen")                        \
	X(end_and_round, "an end counts before a higher round of another node")                    \
	X(end_above, "what rests on a line that has ended gives nothing")                          \
	X(rounds, "of two bodies by two nodes that of the higher round counts")                    \
	X(same_round, "of one round the body that is smaller bytewise")                            \
	X(leaving_gave, "what a node gave that is leaving gives nothing")                          \
	X(leaving_ended, "what it has ended stays ended")                                          \
	X(not_yet, "not before its first moment")                                                  \
	X(expired, "not at the moment of its expiry")                                              \
	X(gone, "the audience is no member any more")                                              \
	X(other_org, "the number of the audience is another organisation's")                       \
	X(not_the_owner, "a line without a parent by another than the owner of the prefix")        \
	X(string_prefix, "lk/stat is not above lk/statistik")                                      \
	X(wider, "the prefix is not at or below that of the line before")                          \
	X(by_another, "the issuer is not the audience of the line before")                         \
	X(no_parent, "the line that it rests on is not known")                                     \
	X(depth, "a line of depth 0 is not handed on")                                             \
	X(bar_id, "the owner bars the line by its id")                                             \
	X(bar_below, "a bar of a path hits what covers it")                                        \
	X(bar_above, "and what is below it")                                                       \
	X(bar_beside, "and nothing beside it")                                                     \
	X(bar_lifted, "an element that another node has with false is not in force")               \
	X(bar_lifted_leaving, "unless that node is leaving")                                       \
	X(bar_stranger, "a bar of somebody who is not in the chain above")                         \
	X(bar_own, "a bar of a path does not hit what who bars has given itself")

/* ---- to JSON ---- */

static json_t *members_json(const struct naive *world)
{
	json_t *list = json_array();

	for (size_t i = 0; i < world->member_count; i++) {
		const struct naive_member *member = &world->members[i];
		json_array_append_new(list, json_pack("{s:i, s:o, s:s, s:s}", "number",
						      (int)member->number, "organisation",
						      vectors_hex(id_bytes(&member->org)), "slug",
						      member->slug, "state",
						      !member->present ? "former"
						      : member->relay  ? "relay"
								       : "member"));
	}
	return list;
}

static json_t *nodes_json(const struct naive *world)
{
	json_t *list = json_array();

	for (size_t i = 0; i < world->node_count; i++)
		json_array_append_new(list, json_pack("{s:i, s:s}", "author",
						      (int)world->nodes[i].author, "words",
						      world->nodes[i].counts    ? "count"
						      : world->nodes[i].leaving ? "leaving"
										: "none"));
	return list;
}

static json_t *records_json(const struct arrays *arrays)
{
	json_t *list = json_array();

	for (size_t i = 0; i < arrays->naive.record_count; i++)
		json_array_append_new(
			list, json_pack("{s:i, s:o, s:o}", "author", (int)arrays->kept[i].author,
					"slot", vectors_hex(bytes_obj(&arrays->kept[i].slot)),
					"body", vectors_hex(buf_bytes(&arrays->kept[i].body))));
	return list;
}

static json_t *verdict_json(struct arrays *world, const struct digest *line, int64_t t_ms)
{
	struct facts facts = arrays_facts(world);
	struct verdict v;
	bool good = verdict_of(&facts, line, t_ms, &v);

	if (!good)
		return json_pack("{s:b, s:s}", "good", 0, "why", fault_text(v.fault));
	return json_pack("{s:b, s:s, s:i, s:s, s:I, s:I, s:i}", "good", 1, "verb",
			 verb_name(v.verb), "widest", (int)v.widest, "keep", keeping_name(v.keep),
			 "from_ms", (json_int_t)v.from_ms, "until_ms", (json_int_t)v.to_ms,
			 "depth_left", (int)v.depth_left);
}

/* ---- back from JSON ---- */

static uint32_t number_of(const json_t *json, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(json, key));
}

static bool says(const json_t *json, const char *key, const char *what)
{
	return strcmp(json_string_value(json_object_get(json, key)), what) == 0;
}

static void world_read(struct arrays *world, const json_t *json)
{
	size_t i;
	json_t *item;

	arrays_init(world);
	json_array_foreach(json_object_get(json, "members"), i, item)
	{
		struct buf id = vectors_bytes(item, "organisation");
		struct org_id org;
		assert_int_equal(id.len, ID_LEN);
		memcpy(org.b, id.ptr, ID_LEN);
		buf_fini(&id);
		struct naive_member *member =
			arrays_member(world, number_of(item, "number"), org,
				      json_string_value(json_object_get(item, "slug")));
		member->present = !says(item, "state", "former");
		member->relay = says(item, "state", "relay");
	}
	json_array_foreach(json_object_get(json, "nodes"), i, item)
	{
		struct naive_node *node = arrays_node(world, number_of(item, "author"));
		node->counts = says(item, "words", "count");
		node->leaving = says(item, "words", "leaving");
	}
	json_array_foreach(json_object_get(json, "records"), i, item)
	{
		struct buf slot = vectors_bytes(item, "slot"), body = vectors_bytes(item, "body");
		arrays_take(world, number_of(item, "author"), 1, buf_bytes(&slot),
			    buf_bytes(&body));
		buf_fini(&slot);
		buf_fini(&body);
	}
}

/* Both the verdict and the naive one say what the file says. */
static void file_judged(const char *name)
{
	struct arrays world;
	struct digest line;

	json_t *json = vectors_load(&vectors, name);
	world_read(&world, json);
	struct buf id = vectors_bytes(json, "line");
	memcpy(line.b, id.ptr, ID_LEN);
	int64_t t_ms = json_integer_value(json_object_get(json, "at_ms"));
	json_t *found = verdict_json(&world, &line, t_ms);
	json_t *wanted = json_object_get(json, "verdict");
	if (!json_equal(found, wanted))
		fail_msg("%s: another verdict", name);
	struct naive_verdict naive = naive_verdict(&world.naive, &line, t_ms);
	assert_int_equal(naive.has_chain && naive.good,
			 json_is_true(json_object_get(wanted, "good")));
	buf_fini(&id);
	json_decref(found);
	json_decref(json);
	arrays_fini(&world);
}

static void chains(void **state)
{
	static const struct {
		const char *name, *about;
		void (*make)(struct made *m);
	} cases[] = {
#define X(name, about) {#name, about, make_##name},
		VECTORS(X)
#undef X
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct made m;
		world_make(&m);
		cases[i].make(&m);
		vectors_same(&vectors, cases[i].name,
			     json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:o}", "about",
				       cases[i].about, "members", members_json(&m.world.naive),
				       "nodes", nodes_json(&m.world.naive), "records",
				       records_json(&m.world), "line",
				       vectors_hex(id_bytes(&m.line)), "at_ms", (json_int_t)m.t_ms,
				       "verdict", verdict_json(&m.world, &m.line, m.t_ms)));
		arrays_fini(&m.world);
		file_judged(cases[i].name);
	}
}

/* ---- bodies ---- */

/* One body a row; what each row changes is said beside it. */
static void body_add(json_t *list, const char *about, struct bytes body, bool is_line)
{
	struct line line;
	enum err err = is_line ? line_get(&line, body) : bar_list_get(NULL, body);
	json_t *item = json_pack("{s:s, s:o, s:s}", "about", about, "body", vectors_hex(body),
				 "result", err ? "malformed" : "ok");

	assert_true(!err || err == ERR_MALFORMED || err == ERR_VERSION || err == ERR_FULL);
	if (!err && is_line) {
		struct digest id;
		line_id(&id, &line);
		json_object_set_new(item, "id", vectors_hex(id_bytes(&id)));
	}
	json_array_append_new(list, item);
}

#define LINES(X)                                                                                   \
	X("a line", (void)line)                                                                    \
	X("with a parent", (line->has_parent = true, line->parent.b[0] = 7))                       \
	X("the last round", line->round = LINE_ROUND_END - 1)                                      \
	X("one round more", line->round = LINE_ROUND_END)                                          \
	X("round 0", line->round = 0)                                                              \
	X("verb 5", line->verb = (enum verb)5)                                                     \
	X("depth 8", line->depth = 8)                                                              \
	X("widest 0", line->widest = 0)                                                            \
	X("widest 5", line->widest = 5)                                                            \
	X("keep 3", line->keep = (enum keeping)3)                                                  \
	X("it begins when it expires", line->not_before_ms = line->expiry_ms)                      \
	X("issuer 0", line->issuer = 0)                                                            \
	X("audience 16,385", line->audience = 16385)                                               \
	X("the prefix is no path", line->prefix = bytes_str("lk/../x"))

static void bodies_of_lines(void **state)
{
	json_t *list = json_array();
	struct made m = {.nonce = 0};
	struct buf body;

	(void)state;
	buf_init(&body, 4096);
#define X(about, change)                                                                           \
	{                                                                                          \
		struct line made = a_line(&m, LK, B, "lk/kita", VERB_READ), *line = &made;         \
		change;                                                                            \
		buf_reset(&body);                                                                  \
		line_put(&body, line);                                                             \
		body_add(list, about, buf_bytes(&body), true);                                     \
	}
	LINES(X)
#undef X
	buf_add_u8(&body, 0);
	body_add(list, "a byte behind the end", buf_bytes(&body), true);
	buf_fini(&body);
	vectors_same(&vectors, "bodies_of_lines",
		     json_pack("{s:s, s:o}", "about",
			       "bodies of lines (kind 5), and the grant id of each", "bodies",
			       list));
}

static void bodies_of_bars(void **state)
{
	const struct bar line = {.nonce = {1}, .has_line = true, .line = {{2}}, .barred = true};
	const struct bar path = {.nonce = {1}, .prefix = bytes_str("lk"), .barred = true};
	const struct bar later = {.nonce = {2}, .prefix = bytes_str("lk/kita")};
	const struct bar no_path = {.nonce = {1}, .prefix = bytes_str("lk/")};
	const struct {
		const char *about;
		struct bar items[3];
		size_t count;
	} cases[] = {
		{"one line", {line}, 1},
		{"one path", {path}, 1},
		{"a line before a path, then the next nonce", {line, path, later}, 3},
		{"a path before a line", {path, line}, 2},
		{"the nonces fall", {later, path}, 2},
		{"an element twice", {path, path}, 2},
		{"a prefix that is no path", {no_path}, 1},
		{"none", {line}, 0},
	};
	const struct org_id org = arrays_org(C);
	json_t *list = json_array();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf body;
		buf_init(&body, 4096);
		bar_list_put(&body, &org, cases[i].items, cases[i].count);
		body_add(list, cases[i].about, buf_bytes(&body), false);
		buf_fini(&body);
	}
	vectors_same(&vectors, "bodies_of_bars",
		     json_pack("{s:s, s:o}", "about", "bodies of bars (kind 6)", "bodies", list));
}

/* ---- an exported grant, and who shows it ---- */

static void exported_grant(void **state)
{
	struct exported *e = mem_new(1, sizeof(*e));
	char why[WHY_LEN];
	struct token_file read;
	struct verdict v;
	struct buf file, text;

	(void)state;
	exported_init(e, 70);
	assert_int_equal(exported_file(e, &file, why), ERR_OK);
	assert_int_equal(token_file_read(&read, buf_bytes(&file), &e->fed.charter.fed, T), ERR_OK);
	assert_int_equal(token_file_verdict(&read, T, &v), ERR_OK);
	const struct showing showing = {.author = author_of(EXPORTED_C, 0),
					.grant = e->second,
					.challenge = bytes_str("0123456789abcdef"),
					.time_ms = T};
	struct key seed = exported_seed(e, showing.author);
	buf_init(&text, 4096);
	showing_make(&text, &showing, &e->fed.charter.fed, &seed);
	assert_int_equal(token_file_proof(&read, &v, buf_bytes(&text), showing.challenge, T),
			 ERR_OK);
	char *proof = bytes_text(buf_bytes(&text)), *prefix = bytes_text(v.prefix);
	vectors_same(&vectors, "exported",
		     json_pack("{s:s, s:o, s:I, s:o, s:s, s:s, s:I, s:o, s:s}", "about",
			       "an exported grant, and the proof of who shows it", "federation",
			       vectors_hex(id_bytes(&e->fed.charter.fed)), "at_ms", (json_int_t)T,
			       "file", vectors_hex(buf_bytes(&file)), "verb", verb_name(v.verb),
			       "prefix", prefix, "as_of_ms", (json_int_t)token_file_as_of(&read),
			       "challenge", vectors_hex(showing.challenge), "proof", proof));
	free(proof);
	free(prefix);
	token_file_fini(&read);
	buf_fini(&file);
	buf_fini(&text);
	exported_fini(e);
	free(e);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains),
		cmocka_unit_test(bodies_of_lines),
		cmocka_unit_test(bodies_of_bars),
		cmocka_unit_test(exported_grant),
	};

	vectors.writes = argc > 1 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
