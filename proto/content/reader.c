#include "proto/content/reader.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"

struct reader {
	struct dataset_id dataset;
	struct version version; /* its pointers stay valid: they look into copy */
	struct buf copy;
	struct version_parts parts;
	struct index_entry part; /* the one wanted */
	bool part_wanted;
	struct buf encoded;
	struct manifest manifest;
	struct key dataset_key;
	struct box_keys *keys; /* one for each epoch of the manifest */
	bool *has_key;
	bool stored;
};

static struct bytes copy_add(struct buf *copy, struct bytes b)
{
	size_t from = copy->len;
	buf_add(copy, b);
	return bytes_slice(buf_bytes(copy), from, b.len);
}

struct reader *reader_open(const struct version *version, const struct dataset_id *dataset,
			   const struct key *dataset_key)
{
	struct reader *r = mem_new(1, sizeof(*r));
	size_t len = version->manifest.len + version->epoch_prefix.len;
	r->dataset = *dataset;
	r->dataset_key = *dataset_key;
	r->version = *version;
	buf_init(&r->copy, len);
	/* once, so that it does not move */
	if (!buf_space(&r->copy, len))
		mem_gone(1, len);
	r->copy.len = 0;
	r->version.manifest = copy_add(&r->copy, version->manifest);
	r->version.epoch_prefix = copy_add(&r->copy, version->epoch_prefix);
	r->version.path = r->version.description = bytes_of(NULL, 0);
	r->parts = version_parts(&r->version);
	r->part_wanted = version_parts_next(&r->parts, &r->part);
	buf_init(&r->encoded, LIMIT_MANIFEST_LEN_MAX);
	manifest_init(&r->manifest);
	return r;
}

void reader_stored(struct reader *r)
{
	r->stored = true;
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	if (r->keys)
		secret_wipe(r->keys, manifest_epoch_count(&r->manifest) * sizeof(*r->keys));
	free(r->keys);
	free(r->has_key);
	manifest_fini(&r->manifest);
	buf_fini(&r->encoded);
	buf_fini(&r->copy);
	secret_wipe(r, sizeof(*r));
	free(r);
}

bool reader_part_next(const struct reader *r, struct index_entry *entry)
{
	if (r->part_wanted)
		*entry = r->part;
	return r->part_wanted;
}

enum err reader_part_add(struct reader *r, struct packer *packer, struct bytes chunk)
{
	struct box_context context;
	struct box_keys keys;
	check(r->part_wanted);
	version_box_context(&context, &r->version, &r->dataset, BOX_KIND_MANIFEST);
	box_keys_derive(&keys, &r->dataset_key);
	enum err err = chunk_open(packer, &r->encoded, &keys, &context, &r->part.addr, chunk,
				  bytes_of(NULL, 0));
	box_keys_wipe(&keys);
	if (!err)
		r->part_wanted = version_parts_next(&r->parts, &r->part);
	/* more than a manifest can be is the writer's fault, not our limit */
	return err == ERR_FULL ? ERR_MALFORMED : err;
}

static void key_set(struct reader *r, uint32_t epoch, const struct key *dataset_key)
{
	box_keys_derive(&r->keys[epoch], dataset_key);
	r->has_key[epoch] = true;
}

enum err reader_manifest_done(struct reader *r)
{
	check(!r->part_wanted && !r->keys);
	enum err err = manifest_decode(&r->manifest, buf_bytes(&r->encoded));
	if (!err)
		err = manifest_check(&r->manifest, &r->version, &r->dataset);
	if (err)
		return err;
	uint32_t count = manifest_epoch_count(&r->manifest);
	r->keys = mem_new(count, sizeof(*r->keys));
	r->has_key = mem_new(count, sizeof(*r->has_key));
	for (uint32_t i = 0; i < count; i++) {
		const struct manifest_epoch *epoch = manifest_epoch(&r->manifest, i);
		if (epoch->number == r->version.epoch_number &&
		    bytes_eq(epoch->prefix, r->version.epoch_prefix))
			key_set(r, i, &r->dataset_key);
	}
	return ERR_OK;
}

size_t reader_manifest_len(const struct reader *r)
{
	return r->encoded.len;
}

const struct manifest *reader_manifest(const struct reader *r)
{
	check(r->keys);
	return &r->manifest;
}

static uint32_t epoch_wanted(const struct reader *r)
{
	uint32_t i = 0;
	while (i < manifest_epoch_count(&r->manifest) && r->has_key[i])
		i++;
	return i;
}

const struct manifest_epoch *reader_key_wanted(const struct reader *r)
{
	uint32_t i = epoch_wanted(r);
	return i < manifest_epoch_count(&r->manifest) ? manifest_epoch(&r->manifest, i) : NULL;
}

void reader_key_add(struct reader *r, const struct key *dataset_key)
{
	check(reader_key_wanted(r));
	key_set(r, epoch_wanted(r), dataset_key);
}

static enum err ref_open(const struct reader *r, struct packer *packer, const struct chunk_ref *ref,
			 struct bytes chunk, struct bytes prefix, struct buf *out)
{
	const struct manifest_epoch *epoch = manifest_epoch(&r->manifest, ref->epoch);
	struct box_context context = {
		.dataset = r->dataset,
		.epoch_number = epoch->number,
		.kind = BOX_KIND_CONTENT,
		.hidden = r->version.tier == TIER_HIDDEN,
	};
	const struct chunk_addr *addr = r->stored ? NULL : &ref->addr;
	struct chunk_addr found;
	size_t before = out->len;
	if (!r->has_key[ref->epoch])
		return ERR_ABSENT;
	hash_once(context.epoch_prefix.b, "am1.prefix", epoch->prefix);
	enum err err = chunk_open(packer, out, &r->keys[ref->epoch], &context, addr, chunk, prefix);
	if (err && r->stored) {
		box_addr(&found, chunk);
		if (!id_eq(&found, &ref->addr))
			err = ERR_CORRUPT;
	}
	if (!err && out->len - before != ref->plain_len) {
		out->len = before;
		err = ERR_MALFORMED;
	}
	return err;
}

enum err reader_chunk(const struct reader *r, struct packer *packer, const struct chunk_ref *ref,
		      struct bytes chunk, const struct bytes *bases, struct buf *out)
{
	struct buf prefix;
	enum err err = ERR_OK;
	buf_init(&prefix, PACK_PREFIX_MAX);
	for (uint32_t i = 0; i < ref->base_count && !err; i++)
		err = ref_open(r, packer, manifest_base(&r->manifest, ref, i), bases[i],
			       bytes_of(NULL, 0), &prefix);
	if (!err)
		err = ref_open(r, packer, ref, chunk, buf_bytes(&prefix), out);
	buf_fini(&prefix);
	return err;
}

enum err reader_file_end(struct sha256 *sha256, const struct manifest_file *file)
{
	struct digest found;
	sha256_done(sha256, found.b);
	return id_eq(&found, &file->sha256) ? ERR_OK : ERR_MALFORMED;
}

enum err reader_description(struct buf *out, const struct version *version,
			    const struct dataset_id *dataset, const struct key *key,
			    struct packer *packer)
{
	struct box_context context;
	struct box_keys keys;
	if (version->tier == TIER_OPEN) {
		buf_add(out, version->description);
		return out->err;
	}
	if (!key)
		return ERR_ABSENT;
	version_description_context(&context, version, dataset);
	box_keys_derive(&keys, key);
	enum err err = chunk_open(packer, out, &keys, &context, NULL, version->description,
				  bytes_of(NULL, 0));
	box_keys_wipe(&keys);
	return err;
}
