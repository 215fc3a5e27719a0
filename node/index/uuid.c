#include "node/index/uuid.h"

#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"

void uuid_put(char out[INDEX_UUID_LEN + 1], const uint8_t bytes[UUID_BYTE_COUNT])
{
	char hex[2 * UUID_BYTE_COUNT + 1] = "";

	hex_put(hex, bytes_of(bytes, UUID_BYTE_COUNT));
	snprintf(out, INDEX_UUID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
		 hex + 16, hex + 20);
}

void uuid_make(char out[INDEX_UUID_LEN + 1], const uint8_t *hash)
{
	uint8_t b[UUID_BYTE_COUNT];

	memcpy(b, hash, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x80);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	uuid_put(out, b);
}

void uuid_of_file(char out[INDEX_UUID_LEN + 1], const struct dataset_id *dataset, struct bytes name)
{
	struct hash hash;
	uint8_t digest[ID_LEN];

	hash_init_plain(&hash);
	hash_add(&hash, id_bytes(dataset));
	hash_add(&hash, name);
	hash_done(&hash, digest, sizeof(digest));
	uuid_make(out, digest);
}

bool uuid_is(const char *text)
{
	for (size_t i = 0; i < INDEX_UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !text[i] || !strchr("0123456789abcdef", text[i]))
			return false;
	}
	return !text[INDEX_UUID_LEN];
}

bool uuid_get(uint8_t out[UUID_BYTE_COUNT], const char *text)
{
	char hex[2 * UUID_BYTE_COUNT + 1];

	if (!uuid_is(text))
		return false;
	snprintf(hex, sizeof(hex), "%.8s%.4s%.4s%.4s%.12s", text, text + 9, text + 14, text + 19,
		 text + 24);
	return !hex_get(out, UUID_BYTE_COUNT, hex);
}
