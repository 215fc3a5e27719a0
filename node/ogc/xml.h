/*
 * xml - XML as it is written: elements, attributes, texts; escaped, well formed.
 *
 *	struct xml xml = xml_begin(&out);
 *	xml_open(&xml, "ows:Title");
 *	xml_attr(&xml, "xml:lang", "de");
 *	xml_text(&xml, bytes_str(title));
 *	xml_close(&xml, "ows:Title");
 *
 * Names are the program's own or made by xml_name(). Characters that XML cannot say, not even
 * escaped (U+0001 and such), become U+FFFD. Text is UTF-8.
 */
#ifndef ALLMENDE_XML_H
#define ALLMENDE_XML_H

#include "crypto/bytes.h"

struct xml {
	struct buf *out; /* borrowed; its err is the only one */
	bool in_tag;     /* attributes may follow */
};
struct xml xml_begin(struct buf *out); /* with the declaration */
struct xml xml_part(struct buf *out);  /* without: of a larger whole */
void xml_open(struct xml *xml, const char *name);
void xml_attr(struct xml *xml, const char *name, const char *value);
void xml_text(struct xml *xml, struct bytes text);
void xml_close(struct xml *xml, const char *name);
/* <name>text</name> */
void xml_leaf(struct xml *xml, const char *name, const char *text);

/* Appends a name of letters, digits, '.', '-' and '_' that begins like one, made of any text; with
   terminating zero that does not count. */
void xml_name(struct buf *out, struct bytes text);

#endif
