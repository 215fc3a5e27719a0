#include "proto/content/index.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/box.h"
#include "crypto/check.h"
#include "crypto/limits.h"
#include "proto/content/pack.h"

/*
 * No manifest of LIMIT_MANIFEST_LEN_MAX bytes names more chunks: each takes more than 36 of them.
 */
#define INDEX_LEN_MAX ((size_t)2 * LIMIT_MANIFEST_LEN_MAX)

_Static_assert(sizeof(struct index_entry) == INDEX_ENTRY_LEN, "entries lie close together");

bool index_sum_eq(const struct index_sum *a, const struct index_sum *b)
{
	return id_eq(&a->digest, &b->digest) && a->count == b->count && a->bytes == b->bytes;
}

bool index_size_ok(uint64_t size)
{
	return size >= BOX_OVERHEAD + PACK_LEN_MIN && size <= LIMIT_CHUNK_LEN_MAX;
}

static int addr_cmp(const struct chunk_addr *a, const struct chunk_addr *b)
{
	return memcmp(a->b, b->b, ID_LEN);
}

void index_digest_init(struct index_digest *d)
{
	hash_init(&d->hash, "am1.index", NULL, ID_LEN);
	d->count = 0;
	d->bytes = 0;
}

/* PROTOCOL: "in rising order of address" */
enum err index_digest_add(struct index_digest *d, const struct index_entry *entry)
{
	uint8_t size[4];
	if (!index_size_ok(entry->size) || (d->count > 0 && addr_cmp(&entry->addr, &d->last) <= 0))
		return ERR_MALFORMED;
	be32_put(size, entry->size);
	hash_add(&d->hash, id_bytes(&entry->addr));
	hash_add(&d->hash, bytes_of(size, sizeof(size)));
	d->last = entry->addr;
	d->count++;
	d->bytes += entry->size;
	return ERR_OK;
}

void index_digest_done(struct index_digest *d, struct index_sum *sum)
{
	hash_done(&d->hash, sum->digest.b, ID_LEN);
	sum->count = d->count;
	sum->bytes = d->bytes;
}

void index_init(struct index *index)
{
	buf_init(&index->entries, INDEX_LEN_MAX);
}

void index_fini(struct index *index)
{
	buf_fini(&index->entries);
}

void index_add(struct index *index, const struct chunk_addr *addr, uint32_t size)
{
	struct index_entry entry = {*addr, size};
	buf_add(&index->entries, bytes_obj(&entry));
}

size_t index_count(const struct index *index)
{
	return index->entries.len / sizeof(struct index_entry);
}

const struct index_entry *index_at(const struct index *index, size_t i)
{
	return (const struct index_entry *)(const void *)index->entries.ptr + i;
}

static int entry_cmp(const void *a, const void *b)
{
	const struct index_entry *x = a, *y = b;
	int order = addr_cmp(&x->addr, &y->addr);
	return order ? order : (x->size > y->size) - (x->size < y->size);
}

enum err index_sort(struct index *index)
{
	struct index_entry *entries = (void *)index->entries.ptr;
	size_t count = index_count(index);
	size_t kept = 0;
	if (index->entries.err || count == 0)
		return index->entries.err;
	qsort(entries, count, sizeof(*entries), entry_cmp);
	for (size_t i = 0; i < count; i++) {
		const struct index_entry *last = kept > 0 ? &entries[kept - 1] : NULL;
		if (!index_size_ok(entries[i].size))
			return ERR_MALFORMED;
		if (!last || !id_eq(&last->addr, &entries[i].addr))
			entries[kept++] = entries[i];
		else if (last->size != entries[i].size)
			return ERR_MALFORMED;
	}
	index->entries.len = kept * sizeof(*entries);
	return ERR_OK;
}

void index_sum(const struct index *index, struct index_sum *sum)
{
	struct index_digest d;
	index_digest_init(&d);
	for (size_t i = 0; i < index_count(index); i++)
		check(!index_digest_add(&d, index_at(index, i)));
	index_digest_done(&d, sum);
}

void index_entry_put(struct buf *out, const struct index_entry *entry)
{
	buf_add(out, id_bytes(&entry->addr));
	buf_add_be32(out, entry->size);
}

struct index_entry index_entry_get(struct bytes entries, size_t i)
{
	const uint8_t *p = entries.ptr + i * INDEX_ENTRY_LEN;
	struct index_entry entry = {.size = be32_get(p + ID_LEN)};
	memcpy(entry.addr.b, p, ID_LEN);
	return entry;
}

enum err index_entries_check(struct bytes entries, const struct chunk_addr *after)
{
	struct index_entry last = {0}, entry;
	if (entries.len % INDEX_ENTRY_LEN != 0)
		return ERR_MALFORMED;
	if (after)
		last.addr = *after;
	for (size_t i = 0; i < entries.len / INDEX_ENTRY_LEN; i++, last = entry) {
		entry = index_entry_get(entries, i);
		if (!index_size_ok(entry.size) ||
		    ((after || i > 0) && addr_cmp(&entry.addr, &last.addr) <= 0))
			return ERR_MALFORMED;
	}
	return ERR_OK;
}
