/*
 * A member gone bad, and strangers: any message at any time, lies, floods. The honest nodes stay
 * up, keep their bounds, say what they saw, and go on exchanging data.
 */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/sync/gossip.h"
#include "proto/hub/hub.h"
#include "proto/transfer/scan.h"
#include "proto/sync/sync.h"
#include "proto/ledger/held.h"

static struct buf message_new(void)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	return out;
}

static void say_hello(struct towns *towns, uint32_t charter_number)
{
	static const uint8_t marks[ROLL_MARK_COUNT];
	struct buf out = message_new();
	struct digest content = {{7}};
	message_hello(&out, "boese 1.0", charter_number, &content, marks);
	sim_say(towns->m, &out);
	sim_run(&towns->sim, 300, NULL, NULL);
}

/*
 * Links and says HELLO, so that member messages may be said; the honest side sends SKETCH.
 */
static void meet(struct towns *towns)
{
	assert_true(sim_foe_dial(towns->m, towns->a));
	say_hello(towns, towns->a->hub->charter.number);
	assert_true(towns->m->foe->up);
	assert_true(towns->m->foe->got[MESSAGE_SKETCH] > 0);
}

static struct peer *peer_of(struct towns *towns)
{
	return peers_by_author(towns->a->hub, towns->m_author);
}

static void say_states_end(struct towns *towns)
{
	struct buf out = message_new();
	struct message_list list = message_list_begin(MESSAGE_STATES);
	message_list_end(&list, &out);
	sim_say(towns->m, &out);
}

/* Takes part in a comparison up to a phase of the honest side. */
static void phase_reach(struct towns *towns, enum sync_phase phase)
{
	meet(towns);
	assert_int_equal(peer_of(towns)->sync->phase, SYNC_SKETCH);
	if (phase == SYNC_SKETCH)
		return;
	struct buf out = message_new();
	message_sketch(&out, bytes_of(NULL, 0)); /* it names all that it has: nothing */
	sim_say(towns->m, &out);
	sim_run(&towns->sim, 300, NULL, NULL);
	assert_int_equal(peer_of(towns)->sync->phase, SYNC_STATES);
	if (phase == SYNC_STATES)
		return;
	say_states_end(towns);
	sim_run(&towns->sim, 300, NULL, NULL);
	assert_int_equal(peer_of(towns)->sync->phase, SYNC_STREAM);
	if (phase == SYNC_STREAM)
		return;
	out = message_new();
	message_sync_end(&out);
	sim_say(towns->m, &out);
	sim_run(&towns->sim, 300, NULL, NULL);
	assert_int_equal(peer_of(towns)->sync->phase, SYNC_IDLE);
}

/* ---- any message at any time ---- */

static const enum message_type types[] = {
#define X(name, number, elements) MESSAGE_##name,
	MESSAGE_LIST(X)
#undef X
};
enum { TYPE_COUNT = sizeof(types) / sizeof(types[0]) };

/*
 * A message of each type that names what exists at the honest node, so that it gets as far as it
 * can.
 */
