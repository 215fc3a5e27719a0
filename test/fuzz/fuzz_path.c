/* A path and a pattern, separated by a blank: what a client or a subscription names. */
#include "test/fuzz/fuzz.h"

#include <string.h>

#include "crypto/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	const uint8_t *blank = size > 0 ? memchr(data, ' ', size) : NULL;
	struct bytes path = blank ? bytes_of(data, (size_t)(blank - data)) : in;
	struct bytes pattern = blank ? bytes_slice(in, path.len + 1, size) : in;
	const struct key root = {{1}};
	struct key key;
	path_match(pattern, path);
	if (path_check(path) != ERR_OK)
		return 0;
	fuzz_accepted();
	/* a path is a pattern for itself, lies below its slug, and has a key */
	check(path_pattern_check(path) == ERR_OK && path_match(path, path));
	check(path_slug_check(path_slug(path)) == ERR_OK && path_contains(path_slug(path), path));
	path_key(&key, &root, path_slug(path), path);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	fuzz_seed(corpus, bytes_str("meissen/wasser/pegel-elbe */wasser/**"));
	fuzz_seed(corpus, bytes_str("riesa/a.b_c/x riesa/*/x"));
	fuzz_seed(corpus, bytes_str("riesa/~abcdefghijklmnopqrstuvwx2a riesa/*"));
}
