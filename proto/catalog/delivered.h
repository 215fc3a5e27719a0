/*
 * delivered - rows of DELIVER, DELIVERED and FOLDER: what is written into folders, what stands
 * there, and which folders these are (delivery.h, remains.h).
 *
 * A folder has a row from the first version on that was written below it: with the mark that
 * node/files/folder.h leaves there, so that an empty mount point is not taken for it.
 */
#ifndef ALLMENDE_DELIVERED_H
#define ALLMENDE_DELIVERED_H

#include "proto/hub/hub.h"

enum {
	DELIVERY_DIR_LEN_MAX = 1024,
	DELIVERY_TARGET_LEN_MAX = DELIVERY_DIR_LEN_MAX + 1 + LIMIT_PATH_LEN_MAX,
};

/* As much of a text of a row as fits; false: it was cut. */
bool delivered_text(char *to, size_t size, struct bytes from);

/* DIR/path, by which rows are known. */
void delivered_target(char out[DELIVERY_TARGET_LEN_MAX + 1], const char *dir, const char *path);
/* When to try again what has failed so often before: twice as long each time, an hour at most. */
int64_t delivered_retry_ms(int64_t now_ms, uint32_t fail_count, int64_t first_ms);

/* What stands at DIR/name, and what is about to. */
struct delivered {
	struct record_id record;
	uint64_t number;
	uint32_t author; /* of the version; 0: none stands there yet */
	int64_t time_ms, retry_ms;
	/* The files that stand there and those that are about to (folder.h); zeros: none. */
	struct digest files, files_next;
	uint32_t fail_count;
	char dir[DELIVERY_DIR_LEN_MAX + 1];
	char path[LIMIT_PATH_LEN_MAX + 1]; /* of the dataset, under which it is kept */
	char name[LIMIT_PATH_LEN_MAX + 1]; /* what people call it */
	char why[WHY_LEN];
};
/* From the value of a row; false: it is damaged. */
bool delivered_get(struct delivered *row, struct bytes value);
/* The row of a dataset in a folder; false: a fresh one. */
bool delivered_load(struct txn *txn, const char *dir, const char *path, struct delivered *row);
void delivered_store(struct txn *txn, const struct delivered *row);
void delivered_drop(struct txn *txn, const char *dir, const char *path);

/* marked false: it gets a mark with the next version that is written there. */
void delivered_dir_set(struct txn *txn, const char *dir, bool marked);
/* False: nothing was written there, or it was given anew since. */
bool delivered_dir_marked(struct txn *txn, const char *dir);
/* The folder of a row of FOLDER; false: it is damaged. */
bool delivered_dir_get(struct bytes value, char dir[DELIVERY_DIR_LEN_MAX + 1]);

/* A row of DELIVER; false: it is damaged. */
bool delivered_pattern_get(struct bytes value, struct bytes *pattern, struct bytes *dir);
/* Whether a subscription writes a dataset there. */
bool delivered_subscribed(struct txn *txn, const char *dir, const char *path);

#endif
