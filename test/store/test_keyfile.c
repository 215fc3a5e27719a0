#include "test/store/store_test.h"

#include "crypto/hash.h"
#include "store/keyfile.h"
#include "store/keyfile_format.h"

static const struct passphrase_cost cheap = {1, KEYFILE_MEMLIMIT_MIN};
static const char passphrase[] = "correct horse";

static struct bytes phrase(const char *text)
{
	return bytes_str(text);
}

/* A directory with a keyring; an empty passphrase means none. */
static struct keyring *keyring_make(char **dir, const char *text, uint64_t seed)
{
	struct random random = random_seeded(seed);
	struct keyring *keyring = NULL;
	char why[WHY_LEN], *base = test_dir_init();

	*dir = base;
	assert_int_equal(dir_create(base, why), ERR_OK);
	assert_int_equal(keyring_create_cost(&keyring, base, phrase(text), &random, &cheap),
			 ERR_OK);
	return keyring;
}

static void check_secret(struct keyring *keyring, const char *name, struct bytes right)
{
	struct secret *secret = NULL;

	assert_int_equal(keyring_get(keyring, name, &secret), ERR_OK);
	assert_true(bytes_eq(secret_bytes(secret), right));
	secret_close(secret);
}

static void secrets_come_back_with_the_passphrase(void **state)
{
	static const char *const phrases[] = {"", "x", passphrase};
	uint8_t longest[8000];
	struct keyring *keyring;
	char *dir;

	memset(longest, 7, sizeof(longest));
	for (size_t i = 0; i < 3; i++) {
		keyring = keyring_make(&dir, phrases[i], 1);
		assert_int_equal(keyring_has_passphrase(keyring), i > 0);
		assert_int_equal(keyring_put(keyring, "sign-0", phrase("secret")), ERR_OK);
		assert_int_equal(keyring_put(keyring, "empty", phrase("")), ERR_OK);
		assert_int_equal(keyring_put(keyring, "longest", bytes_obj(&longest)), ERR_OK);
		check_secret(keyring, "sign-0", phrase("secret"));
		keyring_close(keyring);
		assert_int_equal(keyring_open(&keyring, dir, phrase(phrases[i])), ERR_OK);
		assert_int_equal(keyring_has_passphrase(keyring), i > 0);
		check_secret(keyring, "sign-0", phrase("secret"));
		check_secret(keyring, "empty", phrase(""));
		check_secret(keyring, "longest", bytes_obj(&longest));
		keyring_close(keyring);
		test_dir_fini(dir);
	}
}

static void opening_names_what_is_wrong(void **state)
{
	struct keyring *keyring;
	char *dir;

	keyring_close(keyring_make(&dir, passphrase, 1));
	assert_int_equal(keyring_open(&keyring, dir, phrase("correct horsf")), ERR_DENIED);
	assert_int_equal(keyring_open(&keyring, dir, phrase("correct horse ")), ERR_DENIED);
	assert_int_equal(keyring_open(&keyring, dir, phrase("")), ERR_CONFIG);
	test_dir_fini(dir);
	dir = test_dir_init();
	assert_int_equal(keyring_open(&keyring, dir, phrase(passphrase)), ERR_ABSENT);
	test_dir_fini(dir);
	/* Nobody needs one here, so any is right. */
	keyring_close(keyring_make(&dir, "", 1));
	assert_int_equal(keyring_open(&keyring, dir, phrase("any")), ERR_OK);
	keyring_close(keyring);
	test_dir_fini(dir);
}

static void nothing_is_overwritten(void **state)
{
	struct random random = random_seeded(2);
	struct keyring *keyring, *second;
	char *dir, too_long[KEYFILE_PASSPHRASE_LEN_MAX + 2];
	uint8_t too_big[KEYFILE_LEN_MAX] = {0};
	struct secret *secret;

	keyring = keyring_make(&dir, passphrase, 1);
	assert_int_equal(keyring_put(keyring, "a", phrase("first")), ERR_OK);
	assert_int_equal(keyring_put(keyring, "a", phrase("second")), ERR_EXISTS);
	assert_int_equal(keyring_put(keyring, "storage", phrase("x")), ERR_EXISTS);
	assert_int_equal(keyring_put(keyring, "big", bytes_obj(&too_big)), ERR_FULL);
	assert_int_equal(keyring_get(keyring, "big", &secret), ERR_ABSENT);
	check_secret(keyring, "a", phrase("first"));
	assert_int_equal(keyring_create_cost(&second, dir, phrase("new"), &random, &cheap),
			 ERR_EXISTS);
	memset(too_long, 'x', sizeof(too_long));
	assert_int_equal(
		keyring_create_cost(&second, dir, bytes_of(too_long, 1025), &random, &cheap),
		ERR_CONFIG);
	keyring_close(keyring);
	assert_int_equal(keyring_open(&keyring, dir, phrase(passphrase)), ERR_OK);
	check_secret(keyring, "a", phrase("first"));
	keyring_close(keyring);
	test_dir_fini(dir);
}

