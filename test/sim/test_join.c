/* Joining: what an invitation opens, to whom, how often, and what happens when it goes wrong. */
#include "test/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/hub/hub.h"

struct world {
	struct sim sim;
	struct sim_node *steward, *joiner;
	struct buf text;
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

static void invite(struct world *world)
{
	buf_reset(&world->text);
	assert_int_equal(sim_invite(world->steward, world->joiner, &world->text), ERR_OK);
}

static const char *text(const struct world *world)
{
	return (const char *)world->text.ptr;
}

static enum err join(struct world *world, struct sim_node *joiner)
{
	return sim_join_text(joiner, text(world), world->why);
}

static bool is_member(struct sim *sim, void *arg)
{
	const struct membership_status status = sim_status(arg);
	return status.state == MEMBERSHIP_MEMBER && status.has_federation_key;
}

static bool is_none(struct sim *sim, void *arg)
{
	return sim_status(arg).state == MEMBERSHIP_NONE;
}

static void assert_joins(struct world *world, struct sim_node *joiner)
{
	assert_true(sim_run(&world->sim, 120000, is_member, joiner));
	assert_true(sim_run(&world->sim, 120000, sim_agree, NULL));
	assert_string_equal(sim_status(joiner).why, "");
	assert_int_equal(joiner->note_counts[NOTE_JOINED], 1);
}

/* Refused for good: a sentence says why, nothing is left of it, and a new invitation works. */
static void assert_refused(struct world *world, struct sim_node *joiner, const char *word)
{
	assert_true(sim_run(&world->sim, 120000, is_none, joiner));
	assert_non_null(strstr(sim_status(joiner).why, word));
	assert_true(joiner->note_counts[NOTE_JOIN_FAILED] > 0);
	assert_null(sim_status(joiner).charter);
	assert_int_equal(sim_rows(joiner, TABLE_CHARTER), 0);
	sim_run(&world->sim, 2000, NULL, NULL);
	assert_int_equal(sim_links(world->steward, joiner), 0);
}

/* ---- what the joiner's own node notices ---- */

static void texts_that_are_no_invitation(void **state)
{
	struct world *world = world_open(1);
	static const char *const bad[] = {"", "allmende2-", "allmende1-AAAA", "hello",
					  "allmende2-AAAAAAAA"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(sim_join_text(world->joiner, bad[i], world->why), ERR_CONFIG);
		assert_true(world->why[0]);
	}
	invite(world);
	/* Each character counts. */
	for (size_t at = 11; at + 1 < world->text.len; at += 7) {
		uint8_t was = world->text.ptr[at];
		world->text.ptr[at] = was == 'A' ? 'B' : 'A';
		assert_int_equal(join(world, world->joiner), ERR_CONFIG);
		world->text.ptr[at] = was;
	}
	assert_int_equal(sim_status(world->joiner).state, MEMBERSHIP_NONE);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_joins(world, world->joiner);
	assert_int_equal(join(world, world->joiner), ERR_EXISTS);
	world_close(world);
}

static void invitations_for_others(void **state)
{
	static const char *const others[][3] = {{"Stadt Radebeul", "radebeul", "14627211"},
						{"Stadt Radebeul", "radebeul-2", "14627210"},
						{"Radebeul", "radebeul", "14627210"}};
	struct world *world = world_open(2);
	invite(world);
	for (size_t i = 0; i < 3; i++) {
		struct sim_node *other =
			sim_add(&world->sim, others[i][0], others[i][1], others[i][2]);
		assert_int_equal(join(world, other), ERR_DENIED);
		assert_non_null(strstr(world->why, "Stadt Radebeul"));
	}
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_joins(world, world->joiner);
	world_close(world);
}

static void too_late(void **state)
{
	struct world *world = world_open(3);
	invite(world);
	sim_run(&world->sim, 7 * 24 * 3600 * (int64_t)1000 + 1000, NULL, NULL);
	assert_int_equal(join(world, world->joiner), ERR_CONFIG);
	assert_non_null(strstr(world->why, "expired"));
	/* In time here, too late there: the steward was away. */
	invite(world);
	sim_stop(world->steward);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	sim_run(&world->sim, 8 * 24 * 3600 * (int64_t)1000, NULL, NULL);
	assert_non_null(strstr(sim_status(world->joiner).why, world->steward->address));
	sim_start(world->steward);
	assert_refused(world, world->joiner, "expired");
	invite(world);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_joins(world, world->joiner);
	world_close(world);
}

/* ---- what the steward notices ---- */

static void used_by_another(void **state)
{
	struct world *world = world_open(4);
	struct sim_node *second = sim_add(&world->sim, "Stadt Radebeul", "radebeul", "14627210");
	invite(world);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_joins(world, world->joiner);
	assert_int_equal(join(world, second), ERR_OK);
	assert_refused(world, second, "used by another");
	assert_int_equal(world->steward->hub->charter.member_count, 2);
	world_close(world);
}

/* Two invitations in one name: the second organisation is told, for good. */
static void two_in_one_name(void **state)
{
	struct world *world = world_open(5);
	struct sim_node *second = sim_add(&world->sim, "Stadt Radebeul", "radebeul", "14627210");
	struct buf other;
	buf_init(&other, 4096);
	assert_int_equal(sim_invite(world->steward, second, &other), ERR_OK);
	invite(world);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_joins(world, world->joiner);
	assert_int_equal(sim_join_text(second, (const char *)other.ptr, world->why), ERR_OK);
	assert_refused(world, second, "has joined meanwhile");
	assert_int_equal(world->steward->hub->charter.member_count, 2);
	buf_fini(&other);
	world_close(world);
}

/* The steward has lost its store, or never wrote this. */
static void an_unknown_secret(void **state)
{
	struct world *world = world_open(6);
	struct invitation invitation;
	invite(world);
	assert_int_equal(invitation_get(&invitation, bytes_str(text(world))), ERR_OK);
	invitation.secret.b[0] ^= 1;
	buf_reset(&world->text);
	assert_int_equal(invitation_put(&world->text, &invitation), ERR_OK);
	buf_add_u8(&world->text, 0);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_refused(world, world->joiner, "not known");
	invite(world);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_joins(world, world->joiner);
	world_close(world);
}

/* An invitation that says another name than the steward has written down. */
static void altered_terms(void **state)
{
	struct world *world = world_open(7);
	struct invitation invitation;
	struct sim_node *other = sim_add(&world->sim, "Stadt Riesa", "riesa", "14627230");
	invite(world);
	assert_int_equal(invitation_get(&invitation, bytes_str(text(world))), ERR_OK);
	strcpy(invitation.name, "Stadt Riesa");
	strcpy(invitation.slug, "riesa");
	strcpy(invitation.ags, "14627230");
	buf_reset(&world->text);
	assert_int_equal(invitation_put(&world->text, &invitation), ERR_OK);
	buf_add_u8(&world->text, 0);
	assert_int_equal(join(world, other), ERR_OK);
	assert_refused(world, other, "not those of the invitation");
	assert_int_equal(world->steward->hub->charter.member_count, 1);
	world_close(world);
}

/* Somebody has got hold of the request and hands it in on a link of its own. */
static void a_request_is_not_passed_on(void **state)
{
	struct world *world = world_open(8);
	struct sim_node *thief = sim_add(&world->sim, "Dieb", "dieb", "99999999");
	struct invitation invitation;
	struct key seed;
	struct buf request, out;
	invite(world);
	assert_int_equal(invitation_get(&invitation, bytes_str(text(world))), ERR_OK);
	assert_int_equal(identity_root_sign_seed(&seed, &world->joiner->identity), ERR_OK);
	buf_init(&request, LIMIT_JOIN_REQUEST_LEN_MAX);
	join_request_make(&request, &invitation, buf_bytes(&world->joiner->hub->own_entry), NULL,
			  &(struct digest){{1}}, &(struct digest){{7}}, &seed);
	assert_int_equal(request.err, ERR_OK);
	sim_possess(thief, &world->steward->hub->charter.fed);
	assert_true(sim_foe_dial(thief, world->steward));
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_join(&out, buf_bytes(&request));
	sim_say(thief, &out);
	sim_run(&world->sim, 1000, NULL, NULL);
	assert_int_equal(thief->foe->got[MESSAGE_JOIN_ANSWER], 1);
	struct message m;
	assert_int_equal(message_decode(&m, buf_bytes(&thief->foe->last[MESSAGE_JOIN_ANSWER])),
			 ERR_OK);
	assert_int_equal(m.code, MESSAGE_JOIN_REFUSED);
	assert_int_equal(world->steward->hub->charter.member_count, 1);
	/* The secret is not spent by that. */
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_joins(world, world->joiner);
	key_wipe(&seed);
	buf_fini(&request);
	world_close(world);
}

static void only_stewards_admit(void **state)
{
	struct world *world = world_open(9);
	struct sim_node *third = sim_add(&world->sim, "Stadt Riesa", "riesa", "14627230");
	struct buf other;
	buf_init(&other, 4096);
	invite(world);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_joins(world, world->joiner);
	assert_int_equal(sim_invite(world->joiner, third, &other), ERR_DENIED);
	/* Nor a second time in a name that is taken. */
	buf_reset(&other);
	assert_int_equal(sim_invite(world->steward, world->joiner, &other), ERR_EXISTS);
	buf_fini(&other);
	world_close(world);
}

/* ---- another charter than the invitation's ---- */

/* Answers a joiner as a steward would, but with its own charter. */
static void admit_anybody(struct sim_node *node, struct message *m, void *arg)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	struct txn *txn = txn_begin(node->db, false);
	if (m->type == MESSAGE_JOIN) {
		message_join_answer(&out, MESSAGE_JOIN_ADMITTED, "", NULL);
	} else if (m->type == MESSAGE_HELLO) {
		struct digest content = {{1}};
		message_hello(&out, "x", 2, &content, NULL);
	} else if (m->type == MESSAGE_CHARTER_GET) {
		struct message_list list = message_list_begin(MESSAGE_CHARTER);
		struct bytes entry;
		for (uint32_t n = m->number; charter_entry(txn, n, &entry); n++)
			message_list_bin(&list, entry);
		message_list_end(&list, &out);
	}
	txn_abort(txn);
	if (out.len > 0)
		sim_say(node, &out);
	else
		buf_fini(&out);
}

