/*
 * search: datasets by what they are about.
 */
#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/datasets.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"

static void print_found(const struct tool *tool, const json_t *answer)
{
	size_t shown = json_array_size(json_object_get(answer, "datasets"));
	uint64_t found = field_count(answer, "found");

	datasets_print(tool, answer);
	if (found == 0 && tool->terminal_out)
		tool_remark("nothing readable here holds all of these words; `allmende%s ls` lists "
			    "all datasets",
			    tool->dir_words);
	else if (found > shown)
		tool_remark("%llu more were found: add a word",
			    (unsigned long long)(found - shown));
}

static int run_search(struct tool *tool)
{
	struct buf target, words;
	int code;

	buf_init(&words, SIZE_MAX);
	for (size_t i = 0; i < tool->args.word_count; i++) {
		buf_add(&words, bytes_str(tool->args.words[i]));
		buf_add_u8(&words, i + 1 < tool->args.word_count ? ' ' : 0);
	}
	target_init(&target, "/search");
	target_text(&target, "words", (const char *)words.ptr);
	code = query_show(tool, target_end(&target), print_found);
	buf_fini(&target);
	buf_fini(&words);
	return code;
}

const struct command cmd_search = {
	.name = "search",
	.arguments = "WORD...",
	.summary = "find datasets by title, keyword, name, description, organisation",
	.help = "Finds datasets this node may read that hold all the words in their title, "
		"keywords,\n"
		"name, description or organisation, the best first. Parts of words are found too, "
		"and,\n"
		"when little is found, words with one letter wrong;\n"
		"capitals and small letters are alike, and so are ä and ae, ö and oe, ü and ue, ß "
		"and ss.\n"
		"\n"
		"  allmende search kita plätze",
	.word_min = 1,
	.word_max = SIZE_MAX,
	.run = run_search,
};
