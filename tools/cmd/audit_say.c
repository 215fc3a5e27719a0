#include "tools/cmd/audit_say.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/audit/served.h"
#include "proto/catalog/grants.h"
#include "proto/charter/charter_entry.h"
#include "proto/charter/orglog.h"
#include "proto/ledger/bar.h"
#include "proto/wire/wire_in.h"
#include "tools/kit/text.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* ---- names ---- */

void audit_names_fini(struct audit_names *names)
{
	for (size_t i = 0; i < names->path_count; i++)
		free(names->paths[i].path);
	free(names->paths);
}

static const char *path_known(const struct audit_names *names, const struct dataset_id *dataset)
{
	for (size_t i = 0; i < names->path_count; i++)
		if (id_eq(&names->paths[i].dataset, dataset))
			return names->paths[i].path;
	return NULL;
}

static void author_name(char out[AUDIT_WHO_LEN], const struct audit_names *names, uint32_t number)
{
	const struct charter_member *member = charter_member(names->charter, number);

	if (member)
		snprintf(out, AUDIT_WHO_LEN, "%s", member->name);
	else
		snprintf(out, AUDIT_WHO_LEN, "member %" PRIu32, number);
}

static void org_name(char out[AUDIT_WHO_LEN], const struct audit_names *names,
		     const struct org_id *org)
{
	char hex[ID_HEX_LEN + 1];

	for (uint32_t n = names->charter->member_count; n > 0; n--) {
		const struct charter_member *member = charter_member(names->charter, n);
		if (member && id_eq(&member->org, org)) {
			author_name(out, names, n);
			return;
		}
	}
	hex_put(hex, id_bytes(org));
	snprintf(out, AUDIT_WHO_LEN, "organisation %.8s", hex);
}

__attribute__((format(printf, 2, 3))) static void what_set(struct audit_line *out,
							   const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(out->what, sizeof(out->what), format, args);
	va_end(args);
}

static void path_set(struct audit_line *out, struct bytes path, bool prefix)
{
	snprintf(out->path, sizeof(out->path), "%.*s", (int)path.len, (const char *)path.ptr);
	out->prefix = prefix;
}

/* ---- records ---- */

/* What details of records begin with. */
static void record_open(struct wire_in *w, const struct audit_names *names, struct audit_line *out,
			uint32_t count)
{
	struct record_id id;

	wire_array(w, 2 + count, 2 + count);
	author_name(out->who, names, author_member((uint32_t)wire_uint(w, UINT32_MAX)));
	wire_fixed(w, id.b, ID_LEN);
}

static void line_say(struct audit_line *out, const struct audit_names *names,
		     const struct line *line)
{
	char who[AUDIT_WHO_LEN], until[TEXT_SHORT_LEN], name[GRANT_NAME_LEN + 1];
	const struct charter_member *member = charter_member(names->charter, line->audience);
	struct digest id;

	line_id(&id, line);
	grant_name(name, &id);
	text_local(until, line->expiry_ms);
	author_name(who, names, line->audience);
	path_set(out, line->prefix, true);
	if (!member || !id_eq(&member->org, &line->org))
		org_name(who, names, &line->org);
	if (line->verb == VERB_NONE)
		what_set(out, "ends what it had given %s at %s (grant %s)", who, out->path, name);
	else
		what_set(out, "gives %s the right to %s %s until %s%s (grant %s)", who,
			 verb_name(line->verb), out->path, until,
			 line->depth ? ", and to hand it on" : "", name);
}

static void bar_say(struct audit_line *out, const struct audit_names *names, struct bytes body)
{
	char who[AUDIT_WHO_LEN], name[GRANT_NAME_LEN + 1];
	struct bar_list list;
	struct bar bar;
	size_t len = 0;

	if (bar_list_get(&list, body)) {
		what_set(out, "has signed a bar that cannot be read");
		return;
	}
	org_name(who, names, &list.org);
	what_set(out, "bars %s from what comes through it, of", who);
	for (const char *mark = "";
	     bar_list_next(&list, &bar) && (len = strlen(out->what)) < AUDIT_WHAT_LEN - 128;
	     mark = ",") {
		grant_name(name, &bar.line);
		if (bar.has_line)
			snprintf(out->what + len, AUDIT_WHAT_LEN - len, "%s grant %s%s", mark, name,
				 bar.barred ? "" : " (lifted)");
		else
			snprintf(out->what + len, AUDIT_WHAT_LEN - len, "%s %.*s%s", mark,
				 (int)bar.prefix.len, (const char *)bar.prefix.ptr,
				 bar.barred ? "" : " (lifted)");
	}
}

