#include "tools/kit/auditlog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/audit/check.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"

static bool piece_take(void *arg, struct bytes piece)
{
	struct buf *out = arg;

	buf_add(out, piece);
	return !out->err;
}

/* The number of the last entry in a page; 0: it has none. */
static uint64_t page_last(struct bytes in)
{
	struct audit_entry entry;
	enum audit_frame type;
	struct bytes body;
	uint64_t last = 0;

	while (!audit_frame_get(&type, &body, in)) {
		if (type == AUDIT_FRAME_ENTRY && !audit_entry_decode(&entry, body))
			last = entry.number;
		in = bytes_slice(in, AUDIT_FRAME_HEAD_LEN + body.len, in.len);
	}
	return last;
}

static int page_get(struct client *client, const char *target, struct buf *out)
{
	bool whole = false;
	int code = client_receive(client, target, piece_take, out, &whole);

	if (code)
		return client_complain(client);
	if (!whole || out->err)
		return tool_fail(TOOL_FAILED, "the node's log did not arrive whole: try again");
	return TOOL_DONE;
}

static int log_ask(const struct tool *tool, struct buf *out)
{
	struct client *client;
	int code = client_open(&client, tool);
	uint64_t last = 0;

	if (code)
		return code;
	code = page_get(client, "/audit", out);
	for (bool more = true; !code && more;) {
		char target[64];
		const size_t from = out->len;
		snprintf(target, sizeof(target), "/audit?after=%" PRIu64, last);
		code = page_get(client, target, out);
		last = page_last(bytes_slice(buf_bytes(out), from, out->len));
		more = last > 0;
	}
	client_close(client);
	return code;
}

static int export_read(const char *name, struct buf *out)
{
	FILE *file = fopen(name, "rb");
	size_t len;
	uint8_t piece[65536];

	if (!file)
		return tool_fail(TOOL_ABSENT, "%s cannot be read: %s", name, strerror(errno));
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(out, bytes_of(piece, len));
	const bool bad = ferror(file);
	fclose(file);
	if (bad || out->err)
		return tool_fail(TOOL_FAILED, "%s cannot be read: it is damaged, or too large",
				 name);
	return TOOL_DONE;
}

int auditlog_get(const struct tool *tool, const char *from, struct buf *out)
{
	buf_init(out, AUDITLOG_LEN_MAX);
	return from ? export_read(from, out) : log_ask(tool, out);
}

/* By the charter in the log. */
static void export_path(struct bytes in, const char *name, char path[LIMIT_PATH_LEN_MAX + 1])
{
	struct charter charter;
	enum audit_frame type;
	struct bytes body;

	charter_init(&charter);
	while (!audit_frame_get(&type, &body, in)) {
		in = bytes_slice(in, AUDIT_FRAME_HEAD_LEN + body.len, in.len);
		if (type == AUDIT_FRAME_CHARTER)
			charter_apply(&charter, body);
	}
	charter_path_kept(&charter, bytes_str(name), path);
	charter_fini(&charter);
}

int auditlog_path(const struct tool *tool, const char *from, struct bytes log, const char *name,
		  char path[LIMIT_PATH_LEN_MAX + 1])
{
	struct buf target;
	json_t *answer = NULL;

	if (from) {
		export_path(log, name, path);
		return TOOL_DONE;
	}
	target_init(&target, "/audit/path");
	target_text(&target, "path", name);
	int code = query_get(tool, target_end(&target), &answer);
	if (!code)
		snprintf(path, LIMIT_PATH_LEN_MAX + 1, "%s", field_text(answer, "kept"));
	json_decref(answer);
	buf_fini(&target);
	return code;
}
