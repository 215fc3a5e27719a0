/*
 * jobs - what workers need: packers, lent to one job at a time.
 *
 * Jobs run in libuv's thread pool over bytes they were given, and read chunks in a read transaction
 * of their own; they never write and touch no core. Loop thread only.
 *
 * A packer is large, so those that nobody has asked for in PACKERS_REST_MS go, and with them all
 * memory that the work has left behind free: a node that has published and now idles is as small as
 * before.
 */
#ifndef ALLMENDE_PACKERS_H
#define ALLMENDE_PACKERS_H

#include <stdbool.h>
#include <uv.h>

#include "proto/content/pack.h"

#define PACKERS_KEPT_MAX 8
#define PACKERS_REST_MS  10000

struct packers {
	struct packer *kept[PACKERS_KEPT_MAX];
	size_t count;
	uv_timer_t rest;
	bool used; /* since the timer was started */
};

void packers_init(struct packers *packers, uv_loop_t *loop);
struct packer *packers_take(struct packers *packers);
void packers_give(struct packers *packers, struct packer *packer);
/* All of them are back: closes the timer. */
void packers_close(struct packers *packers);
void packers_fini(struct packers *packers);

#endif
