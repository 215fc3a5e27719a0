#include "node/base/visitor.h"

#include <string.h>

static bool lies_below(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	return !len || (!strncmp(path, prefix, len) && (path[len] == '/' || !path[len]));
}

bool visitor_sees(const struct visitor *visitor, enum tier tier, const char *path)
{
	switch (visitor->kind) {
	case VISITOR_ANYONE:
		return tier == TIER_OPEN;
	case VISITOR_TOKEN:
		return tier == TIER_OPEN || lies_below(path, visitor->prefix);
	case VISITOR_ADMIN:
		return true;
	}
	return false;
}

bool visitor_reads(const struct visitor *visitor, enum tier tier, const char *path)
{
	return visitor_sees(visitor, tier, path) &&
	       (tier == TIER_OPEN || visitor->kind != VISITOR_TOKEN || visitor->verb == TOKEN_READ);
}
