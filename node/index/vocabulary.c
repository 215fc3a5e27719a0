#include "node/index/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"

#define PLACES_MIN   4096
#define TEXT_LEN_MAX (UINT32_C(1) << 31)
#define DEAD_MIN     4096 /* words, before the text is made anew without them */
#define HALF_MIN     4    /* of a word that is looked for inside of others, one letter away */

void vocabulary_init(struct vocabulary *vocabulary)
{
	*vocabulary = (struct vocabulary){.places = PLACES_MIN};
	buf_init(&vocabulary->text, TEXT_LEN_MAX);
	vocabulary->table = mem_new(PLACES_MIN, sizeof(*vocabulary->table));
}

void vocabulary_fini(struct vocabulary *vocabulary)
{
	buf_fini(&vocabulary->text);
	for (size_t i = 0; i < vocabulary->count; i++)
		free(vocabulary->words[i].postings.items);
	free(vocabulary->words);
	free(vocabulary->table);
	*vocabulary = (struct vocabulary){.count = 0};
}

/* ---- postings ---- */

/* Where the item stands, or would stand. */
static size_t posting_find(const struct postings *postings, uint32_t id)
{
	size_t from = 0, to = postings->count;

	/* Most that comes is new, and the last. */
	if (to && postings->items[to - 1] >> PLACE_BITS < id)
		return to;
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (postings->items[middle] >> PLACE_BITS < id)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool posting_is(const struct postings *postings, size_t at, uint32_t id)
{
	return at < postings->count && postings->items[at] >> PLACE_BITS == id;
}

void postings_put(struct postings *postings, uint32_t id, unsigned where)
{
	size_t at = posting_find(postings, id);

	if (posting_is(postings, at, id)) {
		postings->items[at] |= where;
		return;
	}
	postings->items = mem_room(postings->items, postings->count, &postings->cap,
				   sizeof(*postings->items));
	memmove(postings->items + at + 1, postings->items + at,
		(postings->count - at) * sizeof(*postings->items));
	postings->items[at] = id << PLACE_BITS | where;
	postings->count++;
}

static void postings_drop(struct postings *postings, uint32_t id)
{
	size_t at = posting_find(postings, id);

	if (!posting_is(postings, at, id))
		return;
	postings->count--;
	memmove(postings->items + at, postings->items + at + 1,
		(postings->count - at) * sizeof(*postings->items));
}

/* ---- the words ---- */

static struct bytes word_text(const struct vocabulary *vocabulary, size_t i)
{
	size_t from = vocabulary->words[i].at;
	size_t to = i + 1 < vocabulary->count ? vocabulary->words[i + 1].at : vocabulary->text.len;

	return bytes_of(vocabulary->text.ptr + from, to - from - 1);
}

static size_t word_place(const struct vocabulary *vocabulary, struct bytes word)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < word.len; i++)
		hash = (hash ^ word.ptr[i]) * 0x100000001b3u;
	return (size_t)(hash >> 7) & (vocabulary->places - 1);
}

/* NULL: it is not there. */
static struct vocabulary_word *word_find(const struct vocabulary *vocabulary, struct bytes word)
{
	uint32_t at = vocabulary->table[word_place(vocabulary, word)];

	for (; at; at = vocabulary->words[at - 1].next)
		if (bytes_eq(word_text(vocabulary, at - 1), word))
			return &vocabulary->words[at - 1];
	return NULL;
}

static void word_place_put(struct vocabulary *vocabulary, size_t i)
{
	uint32_t *place = &vocabulary->table[word_place(vocabulary, word_text(vocabulary, i))];

	vocabulary->words[i].next = *place;
	*place = (uint32_t)i + 1;
}

static void table_make(struct vocabulary *vocabulary, size_t places)
{
	free(vocabulary->table);
	vocabulary->places = places;
	vocabulary->table = mem_new(places, sizeof(*vocabulary->table));
	for (size_t i = 0; i < vocabulary->count; i++)
		word_place_put(vocabulary, i);
}

static void word_append(struct vocabulary *vocabulary, struct bytes word, uint32_t uses)
{
	size_t at = vocabulary->text.len;

	buf_add(&vocabulary->text, word);
	buf_add_u8(&vocabulary->text, '\n');
	check(!vocabulary->text.err);
	vocabulary->words = mem_room(vocabulary->words, vocabulary->count, &vocabulary->cap,
				     sizeof(*vocabulary->words));
	vocabulary->words[vocabulary->count++] =
		(struct vocabulary_word){.at = (uint32_t)at, .uses = uses};
}

/* NULL: there is no room for one more. */
static struct vocabulary_word *word_entry(struct vocabulary *vocabulary, struct bytes word)
{
	struct vocabulary_word *known = word_find(vocabulary, word);

