#include "test/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "proto/core_state.h"
#include "proto/pack.h"
#include "store/chunks.h"
#include "store/dir.h"

/* One connection: a link machine at either end. */
struct sim_end {
	struct sim_node *node; /* NULL: gone */
	uint64_t link_id;
	uint64_t dial;
	struct link link;
	bool open;
	int64_t last_arrival_ms; /* keeps the stream in order */
	int64_t wake_at;
};
struct sim_wire {
	uint64_t id;
	struct sim_end end[2];
	bool broken;
};

enum sim_kind { SIM_TICK, SIM_DATA, SIM_LOST, SIM_CONNECT, SIM_LINK_TICK };

struct sim_item {
	int64_t at_ms;
	uint64_t order;
	enum sim_kind kind;
	struct sim_node *node;
	uint64_t wire;
	unsigned side;
	struct buf bytes;
	uint64_t dial;
	char address[32];
	bool has_expected;
	struct dh_pk expected;
};

/* ---- the queue of events ---- */

static bool item_less(const struct sim_item *a, const struct sim_item *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void heap_push(struct sim *sim, struct sim_item item)
{
	if (sim->heap_count == sim->heap_cap) {
		sim->heap_cap = sim->heap_cap ? 2 * sim->heap_cap : 256;
		sim->heap = mem_grow(sim->heap, sim->heap_cap, sizeof(*sim->heap));
	}
	item.order = ++sim->item_last;
	size_t i = sim->heap_count++;
	while (i > 0 && item_less(&item, &sim->heap[(i - 1) / 2])) {
		sim->heap[i] = sim->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	sim->heap[i] = item;
}

static struct sim_item heap_pop(struct sim *sim)
{
	struct sim_item top = sim->heap[0], last = sim->heap[--sim->heap_count];
	size_t i = 0;
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= sim->heap_count)
			break;
		if (child + 1 < sim->heap_count &&
		    item_less(&sim->heap[child + 1], &sim->heap[child]))
			child++;
		if (!item_less(&sim->heap[child], &last))
			break;
		sim->heap[i] = sim->heap[child];
		i = child;
	}
	if (sim->heap_count > 0)
		sim->heap[i] = last;
	return top;
}

static struct sim_wire *wire_find(struct sim *sim, uint64_t id)
{
	for (size_t i = 0; i < sim->wire_count; i++) {
		if (sim->wires[i]->id == id)
			return sim->wires[i];
	}
	return NULL;
}

static struct sim_end *end_of_link(struct sim_node *node, uint64_t link_id, struct sim_wire **wire,
				   unsigned *side)
{
	for (size_t i = 0; i < node->sim->wire_count; i++) {
		for (unsigned s = 0; s < 2; s++) {
			struct sim_end *end = &node->sim->wires[i]->end[s];
			if (end->open && end->node == node && end->link_id == link_id) {
				*wire = node->sim->wires[i];
				*side = s;
				return end;
			}
		}
	}
	return NULL;
}

/* ---- turns ---- */

static struct event *inbox_add(struct sim_node *node, enum event_type type)
{
	if (node->inbox_count == node->inbox_cap) {
		node->inbox_cap = node->inbox_cap ? 2 * node->inbox_cap : 64;
		node->inbox = mem_grow(node->inbox, node->inbox_cap, sizeof(*node->inbox));
	}
	struct event *event = &node->inbox[node->inbox_count++];
	*event = (struct event){.type = type};
	return event;
}

static struct bytes inbox_hold(struct sim_node *node, struct bytes bytes)
{
	struct buf *copy = mem_new(1, sizeof(*copy));
	buf_init(copy, LIMIT_MESSAGE_LEN_MAX);
	buf_add(copy, bytes);
	node->held_bytes = mem_grow(node->held_bytes, node->held_count + 1, sizeof(copy));
	node->held_bytes[node->held_count++] = copy;
	return buf_bytes(copy);
}

static void inbox_clear(struct sim_node *node)
{
	for (size_t i = 0; i < node->held_count; i++) {
		buf_fini(node->held_bytes[i]);
		free(node->held_bytes[i]);
	}
	node->held_count = 0;
	node->inbox_count = 0;
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
	sim->delivered++;
}

static int64_t delay(struct sim *sim)
{
	return sim->delay_ms_min +
	       (int64_t)random_below(&sim->random, sim->delay_ms_max - sim->delay_ms_min + 1);
}

