#include "test/fuzz/fuzz.h"

#include "crypto/path.h"
#include "proto/ledger/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct line line;
	struct digest id;
	struct buf out;
	if (line_get(&line, in))
		return 0;
	fuzz_accepted();
	buf_init(&out, size);
	line_put(&out, &line);
	fuzz_same(buf_bytes(&out), in);
	buf_fini(&out);
	check(!path_check(line.prefix) && line.not_before_ms < line.expiry_ms);
	check(line.not_before_ms >= 0 && line.round > 0 && line.round < LINE_ROUND_END);
	/* it fits the slot of its id, whatever is in it, unless it is to itself */
	line_id(&id, &line);
	struct record_slot slot = line_slot(&id);
	check(!line_fits(&line, record_slot_bytes(&slot), line.issuer * 256) ==
	      (line.issuer != line.audience));
	check(!line_goes_before(&line, in, &line, in));
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct line line = {.issuer = 1,
			    .audience = 2,
			    .org = {{3}},
			    .prefix = bytes_str("meissen/kita"),
			    .nonce = {4},
			    .round = 1,
			    .verb = VERB_WRITE,
			    .not_before_ms = 1789999400000,
			    .expiry_ms = 1821536000000,
			    .depth = 1,
			    .widest = LINE_TIER_USUAL,
			    .keep = KEEPING_CURRENT};
	struct buf out;
	buf_init(&out, 1000);
	line_put(&out, &line);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	line.has_parent = true;
	line.parent.b[0] = 5;
	line.round = LINE_ROUND_END - 1;
	line.verb = VERB_NONE;
	line_put(&out, &line);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
}
