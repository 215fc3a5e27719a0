/*
 * core - one node's whole protocol state, without I/O.
 *
 * The owner (the daemon's core thread, or the simulator) drives it in turns: it begins a write
 * transaction, hands over the events that have come, commits, and only then carries out the effects.
 * The transaction is the core's only I/O; time stands still during a turn; randomness is passed in.
 * If the commit fails the owner drops the effects, closes all links, and opens the core anew
 * from the store.
 *
 *	txn = txn_begin(db, true);
 *	core_turn(core, txn, now_ms, events, count, &effects);
 *	if (txn_commit(txn) == ERR_OK)
 *		... carry out effects ...
 *	else
 *		... effects_reset(), close links, core_close(), core_open() ...
 *
 * Commands of the control interface run inside a turn as EVENT_CALL, questions between turns by
 * core_query(); both use the verbs of membership.h, catalog.h and transfer.h.
 *
 * Glossary: link - a session with another node, numbered by the owner (never 0, never reused in one run).
 * peer - what the core knows about a link. guest - a peer that is not (yet) in the charter.
 */
#ifndef ALLMENDE_CORE_H
#define ALLMENDE_CORE_H

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/limits.h"
#include "crypto/random.h"
#include "store/db.h"
#include "store/keyfile.h"
#include "proto/identity.h"
#include "proto/link.h"

struct core;

struct core_options {
	const struct limits *limits;     /* borrowed for the life of the core */
	struct random *random;           /* borrowed */
	struct keyring *keyring;         /* borrowed; seals federation keys in the store */
	const struct identity *identity; /* borrowed */
	const char *software;            /* "allmende 0.1.0" */
	const char *const *addresses;    /* HOST:PORT to tell others; NULL-terminated, borrowed */
	bool dial_only;
};

enum event_type {
	EVENT_TICK,      /* a deadline of core_wake() has come */
	EVENT_LINK_CERT, /* the peer has shown its certificate; answered by EFFECT_ADMIT */
	EVENT_LINK_UP,
	EVENT_LINK_DOWN, /* also when the handshake failed or nobody answered: ends a dial */
	EVENT_MESSAGE,   /* of channel 1 */
	EVENT_CHUNK,     /* of channel 2, looked at by core_chunk_event() on any thread */
	EVENT_CHUNK_BAD, /* a stored chunk does not hash to its address any more */
	EVENT_CALL,
};

struct event {
	enum event_type type;
	uint64_t link;
	uint64_t dial; /* LINK_CERT, LINK_UP, LINK_DOWN: number of EFFECT_DIAL, 0 for a listener */
	struct bytes bytes;             /* MESSAGE: message; CHUNK: chunk; borrowed */
	struct certificate certificate; /* CERT; borrowed */
	struct dh_pk key;               /* CERT, UP: the peer's transport key */
	uint8_t handshake_hash[32];     /* UP: its first 32 bytes */
	enum link_reason reason;        /* DOWN */
	struct dataset_id dataset;      /* CHUNK, CHUNK_BAD */
	struct chunk_addr addr;
	enum err err; /* CHUNK: OK, ABSENT (the peer has not got it), CORRUPT, MALFORMED */
	void (*run)(struct core *core, struct txn *txn, int64_t now_ms, void *arg); /* CALL */
	void *arg;
};

enum effect_type {
	EFFECT_ADMIT, /* link_admit(link, ok, reason) */
	EFFECT_SEND,  /* message on a channel */
	EFFECT_SERVE, /* read a chunk, verify it, send CHUNK on channel 2; when bad, EVENT_CHUNK_BAD */
	EFFECT_CLOSE, /* link_close(link, reason) */
	EFFECT_DIAL,  /* connect to address; ends in LINK_UP or LINK_DOWN with this dial number */
	EFFECT_CERTIFICATE, /* core_certificate() has changed */
	EFFECT_NOTE,        /* something a person or a waiting client wants to know */
};

