#include "proto/ledger/record.h"

#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "proto/wire/payload.h"
#include "proto/content/version.h"
#include "proto/wire/wire_out.h"

bool record_kind_known(uint64_t kind)
{
	switch (kind) {
#define X(name, number) case number:
		RECORD_KIND_LIST(X)
#undef X
		return true;
	}
	return false;
}

static void slot_add(struct record_slot *slot, struct bytes part)
{
	check(part.len <= sizeof(slot->b) - slot->len);
	memcpy(slot->b + slot->len, part.ptr, part.len);
	slot->len += part.len;
}

struct record_slot record_slot_copy(struct bytes from)
{
	struct record_slot slot = {.len = 0};

	slot_add(&slot, from);
	return slot;
}

struct record_slot record_slot_version(const struct dataset_id *dataset, uint64_t number)
{
	struct record_slot slot = {.len = VERSION_SLOT_LEN};

	version_slot(slot.b, dataset, number);
	return slot;
}

/* PROTOCOL: "`03 ‖ grantee organisation id ‖ H("am1.prefix", Q)`" */
struct record_slot record_slot_wrap(const struct org_id *grantee, struct bytes prefix)
{
	struct record_slot slot = {.b = {RECORD_WRAP}, .len = 1};
	struct digest digest;

	hash_once(digest.b, "am1.prefix", prefix);
	slot_add(&slot, id_bytes(grantee));
	slot_add(&slot, id_bytes(&digest));
	return slot;
}

struct record_slot record_slot_contact(void)
{
	return (struct record_slot){.b = {RECORD_CONTACT}, .len = 1};
}

/* PROTOCOL: "`02 ‖ H("am1.prefix", Q) ‖ be64 n`" */
struct record_slot record_slot_key(struct bytes prefix, uint64_t epoch_number)
{
	struct record_slot slot = {.b = {RECORD_KEY}, .len = 1};
	uint8_t number[8];
	struct digest digest;

	hash_once(digest.b, "am1.prefix", prefix);
	be64_put(number, epoch_number);
	slot_add(&slot, id_bytes(&digest));
	slot_add(&slot, bytes_obj(&number));
	return slot;
}

/* PROTOCOL: "`04 ‖ be32 charter number`" */
struct record_slot record_slot_vote(uint32_t charter_number)
{
	struct record_slot slot = {.b = {RECORD_VOTE}, .len = 1};
	uint8_t number[4];

	be32_put(number, charter_number);
	slot_add(&slot, bytes_obj(&number));
	return slot;
}

struct record_slot record_slot_of(enum record_kind kind, struct bytes id)
{
	struct record_slot slot = {.b = {(uint8_t)kind}, .len = 1};

	slot_add(&slot, id);
	return slot;
}

/* PROTOCOL: "`0a ‖ code(1)`" */
struct record_slot record_slot_notice(uint8_t code)
{
	return (struct record_slot){.b = {RECORD_NOTICE, code}, .len = 2};
}

/* PROTOCOL: "`sequence` counts from 1 in each incarnation; incarnations count from 1." */
enum err record_decode(struct record *out, struct bytes whole)
{
	struct sig sig;
	enum err err = payload_split(whole, LIMIT_RECORD_LEN_MAX, &out->payload, &sig);

	if (err)
		return err;
	out->whole = whole;
	struct wire_in w = wire_in(out->payload);
	err = payload_begin(&w, 8);
	if (err)
		return err;
	out->author = (uint32_t)wire_uint(&w, UINT32_MAX);
	out->incarnation = (uint32_t)wire_uint(&w, UINT32_MAX);
	out->sequence = wire_uint(&w, UINT64_MAX);
	out->time_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->kind = wire_uint(&w, UINT64_MAX);
	out->slot = wire_bin(&w, 1, LIMIT_SLOT_LEN_MAX);
	out->body = wire_bin(&w, 0, LIMIT_RECORD_LEN_MAX);
	if (out->incarnation == 0 || out->sequence == 0)
		wire_fail(&w);
	return wire_end(&w);
}

void record_make(struct buf *out, const struct record *fields, const struct fed_id *fed,
		 const struct key *sign_seed)
{
	size_t from = out->len;

	out_array(out, 8);
	out_uint(out, 1);
	out_uint(out, fields->author);
	out_uint(out, fields->incarnation);
	out_uint(out, fields->sequence);
	out_uint(out, (uint64_t)fields->time_ms);
	out_uint(out, fields->kind);
	out_bin(out, fields->slot);
	out_bin(out, fields->body);
	payload_sign(out, from, LIMIT_RECORD_LEN_MAX, sign_seed, SIGN_TAG_RECORD, fed);
}

enum err record_check_sig(const struct record *record, const struct sign_pk *pk,
			  const struct fed_id *fed)
{
	struct sig sig;

	memcpy(sig.b, record->whole.ptr + record->payload.len, SIG_LEN);
	return sign_check(&sig, pk, SIGN_TAG_RECORD, fed, record->payload);
}

/* PROTOCOL: "The record id is `H("am1.record", payload)`." */
void record_id(struct record_id *out, const struct record *record)
{
	hash_once(out->b, "am1.record", record->payload);
}

void record_leaf_hash(struct digest *out, struct bytes whole)
{
	hash_once(out->b, "am1.leaf", whole);
}
