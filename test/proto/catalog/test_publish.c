/* Publishing: what is refused and in which words, what is inherited, what stays. */
#include "proto/catalog/again.h"
#include "proto/catalog/withdrawal.h"
#include "proto/content/pack.h"
#include "proto/ledger/held.h"
#include "proto/rights/epoch_make.h"
#include "store/chunks.h"
#include "test/proto/made.h"
#include "test/proto/press.h"

/* The node is member 2, with the federation key. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
};

#define PATH   "gemeinde-2/plan"
#define DAY_MS (24 * 3600 * INT64_C(1000))

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 3, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[1]);
	hub_node_machines(&f->node);
	fedkeys_store(&f->node.hub, f->node.txn, 1, &f->fed.fed_key);
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

/* Publishes so many bytes, all the same. */
static enum err publish(struct fixture *f, struct publish_options options, char byte, size_t len,
			struct press *p)
{
	char *content = mem_new(1, len + 1);
	memset(content, byte, len);
	options.path = options.path ? options.path : PATH;
	*p = (struct press){.options = options, .content = bytes_of(content, len)};
	enum err err = press_all(p, &f->node);
	if (!err)
		catalog_entry_fini(&p->entry);
	free(content);
	return err;
}

static struct catalog_entry found(struct fixture *f, uint64_t number)
{
	struct catalog_entry entry;
	char why[WHY_LEN];
	assert_int_equal(catalog_find(&f->node.hub, f->node.txn, PATH, number, &entry, why),
			 ERR_OK);
	return entry;
}

/* The numbers of the own versions, "1 2 5". */
static const char *versions(struct fixture *f, char out[80])
{
	struct walk walk = walk_begin(f->node.txn, TABLE_VERSION, bytes_of(NULL, 0));
	char before[80] = "";
	out[0] = 0;
	while (walk_next(&walk)) { /* the highest comes first */
		struct version_id of;
		held_of_key(&of, walk.key);
		strcpy(before, out);
		snprintf(out, 80, "%d%s%.70s", (int)of.number, before[0] ? " " : "", before);
	}
	return out;
}

/* ---- what is refused at once ---- */

static void names_of_others_and_no_names(void **state)
{
	static const struct {
		const char *path;
		enum err err;
		const char *says;
	} cases[] = {
		{"gemeinde-2", ERR_CONFIG, "is no name for a dataset: write gemeinde-2/NAME"},
		{"gemeinde-2/", ERR_CONFIG, "is no name for a dataset"},
		{"gemeinde-2/Plan", ERR_CONFIG, "is no name for a dataset"},
		{"", ERR_CONFIG, "is no name for a dataset"},
		{"gemeinde-3/plan", ERR_DENIED,
		 "lies in the namespace of Gemeinde 3, which has not granted you to write there"},
		{"gemeinde-3/plan", ERR_DENIED, "publish below gemeinde-2/"},
		{"gemeinde-22/plan", ERR_DENIED, "lies in nobody's namespace"},
	};
	struct fixture *f = *state;
	struct press p;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct publish_options options = {.path = cases[i].path};
		assert_int_equal(publish(f, options, 'a', 10, &p), cases[i].err);
		assert_non_null(strstr(p.why, cases[i].says));
	}
}

