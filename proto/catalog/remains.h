/*
 * remains - copies in folders of what was withdrawn and is to be erased.
 *
 * A withdrawal that asks for erasure makes a row of REMAINS of each folder in which a version that
 * it covers stands, or was about to, whether the subscription is still there or not. Who removes
 * them is node/files/removal.c, as long as they are as this node has written them; what somebody
 * has changed stays, and `status` speaks of it, until a person says that it is gone. The node
 * confirms the erasure when the dataset has no row left.
 */
#ifndef ALLMENDE_REMAINS_H
#define ALLMENDE_REMAINS_H

#include "proto/catalog/delivered.h"

struct remains {
	struct dataset_id dataset;
	char path[LIMIT_PATH_LEN_MAX + 1]; /* of the dataset */
	char dir[DELIVERY_DIR_LEN_MAX + 1];
	char name[LIMIT_PATH_LEN_MAX + 1]; /* DIR/name is where it stands */
	/* What stands there when nobody has changed it; both zero: nothing does, and only what a
	   job has not finished is to go. */
	struct digest files, files_next;
	bool marked;         /* DIR has the mark of this node (delivered.h) */
	bool altered;        /* it was found changed: a person has to say that it is gone */
	uint32_t fail_count; /* 0: it was not tried yet */
	int64_t retry_ms;
	char why[WHY_LEN];
};

/*
 * Versions of a dataset up to a number are to be erased: of one member's authors (0: of all), but
 * for those of another (0: nobody). held: chunks of them were here, so one may be just being
 * written. True when any stands in a folder, or may be on its way there.
 */
bool remains_take(struct txn *txn, const struct dataset_id *dataset, const char *path,
		  uint32_t member, uint32_t but, uint64_t number, bool held);
/* What stands there is to be removed: it was withdrawn while it was written. */
void remains_add(struct txn *txn, const struct dataset_id *dataset, const struct delivered *row);
/* Whether all copies of a dataset were tried once; *left: so many could not be removed. */
bool remains_tried(struct txn *txn, const struct dataset_id *dataset, uint32_t *left);
/* A round over all of them. */
struct remains_round {
	struct row_key at; /* the row looked at last; empty: the round begins */
	int64_t retry_ms;  /* when the first of those looked at is due */
};
/*
 * The next one to be tried, so that none that fails is in the way of others; false: none is due
 * before *retry_ms. Looks at a hundred rows at most: *retry_ms is now_ms when there are more.
 */
bool remains_next(struct txn *txn, int64_t now_ms, struct remains_round *round, int64_t *retry_ms,
		  struct remains *out);
/* It was removed, or was not there. */
void remains_done(struct txn *txn, const struct remains *remains);
/* altered: it is not as this node has written it. */
void remains_failed(struct txn *txn, int64_t now_ms, const struct remains *remains, bool altered,
		    const char *why);
/* A person says that the copies of a dataset are gone; how many rows that were. */
unsigned remains_gone(struct txn *txn, const struct dataset_id *dataset);
/* Of a dataset (NULL: of all); until each returns false. */
void remains_each(struct txn *txn, const struct dataset_id *dataset,
		  bool (*each)(void *arg, const struct remains *remains), void *arg);
/* What stands at DIR/path of a dataset that was withdrawn; false: nothing is to be removed. */
bool remains_at(struct txn *txn, const struct dataset_id *dataset, const char *dir,
		const char *path, struct remains *out);

#endif
