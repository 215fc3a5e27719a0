/*
 * keywrap - body of a wrap record: a key for one organisation (docs/PROTOCOL.md, section 5.2).
 * There is one slot for each organisation and path, so the wrap of a new epoch overwrites the one
 * before.
 */
#ifndef ALLMENDE_KEYWRAP_H
#define ALLMENDE_KEYWRAP_H

#include "crypto/limits.h"
#include "crypto/wrap.h"

struct keywrap {
	struct org_id grantee;
	struct bytes prefix; /* Q; borrowed */
	uint64_t number;     /* n */
	struct wrap_key_id key;
	struct wrap wrap;
};

void keywrap_put(struct buf *out, const struct keywrap *keywrap);
/* ERR_MALFORMED, ERR_VERSION */
enum err keywrap_get(struct keywrap *out, struct bytes body);

#endif
