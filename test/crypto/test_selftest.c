/* selftest: a library that does not keep its promises is named, before it can do harm. */
#include "test/crypto/helpers.h"

#include <openssl/evp.h>
#include <sodium.h>

#include "crypto/selftest.h"

/*
 * The linker puts these in the place of libsodium's functions, see meson.build; each behaves
 * as libsodium unless its fault is chosen.
 */
enum fault {
	FAULT_NONE,
	FAULT_INIT,
	FAULT_HASH,
	FAULT_SIGN,
	FAULT_VERIFY_ALL,
	FAULT_DH,
	FAULT_DH_ZERO,
	FAULT_XCHACHA,
	FAULT_CHACHA,
	FAULT_NO_LIBCRYPTO,
	FAULT_LIBCRYPTO,
	FAULT_MIXED_ORDER,
	FAULT_SECOND_ENCODING,
	FAULT_NO_POINT_VALID,
};
static enum fault fault;

#define FAKE(type, name, ...)                                                                      \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

FAKE(int, sodium_init, void)
{
	return fault == FAULT_INIT ? -1 : __real_sodium_init();
}

FAKE(int, crypto_generichash_blake2b_final, crypto_generichash_blake2b_state *state,
     unsigned char *out, const size_t len)
{
	int result = __real_crypto_generichash_blake2b_final(state, out, len);
	out[0] ^= fault == FAULT_HASH;
	return result;
}

FAKE(int, crypto_sign_detached, unsigned char *sig, unsigned long long *sig_len,
     const unsigned char *m, unsigned long long m_len, const unsigned char *sk)
{
	int result = __real_crypto_sign_detached(sig, sig_len, m, m_len, sk);
	sig[63] ^= fault == FAULT_SIGN;
	return result;
}

FAKE(int, crypto_sign_verify_detached, const unsigned char *sig, const unsigned char *m,
     unsigned long long m_len, const unsigned char *pk)
{
	if (fault == FAULT_VERIFY_ALL)
		return 0;
	return __real_crypto_sign_verify_detached(sig, m, m_len, pk);
}

FAKE(int, crypto_scalarmult_curve25519, unsigned char *out, const unsigned char *sk,
     const unsigned char *pk)
{
	int result = __real_crypto_scalarmult_curve25519(out, sk, pk);
	out[31] ^= fault == FAULT_DH;
	return fault == FAULT_DH_ZERO ? 0 : result;
}

#define FAKE_AEAD(name, which)                                                                     \
	FAKE(int, name, unsigned char *c, unsigned long long *c_len, const unsigned char *m,       \
	     unsigned long long m_len, const unsigned char *ad, unsigned long long ad_len,         \
	     const unsigned char *nsec, const unsigned char *npub, const unsigned char *k)         \
	{                                                                                          \
		int result = __real_##name(c, c_len, m, m_len, ad, ad_len, nsec, npub, k);         \
		c[0] ^= fault == which;                                                            \
		return result;                                                                     \
	}
FAKE_AEAD(crypto_aead_xchacha20poly1305_ietf_encrypt, FAULT_XCHACHA)
FAKE_AEAD(crypto_aead_chacha20poly1305_ietf_encrypt, FAULT_CHACHA)

FAKE(EVP_CIPHER *, EVP_CIPHER_fetch, OSSL_LIB_CTX *ctx, const char *name, const char *properties)
{
	return fault == FAULT_NO_LIBCRYPTO ? NULL : __real_EVP_CIPHER_fetch(ctx, name, properties);
}

FAKE(int, EVP_CipherUpdate, EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len,
     const unsigned char *in, int len)
{
	int result = __real_EVP_CipherUpdate(ctx, out, out_len, in, len);
	if (out)
		out[0] ^= fault == FAULT_LIBCRYPTO;
	return result;
}

FAKE(int, crypto_core_ed25519_is_valid_point, const unsigned char *p)
{
	static const uint8_t small[][32] = {{1}, {0}};
	bool canonical = p[31] != 0x7f;
	if (fault == FAULT_NO_POINT_VALID)
		return 0;
	if (fault == FAULT_SECOND_ENCODING && p[0] == 0xf6 && !canonical)
		return 1;
	/* the old test: canonical and on the curve, and not one of the small points */
	if (fault == FAULT_MIXED_ORDER && canonical)
		return memcmp(p, small[0], 32) != 0 && memcmp(p, small[1], 32) != 0;
	return __real_crypto_core_ed25519_is_valid_point(p);
}

static void this_library_passes(void **state)
{
	const char *what = "untouched";
	fault = FAULT_NONE;
	assert_ok(selftest_run(&what));
	assert_string_equal(what, "untouched");
	assert_ok(selftest_run(&what));
}

static void each_fault_is_named(void **state)
{
	static const struct {
		enum fault fault;
		const char *word;
	} cases[] = {
		{FAULT_INIT, "initialised"},
		{FAULT_HASH, "BLAKE2b"},
		{FAULT_SIGN, "Ed25519"},
		{FAULT_VERIFY_ALL, "Ed25519"},
		{FAULT_NO_POINT_VALID, "Ed25519"},
		{FAULT_DH, "X25519"},
		{FAULT_DH_ZERO, "X25519"},
		{FAULT_XCHACHA, "with XChaCha20-Poly1305"},
		{FAULT_CHACHA, "with ChaCha20-Poly1305"},
		{FAULT_NO_LIBCRYPTO, "libcrypto"},
		{FAULT_LIBCRYPTO, "libcrypto"},
		{FAULT_MIXED_ORDER, "CVE-2025-69277"},
		{FAULT_SECOND_ENCODING, "two encodings"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *what = "";
		fault = cases[i].fault;
		assert_err(selftest_run(&what), ERR_CONFIG);
		fault = FAULT_NONE;
		if (!strstr(what, cases[i].word))
			fail_msg("\"%s\" does not name %s", what, cases[i].word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_library_passes),
		cmocka_unit_test(each_fault_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
