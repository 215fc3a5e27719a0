/*
 * The verdict over lines and bars, attack by attack. Each test asks the naive checker too, at its
 * end, about everything that is there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/rights/rights.h"
#include "test/proto/federation.h"
#include "test/proto/rights/arrays.h"

/* The landkreis owns lk; B is an administrator, C and D readers, W writes, M is malicious. */
enum { O = 1, B, C, D, W, M, R, MEMBERS = R };
#define NODE(member, index) ((uint32_t)((member)*256 + (index)))
#define T                   TEST_TIME_MS
#define FOREVER             (T + 365 * INT64_C(86400000))

static const char *const paths[] = {"lk",   "lk/s",   "lk/s/kita", "lk/s/kita/x",  "lk/stat",
				    "lk/a", "lk/a/x", "lk/a/x/y",  "lk/statistik", "b"};

struct world {
	struct arrays all;
	uint8_t nonce; /* of the next line */
};

static int setup(void **state)
{
	static const char *const slugs[] = {"", "lk", "b", "c", "d", "w", "m", "r"};
	struct world *w = mem_new(1, sizeof(*w));

	arrays_init(&w->all);
	for (uint32_t n = O; n <= MEMBERS; n++) {
		arrays_member(&w->all, n, arrays_org(n), slugs[n])->relay = n == R;
		arrays_node(&w->all, NODE(n, 0));
		arrays_node(&w->all, NODE(n, 1));
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	bool agree = arrays_agree(&w->all, T, paths, COUNT(paths)) &&
		     arrays_agree(&w->all, FOREVER, paths, COUNT(paths));

	arrays_fini(&w->all);
	free(w);
	return agree ? 0 : -1;
}

static struct line a_line(struct world *w, uint32_t from, uint32_t to, const char *path,
			  enum verb verb)
{
	struct line line = {.issuer = from,
			    .audience = to,
			    .org = arrays_org(to),
			    .prefix = bytes_str(path),
			    .nonce = {++w->nonce},
			    .round = 1,
			    .verb = verb,
			    .not_before_ms = T - 600000,
			    .expiry_ms = FOREVER,
			    .depth = 7,
			    .widest = LINE_TIER_USUAL,
			    .keep = KEEPING_CURRENT};
	return line;
}

static struct digest give(struct world *w, uint32_t from, uint32_t to, const char *path,
			  enum verb verb, const struct digest *parent)
{
	struct line line = a_line(w, from, to, path, verb);

	line.has_parent = parent;
	if (parent)
		line.parent = *parent;
	return arrays_line(&w->all, NODE(from, 0), &line);
}

static const struct line *line_of(const struct world *w, const struct digest *id, uint32_t author)
{
	struct record_slot slot = line_slot(id);
	const struct naive_record *r = arrays_find(&w->all, author, record_slot_bytes(&slot));

	return r ? &r->line : NULL;
}

/* A node of the giver writes the line again, with another verb and round. */
static void again(struct world *w, const struct digest *id, unsigned node, enum verb verb,
		  uint64_t round)
{
	for (size_t i = 0; i < w->all.naive.record_count; i++) {
		const struct naive_record *r = &w->all.naive.records[i];
		if (!r->is_line || !id_eq(&r->id, id))
			continue;
		struct line line = r->line;
		line.verb = verb;
		line.round = round;
		struct digest same = arrays_line(&w->all, NODE(line.issuer, node), &line);
		assert_true(id_eq(&same, id));
		return;
	}
	fail_msg("no such line");
}

static void end(struct world *w, const struct digest *id)
{
	again(w, id, 0, VERB_NONE, 1);
}

/* One element alone, by node 0 or 1 of a member; of a line or of a path. */
static void bar(struct world *w, uint32_t author, uint32_t whom, const struct digest *id,
		const char *path, bool barred)
{
	struct bar item = {.nonce = {1}, .has_line = id, .barred = barred};

	if (id)
		item.line = *id;
	else
		item.prefix = bytes_str(path);
	arrays_bars(&w->all, author, arrays_org(whom), &item, 1);
}

static enum fault fault_of(struct world *w, const struct digest *id, struct verdict *out)
{
	struct facts facts = arrays_facts(&w->all);
	struct verdict unused;
	struct verdict *v = out ? out : &unused;

	bool good = verdict_of(&facts, id, T, v);
	assert_int_equal(good, v->fault == FAULT_NONE);
	return v->fault;
}

static enum verb right_of(struct world *w, uint32_t member, const char *path)
{
	struct org_id org = arrays_org(member);

	return naive_right(&w->all.naive, &org, bytes_str(path), T);
}

#define assert_good(w, id)         assert_int_equal(fault_of((w), (id), NULL), FAULT_NONE)
#define assert_fault(w, id, fault) assert_int_equal(fault_of((w), (id), NULL), FAULT_##fault)

/* ---- ends ---- */

/* The end of a line that was never here, and then the line, older, by the same and by another. */
static void an_end_is_known_before_its_line(void **state)
{
	struct world *w = *state;
	struct line line = a_line(w, O, C, "lk/a", VERB_READ);
	struct digest id;
	struct buf body;

	line_id(&id, &line);
	line.verb = VERB_NONE;
	arrays_line(&w->all, NODE(O, 0), &line);
	assert_fault(w, &id, ENDED);
	line.verb = VERB_READ;
	line.round = LINE_ROUND_END - 1;
	arrays_line(&w->all, NODE(O, 1), &line);
	assert_fault(w, &id, ENDED);
	/* an old copy of what node 0 had */
	buf_init(&body, 1000);
	line_put(&body, &line);
	struct record_slot slot = line_slot(&id);
	arrays_take(&w->all, NODE(O, 0), 0, record_slot_bytes(&slot), buf_bytes(&body));
	buf_fini(&body);
	assert_fault(w, &id, ENDED);
	assert_int_equal(right_of(w, C, "lk/a"), VERB_NONE);
}

static void what_rests_on_an_end_is_void_and_is_given_anew(void **state)
{
	struct world *w = *state;
	struct digest b = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
	struct digest c = give(w, B, C, "lk/a", VERB_READ, &b);
	struct digest d = give(w, C, D, "lk/a/x", VERB_READ, &c);
	struct digest writer = give(w, B, W, "lk/a", VERB_WRITE, &b);
	struct verdict v;

	assert_good(w, &d);
	end(w, &b);
	assert_int_equal(fault_of(w, &d, &v), FAULT_ENDED);
	assert_int_equal(v.fault_at, 0);
	assert_int_equal(v.count, 3);
	struct digest anew = give(w, O, C, "lk/a", VERB_READ, NULL);
	assert_good(w, &anew);
	assert_int_equal(right_of(w, C, "lk/a/x"), VERB_READ);
	assert_int_equal(right_of(w, D, "lk/a/x"), VERB_NONE);
	assert_int_equal(right_of(w, W, "lk/a"), VERB_NONE);
	assert_fault(w, &writer, ENDED);
}

/* A new grant above is another id, and nothing that rested on the old one wakes. */
static void a_new_grant_wakes_nothing_old(void **state)
{
	struct world *w = *state;
	struct digest b = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
	struct digest c = give(w, B, C, "lk/a", VERB_READ, &b);

	end(w, &b);
	struct digest anew = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
	assert_false(id_eq(&anew, &b));
	assert_good(w, &anew);
	assert_fault(w, &b, ENDED);
	assert_fault(w, &c, ENDED);
	assert_int_equal(right_of(w, C, "lk/a"), VERB_NONE);
	/* nor does C's giver move it below the new one: that is another line */
	struct line moved = *line_of(w, &c, NODE(B, 0));
	moved.parent = anew;
	struct record_slot slot = line_slot(&c);
	assert_int_equal(line_fits(&moved, record_slot_bytes(&slot), NODE(B, 0)), ERR_PROTOCOL);
}

static void who_renews_does_not_undo_an_end(void **state)
{
	struct world *w = *state;
	struct digest c = give(w, O, C, "lk/a", VERB_READ, NULL);

	again(w, &c, 1, VERB_READ, 2);
	end(w, &c);
	again(w, &c, 1, VERB_ADMIN, 3);
	again(w, &c, 1, VERB_ADMIN, 4);
	assert_fault(w, &c, ENDED);
}

/* What a node has ended or barred holds while it is leaving; what it has given does not. */
static void ends_and_bars_of_a_leaving_node_hold(void **state)
{
	struct world *w = *state;
	struct digest ended = give(w, O, C, "lk/a", VERB_READ, NULL);
	struct digest b = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
	struct digest d = give(w, B, D, "lk/a", VERB_READ, &b);
	struct digest old = give(w, O, W, "lk/a", VERB_WRITE, NULL);

	again(w, &ended, 1, VERB_READ, 1);
	again(w, &b, 1, VERB_ADMIN, 1);
	end(w, &ended);
	bar(w, NODE(O, 0), D, NULL, "lk/a", true);
	struct naive_node *gone = arrays_node(&w->all, NODE(O, 0));
	gone->counts = false;
	gone->leaving = true;
	assert_fault(w, &ended, ENDED);
	assert_good(w, &b);
	assert_fault(w, &d, BARRED);
	assert_fault(w, &old, UNKNOWN);
	/* a word of the sibling lifts the bar, one of the leaving node lifts nothing */
	bar(w, NODE(O, 1), D, NULL, "lk/a", true);
	bar(w, NODE(O, 0), D, NULL, "lk/a", false);
	assert_fault(w, &d, BARRED);
	bar(w, NODE(O, 1), D, NULL, "lk/a", false);
	assert_good(w, &d);
	/* and when its time is over, what nobody has copied is gone */
	gone->leaving = false;
	assert_good(w, &ended);
}

/* ---- several nodes ---- */

static void two_bodies_of_one_round_are_one_everywhere(void **state)
{
	struct world *w = *state;
	struct digest c = give(w, O, C, "lk/a", VERB_READ, NULL);
	struct verdict v;

	again(w, &c, 0, VERB_READ, 5);
	again(w, &c, 1, VERB_WRITE, 5);
	assert_int_equal(fault_of(w, &c, &v), FAULT_NONE);
	assert_int_equal(v.verb, VERB_READ); /* the smaller bytes */
	again(w, &c, 0, VERB_WRITE, 5);
	again(w, &c, 1, VERB_READ, 5);
	assert_int_equal(fault_of(w, &c, &v), FAULT_NONE);
	assert_int_equal(v.verb, VERB_READ);
	again(w, &c, 0, VERB_WRITE, 6);
	assert_int_equal(fault_of(w, &c, &v), FAULT_NONE);
	assert_int_equal(v.verb, VERB_WRITE);
}

/* A machine that was away has the line still; and one that is no administrator says nothing. */
static void an_end_of_one_node_is_the_end(void **state)
{
	struct world *w = *state;
	struct digest c = give(w, O, C, "lk/a", VERB_READ, NULL);

	again(w, &c, 1, VERB_READ, 9);
	end(w, &c);
	assert_fault(w, &c, ENDED);
	arrays_node(&w->all, NODE(O, 0))->counts = false;
	assert_good(w, &c);
}

static void the_eight_lowest_nodes_count(void **state)
{
	struct world *w = *state;
	struct digest c = give(w, O, C, "lk/a", VERB_READ, NULL);

	for (unsigned i = 2; i < 9; i++)
		arrays_node(&w->all, NODE(O, i * 10));
	again(w, &c, 80, VERB_NONE, 1); /* of the ninth */
	assert_good(w, &c);
	arrays_node(&w->all, NODE(O, 1))->counts = false;
	assert_fault(w, &c, ENDED);
}

/* ---- who may take what ---- */

/* Both ends and bars, in every order of the four records, with all of them and with some. */
static void administrators_do_not_duel(void **state)
{
	(void)state;
	for (unsigned order = 0; order < 24; order++) {
		void *inner;
		setup(&inner);
		struct world *w = inner;
		struct digest b = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
		struct digest c = give(w, O, C, "lk/a", VERB_ADMIN, NULL);
		struct digest bc = give(w, B, C, "lk/a/x", VERB_ADMIN, &b);
		struct digest cb = give(w, C, B, "lk/a/x", VERB_ADMIN, &c);
		unsigned left[] = {0, 1, 2, 3}, rest = order;
		for (unsigned count = 4; count > 0; count--) {
			unsigned place = rest % count;
			rest /= count;
			switch (left[place]) {
			case 0:
				end(w, &bc);
				break;
			case 1:
				end(w, &cb);
				break;
			case 2:
				bar(w, NODE(B, 0), C, NULL, "lk/a", true);
				break;
			case 3:
				bar(w, NODE(C, 0), B, NULL, "lk/a", true);
				break;
			}
			left[place] = left[count - 1];
			assert_good(w, &b);
			assert_good(w, &c);
		}
		assert_fault(w, &bc, ENDED);
		assert_fault(w, &cb, ENDED);
		assert_int_equal(right_of(w, B, "lk/a/x"), VERB_ADMIN);
		assert_int_equal(right_of(w, C, "lk/a/x"), VERB_ADMIN);
		teardown(&inner);
	}
}

static void a_bar_reaches_only_below_who_sets_it(void **state)
{
	struct world *w = *state;
	struct digest b = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
	struct digest d = give(w, O, D, "lk/a", VERB_READ, NULL);

	bar(w, NODE(B, 0), D, NULL, "lk/a", true);
	assert_good(w, &d);
	bar(w, NODE(B, 1), D, &d, NULL, true);
	assert_good(w, &d);
	/* nor does who got it bar itself, or its giver */
	bar(w, NODE(B, 0), B, NULL, "lk/a", true);
	bar(w, NODE(B, 0), O, NULL, "lk", true);
	assert_good(w, &b);
}

/* Through no chain, but for what who bars gives itself. */
static void nobody_grants_around_a_bar(void **state)
{
	struct world *w = *state;
	struct digest b = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
	struct digest d = give(w, B, D, "lk/a", VERB_ADMIN, &b);

	bar(w, NODE(O, 0), C, NULL, "lk/a/x", true);
	struct digest there = give(w, B, C, "lk/a/x", VERB_READ, &b);
	struct digest anew = give(w, B, C, "lk/a/x", VERB_READ, &b); /* another nonce */
	struct digest third = give(w, D, C, "lk/a/x", VERB_READ, &d);
	struct digest covering = give(w, B, C, "lk/a", VERB_READ, &b);
	struct digest below = give(w, B, C, "lk/a/x/y", VERB_READ, &b);
	struct digest beside = give(w, B, C, "lk/a/z", VERB_READ, &b);
	assert_fault(w, &there, BARRED);
	assert_fault(w, &anew, BARRED);
	assert_fault(w, &third, BARRED);
	assert_fault(w, &covering, BARRED);
	assert_fault(w, &below, BARRED);
	assert_good(w, &beside);
	for (size_t i = 0; i < COUNT(paths); i++)
		assert_int_equal(right_of(w, C, paths[i]),
				 strcmp(paths[i], "c") == 0 ? VERB_ADMIN : VERB_NONE);
	/* what rests on C's part falls too, and C's audience is another's */
	struct digest through = give(w, C, W, "lk/a/x", VERB_READ, &there);
	assert_fault(w, &through, BARRED);
	struct digest own = give(w, O, C, "lk/a/x", VERB_READ, NULL);
	assert_good(w, &own);
	assert_int_equal(right_of(w, C, "lk/a/x"), VERB_READ);
	assert_int_equal(right_of(w, C, "lk/a"), VERB_NONE);
	/* also what it gives itself by what it got back; a bar of that line by its id holds */
	struct digest back = give(w, B, O, "lk/a", VERB_ADMIN, &b);
	struct digest again_own = give(w, O, C, "lk/a/x", VERB_ADMIN, &back);
	assert_good(w, &again_own);
	bar(w, NODE(O, 0), C, &again_own, NULL, true);
	assert_fault(w, &again_own, BARRED);
}

static void a_bar_of_one_line_leaves_the_other(void **state)
{
	struct world *w = *state;
	struct digest b = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
	struct digest d = give(w, O, D, "lk/a", VERB_ADMIN, NULL);
	struct digest bc = give(w, B, C, "lk/a", VERB_READ, &b);
	struct digest dc = give(w, D, C, "lk/a", VERB_WRITE, &d);

	bar(w, NODE(O, 0), C, &bc, NULL, true);
	assert_fault(w, &bc, BARRED);
	assert_good(w, &dc);
	assert_int_equal(right_of(w, C, "lk/a"), VERB_WRITE);
	/* of another organisation's line: the record is of whom it bars */
	bar(w, NODE(O, 1), B, &dc, NULL, true);
	assert_good(w, &dc);
}

/* The nonce is of who bars: what another node set at that time, with its own, stays. */
static void a_bar_is_lifted_by_who_has_seen_it(void **state)
{
	struct world *w = *state;
	struct digest b = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
	struct digest c = give(w, B, C, "lk/a", VERB_READ, &b);
	struct bar two[2] = {
		{.nonce = {1}, .prefix = bytes_str("lk/a"), .barred = true},
		{.nonce = {2}, .prefix = bytes_str("lk/a"), .barred = true},
	};

	arrays_bars(&w->all, NODE(O, 0), arrays_org(C), two, 1);
	arrays_bars(&w->all, NODE(O, 1), arrays_org(C), two, 2);
	two[0].barred = false;
	arrays_bars(&w->all, NODE(O, 0), arrays_org(C), two, 1);
	assert_fault(w, &c, BARRED);
	/* node 1 still has the one that node 0 has lifted, and lifts its own */
	two[0].barred = true;
	two[1].barred = false;
	arrays_bars(&w->all, NODE(O, 1), arrays_org(C), two, 2);
	assert_good(w, &c);
}

/* What the owner takes over: the least that a bar in force says; who does not bar says nothing. */
static void a_bar_says_what_is_kept(void **state)
{
	struct world *w = *state;
	struct digest b = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
	struct digest c = give(w, B, C, "lk/a", VERB_READ, &b);
	struct bar item = {
		.nonce = {1}, .prefix = bytes_str("lk"), .barred = true, .keep = KEEPING_CURRENT};
	struct verdict v;

	for (size_t i = 0; i < w->all.naive.record_count; i++) {
		struct line line = w->all.naive.records[i].line;
		line.round = 2;
		line.keep = KEEPING_ALL;
		arrays_line(&w->all, NODE(line.issuer, 0), &line);
	}
	arrays_node(&w->all, NODE(O, 2));
	again(w, &b, 2, VERB_ADMIN, 2);
	arrays_bars(&w->all, NODE(O, 1), arrays_org(C), &item, 1);
	item.barred = false;
	item.keep = KEEPING_NONE;
	arrays_bars(&w->all, NODE(O, 0), arrays_org(C), &item, 1);
	assert_int_equal(fault_of(w, &c, &v), FAULT_NONE); /* node 0 lifts it */
	assert_int_equal(v.keep, KEEPING_ALL);
	for (unsigned i = 0; i < 2; i++) {
		struct naive_node *gone = arrays_node(&w->all, NODE(O, i));
		gone->counts = false;
		gone->leaving = true;
	}
	assert_int_equal(fault_of(w, &c, &v), FAULT_BARRED); /* and can do so no more */
	assert_int_equal(v.keep, KEEPING_CURRENT);
}

/* Of organisations and paths that are none of its business: nothing changes, and nothing is read */
static void strangers_change_nothing(void **state)
{
	struct world *w = *state;
	struct digest b = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
	struct digest c = give(w, B, C, "lk/a", VERB_READ, &b);
	char path[40];

	for (unsigned i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "lk/a/m%u", i);
		struct line line = a_line(w, M, C, path, VERB_ADMIN);
		line.nonce[1] = (uint8_t)(i >> 7);
		line.has_parent = i % 3 > 0;
		line.parent = i % 3 == 1 ? b : c;
		struct digest id = arrays_line(&w->all, NODE(M, 0), &line);
		assert_true(fault_of(w, &id, NULL));
	}
	bar(w, NODE(M, 0), C, &c, NULL, true);
	bar(w, NODE(M, 1), C, NULL, "lk", true);
	bar(w, NODE(M, 0), B, &b, NULL, true);
	/* an end of a line that another gave does not fit its slot: it is not taken at all */
	struct line foreign = *line_of(w, &c, NODE(B, 0));
	struct record_slot slot = line_slot(&c);
	assert_int_equal(line_fits(&foreign, record_slot_bytes(&slot), NODE(M, 0)), ERR_PROTOCOL);
	assert_good(w, &b);
	assert_good(w, &c);
	assert_int_equal(right_of(w, C, "lk/a/m7"), VERB_READ);
	assert_int_equal(right_of(w, M, "lk/a"), VERB_NONE);
}

