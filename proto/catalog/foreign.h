/*
 * foreign - rows of table FOREIGN: versions of others that were valid here, and what is to be kept
 * of them; and the one act of taking over (takeover.h). The key is that of VERSION; a row with
 * number 0, which no version has, is of what an administrator has withdrawn.
 */
#ifndef ALLMENDE_FOREIGN_H
#define ALLMENDE_FOREIGN_H

#include "proto/catalog/takeover.h"

enum {
	FOREIGN_FIRM = 1,  /* valid before the exchange that is going on */
	FOREIGN_SHOWN = 2, /* void, and not taken over */
	FOREIGN_OVER = 4   /* more than is taken over by itself: it is for people */
};

struct foreign {
	uint8_t flags;
	enum keeping keep; /* as the line said when it was valid last */
};

void foreign_put(struct txn *txn, const struct version_id *of, struct foreign row);
/* False: that is no row. */
bool foreign_decode(struct foreign *row, struct bytes value);
void foreign_drop(struct txn *txn, const struct version_id *of);

/*
 * Signs the body of a version as this node's own; grant: the line that it lives by then, NULL in
 * the own namespace. What is held of the one is held of the other. ERR_ABSENT, ERR_NOSPACE,
 * ERR_AGAIN.
 */
enum err foreign_sign(struct hub *hub, struct txn *txn, const struct version_id *of,
		      const struct digest *grant);
/* Whether this node has a version in the same place. */
bool foreign_own(struct txn *txn, const struct hub *hub, const struct version_id *of);
void foreign_view(struct hub *hub, struct txn *txn, const struct version_id *of,
		  const struct version *version, struct takeover_view *out);

#endif
