/*
 * entry - the formats of the audit log: an entry, which names the one before, and the closing of a
 * segment, which is signed and stays when the segment is gone (docs/PROTOCOL.md, section 11).
 *
 * The detail of an entry is a byte string, so whoever checks the chain need not know the kind.
 * Whoever holds the node's key writes any log; what others have noted of it is what binds him.
 */
#ifndef ALLMENDE_AUDIT_ENTRY_H
#define ALLMENDE_AUDIT_ENTRY_H

#include "crypto/id.h"
#include "crypto/limits.h"
#include "crypto/sign.h"

/* X(NAME, number, "name") */
#define AUDIT_KIND_LIST(X)                                                                         \
	X(RECORD, 1, "record")         /* a line or bar, as it came */                             \
	X(GONE, 2, "gone")             /* its author has taken it out of its set */                \
	X(ORGLOG, 3, "organisation")   /* an entry of an organisation's log, as it came */         \
	X(CHARTER, 4, "charter")       /* an entry of the charter, as it came */                   \
	X(EPOCH, 5, "epoch")           /* a key was made */                                        \
	X(WRAP, 6, "key given")        /* a key was given to somebody */                           \
	X(VERSION, 7, "version")       /* a version has come, or was published here */             \
	X(WITHDRAWAL, 8, "withdrawal") /* the same */                                              \
	X(TAKEN_OVER, 9, "taken over") /* who stays has signed a version or withdrawal again */    \
	X(SWEPT, 10, "swept")          /* the chunks of a version are here no more */              \
	X(SERVED, 11, "served")        /* what one organisation fetched from here in a day */      \
	X(COMMAND, 12, "command")      /* what a person at this node has had done */               \
	X(CLOCK, 13, "clock")          /* the clock was set, or stands before the floor */         \
	X(RESTORED, 14, "restored")    /* this store was an old copy */                            \
	X(TIPS, 15, "tips")            /* heads of others, which name the tips of their logs */    \
	X(LEFT_OUT, 16, "left out")    /* how much is not here, as somebody has caused too much */ \
	X(ROLLED, 17, "rolled off")    /* segments that are kept no more */                        \
	X(RUNS, 18, "runs")            /* this node was up on that day */

enum audit_kind {
#define X(name, number, text) AUDIT_##name = number,
	AUDIT_KIND_LIST(X)
#undef X
};
#define AUDIT_KIND_LAST AUDIT_RUNS
/* NULL: none that is known. */
const char *audit_kind_name(uint64_t kind);

/* A decoded view; borrows from the bytes it was decoded from. */
struct audit_entry {
	uint64_t number;        /* from 1 */
	struct digest previous; /* id of the entry before; of the first one zeros */
	int64_t time_ms;
	uint64_t kind; /* enum audit_kind, or unknown */
	struct bytes detail;
	struct bytes whole;
};

/* Form only. ERR_MALFORMED, ERR_VERSION, ERR_FULL (LIMIT_LOG_ENTRY_LEN_MAX). */
enum err audit_entry_decode(struct audit_entry *out, struct bytes whole);
/* number, previous, time_ms, kind and detail count. out->err: ERR_FULL when it is too long. */
void audit_entry_make(struct buf *out, const struct audit_entry *fields);
void audit_entry_id(struct digest *out, struct bytes whole);

struct audit_closing {
	uint64_t first, last;      /* numbers of entries */
	int64_t first_ms, last_ms; /* their times, which may fall when a clock is set */
	struct digest last_id;
	struct bytes payload; /* borrowed */
	struct bytes whole;
};

/* Form only. ERR_MALFORMED, ERR_VERSION, ERR_FULL (LIMIT_LOG_CLOSING_LEN_MAX). */
enum err audit_closing_decode(struct audit_closing *out, struct bytes whole);
void audit_closing_make(struct buf *out, const struct audit_closing *fields,
			const struct fed_id *fed, const struct key *sign_seed);
/* ERR_DENIED */
enum err audit_closing_check(const struct audit_closing *closing, const struct sign_pk *pk,
			     const struct fed_id *fed);

#endif
