#include "test/fuzz/fuzz.h"

#include "proto/ledger/keywrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct keywrap keywrap;
	struct buf out;
	struct key key;
	const struct key sk = {{1}};
	if (keywrap_get(&keywrap, in) != ERR_OK)
		return 0;
	fuzz_accepted();
	buf_init(&out, size);
	keywrap_put(&out, &keywrap);
	fuzz_same(buf_bytes(&out), in);
	struct wrap_context context = {
		.grantee = keywrap.grantee, .prefix = keywrap.prefix, .number = keywrap.number};
	check(wrap_open(&key, &keywrap.wrap, &sk, &context) != ERR_OK);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct keywrap keywrap = {.number = 3, .wrap = {{WRAP_SUITE, 9}}};
	struct buf out;
	buf_init(&out, 1000);
	keywrap_put(&out, &keywrap);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	keywrap.prefix = bytes_str("meissen/wasser");
	keywrap.key = (struct wrap_key_id){{7}};
	keywrap_put(&out, &keywrap);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
}
