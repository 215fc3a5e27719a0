#include "proto/table/csv.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/utf8.h"

#define REPLACEMENT 0xfffdu

enum state { CELL_BEGINS, CELL_PLAIN, CELL_QUOTED, CELL_QUOTE_SEEN };

struct span {
	size_t from, len;
};

struct csv {
	struct csv_dialect dialect;
	bool started; /* the dialect was looked for */
	bool ended;
	struct buf in;   /* fed and not looked at: the sample, or what is left of UTF-16 */
	struct buf text; /* bytes to be parsed: of the encoding, UTF-16 as UTF-8 */
	size_t text_at;
	uint32_t high; /* UTF-16: the first half of a pair, or 0 */

	enum state state;
	bool after_cr;
	uint64_t line, row_line;
	struct buf raw; /* of the row under way, unquoted */
	struct span *spans;
	size_t span_count, span_cap;
	size_t cell_from; /* in raw: where the cell under way begins */

	struct buf row; /* the last row as UTF-8 */
	struct bytes *cells;
	size_t cell_cap;

	uint64_t valid, invalid; /* characters of more than a byte; bytes that are none */
	uint64_t replaced;
	enum err err;
};

const char *csv_encoding_name(enum csv_encoding encoding)
{
	static const char *const names[] = {
#define X(NAME, text) text,
		CSV_ENCODING_LIST(X)
#undef X
	};
	return names[encoding];
}

struct csv *csv_open(const struct csv_dialect *dialect)
{
	struct csv *csv = mem_new(1, sizeof(*csv));

	if (dialect)
		csv->dialect = *dialect;
	csv->line = csv->row_line = 1;
	buf_init(&csv->in, SIZE_MAX);
	buf_init(&csv->text, SIZE_MAX);
	buf_init(&csv->raw, CSV_ROW_LEN_MAX);
	buf_init(&csv->row, 3 * CSV_ROW_LEN_MAX); /* a byte of Windows-1252 becomes three at most */
	return csv;
}

void csv_close(struct csv *csv)
{
	if (!csv)
		return;
	buf_fini(&csv->in);
	buf_fini(&csv->text);
	buf_fini(&csv->raw);
	buf_fini(&csv->row);
	free(csv->spans);
	free(csv->cells);
	free(csv);
}

static void fail(struct csv *csv, enum err err)
{
	if (!csv->err)
		csv->err = err;
}

static void put_char(struct buf *out, uint32_t c)
{
	uint8_t bytes[4];
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		bytes[i] = 0x80 | (c & 0x3f);
	bytes[0] = (uint8_t)(len == 1 ? c : (0xf0u << (4 - len) & 0xff) | c);
	buf_add(out, bytes_of(bytes, len));
}

/* UTF-16 */

static void utf16_unit(struct csv *csv, uint32_t unit)
{
	bool low = unit >= 0xdc00 && unit < 0xe000;

	if (csv->high && low) {
		put_char(&csv->text, 0x10000 + ((csv->high - 0xd800) << 10) + (unit - 0xdc00));
		csv->high = 0;
		return;
	}
	if (csv->high || low) { /* half of a pair */
		put_char(&csv->text, REPLACEMENT);
		csv->replaced++;
		csv->high = 0;
	}
	if (unit >= 0xd800 && unit < 0xdc00)
		csv->high = unit;
	else if (!low)
		put_char(&csv->text, unit);
}

static void utf16_take(struct csv *csv)
{
	size_t i = 0;
	bool big = csv->dialect.encoding == CSV_UTF16BE;

	for (; i + 1 < csv->in.len; i += 2)
		utf16_unit(csv, (uint32_t)csv->in.ptr[i + !big] << 8 | csv->in.ptr[i + big]);
	buf_drop(&csv->in, i);
	if (csv->ended && (csv->high || csv->in.len)) {
		put_char(&csv->text, REPLACEMENT);
		csv->replaced++;
		csv->high = 0;
	}
}

/* The dialect */

static bool csv_begins(const struct buf *buf, const char *mark, size_t len)
{
	return buf->len >= len && !memcmp(buf->ptr, mark, len);
}

/* Without a mark: texts of our alphabets have a zero in every other byte of UTF-16. */
static enum csv_encoding utf16_guess(const struct buf *in)
{
	size_t zeros[2] = {0, 0}, len = in->len < 512 ? in->len : 512;

