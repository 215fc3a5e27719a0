/*
 * names - which hidden path a name belongs to.
 *
 * The path of a dataset of tier hidden says nothing; what it is called stands in its sealed
 * description. So that the disk names nothing either, table NAME is found by a hash of the name
 * under a key of this node, which lies sealed. It has a row for each hidden dataset that can be
 * read here, as its version calls it that was opened last, and one for each path that was drawn
 * here and not published at yet. hidden.h brings it up to date; a row that is out of date leads to
 * a dataset that is called otherwise by now, never to one that may not be read.
 */
#ifndef ALLMENDE_NAMES_H
#define ALLMENDE_NAMES_H

#include "crypto/path.h"
#include "proto/hub/hub.h"

#define NAMES_PATH_LEN_MAX (40 + 1 + PATH_HIDDEN_LEN) /* slug/~id */

/* record: of the version that says so; NULL: the path was drawn here. */
void names_put(struct hub *hub, struct txn *txn, struct bytes name,
	       const struct dataset_id *dataset, const struct record_id *record, struct bytes path);
/*
 * The hidden path of a name. ERR_ABSENT: there is none; ERR_CONFIG: there are several, and why
 * (WHY_LEN) has their paths.
 */
enum err names_find(struct hub *hub, struct txn *txn, const char *name,
		    char path[NAMES_PATH_LEN_MAX + 1], char *why);
/* The same, in the own namespace; draws a path when there is none. */
enum err names_draw(struct hub *hub, struct txn *txn, const char *name,
		    char path[NAMES_PATH_LEN_MAX + 1], char *why);
/*
 * The path under which a dataset is kept that somebody calls so: of a hidden one its hidden path,
 * of all others, and of what is not known, the name itself. ERR_CONFIG as above.
 */
enum err names_resolve(struct hub *hub, struct txn *txn, const char *name,
		       char path[LIMIT_PATH_LEN_MAX + 1], char *why);

/* A row under a walk over NAME; it borrows. False: none that can be read. */
struct name_row {
	struct dataset_id dataset;
	struct record_id record; /* of the version that says so; zeros: drawn */
	struct bytes path;
};
bool names_row(struct name_row *out, const struct walk *walk);

#endif
