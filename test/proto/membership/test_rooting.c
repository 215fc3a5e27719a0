/* rooting: what is proposed about a root key, and when a steward's node votes for it. */
#include "crypto/root.h"
#include "proto/ledger/notice.h"
#include "proto/membership/announced.h"
#include "proto/membership/rooting.h"
#include "proto/wire/envelope.h"
#include "test/proto/made.h"

enum { OWNER = 2 };

struct fixture {
	struct hub_fixture *base;
	struct charter_change bind; /* as it is announced */
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	hub_fixture_setup((void **)&f->base);
	f->bind = (struct charter_change){.kind = CHARTER_BIND, .log_entry = {{9}}};
	f->bind.member.number = OWNER;
	f->bind.member.root = f->base->fed.orgs[2].next_pk;
	f->bind.member.next_root.b[0] = 7;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	hub_fixture_teardown((void **)&f->base);
	free(f);
	return 0;
}

static void announce(struct fixture *f)
{
	struct hub_node *node = &f->base->node;
	struct charter_change change = f->bind;

	change.kind = CHARTER_ANNOUNCE;
	hub_node_charter(node, &f->base->fed, &change, 1);
}

static void seen_at(struct fixture *f, int64_t ms)
{
	struct hub *hub = &f->base->node.hub;

	charter_seen_put(f->base->node.txn, hub->charter.number, &hub->charter.entry_id, ms);
}

static enum err vote_check(struct fixture *f, const char *despite, char *why)
{
	struct hub_node *node = &f->base->node;
	struct proposal proposal;
	struct buf payload;

	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	assert_int_equal(charter_payload_make(&payload, &node->hub.charter, NULL,
					      node->hub.charter.time_ms + CHARTER_ANNOUNCED_MS,
					      node->hub.charter.threshold, &f->bind, 1),
			 ERR_OK);
	assert_int_equal(proposal_init(&proposal, buf_bytes(&payload)), ERR_OK);
	enum err err = announced_vote_check(&node->hub, node->txn, &proposal, despite, why);
	proposal_fini(&proposal);
	buf_fini(&payload);
	return err;
}

/* The entry may say that it is old: a steward's node counts from when it saw it. */
static void a_steward_waits_from_when_it_saw(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->base->node.hub;
	const int64_t now_ms = hub->act_ms;
	char why[WHY_LEN];

	announce(f);
	assert_int_equal(vote_check(f, NULL, why), ERR_AGAIN); /* it has not seen it at all */
	seen_at(f, now_ms);
	hub->act_ms = now_ms + CHARTER_ANNOUNCED_MS - 1;
	assert_int_equal(vote_check(f, NULL, why), ERR_AGAIN);
	assert_non_null(strstr(why, "14 days"));
	hub->act_ms++;
	assert_int_equal(vote_check(f, NULL, why), ERR_OK);
}

static void notice_come(struct fixture *f, unsigned member, const char *text)
{
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	assert_int_equal(notice_put(&body, bytes_str(text)), ERR_OK);
	assert_int_equal(made_record(&f->base->node, &f->base->fed, member, RECORD_NOTICE,
				     record_slot_notice(NOTICE_OBJECT), buf_bytes(&body), NULL),
			 ERR_OK);
	buf_fini(&body);
}

/* The organisation's word counts, nobody else's, and about this announcement alone. */
static void an_objection_holds_the_vote(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->base->node.hub;
	struct announced shown;
	char hex[ID_HEX_LEN + 1], why[WHY_LEN];

	announce(f);
	seen_at(f, hub->act_ms);
	hub->act_ms += CHARTER_ANNOUNCED_MS;
	hex_put(hex, id_bytes(&hub->charter.entry_id));
	notice_come(f, 3, hex);
	assert_int_equal(vote_check(f, NULL, why), ERR_OK);
	notice_come(f, OWNER, "something else");
	assert_int_equal(vote_check(f, NULL, why), ERR_OK);
	notice_come(f, OWNER, hex);
	assert_int_equal(vote_check(f, NULL, why), ERR_DENIED);
	assert_non_null(strstr(why, "objects"));
	assert_int_equal(vote_check(f, "", why), ERR_DENIED);
	assert_int_equal(vote_check(f, "der Landrat hat angerufen", why), ERR_OK);
	assert_true(announced_next(hub, f->base->node.txn, 0, &shown));
	assert_int_equal(author_member(shown.objector), OWNER);
	assert_false(announced_next(hub, f->base->node.txn, 1, &shown));
}

/* The own node finds what is announced of its organisation, and takes its word back. */
static void a_node_objects_for_its_organisation(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->base->node.hub;
	struct announced shown;
	char why[WHY_LEN];

	assert_int_equal(announced_object(hub, f->base->node.txn, false, why), ERR_ABSENT);
	assert_int_equal(announced_object(hub, f->base->node.txn, true, why), ERR_ABSENT);
	announce(f);
	assert_int_equal(announced_object(hub, f->base->node.txn, false, why), ERR_ABSENT);
	f->bind.member.number = 1;
	announce(f);
	assert_int_equal(announced_object(hub, f->base->node.txn, false, why), ERR_OK);
	assert_true(announced_next(hub, f->base->node.txn, 0, &shown));
	assert_int_equal(shown.bind->member, 1);
	assert_int_equal(shown.objector, hub->author);
	assert_int_equal(announced_object(hub, f->base->node.txn, true, why), ERR_OK);
	assert_true(announced_next(hub, f->base->node.txn, 0, &shown));
	assert_int_equal(shown.objector, 0);
}

/* Which entry a bind names, and what is said when the charter admits none. */
static void what_is_proposed(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->base->node.hub;
	struct txn *txn = f->base->node.txn;
	struct charter_change change;
	struct voting_outcome outcome;
	struct buf text;
	char why[WHY_LEN];

	assert_int_equal(rooting_begin(hub, txn, "7", &change, why), ERR_ABSENT);
	assert_int_equal(rooting_begin(hub, txn, NULL, &change, why), ERR_OK);
	assert_int_equal(change.member.number, 1);
	assert_memory_equal(change.log_entry.b, f->base->fed.orgs[0].id.b, ID_LEN);
	change.member.root = f->base->fed.orgs[0].next_pk;
	voting_outcome_init(&outcome);
	buf_init(&text, ENVELOPE_LEN_MAX);
	assert_int_equal(rooting_propose(hub, txn, &change, false, &outcome, &text, why),
			 ERR_DENIED);
	assert_non_null(strstr(why, "announce"));
	charter_bind_sign(&change, &hub->charter, &f->base->fed.orgs[1].next);
	assert_int_equal(rooting_propose(hub, txn, &change, false, &outcome, &text, why),
			 ERR_DENIED);
	assert_non_null(strstr(why, "second sheet"));
	charter_bind_sign(&change, &hub->charter, &f->base->fed.orgs[0].next);
	assert_int_equal(rooting_propose(hub, txn, &change, false, &outcome, &text, why), ERR_OK);
	assert_int_equal(text.len, 0);
	enum err err = rooting_propose(hub, txn, &change, true, &outcome, &text, why);
	if (err)
		fail_msg("%s", why);
	assert_true(text.len > 0);
	voting_outcome_fini(&outcome);
	buf_fini(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_steward_waits_from_when_it_saw),
		TEST(an_objection_holds_the_vote),
		TEST(a_node_objects_for_its_organisation),
		TEST(what_is_proposed),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
