/*
 * deliver - writes versions into folders: the work of `subscribe --to`.
 *
 * Loop thread; one version at a time. It asks the core which is due (proto/catalog/delivery.h),
 * opens it, writes it in jobs of a few mebibytes each (folder.h), tells the core what is about to
 * stand there, lets the folders change places, and tells the core that it does. It looks again when
 * a version has become held, when a subscription is made, and when a failed one may be tried anew.
 * What is to be erased goes before (removal.h).
 */
#ifndef ALLMENDE_DELIVER_H
#define ALLMENDE_DELIVER_H

#include <uv.h>

#include "node/files/download.h"
#include "node/files/patrol.h"
#include "node/base/log.h"
#include "proto/catalog/delivery.h"
#include "proto/catalog/remains.h"

struct delivery;

struct deliver {
	/* borrowed */
	uv_loop_t *loop;
	struct turn *turn;
	struct db *db;
	struct packers *packers;
	struct downloads *downloads;
	struct log *log;
	const struct limits *limits;
	const char *mark; /* tells the nodes apart that write below one folder */
	/* own */
	uv_timer_t timer;
	struct patrol patrol;
	struct turn_item item; /* of the look */
	struct delivery_cursor cursor;
	struct delivery_due due;
	struct remains remains;
	struct remains_round round;
	struct delivery *job; /* NULL: none */
	bool removes;         /* the look has found what is to be removed: remains */
	bool found;           /* the look has found something: due */
	bool looking;         /* a look or a job is under way */
	bool again;           /* look again from the beginning */
	bool stopping;
};

void deliver_open(struct deliver *deliver); /* the borrowed fields are set */
/* Something may be due. */
void deliver_look(struct deliver *deliver);
void deliver_note(struct deliver *deliver, const struct note *note);
void deliver_stop(struct deliver *deliver); /* soon; a job ends after its present step */
bool deliver_busy(const struct deliver *deliver);
void deliver_close(struct deliver *deliver); /* not busy */

#endif
