/*
 * check - whether a log is whole, told from an export alone: no node, no store, no clock.
 *
 * An export is a sequence of frames, each a type, a length and bytes, in this order: what log it
 * is, the charter, the organisation's log (which names the node's key), the node's latest head, the
 * closings, what was known when the log begins, the entries. The checker is fed frame by frame and
 * remembers the first fault. It looks at each entry's id, number and form, at each closing, and
 * whether every head that it knows of names an entry that is here: the own latest one, and those
 * that another member's log has of this node.
 *
 * Whoever holds the node's key and disk can write a whole log anew. That is found by heads that
 * others have noted, and by nothing else.
 */
#ifndef ALLMENDE_AUDIT_CHECK_H
#define ALLMENDE_AUDIT_CHECK_H

#include "proto/audit/entry.h"
#include "proto/charter/charter.h"
#include "proto/charter/orglog.h"
#include "proto/ledger/head.h"

enum audit_frame {
	AUDIT_FRAME_LOG = 'L',     /* [1, federation id, author, organisation id] */
	AUDIT_FRAME_CHARTER = 'K', /* an entry of the charter */
	AUDIT_FRAME_ORG = 'O',     /* an entry of the organisation's log */
	AUDIT_FRAME_HEAD = 'H',    /* the latest head of the node */
	AUDIT_FRAME_CLOSING = 'C', /* of a segment, all there ever were */
	AUDIT_FRAME_OTHER = 'G', /* [organisation id, an entry of its log]; all that is known now */
	AUDIT_FRAME_BASE = 'B',  /* a line or bar whose entry is gone, as it came */
	AUDIT_FRAME_ENTRY = 'E'
};
#define AUDIT_FRAME_HEAD_LEN 5

void audit_frame_put(struct buf *out, enum audit_frame type, struct bytes body);
void audit_frame_log_put(struct buf *out, const struct fed_id *fed, uint32_t author,
			 const struct org_id *org);
/*
 * The frame that in begins with; its length is what body ends at. ERR_AGAIN: more bytes are needed.
 * ERR_MALFORMED: no such type, or longer than any.
 */
enum err audit_frame_get(enum audit_frame *type, struct bytes *body, struct bytes in);

/* X(NAME, "what a person reads") */
#define AUDIT_FAULT_LIST(X)                                                                        \
	X(NONE, "no fault")                                                                        \
	X(FORM, "something that is no part of a log")                                              \
	X(LOG, "it does not say whose log it is, or names a node that charter and organisation "   \
	       "do not have")                                                                      \
	X(ENTRY, "an entry that cannot be read")                                                   \
	X(MISSING, "entries before this one are missing")                                          \
	X(ORDER, "this entry comes a second time, or too late")                                    \
	X(CHAIN, "the entry before this one is not the one that was written before it")            \
	X(CLOSING, "the closing of the segment that begins here is not signed by the node")        \
	X(CLOSINGS, "the closing of a segment before this one is missing")                         \
	X(SEGMENT, "the segment that ends here is not the one that was closed")                    \
	X(BEGIN, "the log begins with this entry, and does not say that what was before it "       \
		 "has rolled off")                                                                 \
	X(HEAD, "the head is not signed by the node")                                              \
	X(CUT, "the node's own head names an entry that is not here: the end of the log was cut "  \
	       "off, or it was written anew")                                                      \
	X(NOTED, "another member has noted a head of this node that names an entry that is not "   \
		 "here: the log was cut back, or written anew")

enum audit_fault {
#define X(name, text) AUDIT_FAULT_##name,
	AUDIT_FAULT_LIST(X)
#undef X
};
const char *audit_fault_text(enum audit_fault fault);

/* A head whose tip has to be an entry of the log. */
struct audit_witness {
	struct digest tip;
	int64_t time_ms;
	bool noted; /* by another member */
	bool found;
};

struct audit_check {
	struct fed_id fed;
	struct org_id org;
	uint32_t author;        /* 0: not known yet */
	struct charter charter; /* for names as well */
	struct orglog orglog;
	bool has_pk;
	struct sign_pk pk;
	struct audit_closing *closings; /* owned; they borrow nothing */
	size_t closing_count, closing_cap, closing_at;
	struct audit_witness *witnesses;
	size_t witness_count, witness_cap;
	uint64_t first, last; /* numbers of the entries; 0: none yet */
	int64_t first_ms, last_ms;
	struct digest id;
	uint64_t rolled; /* up to this number, says the latest entry about it */
	/* the first fault, and the number of the entry where it shows; 0: of the whole */
	enum audit_fault fault;
	uint64_t fault_number;
	int64_t fault_ms;       /* of a head */
	uint64_t witnesses_old; /* heads that are older than what is here: not to be told */
};

void audit_check_init(struct audit_check *check);
void audit_check_fini(struct audit_check *check);
/* entry (may be NULL): the entry, when the frame is a good one. False: there is a fault. */
bool audit_check_frame(struct audit_check *check, enum audit_frame type, struct bytes body,
		       struct audit_entry *entry);
/*
 * A head of this node that somebody else has noted; before the first entry is fed. False: it is of
 * another node, or not signed by this one, and says nothing.
 */
bool audit_check_noted(struct audit_check *check, struct bytes head);
/* After the last frame. False: there is a fault. */
bool audit_check_end(struct audit_check *check);

#endif
