/*
 * A member gone bad, and strangers: any message at any time, lies, floods. The honest nodes stay up, keep their
 * bounds, say what they saw, and go on exchanging data.
 */
#include "test/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/core_state.h"
#include "proto/held.h"

/* Two honest towns, the first of them the steward, and a third member whose node is possessed. */
struct trio {
	struct sim sim;
	struct sim_node *a, *b, *m;
	uint32_t m_author;
	unsigned round;
};

static bool trio_agrees(struct sim *sim, void *arg)
{
	const struct trio *trio = arg;
	return sim_agree(sim, NULL) && sim_links(trio->a, trio->b) == 1;
}

static struct trio *trio_open(uint64_t seed)
{
	struct trio *trio = mem_new(1, sizeof(*trio));
	sim_init(&trio->sim, seed);
	trio->a = sim_add(&trio->sim, "Stadt Meißen", "meissen", "14627140");
	trio->b = sim_add(&trio->sim, "Stadt Radebeul", "radebeul", "14627210");
	trio->m = sim_add(&trio->sim, "Malwine", "malwine", "14627999");
	assert_int_equal(sim_found(trio->a, "Landkreis Meißen"), ERR_OK);
	sim_join(trio->a, trio->b);
	sim_join(trio->a, trio->m);
	assert_true(sim_run(&trio->sim, 60000, trio_agrees, trio));
	sim_run(&trio->sim, 5000, NULL, NULL);
	return trio;
}

static void trio_close(struct trio *trio)
{
	uint8_t digest[ID_LEN];
	sim_fini(&trio->sim, digest);
	free(trio);
}

/* The core of the third node goes; from now on the test speaks for it. */
static void possess(struct trio *trio)
{
	trio->m_author = trio->m->core->author;
	sim_possess(trio->m, NULL);
}

