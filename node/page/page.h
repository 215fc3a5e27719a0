/*
 * page - the routes of this room; node/api/routes.h takes them up into the one list.
 */
#ifndef ALLMENDE_PAGE_H
#define ALLMENDE_PAGE_H

#include "node/http/route.h"

#define PAGE_TABLE_LIST(X) X(assets)

#define X(topic) extern const struct route topic##_routes[];
PAGE_TABLE_LIST(X)
#undef X

#endif
