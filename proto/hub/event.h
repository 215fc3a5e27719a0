/*
 * event - what a turn is given and what comes of it: events in, effects and notes out.
 *
 * Glossary: link - a session with another node, numbered by the owner of the core (never 0, never
 * reused in one run).
 */
#ifndef ALLMENDE_EVENT_H
#define ALLMENDE_EVENT_H

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/limits.h"
#include "proto/link/link.h"
#include "store/db.h"

struct hub;

/* Both are read at once; wall_ms is the time of day since 1970, mono_ms never goes back. */
struct times {
	int64_t wall_ms, mono_ms;
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
	bool whole;   /* CHUNK: bytes are a WHOLE message; its chunks are not checked yet */
	enum err err; /* CHUNK: OK, ABSENT (the peer has not got it), CORRUPT, MALFORMED */
	void (*run)(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg); /* CALL */
	void *arg;
};

enum effect_type {
	EFFECT_ADMIT, /* link_admit(link, ok, reason) */
	EFFECT_SEND,  /* message on a channel */
	/* read a chunk, send CHUNK on channel 2; verify: look first whether it is what its address
	   says, and when not, EVENT_CHUNK_BAD; or all chunks of a small version, which are looked
	   at anyway, several of which may go into one WHOLE */
	EFFECT_SERVE,
	/* chunks of the dataset that were to be served and are not sent yet: the peer may not have
	   them any more, so each is answered as if it were not here */
	EFFECT_RECALL,
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
	X(PEER_PAUSED, w, "peer is paused")                                                        \
	X(SYNCED, d, "compared with peer")                                                         \
	X(MEMBER, i, "member admitted")                                                            \
	X(REQUEST, i, "asks to be admitted")                                                       \
	X(PROPOSAL, i, "proposed for the charter")                                                 \
	X(CHARTER, i, "charter changed")                                                           \
	X(JOINED, i, "joined the federation")                                                      \
	X(JOIN_FAILED, w, "join refused")                                                          \
	X(OUT, w, "this node is out")                                                              \
	X(VERSION, i, "version published") /* a version became known, own or foreign */            \
	X(HELD, i, "version held")         /* all chunks of a version are here */                  \
	X(FETCH, d, "fetching")                                                                    \
	X(CHUNK_ALTERED, w, "chunk altered in transit")                                            \
	X(WITHDRAWN, i, "dataset withdrawn")                                                       \
	X(DAMAGED, w, "stored chunk damaged")                                                      \
	X(EVIDENCE, w, "two heads with one number")                                                \
	X(DEFERRED, w, "record from the future")                                                   \
	X(RECOUNTED, w, "stored states set right")                                                 \
	X(RIGHTS_MENDED, w, "hints where rights are found, set right")                             \
	X(VOID, w, "version without a right")                                                      \
	X(OLD_KEY, w, "sealed under a key that others have")                                       \
	X(UNSAID, w, "message left out as it is too long")

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
	struct dataset_id dataset; /* SERVE, RECALL */
	struct chunk_addr addr;
	bool verify; /* SERVE */
	bool whole;  /* SERVE: a small version, which the peer may have (ok) */
	uint64_t number;
	uint32_t author;
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

#endif
