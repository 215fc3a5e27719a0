/* Nodes of the simulator: their turns, their effects, their life and death. */
#include "test/sim/sim_internal.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/effort.h"
#include "store/chunks.h"
#include "store/dir.h"

/* ---- what waits for the core ---- */

struct event *inbox_add(struct sim_node *node, enum event_type type)
{
	if (node->inbox_count == node->inbox_cap) {
		node->inbox_cap = node->inbox_cap ? 2 * node->inbox_cap : 64;
		node->inbox = mem_grow(node->inbox, node->inbox_cap, sizeof(*node->inbox));
	}
	struct event *event = &node->inbox[node->inbox_count++];
	*event = (struct event){.type = type};
	return event;
}

struct bytes inbox_hold(struct sim_node *node, struct bytes bytes)
{
	struct buf *copy = mem_new(1, sizeof(*copy));
	buf_init(copy, LIMIT_MESSAGE_LEN_MAX);
	buf_add(copy, bytes);
	node->held_bytes = mem_grow(node->held_bytes, node->held_count + 1, sizeof(copy));
	node->held_bytes[node->held_count++] = copy;
	return buf_bytes(copy);
}

void inbox_clear(struct sim_node *node)
{
	for (size_t i = 0; i < node->held_count; i++) {
		buf_fini(node->held_bytes[i]);
		free(node->held_bytes[i]);
	}
	node->held_count = 0;
	node->inbox_count = 0;
	inbox_drain(&node->waiting);
	for (struct inbox_item *item = inbox_taken(&node->waiting); item;) {
		struct inbox_item *taken = item;
		item = item->next;
		free(taken); /* the first member of its struct sim_wait */
		node->waiting_count--;
	}
}

static void event_trace(const struct sim *sim, const struct sim_node *node,
			const struct event *event)
{
	static const char *const names[] = {"TICK",    "CERT",  "UP",        "DOWN",
					    "MESSAGE", "CHUNK", "CHUNK_BAD", "CALL"};
	struct message m;
	bool readable = event->type == EVENT_MESSAGE && !message_decode(&m, event->bytes);
	fprintf(stderr, "%8" PRIu64 " %9.3f s  %-12s %s %s link %" PRIu64 ", %zu bytes\n",
		sim->delivered, (double)sim->now_ms / 1000, node->identity.slug, names[event->type],
		readable ? message_name(m.type) : "", event->link, event->bytes.len);
}

static void event_digest(struct sim *sim, const struct sim_node *node, const struct event *event)
{
	uint8_t head[8 + 4 + 4 + 8];
	be64_put(head, (uint64_t)sim->now_ms);
	be32_put(head + 8, node->index);
	be32_put(head + 12, event->type);
	be64_put(head + 16, event->link);
	hash_add(&sim->digest, bytes_of(head, sizeof(head)));
	hash_add(&sim->digest, event->bytes);
	if (sim->trace)
		event_trace(sim, node, event);
	sim->delivered++;
}

/* ---- effects ---- */

static void link_say(struct sim_node *node, struct sim_end *end, uint8_t channel,
		     struct bytes message)
{
	/* As the daemon does with a peer that does not take what it is sent. */
	if (link_send(&end->link, channel, message) == ERR_FULL)
		link_close(&end->link, LINK_REASON_BUSY, (uint64_t)node->sim->now_ms);
}

/* Small versions, one in each message. */
static void serve_whole(struct sim_node *node, struct sim_end *end, const struct effect *effect)
{
	const struct version_id of = {effect->dataset, effect->number, effect->author};
	struct message_list list = message_list_begin(MESSAGE_WHOLE);
	struct txn *txn = txn_begin(node->db, false);
	struct chunk_addr bad;
	struct buf message;
	enum err err =
		core_whole_add(&list, txn, &of, effect->ok && node->serve != SIM_SERVE_NIL, &bad);
	txn_abort(txn);
	buf_init(&message, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &message);
	if (node->serve == SIM_SERVE_ALTERED)
		message.ptr[message.len - 1] ^= 1;
	link_say(node, end, LINK_CHANNEL_BULK, buf_bytes(&message));
	buf_fini(&message);
	if (err == ERR_CORRUPT) {
		struct event *event = inbox_add(node, EVENT_CHUNK_BAD);
		event->dataset = effect->dataset;
		event->addr = bad;
	}
}

