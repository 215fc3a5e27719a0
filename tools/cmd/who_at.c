#include "tools/cmd/who_at.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/path.h"
#include "proto/audit/served.h"
#include "proto/catalog/grants.h"
#include "proto/rights/past.h"
#include "tools/kit/auditlog.h"
#include "tools/kit/print.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* What is asked, and the three lists of the answer as they grow. */
struct who_at {
	const char *path, *name; /* of what is hidden the log has another than people say */
	int64_t at_ms;           /* the end of the day that was asked for */
	struct past past;
	struct dataset_id dataset;
	bool has_dataset;
	uint64_t tier; /* of the version that was the latest by then; 0: none had come */
	uint64_t version;
	int64_t begin_ms; /* of the log */
	uint64_t first;
	uint32_t day_last; /* on which the node was up, of those looked at so far */
	uint32_t day_open; /* the latest in the log: who fetched on it is not written yet */
	json_t *might, *had, *fetched, *away, *left_out;
};

/* ---- names ---- */

static const char *number_name(const struct who_at *who, uint32_t number)
{
	const struct charter_member *member = charter_member(&who->past.charter, number);

	return member ? member->name : "an organisation that is not known";
}

static const char *id_name(const struct who_at *who, const struct org_id *org)
{
	for (uint32_t n = who->past.charter.member_count; n > 0; n--) {
		const struct charter_member *member = charter_member(&who->past.charter, n);
		if (member && id_eq(&member->org, org))
			return member->name;
	}
	return "an organisation that is not known";
}

static void day_text(char out[TEXT_SHORT_LEN], uint32_t day)
{
	const time_t at = (time_t)day * 24 * 3600;
	struct tm parts;

	if (gmtime_r(&at, &parts))
		strftime(out, TEXT_SHORT_LEN, "%Y-%m-%d", &parts);
}

/* ---- might read ---- */

static void might_add(struct who_at *who, const char *name, const char *verb, const char *why)
{
	json_array_append_new(who->might, json_pack("{s:s, s:s, s:s}", "name", name, "verb", verb,
						    "through", why));
}

/* "grant g-2B7QXYZA of Stadt Riesa, which rests on grant g-… of …, until 2027-11-20" */
static void chain_text(char out[1024], const struct who_at *who, const struct verdict *verdict)
{
	char name[GRANT_NAME_LEN + 1], until[TEXT_SHORT_LEN];
	size_t len = 0;

	for (size_t i = verdict->count; i > 0 && len < 900; i--) {
		grant_name(name, &verdict->chain[i - 1]);
		len += (size_t)snprintf(out + len, 1024 - len, "%sgrant %s of %.60s",
					len ? ", which rests on " : "", name,
					number_name(who, verdict->issuers[i - 1]));
	}
	text_local(until, verdict->to_ms);
	if (len < 900)
		snprintf(out + len, 1024 - len, ", until %s", until);
}

static void lines_look(struct who_at *who)
{
	struct verdict verdict;
	struct digest id;
	char through[1024];
	size_t at = 0;

	while (past_line_next(&who->past, &at, &id)) {
		if (!verdict_of(&who->past.facts, &id, who->at_ms, &verdict) ||
		    !path_contains(verdict.prefix, bytes_str(who->path)))
			continue;
		chain_text(through, who, &verdict);
		might_add(who, id_name(who, &verdict.org), verb_name(verdict.verb), through);
	}
}

static void might_look(struct who_at *who)
{
	const struct bytes slug = path_slug(bytes_str(who->path));
	const struct charter_member *owner = charter_by_slug(&who->past.charter, slug);

	if (owner)
		might_add(who, owner->name, "owner", "its own namespace");
	if (who->tier == TIER_OPEN || who->tier == TIER_MEMBERS)
		might_add(who, who->tier == TIER_OPEN ? "everybody" : "every member", "read",
			  "the tier of the dataset");
	lines_look(who);
}

/* ---- had the key, fetched ---- */

