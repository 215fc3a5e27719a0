/* What columns are, and that what is doubtful stays text. */
#include "test/proto/table/read_table.h"

#include <stdio.h>

#include "proto/table/typing.h"

static void table_of(struct csv_table *table, struct bytes in)
{
	struct csv *csv = csv_open(NULL);
	struct typing typing;
	struct csv_row row;

	typing_init(&typing);
	csv_feed(csv, in);
	csv_end(csv);
	while (csv_next(csv, &row))
		typing_row(&typing, &row);
	assert_int_equal(csv_err(csv), ERR_OK);
	typing_end(&typing, csv, table);
	typing_fini(&typing);
	csv_close(csv);
}

struct sample {
	const char *values; /* one a line */
	enum column_type type;
};

/* A column beside another, so that ';' is the delimiter. */
static void columns_are_what_all_values_are(void **state)
{
	static const struct sample samples[] = {
		{"1\n-20\n0\n999999999999999", COLUMN_INTEGER},
		{"1\n1000000000000000", COLUMN_TEXT}, /* 16 digits */
		{"01067\n1067", COLUMN_TEXT},
		{"007", COLUMN_TEXT},
		{"+4935211234", COLUMN_TEXT},
		{"-0", COLUMN_TEXT},
		{"1,5\n2\n-0,25", COLUMN_DECIMAL},
		{"1.5\n2\n-0.25", COLUMN_DECIMAL},
		{"1.5\n1,5", COLUMN_TEXT},
		{"1e-5\n2.5E3\n1", COLUMN_DECIMAL},
		{"1.234,5\n12,25\n1.234.567,0", COLUMN_DECIMAL},
		{"1.234.567\n12", COLUMN_INTEGER},
		{"1.234", COLUMN_TEXT}, /* who knows */
		{"1.234\n1.5", COLUMN_DECIMAL},
		{"1,234", COLUMN_DECIMAL}, /* with ';' a comma is one of decimals */
		{"1.2345,5", COLUMN_TEXT},
		{"1,", COLUMN_TEXT},
		{",5", COLUMN_TEXT},
		{"1.2.3", COLUMN_TEXT},
		{"1e9999", COLUMN_TEXT},
		{"-", COLUMN_TEXT},
		{"ja\nNein\nJA", COLUMN_BOOLEAN},
		{"true\nfalse", COLUMN_BOOLEAN},
		{"ja\nfalse", COLUMN_TEXT},
		{"1\n0", COLUMN_INTEGER},
		{"2024-02-29\n2026-12-31", COLUMN_DATE},
		{"2023-02-29", COLUMN_TEXT},
		{"30.04.2026\n1.5.2026", COLUMN_DATE},
		{"31.04.2026", COLUMN_TEXT},
		{"30.04.26", COLUMN_TEXT},
		{"2026-04-30\n30.04.2026", COLUMN_TEXT},
		{"2026-04-30T08:15:00Z\n2026-04-30 08:15", COLUMN_TIME},
		{"2026-04-30T24:00:00", COLUMN_TEXT},
		{"30.04.2026 08:15", COLUMN_TIME},
		{"2026-04-30T08:15:00+02:00", COLUMN_TIME},
		{"=1+1\n2", COLUMN_TEXT},
		{"@x", COLUMN_TEXT},
		{"Meißen", COLUMN_TEXT},
		{"\n\n", COLUMN_EMPTY},
		{" 5 \n6", COLUMN_INTEGER},
		{"1\n\n2", COLUMN_INTEGER},
	};
	char text[400];

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct csv_table table;
		size_t len = (size_t)snprintf(text, sizeof(text), "key;value\nx;");

		for (const char *at = samples[i].values; *at; at++)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
						*at == '\n' ? "\nx;" : "%c", *at);
		table_of(&table, bytes_of(text, len));
		assert_int_equal(table.column_count, 2);
		if (table.columns[1].type != samples[i].type)
			fail_msg("\"%s\" is %s", samples[i].values,
				 column_type_name(table.columns[1].type));
		table_fini(&table);
	}
}

static enum column_type type_in(const char *text, const char *name)
{
	const struct column *column;
	enum column_type type;
	struct csv_table table;

	table_of(&table, bytes_str(text));
	column = table_column(&table, name);
	assert_non_null(column);
	type = column->type;
	table_fini(&table);
	return type;
}

static void other_columns_tell_what_a_point_is(void **state)
{
	assert_int_equal(type_in("a;b\n1.234;0,5\n", "a"), COLUMN_INTEGER);
	assert_int_equal(type_in("a;b\n1.234;0.5\n", "a"), COLUMN_DECIMAL);
	assert_int_equal(type_in("a,b\n1.234,x\n", "a"), COLUMN_DECIMAL);
	assert_int_equal(type_in("a,b\n\"1,234\",x\n", "a"), COLUMN_TEXT);
	assert_int_equal(type_in("a,b\n\"1,25\",x\n", "a"), COLUMN_DECIMAL);
}

