/* charter: every rule of section 4 is broken once, alone. */
#include <sodium.h>

#include "crypto/hash.h"
#include "proto/charter/charter_entry.h"
#include "proto/wire/wire_out.h"
#include "test/proto/charter_draft.h"

static void a_federation_is_founded(void **state)
{
	struct draft_fixture *f = *state;
	const struct charter *charter = &f->fed.charter;
	struct digest id;
	struct charter_entry entry;

	assert_int_equal(charter_entry_decode(&entry, buf_bytes(&f->fed.entry)), ERR_OK);
	hash_once(id.b, "am1.charter", entry.payload);
	assert_memory_equal(charter->fed.b, id.b, ID_LEN);
	assert_string_equal(charter->name, "Landkreis Meißen");
	assert_int_equal(charter->number, 1);
	assert_int_equal(charter->member_count, 4);
	assert_string_equal(charter_member(charter, 4)->slug, "gemeinde-4");
	assert_string_equal(charter_member(charter, 4)->group, "14627");
	assert_int_equal(charter_by_slug(charter, bytes_str("gemeinde-2"))->number, 2);
	assert_int_equal(charter_by_org(charter, &f->fed.orgs[2].id)->number, 3);
	assert_int_equal(member_by_ags(charter, bytes_str("14627001"))->number, 1);
	assert_null(charter_by_slug(charter, bytes_str("gemeinde-5")));
	assert_null(charter_by_org(charter, &f->next.id));
	assert_null(charter_member(charter, 0));
	assert_null(charter_member(charter, 5));
	assert_true(charter_is_steward(charter, 3));
	assert_false(charter_is_steward(charter, 4));
}

/* The table hash, built here from the words of the protocol. */
static void table_hash_is_that_of_the_protocol(void **state)
{
	struct draft_fixture *f = *state;
	struct charter_entry entry;
	struct digest commitment, hash;
	struct buf table;

	assert_int_equal(charter_entry_decode(&entry, buf_bytes(&f->fed.entry)), ERR_OK);
	fedkey_commitment(&commitment, &f->fed.fed_key, 1);
	buf_init(&table, 65536);
	out_array(&table, 5);
	out_uint(&table, 2);
	out_array(&table, 3);
	for (unsigned i = 1; i <= 3; i++)
		out_uint(&table, i);
	out_uint(&table, 1);
	out_fixed(&table, commitment.b, ID_LEN);
	out_array(&table, 4);
	for (unsigned i = 0; i < 4; i++) {
		const struct test_org *org = &f->fed.orgs[i];
		struct digest next;
		charter_next_root(&next, &org->next_pk);
		out_array(&table, 9);
		out_uint(&table, i + 1);
		out_uint(&table, 1);
		out_fixed(&table, org->id.b, ID_LEN);
		out_fixed(&table, org->root_pk.b, ID_LEN);
		out_fixed(&table, next.b, ID_LEN);
		out_text(&table, bytes_str(org->name));
		out_text(&table, bytes_str(org->slug));
		out_text(&table, bytes_str(org->ags));
		out_text(&table, bytes_str("14627"));
	}
	hash_once(hash.b, "am1.members", buf_bytes(&table));
	assert_true(id_eq(&hash, &entry.table));
	buf_fini(&table);
}

static void a_member_is_admitted(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	draft_init(&draft, f);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	assert_int_equal(charter.number, 2);
	assert_int_equal(charter_by_org(&charter, &f->next.id)->number, 5);
	assert_int_equal(charter_by_slug(&charter, bytes_str("gemeinde-20"))->number, 5);
	charter_fini(&charter);
}

