#include "proto/rights/world.h"

static bool world_member(void *arg, uint32_t number, struct fact_member *out)
{
	const struct world *world = arg;
	const struct charter_member *member = charter_member(&world->hub->charter, number);

	if (!member)
		return false;
	*out = (struct fact_member){
		.org = member->org,
		.present = charter_is_present(member),
		.relay = member->state == CHARTER_RELAY,
	};
	return true;
}

static uint32_t world_owner(void *arg, struct bytes slug)
{
	const struct world *world = arg;
	const struct charter_member *member = charter_by_slug(&world->hub->charter, slug);

	return member && charter_is_present(member) ? member->number : 0;
}

static void world_nodes(void *arg, uint32_t number, struct fact_nodes *out)
{
	struct world *world = arg;

	*out = (struct fact_nodes){.active_count = 0};
	out->active_count = ledger_nodes(&world->hub->ledger, world->txn, number, ORGLOG_ROLE_ADMIN,
					 out->active, VERDICT_NODES_MAX);
	out->leaving_count =
		ledger_leaving(&world->hub->ledger, world->txn, number, ORGLOG_ROLE_ADMIN,
			       world->hub->judge_ms, out->leaving, VERDICT_LEAVING_MAX);
}

static bool world_body(void *arg, uint32_t author, struct bytes slot, struct bytes *body)
{
	struct world *world = arg;
	struct record record;

	if (ledger_slot(&world->hub->ledger, world->txn, slot, author, &record))
		return false;
	*body = record.body;
	return true;
}

/* A line fits its slot at nodes of its issuer alone, so the first record there tells. */
static uint32_t world_issuer(void *arg, const struct digest *line)
{
	struct world *world = arg;
	struct record_slot slot = line_slot(line);

	return author_member(ledger_slot_author(world->txn, record_slot_bytes(&slot)));
}

void world_begin(struct world *world, struct hub *hub, struct txn *txn)
{
	*world = (struct world){
		.hub = hub,
		.txn = txn,
		.facts =
			{
				.arg = world,
				.member = world_member,
				.owner = world_owner,
				.nodes = world_nodes,
				.body = world_body,
				.issuer = world_issuer,
			},
	};
}
