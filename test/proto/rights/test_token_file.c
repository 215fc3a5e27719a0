/* token_file: what an exported grant proves, and every way in which one proves nothing. */
#include "proto/rights/token_file.h"

#include "proto/rights/showing.h"
#include "proto/rights/token_export.h"
#include "proto/wire/envelope.h"
#include "proto/wire/wire_out.h"
#include "test/proto/rights/exported.h"

#define NODE(member, index) ((uint32_t)((member)*256 + (index)))
#define DAY_MS              INT64_C(86400000)

enum { O = EXPORTED_O, B = EXPORTED_B, C = EXPORTED_C };

static int setup(void **state)
{
	struct exported *e = mem_new(1, sizeof(*e));

	exported_init(e, 100);
	*state = e;
	return 0;
}

static int teardown(void **state)
{
	exported_fini(*state);
	free(*state);
	return 0;
}

static struct buf file_of(struct exported *e)
{
	char why[WHY_LEN] = "";
	struct buf file;
	enum err err = exported_file(e, &file, why);

	if (err)
		fail_msg("not exported: %s", why);
	return file;
}

/* Reads the file and judges it at a time; *as_of may be NULL. */
static enum err judged(struct exported *e, struct bytes bytes, int64_t t_ms, struct verdict *v,
		       int64_t *as_of, char *why)
{
	struct token_file file;
	enum err err = token_file_read(&file, bytes, &e->fed.charter.fed, t_ms);

	if (!err)
		err = token_file_verdict(&file, t_ms, v);
	if (!err && as_of)
		*as_of = token_file_as_of(&file);
	assert_int_equal(err != ERR_OK, file.why[0] != 0);
	if (why)
		strcpy(why, file.why);
	token_file_fini(&file);
	return err;
}

static void assert_valid(struct exported *e, struct bytes bytes)
{
	struct verdict v;
	char why[TOKEN_FILE_WHY_LEN];

	if (judged(e, bytes, hub_node_wall(&e->node), &v, NULL, why))
		fail_msg("%s", why);
	assert_int_equal(v.fault, FAULT_NONE);
}

static void assert_refused(struct exported *e, struct bytes bytes, const char *says)
{
	struct verdict v;
	char why[TOKEN_FILE_WHY_LEN];

	assert_true(judged(e, bytes, hub_node_wall(&e->node), &v, NULL, why));
	if (!strstr(why, says))
		fail_msg("\"%s\" does not say \"%s\"", why, says);
}

/* Copies a value without the element at a path of places in arrays; depth: how many. */
static void copy_without(struct wire_in *w, struct buf *out, const unsigned *path, unsigned depth)
{
	struct wire_in tried = *w;
	uint32_t count = wire_array(&tried, 0, UINT32_MAX);
	struct bytes value;

	if (!tried.err) {
		*w = tried;
		out_array(out, count - (depth == 1));
		for (uint32_t i = 0; i < count; i++) {
			struct buf gone;
			buf_init(&gone, TOKEN_FILE_LEN_MAX);
			bool on_path = depth > 0 && i == path[0];
			copy_without(w, on_path && depth == 1 ? &gone : out, path + 1,
				     on_path ? depth - 1 : 0);
			buf_fini(&gone);
		}
		return;
	}
	tried = *w;
	value = wire_bin(&tried, 0, UINT32_MAX);
	if (!tried.err) {
		out_bin(out, value);
	} else {
		tried = *w;
		out_uint(out, wire_uint(&tried, UINT64_MAX));
	}
	assert_int_equal(tried.err, ERR_OK);
	*w = tried;
}

static struct buf without(const struct buf *file, const unsigned *path, unsigned depth)
{
	struct wire_in w = wire_in(buf_bytes(file));
	struct buf out;

	buf_init(&out, TOKEN_FILE_LEN_MAX);
	copy_without(&w, &out, path, depth);
	assert_int_equal(wire_end(&w), ERR_OK);
	assert_int_equal(out.err, ERR_OK);
	return out;
}

