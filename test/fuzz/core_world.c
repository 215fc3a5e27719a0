#include "test/fuzz/core_world.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/ledger/aside.h"
#include "proto/ledger/held.h"
#include "proto/wire/protocol.h"
#include "store/chunks.h"

enum {
	WORLD_TURN_COUNT_MAX = 256,   /* of one input */
	WORLD_QUEUE_COUNT_MAX = 512,  /* messages that wait at one end */
	WORLD_SERVE_COUNT_MAX = 1024, /* chunks for one peer in one turn */
	WORLD_REST_TURN_COUNT_MAX = 64,
	WORLD_DIAL_WAIT_MS = 4000,
};

/* ---- who is who ---- */

static struct world_player *player_of(struct world *world, const struct actor *actor)
{
	return &world->players[actor->node->who];
}

struct actor *world_home(struct world *world)
{
	return &world->players[world->home].actor;
}

/* Looks at the charter again when it has changed. */
static void view_update(struct world_player *player, const struct stage *stage)
{
	struct world_view *view = &player->view;
	struct txn *txn = player->actor.txn;
	struct bytes key, entry;
	struct charter charter;
	if (!walk_last(txn, TABLE_CHARTER, bytes_of(NULL, 0), &key, &entry) ||
	    bytes_eq(entry, buf_bytes(&view->entry)))
		return;
	buf_reset(&view->entry);
	buf_add(&view->entry, entry);
	check(!charter_load(txn, &charter));
	for (unsigned i = 0; i < STAGE_COUNT; i++) {
		view->present[i] = charter_by_org(&charter, &stage->nodes[i].identity.org) != NULL;
		view->left[i] = view->left[i] || !view->present[i];
	}
	charter_fini(&charter);
}

static bool are_members(const struct world_view *view, enum stage_who one, enum stage_who other)
{
	return view->present[one] && view->present[other];
}

