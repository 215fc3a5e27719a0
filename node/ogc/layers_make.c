/*
 * layers_make - the thread that follows the index, and has tables made.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "node/features/csv_in.h"
#include "node/ogc/layers_internal.h"
#include "node/ogc/table_from.h"

#define LOOK_MS    1000  /* at the index, whether it has changed */
#define RETRY_MS   30000 /* what could not be read then */
#define WALK_SHARE 20
#define WALK_PAGE  200
#define NAME_LEN   (2 * ID_LEN + 32)
#define SUFFIX     ".sqlite"

static const struct visitor everything = {.kind = VISITOR_ADMIN, .verb = TOKEN_READ};

/* Walking */

struct walk_page {
	char *paths[WALK_PAGE];
	size_t count;
};

static bool walk_page_take(void *arg, const struct index_item *item)
{
	struct walk_page *page = arg;

	if (page->count < WALK_PAGE)
		page->paths[page->count++] = mem_str(item->path);
	return page->count < WALK_PAGE;
}

struct walk_item {
	struct layers *layers;
	const struct index_item *item;
	bool open;
};

static void text_set(char **text, const char *value)
{
	if (*text && strcmp(*text, value) == 0)
		return;
	free(*text);
	*text = mem_str(value);
}

static struct layer_entry *entry_new(struct layers *layers, bool open, const char *id)
{
	struct layer_entry *entry;

	if (layers->lists[0].count + layers->lists[1].count >= LAYERS_MAX) {
		layers->full = true;
		return NULL;
	}
	entry = mem_new(1, sizeof(*entry));
	entry->info.id = mem_str(id);
	entry->open = open;
	entry->stale = true;
	layer_list_add(&layers->lists[open], entry);
	return entry;
}

/* One file of a dataset that can be read: a layer, if it has features. */
static bool walk_file(void *arg, const struct index_file *file)
{
	struct walk_item *at = arg;
	struct layers *layers = at->layers;
	char id[LAYER_ID_LEN_MAX + 1];
	enum table_source source = table_source_of(file->name);
	unsigned zone = source == SOURCE_CSV ? csv_zone(at->item->ags) : 0;

	if (source == SOURCE_NONE)
		return true;
	layer_id(id, bytes_str(at->item->path), bytes_str(file->name));
	pthread_mutex_lock(&layers->lock);
	struct layer_entry *entry = layer_list_find(&layers->lists[at->open], id);
	entry = entry ? entry : entry_new(layers, at->open, id);
	if (entry) {
		text_set(&entry->info.path, at->item->path);
		text_set(&entry->info.file, file->name);
		text_set(&entry->info.media_type, file->media_type);
		entry->info.dataset = at->item->dataset;
		entry->info.file_len = file->size;
		if (memcmp(&entry->hash, &file->sha256, sizeof(entry->hash)) != 0 ||
		    entry->zone != zone) {
			entry->hash = file->sha256;
			entry->zone = zone;
			entry->stale = true;
			entry->absent = false;
			entry->retry_ms = 0;
		}
		entry->walk = layers->walk;
	}
	pthread_mutex_unlock(&layers->lock);
	return !layers->full;
}

static enum err walk_path(struct layers *layers, const char *path)
{
	struct index_item item;
	struct walk_item at = {layers, &item, false};
	enum err err = index_get(layers->reader, &everything, path, &item);

	at.open = !err && item.tier == TIER_OPEN;
	if (!err && item.readable && item.held && item.listed)
		err = index_files(layers->reader, &item, walk_file, &at);
	index_item_fini(&item);
	return err == ERR_ABSENT ? ERR_OK : err;
}

