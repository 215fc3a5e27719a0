/* Elements of messages that are one list (message.h). */
#include "proto/hub/message.h"
#include "proto/wire/wire_out.h"

struct message_list message_list_begin(enum message_type type)
{
	struct message_list list = {.type = type};
	buf_init(&list.items, LIMIT_MESSAGE_LEN_MAX);
	return list;
}

void message_list_bin(struct message_list *list, struct bytes bin)
{
	list->count++;
	out_bin(&list->items, bin);
}

void message_list_org(struct message_list *list, const struct org_id *org, uint32_t number)
{
	list->count++;
	out_array(&list->items, 2);
	out_fixed(&list->items, org->b, ID_LEN);
	out_uint(&list->items, number);
}

void message_list_entry(struct message_list *list, const struct org_id *org, struct bytes entry)
{
	list->count++;
	out_array(&list->items, 2);
	out_fixed(&list->items, org->b, ID_LEN);
	out_bin(&list->items, entry);
}

void message_list_state(struct message_list *list, const struct message_state *state)
{
	list->count++;
	out_array(&list->items, 5);
	out_uint(&list->items, state->author - list->author);
	out_uint(&list->items, state->incarnation);
	out_uint(&list->items, state->sequence);
	out_uint(&list->items, state->counter);
	out_uint(&list->items, state->set);
	list->author = state->author;
}

void message_list_addr(struct message_list *list, const struct chunk_addr *addr)
{
	list->count++;
	out_fixed(&list->items, addr->b, ID_LEN);
}
