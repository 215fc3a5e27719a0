#include "node/api/routes.h"

const struct route *const api_routes[] = {
#define X(topic) topic##_routes,
	ROUTE_TABLE_LIST(X) PAGE_TABLE_LIST(X) PORTAL_TABLE_LIST(X) OGC_TABLE_LIST(X)
#undef X
		NULL,
};
