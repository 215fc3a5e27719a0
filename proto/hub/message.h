/*
 * message - the messages of docs/PROTOCOL.md, section 9: one struct, a writer for each, one strict
 * reader.
 *
 * message_decode() checks the whole message; lists stay encoded and are read by the _next
 * functions, which can not fail any more. Everything borrows from the bytes decoded.
 */
#ifndef ALLMENDE_MESSAGE_H
#define ALLMENDE_MESSAGE_H

#include "crypto/id.h"
#include "crypto/limits.h"
#include "proto/ledger/roll.h"
#include "proto/ledger/setdigest.h"
#include "proto/content/version.h"
#include "proto/wire/wire_in.h"

/* X(NAME, number, elements after the type) */
#define MESSAGE_LIST(X)                                                                            \
	X(HELLO, 1, 5)                                                                             \
	X(CHARTER_GET, 2, 1)                                                                       \
	X(CHARTER, 3, 1)                                                                           \
	X(ORGLOG_GET, 4, 1)                                                                        \
	X(ORGLOG, 5, 1)                                                                            \
	X(SKETCH, 6, 1)                                                                            \
	X(STATES, 7, 1)                                                                            \
	X(TOTALS, 8, 3)                                                                            \
	X(HEAD, 9, 1)                                                                              \
	X(RECORDS, 10, 2)                                                                          \
	X(EVIDENCE, 11, 2)                                                                         \
	X(NOT_HERE, 12, 2)                                                                         \
	X(LEAVES_GET, 13, 4)                                                                       \
	X(LEAVES, 14, 6)                                                                           \
	X(RECORDS_GET, 15, 3)                                                                      \
	X(SYNC_END, 16, 0)                                                                         \
	X(JOIN, 17, 1)                                                                             \
	X(JOIN_ANSWER, 18, 3)                                                                      \
	X(TAKEN, 19, 1)                                                                            \
	X(INDEX_GET, 20, 4)                                                                        \
	X(INDEX, 21, 5)                                                                            \
	X(CHUNK_GET, 22, 2)                                                                        \
	X(CHUNK, 23, 3)                                                                            \
	X(HOLDS, 24, 1)                                                                            \
	X(FORK, 25, 3)                                                                             \
	X(JOIN_OPEN, 26, 1)                                                                        \
	X(OWN_HEAD_GET, 27, 0)                                                                     \
	X(OWN_HEAD, 28, 1)                                                                         \
	X(WHOLE_GET, 29, 1)                                                                        \
	X(WHOLE, 30, 1)

enum message_type {
#define X(name, number, elements) MESSAGE_##name = number,
	MESSAGE_LIST(X)
#undef X
};
const char *message_name(enum message_type type);

enum {
	MESSAGE_SKETCH_STEP = 24,
	MESSAGE_SKETCH_LEN_MAX = 8192 * MESSAGE_SKETCH_STEP,
	MESSAGE_LIST_COUNT_MAX = 4096,  /* of most lists */
	MESSAGE_RECORD_COUNT_MAX = 128, /* each may cost a signature; taken whole */
	MESSAGE_WHOLE_COUNT_MAX = 256,  /* small versions */
	MESSAGE_SOFTWARE_LEN_MAX = 64,
	MESSAGE_TEXT_LEN_MAX = 256,
};

enum message_join {
	MESSAGE_JOIN_ADMITTED = 0,
	MESSAGE_JOIN_REFUSED = 1,
	MESSAGE_JOIN_BUSY = 2,
	MESSAGE_JOIN_WAITING = 3
};

struct message_state {
	uint32_t author;
	uint32_t incarnation;
	uint64_t sequence;
	uint64_t counter;
	uint32_t set; /* short: of the set digest */
};

struct message_whole { /* a small version */
	struct version_id of;
	uint32_t count; /* of its chunks; 0: it is not here */
	struct bytes chunks[LIMIT_WHOLE_CHUNK_COUNT_MAX];
};

struct message {
	enum message_type type;
	size_t len;        /* of the whole message */
	uint64_t version;  /* HELLO: of the protocol */
	struct bytes text; /* HELLO: software; JOIN_ANSWER */
	uint32_t number;   /* HELLO: charter number; CHARTER_GET: first wanted */
	struct digest
		digest;  /* HELLO: content; LEAVES*: of the set; JOIN_ANSWER: b; JOIN_OPEN: a */
	bool has_digest; /* JOIN_ANSWER */
	uint64_t heads, records; /* TOTALS */
	uint64_t bytes;          /* TOTALS, TAKEN */
	struct bytes body; /* HELLO: marks, SKETCH, HEAD, OWN_HEAD, JOIN, LEAVES, RECORDS: path,
			      INDEX: entries, CHUNK */
	bool has_body;     /* HELLO, SKETCH, CHUNK, OWN_HEAD, RECORDS */
	bool has_org;      /* FORK: of a log; else of the charter */
	struct org_id org; /* FORK */
	struct bytes entries[2];      /* FORK, EVIDENCE */
	uint32_t author, incarnation; /* NOT_HERE, LEAVES*, RECORDS_GET; STATES: read last */
	uint64_t place;               /* LEAVES* */
	enum message_join code;       /* JOIN_ANSWER */
	struct version_id of;         /* INDEX*; CHUNK*: its dataset */
	bool has_addr;                /* INDEX_GET */
	struct chunk_addr addr;       /* INDEX_GET, CHUNK */
	bool more;                    /* INDEX */
	uint32_t count;               /* elements of list */
	struct wire_in list;
};

