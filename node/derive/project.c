#include "node/derive/project.h"

#include <math.h>
#include <proj.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/check.h"
#include "proto/table/locate.h"

struct project {
	PJ_CONTEXT *context;
	PJ *zones[2]; /* 32, 33 */
};

struct project *project_open(void)
{
	struct project *project = mem_new(1, sizeof(*project));

	project->context = proj_context_create();
	check(project->context);
	proj_log_level(project->context, PJ_LOG_NONE);
	proj_context_set_enable_network(project->context, 0);
	project->zones[0] =
		proj_create(project->context, "+proj=utm +zone=32 +ellps=GRS80 +units=m");
	project->zones[1] =
		proj_create(project->context, "+proj=utm +zone=33 +ellps=GRS80 +units=m");
	return project;
}

void project_close(struct project *project)
{
	proj_destroy(project->zones[0]);
	proj_destroy(project->zones[1]);
	proj_context_destroy(project->context);
	free(project);
}

/* One point: "x,y" or "x,y,z" up to the bracket; returns how many bytes, 0: it lies nowhere. */
static size_t point_write(PJ *zone, struct bytes in, struct buf *out)
{
	char text[200], shown[80];
	char *at = text, *end;
	double x, y;
	PJ_COORD degrees;
	size_t len = 0;

	while (len < in.len && in.ptr[len] != ']')
		len++;
	if (len >= sizeof(text))
		return 0;
	snprintf(text, sizeof(text), "%.*s", (int)len, (const char *)in.ptr);
	x = strtod(at, &end);
	if (*end != ',')
		return 0;
	y = strtod(end + 1, &end);
	degrees = proj_trans(zone, PJ_INV, proj_coord(x, y, 0, 0));
	if (!isfinite(degrees.lp.lam) || !isfinite(degrees.lp.phi))
		return 0;
	snprintf(shown, sizeof(shown), "%.9f,%.9f", proj_todeg(degrees.lp.lam),
		 proj_todeg(degrees.lp.phi));
	buf_add(out, bytes_str(shown));
	buf_add(out, bytes_str(end)); /* the height, if there is one */
	return len;
}

bool project_degrees(struct project *project, unsigned epsg, struct bytes geometry, struct buf *out)
{
	PJ *zone = epsg == EPSG_ZONE_32   ? project->zones[0]
		   : epsg == EPSG_ZONE_33 ? project->zones[1]
					  : NULL;

	for (size_t i = 0; i < geometry.len && zone; i++) {
		uint8_t c = geometry.ptr[i];
		bool number = (c >= '0' && c <= '9') || c == '-';
		size_t len;

		if (!number) {
			buf_add_u8(out, c);
			continue;
		}
		len = point_write(zone, bytes_slice(geometry, i, geometry.len), out);
		if (!len)
			return false;
		i += len - 1;
	}
	return zone != NULL;
}
