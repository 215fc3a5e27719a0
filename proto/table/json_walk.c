#include "proto/table/json_walk.h"

#include <string.h>

enum state {
	BEFORE_VALUE, /* or the end of an empty array */
	BEFORE_KEY,   /* or the end of an empty object */
	BEFORE_COLON,
	AFTER_VALUE,
	IN_STRING,
	IN_ESCAPE,
	IN_HEX,
	IN_WORD,
};

void json_walk_init(struct json_walk *walk)
{
	*walk = (struct json_walk){.state = BEFORE_VALUE};
	buf_init(&walk->path, JSON_WALK_PATH_LEN_MAX);
	buf_init(&walk->value, JSON_WALK_VALUE_LEN_MAX + 4);
}

void json_walk_fini(struct json_walk *walk)
{
	buf_fini(&walk->path);
	buf_fini(&walk->value);
}

void json_walk_feed(struct json_walk *walk, struct bytes in)
{
	walk->in = in;
}

void json_walk_end(struct json_walk *walk)
{
	walk->in = bytes_of(NULL, 0);
	walk->ended = true;
}

static bool broken(struct json_walk *walk)
{
	walk->err = walk->err ? walk->err : ERR_MALFORMED;
	return false;
}

/* ---- paths ---- */

/* What does not fit is left out: then several values have one path. */
static void walk_path_add(struct json_walk *walk, struct bytes part)
{
	if (walk->path.len + part.len <= JSON_WALK_PATH_LEN_MAX)
		buf_add(&walk->path, part);
}

static void path_cut(struct json_walk *walk, const struct json_walk_level *level)
{
	walk->path.len = level->path_len;
	walk->key_from = level->key_from;
}

static void key_take(struct json_walk *walk)
{
	path_cut(walk, &walk->levels[walk->depth - 1]);
	if (walk->path.len)
		walk_path_add(walk, bytes_str("."));
	walk->key_from = walk->path.len;
	walk_path_add(walk, buf_bytes(&walk->value));
}

/* "name" of "contact.name" says less than both. */
static struct bytes key_shown(const struct json_walk *walk)
{
	struct bytes path = buf_bytes(&walk->path);
	struct bytes key = bytes_slice(path, walk->key_from, path.len);
	size_t from = walk->key_from;

	if (!bytes_eq(key, bytes_str("name")) && !bytes_eq(key, bytes_str("value")))
		return key;
	for (from -= from > 0; from > 0 && path.ptr[from - 1] != '.'; from--)
		;
	struct bytes before = bytes_slice(path, from, walk->key_from - from);
	return memchr(before.ptr ? (const void *)before.ptr : "", '[', before.len) ||
			       bytes_eq(before, bytes_str("properties."))
		       ? key
		       : bytes_slice(path, from, path.len);
}

/* ---- levels ---- */

static bool level_open(struct json_walk *walk, bool object)
{
	bool in_row = false, in_array = walk->depth && !walk->levels[walk->depth - 1].object;

	if (walk->depth == JSON_WALK_DEPTH_MAX) {
		walk->err = ERR_FULL;
		return false;
	}
	for (unsigned i = 0; i < walk->depth; i++)
		in_row = in_row || walk->levels[i].row;
	if (!object)
		walk_path_add(walk, bytes_str("[]"));
	walk->levels[walk->depth++] = (struct json_walk_level){
		.object = object,
		.row = object && in_array && !in_row,
		.path_len = walk->path.len,
		.key_from = walk->key_from,
	};
	walk->state = object ? BEFORE_KEY : BEFORE_VALUE;
	return true;
}

/* The path becomes that of what encloses it, up to the next key. */
static void value_ends(struct json_walk *walk)
{
	if (walk->depth)
		path_cut(walk, &walk->levels[walk->depth - 1]);
	else
		walk->path.len = walk->key_from = 0;
	walk->state = walk->depth ? AFTER_VALUE : BEFORE_VALUE;
}

