/*
 * naive - what lines and bars give, once more and as plainly as can be: a checker for the verdict
 * (proto/rights/verdict.h), written from the text of docs/PROTOCOL.md, section 5.5, alone. It is
 * slow, looks at everything again each time, and shares no code with what it checks but the
 * decoders of lines and bars.
 *
 * A world is plain arrays. Whoever makes one keeps to what storing promises: a record fits its
 * slot, and of one author and slot there is one record.
 */
#ifndef ALLMENDE_TEST_NAIVE_H
#define ALLMENDE_TEST_NAIVE_H

#include "proto/ledger/bar.h"
#include "proto/ledger/line.h"

struct naive_member {
	uint32_t number;
	struct org_id org;
	bool present; /* as member or relay; false: it was one */
	bool relay;
	char slug[41];
};

struct naive_node {
	uint32_t author; /* member number * 256 + index */
	bool counts;     /* active, with the role admin */
	bool leaving;    /* put out of that, less than 26 hours ago */
};

struct naive_record { /* of a line, or of the bars against one organisation */
	uint32_t author;
	bool is_line;
	struct digest id;
	struct line line;
	struct bytes body; /* of the line */
	struct org_id org; /* that is barred */
	struct bar *bars;
	size_t bar_count;
};

struct naive {
	struct naive_member *members;
	size_t member_count;
	struct naive_node *nodes;
	size_t node_count;
	struct naive_record *records;
	size_t record_count;
};

struct naive_verdict {
	bool has_chain; /* c(x) exists; else nothing below means anything */
	size_t count;
	const struct line *chain[LINE_CHAIN_MAX]; /* x_1 to x_k */
	bool strays; /* a line does not follow the one before it, or the owner: keep says nothing */
	bool holds;  /* all of good(x, t) but the time and the verbs above 0 */
	bool ended;  /* a verb of the chain is 0 */
	bool good;
	enum verb verb;
	uint32_t widest;
	enum keeping keep;
	int64_t from_ms, to_ms; /* of t as far as the dates are concerned */
};

/* L(x); NULL: none. Points into a record. */
const struct line *naive_line(const struct naive *world, const struct digest *id);
struct naive_verdict naive_verdict(const struct naive *world, const struct digest *id,
				   int64_t t_ms);
/* right(o, p, t) */
enum verb naive_right(const struct naive *world, const struct org_id *org, struct bytes path,
		      int64_t t_ms);

#endif
