/*
 * rights - who may do what at which path: right(organisation, path), a look-up
 * (docs/PROTOCOL.md, sections 5.5 and 9: Transfer).
 *
 * What an organisation may follows from the charter, the organisation logs, lines and bars, at one
 * time; the order in which records came does not matter, and no request names a grant. Lines are
 * found by table.h and judged by verdict.h.
 */
#ifndef ALLMENDE_RIGHTS_H
#define ALLMENDE_RIGHTS_H

#include "proto/content/version.h"
#include "proto/hub/hub.h"
#include "proto/ledger/ledger.h"
#include "proto/rights/verdict.h"

/*
 * right(o, p) at hub->judge_ms: the highest verb of a good line with audience o at or above the
 * path; VERB_ADMIN for the owner, VERB_NONE for who is no member.
 */
enum verb rights_of(struct hub *hub, struct txn *txn, const struct org_id *org, struct bytes path);
/* Whether the path lies in this organisation's own namespace. */
bool rights_own_namespace(const struct hub *hub, const struct org_id *org, struct bytes path);
/* Whether nodes of an organisation may get chunks of this tier at a path. */
bool rights_serve(struct hub *hub, struct txn *txn, const struct org_id *org, enum tier tier,
		  struct bytes path);

/*
 * The line of the own organisation that is good now, gives `need` or more at the path, and may be
 * handed on `depth` times: the one that ends last. False: there is none. The owner needs none.
 */
bool rights_own_line(struct hub *hub, struct txn *txn, struct bytes path, enum verb need,
		     uint32_t depth, struct verdict *out);
/*
 * Whether a record of this author about a path may name this line: it is good now, to the author's
 * organisation, at or above the path, and gives `need` or more. out: as verdict_of(); of a line
 * that is not here, or of another audience or path, FAULT_CHAIN and nothing else.
 */
bool rights_through(struct hub *hub, struct txn *txn, uint32_t author, struct bytes path,
		    const struct digest *line, enum verb need, struct verdict *out);
/* The same when the facts are those. */
bool rights_through_when(const struct facts *facts, int64_t t_ms, uint32_t author,
			 struct bytes path, const struct digest *line, enum verb need,
			 struct verdict *out);

/* Whether this node may hold the chunks of a version: by its tier, as its owner, or by a line. */
bool rights_may_hold(struct hub *hub, struct txn *txn, const struct version *version);
/* Whether it may read what this version says; its key may still be on the way. */
bool rights_may_read(struct hub *hub, struct txn *txn, const struct version *version);

/* ---- for the core ---- */

struct rights {
	bool due;                  /* walks of table.h */
	bool stuck;                /* all of them wait for who is in debt */
	uint32_t payer;            /* whose turn was last */
	int64_t debt_ms;           /* when one in debt had a turn all the same; monotonic */
	int64_t next_ms;           /* wall time: the next line begins or ends */
	uint32_t charter_number;   /* as of the last look */
	bool recounting;           /* the table is compared with what the records say, */
	struct row_key recount_at; /* from here on, */
	uint64_t recount_faults;   /* and so much was wrong */
};
void rights_open(struct hub *hub, struct txn *txn);
/* RECORD_LINE, RECORD_BAR. True: something may be had now that was refused before. */
bool rights_arrival(struct hub *hub, struct txn *txn, const struct record *record);
/* Compares the table with what the records say, in slices; faults are set right and noted. */
void rights_recount_begin(struct hub *hub);
void rights_settle(struct hub *hub, struct txn *txn);
int64_t rights_wake(const struct hub *hub);

#endif
