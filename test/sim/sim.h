/*
 * sim - many cores in one process and one thread, over LMDB without sync, in virtual time.
 *
 * Each node is the real thing: identity, store, hub, and for each connection the real link machine
 * on either side. Only the world is made: time jumps from event to event, links delay and re-cut
 * what they carry, connections are refused or dropped, nodes stop and start, store calls fail, and
 * a node may be possessed: then the test speaks in its name. Everything random comes from one seed;
 * the same seed gives the same digest over all delivered events. After every turn the core's
 * counters are compared with what they count.
 *
 * For people, from the environment of any of these programs: SIM_TEST=PATTERN runs only the tests
 * whose names match (* and ? as in a shell); SIM_TRACE=1 prints each event that is delivered, with
 * its number, to the standard error.
 */
#ifndef ALLMENDE_SIM_H
#define ALLMENDE_SIM_H

#include "crypto/hash.h"
#include "proto/catalog/catalog.h"
#include "proto/core/core.h"
#include "proto/membership/membership.h"
#include "proto/hub/message.h"
#include "proto/catalog/want.h"

#define SIM_NODE_MAX 64
enum { SIM_NOTE_MAX = 32, SIM_MESSAGE_MAX = 32 };

struct sim_wire;
struct sim_end;
struct sim_item;
struct sim_node;

/* How a node answers CHUNK_GET. */
enum sim_serve { SIM_SERVE, SIM_SERVE_ALTERED, SIM_SERVE_NIL, SIM_SERVE_NOTHING };

/* A node without a core: the test says what it says. */
struct sim_foe {
	struct fed_id fed;
	uint32_t member;   /* as its certificate claims */
	struct org_id org; /* the same */
	bool listens;      /* takes links too; the latest one counts */
	bool up;           /* of its latest link */
	bool closed;       /* the same, by the other side or lost */
	enum link_reason reason;
	uint64_t link_id;
	uint64_t got[SIM_MESSAGE_MAX];    /* messages by type */
	struct buf last[SIM_MESSAGE_MAX]; /* the latest of each type */
	uint64_t got_bytes;
	/* Called for each message; may answer with sim_say(). May be NULL. */
	void (*answer)(struct sim_node *node, struct message *m, void *arg);
	void *arg;
};

struct sim_node {
	struct sim *sim;
	unsigned index;
	char dir[256];
	char address[32];
	const char *addresses[2];
	struct random random;
	struct limits limits;
	struct keyring *keyring;
	struct identity identity;
	struct db *db;
	struct core *core; /* NULL: stopped, or possessed */
	struct hub *hub;   /* of the core */
	struct sim_foe *foe;
	struct effects effects;
	struct event *inbox;
	size_t inbox_count, inbox_cap;
	struct buf **held_bytes; /* what inbox events borrow, and those that wait */
	size_t held_count;
	struct inbox waiting; /* for the core */
	size_t waiting_count;
	struct sim_end **ends; /* its ends of connections that are open */
	size_t end_count, end_cap;
	struct sim_end **stirred; /* those whose link machine has to be looked at */
	size_t stirred_count, stirred_cap;
	uint64_t link_last;
	bool dial_only;   /* nobody can dial it */
	unsigned side;    /* of a partition; connections are possible within one side only */
	int64_t clock_ms; /* its clock is so much ahead */
	int64_t tick_at;
	uint64_t note_counts[SIM_NOTE_MAX];
	struct note note_last[SIM_NOTE_MAX];
	bool deaf;      /* cut off from everybody */
	bool committed; /* the last turn that was asked for */
	uint64_t failed_turns;
	uint64_t turns;
	uint64_t turn_ns; /* of the processor, in them; */
	uint64_t curves;  /* and operations on curves */
	uint64_t
		/* turns until the process dies after a commit, before its effects; 0: never */
		crash_in;
	size_t effects_max; /* most of one turn, and their bytes */
	size_t effects_bytes_max;
	enum sim_serve serve;
	/* Sees every effect before it is carried out and may change it; false: it is dropped. */
	bool (*spoil)(struct sim_node *node, struct effect *effect, void *arg);
	void *spoil_arg;
	uint64_t message_count, message_bytes; /* that have come */
	uint64_t got[SIM_MESSAGE_MAX];         /* the same by type */
	uint64_t served, served_hashed; /* chunks asked of it, and looked at before they went */
};

