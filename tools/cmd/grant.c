/*
 * grant, accept, grants, grant-show: who may read or keep what.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/check.h"
#include "proto/ledger/line.h"
#include "proto/wire/protocol.h"
#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/grants.h"
#include "tools/kit/print.h"
#include "tools/kit/proof.h"
#include "tools/kit/query.h"
#include "tools/kit/value.h"

/* "read meissen/kita and everything below", or "hold meissen and everything below, without reading
   it"; below what is hidden there is nothing. To be freed. */
static char *grant_words(const json_t *grant)
{
	const char *rights = field_text(grant, "rights");
	const bool relay = strcmp(rights, "relay") == 0, admin = strcmp(rights, "admin") == 0;
	char *text;

	if (asprintf(&text, "%s %s%s%s",
		     relay   ? "hold"
		     : admin ? "administer"
			     : rights,
		     field_text(grant, "prefix"),
		     *field_text(grant, "stored_as") ? "" : " and everything below",
		     relay ? ", without reading it" : "") < 0)
		mem_gone(1, 0);
	return text;
}

/* -- grant ---------------------------------------------------------------------------------- */

/* "2027-11-20": the moment at which that day is over here. */
static int value_until(const char *text, int64_t now_ms, int64_t *out)
{
	struct tm day = {.tm_isdst = -1};
	char rest;

	*out = 0;
	if (!text)
		return TOOL_DONE;
	if (sscanf(text, "%4d-%2d-%2d%c", &day.tm_year, &day.tm_mon, &day.tm_mday, &rest) != 3 ||
	    strlen(text) != 10 || day.tm_mon < 1 || day.tm_mon > 12 || day.tm_mday < 1 ||
	    day.tm_mday > 31)
		return tool_fail(TOOL_USAGE, "--until \"%s\" is no date: write it as 2027-11-20",
				 text);
	int mday = day.tm_mday;
	day.tm_year -= 1900;
	day.tm_mon -= 1;
	struct tm noon = day;
	noon.tm_hour = 12;
	if (mktime(&noon) < 0 || noon.tm_mday != mday)
		return tool_fail(TOOL_USAGE, "--until \"%s\": there is no such day", text);
	day.tm_mday++;
	*out = (int64_t)mktime(&day) * 1000;
	if (*out <= now_ms)
		return tool_fail(TOOL_USAGE, "--until %s is over already", text);
	return TOOL_DONE;
}

static int value_rights(const char *text)
{
	enum verb verb;

	if (verb_parse(&verb, bytes_str(text)))
		return tool_fail(TOOL_USAGE,
				 "--rights \"%s\" cannot be: say relay (keep it without reading), "
				 "read, write or admin",
				 text);
	return TOOL_DONE;
}

static void print_hand_on(const json_t *grant)
{
	uint64_t depth = field_count(grant, "hand_on");

	if (depth == 0)
		print_line("They cannot hand this on.");
	else
		print_line("They may hand this on%s.", depth == 1 ? ", once" : "");
}

static void print_given(const json_t *grant)
{
	char until[TEXT_SHORT_LEN];
	char *what = grant_words(grant);

	grants_until(until, grant);
	print_line("%s can now %s, until %s. (%s)", grants_party(grant, "receiver"), what, until,
		   field_text(grant, "id"));
	free(what);
	if (strcmp(field_text(grant, "rights"), "relay") != 0)
		print_line("Versions published before become readable to them too; what they have "
			   "read they keep.");
	print_hand_on(grant);
}

/* The text alone on standard output unless somebody reads along. */
static void print_grant_text(const struct tool *tool, const json_t *grant)
{
	if (!tool->terminal_out) {
		print_line("%s", field_text(grant, "text"));
		return;
	}
	print_given(grant);
	putchar('\n');
	print_line("%s", field_text(grant, "text"));
	putchar('\n');
	print_line("Send it to %s; nobody else can use it. They run, with that line between the "
		   "quotation marks:",
		   grants_party(grant, "receiver"));
	print_line("  allmende accept \"...\"");
}

/* What grant and renew have in common; what was not typed is not in it. */
struct terms {
	int64_t until_ms; /* 0: not typed */
	uint64_t depth;
};

