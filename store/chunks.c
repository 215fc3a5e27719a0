#include "store/chunks.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "store/db.h"

#define ADDR_AT_CHUNK 32    /* where the address stands in a key of CHUNK */
#define JOB_KEY       "job" /* in META: the last job number given */

bool chunks_has(struct txn *txn, const struct dataset_id *dataset, const struct chunk_addr *addr)
{
	struct row_key key = key_chunk(dataset, addr);

	return txn_has(txn, TABLE_CHUNK, row_key_bytes(&key));
}

bool chunks_get(struct txn *txn, const struct dataset_id *dataset, const struct chunk_addr *addr,
		struct bytes *chunk)
{
	struct row_key key = key_chunk(dataset, addr);

	return txn_get(txn, TABLE_CHUNK, row_key_bytes(&key), chunk);
}

enum err chunks_look(struct txn *txn, const struct dataset_id *dataset,
		     const struct chunk_addr *addr, bool verify, struct bytes *chunk)
{
	struct chunk_addr found = *addr;

	if (!chunks_get(txn, dataset, addr, chunk))
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	if (verify)
		hash_plain(found.b, *chunk);
	return id_eq(&found, addr) ? ERR_OK : ERR_CORRUPT;
}

enum err chunks_read(struct txn *txn, const struct dataset_id *dataset,
		     const struct chunk_addr *addr, struct buf *out)
{
	struct bytes chunk;
	enum err err = chunks_look(txn, dataset, addr, true, &chunk);

	if (err)
		return err;
	buf_add(out, chunk);
	return out->err;
}

void chunks_put(struct txn *txn, const struct dataset_id *dataset, const struct chunk_addr *addr,
		struct bytes chunk)
{
	struct row_key key = key_chunk(dataset, addr);

	txn_put(txn, TABLE_CHUNK, row_key_bytes(&key), chunk);
}

void chunks_del(struct txn *txn, const struct dataset_id *dataset, const struct chunk_addr *addr)
{
	struct row_key key = key_chunk(dataset, addr);

	txn_del(txn, TABLE_CHUNK, row_key_bytes(&key));
}

void chunks_stage(struct txn *txn, uint64_t job, const struct dataset_id *dataset,
		  const struct chunk_addr *addr, uint32_t size)
{
	struct row_key key = key_stage(job, dataset, addr);
	uint8_t value[4];

	be32_put(value, size);
	txn_put(txn, TABLE_STAGE, row_key_bytes(&key), bytes_obj(&value));
}

bool chunks_staged(struct txn *txn, uint64_t job, const struct dataset_id *dataset,
		   const struct chunk_addr *addr)
{
	struct row_key key = key_stage(job, dataset, addr);

	return txn_has(txn, TABLE_STAGE, row_key_bytes(&key));
}

bool chunks_unstage(struct txn *txn, uint64_t job, uint32_t max)
{
	struct row_key prefix = key_stage_prefix(job);
	struct walk walk = walk_begin(txn, TABLE_STAGE, row_key_bytes(&prefix));

	while (walk_next(&walk)) {
		if (!max--)
			return true;
		txn_del(txn, TABLE_STAGE, walk.key);
	}
	return false;
}

uint64_t chunks_job_new(struct txn *txn, uint32_t count)
{
	struct row_key name = key_name(JOB_KEY);
	struct bytes key, value;
	uint64_t job = 0;
	uint8_t b[8];

	if (txn_get(txn, TABLE_META, row_key_bytes(&name), &value)) {
		if (value.len != sizeof(b))
			txn_fail(txn, ERR_CORRUPT);
		else
			job = be64_get(value.ptr);
	}
	/* Rows of a higher job can only come from a damaged or older META row; never meet them. */
	if (walk_last(txn, TABLE_STAGE, bytes_of(NULL, 0), &key, &value) && key.len >= sizeof(b) &&
	    be64_get(key.ptr) > job)
		job = be64_get(key.ptr);
	be64_put(b, job + count);
	txn_put(txn, TABLE_META, row_key_bytes(&name), bytes_obj(&b));
	return job + 1;
}

/* The chunks one call of chunks_sweep() looks at, in the order of their addresses. */
struct chunks_look {
	struct txn *txn;
	const struct dataset_id *dataset;
	struct sweep_chunk {
		struct chunk_addr addr;
		uint32_t size;
		bool needed;
	} * chunks;
	size_t count, cap;
	size_t needed_count;
};

/* Reads up to max chunks; true when there are more, *from is the first of those. */
static bool sweep_gather(struct chunks_look *sweep, struct chunk_addr *from, uint32_t max)
{
	struct row_key prefix = key_dataset(sweep->dataset);
	struct row_key at = key_chunk(sweep->dataset, from);
	struct walk walk = walk_begin_at(sweep->txn, TABLE_CHUNK, row_key_bytes(&prefix),
					 row_key_bytes(&at), true);

	while (walk_next(&walk)) {
		struct sweep_chunk chunk = {.size = (uint32_t)walk.value.len};

		if (walk.key.len != ADDR_AT_CHUNK + ID_LEN)
			continue;
		memcpy(chunk.addr.b, walk.key.ptr + ADDR_AT_CHUNK, ID_LEN);
		if (sweep->count == max) {
			*from = chunk.addr;
			return true;
		}
		sweep->chunks =
			mem_room(sweep->chunks, sweep->count, &sweep->cap, sizeof(*sweep->chunks));
		sweep->chunks[sweep->count++] = chunk;
	}
	return false;
}