	for (size_t i = 0; i < len; i++)
		zeros[i & 1] += in->ptr[i] == 0;
	if (zeros[1] * 4 > len && !zeros[0])
		return CSV_UTF16LE;
	return zeros[0] * 4 > len && !zeros[1] ? CSV_UTF16BE : CSV_UNKNOWN;
}

static enum csv_encoding encoding_find(struct csv *csv, size_t *mark_len)
{
	*mark_len = 2;
	if (csv_begins(&csv->in, "\xff\xfe", 2))
		return CSV_UTF16LE;
	if (csv_begins(&csv->in, "\xfe\xff", 2))
		return CSV_UTF16BE;
	*mark_len = 3;
	if (csv_begins(&csv->in, "\xef\xbb\xbf", 3))
		return CSV_UTF8;
	*mark_len = 0;
	return csv->dialect.encoding ? csv->dialect.encoding : utf16_guess(&csv->in);
}

/* Cells of the row at *at, which goes to the next one; 0: it is not whole. */
static size_t cells_count(struct bytes text, size_t *at, char delimiter, bool ended)
{
	size_t count = 1;
	bool quoted = false, begin = true;

	for (size_t i = *at; i < text.len; i++) {
		char c = (char)text.ptr[i];

		if (c == '"' && (quoted || begin)) {
			quoted = !quoted;
			begin = true; /* of a doubled quote the second one begins again */
			continue;
		}
		begin = false;
		if (quoted)
			continue;
		if (c == '\n' || c == '\r') {
			bool two = c == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n';

			*at = i + 1 + two;
			return count;
		}
		if (c == delimiter) {
			count++;
			begin = true;
		}
	}
	ended = ended && *at < text.len;
	*at = text.len;
	return ended ? count : 0;
}

#define SAMPLE_ROW_COUNT 100

/* How well a delimiter parts the sample: rows with as many cells as the first, of a thousand; 0:
   it does not occur there. */
static unsigned delimiter_fits(const struct csv *csv, char delimiter, size_t *cell_count)
{
	struct bytes text = bytes_slice(buf_bytes(&csv->text), 0, CSV_SAMPLE_LEN);
	bool ended = csv->ended && text.len == csv->text.len;
	size_t at = csv->text_at, alike = 0, rows = 0, count;

	*cell_count = cells_count(text, &at, delimiter, true);
	if (*cell_count < 2)
		return 0;
	while (rows < SAMPLE_ROW_COUNT) {
		size_t from = at;

		count = cells_count(text, &at, delimiter, ended);
		if (!count)
			break;
		if (at - from <= 2 && count == 1)
			continue; /* an empty line */
		rows++;
		alike += count == *cell_count;
	}
	return rows ? (unsigned)(1 + alike * 1000 / rows) : 1;
}

static char delimiter_find(const struct csv *csv)
{
	static const char candidates[] = {';', '\t', '|', ','};
	unsigned best = 0;
	size_t best_count = 0, count;
	char found = ',';

	for (size_t i = 0; i < sizeof(candidates); i++) {
		unsigned fits = delimiter_fits(csv, candidates[i], &count);

		if (fits > best || (fits == best && fits && count > best_count)) {
			best = fits;
			best_count = count;
			found = candidates[i];
		}
	}
	return found;
}

/* "sep=;" as Excel writes and reads it. */
static void sep_take(struct csv *csv)
{
	const struct buf *text = &csv->text;
	size_t at = csv->text_at;

	if (text->len < at + 6 || memcmp(text->ptr + at, "sep=", 4) != 0 ||
	    (text->ptr[at + 5] != '\r' && text->ptr[at + 5] != '\n'))
		return;
	if (!csv->dialect.delimiter)
		csv->dialect.delimiter = (char)text->ptr[at + 4];
	at += 6;
	if (at < text->len && text->ptr[at - 1] == '\r' && text->ptr[at] == '\n')
		at++;
	csv->text_at = at;
	csv->line++;
}

static bool is_utf16(const struct csv *csv)
{
	return csv->dialect.encoding == CSV_UTF16LE || csv->dialect.encoding == CSV_UTF16BE;
}