static void wire_break(struct sim *sim, struct sim_wire *wire)
{
	if (wire->broken)
		return;
	wire->broken = true;
	for (unsigned s = 0; s < 2; s++) {
		if (wire->end[s].open)
			heap_push(sim, (struct sim_item){.at_ms = sim->now_ms + delay(sim),
							 .kind = SIM_LOST,
							 .wire = wire->id,
							 .side = s});
	}
}

/* Takes what a link machine has to say: events for the core, bytes for the other side. */
static void end_pump(struct sim *sim, struct sim_wire *wire, unsigned side)
{
	struct sim_end *end = &wire->end[side];
	struct sim_node *node = end->node;
	struct link_event from;
	while (end->open && link_next(&end->link, &from)) {
		if (from.type == LINK_EVENT_MESSAGE && from.channel == LINK_CHANNEL_BULK) {
			struct bytes copy = inbox_hold(node, from.message);
			core_chunk_event(inbox_add(node, EVENT_CHUNK), end->link_id, copy);
			link_consumed(&end->link, from.channel, copy.len);
			continue;
		}
		struct event *event =
			inbox_add(node, from.type == LINK_EVENT_CERT      ? EVENT_LINK_CERT
					: from.type == LINK_EVENT_UP      ? EVENT_LINK_UP
					: from.type == LINK_EVENT_MESSAGE ? EVENT_MESSAGE
									  : EVENT_LINK_DOWN);
		event->link = end->link_id;
		event->dial = end->dial;
		event->reason = from.reason;
		if (from.type == LINK_EVENT_CERT) {
			event->certificate = from.certificate;
			event->certificate.entry = inbox_hold(node, from.certificate.entry);
			event->key = from.key;
		} else if (from.type == LINK_EVENT_UP) {
			event->key = *link_peer_key(&end->link);
			memcpy(event->handshake_hash, link_handshake_hash(&end->link), 32);
		} else if (from.type == LINK_EVENT_MESSAGE) {
			event->bytes = inbox_hold(node, from.message);
			link_consumed(&end->link, from.channel, event->bytes.len);
			node->message_count++;
			node->message_bytes += event->bytes.len;
		} else {
			end->open = false;
			link_fini(&end->link);
			if (!wire->broken)
				wire_break(sim, wire);
		}
	}
}

static void end_flush(struct sim *sim, struct sim_wire *wire, unsigned side)
{
	struct sim_end *end = &wire->end[side];
	struct buf out;
	buf_init(&out, 64 * 1024 * 1024);
	if (end->open)
		assert_int_equal(link_output(&end->link, &out, 32 * 1024 * 1024), ERR_OK);
	for (size_t at = 0; at < out.len && !wire->broken;) {
		size_t len = 1 + random_below(&sim->random, sim->cut_bytes_max);
		struct bytes piece = bytes_slice(buf_bytes(&out), at, len);
		int64_t arrival = sim->now_ms + delay(sim);
		if (arrival < end->last_arrival_ms)
			arrival = end->last_arrival_ms;
		end->last_arrival_ms = arrival;
		struct sim_item item = {
			.at_ms = arrival, .kind = SIM_DATA, .wire = wire->id, .side = !side};
		buf_init(&item.bytes, piece.len);
		buf_add(&item.bytes, piece);
		heap_push(sim, item);
		at += piece.len;
		if (sim->drop_chance > 0 &&
		    (double)random_below(&sim->random, 1000000) < sim->drop_chance * 1e6)
			wire_break(sim, wire);
	}
	buf_fini(&out);
	if (!end->open)
		return;
	uint64_t wake = link_wake(&end->link);
	if (wake < INT64_MAX && (end->wake_at == 0 || (int64_t)wake < end->wake_at)) {
		end->wake_at = (int64_t)wake > sim->now_ms ? (int64_t)wake : sim->now_ms + 1;
		heap_push(sim, (struct sim_item){.at_ms = end->wake_at,
						 .kind = SIM_LINK_TICK,
						 .wire = wire->id,
						 .side = side});
	}
}

