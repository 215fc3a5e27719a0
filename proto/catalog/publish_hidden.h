/*
 * publish_hidden - what is different when a dataset is hidden: which one a name means, and its key.
 * Private to publish.c.
 */
#ifndef ALLMENDE_PUBLISH_HIDDEN_H
#define ALLMENDE_PUBLISH_HIDDEN_H

#include "proto/catalog/catalog.h"

/* In the namespace of another, first. ERR_DENIED: hidden, and published by its owner alone. */
enum err publish_hidden_foreign(struct hub *hub, struct txn *txn,
				const struct publish_options *options, char *why);
/*
 * Which dataset a publication is of, for whoever may publish there: sets path and name of out, and
 * of what is hidden tier and dataset. ERR_DENIED: nothing becomes hidden, or stops being so;
 * ERR_CONFIG: several are called so, or what it is called is not known.
 */
enum err publish_hidden_place(struct hub *hub, struct txn *txn,
			      const struct publish_options *options, struct publication *out,
			      char *why);
/*
 * Its own epoch. ERR_AGAIN: another node makes that, and has been asked; or a key is not here, or
 * due.
 */
enum err publish_hidden_key(struct hub *hub, struct txn *txn, struct publication *out, char *why);

#endif
