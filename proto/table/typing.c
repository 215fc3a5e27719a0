#include "proto/table/typing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/check.h"
#include "crypto/utf8.h"

/* How a value can be written; of a column the forms that all its values have. */
enum form {
	FORM_INTEGER = 1u << 0,
	FORM_POINT = 1u << 1,         /* 1.5 */
	FORM_COMMA = 1u << 2,         /* 1,5 */
	FORM_GROUPED = 1u << 3,       /* 1.234.567 */
	FORM_COMMA_GROUPED = 1u << 4, /* 1.234,5 */
	FORM_COMMA_THREE = 1u << 5,   /* 1,234: perhaps English thousands */
	FORM_TRUE = 1u << 6,
	FORM_YES = 1u << 7,
	FORM_JA = 1u << 8,
	FORM_WAHR = 1u << 9,
	FORM_DATE_ISO = 1u << 10,
	FORM_DATE_GERMAN = 1u << 11,
	FORM_TIME_ISO = 1u << 12,
	FORM_TIME_GERMAN = 1u << 13,
	FORM_ALL = (1u << 14) - 1,
};
#define FORM_BOOLEAN (FORM_TRUE | FORM_YES | FORM_JA | FORM_WAHR)
#define FORM_NUMBER  (FORM_INTEGER | FORM_POINT | FORM_COMMA | FORM_GROUPED | FORM_COMMA_GROUPED)
#define FORM_DATE    (FORM_DATE_ISO | FORM_DATE_GERMAN)
#define FORM_TIME    (FORM_TIME_ISO | FORM_TIME_GERMAN)

#define DIGITS_MAX     15 /* what a double holds exactly */
#define NUMBER_LEN_MAX 40

const char *column_type_name(enum column_type type)
{
	static const char *const names[] = {"empty",   "text", "integer", "decimal",
					    "boolean", "date", "time"};
	return names[type];
}

/* Reading values: a cursor over ASCII */

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static struct bytes trimmed(struct bytes text)
{
	while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t' || text.ptr[0] == '\n'))
		text = bytes_slice(text, 1, text.len);
	while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t' ||
			    text.ptr[text.len - 1] == '\n'))
		text.len--;
	return text;
}

/* Digits at the front, at most max, which are taken off; how many. */
static size_t digits_take(struct bytes *text, size_t max, unsigned *value)
{
	size_t n = 0;

	*value = 0;
	while (n < max && n < text->len && is_digit(text->ptr[n]))
		*value = *value * 10 + (text->ptr[n++] - '0');
	*text = bytes_slice(*text, n, text->len);
	return n;
}

static bool char_take(struct bytes *text, char c)
{
	if (!text->len || text->ptr[0] != (uint8_t)c)
		return false;
	*text = bytes_slice(*text, 1, text->len);
	return true;
}

/* Numbers */

