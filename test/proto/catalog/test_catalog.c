/* Datasets as people see them: finding, listing, reading, and why something cannot be read. */
#include "crypto/path.h"
#include "proto/catalog/catalog.h"

#include "proto/ledger/held.h"
#include "store/chunks.h"
#include "test/proto/made.h"
#include "test/proto/press.h"

/*
 * The node is member 2; member 3 has a node of its own, which publishes. Both have the federation
 * key.
 */
struct fixture {
	struct test_federation fed;
	struct hub_node node, other;
	char why[WHY_LEN];
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	struct hub_node *nodes[] = {&f->node, &f->other};
	test_federation_init(&f->fed, 4, 1, 1);
	for (unsigned i = 0; i < 2; i++) {
		hub_node_open(nodes[i], &f->fed, &f->fed.orgs[i + 1]);
		hub_node_machines(nodes[i]);
		fedkeys_store(&nodes[i]->hub, nodes[i]->txn, 1, &f->fed.fed_key);
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	hub_node_close(&f->node);
	hub_node_close(&f->other);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static void take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	if (arrival->record.kind == RECORD_LINE)
		rights_arrival(hub, txn, &arrival->record);
	epochs_arrival(hub, txn, &arrival->record);
}

/* All records of the other node come; its chunks do not. */
static void meet(struct fixture *f)
{
	made_copy(&f->other, &f->node, author_of(3, 0), take);
}

/* Chunks of one version come, too. */
static void fetch(struct fixture *f, const char *path, uint64_t number)
{
	struct dataset_id dataset = test_dataset(&f->fed, 3, path);
	struct version_id of = {dataset, number, author_of(3, 0)};
	struct walk walk = walk_begin(f->other.txn, TABLE_CHUNK, id_bytes(&dataset));
	struct held held;
	while (walk_next(&walk))
		txn_put(f->node.txn, TABLE_CHUNK, walk.key, walk.value);
	struct row_key prefix = held_key(&of);
	walk = walk_begin(f->other.txn, TABLE_INDEX, row_key_bytes(&prefix));
	while (walk_next(&walk))
		txn_put(f->node.txn, TABLE_INDEX, walk.key, walk.value);
	assert_true(held_get(f->other.txn, &of, &held));
	held_put(f->node.txn, &of, &held);
}

static enum err find(struct fixture *f, const char *path, uint64_t number,
		     struct catalog_entry *entry)
{
	f->why[0] = 0;
	return catalog_find(&f->node.hub, f->node.txn, path, number, entry, f->why);
}

static enum err readable(struct fixture *f, const char *path, uint64_t number)
{
	struct reading reading;
	f->why[0] = 0;
	enum err err = catalog_read(&f->node.hub, f->node.txn, path, number, &reading, f->why);
	if (!err) {
		assert_int_equal(reading.version.number, reading.number);
		reading_fini(&reading);
	}
	return err;
}

static void leaves(struct fixture *f, uint32_t member)
{
	struct charter_change changes[2] = {
		{.kind = CHARTER_REMOVE, .member.number = member},
		{.kind = CHARTER_KEY, .key_number = 2, .has_sealed = true}};
	made_charter(&f->node, &f->fed, changes, 2);
}

/* ---- finding ---- */

/* Whichever verb asks, the sentence is the same. */
static void what_is_not_found_is_said_in_one_way(void **state)
{
	static const struct {
		const char *path;
		uint64_t number;
		enum err err;
		const char *says;
	} cases[] = {
		{"Gemeinde-3/plan", 0, ERR_CONFIG,
		 "\"Gemeinde-3/plan\" is no dataset: write SLUG/PATH, each part of a-z, 0-9, '.', "
		 "'_' and "
		 "'-'."},
		{"", 0, ERR_CONFIG, "\"\" is no dataset"},
		{"gemeinde-3/none", 0, ERR_ABSENT,
		 "no dataset gemeinde-3/none is known here: see `allmende ls`."},
		{"gemeinde-3/none", 7, ERR_ABSENT, "no dataset gemeinde-3/none is known here"},
		{"gemeinde-3/plan", 7, ERR_ABSENT,
		 "gemeinde-3/plan has no version 7 here: see `allmende log gemeinde-3/plan`."},
		{"gemeinde-4/plan", 0, ERR_ABSENT, "gemeinde-4/plan has no version here any more."},
		{"gemeinde-4/plan", 1, ERR_ABSENT, "gemeinde-4/plan has no version 1 here"},
	};
	struct fixture *f = *state;
	struct parcel gone = {.member = 4, .path = "gemeinde-4/plan"};
	struct catalog_entry entry;
	press_version(&f->other, "gemeinde-3/plan", TIER_MEMBERS, "a", 1);
	meet(f);
	parcel_make(&gone, &f->fed);
	parcel_known(&gone, &f->node, &f->fed, NULL);
	leaves(f, 4);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(find(f, cases[i].path, cases[i].number, &entry), cases[i].err);
		assert_non_null(strstr(f->why, cases[i].says));
		assert_int_equal(readable(f, cases[i].path, cases[i].number), cases[i].err);
		assert_non_null(strstr(f->why, cases[i].says));
	}
	parcel_fini(&gone);
}

