/* Tables that anybody has published: read twice, as conversions do, fed whole and in parts. */
#include "test/fuzz/fuzz.h"

#include <string.h>

#include "crypto/utf8.h"
#include "proto/table/typing.h"

/* Each cell is UTF-8; adds the rows to a text, so that two readings can be compared. */
static void rows_take(struct csv *csv, struct buf *out, struct typing *typing)
{
	struct csv_row row;

	while (csv_next(csv, &row)) {
		check(row.count >= 1 && row.count <= CSV_COLUMN_COUNT_MAX);
		for (uint32_t i = 0; i < row.count; i++) {
			size_t len;
			uint32_t c;

			for (size_t at = 0; at < row.cells[i].len; at += len) {
				len = utf8_next(bytes_slice(row.cells[i], at, SIZE_MAX), &c);
				check(len > 0 && c != '\r');
			}
			buf_add(out, row.cells[i]);
			buf_add_u8(out, 0);
		}
		buf_add_u8(out, 1);
		if (typing)
			typing_row(typing, &row);
	}
}

static void read_all(struct csv *csv, struct bytes in, size_t step, struct buf *out,
		     struct typing *typing)
{
	for (size_t at = 0; at < in.len; at += step) {
		csv_feed(csv, bytes_slice(in, at, step));
		rows_take(csv, out, typing);
	}
	csv_end(csv);
	rows_take(csv, out, typing);
}

/* What was found out about columns holds for each value of the second reading. */
static void cells_take(struct csv *csv, struct bytes in, const struct csv_table *table)
{
	char shown[CELL_TIME_LEN];
	uint64_t rows = 0;
	struct csv_row row;
	struct cell cell;
	struct buf number;

	buf_init(&number, 100);
	csv_feed(csv, in);
	csv_end(csv);
	for (; csv_next(csv, &row); rows++)
		for (uint32_t i = 0; i < row.count && (rows || !table->header); i++) {
			check(i < table->column_count);
			table_cell(table, &row, i, &cell);
			check(cell.type == COLUMN_EMPTY || cell.type == table->columns[i].type);
			buf_reset(&number);
			if (cell.type == COLUMN_INTEGER || cell.type == COLUMN_DECIMAL)
				cell_number(&cell, &number);
			if (cell.type == COLUMN_DATE || cell.type == COLUMN_TIME)
				cell_time_text(&cell, shown);
			check(!number.err);
		}
	check(rows == table->row_count + table->header);
	buf_fini(&number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct csv *whole = csv_open(NULL), *parts = csv_open(NULL), *again;
	struct typing typing;
	struct buf a, b;
	struct csv_dialect dialect;
	struct csv_table table;

	buf_init(&a, SIZE_MAX);
	buf_init(&b, SIZE_MAX);
	typing_init(&typing);
	read_all(whole, in, size ? size : 1, &a, &typing);
	read_all(parts, in, 7, &b, NULL);
	check(csv_err(whole) == csv_err(parts));
	fuzz_same(buf_bytes(&a), buf_bytes(&b));
	typing_end(&typing, whole, &table);
	dialect = csv_dialect(whole);
	if (!csv_err(whole)) {
		fuzz_accepted();
		again = csv_open(&dialect);
		cells_take(again, in, &table);
		check(!csv_err(again));
		csv_close(again);
	}
	table_fini(&table);
	typing_fini(&typing);
	csv_close(whole);
	csv_close(parts);
	buf_fini(&a);
	buf_fini(&b);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	static const char wide[] = "\xff\xfe"
				   "a\0;\0b\0\n\0"
				   "1\0;\0x\0\n\0";

	fuzz_seed(corpus, bytes_str("Ort;Pl\xc3\xa4tze;Stand\nMei\xc3\x9f"
				    "en;1.234,5;30.4.2026\n"));
	fuzz_seed(
		corpus,
		bytes_str("sep=,\r\na,\"b \"\"c\"\"\",2026-04-30T08:15:00Z\r\ntrue,\"1\n2\"\r\n"));
	fuzz_seed(corpus, bytes_str("Stra\xdf"
				    "e\tNr\n\x80\t007\n"));
	fuzz_seed(corpus, bytes_of(wide, sizeof(wide) - 1));
}
