/*
 * The index by itself: what is put is found by its path, its uuid, its words and what it is counted
 * by, by those who may see it and nobody else; and what is lost is made anew.
 */
#include "test/node/index/index_test.h"

static const struct visitor kita = {
	.kind = VISITOR_TOKEN, .prefix = "meissen/kita", .verb = TOKEN_LIST};
static const struct visitor everything = {.kind = VISITOR_TOKEN, .verb = TOKEN_READ};

static const struct made DATASETS[] = {
	{.path = "meissen/kita/plaetze",
	 .title = "Plätze in Kindertagesstätten",
	 .text = "Freie Plätze je Einrichtung.",
	 .keywords = {"Kita", "Jugend"},
	 .theme = "EDUC",
	 .license = "dl-by-de/2.0"},
	{.path = "meissen/umwelt/baeume",
	 .title = "Baumkataster",
	 .keywords = {"Bäume"},
	 .theme = "ENVI",
	 .license = "cc-zero"},
	{.path = "riesa/umwelt/luft", .title = "Luftgüte", .theme = "ENVI", .number = 7},
	{.path = "meissen/kita/belegung",
	 .title = "Belegung der Kindertagesstätten",
	 .keywords = {"Kita"},
	 .theme = "EDUC",
	 .tier = TIER_MEMBERS},
	{.path = "meissen/personal/plan",
	 .title = "Stellenplan",
	 .tier = TIER_HIDDEN,
	 .stored = "meissen/~4enf7y3v5ckyc2aj2bj6o4aj3i"},
	{.path = "riesa/bau/akten", .title = "Bauakten der Kita", .tier = TIER_GRANTED},
};

static void put_all(struct index_stand *stand)
{
	for (size_t i = 0; i < sizeof(DATASETS) / sizeof(DATASETS[0]); i++)
		stand_put(stand, &DATASETS[i]);
}

/* ---- looking ---- */

static bool add_path(void *arg, const struct index_item *item)
{
	struct buf *out = arg;

	if (out->len)
		buf_add_u8(out, ' ');
	buf_add(out, bytes_str(item->path));
	return true;
}

/* The paths of the answer, and its total. */
static void expect(struct index_stand *stand, const struct visitor *visitor,
		   struct index_query query, const char *paths)
{
	char why[WHY_LEN] = "";
	uint64_t total = 0, count = 0;
	struct buf found;

	buf_init(&found, 65536);
	query.limit = query.limit ? query.limit : 100;
	enum err err = index_search(stand->reader, visitor, &query, add_path, &found, &total, why);
	if (err)
		fail_msg("%s: %s", err_text(err), why);
	if (!bytes_eq(buf_bytes(&found), bytes_str(paths)))
		fail_msg("found \"%.*s\" instead of \"%s\"", (int)found.len, (char *)found.ptr,
			 paths);
	for (const char *at = paths; *at; at++)
		count += *at == ' ';
	if (query.limit >= 100 && !query.offset)
		assert_int_equal(total, *paths ? count + 1 : 0);
	buf_fini(&found);
}

static enum err get(struct index_stand *stand, const struct visitor *visitor, const char *path)
{
	struct index_item item;
	enum err err = index_get(stand->reader, visitor, path, &item);

	index_item_fini(&item);
	return err;
}

static void found_by_path_and_uuid(void **state)
{
	struct index_stand *stand = *state;
	struct index_item item, same;

	put_all(stand);
	assert_int_equal(index_get(stand->reader, &anyone, "meissen/kita/plaetze", &item), ERR_OK);
	assert_true(item.open && item.held && item.readable);
	assert_true(bytes_eq(item.description.title, bytes_str(DATASETS[0].title)));
	assert_string_equal(item.home, "meissen");
	assert_int_equal(index_get_uuid(stand->reader, &anyone, item.uuid, &same), ERR_OK);
	assert_string_equal(same.path, item.path);
	index_item_fini(&item);
	index_item_fini(&same);
	assert_int_equal(get(stand, &anyone, "meissen/kita"), ERR_ABSENT);
	assert_int_equal(get(stand, &anyone, "meissen/kita/plaetze'"), ERR_ABSENT);
}

