/*
 * visitor - who asks, and what of the datasets it may be shown: the one place where that is decided
 * for everything that portals, maps and programs read.
 *
 * Somebody unknown is shown what is open. A token shows besides what lies at or below its prefix:
 * that it is there (TOKEN_LIST), or its contents as well (TOKEN_READ). Who comes by the control
 * socket is the administrator, and is shown all that this node can read. What a visitor may not see
 * is answered as if it were not there: 404, in no count, order or time.
 */
#ifndef ALLMENDE_VISITOR_H
#define ALLMENDE_VISITOR_H

#include <stdbool.h>

#include "crypto/limits.h"
#include "proto/content/version.h"

enum token_verb { TOKEN_LIST, TOKEN_READ };

enum visitor_kind { VISITOR_ANYONE, VISITOR_TOKEN, VISITOR_ADMIN };
struct visitor {
	enum visitor_kind kind;
	/* of a token; the prefix as in paths of the store, "" for all */
	char prefix[LIMIT_PATH_LEN_MAX + 1];
	enum token_verb verb;
};

/* Whether it may know that this dataset is there, and how it is described. */
bool visitor_sees(const struct visitor *visitor, enum tier tier, const char *path);
/* Whether it may have its contents. */
bool visitor_reads(const struct visitor *visitor, enum tier tier, const char *path);

#endif
