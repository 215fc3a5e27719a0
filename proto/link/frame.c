#include "proto/link/frame.h"

void frame_init(struct frame_key *key, const struct limits *limits)
{
	*key = (struct frame_key){
		.frame_count_max = limits->rekey_message_count,
		.byte_count_max = limits->rekey_byte_count,
	};
}

void frame_fini(struct frame_key *key)
{
	noise_cipher_wipe(&key->cipher);
}

/*
 * PROTOCOL: "Each direction rekeys (Noise REKEY) after the frame with which it has sent 65,536
 * frames or 1 GiB of frame bytes (without their length) since the last time."
 */
static void frame_count(struct frame_key *key, size_t sealed_len)
{
	key->frame_count++;
	key->byte_count += sealed_len;
	if (key->frame_count < key->frame_count_max && key->byte_count < key->byte_count_max)
		return;
	noise_rekey(&key->cipher);
	key->frame_count = 0;
	key->byte_count = 0;
}

enum err frame_seal(struct frame_key *key, struct buf *out, struct bytes plain)
{
	size_t sealed_len = plain.len + NOISE_TAG_LEN;
	buf_add_be16(out, (uint16_t)sealed_len);
	enum err err = out->err;
	if (!err)
		err = noise_encrypt(&key->cipher, out, bytes_of(NULL, 0), plain);
	if (!err)
		frame_count(key, sealed_len);
	return err;
}

enum err frame_open(struct frame_key *key, struct buf *plain, struct bytes sealed)
{
	if (sealed.len < FRAME_HEADER_LEN + NOISE_TAG_LEN)
		return ERR_MALFORMED;
	enum err err = noise_decrypt(&key->cipher, plain, bytes_of(NULL, 0), sealed);
	if (!err)
		frame_count(key, sealed.len);
	return err;
}
