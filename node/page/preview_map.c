#include "node/page/preview_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/check.h"
#include "node/html/amount.h"

#define MAP_WIDTH      720
#define MAP_HEIGHT_MAX 900
#define MAP_MARGIN     12
#define DEGREE         (3.14159265358979323846 / 180)

struct drawing {
	struct box box;
	double scale, squeeze; /* pixels a degree of latitude; of longitude besides */
	int height;
	struct buf dots, lines; /* paths */
	uint8_t *taken;         /* a bit for each pixel that has a dot */
	struct geometry geometry;
	uint64_t count;
	bool cut;
};

/* As large as the width or the height allows; what has no extent lies in the middle. */
static void drawing_fit(struct drawing *drawing, struct box box)
{
	double middle = (box.south + box.north) / 2;
	double wide, high;

	drawing->box = box;
	drawing->squeeze = cos(fmin(fabs(middle), 85) * DEGREE);
	wide = fmax((box.east - box.west) * drawing->squeeze, 1e-6);
	high = fmax(box.north - box.south, 1e-6);
	drawing->scale =
		fmin((MAP_WIDTH - 2 * MAP_MARGIN) / wide, (MAP_HEIGHT_MAX - 2 * MAP_MARGIN) / high);
	drawing->height = (int)ceil(high * drawing->scale) + 2 * MAP_MARGIN;
}

struct pixel {
	int x, y;
};

static struct pixel pixel_of(const struct drawing *drawing, struct geometry_point point)
{
	double wide = (drawing->box.east - drawing->box.west) * drawing->squeeze * drawing->scale;
	double x = (MAP_WIDTH - wide) / 2 +
		   (point.x - drawing->box.west) * drawing->squeeze * drawing->scale;
	double y = MAP_MARGIN + (drawing->box.north - point.y) * drawing->scale;

	return (struct pixel){(int)fmin(fmax(x, 0), MAP_WIDTH - 1),
			      (int)fmin(fmax(y, 0), drawing->height - 1)};
}

static void dot_put(struct drawing *drawing, struct pixel at)
{
	size_t bit = (size_t)at.y * MAP_WIDTH + (size_t)at.x;
	char text[32];

	if (drawing->taken[bit / 8] & (1u << bit % 8))
		return;
	drawing->taken[bit / 8] |= (uint8_t)(1u << bit % 8);
	snprintf(text, sizeof(text), "M%d %dh0", at.x, at.y);
	buf_add(&drawing->dots, bytes_str(text));
}

/* Points that lie on the pixel of the one before are left out. */
static void run_put(struct drawing *drawing, const struct geometry_run *run, bool closed)
{
	struct pixel last = {-1, -1};
	char text[32];

	for (uint32_t i = run->from; i < run->end; i++) {
		struct pixel at = pixel_of(drawing, drawing->geometry.points[i]);

		if (at.x == last.x && at.y == last.y)
			continue;
		snprintf(text, sizeof(text), "%c%d %d", last.x < 0 ? 'M' : 'L', at.x, at.y);
		buf_add(&drawing->lines, bytes_str(text));
		last = at;
	}
	if (closed && last.x >= 0)
		buf_add(&drawing->lines, bytes_str("Z"));
}

static void shape_put(struct drawing *drawing, const struct geometry_shape *shape)
{
	const struct geometry *geometry = &drawing->geometry;

	for (uint32_t i = shape->from; i < shape->end; i++) {
		const struct geometry_run *run = &geometry->runs[i];

		if (shape->type == GEOMETRY_POINT || shape->type == GEOMETRY_MULTIPOINT)
			for (uint32_t j = run->from; j < run->end; j++)
				dot_put(drawing, pixel_of(drawing, geometry->points[j]));
		else
			run_put(drawing, run,
				shape->type == GEOMETRY_POLYGON ||
					shape->type == GEOMETRY_MULTIPOLYGON);
	}
}

static bool map_feature(void *arg, const struct feature_row *row)
{
	struct drawing *drawing = arg;
	char why[WHY_LEN];

	if (drawing->dots.len + drawing->lines.len > PREVIEW_DRAWING_MAX) {
		drawing->cut = true;
		return false;
	}
	if (!row->geometry || geometry_read(&drawing->geometry, row->geometry, why))
		return true;
	drawing->count++;
	for (size_t i = 0; i < drawing->geometry.shape_count; i++)
		shape_put(drawing, &drawing->geometry.shapes[i]);
	return true;
}

static void drawing_put(struct html *html, const struct drawing *drawing)
{
	char text[80];

	snprintf(text, sizeof(text), "<svg class=\"map\" viewBox=\"0 0 %d %d\"", MAP_WIDTH,
		 drawing->height);
	html_put(html, text);
	html_put(html, " role=\"img\" aria-labelledby=\"map-t\"><title id=\"map-t\">");
	html_count(html, "Map with %s place", "Map with %s places", drawing->count);
	html_put(html, "</title>");
	if (drawing->lines.len) {
		html_put(html, "<path class=\"area\" fill-rule=\"evenodd\" d=\"");
		buf_add(&html->out, buf_bytes(&drawing->lines));
		html_put(html, "\"/>");
	}
	if (drawing->dots.len) {
		html_put(html, "<path class=\"dots\" d=\"");
		buf_add(&html->out, buf_bytes(&drawing->dots));
		html_put(html, "\"/>");
	}
	html_put(html, "</svg>");
}

void preview_map_put(struct html *html, const struct layer *layer)
{
	struct feature_query query = {.limit = PREVIEW_FEATURES_MAX, .work_ms = PREVIEW_MAP_MS};
	struct drawing drawing = {0};

	drawing_fit(&drawing, layer->about.box);
	drawing.taken = mem_new((size_t)drawing.height * MAP_WIDTH / 8 + 1, 1);
	buf_init(&drawing.dots, 2 * PREVIEW_DRAWING_MAX);
	buf_init(&drawing.lines, 2 * PREVIEW_DRAWING_MAX);
	geometry_init(&drawing.geometry);
	if (feature_select(layer->open, &query, map_feature, &drawing))
		drawing.cut = true;
	html_put(html, "<figure class=\"figure\">");
	drawing_put(html, &drawing);
	html_put(html, "<figcaption>");
	html_count(html, "%s place, without a background map.",
		   "%s places, without a background map.", drawing.count);
	if (drawing.cut || layer->about.placed_count > drawing.count) {
		html_put(html, " ");
		html_count(html, "Not all are shown: there is %s.",
			   "Not all are shown: there are %s.", layer->about.placed_count);
	}
	html_put(html, "</figcaption></figure>\n");
	geometry_fini(&drawing.geometry);
	buf_fini(&drawing.lines);
	buf_fini(&drawing.dots);
	free(drawing.taken);
}
