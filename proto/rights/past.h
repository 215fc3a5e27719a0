/*
 * past - who could read what at a date, from the audit log of one node: what that node knew then.
 *
 * It is fed with the frames of an export (proto/audit/check.h), twice: first all of them to
 * past_late(), which finds what had not come yet, then all of them to past_take(). past_ready()
 * puts in order what was taken, and the verdict (verdict.h) is asked about it. No signature is
 * checked: the node did when it wrote, and whether that still stands there audit_check tells.
 *
 * What has come before the log begins counts as known at any date in it. Of an organisation's log
 * the entries that counted then are found anew, as it may have forked or been taken back by a bind
 * since; what a branch that had lost put out is not looked at.
 */
#ifndef ALLMENDE_PAST_H
#define ALLMENDE_PAST_H

#include "proto/audit/check.h"
#include "proto/rights/verdict.h"

struct past_entry { /* of an organisation's log */
	struct orglog_place at;
	struct bytes whole;
	bool logged;   /* the audit log says when it came */
	bool had_come; /* by the date */
	bool bound;    /* the charter has bound the log to it, or to one that follows from it */
};

struct past_org {
	struct org_id org;
	struct past_entry *entries; /* all branches */
	size_t entry_count, entry_cap;
	struct orglog log; /* as it counted at the date: past_ready() */
};

struct past_record {          /* of one slot and author */
	struct record record; /* borrows from the export */
	size_t order;
	bool gone;
};

struct past {
	int64_t at_ms;
	uint32_t known,
		late; /* of the charter: the last one that had come; the first that had not */
	struct charter charter;
	struct past_org *orgs;
	size_t org_count, org_cap;
	struct past_record *records;
	size_t record_count, record_cap;
	struct facts facts; /* arg points here: must not be moved */
};

void past_init(struct past *past, int64_t at_ms);
void past_fini(struct past *past);
/* Frames are borrowed until past_fini(). */
void past_late(struct past *past, enum audit_frame type, struct bytes body);
void past_take(struct past *past, enum audit_frame type, struct bytes body);
void past_ready(struct past *past);
/*
 * The next line that had been given, ended or not, after the index-th record (0 at first); false:
 * there is none. Of each line once.
 */
bool past_line_next(const struct past *past, size_t *index, struct digest *id);

#endif
