/*
 * docs/vectors: cutting, packing, chunks, manifests, descriptions and versions; made here, and
 * compared with what stands there, or written anew (--write).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "proto/content/manifest.h"
#include "proto/content/pack.h"
#include "test/proto/federation.h"
#include "test/proto/vectors.h"

static bool writes;

static struct vectors group(const char *folder)
{
	return (struct vectors){.folder = folder, .writes = writes};
}

/* ---- cutting ---- */

enum { STREAM_LEN = 1 << 20 };

/* H(be32 0) || H(be32 1) || ...: anybody can make it. */
static void stream_make(uint8_t *out)
{
	for (uint32_t i = 0; i < STREAM_LEN / ID_LEN; i++) {
		uint8_t counter[4];
		be32_put(counter, i);
		hash_plain(out + (size_t)i * ID_LEN, bytes_obj(&counter));
	}
}

static json_t *cuts(const struct cut_table *table, const struct cut_key *key, struct bytes in)
{
	json_t *ends = json_array();
	struct cut cut;
	size_t at = 0;
	cut_init(&cut, table, key);
	while (at < in.len) {
		bool end;
		at += cut_feed(&cut, bytes_slice(in, at, in.len - at), &end);
		if (end || at == in.len)
			json_array_append_new(ends, json_integer((json_int_t)at));
	}
	return ends;
}

static void cutting(void **state)
{
	const struct vectors v = group("docs/vectors/cuts/");
	const struct cut_key key = {"cut key 16 bytes"};
	uint8_t *stream = mem_new(1, STREAM_LEN);
	struct cut_table table;
	cut_table_init(&table);
	stream_make(stream);
	vectors_case(
		&v, "by-content",
		"ends of the pieces of 1 MiB, which is H(be32 0), H(be32 1), ... joined; bytes "
		"is the cut key",
		bytes_obj(&key.b), ERR_OK, ERR_OK,
		json_pack("{s:o}", "ends", cuts(&table, &key, bytes_of(stream, STREAM_LEN))));
	vectors_case(
		&v, "fixed", "the same without its last five bytes, in tier hidden",
		bytes_obj(&key.b), ERR_OK, ERR_OK,
		json_pack("{s:o}", "ends", cuts(NULL, &key, bytes_of(stream, STREAM_LEN - 5))));
	free(stream);
}

/* ---- packing ---- */

static const char text[] = "Datum;Pegel;Ort\n2026-01-01;214;Meissen\n2026-01-02;214;Meissen\n"
			   "2026-01-03;214;Meissen\n2026-01-04;214;Meissen\n";

/* Header, packed bytes, and the padding that belongs to them. */
static void put_packed(struct buf *out, uint8_t mode, size_t raw_len, struct bytes packed)
{
	const size_t len = PACK_HEAD_LEN + packed.len;
	buf_reset(out);
	buf_add_u8(out, mode);
	buf_add_be32(out, (uint32_t)raw_len);
	buf_add_be32(out, (uint32_t)packed.len);
	buf_add(out, packed);
	memset(buf_space(out, pack_padme(len) - len), 0, pack_padme(len) - len);
}

/*
 * The text above in frames of zstd: with content size, with size and checksum, with neither. As
 * bytes, since what a library makes of a text changes with its version.
 */
static const char frame_sized[] =
	"28b52ffd206cb501009402446174756d3b506567656c3b4f72740a323032362d30312d30313b3231"
	"343b4d65697373656e3233340400e010a01c50ccba4d32";
static const char frame_checked[] =
	"28b52ffd246cb501009402446174756d3b506567656c3b4f72740a323032362d30312d30313b3231"
	"343b4d65697373656e3233340400e010a01c50ccba4d32d5a265f6";
static const char frame_unsized[] =
	"28b52ffd0000b501009402446174756d3b506567656c3b4f72740a323032362d30312d30313b3231"
	"343b4d65697373656e3233340400e010a01c50ccba4d32";

static struct bytes frame_make(uint8_t out[512], const char *hex)
{
	const size_t len = strlen(hex) / 2;
	assert_int_equal(hex_get(out, len, hex), ERR_OK);
	return bytes_of(out, len);
}