static void serve(struct sim_node *node, struct sim_end *end, const struct effect *effect)
{
	struct bytes chunk = {NULL, 0};
	struct buf message;
	if (node->serve == SIM_SERVE_NOTHING)
		return;
	if (effect->whole) {
		serve_whole(node, end, effect);
		return;
	}
	struct txn *txn = txn_begin(node->db, false);
	buf_init(&message, LIMIT_MESSAGE_LEN_MAX);
	enum err err = chunks_look(txn, &effect->dataset, &effect->addr, effect->verify, &chunk);
	node->served++;
	node->served_hashed += effect->verify;
	if (err || node->serve == SIM_SERVE_NIL)
		chunk = bytes_of(NULL, 0);
	core_chunk_message(&message, &effect->dataset, &effect->addr, chunk);
	txn_abort(txn);
	if (node->serve == SIM_SERVE_ALTERED && chunk.len > 0)
		message.ptr[message.len - 1 - chunk.len / 2] ^= 1;
	link_say(node, end, LINK_CHANNEL_BULK, buf_bytes(&message));
	buf_fini(&message);
	if (err == ERR_CORRUPT) {
		struct event *event = inbox_add(node, EVENT_CHUNK_BAD);
		event->dataset = effect->dataset;
		event->addr = effect->addr;
	}
}

static void dial(struct sim_node *node, const struct effect *effect)
{
	struct sim *sim = node->sim;
	struct sim_item item = {.at_ms = sim->now_ms + sim_delay(sim),
				.kind = SIM_CONNECT,
				.node = node,
				.dial = effect->dial,
				.has_expected = effect->has_expected,
				.expected = effect->expected};
	snprintf(item.address, sizeof(item.address), "%.31s", effect->address);
	sim_push(sim, item);
}

static void effect_do(struct sim_node *node, const struct effect *effect)
{
	if (effect->type == EFFECT_NOTE) {
		node->note_counts[effect->note->type]++;
		node->note_last[effect->note->type] = *effect->note;
		return;
	}
	if (effect->type == EFFECT_DIAL) {
		dial(node, effect);
		return;
	}
	struct sim_end *end = end_of_link(node, effect->link);
	if (!end)
		return;
	if (effect->type == EFFECT_ADMIT)
		link_admit(&end->link, effect->ok, effect->reason);
	else if (effect->type == EFFECT_SEND)
		link_say(node, end, effect->channel, buf_bytes(&effect->bytes));
	else if (effect->type == EFFECT_SERVE)
		serve(node, end, effect);
	else if (effect->type == EFFECT_CLOSE)
		link_close(&end->link, effect->reason, (uint64_t)node->sim->now_ms);
}

static void effects_do(struct sim_node *node)
{
	struct effects effects = node->effects;
	size_t bytes = 0;
	effects_init(&node->effects);
	for (size_t i = 0; i < effects.count; i++) {
		bytes += effects.items[i].bytes.len;
		if (!node->spoil || node->spoil(node, &effects.items[i], node->spoil_arg))
			effect_do(node, &effects.items[i]);
	}
	if (effects.count > node->effects_max)
		node->effects_max = effects.count;
	if (bytes > node->effects_bytes_max)
		node->effects_bytes_max = bytes;
	effects_fini(&effects);
}

/* ---- turns ---- */

enum {
	SIM_MONO_BEGIN = 1000 * 1000
}; /* the machines have run for a while when a simulation begins */

