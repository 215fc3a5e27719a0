/*
 * instant - points and spans of time as RFC 3339 and ISO 8601 write them.
 *
 * "2026-04-01", "2026-04-01T08:00:00Z", also with a space or a small t, without seconds, with parts
 * of a second, with an offset; without one it is UTC. What names a day lasts the whole day, what
 * names a minute the whole minute. Years 0001 to 9999; a leap second is the second before it.
 */
#ifndef ALLMENDE_INSTANT_H
#define ALLMENDE_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"

enum instant_kind { INSTANT_NONE, INSTANT_DATE, INSTANT_TIME };

/* Both ends belong to it; in milliseconds since 1970. */
struct span {
	int64_t from_ms, to_ms;
};
#define SPAN_OPEN_FROM INT64_MIN
#define SPAN_OPEN_TO   INT64_MAX

enum instant_kind instant_parse(struct bytes text, struct span *out);
/* OGC's datetime: an instant, or two with a slash between, of which each may be ".." or nothing.
   ERR_MALFORMED also when it ends before it begins. */
enum err span_parse(struct bytes text, struct span *out);
/* "2026-04-01T08:00:00Z"; out has room for INSTANT_TEXT_LEN. */
#define INSTANT_TEXT_LEN 32
void instant_text(int64_t ms, char out[INSTANT_TEXT_LEN]);

#endif