#define BREAKS(X)                                                                                  \
	X(known_number, MALFORMED, d->entry.number = 1)                                            \
	X(skipped_number, AGAIN, d->entry.number = 3)                                              \
	X(highest_number, AGAIN, d->entry.number = LIMIT_CHARTER_NUMBER_MAX)                       \
	X(number_too_high, MALFORMED, d->entry.number = LIMIT_CHARTER_NUMBER_MAX + 1)              \
	X(another_previous, PROTOCOL, d->entry.previous.b[0] ^= 1)                                 \
	X(table_hash, PROTOCOL, d->table_wrong = true)                                             \
	X(one_vote_missing, DENIED, d->voter_count = 1)                                            \
	X(no_vote, DENIED, d->voter_count = 0)                                                     \
	X(repeated_vote, MALFORMED, (d->voters[1] = 1, d->keys[1] = d->keys[0]))                   \
	X(votes_fall, MALFORMED, (d->voters[0] = 3, d->voters[1] = 1))                             \
	X(one_key_as_two_stewards, DENIED, d->keys[1] = d->keys[0])                                \
	X(vote_of_no_steward, DENIED, (d->voters[1] = 4, d->keys[1] = f->fed.orgs[3].root))        \
	X(vote_of_the_admitted, DENIED, (d->voters[1] = 5, d->keys[1] = f->next.root))             \
	X(votes_for_another_federation, DENIED, d->fed_zero = true)                                \
	X(member_number_skipped, PROTOCOL, d->changes[0].member.number = 6)                        \
	X(member_number_again, PROTOCOL, d->changes[0].member.number = 4)                          \
	X(slug_again, PROTOCOL, strcpy(d->changes[0].member.slug, "gemeinde-2"))                   \
	X(slug_not_one, MALFORMED, strcpy(d->changes[0].member.slug, "Nünchritz"))                 \
	X(organisation_again, PROTOCOL, d->changes[0].member.org = f->fed.orgs[1].id)              \
	X(ags_short, MALFORMED, strcpy(d->changes[0].member.ags, "146270"))                        \
	X(ags_letters, MALFORMED, strcpy(d->changes[0].member.ags, "1462x"))                       \
	X(name_empty, MALFORMED, strcpy(d->changes[0].member.name, ""))                            \
	X(name_control, MALFORMED, strcpy(d->changes[0].member.name, "a\nb"))                      \
	X(root_of_small_order, DENIED,                                                             \
	  (memset(d->changes[0].member.root.b, 0, ID_LEN), d->changes[0].member.root.b[0] = 1))    \
	X(remove_without_new_key, PROTOCOL, draft_remove(d, 4, false))                             \
	X(remove_nobody, PROTOCOL, draft_remove(d, 9, true))                                       \
	X(remove_steward, PROTOCOL, draft_remove(d, 2, true))                                      \
	X(key_number_skipped, PROTOCOL, draft_key(d, 3, true))                                     \
	X(key_number_again, PROTOCOL, draft_key(d, 1, false))                                      \
	X(key_without_previous, PROTOCOL, draft_key(d, 2, false))                                  \
	X(steward_no_member, PROTOCOL, draft_stewards(d, 1, 2, 5, 2))                              \
	X(stewards_fall, MALFORMED, draft_stewards(d, 2, 1, 3, 2))                                 \
	X(threshold_half, PROTOCOL, draft_stewards(d, 1, 3, 0, 1))                                 \
	X(threshold_above, PROTOCOL, draft_stewards(d, 1, 3, 0, 3))                                \
	X(threshold_0, PROTOCOL, d->entry.threshold = 0)                                           \
	X(new_threshold_not_reached, DENIED, d->entry.threshold = 3)                               \
	X(new_stewards_did_not_vote, DENIED, draft_stewards(d, 1, 2, 4, 2))

#define X(name, wants, change)                                                                     \
	static void break_##name(struct draft *d, struct draft_fixture *f)                         \
	{                                                                                          \
		change;                                                                            \
	}
BREAKS(X)
#undef X

static void every_broken_rule_is_refused(void **state)
{
	static const struct {
		const char *name;
		void (*change)(struct draft *d, struct draft_fixture *f);
		enum err wants;
	} cases[] = {
#define X(name, wants, change) {#name, break_##name, ERR_##wants},
		BREAKS(X)
#undef X
	};
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	for (size_t i = 0; i < COUNT(cases); i++) {
		draft_init(&draft, f);
		cases[i].change(&draft, f);
		enum err err = draft_apply(&draft, &charter);
		if (err != cases[i].wants)
			fail_msg("%s: %s", cases[i].name, err_text(err));
		assert_int_equal(charter.number, 1);
		assert_int_equal(charter.member_count, 4);
		assert_null(charter_by_org(&charter, &f->next.id));
		assert_int_equal(charter_member(&charter, 4)->state, CHARTER_MEMBER);
	}
	/* unchanged in every respect: the good entry, with its table hash, still follows */
	draft_init(&draft, f);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	charter_fini(&charter);
}