static void a_node_that_can_not_publish_says_why(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct publish_options granted = {.has_tier = true, .tier = TIER_GRANTED},
			       open = {.has_tier = true, .tier = TIER_OPEN};
	struct press p;
	hub->headroom = HEADROOM_NONE;
	assert_int_equal(publish(f, open, 'a', 10, &p), ERR_NOSPACE);
	assert_non_null(strstr(p.why, "raise size-limit"));
	hub->headroom = HEADROOM_OWN;
	f->node.limits.quota_record_count = 1; /* there is a contact */
	assert_int_equal(publish(f, open, 'a', 10, &p), ERR_NOSPACE);
	assert_non_null(strstr(p.why, "has 1 of 1 records"));
	assert_non_null(strstr(p.why, "keep fewer versions (publish --keep)"));
	f->node.limits = limits_default();
	hub_signing(hub, SIGNING_WAITS);
	assert_int_equal(publish(f, granted, 'a', 10, &p), ERR_AGAIN);
	assert_non_null(strstr(p.why, "this node has just started"));
	f->node.identity.node_index = 1;
	assert_int_equal(publish(f, granted, 'a', 10, &p), ERR_DENIED);
	assert_non_null(strstr(p.why, "this node makes no keys"));
	made_relay(&f->node, &f->fed, 3); /* a new key, which is not here */
	assert_int_equal(publish(f, (struct publish_options){.path = NULL}, 'a', 10, &p),
			 ERR_AGAIN);
	assert_non_null(strstr(p.why, "the key of the federation is not here yet"));
	hub_signing(hub, SIGNING_YES);
	assert_int_equal(publish(f, open, 'a', 10, &p), ERR_OK);
	hub->author = 0;
	hub->place = PLACE_NONE;
	assert_int_equal(publish(f, open, 'b', 10, &p), ERR_ABSENT);
	assert_non_null(strstr(p.why, "not in a federation yet"));
}

/* Others would not list what it makes, and neither would this node. */
static void a_node_without_the_role_makes_no_version(void **state)
{
	struct fixture *f = *state;
	struct press p = {.options = {.path = PATH}, .content = bytes_str("a")};
	char all[80];
	assert_int_equal(press_begin(&p, &f->node), ERR_OK);
	press_write(&p, &f->node);
	made_roles(&f->node, &f->fed, 2, ORGLOG_ROLE_ADMIN | ORGLOG_ROLE_KEY_AUTHOR, TEST_TIME_MS);
	assert_int_equal(press_commit(&p, &f->node), ERR_DENIED);
	assert_string_equal(p.why, "this node may not publish: `allmende node list` shows which "
				   "nodes of Gemeinde 2 may.");
	press_end(&p);
	assert_int_equal(press_begin(&p, &f->node), ERR_DENIED);
	assert_non_null(strstr(p.why, "this node may not publish"));
	assert_string_equal(versions(f, all), "");
	made_roles(&f->node, &f->fed, 2, ORGLOG_ROLE_ADMIN | ORGLOG_ROLE_PUBLISH, TEST_TIME_MS);
	assert_int_equal(press_all(&p, &f->node), ERR_OK);
	catalog_entry_fini(&p.entry);
}

/* ---- once more ---- */

/* The chunks of an own version of PATH; by whose key they open: that of `opener`. */
struct sealed {
	struct chunk_addr addrs[64];
	unsigned count, opened;
	uint64_t bytes;
};

