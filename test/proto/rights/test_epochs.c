/* Keys that follow paths: who gets which, and when they change. */
#include "proto/rights/epochs.h"

#include "proto/ledger/keywrap.h"
#include "test/proto/made.h"

/*
 * The node is member 2 and gives rights to 3, 4 and 5; each of them may look with a node of its
 * own.
 */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
};

enum { OWNER = 2 };
#define SECOND_MS INT64_C(1000)
#define HOUR_MS   (3600 * SECOND_MS)
#define DAY_MS    (24 * HOUR_MS)
#define TOP       "gemeinde-2"
#define KITA      "gemeinde-2/kita"

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 5, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[OWNER - 1]);
	hub_node_machines(&f->node);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static void take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	if (arrival->record.kind == RECORD_LINE)
		rights_arrival(hub, txn, &arrival->record);
	else
		epochs_arrival(hub, txn, &arrival->record);
}

/* Until nothing is to be done now. */
static void settle(struct hub_node *node)
{
	do {
		hub_node_turn(node);
		rights_settle(&node->hub, node->txn);
		epochs_settle(&node->hub, node->txn);
	} while (epochs_wake(&node->hub) <= hub_node_mono(node));
}

static void later(struct fixture *f, int64_t ms)
{
	hub_node_pass(&f->node, ms);
	settle(&f->node);
}

static struct gift gives(struct fixture *f, struct gift gift)
{
	gift.from = OWNER;
	gift.prefix = gift.prefix ? gift.prefix : KITA;
	gift_made(&gift, &f->node, &f->fed, take);
	settle(&f->node);
	return gift;
}

/* The epoch that governs a path: "PREFIX NUMBER", or the error. */
static const char *governs(struct fixture *f, const char *path, struct key *key, char out[80])
{
	size_t prefix_len = 0;
	uint64_t number = 0;
	enum err err = epochs_govern(&f->node.hub, f->node.txn, bytes_str(path), &prefix_len,
				     &number, key);
	if (err)
		snprintf(out, 80, "%s", err_text(err));
	else
		snprintf(out, 80, "%.*s %d", (int)prefix_len, path, (int)number);
	return out;
}

static void assert_governs(struct fixture *f, const char *path, const char *epoch)
{
	struct key key;
	char out[80];
	assert_string_equal(governs(f, path, &key, out), epoch);
}

/*
 * Whether a node of a member, which has all records of the owner, finds the key of the owner's
 * epoch for a path.
 */
static bool opens(struct fixture *f, unsigned member, const char *prefix, uint64_t number,
		  const char *path)
{
	struct hub_node *reader = mem_new(1, sizeof(*reader));
	struct key own, key = {{0}};
	hub_node_open(reader, &f->fed, &f->fed.orgs[member - 1]);
	hub_node_machines(reader);
	hub_node_time(reader, hub_node_wall(&f->node), hub_node_mono(&f->node));
	made_copy(&f->node, reader, author_of(OWNER, 0), take);
	settle(reader);
	assert_int_equal(epochs_key(&f->node.hub, f->node.txn, bytes_str(prefix), number,
				    bytes_str(path), &own),
			 ERR_OK);
	enum err err = epochs_key(&reader->hub, reader->txn, bytes_str(prefix), number,
				  bytes_str(path), &key);
	assert_true(!err || err == ERR_ABSENT);
	if (!err)
		assert_memory_equal(key.b, own.b, KEY_LEN);
	hub_node_close(reader);
	free(reader);
	return !err;
}

/* ---- what governs ---- */

static void the_first_epoch_is_that_of_the_namespace(void **state)
{
	struct fixture *f = *state;
	struct key a, b;
	char out[80];
	assert_string_equal(governs(f, "gemeinde-2/kita/plan", &a, out), TOP " 1");
	assert_string_equal(governs(f, "gemeinde-2/bau", &b, out), TOP " 1");
	assert_memory_not_equal(a.b, b.b, KEY_LEN); /* each path has its own */
	assert_string_equal(governs(f, "gemeinde-2/kita/plan", &b, out), TOP " 1");
	assert_memory_equal(a.b, b.b, KEY_LEN);
	/* With a start nothing changes. */
	hub_node_machines(&f->node);
	assert_string_equal(governs(f, "gemeinde-2/kita/plan", &b, out), TOP " 1");
	assert_memory_equal(a.b, b.b, KEY_LEN);
}