/* ERR_MALFORMED; ERR_VERSION: an unknown type. */
enum err message_decode(struct message *out, struct bytes in);

/* The elements of list, in order; false at the end. */
bool message_next_bin(struct message *m, struct bytes *out); /* CHARTER, RECORDS */
bool message_next_org(struct message *m, struct org_id *org, uint32_t *number); /* ORGLOG_GET */
bool message_next_entry(struct message *m, struct org_id *org, struct bytes *entry); /* ORGLOG */
bool message_next_state(struct message *m, struct message_state *out);
bool message_next_leaf(struct message *m, struct setdigest_leaf *out);
bool message_next_sequence(struct message *m, uint64_t *out);
bool message_next_addr(struct message *m, struct chunk_addr *out);    /* CHUNK_GET */
bool message_next_version(struct message *m, struct version_id *out); /* HOLDS, WHOLE_GET */
bool message_next_whole(struct message *m, struct message_whole *out);

/* Writers; each appends one message. Faults stay in out. */
/* marks NULL: it is an answer */
void message_hello(struct buf *out, const char *software, uint32_t charter_number,
		   const struct digest *content, const uint8_t *marks);
void message_sketch(struct buf *out, struct bytes cells);
void message_sketch_none(struct buf *out); /* nil: the authors who differ follow */
void message_charter_get(struct buf *out, uint32_t first);
void message_join(struct buf *out, struct bytes request);
/* b may be NULL */
void message_join_answer(struct buf *out, enum message_join code, const char *text,
			 const struct digest *b);
void message_join_open(struct buf *out, const struct digest *a);
void message_totals(struct buf *out, uint64_t heads, uint64_t records, uint64_t bytes);
void message_head(struct buf *out, struct bytes head);
void message_not_here(struct buf *out, uint32_t author, uint32_t incarnation);
void message_leaves_get(struct buf *out, uint32_t author, uint32_t incarnation,
			const struct digest *set, uint64_t place);
void message_leaves(struct buf *out, uint32_t author, uint32_t incarnation,
		    const struct digest *set, const struct setdigest_page *page);
/* sequences: be64 each */
void message_records_get(struct buf *out, uint32_t author, uint32_t incarnation,
			 struct bytes sequences);
void message_sync_end(struct buf *out);
void message_own_head_get(struct buf *out);
void message_own_head(struct buf *out, struct bytes head); /* empty: none is here */
/* org NULL: of the charter */
void message_fork(struct buf *out, const struct org_id *org, struct bytes one, struct bytes other);
void message_evidence(struct buf *out, struct bytes one, struct bytes other);
void message_taken(struct buf *out, uint64_t bytes);
/* after may be NULL */
void message_index_get(struct buf *out, const struct version_id *of,
		       const struct chunk_addr *after);
void message_index(struct buf *out, const struct version_id *of, struct bytes entries, bool more);
void message_chunk(struct buf *out, const struct dataset_id *dataset, const struct chunk_addr *addr,
		   struct bytes chunk, bool here);

/*
 * Messages that are one list: begin, add elements, end. The count is not known before the end.
 *
 *	struct message_list list = message_list_begin(MESSAGE_RECORDS);
 *	message_list_bin(&list, record); ...
 *	message_list_end(&list, &out);
 */
struct message_list {
	enum message_type type;
	uint32_t count;
	struct buf items;
	struct dataset_id dataset; /* CHUNK_GET: set by the caller */
	bool has_path;             /* RECORDS: the same; */
	struct bytes path;         /* borrowed until the end */
	uint32_t author;           /* STATES: the last one */
};
struct message_list message_list_begin(enum message_type type);
void message_list_bin(struct message_list *list, struct bytes bin);
void message_list_org(struct message_list *list, const struct org_id *org, uint32_t number);
void message_list_entry(struct message_list *list, const struct org_id *org, struct bytes entry);
void message_list_state(struct message_list *list, const struct message_state *state);
void message_list_addr(struct message_list *list, const struct chunk_addr *addr);
void message_list_version(struct message_list *list, const struct version_id *of);
void message_list_whole(struct message_list *list, const struct message_whole *whole);
/* Appends the message to out and releases the list. */
void message_list_end(struct message_list *list, struct buf *out);

#endif