static void put_message(struct towns *towns, struct buf *out, enum message_type type)
{
	static const struct setdigest_page page = {.count = 1,
						   .leaves = {{.slot_len = 1, .sequence = 1}}};
	static const uint8_t entry[36];
	const struct hub *hub = towns->a->hub;
	uint8_t sequences[16] = {[7] = 1, [15] = 2};
	struct digest digest = {{1}};
	struct chunk_addr addr = {{2}};
	struct version_id of = {{{3}}, 1, hub->author};
	struct message_whole whole = {.of = of, .count = 1, .chunks = {bytes_str("chunk")}};
	struct message_list list = message_list_begin(type);
	struct message_state state = {hub->author, 1, 0, 0, 0};
	list.dataset = of.dataset;
	switch (type) {
	case MESSAGE_HELLO:
		message_hello(out, "x", hub->charter.number, &digest, NULL);
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
		message_list_org(&list, &towns->a->identity.org, 1);
		message_list_end(&list, out);
		break;
	case MESSAGE_ORGLOG:
		message_list_entry(&list, &towns->a->identity.org, bytes_str("no entry"));
		message_list_end(&list, out);
		break;
	case MESSAGE_SKETCH:
		message_sketch(out, bytes_of(entry, MESSAGE_SKETCH_STEP));
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
	case MESSAGE_EVIDENCE:
		message_evidence(out, bytes_str("no head"), bytes_str("nor this"));
		break;
	case MESSAGE_NOT_HERE:
		message_not_here(out, hub->author, 1);
		break;
	case MESSAGE_LEAVES_GET:
		message_leaves_get(out, hub->author, 1, &digest, 0);
		break;
	case MESSAGE_LEAVES:
		message_leaves(out, hub->author, 1, &digest, &page);
		break;
	case MESSAGE_RECORDS_GET:
		message_records_get(out, hub->author, 1, bytes_obj(&sequences));
		break;
	case MESSAGE_SYNC_END:
		message_sync_end(out);
		break;
	case MESSAGE_OWN_HEAD_GET:
		message_own_head_get(out);
		break;
	case MESSAGE_OWN_HEAD:
		message_own_head(out, bytes_str("no head"));
		break;
	case MESSAGE_JOIN:
		message_join(out, bytes_str("no request"));
		break;
	case MESSAGE_JOIN_ANSWER:
		message_join_answer(out, MESSAGE_JOIN_ADMITTED, "", NULL);
		break;
	case MESSAGE_JOIN_OPEN:
		message_join_open(out, &(struct digest){{1}});
		break;
	case MESSAGE_TAKEN:
		message_taken(out, UINT64_MAX);
		break;
	case MESSAGE_INDEX_GET:
		message_index_get(out, &of, NULL);
		break;
	case MESSAGE_INDEX:
		message_index(out, &of, bytes_obj(&entry), true);
		break;
	case MESSAGE_CHUNK_GET:
		message_list_addr(&list, &addr);
		message_list_end(&list, out);
		break;
	case MESSAGE_CHUNK:
		message_chunk(out, &of.dataset, &addr, bytes_str("chunk"), true);
		break;
	case MESSAGE_WHOLE:
		message_list_whole(&list, &whole);
		message_list_end(&list, out);
		break;
	case MESSAGE_HOLDS:
	case MESSAGE_WHOLE_GET:
		message_list_version(&list, &of);
		message_list_end(&list, out);
		break;
	case MESSAGE_FORK:
		message_fork(out, NULL, bytes_str("no entry"), bytes_str("nor this"));
		break;
	}
	buf_fini(&list.items);
}

/* What ends a session, whenever it is said by a member. */
static bool always_ends(enum message_type type)
{
	return type == MESSAGE_RECORDS || type == MESSAGE_HEAD || type == MESSAGE_CHUNK ||
	       type == MESSAGE_WHOLE || type == MESSAGE_OWN_HEAD || type == MESSAGE_FORK ||
	       type == MESSAGE_EVIDENCE ||
	       type == MESSAGE_CHARTER; /* it was asked for the latest entry */
}

static void every_message_in_every_phase(void **state)
{
	struct towns *towns = towns_open(1, 3);
	towns_possess(towns);
	for (int phase = SYNC_IDLE; phase <= SYNC_STREAM; phase++) {
		for (size_t i = 0; i < TYPE_COUNT; i++) {
			struct buf out = message_new();
			phase_reach(towns, (enum sync_phase)phase);
			put_message(towns, &out, types[i]);
			sim_say(towns->m, &out);
			sim_run(&towns->sim, 300, NULL, NULL);
			bool disorder = types[i] == MESSAGE_SKETCH && phase != SYNC_IDLE;
			assert_int_equal(towns->m->foe->up, !always_ends(types[i]) && !disorder);
		}
	}
	towns_healthy(towns);
	towns_close(towns);
}

/* A member's link, but no HELLO yet. */
static void every_message_before_hello(void **state)
{
	struct towns *towns = towns_open(12, 3);
	towns_possess(towns);
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		struct buf out = message_new();
		assert_true(sim_foe_dial(towns->m, towns->a));
		put_message(towns, &out, types[i]);
		sim_say(towns->m, &out);
		sim_run(&towns->sim, 300, NULL, NULL);
		/* A charter that was not asked for is not looked at. */
		assert_int_equal(towns->m->foe->up,
				 !always_ends(types[i]) || types[i] == MESSAGE_CHARTER);
	}
	towns_healthy(towns);
	towns_close(towns);
}