static struct times clock_of(const struct sim_node *node)
{
	const struct sim *sim = node->sim;
	return (struct times){.wall_ms = sim->epoch_ms + sim->now_ms + node->clock_ms,
			      .mono_ms = SIM_MONO_BEGIN + sim->now_ms};
}

static void core_begin(struct sim_node *node)
{
	struct hub_options options = {.limits = &node->limits,
				      .random = &node->random,
				      .keyring = node->keyring,
				      .identity = &node->identity,
				      .software = "sim",
				      .addresses = node->addresses,
				      .dial_only = node->dial_only};
	/* An injected fault may strike here too; it strikes once. */
	for (unsigned i = 0; i < 2 && !node->core; i++) {
		struct txn *txn = txn_begin(node->db, true);
		enum err err = core_open(&node->core, &options, txn, clock_of(node));
		err = err == ERR_OK ? txn_commit(txn) : (txn_abort(txn), err);
		if (err != ERR_OK) {
			assert_true(db_fault_struck(node->db));
			core_close(node->core);
			node->core = NULL;
			node->hub = NULL;
			node->failed_turns++;
		}
	}
	assert_non_null(node->core);
	node->hub = core_hub(node->core);
	node->tick_at = 0;
}

/* What core.h says about a commit that failed. */
static void turn_failed(struct sim_node *node)
{
	node->failed_turns++;
	effects_reset(&node->effects);
	wires_abandon(node);
	core_close(node->core);
	node->core = NULL;
	node->hub = NULL;
	core_begin(node);
}

/* An event that waits for the core. */
struct sim_wait {
	struct inbox_item item; /* first */
	struct event event;
};

static void inbox_fill(struct sim_node *node)
{
	for (size_t i = 0; i < node->inbox_count; i++) {
		struct sim_wait *wait = mem_new(1, sizeof(*wait));
		event_digest(node->sim, node, &node->inbox[i]);
		wait->event = node->inbox[i];
		wait->item.event = &wait->event;
		if (wait->event.type == EVENT_CHUNK)
			wait->item.bulk = wait->event.bytes.len + 1;
		inbox_put(&node->waiting, &wait->item);
		node->waiting_count++;
	}
	node->inbox_count = 0;
}

/* What the core has taken goes; the sender gets its credit back. */
static void inbox_empty(struct sim_node *node)
{
	for (struct inbox_item *item = inbox_taken(&node->waiting); item;) {
		struct sim_wait *wait = (struct sim_wait *)item;
		struct sim_end *end = end_of_link(node, wait->event.link);
		item = item->next;
		if (end && wait->event.type == EVENT_MESSAGE)
			link_consumed(&end->link, LINK_CHANNEL_SYNC, wait->event.bytes.len);
		free(wait);
		node->waiting_count--;
	}
	if (node->waiting_count == 0 && node->inbox_count == 0)
		inbox_clear(node);
}

static uint64_t processor_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void turn(struct sim_node *node)
{
	inbox_fill(node);
	const uint64_t began_ns = processor_ns(), curves = effort_made();
	struct txn *txn = txn_begin(node->db, true);
	core_turn(node->core, txn, clock_of(node), &node->waiting, &node->effects);
	enum err err = txn_commit(txn);
	node->turn_ns += processor_ns() - began_ns;
	node->curves += effort_made() - curves;
	bool dies = err == ERR_OK && node->crash_in > 0 && --node->crash_in == 0;
	node->turns++;
	node->committed = err == ERR_OK && !dies;
	if (node->committed) {
		core_check(node);
		effects_do(node);
	} else {
		assert_true(dies || db_fault_struck(node->db));
		inbox_drain(&node->waiting);
		turn_failed(node);
	}
	inbox_empty(node);
}

static int64_t wake_of(struct sim_node *node)
{
	const struct times now = clock_of(node);
	int64_t wake = core_wake(node->core, now);
	int64_t waits = inbox_wake(&node->waiting, node->hub, now.mono_ms);
	return waits < wake ? waits : wake;
}