static void serve(struct sim_node *node, struct sim_end *end, const struct effect *effect)
{
	struct buf chunk, message;
	struct txn *txn = txn_begin(node->db, false);
	buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);
	buf_init(&message, LIMIT_MESSAGE_LEN_MAX);
	enum err err = chunks_read(txn, &effect->dataset, &effect->addr, &chunk);
	txn_abort(txn);
	core_chunk_message(&message, &effect->dataset, &effect->addr,
			   err == ERR_OK ? buf_bytes(&chunk) : bytes_of(NULL, 0));
	link_send(&end->link, LINK_CHANNEL_BULK, buf_bytes(&message));
	buf_fini(&chunk);
	buf_fini(&message);
	if (err == ERR_CORRUPT) {
		struct event *event = inbox_add(node, EVENT_CHUNK_BAD);
		event->dataset = effect->dataset;
		event->addr = effect->addr;
	}
}

static void effect_do(struct sim_node *node, const struct effect *effect)
{
	struct sim *sim = node->sim;
	struct sim_wire *wire;
	unsigned side;
	if (effect->type == EFFECT_NOTE) {
		node->note_counts[effect->note->type]++;
		return;
	}
	if (effect->type == EFFECT_DIAL) {
		struct sim_item item = {.at_ms = sim->now_ms + delay(sim),
					.kind = SIM_CONNECT,
					.node = node,
					.dial = effect->dial,
					.has_expected = effect->has_expected,
					.expected = effect->expected};
		snprintf(item.address, sizeof(item.address), "%.31s", effect->address);
		heap_push(sim, item);
		return;
	}
	struct sim_end *end = end_of_link(node, effect->link, &wire, &side);
	if (!end)
		return;
	if (effect->type == EFFECT_ADMIT)
		link_admit(&end->link, effect->ok, effect->reason);
	else if (effect->type == EFFECT_SEND)
		link_send(&end->link, effect->channel, buf_bytes(&effect->bytes));
	else if (effect->type == EFFECT_SERVE)
		serve(node, end, effect);
	else if (effect->type == EFFECT_CLOSE)
		link_close(&end->link, effect->reason, (uint64_t)sim->now_ms);
}

static void node_pump(struct sim_node *node)
{
	struct sim *sim = node->sim;
	for (size_t i = 0; i < sim->wire_count; i++) {
		for (unsigned s = 0; s < 2; s++) {
			struct sim_end *end = &sim->wires[i]->end[s];
			if (end->node != node || !end->open)
				continue;
			end_pump(sim, sim->wires[i], s);
			end_flush(sim, sim->wires[i], s);
			end_pump(sim, sim->wires[i], s);
		}
	}
}

static void node_turn(struct sim_node *node)
{
	struct sim *sim = node->sim;
	int rounds = 0;
	do {
		assert_true(rounds++ < 1000);
		struct event *events = node->inbox;
		struct buf **held = node->held_bytes;
		size_t count = node->inbox_count, held_count = node->held_count;
		node->inbox = NULL;
		node->inbox_count = node->inbox_cap = 0;
		node->held_bytes = NULL;
		node->held_count = 0;
		for (size_t i = 0; i < count; i++)
			event_digest(sim, node, &events[i]);
		struct txn *txn = txn_begin(node->db, true);
		core_turn(node->core, txn, sim->epoch_ms + sim->now_ms, events, count,
			  &node->effects);
		assert_int_equal(txn_commit(txn), ERR_OK);
		struct effects effects = node->effects;
		effects_init(&node->effects);
		for (size_t i = 0; i < effects.count; i++)
			effect_do(node, &effects.items[i]);
		effects_fini(&effects);
		for (size_t i = 0; i < held_count; i++) {
			buf_fini(held[i]);
			free(held[i]);
		}
		free(held);
		free(events);
		node_pump(node);
	} while (node->inbox_count > 0);
	int64_t wake = core_wake(node->core);
	if (wake == INT64_MAX)
		return;
	wake -= sim->epoch_ms;
	if (wake <= sim->now_ms)
		wake = sim->now_ms + 1;
	if (node->tick_at > sim->now_ms && node->tick_at <= wake)
		return;
	node->tick_at = wake;
	heap_push(sim, (struct sim_item){.at_ms = wake, .kind = SIM_TICK, .node = node});
}

void sim_call(struct sim_node *node,
	      void (*run)(struct core *core, struct txn *txn, int64_t now_ms, void *arg), void *arg)
{
	struct event *event = inbox_add(node, EVENT_CALL);
	event->run = run;
	event->arg = arg;
	node_turn(node);
}

/* ---- the world ---- */

static struct sim_node *node_at(struct sim *sim, const char *address)
{
	for (unsigned i = 0; i < sim->node_count; i++) {
		if (strcmp(sim->nodes[i]->address, address) == 0)
			return sim->nodes[i];
	}
	return NULL;
}