static struct actor *player_open(struct world *world, enum stage_who who)
{
	struct world_player *player = &world->players[who];
	if (player->actor.core)
		return &player->actor;
	actor_open(&player->actor, &world->stage->nodes[who],
		   (struct times){world->now_ms, world->now_ms});
	buf_init(&player->view.entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	view_update(player, world->stage);
	return &player->actor;
}

/* ---- what is said ---- */

static void said_put(struct world_said *said, uint8_t channel, struct bytes message)
{
	buf_init(&said->bytes, LIMIT_MESSAGE_LEN_MAX);
	buf_add(&said->bytes, message);
	said->channel = channel;
}

static void history_put(struct world *world, uint8_t channel, struct bytes message)
{
	struct world_said *said = &world->history[world->history_next++ % WORLD_HISTORY_COUNT];
	buf_fini(&said->bytes);
	said_put(said, channel, message);
}

static void queue_put(struct world *world, struct world_end *end, uint8_t channel,
		      struct bytes message)
{
	history_put(world, channel, message);
	if (end->queue_count == WORLD_QUEUE_COUNT_MAX)
		return;
	end->queue = mem_room(end->queue, end->queue_count, &end->queue_cap, sizeof(*end->queue));
	said_put(&end->queue[end->queue_count++], channel, message);
}

static void queue_clear(struct world_end *end)
{
	while (end->queue_count > 0)
		buf_fini(&end->queue[--end->queue_count].bytes);
	free(end->queue);
	end->queue = NULL;
	end->queue_cap = 0;
}

/* ---- effects ---- */

static struct world_end *end_of(struct world *world, const struct actor *actor, uint64_t link,
				struct world_end **other)
{
	for (unsigned i = 0; i < WORLD_WIRE_COUNT; i++) {
		for (unsigned k = 0; k < 2; k++) {
			struct world_end *end = &world->wires[i].ends[k];
			*other = &world->wires[i].ends[!k];
			if (end->here && end->actor == actor && end->link == link)
				return end;
		}
	}
	return NULL;
}

/*
 * PROTOCOL: "Guests may send HELLO, CHARTER_GET, ORGLOG_GET, JOIN, JOIN_OPEN and FORK, and get
 * CHARTER, ORGLOG, JOIN_ANSWER and FORK"
 */
static bool is_for_guests(enum message_type type)
{
	return type == MESSAGE_HELLO || type == MESSAGE_CHARTER_GET || type == MESSAGE_CHARTER ||
	       type == MESSAGE_ORGLOG_GET || type == MESSAGE_ORGLOG || type == MESSAGE_JOIN ||
	       type == MESSAGE_JOIN_ANSWER || type == MESSAGE_JOIN_OPEN || type == MESSAGE_FORK;
}

static void send_check(struct world *world, const struct actor *actor,
		       const struct world_end *other, const struct effect *effect, bool member)
{
	struct message m;
	bool home = actor == world_home(world);
	check(!effect->bytes.err);
	check(!message_decode(&m, buf_bytes(&effect->bytes)));
	check(effect->channel == LINK_CHANNEL_SYNC || effect->channel == LINK_CHANNEL_BULK);
	check((effect->channel == LINK_CHANNEL_BULK) ==
	      (m.type == MESSAGE_CHUNK || m.type == MESSAGE_WHOLE));
	check(member || is_for_guests(m.type));
	if (home && other->who != STAGE_OTHER && m.type == MESSAGE_INDEX)
		check(m.body.len == 0 || !id_eq(&m.of.dataset, &world->stage->secret));
}

static void send_do(struct world *world, struct actor *actor, struct world_end *end,
		    struct world_end *other, const struct effect *effect, bool member)
{
	check(end->up && !end->closing);
	send_check(world, actor, other, effect, member);
	end->turn_bytes += effect->bytes.len;
	check(end->turn_bytes <= actor->node->limits.peer_queue_bytes_max);
	queue_put(world, end, effect->channel, buf_bytes(&effect->bytes));
}

static void serve_do(struct world *world, struct actor *actor, struct world_end *end,
		     struct world_end *other, const struct effect *effect, bool member)
{
	struct buf message;
	check(end->up && !end->closing && member);
	check(++end->turn_serves <= WORLD_SERVE_COUNT_MAX);
	check(actor != world_home(world) || other->who == STAGE_OTHER ||
	      !id_eq(&effect->dataset, &world->stage->secret));
	buf_init(&message, LIMIT_MESSAGE_LEN_MAX);
	actor_serve(actor, effect, &message);
	queue_put(world, end, LINK_CHANNEL_BULK, buf_bytes(&message));
	buf_fini(&message);
}

static void dial_keep(struct world_player *player, const struct effect *effect)
{
	struct world_dial *dial = &player->dials[player->dial_next++ % WORLD_DIAL_COUNT];
	check(effect->dial > 0 && memchr(effect->address, 0, sizeof(effect->address)));
	dial->number = effect->dial;
	memcpy(dial->address, effect->address, sizeof(dial->address));
}

static void note_check(const struct note *note)
{
	check(note && memchr(note->path, 0, sizeof(note->path)) &&
	      memchr(note->text, 0, sizeof(note->text)));
}

static void effect_do(struct world *world, struct actor *actor, const struct world_view *before,
		      const struct effect *effect)
{
	struct world_player *player = player_of(world, actor);
	struct world_end *other, *end = end_of(world, actor, effect->link, &other);
	if (effect->type == EFFECT_DIAL) {
		dial_keep(player, effect);
		return;
	}
	if (effect->type == EFFECT_NOTE) {
		note_check(effect->note);
		return;
	}
	if (effect->type == EFFECT_CERTIFICATE)
		return;
	check(end); /* effects are for links that are there */
	/* Who becomes a member, or is one no more, is so at some time within the turn. */
	bool member = are_members(before, end->who, other->who) ||
		      are_members(&player->view, end->who, other->who);
	if (effect->type == EFFECT_ADMIT) {
		check(!end->admitted);
		end->admitted = effect->ok;
		end->closing = end->closing || !effect->ok;
	} else if (effect->type == EFFECT_SEND) {
		send_do(world, actor, end, other, effect, member);
	} else if (effect->type == EFFECT_SERVE) {
		serve_do(world, actor, end, other, effect, member);
	} else if (effect->type == EFFECT_CLOSE) {
		end->closing = true;
	}
}

/* ---- turns ---- */

/* Only its own signature moves an author on, and never back. */
static void own_check(struct world *world, struct world_player *player)
{
	struct actor *actor = &player->actor;
	const struct author_state before = actor->own;
	if (player->view.left[actor->node->who] || !actor->node->author)
		return;
	actor->own = actor_author(actor, actor->node->author);
	check(actor->own.incarnation >= before.incarnation);
	if (actor->own.incarnation > before.incarnation)
		return;
	check(actor->own.sequence >= before.sequence && actor->own.counter >= before.counter);
}

static void ends_begin(struct world *world)
{
	for (unsigned i = 0; i < WORLD_WIRE_COUNT; i++) {
		for (unsigned k = 0; k < 2; k++)
			world->wires[i].ends[k].turn_bytes = world->wires[i].ends[k].turn_serves =
				0;
	}
}

/* Those that were told of the end in this turn are gone. */
static void ends_down(struct world *world, const struct actor *actor)
{
	for (unsigned i = 0; i < WORLD_WIRE_COUNT; i++) {
		for (unsigned k = 0; k < 2; k++) {
			struct world_end *end = &world->wires[i].ends[k];
			if (end->down && end->actor == actor)
				end->here = end->up = end->down = false;
		}
	}
}

static void turn(struct world *world)
{
	struct actor *actor = world->pending_actor;
	struct world_player *player = player_of(world, actor);
	struct world_view before = player->view;
	ends_begin(world);
	int64_t ahead_ms = actor == world_home(world) ? world->home_ahead_ms : 0;
	actor->now = (struct times){world->now_ms + ahead_ms, world->now_ms};
	actor_turn(actor, world->pending, world->pending_count);
	view_update(player, world->stage);
	for (size_t i = 0; i < actor->effects.count; i++)
		effect_do(world, actor, &before, &actor->effects.items[i]);
	effects_reset(&actor->effects);
	ends_down(world, actor);
	own_check(world, player);
	for (unsigned i = 0; i < world->pending_count; i++)
		buf_fini(&world->pending_bytes[i]);
	world->pending_count = 0;
	world->turns_left -= world->turns_left > 0;
}

static void flush(struct world *world)
{
	if (world->pending_count > 0)
		turn(world);
	world->batch = 0;
}

/* What the event borrows as its bytes is copied. */
static void feed(struct world *world, struct actor *actor, const struct event *event,
		 struct bytes bytes)
{
	if (world->pending_actor != actor)
		flush(world);
	world->pending_actor = actor;
	struct buf *copy = &world->pending_bytes[world->pending_count];
	struct event *pending = &world->pending[world->pending_count++];
	buf_init(copy, LIMIT_MESSAGE_LEN_MAX);
	buf_add(copy, bytes);
	*pending = *event;
	if (event->type == EVENT_MESSAGE)
		*pending = actor_message_event(event->link, LINK_CHANNEL_SYNC, buf_bytes(copy));
	else if (event->type == EVENT_CHUNK)
		*pending = actor_message_event(event->link, LINK_CHANNEL_BULK, buf_bytes(copy));
	else if (event->type == EVENT_LINK_CERT)
		pending->certificate.entry = buf_bytes(copy);
	if (world->pending_count >= world->batch || world->pending_count == WORLD_PENDING_MAX)
		flush(world);
}

void world_tell(struct world *world, const struct event *event)
{
	feed(world, world_home(world), event, bytes_of(NULL, 0));
}

void world_tick(struct world *world)
{
	const struct event tick = {.type = EVENT_TICK};
	flush(world);
	for (unsigned i = 0; i < STAGE_COUNT; i++) {
		if (world->players[i].actor.core)
			feed(world, &world->players[i].actor, &tick, bytes_of(NULL, 0));
	}
}

/* ---- links ---- */

static void end_tell(struct world *world, struct world_end *end, enum event_type type)
{
	struct event event = {.type = type, .link = end->link, .dial = end->dial};
	if (!end->actor || !end->here || end->down)
		return;
	event.reason = LINK_REASON_LOST;
	end->down = true;
	feed(world, end->actor, &event, bytes_of(NULL, 0));
}

void world_unlink(struct world *world, unsigned wire)
{
	for (unsigned k = 0; k < 2; k++)
		end_tell(world, &world->wires[wire].ends[k], EVENT_LINK_DOWN);
	flush(world);
	for (unsigned k = 0; k < 2; k++) {
		queue_clear(&world->wires[wire].ends[k]);
		world->wires[wire].ends[k] = (struct world_end){0};
	}
}

bool world_linked(const struct world *world, unsigned wire)
{
	return world->wires[wire].ends[0].up;
}

void world_settle(struct world *world)
{
	for (unsigned i = 0; i < WORLD_WIRE_COUNT; i++) {
		const struct world_end *ends = world->wires[i].ends;
		if (ends[0].closing || ends[1].closing || (ends[0].link && !ends[0].here))
			world_unlink(world, i);
	}
}

/* Takes the attempt to call this address that is under way; 0: there is none. */
static uint64_t dial_take(struct world_player *player, const char *address)
{
	for (unsigned i = 0; i < WORLD_DIAL_COUNT; i++) {
		struct world_dial *dial = &player->dials[i];
		uint64_t number = dial->number;
		if (number == 0 || strcmp(dial->address, address) != 0)
			continue;
		dial->number = 0;
		return number;
	}
	return 0;
}

/* One of them calls the other, if it wants to within a few seconds. */
static void dial(struct world *world, struct world_end *home, struct world_end *peer)
{
	struct world_player *at_home = player_of(world, home->actor);
	const char *address = world->stage->nodes[peer->who].address;
	int64_t until_ms = world->now_ms + WORLD_DIAL_WAIT_MS;
	home->dial = dial_take(at_home, address);
	for (unsigned i = 0; i < 4 && !home->dial && peer->actor; i++) {
		peer->dial = dial_take(player_of(world, peer->actor), home->actor->node->address);
		if (peer->dial)
			return;
		int64_t wake_ms = actor_wake(peer->actor);
		if (wake_ms > until_ms)
			return;
		if (world->now_ms < wake_ms)
			world->now_ms = wake_ms;
		world_tick(world);
		home->dial = dial_take(at_home, address);
	}
}

/* Shows what the other end is. */
static void cert_tell(struct world *world, struct world_end *end, const struct world_end *other,
		      uint32_t member_off)
{
	const struct stage_node *node = &world->stage->nodes[other->who];
	struct event event = {.type = EVENT_LINK_CERT,
			      .link = end->link,
			      .dial = end->dial,
			      .key = node->identity.transport_pk};
	struct buf entry;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	if (!other->actor || !actor_certificate(other->actor, &event.certificate, &entry)) {
		event.certificate = (struct certificate){.member = author_member(node->author),
							 .node_index = node->identity.node_index,
							 .org = node->identity.org};
		buf_add(&entry, buf_bytes(&node->entry));
	}
	event.certificate.version = PROTOCOL_VERSION;
	event.certificate.member += member_off;
	end->here = true;
	feed(world, end->actor, &event, buf_bytes(&entry));
	buf_fini(&entry);
}

static void up_tell(struct world *world, struct world_end *end, const struct world_end *other)
{
	struct event event = {.type = EVENT_LINK_UP,
			      .link = end->link,
			      .dial = end->dial,
			      .key = world->stage->nodes[other->who].identity.transport_pk};
	memset(event.handshake_hash, 7, sizeof(event.handshake_hash));
	end->up = true;
	feed(world, end->actor, &event, bytes_of(NULL, 0));
}

static void end_init(struct world *world, struct world_end *end, enum stage_who who, bool voice)
{
	*end = (struct world_end){.who = who};
	if (voice)
		return;
	end->actor = player_open(world, who);
	end->link = ++world->players[who].link_last;
}

void world_link(struct world *world, unsigned wire, enum stage_who who, bool voice,
		uint32_t member_off)
{
	struct world_end *ends = world->wires[wire].ends;
	flush(world);
	world_unlink(world, wire);
	end_init(world, &ends[0], world->home, false);
	end_init(world, &ends[1], who, voice);
	dial(world, &ends[0], &ends[1]);
	flush(world);
	for (unsigned k = 0; k < 2; k++) {
		if (ends[k].actor)
			cert_tell(world, &ends[k], &ends[!k], k == 0 ? member_off : 0);
	}
	if (!ends[0].admitted || (ends[1].actor && !ends[1].admitted)) {
		world_unlink(world, wire);
		return;
	}
	for (unsigned k = 0; k < 2; k++) {
		if (ends[k].actor && ends[k].here && !ends[k].closing)
			up_tell(world, &ends[k], &ends[!k]);
	}
}

void world_restart(struct world *world)
{
	for (unsigned i = 0; i < WORLD_WIRE_COUNT; i++)
		world_unlink(world, i);
	memset(world->players[world->home].dials, 0, sizeof(world->players[world->home].dials));
	actor_restart(world_home(world));
}

/* ---- hearing ---- */

void world_hear(struct world *world, unsigned wire, unsigned from, uint8_t channel,
		struct bytes message)
{
	struct world_end *end = &world->wires[wire].ends[!from];
	const struct event event = {.type = channel == LINK_CHANNEL_BULK ? EVENT_CHUNK
									 : EVENT_MESSAGE,
				    .link = end->link};
	history_put(world, channel, message);
	if (!end->actor || !end->up || end->down)
		return;
	feed(world, end->actor, &event, message);
	world->heard += from == 1 && end->up && !end->closing;
}

bool world_take(struct world *world, unsigned wire, unsigned from, struct world_said *out)
{
	struct world_end *end = &world->wires[wire].ends[from];
	if (end->queue_count == 0)
		return false;
	*out = end->queue[0];
	end->queue_count--;
	memmove(end->queue, end->queue + 1, end->queue_count * sizeof(*end->queue));
	return true;
}

/* What waits at an end, up to so many messages, is heard in one turn. Returns how many. */
static unsigned end_run(struct world *world, unsigned wire, unsigned from, unsigned max)
{
	struct world_said said;
	unsigned count = 0;
	flush(world);
	world->batch = max < WORLD_PENDING_MAX ? max : WORLD_PENDING_MAX;
	while (count < max && count < WORLD_PENDING_MAX && world_take(world, wire, from, &said)) {
		world_hear(world, wire, from, said.channel, buf_bytes(&said.bytes));
		buf_fini(&said.bytes);
		count++;
	}
	flush(world);
	return count;
}

void world_run(struct world *world, unsigned count)
{
	bool moved = true;
	while (moved && count > 0 && world->turns_left > 0) {
		moved = false;
		for (unsigned i = 0; i < 2 * WORLD_WIRE_COUNT; i++) {
			unsigned heard = end_run(world, i / 2, i % 2, count);
			count -= heard;
			moved = moved || heard > 0;
		}
		world_settle(world);
	}
}

/* ---- beginning and end ---- */

void world_open(struct world *world, bool old)
{
	*world = (struct world){.stage = stage_open(),
				.home = old ? STAGE_HOME_OLD : STAGE_HOME,
				.turns_left = WORLD_TURN_COUNT_MAX};
	world->now_ms = world->stage->now_ms;
	player_open(world, world->home);
}

/* What is here of an honest author was signed by it, on the stage or before. */
static void rows_check(struct world *world, const struct stage_node *author, enum table table,
		       const struct stage_bytes *known)
{
	struct row_key prefix = key_author(author->author);
	struct walk walk = walk_begin(world_home(world)->txn, table, row_key_bytes(&prefix));
	while (walk_next(&walk)) {
		struct record record;
		struct head head;
		if (stage_bytes_has(known, walk.value))
			continue;
		if (table == TABLE_RECORD) {
			check(!record_decode(&record, walk.value));
			check(!record_check_sig(&record, &author->identity.sign_pk,
						&world->stage->fed));
		} else {
			check(!head_decode(&head, walk.value));
			check(!head_check_sig(&head, &author->identity.sign_pk,
					      &world->stage->fed));
		}
	}
}

/* It is said again when a later own head has been taken back. */
static bool is_aside(struct txn *txn, const struct version_id *of)
{
	struct dataset_id dataset;
	struct record record;
	uint64_t number, job = 0;
	while (aside_next(txn, &job, &record))
		if (record.kind == RECORD_VERSION &&
		    !version_slot_get(record.slot, &dataset, &number) &&
		    id_eq(&dataset, &of->dataset) && number == of->number)
			return true;
	return false;
}

/* Nobody but its author takes a version back. */
static void versions_check(struct world *world, const struct stage_node *author)
{
	const struct stage_bytes *kept = &world->stage->nodes[world->home].versions;
	for (size_t i = 0; i < kept->count; i++) {
		struct version_id of;
		held_of_key(&of, kept->items[i]);
		check(of.author != author->author ||
		      txn_has(world_home(world)->txn, TABLE_VERSION, kept->items[i]) ||
		      is_aside(world_home(world)->txn, &of));
	}
}

static void author_check(struct world *world, enum stage_who who)
{
	const struct stage_node *author = &world->stage->nodes[who];
	struct author_state state = actor_author(world_home(world), author->author);
	if (!world->players[world->home].view.left[who])
		versions_check(world, author);
	rows_check(world, author, TABLE_HEAD, &world->stage->heads);
	rows_check(world, author, TABLE_RECORD, &world->stage->records);
	/*
	 * On the stage Radebeul has signed heads that its core, which starts before them, signs
	 * anew.
	 */
	check(who != STAGE_OTHER || !state.disputed || world->players[STAGE_OTHER].actor.core);
}

/* What is stored under an address is what was stored there on the stage. */
static void chunks_check(struct world *world)
{
	for (size_t i = 0; i < world->stage->chunk_count; i++) {
		const struct stage_chunk *chunk = &world->stage->chunks[i];
		struct bytes here;
		check(!chunks_get(world_home(world)->txn, &chunk->dataset, &chunk->addr, &here) ||
		      bytes_eq(here, chunk->sealed));
	}
}

/* When nobody speaks it comes to rest: the next turn it wants is later than now. */
static void rest_check(struct world *world)
{
	const struct event tick = {.type = EVENT_TICK};
	struct actor *home = world_home(world);
	unsigned turns = 0;
	while (actor_wake(home) <= home->now.mono_ms) {
		check(turns++ < WORLD_REST_TURN_COUNT_MAX);
		world_tell(world, &tick);
	}
}

/* Whatever was said before: another member that calls is answered. */
static void alive_check(struct world *world)
{
	const struct digest content = {{1}};
	const struct world_end *home = &world->wires[0].ends[0];
	struct buf hello;
	if (!are_members(&world->players[world->home].view, world->home, STAGE_OTHER))
		return;
	world_link(world, 0, STAGE_OTHER, true, 0);
	check(world_linked(world, 0));
	buf_init(&hello, LIMIT_MESSAGE_LEN_MAX);
	message_hello(&hello, "fuzz", 1, &content, NULL);
	world_hear(world, 0, 1, LINK_CHANNEL_SYNC, buf_bytes(&hello));
	buf_fini(&hello);
	check(home->up && !home->closing);
	bool answered = false;
	for (size_t i = 0; i < home->queue_count; i++) {
		struct message m;
		check(!message_decode(&m, buf_bytes(&home->queue[i].bytes)));
		answered = answered || m.type == MESSAGE_HELLO;
	}
	check(answered);
}

void world_close(struct world *world)
{
	flush(world);
	rest_check(world);
	for (unsigned i = 0; i < WORLD_WIRE_COUNT; i++)
		world_unlink(world, i);
	author_check(world, world->home);
	author_check(world, STAGE_OTHER);
	chunks_check(world);
	alive_check(world);
	for (unsigned i = 0; i < WORLD_WIRE_COUNT; i++)
		world_unlink(world, i);
	for (unsigned i = 0; i < STAGE_COUNT; i++) {
		actor_close(&world->players[i].actor);
		buf_fini(&world->players[i].view.entry);
	}
	for (unsigned i = 0; i < WORLD_HISTORY_COUNT; i++)
		buf_fini(&world->history[i].bytes);
}
