/*
 * grant-check: whether an exported grant is good, on a machine without a node.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/check.h"
#include "proto/catalog/grants.h"
#include "proto/rights/showing.h"
#include "proto/rights/token_file.h"
#include "tools/cmd/commands.h"
#include "tools/kit/print.h"
#include "tools/kit/proof.h"
#include "tools/kit/text.h"

struct asked {
	struct fed_id fed;
	int64_t t_ms;
	const char *proof, *challenge; /* NULL: none */
};

/* ---- what was typed ---- */

/* "2027-11-20", at noon, or "2027-11-20T08:30"; local time. */
static int read_at(const char *text, int64_t now_ms, int64_t *out)
{
	struct tm day = {.tm_isdst = -1, .tm_hour = 12};
	int end = 0;

	*out = now_ms;
	if (!text)
		return TOOL_DONE;
	bool whole = (sscanf(text, "%4d-%2d-%2d%n", &day.tm_year, &day.tm_mon, &day.tm_mday,
			     &end) == 3 &&
		      end == 10 && !text[10]) ||
		     (sscanf(text, "%4d-%2d-%2dT%2d:%2d%n", &day.tm_year, &day.tm_mon, &day.tm_mday,
			     &day.tm_hour, &day.tm_min, &end) == 5 &&
		      end == 16 && !text[16]);
	struct tm typed = day;
	day.tm_year -= 1900;
	day.tm_mon -= 1;
	time_t at = whole ? mktime(&day) : -1;
	if (at < 0 || day.tm_mday != typed.tm_mday || day.tm_hour != typed.tm_hour ||
	    day.tm_min != typed.tm_min)
		return tool_fail(TOOL_USAGE,
				 "--at \"%s\" is no time: write it as 2027-11-20 or "
				 "2027-11-20T08:30",
				 text);
	*out = (int64_t)at * 1000;
	return TOOL_DONE;
}

static int read_proof(const struct tool *tool, struct asked *asked)
{
	asked->proof = args_value(&tool->args, "proof");
	asked->challenge = args_value(&tool->args, "challenge");
	if (!asked->proof != !asked->challenge)
		return tool_fail(TOOL_USAGE,
				 "--%s is missing: a proof answers the challenge that you chose",
				 asked->proof ? "challenge" : "proof");
	size_t len = asked->challenge ? strlen(asked->challenge) : 0;
	if (asked->challenge &&
	    (len < SHOWING_CHALLENGE_LEN_MIN || len > SHOWING_CHALLENGE_LEN_MAX))
		return tool_fail(TOOL_USAGE,
				 "--challenge \"%s\" has %zu bytes: take %d to %d that nobody can "
				 "guess, and use them once",
				 asked->challenge, len, SHOWING_CHALLENGE_LEN_MIN,
				 SHOWING_CHALLENGE_LEN_MAX);
	return TOOL_DONE;
}

/* ---- what is said ---- */

static const char *member_name(const struct token_file *file, uint32_t member)
{
	const struct charter_member *found = charter_member(&file->charter, member);

	return found ? found->name : "nobody";
}

static json_t *heads_json(const struct token_file *file)
{
	json_t *heads = json_array();

	for (size_t i = 0; i < file->state_count; i++) {
		const struct head *head = &file->states[i].head;
		if (file->states[i].asked)
			json_array_append_new(
				heads, json_pack("{s:s, s:I, s:I}", "organisation",
						 member_name(file, author_member(head->author)),
						 "node", (json_int_t)author_node(head->author),
						 "time_ms", (json_int_t)head->time_ms));
	}
	return heads;
}

static json_t *hands_json(const struct token_file *file, const struct verdict *v)
{
	json_t *hands = json_array();
	char name[GRANT_NAME_LEN + 1];

	for (size_t i = 0; i < v->count; i++) {
		grant_name(name, &v->chain[i]);
		json_array_append_new(hands,
				      json_pack("{s:s, s:s}", "giver",
						member_name(file, v->issuers[i]), "grant", name));
	}
	return hands;
}

static json_t *verdict_json(const struct token_file *file, const struct verdict *v,
			    const struct asked *asked)
{
	bool good = v->fault == FAULT_NONE;
	int64_t as_of = token_file_as_of(file);
	char grant[ID_HEX_LEN + 1], prefix[LIMIT_PATH_LEN_MAX + 1];

	charter_path_shown(&file->charter, v->prefix, prefix);
	hex_put(grant, id_bytes(&file->grant));
	json_t *out = json_pack(
		"{s:b, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:b, s:s, s:o, s:o}", "good",
		good, "line", grant, "prefix", prefix, "rights",
		verb_name(good ? v->verb : VERB_NONE), "receiver", member_name(file, v->audience),
		"from_ms", (json_int_t)v->from_ms, "until_ms", (json_int_t)v->to_ms, "at_ms",
		(json_int_t)asked->t_ms, "as_of_ms", (json_int_t)as_of, "old",
		asked->t_ms - as_of > TOKEN_FILE_OLD_MS, "shown", asked->proof != NULL, "why",
		good ? "" : fault_text(v->fault), "hands", hands_json(file, v), "heads",
		heads_json(file));
	return out;
}