/* ---- chains ---- */

static void a_chain_begins_with_the_owner(void **state)
{
	struct world *w = *state;
	struct digest unknown = {{7}};
	struct digest none = give(w, B, C, "lk/a", VERB_READ, NULL);
	struct digest orphan = give(w, B, C, "lk/a", VERB_READ, &unknown);
	struct digest b = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
	struct digest foreign = give(w, D, C, "lk/a", VERB_READ, &b);
	struct digest elsewhere = give(w, O, B, "b", VERB_READ, NULL);
	struct digest like_it = give(w, O, B, "lkx", VERB_READ, NULL);

	assert_fault(w, &none, ROOT);
	assert_fault(w, &orphan, UNKNOWN);
	assert_fault(w, &unknown, UNKNOWN);
	assert_fault(w, &foreign, CHAIN);
	assert_fault(w, &elsewhere, ROOT);
	assert_fault(w, &like_it, ROOT);
	assert_int_equal(right_of(w, C, "lk/a"), VERB_NONE);
}

/* Facts that have one body under every id: it fits but its own, so no walk goes around. */
static bool same_body(void *arg, uint32_t author, struct bytes slot, struct bytes *body)
{
	const struct arrays *arrays = arg;

	(void)slot;
	(void)author;
	*body = arrays->naive.records[0].body;
	return true;
}