/* Each tier, each visitor. */
static void seen_by_who_may(void **state)
{
	static const struct {
		const char *path;
		bool anyone, kita, everything;
	} cases[] = {
		{"meissen/kita/plaetze", true, true, true},
		{"meissen/kita/belegung", false, true, true},
		{"meissen/personal/plan", false, false, true},
		{"riesa/bau/akten", false, false, true},
	};
	struct index_stand *stand = *state;

	put_all(stand);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *path = cases[i].path;

		assert_int_equal(!get(stand, &anyone, path), cases[i].anyone);
		assert_int_equal(!get(stand, &kita, path), cases[i].kita);
		assert_int_equal(!get(stand, &everything, path), cases[i].everything);
		assert_int_equal(get(stand, &admin, path), ERR_OK);
	}
	expect(stand, &anyone, (struct index_query){0},
	       "meissen/kita/plaetze meissen/umwelt/baeume riesa/umwelt/luft");
	expect(stand, &kita, (struct index_query){0},
	       "meissen/kita/belegung meissen/kita/plaetze meissen/umwelt/baeume "
	       "riesa/umwelt/luft");
	expect(stand, &admin, (struct index_query){0},
	       "meissen/kita/belegung meissen/kita/plaetze meissen/personal/plan "
	       "meissen/umwelt/baeume riesa/bau/akten riesa/umwelt/luft");
	expect(stand, &anyone, (struct index_query){.words = "kita"}, "meissen/kita/plaetze");
}

static void found_by_words(void **state)
{
	static const struct {
		const char *words, *paths;
	} cases[] = {
		{"Baumkataster", "meissen/umwelt/baeume"},
		{"baumKATASTER", "meissen/umwelt/baeume"},
		{"bäume", "meissen/umwelt/baeume"},
		{"baeume", "meissen/umwelt/baeume"},
		{"baume", "meissen/umwelt/baeume"},
		{"luftgute", "riesa/umwelt/luft"},
		{"plätze kita", "meissen/kita/plaetze"},
		{"plätze baeume", ""},
		{"freie einrichtung", "meissen/kita/plaetze"},
		{"nichts", ""},
		/* compounds, by their parts */
		{"tagesstätte", "meissen/kita/plaetze"},
		{"tagesstatte", "meissen/kita/plaetze"},
		{"kataster", "meissen/umwelt/baeume"},
		{"richtung", "meissen/kita/plaetze"},
		{"ka", ""}, /* too short to be a part */
		/* one letter wrong, in the word or in a part of it */
		{"baumkatater", "meissen/umwelt/baeume"},
		{"baumkkataster", "meissen/umwelt/baeume"},
		{"baumkatsater", "meissen/umwelt/baeume"},
		{"tagestätten", "meissen/kita/plaetze"},
		{"kindertagestaetten", "meissen/kita/plaetze"},
		{"luftgüde", "riesa/umwelt/luft"},
		{"baumkatata", ""}, /* two */
		{"lufz", "riesa/umwelt/luft"},
		{"luz", ""}, /* too short */
		{"\"plätze\" AND (NOT kita) OR title:x*", ""},
	};
	struct index_stand *stand = *state;

	put_all(stand);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(stand, &anyone, (struct index_query){.words = cases[i].words},
		       cases[i].paths);
}

