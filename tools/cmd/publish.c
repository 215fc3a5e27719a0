/*
 * publish: files become the next version of a dataset.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/check.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/publish_copies.h"
#include "tools/cmd/publish_dry.h"
#include "tools/cmd/publish_guard.h"
#include "tools/cmd/publish_metadata.h"
#include "tools/cmd/publish_say.h"
#include "tools/cmd/publish_send.h"
#include "tools/kit/client.h"
#include "tools/kit/clock.h"
#include "tools/kit/datasets.h"
#include "tools/kit/files.h"
#include "tools/kit/hidden.h"
#include "tools/kit/print.h"
#include "tools/kit/progress.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

#define COPIES_TIMEOUT_S  60
#define SEND_TRIES        5 /* as it may be stopped more than once */
#define SEND_WAIT_MS      500
#define WAIT_SIGNED_MS    250
#define WAIT_SIGNED_TRIES 300 /* 75 s: others have a minute to answer */

/* -- the publication ------------------------------------------------------------------------ */

/* What is asked for beside the files. */
struct wishes {
	bool has_keep;
	uint64_t keep, keep_days; /* has_keep and 0: all */
	struct publish_wait copies;
};

/* --keep N, --keep 90d, --keep all */
static int read_keep(struct wishes *wishes, const char *text)
{
	char digits[24];
	size_t len = text ? strlen(text) : 0;
	bool days = len > 1 && text[len - 1] == 'd';
	uint64_t number = 0;

	if (!text)
		return TOOL_DONE;
	snprintf(digits, sizeof(digits), "%.*s", (int)(len - days < 23 ? len - days : 23), text);
	if (strcmp(text, "all") != 0 &&
	    (len > 20 || !args_number(digits, days ? 36500 : UINT32_MAX, &number) || !number))
		return tool_fail(TOOL_USAGE,
				 "--keep \"%s\" is neither a number of versions such as 5, nor of "
				 "days such as 90d, nor \"all\"",
				 text);
	wishes->has_keep = !days;
	*(days ? &wishes->keep_days : &wishes->keep) = number;
	return TOOL_DONE;
}

static int read_wishes(struct wishes *wishes, const struct args *args)
{
	int code;

	*wishes = (struct wishes){.copies.timeout_s = COPIES_TIMEOUT_S};
	if ((code = read_keep(wishes, args_value(args, "keep"))) ||
	    (code = value_number(args, "copies", 1000, &wishes->copies.count)) ||
	    (code = value_number(args, "timeout", 31536000, &wishes->copies.timeout_s)) ||
	    (code = publish_guard_option(args)))
		return code;
	if (args_value(args, "timeout") && !wishes->copies.count)
		return tool_fail(TOOL_USAGE, "--timeout says how long to wait for --copies N: give "
					     "both");
	return value_texts(args);
}

/* The daemon takes what is missing from the version before. */
static int make_body(const struct tool *tool, const char *dataset, const struct wishes *wishes,
		     json_t **out)
{
	const char *reason = args_value(&tool->args, "personal-data-checked");
	const struct args *args = &tool->args;
	const bool command = args_flag(args, "from-command");
	json_t *body = json_pack("{s:s}", "dataset", dataset);
	int code =
		publish_metadata(tool, args->words + 1, command ? 0 : args->word_count - 1, body);

	if (reason)
		json_object_set_new(body, "personal_data_checked", json_string(reason));
	if (args_value(args, "tier"))
		json_object_set_new(body, "tier", json_string(args_value(args, "tier")));
	if (args_flag(args, "widen"))
		json_object_set_new(body, "widen", json_true());
	if (args_flag(args, "allow-shrink"))
		json_object_set_new(body, "allow_shrink", json_true());
	if (wishes->has_keep)
		json_object_set_new(body, "keep", json_integer((json_int_t)wishes->keep));
	if (wishes->keep_days)
		json_object_set_new(body, "keep_days", json_integer((json_int_t)wishes->keep_days));
	*out = body;
	return code;
}

