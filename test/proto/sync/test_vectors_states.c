/* docs/vectors/states: what a node shows of all its states: content digest, marks, sketch. */
#include <jansson.h>

#include "proto/sync/sketch.h"
#include "test/proto/federation.h"
#include "test/proto/vectors.h"

static struct vectors vectors = {.folder = "docs/vectors/states/"};
static const uint8_t key[SIPHASH_KEY_LEN] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* So many authors; the first one of the other set of states is another. */
static json_t *states_make(struct roll *roll, uint32_t count, bool other)
{
	json_t *states = json_array();

	for (uint32_t i = 0; i < count; i++) {
		struct digest set = {{(uint8_t)i, other && i % 5 == 0}};
		uint32_t author = author_of(1 + 7 * i, (uint8_t)(i % 3));
		roll_put(roll, author, 1 + i % 2, i, &set);
		json_array_append_new(states, json_pack("[I, I, I, o]", (json_int_t)author,
							(json_int_t)(1 + i % 2), (json_int_t)i,
							vectors_hex(id_bytes(&set))));
	}
	return states;
}

static void states_case(const char *name, const char *about, uint32_t count, size_t width)
{
	struct roll *roll = mem_new(1, sizeof(*roll)), *theirs = mem_new(1, sizeof(*theirs));
	json_t *states = states_make(roll, count, false);
	struct digest content;
	struct buf cells;

	buf_init(&cells, MESSAGE_SKETCH_LEN_MAX);
	json_decref(states_make(theirs, count, true));
	if (width > 0)
		sketch_make(&cells, theirs, key, width);
	roll_content(roll, &content);
	vectors_case(&vectors, name, about, buf_bytes(&cells), ERR_OK, ERR_OK,
		     json_pack("{s:o, s:o, s:o, s:o}", "states", states, "content",
			       vectors_hex(id_bytes(&content)), "marks",
			       vectors_hex(bytes_obj(&roll->marks)), "key",
			       vectors_hex(bytes_obj(&key))));
	buf_fini(&cells);
	roll_fini(roll);
	roll_fini(theirs);
	free(roll);
	free(theirs);
}

static void states_are_these(void **state)
{
	states_case("none", "nothing is here; bytes are the cells of SKETCH", 0, 0);
	states_case("forty", "the cells are of a node that has another set of each fifth author",
		    40, 9);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(states_are_these)};

	vectors.writes = argc > 1 && !strcmp(argv[1], "--write");
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