static void found_by_filters(void **state)
{
	static const struct index_filter not_meissen = {
		.field = INDEX_ORGANISATION, .not = true, .values = {"meissen"}, .value_count = 1};
	static const struct index_filter either = {
		.field = INDEX_LICENSE, .values = {"cc-zero", "dl-by-de/2.0"}, .value_count = 2};
	struct index_stand *stand = *state;

	put_all(stand);
	expect(stand, &anyone, (struct index_query){.theme = "ENVI"},
	       "meissen/umwelt/baeume riesa/umwelt/luft");
	expect(stand, &anyone, (struct index_query){.slug = "riesa"}, "riesa/umwelt/luft");
	expect(stand, &anyone, (struct index_query){.keyword = "baeume"}, "meissen/umwelt/baeume");
	expect(stand, &anyone, (struct index_query){.below = "meissen/umwelt"},
	       "meissen/umwelt/baeume");
	expect(stand, &anyone, (struct index_query){.below = "meissen/umw"}, "");
	expect(stand, &anyone, (struct index_query){.filters = &not_meissen, .filter_count = 1},
	       "riesa/umwelt/luft");
	expect(stand, &anyone, (struct index_query){.filters = &either, .filter_count = 1},
	       "meissen/kita/plaetze meissen/umwelt/baeume");
	expect(stand, &admin,
	       (struct index_query){.words = "kita", .theme = "EDUC", .sort = INDEX_BY_PATH},
	       "meissen/kita/belegung meissen/kita/plaetze");
	expect(stand, &anyone, (struct index_query){.modified_from_ms = 1000003},
	       "riesa/umwelt/luft");
	expect(stand, &anyone, (struct index_query){.modified_to_ms = 1000001},
	       "meissen/kita/plaetze");
}

static void in_order(void **state)
{
	struct index_stand *stand = *state;

	put_all(stand);
	expect(stand, &anyone, (struct index_query){.sort = INDEX_BY_TITLE},
	       "meissen/umwelt/baeume riesa/umwelt/luft meissen/kita/plaetze");
	expect(stand, &anyone, (struct index_query){.sort = INDEX_BY_MODIFIED_DOWN},
	       "riesa/umwelt/luft meissen/umwelt/baeume meissen/kita/plaetze");
	expect(stand, &anyone, (struct index_query){.sort = INDEX_BY_PATH_DOWN, .limit = 1},
	       "riesa/umwelt/luft");
	expect(stand, &anyone, (struct index_query){.offset = 1, .limit = 1},
	       "meissen/umwelt/baeume");
	/* A word in the title is worth more than one in the path. */
	stand_put(stand, &(struct made){.path = "a/luftbild", .title = "Aufnahmen"});
	stand_put(stand, &(struct made){.path = "z/x", .title = "Luft", .text = "Zeile"});
	expect(stand, &anyone, (struct index_query){.words = "luft"},
	       "z/x riesa/umwelt/luft a/luftbild");
}

/* ---- facets ---- */

static bool add_count(void *arg, const char *value, const char *label, uint64_t count)
{
	char text[256];

	snprintf(text, sizeof(text), "%s=%llu ", value, (unsigned long long)count);
	buf_add(arg, bytes_str(text));
	return true;
}

static void expect_facet(struct index_stand *stand, const struct visitor *visitor,
			 struct index_query query, enum index_facet facet, const char *counts)
{
	char why[WHY_LEN] = "";
	struct buf found;

	buf_init(&found, 65536);
	assert_int_equal(
		index_facets(stand->reader, visitor, &query, facet, 10, add_count, &found, why),
		ERR_OK);
	if (!bytes_eq(buf_bytes(&found), bytes_str(counts)))
		fail_msg("counted \"%.*s\" instead of \"%s\"", (int)found.len, (char *)found.ptr,
			 counts);
	buf_fini(&found);
}

static void counted(void **state)
{
	struct index_stand *stand = *state;

	put_all(stand);
	expect_facet(stand, &anyone, (struct index_query){0}, INDEX_FACET_THEME, "ENVI=2 EDUC=1 ");
	expect_facet(stand, &kita, (struct index_query){0}, INDEX_FACET_THEME, "EDUC=2 ENVI=2 ");
	expect_facet(stand, &anyone, (struct index_query){0}, INDEX_FACET_ORGANISATION,
		     "meissen=2 riesa=1 ");
	expect_facet(stand, &anyone, (struct index_query){0}, INDEX_FACET_TIER, "open=3 ");
	expect_facet(stand, &admin, (struct index_query){.words = "kita"}, INDEX_FACET_TIER,
		     "granted=1 members=1 open=1 ");
	expect_facet(stand, &anyone, (struct index_query){.theme = "EDUC"}, INDEX_FACET_KEYWORD,
		     "jugend=1 kita=1 ");
}

