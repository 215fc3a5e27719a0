#include "proto/rights/epoch_list.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/rights/epoch_keys.h"

/*
 * PROTOCOL: "by its active node of the lowest index that has the role key author"
 */
uint32_t epoch_key_author(struct hub *hub, struct txn *txn, uint32_t member)
{
	uint32_t author = 0;

	return ledger_nodes(&hub->ledger, txn, member, ORGLOG_ROLE_KEY_AUTHOR, &author, 1) ? author
											   : 0;
}

bool epoch_is_author(struct hub *hub, struct txn *txn)
{
	const uint32_t member = author_member(hub->author);

	return hub->author != 0 && epoch_key_author(hub, txn, member) ==
					   author_of(member, hub->options.identity->node_index);
}

struct bytes epoch_prefix(const struct epoch *epoch)
{
	return bytes_of(epoch->prefix, epoch->len);
}

static int epoch_cmp(const struct epoch *epoch, struct bytes prefix, uint64_t number)
{
	int order = bytes_cmp(epoch_prefix(epoch), prefix);

	if (order)
		return order;
	return epoch->number < number ? -1 : epoch->number > number;
}

/* The first item that is not before (prefix, number). */
static size_t lower_bound(const struct epoch_list *list, struct bytes prefix, uint64_t number)
{
	size_t from = 0, to = list->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (epoch_cmp(&list->items[middle], prefix, number) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

void epoch_list_add(struct epoch_list *list, struct bytes prefix, uint64_t number,
		    const struct wrap_key_id *own_key)
{
	size_t at = lower_bound(list, prefix, number);

	if (at < list->count && epoch_cmp(&list->items[at], prefix, number) == 0)
		return;
	list->items = mem_room(list->items, list->count, &list->cap, sizeof(*list->items));
	memmove(list->items + at + 1, list->items + at, (list->count - at) * sizeof(*list->items));
	list->items[at] = (struct epoch){bytes_text(prefix), prefix.len, number, *own_key};
	list->count++;
}

static int item_cmp(const void *a, const void *b)
{
	const struct epoch *x = a, *y = b;

	return epoch_cmp(x, epoch_prefix(y), y->number);
}

void epoch_list_load(struct hub *hub, struct txn *txn, struct epoch_list *list, uint32_t owner)
{
	static const uint8_t kind[1] = {RECORD_KEY};
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&kind));
	struct record record;
	struct keyrecord key;

	*list = (struct epoch_list){.owner = owner};
	slots.author = epoch_key_author(hub, txn, owner);
	while (slots.author && ledger_slots_next(&slots, &record)) {
		if (keyrecord_get(&key, record.body))
			continue;
		list->items = mem_room(list->items, list->count, &list->cap, sizeof(*list->items));
		list->items[list->count++] = (struct epoch){bytes_text(key.prefix), key.prefix.len,
							    key.number, key.own_key};
	}
	if (list->count > 0)
		qsort(list->items, list->count, sizeof(*list->items), item_cmp);
}

void epoch_list_fini(struct epoch_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].prefix);
	free(list->items);
}

const struct epoch *epoch_list_at(const struct epoch_list *list, struct bytes prefix)
{
	size_t at = lower_bound(list, prefix, UINT64_MAX);

	if (at < list->count && epoch_cmp(&list->items[at], prefix, UINT64_MAX) == 0)
		return &list->items[at];
	return at > 0 && bytes_eq(epoch_prefix(&list->items[at - 1]), prefix) ? &list->items[at - 1]
									      : NULL;
}

uint64_t epoch_list_last(const struct epoch_list *list, struct bytes prefix)
{
	const struct epoch *epoch = epoch_list_at(list, prefix);

	return epoch ? epoch->number : 0;
}

/*
 * PROTOCOL: "Of a path, the *governing* epoch is that of the longest Q at or above it that has a
 * key record, with the highest n."
 */
const struct epoch *epoch_list_governs(const struct epoch_list *list, struct bytes path)
{
	const struct epoch *epoch = NULL;

	for (; !epoch && path.len > 0; path = path_parent(path))
		epoch = epoch_list_at(list, path);
	return epoch;
}

bool epoch_is_last(const struct epoch_list *list, size_t i)
{
	return i + 1 == list->count ||
	       !bytes_eq(epoch_prefix(&list->items[i]), epoch_prefix(&list->items[i + 1]));
}
