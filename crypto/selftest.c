#include "crypto/selftest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <sodium.h>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "crypto/wrap.h"

/*
 * Known answers. Inputs: key = 0, 1, 2 ... 31; nonce and second key = 64, 65, 66 ...; text
 * "allmende". Computed with independent implementations (Python's hashlib and cryptography,
 * HChaCha20 written from the draft), not with libsodium.
 */
static const char text[] = "allmende";
#define TEXT_LEN (sizeof(text) - 1)

static const uint8_t answer_blake2b[32] = {0x1d, 0x6c, 0x6d, 0xad, 0x35, 0xfe, 0x54, 0x84,
					   0xbe, 0xee, 0x07, 0x21, 0x95, 0x19, 0x50, 0x88,
					   0x14, 0x07, 0x29, 0xa3, 0x16, 0x7c, 0x3c, 0x70,
					   0xc4, 0xcc, 0xa9, 0x6e, 0x7e, 0x20, 0x9e, 0x44};

static const uint8_t answer_sign_pk[32] = {0x03, 0xa1, 0x07, 0xbf, 0xf3, 0xce, 0x10, 0xbe,
					   0x1d, 0x70, 0xdd, 0x18, 0xe7, 0x4b, 0xc0, 0x99,
					   0x67, 0xe4, 0xd6, 0x30, 0x9b, 0xa5, 0x0d, 0x5f,
					   0x1d, 0xdc, 0x86, 0x64, 0x12, 0x55, 0x31, 0xb8};

static const uint8_t answer_sig[64] = {
	0x8d, 0x22, 0x4f, 0xa9, 0xc6, 0x3c, 0x72, 0xb1, 0xf4, 0x54, 0x5c, 0xf9, 0x5a,
	0x32, 0x5a, 0x0f, 0xfc, 0xa7, 0x68, 0xf6, 0x4d, 0xb4, 0x96, 0xb3, 0x21, 0x65,
	0xb5, 0x66, 0xb9, 0x05, 0x23, 0xba, 0xc4, 0x9a, 0xe8, 0xd0, 0xfd, 0x85, 0x4e,
	0x19, 0xe6, 0x62, 0xfc, 0x67, 0xc4, 0x87, 0x00, 0x76, 0x98, 0x33, 0xd1, 0xab,
	0xc9, 0xc9, 0xd4, 0x81, 0xb8, 0xfd, 0x77, 0x93, 0x16, 0xc3, 0x44, 0x0f};

static const uint8_t answer_dh_pk[32] = {0x79, 0xa6, 0x31, 0xee, 0xde, 0x1b, 0xf9, 0xc9,
					 0x8f, 0x12, 0x03, 0x2c, 0xde, 0xad, 0xd0, 0xe7,
					 0xa0, 0x79, 0x39, 0x8f, 0xc7, 0x86, 0xb8, 0x8c,
					 0xc8, 0x46, 0xec, 0x89, 0xaf, 0x85, 0xa5, 0x1a};

static const uint8_t answer_dh[32] = {0x6d, 0x54, 0xcc, 0x9c, 0x39, 0x7e, 0x31, 0x69,
				      0x14, 0x01, 0x11, 0x0f, 0x58, 0xda, 0x1e, 0x18,
				      0x2a, 0x63, 0x5d, 0x7e, 0x44, 0xc2, 0x1d, 0xc2,
				      0xd7, 0xbe, 0x93, 0x62, 0x46, 0x52, 0xab, 0x15};

static const uint8_t answer_xchacha[TEXT_LEN + 16] = {
	0xb5, 0x55, 0x69, 0x1d, 0xb5, 0x8e, 0x1d, 0x73, 0xc3, 0xf2, 0x09, 0xa3,
	0x2f, 0x7b, 0xfc, 0xef, 0x9c, 0xab, 0xd4, 0x40, 0x4c, 0xae, 0x46, 0xf6};

static const uint8_t answer_chacha[TEXT_LEN + 16] = {
	0x99, 0x38, 0x10, 0xec, 0x17, 0x24, 0x8a, 0x64, 0x21, 0xaf, 0xd0, 0xbb,
	0x96, 0x6b, 0xa5, 0x32, 0x62, 0x70, 0x9a, 0xad, 0xb7, 0x93, 0xef, 0xdb};

static struct key key_from(uint8_t first)
{
	struct key key;
	for (uint8_t i = 0; i < KEY_LEN; i++)
		key.b[i] = (uint8_t)(first + i);
	return key;
}

static bool blake2b_works(void)
{
	struct key key = key_from(0), out;
	derive(&out, &key, "am1.selftest", bytes_of(text, TEXT_LEN));
	return memcmp(out.b, answer_blake2b, sizeof(answer_blake2b)) == 0;
}

