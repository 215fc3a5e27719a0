#include "store/scrub.h"

#include <string.h>

#include "crypto/hash.h"
#include "store/db_internal.h"

#define FAULT_COUNT_MAX (sizeof(((struct scrub *)0)->faults) / sizeof(struct scrub_fault))

void scrub_init(struct scrub *scrub, struct db *db)
{
	*scrub = (struct scrub){.db = db};
}

/* A chunk has no checksum: its key ends with its address. */
static bool chunk_fits(struct bytes key, struct bytes chunk)
{
	struct chunk_addr addr;

	if (key.len != 2 * ID_LEN)
		return false;
	hash_plain(addr.b, chunk);
	return bytes_eq(bytes_slice(key, ID_LEN, ID_LEN), id_bytes(&addr));
}

static void scrub_row(struct scrub *scrub, const struct walk *walk, bool damaged)
{
	scrub->row_count++;
	scrub->byte_count += walk->key.len + walk->value.len;
	scrub->last.len = walk->key.len;
	memcpy(scrub->last.b, walk->key.ptr, walk->key.len);
	if (scrub->table == TABLE_CHUNK) {
		scrub->chunk_count++;
		damaged = !chunk_fits(walk->key, walk->value);
	}
	if (!damaged)
		return;
	if (scrub->fault_count < FAULT_COUNT_MAX)
		scrub->faults[scrub->fault_count] = (struct scrub_fault){scrub->table, scrub->last};
	scrub->fault_count++;
}

bool scrub_step(struct scrub *scrub, uint64_t max_bytes, enum err *err)
{
	uint64_t end = scrub->byte_count + max_bytes;
	struct txn *txn;
	struct walk walk;
	bool damaged, more = true;

	*err = ERR_OK;
	if (scrub->table == TABLE_COUNT)
		return false;
	txn = txn_begin(scrub->db, false);
	walk = walk_begin_at(txn, scrub->table, bytes_of(NULL, 0), row_key_bytes(&scrub->last),
			     false);
	do {
		more = walk_next_damaged(&walk, &damaged);
		if (more)
			scrub_row(scrub, &walk, damaged);
	} while (more && scrub->byte_count < end);
	*err = txn_err(txn);
	txn_abort(txn);
	/* Where a table cannot be read on, the others still can. */
	if (!more) {
		scrub->table++;
		scrub->last.len = 0;
	}
	return scrub->table < TABLE_COUNT;
}
