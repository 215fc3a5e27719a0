/*
 * Frames of a peer that passed the handshake: the input is be16 length || plain text of a frame,
 * any number of times, sealed by the target as the peer would. The handshake is made once; each
 * input works on a copy of the session it led to.
 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>

#include "test/proto/link_pair.h"

static struct pair *ready; /* both sides up */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pair *pair = mem_new(1, sizeof(*pair));
	struct bytes in = bytes_of(data, size);
	if (!ready) {
		ready = mem_new(1, sizeof(*ready));
		pair_up(ready, 1);
	}
	pair_copy(pair, ready);
	while (in.len >= 2 && !pair->side[1].closed) {
		struct bytes frame = bytes_slice(in, 2, be16_get(in.ptr));
		in = bytes_slice(in, 2 + frame.len, in.len);
		if (frame.len <= FRAME_DATA_LEN_MAX + FRAME_HEADER_LEN)
			pair_forge(pair, 0, frame);
		while (pair_step(pair, 0))
			;
	}
	pair_run(pair);
	if (!pair->side[1].closed)
		fuzz_accepted();
	for (unsigned i = 0; i < 2; i++)
		link_close(&pair->side[i].link, LINK_REASON_DONE, pair->now_ms);
	pair_run_out(pair);
	pair_fini(pair);
	free(pair);
	return 0;
}

static void frame_put(struct buf *out, const char *plain, size_t len)
{
	buf_add_be16(out, (uint16_t)len);
	buf_add(out, bytes_of(plain, len));
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct buf out;
	buf_init(&out, 10000);
	frame_put(&out, "\1\1message", 9); /* on sync */
	frame_put(&out, "\2\0bulk in ", 10);
	frame_put(&out, "\2\1two parts", 11);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	frame_put(&out, "\0\1\1\1\0\0\1\0", 8); /* credit */
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
}
