/*
 * Stewards decide: online and by text, one proposal a number, old and new quorum, who leaves, who
 * is split.
 */
#include "test/sim/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/hub/hub.h"
#include "proto/wire/envelope.h"
#include "proto/charter/proposal.h"

enum { TOWNS = 4 };

struct world {
	struct sim sim;
	struct sim_node *town
		[TOWNS]; /* members 1 to 4; stewards: the first three, two of which must agree */
};

static const char *const names[TOWNS][3] = {{"Stadt Meißen", "meissen", "14627140"},
					    {"Stadt Radebeul", "radebeul", "14627210"},
					    {"Stadt Riesa", "riesa", "14627230"},
					    {"Stadt Coswig", "coswig", "14627060"}};

static bool is_member(struct sim *sim, void *arg)
{
	const struct membership_status status = sim_status(arg);
	return status.state == MEMBERSHIP_MEMBER && status.has_federation_key;
}

static bool is_former(struct sim *sim, void *arg)
{
	return sim_status(arg).state == MEMBERSHIP_FORMER;
}

struct reached {
	struct world *world;
	uint32_t number;
};

/* All that run know this charter number, and have nothing left to vote on. */
static bool is_reached(struct sim *sim, void *arg)
{
	const struct reached *reached = arg;
	for (unsigned i = 0; i < sim->node_count; i++) {
		const struct sim_node *node = sim->nodes[i];
		if (node->core && node->hub->author && !node->deaf &&
		    node->hub->charter.number != reached->number)
			return false;
	}
	return true;
}

static void assert_reached(struct world *world, uint32_t number)
{
	struct reached reached = {.world = world, .number = number};
	assert_true(sim_run(&world->sim, 300000, is_reached, &reached));
}

static struct decision propose(enum decide_verb verb, const char *slug)
{
	return (struct decision){.verb = verb, .slug = slug};
}

static struct decision stewards(const char *a, const char *b, const char *c, uint32_t threshold)
{
	return (struct decision){
		.verb = DECIDE_STEWARDS, .slugs = {a, b, c}, .threshold = threshold};
}

/* One steward. */
static struct world *world_young(uint64_t seed)
{
	struct world *world = mem_new(1, sizeof(*world));
	sim_init(&world->sim, seed);
	for (unsigned i = 0; i < TOWNS; i++)
		world->town[i] = sim_add(&world->sim, names[i][0], names[i][1], names[i][2]);
	assert_int_equal(sim_found(world->town[0], "Landkreis Meißen"), ERR_OK);
	for (unsigned i = 1; i < TOWNS; i++) {
		sim_join(world->town[0], world->town[i]);
		assert_true(sim_run(&world->sim, 120000, is_member, world->town[i]));
	}
	assert_true(sim_run(&world->sim, 120000, sim_agree, NULL));
	sim_run(&world->sim, 20000, NULL, NULL);
	assert_int_equal(world->town[0]->hub->charter.number, TOWNS);
	return world;
}

/* A proposal that a node knows; fails when it does not come. */
struct known {
	struct sim_node *node;
	const char *hex;
};
static bool is_known(struct sim *sim, void *arg)
{
	const struct known *known = arg;
	struct voting_proposal proposal;
	char hex[ID_HEX_LEN + 1];
	for (size_t i = 0; decide_proposal(known->node, i, &proposal, NULL); i++) {
		hex_put(hex, id_bytes(&proposal.id));
		if (!strcmp(hex, known->hex))
			return true;
	}
	return false;
}

static void assert_known(struct world *world, struct sim_node *node, const char *hex)
{
	struct known known = {.node = node, .hex = hex};
	assert_true(sim_run(&world->sim, 120000, is_known, &known));
}

static enum err vote(struct world *world, struct sim_node *node, const char *hex,
		     struct decision *d)
{
	assert_known(world, node, hex);
	*d = propose(DECIDE_VOTE, hex);
	return decide(node, d);
}

/* Three stewards, of which two must agree. */
static struct world *world_open(uint64_t seed)
{
	struct world *world = world_young(seed);
	struct decision d = stewards("meissen", "radebeul", "riesa", 0), v;
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	/* The steward there is has agreed, but of the new ones two must. */
	assert_true(d.voted);
	assert_false(d.accepted);
	assert_int_equal(vote(world, world->town[1], d.hex, &v), ERR_OK);
	assert_true(v.accepted);
	assert_reached(world, TOWNS + 1);
	assert_int_equal(world->town[3]->hub->charter.steward_count, 3);
	assert_int_equal(world->town[3]->hub->charter.threshold, 2);
	return world;
}

