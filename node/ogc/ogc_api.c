/*
 * ogc_api - /ogc/api: what can be asked, as an OpenAPI 3.0 document. Programs read from it how many
 * features a page may have, and by which properties of which collection they may ask.
 */
#include <stdio.h>
#include <string.h>

#include "node/care/node_view.h"
#include "node/ogc/ogc.h"

/* Collections that have a path of their own, with their properties; the names of others stand in
   one path for all. */
#define OWN_PATHS_MAX 100

static json_t *parameter_ref(const char *name)
{
	char ref[128];

	snprintf(ref, sizeof(ref), "#/components/parameters/%s", name);
	return json_pack("{s:s}", "$ref", ref);
}

static json_t *api_content(const char *type, const char *schema)
{
	char ref[128];

	snprintf(ref, sizeof(ref), "#/components/schemas/%s", schema);
	return json_pack("{s:{s:{s:s}}}", type, "schema", "$ref", ref);
}

/* An answer in JSON of this type and schema, the same as a page, and faults. */
static json_t *api_responses(const char *type, const char *schema, bool faulty)
{
	json_t *both = api_content(type, schema), *all;

	json_object_set_new(both, "text/html", json_pack("{s:{s:s}}", "schema", "type", "string"));
	all = json_pack("{s:{s:s, s:o}}", "200", "description", "what was asked for", "content",
			both);
	json_object_set_new(all, "400",
			    json_pack("{s:s, s:o}", "description", "a parameter is wrong",
				      "content", api_content("application/json", "exception")));
	if (faulty)
		json_object_set_new(all, "404",
				    json_pack("{s:s, s:o}", "description", "there is nothing here",
					      "content",
					      api_content("application/json", "exception")));
	json_object_set_new(all, "503",
			    json_pack("{s:s, s:o}", "description", "not yet; ask again", "content",
				      api_content("application/json", "exception")));
	return all;
}

static json_t *api_operation(const char *id, const char *summary, const char *tag,
			     json_t *parameters, json_t *answers)
{
	return json_pack("{s:{s:s, s:s, s:[s], s:o, s:o}}", "get", "operationId", id, "summary",
			 summary, "tags", tag, "parameters", parameters, "responses", answers);
}

static json_t *items_parameters(bool named)
{
	static const char *const names[] = {"bbox",  "bbox-crs", "crs", "datetime",
					    "limit", "after",    "f",   NULL};
	json_t *list = json_array();

	if (!named)
		json_array_append_new(list, parameter_ref("collectionId"));
	for (size_t i = 0; names[i]; i++)
		json_array_append_new(list, parameter_ref(names[i]));
	return list;
}

static json_t *feature_parameters(bool named)
{
	json_t *list = json_pack("[o,o,o]", parameter_ref("featureId"), parameter_ref("crs"),
				 parameter_ref("f"));

	if (!named)
		json_array_insert_new(list, 0, parameter_ref("collectionId"));
	return list;
}

static const char *type_of_field(enum field_kind kind)
{
	return kind == FIELD_INTEGER   ? "integer"
	       : kind == FIELD_NUMBER  ? "number"
	       : kind == FIELD_BOOLEAN ? "boolean"
				       : "string";
}

