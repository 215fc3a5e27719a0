/*
 * removal - one copy in a folder is taken away, as the withdrawal of what it holds wants it.
 *
 * Loop thread; a job on a worker removes it (folder.h), and the core is told (remains.h). It is a
 * step of the look of deliver.h: no version is written at the same time.
 */
#ifndef ALLMENDE_REMOVAL_H
#define ALLMENDE_REMOVAL_H

#include "node/files/deliver.h"

/* done(deliver, recorded) is called later; recorded false: the store could not be written. */
void removal_begin(struct deliver *deliver, const struct remains *remains,
		   void (*done)(void *arg, bool recorded));

#endif
