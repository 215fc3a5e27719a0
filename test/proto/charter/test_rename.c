/* charter: a member is called otherwise, and what that leaves as it is. */
#include <stdio.h>

#include "crypto/hash.h"
#include "proto/wire/wire_out.h"
#include "test/proto/charter_draft.h"

enum { RENAMED = 2 };

static void rename_set(struct charter_change *out, uint32_t member, const char *name,
		       const char *slug, const char *ags)
{
	*out = (struct charter_change){.kind = CHARTER_RENAME, .member.number = member};
	snprintf(out->member.name, sizeof(out->member.name), "%s", name);
	snprintf(out->member.slug, sizeof(out->member.slug), "%s", slug);
	snprintf(out->member.ags, sizeof(out->member.ags), "%s", ags);
}

/* The next entry, voted by stewards 1 and 3. */
static enum err renamed(struct draft_fixture *f, struct charter *charter, uint32_t member,
			const char *name, const char *slug, const char *ags)
{
	struct draft draft;

	draft_next(&draft, f, charter);
	rename_set(draft_change(&draft, CHARTER_RENAME), member, name, slug, ags);
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 3);
	return draft_apply(&draft, charter);
}

static void assert_kept(const struct charter *charter, const char *typed, const char *kept)
{
	char out[LIMIT_PATH_LEN_MAX + 1];

	charter_path_kept(charter, bytes_str(typed), out);
	assert_string_equal(out, kept);
}

static void assert_shown(const struct charter *charter, const char *kept, const char *shown)
{
	char out[LIMIT_PATH_LEN_MAX + 1];

	charter_path_shown(charter, bytes_str(kept), out);
	assert_string_equal(out, shown);
}

static void people_say_any_name_and_see_the_latest(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	const struct charter_member *member;

	assert_int_equal(
		renamed(f, &charter, RENAMED, "Stadt Riesa-Zeithain", "riesa-zeithain", "14628235"),
		ERR_OK);
	member = charter_member(&charter, RENAMED);
	assert_string_equal(member->name, "Stadt Riesa-Zeithain");
	assert_string_equal(member->slug, "riesa-zeithain");
	assert_string_equal(member->home, "gemeinde-2");
	assert_string_equal(member->ags, "14628235");
	assert_string_equal(member->group, "14628");
	assert_kept(&charter, "riesa-zeithain/kita/plaetze", "gemeinde-2/kita/plaetze");
	assert_kept(&charter, "riesa-zeithain", "gemeinde-2");
	assert_kept(&charter, "riesa-zeithain/**", "gemeinde-2/**");
	assert_kept(&charter, "gemeinde-2/kita", "gemeinde-2/kita");
	assert_shown(&charter, "gemeinde-2/kita/plaetze", "riesa-zeithain/kita/plaetze");
	assert_shown(&charter, "riesa-zeithain/kita", "riesa-zeithain/kita");
	/* by component, and nobody else's */
	assert_kept(&charter, "riesa-zeithain-nord/kita", "riesa-zeithain-nord/kita");
	assert_shown(&charter, "gemeinde-3/gemeinde-2/x", "gemeinde-3/gemeinde-2/x");
	assert_shown(&charter, "*/kita/**", "*/kita/**");
	/* what is signed begins with the first one alone */
	assert_ptr_equal(charter_by_slug(&charter, bytes_str("gemeinde-2")), member);
	assert_null(charter_by_slug(&charter, bytes_str("riesa-zeithain")));
	assert_ptr_equal(charter_named(&charter, bytes_str("riesa-zeithain")), member);
	assert_ptr_equal(charter_named(&charter, bytes_str("gemeinde-2")), member);
	charter_fini(&charter);
}

