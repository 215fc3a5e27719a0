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
	struct digest version;  /* own_dataset_version() of the last one */
	struct digest contents; /* of its files, description and tier */
	struct keep keep;
	enum tier tier;      /* of the last version; 0: not known */
	struct digest files; /* of its files alone: names, sizes, contents; zeros: not known */
};

/*
 * By which a version is known again: all that it says but who has written it and by which line, so
 * also when it was signed anew.
 */
void own_dataset_version(struct digest *out, const struct version *version);
/*
 * Signs the record of an own version. id: NULL, or the record's. ERR_FULL: it is too long for one.
 */
enum err own_dataset_sign(struct hub *hub, struct txn *txn, const struct version_id *of,
			  const struct version *version, struct record_id *id);
/* Whether it is the last one that was published here, with these contents. */
bool own_dataset_is(const struct own_dataset *memory, const struct version *version,
		    const struct digest *contents);
/* Whether it is, with these files, whatever is said of them. */
bool own_dataset_has_files(const struct own_dataset *memory, const struct version *version,
			   const struct digest *files);
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
