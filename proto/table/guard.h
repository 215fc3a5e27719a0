/*
 * guard - looks into a table for what looks like data about persons, before it goes out.
 *
 * Whoever reads the table (guard_scan.h) names its columns and hands over cell by cell; the guard
 * counts, and keeps no value but masked examples. guard_judge() then puts columns together: a
 * street is harmless, and so is a name; both in one table are an address.
 *
 * It finds what has a shape, a check digit or a telling heading. It does not understand a text: no
 * finding is no proof that there is nothing.
 *
 * Bounds: GUARD_COLUMN_MAX columns (others are counted and not looked at), GUARD_CELL_LEN_MAX bytes
 * of a cell, two masked examples of each kind and column.
 */
#ifndef ALLMENDE_GUARD_H
#define ALLMENDE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "proto/table/personal.h"

enum {
	GUARD_COLUMN_MAX = 512,
	GUARD_COLUMN_LEN_MAX = 200, /* of a heading that is shown */
	GUARD_CELL_LEN_MAX = 65536,
	GUARD_EXAMPLE_COUNT = 2,
};

/* X(NAME, "word", characters of an example that are shown, "English", "German") */
#define GUARD_KIND_LIST(X)                                                                         \
	X(BIRTH, "birth", 0, "dates of birth", "Geburtsdaten")                                     \
	X(NAME, "name", 1, "names of persons", "Namen von Personen")                               \
	X(IBAN, "iban", 2, "bank accounts (IBAN)", "Bankverbindungen (IBAN)")                      \
	X(MAIL, "mail", 1, "mail addresses of persons", "Mailadressen von Personen")               \
	X(MOBILE, "mobile", 2, "mobile telephone numbers", "Mobilfunknummern")                     \
	X(PHONE, "phone", 2, "telephone numbers beside names", "Telefonnummern neben Namen")       \
	X(TAX_ID, "tax-id", 0, "tax identification numbers", "Steuer-Identifikationsnummern")      \
	X(HEALTH_ID, "health-id", 0, "health insurance numbers", "Krankenversichertennummern")     \
	X(PENSION_ID, "pension-id", 0, "pension insurance numbers", "Rentenversicherungsnummern")  \
	X(SMALL, "small-cells", 0, "counts of 1 or 2 persons", "Fallzahlen von 1 oder 2 Personen") \
	X(PAPERS, "file-name", 0, "a file named like papers of one person",                        \
	  "ein Dateiname wie von Unterlagen einer Person")

enum guard_kind {
#define X(name, word, keep, english, german) GUARD_##name,
	GUARD_KIND_LIST(X)
#undef X
};
#define GUARD_KIND_COUNT (GUARD_PAPERS + 1)
const char *guard_kind_word(enum guard_kind kind);
const char *guard_kind_text(enum guard_kind kind, bool german);

struct guard_column {
	char name[GUARD_COLUMN_LEN_MAX + 1];
	uint32_t cues;
	uint64_t values; /* cells that are not empty */
	uint64_t hits[GUARD_KIND_COUNT];
	uint64_t first_row[GUARD_KIND_COUNT];
	char examples[GUARD_KIND_COUNT][GUARD_EXAMPLE_COUNT][PERSONAL_MASKED_LEN];
	uint64_t dates, old_dates; /* any date; those of whom would be 16 or older */
	int32_t first_day, last_day;
};

struct guard {
	int32_t today;
	struct guard_column *columns;
	size_t count, cap;
	uint64_t left_out; /* columns past GUARD_COLUMN_MAX */
	uint64_t row;      /* of which cells come; counts from 1 */
};

/* today: days since 1970-01-01. */
void guard_init(struct guard *guard, int32_t today);
void guard_fini(struct guard *guard);

#define GUARD_NO_COLUMN SIZE_MAX
/* A further column; its number, or GUARD_NO_COLUMN when there are too many. shown: what people
   read; heading: what it is judged by. */
size_t guard_column(struct guard *guard, struct bytes shown, struct bytes heading);
/* The same for one that was named already, whose headings follow only now. */
void guard_column_name(struct guard *guard, size_t column, struct bytes heading);
/* A cell, as UTF-8. column may be GUARD_NO_COLUMN. */
void guard_cell(struct guard *guard, size_t column, struct bytes value);

struct guard_finding {
	enum guard_kind kind;
	bool stops; /* else it is worth a look, and no reason to refuse */
	const struct guard_column *column;
	uint64_t count;
	bool with_names; /* beside names of persons */
};
#define GUARD_FINDING_MAX 64
/* What was found, the gravest first; how many. Borrows from the guard. */
size_t guard_judge(const struct guard *guard, struct guard_finding out[GUARD_FINDING_MAX]);

#endif
