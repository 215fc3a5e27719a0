#include "proto/sync/sketch.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"

static const uint64_t prime = 4294967291; /* 2^32 - 5 */

struct cell {
	uint32_t sum, product; /* of v, and of author * v */
};
struct sketch {
	const uint8_t *key;
	size_t width; /* cells of a part */
	struct cell *cells;
};

static uint32_t times(uint64_t a, uint64_t b)
{
	return (uint32_t)(a * b % prime);
}

/* 1 / a, as Fermat says: a ^ (prime - 2). */
static uint32_t inverse(uint32_t a)
{
	uint32_t out = 1;

	for (uint64_t e = prime - 2; e > 0; e >>= 1) {
		if (e & 1)
			out = times(out, a);
		a = times(a, a);
	}
	return out;
}

size_t sketch_width(uint64_t distance, size_t author_count)
{
	/* 2.5 cells for each, as the marks may tell half of what there is; 24 for chance. */
	size_t width = SKETCH_CELL_LEN + (size_t)distance * 5 / 6;
	size_t len = width * SKETCH_STEP_LEN;

	return width > SKETCH_WIDTH_MAX || len >= author_count * SKETCH_STATE_LEN ? 0 : width;
}

/*
 * PROTOCOL: "its cell of part `p` (0 to 2) is the one with the number `p * w + (x * w >> 21)`,
 * where `x` are the bits 21p to 21p + 20 of the SipHash of be32 author"
 */
static void places(const struct sketch *sketch, uint32_t author, size_t out[SKETCH_PARTS])
{
	uint8_t name[4];

	be32_put(name, author);
	uint64_t bits = siphash(sketch->key, bytes_obj(&name));
	for (unsigned p = 0; p < SKETCH_PARTS; p++)
		out[p] = p * sketch->width + ((bits >> 21 * p & 0x1fffff) * sketch->width >> 21);
}

static void sketch_add(struct sketch *sketch, uint32_t author, uint32_t value)
{
	size_t at[SKETCH_PARTS];

	places(sketch, author, at);
	for (unsigned p = 0; p < SKETCH_PARTS; p++) {
		struct cell *cell = &sketch->cells[at[p]];
		cell->sum = (uint32_t)((cell->sum + (uint64_t)value) % prime);
		cell->product =
			(uint32_t)((cell->product + (uint64_t)times(author, value)) % prime);
	}
}

static struct sketch sketch_of(const struct roll *roll, const uint8_t *key, size_t width)
{
	struct sketch sketch = {key, width, mem_new(SKETCH_PARTS * width, sizeof(struct cell))};

	for (size_t b = 0; b < ROLL_BUCKET_COUNT; b++)
		for (size_t i = 0; i < roll->buckets[b].count; i++) {
			const struct roll_entry *entry = &roll->buckets[b].entries[i];
			sketch_add(&sketch, entry->author,
				   (uint32_t)(siphash(key, bytes_obj(&entry->code)) % prime));
		}
	return sketch;
}

void sketch_make(struct buf *out, const struct roll *roll, const uint8_t *key, size_t width)
{
	struct sketch sketch = sketch_of(roll, key, width);

	for (size_t i = 0; i < SKETCH_PARTS * width; i++) {
		buf_add_be32(out, sketch.cells[i].sum);
		buf_add_be32(out, sketch.cells[i].product);
	}
	free(sketch.cells);
}

/* False: a cell holds what no sum can be. */
static bool take_off(struct sketch *sketch, struct bytes theirs)
{
	for (size_t i = 0; i < SKETCH_PARTS * sketch->width; i++) {
		struct cell *cell = &sketch->cells[i];
		uint64_t sum = be32_get(theirs.ptr + SKETCH_CELL_LEN * i);
		uint64_t product = be32_get(theirs.ptr + SKETCH_CELL_LEN * i + 4);
		if (sum >= prime || product >= prime)
			return false;
		cell->sum = (uint32_t)((cell->sum + prime - sum) % prime);
		cell->product = (uint32_t)((cell->product + prime - product) % prime);
	}
	return true;
}

/*
 * The author who has made this cell alone, 0: nobody has. Others come out as any number, which is
 * hardly ever one that there may be and that belongs into this cell.
 */
static uint32_t alone_in(const struct sketch *sketch, const struct charter *charter, size_t at,
			 size_t all[SKETCH_PARTS])
{
	const struct cell *cell = &sketch->cells[at];

	if (cell->sum == 0)
		return 0;
	uint32_t author = times(cell->product, inverse(cell->sum));
	if (!charter_member(charter, author_member(author)))
		return 0;
	places(sketch, author, all);
	return all[at / sketch->width] == at ? author : 0;
}

static int rising(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Takes out one author after the other; NULL: something is left, or somebody came out twice. */
static uint32_t *peel(struct sketch *sketch, const struct charter *charter, size_t *count)
{
	const size_t cell_count = SKETCH_PARTS * sketch->width;
	size_t *due = mem_new(SKETCH_PARTS * cell_count + cell_count, sizeof(*due));
	uint32_t *authors = mem_new(cell_count, sizeof(*authors));
	size_t due_count = 0, at[SKETCH_PARTS];
	bool whole = true;

	*count = 0;
	while (due_count < cell_count)
		due[due_count] = due_count, due_count++;
	while (due_count > 0 && *count < cell_count) {
		size_t cell = due[--due_count];
		uint32_t value = sketch->cells[cell].sum;
		uint32_t author = alone_in(sketch, charter, cell, at);
		if (author == 0)
			continue;
		authors[(*count)++] = author;
		sketch_add(sketch, author, (uint32_t)(prime - value));
		for (unsigned p = 0; p < SKETCH_PARTS; p++)
			due[due_count++] = at[p];
	}
	free(due);
	for (size_t i = 0; i < cell_count; i++)
		whole = whole && sketch->cells[i].sum == 0 && sketch->cells[i].product == 0;
	qsort(authors, *count, sizeof(*authors), rising);
	for (size_t i = 1; i < *count; i++)
		whole = whole && authors[i - 1] < authors[i];
	if (whole)
		return authors;
	free(authors);
	return NULL;
}

uint32_t *sketch_differ(const struct roll *roll, const uint8_t *key, const struct charter *charter,
			struct bytes theirs, size_t *count)
{
	if (theirs.len == 0)
		return NULL;
	struct sketch sketch = sketch_of(roll, key, theirs.len / SKETCH_STEP_LEN);
	uint32_t *authors = NULL;
	if (take_off(&sketch, theirs))
		authors = peel(&sketch, charter, count);
	free(sketch.cells);
	return authors;
}
