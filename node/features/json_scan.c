#include "node/features/json_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/utf8.h"

#define NUMBER_LEN_MAX 512

void json_scan_init(struct json_scan *scan, json_scan_read *read, void *arg)
{
	*scan = (struct json_scan){.read = read, .arg = arg, .first = true};
	scan->block = mem_new(1, JSON_SCAN_BLOCK_LEN);
}

void json_scan_fini(struct json_scan *scan)
{
	free(scan->block);
	scan->block = NULL;
}

static void scan_fault(struct json_scan *scan, enum err err, const char *what)
{
	if (scan->err)
		return;
	scan->err = err;
	snprintf(scan->why, sizeof(scan->why), "byte %llu: %s",
		 (unsigned long long)(scan->before + scan->at), what);
}

static void scan_fill(struct json_scan *scan)
{
	ssize_t got = scan->read(scan->arg, scan->block, JSON_SCAN_BLOCK_LEN);

	scan->before += scan->len;
	scan->at = scan->len = 0;
	if (got < 0)
		scan_fault(scan, ERR_IO, "the file cannot be read");
	else
		scan->len = (size_t)got;
	scan->end = got <= 0;
}

/* The next byte, or -1. */
static int scan_look(struct json_scan *scan)
{
	if (scan->err)
		return -1;
	if (scan->at == scan->len && !scan->end)
		scan_fill(scan);
	return scan->at < scan->len ? scan->block[scan->at] : -1;
}

static int scan_take(struct json_scan *scan)
{
	int c = scan_look(scan);

	if (c >= 0)
		scan->at++;
	return c;
}

static int scan_blanks(struct json_scan *scan)
{
	static const char mark[] = "\xef\xbb\xbf";
	int c = scan_look(scan);

	if (scan->before + scan->at == 0 && c == 0xef)
		for (int i = 0; i < 3; i++)
			if (scan_take(scan) != (uint8_t)mark[i])
				scan_fault(scan, ERR_MALFORMED, "this is no JSON");
	while ((c = scan_look(scan)) == ' ' || c == '\n' || c == '\r' || c == '\t')
		scan->at++;
	return c;
}

static void raw_byte(struct buf *raw, int c)
{
	if (raw)
		buf_add_u8(raw, (uint8_t)c);
}

/* A value begins: what stands before it in its array or object is in order. */
char json_scan_peek(struct json_scan *scan)
{
	int c = scan_blanks(scan);

	if (c < 0 || !strchr("{[\"tfn-0123456789", c) || !c)
		return 0;
	return (char)c;
}

static unsigned scan_hex(struct json_scan *scan)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		int c = scan_take(scan);
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0) {
			scan_fault(scan, ERR_MALFORMED, "\\u without four digits");
			return 0;
		}
		v = v * 16 + (unsigned)digit;
	}
	return v;
}

