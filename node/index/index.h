/*
 * index - what this node can describe, laid out for those who look and search: a derived copy of
 * the catalogue in SQLite, with full text, which may be deleted at any time.
 *
 * There are two databases of one shape. What is open stands in DIR/derived/open.sqlite. What is not
 * (tiers members, granted, hidden) stands in memory only, so nothing sealed lies on the disk in the
 * clear. Who shows nothing is answered from the first alone, so that no count, order or time can
 * tell of the second. Who shows a token is answered from both, of the second what lies at and below
 * its prefix.
 *
 * A reader belongs to one thread. It reads as of the last write; the writer is indexer.h. Until the
 * databases have been compared with the catalogue since the node was started, every question is
 * answered by ERR_AGAIN: what was withdrawn in the moment of a crash is never shown.
 *
 * Glossary: item - the current version of a dataset, with its description. slug - the short name of
 * the organisation to which the path belongs; home - the one it was admitted as, with which signed
 * paths begin (charter.h).
 */
#ifndef ALLMENDE_NODE_INDEX_H
#define ALLMENDE_NODE_INDEX_H

#include "node/base/visitor.h"
#include "proto/charter/charter.h"
#include "proto/content/version.h"

#define INDEX_UUID_LEN   36
#define INDEX_UUID_START 8 /* of it are enough to name something */
#define INDEX_AGS_LEN    8
#define INDEX_PAGE_MAX   1000 /* items of one answer */
/* Listed of one version; of one with more, or with a manifest beyond, the item says how many. */
#define INDEX_FILE_COUNT_MAX   10000
#define INDEX_FORMAT_LEN_MAX   32
#define INDEX_FILTER_COUNT_MAX 32
#define INDEX_VALUE_COUNT_MAX  32 /* of one filter */

struct index_store;
struct index_reader;

struct index_item {
	int64_t id; /* within this answer's database; another after it was made anew */
	bool open;  /* in the open database */
	char path[LIMIT_PATH_LEN_MAX + 1]; /* as people see it: slug, and what follows */
	char kept[LIMIT_PATH_LEN_MAX + 1]; /* the same, beginning with home: visitor_sees() */
	char slug[CHARTER_SLUG_LEN_MAX + 1], home[CHARTER_SLUG_LEN_MAX + 1];
	char organisation[LIMIT_NAME_LEN_MAX + 1]; /* its name; "" when it is not known */
	char ags[INDEX_AGS_LEN + 1];               /* "" as well */
	char uuid[INDEX_UUID_LEN + 1];             /* of the dataset: for life */
	struct dataset_id dataset;
	struct record_id record;
	uint64_t number;
	uint32_t author;
	enum tier tier;
	bool readable, held, own; /* by this node; catalog.h */
	bool listed;              /* its files are: index_files() */
	int64_t published_ms;     /* of this version */
	int64_t first_published_ms;
	int64_t modified_ms; /* when the contents changed last */
	int64_t indexed_ms;  /* when this node learned of what it says */
	uint64_t sealed_bytes;
	struct buf description_bytes; /* what description points into */
	struct description description;
};
void index_item_fini(struct index_item *item);

struct index_file {
	const char *name, *media_type; /* borrowed; media_type may be "" */
	const char *format;            /* of the file types of the EU: "CSV"; "": none is known */
	uint64_t size;
	int64_t modified_ms; /* of the file, as its publisher had it; 0: not known */
	const char *uuid;    /* of dataset and name: for life, like the item's */
	struct digest sha256;
};

/* What an item must be: each filter one statement, all must hold. */
enum index_field {
	INDEX_ORGANISATION, /* slug, also a former one */
	INDEX_THEME,        /* code: "ENVI" */
	INDEX_KEYWORD,      /* case does not matter, and umlauts may be spelled out */
	INDEX_FORMAT,       /* code */
	INDEX_LICENSE,      /* code: "dl-by-de/2.0" */
	INDEX_TIER,         /* "open" */
	INDEX_UUID,
	INDEX_PATH,  /* as people see it */
	INDEX_BELOW, /* such a path: at or below */
	INDEX_FIELD_COUNT
};
struct index_filter {
	enum index_field field;
	bool not ;                                 /* none of the values */
	const char *values[INDEX_VALUE_COUNT_MAX]; /* any of them */
	size_t value_count;
};

enum index_sort {
	INDEX_BEST, /* with words: what they fit best first; without, as INDEX_BY_PATH */
	INDEX_BY_PATH,
	INDEX_BY_PATH_DOWN,
	INDEX_BY_TITLE,
	INDEX_BY_TITLE_DOWN,
	INDEX_BY_UUID,
	INDEX_BY_UUID_DOWN,
	INDEX_BY_MODIFIED, /* oldest first */
	INDEX_BY_MODIFIED_DOWN,
	INDEX_BY_PUBLISHED,
	INDEX_BY_PUBLISHED_DOWN
};

