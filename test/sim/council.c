#include "test/sim/council.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "proto/charter/charter_entry.h"
#include "proto/hub/hub.h"
#include "proto/sync/fork.h"

struct council *council_open(uint64_t seed)
{
	return council_open_with(seed, 0);
}

struct council *council_open_with(uint64_t seed, unsigned more)
{
	static const char *const names[COUNCIL_COUNT][3] = {
		{"Stadt Meißen", "meissen", "14627140"},
		{"Stadt Radebeul", "radebeul", "14627210"},
		{"Stadt Riesa", "riesa", "14627230"},
		{"Stadt Coswig", "coswig", "14627040"},
		{"Stadt Nossen", "nossen", "14627150"}};
	struct council *council = mem_new(1, sizeof(*council));
	struct council_entry entry;
	sim_init(&council->sim, seed);
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		council->towns[i] = sim_add(&council->sim, names[i][0], names[i][1], names[i][2]);
	for (unsigned i = 0; i < more; i++) {
		char slug[24], ags[16];
		snprintf(slug, sizeof(slug), "verein-%u", i + 1);
		snprintf(ags, sizeof(ags), "%u", 14627900 + i);
		sim_add(&council->sim, slug, slug, ags);
	}
	assert_int_equal(sim_found(council->towns[0], "Landkreis Meißen"), ERR_OK);
	for (unsigned i = 1; i < COUNCIL_COUNT + more; i++) {
		sim_join(council->towns[0], council->sim.nodes[i]);
		assert_true(sim_run(&council->sim, 60000, sim_agree, NULL));
	}
	council_entry_init(&entry, 3, 7);
	council_stewards(&entry, 31);
	council_sign(council, &entry, council->towns[0]);
	assert_int_equal(council_hand(council->towns[0], &entry), ERR_OK);
	council_until(council, COUNCIL_COUNT + more + 1, false, &entry.id);
	council_entry_fini(&entry);
	sim_run(&council->sim, 10000, NULL, NULL);
	return council;
}

void council_close(struct council *council)
{
	uint8_t digest[ID_LEN];
	sim_fini(&council->sim, digest);
	free(council);
}

void council_entry_init(struct council_entry *entry, uint32_t threshold, unsigned voters)
{
	*entry = (struct council_entry){.threshold = threshold, .voters = voters};
	buf_init(&entry->payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry->whole, LIMIT_CHARTER_ENTRY_LEN_MAX);
}

void council_entry_fini(struct council_entry *entry)
{
	buf_fini(&entry->payload);
	buf_fini(&entry->whole);
}

struct charter_change *council_change(struct council_entry *entry, enum charter_change_kind kind)
{
	struct charter_change *change = &entry->changes[entry->count++];
	assert_true(entry->count <= COUNCIL_CHANGE_MAX);
	*change = (struct charter_change){.kind = kind};
	return change;
}

void council_stewards(struct council_entry *entry, unsigned towns)
{
	struct charter_change *change = council_change(entry, CHARTER_STEWARDS);
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		if (towns >> i & 1)
			change->stewards[change->steward_count++] = i + 1;
}

void council_sign(struct council *council, struct council_entry *entry, struct sim_node *at)
{
	struct charter *charter = &at->hub->charter;
	struct charter_vote votes[COUNCIL_COUNT];
	struct charter_entry form;
	size_t count = 0;
	if (entry->payload.len == 0) {
		const int64_t last_ms = charter->time_ms;
		if (entry->dated_ms)
			charter->time_ms = 0; /* an honest node does not date before it */
		assert_int_equal(charter_payload_make(&entry->payload, charter, NULL,
						      council->sim.epoch_ms + council->sim.now_ms +
							      entry->dated_ms,
						      entry->threshold, entry->changes,
						      entry->count),
				 ERR_OK);
		charter->time_ms = last_ms;
	}
	for (uint32_t i = 0; i < COUNCIL_COUNT; i++) {
		struct key seed;
		if (!(entry->voters >> i & 1) || !council->towns[i]->hub)
			continue;
		assert_int_equal(identity_root_sign_seed(&seed, &council->towns[i]->identity),
				 ERR_OK);
		charter_vote(&votes[count++], charter, i + 1, &seed, buf_bytes(&entry->payload));
		key_wipe(&seed);
	}
	buf_reset(&entry->whole);
	charter_entry_make(&entry->whole, buf_bytes(&entry->payload), votes, count);
	assert_int_equal(charter_payload_decode(&form, buf_bytes(&entry->payload)), ERR_OK);
	entry->id = form.id;
}

void council_hand_call(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct council_hand *call = arg;
	call->err = fork_accept(hub, txn, buf_bytes(&call->entry->whole), 0);
	if (call->err == ERR_OK)
		membership_charter_changed(hub, txn);
}

enum err council_hand(struct sim_node *node, const struct council_entry *entry)
{
	struct council_hand call = {.entry = entry};
	assert_true(sim_call(node, council_hand_call, &call));
	return call.err;
}

void council_sleep(struct council *council, unsigned days)
{
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		sim_stop(council->towns[i]);
	sim_run(&council->sim, days * (24 * 3600 * (int64_t)1000), NULL, NULL);
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		sim_start(council->towns[i]);
}

void council_part(struct council *council, unsigned side)
{
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		council->towns[i]->side = side >> i & 1;
	sim_partition(&council->sim, false);
}

struct settle_call {
	struct council_entry *entry;
	const struct digest *branch;
	enum err err;
};

static void call_settle(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct settle_call *call = arg;
	struct council_entry *entry = call->entry;
	char why[WHY_LEN] = "";
	call->err = fork_settle_payload(hub, txn, call->branch, entry->changes, entry->count,
					entry->threshold, &entry->payload, why);
	assert_int_equal(!why[0], call->err == ERR_OK);
}

void council_settle(struct council *council, struct council_entry *entry, struct sim_node *at,
		    const struct digest *branch)
{
	struct settle_call call = {.entry = entry, .branch = branch};
	assert_true(sim_call(at, call_settle, &call));
	assert_int_equal(call.err, ERR_OK);
	council_sign(council, entry, at);
}

bool council_stands(struct sim *sim, void *arg)
{
	const struct council_wait *wait = arg;
	for (unsigned i = 0; i < COUNCIL_COUNT; i++) {
		const struct hub *hub = wait->council->towns[i]->hub;
		if (hub &&
		    (hub->charter.number != wait->number || hub->charter.frozen != wait->frozen ||
		     (wait->id && !id_eq(&hub->charter.entry_id, wait->id))))
			return false;
	}
	return sim_agree(sim, NULL);
}

void council_until(struct council *council, uint32_t number, bool frozen, const struct digest *id)
{
	struct council_wait wait = {council, number, frozen, id};
	assert_true(sim_run(&council->sim, 600000, council_stands, &wait));
}

void council_works(struct sim_node *from, struct sim_node *to, const char *path)
{
	struct buf content = sim_content(7, 70000);
	struct sim_held_wait wait = {.node = to, .path = path};
	assert_int_equal(sim_publish(from, path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	assert_true(sim_run(from->sim, 60000, sim_agree, NULL));
	assert_int_equal(sim_want(to, path, 0), ERR_OK);
	assert_true(sim_run(from->sim, 60000, sim_is_held, &wait));
	sim_assert_reads(to, path, 0, buf_bytes(&content));
	buf_fini(&content);
}
