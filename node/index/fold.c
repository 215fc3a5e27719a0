#include "node/index/fold.h"

#include <stdint.h>
#include <string.h>

#include "crypto/utf8.h"

/* U+00C0 to U+017F, two places each, capitals and small letters alike; blank: stays as it is. */
static const char latin[] = "a a a a aea aec e e e e i i i i "  /* U+00C0 */
			    "d n o o o o oe  oeu u u uey thss"  /* U+00D0 */
			    "a a a a aea aec e e e e i i i i "  /* U+00E0 */
			    "d n o o o o oe  oeu u u uey thy "  /* U+00F0 */
			    "a a a a a a c c c c c c c c d d "  /* U+0100 */
			    "d d e e e e e e e e e e g g g g "  /* U+0110 */
			    "g g g g h h h h i i i i i i i i "  /* U+0120 */
			    "i i ijijj j k k k l l l l l l l "  /* U+0130 */
			    "l l l n n n n n n n n n o o o o "  /* U+0140 */
			    "oeoeoeoer r r r r r s s s s s s "  /* U+0150 */
			    "s s t t t t t t u u u u u u u u "  /* U+0160 */
			    "ueueu u w w y y y z z z z z z s "; /* U+0170 */

enum { LATIN_FIRST = 0xc0, LATIN_COUNT = (sizeof(latin) - 1) / 2 };
enum { MARK_FIRST = 0x300, MARK_DIAERESIS = 0x308, MARK_LAST = 0x36f };

/* The letter that a diaeresis turned into another one, which is also written with an e behind. */
static bool is_umlaut(uint32_t c)
{
	return c == 0xc4 || c == 0xd6 || c == 0xdc || c == 0xe4 || c == 0xf6 || c == 0xfc;
}

/* A character of two bytes. */
static void fold_pair(struct buf *out, uint32_t c, struct bytes pair, enum fold_as as)
{
	const char *letters = c >= LATIN_FIRST && c < LATIN_FIRST + LATIN_COUNT
				      ? latin + 2 * (c - LATIN_FIRST)
				      : "  ";
	uint8_t before = out->len ? out->ptr[out->len - 1] : 0;
	bool bare = as == FOLD_BARE;

	if (letters[0] != ' ') {
		buf_add(out,
			bytes_of(letters, letters[1] == ' ' || (bare && is_umlaut(c)) ? 1 : 2));
	} else if (c == MARK_DIAERESIS && !bare &&
		   (before == 'a' || before == 'o' || before == 'u')) {
		buf_add_u8(out, 'e');
	} else if (c < MARK_FIRST || c > MARK_LAST) {
		buf_add(out, pair);
	}
}

void fold_text(struct buf *out, struct bytes text, enum fold_as as)
{
	while (text.len > 0) {
		uint32_t c = 0;
		size_t len = utf8_next(text, &c);
		struct bytes letter = bytes_slice(text, 0, len ? len : 1);

		if (c >= 'A' && c <= 'Z')
			buf_add_u8(out, (uint8_t)(c - 'A' + 'a'));
		else if (len == 2)
			fold_pair(out, c, letter, as);
		else
			buf_add(out, letter);
		text = bytes_slice(text, letter.len, text.len);
	}
}

/* ---- words ---- */

/* Of words: letters and digits, and of other scripts all but what is blank or divides. */
static bool is_of_word(uint32_t c, size_t len)
{
	if (len == 1)
		return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	return len > 1 && !(c >= 0x80 && c < 0xc0) && c != 0xd7 && c != 0xf7 &&
	       !(c >= 0x2000 && c < 0x2070) && !(c >= 0x3000 && c < 0x3040);
}

bool fold_word(struct bytes *text, struct bytes *word)
{
	size_t from = 0, to;
	uint32_t c = 0;

	for (size_t len; from < text->len; from += len ? len : 1) {
		len = utf8_next(bytes_slice(*text, from, text->len), &c);
		if (is_of_word(c, len))
			break;
	}
	for (to = from; to < text->len;) {
		size_t len = utf8_next(bytes_slice(*text, to, text->len), &c);

		if (!is_of_word(c, len))
			break;
		to += len;
	}
	*word = bytes_slice(*text, from, to - from);
	*text = bytes_slice(*text, to, text->len);
	return word->len > 0;
}

static void word_add(struct buf *out, struct bytes word, enum fold_as as)
{
	struct buf folded;

	buf_init(&folded, 2 * FOLD_WORD_LEN_MAX);
	fold_text(&folded, utf8_cut(word, FOLD_WORD_LEN_MAX), as);
	if (folded.len)
		buf_add(out, buf_bytes(&folded));
	buf_fini(&folded);
}

void fold_words(struct buf *out, struct bytes text)
{
	struct bytes word;

	while (fold_word(&text, &word)) {
		size_t at = out->len;

		word_add(out, word, FOLD_SPELLED);
		size_t len = out->len - at;
		buf_add_u8(out, ' ');
		word_add(out, word, FOLD_BARE);
		if (out->err)
			return;
		/* The second form only where it is another one. */
		if (out->len - at - len - 1 == len &&
		    !memcmp(out->ptr + at, out->ptr + at + len + 1, len))
			out->len = at + len;
		buf_add_u8(out, ' ');
	}
}
