/*
 * catalogue - the page on which people find datasets: what they search for, the filters with how
 * many of each there are, and fifty results at a time. A form of GET: every state of it has an
 * address that can be passed on, and it does without scripts.
 *
 *	q words   ort organisation   thema theme   stufe tier   format   alter how new
 *	sort "titel", else the newest first (with words: the best)   seite page, from 1
 */
#ifndef ALLMENDE_CATALOGUE_H
#define ALLMENDE_CATALOGUE_H

#include "node/web/web_call.h"

#define CATALOGUE_PAGE_COUNT 50

/* Those that the page takes. */
extern const struct route_param catalogue_params[];

/* Answers, with a page. */
void catalogue_serve(struct web_call *call);

#endif
