#include "proto/content/writer.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/limits.h"
#include "crypto/sha256.h"
#include "crypto/utf8.h"
#include "store/chunks.h"

/* address(32) || be32 size || be64 epoch number || be16 length of the epoch's prefix */
#define SEEN_LEN (ID_LEN + 4 + 8 + 2)

enum writer_state { STATE_FILES, STATE_MANIFEST, STATE_DONE };

struct writer {
	enum writer_state state;
	enum err err;
	struct writer_params params;
	uint8_t prefix[LIMIT_PATH_LEN_MAX];
	struct digest key_check;
	struct sealer sealer;
	struct cut_table table;
	struct cut cut;
	/*
	 * manifest.chunks has a place for every piece, in the order of taking; every file's name
	 * and type are one allocation.
	 */
	struct manifest manifest;
	size_t names_len;
	bool file_open;
	struct sha256 *sha256; /* of the open file */
	uint64_t offset;       /* of what was fed, in the stream */
	struct piece *piece;   /* the one being filled */
	bool piece_complete;
	uint32_t pending;
	struct buf encoded; /* the manifest, and how far it is cut */
	size_t encoded_at;
	struct buf parts; /* of struct index_entry: the manifest's own chunks */
	struct buf part_list;
	struct index index;
};

static bool writer_fail(struct writer *w, enum err err)
{
	if (!w->err)
		w->err = err;
	return w->err;
}

/* Pieces */

static struct piece *piece_new(enum box_kind kind, uint32_t number,
			       const struct writer_params *params)
{
	struct piece *piece = mem_new(1, sizeof(*piece));
	piece->kind = kind;
	piece->number = number;
	piece->epoch_number = params->epoch_number;
	piece->epoch_prefix_len = params->epoch_prefix.len;
	buf_init(&piece->plain, LIMIT_CHUNK_PLAIN_MAX);
	buf_init(&piece->sealed, LIMIT_CHUNK_LEN_MAX);
	return piece;
}

void piece_close(struct piece *piece)
{
	if (!piece)
		return;
	buf_fini(&piece->plain);
	buf_fini(&piece->sealed);
	free(piece);
}

/* A chunk used again shows that its text has stayed; in tier hidden nothing may. */
static bool reusable(const struct sealer *sealer, const struct piece *piece)
{
	return piece->kind == BOX_KIND_CONTENT && !sealer->content.hidden;
}

/* Where the text is looked at: so many places, the first at its beginning, the last at its end. */
#define SAMPLE_COUNT 16
#define SAMPLE_LEN   64

/*
 * An edit between the samples goes unnoticed here, and is by whoever compares. So nothing rests on
 * the fingerprint but how often that is in vain.
 */
void piece_identify(const struct sealer *sealer, struct piece *piece)
{
	struct bytes plain = buf_bytes(&piece->plain);
	struct hash hash;
	if (!reusable(sealer, piece))
		return;
	hash_init(&hash, "am1.seen", &sealer->seen_key, ID_LEN);
	hash_add_be64(&hash, plain.len);
	if (plain.len <= SAMPLE_COUNT * SAMPLE_LEN)
		hash_add(&hash, plain);
	for (size_t i = 0; plain.len > SAMPLE_COUNT * SAMPLE_LEN && i < SAMPLE_COUNT; i++)
		hash_add(&hash,
			 bytes_slice(plain, (plain.len - SAMPLE_LEN) * i / (SAMPLE_COUNT - 1),
				     SAMPLE_LEN));
	hash_done(&hash, piece->seen.b, ID_LEN);
}

enum err piece_seal(const struct sealer *sealer, struct packer *packer, struct random *random,
		    struct piece *piece)
{
	const struct box_context *context =
		piece->kind == BOX_KIND_MANIFEST ? &sealer->manifest : &sealer->content;
	enum err err = chunk_seal(packer, &piece->sealed, &sealer->keys, context,
				  buf_bytes(&piece->plain), random);
	if (err)
		return err;
	box_addr(&piece->entry.addr, buf_bytes(&piece->sealed));
	piece->entry.size = (uint32_t)piece->sealed.len;
	return ERR_OK;
}

