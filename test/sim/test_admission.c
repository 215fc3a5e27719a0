/* Guarded joining: who has an invitation waits until a steward has heard six words. */
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

static const int64_t day_ms = 24 * 3600 * (int64_t)1000;

struct world {
	struct sim sim;
	struct sim_node *steward, *joiner;
	struct buf text;
	char words[WORDS_TEXT_LEN]; /* of the joiner */
	char why[WHY_LEN];
};

static struct world *world_open(uint64_t seed)
{
	struct world *world = mem_new(1, sizeof(*world));
	sim_init(&world->sim, seed);
	world->steward = sim_add(&world->sim, "Stadt Meißen", "meissen", "14627140");
	world->joiner = sim_add(&world->sim, "Stadt Radebeul", "radebeul", "14627210");
	assert_int_equal(sim_found(world->steward, "Landkreis Meißen"), ERR_OK);
	buf_init(&world->text, 4096);
	return world;
}

static void world_close(struct world *world)
{
	uint8_t digest[ID_LEN];
	sim_fini(&world->sim, digest);
	buf_fini(&world->text);
	free(world);
}

static void invite_as(struct world *world, struct sim_node *joiner, bool relay)
{
	buf_reset(&world->text);
	assert_int_equal(sim_invite_as(world->steward, joiner, true, relay, &world->text), ERR_OK);
}

static enum err join(struct world *world, struct sim_node *joiner)
{
	return sim_join_text(joiner, (const char *)world->text.ptr, world->why);
}

static bool is_waiting(struct sim *sim, void *arg)
{
	return sim_status(arg).waiting;
}

static bool is_member(struct sim *sim, void *arg)
{
	const struct membership_status status = sim_status(arg);
	return status.state == MEMBERSHIP_MEMBER && (status.has_federation_key || status.relay);
}

static bool is_none(struct sim *sim, void *arg)
{
	return sim_status(arg).state == MEMBERSHIP_NONE;
}

/* Invites, joins, and waits until the request is there and both sides have the words. */
static void wait_at_the_door(struct world *world)
{
	invite_as(world, world->joiner, false);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_true(sim_run(&world->sim, 120000, is_waiting, world->joiner));
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 1);
	decide_words(world->joiner, world->words);
}

static struct decision approve(const char *words)
{
	return (struct decision){.verb = DECIDE_APPROVE, .slug = "radebeul", .words = words};
}

static void assert_approves(struct world *world)
{
	struct decision d = approve(world->words);
	assert_int_equal(decide(world->steward, &d), ERR_OK);
	assert_true(d.accepted);
}

static void assert_joined(struct world *world, struct sim_node *joiner)
{
	assert_true(sim_run(&world->sim, 120000, is_member, joiner));
	assert_true(sim_run(&world->sim, 120000, sim_agree, NULL));
	assert_string_equal(sim_status(joiner).why, "");
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 0);
	assert_int_equal(sim_rows(world->steward, TABLE_PROPOSAL), 0);
	assert_int_equal(sim_rows(world->steward, TABLE_VOTE), 0);
}

static void assert_refused(struct world *world, struct sim_node *joiner, const char *word)
{
	assert_true(sim_run(&world->sim, 120000, is_none, joiner));
	assert_non_null(strstr(sim_status(joiner).why, word));
}

/* ---- waiting ---- */

static void six_words_let_in(void **state)
{
	struct world *world = world_open(1);
	char numbered[200];
	wait_at_the_door(world);
	assert_int_equal(world->steward->note_counts[NOTE_REQUEST], 1);
	assert_int_equal(world->steward->hub->charter.member_count, 1);
	struct membership_status status = sim_status(world->joiner);
	assert_string_equal(status.words, world->words);
	assert_string_equal(status.why, "");
	assert_int_equal(status.state, MEMBERSHIP_JOINING);
	snprintf(numbered, sizeof(numbered), "1. %s\n", world->words);
	struct decision d = approve(numbered);
	assert_int_equal(decide(world->steward, &d), ERR_OK);
	assert_true(d.accepted && d.voted);
	assert_non_null(strstr(d.said, "admits Stadt Radebeul (radebeul, key 14627210)"));
	assert_joined(world, world->joiner);
	assert_false(sim_status(world->joiner).waiting);
	world_close(world);
}

