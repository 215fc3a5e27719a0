/*
 * ogc_items - /ogc/collections/ID/items: the features, as GeoJSON or a page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/http/percent.h"
#include "node/ogc/feature_json.h"
#include "node/ogc/ogc.h"

#define PAGE_ROWS_MAX 100 /* of a page for people */

/* A page of features that was asked for. */
struct items {
	struct web_call *call;
	struct layer layer;
	struct feature_query query;
	struct feature_writer writer;
	bool html, counted;
	struct buf out; /* JSON; else */
	struct html page;
	uint64_t returned;
	int64_t last;
	bool more; /* the next one was seen, and does not come along */
};

static const char *const items_args[] = {"bbox",  "bbox-crs", "crs", "datetime",
					 "limit", "after",    "f",   NULL};

static bool reserved(const char *name)
{
	for (size_t i = 0; items_args[i]; i++)
		if (strcmp(items_args[i], name) == 0)
			return true;
	return false;
}

static bool items_bad(struct items *items, const char *name, const char *value, const char *wanted)
{
	ogc_fail(items->call, 400, "InvalidParameterValue", "%s is \"%.100s\"; it is %s", name,
		 value, wanted);
	return false;
}

static bool items_crs(struct items *items, const char *name, enum crs *crs)
{
	const char *value = web_arg(items->call, name);
	bool swapped;

	if (!value)
		return true;
	if (crs_parse(bytes_str(value), crs, &swapped) || *crs == CRS_4326 ||
	    strncmp(value, "http", 4) != 0)
		return items_bad(items, name, value,
				 "one of the URIs in the collection's list \"crs\"");
	return true;
}

/* Four numbers, or six, of which the heights are not looked at. */
static bool items_box(struct items *items)
{
	const char *value = web_arg(items->call, "bbox"), *at = value;
	double numbers[6];
	size_t count = 0;

	if (!value) {
		if (web_arg(items->call, "bbox-crs"))
			return items_bad(items, "bbox", "", "needed with bbox-crs");
		return true;
	}
	while (count < 6) {
		char *end;
		numbers[count] = strtod(at, &end);
		if (end == at || !(numbers[count] >= -1e15 && numbers[count] <= 1e15))
			break;
		count++;
		at = end + strspn(end, " ");
		if (*at != ',')
			break;
		at++;
	}
	if (*at || (count != 4 && count != 6))
		return items_bad(items, "bbox", value, "four numbers with commas between, or six");
	size_t high = count / 2;
	struct box box = {numbers[0], numbers[1], numbers[high], numbers[high + 1]};
	if (box.south > box.north || (items->query.box_crs != CRS_84 && box.west > box.east))
		return items_bad(items, "bbox", value,
				 "the lower left corner, then the upper right one");
	items->query.has_box = true;
	items->query.box = box;
	return true;
}

static bool items_number(struct items *items, const char *name, uint64_t max, uint64_t *out)
{
	const char *value = web_arg(items->call, name);
	char *end;

	if (!value)
		return true;
	unsigned long long v = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || strlen(value) > 18 || v == 0)
		return items_bad(items, name, value, "a number from 1 on");
	/* more than the most is the most: the standard wants no fault then */
	*out = v > max ? max : v;
	return true;
}

static bool items_filters(struct items *items)
{
	const char *name, *value;
	size_t at = 0;

	while (web_arg_next(items->call, &at, &name, &value)) {
		if (reserved(name))
			continue;
		size_t field = feature_table_field(items->layer.open, bytes_str(name));
		if (field == SIZE_MAX)
			return items_bad(items, "a parameter", name,
					 "none that is known, nor a property of these features");
		if (items->query.filter_count == FEATURE_FILTER_MAX)
			return items_bad(items, "a parameter", name, "one filter too many");
		items->query.filters[items->query.filter_count++] =
			(struct feature_filter){field, bytes_str(value)};
	}
	return true;
}

static bool items_arguments(struct items *items)
{
	const char *datetime = web_arg(items->call, "datetime");
	uint64_t after = 0;

	items->query.limit = items->html ? PAGE_ROWS_MAX : OGC_PAGE_DEFAULT;
	if (!items_crs(items, "crs", &items->writer.crs) ||
	    !items_crs(items, "bbox-crs", &items->query.box_crs) || !items_box(items) ||
	    !items_number(items, "limit", OGC_PAGE_MAX, &items->query.limit) ||
	    !items_number(items, "after", INT64_MAX, &after) || !items_filters(items))
		return false;
	items->query.after = (int64_t)after;
	if (datetime && span_parse(bytes_str(datetime), &items->query.span))
		return items_bad(items, "datetime", datetime,
				 "an instant, or two with a slash between, of which one may be ..");
	items->query.has_span = datetime != NULL;
	return true;
}

