/*
 * feed_serve - /catalog: the feed as it was made, or what of it has changed since a day; and
 * /id/: the names for life of what stands in it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "node/index/uuid.h"
#include "node/portal/dataset.h"
#include "node/portal/feed_internal.h"
#include "node/portal/portal.h"
#include "node/web/web_call.h"

#define LATER_SECONDS 10
#define CACHE_SECONDS 60
#define PAGE_LEN_MAX  ((size_t)48 << 20)

static const char *const RDF_TYPES[] = {"text/turtle", "application/rdf+xml",
					"application/ld+json"};

/* ---- why there is none ---- */

static void complain_refused(struct web_call *call, const struct feed_status *status)
{
	web_set(call, "Retry-After", "3600");
	if (status->reason[0])
		web_fail(call, 503, "busy",
			 "the catalogue is held back: %s; whoever runs this node has to confirm "
			 "it (`allmende feed`)",
			 status->reason);
	else
		web_fail(call, 503, "busy",
			 "the catalogue is held back: it would lose %" PRIu64 " of %" PRIu64
			 " datasets, which whoever runs this node has to confirm "
			 "(`allmende feed confirm`)",
			 (uint64_t)status->lost, (uint64_t)status->had);
}

static void feed_complain(struct web_call *call)
{
	struct feed_status status;

	feed_status(call->node->feed, &status);
	switch (status.state) {
	case FEED_OFF:
		web_fail(call, 404, "absent",
			 "there is no catalogue, as this node has no public port: set http");
		break;
	case FEED_READY: /* since we looked */
	case FEED_WAITING:
		web_busy_later(call, LATER_SECONDS, "the catalogue is being made");
		break;
	case FEED_EMPTY:
		web_busy_later(call, CACHE_SECONDS, "nothing stands in the catalogue yet");
		break;
	case FEED_REFUSED:
		complain_refused(call, &status);
		break;
	case FEED_FAILED:
		web_busy_later(call, CACHE_SECONDS, status.reason);
		break;
	}
}

/* ---- pages as they were made ---- */

static void page_serve(struct web_call *call, const struct feed_set *set, enum rdf_syntax syntax,
		       uint64_t number)
{
	const struct feed_page *page = &set->pages[number - 1];
	char *path = feed_page_path(call->node->feed, set->parts, number, page->digest, syntax);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	struct buf of;

	free(path);
	if (fd < 0 || fstat(fd, &st)) { /* another has just taken its place */
		if (fd >= 0)
			close(fd);
		web_busy_later(call, LATER_SECONDS, "the catalogue is being exchanged");
		return;
	}
	buf_init(&of, 64);
	buf_add_be64(&of, page->digest);
	buf_add_u8(&of, (uint8_t)syntax);
	web_etag(call, buf_bytes(&of));
	buf_fini(&of);
	if (page->modified_ms > 0)
		web_modified(call, page->modified_ms);
	web_cache(call, CACHE_SECONDS, false);
	web_file(call, fd, (uint64_t)st.st_size, rdf_media_type(syntax));
}

/* ---- what has changed ---- */

