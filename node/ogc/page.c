#include "node/ogc/ogc.h"

#include <string.h>

#include "node/ogc/xml.h"

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
	struct layout layout = web_layout(call, bytes_str(title));
	struct html html;

	layout_begin(&html, &layout);
	layout_title(&html, &layout);
	*out = html.out;
}

void page_end(struct web_call *call, struct buf *out)
{
	struct layout layout = web_layout(call, bytes_of(NULL, 0));
	struct html html = {*out, layout.language};

	layout_end(&html);
	*out = html.out;
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
