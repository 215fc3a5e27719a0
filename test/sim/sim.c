/* The world of the simulator: time, and connections that carry bytes. */
#include "test/sim/sim_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/check.h"
/* ---- the queue of events ---- */

static bool item_less(const struct sim_item *a, const struct sim_item *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void sim_push(struct sim *sim, struct sim_item item)
{
	if (sim->heap_count == sim->heap_cap) {
		sim->heap_cap = sim->heap_cap ? 2 * sim->heap_cap : 256;
		sim->heap = mem_grow(sim->heap, sim->heap_cap, sizeof(*sim->heap));
	}
	item.order = ++sim->item_last;
	if (item.wire)
		item.wire->item_count++;
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

static void end_stir(struct sim_end *end)
{
	struct sim_node *node = end->node;
	if (end->stirred)
		return;
	end->stirred = true;
	if (node->stirred_count == node->stirred_cap) {
		node->stirred_cap = node->stirred_cap ? 2 * node->stirred_cap : 16;
		node->stirred =
			mem_grow(node->stirred, node->stirred_cap, sizeof(struct sim_end *));
	}
	node->stirred[node->stirred_count++] = end;
}

struct sim_end *end_of_link(struct sim_node *node, uint64_t link_id)
{
	for (size_t i = 0; i < node->end_count; i++) {
		if (node->ends[i]->link_id != link_id)
			continue;
		end_stir(node->ends[i]);
		return node->ends[i];
	}
	return NULL;
}

unsigned sim_links(struct sim_node *a, struct sim_node *b)
{
	unsigned count = 0;
	for (size_t i = 0; i < a->end_count; i++) {
		const struct sim_end *other = &a->ends[i]->wire->end[!a->ends[i]->side];
		count += other->open && other->node == b;
	}
	return count;
}

/* ---- connections ---- */

int64_t sim_delay(struct sim *sim)
{
	return sim->delay_ms_min +
	       (int64_t)random_below(&sim->random, sim->delay_ms_max - sim->delay_ms_min + 1);
}

void wire_break(struct sim *sim, struct sim_wire *wire)
{
	if (wire->broken)
		return;
	wire->broken = true;
	for (unsigned s = 0; s < 2; s++) {
		if (wire->end[s].open)
			sim_push(sim, (struct sim_item){.at_ms = sim->now_ms + sim_delay(sim),
							.kind = SIM_LOST,
							.wire = wire,
							.side = s});
	}
}

static void ends_remove(struct sim_end **ends, size_t *count, const struct sim_end *end)
{
	for (size_t i = 0; i < *count; i++) {
		if (ends[i] == end) {
			ends[i] = ends[--*count];
			return;
		}
	}
}

static void end_fini(struct sim_end *end)
{
	struct sim_node *node = end->node;
	end->open = false;
	link_fini(&end->link);
	ends_remove(node->ends, &node->end_count, end);
	ends_remove(node->stirred, &node->stirred_count, end);
	node->sim->wire_closed = true;
}

/* One side is done: what it has said before still arrives, then the other side sees the end. */
static void end_close(struct sim *sim, struct sim_wire *wire, unsigned side)
{
	struct sim_end *end = &wire->end[side];
	int64_t at = sim->now_ms + sim_delay(sim);
	end_fini(end);
	if (wire->broken || !wire->end[!side].open)
		return;
	sim_push(sim,
		 (struct sim_item){.at_ms = at > end->last_arrival_ms ? at : end->last_arrival_ms,
				   .kind = SIM_LOST,
				   .wire = wire,
				   .side = !side});
}

/* The type of a message that is well-formed; else any. */
static unsigned message_peek(struct bytes message)
{
	return message.len > 1 ? message.ptr[1] % SIM_MESSAGE_MAX : 0;
}

/*
 * Takes what a link machine has to say: events for the core, bytes for the other side. False:
 * nothing.
 */
static bool end_pump(struct sim *sim, struct sim_wire *wire, unsigned side)
{
	struct sim_end *end = &wire->end[side];
	struct sim_node *node = end->node;
	struct link_event from;
	bool any = false;
	while (end->open && link_next(&end->link, &from)) {
		any = true;
		if (node->foe) {
			foe_event(node, end, &from);
			if (from.type == LINK_EVENT_CLOSED)
				end_close(sim, wire, side);
			continue;
		}
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
			node->message_count++;
			node->got[message_peek(event->bytes)]++;
			node->message_bytes += event->bytes.len;
		} else {
			end_close(sim, wire, side);
		}
	}
	return any;
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
		int64_t arrival = sim->now_ms + sim_delay(sim);
		if (arrival < end->last_arrival_ms)
			arrival = end->last_arrival_ms;
		end->last_arrival_ms = arrival;
		struct sim_item item = {
			.at_ms = arrival, .kind = SIM_DATA, .wire = wire, .side = !side};
		buf_init(&item.bytes, piece.len);
		buf_add(&item.bytes, piece);
		sim_push(sim, item);
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
		sim_push(sim, (struct sim_item){.at_ms = end->wake_at,
						.kind = SIM_LINK_TICK,
						.wire = wire,
						.side = side});
	}
}

