/*
 * memory - what this node remembers of its own publications, sealed: how a dataset is cut, what was
 * published last and for whom, and how many versions are to be kept. It is nobody else's business.
 */
#ifndef ALLMENDE_OWN_DATASET_H
#define ALLMENDE_OWN_DATASET_H

#include "proto/catalog/catalog.h"
#include "proto/content/cut.h"

struct own_dataset {
	struct cut_key cut_key;
	struct record_id record; /* of the last version */
	struct digest contents;  /* of its files, description and tier */
	struct keep keep;
	enum tier tier; /* of the last version; 0: not known */
};

/* False: nothing was ever published. Wipe *memory after use. */
bool own_dataset_get(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		     struct own_dataset *memory);
void own_dataset_put(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		     const struct own_dataset *memory);
/*
 * Drops own versions that are not to be kept, all but the newest; they are gone for others with the
 * next head.
 */
void own_dataset_keep(struct hub *hub, struct txn *txn, const struct keep *keep,
		      const struct dataset_id *dataset, uint64_t newest);

#endif
