/*
 * Taking back: what a withdrawal does where it is made and where it comes, and who has confirmed
 * it.
 */
#include "proto/catalog/withdrawal.h"

#include "proto/catalog/delivery.h"
#include "proto/catalog/remains.h"
#include "proto/ledger/held.h"
#include "proto/rights/rights.h"
#include "proto/wire/wire_out.h"
#include "store/chunks.h"
#include "test/proto/made.h"
#include "test/proto/press.h"

/* The node is member 2; others withdraw, too. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
	struct withdrawal_view view;
	char why[WHY_LEN];
};

#define PATH "gemeinde-2/plan"

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 4, 1, 1);
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

static enum err withdraw(struct fixture *f, const char *path, const char *reason, bool erase)
{
	f->why[0] = 0;
	return withdrawal_make(&f->node.hub, f->node.txn, path, reason, erase, false, &f->view,
			       f->why);
}

static void take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	withdrawal_arrival(hub, txn, &arrival->record);
}

/* One of another member comes. */
static void comes(struct fixture *f, unsigned member, const char *path, uint64_t number, bool erase)
{
	struct withdrawal withdrawal = {.path = bytes_str(path),
					.reason = bytes_str("falsche Zahlen"),
					.number = number,
					.erase = erase};
	struct dataset_id dataset = test_dataset(&f->fed, member, path);
	struct buf body;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	withdrawal_put(&body, &withdrawal);
	assert_int_equal(made_record(&f->node, &f->fed, member, RECORD_WITHDRAWAL,
				     withdrawal_slot(&dataset, withdrawal.reach), buf_bytes(&body),
				     take),
			 ERR_OK);
	buf_fini(&body);
}

static bool is_held(struct fixture *f, const struct version_id *of)
{
	struct held held;
	return held_get(f->node.txn, of, &held);
}

/* Turns until the broom is through and nothing is to be told any more. */
static void sweep(struct fixture *f)
{
	for (unsigned i = 0; i < 20; i++) {
		hub_node_turn(&f->node);
		scan_settle(&f->node.hub, f->node.txn);
		withdrawal_settle(&f->node.hub, f->node.txn);
	}
	hub_node_turn(&f->node);
}

/* Whether this node has confirmed the latest erasure of a dataset. */
static bool confirmed(struct fixture *f, const struct dataset_id *dataset)
{
	struct record_slot slot = record_slot_of(RECORD_ERASURE, id_bytes(dataset));
	struct erasure erasure;
	struct record record;
	return !ledger_slot(&f->node.hub.ledger, f->node.txn, record_slot_bytes(&slot),
			    f->node.hub.author, &record) &&
	       !erasure_get(&erasure, record.body) && erasure.folders == 0;
}

static bool remains_any(struct txn *txn, const struct dataset_id *dataset)
{
	uint32_t left;
	return !remains_tried(txn, dataset, &left) || left > 0;
}

/* ---- withdrawing ---- */

static void what_cannot_be_withdrawn(void **state)
{
	static char long_reason[WITHDRAWAL_REASON_LEN_MAX + 2];
	const struct {
		const char *path, *reason;
		enum err err;
		const char *says;
	} cases[] = {
		{"gemeinde-2", "x", ERR_CONFIG, "is no dataset: write gemeinde-2/NAME"},
		{"Gemeinde-2/x", "x", ERR_CONFIG, "is no dataset"},
		{PATH, "", ERR_CONFIG, "the reason is one line of 1 to"},
		{PATH, "a\nb", ERR_CONFIG, "the reason is one line"},
		{PATH, long_reason, ERR_CONFIG, "the reason is one line"},
		{"gemeinde-3/plan", "x", ERR_DENIED, "only who has published it can withdraw it"},
		{"gemeinde-2/none", "x", ERR_ABSENT, "has no version that could be withdrawn"},
	};
	struct fixture *f = *state;
	memset(long_reason, 'a', sizeof(long_reason) - 1);
	press_version(&f->node, PATH, TIER_MEMBERS, "a", 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(withdraw(f, cases[i].path, cases[i].reason, false), cases[i].err);
		assert_non_null(strstr(f->why, cases[i].says));
	}
	assert_null(hub_node_note(&f->node, NOTE_WITHDRAWN));
}

