/*
 * read_table - a table of a test, read as text: cells in brackets, rows one after the other.
 */
#ifndef ALLMENDE_READ_TABLE_H
#define ALLMENDE_READ_TABLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "proto/table/csv.h"

static inline void rows_take(struct csv *csv, struct buf *out)
{
	struct csv_row row;

	while (csv_next(csv, &row)) {
		for (uint32_t i = 0; i < row.count; i++) {
			buf_add(out, bytes_str("["));
			buf_add(out, row.cells[i]);
			buf_add(out, bytes_str("]"));
		}
		buf_add(out, bytes_str("\n"));
	}
}

/* Fed step bytes at a time, step > 0. To be freed. */
static inline char *read_cells(struct csv *csv, struct bytes in, size_t step)
{
	struct buf out;
	char *text;

	buf_init(&out, 64u * 1024 * 1024);
	for (size_t at = 0; at < in.len; at += step) {
		csv_feed(csv, bytes_slice(in, at, step));
		rows_take(csv, &out);
	}
	csv_end(csv);
	rows_take(csv, &out);
	text = bytes_text(buf_bytes(&out));
	buf_fini(&out);
	return text;
}

#endif
