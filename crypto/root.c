#include "crypto/root.h"

#include <string.h>

#include <sodium.h>

#include "crypto/hash.h"

#define CHECK_LEN  3
#define RAW_LEN    (KEY_LEN + CHECK_LEN)
#define CHAR_COUNT 56 /* 5 bits each */
#define GROUP_LEN  4
_Static_assert(CHAR_COUNT * 5 == RAW_LEN * 8, "no bits left over");
_Static_assert(CHAR_COUNT + CHAR_COUNT / GROUP_LEN - 1 == ROOT_TEXT_LEN, "hyphens between groups");

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void root_sign_seed(struct key *out, const struct key *seed)
{
	derive(out, seed, "am1.root.sign", bytes_of(NULL, 0));
}

void root_recovery_key(struct key *out, const struct key *seed)
{
	derive(out, seed, "am1.root.recov", bytes_of(NULL, 0));
}

static void check_put(uint8_t out[CHECK_LEN], const uint8_t seed[KEY_LEN])
{
	uint8_t digest[ID_LEN];
	hash_once(digest, "am1.root.text", bytes_of(seed, KEY_LEN));
	memcpy(out, digest, CHECK_LEN);
	sodium_memzero(digest, sizeof(digest));
}

void root_text_put(char out[ROOT_TEXT_LEN + 1], const struct key *seed)
{
	uint8_t raw[RAW_LEN + 1] = {0}; /* one more, as characters are read from two bytes */
	memcpy(raw, seed->b, KEY_LEN);
	check_put(raw + KEY_LEN, seed->b);
	for (unsigned i = 0; i < CHAR_COUNT; i++) {
		unsigned bit = 5 * i;
		if (i > 0 && i % GROUP_LEN == 0)
			*out++ = '-';
		*out++ = alphabet[be16_get(raw + bit / 8) >> (11 - bit % 8) & 31];
	}
	*out = 0;
	sodium_memzero(raw, sizeof(raw));
}

/*
 * PROTOCOL: "Readers ignore case, blanks and hyphens and take `O` as `0`, `I` and `L` as `1`."
 */
static int char_value(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	const char *at = c ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

static enum err text_decode(uint8_t raw[RAW_LEN], const char *text)
{
	unsigned bit = 0;
	memset(raw, 0, RAW_LEN);
	for (; *text; text++) {
		if (strchr(" \t\r\n-", *text))
			continue;
		int value = char_value(*text);
		if (value < 0 || bit == RAW_LEN * 8)
			return ERR_MALFORMED;
		for (unsigned i = 0; i < 5; i++, bit++)
			raw[bit / 8] |= (uint8_t)((value >> (4 - i) & 1) << (7 - bit % 8));
	}
	return bit == RAW_LEN * 8 ? ERR_OK : ERR_MALFORMED;
}

enum err root_text_get(struct key *seed, const char *text)
{
	uint8_t raw[RAW_LEN], sum[CHECK_LEN];
	enum err err = text_decode(raw, text);
	if (!err) {
		check_put(sum, raw);
		if (sodium_memcmp(sum, raw + KEY_LEN, CHECK_LEN) != 0)
			err = ERR_DENIED;
	}
	if (!err)
		memcpy(seed->b, raw, KEY_LEN);
	sodium_memzero(raw, sizeof(raw));
	sodium_memzero(sum, sizeof(sum));
	return err;
}
