/*
 * What one message costs at its worst: look-ups, writes, operations on curves, bytes made to be
 * sent. A new message has its row here, and says what its worst is.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/effort.h"
#include "proto/catalog/want.h"
#include "proto/content/index.h"
#include "proto/ledger/held.h"
#include "proto/membership/request.h"
#include "proto/sync/evidence.h"
#include "proto/sync/logs.h"
#include "proto/sync/reconcile.h"
#include "proto/transfer/fetch.h"
#include "proto/transfer/serve.h"
#include "proto/wire/wire_out.h"
#include "test/proto/made.h"

static const struct worst {
	hub_node_handler *take; /* NULL: not on this channel */
	uint64_t lookups, writes, curves;
	size_t sent;
} worsts[] = {
	[MESSAGE_HELLO] = {sync_hello_take, 20, 0, 0, 256},
	[MESSAGE_CHARTER_GET] = {logs_charter_get, 16, 0, 0, 600 * 1024},
	[MESSAGE_CHARTER] = {logs_charter_take, 2 * 1024, 0, 0, 256},
	[MESSAGE_ORGLOG_GET] = {logs_orglog_get, 4096, 0, 0, 600 * 1024},
	[MESSAGE_ORGLOG] = {logs_orglog_take, 140, 4, 3 * 256 + 2, 256},
	[MESSAGE_SKETCH] = {sync_sketch_take, 40, 0, 0, 512},
	[MESSAGE_STATES] = {sync_states_take, 4096 + 20, 0, 0, 256},
	[MESSAGE_TOTALS] = {sync_totals_take, 0, 0, 0, 0},
	[MESSAGE_HEAD] = {gossip_head_take, 20, 6, 1, 256},
	[MESSAGE_RECORDS] = {gossip_records_take, 256 * 8, 256 * 5, 256, 256},
	[MESSAGE_EVIDENCE] = {evidence_take, 40, 12, 4, 1024},
	[MESSAGE_NOT_HERE] = {reconcile_not_here, 20, 0, 0, 256},
	[MESSAGE_LEAVES_GET] = {reconcile_leaves_get, 300, 0, 0, 16 * 1024},
	[MESSAGE_LEAVES] = {reconcile_leaves_take, 20, 0, 0, 256},
	[MESSAGE_RECORDS_GET] = {reconcile_records_get, 4096 + 10, 0, 0, 192 * 1024},
	[MESSAGE_SYNC_END] = {sync_end_take, 10, 0, 0, 64},
	[MESSAGE_JOIN] = {admission_take, 4, 0, 0, 256},
	[MESSAGE_JOIN_ANSWER] = {joining_answer_take, 4, 0, 0, 256},
	[MESSAGE_TAKEN] = {sync_taken_take, 10, 0, 0, 512 * 1024},
	[MESSAGE_INDEX_GET] = {serve_index_get, 4096 + 10, 0, 0, 4096 * INDEX_ENTRY_LEN + 128},
	[MESSAGE_INDEX] = {fetch_index_take, 20, 0, 0, 256},
	[MESSAGE_CHUNK_GET] = {serve_chunk_get, 3 * 128 + 20, 4, 0, 0},
	[MESSAGE_CHUNK] = {NULL, 0, 0, 0, 0},
	[MESSAGE_HOLDS] = {serve_holds_take, 2 * 4096, 0, 0, 256},
	[MESSAGE_FORK] = {logs_fork_take, 20, 0, 0, 256},
	[MESSAGE_JOIN_OPEN] = {admission_open_take, 10, 0, 0, 256},
	[MESSAGE_OWN_HEAD_GET] = {start_own_head_get, 4, 0, 0, 1024},
	[MESSAGE_OWN_HEAD] = {gossip_own_head_take, 20, 6, 1, 256},
	[MESSAGE_WHOLE_GET] = {serve_whole_get, 256 * 20, 2 * 256, 0, 0},
	[MESSAGE_WHOLE] = {NULL, 0, 0, 0, 0},
};
#define X(name, number, elements) +1
/* 0 is not used. */
_Static_assert(sizeof(worsts) / sizeof(worsts[0]) == 1 MESSAGE_LIST(X), "one for each message");
#undef X

enum { OLD_COUNT = 256, PATH_SEED = 5 };
static struct test_org stranger; /* of no federation */
static const char path[] = "gemeinde-2/lang";

