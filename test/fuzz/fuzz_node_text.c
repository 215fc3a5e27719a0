/*
 * The three texts for another node: the first byte says which, the rest is the body; the target
 * adds the check and makes the text.
 */
#include "test/fuzz/fuzz.h"

#include "proto/wire/envelope.h"
#include "proto/charter/node_offer.h"

static const enum envelope kinds[] = {ENVELOPE_NODE_OFFER, ENVELOPE_NODE_REQUEST,
				      ENVELOPE_NODE_ANSWER};

static bool offer_again(struct buf *again, struct bytes text)
{
	struct node_offer offer;
	struct buf storage;
	buf_init(&storage, ENVELOPE_LEN_MAX);
	bool ok = node_offer_get(&offer, &storage, text) == ERR_OK;
	if (ok)
		node_offer_put(again, &offer);
	buf_fini(&storage);
	return ok;
}

static bool request_again(struct buf *again, struct bytes text)
{
	struct node_request request;
	bool ok = node_request_get(&request, text) == ERR_OK;
	if (ok)
		node_request_put(again, &request);
	return ok;
}

static bool answer_again(struct buf *again, struct bytes text)
{
	struct node_answer answer;
	struct buf storage, entries, wraps;
	uint32_t entry_count = 0, wrap_count = 0, number;
	struct bytes entry;
	struct wrap wrap;
	buf_init(&storage, ENVELOPE_LEN_MAX);
	buf_init(&entries, ENVELOPE_LEN_MAX);
	buf_init(&wraps, ENVELOPE_LEN_MAX);
	bool ok = node_answer_get(&answer, &storage, text) == ERR_OK;
	for (; ok && node_answer_entry_next(&answer, &entry); entry_count++)
		node_answer_entry(&entries, entry);
	for (; ok && node_answer_wrap_next(&answer, &number, &wrap); wrap_count++)
		node_answer_wrap(&wraps, number, &wrap);
	if (ok)
		node_answer_put(again, &answer.org, answer.index, entry_count, buf_bytes(&entries),
				wrap_count, buf_bytes(&wraps));
	buf_fini(&storage);
	buf_fini(&entries);
	buf_fini(&wraps);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool (*const again_of[])(struct buf *, struct bytes) = {offer_again, request_again,
								       answer_again};
	struct buf text, again;
	if (size == 0 || size > ENVELOPE_LEN_MAX / 2)
		return 0;
	unsigned kind = data[0] % 3;
	buf_init(&text, 2 * ENVELOPE_LEN_MAX);
	buf_init(&again, 2 * ENVELOPE_LEN_MAX);
	envelope_put(&text, kinds[kind], bytes_of(data + 1, size - 1));
	if (again_of[kind](&again, buf_bytes(&text))) {
		fuzz_accepted();
		fuzz_same(buf_bytes(&again), buf_bytes(&text));
	}
	/* the bytes as text, too: whole or damaged, it must not fall over */
	buf_reset(&again);
	again_of[kind](&again, bytes_of(data, size));
	buf_fini(&text);
	buf_fini(&again);
	return 0;
}

static void seed_of(struct fuzz_corpus *corpus, uint8_t kind, struct buf *text)
{
	struct buf seed;
	buf_init(&seed, ENVELOPE_LEN_MAX);
	buf_add_u8(&seed, kind);
	check(envelope_get(&seed, kinds[kind], buf_bytes(text)) == ERR_OK);
	fuzz_seed(corpus, buf_bytes(&seed));
	buf_fini(&seed);
	buf_fini(text);
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct node_offer offer = {.invitation = bytes_str("allmende2-abc")};
	struct node_request request = {{{1}}, {{2}}, {{3}}, {{4}}, {{5}}};
	struct wrap wrap = {{1}};
	struct org_id org = {{7}};
	struct buf text, entries, wraps;
	buf_init(&text, ENVELOPE_LEN_MAX);
	node_offer_put(&text, &offer);
	seed_of(corpus, 0, &text);
	buf_init(&text, ENVELOPE_LEN_MAX);
	node_request_put(&text, &request);
	seed_of(corpus, 1, &text);
	buf_init(&text, ENVELOPE_LEN_MAX);
	buf_init(&entries, 1024);
	buf_init(&wraps, 1024);
	node_answer_entry(&entries, bytes_str("entry one"));
	node_answer_entry(&entries, bytes_str("entry two"));
	node_answer_wrap(&wraps, 1, &wrap);
	node_answer_put(&text, &org, 3, 2, buf_bytes(&entries), 1, buf_bytes(&wraps));
	seed_of(corpus, 2, &text);
	buf_fini(&entries);
	buf_fini(&wraps);
}
