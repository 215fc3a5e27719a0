/*
 * opened - which datasets this node has shown to everybody: so that who had an address hears that
 * what it named was withdrawn, and nobody hears of a withdrawal of what was never open.
 *
 * A file of 8 bytes a dataset, DIR/derived/opened: an id that stands there once is in the set, and
 * twice is out of it again. It may be deleted; then what was withdrawn is like what was never
 * there. Any thread. At most OPENED_COUNT_MAX are remembered.
 */
#ifndef ALLMENDE_OPENED_H
#define ALLMENDE_OPENED_H

#include <stdbool.h>

#include "crypto/id.h"

#define OPENED_COUNT_MAX (1u << 20)

struct opened_set;
struct opened_set *opened_set_open(const char *dir);
void opened_set_close(struct opened_set *set);
bool opened_set_has(struct opened_set *set, const struct dataset_id *dataset);
/* It was shown to everybody. */
void opened_set_add(struct opened_set *set, const struct dataset_id *dataset);
/* Something has changed: it may not be open any more. */
void opened_set_drop(struct opened_set *set, const struct dataset_id *dataset);

#endif