static bool ed25519_works(void)
{
	struct key seed = key_from(0);
	struct sign_pk pk;
	struct sig sig;
	uint8_t sk[crypto_sign_SECRETKEYBYTES];
	crypto_sign_seed_keypair(pk.b, sk, seed.b);
	crypto_sign_detached(sig.b, NULL, (const uint8_t *)text, TEXT_LEN, sk);
	return memcmp(pk.b, answer_sign_pk, sizeof(answer_sign_pk)) == 0 &&
	       memcmp(sig.b, answer_sig, sizeof(answer_sig)) == 0 &&
	       !sign_check_raw(&sig, &pk, bytes_of(text, TEXT_LEN)) &&
	       sign_check_raw(&sig, &pk, bytes_of(text, TEXT_LEN - 1)) == ERR_DENIED &&
	       !sign_pk_admit(&pk);
}

static bool x25519_works(void)
{
	struct key mine = key_from(0), other = key_from(64), shared;
	struct dh_pk pk, zero = {{0}};
	dh_pk_of(&pk, &other);
	return memcmp(pk.b, answer_dh_pk, sizeof(answer_dh_pk)) == 0 && !dh(&shared, &mine, &pk) &&
	       memcmp(shared.b, answer_dh, sizeof(answer_dh)) == 0 &&
	       dh(&shared, &mine, &zero) == ERR_DENIED;
}

static bool xchacha_works(void)
{
	struct key key = key_from(0), nonce = key_from(64);
	uint8_t out[sizeof(answer_xchacha)];
	crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, (const uint8_t *)text, TEXT_LEN,
						   (const uint8_t *)"ad", 2, NULL, nonce.b, key.b);
	return memcmp(out, answer_xchacha, sizeof(out)) == 0;
}

static bool chacha_works(void)
{
	struct key key = key_from(0), nonce = key_from(64);
	uint8_t out[sizeof(answer_chacha)];
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, (const uint8_t *)text, TEXT_LEN,
						  (const uint8_t *)"ad", 2, NULL, nonce.b, key.b);
	return memcmp(out, answer_chacha, sizeof(out)) == 0;
}

static bool libcrypto_works(void)
{
	struct key key = key_from(0), nonce = key_from(64);
	uint8_t out[sizeof(answer_xchacha)];
	if (!aead_exists())
		return false;
	struct aead *aead = aead_open();
	aead_xseal(aead, out, &key, nonce.b, bytes_str("ad"), bytes_of(text, TEXT_LEN));
	aead_close(aead);
	return memcmp(out, answer_xchacha, sizeof(out)) == 0;
}

/*
 * The generator plus the point of order two, (0, -1): times the group order it is (0, -1)
 * again, which a library that only looks for x = 0 mistakes for the neutral element (0, 1).
 */
static bool mixed_order_is_refused(void)
{
	struct sign_pk base = {{0x58}}, order_two = {{0xec}}, mixed;
	memset(base.b + 1, 0x66, ID_LEN - 1);
	memset(order_two.b + 1, 0xff, ID_LEN - 2);
	order_two.b[ID_LEN - 1] = 0x7f;
	return !sign_pk_admit(&base) && sign_pk_admit(&order_two) == ERR_DENIED &&
	       crypto_core_ed25519_add(mixed.b, base.b, order_two.b) == 0 &&
	       sign_pk_admit(&mixed) == ERR_DENIED;
}

/*
 * y = 9 written as y + p is such a point again. Points of the prime-order group have no second
 * encoding, so that a library which passes both tests admits only one text per key.
 */
static bool second_encoding_is_refused(void)
{
	struct sign_pk pk = {{0xf6}};
	memset(pk.b + 1, 0xff, ID_LEN - 2);
	pk.b[ID_LEN - 1] = 0x7f;
	return sign_pk_admit(&pk) == ERR_DENIED;
}

enum err selftest_run(const char **what)
{
	static const struct {
		bool (*works)(void);
		const char *what;
	} tests[] = {
		{blake2b_works, "libsodium computes a wrong BLAKE2b hash"},
		{ed25519_works, "libsodium computes or checks Ed25519 signatures wrongly"},
		{x25519_works, "libsodium computes a wrong X25519 shared secret"},
		{xchacha_works, "libsodium encrypts wrongly with XChaCha20-Poly1305"},
		{chacha_works, "libsodium encrypts wrongly with ChaCha20-Poly1305"},
		{libcrypto_works, "libcrypto encrypts wrongly with XChaCha20-Poly1305, or does not "
				  "have ChaCha20-Poly1305: see \"openssl list "
				  "-cipher-algorithms\""},
		{mixed_order_is_refused,
		 "libsodium accepts public keys outside the prime-order group (CVE-2025-69277); "
		 "install the corrected package (Debian 12: libsodium23 1.0.18-1+deb12u1 or "
		 "later)"},
		{second_encoding_is_refused, "libsodium accepts two encodings of one public key; "
					     "install the corrected package"},
	};
	if (sodium_init() < 0) {
		*what = "libsodium cannot be initialised (is the kernel's random source missing?)";
		return ERR_CONFIG;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (!tests[i].works()) {
			*what = tests[i].what;
			return ERR_CONFIG;
		}
	}
	return ERR_OK;
}

const char *selftest_sodium_version(void)
{
	return sodium_version_string();
}
