/*
 * report_file - a text that a node has signed, with what proves who that node is: anybody can check
 * it without a node or a key (docs/PROTOCOL.md, section 5.7).
 *
 * The file is the text, for people, and below it lines of letters: the text once more, signed, with
 * the whole charter and the log of the node's organisation. Reading checks these from entry 1 on,
 * against the federation id that who checks knows from elsewhere. What mail does to lines and
 * blanks does no harm.
 */
#ifndef ALLMENDE_REPORT_FILE_H
#define ALLMENDE_REPORT_FILE_H

#include "crypto/sign.h"
#include "proto/charter/charter.h"
#include "proto/ledger/ledger.h"

enum {
	REPORT_TEXT_LEN_MAX = 1 << 20,
	REPORT_FILE_LEN_MAX = 64 << 20,
	REPORT_WHY_LEN = 200,
};

struct report {
	uint32_t author; /* the node that signs */
	int64_t time_ms;
	struct bytes text;    /* borrowed */
	struct bytes payload; /* borrowed */
	struct sig sig;
};

/* Appends the file. ERR_AGAIN: the own log is not here; ERR_FULL: it becomes too long. */
enum err report_make(struct buf *out, const struct report *fields, struct ledger *ledger,
		     struct txn *txn);
/*
 * The payload's form, and its signature. ERR_MALFORMED, ERR_VERSION; ERR_DENIED.
 */
enum err report_get(struct report *out, struct bytes payload, const struct sig *sig);
enum err report_check_sig(const struct report *report, const struct sign_pk *pk,
			  const struct fed_id *fed);

/* What was read and checked. */
struct report_file {
	struct report report; /* borrows from body */
	struct buf body;
	char name[LIMIT_NAME_LEN_MAX + 1]; /* of the organisation, as the charter has it */
	bool present;                      /* it is a member, as of that charter */
	char why[REPORT_WHY_LEN];          /* what is wrong with it, for people: a clause */
};
/*
 * ERR_MALFORMED, ERR_VERSION, ERR_FULL: no such file; ERR_DENIED: one that is not true, or whose
 * text above is not the one that was signed. Release with report_file_fini() in any case.
 */
enum err report_file_read(struct report_file *out, struct bytes file, const struct fed_id *fed);
void report_file_fini(struct report_file *file);

#endif