/* The datasets with files of a format that may have features. */
static enum err walk_all(struct layers *layers)
{
	static const struct index_filter formats = {
		.field = INDEX_FORMAT,
		.values = {"GEOJSON", "JSON", "CSV", "TSV", "ZIP", "SHP", "GPKG", "GML"},
		.value_count = 8,
	};
	struct index_query query = {
		.filters = &formats, .filter_count = 1, .sort = INDEX_BY_PATH, .limit = WALK_PAGE};
	struct walk_page page = {.count = WALK_PAGE};
	char why[WHY_LEN];
	enum err err = ERR_OK;

	while (!err && page.count == WALK_PAGE && !atomic_load(&layers->stop)) {
		page.count = 0;
		err = index_search(layers->reader, &everything, &query, walk_page_take, &page, NULL,
				   why);
		for (size_t i = 0; i < page.count; i++) {
			if (!err)
				err = walk_path(layers, page.paths[i]);
			free(page.paths[i]);
		}
		query.offset += WALK_PAGE;
	}
	return err;
}

/* What the walk has not seen is published no more. */
static void layers_drop_unseen(struct layers *layers)
{
	pthread_mutex_lock(&layers->lock);
	for (int open = 0; open < 2; open++) {
		struct layer_list *list = &layers->lists[open];
		size_t left = 0;
		for (size_t i = 0; i < list->count; i++) {
			struct layer_entry *entry = list->entries[i];
			if (entry->walk == layers->walk) {
				list->entries[left++] = entry;
				continue;
			}
			layers->kept_bytes -= entry->kept_bytes;
			layer_entry_free(entry);
		}
		list->count = left;
	}
	layers->generation++;
	pthread_mutex_unlock(&layers->lock);
}

static void layer_file_name(char out[NAME_LEN], const struct digest *hash, unsigned zone)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = 0;

	for (size_t i = 0; i < sizeof(hash->b); i++) {
		out[len++] = digits[hash->b[i] >> 4];
		out[len++] = digits[hash->b[i] & 15];
	}
	if (zone)
		snprintf(out + len, NAME_LEN - len, "-%u" SUFFIX, zone);
	else
		snprintf(out + len, NAME_LEN - len, SUFFIX);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the tables of open layers: as they are, and as they will be. */
static char **table_names(struct layers *layers, size_t *count)
{
	char **names, name[NAME_LEN];

	*count = 0;
	pthread_mutex_lock(&layers->lock);
	const struct layer_list *list = &layers->lists[1];
	names = mem_new(2 * list->count + 1, sizeof(*names));
	for (size_t i = 0; i < list->count; i++) {
		const struct layer_entry *entry = list->entries[i];
		const char *table = entry->info.table ? strrchr(entry->info.table, '/') : NULL;
		layer_file_name(name, &entry->hash, entry->zone);
		names[(*count)++] = mem_str(name);
		if (table)
			names[(*count)++] = mem_str(table + 1);
	}
	pthread_mutex_unlock(&layers->lock);
	qsort(names, *count, sizeof(*names), by_text);
	return names;
}