struct index_query { /* all borrowed; zero: everything, the first page of no items */
	const char *words;
	const char *slug, *theme, *keyword, *format, *license, *below; /* filters, shorter */
	unsigned tiers; /* 1 << tier of each that is wanted; 0: all */
	const struct index_filter *filters;
	size_t filter_count;
	int64_t modified_from_ms, modified_to_ms; /* both included; 0: no bound */
	enum index_sort sort;
	uint64_t offset, limit; /* at most INDEX_PAGE_MAX; 0: only the total */
};

enum index_facet {
	INDEX_FACET_ORGANISATION = INDEX_ORGANISATION,
	INDEX_FACET_THEME = INDEX_THEME,
	INDEX_FACET_KEYWORD = INDEX_KEYWORD,
	INDEX_FACET_FORMAT = INDEX_FORMAT,
	INDEX_FACET_LICENSE = INDEX_LICENSE,
	INDEX_FACET_TIER = INDEX_TIER
};

/* One for each thread that asks; opens its connections when it is first asked. */
struct index_reader *index_reader_open(struct index_store *store);
void index_reader_close(struct index_reader *reader);

/*
 * All of these: ERR_AGAIN while the index is being compared or made; ERR_BUSY: the question took
 * too long; ERR_IO, ERR_CORRUPT: the database cannot be read (it is made anew).
 */

/* By a path as people see it, also beginning with a former slug: then item.path is another one.
   ERR_ABSENT: not there, or not for this visitor. index_item_fini() in either case. */
enum err index_get(struct index_reader *reader, const struct visitor *visitor, const char *path,
		   struct index_item *out);
/* By the whole uuid, or its first INDEX_UUID_START digits at least. */
enum err index_get_uuid(struct index_reader *reader, const struct visitor *visitor,
			const char *uuid, struct index_item *out);
/* The item that has the file of this uuid. */
enum err index_get_file(struct index_reader *reader, const struct visitor *visitor,
			const char *uuid, struct index_item *out);

/* The files of an item that is listed, in order of name; until each returns false. */
enum err index_files(struct index_reader *reader, const struct index_item *item,
		     bool (*each)(void *arg, const struct index_file *file), void *arg);

/* Files with such a name (a part of it, case does not matter) and format; NULL: any. In order of
   their datasets' paths, the open ones first. */
struct index_files_query {
	const char *name, *format;
	uint64_t offset, limit;
};
enum err index_files_find(struct index_reader *reader, const struct visitor *visitor,
			  const struct index_files_query *query,
			  bool (*each)(void *arg, const struct index_item *item,
				       const struct index_file *file),
			  void *arg, uint64_t *total);

/*
 * Calls each for the items of the page. total: NULL, or how many there are in all. ERR_CONFIG: the
 * query is wrong; one sentence in why (WHY_LEN).
 */
enum err index_search(struct index_reader *reader, const struct visitor *visitor,
		      const struct index_query *query,
		      bool (*each)(void *arg, const struct index_item *item), void *arg,
		      uint64_t *total, char *why);
/* How many of the items that the query names have each value, the most first; at most max. label:
   what people call the value. */
enum err index_facets(struct index_reader *reader, const struct visitor *visitor,
		      const struct index_query *query, enum index_facet facet, size_t max,
		      bool (*each)(void *arg, const char *value, const char *label, uint64_t count),
		      void *arg, char *why);

struct index_organisation { /* borrowed */
	const char *slug, *home, *name, *ags;
	uint64_t count; /* of the items that the visitor sees; at least 1 */
};
/* In order of slug. */
enum err index_organisations(struct index_reader *reader, const struct visitor *visitor,
			     bool (*each)(void *arg, const struct index_organisation *organisation),
			     void *arg);

/* What is open, each dataset with the little that tells whether it has changed. */
struct index_row { /* borrowed */
	const char *uuid;
	uint64_t number;
	bool held, listed;
	int64_t modified_ms;
	uint64_t mark;       /* another one with each change of what is said of it */
	uint64_t file_count; /* files listed */
};
/*
 * All of them in rising order of uuid, as of one moment; until each returns false, and then
 * ERR_ABSENT. For who keeps a copy, in the background: it takes as long as it takes.
 */
enum err index_walk(struct index_reader *reader,
		    bool (*each)(void *arg, const struct index_row *row), void *arg);

/*
 * Another one whenever an answer to this visitor could be another one; never one that was used
 * before, also not by a database that was deleted. 0: ERR_AGAIN.
 */
uint64_t index_generation(struct index_reader *reader, const struct visitor *visitor);

#endif
