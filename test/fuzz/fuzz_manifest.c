#include "test/fuzz/fuzz.h"

#include "proto/content/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct manifest manifest;
	struct index index;
	struct index_sum sum;
	struct buf out;
	manifest_init(&manifest);
	index_init(&index);
	buf_init(&out, size);
	if (manifest_decode(&manifest, in) == ERR_OK) {
		fuzz_accepted();
		manifest_encode(&out, &manifest);
		fuzz_same(buf_bytes(&out), in);
		manifest_index(&manifest, &index);
		if (index_sort(&index) == ERR_OK)
			index_sum(&index, &sum);
		for (uint32_t i = 0; i < manifest_file_count(&manifest); i++)
			check(manifest_find(&manifest, manifest_file(&manifest, i)->name) ==
			      manifest_file(&manifest, i));
	}
	/*
	 * PROTOCOL: "A count is believed only when it is within its limit and within the bytes
	 * left."
	 */
	check(manifest.files.cap + manifest.chunks.cap + manifest.bases.cap <= 1000 + 10 * size);
	buf_fini(&out);
	index_fini(&index);
	manifest_fini(&manifest);
	return 0;
}

static void file_add(struct manifest *m, const char *name, uint64_t offset, uint64_t size)
{
	struct manifest_file file = {.name = bytes_str(name),
				     .media_type = bytes_str("text/csv"),
				     .size = size,
				     .modified_ms = 1700000000000,
				     .offset = offset};
	buf_add(&m->files, bytes_obj(&file));
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct manifest m;
	struct buf out;
	struct manifest_epoch epochs[2] = {{bytes_of(NULL, 0), 7}, {bytes_str("meissen"), 1}};
	struct chunk_ref ref = {.size = 1000, .plain_len = 20000};
	manifest_init(&m);
	buf_init(&out, 100000);
	m.number = 1;
	buf_add(&m.epochs, bytes_of(epochs, sizeof(epochs)));
	manifest_encode(&out, &m);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	buf_add(&m.bases, bytes_obj(&ref));
	for (uint8_t i = 0; i < 3; i++) {
		ref.addr.b[0] = i;
		ref.epoch = i % 2;
		ref.base_count = i / 2;
		buf_add(&m.chunks, bytes_obj(&ref));
	}
	file_add(&m, "a.csv", 0, 40001);
	file_add(&m, "b/c.csv", 40001, 19999);
	file_add(&m, "empty", 0, 0);
	manifest_encode(&out, &m);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
	manifest_fini(&m);
}