static int terms_read(const struct tool *tool, struct terms *out)
{
	const char *rights = args_value(&tool->args, "rights");
	int code = rights ? value_rights(rights) : TOOL_DONE;

	*out = (struct terms){.until_ms = 0};
	if (!code)
		code = value_until(args_value(&tool->args, "until"), tool->now_ms, &out->until_ms);
	if (!code)
		code = value_number(&tool->args, "depth", LINE_DEPTH_MAX, &out->depth);
	return code;
}

static json_t *terms_body(const struct tool *tool, const struct terms *terms, const char *name)
{
	static const char *const texts[] = {"rights", "widest", "keep"};
	json_t *body = json_pack("{s:s, s:b}", name, tool_word(tool, 0), "text",
				 args_flag(&tool->args, "text"));

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *value = args_value(&tool->args, texts[i]);
		if (value)
			json_object_set_new(body, texts[i], json_string(value));
	}
	if (args_value(&tool->args, "depth"))
		json_object_set_new(body, "depth", json_integer((json_int_t)terms->depth));
	if (terms->until_ms)
		json_object_set_new(body, "until_ms", json_integer((json_int_t)terms->until_ms));
	return body;
}

/* Own hidden datasets below: a grant of a folder does not give them, and who gave it shall know. */
static void print_hidden(struct client *client, const json_t *grant)
{
	json_t *answer = NULL, *item;
	struct buf target;
	char *pattern;
	size_t i;

	if (!strchr(field_text(grant, "prefix"), '/'))
		return; /* all of the namespace, what is hidden too */
	if (asprintf(&pattern, "%s/**", field_text(grant, "prefix")) < 0)
		mem_gone(1, 0);
	target_init(&target, "/datasets");
	target_text(&target, "pattern", pattern);
	if (!client_call(client, "GET", target_end(&target), NULL, &answer))
		json_array_foreach(json_object_get(answer, "datasets"), i,
				   item) if (field_true(item, "own") &&
					     strcmp(field_text(item, "tier"), "hidden") == 0)
			print_line("Not in it is %s, which is hidden: grant it by its name.",
				   field_text(item, "dataset"));
	json_decref(answer);
	buf_fini(&target);
	free(pattern);
}

/* Takes the body. */
static int terms_send(struct tool *tool, const char *path, json_t *body)
{
	struct client *client;
	json_t *answer = NULL;
	int code = client_open(&client, tool);

	if (code) {
		json_decref(body);
		return code;
	}
	code = client_call(client, "POST", path, body, &answer);
	json_decref(body);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else if (args_flag(&tool->args, "text"))
		print_grant_text(tool, answer);
	else
		print_given(answer);
	if (!code && !tool->json && (tool->terminal_out || !args_flag(&tool->args, "text")))
		print_hidden(client, answer);
	json_decref(answer);
	client_close(client);
	return code;
}

static int run_grant(struct tool *tool)
{
	const char *to = args_value(&tool->args, "to"), *rights = args_value(&tool->args, "rights");
	struct terms terms;
	int code;

	if (!to || !rights)
		return tool_fail(TOOL_USAGE,
				 "--%s is missing: write `allmende grant meissen/kita --to "
				 "landkreis-meissen --rights read`",
				 !to ? "to" : "rights");
	if ((code = value_path(tool_word(tool, 0))) || (code = value_slug("--to", to)) ||
	    (code = terms_read(tool, &terms)))
		return code;
	json_t *body = terms_body(tool, &terms, "prefix");
	json_object_set_new(body, "to", json_string(to));
	json_object_set_new(body, "new", json_boolean(args_flag(&tool->args, "new")));
	return terms_send(tool, "/grants", body);
}

/* -- renew ---------------------------------------------------------------------------------- */

static int run_renew(struct tool *tool)
{
	struct terms terms;
	int code = terms_read(tool, &terms);

	if (code)
		return code;
	json_t *body = terms_body(tool, &terms, "id");
	json_object_set_new(body, "yes", json_boolean(args_flag(&tool->args, "yes")));
	return terms_send(tool, "/grants/renew", body);
}

/* -- accept --------------------------------------------------------------------------------- */

static void print_accepted(const struct tool *tool, const json_t *grant)
{
	char until[TEXT_SHORT_LEN];
	char *what = grant_words(grant);

	grants_until(until, grant);
	print_line("You can now %s, until %s. (%s)", what, until, field_text(grant, "id"));
	free(what);
	if (tool->terminal_out) {
		char command[600];

		snprintf(command, sizeof(command), "allmende subscribe \"%s/**\"",
			 field_text(grant, "prefix"));
		print_next(tool, command, "keep copies of it here, now and with every new version");
	}
}

