/*
 * icon - the small pictures of pages: each stands beside a word that says the same.
 */
#ifndef ALLMENDE_ICON_H
#define ALLMENDE_ICON_H

enum icon {
	ICON_SEARCH,
	ICON_OPEN,
	ICON_MEMBERS,
	ICON_GRANTED,
	ICON_HIDDEN,
	ICON_DOWNLOAD,
	ICON_COUNT
};

/* Markup: an inline SVG that screen readers pass over. */
const char *icon_svg(enum icon icon);

#endif
