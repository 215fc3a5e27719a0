/*
 * store_test - directories that vanish, and small helpers over keys and values.
 */
#ifndef ALLMENDE_STORE_TEST_H
#define ALLMENDE_STORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/random.h"
#include "crypto/selftest.h"
#include "store/db.h"
#include "store/dir.h"

#define TEST_MAP_BYTES (UINT64_C(64) << 20)

static inline int test_unlink(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline char *test_dir_in(const char *base)
{
	char *dir = dir_file(base, "allmende-store-XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

/* A new empty directory; test_dir_fini() removes it with all that is in it. */
static inline char *test_dir_init(void)
{
	const char *base = getenv("TMPDIR");

	return test_dir_in(base ? base : "/tmp");
}

/* The same in memory, where there is such a place: for tests that are not about the disk. */
static inline char *test_dir_memory(void)
{
	return access("/dev/shm", W_OK) ? test_dir_init() : test_dir_in("/dev/shm");
}

static inline void test_dir_fini(char *dir)
{
	nftw(dir, test_unlink, 16, FTW_DEPTH | FTW_PHYS);
	free(dir);
}

/* For group setup: libsodium has to be ready before the first hash. */
static inline int test_setup(void **state)
{
	const char *what;

	return selftest_run(&what);
}

/* No sync: the tests that need it ask for it. ALLMENDE_TEST_MAP_MIB: for one that needs more. */
static inline struct db *test_db(const char *dir)
{
	const char *mib = getenv("ALLMENDE_TEST_MAP_MIB");
	struct db_options options = {.volatile_store = true,
				     .map_bytes =
					     mib ? strtoull(mib, NULL, 10) << 20 : TEST_MAP_BYTES};
	struct db *db = NULL;

	assert_int_equal(db_open(&db, dir, &options), ERR_OK);
	return db;
}

static inline struct bytes key_of(const char *text)
{
	return bytes_of(text, strlen(text));
}

static inline void test_put(struct db *db, enum table table, struct bytes key, struct bytes value)
{
	struct txn *txn = txn_begin(db, true);

	txn_put(txn, table, key, value);
	assert_int_equal(txn_commit(txn), ERR_OK);
}

/* The whole file; to be freed. */
static inline uint8_t *test_file_read(const char *path, size_t *len)
{
	struct stat stat;
	uint8_t *bytes;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &stat), 0);
	*len = (size_t)stat.st_size;
	bytes = mem_new(1, *len);
	assert_int_equal(read(fd, bytes, *len), stat.st_size);
	close(fd);
	return bytes;
}

static inline void test_file_write(const char *path, const uint8_t *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

/* Every place where a pattern occurs in DIR/data.mdb gets its byte at `at` changed. */
static inline unsigned test_damage(const char *dir, struct bytes pattern, size_t at)
{
	char *path = dir_file(dir, "data.mdb");
	size_t len;
	uint8_t *file = test_file_read(path, &len), *hit = file;
	unsigned count = 0;

	while ((hit = memmem(hit, len - (size_t)(hit - file), pattern.ptr, pattern.len))) {
		hit[at] ^= 1;
		hit += pattern.len;
		count++;
	}
	test_file_write(path, file, len);
	free(file);
	free(path);
	return count;
}

#endif
