#include "proto/table/guard_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/check.h"
#include "proto/table/csv.h"
#include "proto/table/json_walk.h"
#include "proto/table/cues.h"

enum {
	HEADING_ROWS = 10,   /* among the first ones are the headings: titles may stand above */
	PATH_SLOTS = 1 << 12 /* more than there are columns, a power of two */
};

/* Which column a path of JSON is. */
struct guard_paths {
	struct {
		uint64_t hash; /* 0: free */
		size_t column;
	} slots[PATH_SLOTS];
	size_t count;
};

static bool ends_with(struct bytes name, const char *end)
{
	size_t len = strlen(end);

	return name.len >= len && !strncasecmp((const char *)name.ptr + name.len - len, end, len);
}

static enum guard_form form_of(struct bytes name)
{
	static const struct {
		const char *end;
		enum guard_form form;
	} forms[] = {
		{".csv", GUARD_FORM_CSV},       {".tsv", GUARD_FORM_CSV},
		{".tab", GUARD_FORM_CSV},       {".txt", GUARD_FORM_CSV},
		{".json", GUARD_FORM_JSON},     {".geojson", GUARD_FORM_JSON},
		{".jsonl", GUARD_FORM_JSON},    {".ndjson", GUARD_FORM_JSON},
		{".geojsonl", GUARD_FORM_JSON}, {".topojson", GUARD_FORM_JSON},
	};
	struct bytes last = name;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (ends_with(name, forms[i].end))
			return forms[i].form;
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] == '/')
			last = bytes_slice(name, i + 1, name.len);
	return last.len && memchr(last.ptr, '.', last.len) ? GUARD_FORM_OTHER : GUARD_FORM_UNKNOWN;
}

static void look_name(struct guard_scan *scan, struct bytes name)
{
	struct bytes found;

	if (!cues_papers(name) && !personal_iban(name, &found) && !personal_mail(name, &found))
		return;
	scan->name.hits[GUARD_PAPERS] = scan->name.values = 1;
	personal_mask(scan->name.examples[GUARD_PAPERS][0], name, 0);
}

void guard_scan_init(struct guard_scan *scan, struct bytes name, int32_t today)
{
	*scan = (struct guard_scan){.form = form_of(name)};
	guard_init(&scan->guard, today);
	look_name(scan, name);
}

void guard_scan_fini(struct guard_scan *scan)
{
	csv_close(scan->csv);
	if (scan->json)
		json_walk_fini(scan->json);
	free(scan->json);
	free(scan->paths);
	guard_fini(&scan->guard);
	*scan = (struct guard_scan){0};
}

/* ---- CSV ---- */

static bool has_digit(struct bytes cell)
{
	for (size_t i = 0; i < cell.len; i++)
		if (cell.ptr[i] >= '0' && cell.ptr[i] <= '9')
			return true;
	return false;
}

static size_t cells_filled(const struct csv_row *row)
{
	size_t count = 0;

	for (uint32_t i = 0; i < row->count; i++)
		count += row->cells[i].len > 0;
	return count;
}

/* A column without a heading goes by its number. */
static void column_add(struct guard_scan *scan, uint32_t column)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", column + 1);
	guard_column(&scan->guard, bytes_str(number), bytes_of(NULL, 0));
}

/* The row names the columns: again, when the ones before were titles above the table. */
static void take_headings(struct guard_scan *scan, const struct csv_row *row)
{
	scan->heading_cells = cells_filled(row);
	for (uint32_t i = 0; i < row->count && i < scan->guard.count; i++)
		if (row->cells[i].len)
			guard_column_name(&scan->guard, i, row->cells[i]);
}

static void take_row(struct guard_scan *scan, const struct csv_row *row)
{
	bool heading = scan->rows < HEADING_ROWS && cells_filled(row) > scan->heading_cells;

	scan->rows++;
	scan->guard.row = row->line;
	for (uint32_t i = (uint32_t)scan->guard.count; i < row->count; i++)
		column_add(scan, i);
	if (heading)
		take_headings(scan, row);
	/* What has a digit may be no heading, when a table has none. */
	for (uint32_t i = 0; i < row->count; i++)
		if (!heading || has_digit(row->cells[i]))
			guard_cell(&scan->guard, i, row->cells[i]);
}

static void guard_csv_take(struct guard_scan *scan)
{
	struct csv_row row;

	while (csv_next(scan->csv, &row))
		take_row(scan, &row);
	scan->broken = scan->broken || csv_err(scan->csv);
}

