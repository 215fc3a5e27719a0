/* A sealed chunk under a key the fuzzer does not know. */
#include "test/fuzz/fuzz.h"

#include "crypto/box.h"

static const struct key dataset_key = {{1}};
static const struct box_context context = {.epoch_number = 1, .kind = BOX_KIND_CONTENT};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct aead *aead = aead_open();
	struct box_keys keys;
	struct buf text;
	box_keys_derive(&keys, &dataset_key);
	buf_init(&text, size);
	if (box_open(&text, aead, &keys, &context, in) == ERR_OK)
		fuzz_accepted();
	else
		check(text.len == 0);
	buf_fini(&text);
	aead_close(aead);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct random random = random_seeded(1);
	struct aead *aead = aead_open();
	struct box_keys keys;
	struct buf out;
	box_keys_derive(&keys, &dataset_key);
	buf_init(&out, 1000);
	box_seal(&out, aead, &keys, &context, bytes_of(NULL, 0), &random);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	box_seal(&out, aead, &keys, &context, bytes_str("a text of some length"), &random);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
	aead_close(aead);
}