static bool api_taken(json_t *parameters, const char *name)
{
	static const char *const reserved[] = {"bbox",  "bbox-crs", "crs", "datetime",
					       "limit", "after",    "f"};
	json_t *one;
	size_t i;

	for (i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (strcmp(reserved[i], name) == 0)
			return true;
	json_array_foreach(parameters, i, one)
	{
		const char *known = json_string_value(json_object_get(one, "name"));
		if (known && strcmp(known, name) == 0)
			return true;
	}
	return false;
}

static void add_property(json_t *parameters, const struct table_field *field)
{
	if (field->kind == FIELD_JSON || field->kind == FIELD_EMPTY || !*field->name ||
	    api_taken(parameters, field->name))
		return;
	json_t *one = json_pack("{s:s, s:s, s:b, s:s, s:b, s:{s:s}}", "name", field->name, "in",
				"query", "required", 0, "style", "form", "explode", 0, "schema",
				"type", type_of_field(field->kind));
	if (one)
		json_array_append_new(parameters, one);
}

struct describing {
	json_t *paths;
	size_t count;
};

/* The table of a collection is opened for its fields. */
static void add_collection(void *arg, struct layer *layer)
{
	struct describing *to = arg;
	json_t *parameters = items_parameters(true);
	char path[LAYER_ID_LEN_MAX + 64], id[LAYER_ID_LEN_MAX + 64];
	struct feature_table *table;
	size_t count;

	if (!feature_table_open(&table, layer->table)) {
		const struct table_field *fields = feature_table_fields(table, &count);
		for (size_t i = 0; i < count; i++)
			add_property(parameters, &fields[i]);
		feature_table_close(table);
	}
	snprintf(path, sizeof(path), "/collections/%s/items", layer->id);
	snprintf(id, sizeof(id), "%s.getFeatures", layer->id);
	json_object_set_new(to->paths, path,
			    api_operation(id, "features of this collection", "Data", parameters,
					  api_responses(OGC_GEOJSON, "featureCollection", true)));
	snprintf(path, sizeof(path), "/collections/%s/items/{featureId}", layer->id);
	snprintf(id, sizeof(id), "%s.getFeature", layer->id);
	json_object_set_new(to->paths, path,
			    api_operation(id, "one feature of this collection", "Data",
					  feature_parameters(true),
					  api_responses(OGC_GEOJSON, "feature", true)));
	to->count++;
}

static json_t *api_paths(struct web_call *call, enum err *err)
{
	struct describing to = {.paths = json_object()};
	json_t *only_form = json_pack("[o]", parameter_ref("f"));
	bool more = false;

	json_object_set_new(to.paths, "/",
			    api_operation("getLandingPage", "where to go on from", "Capabilities",
					  json_incref(only_form),
					  api_responses("application/json", "landingPage", false)));
	json_object_set_new(to.paths, "/conformance",
			    api_operation("getConformance", "which standards are followed",
					  "Capabilities", json_incref(only_form),
					  api_responses("application/json", "confClasses", false)));
	json_object_set_new(to.paths, "/api",
			    json_pack("{s:{s:s, s:s, s:[s], s:{s:{s:s, s:{s:{s:{s:s}}}},"
				      "s:{s:s, s:o}}}}",
				      "get", "operationId", "getApi", "summary", "this document",
				      "tags", "Capabilities", "responses", "200", "description",
				      "this document", "content", OGC_OPENAPI, "schema", "type",
				      "object", "400", "description", "a parameter is wrong",
				      "content", api_content("application/json", "exception")));
	json_object_set_new(
		to.paths, "/collections",
		api_operation("getCollections", "the collections", "Capabilities",
			      json_pack("[o,o]", parameter_ref("afterId"), parameter_ref("f")),
			      api_responses("application/json", "collections", false)));
	json_object_set_new(
		to.paths, "/collections/{collectionId}",
		api_operation("describeCollection", "one collection", "Capabilities",
			      json_pack("[o,o]", parameter_ref("collectionId"), parameter_ref("f")),
			      api_responses("application/json", "collection", true)));
	json_decref(only_form);
	*err = layer_each(call, "", OWN_PATHS_MAX, add_collection, &to, &more);
	if (!*err && (more || !to.count)) {
		json_object_set_new(
			to.paths, "/collections/{collectionId}/items",
			api_operation("getFeatures", "features of a collection", "Data",
				      items_parameters(false),
				      api_responses(OGC_GEOJSON, "featureCollection", true)));
		json_object_set_new(to.paths, "/collections/{collectionId}/items/{featureId}",
				    api_operation("getFeature", "one feature", "Data",
						  feature_parameters(false),
						  api_responses(OGC_GEOJSON, "feature", true)));
	}
	return to.paths;
}

static json_t *api_parameter(const char *name, const char *in, const char *about, json_t *schema)
{
	bool path = strcmp(in, "path") == 0;

	return json_pack("{s:s, s:s, s:s, s:b, s:s, s:b, s:o}", "name", name, "in", in,
			 "description", about, "required", path, "style", path ? "simple" : "form",
			 "explode", 0, "schema", schema);
}

static json_t *api_type(const char *type)
{
	return json_pack("{s:s}", "type", type);
}

static json_t *api_crs(void)
{
	return json_pack("{s:s, s:s, s:[s,s,s], s:s}", "type", "string", "format", "uri", "enum",
			 crs_uri(CRS_84), crs_uri(CRS_25832), crs_uri(CRS_25833), "default",
			 crs_uri(CRS_84));
}

static json_t *api_parameters(void)
{
	json_t *all = json_object();

	json_object_set_new(
		all, "collectionId",
		api_parameter("collectionId", "path", "id of a collection", api_type("string")));
	json_object_set_new(
		all, "featureId",
		api_parameter("featureId", "path", "id of a feature", api_type("string")));
	json_object_set_new(
		all, "bbox",
		api_parameter(
			"bbox", "query",
			"Only features of which a point lies in this box: west, south, east, "
			"north, in CRS84 or in bbox-crs; with six numbers heights as well, which "
			"are not looked at. West may be greater than east, across the "
			"antimeridian.",
			json_pack("{s:s, s:[{s:i, s:i}, {s:i, s:i}], s:{s:s}}", "type", "array",
				  "oneOf", "minItems", 4, "maxItems", 4, "minItems", 6, "maxItems",
				  6, "items", "type", "number")));
	json_object_set_new(
		all, "bbox-crs",
		api_parameter("bbox-crs", "query", "reference system of bbox", api_crs()));
	json_object_set_new(
		all, "crs",
		api_parameter("crs", "query", "reference system of the answer", api_crs()));
	json_object_set_new(
		all, "datetime",
		api_parameter(
			"datetime", "query",
			"An instant (RFC 3339), or two with a slash between, of which one may be "
			".. (open): only features that last into it.",
			api_type("string")));
	json_object_set_new(
		all, "limit",
		api_parameter("limit", "query", "at most so many features",
			      json_pack("{s:s, s:i, s:i, s:i}", "type", "integer", "minimum", 1,
					"maximum", OGC_PAGE_MAX, "default", OGC_PAGE_DEFAULT)));
	json_object_set_new(
		all, "after",
		api_parameter("after", "query",
			      "where a page goes on; from the link \"next\" of the last",
			      json_pack("{s:s, s:i}", "type", "integer", "minimum", 1)));
	json_object_set_new(
		all, "afterId",
		api_parameter("after", "query",
			      "where the list goes on; from the link \"next\" of the last",
			      api_type("string")));
	json_object_set_new(all, "f",
			    api_parameter("f", "query", "form of the answer, instead of Accept",
					  json_pack("{s:s, s:[s,s]}", "type", "string", "enum",
						    "json", "html")));
	return all;
}

/* Schemas that say what must be there; the standard has them in full. */
static json_t *api_schemas(void)
{
	static const char *const links =
		"{\"type\":\"array\",\"items\":{\"type\":\"object\","
		"\"required\":[\"href\"],\"properties\":{\"href\":"
		"{\"type\":\"string\"},\"rel\":{\"type\":\"string\"},"
		"\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
		"\"length\":{\"type\":\"integer\"}}}}";
	static const struct {
		const char *name, *required[3];
		const char *type;
	} schemas[] = {
		{"exception", {"code"}, "string"},
		{"landingPage", {"links"}, NULL},
		{"confClasses", {"conformsTo"}, "array"},
		{"collections", {"links", "collections"}, "array"},
		{"collection", {"id", "links"}, "string"},
		{"featureCollection", {"type", "features", "links"}, "array"},
		{"feature", {"type", "geometry", "properties"}, "object"},
	};
	json_t *all = json_object();

	for (size_t i = 0; i < sizeof(schemas) / sizeof(*schemas); i++) {
		json_t *required = json_array(), *properties = json_object();
		for (size_t j = 0; j < 3 && schemas[i].required[j]; j++) {
			const char *name = schemas[i].required[j];
			json_array_append_new(required, json_string(name));
			json_t *schema = strcmp(name, "links") == 0  ? json_loads(links, 0, NULL)
					 : strcmp(name, "type") == 0 ? api_type("string")
								     : api_type(schemas[i].type);
			if (schemas[i].type && strcmp(schemas[i].type, "array") == 0 &&
			    strcmp(name, "links") != 0 && strcmp(name, "type") != 0)
				json_object_set_new(schema, "items",
						    api_type(strcmp(name, "conformsTo") == 0
								     ? "string"
								     : "object"));
			if (strcmp(name, "geometry") == 0)
				json_object_set_new(schema, "nullable", json_true());
			json_object_set_new(properties, name, schema);
		}
		json_object_set_new(all, schemas[i].name,
				    json_pack("{s:s, s:o, s:o}", "type", "object", "required",
					      required, "properties", properties));
	}
	return all;
}

static json_t *api_info(struct web_call *call)
{
	return json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "title", call->node->identity->name,
			 "version", "1.0.0", "description",
			 "Features of published datasets, by OGC API Features, Part 1 and 2.",
			 "license", "name", "each collection has its own", "url",
			 "http://dcat-ap.de/def/licenses/");
}

