/*
 * fetch - one version on its way: its index from one peer, then its chunks from all that have it
 * (docs/PROTOCOL.md, section 9: Transfer).
 *
 * From whom, and how much at a time, is for source.h to say. What one peer has not sent for a while
 * is asked of another that has less to do, and taken from whoever sends it first.
 *
 * Which versions are on their way: fetches.h.
 */
#ifndef ALLMENDE_FETCH_H
#define ALLMENDE_FETCH_H

#include "proto/transfer/holds.h"
#include "proto/content/index.h"

enum {
	FETCH_HURRY_MAX = 2048,
	FETCH_INDEX_MS = 5000, /* for one page of an index, when somebody else has it too */
};

struct chunk_request { /* a chunk asked for, or to be asked for next */
	struct chunk_addr addr;
	uint32_t size;
	uint64_t link; /* 0: waits to be asked for again */
	int64_t sent_ms;
	bool due; /* given to the link in this step, and not sent yet */
};

struct index_walk { /* over the index rows of a version, in steps */
	bool begun, done;
	struct chunk_addr at; /* goes on after this */
};

struct fetch {
	struct version_id of;
	struct fetch *next; /* in its bucket (fetches.h) */
	char path[LIMIT_PATH_LEN_MAX + 1];
	enum tier tier;
	bool by_line; /* a grant lets this organisation have it, which holders may not know yet */
	int64_t refused_ms; /* the last time that a peer did not give what a line lets it have */
	uint32_t refused_wait_ms; /* after this all are asked again */
	bool indexed;             /* the index is here and verified */
	uint64_t index_link;      /* peer asked for the index; 0: none */
	bool whole;               /* for the chunks as well: whole.h */
	int64_t index_ms;
	struct index_digest *digest; /* running, while the index arrives */
	struct index_walk counting;  /* what is here already, before anything is asked for */
	struct index_walk asking;    /* what is not */
	bool opens;      /* the chunks of the manifest were asked for, before all others */
	bool walk_waits; /* for the next turn */
	bool kin;        /* of the dataset something is here, which may be a part of this version */
	bool waits;      /* for room (allot.h), */
	uint64_t needs;  /* of so many bytes */
	int64_t asked_ms; /* when a person last asked for it; 0: nobody has */
	struct chunk_request *requests;
	size_t request_count, request_cap;
	uint64_t chunk_count, chunk_count_all, bytes, bytes_all;
	uint64_t *refused; /* links that do not have it, each once */
	size_t refused_count, refused_cap;
	uint64_t guess;   /* a link that is tried, as nobody says that it holds it; 0: none */
	int64_t alone_ms; /* since when nobody does; 0: somebody does */
	int64_t rest_ms, rest_until_ms; /* all were asked in vain; until_ms 0: no rest */
	bool source;                    /* a peer has it, as of source_epoch */
	uint64_t source_epoch;
};

/* Nothing can come of a look at it before a peer has it. */
bool fetch_rests(const struct hub *hub, const struct fetch *fetch);
/* Who pays for a version with room, and how much may be stored for it in this turn. */
enum room_use fetch_use(const struct hub *hub, const struct version_id *of);
uint64_t fetch_left(const struct hub *hub, struct txn *txn, const struct version_id *of);
/* One look at a fetch. False when it is finished and gone. */
bool fetch_step(struct hub *hub, struct txn *txn, struct fetch *fetch);
/*
 * Somebody reads the version while it comes: these of its chunks are asked for before all others,
 * in this order, as far as FETCH_HURRY_MAX requests go.
 */
void fetch_hurry(struct hub *hub, struct txn *txn, const struct version_id *of,
		 const struct chunk_addr *addrs, size_t count);
void fetch_index_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void fetch_chunk(struct hub *hub, struct txn *txn, struct peer *peer, const struct event *event);
void fetch_chunk_bad(struct hub *hub, struct txn *txn, const struct event *event);
void fetch_down(struct hub *hub, struct peer *peer);
/* For whole.c: it is over. */
void fetch_end(struct hub *hub, struct fetch *fetch);
/* All chunks of a version are here, fetched or published. */
void fetch_held(struct hub *hub, struct txn *txn, const struct version_id *of, const char *path,
		uint64_t bytes, uint64_t chunks);
/*
 * Chunks may have come in another way: declares a damaged version whole again. False when some are
 * missing still.
 */
bool fetch_healed(struct hub *hub, struct txn *txn, const struct version_id *of, const char *path);
/* Goes on no longer, as nothing asks for it; what has come of it is for voids.h. */
void fetch_stop(struct hub *hub, struct txn *txn, struct fetch *fetch);
/* A version is gone: its index and held rows go, its chunks are swept. */
void fetch_drop(struct hub *hub, struct txn *txn, const struct version_id *of);

/*
 * The same for all that is here, or on its way, of a dataset up to a number: of one member's
 * authors (0: of all), but for those of another (0: nobody). True when anything was.
 */
bool fetch_drop_versions(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			 uint32_t member, uint32_t but, uint64_t number);

#endif
