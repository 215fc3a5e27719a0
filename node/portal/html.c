#include "node/portal/html.h"

#include <string.h>

#include "crypto/utf8.h"
#include "node/http/markup.h"

void html_put(struct html *html, const char *markup)
{
	buf_add(&html->out, bytes_str(markup));
}

void html_say(struct html *html, const char *german, const char *english)
{
	html_put(html, html->german ? german : english);
}

/* What turns the direction of writing, or is not to be seen, is shown as a mark. */
void html_text(struct html *html, struct bytes text)
{
	struct buf *out = &html->out;
	size_t len;
	uint32_t c;

	for (size_t i = 0; i < text.len; i += len ? len : 1) {
		struct bytes at = bytes_slice(text, i, text.len);

		len = utf8_next(at, &c);
		if (!len || (utf8_unsafe(c) && c != '\n' && c != '\t'))
			buf_add(out, bytes_str("\xef\xbf\xbd"));
		else if (c == '\'')
			buf_add(out, bytes_str("&#39;"));
		else if (!markup_special(out, c))
			buf_add(out, bytes_slice(at, 0, len));
	}
}

void html_begin(struct html *html, struct web_call *call, struct bytes title,
		const struct buf *head)
{
	buf_init(&html->out, HTML_LEN_MAX);
	html->german = web_german(call);
	html_put(html, "<!DOCTYPE html>\n<html lang=\"");
	html_say(html, "de", "en");
	html_put(html, "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
		       "content=\"width=device-width, initial-scale=1\">\n<title>");
	html_text(html, title);
	html_put(html, "</title>\n");
	if (head)
		buf_add(&html->out, buf_bytes(head));
	html_put(html, "</head>\n<body>\n<main>\n<h1>");
	html_text(html, title);
	html_put(html, "</h1>\n");
}

void html_end(struct html *html, struct web_call *call)
{
	html_put(html, "</main>\n</body>\n</html>\n");
	web_text(call, 200, "text/html; charset=utf-8", &html->out);
}

void html_paragraphs(struct html *html, struct bytes text)
{
	while (text.len) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;

		if (len) {
			html_put(html, "<p>");
			html_text(html, bytes_slice(text, 0, len));
			html_put(html, "</p>\n");
		}
		text = bytes_slice(text, len + (end != NULL), text.len);
	}
}

void html_fact(struct html *html, const char *german, const char *english, struct bytes text)
{
	if (!text.len)
		return;
	html_put(html, "<dt>");
	html_say(html, german, english);
	html_put(html, "</dt><dd>");
	html_text(html, text);
	html_put(html, "</dd>\n");
}

void html_link(struct html *html, struct bytes href, struct bytes text)
{
	html_put(html, "<a href=\"");
	html_text(html, href);
	html_put(html, "\">");
	html_text(html, text);
	html_put(html, "</a>");
}
