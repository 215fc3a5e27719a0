/* aead: libcrypto's bytes are libsodium's, and nothing else opens. */
#include "test/crypto/helpers.h"

#include <sodium.h>

#include "crypto/aead.h"
#include "crypto/random.h"

#define TEXT_MAX 100000

static const size_t lens[] = {0, 1, 15, 16, 17, 63, 64, 65, 255, 256, 4096, TEXT_MAX};
static const size_t ad_lens[] = {0, 1, 16, 75};

struct bench {
	struct aead *aead;
	uint8_t *text, *ours, *theirs;
	uint8_t nonce[AEAD_XNONCE_LEN];
	uint8_t ad[75];
	struct key key;
};

static void bench_open(struct bench *b)
{
	struct random random = random_seeded(1);
	b->aead = aead_open();
	b->text = malloc(TEXT_MAX);
	b->ours = malloc(TEXT_MAX + AEAD_TAG_LEN);
	b->theirs = malloc(TEXT_MAX + AEAD_TAG_LEN);
	assert_true(b->text && b->ours && b->theirs);
	random_fill(&random, b->text, TEXT_MAX);
	random_fill(&random, b->nonce, sizeof(b->nonce));
	random_fill(&random, b->ad, sizeof(b->ad));
	random_fill(&random, b->key.b, KEY_LEN);
}

static void bench_close(struct bench *b)
{
	aead_close(b->aead);
	free(b->text);
	free(b->ours);
	free(b->theirs);
}

static enum err opens(struct bench *b, bool x, struct bytes ad, struct bytes sealed)
{
	return x ? aead_xunseal(b->aead, b->ours, &b->key, b->nonce, ad, sealed)
		 : aead_unseal(b->aead, b->ours, &b->key, b->nonce, ad, sealed);
}

static void one_length(struct bench *b, bool x, struct bytes text, struct bytes ad)
{
	size_t sealed_len = text.len + AEAD_TAG_LEN;
	if (x) {
		aead_xseal(b->aead, b->ours, &b->key, b->nonce, ad, text);
		crypto_aead_xchacha20poly1305_ietf_encrypt(b->theirs, NULL, text.ptr, text.len,
							   ad.ptr, ad.len, NULL, b->nonce,
							   b->key.b);
	} else {
		aead_seal(b->aead, b->ours, &b->key, b->nonce, ad, text);
		crypto_aead_chacha20poly1305_ietf_encrypt(b->theirs, NULL, text.ptr, text.len,
							  ad.ptr, ad.len, NULL, b->nonce, b->key.b);
	}
	assert_memory_equal(b->ours, b->theirs, sealed_len);
	assert_ok(opens(b, x, ad, bytes_of(b->theirs, sealed_len)));
	assert_memory_equal(b->ours, text.ptr, text.len);
	/* in its own place */
	memcpy(b->ours, b->theirs, sealed_len);
	assert_ok(opens(b, x, ad, bytes_of(b->ours, sealed_len)));
	assert_memory_equal(b->ours, text.ptr, text.len);
}

static void same_bytes_as_libsodium(void **state)
{
	struct bench b;
	bench_open(&b);
	for (size_t i = 0; i < COUNT(lens); i++)
		for (size_t k = 0; k < COUNT(ad_lens); k++)
			for (int x = 0; x < 2; x++)
				one_length(&b, x, bytes_of(b.text, lens[i]),
					   bytes_of(b.ad, ad_lens[k]));
	bench_close(&b);
}

static void every_bit_counts(void **state)
{
	static const uint8_t zeros[20];
	struct bytes text;
	struct bench b;
	bench_open(&b);
	text = bytes_of(b.text, sizeof(zeros));
	for (int x = 0; x < 2; x++) {
		size_t sealed_len = text.len + AEAD_TAG_LEN;
		one_length(&b, x, text, bytes_obj(&b.ad));
		for (size_t bit = 0; bit < sealed_len * 8; bit++) {
			b.theirs[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_err(opens(&b, x, bytes_obj(&b.ad), bytes_of(b.theirs, sealed_len)),
				   ERR_DENIED);
			assert_memory_equal(b.ours, zeros, sizeof(zeros));
			b.theirs[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t bit = 0; bit < sizeof(b.ad) * 8; bit++) {
			b.ad[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_err(opens(&b, x, bytes_obj(&b.ad), bytes_of(b.theirs, sealed_len)),
				   ERR_DENIED);
			b.ad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t len = AEAD_TAG_LEN; len < sealed_len; len++)
			assert_err(opens(&b, x, bytes_obj(&b.ad), bytes_of(b.theirs, len)),
				   ERR_DENIED);
		/* a refusal leaves nothing behind that the next one could trip over */
		assert_ok(opens(&b, x, bytes_obj(&b.ad), bytes_of(b.theirs, sealed_len)));
	}
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes_as_libsodium),
		cmocka_unit_test(every_bit_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
