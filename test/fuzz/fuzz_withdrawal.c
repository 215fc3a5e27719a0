#include "test/fuzz/fuzz.h"

#include "proto/ledger/withdrawal_body.h"

/* Withdrawals and erasures: no bytes are both. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct withdrawal withdrawal;
	struct erasure erasure;
	struct buf out;
	bool taken = withdrawal_get(&withdrawal, in) == ERR_OK;
	bool erased = erasure_get(&erasure, in) == ERR_OK;
	check(!(taken && erased));
	if (!taken && !erased)
		return 0;
	fuzz_accepted();
	buf_init(&out, size);
	if (taken)
		withdrawal_put(&out, &withdrawal);
	else
		erasure_put(&out, &erasure);
	fuzz_same(buf_bytes(&out), in);
	check(!taken ||
	      (withdrawal.number > 0 && withdrawal.reason.len <= WITHDRAWAL_REASON_LEN_MAX));
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct withdrawal withdrawal = {.path = bytes_str("meissen/kita/plaetze"),
					.number = 12,
					.reason = bytes_str("Spalte mit Namen"),
					.erase = true};
	struct erasure erasure = {.withdrawal = {{7}}, .folders = 3};
	struct buf out;
	buf_init(&out, 1000);
	withdrawal_put(&out, &withdrawal);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	withdrawal.erase = false;
	withdrawal.reach = REACH_OTHERS;
	withdrawal.has_grant = true;
	withdrawal.reason = bytes_of(NULL, 0);
	withdrawal_put(&out, &withdrawal);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	erasure_put(&out, &erasure);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
}
