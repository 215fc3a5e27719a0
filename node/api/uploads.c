/*
 * /uploads: publishing. Files are taken as they come (upload.h), so these requests do not collect a
 * body.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/api/args.h"
#include "node/api/entry.h"
#include "node/api/json.h"
#include "node/api/named.h"
#include "node/api/routes.h"
#include "node/api/told.h"
#include "node/base/config_metadata.h"
#include "node/files/upload.h"
#include "node/http/percent.h"
#include "proto/audit/audit.h"
#include "proto/content/form.h"
#include "proto/dcat/metadata.h"

/* Its topic is the upload while it uses one. */
static struct upload *upload_of(struct call *call)
{
	return call->topic;
}

/* Lets the upload go; afterwards the call does not know it any more. */
static void upload_give_up(struct call *call)
{
	struct upload *upload = upload_of(call);

	call->topic = NULL;
	upload->changed = NULL;
	if (!upload->dropped)
		upload_drop(upload);
}

static void upload_detach(struct call *call)
{
	struct upload *upload = upload_of(call);

	upload->busy = false;
	upload->changed = NULL;
	call->topic = NULL;
}

/* The client left in the middle of a file, or before the commit began. */
static void upload_gone(struct call *call)
{
	if (upload_of(call))
		upload_give_up(call);
}

static void upload_attach(struct call *call, struct upload *upload)
{
	call->topic = upload;
	call->gone = upload_gone;
}

/* The one that the path names; NULL: the request is answered. */
static struct upload *upload_named(struct call *call)
{
	char *end;
	uint64_t id = strtoull(call->part, &end, 10);
	bool is_id = end != call->part && (*end == '/' || !*end);
	struct upload *upload = is_id ? uploads_find(call->node->uploads, id) : NULL;

	if (!upload)
		api_fail(call, ERR_ABSENT,
			 "there is no such upload; it may have been dropped after 10 "
			 "idle minutes or a restart: begin it again");
	else if (upload->busy)
		api_fail(call, ERR_BUSY, "another request uses this upload; wait until it is done");
	return upload && !upload->busy ? upload : NULL;
}

static void upload_failed(struct call *call, const struct upload *upload)
{
	const enum err err = upload->err;

	if (err == ERR_MALFORMED)
		api_fail(call, err,
			 "%.100s: the name of a file is a relative path of UTF-8 of at most %d "
			 "bytes, %d in each part, without characters that cannot be seen and parts "
			 "that are empty, . or ..; its type has at most %d; a name that ends in / "
			 "is "
			 "that of an empty folder, and has no bytes",
			 upload->parts.name, LIMIT_FILE_NAME_LEN_MAX, LIMIT_FILE_PART_LEN_MAX,
			 MANIFEST_MEDIA_TYPE_LEN_MAX);
	else if (err == ERR_PROTOCOL)
		api_fail(
			call, ERR_CONFIG,
			"behind file %.100s, the %lluth, the body is no sequence of files as "
			"docs/API.md says, or it ends in the middle of one; begin the upload again",
			upload->parts.name, (unsigned long long)upload->parts.file_count);
	else if (err == ERR_EXISTS)
		api_fail(call, ERR_CONFIG,
			 "two files have the same name, or a file that of a "
			 "folder in which another lies; begin the upload again");
	else if (err == ERR_FULL)
		api_fail(call, err,
			 "too many or too large files for one version; publish them as several "
			 "datasets");
	else if (err == ERR_AGAIN) /* as after the stop */
		api_fail(call, ERR_ABSENT, "the node is being stopped: begin the upload again");
	else if (err == ERR_NOSPACE)
		api_fail(call, err,
			 "the disk is full, or the store has reached its size limit; make room, or "
			 "raise size-limit in the node's config, and publish again");
	else
		api_fail(call, err, "the upload failed: %s; begin it again", err_text(err));
}

/* POST /uploads */

