/*
 * audit: who could read what, from the log of this node or from one that was exported.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/path.h"
#include "proto/audit/check.h"
#include "proto/wire/wire_in.h"
#include "tools/cmd/audit_say.h"
#include "tools/cmd/commands.h"
#include "tools/kit/auditlog.h"
#include "tools/kit/print.h"
#include "tools/kit/put.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

/* ---- the file ---- */

/* With its name only when it is complete. */
static int export_write(const char *name, struct bytes bytes)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return tool_fail(TOOL_FAILED, "%s cannot be written: %s", name, strerror(errno));
	const bool bad = put_all(fd, bytes) || fsync(fd);
	if (close(fd) || bad) {
		unlink(name);
		return tool_fail(TOOL_FAILED, "%s cannot be written: %s", name, strerror(errno));
	}
	return TOOL_DONE;
}

/* ---- checking ---- */

/* Heads that another member's log has noted; those of this node are taken. */
static void noted_feed(struct audit_check *check, struct bytes detail, uint64_t *count)
{
	struct wire_in w = wire_in(detail);
	const uint32_t heads = wire_array(&w, 0, UINT32_MAX);

	for (uint32_t i = 0; i < heads && !w.err; i++)
		*count += audit_check_noted(check, wire_bin(&w, 0, LIMIT_HEAD_LEN_MAX));
}

static void other_feed(struct audit_check *check, struct bytes in, uint64_t *count)
{
	struct audit_entry entry;
	enum audit_frame type;
	struct bytes body;

	while (!audit_frame_get(&type, &body, in)) {
		in = bytes_slice(in, AUDIT_FRAME_HEAD_LEN + body.len, in.len);
		if (type == AUDIT_FRAME_ENTRY && !audit_entry_decode(&entry, body) &&
		    entry.kind == AUDIT_TIPS)
			noted_feed(check, entry.detail, count);
	}
}

struct checked {
	struct audit_check check;
	struct audit_names names;
	uint64_t noted_count;
	bool cut; /* the bytes end inside a frame, or are none */
};

/* Goes on to the end for names and counts; the first fault is kept. */
static void log_check(struct checked *out, struct bytes in, struct bytes other)
{
	struct audit_entry entry;
	enum audit_frame type;
	struct bytes body;
	bool noted = false;

	audit_check_init(&out->check);
	while (!audit_frame_get(&type, &body, in)) {
		in = bytes_slice(in, AUDIT_FRAME_HEAD_LEN + body.len, in.len);
		if (type == AUDIT_FRAME_ENTRY && !noted) {
			noted = true;
			other_feed(&out->check, other, &out->noted_count);
		}
		audit_check_frame(&out->check, type, body, NULL);
		if (type == AUDIT_FRAME_ENTRY && !audit_entry_decode(&entry, body))
			audit_names_learn(&out->names, &entry);
	}
	out->cut = in.len > 0;
	audit_check_end(&out->check);
	out->names.charter = &out->check.charter;
	out->names.author = out->check.author;
}

static void whose_print(const struct checked *log)
{
	const struct audit_check *check = &log->check;
	const struct charter_member *member =
		charter_member(&check->charter, author_member(check->author));
	char hex[ID_HEX_LEN + 1];

	print_fieldf("Log of", "%s, node %u", member ? member->name : "nobody that is known",
		     author_node(check->author));
	hex_put(hex, id_bytes(&check->fed));
	print_field("Federation", hex);
	hex_put(hex, id_bytes(&check->org));
	print_field("Organisation", hex);
}

static void whole_print(const struct checked *log, bool against)
{
	const struct audit_check *check = &log->check;
	char from[TEXT_SHORT_LEN], to[TEXT_SHORT_LEN];

	text_local(from, check->first_ms);
	text_local(to, check->last_ms);
	if (check->last)
		print_fieldf("Entries", "%" PRIu64 " to %" PRIu64 ", from %s to %s", check->first,
			     check->last, from, to);
	else
		print_field("Entries", "none");
	print_fieldf("Closed", "%zu segment%s", check->closing_count,
		     text_plural(check->closing_count));
	if (against)
		print_fieldf("Noted", "%" PRIu64 " head%s of this node, by the other%s",
			     log->noted_count, text_plural(log->noted_count),
			     check->witnesses_old ? ", some of them older than this log" : "");
	print_line("The log is whole: nothing in it was altered, left out, doubled or put in "
		   "another order.");
	if (!against || log->noted_count == 0)
		print_line("That it was not written anew as a whole only others can say: compare "
			   "it with the log of another member (--against FILE).");
}

