/*
 * verdict - what lines and bars give: a pure function of the charter, the organisation logs, the
 * records and a time (docs/PROTOCOL.md, section 5.5). No signature is checked and no arrival is
 * remembered here, so every node that has the same records says the same, in whatever order they
 * came.
 *
 * The facts come through struct facts: at a node from its store (rights/world.h), of an exported
 * token from its file, in tests from plain arrays.
 */
#ifndef ALLMENDE_VERDICT_H
#define ALLMENDE_VERDICT_H

#include "proto/ledger/bar.h"
#include "proto/ledger/line.h"

enum {
	VERDICT_NODES_MAX = 8,    /* nodes of one member whose words count */
	VERDICT_LEAVING_MAX = 16, /* those put out of their role of late, whose ends count still */
};

struct fact_member {
	struct org_id org;
	bool present; /* member or relay */
	bool relay;
};

struct fact_nodes { /* author numbers, rising; leaving: ends and true bars count still */
	uint32_t active[VERDICT_NODES_MAX];
	size_t active_count;
	uint32_t leaving[VERDICT_LEAVING_MAX];
	size_t leaving_count;
};

struct facts {
	void *arg;
	/* The member of a number, also a former one. False: there never was one. */
	bool (*member)(void *arg, uint32_t number, struct fact_member *out);
	/* The number of the present member to whom a slug belongs; 0: nobody. */
	uint32_t (*owner)(void *arg, struct bytes slug);
	/* Its active nodes with the role admin, the lowest eight, and those that are leaving. */
	void (*nodes)(void *arg, uint32_t number, struct fact_nodes *out);
	/*
	 * R(author, slot): the body of an author's record. Several are looked at side by side, so
	 * they are valid until the verdict is there. False: none.
	 */
	bool (*body)(void *arg, uint32_t author, struct bytes slot, struct bytes *body);
	/* The member who issues a line, which the id alone does not say. 0: no line is known. */
	uint32_t (*issuer)(void *arg, const struct digest *line);
};

/* One line as it counts; the prefix is kept here, as bodies are gone with the next look. */
struct counted_line {
	struct digest id;
	struct line line; /* its prefix points into text */
	uint8_t text[LIMIT_PATH_LEN_MAX];
};

/*
 * L(x): the line of an id by the words of all its giver's nodes. False: there is none. The struct
 * must not be copied: line.prefix points into it.
 */
bool verdict_line(const struct facts *facts, const struct digest *id, struct counted_line *out);

/* Why a chain gives nothing, for people. */
enum fault {
	FAULT_NONE,
	FAULT_UNKNOWN, /* a line of the chain is not here */
	FAULT_ENDED,   /* its giver has ended it, or one that it rests on */
	FAULT_NOT_YET,
	FAULT_EXPIRED,
	FAULT_MEMBER, /* giver or audience is no member under that number */
	FAULT_ROOT,   /* it does not begin with the owner of the path */
	FAULT_CHAIN,  /* not given by who got the line before, or not below its path */
	FAULT_DEPTH,  /* may not be handed on (so far) */
	FAULT_BARRED  /* somebody above has barred it */
};
const char *fault_text(enum fault fault); /* "expired", ...; lower case, no full stop */

struct verdict {
	enum fault fault;
	size_t fault_at;   /* 0..count - 1: the line of the chain that it is of, from the first */
	uint32_t fault_by; /* FAULT_BARRED: the member who bars it */
	size_t count;      /* lines of the chain; 0 when it could not be walked */
	struct digest chain[LINE_CHAIN_MAX]; /* from the owner's to the one asked for */
	uint32_t issuers[LINE_CHAIN_MAX];    /* member numbers */
	/* of the last line */
	uint32_t audience;
	struct org_id org;
	uint32_t owner; /* member number of the namespace */
	/* the meet of the chain; without effect when fault is set */
	enum verb verb;
	uint32_t widest;
	enum keeping keep;
	int64_t from_ms, to_ms; /* good at from ≤ t < to, as far as time is concerned */
	uint32_t depth_left;    /* lines that may rest on it */
	struct bytes prefix;    /* of the last line; points into text */
	uint8_t text[LIMIT_PATH_LEN_MAX];
};

/*
 * good(x, t) and what it gives. With FAULT_NOT_YET and FAULT_EXPIRED everything else holds, so the
 * other fields tell what it gives at its time; those two come last. True: it is good at t.
 */
bool verdict_of(const struct facts *facts, const struct digest *id, int64_t t_ms,
		struct verdict *out);

#endif
