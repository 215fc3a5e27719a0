/* manifest: files and chunks, and which lists of them are refused. */
#include "test/crypto/helpers.h"

#include "crypto/limits.h"
#include "crypto/selftest.h"
#include "proto/content/manifest.h"
#include "test/proto/content/same_files.h"
#include "proto/wire/wire_out.h"

#define CHUNK 20000

static struct chunk_ref ref_of(uint8_t first, uint32_t plain_len)
{
	struct chunk_ref ref = {.size = 1000 + first, .plain_len = plain_len};
	ref.addr.b[0] = first;
	return ref;
}

static void epoch_add(struct manifest *m, const char *prefix, uint64_t number)
{
	struct manifest_epoch epoch = {bytes_str(prefix), number};
	buf_add(&m->epochs, bytes_obj(&epoch));
}

static void chunk_add(struct manifest *m, struct chunk_ref ref, const struct chunk_ref *bases,
		      uint8_t base_count)
{
	ref.base_first = (uint32_t)(m->bases.len / sizeof(ref));
	ref.base_count = base_count;
	for (uint8_t i = 0; i < base_count; i++)
		buf_add(&m->bases, bytes_obj(&bases[i]));
	buf_add(&m->chunks, bytes_obj(&ref));
}

static void file_add(struct manifest *m, const char *name, uint64_t size, uint64_t offset)
{
	struct manifest_file file = {.name = bytes_str(name),
				     .media_type = bytes_str("text/csv"),
				     .size = size,
				     .modified_ms = 5,
				     .offset = offset};
	file.sha256.b[0] = (uint8_t)size;
	buf_add(&m->files, bytes_obj(&file));
}

/* Three files: an empty one, and two that share a chunk; the last chunk is a delta of two bases. */
static void sample_make(struct manifest *m)
{
	struct chunk_ref bases[2] = {ref_of(8, 5), ref_of(9, 6)};
	bases[0].epoch = 1;
	manifest_init(m);
	m->dataset.b[0] = 1;
	m->number = 3;
	m->has_previous = true;
	m->previous.b[0] = 2;
	m->cut_key.b[0] = 3;
	epoch_add(m, "", 5);
	epoch_add(m, "", 4);
	chunk_add(m, ref_of(1, CHUNK), NULL, 0);
	chunk_add(m, ref_of(2, CHUNK), NULL, 0);
	chunk_add(m, ref_of(3, 7), bases, 2);
	file_add(m, "a", 0, 0);
	file_add(m, "b/c", CHUNK + 1, 0);
	file_add(m, "b0", CHUNK + 6, CHUNK + 1);
}

static struct manifest_file *file_at(struct manifest *m, unsigned i)
{
	return (struct manifest_file *)(void *)m->files.ptr + i;
}

static struct chunk_ref *chunk_at(struct manifest *m, unsigned i)
{
	return (struct chunk_ref *)(void *)m->chunks.ptr + i;
}

static struct chunk_ref *base_at(struct manifest *m, unsigned i)
{
	return (struct chunk_ref *)(void *)m->bases.ptr + i;
}

/* Encodes and decodes; the manifest found is released by the caller. */
static enum err decode_again(const struct manifest *m, struct buf *out, struct manifest *found)
{
	buf_init(out, 1 << 20);
	manifest_encode(out, m);
	assert_ok(out->err);
	manifest_init(found);
	return manifest_decode(found, buf_bytes(out));
}