static void record_say(struct wire_in *w, const struct audit_names *names, struct audit_line *out)
{
	struct record record;
	struct line line;

	wire_array(w, 1, 1);
	struct bytes whole = wire_bin(w, 0, LIMIT_RECORD_LEN_MAX);
	if (w->err || record_decode(&record, whole)) {
		wire_fail(w);
		return;
	}
	author_name(out->who, names, author_member(record.author));
	if (record.kind == RECORD_BAR)
		bar_say(out, names, record.body);
	else if (record.kind == RECORD_LINE && !line_get(&line, record.body))
		line_say(out, names, &line);
	else
		what_set(out, "has signed a record of kind %" PRIu64 " that cannot be read",
			 record.kind);
}

static void gone_say(struct wire_in *w, const struct audit_names *names, struct audit_line *out)
{
	char who[AUDIT_WHO_LEN], name[GRANT_NAME_LEN + 1];
	struct org_id org;
	struct digest id;

	wire_array(w, 2, 2);
	author_name(out->who, names, author_member((uint32_t)wire_uint(w, UINT32_MAX)));
	const struct bytes slot = wire_bin(w, 1, LIMIT_SLOT_LEN_MAX);
	if (slot.len != 1 + ID_LEN) {
		what_set(out, "lists something no more");
	} else if (slot.ptr[0] == RECORD_BAR) {
		memcpy(org.b, slot.ptr + 1, ID_LEN);
		org_name(who, names, &org);
		what_set(out, "lists its bars of %s no more", who);
	} else {
		memcpy(id.b, slot.ptr + 1, ID_LEN);
		grant_name(name, &id);
		what_set(out, "lists grant %s no more", name);
	}
}

