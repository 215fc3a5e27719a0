/*
 * call - one request of the control interface: how it is run, waits, and is answered. Private to
 * this room.
 *
 * A call belongs to a request, whose connection stays suspended until it is answered. It passes
 * through the functions of its route: begin() reads arguments, run() asks or tells the core, done()
 * makes an answer of what run() left.
 */
#ifndef ALLMENDE_CALL_H
#define ALLMENDE_CALL_H

#include <jansson.h>

#include "node/api/api.h"
#include "node/care/node_view.h"
#include "node/http/route.h"
#include "node/web/web.h"

#define API_TEXT_LEN_MAX   16384 /* of a query argument */
#define API_ANSWER_LEN_MAX (1u << 30)

struct api { /* private to api.c and call.c */
	const struct node_view *node;
	const struct route *const *tables;
	struct web *web;
	struct asker *asker;
	struct call *waiting; /* for a note */
	size_t waiting_count; /* of them; half the connections at most */
	uv_timer_t timer;     /* the first deadline of those */
	size_t call_count;    /* with core thread or workers */
	bool stopping;
};

struct call {
	struct turn_item item;
	const struct node_view *node;
	struct api *api;
	struct http_request *request;
	const struct route *route;
	struct call *next_waiting;
	bool waiting, pushed;
	struct serving *serving; /* of a route for everybody: with web */
	uint64_t deadline_ms;    /* of waiting, uv_now() */

	/* arguments */
	const char *part,
		*rest;    /* what stands for "*" (up to the next slash) and "**" of the route */
	json_t *in;       /* body; an object without nulls, or NULL */
	json_t *settings; /* as they were when it came, for who asks for them; or NULL */
	struct buf path;  /* with terminating zero; also patterns, ids, words */
	bool is_path;     /* path or pattern: named.h */
	uint64_t number;  /* 0: the current version */
	bool has_after;
	uint64_t after_number;
	uint64_t wait_ms;

	/* result */
	const struct charter *charter;      /* for run; NULL in between */
	char shown[LIMIT_PATH_LEN_MAX + 1]; /* after run: the path as people see it */
	json_t *out;
	unsigned status; /* of success; 0: 200 */
	enum err err;
	const char *code; /* instead of err's own, or NULL */
	char why[WHY_LEN];
	bool told;  /* the audit log hears of it otherwise */
	bool again; /* run: what is waited for has not come */
	bool last;  /* for run: the time is over */

	/* lists: a page at a time, so that a long one holds up nobody */
	bool more;       /* run: to be run again, for what comes after */
	struct buf text; /* instead of out: JSON as it goes out */

	/* What the topic keeps from one of its functions to the next; gone() releases it, without
	   one free() does. */
	void *topic;
	void (*gone)(struct call *call);
};

/* Answers; the call stays until its request is gone. */
void api_fail(struct call *call, enum err err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void api_done(struct call *call); /* with what run left: out, or err and why */
void api_reply(struct call *call, unsigned status, json_t *out); /* takes out; NULL: no body */

/* serving.c: a route for everybody, with its body here; and the client is gone, or has all. */
void api_serve(struct call *call);
void api_serve_gone(struct call *call);

/* To the core thread with run, then done. */
void api_push(struct call *call);
void api_push_with(struct call *call, enum route_kind kind,
		   void (*run)(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg),
		   void (*done)(struct turn_item *item));
/* For such a done(): the call is back; the fault of the store, if any, is its err. */
void api_returned(struct call *call);

/* Runs those again that wait and of which this is true; their time may be over. */
void api_wake(struct api *api, bool (*which)(const struct call *call, const void *arg),
	      const void *arg);

/* A list that is never a whole tree in memory: head, elements (taken), tail, into call->text. */
void api_list_add(struct call *call, json_t *element);

#endif
