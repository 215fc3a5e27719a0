/*
 * convert_internal - what the forms of convert have in common. Private to convert and its forms.
 */
#ifndef ALLMENDE_CONVERT_INTERNAL_H
#define ALLMENDE_CONVERT_INTERNAL_H

#include "node/derive/convert.h"

struct converting {
	const struct convert_job *job;
	struct csv_table table;
	struct buf out; /* not written yet */
	uint64_t out_bytes;
	uint64_t row_count; /* written */
	enum err err;       /* sticky */
	char *why;
};

/* Sticky: the first fault stays. */
void convert_fail(struct converting *c, enum err err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Calls each for every row but the header, until there is a fault. */
void convert_rows(struct converting *c,
		  void (*each)(struct converting *c, const struct csv_row *row, void *arg),
		  void *arg);
/* To the file; what was added to out goes there by itself from time to time. */
void convert_put(struct converting *c, const char *text);
void convert_flush(struct converting *c);
/* A text as JSON. */
void convert_put_string(struct converting *c, struct bytes text);
/* {"name":value,...} of a row. */
void convert_put_record(struct converting *c, const struct csv_row *row);

/* The forms; faults: convert_fail(). */
void convert_schema(struct converting *c);
void convert_json(struct converting *c);
void convert_geojson(struct converting *c);
void convert_sqlite(struct converting *c);
void convert_xlsx(struct converting *c);

#endif
