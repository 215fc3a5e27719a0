#include "proto/catalog/want.h"

#include <stdio.h>
#include <string.h>

#include "proto/catalog/lookup.h"
#include "proto/transfer/fetch.h"
#include "proto/transfer/source.h"
#include "proto/ledger/held.h"
#include "proto/rights/rights.h"
#include "proto/transfer/scan.h"

static void status_fill(struct hub *hub, struct txn *txn, const struct version_id *of,
			const char *path, struct fetch_status *out)
{
	struct held held;
	const struct fetch *fetch = fetch_find(hub, of);
	*out = (struct fetch_status){.state = FETCH_UNKNOWN, .number = of->number};
	snprintf(out->path, sizeof(out->path), "%s", path);
	if (held_get(txn, of, &held) && held.state == HELD_COMPLETE) {
		out->state = FETCH_HELD;
		out->chunk_count = out->chunk_count_all = held.chunks;
		out->bytes = out->bytes_all = held.bytes;
		return;
	}
	if (!fetch)
		return;
	out->chunk_count = fetch->chunk_count;
	out->chunk_count_all = fetch->chunk_count_all;
	out->bytes = fetch->bytes;
	out->bytes_all = fetch->bytes_all;
	for (size_t i = 0; i < hub->peers.count && !fetch_no_room(hub, of); i++)
		out->source_count += source_has(hub->peers.items[i], fetch);
	out->state = out->source_count ? FETCH_RUNNING : FETCH_WAITING;
}

enum err want_version(struct hub *hub, struct txn *txn, int64_t now_ms, const char *path,
		      uint64_t number, struct fetch_status *out, char *why)
{
	struct lookup found;
	const struct version_id *of = &found.of;
	enum err err = lookup_path(hub, txn, path, number, &found, why);
	if (err)
		return err;
	/* A former member reads what is here by the keys that it had. */
	bool here = held_complete(txn, of), former = here && !hub->author;
	if (!former && !rights_may_hold(hub, txn, &found.version)) {
		catalog_denied(hub, txn, bytes_str(path), why);
		return ERR_DENIED;
	}
	if (!former && !rights_may_read(hub, txn, &found.version)) {
		why_set(why,
			"this organisation may hold %.200s, but not read it: "
			"`allmende subscribe --relay %.200s` keeps it for others.",
			path, path);
		return ERR_DENIED;
	}
	if (!here && fetch_no_room(hub, of)) {
		why_set(why,
			"%.200s is not fetched: disk or size limit are nearly reached, and what "
			"is left is for own data; `allmende space` shows what takes the room.",
			path);
		return ERR_NOSPACE;
	}
	if (!here)
		fetch_add(hub, txn, of, &found.version, true);
	status_fill(hub, txn, of, path, out);
	return ERR_OK;
}

enum err want_status(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		     struct fetch_status *out, char *why)
{
	struct lookup found;
	enum err err = lookup_path(hub, txn, path, number, &found, why);
	if (!err)
		status_fill(hub, txn, &found.of, path, out);
	return err;
}

bool want_fetch(struct hub *hub, struct txn *txn, size_t index, struct fetch_status *out)
{
	if (index >= hub->transfer->fetch_count)
		return false;
	const struct fetch *fetch = hub->transfer->fetches[index];
	status_fill(hub, txn, &fetch->of, fetch->path, out);
	return true;
}
