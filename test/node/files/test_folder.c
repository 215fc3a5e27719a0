/* A version put into a folder: whole or not at all, and nobody else's files with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/files/folder.h"

#define PATH "meissen/kita/plaetze"

static const struct digest none = {{0}};

struct place {
	char dir[64];
};

static int place_open(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->dir, sizeof(place->dir), "/tmp/allmende-folder-XXXXXX");
	*state = place;
	return mkdtemp(place->dir) ? 0 : -1;
}

static void shell(const struct place *place, const char *command)
{
	char text[512];

	snprintf(text, sizeof(text), "cd '%s' && %s", place->dir, command);
	if (system(text) != 0)
		fail_msg("%s", text);
}

static int place_close(void **state)
{
	struct place *place = *state;

	shell(place, "chmod -R u+rwx . && rm -rf -- \"$PWD\"");
	free(place);
	return 0;
}

static void names_of(const char *const *names, struct digest *out)
{
	struct folder_names sum = {.count = 0};

	for (; *names; names++)
		folder_names_add(&sum, bytes_str(*names));
	folder_names_done(&sum, out);
}

/* Writes files that hold their own name. False: folder->why. Ends with folder_end(). */
static bool put(const struct place *place, const char *const *names, const struct digest *known,
		struct folder *folder)
{
	bool ok = folder_begin(folder, place->dir, PATH, "radebeul", known, &none);

	for (; ok && *names; names++)
		ok = folder_file(folder, bytes_str(*names)) &&
		     folder_write(folder, bytes_str(*names)) &&
		     folder_file_done(folder, 1000000000000);
	ok = ok && folder_sync(folder) && folder_swap(folder, known, &none);
	folder_end(folder);
	return ok;
}

static void assert_file(const struct place *place, const char *name, const char *content)
{
	char path[400], found[100] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", place->dir, name);
	file = fopen(path, "r");
	if (!content) {
		assert_null(file);
		return;
	}
	if (!file)
		fail_msg("%s is not there", name);
	assert_true(fread(found, 1, sizeof(found) - 1, file) == strlen(content));
	assert_string_equal(found, content);
	fclose(file);
}

static void one_takes_the_place_of_the_other(void **state)
{
	static const char *const first[] = {"a.txt", "unten/b.txt", "unten/tief/c.txt", NULL};
	static const char *const second[] = {"a.txt", "neu.txt", NULL};
	static const char *const empty[] = {NULL};
	const struct place *place = *state;
	struct digest names, more;
	struct folder folder;
	struct stat st;
	char path[200];

	if (!put(place, first, &none, &folder))
		fail_msg("%s", folder.why);
	assert_file(place, PATH "/unten/tief/c.txt", "unten/tief/c.txt");
	snprintf(path, sizeof(path), "%s/%s/a.txt", place->dir, PATH);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mtime, 1000000000);
	/* Only with the word that it may. */
	assert_false(put(place, second, &none, &folder));
	assert_non_null(strstr(folder.why, "move it away"));
	names_of(first, &names);
	if (!put(place, second, &names, &folder))
		fail_msg("%s", folder.why);
	assert_file(place, PATH "/neu.txt", "neu.txt");
	assert_file(place, PATH "/unten/b.txt", NULL);
	names_of(second, &names);
	if (!put(place, empty, &names, &folder))
		fail_msg("%s", folder.why);
	assert_file(place, PATH "/neu.txt", NULL);
	/* What is empty is nobody's. */
	assert_true(put(place, second, &none, &folder));
	shell(place, "test \"$(ls -A)\" = meissen");
	/* The order of names does not matter, their number does. */
	const char *const turned[] = {"neu.txt", "a.txt", NULL};
	const char *const twice[] = {"neu.txt", "a.txt", "a.txt", "a.txt", NULL};
	names_of(turned, &more);
	names_of(second, &names);
	assert_memory_equal(names.b, more.b, ID_LEN);
	names_of(twice, &more);
	assert_memory_not_equal(names.b, more.b, ID_LEN);
}

