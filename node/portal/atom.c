/*
 * atom - /feed.atom, /d/SLUG/feed.atom and /d/PATH/feed.atom: what was published last, by all, by
 * an organisation, of a dataset; for people's news readers (RFC 4287).
 *
 * Ids are names for life, as in the catalogue (dcat.h); ATOM_ENTRIES entries at most.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/utf8.h"
#include "node/base/clock.h"
#include "node/care/node_view.h"
#include "node/http/markup.h"
#include "node/http/percent.h"
#include "node/portal/dataset.h"
#include "node/portal/dcat.h"
#include "node/portal/portal.h"
#include "proto/catalog/catalog.h"

enum { ATOM_ENTRIES = 50, ATOM_LEN_MAX = 4 << 20, BASE_LEN_MAX = 512 };
#define ATOM_NAME "/feed.atom"
#define ATOM_TYPE "application/atom+xml; charset=utf-8"

/* ---- XML ---- */

struct atom {
	struct buf out, entries;
	char base[BASE_LEN_MAX + 1];
	int64_t updated_ms;
};

static void atom_raw(struct buf *out, const char *text)
{
	buf_add(out, bytes_str(text));
}

/* A text between tags, or in quotation marks; without what XML cannot have. */
static void atom_text(struct buf *out, struct bytes text)
{
	size_t len;
	uint32_t c;

	for (size_t at = 0; at < text.len; at += len) {
		const struct bytes rest = bytes_of(text.ptr + at, text.len - at);
		len = utf8_next(rest, &c);
		if (len == 0)
			len = 1;
		else if (!markup_special(out, c) && (c >= 0x20 || c == '\n' || c == '\t') &&
			 (c & 0xfffe) != 0xfffe)
			buf_add(out, bytes_of(rest.ptr, len));
	}
}

static void atom_leaf(struct buf *out, const char *name, struct bytes text)
{
	atom_raw(out, "<");
	atom_raw(out, name);
	atom_raw(out, ">");
	atom_text(out, text);
	atom_raw(out, "</");
	atom_raw(out, name);
	atom_raw(out, ">\n");
}

static void atom_leaf_time(struct buf *out, const char *name, int64_t ms)
{
	char text[CLOCK_UTC_LEN];

	clock_utc(text, ms);
	atom_leaf(out, name, bytes_str(text[0] ? text : "1970-01-01T00:00:00Z"));
}

/* An address of this node: the path is encoded, the rest stands behind it as it is. */
static void atom_address(struct buf *out, const struct atom *atom, const char *path,
			 const char *rest)
{
	atom_raw(out, atom->base);
	percent_encode(out, bytes_str(path));
	atom_raw(out, rest);
}

static void atom_link(struct buf *out, const struct atom *atom, const char *rel, const char *type,
		      const char *path, const char *rest)
{
	atom_raw(out, "<link rel=\"");
	atom_raw(out, rel);
	atom_raw(out, "\" type=\"");
	atom_raw(out, type);
	atom_raw(out, "\" href=\"");
	atom_address(out, atom, path, rest);
	atom_raw(out, "\"/>\n");
}

static void atom_author(struct buf *out, struct bytes name)
{
	atom_raw(out, "<author>");
	atom_leaf(out, "name", name);
	atom_raw(out, "</author>\n");
}

static void entry_id(struct buf *out, const struct atom *atom, const char *uuid,
		     const char *fragment)
{
	atom_raw(out, "<id>");
	atom_raw(out, atom->base);
	atom_raw(out, "/id/");
	atom_raw(out, uuid);
	atom_raw(out, fragment);
	atom_raw(out, "</id>\n");
}

/* ---- a whole feed ---- */

static void atom_begin(struct atom *atom, struct web_call *call)
{
	struct buf base;

	*atom = (struct atom){.updated_ms = 0};
	buf_init(&atom->out, ATOM_LEN_MAX);
	buf_init(&atom->entries, ATOM_LEN_MAX);
	buf_init(&base, BASE_LEN_MAX);
	web_url(call, &base, "");
	snprintf(atom->base, sizeof(atom->base), "%.*s", (int)base.len, (const char *)base.ptr);
	buf_fini(&base);
}

/* id, what it is about and where that is; path: of the page that it belongs to. */
static void atom_end(struct atom *atom, struct web_call *call, const char *id, const char *title,
		     struct bytes by, const char *path)
{
	struct buf *out = &atom->out;

