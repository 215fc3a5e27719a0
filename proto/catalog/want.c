#include "proto/catalog/want.h"

#include <stdio.h>
#include <string.h>

#include "proto/catalog/lookup.h"
#include "proto/transfer/allot.h"
#include "proto/transfer/fetch.h"
#include "proto/transfer/source.h"
#include "proto/ledger/held.h"
#include "proto/rights/rights.h"
#include "proto/transfer/scan.h"
#include "store/chunks.h"

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
	out->needs = fetch->waits ? fetch->needs : 0;
	for (size_t i = 0; i < hub->peers.count && !fetch->waits; i++)
		out->source_count += source_has(hub->peers.items[i], fetch);
	out->state = out->source_count ? FETCH_RUNNING : FETCH_WAITING;
}

bool want_opens(struct hub *hub, struct txn *txn, const struct version_id *of,
		const struct version *version)
{
	struct version_parts parts = version_parts(version);
	struct index_entry entry;
	if (!fetch_find(hub, of))
		return false;
	while (version_parts_next(&parts, &entry))
		if (!chunks_has(txn, &of->dataset, &entry.addr))
			return false;
	return true;
}

/* Of what something is here it is not known yet how much is missing: it may wait. */
static bool no_room(struct hub *hub, struct txn *txn, const struct version_id *of,
		    const struct version *version, char *why)
{
	uint64_t needs = allot_growth(version->index.count, version->index.bytes);
	uint64_t left = fetch_left(hub, txn, of);
	const uint64_t mb = 1000000;

	if (needs <= left || held_any(txn, &of->dataset))
		return false;
	why_set(why,
		"%.*s is not fetched: it needs %llu MB, and %llu MB are left for data of others, "
		"as the rest of disk or size limit is kept for own data; `allmende space` shows "
		"what takes the room.",
		(int)(version->path.len < 200 ? version->path.len : 200),
		(const char *)version->path.ptr, (unsigned long long)((needs + mb - 1) / mb),
		(unsigned long long)(left / mb));
	return true;
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
	if (!here && no_room(hub, txn, of, &found.version, why))
		return ERR_NOSPACE;
	if (!here)
		fetch_add(hub, txn, of, &found.version, true);
	status_fill(hub, txn, of, path, out);
	out->opens = here || want_opens(hub, txn, of, &found.version);
	return ERR_OK;
}

enum err want_status(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		     struct fetch_status *out, char *why)
{
	struct lookup found;
	enum err err = lookup_path(hub, txn, path, number, &found, why);
	if (!err)
		status_fill(hub, txn, &found.of, path, out);
	if (!err)
		out->opens =
			out->state == FETCH_HELD || want_opens(hub, txn, &found.of, &found.version);
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
