/* A grant as it travels by mail: the body of the text. */
#include "test/fuzz/fuzz.h"

#include "proto/catalog/grants.h"
#include "proto/wire/wire_out.h"

static void put(struct buf *out, const struct grant_text *text)
{
	struct bytes links[TOKEN_LINK_COUNT_MAX];
	for (size_t i = 0; i < text->token.count; i++)
		links[i] = text->token.link[i].whole;
	grant_text_put(out, &text->fed, links, text->token.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct grant_text text;
	struct buf out;
	if (grant_text_get(&text, in) != ERR_OK)
		return 0;
	fuzz_accepted();
	buf_init(&out, size);
	put(&out, &text);
	fuzz_same(buf_bytes(&out), in);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	const struct fed_id fed = {{1}};
	const struct key seed = {{2}};
	const struct token_link link = {
		.issuer = {{1}},
		.audience = {{2}},
		.verb = VERB_READ,
		.prefix = bytes_str("meissen/kita"),
		.expiry_ms = 1000,
	};
	struct buf whole, out;
	buf_init(&whole, TOKEN_LINK_LEN_MAX);
	token_link_make(&whole, &link, &fed, &seed);
	struct bytes bytes = buf_bytes(&whole);
	buf_init(&out, TOKEN_TEXT_LEN_MAX);
	grant_text_put(&out, &fed, &bytes, 1);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
	buf_fini(&whole);
}