static void wrap_look(struct who_at *who, struct bytes detail)
{
	struct wire_in w = wire_in(detail);
	struct org_id grantee;
	struct record_id id;
	char prefix[LIMIT_PATH_LEN_MAX + 1];

	wire_array(&w, 5, 5);
	const uint32_t author = (uint32_t)wire_uint(&w, UINT32_MAX);
	wire_fixed(&w, id.b, ID_LEN);
	wire_fixed(&w, grantee.b, ID_LEN);
	const uint64_t number = wire_uint(&w, UINT64_MAX);
	wire_text_copy(&w, prefix, 0, LIMIT_PATH_LEN_MAX);
	/* A key of the federation opens what is for members, one of a folder what is in it. */
	const bool members = who->tier == TIER_MEMBERS;
	if (wire_end(&w) || (prefix[0] == '\0') != members ||
	    !path_contains(bytes_str(prefix), bytes_str(who->path)))
		return;
	json_array_append_new(who->had,
			      json_pack("{s:s, s:I, s:s, s:s}", "name", id_name(who, &grantee),
					"number", (json_int_t)number, "prefix", prefix, "by",
					number_name(who, author_member(author))));
}

static void served_look(struct who_at *who, struct bytes detail)
{
	struct audit_served_list list;
	struct version_id of;
	uint64_t chunks, bytes;
	char day[TEXT_SHORT_LEN] = "";

	if (!who->has_dataset || audit_served_get(&list, detail) || list.day * DAY_MS > who->at_ms)
		return;
	day_text(day, list.day);
	while (audit_served_next(&list, &of, &chunks, &bytes))
		if (id_eq(&of.dataset, &who->dataset))
			json_array_append_new(who->fetched,
					      json_pack("{s:s, s:s, s:I, s:I, s:I}", "name",
							number_name(who, list.member), "day", day,
							"version", (json_int_t)of.number, "chunks",
							(json_int_t)chunks, "bytes",
							(json_int_t)bytes));
}

/* ---- what it cannot know ---- */

static void away_add(struct who_at *who, uint32_t from, uint32_t to)
{
	char first[TEXT_SHORT_LEN] = "", last[TEXT_SHORT_LEN] = "";

	if (from > to)
		return;
	day_text(first, from);
	day_text(last, to);
	json_array_append_new(who->away, json_pack("{s:s, s:s}", "from", first, "to", last));
}

/* Sets *out; leaves it alone when the entry cannot be read. */
static void runs_day(struct bytes detail, uint32_t *out)
{
	struct wire_in w = wire_in(detail);

	wire_array(&w, 1, 1);
	const uint32_t day = (uint32_t)wire_uint(&w, UINT32_MAX);
	if (!wire_end(&w))
		*out = day;
}

static void runs_look(struct who_at *who, struct bytes detail)
{
	uint32_t day = 0;

	runs_day(detail, &day);
	if (day <= who->day_last)
		return;
	if (who->day_last)
		away_add(who, who->day_last + 1, day - 1);
	who->day_last = day;
}

static void left_out_look(struct who_at *who, const struct audit_entry *entry)
{
	struct wire_in w = wire_in(entry->detail);
	char when[TEXT_SHORT_LEN];

	wire_array(&w, 2, 2);
	const uint32_t member = (uint32_t)wire_uint(&w, UINT32_MAX);
	text_local(when, entry->time_ms);
	json_array_append_new(who->left_out,
			      json_pack("{s:s, s:s}", "name",
					member ? number_name(who, member) : "anybody", "when",
					when));
}

/* ---- reading the log ---- */

static void each_frame(struct bytes in, struct who_at *who,
		       void (*take)(struct who_at *who, enum audit_frame type, struct bytes body))
{
	enum audit_frame type;
	struct bytes body;

	while (!audit_frame_get(&type, &body, in)) {
		in = bytes_slice(in, AUDIT_FRAME_HEAD_LEN + body.len, in.len);
		take(who, type, body);
	}
}

