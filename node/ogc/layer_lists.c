/*
 * layer_lists - all layers at once, for programs that open them by a list: /services.json for
 * Masterportal, /qgis.qlr for QGIS.
 */
#include <stdio.h>
#include <string.h>

#include "node/ogc/ogc.h"
#include "node/ogc/xml.h"

struct listing {
	struct web_call *call;
	json_t *services;
	struct xml xml;
	struct buf *base; /* address of /ogc */
};

static const char *title_of(const struct layer *layer, struct buf *title)
{
	buf_init(title, 4096);
	layer_title(layer, title);
	buf_add_u8(title, 0);
	return title->err ? layer->id : (const char *)title->ptr;
}

static void add_service(void *arg, struct layer *layer)
{
	struct listing *to = arg;
	struct buf title;

	json_array_append_new(to->services,
			      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:b}", "id",
					layer->id, "name", title_of(layer, &title), "typ", "OAF",
					"url", (const char *)to->base->ptr, "collection", layer->id,
					"crs", crs_uri(CRS_25833), "bboxCrs", crs_uri(CRS_25833),
					"limit", OGC_PAGE_MAX, "gfiTheme", "default", "datasets",
					0));
	buf_fini(&title);
}

static void services_serve(struct web_call *call)
{
	struct listing to = {.call = call, .services = json_array()};
	struct buf base;
	bool more;
	enum err err;

	buf_init(&base, 4096);
	web_url(call, &base, "/ogc");
	buf_add_u8(&base, 0);
	to.base = &base;
	err = base.err ? base.err : layer_each(call, "", LAYERS_MAX, add_service, &to, &more);
	buf_fini(&base);
	if (!err) {
		web_json(call, 200, to.services);
		return;
	}
	json_decref(to.services);
	ogc_fail_err(call, err);
}

/* Kinds of QGIS: Point, Line, Polygon; what is mixed it finds out itself. */
static const char *qgis_kind(const struct table_about *about)
{
	if (!about->has_type)
		return "Unknown geometry";
	switch (about->type) {
	case GEOMETRY_POINT:
	case GEOMETRY_MULTIPOINT:
		return "Point";
	case GEOMETRY_LINE:
	case GEOMETRY_MULTILINE:
		return "Line";
	case GEOMETRY_POLYGON:
	case GEOMETRY_MULTIPOLYGON:
		return "Polygon";
	case GEOMETRY_COLLECTION:
	case GEOMETRY_TYPE_COUNT:
		break;
	}
	return "Unknown geometry";
}

static void source_of(const struct listing *to, const struct layer *layer, struct buf *out)
{
	buf_init(out, 16384);
	buf_add(out, bytes_str("url='"));
	buf_add(out, bytes_str((const char *)to->base->ptr));
	buf_add(out, bytes_str("' typename='"));
	buf_add(out, bytes_str(layer->id));
	buf_add(out, bytes_str("' srsname='OGC:CRS84'"));
	buf_add_u8(out, 0);
}

static void add_tree(void *arg, struct layer *layer)
{
	struct listing *to = arg;
	struct xml *xml = &to->xml;
	struct buf title, source;

	source_of(to, layer, &source);
	xml_open(xml, "layer-tree-layer");
	xml_attr(xml, "id", layer->id);
	xml_attr(xml, "name", title_of(layer, &title));
	xml_attr(xml, "providerKey", "OAPIF");
	xml_attr(xml, "source", source.err ? "" : (const char *)source.ptr);
	xml_attr(xml, "checked", "Qt::Checked");
	xml_attr(xml, "expanded", "0");
	xml_close(xml, "layer-tree-layer");
	buf_fini(&title);
	buf_fini(&source);
}

static void add_map(void *arg, struct layer *layer)
{
	struct listing *to = arg;
	struct xml *xml = &to->xml;
	struct buf title, source;

	source_of(to, layer, &source);
	xml_open(xml, "maplayer");
	xml_attr(xml, "type", "vector");
	xml_attr(xml, "geometry", qgis_kind(&layer->about));
	xml_leaf(xml, "id", layer->id);
	xml_leaf(xml, "datasource", source.err ? "" : (const char *)source.ptr);
	xml_leaf(xml, "layername", title_of(layer, &title));
	xml_open(xml, "provider");
	xml_attr(xml, "encoding", "UTF-8");
	xml_text(xml, bytes_str("OAPIF"));
	xml_close(xml, "provider");
	xml_open(xml, "srs");
	xml_open(xml, "spatialrefsys");
	xml_leaf(xml, "authid", "OGC:CRS84");
	xml_close(xml, "spatialrefsys");
	xml_close(xml, "srs");
	xml_close(xml, "maplayer");
	buf_fini(&title);
	buf_fini(&source);
}

static void qgis_serve(struct web_call *call)
{
	struct listing to = {.call = call};
	struct buf out, base;
	bool more;
	enum err err;

	buf_init(&out, OGC_ANSWER_LEN_MAX);
	buf_init(&base, 4096);
	web_url(call, &base, "/ogc");
	buf_add_u8(&base, 0);
	to.base = &base;
	buf_add(&out, bytes_str("<!DOCTYPE qgis-layer-definition>\n"));
	to.xml = xml_part(&out);
	xml_open(&to.xml, "qlr");
	xml_open(&to.xml, "layer-tree-group");
	xml_attr(&to.xml, "name", call->node->identity->name);
	xml_attr(&to.xml, "checked", "Qt::Checked");
	xml_attr(&to.xml, "expanded", "1");
	err = base.err ? base.err : layer_each(call, "", LAYERS_MAX, add_tree, &to, &more);
	xml_close(&to.xml, "layer-tree-group");
	xml_open(&to.xml, "maplayers");
	if (!err)
		err = layer_each(call, "", LAYERS_MAX, add_map, &to, &more);
	xml_close(&to.xml, "maplayers");
	xml_close(&to.xml, "qlr");
	buf_fini(&base);
	if (err || out.err) {
		err = err ? err : out.err;
		buf_fini(&out);
		ogc_fail_err(call, err);
		return;
	}
	web_attachment(call, "allmende.qlr");
	web_text(call, 200, "application/x-qgis-layer-definition", &out);
}

const struct route layer_lists_routes[] = {
	{HTTP_GET, "/services.json", .who = WHO_ANYONE, .serve = services_serve,
	 .params = PARAMS({0}), .about = "the layers as Masterportal lists services"},
	{HTTP_GET, "/qgis.qlr", .who = WHO_ANYONE, .serve = qgis_serve, .params = PARAMS({0}),
	 .answers = "application/x-qgis-layer-definition",
	 .about = "the layers as a layer definition file of QGIS, which opens them all"},
	{0},
};
