#include "proto/content/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/limits.h"
#include "crypto/path.h"
#include "crypto/utf8.h"
#include "proto/content/pack.h"
#include "proto/wire/wire_out.h"

#define FORMAT 1
/* Elements in memory take at most 2.4 times the bytes they were decoded from. */
#define LIST_LEN_MAX ((size_t)3 * LIMIT_MANIFEST_LEN_MAX)

#define list_count(list, type) ((uint32_t)((list)->len / sizeof(type)))
#define list_at(list, type, i) ((const type *)(const void *)(list)->ptr + (i))

void manifest_init(struct manifest *m)
{
	memset(m, 0, sizeof(*m));
	buf_init(&m->epochs, LIST_LEN_MAX);
	buf_init(&m->files, LIST_LEN_MAX);
	buf_init(&m->chunks, LIST_LEN_MAX);
	buf_init(&m->bases, LIST_LEN_MAX);
}

void manifest_fini(struct manifest *m)
{
	buf_fini(&m->epochs);
	buf_fini(&m->files);
	buf_fini(&m->chunks);
	buf_fini(&m->bases);
}

uint32_t manifest_epoch_count(const struct manifest *m)
{
	return list_count(&m->epochs, struct manifest_epoch);
}

const struct manifest_epoch *manifest_epoch(const struct manifest *m, uint32_t i)
{
	return list_at(&m->epochs, struct manifest_epoch, i);
}

uint32_t manifest_file_count(const struct manifest *m)
{
	return list_count(&m->files, struct manifest_file);
}

const struct manifest_file *manifest_file(const struct manifest *m, uint32_t i)
{
	return list_at(&m->files, struct manifest_file, i);
}

const struct manifest_file *manifest_find(const struct manifest *m, struct bytes name)
{
	uint32_t low = 0, high = manifest_file_count(m);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = bytes_cmp(name, manifest_file(m, middle)->name);
		if (order == 0)
			return manifest_file(m, middle);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

uint32_t manifest_chunk_count(const struct manifest *m)
{
	return list_count(&m->chunks, struct chunk_ref);
}

static const struct chunk_ref *chunk_at(const struct manifest *m, uint32_t i)
{
	return list_at(&m->chunks, struct chunk_ref, i);
}

const struct chunk_ref *manifest_chunk(const struct manifest *m, const struct manifest_file *file,
				       uint32_t i)
{
	return list_at(&m->chunks, struct chunk_ref, file->chunk_first + i);
}

const struct chunk_ref *manifest_base(const struct manifest *m, const struct chunk_ref *ref,
				      uint32_t i)
{
	return list_at(&m->bases, struct chunk_ref, ref->base_first + i);
}

struct bytes manifest_part(const struct manifest_file *file, const struct chunk_ref *ref,
			   struct bytes plain)
{
	uint64_t end = file->offset + file->size;
	size_t from = file->offset > ref->offset ? (size_t)(file->offset - ref->offset) : 0;
	size_t to = end - ref->offset < plain.len ? (size_t)(end - ref->offset) : plain.len;
	return bytes_slice(plain, from, to - from);
}

uint32_t manifest_real_count(const struct manifest *m)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < manifest_file_count(m); i++)
		count += !manifest_is_folder(manifest_file(m, i));
	return count;
}

uint64_t manifest_bytes(const struct manifest *m)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < manifest_file_count(m); i++)
		sum += manifest_file(m, i)->size;
	return sum;
}

/* PROTOCOL: "a reader that nobody has asked for it refuses a version of which more than 1,000 bytes
   of files come out of a stored byte, beyond 64 MiB." */
bool manifest_swells(uint64_t plain_bytes, uint64_t stored_bytes)
{
	return plain_bytes > LIMIT_SWELL_FREE_BYTES &&
	       (plain_bytes - LIMIT_SWELL_FREE_BYTES) / LIMIT_SWELL_RATIO_MAX > stored_bytes;
}

/* Texts that are shown: what steers a terminal or makes one name look like another is none. */
static bool is_plain(struct bytes text)
{
	uint32_t c;

	for (size_t at = 0, len; at < text.len; at += len) {
		len = utf8_next(bytes_slice(text, at, text.len), &c);
		if (len == 0 || utf8_unsafe(c))
			return false;
	}
	return true;
}

static bool part_ok(struct bytes part)
{
	return part.len > 0 && part.len <= LIMIT_FILE_PART_LEN_MAX &&
	       !bytes_eq(part, bytes_str(".")) && !bytes_eq(part, bytes_str(".."));
}

/* PROTOCOL: "File names are relative paths with `/` as separator: at most 65 components of 1 to 255
   bytes, none of them `.` or `..`, and no name has a character that steers a terminal or is not
   seen (section 1). A name that ends in `/` is that of an empty folder" */
