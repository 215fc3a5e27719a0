/*
 * source - which peer a version is fetched from, and how much of it is asked for at a time.
 *
 * A peer is asked for as much as it sends in about a second, so that a fast one is never without
 * work, a slow one gets its share and no more, and neither holds up the end.
 *
 * Bounds: limits.chunks_in_flight_max chunks and SOURCE_WINDOW_MAX bytes asked of one peer, and one
 * link in each list of those that do not have a version.
 */
#ifndef ALLMENDE_SOURCE_H
#define ALLMENDE_SOURCE_H

#include "proto/transfer/fetch.h"

/* Whether a peer may have the version: it said so, it made it, or it is the one to be tried. */
bool source_has(const struct peer *peer, const struct fetch *fetch);
bool source_any(struct hub *hub, struct fetch *fetch);
/*
 * Nobody may say that it holds a version, and somebody may: members are tried in turn, one at a
 * time for all versions.
 */
void source_guess(struct hub *hub);
/* A peer with room for more, and another link than `but`; NULL: none. */
struct peer *source_pick(struct hub *hub, const struct fetch *fetch, uint64_t but);
/* Whether it may be asked for another small version. */
bool source_whole_room(const struct peer *peer);
/*
 * A chunk of this size took so long: what a peer is asked for at a time follows from it, and from
 * those before.
 */
void source_took(struct peer *peer, uint32_t size, int64_t took_ms);

/* This link does not have it; it is not asked again before a pardon. */
void source_refuse(struct hub *hub, struct fetch *fetch, uint64_t link);
/* The link is gone, or offers it again. */
void source_pardon(struct fetch *fetch, uint64_t link);
/* When peers that did not know the token yet are asked again; INT64_MAX: never. */
int64_t source_pardon_ms(const struct fetch *fetch);
/* Whether any fetch has found that the peer did not have it. */
bool source_refuses(const struct hub *hub, const struct peer *peer);
/* A peer says that it holds a version, perhaps again. */
void source_offered(struct hub *hub, const struct peer *peer, const struct version_id *of);
/* A peer that did not have something may be asked again. */
void source_retry(struct hub *hub, const struct peer *peer);

#endif