static void world_close(struct world *world)
{
	uint8_t digest[ID_LEN];
	assert_true(sim_run(&world->sim, 300000, sim_agree, NULL));
	sim_fini(&world->sim, digest);
	free(world);
}

/* Records of members' votes for numbers below the charter's. */
static uint32_t old_votes(struct sim_node *node)
{
	const uint8_t kind = RECORD_VOTE;
	struct txn *txn = txn_begin(node->db, false);
	struct walk walk = walk_begin(txn, TABLE_SLOT, bytes_of(&kind, 1));
	uint32_t count = 0;
	while (walk_next(&walk)) {
		const struct charter_member *voter =
			hub_author_member(node->hub, be32_get(walk.key.ptr + walk.key.len - 4));
		count += voter && charter_is_present(voter) &&
			 be32_get(walk.key.ptr + 1) < node->hub->charter.number;
	}
	txn_abort(txn);
	return count;
}

/* All agree, and no vote is left over. */
static void assert_tidy(struct world *world)
{
	assert_true(sim_run(&world->sim, 300000, sim_agree, NULL));
	for (unsigned i = 0; i < TOWNS; i++) {
		if (!world->town[i]->core || !world->town[i]->hub->author)
			continue;
		assert_int_equal(sim_rows(world->town[i], TABLE_PROPOSAL), 0);
		assert_int_equal(sim_rows(world->town[i], TABLE_VOTE), 0);
		assert_int_equal(old_votes(world->town[i]), 0);
	}
}

/* A town that was removed goes its own way. */
static void gone(struct world *world, unsigned town)
{
	assert_true(sim_run(&world->sim, 120000, is_former, world->town[town]));
	sim_stop(world->town[town]);
}

/* ---- votes that meet ---- */

static void two_of_three_online(void **state)
{
	struct world *world = world_open(1);
	struct decision d = propose(DECIDE_REMOVE, "coswig"), v;
	struct voting_proposal proposal;
	char said[4096];
	d.looks = true;
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	assert_non_null(strstr(d.said, "removes Stadt Coswig (coswig)"));
	assert_int_equal(sim_rows(world->town[0], TABLE_PROPOSAL), 0);
	d.looks = false;
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	assert_false(d.accepted);
	assert_int_equal(d.number, TOWNS + 2);
	assert_known(world, world->town[3], d.hex);
	assert_true(decide_proposal(world->town[3], 0, &proposal, said));
	assert_int_equal(proposal.votes, 1);
	assert_int_equal(proposal.needed, 2);
	assert_int_equal(proposal.needed_new, 0);
	assert_false(proposal.may_vote);
	assert_int_equal(proposal.voter_count, 1);
	assert_int_equal(proposal.voters[0], 1);
	assert_non_null(strstr(said, "removes Stadt Coswig (coswig)"));
	assert_non_null(strstr(said, "new key, number 2"));
	/* Looking signs nothing. */
	v = propose(DECIDE_VOTE, d.hex);
	v.looks = true;
	assert_known(world, world->town[2], d.hex);
	assert_int_equal(decide(world->town[2], &v), ERR_OK);
	assert_false(v.voted);
	assert_int_equal(vote(world, world->town[2], d.hex, &v), ERR_OK);
	assert_true(v.voted && v.accepted);
	assert_reached(world, TOWNS + 2);
	assert_int_equal(world->town[1]->hub->charter.members[3].state, CHARTER_FORMER);
	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(strstr(world->town[i]->note_last[NOTE_PROPOSAL].text,
				       "entry 6: removes Stadt Coswig (coswig)"));
		assert_non_null(strstr(world->town[i]->note_last[NOTE_CHARTER].text,
				       "entry 6: removes Stadt Coswig (coswig)"));
	}
	gone(world, 3);
	assert_tidy(world);
	world_close(world);
}

/* Who is no steward has no vote, and neither has who is removed. */
static void who_may_not(void **state)
{
	struct world *world = world_open(2);
	struct decision d = propose(DECIDE_REMOVE, "riesa"), v;
	assert_int_equal(decide(world->town[3], &d), ERR_DENIED);
	assert_non_null(strstr(d.why, "not a steward"));
	d = stewards("coswig", NULL, NULL, 0);
	assert_int_equal(decide(world->town[3], &d), ERR_DENIED);
	d = propose(DECIDE_REMOVE, "riesa");
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	assert_int_equal(vote(world, world->town[3], d.hex, &v), ERR_DENIED);
	assert_non_null(strstr(v.why, "no vote"));
	v = propose(DECIDE_VOTE, "00000000");
	assert_int_equal(decide(world->town[1], &v), ERR_ABSENT);
	v = propose(DECIDE_VOTE, "");
	assert_int_equal(decide(world->town[1], &v), ERR_ABSENT);
	assert_int_equal(vote(world, world->town[1], d.hex, &v), ERR_OK);
	assert_true(v.accepted);
	assert_reached(world, TOWNS + 2);
	gone(world, 2);
	world_close(world);
}

