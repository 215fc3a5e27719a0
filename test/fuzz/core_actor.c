#include "test/fuzz/core_actor.h"

#include <stdlib.h>

#include "crypto/check.h"
#include "store/chunks.h"

static void core_begin(struct actor *actor)
{
	struct hub_options options = {
		.limits = &actor->node->limits,
		.random = &actor->random,
		.keyring = actor->node->keyring,
		.identity = &actor->node->identity,
		.software = "sim", /* as on the stage, or each start would sign a contact record */
		.addresses = actor->node->addresses};
	check(!core_open(&actor->core, &options, actor->txn, actor->now));
	check(!txn_err(actor->txn));
}

void actor_open(struct actor *actor, const struct stage_node *node, struct times now)
{
	*actor = (struct actor){.node = node,
				.txn = txn_begin(node->db, true),
				.random = random_seeded(node->who),
				.now = now,
				.own = node->own};
	effects_init(&actor->effects);
	core_begin(actor);
}

void actor_close(struct actor *actor)
{
	if (!actor->core)
		return;
	core_close(actor->core);
	actor->core = NULL;
	effects_fini(&actor->effects);
	txn_abort(actor->txn);
}

void actor_restart(struct actor *actor)
{
	core_close(actor->core);
	core_begin(actor);
}

void actor_turn(struct actor *actor, const struct event *events, size_t count)
{
	struct inbox_item *items = mem_new(count + 1, sizeof(*items));
	struct inbox inbox;
	inbox_init(&inbox);
	for (size_t i = 0; i < count; i++) {
		items[i].event = &events[i];
		inbox_put(&inbox, &items[i]);
	}
	effects_reset(&actor->effects);
	core_turn(actor->core, actor->txn, actor->now, &inbox, &actor->effects);
	inbox_fini(&inbox);
	free(items);
	check(!txn_err(actor->txn));
}

int64_t actor_wake(const struct actor *actor)
{
	return core_wake(actor->core, actor->now);
}

void actor_headroom(struct actor *actor, enum headroom headroom)
{
	const struct room room = room_at(headroom);

	core_room(actor->core, &room);
}

bool actor_certificate(const struct actor *actor, struct certificate *out, struct buf *entry)
{
	struct fed_id fed;
	return core_certificate(actor->core, out, entry, &fed);
}

struct event actor_message_event(uint64_t link, uint8_t channel, struct bytes message)
{
	struct event event = {.type = EVENT_MESSAGE, .link = link, .bytes = message};
	if (channel == LINK_CHANNEL_BULK)
		core_chunk_event(&event, link, message);
	return event;
}

void actor_serve(struct actor *actor, const struct effect *effect, struct buf *message)
{
	struct bytes chunk = {NULL, 0};
	if (effect->whole) {
		const struct version_id of = {effect->dataset, effect->number, effect->author};
		struct message_list list = message_list_begin(MESSAGE_WHOLE);
		struct chunk_addr bad;
		check(core_whole_add(&list, actor->txn, &of, effect->ok, &bad) != ERR_CORRUPT);
		message_list_end(&list, message);
		return;
	}
	enum err err = chunks_look(actor->txn, &effect->dataset, &effect->addr, true, &chunk);
	check(!err || err == ERR_ABSENT);
	core_chunk_message(message, &effect->dataset, &effect->addr, chunk);
}

struct author_state actor_author(struct actor *actor, uint32_t author)
{
	struct charter charter;
	struct ledger ledger;
	struct author_state state;
	charter_init(&charter);
	ledger_init(&ledger, &charter, &actor->node->limits);
	enum err err = ledger_state(&ledger, actor->txn, author, &state);
	check(!err || err == ERR_ABSENT);
	ledger_fini(&ledger);
	charter_fini(&charter);
	return state;
}
