/*
 * store - the two databases of the index, and what is written to them. Private to this room.
 *
 * One job at a time writes: put and drop and list between begin and commit. A side is one database:
 * what is open on the disk, what is not in memory. An item is in one of them at most. The columns
 * change with the commit, in one moment for readers.
 */
#ifndef ALLMENDE_INDEX_STORE_H
#define ALLMENDE_INDEX_STORE_H

#include <stdatomic.h>

#include "node/base/sql.h"
#include "node/index/columns.h"
#include "proto/content/manifest.h"

#define INDEX_DIR  "derived"
#define INDEX_FILE "open.sqlite"
/* Of the shape of the tables and of what is folded how; another one is made anew. */
#define INDEX_LAYOUT 5

struct index_store {
	char *path; /* of the open one */
	char memory[SQL_MEMORY_LEN];
	struct sql *sides[SIDE_COUNT];
	uint64_t file_id;         /* of the file at path, to see that it was deleted */
	int64_t stamp_ms;         /* the latest indexed_ms given */
	bool changed[SIDE_COUNT]; /* since begin, though no item was */
	bool forgets;             /* words of what is not open any more may lie in the file */
	/* since begin, for the columns: */
	struct store_change {
		enum index_side side;
		int64_t id;
	} * changes;
	size_t change_count, change_cap;
	struct buf words[SIDE_COUNT]; /* id, where or 0: gone, length, word */
	struct columns columns;

	/* for readers, on any thread */
	atomic_uint opened;   /* how often: connections of before are of no use */
	atomic_bool complete; /* compared with the catalogue since it was opened */
};

/* One dataset as the core sees it. */
struct index_seen {
	char stored[LIMIT_PATH_LEN_MAX + 1]; /* the path it is kept under */
	struct index_item item;              /* owned */
	bool there;  /* it can be described; else only item.dataset and stored are set */
	char *slugs; /* its owner's former ones, a blank between; owned; NULL: none */
};
void index_seen_fini(struct index_seen *seen);

/* Opens what is there, and makes what is not, or is of another format, or damaged. */
enum err store_open(struct index_store *store, const char *dir);
void store_close(struct index_store *store);
/* The file was deleted or damaged: closes, deletes, opens. Then everything is to be put again. */
enum err store_remake(struct index_store *store);
/* Whether it stands where it was opened. */
bool store_stands(const struct index_store *store);

void store_begin(struct index_store *store);
/* ERR_CORRUPT and the like: nothing was written. */
enum err store_commit(struct index_store *store);
/*
 * Of what was taken out the full text keeps words in its old parts until they are merged, and the
 * log keeps pages until it is emptied: both, between two transactions. `forgets` stays when a
 * reader was in the way.
 */
enum err store_forget(struct index_store *store);
/* Makes the item what was seen, or drops it. */
void store_put(struct index_store *store, const struct index_seen *seen, int64_t now_ms);

/* What is held and can be read here, but whose files are not listed. */
struct unlisted {
	enum index_side side;
	int64_t id;
	char place[LIMIT_PATH_LEN_MAX + 1]; /* the path it is kept under */
	uint64_t number;
	struct record_id record;
	struct dataset_id dataset;
};
/* At most max; not within begin and commit alone. */
size_t store_unlisted(struct index_store *store, struct unlisted *out, size_t max);
/* Lists the files. manifest NULL: it cannot be opened now, or has too many. */
void store_list(struct index_store *store, const struct unlisted *at,
		const struct manifest *manifest, int64_t now_ms);
/* Those that could not be opened are to be tried once more. */
void store_list_again(struct index_store *store);
/* Drops what was kept under a path after `after` ("": the first) and up to `to` ("": the last) and
   is not among those seen. */
void store_clear(struct index_store *store, const char *after, const char *to,
		 const struct index_seen *seen, size_t count);

/* The columns of an item, for store_item_read(). */
#define STORE_ITEM_COLUMN_COUNT 23
#define STORE_ITEM_COLUMNS                                                                         \
	"d.id, d.path, d.kept, d.slug, d.home, d.organisation, d.ags, d.uuid, d.dataset,"          \
	" d.record, d.number, d.author, d.tier, d.readable, d.held, d.own, d.listed,"              \
	" d.published, d.first, d.modified, d.indexed, d.bytes, d.description"
/* From the columns of a row; index_item_fini() follows. */
void store_item_read(struct sql_st *st, bool open, struct index_item *out);

#endif
