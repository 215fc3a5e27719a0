/* Lines: their bytes, their id, and which of several bodies in one slot counts. */
#include "test/crypto/helpers.h"

#include "crypto/hash.h"
#include "crypto/random.h"
#include "proto/ledger/line.h"
#include "proto/wire/wire_out.h"

enum { ISSUER = 3, AUDIENCE = 7 };
static const uint32_t author = ISSUER * 256 + 5; /* node 5 of the issuer */

static struct line sample(void)
{
	return (struct line){
		.issuer = ISSUER,
		.audience = AUDIENCE,
		.org = {{9, 9}},
		.prefix = bytes_str("meissen/kita"),
		.nonce = {1, 2, 3},
		.has_parent = true,
		.parent = {{4, 5}},
		.round = 2,
		.verb = VERB_WRITE,
		.not_before_ms = 1000,
		.expiry_ms = 2000,
		.depth = 3,
		.widest = LINE_TIER_USUAL,
		.keep = KEEPING_CURRENT,
	};
}

static struct buf encoded(const struct line *line)
{
	struct buf out;

	buf_init(&out, 4096);
	line_put(&out, line);
	assert_ok(out.err);
	return out;
}

static enum err form_of(const struct line *line)
{
	struct line found;
	struct buf body = encoded(line);
	enum err err = line_get(&found, buf_bytes(&body));

	buf_fini(&body);
	return err;
}

static void a_line_comes_back(void **state)
{
	(void)state;
	for (int with_parent = 0; with_parent < 2; with_parent++) {
		struct line line = sample(), found;
		struct digest id, again;
		line.has_parent = with_parent;
		struct buf body = encoded(&line);
		assert_ok(line_get(&found, buf_bytes(&body)));
		struct buf twice = encoded(&found);
		assert_true(bytes_eq(buf_bytes(&twice), buf_bytes(&body)));
		line_id(&id, &line);
		line_id(&again, &found);
		assert_true(id_eq(&id, &again));
		assert_int_equal(found.keep, KEEPING_CURRENT);
		assert_int_equal(found.widest, LINE_TIER_USUAL);
		for (size_t len = 0; len < body.len; len++)
			assert_err(line_get(&found, bytes_slice(buf_bytes(&body), 0, len)),
				   ERR_MALFORMED);
		buf_add_u8(&body, 0);
		assert_err(line_get(&found, buf_bytes(&body)), ERR_MALFORMED);
		buf_fini(&twice);
		buf_fini(&body);
	}
}

/* Each field at the edges of its range and one past them. */
#define EDGES(X)                                                                                   \
	X(as_it_is, OK, (void)line)                                                                \
	X(issuer_0, MALFORMED, line->issuer = 0)                                                   \
	X(issuer_1, OK, line->issuer = 1)                                                          \
	X(issuer_last, OK, line->issuer = LIMIT_MEMBER_COUNT_MAX)                                  \
	X(issuer_past, MALFORMED, line->issuer = LIMIT_MEMBER_COUNT_MAX + 1)                       \
	X(audience_0, MALFORMED, line->audience = 0)                                               \
	X(audience_last, OK, line->audience = LIMIT_MEMBER_COUNT_MAX)                              \
	X(audience_past, MALFORMED, line->audience = LIMIT_MEMBER_COUNT_MAX + 1)                   \
	X(prefix_empty, MALFORMED, line->prefix = bytes_str(""))                                   \
	X(prefix_slug, OK, line->prefix = bytes_str("m"))                                          \
	X(prefix_no_path, MALFORMED, line->prefix = bytes_str("meissen/"))                         \
	X(prefix_capital, MALFORMED, line->prefix = bytes_str("Meissen"))                          \
	X(prefix_dots, MALFORMED, line->prefix = bytes_str("meissen/.."))                          \
	X(round_0, MALFORMED, line->round = 0)                                                     \
	X(round_1, OK, line->round = 1)                                                            \
	X(round_last, OK, line->round = LINE_ROUND_END - 1)                                        \
	X(round_past, MALFORMED, line->round = LINE_ROUND_END)                                     \
	X(verb_none, OK, line->verb = VERB_NONE)                                                   \
	X(verb_admin, OK, line->verb = VERB_ADMIN)                                                 \
	X(verb_past, MALFORMED, line->verb = (enum verb)(VERB_ADMIN + 1))                          \
	X(no_time, MALFORMED, line->not_before_ms = line->expiry_ms)                               \
	X(backwards, MALFORMED, line->not_before_ms = line->expiry_ms + 1)                         \
	X(one_instant, OK, line->not_before_ms = line->expiry_ms - 1)                              \
	X(from_the_first, OK, line->not_before_ms = 0)                                             \
	X(to_the_last, OK, line->expiry_ms = INT64_MAX)                                            \
	X(past_the_last, MALFORMED, line->expiry_ms = INT64_MIN)                                   \
	X(depth_0, OK, line->depth = 0)                                                            \
	X(depth_last, OK, line->depth = LINE_DEPTH_MAX)                                            \
	X(depth_past, MALFORMED, line->depth = LINE_DEPTH_MAX + 1)                                 \
	X(widest_0, MALFORMED, line->widest = 0)                                                   \
	X(widest_1, OK, line->widest = 1)                                                          \
	X(widest_last, OK, line->widest = LINE_TIER_MAX)                                           \
	X(widest_past, MALFORMED, line->widest = LINE_TIER_MAX + 1)                                \
	X(keep_none, OK, line->keep = KEEPING_NONE)                                                \
	X(keep_all, OK, line->keep = KEEPING_ALL)                                                  \
	X(keep_past, MALFORMED, line->keep = (enum keeping)(KEEPING_ALL + 1))                      \
	X(to_itself, OK, line->audience = line->issuer)