/* True: *event is the end of a row. */
static bool level_close(struct json_walk *walk, bool object, struct json_walk_event *event)
{
	if (!walk->depth || walk->levels[walk->depth - 1].object != object)
		return broken(walk);
	bool row = walk->levels[--walk->depth].row;
	value_ends(walk);
	*event = (struct json_walk_event){.kind = JSON_WALK_ROW};
	return row || !walk->depth;
}

/* ---- values ---- */

/* True: *event is a value. */
static bool scalar_ends(struct json_walk *walk, struct json_walk_event *event)
{
	*event = (struct json_walk_event){
		.kind = JSON_WALK_VALUE,
		.path = buf_bytes(&walk->path),
		.key = key_shown(walk),
		.value = buf_bytes(&walk->value),
	};
	if (bytes_eq(event->value, bytes_str("null")))
		event->value.len = 0;
	/* The bytes of the path stay as they are up to the next key. */
	value_ends(walk);
	return true;
}

static bool string_ends(struct json_walk *walk, struct json_walk_event *event)
{
	if (!walk->is_key)
		return scalar_ends(walk, event);
	key_take(walk);
	walk->state = BEFORE_COLON;
	return false;
}

static void walk_value_add(struct json_walk *walk, const uint8_t *bytes, size_t len)
{
	if (walk->value.len + len <= JSON_WALK_VALUE_LEN_MAX)
		buf_add(&walk->value, bytes_of(bytes, len));
}

static void character_add(struct json_walk *walk, uint32_t c)
{
	uint8_t out[4];
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = len; i > 1; i--, c >>= 6)
		out[i - 1] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(len == 1 ? c : (0xf00 >> len & 0xff) | c);
	walk_value_add(walk, out, len);
}

/* Halves that stand alone become U+FFFD. */
static void unit_add(struct json_walk *walk, uint32_t unit)
{
	bool high = unit >= 0xd800 && unit <= 0xdbff, low = unit >= 0xdc00 && unit <= 0xdfff;

	if (walk->high && low)
		character_add(walk, 0x10000 + ((walk->high - 0xd800) << 10) + (unit - 0xdc00));
	else if (walk->high || low)
		character_add(walk, 0xfffd);
	if (!high && !low)
		character_add(walk, unit);
	walk->high = high ? unit : 0;
}

static bool string_byte(struct json_walk *walk, uint8_t c, struct json_walk_event *event)
{
	if (c == '\\') {
		walk->state = IN_ESCAPE;
		return false;
	}
	if (walk->high) {
		walk->high = 0;
		character_add(walk, 0xfffd);
	}
	if (c == '"')
		return string_ends(walk, event);
	if (c < 0x20)
		return broken(walk);
	walk_value_add(walk, &c, 1);
	return false;
}

static bool escape_byte(struct json_walk *walk, uint8_t c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at = c ? strchr(from, c) : NULL;

	walk->state = IN_STRING;
	if (c == 'u') {
		walk->state = IN_HEX;
		walk->hex_left = 4;
		walk->hex = 0;
	} else if (at) {
		unit_add(walk, (uint8_t)to[at - from]);
	} else {
		return broken(walk);
	}
	return false;
}

static bool hex_byte(struct json_walk *walk, uint8_t c)
{
	uint32_t digit = c >= '0' && c <= '9'   ? c - 48u
			 : c >= 'a' && c <= 'f' ? c - 87u
			 : c >= 'A' && c <= 'F' ? c - 55u
						: 16;

	if (digit == 16)
		return broken(walk);
	walk->hex = walk->hex << 4 | digit;
	if (--walk->hex_left == 0) {
		unit_add(walk, walk->hex);
		walk->state = IN_STRING;
	}
	return false;
}

static void string_begins(struct json_walk *walk, bool key)
{
	buf_reset(&walk->value);
	walk->is_key = key;
	walk->high = 0;
	walk->state = IN_STRING;
}

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' ||
	       c == '.' || c == 'E';
}

static bool word_right(struct bytes word)
{
	return (word.ptr[0] >= '0' && word.ptr[0] <= '9') || word.ptr[0] == '-' ||
	       bytes_eq(word, bytes_str("true")) || bytes_eq(word, bytes_str("false")) ||
	       bytes_eq(word, bytes_str("null"));
}

