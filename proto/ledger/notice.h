/*
 * notice - body of a notice record: what an organisation tells the stewards, or one of its nodes
 * another (docs/PROTOCOL.md, section 5.8).
 */
#ifndef ALLMENDE_NOTICE_H
#define ALLMENDE_NOTICE_H

#include "crypto/bytes.h"

/* NOTICE_KEY is for the own key author, all others for the stewards. */
enum notice_code { NOTICE_LEAVE = 1, NOTICE_OBJECT = 2, NOTICE_KEY = 4 };
#define NOTICE_TEXT_LEN_MAX 512

/* ERR_MALFORMED: too long, or not UTF-8. */
enum err notice_put(struct buf *out, struct bytes text);
/* *text borrows. ERR_MALFORMED, ERR_VERSION */
enum err notice_get(struct bytes *text, struct bytes body);

#endif