/* What the honest nodes are there for still works, in reasonable time, and nothing is left lying about. */
static void assert_healthy(struct trio *trio)
{
	char path[64];
	struct buf content = sim_content(trio->round, 70000);
	snprintf(path, sizeof(path), "meissen/runde-%u", trio->round++);
	struct sim_held_wait wait = {.node = trio->b, .path = path};
	assert_true(sim_run(&trio->sim, 120000, trio_agrees, trio));
	assert_int_equal(sim_publish(trio->a, path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	assert_true(sim_run(&trio->sim, 20000, trio_agrees, trio));
	assert_int_equal(sim_want(trio->b, path, 0), ERR_OK);
	assert_true(sim_run(&trio->sim, 20000, sim_is_held, &wait));
	sim_assert_reads(trio->b, path, 0, buf_bytes(&content));
	buf_fini(&content);
}

static struct buf message_new(void)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	return out;
}

static void say_hello(struct trio *trio, uint32_t charter_number)
{
	struct buf out = message_new();
	struct digest content = {{7}};
	message_hello(&out, "boese 1.0", charter_number, 1, &content, NULL);
	sim_say(trio->m, &out);
	sim_run(&trio->sim, 300, NULL, NULL);
}

/* Links and says HELLO, so that member messages may be said; the honest side then waits for GROUPS. */
static void meet(struct trio *trio)
{
	assert_true(sim_foe_dial(trio->m, trio->a));
	say_hello(trio, trio->a->core->charter.number);
	assert_true(trio->m->foe->up);
	assert_true(trio->m->foe->got[MESSAGE_GROUPS] > 0);
}

static struct peer *peer_of(struct trio *trio)
{
	return peers_by_author(trio->a->core, trio->m_author);
}

static void say_list(struct trio *trio, enum message_type type)
{
	struct buf out = message_new();
	struct message_list list = message_list_begin(type);
	message_list_end(&list, &out);
	sim_say(trio->m, &out);
}

/* Takes part in a comparison up to a phase of the honest side. */
static void phase_reach(struct trio *trio, enum sync_phase phase)
{
	meet(trio);
	if (phase == SYNC_GROUPS)
		return;
	say_list(trio, MESSAGE_GROUPS);
	sim_run(&trio->sim, 300, NULL, NULL);
	assert_int_equal(peer_of(trio)->sync.phase, SYNC_STATES);
	if (phase == SYNC_STATES)
		return;
	say_list(trio, MESSAGE_STATES);
	sim_run(&trio->sim, 300, NULL, NULL);
	assert_int_equal(peer_of(trio)->sync.phase, SYNC_STREAM);
	if (phase == SYNC_STREAM)
		return;
	struct buf out = message_new();
	message_sync_end(&out);
	sim_say(trio->m, &out);
	sim_run(&trio->sim, 300, NULL, NULL);
	assert_int_equal(peer_of(trio)->sync.phase, SYNC_IDLE);
}

/* ---- any message at any time ---- */

static const enum message_type types[] = {
#define X(name, number) MESSAGE_##name,
	MESSAGE_LIST(X)
#undef X
};
enum { TYPE_COUNT = sizeof(types) / sizeof(types[0]) };

/* A message of each type that names what exists at the honest node, so that it gets as far as it can. */
static void put_message(struct trio *trio, struct buf *out, enum message_type type)
{
	static const uint8_t buckets[SETDIGEST_BUCKETS_LEN];
	const struct core *core = trio->a->core;
	uint8_t sequences[16] = {[7] = 1, [15] = 2};
	struct digest digest = {{1}};
	struct chunk_addr addr = {{2}};
	struct message_version of = {{{3}}, 1, core->author};
	struct setdigest_leaf leaf = {.slot_len = 1, .sequence = 1};
	struct setdigest_leaves leaves = {.items = &leaf, .count = 1};
	struct message_list list = message_list_begin(type);
	struct message_state state = {core->author, 1, 0, 0, {0}};
	struct message_group group = {bytes_str("14627"), {0}, 1};
	list.dataset = of.dataset;
	switch (type) {
	case MESSAGE_HELLO:
		message_hello(out, "x", core->charter.number, 1, &digest, NULL);
		break;
	case MESSAGE_CHARTER_GET:
		message_charter_get(out, 1);
		break;
	case MESSAGE_CHARTER:
	case MESSAGE_RECORDS:
		message_list_bin(&list, bytes_str("nothing of the kind"));
		message_list_end(&list, out);
		break;
	case MESSAGE_ORGLOG_GET:
		message_list_org(&list, &trio->a->identity.org, 1);
		message_list_end(&list, out);
		break;
	case MESSAGE_ORGLOG:
		message_list_entry(&list, &trio->a->identity.org, bytes_str("no entry"));
		message_list_end(&list, out);
		break;
	case MESSAGE_GROUPS:
		message_list_group(&list, &group);
		message_list_end(&list, out);
		break;
	case MESSAGE_STATES:
		message_list_state(&list, &state);
		message_list_end(&list, out);
		break;
	case MESSAGE_TOTALS:
		message_totals(out, UINT64_MAX, UINT64_MAX, UINT64_MAX);
		break;
	case MESSAGE_HEAD:
		message_head(out, bytes_str("no head"));
		break;
	case MESSAGE_BUCKETS_GET:
		message_buckets_get(out, core->author, 1, 1);
		break;
	case MESSAGE_BUCKETS:
		message_buckets(out, core->author, 1, 1, buckets);
		break;
	case MESSAGE_LEAVES_GET:
		message_leaves_get(out, core->author, 1, 1, 0);
		break;
	case MESSAGE_LEAVES:
		message_leaves(out, core->author, 1, 1, 0, &leaves);
		break;
	case MESSAGE_RECORDS_GET:
		message_records_get(out, core->author, 1, bytes_obj(&sequences));
		break;
	case MESSAGE_SYNC_END:
		message_sync_end(out);
		break;
	case MESSAGE_JOIN:
		message_join(out, bytes_str("no request"));
		break;
	case MESSAGE_JOIN_ANSWER:
		message_join_answer(out, MESSAGE_JOIN_ADMITTED, "");
		break;
	case MESSAGE_TAKEN:
		message_taken(out, UINT64_MAX);
		break;
	case MESSAGE_INDEX_GET:
		message_index_get(out, &of, NULL);
		break;
	case MESSAGE_INDEX:
		message_index(out, &of, bytes_of(buckets, 36), true);
		break;
	case MESSAGE_CHUNK_GET:
		message_list_addr(&list, &addr);
		message_list_end(&list, out);
		break;
	case MESSAGE_CHUNK:
		message_chunk(out, &of.dataset, &addr, bytes_str("chunk"), true);
		break;
	case MESSAGE_HOLDS:
		message_list_version(&list, &of);
		message_list_end(&list, out);
		break;
	}
	buf_fini(&list.items);
}

/* What ends a session, whenever it is said by a member. */
static bool always_ends(enum message_type type)
{
	return type == MESSAGE_RECORDS || type == MESSAGE_HEAD || type == MESSAGE_CHUNK;
}

static void every_message_in_every_phase(void **state)
{
	struct trio *trio = trio_open(1);
	possess(trio);
	for (int phase = SYNC_IDLE; phase <= SYNC_STREAM; phase++) {
		for (size_t i = 0; i < TYPE_COUNT; i++) {
			struct buf out = message_new();
			phase_reach(trio, (enum sync_phase)phase);
			put_message(trio, &out, types[i]);
			sim_say(trio->m, &out);
			sim_run(&trio->sim, 300, NULL, NULL);
			bool disorder = types[i] == MESSAGE_GROUPS &&
					(phase == SYNC_STATES || phase == SYNC_STREAM);
			assert_int_equal(trio->m->foe->up, !always_ends(types[i]) && !disorder);
		}
	}
	assert_healthy(trio);
	trio_close(trio);
}

static void every_message_on_the_bulk_channel(void **state)
{
	struct trio *trio = trio_open(2);
	possess(trio);
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		struct buf out = message_new();
		phase_reach(trio, SYNC_IDLE);
		put_message(trio, &out, types[i]);
		sim_say_on(trio->m, LINK_CHANNEL_BULK, &out);
		sim_run(&trio->sim, 300, NULL, NULL);
		/* A chunk nobody asked for is dropped. */
		assert_int_equal(trio->m->foe->up, types[i] == MESSAGE_CHUNK);
	}
	assert_int_equal(sim_rows(trio->a, TABLE_CHUNK), 0);
	assert_healthy(trio);
	trio_close(trio);
}

