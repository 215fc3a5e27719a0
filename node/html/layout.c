#include "node/html/layout.h"

#include <string.h>

#include "node/html/embedded.h"

/* Three circles that overlap: what belongs to all. */
static const char brand[] =
	"<svg viewBox=\"0 0 32 32\" aria-hidden=\"true\" focusable=\"false\" fill=\"none\" "
	"stroke=\"currentColor\" stroke-width=\"2\"><circle cx=\"16\" cy=\"11\" r=\"8\"/>"
	"<circle cx=\"10.5\" cy=\"20.5\" r=\"8\"/><circle cx=\"21.5\" cy=\"20.5\" r=\"8\"/></svg>";

static void html_head_put(struct html *html, const struct layout *layout)
{
	html_put(html, "<!DOCTYPE html>\n<html lang=\"");
	html_put(html, language_tag(layout->language));
	html_put(html, "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
		       "content=\"width=device-width, initial-scale=1\">\n"
		       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_text(html, layout->title);
	if (layout->whose.len) {
		html_put(html, " – Allmende ");
		html_text(html, layout->whose);
	}
	html_put(html, "</title>\n<link rel=\"icon\" href=\"data:,\">\n"
		       "<link rel=\"stylesheet\" href=\"/assets/style.css?v=");
	html_put(html, embedded_find("style.css")->mark);
	html_put(html, "\">\n");
	if (layout->head)
		buf_add(&html->out, buf_bytes(layout->head));
	html_put(html, "</head>\n");
}

static void place_put(struct html *html, const struct layout *layout, enum layout_place place,
		      const char *href, const char *label)
{
	html_put(html, "<li><a href=\"");
	html_put(html, href);
	html_put(html, layout->place == place ? "\" aria-current=\"page\">" : "\">");
	html_say(html, label);
	html_put(html, "</a></li>");
}

static void top_put(struct html *html, const struct layout *layout)
{
	html_put(html, "<body>\n<a class=\"skip\" href=\"#content\">");
	html_say(html, "Skip to the content");
	html_put(html, "</a>\n<header class=\"top\">\n<div class=\"wrap\">\n"
		       "<a class=\"brand\" href=\"/\">");
	html_put(html, brand);
	html_put(html, "<span>Allmende <small>");
	html_text(html, layout->whose);
	html_put(html, "</small></span></a>\n<nav class=\"nav\" aria-label=\"");
	html_say(html, "Main menu");
	html_put(html, "\"><ul>");
	place_put(html, layout, LAYOUT_CATALOGUE, "/", TEXT("Catalogue"));
	html_put(html, "</ul></nav>\n</div>\n</header>\n");
}

void layout_begin(struct html *html, const struct layout *layout)
{
	html_init(html, layout->language);
	html_head_put(html, layout);
	top_put(html, layout);
	html_put(html, "<main id=\"content\" tabindex=\"-1\">\n<div class=\"wrap\">\n");
}

void layout_title(struct html *html, const struct layout *layout)
{
	html_put(html, "<div class=\"head\">\n<h1>");
	html_foreign(html, layout->title);
	html_put(html, "</h1>\n");
	if (layout->lede) {
		html_put(html, "<p class=\"lede\">");
		html_say(html, layout->lede);
		html_put(html, "</p>\n");
	}
	html_put(html, "</div>\n");
}

static void foot_link(struct html *html, const char *href, const char *label)
{
	html_put(html, "<li><a href=\"");
	html_put(html, href);
	html_put(html, "\">");
	html_say(html, label);
	html_put(html, "</a></li>\n");
}

void layout_end(struct html *html)
{
	html_put(html, "</div>\n</main>\n<footer class=\"foot\">\n<div class=\"wrap\">\n<ul>\n");
	foot_link(html, "/catalog.ttl", TEXT("Catalogue for portals (DCAT-AP.de)"));
	foot_link(html, "/ogc", TEXT("Maps (OGC API Features)"));
	foot_link(html, "/api/v1/openapi.json", TEXT("Interface for programs"));
	foot_link(html, "/feed.atom", TEXT("News feed (Atom)"));
	html_put(html, "</ul>\n</div>\n</footer>\n</body>\n</html>\n");
}