static uint32_t same_issuer(void *arg, const struct digest *line)
{
	(void)arg;
	(void)line;
	return O;
}

static void nothing_rests_on_itself(void **state)
{
	struct world *w = *state;
	struct digest unknown = {{7}};
	struct digest id = give(w, O, B, "lk/a", VERB_READ, &unknown);
	struct facts facts = arrays_facts(&w->all);
	struct verdict v;

	facts.body = same_body;
	facts.issuer = same_issuer;
	assert_false(verdict_of(&facts, &id, T, &v));
	assert_int_equal(v.fault, FAULT_UNKNOWN);
	assert_int_equal(v.count, 0);
}

static void a_child_that_says_more_gives_the_meet(void **state)
{
	struct world *w = *state;
	struct line parent = a_line(w, O, B, "lk/a", VERB_READ);
	struct verdict v;

	parent.depth = 1;
	parent.widest = 3;
	parent.keep = KEEPING_NONE;
	parent.not_before_ms = T - 5;
	parent.expiry_ms = T + 5;
	struct digest b = arrays_line(&w->all, NODE(O, 0), &parent);
	struct line child = a_line(w, B, C, "lk/a/x", VERB_ADMIN);
	child.has_parent = true;
	child.parent = b;
	child.depth = 7;
	child.widest = 1;
	child.keep = KEEPING_ALL;
	child.not_before_ms = 0;
	child.expiry_ms = INT64_MAX;
	struct digest c = arrays_line(&w->all, NODE(B, 0), &child);
	assert_int_equal(fault_of(w, &c, &v), FAULT_NONE);
	assert_int_equal(v.verb, VERB_READ);
	assert_int_equal(v.widest, 3);
	assert_int_equal(v.keep, KEEPING_NONE);
	assert_int_equal(v.from_ms, T - 5);
	assert_int_equal(v.to_ms, T + 5);
	assert_int_equal(v.depth_left, 0);
	assert_int_equal(v.audience, C);
	assert_int_equal(v.owner, O);
	/* a wider or another path gives nothing */
	static const char *const not_below[] = {"lk", "lk/ab", "lk/b"};
	for (size_t i = 0; i < COUNT(not_below); i++) {
		struct digest wider = give(w, B, C, not_below[i], VERB_READ, &b);
		assert_fault(w, &wider, CHAIN);
	}
	struct digest further = give(w, C, D, "lk/a/x", VERB_READ, &c);
	assert_fault(w, &further, DEPTH);
}

