/* hash: labels keep purposes apart. Known answers were computed with Python's hashlib. */
#include "test/crypto/helpers.h"

#include "crypto/hash.h"
#include "crypto/siphash.h"
#include "crypto/sha256.h"

static void known_answers(void **state)
{
	uint8_t out[64];
	struct key key = key_counting(), derived;
	struct hash hash;
	struct sha256 *sha256 = sha256_open();
	hash_once(out, "am1.test", bytes_str("abc"));
	assert_hex(out, 32, "0f9e348cbdce2eaed3b10fd33f3652a331538df85e99595bc18b04e046ddf4df");
	hash_once(out, "sixteen-bytes-ok", bytes_str("abc"));
	assert_hex(out, 32, "3cba4512ab6635b7506e26d85f43e7ab2481726921fd1f0d17bbdd45a770a217");
	hash_plain(out, bytes_str("abc"));
	assert_hex(out, 32, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
	sha256_done(sha256, out);
	assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_add(sha256, bytes_str("a"));
	sha256_add(sha256, bytes_str("bc"));
	sha256_done(sha256, out);
	sha256_close(sha256);
	assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_init(&hash, "am1.test", &key, 64);
	hash_add(&hash, bytes_str("abc"));
	hash_done(&hash, out, 64);
	assert_hex(out, 64,
		   "f5ef58eb7e079de803238f4bfdcce4978df47865c9f35ca2faa074131afd692b"
		   "8b6226236189269f68f6358a2294ff31327429f9935016c6079b215555f2c59c");
	hash_init(&hash, "am1.test", &key, 24);
	hash_add(&hash, bytes_str("abc"));
	hash_done(&hash, out, 24);
	assert_hex(out, 24, "7fbebcf9c08748ef80d3216837699127182a018344c9c52a");
	derive(&derived, &key, "am1.root.sign", bytes_of(NULL, 0));
	assert_hex(derived.b, 32,
		   "e75a3dd89d40b8963ff739fef7b0d21cca513abbbd25b784ccea5614e8937779");
}

/* The first and the last line of the table that its authors give. */
static void short_ones(void **state)
{
	uint8_t bytes[63], out[SIPHASH_LEN];
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	siphash_put(out, bytes, bytes_of(bytes, 0));
	assert_hex(out, sizeof(out), "310e0edd47db6f72");
	siphash_put(out, bytes, bytes_of(bytes, 63));
	assert_hex(out, sizeof(out), "724506eb4c328a95");
}

static void parts_join(void **state)
{
	uint8_t whole[32], parts[32];
	uint8_t in[1000];
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	hash_plain(whole, bytes_of(in, sizeof(in)));
	for (size_t cut = 0; cut <= sizeof(in); cut += 37) {
		struct hash hash;
		hash_init_plain(&hash);
		hash_add(&hash, bytes_of(in, cut));
		hash_add(&hash, bytes_of(NULL, 0));
		hash_add(&hash, bytes_slice(bytes_obj(&in), cut, sizeof(in)));
		hash_done(&hash, parts, 32);
		assert_memory_equal(whole, parts, 32);
	}
	struct hash hash;
	hash_init(&hash, "am1.test", NULL, 32);
	hash_add_be64(&hash, 0x6162636465666768);
	hash_done(&hash, parts, 32);
	hash_once(whole, "am1.test", bytes_str("abcdefgh"));
	assert_memory_equal(whole, parts, 32);
}

static void labels_and_keys_separate(void **state)
{
	struct key key = key_counting(), other = key_filled(1), a, b;
	derive(&a, &key, "am1.siv", bytes_str("x"));
	derive(&b, &key, "am1.enc", bytes_str("x"));
	assert_false(key_eq(&a, &b));
	derive(&b, &other, "am1.siv", bytes_str("x"));
	assert_false(key_eq(&a, &b));
	derive(&b, &key, "am1.siv", bytes_str("y"));
	assert_false(key_eq(&a, &b));
	derive(&b, &key, "am1.siv", bytes_str("x"));
	assert_true(key_eq(&a, &b));
	/* in place, as the keys of paths are made */
	derive(&key, &key, "am1.siv", bytes_str("x"));
	assert_true(key_eq(&a, &key));
}

static void state_is_wiped(void **state)
{
	struct key key = key_counting();
	struct hash hash, zero;
	uint8_t out[32];
	memset(&zero, 0, sizeof(zero));
	hash_init(&hash, "am1.test", &key, 32);
	hash_done(&hash, out, 32);
	assert_memory_equal(&hash, &zero, sizeof(hash));
}

struct misuse {
	const char *label;
	size_t len;
};

static void misuse(void *arg)
{
	const struct misuse *m = arg;
	struct hash hash;
	hash_init(&hash, m->label, NULL, m->len);
}

static void mistakes_are_noticed(void **state)
{
	static struct misuse fine[] = {{"sixteen-bytes-ok", 16}, {"x", 64}};
	static struct misuse wrong[] = {{"seventeen-bytes-x", 32}, {"", 32}, {"x", 15}, {"x", 65}};
	for (size_t i = 0; i < COUNT(fine); i++)
		assert_false(dies(misuse, &fine[i]));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_true(dies(misuse, &wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),  cmocka_unit_test(short_ones),
		cmocka_unit_test(parts_join),     cmocka_unit_test(labels_and_keys_separate),
		cmocka_unit_test(state_is_wiped), cmocka_unit_test(mistakes_are_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