static void an_entry_says_what_is_here(void **state)
{
	struct fixture *f = *state;
	struct catalog_entry entry;
	press_version(&f->other, "gemeinde-3/plan", TIER_MEMBERS, "a", 1);
	press_version(&f->other, "gemeinde-3/plan", TIER_MEMBERS, "b", 2);
	press_version(&f->node, "gemeinde-2/plan", TIER_MEMBERS, "c", 1);
	meet(f);
	fetch(f, "gemeinde-3/plan", 1);
	static const struct {
		const char *path;
		uint64_t number, found;
		bool held, own, current;
	} cases[] = {
		{"gemeinde-3/plan", 0, 2, false, false, true},
		{"gemeinde-3/plan", 2, 2, false, false, true},
		{"gemeinde-3/plan", 1, 1, true, false, false},
		{"gemeinde-2/plan", 0, 1, true, true, true},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(find(f, cases[i].path, cases[i].number, &entry), ERR_OK);
		assert_string_equal(entry.path, cases[i].path);
		assert_int_equal(entry.number, cases[i].found);
		assert_int_equal(entry.held, cases[i].held);
		assert_int_equal(entry.own, cases[i].own);
		assert_int_equal(entry.current, cases[i].current);
		assert_true(entry.readable && !entry.former && !entry.damaged);
		assert_true(bytes_eq(entry.description.title, bytes_str("Ein Datensatz")));
		assert_int_equal(entry.description.byte_count, 1);
		catalog_entry_fini(&entry);
	}
	/* Of a former member what is held stays, and nothing else. */
	leaves(f, 3);
	assert_int_equal(find(f, "gemeinde-3/plan", 0, &entry), ERR_OK);
	assert_int_equal(entry.number, 1);
	assert_true(entry.former && entry.current && entry.held);
	catalog_entry_fini(&entry);
	assert_int_equal(find(f, "gemeinde-3/plan", 2, &entry), ERR_ABSENT);
}

/* Every member can read what a granted dataset is about; what it says only who has its key. */
static void what_it_is_about_everybody_reads(void **state)
{
	static const struct {
		enum tier tier;
		bool fed_key, described, readable;
	} cases[] = {
		{TIER_OPEN, true, true, true},     {TIER_OPEN, false, true, true},
		{TIER_MEMBERS, true, true, true},  {TIER_MEMBERS, false, false, false},
		{TIER_GRANTED, true, true, false}, {TIER_GRANTED, false, false, false},
	};
	struct fixture *f = *state;
	struct catalog_entry entry;
	press_version(&f->other, "gemeinde-3/t1", TIER_OPEN, "a", 1);
	press_version(&f->other, "gemeinde-3/t2", TIER_MEMBERS, "a", 1);
	press_version(&f->other, "gemeinde-3/t3", TIER_GRANTED, "a", 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char path[40];
		snprintf(path, sizeof(path), "gemeinde-3/t%d", (int)cases[i].tier);
		fedkeys_close(&f->node.hub);
		f->node.machines.fedkeys = (struct fedkeys){0};
		if (cases[i].fed_key)
			fedkeys_store(&f->node.hub, f->node.txn, 1, &f->fed.fed_key);
		meet(f);
		assert_int_equal(find(f, path, 0, &entry), ERR_OK);
		assert_int_equal(entry.readable, cases[i].readable);
		assert_int_equal(entry.description.title.len > 0, cases[i].described);
		catalog_entry_fini(&entry);
	}
}

