/*
 * inbox - what waits for the core, and who comes next.
 *
 * The owner puts in what has come, and the core takes from it during a turn (core_turn()). First
 * come commands and the life of links, then bulk up to limits.bulk_turn_bytes_max, then messages
 * until the turn has cost limits.cost_turn_max or made limits.turn_sent_bytes_max to be sent. What
 * is left waits for the next turn. Without I/O; owns nothing of what it is given.
 *
 * Messages are taken in order within a link. Among payers (meter.h) comes next who has had least
 * of the core's time, counted from when it began to wait, and of the links of one payer the one
 * that has waited longest; so whoever asks for little is served at once, however much another has
 * sent. A payer in debt waits. The end of a link waits for its messages, but not for a payer in
 * debt: they are dropped then, as nobody is there for the answer.
 */
#ifndef ALLMENDE_INBOX_H
#define ALLMENDE_INBOX_H

#include "proto/hub/hub.h"

/* Lives in its owner's memory from inbox_put() until it is taken. */
struct inbox_item {
	struct inbox_item *next;
	const struct event *event;
	size_t bulk; /* bytes, when it is bulk; else 0 */
};
struct inbox_list {
	struct inbox_item *first, **end;
};
struct inbox_link;

struct inbox {
	struct inbox_list control, bulk;
	struct inbox_link *links; /* those that have something waiting */
	size_t link_count, link_cap;
	int64_t served;          /* what the payer had had that was taken from last */
	uint64_t taken_last;     /* messages, so far */
	struct inbox_list taken; /* by the turn, in this order: the owner's again */
};

void inbox_init(struct inbox *inbox);
void inbox_fini(struct inbox *inbox);
void inbox_put(struct inbox *inbox, struct inbox_item *item);
/* What was taken; the list is empty then. */
struct inbox_item *inbox_taken(struct inbox *inbox);
/* All that waits counts as taken. */
void inbox_drain(struct inbox *inbox);

/* The next one, or NULL: of each, none waits, or none may be taken now. */
const struct event *inbox_control_next(struct inbox *inbox);
/* *bytes: taken in this turn so far. */
const struct event *inbox_bulk_next(struct inbox *inbox, size_t *bytes, size_t bytes_max);
const struct event *inbox_message_next(struct inbox *inbox, struct hub *hub);
/* What the message taken last has cost the turn, and for whom. */
void inbox_cost(struct hub *hub, uint32_t payer, int64_t units);
/* Who pays is looked up anew: once a turn. */
void inbox_turn(struct inbox *inbox, struct hub *hub);
/* When something may be taken, as mono_ms; INT64_MAX: nothing waits. */
int64_t inbox_wake(const struct inbox *inbox, struct hub *hub, int64_t mono_ms);

#endif