static void paths_are_no_strings(void **state)
{
	struct world *w = *state;
	struct digest b = give(w, O, B, "lk/stat", VERB_ADMIN, NULL);
	struct digest o = give(w, O, D, "lk/statistik", VERB_ADMIN, NULL);
	struct digest c = give(w, D, C, "lk/statistik", VERB_READ, &o);
	struct digest beside = give(w, B, C, "lk/statistik", VERB_READ, &b);

	assert_int_equal(right_of(w, B, "lk/statistik"), VERB_NONE);
	assert_int_equal(right_of(w, B, "lk/stat/x"), VERB_ADMIN);
	assert_fault(w, &beside, CHAIN);
	bar(w, NODE(O, 0), C, NULL, "lk/stat", true);
	assert_good(w, &c);
	bar(w, NODE(O, 0), C, NULL, "lk/statistik/x", true);
	assert_fault(w, &c, BARRED);
}

static void who_narrows_narrows_everything_below(void **state)
{
	struct world *w = *state;
	struct digest b = give(w, O, B, "lk/a", VERB_WRITE, NULL);
	struct digest c = give(w, B, C, "lk/a", VERB_WRITE, &b);
	struct verdict v;

	again(w, &b, 0, VERB_READ, 2);
	assert_int_equal(fault_of(w, &c, &v), FAULT_NONE);
	assert_int_equal(v.verb, VERB_READ);
	/* it is renewed with an earlier end */
	struct line line = *line_of(w, &b, NODE(O, 0));
	line.round = 3;
	line.expiry_ms = T + 1;
	arrays_line(&w->all, NODE(O, 0), &line);
	assert_int_equal(fault_of(w, &c, &v), FAULT_NONE);
	assert_int_equal(v.to_ms, T + 1);
	struct facts facts = arrays_facts(&w->all);
	assert_false(verdict_of(&facts, &c, T + 1, &v));
	assert_int_equal(v.fault, FAULT_EXPIRED);
	/* and widened: as it was, without a word of B */
	again(w, &b, 0, VERB_WRITE, 4);
	assert_int_equal(fault_of(w, &c, &v), FAULT_NONE);
	assert_int_equal(v.verb, VERB_WRITE);
}