static void files_and_chunks_come_back(void **state)
{
	struct manifest m, found;
	struct buf out, again;
	sample_make(&m);
	assert_ok(decode_again(&m, &out, &found));
	assert_true(id_eq(&found.dataset, &m.dataset) && id_eq(&found.previous, &m.previous));
	assert_memory_equal(found.cut_key.b, m.cut_key.b, CUT_KEY_LEN);
	assert_int_equal(found.number, 3);
	assert_int_equal(manifest_epoch_count(&found), 2);
	assert_int_equal(manifest_epoch(&found, 1)->number, 4);
	assert_int_equal(manifest_file_count(&found), 3);
	assert_int_equal(manifest_bytes(&found), 2 * CHUNK + 7);
	const struct manifest_file *file = manifest_find(&found, bytes_str("b/c"));
	assert_non_null(file);
	assert_true(bytes_eq(file->media_type, bytes_str("text/csv")));
	assert_int_equal(file->chunk_count, 2);
	assert_int_equal(manifest_chunk(&found, file, 1)->addr.b[0], 2);
	file = manifest_find(&found, bytes_str("b0"));
	assert_non_null(file);
	assert_int_equal(file->chunk_count, 2);
	const struct chunk_ref *delta = manifest_chunk(&found, file, 1);
	const struct chunk_ref *shared = manifest_chunk(&found, file, 0);
	const uint8_t plain[CHUNK] = {0};
	struct bytes part = manifest_part(file, shared, bytes_obj(&plain));
	assert_ptr_equal(part.ptr, plain + 1);
	assert_int_equal(part.len, CHUNK - 1);
	part = manifest_part(&(struct manifest_file){.offset = CHUNK, .size = 1}, shared,
			     bytes_obj(&plain));
	assert_ptr_equal(part.ptr, plain);
	assert_int_equal(part.len, 1);
	assert_int_equal(delta->base_count, 2);
	assert_int_equal(manifest_base(&found, delta, 0)->epoch, 1);
	assert_int_equal(manifest_base(&found, delta, 1)->addr.b[0], 9);
	assert_null(manifest_find(&found, bytes_str("b")));
	assert_null(manifest_find(&found, bytes_str("z")));
	buf_init(&again, 1 << 20);
	manifest_encode(&again, &found);
	assert_true(bytes_eq(buf_bytes(&again), buf_bytes(&out)));
	assert_true(same_files(&m, &found));
	buf_fini(&again);
	buf_fini(&out);
	manifest_fini(&m);
	manifest_fini(&found);
}

static void name_rising(struct manifest *m)
{
	file_at(m, 2)->name = bytes_str("b/b");
}
static void name_twice(struct manifest *m)
{
	file_at(m, 2)->name = bytes_str("b/c");
}
static void name_parent(struct manifest *m)
{
	file_at(m, 2)->name = bytes_str("b0/../../x");
}
static void name_latin1(struct manifest *m)
{
	file_at(m, 2)->name = bytes_str("b\xe4");
}
static void size_more(struct manifest *m)
{
	file_at(m, 1)->size++;
}
static void size_none(struct manifest *m)
{
	file_at(m, 0)->size = 1;
}
static void piece_short(struct manifest *m)
{
	chunk_at(m, 0)->plain_len = LIMIT_CHUNK_PLAIN_MIN - 1;
	file_at(m, 1)->size = file_at(m, 2)->offset = LIMIT_CHUNK_PLAIN_MIN;
}
static void piece_long(struct manifest *m)
{
	chunk_at(m, 2)->plain_len = LIMIT_CHUNK_PLAIN_MAX + 1;
	file_at(m, 2)->size = CHUNK + LIMIT_CHUNK_PLAIN_MAX;
}
static void piece_empty(struct manifest *m)
{
	chunk_at(m, 2)->plain_len = 0;
	file_at(m, 2)->size = CHUNK - 1;
}
static void files_apart(struct manifest *m)
{
	file_at(m, 2)->offset++;
	file_at(m, 2)->size--;
}
static void files_overlap(struct manifest *m)
{
	file_at(m, 2)->offset--;
	file_at(m, 2)->size++;
}
static void file_left_out(struct manifest *m)
{
	m->files.len -= sizeof(struct manifest_file);
}
static void file_without_end(struct manifest *m)
{
	file_at(m, 2)->size = UINT64_MAX - CHUNK;
}
static void empty_somewhere(struct manifest *m)
{
	file_at(m, 0)->offset = 1;
}
static void sealed_small(struct manifest *m)
{
	chunk_at(m, 0)->size = 83;
}
static void sealed_large(struct manifest *m)
{
	chunk_at(m, 0)->size = LIMIT_CHUNK_LEN_MAX + 1;
}
static void epoch_unknown(struct manifest *m)
{
	chunk_at(m, 0)->epoch = 2;
}
static void base_epoch_unknown(struct manifest *m)
{
	base_at(m, 1)->epoch = 2;
}
static void base_empty(struct manifest *m)
{
	base_at(m, 1)->plain_len = 0;
}
static void base_small(struct manifest *m)
{
	base_at(m, 0)->size = 0;
}
static void bases_five(struct manifest *m)
{
	struct chunk_ref base = ref_of(7, 7);
	for (unsigned i = 0; i < 3; i++)
		buf_add(&m->bases, bytes_obj(&base));
	chunk_at(m, 2)->base_count = 5;
}
static void epochs_none(struct manifest *m)
{
	m->epochs.len = 0;
}
static void epoch_zero(struct manifest *m)
{
	epoch_add(m, "", 0);
}
static void epoch_no_path(struct manifest *m)
{
	epoch_add(m, "meissen//wasser", 1);
}
static void epochs_many(struct manifest *m)
{
	for (unsigned i = 2; i <= MANIFEST_EPOCH_COUNT_MAX; i++)
		epoch_add(m, "", i);
}
static void number_zero(struct manifest *m)
{
	m->number = 0;
}

