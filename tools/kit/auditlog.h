/*
 * auditlog - the log of the node that a command works on, or an export of one, whole in memory
 * (proto/audit/check.h).
 */
#ifndef ALLMENDE_AUDITLOG_H
#define ALLMENDE_AUDITLOG_H

#include "crypto/bytes.h"
#include "tools/kit/tool.h"

/* Of an export: charter, closings of many years, and what is kept of the log. */
#define AUDITLOG_LEN_MAX ((size_t)1 << 30)

/* from NULL: of the node. Prints its own complaint; out is to be released in any case. */
int auditlog_get(const struct tool *tool, const char *from, struct buf *out);

#endif