	atom_raw(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
		      "<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<id>");
	atom_raw(out, atom->base);
	atom_raw(out, id);
	atom_raw(out, "</id>\n");
	atom_leaf(out, "title", bytes_str(title));
	atom_leaf_time(out, "updated",
		       atom->updated_ms > 0 ? atom->updated_ms : call->node->started_ms);
	atom_author(out, by);
	atom_link(out, atom, "self", "application/atom+xml", call->path, "");
	atom_link(out, atom, "alternate", "text/html", path, "");
	buf_add(out, buf_bytes(&atom->entries));
	atom_raw(out, "</feed>\n");
	if (!out->err)
		out->err = atom->entries.err;
	web_cache(call, 60, false);
	web_text(call, 200, ATOM_TYPE, out);
	buf_fini(&atom->out);
	buf_fini(&atom->entries);
}

static void atom_drop(struct atom *atom)
{
	buf_fini(&atom->out);
	buf_fini(&atom->entries);
}

/* ---- datasets ---- */

struct latest {
	struct atom atom;
	char organisation[LIMIT_NAME_LEN_MAX + 1], home[CHARTER_SLUG_LEN_MAX + 1];
	uint64_t count;
};

static bool item_entry(void *arg, const struct index_item *item)
{
	struct latest *latest = arg;
	struct atom *atom = &latest->atom;
	struct buf *out = &atom->entries;
	const struct description *d = &item->description;
	const char *name = item->organisation[0] ? item->organisation : item->slug;
	char path[LIMIT_PATH_LEN_MAX + 8];

	snprintf(path, sizeof(path), "/d/%s", item->path);
	snprintf(latest->organisation, sizeof(latest->organisation), "%s", name);
	snprintf(latest->home, sizeof(latest->home), "%s", item->home);
	latest->count++;
	atom_raw(out, "<entry>\n");
	entry_id(out, atom, item->uuid, "");
	atom_leaf(out, "title", d->title.len > 0 ? d->title : bytes_str(item->path));
	atom_leaf_time(out, "updated", item->published_ms);
	atom_leaf_time(out, "published", item->first_published_ms);
	atom_author(out, bytes_str(name));
	atom_link(out, atom, "alternate", "text/html", path, "");
	if (d->text.len > 0)
		atom_leaf(out, "summary", d->text);
	atom_raw(out, "</entry>\n");
	if (item->published_ms > atom->updated_ms)
		atom->updated_ms = item->published_ms;
	return true;
}

static bool atom_fresh(struct web_call *call)
{
	struct buf of;

	buf_init(&of, 1 << 13);
	buf_add_be64(&of, index_generation(call->index, &call->visitor));
	web_url(call, &of, call->path);
	web_etag(call, buf_bytes(&of));
	buf_fini(&of);
	return web_fresh(call);
}

/* slug NULL: those of all. */
static enum err latest_take(struct web_call *call, const char *slug, struct latest *latest)
{
	const struct index_query query = {
		.slug = slug, .sort = INDEX_BY_PUBLISHED_DOWN, .limit = ATOM_ENTRIES};
	char why[WHY_LEN];

	*latest = (struct latest){.count = 0};
	atom_begin(&latest->atom, call);
	return index_search(call->index, &call->visitor, &query, item_entry, latest, NULL, why);
}

static void latest_answer(struct web_call *call, const char *slug, struct latest *latest)
{
	const struct identity *identity = call->node->identity;
	char title[LIMIT_NAME_LEN_MAX + 64], id[CHARTER_SLUG_LEN_MAX + 32],
		path[CHARTER_SLUG_LEN_MAX + 8];

	if (!slug) {
		snprintf(title, sizeof(title), "Offene Daten bei %s", identity->name);
		atom_end(&latest->atom, call, ATOM_NAME, title, bytes_str(identity->name), "/");
		return;
	}
	snprintf(title, sizeof(title), "Offene Daten: %s", latest->organisation);
	snprintf(id, sizeof(id), "/id/org/%s#feed", latest->home);
	snprintf(path, sizeof(path), "/d/%s", slug);
	atom_end(&latest->atom, call, id, title, bytes_str(latest->organisation), path);
}

static void latest_serve(struct web_call *call, const char *slug)
{
	struct latest latest;

	if (atom_fresh(call))
		return;
	enum err err = latest_take(call, slug, &latest);
	if (!err && (latest.count > 0 || !slug)) {
		latest_answer(call, slug, &latest);
		return;
	}
	atom_drop(&latest.atom);
	if (err)
		web_busy_later(call, 10, "the index is being made");
	else
		web_absent(call);
}

