/*
 * spoil DIR DATASET COUNT - rot: flips one bit in the middle of each of the COUNT largest chunks of
 * a dataset, in DIR/data.mdb of a node that is not running. Prints how many it spoiled.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "store/db.h"

#define COUNT_MAX 64

/* A place in data.mdb. */
struct place {
	uint64_t offset;
	size_t len;
};

/* Where data.mdb stands in memory: offsets in the file follow from addresses. */
static const uint8_t *map_start(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[8192];
	uintptr_t start = 0;

	while (maps && !start && fgets(line, sizeof(line), maps))
		if (strstr(line, "/data.mdb"))
			start = strtoull(line, NULL, 16);
	if (maps)
		fclose(maps);
	return (const uint8_t *)start;
}

/* Keeps the largest ones, in falling order of size. */
static void place_insert(struct place *places, size_t count, struct place place)
{
	for (size_t i = 0; i < count; i++)
		if (place.len > places[i].len) {
			struct place smaller = places[i];

			places[i] = place;
			place = smaller;
		}
}

static bool find(struct place *places, size_t count, const char *dir, const char *dataset)
{
	struct db_options options = {.read_only = true};
	struct row_key path = key_text(bytes_str(dataset));
	const uint8_t *start;
	struct bytes id;
	struct txn *txn;
	struct db *db;
	bool found;

	if (db_open(&db, dir, &options))
		return false;
	start = map_start();
	txn = txn_begin(db, false);
	found = start && txn_get(txn, TABLE_PATH, row_key_bytes(&path), &id);
	if (found) {
		struct walk walk = walk_begin(txn, TABLE_CHUNK, id);

		while (walk_next(&walk))
			place_insert(
				places, count,
				(struct place){(uint64_t)(walk.value.ptr - start), walk.value.len});
	}
	txn_abort(txn);
	db_close(db);
	return found;
}

static bool flip(int fd, const struct place *place)
{
	off_t at = (off_t)(place->offset + place->len / 2);
	uint8_t byte;

	if (pread(fd, &byte, 1, at) != 1)
		return false;
	byte ^= 0x10;
	return pwrite(fd, &byte, 1, at) == 1;
}

int main(int argc, char **argv)
{
	struct place places[COUNT_MAX] = {{0}};
	size_t count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0, spoiled = 0;
	char path[4096];
	int fd;

	if (count == 0 || count > COUNT_MAX) {
		fprintf(stderr, "usage: spoil DIR DATASET COUNT, at most %d\n", COUNT_MAX);
		return 2;
	}
	if (!find(places, count, argv[1], argv[2])) {
		fprintf(stderr, "spoil: %s: no store, or no dataset %s\n", argv[1], argv[2]);
		return 1;
	}
	snprintf(path, sizeof(path), "%s/data.mdb", argv[1]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < count && places[i].len; i++)
		spoiled += flip(fd, &places[i]);
	if (fd < 0 || fsync(fd) != 0 || close(fd) != 0)
		return 1;
	printf("%zu\n", spoiled);
	return spoiled ? 0 : 1;
}