/* Stewards have two hours a week: the guest's link stays, and costs nothing but life signs. */
static void waiting_takes_its_time(void **state)
{
	struct world *world = world_open(2);
	wait_at_the_door(world);
	sim_run(&world->sim, 6 * 3600 * 1000, NULL, NULL);
	assert_true(sim_status(world->joiner).waiting);
	assert_int_equal(sim_links(world->steward, world->joiner), 1);
	assert_int_equal(world->joiner->note_counts[NOTE_PEER_DOWN], 0);
	assert_approves(world);
	assert_joined(world, world->joiner);
	world_close(world);
}

static void wrong_words_change_nothing(void **state)
{
	struct world *world = world_open(3);
	char other[WORDS_TEXT_LEN];
	wait_at_the_door(world);
	words_of(other, 0);
	struct decision d = approve(other);
	assert_int_equal(decide(world->steward, &d), ERR_DENIED);
	assert_non_null(strstr(d.why, "not the words"));
	d = approve("");
	assert_int_equal(decide(world->steward, &d), ERR_DENIED);
	sim_run(&world->sim, 60000, NULL, NULL);
	assert_int_equal(world->steward->hub->charter.member_count, 1);
	assert_true(sim_status(world->joiner).waiting);
	d = (struct decision){.verb = DECIDE_APPROVE, .slug = "riesa", .words = world->words};
	assert_int_equal(decide(world->steward, &d), ERR_ABSENT);
	assert_approves(world);
	assert_joined(world, world->joiner);
	world_close(world);
}

static void five_times_wrong_is_enough(void **state)
{
	struct world *world = world_open(4);
	wait_at_the_door(world);
	for (unsigned i = 0; i < REQUEST_WRONG_MAX; i++) {
		struct decision d = approve("adler burg kaffee nebel tulpe zebra");
		assert_int_equal(decide(world->steward, &d), ERR_DENIED);
	}
	struct decision d = approve(world->words);
	assert_int_equal(decide(world->steward, &d), ERR_ABSENT);
	assert_refused(world, world->joiner, "words did not match");
	/* The invitation is void: it was bound to that request. */
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_refused(world, world->joiner, "was used");
	assert_int_equal(world->steward->hub->charter.member_count, 1);
	wait_at_the_door(world);
	assert_approves(world);
	assert_joined(world, world->joiner);
	world_close(world);
}

static void refused_by_a_person(void **state)
{
	struct world *world = world_open(5);
	wait_at_the_door(world);
	struct decision d = {.verb = DECIDE_REFUSE, .slug = "riesa"};
	assert_int_equal(decide(world->steward, &d), ERR_ABSENT);
	d.slug = "radebeul";
	assert_int_equal(decide(world->steward, &d), ERR_OK);
	assert_refused(world, world->joiner, "refused");
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 0);
	world_close(world);
}

/* ---- links and nodes that come and go ---- */

static void the_request_is_repeated(void **state)
{
	struct world *world = world_open(6);
	wait_at_the_door(world);
	for (unsigned i = 0; i < 3; i++) {
		sim_cut(world->joiner, false);
		sim_run(&world->sim, 30000, NULL, NULL);
	}
	assert_true(sim_status(world->joiner).waiting);
	sim_stop(world->joiner);
	sim_run(&world->sim, 5000, NULL, NULL);
	sim_start(world->joiner);
	assert_true(sim_run(&world->sim, 120000, is_waiting, world->joiner));
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 1);
	assert_int_equal(world->steward->note_counts[NOTE_REQUEST], 1);
	assert_approves(world);
	assert_joined(world, world->joiner);
	world_close(world);
}

static void admitted_while_away(void **state)
{
	struct world *world = world_open(7);
	wait_at_the_door(world);
	sim_stop(world->joiner);
	sim_run(&world->sim, 5000, NULL, NULL);
	assert_approves(world);
	sim_run(&world->sim, 60000, NULL, NULL);
	sim_start(world->joiner);
	assert_joined(world, world->joiner);
	world_close(world);
}

