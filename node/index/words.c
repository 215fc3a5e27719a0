#include "node/index/words.h"

#include <stdio.h>
#include <string.h>

#include "node/index/fold.h"

/* One word, in each of its forms. Folded words hold nothing that full text would understand. */
static void add_word(struct buf *out, struct bytes word)
{
	struct buf forms;
	size_t at = 0;

	buf_init(&forms, 8 * FOLD_WORD_LEN_MAX);
	fold_words(&forms, word);
	buf_add_u8(out, '(');
	for (size_t i = 0; i < forms.len; i++) {
		if (forms.ptr[i] != ' ')
			continue;
		buf_add(out, bytes_str(at ? " OR \"" : "\""));
		buf_add(out, bytes_of(forms.ptr + at, i - at));
		buf_add_u8(out, '"');
		at = i + 1;
	}
	buf_add_u8(out, ')');
	buf_fini(&forms);
}

enum err match_make(struct buf *out, const char *words, char *why)
{
	struct bytes text = bytes_str(words), word;
	unsigned count = 0;

	while (fold_word(&text, &word) && ++count <= WORDS_COUNT_MAX) {
		if (count > 1)
			buf_add(out, bytes_str(" AND "));
		add_word(out, word);
	}
	buf_add_u8(out, '\0');
	if (count == 0 || count > WORDS_COUNT_MAX) {
		snprintf(why, WHY_LEN, "a search has from 1 to %d words of letters or digits",
			 WORDS_COUNT_MAX);
		return ERR_CONFIG;
	}
	return out->err;
}