static struct sealed sealed_chunks(struct fixture *f, uint64_t number, uint64_t opener)
{
	struct sealed out = {.count = 0};
	struct packer *packer = packer_open();
	struct reading version, by;
	char why[WHY_LEN];
	assert_int_equal(catalog_read(&f->node.hub, f->node.txn, PATH, number, &version, why),
			 ERR_OK);
	assert_int_equal(catalog_read(&f->node.hub, f->node.txn, PATH, opener, &by, why), ERR_OK);
	const struct version_id of = {version.dataset, number, f->node.hub.author};
	struct row_key rows = key_version(&of.dataset, of.number, of.author);
	struct walk walk = walk_begin(f->node.txn, TABLE_INDEX, row_key_bytes(&rows));
	while (walk_next(&walk)) {
		struct bytes chunk;
		struct buf plain;
		assert_true(out.count < COUNT(out.addrs));
		struct chunk_addr *addr = &out.addrs[out.count++];
		memcpy(addr->b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
		assert_true(chunks_get(f->node.txn, &of.dataset, addr, &chunk));
		out.bytes += chunk.len;
		/* Whichever kind it is of. */
		for (unsigned kind = 0; kind < 2; kind++) {
			struct box_context context = {.dataset = of.dataset,
						      .epoch_number = by.version.epoch_number,
						      .kind = kind ? BOX_KIND_MANIFEST
								   : BOX_KIND_CONTENT};
			struct box_keys keys;
			hash_once(context.epoch_prefix.b, "am1.prefix", by.version.epoch_prefix);
			box_keys_derive(&keys, &by.dataset_key);
			buf_init(&plain, LIMIT_CHUNK_PLAIN_MAX);
			out.opened += !chunk_open(packer, &plain, &keys, &context, addr, chunk,
						  bytes_of(NULL, 0));
			buf_fini(&plain);
			box_keys_wipe(&keys);
		}
	}
	packer_close(packer);
	reading_fini(&version);
	reading_fini(&by);
	return out;
}

/* All of it is under the new key, of the same size, and the old key opens none of it. */
static void once_more_under_the_new_key(void **state)
{
	enum { LEN = 300000 };
	struct fixture *f = *state;
	struct publish_options granted = {.path = PATH, .has_tier = true, .tier = TIER_GRANTED};
	struct press p = {.options = granted};
	struct again again = {.number = 0};
	struct epoch_list list;
	struct buf content;
	buf_init(&content, LEN);
	for (uint32_t i = 0; content.len + 8 <= LEN; i++)
		buf_add_be64(&content, i * UINT64_C(0x9e3779b97f4a7c15));
	/* The first version names none before it, which is a few bytes less. */
	p.content = bytes_str("a,b");
	assert_int_equal(press_all(&p, &f->node), ERR_OK);
	catalog_entry_fini(&p.entry);
	p.content = buf_bytes(&content);
	assert_int_equal(press_all(&p, &f->node), ERR_OK);
	catalog_entry_fini(&p.entry);
	epoch_list_load(&f->node.hub, f->node.txn, &list, 2);
	assert_int_equal(
		epoch_make(&f->node.hub, f->node.txn, &list, bytes_str("gemeinde-2"), false, NULL),
		ERR_OK);
	epoch_list_fini(&list);
	/* Another epoch alone is nothing new. */
	assert_int_equal(press_all(&p, &f->node), ERR_OK);
	assert_int_equal(p.outcome, PUBLISH_UNCHANGED);
	catalog_entry_fini(&p.entry);
	assert_true(again_next(&f->node.hub, f->node.txn, bytes_str("gemeinde-2"), false, &again));
	assert_string_equal(again.name, PATH);
	p.options = (struct publish_options){.path = PATH, .anew = true};
	assert_int_equal(press_all(&p, &f->node), ERR_OK);
	assert_int_equal(p.outcome, PUBLISH_MADE);
	assert_int_equal(p.entry.number, 3);
	catalog_entry_fini(&p.entry);
	struct sealed before = sealed_chunks(f, 2, 2), after = sealed_chunks(f, 3, 3);
	assert_true(before.count > 2);
	assert_int_equal(before.opened, before.count);
	assert_int_equal(after.opened, after.count);
	assert_int_equal(sealed_chunks(f, 3, 2).opened, 0);
	/* What is shown before is what is sent. */
	assert_int_equal(after.bytes, again.bytes);
	assert_int_equal(before.bytes, again.bytes);
	for (unsigned i = 0; i < after.count; i++)
		for (unsigned k = 0; k < before.count; k++)
			assert_false(id_eq(&after.addrs[i], &before.addrs[k]));
	assert_false(again_next(&f->node.hub, f->node.txn, bytes_str("gemeinde-2"), true, &again));
	buf_fini(&content);
}

/* ---- for whom ---- */

static void a_wider_tier_wants_a_word(void **state)
{
	static const struct {
		enum tier before, asked; /* 0: nothing is asked */
		bool widen;
		enum err err;
		enum tier then;
	} cases[] = {
		{TIER_MEMBERS, TIER_OPEN, false, ERR_DENIED, 0},
		{TIER_MEMBERS, TIER_OPEN, true, ERR_OK, TIER_OPEN},
		{TIER_OPEN, TIER_MEMBERS, false, ERR_OK, TIER_MEMBERS},
		{TIER_OPEN, 0, false, ERR_OK, TIER_OPEN},
		{TIER_GRANTED, 0, false, ERR_OK, TIER_GRANTED},
		{TIER_GRANTED, TIER_MEMBERS, false, ERR_DENIED, 0},
		{TIER_GRANTED, TIER_MEMBERS, true, ERR_OK, TIER_MEMBERS},
		{TIER_MEMBERS, TIER_GRANTED, false, ERR_OK, TIER_GRANTED},
		{TIER_MEMBERS, TIER_HIDDEN, true, ERR_DENIED, 0},
		{TIER_OPEN, TIER_HIDDEN, true, ERR_DENIED, 0},
		{TIER_HIDDEN, 0, false, ERR_OK, TIER_HIDDEN},
		{TIER_HIDDEN, TIER_HIDDEN, false, ERR_OK, TIER_HIDDEN},
		{TIER_HIDDEN, TIER_GRANTED, true, ERR_DENIED, 0},
		{TIER_HIDDEN, TIER_OPEN, true, ERR_DENIED, 0},
		{TIER_MEMBERS, TIER_MEMBERS, false, ERR_OK, TIER_MEMBERS},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char path[40];
		struct press p;
		struct publish_options options = {
			.path = path, .has_tier = true, .tier = cases[i].before};
		snprintf(path, sizeof(path), "gemeinde-2/x%d", (int)i);
		assert_int_equal(publish(f, options, 'a', 100, &p), ERR_OK);
		options.has_tier = cases[i].asked;
		options.tier = cases[i].asked;
		options.widen = cases[i].widen;
		assert_int_equal(publish(f, options, 'b', 100, &p), cases[i].err);
		if (cases[i].err == ERR_DENIED)
			assert_non_null(strstr(
				p.why, cases[i].asked == TIER_HIDDEN    ? "nothing becomes hidden"
				       : cases[i].before == TIER_HIDDEN ? "is hidden, and nothing"
									: "say --widen if that"));
		if (!cases[i].err)
			assert_int_equal(p.entry.tier, 0); /* released */
		struct catalog_entry entry;
		assert_int_equal(catalog_find(&f->node.hub, f->node.txn, path, 0, &entry, p.why),
				 ERR_OK);
		assert_int_equal(entry.tier, cases[i].err ? cases[i].before : cases[i].then);
		assert_true(entry.readable);
		catalog_entry_fini(&entry);
	}
}

/* ---- how much ---- */

static void less_than_half_wants_a_word(void **state)
{
	static const struct {
		size_t before, now;
		bool allow;
		enum err err;
	} cases[] = {
		{1000, 500, false, ERR_OK},   {1000, 499, false, ERR_DENIED},
		{1001, 501, false, ERR_OK},   {1001, 500, false, ERR_DENIED},
		{1000, 0, false, ERR_DENIED}, {1000, 0, true, ERR_OK},
		{1000, 499, true, ERR_OK},    {0, 0, false, ERR_OK},
		{0, 1000, false, ERR_OK},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char path[40];
		struct press p;
		struct publish_options options = {.path = path};
		snprintf(path, sizeof(path), "gemeinde-2/x%d", (int)i);
		assert_int_equal(publish(f, options, 'a', cases[i].before, &p), ERR_OK);
		options.allow_shrink = cases[i].allow;
		assert_int_equal(publish(f, options, 'b', cases[i].now, &p), cases[i].err);
		if (cases[i].err)
			assert_non_null(strstr(p.why, "say --allow-shrink if it is not"));
	}
}

/* ---- what a version is ---- */

static void the_outcome_is_the_version_that_was_made(void **state)
{
	static const enum tier tiers[] = {TIER_OPEN, TIER_MEMBERS, TIER_GRANTED};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(tiers); i++) {
		struct press p = {.options = {.path = PATH,
					      .has_tier = true,
					      .tier = tiers[i],
					      .description.title = bytes_str("Plan")},
				  .content = bytes_str("a,b\n")};
		hub_node_pass(&f->node, 1000);
		assert_int_equal(press_all(&p, &f->node), ERR_OK);
		struct catalog_entry entry = found(f, 0), *made = &p.entry;
		assert_string_equal(made->path, entry.path);
		assert_memory_equal(made->dataset.b, entry.dataset.b, ID_LEN);
		assert_memory_equal(made->record.b, entry.record.b, ID_LEN);
		assert_int_equal(made->number, i + 1);
		assert_int_equal(made->author, entry.author);
		assert_int_equal(made->tier, tiers[i]);
		assert_int_equal(made->time_ms, hub_node_wall(&f->node));
		assert_int_equal(made->time_ms, entry.time_ms);
		assert_int_equal(made->index_count, entry.index_count);
		assert_int_equal(made->index_bytes, entry.index_bytes);
		assert_true(made->readable && made->held && made->own && made->current);
		assert_true(entry.readable && entry.held && entry.own && entry.current);
		assert_false(made->former || made->damaged);
		assert_true(bytes_eq(made->description.title, bytes_str("Plan")));
		assert_true(bytes_eq(made->description.publisher, bytes_str("Gemeinde 2")));
		assert_int_equal(made->description.byte_count, 4);
		/* the files are those of the first one */
		assert_int_equal(made->description.modified_ms,
				 hub_node_wall(&f->node) - 1000 * (int64_t)i);
		assert_true(bytes_eq(buf_bytes(&made->description_bytes),
				     buf_bytes(&entry.description_bytes)));
		catalog_entry_fini(&entry);
		catalog_entry_fini(made);
		struct ledger_arrival arrival;
		assert_true(ledger_arrival_next(&f->node.hub.ledger, &arrival));
		ledger_arrival_fini(&arrival);
	}
}

