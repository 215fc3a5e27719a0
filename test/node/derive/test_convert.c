/* Tables in other forms: read back by the readers of those forms. */
#include "test/store/store_test.h"

#include <jansson.h>
#include <sqlite3.h>
#include <sys/mman.h>

#include "node/derive/convert.h"

struct text {
	const char *bytes;
	size_t len;
};

static ssize_t text_read(void *arg, uint64_t at, void *to, size_t len)
{
	const struct text *text = arg;
	size_t part = at >= text->len ? 0 : text->len - at < len ? text->len - (size_t)at : len;

	memcpy(to, text->bytes + at, part);
	return (ssize_t)part;
}

/* What comes of it, in memory; to be freed. */
static enum err convert_text(enum convert_form form, const char *bytes, size_t len, struct buf *out,
			     char *why)
{
	struct text text = {bytes, len};
	struct convert_job job = {.form = form,
				  .title = "Plätze",
				  .time_ms = 1777000000000,
				  .read = text_read,
				  .arg = &text,
				  .size = len,
				  .fd = memfd_create("test", MFD_CLOEXEC),
				  .temp = "/dev/shm"};
	enum err err = convert_run(&job, why);
	off_t end = lseek(job.fd, 0, SEEK_END);

	buf_init(out, 64u << 20);
	assert_true(end >= 0);
	if (!err)
		assert_int_equal(pread(job.fd, buf_space(out, (size_t)end), (size_t)end, 0), end);
	close(job.fd);
	return err;
}

static json_t *json_of(enum convert_form form, const char *text)
{
	char why[WHY_LEN];
	struct buf out;
	json_t *json;

	assert_int_equal(convert_text(form, text, strlen(text), &out, why), ERR_OK);
	json = json_loadb((const char *)out.ptr, out.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json)
		fail_msg("no JSON: %.*s", (int)out.len, (const char *)out.ptr);
	buf_fini(&out);
	return json;
}

static void assert_json(json_t *json, const char *wanted)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	assert_string_equal(text, wanted);
	free(text);
	json_decref(json);
}

static const char table[] = "Ort;Pl\xe4tze;Quote;Stand;AGS;offen;Bemerkung\r\n"
			    "Mei\xdf"
			    "en;1.012;0,5;30.04.2026;14627140;ja;=1+1\r\n"
			    "\"a \"\"b\"\"\nc\";7;1,25;01.05.2026;01067;nein;\r\n";

static void rows_become_objects(void **state)
{
	assert_json(json_of(CONVERT_JSON, table),
		    "[{\"Ort\":\"Meißen\",\"Plätze\":1012,\"Quote\":0.5,\"Stand\":\"2026-04-30\","
		    "\"AGS\":\"14627140\",\"offen\":true,\"Bemerkung\":\"=1+1\"},"
		    "{\"Ort\":\"a \\\"b\\\"\\nc\",\"Plätze\":7,\"Quote\":1.25,"
		    "\"Stand\":\"2026-05-01\",\"AGS\":\"01067\",\"offen\":false,"
		    "\"Bemerkung\":null}]");
	assert_json(json_of(CONVERT_JSON, "a,b\n"), "[]");
	assert_json(json_of(CONVERT_JSON, "a,b\n1\n"), "[{\"a\":1,\"b\":null}]");
	assert_json(json_of(CONVERT_JSON, "a,a\n\"\\\",\"x\ty\"\n"),
		    "[{\"a\":\"\\\\\",\"a_2\":\"x\\ty\"}]");
}

static void the_table_is_described(void **state)
{
	assert_json(json_of(CONVERT_SCHEMA, "Ort;lat;lon\nA\xe4;51,1;13,5\n"),
		    "{\"encoding\":\"Windows-1252\",\"delimiter\":\";\","
		    "\"header\":true,\"rows\":1,"
		    "\"unreadable_characters\":0,\"places\":true,\"fields\":["
		    "{\"name\":\"Ort\",\"type\":\"string\"},{\"name\":\"lat\",\"type\":\"number\"},"
		    "{\"name\":\"lon\",\"type\":\"number\"}],\"missingValues\":[\"\"]}");
}

