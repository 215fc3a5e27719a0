/*
 * wrapkeys - the secret wrap keys of the own organisation: with them wraps for it are opened
 * (docs/PROTOCOL.md, sections 3.1 and 5.9).
 */
#ifndef ALLMENDE_WRAPKEYS_H
#define ALLMENDE_WRAPKEYS_H

#include "proto/hub/hub.h"

enum { WRAPKEYS_COUNT_MAX = 256 };

struct wrap_secret {
	uint32_t number; /* of the organisation log entry that first named it */
	struct wrap_key_id id;
	struct secret *secret;
};

struct wrapkeys { /* the newest first */
	struct wrap_secret *items;
	size_t count, cap;
};

enum err wrapkeys_open(struct hub *hub, struct txn *txn);
void wrapkeys_close(struct hub *hub);
/* A new one: kept sealed. */
void wrapkeys_store(struct hub *hub, struct txn *txn, uint32_t number, const struct key *key);
/*
 * Opens a wrap for the own organisation, by the one wrap key that its id names. ERR_DENIED: not
 * for it, or that key is not here (yet); ERR_VERSION. The caller wipes.
 */
enum err wrapkeys_unwrap(const struct hub *hub, const struct wrap_key_id *id,
			 const struct wrap *wrap, const struct wrap_context *context,
			 struct key *out);
/*
 * Whether somebody may have the secret of a wrap key who should not: what was wrapped to it calls
 * for a new epoch, and nothing is wrapped to it any more.
 */
bool wrapkeys_dead(struct hub *hub, struct txn *txn, const struct org_id *org,
		   const struct wrap_key_id *key);
/* RECORD_WRAP_KEY */
void wrapkeys_arrival(struct hub *hub, struct txn *txn, const struct record *record);

#endif
