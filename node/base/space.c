#include "node/base/space.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/dir.h"

void space_take(struct space *space, struct db *db, const char *dir, uint64_t store_limit)
{
	*space = (struct space){.store_limit = store_limit};
	db_size(db, &space->store_used, &space->store_file);
	dir_space(dir, &space->disk_free, &space->disk_total);
}

static unsigned percent_of(uint64_t used, uint64_t all)
{
	return all >= 100 ? (unsigned)(used / (all / 100)) : 0;
}

/* What the file can grow by without getting longer counts as free. */
static uint64_t disk_left(const struct space *space)
{
	return space->disk_free +
	       (space->store_file > space->store_used ? space->store_file - space->store_used : 0);
}

static unsigned disk_percent(const struct space *space)
{
	uint64_t left = disk_left(space);

	return left < space->disk_total ? percent_of(space->disk_total - left, space->disk_total)
					: 0;
}

static unsigned limit_percent(const struct space *space)
{
	return percent_of(space->store_used, space->store_limit);
}

unsigned space_percent(const struct space *space, const char **what, uint64_t *of)
{
	unsigned disk = disk_percent(space), limit = limit_percent(space);

	*what = limit > disk ? "size limit" : "disk";
	*of = limit > disk ? space->store_limit : space->disk_total;
	return limit > disk ? limit : disk;
}

static uint64_t above(uint64_t have, uint64_t kept)
{
	return have > kept ? have - kept : 0;
}

/* The bytes left until so many percent of a disk are used, of a large one until plenty is free. */
static uint64_t disk_left_until(uint64_t free_bytes, uint64_t total, unsigned percent,
				uint64_t plenty)
{
	uint64_t kept = total / 100 * (100 - percent);

	return total ? above(free_bytes, kept < plenty ? kept : plenty) : UINT64_MAX;
}

uint64_t space_disk_left(uint64_t free_bytes, uint64_t total_bytes)
{
	return disk_left_until(free_bytes, total_bytes, SPACE_REFUSE_PERCENT, SPACE_PLENTY_BYTES);
}

/*
 * The bytes left until so many percent of limit and disk are used.
 */
static uint64_t left_until(const struct space *space, unsigned of_limit, unsigned of_disk,
			   uint64_t plenty)
{
	uint64_t disk = disk_left_until(disk_left(space), space->disk_total, of_disk, plenty);
	uint64_t limit = above(space->store_limit / 100 * of_limit, space->store_used);

	if (!space->store_limit)
		limit = UINT64_MAX;
	return disk < limit ? disk : limit;
}

struct room space_room(const struct space *space)
{
	return (struct room){{
		[ROOM_FOREIGN] = left_until(space, SPACE_REFUSE_PERCENT, SPACE_REFUSE_PERCENT,
					    SPACE_PLENTY_BYTES),
		[ROOM_RIGHTS] = left_until(space, SPACE_RIGHTS_PERCENT, SPACE_RIGHTS_PERCENT,
					   SPACE_PLENTY_BYTES / 4),
		[ROOM_OWN] = left_until(space, 100, SPACE_DISK_PERCENT, SPACE_PLENTY_BYTES / 16),
	}};
}

enum headroom space_headroom(const struct space *space)
{
	struct room room = space_room(space);

	return room_level(&room);
}

void space_size(char out[SPACE_SIZE_LEN], uint64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	uint64_t factor = 1;
	size_t unit = 0;

	while (unit < sizeof(units) / sizeof(units[0]) - 1 && bytes / factor >= 1000) {
		factor *= 1000;
		unit++;
	}
	snprintf(out, SPACE_SIZE_LEN, "%" PRIu64 " %s", bytes / factor, units[unit]);
}
