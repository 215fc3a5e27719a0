/*
 * clock - the time of day in milliseconds since 1970, for the core, the log and people.
 */
#ifndef ALLMENDE_CLOCK_H
#define ALLMENDE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
