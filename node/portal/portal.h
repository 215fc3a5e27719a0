/*
 * portal - what portals, maps and programs read: the tables of routes for everybody, one a topic,
 * each in the topic's own file. node/api/routes.h takes them up into the one list.
 *
 * To add a topic: a file with its table, which is called TOPIC_routes and ends with one without a
 * path, and a line here.
 */
#ifndef ALLMENDE_PORTAL_H
#define ALLMENDE_PORTAL_H

#include "node/http/route.h"

#define PORTAL_TABLE_LIST(X) X(atom) X(ckan) X(dataset) X(feed) X(v1)

#define X(topic) extern const struct route topic##_routes[];
PORTAL_TABLE_LIST(X)
#undef X

#endif
