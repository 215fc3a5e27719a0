/* Two heads that contradict each other: who is told, what is believed, and what that changes. */
#include "proto/sync/evidence.h"
#include "proto/sync/gossip.h"
#include "test/proto/hub_node.h"

static const uint32_t AUTHOR = 3 * 256;

struct fixture {
	struct test_federation fed;
	struct hub_node node;        /* of member 1 */
	struct peer *peer, *another; /* members 2 and 4 */
	struct buf heads[2];         /* of member 3, with one counter; the first one counts */
};

static void head_put(struct fixture *f, struct buf *out, uint64_t live_count)
{
	struct head fields = {.author = AUTHOR,
			      .incarnation = 1,
			      .counter = 5,
			      .time_ms = TEST_TIME_MS,
			      .valid_until_ms = TEST_TIME_MS + 1000,
			      .live_count = live_count,
			      .charter_number = 1,
			      .orglog_number = 1};
	buf_init(out, LIMIT_HEAD_LEN_MAX);
	head_make(out, &fields, &f->fed.charter.fed, &f->fed.orgs[2].sign);
}

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	struct digest ids[2];
	struct head head;
	test_federation_init(&f->fed, 4, 3, 2);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
	f->peer = hub_node_member(&f->node, &f->fed.orgs[1]);
	f->another = hub_node_member(&f->node, &f->fed.orgs[3]);
	for (unsigned i = 0; i < 2; i++) {
		head_put(f, &f->heads[i], 10 + i);
		assert_int_equal(head_decode(&head, buf_bytes(&f->heads[i])), ERR_OK);
		head_id(&ids[i], &head);
	}
	if (bytes_cmp(id_bytes(&ids[0]), id_bytes(&ids[1])) > 0) {
		struct buf first = f->heads[0];
		f->heads[0] = f->heads[1];
		f->heads[1] = first;
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	hub_node_close(&f->node);
	buf_fini(&f->heads[0]);
	buf_fini(&f->heads[1]);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static void say_head(struct fixture *f, unsigned which)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_head(&out, buf_bytes(&f->heads[which]));
	hub_node_hear(&f->node, f->peer, gossip_head_take, &out);
}

static void say_evidence(struct fixture *f, struct bytes one, struct bytes other)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_evidence(&out, one, other);
	hub_node_hear(&f->node, f->peer, evidence_take, &out);
}

static struct author_state state_of(struct fixture *f)
{
	struct author_state s;
	ledger_state(&f->node.hub.ledger, f->node.txn, AUTHOR, &s);
	return s;
}

static bool knows(struct fixture *f, unsigned which)
{
	struct bytes head;
	return ledger_head(f->node.txn, AUTHOR, 1, &head) &&
	       bytes_eq(head, buf_bytes(&f->heads[which]));
}

/* Who gets both heads tells all others, once, and takes the one that counts. */
static void test_found(void **state)
{
	for (unsigned first = 0; first < 2; first++) {
		setup(state);
		struct fixture *f = *state;
		struct message m;
		say_head(f, first);
		assert_false(hub_node_sent(&f->node, f->another, MESSAGE_EVIDENCE, 0, &m));
		say_head(f, !first);
		assert_true(hub_node_sent(&f->node, f->another, MESSAGE_EVIDENCE, 0, &m));
		assert_false(hub_node_sent(&f->node, f->peer, MESSAGE_EVIDENCE, 0, &m));
		assert_true(bytes_eq(m.entries[0], buf_bytes(&f->heads[!first])));
		assert_true(bytes_eq(m.entries[1], buf_bytes(&f->heads[first])));
		assert_true(state_of(f).disputed);
		assert_true(knows(f, 0));
		hub_node_forget(&f->node);
		say_head(f, first);
		say_head(f, !first);
		assert_null(hub_node_note(&f->node, NOTE_EVIDENCE));
		assert_false(hub_node_sent(&f->node, f->another, MESSAGE_EVIDENCE, 0, &m));
		teardown(state);
	}
}

/* Who has seen one of them, or none, learns of both. */
static void test_told(void **state)
{
	for (unsigned seen = 0; seen < 3; seen++) {
		setup(state);
		struct fixture *f = *state;
		struct message m;
		if (seen < 2)
			say_head(f, seen);
		say_evidence(f, buf_bytes(&f->heads[1]), buf_bytes(&f->heads[0]));
		assert_int_equal(hub_node_note(&f->node, NOTE_EVIDENCE)->author, AUTHOR);
		assert_true(hub_node_sent(&f->node, f->another, MESSAGE_EVIDENCE, 0, &m));
		assert_true(state_of(f).disputed);
		assert_true(knows(f, 0));
		hub_node_forget(&f->node);
		say_evidence(f, buf_bytes(&f->heads[0]), buf_bytes(&f->heads[1]));
		assert_null(hub_node_effect(&f->node, EFFECT_SEND, 0));
		/* And each peer that is met is told. */
		evidence_tell(&f->node.hub, f->node.txn, f->peer);
		assert_heard(&f->node, f->peer, "EVIDENCE");
		teardown(state);
	}
}

/* What is none ends the session; a wrong signature changes nothing and is told to nobody. */
static void test_false(void **state)
{
	struct fixture *f = *state;
	uint8_t *end = f->heads[1].ptr + f->heads[1].len - 1;
	*end ^= 1;
	say_evidence(f, buf_bytes(&f->heads[0]), buf_bytes(&f->heads[1]));
	*end ^= 1;
	assert_heard(&f->node, f->peer, "");
	assert_heard(&f->node, f->another, "");
	assert_int_equal(txn_count(f->node.txn, TABLE_EVIDENCE), 0);
	say_evidence(f, buf_bytes(&f->heads[0]), buf_bytes(&f->heads[0]));
	assert_heard(&f->node, f->peer, "CLOSE:PROTOCOL");
}

/* When the organisation's log retires the node it is settled: nobody is told any more. */
static void test_settled(void **state)
{
	struct fixture *f = *state;
	struct buf entry;
	say_evidence(f, buf_bytes(&f->heads[0]), buf_bytes(&f->heads[1]));
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	test_org_second(&entry, &f->fed.orgs[2], ORGLOG_NODE_RETIRED, 77);
	bool forked;
	assert_int_equal(orglog_accept(f->node.txn, &f->fed.orgs[2].id, buf_bytes(&entry), &forked),
			 ERR_OK);
	hub_forget(&f->node.hub, 3);
	buf_fini(&entry);
	hub_node_forget(&f->node);
	evidence_tell(&f->node.hub, f->node.txn, f->peer);
	assert_heard(&f->node, f->peer, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_told),
		TEST(false),
		TEST(settled),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