enum err manifest_name_check(struct bytes name)
{
	unsigned depth = 0;

	if (name.len < 1 || name.len > LIMIT_FILE_NAME_LEN_MAX || !is_plain(name))
		return ERR_MALFORMED;
	for (size_t at = 0; at < name.len || at == 0; depth++) {
		struct bytes rest = bytes_slice(name, at, name.len);
		const uint8_t *slash = memchr(rest.ptr, '/', rest.len);
		size_t len = slash ? (size_t)(slash - rest.ptr) : rest.len;

		if (depth > LIMIT_FILE_DEPTH_MAX || !part_ok(bytes_slice(rest, 0, len)))
			return ERR_MALFORMED;
		at += len + (slash != NULL);
	}
	return ERR_OK;
}

bool manifest_is_folder(const struct manifest_file *file)
{
	return file->name.ptr[file->name.len - 1] == '/';
}

/*
 * All names that begin with one stand right behind it, so those that the present one begins with
 * are a stack; each is longer than the one below it.
 */
bool manifest_names_clash(const struct manifest *m)
{
	struct bytes above[LIMIT_FILE_NAME_LEN_MAX];
	size_t depth = 0;

	for (uint32_t f = 0; f < manifest_file_count(m); f++) {
		struct bytes name = manifest_file(m, f)->name;

		while (depth > 0 &&
		       !bytes_eq(above[depth - 1], bytes_slice(name, 0, above[depth - 1].len)))
			depth--;
		for (size_t i = 0; i < depth; i++) {
			struct bytes up = above[i];

			if (up.len == name.len || up.ptr[up.len - 1] == '/' ||
			    name.ptr[up.len] == '/')
				return true;
		}
		check(depth < LIMIT_FILE_NAME_LEN_MAX);
		above[depth++] = name;
	}
	return false;
}

/* The fields that chunks and bases have in common. */
static void ref_put(struct buf *out, const struct chunk_ref *ref)
{
	out_fixed(out, ref->addr.b, ID_LEN);
	out_uint(out, ref->size);
	out_uint(out, ref->plain_len);
	out_uint(out, ref->epoch);
}

static void chunk_put(struct buf *out, const struct manifest *m, const struct chunk_ref *ref)
{
	out_array(out, 5);
	ref_put(out, ref);
	out_array(out, ref->base_count);
	for (uint32_t i = 0; i < ref->base_count; i++) {
		out_array(out, 4);
		ref_put(out, manifest_base(m, ref, i));
	}
}

static void file_put(struct buf *out, const struct manifest_file *file)
{
	out_array(out, 6);
	out_text(out, file->name);
	out_text(out, file->media_type);
	out_uint(out, file->size);
	out_uint(out, file->modified_ms);
	out_fixed(out, file->sha256.b, ID_LEN);
	out_uint(out, file->offset);
}

void manifest_encode(struct buf *out, const struct manifest *m)
{
	out_array(out, 8);
	out_uint(out, FORMAT);
	out_fixed(out, m->dataset.b, ID_LEN);
	out_uint(out, m->number);
	out_fixed_or_nil(out, m->has_previous ? m->previous.b : NULL, ID_LEN);
	out_fixed(out, m->cut_key.b, CUT_KEY_LEN);
	out_array(out, manifest_epoch_count(m));
	for (uint32_t i = 0; i < manifest_epoch_count(m); i++) {
		out_array(out, 2);
		out_text(out, manifest_epoch(m, i)->prefix);
		out_uint(out, manifest_epoch(m, i)->number);
	}
	out_array(out, manifest_file_count(m));
	for (uint32_t i = 0; i < manifest_file_count(m); i++)
		file_put(out, manifest_file(m, i));
	out_array(out, manifest_chunk_count(m));
	for (uint32_t i = 0; i < manifest_chunk_count(m); i++)
		chunk_put(out, m, chunk_at(m, i));
}

static void ref_get(struct wire_in *w, struct chunk_ref *ref, uint32_t epoch_count)
{
	wire_fixed(w, ref->addr.b, ID_LEN);
	ref->size = (uint32_t)wire_uint(w, LIMIT_CHUNK_LEN_MAX);
	ref->plain_len = (uint32_t)wire_uint(w, LIMIT_CHUNK_PLAIN_MAX);
	ref->epoch = (uint16_t)wire_uint(w, epoch_count - 1);
	if (!index_size_ok(ref->size) || ref->plain_len < 1)
		wire_fail(w);
}

