#include "proto/catalog/unsigned.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "proto/catalog/lookup.h"
#include "proto/ledger/held.h"
#include "proto/transfer/fetch.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"
#include "proto/rights/current.h"
#include "proto/rights/epoch_wraps.h"
#include "proto/rights/rights.h"
#include "store/chunks.h"

#define ROW_LEN_MAX (LIMIT_RECORD_LEN_MAX + LIMIT_PATH_LEN_MAX + 256)

struct unsigned_row {
	struct bytes path;
	struct keep keep;
	struct digest contents, files;
	struct bytes body; /* of the record */
};

static enum err row_get(struct unsigned_row *out, struct bytes value)
{
	struct wire_in w = wire_in(value);

	/* without the files, when kept by a program of before */
	const bool has_files = wire_array(&w, 5, 6) == 6;
	memset(&out->files, 0, sizeof(out->files));
	out->path = wire_text(&w, 1, LIMIT_PATH_LEN_MAX);
	out->keep.count = wire_uint(&w, UINT64_MAX);
	out->keep.days = wire_uint(&w, UINT64_MAX);
	wire_fixed(&w, out->contents.b, ID_LEN);
	if (has_files)
		wire_fixed(&w, out->files.b, ID_LEN);
	out->body = wire_bin(&w, 1, LIMIT_RECORD_LEN_MAX);
	return wire_end(&w);
}

static void job_drop(struct txn *txn, uint64_t job)
{
	struct row_key key = key_stage_prefix(job);

	while (chunks_unstage(txn, job, 4096))
		;
	txn_del(txn, TABLE_UNSIGNED, row_key_bytes(&key));
}

void unsigned_drop(struct txn *txn, struct bytes path)
{
	struct walk walk = walk_begin(txn, TABLE_UNSIGNED, bytes_of(NULL, 0));
	struct unsigned_row row;

	while (walk_next(&walk)) {
		uint64_t job = be64_get(walk.key.ptr);
		if (row_get(&row, walk.value)) {
			txn_fail(txn, ERR_CORRUPT);
		} else if (bytes_eq(row.path, path)) {
			struct row_key prefix = key_stage_prefix(job);
			struct walk staged = walk_begin(txn, TABLE_STAGE, row_key_bytes(&prefix));
			struct dataset_id dataset;
			if (walk_next(&staged)) {
				memcpy(dataset.b, staged.key.ptr + 8, ID_LEN);
				chunks_sweep_later(txn, &dataset);
			}
			job_drop(txn, job);
		}
	}
}

/* The job holds exactly the chunks of the index from now on. */
static void job_keep(struct txn *txn, uint64_t job, const struct dataset_id *dataset,
		     const struct index *index)
{
	while (chunks_unstage(txn, job, 4096))
		;
	for (size_t i = 0; i < index_count(index); i++)
		chunks_stage(txn, job, dataset, &index_at(index, i)->addr,
			     index_at(index, i)->size);
}

enum err unsigned_put(struct hub *hub, struct txn *txn, const struct publication *publication,
		      const struct version *version, const struct index *index,
		      const struct own_dataset *made)
{
	const struct dataset_id *dataset = &publication->params.dataset;
	struct row_key key = key_stage_prefix(publication->job);
	struct own_dataset memory;
	struct buf body, row;

	buf_init(&body, LIMIT_RECORD_LEN_MAX - 1024); /* what stands around it in a record */
	version_encode(&body, version);
	enum err err = body.err;
	if (!err) {
		unsigned_drop(txn, version->path);
		job_keep(txn, publication->job, dataset, index);
		buf_init(&row, ROW_LEN_MAX);
		out_array(&row, 6);
		out_text(&row, version->path);
		out_uint(&row, publication->keep.count);
		out_uint(&row, publication->keep.days);
		out_fixed(&row, made->contents.b, ID_LEN);
		out_fixed(&row, made->files.b, ID_LEN);
		out_bin(&row, buf_bytes(&body));
		txn_put_row(txn, TABLE_UNSIGNED, &key, &row);
		/* How it was cut is remembered now. */
		own_dataset_get(hub, txn, dataset, &memory);
		memory.cut_key = publication->params.cut_key;
		own_dataset_put(hub, txn, dataset, &memory);
		secret_wipe(&memory, sizeof(memory));
		err = txn_err(txn);
	}
	buf_fini(&body);
	return err;
}

