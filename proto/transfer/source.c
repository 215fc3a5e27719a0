#include "proto/transfer/source.h"

#include "crypto/check.h"
#include "proto/ledger/held.h"
#include "proto/transfer/scan.h"
#include "proto/transfer/whole.h"

enum {
	SOURCE_WINDOW_MIN = 64 * 1024, /* asked of one peer and not yet here, at least one chunk */
	SOURCE_WINDOW_FIRST = 512 * 1024,
	SOURCE_WINDOW_MAX = 32 * 1024 * 1024,
	SOURCE_QUICK_MS = 500, /* who answers sooner is asked for more, */
	SOURCE_SLOW_MS = 1000, /* and who answers later for less */
	SOURCE_INDEX_MAX = 64,
	SOURCE_ALONE_MS = 5 * 1000, /* so long nobody says that it holds a version: then members */
	SOURCE_GUESS_MS = 1000,     /* are asked in turn, one in so long, */
	SOURCE_REST_MS = 30 * 1000, /* and all again after this time, which doubles */
	SOURCE_REST_MS_MAX = 16 * 60 * 1000,
};

static bool source_refused(const struct fetch *fetch, uint64_t link)
{
	for (size_t i = 0; i < fetch->refused_count; i++) {
		if (fetch->refused[i] == link)
			return true;
	}
	return false;
}

void source_refuse(struct hub *hub, struct fetch *fetch, uint64_t link)
{
	fetch->source_epoch = 0;
	fetch->refused_ms = hub->mono_ms;
	if (source_refused(fetch, link))
		return;
	fetch->refused =
		mem_room(fetch->refused, fetch->refused_count, &fetch->refused_cap, sizeof(link));
	fetch->refused[fetch->refused_count++] = link;
}

/* The link is gone, or offers it again. */
void source_pardon(struct fetch *fetch, uint64_t link)
{
	for (size_t i = 0; i < fetch->refused_count; i++) {
		if (fetch->refused[i] == link) {
			fetch->refused[i] = fetch->refused[--fetch->refused_count];
			fetch->source_epoch = 0;
			return;
		}
	}
}

/* Whether a peer may have the version: it said so, it made it, or it is the one to be tried. */
bool source_has(const struct peer *peer, const struct fetch *fetch)
{
	return peer->up && peer->met && !source_refused(fetch, peer->link) &&
	       (peer->author == fetch->of.author || peer->link == fetch->guess ||
		holds_has(peer, &fetch->of));
}

static uint32_t window(const struct peer *peer)
{
	return peer->transfer->window_bytes ? peer->transfer->window_bytes : SOURCE_WINDOW_FIRST;
}

/*
 * What a peer is asked for at a time follows from how long it took for a chunk, those before it
 * included.
 */
void source_took(struct peer *peer, uint32_t size, int64_t took_ms)
{
	uint32_t bytes = window(peer);
	if (took_ms < SOURCE_QUICK_MS)
		bytes = bytes + size < SOURCE_WINDOW_MAX ? bytes + size : SOURCE_WINDOW_MAX;
	else if (took_ms > SOURCE_SLOW_MS)
		bytes = bytes > SOURCE_WINDOW_MIN + size ? bytes - size : SOURCE_WINDOW_MIN;
	peer->transfer->window_bytes = bytes;
}

/* One that let a request expire is asked for one thing, until it answers. */
static bool has_room(const struct hub *hub, const struct peer *peer)
{
	const struct peer_transfer *transfer = peer->transfer;
	uint32_t count_max = transfer->late ? 1 : hub->options.limits->chunks_in_flight_max;
	return transfer->in_flight_count < count_max && transfer->in_flight_bytes < window(peer);
}

/* PROTOCOL: "Of one peer at most 64 indexes and 512 small versions are asked for at a time." */
static bool has_index_room(const struct peer *peer)
{
	return peer->transfer->index_count < (peer->transfer->late ? 1 : SOURCE_INDEX_MAX);
}

bool source_whole_room(const struct peer *peer)
{
	const struct peer_transfer *transfer = peer->transfer;
	uint32_t count_max = transfer->late ? 1 : WHOLE_ASKED_MAX;
	return peer->up && peer->met && transfer->whole_count < count_max &&
	       transfer->whole_bytes < window(peer);
}

static bool has_room_for(const struct hub *hub, const struct peer *peer, const struct fetch *fetch)
{
	if (fetch->indexed)
		return has_room(hub, peer);
	return whole_may(hub, fetch) ? source_whole_room(peer) : has_index_room(peer);
}

