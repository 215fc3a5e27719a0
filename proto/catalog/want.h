/*
 * want - versions that somebody asks for by path, and how far they are.
 *
 * The verbs run inside a turn (EVENT_CALL), and write one sentence into why (WHY_LEN bytes)
 * when they fail.
 */
#ifndef ALLMENDE_WANT_H
#define ALLMENDE_WANT_H

#include "proto/content/version.h"
#include "proto/hub/hub.h"

enum fetch_state {
	FETCH_HELD,
	FETCH_RUNNING,
	FETCH_WAITING /* no peer has it, there is no room, or queued */,
	FETCH_UNKNOWN
};

struct fetch_status {
	enum fetch_state state;
	uint64_t number;
	uint64_t chunk_count, chunk_count_all; /* here, needed */
	uint64_t bytes, bytes_all;             /* sealed */
	bool opens;            /* its manifest is here: it can be read while the rest comes */
	uint32_t source_count; /* peers asked at the moment */
	uint64_t needs;        /* room that it waits for; 0: for none */
	char path[LIMIT_PATH_LEN_MAX + 1];
};

/* Wants one version (0: the current one) although no subscription asks for it. ERR_CONFIG: no path.
   ERR_ABSENT: not known. ERR_DENIED: not readable. ERR_NOSPACE: cannot be taken. */
enum err want_version(struct hub *hub, struct txn *txn, int64_t now_ms, const char *path,
		      uint64_t number, struct fetch_status *out, char *why);
enum err want_status(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		     struct fetch_status *out, char *why);
/* Whether a version that is on its way can be read meanwhile. */
bool want_opens(struct hub *hub, struct txn *txn, const struct version_id *of,
		const struct version *version);
/* Fetches in progress or waiting; index from 0; false at the end. */
bool want_fetch(struct hub *hub, struct txn *txn, size_t index, struct fetch_status *out);

#endif