/* ---- what changes ---- */

static void narrowed_at_once(void **state)
{
	struct index_stand *stand = *state;
	struct made made = DATASETS[0];

	put_all(stand);
	uint64_t before = index_generation(stand->reader, &anyone);
	made.tier = TIER_MEMBERS;
	made.number = 2;
	stand_put(stand, &made);
	assert_int_equal(get(stand, &anyone, made.path), ERR_ABSENT);
	assert_int_equal(get(stand, &admin, made.path), ERR_OK);
	assert_int_not_equal(index_generation(stand->reader, &anyone), before);
	expect(stand, &anyone, (struct index_query){.words = "plätze"}, "");
	expect_facet(stand, &anyone, (struct index_query){0}, INDEX_FACET_THEME, "ENVI=2 ");
	made.tier = TIER_OPEN;
	made.number = 3;
	stand_put(stand, &made);
	expect(stand, &anyone, (struct index_query){.words = "plätze"}, made.path);
	expect(stand, &admin, (struct index_query){.words = "plätze"}, made.path);
	made.gone = true;
	stand_put(stand, &made);
	assert_int_equal(get(stand, &admin, made.path), ERR_ABSENT);
	expect(stand, &admin, (struct index_query){.words = "plätze"}, "");
}

/* What the visitor does not see changes nothing for them, not even a number. */
static void generations(void **state)
{
	struct index_stand *stand = *state;
	struct made sealed = DATASETS[3], other = DATASETS[5];

	put_all(stand);
	uint64_t open = index_generation(stand->reader, &anyone);
	uint64_t token = index_generation(stand->reader, &kita);
	uint64_t all = index_generation(stand->reader, &admin);
	other.number = 9;
	stand_put(stand, &other);
	assert_int_equal(index_generation(stand->reader, &anyone), open);
	assert_int_equal(index_generation(stand->reader, &kita), token);
	assert_int_not_equal(index_generation(stand->reader, &admin), all);
	sealed.number = 9;
	stand_put(stand, &sealed);
	assert_int_equal(index_generation(stand->reader, &anyone), open);
	assert_int_not_equal(index_generation(stand->reader, &kita), token);
	stand_put(stand, &sealed); /* as it is already */
	token = index_generation(stand->reader, &kita);
	stand_put(stand, &sealed);
	assert_int_equal(index_generation(stand->reader, &kita), token);
}

static void renamed(void **state)
{
	struct index_stand *stand = *state;
	struct index_item item;
	const struct made made = {.path = "meissen/x",
				  .shown = "meissen-neu/x",
				  .slugs = "mei meissen ",
				  .title = "X"};

	stand_put(stand, &made);
	assert_int_equal(index_get(stand->reader, &anyone, "mei/x", &item), ERR_OK);
	assert_string_equal(item.path, "meissen-neu/x");
	index_item_fini(&item);
	assert_int_equal(get(stand, &anyone, "meissen/x"), ERR_OK);
	assert_int_equal(get(stand, &anyone, "meissen-neu/x"), ERR_OK);
	expect(stand, &anyone, (struct index_query){.slug = "mei"}, "meissen-neu/x");
	expect(stand, &anyone, (struct index_query){.slug = "meissen-neu"}, "meissen-neu/x");
	expect_facet(stand, &anyone, (struct index_query){0}, INDEX_FACET_ORGANISATION,
		     "meissen-neu=1 ");
}

