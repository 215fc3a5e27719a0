/*
 * How full a node is and what follows from it.
 */
#include "test/node/node_test.h"

#include <stdio.h>
#include <string.h>

#include "node/base/space.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static void what_is_refused_when(void **state)
{
	static const struct {
		struct space space; /* used, file, limit, free, total */
		unsigned percent;
		const char *what;
		enum headroom room;
	} cases[] = {
		{{0}, 0, "disk", HEADROOM_ALL}, /* nothing could be found out */
		{{.disk_free = 100 * GIB, .disk_total = 100 * GIB}, 0, "disk", HEADROOM_ALL},
		{{.disk_free = 30 * GIB, .disk_total = 100 * GIB}, 70, "disk", HEADROOM_ALL},
		/* a small disk: 85 % count; a large one: while 8 GiB are free nothing is refused */
		{{.disk_free = 16 * GIB / 10, .disk_total = 10 * GIB}, 84, "disk", HEADROOM_ALL},
		{{.disk_free = 15 * GIB / 10, .disk_total = 10 * GIB}, 85, "disk", HEADROOM_OWN},
		{{.disk_free = 8 * GIB + MIB, .disk_total = 1000 * GIB}, 99, "disk", HEADROOM_ALL},
		{{.disk_free = 8 * GIB - 1, .disk_total = 1000 * GIB}, 99, "disk", HEADROOM_OWN},
		{{.disk_free = 0, .disk_total = GIB}, 100, "disk", HEADROOM_NONE},
		/* what the file can grow by without getting longer is free */
		{{.disk_free = GIB / 10,
		  .disk_total = GIB,
		  .store_file = GIB / 2,
		  .store_used = GIB / 4},
		 65,
		 "disk",
		 HEADROOM_ALL},
		/* the size limit, whatever the disk */
		{{.store_used = 84 * MIB,
		  .store_limit = 100 * MIB,
		  .disk_free = GIB,
		  .disk_total = GIB},
		 84,
		 "size limit",
		 HEADROOM_ALL},
		{{.store_used = 85 * MIB,
		  .store_limit = 100 * MIB,
		  .disk_free = GIB,
		  .disk_total = GIB},
		 85,
		 "size limit",
		 HEADROOM_OWN},
		{{.store_used = 100 * MIB,
		  .store_limit = 100 * MIB,
		  .disk_free = GIB,
		  .disk_total = GIB},
		 100,
		 "size limit",
		 HEADROOM_NONE},
		/* the fuller one is named */
		{{.store_used = 50 * MIB,
		  .store_limit = 100 * MIB,
		  .disk_free = GIB,
		  .disk_total = 10 * GIB},
		 90,
		 "disk",
		 HEADROOM_OWN},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *what;
		uint64_t of;

		if (space_percent(&cases[i].space, &what, &of) != cases[i].percent)
			fail_msg("case %zu: %u %%", i, space_percent(&cases[i].space, &what, &of));
		assert_string_equal(what, cases[i].what);
		assert_int_equal(of, what[0] == 'd' ? cases[i].space.disk_total
						    : cases[i].space.store_limit);
		if (space_headroom(&cases[i].space) != cases[i].room)
			fail_msg("case %zu: room %d", i, (int)space_headroom(&cases[i].space));
	}
}

/* Each use ends before the next, and the nearer of limit and disk counts. */
static void how_many_bytes_are_left(void **state)
{
	struct space space = {.store_used = 80 * MIB,
			      .store_limit = 100 * MIB,
			      .disk_free = 100 * GIB,
			      .disk_total = 100 * GIB};
	struct room room = space_room(&space);

	assert_int_equal(room.left[ROOM_FOREIGN], 5 * MIB);
	assert_int_equal(room.left[ROOM_RIGHTS], 15 * MIB);
	assert_int_equal(room.left[ROOM_OWN], 20 * MIB);
	space.disk_total = 100 * MIB;
	space.disk_free = 10 * MIB;
	room = space_room(&space);
	assert_int_equal(room.left[ROOM_FOREIGN], 0);
	assert_int_equal(room.left[ROOM_RIGHTS], 5 * MIB);
	assert_int_equal(room.left[ROOM_OWN], 9 * MIB);
}

static void sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0 B"},          {999, "999 B"},           {1000, "1 kB"},
		{67108864, "67 MB"}, {200000000000, "200 GB"}, {UINT64_MAX, "18446744 TB"},
	};
	char out[SPACE_SIZE_LEN];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		space_size(out, cases[i].bytes);
		assert_string_equal(out, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_when),
		cmocka_unit_test(how_many_bytes_are_left),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