static struct dataset_id dataset_of(struct hub_fixture *f)
{
	return test_dataset(&f->fed, 2, path);
}

/* Versions of one dataset, as many as anybody looks at, none of which has the chunks asked for. */
static void versions_make(struct hub_fixture *f)
{
	for (uint64_t i = 1; i <= OLD_COUNT; i++) {
		struct parcel p = {
			.member = 2, .path = path, .number = i, .seed = PATH_SEED, .count = 1};
		parcel_make(&p, &f->fed);
		parcel_known(&p, &f->node, &f->fed, NULL);
		parcel_held(&p, &f->node);
		parcel_fini(&p);
	}
	hub_node_turn(&f->node);
}

/* Records by node 0 of the peer's organisation; spoilt: the last byte is not right. */
static void put_records(struct hub_fixture *f, struct message_list *list, unsigned count,
			bool spoilt)
{
	for (unsigned i = 0; i < count; i++) {
		char name[40];
		struct test_record record;
		struct buf whole;
		snprintf(name, sizeof(name), "gemeinde-2/d%u", i);
		test_record_init(&record, &f->fed, 2, name, 1, i + 1);
		buf_init(&whole, LIMIT_RECORD_LEN_MAX);
		test_record_put(&whole, &record);
		whole.ptr[whole.len - 1] ^= spoilt;
		message_list_bin(list, buf_bytes(&whole));
		buf_fini(&whole);
		test_record_fini(&record);
	}
}

static void put_join(struct hub_fixture *f, struct buf *out)
{
	struct invitation invitation = {.fed = f->fed.charter.fed, .secret = {{9}}};
	const struct digest commitment = {{1}};
	struct buf request;
	snprintf(invitation.name, sizeof(invitation.name), "Neu");
	snprintf(invitation.slug, sizeof(invitation.slug), "neu");
	snprintf(invitation.ags, sizeof(invitation.ags), "14627999");
	buf_init(&request, LIMIT_JOIN_REQUEST_LEN_MAX);
	join_request_make(&request, &invitation, buf_bytes(&stranger.entry), NULL, &commitment,
			  &(struct digest){{7}}, &stranger.root);
	message_join(out, buf_bytes(&request));
	buf_fini(&request);
}

/* Two heads of one number that are signed, of which the second contradicts the first. */
static void put_evidence(struct hub_fixture *f, struct buf *out)
{
	struct ledger_node nodes[2];
	struct bytes heads[2];
	for (unsigned i = 0; i < 2; i++) {
		ledger_node_open(&nodes[i], &f->fed, 3);
		ledger_now(&nodes[i].ledger, hub_node_wall(&f->node));
		test_append(&nodes[i].ledger, nodes[i].txn, i, 10);
		assert_int_equal(ledger_head_make(&nodes[i].ledger, nodes[i].txn, NULL), ERR_OK);
		assert_true(ledger_head(nodes[i].txn, author_of(3, 0), 1, &heads[i]));
	}
	message_evidence(out, heads[0], heads[1]);
	for (unsigned i = 0; i < 2; i++)
		ledger_node_close(&nodes[i]);
}