static void rows_become_places(void **state)
{
	json_t *json = json_of(CONVERT_GEOJSON,
			       "Name;x_25833;y_25833\nMarkt;392364,5;5668872\nnirgends;;\n");
	json_t *features = json_object_get(json, "features"), *at;

	assert_int_equal(json_array_size(features), 2);
	at = json_object_get(json_array_get(features, 0), "geometry");
	assert_string_equal(json_string_value(json_object_get(at, "type")), "Point");
	at = json_object_get(at, "coordinates");
	/* as cs2cs has it */
	assert_float_equal(json_real_value(json_array_get(at, 0)), 13.460688898, 1e-8);
	assert_float_equal(json_real_value(json_array_get(at, 1)), 51.161150415, 1e-8);
	at = json_array_get(features, 1);
	assert_true(json_is_null(json_object_get(at, "geometry")));
	at = json_object_get(json_object_get(at, "properties"), "Name");
	assert_string_equal(json_string_value(at), "nirgends");
	json_decref(json);
	assert_json(json_of(CONVERT_GEOJSON, "a,wkt\n1,\"LINESTRING (13 51, 14 52)\"\n"),
		    "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\","
		    "\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[13,51],[14,52]]},"
		    "\"properties\":{\"a\":1,\"wkt\":\"LINESTRING (13 51, 14 52)\"}}]}");
}

static void check_rows(sqlite3 *db)
{
	sqlite3_stmt *st;

	assert_int_equal(
		sqlite3_prepare_v2(db,
				   "SELECT \"Plätze\", Quote, Stand, AGS, offen, Bemerkung,"
				   " typeof(Stand), typeof(AGS), typeof(\"Plätze\")"
				   " FROM data WHERE Ort = 'Meißen'",
				   -1, &st, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), 1012);
	assert_true(sqlite3_column_double(st, 1) == 0.5);
	assert_string_equal((const char *)sqlite3_column_text(st, 2), "2026-04-30");
	assert_string_equal((const char *)sqlite3_column_text(st, 3), "14627140");
	assert_int_equal(sqlite3_column_int(st, 4), 1);
	assert_string_equal((const char *)sqlite3_column_text(st, 5), "=1+1");
	assert_string_equal((const char *)sqlite3_column_text(st, 6), "text");
	assert_string_equal((const char *)sqlite3_column_text(st, 7), "text");
	assert_string_equal((const char *)sqlite3_column_text(st, 8), "integer");
	assert_int_equal(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM data WHERE Bemerkung IS NULL",
					    -1, &st, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), 1);
	sqlite3_finalize(st);
}

static void a_database_is_made(void **state)
{
	char why[WHY_LEN];
	struct buf out;
	sqlite3 *db;

	assert_int_equal(convert_text(CONVERT_SQLITE, table, sizeof(table) - 1, &out, why), ERR_OK);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_deserialize(db, "main", out.ptr, (sqlite3_int64)out.len,
					     (sqlite3_int64)out.len, SQLITE_DESERIALIZE_READONLY),
			 SQLITE_OK);
	check_rows(db);
	sqlite3_close(db);
	buf_fini(&out);
}

static void a_database_is_made_in_a_file(void **state)
{
	char *dir = test_dir_init(), *path = dir_file(dir, "table.sqlite"), why[WHY_LEN];
	struct text text = {table, sizeof(table) - 1};
	struct convert_job job = {.form = CONVERT_SQLITE,
				  .title = "",
				  .read = text_read,
				  .arg = &text,
				  .size = text.len,
				  .path = path,
				  .temp = dir};
	sqlite3 *db;

	job.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(convert_run(&job, why), ERR_OK);
	close(job.fd);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	check_rows(db);
	sqlite3_close(db);
	free(path);
	test_dir_fini(dir);
}