/* Whether the chunk, of an epoch that readers of this version reach, has the text of the piece. */
static bool same_text(const struct sealer *sealer, struct packer *packer, uint64_t epoch_number,
		      size_t prefix_len, struct bytes chunk, const struct piece *piece)
{
	struct bytes plain = buf_bytes(&piece->plain);
	if (epoch_number == sealer->epoch_number && prefix_len == sealer->epoch_prefix_len)
		return chunk_is(packer, &sealer->keys, &sealer->content, chunk, plain);
	for (size_t i = 0; i < sealer->older_count; i++) {
		const struct sealer_epoch *older = &sealer->older[i];
		if (epoch_number == older->number && prefix_len == older->prefix_len)
			return chunk_is(packer, &older->keys, &older->content, chunk, plain);
	}
	return false;
}

bool seen_get(struct txn *txn, const struct sealer *sealer, struct packer *packer,
	      struct piece *piece)
{
	struct bytes value, chunk;
	struct index_entry entry;
	struct row_key key = key_seen(&sealer->dataset, &piece->seen);
	if (!reusable(sealer, piece) || !txn_get(txn, TABLE_SEEN, row_key_bytes(&key), &value) ||
	    value.len != SEEN_LEN)
		return false;
	memcpy(entry.addr.b, value.ptr, ID_LEN);
	entry.size = be32_get(value.ptr + ID_LEN);
	uint64_t epoch_number = be64_get(value.ptr + ID_LEN + 4);
	size_t prefix_len = be16_get(value.ptr + ID_LEN + 4 + 8);
	if (!chunks_get(txn, &sealer->dataset, &entry.addr, &chunk) || chunk.len != entry.size ||
	    !same_text(sealer, packer, epoch_number, prefix_len, chunk, piece))
		return false;
	piece->known = true;
	piece->entry = entry;
	piece->epoch_number = epoch_number;
	piece->epoch_prefix_len = prefix_len;
	return true;
}

void seen_put(struct txn *txn, const struct sealer *sealer, const struct piece *piece)
{
	uint8_t value[SEEN_LEN];
	if (!reusable(sealer, piece) || piece->known)
		return;
	struct row_key key = key_seen(&sealer->dataset, &piece->seen);
	memcpy(value, piece->entry.addr.b, ID_LEN);
	be32_put(value + ID_LEN, piece->entry.size);
	be64_put(value + ID_LEN + 4, piece->epoch_number);
	value[ID_LEN + 12] = (uint8_t)(piece->epoch_prefix_len >> 8);
	value[ID_LEN + 13] = (uint8_t)piece->epoch_prefix_len;
	txn_put(txn, TABLE_SEEN, row_key_bytes(&key), bytes_of(value, sizeof(value)));
}

bool seen_sweep(struct txn *txn, const struct dataset_id *dataset, struct digest *from,
		uint32_t max)
{
	struct row_key prefix = key_dataset(dataset), at = key_seen(dataset, from);
	struct walk walk =
		walk_begin_at(txn, TABLE_SEEN, row_key_bytes(&prefix), row_key_bytes(&at), true);
	for (uint32_t i = 0; i <= max && walk_next(&walk); i++) {
		struct chunk_addr addr;
		memcpy(from->b, walk.key.ptr + ID_LEN, ID_LEN);
		if (i == max)
			return true;
		if (walk.value.len != SEEN_LEN)
			continue;
		memcpy(addr.b, walk.value.ptr, ID_LEN);
		at = key_seen(dataset, from);
		if (!chunks_has(txn, dataset, &addr))
			txn_del(txn, TABLE_SEEN, row_key_bytes(&at));
	}
	return false;
}

/* The writer */

/* Not from K(dataset), which changes with the epoch while old chunks stay in use; but another tier
   must not find them, as its readers have other keys. */
