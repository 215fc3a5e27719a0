/*
 * How often a version is decoded, read back and looked up, on its way through the whole core: the
 * linker leads the calls between files through here (meson.build).
 */
#include "proto/core/core.h"

#include "proto/catalog/want.h"
#include "proto/ledger/held.h"
#include "proto/transfer/subscription.h"
#include "proto/rights/current.h"
#include "test/proto/made.h"
#include "test/proto/press.h"

/* ---- counting ---- */

static struct {
	unsigned decoded;   /* version_decode() */
	unsigned read_back; /* ledger_record() that gave one of a version */
	unsigned current;   /* current_find() */
	unsigned found;     /* ledger_version_find() */
	unsigned paths;     /* rows of PATH */
	unsigned records;   /* record_decode() of one of a version */
} count;

enum err __real_version_decode(struct version *version, struct bytes body);
enum err __wrap_version_decode(struct version *version, struct bytes body);
enum err __wrap_version_decode(struct version *version, struct bytes body)
{
	count.decoded++;
	return __real_version_decode(version, body);
}

enum err __real_record_decode(struct record *out, struct bytes whole);
enum err __wrap_record_decode(struct record *out, struct bytes whole);
enum err __wrap_record_decode(struct record *out, struct bytes whole)
{
	enum err err = __real_record_decode(out, whole);
	count.records += !err && out->kind == RECORD_VERSION;
	return err;
}

static bool is_version(struct bytes whole)
{
	struct record record;
	return !__real_record_decode(&record, whole) && record.kind == RECORD_VERSION;
}

bool __real_ledger_record(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t sequence,
			  struct bytes *whole);
bool __wrap_ledger_record(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t sequence,
			  struct bytes *whole);
bool __wrap_ledger_record(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t sequence,
			  struct bytes *whole)
{
	bool here = __real_ledger_record(txn, author, incarnation, sequence, whole);
	count.read_back += here && is_version(*whole);
	return here;
}

enum err __real_ledger_version_find(struct txn *txn, const struct dataset_id *dataset,
				    uint64_t number, uint32_t author, struct bytes *whole);
enum err __wrap_ledger_version_find(struct txn *txn, const struct dataset_id *dataset,
				    uint64_t number, uint32_t author, struct bytes *whole);
enum err __wrap_ledger_version_find(struct txn *txn, const struct dataset_id *dataset,
				    uint64_t number, uint32_t author, struct bytes *whole)
{
	count.found++;
	return __real_ledger_version_find(txn, dataset, number, author, whole);
}

enum err __real_current_find(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			     uint64_t number, struct ledger_version *out, struct bytes *whole);
enum err __wrap_current_find(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			     uint64_t number, struct ledger_version *out, struct bytes *whole);
enum err __wrap_current_find(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			     uint64_t number, struct ledger_version *out, struct bytes *whole)
{
	count.current++;
	return __real_current_find(hub, txn, dataset, number, out, whole);
}

bool __real_txn_get(struct txn *txn, enum table table, struct bytes key, struct bytes *value);
bool __wrap_txn_get(struct txn *txn, enum table table, struct bytes key, struct bytes *value);
bool __wrap_txn_get(struct txn *txn, enum table table, struct bytes key, struct bytes *value)
{
	count.paths += table == TABLE_PATH;
	return __real_txn_get(txn, table, key, value);
}

static void count_begin(void)
{
	memset(&count, 0, sizeof(count));
}

/* ---- a node with a core ---- */

/*
 * Member 2, with the federation key; member 3 is linked. What it subscribes to is said before the
 * core opens.
 */
static const struct times now = {.wall_ms = TEST_TIME_MS, .mono_ms = 1000000};

struct fixture {
	struct test_federation fed;
	struct hub_node node; /* identity and store */
	struct core *core;
	struct hub *hub; /* the core's */
	struct effects effects;
};

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
	core_close(f->core);
	effects_fini(&f->effects);
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static void turn(struct fixture *f, const struct event *event)
{
	effects_reset(&f->effects);
	struct inbox_item item = {.event = event};
	struct inbox inbox;
	inbox_init(&inbox);
	inbox_put(&inbox, &item);
	core_turn(f->core, f->node.txn, now, &inbox, &f->effects);
	inbox_fini(&inbox);
	assert_int_equal(txn_commit(f->node.txn), ERR_OK);
	f->node.txn = txn_begin(f->node.db, true);
}