static void a_chain_has_eight_lines(void **state)
{
	struct world *w = *state;
	struct digest chain[9];

	for (unsigned i = 0; i < 9; i++) {
		uint32_t from = i == 0 ? O : i % 2 ? B : C, to = i % 2 ? C : B;
		struct line line = a_line(w, from, to, "lk/a", VERB_READ);
		line.depth = i < 8 ? 7 - i : 7;
		line.has_parent = i > 0;
		if (i > 0)
			line.parent = chain[i - 1];
		chain[i] = arrays_line(&w->all, NODE(from, 0), &line);
		assert_int_equal(fault_of(w, &chain[i], NULL), i == 8 ? FAULT_DEPTH : FAULT_NONE);
	}
	/* less depth far above */
	struct line first = *line_of(w, &chain[0], NODE(O, 0));
	first.round = 2;
	first.depth = 3;
	arrays_line(&w->all, NODE(O, 0), &first);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(fault_of(w, &chain[i], NULL), i <= 3 ? FAULT_NONE : FAULT_DEPTH);
}

static void depth_0_is_not_handed_on(void **state)
{
	struct world *w = *state;
	struct line line = a_line(w, O, B, "lk/a", VERB_ADMIN);

	line.depth = 0;
	struct digest b = arrays_line(&w->all, NODE(O, 0), &line);
	struct digest c = give(w, B, C, "lk/a", VERB_READ, &b);
	assert_good(w, &b);
	assert_fault(w, &c, DEPTH);
}

