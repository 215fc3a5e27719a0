/*
 * told - commands of people, for the audit log of the node.
 */
#ifndef ALLMENDE_TOLD_H
#define ALLMENDE_TOLD_H

struct call;
struct hub;
struct txn;

/* A command was carried out, in this turn. Of its arguments only those that are no secret. */
void told_command(const struct call *call, struct hub *hub, struct txn *txn);
/* The same for later, with audit_command(). The caller releases it. */
char *told_text(const struct call *call, struct hub *hub, struct txn *txn);

#endif
