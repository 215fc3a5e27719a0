/*
 * delivery - which datasets are written into folders, and what stands there: the part of `subscribe
 * --to` that lasts.
 *
 * Rows of DELIVER: a subscription's pattern and folder. What stands at DIR/<dataset path>, what is
 * about to, and why the last attempt failed: delivered.h. Who writes the files is
 * node/files/deliver.c; the verbs here run inside a turn.
 */
#ifndef ALLMENDE_DELIVERY_H
#define ALLMENDE_DELIVERY_H

#include "proto/catalog/catalog.h"
#include "proto/catalog/delivered.h"

/* The folder of a subscription; a later call takes the place of an earlier one, and says that the
   folder is the right one, mark or not. */
void delivery_set(struct txn *txn, const char *pattern, const char *dir);
void delivery_unset(struct txn *txn, const char *pattern);
/* False: what it matches is not written anywhere. */
bool delivery_dir(struct txn *txn, const char *pattern, char dir[DELIVERY_DIR_LEN_MAX + 1]);

/* One version that is to be written. */
struct delivery_due {
	char dir[DELIVERY_DIR_LEN_MAX + 1];
	char path[LIMIT_PATH_LEN_MAX + 1]; /* under which it is kept */
	char name[LIMIT_PATH_LEN_MAX + 1]; /* DIR/name is where it goes */
	struct record_id record;
	struct dataset_id dataset;
	uint64_t number;
	uint32_t author;
	bool marked;            /* DIR has the mark of this node (folder.h) */
	struct reading reading; /* taken by who reads it; else reading_fini() */
	/* The files that this node has put there, or was about to (folder.h); zeros: none. */
	struct digest files, files_next;
};

struct delivery_cursor {
	struct row_key at;
	bool more; /* look again: there are datasets behind */
	/* when to look again, at the latest; INT64_MAX: nothing is to be written anywhere */
	int64_t retry_ms;
};
/*
 * Looks at about 500 datasets from the cursor on (empty: the beginning). True: *out is the first
 * that is held, readable, not yet in its folder, and has not failed just now; the next call looks
 * at it again.
 */
bool delivery_next(struct hub *hub, struct txn *txn, int64_t now_ms, struct delivery_cursor *cursor,
		   struct delivery_due *out);
/*
 * In this order: it is about to be put there; it is there. Or it failed. False: it has been
 * withdrawn, and nothing may be put there.
 */
bool delivery_begun(struct hub *hub, struct txn *txn, const struct delivery_due *due,
		    const struct digest *files);
void delivery_done(struct hub *hub, struct txn *txn, int64_t now_ms, const struct delivery_due *due,
		   const struct digest *files);
void delivery_failed(struct txn *txn, int64_t now_ms, const struct delivery_due *due,
		     const char *why);

/* Where something was written; whether it still stands there only who looks can tell. */
struct delivery_place {
	char dir[DELIVERY_DIR_LEN_MAX + 1];
	char path[LIMIT_PATH_LEN_MAX + 1];
	char name[LIMIT_PATH_LEN_MAX + 1];
	bool marked;
};
/* The next ones behind *at (empty: the beginning), at most max; how many. */
size_t delivery_places(struct txn *txn, struct row_key *at, struct delivery_place *out, size_t max);
/* It does not stand there any more: it is due. */
void delivery_again(struct txn *txn, const struct delivery_place *place);

/* What stands at one target, of subscriptions that are still there. */
struct delivery_view {
	char dir[DELIVERY_DIR_LEN_MAX + 1];
	char path[LIMIT_PATH_LEN_MAX + 1];
	char pattern[LIMIT_PATH_LEN_MAX + 1];
	uint64_t number;     /* 0: nothing yet */
	uint32_t fail_count; /* since it last went well */
	int64_t retry_ms;
	char why[WHY_LEN];
};
void delivery_each(struct txn *txn, bool (*each)(void *arg, const struct delivery_view *view),
		   void *arg);

#endif
