/*
 * catalog - datasets and versions as people see them: publish, list, show, read.
 *
 * The verbs run inside a turn (EVENT_CALL). What a worker needs to seal or open chunks afterwards
 * is copied into struct publication and struct reading, which the caller owns and which hold keys:
 * they end with their _fini, which wipes.
 */
#ifndef ALLMENDE_CATALOG_H
#define ALLMENDE_CATALOG_H

#include "proto/hub/hub.h"
#include "proto/content/reader.h"
#include "proto/content/version.h"
#include "proto/content/writer.h"
#include "proto/rights/epoch_over.h"

/* One version, copied; release with catalog_entry_fini(). */
struct catalog_entry {
	/* What people call it. Of a hidden one that cannot be opened here it is the path under
	   which it is kept, as that is all there is; who lists datasets leaves these out. */
	char path[LIMIT_PATH_LEN_MAX + 1];
	char stored[LIMIT_PATH_LEN_MAX + 1]; /* the path it is kept under */
	struct dataset_id dataset;
	struct record_id record;
	uint64_t number;
	uint32_t author;
	enum tier tier;
	int64_t time_ms;
	uint64_t index_count, index_bytes; /* sealed */
	bool readable;                     /* the contents can be opened here */
	bool held;                         /* all chunks are here */
	bool damaged; /* was held; chunks were found bad and are being fetched again */
	bool own;
	bool tied;                         /* another version that is valid has the same number */
	char by[CHARTER_SLUG_LEN_MAX + 1]; /* short name of its author's organisation */
	char origin[CHARTER_SLUG_LEN_MAX + 1]; /* of who has written it, if it was taken over */
	bool has_grant;                        /* in the namespace of another, by this line */
	struct digest grant;
	/* of a former member: listed for as long as it is held here, and fetched no more */
	bool former;
	bool current;                 /* highest number of its dataset */
	struct buf description_bytes; /* what description points into */
	struct description
		description; /* empty when it cannot be opened; granted: every member can */
};
void catalog_entry_fini(struct catalog_entry *entry);

/*
 * number 0: the current version. ERR_ABSENT with a sentence in why (WHY_LEN): the dataset
 * or version is not known.
 */
enum err catalog_find(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		      struct catalog_entry *out, char *why);
/*
 * What people call what is kept under a path: a hidden dataset's name, when it can be opened here,
 * else the path.
 */
void catalog_name(struct hub *hub, struct txn *txn, struct bytes path,
		  char name[LIMIT_PATH_LEN_MAX + 1]);
/*
 * Current versions of all datasets whose path matches (NULL: all), as people call them or as they
 * are kept, in order of the path under which they are kept, beginning after `after` (NULL: the
 * first). The pattern is borrowed.
 */
struct catalog_list {
	const char *pattern;
	struct row_key at; /* private, as the next */
	bool inclusive;
};
struct catalog_list catalog_list_begin(const char *pattern, const char *after);
/*
 * A step, which looks at so many rows at most: calls each until it returns false; the entry is
 * this function's. False: that was the end; true: the next call goes on behind what was told last.
 */
bool catalog_list(struct hub *hub, struct txn *txn, struct catalog_list *list,
		  bool (*each)(void *arg, const struct catalog_entry *entry), void *arg);
/* All versions of a dataset, newest first. */
enum err catalog_log(struct hub *hub, struct txn *txn, const char *path,
		     bool (*each)(void *arg, const struct catalog_entry *entry), void *arg,
		     char *why);
/* A node that holds a version, or says so. Texts are the core's, until the end of the turn. */
struct catalog_holder {
	uint32_t author;
	bool proved;             /* this node, or a sample of it came not long ago (proof.h) */
	const char *slug, *name; /* of its organisation */
	bool operator_known;     /* it has said who runs it */
	char operator_name[LIMIT_NAME_LEN_MAX + 1]; /* who, as it says; empty: the organisation */
};
/*
 * Own node first, then those of whose copies of own versions samples came, then those that only say
 * that they hold it; at most max.
 */
size_t catalog_holders(struct hub *hub, struct txn *txn, const struct catalog_entry *entry,
		       struct catalog_holder *out, size_t max);
/* Of a node, whether it holds anything or not; false: no such member. */
bool catalog_holder(struct hub *hub, struct txn *txn, uint32_t author, struct catalog_holder *out);
/* How many copies are proved; those of one organisation or operator count as one. */
size_t catalog_copies(const struct catalog_holder *holders, size_t count);

/* Which own versions stay when a new one is published, beside the newest; both 0: all. */
struct keep {
	uint64_t count; /* so many */
	uint64_t days;  /* those younger than this, or here for fewer days of running */
};
/* What holds for an own dataset. */
void catalog_keep(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		  struct keep *keep);

struct publish_options {
	const char *path;
	bool has_tier;
	enum tier tier;
	bool widen, allow_shrink;
	bool dry;         /* only to know what would be: nothing is begun, no key, no path made */
	bool anew;        /* the same files once more, whole, under the key of now */
	bool recut;       /* the same, and nothing that was ever sealed is used again */
	struct keep keep; /* both 0: as said before, with this dataset */
	bool keep_all;    /* forget what was said before */
	/* empty fields but `folder` inherit from the version before, and else have what the
	   settings say; borrowed, as these are */
	struct description description;
	uint64_t cleared;                   /* DESCRIPTION_BIT() of each that shall be empty */
	const struct description *defaults; /* NULL: none */
};