static void all_own_versions_go(void **state)
{
	struct fixture *f = *state;
	struct catalog_entry entry;
	press_version(&f->node, PATH, TIER_MEMBERS, "a", 1);
	press_version(&f->node, PATH, TIER_MEMBERS, "b", 2);
	press_version(&f->node, "gemeinde-2/other", TIER_MEMBERS, "a", 1);
	assert_int_equal(withdraw(f, PATH, "falsche Zahlen", false), ERR_OK);
	assert_int_equal(f->view.number, 2);
	assert_true(f->view.own && !f->view.erase);
	assert_string_equal(hub_node_note(&f->node, NOTE_WITHDRAWN)->text, "falsche Zahlen");
	for (uint64_t number = 0; number <= 2; number++) {
		assert_int_equal(
			catalog_find(&f->node.hub, f->node.txn, PATH, number, &entry, f->why),
			ERR_ABSENT);
		assert_non_null(strstr(f->why, "gemeinde-2/plan was withdrawn by Gemeinde 2 on "));
		assert_non_null(strstr(f->why, ": falsche Zahlen"));
	}
	assert_int_equal(catalog_find(&f->node.hub, f->node.txn, PATH, 3, &entry, f->why),
			 ERR_ABSENT);
	assert_non_null(strstr(f->why, "no dataset gemeinde-2/plan is known here"));
	assert_int_equal(
		catalog_find(&f->node.hub, f->node.txn, "gemeinde-2/other", 0, &entry, f->why),
		ERR_OK);
	catalog_entry_fini(&entry);
	/* Nothing of it is left after the broom; without erasing nothing is confirmed. */
	sweep(f);
	struct dataset_id dataset = test_dataset(&f->fed, 2, PATH);
	struct walk walk = walk_begin(f->node.txn, TABLE_CHUNK, id_bytes(&dataset));
	assert_false(walk_next(&walk));
	assert_false(confirmed(f, &dataset));
	assert_int_equal(withdraw(f, PATH, "noch einmal", false), ERR_ABSENT);
}

/*
 * What was taken back can still be asked to be erased; the next version has a higher number, and is
 * not touched.
 */
static void erasing_may_be_asked_later(void **state)
{
	struct fixture *f = *state;
	struct dataset_id dataset = test_dataset(&f->fed, 2, PATH);
	press_version(&f->node, PATH, TIER_MEMBERS, "a", 1);
	assert_int_equal(withdraw(f, PATH, "falsch", false), ERR_OK);
	assert_int_equal(withdraw(f, PATH, "bitte löschen", true), ERR_OK);
	assert_int_equal(f->view.number, 1);
	assert_true(f->view.erase);
	sweep(f);
	assert_true(confirmed(f, &dataset));
	assert_int_equal(withdraw(f, PATH, "bitte löschen", true), ERR_ABSENT);
	press_version(&f->node, PATH, TIER_MEMBERS, "b", 2);
	assert_true(withdrawal_find(&f->node.hub, f->node.txn, PATH, 1, &f->view));
	assert_false(withdrawal_find(&f->node.hub, f->node.txn, PATH, 2, &f->view));
}

/* ---- copies in folders ---- */

static const struct digest files = {{7}};

/* A version of PATH as `subscribe --to` writes it. */
static struct delivery_due due_of(struct fixture *f, uint64_t number)
{
	struct delivery_due due = {.dir = "/srv/daten",
				   .path = PATH,
				   .name = PATH,
				   .dataset = test_dataset(&f->fed, 2, PATH),
				   .number = number,
				   .author = f->node.hub.author};
	return due;
}

static bool put(struct fixture *f, uint64_t number)
{
	struct delivery_due due = due_of(f, number);

	if (!delivery_begun(&f->node.hub, f->node.txn, &due, &files))
		return false;
	delivery_done(&f->node.hub, f->node.txn, 1, &due, &files);
	return true;
}