static void a_grant_is_valid_as_of_its_oldest_head(void **state)
{
	struct exported *e = *state;
	int64_t now, as_of, first = hub_node_wall(&e->node);
	struct verdict v;

	hub_node_pass(&e->node, DAY_MS);
	now = hub_node_wall(&e->node);
	exported_head(e, NODE(O, 0));
	exported_head(e, NODE(B, 0));
	struct buf file = file_of(e);
	assert_int_equal(judged(e, buf_bytes(&file), now, &v, &as_of, NULL), ERR_OK);
	assert_int_equal(v.fault, FAULT_NONE);
	assert_int_equal(v.verb, VERB_READ);
	assert_int_equal(v.audience, C);
	assert_int_equal(v.owner, O);
	assert_int_equal(v.count, 2);
	assert_true(bytes_eq(v.prefix, bytes_str("gemeinde-2/a/x")));
	assert_int_equal(as_of, first); /* that of node 1 of O */
	assert_int_equal(judged(e, buf_bytes(&file), e->lines[0].expiry_ms, &v, NULL, NULL),
			 ERR_OK);
	assert_int_equal(v.fault, FAULT_EXPIRED);
	buf_fini(&file);
}

/* Any of the giver's nodes ends it; who has a file of before has a file of before. */
static void an_end_is_in_every_file_since(void **state)
{
	struct exported *e = *state;
	struct buf before = file_of(e);
	struct verdict v;

	e->lines[0].verb = VERB_NONE;
	exported_line(e, NODE(O, 1), 0);
	exported_head(e, NODE(O, 1));
	struct buf after = file_of(e);
	assert_int_equal(judged(e, buf_bytes(&after), hub_node_wall(&e->node), &v, NULL, NULL),
			 ERR_OK);
	assert_int_equal(v.fault, FAULT_ENDED);
	assert_int_equal(v.fault_at, 0);
	assert_valid(e, buf_bytes(&before));
	/* and nothing hides it: neither the state, nor the page, nor the record */
	static const unsigned paths[][4] = {{4, 1}, {4, 1, 1, 0}, {4, 1, 1, 1}, {4, 1, 2, 0}};
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct buf less = without(&after, paths[i], i == 0 ? 2 : 4);
		assert_refused(e, buf_bytes(&less), i == 1 || i == 2 ? "set" : "is missing");
		buf_fini(&less);
	}
	buf_fini(&before);
	buf_fini(&after);
}

static void a_bar_is_in_the_file(void **state)
{
	struct exported *e = *state;
	struct bar bar = {.nonce = {1}, .prefix = bytes_str("gemeinde-2/a"), .barred = true};
	const struct org_id *c = &e->fed.orgs[C - 1].id;
	struct verdict v;
	struct buf body;

	buf_init(&body, BAR_LEN_MAX);
	bar_list_put(&body, c, &bar, 1);
	exported_say(e, NODE(O, 0), bar_slot(c), buf_bytes(&body));
	exported_head(e, NODE(O, 0));
	struct buf file = file_of(e);
	assert_int_equal(judged(e, buf_bytes(&file), hub_node_wall(&e->node), &v, NULL, NULL),
			 ERR_OK);
	assert_int_equal(v.fault, FAULT_BARRED);
	buf_fini(&body);
	buf_fini(&file);
}

