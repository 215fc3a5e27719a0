#include "tools/kit/withdrawn.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tools/kit/print.h"
#include "tools/kit/text.h"

void withdrawn_names(const char *label, const json_t *list, const char *none)
{
	json_t *names = json_array(), *who;
	size_t i;

	json_array_foreach((json_t *)list, i, who)
		json_array_append(names, json_object_get(who, "name"));
	char *text = print_join(names);
	print_field(label, *text ? text : none);
	free(text);
	json_decref(names);
}

/* Who has erased it from its store, and may not remove what is in its folders. */
static void print_left(const json_t *list)
{
	json_t *who;
	size_t i;

	json_array_foreach((json_t *)list, i, who)
	{
		const uint64_t folders = field_count(who, "folders");

		if (folders)
			print_fieldf("Left at",
				     "%s: in %" PRIu64 " folder%s, changed by somebody there; its "
				     "store holds nothing",
				     field_text(who, "name"), folders, folders == 1 ? "" : "s");
	}
}

void withdrawn_print(const struct tool *tool, const json_t *answer)
{
	char when[TEXT_SHORT_LEN];
	json_t *item;
	size_t i;

	text_local(when, field_time(answer, "time_ms"));
	print_field("Dataset", field_text(answer, "dataset"));
	print_fieldf("Withdrawn", "by %s on %s, versions up to %" PRIu64, field_text(answer, "by"),
		     when, field_count(answer, "version"));
	print_field("Reason", field_text(answer, "reason"));
	if (!field_true(answer, "erase")) {
		print_field("Erased", "nobody was asked to confirm");
		return;
	}
	json_array_foreach(json_object_get(answer, "folders"), i, item)
	{
		const char *why = field_text(item, "why");

		print_fieldf("Still in", "%s%s%s", field_text(item, "folder"), *why ? ": " : "",
			     why);
	}
	withdrawn_names("Confirmed", json_object_get(answer, "confirmed"), "nobody yet");
	print_left(json_object_get(answer, "outstanding"));
	if (field_true(answer, "own"))
		withdrawn_names("Waiting for", json_object_get(answer, "outstanding"),
				"nobody: all who were known to hold it have erased it");
}

int withdrawn_ask(struct client *client, const char *path, uint64_t version, json_t **answer)
{
	struct buf target;

	target_init(&target, "/withdrawal");
	target_text(&target, "path", path);
	target_count(&target, "version", version);
	int code = client_call(client, "GET", target_end(&target), NULL, answer);
	buf_fini(&target);
	return code;
}
