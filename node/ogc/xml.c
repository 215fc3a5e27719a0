#include "node/ogc/xml.h"

#include <string.h>

#include "crypto/utf8.h"
#include "node/http/markup.h"

struct xml xml_part(struct buf *out)
{
	return (struct xml){.out = out};
}

struct xml xml_begin(struct buf *out)
{
	buf_add(out, bytes_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
	return xml_part(out);
}

static void tag_ends(struct xml *xml)
{
	if (xml->in_tag)
		buf_add_u8(xml->out, '>');
	xml->in_tag = false;
}

void xml_open(struct xml *xml, const char *name)
{
	tag_ends(xml);
	buf_add_u8(xml->out, '<');
	buf_add(xml->out, bytes_str(name));
	xml->in_tag = true;
}

static void add_escaped(struct buf *out, struct bytes text)
{
	while (text.len) {
		uint32_t c;
		size_t len = utf8_next(text, &c);
		if (!len || (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f || c == 0xfffe ||
		    c == 0xffff)
			buf_add(out, bytes_str("\xef\xbf\xbd"));
		else if (!markup_special(out, c))
			buf_add(out, bytes_slice(text, 0, len));
		text = bytes_slice(text, len ? len : 1, text.len);
	}
}

void xml_attr(struct xml *xml, const char *name, const char *value)
{
	buf_add_u8(xml->out, ' ');
	buf_add(xml->out, bytes_str(name));
	buf_add(xml->out, bytes_str("=\""));
	add_escaped(xml->out, bytes_str(value));
	buf_add_u8(xml->out, '"');
}

void xml_text(struct xml *xml, struct bytes text)
{
	tag_ends(xml);
	add_escaped(xml->out, text);
}

void xml_close(struct xml *xml, const char *name)
{
	if (xml->in_tag) {
		buf_add(xml->out, bytes_str("/>"));
		xml->in_tag = false;
		return;
	}
	buf_add(xml->out, bytes_str("</"));
	buf_add(xml->out, bytes_str(name));
	buf_add_u8(xml->out, '>');
}

void xml_leaf(struct xml *xml, const char *name, const char *text)
{
	xml_open(xml, name);
	xml_text(xml, bytes_str(text));
	xml_close(xml, name);
}

/* Letters as XML has them, but for a few beyond the basic plane that nobody misses. */
static bool xml_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c >= 0xc0 && c <= 0x2ff && c != 0xd7 && c != 0xf7) || (c >= 0x370 && c <= 0x37d) ||
	       (c >= 0x37f && c <= 0x1fff);
}

static bool xml_inner(uint32_t c)
{
	return xml_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

void xml_name(struct buf *out, struct bytes text)
{
	bool first = true;

	if (!text.len)
		buf_add_u8(out, '_');
	while (text.len) {
		uint32_t c = 0;
		size_t len = utf8_next(text, &c);
		if (first && !xml_letter(c))
			buf_add_u8(out, '_');
		if (len && xml_inner(c))
			buf_add(out, bytes_slice(text, 0, len));
		else if (!first)
			buf_add_u8(out, '_');
		first = false;
		text = bytes_slice(text, len ? len : 1, text.len);
	}
	buf_add_u8(out, 0);
	if (!out->err)
		out->len--;
}
