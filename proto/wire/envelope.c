#include "proto/wire/envelope.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/id.h"
#include "proto/wire/protocol.h"

#define NAME "allmende" /* with any version */

enum { SUM_LEN = 4, PREFIX_LEN = 11, LETTER_AT = 9, BEGINNING_LEN = 32 };

static void prefix(char out[PREFIX_LEN + 1], enum envelope kind)
{
	memcpy(out, PROTOCOL_TEXT "?-", PREFIX_LEN + 1);
	out[LETTER_AT] = (char)kind;
}

static bool is_of_text(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

void envelope_unwrap(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_of_text(text.ptr[i]))
			buf_add_u8(out, text.ptr[i]);
}

/*
 * PROTOCOL: "text = "allmende2" ‖ letter ‖ "-" ‖ base64url(body ‖ first 4 bytes of H("am1.text",
 * letter ‖ body))"
 */
static void sum_of(uint8_t out[ID_LEN], enum envelope kind, struct bytes body)
{
	const uint8_t letter = (uint8_t)kind;
	struct hash hash;

	hash_init(&hash, "am1.text", NULL, ID_LEN);
	hash_add(&hash, bytes_of(&letter, 1));
	hash_add(&hash, body);
	hash_done(&hash, out, ID_LEN);
}

void envelope_put(struct buf *out, enum envelope kind, struct bytes body)
{
	char begin[PREFIX_LEN + 1];
	uint8_t sum[ID_LEN];
	struct buf bytes;

	prefix(begin, kind);
	sum_of(sum, kind, body);
	buf_init(&bytes, ENVELOPE_LEN_MAX);
	buf_add(&bytes, body);
	buf_add(&bytes, bytes_of(sum, SUM_LEN));
	buf_add(out, bytes_str(begin));
	base64_put(out, buf_bytes(&bytes));
	if (bytes.err && !out->err)
		out->err = bytes.err;
	buf_fini_wipe(&bytes);
}

/* How a text begins, without what mail has put in. */
static struct bytes beginning(uint8_t out[BEGINNING_LEN], struct bytes text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len && count < BEGINNING_LEN; i++)
		if (is_of_text(text.ptr[i]))
			out[count++] = text.ptr[i];
	return bytes_of(out, count);
}

bool envelope_is_foreign(struct bytes text, const char *rest)
{
	const size_t name = strlen(NAME);
	uint8_t room[BEGINNING_LEN];
	size_t i = name;

	text = beginning(room, text);
	if (!bytes_eq(bytes_slice(text, 0, name), bytes_str(NAME)))
		return false;
	while (i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9')
		i++;
	return i > name && !bytes_eq(bytes_slice(text, 0, i), bytes_str(PROTOCOL_TEXT)) &&
	       bytes_eq(bytes_slice(text, i, strlen(rest)), bytes_str(rest));
}

bool envelope_is(enum envelope kind, struct bytes text)
{
	char begin[PREFIX_LEN + 1];
	uint8_t room[BEGINNING_LEN];

	prefix(begin, kind);
	text = beginning(room, text);
	return text.len >= PREFIX_LEN && memcmp(text.ptr, begin, PREFIX_LEN) == 0;
}

enum err envelope_get(struct buf *out, enum envelope kind, struct bytes text)
{
	uint8_t sum[ID_LEN];
	struct buf packed, bytes;
	enum err err = ERR_DENIED;

	if (!envelope_is(kind, text))
		return envelope_is_foreign(text, (char[]){(char)kind, '-', '\0'}) ? ERR_VERSION
										  : ERR_MALFORMED;
	if (text.len > 2 * ENVELOPE_LEN_MAX)
		return ERR_FULL;
	buf_init(&packed, ENVELOPE_LEN_MAX);
	buf_init(&bytes, ENVELOPE_LEN_MAX);
	envelope_unwrap(&packed, text);
	if (packed.err)
		err = ERR_FULL;
	else if (!base64_get(&bytes, bytes_slice(buf_bytes(&packed), PREFIX_LEN, packed.len)) &&
		 bytes.len > SUM_LEN) {
		struct bytes body = bytes_of(bytes.ptr, bytes.len - SUM_LEN);
		sum_of(sum, kind, body);
		if (memcmp(sum, bytes.ptr + body.len, SUM_LEN) == 0) {
			buf_add(out, body);
			err = out->err;
		}
	}
	buf_fini_wipe(&packed);
	buf_fini_wipe(&bytes);
	return err;
}