/* ---- lists ---- */

struct listing {
	char text[400];
	unsigned max;
	const char *pattern; /* NULL: all */
};

static bool list_add(void *arg, const struct catalog_entry *entry)
{
	struct listing *out = arg;
	size_t len = strlen(out->text);
	if (out->pattern && !path_match(bytes_str(out->pattern), bytes_str(entry->path)) &&
	    !path_match(bytes_str(out->pattern), bytes_str(entry->stored)))
		return true;
	snprintf(out->text + len, sizeof(out->text) - len, "%s%s@%d%s", len ? " " : "", entry->path,
		 (int)entry->number, entry->current ? "" : "-");
	return --out->max > 0;
}

static void lists_are_in_order_of_path(void **state)
{
	static const struct {
		const char *pattern, *after;
		unsigned max;
		const char *list;
	} cases[] = {
		{NULL, NULL, 9, "gemeinde-2/a@2 gemeinde-2/b/c@1 gemeinde-3/a@1 gemeinde-3/b@1"},
		{NULL, NULL, 2, "gemeinde-2/a@2 gemeinde-2/b/c@1"},
		{NULL, "gemeinde-2/b/c", 9, "gemeinde-3/a@1 gemeinde-3/b@1"},
		{NULL, "gemeinde-2/b", 1, "gemeinde-2/b/c@1"},
		{"*/a", NULL, 9, "gemeinde-2/a@2 gemeinde-3/a@1"},
		{"*/a", NULL, 1, "gemeinde-2/a@2"},
		{"gemeinde-2/**", "gemeinde-2/a", 9, "gemeinde-2/b/c@1"},
		{"*/none", NULL, 9, ""},
	};
	struct fixture *f = *state;
	press_version(&f->other, "gemeinde-3/b", TIER_MEMBERS, "a", 1);
	press_version(&f->other, "gemeinde-3/a", TIER_MEMBERS, "a", 1);
	press_version(&f->node, "gemeinde-2/b/c", TIER_MEMBERS, "a", 1);
	press_version(&f->node, "gemeinde-2/a", TIER_MEMBERS, "a", 1);
	press_version(&f->node, "gemeinde-2/a", TIER_MEMBERS, "b", 2);
	meet(f);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct listing out = {.max = cases[i].max};
		struct catalog_list list = catalog_list_begin(cases[i].pattern, cases[i].after);
		catalog_list(&f->node.hub, f->node.txn, &list, list_add, &out);
		assert_string_equal(out.text, cases[i].list);
	}
}

