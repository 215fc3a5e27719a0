#include "test/fuzz/fuzz.h"

#include "test/proto/rights/proved.h"

/* Whatever is read, it says of whom it is, or what is wrong with it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file_proof proof;
	enum err err = file_proof_read(&proof, bytes_of(data, size), NULL);

	check(!err == !proof.why[0]);
	if (!err) {
		fuzz_accepted();
		check(proof.author && proof.owner && proof.file && proof.place.log_count == 1);
		check(file_proof_match(&proof, &proof.file->sha256, proof.file->size));
	}
	file_proof_fini(&proof);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct exported *e = mem_new(1, sizeof(*e));
	struct proved own = {.number = 1};
	struct proved granted = {.path = "gemeinde-3/pegel", .owner = 3, .by_grant = true};
	struct buf file;

	exported_init(e, 0);
	proved_make(&own, e);
	proved_make(&granted, e);
	proved_file(&file, &own, e, "b.csv");
	fuzz_seed(corpus, buf_bytes(&file));
	buf_fini(&file);
	proved_file(&file, &granted, e, "a.csv");
	fuzz_seed(corpus, buf_bytes(&file));
	buf_fini(&file);
	proved_fini(&own);
	proved_fini(&granted);
	exported_fini(e);
	free(e);
}
