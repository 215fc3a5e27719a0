/* A grant as it travels by mail: the body of the text. */
#include "test/fuzz/fuzz.h"

#include "proto/catalog/granting.h"

static void put(struct buf *out, const struct grant_text *text)
{
	grant_text_put(out, &text->fed, text->records, text->count);
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
	const struct bytes records[] = {bytes_str("the owner's"), bytes_str("handed on")};
	struct buf out;
	for (unsigned count = 1; count <= 2; count++) {
		buf_init(&out, GRANT_TEXT_LEN_MAX);
		grant_text_put(&out, &fed, records, count);
		fuzz_seed(corpus, buf_bytes(&out));
		buf_fini(&out);
	}
}
