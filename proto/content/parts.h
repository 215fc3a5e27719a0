/*
 * parts - many files in one stream of bytes, as the control interface takes them (docs/API.md).
 *
 * A part is its length, four bytes of it, and so many bytes. Of each file: its head, an array of
 * name, media type and time; its bytes, in as many parts as its sender likes; an empty part, which
 * ends it. So a file need not say how long it is, and one that is cut off is noticed.
 *
 * Writing: parts_put_head(), then for each part its length and its bytes. Reading: parts_feed()
 * hands what comes to a writer, on whatever thread has that. It holds one head, no bytes.
 */
#ifndef ALLMENDE_PARTS_H
#define ALLMENDE_PARTS_H

#include "proto/content/writer.h"

enum {
	PARTS_LENGTH_LEN = 4,      /* of the length of a part: be32 */
	PARTS_HEAD_LEN_MAX = 4096, /* more than is allowed, so that it can be said what is wrong */
};

/* Appends the head of a file as a part. */
void parts_put_head(struct buf *out, struct bytes name, struct bytes media_type,
		    uint64_t modified_ms);

struct parts {
	uint8_t held[PARTS_HEAD_LEN_MAX]; /* of a length or a head that has come in pieces */
	size_t held_len, held_want;
	uint32_t left; /* bytes to come of the part */
	bool in_head, in_file;
	bool broken; /* this is no such stream */
	/* What was read. */
	uint64_t file_count, byte_count;
	char name[LIMIT_FILE_NAME_LEN_MAX + 1]; /* of the latest file; not yet checked */
};
void parts_init(struct parts *parts);
/*
 * Takes bytes of the stream and returns how many, at least one: as writer_feed(), at most one piece
 * is complete then, which is to be taken before the next call. After a fault, parts->broken or the
 * writer's, it takes everything and does nothing.
 */
size_t parts_feed(struct parts *parts, struct writer *writer, struct bytes in);
/* The stream is over: broken when that was in the middle of a file. */
void parts_end(struct parts *parts);

#endif
