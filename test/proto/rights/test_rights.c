/* The verdict over tokens: charter, organisation logs, one token, one time. */
#include "proto/rights/rights.h"

#include "test/proto/ledger_node.h"

/* Member 1 is the steward, the namespace is that of member 2; 3, 4 and 5 get something. */
enum { STEWARD = 1, OWNER = 2, READER = 3, NEXT = 4, LAST = 5 };

#define PATH "gemeinde-2/kita"

struct fixture {
	struct test_federation fed;
	struct ledger_node node;
	struct token token;
	struct buf body;
	const char *why;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	test_federation_init(&f->fed, 5, 1, 1);
	ledger_node_open(&f->node, &f->fed, STEWARD);
	buf_init(&f->body, LIMIT_RECORD_LEN_MAX);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ledger_node_close(&f->node);
	test_federation_fini(&f->fed);
	buf_fini(&f->body);
	free(f);
	return 0;
}

struct hop {
	unsigned from, to;
	enum verb verb;
	uint8_t node;    /* of the issuer */
	unsigned signer; /* test_key(); 0: node 0's */
};

/* A token for an hour from TEST_TIME_MS on, through these hands. */
static void token_make(struct fixture *f, const char *prefix, const struct hop *hops, size_t count)
{
	struct buf wholes[TOKEN_LINK_COUNT_MAX];
	struct bytes links[TOKEN_LINK_COUNT_MAX];
	struct token_link link = {.prefix = bytes_str(prefix),
				  .not_before_ms = TEST_TIME_MS,
				  .expiry_ms = TEST_TIME_MS + 3600000,
				  .depth = TOKEN_LINK_COUNT_MAX};

	for (size_t i = 0; i < count; i++) {
		const struct test_org *from = &f->fed.orgs[hops[i].from - 1];
		struct key seed = hops[i].signer ? test_key(hops[i].signer) : from->sign;
		struct token_link made;
		link.issuer = from->id;
		link.issuer_node = hops[i].node;
		link.audience = f->fed.orgs[hops[i].to - 1].id;
		link.verb = hops[i].verb;
		buf_init(&wholes[i], TOKEN_LINK_LEN_MAX);
		token_link_make(&wholes[i], &link, &f->fed.charter.fed, &seed);
		links[i] = buf_bytes(&wholes[i]);
		assert_int_equal(token_link_get(&made, links[i]), ERR_OK);
		link.has_parent = true;
		link.parent = made.id;
		link.depth--;
	}
	buf_reset(&f->body);
	token_put(&f->body, links, count);
	for (size_t i = 0; i < count; i++)
		buf_fini(&wholes[i]);
	assert_int_equal(token_get(&f->token, buf_bytes(&f->body)), ERR_OK);
}

static enum verb verdict_at(struct fixture *f, int64_t now_ms)
{
	return rights_verdict(&f->node.ledger, f->node.txn, &f->token, now_ms, &f->why);
}

static enum verb verdict(struct fixture *f)
{
	return verdict_at(f, TEST_TIME_MS + 1);
}

static void assert_nothing(struct fixture *f, const char *why)
{
	assert_int_equal(verdict(f), VERB_NONE);
	assert_string_equal(f->why, why);
}

static void one_hop(struct fixture *f, enum verb verb)
{
	token_make(f, PATH, &(struct hop){OWNER, READER, verb, 0, 0}, 1);
}

/* ---- the charter and the logs change ---- */

static void charter_change(struct fixture *f, struct charter_change change)
{
	struct charter_change changes[2] = {change, {.kind = CHARTER_KEY, .key_number = 2}};
	struct charter_vote vote;
	struct buf payload, entry;

	changes[1].has_sealed = true;
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	assert_int_equal(
		charter_payload_make(&payload, &f->fed.charter, NULL, TEST_TIME_MS, 1, changes, 2),
		ERR_OK);
	charter_vote(&vote, &f->fed.charter, STEWARD, &f->fed.orgs[0].root, buf_bytes(&payload));
	charter_entry_make(&entry, buf_bytes(&payload), &vote, 1);
	assert_int_equal(charter_apply(&f->fed.charter, buf_bytes(&entry)), ERR_OK);
	ledger_forget(&f->node.ledger, 0);
	buf_fini(&payload);
	buf_fini(&entry);
}

static void leaves(struct fixture *f, uint32_t member)
{
	charter_change(f, (struct charter_change){.kind = CHARTER_REMOVE, .member.number = member});
}

