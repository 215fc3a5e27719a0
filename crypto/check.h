/*
 * check - assertions about our own mistakes, compiled into every build.
 *
 * No input may ever reach a check: what a peer, a file or a client controls is an error code.
 * Small allocations go through mem_new() and friends, which end the program with a message
 * when memory is gone; anything whose size a peer, a file or a client controls goes through
 * struct buf, which has a maximum and reports ERR_NOMEM.
 */
#ifndef ALLMENDE_CHECK_H
#define ALLMENDE_CHECK_H

#include <stddef.h>

#define check(x) ((x) ? (void)0 : check_failed(#x, __FILE__, __LINE__))

__attribute__((noreturn)) void check_failed(const char *what, const char *file, int line);

/* Says how much was asked for and ends the program. */
__attribute__((noreturn)) void mem_gone(size_t count, size_t size);
/* Zeroed memory; ends the program when there is none. Release with free(). */
void *mem_new(size_t count, size_t size);
/* Grows an array to count elements of size; the new part is not zeroed. */
void *mem_grow(void *ptr, size_t count, size_t size);
/*
 * Room for one more element of size behind the first count of an array that has room for *cap:
 * grows it to twice as many when it is full. The one way in which lists grow: list->items =
 * mem_room(list->items, list->count, &list->cap, sizeof(*list->items));
 */
void *mem_room(void *items, size_t count, size_t *cap, size_t size);
char *mem_str(const char *text);

#endif