/* What no charter allows is said before anything is signed. */
static void what_may_not_be(void **state)
{
	struct world *world = world_open(3);
	struct sim_node *node = world->town[0];
	struct decision d = stewards("meissen", "radebeul", "riesa", 2);
	assert_int_equal(decide(node, &d), ERR_EXISTS);
	d = stewards("meissen", "radebeul", "riesa", 1);
	assert_int_equal(decide(node, &d), ERR_CONFIG);
	assert_non_null(strstr(d.why, "at least 2"));
	d = stewards("meissen", "radebeul", "riesa", 4);
	assert_int_equal(decide(node, &d), ERR_CONFIG);
	d = stewards("meissen", "meissen", NULL, 0);
	assert_int_equal(decide(node, &d), ERR_CONFIG);
	d = stewards("meissen", "dresden", NULL, 0);
	assert_int_equal(decide(node, &d), ERR_ABSENT);
	d = propose(DECIDE_REMOVE, "dresden");
	assert_int_equal(decide(node, &d), ERR_ABSENT);
	assert_int_equal(sim_rows(node, TABLE_PROPOSAL), 0);
	struct buf text; /* several must agree, so nobody is admitted at once */
	struct sim_node *guest = sim_add(&world->sim, "Stadt Strehla", "strehla", "14627330");
	buf_init(&text, 4096);
	assert_int_equal(sim_invite_as(node, guest, false, false, &text), ERR_DENIED);
	buf_fini(&text);
	sim_stop(guest);
	world_close(world);
}

static void the_only_steward_stays(void **state)
{
	struct world *world = world_young(4);
	struct decision d = propose(DECIDE_REMOVE, "meissen");
	assert_int_equal(decide(world->town[0], &d), ERR_CONFIG);
	assert_non_null(strstr(d.why, "only steward"));
	d = propose(DECIDE_RELAY, "meissen");
	assert_int_equal(decide(world->town[0], &d), ERR_CONFIG);
	/* One decides alone: done at once. */
	d = propose(DECIDE_RELAY, "coswig");
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	assert_true(d.accepted);
	assert_reached(world, TOWNS + 1);
	assert_true(sim_status(world->town[3]).relay);
	d = propose(DECIDE_RELAY, "coswig");
	assert_int_equal(decide(world->town[0], &d), ERR_EXISTS);
	d = stewards("meissen", "coswig", NULL, 0);
	assert_int_equal(decide(world->town[0], &d), ERR_CONFIG);
	assert_non_null(strstr(d.why, "relay"));
	world_close(world);
}

/* ---- texts ---- */

static void a_steward_without_a_connection(void **state)
{
	struct world *world = world_open(5);
	struct sim_node *away = world->town[2];
	struct decision d = propose(DECIDE_REMOVE, "coswig"), v;
	struct buf text;
	char carried[2100];
	buf_init(&text, ENVELOPE_LEN_MAX);
	sim_cut(away, true);
	sim_cut(world->town[1], true);
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	decide_text(world->town[0], d.hex, &text);
	/* Looks first, with the proposal's words; nothing is signed by that. */
	v = propose(DECIDE_TEXT, (const char *)text.ptr);
	v.looks = true;
	assert_int_equal(decide(away, &v), ERR_OK);
	assert_non_null(strstr(v.said, "removes Stadt Coswig (coswig)"));
	assert_false(v.voted);
	assert_string_equal(v.vote, "");
	v.looks = false;
	assert_int_equal(decide(away, &v), ERR_OK);
	assert_true(v.voted);
	assert_false(v.accepted); /* it does not know the other vote */
	snprintf(carried, sizeof(carried), " %.40s\r\n%s\n", v.vote, v.vote + 40);
	/* The same vote again, and the same text again. */
	char first[2048];
	snprintf(first, sizeof(first), "%s", v.vote);
	assert_int_equal(decide(away, &v), ERR_OK);
	assert_string_equal(v.vote, first);
	v = propose(DECIDE_TEXT, carried);
	assert_int_equal(decide(world->town[0], &v), ERR_OK);
	assert_true(v.accepted);
	assert_int_equal(world->town[0]->hub->charter.number, TOWNS + 2);
	v = propose(DECIDE_TEXT, carried);
	assert_int_equal(decide(world->town[0], &v), ERR_EXISTS);
	away->deaf = world->town[1]->deaf = false;
	assert_reached(world, TOWNS + 2);
	gone(world, 3);
	assert_tidy(world);
	buf_fini(&text);
	world_close(world);
}