static void lists_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *name;
		void (*set)(struct manifest *);
	} cases[] = {
		{"names that fall", name_rising},
		{"a name twice", name_twice},
		{"a name with ..", name_parent},
		{"a name that is not UTF-8", name_latin1},
		{"more bytes than the chunks have", size_more},
		{"bytes without chunks", size_none},
		{"a byte of no file", files_apart},
		{"a byte of two files", files_overlap},
		{"chunks of no file", file_left_out},
		{"a file beyond all numbers", file_without_end},
		{"an empty file that has a place", empty_somewhere},
		{"a short piece that is not the last", piece_short},
		{"a piece too long", piece_long},
		{"an empty piece", piece_empty},
		{"a chunk too small", sealed_small},
		{"a chunk too large", sealed_large},
		{"an epoch that is not in the list", epoch_unknown},
		{"a base of an epoch that is not in the list", base_epoch_unknown},
		{"an empty base", base_empty},
		{"a base too small", base_small},
		{"five bases", bases_five},
		{"no epochs", epochs_none},
		{"epoch 0", epoch_zero},
		{"an epoch of no path", epoch_no_path},
		{"257 epochs", epochs_many},
		{"version 0", number_zero},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct manifest m, found;
		struct buf out;
		sample_make(&m);
		cases[i].set(&m);
		if (decode_again(&m, &out, &found) != ERR_MALFORMED)
			fail_msg("accepted: %s", cases[i].name);
		buf_fini(&out);
		manifest_fini(&m);
		manifest_fini(&found);
	}
}

static void a_cut_off_manifest_is_refused(void **state)
{
	struct manifest m, found;
	struct buf out;
	sample_make(&m);
	assert_ok(decode_again(&m, &out, &found));
	manifest_fini(&found);
	for (size_t len = 0; len < out.len; len++) {
		manifest_init(&found);
		assert_err(manifest_decode(&found, bytes_slice(buf_bytes(&out), 0, len)),
			   ERR_MALFORMED);
		manifest_fini(&found);
	}
	buf_fini(&out);
	manifest_fini(&m);
}

/* A count of a million files in a few bytes takes no memory. */
static void claims_take_no_memory(void **state)
{
	struct manifest m, found;
	struct buf out;
	sample_make(&m);
	m.files.len = m.chunks.len = m.bases.len = 0;
	assert_ok(decode_again(&m, &out, &found));
	manifest_fini(&found);
	out.len -= 2; /* the heads of the empty lists of files and chunks */
	out_array(&out, LIMIT_FILE_COUNT_MAX);
	memset(buf_space(&out, 500000), 0xc0, 500000);
	manifest_init(&found);
	assert_err(manifest_decode(&found, buf_bytes(&out)), ERR_MALFORMED);
	assert_true(found.files.cap + found.chunks.cap + found.bases.cap < 1000);
	manifest_fini(&found);
	buf_fini(&out);
	manifest_fini(&m);
}