static void create_begin(struct call *call)
{
	const char *tier;
	struct upload *upload;
	struct metadata said;
	enum tier parsed;

	tier = api_in_text(call, "tier");
	if (tier && tier_parse(&parsed, bytes_str(tier))) {
		api_fail(call, ERR_CONFIG, "\"tier\" is not open, members, granted or hidden");
		return;
	}
	if (metadata_from_json(&said, call->in, call->why)) {
		api_fail(call, ERR_CONFIG, "%s", call->why);
		return;
	}
	call->settings = config_metadata_json(call->node->config);
	upload = upload_new(call->node->uploads);
	if (!upload) {
		api_fail(call, ERR_BUSY,
			 "%u uploads are under way, as many as may be; try again "
			 "when one is done",
			 call->node->config->limits.upload_count_max);
		return;
	}
	upload_attach(call, upload);
	upload_hold(upload);
	api_push(call);
}

static void create_answer(struct call *call, struct hub *hub, struct txn *txn,
			  const struct publication *publication)
{
	struct catalog_entry entry = {.tier = publication->tier};
	struct description description;

	snprintf(entry.stored, sizeof(entry.stored), "%s", publication->path);
	call->out = json_pack("{s:o, s:s, s:o}", "dataset", api_str(publication->name), "tier",
			      tier_name(publication->tier), "previous",
			      publication->previous_number ? api_uint(publication->previous_number)
							   : json_null());
	api_readers(call->out, hub, txn, &entry);
	if (!description_decode(&description, buf_bytes(&publication->description)))
		json_object_set_new(call->out, "metadata", metadata_to_json(&description));
}

/* What the settings say, and the organisation by itself: its key, and the level that this has. */
static void defaults_make(struct call *call, struct hub *hub, struct metadata *out)
{
	const struct charter_member *own =
		charter_by_org(&hub->charter, &hub->options.identity->org);
	struct description *said = &out->said;
	char why[WHY_LEN];

	metadata_from_json(out, call->settings, why); /* which were read with that */
	if (!own || !form_place(bytes_str(own->ags)))
		return;
	if (!said->place_key.len && !said->place_name.len)
		said->place_key = bytes_str(own->ags);
	if (!said->level.len && strlen(own->ags) == 8)
		said->level = bytes_str("municipality");
	else if (!said->level.len && strlen(own->ags) == 5)
		said->level = bytes_str("administrativeDistrict");
}

static void create_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct upload *upload = upload_of(call);
	struct metadata said, defaults;
	struct publish_options options = {
		.path = api_in_text(call, "dataset"),
		.has_tier = api_in_text(call, "tier") != NULL,
		.widen = api_in_true(call, "widen"),
		.allow_shrink = api_in_true(call, "allow_shrink"),
		.dry = api_in_true(call, "dry"),
		.keep = {api_in_uint(call, "keep"), api_in_uint(call, "keep_days")},
	};

	/* 0: all, whatever was said before */
	options.keep_all = json_object_get(call->in, "keep") && !options.keep.count;
	metadata_from_json(&said, call->in, call->why); /* which create_begin() has looked at */
	options.description = said.said;
	options.cleared = said.cleared;
	defaults_make(call, hub, &defaults);
	options.defaults = &defaults.said;
	options.description.folder = api_in_true(call, "folder");
	if (options.has_tier)
		tier_parse(&options.tier, bytes_str(api_in_text(call, "tier")));
	call->err =
		catalog_publish_begin(hub, txn, now_ms, &options, &upload->publication, call->why);
	if (call->err)
		return;
	create_answer(call, hub, txn, &upload->publication);
	/* It has done nothing yet: the log hears of it with the version; now nothing is written. */
	call->told = !options.dry;
	if (call->told)
		upload->begun = told_text(call, hub, txn);
}

