/*
 * csv - tables of text as spreadsheets and offices write them: a strict cursor over untrusted
 * bytes that gives rows.
 *
 *	csv_open(&csv, NULL)                     or with the dialect that a first reading found
 *	csv_feed(csv, block); while (csv_next(csv, &row)) ...
 *	csv_end(csv);         while (csv_next(csv, &row)) ...
 *	csv_err(csv), csv_dialect(csv)
 *
 * Glossary. Dialect: encoding and delimiter. They are found out from the bytes: a byte order mark,
 * zeros in UTF-16, and which of ; , tab | parts the first rows into equally many cells. Whether a
 * text without a mark is UTF-8 or Windows-1252 is known for certain only at its end: until then a
 * cell that is not UTF-8 is read as Windows-1252. So who shows cells reads twice, the second time
 * with csv_dialect() of the first.
 *
 * Cells come as UTF-8; control characters but line feeds and tabs become U+FFFD. Quotes and line
 * ends as RFC 4180 has them, and what others write: rows end by LF, CR LF or CR (inside a cell all
 * three become LF); a quote in a cell that does not begin with one is a character like others. Rows
 * in which nothing stands are left out, and so is a first line "sep=;", which names the delimiter.
 *
 * Bounds: CSV_ROW_LEN_MAX bytes and CSV_COLUMN_COUNT_MAX cells a row, and what was fed at once.
 */
#ifndef ALLMENDE_CSV_H
#define ALLMENDE_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"

#define CSV_ROW_LEN_MAX      (1024u * 1024)
#define CSV_COLUMN_COUNT_MAX 2000u
#define CSV_SAMPLE_LEN       (64u * 1024) /* looked at before the first row comes */

/* X(NAME, text): what people call it */
#define CSV_ENCODING_LIST(X)                                                                       \
	X(UNKNOWN, "unknown")                                                                      \
	X(UTF8, "UTF-8")                                                                           \
	X(WINDOWS_1252, "Windows-1252")                                                            \
	X(UTF16LE, "UTF-16LE")                                                                     \
	X(UTF16BE, "UTF-16BE")
enum csv_encoding {
#define X(NAME, text) CSV_##NAME,
	CSV_ENCODING_LIST(X)
#undef X
};
const char *csv_encoding_name(enum csv_encoding encoding);

struct csv_dialect {
	enum csv_encoding encoding; /* UNKNOWN: found out while reading */
	char delimiter;             /* 0: the same */
};

struct csv_row {
	const struct bytes *cells; /* until the next csv_next(), csv_feed() or csv_end() */
	uint32_t count;            /* at least 1 */
	uint64_t line;             /* on which it begins, from 1 */
};

struct csv;
/* dialect NULL: nothing is known yet. */
struct csv *csv_open(const struct csv_dialect *dialect);
void csv_close(struct csv *csv); /* NULL is allowed */

/* Takes all of the bytes. Rows are to be taken before more is fed. */
void csv_feed(struct csv *csv, struct bytes in);
void csv_end(struct csv *csv); /* nothing more comes */
/* The next row, if it is whole. */
bool csv_next(struct csv *csv, struct csv_row *row);
/* Sticky. ERR_MALFORMED: this is no text (a zero byte). ERR_FULL: a row is too long, or has too
   many cells; often a quote that is never closed. */
enum err csv_err(const struct csv *csv);
uint64_t csv_err_line(const struct csv *csv); /* where the row begins that it is about */

/* The delimiter is known from the first row on, the encoding after csv_end(). */
struct csv_dialect csv_dialect(const struct csv *csv);
/* Characters that were read as U+FFFD, as they are none of the encoding. */
uint64_t csv_replaced(const struct csv *csv);

#endif