/* With a pattern is told what matches of all that there is, in however many steps. */
static void a_pattern_skips_nothing_that_matches(void **state)
{
	static const char *const paths[] = {"gemeinde-2/b",   "gemeinde-2/b-x/c", "gemeinde-2/b.x",
					    "gemeinde-2/b/c", "gemeinde-2/b/c/d", "gemeinde-2/ba/c",
					    "gemeinde-2/z/c"};
	static const char *const others[] = {"gemeinde-3/b/c", "gemeinde-3/a/c", "gemeinde-3/c"};
	static const char *const patterns[] = {"gemeinde-2/b",
					       "gemeinde-2/b/**",
					       "gemeinde-2/*/c",
					       "*/b/c",
					       "*/b/**",
					       "*/*",
					       "**",
					       "gemeinde-2/**",
					       "gemeinde-3/*",
					       "gemeinde-3/b/*",
					       "*/*/c",
					       "gemeinde-2/y/hidden",
					       "gemeinde-2/y/**",
					       "*/y/hidden",
					       "gemeinde-1/**",
					       "gemeinde-20/**",
					       "gemeinde-2/b/c/d/e"};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(paths); i++)
		press_version(&f->node, paths[i], TIER_OPEN, "a", 1);
	for (size_t i = 0; i < COUNT(others); i++)
		press_version(&f->other, others[i], TIER_OPEN, "a", 1);
	press_version(&f->node, "gemeinde-2/y/hidden", TIER_HIDDEN, "a", 1);
	meet(f);
	for (size_t i = 0; i < COUNT(patterns); i++) {
		struct listing all = {.max = 99, .pattern = patterns[i]}, some = {.max = 1};
		struct catalog_list list = catalog_list_begin(NULL, NULL);
		assert_false(catalog_list(&f->node.hub, f->node.txn, &list, list_add, &all));
		list = catalog_list_begin(patterns[i], NULL);
		while (catalog_list(&f->node.hub, f->node.txn, &list, list_add, &some))
			some.max = 1;
		assert_string_equal(some.text, all.text);
	}
}

/* A list costs what it tells, not what there is beside it. */
static void a_pattern_costs_what_it_names(void **state)
{
	struct fixture *f = *state;
	uint64_t lookups[2];
	char path[40];

	press_version(&f->node, "gemeinde-2/k/a", TIER_OPEN, "a", 1);
	press_version(&f->node, "gemeinde-2/k/b", TIER_OPEN, "a", 1);
	for (size_t i = 0; i < COUNT(lookups); i++) {
		struct listing out = {.max = 99};
		struct catalog_list list = catalog_list_begin("gemeinde-2/k/**", NULL);
		const uint64_t before = txn_cost(f->node.txn).lookups;
		assert_false(catalog_list(&f->node.hub, f->node.txn, &list, list_add, &out));
		assert_string_equal(out.text, "gemeinde-2/k/a@1 gemeinde-2/k/b@1");
		lookups[i] = txn_cost(f->node.txn).lookups - before;
		for (unsigned n = 0; i == 0 && n < 60; n++) {
			snprintf(path, sizeof(path), "gemeinde-2/%c/n%u", n % 2 ? 'j' : 'l', n);
			press_version(&f->node, path, TIER_OPEN, "a", 1);
		}
	}
	/* One row more on either side of it. */
	assert_true(lookups[1] <= lookups[0] + 4);
}

static void a_log_begins_with_the_newest(void **state)
{
	struct fixture *f = *state;
	struct listing all = {.max = 9}, two = {.max = 2}, none = {.max = 9};
	struct hub *hub = &f->node.hub;
	press_version(&f->node, "gemeinde-2/a", TIER_MEMBERS, "a", 1);
	press_version(&f->node, "gemeinde-2/a", TIER_MEMBERS, "b", 2);
	press_version(&f->node, "gemeinde-2/a", TIER_MEMBERS, "c", 3);
	assert_int_equal(catalog_log(hub, f->node.txn, "gemeinde-2/a", list_add, &all, f->why),
			 ERR_OK);
	assert_string_equal(all.text, "gemeinde-2/a@3 gemeinde-2/a@2- gemeinde-2/a@1-");
	assert_int_equal(catalog_log(hub, f->node.txn, "gemeinde-2/a", list_add, &two, f->why),
			 ERR_OK);
	assert_string_equal(two.text, "gemeinde-2/a@3 gemeinde-2/a@2-");
	assert_int_equal(catalog_log(hub, f->node.txn, "gemeinde-2/b", list_add, &none, f->why),
			 ERR_ABSENT);
	assert_string_equal(none.text, "");
	assert_non_null(strstr(f->why, "no dataset gemeinde-2/b is known here"));
}

/* ---- reading ---- */

