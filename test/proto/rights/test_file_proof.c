/* file_proof: what the signature of a file proves, and every way in which one proves nothing. */
#include "proto/rights/file_proof.h"

#include "crypto/hash.h"
#include "proto/wire/wire_out.h"
#include "test/proto/made.h"
#include "test/proto/rights/proved.h"

static int setup(void **state)
{
	struct exported *e = mem_new(1, sizeof(*e));

	exported_init(e, 0);
	*state = e;
	return 0;
}

static int teardown(void **state)
{
	exported_fini(*state);
	free(*state);
	return 0;
}

static struct digest hash_of(const char *text)
{
	struct digest digest;

	struct sha256 *sha256 = sha256_open();
	sha256_add(sha256, bytes_str(text));
	sha256_done(sha256, digest.b);
	sha256_close(sha256);
	return digest;
}

/* What reading says: "" when all is well. */
static enum err reading(const struct exported *e, struct bytes bytes, char *why)
{
	struct file_proof proof;
	enum err err = file_proof_read(&proof, bytes, &e->fed.charter.fed);

	assert_int_equal(err != ERR_OK, proof.why[0] != 0);
	strcpy(why, proof.why);
	file_proof_fini(&proof);
	return err;
}

static void assert_refused(const struct exported *e, const struct buf *file, const char *says)
{
	char why[FILE_PROOF_WHY_LEN];

	assert_true(reading(e, buf_bytes(file), why));
	if (!strstr(why, says))
		fail_msg("\"%s\" does not say \"%s\"", why, says);
}

static void proves(void **state)
{
	struct exported *e = *state;
	struct proved p = {.number = 3};
	struct digest a = hash_of(PROVED_A), b = hash_of(PROVED_B);
	struct file_proof proof;
	struct buf file;

	proved_make(&p, e);
	proved_file(&file, &p, e, "a.csv");
	assert_int_equal(file_proof_read(&proof, buf_bytes(&file), &e->fed.charter.fed), ERR_OK);
	assert_string_equal(proof.author->slug, "gemeinde-2");
	assert_ptr_equal(proof.author, proof.owner);
	assert_int_equal(proof.version.number, 3);
	assert_true(bytes_eq(proof.version.path, bytes_str("gemeinde-2/pegel")));
	assert_int_equal(proof.record.time_ms, TEST_TIME_MS);
	assert_int_equal(proof.file->size, strlen(PROVED_A));
	assert_true(id_eq(&proof.file->sha256, &a));
	/* who has the other file of the version is told so */
	assert_true(
		bytes_eq(file_proof_match(&proof, &b, strlen(PROVED_B))->name, bytes_str("b.csv")));
	assert_null(file_proof_match(&proof, &b, strlen(PROVED_B) + 1));
	file_proof_fini(&proof);
	/* nobody told us the federation: it is the one that it says */
	assert_int_equal(file_proof_read(&proof, buf_bytes(&file), NULL), ERR_OK);
	assert_true(id_eq(&proof.place.charter.fed, &e->fed.charter.fed));
	file_proof_fini(&proof);
	buf_fini(&file);
	proved_fini(&p);
}

/* One byte anywhere is another, or is missing: it proves nothing. */
static void not_a_byte_may_change(void **state)
{
	struct exported *e = *state;
	struct proved p = {.number = 1};
	char why[FILE_PROOF_WHY_LEN];
	struct buf file;

	proved_make(&p, e);
	proved_file(&file, &p, e, "a.csv");
	for (size_t i = 0; i < file.len; i += i < 3000 ? 1 : 37) {
		file.ptr[i] ^= 1;
		if (!reading(e, buf_bytes(&file), why))
			fail_msg("byte %zu of %zu may change", i, file.len);
		file.ptr[i] ^= 1;
	}
	for (size_t len = 0; len < file.len; len += 97)
		assert_true(reading(e, bytes_of(file.ptr, len), why));
	buf_add_u8(&file, 0);
	assert_true(reading(e, buf_bytes(&file), why));
	buf_fini(&file);
	proved_fini(&p);
}

static void refused(struct exported *e, struct proved p, const char *name, const char *says)
{
	struct buf file;

	proved_make(&p, e);
	proved_file(&file, &p, e, name);
	assert_refused(e, &file, says);
	buf_fini(&file);
	proved_fini(&p);
}

