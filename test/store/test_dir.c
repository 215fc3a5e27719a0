#include "test/store/store_test.h"

#include <dirent.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/statfs.h>

/* The file system that statfs() shall report; 0: the real one. */
static uint32_t pretended_magic;

int __real_statfs64(const char *path, struct statfs *fs);
int __wrap_statfs64(const char *path, struct statfs *fs);

int __wrap_statfs64(const char *path, struct statfs *fs)
{
	int rc = __real_statfs64(path, fs);

	if (pretended_magic)
		/* As the kernel gives it: some numbers do not fit a positive int. */
		fs->f_type = (__typeof__(fs->f_type))(int32_t)pretended_magic;
	return rc;
}

static char *new_path(char *base)
{
	return dir_file(base, "node");
}

static void check_mode(const char *dir, const char *name, unsigned mode)
{
	char *path = dir_file(dir, name);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	free(path);
}

static void check_why(const char *why, const char *part)
{
	assert_non_null(strstr(why, part));
}

static void a_new_directory_is_private_and_opens(void **state)
{
	char *base = test_dir_init(), *path = dir_file(base, "some/where/node");
	char why[WHY_LEN] = "x";
	struct dir dir;

	assert_int_equal(dir_create(path, why), ERR_OK);
	assert_string_equal(why, "");
	check_mode(path, ".", 0700);
	check_mode(path, "keys", 0700);
	check_mode(path, "data.mdb", 0600);
	check_mode(path, "lock", 0600);
	for (int i = 0; i < 2; i++) {
		strcpy(why, "x");
		assert_int_equal(dir_open(&dir, path, why), ERR_OK);
		assert_string_equal(why, "");
		assert_string_equal(dir.path, path);
		db_close(test_db(path));
		dir_close(&dir);
	}
	free(path);
	test_dir_fini(base);
}

static void a_directory_in_use_is_not_taken_over(void **state)
{
	char *base = test_dir_init(), *path = new_path(base), *file = dir_file(base, "letter");
	char why[WHY_LEN];

	assert_int_equal(dir_create(path, why), ERR_OK);
	assert_int_equal(dir_create(path, why), ERR_EXISTS);
	check_why(why, path);
	check_why(why, "holds a node already");
	test_file_write(file, (const uint8_t *)"dear", 4);
	assert_int_equal(dir_create(base, why), ERR_CONFIG);
	check_why(why, "not empty");
	assert_int_not_equal(dir_create(file, why), ERR_OK);
	check_why(why, file);
	/* What was there is there still. */
	assert_int_equal(access(file, F_OK), 0);
	check_mode(path, "data.mdb", 0600);
	free(file);
	free(path);
	test_dir_fini(base);
}

/* Whatever a making leaves that is cut short, the next one goes over it, and nobody else. */
static void what_was_cut_short_is_begun_anew(void **state)
{
	static const char *const left[] = {"data.mdb", "lock.mdb", "config", "keys/storage"};
	char *base = test_dir_init(), *path = new_path(base), why[WHY_LEN];
	char *keys = dir_file(path, "keys"), *foreign = dir_file(path, "letter");
	struct dir first, dir;

	assert_int_equal(dir_state(path), DIR_NONE);
	assert_int_equal(dir_begin(&first, path, why), ERR_OK);
	assert_int_equal(dir_begin(&dir, path, why), ERR_BUSY);
	assert_int_equal(dir_state(path), DIR_UNFINISHED);
	dir_close(&first); /* as if killed */
	assert_int_equal(mkdir(keys, 0700), 0);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		char *file = dir_file(path, left[i]);

		test_file_write(file, (const uint8_t *)"half", 4);
		free(file);
	}
	assert_int_equal(dir_open(&dir, path, why), ERR_ABSENT);
	check_why(why, "cut short there; run it again");
	test_file_write(foreign, (const uint8_t *)"dear", 4);
	assert_int_equal(dir_create(path, why), ERR_CONFIG);
	check_why(why, "it holds letter");
	assert_int_equal(unlink(foreign), 0);
	assert_int_equal(dir_create(path, why), ERR_OK);
	assert_int_equal(dir_state(path), DIR_NODE);
	assert_int_equal(dir_open(&dir, path, why), ERR_OK);
	db_close(test_db(path));
	dir_close(&dir);
	assert_int_equal(dir_create(path, why), ERR_EXISTS);
	assert_int_equal(dir_state(path), DIR_NODE);
	free(foreign);
	free(keys);
	free(path);
	test_dir_fini(base);
}

