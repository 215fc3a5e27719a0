#include "proto/ledger/roll.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "proto/charter/charter.h"

void roll_fini(struct roll *roll)
{
	for (size_t i = 0; i < ROLL_BUCKET_COUNT; i++)
		free(roll->buckets[i].entries);
	*roll = (struct roll){.count = 0};
}

/* PROTOCOL: "SipHash-2-4 of the code under a key of zeros" */
static void marks_add(struct roll *roll, const struct roll_entry *entry, int sign)
{
	static const uint8_t key[SIPHASH_KEY_LEN];
	uint64_t bits = siphash(key, bytes_obj(&entry->code));

	for (unsigned i = 0; i < ROLL_MARK_COUNT; i++)
		roll->marks[i] += (uint8_t)(bits >> i & 1 ? sign : -sign);
}

/*
 * PROTOCOL: "`state id = H("am1.state", be32 author ‖ be32 incarnation ‖ set digest)`"
 */
static void code_make(struct roll_entry *out, uint32_t author, uint32_t incarnation,
		      uint64_t counter, const struct digest *set)
{
	struct hash hash;

	out->author = author;
	hash_init(&hash, "am1.state", NULL, ID_LEN);
	hash_add_be64(&hash, (uint64_t)author << 32 | incarnation);
	hash_add(&hash, id_bytes(set));
	hash_done(&hash, out->code, ID_LEN);
	be64_put(out->code + ID_LEN, counter);
}

/* Where the author is in the bucket, or would be. */
static size_t entry_place(const struct roll_bucket *bucket, uint32_t author)
{
	size_t low = 0, high = bucket->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (bucket->entries[middle].author < author)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void roll_put(struct roll *roll, uint32_t author, uint32_t incarnation, uint64_t counter,
	      const struct digest *set)
{
	struct roll_bucket *bucket = &roll->buckets[author_member(author) % ROLL_BUCKET_COUNT];
	size_t at = entry_place(bucket, author), after = bucket->count - at;
	struct roll_entry *entry = after > 0 ? &bucket->entries[at] : NULL;
	bool known = entry && entry->author == author;

	bucket->is_hashed = false;
	if (known)
		marks_add(roll, entry, -1);
	if (incarnation == 0) {
		if (!known)
			return;
		memmove(entry, entry + 1, (after - 1) * sizeof(*entry));
		bucket->count--;
		roll->count--;
		return;
	}
	if (!known) {
		bucket->entries = mem_room(bucket->entries, bucket->count, &bucket->cap,
					   sizeof(*bucket->entries));
		entry = &bucket->entries[at];
		memmove(entry + 1, entry, after * sizeof(*entry));
		bucket->count++;
		roll->count++;
	}
	code_make(entry, author, incarnation, counter, set);
	marks_add(roll, entry, 1);
	roll->hash_count++;
}

/* PROTOCOL: "the digest of one is `H("am1.bucket", state ids)` in rising order of author" */
static void bucket_hash(struct roll *roll, struct roll_bucket *bucket)
{
	struct hash hash;

	if (bucket->is_hashed)
		return;
	hash_init(&hash, "am1.bucket", NULL, ID_LEN);
	for (size_t i = 0; i < bucket->count; i++)
		hash_add(&hash, bytes_of(bucket->entries[i].code, ID_LEN));
	hash_done(&hash, bucket->digest.b, ID_LEN);
	bucket->is_hashed = true;
	roll->hash_count++;
}

/* PROTOCOL: "the content digest is `H("am1.content", digests of the buckets 0 to 255)`" */
void roll_content(struct roll *roll, struct digest *out)
{
	struct hash hash;

	hash_init(&hash, "am1.content", NULL, ID_LEN);
	for (size_t i = 0; i < ROLL_BUCKET_COUNT; i++) {
		bucket_hash(roll, &roll->buckets[i]);
		hash_add(&hash, id_bytes(&roll->buckets[i].digest));
	}
	hash_done(&hash, out->b, ID_LEN);
}

uint64_t roll_distance(const uint8_t a[ROLL_MARK_COUNT], const uint8_t b[ROLL_MARK_COUNT])
{
	uint64_t squares = 0;

	for (unsigned i = 0; i < ROLL_MARK_COUNT; i++) {
		int apart = (int8_t)(uint8_t)(a[i] - b[i]);
		squares += (uint64_t)(apart * apart);
	}
	/* An author in whom they differ is two terms, one of either. */
	return squares / (2 * ROLL_MARK_COUNT);
}