static void what_is_not_so(void **state)
{
	struct exported *e = *state;

	refused(e, (struct proved){0}, "c.csv", "no file of that name");
	refused(e, (struct proved){.not_open = true}, "a.csv", "not open");
	refused(e, (struct proved){.id_path = "gemeinde-2/tide"}, "a.csv", "not that of its");
	refused(e, (struct proved){.id_number = 2}, "a.csv", "not that of its");
	refused(e, (struct proved){.number = VERSION_NUMBER_END}, "a.csv", "counts for nothing");
	/* somebody else's path, without a right or with one that nobody needs */
	refused(e, (struct proved){.path = "gemeinde-3/pegel", .owner = 3}, "a.csv",
		"may not publish there");
	refused(e, (struct proved){.by_grant = true}, "a.csv", "may not publish there");
	refused(e, (struct proved){.path = "nobody/pegel"}, "a.csv", "belongs to nobody");
}

/* With a grant the path is another's than the author's; that the grant is good is not said. */
static void by_a_grant(void **state)
{
	struct exported *e = *state;
	struct proved p = {.path = "gemeinde-3/pegel", .owner = 3, .by_grant = true};
	struct file_proof proof;
	struct buf file;

	proved_make(&p, e);
	proved_file(&file, &p, e, "a.csv");
	assert_int_equal(file_proof_read(&proof, buf_bytes(&file), &e->fed.charter.fed), ERR_OK);
	assert_string_equal(proof.author->slug, "gemeinde-2");
	assert_string_equal(proof.owner->slug, "gemeinde-3");
	file_proof_fini(&proof);
	buf_fini(&file);
	proved_fini(&p);
}

/* A node that was put out proves nothing any more, by whoever knows it. */
static void retired(void **state)
{
	struct exported *e = *state;
	struct proved p = {.number = 1};
	struct buf before, after;
	char why[FILE_PROOF_WHY_LEN];

	proved_make(&p, e);
	proved_file(&before, &p, e, "a.csv");
	exported_orglog(e, ORGLOG_NODE_RETIRED, ORGLOG_NODE_ACTIVE);
	proved_file(&after, &p, e, "a.csv");
	assert_refused(e, &after, "put out");
	/* an old one does: what came after is not in it, and whoever reads is told its age */
	assert_int_equal(reading(e, buf_bytes(&before), why), ERR_OK);
	buf_fini(&before);
	buf_fini(&after);
	proved_fini(&p);
}

/* Another federation has an organisation of the same name and slug. */
static void same_name_elsewhere(void **state)
{
	struct exported *e = *state, *other = mem_new(1, sizeof(*other));
	struct proved p = {.number = 1};
	struct buf file;

	proved_make(&p, e);
	proved_file(&file, &p, e, "a.csv");
	*other = *e;
	other->fed.charter.fed.b[0] ^= 1;
	assert_refused(other, &file, "another federation");
	free(other);
	buf_fini(&file);
	proved_fini(&p);
}

/* The record of one version with the list of files of another. */
static void swapped_list(void **state)
{
	struct exported *e = *state;
	struct proved one = {.number = 1}, two = {.number = 2}, mixed;
	struct buf file;

	proved_make(&one, e);
	proved_make(&two, e);
	mixed = one;
	mixed.chunks = two.chunks;
	mixed.sizes = two.sizes;
	proved_file(&file, &mixed, e, "a.csv");
	assert_refused(e, &file, "not the one that was signed");
	buf_fini(&file);
	mixed.chunks = one.chunks;
	mixed.sizes.len = 0; /* none at all */
	proved_file(&file, &mixed, e, "a.csv");
	assert_refused(e, &file, "not the one that was signed");
	buf_fini(&file);
	proved_fini(&one);
	proved_fini(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(proves, setup, teardown),
		cmocka_unit_test_setup_teardown(not_a_byte_may_change, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_so, setup, teardown),
		cmocka_unit_test_setup_teardown(by_a_grant, setup, teardown),
		cmocka_unit_test_setup_teardown(retired, setup, teardown),
		cmocka_unit_test_setup_teardown(same_name_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(swapped_list, setup, teardown),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
