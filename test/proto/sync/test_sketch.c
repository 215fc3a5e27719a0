/* Rolls of states, the marks and sketches of two of them, and what comes out of their difference.
 */
#include "proto/sync/sketch.h"
#include "test/proto/federation.h"

enum { MEMBERS = 11000, DIFFERENCES = 955 };

static const uint8_t key[SIPHASH_KEY_LEN] = {1, 2, 3};

static struct digest set_of(uint32_t n)
{
	struct digest set;
	uint8_t name[4];

	be32_put(name, n);
	hash_once(set.b, "am1.test", bytes_obj(&name));
	return set;
}

static void put(struct roll *roll, uint32_t member, uint32_t what)
{
	struct digest set = set_of(what);

	roll_put(roll, author_of(member, 0), 1, 1, &set);
}

/* Only numbers of members are looked at. */
static struct charter charter_of(uint32_t count)
{
	return (struct charter){.members = mem_new(count, sizeof(struct charter_member)),
				.member_count = count};
}

static struct roll *roll_new(uint32_t count)
{
	struct roll *roll = mem_new(1, sizeof(*roll));

	for (uint32_t i = 1; i <= count; i++)
		put(roll, i, i);
	return roll;
}

static void roll_free(struct roll *roll)
{
	roll_fini(roll);
	free(roll);
}

static void assert_same(struct roll *a, struct roll *b, bool same)
{
	struct digest one, other;

	roll_content(a, &one);
	roll_content(b, &other);
	assert_int_equal(id_eq(&one, &other), same);
	assert_int_equal(memcmp(a->marks, b->marks, sizeof(a->marks)) == 0, same);
	assert_int_equal(a->count == b->count, true);
}

/* Kept up to date is the same as made anew, in whatever order; a change costs two hashes. */
static void roll_is_kept(void **state)
{
	struct roll *a = roll_new(1000), *b = mem_new(1, sizeof(*b));
	struct digest content;

	for (uint32_t i = 1000; i > 0; i--)
		put(b, i, i);
	assert_same(a, b, true);
	for (uint32_t i = 1; i <= 50; i++) {
		put(a, 7 * i, 5000 + i);
		put(a, 2000 + i, i);
	}
	roll_content(a, &content);
	uint64_t hashed = a->hash_count;
	put(a, 7, 7);
	roll_content(a, &content);
	assert_int_equal(a->hash_count, hashed + 2);
	for (uint32_t i = 1; i <= 50; i++) {
		put(a, 7 * i, 7 * i);
		roll_put(a, author_of(2000 + i, 0), 0, 0, &content);
		roll_put(a, author_of(2000 + i, 0), 0, 0, &content);
	}
	assert_same(a, b, true);
	put(a, 3, 4);
	assert_same(a, b, false);
	roll_free(a);
	roll_free(b);
}

/* The head's counter is no part of the content, but is told, so that newer heads are sent. */
static void counters_are_told(void **state)
{
	struct roll *a = roll_new(20), *b = roll_new(20);
	struct charter charter = charter_of(20);
	struct digest set = set_of(5), one, other;
	struct buf cells;
	size_t count;

	roll_put(a, author_of(5, 0), 1, 2, &set);
	roll_content(a, &one);
	roll_content(b, &other);
	assert_true(id_eq(&one, &other));
	buf_init(&cells, MESSAGE_SKETCH_LEN_MAX);
	sketch_make(&cells, b, key, 8);
	uint32_t *authors = sketch_differ(a, key, &charter, buf_bytes(&cells), &count);
	assert_int_equal(count, 1);
	assert_int_equal(authors[0], author_of(5, 0));
	free(authors);
	buf_fini(&cells);
	free(charter.members);
	roll_free(a);
	roll_free(b);
}

/*
 * 1,000 changes that hit about 955 of 11,000 authors, at both sides: what comes out is exactly
 * these, from fewer bytes than two for each author there is.
 */
static void differences_come_out(void **state)
{
	struct random random = random_seeded(4);
	struct charter charter = charter_of(MEMBERS);
	unsigned came = 0;

	for (unsigned round = 0; round < 5; round++) {
		struct roll *a = roll_new(MEMBERS), *b = roll_new(MEMBERS);
		bool *hit = mem_new(MEMBERS + 1, 1);
		struct buf cells;
		size_t count = 0, hits = 0, at = 0;
		for (uint32_t i = 0; i < 1000; i++) {
			uint32_t member = 1 + (uint32_t)random_below(&random, MEMBERS);
			put(i % 2 ? a : b, member, 100000 + i);
			hits += !hit[member];
			hit[member] = true;
		}
		uint64_t distance = roll_distance(a->marks, b->marks);
		assert_in_range(distance, hits / 2, hits * 2);
		buf_init(&cells, MESSAGE_SKETCH_LEN_MAX);
		sketch_make(&cells, b, key, sketch_width(distance, b->count));
		assert_true(cells.len < 2 * MEMBERS + 10000);
		uint32_t *authors = sketch_differ(a, key, &charter, buf_bytes(&cells), &count);
		if (authors)
			assert_int_equal(count, hits);
		for (uint32_t member = 1; authors && member <= MEMBERS; member++)
			if (hit[member])
				assert_int_equal(authors[at++], author_of(member, 0));
		came += authors != NULL;
		free(authors);
		buf_fini(&cells);
		free(hit);
		roll_free(a);
		roll_free(b);
	}
	assert_int_equal(came, 5);
	free(charter.members);
}

/* Too many for the cells: it does not come out. With another key than the peer's nothing does. */
static void too_much_does_not(void **state)
{
	static const uint8_t other_key[SIPHASH_KEY_LEN] = {9};
	struct roll *a = roll_new(200), *b = roll_new(0);
	struct charter charter = charter_of(200);
	struct buf cells;
	size_t count;

	buf_init(&cells, MESSAGE_SKETCH_LEN_MAX);
	sketch_make(&cells, b, key, 8);
	assert_null(sketch_differ(a, key, &charter, buf_bytes(&cells), &count));
	buf_reset(&cells);
	sketch_make(&cells, a, key, 8);
	assert_null(sketch_differ(a, other_key, &charter, buf_bytes(&cells), &count));
	assert_null(sketch_differ(a, key, &charter, bytes_of(NULL, 0), &count));
	buf_fini(&cells);
	free(charter.members);
	roll_free(a);
	roll_free(b);
}

static void width_is_chosen(void **state)
{
	assert_int_equal(sketch_width(0, 3), 0); /* three states are fewer bytes */
	assert_int_equal(sketch_width(0, 15), 8);
	assert_int_equal(sketch_width(100, 11000), 8 + 83);
	assert_int_equal(sketch_width(11000, 11000), 0);
	assert_int_equal(sketch_width(UINT32_MAX, 1 << 30), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roll_is_kept),         cmocka_unit_test(counters_are_told),
		cmocka_unit_test(differences_come_out), cmocka_unit_test(too_much_does_not),
		cmocka_unit_test(width_is_chosen),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
