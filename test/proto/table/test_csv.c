/* Tables as offices write them: each dialect, whole and byte by byte, and what is none. */
#include "test/proto/table/read_table.h"

#define TEXT(literal)                                                                              \
	{                                                                                          \
		(const uint8_t *)(literal), sizeof(literal) - 1                                    \
	}

struct sample {
	const char *name;
	struct bytes in;
	enum csv_encoding encoding;
	char delimiter;
	const char *rows;
};

static const struct sample samples[] = {
	{"plain", TEXT("a,b\n1,2\n"), CSV_UTF8, ',', "[a][b]\n[1][2]\n"},
	{"no end", TEXT("a;b\n1;2"), CSV_UTF8, ';', "[a][b]\n[1][2]\n"},
	{"cr lf", TEXT("a\tb\r\n1\t2\r\n"), CSV_UTF8, '\t', "[a][b]\n[1][2]\n"},
	{"cr", TEXT("a|b\r1|2\r"), CSV_UTF8, '|', "[a][b]\n[1][2]\n"},
	{"quotes", TEXT("a;b\n\"1;\"\"x\"\"\";\"\"\n"), CSV_UTF8, ';', "[a][b]\n[1;\"x\"][]\n"},
	{"line feed in a cell", TEXT("a,b\n\"1\r\n2\",3\n"), CSV_UTF8, ',', "[a][b]\n[1\n2][3]\n"},
	{"quote inside", TEXT("a,b\n5\" x,\"q\"r\n"), CSV_UTF8, ',', "[a][b]\n[5\" x][qr]\n"},
	{"open quote", TEXT("a,b\n1,\"2\n3"), CSV_UTF8, ',', "[a][b]\n[1][2\n3]\n"},
	{"decimal comma", TEXT("Ort;Wert\nA;1,5\nB;2,5\n"), CSV_UTF8, ';',
	 "[Ort][Wert]\n[A][1,5]\n[B][2,5]\n"},
	{"comma in the header", TEXT("Fl, ha;Jahr\n1,5;2000\n"), CSV_UTF8, ';',
	 "[Fl, ha][Jahr]\n[1,5][2000]\n"},
	{"one column", TEXT("Ort\nA\n\nB\n"), CSV_UTF8, ',', "[Ort]\n[A]\n[B]\n"},
	{"empty rows", TEXT("a;b\n;\n\n1;2\n;;\n"), CSV_UTF8, ';', "[a][b]\n[1][2]\n"},
	{"ragged", TEXT("a;b;c\n1\n1;2;3;4\n"), CSV_UTF8, ';', "[a][b][c]\n[1]\n[1][2][3][4]\n"},
	{"sep", TEXT("sep=|\r\na;1|b\n1;2|3\n"), CSV_UTF8, '|', "[a;1][b]\n[1;2][3]\n"},
	{"utf-8",
	 TEXT("Stra\xc3\x9f"
	      "e;\xe2\x82\xac\nx;\xf0\x9f\x9a\xb2\n"),
	 CSV_UTF8, ';',
	 "[Stra\xc3\x9f"
	 "e][\xe2\x82\xac]\n[x][\xf0\x9f\x9a\xb2]\n"},
	{"mark",
	 TEXT("\xef\xbb\xbf"
	      "a;b\n"),
	 CSV_UTF8, ';', "[a][b]\n"},
	{"windows",
	 TEXT("Stra\xdf"
	      "e;\x80\n\x84x\x93;2\n"),
	 CSV_WINDOWS_1252, ';',
	 "[Stra\xc3\x9f"
	 "e][\xe2\x82\xac]\n[\xe2\x80\x9ex\xe2\x80\x9c][2]\n"},
	{"utf-16 le",
	 TEXT("\xff\xfe"
	      "a\0;\0\xdf\0\n\0"
	      "1\0;\0\x3d\xd8\xb2\xde\n\0"),
	 CSV_UTF16LE, ';', "[a][\xc3\x9f]\n[1][\xf0\x9f\x9a\xb2]\n"},
	{"utf-16 be",
	 TEXT("\xfe\xff\0a\0;\0b\0\n\0"
	      "1\0;\0"
	      "2"),
	 CSV_UTF16BE, ';', "[a][b]\n[1][2]\n"},
	{"utf-16 without a mark", TEXT("a\0;\0b\0\n\0"), CSV_UTF16LE, ';', "[a][b]\n"},
	{"half a pair",
	 TEXT("\xff\xfe"
	      "a\0;\0\x3d\xd8"
	      "b\0"),
	 CSV_UTF16LE, ';',
	 "[a][\xef\xbf\xbd"
	 "b]\n"},
	{"control characters", TEXT("a;b\x01\n\x7f;2\n"), CSV_UTF8, ';',
	 "[a][b\xef\xbf\xbd]\n[\xef\xbf\xbd][2]\n"},
	{"nothing", TEXT(""), CSV_UTF8, ',', ""},
	{"only line ends", TEXT("\n\r\n\r"), CSV_UTF8, ',', ""},
};

