#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/api/call.h"
#include "proto/transfer.h"

/* Fetching and waiting */

static json_t *fetch_json(const struct fetch_status *fetch)
{
	static const char *const names[] = {"held", "running", "waiting", "waiting"};

	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "dataset",
			 api_str(fetch->path), "version", api_uint(fetch->number), "state",
			 names[fetch->state], "chunks", api_uint(fetch->chunk_count), "chunks_all",
			 api_uint(fetch->chunk_count_all), "bytes", api_uint(fetch->bytes),
			 "bytes_all", api_uint(fetch->bytes_all), "sources",
			 api_uint(fetch->source_count));
}

static void fetch_begin(struct call *call)
{
	static const char *const fields[] = {"S:path", "i:version", NULL};

	if (!api_in_check(call, fields))
		return;
	call->number = (uint64_t)json_integer_value(json_object_get(call->in, "version"));
	api_push(call);
}

static void fetch_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	struct fetch_status fetch = {0};

	call->err = transfer_want(core, txn, now_ms, api_in_text(call, "path"), call->number,
				  &fetch, call->why);
	if (!call->err)
		call->out = fetch_json(&fetch);
}

static bool wait_args(struct call *call)
{
	if (!api_path_args(call) || !api_number_arg(call, "wait_ms", &call->wait_ms, NULL))
		return false;
	if (call->wait_ms > API_WAIT_MS_MAX)
		call->wait_ms = API_WAIT_MS_MAX;
	call->deadline_ms = uv_now(call->node->loop) + call->wait_ms;
	call->last = call->wait_ms == 0;
	return true;
}

static void fetch_wait_begin(struct call *call)
{
	if (wait_args(call))
		api_push(call);
}

static void fetch_wait_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	struct fetch_status fetch = {0};

	call->err = transfer_status(core, txn, (const char *)call->path.ptr, call->number, &fetch,
				    call->why);
	if (call->err)
		return;
	call->again = fetch.state != FETCH_HELD;
	call->out = fetch_json(&fetch);
}

static void wait_begin(struct call *call)
{
	if (wait_args(call) && api_number_arg(call, "after", &call->after_number, &call->has_after))
		api_push(call);
}

/* The newest version that is held and was asked for. */
static bool is_awaited(void *arg, const struct catalog_entry *entry)
{
	struct call *call = arg;

	if (!entry->held || (call->number && entry->number != call->number))
		return true;
	if (call->has_after && entry->number <= call->after_number)
		return false;
	call->out = json_pack("{s:o, s:o, s:b}", "dataset", api_str(entry->path), "version",
			      api_uint(entry->number), "held", true);
	return false;
}

static void wait_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	call->err =
		catalog_log(core, txn, (const char *)call->path.ptr, is_awaited, call, call->why);
	if (call->out || (call->err && call->err != ERR_ABSENT))
		return;
	call->again = true;
	call->err = ERR_AGAIN;
	snprintf(call->why, sizeof(call->why),
		 "%.200s is not here as asked within the time; see `allmende log %.200s`",
		 (const char *)call->path.ptr, (const char *)call->path.ptr);
}

/* Manifests and files */

static void read_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	call->err = catalog_read(core, txn, (const char *)call->path.ptr, call->number,
				 &call->reading, call->why);
}

/* Keys of older epochs, whose chunks are still in use. */
static void keys_run(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	struct call *call = arg;
	const struct manifest_epoch *epoch;

	while (!call->err && (epoch = reader_key_wanted(call->opened->reader))) {
		struct key key = {{0}};

		call->err = catalog_epoch_key(core, txn, &call->opened->reading, epoch, &key);
		if (!call->err)
			reader_key_add(call->opened->reader, &key);
		key_wipe(&key);
	}
}

static void keys_done(struct turn_item *item)
{
	struct call *call = item->owner;

	if (call->err == ERR_ABSENT) {
		call->err = ERR_DENIED;
		snprintf(call->why, sizeof(call->why),
			 "parts of it are sealed under an older key that is not here");
	}
	api_returned(call);
	if (call->err)
		api_done(call);
	else
		call->route->begin(call);
}

