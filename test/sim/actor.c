#include "test/sim/actor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "proto/hub/hub.h"
#include "proto/ledger/head.h"

static const int64_t head_valid_ms = 26 * 3600 * (int64_t)1000;

static struct buf message_new(void)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	return out;
}

static uint64_t chance(struct actor *actor, uint64_t below)
{
	return random_below(&actor->random, below);
}

static int64_t now_of(const struct actor *actor)
{
	const struct sim *sim = actor->node->sim;
	return sim->epoch_ms + sim->now_ms;
}

static void say(struct actor *actor, struct buf *message)
{
	actor->said += sim_say(actor->node, message);
}

static void say_list(struct actor *actor, struct message_list *list)
{
	struct buf out = message_new();
	message_list_end(list, &out);
	say(actor, &out);
}

/* ---- what it signs ---- */

static const struct key *pen_of(const struct actor *actor)
{
	const struct sim_node *whose = actor->kind == ACTOR_THIEF ? actor->robbed : actor->node;
	return secret_key(whose->identity.sign);
}

static struct buf record_new(struct actor *actor, uint32_t author)
{
	uint8_t slot[16];
	struct buf out;
	random_fill(&actor->random, slot, sizeof(slot));
	slot[0] = 99; /* a kind of a later version */
	const struct record fields = {.author = author,
				      .incarnation = actor->incarnation,
				      .sequence = ++actor->sequence,
				      .time_ms = now_of(actor),
				      .kind = 99,
				      .slot = bytes_obj(&slot),
				      .body = bytes_str("nothing")};
	buf_init(&out, LIMIT_RECORD_LEN_MAX);
	record_make(&out, &fields, &actor->node->foe->fed, pen_of(actor));
	return out;
}

static void say_records(struct actor *actor, uint32_t author, unsigned count, bool spoilt)
{
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	for (unsigned i = 0; i < count; i++) {
		struct buf record = record_new(actor, author);
		record.ptr[record.len - 1] ^= spoilt;
		message_list_bin(&list, buf_bytes(&record));
		buf_fini(&record);
	}
	say_list(actor, &list);
}

/* Of a set that nobody has. */
static void say_head(struct actor *actor, bool again)
{
	struct digest set;
	struct buf head, out = message_new();
	random_fill(&actor->random, set.b, ID_LEN);
	actor->counter += !again;
	const struct head fields = {.author = actor->author,
				    .incarnation = actor->incarnation,
				    .counter = actor->counter,
				    .time_ms = now_of(actor),
				    .valid_until_ms = now_of(actor) + head_valid_ms,
				    .last_sequence = actor->sequence,
				    .live_count = 1 + chance(actor, 100),
				    .live_bytes = 20000,
				    .set = set,
				    .charter_number = 1,
				    .orglog_number = 1,
				    .has_previous = true,
				    .previous = set};
	buf_init(&head, LIMIT_HEAD_LEN_MAX);
	head_make(&head, &fields, &actor->node->foe->fed, pen_of(actor));
	message_head(&out, buf_bytes(&head));
	buf_fini(&head);
	say(actor, &out);
}

static void say_hello(struct actor *actor, const struct sim_node *victim)
{
	struct digest content;
	struct buf out = message_new();
	random_fill(&actor->random, content.b, ID_LEN);
	message_hello(&out, "actor", victim->hub ? victim->hub->charter.number : 1, &content, NULL);
	say(actor, &out);
}

/* ---- its repertoire ---- */

static void ask_chunks(struct actor *actor)
{
	struct message_list list = message_list_begin(MESSAGE_CHUNK_GET);
	struct chunk_addr addr;
	random_fill(&actor->random, list.dataset.b, ID_LEN);
	for (unsigned i = 0; i < 128; i++) {
		random_fill(&actor->random, addr.b, ID_LEN);
		message_list_addr(&list, &addr);
	}
	say_list(actor, &list);
}

static void ask_states(struct actor *actor)
{
	struct message_list list = message_list_begin(MESSAGE_STATES);
	for (uint32_t member = 1; member < 12; member++) {
		struct message_state state = {.author = author_of(member, 0)};
		message_list_state(&list, &state);
	}
	say_list(actor, &list);
}

static void say_holds(struct actor *actor)
{
	struct message_list list = message_list_begin(MESSAGE_HOLDS);
	for (unsigned i = 0; i < 200; i++) {
		struct version_id of = {.number = 1 + chance(actor, 9),
					.author = author_of(1 + (uint32_t)chance(actor, 9), 0)};
		random_fill(&actor->random, of.dataset.b, ID_LEN);
		message_list_version(&list, &of);
	}
	say_list(actor, &list);
}

