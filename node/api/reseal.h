/*
 * What would be sealed again, for whoever shows it. Private to this room.
 */
#ifndef ALLMENDE_API_RESEAL_H
#define ALLMENDE_API_RESEAL_H

#include <jansson.h>

#include "proto/hub/hub.h"

struct reseal_list {
	json_t *datasets;
	uint64_t count, bytes; /* sealed, as they are now */
};
void reseal_list_begin(struct reseal_list *list);
/* Own current versions at or below a path. */
void reseal_list_add(struct reseal_list *list, struct hub *hub, struct txn *txn,
		     struct bytes prefix);
json_t *reseal_list_json(struct reseal_list *list); /* takes what is in it */

#endif
