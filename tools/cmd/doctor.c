/*
 * doctor: looks at everything around the node that can be wrong, and says what to do about it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/content/pack.h"
#include "store/dir.h"
#include "store/keyfile.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/doctor.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/sheet.h"
#include "tools/kit/text.h"

#define LOCKED_BYTES_MIN (256u * 1024) /* for the keys that must not be swapped out */

/* -- daemon and store ----------------------------------------------------------------------- */

static void check_daemon(struct doctor *doctor)
{
	const json_t *node = json_object_get(doctor->status, "node");
	char running[TEXT_SHORT_LEN];
	int64_t ms = field_time(node, "now_ms") - field_time(node, "started_ms");

	text_span(running, ms > 0 ? (uint64_t)ms : 0);
	if (doctor->status)
		doctor_say(doctor, "daemon", DOCTOR_OK, "",
			   "%s of %s, running for %s, process %" PRIu64,
			   field_text(node, "software"), field_text(node, "name"), running,
			   field_count(node, "pid"));
	else
		doctor_say(doctor, "daemon", DOCTOR_TODO, "", "%s", doctor->why);
}

static void check_store(struct doctor *doctor)
{
	char why[WHY_LEN];
	struct dir dir;

	if (doctor->facts) {
		doctor_say(doctor, "store", DOCTOR_OK, "", "format %" PRIu64 ", open",
			   field_count(doctor->facts, "store_format"));
	} else if (dir_open(&dir, doctor->tool->dir, why)) {
		doctor_say(doctor, "store", DOCTOR_TODO, "", "%s", why);
	} else {
		dir_close(&dir);
		doctor_say(doctor, "store", DOCTOR_OK, "", "format %d, can be opened",
			   STORE_FORMAT);
	}
}

static void check_libraries(struct doctor *doctor)
{
	const json_t *libraries = json_object_get(doctor->facts, "libraries");

	doctor_say(doctor, "crypto", DOCTOR_OK, "", "libsodium %s passes the self-test",
		   selftest_sodium_version());
	if (libraries)
		doctor_say(doctor, "libraries", DOCTOR_OK, "",
			   "lmdb %s, zstd %s, libuv %s, libmicrohttpd %s, jansson %s",
			   field_text(libraries, "lmdb"), field_text(libraries, "zstd"),
			   field_text(libraries, "libuv"), field_text(libraries, "libmicrohttpd"),
			   field_text(libraries, "jansson"));
	else
		doctor_say(doctor, "libraries", DOCTOR_OK, "", "lmdb %s, zstd %s, jansson %s",
			   db_library_version(), pack_library_version(), jansson_version_str());
}

static void check_limits(struct doctor *doctor)
{
	const json_t *files = json_object_get(doctor->facts, "open_files");
	const json_t *locked = json_object_get(doctor->facts, "locked_memory_bytes");
	uint64_t needed = field_count(doctor->facts, "open_files_needed");

	if (!doctor->facts) {
		doctor_say(doctor, "limits", DOCTOR_UNKNOWN, "",
			   "the limits of a daemon that is not running cannot be known");
		return;
	}
	if (json_is_integer(files) && (uint64_t)json_integer_value(files) < needed)
		doctor_say(
			doctor, "limits", DOCTOR_TODO, "",
			"the daemon may open %" PRIu64
			" files, with all its links it needs %" PRIu64
			": start it with `ulimit -n %" PRIu64
			"`, or LimitNOFILE= in its systemd unit, or lower \"peers\" in its config",
			(uint64_t)json_integer_value(files), needed, needed);
	else
		doctor_say(doctor, "limits", DOCTOR_OK, "",
			   "enough files may be open (%" PRIu64 " are needed)", needed);
	if (json_is_integer(locked) && (uint64_t)json_integer_value(locked) < LOCKED_BYTES_MIN)
		doctor_say(doctor, "memory", DOCTOR_TODO, "",
			   "the daemon may lock %" PRIu64
			   " bytes of memory, so keys may reach the swap: start it with `ulimit -l "
			   "1024`, or LimitMEMLOCK=1M in its systemd unit",
			   (uint64_t)json_integer_value(locked));
	else
		doctor_say(doctor, "memory", DOCTOR_OK, "", "keys can be kept out of the swap");
}

/* -- clock ---------------------------------------------------------------------------------- */

/* What the daemon sees in the states of others. */
static const char *clock_action(const struct doctor *doctor)
{
	json_t *action;
	size_t i;

	json_array_foreach(json_object_get(doctor->status, "actions"), i, action)
	{
		if (strcmp(field_text(action, "topic"), "clock") == 0)
			return field_text(action, "text");
	}
	return NULL;
}

static void check_clock(struct doctor *doctor)
{
	uint64_t linked = field_count(json_object_get(doctor->status, "peers"), "linked");
	const char *action = clock_action(doctor);
	struct timex state = {0};
	int answer = adjtimex(&state);

	if (action)
		doctor_say(doctor, "clock", DOCTOR_TODO, "timedatectl", "%s: set it right", action);
	else if (linked)
		doctor_say(doctor, "clock", DOCTOR_OK, "",
			   "what linked members say agrees with it");
	if (answer < 0)
		doctor_say(doctor, "clock", DOCTOR_UNKNOWN, "timedatectl",
			   "whether a time server keeps the clock cannot be asked here");
	else if (answer == TIME_ERROR || state.status & STA_UNSYNC)
		doctor_say(
			doctor, "clock", DOCTOR_TODO, "timedatectl set-ntp true",
			"no time server keeps this machine's clock: records of a wrong clock are "
			"refused by others");
	else
		doctor_say(doctor, "clock", DOCTOR_OK, "",
			   "kept by a time server, to %.1f ms as it believes",
			   (double)state.esterror / 1000.0);
}

