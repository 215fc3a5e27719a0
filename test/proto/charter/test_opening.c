/* opening: words that neither side, nor who sits between, can choose. */
#include "crypto/hash.h"
#include "crypto/random.h"
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

/* ---- who sits between ---- */

enum {
	RUNS = 100000,
	WORD_BITS = 12, /* instead of 60 */
	GUESSES = 64,   /* that the one between looks through, wherever it may choose something */
};

/* What words come of, by a hash that costs nothing. */
static unsigned light_words(const struct digest *a, const struct digest *b, uint64_t request)
{
	uint8_t sum[ID_LEN];
	struct hash running;

	hash_init(&running, "am1.words", NULL, ID_LEN);
	hash_add(&running, bytes_obj(&request));
	hash_add(&running, id_bytes(b));
	hash_add(&running, id_bytes(a));
	hash_done(&running, sum, ID_LEN);
	return be32_get(sum) >> (32 - WORD_BITS);
}

static struct digest drawn(struct random *random)
{
	struct digest out;

	random_fill(random, out.b, ID_LEN);
	return out;
}

/*
 * Between joiner and issuer it has a request of its own at each of them, and wants them to read the
 * same words. With the order of the protocol: the joiner's commitment, its own one at the issuer,
 * the issuer's b, its own b for the joiner, only then the joiner's a. Without: it knows a before it
 * chooses its b, as when the words came of the request alone.
 */
static bool forger_run(struct random *random, bool binds)
{
	const struct digest a = drawn(random), own_a = drawn(random), b = drawn(random);
	const uint64_t joiner_request = random_below(random, UINT32_MAX);
	const uint64_t own_request = random_below(random, UINT32_MAX);
	const unsigned issuer_reads = light_words(&own_a, &b, own_request);
	struct digest commitment, own_b = drawn(random);

	opening_commit(&commitment, &a);
	for (unsigned i = 0; i < GUESSES; i++) {
		/* what it knows of a when it chooses: that it fits the commitment */
		const struct digest guess = binds ? drawn(random) : a;
		const struct digest choice = drawn(random);
		if (light_words(&guess, &choice, joiner_request) == issuer_reads)
			own_b = choice;
	}
	return light_words(&a, &own_b, joiner_request) == issuer_reads;
}

static unsigned forger_wins(uint64_t seed, bool binds)
{
	struct random random = random_seeded(seed);
	unsigned wins = 0;

	for (unsigned i = 0; i < RUNS; i++)
		wins += forger_run(&random, binds);
	return wins;
}

/* However long it searches, it has one guess with each invitation. */
static void who_sits_between_has_one_guess(void **state)
{
	const int64_t mean = RUNS >> WORD_BITS, wins = forger_wins(52, true);
	const int64_t freely = forger_wins(53, false);

	/* no more than five standard errors above it */
	assert_true(wins <= mean || (wins - mean) * (wins - mean) <= 25 * (mean + 1));
	/* and what binds it is the order: without it the same search finds more */
	assert_true(freely >= GUESSES / 2 * mean);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_sits_between_has_one_guess),
		cmocka_unit_test_setup_teardown(all_of_it_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(it_fits_one_newcomer, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