enum { LINK = 7 };

static void core_begin(struct fixture *f)
{
	const struct test_org *org = &f->fed.orgs[2];
	struct event cert = {
		.type = EVENT_LINK_CERT,
		.link = LINK,
		.certificate = {.member = 3, .org = org->id, .entry = buf_bytes(&org->entry)}};
	hub_node_turn(&f->node);
	assert_int_equal(core_open(&f->core, &f->node.hub.options, f->node.txn, now), ERR_OK);
	f->hub = core_hub(f->core);
	dh_pk_of(&cert.key, &org->transport);
	turn(f, &cert);
	cert.type = EVENT_LINK_UP;
	turn(f, &cert);
	assert_int_equal(peers_find(f->hub, LINK)->class, PEER_MEMBER);
	/* Whatever the start has to compare has been. */
	for (unsigned i = 0; i < 5; i++)
		turn(f, &(struct event){.type = EVENT_TICK});
}

/* A RECORDS message with these versions; their sequences are their places. */
static void records_come(struct fixture *f, struct parcel *parcels, size_t parcel_count)
{
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	struct buf whole, message;
	for (size_t i = 0; i < parcel_count; i++) {
		struct parcel *p = &parcels[i];
		struct record_slot slot = record_slot_version(&p->of.dataset, p->number);
		struct record record = {.author = p->of.author,
					.incarnation = 1,
					.sequence = 10 * p->number + i,
					.time_ms = TEST_TIME_MS,
					.kind = RECORD_VERSION,
					.slot = record_slot_bytes(&slot),
					.body = buf_bytes(&p->body)};
		buf_init(&whole, LIMIT_RECORD_LEN_MAX);
		record_make(&whole, &record, &f->fed.charter.fed, &f->fed.orgs[2].sign);
		message_list_bin(&list, buf_bytes(&whole));
		buf_fini(&whole);
	}
	buf_init(&message, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &message);
	struct event event = {.type = EVENT_MESSAGE, .link = LINK, .bytes = buf_bytes(&message)};
	count_begin();
	turn(f, &event);
	buf_fini(&message);
}

static void subscribe(struct fixture *f, const char *pattern)
{
	struct subscription s = {bytes_str(pattern), false};
	char why[WHY_LEN];
	assert_int_equal(subscription_add(&f->node.hub, f->node.txn, &s, why), ERR_OK);
}

/* ---- a version comes ---- */

static void a_wanted_version_is_decoded_once(void **state)
{
	struct fixture *f = *state;
	struct parcel p = {.member = 3, .path = "gemeinde-3/plan"};
	subscribe(f, "gemeinde-3/**");
	core_begin(f);
	parcel_make(&p, &f->fed);
	records_come(f, &p, 1);
	assert_non_null(fetch_find(f->hub, &p.of));
	assert_int_equal(count.decoded, 1);
	assert_int_equal(count.records, 1);
	assert_true(count.read_back + count.found <= 1);
	assert_int_equal(count.current, 1);
	/* Nor do later turns look at it, as long as nobody has it. */
	count_begin();
	for (unsigned i = 0; i < 3; i++)
		turn(f, &(struct event){.type = EVENT_TICK});
	assert_int_equal(count.decoded + count.records + count.found + count.current, 0);
	parcel_fini(&p);
}

static void many_are_decoded_once_each(void **state)
{
	static const char *const paths[] = {"gemeinde-3/a", "gemeinde-3/b", "gemeinde-3/c",
					    "gemeinde-3/none/d"};
	struct fixture *f = *state;
	struct parcel p[COUNT(paths)];
	subscribe(f, "gemeinde-3/*");
	core_begin(f);
	for (size_t i = 0; i < COUNT(paths); i++) {
		p[i] = (struct parcel){.member = 3, .path = paths[i], .number = i + 1};
		parcel_make(&p[i], &f->fed);
	}
	records_come(f, p, COUNT(paths));
	assert_int_equal(f->hub->transfer->fetch_count, 3);
	assert_int_equal(count.decoded, COUNT(paths));
	assert_int_equal(count.records, COUNT(paths));
	assert_int_equal(count.read_back + count.found, 0);
	for (size_t i = 0; i < COUNT(paths); i++)
		parcel_fini(&p[i]);
}

