#include "proto/transfer/allot.h"

#include "proto/transfer/scan.h"
#include "proto/transfer/source.h"
#include "proto/transfer/whole.h"

enum {
	ALLOT_ROW_LEN = 200,   /* key and frame of a chunk's row, from above */
	ALLOT_PAGE_LEN = 4096, /* of the store: large rows have pages of their own */
	ALLOT_INDEX_ROW_LEN = 6 * INDEX_ENTRY_LEN, /* of INDEX and SHARE, for each chunk */
};

struct allot {
	uint64_t left[ROOM_USE_COUNT];
};

static uint64_t rest_of(uint64_t have, uint64_t less)
{
	return have > less ? have - less : 0;
}

uint64_t allot_growth(uint64_t chunks, uint64_t bytes)
{
	uint64_t len = chunks ? bytes / chunks + ALLOT_ROW_LEN : 0;

	return len > ALLOT_PAGE_LEN / 2 ? bytes + chunks * (ALLOT_ROW_LEN + ALLOT_PAGE_LEN)
					: 2 * chunks * (len + 1);
}

/* With its index still to come, and the rows that are made of it. */
static uint64_t need_of(const struct fetch *fetch)
{
	return allot_growth(rest_of(fetch->chunk_count_all, fetch->chunk_count),
			    rest_of(fetch->bytes_all, fetch->bytes)) +
	       (fetch->indexed ? 0 : fetch->chunk_count_all * ALLOT_INDEX_ROW_LEN);
}

/* What is taken of one use is gone for all. */
static bool allot_take(struct allot *allot, enum room_use use, uint64_t bytes)
{
	if (bytes > allot->left[use])
		return false;
	for (unsigned i = 0; i < ROOM_USE_COUNT; i++)
		allot->left[i] = rest_of(allot->left[i], bytes);
	return true;
}

static void fetch_look(struct hub *hub, struct allot *allot, struct fetch *fetch)
{
	enum room_use use = fetch_use(hub, &fetch->of);
	uint64_t index = fetch->chunk_count_all * ALLOT_INDEX_ROW_LEN;

	fetch->needs = need_of(fetch);
	fetch->waits = !allot_take(allot, use, fetch->needs) &&
		       !(!fetch->indexed && fetch->kin && allot_take(allot, use, index));
	hub->transfer->room_short |= fetch->waits;
}

static bool begun(const struct fetch *fetch)
{
	return fetch->indexed || fetch->index_link;
}

/* Of those that have begun, or have not; returns how many of the large ones run, at most `most`. */
static size_t allot_some(struct hub *hub, struct allot *allot, bool have_begun, size_t most)
{
	struct transfer *transfer = hub->transfer;
	size_t ran = 0;

	for (size_t i = 0; i < transfer->fetch_count && ran < most; i++) {
		struct fetch *fetch = transfer->fetches[i];

		if (begun(fetch) != have_begun || fetch_rests(hub, fetch) ||
		    !source_any(hub, fetch))
			continue;
		fetch_look(hub, allot, fetch);
		ran += !fetch->waits && !whole_may(hub, fetch);
	}
	return ran;
}

void allot_all(struct hub *hub, struct txn *txn)
{
	struct transfer *transfer = hub->transfer;
	const size_t most = hub->options.limits->fetch_count_max;
	struct allot allot;

	transfer->room_short = false;
	for (size_t i = 0; i < transfer->fetch_count; i++)
		transfer->fetches[i]->waits = false;
	for (unsigned i = 0; i < ROOM_USE_COUNT; i++)
		allot.left[i] =
			rest_of(hub->ledger.room.left[i], txn_put_bytes(txn) + ROOM_FRAME_LEN);
	const size_t ran = allot_some(hub, &allot, true, SIZE_MAX);
	allot_some(hub, &allot, false, ran < most ? most - ran : 0);
}
