/*
 * revoke: rights are ended, with everything that rests on them; first it is shown what that is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

static const char *loss_who(const json_t *loss)
{
	return field_text(json_object_get(loss, "who"), "name");
}

/* Who gets nothing new, and by which grant it was. */
static void print_losses(const json_t *losses)
{
	json_t *loss;
	size_t i;

	json_array_foreach((json_t *)losses, i, loss)
	{
		const char *has = field_text(loss, "has");
		const char *through = field_text(loss, "through");
		if (through[0])
			print_fieldf(i == 0 ? "Falls" : "", "%s: %s of %s, by %s; keeps %s by %s",
				     loss_who(loss), field_text(loss, "had"),
				     field_text(loss, "prefix"), field_text(loss, "grant"), has,
				     through);
		else
			print_fieldf(i == 0 ? "Falls" : "", "%s: %s of %s, by %s%s", loss_who(loss),
				     field_text(loss, "had"), field_text(loss, "prefix"),
				     field_text(loss, "grant"),
				     field_true(loss, "below") ? ", which rests on it" : "");
	}
}

/* What nobody can take back. */
static void print_remains(const json_t *losses)
{
	json_t *loss;
	size_t i;

	json_array_foreach((json_t *)losses, i, loss)
	{
		char since[TEXT_SHORT_LEN];
		if (strcmp(field_text(loss, "had"), "relay") == 0 ||
		    field_count(loss, "versions") == 0)
			continue;
		text_local(since, field_time(loss, "since_ms"));
		since[strcspn(since, " ")] = 0;
		print_fieldf("Kept",
			     "%s could read %" PRIu64 " version%s of %s since %s, and "
			     "keeps what it has read",
			     loss_who(loss), field_count(loss, "versions"),
			     text_plural(field_count(loss, "versions")), field_text(loss, "prefix"),
			     since);
	}
}

static void print_again(const struct tool *tool, const json_t *losses)
{
	json_t *loss;
	size_t i;
	bool any = false;

	json_array_foreach((json_t *)losses, i, loss)
	{
		if (!field_true(loss, "below"))
			continue;
		if (!any)
			print_line("To give again what only falls with it, as grants of your own:");
		any = true;
		print_command(tool, field_text(loss, "again"), "  ");
	}
}

static void print_unheard(const json_t *unheard)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)unheard, i, item) print_field(
		i == 0 ? "Not heard yet" : "", field_text(json_object_get(item, "who"), "name"));
	if (json_array_size(unheard) > 0)
		print_line(
			"Whoever has not heard goes on as before; from five minutes on `allmende "
			"status` names who has not shown that it has.");
}

/* What others wrote by these grants, and stays. */
static void print_taken_over(const json_t *answer)
{
	const json_t *kept = json_object_get(answer, "kept");
	uint64_t count = field_count(answer, "kept_count");
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)kept, i, item)
		print_fieldf(i == 0 ? "Taken over" : "", "%s@%" PRIu64, field_text(item, "dataset"),
			     field_count(item, "version"));
	if (count > json_array_size(kept))
		print_line("And %" PRIu64 " more.", count - json_array_size(kept));
}

/* What the ends cost in keys: nothing is encrypted or sent anew. */
static void print_keys(const json_t *keys)
{
	char size[TEXT_SHORT_LEN];

	if (field_count(keys, "epochs") == 0)
		return;
	text_size(size, field_count(keys, "bytes"));
	print_fieldf("New keys",
		     "%" PRIu64 " for folders, wrapped %" PRIu64 " time%s for who stays: about %s",
		     field_count(keys, "epochs"), field_count(keys, "wraps"),
		     text_plural(field_count(keys, "wraps")), size);
	if (field_count(keys, "lost"))
		print_line("Of %" PRIu64 " folder%s the key before is not here: who is let in "
			   "later does not read what is older than the new one.",
			   field_count(keys, "lost"), text_plural(field_count(keys, "lost")));
}

/* ---- sealing again ---- */

/* What is sealed and sent once more: who had the old key gets nothing by that. */
static void print_reencrypt(const json_t *again)
{
	char size[TEXT_SHORT_LEN];
	json_t *item;
	size_t i;

	if (!again)
		return;
	json_array_foreach(json_object_get(again, "datasets"), i, item)
	{
		text_size(size, field_count(item, "bytes"));
		print_fieldf(i == 0 ? "Sealed again" : "", "%s@%" PRIu64 ", %s",
			     field_text(item, "dataset"), field_count(item, "version"), size);
	}
	if (field_count(again, "count") > i)
		print_line("And more: say this again when these are done.");
	text_size(size, field_count(again, "bytes"));
	print_fieldf("To be sent",
		     "about %s (%" PRIu64 " bytes as they are now), to each node that "
		     "holds them",
		     size, field_count(again, "bytes"));
	print_line("Whoever has read a version keeps it; versions of others stay as they are.");
}

