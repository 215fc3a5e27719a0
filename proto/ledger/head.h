/*
 * head - an author's signed statement of the set of all its live records (docs/PROTOCOL.md, section
 * 7).
 */
#ifndef ALLMENDE_HEAD_H
#define ALLMENDE_HEAD_H

#include "crypto/id.h"
#include "crypto/limits.h"
#include "crypto/sign.h"

struct head {
	uint32_t author;
	uint32_t incarnation;
	uint64_t counter; /* from 1 in each incarnation */
	int64_t time_ms;
	int64_t valid_until_ms;
	uint64_t last_sequence;
	uint64_t live_count;
	uint64_t live_bytes; /* of the records, with signatures */
	struct digest set;
	uint32_t charter_number; /* what the author had seen */
	uint32_t orglog_number;
	bool has_log_tip;
	struct digest log_tip; /* id of the latest entry of the author's audit log */
	bool has_previous;
	struct digest previous; /* id of the head before */
	struct bytes payload;   /* borrowed, as whole */
	struct bytes whole;
};

/* Form only. ERR_MALFORMED, ERR_VERSION, ERR_FULL (LIMIT_HEAD_LEN_MAX). */
enum err head_decode(struct head *out, struct bytes whole);
void head_make(struct buf *out, const struct head *fields, const struct fed_id *fed,
	       const struct key *sign_seed);
/* ERR_DENIED */
enum err head_check_sig(const struct head *head, const struct sign_pk *pk,
			const struct fed_id *fed);
void head_id(struct digest *out, const struct head *head);

#endif