static void texts_that_do_not_count(void **state)
{
	struct world *world = world_open(6);
	struct sim_node *node = world->town[0];
	struct decision d = propose(DECIDE_REMOVE, "coswig"), v;
	struct vote_text forged;
	struct buf text, other;
	buf_init(&text, ENVELOPE_LEN_MAX);
	buf_init(&other, ENVELOPE_LEN_MAX);
	assert_int_equal(decide(world->town[1], &d), ERR_OK);
	decide_text(world->town[1], d.hex, &text);
	assert_int_equal(vote(world, node, d.hex, &(struct decision){0}), ERR_OK);
	assert_reached(world, TOWNS + 2);
	v = propose(DECIDE_TEXT, (const char *)text.ptr); /* decided meanwhile */
	assert_int_equal(decide(world->town[2], &v), ERR_EXISTS);
	gone(world, 3);
	d = stewards("meissen", "radebeul", NULL, 0);
	sim_cut(world->town[1], true);
	assert_int_equal(decide(world->town[1], &d), ERR_OK);
	buf_reset(&text);
	decide_text(world->town[1], d.hex, &text);
	/* A vote for a proposal that is not known. */
	v = propose(DECIDE_TEXT, (const char *)text.ptr);
	assert_int_equal(decide(world->town[1], &v), ERR_OK);
	struct decision w = propose(DECIDE_TEXT, v.vote);
	assert_int_equal(decide(node, &w), ERR_ABSENT);
	/* Signed by somebody else than it says. */
	assert_int_equal(vote_text_get(&forged, bytes_str(v.vote)), ERR_OK);
	forged.member = 3;
	vote_text_put(&other, &forged);
	buf_add_u8(&other, 0);
	w = propose(DECIDE_TEXT, (const char *)other.ptr);
	assert_int_equal(decide(world->town[1], &w), ERR_DENIED);
	/* Of another federation; of a number to come. */
	forged.fed.b[0] ^= 1;
	buf_reset(&other);
	vote_text_put(&other, &forged);
	buf_add_u8(&other, 0);
	w = propose(DECIDE_TEXT, (const char *)other.ptr);
	assert_int_equal(decide(world->town[1], &w), ERR_CONFIG);
	assert_non_null(strstr(w.why, "another federation"));
	forged.fed.b[0] ^= 1;
	forged.number++;
	buf_reset(&other);
	vote_text_put(&other, &forged);
	buf_add_u8(&other, 0);
	w = propose(DECIDE_TEXT, (const char *)other.ptr);
	assert_int_equal(decide(world->town[1], &w), ERR_AGAIN);
	/* Mistyped. */
	text.ptr[20] = text.ptr[20] == 'A' ? 'B' : 'A';
	v = propose(DECIDE_TEXT, (const char *)text.ptr);
	assert_int_equal(decide(node, &v), ERR_CONFIG);
	assert_non_null(strstr(v.why, "mistyped"));
	v = propose(DECIDE_TEXT, "hello");
	assert_int_equal(decide(node, &v), ERR_CONFIG);
	world->town[1]->deaf = false;
	assert_known(world, node, d.hex);
	assert_int_equal(vote(world, node, d.hex, &v), ERR_OK);
	assert_reached(world, TOWNS + 3);
	buf_fini(&text);
	buf_fini(&other);
	world_close(world);
}

/* ---- one proposal a number ---- */