/* Elements of the file: 2 charter, 3 logs, 4 states; of a state: 1 pages, 2 records. */
static void what_is_left_out_is_missed(void **state)
{
	static const struct {
		unsigned path[4], depth;
		const char *says;
	} cases[] = {
		{{2, 0}, 2, "entry 1 of the charter"},
		{{2, 1}, 2, "has seen entry 2 of the charter, the file ends with 1"},
		{{3, 0}, 2, "the log of"},
		{{3, 1}, 2, "the log of"},
		{{4, 0}, 2, "the state of node 0 of gemeinde-2 is missing"},
		{{4, 1}, 2, "the state of node 1 of gemeinde-2 is missing"},
		{{4, 2}, 2, "the grant itself, is missing"},
		{{4, 1, 1, 0}, 4, "set"},
		{{4, 1, 1, 1}, 4, "set"},
		{{4, 0, 2, 0}, 4, "a record of node 0 of gemeinde-2 is missing"},
		{{4, 2, 2, 0}, 4, "is missing"},
	};
	struct exported *e = *state;
	const struct charter_change stewards = {
		.kind = CHARTER_STEWARDS, .stewards = {1, 2, 3}, .steward_count = 3};

	/* both nodes of O have the line; a second entry of the charter, and heads that know it */
	exported_line(e, NODE(O, 1), 0);
	hub_node_charter(&e->node, &e->fed, &stewards, 1);
	exported_heads(e);
	struct buf file = file_of(e);
	assert_valid(e, buf_bytes(&file));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf less = without(&file, cases[i].path, cases[i].depth);
		assert_refused(e, buf_bytes(&less), cases[i].says);
		buf_fini(&less);
	}
	/* the last entry of the log of O */
	unsigned place = 0;
	for (uint32_t m = O; m <= C; m++)
		place += memcmp(e->fed.orgs[m - 1].id.b, e->fed.orgs[O - 1].id.b, ID_LEN) < 0;
	struct buf less = without(&file, (const unsigned[]){3, place, 1, 1}, 4);
	assert_refused(e, buf_bytes(&less), "gemeinde-2 has entry 2 of its log, the file ends");
	buf_fini(&less);
	buf_fini(&file);
}

static void one_byte_changed_is_refused(void **state)
{
	struct exported *e = *state;
	struct buf file = file_of(e);
	struct verdict v;

	for (size_t i = 0; i < file.len; i += 1 + i % 7) {
		file.ptr[i] ^= (uint8_t)(1 << i % 8);
		if (!judged(e, buf_bytes(&file), hub_node_wall(&e->node), &v, NULL, NULL))
			fail_msg("byte %zu of %zu", i, file.len);
		file.ptr[i] ^= (uint8_t)(1 << i % 8);
	}
	assert_valid(e, buf_bytes(&file));
	for (size_t len = 0; len < file.len; len += 1 + len / 20)
		assert_true(judged(e, bytes_of(file.ptr, len), hub_node_wall(&e->node), &v, NULL,
				   NULL));
	buf_add_u8(&file, 0);
	assert_refused(e, buf_bytes(&file), "damaged");
	buf_fini(&file);
}

static void another_federation_is_another_file(void **state)
{
	struct exported *e = *state;
	struct buf file = file_of(e);
	struct token_file read;
	struct fed_id other = e->fed.charter.fed;

	other.b[31] ^= 1;
	assert_int_equal(token_file_read(&read, buf_bytes(&file), &other, TEST_TIME_MS),
			 ERR_DENIED);
	assert_non_null(strstr(read.why, "of another federation"));
	token_file_fini(&read);
	buf_fini(&file);
}

static void a_head_of_tomorrow_is_refused(void **state)
{
	struct exported *e = *state;
	struct token_file read;

	hub_node_pass(&e->node, DAY_MS);
	exported_head(e, NODE(O, 1));
	struct buf file = file_of(e);
	assert_int_equal(
		token_file_read(&read, buf_bytes(&file), &e->fed.charter.fed, TEST_TIME_MS),
		ERR_DENIED);
	assert_non_null(strstr(read.why, "lies in the future"));
	token_file_fini(&read);
	buf_fini(&file);
}

/* What is not here in whole cannot be shown; nor can what was never given. */
static void no_file_is_made_of_a_part(void **state)
{
	struct exported *e = *state;
	char why[WHY_LEN] = "";
	struct buf file;

	e->lines[0].round = 2;
	exported_line(e, NODE(O, 0), 0); /* and no head of it */
	assert_int_equal(exported_file(e, &file, why), ERR_AGAIN);
	assert_non_null(strstr(why, "node 0 of gemeinde-2"));
	buf_fini(&file);
	exported_head(e, NODE(O, 0));
	assert_int_equal(exported_file(e, &file, why), ERR_OK);
	buf_fini(&file);
	e->second.b[0] ^= 1;
	assert_int_equal(exported_file(e, &file, why), ERR_ABSENT);
	buf_fini(&file);
}

