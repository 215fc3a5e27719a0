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

/* What is done to one element of the file, found by its places in arrays. */
struct edit {
	unsigned path[4], depth;
	unsigned times;       /* that it is there: 0 leaves it out */
	struct bytes instead; /* encoded, in its place; none: it stays as it is */
};

/* at: how far down the path this value is; beyond the depth: not on it. */
static void copy_edited(struct wire_in *w, struct buf *out, const struct edit *edit, unsigned at)
{
	struct wire_in tried = *w;
	uint32_t count = wire_array(&tried, 0, UINT32_MAX);
	struct bytes value;

	if (!tried.err) {
		const bool last = at + 1 == edit->depth;
		*w = tried;
		out_array(out, count + (last ? edit->times - 1 : 0));
		for (uint32_t i = 0; i < count; i++) {
			const bool on_path = at < edit->depth && i == edit->path[at];
			struct buf one;
			buf_init(&one, TOKEN_FILE_LEN_MAX);
			copy_edited(w, &one, edit, on_path ? at + 1 : UINT32_MAX - 1);
			for (unsigned n = on_path && last ? edit->times : 1; n > 0; n--)
				buf_add(out, on_path && last && edit->instead.ptr
						     ? edit->instead
						     : buf_bytes(&one));
			buf_fini(&one);
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

static struct buf edited(const struct buf *file, const struct edit *edit)
{
	struct wire_in w = wire_in(buf_bytes(file));
	struct buf out;

	buf_init(&out, TOKEN_FILE_LEN_MAX);
	copy_edited(&w, &out, edit, 0);
	assert_int_equal(wire_end(&w), ERR_OK);
	assert_int_equal(out.err, ERR_OK);
	return out;
}

static struct buf without(const struct buf *file, const unsigned *path, unsigned depth)
{
	struct edit edit = {.depth = depth};

	memcpy(edit.path, path, depth * sizeof(*path));
	return edited(file, &edit);
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

/* Who signs a set with a record of bars that cannot be read has barred nothing, and is refused. */
static void bars_that_cannot_be_read_are_refused(void **state)
{
	struct exported *e = *state;
	const uint32_t author = NODE(O, 0);
	const uint64_t sequence = e->sequence[2 * (O - 1)] + 1;
	const struct record_slot slot = bar_slot(&e->fed.orgs[C - 1].id);
	const struct row_key row = key_record(author, 1, sequence);
	struct bar bar = {.nonce = {1}, .prefix = bytes_str("gemeinde-2/a"), .barred = true};
	const struct key seed = exported_seed(e, author);
	const struct record fields = {.author = author,
				      .incarnation = 1,
				      .sequence = sequence,
				      .time_ms = hub_node_wall(&e->node),
				      .kind = RECORD_BAR,
				      .slot = record_slot_bytes(&slot),
				      .body = bytes_str("x")};
	struct buf body, whole;
	struct digest hash;

	buf_init(&body, BAR_LEN_MAX);
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	bar_list_put(&body, &e->fed.orgs[C - 1].id, &bar, 1);
	exported_say(e, author, slot, buf_bytes(&body));
	/* No ledger takes the other one: it is put beside what this one has checked. */
	record_make(&whole, &fields, &e->fed.charter.fed, &seed);
	record_leaf_hash(&hash, buf_bytes(&whole));
	txn_put(e->node.txn, TABLE_RECORD, row_key_bytes(&row), buf_bytes(&whole));
	setdigest_put(e->node.txn, author, 1, record_slot_bytes(&slot), sequence, &hash);
	exported_line(e, author, 0);
	exported_head(e, author);
	struct buf file = file_of(e);
	assert_refused(e, buf_bytes(&file), "a record of bars is no such record");
	buf_fini(&file);
	buf_fini(&body);
	buf_fini(&whole);
}

/* Which of the logs of O, B and C, which are in order of the organisations' ids. */
static unsigned log_place(const struct exported *e, uint32_t member)
{
	unsigned place = 0;

	for (uint32_t m = O; m <= C; m++)
		place += memcmp(e->fed.orgs[m - 1].id.b, e->fed.orgs[member - 1].id.b, ID_LEN) < 0;
	return place;
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
	struct buf less = without(&file, (const unsigned[]){3, log_place(e, O), 1, 1}, 4);
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

static void what_stands_twice_is_refused(void **state)
{
	static const struct {
		struct edit edit;
		const char *says;
	} cases[] = {
		{{{2, 0}, 2, 2}, "entry 2 of the charter is not valid"},
		{{{3, 0}, 2, 2}, "damaged"},
		{{{3, 0, 1, 0}, 4, 2}, "entry 2 of an organisation's log is not valid"},
		{{{4, 0}, 2, 2}, "damaged"},
		{{{4, 0, 1, 0}, 4, 2}, "damaged"},
		{{{4, 0, 2, 0}, 4, 2}, "damaged"},
	};
	struct exported *e = *state;
	struct buf file = file_of(e);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf twice = edited(&file, &cases[i].edit);
		assert_refused(e, buf_bytes(&twice), cases[i].says);
		buf_fini(&twice);
	}
	buf_fini(&file);
}

/* The first line as node 0 of O might have listed it, but has not. */
static void record_breaks(struct exported *e, const struct buf *file, unsigned how)
{
	struct edit edit = {.path = {4, 0, 2, 0}, .depth = 4, .times = 1};
	const uint32_t author = NODE(O, how == 3 ? 1 : 0);
	struct key seed = exported_seed(e, author);
	struct line line = e->lines[0];
	struct record_slot slot;
	struct record fields;
	struct bytes whole;
	struct buf body, other, instead;
	struct digest id;

	assert_true(ledger_record(e->node.txn, NODE(O, 0), 1, e->sequence[2 * (O - 1)], &whole));
	assert_int_equal(record_decode(&fields, whole), ERR_OK);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	buf_init(&other, LIMIT_RECORD_LEN_MAX);
	buf_init(&instead, LIMIT_RECORD_LEN_MAX);
	line.round += how == 0;
	line.nonce[15] = how == 4;
	line_put(&body, &line);
	line_id(&id, &line);
	slot = line_slot(&id);
	fields.author = author;
	fields.sequence += how == 1;
	fields.incarnation += how == 2;
	fields.slot = record_slot_bytes(&slot);
	fields.body = buf_bytes(&body);
	record_make(&other, &fields, &e->fed.charter.fed, &seed);
	out_bin(&instead, buf_bytes(&other));
	assert_int_equal(instead.err, ERR_OK);
	edit.instead = buf_bytes(&instead);
	struct buf broken = edited(file, &edit);
	if (how == 5) /* nothing was changed: what is put there is what was there */
		assert_valid(e, buf_bytes(&broken));
	else
		assert_refused(e, buf_bytes(&broken), "a record is not in its author's set");
	buf_fini(&broken);
	buf_fini(&body);
	buf_fini(&other);
	buf_fini(&instead);
}

/* Signed as it should be, but of another round, sequence, incarnation, author or slot. */
static void what_is_not_in_the_set_of_its_author_is_refused(void **state)
{
	struct exported *e = *state;
	struct buf file = file_of(e);

	for (unsigned how = 0; how <= 5; how++)
		record_breaks(e, &file, how);
	/* and a record of a later protocol is none that can be read */
	struct bytes whole;
	struct buf later;
	assert_true(ledger_record(e->node.txn, NODE(O, 0), 1, e->sequence[2 * (O - 1)], &whole));
	buf_init(&later, LIMIT_RECORD_LEN_MAX);
	out_bin(&later, whole);
	later.ptr[later.len - whole.len + 1] = 2;
	struct edit edit = {{4, 0, 2, 0}, 4, 1, buf_bytes(&later)};
	struct buf broken = edited(&file, &edit);
	assert_refused(e, buf_bytes(&broken), "damaged");
	buf_fini(&broken);
	buf_fini(&later);
	buf_fini(&file);
}

/* In small sets one page has all slots that are asked for, and stands there once. */
static void a_small_set_is_one_page(void **state)
{
	struct exported small;
	struct bar bar = {.nonce = {1}, .prefix = bytes_str("gemeinde-2/a"), .barred = false};
	const struct org_id *c;
	struct buf body;

	exported_init(&small, 0);
	c = &small.fed.orgs[C - 1].id;
	buf_init(&body, BAR_LEN_MAX);
	bar_list_put(&body, c, &bar, 1);
	exported_say(&small, NODE(O, 0), bar_slot(c), buf_bytes(&body));
	exported_head(&small, NODE(O, 0));
	struct buf file = file_of(&small);
	assert_valid(&small, buf_bytes(&file));
	struct buf less = without(&file, (const unsigned[]){4, 0, 1, 1}, 4);
	assert_int_equal(less.len, file.len); /* there is no second one */
	buf_fini(&less);
	buf_fini(&body);
	buf_fini(&file);
	exported_fini(&small);
	(void)state;
}

/* Where slots lie in a set follows from their hashes: pages come in any order, and stand in one. */
static void pages_stand_in_order(void **state)
{
	struct exported *e = *state;

	for (uint8_t nonce = 1; nonce <= 8; nonce++) {
		e->lines[0].nonce[15] = nonce;
		line_id(&e->first, &e->lines[0]);
		e->lines[1].parent = e->first;
		line_id(&e->second, &e->lines[1]);
		exported_line(e, NODE(O, 0), 0);
		exported_line(e, NODE(B, 0), 1);
		exported_heads(e);
		struct buf file = file_of(e);
		assert_valid(e, buf_bytes(&file));
		buf_fini(&file);
	}
}

/* The second line, to another member than C. */
static void second_to(struct exported *e, uint32_t member, const struct org_id *org)
{
	e->lines[1].audience = member;
	e->lines[1].org = *org;
	line_id(&e->second, &e->lines[1]);
	exported_line(e, NODE(B, 0), 1);
	exported_head(e, NODE(B, 0));
}

/* Who gives back and forth has the same bars looked at again: each slot is in the file once. */
static void back_and_forth(struct exported *e, uint32_t one, uint32_t other)
{
	struct digest parent = {{0}};

	for (uint32_t i = 0; i < 5; i++) {
		struct line *line = &e->lines[i > 0];
		line->issuer = i == 0 ? O : i % 2 ? one : other;
		line->audience = i % 2 ? other : one;
		line->org = e->fed.orgs[line->audience - 1].id;
		line->prefix = bytes_str("gemeinde-2/a");
		line->nonce[1] = (uint8_t)(8 + i);
		line->verb = VERB_ADMIN;
		line->depth = 7;
		line->has_parent = i > 0;
		line->parent = parent;
		line_id(&parent, line);
		exported_line(e, NODE(line->issuer, 0), i > 0);
	}
	e->second = parent;
	exported_heads(e);
	struct buf file = file_of(e);
	assert_valid(e, buf_bytes(&file));
	buf_fini(&file);
}

static void a_grant_that_went_back_and_forth_is_exported(void **state)
{
	back_and_forth(*state, B, C);
	back_and_forth(*state, C, B);
}

/* A number that nobody has: the file is made, and says that it gives nothing. */
static void a_grant_to_nobody_gives_nothing(void **state)
{
	struct exported *e = *state;
	const struct org_id nobody = {{7}};
	struct verdict v;

	second_to(e, 77, &nobody);
	struct buf file = file_of(e);
	assert_int_equal(judged(e, buf_bytes(&file), hub_node_wall(&e->node), &v, NULL, NULL),
			 ERR_OK);
	assert_int_equal(v.fault, FAULT_MEMBER);
	buf_fini(&file);
}

/* A proof needs the head of who got it: without one no file is made. */
static void who_has_not_been_heard_has_no_file(void **state)
{
	struct exported *e = *state;
	char why[WHY_LEN] = "";
	struct buf file;

	second_to(e, 1, &e->fed.orgs[0].id);
	assert_int_equal(exported_file(e, &file, why), ERR_AGAIN);
	assert_non_null(strstr(why, "what node 0 of gemeinde-1 says is not here in whole"));
	buf_fini(&file);
	/* another node of who got it, of which there is nothing but its entry */
	const struct test_org *c = &e->fed.orgs[C - 1];
	struct buf entry;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	test_org_second(&entry, c, ORGLOG_NODE_ACTIVE, 8000);
	assert_int_equal(orglog_accept(e->node.txn, &c->id, buf_bytes(&entry), NULL), ERR_OK);
	ledger_forget(&e->node.hub.ledger, C);
	second_to(e, C, &c->id);
	assert_int_equal(exported_file(e, &file, why), ERR_AGAIN);
	assert_non_null(strstr(why, "what node 1 of gemeinde-4 says is not here in whole"));
	buf_fini(&file);
	buf_fini(&entry);
}

/* The log of C goes on by a root, with nothing else in it. */
static struct digest log_of_c(struct exported *e, const struct key *root)
{
	const struct test_org *org = &e->fed.orgs[C - 1];
	struct orglog log, next;
	struct digest id;
	struct buf entry;

	assert_int_equal(orglog_load(e->node.txn, &org->id, &log), ERR_OK);
	next = log;
	next.time_ms++;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, &log, &next, root);
	assert_int_equal(orglog_accept(e->node.txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	ledger_forget(&e->node.hub.ledger, C);
	assert_int_equal(orglog_entry_id(&id, buf_bytes(&entry)), ERR_OK);
	buf_fini(&entry);
	orglog_fini(&log);
	return id;
}

/* By a key that was to follow; the one that follows it is that of a member. */
static void bound_to(struct exported *e, const struct digest *entry, const struct key *root,
		     const struct sign_pk *next)
{
	struct charter_change bind = {.kind = CHARTER_BIND, .log_entry = *entry};

	bind.member.number = C;
	sign_pk_of(&bind.member.root, root);
	charter_next_root(&bind.member.next_root, next);
	charter_bind_sign(&bind, &e->node.hub.charter, root);
	hub_node_charter(&e->node, &e->fed, &bind, 1);
}

/* Whose log leaves out the entry that its root was bound to hides who it is now. */
static void a_log_reaches_what_its_root_was_bound_to(void **state)
{
	struct exported *e = *state;
	const struct test_org *org = &e->fed.orgs[C - 1];
	const struct key *roots[] = {&org->root, &org->next, &e->fed.orgs[0].next};

	for (unsigned i = 0; i < 2; i++) {
		/* The second time an entry before is bound already, and by another root. */
		struct digest id = log_of_c(e, roots[i]);
		bound_to(e, &id, roots[i + 1], &e->fed.orgs[0].next_pk);
		exported_heads(e);
		struct buf file = file_of(e);
		assert_valid(e, buf_bytes(&file));
		const unsigned path[] = {3, log_place(e, C), 1, i + 1};
		struct buf less = without(&file, path, 4);
		assert_refused(e, buf_bytes(&less), "does not go on from where the charter");
		buf_fini(&less);
		buf_fini(&file);
	}
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
	/* a node that has begun anew, and whose head of that is not here */
	const uint8_t slot[2] = {120};
	const struct key seed = exported_seed(e, NODE(O, 0));
	const struct record anew = {.author = NODE(O, 0),
				    .incarnation = 2,
				    .sequence = 1,
				    .time_ms = hub_node_wall(&e->node),
				    .kind = slot[0],
				    .slot = bytes_obj(&slot),
				    .body = bytes_obj(&slot)};
	struct ledger_news news;
	struct buf whole;
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	record_make(&whole, &anew, &e->fed.charter.fed, &seed);
	assert_int_equal(
		ledger_accept_record(&e->node.hub.ledger, e->node.txn, buf_bytes(&whole), &news),
		ERR_OK);
	hub_node_turn(&e->node);
	e->second.b[0] ^= 1;
	assert_int_equal(exported_file(e, &file, why), ERR_AGAIN);
	assert_non_null(strstr(why, "node 0 of gemeinde-2"));
	buf_fini(&file);
	buf_fini(&whole);
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
		{{NODE(77, 0), CHALLENGE, .other_key = true}, "by nobody, who did not get"},
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
	/* nor can the log be left out with it */
	struct buf least = without(&less, (const unsigned[]){3, log_place(e, C)}, 2);
	assert_int_equal(token_file_read(&file, buf_bytes(&least), &e->fed.charter.fed, now),
			 ERR_OK);
	assert_int_equal(token_file_verdict(&file, now, &v), ERR_OK);
	assert_int_equal(token_file_proof(&file, &v, buf_bytes(&text), bytes_str(CHALLENGE), now),
			 ERR_DENIED);
	assert_non_null(strstr(file.why, "the log of gemeinde-4 is missing"));
	token_file_fini(&file);
	buf_fini(&least);
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
		TEST(bars_that_cannot_be_read_are_refused),
		TEST(what_is_left_out_is_missed),
		TEST(one_byte_changed_is_refused),
		TEST(what_stands_twice_is_refused),
		TEST(what_is_not_in_the_set_of_its_author_is_refused),
		TEST(a_small_set_is_one_page),
		TEST(pages_stand_in_order),
		TEST(a_grant_that_went_back_and_forth_is_exported),
		TEST(a_grant_to_nobody_gives_nothing),
		TEST(who_has_not_been_heard_has_no_file),
		TEST(a_log_reaches_what_its_root_was_bound_to),
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
