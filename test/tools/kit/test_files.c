/*
 * What a publication takes from the disk, and how received files get onto it.
 */
#include "test/store/store_test.h"

#include <errno.h>

#include "crypto/limits.h"
#include "tools/kit/files.h"
#include "tools/kit/media.h"
#include "tools/kit/names.h"
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
static int collect(struct files *files, const char *dir, bool hidden, const char *const *names)
{
	char *paths[8] = {0};
	size_t count = 0;
	int code;

	for (; names[count]; count++)
		paths[count] = dir_file(dir, names[count]);
	code = files_collect(files,
			     &(struct files_from){(const char *const *)paths, count, NULL, hidden});
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
	return code;
}

#define COLLECT(files, dir, ...)                                                                   \
	collect(files, dir, false, (const char *const[]){__VA_ARGS__, NULL})
#define COLLECT_ALL(files, dir, ...)                                                               \
	collect(files, dir, true, (const char *const[]){__VA_ARGS__, NULL})

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
	assert_int_equal(files.count, 5);
	assert_int_equal(files.folder_count, 1);
	assert_int_equal(files.bytes, 8);
	assert_string_equal(files.entries[0].name, "a.csv");
	assert_string_equal(files.entries[1].name, "b-.csv");
	assert_string_equal(files.entries[2].name, "b.csv");
	assert_string_equal(files.entries[3].name, "b/Plätze 2.csv");
	assert_int_equal(files.entries[3].bytes, 5);
	assert_string_equal(files.entries[4].name, "leer/");
	files_fini(&files);
	test_dir_fini(dir);
}

/* A folder that is empty here and not there is none; nor is one that only holds what is left out,
   but it is kept. */
static void test_collect_folders(void **state)
{
	char *dir = test_dir_init();
	struct files files;

	make_dir(dir, "one");
	make_dir(dir, "one/a");
	make_dir(dir, "one/b");
	make_dir(dir, "one/b/c");
	make_dir(dir, "two");
	make_dir(dir, "two/a");
	write_file(dir, "two/a/x", "1");
	write_file(dir, "one/b/c/.keep", "1");
	assert_int_equal(COLLECT(&files, dir, "one", "two"), TOOL_DONE);
	assert_int_equal(files.count, 2);
	assert_int_equal(files.folder_count, 1);
	assert_string_equal(files.entries[0].name, "a/x");
	assert_string_equal(files.entries[1].name, "b/c/");
	files_fini(&files);
	assert_int_equal(COLLECT(&files, dir, "one"), TOOL_USAGE);
	files_fini(&files);
	test_dir_fini(dir);
}

static void test_collect_hidden(void **state)
{
	static const char *const passing[] = {
		".env",  "~$plan.xlsx", ".~lock.plan.ods#", "plan~",  "THUMBS.DB", ".plan.swp",
		"x.TMP", "#plan#",      "desktop.ini",      "x.part", "~",         "Karte.dwl"};
	static const char *const meant[] = {"plan.csv", "a.tmp.csv", "#1",           "tmp",
					    "part.x",   "x~y",       "Thumbs.db.csv"};
	const size_t passing_count = sizeof(passing) / sizeof(passing[0]);
	const size_t meant_count = sizeof(meant) / sizeof(meant[0]);
	char *dir = test_dir_init(), path[64];
	struct files files;

	make_dir(dir, "d");
	make_dir(dir, "d/.git");
	write_file(dir, "d/.git/config", "1");
	make_link(dir, "d/.#plan", "nobody@nowhere");
	for (size_t i = 0; i < passing_count; i++) {
		snprintf(path, sizeof(path), "d/%s", passing[i]);
		write_file(dir, path, "1");
	}
	for (size_t i = 0; i < meant_count; i++) {
		snprintf(path, sizeof(path), "d/%s", meant[i]);
		write_file(dir, path, "1");
	}
	assert_int_equal(COLLECT(&files, dir, "d"), TOOL_DONE);
	assert_int_equal(files.count, meant_count + 1); /* "~" alone is a name */
	assert_int_equal(files.left_out.count, passing_count + 1);
	files_fini(&files);
	/* with --hidden all but what is a link */
	assert_int_equal(COLLECT_ALL(&files, dir, "d"), TOOL_FAILED);
	files_fini(&files);
	snprintf(path, sizeof(path), "%s/d/.#plan", dir);
	unlink(path);
	assert_int_equal(COLLECT_ALL(&files, dir, "d", "d/.env"), TOOL_USAGE); /* twice */
	files_fini(&files);
	assert_int_equal(COLLECT_ALL(&files, dir, "d"), TOOL_DONE);
	assert_int_equal(files.count, passing_count + meant_count + 1);
	assert_int_equal(files.left_out.count, 0);
	files_fini(&files);
	test_dir_fini(dir);
}

