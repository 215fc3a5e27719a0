/*
 * vectors - published test vectors, read from $ALLMENDE_SHARED/vectors (default: ../shared next
 * to the source tree). Every file has an exact number of cases that must pass, and of cases that
 * are skipped, with the reason; a file that is missing is skipped by name.
 */
#include "test/crypto/helpers.h"

#include <jansson.h>
#include <sodium.h>

#include "crypto/noise.h"
#include "crypto/sign.h"
#include "crypto/wrap.h"

#define NOISE_XX "Noise_XX_25519_ChaChaPoly_BLAKE2b"

static void vector_path(char out[1024], const char *name)
{
	const char *shared = getenv("ALLMENDE_SHARED");
	snprintf(out, 1024, "%s/vectors/%s", shared && *shared ? shared : "../shared", name);
}

static bool vector_missing(const char *name)
{
	char path[1024];
	vector_path(path, name);
	return access(path, R_OK) != 0;
}

/* Ends the test as skipped when the file is not there; a file that is broken fails. */
static json_t *vector_load(const char *name)
{
	char path[1024];
	json_error_t error;
	if (vector_missing(name)) {
		print_message("skipped: %s is missing\n", name);
		skip();
	}
	vector_path(path, name);
	json_t *root = json_load_file(path, 0, &error);
	if (!root)
		fail_msg("%s: %s", name, error.text);
	return root;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	if (!text)
		fail_msg("no text \"%s\"", key);
	return text;
}

/* A hexadecimal member as bytes; fails when it is not. */
static struct buf bytes_from(const json_t *object, const char *key)
{
	const char *text = text_of(object, key);
	size_t len = strlen(text) / 2;
	struct buf buf;
	buf_init(&buf, len);
	uint8_t *space = buf_space(&buf, len);
	assert_non_null(space);
	assert_ok(hex_get(space, len, text));
	return buf;
}

static void fixed_from(uint8_t *out, size_t len, const json_t *object, const char *key)
{
	assert_ok(hex_get(out, len, text_of(object, key)));
}

/* ---- BLAKE2b ---- */

static void blake2b(void **state)
{
	json_t *root = vector_load("blake2b-kat.json"), *test;
	unsigned pass = 0, keyed = 0;
	size_t i;
	json_array_foreach(root, i, test)
	{
		struct buf in = bytes_from(test, "in"), key = bytes_from(test, "key");
		uint8_t wanted[64], out[64];
		fixed_from(wanted, sizeof(wanted), test, "out");
		/* the keys have 64 bytes, more than hash.h offers: the primitive itself */
		assert_int_equal(crypto_generichash_blake2b(out, sizeof(out), in.ptr, in.len,
							    key.len ? key.ptr : NULL, key.len),
				 0);
		pass += memcmp(out, wanted, sizeof(out)) == 0;
		keyed += key.len > 0;
		buf_fini(&in);
		buf_fini(&key);
	}
	print_message("blake2b: %u of %zu, %u keyed\n", pass, json_array_size(root), keyed);
	assert_int_equal(json_array_size(root), 512);
	assert_int_equal(pass, 512);
	assert_int_equal(keyed, 256);
	json_decref(root);
}

/* ---- Ed25519 ---- */

static bool ed25519_accepts(const struct sign_pk *pk, const json_t *test)
{
	struct buf msg = bytes_from(test, "msg"), raw = bytes_from(test, "sig");
	struct sig sig;
	bool accepts = false;
	/* another length cannot even be expressed: refused where a signed object is taken apart */
	if (raw.len == SIG_LEN) {
		memcpy(sig.b, raw.ptr, SIG_LEN);
		accepts = sign_check_raw(&sig, pk, buf_bytes(&msg)) == ERR_OK;
	}
	buf_fini(&msg);
	buf_fini(&raw);
	return accepts;
}