static void pack_case(const char *name, const char *about, const struct buf *packed, enum err wants)
{
	const struct vectors v = group("docs/vectors/packs/");
	struct packer *packer = packer_open();
	struct buf raw;
	buf_init(&raw, PACK_LEN_MAX);
	enum err err = unpack(packer, &raw, buf_bytes(packed), bytes_of(NULL, 0));
	vectors_case(&v, name, about, buf_bytes(packed), wants, err,
		     err ? NULL : json_pack("{s:o}", "plain", vectors_hex(buf_bytes(&raw))));
	buf_fini(&raw);
	packer_close(packer);
}

static void packing(void **state)
{
	/* a skippable frame of four bytes, by RFC 8878 */
	static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};
	const struct bytes raw = bytes_str(text);
	uint8_t bytes[512], more[512];
	struct buf packed;
	buf_init(&packed, 4096);
	put_packed(&packed, PACK_STORED, 5, bytes_str("hallo"));
	pack_case("stored", "a piece that is stored", &packed, ERR_OK);
	put_packed(&packed, PACK_STORED, 12, bytes_str("hallo, Elbe!"));
	packed.len--;
	pack_case("cut", "the last byte is missing", &packed, ERR_MALFORMED);
	put_packed(&packed, PACK_STORED, 12, bytes_str("hallo, Elbe!"));
	buf_add_u8(&packed, 0);
	pack_case("padded-on", "one zero more than the PADMÉ size", &packed, ERR_MALFORMED);
	put_packed(&packed, PACK_STORED, 20, bytes_str("hallo"));
	pack_case("stored-shorter", "mode 0, and a packed length that is not the raw length",
		  &packed, ERR_MALFORMED);
	put_packed(&packed, PACK_STORED, 0, bytes_of(NULL, 0));
	pack_case("empty", "a piece of no bytes", &packed, ERR_MALFORMED);
	put_packed(&packed, 3, raw.len, bytes_str("hallo"));
	pack_case("mode-3", "a mode there is none of", &packed, ERR_MALFORMED);
	struct bytes frame = frame_make(bytes, frame_sized);
	put_packed(&packed, PACK_ZSTD, raw.len, frame);
	pack_case("zstd", "one frame with its content size", &packed, ERR_OK);
	put_packed(&packed, PACK_ZSTD, raw.len + 1, frame);
	pack_case("zstd-other-size", "a content size that is not the raw length", &packed,
		  ERR_MALFORMED);
	memcpy(more, frame.ptr, frame.len);
	memcpy(more + frame.len, skippable, sizeof(skippable));
	put_packed(&packed, PACK_ZSTD, raw.len, bytes_of(more, frame.len + sizeof(skippable)));
	pack_case("zstd-and-skippable", "a skippable frame behind it", &packed, ERR_MALFORMED);
	memcpy(more, skippable, sizeof(skippable));
	memcpy(more + sizeof(skippable), frame.ptr, frame.len);
	put_packed(&packed, PACK_ZSTD, raw.len, bytes_of(more, frame.len + sizeof(skippable)));
	pack_case("skippable-and-zstd", "a skippable frame before it", &packed, ERR_MALFORMED);
	put_packed(&packed, PACK_ZSTD, raw.len, bytes_slice(frame, 0, frame.len - 1));
	pack_case("zstd-cut", "a frame whose last byte is missing", &packed, ERR_MALFORMED);
	put_packed(&packed, PACK_ZSTD, raw.len, frame_make(bytes, frame_checked));
	pack_case("zstd-checksum", "a frame with a checksum", &packed, ERR_OK);
	put_packed(&packed, PACK_ZSTD, raw.len, frame_make(bytes, frame_unsized));
	pack_case("zstd-no-size", "a frame that does not say its content size", &packed,
		  ERR_MALFORMED);
	buf_fini(&packed);
}

/* ---- chunks ---- */