void node_pump(struct sim_node *node)
{
	while (node->stirred_count > 0) {
		struct sim_end *end = node->stirred[--node->stirred_count];
		end->stirred = false;
		end_pump(node->sim, end->wire, end->side);
		do
			end_flush(node->sim, end->wire, end->side);
		while (end_pump(node->sim, end->wire, end->side));
	}
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

/* What a node shows of itself; false: it has no federation yet. */
static bool certificate_of(struct sim_node *node, struct buf *encoded, struct fed_id *fed)
{
	struct certificate certificate;
	struct buf entry;
	bool ok = true;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	if (node->foe) {
		struct txn *txn = txn_begin(node->db, false);
		struct bytes stored;
		assert_true(orglog_entry(txn, &node->identity.org, 1, &stored));
		buf_add(&entry, stored);
		txn_abort(txn);
		*fed = node->foe->fed;
		certificate = (struct certificate){.member = node->foe->member,
						   .node_index = node->identity.node_index,
						   .org = node->foe->org,
						   .entry = buf_bytes(&entry)};
	} else {
		ok = core_certificate(node->core, &certificate, &entry, fed);
	}
	if (ok)
		certificate_put(encoded, &certificate);
	buf_fini(&entry);
	return ok;
}

static void end_add(struct sim_end *end)
{
	struct sim_node *node = end->node;
	if (node->end_count == node->end_cap) {
		node->end_cap = node->end_cap ? 2 * node->end_cap : 16;
		node->ends = mem_grow(node->ends, node->end_cap, sizeof(struct sim_end *));
	}
	node->ends[node->end_count++] = end;
	end_stir(end);
}

static bool link_begin(struct sim_end *end, struct sim_node *node, bool dialler, uint64_t dial,
		       const struct sim_item *item)
{
	struct link_options options = {.dialler = dialler,
				       .static_sk = secret_key(node->identity.transport),
				       .limits = &node->limits,
				       .random = &node->random};
	struct buf encoded;
	buf_init(&encoded, LIMIT_ORGLOG_ENTRY_LEN_MAX + 1024);
	bool ok = certificate_of(node, &encoded, &options.fed);
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
		end_add(end);
	}
	buf_fini(&encoded);
	return ok;
}

