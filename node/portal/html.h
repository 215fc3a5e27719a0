/*
 * html - pages for people, as plain as they can be: one frame, and texts that stay texts.
 */
#ifndef ALLMENDE_HTML_H
#define ALLMENDE_HTML_H

#include "node/web/web_call.h"

#define HTML_LEN_MAX (8u * 1024 * 1024)

struct html {
	struct buf out;
	bool german;
};

/* Up to the heading, in the language of the visitor. head: more of <head>, or NULL. */
void html_begin(struct html *html, struct web_call *call, struct bytes title,
		const struct buf *head);
/* Answers with it. */
void html_end(struct html *html, struct web_call *call);
/* Markup of our own. */
void html_put(struct html *html, const char *markup);
/* One of two, by the language. */
void html_say(struct html *html, const char *german, const char *english);
/* Whatever it is, shown as it is; in attributes, too. */
void html_text(struct html *html, struct bytes text);
/* Lines as paragraphs. */
void html_paragraphs(struct html *html, struct bytes text);
/* A row of <dl>, when there is something to say. */
void html_fact(struct html *html, const char *german, const char *english, struct bytes text);
void html_link(struct html *html, struct bytes href, struct bytes text);

#endif
