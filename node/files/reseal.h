/*
 * reseal - own versions once more, whole, under the epoch that governs now (proto/catalog/again.h):
 * read as by whoever gets them, sealed as by whoever publishes, all of it within this node.
 *
 * Loop thread; one version at a time, in the order asked. Twice a day, and soon after the start, it
 * looks by itself for what was sealed under a key record that has no effect. Files are read and
 * sealed in the bounds of download.h and upload.h.
 */
#ifndef ALLMENDE_RESEAL_H
#define ALLMENDE_RESEAL_H

#include <uv.h>

#include "node/base/log.h"
#include "node/files/download.h"
#include "node/files/upload.h"
#include "proto/catalog/again.h"

/* What became of one. */
struct resealed {
	enum err err;
	char why[WHY_LEN]; /* err */
	char name[LIMIT_PATH_LEN_MAX + 1];
	uint64_t number; /* of the new version; 0: it is published when this node signs again */
	uint64_t bytes;  /* sealed that were new to the store */
	bool waits;      /* err: a new key is due first */
};

struct resealing;

struct reseal {
	/* borrowed */
	uv_loop_t *loop;
	struct turn *turn;
	struct uploads *uploads;
	struct downloads *downloads;
	struct log *log;
	/* own */
	uv_timer_t timer;
	struct turn_item item; /* of the look */
	struct again again;
	bool found;
	bool looking;
	struct resealing *job; /* NULL: none */
	bool stopping;
};

void reseal_open(struct reseal *reseal); /* the borrowed fields are set */
/*
 * False: one is under way, or the node is stopping. recut: nothing that was ever sealed is used
 * again. done(arg, what) when it is over.
 */
bool reseal_start(struct reseal *reseal, const char *path, bool recut,
		  void (*done)(void *arg, const struct resealed *what), void *arg);
void reseal_stop(struct reseal *reseal); /* soon */
bool reseal_busy(const struct reseal *reseal);
void reseal_close(struct reseal *reseal); /* not busy */

#endif