/* When an older one comes, it is the current one that is read back, once. */
static void an_older_version_reads_the_current_one_once(void **state)
{
	struct fixture *f = *state;
	struct parcel newer = {.member = 3, .path = "gemeinde-3/plan", .number = 2},
		      older = {.member = 3, .path = "gemeinde-3/plan", .number = 1};
	subscribe(f, "gemeinde-3/**");
	core_begin(f);
	parcel_make(&newer, &f->fed);
	parcel_make(&older, &f->fed);
	records_come(f, &newer, 1);
	fetch_drop(f->hub, f->node.txn, &newer.of);
	records_come(f, &older, 1);
	assert_non_null(fetch_find(f->hub, &newer.of));
	assert_int_equal(count.decoded, 2);
	assert_true(count.read_back + count.found <= 1);
	parcel_fini(&newer);
	parcel_fini(&older);
}

/* ---- a dataset is looked up ---- */

/* links: so many versions were stored, each of which looks whose its path is. */
static void assert_looked_up_once(unsigned links)
{
	assert_int_equal(count.paths, 1 + links);
	assert_int_equal(count.current, 1);
	assert_true(count.found <= 1); /* the record of the one that was found */
}

static void a_publication_looks_its_dataset_up_once(void **state)
{
	static const struct {
		const char *content;
		uint64_t number;
		bool unchanged;
	} cases[] = {{"a", 1, false}, {"b", 2, false}, {"b", 2, true}, {"c", 3, false}};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct press p = {.options = {.path = "gemeinde-2/plan"},
				  .content = bytes_str(cases[i].content)};
		count_begin();
		assert_int_equal(press_begin(&p, &f->node), ERR_OK);
		if (i > 0)
			assert_looked_up_once(0);
		press_write(&p, &f->node);
		count_begin();
		assert_int_equal(press_commit(&p, &f->node), ERR_OK);
		if (i > 0)
			assert_looked_up_once(cases[i].unchanged ? 0 : 1);
		else
			assert_true(count.paths == 2 && count.current == 0);
		assert_int_equal(p.entry.number, cases[i].number);
		assert_int_equal((p.outcome == PUBLISH_UNCHANGED), cases[i].unchanged);
		assert_true(p.entry.current && p.entry.held);
		catalog_entry_fini(&p.entry);
		press_end(&p);
		hub_node_turn(&f->node);
	}
}

static bool each_go(void *arg, const struct catalog_entry *entry)
{
	++*(unsigned *)arg;
	return true;
}

static void questions_look_a_dataset_up_once(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct catalog_entry entry;
	struct reading reading;
	struct fetch_status status;
	char why[WHY_LEN];
	unsigned listed = 0;
	press_version(&f->node, "gemeinde-2/a", TIER_MEMBERS, "a", 1);
	press_version(&f->node, "gemeinde-2/b", TIER_MEMBERS, "b", 1);
	count_begin();
	assert_int_equal(catalog_find(hub, f->node.txn, "gemeinde-2/a", 0, &entry, why), ERR_OK);
	assert_looked_up_once(0);
	catalog_entry_fini(&entry);
	count_begin();
	assert_int_equal(catalog_read(hub, f->node.txn, "gemeinde-2/a", 0, &reading, why), ERR_OK);
	assert_looked_up_once(0);
	reading_fini(&reading);
	count_begin();
	assert_int_equal(
		want_version(hub, f->node.txn, TEST_TIME_MS, "gemeinde-2/a", 0, &status, why),
		ERR_OK);
	assert_looked_up_once(0);
	count_begin();
	struct catalog_list list = catalog_list_begin(NULL, NULL);
	catalog_list(hub, f->node.txn, &list, each_go, &listed);
	assert_int_equal(listed, 2);
	assert_int_equal(count.current, 2);
	assert_int_equal(count.decoded, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_wanted_version_is_decoded_once),
		T(many_are_decoded_once_each),
		T(an_older_version_reads_the_current_one_once),
		T(a_publication_looks_its_dataset_up_once),
		T(questions_look_a_dataset_up_once),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
