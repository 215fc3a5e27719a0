/*
 * jobs - what workers need: packers, lent to one job at a time.
 *
 * Jobs run in libuv's thread pool over bytes they were given, and read chunks in a read transaction of
 * their own; they never write and touch no core. Loop thread only.
 */
#ifndef ALLMENDE_JOBS_H
#define ALLMENDE_JOBS_H

#include "proto/pack.h"

#define PACKERS_KEPT_MAX 8

struct packers {
	struct packer *kept[PACKERS_KEPT_MAX];
	size_t count;
};

struct packer *packers_take(struct packers *packers);
void packers_give(struct packers *packers, struct packer *packer);
void packers_fini(struct packers *packers);

#endif