static void create_done(struct call *call)
{
	struct upload *upload = upload_of(call);
	char id[24];

	if (call->err || upload->dropped || api_in_true(call, "dry")) {
		if (!call->err && upload->dropped)
			call->err = ERR_AGAIN;
		upload_give_up(call);
		api_done(call);
	} else {
		upload_start(upload);
		snprintf(id, sizeof(id), "%llu", (unsigned long long)upload->id);
		json_object_set_new(call->out, "upload", api_str(id));
		call->status = 201;
		call->topic = NULL;
		api_done(call);
	}
	upload_release(upload);
}

/* POST /uploads/ID/files, PUT /uploads/ID/files/NAME */

static void files_changed(struct upload *upload)
{
	struct call *call = upload->owner;

	if (upload->state == UPLOAD_FAILED) {
		upload_failed(call, upload);
		upload_give_up(call);
	} else if (call->request->ended && !upload->open) {
		json_t *out = json_pack("{s:o}", "bytes", api_uint(upload->parts.byte_count));

		if (!upload->one_file)
			json_object_set_new(out, "files", api_uint(upload->parts.file_count));
		upload_detach(call);
		api_reply(call, 200, out);
	} else if (!call->request->ended) {
		http_wake(call->request);
	}
}

static size_t files_feed(struct http_request *request, struct bytes bytes)
{
	struct call *call = request->owner;

	return upload_of(call) ? upload_feed(upload_of(call), bytes) : bytes.len;
}

static void files_end(struct http_request *request)
{
	struct call *call = request->owner;

	request->ended = true;
	if (upload_of(call))
		upload_end(upload_of(call));
}

/* What came of beginning. */
static void files_begin(struct call *call, struct upload *upload, enum err err)
{
	if (err == ERR_BUSY) {
		api_fail(call, err,
			 "files of an upload come one after the other; wait until the "
			 "one before is done");
		return;
	}
	upload_attach(call, upload);
	if (err) {
		upload_failed(call, upload);
		upload_give_up(call);
		return;
	}
	upload->busy = true;
	upload->owner = call;
	upload->changed = files_changed;
	call->request->feed = files_feed;
	call->request->end = files_end;
}

static void files_open(struct call *call)
{
	struct upload *upload = upload_named(call);

	if (upload)
		files_begin(call, upload, upload_begin(upload));
}

static void put_open(struct call *call)
{
	struct upload *upload = upload_named(call);
	int64_t modified_ms = 0;
	struct buf name, type;

	buf_init(&name, API_TEXT_LEN_MAX);
	buf_init(&type, MANIFEST_MEDIA_TYPE_LEN_MAX + 1);
	if (!upload || !api_time_arg(call, "modified_ms", &modified_ms) ||
	    !api_text_arg(call, "type", &type, false))
		goto out;
	if (percent_decode(&name, bytes_str(call->rest)))
		api_fail(call, ERR_CONFIG,
			 "the name of the file is not percent-encoded as it "
			 "should be");
	else
		files_begin(call, upload,
			    upload_file_begin(upload, buf_bytes(&name), buf_bytes(&type),
					      (uint64_t)modified_ms));
out:
	buf_fini(&name);
	buf_fini(&type);
}

/* POST /uploads/ID/commit */