static void wycheproof_ed25519(void **state)
{
	json_t *root = vector_load("wycheproof-ed25519.json"), *group, *test;
	unsigned total = 0, accepted = 0, rejected = 0;
	size_t g, i;
	json_array_foreach(json_object_get(root, "testGroups"), g, group)
	{
		struct sign_pk pk;
		fixed_from(pk.b, ID_LEN, json_object_get(group, "publicKey"), "pk");
		assert_ok(sign_pk_admit(&pk));
		json_array_foreach(json_object_get(group, "tests"), i, test)
		{
			bool valid = strcmp(text_of(test, "result"), "valid") == 0;
			bool accepts = ed25519_accepts(&pk, test);
			total++;
			accepted += valid && accepts;
			rejected += !valid && !accepts;
		}
	}
	print_message("ed25519: %u accepted, %u rejected of %u\n", accepted, rejected, total);
	assert_int_equal(total, 151);
	assert_int_equal(accepted, 88);
	assert_int_equal(rejected, 63);
	json_decref(root);
}

/*
 * Verification alone accepts case 3 and no other. Its key is of mixed order, so that admission
 * refuses it: the two gates together accept none of the twelve.
 */
static void speccheck_ed25519(void **state)
{
	json_t *root = vector_load("ed25519-speccheck.json"), *test;
	size_t i;
	assert_int_equal(json_array_size(root), 12);
	json_array_foreach(root, i, test)
	{
		struct buf message = bytes_from(test, "message");
		struct sign_pk pk;
		struct sig sig;
		fixed_from(pk.b, ID_LEN, test, "pub_key");
		fixed_from(sig.b, SIG_LEN, test, "signature");
		bool valid = sign_check_raw(&sig, &pk, buf_bytes(&message)) == ERR_OK;
		bool admitted = sign_pk_admit(&pk) == ERR_OK;
		assert_int_equal(valid, i == 3);
		assert_int_equal(admitted, i == 6 || i == 7);
		buf_fini(&message);
	}
	print_message("speccheck: 1 of %zu accepted, and its key is not admitted\n", i);
	json_decref(root);
}

/* ---- X25519 ---- */

static void wycheproof_x25519(void **state)
{
	json_t *root = vector_load("wycheproof-x25519.json"), *group, *test;
	unsigned total = 0, equal = 0, refused = 0;
	size_t g, i;
	json_array_foreach(json_object_get(root, "testGroups"), g, group)
		json_array_foreach(json_object_get(group, "tests"), i, test)
	{
		struct key sk, shared = {{0}}, wanted;
		struct dh_pk pk;
		fixed_from(sk.b, KEY_LEN, test, "private");
		fixed_from(pk.b, ID_LEN, test, "public");
		fixed_from(wanted.b, KEY_LEN, test, "shared");
		enum err err = dh(&shared, &sk, &pk);
		total++;
		if (id_is_zero(wanted.b))
			refused += err == ERR_DENIED;
		else
			equal += err == ERR_OK && key_eq(&shared, &wanted);
	}
	print_message("x25519: %u equal, %u refused of %u\n", equal, refused, total);
	assert_int_equal(total, 518);
	assert_int_equal(equal, 487);
	assert_int_equal(refused, 31);
	json_decref(root);
}

/* ---- AEAD ---- */

typedef int aead_encrypt(unsigned char *, unsigned long long *, const unsigned char *,
			 unsigned long long, const unsigned char *, unsigned long long,
			 const unsigned char *, const unsigned char *, const unsigned char *);
typedef int aead_decrypt(unsigned char *, unsigned long long *, unsigned char *,
			 const unsigned char *, unsigned long long, const unsigned char *,
			 unsigned long long, const unsigned char *, const unsigned char *);

struct aead {
	const char *file;
	size_t nonce_len;
	aead_encrypt *encrypt;
	aead_decrypt *decrypt;
	unsigned total, valid, invalid, skipped;
};

