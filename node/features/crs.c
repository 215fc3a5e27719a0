#include "node/features/crs.h"

#include <math.h>
#include <proj.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"

/* Points along each edge of a box: between two, an edge of 100 km is straight within a metre. */
#define EDGE_POINT_COUNT 16

struct crs_tool {
	PJ_CONTEXT *context;
	PJ *utm[CRS_COUNT]; /* NULL: degrees */
};

static const struct {
	const char *uri, *urn, *projection;
	int digits;
} systems[CRS_COUNT] = {
	[CRS_84] = {"http://www.opengis.net/def/crs/OGC/1.3/CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84",
		    NULL, 7},
	[CRS_25832] = {"http://www.opengis.net/def/crs/EPSG/0/25832", "urn:ogc:def:crs:EPSG::25832",
		       "+proj=utm +zone=32 +ellps=GRS80", 3},
	[CRS_25833] = {"http://www.opengis.net/def/crs/EPSG/0/25833", "urn:ogc:def:crs:EPSG::25833",
		       "+proj=utm +zone=33 +ellps=GRS80", 3},
	[CRS_4326] = {"http://www.opengis.net/def/crs/EPSG/0/4326", "urn:ogc:def:crs:EPSG::4326",
		      NULL, 7},
};

const char *crs_uri(enum crs crs)
{
	return systems[crs].uri;
}

const char *crs_urn(enum crs crs)
{
	return systems[crs].urn;
}

int crs_digits(enum crs crs)
{
	return systems[crs].digits;
}

/* The forms in which programs write the code of an EPSG system; old: before the orders of axes. */
static const struct {
	const char *before;
	bool old;
} epsg_forms[] = {
	{"http://www.opengis.net/def/crs/EPSG/0/", false},
	{"https://www.opengis.net/def/crs/EPSG/0/", false},
	{"urn:ogc:def:crs:EPSG::", false},
	{"urn:x-ogc:def:crs:EPSG::", false},
	{"urn:ogc:def:crs:EPSG:", false},
	{"http://www.opengis.net/gml/srs/epsg.xml#", true},
	{"EPSG:", true},
	{"epsg:", true},
};

static bool starts(struct bytes text, const char *with)
{
	size_t len = strlen(with);

	return text.len >= len && memcmp(text.ptr, with, len) == 0;
}

enum err crs_parse(struct bytes name, enum crs *crs, bool *swapped)
{
	static const char *const codes[CRS_COUNT] = {
		[CRS_25832] = "25832", [CRS_25833] = "25833", [CRS_4326] = "4326"};
	static const char *const longitudes[] = {"http://www.opengis.net/def/crs/OGC/1.3/CRS84",
						 "urn:ogc:def:crs:OGC:1.3:CRS84",
						 "urn:ogc:def:crs:OGC::CRS84",
						 "OGC:CRS84",
						 "CRS:84",
						 "https://www.opengis.net/def/crs/OGC/1.3/CRS84"};

	for (size_t i = 0; i < sizeof(longitudes) / sizeof(*longitudes); i++)
		if (bytes_eq(name, bytes_str(longitudes[i]))) {
			*crs = CRS_84;
			*swapped = false;
			return ERR_OK;
		}
	for (size_t i = 0; i < sizeof(epsg_forms) / sizeof(*epsg_forms); i++) {
		if (!starts(name, epsg_forms[i].before))
			continue;
		struct bytes code = bytes_slice(name, strlen(epsg_forms[i].before), name.len);
		/* "urn:ogc:def:crs:EPSG:9.6:25832" names the edition of the table as well */
		const uint8_t *colon = code.len ? memrchr(code.ptr, ':', code.len) : NULL;
		if (colon)
			code = bytes_slice(code, (size_t)(colon - code.ptr) + 1, code.len);
		for (unsigned c = 0; c < CRS_COUNT; c++)
			if (codes[c] && bytes_eq(code, bytes_str(codes[c]))) {
				*crs = c;
				*swapped = c == CRS_4326 && !epsg_forms[i].old;
				return ERR_OK;
			}
	}
	return ERR_ABSENT;
}

