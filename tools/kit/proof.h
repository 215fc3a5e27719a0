/*
 * proof - files that prove something to whoever checks them: exported grants, reports. Each
 * function prints its own complaint.
 */
#ifndef ALLMENDE_PROOF_H
#define ALLMENDE_PROOF_H

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "tools/kit/tool.h"

/* The id of the federation that --federation gives; text NULL: it was not given. */
int proof_federation(struct fed_id *out, const char *text);
/* Appends the whole file; no longer than out may be. what: "exported grant" and the like. */
int proof_read(struct buf *out, const char *path, const char *what);
/* A new file: the whole of it, on the disk, or none. */
int proof_write(const char *path, struct bytes bytes);

#endif