static bool waits_now(struct sim_node *node)
{
	const int64_t now_ms = clock_of(node).mono_ms;
	return node->inbox_count > 0 || inbox_wake(&node->waiting, node->hub, now_ms) <= now_ms;
}

void node_turn(struct sim_node *node)
{
	struct sim *sim = node->sim;
	int rounds = 0;
	bool committed = true;
	do {
		turn(node);
		if (rounds++ == 0)
			committed = node->committed;
		assert_true(rounds < 1000);
		node_pump(node);
	} while (waits_now(node));
	node->committed = committed;
	int64_t wake = wake_of(node);
	if (wake == INT64_MAX)
		return;
	wake -= SIM_MONO_BEGIN;
	if (wake <= sim->now_ms)
		wake = sim->now_ms + 1;
	if (node->tick_at > sim->now_ms && node->tick_at <= wake)
		return;
	node->tick_at = wake;
	sim_push(sim, (struct sim_item){.at_ms = wake, .kind = SIM_TICK, .node = node});
}

bool sim_call(struct sim_node *node,
	      void (*run)(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg), void *arg)
{
	struct event *event = inbox_add(node, EVENT_CALL);
	event->run = run;
	event->arg = arg;
	node_turn(node);
	return node->committed;
}

void sim_fault(struct sim_node *node, uint64_t n, enum err err)
{
	db_fault_at(node->db, n, err);
}

bool sim_fault_struck(struct sim_node *node)
{
	return db_fault_struck(node->db);
}

uint64_t sim_rows(struct sim_node *node, enum table table)
{
	struct txn *txn = txn_begin(node->db, false);
	uint64_t count = txn_count(txn, table);
	assert_int_equal(txn_err(txn), ERR_OK);
	txn_abort(txn);
	return count;
}

/* ---- life ---- */

static void node_open(struct sim_node *node)
{
	struct db_options options = {.volatile_store = true, .map_bytes = node->sim->map_bytes};
	assert_int_equal(db_open(&node->db, node->dir, &options), ERR_OK);
	struct txn *txn = txn_begin(node->db, true);
	assert_int_equal(identity_load(&node->identity, node->keyring, txn), ERR_OK);
	assert_int_equal(txn_commit(txn), ERR_OK);
	core_begin(node);
	node_turn(node);
}

/* A node at an address of its own, with nothing on disk. */
static struct sim_node *node_place(struct sim *sim, bool dial_only)
{
	struct sim_node *node = mem_new(1, sizeof(*node));
	node->sim = sim;
	inbox_init(&node->waiting);
	node->index = sim->node_count;
	node->random = random_seeded(random_below(&sim->random, UINT64_MAX));
	node->limits = limits_default();
	node->dial_only = dial_only;
	snprintf(node->dir, sizeof(node->dir), "%s/%u", sim->root, node->index);
	snprintf(node->address, sizeof(node->address), "10.0.0.%u:7400", node->index + 1);
	node->addresses[0] = node->address;
	sim->nodes[sim->node_count++] = node;
	return node;
}

/* A node with a directory and a keyring, and with its store open. */
static struct sim_node *node_new(struct sim *sim, bool dial_only)
{
	char why[WHY_LEN];
	struct sim_node *node = node_place(sim, dial_only);
	assert_int_equal(dir_create(node->dir, why), ERR_OK);
	assert_int_equal(
		keyring_create(&node->keyring, node->dir, bytes_of(NULL, 0), &node->random),
		ERR_OK);
	struct db_options options = {.volatile_store = true, .map_bytes = node->sim->map_bytes};
	assert_int_equal(db_open(&node->db, node->dir, &options), ERR_OK);
	return node;
}

