/*
 * What a publication takes from the disk, and how received files get onto it.
 */
#include "test/store/store_test.h"

#include <errno.h>

#include "crypto/limits.h"
#include "tools/kit/files.h"
#include "tools/kit/media.h"
#include "tools/kit/save.h"
#include "tools/kit/screen.h"

static void write_file(const char *dir, const char *name, const char *content)
{
	char *path = dir_file(dir, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
	free(path);
}

static void make_dir(const char *dir, const char *name)
{
	char *path = dir_file(dir, name);

	assert_return_code(mkdir(path, 0700), errno);
	free(path);
}

static void make_link(const char *dir, const char *name, const char *target)
{
	char *path = dir_file(dir, name);

	assert_return_code(symlink(target, path), errno);
	free(path);
}

/* -- collecting ----------------------------------------------------------------------------- */

/* Collects DIR/name, NULL-terminated names. */
static int collect(struct files *files, const char *dir, const char *const *names)
{
	char *paths[8] = {0};
	size_t count = 0;
	int code;

	for (; names[count]; count++)
		paths[count] = dir_file(dir, names[count]);
	code = files_collect(files, NULL, (const char *const *)paths, count);
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
	return code;
}

#define COLLECT(files, dir, ...) collect(files, dir, (const char *const[]){__VA_ARGS__, NULL})

static void test_collect(void **state)
{
	char *dir = test_dir_init();
	struct files files;

	make_dir(dir, "tree");
	make_dir(dir, "tree/b");
	make_dir(dir, "tree/leer");
	write_file(dir, "tree/b/Plätze 2.csv", "12345");
	write_file(dir, "tree/b-.csv", "");
	write_file(dir, "tree/b.csv", "1");
	write_file(dir, "a.csv", "12");
	assert_int_equal(COLLECT(&files, dir, "tree/", "a.csv"), TOOL_DONE);
	assert_int_equal(files.count, 4);
	assert_int_equal(files.bytes, 8);
	assert_string_equal(files.entries[0].name, "a.csv");
	assert_string_equal(files.entries[1].name, "b-.csv");
	assert_string_equal(files.entries[2].name, "b.csv");
	assert_string_equal(files.entries[3].name, "b/Plätze 2.csv");
	assert_int_equal(files.entries[3].bytes, 5);
	files_fini(&files);
	test_dir_fini(dir);
}

static void test_collect_link(void **state)
{
	char *dir = test_dir_init();
	struct files files;

	make_dir(dir, "tree");
	write_file(dir, "data.csv", "1");
	make_link(dir, "current.csv", "data.csv");
	make_link(dir, "way", "tree");
	write_file(dir, "tree/x", "1");
	/* named: followed */
	assert_int_equal(COLLECT(&files, dir, "current.csv", "way"), TOOL_DONE);
	assert_int_equal(files.count, 2);
	assert_string_equal(files.entries[0].name, "current.csv");
	assert_string_equal(files.entries[1].name, "x");
	files_fini(&files);
	/* found below a directory: refused */
	make_link(dir, "tree/secret", "/etc/hostname");
	assert_int_equal(COLLECT(&files, dir, "tree"), TOOL_FAILED);
	files_fini(&files);
	test_dir_fini(dir);
}

static void test_collect_refused(void **state)
{
	char *dir = test_dir_init();
	char *fifo = dir_file(dir, "fifo");
	struct files files;

	make_dir(dir, "one");
	make_dir(dir, "two");
	make_dir(dir, "empty");
	write_file(dir, "one/x.csv", "1");
	write_file(dir, "two/x.csv", "1");
	write_file(dir, "M\xfcll.csv", "1");
	write_file(dir, "line\nfeed", "1");
	assert_return_code(mkfifo(fifo, 0600), errno);
	assert_int_equal(COLLECT(&files, dir, "none"), TOOL_FAILED);
	files_fini(&files);
	assert_int_equal(COLLECT(&files, dir, "fifo"), TOOL_FAILED);
	files_fini(&files);
	assert_int_equal(COLLECT(&files, dir, "empty"), TOOL_FAILED);
	files_fini(&files);
	assert_int_equal(COLLECT(&files, dir, "one/x.csv", "two/x.csv"), TOOL_USAGE);
	files_fini(&files);
	assert_int_equal(COLLECT(&files, dir, "one", "one/x.csv"), TOOL_USAGE);
	files_fini(&files);
	assert_int_equal(COLLECT(&files, dir, "M\xfcll.csv"), TOOL_USAGE);
	files_fini(&files);
	assert_int_equal(COLLECT(&files, dir, "line\nfeed"), TOOL_USAGE);
	files_fini(&files);
	write_file(dir, ".env", "1");
	assert_int_equal(COLLECT(&files, dir, ".env"), TOOL_USAGE);
	files_fini(&files);
	write_file(dir, "two/.htaccess", "1");
	assert_int_equal(COLLECT(&files, dir, "two"), TOOL_USAGE);
	files_fini(&files);
	write_file(dir, "\u202ecsv.exe", "1");
	assert_int_equal(COLLECT(&files, dir, "\u202ecsv.exe"), TOOL_USAGE);
	files_fini(&files);
	free(fifo);
	test_dir_fini(dir);
}

static void test_media(void **state)
{
	assert_string_equal(media_type("a/b.CSV"), "text/csv");
	assert_string_equal(media_type("x.tar.gz"), "application/gzip");
	assert_string_equal(media_type("a.csv/plain"), "");
	assert_string_equal(media_type("csv"), "");
	assert_string_equal(media_type(""), "");
}

/* -- saving --------------------------------------------------------------------------------- */

/* Whether a file of that name is begun. */
static bool begins(const char *dir, const char *name)
{
	struct save save;
	int code = save_open(&save, dir, false, false, false);

	assert_int_equal(code, TOOL_DONE);
	code = save_begin(&save, name, false);
	save_close(&save);
	return code == TOOL_DONE;
}

static void test_names(void **state)
{
	static const char *const wrong[] = {
		"",
		"/",
		"/a",
		"a/",
		"a//b",
		".",
		"..",
		"a/.",
		"../a",
		"a/..",
		"a/../b",
		"./a",
		"a\nb",
		"a\x7f",
		"\xff",
		".bashrc",
		".ssh/authorized_keys",
		"a/.b/c",
		"..a",
		"a\xc2\x9b\x62",
		"a\u202eb",
	};
	static const char *const right[] = {"a", "a/b", "a..", "Plätze 1.csv", "a/b.c/d"};
	char *dir = test_dir_init(), *text = mem_new(1, 4096);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(begins(dir, wrong[i]));
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_true(begins(dir, right[i]));
	memset(text, 'a', 255);
	assert_true(begins(dir, text));
	text[255] = 'a';
	assert_false(begins(dir, text));
	for (size_t i = 1; i < LIMIT_FILE_NAME_LEN_MAX; i += 2) {
		text[i - 1] = 'a';
		text[i] = '/';
	}
	memset(text + 256, 'a', 4);
	strcpy(text + LIMIT_FILE_NAME_LEN_MAX - 1, "a");
	assert_true(begins(dir, text));
	strcpy(text + LIMIT_FILE_NAME_LEN_MAX - 1, "aa");
	assert_false(begins(dir, text));
	free(text);
	test_dir_fini(dir);
}

static int save(const char *dir, const char *name, const char *content, int64_t modified_ms,
		bool force)
{
	struct save save;
	int code = save_open(&save, dir, false, force, false);

	assert_int_equal(code, TOOL_DONE);
	code = save_begin(&save, name, false);
	if (!code) {
		assert_true(save_write(&save, bytes_str(content)));
		code = save_done(&save, modified_ms);
	}
	if (!code)
		code = save_sync(&save);
	if (!code)
		code = save_place(&save, name);
	save_close(&save);
	return code;
}

static void check_content(const char *dir, const char *name, const char *want)
{
	char *path = dir_file(dir, name);
	char text[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	assert_string_equal(text, want);
	fclose(file);
	free(path);
}

static int count_names(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	return strstr(path, ".part-") ? 1 : 0;
}

/* No temporary file is left anywhere. */
static void check_no_parts(const char *dir)
{
	assert_int_equal(nftw(dir, count_names, 16, FTW_PHYS), 0);
}

static void test_save(void **state)
{
	char *dir = test_dir_init();
	char *path = dir_file(dir, "a/b/c.csv");
	struct stat st;

	assert_int_equal(save(dir, "a/b/c.csv", "old", 0, false), TOOL_DONE);
	/* What is there stays, unless told otherwise. */
	assert_int_equal(save(dir, "a/b/c.csv", "new", 0, false), TOOL_FAILED);
	check_content(dir, "a/b/c.csv", "old");
	assert_int_equal(save(dir, "a/b/c.csv", "new", 1000001500, true), TOOL_DONE);
	check_content(dir, "a/b/c.csv", "new");
	assert_return_code(stat(path, &st), errno);
	assert_int_equal(st.st_mtim.tv_sec, 1000001);
	assert_int_equal(st.st_mtim.tv_nsec, 500000000);
	check_no_parts(dir);
	free(path);
	test_dir_fini(dir);
}

static void test_save_links(void **state)
{
	char *dir = test_dir_init();
	char *outside = test_dir_init();

	write_file(outside, "victim", "untouched");
	make_link(dir, "way", outside);
	/* a link in the way is not walked through */
	assert_int_equal(save(dir, "way/new", "x", 0, true), TOOL_FAILED);
	/* a link at the end is replaced, if at all, and its target stays */
	make_link(outside, "link", "victim");
	assert_int_equal(save(outside, "link", "new", 0, false), TOOL_FAILED);
	assert_int_equal(save(outside, "link", "new", 0, true), TOOL_DONE);
	check_content(outside, "victim", "untouched");
	check_content(outside, "link", "new");
	check_no_parts(dir);
	check_no_parts(outside);
	test_dir_fini(dir);
	test_dir_fini(outside);
}

static void test_save_in_the_way(void **state)
{
	char *dir = test_dir_init();

	write_file(dir, "file", "1");
	make_dir(dir, "folder");
	assert_int_equal(save(dir, "file/below", "x", 0, false), TOOL_FAILED);
	assert_int_equal(save(dir, "folder", "x", 0, true), TOOL_FAILED);
	assert_int_equal(save(dir, "../out", "x", 0, true), TOOL_FAILED);
	assert_int_equal(save(dir, "/out", "x", 0, true), TOOL_FAILED);
	check_content(dir, "file", "1");
	/* what was a file becomes a folder, when told so */
	assert_int_equal(save(dir, "file/below", "x", 0, true), TOOL_DONE);
	check_content(dir, "file/below", "x");
	check_no_parts(dir);
	test_dir_fini(dir);
}

static mode_t mode_of(const char *dir, const char *name)
{
	char *path = dir_file(dir, name);
	struct stat st;

	assert_return_code(stat(path, &st), errno);
	free(path);
	return st.st_mode & 07777;
}

/* Nothing has its name before all are complete; what is replaced hands on its mode; what is not for
   everybody is closed. */
static void test_save_together(void **state)
{
	static const char *const names[] = {"alt", "neu", "unten/neu"};
	char *dir = test_dir_init(), *old = dir_file(dir, "alt"), *new = dir_file(dir, "neu");
	mode_t mask = umask(022);
	struct save save;

	write_file(dir, "alt", "old");
	assert_return_code(chmod(old, 0604), errno);
	assert_int_equal(save_open(&save, dir, false, true, true), TOOL_DONE);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(save_begin(&save, names[i], false), TOOL_DONE);
		assert_true(save_write(&save, bytes_str("new")));
		assert_int_equal(save_done(&save, 0), TOOL_DONE);
	}
	check_content(dir, "alt", "old");
	assert_int_equal(access(new, F_OK), -1);
	assert_int_equal(save_sync(&save), TOOL_DONE);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(save_place(&save, names[i]), TOOL_DONE);
	check_content(dir, "alt", "new");
	check_content(dir, "neu", "new");
	assert_int_equal(mode_of(dir, "alt"), 0600);
	assert_int_equal(mode_of(dir, "neu"), 0640);
	assert_int_equal(save_place(&save, names[2]), TOOL_DONE);
	assert_int_equal(mode_of(dir, "unten"), 0750);
	save_close(&save);
	check_no_parts(dir);
	umask(mask);
	free(old);
	free(new);
	test_dir_fini(dir);
}

static void test_save_abort(void **state)
{
	char *dir = test_dir_init();
	struct save half;

	write_file(dir, "data", "old");
	assert_int_equal(save_open(&half, dir, false, true, false), TOOL_DONE);
	assert_int_equal(save_begin(&half, "data", false), TOOL_DONE);
	assert_true(save_write(&half, bytes_str("half of the ne")));
	save_close(&half);
	check_content(dir, "data", "old");
	check_no_parts(dir);
	test_dir_fini(dir);
}

/* What came while the file was received stays, too. */
static void test_save_meanwhile(void **state)
{
	char *dir = test_dir_init();
	struct save late;

	assert_int_equal(save_open(&late, dir, false, false, false), TOOL_DONE);
	assert_int_equal(save_look(&late, "data", false), TOOL_DONE);
	assert_int_equal(save_look(&late, "below/data", false), TOOL_DONE);
	assert_int_equal(save_begin(&late, "data", false), TOOL_DONE);
	assert_true(save_write(&late, bytes_str("new")));
	write_file(dir, "data", "quicker");
	assert_int_equal(save_done(&late, 0), TOOL_DONE);
	assert_int_equal(save_place(&late, "data"), TOOL_FAILED);
	check_content(dir, "data", "quicker");
	assert_int_equal(save_look(&late, "data", false), TOOL_FAILED);
	assert_int_equal(save_look(&late, ".bashrc", false), TOOL_FAILED);
	save_close(&late);
	check_no_parts(dir);
	test_dir_fini(dir);
}

static void test_save_room(void **state)
{
	char *dir = test_dir_init();
	struct save save;

	assert_int_equal(save_open(&save, dir, false, false, false), TOOL_DONE);
	assert_int_equal(save_room(&save, 1, 1), TOOL_DONE);
	assert_int_equal(save_room(&save, UINT64_MAX, 1), TOOL_FAILED);
	save_close(&save);
	test_dir_fini(dir);
}

/* -- showing -------------------------------------------------------------------------------- */

static bool shows(const char *first, const char *second)
{
	struct screen screen = {.at = 0};

	return screen_may(&screen, bytes_str(first)) && screen_may(&screen, bytes_str(second));
}

static void test_screen(void **state)
{
	assert_true(shows("Ort;Pl\u00e4tze\r\n", "Mei\u00dfen\t7\n"));
	assert_true(shows("\xef\xbb\xbfOrt", "")); /* a byte order mark in front */
	assert_true(shows("Mei\xc3", "\x9f"
				     "en"));
	assert_true(shows("\xf0\x9f", "\x98\x80"));
	assert_false(shows("Mei\xc3", "x"));
	assert_false(shows("a", "\xef\xbb\xbf"));
	assert_false(shows("\x1b[2J", ""));
	assert_false(shows("\xc2", "\x9b"
				   "31m")); /* C1, in two pieces */
	assert_false(shows("\xe2\x80", "\xae"));
	assert_false(shows("\xff", ""));
	assert_false(shows("\x80", ""));
	assert_false(shows("\b", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collect),         cmocka_unit_test(test_collect_link),
		cmocka_unit_test(test_collect_refused), cmocka_unit_test(test_media),
		cmocka_unit_test(test_names),           cmocka_unit_test(test_save),
		cmocka_unit_test(test_save_links),      cmocka_unit_test(test_save_in_the_way),
		cmocka_unit_test(test_save_abort),      cmocka_unit_test(test_save_meanwhile),
		cmocka_unit_test(test_save_together),   cmocka_unit_test(test_save_room),
		cmocka_unit_test(test_screen),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