	if (known || vocabulary->text.len + word.len + 1 >= TEXT_LEN_MAX)
		return known;
	word_append(vocabulary, word, 0);
	vocabulary->dead++;
	if (vocabulary->count > vocabulary->places)
		table_make(vocabulary, 2 * vocabulary->places);
	else
		word_place_put(vocabulary, vocabulary->count - 1);
	return &vocabulary->words[vocabulary->count - 1];
}

void vocabulary_add(struct vocabulary *vocabulary, struct bytes word, uint32_t count)
{
	struct vocabulary_word *taken = word_entry(vocabulary, word);

	if (!taken)
		return;
	vocabulary->dead -= taken->uses == 0;
	taken->uses += count;
}

void vocabulary_put(struct vocabulary *vocabulary, struct bytes word, uint32_t id, unsigned where)
{
	struct vocabulary_word *taken = word_entry(vocabulary, word);

	if (!taken)
		return;
	vocabulary->dead -= taken->uses == 0;
	taken->uses++;
	if (taken->postings.count)
		postings_put(&taken->postings, id, where);
}

/* Without those that are in no item any more. */
static void vocabulary_compact(struct vocabulary *vocabulary)
{
	struct vocabulary next;

	vocabulary_init(&next);
	for (size_t i = 0; i < vocabulary->count; i++) {
		if (!vocabulary->words[i].uses)
			continue;
		word_append(&next, word_text(vocabulary, i), vocabulary->words[i].uses);
		next.words[next.count - 1].postings = vocabulary->words[i].postings;
		vocabulary->words[i].postings = (struct postings){0};
	}
	table_make(&next, vocabulary->places);
	vocabulary_fini(vocabulary);
	*vocabulary = next;
}

static void postings_free(struct postings *postings)
{
	free(postings->items);
	*postings = (struct postings){0};
}

void vocabulary_drop(struct vocabulary *vocabulary, struct bytes word, uint32_t id)
{
	struct vocabulary_word *known = word_find(vocabulary, word);

	if (!known || !known->uses)
		return;
	known->uses--;
	postings_drop(&known->postings, id);
	if (known->uses < POSTINGS_MIN / 2)
		postings_free(&known->postings);
	if (known->uses)
		return;
	vocabulary->dead++;
	if (vocabulary->dead > DEAD_MIN && vocabulary->dead > vocabulary->count / 2)
		vocabulary_compact(vocabulary);
}

void vocabulary_wanted(const struct vocabulary *vocabulary,
		       bool (*each)(void *arg, struct bytes word), void *arg)
{
	for (size_t i = 0; i < vocabulary->count; i++) {
		const struct vocabulary_word *word = &vocabulary->words[i];

		if (word->uses >= POSTINGS_MIN && !word->postings.count &&
		    !each(arg, word_text(vocabulary, i)))
			return;
	}
}

void vocabulary_give(struct vocabulary *vocabulary, struct bytes word, struct postings *taken)
{
	struct vocabulary_word *known = word_find(vocabulary, word);

	if (known && !known->postings.count)
		known->postings = *taken;
	else
		free(taken->items);
	*taken = (struct postings){0};
}

const struct postings *vocabulary_postings(const struct vocabulary *vocabulary, struct bytes word)
{
	const struct vocabulary_word *known = word_find(vocabulary, word);

	return known && known->postings.count ? &known->postings : NULL;
}

uint32_t vocabulary_uses(const struct vocabulary *vocabulary, struct bytes word)
{
	const struct vocabulary_word *known = word_find(vocabulary, word);

	return known ? known->uses : 0;
}

/* The one in whose text this is. */
static size_t word_at(const struct vocabulary *vocabulary, size_t at)
{
	size_t from = 0, to = vocabulary->count;

	while (to - from > 1) {
		size_t middle = from + (to - from) / 2;

		if (vocabulary->words[middle].at <= at)
			from = middle;
		else
			to = middle;
	}
	return from;
}

/* ---- parts ---- */

/* Calls each with the number of every word that holds the part, once, and where in it. */
static void holders_each(const struct vocabulary *vocabulary, struct bytes part,
			 bool (*each)(void *arg, size_t i, size_t at), void *arg)
{
	const uint8_t *text = vocabulary->text.ptr, *hit;
	size_t from = 0;

	while (from < vocabulary->text.len &&
	       (hit = memmem(text + from, vocabulary->text.len - from, part.ptr, part.len))) {
		size_t at = (size_t)(hit - text), i = word_at(vocabulary, at);
		struct bytes word = word_text(vocabulary, i);

		if (!each(arg, i, at - vocabulary->words[i].at))
			return;
		from = vocabulary->words[i].at + word.len + 1;
	}
}

struct telling {
	const struct vocabulary *vocabulary;
	bool (*each)(void *arg, struct bytes word, uint32_t uses);
	void *arg;
	struct bytes word, head, tail; /* looked for one letter away */
	bool more;
};

