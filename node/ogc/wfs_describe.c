/*
 * wfs_describe - what WFS says of itself: capabilities, types, stored queries.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/care/node_view.h"
#include "node/ogc/gml.h"
#include "node/ogc/wfs.h"

static void put_operation(struct xml *xml, const char *name, const char *url)
{
	xml_open(xml, "ows:Operation");
	xml_attr(xml, "name", name);
	xml_open(xml, "ows:DCP");
	xml_open(xml, "ows:HTTP");
	xml_open(xml, "ows:Get");
	xml_attr(xml, "xlink:href", url);
	xml_close(xml, "ows:Get");
	xml_close(xml, "ows:HTTP");
	xml_close(xml, "ows:DCP");
}

static void put_parameter(struct xml *xml, const char *name, const char *const *values)
{
	xml_open(xml, "ows:Parameter");
	xml_attr(xml, "name", name);
	xml_open(xml, "ows:AllowedValues");
	for (; *values; values++)
		xml_leaf(xml, "ows:Value", *values);
	xml_close(xml, "ows:AllowedValues");
	xml_close(xml, "ows:Parameter");
}

static void put_constraint(struct xml *xml, const char *element, const char *name,
			   const char *value)
{
	xml_open(xml, element);
	xml_attr(xml, "name", name);
	xml_open(xml, "ows:NoValues");
	xml_close(xml, "ows:NoValues");
	xml_leaf(xml, "ows:DefaultValue", value);
	xml_close(xml, element);
}

static void put_operations(struct xml *xml, const char *url)
{
	static const char *const formats[] = {WFS_GML, OGC_GEOJSON, NULL};
	static const char *const versions[] = {"2.0.0", NULL};
	static const char *const results[] = {"results", "hits", NULL};
	static const struct {
		const char *name, *value;
	} kept[] = {
		{"ImplementsSimpleWFS", "TRUE"},
		{"ImplementsBasicWFS", "FALSE"},
		{"ImplementsTransactionalWFS", "FALSE"},
		{"ImplementsLockingWFS", "FALSE"},
		{"KVPEncoding", "TRUE"},
		{"XMLEncoding", "FALSE"},
		{"SOAPEncoding", "FALSE"},
		{"ImplementsInheritance", "FALSE"},
		{"ImplementsRemoteResolve", "FALSE"},
		{"ImplementsResultPaging", "TRUE"},
		{"ImplementsStandardJoins", "FALSE"},
		{"ImplementsSpatialJoins", "FALSE"},
		{"ImplementsTemporalJoins", "FALSE"},
		{"ImplementsFeatureVersioning", "FALSE"},
		{"ManageStoredQueries", "FALSE"},
		{"PagingIsTransactionSafe", "FALSE"},
	};
	char count[16];

	xml_open(xml, "ows:OperationsMetadata");
	put_operation(xml, "GetCapabilities", url);
	put_parameter(xml, "AcceptVersions", versions);
	xml_close(xml, "ows:Operation");
	put_operation(xml, "DescribeFeatureType", url);
	put_parameter(xml, "outputFormat", (const char *const[]){WFS_GML, NULL});
	xml_close(xml, "ows:Operation");
	put_operation(xml, "ListStoredQueries", url);
	xml_close(xml, "ows:Operation");
	put_operation(xml, "DescribeStoredQueries", url);
	xml_close(xml, "ows:Operation");
	put_operation(xml, "GetFeature", url);
	put_parameter(xml, "resultType", results);
	put_parameter(xml, "outputFormat", formats);
	xml_close(xml, "ows:Operation");
	put_parameter(xml, "version", versions);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		put_constraint(xml, "ows:Constraint", kept[i].name, kept[i].value);
	snprintf(count, sizeof(count), "%d", OGC_PAGE_DEFAULT);
	put_constraint(xml, "ows:Constraint", "CountDefault", count);
	xml_close(xml, "ows:OperationsMetadata");
}

static void put_feature_type(void *arg, struct layer *layer)
{
	struct xml *xml = arg;
	const struct box *box = &layer->about.box;
	char name[LAYER_ID_LEN_MAX + 8], corner[64];
	struct buf title;

	snprintf(name, sizeof(name), "app:%s", layer->id);
	buf_init(&title, 4096);
	layer_title(layer, &title);
	xml_open(xml, "wfs:FeatureType");
	xml_leaf(xml, "wfs:Name", name);
	xml_open(xml, "wfs:Title");
	xml_text(xml, buf_bytes(&title));
	xml_close(xml, "wfs:Title");
	buf_fini(&title);
	if (layer->item.description.text.len) {
		xml_open(xml, "wfs:Abstract");
		xml_text(xml, layer->item.description.text);
		xml_close(xml, "wfs:Abstract");
	}
	xml_leaf(xml, "wfs:DefaultCRS", crs_urn(CRS_4326));
	xml_leaf(xml, "wfs:OtherCRS", crs_urn(CRS_25832));
	xml_leaf(xml, "wfs:OtherCRS", crs_urn(CRS_25833));
	xml_leaf(xml, "wfs:OtherCRS", crs_urn(CRS_84));
	if (!box_is_empty(*box)) {
		xml_open(xml, "ows:WGS84BoundingBox");
		snprintf(corner, sizeof(corner), "%.17g %.17g", box->west, box->south);
		xml_leaf(xml, "ows:LowerCorner", corner);
		snprintf(corner, sizeof(corner), "%.17g %.17g", box->east, box->north);
		xml_leaf(xml, "ows:UpperCorner", corner);
		xml_close(xml, "ows:WGS84BoundingBox");
	}
	xml_close(xml, "wfs:FeatureType");
}

static void put_filters(struct xml *xml)
{
	static const struct {
		const char *name, *value;
	} kept[] = {
		{"ImplementsQuery", "TRUE"},
		{"ImplementsAdHocQuery", "TRUE"},
		{"ImplementsFunctions", "FALSE"},
		{"ImplementsResourceId", "TRUE"},
		{"ImplementsMinStandardFilter", "FALSE"},
		{"ImplementsStandardFilter", "FALSE"},
		{"ImplementsMinSpatialFilter", "TRUE"},
		{"ImplementsSpatialFilter", "FALSE"},
		{"ImplementsMinTemporalFilter", "FALSE"},
		{"ImplementsTemporalFilter", "FALSE"},
		{"ImplementsVersionNav", "FALSE"},
		{"ImplementsSorting", "TRUE"},
		{"ImplementsExtendedOperators", "FALSE"},
		{"ImplementsMinimumXPath", "FALSE"},
		{"ImplementsSchemaElementFunc", "FALSE"},
	};

	xml_open(xml, "fes:Filter_Capabilities");
	xml_open(xml, "fes:Conformance");
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		put_constraint(xml, "fes:Constraint", kept[i].name, kept[i].value);
	xml_close(xml, "fes:Conformance");
	xml_open(xml, "fes:Id_Capabilities");
	xml_open(xml, "fes:ResourceIdentifier");
	xml_attr(xml, "name", "fes:ResourceId");
	xml_close(xml, "fes:ResourceIdentifier");
	xml_close(xml, "fes:Id_Capabilities");
	xml_open(xml, "fes:Spatial_Capabilities");
	xml_open(xml, "fes:GeometryOperands");
	xml_open(xml, "fes:GeometryOperand");
	xml_attr(xml, "name", "gml:Envelope");
	xml_close(xml, "fes:GeometryOperand");
	xml_close(xml, "fes:GeometryOperands");
	xml_open(xml, "fes:SpatialOperators");
	xml_open(xml, "fes:SpatialOperator");
	xml_attr(xml, "name", "BBOX");
	xml_close(xml, "fes:SpatialOperator");
	xml_close(xml, "fes:SpatialOperators");
	xml_close(xml, "fes:Spatial_Capabilities");
	xml_close(xml, "fes:Filter_Capabilities");
}

static void put_service(struct xml *xml, const char *name, const char *url)
{
	xml_open(xml, "ows:ServiceIdentification");
	xml_leaf(xml, "ows:Title", name);
	xml_leaf(xml, "ows:Abstract", "Features of published datasets");
	xml_leaf(xml, "ows:ServiceType", "WFS");
	xml_leaf(xml, "ows:ServiceTypeVersion", "2.0.0");
	xml_leaf(xml, "ows:Fees", "none");
	xml_leaf(xml, "ows:AccessConstraints", "each feature type has its own licence");
	xml_close(xml, "ows:ServiceIdentification");
	xml_open(xml, "ows:ServiceProvider");
	xml_leaf(xml, "ows:ProviderName", name);
	xml_open(xml, "ows:ProviderSite");
	xml_attr(xml, "xlink:href", url);
	xml_close(xml, "ows:ProviderSite");
	xml_open(xml, "ows:ServiceContact");
	xml_close(xml, "ows:ServiceContact");
	xml_close(xml, "ows:ServiceProvider");
}

void wfs_capabilities(struct web_call *call)
{
	struct buf out, url;
	bool more;

	buf_init(&out, OGC_ANSWER_LEN_MAX);
	buf_init(&url, 4096);
	web_url(call, &url, "/wfs?");
	buf_add_u8(&url, 0);
	const char *href = url.err ? "/wfs?" : (const char *)url.ptr;
	struct xml xml = xml_begin(&out);
	xml_open(&xml, "wfs:WFS_Capabilities");
	xml_attr(&xml, "xmlns:wfs", "http://www.opengis.net/wfs/2.0");
	xml_attr(&xml, "xmlns:ows", "http://www.opengis.net/ows/1.1");
	xml_attr(&xml, "xmlns:fes", "http://www.opengis.net/fes/2.0");
	xml_attr(&xml, "xmlns:gml", "http://www.opengis.net/gml/3.2");
	xml_attr(&xml, "xmlns:xlink", "http://www.w3.org/1999/xlink");
	xml_attr(&xml, "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance");
	xml_attr(&xml, "xmlns:app", WFS_NAMESPACE);
	xml_attr(&xml, "xsi:schemaLocation",
		 "http://www.opengis.net/wfs/2.0 http://schemas.opengis.net/wfs/2.0/wfs.xsd");
	xml_attr(&xml, "version", "2.0.0");
	put_service(&xml, call->node->identity->name, href);
	put_operations(&xml, href);
	xml_open(&xml, "wfs:FeatureTypeList");
	enum err err = layer_each(call, "", SIZE_MAX, put_feature_type, &xml, &more);
	xml_close(&xml, "wfs:FeatureTypeList");
	put_filters(&xml);
	xml_close(&xml, "wfs:WFS_Capabilities");
	buf_fini(&url);
	if (!err) {
		wfs_answer(call, WFS_XML, &out);
		return;
	}
	buf_fini(&out);
	wfs_fail_err(call, err, NULL);
}

static const char *schema_type(enum field_kind kind)
{
	switch (kind) {
	case FIELD_INTEGER:
		return "xsd:long";
	case FIELD_NUMBER:
		return "xsd:double";
	case FIELD_BOOLEAN:
		return "xsd:boolean";
	case FIELD_DATE:
		return "xsd:date";
	case FIELD_EMPTY:
	case FIELD_TIME: /* also without a zone, or a day alone */
	case FIELD_TEXT:
	case FIELD_JSON:
		break;
	}
	return "xsd:string";
}

