/*
 * clock - the two clocks of the command line, in milliseconds.
 */
#ifndef ALLMENDE_TOOLS_CLOCK_H
#define ALLMENDE_TOOLS_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);   /* since 1970 */
int64_t clock_steady_ms(void); /* only goes forward; for spans */
void clock_nap_ms(int64_t ms);

#endif