static void a_member_leaves_and_its_slug_is_free(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	draft_init(&draft, f);
	draft_remove(&draft, 4, true);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	assert_int_equal(charter_member(&charter, 4)->state, CHARTER_FORMER);
	assert_null(charter_by_org(&charter, &f->fed.orgs[3].id));
	assert_null(member_by_ags(&charter, bytes_str("14627004")));
	assert_int_equal(charter_by_slug(&charter, bytes_str("gemeinde-4"))->number, 4);
	assert_int_equal(charter.key_number, 2);
	/* again, under the slug of one that is there: refused; under its own: a new number */
	draft_init(&draft, f);
	draft.entry.number = 3;
	draft.entry.previous = charter.entry_id;
	test_admit(&draft.changes[0], &f->fed.orgs[3], 5);
	strcpy(draft.changes[0].member.slug, "gemeinde-3");
	assert_int_equal(draft_apply(&draft, &charter), ERR_PROTOCOL);
	strcpy(draft.changes[0].member.slug, "gemeinde-4");
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	assert_int_equal(charter_by_org(&charter, &f->fed.orgs[3].id)->number, 5);
	assert_int_equal(charter_by_slug(&charter, bytes_str("gemeinde-4"))->number, 5);
	/* removed again in the entry that gives its slug to another */
	draft_init(&draft, f);
	draft.entry.number = 4;
	draft.entry.previous = charter.entry_id;
	draft_remove(&draft, 5, true);
	draft_change_key(&draft.changes[1], 3);
	test_admit(&draft.changes[2], &f->next, 6);
	strcpy(draft.changes[2].member.slug, "gemeinde-4");
	draft.change_count = 3;
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	assert_int_equal(charter_by_slug(&charter, bytes_str("gemeinde-4"))->number, 6);
	assert_null(charter_by_org(&charter, &f->fed.orgs[3].id));
	charter_fini(&charter);
}

/* Entry 1: its own rules. */
static void founding_has_rules(void **state)
{
	struct draft_fixture *f = *state;
	static const struct {
		const char *name;
		unsigned kind;
		enum err wants;
	} cases[] = {
		{"good", 0, ERR_OK},
		{"no federation key", 1, ERR_PROTOCOL},
		{"no stewards", 2, ERR_PROTOCOL},
		{"the steward did not vote", 3, ERR_DENIED},
		{"key number 2", 4, ERR_PROTOCOL},
		{"no name", 5, ERR_MALFORMED},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct charter charter;
		struct draft d = {.entry = {.number = 1,
					    .name = bytes_str("F"),
					    .time_ms = TEST_TIME_MS,
					    .threshold = 1},
				  .change_count = 3};
		charter_init(&charter);
		test_admit(&d.changes[0], &f->fed.orgs[0], 1);
		draft_change_key(&d.changes[1], cases[i].kind == 4 ? 2 : 1);
		draft_change_stewards(&d.changes[2], 1, 0, 0);
		if (cases[i].kind == 1)
			d.changes[1] = d.changes[2];
		if (cases[i].kind == 2)
			d.change_count = 2;
		if (cases[i].kind == 1)
			d.change_count = 2;
		if (cases[i].kind != 3)
			draft_vote(&d, f, 1);
		if (cases[i].kind == 5)
			d.entry.name = bytes_of(NULL, 0);
		enum err err = draft_apply(&d, &charter);
		if (err != cases[i].wants)
			fail_msg("%s: %s", cases[i].name, err_text(err));
		assert_int_equal(charter.number, err ? 0 : 1);
		charter_fini(&charter);
	}
}

