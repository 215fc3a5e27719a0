#include "test/fuzz/fuzz.h"

#include "crypto/selftest.h"

static unsigned long accepted;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *what;
	check(selftest_run(&what) == ERR_OK);
	return 0;
}

void fuzz_seed(struct fuzz_corpus *corpus, struct bytes input)
{
	corpus->inputs = mem_grow(corpus->inputs, corpus->count + 1, sizeof(*corpus->inputs));
	struct buf *buf = &corpus->inputs[corpus->count++];
	buf_init(buf, FUZZ_INPUT_LEN_MAX);
	buf_add(buf, input);
	check(buf->err == ERR_OK);
}

void fuzz_accepted(void)
{
	accepted++;
}

unsigned long fuzz_accepted_count(void)
{
	return accepted;
}

void fuzz_same(struct bytes encoded, struct bytes input)
{
	check(bytes_eq(encoded, input));
}
