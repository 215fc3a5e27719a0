/*
 * /fetch and /wait: having a version come here; /manifest and /file: reading it.
 */
#include <stdio.h>

#include "crypto/check.h"
#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "node/files/download.h"
#include "proto/catalog/want.h"

#define API_WAIT_MS_MAX 30000

/* Fetching and waiting */

static json_t *fetch_json(const struct fetch_status *fetch)
{
	static const char *const names[] = {"held", "running", "waiting", "waiting"};

	return json_pack("{s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "dataset",
			 api_str(fetch->path), "version", api_uint(fetch->number), "state",
			 names[fetch->state], "opens", (int)fetch->opens, "chunks",
			 api_uint(fetch->chunk_count), "chunks_all",
			 api_uint(fetch->chunk_count_all), "bytes", api_uint(fetch->bytes),
			 "bytes_all", api_uint(fetch->bytes_all), "sources",
			 api_uint(fetch->source_count), "needs_bytes", api_uint(fetch->needs));
}

static void fetch_begin(struct call *call)
{
	call->number = api_in_uint(call, "version");
	api_push(call);
}

static void fetch_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct fetch_status fetch = {0};

	call->err = want_version(hub, txn, now_ms, api_in_text(call, "path"), call->number, &fetch,
				 call->why);
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

static void fetch_wait_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct fetch_status fetch = {0};

	call->err = want_status(hub, txn, (const char *)call->path.ptr, call->number, &fetch,
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

static void wait_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	call->err =
		catalog_log(hub, txn, (const char *)call->path.ptr, is_awaited, call, call->why);
	if (call->out || (call->err && call->err != ERR_ABSENT))
		return;
	call->again = true;
	call->err = ERR_AGAIN;
	snprintf(call->why, sizeof(call->why),
		 "%.200s is not here as asked within the time; see `allmende log %.200s`",
		 (const char *)call->path.ptr, (const char *)call->path.ptr);
}

/* Manifests and files */

#define PAGE_FILES_MAX 256

/* The version that is read. begin() runs a second time when it is open. */
struct view {
	struct buf name;    /* of the file */
	uint64_t from;      /* number of the first file of a page */
	uint64_t coming_ms; /* it may be on its way: so long a part is waited for */
	bool coming;        /* it is */
	struct reading reading;
	struct opened *opened;
	struct download *download;
};

static void view_gone(struct call *call)
{
	struct view *view = call->topic;

	if (view->download)
		download_close(view->download);
	else if (view->opened)
		opened_put(call->node->downloads, view->opened);
	reading_fini(&view->reading);
	buf_fini(&view->name);
	free(view);
}

/* NULL: the request is answered. */
static struct view *view_begin(struct call *call)
{
	struct view *view = mem_new(1, sizeof(*view));

	buf_init(&view->name, API_TEXT_LEN_MAX);
	call->topic = view;
	call->gone = view_gone;
	return api_path_args(call) && api_number_arg(call, "coming_ms", &view->coming_ms, NULL)
		       ? view
		       : NULL;
}

static void view_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct view *view = call->topic;

	call->err = catalog_read_coming(hub, txn, (const char *)call->path.ptr, call->number,
					&view->reading, view->coming_ms ? &view->coming : NULL,
					call->why);
}

/* Keys of older epochs, whose chunks are still in use. */
static void view_keys_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct call *call = arg;
	struct view *view = call->topic;
	const struct manifest_epoch *epoch;

	while (!call->err && (epoch = reader_key_wanted(view->opened->reader))) {
		struct key key = {{0}};

		call->err = catalog_epoch_key(hub, txn, &view->opened->reading, epoch, &key);
		if (!call->err)
			reader_key_add(view->opened->reader, &key);
		key_wipe(&key);
	}
}

static void view_keys_done(struct turn_item *item)
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

static void view_opened(void *arg, struct opened *opened)
{
	struct call *call = arg;
	struct view *view = call->topic;

	view->opened = opened;
	call->err = opened->err;
	if (opened->err == ERR_AGAIN) {
		snprintf(call->why, sizeof(call->why), "the node is stopping; try again later");
	} else if (opened->err == ERR_CORRUPT || opened->err == ERR_ABSENT) {
		call->err = ERR_AGAIN;
		snprintf(call->why, sizeof(call->why),
			 "a chunk of the manifest is damaged or missing and is fetched again; try "
			 "later, see `allmende status`");
	} else if (opened->err) {
		snprintf(call->why, sizeof(call->why),
			 "the manifest is not what the author signed: %s", err_text(opened->err));
	} else if (reader_key_wanted(opened->reader)) {
		api_push_with(call, ROUTE_QUERY, view_keys_run, view_keys_done);
		return;
	}
	if (call->err)
		api_done(call);
	else
		call->route->begin(call);
}

