/*
 * init: a directory becomes a node of an organisation.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "proto/wire/protocol.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/init.h"
#include "tools/kit/municipality.h"
#include "tools/kit/passphrase.h"
#include "tools/kit/print.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

/* -- reading the options -------------------------------------------------------------------- */

/* With an invitation the names come from it; what is also given must be the same. */
static int take_invited(const struct tool *tool, const char *option, const char *said,
			const char **out)
{
	const char *given = args_value(&tool->args, option);

	*out = said;
	if (!given || strcmp(given, said) == 0)
		return TOOL_DONE;
	return tool_fail(
		TOOL_USAGE,
		"the invitation says --%s \"%s\", you say \"%s\": leave the option out, or ask "
		"for an invitation with the right value",
		option, said, given);
}

static int take_named(const struct tool *tool, const char *option, const char **out)
{
	*out = args_value(&tool->args, option);
	if (*out)
		return TOOL_DONE;
	return tool_fail(
		TOOL_USAGE,
		"--%s is missing: write `allmende init --name \"Stadt Meißen\" --slug meissen "
		"--ags 14627140`, or --join with an invitation",
		option);
}

/* What another node of the organisation begins with. */
static int take_offer(struct plan *plan)
{
	buf_init(&plan->offer_bytes, ENVELOPE_LEN_MAX);
	if (node_offer_get(&plan->offer, &plan->offer_bytes, bytes_str(plan->node)) ||
	    invitation_get(&plan->invitation, plan->offer.invitation))
		return tool_fail(
			TOOL_USAGE,
			"this is not the offer for another node, or not all of it: it is one "
			"line that begins with \"" PROTOCOL_TEXT "o-\"; `allmende node offer` "
			"prints it");
	return TOOL_DONE;
}