static void garbage(void **state)
{
	struct trio *trio = trio_open(3);
	struct random random = random_seeded(3);
	possess(trio);
	for (unsigned i = 0; i < 3000; i++) {
		struct buf out = message_new();
		if (!trio->m->foe->up)
			phase_reach(trio, (enum sync_phase)random_below(&random, 4));
		put_message(trio, &out, types[random_below(&random, TYPE_COUNT)]);
		for (uint64_t k = random_below(&random, 4); k > 0; k--)
			out.ptr[random_below(&random, out.len)] ^=
				(uint8_t)(1u << random_below(&random, 8));
		if (random_below(&random, 10) == 0)
			out.len = random_below(&random, out.len + 1);
		sim_say_on(trio->m,
			   random_below(&random, 8) ? LINK_CHANNEL_SYNC : LINK_CHANNEL_BULK, &out);
		sim_run(&trio->sim, (int64_t)random_below(&random, 60), NULL, NULL);
	}
	assert_true(trio->a->note_counts[NOTE_PEER_BAD] > 100);
	assert_healthy(trio);
	trio_close(trio);
}

/* ---- strangers ---- */

/* A node that is in no federation but knows this one, as anybody may who has seen an invitation. */
static struct sim_node *stranger_add(struct trio *trio, unsigned i)
{
	char slug[32], ags[16];
	snprintf(slug, sizeof(slug), "fremd-%u", i);
	snprintf(ags, sizeof(ags), "%u", 99000000 + i);
	struct sim_node *node = sim_add(&trio->sim, slug, slug, ags);
	sim_possess(node, &trio->a->core->charter.fed);
	return node;
}

