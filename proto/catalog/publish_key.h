/*
 * publish_key - the key of a new version (catalog.h): by its tier, and for people why there is none
 * yet.
 */
#ifndef ALLMENDE_PUBLISH_KEY_H
#define ALLMENDE_PUBLISH_KEY_H

#include "proto/catalog/catalog.h"

/*
 * That of the version before (NULL: none), or a fresh one when the tier changes; fills in the
 * publication's params, and who has a key that goes on as the new one has not come for too long.
 * ERR_AGAIN: the key is not here yet, or a new one is due; ERR_DENIED: another node makes it.
 */
enum err publish_key(struct hub *hub, struct txn *txn, struct publication *out,
		     const struct version *before, const struct key *key_before, char *why);
/*
 * Behind publish_key(): the keys of older epochs that are here, as chunks sealed under them stay in
 * use, unless the publication is sealed anew.
 */
void publish_older(struct hub *hub, struct txn *txn, struct publication *out);

#endif
