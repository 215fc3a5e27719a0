#include "proto/ledger/withdrawal_body.h"

#include <string.h>

#include "crypto/check.h"
#include "crypto/limits.h"
#include "crypto/path.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

/* PROTOCOL: "withdrawal = [1, path, number, reason, erase, reach, grant]" */
void withdrawal_put(struct buf *out, const struct withdrawal *withdrawal)
{
	out_array(out, 7);
	out_uint(out, 1);
	out_text(out, withdrawal->path);
	out_uint(out, withdrawal->number);
	out_text(out, withdrawal->reason);
	out_bool(out, withdrawal->erase);
	out_uint(out, withdrawal->reach);
	out_fixed_or_nil(out, withdrawal->has_grant ? withdrawal->grant.b : NULL, ID_LEN);
}

enum err withdrawal_get(struct withdrawal *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 7);

	if (err)
		return err;
	out->path = wire_text(&w, 1, LIMIT_PATH_LEN_MAX);
	out->number = wire_uint(&w, UINT64_MAX);
	out->reason = wire_text(&w, 0, WITHDRAWAL_REASON_LEN_MAX);
	out->erase = wire_bool(&w);
	out->reach = (enum withdrawal_reach)wire_uint(&w, REACH_ALL);
	if ((out->has_grant = !wire_nil(&w)))
		wire_fixed(&w, out->grant.b, ID_LEN);
	if (!w.err && (path_check(out->path) || out->number == 0))
		wire_fail(&w);
	/* PROTOCOL: "A withdrawal has a `grant` only with reach 1." */
	if (!w.err && out->has_grant && out->reach != REACH_OTHERS)
		wire_fail(&w);
	return wire_end(&w);
}

/* PROTOCOL: "`08 ‖ dataset id ‖ reach(1)`" */
struct record_slot withdrawal_slot(const struct dataset_id *dataset, enum withdrawal_reach reach)
{
	struct record_slot slot = record_slot_of(RECORD_WITHDRAWAL, id_bytes(dataset));

	slot.b[slot.len++] = (uint8_t)reach;
	return slot;
}

enum err withdrawal_slot_get(struct bytes slot, struct dataset_id *dataset,
			     enum withdrawal_reach *reach)
{
	if (slot.len != 1 + ID_LEN + 1 || slot.ptr[0] != RECORD_WITHDRAWAL ||
	    slot.ptr[1 + ID_LEN] > REACH_ALL)
		return ERR_MALFORMED;
	memcpy(dataset->b, slot.ptr + 1, ID_LEN);
	*reach = (enum withdrawal_reach)slot.ptr[1 + ID_LEN];
	return ERR_OK;
}

/* PROTOCOL: "erasure    = [1, withdrawal's record id(32), folders]" */
void erasure_put(struct buf *out, const struct erasure *erasure)
{
	out_array(out, 3);
	out_uint(out, 1);
	out_fixed(out, erasure->withdrawal.b, ID_LEN);
	out_uint(out, erasure->folders);
}

enum err erasure_get(struct erasure *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 3);

	if (err)
		return err;
	wire_fixed(&w, out->withdrawal.b, ID_LEN);
	out->folders = (uint32_t)wire_uint(&w, ERASURE_FOLDERS_MAX);
	return wire_end(&w);
}