static int sending_begin(struct sending *sending, const json_t *body)
{
	json_t *answer = NULL;
	int code = client_call(sending->client, "POST", "/uploads", body, &answer);
	const char *id = field_text(answer, "upload");

	sending->id[0] = '\0';
	if (code)
		client_complain(sending->client);
	else if (*id && strlen(id) < sizeof(sending->id))
		snprintf(sending->id, sizeof(sending->id), "%s", id);
	else
		code = tool_fail(TOOL_FAILED, "the daemon's answer names no upload; is it another "
					      "version? see `allmende status`");
	if (!code && !sending->begun)
		sending->previous = field_count(answer, "previous");
	sending->begun = sending->begun || !code;
	publish_guard_begin(&sending->guard, sending->tool, field_text(answer, "tier"));
	json_decref(answer);
	return code;
}

/* Best effort: the daemon drops a forgotten upload after ten minutes. */
static void sending_give_up(struct sending *sending)
{
	struct buf target;

	client_tidy(sending->client);
	target_init(&target, "/uploads/");
	text_url(&target, sending->id);
	client_call(sending->client, "DELETE", target_end(&target), NULL, NULL);
	buf_fini(&target);
}

static int sending_commit(struct sending *sending, json_t **answer)
{
	struct buf target;
	int code;

	target_init(&target, "/uploads/");
	text_url(&target, sending->id);
	buf_add(&target, bytes_str("/commit"));
	client_patience(sending->client, CLIENT_WHATEVER);
	code = client_call(sending->client, "POST", target_end(&target), NULL, answer);
	buf_fini(&target);
	return code ? client_complain(sending->client) : TOOL_DONE;
}

/* -- all together --------------------------------------------------------------------------- */

static int send_and_commit(struct sending *sending, const json_t *body, const struct files *files,
			   json_t **answer)
{
	int code = sending_begin(sending, body);

	sending->bytes_done = 0;
	if (!code)
		code = publish_send(sending, files);
	if (!code) {
		progress_note(&sending->progress, "making the version");
		progress_bytes(&sending->progress, sending->bytes_done, sending->bytes_all);
		code = sending_commit(sending, answer);
	}
	return code;
}

/*
 * A daemon that was stopped and started again has forgotten the upload, or has made a version of it
 * and could not say so any more: the same files once more make no second one.
 */
static int send_surely(struct sending *sending, const json_t *body, const struct files *files,
		       json_t **answer)
{
	unsigned tries = 1;
	int code;

	while ((code = send_and_commit(sending, body, files, answer)) && sending->begun &&
	       !sending->input_read && !sending->stopped &&
	       (client_lost(sending->client) || code == TOOL_ABSENT) && tries++ < SEND_TRIES) {
		tool_remark("the daemon has left in the middle of it: beginning again when it is "
			    "back");
		clock_nap_ms(SEND_WAIT_MS); /* it may still be about to stop */
	}
	if (code && *sending->id)
		sending_give_up(sending);
	if (!code && field_count(*answer, "version") > sending->previous)
		json_object_set_new(*answer, "unchanged", json_false());
	return code;
}

static bool is_waiting(const json_t *start, const char *dataset)
{
	const json_t *path;
	size_t i;

	json_array_foreach(json_object_get(start, "waiting"), i,
			   path) if (strcmp(json_string_value(path), dataset) == 0) return true;
	return false;
}

/*
 * The version is kept and waits to be signed, as this node has just started: mostly that takes
 * seconds. *answer is then that of a commit, as far as it can be told.
 */