static void who_can_not_read_is_told_why(void **state)
{
	struct fixture *f = *state;
	struct press asks = {
		.options = {.path = "gemeinde-3/asks",
			    .has_tier = true,
			    .tier = TIER_GRANTED,
			    .description.contact_email = bytes_str("kita@gemeinde-3.de")},
		.content = bytes_str("a")};
	press_version(&f->other, "gemeinde-3/open", TIER_OPEN, "a", 1);
	press_version(&f->other, "gemeinde-3/members", TIER_MEMBERS, "a", 1);
	press_version(&f->other, "gemeinde-3/granted", TIER_GRANTED, "a", 1);
	assert_int_equal(press_all(&asks, &f->other), ERR_OK);
	catalog_entry_fini(&asks.entry);
	meet(f);
	assert_int_equal(readable(f, "gemeinde-3/open", 0), ERR_AGAIN);
	assert_string_equal(f->why,
			    "gemeinde-3/open@1 is known, but its data is not here yet: fetch "
			    "it with `allmende get`.");
	fetch(f, "gemeinde-3/open", 1);
	assert_int_equal(readable(f, "gemeinde-3/open", 0), ERR_OK);
	assert_int_equal(readable(f, "gemeinde-3/granted", 0), ERR_DENIED);
	assert_string_equal(f->why, "Gemeinde 3 has not granted you gemeinde-3/granted. Ask "
				    "Gemeinde 3 for \"read\".");
	assert_int_equal(readable(f, "gemeinde-3/asks", 0), ERR_DENIED);
	assert_non_null(strstr(f->why, "Ask kita@gemeinde-3.de for \"read\"."));
	/* The right comes before the key. */
	struct gift gift = {.from = 3, .to = 2, .prefix = "gemeinde-3"};
	gift_made(&gift, &f->node, &f->fed, take);
	assert_int_equal(readable(f, "gemeinde-3/granted", 0), ERR_AGAIN);
	assert_string_equal(f->why,
			    "you may read gemeinde-3/granted, but its key has not come here "
			    "yet: try again when the node of Gemeinde 3 has been linked.");
	fedkeys_close(&f->node.hub);
	f->node.machines.fedkeys = (struct fedkeys){0};
	assert_int_equal(readable(f, "gemeinde-3/members", 0), ERR_DENIED);
	assert_string_equal(f->why,
			    "the key for gemeinde-3/members is not here: ask Gemeinde 3 for "
			    "\"read\".");
}

static void a_right_and_its_key_open_what_is_granted(void **state)
{
	struct fixture *f = *state;
	struct gift gift = {.from = 3, .to = 2, .prefix = "gemeinde-3/kita"};
	struct catalog_entry entry;
	press_version(&f->other, "gemeinde-3/kita/a", TIER_GRANTED, "a", 1);
	press_version(&f->other, "gemeinde-3/bau/a", TIER_GRANTED, "a", 1);
	gift_made(&gift, &f->other, &f->fed, take);
	epochs_settle(&f->other.hub, f->other.txn);
	meet(f);
	fetch(f, "gemeinde-3/kita/a", 1);
	fetch(f, "gemeinde-3/bau/a", 1);
	assert_int_equal(readable(f, "gemeinde-3/kita/a", 0), ERR_OK);
	assert_int_equal(readable(f, "gemeinde-3/bau/a", 0), ERR_DENIED);
	assert_int_equal(find(f, "gemeinde-3/kita/a", 0, &entry), ERR_OK);
	assert_true(entry.readable);
	catalog_entry_fini(&entry);
}

/* ---- verifying ---- */

