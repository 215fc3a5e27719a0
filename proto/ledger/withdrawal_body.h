/*
 * withdrawal_body - bodies of withdrawal and erasure records (docs/PROTOCOL.md, section 5.7).
 */
#ifndef ALLMENDE_WITHDRAWAL_BODY_H
#define ALLMENDE_WITHDRAWAL_BODY_H

#include <stdbool.h>

#include "crypto/bytes.h"
#include "crypto/id.h"

enum { WITHDRAWAL_REASON_LEN_MAX = 512 };

struct withdrawal { /* texts are borrowed */
	struct bytes path;
	uint64_t number; /* at least 1: versions up to this one */
	struct bytes reason;
	bool erase;
};

void withdrawal_put(struct buf *out, const struct withdrawal *withdrawal);
/* ERR_MALFORMED, ERR_VERSION */
enum err withdrawal_get(struct withdrawal *out, struct bytes body);

/* An erasure names the record of the withdrawal that it answers. */
void erasure_put(struct buf *out, const struct record_id *withdrawal);
enum err erasure_get(struct record_id *withdrawal, struct bytes body);

#endif