static void the_steward_restarts(void **state)
{
	struct world *world = world_open(8);
	wait_at_the_door(world);
	sim_stop(world->steward);
	sim_run(&world->sim, 5000, NULL, NULL);
	sim_start(world->steward);
	sim_run(&world->sim, 60000, NULL, NULL);
	assert_true(sim_status(world->joiner).waiting);
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 1);
	assert_approves(world);
	assert_joined(world, world->joiner);
	world_close(world);
}

/*
 * The turn in which a steward approves is on disk, and nobody hears of it before the node is up
 * again.
 */
static void a_crash_after_approving(void **state)
{
	struct world *world = world_open(9);
	wait_at_the_door(world);
	struct decision d = approve(world->words);
	world->steward->crash_in = 1;
	assert_int_equal(decide(world->steward, &d), ERR_IO);
	assert_int_equal(world->steward->hub->charter.member_count, 2);
	assert_joined(world, world->joiner);
	world_close(world);
}

/* Whatever store call fails while approving: either all of it has happened, or nothing. */
static void faults_while_approving(void **state)
{
	bool struck = true;
	/* Each try makes the words twice, which is slow by intention. */
	for (uint64_t n = 1; struck; n += 1 + n / 3) {
		struct world *world = world_open(10);
		wait_at_the_door(world);
		struct decision d = approve(world->words);
		sim_fault(world->steward, n, ERR_IO);
		enum err err = decide(world->steward, &d);
		struck = sim_fault_struck(world->steward);
		sim_fault(world->steward, 0, ERR_OK);
		if (struck && err == ERR_IO) {
			assert_int_equal(world->steward->hub->charter.member_count, 1);
			assert_true(sim_run(&world->sim, 120000, is_waiting, world->joiner));
			assert_approves(world);
		}
		assert_joined(world, world->joiner);
		world_close(world);
	}
}

/* ---- invitations ---- */

static void an_invitation_used_twice(void **state)
{
	struct world *world = world_open(11);
	struct sim_node *second = sim_add(&world->sim, "Stadt Radebeul", "radebeul", "14627210");
	wait_at_the_door(world);
	/* Already while the first waits. */
	assert_int_equal(join(world, second), ERR_OK);
	assert_refused(world, second, "used by another");
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 1);
	assert_approves(world);
	assert_joined(world, world->joiner);
	assert_int_equal(join(world, second), ERR_OK);
	assert_refused(world, second, "used by another");
	world_close(world);
}

/* Two wait in one name, by two invitations: the words decide, and the other one is told. */
static void two_wait_in_one_name(void **state)
{
	struct world *world = world_open(12);
	struct sim_node *second = sim_add(&world->sim, "Stadt Radebeul", "radebeul", "14627210");
	invite_as(world, second, false);
	assert_int_equal(join(world, second), ERR_OK);
	assert_true(sim_run(&world->sim, 120000, is_waiting, second));
	invite_as(world, world->joiner, false);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_true(sim_run(&world->sim, 120000, is_waiting, world->joiner));
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 2);
	decide_words(world->joiner, world->words);
	assert_approves(world);
	assert_refused(world, second, "has joined meanwhile");
	assert_joined(world, world->joiner);
	assert_true(charter_by_org(&world->steward->hub->charter, &world->joiner->identity.org) !=
		    NULL);
	world_close(world);
}

static void used_for_another_short_name(void **state)
{
	struct world *world = world_open(13);
	struct invitation invitation;
	struct sim_node *other = sim_add(&world->sim, "Stadt Riesa", "riesa", "14627230");
	invite_as(world, world->joiner, false);
	assert_int_equal(invitation_get(&invitation, bytes_str((const char *)world->text.ptr)),
			 ERR_OK);
	strcpy(invitation.name, "Stadt Riesa");
	strcpy(invitation.slug, "riesa");
	strcpy(invitation.ags, "14627230");
	buf_reset(&world->text);
	assert_int_equal(invitation_put(&world->text, &invitation), ERR_OK);
	buf_add_u8(&world->text, 0);
	assert_int_equal(join(world, other), ERR_OK);
	assert_refused(world, other, "not those of the invitation");
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 0);
	world_close(world);
}