static bool walk_word_ends(struct json_walk *walk, struct json_walk_event *event)
{
	return word_right(buf_bytes(&walk->value)) ? scalar_ends(walk, event) : broken(walk);
}

/* ---- the order of things ---- */

static bool json_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool value_begins(struct json_walk *walk, uint8_t c, struct json_walk_event *event)
{
	if (c == '{' || c == '[')
		return level_open(walk, c == '{') && false;
	if (c == ']')
		return level_close(walk, false, event);
	if (c == '"') {
		string_begins(walk, false);
	} else if (is_word(c)) {
		string_begins(walk, false);
		walk_value_add(walk, &c, 1);
		walk->state = IN_WORD;
	} else {
		return broken(walk);
	}
	return false;
}

static bool value_follows(struct json_walk *walk, uint8_t c, struct json_walk_event *event)
{
	if (c == '}' || c == ']')
		return level_close(walk, c == '}', event);
	if (c != ',')
		return broken(walk);
	walk->state = walk->levels[walk->depth - 1].object ? BEFORE_KEY : BEFORE_VALUE;
	return false;
}

/* Of a byte outside strings and words. */
static bool order_byte(struct json_walk *walk, uint8_t c, struct json_walk_event *event)
{
	if (json_blank(c))
		return false;
	switch ((enum state)walk->state) {
	case BEFORE_VALUE:
		return value_begins(walk, c, event);
	case BEFORE_KEY:
		if (c == '}')
			return level_close(walk, true, event);
		if (c != '"')
			return broken(walk);
		string_begins(walk, true);
		return false;
	case BEFORE_COLON:
		if (c != ':')
			return broken(walk);
		walk->state = BEFORE_VALUE;
		return false;
	case AFTER_VALUE:
		return value_follows(walk, c, event);
	case IN_STRING:
	case IN_ESCAPE:
	case IN_HEX:
	case IN_WORD:
		break;
	}
	return broken(walk);
}

static bool walk_byte(struct json_walk *walk, uint8_t c, struct json_walk_event *event)
{
	switch ((enum state)walk->state) {
	case IN_STRING:
		return string_byte(walk, c, event);
	case IN_ESCAPE:
		return escape_byte(walk, c);
	case IN_HEX:
		return hex_byte(walk, c);
	case BEFORE_VALUE:
	case BEFORE_KEY:
	case BEFORE_COLON:
	case AFTER_VALUE:
	case IN_WORD:
		break;
	}
	return order_byte(walk, c, event);
}

/* True: the byte belongs to the mark at the front of the text. */
static bool mark_byte(struct json_walk *walk, uint8_t c)
{
	static const uint8_t mark[] = {0xef, 0xbb, 0xbf};

	return walk->at < sizeof(mark) && walk->mark_seen == walk->at && c == mark[walk->at] &&
	       ++walk->mark_seen;
}

static bool at_end(struct json_walk *walk, struct json_walk_event *event)
{
	if (!walk->ended)
		return false;
	if (walk->state == IN_WORD && !walk->depth)
		return walk_word_ends(walk, event);
	if (walk->depth || walk->state != BEFORE_VALUE)
		broken(walk);
	return false;
}

bool json_walk_next(struct json_walk *walk, struct json_walk_event *event)
{
	while (!walk->err && walk->in.len) {
		uint8_t c = walk->in.ptr[0];
		/* What ends a word is looked at again. */
		if (walk->state == IN_WORD && !is_word(c)) {
			if (walk_word_ends(walk, event))
				return true;
			continue;
		}
		walk->in = bytes_slice(walk->in, 1, walk->in.len);
		bool mark = mark_byte(walk, c);
		walk->at++;
		if (mark)
			continue;
		if (walk->state == IN_WORD)
			walk_value_add(walk, &c, 1);
		else if (walk_byte(walk, c, event))
			return true;
	}
	return !walk->err && at_end(walk, event);
}
