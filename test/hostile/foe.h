/*
 * foe - one admitted organisation that means harm: the keys, the charter and the store of a node
 * that has joined as anybody does, and whatever it signs with them.
 *
 * It opens the directory of a node whose daemon is stopped, once for each attack: what it says goes
 * on from what its node has said, and is not written down.
 */
#ifndef ALLMENDE_TEST_FOE_H
#define ALLMENDE_TEST_FOE_H

#include "proto/charter/identity.h"
#include "proto/ledger/ledger.h"
#include "store/dir.h"

enum { FOE_NODE_COUNT_MAX = LIMIT_NODE_COUNT_MAX };

struct foe {
	struct dir dir;
	struct keyring *keyring;
	struct db *db;
	struct identity identity;
	struct limits limits;
	struct random random;
	struct charter charter;
	struct ledger ledger;
	struct key root;     /* Ed25519 seed of the organisation */
	uint32_t author;     /* of node 0 */
	struct orglog log;   /* only what is needed to go on with it, once it has grown */
	struct buf *entries; /* of the log, from 1 on */
	size_t entry_count, entry_cap;
	struct digest set; /* what the ledger says of the own author */
	uint64_t live_count, live_bytes;
	/* of its nodes; those but node 0 follow from the own signing key */
	struct key sign[FOE_NODE_COUNT_MAX], transport[FOE_NODE_COUNT_MAX];
	uint64_t sequence[FOE_NODE_COUNT_MAX]; /* of the last record of each node */
	struct head head[FOE_NODE_COUNT_MAX];  /* the last one of each node; only its numbers */
};

/* Ends the program with a sentence when that is no member's directory. */
void foe_open(struct foe *foe, const char *dir);
void foe_close(struct foe *foe);
int64_t foe_now_ms(void);
_Noreturn void foe_die(const char *what, enum err err);

/*
 * The next entry of the log, with so many nodes, signed; it becomes the latest, here and not in the
 * store.
 */
void foe_log_grow(struct foe *foe, unsigned nodes);
bool foe_log_grown(const struct foe *foe);
struct bytes foe_log_latest(const struct foe *foe);
/* The certificate of a node. */
void foe_certificate(const struct foe *foe, unsigned node, struct buf *out);

/* Appends a signed record of a node with its next sequence. */
void foe_record(struct foe *foe, unsigned node, uint64_t kind, struct bytes slot, struct bytes body,
		struct buf *out);
/* Appends the next head of a node, over a set that it claims. */
void foe_head(struct foe *foe, unsigned node, const struct digest *set, uint64_t live_count,
	      uint64_t live_bytes, struct buf *out);
/* Some bytes that nobody has seen before. */
struct digest foe_any(struct foe *foe);

/* A stranger: an organisation that no charter names, of so many nodes. */
struct stranger {
	struct key root, transport;
	struct buf entry, certificate;
	struct buf later; /* entry 2 of its log */
};
void stranger_make(struct foe *foe, struct stranger *out, unsigned nodes);
/* The same, but its certificate says that it is a later log entry of a member's organisation. */
void stranger_pretend(struct stranger *stranger, const struct org_id *member);
void stranger_fini(struct stranger *stranger);

#endif