static void it_goes_back_and_on(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	const struct charter_rename *rename;
	uint32_t at = 0;

	assert_int_equal(renamed(f, &charter, RENAMED, "B", "b", "14627002"), ERR_OK);
	assert_int_equal(renamed(f, &charter, RENAMED, "C", "c", "14627002"), ERR_OK);
	assert_int_equal(renamed(f, &charter, RENAMED, "A", "gemeinde-2", "14627002"), ERR_OK);
	assert_kept(&charter, "c/x", "gemeinde-2/x");
	assert_shown(&charter, "gemeinde-2/x", "gemeinde-2/x");
	assert_int_equal(renamed(f, &charter, RENAMED, "B", "b", "14627002"), ERR_OK);
	assert_kept(&charter, "c/x", "gemeinde-2/x");
	assert_kept(&charter, "b/x", "gemeinde-2/x");
	assert_shown(&charter, "gemeinde-2/x", "b/x");
	static const char *const before[] = {"gemeinde-2", "c", "b", "gemeinde-2"};
	for (size_t i = 0; i < COUNT(before); i++) {
		assert_true(
			charter_renamed(&charter, charter_member(&charter, RENAMED), &at, &rename));
		assert_string_equal(rename->slug_before, before[i]);
	}
	assert_false(charter_renamed(&charter, charter_member(&charter, RENAMED), &at, &rename));
	charter_fini(&charter);
}

static void a_slug_stays_with_whoever_had_it(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	assert_int_equal(renamed(f, &charter, RENAMED, "B", "b", "14627002"), ERR_OK);
	/* that of another, and a former and the present one of somebody who was renamed */
	assert_int_equal(renamed(f, &charter, 3, "C", "gemeinde-4", "14627003"), ERR_PROTOCOL);
	assert_int_equal(renamed(f, &charter, 3, "C", "gemeinde-2", "14627003"), ERR_PROTOCOL);
	assert_int_equal(renamed(f, &charter, 3, "C", "b", "14627003"), ERR_PROTOCOL);
	draft_next(&draft, f, &charter);
	struct charter_change *admit = draft_change(&draft, CHARTER_ADMIT);
	test_admit(admit, &f->next, 5);
	snprintf(admit->member.slug, sizeof(admit->member.slug), "b");
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 3);
	assert_int_equal(draft_apply(&draft, &charter), ERR_PROTOCOL);
	assert_string_equal(charter_member(&charter, 3)->slug, "gemeinde-3");
	charter_fini(&charter);
}

static enum err admitted(struct draft_fixture *f, struct charter *charter, const char *slug)
{
	struct draft draft;

	draft_next(&draft, f, charter);
	struct charter_change *admit = draft_change(&draft, CHARTER_ADMIT);
	test_admit(admit, &f->next, 5);
	snprintf(admit->member.slug, sizeof(admit->member.slug), "%s", slug);
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 3);
	return draft_apply(&draft, charter);
}

/* What a renamed member leaves behind when it goes: others may be admitted by it, alone by that. */
static void a_former_member_keeps_no_name_from_others(void **state)
{
	static const char *const slugs[] = {"gemeinde-4", "b"};
	struct draft_fixture *f = *state;

	for (size_t i = 0; i < COUNT(slugs); i++) {
		struct charter charter = draft_charter(f);
		struct draft draft;
		assert_int_equal(renamed(f, &charter, 4, "B", "b", "14627004"), ERR_OK);
		assert_int_equal(admitted(f, &charter, slugs[i]), ERR_PROTOCOL);
		draft_next(&draft, f, &charter);
		draft_remove(&draft, 4, true);
		draft_vote(&draft, f, 1);
		draft_vote(&draft, f, 3);
		assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
		/* as long as nobody has come */
		assert_kept(&charter, "b/x", "gemeinde-4/x");
		assert_shown(&charter, "gemeinde-4/x", "b/x");
		assert_int_equal(renamed(f, &charter, 3, "C", "b", "14627003"), ERR_PROTOCOL);
		assert_int_equal(admitted(f, &charter, slugs[i]), ERR_OK);
		assert_int_equal(charter_named(&charter, bytes_str(slugs[i]))->number, 5);
		assert_int_equal(charter_by_slug(&charter, bytes_str(slugs[i]))->number, 5);
		/* no path of the one leads to the other */
		assert_kept(&charter, "b/x", "b/x");
		assert_kept(&charter, "gemeinde-4/x", "gemeinde-4/x");
		assert_shown(&charter, "gemeinde-4/x", "gemeinde-4/x");
		assert_shown(&charter, "b/x", "b/x");
		charter_fini(&charter);
	}
}

