#include "proto/catalog/own_dataset.h"

#include <string.h>

#include "crypto/hash.h"
#include "proto/ledger/held.h"
#include "proto/transfer/fetch.h"

/* What is remembered has grown three times; rows of before are read, too. */
enum {
	CUT_LEN = 16,
	SHORT_LEN = CUT_LEN + 2 * ID_LEN,
	KEEP_LEN = SHORT_LEN + 2 * 8,
	TIER_LEN = KEEP_LEN + 1,
	LEN = TIER_LEN + ID_LEN
};
enum { DAYS_MAX = 40000 };

#define DAY_MS ((uint64_t)24 * 60 * 60 * 1000)

static void name_make(char name[80], const struct dataset_id *dataset)
{
	memcpy(name, "own:", 4);
	hex_put(name + 4, id_bytes(dataset));
}

void own_dataset_version(struct digest *out, const struct version *version)
{
	struct version bare = *version;
	struct buf body;

	bare.has_origin = bare.has_grant = false;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	version_encode(&body, &bare);
	hash_once(out->b, "am1.own.version", buf_bytes(&body));
	buf_fini(&body);
}

enum err own_dataset_sign(struct hub *hub, struct txn *txn, const struct version_id *of,
			  const struct version *version, struct record_id *id)
{
	const struct record_slot slot = record_slot_version(&of->dataset, of->number);
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	version_encode(&body, version);
	enum err err = body.err;
	if (!err)
		err = ledger_append(&hub->ledger, txn, RECORD_VERSION, record_slot_bytes(&slot),
				    buf_bytes(&body), id, LEDGER_TELL);
	buf_fini(&body);
	return err;
}

bool own_dataset_is(const struct own_dataset *memory, const struct version *version,
		    const struct digest *contents)
{
	struct digest same;

	own_dataset_version(&same, version);
	return id_eq(&memory->version, &same) && id_eq(&memory->contents, contents);
}

bool own_dataset_has_files(const struct own_dataset *memory, const struct version *version,
			   const struct digest *files)
{
	struct digest same;

	own_dataset_version(&same, version);
	return id_eq(&memory->version, &same) && id_eq(&memory->files, files);
}

bool own_dataset_get(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		     struct own_dataset *memory)
{
	char name[80];
	struct bytes sealed;
	struct secret *secret = NULL;
	*memory = (struct own_dataset){.keep = {0}};
	name_make(name, dataset);
	struct row_key key = key_name(name);
	if (!txn_get(txn, TABLE_SEALED, row_key_bytes(&key), &sealed) ||
	    keyring_unseal(hub->options.keyring, &secret, name, sealed))
		return false;
	struct bytes b = secret_bytes(secret);
	bool ok = b.len == LEN || b.len == TIER_LEN || b.len == KEEP_LEN || b.len == SHORT_LEN;
	if (ok) {
		memcpy(memory->cut_key.b, b.ptr, CUT_LEN);
		memcpy(memory->version.b, b.ptr + CUT_LEN, ID_LEN);
		memcpy(memory->contents.b, b.ptr + CUT_LEN + ID_LEN, ID_LEN);
	}
	if (b.len == LEN)
		memcpy(memory->files.b, b.ptr + TIER_LEN, ID_LEN);
	if (b.len >= TIER_LEN)
		memory->tier = (enum tier)b.ptr[KEEP_LEN];
	if (b.len >= KEEP_LEN)
		memory->keep =
			(struct keep){be64_get(b.ptr + SHORT_LEN), be64_get(b.ptr + SHORT_LEN + 8)};
	secret_close(secret);
	return ok;
}

void own_dataset_put(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		     const struct own_dataset *memory)
{
	char name[80];
	uint8_t plain[LEN];
	struct buf sealed;
	name_make(name, dataset);
	memcpy(plain, memory->cut_key.b, CUT_LEN);
	memcpy(plain + CUT_LEN, memory->version.b, ID_LEN);
	memcpy(plain + CUT_LEN + ID_LEN, memory->contents.b, ID_LEN);
	be64_put(plain + SHORT_LEN, memory->keep.count);
	be64_put(plain + SHORT_LEN + 8, memory->keep.days);
	plain[KEEP_LEN] = (uint8_t)memory->tier;
	memcpy(plain + TIER_LEN, memory->files.b, ID_LEN);
	buf_init(&sealed, 512);
	keyring_seal(hub->options.keyring, &sealed, name, bytes_of(plain, sizeof(plain)));
	struct row_key key = key_name(name);
	txn_put_row(txn, TABLE_SEALED, &key, &sealed);
	secret_wipe(plain, sizeof(plain));
}

void catalog_keep(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		  struct keep *keep)
{
	struct own_dataset memory;
	own_dataset_get(hub, txn, dataset, &memory);
	*keep = memory.keep;
	secret_wipe(&memory, sizeof(memory));
}

/*
 * Deleted is deleted everywhere, so no clock alone has a say: neither the one that shows the time
 * now nor the one that showed it when the version was made. The node has run as long besides, since
 * the version was whole here.
 */
static bool too_old(struct hub *hub, struct txn *txn, const struct version_id *of, uint64_t days)
{
	struct bytes whole;
	struct record record;
	struct held held;
	int64_t span_ms = (int64_t)((days < DAYS_MAX ? days : DAYS_MAX) * DAY_MS);
	return held_get(txn, of, &held) && hub->ran_ms - held.since_ms > span_ms &&
	       !ledger_version_find(txn, &of->dataset, of->number, of->author, &whole) &&
	       !record_decode(&record, whole) && record.time_ms < hub->act_ms - span_ms;
}

void own_dataset_keep(struct hub *hub, struct txn *txn, const struct keep *keep,
		      const struct dataset_id *dataset, uint64_t newest)
{
	struct ledger_version at = {.number = newest};
	while ((keep->count || keep->days) &&
	       ledger_version_below(txn, dataset, hub->author, at.number, &at)) {
		struct version_id old = {*dataset, at.number, hub->author};
		struct record_slot slot = record_slot_version(&old.dataset, old.number);
		bool goes = (keep->count && old.number + keep->count <= newest) ||
			    (keep->days && too_old(hub, txn, &old, keep->days));
		if (goes && !ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot)))
			fetch_drop(hub, txn, &old);
	}
}