/* Digits in groups of three after the first: 1.234.567; also 1 to 3 digits alone. */
static bool is_grouped(struct bytes whole)
{
	size_t first = whole.len % 4;

	if (!first || (whole.len > 1 && whole.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < whole.len; i++) {
		bool point = i >= first && (i - first) % 4 == 0;

		if (point ? whole.ptr[i] != '.' : !is_digit(whole.ptr[i]))
			return false;
	}
	return true;
}

static size_t digits_count(struct bytes text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += is_digit(text.ptr[i]) != 0;
	return n;
}

static bool is_digits(struct bytes text)
{
	return text.len && digits_count(text) == text.len;
}

/* 1e-5, as programs write small numbers; only behind a decimal point or whole number. */
static bool exponent_cut(struct bytes *text)
{
	for (size_t i = 1; i < text->len; i++) {
		struct bytes rest = bytes_slice(*text, i + 1, text->len);

		if (text->ptr[i] != 'e' && text->ptr[i] != 'E')
			continue;
		if (!char_take(&rest, '-'))
			char_take(&rest, '+');
		if (!is_digits(rest) || rest.len > 3)
			return false;
		text->len = i;
		return true;
	}
	return false;
}

static unsigned whole_forms(struct bytes whole)
{
	bool zeros = whole.len > 1 && whole.ptr[0] == '0';
	unsigned forms = 0;

	if (is_digits(whole) && !zeros)
		forms |= FORM_POINT | FORM_COMMA | FORM_COMMA_THREE |
			 (whole.len <= DIGITS_MAX ? FORM_INTEGER : 0);
	if (is_grouped(whole) && digits_count(whole) <= DIGITS_MAX)
		forms |= FORM_GROUPED | FORM_COMMA_GROUPED;
	return whole.len > DIGITS_MAX && is_digits(whole) ? 0 : forms;
}

static unsigned number_forms(struct bytes text)
{
	const uint8_t *comma, *point;
	struct bytes whole, fraction;
	bool exponent;

	if (text.len > NUMBER_LEN_MAX)
		return 0;
	if (char_take(&text, '-') && text.len == 1 && text.ptr[0] == '0')
		return 0;
	if (!text.len || !is_digit(text.ptr[0]))
		return 0;
	exponent = exponent_cut(&text);
	comma = memchr(text.ptr, ',', text.len);
	point = memchr(text.ptr, '.', text.len);
	if (!comma && !point)
		return whole_forms(text) & (exponent ? FORM_POINT : FORM_ALL);
	if (comma) {
		whole = bytes_of(text.ptr, (size_t)(comma - text.ptr));
		fraction = bytes_slice(text, whole.len + 1, text.len);
		if (!is_digits(fraction) || exponent)
			return 0;
		unsigned forms = whole_forms(whole) & (FORM_COMMA | FORM_COMMA_GROUPED);

		if ((forms & FORM_COMMA) && fraction.len == 3 && whole.len <= 3 &&
		    whole.ptr[0] != '0')
			forms |= FORM_COMMA_THREE;
		return forms;
	}
	whole = bytes_of(text.ptr, (size_t)(point - text.ptr));
	fraction = bytes_slice(text, whole.len + 1, text.len);
	unsigned forms = is_digits(fraction) ? whole_forms(whole) & FORM_POINT : 0;

	return exponent ? forms : forms | (whole_forms(text) & (FORM_GROUPED | FORM_COMMA_GROUPED));
}

/* Booleans */

static unsigned boolean_form(struct bytes text, bool *value)
{
	static const struct {
		const char *text;
		unsigned form;
		bool value;
	} words[] = {
		{"true", FORM_TRUE, true}, {"false", FORM_TRUE, false},  {"yes", FORM_YES, true},
		{"no", FORM_YES, false},   {"ja", FORM_JA, true},        {"nein", FORM_JA, false},
		{"wahr", FORM_WAHR, true}, {"falsch", FORM_WAHR, false},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*value = words[i].value;
		if (strlen(words[i].text) == text.len &&
		    !strncasecmp(words[i].text, (const char *)text.ptr, text.len))
			return words[i].form;
	}
	return 0;
}

/* Dates and times */

static bool date_right(const struct cell_time *t)
{
	static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = t->year % 4 == 0 && (t->year % 100 != 0 || t->year % 400 == 0);

	return t->year >= 1 && t->month >= 1 && t->month <= 12 && t->day >= 1 &&
	       t->day <= days[t->month - 1] && (t->month != 2 || t->day < 29 || leap);
}

static unsigned date_take(struct bytes *text, struct cell_time *t)
{
	unsigned a, b, c, form = FORM_DATE_ISO;
	struct bytes rest = *text;

	if (digits_take(&rest, 4, &a) == 4 && char_take(&rest, '-')) {
		if (digits_take(&rest, 2, &b) != 2 || !char_take(&rest, '-') ||
		    digits_take(&rest, 2, &c) != 2)
			return 0;
	} else {
		rest = *text;
		form = FORM_DATE_GERMAN;
		if (!digits_take(&rest, 2, &c) || !char_take(&rest, '.') ||
		    !digits_take(&rest, 2, &b) || !char_take(&rest, '.') ||
		    digits_take(&rest, 4, &a) != 4)
			return 0;
	}
	t->year = (uint16_t)a;
	t->month = (uint8_t)b;
	t->day = (uint8_t)c;
	*text = rest;
	return date_right(t) ? form : 0;
}

static bool zone_take(struct bytes *text, struct cell_time *t)
{
	unsigned hours, minutes = 0;
	int sign = 1;

	if (char_take(text, 'Z')) {
		t->has_zone = true;
		return true;
	}
	if (char_take(text, '-'))
		sign = -1;
	else if (!char_take(text, '+'))
		return true; /* none */
	if (digits_take(text, 2, &hours) != 2 || hours > 14)
		return false;
	char_take(text, ':');
	if (text->len && (digits_take(text, 2, &minutes) != 2 || minutes > 59))
		return false;
	t->has_zone = true;
	t->zone_minutes = (int16_t)(sign * (int)(hours * 60 + minutes));
	return true;
}

static bool clock_take(struct bytes *text, struct cell_time *t)
{
	unsigned hour, minute, second = 0, fraction = 0;
	double scale = 1;
	size_t digits;

	if (!digits_take(text, 2, &hour) || !char_take(text, ':') ||
	    digits_take(text, 2, &minute) != 2)
		return false;
	if (char_take(text, ':')) {
		if (digits_take(text, 2, &second) != 2)
			return false;
		if (char_take(text, '.') || char_take(text, ',')) {
			digits = digits_take(text, 9, &fraction);
			if (!digits)
				return false;
			while (digits--)
				scale *= 10;
		}
	}
	t->has_time = true;
	t->hour = (uint8_t)hour;
	t->minute = (uint8_t)minute;
	t->second = second + fraction / scale;
	return hour < 24 && minute < 60 && second < 60;
}

/* 0: it is none. */
static unsigned time_form(struct bytes text, struct cell_time *t)
{
	unsigned form;

	*t = (struct cell_time){0};
	form = date_take(&text, t);
	if (!form || !text.len)
		return form;
	if (!char_take(&text, ' ') && !(form == FORM_DATE_ISO && char_take(&text, 'T')))
		return 0;
	if (!clock_take(&text, t))
		return 0;
	if (form == FORM_DATE_ISO && !zone_take(&text, t))
		return 0;
	return text.len ? 0 : form == FORM_DATE_ISO ? FORM_TIME_ISO : FORM_TIME_GERMAN;
}

static unsigned value_forms(struct bytes value)
{
	struct cell_time time;
	bool boolean;

	if (is_digit(value.ptr[0]) || value.ptr[0] == '-')
		return number_forms(value) | time_form(value, &time);
	return boolean_form(value, &boolean);
}

/* Columns */

/* Keys that look like numbers; compared without case, as whole words at the front or the end. */
static bool is_key_name(const char *name)
{
	static const char *const words[] = {"ags",
					    "ars",
					    "plz",
					    "postleitzahl",
					    "zip",
					    "postcode",
					    "postal_code",
					    "tel",
					    "telefon",
					    "telefax",
					    "fax",
					    "phone",
					    "mobil",
					    "iban",
					    "bic",
					    "gemeindeschluessel",
					    "gemeindeschlüssel",
					    "kreisschluessel",
					    "kreisschlüssel",
					    "regionalschluessel",
					    "regionalschlüssel",
					    "hausnummer",
					    "hausnr"};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);

		if (len < n)
			continue;
		if (!strncasecmp(name, words[i], n) && (len == n || strchr("_-. ", name[n])))
			return true;
		if (len > n && !strcasecmp(name + len - n, words[i]) &&
		    strchr("_-. ", name[len - n - 1]))
			return true;
	}
	return false;
}

