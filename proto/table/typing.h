/*
 * typing - what the columns of a table are, found out from all their values, and values read as
 * that.
 *
 *	typing_init(&typing);
 *	for each row of a first reading: typing_row(&typing, &row);
 *	typing_end(&typing, csv, &table);
 *	then read again with csv_open(&table.dialect), and of each row but the first (when
 *	table.header): table_cell(&table, &row, i, &cell)
 *
 * A column has a type when every value in it can be read as that, and only then: what is doubtful
 * stays text. So numbers with leading zeros, a plus or more than 15 digits are text (keys of
 * municipalities, postcodes, telephone numbers), and all of a column whose name says that it is
 * such a key. Numbers have a decimal point or comma, and points between thousands when there is a
 * decimal comma; "1.234" alone is a decimal fraction or a thousand: what the other columns have
 * decides, without them ';' as delimiter leaves it text. Dates are 2026-04-30 or 30.4.2026.
 *
 * The first row names the columns, unless one of its cells is a number or a date.
 */
#ifndef ALLMENDE_TYPING_H
#define ALLMENDE_TYPING_H

#include "proto/table/csv.h"

#define COLUMN_NAME_LEN_MAX 200 /* bytes; longer ones are cut */

enum column_type {
	COLUMN_EMPTY, /* no value in any row */
	COLUMN_TEXT,
	COLUMN_INTEGER, /* at most 15 digits */
	COLUMN_DECIMAL,
	COLUMN_BOOLEAN, /* true, ja, yes, wahr and their opposites */
	COLUMN_DATE,
	COLUMN_TIME, /* date and time, perhaps with a zone */
};
const char *column_type_name(enum column_type type); /* "text", "integer" ... */

struct column {
	char *name; /* of the header, unique (also without regard to ASCII case); never empty */
	enum column_type type;
	unsigned forms; /* typing.c's own: how its values are written */
	uint64_t count; /* values that are not empty */
	size_t len_max; /* bytes of the longest value */
	bool zoned;     /* TIME: some have a zone */
	bool named;     /* by the header; others are column_N */
};

struct csv_table {
	struct csv_dialect dialect;
	bool header; /* the first row names the columns */
	struct column *columns;
	uint32_t column_count;
	uint64_t row_count; /* without the header */
	uint64_t replaced;  /* characters that could not be read */
};
void table_fini(struct csv_table *table);
/* The column of that name (ASCII case does not matter), or NULL. */
const struct column *table_column(const struct csv_table *table, const char *name);

struct typing { /* private to typing.c */
	struct column *columns;
	uint32_t column_count;
	size_t column_cap;
	bool has_first;
	unsigned *first_forms; /* of the cells of the first row */
	uint32_t first_count;
	uint64_t row_count;
};
void typing_init(struct typing *typing);
void typing_fini(struct typing *typing); /* also after typing_end() */
void typing_row(struct typing *typing, const struct csv_row *row);
/* After csv_end() and the last row; moves what was found into out. */
void typing_end(struct typing *typing, const struct csv *csv, struct csv_table *out);

struct cell {
	enum column_type type; /* EMPTY: there is no value; else that of its column */
	struct bytes text;     /* as it stands there, without blanks around unless TEXT */
	unsigned forms;        /* typing.c's own */
	int64_t integer;
	double decimal;
	bool boolean;
	struct cell_time {
		uint16_t year;
		uint8_t month, day, hour, minute;
		bool has_time, has_zone;
		double second;
		int16_t zone_minutes; /* east of Greenwich */
	} time;
};
/* Of a row of the second reading; a row may be shorter than the table is wide. A value that is not
   what its column is, as only another file can have, is TEXT. */
void table_cell(const struct csv_table *table, const struct csv_row *row, uint32_t i,
		struct cell *out);
/* A number as JSON has it, without loss: of INTEGER and DECIMAL. */
void cell_number(const struct cell *cell, struct buf *out);
/* A DATE or TIME as ISO 8601: 2026-04-30, 2026-04-30T08:15:00, 2026-04-30T08:15:00+02:00. */
#define CELL_TIME_LEN 40
void cell_time_text(const struct cell *cell, char out[CELL_TIME_LEN]);

#endif