static void first_pass(struct who_at *who, enum audit_frame type, struct bytes body)
{
	struct audit_entry entry;

	past_late(&who->past, type, body);
	if (type != AUDIT_FRAME_ENTRY || audit_entry_decode(&entry, body))
		return;
	if (entry.kind == AUDIT_RUNS)
		runs_day(entry.detail, &who->day_open);
	if (who->first)
		return;
	who->first = entry.number;
	who->begin_ms = entry.time_ms;
}

/* The latest version that had come says which tier it is of. */
static void version_look(struct who_at *who, struct bytes detail)
{
	struct wire_in w = wire_in(detail);
	struct dataset_id dataset;
	struct record_id id;
	char path[LIMIT_PATH_LEN_MAX + 1];

	wire_array(&w, 6, 6);
	wire_uint(&w, UINT32_MAX);
	wire_fixed(&w, id.b, ID_LEN);
	wire_fixed(&w, dataset.b, ID_LEN);
	const uint64_t number = wire_uint(&w, UINT64_MAX);
	const uint64_t tier = wire_uint(&w, UINT64_MAX);
	wire_text_copy(&w, path, 1, LIMIT_PATH_LEN_MAX);
	if (wire_end(&w) || strcmp(path, who->path) != 0 || number < who->version)
		return;
	who->version = number;
	who->tier = tier;
}

static void second_pass(struct who_at *who, enum audit_frame type, struct bytes body)
{
	struct audit_entry entry;

	past_take(&who->past, type, body);
	if (type == AUDIT_FRAME_ENTRY && !audit_entry_decode(&entry, body) &&
	    entry.time_ms <= who->at_ms &&
	    (entry.kind == AUDIT_VERSION || entry.kind == AUDIT_TAKEN_OVER))
		version_look(who, entry.detail);
}

static void third_pass(struct who_at *who, enum audit_frame type, struct bytes body)
{
	struct audit_entry entry;

	if (type != AUDIT_FRAME_ENTRY || audit_entry_decode(&entry, body))
		return;
	if (entry.kind == AUDIT_SERVED) /* written when the day is over */
		served_look(who, entry.detail);
	if (entry.time_ms > who->at_ms)
		return;
	if (entry.kind == AUDIT_WRAP)
		wrap_look(who, entry.detail);
	if (entry.kind == AUDIT_RUNS)
		runs_look(who, entry.detail);
	if (entry.kind == AUDIT_LEFT_OUT)
		left_out_look(who, &entry);
}

static void dataset_find(struct who_at *who)
{
	const struct bytes path = bytes_str(who->path);
	const struct charter_member *owner = charter_by_slug(&who->past.charter, path_slug(path));

	who->has_dataset = owner != NULL;
	if (owner)
		path_dataset_id(&who->dataset, &owner->org, path);
}

/* ---- the answer ---- */

/* Nobody is said, so that an empty list is no question. */
static void title_print(const char *title, const json_t *list)
{
	print_line("%s%s", title, json_array_size(list) ? "" : " nobody");
}

static void lists_print(const struct who_at *who)
{
	json_t *each;
	size_t i;
	char size[TEXT_SHORT_LEN];

	title_print("Might read it:", who->might);
	json_array_foreach(who->might, i, each)
		print_line("  %s (%s), by %s", field_text(each, "name"), field_text(each, "verb"),
			   field_text(each, "through"));
	title_print("Had a key for it:", who->had);
	json_array_foreach(who->had, i, each) print_line(
		"  %s, key %" PRIu64 " of %s, given by %s", field_text(each, "name"),
		field_count(each, "number"),
		*field_text(each, "prefix") ? field_text(each, "prefix") : "the federation",
		field_text(each, "by"));
	title_print("Fetched it from here by then:", who->fetched);
	json_array_foreach(who->fetched, i, each)
	{
		text_size(size, field_count(each, "bytes"));
		print_line("  %s, on %s: version %" PRIu64 ", %" PRIu64 " chunk%s, %s",
			   field_text(each, "name"), field_text(each, "day"),
			   field_count(each, "version"), field_count(each, "chunks"),
			   text_plural(field_count(each, "chunks")), size);
	}
}

