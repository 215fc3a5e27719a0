/*
 * memory - what this node remembers of its own publications, sealed: how a dataset is cut, what was published last and for
 * whom, and how many versions are to be kept. It is nobody else's business.
 */
#ifndef ALLMENDE_MEMORY_H
#define ALLMENDE_MEMORY_H

#include "proto/catalog.h"
#include "proto/cut.h"

struct memory {
	struct cut_key cut_key;
	struct record_id record; /* of the last version */
	struct digest contents;  /* of its files, description and tier */
	struct keep keep;
	enum tier tier; /* of the last version; 0: not known */
};

/* False: nothing was ever published. Wipe *memory after use. */
bool memory_get(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		struct memory *memory);
void memory_put(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		const struct memory *memory);
/* Drops own versions that are not to be kept, all but the newest; they are gone for others with the next head. */
void memory_keep(struct hub *hub, struct txn *txn, const struct keep *keep,
		 const struct dataset_id *dataset, uint64_t newest);

#endif