/* ---- JSON ---- */

/* FNV-1a, 64 bits: a column that is taken for another does no harm. */
static uint64_t path_hash(struct bytes path)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < path.len; i++)
		hash = (hash ^ path.ptr[i]) * UINT64_C(1099511628211);
	return hash | 1;
}

static size_t path_column(struct guard_scan *scan, const struct json_walk_event *event)
{
	uint64_t hash = path_hash(event->path);
	size_t at = (hash >> 32) % PATH_SLOTS;
	struct guard_paths *paths = scan->paths;

	for (; paths->slots[at].hash; at = (at + 1) % PATH_SLOTS)
		if (paths->slots[at].hash == hash)
			return paths->slots[at].column;
	if (paths->count == PATH_SLOTS / 2)
		return GUARD_NO_COLUMN;
	paths->count++;
	paths->slots[at].hash = hash;
	paths->slots[at].column = guard_column(&scan->guard, event->path, event->key);
	return paths->slots[at].column;
}

static void guard_json_take(struct guard_scan *scan)
{
	struct json_walk_event event;

	while (json_walk_next(scan->json, &event)) {
		if (event.kind == JSON_WALK_VALUE) {
			guard_cell(&scan->guard, path_column(scan, &event), event.value);
		} else {
			scan->rows++;
			scan->guard.row++;
		}
	}
	scan->broken = scan->broken || scan->json->err;
}

/* ---- both ---- */

/* By the first byte that is no blank; what is none of both is found out while it is read. */
static void sniff(struct guard_scan *scan, struct bytes *in)
{
	while (in->len && in->ptr[0] <= ' ' && in->ptr[0])
		*in = bytes_slice(*in, 1, in->len);
	if (in->len)
		scan->form = in->ptr[0] == '{' || in->ptr[0] == '[' ? GUARD_FORM_JSON
			     : in->ptr[0]                           ? GUARD_FORM_CSV
								    : GUARD_FORM_OTHER;
}

static void form_open(struct guard_scan *scan, struct bytes *in)
{
	if (scan->form == GUARD_FORM_UNKNOWN)
		sniff(scan, in);
	if (scan->form == GUARD_FORM_CSV && !scan->csv) {
		scan->csv = csv_open(NULL);
	} else if (scan->form == GUARD_FORM_JSON && !scan->json) {
		scan->json = mem_new(1, sizeof(*scan->json));
		json_walk_init(scan->json);
		scan->paths = mem_new(1, sizeof(*scan->paths));
	}
}

bool guard_scan_full(const struct guard_scan *scan)
{
	return scan->form == GUARD_FORM_OTHER || scan->broken || scan->len == GUARD_SCAN_LEN_MAX;
}

void guard_scan_feed(struct guard_scan *scan, struct bytes in)
{
	size_t room = (size_t)(GUARD_SCAN_LEN_MAX - scan->len);

	if (!in.len || scan->form == GUARD_FORM_OTHER || scan->broken)
		return;
	form_open(scan, &in);
	scan->cut = scan->cut || in.len > room;
	in = bytes_slice(in, 0, room);
	if (!in.len || scan->form == GUARD_FORM_OTHER)
		return;
	scan->len += in.len;
	if (scan->csv) {
		csv_feed(scan->csv, in);
		guard_csv_take(scan);
	} else if (scan->json) {
		json_walk_feed(scan->json, in);
		guard_json_take(scan);
	}
}

void guard_scan_end(struct guard_scan *scan)
{
	bool broken = scan->broken;

	if (scan->csv && !broken) {
		csv_end(scan->csv);
		guard_csv_take(scan);
	} else if (scan->json && !broken) {
		json_walk_end(scan->json);
		guard_json_take(scan);
	}
	if (scan->cut) /* its end was not looked at, so it is no fault of the file */
		scan->broken = broken;
}

size_t guard_scan_judge(struct guard_scan *scan, struct guard_finding out[GUARD_FINDING_MAX])
{
	size_t count = guard_judge(&scan->guard, out);

	if (!scan->name.values)
		return count;
	if (count == GUARD_FINDING_MAX)
		count--;
	memmove(out + 1, out, count * sizeof(*out));
	out[0] = (struct guard_finding){
		.kind = GUARD_PAPERS, .stops = true, .column = &scan->name, .count = 1};
	return count + 1;
}