static void every_message_on_the_bulk_channel(void **state)
{
	struct towns *towns = towns_open(2, 3);
	towns_possess(towns);
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		struct buf out = message_new();
		phase_reach(towns, SYNC_IDLE);
		put_message(towns, &out, types[i]);
		sim_say_on(towns->m, LINK_CHANNEL_BULK, &out);
		sim_run(&towns->sim, 300, NULL, NULL);
		/* A chunk nobody asked for is dropped. */
		assert_int_equal(towns->m->foe->up,
				 types[i] == MESSAGE_CHUNK || types[i] == MESSAGE_WHOLE);
	}
	assert_int_equal(sim_rows(towns->a, TABLE_CHUNK), 0);
	towns_healthy(towns);
	towns_close(towns);
}

static void garbage(void **state)
{
	struct towns *towns = towns_open(3, 3);
	struct random random = random_seeded(3);
	towns->a->limits.junk_max = UINT32_MAX; /* else it is paused before long */
	towns_possess(towns);
	for (unsigned i = 0; i < 3000; i++) {
		struct buf out = message_new();
		if (!towns->m->foe->up)
			phase_reach(towns, (enum sync_phase)random_below(&random, 4));
		put_message(towns, &out, types[random_below(&random, TYPE_COUNT)]);
		for (uint64_t k = random_below(&random, 4); k > 0; k--)
			out.ptr[random_below(&random, out.len)] ^=
				(uint8_t)(1u << random_below(&random, 8));
		if (random_below(&random, 10) == 0)
			out.len = random_below(&random, out.len + 1);
		sim_say_on(towns->m,
			   random_below(&random, 8) ? LINK_CHANNEL_SYNC : LINK_CHANNEL_BULK, &out);
		sim_run(&towns->sim, (int64_t)random_below(&random, 60), NULL, NULL);
	}
	assert_true(towns->a->note_counts[NOTE_PEER_BAD] > 100);
	towns_healthy(towns);
	towns_close(towns);
}

/* ---- strangers ---- */

/* A node that is in no federation but knows this one, as anybody may who has seen an invitation. */
static struct sim_node *stranger_add(struct towns *towns, unsigned i)
{
	char slug[32], ags[16];
	snprintf(slug, sizeof(slug), "fremd-%u", i);
	snprintf(ags, sizeof(ags), "%u", 99000000 + i);
	struct sim_node *node = sim_add(&towns->sim, slug, slug, ags);
	sim_possess(node, &towns->a->hub->charter.fed);
	return node;
}

static void guests_may_say_little(void **state)
{
	struct towns *towns = towns_open(4, 3);
	struct sim_node *stranger = stranger_add(towns, 1);
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		bool may = types[i] == MESSAGE_HELLO || types[i] == MESSAGE_CHARTER_GET ||
			   types[i] == MESSAGE_CHARTER || types[i] == MESSAGE_ORGLOG_GET ||
			   types[i] == MESSAGE_ORGLOG || types[i] == MESSAGE_JOIN ||
			   types[i] == MESSAGE_JOIN_ANSWER || types[i] == MESSAGE_JOIN_OPEN;
		struct buf out = message_new();
		assert_true(sim_foe_dial(stranger, towns->a));
		put_message(towns, &out, types[i]);
		if (types[i] == MESSAGE_HELLO) {
			struct digest digest = {{1}};
			buf_reset(&out);
			message_hello(&out, "x", 1, &digest, NULL);
		}
		sim_say(stranger, &out);
		sim_run(&towns->sim, 300, NULL, NULL);
		assert_int_equal(stranger->foe->up, may);
		if (!may)
			assert_int_equal(stranger->foe->reason, types[i] == MESSAGE_FORK
									? LINK_REASON_PROTOCOL
									: LINK_REASON_NOT_MEMBER);
	}
	/* The charter is told, the records are not. */
	assert_true(stranger->foe->got[MESSAGE_CHARTER] > 0);
	assert_int_equal(stranger->foe->got[MESSAGE_RECORDS], 0);
	assert_int_equal(stranger->foe->got[MESSAGE_HEAD], 0);
	assert_int_equal(stranger->foe->got[MESSAGE_HOLDS], 0);
	assert_int_equal(stranger->foe->got[MESSAGE_SKETCH], 0);
	towns_healthy(towns);
	towns_close(towns);
}

