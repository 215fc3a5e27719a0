/*
 * web - runs the routes that are for everybody: a few threads, a queue before them, and who asks.
 *
 * Requests come from the public port (http = HOST:PORT), and from the control socket, where whoever
 * asks is the administrator. Each waits in one queue, at most WEB_QUEUE_MAX, of which one address
 * holds half; then 503. A thread takes one after the other: it finds the visitor and the route,
 * looks at the arguments, calls serve() of the route (web_call.h), and hands the answer back. These
 * threads read what is derived and the store, ask the core, and never write to the store.
 */
#ifndef ALLMENDE_WEB_H
#define ALLMENDE_WEB_H

#include "node/base/asker.h"
#include "node/care/metrics.h"
#include "node/care/node_view.h"
#include "node/http/route.h"
#include "node/http/server.h"

#define WEB_THREAD_COUNT 4
#define WEB_QUEUE_MAX    256
#define WEB_ARGS_MAX     256 /* of a query */

struct web;

struct web_options { /* all borrowed */
	const struct node_view *node;
	const struct route *const *tables; /* NULL-terminated */
	struct asker *asker;
	struct server *server; /* NULL: there is no public port; web_close() closes it */
	struct metrics *metrics;
};

/* A request that waits or is being answered; in its owner's memory. */
struct web_job {
	struct web_job *next;
	struct http_asked *asked;
	struct http_reply *reply; /* initialised; filled in when it is answered */
	/* On any thread, also within web_submit(): the job is the owner's again. */
	void (*answered)(struct web_job *job);
	void *owner;
	bool too_large; /* its body was: 413 */
};

struct web *web_open(const struct web_options *options);
/* All that routes use is there: the public port is answered from now on, until web_stop(). */
void web_start(struct web *web);
void web_submit(struct web *web, struct web_job *job);
void web_stop(struct web *web);
/* Requests are not answered yet. */
bool web_busy(struct web *web);
/* On the loop thread, once it is not busy, and nobody submits any more: ends the threads. */
void web_close(struct web *web);

#endif
