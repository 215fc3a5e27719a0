/*
 * layout - what all pages have in common: the head, the way around, the foot.
 */
#ifndef ALLMENDE_HTML_LAYOUT_H
#define ALLMENDE_HTML_LAYOUT_H

#include "node/html/html.h"

enum layout_place { LAYOUT_ELSEWHERE, LAYOUT_CATALOGUE };

struct layout { /* all borrowed */
	enum language language;
	struct bytes title; /* foreign */
	const char *lede;   /* of the catalogue of texts, or NULL */
	struct bytes whose; /* the name of the organisation whose node this is */
	enum layout_place place;
	const struct buf *head; /* more of <head>; or NULL */
};

/* Up to the heading; layout_title() writes that, unless a page has its own. */
void layout_begin(struct html *html, const struct layout *layout);
void layout_title(struct html *html, const struct layout *layout);
void layout_end(struct html *html);

#endif