static void guests_leave_room_for_members(void **state)
{
	struct towns *towns = towns_open(5, 3);
	struct sim_node *strangers[8];
	unsigned in = 0;
	towns->a->limits.peer_count_max = 24;
	for (unsigned i = 0; i < 8; i++) {
		strangers[i] = stranger_add(towns, i);
		sim_foe_dial(strangers[i], towns->a);
	}
	sim_run(&towns->sim, 500, NULL, NULL);
	for (unsigned i = 0; i < 8; i++)
		in += strangers[i]->foe->up;
	assert_int_equal(in, 3);
	/* A member that comes now finds its place. */
	sim_stop(towns->b);
	sim_run(&towns->sim, 2000, NULL, NULL);
	sim_start(towns->b);
	towns_healthy(towns);
	/* A guest that stays one is sent away. */
	sim_run(&towns->sim, 130000, NULL, NULL);
	assert_true(strangers[0]->foe->closed);
	sim_foe_dial(strangers[7], towns->a);
	sim_run(&towns->sim, 500, NULL, NULL);
	assert_true(strangers[7]->foe->up);
	towns_close(towns);
}

/* Its own key under another organisation's name. */
static void an_impostor_does_not_get_in(void **state)
{
	struct towns *towns = towns_open(6, 3);
	struct sim_node *stranger = stranger_add(towns, 1);
	stranger->foe->org = towns->b->identity.org;
	stranger->foe->member = author_member(towns->b->hub->author);
	sim_foe_dial(stranger, towns->a);
	sim_run(&towns->sim, 500, NULL, NULL);
	assert_true(stranger->foe->closed);
	assert_int_equal(sim_links(towns->a, towns->b), 1);
	towns_healthy(towns);
	towns_close(towns);
}

/* ---- floods ---- */

static void flood(struct towns *towns, enum message_type type, unsigned count)
{
	towns->a->effects_bytes_max = towns->a->effects_max = 0;
	for (unsigned i = 0; i < count; i++) {
		struct buf out = message_new();
		put_message(towns, &out, type);
		if (!sim_say(towns->m, &out))
			break;
	}
	sim_run(&towns->sim, 2000, NULL, NULL);
	/*
	 * However much is asked for, no turn makes more than may wait for one peer, and one
	 * message.
	 */
	assert_true(towns->a->effects_bytes_max <=
		    towns->a->limits.peer_queue_bytes_max + LIMIT_MESSAGE_LEN_MAX);
	assert_true(towns->a->effects_max < 20000);
}

static void questions_without_end(void **state)
{
	static const enum message_type questions[] = {
		MESSAGE_HELLO,        MESSAGE_CHARTER_GET, MESSAGE_ORGLOG_GET, MESSAGE_STATES,
		MESSAGE_LEAVES_GET,   MESSAGE_RECORDS_GET, MESSAGE_INDEX_GET,  MESSAGE_CHUNK_GET,
		MESSAGE_SYNC_END,     MESSAGE_TAKEN,       MESSAGE_JOIN,       MESSAGE_NOT_HERE,
		MESSAGE_OWN_HEAD_GET,
	};
	struct towns *towns = towns_open(7, 3);
	towns->a->limits.junk_max = UINT32_MAX; /* else it is paused before long */
	towns_possess(towns);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		phase_reach(towns, SYNC_IDLE);
		flood(towns, questions[i], 5000);
	}
	towns_healthy(towns);
	towns_close(towns);
}

