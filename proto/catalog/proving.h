/*
 * proving - what a node has to hand out the signature of a file (proto/rights/file_proof.h): the
 * record of the version and who its author is, copied, so that it can be put together on any
 * thread.
 */
#ifndef ALLMENDE_PROVING_H
#define ALLMENDE_PROVING_H

#include "proto/catalog/catalog.h"

struct proving {
	struct catalog_entry entry; /* of the version */
	struct buf record;
	struct buf place;        /* charter and log (token_export_place()), when it was asked for */
	uint32_t charter_number; /* what these begin and end with: the place is another when one */
	uint32_t log_number;     /* of them is */
};
/*
 * path: as people call it, with any slug that its owner has had; number 0: the current version.
 * place: charter and log, too. ERR_ABSENT, ERR_CONFIG with a sentence in why (WHY_LEN). Release
 * with proving_fini() in any case.
 */
enum err proving_take(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		      bool place, struct proving *out, char *why);
void proving_fini(struct proving *proving);

#endif