/* One feature more than the page is asked for, to know whether a next one follows. */
static bool items_full(struct items *items, const struct feature_row *row, uint64_t limit)
{
	items->more = items->returned == limit ||
		      (items->returned && items->out.len >= OGC_ANSWER_LEN_ENOUGH);
	if (!items->more) {
		items->returned++;
		items->last = row->fid;
	}
	return items->more;
}

static bool items_each(void *arg, const struct feature_row *row)
{
	struct items *items = arg;

	if (items_full(items, row, items->query.limit - 1))
		return false;
	if (items->returned > 1)
		buf_add_u8(&items->out, ',');
	buf_add_u8(&items->out, '\n');
	feature_writer_put(&items->writer, &items->out, row);
	buf_add_u8(&items->out, '}');
	return !items->out.err;
}

/* The arguments as they came, but for those that say where and how. */
static void items_put_query(struct items *items, struct buf *out, const char *f, int64_t after)
{
	const char *name, *value;
	char number[48], sign = '?';
	size_t at = 0;

	while (web_arg_next(items->call, &at, &name, &value)) {
		if (strcmp(name, "f") == 0 || (strcmp(name, "after") == 0 && after >= 0))
			continue;
		ogc_put_arg(out, &sign, name, value);
	}
	if (after >= 0) {
		snprintf(number, sizeof(number), "%cafter=%lld", sign, (long long)after);
		buf_add(out, bytes_str(number));
		sign = '&';
	}
	if (f) {
		buf_add_u8(out, (uint8_t)sign);
		buf_add(out, bytes_str("f="));
		buf_add(out, bytes_str(f));
	}
}

static void items_path(struct items *items, struct buf *out, const char *f, int64_t after)
{
	buf_init(out, 64 * 1024);
	buf_add(out, bytes_str("/ogc/collections/"));
	buf_add(out, bytes_str(items->layer.id));
	buf_add(out, bytes_str("/items"));
	items_put_query(items, out, f, after);
	buf_add_u8(out, 0);
}

static void items_add_link(struct items *items, json_t *links, const char *rel, const char *f,
			   int64_t after, const char *type)
{
	struct buf path;

	items_path(items, &path, f, after);
	if (!path.err)
		json_array_append_new(
			links, ogc_link(items->call, (const char *)path.ptr, rel, type, NULL));
	buf_fini(&path);
}

static json_t *items_links(struct items *items)
{
	const char *f = web_arg(items->call, "f");
	json_t *links = json_array();
	char path[LAYER_ID_LEN_MAX + 64];

	items_add_link(items, links, "self", f, -1, OGC_GEOJSON);
	items_add_link(items, links, "alternate", "html", -1, "text/html");
	if (items->more)
		items_add_link(items, links, "next", f, items->last, OGC_GEOJSON);
	snprintf(path, sizeof(path), "/ogc/collections/%s", items->layer.id);
	json_array_append_new(links,
			      ogc_link(items->call, path, "collection", "application/json", NULL));
	return links;
}

static void items_put_json(struct buf *out, json_t *taken)
{
	char *text = json_dumps(taken, JSON_COMPACT);

	buf_add(out, bytes_str(text ? text : "null"));
	free(text);
	json_decref(taken);
}

static void items_tail(struct items *items)
{
	char text[128], stamp[INSTANT_TEXT_LEN];

	buf_add(&items->out, bytes_str("\n],"));
	if (items->counted) {
		snprintf(text, sizeof(text), "\"numberMatched\":%llu,",
			 (unsigned long long)items->query.matched);
		buf_add(&items->out, bytes_str(text));
	}
	instant_text((int64_t)time(NULL) * 1000, stamp);
	snprintf(text, sizeof(text), "\"numberReturned\":%llu,\"timeStamp\":\"%s\",\"links\":",
		 (unsigned long long)items->returned, stamp);
	buf_add(&items->out, bytes_str(text));
	items_put_json(&items->out, items_links(items));
	buf_add_u8(&items->out, '}');
}

static void items_answer_as(struct items *items, const char *type)
{
	char crs[128];

	snprintf(crs, sizeof(crs), "<%s>", crs_uri(items->writer.crs));
	web_set(items->call, "Content-Crs", crs);
	if (items->out.err) {
		ogc_fail(items->call, 500, "InternalServerError", "the answer is too long");
		return;
	}
	web_text(items->call, 200, type, &items->out);
	buf_init(&items->out, 0);
}