struct sim {
	struct random random;
	int64_t now_ms;
	int64_t epoch_ms; /* virtual time 0 */
	struct sim_node *nodes[SIM_NODE_MAX];
	unsigned node_count;
	struct sim_item *heap;
	size_t heap_count, heap_cap;
	uint64_t item_last;
	struct sim_wire **wires;
	size_t wire_count, wire_cap;
	bool wire_closed;    /* one has: it may be released */
	struct hash digest;  /* of all delivered events */
	uint64_t delivered;  /* their number */
	bool trace;          /* they are printed */
	uint64_t handshakes; /* connections made */
	char root[200];
	uint32_t delay_ms_min, delay_ms_max;
	uint32_t cut_bytes_max; /* pieces a stream is cut into */
	double drop_chance;     /* of a connection, per piece carried */
	size_t map_bytes;       /* a store may have; of nodes added from then on */
};

void sim_init(struct sim *sim, uint64_t seed);
void sim_fini(struct sim *sim, uint8_t digest[ID_LEN]);
struct sim_node *sim_add(struct sim *sim, const char *name, const char *slug, const char *ags);
/* The same for a node that only dials out. */
struct sim_node *sim_add_dial_only(struct sim *sim, const char *name, const char *slug,
				   const char *ags);
/*
 * A further node of an organisation, from the text of its offer; appends its request. It runs from
 * sim_accept() on, which has the errors of identity_accept().
 */
struct sim_node *sim_add_node(struct sim *sim, const char *offer, struct buf *request);
enum err sim_accept(struct sim_node *node, struct bytes answer);
void sim_stop(struct sim_node *node); /* as kill -9 between two turns */
void sim_start(struct sim_node *node);
/* The directory of a stopped node on another machine, which does not run yet: two with one key. */
struct sim_node *sim_clone(struct sim_node *of);
/* Keeps a copy of a stopped node's store, or puts the copy in its place. */
void sim_backup(struct sim_node *node);
void sim_restore(struct sim_node *node);
/* Drops all connections of a node; while deaf it gets no new ones. */
void sim_cut(struct sim_node *node, bool deaf);
/*
 * Ends the connections between nodes of different sides (node->side, set by the caller). silent:
 * nothing comes through any more, and both ends have to find that out by themselves.
 */
void sim_partition(struct sim *sim, bool silent);
/*
 * Runs until the condition holds or the time is over; true when it holds. NULL: just for that time.
 */
bool sim_run(struct sim *sim, int64_t ms, bool (*until)(struct sim *sim, void *arg), void *arg);
/* Runs a function inside a turn of the node, now. False: the turn could not be committed. */
bool sim_call(struct sim_node *node,
	      void (*run)(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg), void *arg);
/*
 * The n-th store call of the node from now fails. The node then does what core.h says: it drops the
 * turn's effects, closes its links and opens its core again. True when it has struck.
 */
void sim_fault(struct sim_node *node, uint64_t n, enum err err);
bool sim_fault_struck(struct sim_node *node);
uint64_t sim_rows(struct sim_node *node, enum table table);
/* What the ledger keeps of all states in memory is what its rows say. */
void sim_roll_check(struct sim_node *node);
/*
 * Fails the test unless the store is tidy: nothing staged, nothing to be swept, every chunk needed
 * by a version, every version that is held whole.
 */
void sim_audit(struct sim_node *node);
/* Number of connections that are open at both ends between two nodes. */
unsigned sim_links(struct sim_node *a, struct sim_node *b);

/*
 * Takes the core away from a node and gives the test its voice, with its keys. fed NULL: its own.
 */
