/*
 * feature_table - the features of one published file, laid out to be asked: one SQLite database
 * with an R*Tree.
 *
 * It is made once (table_make), never changed, and may be deleted at any time. What may lie on the
 * disk is a file; what may not lies in memory alone, for as long as a struct table_make or a struct
 * feature_table of it is open. A feature has a number, fid, from 1 in the order of the file; a
 * geometry in CRS84 as text, or none; and a value for each field, of any type that JSON has.
 *
 * Bounds: struct table_limits; whatever goes past one ends the making with a sentence.
 */
#ifndef ALLMENDE_FEATURE_TABLE_H
#define ALLMENDE_FEATURE_TABLE_H

#include <stdatomic.h>

#include "node/features/crs.h"
#include "node/features/instant.h"

#define TABLE_FORMAT       1 /* a file with another one is made anew */
#define TABLE_FIELD_MAX    256
#define TABLE_ID_LEN_MAX   200
#define TABLE_NAME_LEN_MAX 1024
/* A feature's values together. */
#define TABLE_VALUES_LEN_MAX (4u * 1024 * 1024)

struct table_limits {
	uint64_t feature_count_max;
	uint64_t byte_count_max; /* of the database */
	const atomic_bool *stop; /* true: ends with ERR_AGAIN; NULL: never */
};

enum field_kind {
	FIELD_EMPTY, /* null everywhere */
	FIELD_INTEGER,
	FIELD_NUMBER,
	FIELD_BOOLEAN,
	FIELD_DATE, /* texts that are all days; FIELD_TIME: times of day as well */
	FIELD_TIME,
	FIELD_TEXT,
	FIELD_JSON /* lists, objects, or types mixed */
};

struct table_field {
	char *name;
	enum field_kind kind;
};

struct table_about {
	uint64_t count, placed_count; /* all; those with a geometry */
	struct box box;
	bool has_type; /* all geometries have this one: */
	enum geometry_type type;
	bool has_z;
	/* the file names each feature, each differently: its id is that, else its fid */
	bool has_ids;
	bool has_span;
	struct span span; /* of all values of fields of kind DATE and TIME */
};

struct feature_table;

/*
 * path: a file; or the name of one in memory: "memory:NAME". ERR_ABSENT: there is none;
 * ERR_VERSION: of another format; ERR_CORRUPT.
 */
enum err feature_table_open(struct feature_table **out, const char *path);
void feature_table_close(struct feature_table *table);
const struct table_about *feature_table_about(const struct feature_table *table);
const struct table_field *feature_table_fields(const struct feature_table *table, size_t *count);
/* SIZE_MAX: there is none. */
size_t feature_table_field(const struct feature_table *table, struct bytes name);

/* Making one. Sticky: after a fault all calls do nothing, and table_make_end() says it. */
struct table_make;
/* The file appears under its name when it is whole; an old one is replaced. */
struct table_make *table_make_begin(const char *path, const struct table_limits *limits);
void table_make_fault(struct table_make *make, enum err err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
enum err table_make_err(const struct table_make *make);
/* The number of the field of this name, made when it is new. */
size_t table_make_field(struct table_make *make, struct bytes name);
/* Values of the feature that comes: a value as compact JSON. */
void table_make_value(struct table_make *make, size_t field, struct bytes raw);
/* Its place, as compact GeoJSON with a terminating zero, in this system; "null" or never called:
   it has none. */
void table_make_place(struct table_make *make, const char *text, enum crs crs);
void table_make_id(struct table_make *make, struct bytes id);
void table_make_next(struct table_make *make); /* the feature is complete */
uint64_t table_make_count(const struct table_make *make);
/*
 * What it is about in about, unless there was a fault: then one sentence is in why (WHY_LEN) and
 * nothing is left. *kept: of one in memory the database, which table_keep_drop() releases; of a
 * file NULL.
 */
struct table_keep;
enum err table_make_end(struct table_make *make, struct table_about *about,
			struct table_keep **kept, char *why);
void table_keep_drop(struct table_keep *kept);
uint64_t table_keep_bytes(const struct table_keep *kept);

#endif
