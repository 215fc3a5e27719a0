#include "test/fuzz/fuzz.h"

#include "proto/ledger/head.h"

static const struct fed_id fed = {{1}};
static const struct key seed = {{2}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct head head;
	struct buf out;
	if (head_decode(&head, in) != ERR_OK)
		return 0;
	fuzz_accepted();
	buf_init(&out, LIMIT_HEAD_LEN_MAX);
	head_make(&out, &head, &fed, &seed);
	check(out.err == ERR_OK && out.len == size);
	fuzz_same(bytes_slice(buf_bytes(&out), 0, head.payload.len), head.payload);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct buf out;
	struct head head = {.author = 257,
			    .incarnation = 1,
			    .counter = 1,
			    .time_ms = 1700000000000,
			    .valid_until_ms = 1700093600000,
			    .last_sequence = 5,
			    .live_count = 3,
			    .charter_number = 2,
			    .orglog_number = 1};
	buf_init(&out, LIMIT_HEAD_LEN_MAX);
	for (head.counter = 1; head.counter <= 2; head.counter++) {
		head.has_previous = head.has_log_tip = head.counter == 2;
		buf_reset(&out);
		head_make(&out, &head, &fed, &seed);
		fuzz_seed(corpus, buf_bytes(&out));
	}
	buf_fini(&out);
}
