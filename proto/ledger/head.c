#include "proto/ledger/head.h"

#include <string.h>

#include "crypto/hash.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

enum err head_decode(struct head *out, struct bytes whole)
{
	struct sig sig;
	enum err err = payload_split(whole, LIMIT_HEAD_LEN_MAX, &out->payload, &sig);

	if (err)
		return err;
	out->whole = whole;
	struct wire_in w = wire_in(out->payload);
	err = payload_begin(&w, 14);
	if (err)
		return err;
	out->author = (uint32_t)wire_uint(&w, UINT32_MAX);
	out->incarnation = (uint32_t)wire_uint(&w, UINT32_MAX);
	out->counter = wire_uint(&w, UINT64_MAX);
	out->time_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->valid_until_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->last_sequence = wire_uint(&w, UINT64_MAX);
	out->live_count = wire_uint(&w, UINT64_MAX);
	out->live_bytes = wire_uint(&w, UINT64_MAX);
	wire_fixed(&w, out->set.b, ID_LEN);
	out->charter_number = (uint32_t)wire_uint(&w, UINT32_MAX);
	out->orglog_number = (uint32_t)wire_uint(&w, UINT32_MAX);
	out->log_tip = out->previous = (struct digest){{0}};
	out->has_log_tip = !wire_nil(&w);
	if (out->has_log_tip)
		wire_fixed(&w, out->log_tip.b, ID_LEN);
	out->has_previous = !wire_nil(&w);
	if (out->has_previous)
		wire_fixed(&w, out->previous.b, ID_LEN);
	if (out->incarnation == 0 || out->counter == 0 || out->valid_until_ms <= out->time_ms)
		wire_fail(&w);
	return wire_end(&w);
}

void head_make(struct buf *out, const struct head *fields, const struct fed_id *fed,
	       const struct key *sign_seed)
{
	size_t from = out->len;

	out_array(out, 14);
	out_uint(out, 1);
	out_uint(out, fields->author);
	out_uint(out, fields->incarnation);
	out_uint(out, fields->counter);
	out_uint(out, (uint64_t)fields->time_ms);
	out_uint(out, (uint64_t)fields->valid_until_ms);
	out_uint(out, fields->last_sequence);
	out_uint(out, fields->live_count);
	out_uint(out, fields->live_bytes);
	out_fixed(out, fields->set.b, ID_LEN);
	out_uint(out, fields->charter_number);
	out_uint(out, fields->orglog_number);
	out_fixed_or_nil(out, fields->has_log_tip ? fields->log_tip.b : NULL, ID_LEN);
	out_fixed_or_nil(out, fields->has_previous ? fields->previous.b : NULL, ID_LEN);
	payload_sign(out, from, LIMIT_HEAD_LEN_MAX, sign_seed, SIGN_TAG_HEAD, fed);
}

enum err head_check_sig(const struct head *head, const struct sign_pk *pk, const struct fed_id *fed)
{
	struct sig sig;

	memcpy(sig.b, head->whole.ptr + head->payload.len, SIG_LEN);
	return sign_check(&sig, pk, SIGN_TAG_HEAD, fed, head->payload);
}

void head_id(struct digest *out, const struct head *head)
{
	hash_once(out->b, "am1.head", head->payload);
}