/* True when the case behaves as listed: valid ones both ways, invalid ones refused. */
static bool aead_case(const struct aead *aead, const json_t *test, bool valid)
{
	struct buf key = bytes_from(test, "key"), iv = bytes_from(test, "iv");
	struct buf ad = bytes_from(test, "aad"), msg = bytes_from(test, "msg");
	struct buf ct = bytes_from(test, "ct"), tag = bytes_from(test, "tag"), out;
	unsigned long long len;
	bool good;
	assert_int_equal(key.len, 32);
	assert_int_equal(tag.len, 16);
	buf_init(&out, msg.len + ct.len + 16);
	uint8_t *plain = buf_space(&out, ct.len + 16);
	ct.max += tag.len;
	buf_add(&ct, buf_bytes(&tag));
	assert_ok(ct.err);
	good = aead->decrypt(plain, &len, NULL, ct.ptr, ct.len, ad.ptr, ad.len, iv.ptr, key.ptr) ==
	       0;
	if (valid) {
		good = good && bytes_eq(bytes_of(plain, len), buf_bytes(&msg));
		aead->encrypt(plain, &len, msg.ptr, msg.len, ad.ptr, ad.len, NULL, iv.ptr, key.ptr);
		good = good && bytes_eq(bytes_of(plain, len), buf_bytes(&ct));
	} else {
		good = !good;
	}
	buf_fini(&key);
	buf_fini(&iv);
	buf_fini(&ad);
	buf_fini(&msg);
	buf_fini(&ct);
	buf_fini(&tag);
	buf_fini(&out);
	return good;
}

static void aead_run(const struct aead *aead)
{
	json_t *root = vector_load(aead->file), *group, *test;
	unsigned total = 0, valid_pass = 0, invalid_pass = 0, skipped = 0;
	size_t g, i;
	json_array_foreach(json_object_get(root, "testGroups"), g, group)
	{
		json_int_t bits = json_integer_value(json_object_get(group, "ivSize"));
		json_array_foreach(json_object_get(group, "tests"), i, test)
		{
			bool valid = strcmp(text_of(test, "result"), "valid") == 0;
			total++;
			if ((size_t)bits != 8 * aead->nonce_len) {
				skipped++; /* the nonce has a length that the API cannot express */
				continue;
			}
			bool good = aead_case(aead, test, valid);
			valid_pass += valid && good;
			invalid_pass += !valid && good;
		}
	}
	print_message("%s: %u valid, %u invalid, %u skipped (nonce length) of %u\n", aead->file,
		      valid_pass, invalid_pass, skipped, total);
	assert_int_equal(total, aead->total);
	assert_int_equal(valid_pass, aead->valid);
	assert_int_equal(invalid_pass, aead->invalid);
	assert_int_equal(skipped, aead->skipped);
	json_decref(root);
}

static void wycheproof_xchacha(void **state)
{
	static const struct aead aead = {"wycheproof-xchacha20-poly1305.json",
					 24,
					 crypto_aead_xchacha20poly1305_ietf_encrypt,
					 crypto_aead_xchacha20poly1305_ietf_decrypt,
					 315,
					 246,
					 60,
					 9};
	aead_run(&aead);
}

static void wycheproof_chacha(void **state)
{
	static const struct aead aead = {"wycheproof-chacha20-poly1305.json",
					 12,
					 crypto_aead_chacha20poly1305_ietf_encrypt,
					 crypto_aead_chacha20poly1305_ietf_decrypt,
					 325,
					 256,
					 60,
					 9};
	aead_run(&aead);
}

/* ---- Noise ---- */

static void noise_side(struct noise *noise, bool initiator, const json_t *vector)
{
	struct key s, e;
	struct random random = random_seeded(1);
	struct buf prologue = bytes_from(vector, initiator ? "init_prologue" : "resp_prologue");
	fixed_from(s.b, KEY_LEN, vector, initiator ? "init_static" : "resp_static");
	fixed_from(e.b, KEY_LEN, vector, initiator ? "init_ephemeral" : "resp_ephemeral");
	noise_init(noise, initiator, &s, buf_bytes(&prologue), &random);
	noise_set_ephemeral(noise, &e);
	buf_fini(&prologue);
}

/* Carries one message over, by handshake or by transport, and compares both ends. */
static void noise_message(struct noise side[2], struct noise_cipher send[2],
			  struct noise_cipher recv[2], size_t i, const json_t *message)
{
	struct buf payload = bytes_from(message, "payload");
	struct buf wanted = bytes_from(message, "ciphertext");
	struct buf sealed, opened;
	size_t from = i % 2, to = 1 - from;
	buf_init(&sealed, NOISE_MESSAGE_LEN_MAX);
	buf_init(&opened, NOISE_MESSAGE_LEN_MAX);
	if (i < 3) {
		assert_ok(noise_write(&side[from], &sealed, buf_bytes(&payload)));
		assert_ok(noise_read(&side[to], &opened, buf_bytes(&sealed)));
	} else {
		struct bytes ad = bytes_of(NULL, 0);
		assert_ok(noise_encrypt(&send[from], &sealed, ad, buf_bytes(&payload)));
		assert_ok(noise_decrypt(&recv[to], &opened, ad, buf_bytes(&sealed)));
	}
	assert_true(bytes_eq(buf_bytes(&sealed), buf_bytes(&wanted)));
	assert_true(bytes_eq(buf_bytes(&opened), buf_bytes(&payload)));
	buf_fini(&payload);
	buf_fini(&wanted);
	buf_fini(&sealed);
	buf_fini(&opened);
}

