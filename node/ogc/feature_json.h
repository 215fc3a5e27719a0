/*
 * feature_json - features as they are written: GeoJSON, in any of the reference systems.
 */
#ifndef ALLMENDE_FEATURE_JSON_H
#define ALLMENDE_FEATURE_JSON_H

#include "node/features/feature_query.h"

struct feature_writer {
	enum crs crs;
	const struct feature_table *table; /* borrowed */
	const struct table_field *fields;
	size_t field_count;
	bool has_ids;
	struct crs_tool *tool;
	struct geometry geometry; /* of the feature that is being written */
};
/* table: NULL, and feature_writer_of() when it is known. */
void feature_writer_init(struct feature_writer *writer);
void feature_writer_of(struct feature_writer *writer, const struct feature_table *table);
void feature_writer_fini(struct feature_writer *writer);

/* The geometry of a row, turned into the system; false: it has none, or none there. */
bool feature_writer_place(struct feature_writer *writer, const struct feature_row *row);
/* A Feature without its closing brace, as links may follow. */
void feature_writer_put(struct feature_writer *writer, struct buf *out,
			const struct feature_row *row);
/* The id that it has in addresses, with terminating zero that does not count. */
void feature_writer_id(const struct feature_writer *writer, struct buf *out,
		       const struct feature_row *row);

#endif
