/*
 * asker - lets any thread ask the core: the question goes to the loop thread, which pushes it as a
 * query (turn.h), and who asked is woken when it was answered.
 *
 * For threads that may block: those of web, and those that make things in the background. Never for
 * the loop or the core thread, which would wait for themselves.
 */
#ifndef ALLMENDE_ASKER_H
#define ALLMENDE_ASKER_H

#include <uv.h>

#include "node/base/turn.h"

struct asker;

/* Both are borrowed. */
struct asker *asker_open(uv_loop_t *loop, struct turn *turn);
/*
 * Any thread but loop and core: run(hub, txn, now_ms, arg) between two turns, on the core thread,
 * where it only looks; returns when it has. ERR_AGAIN: the node is stopping, and nothing was run;
 * else the fault of the transaction.
 */
enum err asker_ask(struct asker *asker, turn_run *run, void *arg);

/* Lives in its owner's memory until start() is called. */
struct asker_item {
	struct asker_item *next;
	void (*start)(struct asker_item *item); /* on the loop thread */
	void *owner;
};
/* Any thread, does not wait: start() is called soon, also while the node is stopping. */
void asker_post(struct asker *asker, struct asker_item *item);

/* Loop thread. From now on all questions are refused; those under way get their answer. */
void asker_stop(struct asker *asker);
/* Questions or items are under way. */
bool asker_busy(struct asker *asker);
/* Nobody asks any more; the memory goes in the last close callback. */
void asker_close(struct asker *asker);

#endif
