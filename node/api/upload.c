#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/api/call.h"
#include "node/http/percent.h"

#define UPLOADS "/uploads"

/* Lets the upload go; afterwards the call does not know it any more. */
static void drop(struct call *call)
{
	struct upload *upload = call->upload;

	call->upload = NULL;
	upload->changed = NULL;
	if (!upload->dropped)
		upload_drop(upload);
}

static void detach(struct call *call)
{
	call->upload->busy = false;
	call->upload->changed = NULL;
	call->upload = NULL;
}

static void fail_with(struct call *call, enum err err)
{
	if (err == ERR_MALFORMED)
		api_fail(
			call, err,
			"the name of a file is a relative path of UTF-8 without control characters "
			"and without empty, \".\" or \"..\" parts, at most %d bytes; its type has "
			"at "
			"most %d",
			LIMIT_FILE_NAME_LEN_MAX, MANIFEST_MEDIA_TYPE_LEN_MAX);
	else if (err == ERR_EXISTS)
		api_fail(call, ERR_CONFIG, "two files have the same name; begin the upload again");
	else if (err == ERR_FULL)
		api_fail(call, err,
			 "too many or too large files for one version; publish them as several "
			 "datasets");
	else if (err == ERR_NOSPACE)
		api_fail(call, err,
			 "the disk is full, or the store has reached its size limit; make room, or "
			 "raise size-limit in the node's config, and publish again");
	else
		api_fail(call, err, "the upload failed: %s; begin it again", err_text(err));
}

/* POST /uploads */

static void take_keywords(struct description *description, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list) && i < LIMIT_KEYWORD_COUNT_MAX; i++)
		description->keywords[description->keyword_count++] =
			bytes_str(json_string_value(json_array_get(list, i)));
}

static struct bytes in_bytes(struct call *call, const char *name)
{
	const char *text = api_in_text(call, name);

	return text ? bytes_str(text) : bytes_of(NULL, 0);
}

static void create_begin(struct call *call)
{
	static const char *const fields[] = {
		"S:dataset", "s:title", "s:description", "l:keywords",     "s:theme", "s:license",
		"s:contact", "s:tier",  "b:widen",       "b:allow_shrink", "i:keep",  "i:keep_days",
		NULL};
	const char *tier;
	enum tier parsed;

	if (!api_in_check(call, fields))
		return;
	tier = api_in_text(call, "tier");
	if (tier && tier_parse(&parsed, bytes_str(tier))) {
		api_fail(call, ERR_CONFIG, "\"tier\" is not open, members, granted or hidden");
		return;
	}
	if (json_array_size(json_object_get(call->in, "keywords")) > LIMIT_KEYWORD_COUNT_MAX) {
		api_fail(call, ERR_CONFIG, "there are more than %d keywords",
			 LIMIT_KEYWORD_COUNT_MAX);
		return;
	}
	call->upload = upload_new(call->node->uploads);
	if (!call->upload) {
		api_fail(call, ERR_BUSY,
			 "%u uploads are under way, as many as may be; try again "
			 "when one is done",
			 call->node->config->limits.upload_count_max);
		return;
	}
	upload_hold(call->upload);
	api_push(call);
}

static void create_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	const json_t *in = call->in;
	struct publish_options options = {
		.path = api_in_text(call, "dataset"),
		.has_tier = api_in_text(call, "tier") != NULL,
		.widen = json_is_true(json_object_get(in, "widen")),
		.allow_shrink = json_is_true(json_object_get(in, "allow_shrink")),
		.keep = {(uint64_t)json_integer_value(json_object_get(in, "keep")),
			 (uint64_t)json_integer_value(json_object_get(in, "keep_days"))},
		.description = {.title = in_bytes(call, "title"),
				.text = in_bytes(call, "description"),
				.theme = in_bytes(call, "theme"),
				.license = in_bytes(call, "license"),
				.contact = in_bytes(call, "contact")},
	};

	/* 0: all, whatever was said before */
	options.keep_all = json_object_get(in, "keep") && !options.keep.count;
	take_keywords(&options.description, json_object_get(in, "keywords"));
	if (options.has_tier)
		tier_parse(&options.tier, bytes_str(api_in_text(call, "tier")));
	call->err = catalog_publish_begin(core, txn, now_ms, &options, &call->upload->publication,
					  call->why);
}

static void create_done(struct call *call)
{
	struct upload *upload = call->upload;
	char id[24];

	if (call->err || upload->dropped) {
		drop(call);
		call->err = call->err ? call->err : ERR_AGAIN;
		api_done(call);
	} else {
		upload_start(upload);
		snprintf(id, sizeof(id), "%llu", (unsigned long long)upload->id);
		call->upload = NULL;
		api_reply(call, 201,
			  json_pack("{s:s, s:o, s:s, s:o}", "upload", id, "dataset",
				    api_str(upload->publication.path), "tier",
				    tier_name(upload->publication.tier), "previous",
				    upload->publication.previous_number
					    ? api_uint(upload->publication.previous_number)
					    : json_null()));
	}
	upload_release(upload);
}

/* PUT /uploads/ID/files/NAME */

static void put_changed(struct upload *upload)
{
	struct call *call = upload->owner;

	if (upload->state == UPLOAD_FAILED) {
		fail_with(call, upload->err);
		drop(call);
	} else if (call->request->ended && !upload->file_open) {
		uint64_t bytes = upload->file_bytes;

		detach(call);
		api_reply(call, 200, json_pack("{s:o}", "bytes", api_uint(bytes)));
	} else if (!call->request->ended) {
		http_wake(call->request);
	}
}

