/*
 * feed_build - from the index to the pages of the feed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "node/base/clock.h"
#include "node/index/uuid.h"
#include "node/portal/feed_internal.h"

/* Raised when the same datasets make other pages. */
#define FEED_FORM      3
#define PAGE_LEN_MAX   ((size_t)48 << 20) /* harvesters refuse more than 50 MB */
#define PAGE_FILES_MIN 8                  /* a dataset without known files is as much as so many */

static const struct visitor ANYONE = {.kind = VISITOR_ANYONE};

/* ---- whose node it is ---- */

static void site_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct feed_site *site = arg;
	const struct charter_member *member =
		charter_member(&hub->charter, author_member(hub->author));

	if (!member)
		return;
	snprintf(site->name, sizeof(site->name), "%s", member->name);
	snprintf(site->slug, sizeof(site->slug), "%s", member->slug);
	snprintf(site->home, sizeof(site->home), "%s", member->home);
	snprintf(site->ags, sizeof(site->ags), "%s", member->ags);
}

void feed_site_point(struct feed_site *site)
{
	site->dcat = (struct dcat_site){.base = site->base,
					.organisation = site->name,
					.slug = site->slug,
					.home = site->home,
					.ags = site->ags,
					.contributor = site->contributor ? site->contributor : ""};
}

bool feed_site_take(struct feed *feed, struct feed_site *out)
{
	const struct identity *identity = feed->node->identity;

	*out = (struct feed_site){.contributor = feed->contributor};
	snprintf(out->name, sizeof(out->name), "%s", identity->name);
	snprintf(out->slug, sizeof(out->slug), "%s", identity->slug);
	snprintf(out->home, sizeof(out->home), "%s", identity->slug);
	snprintf(out->ags, sizeof(out->ags), "%s", identity->ags);
	snprintf(out->base, sizeof(out->base), "%s", feed->node->config->base_url);
	if (!out->base[0])
		snprintf(out->base, sizeof(out->base), "http://%s", feed->node->http);
	enum err err = asker_ask(feed->asker, site_run, out);
	feed_site_point(out);
	return !err;
}

/* ---- which datasets ---- */

struct rows {
	const struct feed_guard *guard;
	struct feed_row *items;
	size_t count, cap;
};

/* Held here; or it was, and a later version is on its way. */
static bool row_take(void *arg, const struct index_row *row)
{
	struct rows *rows = arg;
	struct feed_row out = {.number = row->number,
			       .modified_ms = row->modified_ms,
			       .mark = row->mark,
			       .file_count = row->file_count,
			       .held = row->held};

	if (!uuid_get(out.uuid, row->uuid))
		return true;
	const struct feed_guard_row *before = feed_guard_find(rows->guard, out.uuid);
	if (!row->held && (!before || before->lost_ms != 0 || row->number <= before->number))
		return true;
	rows->items = mem_room(rows->items, rows->count, &rows->cap, sizeof(*rows->items));
	rows->items[rows->count++] = out;
	return true;
}

/* ---- how many pages ---- */

static uint64_t feed_part_of(const uint8_t uuid[GUARD_UUID_LEN], uint64_t parts)
{
	const uint32_t top = be32_get(uuid);

	return parts > 1 ? top / (uint32_t)((UINT64_C(1) << 32) / parts) : 0;
}

static size_t part_end(const struct rows *rows, size_t from, uint64_t part, uint64_t parts)
{
	size_t end = from;

	while (end < rows->count && feed_part_of(rows->items[end].uuid, parts) == part)
		end++;
	return end;
}

/* Whether no page is too large when there are so many. */
static bool parts_suffice(const struct rows *rows, uint64_t parts)
{
	size_t from = 0;

	for (uint64_t part = 0; part < parts; part++) {
		uint64_t files = 0;
		size_t end = part_end(rows, from, part, parts);
		for (size_t i = from; i < end; i++) {
			uint64_t own = rows->items[i].file_count;
			files += own > DCAT_FILE_COUNT_MAX ? DCAT_FILE_COUNT_MAX
				 : own > PAGE_FILES_MIN    ? own
							   : PAGE_FILES_MIN;
		}
		if (end - from > FEED_PAGE_SIZE || files > FEED_PAGE_FILES)
			return false;
		from = end;
	}
	return true;
}

/* As many as before while that suffices and is not four times too many. */
static uint64_t parts_choose(const struct rows *rows, uint64_t before)
{
	uint64_t parts = 1;

	while (parts < FEED_PARTS_MAX && !parts_suffice(rows, parts))
		parts *= 2;
	return before > parts && before < 4 * parts && before <= FEED_PARTS_MAX ? before : parts;
}