static void commit_make(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct upload *upload = upload_of(call);
	struct catalog_entry entry = {0};
	enum publish_outcome outcome;

	call->err = upload_commit(upload, hub, txn, now_ms, &outcome, &entry, call->why);
	if (!call->err)
		audit_command(hub, txn, call->request->user, upload->begun);
	if (!call->err && outcome == PUBLISH_WAITS)
		call->out = json_pack("{s:s, s:s, s:b, s:s}", "dataset", upload->publication.name,
				      "stored_as", upload->publication.path, "waits", 1, "why",
				      call->why);
	if (call->err || outcome == PUBLISH_WAITS)
		return;
	call->out = json_pack("{s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o}", "dataset",
			      api_str(entry.path), "version", api_uint(entry.number), "tier",
			      tier_name(entry.tier), "unchanged", outcome == PUBLISH_UNCHANGED,
			      "files", api_uint(entry.description.file_count), "bytes",
			      api_uint(entry.description.byte_count), "added_bytes",
			      api_uint(outcome == PUBLISH_UNCHANGED ? 0 : upload->added_bytes),
			      "sealed_bytes", api_uint(entry.index_bytes));
	if (entry.tier == TIER_HIDDEN)
		json_object_set_new(call->out, "stored_as", api_str(entry.stored));
	/* Nothing was sealed when nothing has changed. */
	if (upload->publication.old_key && outcome == PUBLISH_MADE)
		json_object_set_new(call->out, "old_key", api_str(upload->publication.old_readers));
	api_readers(call->out, hub, txn, &entry);
	api_holders(call->out, hub, txn, &entry);
	catalog_entry_fini(&entry);
	told_command(call, hub, txn);
}

static void commit_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct call *call = arg;

	commit_make(call, hub, txn, now_ms);
	named_out(call, &hub->charter);
}

static void commit_done(struct turn_item *item)
{
	struct call *call = item->owner;
	struct upload *upload = upload_of(call);

	api_returned(call);
	if (call->err == ERR_BUSY)
		call->code = "conflict"; /* another version came first */
	upload->staged = call->err;
	upload_give_up(call);
	api_done(call);
	upload_release(upload);
}

static void commit_changed(struct upload *upload)
{
	struct call *call = upload->owner;

	if (call->pushed)
		return;
	if (upload->state == UPLOAD_FAILED) {
		upload_failed(call, upload);
		upload_give_up(call);
	} else if (upload->state == UPLOAD_READY) {
		upload_hold(upload);
		api_push_with(call, ROUTE_COMMAND, commit_run, commit_done);
	}
}

static void commit_begin(struct call *call)
{
	struct upload *upload = upload_of(call);

	upload->owner = call;
	upload->changed = commit_changed;
	if (upload->state == UPLOAD_FAILED)
		commit_changed(upload);
	else
		upload_finish(upload);
}

static void commit_end(struct http_request *request)
{
	struct call *call = request->owner;

	if (upload_of(call))
		commit_begin(call);
}

static void commit_open(struct call *call)
{
	struct upload *upload = upload_named(call);

	if (!upload)
		return;
	upload_attach(call, upload);
	upload->busy = true;
	call->request->end = commit_end;
}

/* DELETE /uploads/ID */

static void remove_open(struct call *call)
{
	struct upload *upload = upload_named(call);

	if (!upload)
		return;
	upload_attach(call, upload);
	upload_give_up(call);
	api_reply(call, 204, NULL);
}

const struct route uploads_routes[] = {
	{HTTP_POST, "/uploads", ROUTE_COMMAND,
	 FIELDS("S:dataset", "m:title", "m:description", "m:keywords", "m:themes", "m:license",
		"m:attribution", "m:publisher", "m:contact", "m:place", "m:time", "m:frequency",
		"m:identifier", "m:issued", "m:modified", "m:hvd_categories", "m:legislation",
		"m:political_level", "m:contributor_ids", "m:languages", "m:landing_page",
		"m:access_rights", "m:availability", "m:provenance", "s:tier", "b:widen",
		"b:allow_shrink", "b:dry", "b:folder", "i:keep", "i:keep_days",
		"s:personal_data_checked"),
	 .begin = create_begin, .run = create_run, .done = create_done},
	{HTTP_POST, "/uploads/*/files", ROUTE_COMMAND, .open = files_open},
	{HTTP_PUT, "/uploads/*/files/**", ROUTE_COMMAND, .open = put_open},
	{HTTP_POST, "/uploads/*/commit", ROUTE_COMMAND, .open = commit_open},
	{HTTP_DELETE, "/uploads/*", ROUTE_COMMAND, .open = remove_open},
	{.path = NULL},
};
