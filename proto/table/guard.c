#include "proto/table/guard.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/utf8.h"
#include "proto/table/cues.h"

enum {
	YEAR_DAYS = 365,
	LIFE_DAYS = 110 * YEAR_DAYS, /* who was born before needs no protection any more */
	ADULT_DAYS = 16 * YEAR_DAYS,
	SPREAD_DAYS = 10 * YEAR_DAYS, /* dates of birth lie apart, those of meetings do not */
	SURE_COUNT = 3,               /* so many names without a telling heading */
};

const char *guard_kind_word(enum guard_kind kind)
{
	static const char *const words[] = {
#define X(name, word, keep, english, german) word,
		GUARD_KIND_LIST(X)
#undef X
	};

	return words[kind];
}

const char *guard_kind_text(enum guard_kind kind, bool german)
{
	static const char *const texts[][2] = {
#define X(name, word, keep, english, german) {english, german},
		GUARD_KIND_LIST(X)
#undef X
	};

	return texts[kind][german];
}

static size_t kind_keep(enum guard_kind kind)
{
	static const uint8_t keeps[] = {
#define X(name, word, keep, english, german) keep,
		GUARD_KIND_LIST(X)
#undef X
	};

	return keeps[kind];
}

void guard_init(struct guard *guard, int32_t today)
{
	*guard = (struct guard){.today = today, .row = 1};
}

void guard_fini(struct guard *guard)
{
	free(guard->columns);
	*guard = (struct guard){0};
}

static void column_show(struct guard_column *column, struct bytes shown)
{
	shown = utf8_cut(shown, GUARD_COLUMN_LEN_MAX);
	memset(column->name, 0, sizeof(column->name));
	if (shown.len)
		memcpy(column->name, shown.ptr, shown.len);
}

size_t guard_column(struct guard *guard, struct bytes shown, struct bytes heading)
{
	if (guard->count == GUARD_COLUMN_MAX) {
		guard->left_out++;
		return GUARD_NO_COLUMN;
	}
	guard->columns =
		mem_room(guard->columns, guard->count, &guard->cap, sizeof(*guard->columns));
	guard->columns[guard->count] = (struct guard_column){.cues = cues_of(heading)};
	column_show(&guard->columns[guard->count], shown);
	return guard->count++;
}

void guard_column_name(struct guard *guard, size_t number, struct bytes heading)
{
	struct guard_column *column = &guard->columns[number];

	column->cues = cues_of(heading);
	column_show(column, heading);
}

/* ---- cells ---- */

static void hit(struct guard *guard, struct guard_column *column, enum guard_kind kind,
		struct bytes value)
{
	uint64_t count = column->hits[kind]++;

	if (!count)
		column->first_row[kind] = guard->row;
	if (count < GUARD_EXAMPLE_COUNT)
		personal_mask(column->examples[kind][count], value, kind_keep(kind));
}

static void look_date(struct guard *guard, struct guard_column *column, struct bytes value)
{
	int32_t day = personal_day(value, guard->today);

	if (day == PERSONAL_NO_DAY || day > guard->today || day < guard->today - LIFE_DAYS)
		return;
	column->first_day = !column->dates || day < column->first_day ? day : column->first_day;
	column->last_day = !column->dates || day > column->last_day ? day : column->last_day;
	column->dates++;
	column->old_dates += day < guard->today - ADULT_DAYS;
	hit(guard, column, GUARD_BIRTH, value);
}

static void look_numbers(struct guard *guard, struct guard_column *column, struct bytes value)
{
	struct bytes found;
	enum personal_phone phone = personal_phone(value, column->cues & CUE_PHONE);

	if (personal_tax_id(value))
		hit(guard, column, GUARD_TAX_ID, value);
	if (personal_health_id(value))
		hit(guard, column, GUARD_HEALTH_ID, value);
	if (personal_pension_id(value))
		hit(guard, column, GUARD_PENSION_ID, value);
	if (personal_iban(value, &found))
		hit(guard, column, GUARD_IBAN, found);
	if (phone == PHONE_MOBILE)
		hit(guard, column, GUARD_MOBILE, value);
	if (phone == PHONE_LANDLINE)
		hit(guard, column, GUARD_PHONE, value);
	look_date(guard, column, value);
	if ((column->cues & CUE_COUNT) && value.len == 1 &&
	    (value.ptr[0] == '1' || value.ptr[0] == '2'))
		hit(guard, column, GUARD_SMALL, value);
}

/* A single word below the heading of a name is as much as can be told. */
static bool looks_named(const struct guard_column *column, struct bytes value)
{
	if (column->cues & CUE_FIRST_NAME)
		return personal_first_name(value);
	return personal_name(value);
}

void guard_cell(struct guard *guard, size_t number, struct bytes value)
{
	struct bytes found;
	bool digits = false, at = false;

	if (number >= guard->count)
		return;
	struct guard_column *column = &guard->columns[number];
	value = bytes_slice(value, 0, GUARD_CELL_LEN_MAX);
	for (size_t i = 0; i < value.len; i++) {
		digits = digits || (value.ptr[i] >= '0' && value.ptr[i] <= '9');
		at = at || value.ptr[i] == '@';
	}
	if (!value.len)
		return;
	column->values++;
	if (digits)
		look_numbers(guard, column, value);
	else if (looks_named(column, value))
		hit(guard, column, GUARD_NAME, value);
	if (at && personal_mail(value, &found))
		hit(guard, column, GUARD_MAIL, found);
}

