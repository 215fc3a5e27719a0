#include "proto/catalog/again.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "proto/catalog/lookup.h"
#include "proto/rights/epochs.h"

enum { ROWS_A_STEP = 512 };

/* The current version of a dataset, if it is one. */
static bool again_take(struct hub *hub, struct txn *txn, bool stranded, struct again *again)
{
	struct catalog_entry entry;
	struct lookup found;
	char why[WHY_LEN];

	if (lookup_path(hub, txn, again->path, 0, &found, why) || found.of.author != hub->author ||
	    (found.version.tier != TIER_GRANTED && found.version.tier != TIER_HIDDEN) ||
	    (stranded && !epochs_stranded(hub, txn, &found.version, &found.of.dataset)))
		return false;
	lookup_entry(hub, txn, &found, true, &entry);
	again->number = entry.number;
	again->bytes = entry.index_bytes;
	snprintf(again->name, sizeof(again->name), "%s", entry.path);
	catalog_entry_fini(&entry);
	return true;
}

bool again_next(struct hub *hub, struct txn *txn, struct bytes prefix, bool stranded,
		struct again *again)
{
	struct row_key from = key_text(bytes_str(again->path));
	struct walk walk =
		again->path[0] ? walk_begin_at(txn, TABLE_PATH, prefix, row_key_bytes(&from), false)
			       : walk_begin(txn, TABLE_PATH, prefix);
	again->more = false;
	for (unsigned i = 0; walk_next(&walk); i++) {
		if (walk.key.len > LIMIT_PATH_LEN_MAX || walk.value.len != ID_LEN)
			continue;
		memcpy(again->path, walk.key.ptr, walk.key.len);
		again->path[walk.key.len] = 0;
		if ((prefix.len == 0 || path_contains(prefix, bytes_str(again->path))) &&
		    again_take(hub, txn, stranded, again))
			return true;
		again->more = i + 1 == ROWS_A_STEP;
		if (again->more)
			break;
	}
	return false;
}