static void all_serve(struct web_call *call)
{
	latest_serve(call, NULL);
}

/* ---- versions of a dataset ---- */

struct version_row {
	uint64_t number;
	int64_t time_ms;
};

struct versions {
	const struct visitor *visitor;
	const char *kept;
	struct version_row rows[ATOM_ENTRIES];
	size_t count;
};

static bool version_row_take(void *arg, const struct catalog_entry *entry)
{
	struct versions *versions = arg;

	/* earlier ones may have been for fewer */
	if (visitor_sees(versions->visitor, entry->tier, entry->stored))
		versions->rows[versions->count++] =
			(struct version_row){.number = entry->number, .time_ms = entry->time_ms};
	return versions->count < ATOM_ENTRIES;
}

static void atom_versions_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct versions *versions = arg;
	char why[WHY_LEN];

	catalog_log(hub, txn, versions->kept, version_row_take, versions, why);
}

static void version_entry(struct atom *atom, const struct index_item *item,
			  const struct version_row *row)
{
	struct buf *out = &atom->entries;
	const struct description *d = &item->description;
	char title[64], fragment[32], at[32], path[LIMIT_PATH_LEN_MAX + 8];

	snprintf(fragment, sizeof(fragment), "#v%" PRIu64, row->number);
	snprintf(at, sizeof(at), "@%" PRIu64, row->number);
	snprintf(path, sizeof(path), "/d/%s", item->path);
	snprintf(title, sizeof(title), ", Version %" PRIu64, row->number);
	atom_raw(out, "<entry>\n");
	entry_id(out, atom, item->uuid, fragment);
	atom_raw(out, "<title>");
	atom_text(out, d->title.len > 0 ? d->title : bytes_str(item->path));
	atom_raw(out, title);
	atom_raw(out, "</title>\n");
	atom_leaf_time(out, "updated", row->time_ms);
	atom_link(out, atom, "alternate", "text/html", path, at);
	atom_raw(out, "</entry>\n");
	if (row->time_ms > atom->updated_ms)
		atom->updated_ms = row->time_ms;
}

static void versions_serve(struct web_call *call, const struct index_item *item)
{
	struct versions versions = {.visitor = &call->visitor, .kept = item->kept};
	const struct description *d = &item->description;
	char id[INDEX_UUID_LEN + 32], path[LIMIT_PATH_LEN_MAX + 8];
	char title[LIMIT_TITLE_LEN_MAX + 1];
	struct atom atom;

	if (atom_fresh(call))
		return;
	if (web_ask(call, atom_versions_run, &versions)) {
		web_busy_later(call, 10, "this node is stopping");
		return;
	}
	atom_begin(&atom, call);
	for (size_t i = 0; i < versions.count; i++)
		version_entry(&atom, item, &versions.rows[i]);
	snprintf(id, sizeof(id), "/id/%s#feed", item->uuid);
	snprintf(path, sizeof(path), "/d/%s", item->path);
	snprintf(title, sizeof(title), "%.*s", (int)d->title.len, (const char *)d->title.ptr);
	atom_end(&atom, call, id, title[0] ? title : item->path,
		 bytes_str(item->organisation[0] ? item->organisation : item->slug), path);
}

/* A path of a dataset may end in "/feed.atom" itself, and then that is it. */
bool atom_dataset_serve(struct web_call *call, const struct dataset_address *at)
{
	const size_t len = strlen(at->path), end = strlen(ATOM_NAME);
	char path[LIMIT_PATH_LEN_MAX + 1];
	struct index_item item;

	if (at->number || len <= end || strcmp(at->path + len - end, ATOM_NAME) != 0)
		return false;
	enum err err = index_get(call->index, &call->visitor, at->path, &item);
	if (!err) {
		index_item_fini(&item);
		return false;
	}
	snprintf(path, sizeof(path), "%.*s", (int)(len - end), at->path);
	if (!strchr(path, '/')) {
		latest_serve(call, path);
		return true;
	}
	err = index_get(call->index, &call->visitor, path, &item);
	if (!err)
		versions_serve(call, &item);
	else if (err == ERR_ABSENT)
		web_absent(call);
	else
		web_busy_later(call, 10, "the index is being made");
	index_item_fini(&item);
	return true;
}

const struct route atom_routes[] = {
	{HTTP_GET, "/feed.atom", .who = WHO_ANYONE, .serve = all_serve,
	 .about = "what was published last, for news readers", .params = PARAMS({0}),
	 .answers = "application/atom+xml"},
	{0},
};
