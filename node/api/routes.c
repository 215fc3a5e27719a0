#include "node/api/routes.h"

const struct route *const api_routes[] = {
	status_routes,     doctor_routes, peers_routes,         verify_routes,      nodes_routes,
	federation_routes, grants_routes, uploads_routes,       withdrawals_routes, read_routes,
	datasets_routes,   search_routes, subscriptions_routes, copies_routes,      NULL,
};
