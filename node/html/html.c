#include "node/html/html.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/utf8.h"
#include "node/html/amount.h"
#include "node/http/markup.h"

#define SENTENCE_LEN_MAX 2048

void html_init(struct html *html, enum language language)
{
	buf_init(&html->out, HTML_LEN_MAX);
	html->language = language;
}

void html_fini(struct html *html)
{
	buf_fini(&html->out);
}

/* Our own */

void html_put(struct html *html, const char *markup)
{
	buf_add(&html->out, bytes_str(markup));
}

void html_icon(struct html *html, enum icon icon)
{
	html_put(html, icon_svg(icon));
}

void html_say(struct html *html, const char *text)
{
	html_put(html, text_say(html->language, text));
}

void html_format(struct html *html, const char *text, ...)
{
	char sentence[SENTENCE_LEN_MAX];
	va_list args;

	va_start(args, text);
	vsnprintf(sentence, sizeof(sentence), text_say(html->language, text), args);
	va_end(args);
	html_text(html, utf8_cut(bytes_str(sentence), sizeof(sentence) - 1));
}

void html_count(struct html *html, const char *one, const char *many, uint64_t count)
{
	char sentence[SENTENCE_LEN_MAX], number[AMOUNT_LEN];

	amount_number(number, html->language, count);
	snprintf(sentence, sizeof(sentence), text_of_count(html->language, one, many, count),
		 number);
	html_text(html, utf8_cut(bytes_str(sentence), sizeof(sentence) - 1));
}

/* Foreign */

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

void html_foreign(struct html *html, struct bytes text)
{
	html_put(html, "<bdi>");
	html_text(html, text);
	html_put(html, "</bdi>");
}

void html_path(struct html *html, const char *path)
{
	for (const char *end; *path; path = end) {
		end = path + strcspn(path, "/");
		end += *end == '/';
		html_text(html, bytes_of(path, (size_t)(end - path)));
		if (*end)
			html_put(html, "<wbr>");
	}
}

void html_paragraphs(struct html *html, struct bytes text)
{
	while (text.len) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;

		if (len) {
			html_put(html, "<p dir=\"auto\">");
			html_text(html, bytes_slice(text, 0, len));
			html_put(html, "</p>\n");
		}
		text = bytes_slice(text, len + (end != NULL), text.len);
	}
}

void html_link(struct html *html, struct bytes href, struct bytes text)
{
	html_put(html, "<a href=\"");
	html_text(html, href);
	html_put(html, "\">");
	html_foreign(html, text);
	html_put(html, "</a>");
}

void html_fact(struct html *html, const char *label, struct bytes text)
{
	if (!text.len)
		return;
	html_put(html, "<div><dt>");
	html_say(html, label);
	html_put(html, "</dt><dd>");
	html_foreign(html, text);
	html_put(html, "</dd></div>\n");
}