static void seen_key_derive(struct key *out, const struct writer_params *params)
{
	struct hash hash;
	uint8_t tier = (uint8_t)params->tier;
	hash_init(&hash, "am1.seenkey", NULL, KEY_LEN);
	hash_add(&hash, bytes_of(params->cut_key.b, CUT_KEY_LEN));
	hash_add(&hash, bytes_of(&tier, 1));
	hash_done(&hash, out->b, KEY_LEN);
}

static void sealer_init(struct sealer *s, const struct writer_params *params)
{
	s->dataset = params->dataset;
	s->tier = params->tier;
	s->epoch_number = params->epoch_number;
	s->epoch_prefix_len = params->epoch_prefix.len;
	box_keys_derive(&s->keys, &params->dataset_key);
	seen_key_derive(&s->seen_key, params);
	s->content = (struct box_context){
		.dataset = params->dataset,
		.epoch_number = params->epoch_number,
		.kind = BOX_KIND_CONTENT,
		.hidden = params->tier == TIER_HIDDEN,
	};
	hash_once(s->content.epoch_prefix.b, "am1.prefix", params->epoch_prefix);
	s->manifest = s->content;
	s->manifest.kind = BOX_KIND_MANIFEST;
	check(params->older_count <= WRITER_EPOCH_COUNT_MAX);
	s->older_count = params->older_count;
	s->older = s->older_count ? mem_new(s->older_count, sizeof(*s->older)) : NULL;
	for (size_t i = 0; i < s->older_count; i++) {
		const struct writer_epoch *from = &params->older[i];
		struct sealer_epoch *older = &s->older[i];
		older->number = from->number;
		older->prefix_len = from->prefix_len;
		box_keys_derive(&older->keys, &from->dataset_key);
		older->content = s->content;
		older->content.epoch_number = from->number;
		hash_once(older->content.epoch_prefix.b, "am1.prefix",
			  bytes_slice(params->epoch_prefix, 0, from->prefix_len));
	}
}

static void sealer_fini(struct sealer *s)
{
	if (s->older)
		secret_wipe(s->older, s->older_count * sizeof(*s->older));
	free(s->older);
}

/* Older epochs have the prefix of this one, or one above it. */
static uint16_t epoch_index(struct writer *w, uint64_t number, size_t prefix_len)
{
	struct bytes prefix = bytes_slice(w->params.epoch_prefix, 0, prefix_len);
	uint32_t count = manifest_epoch_count(&w->manifest);
	for (uint32_t i = 0; i < count; i++)
		if (manifest_epoch(&w->manifest, i)->number == number &&
		    manifest_epoch(&w->manifest, i)->prefix.len == prefix.len)
			return (uint16_t)i;
	struct manifest_epoch epoch = {prefix, number};
	if (count == MANIFEST_EPOCH_COUNT_MAX) {
		writer_fail(w, ERR_FULL);
		return 0;
	}
	buf_add(&w->manifest.epochs, bytes_obj(&epoch));
	return (uint16_t)count;
}

struct writer *writer_open(const struct writer_params *params)
{
	struct writer *w = mem_new(1, sizeof(*w));
	check(params->epoch_prefix.len <= sizeof(w->prefix));
	w->params = *params;
	if (params->epoch_prefix.len > 0)
		memcpy(w->prefix, params->epoch_prefix.ptr, params->epoch_prefix.len);
	w->params.epoch_prefix = bytes_of(w->prefix, params->epoch_prefix.len);
	version_key_check(&w->key_check, &params->dataset_key, &params->dataset,
			  params->epoch_number, params->epoch_prefix);
	sealer_init(&w->sealer, params);
	cut_table_init(&w->table);
	cut_init(&w->cut, params->tier == TIER_HIDDEN ? NULL : &w->table, &params->cut_key);
	w->sha256 = sha256_open();
	manifest_init(&w->manifest);
	w->manifest.dataset = params->dataset;
	w->manifest.number = params->number;
	w->manifest.has_previous = params->has_previous;
	w->manifest.previous = params->previous;
	w->manifest.cut_key = params->cut_key;
	epoch_index(w, params->epoch_number, params->epoch_prefix.len);
	buf_init(&w->encoded, LIMIT_MANIFEST_LEN_MAX);
	buf_init(&w->parts, LIMIT_MANIFEST_CHUNK_COUNT_MAX * sizeof(struct index_entry));
	buf_init(&w->part_list, LIMIT_RECORD_LEN_MAX);
	index_init(&w->index);
	return w;
}

