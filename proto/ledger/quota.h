/*
 * quota - how much one organisation may have in everybody's store (docs/PROTOCOL.md, section 7).
 *
 * Each author has a share that follows from its number alone, and all shares of an organisation
 * together are a little more than six times the first one, however many nodes it has or had. So
 * everybody judges alike, whatever came first: a head says how much its set is, and one over the
 * share is not taken. Records are taken up to twice the share, as those that go and those that come
 * are here at the same time; so what an honest author says always has its place.
 *
 * The own node keeps a part of its share for what ends rights, so that this is possible when all
 * else is refused.
 */
#ifndef ALLMENDE_QUOTA_H
#define ALLMENDE_QUOTA_H

#include <stdint.h>

#include "crypto/limits.h"

struct quota {
	uint64_t count, bytes; /* of live records */
};
struct quota quota_of(const struct limits *limits, uint32_t author);
/* Of the own author, what the usual records may fill; percent is of the fuller of the two. */
struct quota quota_usual(const struct limits *limits, uint32_t author);
unsigned quota_percent(const struct quota *quota, uint64_t count, uint64_t bytes);

#endif
