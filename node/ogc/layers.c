#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "node/base/clock.h"
#include "node/ogc/layers_internal.h"

#define HASH_LABEL "allmende-layer"

/* Names */

static bool id_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* The name without ".geojson", which most have. */
static struct bytes id_stem(struct bytes file)
{
	static const char end[] = ".geojson";
	size_t len = sizeof(end) - 1;

	if (file.len > len && memcmp(file.ptr + file.len - len, end, len) == 0)
		file.len -= len;
	return file;
}

/*
 * "meissen/verkehr/haltestellen" and "halte.geojson" are meissen.verkehr.haltestellen.halte. What
 * would not be told apart any more, as a point stands in it or another sign than letters and
 * digits, gets a part of a hash behind it.
 */
void layer_id(char out[LAYER_ID_LEN_MAX + 1], struct bytes path, struct bytes file)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	struct bytes stem = id_stem(file);
	uint8_t hash[ID_LEN];
	struct hash h;
	size_t len = 0, max = LAYER_ID_LEN_MAX - 12;
	bool exact = path.len + stem.len + 2 < max;

	if (path.len && path.ptr[0] >= '0' && path.ptr[0] <= '9')
		out[len++] = '_';
	for (size_t i = 0; i < path.len && len < max; i++) {
		exact &= path.ptr[i] == '/' || id_letter(path.ptr[i]);
		out[len++] = path.ptr[i] == '/'       ? '.'
			     : id_letter(path.ptr[i]) ? (char)path.ptr[i]
						      : '_';
	}
	if (len < max)
		out[len++] = '.';
	for (size_t i = 0; i < stem.len && len < max; i++) {
		/* one point before a short ending is a name as all have them */
		exact &= id_letter(stem.ptr[i]) ||
			 (stem.ptr[i] == '.' && i + 5 >= stem.len && stem.len == file.len);
		out[len++] = id_letter(stem.ptr[i]) || stem.ptr[i] == '.' ? (char)stem.ptr[i] : '_';
	}
	if (!exact) {
		hash_init(&h, HASH_LABEL, NULL, ID_LEN);
		hash_add(&h, path);
		hash_add(&h, bytes_of("", 1));
		hash_add(&h, file);
		hash_done(&h, hash, ID_LEN);
		out[len++] = '_';
		for (size_t i = 0; i < 10; i++)
			out[len++] = digits[hash[i] % 32];
	}
	out[len] = 0;
}

/* Lists */

