/*
 * export - the own log as frames (check.h), a page at a time, so that no query is long.
 */
#ifndef ALLMENDE_AUDIT_EXPORT_H
#define ALLMENDE_AUDIT_EXPORT_H

#include "crypto/bytes.h"

struct hub;
struct txn;

#define AUDIT_PAGE_LEN (1024 * 1024) /* of entries; one more may begin below it */

/*
 * All but the entries: what stands before the first one. ERR_ABSENT: this node has been no member
 * yet, so no log is its own.
 */
enum err audit_export_begin(struct hub *hub, struct txn *txn, struct buf *out);
/* A page of entries, those after a number; the number of the last one, or `after`: that was all. */
uint64_t audit_export_page(struct txn *txn, uint64_t after, struct buf *out);

#endif