static void view_done(struct call *call)
{
	struct view *view = call->topic;

	if (call->err)
		api_done(call);
	else
		opened_get(call->node->downloads, &view->reading, view_opened, call);
}

static json_t *file_json(const struct manifest_file *file)
{
	return json_pack("{s:o, s:o, s:o, s:I, s:o}", "name", api_text(file->name), "type",
			 api_text(file->media_type), "bytes", api_uint(file->size), "modified_ms",
			 (json_int_t)file->modified_ms, "sha256", api_hex(id_bytes(&file->sha256)));
}

/* One page of the files: a million of them would keep the loop busy for seconds. */
static void manifest_answer(struct call *call, const struct view *view)
{
	const struct manifest *manifest = reader_manifest(view->opened->reader);
	uint64_t count = manifest_file_count(manifest);
	uint64_t from = view->from < count ? view->from : count;
	uint64_t to = count - from > PAGE_FILES_MAX ? from + PAGE_FILES_MAX : count;

	enum tier tier = view->opened->reading.version.tier;

	api_list_add(call,
		     json_pack("{s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o}", "dataset",
			       api_str(call->shown), "version", api_uint(manifest->number), "tier",
			       tier_name(tier), "folder", (int)view->opened->reading.folder,
			       "file_count", api_uint(count), "bytes",
			       api_uint(view->opened->plain_bytes), "stored_bytes",
			       api_uint(view->opened->reading.version.index.bytes), "next",
			       to < count ? api_uint(to) : json_null()));
	call->text.len--; /* the brace: the files follow inside */
	buf_add(&call->text, bytes_str(",\"files\":["));
	for (uint64_t i = from; i < to; i++)
		api_list_add(call, file_json(manifest_file(manifest, (uint32_t)i)));
	buf_add(&call->text, bytes_str("]}"));
	api_done(call);
}

static void manifest_begin(struct call *call)
{
	struct view *view = call->topic;

	if (view) {
		manifest_answer(call, view);
		return;
	}
	view = view_begin(call);
	if (view && api_number_arg(call, "from", &view->from, NULL))
		api_push(call);
}

static ssize_t view_file_read(struct http_request *request, void *to, size_t len)
{
	struct call *call = request->owner;
	struct view *view = call->topic;

	return download_read(view->download, to, len);
}

static void file_wake(void *arg)
{
	struct call *call = arg;

	http_wake(call->request);
}

static void file_answer(struct call *call, struct view *view)
{
	const struct manifest_file *file =
		manifest_find(reader_manifest(view->opened->reader), buf_bytes(&view->name));
	char shown[200];

	if (!file) {
		log_escape(shown, sizeof(shown), buf_bytes(&view->name));
		api_fail(call, ERR_ABSENT,
			 "there is no file \"%s\" in this version; its manifest "
			 "lists them",
			 shown);
		return;
	}
	if (!http_can_stream(call->request)) {
		api_fail(call, ERR_BUSY,
			 "other programs read as many files as the node sends at "
			 "once; try again when one has ended");
		return;
	}
	view->download = download_open(call->node->downloads, view->opened, file,
				       view->coming ? view->coming_ms : 0, file_wake, call);
	call->request->read = view_file_read;
	http_answer_stream(call->request, file->size, file->media_type);
}

static void file_begin(struct call *call)
{
	struct view *view = call->topic;

	if (view) {
		file_answer(call, view);
		return;
	}
	view = view_begin(call);
	if (view && api_text_arg(call, "name", &view->name, true))
		api_push(call);
}

const struct route read_routes[] = {
	{HTTP_POST, "/fetch", ROUTE_COMMAND, FIELDS("S:path", "i:version"), .begin = fetch_begin,
	 .run = fetch_run},
	{HTTP_GET, "/fetch", ROUTE_QUERY, .begin = fetch_wait_begin, .run = fetch_wait_run},
	{HTTP_GET, "/wait", ROUTE_QUERY, .begin = wait_begin, .run = wait_run},
	{HTTP_GET, "/manifest", ROUTE_QUERY, .begin = manifest_begin, .run = view_run,
	 .done = view_done},
	{HTTP_GET, "/file", ROUTE_QUERY, .begin = file_begin, .run = view_run, .done = view_done},
	{.path = NULL},
};
