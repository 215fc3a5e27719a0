/*
 * feed_news - what care is told of the catalogue for portals (node/portal/feed.h), which stands
 * above it: written by the thread of the feed, read by any.
 */
#ifndef ALLMENDE_FEED_NEWS_H
#define ALLMENDE_FEED_NEWS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct feed_news {
	atomic_bool refused; /* it would lose too much, and waits for somebody to confirm it */
	atomic_bool damaged; /* what it had before cannot be read */
	atomic_bool failed;  /* its files cannot be written */
	atomic_bool ready;   /* it is handed out */
	_Atomic uint64_t had, lost;
};

#endif
