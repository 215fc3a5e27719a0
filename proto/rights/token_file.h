/*
 * token_file - a grant as a file: with its proofs, so that anybody can check it without a node or a
 * key (docs/PROTOCOL.md, section 5.10).
 *
 * The file holds the whole charter, the logs of the organisations in the chain, and for each node
 * whose words count its latest head with the pages of its set that show what is there in each slot
 * that the verdict asks for, and what is not. Reading checks all of it from charter entry 1 on,
 * against the federation id that who checks knows from elsewhere; then the verdict is that of any
 * node (rights/verdict.h), over what the file proves. What it asks for and the file does not prove
 * is a refusal, never a no.
 *
 * Who writes the file decides what is in it and how old it is, and nothing else. Its cost for who
 * reads it is that of its length: a signature for each vote, entry, head and record.
 */
#ifndef ALLMENDE_TOKEN_FILE_H
#define ALLMENDE_TOKEN_FILE_H

#include "proto/charter/charter.h"
#include "proto/charter/orglog.h"
#include "proto/ledger/head.h"
#include "proto/ledger/record.h"
#include "proto/ledger/setdigest.h"
#include "proto/rights/verdict.h"

enum {
	TOKEN_FILE_LEN_MAX = 64 << 20,
	/* of each giver in the chain, and who got it: nodes that count and that are leaving */
	TOKEN_FILE_STATES_MAX = (LINE_CHAIN_MAX + 1) * (VERDICT_NODES_MAX + VERDICT_LEAVING_MAX),
	/* lines and bars that a verdict asks of one node */
	TOKEN_FILE_SLOTS_MAX = 2 * LINE_CHAIN_MAX,
	TOKEN_FILE_LOGS_MAX = LINE_CHAIN_MAX + 1,
	TOKEN_FILE_WHY_LEN = 200,
};
/* How old the oldest head may be before people are told so: as long as a head is valid. */
#define TOKEN_FILE_OLD_MS (26 * INT64_C(3600000))

struct token_log {
	struct org_id org;
	struct orglog log;
};

struct token_page { /* of a state's set: all leaves whose places lie between these two */
	uint64_t first, last;
	struct setdigest_leaf *leaves;
	size_t count;
};

struct token_state {
	struct head head;
	struct token_page *pages;
	size_t page_count;
	struct record *records;
	size_t record_count;
	bool asked; /* the last verdict rests on it */
};

struct token_file { /* owns all but the bytes it was read from */
	struct digest grant;
	struct charter charter;
	struct token_log *logs; /* by rising id */
	size_t log_count;
	struct token_state *states; /* by rising author */
	size_t state_count;
	int64_t t_ms;                 /* of the last verdict */
	bool lacks;                   /* what the last verdict asked for is not in it */
	char why[TOKEN_FILE_WHY_LEN]; /* what is wrong with it, for people: a clause */
};

/*
 * Reads and checks everything but the verdict; borrows the bytes. now_ms: a head that says to be
 * later by more than 10 minutes is refused. ERR_MALFORMED, ERR_VERSION, ERR_FULL: no such file;
 * ERR_DENIED: one that is not true; why says what. Release with token_file_fini() in any case.
 */
enum err token_file_read(struct token_file *out, struct bytes whole, const struct fed_id *fed,
			 int64_t now_ms);
/*
 * Reads the two elements of token_export_place(), and nothing may follow: no verdict rests on it,
 * only token_file_node(). Errors and release as above.
 */
enum err token_file_place(struct token_file *out, struct wire_in *w, const struct fed_id *fed);
void token_file_fini(struct token_file *file);
/* A node, as its organisation's log in the file has it; NULL: it has none. */
const struct orglog_node *token_file_node(const struct token_file *file, uint32_t author);
/* ERR_ABSENT: the file does not prove all that the verdict rests on; why says what is missing. */
enum err token_file_verdict(struct token_file *file, int64_t t_ms, struct verdict *out);
/*
 * The time of the oldest head that the last verdict, and a proof after it, rests on: it is valid as
 * of then.
 */
int64_t token_file_as_of(const struct token_file *file);
/*
 * Whether a text (showing.h) proves now that who shows the file is a node of the audience; after
 * token_file_verdict().
 * ERR_MALFORMED, ERR_VERSION, ERR_DENIED; why says what.
 */
enum err token_file_proof(struct token_file *file, const struct verdict *verdict, struct bytes text,
			  struct bytes challenge, int64_t now_ms);

#endif
