#include "test/fuzz/fuzz.h"

#include "proto/ledger/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size), links[TOKEN_LINK_COUNT_MAX];
	struct token token;
	struct buf out;
	if (token_get(&token, in) != ERR_OK)
		return 0;
	fuzz_accepted();
	for (size_t i = 0; i < token.count; i++) {
		check(token.link[i].expiry_ms <= token.link[0].expiry_ms);
		check(token.link[i].verb <= token.link[0].verb);
		links[i] = token.link[i].whole;
	}
	buf_init(&out, size);
	token_put(&out, links, token.count);
	fuzz_same(buf_bytes(&out), in);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	const struct fed_id fed = {{1}};
	const struct key seed = {{2}};
	struct token_link link = {
		.issuer = {{1}},
		.audience = {{2}},
		.verb = VERB_READ,
		.prefix = bytes_str("meissen/kita"),
		.expiry_ms = 1000,
		.depth = 9,
	};
	struct buf wholes[TOKEN_LINK_COUNT_MAX], out;
	struct bytes links[TOKEN_LINK_COUNT_MAX];
	struct token_link made;
	for (size_t i = 0; i < TOKEN_LINK_COUNT_MAX; i++) {
		buf_init(&wholes[i], TOKEN_LINK_LEN_MAX);
		token_link_make(&wholes[i], &link, &fed, &seed);
		links[i] = buf_bytes(&wholes[i]);
		check(token_link_get(&made, links[i]) == ERR_OK);
		buf_init(&out, LIMIT_RECORD_LEN_MAX);
		token_put(&out, links, i + 1);
		fuzz_seed(corpus, buf_bytes(&out));
		buf_fini(&out);
		link.issuer = link.audience;
		link.audience.b[0]++;
		link.depth--;
		link.has_parent = true;
		link.parent = made.id;
	}
	for (size_t i = 0; i < TOKEN_LINK_COUNT_MAX; i++)
		buf_fini(&wholes[i]);
}