/* ---- the whole table ---- */

struct csv_table {
	bool names, first_names, last_names;
	bool private_names; /* of who has to do with an office, which is worse */
	bool streets, small_matters;
};

/* At least so many of a hundred values. */
static bool most(const struct guard_column *column, uint64_t hits, unsigned percent)
{
	return hits && hits * 100 >= column->values * percent;
}

static bool whole_names(const struct guard_column *column)
{
	uint64_t hits = column->hits[GUARD_NAME];

	if (column->cues & CUE_FIRST_NAME)
		return false;
	if (column->cues & (CUE_PERSON | CUE_PRIVATE))
		return most(column, hits, 20);
	return hits >= SURE_COUNT && most(column, hits, 50);
}

static bool first_names(const struct guard_column *column)
{
	return (column->cues & CUE_FIRST_NAME) && most(column, column->hits[GUARD_NAME], 20);
}

/* Where people are counted in small groups of whom more than one thing is said. */
static bool small_matters(const struct guard *guard)
{
	unsigned areas = 0, attributes = 0;

	for (size_t i = 0; i < guard->count; i++) {
		areas += (guard->columns[i].cues & CUE_AREA) != 0;
		attributes += (guard->columns[i].cues & CUE_ATTRIBUTE) != 0;
	}
	return attributes >= 2 || (attributes && areas);
}

static struct csv_table table_of(const struct guard *guard)
{
	struct csv_table table = {.small_matters = small_matters(guard)};

	for (size_t i = 0; i < guard->count; i++) {
		const struct guard_column *column = &guard->columns[i];
		bool whole = whole_names(column);
		table.names = table.names || whole;
		table.private_names =
			table.private_names || (whole && (column->cues & CUE_PRIVATE));
		table.first_names = table.first_names || first_names(column);
		table.last_names = table.last_names || (column->cues & CUE_LAST_NAME);
		table.streets = table.streets || ((column->cues & CUE_STREET) && column->values);
	}
	table.names = table.names || (table.first_names && table.last_names);
	return table;
}

static bool birth_dates(const struct guard_column *column, const struct csv_table *table)
{
	if (column->cues & CUE_BIRTH)
		return column->dates > 0;
	return table->names && !(column->cues & CUE_NOT_BIRTH) && column->dates >= SURE_COUNT &&
	       most(column, column->dates, 80) && most(column, column->old_dates, 50) &&
	       column->last_day - column->first_day >= SPREAD_DAYS;
}

/* One digit in ten is right by chance, so without a heading it takes some. */
static bool number_found(const struct guard_column *column, enum guard_kind kind, uint32_t cue)
{
	if (!(column->cues & cue) && kind != GUARD_TAX_ID && column->hits[kind] < SURE_COUNT)
		return false;
	return most(column, column->hits[kind], column->cues & cue ? 1 : 60);
}

static bool found(const struct guard_column *column, const struct csv_table *table,
		  enum guard_kind kind)
{
	switch (kind) {
	case GUARD_BIRTH:
		return birth_dates(column, table);
	case GUARD_NAME:
		return whole_names(column) || (table->names && first_names(column));
	case GUARD_IBAN:
	case GUARD_MAIL:
	case GUARD_MOBILE:
		return column->hits[kind] > 0;
	case GUARD_PHONE:
		return table->names && (column->cues & CUE_PHONE) && column->hits[kind] > 0;
	case GUARD_TAX_ID:
		return number_found(column, kind, CUE_TAX_ID);
	case GUARD_HEALTH_ID:
		return number_found(column, kind, CUE_HEALTH_ID);
	case GUARD_PENSION_ID:
		return number_found(column, kind, CUE_PENSION_ID);
	case GUARD_SMALL:
		return table->small_matters && column->hits[kind] > 0;
	case GUARD_PAPERS: /* of files, not of columns */
		return false;
	}
	return false;
}

/* Names alone may be those of a council; beside anything else of a person they are not. */
static void names_judge(struct guard_finding *findings, size_t count, const struct csv_table *table)
{
	bool beside = table->private_names || table->streets;

	for (size_t i = 0; i < count; i++)
		beside = beside ||
			 (findings[i].kind != GUARD_NAME && findings[i].kind != GUARD_SMALL);
	for (size_t i = 0; i < count; i++) {
		findings[i].stops = findings[i].kind != GUARD_NAME || beside;
		findings[i].with_names = findings[i].kind != GUARD_NAME && table->names;
	}
}

size_t guard_judge(const struct guard *guard, struct guard_finding out[GUARD_FINDING_MAX])
{
	struct csv_table table = table_of(guard);
	size_t count = 0;

	for (enum guard_kind kind = 0; kind < GUARD_KIND_COUNT; kind++)
		for (size_t i = 0; i < guard->count && count < GUARD_FINDING_MAX; i++)
			if (found(&guard->columns[i], &table, kind))
				out[count++] = (struct guard_finding){
					.kind = kind,
					.column = &guard->columns[i],
					.count = guard->columns[i].hits[kind],
				};
	names_judge(out, count, &table);
	return count;
}