static size_t put_feed(struct http_request *request, struct bytes bytes)
{
	struct call *call = request->owner;

	return call->upload ? upload_feed(call->upload, bytes) : bytes.len;
}

static void put_end(struct http_request *request)
{
	struct call *call = request->owner;

	request->ended = true;
	if (call->upload)
		upload_file_end(call->upload);
}

static void put_begin(struct call *call, struct upload *upload, const char *name)
{
	uint64_t modified_ms = 0;
	struct buf type;
	enum err err;

	buf_init(&type, MANIFEST_MEDIA_TYPE_LEN_MAX + 1);
	if (!api_number_arg(call, "modified_ms", &modified_ms, NULL) ||
	    !api_text_arg(call, "type", &type, false))
		goto out;
	if (percent_decode(&call->name, bytes_str(name))) {
		api_fail(call, ERR_CONFIG,
			 "the name of the file is not percent-encoded as it "
			 "should be");
		goto out;
	}
	err = upload_file_begin(upload, buf_bytes(&call->name), buf_bytes(&type), modified_ms);
	if (err == ERR_BUSY) {
		api_fail(call, err,
			 "files of an upload come one after the other; wait until the "
			 "one before is done");
		goto out;
	}
	call->upload = upload;
	if (err) {
		fail_with(call, err);
		drop(call);
		goto out;
	}
	upload->busy = true;
	upload->owner = call;
	upload->changed = put_changed;
	call->request->feed = put_feed;
	call->request->end = put_end;
out:
	buf_fini(&type);
}

/* POST /uploads/ID/commit */

static void commit_run(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	struct call *call = arg;
	struct upload *upload = call->upload;
	struct catalog_entry entry = {0};
	bool unchanged;

	call->err = catalog_publish_commit(core, txn, now_ms, &upload->publication, upload->writer,
					   &unchanged, &entry, call->why);
	if (call->err)
		return;
	call->out = json_pack("{s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o}", "dataset",
			      api_str(entry.path), "version", api_uint(entry.number), "tier",
			      tier_name(entry.tier), "unchanged", unchanged, "files",
			      api_uint(entry.description.file_count), "bytes",
			      api_uint(entry.description.byte_count), "added_bytes",
			      api_uint(unchanged ? 0 : upload->added_bytes), "sealed_bytes",
			      api_uint(entry.index_bytes));
	api_readers(call->out, core, txn, &entry);
	api_holders(call->out, core, txn, &entry);
	catalog_entry_fini(&entry);
}

static void commit_done(struct turn_item *item)
{
	struct call *call = item->owner;
	struct upload *upload = call->upload;

	api_returned(call);
	if (call->err == ERR_BUSY)
		call->code = "conflict"; /* another version came first */
	upload->staged = call->err != ERR_OK;
	drop(call);
	api_done(call);
	upload_release(upload);
}

static void commit_changed(struct upload *upload)
{
	struct call *call = upload->owner;

	if (call->pushed)
		return;
	if (upload->state == UPLOAD_FAILED) {
		fail_with(call, upload->err);
		drop(call);
	} else if (upload->state == UPLOAD_READY) {
		upload_hold(upload);
		api_push_with(call, commit_run, commit_done);
	}
}

static void commit_begin(struct call *call)
{
	struct upload *upload = call->upload;

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

	if (call->upload)
		commit_begin(call);
}

/* DELETE /uploads/ID */

static void remove_begin(struct call *call, struct upload *upload)
{
	call->upload = upload;
	drop(call);
	api_reply(call, 204, NULL);
}

/* Where it goes */

static const struct route create_route = {HTTP_POST, UPLOADS, create_begin, create_run,
					  create_done};

static bool begin_with(struct call *call, struct upload *upload, const char *rest)
{
	struct http_request *request = call->request;

	if (request->method == HTTP_PUT && !strncmp(rest, "/files/", 7)) {
		put_begin(call, upload, rest + 7);
	} else if (request->method == HTTP_POST && !strcmp(rest, "/commit")) {
		call->upload = upload;
		upload->busy = true;
		request->end = commit_end;
	} else if (request->method == HTTP_DELETE && !*rest) {
		remove_begin(call, upload);
	} else {
		return false;
	}
	return true;
}

bool api_upload_begin(struct call *call)
{
	const char *path = call->request->path;
	struct upload *upload;
	char *rest;

	if (!strcmp(path, UPLOADS) && call->request->method == HTTP_POST) {
		call->route = &create_route;
		return true;
	}
	if (strncmp(path, UPLOADS "/", sizeof(UPLOADS)))
		return false;
	upload = uploads_find(call->node->uploads, strtoull(path + sizeof(UPLOADS), &rest, 10));
	if (!upload || rest == path + sizeof(UPLOADS)) {
		api_fail(call, ERR_ABSENT,
			 "there is no such upload; it may have been dropped after 10 "
			 "idle minutes or a restart: begin it again");
		return true;
	}
	if (upload->busy) {
		api_fail(call, ERR_BUSY, "another request uses this upload; wait until it is done");
		return true;
	}
	return begin_with(call, upload, rest);
}

void api_upload_gone(struct call *call)
{
	if (!call->upload)
		return;
	/* the client left in the middle of a file, or before the commit began */
	drop(call);
}
