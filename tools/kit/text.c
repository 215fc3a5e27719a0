#include "tools/kit/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/check.h"
#include "crypto/utf8.h"

#define WORD_LEN_MAX 64
#define MINUTE_MS    INT64_C(60000)
#define HOUR_MS      (60 * MINUTE_MS)
#define DAY_MS       (24 * HOUR_MS)

struct range {
	uint32_t from, to;
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

/* One character of a text; its byte length in *len. False: the byte is not UTF-8 (*c is the
   byte). */
static bool char_next(const char *text, uint32_t *c, size_t *len)
{
	*len = utf8_next(bytes_of(text, strnlen(text, 4)), c);
	if (*len > 0)
		return true;
	*c = (uint8_t)*text;
	*len = 1;
	return false;
}

static size_t char_width(uint32_t c)
{
	static const struct range none[] = {
		{0x300, 0x36f},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200d},
		{0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
	};
	static const struct range wide[] = {
		{0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0x4dbf},   {0x4e00, 0xa4cf},
		{0xac00, 0xd7a3}, {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
		{0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	};

	if (in_ranges(c, none, sizeof(none) / sizeof(none[0])))
		return 0;
	return in_ranges(c, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
}

static void add_escape(struct buf *out, uint32_t c, bool is_char)
{
	char text[16];

	if (is_char && c == '\n')
		snprintf(text, sizeof(text), "\\n");
	else if (is_char && c == '\t')
		snprintf(text, sizeof(text), "\\t");
	else if (!is_char || c < 0x80)
		snprintf(text, sizeof(text), "\\x%02" PRIx32, c);
	else
		snprintf(text, sizeof(text), "\\u{%" PRIx32 "}", c);
	buf_add(out, bytes_str(text));
}

/* The finished text of a buf, which is released. */
static char *buf_text(struct buf *buf)
{
	char *text;

	buf_add_u8(buf, 0);
	check(!buf->err);
	text = mem_str((const char *)buf->ptr);
	buf_fini(buf);
	return text;
}

char *text_escape(const char *text, bool lines)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	while (*text) {
		uint32_t c;
		size_t len;
		bool is_char = char_next(text, &c, &len);

		if (is_char && (!utf8_unsafe(c) || (lines && c == '\n')))
			buf_add(&out, bytes_of(text, len));
		else
			add_escape(&out, c, is_char);
		text += len;
	}
	return buf_text(&out);
}

char *text_vformat(const char *format, va_list args, bool lines)
{
	char *raw, *text;

	if (vasprintf(&raw, format, args) < 0)
		mem_gone(1, 0);
	text = text_escape(raw, lines);
	free(raw);
	return text;
}

size_t text_width(const char *text)
{
	size_t width = 0;

	while (*text) {
		uint32_t c;
		size_t len;

		width += char_next(text, &c, &len) ? char_width(c) : 1;
		text += len;
	}
	return width;
}

char *text_cut(const char *text, size_t width)
{
	struct buf out;
	size_t used = 0;

	if (text_width(text) <= width)
		return mem_str(text);
	buf_init(&out, SIZE_MAX);
	while (*text) {
		uint32_t c;
		size_t len;
		size_t step = char_next(text, &c, &len) ? char_width(c) : 1;

		if (used + step + 1 > width)
			break;
		buf_add(&out, bytes_of(text, len));
		used += step;
		text += len;
	}
	buf_add(&out, bytes_str("…"));
	return buf_text(&out);
}

void text_size(char out[TEXT_SHORT_LEN], uint64_t bytes)
{
	static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)bytes;
	size_t i = 0;

	/* What would be shown as 1000 moves on to the next unit; bytes are never rounded. */
	while (value >= (i > 0 ? 999.5 : 1000)) {
		value /= 1000;
		i++;
	}
	snprintf(out, TEXT_SHORT_LEN, i > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value,
		 units[i]);
}

const char *text_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

void text_count(char out[TEXT_SHORT_LEN], uint64_t count)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *to = out;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
}

static void put_time(char out[TEXT_SHORT_LEN], const char *format, const struct tm *tm)
{
	if (strftime(out, TEXT_SHORT_LEN, format, tm) == 0)
		snprintf(out, TEXT_SHORT_LEN, "?");
}

void text_utc(char out[TEXT_SHORT_LEN], int64_t time_ms)
{
	time_t t = (time_t)(time_ms / 1000);
	struct tm tm;

	if (gmtime_r(&t, &tm))
		put_time(out, "%Y-%m-%dT%H:%M:%SZ", &tm);
	else
		snprintf(out, TEXT_SHORT_LEN, "?");
}

void text_local(char out[TEXT_SHORT_LEN], int64_t time_ms)
{
	time_t t = (time_t)(time_ms / 1000);
	struct tm tm;

	if (localtime_r(&t, &tm))
		put_time(out, "%Y-%m-%d %H:%M", &tm);
	else
		snprintf(out, TEXT_SHORT_LEN, "?");
}

void text_ago(char out[TEXT_SHORT_LEN], int64_t time_ms, int64_t now_ms)
{
	bool past = time_ms <= now_ms;
	int64_t span = past ? now_ms - time_ms : time_ms - now_ms;
	int64_t count = span < HOUR_MS  ? span / MINUTE_MS
			: span < DAY_MS ? span / HOUR_MS
					: span / DAY_MS;
	const char *unit = span < HOUR_MS ? "minute" : span < DAY_MS ? "hour" : "day";

	if (span < MINUTE_MS)
		snprintf(out, TEXT_SHORT_LEN, past ? "just now" : "in a moment");
	else if (span > 30 * DAY_MS)
		text_local(out, time_ms);
	else
		snprintf(out, TEXT_SHORT_LEN, "%s%" PRId64 " %s%s%s", past ? "" : "in ", count,
			 unit, count == 1 ? "" : "s", past ? " ago" : "");
}

void text_span(char out[TEXT_SHORT_LEN], uint64_t ms)
{
	uint64_t minutes = ms / (uint64_t)MINUTE_MS;

	if (minutes == 0)
		snprintf(out, TEXT_SHORT_LEN, "%" PRIu64 " s", ms / 1000);
	else if (minutes < 60)
		snprintf(out, TEXT_SHORT_LEN, "%" PRIu64 " min", minutes);
	else if (minutes < 48 * 60)
		snprintf(out, TEXT_SHORT_LEN, "%" PRIu64 " h %" PRIu64 " min", minutes / 60,
			 minutes % 60);
	else
		snprintf(out, TEXT_SHORT_LEN, "%" PRIu64 " days", minutes / 60 / 24);
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Changes from one word to the other. */
static size_t distance_of(const char *a, const char *b)
{
	size_t a_len = strnlen(a, WORD_LEN_MAX), b_len = strnlen(b, WORD_LEN_MAX);
	size_t rows[3][WORD_LEN_MAX + 1]; /* this one, the one before, the one before that */
	size_t *now = rows[0], *last = rows[1], *older = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

			best = min_size(best, min_size(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = min_size(best, older[j - 2] + 1);
			now[j] = best;
		}
		size_t *spare = older;
		older = last;
		last = now;
		now = spare;
	}
	return last[b_len];
}

size_t text_likeness(const char *typed, const char *known)
{
	size_t len = strlen(typed);
	size_t allowed = len <= 3 ? 1 : len <= 6 ? 2 : 3;
	size_t distance = distance_of(typed, known);

	if (len >= 3 && strncmp(typed, known, len) == 0)
		return 0;
	return distance <= allowed ? distance : TEXT_UNLIKE;
}

static const char *umlaut_spelled(uint32_t c)
{
	switch (c) {
	case 0xe4:
	case 0xc4:
		return "ae";
	case 0xf6:
	case 0xd6:
		return "oe";
	case 0xfc:
	case 0xdc:
		return "ue";
	case 0xdf:
		return "ss";
	default:
		return "";
	}
}

char *text_path_guess(const char *typed)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	while (*typed) {
		uint32_t c;
		size_t len;
		bool is_char = char_next(typed, &c, &len);

		if (c >= 'A' && c <= 'Z')
			buf_add_u8(&out, (uint8_t)(c - 'A' + 'a'));
		else if (c < 0x80 && c &&
			 strchr("abcdefghijklmnopqrstuvwxyz0123456789._-/", (int)c))
			buf_add_u8(&out, (uint8_t)c);
		else if (c == ' ')
			buf_add_u8(&out, '-');
		else if (is_char)
			buf_add(&out, bytes_str(umlaut_spelled(c)));
		typed += len;
	}
	return buf_text(&out);
}

char *text_shell(const char *word)
{
	struct buf out;

	if (*word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "._-/:@%+=,") == strlen(word))
		return mem_str(word);
	buf_init(&out, SIZE_MAX);
	buf_add_u8(&out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_add(&out, bytes_str("'\\''"));
		else
			buf_add_u8(&out, (uint8_t)*word);
	}
	buf_add_u8(&out, '\'');
	return buf_text(&out);
}

/* Whether the command that begins here says -d already. */
static bool names_dir(const char *command)
{
	const char *option = strstr(command, " -d "), *end = strchr(command, '`');

	return option && end && option < end;
}

char *text_commands(const char *sentence, const char *dir_words)
{
	static const char name[] = "`allmende";
	struct buf out;

	buf_init(&out, SIZE_MAX);
	while (*sentence) {
		size_t len = strncmp(sentence, name, strlen(name)) == 0 ? strlen(name) : 1;

		if (len > 1 && sentence[len] == 'd')
			len++;
		buf_add(&out, bytes_of(sentence, len));
		sentence += len;
		if (len > 1 && (*sentence == ' ' || *sentence == '`') && !names_dir(sentence))
			buf_add(&out, bytes_str(dir_words));
	}
	return buf_text(&out);
}

void text_url(struct buf *out, const char *text)
{
	for (; *text; text++) {
		uint8_t c = (uint8_t)*text;
		char code[4];

		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~",
			   c)) {
			buf_add_u8(out, c);
			continue;
		}
		snprintf(code, sizeof(code), "%%%02X", c);
		buf_add(out, bytes_str(code));
	}
}
