/*
 * ogc - /ogc: the first pages of OGC API Features, Part 1 and 2: what there is, and how to ask.
 */
#include "node/http/percent.h"
#include "node/ogc/ogc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "node/care/node_view.h"

#define ADDRESS_LEN_MAX 16384

void ogc_fail(struct web_call *call, unsigned status, const char *code, const char *format, ...)
{
	char text[WHY_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	web_json(call, status, json_pack("{s:s, s:s}", "code", code, "description", text));
}

void ogc_fail_err(struct web_call *call, enum err err)
{
	if (err == ERR_ABSENT) {
		ogc_fail(call, 404, "NotFound", "there is nothing here");
	} else if (err == ERR_AGAIN || err == ERR_BUSY) {
		web_set(call, "Retry-After", "5");
		ogc_fail(call, 503, "NotReady",
			 err == ERR_AGAIN ? "this is being made ready; ask again in a moment"
					  : "the question takes too long; ask for less");
	} else {
		ogc_fail(call, 500, "InternalServerError", "%s", err_text(err));
	}
}

void ogc_fail_layer(struct web_call *call, enum err err, const struct layer *layer)
{
	if (err == ERR_MALFORMED && layer->why)
		ogc_fail(call, 404, "NotFound", "this file shows no features: %s", layer->why);
	else
		ogc_fail_err(call, err);
}

bool ogc_args_known(struct web_call *call, const char *const *names)
{
	const char *name, *value;
	size_t at = 0;

	while (web_arg_next(call, &at, &name, &value)) {
		size_t i = 0;
		while (names[i] && strcmp(names[i], name) != 0)
			i++;
		if (!names[i]) {
			ogc_fail(call, 400, "InvalidParameterValue",
				 "the parameter \"%.100s\" is not known here", name);
			return false;
		}
	}
	return true;
}

bool ogc_wants_html(struct web_call *call, const char *json_type, bool *bad)
{
	const char *types[] = {json_type, "application/json", "text/html"};
	const char *f = web_arg(call, "f");
	size_t which;

	*bad = f && strcmp(f, "json") != 0 && strcmp(f, "html") != 0;
	if (*bad)
		ogc_fail(call, 400, "InvalidParameterValue",
			 "f is \"%.100s\"; it may be json or html", f);
	if (f)
		return strcmp(f, "html") == 0;
	return web_accepts(call, types, 3, &which) && which == 2;
}

void ogc_put_arg(struct buf *out, char *sign, const char *name, const char *value)
{
	buf_add_u8(out, (uint8_t)*sign);
	percent_encode_part(out, bytes_str(name));
	buf_add_u8(out, '=');
	percent_encode_part(out, bytes_str(value));
	*sign = '&';
}

json_t *ogc_link(struct web_call *call, const char *path, const char *rel, const char *type,
		 const char *title)
{
	struct buf url;
	json_t *link;

	buf_init(&url, ADDRESS_LEN_MAX);
	web_url(call, &url, path);
	buf_add_u8(&url, 0);
	link = json_pack("{s:s, s:s, s:s}", "href", url.err ? "" : (const char *)url.ptr, "rel",
			 rel, "type", type);
	if (title)
		json_object_set_new(link, "title", json_string(title));
	buf_fini(&url);
	return link;
}

/* The address of this resource in the one form and in the other. */
static json_t *two_links(struct web_call *call, const char *path, const char *json_type, bool html)
{
	char other[1024];
	json_t *links = json_array();

	snprintf(other, sizeof(other), "%s?f=html", path);
	json_array_append_new(links, ogc_link(call, path, html ? "alternate" : "self", json_type,
					      "this document as JSON"));
	json_array_append_new(links, ogc_link(call, other, html ? "self" : "alternate", "text/html",
					      "this document as a page"));
	return links;
}

/* Landing page */

static void landing_html(struct web_call *call)
{
	struct html page;

	ogc_page_begin(call, &page, call->node->identity->name);
	html_put(&page, "<ul><li>");
	html_link(&page, bytes_str("/ogc/collections?f=html"), bytes_str("Collections"));
	html_put(&page, "</li><li>");
	html_link(&page, bytes_str("/ogc/conformance"), bytes_str("Conformance"));
	html_put(&page, "</li><li>");
	html_link(&page, bytes_str("/ogc/api"), bytes_str("OpenAPI"));
	html_put(&page, "</li><li>");
	html_link(&page, bytes_str("/wfs?service=WFS&request=GetCapabilities"),
		  bytes_str("WFS 2.0"));
	html_put(&page, "</li><li>");
	html_link(&page, bytes_str("/qgis.qlr"), bytes_str("QGIS"));
	html_put(&page, "</li><li>");
	html_link(&page, bytes_str("/services.json"), bytes_str("Masterportal"));
	html_put(&page, "</li></ul>");
	ogc_page_answer(call, &page);
}

static void landing_serve(struct web_call *call)
{
	static const char *const names[] = {"f", NULL};
	bool bad, html = ogc_wants_html(call, "application/json", &bad);
	json_t *links;

	if (bad || !ogc_args_known(call, names))
		return;
	if (html) {
		landing_html(call);
		return;
	}
	links = two_links(call, "/ogc", "application/json", false);
	json_array_append_new(links, ogc_link(call, "/ogc/api", "service-desc", OGC_OPENAPI,
					      "what can be asked"));
	json_array_append_new(links, ogc_link(call, "/ogc?f=html", "service-doc", "text/html",
					      "the same for people"));
	json_array_append_new(links, ogc_link(call, "/ogc/conformance", "conformance",
					      "application/json", "which standards are followed"));
	json_array_append_new(links, ogc_link(call, "/ogc/collections", "data", "application/json",
					      "the collections"));
	web_json(call, 200,
		 json_pack("{s:s, s:s, s:o}", "title", call->node->identity->name, "description",
			   "Features of published datasets, by OGC API Features", "links", links));
}

static void conformance_serve(struct web_call *call)
{
	static const char *const names[] = {"f", NULL};
	static const char *const classes[] = {
		"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
		"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
		"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
		"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
		"http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
	};
	json_t *list = json_array();
	bool bad, html = ogc_wants_html(call, "application/json", &bad);
	struct html page;

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		json_array_append_new(list, json_string(classes[i]));
	if (bad || !ogc_args_known(call, names)) {
		json_decref(list);
		return;
	}
	if (!html) {
		web_json(call, 200, json_pack("{s:o}", "conformsTo", list));
		return;
	}
	ogc_page_begin(call, &page, "Conformance");
	html_put(&page, "<ul>");
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		html_put(&page, "<li>");
		html_text(&page, bytes_str(classes[i]));
		html_put(&page, "</li>");
	}
	html_put(&page, "</ul>");
	json_decref(list);
	ogc_page_answer(call, &page);
}

