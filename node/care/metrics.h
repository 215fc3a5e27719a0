/*
 * metrics - GET /metrics (Prometheus text format) and GET /healthz, on the control socket and on
 * the public port of `http = HOST:PORT`.
 *
 * Numbers alone: no name of a member, dataset or person. They are gathered by queries, at most once
 * in METRICS_AGE_MS, and more seldom when that takes long; who asks in between gets the same text,
 * so nobody can make the node work by asking. /healthz looks at nothing but the last turn: 200
 * "ok", or 503 and why.
 */
#ifndef ALLMENDE_METRICS_H
#define ALLMENDE_METRICS_H

#include "node/care/actions.h"
#include "node/base/asker.h"
#include "node/http/http.h"
#include "node/http/server.h"

#define METRICS_AGE_MS      3000
#define METRICS_COST_FACTOR 20    /* and the time that it took to gather them, so often */
#define METRICS_STUCK_MS    60000 /* a turn that takes longer hangs */
#define METRICS_LEN_MAX     (64u * 1024)
#define METRICS_FETCHES_MAX 4096 /* counted */

struct ask;

struct metrics {
	const struct node_view *node;
	struct asker *asker;
	struct ask *asks; /* waiting for the text */
	bool busy;        /* with the core thread */
	bool made;
	uint64_t begun_ms, made_ms; /* uv_now() */
	struct buf text;

	/* of the gathering under way; the core thread's while busy */
	struct turn_item item;
	struct overview *overview;
	int64_t now_ms;
	uint64_t charter_number;
	uint64_t log_entries, log_bytes; /* of the audit log */
	uint64_t epochs_waited;          /* publications that a new key was due for */
	uint64_t fetches_running, fetches_waiting;
	uint64_t severities[ACTION_CRITICAL + 1];
};

void metrics_init(struct metrics *metrics, const struct node_view *node, struct asker *asker);
/* True when the request is one for it; it is answered, then or later. */
bool metrics_begin(struct metrics *metrics, struct http_request *request);
/* The same of a request that came by the public port: on a thread of the server. */
bool metrics_begin_public(struct metrics *metrics, struct exchange *exchange);
void metrics_fini(struct metrics *metrics); /* not busy, all requests gone */

#endif
