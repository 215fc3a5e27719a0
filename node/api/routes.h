/*
 * routes - all that the control interface answers: one table a topic, each of them in the topic's
 * own file.
 *
 * To add a topic: a file with its table, a line here, and one in routes.c.
 */
#ifndef ALLMENDE_ROUTES_H
#define ALLMENDE_ROUTES_H

#include "node/api/call.h"

/* For api_open(). */
extern const struct route *const api_routes[];

/* Each ends with one without a path. */
extern const struct route copies_routes[];
extern const struct route datasets_routes[];
extern const struct route doctor_routes[];
extern const struct route federation_routes[];
extern const struct route grants_routes[];
extern const struct route nodes_routes[];
extern const struct route peers_routes[];
extern const struct route read_routes[];
extern const struct route search_routes[];
extern const struct route status_routes[];
extern const struct route subscriptions_routes[];
extern const struct route uploads_routes[];
extern const struct route verify_routes[];
extern const struct route withdrawals_routes[];

#endif
