#include "node/ogc/fes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/utf8.h"

/* An element: all in it, one after the other; end: the first that is not in it any more. */
struct node {
	struct bytes name;     /* without its prefix */
	size_t text, text_len; /* in fes->text: what stands in it but elements */
	size_t srs, srs_len, rid, rid_len;
	size_t end;
	unsigned depth;
};

struct reader {
	struct fes *fes;
	struct bytes in; /* what is left */
	struct node nodes[FES_NODE_MAX];
	size_t count;
	const char *wrong;
	enum err err;
};

static void fes_fault(struct reader *reader, enum err err, const char *what)
{
	if (reader->err)
		return;
	reader->err = err;
	reader->wrong = what;
}

static int fes_look(const struct reader *reader)
{
	return reader->err || !reader->in.len ? -1 : reader->in.ptr[0];
}

static void fes_step(struct reader *reader)
{
	reader->in = bytes_slice(reader->in, 1, reader->in.len);
}

static bool fes_is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void fes_blanks(struct reader *reader)
{
	while (fes_is_blank(fes_look(reader)))
		fes_step(reader);
}

static bool fes_takes(struct reader *reader, const char *word)
{
	size_t len = strlen(word);

	if (reader->err || reader->in.len < len || memcmp(reader->in.ptr, word, len) != 0)
		return false;
	reader->in = bytes_slice(reader->in, len, reader->in.len);
	return true;
}

static bool fes_is_name(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.' || c == ':' || c >= 0x80;
}

/* Without the prefix. */
static struct bytes fes_name(struct reader *reader)
{
	const uint8_t *from = reader->in.ptr;
	size_t len = 0, colon = 0;

	while (fes_is_name(fes_look(reader))) {
		len++;
		if (fes_look(reader) == ':')
			colon = len;
		fes_step(reader);
	}
	if (!len || len == colon) {
		fes_fault(reader, ERR_MALFORMED, "a name is missing");
		return bytes_of(NULL, 0);
	}
	return bytes_of(from + colon, len - colon);
}

static void fes_put_character(struct buf *out, uint32_t c)
{
	uint8_t utf8[4];
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		utf8[i] = (uint8_t)(0x80 | (c & 0x3f));
	utf8[0] = (uint8_t)(first[len] | c);
	buf_add(out, bytes_of(utf8, len));
}

static void fes_number_entity(struct reader *reader)
{
	bool hex = fes_takes(reader, "x");
	uint32_t c = 0, digits = 0;

	for (; fes_look(reader) != ';' && !reader->err; fes_step(reader), digits++) {
		int d = fes_look(reader);
		int v = d >= '0' && d <= '9'          ? d - '0'
			: hex && d >= 'a' && d <= 'f' ? d - 'a' + 10
			: hex && d >= 'A' && d <= 'F' ? d - 'A' + 10
						      : -1;
		if (v < 0 || digits > 7)
			fes_fault(reader, ERR_MALFORMED, "an entity that is none");
		else
			c = c * (hex ? 16 : 10) + (uint32_t)v;
	}
	fes_step(reader);
	if (c < 0x20 || c == 0x7f || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || !digits)
		fes_fault(reader, ERR_MALFORMED, "an entity that is none");
	else
		fes_put_character(&reader->fes->text, c);
}

/* After the ampersand. */
static void fes_entity(struct reader *reader)
{
	static const struct {
		const char *name;
		uint8_t c;
	} entities[] = {{"lt;", '<'}, {"gt;", '>'}, {"amp;", '&'}, {"quot;", '"'}, {"apos;", '\''}};

	if (fes_takes(reader, "#")) {
		fes_number_entity(reader);
		return;
	}
	for (size_t i = 0; i < sizeof(entities) / sizeof(*entities); i++)
		if (fes_takes(reader, entities[i].name)) {
			buf_add_u8(&reader->fes->text, entities[i].c);
			return;
		}
	fes_fault(reader, ERR_MALFORMED, "an entity that is not known");
}

/* Up to this byte, which is not taken. */
static void fes_text(struct reader *reader, int until)
{
	while (fes_look(reader) >= 0 && fes_look(reader) != until) {
		int c = fes_look(reader);
		fes_step(reader);
		if (c == '&')
			fes_entity(reader);
		else if (c == '<')
			fes_fault(reader, ERR_MALFORMED, "a < where none may stand");
		else
			buf_add_u8(&reader->fes->text, (uint8_t)c);
	}
}

