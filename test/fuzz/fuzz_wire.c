/* Any value the wire can carry, and msgpack-c as a witness. */
#include "test/fuzz/fuzz.h"

#include <msgpack.h>

#include "test/proto/wire_any.h"

static void witness(struct bytes in)
{
	msgpack_unpacked unpacked;
	size_t off = 0;
	msgpack_unpacked_init(&unpacked);
	check(msgpack_unpack_next(&unpacked, (const char *)in.ptr, in.len, &off) ==
	      MSGPACK_UNPACK_SUCCESS);
	check(off == in.len);
	msgpack_unpacked_destroy(&unpacked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct wire_in w = wire_in(in);
	struct buf out;
	buf_init(&out, size + 1);
	wire_any(&w, &out, 1);
	if (wire_end(&w) == ERR_OK) {
		fuzz_accepted();
		fuzz_same(buf_bytes(&out), in);
		witness(in);
	}
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct buf out;
	uint8_t zeros[300] = {0};
	buf_init(&out, 10000);
	out_array(&out, 5);
	out_uint(&out, 70000);
	out_bin(&out, bytes_of(zeros, sizeof(zeros)));
	out_map(&out, 2);
	out_uint(&out, 1);
	out_text(&out, bytes_str("Meißen 🏛"));
	out_uint(&out, 300);
	out_array(&out, 1);
	out_nil(&out);
	out_bool(&out, true);
	out_text(&out, bytes_str("more than thirty-one letters are a longer form"));
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	for (unsigned i = 0; i < WIRE_ANY_DEPTH_MAX - 1; i++)
		out_array(&out, 1);
	out_uint(&out, UINT64_MAX);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
}
