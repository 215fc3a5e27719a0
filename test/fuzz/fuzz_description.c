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
		.themes = {bytes_str("ENVI"), bytes_str("TRAN")},
		.theme_count = 2,
		.license = bytes_str("dl-by-de/2.0"),
		.contact_name = bytes_str("Bauhof"),
		.contact_email = bytes_str("it@meissen.example"),
		.place_key = bytes_str("14627140"),
		.has_bbox = true,
		.bbox = {134300000, 511100000, 135500000, 512000000},
		.from = bytes_str("2026-01-01"),
		.to = bytes_str("2026"),
		.frequency = bytes_str("15MIN"),
		.hvd = {bytes_str("c_43f88346")},
		.hvd_count = 1,
		.legislation = {bytes_str("http://data.europa.eu/eli/reg_impl/2023/138/oj")},
		.legislation_count = 1,
		.defaulted = DESCRIPTION_BIT(DESCRIPTION_LICENSE),
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
