/*
 * What a vote comes in: the first byte says whether the rest is a record's body, a notice, or what
 * a text envelops.
 */
#include "test/fuzz/fuzz.h"

#include <string.h>

#include "proto/wire/envelope.h"
#include "proto/ledger/notice.h"
#include "proto/charter/proposal.h"

enum { AS_BODY, AS_NOTICE, AS_VOTE_TEXT, AS_PROPOSAL_TEXT, AS_COUNT };

static void body_try(struct bytes in, struct buf *again)
{
	struct vote_body body;
	if (vote_body_get(&body, in) == ERR_OK)
		vote_body_put(again, &body);
}

static void notice_try(struct bytes in, struct buf *again)
{
	struct bytes text;
	if (notice_get(&text, in) == ERR_OK)
		check(notice_put(again, text) == ERR_OK);
}

static void text_try(unsigned kind, struct bytes in, struct buf *again)
{
	struct vote_text vote;
	struct proposal_text proposal;
	struct buf text, body;
	buf_init(&text, 2 * ENVELOPE_LEN_MAX);
	buf_init(&body, ENVELOPE_LEN_MAX);
	envelope_put(&text, kind == AS_VOTE_TEXT ? ENVELOPE_VOTE : ENVELOPE_PROPOSAL, in);
	if (text.err == ERR_OK && kind == AS_VOTE_TEXT &&
	    vote_text_get(&vote, buf_bytes(&text)) == ERR_OK)
		vote_text_put(again, &vote);
	if (text.err == ERR_OK && kind == AS_PROPOSAL_TEXT &&
	    proposal_text_get(&body, &proposal, buf_bytes(&text)) == ERR_OK)
		proposal_text_put(again, &proposal);
	if (again->len > 0) {
		fuzz_accepted();
		fuzz_same(buf_bytes(again), buf_bytes(&text));
		buf_reset(again);
	}
	buf_fini(&text);
	buf_fini(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct buf again;
	if (size == 0)
		return 0;
	in = bytes_slice(in, 1, size);
	buf_init(&again, 2 * ENVELOPE_LEN_MAX);
	switch (data[0] % AS_COUNT) {
	case AS_BODY:
		body_try(in, &again);
		break;
	case AS_NOTICE:
		notice_try(in, &again);
		break;
	default:
		text_try(data[0] % AS_COUNT, in, &again);
	}
	if (again.len > 0) {
		fuzz_accepted();
		fuzz_same(buf_bytes(&again), in);
	}
	buf_fini(&again);
	return 0;
}

/* The body inside a text, behind the byte that says so. */
static void seed_text(struct fuzz_corpus *corpus, uint8_t kind, enum envelope envelope,
		      const struct buf *text)
{
	struct buf input;
	buf_init(&input, ENVELOPE_LEN_MAX);
	buf_add_u8(&input, kind);
	check(envelope_get(&input, envelope, buf_bytes(text)) == ERR_OK);
	fuzz_seed(corpus, buf_bytes(&input));
	buf_fini(&input);
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	const struct opening opening = {.request = bytes_str("request")};
	const struct vote_body body = {.payload = bytes_str("payload")};
	const struct vote_body opened = {
		.payload = bytes_str("payload"), .has_opening = true, .opening = opening};
	const struct vote_text vote = {.number = 300, .member = 70000};
	const struct proposal_text proposal = {.fed = {{1}},
					       .payload = bytes_str("payload"),
					       .has_opening = true,
					       .opening = opening};
	struct buf out;
	buf_init(&out, ENVELOPE_LEN_MAX);
	buf_add_u8(&out, AS_BODY);
	vote_body_put(&out, &body);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	buf_add_u8(&out, AS_BODY);
	vote_body_put(&out, &opened);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	buf_add_u8(&out, AS_NOTICE);
	check(notice_put(&out, bytes_str("Stadt Meißen übernimmt")) == ERR_OK);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	vote_text_put(&out, &vote);
	seed_text(corpus, AS_VOTE_TEXT, ENVELOPE_VOTE, &out);
	buf_reset(&out);
	proposal_text_put(&out, &proposal);
	seed_text(corpus, AS_PROPOSAL_TEXT, ENVELOPE_PROPOSAL, &out);
	buf_fini(&out);
}
