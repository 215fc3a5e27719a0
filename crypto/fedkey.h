/*
 * fedkey - the federation key F_n: what the charter says of it (docs/PROTOCOL.md, section 4).
 */
#ifndef ALLMENDE_FEDKEY_H
#define ALLMENDE_FEDKEY_H

#include "crypto/id.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#define FEDKEY_SEALED_LEN (24 + KEY_LEN + 16)

void fedkey_commitment(struct digest *out, const struct key *key, uint64_t number);
/* F_(n-1), sealed under F_n. */
void fedkey_seal_previous(uint8_t out[FEDKEY_SEALED_LEN], const struct key *key, uint64_t number,
			  const struct key *previous, struct random *random);
/* ERR_DENIED when it was not sealed under this key and number. */
enum err fedkey_open_previous(struct key *previous, const struct key *key, uint64_t number,
			      const uint8_t sealed[FEDKEY_SEALED_LEN]);

#endif
