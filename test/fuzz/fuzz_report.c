#include "test/fuzz/fuzz.h"

#include "crypto/utf8.h"
#include "proto/rights/report_file.h"
#include "proto/wire/wire_out.h"

/* The payload of a report, and a whole file: that one is refused, as no charter fits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	const struct fed_id fed = {{1}};
	const struct sig sig = {{2}};
	struct report_file file;
	struct report report;
	struct buf out;

	check(report_file_read(&file, in, &fed) && file.why[0]);
	report_file_fini(&file);
	if (report_get(&report, in, &sig))
		return 0;
	fuzz_accepted();
	check(utf8_check(report.text, true) && report.time_ms >= 0);
	buf_init(&out, size);
	out_array(&out, 4);
	out_uint(&out, 1);
	out_uint(&out, report.author);
	out_uint(&out, (uint64_t)report.time_ms);
	out_bin(&out, report.text);
	fuzz_same(buf_bytes(&out), in);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct buf out;

	buf_init(&out, 4096);
	out_array(&out, 4);
	out_uint(&out, 1);
	out_uint(&out, 513);
	out_uint(&out, 1790000000000);
	out_bin(&out, bytes_str("Report of a withdrawal\n"));
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
}