struct chunk_case {
	const char *name, *about;
	size_t at; /* this byte of the chunk is another; SIZE_MAX: none */
	uint8_t mask;
	uint64_t epoch_number; /* of who opens it */
	bool of_good;          /* it comes under the address of the good one, not its own */
	enum err wants;
};

static void chunks(void **state)
{
	static const struct chunk_case cases[] = {
		{"good", "a chunk of content", SIZE_MAX, 0, 7, true, ERR_OK},
		{"other-bytes", "its bytes are not those of the address", 80, 1, 7, true,
		 ERR_CORRUPT},
		{"version-2", "a version to come", 0, 3, 7, false, ERR_VERSION},
		{"suite-2", "a suite to come", 1, 3, 7, false, ERR_VERSION},
		{"nonce", "another nonce", 2, 1, 7, false, ERR_DENIED},
		{"commitment", "another commitment", 26, 1, 7, false, ERR_DENIED},
		{"ciphertext", "another ciphertext", 60, 1, 7, false, ERR_DENIED},
		{"another-epoch", "opened as one of epoch 8", SIZE_MAX, 0, 8, true, ERR_DENIED},
	};
	const struct vectors v = group("docs/vectors/chunks/");
	const struct key dataset_key = test_key(5);
	struct packer *packer = packer_open();
	struct aead *aead = aead_open();
	struct random random = random_seeded(1);
	struct box_context context = {
		.dataset = {{1}}, .epoch_number = 7, .kind = BOX_KIND_CONTENT};
	struct box_keys keys;
	struct buf packed, good, chunk, out;
	hash_once(context.epoch_prefix.b, "am1.prefix", bytes_str("meissen/wasser"));
	box_keys_derive(&keys, &dataset_key);
	buf_init(&packed, 1 << 19);
	buf_init(&good, 1 << 19);
	buf_init(&chunk, 1 << 19);
	buf_init(&out, 1 << 19);
	/* Stored, as what zstd makes of it may change. */
	put_packed(&packed, PACK_STORED, strlen(text), bytes_str(text));
	box_seal(&good, aead, &keys, &context, buf_bytes(&packed), &random);
	assert_int_equal(good.err, ERR_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct chunk_addr addr;
		buf_reset(&chunk);
		buf_add(&chunk, buf_bytes(&good));
		if (cases[i].at != SIZE_MAX)
			chunk.ptr[cases[i].at] ^= cases[i].mask;
		box_addr(&addr, buf_bytes(cases[i].of_good ? &good : &chunk));
		context.epoch_number = cases[i].epoch_number;
		buf_reset(&out);
		enum err err = chunk_open(packer, &out, &keys, &context, &addr, buf_bytes(&chunk),
					  bytes_of(NULL, 0));
		vectors_case(&v, cases[i].name, cases[i].about, buf_bytes(&chunk), cases[i].wants,
			     err,
			     json_pack("{s:o, s:o, s:o, s:I, s:s, s:i, s:s}", "address",
				       vectors_hex(id_bytes(&addr)), "dataset_key",
				       vectors_hex(bytes_of(dataset_key.b, KEY_LEN)), "dataset",
				       vectors_hex(id_bytes(&context.dataset)), "epoch_number",
				       (json_int_t)cases[i].epoch_number, "epoch_prefix",
				       "meissen/wasser", "kind", 1, "plain", err ? "" : text));
	}
	box_keys_wipe(&keys);
	aead_close(aead);
	packer_close(packer);
	buf_fini(&packed);
	buf_fini(&good);
	buf_fini(&chunk);
	buf_fini(&out);
}

/* ---- manifests ---- */

static void manifest_make(struct manifest *m, const char *first, const char *second)
{
	const struct manifest_epoch epoch = {bytes_str("meissen/wasser"), 7};
	const struct chunk_ref ref = {.addr = {{1}}, .size = 1000, .plain_len = 20};
	struct manifest_file file = {.name = bytes_str(first)};
	manifest_init(m);
	m->dataset.b[0] = 1;
	m->number = 3;
	m->cut_key.b[0] = 3;
	buf_add(&m->epochs, bytes_obj(&epoch));
	buf_add(&m->chunks, bytes_obj(&ref));
	buf_add(&m->files, bytes_obj(&file));
	file = (struct manifest_file){.name = bytes_str(second),
				      .media_type = bytes_str("text/csv"),
				      .size = 20,
				      .modified_ms = 1700000000000,
				      .sha256 = {{2}}};
	buf_add(&m->files, bytes_obj(&file));
}

