/*
 * opening - what the six words of a newcomer come from: its request, and two random values that
 * neither side could choose after it knew the other's (docs/PROTOCOL.md, section 4.2).
 *
 * The joiner's value a is bound by the commitment in its request; the issuer draws b when the
 * request is here; then the joiner opens the commitment by showing a. So whoever sits between the
 * two has one guess with each invitation. The words cost a slow hash besides, so that an issuer
 * that tells other stewards false values cannot search for some that fit.
 */
#ifndef ALLMENDE_OPENING_H
#define ALLMENDE_OPENING_H

#include "proto/charter/charter.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/words.h"

#define OPENING_LEN_MAX (LIMIT_JOIN_REQUEST_LEN_MAX + 128) /* encoded */

struct opening {
	struct digest a, b;
	struct dh_pk transport; /* of the issuer's node: the key that the joiner has dialled */
	struct bytes request;   /* payload of the join request; borrowed */
};

/* What binds to a without showing it. */
void opening_commit(struct digest *out, const struct digest *a);
/*
 * The six words: half a second of work for a guess on a small machine, and 64 MiB. ERR_NOMEM; then
 * out is empty.
 */
enum err opening_words(char out[WORDS_TEXT_LEN], const struct opening *opening,
		       const struct fed_id *fed, const struct org_id *org);
/* Whether it is about this newcomer: its organisation, roots, terms, and commitment. */
bool opening_fits(const struct opening *opening, const struct charter_member *newcomer,
		  const struct charter *charter);

/* One element of a list. Faults stay in out and in w. */
void opening_put(struct buf *out, const struct opening *opening);
void opening_get(struct wire_in *w, struct opening *out);

#endif
