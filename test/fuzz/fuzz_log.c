/* Entries of the audit log, closings, whole exports, what was served: 0 to 3, then the bytes. */
#include "test/fuzz/fuzz.h"

#include "proto/audit/check.h"
#include "proto/audit/served.h"
#include "proto/rights/past.h"
#include "proto/wire/wire_out.h"

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

/* What anybody may hand to `audit --from` and `who --from`. */
static void export_read(struct bytes in)
{
	struct audit_check log;
	struct audit_entry entry;
	enum audit_frame type;
	struct verdict verdict;
	struct digest line;
	struct past past;
	struct bytes body;
	size_t at = 0;
	audit_check_init(&log);
	past_init(&past, 1700000000000);
	for (unsigned pass = 0; pass < 2; pass++) {
		for (struct bytes left = in; !audit_frame_get(&type, &body, left);) {
			left = bytes_slice(left, AUDIT_FRAME_HEAD_LEN + body.len, left.len);
			if (pass == 0 && audit_check_frame(&log, type, body, &entry))
				fuzz_accepted();
			(pass == 0 ? past_late : past_take)(&past, type, body);
		}
	}
	audit_check_end(&log);
	past_ready(&past);
	while (past_line_next(&past, &at, &line))
		verdict_of(&past.facts, &line, past.at_ms, &verdict);
	past_fini(&past);
	audit_check_fini(&log);
}

static void served_read(struct bytes in)
{
	struct audit_served_list list;
	struct version_id of;
	uint64_t chunks, bytes;
	if (audit_served_get(&list, in))
		return;
	fuzz_accepted();
	while (audit_served_next(&list, &of, &chunks, &bytes))
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == 0)
		entry_again(bytes_of(data + 1, size - 1));
	else if (size > 0 && data[0] == 1)
		closing_again(bytes_of(data + 1, size - 1));
	else if (size > 0 && data[0] == 2)
		export_read(bytes_of(data + 1, size - 1));
	else if (size > 0 && data[0] == 3)
		served_read(bytes_of(data + 1, size - 1));
	return 0;
}

static void seed_more(struct fuzz_corpus *corpus, const struct audit_entry *entry,
		      const struct audit_closing *closing)
{
	const struct org_id org = {{5}};
	struct buf out, part;
	buf_init(&out, 4 * LIMIT_LOG_ENTRY_LEN_MAX);
	buf_init(&part, LIMIT_LOG_ENTRY_LEN_MAX);
	buf_add_u8(&out, 2);
	audit_frame_log_put(&out, &fed, 257, &org);
	audit_closing_make(&part, closing, &fed, &seed);
	audit_frame_put(&out, AUDIT_FRAME_CLOSING, buf_bytes(&part));
	buf_reset(&part);
	audit_entry_make(&part, entry);
	audit_frame_put(&out, AUDIT_FRAME_ENTRY, buf_bytes(&part));
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	buf_add_u8(&out, 3);
	out_array(&out, 3);
	out_uint(&out, 20000);
	out_uint(&out, 7);
	out_array(&out, 1);
	out_array(&out, 5);
	out_fixed(&out, org.b, ID_LEN);
	for (unsigned i = 1; i <= 4; i++)
		out_uint(&out, i);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&part);
	buf_fini(&out);
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
	seed_more(corpus, &entry, &closing);
}