#define X(name, wants, change)                                                                     \
	static void edge_##name(struct line *line)                                                 \
	{                                                                                          \
		change;                                                                            \
	}
EDGES(X)
#undef X

static void every_field_has_its_range(void **state)
{
	static const struct {
		const char *name;
		void (*change)(struct line *line);
		enum err wants;
	} cases[] = {
#define X(name, wants, change) {#name, edge_##name, ERR_##wants},
		EDGES(X)
#undef X
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct line line = sample();
		cases[i].change(&line);
		enum err err = form_of(&line);
		if (err != cases[i].wants)
			fail_msg("%s: %s", cases[i].name, err_text(err));
	}
}

/* What no writer of ours makes: another form, another count, another type for the parent. */
static void other_forms_are_refused(void **state)
{
	struct line line = sample(), found;
	struct buf body = encoded(&line);

	(void)state;
	assert_int_equal(body.ptr[0], 0x9e);
	assert_int_equal(body.ptr[1], 1);
	body.ptr[1] = 2;
	assert_err(line_get(&found, buf_bytes(&body)), ERR_VERSION);
	body.ptr[1] = 1;
	for (uint8_t count = 0x90; count <= 0x9f; count++) {
		body.ptr[0] = count;
		if (count != 0x9e)
			assert_true(line_get(&found, buf_bytes(&body)));
	}
	assert_true(line_get(&found, bytes_of(NULL, 0)));
	buf_fini(&body);
}

/* The id is that of the text in docs/PROTOCOL.md, field by field. */
static void the_id_covers_what_never_changes(void **state)
{
	struct line line = sample(), other;
	struct digest id, found, by_hand;
	uint8_t text[4 + 4 + 32 + 16 + 32 + 12];

	(void)state;
	line_id(&id, &line);
	be32_put(text, line.issuer);
	be32_put(text + 4, line.audience);
	memcpy(text + 8, line.org.b, 32);
	memcpy(text + 40, line.nonce, 16);
	memcpy(text + 56, line.parent.b, 32);
	memcpy(text + 88, "meissen/kita", 12);
	hash_once(by_hand.b, "am1.grant", bytes_obj(&text));
	assert_true(id_eq(&id, &by_hand));
#define OTHER(change, same)                                                                        \
	(other = line, (void)(change), line_id(&found, &other),                                    \
	 assert_int_equal(id_eq(&id, &found), (same)))
	OTHER(other.issuer++, false);
	OTHER(other.audience++, false);
	OTHER(other.org.b[31]++, false);
	OTHER(other.nonce[15]++, false);
	OTHER(other.parent.b[0]++, false);
	OTHER(other.has_parent = false, false);
	OTHER(other.prefix = bytes_str("meissen/kit"), false);
	OTHER(other.round++, true);
	OTHER(other.verb = VERB_NONE, true);
	OTHER(other.not_before_ms++, true);
	OTHER(other.expiry_ms++, true);
	OTHER(other.depth++, true);
	OTHER(other.widest = 1, true);
	OTHER(other.keep = KEEPING_ALL, true);
#undef OTHER
}

static void a_line_fits_its_own_slot_only(void **state)
{
	struct line line = sample();
	struct digest id;

	(void)state;
	line_id(&id, &line);
	struct record_slot slot = line_slot(&id);
	assert_int_equal(slot.len, 33);
	assert_int_equal(slot.b[0], RECORD_LINE);
	assert_ok(line_fits(&line, record_slot_bytes(&slot), author));
	assert_ok(line_fits(&line, record_slot_bytes(&slot), ISSUER * 256));
	/* of another member, of the audience, of a member whose number ends alike */
	assert_err(line_fits(&line, record_slot_bytes(&slot), author + 256), ERR_PROTOCOL);
	assert_err(line_fits(&line, record_slot_bytes(&slot), AUDIENCE * 256), ERR_PROTOCOL);
	assert_err(line_fits(&line, record_slot_bytes(&slot), ISSUER), ERR_PROTOCOL);
	/* moved: the slot of another id, of another kind, cut, longer */
	slot.b[32] ^= 1;
	assert_err(line_fits(&line, record_slot_bytes(&slot), author), ERR_PROTOCOL);
	slot.b[32] ^= 1;
	slot.b[0] = RECORD_BAR;
	assert_err(line_fits(&line, record_slot_bytes(&slot), author), ERR_PROTOCOL);
	slot.b[0] = RECORD_LINE;
	slot.len--;
	assert_err(line_fits(&line, record_slot_bytes(&slot), author), ERR_PROTOCOL);
	slot.len += 2;
	assert_err(line_fits(&line, record_slot_bytes(&slot), author), ERR_PROTOCOL);
	/* to itself, in the slot that its id has */
	line.audience = line.issuer;
	line_id(&id, &line);
	slot = line_slot(&id);
	assert_err(line_fits(&line, record_slot_bytes(&slot), author), ERR_PROTOCOL);
}

