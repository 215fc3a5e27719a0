/* The pages of the feed: each dataset once, what changes changes one of them. */
#include "test/node/index/index_test.h"

#include <dirent.h>
#include <inttypes.h>
#include <jansson.h>
#include <unistd.h>

#include "node/portal/feed_internal.h"

#define BASE   "https://daten.example"
#define PREFIX BASE "/id/"

enum { MANY = 1200 };

struct bench {
	struct index_stand *stand;
	struct node_view node;
	struct config config;
	struct feed feed;
};

static void bench_open(struct bench *bench, struct index_stand *stand)
{
	struct feed *feed = &bench->feed;

	*bench = (struct bench){.stand = stand};
	bench->node.config = &bench->config;
	feed->node = &bench->node;
	feed->news = &bench->node.feed_news;
	feed->folder = mem_new(1, strlen(stand->dir) + 32);
	sprintf(feed->folder, "%s/derived/feed", stand->dir);
	feed->state_path = mem_new(1, strlen(stand->dir) + 32);
	sprintf(feed->state_path, "%s/feed.state", stand->dir);
	feed->reader = stand->reader;
	feed->site = (struct feed_site){
		.base = BASE, .name = "Stadt Meißen", .slug = "meissen", .home = "meissen"};
	feed_site_point(&feed->site);
	feed_guard_init(&feed->guard);
	feed_guard_load(&feed->guard, feed->state_path);
	assert_int_equal(uv_mutex_init(&feed->lock), 0);
}

static void bench_close(struct bench *bench)
{
	feed_set_free(bench->feed.set);
	feed_guard_fini(&bench->feed.guard);
	uv_mutex_destroy(&bench->feed.lock);
	free(bench->feed.folder);
	free(bench->feed.state_path);
}

static void put(struct index_stand *stand, unsigned from, unsigned to, struct made made)
{
	char path[40], title[40];

	for (unsigned i = from; i < to; i++) {
		snprintf(path, sizeof(path), "meissen/d%u", i);
		snprintf(title, sizeof(title), "Datensatz %u", i);
		made.path = path;
		made.title = title;
		stand_put(stand, &made);
	}
}

static json_t *page_read(const struct bench *bench, uint64_t number)
{
	const struct feed_set *set = bench->feed.set;
	char *path = feed_page_path(&bench->feed, set->parts, number, set->pages[number - 1].digest,
				    RDF_JSONLD);
	json_t *page = json_load_file(path, 0, NULL);

	assert_non_null(page);
	free(path);
	return page;
}

static const json_t *node_with(const json_t *page, const char *type)
{
	json_t *node, *types;
	size_t i;

	json_array_foreach(json_object_get(page, "@graph"), i, node)
	{
		types = json_object_get(node, "@type");
		if (json_is_array(types))
			types = json_array_get(types, 0);
		if (strcmp(json_string_value(types), type) == 0)
			return node;
	}
	return NULL;
}

/* Walks as a harvester does; how many datasets it met. None twice. */
static size_t walk_pages(const struct bench *bench)
{
	json_t *seen = json_object();
	uint64_t number = 1;

	for (size_t count = 0; number > 0; count++) {
		json_t *page = page_read(bench, number), *node;
		size_t i;
		json_array_foreach(json_object_get(page, "@graph"), i, node)
		{
			const char *type = json_string_value(json_object_get(node, "@type"));
			const char *id = json_string_value(json_object_get(node, "@id"));
			if (!type || strcmp(type, "dcat:Dataset") != 0)
				continue;
			assert_memory_equal(id, PREFIX, strlen(PREFIX));
			assert_null(json_object_get(seen, id));
			json_object_set_new(seen, id, json_true());
		}
		const json_t *next = json_object_get(node_with(page, "hydra:PartialCollectionView"),
						     "hydra:next");
		const char *text = json_string_value(json_object_get(next, "@id"));
		number = 0;
		if (text)
			assert_int_equal(
				sscanf(text, BASE "/catalog.jsonld?page=%" SCNu64, &number), 1);
		assert_true(count < bench->feed.set->parts);
		json_decref(page);
	}
	size_t count = json_object_size(seen);
	json_decref(seen);
	return count;
}