static void what_is_not_said_is_inherited(void **state)
{
	struct fixture *f = *state;
	struct press p;
	struct publish_options options = {
		.description = {.title = bytes_str("Plan"),
				.license = bytes_str("dl-de/by-2-0"),
				.keywords = {bytes_str("kita"), bytes_str("plan")},
				.keyword_count = 2}};
	assert_int_equal(publish(f, options, 'a', 10, &p), ERR_OK);
	hub_node_pass(&f->node, 5000);
	options.description = (struct description){.title = bytes_str("Neuer Plan")};
	assert_int_equal(publish(f, options, 'b', 10, &p), ERR_OK);
	struct catalog_entry entry = found(f, 2);
	assert_true(bytes_eq(entry.description.title, bytes_str("Neuer Plan")));
	assert_true(bytes_eq(entry.description.license, bytes_str("dl-de/by-2-0")));
	assert_int_equal(entry.description.keyword_count, 2);
	assert_int_equal(entry.description.issued_ms, TEST_TIME_MS);
	assert_int_equal(entry.description.modified_ms, TEST_TIME_MS + 5000);
	catalog_entry_fini(&entry);
	options.description.title = bytes_str("a\x01");
	assert_int_equal(publish(f, options, 'c', 10, &p), ERR_CONFIG);
	assert_non_null(strstr(p.why, "has control characters"));
}