/* One message asks for the same large record thousands of times. */
static void one_question_for_everything(void **state)
{
	struct towns *towns = towns_open(8, 3);
	struct buf sequences, content = sim_content(1, 30000);
	struct txn *txn;
	uint64_t sequence = 0;
	assert_int_equal(sim_publish(towns->a, "meissen/x", TIER_OPEN, buf_bytes(&content)),
			 ERR_OK);
	txn = txn_begin(towns->a->db, false);
	struct walk walk = walk_begin(txn, TABLE_RECORD, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		if (be32_get(walk.key.ptr) == towns->a->hub->author)
			sequence = be64_get(walk.key.ptr + 8);
	}
	txn_abort(txn);
	towns_possess(towns);
	phase_reach(towns, SYNC_IDLE);
	buf_init(&sequences, 8 * MESSAGE_LIST_COUNT_MAX);
	for (unsigned i = 0; i < MESSAGE_LIST_COUNT_MAX; i++)
		buf_add_be64(&sequences, sequence);
	uint64_t before = towns->m->foe->got[MESSAGE_RECORDS];
	for (unsigned i = 0; i < 10; i++) {
		struct buf out = message_new();
		message_records_get(&out, towns->a->hub->author, 1, buf_bytes(&sequences));
		sim_say(towns->m, &out);
	}
	sim_run(&towns->sim, 3000, NULL, NULL);
	assert_int_equal(towns->m->foe->got[MESSAGE_RECORDS] - before, 10);
	assert_true(towns->m->foe->last[MESSAGE_RECORDS].len < 400 * 1024);
	buf_fini(&sequences);
	buf_fini(&content);
	towns_healthy(towns);
	towns_close(towns);
}

static void call_append(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	uint8_t slot[2] = {0, (uint8_t) * (unsigned *)arg};
	struct buf body;
	buf_init(&body, 60000);
	memset(buf_space(&body, 60000), 7, 60000);
	assert_int_equal(ledger_append(&hub->ledger, txn, 99, bytes_obj(&slot), buf_bytes(&body),
				       NULL, LEDGER_QUIET),
			 ERR_OK);
	buf_fini(&body);
}

/*
 * Says that it has taken what it has not, so that more is sent: what waits for it is bounded all
 * the same.
 */
static void taken_without_taking(void **state)
{
	struct towns *towns = towns_open(13, 3);
	for (unsigned i = 0; i < 250; i++)
		sim_call(towns->a, call_append, &i);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	towns_possess(towns);
	towns->a->effects_bytes_max = 0;
	/* It has nothing, it says; fifteen megabytes are on their way. */
	phase_reach(towns, SYNC_STREAM);
	for (unsigned i = 0; i < 1000 && towns->m->foe->up; i++) {
		struct buf out = message_new();
		put_message(towns, &out, MESSAGE_TAKEN);
		sim_say(towns->m, &out);
	}
	sim_run(&towns->sim, 5000, NULL, NULL);
	assert_true(towns->a->effects_bytes_max > 64 * 1024);
	assert_true(towns->a->effects_bytes_max <=
		    towns->a->limits.peer_queue_bytes_max + LIMIT_MESSAGE_LEN_MAX);
	towns_healthy(towns);
	towns_close(towns);
}

/* One message asks for one log as often as a list is long. */
static void one_log_for_everything(void **state)
{
	struct towns *towns = towns_open(14, 3);
	towns_possess(towns);
	phase_reach(towns, SYNC_IDLE);
	towns->a->effects_bytes_max = 0;
	struct buf out = message_new();
	struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
	for (unsigned i = 0; i < MESSAGE_LIST_COUNT_MAX; i++)
		message_list_org(&list, &towns->a->identity.org, 1);
	message_list_end(&list, &out);
	sim_say(towns->m, &out);
	sim_run(&towns->sim, 2000, NULL, NULL);
	assert_true(towns->m->foe->up);
	assert_true(towns->m->foe->got[MESSAGE_ORGLOG] > 0);
	assert_true(towns->a->effects_bytes_max <= LIMIT_MESSAGE_LEN_MAX);
	towns_healthy(towns);
	towns_close(towns);
}

static void say_states(struct towns *towns, uint32_t first, uint32_t step, unsigned count)
{
	struct buf out = message_new();
	struct message_list list = message_list_begin(MESSAGE_STATES);
	for (unsigned i = 0; i < count; i++) {
		struct message_state state = {first + i * step, 1, 0, 0, 0};
		message_list_state(&list, &state);
	}
	message_list_end(&list, &out);
	sim_say(towns->m, &out);
}

