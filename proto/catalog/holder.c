/*
 * holder - who holds a version, and on whose machines the copies lie (catalog.h: catalog_holders).
 */
#include <stdio.h>
#include <string.h>

#include "proto/catalog/catalog.h"
#include "proto/charter/contact.h"
#include "proto/transfer/holds.h"

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

static void holder_add(struct holders *holders, uint32_t author)
{
	for (size_t i = 0; i < holders->count; i++)
		if (holders->items[i].author == author)
			return;
	if (holders->count < holders->max)
		holders->count += catalog_holder(holders->hub, holders->txn, author,
						 &holders->items[holders->count]);
}

size_t catalog_holders(struct hub *hub, struct txn *txn, const struct catalog_entry *entry,
		       struct catalog_holder *out, size_t max)
{
	struct version_id of = {entry->dataset, entry->number, entry->author};
	struct holders holders = {hub, txn, out, 0, max};
	struct row_key prefix = key_dataset(&entry->dataset);
	struct walk walk = walk_begin(txn, TABLE_HOLDER, row_key_bytes(&prefix));
	if (entry->held)
		holder_add(&holders, hub->author);
	for (size_t i = 0; i < hub->peers.count; i++)
		if (hub->peers.items[i]->up && holds_has(hub->peers.items[i], &of))
			holder_add(&holders, hub->peers.items[i]->author);
	while (entry->author == hub->author && walk_next(&walk)) {
		uint32_t author = be32_get(walk.key.ptr + ID_LEN);
		/* One that is linked speaks for itself: it may have lost what it had. */
		if (walk.value.len == 8 && be64_get(walk.value.ptr) == entry->number &&
		    !peers_by_author(hub, author))
			holder_add(&holders, author);
	}
	return holders.count;
}

/* PROTOCOL: "Copies at one operator count as one." */
static bool same_operator(const struct catalog_holder *a, const struct catalog_holder *b)
{
	if (a->operator_name[0] || b->operator_name[0])
		return strcmp(a->operator_name, b->operator_name) == 0;
	return strcmp(a->slug, b->slug) == 0;
}

size_t catalog_operators(const struct catalog_holder *holders, size_t count)
{
	size_t operators = 0;
	for (size_t i = 0; i < count; i++) {
		size_t first = 0;
		while (!same_operator(&holders[first], &holders[i]))
			first++;
		operators += first == i;
	}
	return operators;
}
