/*
 * holder - who holds a version, or says so, and how many copies that is (catalog.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/catalog/catalog.h"
#include "proto/charter/contact.h"
#include "proto/transfer/proof.h"

/*
 * PROTOCOL: "`operator` is the empty text when the organisation runs the node itself, otherwise the
 * name of who does."
 */
static bool operator_of(struct hub *hub, struct txn *txn, uint32_t author, struct bytes *name)
{
	struct record_slot slot = record_slot_contact();
	struct record record;
	struct contact contact;
	*name = author == hub->author ? contact_operator(hub->options.identity->operator)
				      : bytes_of(NULL, 0);
	if (author == hub->author)
		return true;
	if (ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), author, &record) ||
	    contact_get(&contact, record.body))
		return false;
	*name = contact.operator_name;
	return true;
}

bool catalog_holder(struct hub *hub, struct txn *txn, uint32_t author, struct catalog_holder *out)
{
	const struct charter_member *member = hub_author_member(hub, author);
	if (!member)
		return false;
	struct bytes name;
	*out = (struct catalog_holder){
		.author = author, .slug = member->slug, .name = member->name};
	out->operator_known = operator_of(hub, txn, author, &name);
	snprintf(out->operator_name, sizeof(out->operator_name), "%.*s", (int)name.len,
		 (const char *)name.ptr);
	return true;
}

struct holders {
	struct hub *hub;
	struct txn *txn;
	struct catalog_holder *items;
	size_t count, max;
};

static void holder_add(struct holders *holders, uint32_t author, bool proved)
{
	for (size_t i = 0; i < holders->count; i++)
		if (holders->items[i].author == author)
			return;
	if (holders->count == holders->max ||
	    !catalog_holder(holders->hub, holders->txn, author, &holders->items[holders->count]))
		return;
	holders->items[holders->count++].proved = proved;
}

static const int64_t say_ms = 60 * 1000;

/* Those that hold an own version, as samples have shown; or those that only say so. */
static void rows_add(struct holders *holders, const struct version_id *of, bool proved)
{
	struct hub *hub = holders->hub;
	struct row_key prefix = key_dataset(&of->dataset);
	struct walk walk = walk_begin(holders->txn, TABLE_HOLDER, row_key_bytes(&prefix));
	while (walk_next(&walk)) {
		uint32_t author = be32_get(walk.key.ptr + ID_LEN);
		const struct peer *peer = peers_by_author(hub, author);
		struct holder row;
		if (!holder_get(&row, walk.value) || row.number != of->number ||
		    holder_proved(&row, of->number, hub->wall_ms) != proved)
			continue;
		/* One that is linked says so in this time, or has lost what it had. */
		if (!peer || hub->mono_ms - peer->up_ms < say_ms || holds_has(peer, of))
			holder_add(holders, author, proved);
	}
}

size_t catalog_holders(struct hub *hub, struct txn *txn, const struct catalog_entry *entry,
		       struct catalog_holder *out, size_t max)
{
	struct version_id of = {entry->dataset, entry->number, entry->author};
	struct holders holders = {hub, txn, out, 0, max};
	if (entry->held)
		holder_add(&holders, hub->author, true);
	if (entry->author == hub->author) {
		rows_add(&holders, &of, true);
		rows_add(&holders, &of, false);
	}
	for (size_t i = 0; i < hub->peers.count; i++)
		if (hub->peers.items[i]->up && holds_has(hub->peers.items[i], &of))
			holder_add(&holders, hub->peers.items[i]->author, false);
	return holders.count;
}

/*
 * PROTOCOL: "Copies of one organisation, and of organisations that name one operator, count as
 * one."
 * What a node says of its operator may make one copy of two, and never two of one.
 */
static bool same_copy(const struct catalog_holder *a, const struct catalog_holder *b)
{
	if (strcmp(a->slug, b->slug) == 0)
		return true;
	return a->operator_name[0] && strcmp(a->operator_name, b->operator_name) == 0;
}

size_t catalog_copies(const struct catalog_holder *holders, size_t count)
{
	size_t copies = 0;
	size_t *group = mem_new(count + 1, sizeof(*group));
	for (size_t i = 0; i < count; i++)
		group[i] = i;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (!holders[i].proved || !holders[k].proved ||
			    !same_copy(&holders[i], &holders[k]))
				continue;
			size_t from = group[i], to = group[k];
			for (size_t n = 0; n <= i; n++)
				group[n] = group[n] == from ? to : group[n];
		}
	}
	for (size_t i = 0; i < count; i++)
		copies += holders[i].proved && group[i] == i;
	free(group);
	return copies;
}