/* LibreOffice and Python look into it in test/e2e/converted.sh. */
static void a_spreadsheet_is_made(void **state)
{
	char why[WHY_LEN];
	struct buf out, again;

	assert_int_equal(convert_text(CONVERT_XLSX, table, sizeof(table) - 1, &out, why), ERR_OK);
	assert_true(out.len > 1000);
	assert_memory_equal(out.ptr, "PK\3\4", 4);
	assert_int_equal(convert_text(CONVERT_XLSX, table, sizeof(table) - 1, &again, why), ERR_OK);
	assert_true(bytes_eq(buf_bytes(&out), buf_bytes(&again)));
	buf_fini(&out);
	buf_fini(&again);
}

static void assert_refused(enum convert_form form, struct bytes in, enum err err, const char *word)
{
	char why[WHY_LEN] = "";
	struct buf out;

	assert_int_equal(convert_text(form, (const char *)in.ptr, in.len, &out, why), err);
	if (!strstr(why, word))
		fail_msg("\"%s\" says nothing of %s", why, word);
	buf_fini(&out);
}

static void what_does_not_go_is_refused(void **state)
{
	struct buf in;

	assert_refused(CONVERT_JSON, bytes_str(""), ERR_MALFORMED, "empty");
	assert_refused(CONVERT_JSON, bytes_of("a;b\n\0;2\n", 8), ERR_MALFORMED, "line 2");
	assert_refused(CONVERT_GEOJSON, bytes_str("a;b\n1;2\n"), ERR_MALFORMED, "no columns");
	assert_refused(CONVERT_GEOJSON, bytes_str("x;y\n392364;5668872\n"), ERR_MALFORMED,
		       "x_25833");
	buf_init(&in, 20u << 20);
	buf_add(&in, bytes_str("a\n\""));
	memset(buf_space(&in, 40000), 'x', 40000);
	buf_add(&in, bytes_str("\"\n"));
	assert_refused(CONVERT_XLSX, buf_bytes(&in), ERR_FULL, "row 2");
	memset(buf_space(&in, CONVERT_MEMORY_BYTES_MAX), '\n', CONVERT_MEMORY_BYTES_MAX);
	assert_refused(CONVERT_JSON, buf_bytes(&in), ERR_FULL, "16 MiB");
	buf_fini(&in);
}

/* As many rows as fit, and one more. */
static void spreadsheets_end_at_a_million_rows(void **state)
{
	struct buf in;

	buf_init(&in, 20u << 20);
	buf_add(&in, bytes_str("a\n"));
	for (unsigned i = 0; i < 1048576; i++)
		buf_add(&in, bytes_str("x\n"));
	assert_refused(CONVERT_XLSX, buf_bytes(&in), ERR_FULL, "1048575 rows");
	buf_fini(&in);
}

static void it_can_be_stopped(void **state)
{
	struct text text = {table, sizeof(table) - 1};
	atomic_bool stop = true;
	struct convert_job job = {.form = CONVERT_JSON,
				  .read = text_read,
				  .arg = &text,
				  .size = text.len,
				  .fd = -1,
				  .stop = &stop};
	char why[WHY_LEN];

	assert_int_equal(convert_run(&job, why), ERR_AGAIN);
	job.stop = NULL;
	job.deadline_ms = 1;
	assert_int_equal(convert_run(&job, why), ERR_BUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_become_objects),
		cmocka_unit_test(the_table_is_described),
		cmocka_unit_test(rows_become_places),
		cmocka_unit_test(a_database_is_made),
		cmocka_unit_test(a_database_is_made_in_a_file),
		cmocka_unit_test(a_spreadsheet_is_made),
		cmocka_unit_test(what_does_not_go_is_refused),
		cmocka_unit_test(spreadsheets_end_at_a_million_rows),
		cmocka_unit_test(it_can_be_stopped),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
