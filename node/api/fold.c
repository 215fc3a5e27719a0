#include "node/api/fold.h"

#include <stdint.h>
#include <string.h>

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

/* One character of two bytes; all others stay. */
static void fold_pair(struct buf *out, uint8_t first, uint8_t second)
{
	uint32_t c = (uint32_t)(first & 0x1f) << 6 | (second & 0x3f);
	const char *letters = c >= LATIN_FIRST && c < LATIN_FIRST + LATIN_COUNT
				      ? latin + 2 * (c - LATIN_FIRST)
				      : "  ";
	uint8_t before = out->len ? out->ptr[out->len - 1] : 0;

	if (letters[0] != ' ') {
		buf_add(out, bytes_of(letters, letters[1] == ' ' ? 1 : 2));
	} else if (c == MARK_DIAERESIS && (before == 'a' || before == 'o' || before == 'u')) {
		buf_add_u8(out, 'e');
	} else if (c < MARK_FIRST || c > MARK_LAST) {
		buf_add_u8(out, first);
		buf_add_u8(out, second);
	}
}

void fold_text(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c >= 'A' && c <= 'Z') {
			buf_add_u8(out, (uint8_t)(c - 'A' + 'a'));
		} else if ((c & 0xe0) == 0xc0 && i + 1 < text.len &&
			   (text.ptr[i + 1] & 0xc0) == 0x80) {
			fold_pair(out, c, text.ptr[i + 1]);
			i++;
		} else {
			buf_add_u8(out, c);
		}
	}
}

bool fold_has(struct bytes text, struct bytes word)
{
	return text.len > 0 && memmem(text.ptr, text.len, word.ptr, word.len) != NULL;
}