static void guests_may_say_little(void **state)
{
	struct trio *trio = trio_open(4);
	struct sim_node *stranger = stranger_add(trio, 1);
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		bool may = types[i] == MESSAGE_HELLO || types[i] == MESSAGE_CHARTER_GET ||
			   types[i] == MESSAGE_CHARTER || types[i] == MESSAGE_ORGLOG_GET ||
			   types[i] == MESSAGE_ORGLOG || types[i] == MESSAGE_JOIN ||
			   types[i] == MESSAGE_JOIN_ANSWER;
		struct buf out = message_new();
		assert_true(sim_foe_dial(stranger, trio->a));
		put_message(trio, &out, types[i]);
		if (types[i] == MESSAGE_HELLO) {
			struct digest digest = {{1}};
			buf_reset(&out);
			message_hello(&out, "x", 1, 1, &digest, NULL);
		}
		sim_say(stranger, &out);
		sim_run(&trio->sim, 300, NULL, NULL);
		assert_int_equal(stranger->foe->up, may);
		if (!may)
			assert_int_equal(stranger->foe->reason, LINK_REASON_NOT_MEMBER);
	}
	/* The charter is told, the records are not. */
	assert_true(stranger->foe->got[MESSAGE_CHARTER] > 0);
	assert_int_equal(stranger->foe->got[MESSAGE_RECORDS], 0);
	assert_int_equal(stranger->foe->got[MESSAGE_HEAD], 0);
	assert_int_equal(stranger->foe->got[MESSAGE_HOLDS], 0);
	assert_int_equal(stranger->foe->got[MESSAGE_GROUPS], 0);
	assert_healthy(trio);
	trio_close(trio);
}

static void guests_leave_room_for_members(void **state)
{
	struct trio *trio = trio_open(5);
	struct sim_node *strangers[8];
	unsigned in = 0;
	trio->a->limits.peer_count_max = 24;
	for (unsigned i = 0; i < 8; i++) {
		strangers[i] = stranger_add(trio, i);
		sim_foe_dial(strangers[i], trio->a);
	}
	sim_run(&trio->sim, 500, NULL, NULL);
	for (unsigned i = 0; i < 8; i++)
		in += strangers[i]->foe->up;
	assert_int_equal(in, 3);
	/* A member that comes now finds its place. */
	sim_stop(trio->b);
	sim_run(&trio->sim, 2000, NULL, NULL);
	sim_start(trio->b);
	assert_healthy(trio);
	/* A guest that stays one is sent away. */
	sim_run(&trio->sim, 130000, NULL, NULL);
	assert_true(strangers[0]->foe->closed);
	sim_foe_dial(strangers[7], trio->a);
	sim_run(&trio->sim, 500, NULL, NULL);
	assert_true(strangers[7]->foe->up);
	trio_close(trio);
}

/* Its own key under another organisation's name. */
static void an_impostor_does_not_get_in(void **state)
{
	struct trio *trio = trio_open(6);
	struct sim_node *stranger = stranger_add(trio, 1);
	stranger->foe->org = trio->b->identity.org;
	stranger->foe->member = author_member(trio->b->core->author);
	sim_foe_dial(stranger, trio->a);
	sim_run(&trio->sim, 500, NULL, NULL);
	assert_true(stranger->foe->closed);
	assert_int_equal(sim_links(trio->a, trio->b), 1);
	assert_healthy(trio);
	trio_close(trio);
}

/* ---- floods ---- */

