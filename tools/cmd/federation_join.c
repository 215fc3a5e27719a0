/*
 * federation: inviting and joining.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/clock.h"
#include "tools/kit/municipality.h"
#include "tools/kit/print.h"
#include "tools/kit/progress.h"
#include "tools/kit/query.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

#define JOIN_SECONDS_DEFAULT 60
#define JOIN_SECONDS_MAX     86400
#define JOIN_POLL_MS         300

/* -- invite --------------------------------------------------------------------------------- */

/* It is not for the command line, which everybody on the machine can read. */
static void print_ways(const char *from, const char *how)
{
	print_line("They run one of these, and %s:", how);
	print_line("  allmende init --join %s            with a new node", from);
	print_line("  allmende federation join %s        with a node that runs", from);
}

static void print_guard(const struct tool *tool, bool approve, const char *slug)
{
	if (approve) {
		print_line("Send it to them over a way you trust: whoever has it first is admitted "
			   "as %s, and nobody asks you.",
			   slug);
	} else {
		print_line("Send it to them. When they have used it, they wait, and read you six "
			   "words over the telephone:");
		print_next(tool, "allmende federation requests", "shows who waits");
	}
}

/* The text alone on standard output unless somebody reads along. */
static void print_invitation(const struct tool *tool, const json_t *answer, const char *name,
			     const char *slug, bool approve, const char *file)
{
	const char *text = field_text(answer, "invitation");
	char until[TEXT_SHORT_LEN];

	if (!file && !tool->terminal_out) {
		print_line("%s", text);
		return;
	}
	text_local(until, field_time(answer, "valid_until_ms"));
	if (file) {
		print_line("The invitation for %s (%s), for one use until %s, stands in %s.", name,
			   slug, until, file);
		print_guard(tool, approve, slug);
		print_ways("FILE", "FILE is what you have sent");
		return;
	}
	print_line("Invitation for %s (%s), for one use until %s:", name, slug, until);
	putchar('\n');
	print_line("%s", text);
	putchar('\n');
	print_guard(tool, approve, slug);
	print_ways("-", "then paste that line");
}

/* A new file that only this user can read. */
static int invitation_file(const char *path, int *fd)
{
	*fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *fd >= 0 ? TOOL_DONE
			: tool_fail(TOOL_FAILED, "cannot make the file %s: %s", path,
				    strerror(errno));
}

static int invitation_write(const char *path, int fd, const char *text)
{
	if (dprintf(fd, "%s\n", text) > 0 && fsync(fd) == 0)
		return TOOL_DONE;
	return tool_fail(TOOL_FAILED, "cannot write %s: %s", path, strerror(errno));
}

/* fd: of the file that it goes to; -1: to standard output. */
static int invite(const struct tool *tool, struct client *client, const char *name,
		  const char *slug, const char *ags, int fd)
{
	const char *file = args_value(&tool->args, "output");
	bool approve = args_flag(&tool->args, "auto-approve");
	json_t *body =
		json_pack("{s:s, s:s, s:s, s:b, s:b}", "name", name, "slug", slug, "ags", ags,
			  "auto_approve", approve, "relay", args_flag(&tool->args, "relay"));
	json_t *answer = NULL;
	int code = client_call(client, "POST", "/federation/invitations", body, &answer);

	json_decref(body);
	if (code)
		return client_complain(client);
	if (fd >= 0)
		code = invitation_write(file, fd, field_text(answer, "invitation"));
	if (!code && tool->json)
		code = print_json(tool, answer);
	else if (!code)
		print_invitation(tool, answer, name, slug, approve, file);
	json_decref(answer);
	return code;
}

/* -- what became of them -- */

static void print_invitations(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {"ID", "NAME",  "SHORT", "KEY",
					    "AS", "STATE", "UNTIL", NULL};
	const json_t *list = json_object_get(answer, "invitations");
	struct grid grid;
	json_t *row;
	size_t i;

	grid_init(&grid, tool, stdout, heads);
	json_array_foreach(list, i, row)
	{
		grid_text(&grid, field_text(row, "id"));
		grid_text(&grid, field_text(row, "name"));
		grid_text(&grid, field_text(row, "slug"));
		grid_text(&grid, field_text(row, "ags"));
		grid_text(&grid, field_true(row, "relay") ? "relay" : "member");
		grid_text(&grid, field_text(row, "state"));
		grid_time(&grid, field_time(row, "valid_until_ms"));
	}
	grid_done(&grid);
	if (!tool->terminal_out)
		return;
	if (json_array_size(list) == 0) {
		print_line("This node has made no invitation.");
		return;
	}
	putchar('\n');
	print_next(tool, "allmende federation invite --cancel ID", "makes one useless");
}

