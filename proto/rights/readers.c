#include "proto/rights/readers.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/rights/handed.h"
#include "proto/rights/rights.h"
#include "proto/rights/table.h"
#include "proto/rights/world.h"

/* PROTOCOL: "A reader is an organisation that is a member (not a relay)" */
bool readers_may(const struct hub *hub, const struct org_id *org)
{
	const struct charter_member *member = charter_by_org(&hub->charter, org);

	return member && member->state == CHARTER_MEMBER;
}

static int reader_cmp(const void *a, const void *b)
{
	const struct reading_org *x = a, *y = b;
	int order = memcmp(x->org.b, y->org.b, ID_LEN);

	return order ? order : strcmp(x->path, y->path);
}

bool readers_has(const struct readers *readers, const struct org_id *org, struct bytes path,
		 bool maybe)
{
	struct reading_org wanted = {.org = *org, .path = bytes_text(path)};
	const struct reading_org *found = readers->count > 0
						  ? bsearch(&wanted, readers->items, readers->count,
							    sizeof(*readers->items), reader_cmp)
						  : NULL;

	free(wanted.path);
	return found && (found->good || maybe);
}

/* There may be thousands: in order, each once. */
static void readers_sort(struct readers *readers)
{
	size_t kept = 0;

	if (readers->count > 0)
		qsort(readers->items, readers->count, sizeof(*readers->items), reader_cmp);
	for (size_t i = 0; i < readers->count; i++) {
		if (kept > 0 && reader_cmp(&readers->items[kept - 1], &readers->items[i]) == 0) {
			readers->items[kept - 1].good |= readers->items[i].good;
			free(readers->items[i].path);
		} else {
			readers->items[kept++] = readers->items[i];
		}
	}
	readers->count = kept;
}

static void readers_add(struct readers *readers, const struct org_id *org, struct bytes path,
			bool good)
{
	readers->items =
		mem_room(readers->items, readers->count, &readers->cap, sizeof(*readers->items));
	readers->items[readers->count++] = (struct reading_org){*org, bytes_text(path), good};
}

static void readers_note_time(struct readers *readers, int64_t at_ms)
{
	if (at_ms > readers->hub->judge_ms && at_ms < readers->next_ms)
		readers->next_ms = at_ms;
}

void readers_note_end(struct readers *readers, int64_t at_ms)
{
	readers_note_time(readers, at_ms);
	if (at_ms > readers->hub->act_ms && at_ms < readers->ends_ms)
		readers->ends_ms = at_ms;
}

/* One line of the own namespace, as it is now. */
static void reader_take(struct readers *readers, struct txn *txn, const struct verdict *verdict,
			bool good)
{
	struct hub *hub = readers->hub;
	struct counted_line first;
	struct world world;

	if (verdict->verb < VERB_READ)
		return;
	readers_note_end(readers, verdict->to_ms);
	if (!readers_may(hub, &verdict->org) || (!good && hub->act_ms >= verdict->to_ms))
		return;
	world_begin(&world, hub, txn);
	int64_t until_ms = verdict_line(&world.facts, &verdict->chain[0], &first)
				   ? first.line.expiry_ms
				   : verdict->to_ms;
	if (handed_admit(txn, verdict, until_ms)) {
		readers_add(readers, &verdict->org, verdict->prefix, good);
	} else {
		readers->waiting++;
		readers->waiting_by = charter_member(&hub->charter, verdict->issuers[1])->org;
	}
}

void readers_load(struct hub *hub, struct txn *txn, struct readers *readers)
{
	struct table_walk walk = table_walk(hub, txn, author_member(hub->author), NULL);
	struct verdict verdict;
	bool good;

	*readers = (struct readers){.hub = hub, .next_ms = INT64_MAX, .ends_ms = INT64_MAX};
	while (table_walk_next(&walk, &verdict, &good))
		reader_take(readers, txn, &verdict, good);
	readers_sort(readers);
}

void readers_fini(struct readers *readers)
{
	for (size_t i = 0; i < readers->count; i++)
		free(readers->items[i].path);
	free(readers->items);
}
