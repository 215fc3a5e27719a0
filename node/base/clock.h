/*
 * clock - the time of day, for what is signed, the log and people; and the time that never goes
 * back, for waits.
 */
#ifndef ALLMENDE_CLOCK_H
#define ALLMENDE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "proto/hub/event.h"

static inline int64_t clock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Also while the machine sleeps. */
static inline int64_t clock_mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline struct times clock_times(void)
{
	return (struct times){.wall_ms = clock_now_ms(), .mono_ms = clock_mono_ms()};
}

/* "2026-05-01T08:00:00Z"; "": it has no year of four digits since 1900. */
#define CLOCK_UTC_LEN 24
void clock_utc(char out[CLOCK_UTC_LEN], int64_t ms);

#endif
