/* Accept, Accept-Language and Accept-Encoding: what a client would have. */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "node/web/work.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"text/html", "application/json; charset=utf-8", "de",
					    "gzip"};
	char *text = malloc(size + 1);

	check(text);
	memcpy(text, data, size);
	text[size] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unsigned weight = accept_weight(text, names[i]);

		check(weight <= 1000);
		if (weight)
			fuzz_accepted();
	}
	free(text);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	static const char *const seeds[] = {
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
		"de-DE,de;q=0.8,en;q=0.5",
		"gzip;q=1.0, identity; q=0.5, *;q=0.001",
		"application/*",
	};

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		fuzz_seed(corpus, bytes_str(seeds[i]));
}