static void files_are_private_and_complete(void **state)
{
	struct keyring *keyring;
	char *dir, *left, *path;
	struct stat st;

	keyring = keyring_make(&dir, "", 1);
	path = dir_file(dir, "keys/a");
	/* What a crash in the middle of an earlier attempt would leave. */
	left = dir_file(dir, "keys/.new-a");
	test_file_write(left, (const uint8_t *)"half", 4);
	assert_int_equal(chmod(left, 0644), 0);
	assert_int_equal(keyring_put(keyring, "a", phrase("secret")), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(left, F_OK), -1);
	check_secret(keyring, "a", phrase("secret"));
	free(left);
	free(path);
	keyring_close(keyring);
	test_dir_fini(dir);
}

/* -- what the disk shows -- */

struct search {
	struct bytes secret;
	unsigned files, hits;
};

static void search_file(struct search *search, const char *path)
{
	size_t len;
	uint8_t *file = test_file_read(path, &len);

	search->files++;
	if (memmem(file, len, search->secret.ptr, search->secret.len))
		search->hits++;
	free(file);
}

static struct search search_dir(const char *dir, struct bytes secret)
{
	static const char *const names[] = {"data.mdb", "lock.mdb", "keys/storage", "keys/sign"};
	struct search search = {.secret = secret};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = dir_file(dir, names[i]);

		search_file(&search, path);
		free(path);
	}
	return search;
}

static void no_secret_stands_on_the_disk(void **state)
{
	uint8_t secret[32], row_secret[32], storage[32];
	struct random random = random_seeded(3), same = random_seeded(4);
	struct keyring *keyring;
	struct buf sealed;
	struct db *db;
	char *dir;

	random_fill(&random, secret, sizeof(secret));
	random_fill(&random, row_secret, sizeof(row_secret));
	random_fill(&same, storage, sizeof(storage)); /* as keyring_make() draws it */
	keyring = keyring_make(&dir, passphrase, 4);
	assert_int_equal(keyring_put(keyring, "sign", bytes_obj(&secret)), ERR_OK);
	buf_init(&sealed, 1000);
	keyring_seal(keyring, &sealed, "wrap", bytes_obj(&row_secret));
	db = test_db(dir);
	test_put(db, TABLE_SEALED, key_of("wrap"), buf_bytes(&sealed));
	test_put(db, TABLE_META, key_of("seen"), phrase("public words"));
	db_close(db);
	/* The search does find what is there. */
	assert_int_equal(search_dir(dir, phrase("public words")).hits, 1);
	assert_int_equal(search_dir(dir, phrase("allmende-key")).hits, 2);
	assert_int_equal(search_dir(dir, bytes_obj(&secret)).hits, 0);
	assert_int_equal(search_dir(dir, bytes_obj(&row_secret)).hits, 0);
	assert_int_equal(search_dir(dir, bytes_obj(&storage)).hits, 0);
	assert_int_equal(search_dir(dir, phrase(passphrase)).hits, 0);
	/* Parts of them neither. */
	assert_int_equal(search_dir(dir, bytes_of(secret + 8, 8)).hits, 0);
	assert_int_equal(search_dir(dir, bytes_of(storage + 8, 8)).hits, 0);
	buf_fini(&sealed);
	keyring_close(keyring);
	test_dir_fini(dir);
}

