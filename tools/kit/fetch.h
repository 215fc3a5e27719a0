/*
 * fetch - one document from the web, for what is checked without a node.
 *
 * http and https alone, certificates are checked, five redirects are followed. What comes is as
 * untrusted as any file.
 */
#ifndef ALLMENDE_FETCH_H
#define ALLMENDE_FETCH_H

#include <stdbool.h>

#include "crypto/bytes.h"
#include "tools/kit/tool.h"

bool fetch_is_url(const char *text);
/* Appends the document; no longer than out may be. Prints its own complaint. TOOL_ABSENT: the
   server says that there is none. */
int fetch(struct buf *out, const char *url);

#endif