bool wire_connect(struct sim_node *from, struct sim_node *to, const struct sim_item *item)
{
	struct sim *sim = from->sim;
	struct sim_wire *wire = mem_new(1, sizeof(*wire));
	for (unsigned s = 0; s < 2; s++) {
		wire->end[s].wire = wire;
		wire->end[s].side = s;
	}
	if (!link_begin(&wire->end[1], to, false, 0, item)) {
		free(wire);
		return false;
	}
	assert_true(link_begin(&wire->end[0], from, true, item->dial, item));
	if (sim->wire_count == sim->wire_cap) {
		sim->wire_cap = sim->wire_cap ? 2 * sim->wire_cap : 64;
		sim->wires = mem_grow(sim->wires, sim->wire_cap, sizeof(wire));
	}
	sim->wires[sim->wire_count++] = wire;
	sim->handshakes++;
	return true;
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
	bool listens =
		to && !to->deaf && !to->dial_only && (to->core || (to->foe && to->foe->listens));
	if (!listens || from->deaf || from->side != to->side || !wire_connect(from, to, item))
		dial_fail(from, item->dial);
	else
		node_turn(from);
}

void wires_abandon(struct sim_node *node)
{
	while (node->end_count > 0) {
		struct sim_end *end = node->ends[node->end_count - 1];
		end_fini(end);
		wire_break(node->sim, end->wire);
	}
}

void sim_cut(struct sim_node *node, bool deaf)
{
	node->deaf = deaf;
	for (size_t i = 0; i < node->end_count; i++)
		wire_break(node->sim, node->ends[i]->wire);
}

void sim_partition(struct sim *sim, bool silent)
{
	for (size_t i = 0; i < sim->wire_count; i++) {
		struct sim_wire *wire = sim->wires[i];
		if (wire->end[0].node->side == wire->end[1].node->side)
			continue;
		if (silent)
			wire->broken = true;
		else
			wire_break(sim, wire);
	}
}

static void wires_clean(struct sim *sim)
{
	for (size_t i = sim->wire_count; i-- > 0;) {
		struct sim_wire *wire = sim->wires[i];
		if (wire->end[0].open || wire->end[1].open || wire->item_count > 0)
			continue;
		free(wire);
		sim->wires[i] = sim->wires[--sim->wire_count];
	}
	sim->wire_closed = false;
}

static void end_event(struct sim *sim, const struct sim_item *item)
{
	struct sim_wire *wire = item->wire;
	struct sim_end *end = &wire->end[item->side];
	if (!end->open)
		return;
	/* An earlier one has taken its place. */
	if (item->kind == SIM_LINK_TICK && item->at_ms != end->wake_at)
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
	if (end->open)
		end_stir(end);
	if (node->core && node->inbox_count > 0)
		node_turn(node);
	else
		node_pump(node);
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
		if (item.wire)
			item.wire->item_count--;
		if (sim->wire_closed)
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

/* Before main(): cmocka asks for the filter when it begins. */
__attribute__((constructor)) static void filter_set(void)
{
	const char *pattern = getenv("SIM_TEST");
	if (pattern)
		cmocka_set_test_filter(pattern);
}

void sim_init(struct sim *sim, uint64_t seed)
{
	*sim = (struct sim){.random = random_seeded(seed),
			    .trace = getenv("SIM_TRACE") != NULL,
			    .epoch_ms = 1789000000000,
			    .delay_ms_min = 1,
			    .delay_ms_max = 40,
			    .cut_bytes_max = 16384,
			    .map_bytes = 1u << 30};
	hash_init(&sim->digest, "test.sim", NULL, ID_LEN);
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(sim->root, sizeof(sim->root), "%s/allmende-sim-XXXXXX", base);
	assert_non_null(mkdtemp(sim->root));
}

void sim_fini(struct sim *sim, uint8_t digest[ID_LEN])
{
	char command[300];
	for (unsigned i = 0; i < sim->node_count; i++)
		node_free(sim->nodes[i]);
	for (size_t i = 0; i < sim->wire_count; i++)
		free(sim->wires[i]);
	free(sim->wires);
	for (size_t i = 0; i < sim->heap_count; i++)
		buf_fini(&sim->heap[i].bytes);
	free(sim->heap);
	hash_done(&sim->digest, digest, ID_LEN);
	snprintf(command, sizeof(command), "rm -rf '%s'", sim->root);
	if (system(command) != 0)
		print_message("could not remove %s\n", sim->root);
}
