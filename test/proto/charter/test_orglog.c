/* orglog: every rule of section 3 is broken once, alone. */
#include "crypto/hash.h"
#include "crypto/wrap.h"
#include "proto/wire/wire_out.h"
#include "test/proto/federation.h"

/* One entry, field by field, so that any of them can be wrong. */
struct raw {
	uint64_t form, number, suite;
	bool has_previous;
	struct digest previous;
	struct sign_pk root;
	struct dh_pk recovery, wrap;
	struct orglog_node nodes[3];
	uint32_t node_count;
	struct key signer;
	enum sign_tag tag;
	bool trailing;
};

/* The log after entry 1: node 0 active, node 3 retired; and the root planned next. */
struct fixture {
	struct orglog log;
	struct buf first, second; /* entries */
	struct raw raw;           /* of a good entry 2 */
	struct raw raw_first;
};

static void raw_put(struct buf *out, const struct raw *raw)
{
	struct sig sig;

	out_array(out, 9);
	out_uint(out, raw->form);
	out_uint(out, raw->number);
	out_fixed_or_nil(out, raw->has_previous ? raw->previous.b : NULL, ID_LEN);
	out_uint(out, (uint64_t)TEST_TIME_MS);
	out_fixed(out, raw->root.b, ID_LEN);
	out_fixed(out, raw->recovery.b, ID_LEN);
	out_uint(out, raw->suite);
	out_fixed(out, raw->wrap.b, ID_LEN);
	out_array(out, raw->node_count);
	for (uint32_t i = 0; i < raw->node_count; i++) {
		out_array(out, 6);
		out_uint(out, raw->nodes[i].index);
		out_uint(out, raw->nodes[i].state);
		out_uint(out, raw->nodes[i].roles);
		out_fixed(out, raw->nodes[i].sign.b, ID_LEN);
		out_fixed(out, raw->nodes[i].transport.b, ID_LEN);
		out_fixed(out, raw->nodes[i].possession.b, SIG_LEN);
	}
	if (raw->trailing)
		out_nil(out);
	sign_make(&sig, &raw->signer, raw->tag, NULL, buf_bytes(out));
	buf_add(out, bytes_obj(&sig));
}