static void a_relay_relays_and_so_do_those_below(void **state)
{
	struct world *w = *state;
	struct digest r = give(w, O, R, "lk/a", VERB_ADMIN, NULL);
	struct digest c = give(w, R, C, "lk/a", VERB_ADMIN, &r);
	struct verdict v;

	assert_int_equal(fault_of(w, &r, &v), FAULT_NONE);
	assert_int_equal(v.verb, VERB_RELAY);
	assert_int_equal(fault_of(w, &c, &v), FAULT_NONE);
	assert_int_equal(v.verb, VERB_RELAY);
}

/* ---- members ---- */

static void who_comes_back_begins_with_nothing(void **state)
{
	struct world *w = *state;
	struct digest b = give(w, O, B, "lk/a", VERB_ADMIN, NULL);
	struct digest c = give(w, B, C, "lk/a", VERB_READ, &b);
	const uint32_t again_number = MEMBERS + 1;

	arrays_member(&w->all, B, arrays_org(B), "b")->present = false;
	assert_fault(w, &b, MEMBER);
	assert_fault(w, &c, MEMBER);
	arrays_member(&w->all, again_number, arrays_org(B), "b2");
	arrays_node(&w->all, NODE(again_number, 0));
	assert_fault(w, &b, MEMBER);
	assert_fault(w, &c, MEMBER);
	assert_int_equal(right_of(w, B, "lk/a"), VERB_NONE);
	/* what it says under the new number rests on nothing */
	struct line line = a_line(w, again_number, C, "lk/a", VERB_READ);
	line.has_parent = true;
	line.parent = b;
	struct digest anew = arrays_line(&w->all, NODE(again_number, 0), &line);
	assert_true(fault_of(w, &anew, NULL));
}

