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

static unsigned disk_percent(const struct space *space)
{
	return percent_of(space->disk_total - space->disk_free, space->disk_total);
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

enum headroom space_headroom(const struct space *space)
{
	if (space->store_limit && space->store_used >= space->store_limit)
		return HEADROOM_NONE;
	if (limit_percent(space) >= SPACE_REFUSE_PERCENT)
		return HEADROOM_OWN;
	if (disk_percent(space) >= SPACE_REFUSE_PERCENT && space->disk_free < SPACE_PLENTY_BYTES)
		return HEADROOM_OWN;
	return HEADROOM_ALL;
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