void sim_possess(struct sim_node *node, const struct fed_id *fed);
/* Dials; true when the link came up. The link the foe had before is dropped. */
bool sim_foe_dial(struct sim_node *foe, struct sim_node *victim);
/* Takes the message. False: there is no link. */
bool sim_say(struct sim_node *foe, struct buf *message);
bool sim_say_on(struct sim_node *foe, uint8_t channel, struct buf *message);

/* ---- what people do; ERR_IO: the turn could not be committed ---- */

enum err sim_found(struct sim_node *node, const char *name);
/* Appends the invitation for the joiner, ends it with a zero byte. */
enum err sim_invite(struct sim_node *steward, struct sim_node *joiner, struct buf *text);
/* sim_invite() admits at once. guarded: a steward has to hear six words. */
enum err sim_invite_as(struct sim_node *steward, struct sim_node *joiner, bool guarded, bool relay,
		       struct buf *text);
/* why: WHY_LEN bytes, or NULL. */
enum err sim_join_text(struct sim_node *joiner, const char *text, char *why);
/* Both; fails the test when one fails. */
void sim_join(struct sim_node *steward, struct sim_node *joiner);
struct membership_status sim_status(struct sim_node *node);
/* Somebody says that this store is what the node has said (start.h). */
void sim_confirm(struct sim_node *node);

/* A publication, step by step: begin, step until it returns false, commit or abort; end. */
struct sim_publication {
	struct sim_node *node;
	struct publish_options options; /* set by the caller */
	struct bytes content;           /* of its only file */
	unsigned pieces_max;            /* stored in one turn; 0: all */
	struct publication publication;
	struct writer *writer;
	struct bytes rest;
	bool ended, written;
	enum publish_outcome outcome;
	uint64_t number; /* of the version made, or found unchanged */
	enum err err;
	char why[WHY_LEN];
};
enum err sim_publish_begin(struct sim_publication *p);
bool sim_publish_step(struct sim_publication *p);
enum err sim_publish_commit(struct sim_publication *p);
void sim_publish_abort(struct sim_publication *p);
void sim_publish_end(struct sim_publication *p);
/* All of it. ERR_EXISTS: unchanged. */
enum err sim_publish_all(struct sim_publication *p);
enum err sim_publish(struct sim_node *node, const char *path, enum tier tier, struct bytes content);

enum err sim_subscribe(struct sim_node *node, const char *pattern);
/* To hold without reading. */
enum err sim_subscribe_relay(struct sim_node *node, const char *pattern);
/* ERR as want_version(). number 0: current. */
enum err sim_want(struct sim_node *node, const char *path, uint64_t number);
bool sim_held(struct sim_node *node, const char *path, uint64_t number);
/* The same as a condition for sim_run(). */
struct sim_held_wait {
	struct sim_node *node;
	const char *path;
	uint64_t number;
};
bool sim_is_held(struct sim *sim, void *held_wait);
/*
 * The only file of a version, read through the reader; ERR as catalog_read(). ERR_CORRUPT: a chunk
 * was found bad, and the core was told. number 0: current.
 */
enum err sim_read(struct sim_node *node, const char *path, uint64_t number, struct buf *out);
/* Fails the test unless the version reads as this. */
void sim_assert_reads(struct sim_node *node, const char *path, uint64_t number,
		      struct bytes content);
/* Lines of text that compress as tables do. */
struct buf sim_content(uint64_t seed, size_t len);
/* Somebody gives a right, or ends one, as the dice say; it may be refused. */
void sim_rights_act(struct sim_node *node, uint64_t dice);
/*
 * Fails the test unless all members' nodes that run say the same of all rights, and each node's
 * table is what a recount makes of its records. Returns how many rights are good.
 */
uint64_t sim_rights_same(struct sim *sim);
/* All running nodes that are, or want to be, in a federation agree on charter and contents. */
bool sim_agree(struct sim *sim, void *unused);

#endif