/* The names come from the charter. */
static int plan_recovery(struct plan *plan, const struct tool *tool)
{
	static const char *const others[] = {"join", "node",           "name",           "slug",
					     "ags",  "recovery-sheet", "next-root-sheet"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (args_value(&tool->args, others[i]))
			return tool_fail(TOOL_USAGE,
					 "--recover and --%s exclude each other: what comes back "
					 "has its names and sheets already",
					 others[i]);
	int code = recovery_ask(&plan->recovery, tool, args_value(&tool->args, "recover"));
	if (code)
		return code;
	const struct charter_member *member = recovery_member(plan->recovery);
	plan->name = member->name;
	plan->slug = member->slug;
	plan->ags = member->ags;
	return recovery_lost(plan->recovery, tool);
}

static int plan_terms(struct plan *plan, const struct tool *tool)
{
	struct invitation *invitation = &plan->invitation;
	int code;

	if (args_value(&tool->args, "recover"))
		return plan_recovery(plan, tool);
	plan->join = args_value(&tool->args, "join");
	plan->node = args_value(&tool->args, "node");
	if (plan->join && plan->node)
		return tool_fail(TOOL_USAGE, "--join and --node exclude each other: a new "
					     "organisation joins, a further node belongs to one");
	if (plan->node && (code = take_offer(plan)))
		return code;
	if (plan->join && ((code = value_invitation_read(plan->join_text, plan->join)) ||
			   (code = value_invitation(invitation, plan->join_text, tool->now_ms))))
		return code;
	if (plan->join)
		plan->join = plan->join_text;
	if (plan->join || plan->node) {
		if ((code = take_invited(tool, "name", invitation->name, &plan->name)) ||
		    (code = take_invited(tool, "slug", invitation->slug, &plan->slug)))
			return code;
		return take_invited(tool, "ags", invitation->ags, &plan->ags);
	}
	if ((code = take_named(tool, "name", &plan->name)) ||
	    (code = take_named(tool, "slug", &plan->slug)) ||
	    (code = take_named(tool, "ags", &plan->ags)) ||
	    (code = value_name("--name", plan->name)) || (code = value_slug("--slug", plan->slug)))
		return code;
	if ((code = value_ags("--ags", plan->ags)))
		return code;
	return municipality_check(tool, plan->name, plan->ags);
}

static int plan_advertise(struct plan *plan, const struct tool *tool)
{
	size_t count = 0;
	const char *address;

	for (size_t at = 0; (address = args_next(&tool->args, "advertise", &at)); count++) {
		int code = value_address("--advertise", address, false);

		if (code)
			return code;
		if (count == LIMIT_ADDRESS_COUNT_MAX)
			return tool_fail(TOOL_USAGE, "--advertise is given more than %d times",
					 LIMIT_ADDRESS_COUNT_MAX);
		if (count > 0)
			buf_add(&plan->advertise, bytes_str(" "));
		buf_add(&plan->advertise, bytes_str(address));
	}
	if (count > 0 && plan->dial_only)
		return tool_fail(TOOL_USAGE, "--advertise and --dial-only exclude each other: a "
					     "node that only dials out is dialled by nobody");
	return TOOL_DONE;
}

static int plan_node(struct plan *plan, const struct tool *tool)
{
	const char *operator= args_value(&tool->args, "operator");
	int code;

	plan->listen = args_value(&tool->args, "listen");
	plan->http = args_value(&tool->args, "http");
	plan->operator= operator? operator: "self";
	plan->dial_only = args_flag(&tool->args, "dial-only");
	plan->sheet = args_value(&tool->args, "recovery-sheet");
	plan->next_sheet = args_value(&tool->args, "next-root-sheet");
	if ((plan->sheet || plan->next_sheet) && plan->node)
		return tool_fail(TOOL_USAGE, "a further node has no recovery sheet: the one of the "
					     "organisation restores everything");
	if (plan->listen && plan->dial_only)
		return tool_fail(TOOL_USAGE,
				 "--listen and --dial-only exclude each other: a node that "
				 "only dials out listens nowhere");
	if (plan->listen && (code = value_address("--listen", plan->listen, true)))
		return code;
	if ((code = plan_advertise(plan, tool)))
		return code;
	if (plan->http && (code = value_address("--http", plan->http, true)))
		return code;
	return value_operator(plan->operator);
}

static int plan_passphrase(struct plan *plan, const struct tool *tool)
{
	const struct passphrase_from from = passphrase_options(tool);
	const bool none = args_flag(&tool->args, "no-passphrase");

	if ((from.file || from.fd) && none)
		return tool_fail(TOOL_USAGE,
				 "--passphrase-%s and --no-passphrase exclude each other: give one "
				 "of them",
				 from.file ? "file" : "fd");
	if (none)
		return TOOL_DONE;
	return passphrase_find(
		&plan->passphrase, &from, true,
		"no passphrase, and no terminal to ask on: give --passphrase-file FILE, or "
		"--no-passphrase if a stolen disk may be readable");
}

/* -- saying what was made ------------------------------------------------------------------- */

/* made false: it stood there already. */
static int print_made_json(const struct tool *tool, const struct plan *plan, bool made)
{
	json_t *json = json_pack(
		"{s:b, s:s, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:o}", "made", made, "directory",
		tool->dir, "name", plan->name, "slug", plan->slug, "ags", plan->ags, "storage_key",
		!made              ? NULL
		: plan->passphrase ? "passphrase"
				   : "clear",
		"federation", plan->join || plan->node ? plan->invitation.fed_name : NULL,
		"recovery_sheet", made ? plan->sheet : NULL, "request",
		made && plan->node
			? json_stringn((const char *)plan->request.ptr, plan->request.len)
			: json_null());
	int code = print_json(tool, json);

	json_decref(json);
	return code;
}

/* On a terminal with words around it, else alone, for scripts. */
static void print_made_node(const struct tool *tool, const struct plan *plan)
{
	if (tool->terminal_out) {
		print_line("A further node of %s is being made in %s. It answers with this line:",
			   plan->name, tool->dir);
		putchar('\n');
	}
	print_line("%.*s", (int)plan->request.len, (const char *)plan->request.ptr);
	if (!tool->terminal_out)
		return;
	putchar('\n');
	print_line("Next, on the machine that made the offer:");
	print_line("  allmende node add \"...\"        with that line; it prints the answer");
	print_line("Then here:");
	print_next(tool, "allmende node accept \"...\"", "with the answer; then start allmended");
}

/* The command that starts the daemon; to be freed. */
static char *start_words(const struct tool *tool)
{
	const char *file = args_value(&tool->args, "passphrase-file");
	char *quoted, *start;

	/* without a file it asks */
	if (!file)
		return mem_str("allmended --detach");
	quoted = text_shell(file);
	if (asprintf(&start, "allmended --detach --passphrase-file %s", quoted) < 0)
		mem_gone(1, 0);
	free(quoted);
	return start;
}

static void print_recovered(const struct tool *tool, const struct plan *plan)
{
	char *start = start_words(tool);

	print_line("%s (%s, %s) has a node in %s again, in the federation %s.", plan->name,
		   plan->slug, plan->ags, tool->dir, recovery_federation(plan->recovery));
	recovery_print(plan->recovery);
	putchar('\n');
	print_line("Next, within a day (later the others do not keep what the lost machine has "
		   "said):");
	print_next(tool, start, "start the node; it goes on when the terminal is closed");
	print_next(tool, "allmende status", "how far it has come");
	free(start);
}

static void print_made(const struct tool *tool, const struct plan *plan)
{
	char *start = start_words(tool);

	print_line("%s (%s, %s) has a node in %s.", plan->name, plan->slug, plan->ags, tool->dir);
	print_line(
		plan->passphrase
			? "Its keys are sealed with your passphrase."
			: "Its keys are not sealed: whoever gets this disk can read everything.");
	if (plan->sheet)
		print_line("The recovery sheet stands in %s: print it twice, lock it away, delete "
			   "the file.",
			   plan->sheet);
	else
		print_line("There is no recovery sheet yet: without it a lost machine cannot be "
			   "replaced.");
	if (plan->next_sheet)
		print_line("The second sheet stands in %s: print it, lock it away elsewhere than "
			   "the first, delete the file.",
			   plan->next_sheet);
	putchar('\n');
	print_line("Next:");
	if (!plan->sheet)
		print_next(tool, "allmende recovery-sheet -o FILE", "write the recovery sheet");
	if (!plan->next_sheet)
		print_next(tool, "allmende root next -o FILE",
			   "write the second sheet, which helps against a thief of the first");
	print_next(tool, start, "start the node; it goes on when the terminal is closed");
	if (plan->join) {
		print_next(tool, "allmende federation",
			   "it asks to join by itself; this shows how far it has come, and the six "
			   "words to read to a steward");
	} else {
		print_next(tool, "allmende federation create --name NAME",
			   "found a federation, or with an invitation:");
		print_next(tool, "allmende federation join -", "join one");
	}
	free(start);
}

/* -- what stands there already --------------------------------------------------------------- */

static int refuse_standing(const struct tool *tool, const struct identity_place *place)
{
	return tool_fail(TOOL_FAILED,
			 "%s holds the node of %s (%s, %s) already: start it with `allmended "
			 "--detach%s`, or "
			 "name another directory with -d",
			 tool->dir, place->name, place->slug, place->ags, tool->dir_words);
}

/* The same words once more do no harm, as when a page of commands is pasted again. */
static int say_standing(const struct tool *tool, const struct plan *plan,
			const struct identity_place *place)
{
	if (strcmp(place->name, plan->name) != 0 || strcmp(place->slug, plan->slug) != 0 ||
	    strcmp(place->ags, plan->ags) != 0)
		return refuse_standing(tool, place);
	if (tool->json)
		return print_made_json(tool, plan, false);
	print_line("%s (%s, %s) has a node in %s already: nothing was changed, neither keys nor "
		   "settings nor sheets.",
		   plan->name, plan->slug, plan->ags, tool->dir);
	if (plan->node)
		print_line("The line with which it asks to be taken in was printed when it was "
			   "made; to have another one, remove the directory first.");
	else if (plan->join)
		print_line("If it has not joined yet it does so when it is started; another "
			   "invitation is taken by `allmende%s federation join FILE`.",
			   tool->dir_words);
	return TOOL_DONE;
}

static int make(struct tool *tool, struct plan *plan)
{
	struct identity_place place;
	bool stands = init_standing(tool, &place);
	int code;

	if (stands && args_value(&tool->args, "recover"))
		return refuse_standing(tool, &place);
	if ((code = plan_terms(plan, tool)) || (code = plan_node(plan, tool)))
		return code;
	if (stands)
		return say_standing(tool, plan, &place);
	if ((code = plan_passphrase(plan, tool)) || (code = init_make(tool, plan)))
		return code;
	const struct passphrase_from from = passphrase_options(tool);
	passphrase_remark(tool, &from);
	if (tool->json)
		return print_made_json(tool, plan, true);
	if (plan->node)
		print_made_node(tool, plan);
	else if (plan->recovery)
		print_recovered(tool, plan);
	else
		print_made(tool, plan);
	return TOOL_DONE;
}

static int run_init(struct tool *tool)
{
	struct plan plan = {0};

	buf_init(&plan.request, ENVELOPE_LEN_MAX);
	buf_init(&plan.advertise, LIMIT_ADDRESS_COUNT_MAX * (LIMIT_ADDRESS_LEN_MAX + 1));
	int code = make(tool, &plan);
	recovery_close(plan.recovery);
	secret_close(plan.passphrase);
	buf_fini(&plan.offer_bytes);
	buf_fini(&plan.request);
	buf_fini(&plan.advertise);
	secret_wipe(plan.join_text, sizeof(plan.join_text));
	if (plan.join || plan.node)
		invitation_wipe(&plan.invitation);
	return code;
}

const struct command cmd_init = {
	.name = "init",
	.arguments = "--name NAME --slug SLUG --ags KEY | --join FILE | --node TEXT | "
		     "--recover SHEET",
	.summary = "make a node for an organisation",
	.help = "Makes the data directory of a node: the organisation's keys, its names, an empty\n"
		"store. Name, short name and key come from the options, or from an invitation.\n"
		"With --node it makes a further node of an organisation that has one already.\n"
		"\n"
		"The keys are sealed with a passphrase, which is asked for on the terminal unless\n"
		"--passphrase-file, --passphrase-fd or --no-passphrase is given, or systemd hands "
		"it\n"
		"over as the credential \"passphrase\". A file beside the keys protects nothing. "
		"The\n"
		"recovery sheet holds the root seed: with it the organisation can be restored on "
		"a\n"
		"new machine. The second sheet holds the seed of the root key that may follow, "
		"for\n"
		"when the first is stolen.\n"
		"\n"
		"With --recover an organisation comes back whose machines are lost: by its "
		"recovery sheet\n"
		"and the address of any member. It asks that member for the charter and the own "
		"log,\n"
		"makes a new node with all roles, and shuts out the nodes that --lost names. Once "
		"started,\n"
		"the node takes over what these have said as the others know it: datasets, grants, "
		"keys.\n"
		"The federation's id stands on a sheet that was written in the federation; a "
		"neighbour\n"
		"sees it in `allmende federation`. While another node of yours with a role runs, "
		"--node\n"
		"makes a further one instead.\n"
		"\n"
		"  allmende init --name \"Stadt Meißen\" --slug meissen --ags 14627140 \\\n"
		"      --passphrase-file /etc/allmende/passphrase --recovery-sheet sheet.txt\n"
		"  allmende init --recover sheet.txt --from allmende.riesa.example:7420 --lost all",
	.options =
		(const struct option[]){
			{"name", 0, "NAME", false, "the organisation as people call it"},
			{"slug", 0, "SLUG", false, "short name, the first part of its datasets"},
			{"ags", 0, "KEY", false,
			 "official municipality key, 8 digits; 5 for a county"},
			MUNICIPALITY_OPTION,
			{"join", 0, "FILE", false,
			 "an invitation, which knows the three above; - to paste it"},
			{"node", 0, "TEXT", false,
			 "the offer of another node of this organisation, which knows them too"},
			{"recover", 0, "SHEET", false,
			 "the recovery sheet of an organisation that comes back; - to type the "
			 "seed"},
			{"from", 0, "HOST:PORT", false, "with --recover: where a member listens"},
			{"federation", 0, "ID", false,
			 "with --recover: if the sheet does not say it"},
			{"lost", 0, "NODES", false,
			 "with --recover: the nodes that are lost, as 0,1; all"},
			{"listen", 0, "HOST:PORT", false,
			 "where other nodes dial this one (default 0.0.0.0:7420)"},
			{"advertise", 0, "HOST:PORT", true,
			 "what others are told to dial, if that is not what is listened on"},
			{"http", 0, "HOST:PORT", false,
			 "where everybody finds what is open, and /metrics (default none)"},
			{"dial-only", 0, NULL, false,
			 "listen nowhere: behind a firewall that lets nobody in"},
			{"operator", 0, "WHO", false,
			 "self, or hosted:NAME when a provider runs the machine"},
			PASSPHRASE_OPTIONS,
			{"no-passphrase", 0, NULL, false,
			 "keep the keys unsealed: a stolen disk is readable"},
			{"recovery-sheet", 0, "FILE", false,
			 "write the recovery sheet into a new file"},
			{"next-root-sheet", 0, "FILE", false,
			 "write the second sheet, which is kept elsewhere, into a new file"},
			{0},
		},
	.run = run_init,
};