/* ---- pages ---- */

char *feed_page_path(const struct feed *feed, uint64_t parts, uint64_t number, uint64_t digest,
		     enum rdf_syntax syntax)
{
	char *path;

	check(asprintf(&path, "%s/%" PRIu64 "-%" PRIu64 "-%016" PRIx64 ".%s", feed->folder, parts,
		       number, digest, rdf_extension(syntax)) > 0);
	return path;
}

static void digest_text(struct hash *hash, const char *text)
{
	hash_add_be64(hash, strlen(text));
	hash_add(hash, bytes_str(text));
}

/* Of all that a page is made of. */
static uint64_t page_digest(const struct feed *feed, const struct feed_set *set, uint64_t number,
			    size_t from, size_t end)
{
	const struct feed_site *site = &feed->site;
	uint8_t out[ID_LEN];
	struct hash hash;

	hash_init_plain(&hash);
	hash_add_be64(&hash, FEED_FORM);
	digest_text(&hash, site->base);
	digest_text(&hash, site->name);
	digest_text(&hash, site->home);
	digest_text(&hash, site->ags);
	digest_text(&hash, site->dcat.contributor);
	hash_add_be64(&hash, set->parts);
	hash_add_be64(&hash, number);
	if (number == 1) { /* it says how many there are in all, and when one has changed last */
		hash_add_be64(&hash, set->count);
		hash_add_be64(&hash, (uint64_t)set->modified_ms);
	}
	for (size_t i = from; i < end; i++) {
		const struct feed_row *row = &set->rows[i];
		hash_add(&hash, bytes_of(row->uuid, GUARD_UUID_LEN));
		hash_add_be64(&hash, row->mark);
	}
	hash_done(&hash, out, ID_LEN);
	return be64_get(out);
}

struct files_put {
	struct dcat dcat[RDF_SYNTAX_COUNT];
	struct rdf *const *rdf;
};

static bool feed_file_put(void *arg, const struct index_file *file)
{
	struct files_put *put = arg;

	for (int i = 0; i < RDF_SYNTAX_COUNT; i++)
		if (put->rdf[i])
			dcat_file(&put->dcat[i], file);
	return true;
}

enum err feed_put(struct index_reader *reader, const struct visitor *visitor, const char *uuid,
		  const struct dcat_site *site, bool in_catalog,
		  struct rdf *const rdf[RDF_SYNTAX_COUNT])
{
	struct files_put *put = mem_new(1, sizeof(*put));
	struct index_item item;
	enum err err = index_get_uuid(reader, visitor, uuid, &item);

	put->rdf = rdf;
	for (int i = 0; i < RDF_SYNTAX_COUNT && !err; i++)
		if (rdf[i])
			dcat_begin(&put->dcat[i], rdf[i], site, &item, in_catalog);
	if (!err)
		err = index_files(reader, &item, feed_file_put, put);
	for (int i = 0; i < RDF_SYNTAX_COUNT && !err; i++)
		if (rdf[i])
			dcat_end(&put->dcat[i]);
	index_item_fini(&item);
	free(put);
	return err;
}

static enum err feed_page_write(const char *path, struct bytes bytes)
{
	char *beside;
	enum err err = ERR_OK;

	check(asprintf(&beside, "%s.new", path) > 0);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (size_t at = 0; fd >= 0 && at < bytes.len && !err;) {
		ssize_t len = write(fd, bytes.ptr + at, bytes.len - at);
		if (len < 0)
			err = errno == ENOSPC || errno == EDQUOT ? ERR_NOSPACE : ERR_IO;
		else
			at += (size_t)len;
	}
	/* A name that is found after a crash is that of a whole page. */
	if (fd < 0 || (!err && fsync(fd)))
		err = ERR_IO;
	if (fd >= 0)
		close(fd);
	if (!err && rename(beside, path))
		err = ERR_IO;
	if (err)
		unlink(beside);
	free(beside);
	return err;
}

static bool page_is_there(const struct feed *feed, uint64_t parts, uint64_t number, uint64_t digest)
{
	bool there = true;

	for (int i = 0; i < RDF_SYNTAX_COUNT && there; i++) {
		char *path = feed_page_path(feed, parts, number, digest, (enum rdf_syntax)i);
		there = access(path, R_OK) == 0;
		free(path);
	}
	return there;
}