static enum err raw_apply(struct orglog *log, const struct raw *raw)
{
	struct buf entry;

	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	raw_put(&entry, raw);
	enum err err = orglog_apply(log, buf_bytes(&entry));
	buf_fini(&entry);
	return err;
}

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	struct raw *raw = &f->raw_first;
	struct key key = test_key(4);

	if (test_setup(state))
		return 1;
	*raw = (struct raw){.form = 1, .number = 1, .suite = 1, .tag = SIGN_TAG_ORGLOG};
	raw->signer = test_key(1);
	sign_pk_of(&raw->root, &raw->signer);
	dh_pk_of(&raw->recovery, &key);
	dh_pk_of(&raw->wrap, &key);
	raw->nodes[0] = test_node(0, 10, &raw->root);
	raw->nodes[1] = test_node(3, 20, &raw->root);
	raw->nodes[1].state = ORGLOG_NODE_RETIRED;
	raw->node_count = 2;
	buf_init(&f->first, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	raw_put(&f->first, raw);
	orglog_init(&f->log);
	if (orglog_apply(&f->log, buf_bytes(&f->first)))
		return 1;
	f->raw = *raw;
	f->raw.number = 2;
	f->raw.has_previous = true;
	f->raw.previous = f->log.entry_id;
	f->raw.nodes[2] = test_node(7, 30, &raw->root);
	f->raw.node_count = 3;
	buf_init(&f->second, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	raw_put(&f->second, &f->raw);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	orglog_fini(&f->log);
	buf_fini(&f->first);
	buf_fini(&f->second);
	free(f);
	return 0;
}

static void a_good_log_grows(void **state)
{
	struct fixture *f = *state;
	struct digest id;
	struct orglog log;

	assert_true(id_eq(&f->log.entry_id, &f->raw.previous));
	orglog_init(&log);
	assert_int_equal(orglog_apply(&log, buf_bytes(&f->first)), ERR_OK);
	struct bytes payload = bytes_slice(buf_bytes(&f->first), 0, f->first.len - SIG_LEN);
	hash_once(id.b, "am1.orglog", payload);
	assert_memory_equal(log.id.b, id.b, ID_LEN);
	assert_int_equal(orglog_apply(&log, buf_bytes(&f->second)), ERR_OK);
	assert_memory_equal(log.id.b, id.b, ID_LEN);
	assert_int_equal(log.number, 2);
	assert_int_equal(log.node_count, 3);
	assert_int_equal(orglog_node(&log, 7)->state, ORGLOG_NODE_ACTIVE);
	assert_int_equal(orglog_node(&log, 3)->state, ORGLOG_NODE_RETIRED);
	assert_null(orglog_node(&log, 1));
	orglog_fini(&log);
}

/* What orglog_make() writes is what the protocol's layout says. */
static void made_bytes_are_those_of_the_layout(void **state)
{
	struct fixture *f = *state;
	struct orglog next = {.time_ms = TEST_TIME_MS,
			      .recovery = f->raw.recovery,
			      .wrap = f->raw.wrap,
			      .nodes = f->raw.nodes,
			      .node_count = 3};
	struct buf made;

	buf_init(&made, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&made, &f->log, &next, &f->raw.signer);
	assert_true(bytes_eq(buf_bytes(&made), buf_bytes(&f->second)));
	buf_fini(&made);
}

/* X(name, error, what is wrong with an otherwise good entry 2) */
#define BREAKS(X)                                                                                  \
	X(form_2, VERSION, r->form = 2)                                                            \
	X(unknown_wrap_suite, VERSION, r->suite = 2)                                               \
	X(something_follows, MALFORMED, r->trailing = true)                                        \
	X(number_0, MALFORMED, r->number = 0)                                                      \
	X(no_previous, MALFORMED, r->has_previous = false)                                         \
	X(known_number, EXISTS, (r->number = 1, r->has_previous = false))                          \
	X(skipped_number, AGAIN, r->number = 3)                                                    \
	X(highest_number, AGAIN, r->number = LIMIT_ORGLOG_NUMBER_MAX)                              \
	X(number_too_high, MALFORMED, r->number = LIMIT_ORGLOG_NUMBER_MAX + 1)                     \
	X(another_previous, PROTOCOL, r->previous.b[5] ^= 1)                                       \
	X(signed_by_another, DENIED, r->signer = test_key(9))                                      \
	X(signed_for_another_purpose, DENIED, r->tag = SIGN_TAG_CHARTER)                           \
	X(root_not_planned, DENIED, root_set(r, 9))                                                \
	X(root_not_a_key, DENIED, memset(r->root.b, 0, ID_LEN))                                    \
	X(recovery_low_order, DENIED, memset(r->recovery.b, 0, ID_LEN))                            \
	X(wrap_low_order, DENIED, memset(r->wrap.b, 0, ID_LEN))                                    \
	X(transport_low_order, DENIED, memset(r->nodes[2].transport.b, 0, ID_LEN))                 \
	X(indices_fall, MALFORMED, swap(r))                                                        \
	X(index_twice, MALFORMED, r->nodes[2].index = 3)                                           \
	X(state_0, MALFORMED, r->nodes[2].state = 0)                                               \
	X(state_4, MALFORMED, r->nodes[2].state = 4)                                               \
	X(roles_8, MALFORMED, r->nodes[2].roles = 8)                                               \
	X(node_gone, PROTOCOL,                                                                     \
	  (r->nodes[0] = r->nodes[2], r->nodes[0].index = 1, r->node_count = 2))                   \
	X(node_back, PROTOCOL, r->nodes[1].state = ORGLOG_NODE_ACTIVE)                             \
	X(node_other_keys, PROTOCOL, r->nodes[0] = test_node(0, 40, &r->root))                     \
	X(possession_wrong, DENIED, r->nodes[2].possession.b[3] ^= 1)                              \
	X(possession_of_known_node_wrong, DENIED, r->nodes[0].possession.b[3] ^= 1)                \
	X(possession_for_another_root, DENIED, possession_elsewhere(r))

static void root_set(struct raw *r, unsigned n)
{
	r->signer = test_key(n);
	sign_pk_of(&r->root, &r->signer);
}

static void swap(struct raw *r)
{
	struct orglog_node node = r->nodes[1];

	r->nodes[1] = r->nodes[2];
	r->nodes[2] = node;
}

static void possession_elsewhere(struct raw *r)
{
	struct key key = test_key(9);
	struct sign_pk other;

	sign_pk_of(&other, &key);
	r->nodes[2] = test_node(7, 30, &other);
}

#define X(name, wants, change)                                                                     \
	static void break_##name(struct raw *r)                                                    \
	{                                                                                          \
		change;                                                                            \
	}
BREAKS(X)
#undef X

static void every_broken_rule_is_refused(void **state)
{
	static const struct {
		const char *name;
		void (*change)(struct raw *r);
		enum err wants;
	} cases[] = {
#define X(name, wants, change) {#name, break_##name, ERR_##wants},
		BREAKS(X)
#undef X
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raw raw = f->raw;
		cases[i].change(&raw);
		enum err err = raw_apply(&f->log, &raw);
		if (err != cases[i].wants)
			fail_msg("%s: %s", cases[i].name, err_text(err));
		/* unchanged: the good one still follows */
		assert_int_equal(f->log.number, 1);
		assert_int_equal(f->log.node_count, 2);
	}
	struct orglog log;
	orglog_init(&log);
	assert_int_equal(orglog_apply(&log, buf_bytes(&f->first)), ERR_OK);
	assert_int_equal(orglog_apply(&log, buf_bytes(&f->second)), ERR_OK);
	orglog_fini(&log);
}

static void first_entry_has_no_previous(void **state)
{
	struct fixture *f = *state;
	struct raw raw = f->raw_first;
	struct orglog log;

	orglog_init(&log);
	raw.has_previous = true;
	assert_int_equal(raw_apply(&log, &raw), ERR_MALFORMED);
	assert_int_equal(raw_apply(&log, &f->raw), ERR_AGAIN);
	assert_int_equal(log.number, 0);
}

/* Whoever has the root key can make no other key the root: that does the charter alone. */
static void the_log_names_no_other_root(void **state)
{
	struct fixture *f = *state;
	struct raw raw = f->raw;

	root_set(&raw, 2);
	assert_int_equal(raw_apply(&f->log, &raw), ERR_DENIED);
	assert_int_equal(raw_apply(&f->log, &f->raw), ERR_OK);
}

/* Retired, lost, retired and then lost: each time the organisation has a key that is new. */
static void who_is_put_out_does_not_know_the_wrap_key(void **state)
{
	struct fixture *f = *state;
	const struct key keys[] = {test_key(70), test_key(71)};
	struct raw raw = f->raw;

	raw.nodes[0].state = ORGLOG_NODE_RETIRED;
	assert_int_equal(raw_apply(&f->log, &raw), ERR_PROTOCOL);
	raw.nodes[0].state = ORGLOG_NODE_LOST;
	assert_int_equal(raw_apply(&f->log, &raw), ERR_PROTOCOL);
	raw.nodes[0].state = ORGLOG_NODE_RETIRED;
	dh_pk_of(&raw.wrap, &keys[0]);
	assert_int_equal(raw_apply(&f->log, &raw), ERR_OK);
	/* an older key again is none that is new */
	raw.number = 3;
	raw.previous = f->log.entry_id;
	raw.nodes[0].state = ORGLOG_NODE_LOST;
	raw.wrap = f->raw.wrap;
	assert_int_equal(raw_apply(&f->log, &raw), ERR_PROTOCOL);
	dh_pk_of(&raw.wrap, &keys[0]);
	assert_int_equal(raw_apply(&f->log, &raw), ERR_PROTOCOL);
	dh_pk_of(&raw.wrap, &keys[1]);
	assert_int_equal(raw_apply(&f->log, &raw), ERR_OK);
	/* and does not come back */
	raw.number = 4;
	raw.previous = f->log.entry_id;
	raw.nodes[0].state = ORGLOG_NODE_RETIRED;
	assert_int_equal(raw_apply(&f->log, &raw), ERR_PROTOCOL);
	raw.nodes[0].state = ORGLOG_NODE_ACTIVE;
	assert_int_equal(raw_apply(&f->log, &raw), ERR_PROTOCOL);
}

static bool dead(const struct orglog *log, const struct dh_pk *wrap)
{
	uint8_t id[ORGLOG_WRAP_ID_LEN];

	orglog_wrap_id(id, wrap);
	return orglog_wrap_is_dead(log, id);
}

/* By a node that is retired no key dies; by one that is lost all that were named before. */
static void a_loss_makes_the_keys_before_it_dead(void **state)
{
	struct fixture *f = *state;
	const struct key keys[] = {test_key(70), test_key(71)};
	struct raw raw = f->raw;
	struct dh_pk wraps[2];

	for (unsigned i = 0; i < 2; i++)
		dh_pk_of(&wraps[i], &keys[i]);
	assert_false(dead(&f->log, &f->raw.wrap));
	assert_true(dead(&f->log, &wraps[0])); /* nobody has named it */
	raw.nodes[0].state = ORGLOG_NODE_RETIRED;
	raw.wrap = wraps[0];
	assert_int_equal(raw_apply(&f->log, &raw), ERR_OK);
	assert_false(dead(&f->log, &f->raw.wrap));
	assert_false(dead(&f->log, &wraps[0]));
	raw.number = 3;
	raw.previous = f->log.entry_id;
	raw.nodes[0].state = ORGLOG_NODE_LOST;
	raw.wrap = wraps[1];
	assert_int_equal(raw_apply(&f->log, &raw), ERR_OK);
	assert_true(dead(&f->log, &f->raw.wrap));
	assert_true(dead(&f->log, &wraps[0]));
	assert_false(dead(&f->log, &wraps[1]));
}

/* A node that is lost when the log first names it is a loss of that entry, and of none after. */
static void who_comes_as_lost_is_lost_once(void **state)
{
	struct fixture *f = *state;
	const struct key key = test_key(70);
	struct raw raw = f->raw;

	raw.nodes[2].state = ORGLOG_NODE_LOST;
	assert_int_equal(raw_apply(&f->log, &raw), ERR_PROTOCOL);
	dh_pk_of(&raw.wrap, &key);
	assert_int_equal(raw_apply(&f->log, &raw), ERR_OK);
	assert_int_equal(f->log.loss_number, 2);
	raw.number = 3;
	raw.previous = f->log.entry_id;
	assert_int_equal(raw_apply(&f->log, &raw), ERR_OK);
	assert_int_equal(f->log.loss_number, 2);
}

/* Who is put out of a role is leaving for 26 hours, counted from the time of that entry. */
static void who_is_put_out_is_leaving_for_a_while(void **state)
{
	const int64_t while_ms = 26 * 3600 * (int64_t)1000;
	struct fixture *f = *state;
	const struct key key = test_key(70);
	struct raw raw = f->raw;
	const struct orglog_node *node;

	node = orglog_node(&f->log, 3); /* was never in */
	assert_int_equal(orglog_left_ms(node, ORGLOG_ROLE_ADMIN), 0);
	raw.nodes[0].roles = ORGLOG_ROLE_ADMIN;
	assert_int_equal(raw_apply(&f->log, &raw), ERR_OK);
	node = orglog_node(&f->log, 0);
	assert_true(orglog_has_role(node, ORGLOG_ROLE_ADMIN));
	assert_false(orglog_is_leaving(node, ORGLOG_ROLE_ADMIN, TEST_TIME_MS));
	assert_int_equal(orglog_left_ms(node, ORGLOG_ROLE_PUBLISH), TEST_TIME_MS);
	assert_true(orglog_is_leaving(node, ORGLOG_ROLE_PUBLISH, TEST_TIME_MS + while_ms - 1));
	assert_false(orglog_is_leaving(node, ORGLOG_ROLE_PUBLISH, TEST_TIME_MS + while_ms));
	/* the role is given again, and all are taken with the node */
	raw.number = 3;
	raw.previous = f->log.entry_id;
	raw.nodes[0].roles = 7;
	assert_int_equal(raw_apply(&f->log, &raw), ERR_OK);
	node = orglog_node(&f->log, 0);
	assert_int_equal(orglog_left_ms(node, ORGLOG_ROLE_PUBLISH), 0);
	raw.number = 4;
	raw.previous = f->log.entry_id;
	raw.nodes[0].state = ORGLOG_NODE_LOST;
	dh_pk_of(&raw.wrap, &key);
	assert_int_equal(raw_apply(&f->log, &raw), ERR_OK);
	node = orglog_node(&f->log, 0);
	for (unsigned role = 1; role <= 4; role *= 2) {
		assert_false(orglog_has_role(node, (uint8_t)role));
		assert_int_equal(orglog_left_ms(node, (uint8_t)role), TEST_TIME_MS);
	}
}

static void nothing_shorter_is_accepted(void **state)
{
	struct fixture *f = *state;

	for (size_t len = 0; len < f->second.len; len++) {
		uint8_t *copy = malloc(len ? len : 1);
		memcpy(copy, f->second.ptr, len);
		assert_int_not_equal(orglog_apply(&f->log, bytes_of(copy, len)), ERR_OK);
		free(copy);
	}
	struct buf big;
	buf_init(&big, LIMIT_ORGLOG_ENTRY_LEN_MAX + 1);
	memset(buf_space(&big, LIMIT_ORGLOG_ENTRY_LEN_MAX + 1), 0, LIMIT_ORGLOG_ENTRY_LEN_MAX + 1);
	assert_int_equal(orglog_apply(&f->log, buf_bytes(&big)), ERR_FULL);
	buf_fini(&big);
}

static void peek_sees_one_entry_alone(void **state)
{
	struct fixture *f = *state;
	struct raw raw = f->raw;
	struct orglog log;
	struct buf entry;

	assert_int_equal(orglog_entry_peek(&log, buf_bytes(&f->second)), ERR_OK);
	assert_int_equal(log.number, 2);
	assert_true(id_zero(&log.id));
	assert_int_equal(orglog_node(&log, 7)->index, 7);
	orglog_fini(&log);
	assert_int_equal(orglog_entry_peek(&log, buf_bytes(&f->first)), ERR_OK);
	assert_true(id_eq(&log.id, &f->log.id));
	orglog_fini(&log);
	raw.signer = test_key(9);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	raw_put(&entry, &raw);
	assert_int_equal(orglog_entry_peek(&log, buf_bytes(&entry)), ERR_DENIED);
	buf_reset(&entry);
	raw = f->raw_first;
	raw.nodes[0].possession.b[0] ^= 1;
	raw_put(&entry, &raw);
	assert_int_equal(orglog_entry_peek(&log, buf_bytes(&entry)), ERR_DENIED);
	buf_fini(&entry);
}

static struct digest id_of(const struct buf *entry)
{
	struct digest id;

	hash_once(id.b, "am1.orglog", bytes_slice(buf_bytes(entry), 0, entry->len - SIG_LEN));
	return id;
}

static void stored_log_is_the_same_and_forks_are_told(void **state)
{
	struct fixture *f = *state;
	struct org_id org = f->log.id, other = org;
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct orglog log;
	struct buf fork;
	struct bytes entry;
	bool forked = true;

	other.b[0] ^= 1;
	assert_int_equal(orglog_load(txn, &org, &log), ERR_ABSENT);
	assert_int_equal(orglog_accept(txn, &org, buf_bytes(&f->second), NULL), ERR_AGAIN);
	assert_int_equal(orglog_accept(txn, &other, buf_bytes(&f->first), NULL), ERR_PROTOCOL);
	assert_int_equal(orglog_number(txn, &other), 0);
	assert_int_equal(orglog_accept(txn, &org, buf_bytes(&f->first), &forked), ERR_OK);
	assert_false(forked);
	assert_int_equal(orglog_accept(txn, &org, buf_bytes(&f->second), &forked), ERR_OK);
	assert_int_equal(orglog_accept(txn, &org, buf_bytes(&f->second), &forked), ERR_EXISTS);
	assert_false(forked);

	/* another valid entry 2: the one with the smaller id counts */
	struct raw raw = f->raw;
	raw.nodes[2].roles = 1;
	buf_init(&fork, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	raw_put(&fork, &raw);
	bool smaller = memcmp(id_of(&fork).b, id_of(&f->second).b, ID_LEN) < 0;
	assert_int_equal(orglog_accept(txn, &org, buf_bytes(&fork), &forked),
			 smaller ? ERR_OK : ERR_EXISTS);
	assert_true(forked);
	assert_true(orglog_entry(txn, &org, 2, &entry));
	assert_true(bytes_eq(entry, smaller ? buf_bytes(&fork) : buf_bytes(&f->second)));
	assert_true(orglog_is_forked(txn, &org));
	/* another invalid entry 2 is no proof of anything */
	raw.nodes[2].roles = 2;
	raw.signer = test_key(9);
	buf_reset(&fork);
	raw_put(&fork, &raw);
	assert_int_equal(orglog_accept(txn, &org, buf_bytes(&fork), &forked), ERR_DENIED);
	assert_false(forked);
	buf_fini(&fork);

	assert_int_equal(txn_commit(txn), ERR_OK);
	txn = txn_begin(db, false);
	assert_int_equal(orglog_number(txn, &org), 2);
	assert_int_equal(orglog_load(txn, &org, &log), ERR_OK);
	assert_int_equal(log.number, 2);
	assert_true(id_eq(&log.id, &org));
	assert_true(id_eq(&log.first_root, &f->raw.root));
	assert_int_equal(log.node_count, 3);
	orglog_fini(&log);
	txn_abort(txn);
	db_close(db);
	test_dir_fini(dir);
}

/* ---- forks ---- */

enum { BRANCH_ONE, BRANCH_OTHER, ONE_NEXT, OTHER_NEXT, BRANCH_COUNT };

/*
 * Two entries 2, and an entry 3 after each. One branch retires node 0, the other one node 7, which
 * both have.
 */
static void branches_make(struct fixture *f, struct buf entries[BRANCH_COUNT])
{
	const struct key keys[] = {test_key(70), test_key(71)};
	struct raw raw = f->raw;

	for (int i = 0; i < BRANCH_COUNT; i++)
		buf_init(&entries[i], LIMIT_ORGLOG_ENTRY_LEN_MAX);
	raw_put(&entries[BRANCH_ONE], &raw);
	raw.nodes[2].roles = 1;
	raw_put(&entries[BRANCH_OTHER], &raw);
	raw = f->raw;
	raw.number = 3;
	raw.previous = id_of(&entries[BRANCH_ONE]);
	raw.nodes[0].state = ORGLOG_NODE_RETIRED;
	dh_pk_of(&raw.wrap, &keys[0]);
	raw_put(&entries[ONE_NEXT], &raw);
	raw = f->raw;
	raw.number = 3;
	raw.previous = id_of(&entries[BRANCH_OTHER]);
	raw.nodes[2].roles = 1;
	raw.nodes[2].state = ORGLOG_NODE_RETIRED;
	dh_pk_of(&raw.wrap, &keys[1]);
	raw_put(&entries[OTHER_NEXT], &raw);
}

/* What a node has that heard of them in this order, and of all of them again. */
static struct digest heard_in_order(struct fixture *f, const struct buf *entries, const int *order)
{
	struct db_options options = {.volatile_store = true};
	struct org_id org = f->log.id;
	char *dir = test_dir_init();
	struct orglog log;
	struct db *db;

	assert_int_equal(db_open(&db, dir, &options), ERR_OK);
	struct txn *txn = txn_begin(db, true);
	assert_int_equal(orglog_accept(txn, &org, buf_bytes(&f->first), NULL), ERR_OK);
	for (int i = 0; i < 3 * BRANCH_COUNT; i++)
		orglog_accept(txn, &org, buf_bytes(&entries[order[i % BRANCH_COUNT]]), NULL);
	assert_int_equal(orglog_load(txn, &org, &log), ERR_OK);
	assert_int_equal(log.number, 3);
	assert_true(orglog_is_forked(txn, &org));
	/* whichever branch has retired it, and whichever counts */
	assert_int_equal(orglog_node(&log, 0)->state, ORGLOG_NODE_RETIRED);
	assert_int_equal(orglog_node(&log, 7)->state, ORGLOG_NODE_RETIRED);
	struct digest id = log.entry_id;
	orglog_fini(&log);
	txn_abort(txn);
	db_close(db);
	test_dir_fini(dir);
	return id;
}

static void a_fork_ends_the_same_in_any_order(void **state)
{
	struct fixture *f = *state;
	struct buf entries[BRANCH_COUNT];
	struct digest first, id;
	unsigned count = 0;

	branches_make(f, entries);
	for (int n = 0; n < 256; n++) {
		const int order[] = {n & 3, n >> 2 & 3, n >> 4 & 3, n >> 6 & 3};
		unsigned set = 1u << order[0] | 1u << order[1] | 1u << order[2] | 1u << order[3];
		if (set != 15)
			continue;
		id = heard_in_order(f, entries, order);
		if (count++ == 0)
			first = id;
		assert_true(id_eq(&id, &first));
	}
	assert_int_equal(count, 24);
	for (int i = 0; i < BRANCH_COUNT; i++)
		buf_fini(&entries[i]);
}

static unsigned lost_count(struct txn *txn, struct digest *greatest)
{
	struct orglog_lost lost = {.number = 0};
	unsigned count = 0;

	while (orglog_lost_next(txn, &lost)) {
		*greatest = lost.id;
		count++;
	}
	return count;
}

/*
 * Of many entries that lose, and retire a node, the 16 with the smallest ids stay, in whichever
 * order they came; and the node is out.
 */
static void sixteen_lost_entries_are_kept(void **state)
{
	enum { COUNT_TRIED = 400 };
	struct fixture *f = *state;
	struct org_id org = f->log.id;
	struct digest winner = id_of(&f->second), greatest[2], id;

	for (unsigned way = 0; way < 2; way++) {
		char *dir = test_dir_init();
		struct db *db = test_db(dir);
		struct txn *txn = txn_begin(db, true);
		struct orglog log;
		struct buf entry;
		unsigned lost = 0;
		buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
		orglog_accept(txn, &org, buf_bytes(&f->first), NULL);
		assert_int_equal(orglog_accept(txn, &org, buf_bytes(&f->second), NULL), ERR_OK);
		for (unsigned i = 0; i < COUNT_TRIED; i++) {
			struct key wrap = test_key(1000 + (way ? COUNT_TRIED - 1 - i : i));
			struct raw raw = f->raw;
			raw.nodes[0].state = ORGLOG_NODE_RETIRED;
			dh_pk_of(&raw.wrap, &wrap);
			buf_reset(&entry);
			raw_put(&entry, &raw);
			id = id_of(&entry);
			if (memcmp(id.b, winner.b, ID_LEN) < 0)
				continue;
			lost++;
			orglog_accept(txn, &org, buf_bytes(&entry), NULL);
			unsigned kept = lost_count(txn, &greatest[way]);
			assert_int_equal(kept, lost < 16 ? lost : 16);
		}
		assert_true(lost > 16);
		assert_int_equal(orglog_load(txn, &org, &log), ERR_OK);
		assert_true(id_eq(&log.entry_id, &winner));
		assert_int_equal(orglog_node(&log, 0)->state, ORGLOG_NODE_RETIRED);
		orglog_fini(&log);
		buf_fini(&entry);
		txn_abort(txn);
		db_close(db);
		test_dir_fini(dir);
	}
	assert_true(id_eq(&greatest[0], &greatest[1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_log_grows),
		cmocka_unit_test(made_bytes_are_those_of_the_layout),
		cmocka_unit_test(every_broken_rule_is_refused),
		cmocka_unit_test(first_entry_has_no_previous),
		cmocka_unit_test_setup_teardown(the_log_names_no_other_root, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_put_out_does_not_know_the_wrap_key, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_loss_makes_the_keys_before_it_dead, setup,
						teardown),
		cmocka_unit_test_setup_teardown(who_comes_as_lost_is_lost_once, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_put_out_is_leaving_for_a_while, setup,
						teardown),
		cmocka_unit_test(nothing_shorter_is_accepted),
		cmocka_unit_test(peek_sees_one_entry_alone),
		cmocka_unit_test(stored_log_is_the_same_and_forks_are_told),
		cmocka_unit_test(a_fork_ends_the_same_in_any_order),
		cmocka_unit_test(sixteen_lost_entries_are_kept),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