/* Marks the chunks that have a row in the table under prefix || address. */
static void sweep_mark(struct chunks_look *sweep, enum table table, struct row_key prefix)
{
	check(prefix.len + ID_LEN <= sizeof(prefix.b));
	for (size_t i = 0; i < sweep->count; i++) {
		struct sweep_chunk *chunk = &sweep->chunks[i];

		if (chunk->needed)
			continue;
		memcpy(prefix.b + prefix.len, chunk->addr.b, ID_LEN);
		if (!txn_has(sweep->txn, table, bytes_of(prefix.b, prefix.len + ID_LEN)))
			continue;
		chunk->needed = true;
		sweep->needed_count++;
	}
}

/*
 * Marks what the rows of a table need, one group of rows (a version, a job) after another. A
 * group is the rows that share the first group_len bytes of their keys; only its first row is
 * read, the rest are asked for by address, so the work is bounded by groups times chunks.
 */
static void sweep_mark_groups(struct chunks_look *sweep, enum table table, struct bytes prefix,
			      size_t group_len, struct bytes group_end)
{
	struct row_key past = {.len = 0};
	struct walk walk = walk_begin(sweep->txn, table, prefix);

	while (sweep->needed_count < sweep->count && walk_next(&walk)) {
		struct row_key group = {.len = group_len};

		if (walk.key.len < group_len) {
			txn_fail(sweep->txn, ERR_CORRUPT);
			return;
		}
		memcpy(group.b, walk.key.ptr, group_len);
		past = group;
		memset(past.b + past.len, 0xff, sizeof(past.b) - past.len);
		past.len = sizeof(past.b);
		memcpy(group.b + group.len, group_end.ptr, group_end.len);
		group.len += group_end.len;
		sweep_mark(sweep, table, group);
		walk = walk_begin_at(sweep->txn, table, prefix, row_key_bytes(&past), false);
	}
}

bool chunks_sweep(struct txn *txn, const struct dataset_id *dataset, struct chunk_addr *from,
		  uint32_t max, uint64_t *count, uint64_t *bytes)
{
	struct chunks_look sweep = {.txn = txn, .dataset = dataset};
	struct row_key prefix = key_dataset(dataset);
	bool more;

	check(max);
	more = sweep_gather(&sweep, from, max);

	/* INDEX: dataset(32) number(8) author(4) address. STAGE: job(8) dataset(32) address. */
	sweep_mark_groups(&sweep, TABLE_INDEX, row_key_bytes(&prefix), 32 + 8 + 4, bytes_of("", 0));
	sweep_mark_groups(&sweep, TABLE_STAGE, bytes_of("", 0), 8, row_key_bytes(&prefix));
	for (size_t i = 0; i < sweep.count && !txn_err(txn); i++) {
		if (sweep.chunks[i].needed)
			continue;
		chunks_del(txn, dataset, &sweep.chunks[i].addr);
		*count += 1;
		*bytes += sweep.chunks[i].size;
	}
	free(sweep.chunks);
	return more && !txn_err(txn);
}

/* META rows: SWEEP_PREFIX and the dataset id in hex, to the mark. */
#define SWEEP_PREFIX "sweep:"

static struct row_key sweep_key(const struct dataset_id *dataset)
{
	char name[sizeof(SWEEP_PREFIX) + ID_HEX_LEN];

	memcpy(name, SWEEP_PREFIX, strlen(SWEEP_PREFIX));
	hex_put(name + strlen(SWEEP_PREFIX), id_bytes(dataset));
	return key_name(name);
}

void chunks_sweep_later(struct txn *txn, const struct dataset_id *dataset)
{
	struct row_key key = sweep_key(dataset);
	struct bytes value;
	uint8_t mark[8] = {0};

	if (txn_get(txn, TABLE_META, row_key_bytes(&key), &value) && value.len == sizeof(mark))
		be64_put(mark, be64_get(value.ptr) + 1);
	txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_obj(&mark));
}

bool chunks_sweep_next(struct txn *txn, struct dataset_id *dataset, uint64_t *mark)
{
	struct row_key at = sweep_key(dataset);
	struct walk walk = walk_begin_at(txn, TABLE_META, bytes_str(SWEEP_PREFIX),
					 row_key_bytes(&at), id_zero(dataset));
	char hex[ID_HEX_LEN + 1] = {0};

	if (!walk_next(&walk))
		return false;
	if (walk.key.len != strlen(SWEEP_PREFIX) + ID_HEX_LEN || walk.value.len != 8) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	memcpy(hex, walk.key.ptr + strlen(SWEEP_PREFIX), ID_HEX_LEN);
	txn_fail(txn, hex_get(dataset->b, ID_LEN, hex));
	*mark = be64_get(walk.value.ptr);
	return !txn_err(txn);
}

bool chunks_sweep_waits(struct txn *txn, const struct dataset_id *dataset)
{
	struct row_key key = sweep_key(dataset);

	return txn_has(txn, TABLE_META, row_key_bytes(&key));
}

void chunks_sweep_done(struct txn *txn, const struct dataset_id *dataset)
{
	struct row_key key = sweep_key(dataset);

	txn_del(txn, TABLE_META, row_key_bytes(&key));
}
