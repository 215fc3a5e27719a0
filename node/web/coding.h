/*
 * coding - bodies as gzip or zstd, when the client takes that and it is worth it. Private to this
 * room.
 *
 * Bodies in memory are packed at once; files and streams while they are sent, a few at a time
 * (CODED_STREAMS_MAX), as each needs up to a mebibyte of memory; the next ones go as they are.
 */
#ifndef ALLMENDE_CODING_H
#define ALLMENDE_CODING_H

#include <stdatomic.h>

#include "node/http/message.h"

#define CODED_LEN_MIN     1024 /* shorter ones fit into a packet */
#define CODED_STREAMS_MAX 64

enum coding { CODING_NONE, CODING_GZIP, CODING_ZSTD };
const char *coding_name(enum coding coding); /* "gzip"; of CODING_NONE "" */

/* Which one for a body of this type and length; accepted is the header Accept-Encoding or NULL. */
enum coding coding_choose(const char *accepted, const char *type, uint64_t len);
/* Packs the body of the reply; false: it stays as it is. streams counts those under way. */
bool coding_apply(enum coding coding, struct http_reply *reply, atomic_uint *streams);

#endif