static void one_proposal_a_number(void **state)
{
	struct world *world = world_open(7);
	struct sim_node *node = world->town[0];
	struct decision first = propose(DECIDE_REMOVE, "coswig"), second, v;
	char shown[9];
	assert_int_equal(decide(node, &first), ERR_OK);
	snprintf(shown, sizeof(shown), "%.8s", first.hex);
	second = propose(DECIDE_REMOVE, "riesa");
	assert_int_equal(decide(node, &second), ERR_DENIED);
	assert_non_null(strstr(second.why, shown));
	second = stewards("meissen", NULL, NULL, 0);
	assert_int_equal(decide(node, &second), ERR_DENIED);
	/* Nor after a restart, nor one that another has made, online or as text. */
	sim_stop(node);
	sim_start(node);
	second = stewards("meissen", NULL, NULL, 0);
	assert_int_equal(decide(node, &second), ERR_AGAIN); /* nobody has answered it yet */
	sim_run(node->sim, 15000, NULL, NULL);
	assert_int_equal(decide(node, &second), ERR_DENIED);
	struct buf text;
	buf_init(&text, ENVELOPE_LEN_MAX);
	second = propose(DECIDE_REMOVE, "riesa");
	assert_int_equal(decide(world->town[1], &second), ERR_OK);
	assert_int_equal(vote(world, node, second.hex, &v), ERR_DENIED);
	assert_non_null(strstr(v.why, shown));
	/* So it is not asked to. */
	struct voting_proposal proposal;
	char hex[ID_HEX_LEN + 1];
	for (size_t i = 0; decide_proposal(node, i, &proposal, NULL); i++) {
		hex_put(hex, id_bytes(&proposal.id));
		assert_int_equal(proposal.voted, !strcmp(hex, first.hex));
		assert_int_equal(proposal.may_vote, proposal.voted);
	}
	decide_text(world->town[1], second.hex, &text);
	v = propose(DECIDE_TEXT, (const char *)text.ptr);
	assert_int_equal(decide(node, &v), ERR_DENIED);
	/* The third steward decides. */
	assert_false(decide_split(world->town[2]));
	assert_known(world, world->town[2], second.hex);
	assert_int_equal(vote(world, world->town[2], first.hex, &v), ERR_OK);
	assert_true(v.accepted);
	assert_reached(world, TOWNS + 2);
	gone(world, 3);
	/* The next number is free again. */
	second = propose(DECIDE_REMOVE, "riesa");
	assert_int_equal(decide(node, &second), ERR_OK);
	assert_int_equal(vote(world, world->town[1], second.hex, &v), ERR_OK);
	assert_reached(world, TOWNS + 3);
	gone(world, 2);
	assert_tidy(world);
	buf_fini(&text);
	world_close(world);
}

/* The store is restored from before the vote: what others give back says that it was given. */
static void a_restored_steward_knows_what_it_signed(void **state)
{
	struct world *world = world_open(15);
	struct sim_node *node = world->town[0];
	struct decision first = propose(DECIDE_REMOVE, "coswig"), second, v;
	sim_run(&world->sim, 60000, NULL, NULL);
	sim_stop(node);
	sim_backup(node);
	sim_start(node);
	sim_run(&world->sim, 60000, NULL, NULL);
	assert_int_equal(decide(node, &first), ERR_OK);
	assert_known(world, world->town[1], first.hex);
	sim_run(&world->sim, 30000, NULL, NULL);
	sim_stop(node);
	sim_restore(node);
	sim_start(node);
	assert_known(world, node, first.hex);
	sim_run(&world->sim, 5000, NULL, NULL); /* until all is back */
	second = propose(DECIDE_REMOVE, "riesa");
	assert_int_equal(decide(node, &second), ERR_DENIED);
	assert_int_equal(vote(world, world->town[1], first.hex, &v), ERR_OK);
	assert_reached(world, TOWNS + 2);
	gone(world, 3);
	assert_tidy(world);
	world_close(world);
}

/*
 * Publishes votes of a town for entries that would make it the only steward: a new one each time.
 */
static void call_spam(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct charter_change change = {.kind = CHARTER_STEWARDS,
					.stewards = {author_member(hub->author)},
					.steward_count = 1};
	struct record_slot slot = record_slot_vote(hub->charter.number + 1);
	const unsigned *round = arg;
	struct buf payload, body;
	struct charter_vote vote;
	struct key seed;
	buf_init(&payload, PROPOSAL_LEN_MAX);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	assert_int_equal(identity_root_sign_seed(&seed, hub->options.identity), ERR_OK);
	assert_int_equal(
		charter_payload_make(&payload, &hub->charter, NULL, now_ms + *round, 1, &change, 1),
		ERR_OK);
	charter_vote(&vote, &hub->charter, author_member(hub->author), &seed, buf_bytes(&payload));
	const struct vote_body content = {.payload = buf_bytes(&payload), .sig = vote.sig};
	vote_body_put(&body, &content);
	assert_int_equal(ledger_append(&hub->ledger, txn, RECORD_VOTE, record_slot_bytes(&slot),
				       buf_bytes(&body), NULL, LEDGER_QUIET),
			 ERR_OK);
	key_wipe(&seed);
	buf_fini(&payload);
	buf_fini(&body);
}

