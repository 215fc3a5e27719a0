#include "test/fuzz/fuzz.h"

#include "proto/ledger/record.h"

static const struct fed_id fed = {{1}};
static const struct key seed = {{2}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct record record;
	struct buf out;
	if (record_decode(&record, in) != ERR_OK)
		return 0;
	fuzz_accepted();
	buf_init(&out, LIMIT_RECORD_LEN_MAX);
	record_make(&out, &record, &fed, &seed);
	check(out.err == ERR_OK && out.len == size);
	/* all but the signature, which is another one */
	fuzz_same(bytes_slice(buf_bytes(&out), 0, record.payload.len), record.payload);
	check(record_slot_copy(record.slot).len == record.slot.len);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct buf out;
	struct record_slot slot = record_slot_contact();
	struct record record = {.author = 257,
				.incarnation = 1,
				.sequence = 70000,
				.time_ms = 1700000000000,
				.kind = RECORD_CONTACT,
				.slot = record_slot_bytes(&slot),
				.body = bytes_str("\x93\x01\x90\xa0")};
	buf_init(&out, LIMIT_RECORD_LEN_MAX);
	record_make(&out, &record, &fed, &seed);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
}