/* X(NAME, level, "name") - what the log and waiting clients hear; level: d, i, w. */
#define NOTE_LIST(X)                                                                               \
	X(PEER_UP, i, "peer connected")                                                            \
	X(PEER_DOWN, i, "peer disconnected")                                                       \
	X(PEER_BAD, w, "peer violated the protocol")                                               \
	X(SYNCED, d, "compared with peer")                                                         \
	X(MEMBER, i, "member admitted")                                                            \
	X(REQUEST, i, "asks to be admitted")                                                       \
	X(PROPOSAL, i, "proposed for the charter")                                                 \
	X(CHARTER, i, "charter changed")                                                           \
	X(JOINED, i, "joined the federation")                                                      \
	X(JOIN_FAILED, w, "join refused")                                                          \
	X(VERSION, i, "version published") /* a version became known, own or foreign */            \
	X(HELD, i, "version held")         /* all chunks of a version are here */                  \
	X(FETCH, d, "fetching")                                                                    \
	X(CHUNK_ALTERED, w, "chunk altered in transit")                                            \
	X(WITHDRAWN, i, "dataset withdrawn")                                                       \
	X(DAMAGED, w, "stored chunk damaged")                                                      \
	X(EVIDENCE, w, "two heads with one number")                                                \
	X(DEFERRED, w, "record from the future")                                                   \
	X(RECOUNTED, w, "stored states set right")

enum note_type {
#define X(name, level, text) NOTE_##name,
	NOTE_LIST(X)
#undef X
};

struct note {
	enum note_type type;
	uint64_t link;
	uint32_t author;           /* 0: none */
	struct dataset_id dataset; /* zero: none */
	uint64_t number;           /* version */
	char path[LIMIT_PATH_LEN_MAX + 1];
	char text[320]; /* more words, own or a peer's: escape before showing */
};

struct effect {
	enum effect_type type;
	uint64_t link;
	bool ok;                   /* ADMIT */
	enum link_reason reason;   /* ADMIT, CLOSE */
	uint8_t channel;           /* SEND */
	struct buf bytes;          /* SEND; owned by the effect */
	struct dataset_id dataset; /* SERVE */
	struct chunk_addr addr;
	uint64_t dial; /* DIAL: number of this attempt */
	char address[LIMIT_ADDRESS_LEN_MAX + 1];
	bool has_expected; /* DIAL */
	struct dh_pk expected;
	struct note *note; /* NOTE; owned by the effect */
};

struct effects {
	struct effect *items;
	size_t count, cap;
};
void effects_init(struct effects *effects);
void effects_reset(struct effects *effects); /* releases what the items own, keeps the array */
void effects_fini(struct effects *effects);

/* Loads everything from the store. txn must be a write transaction. */
enum err core_open(struct core **out, const struct core_options *options, struct txn *txn,
		   int64_t now_ms);
void core_close(struct core *core);
/* One turn. Faults of the store stay in txn. Effects are appended. */
void core_turn(struct core *core, struct txn *txn, int64_t now_ms, const struct event *events,
	       size_t count, struct effects *effects);
/* A question after a turn, in a read transaction: run may look at everything and changes nothing.
   Not before the first turn, which settles what core_open() has begun. now_ms is the time of this
   question; that of the last turn stays as it is. */
void core_query(struct core *core, struct txn *txn, int64_t now_ms,
		void (*run)(struct core *core, struct txn *txn, int64_t now_ms, void *arg),
		void *arg);
/* How much may still be stored, as the owner tells before a turn: nothing foreign is fetched with ROOM_OWN, and nothing
   is published with ROOM_NONE. Records, heads and the charter are always taken. */
enum room { ROOM_ALL, ROOM_OWN, ROOM_NONE };
void core_room(struct core *core, enum room room);
enum room core_room_left(const struct core *core);
/* When the next EVENT_TICK is due, in milliseconds of the same clock; INT64_MAX: never. */
int64_t core_wake(const struct core *core);

/* Turns a message of channel 2 into EVENT_CHUNK: decodes and checks the address. Pure; any thread.
   The event borrows from message. */
void core_chunk_event(struct event *out, uint64_t link, struct bytes message);
/* The CHUNK message for EFFECT_SERVE; chunk.ptr NULL: not here. Pure; any thread. */
void core_chunk_message(struct buf *out, const struct dataset_id *dataset,
			const struct chunk_addr *addr, struct bytes chunk);

/*
 * What a link needs of the node: its certificate, whose entry is appended to *entry and borrowed from there, and
 * the federation. False while there is no federation: no links then. EFFECT_CERTIFICATE tells
 * when it has changed; links made before keep the old one.
 */
bool core_certificate(const struct core *core, struct certificate *out, struct buf *entry,
		      struct fed_id *fed);

#endif