/* "2026-05-01", or with a time: "2026-05-01T08:00:00Z", "...+02:00". */
static bool since_read(const char *text, int64_t *out)
{
	struct tm tm = {.tm_isdst = 0};
	int end = 0, hours = 0, minutes = 0;
	char sign[2] = "";

	if (sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &end) != 3)
		return false;
	text += end;
	if (*text == 'T' || *text == ' ') {
		end = 0;
		if (sscanf(text + 1, "%2d:%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) !=
			    3 ||
		    end == 0)
			return false;
		text += 1 + end;
		if (*text == '.')
			text += 1 + strspn(text + 1, "0123456789");
		end = 0;
		if (*text == 'Z')
			text++;
		else if (sscanf(text, "%1[+-]%2d:%2d%n", sign, &hours, &minutes, &end) == 3)
			text += end;
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (*text || tm.tm_year < 0 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	int64_t seconds = (int64_t)timegm(&tm);
	seconds += (sign[0] == '-' ? 1 : -1) * (hours * 3600 + minutes * 60);
	*out = seconds * 1000;
	return true;
}

struct since {
	const struct feed_set *set;
	int64_t from_ms;
	const char *text, *after; /* as they were asked */
	enum rdf_syntax syntax;
	struct feed_site site;
};

/* From which on; and behind the last of the page, *next: SIZE_MAX, when that was the end. */
static size_t since_range(const struct since *since, size_t *next)
{
	const struct feed_set *set = since->set;
	char uuid[INDEX_UUID_LEN + 1];
	size_t begin = 0, count = 0;

	while (begin < set->count && since->after) {
		uuid_put(uuid, set->rows[begin].uuid);
		if (strcmp(uuid, since->after) > 0)
			break;
		begin++;
	}
	*next = SIZE_MAX;
	for (size_t i = begin; i < set->count; i++) {
		if (set->rows[i].modified_ms < since->from_ms)
			continue;
		if (count++ == FEED_PAGE_SIZE) {
			*next = i;
			break;
		}
	}
	return begin;
}

static enum err since_write(struct web_call *call, const struct since *since, struct buf *out)
{
	char uuid[INDEX_UUID_LEN + 1], query[256] = "";
	size_t next, end, begin = since_range(since, &next);
	enum err err = ERR_OK;

	end = next == SIZE_MAX ? since->set->count : next;
	if (next != SIZE_MAX) {
		while (since->set->rows[--end].modified_ms < since->from_ms)
			;
		uuid_put(uuid, since->set->rows[end].uuid);
		end++;
		snprintf(query, sizeof(query), "modified_since=%s&after=%s", since->text, uuid);
	}
	const struct dcat_page page = {.syntax = since->syntax,
				       .number = 1,
				       .count = 1,
				       .size = FEED_PAGE_SIZE,
				       .modified_ms = since->set->modified_ms,
				       .next = query[0] ? query : NULL};
	struct rdf *rdf[RDF_SYNTAX_COUNT] = {NULL};
	rdf[since->syntax] = rdf_open(since->syntax, out);
	dcat_catalog(rdf[since->syntax], &since->site.dcat, &page);
	for (size_t i = begin; i < end && !err; i++) {
		if (since->set->rows[i].modified_ms < since->from_ms)
			continue;
		const struct visitor anyone = {.kind = VISITOR_ANYONE};
		uuid_put(uuid, since->set->rows[i].uuid);
		err = feed_put(call->index, &anyone, uuid, &since->site.dcat, true, rdf);
		if (err == ERR_ABSENT)
			err = ERR_OK; /* gone since; the next build says so */
	}
	enum err fault = rdf_close(rdf[since->syntax]);
	return err ? err : fault;
}

static void since_serve(struct web_call *call, const struct feed_set *set, enum rdf_syntax syntax)
{
	struct since since = {.set = set,
			      .text = web_arg(call, "modified_since"),
			      .after = web_arg(call, "after"),
			      .syntax = syntax};
	struct feed *feed = call->node->feed;
	struct buf out;

	if (!since_read(since.text, &since.from_ms) || strlen(since.text) > 40 ||
	    strspn(since.text, "0123456789-:.TZ") != strlen(since.text)) {
		web_fail(call, 400, "usage",
			 "modified_since is no time: write 2026-05-01 or 2026-05-01T08:00:00Z");
		return;
	}
	if (since.after && !uuid_is(since.after)) {
		web_fail(call, 400, "usage", "after is not what the page before has named");
		return;
	}
	uv_mutex_lock(&feed->lock);
	since.site = feed->shown;
	uv_mutex_unlock(&feed->lock);
	feed_site_point(&since.site);
	buf_init(&out, PAGE_LEN_MAX);
	enum err err = since_write(call, &since, &out);
	if (err == ERR_AGAIN || err == ERR_BUSY)
		web_busy_later(call, LATER_SECONDS, "the index is being made");
	else if (err)
		web_fail(call, 500, "internal", "the page cannot be made: %s", err_text(err));
	else
		web_text(call, 200, rdf_media_type(syntax), &out);
	buf_fini(&out);
}

/* ---- the catalogue ---- */

/* The number of the page, 1 when it is not named; 0: the call is answered. */
static uint64_t page_number(struct web_call *call, const struct feed_set *set)
{
	uint64_t number = 1, of = set->parts;

	if (!web_arg_uint(call, "page", 1, UINT32_MAX, &number) ||
	    !web_arg_uint(call, "of", 1, UINT32_MAX, &of))
		return 0;
	if (of != set->parts)
		web_fail(call, 410, "gone",
			 "the catalogue is divided anew, pages are now %" PRIu64
			 ": begin again with the first",
			 set->parts);
	else if (number > set->parts)
		web_fail(call, 404, "absent", "the catalogue has %" PRIu64 " page%s", set->parts,
			 set->parts == 1 ? "" : "s");
	else
		return number;
	return 0;
}

static void catalog_in(struct web_call *call, enum rdf_syntax syntax)
{
	struct feed_set *set = feed_set_take(call->node->feed);
	uint64_t number;

	if (!set)
		feed_complain(call);
	else if (web_arg(call, "modified_since"))
		since_serve(call, set, syntax);
	else if (web_arg(call, "after"))
		web_fail(call, 400, "usage", "after goes with modified_since");
	else if ((number = page_number(call, set)) > 0)
		page_serve(call, set, syntax, number);
	feed_set_give(call->node->feed, set);
}

static void catalog_serve(struct web_call *call)
{
	const char *dot = strrchr(call->path, '.');
	enum rdf_syntax syntax;
	size_t which;

	if (dot && rdf_by_extension(dot + 1, &syntax)) {
		catalog_in(call, syntax);
		return;
	}
	web_accepts(call, RDF_TYPES, RDF_SYNTAX_COUNT, &which);
	catalog_in(call, (enum rdf_syntax)which);
}

/* ---- names for life ---- */

struct wanted_file {
	const struct index_item *item;
	const char *uuid; /* of the distribution */
	char name[LIMIT_FILE_NAME_LEN_MAX + 1];
};

static bool file_match(void *arg, const struct index_file *file)
{
	struct wanted_file *wanted = arg;

	if (strcmp(file->uuid, wanted->uuid) != 0)
		return true;
	snprintf(wanted->name, sizeof(wanted->name), "%s", file->name);
	return false;
}

/* To /d/PATH, or to the file of it. */
static void id_redirect(struct web_call *call, const char *path, const char *file,
			const char *ending)
{
	struct buf to;

	buf_init(&to, RDF_IRI_LEN_MAX);
	dataset_address_put(&to, path, 0, bytes_str(file));
	buf_add(&to, bytes_str(ending));
	buf_add_u8(&to, 0);
	if (to.err)
		web_absent(call);
	else
		web_redirect(call, 303, (const char *)to.ptr);
	buf_fini(&to);
}

static void dataset_redirect(struct web_call *call, const struct index_item *item)
{
	static const char *const types[] = {"text/html", "text/turtle", "application/rdf+xml",
					    "application/ld+json", "application/json"};
	static const char *const endings[] = {"", ".ttl", ".rdf", ".jsonld", ""};
	size_t which;

	web_accepts(call, types, sizeof(types) / sizeof(types[0]), &which);
	id_redirect(call, item->path, "", endings[which]);
}

/* org/HOME, and perhaps what else it calls itself: to the page of the organisation. */
static void org_serve(struct web_call *call, const char *home)
{
	char path[CHARTER_SLUG_LEN_MAX + 8];

	snprintf(path, sizeof(path), "/d/%.*s", (int)strcspn(home, "/"), home);
	web_redirect(call, 303, path);
}

/* service/NAME, of those that the catalogue names (dcat.c). */
static void service_serve(struct web_call *call, const char *name)
{
	if (strcmp(name, "ogc") == 0)
		web_redirect(call, 303, "/ogc");
	else if (strcmp(name, "wfs") == 0)
		web_redirect(call, 303, "/wfs?service=WFS&request=GetCapabilities");
	else if (strcmp(name, "ckan") == 0)
		web_redirect(call, 303, "/api/3/action/status_show");
	else if (strcmp(name, "api") == 0)
		web_redirect(call, 303, "/api/v1/openapi.json");
	else
		web_absent(call);
}

/* UUID, or UUID/PART of it. */
static void id_serve(struct web_call *call)
{
	const char *slash = strchr(call->rest, '/');
	const size_t len = slash ? (size_t)(slash - call->rest) : strlen(call->rest);
	char uuid[INDEX_UUID_LEN + 1];
	struct index_item item = {0};
	enum err err = ERR_ABSENT;

	if (strncmp(call->rest, "org/", 4) == 0) {
		org_serve(call, call->rest + 4);
		return;
	}
	if (strncmp(call->rest, "service/", 8) == 0) {
		service_serve(call, call->rest + 8);
		return;
	}
	snprintf(uuid, sizeof(uuid), "%.*s", (int)len, call->rest);
	if (len == INDEX_UUID_LEN && uuid_is(uuid))
		err = index_get_uuid(call->index, &call->visitor, uuid, &item);
	struct wanted_file wanted = {.item = &item, .uuid = slash ? slash + 1 : ""};
	if (!err && slash)
		err = index_files(call->index, &item, file_match, &wanted);
	if (err == ERR_AGAIN || err == ERR_BUSY)
		web_busy_later(call, LATER_SECONDS, "the index is being made");
	else if (err)
		web_absent(call);
	else if (!slash || strcmp(wanted.uuid, "all") == 0)
		dataset_redirect(call, &item);
	else if (wanted.name[0])
		id_redirect(call, item.path, wanted.name, "");
	else
		web_absent(call);
	index_item_fini(&item);
}

#define CATALOG_PARAMS                                                                             \
	PARAMS({"page", "integer", "from 1"},                                                      \
	       {"of", "integer", "pages there are, as the first one says"},                        \
	       {"modified_since", "string", "only what has changed since a day or time"},          \
	       {"after", "string", "with modified_since: as the page before names it"})
#define CATALOG_ABOUT "all open datasets as DCAT-AP.de, in pages"

const struct route feed_routes[] = {
	{HTTP_GET, "/catalog", .who = WHO_ANYONE, .serve = catalog_serve, .about = CATALOG_ABOUT,
	 .params = CATALOG_PARAMS,
	 .answers = "text/turtle application/rdf+xml application/ld+json"},
	{HTTP_GET, "/catalog.ttl", .who = WHO_ANYONE, .serve = catalog_serve,
	 .about = CATALOG_ABOUT, .params = CATALOG_PARAMS, .answers = "text/turtle"},
	{HTTP_GET, "/catalog.rdf", .who = WHO_ANYONE, .serve = catalog_serve,
	 .about = CATALOG_ABOUT, .params = CATALOG_PARAMS, .answers = "application/rdf+xml"},
	{HTTP_GET, "/catalog.xml", .who = WHO_ANYONE, .serve = catalog_serve,
	 .about = CATALOG_ABOUT, .params = CATALOG_PARAMS, .answers = "application/rdf+xml"},
	{HTTP_GET, "/catalog.jsonld", .who = WHO_ANYONE, .serve = catalog_serve,
	 .about = CATALOG_ABOUT, .params = CATALOG_PARAMS, .answers = "application/ld+json"},
	{HTTP_GET, "/id/**", .who = WHO_ANYONE, .serve = id_serve,
	 .about = "leads to what has this name in the catalogue", .params = PARAMS({0})},
	{0},
};
