#include "test/fuzz/fuzz.h"

#include "proto/rights/showing.h"
#include "proto/wire/envelope.h"
#include "proto/wire/wire_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct showing showing;
	struct buf out;
	if (showing_get(&showing, in))
		return 0;
	fuzz_accepted();
	check(showing.challenge.len >= SHOWING_CHALLENGE_LEN_MIN &&
	      showing.challenge.len <= SHOWING_CHALLENGE_LEN_MAX && showing.time_ms >= 0);
	buf_init(&out, size);
	out_array(&out, 3);
	out_uint(&out, 1);
	out_bin(&out, showing.payload);
	out_fixed(&out, showing.sig.b, SIG_LEN);
	fuzz_same(buf_bytes(&out), in);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	const struct fed_id fed = {{1}};
	const struct key seed = {{2}};
	struct showing showing = {.author = 513, .grant = {{3}}, .time_ms = 1790000000000};
	static const uint8_t challenge[SHOWING_CHALLENGE_LEN_MAX] = {4};
	for (size_t len = SHOWING_CHALLENGE_LEN_MIN; len <= SHOWING_CHALLENGE_LEN_MAX; len += 48) {
		struct buf text, body;
		buf_init(&text, ENVELOPE_LEN_MAX);
		buf_init(&body, ENVELOPE_LEN_MAX);
		showing.challenge = bytes_of(challenge, len);
		showing_make(&text, &showing, &fed, &seed);
		check(!envelope_get(&body, ENVELOPE_SHOWING, buf_bytes(&text)));
		fuzz_seed(corpus, buf_bytes(&body));
		buf_fini(&text);
		buf_fini(&body);
	}
}
