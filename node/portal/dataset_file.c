/*
 * dataset_file - /d/PATH/files/NAME: files as they were published.
 */
#include <stdio.h>
#include <string.h>

#include "node/portal/dataset.h"

#define YEAR_S (365u * 24 * 3600)

/* A file of one version never changes. */
static void file_validate(struct web_call *call, const struct dataset_address *at,
			  const struct dataset_found *found, struct bytes hash)
{
	web_etag(call, hash);
	web_modified(call, found->published_ms);
	if (at->number)
		web_cache(call, YEAR_S, true);
}

static void file_stream(struct web_call *call, struct content *content,
			const struct manifest_file *file)
{
	char type[MANIFEST_MEDIA_TYPE_LEN_MAX + 1] = "application/octet-stream";

	if (file->media_type.len)
		snprintf(type, sizeof(type), "%.*s", (int)file->media_type.len,
			 (const char *)file->media_type.ptr);
	web_stream(call, file->size, type, content_stream_read, content_stream_close,
		   content_stream_open(content, file));
}

static bool name_ends(const char *text, const char *end)
{
	const size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

void dataset_file_serve(struct web_call *call, const struct dataset_address *at)
{
	const struct manifest_file *file;
	struct dataset_found found;
	struct content *content;

	if (!dataset_look(call, at, &found))
		return;
	content = dataset_content(call, &found);
	if (!content)
		return;
	file = content_file(content, at->file);
	if (!file && name_ends(at->file, ".sig")) {
		signature_serve(call, at);
	} else if (!file || manifest_is_folder(file)) {
		web_absent(call);
	} else {
		file_validate(call, at, &found, id_bytes(&file->hash));
		if (!web_fresh(call))
			file_stream(call, content, file);
	}
	content_put(content);
}