/* Collections */

static json_t *instant_json(int64_t ms, bool up)
{
	char text[INSTANT_TEXT_LEN];

	/* an extent is never rounded inwards */
	instant_text(up && ms % 1000 ? ms + 999 : ms, text);
	return text[0] ? json_string(text) : json_null();
}

static json_t *extent_json(const struct table_about *about)
{
	json_t *extent = json_object();

	if (!box_is_empty(about->box))
		json_object_set_new(extent, "spatial",
				    json_pack("{s:[[f,f,f,f]], s:s}", "bbox", about->box.west,
					      about->box.south, about->box.east, about->box.north,
					      "crs", crs_uri(CRS_84)));
	if (about->has_span)
		json_object_set_new(
			extent, "temporal",
			json_pack("{s:[[o,o]], s:s}", "interval",
				  instant_json(about->span.from_ms, false),
				  instant_json(about->span.to_ms, true), "trs",
				  "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"));
	return extent;
}

static json_t *bytes_json(struct bytes text)
{
	return json_stringn((const char *)text.ptr, text.len);
}

static json_t *collection_links(struct web_call *call, const struct layer *layer)
{
	char path[LAYER_ID_LEN_MAX + 64];
	json_t *links, *link;
	struct buf file;

	snprintf(path, sizeof(path), "/ogc/collections/%s", layer->id);
	links = two_links(call, path, "application/json", false);
	snprintf(path, sizeof(path), "/ogc/collections/%s/items", layer->id);
	json_array_append_new(links, ogc_link(call, path, "items", OGC_GEOJSON, "the features"));
	snprintf(path, sizeof(path), "/ogc/collections/%s/items?f=html", layer->id);
	json_array_append_new(links, ogc_link(call, path, "items", "text/html", "the features"));
	buf_init(&file, ADDRESS_LEN_MAX);
	layer_file_path(layer, &file);
	buf_add_u8(&file, 0);
	if (!file.err) {
		link = ogc_link(call, (const char *)file.ptr, "enclosure",
				layer->media_type && layer->media_type[0]
					? layer->media_type
					: "application/octet-stream",
				"the whole file");
		json_object_set_new(link, "length", json_integer((json_int_t)layer->file_len));
		json_array_append_new(links, link);
	}
	buf_fini(&file);
	return links;
}