static void manifest_case(const char *name, const char *about, const struct manifest *m,
			  size_t tail, enum err wants)
{
	const struct vectors v = group("docs/vectors/manifests/");
	struct manifest read;
	struct buf out;
	buf_init(&out, 65536);
	manifest_encode(&out, m);
	assert_int_equal(out.err, ERR_OK);
	out.len -= tail;
	manifest_init(&read);
	enum err err = manifest_decode(&read, buf_bytes(&out));
	json_t *more = NULL;
	if (!err) {
		struct index_sum sum;
		struct index index;
		index_init(&index);
		manifest_index(&read, &index);
		assert_int_equal(index_sort(&index), ERR_OK);
		index_sum(&index, &sum);
		more = json_pack("{s:o, s:I, s:I}", "index_digest",
				 vectors_hex(id_bytes(&sum.digest)), "index_count",
				 (json_int_t)sum.count, "index_bytes", (json_int_t)sum.bytes);
		index_fini(&index);
	}
	vectors_case(&v, name, about, buf_bytes(&out), wants, err, more);
	manifest_fini(&read);
	buf_fini(&out);
}

static void name_case(const char *name, const char *about, const char *first, const char *second,
		      enum err wants)
{
	struct manifest m;
	manifest_make(&m, first, second);
	manifest_case(name, about, &m, 0, wants);
	manifest_fini(&m);
}

static void manifests(void **state)
{
	struct manifest m;
	name_case("good", "two files, one of them empty", "a.csv", "b/c.csv", ERR_OK);
	name_case("order", "names in falling order", "b.csv", "a.csv", ERR_MALFORMED);
	name_case("twice", "one name twice", "a.csv", "a.csv", ERR_MALFORMED);
	name_case("slash-first", "a name that begins with a slash", "/a.csv", "b.csv",
		  ERR_MALFORMED);
	name_case("dots", "a name with two dots as component", "../a.csv", "b.csv", ERR_MALFORMED);
	name_case("unseen", "a name with a character that turns the writing direction",
		  "a\xe2\x80\xae.csv", "b.csv", ERR_MALFORMED);
	manifest_make(&m, "a.csv", "b.csv");
	((struct chunk_ref *)(void *)m.chunks.ptr)[0].epoch = 1;
	manifest_case("epoch", "a chunk of an epoch that is not listed", &m, 0, ERR_MALFORMED);
	manifest_fini(&m);
	manifest_make(&m, "a.csv", "b.csv");
	((struct manifest_file *)(void *)m.files.ptr)[1].size = 21;
	manifest_case("size", "a file that is longer than its chunks", &m, 0, ERR_MALFORMED);
	manifest_fini(&m);
	manifest_make(&m, "a.csv", "b.csv");
	manifest_case("cut", "the last byte is missing", &m, 1, ERR_MALFORMED);
	manifest_fini(&m);
}

/* ---- descriptions ---- */

