#include "node/index/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/index/fold.h"

#define TERMS_MAX 400 /* words that one word may mean */

/* ---- sets ---- */

void levels_fini(struct levels *levels)
{
	for (size_t side = 0; side < SIDE_COUNT; side++)
		for (size_t level = 0; level < LEVEL_COUNT; level++)
			free(levels->bits[side][level]);
	*levels = (struct levels){.len = {0}};
}

static void side_init(struct levels *levels, size_t side, size_t len)
{
	levels->len[side] = len;
	for (size_t level = 0; level < LEVEL_COUNT; level++)
		levels->bits[side][level] = mem_new(len ? len : 1, sizeof(uint64_t));
}

/* What both have; the first takes all. */
static void side_join(struct levels *all, struct levels *word, size_t side, bool first)
{
	for (size_t level = 0; level < LEVEL_COUNT; level++) {
		uint64_t *a = all->bits[side][level], *b = word->bits[side][level];

		for (size_t i = 0; i < all->len[side]; i++)
			a[i] = first ? b[i] : a[i] & b[i];
	}
}

/* ---- one word ---- */

struct finding {
	struct sql *sql;
	const struct vocabulary *vocabulary;
	enum index_side side;
	struct levels word;
	bool exact;
	size_t count; /* of terms that were not exact */
};

/* The best level that a column is good for. */
static enum level level_of(const char *column, bool exact)
{
	switch (column[0]) {
	case 't':
		if (column[1] == 'e')
			return LEVEL_ANY; /* text */
		return exact ? LEVEL_TITLE : LEVEL_PART;
	case 'k':
		return exact ? LEVEL_KEYWORD : LEVEL_PART;
	default:
		return LEVEL_PATH;
	}
}

static void bits_mark(struct finding *finding, uint32_t id, enum level from)
{
	uint64_t **bits = finding->word.bits[finding->side];

	if (id / 64 >= finding->word.len[finding->side])
		return;
	for (int level = (int)from; level < LEVEL_COUNT; level++)
		bits[level][id / 64] |= UINT64_C(1) << (id % 64);
}

/* The best level that its places are good for. */
static enum level level_of_places(uint32_t where, bool exact)
{
	if (where & PLACE_TITLE)
		return exact ? LEVEL_TITLE : LEVEL_PART;
	if (where & PLACE_KEYWORD)
		return exact ? LEVEL_KEYWORD : LEVEL_PART;
	return where & PLACE_PATH ? LEVEL_PATH : LEVEL_ANY;
}

/* Few items have it: the database knows which. */
static void term_mark_read(struct finding *finding, struct bytes term)
{
	static const char *const statements[SIDE_COUNT] = {
		"SELECT doc, col FROM main.place WHERE term = ?",
		"SELECT doc, col FROM closed.place WHERE term = ?"};
	struct sql_st *st = sql_st(finding->sql, statements[finding->side]);

	sql_text_bytes(st, 1, term);
	while (sql_next(st))
		bits_mark(finding, (uint32_t)sql_get_int(st, 0),
			  level_of(sql_get_text(st, 1), finding->exact));
}

static void term_mark(struct finding *finding, struct bytes term)
{
	const struct postings *postings = vocabulary_postings(finding->vocabulary, term);

	if (!postings) {
		term_mark_read(finding, term);
		return;
	}
	for (size_t i = 0; i < postings->count; i++)
		bits_mark(finding, postings->items[i] >> PLACE_BITS,
			  level_of_places(postings->items[i], finding->exact));
}

static bool term_tell(void *arg, struct bytes term, uint32_t uses)
{
	struct finding *finding = arg;

	finding->exact = false;
	term_mark(finding, term);
	return ++finding->count < TERMS_MAX;
}

static bool form_is_number(struct bytes form)
{
	for (size_t i = 0; i < form.len; i++)
		if (form.ptr[i] < '0' || form.ptr[i] > '9')
			return false;
	return true;
}

/* One of the forms in which the word stands in the index. */
static void form_find(struct finding *finding, struct bytes form, bool near)
{
	if (vocabulary_uses(finding->vocabulary, form)) {
		finding->exact = true;
		term_mark(finding, form);
	}
	/* A part of a number is another number, as is one with a wrong digit. */
	if (form_is_number(form))
		return;
	vocabulary_parts(finding->vocabulary, form, term_tell, finding);
	if (near)
		vocabulary_near(finding->vocabulary, form, term_tell, finding);
}

static void word_find_all(struct finding *finding, struct bytes word, bool near)
{
	struct buf forms;
	size_t at = 0;

	buf_init(&forms, 8 * FOLD_WORD_LEN_MAX);
	fold_words(&forms, word);
	for (size_t i = 0; i < forms.len; i++) {
		if (forms.ptr[i] != ' ')
			continue;
		form_find(finding, bytes_of(forms.ptr + at, i - at), near);
		at = i + 1;
	}
	buf_fini(&forms);
}

/* ---- all of them ---- */

enum err sought_check(const char *text, char *why)
{
	struct bytes left = bytes_str(text), word;
	unsigned count = 0;

	while (left.len <= WORDS_LEN_MAX && fold_word(&left, &word))
		count++;
	if (count > 0 && count <= WORDS_COUNT_MAX)
		return ERR_OK;
	snprintf(why, WHY_LEN, "a search has from 1 to %d words of letters or digits",
		 WORDS_COUNT_MAX);
	return ERR_CONFIG;
}

static void side_find(struct levels *out, struct finding *finding, const char *text, bool near)
{
	struct bytes left = bytes_str(text), word;
	size_t side = finding->side;

	for (bool first = true; fold_word(&left, &word); first = false) {
		side_init(&finding->word, side, out->len[side]);
		finding->count = 0;
		word_find_all(finding, word, near);
		side_join(out, &finding->word, side, first);
		levels_fini(&finding->word);
	}
}

void words_find(struct levels *out, struct sql *sql, const struct columns *columns, int side_count,
		const char *text, bool near)
{
	*out = (struct levels){.len = {0}};
	for (int side = 0; side < side_count; side++) {
		const struct columns_side *of = &columns->sides[side];
		struct finding finding = {
			.sql = sql, .vocabulary = &of->words, .side = (enum index_side)side};

		side_init(out, (size_t)side, (of->cap + 63) / 64);
		side_find(out, &finding, text, near);
	}
}
