/*
 * cut - finds where a byte stream is cut into pieces (docs/PROTOCOL.md, section 6.1).
 *
 * A public gear hash proposes positions, SipHash under the dataset's cut key confirms them, so
 * that the same text is cut in the same places whatever stands before it. The cutter keeps no
 * text but the last 64 bytes; how the stream is fed in blocks does not change the cuts.
 */
#ifndef ALLMENDE_CUT_H
#define ALLMENDE_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"

#define CUT_KEY_LEN    16
#define CUT_WINDOW_LEN 64 /* what the gear hash remembers; SipHash sees the last 48 bytes */

struct cut_key {
	uint8_t b[CUT_KEY_LEN];
};

/* The public gear table; made once, shared by any number of cutters. */
struct cut_table {
	uint64_t gear[256];
};
void cut_table_init(struct cut_table *table);

struct cut {
	const struct cut_table *table; /* NULL: fixed cuts, for tier hidden */
	struct cut_key key;
	size_t len;    /* of the piece so far */
	uint64_t gear; /* over its last 64 bytes, from LIMIT_CHUNK_PLAIN_MIN - 64 on */
	uint8_t window[CUT_WINDOW_LEN]; /* its last bytes, at the end */
};
/* table NULL cuts at every LIMIT_CHUNK_PLAIN_MAX bytes; otherwise it outlives the cutter. */
void cut_init(struct cut *cut, const struct cut_table *table, const struct cut_key *key);
/*
 * Takes bytes of the stream and returns how many of them belong to the current piece. *end says
 * that the piece ends there; the rest is for the next call, which begins the next piece. Without
 * *end all bytes were taken.
 */
size_t cut_feed(struct cut *cut, struct bytes in, bool *end);
/* The stream has ended; the next byte begins another one. */
void cut_reset(struct cut *cut);

#endif
