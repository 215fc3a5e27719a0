#include "test/proto/rights/exported.h"

#include "crypto/check.h"
#include "proto/rights/token_export.h"
#include "proto/rights/world.h"

enum { NODE1_KEY = 7000 };

struct key exported_seed(const struct exported *e, uint32_t author)
{
	return author_node(author) == 0 ? e->fed.orgs[author_member(author) - 1].sign
					: test_key(NODE1_KEY);
}

static size_t place_of(uint32_t author)
{
	return 2 * (author_member(author) - 1) + author_node(author);
}

void exported_say(struct exported *e, uint32_t author, struct record_slot slot, struct bytes body)
{
	struct hub_node *node = &e->node;
	struct record fields = {.author = author,
				.incarnation = 1,
				.sequence = ++e->sequence[place_of(author)],
				.time_ms = hub_node_wall(node),
				.kind = slot.b[0],
				.slot = record_slot_bytes(&slot),
				.body = body};
	struct key seed = exported_seed(e, author);
	struct ledger_news news;
	struct buf whole;

	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	record_make(&whole, &fields, &e->fed.charter.fed, &seed);
	check(!ledger_accept_record(&node->hub.ledger, node->txn, buf_bytes(&whole), &news));
	buf_fini(&whole);
	hub_node_turn(node);
}

void exported_line(struct exported *e, uint32_t author, unsigned which)
{
	struct digest id;
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, &e->lines[which]);
	line_id(&id, &e->lines[which]);
	exported_say(e, author, line_slot(&id), buf_bytes(&body));
	buf_fini(&body);
}

void exported_head(struct exported *e, uint32_t author)
{
	struct hub_node *node = &e->node;
	struct key seed = exported_seed(e, author);
	struct author_state state;
	struct buf whole;

	check(!ledger_state(&node->hub.ledger, node->txn, author, &state));
	struct head fields = {
		.author = author,
		.incarnation = 1,
		.counter = ++e->counter[place_of(author)],
		.time_ms = hub_node_wall(node),
		.valid_until_ms = hub_node_wall(node) + 26 * INT64_C(3600000),
		.last_sequence = state.sequence,
		.live_count = state.live_count,
		.live_bytes = state.live_bytes,
		.set = state.set,
		.charter_number = node->hub.charter.number,
		.orglog_number =
			orglog_number(node->txn, &e->fed.orgs[author_member(author) - 1].id),
	};
	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	head_make(&whole, &fields, &e->fed.charter.fed, &seed);
	check(!ledger_accept_head(&node->hub.ledger, node->txn, buf_bytes(&whole), NULL));
	buf_fini(&whole);
	hub_node_turn(node);
}

void exported_heads(struct exported *e)
{
	exported_head(e, author_of(EXPORTED_O, 0));
	exported_head(e, author_of(EXPORTED_O, 1));
	exported_head(e, author_of(EXPORTED_B, 0));
	exported_head(e, author_of(EXPORTED_C, 0));
}

static struct line a_line(const struct exported *e, uint32_t from, uint32_t to, const char *prefix)
{
	return (struct line){.issuer = from,
			     .audience = to,
			     .org = e->fed.orgs[to - 1].id,
			     .prefix = bytes_str(prefix),
			     .nonce = {(uint8_t)from},
			     .round = 1,
			     .verb = VERB_READ,
			     .not_before_ms = TEST_TIME_MS - 600000,
			     .expiry_ms = TEST_TIME_MS + 365 * INT64_C(86400000),
			     .depth = 1,
			     .widest = LINE_TIER_USUAL,
			     .keep = KEEPING_CURRENT};
}

static void filler(struct exported *e, uint32_t author, unsigned count)
{
	const uint8_t body[20] = {1};

	for (unsigned i = 0; i < count; i++) {
		struct record_slot slot = {.b = {120}, .len = 5};
		be32_put(slot.b + 1, i);
		exported_say(e, author, slot, bytes_obj(&body));
	}
}

void exported_init(struct exported *e, unsigned records)
{
	*e = (struct exported){.first = {{0}}};
	test_federation_init(&e->fed, 4, 3, 3);
	hub_node_open(&e->node, &e->fed, &e->fed.orgs[0]);
	buf_init(&e->orglog2, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	test_org_second(&e->orglog2, &e->fed.orgs[EXPORTED_O - 1], ORGLOG_NODE_ACTIVE, NODE1_KEY);
	check(!orglog_accept(e->node.txn, &e->fed.orgs[EXPORTED_O - 1].id, buf_bytes(&e->orglog2),
			     NULL));
	ledger_forget(&e->node.hub.ledger, EXPORTED_O);
	for (uint32_t m = EXPORTED_O; m <= EXPORTED_C; m++)
		filler(e, author_of(m, 0), records + 1);
	filler(e, author_of(EXPORTED_O, 1), records + 1);
	e->lines[0] = a_line(e, EXPORTED_O, EXPORTED_B, "gemeinde-2/a");
	e->lines[0].verb = VERB_ADMIN;
	line_id(&e->first, &e->lines[0]);
	e->lines[1] = a_line(e, EXPORTED_B, EXPORTED_C, "gemeinde-2/a/x");
	e->lines[1].has_parent = true;
	e->lines[1].parent = e->first;
	line_id(&e->second, &e->lines[1]);
	exported_line(e, author_of(EXPORTED_O, 0), 0);
	exported_line(e, author_of(EXPORTED_B, 0), 1);
	exported_heads(e);
}

void exported_fini(struct exported *e)
{
	buf_fini(&e->orglog2);
	hub_node_close(&e->node);
	test_federation_fini(&e->fed);
}

void exported_orglog(struct exported *e, enum orglog_node_state first,
		     enum orglog_node_state second)
{
	const struct test_org *org = &e->fed.orgs[EXPORTED_O - 1];
	struct orglog log, next;
	struct buf entry;

	check(!orglog_load(e->node.txn, &org->id, &log));
	next = log;
	next.nodes[0].state = (uint8_t)first;
	next.nodes[1].state = (uint8_t)second;
	next.time_ms = hub_node_wall(&e->node);
	/* Who is put out takes the old wrap key along. */
	next.wrap.b[0] ^= (uint8_t)(first + 16 * second);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, &log, &next, &org->root);
	check(!orglog_accept(e->node.txn, &org->id, buf_bytes(&entry), NULL));
	ledger_forget(&e->node.hub.ledger, EXPORTED_O);
	buf_fini(&entry);
	orglog_fini(&log);
	hub_node_turn(&e->node);
}

enum err exported_file(struct exported *e, struct buf *out, char why[WHY_LEN])
{
	struct world world;

	world_begin(&world, &e->node.hub, e->node.txn);
	buf_init(out, TOKEN_FILE_LEN_MAX);
	return token_export(out, &e->node.hub.ledger, e->node.txn, &world.facts, &e->second,
			    hub_node_wall(&e->node), why);
}