static struct manifest_file *file_last(struct writer *w)
{
	uint32_t count = manifest_file_count(&w->manifest);
	check(count > 0);
	return (struct manifest_file *)(void *)w->manifest.files.ptr + count - 1;
}

static void file_free(const struct manifest_file *file)
{
	free((void *)(uintptr_t)file->name.ptr);
}

void writer_close(struct writer *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < manifest_file_count(&w->manifest); i++)
		file_free(manifest_file(&w->manifest, i));
	manifest_fini(&w->manifest);
	sha256_close(w->sha256);
	piece_close(w->piece);
	buf_fini(&w->encoded);
	buf_fini(&w->parts);
	buf_fini(&w->part_list);
	index_fini(&w->index);
	sealer_fini(&w->sealer);
	secret_wipe(w, sizeof(*w));
	free(w);
}

const struct sealer *writer_sealer(const struct writer *w)
{
	return &w->sealer;
}

enum err writer_err(const struct writer *w)
{
	return w->err;
}

/* Files */

enum err writer_file_begin(struct writer *w, struct bytes name, struct bytes media_type,
			   uint64_t modified_ms)
{
	check(w->state == STATE_FILES && !w->file_open);
	if (w->err)
		return w->err;
	w->names_len += name.len + media_type.len;
	if (manifest_name_check(name) || media_type.len > MANIFEST_MEDIA_TYPE_LEN_MAX ||
	    !utf8_check(media_type, false))
		writer_fail(w, ERR_MALFORMED);
	else if (manifest_file_count(&w->manifest) >= LIMIT_FILE_COUNT_MAX ||
		 w->names_len > LIMIT_MANIFEST_LEN_MAX)
		writer_fail(w, ERR_FULL);
	if (w->err)
		return w->err;
	uint8_t *names = mem_new(name.len + media_type.len, 1);
	memcpy(names, name.ptr, name.len);
	if (media_type.len > 0)
		memcpy(names + name.len, media_type.ptr, media_type.len);
	const bool folder = name.ptr[name.len - 1] == '/'; /* which has neither type nor time */
	struct manifest_file file = {
		.name = bytes_of(names, name.len),
		.media_type = bytes_of(names + name.len, folder ? 0 : media_type.len),
		.modified_ms = folder ? 0 : modified_ms,
	};
	buf_add(&w->manifest.files, bytes_obj(&file));
	if (writer_fail(w, w->manifest.files.err)) {
		file_free(&file);
		return w->err;
	}
	w->file_open = true;
	return ERR_OK;
}

/* A place in the list, which writer_accept() fills. */
static uint32_t place_add(struct writer *w)
{
	bool manifest = w->state == STATE_MANIFEST;
	struct buf *list = manifest ? &w->parts : &w->manifest.chunks;
	size_t size = manifest ? sizeof(struct index_entry) : sizeof(struct chunk_ref);
	uint8_t *place = buf_space(list, size);
	if (place)
		memset(place, 0, size);
	writer_fail(w, list->err);
	return (uint32_t)(list->len / size) - 1;
}

/* What is more than a small file gets all the room at once: growing would copy it several times. */
static void piece_room(struct buf *plain, size_t more)
{
	const size_t len = plain->len;

	if (len + more <= LIMIT_CHUNK_PLAIN_MIN || plain->cap == LIMIT_CHUNK_PLAIN_MAX)
		return;
	buf_space(plain, LIMIT_CHUNK_PLAIN_MAX - len);
	plain->len = len;
}