/* The first of a round of its own. */
static bool next_due(struct fixture *f, int64_t now_ms, int64_t *retry_ms, struct remains *out)
{
	struct remains_round round = {.retry_ms = 0};

	return remains_next(f->node.txn, now_ms, &round, retry_ms, out);
}

/* In how many folders there is still a copy, as this node has told; -1: nothing was told. */
static int told(struct fixture *f, const struct dataset_id *dataset)
{
	struct record_slot slot = record_slot_of(RECORD_ERASURE, id_bytes(dataset));
	struct erasure erasure;
	struct record record;

	if (ledger_slot(&f->node.hub.ledger, f->node.txn, record_slot_bytes(&slot),
			f->node.hub.author, &record))
		return -1;
	assert_int_equal(erasure_get(&erasure, record.body), ERR_OK);
	return (int)erasure.folders;
}

/* It is confirmed when store and folder hold nothing, and not before. */
static void a_copy_in_a_folder_is_waited_for(void **state)
{
	struct fixture *f = *state;
	struct dataset_id dataset = test_dataset(&f->fed, 2, PATH);
	struct remains remains;
	int64_t retry_ms = INT64_MAX;
	unsigned count;

	press_version(&f->node, PATH, TIER_MEMBERS, "a", 1);
	assert_true(put(f, 1));
	assert_int_equal(withdraw(f, PATH, "falsch", true), ERR_OK);
	sweep(f);
	assert_int_equal(told(f, &dataset), -1); /* it was not tried yet */
	assert_true(next_due(f, 1000, &retry_ms, &remains));
	assert_string_equal(remains.dir, "/srv/daten");
	assert_memory_equal(remains.files.b, files.b, ID_LEN);
	assert_true(remains.marked);
	/* changed by somebody: tried again later, and nothing is confirmed */
	remains_failed(f->node.txn, 1000, &remains, true, "it was changed");
	assert_false(next_due(f, 1001, &retry_ms, &remains));
	assert_true(retry_ms > 1001 && retry_ms < 1000000);
	assert_true(next_due(f, retry_ms, &retry_ms, &remains));
	assert_true(remains.altered);
	sweep(f);
	assert_int_equal(told(f, &dataset), 1);
	assert_false(confirmed(f, &dataset));
	/* until a person says that it is gone */
	assert_int_equal(withdrawal_gone(&f->node.hub, f->node.txn, PATH, &count, f->why), ERR_OK);
	assert_int_equal(count, 1);
	sweep(f);
	assert_true(confirmed(f, &dataset));
	assert_int_equal(withdrawal_gone(&f->node.hub, f->node.txn, PATH, &count, f->why),
			 ERR_ABSENT);
}

/* Withdrawn between the two turns of writing, it is removed; and begun any more is nothing. */
static void what_is_being_written_is_erased_too(void **state)
{
	struct fixture *f = *state;
	struct dataset_id dataset = test_dataset(&f->fed, 2, PATH);
	struct delivery_due due = due_of(f, 1);
	struct remains remains;
	int64_t retry_ms = INT64_MAX;

	press_version(&f->node, PATH, TIER_MEMBERS, "a", 1);
	assert_true(delivery_begun(&f->node.hub, f->node.txn, &due, &files));
	assert_int_equal(withdraw(f, PATH, "falsch", true), ERR_OK);
	delivery_done(&f->node.hub, f->node.txn, 1, &due, &files);
	assert_false(put(f, 1));
	sweep(f);
	assert_false(confirmed(f, &dataset));
	assert_true(next_due(f, 1000, &retry_ms, &remains));
	assert_memory_equal(remains.files_next.b, files.b, ID_LEN);
	remains_done(f->node.txn, &remains);
	sweep(f);
	assert_true(confirmed(f, &dataset));
	/* The next version replaces what is still to be removed. */
	press_version(&f->node, PATH, TIER_MEMBERS, "b", 2);
	assert_true(put(f, 2));
	assert_int_equal(withdraw(f, PATH, "falsch", true), ERR_OK);
	press_version(&f->node, PATH, TIER_MEMBERS, "c", 3);
	assert_true(remains_any(f->node.txn, &dataset));
	assert_true(put(f, 3));
	assert_false(remains_any(f->node.txn, &dataset));
}