/* What the builder cannot write: an entry put together by hand, without changes or votes. */
static enum err apply_by_hand(struct charter *charter, uint64_t number, bool previous, bool name,
			      struct bytes change)
{
	const uint8_t zeros[ID_LEN] = {0};
	struct buf payload, entry;

	buf_init(&payload, 4096);
	buf_init(&entry, 4096);
	out_array(&payload, 8);
	out_uint(&payload, 1);
	out_uint(&payload, number);
	out_fixed_or_nil(&payload, previous ? charter->entry_id.b : NULL, ID_LEN);
	if (name)
		out_text(&payload, bytes_str("F"));
	else
		out_nil(&payload);
	out_uint(&payload, TEST_TIME_MS);
	out_uint(&payload, 2);
	out_array(&payload, change.len > 0);
	buf_add(&payload, change);
	out_fixed(&payload, zeros, ID_LEN);
	charter_entry_make(&entry, buf_bytes(&payload), NULL, 0);
	enum err err = charter_apply(charter, buf_bytes(&entry));
	buf_fini(&payload);
	buf_fini(&entry);
	return err;
}

static void nil_stands_where_it_belongs(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f), none;
	const struct bytes nothing = {NULL, 0};

	charter_init(&none);
	/* well formed, and refused only for want of votes or stewards */
	assert_int_equal(apply_by_hand(&charter, 2, true, false, nothing), ERR_DENIED);
	assert_int_equal(apply_by_hand(&none, 1, false, true, nothing), ERR_PROTOCOL);
	assert_int_equal(apply_by_hand(&charter, 2, true, true, nothing), ERR_MALFORMED);
	assert_int_equal(apply_by_hand(&charter, 2, false, false, nothing), ERR_MALFORMED);
	assert_int_equal(apply_by_hand(&none, 1, true, true, nothing), ERR_MALFORMED);
	assert_int_equal(apply_by_hand(&none, 1, false, false, nothing), ERR_MALFORMED);
	assert_int_equal(apply_by_hand(&none, 0, false, false, nothing), ERR_MALFORMED);
	charter_fini(&charter);
}

/*
 * What the builder does not write: another county than the AGS says, an element more, a new kind.
 */
static void changes_by_hand(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct charter_change admit;
	struct buf change;

	buf_init(&change, 1024);
	test_admit(&admit, &f->next, 5);
	charter_change_put(&change, &admit);
	assert_int_equal(apply_by_hand(&charter, 2, true, false, buf_bytes(&change)), ERR_DENIED);
	change.ptr[change.len - 1] = '8';
	assert_int_equal(apply_by_hand(&charter, 2, true, false, buf_bytes(&change)),
			 ERR_MALFORMED);
	buf_reset(&change);
	out_array(&change, 3);
	out_uint(&change, CHARTER_REMOVE);
	out_uint(&change, 4);
	out_nil(&change);
	assert_int_equal(apply_by_hand(&charter, 2, true, false, buf_bytes(&change)),
			 ERR_MALFORMED);
	buf_reset(&change);
	out_array(&change, 2);
	out_uint(&change, CHARTER_RENAME + 1);
	out_uint(&change, 4);
	assert_int_equal(apply_by_hand(&charter, 2, true, false, buf_bytes(&change)), ERR_DENIED);
	buf_fini(&change);
	charter_fini(&charter);
}

/*
 * What a later program has the stewards decide counts, as far as the member table is the one that
 * is known here; nobody votes for it who cannot read it.
 */
static void a_change_of_an_unknown_kind(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct charter_entry entry;
	struct draft draft;
	struct buf whole;

	draft_init(&draft, f);
	draft.unread = true;
	draft.voter_count = 1;
	assert_int_equal(draft_apply(&draft, &charter), ERR_DENIED);
	draft_init(&draft, f);
	draft.unread = draft.table_wrong = true;
	assert_int_equal(draft_apply(&draft, &charter), ERR_VERSION);
	assert_int_equal(charter.number, 1);
	draft_init(&draft, f);
	draft.unread = true;
	buf_init(&whole, LIMIT_CHARTER_ENTRY_LEN_MAX);
	draft_put(&whole, &draft, &charter);
	assert_int_equal(charter_entry_decode(&entry, buf_bytes(&whole)), ERR_OK);
	assert_int_equal(charter_payload_check(&charter, entry.payload), ERR_VERSION);
	assert_int_equal(charter_apply(&charter, buf_bytes(&whole)), ERR_OK);
	assert_int_equal(charter.number, 2);
	assert_int_equal(charter.member_count, 5);
	buf_fini(&whole);
	charter_fini(&charter);
}

