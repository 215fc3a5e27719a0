#include "proto/ledger/withdrawal_body.h"

#include "crypto/limits.h"
#include "crypto/path.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

/* PROTOCOL: "withdrawal = [1, path, number, reason, erase]" */
void withdrawal_put(struct buf *out, const struct withdrawal *withdrawal)
{
	out_array(out, 5);
	out_uint(out, 1);
	out_text(out, withdrawal->path);
	out_uint(out, withdrawal->number);
	out_text(out, withdrawal->reason);
	out_bool(out, withdrawal->erase);
}

enum err withdrawal_get(struct withdrawal *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 5);

	if (err)
		return err;
	out->path = wire_text(&w, 1, LIMIT_PATH_LEN_MAX);
	out->number = wire_uint(&w, UINT64_MAX);
	out->reason = wire_text(&w, 0, WITHDRAWAL_REASON_LEN_MAX);
	out->erase = wire_bool(&w);
	if (!w.err && (path_check(out->path) || out->number == 0))
		wire_fail(&w);
	return wire_end(&w);
}

/* PROTOCOL: "erasure    = [1, withdrawal's record id(32)]" */
void erasure_put(struct buf *out, const struct record_id *withdrawal)
{
	out_array(out, 2);
	out_uint(out, 1);
	out_fixed(out, withdrawal->b, ID_LEN);
}

enum err erasure_get(struct record_id *withdrawal, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 2);

	if (err)
		return err;
	wire_fixed(&w, withdrawal->b, ID_LEN);
	return wire_end(&w);
}