static int run_invitations(struct tool *tool)
{
	return query_show(tool, "/federation/invitations", print_invitations);
}

static int cancel(const struct tool *tool, const char *which)
{
	json_t *answer = NULL;
	int code = query_post(tool, "/federation/invitations/cancel",
			      json_pack("{s:s}", "which", which), &answer);

	if (!code && tool->json)
		code = print_json(tool, answer);
	else if (!code)
		print_line("%" PRIu64 " invitation%s cancelled: whoever has it is not let in.",
			   field_count(answer, "cancelled"),
			   field_count(answer, "cancelled") == 1 ? "" : "s");
	json_decref(answer);
	return code;
}

static int run_invite(struct tool *tool)
{
	const char *which = args_value(&tool->args, "cancel");
	const char *name = args_value(&tool->args, "name");
	const char *slug = args_value(&tool->args, "slug");
	const char *ags = args_value(&tool->args, "ags");
	struct client *client;
	int code;

	if (which && (name || slug || ags))
		return tool_fail(TOOL_USAGE, "--cancel goes alone: it takes the id that `allmende "
					     "federation invitations` shows, or a short name");
	if (which)
		return value_texts(&tool->args) ? TOOL_USAGE : cancel(tool, which);
	if (!name || !slug || !ags)
		return tool_fail(
			TOOL_USAGE,
			"--%s is missing: write `allmende federation invite --name \"Stadt "
			"Riesa\" --slug riesa --ags 14627230`",
			!name   ? "name"
			: !slug ? "slug"
				: "ags");
	if ((code = value_name("--name", name)) || (code = value_slug("--slug", slug)) ||
	    (code = value_ags("--ags", ags)) || (code = municipality_check(tool, name, ags)) ||
	    (code = client_open(&client, tool)))
		return code;
	const char *file = args_value(&tool->args, "output");
	int fd = -1;

	code = file ? invitation_file(file, &fd) : TOOL_DONE;
	if (!code)
		code = invite(tool, client, name, slug, ags, fd);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && code)
		unlink(file);
	client_close(client);
	return code;
}

/* -- join ----------------------------------------------------------------------------------- */

static int print_joined(const struct tool *tool, const json_t *state)
{
	if (tool->json)
		return print_json(tool, state);
	print_line("Joined %s: you are one of its members now.", field_text(state, "name"));
	putchar('\n');
	print_line("Next:");
	print_next(tool, "allmende federation members", "see who else is there");
	print_next(tool, "allmende ls", "see what they share");
	return TOOL_DONE;
}

/* Said once: the node itself goes on waiting, whether this command does or not. */
static void print_waiting(const struct tool *tool, const json_t *state, bool *said)
{
	if (*said || tool->json)
		return;
	*said = true;
	print_line("The request is there and waits for a steward. Call one, on a number that you "
		   "know, and read these six words:");
	putchar('\n');
	print_line("    %s", field_text(state, "words"));
	putchar('\n');
	fflush(stdout);
}

/* The time is over, and it is not decided. */
static int join_later(const struct tool *tool, uint64_t seconds, const char *state, const char *why)
{
	if (strcmp(state, "waiting") == 0)
		return tool_fail(
			TOOL_NOT_HERE,
			"not admitted after %" PRIu64
			" seconds: a steward has to hear the six words; the node goes on waiting: "
			"see `allmende%s federation`",
			seconds, tool->dir_words);
	return tool_fail(TOOL_NOT_HERE,
			 "not joined after %" PRIu64
			 " seconds (%s); the node goes on trying: see `allmende%s federation`",
			 seconds, *why ? why : "no answer yet", tool->dir_words);
}

/* Asks until the node is a member, refused, or the time is over. */
static int join_wait(const struct tool *tool, struct client *client, struct progress *progress,
		     uint64_t seconds)
{
	int64_t end_ms = clock_steady_ms() + (int64_t)seconds * 1000;
	json_t *answer = NULL;
	bool said = false;
	int code;

	for (;;) {
		json_decref(answer);
		answer = NULL;
		if ((code = client_call(client, "GET", "/federation", NULL, &answer))) {
			client_complain(client);
			break;
		}
		const char *state = field_text(answer, "state"), *why = field_text(answer, "why");
		if (strcmp(state, "member") == 0) {
			progress_end(progress);
			code = print_joined(tool, answer);
			break;
		}
		if (strcmp(state, "none") == 0 || strcmp(state, "former") == 0) {
			code = tool_fail(TOOL_FAILED, "the join was refused: %s",
					 *why ? why : "no reason was given; see the daemon's log");
			break;
		}
		if (strcmp(state, "waiting") == 0)
			print_waiting(tool, answer, &said);
		if (clock_steady_ms() >= end_ms) {
			code = join_later(tool, seconds, state, why);
			break;
		}
		progress_note(progress, "%.90s", said ? "waiting for a steward" : why);
		progress_bytes(progress, 0, 0);
		clock_nap_ms(JOIN_POLL_MS);
	}
	json_decref(answer);
	return code;
}

