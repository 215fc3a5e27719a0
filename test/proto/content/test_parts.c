/* parts: many files in one stream, in blocks of whatever length; or a clear refusal. */
#include "test/crypto/helpers.h"
#include "test/store/store_test.h"

#include "crypto/check.h"
#include "proto/wire/wire_out.h"
#include "test/proto/content/parts_read.h"

static void part_add(struct buf *out, struct bytes bytes)
{
	buf_add_be32(out, (uint32_t)bytes.len);
	buf_add(out, bytes);
}

static void file_add(struct buf *out, const char *name, const char *text, size_t step)
{
	struct bytes rest = bytes_str(text);

	parts_put_head(out, bytes_str(name), bytes_str("text/plain"), 99);
	for (; rest.len > 0; rest = bytes_slice(rest, step, rest.len))
		part_add(out, bytes_slice(rest, 0, step));
	part_add(out, bytes_of(NULL, 0));
}

static void files_come_one_after_the_other(void **state)
{
	static const size_t steps[] = {1, 2, 3, 7, 1000};
	struct parts parts;
	struct buf in;

	buf_init(&in, 10000);
	file_add(&in, "b", "Plaetze;3\n", 4);
	file_add(&in, "leer", "", 1);
	file_add(&in, "ordner/", "", 1);
	file_add(&in, "a", "x", 1);
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct writer *w = parts_read(&parts, buf_bytes(&in), steps[i]);
		const struct manifest *m = writer_manifest(w);

		assert_false(parts.broken);
		assert_int_equal(manifest_file_count(m), 4);
		assert_int_equal(parts.file_count, 4);
		assert_int_equal(parts.byte_count, 11);
		assert_string_equal(parts.name, "a");
		assert_true(bytes_eq(manifest_file(m, 0)->name, bytes_str("a")));
		assert_int_equal(manifest_file(m, 1)->size, 10);
		assert_int_equal(manifest_file(m, 1)->modified_ms, 99);
		assert_true(bytes_eq(manifest_file(m, 1)->media_type, bytes_str("text/plain")));
		assert_int_equal(manifest_file(m, 2)->size, 0);
		assert_true(manifest_is_folder(manifest_file(m, 3)));
		writer_close(w);
	}
	buf_fini(&in);
}

/* Cut off anywhere but behind a file. */
static void the_middle_is_no_end(void **state)
{
	struct parts parts;
	struct buf in;
	size_t first;

	buf_init(&in, 10000);
	file_add(&in, "a", "xyz", 2);
	first = in.len;
	file_add(&in, "b", "", 1);
	for (size_t len = 0; len <= in.len; len++) {
		writer_close(parts_read(&parts, bytes_slice(buf_bytes(&in), 0, len), 5));
		assert_int_equal(parts.broken, len != 0 && len != first && len != in.len);
	}
	buf_fini(&in);
}

static void broken_heads(void **state)
{
	static const char *const heads[] = {
		"",                   /* no head: an empty part belongs to a file */
		"\x92\xa1x\xa0",      /* two elements */
		"\x93\xa1x\xa0\x01x", /* more behind it */
		"\x93\xc4\x01x\xa0\x01",
		"\x93\xa1x\xa0\xd1\xff\xff", /* a negative time */
		"\x93\xa1\xff\xa0\x01",      /* no UTF-8 */
	};
	struct parts parts;
	struct buf in;

	buf_init(&in, 10000);
	for (size_t i = 0; i < COUNT(heads); i++) {
		buf_reset(&in);
		file_add(&in, "a", "x", 1);
		part_add(&in, bytes_str(heads[i]));
		part_add(&in, bytes_of(NULL, 0));
		writer_close(parts_read(&parts, buf_bytes(&in), 100));
		assert_true(parts.broken);
		assert_int_equal(parts.file_count, 1);
		assert_string_equal(parts.name, "a");
	}
	buf_reset(&in);
	buf_add_be32(&in, PARTS_HEAD_LEN_MAX + 1);
	writer_close(parts_read(&parts, buf_bytes(&in), 100));
	assert_true(parts.broken);
	buf_fini(&in);
}

/* Names are the writer's to judge: it is said which one. */
static void names_that_no_file_has(void **state)
{
	char name[LIMIT_FILE_NAME_LEN_MAX + 2];
	struct parts parts;
	struct writer *w;
	struct buf in;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	buf_init(&in, 10000);
	for (size_t i = 0; i < 3; i++) {
		const char *const names[] = {"", "a/../b", name};

		buf_reset(&in);
		file_add(&in, "a", "x", 1);
		file_add(&in, names[i], "y", 1);
		file_add(&in, "c", "y", 1);
		w = parts_read(&parts, buf_bytes(&in), 3);
		assert_int_equal(writer_err(w), ERR_MALFORMED);
		assert_memory_equal(parts.name, names[i], strnlen(names[i], 100));
		writer_close(w);
	}
	buf_fini(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_come_one_after_the_other),
		cmocka_unit_test(the_middle_is_no_end),
		cmocka_unit_test(broken_heads),
		cmocka_unit_test(names_that_no_file_has),
	};
	return cmocka_run_group_tests_name("parts", tests, test_setup, NULL);
}