/* -- keys ----------------------------------------------------------------------------------- */

static void check_storage_key(struct doctor *doctor)
{
	struct keyring *keyring = NULL;
	enum err err = keyring_open(&keyring, doctor->tool->dir, bytes_of(NULL, 0));

	keyring_close(keyring);
	if (!err)
		doctor_say(doctor, "keys", DOCTOR_OK, "",
			   "not sealed: whoever gets this disk can read everything, so it should "
			   "be an encrypted one; `allmende passphrase change` seals them");
	else if (err == ERR_CONFIG)
		doctor_say(doctor, "keys", DOCTOR_OK, "", "sealed with a passphrase");
	else
		doctor_say(doctor, "keys", DOCTOR_TODO, "", "the storage key cannot be read: %s",
			   err_text(err));
}

/* Whether the root seed is here; where it is not, there is no recovery sheet to be written. */
static bool check_root(struct doctor *doctor)
{
	char *root = dir_file(doctor->tool->dir, "keys/root");
	bool here = access(root, F_OK) == 0;

	free(root);
	doctor_say(
		doctor, "root key", DOCTOR_OK, "",
		here ? "the organisation's root seed is on this machine"
		     : "the organisation's root seed is not on this machine; votes and new nodes "
		       "need the one where it is, or the recovery sheet");
	return here;
}

static void check_sheet(struct doctor *doctor)
{
	char when[SHEET_WHEN_LEN];

	if (sheet_noted(doctor->tool->dir, SHEET_WRITTEN, when))
		doctor_say(doctor, "sheet", DOCTOR_OK, "",
			   "a recovery sheet was written on %s; it should lie in two places by now",
			   when);
	else
		doctor_say(doctor, "sheet", DOCTOR_TODO, "allmende recovery-sheet -o FILE",
			   "no recovery sheet was written: without one a lost machine cannot be "
			   "replaced");
}

/* -- showing it ----------------------------------------------------------------------------- */

/* Commands of ours get the directory, those of the system stay as they are. */
static void print_how(const struct tool *tool, const char *command)
{
	static const char arrow[] = "                 -> ";

	if (strncmp(command, "allmende", 8) == 0)
		print_command(tool, command, arrow);
	else if (*command)
		print_line("%s%s", arrow, command);
}

static void print_firewall(const char *text)
{
	char *copy = mem_str(text), *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		print_line("%s", line);
	free(copy);
}

static void print_checks(const struct doctor *doctor)
{
	json_t *check;
	size_t i;

	json_array_foreach(doctor->checks, i, check)
	{
		print_line("%-6s%-11s%s", doctor_word(field_text(check, "state")),
			   field_text(check, "check"), field_text(check, "text"));
		print_how(doctor->tool, field_text(check, "command"));
	}
	putchar('\n');
	if (doctor->todo)
		print_line("%zu thing%s to do.", doctor->todo, doctor->todo == 1 ? "" : "s");
	else
		print_line("All is well.");
	if (doctor->firewall) {
		putchar('\n');
		print_firewall(doctor->firewall);
	}
}

static int print_result(const struct doctor *doctor)
{
	json_t *json = json_pack("{s:O, s:I, s:s?}", "checks", doctor->checks, "todo",
				 (json_int_t)doctor->todo, "firewall", doctor->firewall);
	int code = print_json(doctor->tool, json);

	json_decref(json);
	return code;
}

/* All three or none. */
static void doctor_ask(struct doctor *doctor, struct client *client)
{
	client_patience(client, CLIENT_BRIEFLY);
	if (client_call(client, "GET", "/doctor", NULL, &doctor->facts) ||
	    client_call(client, "GET", "/peers", NULL, &doctor->peers) ||
	    client_call(client, "GET", "/status", NULL, &doctor->status)) {
		doctor->why = client_why(client);
		json_decref(doctor->facts);
		json_decref(doctor->peers);
		doctor->facts = doctor->peers = NULL;
	}
}

static int run_doctor(struct tool *tool)
{
	struct doctor doctor = {.tool = tool, .checks = json_array()};
	struct client *client;
	int code = client_open(&client, tool);

	if (!code) {
		doctor_ask(&doctor, client);
		check_daemon(&doctor);
		doctor_config(&doctor);
		check_clock(&doctor);
		doctor_disk(&doctor);
		doctor_files(&doctor);
		check_store(&doctor);
		check_storage_key(&doctor);
		if (check_root(&doctor))
			check_sheet(&doctor);
		check_libraries(&doctor);
		check_limits(&doctor);
		doctor_net(&doctor);
		if (tool->json)
			code = print_result(&doctor);
		else
			print_checks(&doctor);
		if (!code && doctor.todo)
			code = TOOL_FAILED;
	}
	client_close(client);
	json_decref(doctor.status);
	json_decref(doctor.facts);
	json_decref(doctor.peers);
	json_decref(doctor.checks);
	free(doctor.firewall);
	return code;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.arguments = "",
	.summary = "check clock, disk, keys, limits and reachability",
	.help = "Checks what is around the node: clock, disk, who may read the files, keys and "
		"recovery sheet,\n"
		"libraries, limits, and whether other nodes can reach this one. Says what to do, "
		"and prints a\n"
		"request for whoever runs the firewall when nobody has come through it. Ends with "
		"0 when\n"
		"nothing is to be done, else 1. Works without the daemon, too, as far as that can "
		"be.\n"
		"\n"
		"  allmende doctor",
	.run = run_doctor,
};
