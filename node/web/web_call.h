/*
 * web_call - one request to a route for everybody, while it is being answered: what was asked, who
 * asks, and the answer. For the serve() functions of routes, on a thread of web.
 *
 * serve() gives exactly one answer, and returns: web_json() and those below it. What stands under
 * "Before the answer" comes before that. From these web makes the rest: HEAD, If-None-Match,
 * If-Modified-Since, Range and If-Range, gzip and zstd, Vary, CORS, and what browsers are told for
 * safety.
 *
 * serve() may block: for a disk, and for the core by web_ask(). It never writes to the store. What
 * the visitor may not see is answered with web_absent(), as what is not there.
 */
#ifndef ALLMENDE_WEB_CALL_H
#define ALLMENDE_WEB_CALL_H

#include <jansson.h>
#include <sys/types.h>

#include "node/base/turn.h"
#include "node/base/visitor.h"
#include "node/html/layout.h"
#include "node/http/route.h"

struct web;
struct node_view;
struct index_reader;

#define WEB_TEXT_LEN_MAX (64u * 1024 * 1024) /* of an answer that is in memory as a whole */

struct web_call {
	struct web *web;
	const struct node_view *node; /* its first part only: config, identity, software */
	struct visitor visitor;
	const struct route *route;
	enum http_method method; /* of HEAD: GET; nobody but web needs to know */
	const char *path;        /* decoded, without the query */
	/* What stands for "*" and "**" in the route: decoded; UTF-8 without control characters, no
	   part of it is empty, "." or "..". A rest may be empty, and may end in a slash. */
	const char *parts[ROUTE_PARTS_MAX];
	unsigned part_count;
	const char *rest;
	struct bytes body;          /* of POST */
	struct index_reader *index; /* of this thread */

	struct web_work *work; /* web's own */
};

/* What was asked. Texts live as long as the call. */

/* An argument, decoded: valid UTF-8; the first of its name. NULL: it is not there. */
const char *web_arg(struct web_call *call, const char *name);
/* All of them, in their order; *at is 0 at first. False: there is none more. */
bool web_arg_next(struct web_call *call, size_t *at, const char **name, const char **value);
/* A number of min to max, *out stays as it is when it is not there. False: it is none, and the call
   is answered with 400. */
bool web_arg_uint(struct web_call *call, const char *name, uint64_t min, uint64_t max,
		  uint64_t *out);
const char *web_header(struct web_call *call, const char *name);
/* The body, a JSON object of at most WEB_JSON_DEPTH_MAX levels without duplicate names; to be
   released. NULL: it is none, and the call is answered with 400. */
#define WEB_JSON_DEPTH_MAX 16
json_t *web_body(struct web_call *call);
/* Which of these types the client likes best; of equals, and without Accept, the first. False: it
   takes none of them (*which is 0; answering with the first all the same is allowed). */
bool web_accepts(struct web_call *call, const char *const *types, size_t count, size_t *which);
/* Whether a page for people is liked better than JSON. */
bool web_wants_page(struct web_call *call);
/* Whether texts for people are to be German: else they are English. */
bool web_german(struct web_call *call);
/* What a page for this visitor begins with: its language, and whose node it is. */
struct layout web_layout(struct web_call *call, struct bytes title);
/* Appends BASE and path ("/d/meissen"): as people outside reach this node. */
void web_url(struct web_call *call, struct buf *out, const char *path);
/* A query on the core thread, which this one waits for (asker.h). ERR_AGAIN: the node stops. */
enum err web_ask(struct web_call *call, turn_run *run, void *arg);

/* The tables of all routes, as route_find() takes them. */
const struct route *const *web_tables(const struct web_call *call);

/* Before the answer */

/* What the answer is made of: equal bytes, equal answer. The visitor is added by itself. */
void web_etag(struct web_call *call, struct bytes of);
void web_modified(struct web_call *call, int64_t ms);
/* True: the client has it already, and the call is answered with 304. */
bool web_fresh(struct web_call *call);
/*
 * The same, with the answer that somebody else was given: true when one is kept, and the call is
 * answered. Else the answer that follows is kept for the next who asks the same while generation
 * stays as it is. Only when it follows from the request and generation alone, and the visitor is
 * anyone; after web_etag(). generation 0: false.
 */
bool web_kept(struct web_call *call, uint64_t generation);
/* For so long it may be kept; without, it is looked for again each time. Immutable: it never
   changes. */
void web_cache(struct web_call *call, unsigned seconds, bool immutable);
/* It is to be saved under this name. */
void web_attachment(struct web_call *call, const char *name);
/* Link: <url>; rel="rel"; type="type" (NULL: none). */
void web_link(struct web_call *call, const char *url, const char *rel, const char *type);
/* Any other header. */
void web_set(struct web_call *call, const char *name, const char *value);

/* The answer. Takes what it is given, also when it fails. */

void web_json(struct web_call *call, unsigned status, json_t *taken);
void web_json_as(struct web_call *call, unsigned status, const char *type, json_t *taken);
void web_text(struct web_call *call, unsigned status, const char *type, struct buf *taken);
/* A file of len bytes, from its beginning. */
void web_file(struct web_call *call, int fd_taken, uint64_t len, const char *type);
/* read() fills some of the bytes from there on; 0: the end, -1: broken. May be called by other
   threads, one at a time; done() (or NULL) once, when nobody reads any more. len UINT64_MAX: as
   long as read() says. */
void web_stream(struct web_call *call, uint64_t len, const char *type,
		ssize_t (*read)(void *arg, uint64_t at, void *to, size_t len),
		void (*done)(void *arg), void *arg);
/* {"error": CODE, "message": TEXT}, or a page when a browser asks. */
void web_fail(struct web_call *call, unsigned status, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* 404, the same whether it is not there or not for this visitor. */
void web_absent(struct web_call *call);
/* 503 with Retry-After. */
void web_busy_later(struct web_call *call, unsigned seconds, const char *what);
/* status 301, 302, 303, 307 or 308; a path ("/d/x") becomes absolute. */
void web_redirect(struct web_call *call, unsigned status, const char *to);

/* Whether an answer was given. */
bool web_answered(const struct web_call *call);

#endif
