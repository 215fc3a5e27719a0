/*
 * GET /search: datasets whose description is readable here and holds all the words, the best first.
 *
 * The catalogue is looked through a page at a time; the best API_HITS_MAX hits are kept.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "node/api/args.h"
#include "node/api/entry.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "node/index/fold.h"
#include "proto/membership/membership.h"

enum { WORD_COUNT_MAX = 16, API_HITS_MAX = 1000 };

/* What a word found there is worth. */
enum { WORTH_TITLE = 8, WORTH_KEYWORD = 4, WORTH_PATH = 2, WORTH_TEXT = 1 };

struct hit {
	unsigned worth;
	json_t *entry;
};

struct dataset_search {
	struct buf folded; /* what words points into */
	struct bytes words[WORD_COUNT_MAX];
	size_t word_count;
	struct hit *hits; /* the best first; of equal ones in order of path */
	size_t hit_count;
	uint64_t found;
	struct hub *hub; /* of the turn */
	struct call *call;
};

static void search_gone(struct call *call)
{
	struct dataset_search *search = call->topic;

	for (size_t i = 0; i < search->hit_count; i++)
		json_decref(search->hits[i].entry);
	free(search->hits);
	buf_fini(&search->folded);
	free(search);
}

/* False: there are none, or too many. */
static bool words_split(struct dataset_search *search)
{
	struct bytes rest = buf_bytes(&search->folded);

	while (rest.len > 0) {
		size_t len = 0;

		while (len < rest.len && rest.ptr[len] != ' ' && rest.ptr[len] != '\n' &&
		       rest.ptr[len] != '\t')
			len++;
		if (len > 0 && search->word_count == WORD_COUNT_MAX)
			return false;
		if (len > 0)
			search->words[search->word_count++] = bytes_slice(rest, 0, len);
		rest = bytes_slice(rest, len < rest.len ? len + 1 : len, rest.len);
	}
	return search->word_count > 0;
}

static void search_begin(struct call *call)
{
	struct dataset_search *search;

	if (!api_text_arg(call, "words", &call->path, true))
		return;
	search = call->topic = mem_new(1, sizeof(*search));
	call->gone = search_gone;
	buf_init(&search->folded, 2 * API_TEXT_LEN_MAX);
	fold_text(&search->folded, buf_bytes(&call->path), FOLD_SPELLED);
	if (words_split(search))
		api_push(call);
	else
		api_fail(call, ERR_CONFIG, "\"words\" holds from 1 to %d words", WORD_COUNT_MAX);
}

static bool has(struct buf *folded, struct bytes text, struct bytes word)
{
	buf_reset(folded);
	fold_text(folded, text, FOLD_SPELLED);
	return folded->len > 0 && memmem(folded->ptr, folded->len, word.ptr, word.len);
}

static bool in_keywords(struct buf *folded, const struct description *description,
			struct bytes word)
{
	for (uint32_t i = 0; i < description->keyword_count; i++)
		if (has(folded, description->keywords[i], word))
			return true;
	return false;
}

/* Where the word is found, by its worth; 0: nowhere. */
static unsigned word_worth(const struct dataset_search *search, struct buf *folded,
			   const struct catalog_entry *entry, struct bytes word)
{
	const struct description *description = &entry->description;
	const struct charter *charter = &search->hub->charter;
	const struct charter_member *member =
		charter_by_slug(charter, path_slug(bytes_str(entry->path)));
	char shown[LIMIT_PATH_LEN_MAX + 1];

	charter_path_shown(charter, bytes_str(entry->path), shown);
	if (has(folded, description->title, word))
		return WORTH_TITLE;
	if (in_keywords(folded, description, word))
		return WORTH_KEYWORD;
	if (has(folded, bytes_str(entry->path), word) || has(folded, bytes_str(shown), word))
		return WORTH_PATH;
	if (has(folded, description->text, word) || has(folded, description->publisher, word) ||
	    (member && has(folded, bytes_str(member->name), word)))
		return WORTH_TEXT;
	return 0;
}

/* Among the hits, behind those that are as good. */
static void hit_add(struct dataset_search *search, unsigned worth,
		    const struct catalog_entry *entry)
{
	size_t at = search->hit_count;

	search->found++;
	while (at > 0 && search->hits[at - 1].worth < worth)
		at--;
	if (at == API_HITS_MAX)
		return;
	if (!search->hits)
		search->hits = mem_new(API_HITS_MAX, sizeof(*search->hits));
	if (search->hit_count == API_HITS_MAX)
		json_decref(search->hits[--search->hit_count].entry);
	memmove(&search->hits[at + 1], &search->hits[at],
		(search->hit_count - at) * sizeof(*search->hits));
	search->hits[at] = (struct hit){worth, api_entry(entry)};
	search->hit_count++;
}

static bool look(void *arg, const struct catalog_entry *entry)
{
	struct dataset_search *search = arg;
	struct buf folded;
	unsigned worth = 0;

	buf_init(&folded, 2 * DESCRIPTION_LEN_MAX);
	bool described = entry->readable || entry->description.title.len > 0;
	for (size_t i = 0; described && i < search->word_count; i++) {
		unsigned more = word_worth(search, &folded, entry, search->words[i]);

		worth += more;
		if (!more) {
			worth = 0;
			break;
		}
	}
	buf_fini(&folded);
	if (worth)
		hit_add(search, worth, entry);
	return api_page_goes_on(search->call, entry->stored);
}

static void search_page_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct dataset_search *search = call->topic;

	search->hub = hub;
	search->call = call;
	catalog_list(hub, txn, NULL, call->after[0] ? call->after : NULL, look, search);
	if (call->more)
		return;
	json_t *list = json_array();
	for (size_t i = 0; i < search->hit_count; i++)
		json_array_append(list, search->hits[i].entry);
	call->out = json_pack("{s:o, s:o}", "datasets", list, "found", api_uint(search->found));
}

const struct route search_routes[] = {
	{HTTP_GET, "/search", ROUTE_QUERY, .begin = search_begin, .run = search_page_run},
	{.path = NULL},
};