/*
 * Whoever answers at the address has the right key and the right federation id, but its charter is
 * not the one that the invitation names: of another federation, or another one at the checkpoint.
 */
static void another_charter(bool checkpoint_only)
{
	struct world *world = world_open(10 + checkpoint_only);
	struct invitation invitation;
	invite(world);
	assert_int_equal(invitation_get(&invitation, bytes_str(text(world))), ERR_OK);
	if (checkpoint_only)
		invitation.charter_entry_id.b[3] ^= 1;
	else
		invitation.fed.b[3] ^= 1;
	buf_reset(&world->text);
	assert_int_equal(invitation_put(&world->text, &invitation), ERR_OK);
	buf_add_u8(&world->text, 0);
	sim_possess(world->steward, &invitation.fed);
	world->steward->foe->answer = admit_anybody;
	world->steward->foe->listens = true;
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_refused(world, world->joiner, "charter");
	assert_int_equal(world->steward->foe->got[MESSAGE_JOIN], 1);
	world_close(world);
}

static void a_charter_of_another_federation(void **state)
{
	another_charter(false);
}

static void another_charter_at_the_checkpoint(void **state)
{
	another_charter(true);
}

/* ---- in its own time ---- */

static void a_new_invitation_takes_the_place_of_the_old(void **state)
{
	struct world *world = world_open(20);
	struct sim_node *away = sim_add(&world->sim, "Landkreis", "landkreis", "14627");
	assert_int_equal(sim_found(away, "Anderswo"), ERR_OK);
	assert_int_equal(sim_invite(away, world->joiner, &world->text), ERR_OK);
	sim_stop(away);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	sim_run(&world->sim, 60000, NULL, NULL);
	assert_int_equal(sim_status(world->joiner).state, MEMBERSHIP_JOINING);
	assert_non_null(strstr(sim_status(world->joiner).why, away->address));
	invite(world);
	assert_int_equal(join(world, world->joiner), ERR_OK);
	assert_true(sim_run(&world->sim, 120000, is_member, world->joiner));
	assert_string_equal(sim_status(world->joiner).charter->name, "Landkreis Meißen");
	sim_run(&world->sim, 20000, NULL, NULL);
	/* Nothing of the other is dialled any more. */
	for (size_t i = 0; i < world->joiner->hub->dials.count; i++)
		assert_string_not_equal(world->joiner->hub->dials.items[i].address, away->address);
	world_close(world);
}