void typing_init(struct typing *typing)
{
	*typing = (struct typing){0};
}

static void columns_free(struct column *columns, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		free(columns[i].name);
	free(columns);
}

void typing_fini(struct typing *typing)
{
	columns_free(typing->columns, typing->column_count);
	free(typing->first_forms);
	*typing = (struct typing){0};
}

void table_fini(struct csv_table *table)
{
	columns_free(table->columns, table->column_count);
	*table = (struct csv_table){0};
}

const struct column *table_column(const struct csv_table *table, const char *name)
{
	for (uint32_t i = 0; i < table->column_count; i++)
		if (!strcasecmp(table->columns[i].name, name))
			return &table->columns[i];
	return NULL;
}

static void column_room(struct typing *typing, uint32_t count)
{
	while (typing->column_count < count) {
		typing->columns = mem_room(typing->columns, typing->column_count,
					   &typing->column_cap, sizeof(*typing->columns));
		typing->columns[typing->column_count++] = (struct column){.forms = FORM_ALL};
	}
}

/* Names of the first row, should it be the header: kept until the end. */
static void first_row(struct typing *typing, const struct csv_row *row)
{
	typing->has_first = true;
	typing->first_count = row->count;
	typing->first_forms = mem_new(row->count, sizeof(*typing->first_forms));
	for (uint32_t i = 0; i < row->count; i++) {
		struct bytes value = trimmed(row->cells[i]);

		typing->columns[i].name = bytes_text(utf8_cut(value, COLUMN_NAME_LEN_MAX));
		typing->first_forms[i] = value.len ? value_forms(value) : 0;
		for (char *c = typing->columns[i].name; *c; c++)
			if (*c == '\n' || *c == '\t')
				*c = ' ';
	}
}

static void value_add(struct column *column, struct bytes value, unsigned forms)
{
	struct cell_time time;

	if (!value.len)
		return;
	column->count++;
	column->len_max = value.len > column->len_max ? value.len : column->len_max;
	column->forms &= forms;
	if ((forms & FORM_TIME_ISO) && !column->zoned && time_form(value, &time))
		column->zoned = time.has_zone;
}