static void ogc_openapi_serve(struct web_call *call)
{
	static const char *const names[] = {"f", NULL};
	struct buf url;
	enum err err;

	if (!ogc_args_known(call, names))
		return;
	json_t *paths = api_paths(call, &err);
	if (err) {
		json_decref(paths);
		ogc_fail_err(call, err);
		return;
	}
	buf_init(&url, 4096);
	web_url(call, &url, "/ogc");
	buf_add_u8(&url, 0);
	json_t *all = json_pack(
		"{s:s, s:o, s:[{s:s}], s:[{s:s, s:s}, {s:s, s:s}], s:[], s:o, s:{s:o, s:o}}",
		"openapi", "3.0.3", "info", api_info(call), "servers", "url",
		url.err ? "/ogc" : (const char *)url.ptr, "tags", "name", "Capabilities",
		"description", "what there is", "name", "Data", "description", "features",
		"security", "paths", paths, "components", "parameters", api_parameters(), "schemas",
		api_schemas());
	buf_fini(&url);
	web_json_as(call, 200, OGC_OPENAPI, all);
}

const struct route ogc_api_routes[] = {
	{HTTP_GET, "/ogc/api", .who = WHO_ANYONE, .serve = ogc_openapi_serve,
	 .answers = OGC_OPENAPI,
	 .params = PARAMS({"f", "string", "json"},
			  {"*", "string", "any other is refused by a code of the standard"}),
	 .about = "what can be asked of OGC API Features, as an OpenAPI document"},
	{0},
};
