/*
 * revoking - rights are ended: own lines by overwriting them, what others gave below by bars
 * (docs/PROTOCOL.md, section 5.5). What is done is planned first (plan.h), so the preview shows the
 * same lists; one turn does all or nothing.
 */
#ifndef ALLMENDE_REVOKING_H
#define ALLMENDE_REVOKING_H

#include "proto/catalog/grants.h"
#include "proto/catalog/plan.h"

struct revoke_terms {
	const char *grant; /* one grant by its name, or NULL */
	const char *from;  /* short name of who loses, or NULL */
	const char *below; /* with from: at and below this path; NULL: everywhere */
	bool has_keep;     /* else each line's own */
	enum keeping keep;
};

struct revocation {
	struct plan plan; /* must not be moved */
	uint32_t from;    /* with terms.from: the member */
	struct bytes below;
	size_t line_count, bar_count;
};
/*
 * Plans it. Release with revocation_fini(), also after an error. ERR_ABSENT: no such grant or
 * member, or nothing to end; ERR_DENIED: this organisation cannot, and why names who can, or what
 * else gives the same; ERR_CONFIG; ERR_FULL.
 */
enum err revocation_plan(struct revocation *out, struct hub *hub, struct txn *txn,
			 const struct revoke_terms *terms, char *why);
void revocation_fini(struct revocation *revocation);

/* A right that falls. */
struct loss {
	const struct grant *grant; /* by which it was had */
	enum verb before, after;   /* of the organisation at this prefix */
	bool has_other;            /* it has `after` by this grant */
	struct digest other;
	bool below;        /* not ended itself: it rested on what is */
	uint64_t versions; /* known here at and below the prefix that it could read */
};
/* Each, until false is returned. Those of one organisation at one prefix may be several. */
void revocation_losses(struct revocation *revocation,
		       bool (*each)(void *arg, const struct loss *loss), void *arg);
/* Writes it, and remembers who has yet to hear. */
enum err revocation_do(struct revocation *revocation, char *why);

/*
 * Lifts bars of a member at and below a path; *count of them. ERR_ABSENT: there are none. ERR_BUSY:
 * versions that are void would become valid by that, and yes is not said.
 */
enum err revocation_lift(struct hub *hub, struct txn *txn, const char *from, const char *below,
			 bool yes, size_t *count, char *why);

#endif