void typing_row(struct typing *typing, const struct csv_row *row)
{
	column_room(typing, row->count);
	if (!typing->has_first) {
		first_row(typing, row);
		return;
	}
	typing->row_count++;
	for (uint32_t i = 0; i < row->count; i++) {
		struct column *column = &typing->columns[i];
		struct bytes value = trimmed(row->cells[i]);

		/* what is text already costs no more than its length */
		value_add(column, value, value.len && column->forms ? value_forms(value) : 0);
	}
}

/* What other columns have tells what "1.234" is. */
enum fraction { FRACTION_UNKNOWN, FRACTION_POINT, FRACTION_COMMA };

static enum fraction fraction_of(const struct typing *typing, char delimiter)
{
	bool point = false, comma = false;

	for (uint32_t i = 0; i < typing->column_count; i++) {
		const struct column *column = &typing->columns[i];
		unsigned forms = column->count ? column->forms & FORM_NUMBER : 0;

		if (!forms || (forms & FORM_INTEGER))
			continue;
		point |= (forms & FORM_POINT) && !(forms & FORM_GROUPED);
		comma |= (forms & (FORM_COMMA | FORM_COMMA_GROUPED)) && !(forms & FORM_POINT) &&
			 !(column->forms & FORM_COMMA_THREE) && !(forms & FORM_GROUPED);
	}
	if (point != comma)
		return point ? FRACTION_POINT : FRACTION_COMMA;
	return delimiter == ';' || point ? FRACTION_UNKNOWN : FRACTION_POINT;
}

/* Leaves one form. */
static unsigned number_form(unsigned forms, enum fraction fraction, char delimiter)
{
	if (forms & FORM_INTEGER)
		return FORM_INTEGER;
	if ((forms & FORM_POINT) && (forms & FORM_GROUPED))
		return fraction == FRACTION_POINT   ? FORM_POINT
		       : fraction == FRACTION_COMMA ? FORM_GROUPED
						    : 0;
	if (forms & FORM_POINT)
		return FORM_POINT;
	if ((forms & FORM_COMMA) && (forms & FORM_COMMA_THREE))
		return fraction == FRACTION_COMMA || delimiter == ';' ? FORM_COMMA : 0;
	if (forms & FORM_COMMA)
		return FORM_COMMA;
	return forms & FORM_GROUPED ? FORM_GROUPED : forms & FORM_COMMA_GROUPED;
}

static void column_decide(struct column *column, enum fraction fraction, char delimiter)
{
	unsigned forms = column->forms;

	column->type = COLUMN_TEXT;
	if (!column->count) {
		column->type = COLUMN_EMPTY;
	} else if (forms & FORM_BOOLEAN) {
		column->type = COLUMN_BOOLEAN;
	} else if (forms & FORM_DATE) {
		column->type = COLUMN_DATE;
	} else if (forms & FORM_TIME) {
		column->type = COLUMN_TIME;
	} else if ((forms & FORM_NUMBER) && !(column->named && is_key_name(column->name))) {
		column->forms = number_form(forms, fraction, delimiter);
		if (column->forms)
			column->type = column->forms & (FORM_INTEGER | FORM_GROUPED)
					       ? COLUMN_INTEGER
					       : COLUMN_DECIMAL;
	}
}

/* The first row is values when one of them is a number or a date, which no name is. */
static bool first_is_header(const struct typing *typing)
{
	for (uint32_t i = 0; i < typing->first_count; i++)
		if (typing->first_forms[i] & (FORM_NUMBER | FORM_DATE | FORM_TIME))
			return false;
	return typing->has_first;
}

static bool is_taken(const struct typing *typing, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (!strcasecmp(typing->columns[i].name, name))
			return true;
	return false;
}

/* Each has a name of its own, in the order of columns. */
static void columns_name(struct typing *typing, bool header)
{
	char name[COLUMN_NAME_LEN_MAX + 40];
	unsigned suffix = 2; /* never goes back: else many of one name would cost their square */

	for (uint32_t i = 0; i < typing->column_count; i++) {
		struct column *column = &typing->columns[i];

		column->named = header && column->name && *column->name;
		if (column->named)
			snprintf(name, sizeof(name), "%s", column->name);
		else
			snprintf(name, sizeof(name), "column_%u", i + 1);
		while (is_taken(typing, i, name))
			snprintf(name, sizeof(name), "%s_%u",
				 column->named ? column->name : "column", suffix++);
		free(column->name);
		column->name = mem_str(name);
	}
}

