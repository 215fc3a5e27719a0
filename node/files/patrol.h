/*
 * patrol - looks whether what was written into folders still stands there.
 *
 * Loop thread; at the start and once a minute, some rows at a time, by jobs on a worker. What
 * somebody has taken away is due again. Of a folder that is not there, or has lost its mark, one
 * dataset becomes due, so that the attempt to write it says why (deliver.h).
 */
#ifndef ALLMENDE_PATROL_H
#define ALLMENDE_PATROL_H

#include <uv.h>

#include "node/base/turn.h"
#include "proto/catalog/delivery.h"

enum { PATROL_COUNT = 32 };

struct patrol {
	/* borrowed */
	uv_loop_t *loop;
	struct turn *turn;
	const char *mark;
	void (*found)(void *arg); /* something is due */
	void *arg;
	/* own */
	uv_timer_t timer;
	uv_work_t work;
	struct turn_item item;
	struct row_key at;
	struct delivery_place *places; /* PATROL_COUNT of them */
	bool gone[PATROL_COUNT];
	size_t count;
	bool any; /* one of them is gone */
	bool busy, stopping;
};

void patrol_open(struct patrol *patrol); /* the borrowed fields are set */
void patrol_stop(struct patrol *patrol); /* soon: busy until then */
void patrol_close(struct patrol *patrol);

#endif