/*
 * What has come back meanwhile, or was withdrawn, may have taken the number; it stands in the
 * sealed manifest too, so another can not be given.
 */
static bool number_is_free(struct hub *hub, struct txn *txn, const struct version_id *of,
			   struct bytes path)
{
	struct lookup found;

	return current_withdrawn(hub, txn, path, author_member(hub->author)) < of->number &&
	       (lookup_dataset(hub, txn, &of->dataset, 0, &found) || found.of.number < of->number);
}

/*
 * A new key may have come meanwhile, as a right had ended or a member left: whoever lost it has the
 * key under which this is sealed.
 */
static bool key_is_latest(struct hub *hub, struct txn *txn, const struct version *version,
			  uint32_t owner)
{
	switch (version->tier) {
	case TIER_OPEN:
		return true;
	case TIER_MEMBERS:
		return version->epoch_number == hub->charter.key_number;
	case TIER_GRANTED:
	case TIER_HIDDEN:
		return version->epoch_number ==
		       epoch_last_at(hub, txn, owner, version->epoch_prefix);
	}
	return false;
}

static enum err row_sign(struct hub *hub, struct txn *txn, uint64_t job,
			 const struct unsigned_row *row)
{
	struct version_id of = {.author = hub->author};
	struct own_dataset memory;
	struct version version;
	struct index_sum sum;
	char path[LIMIT_PATH_LEN_MAX + 1];
	enum err err = version_decode(&version, row->body);

	if (err)
		return ERR_CORRUPT;
	snprintf(path, sizeof(path), "%.*s", (int)row->path.len, (const char *)row->path.ptr);
	uint32_t owner;
	struct verdict line;
	if (!current_dataset(hub, row->path, &of.dataset, &owner))
		return ERR_BUSY;
	of.number = version.number;
	if (!number_is_free(hub, txn, &of, row->path) || !key_is_latest(hub, txn, &version, owner))
		return ERR_BUSY;
	/* It would be void: it is to be published again, by whatever right there is then. */
	if (version.has_grant &&
	    !rights_through(hub, txn, hub->author, row->path, &version.grant, VERB_WRITE, &line))
		return ERR_BUSY;
	struct record_slot slot = record_slot_version(&of.dataset, of.number);
	own_dataset_get(hub, txn, &of.dataset, &memory);
	err = ledger_append(&hub->ledger, txn, RECORD_VERSION, record_slot_bytes(&slot), row->body,
			    NULL, LEDGER_TELL);
	if (!err) {
		held_index_staged(txn, job, &of, held_closed(&version), &sum);
		own_dataset_version(&memory.version, &version);
		memory.contents = row->contents;
		memory.files = row->files;
		memory.tier = version.tier;
		memory.keep = row->keep;
		own_dataset_put(hub, txn, &of.dataset, &memory);
		fetch_held(hub, txn, &of, path, sum.bytes, sum.count);
		own_dataset_keep(hub, txn, &memory.keep, &of.dataset, of.number);
	}
	secret_wipe(&memory, sizeof(memory));
	return err;
}

void unsigned_sign(struct hub *hub, struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_UNSIGNED, bytes_of(NULL, 0));
	struct unsigned_row row;

	while (hub->author && walk_next(&walk)) {
		uint64_t job = be64_get(walk.key.ptr);
		struct buf kept; /* what is written moves what was read */
		buf_init(&kept, ROW_LEN_MAX);
		buf_add(&kept, walk.value);
		enum err err = row_get(&row, buf_bytes(&kept)) ? ERR_CORRUPT
							       : row_sign(hub, txn, job, &row);
		buf_fini(&kept);
		/* Until somebody publishes the dataset again. */
		if (err == ERR_NOSPACE || err == ERR_BUSY)
			continue;
		if (err)
			txn_fail(txn, err);
		job_drop(txn, job);
	}
}

void unsigned_each(struct txn *txn, bool (*each)(void *arg, struct bytes path), void *arg)
{
	struct walk walk = walk_begin(txn, TABLE_UNSIGNED, bytes_of(NULL, 0));
	struct unsigned_row row;

	while (walk_next(&walk))
		if (!row_get(&row, walk.value) && !each(arg, row.path))
			return;
}