static void the_longest_path_and_the_highest_number_govern(void **state)
{
	struct fixture *f = *state;
	assert_governs(f, "gemeinde-2/kita/plan", TOP " 1");
	gives(f, (struct gift){.to = 3, .expiry_ms = TEST_TIME_MS + HOUR_MS});
	assert_governs(f, "gemeinde-2/kita/plan", KITA " 1");
	assert_governs(f, "gemeinde-2/kita", KITA " 1");
	assert_governs(f, "gemeinde-2/kitas", TOP " 1");
	assert_governs(f, "gemeinde-2/bau", TOP " 1");
	later(f, HOUR_MS);
	assert_governs(f, "gemeinde-2/kita/plan", KITA " 2");
	assert_governs(f, "gemeinde-2/kitas", TOP " 1");
	/* Above, everything below is renewed, too. */
	gives(f, (struct gift){.to = 3, .prefix = TOP, .expiry_ms = TEST_TIME_MS + 4 * DAY_MS});
	later(f, 4 * DAY_MS);
	assert_governs(f, "gemeinde-2/bau", TOP " 2");
	assert_governs(f, "gemeinde-2/kita/plan", KITA " 3");
}

static void only_the_key_author_makes_epochs(void **state)
{
	struct fixture *f = *state;
	f->node.identity.node_index = 1; /* beside node 0, which has the role as well */
	assert_governs(f, "gemeinde-2/kita", err_text(ERR_DENIED));
	gives(f, (struct gift){.to = 3});
	assert_governs(f, "gemeinde-2/kita", err_text(ERR_DENIED));
	f->node.identity.node_index = 0;
	hub_forget(&f->node.hub, OWNER);
	settle(&f->node);
	assert_governs(f, "gemeinde-2/kita", KITA " 1");
	/* What is there it uses. */
	f->node.identity.node_index = 1;
	assert_governs(f, "gemeinde-2/kita", KITA " 1");
}

/* ---- who reads ---- */

static void a_reader_gets_what_lies_below_its_prefix(void **state)
{
	static const struct {
		unsigned to;
		const char *prefix;
		enum verb verb;
		const char *path;
		bool opens;
	} cases[] = {
		{3, KITA, VERB_READ, "gemeinde-2/kita/plan", true},
		{3, KITA, VERB_READ, "gemeinde-2/kita", true},
		{3, KITA, VERB_READ, "gemeinde-2/kitas", false},
		{3, KITA, VERB_READ, "gemeinde-2", false},
		{3, KITA, VERB_WRITE, "gemeinde-2/kita/a/b", true},
		{3, KITA, VERB_RELAY, "gemeinde-2/kita/plan", false},
		{3, TOP, VERB_READ, "gemeinde-2/bau", true},
		{4, KITA, VERB_READ, "gemeinde-2/kita/plan", false}, /* of member 3 */
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture *f;
		setup((void **)&f);
		gives(f, (struct gift){.to = cases[i].to,
				       .prefix = cases[i].prefix,
				       .verb = cases[i].verb});
		assert_governs(f, "gemeinde-2/x", TOP " 1");
		assert_int_equal(opens(f, 3, TOP, 1, cases[i].path), cases[i].opens);
		teardown((void **)&f);
	}
	(void)state;
}

/*
 * What comes later is not for whose right has ended; what was before is for whoever gets a right
 * now.
 */
