#include "node/api/fold.h"

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

/* A character of two bytes. */
static void fold_pair(struct buf *out, uint32_t c, struct bytes pair)
{
	const char *letters = c >= LATIN_FIRST && c < LATIN_FIRST + LATIN_COUNT
				      ? latin + 2 * (c - LATIN_FIRST)
				      : "  ";
	uint8_t before = out->len ? out->ptr[out->len - 1] : 0;

	if (letters[0] != ' ') {
		buf_add(out, bytes_of(letters, letters[1] == ' ' ? 1 : 2));
	} else if (c == MARK_DIAERESIS && (before == 'a' || before == 'o' || before == 'u')) {
		buf_add_u8(out, 'e');
	} else if (c < MARK_FIRST || c > MARK_LAST) {
		buf_add(out, pair);
	}
}

void fold_text(struct buf *out, struct bytes text)
{
	while (text.len > 0) {
		uint32_t c = 0;
		size_t len = utf8_next(text, &c);
		struct bytes letter = bytes_slice(text, 0, len ? len : 1);

		if (c >= 'A' && c <= 'Z')
			buf_add_u8(out, (uint8_t)(c - 'A' + 'a'));
		else if (len == 2)
			fold_pair(out, c, letter);
		else
			buf_add(out, letter);
		text = bytes_slice(text, letter.len, text.len);
	}
}

bool fold_has(struct bytes text, struct bytes word)
{
	return text.len > 0 && memmem(text.ptr, text.len, word.ptr, word.len) != NULL;
}
