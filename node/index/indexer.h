/*
 * indexer - keeps the index (index.h) as the core sees the catalogue.
 *
 * Loop thread. It hears the notes of each turn and asks the core, by a query, for the datasets they
 * name; what comes is written by a job on a worker, and files are listed from manifests which the
 * job opens. One step at a time: a query of a few milliseconds, then a job. At the start, and when
 * rights, keys or the charter have changed, it walks through the whole catalogue, a page at a time,
 * and drops what is not there any more; every WALK_MS it does so in any case, as grants end by
 * themselves. Walks take a twentieth of the time at most.
 *
 * Bounds: so many datasets of which something was heard wait; when there are more, it walks.
 */
#ifndef ALLMENDE_INDEXER_H
#define ALLMENDE_INDEXER_H

#include "node/base/packers.h"
#include "node/care/node_view.h"
#include "node/index/index.h"
#include "proto/hub/event.h"

struct indexer;

/* Never NULL: when the databases cannot be made now, it tries again. Both are borrowed. */
struct indexer *indexer_open(const struct node_view *node, struct packers *packers);
/* After the commit of the turn that the note comes from. */
void indexer_note(struct indexer *indexer, const struct note *note);
/* For readers; borrowed until indexer_free(). */
struct index_store *indexer_store(struct indexer *indexer);
/* A turn is over: rights may have changed. */
void indexer_turned(struct indexer *indexer);
/* No step begins any more. */
void indexer_stop(struct indexer *indexer);
bool indexer_busy(const struct indexer *indexer);
void indexer_close(struct indexer *indexer); /* not busy: closes the handles */
void indexer_free(struct indexer *indexer);  /* the loop has ended; no reader is open */

#endif
