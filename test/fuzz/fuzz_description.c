#include "test/fuzz/fuzz.h"

#include "proto/content/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct description description;
	struct buf out;
	if (description_decode(&description, in) != ERR_OK)
		return 0;
	fuzz_accepted();
	buf_init(&out, size);
	check(description_encode(&out, &description) == ERR_OK);
	/* Keys that are not known are not written again. */
	if (out.len < in.len)
		check(description_decode(&description, buf_bytes(&out)) == ERR_OK);
	else
		fuzz_same(buf_bytes(&out), in);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct description d = {
		.title = bytes_str("Pegel der Elbe"),
		.text = bytes_str("Wasserstände,\nstündlich"),
		.keywords = {bytes_str("Wasser"), bytes_str("Elbe")},
		.keyword_count = 2,
		.theme = bytes_str("ENVI"),
		.license = bytes_str("dl-by-de/2.0"),
		.contact = bytes_str("it@meissen.example"),
		.issued_ms = 1700000000000,
		.modified_ms = 1700000001000,
		.file_count = 3,
		.byte_count = 70000,
		.publisher = bytes_str("Stadt Meißen"),
	};
	struct buf out;
	buf_init(&out, DESCRIPTION_LEN_MAX);
	check(description_encode(&out, &d) == ERR_OK);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	d.path = bytes_str("meissen/personal/plan");
	check(description_encode(&out, &d) == ERR_OK);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	d = (struct description){.modified_ms = 5};
	check(description_encode(&out, &d) == ERR_OK);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
}
