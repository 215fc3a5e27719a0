/*
 * places - which links may stay: each organisation has a share of the places, whatever the number
 * of its nodes.
 *
 * There are limits.peer_count_max places for members, and an eighth as many each for guests that
 * came by themselves and for those of them that wait for the stewards; none takes another's. Links
 * that this node has dialled as a guest are bounded by whom it dials.
 *
 * Full is no reason to refuse: whoever has the most gives way to who has less. A link of an
 * organisation that has no other is never closed for another organisation.
 */
#ifndef ALLMENDE_PLACES_H
#define ALLMENDE_PLACES_H

#include "proto/hub/event.h"

struct peer;

/* How many links there are at most, of all kinds. */
uint32_t places_count_max(const struct limits *limits);
/* Whether one more link of a member would have a place now. Closes none. */
bool places_may(const struct hub *hub, uint32_t member);
/* The same; when it has one, somebody else's link may have been closed for it. */
bool places_take(struct hub *hub, uint32_t member);
/* A guest comes: it always finds a place, and the silent or oldest guest may lose its own. */
void places_guest(struct hub *hub);
/* The guest waits for the stewards: it stays, and whoever has waited longest may have to go. */
void places_wait(struct hub *hub, struct peer *peer);

#endif
