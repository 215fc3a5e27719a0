/* DIR/config, as a person writes it. */
#include "test/fuzz/fuzz.h"

#include <string.h>

#include "node/base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	char why[WHY_LEN] = "";
	config_init(&config);
	if (config_parse(&config, "config", bytes_of(data, size), why) == ERR_OK)
		fuzz_accepted();
	else
		check(strlen(why) > 0); /* a person learns what was wrong */
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	fuzz_seed(corpus, bytes_str(""));
	fuzz_seed(corpus, bytes_str("# a comment\nlisten = 192.0.2.7:7420\n\nlog = info\n"));
	fuzz_seed(corpus, bytes_str("advertise = [2001:db8::1]:7420\noperator = hosted:KISA\n"));
}