/* Before the first turn of writing, too: half of it may lie there. */
static void what_may_be_being_written_is_waited_for(void **state)
{
	struct fixture *f = *state;
	struct dataset_id dataset = test_dataset(&f->fed, 2, PATH);
	struct remains remains;
	int64_t retry_ms = INT64_MAX;

	delivery_set(f->node.txn, "gemeinde-3/**", "/srv/drei");
	delivery_set(f->node.txn, "gemeinde-2/**", "/srv/daten");
	press_version(&f->node, PATH, TIER_MEMBERS, "a", 1);
	assert_int_equal(withdraw(f, PATH, "falsch", true), ERR_OK);
	sweep(f);
	assert_false(confirmed(f, &dataset));
	assert_true(next_due(f, 1000, &retry_ms, &remains));
	assert_string_equal(remains.dir, "/srv/daten");
	remains_done(f->node.txn, &remains);
	assert_false(remains_any(f->node.txn, &dataset));
	sweep(f);
	assert_true(confirmed(f, &dataset));
}

/* Not asked to erase, or by whom it is not about, a folder is left alone. */
static void folders_of_others_stay(void **state)
{
	struct fixture *f = *state;
	struct dataset_id dataset = test_dataset(&f->fed, 2, PATH);

	press_version(&f->node, PATH, TIER_MEMBERS, "a", 1);
	press_version(&f->node, "gemeinde-2/other", TIER_MEMBERS, "a", 1);
	assert_true(put(f, 1));
	assert_int_equal(withdraw(f, "gemeinde-2/other", "falsch", true), ERR_OK);
	assert_false(remains_any(f->node.txn, &dataset));
	assert_int_equal(withdraw(f, PATH, "falsch", false), ERR_OK);
	assert_false(remains_any(f->node.txn, &dataset));
	/* asked later, it goes all the same */
	assert_int_equal(withdraw(f, PATH, "falsch", true), ERR_OK);
	assert_true(remains_any(f->node.txn, &dataset));
}

/* So many that fail again and again are in the way of none that can be removed. */
static void what_fails_holds_up_nothing(void **state)
{
	struct fixture *f = *state;
	struct delivered row = {.number = 1, .dir = "/srv/daten", .path = PATH, .name = PATH};
	struct remains_round round = {.retry_ms = 0};
	struct remains remains;
	int64_t retry_ms = 0;
	unsigned found = 0, looks = 0;

	for (unsigned i = 0; i < 351; i++) {
		struct dataset_id dataset = {{(uint8_t)(i >> 8), (uint8_t)i}};
		remains_add(f->node.txn, &dataset, &row);
	}
	while (remains_next(f->node.txn, 1000, &round, &retry_ms, &remains)) {
		found++;
		if (remains.dataset.b[0] != 1 || remains.dataset.b[1] != 94)
			remains_failed(f->node.txn, 1000, &remains, true, "it was changed");
	}
	assert_int_equal(found, 351);
	/* One is left that was not tried, the last of all. */
	for (found = 0; looks < 8 && !found; looks++)
		found = remains_next(f->node.txn, 1000, &round, &retry_ms, &remains);
	assert_int_equal(found, 1);
	assert_int_equal(remains.dataset.b[1], 94);
	remains_done(f->node.txn, &remains);
	/* And then nothing is looked at before the first of them is due. */
	for (looks = 0, retry_ms = 1000; looks < 8 && retry_ms == 1000; looks++)
		assert_false(remains_next(f->node.txn, 1000, &round, &retry_ms, &remains));
	assert_true(looks < 8 && retry_ms > 1000 && retry_ms < 1000000);
}