static void an_empty_directory_is_taken_over(void **state)
{
	char *base = test_dir_init(), *path = new_path(base);
	char *found = dir_file(path, "lost+found"), why[WHY_LEN];

	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(mkdir(found, 0700), 0);
	assert_int_equal(dir_create(path, why), ERR_OK);
	check_mode(path, ".", 0700);
	free(found);
	free(path);
	test_dir_fini(base);
}

static void removing_leaves_nothing_of_ours(void **state)
{
	static const char *const names[] = {"config", "keys/storage", "keys/node",
					    "keys/.new-root"};
	char *base = test_dir_init(), *path = new_path(base), why[WHY_LEN];
	char *foreign = dir_file(path, "letter");

	for (int round = 0; round < 2; round++) {
		assert_int_equal(dir_create(path, why), ERR_OK);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			char *file = dir_file(path, names[i]);

			test_file_write(file, (const uint8_t *)"x", 1);
			free(file);
		}
		if (round)
			test_file_write(foreign, (const uint8_t *)"dear", 4);
		dir_remove(path);
		assert_int_equal(access(path, F_OK), round ? 0 : -1);
	}
	/* The last round put a file there that is not ours. */
	assert_int_equal(unlink(foreign), 0);
	assert_int_equal(rmdir(path), 0);
	free(foreign);
	free(path);
	test_dir_fini(base);
}

static void no_node_says_how_to_make_one(void **state)
{
	char *base = test_dir_init(), *path = new_path(base), why[WHY_LEN];
	struct dir dir;

	assert_int_equal(dir_open(&dir, path, why), ERR_ABSENT);
	check_why(why, "make one with `allmende -d ");
	check_why(why, path);
	assert_int_equal(dir_open(&dir, base, why), ERR_ABSENT);
	/* Asking changes nothing. */
	assert_int_equal(rmdir(base), 0);
	free(path);
	free(base);
}

/* -- the lock -- */