/*
 * A member that proposes without end leaves no more behind than its last one, and room for what is
 * meant.
 */
static void proposals_without_end(void **state)
{
	struct world *world = world_open(14);
	struct decision d = propose(DECIDE_REMOVE, "coswig"), v;
	for (unsigned round = 0; round < VOTING_PROPOSAL_COUNT_MAX + 20; round++) {
		assert_true(sim_call(world->town[3], call_spam, &round));
		sim_run(&world->sim, 300, NULL, NULL);
	}
	sim_run(&world->sim, 10000, NULL, NULL);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(sim_rows(world->town[i], TABLE_PROPOSAL), 1);
		assert_int_equal(sim_rows(world->town[i], TABLE_VOTE), 1);
	}
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	assert_int_equal(vote(world, world->town[1], d.hex, &v), ERR_OK);
	assert_reached(world, TOWNS + 2);
	gone(world, 3);
	assert_tidy(world);
	world_close(world);
}

/* Each steward for another proposal: none can pass; more than half of the members settle it. */
static void a_split_is_settled_by_the_members(void **state)
{
	struct world *world = world_open(8);
	struct decision d[3], s, v;
	const char *const victims[3] = {"coswig", "riesa", "radebeul"};
	for (unsigned i = 0; i < 3; i++) {
		d[i] = propose(DECIDE_REMOVE, victims[i]);
		sim_cut(world->town[i], true);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(decide(world->town[i], &d[i]), ERR_OK);
	for (unsigned i = 0; i < 3; i++)
		world->town[i]->deaf = false;
	for (unsigned i = 0; i < TOWNS; i++)
		for (unsigned k = 0; k < 3; k++)
			assert_known(world, world->town[i], d[k].hex);
	for (unsigned i = 0; i < TOWNS; i++)
		assert_true(decide_split(world->town[i]));
	/* A member that is no steward proposes the settlement; three of four must sign. */
	s = (struct decision){.verb = DECIDE_SETTLE, .slugs = {"meissen", "coswig"}};
	assert_int_equal(decide(world->town[3], &s), ERR_OK);
	assert_false(s.accepted);
	struct voting_proposal proposal;
	bool found = false;
	for (size_t i = 0; decide_proposal(world->town[3], i, &proposal, NULL); i++) {
		if (!proposal.settlement)
			continue;
		found = true;
		assert_int_equal(proposal.votes, 1);
		assert_int_equal(proposal.needed, 3);
	}
	assert_true(found);
	assert_int_equal(vote(world, world->town[0], s.hex, &v), ERR_OK);
	assert_false(v.accepted);
	assert_int_equal(vote(world, world->town[1], s.hex, &v), ERR_OK);
	assert_reached(world, TOWNS + 2);
	assert_int_equal(world->town[2]->hub->charter.steward_count, 2);
	assert_tidy(world);
	world_close(world);
}

/* ---- stewards change ---- */

static void old_and_new_quorum(void **state)
{
	struct world *world = world_open(9);
	struct decision d = stewards("riesa", "coswig", NULL, 2), v;
	struct voting_proposal proposal;
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	/* Two of the old are not enough: both of the new must sign. */
	assert_int_equal(vote(world, world->town[1], d.hex, &v), ERR_OK);
	assert_false(v.accepted);
	assert_known(world, world->town[3], d.hex);
	sim_run(&world->sim, 5000, NULL, NULL);
	assert_true(decide_proposal(world->town[3], 0, &proposal, NULL));
	assert_int_equal(proposal.votes, 2);
	assert_int_equal(proposal.needed, 2);
	assert_int_equal(proposal.votes_new, 0);
	assert_int_equal(proposal.needed_new, 2);
	assert_true(proposal.may_vote);
	assert_int_equal(vote(world, world->town[3], d.hex, &v), ERR_OK);
	assert_false(v.accepted);
	assert_int_equal(vote(world, world->town[2], d.hex, &v), ERR_OK);
	assert_reached(world, TOWNS + 2);
	/* The old ones decide nothing any more. */
	d = propose(DECIDE_REMOVE, "meissen");
	assert_int_equal(decide(world->town[0], &d), ERR_DENIED);
	d = propose(DECIDE_REMOVE, "radebeul");
	assert_int_equal(decide(world->town[3], &d), ERR_OK);
	assert_int_equal(vote(world, world->town[2], d.hex, &v), ERR_OK);
	assert_true(v.accepted);
	assert_reached(world, TOWNS + 3);
	gone(world, 1);
	world_close(world);
}

/* ---- who is removed, who leaves ---- */

static void removed_and_shut_out(void **state)
{
	struct world *world = world_open(10);
	struct decision d = propose(DECIDE_LEAVE, "merged with Stadt Meißen"), v;
	struct buf content = sim_content(1, 40000);
	assert_int_equal(decide(world->town[3], &d), ERR_OK);
	assert_true(sim_run(&world->sim, 120000, sim_agree, NULL));
	uint32_t member = 0;
	char reason[513];
	struct txn *txn = txn_begin(world->town[1]->db, true);
	assert_true(voting_leaver(world->town[1]->hub, txn, &member, reason));
	assert_int_equal(member, 4);
	assert_string_equal(reason, "merged with Stadt Meißen");
	assert_false(voting_leaver(world->town[1]->hub, txn, &member, reason));
	txn_abort(txn);
	/* It stays after all; then it goes after all. */
	struct decision stay = propose(DECIDE_LEAVE, NULL);
	assert_int_equal(decide(world->town[3], &stay), ERR_OK);
	assert_int_equal(decide(world->town[3], &stay), ERR_ABSENT);
	assert_true(sim_run(&world->sim, 120000, sim_agree, NULL));
	txn = txn_begin(world->town[1]->db, true);
	member = 0;
	assert_false(voting_leaver(world->town[1]->hub, txn, &member, reason));
	txn_abort(txn);
	d = propose(DECIDE_REMOVE, "coswig");
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	assert_int_equal(vote(world, world->town[1], d.hex, &v), ERR_OK);
	assert_reached(world, TOWNS + 2);
	sim_run(&world->sim, 30000, NULL, NULL);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(sim_status(world->town[i]).federation_key_number, 2);
		assert_true(sim_status(world->town[i]).has_federation_key);
		assert_int_equal(sim_links(world->town[i], world->town[3]), 0);
	}
	struct sim_held_wait wait = {.node = world->town[2], .path = "meissen/neu"};
	assert_int_equal(sim_publish(world->town[0], wait.path, TIER_MEMBERS, buf_bytes(&content)),
			 ERR_OK);
	sim_run(&world->sim, 10000, NULL, NULL);
	assert_int_equal(sim_want(world->town[2], wait.path, 0), ERR_OK);
	assert_true(sim_run(&world->sim, 60000, sim_is_held, &wait));
	sim_assert_reads(world->town[2], wait.path, 0, buf_bytes(&content));
	assert_int_not_equal(sim_want(world->town[3], wait.path, 0), ERR_OK);
	gone(world, 3);
	buf_fini(&content);
	world_close(world);
}