static void print_hands(const json_t *out)
{
	const json_t *hands = json_object_get(out, "hands");
	json_t *hand;
	size_t i;

	json_array_foreach(hands, i, hand)
		print_fieldf(i == 0 ? "Through" : "", "%s (%s)", field_text(hand, "giver"),
			     field_text(hand, "grant"));
}

static void print_heads(const json_t *out)
{
	const json_t *heads = json_object_get(out, "heads");
	json_t *head;
	size_t i;

	json_array_foreach(heads, i, head)
	{
		char time[TEXT_SHORT_LEN];
		text_local(time, field_time(head, "time_ms"));
		print_fieldf(i == 0 ? "Known" : "", "%s, node %" PRIu64 ": %s",
			     field_text(head, "organisation"), field_count(head, "node"), time);
	}
}

static void print_verdict(const json_t *out)
{
	char as_of[TEXT_SHORT_LEN], until[TEXT_SHORT_LEN], from[TEXT_SHORT_LEN];
	bool relay = strcmp(field_text(out, "rights"), "relay") == 0;
	bool admin = strcmp(field_text(out, "rights"), "admin") == 0;

	text_local(as_of, field_time(out, "as_of_ms"));
	text_local(from, field_time(out, "from_ms"));
	text_local(until, field_time(out, "until_ms"));
	if (field_true(out, "good"))
		print_line("%s can %s %s and everything below, from %s until %s.",
			   field_text(out, "receiver"),
			   relay   ? "hold"
			   : admin ? "administer"
				   : field_text(out, "rights"),
			   field_text(out, "prefix"), from, until);
	else
		print_line("The grant of %s to %s does not count: %s.", field_text(out, "prefix"),
			   field_text(out, "receiver"), field_text(out, "why"));
	print_hands(out);
	print_heads(out);
	print_line("Valid as of %s; whether it has ended since cannot be known.%s", as_of,
		   field_true(out, "old") ? " That is old: ask for a fresh file." : "");
	if (field_true(out, "shown"))
		print_line("The proof is right: %s shows it.", field_text(out, "receiver"));
}

/* ---- the command ---- */

static int judge(const struct tool *tool, const char *path, struct token_file *file,
		 const struct asked *asked)
{
	struct verdict v;

	if (token_file_verdict(file, asked->t_ms, &v))
		return tool_fail(TOOL_FAILED, "%s does not prove it: %s; ask for a whole file",
				 path, file->why);
	if (asked->proof && token_file_proof(file, &v, bytes_str(asked->proof),
					     bytes_str(asked->challenge), tool->now_ms))
		return tool_fail(TOOL_DENIED, "nobody has shown that it is theirs: %s", file->why);
	json_t *out = verdict_json(file, &v, asked);
	int code = v.fault == FAULT_NONE ? TOOL_DONE : TOOL_DENIED;
	if (tool->json)
		print_json(tool, out);
	else
		print_verdict(out);
	json_decref(out);
	return code;
}

static int run_grant_check(struct tool *tool)
{
	const char *path = tool_word(tool, 0);
	struct asked asked = {.t_ms = 0};
	struct token_file file;
	struct buf bytes;
	int code;

	if ((code = proof_federation(&asked.fed, args_value(&tool->args, "federation"))) ||
	    (code = read_at(args_value(&tool->args, "at"), tool->now_ms, &asked.t_ms)) ||
	    (code = read_proof(tool, &asked)))
		return code;
	buf_init(&bytes, TOKEN_FILE_LEN_MAX);
	code = proof_read(&bytes, path, "exported grant");
	if (!code) {
		if (token_file_read(&file, buf_bytes(&bytes), &asked.fed, tool->now_ms))
			code = tool_fail(TOOL_FAILED, "%s proves nothing: %s", path, file.why);
		else
			code = judge(tool, path, &file, &asked);
		token_file_fini(&file);
	}
	buf_fini(&bytes);
	return code;
}

const struct command cmd_grant_check = {
	.name = "grant-check",
	.arguments = "FILE --federation ID",
	.summary = "check an exported grant, without a node",
	.help = "Checks a grant that was exported with `allmende grant-show --export`: its chain,\n"
		"every signature, and that by then nobody had ended it. Nothing is asked over the\n"
		"network, and no node is needed. That who shows the file is who got the grant "
		"says\n"
		"a proof: choose a challenge, let them run `allmende grant-prove`, and give both.\n"
		"\n"
		"  allmende grant-check riesa.grant --federation 3b2f...\n"
		"  allmende grant-check riesa.grant --federation 3b2f... --proof \"...\" \\\n"
		"      --challenge 8c1f0a77b2d94e05",
	.options =
		(const struct option[]){
			{"federation", 0, "ID", false,
			 "id of the federation, which you have from elsewhere"},
			{"at", 0, "TIME", false,
			 "as 2027-11-20 or 2027-11-20T08:30; else it is now"},
			{"proof", 0, "TEXT", false, "what who shows it answered"},
			{"challenge", 0, "X", false, "what you asked them, 16 to 64 bytes"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.no_node = "",
	.run = run_grant_check,
};