static void what_is_wrong_here_is_found(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct buf text;
	uint64_t cursor = 0, looked = 0, parts = 0;
	buf_init(&text, 10000);
	press_version(&f->node, "gemeinde-2/a", TIER_MEMBERS, "a", 1);
	press_version(&f->node, "gemeinde-2/b", TIER_MEMBERS, "b", 1);
	press_version(&f->node, "gemeinde-2/c", TIER_MEMBERS, "c", 1);
	ledger_head_make(&hub->ledger, f->node.txn, NULL);
	hub_node_turn(&f->node);
	assert_false(catalog_verify(hub, f->node.txn, &cursor, 1000, &text, &looked));
	assert_int_equal(text.len, 0);
	assert_int_equal(looked, 1 + 3 * 2); /* the author; of each version two chunks */
	/* In parts it is as much. */
	for (cursor = looked = 0; catalog_verify(hub, f->node.txn, &cursor, 1, &text, &looked);)
		parts++;
	assert_int_equal(looked, 7);
	assert_true(parts >= 3);
	struct dataset_id a = test_dataset(&f->fed, 2, "gemeinde-2/a"),
			  b = test_dataset(&f->fed, 2, "gemeinde-2/b");
	struct walk walk = walk_begin(f->node.txn, TABLE_CHUNK, id_bytes(&a));
	while (walk_next(&walk))
		txn_del(f->node.txn, TABLE_CHUNK, bytes_of(walk.last, walk.last_len));
	walk = walk_begin(f->node.txn, TABLE_INDEX, id_bytes(&b));
	assert_true(walk_next(&walk));
	txn_del(f->node.txn, TABLE_INDEX, bytes_of(walk.last, walk.last_len));
	cursor = looked = 0;
	assert_false(catalog_verify(hub, f->node.txn, &cursor, 1000, &text, &looked));
	buf_add_u8(&text, 0);
	assert_non_null(strstr((char *)text.ptr, "gemeinde-2/a@1: 2 of its chunks are missing"));
	assert_non_null(strstr((char *)text.ptr,
			       "gemeinde-2/b@1: its index here is not that of its record"));
	assert_null(strstr((char *)text.ptr, "gemeinde-2/c"));
	buf_fini(&text);
}

/* ---- who holds it ---- */

/*
 * PROTOCOL: "Copies of one organisation, and of organisations that name one operator, count as
 * one."
 */
static void copies_that_fail_together_count_as_one(void **state)
{
	static const struct {
		struct catalog_holder holders[3];
		size_t copies;
	} cases[] = {
		{{{.slug = "a"}, {.slug = "b"}, {.slug = "c"}}, 3},
		{{{.slug = "a"}, {.slug = "a"}, {.slug = "b"}}, 2},
		{{{.slug = "a", .operator_name = "Rechenzentrum"},
		  {.slug = "b", .operator_name = "Rechenzentrum"},
		  {.slug = "c"}},
		 2},
		/* naming others makes no copies */
		{{{.slug = "a", .operator_name = "x"},
		  {.slug = "a"},
		  {.slug = "a", .operator_name = "y"}},
		 1},
		{{{.slug = "a", .operator_name = "x"},
		  {.slug = "b", .operator_name = "y"},
		  {.slug = "a", .operator_name = "y"}},
		 1},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct catalog_holder holders[3];
		memcpy(holders, cases[i].holders, sizeof(holders));
		/* whoever only says so is no copy, and joins none */
		assert_int_equal(catalog_copies(holders, 3), 0);
		for (size_t k = 0; k < 3; k++)
			holders[k].proved = true;
		assert_int_equal(catalog_copies(holders, 3), cases[i].copies);
		assert_int_equal(catalog_copies(holders, 1), 1);
	}
	assert_int_equal(catalog_copies(NULL, 0), 0);
	(void)state;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_not_found_is_said_in_one_way),
		T(an_entry_says_what_is_here),
		T(what_it_is_about_everybody_reads),
		T(lists_are_in_order_of_path),
		T(a_pattern_skips_nothing_that_matches),
		T(a_pattern_costs_what_it_names),
		T(a_log_begins_with_the_newest),
		T(who_can_not_read_is_told_why),
		T(a_right_and_its_key_open_what_is_granted),
		T(what_is_wrong_here_is_found),
		cmocka_unit_test(copies_that_fail_together_count_as_one),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
