/*
 * index - the set of (address, size) of all chunks a version needs (docs/PROTOCOL.md, section 6.4).
 *
 * It is the part of a version that a relay can read. The digest runs over the entries in rising
 * order of address, without ever needing all of them in memory.
 */
#ifndef ALLMENDE_INDEX_H
#define ALLMENDE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/hash.h"
#include "crypto/id.h"

#define INDEX_ENTRY_LEN 36 /* address(32) || be32 size */

struct index_entry {
	struct chunk_addr addr;
	uint32_t size; /* of the sealed chunk */
};

/* What a version record says about its index. */
struct index_sum {
	struct digest digest;
	uint64_t count;
	uint64_t bytes;
};
bool index_sum_eq(const struct index_sum *a, const struct index_sum *b);

/* Smallest and largest sealed chunk. */
bool index_size_ok(uint64_t size);

/* The running digest. */
struct index_digest {
	struct hash hash;
	struct chunk_addr last;
	uint64_t count;
	uint64_t bytes;
};
void index_digest_init(struct index_digest *d);
/* ERR_MALFORMED when the address is not greater than the one before, or the size impossible. */
enum err index_digest_add(struct index_digest *d, const struct index_entry *entry);
void index_digest_done(struct index_digest *d, struct index_sum *sum);

/* A list under construction. */
struct index {
	struct buf entries; /* of struct index_entry */
};
void index_init(struct index *index);
void index_fini(struct index *index);
void index_add(struct index *index, const struct chunk_addr *addr, uint32_t size);
/* Sorts and removes doubles. ERR_MALFORMED: one address with two sizes, or an impossible size;
   ERR_FULL, ERR_NOMEM: of the additions. */
enum err index_sort(struct index *index);
size_t index_count(const struct index *index);
const struct index_entry *index_at(const struct index *index, size_t i);
void index_sum(const struct index *index, struct index_sum *sum); /* of a sorted list */

/* The entries of an INDEX message: appends one. */
void index_entry_put(struct buf *out, const struct index_entry *entry);
/* Whole entries, strictly rising, all after `after` when that is not NULL: else ERR_MALFORMED. */
enum err index_entries_check(struct bytes entries, const struct chunk_addr *after);
/* Entry i of checked entries; there are entries.len / INDEX_ENTRY_LEN. */
struct index_entry index_entry_get(struct bytes entries, size_t i);

#endif
