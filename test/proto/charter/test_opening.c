/* opening: words that neither side, nor who sits between, can choose. */
#include "crypto/hash.h"
#include "proto/charter/invitation.h"
#include "proto/charter/opening.h"
#include "test/proto/federation.h"

struct fixture {
	struct test_org org;
	struct buf request;
	struct opening opening;
	struct charter_member newcomer;
	struct fed_id fed;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	struct invitation invitation = {.secret = test_key(7)};
	struct digest commitment;

	if (test_setup(state))
		return 1;
	test_org_init(&f->org, 9);
	f->fed = (struct fed_id){{5}};
	f->opening = (struct opening){.a = {{1}}, .b = {{2}}, .transport = {{3}}};
	invitation.fed = f->fed;
	strcpy(invitation.name, f->org.name);
	strcpy(invitation.slug, f->org.slug);
	strcpy(invitation.ags, f->org.ags);
	opening_commit(&commitment, &f->opening.a);
	buf_init(&f->request, LIMIT_JOIN_REQUEST_LEN_MAX);
	join_request_make(&f->request, &invitation, buf_bytes(&f->org.entry), NULL, &commitment,
			  &(struct digest){{0}}, &f->org.root);
	f->opening.request = join_request_payload(buf_bytes(&f->request));
	f->newcomer.org = f->org.id;
	sign_pk_of(&f->newcomer.root, &f->org.root);
	strcpy(f->newcomer.name, f->org.name);
	strcpy(f->newcomer.slug, f->org.slug);
	strcpy(f->newcomer.ags, f->org.ags);
	*state = f;
	return f->request.err;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_fini(&f->request);
	test_org_fini(&f->org);
	free(f);
	return 0;
}

static void words(struct fixture *f, char out[WORDS_TEXT_LEN])
{
	assert_int_equal(opening_words(out, &f->opening, &f->fed, &f->org.id), ERR_OK);
}

/* Each of what stands between the two goes into the words. */
static void all_of_it_counts(void **state)
{
	struct fixture *f = *state;
	char first[WORDS_TEXT_LEN], other[WORDS_TEXT_LEN];
	uint8_t *const parts[] = {f->opening.a.b,     f->opening.b.b, f->opening.transport.b,
				  f->request.ptr + 4, f->fed.b,       f->org.id.b};

	words(f, first);
	words(f, other);
	assert_string_equal(first, other);
	for (size_t i = 0; i < COUNT(parts); i++) {
		parts[i][0] ^= 1;
		words(f, other);
		assert_string_not_equal(first, other);
		parts[i][0] ^= 1;
	}
}

/* What an issuer shows other stewards is about the newcomer that they vote for, or nothing. */
static void it_fits_one_newcomer(void **state)
{
	struct fixture *f = *state;
	const struct charter charter = {.number = 0};
	struct charter_member other = f->newcomer;

	assert_true(opening_fits(&f->opening, &f->newcomer, &charter));
	other.org.b[0] ^= 1;
	assert_false(opening_fits(&f->opening, &other, &charter));
	other = f->newcomer;
	other.root.b[0] ^= 1;
	assert_false(opening_fits(&f->opening, &other, &charter));
	other = f->newcomer;
	other.next_root.b[0] ^= 1;
	assert_false(opening_fits(&f->opening, &other, &charter));
	other = f->newcomer;
	strcpy(other.slug, "anders");
	assert_false(opening_fits(&f->opening, &other, &charter));
	f->opening.a.b[0] ^= 1; /* not what the request was bound to */
	assert_false(opening_fits(&f->opening, &f->newcomer, &charter));
	f->opening.a.b[0] ^= 1;
	f->opening.request.len--;
	assert_false(opening_fits(&f->opening, &f->newcomer, &charter));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_of_it_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(it_fits_one_newcomer, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