static void read_opened(void *arg, struct opened *opened)
{
	struct call *call = arg;

	call->opened = opened;
	call->err = opened->err;
	if (opened->err == ERR_CORRUPT || opened->err == ERR_ABSENT) {
		call->err = ERR_AGAIN;
		snprintf(call->why, sizeof(call->why),
			 "a chunk of the manifest is damaged or missing and is fetched again; try "
			 "later, see `allmende status`");
	} else if (opened->err) {
		snprintf(call->why, sizeof(call->why),
			 "the manifest is not what the author signed: %s", err_text(opened->err));
	} else if (reader_key_wanted(opened->reader)) {
		api_push_with(call, keys_run, keys_done);
		return;
	}
	if (call->err)
		api_done(call);
	else
		call->route->begin(call); /* the second time: opened is set */
}

static void read_done(struct call *call)
{
	if (call->err)
		api_done(call);
	else
		opened_get(call->node->downloads, &call->reading, read_opened, call);
}

static json_t *file_json(const struct manifest_file *file)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", api_text(file->name), "type",
			 api_text(file->media_type), "bytes", api_uint(file->size), "modified_ms",
			 api_uint(file->modified_ms), "hash", api_hex(id_bytes(&file->hash)));
}

static void manifest_begin(struct call *call)
{
	const struct manifest *manifest;
	json_t *head;

	if (!call->opened) {
		if (api_path_args(call))
			api_push(call);
		return;
	}
	manifest = reader_manifest(call->opened->reader);
	head = json_pack("{s:o, s:o}", "dataset", api_text(buf_bytes(&call->path)), "version",
			 api_uint(manifest->number));
	api_list_add(call, head);
	call->text.len--; /* the brace: the files follow inside */
	buf_add(&call->text, bytes_str(",\"files\":["));
	for (uint32_t i = 0; i < manifest_file_count(manifest); i++)
		api_list_add(call, file_json(manifest_file(manifest, i)));
	buf_add(&call->text, bytes_str("]}"));
	api_done(call);
}

static ssize_t read_file(struct http_request *request, void *to, size_t len)
{
	struct call *call = request->owner;

	return download_read(call->download, to, len);
}

static void wake_file(void *arg)
{
	struct call *call = arg;

	http_wake(call->request);
}

static void file_begin(struct call *call)
{
	const struct manifest_file *file;

	if (!call->opened) {
		if (api_path_args(call) && api_text_arg(call, "name", &call->name, true))
			api_push(call);
		return;
	}
	file = manifest_find(reader_manifest(call->opened->reader), buf_bytes(&call->name));
	if (!file) {
		char shown[200];

		log_escape(shown, sizeof(shown), buf_bytes(&call->name));
		api_fail(call, ERR_ABSENT,
			 "there is no file \"%s\" in this version; its manifest "
			 "lists them",
			 shown);
		return;
	}
	call->download = download_open(call->node->downloads, call->opened, file, wake_file, call);
	call->request->read = read_file;
	http_answer_stream(call->request, file->size, file->media_type);
}

void api_read_gone(struct call *call)
{
	if (call->download)
		download_close(call->download);
	else if (call->opened)
		opened_put(call->node->downloads, call->opened);
	reading_fini(&call->reading);
}

const struct route api_read_routes[] = {
	{HTTP_POST, "/fetch", fetch_begin, fetch_run, NULL},
	{HTTP_GET, "/fetch", fetch_wait_begin, fetch_wait_run, NULL},
	{HTTP_GET, "/wait", wait_begin, wait_run, NULL},
	{HTTP_GET, "/manifest", manifest_begin, read_run, read_done},
	{HTTP_GET, "/file", file_begin, read_run, read_done},
	{HTTP_OTHER, NULL, NULL, NULL, NULL},
};
