/* A member is renamed: all say the same, whoever was away, and when stewards sign twice. */
#include "test/sim/council.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/hub/hub.h"

enum { RIESA = 2 }; /* its town; member 3 */

static void renamed(struct council_entry *entry, uint32_t member, const char *name,
		    const char *slug, const char *ags)
{
	struct charter_change *change = council_change(entry, CHARTER_RENAME);
	change->member.number = member;
	snprintf(change->member.name, sizeof(change->member.name), "%s", name);
	snprintf(change->member.slug, sizeof(change->member.slug), "%s", slug);
	snprintf(change->member.ags, sizeof(change->member.ags), "%s", ags);
}

/* Typed by any of the names, and shown by the last, at every node that runs. */
static void assert_called(struct council *council, const char *kept, const char *typed,
			  const char *shown)
{
	char out[LIMIT_PATH_LEN_MAX + 1];
	for (unsigned i = 0; i < council->sim.node_count; i++) {
		const struct sim_node *node = council->sim.nodes[i];
		if (!node->core)
			continue;
		charter_path_kept(&node->hub->charter, bytes_str(typed), out);
		assert_string_equal(out, kept);
		charter_path_shown(&node->hub->charter, bytes_str(kept), out);
		assert_string_equal(out, shown);
	}
}

static void holds(struct sim_node *node, const char *path)
{
	struct sim_held_wait wait = {.node = node, .path = path};
	assert_int_equal(sim_want(node, path, 0), ERR_OK);
	assert_true(sim_run(node->sim, 60000, sim_is_held, &wait));
}

/*
 * The renamed one and a steward hear of it only when both have published: nothing of what was said
 * on either side is void, and nobody needs to have heard in which order it was. Its county, by
 * which nodes compare what they have, is another one, too.
 */
static void whoever_was_away_loses_nothing(void **state)
{
	struct council *council = council_open(1);
	struct sim_node *meissen = council->towns[0], *riesa = council->towns[RIESA];
	struct buf before = sim_content(1, 70000), since = sim_content(2, 70000);
	struct council_entry entry;
	assert_int_equal(sim_publish(riesa, "riesa/plan", TIER_MEMBERS, buf_bytes(&before)),
			 ERR_OK);
	assert_true(sim_run(&council->sim, 60000, sim_agree, NULL));
	holds(meissen, "riesa/plan");
	council_part(council, 1u << RIESA | 1u << 4);
	council_entry_init(&entry, 3, 11);
	renamed(&entry, RIESA + 1, "Stadt Riesa-Zeithain", "riesa-zeithain", "14628231");
	council_sign(council, &entry, meissen);
	assert_int_equal(council_hand(meissen, &entry), ERR_OK);
	sim_run(&council->sim, 20000, NULL, NULL);
	sim_assert_reads(meissen, "riesa/plan", 0, buf_bytes(&before));
	assert_int_equal(sim_publish(riesa, "riesa/plan", TIER_MEMBERS, buf_bytes(&since)), ERR_OK);
	sim_run(&council->sim, 20000, NULL, NULL);
	council_part(council, 0);
	council_until(council, 7, false, &entry.id);
	assert_called(council, "riesa/plan", "riesa-zeithain/plan", "riesa-zeithain/plan");
	assert_called(council, "riesa/plan", "riesa/plan", "riesa-zeithain/plan");
	for (unsigned i = 0; i < COUNCIL_COUNT; i++) {
		holds(council->towns[i], "riesa/plan");
		sim_assert_reads(council->towns[i], "riesa/plan", 2, buf_bytes(&since));
	}
	/* It stays so after a start, and the name is that of what is published from now on. */
	sim_stop(riesa);
	sim_start(riesa);
	assert_true(sim_run(&council->sim, 60000, sim_agree, NULL));
	assert_string_equal(hub_own_name(riesa->hub), "Stadt Riesa-Zeithain");
	council_works(riesa, meissen, "riesa/neu");
	/* A path that begins with the new name is signed by nobody. */
	assert_int_equal(sim_publish(riesa, "riesa-zeithain/neu", TIER_MEMBERS, buf_bytes(&since)),
			 ERR_DENIED);
	sim_rights_same(&council->sim);
	council_entry_fini(&entry);
	buf_fini(&before);
	buf_fini(&since);
	council_close(council);
}

/* One name for two towns, by two entries of one number: nobody has it until it is settled. */
static void two_towns_are_given_one_name(void **state)
{
	struct council *council = council_open(2);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct council_entry one, other, settlement;
	council_entry_init(&one, 3, 7);
	renamed(&one, RIESA + 1, "Elbstadt", "elbstadt", "14627230");
	council_sign(council, &one, a);
	council_entry_init(&other, 3, 7);
	renamed(&other, 4, "Elbstadt", "elbstadt", "14627040");
	council_sign(council, &other, a);
	assert_int_equal(council_hand(a, &one), ERR_OK);
	assert_int_equal(council_hand(e, &other), ERR_OK);
	council_until(council, 6, true, NULL);
	assert_called(council, "elbstadt/x", "elbstadt/x", "elbstadt/x");
	assert_called(council, "riesa/x", "riesa/x", "riesa/x");
	council_entry_init(&settlement, 0, 31);
	council_settle(council, &settlement, a, &other.id);
	assert_int_equal(council_hand(a, &settlement), ERR_OK);
	council_until(council, 7, false, &settlement.id);
	assert_called(council, "coswig/x", "elbstadt/x", "elbstadt/x");
	assert_called(council, "riesa/x", "riesa/x", "riesa/x");
	council_entry_fini(&one);
	council_entry_fini(&other);
	council_entry_fini(&settlement);
	council_close(council);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_was_away_loses_nothing),
		cmocka_unit_test(two_towns_are_given_one_name),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("renamed", tests, NULL, NULL);
}
