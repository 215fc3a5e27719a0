#include "proto/content/version.h"

#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/path.h"
#include "proto/content/pack.h"
#include "proto/wire/wire_out.h"

#define FORMAT    1
#define SLOT_KIND 1

#define CHUNK_LEN_MIN (BOX_OVERHEAD + PACK_LEN_MIN)

static const char *const tier_names[] = {
	[TIER_OPEN] = "open",
	[TIER_MEMBERS] = "members",
	[TIER_GRANTED] = "granted",
	[TIER_HIDDEN] = "hidden",
};

const char *tier_name(enum tier tier)
{
	check(tier >= TIER_OPEN && tier <= TIER_HIDDEN);
	return tier_names[tier];
}

enum err tier_parse(enum tier *tier, struct bytes text)
{
	for (enum tier t = TIER_OPEN; t <= TIER_HIDDEN; t++) {
		if (bytes_eq(text, bytes_str(tier_names[t]))) {
			*tier = t;
			return ERR_OK;
		}
	}
	return ERR_MALFORMED;
}

/* The parts a version's epoch can have in its tier. */
static bool epoch_ok(const struct version *v)
{
	switch (v->tier) {
	case TIER_OPEN:
		return bytes_eq(v->epoch_prefix, v->path);
	case TIER_MEMBERS:
		return v->epoch_prefix.len == 0;
	case TIER_GRANTED:
		return !path_check(v->epoch_prefix) && path_contains(v->epoch_prefix, v->path);
	case TIER_HIDDEN:
		/* PROTOCOL: "tier hidden: as granted, but the epoch is its own: Q is the path." */
		return bytes_eq(v->epoch_prefix, v->path);
	}
	return false;
}

static bool description_ok(const struct version *v)
{
	struct description description;
	if (v->tier == TIER_OPEN)
		return !description_decode(&description, v->description) &&
		       version_description_fits(v, &description);
	if (v->tier == TIER_GRANTED && v->description_key < 1)
		return false;
	if (v->tier == TIER_HIDDEN && (v->description.len - BOX_OVERHEAD) % CHUNK_HIDDEN_UNIT != 0)
		return false;
	return index_size_ok(v->description.len);
}

/* PROTOCOL: "Path 12 is there in tier hidden, and in no other" */
bool version_description_fits(const struct version *v, const struct description *description)
{
	if (v->tier != TIER_HIDDEN)
		return description->path.len == 0;
	return description->path.len > 0 &&
	       bytes_eq(path_slug(description->path), path_slug(v->path));
}

/*
 * PROTOCOL: "Tier is 4 if and only if the path is hidden." Sizes of a manifest's chunks then follow
 * from its length alone.
 */
static bool hiding_ok(const struct version *v)
{
	struct version_parts parts = version_parts(v);
	struct index_entry entry;
	bool hidden = v->tier == TIER_HIDDEN;

	if (path_is_hidden(v->path) != hidden)
		return false;
	while (hidden && version_parts_next(&parts, &entry))
		if (parts.left > 0 ? entry.size != chunk_hidden_len(BOX_KIND_MANIFEST,
								    LIMIT_CHUNK_PLAIN_MAX)
				   : (entry.size - BOX_OVERHEAD) % CHUNK_HIDDEN_UNIT != 0)
			return false;
	return true;
}

/* Sizes that this many chunks can have; the count is below 2^32, so nothing overflows. */
static bool sum_ok(const struct version *v)
{
	return v->index.count >= 1 && v->index.bytes >= v->index.count * CHUNK_LEN_MIN &&
	       v->index.bytes <= v->index.count * LIMIT_CHUNK_LEN_MAX;
}

static void part_get(struct wire_in *w, struct index_entry *entry)
{
	wire_array(w, 2, 2);
	wire_fixed(w, entry->addr.b, ID_LEN);
	entry->size = (uint32_t)wire_uint(w, LIMIT_CHUNK_LEN_MAX);
	if (!index_size_ok(entry->size))
		wire_fail(w);
}

/* Keeps the list as bytes, after a look at each element. */
static void parts_get(struct wire_in *w, struct version *v)
{
	struct index_entry entry;
	v->manifest_count = wire_array(w, 1, LIMIT_MANIFEST_CHUNK_COUNT_MAX);
	size_t from = w->pos;
	for (uint32_t i = 0; i < v->manifest_count; i++)
		part_get(w, &entry);
	v->manifest = bytes_slice(w->in, from, w->pos - from);
}