/* A row as it stands after the broom. */
static void swept(struct fixture *f, unsigned number)
{
	struct dataset_id dataset = {{(uint8_t)(number >> 8), (uint8_t)number}};
	struct row_key key = key_dataset(&dataset);
	struct buf value;

	buf_init(&value, 256);
	out_array(&value, 3);
	out_fixed(&value, (uint8_t[ID_LEN]){1}, ID_LEN);
	out_uint(&value, 1);
	out_bin(&value, bytes_of(NULL, 0));
	txn_put_row(f->node.txn, TABLE_WITHDRAWN, &key, &value);
	txn_put(f->node.txn, TABLE_ERASING, row_key_bytes(&key), id_bytes(&dataset));
}

static unsigned row_count(struct fixture *f, enum table table)
{
	struct walk walk = walk_begin(f->node.txn, table, bytes_of(NULL, 0));
	unsigned count = 0;

	while (walk_next(&walk))
		count++;
	return count;
}

/* However many were taken back at once: a turn looks at some of them, and the next goes on. */
static void a_turn_tells_a_few(void **state)
{
	enum { COUNT = 1000, A_TURN = 64 };
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	unsigned turns = 0;

	for (unsigned i = 0; i < COUNT; i++)
		swept(f, i);
	hub_node_machines(&f->node); /* as after a start */
	for (unsigned left = COUNT; left; turns++) {
		unsigned before = left;

		assert_true(withdrawal_wake(hub) == hub->mono_ms + (turns ? 0 : 1000));
		withdrawal_settle(hub, f->node.txn);
		left = row_count(f, TABLE_ERASING);
		assert_int_equal(before - left, before < A_TURN ? before : A_TURN);
	}
	assert_int_equal(turns, (COUNT + A_TURN - 1) / A_TURN);
	sweep(f);
	assert_true(withdrawal_wake(hub) == INT64_MAX);
}

/* ---- one comes ---- */

static void a_copy_is_erased_and_that_is_told(void **state)
{
	static const struct {
		bool erase, held, confirms;
		uint64_t number; /* that is withdrawn; 2 is held */
		bool goes;
	} cases[] = {
		{true, true, true, 2, true},    {false, true, false, 2, true},
		{true, false, false, 2, false}, {true, true, false, 1, false},
		{true, true, true, 9, true},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char path[40];
		snprintf(path, sizeof(path), "gemeinde-3/x%d", (int)i);
		struct parcel p = {.member = 3, .path = path, .number = 2, .count = 2};
		parcel_make(&p, &f->fed);
		parcel_known(&p, &f->node, &f->fed, NULL);
		if (cases[i].held)
			parcel_held(&p, &f->node);
		hub_node_forget(&f->node);
		comes(f, 3, path, cases[i].number, cases[i].erase);
		assert_string_equal(hub_node_note(&f->node, NOTE_WITHDRAWN)->path, path);
		assert_int_equal(is_held(f, &p.of), cases[i].held && !cases[i].goes);
		/* It is told when no chunk is left, and not before; also over a restart. */
		assert_false(confirmed(f, &p.of.dataset));
		assert_int_equal(withdrawal_wake(&f->node.hub) != INT64_MAX, cases[i].confirms);
		withdrawal_settle(&f->node.hub, f->node.txn);
		assert_false(confirmed(f, &p.of.dataset));
		hub_node_machines(&f->node);
		assert_int_equal(withdrawal_wake(&f->node.hub) != INT64_MAX, cases[i].confirms);
		sweep(f);
		assert_int_equal(chunks_has(f->node.txn, &p.of.dataset, parcel_addr(&p, 0)),
				 cases[i].held && !cases[i].goes);
		assert_int_equal(confirmed(f, &p.of.dataset), cases[i].confirms);
		assert_true(withdrawal_wake(&f->node.hub) == INT64_MAX);
		parcel_fini(&p);
	}
}

