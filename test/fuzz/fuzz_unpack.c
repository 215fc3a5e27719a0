/* The packed text of a chunk, as whoever has the key of a dataset could seal it. */
#include "test/fuzz/fuzz.h"

#include <string.h>

#include "proto/content/pack.h"

#define PREFIX "stop,name,place\n1,Markt,Meissen\n2,Bahnhof,Meissen\n3,Hafen,Riesa\n"

/* All modes: with the bases of a delta when it says that it is one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size), none = bytes_of(NULL, 0);
	bool delta = size > 0 && data[0] == PACK_DELTA;
	struct packer *packer = packer_open();
	struct buf out, again;
	buf_init(&out, LIMIT_CHUNK_PLAIN_MAX);
	buf_init(&again, PACK_LEN_MAX);
	if (unpack(packer, &out, in, delta ? bytes_str(PREFIX) : none) == ERR_OK) {
		fuzz_accepted();
		check(out.len >= 1 && pack_padme(size) == size);
		/* only what is stored has but one form: compressors differ */
		if (data[0] == PACK_STORED) {
			check(pack(packer, &again, PACK_STORED, buf_bytes(&out), none) == ERR_OK);
			fuzz_same(buf_bytes(&again), in);
		}
	} else {
		check(out.len == 0);
	}
	buf_fini(&out);
	buf_fini(&again);
	packer_close(packer);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct packer *packer = packer_open();
	struct bytes none = bytes_of(NULL, 0), prefix = bytes_str(PREFIX);
	uint8_t copy[sizeof(PREFIX) - 1], zeros[3000] = {0};
	struct buf out;
	memcpy(copy, PREFIX, sizeof(copy));
	buf_init(&out, PACK_LEN_MAX);
	for (enum pack_mode mode = PACK_STORED; mode <= PACK_DELTA; mode++) {
		buf_reset(&out);
		check(!pack(packer, &out, mode, bytes_of(copy, sizeof(copy)),
			    mode == PACK_DELTA ? prefix : none));
		fuzz_seed(corpus, buf_bytes(&out));
	}
	buf_reset(&out);
	check(!pack(packer, &out, PACK_ZSTD, bytes_of(zeros, sizeof(zeros)), none));
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
	packer_close(packer);
}
