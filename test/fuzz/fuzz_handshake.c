/*
 * What a stranger sends to a listener, to a dialler, and to a listener that has answered. The keys
 * of both are always the same, so the seeds are the parts of a handshake that succeeds. What comes
 * before the input is made once; each input works on copies.
 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>

#include "test/proto/link_pair.h"

static struct pair *started;  /* the dialler has said its first, nobody has heard it */
static struct pair *answered; /* the listener has heard it and has answered */

/* Lets a side hear this, and appends what it says. */
static void hear(struct pair *pair, unsigned side, struct bytes in, struct buf *out)
{
	struct link *link = &pair->side[side].link;
	struct bytes part = bytes_slice(in, 0, link_room(link));
	if (part.len > 0)
		link_recv(link, part, pair->now_ms);
	while (pair_events(pair, side))
		;
	check(link_output(link, out, SIZE_MAX / 2) == ERR_OK);
}

/* Appends what the dialler says first, and what the listener answers. */
static void make_ready(struct buf *first, struct buf *second)
{
	started = mem_new(1, sizeof(*started));
	answered = mem_new(1, sizeof(*answered));
	pair_init(started, 1);
	pair_start(started);
	pair_copy(answered, started);
	hear(answered, 0, bytes_of(NULL, 0), first);
	hear(answered, 1, buf_bytes(first), second);
	check(first->len > 0 && second->len > 0);
}

static struct pair *copy_of(const struct pair *ready)
{
	struct pair *pair = mem_new(1, sizeof(*pair));
	pair_copy(pair, ready);
	return pair;
}

static void release(struct pair *pair)
{
	pair_fini(pair);
	free(pair);
}

/* Feeds one side in two parts; accepted when that did not end the handshake. */
static void feed(const struct pair *ready, unsigned side, struct bytes in)
{
	struct pair *pair = copy_of(ready);
	struct buf out;
	buf_init(&out, 1 << 20);
	hear(pair, side, bytes_slice(in, 0, in.len / 3), &out);
	hear(pair, side, bytes_slice(in, in.len / 3, in.len), &out);
	while (pair_events(pair, side))
		;
	if (!pair->side[side].closed)
		fuzz_accepted();
	buf_fini(&out);
	release(pair);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	if (!started) {
		struct buf said[2];
		for (unsigned i = 0; i < 2; i++)
			buf_init(&said[i], 1 << 20);
		make_ready(&said[0], &said[1]);
		for (unsigned i = 0; i < 2; i++)
			buf_fini(&said[i]);
	}
	feed(started, 0, in);
	feed(started, 1, in);
	feed(answered, 1, in);
	return 0;
}

/* The dialler's first bytes, the listener's answer, and the dialler's answer to that. */
void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct buf said[3];
	for (unsigned i = 0; i < 3; i++)
		buf_init(&said[i], 1 << 20);
	make_ready(&said[0], &said[1]);
	struct pair *pair = copy_of(answered);
	hear(pair, 0, buf_bytes(&said[1]), &said[2]);
	check(pair->side[0].up);
	release(pair);
	for (unsigned i = 0; i < 3; i++) {
		fuzz_seed(corpus, buf_bytes(&said[i]));
		buf_fini(&said[i]);
	}
}