static void what_is_on_its_way_stops(void **state)
{
	struct fixture *f = *state;
	struct parcel p = {.member = 3, .path = "gemeinde-3/plan"};
	parcel_make(&p, &f->fed);
	parcel_known(&p, &f->node, &f->fed, NULL);
	fetch_add(&f->node.hub, f->node.txn, &p.of, &p.version, true);
	comes(f, 3, "gemeinde-3/plan", 1, false);
	assert_null(fetch_find(&f->node.hub, &p.of));
	parcel_fini(&p);
}

/* Each takes back its own: the same path of another organisation is another dataset. */
static void nobody_takes_back_what_is_not_its_own(void **state)
{
	struct fixture *f = *state;
	struct catalog_entry entry;
	struct parcel p = {.member = 3, .path = "gemeinde-3/plan"};
	parcel_make(&p, &f->fed);
	parcel_known(&p, &f->node, &f->fed, NULL);
	parcel_held(&p, &f->node);
	comes(f, 4, "gemeinde-3/plan", 9, true);
	assert_true(is_held(f, &p.of));
	assert_int_equal(
		catalog_find(&f->node.hub, f->node.txn, "gemeinde-3/plan", 0, &entry, f->why),
		ERR_OK);
	catalog_entry_fini(&entry);
	assert_false(withdrawal_find(&f->node.hub, f->node.txn, "gemeinde-3/plan", 0, &f->view));
	parcel_fini(&p);
}

static void line_take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	rights_arrival(hub, txn, &arrival->record);
}

/* It withdraws what others wrote, which may be valid again when it ends: no copy goes for that. */
static void an_administrator_erases_nothing(void **state)
{
	struct fixture *f = *state;
	struct gift admin = {.from = 3, .to = 4, .prefix = "gemeinde-3", .verb = VERB_ADMIN};
	struct dataset_id dataset = test_dataset(&f->fed, 3, "gemeinde-3/plan");
	struct parcel parcels[] = {{.member = 3, .path = "gemeinde-3/plan"},
				   {.member = 1, .path = "gemeinde-3/plan", .number = 2}};
	struct withdrawal withdrawal = {.path = bytes_str("gemeinde-3/plan"),
					.reason = bytes_str("falsche Zahlen"),
					.number = 9,
					.erase = true,
					.reach = REACH_OTHERS,
					.has_grant = true};
	struct buf body;

	gift_made(&admin, &f->node, &f->fed, line_take);
	withdrawal.grant = admin.id;
	for (size_t i = 0; i < COUNT(parcels); i++) {
		parcel_make(&parcels[i], &f->fed);
		parcels[i].of.dataset = dataset;
		parcel_known(&parcels[i], &f->node, &f->fed, NULL);
		parcel_held(&parcels[i], &f->node);
	}
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	withdrawal_put(&body, &withdrawal);
	assert_int_equal(made_record(&f->node, &f->fed, 4, RECORD_WITHDRAWAL,
				     withdrawal_slot(&dataset, REACH_OTHERS), buf_bytes(&body),
				     take),
			 ERR_OK);
	sweep(f);
	for (size_t i = 0; i < COUNT(parcels); i++) {
		assert_true(is_held(f, &parcels[i].of));
		assert_true(chunks_has(f->node.txn, &dataset, parcel_addr(&parcels[i], 0)));
		parcel_fini(&parcels[i]);
	}
	assert_false(confirmed(f, &dataset));
	buf_fini(&body);
}

/* ---- who has confirmed ---- */

static bool answer_add(void *arg, const struct withdrawal_answer *answer)
{
	char *out = arg;
	size_t len = strlen(out);
	len += (size_t)snprintf(out + len, 80 - len, "%s%d", len ? " " : "",
				(int)author_member(answer->author));
	if (answer->folders)
		snprintf(out + len, 80 - len, "-%d", (int)answer->folders);
	else
		snprintf(out + len, 80 - len, "%s", answer->time_ms ? "+" : "?");
	return true;
}

static const char *answers(struct fixture *f, char out[80])
{
	out[0] = 0;
	assert_true(withdrawal_find(&f->node.hub, f->node.txn, PATH, 0, &f->view));
	withdrawal_answers(&f->node.hub, f->node.txn, &f->view, answer_add, out);
	return out;
}

