#include "node/ogc/layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/care/node_view.h"
#include "node/http/percent.h"
#include "node/ogc/ogc.h"

void layer_init(struct layer *layer)
{
	*layer = (struct layer){0};
}

void layer_fini(struct layer *layer)
{
	feature_table_close(layer->open);
	free(layer->file);
	free(layer->table);
	free(layer->media_type);
	free(layer->why);
	index_item_fini(&layer->item);
	layer_init(layer);
}

/* Takes what it can use of the info, whose dataset this visitor is shown and may read. */
static enum err layer_of(struct web_call *call, struct layer *layer, struct layer_info *info)
{
	enum err err = index_get(call->index, &call->visitor, info->path, &layer->item);

	if (!err && (!visitor_reads(&call->visitor, layer->item.tier, layer->item.kept) ||
		     memcmp(&layer->item.dataset, &info->dataset, sizeof(info->dataset)) != 0))
		err = ERR_ABSENT;
	if (err)
		return err;
	snprintf(layer->id, sizeof(layer->id), "%s", info->id);
	layer->file = info->file;
	layer->table = info->table;
	layer->media_type = info->media_type;
	layer->file_len = info->file_len;
	layer->about = info->about;
	layer->why = info->why;
	info->file = info->table = info->media_type = info->why = NULL;
	return ERR_OK;
}

enum err layer_get(struct web_call *call, const char *id, struct layer *out)
{
	struct layers *layers = call->node->layers;
	struct layer_info info = {0};
	enum err err = layers_find(layers, true, id, &info);

	/* who may see nothing else does not even wait for the look-up */
	if (err && call->visitor.kind != VISITOR_ANYONE)
		err = layers_find(layers, false, id, &info);
	if (!err)
		err = layer_of(call, out, &info);
	if (!err && info.state == LAYER_UNFIT)
		err = ERR_MALFORMED;
	else if (!err && !out->table)
		err = ERR_AGAIN;
	if (!err) {
		err = feature_table_open(&out->open, out->table);
		/* the thread has exchanged it at this moment */
		if (err == ERR_ABSENT)
			err = ERR_AGAIN;
	}
	if (!err)
		out->about = *feature_table_about(out->open);
	layer_info_fini(&info);
	return err;
}

/* The next of both lists, of which the visitor may see the second. */
static enum err next_info(struct web_call *call, const char *after, struct layer_info *out)
{
	struct layers *layers = call->node->layers;
	struct layer_info other = {0};
	enum err err = layers_after(layers, true, after, out);

	if (call->visitor.kind == VISITOR_ANYONE || layers_after(layers, false, after, &other))
		return err;
	if (err || strcmp(other.id, out->id) < 0) {
		layer_info_fini(out);
		*out = other;
	} else {
		layer_info_fini(&other);
	}
	return ERR_OK;
}

enum err layer_each(struct web_call *call, const char *after, size_t max,
		    void (*each)(void *arg, struct layer *layer), void *arg, bool *more)
{
	char last[LAYER_ID_LEN_MAX + 1];
	struct layer_info info = {0};
	size_t count = 0;

	*more = false;
	/* the index says when it does not know yet, which is not the same as that there is none */
	if (!index_generation(call->index, &call->visitor))
		return ERR_AGAIN;
	snprintf(last, sizeof(last), "%s", after);
	while (!next_info(call, last, &info)) {
		struct layer layer;
		layer_init(&layer);
		snprintf(last, sizeof(last), "%s", info.id);
		bool shown = info.has_about && !layer_of(call, &layer, &info);
		*more = shown && count == max;
		if (shown && !*more) {
			each(arg, &layer);
			count++;
		}
		layer_fini(&layer);
		layer_info_fini(&info);
		if (*more)
			break;
	}
	return ERR_OK;
}

static bool fresh(struct web_call *call, uint64_t layers, const char *table, const char *form)
{
	char text[512];

	snprintf(text, sizeof(text), "%llu %s %s %s", (unsigned long long)layers, table, form,
		 call->node->software);
	web_etag(call, bytes_str(text));
	return web_fresh(call);
}

bool layers_fresh(struct web_call *call, const char *form)
{
	uint64_t generation = index_generation(call->index, &call->visitor);

	return generation &&
	       fresh(call, generation ^ layers_generation(call->node->layers), "", form);
}

/* The same contents have the same table; a new version with the same file has no other ETag. */
bool layer_fresh(struct web_call *call, const struct layer *layer, const char *form)
{
	const char *slash = strrchr(layer->table, '/');

	return fresh(call, 0, slash ? slash : layer->table, form);
}

static struct bytes file_stem(const char *file)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	const char *point = strrchr(name, '.');

	return bytes_of(name, point && point > name ? (size_t)(point - name) : strlen(name));
}

void layer_title(const struct layer *layer, struct buf *out)
{
	struct bytes title = layer->item.description.title;

	if (title.len) {
		buf_add(out, title);
		if (layer->item.description.file_count <= 1)
			return;
		buf_add(out, bytes_str(": "));
	}
	buf_add(out, file_stem(layer->file));
}

void layer_file_path(const struct layer *layer, struct buf *out)
{
	buf_add(out, bytes_str("/d/"));
	buf_add(out, bytes_str(layer->item.path));
	buf_add(out, bytes_str("/files/"));
	percent_encode(out, bytes_str(layer->file));
}