static bool items_row(void *arg, const struct feature_row *row)
{
	struct items *items = arg;
	char href[LAYER_ID_LEN_MAX + 128];

	if (items_full(items, row, items->query.limit - 1))
		return false;
	html_put(&items->page, "<tr><td>");
	snprintf(href, sizeof(href), "/ogc/collections/%s/items/", items->layer.id);
	struct buf path, name;
	buf_init(&path, sizeof(href) + 3 * TABLE_ID_LEN_MAX);
	buf_init(&name, TABLE_ID_LEN_MAX + 1);
	buf_add(&path, bytes_str(href));
	feature_writer_id(&items->writer, &name, row);
	percent_encode_part(&path, buf_bytes(&name));
	buf_add(&path, bytes_of("?f=html", 8));
	html_link(&items->page, bytes_str((const char *)path.ptr),
		  bytes_str((const char *)name.ptr));
	html_put(&items->page, "</td>");
	for (size_t i = 0; i < items->writer.field_count; i++) {
		struct buf text;
		buf_init(&text, TABLE_VALUES_LEN_MAX);
		feature_put_plain(&text, row, i);
		html_put(&items->page, "<td>");
		html_text(&items->page, buf_bytes(&text));
		html_put(&items->page, "</td>");
		buf_fini(&text);
	}
	html_put(&items->page, "</tr>\n");
	buf_fini(&path);
	buf_fini(&name);
	return !items->page.out.err;
}

static void items_html(struct items *items)
{
	struct buf title, path;
	enum err err;

	buf_init(&title, 4096);
	layer_title(&items->layer, &title);
	buf_add_u8(&title, 0);
	ogc_page_begin(items->call, &items->page, title.err ? items->layer.id : (char *)title.ptr);
	buf_fini(&title);
	html_put(&items->page, "<table><thead><tr><th>id</th>");
	for (size_t i = 0; i < items->writer.field_count; i++) {
		html_put(&items->page, "<th>");
		html_text(&items->page, bytes_str(items->writer.fields[i].name));
		html_put(&items->page, "</th>");
	}
	html_put(&items->page, "</tr></thead><tbody>\n");
	items->query.limit++;
	err = feature_select(items->layer.open, &items->query, items_row, items);
	html_put(&items->page, "</tbody></table>");
	if (items->more) {
		items_path(items, &path, "html", items->last);
		html_link(&items->page, bytes_str(path.err ? "" : (char *)path.ptr),
			  bytes_str("…"));
		buf_fini(&path);
	}
	if (err)
		ogc_fail_err(items->call, err);
	else
		ogc_page_answer(items->call, &items->page);
}

static void items_json(struct items *items)
{
	enum err err;

	items->query.work_ms = OGC_COUNT_MS;
	err = feature_count(items->layer.open, &items->query, &items->query.matched);
	items->counted = !err;
	if (err && err != ERR_BUSY) {
		ogc_fail_err(items->call, err);
		return;
	}
	items->query.work_ms = OGC_WORK_MS;
	buf_init(&items->out, OGC_ANSWER_LEN_MAX);
	buf_add(&items->out, bytes_str("{\"type\":\"FeatureCollection\",\"features\":["));
	items->query.limit++;
	err = feature_select(items->layer.open, &items->query, items_each, items);
	items_tail(items);
	if (err)
		ogc_fail_err(items->call, err);
	else
		items_answer_as(items, OGC_GEOJSON);
}

static void items_open(struct items *items, struct web_call *call)
{
	*items = (struct items){.call = call};
	layer_init(&items->layer);
	feature_writer_init(&items->writer);
	buf_init(&items->out, 0);
}

static void items_close(struct items *items)
{
	buf_fini(&items->out);
	html_fini(&items->page);
	feature_writer_fini(&items->writer);
	layer_fini(&items->layer);
}

static void items_answer(struct items *items)
{
	enum err err = layer_get(items->call, items->call->parts[0], &items->layer);
	bool bad;

	if (err) {
		ogc_fail_layer(items->call, err, &items->layer);
		return;
	}
	feature_writer_of(&items->writer, items->layer.open);
	items->html = ogc_wants_html(items->call, OGC_GEOJSON, &bad);
	if (bad || !items_arguments(items) ||
	    layer_fresh(items->call, &items->layer, items->html ? "html" : "json"))
		return;
	if (items->html)
		items_html(items);
	else
		items_json(items);
}

static void items_serve(struct web_call *call)
{
	struct items items;

	items_open(&items, call);
	items_answer(&items);
	items_close(&items);
}

/* One feature */

static bool feature_each(void *arg, const struct feature_row *row)
{
	struct items *items = arg;

	feature_writer_put(&items->writer, &items->out, row);
	items->returned++;
	return false;
}