static void noise_vector(const json_t *vector)
{
	struct noise side[2];
	struct noise_cipher send[2], recv[2];
	uint8_t hash[2][NOISE_HASH_LEN], wanted[NOISE_HASH_LEN];
	const json_t *messages = json_object_get(vector, "messages");
	noise_side(&side[0], true, vector);
	noise_side(&side[1], false, vector);
	assert_true(json_array_size(messages) > 3);
	for (size_t i = 0; i < json_array_size(messages); i++) {
		noise_message(side, send, recv, i, json_array_get(messages, i));
		for (size_t k = 0; i == 2 && k < 2; k++)
			noise_split(&side[k], &send[k], &recv[k], hash[k]);
	}
	assert_memory_equal(hash[0], hash[1], NOISE_HASH_LEN);
	if (json_object_get(vector, "handshake_hash")) { /* snow's file has none */
		fixed_from(wanted, sizeof(wanted), vector, "handshake_hash");
		assert_memory_equal(hash[0], wanted, sizeof(wanted));
	}
	for (size_t k = 0; k < 2; k++) {
		noise_fini(&side[k]);
		noise_cipher_wipe(&send[k]);
		noise_cipher_wipe(&recv[k]);
	}
}

static void noise_run(const char *file, const char *name_key, unsigned wanted_skipped)
{
	json_t *root = vector_load(file), *vector;
	unsigned passed = 0, skipped = 0;
	size_t i;
	json_array_foreach(json_object_get(root, "vectors"), i, vector)
	{
		const char *name = text_of(vector, name_key);
		if (strcmp(name, NOISE_XX) == 0) {
			noise_vector(vector);
			passed++;
		} else {
			print_message("  skipped, another pattern: %s\n", name);
			skipped++;
		}
	}
	print_message("%s: %u passed, %u skipped\n", file, passed, skipped);
	assert_int_equal(passed, 1);
	assert_int_equal(skipped, wanted_skipped);
	json_decref(root);
}

static void noise_cacophony(void **state)
{
	noise_run("noise-cacophony-25519-chachapoly-blake2b.json", "protocol_name", 58);
}

static void noise_snow(void **state)
{
	noise_run("noise-snow-25519-chachapoly-blake2b.json", "protocol_name", 50);
}

static void noise_c(void **state)
{
	noise_run("noise-c-basic-25519-chachapoly-blake2b.json", "name", 14);
}

int main(void)
{
	static const char *const files[] = {
		"blake2b-kat.json",
		"wycheproof-ed25519.json",
		"ed25519-speccheck.json",
		"wycheproof-x25519.json",
		"wycheproof-xchacha20-poly1305.json",
		"wycheproof-chacha20-poly1305.json",
		"noise-cacophony-25519-chachapoly-blake2b.json",
		"noise-snow-25519-chachapoly-blake2b.json",
		"noise-c-basic-25519-chachapoly-blake2b.json",
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blake2b),
		cmocka_unit_test(wycheproof_ed25519),
		cmocka_unit_test(speccheck_ed25519),
		cmocka_unit_test(wycheproof_x25519),
		cmocka_unit_test(wycheproof_xchacha),
		cmocka_unit_test(wycheproof_chacha),
		cmocka_unit_test(noise_cacophony),
		cmocka_unit_test(noise_snow),
		cmocka_unit_test(noise_c),
	};
	size_t missing = 0;
	for (size_t i = 0; i < COUNT(files); i++)
		missing += vector_missing(files[i]);
	if (sodium_init() < 0)
		return 1;
	if (cmocka_run_group_tests(tests, NULL, NULL) != 0)
		return 1;
	return missing > 0 ? 77 : 0; /* 77 is how meson is told "skipped" */
}
