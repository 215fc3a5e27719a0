#include "proto/rights/file_proof.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/content/pack.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

enum { ELEMENT_COUNT = 6 };

/* ---- making ---- */

/*
 * PROTOCOL: "file proof = [1, file name, record as bin, [chunk as bin, ...], [charter entry as bin,
 * ...], log]"
 */
void file_proof_begin(struct buf *out, struct bytes name, struct bytes record, uint32_t chunk_count)
{
	out_array(out, ELEMENT_COUNT);
	out_uint(out, 1);
	out_text(out, name);
	out_bin(out, record);
	out_array(out, chunk_count);
}

void file_proof_chunk(struct buf *out, struct bytes chunk)
{
	out_bin(out, chunk);
}

/* ---- checking ---- */

__attribute__((format(printf, 3, 4))) static enum err
proof_refuse(struct file_proof *proof, enum err err, const char *format, ...)
{
	va_list args;

	if (proof->why[0])
		return err; /* the first thing that is wrong */
	va_start(args, format);
	vsnprintf(proof->why, sizeof(proof->why), format, args);
	va_end(args);
	return err;
}

/* The federation that the charter says it is, before anything of it was checked. */
static enum err fed_said(struct fed_id *out, struct wire_in w)
{
	struct digest id;

	wire_array(&w, 1, LIMIT_CHARTER_NUMBER_MAX);
	struct bytes entry = wire_bin(&w, 1, LIMIT_CHARTER_ENTRY_LEN_MAX);
	enum err err = w.err ? w.err : charter_entry_id(&id, entry);
	if (!err)
		memcpy(out->b, id.b, ID_LEN);
	return err;
}

/* Who has signed, and whether a node of theirs may. */
static enum err author_check(struct file_proof *proof)
{
	const uint32_t author = proof->record.author;
	const struct charter *charter = &proof->place.charter;
	const struct orglog_node *node = token_file_node(&proof->place, author);

	proof->author = charter_member(charter, author_member(author));
	proof->node = author_node(author);
	if (!proof->author || !node)
		return proof_refuse(proof, ERR_DENIED,
				    "it is signed by a node that is not in it: %u of member %u",
				    proof->node, author_member(author));
	if (record_check_sig(&proof->record, &node->sign, &charter->fed))
		return proof_refuse(proof, ERR_DENIED, "the signature of node %u of %s is wrong",
				    proof->node, proof->author->name);
	/*
	 * PROTOCOL: "A proof by a node that is not active with the role publish, or of an
	 * organisation that is no member, proves nothing"
	 */
	if (!orglog_has_role(node, ORGLOG_ROLE_PUBLISH))
		return proof_refuse(proof, ERR_DENIED,
				    "node %u of %s has signed it, which was put out of its "
				    "organisation or may not publish",
				    proof->node, proof->author->name);
	if (!charter_is_present(proof->author))
		return proof_refuse(proof, ERR_DENIED,
				    "%s has signed it, which is no member of the federation any "
				    "more",
				    proof->author->name);
	return ERR_OK;
}

/* The version is one of that path, and written by who may. */
static enum err version_fits(struct file_proof *proof)
{
	const struct version *version = &proof->version;
	struct dataset_id dataset;
	uint64_t number;

	proof->owner = charter_by_slug(&proof->place.charter, path_slug(version->path));
	if (!proof->owner || !charter_is_present(proof->owner))
		return proof_refuse(proof, ERR_DENIED, "its path belongs to nobody");
	path_dataset_id(&dataset, &proof->owner->org, version->path);
	if (version_slot_get(proof->record.slot, &proof->dataset, &number) ||
	    !id_eq(&dataset, &proof->dataset) || number != version->number)
		return proof_refuse(proof, ERR_DENIED, "its path is not that of its dataset");
	if (version->number >= VERSION_NUMBER_END)
		return proof_refuse(proof, ERR_DENIED, "its version counts for nothing");
	if (version->has_grant == (proof->owner->number == proof->author->number))
		return proof_refuse(proof, ERR_DENIED, "%s may not publish there",
				    proof->author->name);
	return ERR_OK;
}

static enum err proof_record_take(struct file_proof *proof, struct bytes whole)
{
	enum err err = record_decode(&proof->record, whole);