static uint32_t chunk_get(struct wire_in *w, struct manifest *m, uint64_t offset)
{
	struct chunk_ref ref = {.base_first = list_count(&m->bases, struct chunk_ref),
				.offset = offset};
	wire_array(w, 5, 5);
	ref_get(w, &ref, manifest_epoch_count(m));
	ref.base_count = (uint8_t)wire_array(w, 0, LIMIT_CHUNK_BASE_COUNT_MAX);
	for (uint32_t i = 0; i < ref.base_count; i++) {
		struct chunk_ref base = {0};
		wire_array(w, 4, 4);
		ref_get(w, &base, manifest_epoch_count(m));
		buf_add(&m->bases, bytes_obj(&base));
	}
	buf_add(&m->chunks, bytes_obj(&ref));
	return ref.plain_len;
}

/* PROTOCOL: "A piece is 16,384 to 262,144 bytes long; the last may be shorter." */
static void stream_get(struct wire_in *w, struct manifest *m)
{
	uint64_t offset = 0;
	uint32_t count = wire_array(w, 0, UINT32_MAX);
	for (uint32_t i = 0; i < count && !w->err; i++) {
		uint32_t len = chunk_get(w, m, offset);
		if (i + 1 < count && len < LIMIT_CHUNK_PLAIN_MIN)
			wire_fail(w);
		offset += len;
	}
}

/* PROTOCOL: "it has no bytes, no media type and no time." */
static bool bare(const struct manifest_file *file)
{
	return !file->size && !file->media_type.len && !file->modified_ms;
}

static void file_get(struct wire_in *w, struct manifest *m)
{
	struct manifest_file file = {0};
	uint32_t before = manifest_file_count(m);
	wire_array(w, 6, 6);
	file.name = wire_text(w, 1, LIMIT_FILE_NAME_LEN_MAX);
	file.media_type = wire_text(w, 0, MANIFEST_MEDIA_TYPE_LEN_MAX);
	file.size = wire_uint(w, UINT64_MAX);
	file.modified_ms = wire_uint(w, UINT64_MAX);
	wire_fixed(w, file.sha256.b, ID_LEN);
	file.offset = wire_uint(w, UINT64_MAX);
	if (manifest_name_check(file.name) || (manifest_is_folder(&file) && !bare(&file)) ||
	    (before > 0 && bytes_cmp(manifest_file(m, before - 1)->name, file.name) >= 0))
		wire_fail(w);
	buf_add(&m->files, bytes_obj(&file));
}

static void epochs_get(struct wire_in *w, struct manifest *m)
{
	uint32_t count = wire_array(w, 1, MANIFEST_EPOCH_COUNT_MAX);
	for (uint32_t i = 0; i < count; i++) {
		struct manifest_epoch epoch = {0};
		wire_array(w, 2, 2);
		epoch.prefix = wire_text(w, 0, LIMIT_PATH_LEN_MAX);
		epoch.number = wire_uint(w, UINT64_MAX);
		if (epoch.number < 1 || (epoch.prefix.len > 0 && path_check(epoch.prefix)))
			wire_fail(w);
		buf_add(&m->epochs, bytes_obj(&epoch));
	}
}

struct extent {
	uint64_t from, to;
};

static int extent_cmp(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;
	return (x->from > y->from) - (x->from < y->from);
}

static uint64_t stream_len(const struct manifest *m)
{
	uint32_t count = manifest_chunk_count(m);
	const struct chunk_ref *last = count > 0 ? chunk_at(m, count - 1) : NULL;
	return last ? last->offset + last->plain_len : 0;
}

/* PROTOCOL: "The files that are not empty cover the stream, each byte of it once." */
static enum err files_cover(const struct manifest *m)
{
	struct buf list;
	uint64_t at = 0;
	enum err err = ERR_OK;
	buf_init(&list, manifest_file_count(m) * sizeof(struct extent));
	for (uint32_t i = 0; i < manifest_file_count(m) && !err; i++) {
		const struct manifest_file *file = manifest_file(m, i);
		struct extent extent = {file->offset, file->offset + file->size};
		if (extent.to < extent.from || (file->size == 0 && file->offset > 0))
			err = ERR_MALFORMED;
		if (file->size > 0)
			buf_add(&list, bytes_obj(&extent));
	}
	struct extent *extents = (void *)list.ptr;
	size_t count = list.len / sizeof(*extents);
	if (count > 0)
		qsort(extents, count, sizeof(*extents), extent_cmp);
	for (size_t i = 0; i < count && !err; i++) {
		if (extents[i].from != at)
			err = ERR_MALFORMED;
		at = extents[i].to;
	}
	if (!err && at != stream_len(m))
		err = ERR_MALFORMED;
	err = list.err ? list.err : err;
	buf_fini(&list);
	return err;
}

