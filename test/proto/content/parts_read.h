/*
 * parts_read - a stream of files read to its end by a writer whose chunks go nowhere, in blocks of
 * a length.
 */
#ifndef ALLMENDE_TEST_PARTS_READ_H
#define ALLMENDE_TEST_PARTS_READ_H

#include "proto/content/parts.h"

static inline void parts_pieces_take(struct writer *w)
{
	struct piece *piece;

	while ((piece = writer_take(w))) {
		piece->entry.size = 1000;
		writer_accept(w, piece);
		piece_close(piece);
	}
}

/* The writer is finished, unless there was a fault. */
static inline struct writer *parts_read(struct parts *parts, struct bytes in, size_t step)
{
	struct writer_params params = {.number = 1, .tier = TIER_MEMBERS, .epoch_number = 1};
	struct writer *w = writer_open(&params);

	parts_init(parts);
	for (size_t at = 0; at < in.len; at += step) {
		struct bytes block = bytes_slice(in, at, step);

		while (block.len > 0) {
			size_t len = parts_feed(parts, w, block);

			check(len > 0 && len <= block.len);
			block = bytes_slice(block, len, block.len);
			parts_pieces_take(w);
		}
	}
	parts_end(parts);
	if (!parts->broken && !writer_err(w)) {
		writer_end(w);
		parts_pieces_take(w);
		writer_finish(w);
	}
	return w;
}

#endif