static void the_same_again_is_no_new_version(void **state)
{
	struct fixture *f = *state;
	struct press p;
	char all[80];
	struct publish_options plain = {.path = NULL},
			       titled = {.description.title = bytes_str("Plan")};
	assert_int_equal(publish(f, plain, 'a', 1000, &p), ERR_OK);
	assert_int_equal(publish(f, plain, 'a', 1000, &p), ERR_OK);
	assert_int_equal(p.outcome, PUBLISH_UNCHANGED);
	assert_string_equal(versions(f, all), "1");
	assert_int_equal(publish(f, titled, 'a', 1000, &p), ERR_OK);
	assert_int_equal(p.outcome, PUBLISH_MADE);
	assert_int_equal(publish(f, titled, 'a', 1001, &p), ERR_OK);
	assert_int_equal(p.outcome, PUBLISH_MADE);
	assert_int_equal(publish(f, plain, 'a', 1001, &p), ERR_OK); /* the title is inherited */
	assert_int_equal(p.outcome, PUBLISH_UNCHANGED);
	titled.has_tier = titled.widen = true;
	titled.tier = TIER_OPEN;
	assert_int_equal(publish(f, titled, 'a', 1001, &p), ERR_OK);
	assert_int_equal(p.outcome, PUBLISH_MADE);
	assert_string_equal(versions(f, all), "1 2 3 4");
}