/* What the workers need for one publication. */
struct publication {
	char path[LIMIT_PATH_LEN_MAX + 1]; /* under which it is kept */
	char name[LIMIT_PATH_LEN_MAX + 1]; /* what people call it: another, when it is hidden */
	uint64_t job;                      /* of the STAGE rows */
	struct writer_params params;       /* keys: wiped by publication_fini() */
	struct writer_epoch *older;        /* of the params */
	bool anew;                         /* nothing sealed under older epochs is used again */
	enum tier tier;
	bool allow_shrink;
	struct keep keep;
	uint32_t owner;            /* member to whom the path belongs */
	bool has_grant;            /* in the namespace of another, by this line */
	struct digest grant;       /* as of the commit */
	enum tier widest;          /* that the line lets this node publish */
	struct record_id previous; /* zero: the first version */
	uint64_t previous_number;  /* 0: the first version */
	uint64_t previous_bytes;   /* plain bytes and files of the version before */
	uint64_t previous_files;
	bool old_key; /* a new key has not come for too long (epochs_waits()): under the old one, */
	char old_readers[EPOCH_OVER_LEN]; /* which these have, who shall not read any more */
	struct key dataset_key;
	struct buf
		description; /* encoded, with inherited fields; files and bytes are set at commit */
	bool issued_anew;    /* another time of the first version is said */
	bool same_files;     /* as in the version before, to which this one adds words; at commit */
};
void publication_fini(struct publication *publication);

/*
 * ERR_DENIED: no right to write there, not this node's role, or a wider tier without widen;
 * ERR_CONFIG: path or value; ERR_ABSENT: no federation; ERR_AGAIN: the federation key is not here
 * yet.
 */
enum err catalog_publish_begin(struct hub *hub, struct txn *txn, int64_t now_ms,
			       const struct publish_options *options, struct publication *out,
			       char *why);
/* Stores sealed chunks of a publication and stages them. Bulk lane. */
void catalog_publish_chunk(struct hub *hub, struct txn *txn, const struct publication *publication,
			   const struct chunk_addr *addr, uint32_t size,
			   struct bytes chunk /* empty: known already */);
enum publish_outcome {
	PUBLISH_MADE,
	PUBLISH_UNCHANGED, /* the files are those of the version before, which *out is */
	PUBLISH_WAITS,     /* this node signs nothing yet: *out is empty, why says so; unsigned.h */
};
/*
 * Makes the version: record, head, index, announcement. The writer has finished, all its chunks are
 * stored. ERR_DENIED: empty or less than half as large without allow_shrink; ERR_BUSY: another
 * version was made meanwhile, begin again.
 */
enum err catalog_publish_commit(struct hub *hub, struct txn *txn, int64_t now_ms,
				struct publication *publication, struct writer *writer,
				enum publish_outcome *outcome, struct catalog_entry *out,
				char *why);
/* Drops the staged rows of a publication that failed or was given up. */
void catalog_publish_abort(struct hub *hub, struct txn *txn, const struct publication *publication);

/* What a worker needs to read one version. */
struct reading {
	struct dataset_id dataset;
	struct record_id record;
	uint64_t number;
	uint32_t author;
	struct buf version_bytes; /* what version points into */
	struct version version;
	struct key dataset_key; /* of the version's own epoch */
	bool described;         /* its description could be read, which says: */
	uint64_t file_count, byte_count;
	bool folder; /* a folder was published */
};
void reading_fini(struct reading *reading);
/*
 * ERR_ABSENT: not known. ERR_DENIED: not readable here (why says whom to ask). ERR_AGAIN: known,
 * not held.
 */
enum err catalog_read(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		      struct reading *out, char *why);
/* The same of one that is on its way, when its manifest is here; *coming: some may be missing. */
enum err catalog_read_coming(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
			     struct reading *out, bool *coming, char *why);

/*
 * K(dataset) of an older epoch that the manifest of a version being read names
 * (reader_key_wanted()). ERR_ABSENT: not to be had here. The caller wipes.
 */
enum err catalog_epoch_key(struct hub *hub, struct txn *txn, const struct reading *reading,
			   const struct manifest_epoch *epoch, struct key *out);

/*
 * The sentence for somebody who may not read what lies at a path, and whom to ask: "Stadt Meißen
 * has not granted you ...".
 */
void catalog_denied(struct hub *hub, struct txn *txn, struct bytes path, char *why);

/*
 * Checks what only the core can: own set digests against heads, index rows of held versions against
 * records and chunks. Looks at about max rows from *cursor on (0: the beginning), true when there
 * is more; adds findings (one sentence each, without line end) to text, separated by line feeds.
 */
bool catalog_verify(struct hub *hub, struct txn *txn, uint64_t *cursor, uint32_t max,
		    struct buf *text, uint64_t *looked);

#endif