static void flood(struct trio *trio, enum message_type type, unsigned count)
{
	trio->a->effects_bytes_max = trio->a->effects_max = 0;
	for (unsigned i = 0; i < count; i++) {
		struct buf out = message_new();
		put_message(trio, &out, type);
		if (!sim_say(trio->m, &out))
			break;
	}
	sim_run(&trio->sim, 2000, NULL, NULL);
	/* However much is asked for, no turn makes more than may wait for one peer, and one message. */
	assert_true(trio->a->effects_bytes_max <=
		    trio->a->limits.peer_queue_bytes_max + LIMIT_MESSAGE_LEN_MAX);
	assert_true(trio->a->effects_max < 20000);
}

static void questions_without_end(void **state)
{
	static const enum message_type questions[] = {
		MESSAGE_HELLO,       MESSAGE_CHARTER_GET, MESSAGE_ORGLOG_GET,  MESSAGE_STATES,
		MESSAGE_BUCKETS_GET, MESSAGE_LEAVES_GET,  MESSAGE_RECORDS_GET, MESSAGE_INDEX_GET,
		MESSAGE_CHUNK_GET,   MESSAGE_SYNC_END,    MESSAGE_TAKEN,       MESSAGE_JOIN,
	};
	struct trio *trio = trio_open(7);
	possess(trio);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		phase_reach(trio, SYNC_IDLE);
		flood(trio, questions[i], 5000);
	}
	assert_healthy(trio);
	trio_close(trio);
}

/* One message asks for the same large record thousands of times. */
static void one_question_for_everything(void **state)
{
	struct trio *trio = trio_open(8);
	struct buf sequences, content = sim_content(1, 30000);
	struct txn *txn;
	uint64_t sequence = 0;
	assert_int_equal(sim_publish(trio->a, "meissen/x", TIER_OPEN, buf_bytes(&content)), ERR_OK);
	txn = txn_begin(trio->a->db, false);
	struct walk walk = walk_begin(txn, TABLE_RECORD, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		if (be32_get(walk.key.ptr) == trio->a->core->author)
			sequence = be64_get(walk.key.ptr + 8);
	}
	txn_abort(txn);
	possess(trio);
	phase_reach(trio, SYNC_IDLE);
	buf_init(&sequences, 8 * MESSAGE_LIST_COUNT_MAX);
	for (unsigned i = 0; i < MESSAGE_LIST_COUNT_MAX; i++)
		buf_add_be64(&sequences, sequence);
	uint64_t before = trio->m->foe->got[MESSAGE_RECORDS];
	for (unsigned i = 0; i < 10; i++) {
		struct buf out = message_new();
		message_records_get(&out, trio->a->core->author, 1, buf_bytes(&sequences));
		sim_say(trio->m, &out);
	}
	sim_run(&trio->sim, 3000, NULL, NULL);
	assert_int_equal(trio->m->foe->got[MESSAGE_RECORDS] - before, 10);
	assert_true(trio->m->foe->last[MESSAGE_RECORDS].len < 400 * 1024);
	buf_fini(&sequences);
	buf_fini(&content);
	assert_healthy(trio);
	trio_close(trio);
}

static void say_states(struct trio *trio, uint32_t first, uint32_t step, unsigned count)
{
	struct buf out = message_new();
	struct message_list list = message_list_begin(MESSAGE_STATES);
	for (unsigned i = 0; i < count; i++) {
		struct message_state state = {first + i * step, 1, 0, 0, {0}};
		message_list_state(&list, &state);
	}
	message_list_end(&list, &out);
	sim_say(trio->m, &out);
}

