/*
 * token - capability tokens: chains of signed links, their bytes and what follows from the bytes
 * alone (docs/PROTOCOL.md, section 5.5).
 */
#ifndef ALLMENDE_TOKEN_H
#define ALLMENDE_TOKEN_H

#include "crypto/id.h"
#include "crypto/limits.h"
#include "crypto/sign.h"
#include "proto/charter/charter.h"
#include "proto/ledger/line.h"
#include "proto/wire/wire_in.h"

enum {
	TOKEN_LINK_COUNT_MAX = 8,
	TOKEN_LINK_LEN_MAX = 1024, /* with signature */
	TOKEN_TEXT_LEN_MAX = 16384,
};

struct token_link { /* borrows from the bytes it was decoded from */
	struct digest id;
	struct org_id issuer;
	uint8_t issuer_node;
	struct org_id audience;
	enum verb verb;
	struct bytes prefix;
	int64_t not_before_ms, expiry_ms;
	uint32_t depth;
	uint32_t round;
	bool has_parent;
	struct digest parent;
	struct bytes payload, whole;
};

/* Appends the signed link; the fields but id, payload and whole count. Faults stay in out. */
void token_link_make(struct buf *out, const struct token_link *link, const struct fed_id *fed,
		     const struct key *node_sign_seed);
/* Form of one link. ERR_MALFORMED, ERR_VERSION, ERR_FULL. */
enum err token_link_get(struct token_link *out, struct bytes whole);
/* ERR_DENIED */
enum err token_link_check_sig(const struct token_link *link, const struct sign_pk *pk,
			      const struct fed_id *fed);

struct token { /* borrows from the bytes it was decoded from */
	struct digest id;
	struct token_link link[TOKEN_LINK_COUNT_MAX];
	size_t count;
};
/*
 * The body of a record: form, and that each link lies within the one before. Says nothing of
 * signatures and members: rights.h. ERR_MALFORMED, ERR_VERSION, ERR_FULL; ERR_PROTOCOL:
 * well-formed, but no chain.
 */
enum err token_get(struct token *out, struct bytes body);
/* From the array of links alone, as in grant texts; the cursor stands behind it then. */
enum err token_of_links(struct token *out, struct wire_in *w);
void token_put(struct buf *out, const struct bytes *links, size_t count);
void token_put_links(struct buf *out, const struct bytes *links, size_t count);

/*
 * Whether the author's organisation is issuer or audience of a link, so that it may publish the
 * token.
 */
bool token_author_may(const struct charter *charter, const struct token *token, uint32_t author);

#endif
