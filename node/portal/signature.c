/*
 * signature - /d/PATH/files/NAME.sig: what proves who has published the file, without a node
 * (proto/rights/file_proof.h).
 *
 * The core says what the record is and who its author; the list of files, which the signature
 * carries whole, is read here.
 */
#include <string.h>

#include "node/care/node_view.h"
#include "node/portal/dataset.h"
#include "proto/catalog/proving.h"
#include "proto/rights/file_proof.h"
#include "store/chunks.h"

#define TYPE "application/vnd.allmende.file-proof"

struct asked { /* of the core */
	const struct dataset_address *at;
	bool place;
	struct proving out;
	enum err err;
	char why[WHY_LEN];
};

static void ask_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct asked *asked = arg;

	asked->err = proving_take(hub, txn, asked->at->path, asked->at->number, asked->place,
				  &asked->out, asked->why);
}

/* False: the call is answered. */
static bool signature_ask(struct web_call *call, struct asked *asked)
{
	enum err err = web_ask(call, ask_run, asked);
	const struct catalog_entry *entry = &asked->out.entry;

	if (err) {
		web_busy_later(call, 10, "this node is busy or stops");
		return false;
	}
	if (asked->err == ERR_AGAIN) {
		web_busy_later(call, 60, "the log of who has published it is not here yet");
		return false;
	}
	if (asked->err || !visitor_sees(&call->visitor, entry->tier, entry->stored)) {
		web_absent(call);
		return false;
	}
	if (entry->tier != TIER_OPEN) {
		web_fail(call, 404, "absent",
			 "%s is not in tier open: only what everybody may read has signatures",
			 asked->at->path);
		return false;
	}
	return true;
}

/* The chunks of the manifest, one behind the other as they stand in a signature. */
static enum err signature_manifest_read(struct web_call *call, const struct version *version,
					const struct dataset_id *dataset, struct reader *reader,
					struct packer *packer, struct buf *out)
{
	struct txn *txn = txn_begin(call->node->db, false);
	struct index_entry entry;
	enum err err = ERR_OK;
	struct buf chunk;

	buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);
	while (!err && reader_part_next(reader, &entry)) {
		buf_reset(&chunk);
		err = chunks_read(txn, dataset, &entry.addr, &chunk);
		if (!err)
			err = reader_part_add(reader, packer, buf_bytes(&chunk));
		if (!err)
			file_proof_chunk(out, buf_bytes(&chunk));
	}
	buf_fini(&chunk);
	txn_abort(txn);
	return err ? err : reader_manifest_done(reader);
}

/* ERR_ABSENT: there is no such file; ERR_AGAIN: its list of files is not here. */
static enum err proof_make(struct web_call *call, const struct proving *proving, struct bytes name,
			   struct buf *out)
{
	const struct dataset_id *dataset = &proving->entry.dataset;
	struct record record;
	struct version version;
	struct key key;
	enum err err = record_decode(&record, buf_bytes(&proving->record));

	if (!err)
		err = version_decode(&version, record.body);
	if (!err)
		err = version_dataset_key(&key, &version, dataset, NULL);
	if (err)
		return err;
	struct reader *reader = reader_open(&version, dataset, &key);
	struct packer *packer = packer_open();
	file_proof_begin(out, name, buf_bytes(&proving->record), version.manifest_count);
	err = signature_manifest_read(call, &version, dataset, reader, packer, out);
	if (err == ERR_ABSENT)
		err = ERR_AGAIN;
	if (!err && !manifest_find(reader_manifest(reader), name))
		err = ERR_ABSENT;
	buf_add(out, buf_bytes(&proving->place));
	packer_close(packer);
	reader_close(reader);
	return err ? err : out->err;
}

static void signature_answer(struct web_call *call, const struct proving *proving,
			     struct bytes name)
{
	struct buf out;

	buf_init(&out, FILE_PROOF_LEN_MAX);
	enum err err = proof_make(call, proving, name, &out);
	if (!err) {
		web_cache(call, 300, false);
		web_text(call, 200, TYPE, &out);
	} else if (err == ERR_ABSENT) {
		web_absent(call);
	} else if (err == ERR_AGAIN) {
		web_busy_later(call, 60, "the files of this version are not here yet");
	} else {
		web_fail(call, 500, "internal", "the signature cannot be made: %s", err_text(err));
	}
	buf_fini(&out);
}

/* What the signature is made of, before it is made. */
static bool signature_is_fresh(struct web_call *call, const struct proving *proving,
			       struct bytes name)
{
	struct buf of;

	buf_init(&of, 1 << 12);
	buf_add(&of, id_bytes(&proving->entry.record));
	buf_add_be32(&of, proving->charter_number);
	buf_add_be32(&of, proving->log_number);
	buf_add(&of, name);
	web_etag(call, buf_bytes(&of));
	web_modified(call, proving->entry.time_ms);
	buf_fini(&of);
	return web_fresh(call);
}

void signature_serve(struct web_call *call, const struct dataset_address *at)
{
	const struct bytes name = bytes_of(at->file, strlen(at->file) - strlen(".sig"));
	struct asked asked = {.at = at, .place = true};

	if (name.len > LIMIT_FILE_NAME_LEN_MAX)
		web_absent(call);
	else if (signature_ask(call, &asked) && !signature_is_fresh(call, &asked.out, name))
		signature_answer(call, &asked.out, name);
	proving_fini(&asked.out);
}
