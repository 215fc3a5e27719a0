/* ledger: heads, what they make of an author, and evidence against it. */
#include "test/proto/ledger_node.h"

#define PATH1 "gemeinde-1/wasser/pegel"

struct fixture {
	struct test_federation fed; /* 3 members, one steward */
	struct ledger_node node;    /* reads only */
	struct ledger_node author;  /* member 1 */
};

static const uint32_t author1 = 256, author2 = 512;

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	test_federation_init(&f->fed, 3, 1, 1);
	ledger_node_open(&f->node, &f->fed, 0);
	ledger_node_open(&f->author, &f->fed, 1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ledger_node_close(&f->node);
	ledger_node_close(&f->author);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static enum ledger_completeness completeness(struct fixture *f, uint32_t author)
{
	struct author_state state = test_state(&f->node, author);

	return ledger_completeness(&state, f->node.ledger.now_ms);
}

static struct head head_fields(struct fixture *f, uint64_t counter)
{
	return (struct head){.author = author1,
			     .incarnation = 1,
			     .counter = counter,
			     .time_ms = TEST_TIME_MS,
			     .valid_until_ms = TEST_TIME_MS + 1000,
			     .charter_number = 1,
			     .orglog_number = 1};
}

static enum err give_head(struct fixture *f, const struct head *head, bool *evidence)
{
	struct buf whole;

	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	head_make(&whole, head, &f->fed.charter.fed, &f->fed.orgs[0].sign);
	enum err err =
		ledger_accept_head(&f->node.ledger, f->node.txn, buf_bytes(&whole), evidence);
	buf_fini(&whole);
	return err;
}

/* The id of the head known of author1. */
static struct digest head_known(struct fixture *f)
{
	struct digest id = {{0}};
	struct bytes whole;
	struct head head;

	assert_true(ledger_head(f->node.txn, author1, 1, &whole));
	assert_int_equal(head_decode(&head, whole), ERR_OK);
	head_id(&id, &head);
	return id;
}

static void an_author_becomes_complete(void **state)
{
	struct fixture *f = *state;
	struct author_state s;
	struct bytes head;

	test_publish(&f->author, PATH1, 1, 0);
	test_publish(&f->author, PATH1, 2, 0);
	test_publish(&f->author, "gemeinde-1/b", 1, 0);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	s = test_state(&f->author, author1);
	assert_int_equal(ledger_completeness(&s, TEST_TIME_MS), LEDGER_COMPLETE);
	assert_int_equal(s.counter, 1);
	assert_int_equal(s.head_last_sequence, 3);
	assert_int_equal(s.head_live_count, 3);

	/* head first, records after */
	assert_true(ledger_head(f->author.txn, author1, 1, &head));
	assert_int_equal(ledger_accept_head(&f->node.ledger, f->node.txn, head, NULL), ERR_OK);
	assert_int_equal(completeness(f, author1), LEDGER_PARTIAL);
	s = test_state(&f->node, author1);
	assert_int_equal(ledger_missing(&s), 3);
	assert_int_equal(test_copy(&f->author, &f->node, author1), 3);
	assert_int_equal(completeness(f, author1), LEDGER_COMPLETE);
	s = test_state(&f->node, author1);
	assert_int_equal(ledger_missing(&s), 0);

	/* it is all in the store, not in the ledger's memory */
	ledger_node_turn(&f->node);
	assert_int_equal(completeness(f, author1), LEDGER_COMPLETE);
	ledger_now(&f->node.ledger, s.head_valid_until_ms);
	assert_int_equal(completeness(f, author1), LEDGER_COMPLETE);
	ledger_now(&f->node.ledger, s.head_valid_until_ms + 1);
	assert_int_equal(completeness(f, author1), LEDGER_STALE);
}

static void own_heads_form_a_chain(void **state)
{
	struct fixture *f = *state;
	struct head first, second;
	struct buf a, b;
	struct digest id;

	buf_init(&a, LIMIT_HEAD_LEN_MAX);
	buf_init(&b, LIMIT_HEAD_LEN_MAX);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, &a), ERR_OK);
	/* the clock goes back: times never decrease */
	ledger_now(&f->author.ledger, TEST_TIME_MS - 5000);
	test_publish(&f->author, PATH1, 1, 0);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, &b), ERR_OK);
	assert_int_equal(head_decode(&first, buf_bytes(&a)), ERR_OK);
	assert_int_equal(head_decode(&second, buf_bytes(&b)), ERR_OK);
	assert_false(first.has_previous);
	assert_int_equal(first.counter, 1);
	assert_int_equal(first.live_count, 0);
	assert_int_equal(first.charter_number, 1);
	assert_int_equal(first.orglog_number, 1);
	assert_int_equal(first.valid_until_ms - first.time_ms, 26 * 3600 * 1000);
	head_id(&id, &first);
	assert_true(second.has_previous && id_eq(&second.previous, &id));
	assert_int_equal(second.counter, 2);
	assert_true(second.time_ms == first.time_ms);
	assert_int_equal(second.last_sequence, 1);
	/* and another node takes them one after the other */
	assert_int_equal(ledger_accept_head(&f->node.ledger, f->node.txn, buf_bytes(&a), NULL),
			 ERR_OK);
	assert_int_equal(ledger_accept_head(&f->node.ledger, f->node.txn, buf_bytes(&b), NULL),
			 ERR_OK);
	assert_int_equal(ledger_accept_head(&f->node.ledger, f->node.txn, buf_bytes(&b), NULL),
			 ERR_EXISTS);
	assert_int_equal(ledger_accept_head(&f->node.ledger, f->node.txn, buf_bytes(&a), NULL),
			 ERR_EXISTS);
	buf_fini(&a);
	buf_fini(&b);
}

