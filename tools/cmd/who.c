/*
 * who: who can read a dataset, through which grant, and who holds it.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/cmd/commands.h"
#include "tools/cmd/who_at.h"
#include "tools/kit/client.h"
#include "tools/kit/datasets.h"
#include "tools/kit/grants.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/value.h"

static void print_list(const char *label, const json_t *grants)
{
	json_t *grant;
	size_t i;

	json_array_foreach((json_t *)grants, i, grant)
	{
		char until[TEXT_SHORT_LEN];
		char *hands = grants_hands(grant);
		bool handed_on = json_array_size(json_object_get(grant, "hands")) > 2;

		grants_until(until, grant);
		print_fieldf(i == 0 ? label : "", "%s until %s, by grant %s for %s%s%s%s",
			     grants_party(grant, "receiver"), until, field_text(grant, "id"),
			     field_text(grant, "prefix"), handed_on ? " (" : "",
			     handed_on ? hands : "", handed_on ? ")" : "");
		free(hands);
	}
}

static void print_who(const struct tool *tool, const json_t *who)
{
	const char *tier = field_text(who, "tier");
	bool closed = strcmp(tier, "granted") == 0 || strcmp(tier, "hidden") == 0;
	char *holders = datasets_holders(who);

	(void)tool;
	print_fieldf("Dataset", "%s@%llu", field_text(who, "dataset"),
		     (unsigned long long)field_count(who, "version"));
	print_fieldf("Tier", "%s: %s", tier, field_text(who, "explained"));
	print_field("Owner", field_text(json_object_get(who, "owner"), "name"));
	if (!closed)
		print_field("Readers", field_text(who, "readers"));
	else if (json_array_size(json_object_get(who, "grants")) == 0)
		print_field("Readers", "nobody but the owner");
	print_list("Readers", json_object_get(who, "grants"));
	print_list("Relays", json_object_get(who, "relays"));
	print_field("Held by", holders);
	if (closed)
		print_line("Whoever could read it before keeps what they have read.");
	free(holders);
}

static int run_who(struct tool *tool)
{
	struct value_ref ref;
	struct buf target;
	int code = value_ref(&ref, tool_word(tool, 0));
	const char *at = args_value(&tool->args, "at"), *from = args_value(&tool->args, "from");

	if (code)
		return code;
	if (from && !at)
		return tool_fail(TOOL_USAGE, "--from %s needs --at DATE", from);
	if (at)
		return who_at(tool, ref.path, at, from);
	target_init(&target, "/who");
	target_text(&target, "path", ref.path);
	target_count(&target, "version", ref.version);
	code = query_show(tool, target_end(&target), print_who);
	buf_fini(&target);
	return code;
}

static const struct option who_options[] = {
	{"at", 0, "DATE", false,
	 "who could read it at the end of that day, as this node's log has it (2027-11-20)"},
	{"from", 0, "FILE", false, "with --at: of an exported log; needs no node"},
	{NULL, 0, NULL, false, NULL},
};

const struct command cmd_who = {
	.name = "who",
	.arguments = "DATASET",
	.summary = "who can read a dataset, until when, and who holds it",
	.help = "Says who can read a dataset, through which grant and until when, and at whose "
		"nodes copies\n"
		"lie. Relays keep copies without being able to read them. In an exported log a "
		"hidden\n"
		"dataset has no name: say the path that it is kept under (`allmende show`).\n"
		"\n"
		"  allmende who meissen/kita/plaetze\n"
		"  allmende who meissen/kita/plaetze --at 2027-01-31",
	.options = who_options,
	.word_min = 1,
	.word_max = 1,
	.no_node = "from",
	.run = run_who,
};
