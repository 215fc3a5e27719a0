/*
 * db_internal - what scrub needs of db and nobody else may use.
 */
#ifndef ALLMENDE_DB_INTERNAL_H
#define ALLMENDE_DB_INTERNAL_H

#include "store/db.h"

/* As walk_next(), but a row whose checksum is wrong is reported in *damaged (with its whole stored
   value) instead of failing the transaction. */
bool walk_next_damaged(struct walk *walk, bool *damaged);

#endif