static size_t layer_list_place(const struct layer_list *list, const char *id)
{
	size_t from = 0, to = list->count;

	while (from < to) {
		size_t middle = (from + to) / 2;
		if (strcmp(list->entries[middle]->info.id, id) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

struct layer_entry *layer_list_find(const struct layer_list *list, const char *id)
{
	size_t at = layer_list_place(list, id);

	return at < list->count && strcmp(list->entries[at]->info.id, id) == 0 ? list->entries[at]
									       : NULL;
}

void layer_list_add(struct layer_list *list, struct layer_entry *entry)
{
	size_t at = layer_list_place(list, entry->info.id);

	list->entries = mem_room(list->entries, list->count, &list->cap, sizeof(*list->entries));
	memmove(list->entries + at + 1, list->entries + at,
		(list->count - at) * sizeof(*list->entries));
	list->entries[at] = entry;
	list->count++;
}

void layer_info_fini(struct layer_info *info)
{
	free(info->id);
	free(info->path);
	free(info->file);
	free(info->table);
	free(info->media_type);
	free(info->why);
	*info = (struct layer_info){0};
}

void layer_entry_free(struct layer_entry *entry)
{
	table_keep_drop(entry->kept);
	layer_info_fini(&entry->info);
	free(entry);
}

void layer_entry_forget(struct layers *layers, struct layer_entry *entry)
{
	table_keep_drop(entry->kept);
	layers->kept_bytes -= entry->kept_bytes;
	entry->kept = NULL;
	entry->kept_bytes = 0;
	entry->stale = true;
	free(entry->info.table);
	entry->info.table = NULL;
	entry->info.state = LAYER_WANTED;
}

static char *str_copy(const char *text)
{
	return text ? mem_str(text) : NULL;
}

static void info_copy(struct layer_info *out, const struct layer_info *in)
{
	*out = *in;
	out->id = str_copy(in->id);
	out->path = str_copy(in->path);
	out->file = str_copy(in->file);
	out->table = str_copy(in->table);
	out->media_type = str_copy(in->media_type);
	out->why = str_copy(in->why);
}

enum err layers_find(struct layers *layers, bool open, const char *id, struct layer_info *out)
{
	struct layer_entry *entry;
	enum err err = ERR_ABSENT;

	pthread_mutex_lock(&layers->lock);
	entry = layer_list_find(&layers->lists[open], id);
	if (entry && !entry->absent) {
		entry->used_ms = clock_mono_ms();
		if (!open && entry->info.state == LAYER_WANTED && !entry->asked) {
			entry->asked = layers->asked = true;
			pthread_cond_signal(&layers->wake);
		}
		info_copy(out, &entry->info);
		err = ERR_OK;
	}
	pthread_mutex_unlock(&layers->lock);
	return err;
}

enum err layers_after(struct layers *layers, bool open, const char *id, struct layer_info *out)
{
	const struct layer_list *list = &layers->lists[open];
	enum err err = ERR_ABSENT;

	pthread_mutex_lock(&layers->lock);
	size_t at = layer_list_place(list, id);
	while (at < list->count &&
	       (strcmp(list->entries[at]->info.id, id) <= 0 || list->entries[at]->absent))
		at++;
	if (at < list->count) {
		info_copy(out, &list->entries[at]->info);
		err = ERR_OK;
	}
	pthread_mutex_unlock(&layers->lock);
	return err;
}

uint64_t layers_generation(struct layers *layers)
{
	uint64_t generation;

	pthread_mutex_lock(&layers->lock);
	generation = layers->generation;
	pthread_mutex_unlock(&layers->lock);
	return generation;
}

/* Life */

static char *features_dir(const char *dir)
{
	size_t len = strlen(dir) + sizeof("/derived/features");
	char *path = mem_new(1, len);

	snprintf(path, len, "%s/derived", dir);
	mkdir(path, 0700);
	snprintf(path, len, "%s/derived/features", dir);
	mkdir(path, 0700);
	return path;
}

struct layers *layers_open(const struct node_view *node)
{
	struct layers *layers = mem_new(1, sizeof(*layers));

	layers->node = node;
	layers->dir = features_dir(node->dir);
	/* never one that was used before, also not by another process */
	layers->generation = (uint64_t)clock_now_ms() << 16;
	check(pthread_mutex_init(&layers->lock, NULL) == 0);
	check(pthread_cond_init(&layers->wake, NULL) == 0);
	if (pthread_create(&layers->thread, NULL, layers_run, layers))
		check(false);
	return layers;
}

void layers_stop(struct layers *layers)
{
	atomic_store(&layers->stop, true);
	pthread_mutex_lock(&layers->lock);
	pthread_cond_signal(&layers->wake);
	pthread_mutex_unlock(&layers->lock);
}

bool layers_busy(struct layers *layers)
{
	return !atomic_load(&layers->ended);
}

void layers_close(struct layers *layers)
{
	pthread_join(layers->thread, NULL);
	for (int open = 0; open < 2; open++) {
		for (size_t i = 0; i < layers->lists[open].count; i++)
			layer_entry_free(layers->lists[open].entries[i]);
		free(layers->lists[open].entries);
	}
	pthread_mutex_destroy(&layers->lock);
	pthread_cond_destroy(&layers->wake);
	free(layers->dir);
	free(layers);
}
