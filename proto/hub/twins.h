/*
 * twins - two machines with the key of one node.
 *
 * A node has one session with each other: a newer one replaces the one before. Two machines with
 * one key take it from each other, again and again, and both sides can see it: a peer whose live
 * sessions are replaced TWINS_COUNT times within TWINS_SPAN_MS, or this node, whose sessions others
 * replace by ones that it has not begun. It is a remark for people; that neither overtakes what the
 * other has signed is the matter of sync/start.
 */
#ifndef ALLMENDE_TWINS_H
#define ALLMENDE_TWINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TWINS_COUNT = 4,
	TWINS_SPAN_MS = 60 * 1000,
	TWINS_SHOWN_MS = 60 * 60 * 1000, /* after the last time */
	TWINS_MAX = 16,                  /* authors in mind; the one longest quiet goes */
};

struct twins {
	struct twin_seen {
		uint32_t author;
		int64_t at_ms
			[TWINS_COUNT]; /* mono_ms of the last ones, the latest first; 0: none */
		int64_t noticed_ms;    /* when they were as many as that, last; 0: never */
	} items[TWINS_MAX];
	size_t count;
};

/* A session of this author was replaced by another machine's, or as if. */
void twins_mark(struct twins *twins, uint32_t author, int64_t mono_ms);
/* The next author of whom there are two, from *at on; false at the end. */
bool twins_next(const struct twins *twins, int64_t mono_ms, size_t *at, uint32_t *author);

#endif