static json_t *layer_json(struct web_call *call, struct layer *layer)
{
	json_t *crs = json_array(), *json;
	struct buf title;

	for (unsigned i = 0; i < CRS_COUNT; i++)
		if (i != CRS_4326)
			json_array_append_new(crs, json_string(crs_uri(i)));
	buf_init(&title, 4096);
	layer_title(layer, &title);
	json = json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:s}", "id", layer->id, "title",
			 bytes_json(buf_bytes(&title)), "links", collection_links(call, layer),
			 "extent", extent_json(&layer->about), "itemType", "feature", "crs", crs,
			 "storageCrs", crs_uri(CRS_84));
	if (layer->item.description.text.len)
		json_object_set_new(json, "description", bytes_json(layer->item.description.text));
	if (layer->item.description.license.len)
		json_object_set_new(json, "license", bytes_json(layer->item.description.license));
	buf_fini(&title);
	return json;
}

struct collecting {
	struct web_call *call;
	json_t *list;
	struct html *page;
	char last[LAYER_ID_LEN_MAX + 1];
};

static void collect_json(void *arg, struct layer *layer)
{
	struct collecting *to = arg;

	json_array_append_new(to->list, layer_json(to->call, layer));
	snprintf(to->last, sizeof(to->last), "%s", layer->id);
}

static void collect_html(void *arg, struct layer *layer)
{
	struct collecting *to = arg;
	char href[LAYER_ID_LEN_MAX + 64];
	struct buf title;

	buf_init(&title, 4096);
	layer_title(layer, &title);
	buf_add_u8(&title, 0);
	snprintf(href, sizeof(href), "/ogc/collections/%s?f=html", layer->id);
	html_put(to->page, "<li>");
	html_link(to->page, bytes_str(href),
		  bytes_str(title.err ? layer->id : (const char *)title.ptr));
	html_put(to->page, "</li>");
	buf_fini(&title);
	snprintf(to->last, sizeof(to->last), "%s", layer->id);
}

static void collections_html(struct web_call *call, const char *after)
{
	struct collecting to = {.call = call};
	char next[LAYER_ID_LEN_MAX + 64];
	struct html page;
	bool more;

	ogc_page_begin(call, &page, "Collections");
	html_put(&page, "<ul>");
	to.page = &page;
	enum err err = layer_each(call, after, OGC_LAYER_PAGE, collect_html, &to, &more);
	html_put(&page, "</ul>");
	if (!err && more) {
		snprintf(next, sizeof(next), "/ogc/collections?f=html&after=%s", to.last);
		html_link(&page, bytes_str(next), bytes_str("…"));
	}
	if (!err) {
		ogc_page_answer(call, &page);
		return;
	}
	html_fini(&page);
	ogc_fail_err(call, err);
}

