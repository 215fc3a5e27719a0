/*
 * sync - what it costs to find out in what two nodes differ: bench-sync RECORDS...
 *
 * So many records of as many authors as make 91 each, known to both nodes; then, for each size, a
 * line ROW;RECORDS;BYTES;ROUNDS;CPU_MS for
 *
 *	in sync     both have the same;
 *	one change  one of them knows a record more: from signing it until the other has it;
 *	discovery   of each 1,000 records one more, of any author, half of them at either node.
 *
 * Bytes are those of messages that carry no head or record, as they go over the line; rounds are
 * round trips until both know what the other lacks; the processor's time is that of both nodes,
 * without taking heads and records in discovery. Stores lie in memory.
 */
#include <stdio.h>
#include <time.h>

#include "proto/sync/gossip.h"
#include "proto/sync/sync.h"
#include "test/proto/hub_node.h"

enum {
	AUTHOR_RECORDS = 91,
	ADMIT_AT_ONCE = 40,
	TURN_RECORDS = 20000,
	LINE_LEN = 2 + 2 + 16, /* beside each fragment: length, channel and flag, tag */
};

struct side {
	struct hub_node node;
	struct peer *peer;
};
struct bench {
	struct test_federation fed; /* of the two nodes; the authors are further members */
	struct side sides[2];
	struct test_org *orgs; /* of the authors; number i is member i + 3 */
	uint32_t count;
	uint64_t bytes, halves; /* of one exchange */
	double handlers_ms;     /* the same: messages that are counted */
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- what both have ---- */

static void admit(struct bench *bench, const struct charter_change *changes, size_t count)
{
	struct hub_node *node = &bench->sides[0].node;
	struct buf entry;

	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	test_charter_next(&entry, &bench->fed, &node->hub.charter, changes, count);
	check(!charter_accept(node->txn, &node->hub.charter, buf_bytes(&entry), NULL));
	hub_forget(&node->hub, 0);
	buf_fini(&entry);
}

static void authors_admit(struct bench *bench)
{
	struct hub_node *node = &bench->sides[0].node;
	struct charter_change changes[ADMIT_AT_ONCE];
	size_t count = 0;

	bench->orgs = mem_new(bench->count, sizeof(*bench->orgs));
	for (uint32_t i = 0; i < bench->count; i++) {
		struct test_org *org = &bench->orgs[i];
		test_org_init(org, i + 3);
		test_admit(&changes[count++], org, i + 3);
		check(!orglog_accept(node->txn, &org->id, buf_bytes(&org->entry), NULL));
		if (count < ADMIT_AT_ONCE && i + 1 < bench->count)
			continue;
		admit(bench, changes, count);
		count = 0;
	}
}

/* The side says something in the name of an author, who is another in each slot. */
static void author_says(struct bench *bench, struct side *side, uint32_t author, unsigned slot,
			unsigned records)
{
	struct ledger *ledger = &side->node.hub.ledger;

	ledger_own(ledger, author_of(author + 3, 0), &bench->orgs[author].sign);
	for (unsigned i = 0; i < records; i++)
		test_append(ledger, side->node.txn, slot + i, 20);
	check(!ledger_head_make(ledger, side->node.txn, NULL));
	ledger_own(ledger, side->node.hub.author, secret_key(side->node.identity.sign));
}

static void copy(struct side *from, struct side *to)
{
	static const enum table tables[] = {TABLE_CHARTER,     TABLE_ORGLOG, TABLE_ORGLOG_PATH,
					    TABLE_ORGLOG_PAST, TABLE_RECORD, TABLE_LEAF,
					    TABLE_NODE,        TABLE_HEAD,   TABLE_AUTHOR};

	for (size_t i = 0; i < COUNT(tables); i++) {
		struct walk walk = walk_begin(from->node.txn, tables[i], bytes_of(NULL, 0));
		while (walk_next(&walk))
			txn_put(to->node.txn, tables[i], walk.key, walk.value);
	}
	check(!txn_err(to->node.txn));
	hub_node_machines(&to->node);
}

static void fill(struct bench *bench, uint64_t records)
{
	struct side *first = &bench->sides[0];
	uint64_t said = 0;

	authors_admit(bench);
	for (uint32_t i = 0; i < bench->count; i++) {
		unsigned part = (unsigned)((records - said) / (bench->count - i));
		author_says(bench, first, i, 0, part);
		said += part;
		if (i % (TURN_RECORDS / AUTHOR_RECORDS) == 0)
			hub_node_turn(&first->node);
	}
	hub_node_turn(&first->node);
	copy(first, &bench->sides[1]);
}

/* ---- the two speak ---- */

static hub_node_handler *const handlers[] = {
	[MESSAGE_HELLO] = sync_hello_take,   [MESSAGE_SKETCH] = sync_sketch_take,
	[MESSAGE_STATES] = sync_states_take, [MESSAGE_TOTALS] = sync_totals_take,
	[MESSAGE_HEAD] = gossip_head_take,   [MESSAGE_RECORDS] = gossip_records_take,
	[MESSAGE_SYNC_END] = sync_end_take,  [MESSAGE_TAKEN] = sync_taken_take,
};

/* One message comes; whether it was part of finding out what differs. */
static void take(struct bench *bench, struct side *to, struct bytes bytes, bool *finds)
{
	struct message m;

	check(!message_decode(&m, bytes));
	if (m.type >= COUNT(handlers) || !handlers[m.type])
		return;
	bool carries = m.type == MESSAGE_HEAD || m.type == MESSAGE_RECORDS;
	*finds = *finds || m.type == MESSAGE_HELLO || m.type == MESSAGE_SKETCH ||
		 m.type == MESSAGE_STATES;
	if (!carries && m.type != MESSAGE_TAKEN)
		bench->bytes += bytes.len + (bytes.len / LIMIT_FRAME_LEN_MAX + 1) * LINE_LEN;
	double began = now_ms();
	handlers[m.type](&to->node.hub, to->node.txn, to->peer, &m);
	if (!carries)
		bench->handlers_ms += now_ms() - began;
}

/* All that one side has said goes to the other; false: it has said nothing. */
static bool half_round(struct bench *bench, struct side *from, struct side *to)
{
	struct effects said = from->node.effects;
	bool any = false, finds = false;

	from->node.effects = (struct effects){0};
	for (size_t i = 0; i < said.count; i++) {
		struct effect *effect = &said.items[i];
		if (effect->type != EFFECT_SEND || effect->link != from->peer->link)
			continue;
		any = true;
		take(bench, to, buf_bytes(&effect->bytes), &finds);
	}
	effects_fini(&said);
	bench->halves += finds;
	return any;
}

static void exchange(struct bench *bench)
{
	struct side *sides = bench->sides;
	bool any = true;
	double began = now_ms();

	bench->bytes = bench->halves = 0;
	sides[0].peer->sync->next_hello_ms = INT64_MAX;
	sync_hello(&sides[0].node.hub, sides[0].node.txn, sides[0].peer);
	bench->handlers_ms = now_ms() - began;
	while (any) {
		any = half_round(bench, &sides[0], &sides[1]);
		any = half_round(bench, &sides[1], &sides[0]) || any;
	}
	for (unsigned i = 0; i < 2; i++)
		hub_node_turn(&sides[i].node);
	struct digest one, other;
	roll_content(ledger_roll(&sides[0].node.hub.ledger, sides[0].node.txn), &one);
	roll_content(ledger_roll(&sides[1].node.hub.ledger, sides[1].node.txn), &other);
	check(id_eq(&one, &other));
}

static void say(const struct bench *bench, const char *row, uint64_t records, double ms)
{
	printf("%s;%llu;%llu;%g;%.3f\n", row, (unsigned long long)records,
	       (unsigned long long)bench->bytes, (double)bench->halves / 2, ms);
	fflush(stdout);
}

static void measure(uint64_t records)
{
	struct bench *bench = mem_new(1, sizeof(*bench));
	struct random random = random_seeded(5);

	bench->count = (uint32_t)(records / AUTHOR_RECORDS + 1);
	test_federation_init(&bench->fed, 2, 1, 1);
	for (unsigned i = 0; i < 2; i++)
		hub_node_open(&bench->sides[i].node, &bench->fed, &bench->fed.orgs[i]);
	fill(bench, records);
	for (unsigned i = 0; i < 2; i++) {
		struct side *side = &bench->sides[i];
		side->peer = hub_node_member(&side->node, &bench->fed.orgs[1 - i]);
		side->peer->dial = i == 0;
		side->peer->sync->charter_compared = side->node.hub.charter.number;
	}
	exchange(bench); /* whatever the two nodes themselves have said */
	exchange(bench);
	say(bench, "in sync", records, bench->handlers_ms);
	double began = now_ms();
	author_says(bench, &bench->sides[0], bench->count / 2, 1000, 1);
	exchange(bench);
	say(bench, "one change", records, now_ms() - began);
	for (unsigned i = 0; i < records / 1000; i++) {
		/* Nobody says two things at once. */
		uint32_t author = (uint32_t)random_below(&random, bench->count);
		author_says(bench, &bench->sides[author % 2], author, 2000 + i, 1);
	}
	for (unsigned i = 0; i < 2; i++)
		hub_node_turn(&bench->sides[i].node);
	exchange(bench);
	say(bench, "discovery", records, bench->handlers_ms);
	for (unsigned i = 0; i < 2; i++)
		hub_node_close(&bench->sides[i].node);
	for (uint32_t i = 0; i < bench->count; i++)
		test_org_fini(&bench->orgs[i]);
	free(bench->orgs);
	test_federation_fini(&bench->fed);
	free(bench);
}

int main(int argc, char **argv)
{
	setenv("ALLMENDE_TEST_MAP_MIB", "8192", 0); /* a million records take more than tests do */
	check(!test_setup(NULL));
	for (int i = 1; i < argc; i++)
		measure(strtoull(argv[i], NULL, 10));
	return 0;
}