static void rows_are_bound_to_their_name_and_directory(void **state)
{
	struct keyring *keyring, *foreign;
	char *dir, *foreign_dir, *path, *foreign_path;
	struct secret *secret = NULL;
	struct buf sealed;
	uint8_t *file;
	size_t len;

	keyring = keyring_make(&dir, "", 1);
	foreign = keyring_make(&foreign_dir, "", 2);
	buf_init(&sealed, 1000);
	keyring_seal(keyring, &sealed, "one", phrase("secret"));
	assert_int_equal(sealed.len, 24 + 6 + 16);
	assert_int_equal(keyring_unseal(keyring, &secret, "two", buf_bytes(&sealed)), ERR_CORRUPT);
	assert_int_equal(keyring_unseal(foreign, &secret, "one", buf_bytes(&sealed)), ERR_CORRUPT);
	for (size_t i = 0; i < sealed.len; i++) {
		assert_int_equal(keyring_unseal(keyring, &secret, "one", bytes_of(sealed.ptr, i)),
				 ERR_CORRUPT);
		sealed.ptr[i] ^= 0x40;
		assert_int_equal(keyring_unseal(keyring, &secret, "one", buf_bytes(&sealed)),
				 ERR_CORRUPT);
		sealed.ptr[i] ^= 0x40;
	}
	assert_int_equal(keyring_unseal(keyring, &secret, "one", buf_bytes(&sealed)), ERR_OK);
	assert_true(bytes_eq(secret_bytes(secret), phrase("secret")));
	secret_close(secret);
	/* Neither does a key file open in another directory or under another name. */
	assert_int_equal(keyring_put(keyring, "a", phrase("secret")), ERR_OK);
	path = dir_file(dir, "keys/a");
	file = test_file_read(path, &len);
	foreign_path = dir_file(foreign_dir, "keys/a");
	test_file_write(foreign_path, file, len);
	assert_int_equal(keyring_get(foreign, "a", &secret), ERR_CORRUPT);
	free(foreign_path);
	foreign_path = dir_file(dir, "keys/b");
	test_file_write(foreign_path, file, len);
	assert_int_equal(keyring_get(keyring, "b", &secret), ERR_CORRUPT);
	check_secret(keyring, "a", phrase("secret"));
	free(foreign_path);
	free(file);
	free(path);
	buf_fini(&sealed);
	keyring_close(keyring);
	keyring_close(foreign);
	test_dir_fini(dir);
	test_dir_fini(foreign_dir);
}

/* -- damaged and hostile files -- */

/* Opens what stands in keys/NAME, with the right passphrase. */
static enum err try_open(const char *dir, struct keyring *keyring, const char *name)
{
	struct keyring *opened = NULL;
	struct secret *secret = NULL;
	enum err err;

	if (strcmp(name, "storage")) {
		err = keyring_get(keyring, name, &secret);
		secret_close(secret);
		return err;
	}
	err = keyring_open(&opened, dir, phrase(passphrase));
	keyring_close(opened);
	return err;
}

static void check_damage(const char *dir, struct keyring *keyring, const char *name)
{
	char *keys = dir_file(dir, "keys"), *path = dir_file(keys, name);
	size_t len;
	uint8_t *file = test_file_read(path, &len);
	uint8_t longer[KEYFILE_LEN_MAX + 100] = {0};

	for (size_t i = 0; i < len; i++) {
		test_file_write(path, file, i);
		assert_int_equal(try_open(dir, keyring, name), ERR_CORRUPT);
		for (unsigned bit = 0; bit < 8; bit++) {
			file[i] ^= (uint8_t)(1 << bit);
			test_file_write(path, file, len);
			assert_int_equal(try_open(dir, keyring, name), ERR_CORRUPT);
			file[i] ^= (uint8_t)(1 << bit);
		}
	}
	memcpy(longer, file, len);
	test_file_write(path, longer, len + 1);
	assert_int_equal(try_open(dir, keyring, name), ERR_CORRUPT);
	test_file_write(path, longer, sizeof(longer));
	assert_int_equal(try_open(dir, keyring, name), ERR_CORRUPT);
	test_file_write(path, file, len);
	assert_int_equal(try_open(dir, keyring, name), ERR_OK);
	free(file);
	free(path);
	free(keys);
}

static void every_truncation_and_flip_is_refused(void **state)
{
	static const char *const phrases[] = {"", passphrase};
	struct keyring *keyring;
	char *dir;

	for (size_t i = 0; i < 2; i++) {
		keyring = keyring_make(&dir, phrases[i], 1);
		assert_int_equal(keyring_put(keyring, "sign", phrase("0123456789")), ERR_OK);
		check_damage(dir, keyring, "storage");
		check_damage(dir, keyring, "sign");
		keyring_close(keyring);
		test_dir_fini(dir);
	}
}

/* A file whose check is right, as only somebody who means it makes. */
static struct bytes forged(uint8_t file[200], uint8_t format, uint8_t mode, uint64_t opslimit,
			   uint64_t memlimit)
{
	struct hash hash;
	size_t len = 14;

	memset(file, 0, 200);
	memcpy(file, "allmende-key", 12);
	file[12] = format;
	file[13] = mode;
	if (mode == KEYFILE_PASSPHRASE) {
		be64_put(file + 14, opslimit);
		be64_put(file + 22, memlimit);
		len = 46;
	}
	len += 24 + 48;
	hash_init(&hash, "am1.keyfile", NULL, 16);
	hash_add(&hash, bytes_of(file, len));
	hash_done(&hash, file + len, 16);
	return bytes_of(file, len + 16);
}

