/*
 * transfer - what this node wants to hold, and how it gets it: fetches (subscription.h says of what).
 *
 * A fetch obtains the index of one version, then the chunks that are not here, from all peers that
 * hold it, a bounded number of bytes in flight each; every chunk is verified on arrival and staged, so a fetch goes on
 * after any interruption. The verbs run inside a turn (core.h, EVENT_CALL).
 */
#ifndef ALLMENDE_TRANSFER_H
#define ALLMENDE_TRANSFER_H

#include "proto/core.h"

#define TRANSFER_WHY_LEN 512

enum fetch_state {
	FETCH_HELD,
	FETCH_RUNNING,
	FETCH_WAITING /* no peer has it, or queued */,
	FETCH_UNKNOWN
};

struct fetch_status {
	enum fetch_state state;
	uint64_t number;
	uint64_t chunk_count, chunk_count_all; /* here, needed; 0 0 before the index is here */
	uint64_t bytes, bytes_all;             /* sealed */
	uint32_t source_count;                 /* peers asked at the moment */
	char path[LIMIT_PATH_LEN_MAX + 1];
};

/* Wants one version (0: the current one) although no subscription asks for it. ERR_ABSENT: not known. ERR_DENIED: not readable. */
enum err transfer_want(struct core *core, struct txn *txn, int64_t now_ms, const char *path,
		       uint64_t number, struct fetch_status *out, char *why);
enum err transfer_status(struct core *core, struct txn *txn, const char *path, uint64_t number,
			 struct fetch_status *out, char *why);
/* Fetches in progress or waiting; index from 0; false at the end. */
bool transfer_fetch(struct core *core, struct txn *txn, size_t index, struct fetch_status *out);

#endif