/* The chunk in which a byte of the stream lies. */
static uint32_t chunk_find(const struct manifest *m, uint64_t offset)
{
	uint32_t low = 0, high = manifest_chunk_count(m);
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (chunk_at(m, middle)->offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

enum err manifest_place(struct manifest *m)
{
	enum err err = files_cover(m);
	struct manifest_file *files = (void *)m->files.ptr;
	for (uint32_t i = 0; i < manifest_file_count(m) && !err; i++) {
		if (files[i].size == 0)
			continue;
		files[i].chunk_first = chunk_find(m, files[i].offset);
		files[i].chunk_count = chunk_find(m, files[i].offset + files[i].size - 1) + 1 -
				       files[i].chunk_first;
	}
	return err;
}

enum err manifest_decode(struct manifest *m, struct bytes in)
{
	struct wire_in w = wire_in(in);
	wire_array(&w, 8, 8);
	wire_exact(&w, FORMAT);
	wire_fixed(&w, m->dataset.b, ID_LEN);
	m->number = wire_uint(&w, UINT64_MAX);
	if ((m->has_previous = !wire_nil(&w)))
		wire_fixed(&w, m->previous.b, ID_LEN);
	wire_fixed(&w, m->cut_key.b, CUT_KEY_LEN);
	epochs_get(&w, m);
	uint32_t count = wire_array(&w, 0, LIMIT_FILE_COUNT_MAX);
	for (uint32_t i = 0; i < count && !w.err; i++)
		file_get(&w, m);
	stream_get(&w, m);
	enum err full = m->epochs.err ? m->epochs.err : m->files.err;
	full = full ? full : m->chunks.err ? m->chunks.err : m->bases.err;
	if (full)
		return full;
	if (m->number < 1 || (!w.err && manifest_names_clash(m)))
		wire_fail(&w);
	enum err err = wire_end(&w);
	return err ? err : manifest_place(m);
}

void manifest_index(const struct manifest *m, struct index *index)
{
	for (uint32_t i = 0; i < manifest_chunk_count(m); i++) {
		const struct chunk_ref *ref = chunk_at(m, i);
		index_add(index, &ref->addr, ref->size);
		for (uint32_t b = 0; b < ref->base_count; b++) {
			const struct chunk_ref *base = manifest_base(m, ref, b);
			index_add(index, &base->addr, base->size);
		}
	}
}

static bool belongs(const struct manifest *m, const struct version *v,
		    const struct dataset_id *dataset)
{
	return id_eq(&m->dataset, dataset) && m->number == v->number &&
	       m->has_previous == v->has_replaces &&
	       (!m->has_previous || id_eq(&m->previous, &v->replaces));
}

/*
 * PROTOCOL: "Every version of tier hidden is sealed wholly anew: `epochs` has one element, its own,
 * no chunk has bases, and each but the last has 262,144 bytes." So no size depends on
 * what a file says.
 */
static bool hiding_kept(const struct manifest *m, const struct version *v)
{
	const struct manifest_epoch *epoch = manifest_epoch(m, 0);

	if (manifest_epoch_count(m) != 1 || epoch->number != v->epoch_number ||
	    !bytes_eq(epoch->prefix, v->epoch_prefix))
		return false;
	for (uint32_t i = 0; i < manifest_chunk_count(m); i++) {
		const struct chunk_ref *ref = chunk_at(m, i);
		bool last = i + 1 == manifest_chunk_count(m);
		if (ref->base_count > 0 ||
		    ref->size != chunk_hidden_len(BOX_KIND_CONTENT, ref->plain_len) ||
		    (!last && ref->plain_len != LIMIT_CHUNK_PLAIN_MAX))
			return false;
	}
	return true;
}

/* PROTOCOL: "A reader refuses a manifest whose chunks differ from the index, or whose files are not
   as many, and of as many bytes, as the description says." The latter is for who has its key. */
enum err manifest_check(const struct manifest *m, const struct version *v,
			const struct dataset_id *dataset)
{
	struct index index;
	struct index_sum sum;
	struct index_entry entry;
	if (!belongs(m, v, dataset) || (v->tier == TIER_HIDDEN && !hiding_kept(m, v)))
		return ERR_MALFORMED;
	index_init(&index);
	manifest_index(m, &index);
	struct version_parts parts = version_parts(v);
	while (version_parts_next(&parts, &entry))
		index_add(&index, &entry.addr, entry.size);
	enum err err = index_sort(&index);
	if (!err) {
		index_sum(&index, &sum);
		err = index_sum_eq(&sum, &v->index) ? ERR_OK : ERR_MALFORMED;
	}
	index_fini(&index);
	return err;
}