static void put_element(struct xml *xml, const char *name, const char *type)
{
	xml_open(xml, "xsd:element");
	xml_attr(xml, "name", name);
	xml_attr(xml, "type", type);
	xml_attr(xml, "minOccurs", "0");
	xml_close(xml, "xsd:element");
}

static void put_schema(struct xml *xml, const struct layer *layer,
		       const struct feature_table *table)
{
	const struct table_about *about = feature_table_about(table);
	char type[LAYER_ID_LEN_MAX + 16];
	struct wfs_names names;
	size_t count;
	const struct table_field *fields = feature_table_fields(table, &count);

	snprintf(type, sizeof(type), "app:%sType", layer->id);
	xml_open(xml, "xsd:element");
	xml_attr(xml, "name", layer->id);
	xml_attr(xml, "type", type);
	xml_attr(xml, "substitutionGroup", "gml:AbstractFeature");
	xml_close(xml, "xsd:element");
	xml_open(xml, "xsd:complexType");
	xml_attr(xml, "name", type + strlen("app:"));
	xml_open(xml, "xsd:complexContent");
	xml_open(xml, "xsd:extension");
	xml_attr(xml, "base", "gml:AbstractFeatureType");
	xml_open(xml, "xsd:sequence");
	wfs_names_of(&names, table);
	for (size_t i = 0; i < count; i++)
		put_element(xml, names.names[i], schema_type(fields[i].kind));
	put_element(xml, WFS_GEOMETRY, gml_property_type(about->has_type, about->type));
	wfs_names_fini(&names);
	xml_close(xml, "xsd:sequence");
	xml_close(xml, "xsd:extension");
	xml_close(xml, "xsd:complexContent");
	xml_close(xml, "xsd:complexType");
}

