#include "node/ogc/gml.h"

#include <stdio.h>
#include <string.h>

struct gml {
	struct xml *xml;
	const struct geometry *geometry;
	const struct gml_form *form;
	unsigned part; /* of the ids */
};

const char *gml_property_type(bool has_type, enum geometry_type type)
{
	static const char *const types[] = {
		[GEOMETRY_POINT] = "gml:PointPropertyType",
		[GEOMETRY_MULTIPOINT] = "gml:MultiPointPropertyType",
		[GEOMETRY_LINE] = "gml:CurvePropertyType",
		[GEOMETRY_MULTILINE] = "gml:MultiCurvePropertyType",
		[GEOMETRY_POLYGON] = "gml:SurfacePropertyType",
		[GEOMETRY_MULTIPOLYGON] = "gml:MultiSurfacePropertyType",
		[GEOMETRY_COLLECTION] = "gml:MultiGeometryPropertyType",
	};
	return has_type ? types[type] : "gml:GeometryPropertyType";
}

static void gml_number(struct buf *out, double v, int digits)
{
	char text[400];
	int len = snprintf(text, sizeof(text), "%.*f", digits, v);

	while (digits && len > 1 && text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	buf_add(out, bytes_of(text, (size_t)len));
}

static void gml_point(struct gml *gml, uint32_t i, bool first)
{
	const struct geometry_point *point = &gml->geometry->points[i];
	struct buf *out = gml->xml->out;

	if (!first)
		buf_add_u8(out, ' ');
	gml_number(out, gml->form->swapped ? point->y : point->x, gml->form->digits);
	buf_add_u8(out, ' ');
	gml_number(out, gml->form->swapped ? point->x : point->y, gml->form->digits);
}

/* Opens an element with its id; the outermost says the system. */
static void gml_open(struct gml *gml, const char *name)
{
	char id[1024];

	xml_open(gml->xml, name);
	if (gml->part)
		snprintf(id, sizeof(id), "%s.%u", gml->form->id, gml->part);
	else
		snprintf(id, sizeof(id), "%s", gml->form->id);
	xml_attr(gml->xml, "gml:id", id);
	if (!gml->part)
		xml_attr(gml->xml, "srsName", gml->form->srs);
	gml->part++;
}

static void gml_single(struct gml *gml, uint32_t i)
{
	gml_open(gml, "gml:Point");
	xml_open(gml->xml, "gml:pos");
	xml_text(gml->xml, bytes_str(""));
	gml_point(gml, i, true);
	xml_close(gml->xml, "gml:pos");
	xml_close(gml->xml, "gml:Point");
}

static void gml_list(struct gml *gml, const struct geometry_run *run, bool ring)
{
	const struct geometry_point *points = gml->geometry->points;

	xml_open(gml->xml, "gml:posList");
	xml_text(gml->xml, bytes_str(""));
	for (uint32_t i = run->from; i < run->end; i++)
		gml_point(gml, i, i == run->from);
	if (ring && run->end > run->from &&
	    (points[run->from].x != points[run->end - 1].x ||
	     points[run->from].y != points[run->end - 1].y))
		gml_point(gml, run->from, false);
	xml_close(gml->xml, "gml:posList");
}

static void gml_line(struct gml *gml, const struct geometry_run *run)
{
	gml_open(gml, "gml:LineString");
	gml_list(gml, run, false);
	xml_close(gml->xml, "gml:LineString");
}

static void gml_polygon(struct gml *gml, uint32_t from, uint32_t end)
{
	gml_open(gml, "gml:Polygon");
	for (uint32_t i = from; i < end; i++) {
		const char *name = i == from ? "gml:exterior" : "gml:interior";
		if (gml->geometry->runs[i].from == gml->geometry->runs[i].end)
			continue;
		xml_open(gml->xml, name);
		xml_open(gml->xml, "gml:LinearRing");
		gml_list(gml, &gml->geometry->runs[i], true);
		xml_close(gml->xml, "gml:LinearRing");
		xml_close(gml->xml, name);
	}
	xml_close(gml->xml, "gml:Polygon");
}

static void gml_multipoint(struct gml *gml, const struct geometry_shape *shape)
{
	gml_open(gml, "gml:MultiPoint");
	for (uint32_t r = shape->from; r < shape->end; r++)
		for (uint32_t i = gml->geometry->runs[r].from; i < gml->geometry->runs[r].end;
		     i++) {
			xml_open(gml->xml, "gml:pointMember");
			gml_single(gml, i);
			xml_close(gml->xml, "gml:pointMember");
		}
	xml_close(gml->xml, "gml:MultiPoint");
}

static void gml_multiline(struct gml *gml, const struct geometry_shape *shape)
{
	gml_open(gml, "gml:MultiCurve");
	for (uint32_t i = shape->from; i < shape->end; i++) {
		xml_open(gml->xml, "gml:curveMember");
		gml_line(gml, &gml->geometry->runs[i]);
		xml_close(gml->xml, "gml:curveMember");
	}
	xml_close(gml->xml, "gml:MultiCurve");
}

static void gml_multipolygon(struct gml *gml, const struct geometry_shape *shape)
{
	uint32_t from = shape->from;

	gml_open(gml, "gml:MultiSurface");
	while (from < shape->end) {
		uint32_t end = from + 1;
		while (end < shape->end && !gml->geometry->runs[end].polygon)
			end++;
		xml_open(gml->xml, "gml:surfaceMember");
		gml_polygon(gml, from, end);
		xml_close(gml->xml, "gml:surfaceMember");
		from = end;
	}
	xml_close(gml->xml, "gml:MultiSurface");
}

static void gml_shape(struct gml *gml, const struct geometry_shape *shape)
{
	const struct geometry_run *runs = gml->geometry->runs;

	switch (shape->type) {
	case GEOMETRY_POINT:
		if (runs[shape->from].from < runs[shape->from].end)
			gml_single(gml, runs[shape->from].from);
		break;
	case GEOMETRY_MULTIPOINT:
		gml_multipoint(gml, shape);
		break;
	case GEOMETRY_LINE:
		gml_line(gml, &runs[shape->from]);
		break;
	case GEOMETRY_MULTILINE:
		gml_multiline(gml, shape);
		break;
	case GEOMETRY_POLYGON:
		gml_polygon(gml, shape->from, shape->end);
		break;
	case GEOMETRY_MULTIPOLYGON:
		gml_multipolygon(gml, shape);
		break;
	case GEOMETRY_COLLECTION:
	case GEOMETRY_TYPE_COUNT:
		break;
	}
}

void gml_put(struct xml *xml, const struct geometry *geometry, const struct gml_form *form)
{
	struct gml gml = {.xml = xml, .geometry = geometry, .form = form};

	if (geometry->type != GEOMETRY_COLLECTION) {
		gml_shape(&gml, &geometry->shapes[0]);
		return;
	}
	gml_open(&gml, "gml:MultiGeometry");
	for (size_t i = 0; i < geometry->shape_count; i++) {
		xml_open(xml, "gml:geometryMember");
		gml_shape(&gml, &geometry->shapes[i]);
		xml_close(xml, "gml:geometryMember");
	}
	xml_close(xml, "gml:MultiGeometry");
}
