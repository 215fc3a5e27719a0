/* Geometries as text in tables that anybody has published. */
#include "test/fuzz/fuzz.h"

#include <string.h>

#include "proto/table/wkt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned epsg = 0;
	struct buf out;
	size_t open = 0, depth_max = 0;

	buf_init(&out, 16 * size + 200);
	if (wkt_json(bytes_of(data, size), &out, &epsg) == ERR_OK) {
		fuzz_accepted();
		check(!out.err && out.len && out.ptr[0] == '{' && out.ptr[out.len - 1] == '}');
		check(!memchr(out.ptr, 0, out.len));
		for (size_t i = 0; i < out.len; i++) {
			open += out.ptr[i] == '[';
			depth_max = open > depth_max ? open : depth_max;
			check(out.ptr[i] != ']' || open > 0);
			open -= out.ptr[i] == ']';
		}
		check(open == 0 && depth_max >= 1 && depth_max <= 4);
	} else {
		check(out.len == 0 || out.err);
	}
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	fuzz_seed(corpus, bytes_str("SRID=25833;POINT ZM (392000.5 5669000 1 2)"));
	fuzz_seed(corpus, bytes_str("MULTIPOINT ((1 2), (3 4))"));
	fuzz_seed(corpus,
		  bytes_str("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((.5 -1e2, 1 0, 1 1, 0 0)))"));
}