/* What a message of this type says at its worst; the peer may be another than the usual one. */
static void put_list(struct hub_fixture *f, struct message_list *list)
{
	struct buf crowd;
	for (unsigned i = 0; i < MESSAGE_LIST_COUNT_MAX; i++) {
		const struct org_id org = {{(uint8_t)i, (uint8_t)(i >> 8), 1}};
		const struct message_state state = {.author = i + 1, .incarnation = 1};
		const struct version_id of = {dataset_of(f), i + 1, author_of(1, 0)};
		const struct version_id first = {dataset_of(f), 1, author_of(2, 0)};
		const struct chunk_addr addr = {{(uint8_t)i, 3}};
		if (list->type == MESSAGE_ORGLOG_GET)
			message_list_org(list, &org, 1);
		else if (list->type == MESSAGE_STATES)
			message_list_state(list, &state);
		else if (list->type == MESSAGE_HOLDS)
			message_list_version(list, &of);
		else if (list->type == MESSAGE_WHOLE_GET && i < MESSAGE_WHOLE_COUNT_MAX)
			message_list_version(list, &first);
		else if (list->type == MESSAGE_CHUNK_GET && i < 128)
			message_list_addr(list, &addr);
		else if (list->type == MESSAGE_CHARTER &&
			 list->items.len < LIMIT_MESSAGE_LEN_MAX / 2)
			message_list_bin(list, buf_bytes(&f->fed.entry));
	}
	if (list->type != MESSAGE_ORGLOG)
		return;
	buf_init(&crowd, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	test_org_crowd(&crowd, &f->fed.orgs[1], LIMIT_NODE_COUNT_MAX, 1);
	for (unsigned i = 0; i < 15; i++)
		message_list_entry(list, &f->fed.orgs[1].id, buf_bytes(&crowd));
	buf_fini(&crowd);
}

static void put_worst(struct hub_fixture *f, enum message_type type, struct buf *out)
{
	struct message_list list = message_list_begin(type);
	const struct digest digest = {{7}};
	const struct version_id of = {dataset_of(f), 1, author_of(2, 0)};
	struct setdigest_page page = {.count = 0};
	struct buf sequences;
	struct bytes head;
	uint8_t *sketch;
	list.dataset = dataset_of(f);
	switch (type) {
	case MESSAGE_HELLO:
		message_hello(out, "x", 1, &digest, NULL);
		break;
	case MESSAGE_SKETCH:
		sketch = mem_new(1, MESSAGE_SKETCH_LEN_MAX);
		memset(sketch, 1, MESSAGE_SKETCH_LEN_MAX);
		message_sketch(out, bytes_of(sketch, MESSAGE_SKETCH_LEN_MAX));
		free(sketch);
		break;
	case MESSAGE_CHARTER_GET:
		message_charter_get(out, 1);
		break;
	case MESSAGE_RECORDS:
		put_records(f, &list, MESSAGE_RECORD_COUNT_MAX, false);
		message_list_end(&list, out);
		break;
	case MESSAGE_CHARTER:
	case MESSAGE_ORGLOG_GET:
	case MESSAGE_ORGLOG:
	case MESSAGE_STATES:
	case MESSAGE_CHUNK_GET:
	case MESSAGE_HOLDS:
	case MESSAGE_WHOLE_GET:
		put_list(f, &list);
		message_list_end(&list, out);
		break;
	case MESSAGE_TOTALS:
		message_totals(out, UINT64_MAX, UINT64_MAX, UINT64_MAX);
		break;
	case MESSAGE_HEAD:
		assert_true(ledger_head(f->node.txn, author_of(3, 0), 1, &head));
		message_head(out, head);
		out->ptr[out->len - 1] ^= 1;
		break;
	case MESSAGE_OWN_HEAD_GET:
		message_own_head_get(out);
		break;
	case MESSAGE_OWN_HEAD:
		assert_true(ledger_head(f->node.txn, author_of(1, 0), 1, &head));
		message_own_head(out, head);
		out->ptr[out->len - 1] ^= 1;
		break;
	case MESSAGE_EVIDENCE:
		put_evidence(f, out);
		break;
	case MESSAGE_NOT_HERE:
		message_not_here(out, author_of(3, 0), 1);
		break;
	case MESSAGE_LEAVES_GET:
		message_leaves_get(out, author_of(3, 0), 1, &digest, 0);
		break;
	case MESSAGE_LEAVES:
		message_leaves(out, author_of(3, 0), 1, &digest, &page);
		break;
	case MESSAGE_RECORDS_GET:
		buf_init(&sequences, 8 * MESSAGE_LIST_COUNT_MAX);
		for (uint64_t i = 0; i < MESSAGE_LIST_COUNT_MAX; i++)
			buf_add_be64(&sequences, 1000000 + i);
		message_records_get(out, author_of(3, 0), 1, buf_bytes(&sequences));
		buf_fini(&sequences);
		break;
	case MESSAGE_SYNC_END:
		message_sync_end(out);
		break;
	case MESSAGE_JOIN:
		put_join(f, out);
		break;
	case MESSAGE_JOIN_ANSWER:
		message_join_answer(out, MESSAGE_JOIN_REFUSED, "no", NULL);
		break;
	case MESSAGE_TAKEN:
		message_taken(out, UINT64_MAX);
		break;
	case MESSAGE_INDEX_GET:
		message_index_get(out, &of, NULL);
		break;
	case MESSAGE_INDEX:
		message_index(out, &of, bytes_of(NULL, 0), false);
		break;
	case MESSAGE_FORK:
		message_fork(out, NULL, buf_bytes(&f->fed.entry), buf_bytes(&f->fed.entry));
		break;
	case MESSAGE_JOIN_OPEN:
		message_join_open(out, &digest);
		break;
	case MESSAGE_CHUNK:
	case MESSAGE_WHOLE:
		break;
	}
	if (list.items.ptr)
		buf_fini(&list.items);
}

/* As it stands when the worst can be said: what is asked for was, the comparison is where it is. */
static void stage(struct hub_fixture *f, enum message_type type, struct peer **peer)
{
	if (type == MESSAGE_JOIN)
		*peer = hub_node_guest(&f->node, &stranger);
	if (type == MESSAGE_HEAD || type == MESSAGE_RECORDS_GET)
		hub_node_fill(&f->node, &f->fed, 3, 10, 20);
	if (type == MESSAGE_OWN_HEAD)
		hub_node_fill(&f->node, &f->fed, 1, 10, 20);
	if (type == MESSAGE_CHUNK_GET || type == MESSAGE_INDEX_GET || type == MESSAGE_WHOLE_GET)
		versions_make(f);
	for (uint32_t i = 0; type == MESSAGE_INDEX_GET && i <= MESSAGE_LIST_COUNT_MAX; i++) {
		const struct version_id of = {dataset_of(f), 1, author_of(2, 0)};
		struct index_entry entry = {.size = 1000};
		be32_put(entry.addr.b, i);
		held_index_put(f->node.txn, &of, &entry, false);
	}
	(*peer)->sync->charter_asked = type == MESSAGE_CHARTER;
	(*peer)->sync->orglog_asked = type == MESSAGE_ORGLOG;
	if (type == MESSAGE_SKETCH)
		(*peer)->sync->phase = SYNC_SKETCH;
	hub_node_turn(&f->node);
}

static void the_worst_of_each_message(void **state)
{
	test_org_init(&stranger, 30);
	for (size_t type = 1; type < COUNT(worsts); type++) {
		const struct worst *worst = &worsts[type];
		struct hub_fixture *f;
		struct buf message;
		if (!worst->take)
			continue;
		hub_fixture_setup((void **)&f);
		struct peer *peer = f->peer;
		buf_init(&message, LIMIT_MESSAGE_LEN_MAX);
		stage(f, (enum message_type)type, &peer);
		put_worst(f, (enum message_type)type, &message);
		const struct txn_cost before = txn_cost(f->node.txn);
		const uint64_t curves = effort_made();
		const uint64_t sent = f->node.hub.meter.sent_bytes;
		hub_node_hear(&f->node, peer, worst->take, &message);
		const struct txn_cost after = txn_cost(f->node.txn);
		const uint64_t made[] = {after.lookups - before.lookups,
					 after.writes - before.writes, effort_made() - curves,
					 f->node.hub.meter.sent_bytes - sent};
		print_message("%-12s %6u look-ups %5u writes %4u on curves %7u bytes\n",
			      message_name((enum message_type)type), (unsigned)made[0],
			      (unsigned)made[1], (unsigned)made[2], (unsigned)made[3]);
		assert_true(made[0] <= worst->lookups && made[1] <= worst->writes &&
			    made[2] <= worst->curves && made[3] <= worst->sent);
		hub_fixture_teardown((void **)&f);
	}
	test_org_fini(&stranger);
}

/* However many versions of however many nodes there are, a chunk is one look-up. */
static void a_chunk_is_one_look_up(void **state)
{
	uint64_t cost[2];
	for (unsigned i = 0; i < 2; i++) {
		struct hub_fixture *f;
		struct buf message;
		hub_fixture_setup((void **)&f);
		if (i)
			versions_make(f);
		else {
			struct parcel p = {.member = 2, .path = path, .seed = PATH_SEED};
			parcel_make(&p, &f->fed);
			parcel_known(&p, &f->node, &f->fed, NULL);
			parcel_held(&p, &f->node);
			parcel_fini(&p);
			hub_node_turn(&f->node);
		}
		buf_init(&message, LIMIT_MESSAGE_LEN_MAX);
		put_worst(f, MESSAGE_CHUNK_GET, &message);
		uint64_t before = txn_cost(f->node.txn).lookups;
		hub_node_hear(&f->node, f->peer, serve_chunk_get, &message);
		cost[i] = txn_cost(f->node.txn).lookups - before;
		hub_fixture_teardown((void **)&f);
	}
	assert_int_equal(cost[0], cost[1]);
}

/* Good records are paid by their author, whoever sent them; wrong ones by the sender. */
static void who_pays_for_records(void **state)
{
	struct hub_fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct peer *relay = hub_node_member(&f->node, &f->fed.orgs[2]);
	for (unsigned spoilt = 0; spoilt < 2; spoilt++) {
		struct message_list list = message_list_begin(MESSAGE_RECORDS);
		int64_t author = meter_account(&hub->meter, 2, hub->mono_ms)->units;
		int64_t sender = meter_account(&hub->meter, 3, hub->mono_ms)->units;
		put_records(f, &list, 32, false);
		if (spoilt) {
			ledger_author_drop(&hub->ledger, f->node.txn, author_of(2, 0));
			buf_fini(&list.items);
			list = message_list_begin(MESSAGE_RECORDS);
			put_records(f, &list, 32, true);
		}
		hub_charge(hub, f->node.txn, METER_OWN);
		hub_node_hear_list(&f->node, relay, gossip_records_take, &list);
		author -= meter_account(&hub->meter, 2, hub->mono_ms)->units;
		sender -= meter_account(&hub->meter, 3, hub->mono_ms)->units;
		assert_true(spoilt ? author == 0 : author >= 32 * 60);
		assert_true(spoilt ? sender >= 60 : sender < 32 * 40);
		hub_node_turn(&f->node);
	}
	assert_true(relay->up); /* one such message is no reason to part */
}

/*
 * Who has split its log makes honest nodes hold each other's records of it for forged: that is no
 * reason to part, and is looked at once. What an organisation says in its own name is its own
 * fault.
 */
static void a_split_log_parts_nobody(void **state)
{
	struct hub_fixture *f = *state;
	struct peer *relay = hub_node_member(&f->node, &f->fed.orgs[2]);
	for (unsigned i = 0; i < 100; i++) {
		struct message_list list = message_list_begin(MESSAGE_RECORDS);
		put_records(f, &list, 10, true);
		const uint64_t curves = effort_made();
		hub_node_hear_list(&f->node, relay, gossip_records_take, &list);
		assert_int_equal(effort_made() - curves, i ? 0 : 1);
	}
	assert_true(relay->up);
	for (unsigned i = 0; i < 100 && f->peer->up; i++) {
		struct message_list list = message_list_begin(MESSAGE_RECORDS);
		put_records(f, &list, 10, true);
		hub_node_hear_list(&f->node, f->peer, gossip_records_take, &list);
	}
	assert_false(f->peer->up);
}

/* The same when its log grows all the time, so that keys are looked at anew. */
static void a_split_log_that_grows_parts_nobody(void **state)
{
	struct hub_fixture *f = *state;
	struct peer *relay = hub_node_member(&f->node, &f->fed.orgs[2]);
	for (unsigned i = 0; i < 64; i++) {
		struct message_list list = message_list_begin(MESSAGE_RECORDS);
		const uint64_t curves = effort_made();
		put_records(f, &list, 10, true);
		hub_node_hear_list(&f->node, relay, gossip_records_take, &list);
		assert_true(effort_made() > curves);
		hub_forget(&f->node.hub, 2); /* as when an entry comes */
	}
	assert_true(relay->up);
	assert_false(hub_paused(&f->node.hub, relay->author));
}

/* While its organisation is in debt a record is left, from whomever it comes. */
static void records_of_a_debtor_are_left(void **state)
{
	struct hub_fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct peer *relay = hub_node_member(&f->node, &f->fed.orgs[2]);
	struct author_state of;
	for (unsigned i = 0; i < 2; i++) {
		struct message_list list = message_list_begin(MESSAGE_RECORDS);
		uint64_t curves;
		if (i == 0)
			meter_charge(&hub->meter, 2, hub->options.limits->cost_burst + 1000,
				     hub->mono_ms);
		put_records(f, &list, 10, false);
		curves = effort_made();
		hub_node_hear_list(&f->node, relay, gossip_records_take, &list);
		assert_int_equal(effort_made() - curves, i ? 10 : 0);
		assert_int_equal(!ledger_state(&hub->ledger, f->node.txn, author_of(2, 0), &of), i);
		hub_node_pass(&f->node, 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_of_each_message),
		cmocka_unit_test(a_chunk_is_one_look_up),
		hub_test(who_pays_for_records),
		hub_test(a_split_log_parts_nobody),
		hub_test(a_split_log_that_grows_parts_nobody),
		hub_test(records_of_a_debtor_are_left),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