static void every_rule_for_heads(void **state)
{
	struct fixture *f = *state;
	struct head head = head_fields(f, 5);
	struct buf whole;

	assert_int_equal(give_head(f, &head, NULL), ERR_OK);
	struct digest known = head_known(f);

	head = head_fields(f, 3);
	assert_int_equal(give_head(f, &head, NULL), ERR_EXISTS);
	head = head_fields(f, 7);
	head.valid_until_ms = head.time_ms + 26 * 3600 * 1000 + 1;
	assert_int_equal(give_head(f, &head, NULL), ERR_PROTOCOL);
	head = head_fields(f, 7);
	head.time_ms += 600001;
	head.valid_until_ms += 600001;
	assert_int_equal(give_head(f, &head, NULL), ERR_AGAIN);
	head = head_fields(f, 7);
	head.author = author_of(9, 0);
	assert_int_equal(give_head(f, &head, NULL), ERR_ABSENT);
	head.author = author2; /* signed by author1 */
	assert_int_equal(give_head(f, &head, NULL), ERR_DENIED);
	head = head_fields(f, 0);
	assert_int_equal(give_head(f, &head, NULL), ERR_MALFORMED);

	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	head = head_fields(f, 7);
	head_make(&whole, &head, &f->fed.charter.fed, &f->fed.orgs[0].sign);
	whole.ptr[whole.len - 1] ^= 1;
	assert_int_equal(ledger_accept_head(&f->node.ledger, f->node.txn, buf_bytes(&whole), NULL),
			 ERR_DENIED);
	buf_fini(&whole);

	struct digest still = head_known(f);
	assert_true(id_eq(&known, &still));
	assert_int_equal(test_state(&f->node, author1).counter, 5);
	assert_false(test_state(&f->node, author1).disputed);
	/* a gap in the counters is what a node sees that was away */
	head = head_fields(f, 7);
	assert_int_equal(give_head(f, &head, NULL), ERR_OK);
	/* the counter decides, and no time: who saw the later one first must come to the same */
	head = head_fields(f, 9);
	head.time_ms--;
	assert_int_equal(give_head(f, &head, NULL), ERR_OK);
}

static void two_heads_of_one_number_are_evidence(void **state)
{
	struct fixture *f = *state;
	struct head head = head_fields(f, 5);
	struct bytes first, second, known;
	bool evidence = true;

	assert_int_equal(give_head(f, &head, &evidence), ERR_OK);
	assert_false(evidence);
	head.live_count = 1;
	give_head(f, &head, &evidence);
	assert_true(evidence);
	ledger_node_turn(&f->node);
	assert_int_equal(completeness(f, author1), LEDGER_DISPUTED);
	assert_true(ledger_evidence(f->node.txn, author1, &first, &second));
	assert_true(ledger_head(f->node.txn, author1, 1, &known));
	assert_true(bytes_eq(first, known) || bytes_eq(second, known));
	struct head a, b;
	assert_int_equal(head_decode(&a, first), ERR_OK);
	assert_int_equal(head_decode(&b, second), ERR_OK);
	assert_int_equal(a.counter, b.counter);
	assert_false(bytes_eq(first, second));
	/* both prove the author's key, which is what makes them evidence */
	struct sign_pk pk;
	assert_int_equal(ledger_author(&f->node.ledger, f->node.txn, author1, &pk, NULL), ERR_OK);
	assert_int_equal(head_check_sig(&a, &pk, &f->fed.charter.fed), ERR_OK);
	assert_int_equal(head_check_sig(&b, &pk, &f->fed.charter.fed), ERR_OK);
	/* the first evidence is enough; a new incarnation is no excuse, as a thief begins it */
	head.live_count = 2;
	give_head(f, &head, &evidence);
	assert_false(evidence);
	head = head_fields(f, 1);
	head.incarnation = 2;
	assert_int_equal(give_head(f, &head, NULL), ERR_OK);
	assert_int_equal(completeness(f, author1), LEDGER_DISPUTED);
}

