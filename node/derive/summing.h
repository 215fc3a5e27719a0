/*
 * summing - the SHA-256 of all open files, by which others compare what they have got: read once
 * for each contents, told to the index, and remembered in DIR/derived/sums.sqlite.
 *
 * One thread. It goes round through what the index misses; what cannot be read now comes again with
 * the next round.
 */
#ifndef ALLMENDE_SUMMING_H
#define ALLMENDE_SUMMING_H

#include <stdatomic.h>

#include "node/files/content.h"
#include "node/index/indexer.h"

struct summing;
struct summing *summing_open(const char *dir, struct contents *contents,
			     struct index_store *index); /* all borrowed */
void summing_close(struct summing *summing);
/*
 * The next few; tells each that it has found out. stop: true ends it early, also in the middle of a
 * file. False: the round is over, nothing is due for a while.
 */
bool summing_step(struct summing *summing, bool (*stop)(void *arg),
		  void (*tell)(void *arg, const struct indexer_sum *sum), void *arg);

#endif