static void fes_attribute(struct reader *reader, struct node *node)
{
	struct bytes name = fes_name(reader);
	size_t from = reader->fes->text.len;
	int quote;

	fes_blanks(reader);
	if (!fes_takes(reader, "="))
		fes_fault(reader, ERR_MALFORMED, "an attribute without a value");
	fes_blanks(reader);
	quote = fes_look(reader);
	if (quote != '"' && quote != '\'')
		fes_fault(reader, ERR_MALFORMED, "an attribute without quotes");
	if (reader->err)
		return;
	fes_step(reader);
	fes_text(reader, quote);
	if (fes_look(reader) != quote)
		fes_fault(reader, ERR_MALFORMED, "an attribute that does not end");
	else
		fes_step(reader);
	size_t len = reader->fes->text.len - from;
	if (bytes_eq(name, bytes_str("srsName"))) {
		node->srs = from;
		node->srs_len = len;
	} else if (bytes_eq(name, bytes_str("rid")) || bytes_eq(name, bytes_str("fid"))) {
		node->rid = from;
		node->rid_len = len;
	}
}

static void fes_comment(struct reader *reader)
{
	while (!fes_takes(reader, "-->")) {
		if (fes_look(reader) < 0) {
			fes_fault(reader, ERR_MALFORMED, "a comment that does not end");
			return;
		}
		fes_step(reader);
	}
}

static void fes_element(struct reader *reader, unsigned depth);

static void fes_inside(struct reader *reader, struct node *node)
{
	node->text = reader->fes->text.len;
	while (!reader->err) {
		/* the text of an element with others in it is blanks, and not asked for */
		size_t from = reader->fes->text.len;
		fes_text(reader, '<');
		if (reader->fes->text.len > from)
			node->text = from, node->text_len = reader->fes->text.len - from;
		if (fes_takes(reader, "<!--")) {
			fes_comment(reader);
		} else if (fes_takes(reader, "</")) {
			struct bytes name = fes_name(reader);
			fes_blanks(reader);
			if (!bytes_eq(name, node->name) || !fes_takes(reader, ">"))
				fes_fault(reader, ERR_MALFORMED, "an end that fits no beginning");
			return;
		} else if (fes_look(reader) == '<') {
			fes_element(reader, node->depth + 1);
		} else {
			fes_fault(reader, ERR_MALFORMED, "an element that does not end");
		}
	}
}

static void fes_element(struct reader *reader, unsigned depth)
{
	struct node *node = &reader->nodes[reader->count];

	if (!fes_takes(reader, "<"))
		fes_fault(reader, ERR_MALFORMED, "no element");
	if (reader->count == FES_NODE_MAX || depth > FES_DEPTH_MAX)
		fes_fault(reader, ERR_FULL, "too many elements");
	if (reader->err)
		return;
	reader->count++;
	*node = (struct node){.name = fes_name(reader), .depth = depth};
	while (!reader->err) {
		fes_blanks(reader);
		if (fes_takes(reader, "/>"))
			break;
		if (fes_takes(reader, ">")) {
			fes_inside(reader, node);
			break;
		}
		fes_attribute(reader, node);
	}
	node->end = reader->count;
}

/* Meaning */

static struct bytes fes_text_of(const struct reader *reader, const struct node *node)
{
	struct bytes text = bytes_slice(buf_bytes(&reader->fes->text), node->text, node->text_len);

