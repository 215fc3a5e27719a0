/* The recovery sheet, as somebody types it. */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/root.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_new(size + 1, 1);
	char again[ROOT_TEXT_LEN + 1];
	struct key seed, same;
	if (size > 0)
		memcpy(text, data, size);
	if (root_text_get(&seed, text) == ERR_OK) {
		fuzz_accepted();
		root_text_put(again, &seed);
		check(root_text_get(&same, again) == ERR_OK && key_eq(&seed, &same));
	}
	free(text);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	char text[ROOT_TEXT_LEN + 1];
	struct key seed = {{1, 2, 3}};
	root_text_put(text, &seed);
	fuzz_seed(corpus, bytes_str(text));
	for (char *c = text; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	fuzz_seed(corpus, bytes_str(text));
}
