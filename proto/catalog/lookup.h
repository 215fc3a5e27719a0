/*
 * lookup - a version found by the path of its dataset, and what is made of it: an entry for people,
 * a reading for workers.
 *
 * Private to catalog/. A path is looked up here and nowhere else, so whoever does not find
 * something gets one of the same few sentences, whichever verb asked. What was found borrows from
 * the store until the next write.
 */
#ifndef ALLMENDE_LOOKUP_H
#define ALLMENDE_LOOKUP_H

#include "proto/catalog/catalog.h"

struct lookup {
	struct version_id of;
	struct record_id record;
	int64_t time_ms; /* of the record */
	struct version version;
	struct bytes whole; /* the record */
};

/*
 * number 0: the current version. ERR_CONFIG: no path; ERR_ABSENT: the dataset or version is not
 * known, or was withdrawn; one sentence in why.
 */
enum err lookup_path(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		     struct lookup *out, char *why);
/* The same for a dataset, without words. */
enum err lookup_dataset(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			uint64_t number, struct lookup *out);

/* current: whether it is the current version of its dataset. */
void lookup_entry(struct hub *hub, struct txn *txn, const struct lookup *found, bool current,
		  struct catalog_entry *out);
/* Whether its chunks are here, as of now. */
void lookup_entry_held(struct txn *txn, struct catalog_entry *entry);
/* Copies the record. ERR_DENIED, ERR_AGAIN: its key is not here; why says whom to ask, or what to
   wait for. */
enum err lookup_reading(struct hub *hub, struct txn *txn, const struct lookup *found,
			struct reading *out, char *why);

#endif