static void what_fails_leaves_everything_as_it_was(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	assert_int_equal(renamed(f, &charter, RENAMED, "B", "b", "14627002"), ERR_OK);
	draft_next(&draft, f, &charter);
	rename_set(draft_change(&draft, CHARTER_RENAME), RENAMED, "C", "c", "14627999");
	rename_set(draft_change(&draft, CHARTER_RENAME), 9, "D", "d", "14627003");
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 3);
	assert_int_equal(draft_apply(&draft, &charter), ERR_PROTOCOL);
	assert_string_equal(charter_member(&charter, RENAMED)->slug, "b");
	assert_string_equal(charter_member(&charter, RENAMED)->ags, "14627002");
	assert_null(charter_named(&charter, bytes_str("c")));
	assert_kept(&charter, "b/x", "gemeinde-2/x");
	/* and what was refused is free for anybody */
	assert_int_equal(renamed(f, &charter, 3, "C", "c", "14627003"), ERR_OK);
	charter_fini(&charter);
}

static void only_stewards_and_only_who_belongs(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct draft draft;

	draft_next(&draft, f, &charter);
	rename_set(draft_change(&draft, CHARTER_RENAME), 4, "B", "b", "14627004");
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 4);
	assert_int_equal(draft_apply(&draft, &charter), ERR_DENIED);
	assert_int_equal(renamed(f, &charter, 0, "B", "b", "14627002"), ERR_PROTOCOL);
	assert_int_equal(renamed(f, &charter, 9, "B", "b", "14627002"), ERR_PROTOCOL);
	assert_int_equal(renamed(f, &charter, RENAMED, "B", "B", "14627002"), ERR_MALFORMED);
	assert_int_equal(renamed(f, &charter, RENAMED, "", "b", "14627002"), ERR_MALFORMED);
	assert_int_equal(renamed(f, &charter, RENAMED, "B", "b", "146270"), ERR_MALFORMED);
	/* one that the same entry admits has its name already */
	draft_init(&draft, f);
	rename_set(draft_change(&draft, CHARTER_RENAME), 5, "B", "b", "14627002");
	assert_int_equal(draft_apply(&draft, &charter), ERR_PROTOCOL);
	/* a former member */
	draft_init(&draft, f);
	draft_remove(&draft, 4, true);
	assert_int_equal(draft_apply(&draft, &charter), ERR_OK);
	assert_int_equal(renamed(f, &charter, 4, "B", "b", "14627004"), ERR_PROTOCOL);
	charter_fini(&charter);
}

static void thirty_two_times_and_no_more(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	char slug[16];

	for (unsigned i = 0; i < CHARTER_RENAME_COUNT_MAX; i++) {
		snprintf(slug, sizeof(slug), "name-%u", i);
		assert_int_equal(renamed(f, &charter, RENAMED, "B", slug, "14627002"), ERR_OK);
	}
	assert_int_equal(renamed(f, &charter, RENAMED, "B", "gemeinde-2", "14627002"), ERR_FULL);
	/* all of them lead to it, through an index that has grown */
	for (unsigned i = 0; i < CHARTER_RENAME_COUNT_MAX; i++) {
		snprintf(slug, sizeof(slug), "name-%u", i);
		assert_int_equal(charter_named(&charter, bytes_str(slug))->number, RENAMED);
	}
	assert_int_equal(renamed(f, &charter, 3, "C", "c", "14627003"), ERR_OK);
	charter_fini(&charter);
}