/* How many remarks on files of these names. */
static size_t remarks(const char *const *list, size_t count)
{
	struct file_entry entries[8] = {{0}};
	struct files files = {.entries = entries, .count = count};
	struct names names;

	for (size_t i = 0; i < count; i++)
		entries[i].name = mem_str(list[i]);
	names_look(&names, &files);
	count = names.count;
	names_fini(&names);
	for (size_t i = 0; i < files.count; i++)
		free(entries[i].name);
	return count;
}

#define REMARKS(...)                                                                               \
	remarks((const char *const[]){__VA_ARGS__},                                                \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void test_names_elsewhere(void **state)
{
	static const char *const no_names[] = {"CON",  "con.csv", "a/aux.txt", "Lpt1",    "NUL .x",
					       "a.",   "a ",      "a./b",      "a:b",     "what?",
					       "a\\b", "<a>",     "x/y|z",     "COM9.a.b"};
	static const char *const names[] = {"console.csv", "com0", "com10", "a b.c",
					    ".a",          "a'b",  "lpt",   "null"};

	for (size_t i = 0; i < sizeof(no_names) / sizeof(no_names[0]); i++)
		assert_int_equal(REMARKS(no_names[i]), 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(REMARKS(names[i]), 0);
	assert_int_equal(REMARKS("Wege.csv", "wege.csv"), 1);
	assert_int_equal(REMARKS("\u00dcbersicht", "\u00fcbersicht"), 1);
	assert_int_equal(REMARKS("u\u0308ber", "\u00fcber"), 1);
	assert_int_equal(REMARKS("U\u0308ber", "\u00fcber"), 1);
	assert_int_equal(REMARKS("A/x", "a/y"), 1);        /* the folders */
	assert_int_equal(REMARKS("A/x", "A/y", "a/x"), 2); /* and a file in them */
	assert_int_equal(REMARKS("Abc", "aBc", "abc"), 2);
	assert_int_equal(REMARKS("leer/", "LEER"), 1);
	assert_int_equal(REMARKS("Stra\u00dfe", "Strasse"), 0); /* two to all of them */
	assert_int_equal(REMARKS("a/x", "b/x", "a0"), 0);
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
	make_dir(dir, "three");
	write_file(dir, "three/.htaccess", "1");
	assert_int_equal(COLLECT(&files, dir, "three"), TOOL_USAGE);
	files_fini(&files);
	/* a file, and a folder of its name */
	write_file(dir, "three/x.csv", "1");
	make_dir(dir, "four");
	make_dir(dir, "four/x.csv");
	write_file(dir, "four/x.csv/y", "1");
	assert_int_equal(COLLECT(&files, dir, "three", "four"), TOOL_USAGE);
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

#define OPEN(save, dir, force, closed)                                                             \
	save_open(save, dir, &(struct save_how){false, force, closed, false})

/* Whether a file of that name is begun. */
static bool begins(const char *dir, const char *name)
{
	struct save save;
	int code = OPEN(&save, dir, false, false);

	assert_int_equal(code, TOOL_DONE);
	code = save_begin(&save, name, false);
	save_close(&save);
	return code == TOOL_DONE;
}

static void test_names(void **state)
{
	static const char *const wrong[] = {
		"",     "/",      "/a",  "a//b", ".",     "..",   "a/.",           "../a",
		"a/..", "a/../b", "./a", "a\nb", "a\x7f", "\xff", "a\xc2\x9b\x62", "a\u202eb",
	};
	static const char *const right[] = {"a",
					    "a/b",
					    "a..",
					    "Plätze 1.csv",
					    "a/b.c/d",
					    ".bashrc",
					    ".ssh/authorized_keys",
					    "a/.b/c",
					    "..a"};
	char *dir = test_dir_init(), *text = mem_new(1, 4096);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(begins(dir, wrong[i]));
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_true(begins(dir, right[i]));
	memset(text, 'a', 255);
	assert_true(begins(dir, text));
	text[255] = 'a';
	assert_false(begins(dir, text));
	for (size_t i = 0; i < LIMIT_FILE_DEPTH_MAX; i++)
		memcpy(text + 2 * i, "a/", 2);
	strcpy(text + 2 * LIMIT_FILE_DEPTH_MAX, "a");
	assert_true(begins(dir, text));
	strcpy(text + 2 * LIMIT_FILE_DEPTH_MAX, "a/a");
	assert_false(begins(dir, text));
	/* programs read them unasked, so not where other files lie */
	write_file(dir, "mine", "1");
	assert_false(begins(dir, ".bashrc"));
	assert_false(begins(dir, "a/.b/c"));
	assert_true(begins(dir, "a/b"));
	free(text);
	test_dir_fini(dir);
}

static int save(const char *dir, const char *name, const char *content, int64_t modified_ms,
		bool force)
{
	struct save save;
	int code = OPEN(&save, dir, force, false);

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
	write_file(dir, "folder/mine", "1");
	assert_int_equal(save(dir, "folder", "x", 0, true), TOOL_FAILED);
	check_content(dir, "folder/mine", "1");
	make_dir(dir, "leer");
	assert_int_equal(save(dir, "leer", "x", 0, false), TOOL_FAILED);
	assert_int_equal(save(dir, "leer", "x", 0, true), TOOL_DONE);
	check_content(dir, "leer", "x");
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
	assert_int_equal(OPEN(&save, dir, true, true), TOOL_DONE);
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

/* What a killed command has left is gone; what another one uses is not. */
static void test_save_leftover(void **state)
{
	char *dir = test_dir_init(), *used_path, *left = dir_file(dir, ".part-0123456789abcdef");
	struct save used, save;

	make_dir(dir, ".part-0123456789abcdef");
	write_file(dir, ".part-0123456789abcdef/0", "half");
	assert_int_equal(OPEN(&used, dir, false, false), TOOL_DONE);
	assert_int_equal(access(left, F_OK), -1);
	assert_false(used.shared);
	used_path = dir_file(dir, used.hidden);
	assert_int_equal(OPEN(&save, dir, false, false), TOOL_DONE);
	assert_int_equal(access(used_path, F_OK), 0);
	save_close(&save);
	save_close(&used);
	check_no_parts(dir);
	free(used_path);
	free(left);
	test_dir_fini(dir);
}

static void test_save_folder(void **state)
{
	char *dir = test_dir_init(), *deep = dir_file(dir, "a/b");
	struct save save;
	struct stat st;

	write_file(dir, "x", "1");
	assert_int_equal(OPEN(&save, dir, false, false), TOOL_DONE);
	assert_int_equal(save_look(&save, "a/b/", false), TOOL_DONE);
	assert_int_equal(save_place_folder(&save, "a/b/"), TOOL_DONE);
	assert_return_code(stat(deep, &st), errno);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(save_look(&save, "a/b/", false), TOOL_DONE);
	assert_int_equal(save_place_folder(&save, "a/b/"), TOOL_DONE);
	assert_int_equal(save_look(&save, "x/", false), TOOL_FAILED);
	assert_int_equal(save_place_folder(&save, "x/"), TOOL_FAILED);
	save_close(&save);
	assert_int_equal(OPEN(&save, dir, true, false), TOOL_DONE);
	assert_int_equal(save_look(&save, "x/", false), TOOL_DONE);
	assert_int_equal(save_place_folder(&save, "x/"), TOOL_DONE);
	save_close(&save);
	free(deep);
	test_dir_fini(dir);
}

static void test_save_abort(void **state)
{
	char *dir = test_dir_init();
	struct save half;

	write_file(dir, "data", "old");
	assert_int_equal(OPEN(&half, dir, true, false), TOOL_DONE);
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

	assert_int_equal(OPEN(&late, dir, false, false), TOOL_DONE);
	assert_int_equal(save_look(&late, "data", false), TOOL_DONE);
	assert_int_equal(save_look(&late, "below/data", false), TOOL_DONE);
	assert_int_equal(save_begin(&late, "data", false), TOOL_DONE);
	assert_true(save_write(&late, bytes_str("new")));
	write_file(dir, "data", "quicker");
	assert_int_equal(save_done(&late, 0), TOOL_DONE);
	assert_int_equal(save_place(&late, "data"), TOOL_FAILED);
	check_content(dir, "data", "quicker");
	assert_int_equal(save_look(&late, "data", false), TOOL_FAILED);
	save_close(&late);
	check_no_parts(dir);
	test_dir_fini(dir);
}

static void test_save_room(void **state)
{
	char *dir = test_dir_init();
	struct save save;

	assert_int_equal(OPEN(&save, dir, false, false), TOOL_DONE);
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
		cmocka_unit_test(test_screen),          cmocka_unit_test(test_collect_folders),
		cmocka_unit_test(test_collect_hidden),  cmocka_unit_test(test_names_elsewhere),
		cmocka_unit_test(test_save_leftover),   cmocka_unit_test(test_save_folder),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
