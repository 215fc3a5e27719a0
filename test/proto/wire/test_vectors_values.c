/*
 * docs/vectors: hashes, signatures, encoding, texts, paths and words; made here, and compared with
 * what stands there, or written anew (--write).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/path.h"
#include "crypto/root.h"
#include "crypto/sign.h"
#include "crypto/wrap.h"
#include "proto/charter/opening.h"
#include "proto/wire/envelope.h"
#include "test/proto/federation.h"
#include "test/proto/vectors.h"
#include "test/proto/wire_any.h"

static bool writes;

static struct vectors group(const char *folder)
{
	return (struct vectors){.folder = folder, .writes = writes};
}

/* ---- hashes ---- */

static void hashes(void **state)
{
	static const char *const labels[] = {"am1.orglog", "am1.prefix", "am1.wrapkey",
					     "am1.slot",   "am1.set",    "am1.nextroot"};
	const struct vectors v = group("docs/vectors/hashes/");
	const struct key key = test_key(1);
	struct digest digest;
	struct key derived;
	for (size_t i = 0; i < COUNT(labels); i++) {
		hash_once(digest.b, labels[i], bytes_str("gemeinde-1/wasser"));
		vectors_case(&v, labels[i] + 4, "H(label, bytes)", bytes_str("gemeinde-1/wasser"),
			     ERR_OK, ERR_OK,
			     json_pack("{s:s, s:o}", "label", labels[i], "hash",
				       vectors_hex(id_bytes(&digest))));
	}
	hash_plain(digest.b, bytes_str("abc"));
	vectors_case(&v, "plain", "H(bytes), without label and key", bytes_str("abc"), ERR_OK,
		     ERR_OK, json_pack("{s:o}", "hash", vectors_hex(id_bytes(&digest))));
	derive(&derived, &key, "am1.path", bytes_str("wasser"));
	vectors_case(&v, "derived", "derive(key, label, bytes)", bytes_str("wasser"), ERR_OK,
		     ERR_OK,
		     json_pack("{s:s, s:o, s:o}", "label", "am1.path", "key",
			       vectors_hex(bytes_of(key.b, KEY_LEN)), "derived",
			       vectors_hex(bytes_of(derived.b, KEY_LEN))));
}

/* ---- signatures ---- */

struct signed_case {
	const char *name, *about;
	unsigned at; /* this byte of the signature is another; 64: none */
	uint8_t mask;
	enum sign_tag tag;
	uint8_t fed;
	enum err wants;
};

static void signatures(void **state)
{
	static const struct signed_case cases[] = {
		{"good", "a signature of a record", 64, 0, SIGN_TAG_RECORD, 7, ERR_OK},
		{"r-altered", "another R", 0, 1, SIGN_TAG_RECORD, 7, ERR_DENIED},
		{"s-altered", "another S", 32, 1, SIGN_TAG_RECORD, 7, ERR_DENIED},
		{"s-too-large", "S has its upper bits set", 63, 0xe0, SIGN_TAG_RECORD, 7,
		 ERR_DENIED},
		{"as-head", "what was signed as a record is checked as a head", 64, 0,
		 SIGN_TAG_HEAD, 7, ERR_DENIED},
		{"another-federation", "what was signed in one federation is checked in another",
		 64, 0, SIGN_TAG_RECORD, 8, ERR_DENIED},
	};
	const struct vectors v = group("docs/vectors/signatures/");
	const struct key seed = test_key(2);
	const struct fed_id signed_in = {{7}};
	const struct bytes payload = bytes_str("payload");
	struct sign_pk pk;
	struct sig good;
	sign_pk_of(&pk, &seed);
	sign_make(&good, &seed, SIGN_TAG_RECORD, &signed_in, payload);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct fed_id fed = {{cases[i].fed}};
		struct sig sig = good;
		if (cases[i].at < SIG_LEN)
			sig.b[cases[i].at] ^= cases[i].mask;
		vectors_case(&v, cases[i].name, cases[i].about, payload, cases[i].wants,
			     sign_check(&sig, &pk, cases[i].tag, &fed, payload),
			     json_pack("{s:s, s:o, s:o, s:o, s:o}", "tag",
				       cases[i].tag == SIGN_TAG_HEAD ? "am1.head" : "am1.record",
				       "federation", vectors_hex(id_bytes(&fed)), "seed",
				       vectors_hex(bytes_of(seed.b, KEY_LEN)), "public_key",
				       vectors_hex(id_bytes(&pk)), "signature",
				       vectors_hex(bytes_obj(&sig.b))));
	}
}