/* The honest side remembers of STATES only what it has itself, and each author once. */
static void states_without_end(void **state)
{
	struct towns *towns = towns_open(9, 3);
	towns_possess(towns);
	phase_reach(towns, SYNC_IDLE);
	for (unsigned i = 0; i < 30; i++)
		say_states(towns, 1, 1, 4000);
	sim_run(&towns->sim, 3000, NULL, NULL);
	assert_true(towns->m->foe->up);
	assert_true(peer_of(towns)->sync->want_cap <= 64);
	/* The same within a comparison, where order is owed. */
	phase_reach(towns, SYNC_STATES);
	for (unsigned i = 0; i < 30; i++)
		say_states(towns, 1 + i * 4000, 1, 4000);
	sim_run(&towns->sim, 3000, NULL, NULL);
	assert_true(towns->m->foe->up);
	assert_true(peer_of(towns)->sync->want_cap <= 64);
	say_states(towns, 5, 1, 1);
	sim_run(&towns->sim, 500, NULL, NULL);
	assert_true(towns->m->foe->closed);
	assert_int_equal(towns->m->foe->reason, LINK_REASON_PROTOCOL);
	towns_healthy(towns);
	towns_close(towns);
}

static void say_holds(struct towns *towns, uint64_t seed, unsigned count)
{
	struct buf out = message_new();
	struct message_list list = message_list_begin(MESSAGE_HOLDS);
	struct random random = random_seeded(seed);
	for (unsigned i = 0; i < count; i++) {
		struct version_id of = {.number = i + 1, .author = 300};
		random_fill(&random, of.dataset.b, ID_LEN);
		message_list_version(&list, &of);
	}
	message_list_end(&list, &out);
	sim_say(towns->m, &out);
}

/* Hundreds of thousands of versions that do not exist cost nothing that stays. */
static void holds_without_end(void **state)
{
	struct towns *towns = towns_open(10, 3);
	towns_possess(towns);
	phase_reach(towns, SYNC_IDLE);
	for (unsigned i = 0; i < 20; i++)
		say_holds(towns, i, MESSAGE_LIST_COUNT_MAX);
	sim_run(&towns->sim, 3000, NULL, NULL);
	assert_true(towns->m->foe->up);
	assert_null(peer_of(towns)->transfer->holds);
	assert_int_equal(sim_rows(towns->a, TABLE_HOLDER), 0);
	towns_healthy(towns);
	towns_close(towns);
}

/* A sketch of nonsense, as large as can be: all states are told instead, and that is it. */
static void sketch_of_nonsense(void **state)
{
	struct towns *towns = towns_open(11, 3);
	uint8_t *cells = mem_new(1, MESSAGE_SKETCH_LEN_MAX);
	struct buf out = message_new();
	towns_possess(towns);
	phase_reach(towns, SYNC_SKETCH);
	peer_of(towns)->sync->sketches = false; /* as if it had begun itself */
	memset(cells, 0x5a, MESSAGE_SKETCH_LEN_MAX);
	message_sketch(&out, bytes_of(cells, MESSAGE_SKETCH_LEN_MAX));
	free(cells);
	uint64_t before = towns->m->foe->got[MESSAGE_STATES];
	sim_say(towns->m, &out);
	sim_run(&towns->sim, 500, NULL, NULL);
	assert_true(towns->m->foe->up);
	assert_int_equal(towns->m->foe->got[MESSAGE_STATES], before + 2);
	assert_int_equal(peer_of(towns)->sync->phase, SYNC_STATES);
	towns_healthy(towns);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_in_every_phase),
		cmocka_unit_test(every_message_before_hello),
		cmocka_unit_test(every_message_on_the_bulk_channel),
		cmocka_unit_test(garbage),
		cmocka_unit_test(guests_may_say_little),
		cmocka_unit_test(guests_leave_room_for_members),
		cmocka_unit_test(an_impostor_does_not_get_in),
		cmocka_unit_test(questions_without_end),
		cmocka_unit_test(one_question_for_everything),
		cmocka_unit_test(taken_without_taking),
		cmocka_unit_test(one_log_for_everything),
		cmocka_unit_test(states_without_end),
		cmocka_unit_test(holds_without_end),
		cmocka_unit_test(sketch_of_nonsense),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