static int run_accept(struct tool *tool)
{
	json_t *body, *answer = NULL;
	struct client *client;
	int code = client_open(&client, tool);

	if (code)
		return code;
	body = json_pack("{s:s}", "text", tool_word(tool, 0));
	if (!body) {
		client_close(client);
		return tool_fail(TOOL_USAGE,
				 "this is no grant: it begins with \"" PROTOCOL_TEXT "g-\"");
	}
	code = client_call(client, "POST", "/grants/accept", body, &answer);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else
		print_accepted(tool, answer);
	json_decref(body);
	json_decref(answer);
	client_close(client);
	return code;
}

/* -- grants --------------------------------------------------------------------------------- */

static void print_grants(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {"GRANT", "DIRECTION", "WHO",   "RIGHTS",
					    "WHAT",  "UNTIL",     "STATE", NULL};
	const json_t *list = json_object_get(answer, "grants");
	struct grid grid;
	json_t *item;
	size_t i;

	grid_init(&grid, tool, stdout, heads);
	json_array_foreach((json_t *)list, i, item)
	{
		const char *direction = field_text(item, "direction");
		bool given = strcmp(direction, "given") == 0;
		char until[TEXT_SHORT_LEN];

		grants_until(until, item);
		grid_text(&grid, field_text(item, "id"));
		/* An organisation in the middle of the chain sees what became of its grant. */
		grid_text(&grid, strcmp(direction, "other") == 0 ? "handed on" : direction);
		grid_text(&grid,
			  grants_party(item, given || strcmp(direction, "other") == 0 ? "receiver"
										      : "giver"));
		grid_text(&grid, field_text(item, "rights"));
		grid_text(&grid, field_text(item, "prefix"));
		grid_text(&grid, until);
		grid_text(&grid, field_true(item, "good") ? "good" : field_text(item, "why"));
	}
	grid_done(&grid);
	if (json_array_size(list) == 0 && tool->terminal_out)
		tool_remark(
			"no grants yet; `allmende%s grant PREFIX --to SLUG --rights read` gives "
			"one",
			tool->dir_words);
}

static int run_grants(struct tool *tool)
{
	return query_show(tool, "/grants", print_grants);
}

/* -- grant-show ----------------------------------------------------------------------------- */

static void print_grant(const struct tool *tool, const json_t *grant)
{
	char until[TEXT_SHORT_LEN];
	char *hands = grants_hands(grant), *what = grant_words(grant);

	(void)tool;
	grants_until(until, grant);
	print_line("%s lets %s %s, until %s.", grants_party(grant, "giver"),
		   grants_party(grant, "receiver"), what, until);
	if (!field_true(grant, "good"))
		print_line("It does not count: %s.", field_text(grant, "why"));
	print_line("Through: %s", hands);
	print_hand_on(grant);
	free(hands);
	free(what);
}

static int print_export(const struct tool *tool, const json_t *answer, const char *path)
{
	struct bytes text = bytes_str(field_text(answer, "file"));
	struct buf file;
	int code = TOOL_FAILED;

	buf_init(&file, text.len + 1);
	if (base64_get(&file, text))
		tool_fail(TOOL_FAILED, "the node's answer is no file: is it of another version?");
	else
		code = proof_write(path, buf_bytes(&file));
	if (!code && !tool->json)
		print_line("The grant with its proofs stands in %s: anybody can check it with "
			   "`allmende grant-check`, and sees who the members are.",
			   path);
	buf_fini(&file);
	return code;
}

static int export_grant(struct tool *tool, const char *path)
{
	json_t *answer = NULL;
	struct client *client;
	struct buf target;
	int code = client_open(&client, tool);

	if (code)
		return code;
	target_init(&target, "/grant/export");
	target_text(&target, "id", tool_word(tool, 0));
	code = client_call(client, "GET", target_end(&target), NULL, &answer);
	if (code)
		client_complain(client);
	else
		code = print_export(tool, answer, path);
	json_decref(answer);
	buf_fini(&target);
	client_close(client);
	return code;
}

static int run_grant_show(struct tool *tool)
{
	const char *path = args_value(&tool->args, "export");
	struct buf target;
	int code;

	if (path)
		return export_grant(tool, path);
	target_init(&target, "/grant");
	target_text(&target, "id", tool_word(tool, 0));
	code = query_show(tool, target_end(&target), print_grant);
	buf_fini(&target);
	return code;
}

