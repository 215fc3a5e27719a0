/*
 * verify - reads everything there is and says what is damaged: the store by scrub, the rest by the
 * core.
 *
 * Loop thread. One at a time; jobs of a few mebibytes each, so that it disturbs nobody.
 */
#ifndef ALLMENDE_VERIFY_H
#define ALLMENDE_VERIFY_H

#include <uv.h>

#include "node/base/turn.h"
#include "proto/catalog/catalog.h"
#include "store/scrub.h"

#define VERIFY_FAULT_COUNT_MAX 64

struct verify {
	uv_loop_t *loop; /* borrowed, as turn and db */
	struct turn *turn;
	struct db *db;
	bool running, stopping;
	void (*done)(void *arg);
	void *arg;

	uv_work_t work;
	struct turn_item item;
	struct scrub scrub;
	bool scrub_more;
	enum err step_err;
	struct buf findings; /* of core and store, one sentence a line */
	uint64_t cursor, looked;
	bool core_more;
	/* of scrub.faults, by index: the dataset's path, "" when it is not known */
	char *paths[VERIFY_FAULT_COUNT_MAX];
};

/* False: one is running. done(arg) when it is over, or was stopped; the results stand until
   verify_reset(). */
bool verify_start(struct verify *verify, void (*done)(void *arg), void *arg);
void verify_stop(struct verify *verify); /* soon */
void verify_reset(struct verify *verify);

#endif
