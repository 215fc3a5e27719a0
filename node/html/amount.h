/*
 * amount - numbers, sizes and times as people read them, in their language.
 */
#ifndef ALLMENDE_AMOUNT_H
#define ALLMENDE_AMOUNT_H

#include "node/html/html.h"

#define AMOUNT_LEN 48

/* "1.169", "1,169" */
void amount_number(char out[AMOUNT_LEN], enum language language, uint64_t number);
/* Of bytes, three digits, by powers of 1,000: "694 kB", "1,53 GB". */
void amount_size(char out[AMOUNT_LEN], enum language language, uint64_t bytes);
/* Another number each day of that time zone: so long stays what amount_time() says. */
uint64_t amount_day(int64_t now_ms);
/* A day, or a moment of today, in the time zone of the machine: "22.08.2026", "heute, 06:12 Uhr",
   with the exact moment behind it (<time>). Unix time in milliseconds. */
void amount_time_put(struct html *html, int64_t ms, int64_t now_ms);

#endif
