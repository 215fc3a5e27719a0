/*
 * dataset_file - /d/PATH/files/NAME: files as they were published, and tables in other forms.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "node/care/node_view.h"
#include "node/index/index.h"
#include "node/portal/dataset.h"
#include "proto/table/locate.h"

#define YEAR_S (365u * 24 * 3600)

static bool name_ends(const char *text, const char *end)
{
	const size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

/* A file of one version never changes. */
static void file_validate(struct web_call *call, const struct dataset_address *at, int64_t time_ms,
			  struct bytes of)
{
	web_etag(call, of);
	web_modified(call, time_ms);
	if (at->number)
		web_cache(call, YEAR_S, true);
}

/* As they were published */

static const char *file_type(char out[MANIFEST_MEDIA_TYPE_LEN_MAX + 1],
			     const struct manifest_file *file)
{
	snprintf(out, MANIFEST_MEDIA_TYPE_LEN_MAX + 1, "%.*s", (int)file->media_type.len,
		 (const char *)file->media_type.ptr);
	return file->media_type.len ? out : "application/octet-stream";
}

static void file_send(struct web_call *call, const struct derive_file *of)
{
	const struct manifest_file *file = of->file;
	char type[MANIFEST_MEDIA_TYPE_LEN_MAX + 1];
	uint64_t len;
	int fd = derive_copy(call->node->derive, of, &len);

	if (fd >= 0)
		web_file(call, fd, len, file_type(type, file));
	else
		web_stream(call, file->size, file_type(type, file), content_stream_read,
			   content_stream_close, content_stream_open(of->content, file));
}

static bool copy_answer(struct web_call *call, const struct dataset_address *at,
			const struct index_item *item, struct content *content)
{
	const struct derive_file of = {
		.content = content, .file = content_file(content, at->file), .path = item->kept};
	char type[MANIFEST_MEDIA_TYPE_LEN_MAX + 1];
	uint64_t len;
	int fd = -1;

	if (of.file && !manifest_is_folder(of.file))
		fd = derive_copy_kept(call->node->derive, &of, &len);
	if (fd < 0)
		return false;
	file_validate(call, at, item->published_ms, id_bytes(&of.file->sha256));
	if (web_fresh(call))
		close(fd);
	else
		web_file(call, fd, len, file_type(type, of.file));
	return true;
}

/*
 * Most of what is asked is open, as it is now, and there is a copy: then the core, which may be
 * busy, is not asked. Of what it has heard something there is no copy.
 */
static bool copy_serve(struct web_call *call, const struct dataset_address *at)
{
	struct index_item item;
	struct content *content;
	bool answered = false;

	if (at->number || call->visitor.kind != VISITOR_ANYONE)
		return false;
	if (!index_get(call->index, &call->visitor, at->path, &item) && item.open && item.held &&
	    !strcmp(item.path, at->path)) {
		content = content_kept(call->node->contents, &item.record);
		answered = content && copy_answer(call, at, &item, content);
		if (content)
			content_put(content);
	}
	index_item_fini(&item);
	return answered;
}

/* In other forms */

/* NAME.xlsx is a table NAME.csv, when there is one. */
static const struct manifest_file *table_find(const struct content *content, const char *name,
					      enum convert_form *form)
{
	static const char *const endings[] = {".csv", ".CSV", ".tsv", ".tab"};
	char table[LIMIT_FILE_NAME_LEN_MAX + 1];
	const struct manifest_file *file = NULL;

	for (int i = 0; i < CONVERT_FORM_COUNT && !file; i++) {
		const char *ending = convert_ending((enum convert_form)i);
		size_t stem = strlen(name) - strlen(ending) - 1;

		if (strlen(name) < strlen(ending) + 2 || !name_ends(name, ending) ||
		    name[stem] != '.')
			continue;
		*form = (enum convert_form)i;
		for (size_t k = 0; k < sizeof(endings) / sizeof(endings[0]) && !file; k++)
			if (snprintf(table, sizeof(table), "%.*s%s", (int)stem, name, endings[k]) <
			    (int)sizeof(table))
				file = content_file(content, table);
	}
	return file;
}

static void form_fail(struct web_call *call, enum err err, const char *why)
{
	if (err == ERR_MALFORMED || err == ERR_FULL)
		web_fail(call, 404, "no_such_form", "the table cannot be had in this form: %s",
			 why);
	else if (err == ERR_AGAIN)
		web_busy_later(call, 10, "it is being made");
	else if (err == ERR_BUSY)
		web_busy_later(call, 10, "too many tables are being made in other forms");
	else
		web_busy_later(call, 60, why);
}

static void form_answer(struct web_call *call, const struct dataset_address *at,
			const struct dataset_found *found, const struct derive_file *of,
			enum convert_form form)
{
	uint8_t made_of[ID_LEN + 2] = {0};
	const char *name = strrchr(at->file, '/');
	char why[WHY_LEN];
	uint64_t len;
	enum err err;
	int fd;

	memcpy(made_of, of->file->sha256.b, ID_LEN);
	made_of[ID_LEN] = (uint8_t)form;
	made_of[ID_LEN + 1] = CONVERT_NUMBER;
	file_validate(call, at, found->entry.time_ms, bytes_of(made_of, sizeof(made_of)));
	if (web_fresh(call))
		return;
	err = derive_form(call->node->derive, of, form, &fd, &len, why);
	if (err) {
		form_fail(call, err, why);
		return;
	}
	if (form == CONVERT_XLSX || form == CONVERT_SQLITE)
		web_attachment(call, name ? name + 1 : at->file);
	web_file(call, fd, len, convert_media_type(form));
}

/* The zone of the place that it is about, else of whose it is. */
static unsigned metres_of(const struct dataset_found *found)
{
	struct bytes key = found->entry.description.place_key;
	char text[16];
	unsigned epsg;

	snprintf(text, sizeof(text), "%.*s", (int)(key.len < 15 ? key.len : 15),
		 (const char *)key.ptr);
	epsg = locate_zone(text);
	return epsg ? epsg : locate_zone(found->ags);
}

static void any_answer(struct web_call *call, const struct dataset_address *at,
		       const struct dataset_found *found, struct content *content)
{
	char title[LIMIT_TITLE_LEN_MAX + 1];
	const struct description *description = &found->entry.description;
	struct derive_file of = {.content = content,
				 .file = content_file(content, at->file),
				 .path = found->entry.path,
				 .title = title,
				 .time_ms = found->entry.time_ms,
				 .epsg = metres_of(found)};
	enum convert_form form;

	snprintf(title, sizeof(title), "%.*s", (int)description->title.len,
		 (const char *)description->title.ptr);
	if (of.file && !manifest_is_folder(of.file)) {
		file_validate(call, at, found->entry.time_ms, id_bytes(&of.file->sha256));
		if (!web_fresh(call))
			file_send(call, &of);
	} else if ((of.file = table_find(content, at->file, &form))) {
		form_answer(call, at, found, &of, form);
	} else if (name_ends(at->file, ".sig")) {
		signature_serve(call, at);
	} else {
		web_absent(call);
	}
}

void dataset_file_serve(struct web_call *call, const struct dataset_address *at)
{
	struct dataset_found found;
	struct content *content;

	if (copy_serve(call, at) || !dataset_look(call, at, &found))
		return;
	content = dataset_content(call, &found);
	if (content) {
		any_answer(call, at, &found, content);
		content_put(content);
	}
	dataset_found_fini(&found);
}