/* A state is a head and a page for each slot asked for. */
static void a_state_is_small(void **state)
{
	struct exported *e = *state;
	struct buf file = file_of(e);
	const unsigned states[] = {4};
	struct buf none = without(&file, states, 1);

	/* two nodes of O with three slots each, one of B with two, the head of C */
	assert_true(file.len - none.len < 3 * 8192 + 1000);
	buf_fini(&none);
	buf_fini(&file);
}

/* ---- who shows it ---- */

struct answer {
	uint32_t author;
	const char *challenge;
	int64_t late_ms;
	bool other_grant, other_key;
};

static struct buf proof_of(struct exported *e, const struct answer *p)
{
	struct showing showing = {.author = p->author,
				  .grant = p->other_grant ? e->first : e->second,
				  .challenge = bytes_str(p->challenge),
				  .time_ms = hub_node_wall(&e->node) + p->late_ms};
	struct key seed = exported_seed(e, p->other_key ? NODE(B, 0) : p->author);
	struct buf text;

	buf_init(&text, 4096);
	showing_make(&text, &showing, &e->fed.charter.fed, &seed);
	assert_int_equal(text.err, ERR_OK);
	return text;
}

#define CHALLENGE "0123456789abcdef"

static void who_shows_it_answers_the_challenge(void **state)
{
	static const struct {
		struct answer proof;
		const char *says; /* NULL: it is right */
	} cases[] = {
		{{NODE(C, 0), CHALLENGE}, NULL},
		{{NODE(C, 0), CHALLENGE, SHOWING_LATE_MS}, NULL},
		{{NODE(C, 0), CHALLENGE, -SHOWING_LATE_MS}, NULL},
		{{NODE(C, 0), CHALLENGE, SHOWING_LATE_MS + 1}, "not of now"},
		{{NODE(C, 0), CHALLENGE, -SHOWING_LATE_MS - 1}, "not of now"},
		{{NODE(C, 0), "0123456789abcdeg"}, "another challenge"},
		{{NODE(C, 0), CHALLENGE "0"}, "another challenge"},
		{{NODE(C, 0), CHALLENGE, .other_grant = true}, "another grant"},
		{{NODE(C, 0), CHALLENGE, .other_key = true}, "signature"},
		{{NODE(B, 0), CHALLENGE}, "by gemeinde-3, who did not get the grant"},
		{{NODE(C, 1), CHALLENGE}, "no active one"},
	};
	struct exported *e = *state;
	struct buf bytes = file_of(e);
	struct token_file file;
	struct verdict v;

	assert_int_equal(token_file_read(&file, buf_bytes(&bytes), &e->fed.charter.fed,
					 hub_node_wall(&e->node)),
			 ERR_OK);
	assert_int_equal(token_file_verdict(&file, hub_node_wall(&e->node), &v), ERR_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text = proof_of(e, &cases[i].proof);
		enum err err = token_file_proof(&file, &v, buf_bytes(&text), bytes_str(CHALLENGE),
						hub_node_wall(&e->node));
		if (!err != !cases[i].says || (err && !strstr(file.why, cases[i].says)))
			fail_msg("case %zu: %s", i, file.why);
		buf_fini(&text);
	}
	assert_int_equal(token_file_proof(&file, &v, bytes_str("allmende2h-AAAA"),
					  bytes_str(CHALLENGE), hub_node_wall(&e->node)),
			 ERR_DENIED);
	token_file_fini(&file);
	buf_fini(&bytes);
}

