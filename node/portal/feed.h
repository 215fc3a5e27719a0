/*
 * feed - the catalogue that portals harvest: all open datasets of which this node has the files, as
 * DCAT-AP.de in three syntaxes, divided into pages.
 *
 * A thread of its own follows the index, makes the pages that have changed as files below
 * DIR/derived/feed, and then exchanges all of them at once; what is handed out is a file. Until the
 * index is complete, and the first pages are made, the answer is 503, and it is while the guard
 * (feed_guard.h) refuses a feed that has lost too much: never fewer datasets than there are by
 * accident.
 *
 * Which page a dataset stands in follows from its uuid alone, as long as the number of pages is the
 * same; that grows and shrinks by doubling. So a harvester that walks through them while others
 * publish meets each dataset once.
 *
 * A dataset whose new version is still on its way stays in the feed; one that this node does not
 * hold and does not fetch is not in it.
 */
#ifndef ALLMENDE_FEED_H
#define ALLMENDE_FEED_H

#include "node/base/asker.h"
#include "node/care/node_view.h"
#include "node/index/index.h"

#define FEED_PAGE_SIZE  500   /* datasets, at most */
#define FEED_PAGE_FILES 20000 /* of them together, about; each is about 1 KB */
#define FEED_PARTS_MAX  4096
#define FEED_LOST_NAMED 20
#define FEED_REASON_LEN 256
#define FEED_BASE_LEN   256

enum feed_state {
	FEED_OFF,     /* no http: nobody could fetch it */
	FEED_WAITING, /* for the index, or for its first pages */
	FEED_EMPTY,   /* there is nothing in it, and never was */
	FEED_READY,
	FEED_REFUSED, /* by the guard */
	FEED_FAILED   /* the disk: reason says what */
};

struct feed_status {
	enum feed_state state;
	char base[FEED_BASE_LEN]; /* its addresses begin with this */
	bool base_set;            /* by base-url: else it is where the port is */
	uint64_t datasets, pages; /* that are handed out, or were last */
	int64_t built_ms;         /* 0: not since the start */
	uint64_t had, has, lost;  /* refused: feed_guard_verdict */
	char lost_uuids[FEED_LOST_NAMED][INDEX_UUID_LEN + 1];
	size_t lost_count;
	char reason[FEED_REASON_LEN];
};

struct feed;

/* Begins the thread, when there is an http port, and stands in the view then. Both are borrowed. */
struct feed *feed_open(struct node_view *node, struct asker *asker);
/* The thread is to end soon. */
void feed_stop(struct feed *feed);
bool feed_busy(struct feed *feed); /* it has not ended yet */
void feed_close(struct feed *feed);

/* Any thread. */
void feed_status(struct feed *feed, struct feed_status *out);
/* What is lost may be lost: it is handed out soon. False: nothing is refused. */
bool feed_confirm(struct feed *feed);

#endif