/* One dataset after the other: the daemon reads, seals and publishes it. */
static int reencrypt(struct tool *tool, struct client *client, const json_t *again)
{
	uint64_t bytes = 0;
	json_t *item;
	size_t i;
	int code = TOOL_DONE;

	json_array_foreach(json_object_get(again, "datasets"), i, item)
	{
		json_t *body = json_pack("{s:s}", "dataset", field_text(item, "dataset"));
		json_t *answer = NULL;
		char size[TEXT_SHORT_LEN];
		client_patience(client, CLIENT_WHATEVER);
		code = client_call(client, "POST", "/reseal", body, &answer);
		json_decref(body);
		if (!code && !tool->json) {
			text_size(size, field_count(answer, "bytes"));
			print_line("%s@%" PRIu64 "   sealed again, +%s",
				   field_text(answer, "dataset"), field_count(answer, "version"),
				   size);
		}
		bytes += field_count(answer, "bytes");
		json_decref(answer);
		if (code)
			break;
	}
	if (code) {
		client_complain(client);
		tool_fail(code, "the rest is not sealed again yet: `allmende revoke --reencrypt "
				"--below PATH` goes on when that has passed");
	} else if (!tool->json && i > 0) {
		print_line("%" PRIu64 " bytes are new.", bytes);
	}
	return code;
}

static void print_revocation(const struct tool *tool, const json_t *answer)
{
	const json_t *losses = json_object_get(answer, "losses");
	uint64_t count = field_count(answer, "loss_count");
	char size[TEXT_SHORT_LEN];

	print_losses(losses);
	print_remains(losses);
	if (count == 0)
		print_line("Nobody has anything by it now.");
	if (count > json_array_size(losses))
		print_line("And %" PRIu64 " more.", count - json_array_size(losses));
	print_taken_over(answer);
	print_again(tool, losses);
	text_size(size, field_count(answer, "bytes"));
	const uint64_t lines = field_count(answer, "lines"), bars = field_count(answer, "bars"),
		       records = field_count(answer, "records");
	print_fieldf("Written", "%" PRIu64 " grant%s, %" PRIu64 " bar%s: %" PRIu64 " record%s, %s",
		     lines, lines == 1 ? " ends" : "s end", bars, text_plural(bars), records,
		     text_plural(records), size);
	print_keys(json_object_get(answer, "keys"));
	print_reencrypt(json_object_get(answer, "reencrypt"));
	if (field_true(answer, "done"))
		print_unheard(json_object_get(answer, "unheard"));
}

static json_t *revoke_body(const struct tool *tool)
{
	static const char *const names[] = {"from", "below", "keep"};
	json_t *body = json_object();

	if (tool_word(tool, 0))
		json_object_set_new(body, "grant", json_string(tool_word(tool, 0)));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = args_value(&tool->args, names[i]);
		if (value)
			json_object_set_new(body, names[i], json_string(value));
	}
	json_object_set_new(body, "yes", json_boolean(args_flag(&tool->args, "yes")));
	if (args_flag(&tool->args, "reencrypt"))
		json_object_set_new(body, "reencrypt", json_true());
	return body;
}

/* Takes the body. */
static int revoke(struct tool *tool, const char *path, json_t *body, bool lift)
{
	bool done = lift || args_flag(&tool->args, "yes");
	json_t *answer = NULL;
	struct client *client;
	int code = client_open(&client, tool);

	if (!code)
		code = client_call(client, "POST", path, body, &answer);
	json_decref(body);
	if (!client)
		return code;
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else if (lift)
		print_line("%" PRIu64 " bar%s lifted.", field_count(answer, "lifted"),
			   text_plural(field_count(answer, "lifted")));
	else
		print_revocation(tool, answer);
	if (!code && !done)
		code = tool_fail(TOOL_FAILED, "nothing was done: say --yes to do it");
	if (!code && !lift && json_object_get(answer, "reencrypt"))
		code = reencrypt(tool, client, json_object_get(answer, "reencrypt"));
	json_decref(answer);
	client_close(client);
	return code;
}