/*
 * Each contradiction costs its author two signatures, and everybody else a row for ever: but only
 * so many.
 */
static void evidence_is_bounded(void **state)
{
	struct fixture *f = *state;

	for (uint32_t incarnation = 1; incarnation <= 40; incarnation++) {
		struct head head = head_fields(f, 5);
		bool evidence;
		head.incarnation = incarnation;
		assert_int_equal(give_head(f, &head, NULL), ERR_OK);
		head.live_count = 1;
		give_head(f, &head, &evidence);
		assert_int_equal(evidence, incarnation == 1);
	}
	ledger_node_turn(&f->node);
	assert_int_equal(completeness(f, author1), LEDGER_DISPUTED);
	assert_int_equal(txn_count(f->node.txn, TABLE_EVIDENCE), 1);
}

/* And of one organisation there is enough, however many nodes it has; others do not suffer. */
static void evidence_of_an_organisation_is_bounded(void **state)
{
	for (uint8_t others = 15; others <= 16; others++) {
		setup(state);
		struct fixture *f = *state;
		struct head head = head_fields(f, 5);
		bool evidence;
		for (uint8_t node = 1; node <= others; node++) {
			struct row_key key = key_author(author_of(1, node));
			txn_put(f->node.txn, TABLE_EVIDENCE, row_key_bytes(&key), bytes_str("two"));
			key = key_author(author_of(2, node));
			txn_put(f->node.txn, TABLE_EVIDENCE, row_key_bytes(&key), bytes_str("two"));
		}
		assert_int_equal(give_head(f, &head, NULL), ERR_OK);
		head.live_count = 1;
		give_head(f, &head, &evidence);
		assert_int_equal(evidence, others == 15);
		teardown(state);
	}
}

static void forged_contradiction_is_no_evidence(void **state)
{
	struct fixture *f = *state;
	struct head head = head_fields(f, 5);
	struct buf whole;
	bool evidence;

	assert_int_equal(give_head(f, &head, NULL), ERR_OK);
	head.live_count = 1;
	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	head_make(&whole, &head, &f->fed.charter.fed, &f->fed.orgs[1].sign);
	assert_int_equal(
		ledger_accept_head(&f->node.ledger, f->node.txn, buf_bytes(&whole), &evidence),
		ERR_DENIED);
	assert_false(evidence);
	assert_false(test_state(&f->node, author1).disputed);
	buf_fini(&whole);
}

static void successor_of_another_head_is_evidence(void **state)
{
	struct fixture *f = *state;
	struct head head = head_fields(f, 5), next = head_fields(f, 6);
	bool evidence;

	assert_int_equal(give_head(f, &head, NULL), ERR_OK);
	next.has_previous = true;
	next.previous = head_known(f);
	next.previous.b[0] ^= 1;
	assert_int_equal(give_head(f, &next, &evidence), ERR_OK);
	assert_true(evidence);
	assert_int_equal(completeness(f, author1), LEDGER_DISPUTED);
	assert_int_equal(test_state(&f->node, author1).counter, 6);
	/* which is seen also when the first of them comes last */
	struct digest known = head_known(f);
	head = head_fields(f, 5);
	head.live_count = 7;
	assert_int_equal(give_head(f, &head, &evidence), ERR_PROTOCOL);
	assert_false(evidence);
	struct digest still = head_known(f);
	assert_true(id_eq(&known, &still));
	assert_int_equal(completeness(f, author1), LEDGER_DISPUTED);
}

/* A version that is not in the new incarnation is gone with the old one. */
static void old_versions_go_with_their_incarnation(void **state)
{
	struct fixture *f = *state;
	struct head head = head_fields(f, 1);
	struct row_key path = key_text(bytes_str(PATH1));
	struct digest empty;

	test_publish(&f->author, PATH1, 1, 0);
	assert_int_equal(test_copy(&f->author, &f->node, author1), 1);
	setdigest_root(f->node.txn, author1, 2, &empty);
	head.incarnation = 2;
	head.set = empty;
	assert_int_equal(give_head(f, &head, NULL), ERR_OK);
	ledger_node_turn(&f->node);
	assert_int_equal(completeness(f, author1), LEDGER_COMPLETE);
	assert_int_equal(txn_count(f->node.txn, TABLE_RECORD), 0);
	assert_int_equal(txn_count(f->node.txn, TABLE_VERSION), 0);
	assert_false(txn_has(f->node.txn, TABLE_PATH, row_key_bytes(&path)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(an_author_becomes_complete),
		T(own_heads_form_a_chain),
		T(every_rule_for_heads),
		T(two_heads_of_one_number_are_evidence),
		T(evidence_is_bounded),
		cmocka_unit_test(evidence_of_an_organisation_is_bounded),
		T(forged_contradiction_is_no_evidence),
		T(successor_of_another_head_is_evidence),
		T(old_versions_go_with_their_incarnation),
#undef T
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