static void describe_each(void *arg, struct layer *layer)
{
	struct feature_table *table;

	if (!feature_table_open(&table, layer->table)) {
		put_schema(arg, layer, table);
		feature_table_close(table);
	}
}

static enum err describe_named(struct web_call *call, struct xml *xml, const char *names)
{
	struct bytes list = bytes_str(names), one;
	enum err err = ERR_OK;

	while (!err && wfs_next(&list, ',', &one)) {
		struct layer layer;
		char *id = bytes_text(wfs_local(one));
		layer_init(&layer);
		err = layer_get(call, id, &layer);
		if (!err)
			put_schema(xml, &layer, layer.open);
		layer_fini(&layer);
		free(id);
	}
	return err;
}

void wfs_describe(struct web_call *call)
{
	const char *names = wfs_arg(call, "TYPENAMES");
	struct buf out;
	bool more;
	enum err err;

	names = names ? names : wfs_arg(call, "TYPENAME");
	buf_init(&out, OGC_ANSWER_LEN_MAX);
	struct xml xml = xml_begin(&out);
	xml_open(&xml, "xsd:schema");
	xml_attr(&xml, "xmlns:xsd", "http://www.w3.org/2001/XMLSchema");
	xml_attr(&xml, "xmlns:gml", "http://www.opengis.net/gml/3.2");
	xml_attr(&xml, "xmlns:app", WFS_NAMESPACE);
	xml_attr(&xml, "targetNamespace", WFS_NAMESPACE);
	xml_attr(&xml, "elementFormDefault", "qualified");
	xml_attr(&xml, "version", "1.0");
	xml_open(&xml, "xsd:import");
	xml_attr(&xml, "namespace", "http://www.opengis.net/gml/3.2");
	xml_attr(&xml, "schemaLocation", "http://schemas.opengis.net/gml/3.2.1/gml.xsd");
	xml_close(&xml, "xsd:import");
	err = names ? describe_named(call, &xml, names)
		    : layer_each(call, "", OGC_LAYER_PAGE, describe_each, &xml, &more);
	xml_close(&xml, "xsd:schema");
	if (!err) {
		wfs_answer(call, WFS_GML, &out);
		return;
	}
	buf_fini(&out);
	wfs_fail_err(call, err, "typeNames");
}