/* Without an end: what an earlier one has left. */
static int run_reencrypt(struct tool *tool, const char *below)
{
	const bool done = args_flag(&tool->args, "yes");
	json_t *answer = NULL;
	struct client *client;
	struct buf target;
	int code = client_open(&client, tool);

	if (!client)
		return code;
	target_init(&target, "/reseal");
	target_text(&target, "path", below);
	code = client_call(client, "GET", target_end(&target), NULL, &answer);
	buf_fini(&target);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else if (json_array_size(json_object_get(answer, "datasets")) == 0)
		print_line(
			"This node has published nothing at or below %s that is shared by grant.",
			below);
	else
		print_reencrypt(answer);
	if (!code && !done)
		code = tool_fail(TOOL_FAILED, "nothing was done: say --yes to do it");
	if (!code)
		code = reencrypt(tool, client, answer);
	json_decref(answer);
	client_close(client);
	return code;
}

static int run_revoke(struct tool *tool)
{
	const char *from = args_value(&tool->args, "from"), *lift = args_value(&tool->args, "lift"),
		   *below = args_value(&tool->args, "below");
	const int named = (tool_word(tool, 0) != NULL) + (from != NULL) + (lift != NULL);
	int code = TOOL_DONE;

	if (named == 0 && below && args_flag(&tool->args, "reencrypt"))
		return (code = value_path(below)) ? code : run_reencrypt(tool, below);
	if (lift && args_flag(&tool->args, "reencrypt"))
		return tool_fail(TOOL_USAGE, "--reencrypt does not go with --lift: nothing ends");
	if (named != 1)
		return tool_fail(TOOL_USAGE,
				 "say which grant ends, as `allmende revoke g-2B7QXYZA`, or from "
				 "whom all is taken, as `allmende revoke --from riesa`");
	if (below && !from && !lift)
		return tool_fail(TOOL_USAGE, "--below belongs to --from, --lift or --reencrypt");
	if ((from && (code = value_slug("--from", from))) ||
	    (lift && (code = value_slug("--lift", lift))) || (below && (code = value_path(below))))
		return code;
	if (!lift)
		return revoke(tool, "/revocations", revoke_body(tool), false);
	json_t *body = json_pack("{s:s, s:b}", "from", lift, "yes", args_flag(&tool->args, "yes"));
	if (below)
		json_object_set_new(body, "below", json_string(below));
	return revoke(tool, "/revocations/lift", body, true);
}

const struct command cmd_revoke = {
	.name = "revoke",
	.arguments = "[GRANT]",
	.summary = "end a grant, for good, or all that another member has from here",
	.help = "Ends a grant that this organisation has given, with all that rests on it, or "
		"bars\n"
		"one that others gave on. With --from everything that a member has from here, and\n"
		"what others handed on to it through here, now and later: at PATH, or in the own\n"
		"namespace and each where this organisation has a grant today. Shows first who "
		"gets\n"
		"nothing new, what they keep and who reads on, and wants --yes.\n"
		"\n"
		"What was read stays read, and whoever has not heard of it yet goes on as before:\n"
		"no program can change that. Nothing is encrypted or sent anew; new versions get "
		"a\n"
		"new key. With --lift: what was void because of the bar counts again; when there "
		"are such\n"
		"versions it says how many, and wants --yes.\n"
		"\n"
		"With --reencrypt each dataset that this node has published there is\n"
		"published once more as the next version, all of it under the new key, so that\n"
		"the old key opens nothing of it; versions before it stay as they are. First it\n"
		"is shown how many bytes that sends. Alone with --below it goes on where that\n"
		"was interrupted.\n"
		"\n"
		"  allmende revoke g-2B7QXYZA\n"
		"  allmende revoke --from riesa --below landkreis-meissen/kita --yes\n"
		"  allmende revoke --lift riesa",
	.options =
		(const struct option[]){
			{"from", 0, "SLUG", false, "all that this member has from here"},
			{"below", 0, "PATH", false,
			 "with --from, --lift or --reencrypt: at and below this path"},
			{"lift", 0, "SLUG", false, "let others grant to this member again"},
			{"keep", 0, "WHAT", false,
			 "what stays of what they wrote: none, current or all; else as granted"},
			{"reencrypt", 0, NULL, false,
			 "publish what lies there once more, wholly under the new key"},
			{"yes", 0, NULL, false, "do it"},
			{0},
		},
	.word_min = 0,
	.word_max = 1,
	.run = run_revoke,
};