/* A parent changed, for one that would wake what was void, is another line. */
static void no_line_can_be_moved_below_another(void **state)
{
	struct line line = sample();
	struct digest id;

	(void)state;
	line_id(&id, &line);
	struct record_slot slot = line_slot(&id);
	line.parent.b[0]++;
	assert_err(line_fits(&line, record_slot_bytes(&slot), author), ERR_PROTOCOL);
	line.has_parent = false;
	assert_err(line_fits(&line, record_slot_bytes(&slot), author), ERR_PROTOCOL);
}

static bool before(const struct line *a, const struct line *b)
{
	struct buf a_body = encoded(a), b_body = encoded(b);
	bool first = line_goes_before(a, buf_bytes(&a_body), b, buf_bytes(&b_body));

	buf_fini(&a_body);
	buf_fini(&b_body);
	return first;
}

static void an_end_counts_before_every_round(void **state)
{
	struct line renewed = sample(), ended = sample(), later = sample();

	(void)state;
	ended.verb = VERB_NONE;
	ended.round = 1;
	renewed.round = LINE_ROUND_END - 1;
	assert_true(before(&ended, &renewed));
	assert_false(before(&renewed, &ended));
	/* of two ends, of two that give: the later round */
	later.verb = VERB_NONE;
	assert_true(before(&later, &ended));
	assert_false(before(&ended, &later));
	later = renewed;
	later.round--;
	assert_true(before(&renewed, &later));
	assert_false(before(&later, &renewed));
	/* of one round: the smaller bytes, whichever gives more */
	later = renewed;
	later.verb = VERB_READ;
	assert_true(before(&later, &renewed));
	assert_false(before(&renewed, &later));
	/* nothing goes before itself */
	assert_false(before(&renewed, &renewed));
	assert_false(before(&ended, &ended));
}

/* Whatever bodies there are, one of them counts, and in any order the same one. */
static void one_of_all_bodies_counts(void **state)
{
	struct random random = random_seeded(5);
	struct line lines[12];

	(void)state;
	for (unsigned run = 0; run < 300; run++) {
		for (size_t i = 0; i < COUNT(lines); i++) {
			lines[i] = sample();
			lines[i].round = 1 + random_below(&random, 3);
			lines[i].verb = (enum verb)random_below(&random, 5);
			lines[i].depth = (uint32_t)random_below(&random, 2);
		}
		size_t up = 0, down = COUNT(lines) - 1;
		for (size_t i = 1; i < COUNT(lines); i++)
			up = before(&lines[i], &lines[up]) ? i : up;
		for (size_t i = COUNT(lines) - 1; i-- > 0;)
			down = before(&lines[i], &lines[down]) ? i : down;
		struct buf a = encoded(&lines[up]), b = encoded(&lines[down]);
		assert_true(bytes_eq(buf_bytes(&a), buf_bytes(&b)));
		buf_fini(&a);
		buf_fini(&b);
		for (size_t i = 0; i < COUNT(lines); i++)
			if (lines[i].verb == VERB_NONE)
				assert_int_equal(lines[up].verb, VERB_NONE);
	}
}

static void words_for_people_come_back(void **state)
{
	enum verb verb;
	enum keeping keep;

	(void)state;
	for (unsigned i = VERB_RELAY; i <= VERB_ADMIN; i++) {
		assert_ok(verb_parse(&verb, bytes_str(verb_name((enum verb)i))));
		assert_int_equal(verb, i);
	}
	/* nobody grants nothing */
	assert_err(verb_parse(&verb, bytes_str(verb_name(VERB_NONE))), ERR_MALFORMED);
	assert_err(verb_parse(&verb, bytes_str("")), ERR_MALFORMED);
	assert_err(verb_parse(&verb, bytes_str("Read")), ERR_MALFORMED);
	for (unsigned i = KEEPING_NONE; i <= KEEPING_ALL; i++) {
		assert_ok(keeping_parse(&keep, bytes_str(keeping_name((enum keeping)i))));
		assert_int_equal(keep, i);
	}
	assert_err(keeping_parse(&keep, bytes_str("some")), ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_comes_back),
		cmocka_unit_test(every_field_has_its_range),
		cmocka_unit_test(other_forms_are_refused),
		cmocka_unit_test(the_id_covers_what_never_changes),
		cmocka_unit_test(a_line_fits_its_own_slot_only),
		cmocka_unit_test(no_line_can_be_moved_below_another),
		cmocka_unit_test(an_end_counts_before_every_round),
		cmocka_unit_test(one_of_all_bodies_counts),
		cmocka_unit_test(words_for_people_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
