/*
 * hub_node - one node's machines without a core, for tests: a hub, all that hangs below it, and a
 * store of its own.
 *
 * The node is node 0 of an organisation. It is always in a turn: its write transaction is open and
 * effects are taken; hub_node_turn() ends the turn and begins the next one. Tests call the machines
 * with &node->hub and node->txn, and look at what a peer or a person would notice: what was sent,
 * which links were closed and why, what was noted.
 *
 * There are two times: that of the wall, which is signed, and that of all waits. Tests set both
 * here and nowhere else.
 */
#ifndef ALLMENDE_TEST_HUB_NODE_H
#define ALLMENDE_TEST_HUB_NODE_H

#include "proto/core/machines.h"
#include "proto/membership/membership.h"
#include "proto/transfer/holds.h"
#include "test/proto/ledger_node.h"

struct hub_node {
	struct limits limits; /* may be changed at any time */
	char *dir;
	struct db *db;
	struct txn *txn;
	struct random random;
	struct keyring *keyring;
	struct identity identity;
	struct effects effects; /* of this turn */
	uint64_t link_last;
	char heard[2048]; /* of hub_node_heard() */
	struct hub hub;
	struct machines machines;
};

/*
 * A node of this organisation, which has its root key; the federation's charter and logs are in the
 * store (NULL: there is none). A member has its place, and nothing else has happened: no machine
 * was opened, there are no records. The federation key is not here: fedkeys_store().
 */
void hub_node_open(struct hub_node *node, const struct test_federation *fed,
		   const struct test_org *org);
/*
 * Opens all machines from what is stored, as a start of the core does: a member whose contact
 * record is missing appends it. With machines open already it is a restart: peers are gone, and so
 * is what was not stored.
 */
void hub_node_machines(struct hub_node *node);
/* The process dies: what this turn has written is lost, and it starts anew. */
void hub_node_die(struct hub_node *node);
void hub_node_close(struct hub_node *node);

/*
 * Ends the turn: settles the ledger, drops arrivals that nobody took, commits; then begins the
 * next.
 */
void hub_node_turn(struct hub_node *node);
/* The times stand at TEST_TIME_MS and at some other when the node is opened. */
void hub_node_time(struct hub_node *node, int64_t wall_ms, int64_t mono_ms);
int64_t hub_node_wall(const struct hub_node *node);
int64_t hub_node_mono(const struct hub_node *node);
/* So many bytes may be stored, for each use. */
void hub_node_room(struct hub_node *node, const struct room *room);
/* Ends the turn and begins one that is so much later by both times. */
void hub_node_pass(struct hub_node *node, int64_t ms);

/*
 * Peers that are up, with their parts. A member has met this node and was compared with; several
 * links may be one member's.
 */
struct peer *hub_node_member(struct hub_node *node, const struct test_org *org);
struct peer *hub_node_guest(struct hub_node *node, const struct test_org *org);
/* The link is gone, and the peer is released. */
void hub_node_down(struct hub_node *node, struct peer *peer);

/*
 * A peer says something: the handler takes what is in the buffer, which must be well-formed, and
 * the buffer is emptied.
 */
typedef void hub_node_handler(struct hub *hub, struct txn *txn, struct peer *peer,
			      struct message *m);
void hub_node_hear(struct hub_node *node, struct peer *peer, hub_node_handler *take,
		   struct buf *message);
/* The same with a message that is a list, which is ended. */
void hub_node_hear_list(struct hub_node *node, struct peer *peer, hub_node_handler *take,
			struct message_list *list);

/* The index-th effect of a type in this turn; NULL: there are not so many. */
const struct effect *hub_node_effect(const struct hub_node *node, enum effect_type type,
				     size_t index);
/* The first note of a type in this turn; NULL: none. */
const struct note *hub_node_note(const struct hub_node *node, enum note_type type);
/*
 * The index-th message of a type to a peer in this turn, decoded; false: there are not so many. It
 * borrows from the effect.
 */
bool hub_node_sent(const struct hub_node *node, const struct peer *peer, enum message_type type,
		   size_t index, struct message *out);
/*
 * What a peer notices of this turn, in order, with blanks between: the names of messages, "SERVE",
 * "ADMIT", "REFUSE:reason", "CLOSE:reason"; reasons by their names in link/reason.h. It lasts until
 * the next call.
 */
const char *hub_node_heard(struct hub_node *node, uint64_t link);
#define assert_heard(node, peer, words)                                                            \
	assert_string_equal(hub_node_heard(node, (peer)->link), words)
/* Forgets the effects so far, within a turn. */
void hub_node_forget(struct hub_node *node);

/*
 * Gives every record and the latest head of an author at a ledger node to this one; arrivals stay
 * in the queue.
 */
size_t hub_node_copy(struct ledger_node *from, struct hub_node *to, uint32_t author);

/* So many records of a member, with so many bytes each, and a head of them are here. */
void hub_node_fill(struct hub_node *node, const struct test_federation *fed, uint32_t member,
		   unsigned count, size_t len);

/* The charter's next entry comes and counts; nobody has heard of it yet. */
void hub_node_charter(struct hub_node *node, const struct test_federation *fed,
		      const struct charter_change *changes, size_t count);
/* A member is removed, as by hub_node_charter(). */
void hub_node_remove(struct hub_node *node, const struct test_federation *fed, uint32_t member);

/* What most tests begin with. */
struct hub_fixture {
	struct test_federation fed; /* 4 members; the first 3 are stewards, 2 votes are enough */
	struct hub_node node;       /* of member 1 */
	struct peer *peer;          /* member 2, linked */
};
int hub_fixture_setup(void **state);
int hub_fixture_teardown(void **state);
#define hub_test(name)                                                                             \
	cmocka_unit_test_setup_teardown(name, hub_fixture_setup, hub_fixture_teardown)

#endif
