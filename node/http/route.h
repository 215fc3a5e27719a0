/*
 * route - what this node answers: the form of its tables, and how a request finds its row. The
 * control socket and the public port read the same tables (node/api/routes.h lists them).
 *
 * A row with `serve` is for everybody: it runs on a thread of web, whichever way the request came
 * (node/web/web_call.h). All others are for the administrator, by the control socket alone, and are
 * run by api (node/api/call.h).
 */
#ifndef ALLMENDE_ROUTE_H
#define ALLMENDE_ROUTE_H

#include <stdint.h>

#include "node/http/message.h"

struct call;
struct web_call;
struct hub;
struct txn;

#define ROUTE_PARTS_MAX 8

enum route_kind {
	ROUTE_QUERY,  /* run() looks and changes nothing: it is asked between turns */
	ROUTE_COMMAND /* run() may write and have effects: it is part of a turn */
};

enum route_who {
	WHO_ADMIN,  /* by the control socket alone; elsewhere as if it were not there */
	WHO_ANYONE, /* whoever reaches the port */
	WHO_TOKEN /* who has a token that is good (Authorization: Bearer), and the administrator */
};

/* An argument of the query, for the check and for the OpenAPI document. */
struct route_param {
	const char *name; /* "*": others as well, which serve() looks at itself */
	const char *type; /* "string", "integer", "number", "boolean" */
	const char *about;
};
/* PARAMS({"limit", "integer", "at most so many"}, ...): for route.params, at file scope. */
#define PARAMS(...) ((const struct route_param[]){__VA_ARGS__, {0}})

struct route {
	enum http_method method; /* GET stands for HEAD, too, where there is a serve */
	const char *path;        /* "*": any one part of it; "**" at the end: all that follows */

	/* Of a route for the administrator. */
	enum route_kind kind;
	/* The fields of the body, as api_in_check() takes them; NULL: they are not looked at. */
	const char *const *fields;
	/* Loop thread, when the header is here: for a request that takes its body itself, or looks
	   at it later. NULL: the body is collected, and begin() follows. */
	void (*open)(struct call *call);
	/* Loop thread: reads arguments, and may do without run (then it answers). Faults:
	   api_fail(). NULL: nothing to read. */
	void (*begin)(struct call *call);
	/* Core thread: sets out, or err and why. */
	void (*run)(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms);
	/* Loop thread, after the commit of a command. NULL: api_done(). */
	void (*done)(struct call *call);

	enum route_who who;
	/* Of a route for everybody; on a thread of web: gives exactly one answer. */
	void (*serve)(struct web_call *call);
	const char *about; /* one line */
	/* Those that it takes, ended by one without a name: others, and one that comes twice, are
	   400. NULL: serve() looks at them itself. */
	const struct route_param *params;
	const char *answers; /* media types, with blanks between; NULL: application/json */
};
/* FIELDS("S:name", "b:relay"): for route.fields, at file scope. */
#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})

struct route_found {
	const struct route *route; /* NULL: no row has this path and method */
	unsigned methods;          /* 1 << method of all rows that have the path */
	/* What stands for "*", in its order (up to the next slash), and for "**": in the path. */
	struct bytes parts[ROUTE_PARTS_MAX];
	unsigned part_count;
	const char *rest;
};

/* tables end with NULL, each of them with a row without a path. HEAD finds rows of GET. With
   everybody: only rows that are not for the administrator alone. */
void route_find(struct route_found *found, const struct route *const *tables,
		enum http_method method, const char *path, bool everybody);

#endif