static void another_form_is_another_version(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct buf payload, entry;

	buf_init(&payload, 1024);
	buf_init(&entry, 1024);
	out_array(&payload, 9);
	out_uint(&payload, 2);
	for (unsigned i = 0; i < 8; i++)
		out_nil(&payload);
	charter_entry_make(&entry, buf_bytes(&payload), NULL, 0);
	assert_int_equal(charter_apply(&charter, buf_bytes(&entry)), ERR_VERSION);
	buf_fini(&payload);
	buf_fini(&entry);
	charter_fini(&charter);
}

static void nothing_shorter_is_accepted(void **state)
{
	struct draft_fixture *f = *state;

	for (size_t len = 0; len < f->fed.entry.len; len++) {
		struct charter charter;
		uint8_t *copy = malloc(len ? len : 1);
		memcpy(copy, f->fed.entry.ptr, len);
		charter_init(&charter);
		assert_int_not_equal(charter_apply(&charter, bytes_of(copy, len)), ERR_OK);
		charter_fini(&charter);
		free(copy);
	}
}

static void federation_keys_go_back(void **state)
{
	struct random random = random_seeded(1);
	struct key f1 = test_key(1), f2 = test_key(2), back;
	uint8_t sealed[FEDKEY_SEALED_LEN];
	struct digest a, b;

	fedkey_seal_previous(sealed, &f2, 2, &f1, &random);
	assert_int_equal(fedkey_open_previous(&back, &f2, 2, sealed), ERR_OK);
	assert_true(key_eq(&back, &f1));
	assert_int_equal(fedkey_open_previous(&back, &f2, 3, sealed), ERR_DENIED);
	assert_int_equal(fedkey_open_previous(&back, &f1, 2, sealed), ERR_DENIED);
	sealed[30] ^= 1;
	assert_int_equal(fedkey_open_previous(&back, &f2, 2, sealed), ERR_DENIED);
	fedkey_commitment(&a, &f1, 1);
	fedkey_commitment(&b, &f1, 2);
	assert_false(id_eq(&a, &b));
}

static void stored_charter_is_the_same_and_forks_are_told(void **state)
{
	struct draft_fixture *f = *state;
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct charter charter, again;
	struct draft draft;
	struct buf second, other;
	struct bytes stored;
	struct digest commitment;
	uint8_t sealed[FEDKEY_SEALED_LEN];
	bool forked = true, has_sealed = true;

	assert_int_equal(charter_load(txn, &charter), ERR_ABSENT);
	assert_int_equal(charter_accept(txn, &charter, buf_bytes(&f->fed.entry), &forked), ERR_OK);
	assert_false(forked);
	buf_init(&second, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&other, LIMIT_CHARTER_ENTRY_LEN_MAX);
	draft_init(&draft, f);
	draft_put(&second, &draft, &charter);
	draft_init(&draft, f);
	draft_remove(&draft, 4, true);
	draft_put(&other, &draft, &charter);
	assert_int_equal(charter_accept(txn, &charter, buf_bytes(&second), NULL), ERR_OK);
	assert_int_equal(charter_accept(txn, &charter, buf_bytes(&second), &forked), ERR_EXISTS);
	assert_false(forked);
	/* the stewards signed another entry 2, and this is told */
	assert_int_equal(charter_accept(txn, &charter, buf_bytes(&other), &forked), ERR_EXISTS);
	assert_true(forked);
	assert_int_equal(charter_member(&charter, 4)->state, CHARTER_MEMBER);

	assert_int_equal(charter_load(txn, &again), ERR_OK);
	assert_int_equal(again.number, 2);
	assert_int_equal(again.member_count, 5);
	assert_true(id_eq(&again.fed, &charter.fed));
	assert_true(id_eq(&again.entry_id, &charter.entry_id));
	assert_memory_equal(again.members, charter.members, 5 * sizeof(*again.members));
	charter_fini(&again);
	assert_true(charter_entry(txn, 2, &stored));
	assert_true(bytes_eq(stored, buf_bytes(&second)));

	assert_int_equal(fedkey_find(txn, 1, &commitment, &has_sealed, sealed), ERR_OK);
	assert_true(id_eq(&commitment, &charter.key_commitment));
	assert_false(has_sealed);
	assert_int_equal(fedkey_find(txn, 2, &commitment, &has_sealed, sealed), ERR_ABSENT);

	/* an altered row that still decodes does not become the charter */
	struct row_key key = key_charter(1);
	txn_put(txn, TABLE_CHARTER, row_key_bytes(&key), buf_bytes(&other));
	assert_int_equal(charter_load(txn, &again), ERR_CORRUPT);
	txn_abort(txn);
	charter_fini(&charter);
	buf_fini(&second);
	buf_fini(&other);
	db_close(db);
	test_dir_fini(dir);
}

