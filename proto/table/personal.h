/*
 * personal - whether a text looks like what belongs to one person: an account, a mail address, a
 * telephone number, a number with which an office knows somebody, a name.
 *
 * Pure functions over one cell of a table, UTF-8. What has a check digit is believed only with the
 * right one. They know shapes, not people: a name that is in no list, or a number without its
 * heading, passes for nothing. Who puts columns together is guard.h.
 */
#ifndef ALLMENDE_PERSONAL_H
#define ALLMENDE_PERSONAL_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"

/* The first IBAN in the text (ISO 13616: length of its country, remainder 97), blanks allowed. */
bool personal_iban(struct bytes text, struct bytes *found);
/*
 * The first mail address in the text that is a person's: at one of the large free providers, or
 * with two names before the @. What an office has (info@, poststelle@, kita-am-weg@) is none.
 */
bool personal_mail(struct bytes text, struct bytes *found);

enum personal_phone { PHONE_NONE, PHONE_LANDLINE, PHONE_MOBILE };
/* The whole text. told: the heading says that these are telephone numbers; else digits alone are
   none, as keys of places begin with 0, too. */
enum personal_phone personal_phone(struct bytes text, bool told);

/* The whole text. Steuer-Identifikationsnummer (11 digits, ISO 7064 MOD 11,10, § 139b AO). */
bool personal_tax_id(struct bytes text);
/* Krankenversichertennummer (letter and 9 digits, § 290 SGB V). */
bool personal_health_id(struct bytes text);
/* Rentenversicherungsnummer (12 characters, § 2 VKVV). */
bool personal_pension_id(struct bytes text);

/* Two to four words of which the first, or after a comma the second, is a first name. */
bool personal_name(struct bytes text);
/* One word that is in the list of first names; of Hans-Peter the first half. */
bool personal_first_name(struct bytes word);

#define PERSONAL_NO_DAY INT32_MIN
/*
 * The day of a date: 1985-03-12 (a time may follow), 12.3.1985, 12.03.85, 12/03/1985. Counted from
 * 1970-01-01. Of a year with two digits the latest such day that is not after today.
 */
int32_t personal_day(struct bytes text, int32_t today);

#define PERSONAL_MASKED_LEN 48
/* The text with its first keep characters; of all others letters and digits become '*'. Cut. */
void personal_mask(char out[PERSONAL_MASKED_LEN], struct bytes text, size_t keep);

#endif
