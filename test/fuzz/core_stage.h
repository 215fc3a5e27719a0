/*
 * core_stage - what the fuzz target core plays with: the stores of a small federation, made once by
 * the simulator, and everything real that was ever said in it.
 *
 * Whoever plays begins a write transaction on a store and aborts it at the end: so every input
 * finds the same stage. The files are removed as soon as they are open.
 */
#ifndef ALLMENDE_FUZZ_CORE_STAGE_H
#define ALLMENDE_FUZZ_CORE_STAGE_H

#include "proto/ledger/head.h"
#include "proto/charter/identity.h"
#include "proto/ledger/ledger.h"
#include "proto/hub/message.h"
#include "proto/ledger/record.h"
#include "store/db.h"

enum stage_who {
	STAGE_HOME,     /* Meißen, the steward, of whose core it is all about */
	STAGE_HOME_OLD, /* the same from an older copy of its store */
	STAGE_MEMBER,   /* Malwine: a member gone bad, whose keys the player has */
	STAGE_JOINER,   /* in no federation yet; has an invitation of Meißen's */
	STAGE_OTHER,    /* Radebeul: an honest member */
	STAGE_COUNT
};

/* Bytes of one kind, each once; owned by the stage. */
struct stage_bytes {
	struct bytes *items;
	size_t count, cap;
};

struct stage_node {
	enum stage_who who;
	struct db *db;
	struct keyring *keyring;
	struct identity identity;
	struct limits limits;
	char address[32];
	const char *addresses[2];
	uint32_t author;             /* 0: none yet */
	struct stage_bytes versions; /* keys of those that are here and were never taken back */
	struct buf entry;            /* the latest of its organisation's log */
	struct author_state own;     /* what its store says of itself */
};

struct stage_entry {
	struct org_id org;
	struct bytes whole;
};
struct stage_chunk {
	struct dataset_id dataset;
	struct chunk_addr addr;
	struct bytes sealed;
};

struct stage {
	struct stage_node nodes[STAGE_COUNT];
	struct fed_id fed;
	int64_t now_ms;
	uint32_t charter_number;    /* the latest that counts */
	struct stage_bytes charter; /* also entries that could have followed, but did not */
	struct stage_bytes heads;
	struct stage_bytes records;
	struct stage_entry *orglog;
	size_t orglog_count, orglog_cap;
	struct version_id *versions;
	size_t version_count, version_cap;
	struct stage_chunk *chunks;
	size_t chunk_count, chunk_cap;
	struct dataset_id secret; /* Meißen's, granted to Radebeul alone */
};

/* Never released. */
const struct stage *stage_open(void);
/* Whether these bytes are one of the list. */
bool stage_bytes_has(const struct stage_bytes *list, struct bytes whole);

#endif