	while (text.len && fes_is_blank(text.ptr[0]))
		text = bytes_slice(text, 1, text.len);
	while (text.len && fes_is_blank(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

static bool fes_named(const struct node *node, const char *name)
{
	return bytes_eq(node->name, bytes_str(name));
}

/* Two numbers with a blank between. */
static void fes_corner(struct reader *reader, const struct node *node, double *out)
{
	struct bytes text = fes_text_of(reader, node);
	char copy[128], *end;

	if (text.len >= sizeof(copy)) {
		fes_fault(reader, ERR_MALFORMED, "a corner that is none");
		return;
	}
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = 0;
	for (int i = 0; i < 2; i++) {
		const char *from = i ? end : copy;
		out[i] = strtod(from, &end);
		if (end == from || !isfinite(out[i]))
			fes_fault(reader, ERR_MALFORMED, "a corner that is none");
	}
	if (*end)
		fes_fault(reader, ERR_MALFORMED, "a corner that is none");
}

static void fes_take_box(struct reader *reader, const struct node *node)
{
	struct fes *fes = reader->fes;
	bool corners[2] = {false, false};

	for (const struct node *in = node + 1; in < reader->nodes + node->end; in++) {
		if (fes_named(in, "lowerCorner") || fes_named(in, "upperCorner")) {
			bool upper = fes_named(in, "upperCorner");
			fes_corner(reader, in, fes->box + 2 * upper);
			corners[upper] = true;
		} else if (fes_named(in, "Envelope")) {
			fes->srs = bytes_slice(buf_bytes(&fes->text), in->srs, in->srs_len);
		} else if (!fes_named(in, "ValueReference") && !fes_named(in, "PropertyName")) {
			fes_fault(reader, ERR_ABSENT, "a box that is no Envelope");
		}
	}
	if (!corners[0] || !corners[1] || fes->has_box)
		fes_fault(reader, fes->has_box ? ERR_ABSENT : ERR_MALFORMED,
			  fes->has_box ? "two boxes" : "a box without corners");
	fes->has_box = true;
}

static void fes_take_equal(struct reader *reader, const struct node *node)
{
	struct fes *fes = reader->fes;
	const struct node *name = node + 1, *value = node + 2;

	if (node->end != (size_t)(node - reader->nodes) + 3 || !fes_named(value, "Literal") ||
	    (!fes_named(name, "ValueReference") && !fes_named(name, "PropertyName"))) {
		fes_fault(reader, ERR_ABSENT,
			  "a comparison of other things than a property and a text");
		return;
	}
	if (fes->equal_count == FES_EQUAL_MAX) {
		fes_fault(reader, ERR_FULL, "too many comparisons");
		return;
	}
	fes->equals[fes->equal_count++] =
		(struct fes_equal){fes_text_of(reader, name), fes_text_of(reader, value)};
}

static void fes_take_id(struct reader *reader, const struct node *node)
{
	struct fes *fes = reader->fes;

	if (fes->has_ids)
		buf_add_u8(&fes->ids, ',');
	fes->has_ids = true;
	buf_add(&fes->ids, bytes_slice(buf_bytes(&fes->text), node->rid, node->rid_len));
}

/* One of which all must hold. */
static void fes_take_condition(struct reader *reader, const struct node *node, bool alone)
{
	if (fes_named(node, "BBOX")) {
		fes_take_box(reader, node);
	} else if (fes_named(node, "PropertyIsEqualTo")) {
		fes_take_equal(reader, node);
	} else if (alone && (fes_named(node, "ResourceId") || fes_named(node, "FeatureId"))) {
		fes_take_id(reader, node);
	} else if (fes_named(node, "And")) {
		for (const struct node *in = node + 1; in < reader->nodes + node->end;
		     in = reader->nodes + in->end)
			fes_take_condition(reader, in, false);
	} else {
		fes_fault(reader, ERR_ABSENT, "an operator that is not known here");
	}
}

static void fes_take(struct reader *reader)
{
	const struct node *filter = reader->nodes, *end = reader->nodes + reader->count;
	bool ids = filter + 1 < end &&
		   (fes_named(filter + 1, "ResourceId") || fes_named(filter + 1, "FeatureId"));

	if (!fes_named(filter, "Filter") || filter + 1 == end) {
		fes_fault(reader, ERR_MALFORMED, "no Filter");
		return;
	}
	for (const struct node *in = filter + 1; in < end; in = reader->nodes + in->end) {
		if (in > filter + 1 && !ids)
			fes_fault(reader, ERR_MALFORMED, "more than one condition in a Filter");
		fes_take_condition(reader, in, true);
	}
}

enum err fes_read(struct fes *fes, struct bytes text, char *why)
{
	struct reader *reader = mem_new(1, sizeof(*reader));
	struct bytes rest = text;
	uint32_t c;
	enum err err;

	*fes = (struct fes){0};
	buf_init(&fes->text, FES_LEN_MAX);
	buf_init(&fes->ids, FES_LEN_MAX);
	reader->fes = fes;
	reader->in = text;
	if (text.len > FES_LEN_MAX)
		fes_fault(reader, ERR_FULL, "too many bytes");
	while (rest.len && !reader->err) {
		size_t len = utf8_next(rest, &c);
		if (!len || !c)
			fes_fault(reader, ERR_MALFORMED, "no UTF-8");
		rest = bytes_slice(rest, len ? len : 1, rest.len);
	}
	/* all texts have room at once, so none moves while others look at it */
	if (!reader->err && buf_space(&fes->text, text.len + 1))
		buf_reset(&fes->text);
	fes_blanks(reader);
	if (fes_takes(reader, "<?xml"))
		while (fes_look(reader) >= 0 && !fes_takes(reader, "?>"))
			fes_step(reader);
	fes_blanks(reader);
	fes_element(reader, 1);
	fes_blanks(reader);
	if (fes_look(reader) >= 0)
		fes_fault(reader, ERR_MALFORMED, "something behind its end");
	if (!reader->err)
		fes_take(reader);
	buf_add_u8(&fes->ids, 0);
	if (!reader->err && (fes->text.err || fes->ids.err))
		fes_fault(reader, ERR_FULL, "too many bytes");
	err = reader->err;
	if (err)
		snprintf(why, WHY_LEN, "the filter has %s", reader->wrong);
	free(reader);
	return err;
}

void fes_fini(struct fes *fes)
{
	buf_fini(&fes->text);
	buf_fini(&fes->ids);
}
