#include "node/ogc/ogc.h"

void ogc_page_begin(struct web_call *call, struct html *page, const char *title)
{
	struct layout layout = web_layout(call, bytes_str(title));

	layout_begin(page, &layout);
	layout_title(page, &layout);
}

void ogc_page_answer(struct web_call *call, struct html *taken)
{
	layout_end(taken);
	if (taken->out.err) {
		html_fini(taken);
		ogc_fail(call, 500, "InternalServerError", "the page is too long");
		return;
	}
	web_text(call, 200, "text/html; charset=utf-8", &taken->out);
}
