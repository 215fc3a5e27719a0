/*
 * takeover - what shall stay when a right ends: who stays signs the same body again
 * (docs/PROTOCOL.md, section 5.11).
 *
 * A version lives by one line, and nothing lives by a right that has ended. The owner of a path
 * remembers the versions of others that were valid here: table FOREIGN has a row for each, with
 * what the line said is to be kept. When one is void, or its line is about to run out, and it was
 * valid before the exchange that brought the end, the owner takes it over by itself; a member who
 * holds another good line publishes its own versions again by that. All of it goes in slices,
 * follows from the rows after a crash, and is bounded: a writer makes the owner sign at most
 * TAKEOVER_COUNT_MAX records and a tenth of the quota that is left.
 *
 * Nothing in chunks or manifest names the author, so nothing is sealed or sent anew.
 */
#ifndef ALLMENDE_TAKEOVER_H
#define ALLMENDE_TAKEOVER_H

#include "proto/hub/hub.h"
#include "proto/ledger/ledger.h"
#include "proto/rights/verdict.h"

enum { TAKEOVER_COUNT_MAX = 10000 };
/* Writers choose their numbers: those of this and more are published anew, or not at all. */
#define TAKEOVER_NUMBER_END ((uint64_t)1 << 40)

/* A version as people see it. */
struct takeover_view {
	char path[LIMIT_PATH_LEN_MAX + 1];
	struct version_id of;
	uint64_t bytes; /* of its chunks */
	bool current;
};

/*
 * By command: takes one version of a dataset over, valid or void; of several with this number the
 * valid one, then that of the smaller author. ERR_ABSENT: there is none; ERR_DENIED: no right to
 * write there, or its number is too high; ERR_EXISTS: there is one of this node with that number;
 * ERR_CONFIG: path; ERR_NOSPACE.
 */
enum err takeover_version(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
			  struct takeover_view *out, char *why);

/*
 * What falls when the facts are those: the versions that are valid now, would not be then, and are
 * to be kept as their chain says then. Each until it returns false.
 */
void takeover_each(struct hub *hub, struct txn *txn, const struct facts *then,
		   bool (*each)(void *arg, const struct takeover_view *view), void *arg);
/*
 * In the turn in which lines end, before they do: takes over what takeover_each() lists, as far as
 * this organisation may write there without them. ERR_NOSPACE: the own quota; nothing may be
 * committed then.
 */
enum err takeover_planned(struct hub *hub, struct txn *txn, const struct facts *then,
			  uint64_t *count);

/* Void versions in the own namespace that were not taken over: "takeover DATASET@N" would. */
void takeover_waiting(struct hub *hub, struct txn *txn,
		      bool (*each)(void *arg, const struct takeover_view *view), void *arg);

/* ---- for the core ---- */

/* What was to be kept and is void, as it was too much, unreadable, or has too high a number. */
struct takeover_missed {
	uint64_t count;
	struct version_id first;
};

struct takeover {
	bool due;              /* a walk over the rows is to begin */
	bool walking;          /* one is under way, from `at` on */
	struct row_key at;     /* len 0: at the beginning */
	bool firm;             /* it makes firm what is valid still */
	bool firm_due;         /* so does the next one */
	uint64_t rights_epoch; /* as of the last walk */
	uint32_t charter_number;
	int64_t next_ms;                      /* wall time: the next line runs out */
	int64_t begun_ms;                     /* the last walk */
	uint64_t count;                       /* taken in this walk, */
	uint64_t count_max, left;             /* how many may be, and how many bytes still */
	struct takeover_missed missed, found; /* by the last walk, and in this one so far */
};
void takeover_open(struct hub *hub, struct txn *txn);
/* RECORD_VERSION */
void takeover_arrival(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival);
/* RECORD_WITHDRAWAL */
void takeover_withdrawal(struct hub *hub, struct txn *txn, const struct record *record);
/* A peer has been compared with: all that it had to say is here. */
void takeover_compared(struct hub *hub);
void takeover_settle(struct hub *hub, struct txn *txn);
int64_t takeover_wake(const struct hub *hub);

#endif