	if (!err && proof->record.kind != RECORD_VERSION)
		err = ERR_MALFORMED;
	if (!err)
		err = version_decode(&proof->version, proof->record.body);
	if (err)
		return proof_refuse(proof, err, "it holds no version of a dataset");
	if (proof->version.tier != TIER_OPEN)
		return proof_refuse(proof, ERR_DENIED, "it is of a dataset that is not open");
	return ERR_OK;
}

static enum err manifest_take(struct file_proof *proof, struct bytes list)
{
	struct wire_in w = wire_in(list);
	struct index_entry entry;
	struct key key;
	enum err err = version_dataset_key(&key, &proof->version, &proof->dataset, NULL);

	if (err)
		return proof_refuse(proof, err, "its key does not fit");
	proof->packer = packer_open();
	proof->reader = reader_open(&proof->version, &proof->dataset, &key);
	for (uint32_t left = wire_array(&w, 0, proof->version.manifest_count); left > 0 && !err;
	     left--) {
		struct bytes chunk = wire_bin(&w, 1, LIMIT_CHUNK_LEN_MAX);
		if (w.err || !reader_part_next(proof->reader, &entry))
			err = ERR_MALFORMED;
		else
			err = reader_part_add(proof->reader, proof->packer, chunk);
	}
	if (!err && reader_part_next(proof->reader, &entry))
		err = ERR_MALFORMED;
	if (!err)
		err = reader_manifest_done(proof->reader);
	if (err)
		return proof_refuse(proof, err == ERR_CORRUPT ? ERR_DENIED : err,
				    "its list of files is not the one that was signed");
	proof->manifest = reader_manifest(proof->reader);
	proof->file = manifest_find(proof->manifest, proof->name);
	if (!proof->file)
		return proof_refuse(proof, ERR_DENIED, "the version has no file of that name");
	return ERR_OK;
}

/* Steps over the chunks, which are opened when it is known whose they are. */
static struct bytes chunks_skip(struct wire_in *w)
{
	const size_t from = w->pos;

	for (uint32_t left = wire_array(w, 0, LIMIT_RECORD_LEN_MAX); left > 0 && !w->err; left--)
		wire_bin(w, 1, LIMIT_CHUNK_LEN_MAX);
	return w->err ? bytes_of(NULL, 0) : bytes_of(w->in.ptr + from, w->pos - from);
}

static enum err parts_read(struct file_proof *proof, struct bytes whole, const struct fed_id *fed)
{
	struct wire_in w = wire_in(whole);
	struct fed_id said;
	enum err err = whole.len > FILE_PROOF_LEN_MAX ? ERR_FULL : payload_begin(&w, ELEMENT_COUNT);

	if (err)
		return err;
	proof->name = wire_text(&w, 1, LIMIT_FILE_NAME_LEN_MAX);
	struct bytes record = wire_bin(&w, 1, LIMIT_RECORD_LEN_MAX);
	struct bytes chunks = chunks_skip(&w);
	if (w.err || (!fed && (err = fed_said(&said, w))))
		return w.err ? w.err : err;
	err = token_file_place(&proof->place, &w, fed ? fed : &said);
	if (err)
		return proof->place.why[0] ? proof_refuse(proof, err, "%s", proof->place.why) : err;
	err = proof_record_take(proof, record);
	if (!err)
		err = author_check(proof);
	if (!err)
		err = version_fits(proof);
	return err ? err : manifest_take(proof, chunks);
}

enum err file_proof_read(struct file_proof *out, struct bytes whole, const struct fed_id *fed)
{
	*out = (struct file_proof){.manifest = NULL};
	charter_init(&out->place.charter);
	enum err err = parts_read(out, whole, fed);
	if (err)
		proof_refuse(out, err, "it is damaged, or no signature of a file");
	return err;
}

void file_proof_fini(struct file_proof *proof)
{
	reader_close(proof->reader);
	packer_close(proof->packer);
	token_file_fini(&proof->place);
}

const struct manifest_file *file_proof_match(const struct file_proof *proof,
					     const struct digest *hash, uint64_t size)
{
	for (uint32_t i = 0; i < manifest_file_count(proof->manifest); i++) {
		const struct manifest_file *file = manifest_file(proof->manifest, i);
		if (file->size == size && id_eq(&file->sha256, hash) && !manifest_is_folder(file))
			return file;
	}
	return NULL;
}