static void hostile_costs_are_refused_before_they_are_paid(void **state)
{
	static const struct {
		uint8_t format, mode;
		uint64_t opslimit, memlimit;
		enum err err;
	} cases[] = {
		{1, KEYFILE_CLEAR, 0, 0, ERR_OK},
		{1, KEYFILE_STORAGE, 0, 0, ERR_OK},
		{1, KEYFILE_PASSPHRASE, 1, 8192, ERR_OK},
		{1, KEYFILE_PASSPHRASE, 16, 1 << 30, ERR_OK},
		{1, KEYFILE_PASSPHRASE, 0, 8192, ERR_CORRUPT},
		{1, KEYFILE_PASSPHRASE, 17, 8192, ERR_CORRUPT},
		{1, KEYFILE_PASSPHRASE, UINT64_MAX, 8192, ERR_CORRUPT},
		{1, KEYFILE_PASSPHRASE, 1, 8191, ERR_CORRUPT},
		{1, KEYFILE_PASSPHRASE, 1, (1 << 30) + 1, ERR_CORRUPT},
		{1, KEYFILE_PASSPHRASE, 1, UINT64_C(100) << 30, ERR_CORRUPT},
		{1, 0, 0, 0, ERR_CORRUPT},
		{1, 4, 0, 0, ERR_CORRUPT},
		{1, 255, 0, 0, ERR_CORRUPT},
		{0, KEYFILE_CLEAR, 0, 0, ERR_VERSION},
		{2, KEYFILE_CLEAR, 0, 0, ERR_VERSION},
	};
	struct keyring *keyring;
	struct keyfile decoded;
	uint8_t file[200];
	char *dir, *path;

	keyring_close(keyring_make(&dir, "", 1));
	path = dir_file(dir, "keys/storage");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes bytes = forged(file, cases[i].format, cases[i].mode, cases[i].opslimit,
					    cases[i].memlimit);

		assert_int_equal(keyfile_decode(&decoded, bytes), cases[i].err);
		if (!cases[i].err)
			continue;
		test_file_write(path, bytes.ptr, bytes.len);
		assert_int_equal(keyring_open(&keyring, dir, phrase("x")), cases[i].err);
	}
	/* A file sealed under a storage key is not one. */
	forged(file, 1, KEYFILE_STORAGE, 0, 0);
	test_file_write(path, file, 14 + 24 + 48 + 16);
	assert_int_equal(keyring_open(&keyring, dir, phrase("x")), ERR_CORRUPT);
	free(path);
	test_dir_fini(dir);
}

static void the_usual_cost_is_high_and_written_down(void **state)
{
	struct random random = random_seeded(5);
	struct keyring *keyring;
	struct keyfile file;
	char *dir = test_dir_init(), *path = dir_file(dir, "keys/storage");
	char *keys = dir_file(dir, "keys");
	uint8_t *bytes;
	size_t len;

	assert_int_equal(mkdir(keys, 0700), 0);
	assert_int_equal(keyring_create(&keyring, dir, phrase(passphrase), &random), ERR_OK);
	keyring_close(keyring);
	bytes = test_file_read(path, &len);
	assert_int_equal(keyfile_decode(&file, bytes_of(bytes, len)), ERR_OK);
	assert_int_equal(file.mode, KEYFILE_PASSPHRASE);
	assert_int_equal(file.cost.opslimit, 3);
	assert_int_equal(file.cost.memlimit, 256 << 20);
	assert_int_equal(keyring_open(&keyring, dir, phrase(passphrase)), ERR_OK);
	keyring_close(keyring);
	free(bytes);
	free(keys);
	free(path);
	test_dir_fini(dir);
}