/* Hands in a request by hand, with the joiner's keys. */
static void hand_in(struct world *world, const struct buf *entry)
{
	struct invitation invitation;
	struct key seed;
	struct buf request, out;
	assert_int_equal(invitation_get(&invitation, bytes_str((const char *)world->text.ptr)),
			 ERR_OK);
	assert_int_equal(identity_root_sign_seed(&seed, &world->joiner->identity), ERR_OK);
	buf_init(&request, LIMIT_JOIN_REQUEST_LEN_MAX);
	join_request_make(&request, &invitation, buf_bytes(entry), NULL, &(struct digest){{1}},
			  &(struct digest){{7}}, &seed);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_join(&out, buf_bytes(&request));
	assert_true(sim_say(world->joiner, &out));
	sim_run(&world->sim, 2000, NULL, NULL);
	key_wipe(&seed);
	buf_fini(&request);
}

/*
 * Who waits under one name, and has an invitation in another that admits at once, gets in under the
 * other one only.
 */
static void not_under_a_name_that_waits(void **state)
{
	struct world *world = world_open(17);
	struct identity *identity = &world->joiner->identity;
	struct buf entry;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	buf_add(&entry, buf_bytes(&world->joiner->hub->own_entry));
	sim_possess(world->joiner, &world->steward->hub->charter.fed);
	assert_true(sim_foe_dial(world->joiner, world->steward));
	invite_as(world, world->joiner, false);
	hand_in(world, &entry);
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 1);
	strcpy(identity->slug, "verein");
	strcpy(identity->ags, "14627999");
	buf_reset(&world->text);
	assert_int_equal(sim_invite(world->steward, world->joiner, &world->text), ERR_OK);
	hand_in(world, &entry);
	const struct charter *charter = &world->steward->hub->charter;
	assert_int_equal(charter->member_count, 2);
	assert_string_equal(charter->members[1].slug, "verein");
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 0);
	buf_fini(&entry);
	world_close(world);
}

/* Who does not show what it bound itself to has no words, and no second try. */
static void another_value_than_was_bound(void **state)
{
	struct world *world = world_open(18);
	struct buf entry, out;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	buf_add(&entry, buf_bytes(&world->joiner->hub->own_entry));
	sim_possess(world->joiner, &world->steward->hub->charter.fed);
	assert_true(sim_foe_dial(world->joiner, world->steward));
	invite_as(world, world->joiner, false);
	hand_in(world, &entry);
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 1);
	assert_int_equal(world->steward->note_counts[NOTE_REQUEST], 0);
	struct decision d = approve("adler burg kaffee nebel tulpe zebra");
	assert_int_equal(decide(world->steward, &d), ERR_AGAIN);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_join_open(&out, &(struct digest){{2}});
	assert_true(sim_say(world->joiner, &out));
	sim_run(&world->sim, 1000, NULL, NULL);
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 0);
	assert_false(world->joiner->foe->up);
	assert_true(sim_foe_dial(world->joiner, world->steward));
	hand_in(world, &entry);
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 0);
	buf_fini(&entry);
	world_close(world);
}

static void waited_too_long(void **state)
{
	struct world *world = world_open(14);
	wait_at_the_door(world);
	sim_run(&world->sim, 7 * day_ms - 60000, NULL, NULL);
	assert_true(sim_status(world->joiner).waiting);
	sim_run(&world->sim, 120000, NULL, NULL);
	assert_refused(world, world->joiner, "expired");
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 0);
	world_close(world);
}

/* Copies the only request under other names until no more may wait; or removes the copies. */
static void crowd(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct org_id *first = arg;
	struct bytes value;
	struct buf row;
	buf_init(&row, 8192);
	assert_true(txn_get(txn, TABLE_REQUEST, id_bytes(first), &value));
	buf_add(&row, value);
	for (unsigned i = 1; i < REQUEST_COUNT_MAX; i++) {
		struct org_id other = *first;
		other.b[0] ^= (uint8_t)i;
		if (!txn_del(txn, TABLE_REQUEST, id_bytes(&other)))
			txn_put(txn, TABLE_REQUEST, id_bytes(&other), buf_bytes(&row));
	}
	buf_fini(&row);
}