/* The audience is number and organisation: a fork of the charter gives neither to another. */
static void a_number_that_two_had_helps_neither(void **state)
{
	struct world *w = *state;
	struct digest x = give(w, O, C, "lk/a", VERB_READ, NULL);
	const struct org_id y = arrays_org(99);

	arrays_member(&w->all, C, y, "y");
	assert_fault(w, &x, MEMBER);
	assert_int_equal(right_of(w, 99, "lk/a"), VERB_NONE);
	/* X, when it is admitted under the next number */
	arrays_member(&w->all, MEMBERS + 1, arrays_org(C), "x");
	assert_fault(w, &x, MEMBER);
	assert_int_equal(right_of(w, C, "lk/a"), VERB_NONE);
}

/* A bar is of the organisation, whatever number it has. */
static void a_bar_outlives_the_number(void **state)
{
	struct world *w = *state;
	struct digest b = give(w, O, B, "lk/s", VERB_ADMIN, NULL);
	const uint32_t again_number = MEMBERS + 1;

	bar(w, NODE(O, 0), C, NULL, "lk/s/kita", true);
	arrays_member(&w->all, C, arrays_org(C), "c")->present = false;
	arrays_member(&w->all, again_number, arrays_org(C), "c2");
	struct line line = a_line(w, B, again_number, "lk/s", VERB_READ);
	line.org = arrays_org(C);
	line.has_parent = true;
	line.parent = b;
	struct digest c = arrays_line(&w->all, NODE(B, 0), &line);
	assert_fault(w, &c, BARRED);
	assert_int_equal(right_of(w, C, "lk/s"), VERB_NONE);
	assert_int_equal(right_of(w, C, "lk/s/kita"), VERB_NONE);
}

/* ---- cost ---- */

struct counted {
	struct facts inner;
	unsigned bodies, bars; /* looked up; bars are bodies too */
};

static bool counted_body(void *arg, uint32_t author, struct bytes slot, struct bytes *body)
{
	struct counted *counted = arg;

	counted->bodies++;
	counted->bars += slot.ptr[0] == RECORD_BAR;
	return counted->inner.body(counted->inner.arg, author, slot, body);
}

static bool counted_member(void *arg, uint32_t number, struct fact_member *out)
{
	struct counted *counted = arg;

	return counted->inner.member(counted->inner.arg, number, out);
}

static uint32_t counted_owner(void *arg, struct bytes slug)
{
	struct counted *counted = arg;

	return counted->inner.owner(counted->inner.arg, slug);
}

static void counted_nodes(void *arg, uint32_t number, struct fact_nodes *out)
{
	struct counted *counted = arg;

	counted->inner.nodes(counted->inner.arg, number, out);
}

