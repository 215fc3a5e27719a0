#include "node/ogc/ogc.h"

#include <string.h>

#include "node/ogc/xml.h"

#define PAGE_LEN_MAX OGC_ANSWER_LEN_MAX

void page_text(struct buf *out, struct bytes text)
{
	struct xml xml = xml_part(out);

	xml_text(&xml, text);
}

void page_link(struct buf *out, const char *href, const char *text)
{
	struct xml xml = xml_part(out);

	xml_open(&xml, "a");
	xml_attr(&xml, "href", href);
	xml_text(&xml, bytes_str(text));
	/* an empty one would close itself, which HTML does not know */
	xml_text(&xml, bytes_str(""));
	xml_close(&xml, "a");
}

void page_begin(struct web_call *call, struct buf *out, const char *title)
{
	buf_init(out, PAGE_LEN_MAX);
	buf_add(out, bytes_str("<!DOCTYPE html>\n<html lang=\""));
	buf_add(out, bytes_str(web_german(call) ? "de" : "en"));
	buf_add(out, bytes_str("\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
			       "content=\"width=device-width\"><title>"));
	page_text(out, bytes_str(title));
	buf_add(out, bytes_str("</title></head><body><main><h1>"));
	page_text(out, bytes_str(title));
	buf_add(out, bytes_str("</h1>\n"));
}

void page_end(struct buf *out)
{
	buf_add(out, bytes_str("\n</main></body></html>\n"));
}

void page_answer(struct web_call *call, struct buf *taken)
{
	if (taken->err) {
		buf_fini(taken);
		ogc_fail(call, 500, "InternalServerError", "the page is too long");
		return;
	}
	web_text(call, 200, "text/html; charset=utf-8", taken);
}
