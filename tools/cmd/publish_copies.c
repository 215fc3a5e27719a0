#include "tools/cmd/publish_copies.h"

#include <inttypes.h>

#include "tools/kit/clock.h"
#include "tools/kit/print.h"

#define COPIES_LOOK_MS 250

/* Who holds the version now; put in place of what the answer says. */
static int ask_holders(struct client *client, json_t *answer)
{
	static const char *const names[] = {"held_by", "claimed_by", "holders", "copies"};
	struct buf target;
	json_t *entry = NULL;

	target_init(&target, "/dataset");
	target_text(&target, "path", field_text(answer, "dataset"));
	target_count(&target, "version", field_count(answer, "version"));
	int code = client_call(client, "GET", target_end(&target), NULL, &entry);
	buf_fini(&target);
	for (size_t i = 0; !code && i < sizeof(names) / sizeof(names[0]); i++)
		json_object_set(answer, names[i], json_object_get(entry, names[i]));
	json_decref(entry);
	return code;
}

int publish_copies(struct client *client, const struct publish_wait *wait,
		   struct progress *progress, json_t *answer, bool *enough)
{
	int64_t until_ms = clock_steady_ms() + (int64_t)wait->timeout_s * 1000;
	int code = ask_holders(client, answer);

	while (!code && field_count(answer, "copies") < wait->count &&
	       clock_steady_ms() < until_ms) {
		progress_note(progress, "%" PRIu64 " of %" PRIu64 " copies",
			      field_count(answer, "copies"), wait->count);
		progress_bytes(progress, progress->bytes, progress->bytes_all);
		clock_nap_ms(COPIES_LOOK_MS);
		code = ask_holders(client, answer);
	}
	*enough = field_count(answer, "copies") >= wait->count;
	return code ? client_complain(client) : TOOL_DONE;
}

int publish_lament(const struct publish_wait *wait, const json_t *answer)
{
	uint64_t copies = field_count(answer, "copies");

	return tool_fail(TOOL_NOT_HERE,
			 "%s@%" PRIu64 " is published, but after %" PRIu64 " s only %" PRIu64
			 " of %" PRIu64 " copies %s proved",
			 field_text(answer, "dataset"), field_count(answer, "version"),
			 wait->timeout_s, copies, wait->count, copies == 1 ? "is" : "are");
}