static bool link_begin(struct sim_end *end, struct sim_node *node, bool dialler, uint64_t dial,
		       const struct sim_item *item)
{
	struct link_options options = {.dialler = dialler,
				       .static_sk = secret_key(node->identity.transport),
				       .limits = &node->limits,
				       .random = &node->random};
	struct buf entry, encoded;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	struct certificate certificate;
	buf_init(&encoded, LIMIT_ORGLOG_ENTRY_LEN_MAX + 1024);
	bool ok = core_certificate(node->core, &certificate, &entry, &options.fed);
	if (ok)
		certificate_put(&encoded, &certificate);
	options.certificate = buf_bytes(&encoded);
	if (ok) {
		if (dialler && item->has_expected) {
			options.has_expected = true;
			options.expected = item->expected;
		}
		end->node = node;
		end->link_id = ++node->link_last;
		end->dial = dial;
		end->open = true;
		link_init(&end->link, &options, (uint64_t)node->sim->now_ms);
	}
	buf_fini(&entry);
	buf_fini(&encoded);
	return ok;
}

static void dial_fail(struct sim_node *node, uint64_t dial)
{
	struct event *event = inbox_add(node, EVENT_LINK_DOWN);
	event->dial = dial;
	event->reason = LINK_REASON_LOST;
	node_turn(node);
}

static void connect_do(struct sim *sim, const struct sim_item *item)
{
	struct sim_node *from = item->node, *to = node_at(sim, item->address);
	if (!from->core)
		return;
	if (!to || !to->core || to->deaf || from->deaf) {
		dial_fail(from, item->dial);
		return;
	}
	struct sim_wire *wire = mem_new(1, sizeof(*wire));
	wire->id = ++sim->item_last;
	if (!link_begin(&wire->end[1], to, false, 0, item)) {
		free(wire);
		dial_fail(from, item->dial);
		return;
	}
	assert_true(link_begin(&wire->end[0], from, true, item->dial, item));
	sim->wires = mem_grow(sim->wires, sim->wire_count + 1, sizeof(wire));
	sim->wires[sim->wire_count++] = wire;
	node_turn(from);
}

static void wires_clean(struct sim *sim)
{
	for (size_t i = sim->wire_count; i-- > 0;) {
		struct sim_wire *wire = sim->wires[i];
		if (wire->end[0].open || wire->end[1].open)
			continue;
		free(wire);
		sim->wires[i] = sim->wires[--sim->wire_count];
	}
}

static void end_event(struct sim *sim, const struct sim_item *item)
{
	struct sim_wire *wire = wire_find(sim, item->wire);
	struct sim_end *end = wire ? &wire->end[item->side] : NULL;
	if (!end || !end->open)
		return;
	if (item->kind == SIM_LOST) {
		link_lost(&end->link);
	} else if (item->kind == SIM_LINK_TICK) {
		end->wake_at = 0;
		link_tick(&end->link, (uint64_t)sim->now_ms);
	} else if (!wire->broken) {
		for (size_t at = 0; at < item->bytes.len && end->open;) {
			size_t room = link_room(&end->link);
			struct bytes part = bytes_slice(buf_bytes(&item->bytes), at, room);
			link_recv(&end->link, part, (uint64_t)sim->now_ms);
			at += part.len;
			end_pump(sim, wire, item->side);
			assert_true(room > 0 || !end->open);
		}
	}
	struct sim_node *node = end->node;
	end_pump(sim, wire, item->side);
	if (node->core)
		node_turn(node);
}

bool sim_run(struct sim *sim, int64_t ms, bool (*until)(struct sim *sim, void *arg), void *arg)
{
	int64_t end = sim->now_ms + ms;
	int64_t looked = 0;
	while (sim->heap_count > 0 && sim->heap[0].at_ms <= end) {
		struct sim_item item = heap_pop(sim);
		sim->now_ms = item.at_ms;
		if (item.kind == SIM_TICK) {
			if (item.node->core && item.node->tick_at == item.at_ms) {
				item.node->tick_at = 0;
				inbox_add(item.node, EVENT_TICK);
				node_turn(item.node);
			}
		} else if (item.kind == SIM_CONNECT) {
			connect_do(sim, &item);
		} else {
			end_event(sim, &item);
		}
		buf_fini(&item.bytes);
		wires_clean(sim);
		if (until && sim->now_ms >= looked + 20) {
			looked = sim->now_ms;
			if (until(sim, arg))
				return true;
		}
	}
	if (sim->now_ms < end)
		sim->now_ms = end;
	return until && until(sim, arg);
}