static void stopped_in_the_middle(void **state)
{
	for (int64_t ms = 0; ms < 1200; ms += 40) {
		struct world *world = world_open(30);
		invite(world);
		assert_int_equal(join(world, world->joiner), ERR_OK);
		sim_run(&world->sim, ms, NULL, NULL);
		sim_stop(world->joiner);
		sim_run(&world->sim, 500, NULL, NULL);
		sim_start(world->joiner);
		assert_true(sim_run(&world->sim, 120000, is_member, world->joiner));
		assert_true(sim_run(&world->sim, 120000, sim_agree, NULL));
		assert_int_equal(world->steward->hub->charter.member_count, 2);
		world_close(world);
	}
}

/* Whoever joins learns of all others, and they of it, by what they have published. */
static void the_third_meets_the_second(void **state)
{
	struct world *world = world_open(31);
	struct sim_node *third = sim_add(&world->sim, "Stadt Riesa", "riesa", "14627230");
	sim_join(world->steward, world->joiner);
	assert_joins(world, world->joiner);
	sim_join(world->steward, third);
	assert_joins(world, third);
	sim_run(&world->sim, 10000, NULL, NULL);
	assert_int_equal(sim_links(world->joiner, third), 1);
	/* and they need the steward no more. */
	sim_stop(world->steward);
	struct buf content = sim_content(1, 50000);
	struct sim_held_wait wait = {.node = world->joiner, .path = "riesa/plan"};
	assert_int_equal(sim_publish(third, wait.path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	sim_run(&world->sim, 5000, NULL, NULL);
	assert_int_equal(sim_want(world->joiner, wait.path, 0), ERR_OK);
	assert_true(sim_run(&world->sim, 20000, sim_is_held, &wait));
	sim_assert_reads(world->joiner, wait.path, 0, buf_bytes(&content));
	buf_fini(&content);
	world_close(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_are_no_invitation),
		cmocka_unit_test(invitations_for_others),
		cmocka_unit_test(too_late),
		cmocka_unit_test(used_by_another),
		cmocka_unit_test(two_in_one_name),
		cmocka_unit_test(an_unknown_secret),
		cmocka_unit_test(altered_terms),
		cmocka_unit_test(a_request_is_not_passed_on),
		cmocka_unit_test(only_stewards_admit),
		cmocka_unit_test(a_charter_of_another_federation),
		cmocka_unit_test(another_charter_at_the_checkpoint),
		cmocka_unit_test(a_new_invitation_takes_the_place_of_the_old),
		cmocka_unit_test(stopped_in_the_middle),
		cmocka_unit_test(the_third_meets_the_second),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("join", tests, NULL, NULL);
}