static int join_and_wait(const struct tool *tool, struct client *client, const char *text,
			 uint64_t seconds)
{
	json_t *body = json_pack("{s:s}", "invitation", text);
	struct progress progress;
	int code = client_call(client, "POST", "/federation/join", body, NULL);

	json_decref(body);
	if (code)
		return client_complain(client);
	progress_begin(&progress, tool->terminal_err, "joining");
	code = join_wait(tool, client, &progress, seconds);
	progress_end(&progress);
	return code;
}

static int run_join(struct tool *tool)
{
	char text[VALUE_INVITATION_SIZE];
	uint64_t seconds = JOIN_SECONDS_DEFAULT;
	struct invitation invitation;
	struct client *client;
	int code;

	if ((code = value_number(&tool->args, "timeout", JOIN_SECONDS_MAX, &seconds)) ||
	    (code = value_invitation_read(text, tool_word(tool, 0))) ||
	    (code = value_invitation(&invitation, text, tool->now_ms)))
		return code;
	invitation_wipe(&invitation);
	if (!(code = client_open(&client, tool))) {
		code = join_and_wait(tool, client, text, seconds);
		client_close(client);
	}
	secret_wipe(text, sizeof(text));
	return code;
}

/* -- the commands --------------------------------------------------------------------------- */

const struct command cmd_federation_invite = {
	.name = "federation invite",
	.arguments = "--name NAME --slug SLUG --ags KEY | --cancel ID",
	.summary = "make an invitation for an organisation, or cancel one",
	.help = "Makes an invitation: one line of text, for this organisation only, for one use,\n"
		"valid seven days. Who has used it waits until a steward has compared six words\n"
		"with it over the telephone: `federation requests`, `federation approve`.\n"
		"\n"
		"With --auto-approve nobody compares anything: whoever has the text first joins "
		"in\n"
		"that name. It is for demonstrations and laboratories, and works only where one\n"
		"steward decides alone. A relay gets no key of the federation; several may share a "
		"key\n"
		"of a municipality.\n"
		"\n"
		"  allmende federation invite --name \"Stadt Riesa\" --slug riesa --ags 14627230 "
		"\\\n"
		"      -o invitation.txt",
	.options =
		(const struct option[]){
			{"name", 0, "NAME", false, "the organisation as people call it"},
			{"slug", 0, "SLUG", false,
			 "its short name, the first part of its datasets"},
			{"ags", 0, "KEY", false,
			 "its official municipality key, 8 digits; 5 for a county"},
			MUNICIPALITY_OPTION,
			{"output", 'o', "FILE", false,
			 "write it into a new file that only you can read"},
			{"relay", 0, NULL, false,
			 "as a relay: it holds and passes on what it cannot read"},
			{"cancel", 0, "ID", false,
			 "nobody is let in any more by the one with this id, or by those for this "
			 "short name"},
			{"auto-approve", 0, NULL, false,
			 "admit whoever presents the invitation, without asking again"},
			{0},
		},
	.run = run_invite,
};

const struct command cmd_federation_invitations = {
	.name = "federation invitations",
	.arguments = "",
	.summary = "list the invitations made here, and what became of them",
	.help = "Lists the invitations that this node has made: open, used, or expired. "
		"`federation\n"
		"invite --cancel` takes an open one back; who has used one is sent away with "
		"`federation\n"
		"refuse`.\n"
		"\n"
		"  allmende federation invitations",
	.run = run_invitations,
};

const struct command cmd_federation_join = {
	.name = "federation join",
	.arguments = "FILE",
	.summary = "join a federation with an invitation",
	.help = "Joins the federation of the invitation in FILE (-: pasted) and waits until this "
		"node is a member. A\n"
		"steward has to hear six words first, which this command shows. When the time is "
		"over\n"
		"(exit code 5) the node goes on waiting by itself; `allmende federation` shows "
		"the\n"
		"words again.\n"
		"\n"
		"  allmende federation join invitation.txt",
	.options =
		(const struct option[]){
			{"timeout", 0, "SECONDS", false,
			 "how long to wait until admitted (default 60)"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_join,
};