static void answers_with(struct fixture *f, unsigned member, const struct record_id *withdrawal,
			 uint32_t folders)
{
	const struct erasure erasure = {.withdrawal = *withdrawal, .folders = folders};
	struct dataset_id dataset = test_dataset(&f->fed, 2, PATH);
	struct buf body;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	erasure_put(&body, &erasure);
	assert_int_equal(made_record(&f->node, &f->fed, member, RECORD_ERASURE,
				     record_slot_of(RECORD_ERASURE, id_bytes(&dataset)),
				     buf_bytes(&body), NULL),
			 ERR_OK);
	buf_fini(&body);
}

static void who_held_a_copy_is_known_until_it_confirms(void **state)
{
	struct fixture *f = *state;
	struct parcel held = {.member = 2, .path = PATH};
	char out[80];
	press_version(&f->node, PATH, TIER_MEMBERS, "a", 1);
	parcel_make(&held, &f->fed);
	for (unsigned member = 3; member <= 4; member++)
		parcel_offer(&held, &f->node, hub_node_member(&f->node, &f->fed.orgs[member - 1]));
	assert_int_equal(withdraw(f, PATH, "falsch", true), ERR_OK);
	assert_string_equal(answers(f, out), "3? 4?");
	struct record_id first = f->view.record;
	sweep(f);
	assert_string_equal(answers(f, out), "2+ 3? 4?");
	answers_with(f, 4, &first, 0);
	assert_string_equal(answers(f, out), "2+ 4+ 3?");
	/* Who has not answered is asked again with the next one; who has is done with. */
	press_version(&f->node, PATH, TIER_MEMBERS, "b", 2);
	assert_int_equal(withdraw(f, PATH, "wieder falsch", true), ERR_OK);
	assert_string_equal(answers(f, out), "3?");
	answers_with(f, 3, &first, 0); /* the one before */
	assert_string_equal(answers(f, out), "3?");
	struct record_id second = f->view.record;
	answers_with(f, 3, &second, 2); /* its store is swept, and in two folders it may not */
	assert_string_equal(answers(f, out), "3-2");
	answers_with(f, 3, &second, 0);
	assert_string_equal(answers(f, out), "3+");
	hub_node_machines(&f->node);
	sweep(f);
	assert_string_equal(answers(f, out), "2+ 3+");
	parcel_fini(&held);
}

static bool each_count(void *arg, const struct withdrawal_view *view)
{
	assert_true(view->own && view->erase);
	++*(unsigned *)arg;
	return true;
}

static void own_requests_to_erase_are_listed(void **state)
{
	struct fixture *f = *state;
	unsigned count = 0;
	press_version(&f->node, PATH, TIER_MEMBERS, "a", 1);
	press_version(&f->node, "gemeinde-2/b", TIER_MEMBERS, "a", 1);
	assert_int_equal(withdraw(f, PATH, "falsch", true), ERR_OK);
	assert_int_equal(withdraw(f, "gemeinde-2/b", "falsch", false), ERR_OK);
	comes(f, 3, "gemeinde-3/plan", 1, true);
	withdrawal_each(&f->node.hub, f->node.txn, each_count, &count);
	assert_int_equal(count, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_cannot_be_withdrawn),
		T(all_own_versions_go),
		T(erasing_may_be_asked_later),
		T(a_copy_in_a_folder_is_waited_for),
		T(what_is_being_written_is_erased_too),
		T(what_may_be_being_written_is_waited_for),
		T(folders_of_others_stay),
		T(what_fails_holds_up_nothing),
		T(a_turn_tells_a_few),
		T(a_copy_is_erased_and_that_is_told),
		T(what_is_on_its_way_stops),
		T(nobody_takes_back_what_is_not_its_own),
		T(an_administrator_erases_nothing),
		T(who_held_a_copy_is_known_until_it_confirms),
		T(own_requests_to_erase_are_listed),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
