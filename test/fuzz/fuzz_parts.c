/* Many files in one stream: read at once, and in blocks of a few bytes. */
#include "test/fuzz/fuzz.h"

#include "test/proto/content/parts_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct parts whole, slow;
	struct writer *a = parts_read(&whole, in, size ? size : 1), *b = parts_read(&slow, in, 3);

	check(whole.broken == slow.broken && writer_err(a) == writer_err(b));
	if (!whole.broken && !writer_err(a)) {
		fuzz_accepted();
		check(whole.file_count == slow.file_count && whole.byte_count == slow.byte_count);
		check(manifest_file_count(writer_manifest(a)) == whole.file_count);
		check(manifest_bytes(writer_manifest(a)) == whole.byte_count);
	}
	writer_close(a);
	writer_close(b);
	return 0;
}

static void file_add(struct buf *out, const char *name, struct bytes bytes, size_t step)
{
	parts_put_head(out, bytes_str(name), bytes_str("text/csv"), 1700000000000);
	for (size_t at = 0; at < bytes.len; at += step) {
		struct bytes part = bytes_slice(bytes, at, step);

		buf_add_be32(out, (uint32_t)part.len);
		buf_add(out, part);
	}
	buf_add_be32(out, 0);
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct buf out;

	buf_init(&out, 1000);
	fuzz_seed(corpus, buf_bytes(&out));
	file_add(&out, "ordner/a.csv", bytes_str("Ort;Plaetze\nMeissen;3\n"), 9);
	fuzz_seed(corpus, buf_bytes(&out));
	file_add(&out, "leer/", bytes_of(NULL, 0), 1);
	file_add(&out, "b", bytes_str("x"), 1);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
}
