/* What the files of this room share. */
#ifndef ALLMENDE_AUDIT_INTERNAL_H
#define ALLMENDE_AUDIT_INTERNAL_H

#include "proto/audit/entry.h"

struct hub;
struct txn;

/* Says for each account what was left out since this was said last. */
void audit_accounts_tell(struct hub *hub, struct txn *txn);

/* An entry goes: what it says of lines and bars stays, as what the log begins with (known.h). */
void audit_base_fold(struct txn *txn, const struct audit_entry *entry);

#endif
