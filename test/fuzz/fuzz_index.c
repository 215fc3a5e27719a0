/* The entries of an INDEX message. */
#include "test/fuzz/fuzz.h"

#include "proto/content/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct index_digest digest;
	struct index_sum sum;
	struct buf out;
	if (index_entries_check(in, NULL) != ERR_OK)
		return 0;
	fuzz_accepted();
	buf_init(&out, size);
	index_digest_init(&digest);
	for (size_t i = 0; i < size / INDEX_ENTRY_LEN; i++) {
		struct index_entry entry = index_entry_get(in, i);
		check(index_digest_add(&digest, &entry) == ERR_OK);
		index_entry_put(&out, &entry);
	}
	index_digest_done(&digest, &sum);
	fuzz_same(buf_bytes(&out), in);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct buf out;
	struct index_entry entry = {.size = 84};
	buf_init(&out, 1000);
	fuzz_seed(corpus, buf_bytes(&out));
	for (uint8_t i = 0; i < 5; i++) {
		entry.addr.b[i] = i;
		entry.addr.b[0]++;
		entry.size = entry.size * 5;
		index_entry_put(&out, &entry);
	}
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
}
