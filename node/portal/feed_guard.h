/*
 * feed_guard - what the feed has told others, so that it never loses much of it unnoticed.
 *
 * Portals delete what a feed does not have any more. So the guard keeps, in a file beside the
 * store, which datasets the feed had when it was last handed out, and which it has lost since; a
 * feed that has lost more than a tenth of them within a day is refused until somebody confirms. In
 * a feed of fewer than ten each loss is more than a tenth. A day, as what loses a little with each
 * build, has lost much in the end. Where nothing was ever handed out, whatever there is may be.
 *
 * The file is whole or it is damaged: what is damaged is refused as well, as nobody knows what was
 * lost. It is no derived file: it cannot be made anew.
 */
#ifndef ALLMENDE_FEED_GUARD_H
#define ALLMENDE_FEED_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/err.h"

#define GUARD_UUID_LEN  16
#define GUARD_WINDOW_MS (24 * INT64_C(3600000))

struct feed_guard_row {
	uint8_t uuid[GUARD_UUID_LEN];
	uint64_t number; /* the latest version that was held here */
	int64_t lost_ms; /* when it went out of the feed; 0: it is in it */
};

struct feed_guard {
	struct feed_guard_row *rows; /* by rising uuid; owned */
	size_t count;
	uint64_t parts; /* pages that the feed is divided into; 0: not said */
	bool before;    /* a feed was handed out before, if an empty one */
	bool damaged;   /* the file says nothing that can be relied on */
};

struct feed_guard_verdict {
	size_t had, has, lost; /* datasets: a day ago, now, gone since */
	bool refused;
};

void feed_guard_init(struct feed_guard *guard);
void feed_guard_fini(struct feed_guard *guard);
/* ERR_ABSENT: there is none; ERR_CORRUPT: damaged; ERR_IO. Into an initialised one. */
enum err feed_guard_load(struct feed_guard *guard, const char *path);
/* On the disk when it returns: the whole of it, or the one before. ERR_IO, ERR_NO_SPACE. */
enum err feed_guard_save(const struct feed_guard *guard, const char *path);

/* Of a feed with these, which stand in rising order of uuid. */
struct feed_guard_verdict feed_guard_judge(const struct feed_guard *guard,
					   const struct feed_guard_row *rows, size_t count,
					   int64_t now_ms);
/* The feed is handed out. confirmed: what it has lost is forgotten. */
void feed_guard_take(struct feed_guard *guard, const struct feed_guard_row *rows, size_t count,
		     bool confirmed, int64_t now_ms);
/* The row of a dataset that is, or was not long ago, in the feed; NULL: none. */
const struct feed_guard_row *feed_guard_find(const struct feed_guard *guard,
					     const uint8_t uuid[GUARD_UUID_LEN]);

#endif
