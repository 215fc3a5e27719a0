/*
 * routes - all that this node answers: one table a topic, each of them in the topic's own file.
 * Those that are for everybody stand in node/page/page.h, node/portal/portal.h and
 * node/ogc/ogc.h, and are taken up here.
 *
 * To add a topic: a file with its table, which is called TOPIC_routes and ends with one without a
 * path, and a line here.
 */
#ifndef ALLMENDE_ROUTES_H
#define ALLMENDE_ROUTES_H

#include "node/api/call.h"
#include "node/ogc/ogc.h"
#include "node/page/page.h"
#include "node/portal/portal.h"

#define ROUTE_TABLE_LIST(X)                                                                        \
	X(status)                                                                                  \
	X(start)                                                                                   \
	X(doctor)                                                                                  \
	X(peers)                                                                                   \
	X(verify)                                                                                  \
	X(nodes)                                                                                   \
	X(federation)                                                                              \
	X(root)                                                                                    \
	X(grants)                                                                                  \
	X(showing)                                                                                 \
	X(reseal)                                                                                  \
	X(revocations)                                                                             \
	X(uploads)                                                                                 \
	X(takeovers)                                                                               \
	X(withdrawals)                                                                             \
	X(read)                                                                                    \
	X(datasets)                                                                                \
	X(search)                                                                                  \
	X(subscriptions)                                                                           \
	X(copies)                                                                                  \
	X(tokens)                                                                                  \
	X(audit)                                                                                   \
	X(feed_admin)

#define X(topic) extern const struct route topic##_routes[];
ROUTE_TABLE_LIST(X)
#undef X

/* For api_open(). */
extern const struct route *const api_routes[];

#endif