/* PROTOCOL: "origin = nil | [author, record id(32)]" */
static void origin_get(struct wire_in *w, struct version *v)
{
	if (!(v->has_origin = !wire_nil(w)))
		return;
	wire_array(w, 2, 2);
	v->origin_author = (uint32_t)wire_uint(w, UINT32_MAX);
	wire_fixed(w, v->origin.b, ID_LEN);
}

static void origin_put(struct buf *out, const struct version *v)
{
	if (!v->has_origin) {
		out_nil(out);
		return;
	}
	out_array(out, 2);
	out_uint(out, v->origin_author);
	out_fixed(out, v->origin.b, ID_LEN);
}

enum err version_decode(struct version *v, struct bytes body)
{
	struct wire_in w = wire_in(body);
	memset(v, 0, sizeof(*v));
	wire_array(&w, 16, 16);
	wire_exact(&w, FORMAT);
	v->path = wire_text(&w, 1, LIMIT_PATH_LEN_MAX);
	v->tier = (enum tier)wire_uint(&w, TIER_HIDDEN);
	v->epoch_prefix = wire_text(&w, 0, LIMIT_PATH_LEN_MAX);
	v->epoch_number = wire_uint(&w, UINT64_MAX);
	v->number = wire_uint(&w, UINT64_MAX);
	if ((v->has_replaces = !wire_nil(&w)))
		wire_fixed(&w, v->replaces.b, ID_LEN);
	/* PROTOCOL: "Other tiers: `dataset key` is nil." */
	if (v->tier == TIER_OPEN)
		wire_fixed(&w, v->dataset_key.b, KEY_LEN);
	else if (!wire_nil(&w))
		wire_fail(&w);
	wire_fixed(&w, v->key_check.b, ID_LEN);
	v->description = wire_bin(&w, 1, DESCRIPTION_LEN_MAX);
	/* PROTOCOL: "in tier granted `be64 f ‖ chunk`" */
	if (v->tier == TIER_GRANTED && v->description.len >= 8) {
		v->description_key = be64_get(v->description.ptr);
		v->description = bytes_slice(v->description, 8, v->description.len);
	}
	parts_get(&w, v);
	wire_fixed(&w, v->index.digest.b, ID_LEN);
	v->index.count = wire_uint(&w, UINT32_MAX);
	v->index.bytes = wire_uint(&w, UINT64_MAX);
	origin_get(&w, v);
	if ((v->has_grant = !wire_nil(&w)))
		wire_fixed(&w, v->grant.b, ID_LEN);
	enum err err = wire_end(&w);
	if (!err && (path_check(v->path) || !epoch_ok(v) || v->epoch_number < 1 || v->number < 1 ||
		     !hiding_ok(v) || !description_ok(v) || !sum_ok(v)))
		err = ERR_MALFORMED;
	return err;
}

static void description_put(struct buf *out, const struct version *v)
{
	struct buf sealed;
	if (v->tier != TIER_GRANTED) {
		out_bin(out, v->description);
		return;
	}
	buf_init(&sealed, DESCRIPTION_LEN_MAX);
	buf_add_be64(&sealed, v->description_key);
	buf_add(&sealed, v->description);
	out_bin(out, buf_bytes(&sealed));
	if (sealed.err && !out->err)
		out->err = sealed.err;
	buf_fini(&sealed);
}

void version_encode(struct buf *out, const struct version *v)
{
	out_array(out, 16);
	out_uint(out, FORMAT);
	out_text(out, v->path);
	out_uint(out, v->tier);
	out_text(out, v->epoch_prefix);
	out_uint(out, v->epoch_number);
	out_uint(out, v->number);
	out_fixed_or_nil(out, v->has_replaces ? v->replaces.b : NULL, ID_LEN);
	out_fixed_or_nil(out, v->tier == TIER_OPEN ? v->dataset_key.b : NULL, KEY_LEN);
	out_fixed(out, v->key_check.b, ID_LEN);
	description_put(out, v);
	out_array(out, v->manifest_count);
	buf_add(out, v->manifest);
	out_fixed(out, v->index.digest.b, ID_LEN);
	out_uint(out, v->index.count);
	out_uint(out, v->index.bytes);
	origin_put(out, v);
	out_fixed_or_nil(out, v->has_grant ? v->grant.b : NULL, ID_LEN);
}