static void a_new_epoch_follows_a_right_that_ends(void **state)
{
	struct fixture *f = *state;
	gives(f, (struct gift){.to = 3, .expiry_ms = TEST_TIME_MS + HOUR_MS});
	gives(f, (struct gift){.to = 4});
	gives(f, (struct gift){.to = 5, .prefix = TOP});
	const char *plan = "gemeinde-2/kita/plan";
	assert_true(opens(f, 3, KITA, 1, plan) && opens(f, 4, KITA, 1, plan));
	later(f, HOUR_MS - 1);
	assert_governs(f, plan, KITA " 1");
	assert_int_equal(epochs_wake(&f->node.hub), hub_node_mono(&f->node) + 1);
	later(f, 1);
	assert_governs(f, plan, KITA " 2");
	assert_false(opens(f, 3, KITA, 2, plan));
	assert_true(opens(f, 4, KITA, 2, plan));
	/* Whoever reads above follows the link down; who comes later reads what was before. */
	assert_true(opens(f, 5, KITA, 2, plan));
	gives(f, (struct gift){.to = 3, .round = 1});
	assert_true(opens(f, 3, KITA, 2, plan));
	assert_true(opens(f, 3, KITA, 1, plan));
	assert_true(opens(f, 3, TOP, 1, plan));
	assert_false(opens(f, 3, TOP, 1, "gemeinde-2/bau"));
}

/* The clock shows so much after TEST_TIME_MS. */
static void clock_shows(struct fixture *f, int64_t ms)
{
	hub_node_turn(&f->node);
	hub_node_time(&f->node, TEST_TIME_MS + ms, hub_node_mono(&f->node) + 120 * SECOND_MS);
	settle(&f->node);
}

/* A clock that is years ahead ends no right for good: the heads of others tell. */
static void a_new_epoch_waits_for_the_time_of_others(void **state)
{
	struct fixture *f = *state;
	const char *plan = "gemeinde-2/kita/plan";
	struct ledger_node other;
	ledger_node_open(&other, &f->fed, 1);
	assert_int_equal(ledger_head_make(&other.ledger, other.txn, NULL), ERR_OK);
	hub_node_copy(&other, &f->node, author_of(1, 0));
	gives(f, (struct gift){.to = 3, .expiry_ms = TEST_TIME_MS + HOUR_MS});
	assert_true(opens(f, 3, KITA, 1, plan));
	for (unsigned i = 1; i <= 3; i++) {
		clock_shows(f, i * 365 * DAY_MS);
		assert_governs(f, plan, KITA " 1");
		assert_true(opens(f, 3, KITA, 1, plan)); /* its wrap is still there */
	}
	clock_shows(f, HOUR_MS / 2);
	assert_governs(f, plan, KITA " 1");
	clock_shows(f, 3 * HOUR_MS / 2);
	assert_governs(f, plan, KITA " 1");
	/* Nor does a right that may have ended begin anything. */
	gives(f, (struct gift){.to = 4, .expiry_ms = TEST_TIME_MS + HOUR_MS});
	assert_false(opens(f, 4, KITA, 1, plan));
	ledger_now(&other.ledger, TEST_TIME_MS + 3 * HOUR_MS / 2);
	assert_int_equal(ledger_head_make(&other.ledger, other.txn, NULL), ERR_OK);
	hub_node_copy(&other, &f->node, author_of(1, 0));
	clock_shows(f, 3 * HOUR_MS / 2);
	clock_shows(f, 3 * HOUR_MS);
	assert_governs(f, plan, KITA " 2");
	assert_false(opens(f, 3, KITA, 2, plan));
	ledger_node_close(&other);
}

/*
 * PROTOCOL: "all others together, one turn a day" - but who is no member any more is left
 * out at once.
 */