static void public_keys(void **state)
{
	static const struct {
		const char *name, *about, *key;
	} cases[] = {
		{"neutral", "the neutral element",
		 "0100000000000000000000000000000000000000000000000000000000000000"},
		{"order-8", "a point of order 8",
		 "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"},
		{"second-encoding", "y is p + 1",
		 "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
		{"off-the-curve", "y is 2",
		 "0200000000000000000000000000000000000000000000000000000000000000"},
		{"mixed-order", "a point that is not of prime order",
		 "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d"},
	};
	const struct vectors v = group("docs/vectors/public-keys/");
	const struct key seed = test_key(2);
	struct sign_pk pk;
	sign_pk_of(&pk, &seed);
	vectors_case(&v, "good", "a public key of Ed25519", id_bytes(&pk), ERR_OK,
		     sign_pk_admit(&pk), NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(hex_get(pk.b, ID_LEN, cases[i].key), ERR_OK);
		vectors_case(&v, cases[i].name, cases[i].about, id_bytes(&pk), ERR_DENIED,
			     sign_pk_admit(&pk), NULL);
	}
}

/* ---- encoding ---- */

static enum err value_read(struct bytes in)
{
	struct wire_in w = wire_in(in);
	struct buf out;
	buf_init(&out, in.len + 1);
	wire_any(&w, &out, 1);
	enum err err = wire_end(&w);
	assert_true(err || bytes_eq(buf_bytes(&out), in));
	/* Who skips a value is as strict as who reads it. */
	w = wire_in(in);
	wire_skip(&w, 1, 0);
	assert_int_equal(wire_end(&w), err);
	buf_fini(&out);
	return err;
}

static void encoding(void **state)
{
	static const struct {
		const char *name, *about, *hex;
		enum err wants;
	} cases[] = {
		{"integer", "the largest integer", "cfffffffffffffffff", ERR_OK},
		{"integer-in-two", "127 in two bytes", "cc7f", ERR_MALFORMED},
		{"integer-in-three", "255 in three bytes", "cd00ff", ERR_MALFORMED},
		{"integer-in-five", "65,535 in five bytes", "ce0000ffff", ERR_MALFORMED},
		{"integer-in-nine", "2^32 - 1 in nine bytes", "cf00000000ffffffff", ERR_MALFORMED},
		{"negative", "minus one", "ff", ERR_MALFORMED},
		{"signed", "one, as a signed integer", "d001", ERR_MALFORMED},
		{"float", "one half", "ca3f000000", ERR_MALFORMED},
		{"extension", "an extension type", "d40100", ERR_MALFORMED},
		{"never-used", "the byte that no type has", "c1", ERR_MALFORMED},
		{"nil", "nil", "c0", ERR_OK},
		{"boolean", "true", "c3", ERR_OK},
		{"bin", "three bytes", "c403616263", ERR_OK},
		{"bin-long-form", "three bytes with a length of two", "c50003616263",
		 ERR_MALFORMED},
		{"bin-cut", "four bytes, of which three are there", "c404616263", ERR_MALFORMED},
		{"text", "a text", "a4c3bc6265", ERR_OK},
		{"text-long-form", "a text of three with a length byte", "d903616263",
		 ERR_MALFORMED},
		{"text-not-utf8", "a text that is no UTF-8", "a2c328", ERR_MALFORMED},
		{"text-surrogate", "a text with half a surrogate pair", "a3eda080", ERR_MALFORMED},
		{"text-overlong", "a slash in two bytes", "a2c0af", ERR_MALFORMED},
		{"text-control", "a text with a bell", "a107", ERR_MALFORMED},
		{"array", "an array of two", "920102", ERR_OK},
		{"array-long-form", "an array of two with a count of two bytes", "dc00020102",
		 ERR_MALFORMED},
		{"array-short", "an array of three, of which two are there", "930102",
		 ERR_MALFORMED},
		{"array-count", "an array of 4,294,967,295", "ddffffffff", ERR_MALFORMED},
		{"map", "a map with rising keys", "8201c002c0", ERR_OK},
		{"map-order", "a map with falling keys", "8202c001c0", ERR_MALFORMED},
		{"map-twice", "a map with one key twice", "8201c001c0", ERR_MALFORMED},
		{"map-zero", "a map with the key 0", "8100c0", ERR_MALFORMED},
		{"map-text", "a map with a text as key", "81a161c0", ERR_MALFORMED},
		{"behind", "a value and a byte behind it", "c0c0", ERR_MALFORMED},
		{"nothing", "no byte at all", "", ERR_MALFORMED},
		{"deep", "eight arrays, one in the other", "9191919191919190", ERR_OK},
		{"too-deep", "nine arrays, one in the other", "919191919191919190", ERR_MALFORMED},
	};
	const struct vectors v = group("docs/vectors/encoding/");
	uint8_t bytes[64];
	for (size_t i = 0; i < COUNT(cases); i++) {
		const size_t len = strlen(cases[i].hex) / 2;
		assert_int_equal(hex_get(bytes, len, cases[i].hex), ERR_OK);
		vectors_case(&v, cases[i].name, cases[i].about, bytes_of(bytes, len),
			     cases[i].wants, value_read(bytes_of(bytes, len)), NULL);
	}
}

/* ---- texts ---- */

static void text_case(const struct vectors *v, const char *name, const char *about,
		      const char *text, enum err wants)
{
	struct buf body;
	buf_init(&body, ENVELOPE_LEN_MAX);
	enum err err = envelope_get(&body, ENVELOPE_GRANT, bytes_str(text));
	vectors_case(v, name, about, err ? bytes_of(NULL, 0) : buf_bytes(&body), wants, err,
		     json_pack("{s:s, s:s}", "letter", "g", "text", text));
	buf_fini(&body);
}

static void texts(void **state)
{
	const struct vectors v = group("docs/vectors/texts/");
	struct buf text;
	char mail[200], wrong[200], version[200];
	buf_init(&text, sizeof(mail));
	envelope_put(&text, ENVELOPE_GRANT, bytes_str("the body of a text"));
	buf_add_u8(&text, 0);
	const char *good = (const char *)text.ptr;
	const int half = (int)strlen(good) / 2;
	text_case(&v, "good", "a text, and the body that it has", good, ERR_OK);
	snprintf(mail, sizeof(mail), "> %.*s\r\n>  %s \"", half, good, good + half);
	text_case(&v, "mailed", "the same text, quoted and wrapped by a mail program", mail,
		  ERR_OK);
	snprintf(wrong, sizeof(wrong), "%s", good);
	wrong[half] = wrong[half] == 'A' ? 'B' : 'A';
	text_case(&v, "mistyped", "one letter is another", wrong, ERR_DENIED);
	snprintf(wrong, sizeof(wrong), "%.*s", (int)strlen(good) - 2, good);
	text_case(&v, "cut", "the last two letters are missing", wrong, ERR_DENIED);
	snprintf(version, sizeof(version), "allmende3%s", good + strlen("allmende2"));
	text_case(&v, "another-version", "the text of another version", version, ERR_VERSION);
	text_case(&v, "another-word", "it begins with another word", "almende2g-AAAA",
		  ERR_MALFORMED);
	buf_fini(&text);
}

static void papers(void **state)
{
	const struct vectors v = group("docs/vectors/root/");
	const struct key seed = test_key(3);
	struct key root, recovery, read;
	struct sign_pk pk;
	struct dh_pk dh_pk;
	char text[ROOT_TEXT_LEN + 1], lower[ROOT_TEXT_LEN + 1];
	root_text_put(text, &seed);
	root_sign_seed(&root, &seed);
	root_recovery_key(&recovery, &seed);
	sign_pk_of(&pk, &root);
	dh_pk_of(&dh_pk, &recovery);
	vectors_case(&v, "good", "a root seed, how it stands on paper, and the keys from it",
		     bytes_of(seed.b, KEY_LEN), ERR_OK, root_text_get(&read, text),
		     json_pack("{s:s, s:o, s:o, s:o, s:o}", "text", text, "root_seed",
			       vectors_hex(bytes_of(root.b, KEY_LEN)), "root_public_key",
			       vectors_hex(id_bytes(&pk)), "recovery_secret",
			       vectors_hex(bytes_of(recovery.b, KEY_LEN)), "recovery_public_key",
			       vectors_hex(id_bytes(&dh_pk))));
	for (size_t i = 0; i <= ROOT_TEXT_LEN; i++)
		lower[i] = text[i] == '-'                     ? ' '
			   : text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a')
			   : text[i] == '0'                   ? 'o'
			   : text[i] == '1'                   ? 'l'
							      : text[i];
	vectors_case(&v, "as-typed", "the same in small letters, with o for 0 and l for 1",
		     bytes_of(seed.b, KEY_LEN), ERR_OK, root_text_get(&read, lower),
		     json_pack("{s:s}", "text", lower));
	text[0] = text[0] == '2' ? '3' : '2';
	vectors_case(&v, "mistyped", "the first character is another", bytes_of(NULL, 0),
		     ERR_DENIED, root_text_get(&read, text), json_pack("{s:s}", "text", text));
}

static void six_words(void **state)
{
	const struct vectors v = group("docs/vectors/words/");
	const struct fed_id fed = {{1}};
	const struct org_id org = {{2}};
	struct opening opening = {.a = {{3}}, .b = {{4}}, .transport = {{5}}};
	struct digest commitment;
	char words[WORDS_TEXT_LEN];
	opening.request = bytes_str("payload of a request");
	opening_commit(&commitment, &opening.a);
	enum err err = opening_words(words, &opening, &fed, &org);
	vectors_case(&v, "good", "the six words of a request, whose payload is bytes",
		     opening.request, ERR_OK, err,
		     json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "federation",
			       vectors_hex(id_bytes(&fed)), "organisation",
			       vectors_hex(id_bytes(&org)), "a", vectors_hex(id_bytes(&opening.a)),
			       "b", vectors_hex(id_bytes(&opening.b)), "transport_key",
			       vectors_hex(id_bytes(&opening.transport)), "commitment",
			       vectors_hex(id_bytes(&commitment)), "words", words));
}

