/*
 * guard_scan - the guard for personal data (guard.h) over one file, fed as it goes by.
 *
 * What a file is follows from its name, else from its first byte: CSV, or JSON with GeoJSON and one
 * value a line. Others are not looked into, but every name is. At most GUARD_SCAN_LEN_MAX bytes of
 * a file are looked at; who shows the findings says how far the look went (struct guard_scan).
 */
#ifndef ALLMENDE_GUARD_SCAN_H
#define ALLMENDE_GUARD_SCAN_H

#include "proto/table/guard.h"

#define GUARD_SCAN_LEN_MAX (UINT64_C(16) << 20)

enum guard_form { GUARD_FORM_UNKNOWN, GUARD_FORM_CSV, GUARD_FORM_JSON, GUARD_FORM_OTHER };

struct csv;
struct json_walk;
struct guard_paths;

struct guard_scan {
	struct guard guard;
	enum guard_form form;
	uint64_t len;  /* bytes looked at */
	bool cut;      /* more came than is looked at */
	bool broken;   /* it could not be read to its end, as it is not what its name says */
	uint64_t rows; /* with the headings */
	/* private */
	struct csv *csv;
	struct json_walk *json;
	struct guard_paths *paths;
	size_t heading_cells;
	struct guard_column name; /* what is found in the name of the file */
};

/* name: of the file in the dataset, borrowed for the call. today: days since 1970-01-01. */
void guard_scan_init(struct guard_scan *scan, struct bytes name, int32_t today);
void guard_scan_fini(struct guard_scan *scan);
void guard_scan_feed(struct guard_scan *scan, struct bytes in);
/* More would not be looked at: what was found so far is all. */
bool guard_scan_full(const struct guard_scan *scan);
void guard_scan_end(struct guard_scan *scan);
/* After the end; as guard_judge(), with what the name says first. */
size_t guard_scan_judge(struct guard_scan *scan, struct guard_finding out[GUARD_FINDING_MAX]);

#endif