void sim_init(struct sim *sim, uint64_t seed)
{
	*sim = (struct sim){.random = random_seeded(seed),
			    .epoch_ms = 1789000000000,
			    .delay_ms_min = 1,
			    .delay_ms_max = 40,
			    .cut_bytes_max = 16384};
	hash_init(&sim->digest, "test.sim", NULL, ID_LEN);
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(sim->root, sizeof(sim->root), "%s/allmende-sim-XXXXXX", base);
	assert_non_null(mkdtemp(sim->root));
}

static void node_open(struct sim_node *node)
{
	struct db_options options = {.volatile_store = true, .map_bytes = 1u << 30};
	assert_int_equal(db_open(&node->db, node->dir, &options), ERR_OK);
	struct txn *txn = txn_begin(node->db, true);
	assert_int_equal(identity_load(&node->identity, node->keyring, txn), ERR_OK);
	struct core_options core_options = {.limits = &node->limits,
					    .random = &node->random,
					    .keyring = node->keyring,
					    .identity = &node->identity,
					    .software = "sim",
					    .addresses = node->addresses};
	assert_int_equal(
		core_open(&node->core, &core_options, txn, node->sim->epoch_ms + node->sim->now_ms),
		ERR_OK);
	assert_int_equal(txn_commit(txn), ERR_OK);
	node->tick_at = 0;
	node_turn(node);
}

struct sim_node *sim_add(struct sim *sim, const char *name, const char *slug, const char *ags)
{
	char why[DIR_WHY_LEN];
	struct sim_node *node = mem_new(1, sizeof(*node));
	node->sim = sim;
	node->index = sim->node_count;
	node->random = random_seeded(random_below(&sim->random, UINT64_MAX));
	node->limits = limits_default();
	snprintf(node->dir, sizeof(node->dir), "%s/%u", sim->root, node->index);
	snprintf(node->address, sizeof(node->address), "10.0.0.%u:7400", node->index + 1);
	node->addresses[0] = node->address;
	assert_int_equal(dir_create(node->dir, why), ERR_OK);
	assert_int_equal(
		keyring_create(&node->keyring, node->dir, bytes_of(NULL, 0), &node->random),
		ERR_OK);
	struct db_options options = {.volatile_store = true, .map_bytes = 1u << 30};
	assert_int_equal(db_open(&node->db, node->dir, &options), ERR_OK);
	struct txn *txn = txn_begin(node->db, true);
	struct identity_options identity = {name, slug, ags, "self", sim->epoch_ms + sim->now_ms};
	assert_int_equal(identity_create(node->keyring, txn, &node->random, &identity), ERR_OK);
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(node->db);
	sim->nodes[sim->node_count++] = node;
	node_open(node);
	return node;
}

void sim_cut(struct sim_node *node, bool deaf)
{
	node->deaf = deaf;
	for (size_t i = 0; i < node->sim->wire_count; i++) {
		struct sim_wire *wire = node->sim->wires[i];
		if (wire->end[0].node == node || wire->end[1].node == node)
			wire_break(node->sim, wire);
	}
}

void sim_stop(struct sim_node *node)
{
	for (size_t i = 0; i < node->sim->wire_count; i++) {
		struct sim_wire *wire = node->sim->wires[i];
		for (unsigned s = 0; s < 2; s++) {
			if (wire->end[s].node != node || !wire->end[s].open)
				continue;
			wire->end[s].open = false;
			link_fini(&wire->end[s].link);
			wire_break(node->sim, wire);
		}
	}
	inbox_clear(node);
	effects_reset(&node->effects);
	core_close(node->core);
	node->core = NULL;
	identity_fini(&node->identity);
	db_close(node->db);
	node->db = NULL;
}

void sim_start(struct sim_node *node)
{
	node_open(node);
}

