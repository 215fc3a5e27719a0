/* Base64 of invitations. */
#include "test/fuzz/fuzz.h"

#include "crypto/id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf raw, text;
	buf_init(&raw, size + 8);
	buf_init(&text, 2 * size + 8);
	if (base64_get(&raw, bytes_of(data, size)) == ERR_OK) {
		fuzz_accepted();
		base64_put(&text, buf_bytes(&raw));
		fuzz_same(buf_bytes(&text), bytes_of(data, size));
	}
	buf_fini(&raw);
	buf_fini(&text);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	fuzz_seed(corpus, bytes_str("TWVpw59lbg"));
	fuzz_seed(corpus, bytes_str("_-_-"));
	fuzz_seed(corpus, bytes_str(""));
}