static void descriptions(void **state)
{
	static const struct {
		const char *name, *about, *hex;
		enum err wants;
	} cases[] = {
		{"empty", "nothing is said", "80", ERR_OK},
		{"title", "a title", "8101a5506567656c", ERR_OK},
		{"lines", "a description of two lines", "8102a3610a62", ERR_OK},
		{"unknown-key", "a title, and a key to come with an array: ignored",
		 "8201a178259205c0", ERR_OK},
		{"unknown-key-cut", "a key to come whose value is cut off", "8201a1782592",
		 ERR_MALFORMED},
		{"empty-title", "a title of no bytes", "8101a0", ERR_MALFORMED},
		{"title-of-two-lines", "a line feed in the title", "8101a3610a62", ERR_MALFORMED},
		{"title-as-number", "a number as title", "810105", ERR_MALFORMED},
		{"no-keywords", "an array of no keywords", "810390", ERR_MALFORMED},
		{"zero", "no files, and said so", "810900", ERR_MALFORMED},
		{"key-0", "the key 0", "8100a178", ERR_MALFORMED},
		{"order", "a publisher before a title", "820ba17801a178", ERR_MALFORMED},
		{"themes", "three themes: one, and two further",
		 "8204a4454e56490e92a45452414ea4474f5645", ERR_OK},
		{"themes-without-a-first", "a further theme behind none", "810e91a45452414e",
		 ERR_MALFORMED},
		{"theme-with-a-blank", "a further theme that is no code",
		 "8204b1556d77656c7420756e64205761737365720e91b05665726b656872"
		 "20756e642057656765",
		 ERR_MALFORMED},
		{"place", "a place: key, name, box",
		 "8314a8313436323731343015a74d6569c39f656e1694ce734b1360ce541b"
		 "ad60ce735d62e0ce54296900",
		 ERR_OK},
		{"box-across-the-180th-meridian", "a box that is west of its west",
		 "811694ced4c9e080ce5c631f80ce01c9c380ce5f5e1000", ERR_OK},
		{"box-upside-down", "a box whose south is above its north", "81169400020101",
		 ERR_MALFORMED},
		{"box-too-far", "a box that ends behind 180 degrees", "8116940000ced693a40101",
		 ERR_MALFORMED},
		{"box-of-three", "a box of three numbers", "811693000001", ERR_MALFORMED},
		{"key-of-seven-digits", "a key of a place that none has", "8114a731343632373134",
		 ERR_MALFORMED},
		{"dates", "time covered, from a year to a second",
		 "8217a43138383118b4323032342d30322d32395432333a35393a35395a", ERR_OK},
		{"day-that-is-none", "the 29th of February of 2025", "8117aa323032352d30322d3239",
		 ERR_MALFORMED},
		{"date-of-another-form", "a date as people write it", "8117aa33312e31322e32303236",
		 ERR_MALFORMED},
		{"contact", "a contact in parts, with a line feed nowhere",
		 "8406a8536368756c616d7411b6736368756c65406d65697373656e2e6578"
		 "616d706c6512b868747470733a2f2f6d65697373656e2e6578616d706c65"
		 "2f13ae2b34392033353231203436372d30",
		 ERR_OK},
		{"two-ats", "a mail address with two @", "8111a56140624063", ERR_MALFORMED},
		{"page-without-a-scheme", "a page that is no IRI",
		 "8120b37777772e6d65697373656e2e6578616d706c65", ERR_MALFORMED},
		{"page-with-a-blank", "an IRI with a blank",
		 "8110b568747470733a2f2f612e6578616d706c652f622063", ERR_MALFORMED},
		{"telephone-with-letters", "a telephone number that has letters",
		 "8113a83038303020414243", ERR_MALFORMED},
		{"codes", "frequency, categories, level, languages, access, availability",
		 "8619a531354d494e1b91aa635f34336638383334361dac6d756e69636970"
		 "616c6974791f92a3444555a348534221a65055424c494322a6535441424c"
		 "45",
		 ERR_OK},
		{"law-and-contributor", "legislation and a contributor ID",
		 "821c91d92e687474703a2f2f646174612e6575726f70612e65752f656c69"
		 "2f7265675f696d706c2f323032332f3133382f6f6a1e91d933687474703a"
		 "2f2f646361742d61702e64652f6465662f636f6e7472696275746f72732f"
		 "6672656973746161745361636873656e",
		 ERR_OK},
		{"provenance", "how the data came about, in two lines",
		 "8123b967656d656c6465740a766f6e2064656e205472c3a46765726e", ERR_OK},
		{"defaults", "a licence from the settings, and no contact from there",
		 "8205ac646c2d62792d64652f322e3024ce00010010", ERR_OK},
		{"defaults-of-nothing", "no defaults, and said so", "812400", ERR_MALFORMED},
	};
	const struct vectors v = group("docs/vectors/descriptions/");
	uint8_t bytes[256];
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct description description;
		const size_t len = strlen(cases[i].hex) / 2;
		assert_int_equal(hex_get(bytes, len, cases[i].hex), ERR_OK);
		vectors_case(&v, cases[i].name, cases[i].about, bytes_of(bytes, len),
			     cases[i].wants, description_decode(&description, bytes_of(bytes, len)),
			     NULL);
	}
}