static bool word_tell(struct telling *telling, size_t i)
{
	uint32_t uses = telling->vocabulary->words[i].uses;

	if (uses && telling->more)
		telling->more =
			telling->each(telling->arg, word_text(telling->vocabulary, i), uses);
	return telling->more;
}

static bool part_tell(void *arg, size_t i, size_t at)
{
	return word_tell(arg, i);
}

void vocabulary_parts(const struct vocabulary *vocabulary, struct bytes part,
		      bool (*each)(void *arg, struct bytes word, uint32_t uses), void *arg)
{
	struct telling telling = {vocabulary, each, arg, .more = true};

	if (part.len >= VOCABULARY_PART_MIN)
		holders_each(vocabulary, part, part_tell, &telling);
}

/* ---- one letter away ---- */

static size_t same_front(struct bytes a, struct bytes b)
{
	size_t len = 0;

	while (len < a.len && len < b.len && a.ptr[len] == b.ptr[len])
		len++;
	return len;
}

static bool rest_is(struct bytes a, size_t from_a, struct bytes b, size_t from_b, bool whole)
{
	struct bytes rest_a = bytes_slice(a, from_a, a.len), rest_b = bytes_slice(b, from_b, b.len);

	if (from_a > a.len || from_b > b.len || rest_b.len < rest_a.len)
		return false;
	return (!whole || rest_a.len == rest_b.len) && same_front(rest_a, rest_b) == rest_a.len;
}

/* Whether text is the word with one letter wrong, or, unless it is to be the whole of it, begins
   so. */
static bool near_front(struct bytes word, struct bytes text, bool whole)
{
	size_t at = same_front(word, text);

	if (at == word.len)
		return !whole || text.len <= word.len + 1;
	return rest_is(word, at + 1, text, at + 1, whole) || /* another letter */
	       rest_is(word, at + 1, text, at, whole) ||     /* one is missing */
	       rest_is(word, at, text, at + 1, whole) ||     /* one too many */
	       (at + 1 < word.len && at + 1 < text.len && word.ptr[at] == text.ptr[at + 1] &&
		word.ptr[at + 1] == text.ptr[at] && rest_is(word, at + 2, text, at + 2, whole));
}

/* The same from behind: whether the text ends so. */
static bool near_end(struct bytes word, struct bytes text)
{
	uint8_t turned_word[256], turned_text[256];
	size_t len = text.len < word.len + 1 ? text.len : word.len + 1;

	if (word.len > sizeof(turned_word) - 1)
		return false;
	for (size_t i = 0; i < word.len; i++)
		turned_word[i] = word.ptr[word.len - 1 - i];
	for (size_t i = 0; i < len; i++)
		turned_text[i] = text.ptr[text.len - 1 - i];
	return near_front(bytes_of(turned_word, word.len), bytes_of(turned_text, len), false);
}

/* The word's first half is in this one: does the other follow, one letter away? */
static bool head_tell(void *arg, size_t i, size_t at)
{
	struct telling *telling = arg;
	struct bytes text = word_text(telling->vocabulary, i);

	if (near_front(telling->tail, bytes_slice(text, at + telling->head.len, text.len), false))
		word_tell(telling, i);
	return telling->more;
}

static bool tail_tell(void *arg, size_t i, size_t at)
{
	struct telling *telling = arg;
	struct bytes text = word_text(telling->vocabulary, i);

	if (near_end(telling->head, bytes_slice(text, 0, at)))
		word_tell(telling, i);
	return telling->more;
}

static void near_whole(struct telling *telling)
{
	const struct vocabulary *vocabulary = telling->vocabulary;

	for (size_t i = 0; i < vocabulary->count && telling->more; i++) {
		struct bytes text = word_text(vocabulary, i);

		if (text.len + 1 >= telling->word.len && text.len <= telling->word.len + 1 &&
		    near_front(telling->word, text, true))
			word_tell(telling, i);
	}
}

/*
 * One fault is in one half of a word, so the other half stands there as it is: who looks for it is
 * led to few words. Two letters that changed places over the middle are found by near_whole()
 * alone.
 */
void vocabulary_near(const struct vocabulary *vocabulary, struct bytes word,
		     bool (*each)(void *arg, struct bytes word, uint32_t uses), void *arg)
{
	struct telling telling = {vocabulary, each, arg, .word = word, .more = true};
	size_t half = word.len / 2;

	if (word.len < VOCABULARY_NEAR_MIN)
		return;
	near_whole(&telling);
	if (half < HALF_MIN || !telling.more)
		return;
	telling.head = bytes_slice(word, 0, half);
	telling.tail = bytes_slice(word, half, word.len);
	holders_each(vocabulary, telling.head, head_tell, &telling);
	if (telling.more)
		holders_each(vocabulary, telling.tail, tail_tell, &telling);
}