static void piece_fill(struct writer *w, struct bytes in)
{
	if (!w->piece)
		w->piece =
			piece_new(w->state == STATE_MANIFEST ? BOX_KIND_MANIFEST : BOX_KIND_CONTENT,
				  place_add(w), &w->params);
	piece_room(&w->piece->plain, in.len);
	buf_add(&w->piece->plain, in);
	writer_fail(w, w->piece->plain.err);
}

size_t writer_feed(struct writer *w, struct bytes in)
{
	if (w->err || in.len == 0)
		return in.len;
	check(w->state == STATE_FILES && w->file_open && !w->piece_complete);
	struct manifest_file *file = file_last(w);
	if (manifest_is_folder(file)) { /* it is empty, or nothing lies in it */
		writer_fail(w, ERR_MALFORMED);
		return in.len;
	}
	size_t len = cut_feed(&w->cut, in, &w->piece_complete);
	struct bytes part = bytes_slice(in, 0, len);
	if (file->size == 0)
		file->offset = w->offset;
	piece_fill(w, part);
	sha256_add(w->sha256, part);
	file->size += len;
	w->offset += len;
	return len;
}

void writer_file_end(struct writer *w)
{
	if (w->err)
		return;
	check(w->file_open && !w->piece_complete);
	w->file_open = false;
	sha256_done(w->sha256, file_last(w)->sha256.b);
}

void writer_end(struct writer *w)
{
	if (w->err)
		return;
	check(w->state == STATE_FILES && !w->file_open && !w->piece_complete);
	w->piece_complete = w->piece != NULL;
	cut_reset(&w->cut);
}

enum err writer_copy(struct writer *w, const struct manifest *from)
{
	const uint32_t count = manifest_file_count(from);
	check(w->state == STATE_FILES && manifest_file_count(&w->manifest) == 0);
	w->manifest.epochs.len = 0;
	buf_add(&w->manifest.epochs, buf_bytes(&from->epochs));
	buf_add(&w->manifest.chunks, buf_bytes(&from->chunks));
	buf_add(&w->manifest.bases, buf_bytes(&from->bases));
	for (uint32_t i = 0; i < count && !w->err; i++) {
		const struct manifest_file *file = manifest_file(from, i);
		if (writer_file_begin(w, file->name, file->media_type, file->modified_ms))
			break;
		const struct manifest_file names = *file_last(w);
		*file_last(w) = *file;
		file_last(w)->name = names.name;
		file_last(w)->media_type = names.media_type;
		w->file_open = false;
	}
	writer_fail(w, w->manifest.epochs.err);
	writer_fail(w, w->manifest.chunks.err);
	return writer_fail(w, w->manifest.bases.err);
}

/* The next piece of the manifest. */
static void manifest_cut(struct writer *w)
{
	struct bytes rest = bytes_slice(buf_bytes(&w->encoded), w->encoded_at, w->encoded.len);
	bool end;
	if (rest.len == 0)
		return;
	size_t len = cut_feed(&w->cut, rest, &end);
	piece_fill(w, bytes_slice(rest, 0, len));
	w->encoded_at += len;
	w->piece_complete = true;
}

struct piece *writer_take(struct writer *w)
{
	if (w->state == STATE_MANIFEST && !w->err)
		manifest_cut(w);
	if (w->err || !w->piece_complete)
		return NULL;
	struct piece *piece = w->piece;
	w->piece = NULL;
	w->piece_complete = false;
	w->pending++;
	return piece;
}

