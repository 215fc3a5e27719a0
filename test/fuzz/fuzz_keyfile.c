/* A key file, to which the target adds the check sum. */
#include "test/fuzz/fuzz.h"

#include "crypto/hash.h"
#include "store/keyfile_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hash hash;
	struct keyfile keyfile;
	struct buf file, again;
	uint8_t sum[KEYFILE_CHECK_LEN];
	hash_init(&hash, "am1.keyfile", NULL, sizeof(sum));
	hash_add(&hash, bytes_of(data, size));
	hash_done(&hash, sum, sizeof(sum));
	buf_init(&file, size + sizeof(sum));
	buf_init(&again, size + sizeof(sum));
	buf_add(&file, bytes_of(data, size));
	buf_add(&file, bytes_obj(&sum));
	if (keyfile_decode(&keyfile, buf_bytes(&file)) == ERR_OK) {
		fuzz_accepted();
		buf_add(&again, keyfile.header);
		buf_add(&again, keyfile.nonce);
		buf_add(&again, keyfile.sealed);
		buf_add(&again, bytes_obj(&sum));
		fuzz_same(buf_bytes(&again), buf_bytes(&file));
		check(keyfile.cost.memlimit <= KEYFILE_MEMLIMIT_MAX);
	}
	buf_fini(&file);
	buf_fini(&again);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct buf out;
	uint8_t zeros[KEYFILE_NONCE_LEN + 48] = {0};
	buf_init(&out, 1000);
	for (uint8_t mode = KEYFILE_CLEAR; mode <= KEYFILE_STORAGE; mode++) {
		buf_reset(&out);
		buf_add(&out, bytes_str("allmende-key\x01"));
		buf_add_u8(&out, mode);
		if (mode == KEYFILE_PASSPHRASE) {
			buf_add_be64(&out, 3);
			buf_add_be64(&out, 1 << 20);
			buf_add(&out, bytes_of(zeros, KEYFILE_SALT_LEN));
		}
		buf_add(&out, bytes_obj(&zeros));
		fuzz_seed(corpus, buf_bytes(&out));
	}
	buf_fini(&out);
}
