/*
 * entry - a version as lists and answers show it: ENTRY of docs/API.md, who can read it, who holds
 * it.
 */
#ifndef ALLMENDE_ENTRY_H
#define ALLMENDE_ENTRY_H

#include <jansson.h>

#include "proto/catalog/catalog.h"

json_t *api_entry(const struct catalog_entry *entry);
/* Sets "readers": words, or where there are grants a list of them, "Landkreis Meißen until
   2027-11-20". */
void api_readers(json_t *object, struct hub *hub, struct txn *txn,
		 const struct catalog_entry *entry);
/* Sets "held_by", "claimed_by", "holders" and "copies". */
void api_holders(json_t *object, struct hub *hub, struct txn *txn,
		 const struct catalog_entry *entry);

#endif