static void file_names(void **state)
{
	static const char *const good[] = {"a",    "a/b/c", "a.",       "ä ö.csv",
					   "a\\b", "-",     "a.b/c..d", "a/",
					   ".a",   "..a",   ".bashrc",  "a/.htaccess/b"};
	static const char *const bad[] = {
		"", "/", "/a", "a//", "a//b", ".", "..", "./a", "a/.", "../a", "a/../b", "a/..",
		"a\nb", "\xff", "a/\x01",
		/* what steers a terminal, or makes one name look like another */
		"a\xc2\x9b"
		"31m",
		"\xe2\x80\xaevsc.exe",
		"a\xe2\x80\x8b"
		"b",
		"\xef\xbb\xbf"
		"a",
		"a\x7f",
		"a\xe2\x81\xa6"
		"b",
		"a\xf3\xa0\x81\x81", "a\xd8\x9c"};
	char longest[LIMIT_FILE_NAME_LEN_MAX + 1];
	for (size_t i = 0; i < COUNT(good); i++)
		assert_ok(manifest_name_check(bytes_str(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (manifest_name_check(bytes_str(bad[i])) != ERR_MALFORMED)
			fail_msg("accepted: %s", bad[i]);
	/* parts of 255 bytes, and 1,024 together */
	memset(longest, 'x', sizeof(longest));
	assert_err(manifest_name_check(bytes_of(longest, 256)), ERR_MALFORMED);
	for (size_t i = 255; i < sizeof(longest) - 1; i += 256)
		longest[i] = '/';
	assert_ok(manifest_name_check(bytes_of(longest, sizeof(longest) - 1)));
	longest[sizeof(longest) - 2] = 'x';
	assert_err(manifest_name_check(bytes_of(longest, sizeof(longest) - 1)), ERR_MALFORMED);
	longest[900] = '/';
	assert_ok(manifest_name_check(bytes_of(longest, sizeof(longest) - 1)));
	assert_err(manifest_name_check(bytes_of(longest, sizeof(longest))), ERR_MALFORMED);
	/* 64 folders */
	for (size_t i = 0; i <= LIMIT_FILE_DEPTH_MAX; i++)
		memcpy(longest + 2 * i, "t/", 2);
	assert_ok(manifest_name_check(bytes_of(longest, 2 * LIMIT_FILE_DEPTH_MAX + 1)));
	assert_ok(manifest_name_check(bytes_of(longest, 2 * LIMIT_FILE_DEPTH_MAX + 2)));
	longest[2 * LIMIT_FILE_DEPTH_MAX + 2] = 't';
	assert_err(manifest_name_check(bytes_of(longest, 2 * LIMIT_FILE_DEPTH_MAX + 3)),
		   ERR_MALFORMED);
	assert_err(manifest_name_check(bytes_of("a\0b", 3)), ERR_MALFORMED);
}

/* Whether a manifest with files of these names is read. */
static bool names_are_read(const char *const *names, size_t count)
{
	struct manifest m, found;
	struct buf out;

	sample_make(&m);
	m.files.len = m.chunks.len = m.bases.len = 0;
	for (size_t i = 0; i < count; i++) {
		file_add(&m, names[i], 0, 0);
		if (manifest_is_folder(file_at(&m, (unsigned)i))) {
			file_at(&m, (unsigned)i)->media_type = bytes_of(NULL, 0);
			file_at(&m, (unsigned)i)->modified_ms = 0;
		}
	}
	enum err err = decode_again(&m, &out, &found);
	if (!err)
		assert_int_equal(manifest_file_count(&found), count);
	manifest_fini(&found);
	buf_fini(&out);
	manifest_fini(&m);
	return !err;
}

#define NAMES_ARE_READ(...)                                                                        \
	names_are_read((const char *const[]){__VA_ARGS__},                                         \
		       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void a_file_is_no_folder(void **state)
{
	assert_true(NAMES_ARE_READ("a", "a-", "a.b", "a0"));
	assert_true(NAMES_ARE_READ("a-", "a/", "a0"));
	assert_true(NAMES_ARE_READ("a/b/", "a/c", "b/"));
	assert_true(NAMES_ARE_READ("a", "aa", "aab", "b/a"));
	assert_false(NAMES_ARE_READ("a", "a/b"));
	assert_false(NAMES_ARE_READ("a", "a-", "a.b", "a/b/c"));
	assert_false(NAMES_ARE_READ("a", "a-", "a/"));
	assert_false(NAMES_ARE_READ("a/", "a/b"));
	assert_false(NAMES_ARE_READ("a/", "a/b/"));
	assert_false(NAMES_ARE_READ("a/b", "a/b.c", "a/b/c"));
	assert_false(NAMES_ARE_READ("a", "a"));
}

/* What has no bytes has neither type nor time. */
static void an_empty_folder_is_bare(void **state)
{
	for (unsigned fault = 0; fault < 4; fault++) {
		struct manifest m, found;
		struct buf out;

		sample_make(&m);
		file_at(&m, 0)->name = bytes_str("a/");
		file_at(&m, 0)->media_type = bytes_str(fault == 1 ? "text/csv" : "");
		file_at(&m, 0)->modified_ms = fault == 2;
		if (fault == 3) {
			file_at(&m, 0)->size = CHUNK;
			file_at(&m, 1)->size = 1;
			file_at(&m, 1)->offset = CHUNK;
		}
		assert_err(decode_again(&m, &out, &found), fault ? ERR_MALFORMED : ERR_OK);
		if (!fault) {
			assert_true(manifest_is_folder(manifest_file(&found, 0)));
			assert_int_equal(manifest_real_count(&found), 2);
		}
		manifest_fini(&found);
		buf_fini(&out);
		manifest_fini(&m);
	}
}

static void swelling(void **state)
{
	const uint64_t free = LIMIT_SWELL_FREE_BYTES;

	assert_false(manifest_swells(0, 0));
	assert_false(manifest_swells(free, 0));
	assert_false(manifest_swells(free + 999, 0));
	assert_true(manifest_swells(free + 1000, 0));
	assert_true(manifest_swells(UINT64_C(4200000000), 732));
	assert_false(manifest_swells(free + 732 * 1000, 732));
	assert_true(manifest_swells(free + 733 * 1000, 732));
	assert_true(manifest_swells(UINT64_MAX, 1000000));
	assert_false(manifest_swells(UINT64_MAX, UINT64_MAX));
}

/* The version that fits the sample, with one chunk of its own. */
static void version_make(struct version *v, struct buf *parts, const struct manifest *m)
{
	struct index_entry part = {.addr = {{77}}, .size = 600};
	struct index index;
	memset(v, 0, sizeof(*v));
	buf_init(parts, 1000);
	version_part_put(parts, &part);
	v->number = m->number;
	v->has_replaces = m->has_previous;
	v->replaces = m->previous;
	v->manifest = buf_bytes(parts);
	v->manifest_count = 1;
	index_init(&index);
	manifest_index(m, &index);
	index_add(&index, &part.addr, part.size);
	assert_ok(index_sort(&index));
	index_sum(&index, &v->index);
	/* three chunks, two bases, one of the manifest */
	assert_int_equal(v->index.count, 6);
	index_fini(&index);
}

static void a_manifest_belongs_to_its_version(void **state)
{
	struct manifest m;
	struct version v, right;
	struct buf parts;
	sample_make(&m);
	version_make(&right, &parts, &m);
	struct dataset_id dataset = m.dataset, other = {{99}};
	assert_ok(manifest_check(&m, &right, &dataset));
	assert_err(manifest_check(&m, &right, &other), ERR_MALFORMED);
	v = right;
	v.number++;
	assert_err(manifest_check(&m, &v, &dataset), ERR_MALFORMED);
	v = right;
	v.has_replaces = false;
	assert_err(manifest_check(&m, &v, &dataset), ERR_MALFORMED);
	v = right;
	v.replaces.b[5]++;
	assert_err(manifest_check(&m, &v, &dataset), ERR_MALFORMED);
	/* a chunk more, a chunk less, another size: never the same index */
	base_at(&m, 0)->addr.b[1]++;
	assert_err(manifest_check(&m, &right, &dataset), ERR_MALFORMED);
	base_at(&m, 0)->addr.b[1]--;
	chunk_at(&m, 0)->size++;
	assert_err(manifest_check(&m, &right, &dataset), ERR_MALFORMED);
	chunk_at(&m, 0)->size--;
	chunk_at(&m, 2)->base_count--;
	assert_err(manifest_check(&m, &right, &dataset), ERR_MALFORMED);
	chunk_at(&m, 2)->base_count++;
	/* one address with two sizes */
	base_at(&m, 0)->addr = chunk_at(&m, 0)->addr;
	assert_err(manifest_check(&m, &right, &dataset), ERR_MALFORMED);
	buf_fini(&parts);
	manifest_fini(&m);
}

static void same_files_are_the_same_names_and_contents(void **state)
{
	struct manifest a, b;
	sample_make(&a);
	sample_make(&b);
	b.number = 4;
	file_at(&b, 0)->modified_ms++;
	chunk_at(&b, 0)->addr.b[9]++;
	assert_true(same_files(&a, &b));
	file_at(&b, 0)->name = bytes_str("A");
	assert_false(same_files(&a, &b));
	file_at(&b, 0)->name = file_at(&a, 0)->name;
	file_at(&b, 1)->sha256.b[31]++;
	assert_false(same_files(&a, &b));
	file_at(&b, 1)->sha256.b[31]--;
	file_at(&b, 1)->size++;
	assert_false(same_files(&a, &b));
	file_at(&b, 1)->size--;
	assert_true(same_files(&a, &b));
	b.files.len -= sizeof(struct manifest_file);
	assert_false(same_files(&a, &b));
	manifest_fini(&a);
	manifest_fini(&b);
}

static int setup(void **state)
{
	const char *what;
	return selftest_run(&what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_and_chunks_come_back),
		cmocka_unit_test(lists_that_make_no_sense_are_refused),
		cmocka_unit_test(a_cut_off_manifest_is_refused),
		cmocka_unit_test(claims_take_no_memory),
		cmocka_unit_test(file_names),
		cmocka_unit_test(a_file_is_no_folder),
		cmocka_unit_test(an_empty_folder_is_bare),
		cmocka_unit_test(swelling),
		cmocka_unit_test(a_manifest_belongs_to_its_version),
		cmocka_unit_test(same_files_are_the_same_names_and_contents),
	};
	return cmocka_run_group_tests_name("manifest", tests, setup, NULL);
}