struct page_texts {
	struct buf out[RDF_SYNTAX_COUNT];
	struct rdf *rdf[RDF_SYNTAX_COUNT];
};

static void texts_begin(struct page_texts *texts, const struct feed *feed,
			const struct feed_set *set, uint64_t number)
{
	char query[40];

	snprintf(query, sizeof(query), "&of=%" PRIu64, set->parts);
	for (int i = 0; i < RDF_SYNTAX_COUNT; i++) {
		const struct dcat_page page = {.syntax = (enum rdf_syntax)i,
					       .number = number,
					       .count = set->parts,
					       .dataset_count = number == 1 ? set->count : 0,
					       .size = FEED_PAGE_SIZE,
					       .modified_ms = number == 1 ? set->modified_ms : 0,
					       .query = query};
		buf_init(&texts->out[i], PAGE_LEN_MAX);
		texts->rdf[i] = rdf_open((enum rdf_syntax)i, &texts->out[i]);
		dcat_catalog(texts->rdf[i], &feed->site.dcat, &page);
	}
}

static enum err texts_end(struct page_texts *texts, const struct feed *feed,
			  const struct feed_set *set, uint64_t number, enum err err)
{
	for (int i = 0; i < RDF_SYNTAX_COUNT; i++) {
		enum err fault = rdf_close(texts->rdf[i]);
		char *path = feed_page_path(feed, set->parts, number, set->pages[number - 1].digest,
					    (enum rdf_syntax)i);
		if (!err)
			err = fault;
		if (!err)
			err = feed_page_write(path, buf_bytes(&texts->out[i]));
		buf_fini(&texts->out[i]);
		free(path);
	}
	return err;
}

static enum err feed_page_make(struct feed *feed, const struct feed_set *set, uint64_t number,
			       size_t from, size_t end)
{
	char uuid[INDEX_UUID_LEN + 1];
	struct page_texts texts;
	enum err err = ERR_OK;

	texts_begin(&texts, feed, set, number);
	for (size_t i = from; i < end && !err; i++) {
		uuid_put(uuid, set->rows[i].uuid);
		err = feed_put(feed->reader, &ANYONE, uuid, &feed->site.dcat, true, texts.rdf);
	}
	if (err == ERR_ABSENT)
		err = ERR_AGAIN; /* it went meanwhile */
	return texts_end(&texts, feed, set, number, err);
}

static enum err pages_make(struct feed *feed, struct feed_set *set)
{
	const struct rows rows = {.items = set->rows, .count = set->count};
	enum err err = ERR_OK;
	size_t from = 0;

	for (uint64_t number = 1; number <= set->parts && !err; number++) {
		struct feed_page *page = &set->pages[number - 1];
		size_t end = part_end(&rows, from, number - 1, set->parts);
		for (size_t i = from; i < end; i++)
			if (set->rows[i].modified_ms > page->modified_ms)
				page->modified_ms = set->rows[i].modified_ms;
		page->digest = page_digest(feed, set, number, from, end);
		if (!page_is_there(feed, set->parts, number, page->digest))
			err = feed_page_make(feed, set, number, from, end);
		from = end;
	}
	return err;
}

/* ---- exchange ---- */