/* ---- versions ---- */

static void version_make(struct version *version, enum tier tier, struct buf *parts)
{
	static const uint8_t sealed[200] = {7};
	const struct index_entry part = {.addr = {{9}}, .size = 200};
	buf_reset(parts);
	version_part_put(parts, &part);
	*version = (struct version){
		.path = bytes_str("meissen/wasser/pegel"),
		.tier = tier,
		.epoch_prefix = bytes_str(tier == TIER_OPEN      ? "meissen/wasser/pegel"
					  : tier == TIER_GRANTED ? "meissen/wasser"
								 : ""),
		.epoch_number = 3,
		.number = 7,
		.key_check = {{8}},
		.description =
			tier == TIER_OPEN ? bytes_str("\x81\x01\xa5Pegel") : bytes_obj(&sealed),
		.description_key = tier == TIER_GRANTED ? 2 : 0,
		.manifest = buf_bytes(parts),
		.manifest_count = 1,
		.index = {.digest = {{1}}, .count = 1, .bytes = 200},
	};
	if (tier == TIER_OPEN)
		version->dataset_key = test_key(6);
}

static void version_case(const char *name, const char *about, const struct version *version,
			 enum err wants)
{
	const struct vectors v = group("docs/vectors/versions/");
	struct version read;
	struct buf body;
	buf_init(&body, 65536);
	version_encode(&body, version);
	assert_int_equal(body.err, ERR_OK);
	vectors_case(&v, name, about, buf_bytes(&body), wants,
		     version_decode(&read, buf_bytes(&body)), NULL);
	buf_fini(&body);
}

static void versions(void **state)
{
	struct version v;
	struct buf parts;
	buf_init(&parts, 1024);
	version_make(&v, TIER_OPEN, &parts);
	version_case("open", "a body of tier open", &v, ERR_OK);
	v.epoch_prefix = bytes_str("meissen/wasser");
	version_case("open-of-a-prefix", "tier open under another path", &v, ERR_MALFORMED);
	version_make(&v, TIER_MEMBERS, &parts);
	version_case("members", "a body of tier members", &v, ERR_OK);
	v.epoch_prefix = bytes_str("meissen");
	version_case("members-of-a-prefix", "tier members with an epoch prefix", &v, ERR_MALFORMED);
	version_make(&v, TIER_GRANTED, &parts);
	version_case("granted", "a body of tier granted", &v, ERR_OK);
	v.epoch_prefix = bytes_str("meissen/wasse");
	version_case("granted-of-another-prefix", "an epoch that is not at or above the path", &v,
		     ERR_MALFORMED);
	version_make(&v, TIER_MEMBERS, &parts);
	v.tier = TIER_HIDDEN;
	version_case("hidden-on-a-plain-path", "tier hidden on a path that is not hidden", &v,
		     ERR_MALFORMED);
	version_make(&v, TIER_MEMBERS, &parts);
	v.number = 0;
	version_case("number-0", "number 0", &v, ERR_MALFORMED);
	version_make(&v, TIER_MEMBERS, &parts);
	v.index.count = 0;
	version_case("no-index", "an index of no chunks", &v, ERR_MALFORMED);
	version_make(&v, TIER_MEMBERS, &parts);
	v.path = bytes_str("meissen/Wasser");
	version_case("path", "a path of no form", &v, ERR_MALFORMED);
	buf_fini(&parts);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cutting),      cmocka_unit_test(packing),
		cmocka_unit_test(chunks),       cmocka_unit_test(manifests),
		cmocka_unit_test(descriptions), cmocka_unit_test(versions),
	};

	writes = argc > 1 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