/* More than may wait are told to come again, and get their place when there is one. */
static void too_many_wait(void **state)
{
	struct world *world = world_open(16);
	struct sim_node *late = sim_add(&world->sim, "Stadt Riesa", "riesa", "14627230");
	wait_at_the_door(world);
	assert_true(sim_call(world->steward, crowd, &world->joiner->identity.org));
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), REQUEST_COUNT_MAX);
	invite_as(world, late, false);
	assert_int_equal(join(world, late), ERR_OK);
	sim_run(&world->sim, 60000, NULL, NULL);
	assert_false(sim_status(late).waiting);
	assert_int_equal(sim_status(late).state, MEMBERSHIP_JOINING);
	assert_non_null(strstr(sim_status(late).why, "too many"));
	assert_true(sim_call(world->steward, crowd, &world->joiner->identity.org));
	assert_true(sim_run(&world->sim, 600000, is_waiting, late));
	assert_int_equal(sim_rows(world->steward, TABLE_REQUEST), 2);
	world_close(world);
}

static void relays_share_an_ags(void **state)
{
	struct world *world = world_open(15);
	struct sim_node *second = sim_add(&world->sim, "Rechenzentrum", "rz-2", "14627210");
	invite_as(world, world->joiner, true);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_true(sim_run(&world->sim, 120000, is_waiting, world->joiner));
	decide_words(world->joiner, world->words);
	struct decision d = approve(world->words);
	assert_int_equal(decide(world->steward, &d), ERR_OK);
	assert_non_null(strstr(d.said, "relay"));
	assert_joined(world, world->joiner);
	assert_true(sim_status(world->joiner).relay);
	assert_false(sim_status(world->joiner).has_federation_key);
	invite_as(world, second, true);
	assert_int_equal(join(world, second), ERR_OK);
	assert_true(sim_run(&world->sim, 120000, is_waiting, second));
	char words[WORDS_TEXT_LEN];
	decide_words(second, words);
	d = (struct decision){.verb = DECIDE_APPROVE, .slug = "rz-2", .words = words};
	assert_int_equal(decide(world->steward, &d), ERR_OK);
	assert_joined(world, second);
	/* The town itself is a member beside them. */
	struct sim_node *town =
		sim_add(&world->sim, "Stadt Radebeul", "radebeul-stadt", "14627210");
	invite_as(world, town, false);
	assert_int_equal(join(world, town), ERR_OK);
	assert_true(sim_run(&world->sim, 120000, is_waiting, town));
	decide_words(town, words);
	d = (struct decision){.verb = DECIDE_APPROVE, .slug = "radebeul-stadt", .words = words};
	assert_int_equal(decide(world->steward, &d), ERR_OK);
	assert_joined(world, town);
	/* A relay invites nobody and decides nothing. */
	struct buf text;
	buf_init(&text, 4096);
	assert_int_equal(sim_invite_as(second, world->steward, true, false, &text), ERR_DENIED);
	buf_fini(&text);
	d = (struct decision){.verb = DECIDE_REMOVE, .slug = "rz-2"};
	assert_int_equal(decide(world->joiner, &d), ERR_DENIED);
	world_close(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(six_words_let_in),
		cmocka_unit_test(waiting_takes_its_time),
		cmocka_unit_test(wrong_words_change_nothing),
		cmocka_unit_test(five_times_wrong_is_enough),
		cmocka_unit_test(refused_by_a_person),
		cmocka_unit_test(the_request_is_repeated),
		cmocka_unit_test(admitted_while_away),
		cmocka_unit_test(the_steward_restarts),
		cmocka_unit_test(a_crash_after_approving),
		cmocka_unit_test(faults_while_approving),
		cmocka_unit_test(an_invitation_used_twice),
		cmocka_unit_test(two_wait_in_one_name),
		cmocka_unit_test(used_for_another_short_name),
		cmocka_unit_test(not_under_a_name_that_waits),
		cmocka_unit_test(another_value_than_was_bound),
		cmocka_unit_test(waited_too_long),
		cmocka_unit_test(too_many_wait),
		cmocka_unit_test(relays_share_an_ags),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