static int wait_signed(struct sending *sending, const char *dataset, json_t **answer)
{
	struct client *client = sending->client;
	char kept[LIMIT_PATH_LEN_MAX + 1]; /* a hidden one waits under its path */
	json_t *start = NULL;
	struct buf target;
	int code = TOOL_DONE;

	snprintf(kept, sizeof(kept), "%s", field_text(*answer, "stored_as"));
	progress_note(&sending->progress, "waiting for another node");
	client_patience(client, CLIENT_SOON);
	for (unsigned tries = 0; !code && tries < WAIT_SIGNED_TRIES; tries++) {
		json_decref(start);
		start = NULL;
		code = client_call(client, "GET", "/start", NULL, &start);
		if (code || !is_waiting(start, kept) ||
		    !strcmp(field_text(start, "state"), "signs"))
			break;
		nanosleep(&(struct timespec){.tv_nsec = WAIT_SIGNED_MS * 1000000L}, NULL);
	}
	bool waits = !code && is_waiting(start, kept);
	bool signs = waits && !strcmp(field_text(start, "state"), "signs");
	json_decref(start);
	if (signs)
		return tool_fail(TOOL_FAILED,
				 "%s was not published: a later version of it has come back from "
				 "other nodes, or the quota is full: publish it again",
				 dataset);
	if (waits)
		return tool_fail(TOOL_FAILED,
				 "%s is kept, and published as soon as this node signs: see "
				 "`allmende start`",
				 dataset);
	json_decref(*answer);
	*answer = NULL;
	target_init(&target, "/dataset");
	target_text(&target, "path", dataset);
	code = code ? code : client_call(client, "GET", target_end(&target), NULL, answer);
	buf_fini(&target);
	return code ? client_complain(client) : TOOL_DONE;
}

/* The body is the callee's. */
static int publish(struct sending *sending, const struct tool *tool, const struct files *files,
		   const struct wishes *wishes, const char *dataset, json_t *body)
{
	json_t *answer = NULL;
	bool enough = true;
	int code;

	json_object_set_new(body, "folder", json_boolean(files->folder));
	if (args_flag(&tool->args, "dry-run")) {
		code = publish_dry(tool, sending->client, files, body);
		json_decref(body);
		return code;
	}
	progress_begin(&sending->progress, tool->terminal_err, dataset);
	code = send_surely(sending, body, files, &answer);
	json_decref(body);
	if (!code && field_true(answer, "waits"))
		code = wait_signed(sending, dataset, &answer);
	if (!code && wishes->copies.count)
		code = publish_copies(sending->client, &wishes->copies, &sending->progress, answer,
				      &enough);
	progress_end(&sending->progress);
	if (!code)
		publish_guard_remark(&sending->guard);
	if (!code && tool->json) {
		json_object_set_new(answer, "left_out", publish_left_out(files));
		json_object_set_new(answer, "personal_data",
				    screening_json(&sending->guard.screening));
		code = print_json(tool, answer);
	} else if (!code) {
		publish_say(tool, answer, dataset);
	}
	if (!code && !enough)
		code = publish_lament(&wishes->copies, answer);
	json_decref(answer);
	return code;
}

/* The files named, or what a command says on its standard output. */
static int collect(const struct tool *tool, struct files *files)
{
	static const char *const input[] = {FILES_INPUT};
	const struct args *args = &tool->args;
	const bool command = args_flag(args, "from-command"), dry = args_flag(args, "dry-run");
	int code = files_collect(files, &(struct files_from){command ? input : args->words + 1,
							     command ? 1 : args->word_count - 1,
							     args_value(args, "name"),
							     args_flag(args, "hidden")});

	for (size_t i = 0; !code && dry && i < files->count; i++)
		if (strcmp(files->entries[i].path, FILES_INPUT) == 0)
			code = tool_fail(TOOL_USAGE,
					 "--dry-run looks at files, and %s are none: "
					 "write them to one first",
					 command ? "what a command says"
						 : "bytes from standard input");
	if (!code)
		publish_warn(tool, files);
	return code;
}

/* Behind --from-command; to be freed. */
static const char **command_of(const struct args *args)
{
	const char **words;

	if (!args_flag(args, "from-command"))
		return NULL;
	words = mem_new(args->word_count, sizeof(*words)); /* the dataset's is that of the end */
	memcpy(words, args->words + 1, (args->word_count - 1) * sizeof(*words));
	return words;
}

static int run_publish(struct tool *tool)
{
	const char *dataset = tool_word(tool, 0);
	struct sending sending = {.tool = tool, .empty_ok = args_flag(&tool->args, "allow-shrink")};
	struct files files = {0};
	struct wishes wishes;
	json_t *body = NULL;
	int code;

	if ((code = value_path(dataset)) || (code = read_wishes(&wishes, &tool->args)))
		return code;
	code = make_body(tool, dataset, &wishes, &body);
	if (!code)
		code = collect(tool, &files);
	if (!code)
		code = client_open(&sending.client, tool);
	if (!code) {
		sending.command = command_of(&tool->args);
		sending.bytes_all = files.bytes;
		code = publish(&sending, tool, &files, &wishes, dataset, json_incref(body));
	}
	publish_guard_fini(&sending.guard);
	json_decref(body);
	free(sending.command);
	client_close(sending.client);
	files_fini(&files);
	return code;
}