/* A page of the catalogue says what is there between two paths, so all else there is gone. */
static void cleared(void **state)
{
	struct index_stand *stand = *state;
	struct index_seen seen[2];

	put_all(stand);
	seen_make(&seen[0], &DATASETS[0]);
	seen_make(&seen[1], &DATASETS[1]);
	store_begin(&stand->store);
	store_clear(&stand->store, "meissen/kita/plaetze", "meissen/umwelt/baeume", &seen[1], 1);
	assert_int_equal(store_commit(&stand->store), ERR_OK);
	expect(stand, &admin, (struct index_query){.slug = "meissen"},
	       "meissen/kita/belegung meissen/kita/plaetze meissen/personal/plan "
	       "meissen/umwelt/baeume");
	store_begin(&stand->store);
	store_clear(&stand->store, "", "", seen, 2);
	assert_int_equal(store_commit(&stand->store), ERR_OK);
	expect(stand, &admin, (struct index_query){0},
	       "meissen/kita/plaetze meissen/umwelt/baeume");
	index_seen_fini(&seen[0]);
	index_seen_fini(&seen[1]);
}

struct asked {
	struct index_stand *stand;
	const char *words;
	enum err err;
};

static bool see_any(void *arg, const struct index_item *item)
{
	return true;
}

static void *ask_admin(void *arg)
{
	struct asked *asked = arg;
	struct index_query query = {.words = asked->words, .limit = 10};
	char why[WHY_LEN];
	uint64_t total;

	asked->err = index_search(asked->stand->reader, &admin, &query, see_any, NULL, &total, why);
	return NULL;
}

/* Who asks for what is not open, while it is written, is answered when that is done. */
static void asked_while_written(void **state)
{
	struct index_stand *stand = *state;
	struct asked asked = {.stand = stand, .words = "kita"};
	struct made made = {.path = "meissen/x", .title = "Plan", .tier = TIER_MEMBERS};
	struct index_seen seen;
	pthread_t thread;

	put_all(stand);
	ask_admin(&asked); /* the connection is there */
	assert_int_equal(asked.err, ERR_OK);
	asked.words = "plan"; /* not what it remembers */
	seen_make(&seen, &made);
	store_begin(&stand->store);
	store_put(&stand->store, &seen, ++stand->now_ms);
	assert_int_equal(pthread_create(&thread, NULL, ask_admin, &asked), 0);
	usleep(50000); /* it has come as far as it can */
	assert_int_equal(store_commit(&stand->store), ERR_OK);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(asked.err, ERR_OK);
	index_seen_fini(&seen);
}

/* ---- files ---- */

static bool add_file(void *arg, const struct index_file *file)
{
	char text[256];

	snprintf(text, sizeof(text), "%s(%s)=%llu ", file->name, file->format,
		 (unsigned long long)file->size);
	buf_add(arg, bytes_str(text));
	return true;
}

static void expect_files(struct index_stand *stand, const char *path, bool listed,
			 const char *files)
{
	struct index_item item;
	struct buf found;

	buf_init(&found, 65536);
	assert_int_equal(index_get(stand->reader, &admin, path, &item), ERR_OK);
	assert_int_equal(item.listed, listed);
	assert_int_equal(index_files(stand->reader, &item, add_file, &found), ERR_OK);
	if (!bytes_eq(buf_bytes(&found), bytes_str(files)))
		fail_msg("files \"%.*s\" instead of \"%s\"", (int)found.len, (char *)found.ptr,
			 files);
	index_item_fini(&item);
	buf_fini(&found);
}

static void list(struct index_stand *stand, const char *name, const char *other)
{
	const struct manifest_file files[] = {
		{.name = bytes_str(name), .size = 5},
		{.name = bytes_str("leer/"), .size = 0},
		{.name = bytes_str(other), .media_type = bytes_str("text/csv"), .size = 6}};
	struct unlisted unlisted;
	struct manifest manifest;

	manifest_init(&manifest);
	buf_add(&manifest.files, bytes_obj(&files));
	assert_int_equal(store_unlisted(&stand->store, &unlisted, 1), 1);
	store_begin(&stand->store);
	store_list(&stand->store, &unlisted, &manifest, ++stand->now_ms);
	assert_int_equal(store_commit(&stand->store), ERR_OK);
	manifest_fini(&manifest);
}