/* ---- paths ---- */

static void paths(void **state)
{
	static const struct {
		const char *name, *about, *path;
		enum err wants;
	} cases[] = {
		{"good", "three components", "lk-meissen/wasser/pegel_2.csv", ERR_OK},
		{"one", "one component, as a prefix may have", "lk-meissen", ERR_OK},
		{"hidden", "a hidden path", "lk-meissen/~abcdefghijklmnopqrstuvwxya", ERR_OK},
		{"hidden-below", "something below a hidden path",
		 "lk-meissen/~abcdefghijklmnopqrstuvwxya/x", ERR_MALFORMED},
		{"hidden-bits", "a hidden path whose last letter has bits too many",
		 "lk-meissen/~abcdefghijklmnopqrstuvwxyz", ERR_MALFORMED},
		{"large", "a capital letter", "lk-meissen/Wasser", ERR_MALFORMED},
		{"umlaut", "a letter that is none of a to z",
		 "lk-mei\xc3\x9f"
		 "en/wasser",
		 ERR_MALFORMED},
		{"slash-first", "a slash in front", "/lk-meissen/wasser", ERR_MALFORMED},
		{"slash-last", "a slash behind", "lk-meissen/wasser/", ERR_MALFORMED},
		{"slash-twice", "an empty component", "lk-meissen//wasser", ERR_MALFORMED},
		{"dots", "two dots", "lk-meissen/../wasser", ERR_MALFORMED},
		{"dot", "one dot", "lk-meissen/./wasser", ERR_MALFORMED},
		{"slug-hyphen", "a slug that ends with a hyphen", "lk-/wasser", ERR_MALFORMED},
		{"slug-dot", "a slug with a dot", "lk.meissen/wasser", ERR_MALFORMED},
	};
	const struct vectors v = group("docs/vectors/paths/");
	const struct org_id org = {{6}};
	const struct key root = test_key(4);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct bytes path = bytes_str(cases[i].path);
		json_t *more = json_pack("{s:s}", "path", cases[i].path);
		if (!cases[i].wants) {
			struct dataset_id dataset;
			struct key key;
			path_dataset_id(&dataset, &org, path);
			path_key(&key, &root, bytes_of(NULL, 0), path);
			json_object_set_new(more, "organisation", vectors_hex(id_bytes(&org)));
			json_object_set_new(more, "dataset", vectors_hex(id_bytes(&dataset)));
			json_object_set_new(more, "key_of_all",
					    vectors_hex(bytes_of(root.b, KEY_LEN)));
			json_object_set_new(more, "key", vectors_hex(bytes_of(key.b, KEY_LEN)));
		}
		vectors_case(&v, cases[i].name, cases[i].about, path, cases[i].wants,
			     path_check(path), more);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),      cmocka_unit_test(signatures),
		cmocka_unit_test(public_keys), cmocka_unit_test(encoding),
		cmocka_unit_test(texts),       cmocka_unit_test(papers),
		cmocka_unit_test(six_words),   cmocka_unit_test(paths),
	};

	writes = argc > 1 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