/* C's node is O's here: the grant of B to O's node 1 is shown after that node was retired. */
static void a_retired_node_proves_nothing(void **state)
{
	struct exported *e = *state;
	struct token_file file;
	struct verdict v;

	e->lines[1].audience = O;
	e->lines[1].org = e->fed.orgs[O - 1].id;
	line_id(&e->second, &e->lines[1]);
	exported_line(e, NODE(B, 0), 1);
	exported_heads(e);
	const struct answer proof = {NODE(O, 1), CHALLENGE};
	struct buf text = proof_of(e, &proof), before = file_of(e);
	exported_orglog(e, ORGLOG_NODE_ACTIVE, ORGLOG_NODE_RETIRED);
	exported_head(e, NODE(O, 0));
	struct buf after = file_of(e);
	for (int retired = 0; retired < 2; retired++) {
		struct bytes bytes = buf_bytes(retired ? &after : &before);
		int64_t now = hub_node_wall(&e->node);
		assert_int_equal(token_file_read(&file, bytes, &e->fed.charter.fed, now), ERR_OK);
		/* the leaving node's state is asked for, and the export knows none */
		enum err err = token_file_verdict(&file, now, &v);
		assert_true(!err || retired);
		if (!err)
			err = token_file_proof(&file, &v, buf_bytes(&text), bytes_str(CHALLENGE),
					       now);
		assert_int_equal(err != ERR_OK, retired);
		token_file_fini(&file);
	}
	buf_fini(&text);
	buf_fini(&before);
	buf_fini(&after);
}

/*
 * It ended the line, and then it was retired: the end holds while it is leaving, here and in a
 * file; what nobody has copied by then is gone.
 */
static void an_end_by_a_node_that_is_retired_holds(void **state)
{
	struct exported *e = *state;
	struct verdict v;

	exported_line(e, NODE(O, 1), 0); /* both have it */
	e->lines[0].verb = VERB_NONE;
	e->lines[0].round = 2;
	exported_line(e, NODE(O, 0), 0);
	exported_heads(e);
	exported_orglog(e, ORGLOG_NODE_RETIRED, ORGLOG_NODE_ACTIVE);
	exported_head(e, NODE(O, 1));
	for (int day = 0; day < 3; day++) {
		struct buf file = file_of(e);
		assert_int_equal(
			judged(e, buf_bytes(&file), hub_node_wall(&e->node), &v, NULL, NULL),
			ERR_OK);
		assert_int_equal(v.fault, day < 2 ? FAULT_ENDED : FAULT_NONE);
		buf_fini(&file);
		hub_node_pass(&e->node, DAY_MS);
	}
}

/* Who holds a node that was retired hides the log since: a head of another node is missing then. */
static void a_proof_needs_the_heads_of_who_got_it(void **state)
{
	struct exported *e = *state;
	const struct answer proof = {NODE(C, 0), CHALLENGE};
	struct buf text = proof_of(e, &proof), bytes = file_of(e);
	struct buf less = without(&bytes, (const unsigned[]){4, 3}, 2);
	struct token_file file;
	struct verdict v;
	int64_t now = hub_node_wall(&e->node);

	assert_int_equal(token_file_read(&file, buf_bytes(&less), &e->fed.charter.fed, now),
			 ERR_OK);
	assert_int_equal(token_file_verdict(&file, now, &v), ERR_OK);
	assert_int_equal(token_file_proof(&file, &v, buf_bytes(&text), bytes_str(CHALLENGE), now),
			 ERR_DENIED);
	assert_non_null(strstr(file.why, "the head of node 0 of gemeinde-4 is missing"));
	token_file_fini(&file);
	buf_fini(&less);
	buf_fini(&bytes);
	buf_fini(&text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_grant_is_valid_as_of_its_oldest_head),
		TEST(an_end_is_in_every_file_since),
		TEST(a_bar_is_in_the_file),
		TEST(what_is_left_out_is_missed),
		TEST(one_byte_changed_is_refused),
		TEST(another_federation_is_another_file),
		TEST(a_head_of_tomorrow_is_refused),
		TEST(no_file_is_made_of_a_part),
		TEST(a_state_is_small),
		TEST(who_shows_it_answers_the_challenge),
		TEST(a_retired_node_proves_nothing),
		TEST(an_end_by_a_node_that_is_retired_holds),
		TEST(a_proof_needs_the_heads_of_who_got_it),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
