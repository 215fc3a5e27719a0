/*
 * api - the control interface (docs/API.md): requests in, calls to the core, JSON out.
 *
 * On the loop thread, but for the run functions of calls, which the core thread runs. What is
 * answered stands in the tables of routes that it is given. Requests that wait for something (GET
 * /wait, GET /fetch) run again whenever a note says that it may have come.
 */
#ifndef ALLMENDE_API_H
#define ALLMENDE_API_H

#include "node/http/http.h"
#include "proto/core/core.h"

struct node_view;
struct route;
struct web;
struct asker;
struct api;

struct api_options { /* all borrowed */
	const struct node_view *node;
	const struct route *const *tables; /* NULL-terminated; node/http/route.h */
	struct web *web;                   /* for the routes that are for everybody */
	struct asker *asker;
};

struct api *api_open(const struct api_options *options);
/* http_options.begin; arg is the api. */
void api_begin(void *arg, struct http_request *request);
/* A version became known or held. */
void api_note(struct api *api, const struct note *note);
/* The node stops: whoever waits is answered. */
void api_stop(struct api *api);
/* Calls with the core thread or with workers. */
size_t api_call_count(const struct api *api);
void api_close(struct api *api); /* in the last step; no call is left */

#endif
