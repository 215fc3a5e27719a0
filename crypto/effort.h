/*
 * effort - how many operations on curves this thread has made: signatures made and checked, keys
 * admitted, secrets agreed upon. They are what costs most of all that a stranger can cause, so they
 * are counted where they happen, and nobody can forget it.
 */
#ifndef ALLMENDE_EFFORT_H
#define ALLMENDE_EFFORT_H

#include <stdint.h>

void effort_add(void);      /* one more */
uint64_t effort_made(void); /* by this thread, since it began */

#endif