static void listed(void **state)
{
	struct index_stand *stand = *state;
	struct made made = {.path = "meissen/x", .title = "X", .lean = true};
	struct unlisted unlisted;

	stand_put(stand, &made);
	assert_int_equal(store_unlisted(&stand->store, &unlisted, 1), 0);
	made.lean = false;
	stand_put(stand, &made);
	expect_files(stand, made.path, false, "");
	uint64_t before = index_generation(stand->reader, &anyone);
	list(stand, "a.geojson", "tabelle");
	assert_int_equal(store_unlisted(&stand->store, &unlisted, 1), 0);
	expect_files(stand, made.path, true, "a.geojson(GEOJSON)=5 tabelle(CSV)=6 ");
	assert_int_not_equal(index_generation(stand->reader, &anyone), before);
	expect(stand, &anyone, (struct index_query){.format = "CSV"}, made.path);
	/* and no theme is called like a format */
	expect(stand, &anyone, (struct index_query){.theme = "CSV"}, "");
	expect(stand, &anyone, (struct index_query){.words = "tabelle"}, made.path);
	/* Called otherwise, it has the same files; the next version has others. */
	made.shown = "meissen-neu/x";
	stand_put(stand, &made);
	expect_files(stand, made.shown, true, "a.geojson(GEOJSON)=5 tabelle(CSV)=6 ");
	expect(stand, &anyone, (struct index_query){.format = "CSV"}, made.shown);
	made.number = 2;
	stand_put(stand, &made);
	expect_files(stand, made.shown, false, "");
	expect(stand, &anyone, (struct index_query){.format = "CSV"}, "");
	expect(stand, &anyone, (struct index_query){.words = "tabelle"}, "");
	list(stand, "b.csv", "c");
	expect_files(stand, made.shown, true, "b.csv(CSV)=5 c(CSV)=6 ");
}

/* What cannot be opened is tried again when it is said so, not for ever. */
static void listed_in_vain(void **state)
{
	struct index_stand *stand = *state;
	const struct made made = {.path = "meissen/x", .title = "X", .tier = TIER_MEMBERS};
	struct unlisted unlisted;

	stand_put(stand, &made);
	assert_int_equal(store_unlisted(&stand->store, &unlisted, 1), 1);
	assert_string_equal(unlisted.place, made.path);
	store_begin(&stand->store);
	store_list(&stand->store, &unlisted, NULL, ++stand->now_ms);
	assert_int_equal(store_commit(&stand->store), ERR_OK);
	assert_int_equal(store_unlisted(&stand->store, &unlisted, 1), 0);
	expect_files(stand, made.path, false, "");
	store_begin(&stand->store);
	store_list_again(&stand->store);
	assert_int_equal(store_commit(&stand->store), ERR_OK);
	list(stand, "a.csv", "b");
	expect_files(stand, made.path, true, "a.csv(CSV)=5 b(CSV)=6 ");
}

/* ---- what is lost ---- */

static void stand_reopen(struct index_stand *stand)
{
	index_reader_close(stand->reader);
	store_close(&stand->store);
	assert_int_equal(store_open(&stand->store, stand->dir), ERR_OK);
	atomic_store(&stand->store.complete, true);
	stand->reader = index_reader_open(&stand->store);
}

static void file_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	for (int i = 0; i < 4096; i++)
		fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void kept_and_made_anew(void **state)
{
	struct index_stand *stand = *state;

	put_all(stand);
	uint64_t before = index_generation(stand->reader, &anyone);
	stand_reopen(stand);
	assert_int_equal(get(stand, &anyone, DATASETS[0].path), ERR_OK);
	assert_int_equal(get(stand, &admin, DATASETS[3].path), ERR_ABSENT); /* in memory only */
	store_close(&stand->store);
	char *path = dir_file(stand->dir, INDEX_DIR "/" INDEX_FILE);
	file_write(path, "no database ");
	assert_int_equal(store_open(&stand->store, stand->dir), ERR_OK);
	stand_reopen(stand);
	assert_int_equal(get(stand, &anyone, DATASETS[0].path), ERR_ABSENT);
	put_all(stand);
	assert_int_equal(get(stand, &anyone, DATASETS[0].path), ERR_OK);
	assert_int_not_equal(index_generation(stand->reader, &anyone), before);
	free(path);
}