static void what_others_have_put_there_stays(void **state)
{
	static const char *const files[] = {"a.txt", NULL};
	static const char *const spoils[] = {
		"echo x > meissen/kita/plaetze/notizen",
		"rm meissen/kita/plaetze/a.txt && echo x > meissen/kita/plaetze/b.txt",
		"ln -s /etc meissen/kita/plaetze/etc",
		"mkdir -p meissen/kita/plaetze/b && echo x > meissen/kita/plaetze/b/c",
		"rm -r meissen/kita/plaetze && echo x > meissen/kita/plaetze",
		"rm -r meissen/kita/plaetze && ln -s /etc meissen/kita/plaetze",
		"rm -r meissen/kita && ln -s /tmp meissen/kita",
		"mkfifo meissen/kita/plaetze/pipe",
	};
	const struct place *place = *state;
	struct digest names;
	struct folder folder;

	names_of(files, &names);
	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		assert_true(put(place, files, &none, &folder));
		shell(place, spoils[i]);
		shell(place, "find meissen -printf '%p %y %l\\n' | sort > before");
		if (put(place, files, &names, &folder))
			fail_msg("%s: it was replaced", spoils[i]);
		assert_true(folder.why[0]);
		shell(place, "find meissen -printf '%p %y %l\\n' | sort | cmp - before");
		/* Moved away, it is written anew; nothing else is left. */
		shell(place, "rm -r meissen before && test -z \"$(ls -A)\"");
		assert_true(put(place, files, &names, &folder));
		assert_file(place, PATH "/a.txt", "a.txt");
		shell(place, "rm -r meissen");
	}
}

/* Somebody is quicker than the swap. */
static void what_came_meanwhile_stays(void **state)
{
	const struct place *place = *state;
	struct folder folder;

	assert_true(folder_begin(&folder, place->dir, PATH, "radebeul", &none, &none));
	assert_true(folder_file(&folder, bytes_str("a.txt")));
	assert_true(folder_file_done(&folder, 0));
	shell(place, "mkdir -p meissen/kita/plaetze && echo x > meissen/kita/plaetze/eigenes");
	assert_true(folder_sync(&folder));
	assert_false(folder_swap(&folder, &none, &none));
	folder_end(&folder);
	assert_file(place, PATH "/eigenes", "x\n");
	assert_file(place, PATH "/a.txt", NULL);
	shell(place, "test \"$(ls -A)\" = meissen");
}

static void what_a_killed_one_left_is_cleared(void **state)
{
	static const char *const files[] = {"a.txt", NULL};
	const struct place *place = *state;
	struct folder folder;

	shell(place, "mkdir -p .allmende-radebeul/x/y && echo x > .allmende-radebeul/x/y/z && "
		     "ln -s /etc .allmende-radebeul/etc && chmod 0 .allmende-radebeul/x");
	shell(place, "mkdir .allmende-riesa"); /* another node's */
	assert_true(put(place, files, &none, &folder));
	shell(place,
	      "test -d .allmende-riesa && test ! -e .allmende-radebeul && test -e /etc/passwd");
	assert_file(place, PATH "/a.txt", "a.txt");
}

static void names_lead_nowhere_else(void **state)
{
	static const char *const wrong[] = {"../x", "/etc/x", "a/../../x", ".",   "..",   "",
					    "a//b", "a/",     "a/.",       "./a", "b/./c"};
	const struct place *place = *state;
	struct folder folder;
	char name[300] = "";

	assert_true(folder_begin(&folder, place->dir, PATH, "radebeul", &none, &none));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (folder_file(&folder, bytes_str(wrong[i])))
			fail_msg("\"%s\" was taken", wrong[i]);
	}
	assert_false(folder_file(&folder, bytes_of("a\0b", 3)));
	memset(name, 'x', 256);
	assert_false(folder_file(&folder, bytes_str(name)));
	name[255] = 0;
	assert_true(folder_file(&folder, bytes_str(name)));
	assert_true(folder_file_done(&folder, 0));
	/* twice, and a file where a folder is needed */
	assert_false(folder_file(&folder, bytes_str(name)));
	name[254] = '/';
	assert_true(folder_file(&folder, bytes_str("f")));
	assert_true(folder_file_done(&folder, 0));
	assert_false(folder_file(&folder, bytes_str("f/g")));
	folder_end(&folder);
	shell(place, "test -z \"$(ls -A)\"");
}

static void only_folders_that_can_be_written(void **state)
{
	const struct place *place = *state;
	char why[WHY_LEN], path[2000];

	assert_true(folder_check(place->dir, why));
	assert_false(folder_check("daten", why));
	assert_non_null(strstr(why, "absolute"));
	assert_false(folder_check("", why));
	assert_false(folder_check("/nirgends/da", why));
	assert_non_null(strstr(why, "make the folder first"));
	assert_false(folder_check("/etc/passwd", why));
	assert_false(folder_check("/proc/self", why)); /* also for root */
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = 0;
	assert_false(folder_check(path, why));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_takes_the_place_of_the_other), TEST(what_others_have_put_there_stays),
		TEST(what_came_meanwhile_stays),        TEST(what_a_killed_one_left_is_cleared),
		TEST(names_lead_nowhere_else),          TEST(only_folders_that_can_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
