/*
 * sim_internal - what the sources of the simulator share: sim.c (the world: time, wires),
 * sim_node.c (turns, effects, life and death of nodes), sim_foe.c (possessed nodes), sim_people.c
 * (what people do).
 */
#ifndef ALLMENDE_SIM_INTERNAL_H
#define ALLMENDE_SIM_INTERNAL_H

#include "proto/hub/hub.h"
#include "test/sim/sim.h"

/* One connection: a link machine at either end. */
struct sim_end {
	struct sim_wire *wire;
	unsigned side;
	struct sim_node *node;
	uint64_t link_id;
	uint64_t dial;
	struct link link;
	bool open;
	bool stirred;            /* its link machine may have something to say: in node->stirred */
	int64_t last_arrival_ms; /* keeps the stream in order */
	int64_t wake_at;
};
struct sim_wire {
	struct sim_end end[2];
	bool broken;
	uint64_t item_count; /* in the queue of events */
};

enum sim_kind { SIM_TICK, SIM_DATA, SIM_LOST, SIM_CONNECT, SIM_LINK_TICK };

struct sim_item {
	int64_t at_ms;
	uint64_t order;
	enum sim_kind kind;
	struct sim_node *node;
	struct sim_wire *wire; /* NULL: of none */
	unsigned side;
	struct buf bytes;
	uint64_t dial;
	char address[32];
	bool has_expected;
	struct dh_pk expected;
};

/* sim.c */
void sim_push(struct sim *sim, struct sim_item item);
int64_t sim_delay(struct sim *sim);
void wire_break(struct sim *sim, struct sim_wire *wire);
/* A connection from one node to another; false when one of them has no federation. */
bool wire_connect(struct sim_node *from, struct sim_node *to, const struct sim_item *item);
/* Ends of links without a farewell, as when a process dies. */
void wires_abandon(struct sim_node *node);
/* Lets the link machines of a node that were stirred say what they have to. */
void node_pump(struct sim_node *node);
/* The open end of a link, which is going to be told something; NULL: there is none. */
struct sim_end *end_of_link(struct sim_node *node, uint64_t link_id);

/* sim_node.c */
struct event *inbox_add(struct sim_node *node, enum event_type type);
struct bytes inbox_hold(struct sim_node *node, struct bytes bytes);
void node_turn(struct sim_node *node);
void inbox_clear(struct sim_node *node);
void node_free(struct sim_node *node);

/* sim_foe.c */
void foe_event(struct sim_node *node, struct sim_end *end, const struct link_event *event);
void foe_free(struct sim_node *node);

/* sim_check.c: the core's counters are what they count. */
void core_check(struct sim_node *node);

#endif
