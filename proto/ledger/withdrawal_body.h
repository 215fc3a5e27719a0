/*
 * withdrawal_body - bodies of withdrawal and erasure records (docs/PROTOCOL.md, section 5.7).
 */
#ifndef ALLMENDE_WITHDRAWAL_BODY_H
#define ALLMENDE_WITHDRAWAL_BODY_H

#include <stdbool.h>

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "proto/ledger/record.h"

enum { WITHDRAWAL_REASON_LEN_MAX = 512 };

/* Whose versions are withdrawn. */
enum withdrawal_reach {
	REACH_OWN = 0,    /* those of the author's organisation */
	REACH_OTHERS = 1, /* of all but the owner of the path: by an administrator */
	REACH_ALL = 2     /* by the owner */
};

struct withdrawal { /* texts are borrowed */
	struct bytes path;
	uint64_t number; /* at least 1: versions up to this one */
	struct bytes reason;
	bool erase;
	enum withdrawal_reach reach;
	bool has_grant; /* the line that lets an administrator withdraw; with REACH_OTHERS alone */
	struct digest grant;
};

void withdrawal_put(struct buf *out, const struct withdrawal *withdrawal);
/* ERR_MALFORMED, ERR_VERSION */
enum err withdrawal_get(struct withdrawal *out, struct bytes body);
/* An author may withdraw with each reach, independently of the others. */
struct record_slot withdrawal_slot(const struct dataset_id *dataset, enum withdrawal_reach reach);
/* ERR_MALFORMED: the slot is none of a withdrawal. */
enum err withdrawal_slot_get(struct bytes slot, struct dataset_id *dataset,
			     enum withdrawal_reach *reach);

/*
 * An erasure names the record of the withdrawal that it answers: nothing of it is in the node's
 * store any more, and in so many folders there is still a copy that the node may not remove.
 */
enum { ERASURE_FOLDERS_MAX = 65535 };
struct erasure {
	struct record_id withdrawal;
	uint32_t folders;
};
void erasure_put(struct buf *out, const struct erasure *erasure);
enum err erasure_get(struct erasure *out, struct bytes body);

#endif