/* The row of a member that was renamed, built here from the words of the protocol. */
static void the_table_has_all_its_slugs(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f);
	struct charter_change change;
	struct charter_entry entry;
	struct digest hash;
	struct buf payload, table;

	assert_int_equal(renamed(f, &charter, RENAMED, "B", "b", "14627002"), ERR_OK);
	assert_int_equal(renamed(f, &charter, RENAMED, "A", "gemeinde-2", "14627002"), ERR_OK);
	rename_set(&change, RENAMED, "C", "c", "14628002");
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&table, 65536);
	assert_int_equal(
		charter_payload_make(&payload, &charter, NULL, TEST_TIME_MS, 2, &change, 1),
		ERR_OK);
	assert_int_equal(charter_payload_decode(&entry, buf_bytes(&payload)), ERR_OK);
	out_array(&table, 5);
	out_uint(&table, 2);
	out_array(&table, 3);
	for (unsigned i = 1; i <= 3; i++)
		out_uint(&table, i);
	out_uint(&table, 1);
	out_fixed(&table, charter.key_commitment.b, ID_LEN);
	out_array(&table, 4);
	for (unsigned i = 0; i < 4; i++) {
		const struct test_org *org = &f->fed.orgs[i];
		const bool is = i + 1 == RENAMED;
		struct digest next;
		charter_next_root(&next, &org->next_pk);
		out_array(&table, is ? 10 : 9);
		out_uint(&table, i + 1);
		out_uint(&table, 1);
		out_fixed(&table, org->id.b, ID_LEN);
		out_fixed(&table, org->root_pk.b, ID_LEN);
		out_fixed(&table, next.b, ID_LEN);
		out_text(&table, bytes_str(is ? "C" : org->name));
		out_text(&table, bytes_str(is ? "c" : org->slug));
		out_text(&table, bytes_str(is ? "14628002" : org->ags));
		out_text(&table, bytes_str(is ? "14628" : "14627"));
		if (!is)
			continue;
		out_array(&table, 3);
		out_text(&table, bytes_str("gemeinde-2"));
		out_text(&table, bytes_str("b"));
		out_text(&table, bytes_str("c"));
	}
	hash_once(hash.b, "am1.members", buf_bytes(&table));
	assert_true(id_eq(&hash, &entry.table));
	buf_fini(&payload);
	buf_fini(&table);
	charter_fini(&charter);
}

/* From the store, and back before it. */
static void it_is_loaded_and_taken_back(void **state)
{
	struct draft_fixture *f = *state;
	struct charter charter = draft_charter(f), loaded;
	struct draft draft;
	struct buf entry;

	char *dir = test_dir_memory();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	charter_fini(&charter);
	charter_init(&charter);
	assert_int_equal(charter_accept(txn, &charter, buf_bytes(&f->fed.entry), NULL), ERR_OK);
	draft_next(&draft, f, &charter);
	rename_set(draft_change(&draft, CHARTER_RENAME), RENAMED, "B", "b", "14627002");
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 3);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	draft_put(&entry, &draft, &charter);
	assert_int_equal(charter_accept(txn, &charter, buf_bytes(&entry), NULL), ERR_OK);
	assert_int_equal(charter_load(txn, &loaded), ERR_OK);
	assert_kept(&loaded, "b/x", "gemeinde-2/x");
	assert_string_equal(charter_member(&loaded, RENAMED)->name, "B");
	charter_fini(&loaded);
	charter_back(txn, &charter, 2);
	assert_null(charter_named(&charter, bytes_str("b")));
	assert_string_equal(charter_member(&charter, RENAMED)->slug, "gemeinde-2");
	buf_fini(&entry);
	charter_fini(&charter);
	txn_abort(txn);
	db_close(db);
	test_dir_fini(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, draft_setup, draft_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(people_say_any_name_and_see_the_latest),
		TEST(it_goes_back_and_on),
		TEST(a_slug_stays_with_whoever_had_it),
		TEST(a_former_member_keeps_no_name_from_others),
		TEST(what_fails_leaves_everything_as_it_was),
		TEST(only_stewards_and_only_who_belongs),
		TEST(thirty_two_times_and_no_more),
		TEST(the_table_has_all_its_slugs),
		TEST(it_is_loaded_and_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