/* ---- newcomers where several decide ---- */

static bool is_waiting(struct sim *sim, void *arg)
{
	return sim_status(arg).waiting;
}

static void a_newcomer_needs_two(void **state)
{
	struct world *world = world_open(11);
	struct sim_node *guest = sim_add(&world->sim, "Stadt Strehla", "strehla", "14627330");
	struct sim_node *inviter = world->town[1];
	struct decision d, v;
	struct buf text;
	char words[WORDS_TEXT_LEN];
	buf_init(&text, 4096);
	/* Any steward invites. */
	assert_int_equal(sim_invite_as(inviter, guest, true, false, &text), ERR_OK);
	assert_int_equal(sim_join_text(guest, (const char *)text.ptr, NULL), ERR_OK);
	assert_true(sim_run(&world->sim, 120000, is_waiting, guest));
	decide_words(guest, words);
	d = (struct decision){.verb = DECIDE_APPROVE, .slug = "strehla", .words = words};
	assert_int_equal(decide(inviter, &d), ERR_OK);
	assert_true(d.voted);
	assert_false(d.accepted);
	sim_run(&world->sim, 60000, NULL, NULL);
	assert_true(sim_status(guest).waiting);
	/* The other one votes while the inviter is away; it puts the entry together. */
	assert_known(world, world->town[2], d.hex);
	sim_stop(inviter);
	/* It makes the words by itself, and takes no others. */
	v = propose(DECIDE_VOTE, d.hex);
	v.words = "adler burg kaffee nebel tulpe zebra";
	assert_int_equal(decide(world->town[2], &v), ERR_DENIED);
	assert_non_null(strstr(v.why, "not the words of strehla"));
	v.words = words;
	assert_int_equal(decide(world->town[2], &v), ERR_OK);
	assert_non_null(strstr(v.said, "admits Stadt Strehla (strehla"));
	assert_true(v.accepted);
	sim_run(&world->sim, 60000, NULL, NULL);
	assert_int_equal(world->town[0]->hub->charter.member_count, TOWNS + 1);
	sim_start(inviter);
	assert_true(sim_run(&world->sim, 300000, is_member, guest));
	assert_true(sim_run(&world->sim, 300000, sim_agree, NULL));
	assert_int_equal(sim_rows(inviter, TABLE_REQUEST), 0);
	assert_tidy(world);
	buf_fini(&text);
	world_close(world);
}

