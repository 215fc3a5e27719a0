/*
 * form - what a short text of a description has to look like: a date, an IRI, a mail address.
 *
 * Each takes bytes from anywhere and says whether they have the form; none looks anything up.
 */
#ifndef ALLMENDE_FORM_H
#define ALLMENDE_FORM_H

#include <stdbool.h>

#include "crypto/bytes.h"

#define FORM_DATE_LEN_MAX  20
#define FORM_PLACE_LEN_MAX 12

/* YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ; a day that the calendar has. */
bool form_date(struct bytes text);
/* Letters, digits, . _ / - ( ): of a vocabulary, without its IRI. */
bool form_code(struct bytes text);
/* SCHEME:REST without blanks and what RFC 3987 leaves out: " < > \ ^ ` { | } */
bool form_iri(struct bytes text);
/* LOCAL@HOST: one @, no blanks, nothing that would end a mailto: or an angle bracket. */
bool form_email(struct bytes text);
/* Digits, at least three, and blanks, + ( ) / - . between them. */
bool form_phone(struct bytes text);
/* Digits, as many as a key of a place has: 2 state, 3 region, 5 district, 8 municipality (AGS),
   9 association, 12 regional key (ARS). */
bool form_place(struct bytes text);

#endif