/* -- the commands --------------------------------------------------------------------------- */

const struct command cmd_grant = {
	.name = "grant",
	.arguments = "PREFIX --to SLUG --rights RIGHTS",
	.summary = "let another member keep, read, write or administer datasets",
	.help = "Lets another member read a dataset, or everything below a path, also what is\n"
		"published there later, and what was published there before. Only the tiers "
		"granted\n"
		"and hidden need it, and each hidden dataset by its own name, unless all of the\n"
		"namespace is granted. relay keeps copies without reading them; write also\n"
		"publishes there; admin also withdraws what others have written there. Who gets "
		"it\n"
		"may hand it on with --depth alone.\n"
		"\n"
		"  allmende grant meissen/kita --to landkreis-meissen --rights read\n"
		"  allmende grant landkreis-meissen/kita --to riesa --rights write --depth 1\n"
		"  allmende grant meissen --to rechenzentrum --rights relay --until 2028-12-31",
	.options =
		(const struct option[]){
			{"to", 0, "SLUG", false, "short name of who gets it"},
			{"rights", 0, "RIGHTS", false, "relay, read, write or admin"},
			{"until", 0, "DATE", false, "last day, as 2027-11-20; else it is a year"},
			{"depth", 0, "N", false, "how often it may be handed on; else not at all"},
			{"widest", 0, "TIER", false,
			 "widest tier they may publish: open, members or granted; else granted"},
			{"keep", 0, "WHAT", false,
			 "what stays of what they wrote when it ends: none, current or all; else "
			 "current"},
			{"new", 0, NULL, false, "also beside a grant of the same that there is"},
			{"text", 0, NULL, false,
			 "print it as a line of text, too, for who is not linked"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_grant,
};

const struct command cmd_renew = {
	.name = "renew",
	.arguments = "GRANT",
	.summary = "give a grant another end, or other rights",
	.help = "Changes a grant that this organisation has given; what rests on it stays. "
		"Without\n"
		"--until it is good for a year from now, or as long as before. One that has ended\n"
		"stays so. When versions that are void would become valid by that, it says how\n"
		"many, and wants --yes.\n"
		"\n"
		"  allmende renew g-2B7QXYZA\n"
		"  allmende renew g-2B7QXYZA --rights read --until 2027-12-31",
	.options =
		(const struct option[]){
			{"until", 0, "DATE", false,
			 "last day, as 2027-11-20; else a year from now, or as before if later"},
			{"rights", 0, "RIGHTS", false, "relay, read, write or admin"},
			{"depth", 0, "N", false, "how often it may be handed on"},
			{"widest", 0, "TIER", false, "widest tier they may publish"},
			{"keep", 0, "WHAT", false, "none, current or all"},
			{"yes", 0, NULL, false,
			 "also when another own node has written it last, or void versions wake"},
			{"text", 0, NULL, false, "print it as a line of text, too"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_renew,
};

const struct command cmd_accept = {
	.name = "accept",
	.arguments = "TEXT",
	.summary = "take a grant that came as text",
	.help = "Takes a grant that another member has made with `allmende grant --text`. Quote "
		"it.\n"
		"\n"
		"  allmende accept \"" PROTOCOL_TEXT "g-...\"",
	.word_min = 1,
	.word_max = 1,
	.run = run_accept,
};

const struct command cmd_grants = {
	.name = "grants",
	.arguments = "",
	.summary = "list what this organisation has granted and was granted",
	.help = "Lists the grants that this organisation has given, was given, or had in its "
		"hands, also\n"
		"those that have ended.\n"
		"\n"
		"  allmende grants",
	.run = run_grants,
};

const struct command cmd_grant_show = {
	.name = "grant-show",
	.arguments = "GRANT",
	.summary = "explain one grant",
	.help = "Says who lets whom do what until when, and through whose hands the grant has "
		"come.\n"
		"\n"
		"With --export it is written to a file with all that proves it, for who has no "
		"node:\n"
		"`allmende grant-check` says whether it is good.\n"
		"\n"
		"  allmende grant-show g-2B7QXYZA\n"
		"  allmende grant-show g-2B7QXYZA --export riesa.grant",
	.options =
		(const struct option[]){
			{"export", 0, "FILE", false, "a new file for the grant with its proofs"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_grant_show,
};
