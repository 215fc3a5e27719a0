/*
 * html - one page while it is written: markup of our own, texts from the catalogue, and foreign
 * texts, which stay texts.
 */
#ifndef ALLMENDE_HTML_H
#define ALLMENDE_HTML_H

#include "crypto/bytes.h"
#include "node/html/icon.h"
#include "node/html/texts.h"

#define HTML_LEN_MAX (32u * 1024 * 1024)

struct html {
	struct buf out; /* of at most HTML_LEN_MAX; faults stick */
	enum language language;
};

void html_init(struct html *html, enum language language);
void html_fini(struct html *html); /* who takes out instead need not call it */

/* Markup of our own, as it is. */
void html_put(struct html *html, const char *markup);
void html_icon(struct html *html, enum icon icon);
/* A text of the catalogue; it may be markup of our own. */
void html_say(struct html *html, const char *text);
/* The same with what it speaks of, as printf() has it; all of it is shown as it is. */
void html_format(struct html *html, const char *text, ...) __attribute__((format(printf, 2, 3)));
/* Of two, by the number, which stands for %s. */
void html_count(struct html *html, const char *one, const char *many, uint64_t count);

/* Foreign text, shown as it is; in attributes, too. What steers the direction of writing, or is not
   to be seen, is shown as a mark. */
void html_text(struct html *html, struct bytes text);
/* The same, apart from the direction of what stands around it: for titles, names, cells. */
void html_foreign(struct html *html, struct bytes text);
/* A path, with places where its line may be broken. */
void html_path(struct html *html, const char *path);
void html_paragraphs(struct html *html, struct bytes text);
/* href and text are foreign. */
void html_link(struct html *html, struct bytes href, struct bytes text);
/* A row of <dl class="facts">, when there is something to say; label of the catalogue. */
void html_fact(struct html *html, const char *label, struct bytes text);

#endif
