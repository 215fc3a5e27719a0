/* Entries of the audit log and closings of its segments: a 0 or a 1, then the bytes. */
#include "test/fuzz/fuzz.h"

#include "proto/audit/entry.h"

static const struct fed_id fed = {{1}};
static const struct key seed = {{2}};

static void entry_again(struct bytes in)
{
	struct audit_entry entry;
	struct buf out;
	if (audit_entry_decode(&entry, in))
		return;
	fuzz_accepted();
	buf_init(&out, LIMIT_LOG_ENTRY_LEN_MAX);
	audit_entry_make(&out, &entry);
	fuzz_same(buf_bytes(&out), in);
	buf_fini(&out);
}

static void closing_again(struct bytes in)
{
	struct audit_closing closing;
	struct buf out;
	if (audit_closing_decode(&closing, in))
		return;
	fuzz_accepted();
	buf_init(&out, LIMIT_LOG_CLOSING_LEN_MAX);
	audit_closing_make(&out, &closing, &fed, &seed);
	check(out.err == ERR_OK && out.len == in.len);
	fuzz_same(bytes_slice(buf_bytes(&out), 0, closing.payload.len), closing.payload);
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == 0)
		entry_again(bytes_of(data + 1, size - 1));
	else if (size > 0 && data[0] == 1)
		closing_again(bytes_of(data + 1, size - 1));
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	const struct audit_entry entry = {.number = 300,
					  .previous = {{3}},
					  .time_ms = 1700000000000,
					  .kind = AUDIT_COMMAND,
					  .detail = bytes_of("detail", 6)};
	const struct audit_closing closing = {.first = 1,
					      .last = 5000,
					      .first_ms = 1700000000000,
					      .last_ms = 1700093600000,
					      .last_id = {{4}}};
	struct buf out;
	buf_init(&out, LIMIT_LOG_ENTRY_LEN_MAX);
	buf_add_u8(&out, 0);
	audit_entry_make(&out, &entry);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
	buf_init(&out, LIMIT_LOG_ENTRY_LEN_MAX);
	buf_add_u8(&out, 1);
	audit_closing_make(&out, &closing, &fed, &seed);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
}
