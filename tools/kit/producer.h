/*
 * producer - a command whose standard output is published, and which says by its exit code whether
 * that was all of it.
 *
 * Behind a pipe nobody can tell one that is done from one that died.
 */
#ifndef ALLMENDE_PRODUCER_H
#define ALLMENDE_PRODUCER_H

#include <sys/types.h>

#include "tools/kit/tool.h"

struct producer {
	const char *name; /* borrowed */
	pid_t pid;
	int fd; /* what it says is read here */
};

/* words: the program and its arguments, NULL at the end. Prints its own complaint. */
int producer_start(struct producer *producer, const char *const *words);
/* All was read: waits for its end. It fails, with a sentence, when the command did. */
int producer_end(struct producer *producer);
/* Nobody wants to hear more. */
void producer_stop(struct producer *producer);

#endif