struct queries {
	struct xml xml;
	bool described;
};

static void put_return(void *arg, struct layer *layer)
{
	struct queries *queries = arg;
	char name[LAYER_ID_LEN_MAX + 8];

	snprintf(name, sizeof(name), "app:%s", layer->id);
	if (!queries->described)
		xml_leaf(&queries->xml, "wfs:ReturnFeatureType", name);
}

static void put_stored_query(struct queries *queries)
{
	struct xml *xml = &queries->xml;

	xml_open(xml, queries->described ? "wfs:StoredQueryDescription" : "wfs:StoredQuery");
	xml_attr(xml, "id", WFS_BY_ID);
	xml_leaf(xml, "wfs:Title", "a feature by its gml:id");
	if (!queries->described)
		return;
	xml_open(xml, "wfs:Parameter");
	xml_attr(xml, "name", "ID");
	xml_attr(xml, "type", "xsd:string");
	xml_close(xml, "wfs:Parameter");
	xml_open(xml, "wfs:QueryExpressionText");
	xml_attr(xml, "isPrivate", "true");
	xml_attr(xml, "language", "urn:ogc:def:queryLanguage:OGC-WFS::WFSQueryExpression");
	xml_attr(xml, "returnFeatureTypes", "");
	xml_close(xml, "wfs:QueryExpressionText");
}

void wfs_queries(struct web_call *call, bool described)
{
	const char *root =
		described ? "wfs:DescribeStoredQueriesResponse" : "wfs:ListStoredQueriesResponse";
	const char *id = wfs_arg(call, "STOREDQUERY_ID");
	struct queries queries = {.described = described};
	struct buf out;
	bool more;

	if (described && id && strcmp(id, WFS_BY_ID) != 0) {
		wfs_fail(call, 400, "InvalidParameterValue", "STOREDQUERY_ID",
			 "the stored query \"%.100s\" is not known", id);
		return;
	}
	buf_init(&out, OGC_ANSWER_LEN_MAX);
	queries.xml = xml_begin(&out);
	xml_open(&queries.xml, root);
	xml_attr(&queries.xml, "xmlns:wfs", "http://www.opengis.net/wfs/2.0");
	xml_attr(&queries.xml, "xmlns:xsd", "http://www.w3.org/2001/XMLSchema");
	xml_attr(&queries.xml, "xmlns:app", WFS_NAMESPACE);
	put_stored_query(&queries);
	enum err err = layer_each(call, "", OGC_LAYER_PAGE, put_return, &queries, &more);
	xml_close(&queries.xml, described ? "wfs:StoredQueryDescription" : "wfs:StoredQuery");
	xml_close(&queries.xml, root);
	if (!err) {
		wfs_answer(call, WFS_XML, &out);
		return;
	}
	buf_fini(&out);
	wfs_fail_err(call, err, NULL);
}