/* Holds the directory until it is killed; has it once the pipe has a byte. */
static pid_t holder_start(const char *path)
{
	char why[WHY_LEN], byte = 0;
	struct dir dir;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		if (dir_open(&dir, path, why) || write(fds[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	return pid;
}

static void a_second_process_is_told_who_is_there(void **state)
{
	char *base = test_dir_init(), *path = new_path(base), why[WHY_LEN], text[32];
	char *lock = dir_file(path, "lock"), *content;
	struct dir dir;
	size_t len;
	pid_t pid;

	assert_int_equal(dir_create(path, why), ERR_OK);
	/* A longer number, left by somebody who is gone. */
	test_file_write(lock, (const uint8_t *)"99999999999\n", 12);
	pid = holder_start(path);
	content = (char *)test_file_read(lock, &len);
	snprintf(text, sizeof(text), "%ld\n", (long)pid);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(content, text, len);
	assert_int_equal(dir_open(&dir, path, why), ERR_BUSY);
	snprintf(text, sizeof(text), "process %ld is", (long)pid);
	check_why(why, text);
	check_why(why, path);
	/* A killed holder leaves no lock behind. */
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(dir_open(&dir, path, why), ERR_OK);
	dir_close(&dir);
	free(content);
	free(lock);
	free(path);
	test_dir_fini(base);
}

static void one_process_opens_it_once(void **state)
{
	char *base = test_dir_init(), *path = new_path(base), why[WHY_LEN];
	struct dir first, second;

	assert_int_equal(dir_create(path, why), ERR_OK);
	assert_int_equal(dir_open(&first, path, why), ERR_OK);
	assert_int_equal(dir_open(&second, path, why), ERR_BUSY);
	dir_close(&first);
	assert_int_equal(dir_open(&second, path, why), ERR_OK);
	dir_close(&second);
	free(path);
	test_dir_fini(base);
}

/* -- the format -- */

static void format_is(const char *path, struct bytes format, enum err err, const char *part)
{
	struct db *db = test_db(path);
	struct txn *txn = txn_begin(db, true);
	char why[WHY_LEN];
	struct dir dir;

	txn_put(txn, TABLE_META, key_of("format"), format);
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	assert_int_equal(dir_open(&dir, path, why), err);
	if (err)
		check_why(why, part);
	else
		dir_close(&dir);
}

static void a_foreign_format_is_refused(void **state)
{
	char *base = test_dir_init(), *path = new_path(base), why[WHY_LEN];

	assert_int_equal(dir_create(path, why), ERR_OK);
	format_is(path, bytes_of("\0\0\0\12", 4), ERR_VERSION, "has format 10");
	format_is(path, bytes_of("\0\0\0\2", 4), ERR_VERSION, "found the federation anew");
	format_is(path, bytes_of("\0\0\0\10", 4), ERR_VERSION, "publish again");
	format_is(path, bytes_of("\xff\xff\xff\xff", 4), ERR_VERSION, "has format 4294967295");
	format_is(path, bytes_of("\0\0\0\0", 4), ERR_CORRUPT, "no readable format number");
	format_is(path, bytes_of("\0\0\1", 3), ERR_CORRUPT, "no readable format number");
	format_is(path, bytes_of("\0\0\0\11", 4), ERR_OK, NULL);
	free(path);
	test_dir_fini(base);
}

static void a_broken_store_is_named(void **state)
{
	char *base = test_dir_init(), *path = new_path(base), why[WHY_LEN];
	char *data = dir_file(path, "data.mdb");
	uint8_t garbage[8192] = {1, 2, 3};
	struct dir dir;
	MDB_env *env;

	assert_int_equal(dir_create(path, why), ERR_OK);
	/* Cut short before the tables were made. */
	assert_int_equal(unlink(data), 0);
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, path, 0, 0600), 0);
	mdb_env_close(env);
	assert_int_equal(dir_open(&dir, path, why), ERR_VERSION);
	check_why(why, "lacks tables");
	/* Cut short before the format was written. */
	db_close(test_db(path));
	assert_int_equal(dir_open(&dir, path, why), ERR_CORRUPT);
	check_why(why, "no readable format number");
	test_file_write(data, garbage, sizeof(garbage));
	assert_int_equal(dir_open(&dir, path, why), ERR_CORRUPT);
	/* Each refusal gave the lock back. */
	dir_remove(path);
	assert_int_equal(dir_create(path, why), ERR_OK);
	assert_int_equal(dir_open(&dir, path, why), ERR_OK);
	dir_close(&dir);
	free(data);
	free(path);
	test_dir_fini(base);
}

static void a_network_file_system_is_refused(void **state)
{
	static const struct {
		uint32_t magic;
		const char *name;
	} cases[] = {{0x6969, "on a NFS "},
		     {0x65735546, "on a FUSE "},
		     {0xff534d42, "on a CIFS "},
		     {0xfe534d42, "on a SMB2 "},
		     {0xef53, NULL},
		     {0x01021994, NULL},
		     {0x9123683e, NULL},
		     {0x794c7630, NULL}};
	char *base = test_dir_init(), *path = new_path(base), why[WHY_LEN];
	struct dir dir;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pretended_magic = cases[i].magic;
		assert_int_equal(dir_create(path, why), cases[i].name ? ERR_CONFIG : ERR_OK);
		if (cases[i].name) {
			check_why(why, cases[i].name);
			check_why(why, "local disk");
			assert_int_equal(access(path, F_OK), -1);
			/* A directory that was copied there. */
			pretended_magic = 0;
			assert_int_equal(dir_create(path, why), ERR_OK);
			pretended_magic = cases[i].magic;
			assert_int_equal(dir_open(&dir, path, why), ERR_CONFIG);
		}
		pretended_magic = 0;
		dir_remove(path);
	}
	free(path);
	test_dir_fini(base);
}

static void space_is_that_of_the_file_system(void **state)
{
	char *base = test_dir_init(), *path = new_path(base);
	uint64_t free_bytes = 0, total_bytes = 0;

	assert_int_equal(dir_space(base, &free_bytes, &total_bytes), ERR_OK);
	assert_true(free_bytes > 0 && free_bytes <= total_bytes);
	assert_int_equal(dir_space(path, &free_bytes, &total_bytes), ERR_IO);
	free(path);
	test_dir_fini(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_directory_is_private_and_opens),
		cmocka_unit_test(a_directory_in_use_is_not_taken_over),
		cmocka_unit_test(an_empty_directory_is_taken_over),
		cmocka_unit_test(what_was_cut_short_is_begun_anew),
		cmocka_unit_test(removing_leaves_nothing_of_ours),
		cmocka_unit_test(no_node_says_how_to_make_one),
		cmocka_unit_test(a_second_process_is_told_who_is_there),
		cmocka_unit_test(one_process_opens_it_once),
		cmocka_unit_test(a_foreign_format_is_refused),
		cmocka_unit_test(a_broken_store_is_named),
		cmocka_unit_test(a_network_file_system_is_refused),
		cmocka_unit_test(space_is_that_of_the_file_system),
	};
	return cmocka_run_group_tests_name("store/dir", tests, test_setup, NULL);
}
