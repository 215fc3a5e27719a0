/*
 * Who speaks a later version of the protocol: what others cannot read they keep, pass on, and are
 * not moved by.
 */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/hub/hub.h"
#include "proto/wire/wire_out.h"

enum { KINDS = 12 }; /* all that are known, and one that is not */

/*
 * The node says a record of each kind whose body only a later program can read: it takes them as
 * its own, which have come back.
 */
static void newer_say(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ledger *ledger = &hub->ledger;
	struct author_state state;
	struct ledger_news news;
	struct buf whole;
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	for (uint64_t kind = 1; kind <= KINDS; kind++) {
		const uint8_t slot[] = {(uint8_t)kind, 'n', 'e', 'w'};
		struct record fields = {.author = hub->author,
					.time_ms = now_ms,
					.kind = kind,
					.slot = bytes_obj(&slot),
					.body = bytes_str("\x92\x02\xa3neu")};
		assert_int_equal(ledger_state(ledger, txn, hub->author, &state), ERR_OK);
		fields.incarnation = state.incarnation;
		fields.sequence = state.sequence + 1;
		buf_reset(&whole);
		record_make(&whole, &fields, &hub->charter.fed, ledger->own_seed);
		ledger->own_behind = true;
		assert_int_equal(ledger_accept_record(ledger, txn, buf_bytes(&whole), &news),
				 ERR_OK);
		ledger->own_behind = false;
		assert_true(news.stored && news.unread);
	}
	buf_fini(&whole);
}

struct kept {
	uint32_t author;
	unsigned count;
};

static void kept_count(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct kept *kept = arg;
	struct author_state state;
	uint64_t sequence;
	struct digest hash;
	kept->count = 0;
	assert_int_equal(ledger_state(&hub->ledger, txn, kept->author, &state), ERR_OK);
	for (uint8_t kind = 1; kind <= KINDS; kind++) {
		const uint8_t slot[] = {kind, 'n', 'e', 'w'};
		kept->count += setdigest_get(txn, kept->author, state.incarnation, bytes_obj(&slot),
					     &sequence, &hash);
	}
}

static void kept_assert(struct sim_node *node, uint32_t author)
{
	struct kept kept = {.author = author};
	assert_true(sim_call(node, kept_count, &kept));
	assert_int_equal(kept.count, KINDS);
}

/* No session ends for it, digests are the same, and who comes later gets it from others. */
static void bodies_of_a_later_version_are_kept_and_passed_on(void **state)
{
	struct towns *towns = towns_open(1, 3);
	struct buf content = sim_content(1, 30000);
	const uint32_t author = towns->b->hub->author;
	const uint64_t handshakes = towns->sim.handshakes;
	assert_true(sim_call(towns->b, newer_say, NULL));
	assert_int_equal(sim_publish(towns->b, "radebeul/plan", TIER_MEMBERS, buf_bytes(&content)),
			 ERR_OK);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	assert_int_equal(towns->sim.handshakes, handshakes);
	kept_assert(towns->a, author);
	kept_assert(towns->m, author);
	sim_stop(towns->b);
	struct sim_node *later = sim_add(&towns->sim, "Stadt Coswig", "coswig", "14627060");
	sim_join(towns->a, later);
	assert_true(sim_run(&towns->sim, 60000, sim_agree, NULL));
	kept_assert(later, author);
	/* The author begins anew, and says it all again. */
	sim_start(towns->b);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	sim_want(towns->a, "radebeul/plan", 0);
	towns_held(towns->a, "radebeul/plan", 1);
	sim_assert_reads(towns->a, "radebeul/plan", 1, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
}

static void unknown_say(struct towns *towns)
{
	struct buf message;
	buf_init(&message, LIMIT_MESSAGE_LEN_MAX);
	out_array(&message, 12);
	out_uint(&message, 4000);
	for (unsigned i = 0; i < 11; i++)
		out_text(&message, bytes_str("neu"));
	sim_say(towns->m, &message);
}

/* A message that nobody knows is ignored, and a flood of them is not. */
static void messages_of_a_later_version_are_ignored(void **state)
{
	struct towns *towns = towns_open(2, 3);
	towns_possess(towns);
	assert_true(sim_foe_dial(towns->m, towns->a));
	for (unsigned i = 0; i < 100; i++)
		unknown_say(towns);
	sim_run(&towns->sim, 5000, NULL, NULL);
	assert_false(towns->m->foe->closed);
	for (unsigned i = 0; i < 1000; i++)
		unknown_say(towns);
	sim_run(&towns->sim, 5000, NULL, NULL);
	assert_true(towns->m->foe->closed);
	assert_int_equal(towns->m->foe->reason, LINK_REASON_BUSY);
	towns_healthy(towns);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_of_a_later_version_are_kept_and_passed_on),
		cmocka_unit_test(messages_of_a_later_version_are_ignored),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