void writer_accept(struct writer *w, const struct piece *piece)
{
	check(w->pending > 0 && index_size_ok(piece->entry.size));
	w->pending--;
	if (piece->kind == BOX_KIND_MANIFEST) {
		struct index_entry *parts = (void *)w->parts.ptr;
		parts[piece->number] = piece->entry;
		return;
	}
	struct chunk_ref *refs = (void *)w->manifest.chunks.ptr;
	refs[piece->number] = (struct chunk_ref){
		.addr = piece->entry.addr,
		.size = piece->entry.size,
		.plain_len = (uint32_t)piece->plain.len,
		.epoch = epoch_index(w, piece->epoch_number, piece->epoch_prefix_len),
	};
	writer_fail(w, w->manifest.epochs.err);
}

uint32_t writer_pending(const struct writer *w)
{
	return w->pending;
}

/* The manifest and the version */

static int file_cmp(const void *a, const void *b)
{
	const struct manifest_file *x = a, *y = b;
	return bytes_cmp(x->name, y->name);
}

/* Where each piece stands: known when all were accepted, in whatever order. */
static void chunks_place(struct writer *w)
{
	struct chunk_ref *refs = (void *)w->manifest.chunks.ptr;
	uint64_t offset = 0;
	for (uint32_t i = 0; i < manifest_chunk_count(&w->manifest); i++) {
		refs[i].offset = offset;
		offset += refs[i].plain_len;
	}
}

enum err writer_finish(struct writer *w)
{
	check(w->state == STATE_FILES && w->pending == 0);
	if (w->err)
		return w->err;
	check(!w->file_open && !w->piece);
	chunks_place(w);
	uint32_t count = manifest_file_count(&w->manifest);
	if (count > 0)
		qsort(w->manifest.files.ptr, count, sizeof(struct manifest_file), file_cmp);
	if (manifest_names_clash(&w->manifest))
		writer_fail(w, ERR_EXISTS);
	enum err err = manifest_place(&w->manifest);
	check(err != ERR_MALFORMED);
	writer_fail(w, err);
	manifest_encode(&w->encoded, &w->manifest);
	writer_fail(w, w->encoded.err);
	w->state = STATE_MANIFEST;
	return w->err;
}

const struct manifest *writer_manifest(const struct writer *w)
{
	check(w->state != STATE_FILES);
	return &w->manifest;
}

static void writer_index_build(struct writer *w)
{
	const struct index_entry *parts = (const void *)w->parts.ptr;
	manifest_index(&w->manifest, &w->index);
	for (size_t i = 0; i < w->parts.len / sizeof(*parts); i++) {
		index_add(&w->index, &parts[i].addr, parts[i].size);
		version_part_put(&w->part_list, &parts[i]);
	}
	writer_fail(w, index_sort(&w->index));
	writer_fail(w, w->part_list.err);
}

enum err writer_done(struct writer *w, struct version *v)
{
	check(w->state == STATE_MANIFEST && w->pending == 0);
	if (w->err)
		return w->err;
	check(w->encoded_at == w->encoded.len);
	writer_index_build(w);
	if (w->err)
		return w->err;
	w->state = STATE_DONE;
	v->tier = w->params.tier;
	v->epoch_prefix = w->params.epoch_prefix;
	v->epoch_number = w->params.epoch_number;
	v->number = w->params.number;
	v->has_replaces = w->params.has_previous;
	v->replaces = w->params.previous;
	v->dataset_key = w->params.tier == TIER_OPEN ? w->params.dataset_key : (struct key){0};
	v->key_check = w->key_check;
	v->manifest = buf_bytes(&w->part_list);
	v->manifest_count = (uint32_t)(w->parts.len / sizeof(struct index_entry));
	index_sum(&w->index, &v->index);
	return ERR_OK;
}

const struct index *writer_index(const struct writer *w)
{
	check(w->state == STATE_DONE);
	return &w->index;
}

enum err writer_description(const struct writer *w, struct packer *packer, struct random *random,
			    struct bytes encoded, struct buf *out)
{
	struct box_context context = w->sealer.content;
	context.kind = BOX_KIND_DESCRIPTION;
	return chunk_seal(packer, out, &w->sealer.keys, &context, encoded, random);
}