/* Deletes a chunk of version 1: the manifest's, or that of the file. */
static void chunk_lose(struct fixture *f, uint64_t number, bool manifest)
{
	struct reading reading;
	struct index_entry part;
	char why[WHY_LEN];
	assert_int_equal(catalog_read(&f->node.hub, f->node.txn, PATH, number, &reading, why),
			 ERR_OK);
	struct version_parts parts = version_parts(&reading.version);
	assert_true(version_parts_next(&parts, &part));
	struct walk walk = walk_begin(f->node.txn, TABLE_CHUNK, id_bytes(&reading.dataset));
	while (walk_next(&walk)) {
		bool is =
			bytes_eq(bytes_slice(walk.key, ID_LEN, walk.key.len), id_bytes(&part.addr));
		if (is == manifest)
			txn_del(f->node.txn, TABLE_CHUNK, bytes_of(walk.last, walk.last_len));
	}
	struct version_id of = {reading.dataset, number, reading.author};
	held_put(f->node.txn, &of, &(struct held){HELD_DAMAGED, 0, 1000, 2});
	reading_fini(&reading);
}

/* What is sealed again is another chunk, and the list of files names its version: so each time
   another version is made. */
static void the_same_again_heals_what_is_damaged(void **state)
{
	struct fixture *f = *state;
	for (unsigned manifest = 0; manifest < 2; manifest++) {
		const uint64_t number = 1 + manifest;
		struct press p = {.options = {.path = PATH}, .content = bytes_str("a,b\n")};
		assert_int_equal(press_all(&p, &f->node), ERR_OK);
		catalog_entry_fini(&p.entry);
		chunk_lose(f, number, manifest);
		struct catalog_entry damaged = found(f, number);
		assert_true(damaged.damaged && !damaged.held);
		catalog_entry_fini(&damaged);
		assert_int_equal(press_all(&p, &f->node), ERR_OK);
		assert_int_equal(p.outcome, PUBLISH_MADE);
		assert_int_equal(p.entry.number, number + 1);
		assert_true(p.entry.held && !p.entry.damaged && p.entry.current);
		catalog_entry_fini(&p.entry);
	}
}

/* ---- two at once, and half ones ---- */

static void of_two_at_once_the_second_begins_again(void **state)
{
	struct fixture *f = *state;
	struct press first = {.options = {.path = PATH}, .content = bytes_str("a")},
		     second = {.options = {.path = PATH}, .content = bytes_str("b")};
	char all[80];
	assert_int_equal(press_begin(&first, &f->node), ERR_OK);
	assert_int_equal(press_begin(&second, &f->node), ERR_OK);
	press_write(&first, &f->node);
	press_write(&second, &f->node);
	assert_int_equal(press_commit(&first, &f->node), ERR_OK);
	assert_int_equal(press_commit(&second, &f->node), ERR_BUSY);
	assert_string_equal(second.why,
			    "version 1 of gemeinde-2/plan was published meanwhile: publish again.");
	assert_string_equal(versions(f, all), "1");
	catalog_entry_fini(&first.entry);
	press_end(&first);
	press_end(&second);
}

/* The number it was to get is taken back with the version that had it. */
static void what_was_withdrawn_meanwhile_begins_again(void **state)
{
	struct fixture *f = *state;
	struct press p = {.options = {.path = PATH}, .content = bytes_str("a")}, again = p, other;
	struct withdrawal_view view;
	assert_int_equal(press_begin(&p, &f->node), ERR_OK);
	press_write(&p, &f->node);
	assert_int_equal(publish(f, (struct publish_options){.path = PATH}, 'b', 10, &other),
			 ERR_OK);
	assert_int_equal(withdrawal_make(&f->node.hub, f->node.txn, PATH, "falsch", false, false,
					 &view, other.why),
			 ERR_OK);
	assert_int_equal(press_commit(&p, &f->node), ERR_BUSY);
	assert_string_equal(p.why, "gemeinde-2/plan was withdrawn meanwhile: publish again.");
	press_end(&p);
	assert_int_equal(press_all(&again, &f->node), ERR_OK);
	assert_int_equal(again.entry.number, 2);
	catalog_entry_fini(&again.entry);
}

