/*
 * notice - body of a notice record: what an organisation tells the stewards (docs/PROTOCOL.md,
 * section 5.8).
 */
#ifndef ALLMENDE_NOTICE_H
#define ALLMENDE_NOTICE_H

#include "crypto/bytes.h"

enum notice_code { NOTICE_LEAVE = 1, NOTICE_OBJECT = 2 };
#define NOTICE_TEXT_LEN_MAX 512

/* ERR_MALFORMED: too long, or not UTF-8. */
enum err notice_put(struct buf *out, struct bytes text);
/* *text borrows. ERR_MALFORMED, ERR_VERSION */
enum err notice_get(struct bytes *text, struct bytes body);

#endif
