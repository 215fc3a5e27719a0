#include "tools/cmd/publish_say.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "tools/kit/datasets.h"
#include "tools/kit/hidden.h"
#include "tools/kit/names.h"
#include "tools/kit/print.h"
#include "tools/kit/text.h"

#define SAID_MAX 10 /* of each kind of remark; --dry-run says all */

static void say_left_out(const struct left_out *left, size_t max)
{
	char more[TEXT_SHORT_LEN];
	struct buf list;

	if (!left->count)
		return;
	buf_init(&list, (size_t)1 << 26);
	for (size_t i = 0; i < left->count && i < max; i++) {
		buf_add(&list, bytes_str(i ? ", " : ""));
		buf_add(&list, bytes_str(left->paths[i]));
	}
	buf_add_u8(&list, 0);
	text_count(more, left->count > max ? left->count - max : 0);
	tool_remark("left out, as hidden, temporary or a lock: %s%s%s%s; --hidden takes it",
		    list.err ? "" : (const char *)list.ptr, left->count > max ? " and " : "",
		    left->count > max ? more : "", left->count > max ? " more" : "");
	buf_fini(&list);
}

void publish_warn(const struct tool *tool, const struct files *files)
{
	size_t max = args_flag(&tool->args, "dry-run") ? SIZE_MAX : SAID_MAX;
	struct names names;

	names_look(&names, files);
	say_left_out(&files->left_out, max);
	for (size_t i = 0; i < names.count && i < max; i++)
		tool_remark("%s", names.remarks[i]);
	if (names.count > max)
		tool_remark("%zu more names are as troublesome: --dry-run says them all",
			    names.count - max);
	names_fini(&names);
}

json_t *publish_left_out(const struct files *files)
{
	json_t *list = json_array();

	for (size_t i = 0; i < files->left_out.count; i++) {
		char *shown = text_escape(files->left_out.paths[i], false);

		json_array_append_new(list, json_string(shown));
		free(shown);
	}
	return list;
}

void publish_say(const struct tool *tool, const json_t *answer, const char *dataset)
{
	const bool hidden = !strcmp(field_text(answer, "tier"), "hidden");
	uint64_t files = field_count(answer, "files");
	char size[TEXT_SHORT_LEN], added[TEXT_SHORT_LEN], count[TEXT_SHORT_LEN];
	char *readers = print_join(json_object_get(answer, "readers"));
	char *holders = datasets_holders(answer);
	size_t held = json_array_size(json_object_get(answer, "held_by"));

	text_size(size, field_count(answer, "bytes"));
	text_size(added, field_count(answer, "added_bytes"));
	text_count(count, files);
	if (field_true(answer, "unchanged"))
		print_line("%s@%" PRIu64 "   unchanged: the files are those of this version, so "
			   "nothing was published",
			   dataset, field_count(answer, "version"));
	else
		print_line("%s@%" PRIu64 "   %s   %s file%s, %s   +%s", dataset,
			   field_count(answer, "version"), field_text(answer, "tier"), count,
			   files == 1 ? "" : "s", size, added);
	if (hidden && field_count(answer, "version") == 1 && !field_true(answer, "unchanged")) {
		print_line("Kept as %s, which says nothing.", field_text(answer, "stored_as"));
		puts(HIDDEN_TOLD);
	}
	if ((hidden || !strcmp(field_text(answer, "tier"), "granted")) &&
	    !json_is_array(json_object_get(answer, "readers")))
		print_line("Readers: nobody else yet; `allmende%s grant %s --to SLUG --rights "
			   "read` lets somebody",
			   tool->dir_words, dataset);
	else if (*readers)
		print_line("Readers: %s", readers);
	if (json_is_string(json_object_get(answer, "old_key")))
		print_line("Sealed under the old key, as the new one has not come for a day: %s "
			   "can still read it. It gets the new key with its next version.",
			   *field_text(answer, "old_key") ? field_text(answer, "old_key")
							  : "who had it");
	if (held)
		print_line("Held by: %s", holders);
	if (held == 1 && tool->terminal_out)
		print_line("Others hold it when they subscribe to it or fetch it: see `allmende%s "
			   "show %s`.",
			   tool->dir_words, dataset);
	free(readers);
	free(holders);
}