/* A chunk that is missing in the end makes no version, and the sentence is about that. */
static void half_a_version_is_none(void **state)
{
	struct fixture *f = *state;
	struct press p = {.options = {.path = PATH}, .content = bytes_str("a")};
	char all[80];
	assert_int_equal(press_begin(&p, &f->node), ERR_OK);
	press_write(&p, &f->node);
	struct walk walk = walk_begin(f->node.txn, TABLE_CHUNK, bytes_of(NULL, 0));
	assert_true(walk_next(&walk));
	txn_del(f->node.txn, TABLE_CHUNK, bytes_of(walk.last, walk.last_len));
	assert_int_equal(press_commit(&p, &f->node), ERR_CORRUPT);
	assert_non_null(strstr(p.why, "the version could not be made: "));
	press_end(&p);
	assert_string_equal(versions(f, all), "");
	walk = walk_begin(f->node.txn, TABLE_STAGE, bytes_of(NULL, 0));
	assert_false(walk_next(&walk));
}

static void who_is_no_member_any_more_makes_no_version(void **state)
{
	struct fixture *f = *state;
	struct press p = {.options = {.path = PATH}, .content = bytes_str("a")};
	assert_int_equal(press_begin(&p, &f->node), ERR_OK);
	press_write(&p, &f->node);
	hub_place_lost(&f->node.hub);
	assert_int_equal(press_commit(&p, &f->node), ERR_DENIED);
	assert_string_equal(p.why, "Gemeinde 2 is no member of the federation any more.");
	press_end(&p);
}

/* ---- what stays ---- */

static void what_was_said_about_keeping_holds(void **state)
{
	static const struct {
		struct keep keep;
		bool keep_all;
		unsigned after_days;
		const char *versions;
	} cases[] = {
		{{0, 0}, false, 0, "1"},
		{{0, 0}, false, 0, "1 2"},
		{{2, 0}, false, 0, "2 3"},
		{{0, 0}, false, 0, "3 4"},
		{{0, 0}, true, 0, "3 4 5"},
		{{0, 0}, false, 1, "3 4 5 6"},
		{{0, 3}, false, 1, "3 4 5 6 7"},
		{{0, 0}, false, 2, "6 7 8"}, /* younger than three days */
		{{0, 0}, false, 10, "9"},
		{{1, 50}, false, 0, "10"},
	};
	struct fixture *f = *state;
	char all[80];
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct press p;
		struct publish_options options = {.keep = cases[i].keep,
						  .keep_all = cases[i].keep_all};
		hub_node_pass(&f->node, cases[i].after_days * DAY_MS);
		assert_int_equal(publish(f, options, (char)('a' + i), 100, &p), ERR_OK);
		assert_string_equal(versions(f, all), cases[i].versions);
		hub_node_turn(&f->node);
	}
	/* Also when there is nothing new. */
	struct press p;
	publish(f, (struct publish_options){.keep_all = true}, 'x', 100, &p);
	assert_string_equal(versions(f, all), "10 11");
	publish(f, (struct publish_options){.keep = {1, 0}}, 'x', 100, &p);
	assert_int_equal(p.outcome, PUBLISH_UNCHANGED);
	assert_string_equal(versions(f, all), "11");
	publish(f, (struct publish_options){.path = NULL}, 'y', 100, &p);
	assert_string_equal(versions(f, all), "12");
}

/* The clock jumps by so many days, and a minute passes by the other one. */
static void clock_jumps(struct fixture *f, int64_t days)
{
	struct hub_node *node = &f->node;
	hub_node_turn(node);
	hub_node_time(node, hub_node_wall(node) + days * DAY_MS, hub_node_mono(node) + 60000);
}