/* While the node runs: it is seen, and made anew; readers go along by themselves. */
static void deleted_under_way(void **state)
{
	struct index_stand *stand = *state;
	char *path = dir_file(stand->dir, INDEX_DIR "/" INDEX_FILE);

	put_all(stand);
	assert_int_equal(get(stand, &anyone, DATASETS[0].path), ERR_OK);
	assert_true(store_stands(&stand->store));
	assert_int_equal(unlink(path), 0);
	assert_false(store_stands(&stand->store));
	assert_int_equal(store_remake(&stand->store), ERR_OK);
	assert_true(store_stands(&stand->store));
	assert_int_equal(get(stand, &anyone, DATASETS[0].path), ERR_AGAIN);
	put_all(stand);
	atomic_store(&stand->store.complete, true);
	assert_int_equal(get(stand, &anyone, DATASETS[0].path), ERR_OK);
	free(path);
}

/* Nothing of what is sealed comes to the disk. */
static void sealed_in_memory_only(void **state)
{
	struct index_stand *stand = *state;
	static const char *const ends[] = {"", "-wal"};

	put_all(stand);
	for (size_t i = 0; i < 2; i++) {
		char name[64];
		snprintf(name, sizeof(name), INDEX_DIR "/" INDEX_FILE "%s", ends[i]);
		char *path = dir_file(stand->dir, name);
		FILE *file = fopen(path, "r");
		struct buf all;
		int c;

		assert_non_null(file);
		buf_init(&all, 64u << 20);
		while ((c = fgetc(file)) != EOF)
			buf_add_u8(&all, (uint8_t)c);
		fclose(file);
		assert_null(memmem(all.ptr, all.len, "Stellenplan", 11));
		assert_null(memmem(all.ptr, all.len, "stellenplan", 11));
		assert_null(memmem(all.ptr, all.len, "belegung", 8));
		buf_fini(&all);
		free(path);
	}
}

static void refused(void **state)
{
	struct index_stand *stand = *state;
	char why[WHY_LEN];
	uint64_t total;
	static const struct index_query wrong[] = {
		{.words = " - "},
		{.words = "a b c d e f g h i j k l m n o p q"},
		{.limit = INDEX_PAGE_MAX + 1},
		{.filter_count = INDEX_FILTER_COUNT_MAX + 1},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		why[0] = '\0';
		assert_int_equal(index_search(stand->reader, &anyone, &wrong[i], add_path, NULL,
					      &total, why),
				 ERR_CONFIG);
		assert_true(strlen(why) > 10);
	}
}

static bool count_org(void *arg, const struct index_organisation *organisation)
{
	return add_count(arg, organisation->slug, organisation->name, organisation->count);
}

static void organisations(void **state)
{
	struct index_stand *stand = *state;
	struct buf found;

	put_all(stand);
	buf_init(&found, 4096);
	assert_int_equal(index_organisations(stand->reader, &anyone, count_org, &found), ERR_OK);
	assert_true(bytes_eq(buf_bytes(&found), bytes_str("meissen=2 riesa=1 ")));
	buf_reset(&found);
	assert_int_equal(index_organisations(stand->reader, &admin, count_org, &found), ERR_OK);
	assert_true(bytes_eq(buf_bytes(&found), bytes_str("meissen=4 riesa=2 ")));
	buf_fini(&found);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, index_stand_open, index_stand_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(found_by_path_and_uuid),
		TEST(seen_by_who_may),
		TEST(found_by_words),
		TEST(found_by_filters),
		TEST(in_order),
		TEST(counted),
		TEST(narrowed_at_once),
		TEST(generations),
		TEST(renamed),
		TEST(cleared),
		TEST(asked_while_written),
		TEST(kept_and_made_anew),
		TEST(deleted_under_way),
		TEST(sealed_in_memory_only),
		TEST(refused),
		TEST(organisations),
		TEST(listed),
		TEST(listed_in_vain),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
