/* JSON of metadata: what is taken can be written, and comes back as the same JSON. */
#include "test/fuzz/fuzz.h"

#include <jansson.h>

#include "proto/dcat/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *in = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct metadata said, again;
	struct description found;
	char why[WHY_LEN] = "";
	struct buf bytes;

	if (!in)
		return 0;
	if (metadata_from_json(&said, in, why)) {
		check(why[0]);
		json_decref(in);
		return 0;
	}
	fuzz_accepted();
	buf_init(&bytes, DESCRIPTION_LEN_MAX);
	/* each value has its form and fits; all of them together may be too long */
	enum err err = description_encode(&bytes, &said.said);
	check(err == ERR_OK || err == ERR_FULL);
	if (!err) {
		check(description_decode(&found, buf_bytes(&bytes)) == ERR_OK);
		json_t *out = metadata_to_json(&found);
		check(metadata_from_json(&again, out, why) == ERR_OK);
		json_t *third = metadata_to_json(&again.said);
		check(json_equal(out, third) && !again.cleared);
		json_decref(third);
		json_decref(out);
	}
	buf_fini(&bytes);
	json_decref(in);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	fuzz_seed(corpus,
		  bytes_str("{\"title\": \"Plätze\", \"keywords\": [\"kita\", \"plätze\"],"
			    " \"themes\": [\"EDUC\", \"soci\"], \"license\": \"cc-zero\"}"));
	fuzz_seed(corpus, bytes_str("{\"contact\": {\"email\": \"a@b\", \"phone\": \"110\"},"
				    " \"place\": {\"key\": \"14\", \"bbox\": [13.4, 51.1, 13, 52]},"
				    " \"time\": {\"from\": \"2026\", \"to\": \"2026-12-31\"}}"));
	fuzz_seed(corpus,
		  bytes_str("{\"contact\": \"Amt\", \"place\": {\"bbox\": \"1,2,3,4\"},"
			    " \"issued\": \"2020-01\", \"title\": \"\", \"languages\": []}"));
	fuzz_seed(corpus,
		  bytes_str("{\"contributor_ids\": [\"govData\", \"http://x.example\"],"
			    " \"legislation\": \"http://data.europa.eu/eli/reg_impl/2023/138/oj\","
			    " \"hvd_categories\": [\"c_43f88346\"], \"provenance\": \"a\\nb\"}"));
}