void sim_fini(struct sim *sim, uint8_t digest[ID_LEN])
{
	char command[300];
	for (unsigned i = 0; i < sim->node_count; i++) {
		struct sim_node *node = sim->nodes[i];
		if (node->core)
			sim_stop(node);
		inbox_clear(node);
		effects_fini(&node->effects);
		keyring_close(node->keyring);
		free(node->inbox);
		free(node->held_bytes);
		free(node);
	}
	wires_clean(sim);
	free(sim->wires);
	for (size_t i = 0; i < sim->heap_count; i++)
		buf_fini(&sim->heap[i].bytes);
	free(sim->heap);
	hash_done(&sim->digest, digest, ID_LEN);
	snprintf(command, sizeof(command), "rm -rf '%s'", sim->root);
	if (system(command) != 0)
		print_message("could not remove %s\n", sim->root);
}

/* ---- what people do ---- */

struct text_call {
	const char *name, *slug, *ags;
	struct buf text;
	char why[MEMBERSHIP_WHY_LEN];
	enum err err;
};

static void call_found(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	struct text_call *call = arg;
	call->err = membership_create(core, txn, now_ms, call->name, call->why);
}

void sim_found(struct sim_node *node, const char *name)
{
	struct text_call call = {.name = name};
	sim_call(node, call_found, &call);
	assert_string_equal(call.why, "");
	assert_int_equal(call.err, ERR_OK);
}

static void call_invite(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	struct text_call *call = arg;
	int64_t until;
	call->err = membership_invite(core, txn, now_ms, call->name, call->slug, call->ags,
				      &call->text, &until, call->why);
}

static void call_join(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	struct text_call *call = arg;
	buf_add_u8(&call->text, 0);
	call->err = membership_join(core, txn, now_ms, (const char *)call->text.ptr, call->why);
}

void sim_join(struct sim_node *steward, struct sim_node *joiner)
{
	struct text_call call = {.name = joiner->identity.name,
				 .slug = joiner->identity.slug,
				 .ags = joiner->identity.ags};
	buf_init(&call.text, 4096);
	sim_call(steward, call_invite, &call);
	assert_string_equal(call.why, "");
	assert_int_equal(call.err, ERR_OK);
	sim_call(joiner, call_join, &call);
	assert_string_equal(call.why, "");
	assert_int_equal(call.err, ERR_OK);
	buf_fini(&call.text);
}

struct publish_call {
	struct publish_options options;
	struct bytes content;
	struct publication publication;
	struct writer *writer;
	struct catalog_entry entry;
	bool unchanged;
	enum err err;
	char why[CATALOG_WHY_LEN];
};

static void call_begin(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	struct publish_call *call = arg;
	call->err = catalog_publish_begin(core, txn, now_ms, &call->options, &call->publication,
					  call->why);
}

/* Seals and stores the pieces that are complete, as the daemon's workers and its bulk lane do. */
static void pieces_store(struct core *core, struct txn *txn, struct publish_call *call,
			 struct packer *packer)
{
	struct piece *piece;
	while ((piece = writer_take(call->writer))) {
		const struct sealer *sealer = writer_sealer(call->writer);
		piece_identify(sealer, piece);
		if (!seen_get(txn, sealer, piece)) {
			assert_int_equal(piece_seal(sealer, packer, core->options.random, piece),
					 ERR_OK);
			seen_put(txn, sealer, piece);
		}
		catalog_publish_chunk(core, txn, &call->publication, &piece->entry.addr,
				      piece->entry.size, buf_bytes(&piece->sealed));
		writer_accept(call->writer, piece);
		piece_close(piece);
	}
}

static void call_write(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	struct publish_call *call = arg;
	struct packer *packer = packer_open();
	struct bytes rest = call->content;
	call->writer = writer_open(&call->publication.params);
	writer_file_begin(call->writer, bytes_str("datei.csv"), bytes_str("text/csv"), 1);
	while (rest.len > 0) {
		rest = bytes_slice(rest, writer_feed(call->writer, rest), rest.len);
		pieces_store(core, txn, call, packer);
	}
	writer_file_end(call->writer);
	pieces_store(core, txn, call, packer);
	assert_int_equal(writer_finish(call->writer), ERR_OK);
	pieces_store(core, txn, call, packer);
	packer_close(packer);
	call->err = catalog_publish_commit(core, txn, now_ms, &call->publication, call->writer,
					   &call->unchanged, &call->entry, call->why);
	if (call->err != ERR_OK)
		catalog_publish_abort(core, txn, &call->publication);
	catalog_entry_fini(&call->entry);
	writer_close(call->writer);
}