static int verify(const struct tool *tool, const struct checked *log, bool against)
{
	const struct audit_check *check = &log->check;
	char when[TEXT_SHORT_LEN] = "";

	if (tool->json) {
		json_t *out = json_pack(
			"{s:b, s:I, s:s, s:I, s:I, s:I, s:I}", "whole", !check->fault && !log->cut,
			"fault_number", (json_int_t)check->fault_number, "fault",
			check->fault ? audit_fault_text(check->fault) : "", "first",
			(json_int_t)check->first, "last", (json_int_t)check->last, "closings",
			(json_int_t)check->closing_count, "noted", (json_int_t)log->noted_count);
		int code = print_json(tool, out);
		json_decref(out);
		return code ? code : check->fault || log->cut ? TOOL_FAILED : TOOL_DONE;
	}
	whose_print(log);
	if (log->cut)
		return tool_fail(TOOL_FAILED, "after entry %" PRIu64 " the file is cut or damaged",
				 check->last);
	if (!check->fault) {
		whole_print(log, against);
		return TOOL_DONE;
	}
	if (check->fault_ms)
		text_local(when, check->fault_ms);
	if (check->fault_number)
		return tool_fail(TOOL_FAILED,
				 "the log is not whole; the first fault is at entry "
				 "%" PRIu64 ": %s",
				 check->fault_number, audit_fault_text(check->fault));
	return tool_fail(TOOL_FAILED, "the log is not whole: %s%s%s%s",
			 audit_fault_text(check->fault), when[0] ? " (head of " : "", when,
			 when[0] ? ")" : "");
}

/* ---- showing ---- */

struct show {
	const struct tool *tool;
	const struct checked *log;
	int64_t since_ms;
	const char *path; /* NULL: of all */
	bool here;        /* users are those of this machine */
	struct grid grid;
	json_t *list;
};

static bool is_asked_for(const struct show *show, const struct audit_line *line)
{
	const struct bytes asked = bytes_str(show->path ? show->path : "");
	const struct bytes told = bytes_str(line->path);

	if (line->time_ms < show->since_ms)
		return false;
	return !show->path || bytes_eq(asked, told) ||
	       (line->prefix && line->path[0] && path_contains(told, asked)) ||
	       strstr(line->what, show->path);
}

/* "uid 1000" becomes a name where it is one of this machine. */
static void user_name(const struct show *show, struct audit_line *line)
{
	unsigned uid;
	const struct passwd *user;

	if (!show->here || sscanf(line->who, "uid %u", &uid) != 1 || !(user = getpwuid(uid)))
		return;
	snprintf(line->who, sizeof(line->who), "%.100s (uid %u) at this node", user->pw_name, uid);
}

static void line_show(struct show *show, const struct audit_entry *entry,
		      const struct audit_line *line)
{
	const char *kind = audit_kind_name(entry->kind);

	if (show->tool->json) {
		json_array_append_new(show->list,
				      json_pack("{s:I, s:I, s:s, s:s, s:s, s:s}", "number",
						(json_int_t)entry->number, "time_ms",
						(json_int_t)line->time_ms, "kind", kind ? kind : "",
						"who", line->who, "what", line->what, "path",
						line->path));
		return;
	}
	grid_number(&show->grid, entry->number);
	grid_time(&show->grid, line->time_ms);
	grid_text(&show->grid, line->who);
	grid_text(&show->grid, line->what);
}

static void entries_show(struct show *show, struct bytes in)
{
	struct audit_entry entry;
	struct audit_line line;
	enum audit_frame type;
	struct bytes body;

	while (!audit_frame_get(&type, &body, in)) {
		in = bytes_slice(in, AUDIT_FRAME_HEAD_LEN + body.len, in.len);
		if (type != AUDIT_FRAME_ENTRY || audit_entry_decode(&entry, body))
			continue;
		for (size_t i = 0; audit_say(&line, &show->log->names, &entry, i); i++) {
			if (!is_asked_for(show, &line))
				continue;
			user_name(show, &line);
			line_show(show, &entry, &line);
		}
	}
}