static void becomes_relay(struct fixture *f, uint32_t member)
{
	charter_change(f,
		       (struct charter_change){.kind = CHARTER_TO_RELAY, .member.number = member});
}

/* Gives the owner a second node, number 1, which signs with test_key(3000). */
static void second_node(struct fixture *f, uint8_t roles, uint8_t state)
{
	const struct test_org *org = &f->fed.orgs[OWNER - 1];
	struct orglog log, next;
	struct orglog_node nodes[2];
	struct buf entry;

	assert_int_equal(orglog_load(f->node.txn, &org->id, &log), ERR_OK);
	nodes[0] = log.nodes[0];
	nodes[1] = test_node(1, 3000, &org->root_pk);
	nodes[1].roles = roles;
	nodes[1].state = state;
	next = log;
	next.nodes = nodes;
	next.node_count = 2;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, &log, &next, &org->root);
	assert_int_equal(orglog_accept(f->node.txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	ledger_forget(&f->node.ledger, OWNER);
	orglog_fini(&log);
	buf_fini(&entry);
}

/* ---- what it gives ---- */

static void it_gives_its_verb(void **state)
{
	struct fixture *f = *state;

	for (enum verb verb = VERB_RELAY; verb <= VERB_ADMIN; verb++) {
		one_hop(f, verb);
		assert_int_equal(verdict(f), verb);
		assert_null(f->why);
	}
}

static void three_hands_give_the_last_verb(void **state)
{
	struct fixture *f = *state;
	const struct hop hops[] = {{OWNER, READER, VERB_WRITE, 0, 0},
				   {READER, NEXT, VERB_READ, 0, 0},
				   {NEXT, LAST, VERB_RELAY, 0, 0}};

	token_make(f, PATH, hops, 3);
	assert_int_equal(verdict(f), VERB_RELAY);
	token_make(f, PATH, hops, 2);
	assert_int_equal(verdict(f), VERB_READ);
}

static void it_begins_and_ends(void **state)
{
	struct fixture *f = *state;

	one_hop(f, VERB_READ);
	assert_int_equal(verdict_at(f, TEST_TIME_MS - 1), VERB_NONE);
	assert_string_equal(f->why, "not yet");
	assert_int_equal(verdict_at(f, TEST_TIME_MS), VERB_READ);
	assert_int_equal(verdict_at(f, TEST_TIME_MS + 3599999), VERB_READ);
	assert_int_equal(verdict_at(f, TEST_TIME_MS + 3600000), VERB_NONE);
	assert_string_equal(f->why, "expired");
}

/* Each level of the ladder, handed on, through a relay and to a relay. */
static void a_relay_gets_relay(void **state)
{
	struct fixture *f = *state;
	const struct hop hops[] = {{OWNER, READER, VERB_READ, 0, 0},
				   {READER, NEXT, VERB_READ, 0, 0}};

	becomes_relay(f, READER);
	one_hop(f, VERB_READ);
	assert_int_equal(verdict(f), VERB_RELAY);
	one_hop(f, VERB_RELAY);
	assert_int_equal(verdict(f), VERB_RELAY);
	token_make(f, PATH, hops, 2);
	assert_int_equal(verdict(f), VERB_RELAY);
}

/* ---- who gives it ---- */

static void the_first_issuer_owns_the_namespace(void **state)
{
	struct fixture *f = *state;

	token_make(f, "gemeinde-3/kita", &(struct hop){OWNER, READER, VERB_READ, 0, 0}, 1);
	assert_nothing(f, "it does not begin with the organisation whose namespace it is");
	token_make(f, "gemeinde-22", &(struct hop){OWNER, READER, VERB_READ, 0, 0}, 1);
	assert_nothing(f, "it does not begin with the organisation whose namespace it is");
	token_make(f, "gemeinde-2", &(struct hop){OWNER, READER, VERB_READ, 0, 0}, 1);
	assert_int_equal(verdict(f), VERB_READ);
}

static void a_signature_is_by_the_node_named(void **state)
{
	struct fixture *f = *state;
	const struct hop hops[] = {{OWNER, READER, VERB_READ, 0, 0},
				   {READER, NEXT, VERB_READ, 0, 77}};

	token_make(f, PATH, &(struct hop){OWNER, READER, VERB_READ, 0, 77}, 1);
	assert_nothing(f, "a signature is wrong");
	token_make(f, PATH, hops, 2);
	assert_nothing(f, "a signature is wrong");
	token_make(f, PATH, &(struct hop){OWNER, READER, VERB_READ, 9, 0}, 1);
	assert_nothing(f, "the node that signed it is not known here yet");
}

static void the_signer_is_an_admin(void **state)
{
	struct fixture *f = *state;
	const struct hop hop = {OWNER, READER, VERB_READ, 1, 3000};

	second_node(f, ORGLOG_ROLE_PUBLISH | ORGLOG_ROLE_KEY_AUTHOR, ORGLOG_NODE_ACTIVE);
	token_make(f, PATH, &hop, 1);
	assert_nothing(f, "the node that signed it may not grant");
}

static void a_retired_signer_gives_nothing(void **state)
{
	struct fixture *f = *state;
	const struct hop hop = {OWNER, READER, VERB_READ, 1, 3000};

	token_make(f, PATH, &hop, 1);
	assert_nothing(f, "the node that signed it is not known here yet");
	second_node(f, 7, ORGLOG_NODE_ACTIVE);
	assert_int_equal(verdict(f), VERB_READ);
	second_node(f, 7, ORGLOG_NODE_RETIRED);
	assert_nothing(f, "the node that signed it is retired");
}

/* ---- who has left ---- */

static void a_former_member_gets_nothing(void **state)
{
	struct fixture *f = *state;

	one_hop(f, VERB_READ);
	leaves(f, READER);
	assert_nothing(f, "who got it has left the federation");
}

static void a_former_member_gives_nothing(void **state)
{
	struct fixture *f = *state;
	const struct hop hops[] = {{OWNER, READER, VERB_READ, 0, 0},
				   {READER, NEXT, VERB_READ, 0, 0}};

	token_make(f, PATH, hops, 2);
	assert_int_equal(verdict(f), VERB_READ);
	leaves(f, READER);
	assert_nothing(f, "who got it has left the federation");
}

static void a_former_owner_gives_nothing(void **state)
{
	struct fixture *f = *state;

	one_hop(f, VERB_READ);
	leaves(f, OWNER);
	assert_nothing(f, "it does not begin with the organisation whose namespace it is");
}

/* ---- the record ---- */

static enum err publish_as(struct fixture *f, unsigned member, const struct record_slot *slot)
{
	struct test_record record;
	struct ledger_news news;
	struct buf whole;

	test_record_init(&record, &f->fed, member, PATH, 1, 1);
	record.fields.kind = RECORD_LINE;
	record.slot = *slot;
	buf_reset(&record.body);
	buf_add(&record.body, buf_bytes(&f->body));
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	test_record_put(&whole, &record);
	enum err err = ledger_accept_record(&f->node.ledger, f->node.txn, buf_bytes(&whole), &news);
	buf_fini(&whole);
	test_record_fini(&record);
	return err;
}

static void whoever_is_in_the_chain_publishes(void **state)
{
	struct fixture *f = *state;
	const struct hop hops[] = {{OWNER, READER, VERB_READ, 0, 0},
				   {READER, NEXT, VERB_READ, 0, 0}};

	token_make(f, PATH, hops, 2);
	struct record_slot slot = record_slot_of(RECORD_LINE, id_bytes(&f->token.id));
	assert_int_equal(publish_as(f, OWNER, &slot), ERR_OK);
	assert_int_equal(publish_as(f, READER, &slot), ERR_OK);
	assert_int_equal(publish_as(f, NEXT, &slot), ERR_OK);
	assert_int_equal(publish_as(f, LAST, &slot), ERR_PROTOCOL);
}

static void the_slot_is_that_of_the_token(void **state)
{
	struct fixture *f = *state;

	one_hop(f, VERB_READ);
	f->token.id.b[0] ^= 1;
	struct record_slot slot = record_slot_of(RECORD_LINE, id_bytes(&f->token.id));
	assert_int_equal(publish_as(f, OWNER, &slot), ERR_PROTOCOL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_gives_its_verb),
		T(three_hands_give_the_last_verb),
		T(it_begins_and_ends),
		T(a_relay_gets_relay),
		T(the_first_issuer_owns_the_namespace),
		T(a_signature_is_by_the_node_named),
		T(the_signer_is_an_admin),
		T(a_retired_signer_gives_nothing),
		T(a_former_member_gets_nothing),
		T(a_former_member_gives_nothing),
		T(a_former_owner_gives_nothing),
		T(whoever_is_in_the_chain_publishes),
		T(the_slot_is_that_of_the_token),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
