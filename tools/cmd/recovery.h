/*
 * recovery - an organisation comes back by its recovery sheet: what a member says of it, and the
 * node that is made of that. For `init --recover`.
 */
#ifndef ALLMENDE_RECOVERY_H
#define ALLMENDE_RECOVERY_H

#include "proto/charter/identity.h"
#include "tools/kit/tool.h"

struct recovery;

/*
 * Reads the sheet and asks the member (--from) for the charter and the organisation's
 * log, and checks both: --federation, or the sheet, says which it has to be. Changes nothing.
 * Prints its own complaint; release with recovery_close().
 */
int recovery_ask(struct recovery **out, const struct tool *tool, const char *sheet);
void recovery_close(struct recovery *recovery); /* NULL does nothing */
/* Borrowed. */
const struct charter_member *recovery_member(const struct recovery *recovery);
const char *recovery_federation(const struct recovery *recovery);
/* Which nodes are lost, as --lost says. Prints its own complaint. */
int recovery_lost(struct recovery *recovery, const struct tool *tool);
/* Charter, log and the new node go into txn; errors as identity_recover(). */
enum err recovery_make(struct recovery *recovery, struct keyring *keyring, struct txn *txn,
		       struct random *random, const char *operator, int64_t now_ms);
/* The log as the member has it, and whether its recovery key is the one of the sheet's seed. */
const struct orglog *recovery_log(const struct recovery *recovery);
bool recovery_opens(const struct recovery *recovery);
/* Which nodes are shut out. */
void recovery_print(const struct recovery *recovery);

#endif