static int log_show(const struct tool *tool, const struct checked *log, struct bytes in,
		    int64_t since_ms, const char *path, bool here)
{
	static const char *const heads[] = {">NO", "TIME", "WHO", "WHAT", NULL};
	struct show show = {
		.tool = tool, .log = log, .since_ms = since_ms, .path = path, .here = here};

	if (tool->json)
		show.list = json_array();
	else
		grid_init(&show.grid, tool, stdout, heads);
	entries_show(&show, in);
	if (tool->json) {
		json_t *out = json_pack("{s:o}", "entries", show.list);
		int code = print_json(tool, out);
		json_decref(out);
		return code;
	}
	grid_done(&show.grid);
	if (log->check.fault)
		tool_remark("this log is not whole: see `allmende%s audit --verify`",
			    tool->dir_words);
	return TOOL_DONE;
}

/* ---- the command ---- */

/* path: NULL, or what lines have to be about. */
static int audit_run(struct tool *tool, struct bytes in, struct bytes other, int64_t since_ms,
		     const char *path)
{
	const char *file = args_value(&tool->args, "export");
	const bool here = !args_value(&tool->args, "from");
	struct checked log = {.cut = false};
	int code = TOOL_DONE;

	log_check(&log, in, other);
	if (file) {
		code = export_write(file, in);
		if (!code && !tool->json)
			print_line("%s: entries %" PRIu64 " to %" PRIu64 ".", file, log.check.first,
				   log.check.last);
	}
	if (!code && args_flag(&tool->args, "verify"))
		code = verify(tool, &log, other.len > 0);
	else if (!code && !file)
		code = log_show(tool, &log, in, since_ms, path, here);
	audit_names_fini(&log.names);
	audit_check_fini(&log.check);
	return code;
}

static int run_audit(struct tool *tool)
{
	const char *from = args_value(&tool->args, "from");
	const char *against = args_value(&tool->args, "against");
	const char *since = args_value(&tool->args, "since");
	const char *dataset = args_value(&tool->args, "dataset");
	char path[LIMIT_PATH_LEN_MAX + 1];
	struct buf in, other;
	int64_t since_ms = 0;
	int code = TOOL_DONE;

	if (against && !args_flag(&tool->args, "verify"))
		return tool_fail(TOOL_USAGE, "--against %s needs --verify", against);
	if ((since && (code = value_day("--since", since, &since_ms))) ||
	    (dataset && (code = value_path(dataset))))
		return code;
	buf_init(&other, AUDITLOG_LEN_MAX);
	code = auditlog_get(tool, from, &in);
	if (!code && dataset)
		code = auditlog_path(tool, from, buf_bytes(&in), dataset, path);
	if (!code && against) {
		buf_fini(&other);
		code = auditlog_get(tool, against, &other);
	}
	if (!code)
		code = audit_run(tool, buf_bytes(&in), buf_bytes(&other), since_ms,
				 dataset ? path : NULL);
	buf_fini(&in);
	buf_fini(&other);
	return code;
}

static const struct option audit_options[] = {
	{"since", 0, "DATE", false, "only what was written from this day on, as 2027-11-20"},
	{"dataset", 0, "DATASET", false, "only what is about it, or about a folder that it is in"},
	{"verify", 0, NULL, false, "look whether the log is whole; print the first fault"},
	{"against", 0, "FILE", false,
	 "with --verify: compare with what another member has noted, in an export of its log"},
	{"export", 0, "FILE", false, "write the log to a new file, which anybody can verify"},
	{"from", 0, "FILE", false, "read an export instead of this node's log; needs no node"},
	{NULL, 0, NULL, false, NULL},
};

const struct command cmd_audit = {
	.name = "audit",
	.arguments = "",
	.summary = "who was given, and who fetched, what, as this node has written it down",
	.help = "Shows the log of this node: grants and their ends, keys, versions, who fetched "
		"what from\n"
		"here in a day (written when it is over), what people at this node have had done.\n"
		"The log is a chain: --verify finds what was altered, left out or put in another\n"
		"order, and prints where; of the very last entries only when the node has signed\n"
		"its next head. Who holds the node's key and disk can write it anew as a whole;\n"
		"that shows against the log of another member, which notes each day what this "
		"node\n"
		"has signed. Of a hidden dataset the log has the path alone that it is kept "
		"under;\n"
		"--dataset takes its name too, but not with --from. Of a member that was renamed "
		"it has\n"
		"the short name of its admission; --dataset takes all that it has had.\n"
		"\n"
		"  allmende audit --since 2027-01-01 --dataset meissen/kita/plaetze\n"
		"  allmende audit --verify\n"
		"  allmende audit --export meissen.log\n"
		"  allmende audit --from meissen.log --verify --against riesa.log",
	.options = audit_options,
	.no_node = "from",
	.run = run_audit,
};