static void expired_tokens_wait_for_each_other(void **state)
{
	struct fixture *f = *state;
	struct charter_change changes[2] = {
		{.kind = CHARTER_REMOVE, .member.number = 5},
		{.kind = CHARTER_KEY, .key_number = 2, .has_sealed = true}};
	for (unsigned i = 0; i < 4; i++)
		gives(f, (struct gift){.to = 3,
				       .prefix = i ? "gemeinde-2/b" : KITA,
				       .round = i,
				       .expiry_ms = TEST_TIME_MS + (int64_t)(i + 1) * HOUR_MS});
	gives(f, (struct gift){.to = 4,
			       .prefix = "gemeinde-2/c",
			       .expiry_ms = TEST_TIME_MS + 5 * HOUR_MS});
	gives(f, (struct gift){.to = 5, .prefix = "gemeinde-2/d"});
	later(f, HOUR_MS);
	assert_governs(f, KITA, KITA " 2");
	/* The next ones, up to a day later, come together. */
	later(f, 3 * HOUR_MS);
	later(f, 1 * HOUR_MS);
	assert_governs(f, "gemeinde-2/b", "gemeinde-2/b 1");
	later(f, 20 * HOUR_MS - 1);
	assert_governs(f, "gemeinde-2/b", "gemeinde-2/b 1");
	assert_governs(f, "gemeinde-2/c", "gemeinde-2/c 1");
	assert_int_equal(epochs_wake(&f->node.hub), hub_node_mono(&f->node) + 1);
	later(f, 1);
	assert_governs(f, "gemeinde-2/b", "gemeinde-2/b 2");
	assert_governs(f, "gemeinde-2/c", "gemeinde-2/c 2");
	later(f, HOUR_MS);
	assert_governs(f, "gemeinde-2/d", "gemeinde-2/d 1");
	made_charter(&f->node, &f->fed, changes, 2);
	settle(&f->node);
	assert_governs(f, "gemeinde-2/d", "gemeinde-2/d 2");
}

/* ---- right after a start ---- */

/*
 * Others may know more of the own records than this store: no epoch is made before that is clear.
 */
static void early_after_a_start_nothing_new_is_made(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	hub_signing(hub, SIGNING_WAITS);
	assert_governs(f, KITA, err_text(ERR_AGAIN));
	hub_signing(hub, SIGNING_YES);
	gift_made(&(struct gift){.from = OWNER,
				 .to = 3,
				 .prefix = KITA,
				 .expiry_ms = TEST_TIME_MS + HOUR_MS},
		  &f->node, &f->fed, take);
	hub_signing(hub, SIGNING_WAITS);
	settle(&f->node);
	assert_true(epochs_wake(hub) == INT64_MAX);
	assert_governs(f, KITA, err_text(ERR_AGAIN));
	hub_signing(hub, SIGNING_YES);
	settle(&f->node);
	assert_governs(f, KITA, KITA " 1");
	assert_true(opens(f, 3, KITA, 1, KITA));
	/* What is there is used; of who has it and reads no more, chunks are kept. */
	hub_signing(hub, SIGNING_WAITS);
	assert_governs(f, KITA, KITA " 1");
	later(f, HOUR_MS);
	assert_governs(f, KITA, KITA " 1");
	hub_signing(hub, SIGNING_YES);
	assert_governs(f, KITA, KITA " 2");
}

static void who_is_behind_waits_for_what_others_know(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	gift_made(&(struct gift){.from = OWNER, .to = 3, .prefix = KITA}, &f->node, &f->fed, take);
	hub_signing(hub, SIGNING_BEHIND);
	settle(&f->node);
	assert_true(epochs_wake(hub) == INT64_MAX);
	assert_governs(f, KITA, err_text(ERR_AGAIN));
	hub_signing(hub, SIGNING_YES);
	settle(&f->node);
	assert_true(opens(f, 3, KITA, 1, KITA));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_epoch_is_that_of_the_namespace),
		T(the_longest_path_and_the_highest_number_govern),
		T(only_the_key_author_makes_epochs),
		cmocka_unit_test(a_reader_gets_what_lies_below_its_prefix),
		T(a_new_epoch_follows_a_right_that_ends),
		T(a_new_epoch_waits_for_the_time_of_others),
		T(expired_tokens_wait_for_each_other),
		T(early_after_a_start_nothing_new_is_made),
		T(who_is_behind_waits_for_what_others_know),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