const struct command cmd_publish = {
	.name = "publish",
	.arguments = "SLUG/PATH FILE...",
	.summary = "publish files as the next version of a dataset",
	.help = "Publishes files as the next version of a dataset below your short name. The "
		"files\n"
		"replace the whole set of the version before; its title, description, tier and so "
		"on\n"
		"stay unless given anew. A directory stands for all files below it, and folders "
		"in\n"
		"which nothing lies; what is hidden, temporary or a lock is left out, and named. "
		"The same\n"
		"files as before make no new version, so a nightly job may publish blindly. - is "
		"standard\n"
		"input; that its producer has died can only be seen when nothing comes at all. "
		"What "
		"is\n"
		"told by --from-command is published if the command ends with 0, else not.\n"
		"\n"
		"What is said of it may also stand in NAME.metadata.json beside NAME, when that "
		"is\n"
		"the one file or folder named, or in --metadata FILE: JSON with the names of\n"
		"docs/API.md, Metadata. Options are above it. Given empty (--theme \"\") a field "
		"is\n"
		"cleared; the settings of the node say what nobody else says.\n"
		"\n"
		"--keep holds for later publications too, until it is given anew: older versions\n"
		"go when the next one is made, the newest always stays. Days count while the node\n"
		"runs, so a wrong clock deletes nothing. A tier is that of one version: what went\n"
		"to more people before stays theirs, unless it is withdrawn. What is hidden was "
		"so\n"
		"from its first version on, and stays so.\n"
		"\n"
		"What goes to everybody or to all members is looked into first: CSV, JSON and "
		"GeoJSON, the\n"
		"first 16 MiB of each file, and all names. What looks like names with dates of "
		"birth or\n"
		"addresses, IBAN, mail and telephone of persons, numbers of tax and insurance, or "
		"counts of\n"
		"one or two people stops it, until --personal-data-checked says why it may go out. "
		"It knows\n"
		"shapes and headings, not meanings: that it finds nothing proves nothing.\n"
		"\n" HIDDEN_TOLD "\n"
		"\n"
		"  allmende publish meissen/kita/plaetze plaetze.csv \\\n"
		"      --title \"Freie Kita-Plätze\" --tier open --keyword kita\n"
		"  allmende publish meissen/kita/plaetze --name plaetze.csv --keep 90d --copies 2 "
		"\\\n"
		"      --from-command -- psql -c \"$QUERY\" --csv",
	.options =
		(const struct option[]){
			PUBLISH_METADATA_OPTIONS,
			{"tier", 0, "TIER", false,
			 "open: everybody reads it; members: the federation; granted, hidden: by "
			 "grant"},
			{"widen", 0, NULL, false, "allow a tier with more readers than before"},
			{"allow-shrink", 0, NULL, false,
			 "allow it to be empty, or less than half as large"},
			{"personal-data-checked", 0, "REASON", false,
			 "what looks like data about persons may go out, as ...; the audit log "
			 "keeps it"},
			{"dry-run", 0, NULL, false,
			 "only list what would go out, to whom, and what is new in it"},
			{"from-command", 0, NULL, false,
			 "what is published is what the command behind -- says; it has to end "
			 "with 0"},
			{"hidden", 0, NULL, false,
			 "take what is left out otherwise: .x, x~, ~$x, *.tmp, Thumbs.db ..."},
			{"keep", 0, "N|Nd|all", false,
			 "keep the newest N versions, or those of N days, from now on"},
			{"name", 0, "NAME", false,
			 "what standard input (-), or what a command says, is called in the "
			 "dataset"},
			{"copies", 0, "N", false,
			 "wait until N organisations have shown that they hold it, this one "
			 "included"},
			{"timeout", 0, "SECONDS", false,
			 "how long to wait for the copies (default 60)"},
			{0},
		},
	.word_min = 2,
	.word_max = SIZE_MAX,
	.run = run_publish,
};