/*
 * What was approved loses its number to another proposal: the steward is asked again, and the
 * newcomer still waits.
 */
static void approved_and_overtaken(void **state)
{
	struct world *world = world_open(13);
	struct sim_node *guest = sim_add(&world->sim, "Stadt Strehla", "strehla", "14627330");
	struct decision d, other = propose(DECIDE_REMOVE, "coswig"), v;
	struct request_row row;
	struct org_id none = {{0}};
	struct buf text;
	char words[WORDS_TEXT_LEN];
	buf_init(&text, 4096);
	assert_int_equal(sim_invite_as(world->town[0], guest, true, false, &text), ERR_OK);
	assert_int_equal(sim_join_text(guest, (const char *)text.ptr, NULL), ERR_OK);
	assert_true(sim_run(&world->sim, 120000, is_waiting, guest));
	decide_words(guest, words);
	sim_cut(world->town[0], true);
	d = (struct decision){.verb = DECIDE_APPROVE, .slug = "strehla", .words = words};
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	assert_int_equal(decide(world->town[1], &other), ERR_OK);
	assert_int_equal(vote(world, world->town[2], other.hex, &v), ERR_OK);
	world->town[0]->deaf = false;
	assert_reached(world, TOWNS + 2);
	gone(world, 3);
	struct txn *txn = txn_begin(world->town[0]->db, false);
	assert_true(request_next(txn, &none, &row));
	assert_false(row.approved);
	txn_abort(txn);
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	assert_int_equal(vote(world, world->town[1], d.hex, &v), ERR_OK);
	assert_true(sim_run(&world->sim, 300000, is_member, guest));
	assert_tidy(world);
	buf_fini(&text);
	world_close(world);
}

/* An approved request outlives the invitation, as the others take their time. */
static void approved_and_waiting(void **state)
{
	struct world *world = world_open(12);
	struct sim_node *guest = sim_add(&world->sim, "Stadt Strehla", "strehla", "14627330");
	struct decision d, v;
	struct buf text;
	char words[WORDS_TEXT_LEN];
	buf_init(&text, 4096);
	assert_int_equal(sim_invite_as(world->town[0], guest, true, false, &text), ERR_OK);
	assert_int_equal(sim_join_text(guest, (const char *)text.ptr, NULL), ERR_OK);
	assert_true(sim_run(&world->sim, 120000, is_waiting, guest));
	decide_words(guest, words);
	d = (struct decision){.verb = DECIDE_APPROVE, .slug = "strehla", .words = words};
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	sim_run(&world->sim, 8 * 24 * 3600 * (int64_t)1000, NULL, NULL);
	assert_int_equal(sim_rows(world->town[0], TABLE_REQUEST), 1);
	assert_true(sim_run(&world->sim, 120000, is_waiting, guest));
	assert_int_equal(vote(world, world->town[2], d.hex, &v), ERR_OK);
	assert_true(sim_run(&world->sim, 300000, is_member, guest));
	buf_fini(&text);
	world_close(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_of_three_online),
		cmocka_unit_test(who_may_not),
		cmocka_unit_test(what_may_not_be),
		cmocka_unit_test(the_only_steward_stays),
		cmocka_unit_test(a_steward_without_a_connection),
		cmocka_unit_test(texts_that_do_not_count),
		cmocka_unit_test(one_proposal_a_number),
		cmocka_unit_test(a_restored_steward_knows_what_it_signed),
		cmocka_unit_test(proposals_without_end),
		cmocka_unit_test(a_split_is_settled_by_the_members),
		cmocka_unit_test(old_and_new_quorum),
		cmocka_unit_test(removed_and_shut_out),
		cmocka_unit_test(a_newcomer_needs_two),
		cmocka_unit_test(approved_and_waiting),
		cmocka_unit_test(approved_and_overtaken),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("votes", tests, NULL, NULL);
}