static bool day_is_open(const struct who_at *who)
{
	return who->at_ms >= who->day_open * DAY_MS;
}

static void limits_print(const struct who_at *who)
{
	char begin[TEXT_SHORT_LEN], open[TEXT_SHORT_LEN] = "";
	json_t *each;
	size_t i;

	text_local(begin, who->begin_ms);
	print_line("This log cannot know:");
	print_line(
		"  what was fetched from other holders, and what was handed on by whoever had it");
	print_line("  what happened before it begins, on %s", begin);
	if (day_is_open(who)) {
		day_text(open, who->day_open);
		print_line("  what was fetched from here from %s on: it is written down when the "
			   "day is over",
			   open);
	}
	json_array_foreach(who->away, i, each)
		print_line("  what happened while this node was away: %s to %s",
			   field_text(each, "from"), field_text(each, "to"));
	json_array_foreach(who->left_out, i, each)
		print_line("  part of what %s has caused, up to %s: there was too much",
			   field_text(each, "name"), field_text(each, "when"));
}

static int who_at_answer(const struct tool *tool, const struct who_at *who, const char *date)
{
	if (tool->json) {
		json_t *out = json_pack("{s:s, s:s, s:O, s:O, s:b, s:O, s:O, s:O, s:I}", "dataset",
					who->name, "at", date, "might_read", who->might, "had_key",
					who->had, "fetched_more", day_is_open(who), "fetched",
					who->fetched, "away", who->away, "left_out", who->left_out,
					"begin_ms", (json_int_t)who->begin_ms);
		int code = print_json(tool, out);
		json_decref(out);
		return code;
	}
	print_line("%s at the end of %s, as this node knew it then:", who->name, date);
	if (who->version == 0)
		print_line("No version of it had come here by then.");
	lists_print(who);
	limits_print(who);
	return TOOL_DONE;
}

int who_at(const struct tool *tool, const char *name, const char *date, const char *from)
{
	char path[LIMIT_PATH_LEN_MAX + 1];
	struct who_at who = {.path = path, .name = name};
	struct buf in;
	int code = value_moment("--at", date, &who.at_ms);
	char today[TEXT_SHORT_LEN];

	text_local(today, tool->now_ms);
	if (!code && strncmp(date, today, strlen("2027-11-20")) > 0)
		code = tool_fail(TOOL_USAGE,
				 "--at %s has not come yet, and the log says what was: without "
				 "--at stands who can read it from now on",
				 date);
	if (code)
		return code;
	code = auditlog_get(tool, from, &in);
	if (!code)
		code = auditlog_path(tool, from, buf_bytes(&in), name, path);
	if (code) {
		buf_fini(&in);
		return code;
	}
	who.might = json_array();
	who.had = json_array();
	who.fetched = json_array();
	who.away = json_array();
	who.left_out = json_array();
	past_init(&who.past, who.at_ms);
	each_frame(buf_bytes(&in), &who, first_pass);
	each_frame(buf_bytes(&in), &who, second_pass);
	past_ready(&who.past);
	dataset_find(&who);
	each_frame(buf_bytes(&in), &who, third_pass);
	might_look(&who);
	if (who.first == 0 || who.begin_ms > who.at_ms)
		code = tool_fail(
			TOOL_ABSENT,
			"the log does not go back to %s: `allmende%s audit` shows where it "
			"begins",
			date, tool->dir_words);
	else
		code = who_at_answer(tool, &who, date);
	past_fini(&who.past);
	json_decref(who.might);
	json_decref(who.had);
	json_decref(who.fetched);
	json_decref(who.away);
	json_decref(who.left_out);
	buf_fini(&in);
	return code;
}