/* Many members, admitted in big entries: lookups find each, and nobody else. */
static void many_members_are_found(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct charter_change *changes = mem_new(200, sizeof(*changes));
	struct buf payload, entry;
	uint32_t number = 4;

	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	for (unsigned round = 0; round < 10; round++) {
		struct charter_vote votes[2];
		for (unsigned i = 0; i < 200; i++) {
			struct charter_member *member = &changes[i].member;
			test_admit(&changes[i], &f->next, ++number);
			memcpy(member->org.b, &number, sizeof(number));
			snprintf(member->slug, sizeof(member->slug), "s-%u", number);
			snprintf(member->ags, sizeof(member->ags), "%08u", number);
		}
		buf_reset(&payload);
		buf_reset(&entry);
		assert_int_equal(charter_payload_make(&payload, &charter, NULL, TEST_TIME_MS, 2,
						      changes, 200),
				 ERR_OK);
		for (uint32_t i = 0; i < 2; i++)
			charter_vote(&votes[i], &charter, i + 1, &f->fed.orgs[i].root,
				     buf_bytes(&payload));
		charter_entry_make(&entry, buf_bytes(&payload), votes, 2);
		assert_int_equal(charter_apply(&charter, buf_bytes(&entry)), ERR_OK);
	}
	for (uint32_t n = 5; n <= number; n++) {
		struct org_id org = f->next.id;
		char slug[16], ags[16];
		memcpy(org.b, &n, sizeof(n));
		snprintf(slug, sizeof(slug), "s-%u", n);
		snprintf(ags, sizeof(ags), "%08u", n);
		assert_int_equal(charter_by_org(&charter, &org)->number, n);
		assert_int_equal(charter_by_slug(&charter, bytes_str(slug))->number, n);
		assert_int_equal(member_by_ags(&charter, bytes_str(ags))->number, n);
	}
	assert_null(charter_by_slug(&charter, bytes_str("s-4")));
	buf_fini(&payload);
	buf_fini(&entry);
	charter_fini(&charter);
	free(changes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_federation_is_founded),
		cmocka_unit_test(table_hash_is_that_of_the_protocol),
		cmocka_unit_test(a_member_is_admitted),
		cmocka_unit_test(every_broken_rule_is_refused),
		cmocka_unit_test(a_member_leaves_and_its_slug_is_free),
		cmocka_unit_test(founding_has_rules),
		cmocka_unit_test(nil_stands_where_it_belongs),
		cmocka_unit_test(changes_by_hand),
		cmocka_unit_test(another_form_is_another_version),
		cmocka_unit_test(nothing_shorter_is_accepted),
		cmocka_unit_test(a_change_of_an_unknown_kind),
		cmocka_unit_test(federation_keys_go_back),
		cmocka_unit_test(stored_charter_is_the_same_and_forks_are_told),
		cmocka_unit_test(many_members_are_found),
	};
	return cmocka_run_group_tests(tests, draft_setup, draft_teardown);
}
