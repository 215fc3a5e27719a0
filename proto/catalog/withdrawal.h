/*
 * withdrawal - versions taken back, and who has confirmed that they are erased (docs/PROTOCOL.md,
 * section 5.7).
 *
 * The verbs run inside a turn (EVENT_CALL). What a node remembers stands in table WITHDRAWN: that
 * its own copy is to be erased and confirmed, and, at the node that withdrew, who was known to hold
 * one.
 */
#ifndef ALLMENDE_WITHDRAWAL_H
#define ALLMENDE_WITHDRAWAL_H

#include "proto/hub/hub.h"
#include "proto/ledger/withdrawal_body.h"

/* A withdrawal as people see it. */
struct withdrawal_view {
	char path[LIMIT_PATH_LEN_MAX + 1]; /* as the record has it, or as was asked */
	struct dataset_id dataset;
	struct record_id record;
	uint64_t number; /* versions up to this one */
	int64_t time_ms;
	uint32_t author;
	char name[LIMIT_NAME_LEN_MAX + 1]; /* of its organisation */
	char reason[WITHDRAWAL_REASON_LEN_MAX + 1];
	bool erase;
	enum withdrawal_reach reach;
	bool own; /* by this node: it knows who held a copy */
};

/*
 * Takes versions of a dataset back: in the own namespace all, whoever has published them; elsewhere
 * those of this organisation, or with `others` those of all but the owner, which takes the verb
 * admin. Or asks, for one that was taken back, that it be erased, too. ERR_CONFIG: path or reason;
 * ERR_DENIED: no right to; ERR_ABSENT: there is nothing to withdraw, or it is withdrawn already.
 * One sentence in why.
 */
enum err withdrawal_make(struct hub *hub, struct txn *txn, const char *path, const char *reason,
			 bool erase, bool others, struct withdrawal_view *out, char *why);
/*
 * A person says that the copies in folders are gone which were to be erased and could not be
 * (remains.h): this node confirms the erasure. count: of how many folders. ERR_ABSENT: of none.
 */
enum err withdrawal_gone(struct hub *hub, struct txn *txn, const char *path, unsigned *count,
			 char *why);
/*
 * The latest withdrawal that covers version `number` of a dataset (0: any). False: none is known.
 */
bool withdrawal_find(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		     struct withdrawal_view *out);
/* The same as one sentence in why, for somebody who asked for the dataset. */
bool withdrawal_why(struct hub *hub, struct txn *txn, const char *path, uint64_t number, char *why);
/* Own withdrawals that all were asked to confirm; each until it returns false. */
void withdrawal_each(struct hub *hub, struct txn *txn,
		     bool (*each)(void *arg, const struct withdrawal_view *view), void *arg);
/*
 * A node that has erased what its store had, or was known to hold a copy and has not answered
 * (time_ms 0). folders: where a copy is left; it has confirmed when there is none.
 */
struct withdrawal_answer {
	uint32_t author;
	int64_t time_ms;
	uint32_t folders;
};
/* Those who have answered first; each until it returns false. */
void withdrawal_answers(struct hub *hub, struct txn *txn, const struct withdrawal_view *view,
			bool (*each)(void *arg, const struct withdrawal_answer *answer), void *arg);

/* ---- for the core ---- */

/* Table ERASING: withdrawn here, its chunks are being swept, the erasure is to be told. */
struct erasing {
	bool any;          /* there may be rows */
	bool more;         /* the last look has not seen them all */
	struct row_key at; /* where it ended; empty: at the end */
};
void withdrawal_open(struct hub *hub, struct txn *txn);
/* RECORD_WITHDRAWAL */
void withdrawal_arrival(struct hub *hub, struct txn *txn, const struct record *record);
void withdrawal_settle(struct hub *hub, struct txn *txn);
int64_t withdrawal_wake(const struct hub *hub);

#endif