struct crs_tool *crs_tool_open(void)
{
	struct crs_tool *tool = mem_new(1, sizeof(*tool));

	tool->context = proj_context_create();
	proj_log_level(tool->context, PJ_LOG_NONE);
	proj_context_set_enable_network(tool->context, 0);
	for (unsigned i = 0; i < CRS_COUNT; i++)
		if (systems[i].projection)
			tool->utm[i] = proj_create(tool->context, systems[i].projection);
	return tool;
}

void crs_tool_close(struct crs_tool *tool)
{
	if (!tool)
		return;
	for (unsigned i = 0; i < CRS_COUNT; i++)
		proj_destroy(tool->utm[i]);
	proj_context_destroy(tool->context);
	free(tool);
}

static bool turn_point(PJ *utm, PJ_DIRECTION direction, double *x, double *y)
{
	PJ_COORD at = proj_coord(*x, *y, 0, 0);

	if (direction == PJ_FWD) {
		at.xy.x = proj_torad(*x);
		at.xy.y = proj_torad(*y);
	}
	at = proj_trans(utm, direction, at);
	if (!isfinite(at.xy.x) || !isfinite(at.xy.y) || fabs(at.xy.x) > 1e9 ||
	    fabs(at.xy.y) > 1e9) {
		proj_errno_reset(utm);
		return false;
	}
	*x = direction == PJ_FWD ? at.xy.x : proj_todeg(at.xy.x);
	*y = direction == PJ_FWD ? at.xy.y : proj_todeg(at.xy.y);
	return true;
}

static enum err turn_all(struct crs_tool *tool, enum crs crs, PJ_DIRECTION direction,
			 struct geometry *geometry)
{
	if (!systems[crs].projection)
		return ERR_OK;
	if (!tool->utm[crs])
		return ERR_NOMEM;
	geometry->box = BOX_EMPTY;
	for (size_t i = 0; i < geometry->point_count; i++) {
		struct geometry_point *point = &geometry->points[i];
		if (!turn_point(tool->utm[crs], direction, &point->x, &point->y))
			return ERR_MALFORMED;
		box_add(&geometry->box, point->x, point->y);
	}
	return ERR_OK;
}

enum err crs_from_84(struct crs_tool *tool, enum crs crs, struct geometry *geometry)
{
	return turn_all(tool, crs, PJ_FWD, geometry);
}

enum err crs_to_84(struct crs_tool *tool, enum crs crs, struct geometry *geometry)
{
	return turn_all(tool, crs, PJ_INV, geometry);
}

enum err crs_box_to_84(struct crs_tool *tool, enum crs crs, struct box box, struct box *out)
{
	*out = box;
	if (!systems[crs].projection || box_is_empty(box))
		return ERR_OK;
	if (!tool->utm[crs])
		return ERR_NOMEM;
	*out = BOX_EMPTY;
	for (int i = 0; i <= EDGE_POINT_COUNT; i++) {
		double x = box.west + (box.east - box.west) * i / EDGE_POINT_COUNT;
		double y = box.south + (box.north - box.south) * i / EDGE_POINT_COUNT;
		double points[4][2] = {
			{x, box.south}, {x, box.north}, {box.west, y}, {box.east, y}};
		for (int p = 0; p < 4; p++) {
			if (!turn_point(tool->utm[crs], PJ_INV, &points[p][0], &points[p][1]))
				return ERR_MALFORMED;
			box_add(out, points[p][0], points[p][1]);
		}
	}
	/* edges are curved between the points */
	double dx = (out->east - out->west) / 256, dy = (out->north - out->south) / 256;
	*out = (struct box){out->west - dx, out->south - dy, out->east + dx, out->north + dy};
	return ERR_OK;
}
