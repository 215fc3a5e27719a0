/*
 * feed, feed confirm: the catalogue that portals harvest.
 */
#include <inttypes.h>
#include <string.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/text.h"

static void print_lost(const struct tool *tool, const json_t *answer)
{
	const json_t *lost = json_object_get(answer, "lost_datasets");
	const uint64_t count = field_count(answer, "lost");
	json_t *uuid;
	size_t i;

	if (*field_text(answer, "why"))
		print_line("The catalogue is held back: %s.", field_text(answer, "why"));
	else
		print_line("The catalogue is held back: of %" PRIu64
			   " datasets it would lose %" PRIu64 ", and have %" PRIu64 ".",
			   field_count(answer, "had"), count, field_count(answer, "has"));
	json_array_foreach(lost, i, uuid)
		print_line("  %s/id/%s", field_text(answer, "base"), json_string_value(uuid));
	if (count > json_array_size(lost))
		print_line("  and %" PRIu64 " more", count - json_array_size(lost));
	print_line("Portals get an error meanwhile, and keep what they have; they delete what the "
		   "catalogue does not have any more. If that is meant:");
	print_next(tool, "feed confirm", "hand it out as it is now");
}

static void print_feed(const struct tool *tool, const json_t *answer)
{
	const char *state = field_text(answer, "state"), *base = field_text(answer, "base");
	char built[TEXT_SHORT_LEN];

	if (strcmp(state, "off") == 0) {
		print_line("There is no catalogue for portals, as this node has no public port: "
			   "set \"http = HOST:PORT\" in the config.");
	} else if (strcmp(state, "empty") == 0) {
		print_line("Nothing stands in the catalogue for portals yet: publish something "
			   "with --tier open.");
	} else if (strcmp(state, "refused") == 0) {
		print_lost(tool, answer);
	} else if (strcmp(state, "ready") == 0) {
		text_local(built, field_time(answer, "built_ms"));
		print_line("%" PRIu64 " dataset%s in %" PRIu64 " page%s, as of %s:",
			   field_count(answer, "datasets"),
			   text_plural(field_count(answer, "datasets")),
			   field_count(answer, "pages"), text_plural(field_count(answer, "pages")),
			   built);
		print_line("  %s/catalog.ttl", base);
		print_line("  %s/catalog.rdf", base);
		print_line("  %s/catalog.jsonld", base);
		if (!field_true(answer, "base_set"))
			print_line("These addresses are part of the names of all datasets there. "
				   "Before a portal takes them, set \"base-url = "
				   "https://daten.example\" in the config, and keep it.");
	} else {
		print_line("The catalogue for portals is not handed out now: %s.",
			   *field_text(answer, "why") ? field_text(answer, "why")
						      : "it is being made");
	}
}

/* GET or POST, and what came of it. */
static int feed_call(struct tool *tool, const char *method, const char *target,
		     void (*print)(const struct tool *tool, const json_t *answer))
{
	struct client *client;
	json_t *answer = NULL;
	int code = client_open(&client, tool);

	if (code)
		return code;
	code = client_call(client, method, target, NULL, &answer);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else
		print(tool, answer);
	json_decref(answer);
	client_close(client);
	return code;
}

static int run_feed(struct tool *tool)
{
	return feed_call(tool, "GET", "/feed", print_feed);
}

static void print_held_free(const struct tool *tool, const json_t *answer)
{
	print_line("Confirmed: the catalogue is handed out without %" PRIu64 " of %" PRIu64
		   " datasets in a moment.",
		   field_count(answer, "lost"), field_count(answer, "had"));
}

static int run_feed_confirm(struct tool *tool)
{
	return feed_call(tool, "POST", "/feed/confirm", print_held_free);
}

const struct command cmd_feed = {
	.name = "feed",
	.arguments = "",
	.summary = "the catalogue that portals harvest",
	.help = "Says where portals find the catalogue of all open datasets that are here, as\n"
		"DCAT-AP.de, and whether it is handed out. Portals delete what it does not have "
		"any\n"
		"more. So when it would lose more than a tenth of its datasets within a day it is\n"
		"held back, and portals get an error, until `allmende feed confirm`; in a "
		"catalogue of\n"
		"fewer than ten datasets each loss has to be confirmed.\n"
		"\n"
		"  allmende feed",
	.run = run_feed,
};

const struct command cmd_feed_confirm = {
	.name = "feed confirm",
	.arguments = "",
	.summary = "let the catalogue lose what it would lose",
	.help = "Hands out the catalogue for portals as it is now, without the datasets that\n"
		"`allmende feed` names; portals delete them when they come next.\n"
		"\n"
		"  allmende feed confirm",
	.run = run_feed_confirm,
};