/* Those who answer before those who do not, then the one with the least on its way. */
static bool better(const struct peer *a, const struct peer *b)
{
	if (a->transfer->late != b->transfer->late)
		return b->transfer->late;
	return a->transfer->in_flight_bytes + a->transfer->whole_bytes <
	       b->transfer->in_flight_bytes + b->transfer->whole_bytes;
}

/* A peer with room for more, and another link than this one; NULL: none. */
struct peer *source_pick(struct hub *hub, const struct fetch *fetch, uint64_t but)
{
	struct peer *best = NULL;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (peer->link != but && has_room_for(hub, peer, fetch) &&
		    source_has(peer, fetch) && (!best || better(peer, best)))
			best = peer;
	}
	return best;
}

void source_retry(struct hub *hub, const struct peer *peer)
{
	for (size_t i = 0; i < hub->transfer->fetch_count; i++)
		source_pardon(hub->transfer->fetches[i], peer->link);
}

bool source_any(struct hub *hub, struct fetch *fetch)
{
	uint64_t epoch = hub->source_epoch;
	if (fetch->source_epoch == epoch && epoch > 0)
		return fetch->source;
	fetch->source_epoch = epoch;
	fetch->source = false;
	for (size_t i = 0; i < hub->peers.count && !fetch->source; i++)
		fetch->source = source_has(hub->peers.items[i], fetch);
	return fetch->source;
}

/* A member by lot that has not been asked; NULL: there is none. */
static struct peer *guess_pick(struct hub *hub, const struct fetch *fetch)
{
	struct peer *pick = NULL;
	size_t count = 0;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (peer->up && peer->met && !source_refused(fetch, peer->link) &&
		    random_below(hub->options.random, ++count) == 0)
			pick = peer;
	}
	return pick;
}

/* Whether it is time to try somebody. */
static bool is_alone(struct hub *hub, struct fetch *fetch)
{
	if (source_any(hub, fetch))
		fetch->alone_ms = 0;
	else if (fetch->alone_ms == 0)
		fetch->alone_ms = hub->mono_ms;
	return fetch->alone_ms != 0 && hub->mono_ms - fetch->alone_ms >= SOURCE_ALONE_MS;
}

/* All have been asked: after a rest anybody may be asked again. */
static void guess_rest(struct hub *hub, struct fetch *fetch)
{
	if (fetch->rest_until_ms == 0) {
		int64_t rest_ms = 2 * fetch->rest_ms;
		fetch->rest_ms = rest_ms < SOURCE_REST_MS       ? SOURCE_REST_MS
				 : rest_ms < SOURCE_REST_MS_MAX ? rest_ms
								: SOURCE_REST_MS_MAX;
		fetch->rest_until_ms = hub->mono_ms + fetch->rest_ms;
	} else if (hub->mono_ms >= fetch->rest_until_ms) {
		fetch->rest_until_ms = 0;
		fetch->refused_count = 0;
		fetch->source_epoch = 0;
	}
}

void source_guess(struct hub *hub)
{
	struct transfer *transfer = hub->transfer;
	if (hub->mono_ms < transfer->guess_ms)
		return;
	bool young = false;
	for (size_t k = 0; k < transfer->fetch_count; k++) {
		size_t i = (transfer->guess_at + k) % transfer->fetch_count;
		struct fetch *fetch = transfer->fetches[i];
		bool alone = !fetch->waits && is_alone(hub, fetch);
		struct peer *peer = alone ? guess_pick(hub, fetch) : NULL;
		young = young || (fetch->alone_ms != 0 && !alone);
		if (alone && !peer && !fetch->by_line) /* else they are pardoned anyway */
			guess_rest(hub, fetch);
		if (!peer)
			continue;
		fetch->guess = peer->link;
		fetch->source_epoch = 0;
		transfer->guess_at = i + 1;
		young = true;
		break;
	}
	transfer->guess_ms = hub->mono_ms + (young ? SOURCE_GUESS_MS : SOURCE_REST_MS);
}

bool source_refuses(const struct hub *hub, const struct peer *peer)
{
	for (size_t i = 0; i < hub->transfer->fetch_count; i++) {
		if (source_refused(hub->transfer->fetches[i], peer->link))
			return true;
	}
	return false;
}

void source_offered(struct hub *hub, const struct peer *peer, const struct version_id *of)
{
	for (size_t i = 0; i < hub->transfer->fetch_count; i++) {
		struct fetch *fetch = hub->transfer->fetches[i];
		if (fetch->refused_count > 0 && held_same(&fetch->of, of))
			source_pardon(fetch, peer->link);
	}
}

int64_t source_pardon_ms(const struct fetch *fetch)
{
	return fetch->by_line && fetch->refused_count > 0
		       ? fetch->refused_ms + fetch->refused_wait_ms
		       : INT64_MAX;
}