static struct sim_node *node_add(struct sim *sim, const char *name, const char *slug,
				 const char *ags, bool dial_only)
{
	struct sim_node *node = node_new(sim, dial_only);
	struct txn *txn = txn_begin(node->db, true);
	struct identity_options identity = {name, slug, ags, "self", sim->epoch_ms + sim->now_ms};
	assert_int_equal(identity_create(node->keyring, txn, &node->random, &identity), ERR_OK);
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(node->db);
	node_open(node);
	return node;
}

struct sim_node *sim_add_node(struct sim *sim, const char *text, struct buf *request)
{
	struct sim_node *node = node_new(sim, false);
	struct txn *txn = txn_begin(node->db, true);
	struct invitation invitation;
	struct node_offer offer;
	struct buf bytes;
	buf_init(&bytes, ENVELOPE_LEN_MAX);
	assert_int_equal(node_offer_get(&offer, &bytes, bytes_str(text)), ERR_OK);
	assert_int_equal(invitation_get(&invitation, offer.invitation), ERR_OK);
	struct identity_options identity = {invitation.name, invitation.slug, invitation.ags,
					    "self", sim->epoch_ms + sim->now_ms};
	assert_int_equal(identity_create_node(node->keyring, txn, &node->random, &offer, &identity),
			 ERR_OK);
	assert_int_equal(identity_request(request, node->keyring, txn), ERR_OK);
	assert_int_equal(txn_commit(txn), ERR_OK);
	buf_fini(&bytes);
	db_close(node->db);
	node->db = NULL;
	return node;
}

enum err sim_accept(struct sim_node *node, struct bytes answer)
{
	struct db_options options = {.volatile_store = true, .map_bytes = node->sim->map_bytes};
	assert_int_equal(db_open(&node->db, node->dir, &options), ERR_OK);
	struct txn *txn = txn_begin(node->db, true);
	enum err err = identity_accept(node->keyring, txn, answer);
	if (err == ERR_OK)
		err = txn_commit(txn);
	else
		txn_abort(txn);
	db_close(node->db);
	node->db = NULL;
	if (err == ERR_OK)
		node_open(node);
	return err;
}

struct sim_node *sim_add(struct sim *sim, const char *name, const char *slug, const char *ags)
{
	return node_add(sim, name, slug, ags, false);
}

struct sim_node *sim_add_dial_only(struct sim *sim, const char *name, const char *slug,
				   const char *ags)
{
	return node_add(sim, name, slug, ags, true);
}

void sim_stop(struct sim_node *node)
{
	wires_abandon(node);
	inbox_clear(node);
	effects_reset(&node->effects);
	core_close(node->core);
	node->core = NULL;
	node->hub = NULL;
	identity_fini(&node->identity);
	db_close(node->db);
	node->db = NULL;
}

void sim_start(struct sim_node *node)
{
	node_open(node);
}

struct sim_node *sim_clone(struct sim_node *of)
{
	char command[700];
	struct sim_node *node = node_place(of->sim, of->dial_only);
	assert_null(of->db);
	snprintf(command, sizeof(command), "cp -r '%s' '%s'", of->dir, node->dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(keyring_open(&node->keyring, node->dir, bytes_of(NULL, 0)), ERR_OK);
	return node;
}

static void store_copy(const struct sim_node *node, const char *from, const char *to)
{
	char command[700];
	assert_null(node->db);
	snprintf(command, sizeof(command), "cp '%s/%s' '%s/%s'", node->dir, from, node->dir, to);
	assert_int_equal(system(command), 0);
}

void sim_backup(struct sim_node *node)
{
	store_copy(node, "data.mdb", "backup");
}

void sim_restore(struct sim_node *node)
{
	store_copy(node, "backup", "data.mdb");
}

void node_free(struct sim_node *node)
{
	if (node->db)
		sim_stop(node);
	foe_free(node);
	inbox_clear(node);
	effects_fini(&node->effects);
	keyring_close(node->keyring);
	free(node->inbox);
	inbox_fini(&node->waiting);
	free(node->held_bytes);
	free(node->ends);
	free(node->stirred);
	free(node);
}
