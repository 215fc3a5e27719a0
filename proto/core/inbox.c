#include "proto/core/inbox.h"

#include <stdlib.h>

#include "crypto/check.h"

struct inbox_link {
	uint64_t link;
	uint32_t payer;
	uint64_t taken; /* when a message of it was taken last, of all; 0: never */
	struct inbox_list messages;
	struct inbox_item *down; /* its end; NULL: it lives */
	bool over;               /* its end was taken: what is left is dropped */
};

static void items_init(struct inbox_list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

static void items_add(struct inbox_list *list, struct inbox_item *item)
{
	item->next = NULL;
	*list->end = item;
	list->end = &item->next;
}

static struct inbox_item *items_take(struct inbox_list *list)
{
	struct inbox_item *item = list->first;

	list->first = item->next;
	if (!list->first)
		list->end = &list->first;
	return item;
}

static void items_append(struct inbox_list *to, struct inbox_list *from)
{
	while (from->first)
		items_add(to, items_take(from));
}

void inbox_init(struct inbox *inbox)
{
	*inbox = (struct inbox){.served = 0};
	items_init(&inbox->control);
	items_init(&inbox->bulk);
	items_init(&inbox->taken);
}

void inbox_fini(struct inbox *inbox)
{
	free(inbox->links);
	inbox_init(inbox);
}

static struct inbox_link *queue_find(struct inbox *inbox, uint64_t link)
{
	for (size_t i = 0; i < inbox->link_count; i++) {
		if (inbox->links[i].link == link)
			return &inbox->links[i];
	}
	return NULL;
}

/* Lists end in themselves, so they are set up where they stay and carried over when that moves. */
static void queue_move(struct inbox_link *to, struct inbox_link *from)
{
	struct inbox_list messages = from->messages;

	*to = *from;
	items_init(&to->messages);
	if (messages.first) {
		to->messages.first = messages.first;
		to->messages.end = messages.end;
	}
}

static struct inbox_link *queue_add(struct inbox *inbox, uint64_t link)
{
	if (inbox->link_count == inbox->link_cap) {
		size_t cap = inbox->link_cap ? 2 * inbox->link_cap : 16;
		struct inbox_link *links = mem_new(cap, sizeof(*links));
		for (size_t i = 0; i < inbox->link_count; i++)
			queue_move(&links[i], &inbox->links[i]);
		free(inbox->links);
		inbox->links = links;
		inbox->link_cap = cap;
	}
	struct inbox_link *added = &inbox->links[inbox->link_count++];
	*added = (struct inbox_link){.link = link};
	items_init(&added->messages);
	return added;
}

void inbox_put(struct inbox *inbox, struct inbox_item *item)
{
	const struct event *event = item->event;
	struct inbox_link *link = queue_find(inbox, event->link);
	bool message = event->type == EVENT_MESSAGE;

	if (item->bulk) {
		items_add(&inbox->bulk, item);
	} else if (message || (event->type == EVENT_LINK_DOWN && link)) {
		link = link ? link : queue_add(inbox, event->link);
		if (message)
			items_add(&link->messages, item);
		else
			link->down = item;
	} else {
		items_add(&inbox->control, item);
	}
}

struct inbox_item *inbox_taken(struct inbox *inbox)
{
	struct inbox_item *first = inbox->taken.first;

	items_init(&inbox->taken);
	return first;
}

void inbox_drain(struct inbox *inbox)
{
	items_append(&inbox->taken, &inbox->control);
	for (size_t i = 0; i < inbox->link_count; i++) {
		items_append(&inbox->taken, &inbox->links[i].messages);
		if (inbox->links[i].down)
			items_add(&inbox->taken, inbox->links[i].down);
	}
	inbox->link_count = 0;
	items_append(&inbox->taken, &inbox->bulk);
}

/* ---- taking ---- */

static const struct event *item_take(struct inbox *inbox, struct inbox_item *item)
{
	items_add(&inbox->taken, item);
	return item->event;
}

const struct event *inbox_control_next(struct inbox *inbox)
{
	return inbox->control.first ? item_take(inbox, items_take(&inbox->control)) : NULL;
}

const struct event *inbox_bulk_next(struct inbox *inbox, size_t *bytes, size_t bytes_max)
{
	const struct inbox_item *first = inbox->bulk.first;

	if (!first || (*bytes > 0 && *bytes + first->bulk > bytes_max))
		return NULL;
	*bytes += first->bulk;
	return item_take(inbox, items_take(&inbox->bulk));
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static struct meter_account *account_of(struct hub *hub, const struct inbox_link *link)
{
	return meter_account(&hub->meter, link->payer, hub->mono_ms);
}

/* Who has had least; who has just begun to wait has had as much as whoever was taken last. */
static bool comes_before(struct inbox *inbox, struct hub *hub, const struct inbox_link *one,
			 const struct inbox_link *other)
{
	if (one->payer == other->payer)
		return one->taken < other->taken;
	return later(account_of(hub, one)->served, inbox->served) <
	       later(account_of(hub, other)->served, inbox->served);
}

/* Whether something of the link may be taken; its end may, whoever is in debt. */
static bool queue_may(struct hub *hub, const struct inbox_link *link)
{
	return link->over || link->down || meter_may(&hub->meter, link->payer, hub->mono_ms, NULL);
}

static void queue_remove(struct inbox *inbox, struct inbox_link *link)
{
	struct inbox_link *last = &inbox->links[--inbox->link_count];

	if (link != last)
		queue_move(link, last);
}

static struct inbox_item *queue_take(struct inbox *inbox, struct hub *hub, struct inbox_link *link)
{
	struct inbox_item *item;
	bool may = link->over || meter_may(&hub->meter, link->payer, hub->mono_ms, NULL);

	if (link->messages.first && may) {
		item = items_take(&link->messages);
	} else {
		item = link->down;
		link->down = NULL;
		link->over = true;
	}
	if (!link->messages.first && !link->down)
		queue_remove(inbox, link);
	return item;
}

const struct event *inbox_message_next(struct inbox *inbox, struct hub *hub)
{
	struct inbox_link *best = NULL;

	for (size_t i = 0; i < inbox->link_count; i++) {
		struct inbox_link *link = &inbox->links[i];
		if (queue_may(hub, link) && (!best || comes_before(inbox, hub, link, best)))
			best = link;
	}
	if (!best)
		return NULL;
	struct meter_account *account = account_of(hub, best);
	account->served = inbox->served = later(account->served, inbox->served);
	best->taken = ++inbox->taken_last;
	return item_take(inbox, queue_take(inbox, hub, best));
}

void inbox_cost(struct hub *hub, uint32_t payer, int64_t units)
{
	if (payer != METER_OWN)
		meter_account(&hub->meter, payer, hub->mono_ms)->served += units;
}

void inbox_turn(struct inbox *inbox, struct hub *hub)
{
	for (size_t i = 0; i < inbox->link_count; i++) {
		const struct peer *peer = peers_find(hub, inbox->links[i].link);
		inbox->links[i].payer = peer ? hub_payer(peer) : 0;
	}
}

int64_t inbox_wake(const struct inbox *inbox, struct hub *hub, int64_t mono_ms)
{
	int64_t wake = INT64_MAX;

	if (inbox->control.first || inbox->bulk.first)
		return mono_ms;
	for (size_t i = 0; i < inbox->link_count; i++) {
		const struct inbox_link *link = &inbox->links[i];
		int64_t from_ms = mono_ms;
		if (!link->over && !link->down)
			meter_may(&hub->meter, link->payer, mono_ms, &from_ms);
		wake = from_ms < wake ? from_ms : wake;
	}
	return wake;
}
