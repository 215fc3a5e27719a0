/* Which datasets are kept here: patterns, reading and relaying. */
#include "proto/transfer/subscription.h"

#include "test/proto/made.h"

/* The node is member 2, and no steward. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
	char why[WHY_LEN];
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 3, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[1]);
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

static enum err add(struct fixture *f, const char *pattern, bool relay)
{
	struct subscription s = {bytes_str(pattern), relay};
	f->why[0] = 0;
	return subscription_add(&f->node.hub, f->node.txn, &s, f->why);
}

static enum err drop(struct fixture *f, const char *pattern)
{
	f->why[0] = 0;
	return subscription_drop(&f->node.hub, f->node.txn, pattern, f->why);
}

static bool asks(struct fixture *f, const char *path, enum tier tier)
{
	struct version version = {.path = bytes_str(path), .tier = tier};
	return subscriptions_ask(&f->node.hub, f->node.txn, &version);
}

/* ---- what people say ---- */

static void patterns(void **state)
{
	static const struct {
		const char *pattern;
		enum err err;
		const char *says;
	} cases[] = {
		{"gemeinde-3/**", ERR_OK, ""},
		{"*/kita/*", ERR_OK, ""},
		{"gemeinde-3", ERR_OK, ""},
		{"gemeinde-3/**", ERR_EXISTS, "see `allmende subscriptions`"},
		{"**/kita", ERR_CONFIG, "is no pattern"},
		{"Gemeinde", ERR_CONFIG, "is no pattern"},
		{"", ERR_CONFIG, "is no pattern"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(add(f, cases[i].pattern, false), cases[i].err);
		assert_non_null(strstr(f->why, cases[i].says));
	}
	assert_int_equal(drop(f, "*/kita"), ERR_ABSENT);
	assert_string_equal(f->why, "*/kita is not subscribed: see `allmende subscriptions`.");
	assert_int_equal(drop(f, "*/kita/*"), ERR_OK);
	assert_int_equal(drop(f, "*/kita/*"), ERR_ABSENT);
}

static bool each_add(void *arg, const struct subscription *s, uint64_t held, uint64_t known)
{
	char *out = arg;
	sprintf(out + strlen(out), "%.*s%s %d/%d ", (int)s->pattern.len,
		(const char *)s->pattern.ptr, s->relay ? "+" : "", (int)held, (int)known);
	return known < 100;
}

static const char *shown(struct fixture *f, char out[200])
{
	out[0] = 0;
	subscription_each(&f->node.hub, f->node.txn, each_add, out);
	return out;
}

/* Saying it again with another word about reading takes the place of what was said. */
static void it_lasts_and_is_replaced(void **state)
{
	struct fixture *f = *state;
	char out[200];
	assert_int_equal(add(f, "*/a", false), ERR_OK);
	assert_int_equal(add(f, "*/b", true), ERR_OK);
	assert_string_equal(shown(f, out), "*/a 0/0 */b+ 0/0 ");
	hub_node_machines(&f->node);
	assert_string_equal(shown(f, out), "*/a 0/0 */b+ 0/0 ");
	assert_int_equal(add(f, "*/b", true), ERR_EXISTS);
	assert_int_equal(add(f, "*/b", false), ERR_OK);
	assert_string_equal(shown(f, out), "*/a 0/0 */b 0/0 ");
}

/* Rows of before there were options are the pattern alone. */
static void an_old_row_is_read(void **state)
{
	struct fixture *f = *state;
	struct bytes pattern = bytes_str("gemeinde-3/**");
	struct row_key key = key_text(pattern);
	char out[200];
	txn_put(f->node.txn, TABLE_SUBSCRIPTION, row_key_bytes(&key), pattern);
	hub_node_machines(&f->node);
	assert_string_equal(shown(f, out), "gemeinde-3/** 0/0 ");
	assert_true(asks(f, "gemeinde-3/kita", TIER_MEMBERS));
}

static void what_is_known_and_held_is_counted(void **state)
{
	static const char *const paths[] = {"gemeinde-3/a", "gemeinde-3/b", "gemeinde-1/a"};
	struct fixture *f = *state;
	struct parcel p[3];
	char out[200];
	for (size_t i = 0; i < 3; i++) {
		p[i] = (struct parcel){.member = i < 2 ? 3 : 1, .path = paths[i]};
		parcel_make(&p[i], &f->fed);
		parcel_known(&p[i], &f->node, &f->fed, NULL);
	}
	parcel_held(&p[1], &f->node);
	assert_int_equal(add(f, "gemeinde-3/**", false), ERR_OK);
	assert_int_equal(add(f, "*/a", false), ERR_OK);
	assert_string_equal(shown(f, out), "*/a 0/2 gemeinde-3/** 1/2 ");
	for (size_t i = 0; i < 3; i++)
		parcel_fini(&p[i]);
}

/* ---- what follows ---- */

/* It asks for what the organisation may read; with relay for all that it may hold. */
static void tier_and_right_decide(void **state)
{
	static const struct {
		const char *path;
		enum tier tier;
		bool reads, relays;
	} cases[] = {
		{"gemeinde-3/none", TIER_OPEN, true, true},
		{"gemeinde-3/none", TIER_MEMBERS, true, true},
		{"gemeinde-3/none", TIER_GRANTED, false, false},
		{"gemeinde-3/read/x", TIER_GRANTED, true, true},
		{"gemeinde-3/relay/x", TIER_GRANTED, false, true},
		{"gemeinde-3/relay/x", TIER_HIDDEN, false, true},
		{"gemeinde-3/relay", TIER_MEMBERS, true, true},
		{"gemeinde-2/own", TIER_GRANTED, true, true},
		{"gemeinde-2/own", TIER_HIDDEN, true, true},
		{"gemeinde-1/x", TIER_OPEN, false, false}, /* not subscribed */
	};
	struct fixture *f = *state;
	struct gift read = {.from = 3, .to = 2, .prefix = "gemeinde-3/read"},
		    relay = {.from = 3, .to = 2, .prefix = "gemeinde-3/relay", .verb = VERB_RELAY};
	gift_made(&read, &f->node, &f->fed, NULL);
	gift_made(&relay, &f->node, &f->fed, NULL);
	for (unsigned relays = 0; relays < 2; relays++) {
		assert_int_equal(add(f, "gemeinde-3/**", relays), ERR_OK);
		assert_int_equal(add(f, "gemeinde-2/**", relays), ERR_OK);
		for (size_t i = 0; i < COUNT(cases); i++)
			assert_int_equal(asks(f, cases[i].path, cases[i].tier),
					 relays ? cases[i].relays : cases[i].reads);
	}
	assert_int_equal(drop(f, "gemeinde-3/**"), ERR_OK);
	assert_false(asks(f, "gemeinde-3/none", TIER_OPEN));
}

static void a_relay_has_to_say_that_it_does_not_read(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(add(f, "gemeinde-1/**", false), ERR_OK);
	assert_true(asks(f, "gemeinde-1/x", TIER_MEMBERS));
	made_relay(&f->node, &f->fed, 2);
	assert_int_equal(add(f, "gemeinde-3/**", false), ERR_DENIED);
	assert_non_null(strstr(f->why, "`allmende subscribe --relay \"gemeinde-3/**\"`"));
	assert_int_equal(add(f, "gemeinde-3/**", true), ERR_OK);
	assert_true(asks(f, "gemeinde-3/x", TIER_MEMBERS));
	/* What it said as a member: it reads what is open, and nothing else any more. */
	assert_false(asks(f, "gemeinde-1/x", TIER_MEMBERS));
	assert_true(asks(f, "gemeinde-1/x", TIER_OPEN));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(patterns),
		T(it_lasts_and_is_replaced),
		T(an_old_row_is_read),
		T(what_is_known_and_held_is_counted),
		T(tier_and_right_decide),
		T(a_relay_has_to_say_that_it_does_not_read),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