static void orglog_say(struct wire_in *w, const struct audit_names *names, struct audit_line *out)
{
	struct org_id org;
	struct orglog log;
	size_t len;

	wire_array(w, 2, 2);
	wire_fixed(w, org.b, ID_LEN);
	struct bytes entry = wire_bin(w, 0, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	org_name(out->who, names, &org);
	if (w->err || orglog_entry_signed(&log, entry)) {
		what_set(out, "has an entry of its log that cannot be read");
		return;
	}
	what_set(out, "says in entry %" PRIu32 " of its log which nodes it has:", log.number);
	for (size_t i = 0; i < log.node_count && (len = strlen(out->what)) < AUDIT_WHAT_LEN - 32;
	     i++)
		snprintf(out->what + len, AUDIT_WHAT_LEN - len, " %u%s", log.nodes[i].index,
			 log.nodes[i].state == ORGLOG_NODE_ACTIVE ? "" : " (out)");
	orglog_fini(&log);
}

static void change_say(char *out, size_t len, const struct audit_names *names,
		       const struct charter_change *change)
{
	char who[AUDIT_WHO_LEN];

	author_name(who, names, change->member.number);
	switch (change->kind) {
	case CHARTER_UNREAD:
		snprintf(out, len, " what this program does not know;");
		return;
	case CHARTER_ADMIT:
		snprintf(out, len, " %s is admitted;", change->member.name);
		return;
	case CHARTER_REMOVE:
		snprintf(out, len, " %s is no member any more;", who);
		return;
	case CHARTER_TO_RELAY:
		snprintf(out, len, " %s becomes a relay;", who);
		return;
	case CHARTER_STEWARDS:
		snprintf(out, len, " %" PRIu32 " stewards are named;", change->steward_count);
		return;
	case CHARTER_KEY:
		snprintf(out, len, " the federation has a new key;");
		return;
	case CHARTER_SETTLE:
		snprintf(out, len, " a double entry is settled;");
		return;
	case CHARTER_BIND:
		snprintf(out, len, " %s has another root key;", who);
		return;
	case CHARTER_ANNOUNCE:
		snprintf(out, len, " another root key is announced for %s;", who);
		return;
	case CHARTER_RENAME:
		snprintf(out, len, " member %" PRIu32 " is called %s (%s);", change->member.number,
			 change->member.name, change->member.slug);
		return;
	}
}

static void charter_say(struct wire_in *w, const struct audit_names *names, struct audit_line *out)
{
	struct charter_entry entry;
	struct charter_change change;
	size_t len;

	wire_array(w, 1, 1);
	struct bytes whole = wire_bin(w, 0, LIMIT_CHARTER_ENTRY_LEN_MAX);
	snprintf(out->who, sizeof(out->who), "the members");
	if (w->err || charter_entry_decode(&entry, whole)) {
		what_set(out, "have decided what cannot be read");
		return;
	}
	what_set(out, "charter entry %" PRIu32 ":", entry.number);
	for (uint32_t i = 0;
	     i < entry.change_count && !charter_change_get(&entry.changes, &change) &&
	     (len = strlen(out->what)) < AUDIT_WHAT_LEN - 256;
	     i++)
		change_say(out->what + len, AUDIT_WHAT_LEN - len, names, &change);
	out->what[strlen(out->what) - 1] = '\0'; /* the last mark */
}

static void epoch_say(struct wire_in *w, const struct audit_names *names, struct audit_line *out)
{
	record_open(w, names, out, 2);
	const uint64_t number = wire_uint(w, UINT64_MAX);
	path_set(out, wire_text(w, 0, LIMIT_PATH_LEN_MAX), true);
	what_set(out, "makes key %" PRIu64 " of %s", number, out->path);
}

static void wrap_say(struct wire_in *w, const struct audit_names *names, struct audit_line *out)
{
	char who[AUDIT_WHO_LEN];
	struct org_id org;

	record_open(w, names, out, 3);
	wire_fixed(w, org.b, ID_LEN);
	const uint64_t number = wire_uint(w, UINT64_MAX);
	path_set(out, wire_text(w, 0, LIMIT_PATH_LEN_MAX), true);
	org_name(who, names, &org);
	what_set(out, "gives %s key %" PRIu64 " of %s", who, number,
		 out->path[0] ? out->path : "the federation");
}

static void version_say(struct wire_in *w, const struct audit_names *names, struct audit_line *out,
			bool over)
{
	struct dataset_id dataset;

	record_open(w, names, out, 4);
	wire_fixed(w, dataset.b, ID_LEN);
	const uint64_t number = wire_uint(w, UINT64_MAX);
	const uint64_t tier = wire_uint(w, UINT64_MAX);
	path_set(out, wire_text(w, 1, LIMIT_PATH_LEN_MAX), false);
	what_set(out, "%s version %" PRIu64 " of %s (%s)", over ? "takes over" : "publishes",
		 number, out->path,
		 tier >= TIER_OPEN && tier <= TIER_HIDDEN ? tier_name((enum tier)tier) : "?");
}

static void withdrawal_say(struct wire_in *w, const struct audit_names *names,
			   struct audit_line *out)
{
	record_open(w, names, out, 3);
	const uint64_t number = wire_uint(w, UINT64_MAX);
	const bool erase = wire_bool(w);
	path_set(out, wire_text(w, 1, LIMIT_PATH_LEN_MAX), false);
	what_set(out, "withdraws %s up to version %" PRIu64 "%s", out->path, number,
		 erase ? ", and asks for copies to be erased" : "");
}

/* ---- this node ---- */

static void dataset_set(struct audit_line *out, const struct audit_names *names,
			const struct dataset_id *dataset)
{
	const char *path = path_known(names, dataset);
	char hex[ID_HEX_LEN + 1];

	hex_put(hex, id_bytes(dataset));
	if (path)
		path_set(out, bytes_str(path), false);
	else
		snprintf(out->path, sizeof(out->path), "dataset %.8s", hex);
}

static void swept_say(struct wire_in *w, const struct audit_names *names, struct audit_line *out)
{
	struct dataset_id dataset;
	char size[TEXT_SHORT_LEN];

	wire_array(w, 3, 3);
	wire_fixed(w, dataset.b, ID_LEN);
	const uint64_t chunks = wire_uint(w, UINT64_MAX);
	text_size(size, wire_uint(w, UINT64_MAX));
	dataset_set(out, names, &dataset);
	what_set(out, "deletes %" PRIu64 " chunk%s of %s that nothing needs any more, %s", chunks,
		 text_plural(chunks), out->path, size);
}

static bool served_say(struct audit_line *out, const struct audit_names *names, struct bytes detail,
		       size_t index)
{
	struct audit_served_list list;
	uint64_t chunks = 0, bytes = 0;
	struct version_id of;
	char size[TEXT_SHORT_LEN], version[32];

	if (audit_served_get(&list, detail)) {
		what_set(out, "an entry that cannot be read");
		return index == 0;
	}
	for (size_t i = 0; i <= index; i++)
		if (!audit_served_next(&list, &of, &chunks, &bytes))
			return false;
	out->time_ms = list.day * DAY_MS;
	author_name(out->who, names, list.member);
	dataset_set(out, names, &of.dataset);
	text_size(size, bytes);
	snprintf(version, sizeof(version), "version %" PRIu64, of.number);
	what_set(out, "has fetched from here, on that day, %" PRIu64 " chunk%s of %s of %s, %s",
		 chunks, text_plural(chunks), of.number ? version : "an older version", out->path,
		 size);
	return true;
}

static void command_say(struct wire_in *w, struct audit_line *out)
{
	wire_array(w, 2, 2);
	struct bytes who = wire_text(w, 0, AUDIT_WHO_LEN - 1);
	struct bytes what = wire_text(w, 0, AUDIT_WHAT_LEN - 16);
	snprintf(out->who, sizeof(out->who), "%.*s at this node", (int)who.len,
		 (const char *)who.ptr);
	what_set(out, "does: %.*s", (int)what.len, (const char *)what.ptr);
}

static void clock_say(struct wire_in *w, struct audit_line *out)
{
	char clock[TEXT_SHORT_LEN], floor[TEXT_SHORT_LEN];

	wire_array(w, 2, 2);
	text_local(clock, (int64_t)wire_uint(w, INT64_MAX));
	text_local(floor, (int64_t)wire_uint(w, INT64_MAX));
	what_set(out, "its clock was set: it shows %s, and what has ended is judged by %s", clock,
		 floor);
}

static void tips_say(struct wire_in *w, struct audit_line *out)
{
	const uint32_t count = wire_array(w, 0, UINT32_MAX);

	for (uint32_t i = 0; i < count; i++)
		wire_bin(w, 0, LIMIT_HEAD_LEN_MAX);
	what_set(out, "notes what %" PRIu32 " other node%s signed, with the tips of their logs",
		 count, count == 1 ? " has" : "s have");
}

static void left_out_say(struct wire_in *w, const struct audit_names *names, struct audit_line *out)
{
	char who[AUDIT_WHO_LEN] = "nobody in particular";
	size_t len;

	wire_array(w, 2, 2);
	const uint32_t member = (uint32_t)wire_uint(w, UINT32_MAX);
	const uint32_t count = wire_array(w, 0, AUDIT_KIND_LAST);
	if (member)
		author_name(who, names, member);
	what_set(out, "is not in this log, as there was too much, by %s:", who);
	for (uint32_t i = 0; i < count && (len = strlen(out->what)) < AUDIT_WHAT_LEN - 64; i++) {
		wire_array(w, 2, 2);
		const char *kind = audit_kind_name(wire_uint(w, UINT64_MAX));
		const uint64_t left_out = wire_uint(w, UINT64_MAX);
		snprintf(out->what + len, AUDIT_WHAT_LEN - len, " %" PRIu64 " of \"%s\"", left_out,
			 kind ? kind : "?");
	}
}

static void rolled_say(struct wire_in *w, struct audit_line *out)
{
	wire_array(w, 1, 1);
	what_set(out, "keeps entries up to %" PRIu64 " no more, as the log is full",
		 wire_uint(w, UINT64_MAX));
}

static void restored_say(struct wire_in *w, struct audit_line *out)
{
	wire_array(w, 1, 1);
	if (!wire_nil(w))
		wire_bin(w, 0, LIMIT_HEAD_LEN_MAX);
	what_set(out, "was an old copy of itself, and begins anew behind what it had signed: what "
		      "stood here since the copy was made is lost");
}

/* ---- all ---- */

static void entry_say(struct wire_in *w, const struct audit_names *names, uint64_t kind,
		      struct audit_line *out)
{
	switch ((enum audit_kind)kind) {
	case AUDIT_RECORD:
		record_say(w, names, out);
		return;
	case AUDIT_GONE:
		gone_say(w, names, out);
		return;
	case AUDIT_ORGLOG:
		orglog_say(w, names, out);
		return;
	case AUDIT_CHARTER:
		charter_say(w, names, out);
		return;
	case AUDIT_EPOCH:
		epoch_say(w, names, out);
		return;
	case AUDIT_WRAP:
		wrap_say(w, names, out);
		return;
	case AUDIT_VERSION:
	case AUDIT_TAKEN_OVER:
		version_say(w, names, out, kind == AUDIT_TAKEN_OVER);
		return;
	case AUDIT_WITHDRAWAL:
		withdrawal_say(w, names, out);
		return;
	case AUDIT_SWEPT:
		swept_say(w, names, out);
		return;
	case AUDIT_SERVED: /* of several lines */
		return;
	case AUDIT_COMMAND:
		command_say(w, out);
		return;
	case AUDIT_CLOCK:
		clock_say(w, out);
		return;
	case AUDIT_RESTORED:
		restored_say(w, out);
		return;
	case AUDIT_TIPS:
		tips_say(w, out);
		return;
	case AUDIT_LEFT_OUT:
		left_out_say(w, names, out);
		return;
	case AUDIT_ROLLED:
		rolled_say(w, out);
		return;
	case AUDIT_RUNS:
		wire_array(w, 1, 1);
		wire_uint(w, UINT32_MAX);
		what_set(out, "is up on this day");
		return;
	}
}

bool audit_say(struct audit_line *out, const struct audit_names *names,
	       const struct audit_entry *entry, size_t index)
{
	struct wire_in w = wire_in(entry->detail);

	*out = (struct audit_line){.time_ms = entry->time_ms};
	snprintf(out->who, sizeof(out->who), "this node");
	if (entry->kind == AUDIT_SERVED)
		return served_say(out, names, entry->detail, index);
	if (index > 0)
		return false;
	if (!audit_kind_name(entry->kind)) {
		what_set(out, "something that a newer program has written (kind %" PRIu64 ")",
			 entry->kind);
		return true;
	}
	entry_say(&w, names, entry->kind, out);
	if (wire_end(&w))
		what_set(out, "an entry that cannot be read (%s)", audit_kind_name(entry->kind));
	return true;
}

void audit_names_learn(struct audit_names *names, const struct audit_entry *entry)
{
	struct wire_in w = wire_in(entry->detail);
	struct dataset_id dataset;
	struct record_id id;

	if (entry->kind != AUDIT_VERSION && entry->kind != AUDIT_TAKEN_OVER)
		return;
	wire_array(&w, 6, 6);
	wire_uint(&w, UINT32_MAX);
	wire_fixed(&w, id.b, ID_LEN);
	wire_fixed(&w, dataset.b, ID_LEN);
	wire_uint(&w, UINT64_MAX);
	wire_uint(&w, UINT64_MAX);
	struct bytes path = wire_text(&w, 1, LIMIT_PATH_LEN_MAX);
	if (wire_end(&w) || path_known(names, &dataset))
		return;
	names->paths =
		mem_room(names->paths, names->path_count, &names->path_cap, sizeof(*names->paths));
	names->paths[names->path_count++] =
		(struct audit_path){.dataset = dataset, .path = bytes_text(path)};
}
