/*
 * auditlog - the log of the node that a command works on, or an export of one, whole in memory
 * (proto/audit/check.h).
 */
#ifndef ALLMENDE_AUDITLOG_H
#define ALLMENDE_AUDITLOG_H

#include "crypto/bytes.h"
#include "crypto/limits.h"
#include "tools/kit/tool.h"

/* Of an export: charter, closings of many years, and what is kept of the log. */
#define AUDITLOG_LEN_MAX ((size_t)1 << 30)

/* from NULL: of the node. Prints its own complaint; out is to be released in any case. */
int auditlog_get(const struct tool *tool, const char *from, struct buf *out);
/*
 * Under which path the log has a dataset: of a hidden one another than its name, which only a node
 * can tell (from NULL); of a member that was renamed with the slug of its admission, which the
 * charter in an export tells. Prints its own complaint.
 */
int auditlog_path(const struct tool *tool, const char *from, struct bytes log, const char *name,
		  char path[LIMIT_PATH_LEN_MAX + 1]);

#endif
