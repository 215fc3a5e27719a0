#include "proto/catalog/copies.h"

#include <string.h>

#include "crypto/path.h"
#include "proto/catalog/catalog.h"
#include "proto/transfer/fetch.h"
#include "proto/ledger/held.h"
#include "proto/transfer/subscription.h"

enum {
	LOOK_MAX = 2048, /* rows in one part */
	DROP_MAX = 16,   /* versions, each with its index */
};

/* By its path, or by what people call it. */
static bool pattern_means(struct hub *hub, struct txn *txn, const struct copies *copies,
			  struct bytes path)
{
	char name[LIMIT_PATH_LEN_MAX + 1];

	if (path_match(bytes_str(copies->pattern), path))
		return true;
	catalog_name(hub, txn, path, name);
	return path_match(bytes_str(copies->pattern), bytes_str(name));
}

/* Counts the version; true when it is one to go. */
static bool is_spare(struct hub *hub, struct txn *txn, struct copies *copies,
		     const struct version_id *of)
{
	struct version version;
	struct held held;

	if (author_member(of->author) == author_member(hub->author) || !held_get(txn, of, &held) ||
	    held_version(txn, of, &version) || !pattern_means(hub, txn, copies, version.path))
		return false;
	if (subscriptions_ask(hub, txn, &version)) {
		copies->kept++;
		return false;
	}
	copies->versions++;
	copies->bytes += held.bytes;
	return true;
}

bool copies_step(struct hub *hub, struct txn *txn, struct copies *copies)
{
	struct walk walk = walk_begin_at(txn, TABLE_HELD, bytes_of(NULL, 0),
					 row_key_bytes(&copies->at), !copies->begun);
	unsigned dropped = 0;

	copies->begun = true;
	for (unsigned i = 0; i < LOOK_MAX && dropped < DROP_MAX; i++) {
		struct version_id of;

		if (!walk_next(&walk))
			return false;
		copies->at.len = walk.key.len;
		memcpy(copies->at.b, walk.key.ptr, walk.key.len);
		held_of_key(&of, walk.key);
		if (!is_spare(hub, txn, copies, &of) || !copies->drop)
			continue;
		fetch_drop(hub, txn, &of);
		dropped++;
	}
	return true;
}