struct version_parts version_parts(const struct version *v)
{
	return (struct version_parts){wire_in(v->manifest), v->manifest_count};
}

bool version_parts_next(struct version_parts *parts, struct index_entry *entry)
{
	if (parts->left == 0)
		return false;
	parts->left--;
	part_get(&parts->w, entry);
	return !parts->w.err;
}

void version_part_put(struct buf *list, const struct index_entry *entry)
{
	out_array(list, 2);
	out_fixed(list, entry->addr.b, ID_LEN);
	out_uint(list, entry->size);
}

void version_slot(uint8_t slot[VERSION_SLOT_LEN], const struct dataset_id *dataset, uint64_t number)
{
	slot[0] = SLOT_KIND;
	memcpy(slot + 1, dataset->b, ID_LEN);
	be64_put(slot + 1 + ID_LEN, number);
}

enum err version_slot_get(struct bytes slot, struct dataset_id *dataset, uint64_t *number)
{
	if (slot.len != VERSION_SLOT_LEN || slot.ptr[0] != SLOT_KIND)
		return ERR_MALFORMED;
	memcpy(dataset->b, slot.ptr + 1, ID_LEN);
	*number = be64_get(slot.ptr + 1 + ID_LEN);
	return *number >= 1 ? ERR_OK : ERR_MALFORMED;
}

/* PROTOCOL: "`key check` is `derive(K(dataset), "am1.keycheck", dataset id ‖ be64 epoch number ‖
   epoch prefix)`" */
void version_key_check(struct digest *out, const struct key *dataset_key,
		       const struct dataset_id *dataset, uint64_t epoch_number,
		       struct bytes epoch_prefix)
{
	struct hash hash;
	hash_init(&hash, "am1.keycheck", dataset_key, ID_LEN);
	hash_add(&hash, id_bytes(dataset));
	hash_add_be64(&hash, epoch_number);
	hash_add(&hash, epoch_prefix);
	hash_done(&hash, out->b, ID_LEN);
}

void version_members_key(struct key *out, const struct key *fed_key, struct bytes path)
{
	struct key root;
	derive(&root, fed_key, "am1.pathroot", bytes_of(NULL, 0));
	path_key(out, &root, bytes_of(NULL, 0), path);
	key_wipe(&root);
}

enum err version_dataset_key(struct key *out, const struct version *v,
			     const struct dataset_id *dataset, const struct key *fed_key)
{
	struct digest found;
	if (v->tier == TIER_OPEN)
		*out = v->dataset_key;
	else if (v->tier == TIER_MEMBERS && fed_key)
		version_members_key(out, fed_key, v->path);
	else
		return ERR_ABSENT;
	version_key_check(&found, out, dataset, v->epoch_number, v->epoch_prefix);
	return id_eq(&found, &v->key_check) ? ERR_OK : ERR_DENIED;
}

void version_description_key(struct key *out, const struct version *v,
			     const struct key *dataset_key, const struct key *fed_key)
{
	if (v->tier == TIER_GRANTED)
		version_members_key(out, fed_key, v->path);
	else
		*out = *dataset_key;
}

/*
 * PROTOCOL: "the chunk is sealed as in tier members under the federation key F_f, because every
 * member may read it"
 */
void version_description_context(struct box_context *context, const struct version *v,
				 const struct dataset_id *dataset)
{
	version_box_context(context, v, dataset, BOX_KIND_DESCRIPTION);
	if (v->tier != TIER_GRANTED)
		return;
	context->epoch_number = v->description_key;
	hash_once(context->epoch_prefix.b, "am1.prefix", bytes_of(NULL, 0));
}

void version_box_context(struct box_context *context, const struct version *v,
			 const struct dataset_id *dataset, enum box_kind kind)
{
	*context = (struct box_context){
		.dataset = *dataset,
		.epoch_number = v->epoch_number,
		.kind = kind,
		.hidden = v->tier == TIER_HIDDEN,
	};
	hash_once(context->epoch_prefix.b, "am1.prefix", v->epoch_prefix);
}
