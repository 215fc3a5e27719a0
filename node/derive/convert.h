/*
 * convert - published tables of text (CSV) as programs like them better: JSON, GeoJSON, SQLite and
 * spreadsheets, with the types that their columns have (proto/table/typing.h).
 *
 * A file is read twice, block by block, so memory does not grow with it: once to find out what its
 * columns are, once to write. What a cell says is a value or a text, never a formula. Nothing is
 * rounded in JSON; SQLite and spreadsheets have numbers with 15 digits.
 *
 * Bounds: CONVERT_BYTES_MAX read and CONVERT_OUT_BYTES_MAX written; in spreadsheets what their
 * programs can open: 1,048,576 rows, and 32,767 characters a cell. What is more is refused with a
 * sentence, not cut.
 */
#ifndef ALLMENDE_CONVERT_H
#define ALLMENDE_CONVERT_H

#include <stdatomic.h>
#include <sys/types.h>

#include "proto/table/typing.h"

#define CONVERT_BYTES_MAX        (UINT64_C(256) << 20)
#define CONVERT_OUT_BYTES_MAX    (UINT64_C(1) << 30)
#define CONVERT_MEMORY_BYTES_MAX (UINT64_C(16) << 20) /* read, when what comes of it is in memory */

enum convert_form {
	CONVERT_SCHEMA, /* what the table is: dialect, columns and their types */
	CONVERT_JSON,   /* a list of objects, one a row */
	CONVERT_GEOJSON,
	CONVERT_SQLITE, /* a table "data" */
	CONVERT_XLSX,
	CONVERT_FORM_COUNT
};
const char *convert_ending(enum convert_form form); /* "xlsx" */
const char *convert_media_type(enum convert_form form);
/* Raised when the same table would be written in another way. */
#define CONVERT_NUMBER 1

struct convert_job {
	enum convert_form form;
	const char *title; /* of the dataset; in spreadsheets */
	int64_t time_ms;   /* of the version; the same */
	unsigned epsg;     /* of metres, when the table does not say it; 0: not known */
	/* The file: as content_stream_read(). */
	ssize_t (*read)(void *arg, uint64_t at, void *to, size_t len);
	void *arg;
	uint64_t size;
	/* Where it goes: an empty file; path: the same by name, or NULL, when nothing of it may
	   lie on a disk. */
	int fd;
	const char *path;
	const char *temp; /* a folder for what libraries write meanwhile */
	const atomic_bool *stop;
	int64_t deadline_ms; /* clock_mono_ms(); 0: none */
};
/*
 * ERR_MALFORMED: it is no table, or has no places; ERR_FULL: too large for this form; ERR_BUSY: it
 * took too long; ERR_AGAIN: it was to stop; ERR_ABSENT: the file cannot be read; ERR_IO,
 * ERR_NOSPACE, ERR_NOMEM. One sentence in why (WHY_LEN).
 */
enum err convert_run(const struct convert_job *job, char *why);

#endif
