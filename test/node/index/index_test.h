/*
 * index_test - the two databases of an index in a directory of their own, and items made by hand.
 */
#ifndef ALLMENDE_INDEX_TEST_H
#define ALLMENDE_INDEX_TEST_H

#include "test/store/store_test.h"

#include "crypto/path.h"
#include "node/index/store.h"

struct index_stand {
	char *dir;
	struct index_store store;
	struct index_reader *reader;
	int64_t now_ms;
};

struct made { /* what is NULL or 0 is not said */
	const char *path, *title, *text, *theme, *license;
	const char *keywords[4];
	enum tier tier;     /* 0: open */
	uint64_t number;    /* 0: 1 */
	const char *stored; /* another path that it is kept under */
	const char *shown, *slugs, *organisation;
	bool gone, lean; /* withdrawn; known, but nothing of it is held */
};

static inline void seen_name(struct index_seen *seen, const struct made *made)
{
	struct index_item *item = &seen->item;
	struct bytes home = path_slug(bytes_str(made->path));
	const char *shown = made->shown ? made->shown : made->path;
	struct bytes slug = path_slug(bytes_str(shown));

	snprintf(seen->stored, sizeof(seen->stored), "%s",
		 made->stored ? made->stored : made->path);
	snprintf(item->kept, sizeof(item->kept), "%s", made->path);
	snprintf(item->path, sizeof(item->path), "%s", shown);
	snprintf(item->home, sizeof(item->home), "%.*s", (int)home.len, (const char *)home.ptr);
	snprintf(item->slug, sizeof(item->slug), "%.*s", (int)slug.len, (const char *)slug.ptr);
	snprintf(item->organisation, sizeof(item->organisation), "%s",
		 made->organisation ? made->organisation : "Stadt");
	path_dataset_id(&item->dataset, &(struct org_id){{1}}, bytes_str(seen->stored));
	snprintf(item->uuid, sizeof(item->uuid), "%02x%02x%02x%02x-0000-8000-8000-000000000000",
		 item->dataset.b[0], item->dataset.b[1], item->dataset.b[2], item->dataset.b[3]);
}

static inline void seen_describe(struct index_item *item, const struct made *made)
{
	struct description description = {.title = bytes_str(made->title ? made->title : "")};

	if (made->text)
		description.text = bytes_str(made->text);
	if (made->theme)
		description.themes[description.theme_count++] = bytes_str(made->theme);
	if (made->license)
		description.license = bytes_str(made->license);
	while (description.keyword_count < 4 && made->keywords[description.keyword_count]) {
		description.keywords[description.keyword_count] =
			bytes_str(made->keywords[description.keyword_count]);
		description.keyword_count++;
	}
	buf_init(&item->description_bytes, DESCRIPTION_LEN_MAX);
	assert_int_equal(description_encode(&item->description_bytes, &description), ERR_OK);
	assert_int_equal(
		description_decode(&item->description, buf_bytes(&item->description_bytes)),
		ERR_OK);
}

static inline void seen_make(struct index_seen *seen, const struct made *made)
{
	struct index_item *item = &seen->item;

	*seen = (struct index_seen){.there = !made->gone};
	seen_name(seen, made);
	item->tier = made->tier ? made->tier : TIER_OPEN;
	item->number = made->number ? made->number : 1;
	item->author = 256;
	item->readable = true;
	item->held = !made->lean;
	item->record.b[0] = (uint8_t)item->number;
	memcpy(item->record.b + 1, item->dataset.b, ID_LEN - 1);
	item->published_ms = item->first_published_ms = item->modified_ms =
		(int64_t)item->number * 1000;
	seen->slugs = made->slugs ? mem_str(made->slugs) : NULL;
	seen_describe(item, made);
}

static inline void stand_put(struct index_stand *stand, const struct made *made)
{
	struct index_seen seen;

	seen_make(&seen, made);
	store_begin(&stand->store);
	store_put(&stand->store, &seen, ++stand->now_ms);
	assert_int_equal(store_commit(&stand->store), ERR_OK);
	index_seen_fini(&seen);
}

static inline int index_stand_open(void **state)
{
	struct index_stand *stand = mem_new(1, sizeof(*stand));

	stand->dir = test_dir_memory();
	stand->now_ms = 1000000;
	assert_int_equal(store_open(&stand->store, stand->dir), ERR_OK);
	atomic_store(&stand->store.complete, true);
	stand->reader = index_reader_open(&stand->store);
	*state = stand;
	return 0;
}

static inline int index_stand_close(void **state)
{
	struct index_stand *stand = *state;

	index_reader_close(stand->reader);
	store_close(&stand->store);
	test_dir_fini(stand->dir);
	free(stand);
	return 0;
}

static const struct visitor anyone = {.kind = VISITOR_ANYONE};
static const struct visitor admin = {.kind = VISITOR_ADMIN};

#endif