/* Files that are nobody's table go; the others are counted. */
static void layers_sweep(struct layers *layers)
{
	size_t count;
	char **names = table_names(layers, &count);
	DIR *dir = opendir(layers->dir);
	struct dirent *one;
	struct stat stat;

	layers->disk_bytes = 0;
	while (dir && (one = readdir(dir))) {
		const char *name = one->d_name;
		if (name[0] == '.')
			continue;
		if (!bsearch(&name, names, count, sizeof(*names), by_text))
			unlinkat(dirfd(dir), name, 0);
		else if (fstatat(dirfd(dir), name, &stat, AT_SYMLINK_NOFOLLOW) == 0)
			layers->disk_bytes += (uint64_t)stat.st_size;
	}
	if (dir)
		closedir(dir);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static void layers_walk(struct layers *layers)
{
	int64_t now_ms = clock_mono_ms();
	uint64_t generation = index_generation(layers->reader, &everything);

	if (!generation || generation == layers->seen || now_ms < layers->walk_after_ms)
		return;
	layers->walk++;
	layers->full = false;
	if (!walk_all(layers) && !atomic_load(&layers->stop)) {
		layers_drop_unseen(layers);
		layers_sweep(layers);
		layers->seen = generation;
	}
	int64_t end_ms = clock_mono_ms();
	layers->walk_after_ms = end_ms + WALK_SHARE * (end_ms - now_ms);
}

/* Making */

struct job {
	char *id, *path, *file;
	struct digest hash;
	unsigned zone;
	bool open, asked;
	uint64_t file_len;
};

/* Room in memory for the table of an entry: of those that were asked for, others go. */
static bool room_for(struct layers *layers, const struct layer_entry *wanted)
{
	uint64_t need = 2 * wanted->info.file_len;

	while (layers->kept_bytes && layers->kept_bytes + need > LAYERS_MEMORY_MAX) {
		const struct layer_list *list = &layers->lists[0];
		struct layer_entry *oldest = NULL;
		for (size_t i = 0; i < list->count && wanted->asked; i++) {
			struct layer_entry *entry = list->entries[i];
			if (entry->kept && (!oldest || entry->used_ms < oldest->used_ms))
				oldest = entry;
		}
		if (!oldest)
			return false;
		layer_entry_forget(layers, oldest);
	}
	return layers->kept_bytes < LAYERS_MEMORY_MAX;
}

static bool entry_is_due(struct layers *layers, const struct layer_entry *entry, int64_t now_ms)
{
	return entry->stale && !entry->absent && entry->retry_ms <= now_ms &&
	       (entry->open || room_for(layers, entry));
}

static bool job_next(struct layers *layers, struct job *job)
{
	int64_t now_ms = clock_mono_ms();
	struct layer_entry *due = NULL;

	pthread_mutex_lock(&layers->lock);
	layers->asked = false;
	for (int open = 0; open < 2; open++)
		for (size_t i = 0; i < layers->lists[open].count; i++) {
			struct layer_entry *entry = layers->lists[open].entries[i];
			/* who waits comes first */
			if ((due && !entry->asked) || !entry_is_due(layers, entry, now_ms))
				continue;
			if (!due || !due->asked)
				due = entry;
		}
	if (due)
		*job = (struct job){.id = mem_str(due->info.id),
				    .path = mem_str(due->info.path),
				    .file = mem_str(due->info.file),
				    .hash = due->hash,
				    .zone = due->zone,
				    .open = due->open,
				    .asked = due->asked,
				    .file_len = due->info.file_len};
	pthread_mutex_unlock(&layers->lock);
	return due != NULL;
}

static void job_fini(struct job *job)
{
	free(job->id);
	free(job->path);
	free(job->file);
}

/* What came of a job. */
struct job_end {
	char *table;
	struct table_keep *kept;
	struct table_about about;
	enum err err;
	char why[WHY_LEN];
};

static void entry_made(struct layers *layers, struct layer_entry *entry, struct job_end *end)
{
	layer_entry_forget(layers, entry);
	entry->stale = entry->asked = false;
	entry->info.table = end->table;
	entry->kept = end->kept;
	entry->kept_bytes = end->kept ? table_keep_bytes(end->kept) : 0;
	layers->kept_bytes += entry->kept_bytes;
	entry->info.about = end->about;
	entry->info.has_about = true;
	entry->info.state = LAYER_MADE;
	end->table = NULL;
	end->kept = NULL;
}

static void entry_failed(struct layers *layers, struct layer_entry *entry, struct job_end *end)
{
	if (end->err == ERR_ABSENT) {
		layer_entry_forget(layers, entry);
		entry->absent = true;
	} else if (end->err == ERR_MALFORMED || end->err == ERR_FULL) {
		layer_entry_forget(layers, entry);
		entry->stale = entry->asked = false;
		entry->info.state = LAYER_UNFIT;
		text_set(&entry->info.why, end->why);
	} else {
		entry->retry_ms = clock_mono_ms() + RETRY_MS;
	}
}

static void job_done(struct layers *layers, const struct job *job, struct job_end *end)
{
	pthread_mutex_lock(&layers->lock);
	struct layer_entry *entry = layer_list_find(&layers->lists[job->open], job->id);
	if (entry && memcmp(&entry->hash, &job->hash, sizeof(job->hash)) == 0) {
		if (end->err)
			entry_failed(layers, entry, end);
		else
			entry_made(layers, entry, end);
		layers->generation++;
	}
	pthread_mutex_unlock(&layers->lock);
	free(end->table);
	table_keep_drop(end->kept);
}

static void job_path(struct layers *layers, const struct job *job, struct job_end *end)
{
	char name[NAME_LEN];
	size_t len = strlen(layers->dir) + NAME_LEN + 64;

	layer_file_name(name, &job->hash, job->zone);
	end->table = mem_new(1, len);
	if (job->open)
		snprintf(end->table, len, "%s/%s", layers->dir, name);
	else
		/* never one that somebody still reads from */
		snprintf(end->table, len, "memory:%p-%llu", (void *)layers,
			 (unsigned long long)++layers->made_count);
}

/* Made from the file; or it is there, from before the start, or of another dataset. */
static void job_make(struct layers *layers, const struct job *job, struct job_end *end)
{
	struct table_limits limits = {
		.feature_count_max = TABLE_FROM_FEATURES_MAX,
		.byte_count_max =
			job->open ? TABLE_FROM_BYTES_MAX : LAYERS_MEMORY_MAX - layers->kept_bytes,
		.stop = &layers->stop,
	};
	struct feature_table *table;
	struct content *content;

	if (job->open && !feature_table_open(&table, end->table)) {
		end->about = *feature_table_about(table);
		feature_table_close(table);
		return;
	}
	if (job->open && layers->disk_bytes + 2 * job->file_len > LAYERS_DISK_MAX) {
		end->err = ERR_FULL;
		snprintf(end->why, sizeof(end->why), "there is no room for more feature tables");
		return;
	}
	end->err = content_get(layers->node->contents, job->path, 0, &content, end->why);
	/* it is withdrawn: the next walk learns of it */
	if (end->err) {
		end->err = ERR_AGAIN;
		return;
	}
	const struct manifest_file *file = content_file(content, job->file);
	if (!file || memcmp(&file->sha256, &job->hash, sizeof(job->hash)) != 0)
		end->err = ERR_AGAIN;
	else
		end->err = table_from(content, file, job->zone, job->open ? layers->dir : NULL,
				      end->table, &limits, &end->about, &end->kept, end->why);
	content_put(content);
	if (!end->err)
		layers->disk_bytes += job->open ? 2 * job->file_len : 0;
}

static bool layers_make_one(struct layers *layers)
{
	struct job job;
	struct job_end end = {0};

	if (atomic_load(&layers->stop) || !job_next(layers, &job))
		return false;
	job_path(layers, &job, &end);
	job_make(layers, &job, &end);
	job_done(layers, &job, &end);
	job_fini(&job);
	return true;
}

static void layers_wait(struct layers *layers)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += LOOK_MS % 1000 * 1000000L;
	until.tv_sec += LOOK_MS / 1000;
	pthread_mutex_lock(&layers->lock);
	if (!layers->asked && !atomic_load(&layers->stop))
		pthread_cond_timedwait(&layers->wake, &layers->lock, &until);
	pthread_mutex_unlock(&layers->lock);
}

void *layers_run(void *arg)
{
	struct layers *layers = arg;

	layers->reader = index_reader_open(layers->node->index);
	while (!atomic_load(&layers->stop)) {
		layers_walk(layers);
		if (!layers_make_one(layers))
			layers_wait(layers);
	}
	index_reader_close(layers->reader);
	atomic_store(&layers->ended, true);
	return NULL;
}