/* Something that an honest node has said once comes again, to whomever. */
static void say_again(struct actor *actor)
{
	static const enum message_type types[] = {MESSAGE_RECORDS, MESSAGE_HEAD, MESSAGE_ORGLOG,
						  MESSAGE_CHARTER, MESSAGE_HOLDS};
	enum message_type type = types[chance(actor, sizeof(types) / sizeof(types[0]))];
	struct buf out = message_new();
	buf_add(&out, buf_bytes(&actor->node->foe->last[type]));
	if (out.len > 0)
		say(actor, &out);
	else
		buf_fini(&out);
}

static void flooder_step(struct actor *actor, struct sim_node *victim)
{
	switch (chance(actor, 5)) {
	case 0:
		ask_chunks(actor);
		return;
	case 1:
		ask_states(actor);
		return;
	case 2:
		say_hello(actor, victim);
		return;
	case 3:
		say_head(actor, false);
		return;
	default:
		say_records(actor, actor->author, 100, false);
	}
}

static void hider_step(struct actor *actor)
{
	if (chance(actor, 3) == 0)
		say_records(actor, actor->author, 1, false);
	else
		say_head(actor, chance(actor, 2));
}

static void forger_step(struct actor *actor)
{
	switch (chance(actor, 4)) {
	case 0:
		say_records(actor, actor->robbed->hub ? actor->robbed->hub->author : 1, 3, false);
		return;
	case 1:
		say_records(actor, actor->author, 3, true);
		return;
	default:
		say_again(actor);
	}
}

static void thief_step(struct actor *actor)
{
	if (chance(actor, 2))
		say_records(actor, actor->author, 2, false);
	else
		say_head(actor, chance(actor, 2));
}

void actor_step(struct actor *actor, struct sim_node *victim)
{
	if (!actor->node->foe->up || !victim->hub)
		return;
	actor->steps++;
	switch (actor->kind) {
	case ACTOR_FLOODER:
		flooder_step(actor, victim);
		return;
	case ACTOR_HIDER:
		hider_step(actor);
		return;
	case ACTOR_LIAR:
		say_holds(actor);
		return;
	case ACTOR_FORGER:
		forger_step(actor);
		return;
	case ACTOR_THIEF:
		thief_step(actor);
		return;
	case ACTOR_COUNT:
		break;
	}
	fail();
}

/* ---- answers ---- */

/* The liar has nothing, the others say nothing. */
static void answer(struct sim_node *node, struct message *m, void *arg)
{
	struct actor *actor = arg;
	struct buf out = message_new();
	if (actor->kind == ACTOR_LIAR && m->type == MESSAGE_INDEX_GET) {
		message_index(&out, &m->of, bytes_of(NULL, 0), chance(actor, 2));
	} else if (actor->kind == ACTOR_LIAR && m->type == MESSAGE_CHUNK_GET && m->count > 0) {
		struct chunk_addr addr;
		message_next_addr(m, &addr);
		message_chunk(&out, &m->of.dataset, &addr, bytes_of(NULL, 0), false);
		sim_say_on(node, LINK_CHANNEL_BULK, &out);
		return;
	}
	if (out.len > 0)
		sim_say(node, &out);
	else
		buf_fini(&out);
}

/* ---- its life ---- */

void actor_begin(struct actor *actor, enum actor_kind kind, struct sim_node *node,
		 struct sim_node *robbed, uint64_t seed)
{
	const struct sim_node *whose = kind == ACTOR_THIEF ? robbed : node;
	*actor = (struct actor){.kind = kind,
				.node = node,
				.robbed = robbed,
				.random = random_seeded(seed),
				.author = whose->hub->author,
				.incarnation = 1,
				.sequence = 1000,
				.counter = 1000};
	sim_possess(node, &node->hub->charter.fed);
	node->foe->answer = answer;
	node->foe->arg = actor;
}

void actor_turn_to(struct actor *actor, struct sim_node *victim)
{
	struct message_list list;
	struct buf out;
	if (!victim->hub || !sim_foe_dial(actor->node, victim))
		return;
	say_hello(actor, victim);
	sim_run(actor->node->sim, 300, NULL, NULL);
	if (!actor->node->foe->up)
		return;
	out = message_new();
	message_sketch(&out, bytes_of(NULL, 0));
	say(actor, &out);
	list = message_list_begin(MESSAGE_STATES);
	say_list(actor, &list);
	out = message_new();
	message_sync_end(&out);
	say(actor, &out);
	sim_run(actor->node->sim, 200, NULL, NULL);
}