static void csv_take(struct csv *csv)
{
	if (is_utf16(csv)) {
		utf16_take(csv);
	} else {
		buf_add(&csv->text, buf_bytes(&csv->in));
		buf_reset(&csv->in);
	}
}

static void csv_start(struct csv *csv)
{
	size_t mark_len;

	csv->started = true;
	csv->dialect.encoding = encoding_find(csv, &mark_len);
	buf_drop(&csv->in, mark_len);
	csv_take(csv);
	sep_take(csv);
	if (!csv->dialect.delimiter)
		csv->dialect.delimiter = delimiter_find(csv);
	csv->row_line = csv->line;
}

void csv_feed(struct csv *csv, struct bytes in)
{
	buf_drop(&csv->text, csv->text_at);
	csv->text_at = 0;
	buf_add(&csv->in, in);
	if (csv->started)
		csv_take(csv);
	else if (csv->in.len >= CSV_SAMPLE_LEN)
		csv_start(csv);
	if (csv->in.err || csv->text.err)
		fail(csv, ERR_NOMEM);
}

void csv_end(struct csv *csv)
{
	csv->ended = true;
	if (csv->started)
		csv_take(csv);
	else
		csv_start(csv);
	if (csv->in.err || csv->text.err)
		fail(csv, ERR_NOMEM);
}

/* Rows */

static void cell_end(struct csv *csv)
{
	if (csv->span_count == CSV_COLUMN_COUNT_MAX) {
		fail(csv, ERR_FULL);
		return;
	}
	csv->spans = mem_room(csv->spans, csv->span_count, &csv->span_cap, sizeof(*csv->spans));
	csv->spans[csv->span_count++] =
		(struct span){csv->cell_from, csv->raw.len - csv->cell_from};
	csv->cell_from = csv->raw.len;
	csv->state = CELL_BEGINS;
}

/* One byte; true: it ended a row. */
static bool csv_step(struct csv *csv, uint8_t c)
{
	bool ends = c == '\n' || c == '\r';

	if (c == 0)
		fail(csv, ERR_MALFORMED);
	if (c == '\n' && csv->after_cr && csv->state != CELL_QUOTED) {
		csv->after_cr = false;
		return false;
	}
	csv->line += ends && !(c == '\n' && csv->after_cr);
	csv->after_cr = c == '\r';
	if (csv->state == CELL_QUOTED) {
		if (c == '"')
			csv->state = CELL_QUOTE_SEEN;
		else
			buf_add_u8(&csv->raw, c);
	} else if (c == '"' && csv->state == CELL_BEGINS) {
		csv->state = CELL_QUOTED;
	} else if (c == '"' && csv->state == CELL_QUOTE_SEEN) {
		buf_add_u8(&csv->raw, c);
		csv->state = CELL_QUOTED;
	} else if (c == (uint8_t)csv->dialect.delimiter || ends) {
		cell_end(csv);
	} else {
		buf_add_u8(&csv->raw, c);
		csv->state = CELL_PLAIN;
	}
	return ends && csv->state != CELL_QUOTED;
}

/* Takes what only adds to the cell under way. */
static void csv_run(struct csv *csv)
{
	const uint8_t *text = csv->text.ptr;
	const uint8_t delimiter = (uint8_t)csv->dialect.delimiter;
	const bool quoted = csv->state == CELL_QUOTED;
	size_t from = csv->text_at, at = from;

	while (at < csv->text.len && text[at] && text[at] != '\n' && text[at] != '\r' &&
	       text[at] != '"' && (quoted || text[at] != delimiter))
		at++;
	if (at == from)
		return;
	buf_add(&csv->raw, bytes_of(text + from, at - from));
	csv->text_at = at;
	csv->state = quoted ? CELL_QUOTED : CELL_PLAIN;
	csv->after_cr = false;
}

/* What stands in 0x80 to 0x9f; 0: nothing does. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static uint32_t windows_1252_char(uint8_t byte)
{
	if (byte < 0x80 || byte >= 0xa0)
		return byte;
	return windows_1252[byte - 0x80] ? windows_1252[byte - 0x80] : REPLACEMENT;
}

/* Whether the cell is to be read as UTF-8; counts for the verdict at the end. */
static bool cell_is_utf8(struct csv *csv, struct bytes cell)
{
	uint64_t invalid = csv->invalid;
	size_t len;
	uint32_t c;

	if (csv->dialect.encoding)
		return csv->dialect.encoding != CSV_WINDOWS_1252;
	for (size_t i = 0; i < cell.len; i += len ? len : 1) {
		len = utf8_next(bytes_of(cell.ptr + i, cell.len - i), &c);
		csv->valid += len > 1;
		csv->invalid += len == 0;
	}
	return csv->invalid == invalid;
}