static json_t *feature_links(struct items *items, const char *id)
{
	json_t *links = json_array();
	struct buf path;
	char own[LAYER_ID_LEN_MAX + 64];

	buf_init(&path, 4096);
	snprintf(own, sizeof(own), "/ogc/collections/%s/items/", items->layer.id);
	buf_add(&path, bytes_str(own));
	percent_encode_part(&path, bytes_str(id));
	buf_add_u8(&path, 0);
	if (!path.err) {
		json_array_append_new(
			links, ogc_link(items->call, (char *)path.ptr, "self", OGC_GEOJSON, NULL));
		path.len--;
		buf_add(&path, bytes_of("?f=html", 8));
		json_array_append_new(links, ogc_link(items->call, (char *)path.ptr, "alternate",
						      "text/html", NULL));
	}
	buf_fini(&path);
	snprintf(own, sizeof(own), "/ogc/collections/%s", items->layer.id);
	json_array_append_new(links,
			      ogc_link(items->call, own, "collection", "application/json", NULL));
	return links;
}

static bool property_each(void *arg, const struct feature_row *row)
{
	struct items *items = arg;

	html_put(&items->page, "<dl>");
	for (size_t i = 0; i < items->writer.field_count; i++) {
		struct buf text;
		buf_init(&text, TABLE_VALUES_LEN_MAX);
		feature_put_plain(&text, row, i);
		html_put(&items->page, "<dt>");
		html_text(&items->page, bytes_str(items->writer.fields[i].name));
		html_put(&items->page, "</dt><dd>");
		html_text(&items->page, buf_bytes(&text));
		html_put(&items->page, "</dd>");
		buf_fini(&text);
	}
	html_put(&items->page, "</dl>");
	items->returned++;
	return false;
}

static void feature_answer(struct items *items)
{
	static const char *const names[] = {"crs", "f", NULL};
	const char *id = items->call->parts[1];
	bool bad;
	enum err err = layer_get(items->call, items->call->parts[0], &items->layer);

	if (err) {
		ogc_fail_layer(items->call, err, &items->layer);
		return;
	}
	feature_writer_of(&items->writer, items->layer.open);
	items->html = ogc_wants_html(items->call, OGC_GEOJSON, &bad);
	if (bad || !ogc_args_known(items->call, names) ||
	    !items_crs(items, "crs", &items->writer.crs))
		return;
	items->query.id = id;
	items->query.limit = 1;
	if (items->html)
		ogc_page_begin(items->call, &items->page, id);
	else
		buf_init(&items->out, OGC_ANSWER_LEN_MAX);
	err = feature_select(items->layer.open, &items->query,
			     items->html ? property_each : feature_each, items);
	if (err || !items->returned) {
		ogc_fail_err(items->call, err ? err : ERR_ABSENT);
		return;
	}
	if (items->html) {
		ogc_page_answer(items->call, &items->page);
		return;
	}
	buf_add(&items->out, bytes_str(",\"links\":"));
	items_put_json(&items->out, feature_links(items, id));
	buf_add_u8(&items->out, '}');
	items_answer_as(items, OGC_GEOJSON);
}

static void feature_serve(struct web_call *call)
{
	struct items items;

	items_open(&items, call);
	feature_answer(&items);
	items_close(&items);
}

static const struct route_param items_params[] = {
	{"bbox", "string", "four numbers or six: only what has a point in it"},
	{"bbox-crs", "string", "URI of the reference system of bbox; else CRS84"},
	{"crs", "string", "URI of the reference system of the answer; else CRS84"},
	{"datetime", "string", "an instant, or from/to: only what lasts into it"},
	{"limit", "integer", "at most so many; 1000, and 10000 at most"},
	{"after", "integer", "from a link \"next\": where to go on"},
	{"f", "string", "json or html, instead of the Accept header"},
	{"*", "string", "a property: only features in which it has this value"},
	{0},
};
static const struct route_param feature_params[] = {
	{"crs", "string", "URI of the reference system of the answer; else CRS84"},
	{"f", "string", "json or html, instead of the Accept header"},
	{"*", "string", "any other is refused by a code of the standard"},
	{0},
};

const struct route ogc_items_routes[] = {
	{HTTP_GET, "/ogc/collections/*/items", .who = WHO_ANYONE, .serve = items_serve,
	 .params = items_params, .answers = OGC_GEOJSON " text/html",
	 .about = "the features of a collection"},
	{HTTP_GET, "/ogc/collections/*/items/*", .who = WHO_ANYONE, .serve = feature_serve,
	 .params = feature_params, .answers = OGC_GEOJSON " text/html", .about = "one of them"},
	{0},
};
