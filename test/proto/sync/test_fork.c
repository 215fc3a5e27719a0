/*
 * charter_store: two entries of one number in the store, what counts after them, and after a start.
 */
#include "test/proto/charter_draft.h"

struct forked {
	struct draft_fixture *f;
	char *dir;
	struct db *db;
	struct txn *txn;
	struct charter charter;
	struct buf one, other, next; /* two entries 2, and 3 after the first */
	struct digest one_id, other_id;
};

static struct forked *forked_open(struct draft_fixture *f)
{
	struct forked *t = mem_new(1, sizeof(*t));
	struct charter first = draft_charter(f);
	struct draft draft;

	t->f = f;
	t->dir = test_dir_init();
	t->db = test_db(t->dir);
	t->txn = txn_begin(t->db, true);
	buf_init(&t->one, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&t->other, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&t->next, LIMIT_CHARTER_ENTRY_LEN_MAX);
	assert_int_equal(charter_load(t->txn, &t->charter), ERR_ABSENT);
	assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&f->fed.entry), NULL),
			 ERR_OK);
	draft_init(&draft, f);
	draft_put(&t->one, &draft, &first);
	draft_init(&draft, f);
	draft_remove(&draft, 4, true);
	draft_put(&t->other, &draft, &first);
	assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&t->one), NULL), ERR_OK);
	draft_next(&draft, f, &t->charter);
	draft_vote(&draft, f, 1);
	draft_vote(&draft, f, 2);
	draft_put(&t->next, &draft, &t->charter);
	assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&t->next), NULL), ERR_OK);
	assert_int_equal(charter_entry_id(&t->one_id, buf_bytes(&t->one)), ERR_OK);
	assert_int_equal(charter_entry_id(&t->other_id, buf_bytes(&t->other)), ERR_OK);
	charter_fini(&first);
	return t;
}

static void forked_close(struct forked *t)
{
	assert_int_equal(txn_err(t->txn), ERR_OK);
	txn_abort(t->txn);
	db_close(t->db);
	charter_fini(&t->charter);
	buf_fini(&t->one);
	buf_fini(&t->other);
	buf_fini(&t->next);
	test_dir_fini(t->dir);
	free(t);
}

static void freeze(struct forked *t)
{
	bool other;

	assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&t->other), &other),
			 ERR_EXISTS);
	assert_true(other);
	charter_aside(t->txn, &t->charter, buf_bytes(&t->other));
	charter_back(t->txn, &t->charter, 2);
}

/* Loaded again it is the same. */
static void assert_again(struct forked *t)
{
	struct charter again;

	assert_int_equal(charter_load(t->txn, &again), ERR_OK);
	assert_int_equal(again.number, t->charter.number);
	assert_int_equal(again.frozen, t->charter.frozen);
	assert_true(id_eq(&again.entry_id, &t->charter.entry_id));
	assert_int_equal(again.member_count, t->charter.member_count);
	charter_fini(&again);
}

static void two_entries_of_one_number_freeze(void **state)
{
	struct forked *t = forked_open(*state);
	struct bytes stored;
	bool other = true;

	/* the same entry again is no other one, nor is one that is not valid */
	assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&t->one), &other),
			 ERR_EXISTS);
	assert_false(other);
	t->other.ptr[t->other.len - 1] ^= 1;
	assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&t->other), &other),
			 ERR_EXISTS);
	assert_false(other);
	t->other.ptr[t->other.len - 1] ^= 1;
	freeze(t);
	assert_int_equal(t->charter.number, 1);
	assert_int_equal(t->charter.member_count, 4);
	assert_int_equal(charter_member(&t->charter, 4)->state, CHARTER_MEMBER);
	assert_true(t->charter.frozen);
	assert_false(charter_entry(t->txn, 2, &stored));
	assert_false(charter_entry(t->txn, 3, &stored));
	assert_int_equal(txn_count(t->txn, TABLE_FORK), 3);
	assert_again(t);
	/* neither of them counts any more */
	assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&t->one), NULL), ERR_BUSY);
	assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&t->other), NULL), ERR_BUSY);
	assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&t->next), NULL), ERR_AGAIN);
	forked_close(t);
}

static void a_settlement_ends_it(void **state)
{
	struct forked *t = forked_open(*state);
	struct draft draft;
	struct buf entry;

	freeze(t);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	for (unsigned votes = 2; votes <= 3; votes++) {
		draft_next(&draft, t->f, &t->charter);
		draft_change(&draft, CHARTER_SETTLE);
		for (uint32_t n = 1; n <= votes; n++)
			draft_vote(&draft, t->f, n + 1);
		buf_reset(&entry);
		draft_put(&entry, &draft, &t->charter);
		assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&entry), NULL),
				 votes == 3 ? ERR_OK : ERR_DENIED);
	}
	assert_int_equal(t->charter.number, 2);
	assert_false(t->charter.frozen);
	assert_again(t);
	/* what came after the first one does not follow */
	assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&t->next), NULL),
			 ERR_PROTOCOL);
	draft_next(&draft, t->f, &t->charter);
	draft_vote(&draft, t->f, 1);
	draft_vote(&draft, t->f, 3);
	buf_reset(&entry);
	draft_put(&entry, &draft, &t->charter);
	assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&entry), NULL), ERR_OK);
	assert_again(t);
	buf_fini(&entry);
	forked_close(t);
}

/* One entry aside, or two that follow another one, freeze nothing. */
static void what_is_aside_freezes_only_its_own_place(void **state)
{
	struct forked *t = forked_open(*state);

	charter_aside(t->txn, &t->charter, buf_bytes(&t->other));
	assert_false(t->charter.frozen);
	assert_int_equal(t->charter.number, 3);
	charter_back(t->txn, &t->charter, 3);
	assert_int_equal(t->charter.number, 2);
	assert_false(t->charter.frozen);
	assert_again(t);
	assert_int_equal(charter_accept(t->txn, &t->charter, buf_bytes(&t->next), NULL), ERR_OK);
	/* to entry 1 at most: that is the federation */
	charter_back(t->txn, &t->charter, 1);
	assert_int_equal(t->charter.number, 1);
	assert_true(t->charter.frozen);
	assert_true(id_eq(&t->charter.fed, &t->f->fed.charter.fed));
	forked_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_entries_of_one_number_freeze),
		cmocka_unit_test(a_settlement_ends_it),
		cmocka_unit_test(what_is_aside_freezes_only_its_own_place),
	};
	return cmocka_run_group_tests(tests, draft_setup, draft_teardown);
}