static void cell_decode(struct csv *csv, struct bytes cell)
{
	bool utf8 = cell_is_utf8(csv, cell);
	size_t len;
	uint32_t c;

	for (size_t i = 0; i < cell.len; i += len) {
		len = 1;
		if (!utf8) {
			c = windows_1252_char(cell.ptr[i]);
		} else if (!(len = utf8_next(bytes_of(cell.ptr + i, cell.len - i), &c))) {
			c = REPLACEMENT;
			len = 1;
		}
		if (c == '\r') {
			if (i + 1 < cell.len && cell.ptr[i + 1] == '\n')
				continue;
			c = '\n';
		} else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
			c = REPLACEMENT;
		}
		csv->replaced += c == REPLACEMENT;
		put_char(&csv->row, c);
	}
}

/* Most cells are made of such bytes alone. */
static bool cell_is_plain(struct bytes cell)
{
	for (size_t i = 0; i < cell.len; i++)
		if (cell.ptr[i] < 0x20 || cell.ptr[i] >= 0x7f)
			return false;
	return true;
}

/* False: nothing stands in it. */
static bool row_make(struct csv *csv, struct csv_row *row)
{
	struct bytes raw = buf_bytes(&csv->raw);
	bool something = raw.len > 0;

	buf_reset(&csv->row);
	for (size_t i = 0; i < csv->span_count; i++) {
		struct span *span = &csv->spans[i];
		struct bytes cell = bytes_slice(raw, span->from, span->len);
		size_t from = csv->row.len;

		if (cell_is_plain(cell))
			buf_add(&csv->row, cell);
		else
			cell_decode(csv, cell);
		*span = (struct span){from, csv->row.len - from};
	}
	if (csv->cell_cap < csv->span_count) {
		csv->cell_cap = csv->span_cap;
		csv->cells = mem_grow(csv->cells, csv->cell_cap, sizeof(*csv->cells));
	}
	for (size_t i = 0; i < csv->span_count; i++)
		csv->cells[i] =
			bytes_slice(buf_bytes(&csv->row), csv->spans[i].from, csv->spans[i].len);
	*row = (struct csv_row){csv->cells, (uint32_t)csv->span_count, csv->row_line};
	return something;
}

/* Makes the row and begins the next. */
static bool row_end(struct csv *csv, struct csv_row *row)
{
	bool something;

	if (csv->raw.err)
		fail(csv, ERR_FULL);
	if (csv->err)
		return false;
	something = row_make(csv, row);
	if (csv->row.err)
		fail(csv, csv->row.err);
	buf_reset(&csv->raw);
	csv->span_count = csv->cell_from = 0;
	csv->row_line = csv->line;
	return something && !csv->err;
}

bool csv_next(struct csv *csv, struct csv_row *row)
{
	if (!csv->started)
		return false;
	while (csv->text_at < csv->text.len && !csv->err && !csv->raw.err) {
		csv_run(csv);
		if (csv->text_at < csv->text.len && csv_step(csv, csv->text.ptr[csv->text_at++]) &&
		    row_end(csv, row))
			return true;
	}
	if (csv->raw.err)
		fail(csv, ERR_FULL);
	if (csv->err || !csv->ended || (!csv->raw.len && !csv->span_count))
		return false;
	cell_end(csv);
	return row_end(csv, row);
}

enum err csv_err(const struct csv *csv)
{
	return csv->err;
}

uint64_t csv_err_line(const struct csv *csv)
{
	return csv->row_line;
}

/* A text in which more characters than not are those of UTF-8 is one that was damaged. */
struct csv_dialect csv_dialect(const struct csv *csv)
{
	struct csv_dialect dialect = csv->dialect;

	if (!dialect.encoding && csv->ended)
		dialect.encoding = csv->invalid > csv->valid ? CSV_WINDOWS_1252 : CSV_UTF8;
	return dialect;
}

uint64_t csv_replaced(const struct csv *csv)
{
	return csv->replaced;
}
