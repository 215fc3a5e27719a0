/*
 * node_offer - the three texts with which an organisation gets another node (docs/PROTOCOL.md,
 * section 3.1).
 *
 * Decoded values borrow from `storage`, which the caller has set up and releases. Errors of all
 * _get functions: ERR_MALFORMED: not such a text; ERR_DENIED: one, but truncated or mistyped;
 * ERR_VERSION; ERR_FULL.
 */
#ifndef ALLMENDE_NODE_OFFER_H
#define ALLMENDE_NODE_OFFER_H

#include "crypto/id.h"
#include "crypto/limits.h"
#include "crypto/sign.h"
#include "crypto/wrap.h"
#include "proto/wire/wire_in.h"

struct node_offer {
	struct org_id org;
	struct sign_pk first_root; /* of organisation log entry 1 */
	struct bytes invitation;   /* text */
};
void node_offer_put(struct buf *out, const struct node_offer *offer);
enum err node_offer_get(struct node_offer *out, struct buf *storage, struct bytes text);

struct node_request {
	struct org_id org;
	struct sign_pk sign;
	struct dh_pk transport;
	struct dh_pk handover;
	struct sig possession;
};
void node_request_put(struct buf *out, const struct node_request *request);
enum err node_request_get(struct node_request *out, struct bytes text);

struct node_answer {
	struct org_id org;
	uint8_t index;
	uint32_t entry_count, wrap_count;
	struct wire_in entries, wraps; /* to be read by the _next functions */
};
/* Building: entries and wraps are appended to buffers of their own first. */
void node_answer_entry(struct buf *entries, struct bytes entry);
void node_answer_wrap(struct buf *wraps, uint32_t number, const struct wrap *wrap);
void node_answer_put(struct buf *out, const struct org_id *org, uint8_t index, uint32_t entry_count,
		     struct bytes entries, uint32_t wrap_count, struct bytes wraps);
enum err node_answer_get(struct node_answer *out, struct buf *storage, struct bytes text);
bool node_answer_entry_next(struct node_answer *answer, struct bytes *entry);
bool node_answer_wrap_next(struct node_answer *answer, uint32_t *number, struct wrap *wrap);

/* Body of a record of kind 11. ERR_MALFORMED, ERR_VERSION. */
void wrap_key_put(struct buf *out, uint32_t number, const struct wrap *wrap);
enum err wrap_key_get(uint32_t *number, struct wrap *wrap, struct bytes body);

/*
 * What a wrap key is bound to when it is handed over: number is that of the log entry that first
 * named it.
 */
struct wrap_context node_handover_context(const struct org_id *org, uint32_t number);

#endif
