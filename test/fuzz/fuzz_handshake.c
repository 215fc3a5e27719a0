/*
 * What a stranger sends to a listener, and to a dialler. The keys of both are always the same, so
 * the seeds are the beginning of a handshake that succeeds.
 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>

#include "test/proto/link_pair.h"

/* Feeds one side in two parts; true when it did not end the handshake. */
static bool feed(struct pair *pair, unsigned side, struct bytes in)
{
	struct link *link = &pair->side[side].link;
	struct bytes parts[2] = {bytes_slice(in, 0, in.len / 3),
				 bytes_slice(in, in.len / 3, in.len)};
	struct buf out;
	buf_init(&out, 1 << 20);
	for (unsigned i = 0; i < 2; i++) {
		struct bytes part = bytes_slice(parts[i], 0, link_room(link));
		if (part.len > 0)
			link_recv(link, part, pair->now_ms);
		while (pair_events(pair, side))
			;
		link_output(link, &out, SIZE_MAX / 2);
	}
	while (pair_events(pair, side))
		;
	buf_fini(&out);
	return !pair->side[side].closed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *pair = mem_new(1, sizeof(*pair));
		pair_init(pair, 1);
		pair_start(pair);
		if (feed(pair, side, bytes_of(data, size)))
			fuzz_accepted();
		pair_fini(pair);
		free(pair);
	}
	return 0;
}

/* The dialler's first bytes, and the listener's answer. */
void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct pair *pair = mem_new(1, sizeof(*pair));
	struct buf out, answer;
	buf_init(&out, 1 << 20);
	buf_init(&answer, 1 << 20);
	pair_init(pair, 1);
	pair_start(pair);
	check(link_output(&pair->side[0].link, &out, SIZE_MAX / 2) == ERR_OK);
	fuzz_seed(corpus, buf_bytes(&out));
	link_recv(&pair->side[1].link, buf_bytes(&out), pair->now_ms);
	while (pair_events(pair, 1))
		;
	check(link_output(&pair->side[1].link, &answer, SIZE_MAX / 2) == ERR_OK && answer.len > 0);
	fuzz_seed(corpus, buf_bytes(&answer));
	pair_fini(pair);
	free(pair);
	buf_fini(&out);
	buf_fini(&answer);
}
