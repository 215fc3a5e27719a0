/* Names in the paths of HTTP requests. */
#include "test/fuzz/fuzz.h"

#include <string.h>

#include "node/http/percent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out;
	buf_init(&out, size + 1);
	if (percent_decode(&out, bytes_of(data, size)) == ERR_OK) {
		fuzz_accepted();
		check(out.len <= size && out.ptr[out.len] == 0);
		check(!memchr(out.ptr, 0, out.len));
		/* without an escape it is the same text */
		if (!memchr(data, '%', size))
			fuzz_same(buf_bytes(&out), bytes_of(data, size));
	}
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	fuzz_seed(corpus, bytes_str("a%20name%2fwith%C3%A4.csv"));
	fuzz_seed(corpus, bytes_str("plain.csv"));
}