/* Pages that are not handed out any more; who reads one reads it to its end. */
static void pages_sweep(const struct feed *feed, const struct feed_set *set)
{
	DIR *dir = opendir(feed->folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		uint64_t parts = 0, number = 0, digest = 0;
		if (entry->d_name[0] == '.')
			continue;
		if (sscanf(entry->d_name, "%" SCNu64 "-%" SCNu64 "-%" SCNx64 ".", &parts, &number,
			   &digest) == 3 &&
		    parts == set->parts && number >= 1 && number <= parts &&
		    set->pages[number - 1].digest == digest && !strstr(entry->d_name, ".new"))
			continue;
		unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

static void feed_exchange(struct feed *feed, struct feed_set *set)
{
	uv_mutex_lock(&feed->lock);
	struct feed_set *before = feed->set;
	struct feed_status *status = &feed->status;
	const bool last = before && --before->users == 0;
	feed->set = set;
	feed->shown = feed->site;
	feed_site_point(&feed->shown);
	snprintf(status->base, sizeof(status->base), "%s", feed->site.base);
	status->base_set = feed->node->config->base_url[0] != 0;
	status->had = status->has = set->count;
	status->lost = status->lost_count = 0;
	status->datasets = set->count;
	status->pages = set->parts;
	status->built_ms = clock_now_ms();
	uv_mutex_unlock(&feed->lock);
	feed_say(feed, FEED_READY, "");
	if (last)
		feed_set_free(before);
	pages_sweep(feed, set);
}

/* ---- a build ---- */

static struct feed_guard_row *guard_rows(const struct feed *feed, const struct rows *rows)
{
	struct feed_guard_row *out = mem_new(rows->count + 1, sizeof(*out));

	for (size_t i = 0; i < rows->count; i++) {
		const struct feed_row *row = &rows->items[i];
		const struct feed_guard_row *before = feed_guard_find(&feed->guard, row->uuid);
		memcpy(out[i].uuid, row->uuid, GUARD_UUID_LEN);
		out[i].number = row->held || !before ? row->number : before->number;
	}
	return out;
}

static bool is_in(const struct rows *rows, const uint8_t uuid[GUARD_UUID_LEN])
{
	size_t low = 0, high = rows->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = memcmp(rows->items[mid].uuid, uuid, GUARD_UUID_LEN);
		if (cmp == 0)
			return true;
		if (cmp < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* Which are gone, for people; and that it is not handed out. */
static void feed_refuse(struct feed *feed, const struct rows *rows,
			const struct feed_guard_verdict *verdict)
{
	struct feed_status *status = &feed->status;

	uv_mutex_lock(&feed->lock);
	status->had = verdict->had;
	status->has = verdict->has;
	status->lost = verdict->lost;
	status->lost_count = 0;
	for (size_t i = 0; i < feed->guard.count && status->lost_count < FEED_LOST_NAMED; i++)
		if (!is_in(rows, feed->guard.rows[i].uuid))
			uuid_put(status->lost_uuids[status->lost_count++],
				 feed->guard.rows[i].uuid);
	uv_mutex_unlock(&feed->lock);
	feed_say(feed, FEED_REFUSED,
		 feed->guard.damaged ? "what it had before cannot be read any more" : "");
}

static enum err folder_make(const struct feed *feed)
{
	char *slash = strrchr(feed->folder, '/');

	*slash = 0;
	mkdir(feed->folder, 0700);
	*slash = '/';
	return mkdir(feed->folder, 0700) && errno != EEXIST
		       ? (errno == ENOSPC ? ERR_NOSPACE : ERR_IO)
		       : ERR_OK;
}

static struct feed_set *set_make(struct feed *feed, struct rows *rows)
{
	struct feed_set *set = mem_new(1, sizeof(*set));

	set->users = 1;
	set->parts = parts_choose(rows, feed->guard.parts);
	set->pages = mem_new(set->parts, sizeof(*set->pages));
	set->rows = rows->items;
	set->count = rows->count;
	for (size_t i = 0; i < rows->count; i++)
		if (rows->items[i].modified_ms > set->modified_ms)
			set->modified_ms = rows->items[i].modified_ms;
	rows->items = NULL;
	return set;
}

/* The guard knows first: what was handed out is never more than it knows of. */
static enum err hand_out(struct feed *feed, struct rows *rows, bool confirmed)
{
	struct feed_guard_row *told = guard_rows(feed, rows);
	struct feed_set *set = set_make(feed, rows);
	enum err err = folder_make(feed);

	if (!err)
		err = pages_make(feed, set);
	if (!err) {
		feed->guard.parts = set->parts;
		feed_guard_take(&feed->guard, told, set->count, confirmed, clock_now_ms());
		err = feed_guard_save(&feed->guard, feed->state_path);
	}
	if (err)
		feed_set_free(set);
	else
		feed_exchange(feed, set);
	free(told);
	return err;
}

static enum err judge_rows(struct feed *feed, struct rows *rows, bool confirmed)
{
	struct feed_guard_row *told = guard_rows(feed, rows);
	struct feed_guard_verdict verdict =
		feed_guard_judge(&feed->guard, told, rows->count, clock_now_ms());

	free(told);
	if (verdict.refused && !confirmed) {
		feed_refuse(feed, rows, &verdict);
		return ERR_ABSENT;
	}
	if (rows->count == 0 && !feed->guard.before && !confirmed) {
		feed_say(feed, FEED_EMPTY, "");
		return ERR_ABSENT;
	}
	return hand_out(feed, rows, confirmed);
}

enum err feed_build(struct feed *feed, bool confirmed)
{
	struct rows rows = {.guard = &feed->guard};

	enum err err = index_walk(feed->reader, row_take, &rows);
	if (!err)
		err = judge_rows(feed, &rows, confirmed);
	free(rows.items);
	return err;
}
