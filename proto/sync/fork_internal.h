/*
 * fork_internal - what the files of fork.h share: fork.c says what counts, fork_tell.c who hears of
 * it and what the many do, fork_settle.c how it ends.
 */
#ifndef ALLMENDE_FORK_INTERNAL_H
#define ALLMENDE_FORK_INTERNAL_H

#include "proto/charter/charter_entry.h"
#include "proto/sync/flow.h"
#include "proto/sync/fork.h"

/* Entries of a number that are kept aside. */
struct walk fork_walk_aside(struct txn *txn, uint32_t number);
/* The id of the own entry of a number. */
bool fork_own_id(struct txn *txn, uint32_t number, struct digest *id);
/* Of two settlements, or of a settlement and another entry, of one number. */
bool fork_settles_over(const struct charter_entry *other, const struct charter_entry *own);
/* charter_accept(), and what follows for member numbers that have become others'. */
enum err fork_append(struct hub *hub, struct txn *txn, struct bytes whole);
/* An entry of this number is kept out, and all shall hear of it. */
void fork_tell_kept(struct hub *hub, uint32_t number);

#endif