static void every_dialect_is_read(void **state)
{
	static const size_t steps[] = {1, 3, 1000};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		for (size_t k = 0; k < 3; k++) {
			const struct sample *sample = &samples[i];
			struct csv *csv = csv_open(NULL);
			char *rows = read_cells(csv, sample->in, steps[k]);
			struct csv_dialect dialect = csv_dialect(csv);

			if (strcmp(rows, sample->rows))
				fail_msg("%s: \"%s\"", sample->name, rows);
			assert_int_equal(csv_err(csv), ERR_OK);
			if (dialect.encoding != sample->encoding)
				fail_msg("%s: %s", sample->name,
					 csv_encoding_name(dialect.encoding));
			assert_int_equal(dialect.delimiter, sample->delimiter);
			free(rows);
			csv_close(csv);
			/* and again, with what is known now */
			csv = csv_open(&dialect);
			rows = read_cells(csv, sample->in, steps[k]);
			assert_string_equal(rows, sample->rows);
			free(rows);
			csv_close(csv);
		}
}

/* What shows only behind the sample: the second reading has it right from the first row on. */
static void the_encoding_may_show_late(void **state)
{
	static const char head[] = "Name;Ort\nGr\xc3\xbc"
				   "n;A\n",
			  late[] = "Stra\xdf"
				   "e;\xe4\xf6\n";
	struct csv *csv = csv_open(NULL);
	struct csv_dialect dialect;
	struct buf in;
	char *rows;

	buf_init(&in, 1u << 20);
	buf_add(&in, bytes_str(head));
	for (size_t i = 0; i < 20000; i++)
		buf_add(&in, bytes_str("Weg;B\n"));
	buf_add(&in, bytes_str(late));
	free(read_cells(csv, buf_bytes(&in), 4096));
	dialect = csv_dialect(csv);
	assert_int_equal(dialect.encoding, CSV_WINDOWS_1252);
	csv_close(csv);
	csv = csv_open(&dialect);
	rows = read_cells(csv, buf_bytes(&in), 4096);
	assert_non_null(strstr(rows, "[Gr\xc3\x83\xc2\xbcn]"));
	assert_non_null(strstr(rows, "[Stra\xc3\x9f"
				     "e][\xc3\xa4\xc3\xb6]"));
	free(rows);
	csv_close(csv);
	buf_fini(&in);
}

/* One damaged byte makes no other encoding of a text full of UTF-8. */
static void damage_is_told(void **state)
{
	struct bytes in = TEXT("a;b\n\xc3\xa4;\xc3\xb6\n\xc3\xbc\xe4;2\n");
	struct csv *csv = csv_open(NULL);
	struct csv_dialect dialect;
	char *rows;

	free(read_cells(csv, in, 100));
	dialect = csv_dialect(csv);
	assert_int_equal(dialect.encoding, CSV_UTF8);
	csv_close(csv);
	csv = csv_open(&dialect);
	rows = read_cells(csv, in, 100);
	assert_string_equal(rows, "[a][b]\n[\xc3\xa4][\xc3\xb6]\n[\xc3\xbc\xef\xbf\xbd][2]\n");
	assert_int_equal(csv_replaced(csv), 1);
	free(rows);
	csv_close(csv);
}

static void lines_are_counted(void **state)
{
	struct bytes in = TEXT("a,b\r\n\"1\r\n\r\n2\",3\r\n4,5\n");
	static const uint64_t lines[] = {1, 2, 5};
	struct csv *csv = csv_open(NULL);
	struct csv_row row;
	size_t i = 0;

	csv_feed(csv, in);
	csv_end(csv);
	for (; csv_next(csv, &row); i++)
		assert_int_equal(row.line, lines[i]);
	assert_int_equal(i, 3);
	csv_close(csv);
}

static enum err read_err(struct bytes in, uint64_t *line)
{
	struct csv *csv = csv_open(NULL);
	enum err err;

	free(read_cells(csv, in, 65536));
	err = csv_err(csv);
	*line = csv_err_line(csv);
	csv_close(csv);
	return err;
}

static void limits_are_kept(void **state)
{
	struct buf in;
	uint64_t line;

	buf_init(&in, 16u << 20);
	buf_add(&in, bytes_str("a\n\""));
	memset(buf_space(&in, CSV_ROW_LEN_MAX), 'x', CSV_ROW_LEN_MAX);
	assert_int_equal(read_err(buf_bytes(&in), &line), ERR_OK);
	buf_add(&in, bytes_str("x"));
	assert_int_equal(read_err(buf_bytes(&in), &line), ERR_FULL);
	assert_int_equal(line, 2);
	buf_reset(&in);
	for (size_t i = 1; i < CSV_COLUMN_COUNT_MAX; i++)
		buf_add(&in, bytes_str("x;"));
	buf_add(&in, bytes_str("y"));
	assert_int_equal(read_err(buf_bytes(&in), &line), ERR_OK);
	buf_add(&in, bytes_str(";"));
	assert_int_equal(read_err(buf_bytes(&in), &line), ERR_FULL);
	assert_int_equal(read_err((struct bytes)TEXT("a;b\n1;\0\n"), &line), ERR_MALFORMED);
	assert_int_equal(line, 2);
	buf_fini(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dialect_is_read),
		cmocka_unit_test(the_encoding_may_show_late),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(lines_are_counted),
		cmocka_unit_test(limits_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