static void collections_serve(struct web_call *call)
{
	static const char *const names[] = {"f", "after", NULL};
	bool bad, html = ogc_wants_html(call, "application/json", &bad), more = false;
	const char *after = web_arg(call, "after");
	struct collecting to = {.call = call};
	char next[LAYER_ID_LEN_MAX + 64];
	enum err err;

	if (bad || !ogc_args_known(call, names) || layers_fresh(call, html ? "html" : "json"))
		return;
	if (html) {
		collections_html(call, after ? after : "");
		return;
	}
	to.list = json_array();
	err = layer_each(call, after ? after : "", OGC_LAYER_PAGE, collect_json, &to, &more);
	if (err) {
		json_decref(to.list);
		ogc_fail_err(call, err);
		return;
	}
	json_t *links = two_links(call, "/ogc/collections", "application/json", false);
	if (more) {
		snprintf(next, sizeof(next), "/ogc/collections?after=%s", to.last);
		json_array_append_new(links,
				      ogc_link(call, next, "next", "application/json", NULL));
	}
	web_json(call, 200, json_pack("{s:o, s:o}", "links", links, "collections", to.list));
}

static void collection_html(struct web_call *call, struct layer *layer)
{
	char items[LAYER_ID_LEN_MAX + 64];
	struct buf title, file;
	struct html page;

	buf_init(&title, 4096);
	buf_init(&file, ADDRESS_LEN_MAX);
	layer_title(layer, &title);
	layer_file_path(layer, &file);
	buf_add_u8(&title, 0);
	buf_add_u8(&file, 0);
	ogc_page_begin(call, &page, title.err ? layer->id : (const char *)title.ptr);
	html_put(&page, "<p>");
	html_text(&page, layer->item.description.text);
	html_put(&page, "</p><ul><li>");
	snprintf(items, sizeof(items), "/ogc/collections/%s/items?f=html", layer->id);
	html_link(&page, bytes_str(items), bytes_str("Features"));
	html_put(&page, "</li><li>");
	html_link(&page, bytes_str(file.err ? "" : (const char *)file.ptr), bytes_str(layer->file));
	html_put(&page, "</li></ul>");
	buf_fini(&title);
	buf_fini(&file);
	ogc_page_answer(call, &page);
}

static void collection_serve(struct web_call *call)
{
	static const char *const names[] = {"f", NULL};
	bool bad, html = ogc_wants_html(call, "application/json", &bad);
	struct layer layer;
	enum err err;

	if (bad || !ogc_args_known(call, names))
		return;
	layer_init(&layer);
	err = layer_get(call, call->parts[0], &layer);
	if (err)
		ogc_fail_layer(call, err, &layer);
	else if (html)
		collection_html(call, &layer);
	else
		web_json(call, 200, layer_json(call, &layer));
	layer_fini(&layer);
}

static const struct route_param forms[] = {
	{"f", "string", "json or html, instead of the Accept header"},
	{"*", "string", "any other is refused by a code of the standard"},
	{0},
};
static const struct route_param lists[] = {
	{"f", "string", "json or html, instead of the Accept header"},
	{"after", "string", "the id after which to go on"},
	{"*", "string", "any other is refused by a code of the standard"},
	{0},
};
#define JSON_OR_HTML "application/json text/html"

const struct route ogc_routes[] = {
	{HTTP_GET, "/ogc", .who = WHO_ANYONE, .serve = landing_serve, .params = forms,
	 .answers = JSON_OR_HTML, .about = "OGC API Features: where to go on from"},
	{HTTP_GET, "/ogc/", .who = WHO_ANYONE, .serve = landing_serve, .params = forms,
	 .answers = JSON_OR_HTML, .about = "the same"},
	{HTTP_GET, "/ogc/conformance", .who = WHO_ANYONE, .serve = conformance_serve,
	 .params = forms, .answers = JSON_OR_HTML, .about = "which parts of the standard it keeps"},
	{HTTP_GET, "/ogc/collections", .who = WHO_ANYONE, .serve = collections_serve,
	 .params = lists, .answers = JSON_OR_HTML,
	 .about = "files whose features can be asked for"},
	{HTTP_GET, "/ogc/collections/*", .who = WHO_ANYONE, .serve = collection_serve,
	 .params = forms, .answers = JSON_OR_HTML, .about = "one of them"},
	{0},
};
