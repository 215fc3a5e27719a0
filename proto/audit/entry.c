#include "proto/audit/entry.h"

#include <string.h>

#include "crypto/hash.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

const char *audit_kind_name(uint64_t kind)
{
	static const char *const names[] = {
#define X(name, number, text) [number] = text,
		AUDIT_KIND_LIST(X)
#undef X
	};

	return kind <= AUDIT_KIND_LAST ? names[kind] : NULL;
}

enum err audit_entry_decode(struct audit_entry *out, struct bytes whole)
{
	if (whole.len > LIMIT_LOG_ENTRY_LEN_MAX)
		return ERR_FULL;
	struct wire_in w = wire_in(whole);
	enum err err = payload_begin(&w, 6);
	if (err)
		return err;
	out->whole = whole;
	out->number = wire_uint(&w, INT64_MAX);
	wire_fixed(&w, out->previous.b, ID_LEN);
	out->time_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->kind = wire_uint(&w, UINT64_MAX);
	out->detail = wire_bin(&w, 0, LIMIT_LOG_ENTRY_LEN_MAX);
	/* PROTOCOL: "Numbers count from 1; of the first entry `previous` is 32 zeros." */
	if (out->number == 0 || (out->number == 1 && !id_zero(&out->previous)))
		wire_fail(&w);
	return wire_end(&w);
}

void audit_entry_make(struct buf *out, const struct audit_entry *fields)
{
	size_t from = out->len;

	out_array(out, 6);
	out_uint(out, 1);
	out_uint(out, fields->number);
	out_fixed(out, fields->previous.b, ID_LEN);
	out_uint(out, (uint64_t)fields->time_ms);
	out_uint(out, fields->kind);
	out_bin(out, fields->detail);
	if (!out->err && out->len - from > LIMIT_LOG_ENTRY_LEN_MAX)
		out->err = ERR_FULL;
}

void audit_entry_id(struct digest *out, struct bytes whole)
{
	hash_once(out->b, "am1.log", whole);
}

enum err audit_closing_decode(struct audit_closing *out, struct bytes whole)
{
	struct sig sig;
	enum err err = payload_split(whole, LIMIT_LOG_CLOSING_LEN_MAX, &out->payload, &sig);

	if (err)
		return err;
	out->whole = whole;
	struct wire_in w = wire_in(out->payload);
	err = payload_begin(&w, 6);
	if (err)
		return err;
	out->first = wire_uint(&w, INT64_MAX);
	out->last = wire_uint(&w, INT64_MAX);
	out->first_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->last_ms = (int64_t)wire_uint(&w, INT64_MAX);
	wire_fixed(&w, out->last_id.b, ID_LEN);
	if (out->first == 0 || out->last < out->first)
		wire_fail(&w);
	return wire_end(&w);
}

void audit_closing_make(struct buf *out, const struct audit_closing *fields,
			const struct fed_id *fed, const struct key *sign_seed)
{
	size_t from = out->len;

	out_array(out, 6);
	out_uint(out, 1);
	out_uint(out, fields->first);
	out_uint(out, fields->last);
	out_uint(out, (uint64_t)fields->first_ms);
	out_uint(out, (uint64_t)fields->last_ms);
	out_fixed(out, fields->last_id.b, ID_LEN);
	payload_sign(out, from, LIMIT_LOG_CLOSING_LEN_MAX, sign_seed, SIGN_TAG_LOG, fed);
}

enum err audit_closing_check(const struct audit_closing *closing, const struct sign_pk *pk,
			     const struct fed_id *fed)
{
	struct sig sig;

	memcpy(sig.b, closing->whole.ptr + closing->payload.len, SIG_LEN);
	return sign_check(&sig, pk, SIGN_TAG_LOG, fed, closing->payload);
}