static void a_passphrase_file_gives_its_first_line(void **state)
{
	static const struct {
		const char *text;
		const char *line; /* NULL: ERR_CONFIG */
	} cases[] = {
		{"word", "word"},
		{"word\n", "word"},
		{"two words\r\nmore\n", "two words"},
		{" spaced ", " spaced "},
		{"a\rb\n", "a\rb"},
		{"", NULL},
		{"\n", NULL},
		{"\r\n", NULL},
		{"\nword\n", NULL},
	};
	char *dir = test_dir_init(), *path = dir_file(dir, "phrase");
	uint8_t text[3000];
	struct secret *secret;

	assert_int_equal(keyfile_passphrase_read(&secret, path), ERR_ABSENT);
	assert_int_equal(keyfile_passphrase_read(&secret, dir), ERR_IO);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		test_file_write(path, (const uint8_t *)cases[i].text, strlen(cases[i].text));
		assert_int_equal(keyfile_passphrase_read(&secret, path),
				 cases[i].line ? ERR_OK : ERR_CONFIG);
		if (!cases[i].line)
			continue;
		assert_true(bytes_eq(secret_bytes(secret), phrase(cases[i].line)));
		secret_close(secret);
	}
	memset(text, 'x', sizeof(text));
	for (size_t len = 1022; len < 1030; len++) {
		bool fits = len <= KEYFILE_PASSPHRASE_LEN_MAX;

		memcpy(text + len, "\r\n", 2);
		test_file_write(path, text, len);
		assert_int_equal(keyfile_passphrase_read(&secret, path),
				 fits ? ERR_OK : ERR_CONFIG);
		if (fits)
			secret_close(secret);
		test_file_write(path, text, sizeof(text));
		assert_int_equal(keyfile_passphrase_read(&secret, path),
				 fits ? ERR_OK : ERR_CONFIG);
		if (fits) {
			assert_int_equal(secret_bytes(secret).len, len);
			secret_close(secret);
		}
		memset(text + len, 'x', 2);
	}
	free(path);
	test_dir_fini(dir);
}

/* Another passphrase, a first one, none: the old one opens nothing, and the keys are the same. */
static void the_storage_key_is_sealed_anew(void **state)
{
	static const char *const steps[] = {"alt", "neu", "", "wieder"};
	struct random random = random_system();
	struct keyring *keyring, *other;
	char *dir;

	keyring = keyring_make(&dir, steps[0], 1);
	assert_int_equal(keyring_put(keyring, "sign-0", phrase("secret")), ERR_OK);
	for (size_t i = 1; i < 4; i++) {
		char *file = dir_file(dir, "keys/storage"), *beside = dir_file(dir, "old");
		char *half = dir_file(dir, "keys/.new-storage");
		uint8_t byte = 1;

		/* what a change before has left that was cut short */
		test_file_write(half, &byte, 1);
		assert_int_equal(keyring_reseal(keyring, phrase(steps[i]), &random), ERR_OK);
		assert_int_equal(access(half, F_OK), -1);
		assert_int_equal(keyring_has_passphrase(keyring), steps[i][0] != 0);
		if (steps[i][0])
			assert_int_equal(keyring_open(&other, dir, phrase(steps[i - 1])),
					 steps[i - 1][0] ? ERR_DENIED : ERR_CONFIG);
		assert_int_equal(keyring_open(&other, dir, phrase(steps[i])), ERR_OK);
		check_secret(other, "sign-0", phrase("secret"));
		keyring_close(other);
		/* the old bytes are gone, but not those of another name */
		assert_int_equal(link(file, beside), 0);
		assert_int_equal(keyring_reseal(keyring, phrase(steps[i]), &random), ERR_OK);
		assert_int_equal(rename(beside, file), 0);
		assert_int_equal(keyring_open(&other, dir, phrase(steps[i])), ERR_OK);
		keyring_close(other);
		free(file);
		free(beside);
		free(half);
	}
	uint8_t longest[KEYFILE_PASSPHRASE_LEN_MAX + 1];
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(keyring_reseal(keyring, bytes_obj(&longest), &random), ERR_CONFIG);
	assert_int_equal(keyring_open(&other, dir, phrase("wieder")), ERR_OK);
	keyring_close(other);
	keyring_close(keyring);
	test_dir_fini(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_storage_key_is_sealed_anew),
		cmocka_unit_test(secrets_come_back_with_the_passphrase),
		cmocka_unit_test(opening_names_what_is_wrong),
		cmocka_unit_test(nothing_is_overwritten),
		cmocka_unit_test(files_are_private_and_complete),
		cmocka_unit_test(no_secret_stands_on_the_disk),
		cmocka_unit_test(rows_are_bound_to_their_name_and_directory),
		cmocka_unit_test(every_truncation_and_flip_is_refused),
		cmocka_unit_test(hostile_costs_are_refused_before_they_are_paid),
		cmocka_unit_test(the_usual_cost_is_high_and_written_down),
		cmocka_unit_test(a_passphrase_file_gives_its_first_line),
	};
	return cmocka_run_group_tests_name("store/keyfile", tests, test_setup, NULL);
}
