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

/* ---- whose records have an effect ---- */

/* Whether a node was put out because nobody knows who has it. */
static bool author_is_lost(const struct orglog *log, uint32_t author)
{
	const struct orglog_node *node = orglog_node(log, author_node(author));

	return !node || node->state == ORGLOG_NODE_LOST;
}

/*
 * PROTOCOL: "key records of other nodes have no effect, but those of a leaving node (section 5.5),
 * unless it is lost, for (Q, n) that the key author does not have"
 */
static struct epoch_authors authors_of(struct hub *hub, struct txn *txn, uint32_t member)
{
	const struct charter_member *of = charter_member(&hub->charter, member);
	struct epoch_authors out = {.items = {epoch_key_author(hub, txn, member)}};
	uint32_t leaving[EPOCH_AUTHORS_MAX - 1];
	size_t count = ledger_leaving(&hub->ledger, txn, member, ORGLOG_ROLE_KEY_AUTHOR,
				      hub->judge_ms, leaving, EPOCH_AUTHORS_MAX - 1);
	struct orglog log;

	out.count = out.items[0] != 0;
	if (count == 0 || !of || orglog_load(txn, &of->org, &log))
		return out;
	for (size_t i = 0; i < count; i++)
		if (!author_is_lost(&log, leaving[i]))
			out.items[out.count++] = leaving[i];
	orglog_fini(&log);
	return out;
}

/* Whether nobody before it has said something in this slot. */
static bool author_counts(struct txn *txn, const struct epoch_authors *authors, uint32_t author,
			  struct bytes slot)
{
	for (size_t i = 0; i < authors->count; i++) {
		struct row_key row = key_slot(slot, authors->items[i]);
		if (authors->items[i] == author)
			return true;
		if (txn_has(txn, TABLE_SLOT, row_key_bytes(&row)))
			return false;
	}
	return false;
}

struct epoch_records epoch_records(struct hub *hub, struct txn *txn, uint32_t member,
				   struct bytes prefix)
{
	return (struct epoch_records){.ledger = &hub->ledger,
				      .txn = txn,
				      .walk = walk_begin(txn, TABLE_SLOT, prefix),
				      .authors = authors_of(hub, txn, member)};
}

bool epoch_records_next(struct epoch_records *records, struct record *record)
{
	while (records->authors.count > 0 && walk_next(&records->walk)) {
		struct bytes slot = bytes_slice(records->walk.key, 0, records->walk.key.len - 4);
		uint32_t author = be32_get(records->walk.key.ptr + slot.len);
		if (author_counts(records->txn, &records->authors, author, slot) &&
		    !ledger_slot(records->ledger, records->txn, slot, author, record))
			return true;
	}
	return false;
}

bool epoch_record_counts(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct epoch_authors authors = authors_of(hub, txn, author_member(record->author));

	return author_counts(txn, &authors, record->author, record->slot);
}

/* ---- the list ---- */

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
	struct epoch_records records = epoch_records(hub, txn, owner, bytes_obj(&kind));
	struct record record;
	struct keyrecord key;

	*list = (struct epoch_list){.owner = owner};
	while (epoch_records_next(&records, &record)) {
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