enum err sim_publish(struct sim_node *node, const char *path, enum tier tier, struct bytes content)
{
	struct publish_call call = {
		.options = {.path = path, .has_tier = true, .tier = tier, .allow_shrink = true},
		.content = content};
	call.options.description.title = bytes_str("Ein Datensatz");
	sim_call(node, call_begin, &call);
	if (call.err != ERR_OK)
		return call.err;
	sim_call(node, call_write, &call);
	publication_fini(&call.publication);
	if (call.err != ERR_OK)
		print_message("publish: %s\n", call.why);
	return call.unchanged ? ERR_EXISTS : call.err;
}

static void call_subscribe(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	struct text_call *call = arg;
	call->err = transfer_subscribe(core, txn, now_ms, call->name, call->why);
}

void sim_subscribe(struct sim_node *node, const char *pattern)
{
	struct text_call call = {.name = pattern};
	sim_call(node, call_subscribe, &call);
	assert_int_equal(call.err, ERR_OK);
}

struct read_call {
	const char *path;
	uint64_t number;
	struct buf *out;
	enum err err;
	char why[CATALOG_WHY_LEN];
};

static void chunk_read(struct txn *txn, const struct reading *reading,
		       const struct chunk_addr *addr, struct buf *chunk)
{
	buf_reset(chunk);
	assert_int_equal(chunks_read(txn, &reading->dataset, addr, chunk), ERR_OK);
}

static void call_read(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	struct read_call *call = arg;
	struct reading reading;
	struct index_entry entry;
	struct buf chunk;
	call->err = catalog_read(core, txn, call->path, call->number, &reading, call->why);
	if (call->err != ERR_OK)
		return;
	struct packer *packer = packer_open();
	struct reader *reader =
		reader_open(&reading.version, &reading.dataset, &reading.dataset_key);
	buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);
	while (reader_part_next(reader, &entry)) {
		chunk_read(txn, &reading, &entry.addr, &chunk);
		assert_int_equal(reader_part_add(reader, packer, buf_bytes(&chunk)), ERR_OK);
	}
	assert_int_equal(reader_manifest_done(reader), ERR_OK);
	const struct manifest *manifest = reader_manifest(reader);
	const struct manifest_file *file = manifest_file(manifest, 0);
	struct reader_file rf;
	reader_file_begin(&rf);
	for (uint32_t i = 0; i < file->chunk_count; i++) {
		const struct chunk_ref *ref = manifest_chunk(manifest, file, i);
		size_t before = call->out->len;
		chunk_read(txn, &reading, &ref->addr, &chunk);
		assert_int_equal(
			reader_chunk(reader, packer, ref, buf_bytes(&chunk), NULL, call->out),
			ERR_OK);
		reader_file_add(&rf, bytes_slice(buf_bytes(call->out), before, call->out->len));
	}
	assert_int_equal(reader_file_end(&rf, file), ERR_OK);
	buf_fini(&chunk);
	reader_close(reader);
	packer_close(packer);
	reading_fini(&reading);
}

enum err sim_read(struct sim_node *node, const char *path, uint64_t number, struct buf *out)
{
	struct read_call call = {.path = path, .number = number, .out = out};
	sim_call(node, call_read, &call);
	return call.err;
}

/* ---- agreement ---- */

static void contents(struct sim_node *node, struct digest *out, bool *complete)
{
	struct txn *txn = txn_begin(node->db, true);
	struct author_state state;
	struct hash hash;
	uint32_t author = 0;
	*complete = true;
	hash_init(&hash, "test.contents", NULL, ID_LEN);
	hash_add_be64(&hash, node->core->charter.number);
	hash_add(&hash, id_bytes(&node->core->charter.entry_id));
	while (ledger_state_next(&node->core->ledger, txn, &author, &state)) {
		hash_add_be64(&hash, author);
		hash_add_be64(&hash, state.incarnation);
		hash_add(&hash, id_bytes(&state.set));
		if (!id_eq(&state.set, &state.head_set))
			*complete = false;
	}
	hash_done(&hash, out->b, ID_LEN);
	txn_abort(txn);
}

bool sim_agree(struct sim *sim, void *unused)
{
	struct digest first, other;
	bool any = false, complete;
	for (unsigned i = 0; i < sim->node_count; i++) {
		if (!sim->nodes[i]->core)
			continue;
		if (!sim->nodes[i]->core->author)
			return false;
		contents(sim->nodes[i], any ? &other : &first, &complete);
		if (!complete || (any && !id_eq(&first, &other)))
			return false;
		any = true;
	}
	return true;
}