static uint32_t counted_issuer(void *arg, const struct digest *line)
{
	struct counted *counted = arg;

	return counted->inner.issuer(counted->inner.arg, line);
}

static struct facts counted_facts(struct counted *counted)
{
	return (struct facts){.arg = counted,
			      .member = counted_member,
			      .owner = counted_owner,
			      .nodes = counted_nodes,
			      .body = counted_body,
			      .issuer = counted_issuer};
}

/* A line: 8 lines of 8 nodes; bars: 28 pairs of 8 nodes; and of a usual chain about ten. */
static void a_verdict_looks_up_little(void **state)
{
	struct world *w = *state;
	struct counted counted = {.inner = arrays_facts(&w->all)};
	struct facts facts = counted_facts(&counted);
	struct digest chain[8];
	struct verdict v;

	for (unsigned i = 0; i < 8; i++)
		chain[i] = give(w,
				i == 0  ? O
				: i % 2 ? B
					: C,
				i % 2 ? C : B, "lk/a", VERB_READ, i > 0 ? &chain[i - 1] : NULL);
	assert_true(verdict_of(&facts, &chain[1], T, &v));
	assert_true(counted.bodies <= 6); /* two lines and a bar, of two nodes each */
	for (uint32_t m = O; m <= C; m++)
		for (unsigned i = 2; i < 8; i++)
			arrays_node(&w->all, NODE(m, i));
	counted.bodies = 0;
	assert_true(verdict_of(&facts, &chain[7], T, &v));
	assert_true(counted.bodies <= 8 * 8 + 28 * 8);
}

/*
 * A withdrawal or version of anybody may name any line: whoever looks at the dataset reads that
 * line, not the chain of something else, and not the bars of what never was a chain.
 */
static void what_is_named_in_vain_costs_little(void **state)
{
	struct world *w = *state;
	struct digest top = give(w, M, B, "lk/a", VERB_ADMIN, NULL);
	struct digest back = give(w, B, M, "lk/a", VERB_ADMIN, &top);
	struct digest own = give(w, M, B, "m", VERB_ADMIN, NULL);
	struct digest other = give(w, B, M, "m", VERB_ADMIN, &own);
	struct bytes path = bytes_str("lk/a/x");
	struct counted counted = {.inner = arrays_facts(&w->all)};
	struct facts facts = counted_facts(&counted);
	struct verdict v;

	bar(w, NODE(M, 0), M, NULL, "lk/a", true);
	end(w, &top);
	assert_false(rights_through_when(&facts, T, NODE(M, 0), path, &back, VERB_ADMIN, &v));
	assert_int_equal(v.fault, FAULT_ENDED);
	assert_int_equal(counted.bars, 0);
	counted.bodies = 0;
	assert_false(rights_through_when(&facts, T, NODE(M, 0), path, &other, VERB_ADMIN, &v));
	assert_false(rights_through_when(&facts, T, NODE(M, 0), path, &own, VERB_ADMIN, &v));
	assert_int_equal(v.count, 0);
	assert_true(counted.bodies <= 4); /* the nodes of the giver, once each */
	assert_int_equal(counted.bars, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_end_is_known_before_its_line),
		TEST(what_rests_on_an_end_is_void_and_is_given_anew),
		TEST(a_new_grant_wakes_nothing_old),
		TEST(who_renews_does_not_undo_an_end),
		TEST(ends_and_bars_of_a_leaving_node_hold),
		TEST(two_bodies_of_one_round_are_one_everywhere),
		TEST(an_end_of_one_node_is_the_end),
		TEST(the_eight_lowest_nodes_count),
		TEST(administrators_do_not_duel),
		TEST(a_bar_reaches_only_below_who_sets_it),
		TEST(nobody_grants_around_a_bar),
		TEST(a_bar_of_one_line_leaves_the_other),
		TEST(a_bar_is_lifted_by_who_has_seen_it),
		TEST(a_bar_says_what_is_kept),
		TEST(strangers_change_nothing),
		TEST(a_chain_begins_with_the_owner),
		TEST(nothing_rests_on_itself),
		TEST(a_child_that_says_more_gives_the_meet),
		TEST(paths_are_no_strings),
		TEST(who_narrows_narrows_everything_below),
		TEST(a_chain_has_eight_lines),
		TEST(depth_0_is_not_handed_on),
		TEST(a_relay_relays_and_so_do_those_below),
		TEST(who_comes_back_begins_with_nothing),
		TEST(a_number_that_two_had_helps_neither),
		TEST(a_bar_outlives_the_number),
		TEST(a_verdict_looks_up_little),
		TEST(what_is_named_in_vain_costs_little),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