static void no_clock_alone_makes_versions_old(void **state)
{
	static const int64_t jumps[] = {400, -400, -400, 400, 36500, -36500};
	struct fixture *f = *state;
	struct publish_options options = {.keep = {0, 3}};
	struct press p;
	char all[80];
	publish(f, options, 'a', 100, &p);
	for (size_t i = 0; i < COUNT(jumps); i++) {
		clock_jumps(f, jumps[i]);
		publish(f, options, (char)('b' + i), 100, &p);
	}
	assert_string_equal(versions(f, all), "1 2 3 4 5 6 7");
	/* What was made while the clock was right has its age; and a restart forgets none. */
	hub_node_pass(&f->node, 2 * DAY_MS);
	hub_node_machines(&f->node);
	hub_node_pass(&f->node, 2 * DAY_MS);
	publish(f, options, 'i', 100, &p);
	assert_string_equal(versions(f, all), "2 6 8");
}

/* ---- after a withdrawal ---- */

static void a_number_is_never_given_twice(void **state)
{
	struct fixture *f = *state;
	struct withdrawal_view view;
	struct press p;
	char all[80];
	struct publish_options plain = {.path = NULL}, tier = {.has_tier = true, .tier = TIER_OPEN};
	publish(f, plain, 'a', 100, &p);
	publish(f, plain, 'b', 100, &p);
	assert_int_equal(withdrawal_make(&f->node.hub, f->node.txn, PATH, "falsch", false, false,
					 &view, p.why),
			 ERR_OK);
	/* The tier of before counts still. */
	assert_int_equal(publish(f, tier, 'c', 100, &p), ERR_DENIED);
	assert_int_equal(publish(f, plain, 'c', 100, &p), ERR_OK);
	assert_string_equal(versions(f, all), "3");
	assert_int_equal(withdrawal_make(&f->node.hub, f->node.txn, PATH, "falsch", false, false,
					 &view, p.why),
			 ERR_OK);
	/* A node that does not know it asks. */
	struct walk walk = walk_begin(f->node.txn, TABLE_SEALED, bytes_str("own:"));
	assert_true(walk_next(&walk));
	txn_del(f->node.txn, TABLE_SEALED, bytes_of(walk.last, walk.last_len));
	assert_int_equal(publish(f, plain, 'd', 100, &p), ERR_CONFIG);
	assert_non_null(strstr(p.why, "for whom it was is not known on this node: say --tier"));
	assert_int_equal(publish(f, tier, 'd', 100, &p), ERR_OK);
	assert_string_equal(versions(f, all), "4");
}

/* So that a publication is one commit: numbers of jobs alone are taken, and of those many. */
static void what_begins_writes_nothing(void **state)
{
	struct fixture *f = *state;
	struct publish_options plain = {.path = PATH};
	struct press p[2];
	for (unsigned i = 0; i < 2; i++) {
		p[i] = (struct press){.options = plain};
		const uint64_t before = txn_cost(f->node.txn).writes;
		assert_int_equal(press_begin(&p[i], &f->node), ERR_OK);
		assert_int_equal(txn_cost(f->node.txn).writes - before, i == 0);
	}
	assert_true(p[0].publication.job != p[1].publication.job);
	for (unsigned i = 0; i < 2; i++) {
		catalog_publish_abort(&f->node.hub, f->node.txn, &p[i].publication);
		press_end(&p[i]);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(names_of_others_and_no_names),
		T(a_node_that_can_not_publish_says_why),
		T(a_node_without_the_role_makes_no_version),
		T(once_more_under_the_new_key),
		T(a_wider_tier_wants_a_word),
		T(less_than_half_wants_a_word),
		T(the_outcome_is_the_version_that_was_made),
		T(what_is_not_said_is_inherited),
		T(the_same_again_is_no_new_version),
		T(the_same_again_heals_what_is_damaged),
		T(of_two_at_once_the_second_begins_again),
		T(what_was_withdrawn_meanwhile_begins_again),
		T(half_a_version_is_none),
		T(who_is_no_member_any_more_makes_no_version),
		T(what_was_said_about_keeping_holds),
		T(no_clock_alone_makes_versions_old),
		T(a_number_is_never_given_twice),
		T(what_begins_writes_nothing),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