static size_t files_in(const struct bench *bench)
{
	DIR *dir = opendir(bench->feed.folder);
	size_t count = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void each_dataset_once(void **state)
{
	struct index_stand *stand = *state;
	struct bench bench;

	put(stand, 0, MANY, (struct made){.license = "cc-zero"});
	put(stand, MANY, MANY + 50, (struct made){.tier = TIER_MEMBERS});
	put(stand, MANY + 50, MANY + 90, (struct made){.lean = true}); /* known, and not here */
	bench_open(&bench, stand);
	assert_int_equal(feed_build(&bench.feed, false), ERR_OK);
	assert_int_equal(bench.feed.status.state, FEED_READY);
	assert_int_equal(bench.feed.set->parts, 4);
	assert_int_equal(bench.feed.status.datasets, MANY);
	assert_int_equal(walk_pages(&bench), MANY);
	assert_int_equal(files_in(&bench), 4 * RDF_SYNTAX_COUNT);
	bench_close(&bench);
}

/* One more, or another title: its page is another, and the first, which says how many there are. */
static void what_changes_changes_one_page(void **state)
{
	struct index_stand *stand = *state;
	struct feed_page before[4];
	unsigned others = 0;
	struct bench bench;

	put(stand, 0, MANY, (struct made){.license = "cc-zero"});
	bench_open(&bench, stand);
	assert_int_equal(feed_build(&bench.feed, false), ERR_OK);
	memcpy(before, bench.feed.set->pages, sizeof(before));
	assert_int_equal(feed_build(&bench.feed, false), ERR_OK);
	assert_memory_equal(before, bench.feed.set->pages, sizeof(before));
	put(stand, MANY, MANY + 1, (struct made){.license = "cc-zero"});
	assert_int_equal(feed_build(&bench.feed, false), ERR_OK);
	for (unsigned i = 0; i < 4; i++)
		others += before[i].digest != bench.feed.set->pages[i].digest;
	assert_in_range(others, 1, 2);
	assert_int_equal(walk_pages(&bench), MANY + 1);
	assert_int_equal(files_in(&bench), 4 * RDF_SYNTAX_COUNT); /* those of before are gone */
	/* other addresses are other pages */
	snprintf(bench.feed.site.base, sizeof(bench.feed.site.base), "https://neu.example");
	feed_site_point(&bench.feed.site);
	memcpy(before, bench.feed.set->pages, sizeof(before));
	assert_int_equal(feed_build(&bench.feed, false), ERR_OK);
	for (unsigned i = 0; i < 4; i++)
		assert_true(before[i].digest != bench.feed.set->pages[i].digest);
	bench_close(&bench);
}

/* A later version is on its way: it stays. What is dropped goes, and counts as lost. */
static void on_its_way(void **state)
{
	struct index_stand *stand = *state;
	struct bench bench;

	put(stand, 0, 30, (struct made){.license = "cc-zero"});
	bench_open(&bench, stand);
	assert_int_equal(feed_build(&bench.feed, false), ERR_OK);
	put(stand, 0, 5, (struct made){.license = "cc-zero", .number = 2, .lean = true});
	assert_int_equal(feed_build(&bench.feed, false), ERR_OK);
	assert_int_equal(walk_pages(&bench), 30);
	/* after a restart as well */
	bench_close(&bench);
	bench_open(&bench, stand);
	assert_int_equal(feed_build(&bench.feed, false), ERR_OK);
	assert_int_equal(walk_pages(&bench), 30);
	put(stand, 0, 5, (struct made){.license = "cc-zero", .number = 2});
	assert_int_equal(feed_build(&bench.feed, false), ERR_OK);
	put(stand, 0, 3, (struct made){.license = "cc-zero", .number = 2, .lean = true});
	assert_int_equal(feed_build(&bench.feed, false), ERR_OK);
	assert_int_equal(walk_pages(&bench), 27);
	put(stand, 3, 4, (struct made){.license = "cc-zero", .number = 2, .lean = true});
	assert_int_equal(feed_build(&bench.feed, false), ERR_ABSENT);
	assert_int_equal(bench.feed.status.state, FEED_REFUSED);
	assert_int_equal(bench.feed.status.lost, 4);
	assert_null(feed_set_take(&bench.feed)); /* nothing is handed out */
	assert_int_equal(feed_build(&bench.feed, true), ERR_OK);
	assert_int_equal(walk_pages(&bench), 26);
	bench_close(&bench);
}

/* Nothing was ever there, and then nothing is there any more. */
static void nothing(void **state)
{
	struct index_stand *stand = *state;
	struct bench bench;

	bench_open(&bench, stand);
	assert_int_equal(feed_build(&bench.feed, false), ERR_ABSENT);
	assert_int_equal(bench.feed.status.state, FEED_EMPTY);
	put(stand, 0, 1, (struct made){.license = "cc-zero"});
	assert_int_equal(feed_build(&bench.feed, false), ERR_OK);
	put(stand, 0, 1, (struct made){.gone = true});
	assert_int_equal(feed_build(&bench.feed, false), ERR_ABSENT);
	assert_int_equal(bench.feed.status.state, FEED_REFUSED);
	assert_int_equal(feed_build(&bench.feed, true), ERR_OK);
	assert_int_equal(walk_pages(&bench), 0);
	assert_int_equal(bench.feed.status.state, FEED_READY);
	bench_close(&bench);
}

/* The index is being made: nothing is built of a part of it. */
static void not_complete(void **state)
{
	struct index_stand *stand = *state;
	struct bench bench;

	put(stand, 0, 20, (struct made){.license = "cc-zero"});
	atomic_store(&stand->store.complete, false);
	bench_open(&bench, stand);
	assert_int_equal(feed_build(&bench.feed, false), ERR_AGAIN);
	assert_null(bench.feed.set);
	atomic_store(&stand->store.complete, true);
	assert_int_equal(feed_build(&bench.feed, false), ERR_OK);
	assert_int_equal(walk_pages(&bench), 20);
	bench_close(&bench);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, index_stand_open, index_stand_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_dataset_once), TEST(what_changes_changes_one_page),
		TEST(on_its_way),        TEST(nothing),
		TEST(not_complete),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