static void keys_stay_text(void **state)
{
	assert_int_equal(type_in("AGS;Name\n14627140;x\n", "ags"), COLUMN_TEXT);
	assert_int_equal(type_in("plz_ort;Name\n82319;x\n", "plz_ort"), COLUMN_TEXT);
	assert_int_equal(type_in("Ort Telefon;Name\n35214;x\n", "Ort Telefon"), COLUMN_TEXT);
	assert_int_equal(type_in("Plätze;Name\n35214;x\n", "Plätze"), COLUMN_INTEGER);
	assert_int_equal(type_in("telegramme;Name\n35214;x\n", "telegramme"), COLUMN_INTEGER);
}

static void columns_have_names_of_their_own(void **state)
{
	struct csv_table table;

	table_of(&table, bytes_str("a;A;;a\n1;2;3;4;5\n"));
	assert_true(table.header);
	assert_int_equal(table.row_count, 1);
	assert_int_equal(table.column_count, 5);
	assert_string_equal(table.columns[0].name, "a");
	assert_string_equal(table.columns[1].name, "A_2");
	assert_string_equal(table.columns[2].name, "column_3");
	assert_string_equal(table.columns[3].name, "a_3");
	assert_string_equal(table.columns[4].name, "column_5");
	assert_false(table.columns[4].named);
	table_fini(&table);
	/* without a header the first row counts */
	table_of(&table, bytes_str("x;1,5\ny;2\n"));
	assert_false(table.header);
	assert_int_equal(table.row_count, 2);
	assert_string_equal(table.columns[1].name, "column_2");
	assert_int_equal(table.columns[1].type, COLUMN_DECIMAL);
	assert_int_equal(table.columns[1].count, 2);
	table_fini(&table);
	table_of(&table, bytes_str(""));
	assert_int_equal(table.column_count, 0);
	assert_int_equal(table.row_count, 0);
	table_fini(&table);
}

/* Names that stand in each other's way cost no more than others. */
static void many_of_one_name_take_no_time(void **state)
{
	struct csv_table table;
	struct buf in;
	char name[20];

	buf_init(&in, 1u << 20);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "a_%d;", i + 2);
		buf_add(&in, bytes_str(name));
	}
	for (int i = 0; i < 999; i++)
		buf_add(&in, bytes_str("a;"));
	buf_add(&in, bytes_str("a\n"));
	table_of(&table, buf_bytes(&in));
	assert_int_equal(table.column_count, 2000);
	assert_string_equal(table.columns[1001].name, "a_1002");
	table_fini(&table);
	buf_fini(&in);
}

static void values_are_read(void **state)
{
	static const char text[] =
		"n;d;g;t;z;b;s\n"
		"-7;1.234,50;12.000;30.4.2026;2026-04-30T08:15:02.5+02:00;"
		"ja; x \n;;;;;;\n8;0,5;1.000.000;1.1.2000;2026-04-30 08:15;nein\n";
	struct csv *csv = csv_open(NULL);
	char shown[CELL_TIME_LEN];
	struct csv_table table;
	struct csv_row row;
	struct cell cell;
	struct buf out;

	table_of(&table, bytes_str(text));
	csv_feed(csv, bytes_str(text));
	csv_end(csv);
	buf_init(&out, 100);
	assert_true(csv_next(csv, &row) && csv_next(csv, &row));
	table_cell(&table, &row, 0, &cell);
	assert_int_equal(cell.type, COLUMN_INTEGER);
	assert_int_equal(cell.integer, -7);
	table_cell(&table, &row, 1, &cell);
	assert_int_equal(cell.type, COLUMN_DECIMAL);
	assert_true(cell.decimal == 1234.5);
	cell_number(&cell, &out);
	buf_add_u8(&out, 0);
	assert_string_equal((char *)out.ptr, "1234.50");
	table_cell(&table, &row, 2, &cell);
	assert_int_equal(cell.integer, 12000);
	table_cell(&table, &row, 3, &cell);
	cell_time_text(&cell, shown);
	assert_string_equal(shown, "2026-04-30");
	table_cell(&table, &row, 4, &cell);
	cell_time_text(&cell, shown);
	assert_string_equal(shown, "2026-04-30T08:15:02.500000+02:00");
	assert_true(table.columns[4].zoned);
	table_cell(&table, &row, 5, &cell);
	assert_true(cell.boolean);
	table_cell(&table, &row, 6, &cell);
	assert_int_equal(cell.type, COLUMN_TEXT);
	/* a row that is shorter, and a column that is not there */
	assert_true(csv_next(csv, &row));
	table_cell(&table, &row, 6, &cell);
	assert_int_equal(cell.type, COLUMN_EMPTY);
	table_cell(&table, &row, 99, &cell);
	assert_int_equal(cell.type, COLUMN_EMPTY);
	buf_fini(&out);
	table_fini(&table);
	csv_close(csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_what_all_values_are),
		cmocka_unit_test(other_columns_tell_what_a_point_is),
		cmocka_unit_test(keys_stay_text),
		cmocka_unit_test(columns_have_names_of_their_own),
		cmocka_unit_test(many_of_one_name_take_no_time),
		cmocka_unit_test(values_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