/* The honest side remembers of STATES only what it has itself, and each author once. */
static void states_without_end(void **state)
{
	struct trio *trio = trio_open(9);
	possess(trio);
	phase_reach(trio, SYNC_IDLE);
	for (unsigned i = 0; i < 30; i++)
		say_states(trio, 1, 1, 10000);
	sim_run(&trio->sim, 3000, NULL, NULL);
	assert_true(trio->m->foe->up);
	assert_true(peer_of(trio)->sync.want_cap <= 64);
	/* The same within a comparison, where order is owed. */
	phase_reach(trio, SYNC_STATES);
	for (unsigned i = 0; i < 30; i++)
		say_states(trio, 1 + i * 10000, 1, 10000);
	sim_run(&trio->sim, 3000, NULL, NULL);
	assert_true(trio->m->foe->up);
	assert_true(peer_of(trio)->sync.want_cap <= 64);
	say_states(trio, 5, 1, 1);
	sim_run(&trio->sim, 500, NULL, NULL);
	assert_true(trio->m->foe->closed);
	assert_int_equal(trio->m->foe->reason, LINK_REASON_PROTOCOL);
	assert_healthy(trio);
	trio_close(trio);
}

static void say_holds(struct trio *trio, uint64_t seed, unsigned count)
{
	struct buf out = message_new();
	struct message_list list = message_list_begin(MESSAGE_HOLDS);
	struct random random = random_seeded(seed);
	for (unsigned i = 0; i < count; i++) {
		struct message_version of = {.number = i + 1, .author = 300};
		random_fill(&random, of.dataset.b, ID_LEN);
		message_list_version(&list, &of);
	}
	message_list_end(&list, &out);
	sim_say(trio->m, &out);
}

/* Hundreds of thousands of versions that do not exist cost eight to sixteen bytes each, and no time to speak of. */
static void holds_without_end(void **state)
{
	struct trio *trio = trio_open(10);
	struct message_version of = {.number = 1, .author = 300};
	struct random random = random_seeded(5);
	possess(trio);
	phase_reach(trio, SYNC_IDLE);
	for (unsigned i = 0; i < 20; i++)
		say_holds(trio, i, MESSAGE_LIST_COUNT_MAX);
	say_holds(trio, 5, 1);
	sim_run(&trio->sim, 3000, NULL, NULL);
	assert_true(trio->m->foe->up);
	random_fill(&random, of.dataset.b, ID_LEN);
	assert_true(serve_peer_holds(peer_of(trio), &of));
	of.number = 2;
	assert_false(serve_peer_holds(peer_of(trio), &of));
	assert_healthy(trio);
	trio_close(trio);
}

static void groups_without_end(void **state)
{
	struct trio *trio = trio_open(11);
	struct buf out = message_new();
	struct message_list list = message_list_begin(MESSAGE_GROUPS);
	char name[16];
	possess(trio);
	phase_reach(trio, SYNC_GROUPS);
	for (unsigned i = 0; i < MESSAGE_GROUP_COUNT_MAX; i++) {
		snprintf(name, sizeof(name), "%05u", 10000 + i);
		struct message_group group = {.group = bytes_str(name)};
		message_list_group(&list, &group);
	}
	message_list_end(&list, &out);
	sim_say(trio->m, &out);
	sim_run(&trio->sim, 500, NULL, NULL);
	/* It only has one county itself. */
	assert_true(trio->m->foe->up);
	assert_int_equal(peer_of(trio)->sync.group_count, 1);
	assert_int_equal(peer_of(trio)->sync.phase, SYNC_STATES);
	assert_healthy(trio);
	trio_close(trio);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_in_every_phase),
		cmocka_unit_test(every_message_on_the_bulk_channel),
		cmocka_unit_test(garbage),
		cmocka_unit_test(guests_may_say_little),
		cmocka_unit_test(guests_leave_room_for_members),
		cmocka_unit_test(an_impostor_does_not_get_in),
		cmocka_unit_test(questions_without_end),
		cmocka_unit_test(one_question_for_everything),
		cmocka_unit_test(states_without_end),
		cmocka_unit_test(holds_without_end),
		cmocka_unit_test(groups_without_end),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