static void put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_add_u8(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_add_u8(out, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_add_u8(out, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_add_u8(out, (uint8_t)(0xf0 | c >> 18));
			buf_add_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_add_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_add_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
}

static void scan_unicode(struct json_scan *scan, struct buf *out)
{
	uint32_t c = scan_hex(scan);

	if (c >= 0xd800 && c < 0xdc00) {
		if (scan_take(scan) != '\\' || scan_take(scan) != 'u')
			scan_fault(scan, ERR_MALFORMED, "half of a character");
		uint32_t low = scan_hex(scan);
		if (low < 0xdc00 || low > 0xdfff)
			scan_fault(scan, ERR_MALFORMED, "half of a character");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c >= 0xdc00 && c <= 0xdfff) {
		scan_fault(scan, ERR_MALFORMED, "half of a character");
	} else if (c == 0) {
		scan_fault(scan, ERR_MALFORMED, "a text with a zero byte");
	}
	if (!scan->err && out)
		put_utf8(out, c);
}

static void scan_escape(struct json_scan *scan, struct buf *out)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	int c = scan_take(scan);
	const char *at = c > 0 ? strchr(names, c) : NULL;

	if (c == 'u')
		scan_unicode(scan, out);
	else if (at)
		raw_byte(out, bytes[at - names]);
	else
		scan_fault(scan, ERR_MALFORMED, "an unknown escape");
}

/* The bytes of a character after the first one, as scan_look() cannot look that far ahead. */
static void scan_character(struct json_scan *scan, int first, struct buf *out)
{
	uint8_t text[4] = {(uint8_t)first};
	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	uint32_t c;

	for (size_t i = 1; i < len; i++) {
		int next = scan_take(scan);
		text[i] = next < 0 ? 0 : (uint8_t)next;
	}
	if (utf8_next(bytes_of(text, len), &c) != len)
		scan_fault(scan, ERR_MALFORMED, "this is not UTF-8");
	else if (out)
		buf_add(out, bytes_of(text, len));
}

/* After the opening quote; out: decoded, or NULL. */
static void scan_text(struct json_scan *scan, struct buf *out)
{
	while (!scan->err) {
		int c = scan_take(scan);
		if (c == '"')
			return;
		if (c < 0x20)
			scan_fault(scan, ERR_MALFORMED,
				   c < 0 ? "the file ends inside a text"
					 : "a control character inside a text");
		else if (c == '\\')
			scan_escape(scan, out);
		else if (c >= 0x80)
			scan_character(scan, c, out);
		else
			raw_byte(out, c);
		if (out && out->err)
			scan_fault(scan, out->err, "a text that is too long");
	}
}

void json_put_text(struct buf *out, struct bytes text)
{
	static const char hex[] = "0123456789abcdef";

	buf_add_u8(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		if (c == '"' || c == '\\') {
			buf_add_u8(out, '\\');
			buf_add_u8(out, c);
		} else if (c < 0x20) {
			buf_add(out, bytes_str("\\u00"));
			buf_add_u8(out, (uint8_t)hex[c >> 4]);
			buf_add_u8(out, (uint8_t)hex[c & 15]);
		} else {
			buf_add_u8(out, c);
		}
	}
	buf_add_u8(out, '"');
}

static void scan_string_raw(struct json_scan *scan, struct buf *raw)
{
	struct buf text;

	if (!raw) {
		scan_text(scan, NULL);
		return;
	}
	buf_init(&text, raw->max);
	scan_text(scan, &text);
	json_put_text(raw, buf_bytes(&text));
	buf_fini(&text);
}

static size_t scan_digits(struct json_scan *scan, char *text, size_t len)
{
	size_t from = len;
	int c;

	while ((c = scan_look(scan)) >= '0' && c <= '9' && len < NUMBER_LEN_MAX) {
		text[len++] = (char)c;
		scan->at++;
	}
	if (len == from)
		scan_fault(scan, ERR_MALFORMED, "a number that is none");
	if (len >= NUMBER_LEN_MAX)
		scan_fault(scan, ERR_FULL, "a number that is too long");
	return len;
}

static void scan_number(struct json_scan *scan, struct buf *raw)
{
	char text[NUMBER_LEN_MAX + 8];
	size_t len = 0;
	bool zero;

	if (scan_look(scan) == '-')
		text[len++] = (char)scan_take(scan);
	zero = scan_look(scan) == '0';
	size_t from = len;
	len = scan_digits(scan, text, len);
	if (zero && len > from + 1)
		scan_fault(scan, ERR_MALFORMED, "a number that begins with 0");
	if (scan_look(scan) == '.') {
		text[len++] = (char)scan_take(scan);
		len = scan_digits(scan, text, len);
	}
	int c = scan_look(scan);
	if (c == 'e' || c == 'E') {
		text[len++] = (char)scan_take(scan);
		c = scan_look(scan);
		if (c == '+' || c == '-')
			text[len++] = (char)scan_take(scan);
		len = scan_digits(scan, text, len);
	}
	if (raw && !scan->err)
		buf_add(raw, bytes_of(text, len));
}

static void scan_word(struct json_scan *scan, const char *word, struct buf *raw)
{
	for (const char *at = word; *at; at++)
		if (scan_take(scan) != *at)
			scan_fault(scan, ERR_MALFORMED, "a word that JSON does not know");
	if (raw && !scan->err)
		buf_add(raw, bytes_str(word));
}

static void scan_enter(struct json_scan *scan)
{
	scan->first = true;
	if (++scan->depth > JSON_SCAN_DEPTH_MAX)
		scan_fault(scan, ERR_FULL, "values too deep inside one another");
}

static void scan_leave(struct json_scan *scan)
{
	scan->depth--;
	scan->first = false;
}

void json_scan_open(struct json_scan *scan, char kind)
{
	if (scan_blanks(scan) != kind) {
		scan_fault(scan, ERR_MALFORMED,
			   kind == '{' ? "an object is expected here" : "a list is expected here");
		return;
	}
	scan->at++;
	scan_enter(scan);
}

/* Whether another one comes in what is open; eats the comma before it, or the end. */
static bool scan_goes_on(struct json_scan *scan, int close)
{
	int c = scan_blanks(scan);

	if (scan->err)
		return false;
	if (c == close) {
		scan->at++;
		scan_leave(scan);
		return false;
	}
	if (!scan->first) {
		if (c != ',') {
			scan_fault(scan, ERR_MALFORMED,
				   c < 0 ? "the file ends early" : "a comma is missing");
			return false;
		}
		scan->at++;
	}
	scan->first = false;
	return true;
}

bool json_scan_item(struct json_scan *scan)
{
	if (!scan_goes_on(scan, ']'))
		return false;
	if (!json_scan_peek(scan))
		scan_fault(scan, ERR_MALFORMED, "a value is missing");
	return !scan->err;
}

bool json_scan_key(struct json_scan *scan, struct buf *key)
{
	if (!scan_goes_on(scan, '}'))
		return false;
	json_scan_string(scan, key);
	if (!scan->err && key->len > JSON_SCAN_KEY_LEN_MAX)
		scan_fault(scan, ERR_FULL, "a name that is too long");
	if (!scan->err && scan_blanks(scan) != ':')
		scan_fault(scan, ERR_MALFORMED, "a colon is missing");
	if (scan->err)
		return false;
	scan->at++;
	if (!json_scan_peek(scan))
		scan_fault(scan, ERR_MALFORMED, "a value is missing");
	return !scan->err;
}

void json_scan_string(struct json_scan *scan, struct buf *text)
{
	buf_reset(text);
	if (scan_blanks(scan) != '"') {
		scan_fault(scan, ERR_MALFORMED, "a text is expected here");
		return;
	}
	scan->at++;
	scan_text(scan, text);
	buf_add_u8(text, 0);
	if (text->err)
		scan_fault(scan, text->err, "a text that is too long");
	else
		text->len--;
}

static void scan_object(struct json_scan *scan, struct buf *raw)
{
	struct buf key;
	bool first = true;

	buf_init(&key, JSON_SCAN_KEY_LEN_MAX + 2);
	json_scan_open(scan, '{');
	raw_byte(raw, '{');
	while (json_scan_key(scan, &key)) {
		if (raw) {
			if (!first)
				buf_add_u8(raw, ',');
			json_put_text(raw, buf_bytes(&key));
			buf_add_u8(raw, ':');
		}
		first = false;
		json_scan_value(scan, raw);
	}
	raw_byte(raw, '}');
	buf_fini(&key);
}

static void scan_array(struct json_scan *scan, struct buf *raw)
{
	bool first = true;

	json_scan_open(scan, '[');
	raw_byte(raw, '[');
	while (json_scan_item(scan)) {
		if (!first)
			raw_byte(raw, ',');
		first = false;
		json_scan_value(scan, raw);
	}
	raw_byte(raw, ']');
}

void json_scan_value(struct json_scan *scan, struct buf *raw)
{
	switch (json_scan_peek(scan)) {
	case '{':
		scan_object(scan, raw);
		break;
	case '[':
		scan_array(scan, raw);
		break;
	case '"':
		scan->at++;
		scan_string_raw(scan, raw);
		break;
	case 't':
		scan_word(scan, "true", raw);
		break;
	case 'f':
		scan_word(scan, "false", raw);
		break;
	case 'n':
		scan_word(scan, "null", raw);
		break;
	case 0:
		scan_fault(scan, ERR_MALFORMED, "a value is missing");
		break;
	default:
		scan_number(scan, raw);
	}
	if (raw && raw->err)
		scan_fault(scan, raw->err, "a value that is too long");
}

bool json_scan_between(struct json_scan *scan)
{
	int c;

	while ((c = scan_blanks(scan)) == 0x1e)
		scan->at++;
	return c >= 0;
}
