/*
 * publish_copies - publish --copies: waiting until others have shown that they hold the version.
 */
#ifndef ALLMENDE_PUBLISH_COPIES_H
#define ALLMENDE_PUBLISH_COPIES_H

#include <jansson.h>

#include "tools/kit/client.h"
#include "tools/kit/progress.h"

struct publish_wait {
	uint64_t count; /* copies, this node's included; 0: do not wait */
	uint64_t timeout_s;
};

/* Waits until so many copies are proved, and puts who holds it into the answer of the commit.
   *enough: they are. */
int publish_copies(struct client *client, const struct publish_wait *wait,
		   struct progress *progress, json_t *answer, bool *enough);
/* The complaint when they are not. */
int publish_lament(const struct publish_wait *wait, const json_t *answer);

#endif