/* Then the first row is one of the values. */
static void first_to_values(struct typing *typing)
{
	typing->row_count += typing->has_first;
	for (uint32_t i = 0; i < typing->first_count; i++) {
		struct column *column = &typing->columns[i];

		value_add(column, bytes_str(column->name), typing->first_forms[i]);
	}
}

void typing_end(struct typing *typing, const struct csv *csv, struct csv_table *out)
{
	struct csv_dialect dialect = csv_dialect(csv);
	bool header = first_is_header(typing);
	enum fraction fraction;

	if (!header)
		first_to_values(typing);
	columns_name(typing, header);
	fraction = fraction_of(typing, dialect.delimiter);
	for (uint32_t i = 0; i < typing->column_count; i++)
		column_decide(&typing->columns[i], fraction, dialect.delimiter);
	*out = (struct csv_table){.dialect = dialect,
				  .header = header,
				  .columns = typing->columns,
				  .column_count = typing->column_count,
				  .row_count = typing->row_count,
				  .replaced = csv_replaced(csv)};
	typing->columns = NULL;
	typing->column_count = 0;
}

/* Cells */

/* Digits and a point, as strtod() and JSON have it. */
static void number_plain(struct bytes text, unsigned form, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c == '.' && (form & (FORM_GROUPED | FORM_COMMA_GROUPED)))
			continue;
		buf_add_u8(out, c == ',' ? '.' : c);
	}
}

static bool number_read(const struct column *column, struct cell *cell)
{
	char text[NUMBER_LEN_MAX + 1];
	struct buf plain;

	if (!(number_forms(cell->text) & column->forms))
		return false;
	buf_init(&plain, NUMBER_LEN_MAX);
	number_plain(cell->text, column->forms, &plain);
	snprintf(text, sizeof(text), "%.*s", (int)plain.len, (const char *)plain.ptr);
	buf_fini(&plain);
	cell->decimal = strtod(text, NULL);
	cell->integer = column->type == COLUMN_INTEGER ? strtoll(text, NULL, 10) : 0;
	cell->forms = column->forms;
	return true;
}

static bool value_read(const struct column *column, struct cell *cell)
{
	switch (column->type) {
	case COLUMN_INTEGER:
	case COLUMN_DECIMAL:
		return number_read(column, cell);
	case COLUMN_BOOLEAN:
		return boolean_form(cell->text, &cell->boolean) & column->forms;
	case COLUMN_DATE:
	case COLUMN_TIME:
		return time_form(cell->text, &cell->time) & column->forms;
	case COLUMN_EMPTY:
	case COLUMN_TEXT:
		break;
	}
	return false;
}

void table_cell(const struct csv_table *table, const struct csv_row *row, uint32_t i,
		struct cell *out)
{
	struct bytes text = i < row->count ? row->cells[i] : bytes_of(NULL, 0);

	*out = (struct cell){.type = COLUMN_EMPTY, .text = trimmed(text)};
	if (!out->text.len || i >= table->column_count)
		return;
	if (value_read(&table->columns[i], out)) {
		out->type = table->columns[i].type;
	} else {
		out->type = COLUMN_TEXT;
		out->text = text;
	}
}

void cell_number(const struct cell *cell, struct buf *out)
{
	number_plain(cell->text, cell->forms, out);
}

void cell_time_text(const struct cell *cell, char out[CELL_TIME_LEN])
{
	const struct cell_time *t = &cell->time;
	unsigned micros = (unsigned)((t->second - (unsigned)t->second) * 1e6 + 0.5);
	int zone = t->zone_minutes < 0 ? -t->zone_minutes : t->zone_minutes;
	int len = snprintf(out, CELL_TIME_LEN, "%04u-%02u-%02u", t->year, t->month, t->day);

	if (!t->has_time)
		return;
	len += snprintf(out + len, CELL_TIME_LEN - (size_t)len, "T%02u:%02u:%02u", t->hour,
			t->minute, (unsigned)t->second);
	if (micros && micros < 1000000)
		len += snprintf(out + len, CELL_TIME_LEN - (size_t)len, ".%06u", micros);
	if (t->has_zone && !t->zone_minutes)
		snprintf(out + len, CELL_TIME_LEN - (size_t)len, "Z");
	else if (t->has_zone)
		snprintf(out + len, CELL_TIME_LEN - (size_t)len, "%c%02d:%02d",
			 t->zone_minutes < 0 ? '-' : '+', zone / 60, zone % 60);
}
