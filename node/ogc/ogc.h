/*
 * ogc - what geographic programs read: OGC API Features at /ogc, WFS 2.0 at /wfs, and lists of
 * layers for Masterportal and QGIS. All over the same layers (layer.h).
 *
 * To add a topic: a file with its table, which is called TOPIC_routes and ends with one without a
 * path, and a line here. Private to this room but for the tables.
 */
#ifndef ALLMENDE_OGC_H
#define ALLMENDE_OGC_H

#include "node/http/route.h"
#include "node/ogc/layer.h"

#define OGC_TABLE_LIST(X)                                                                          \
	X(ogc)                                                                                     \
	X(ogc_items)                                                                               \
	X(ogc_api)                                                                                 \
	X(wfs)                                                                                     \
	X(layer_lists)

#define X(topic) extern const struct route topic##_routes[];
OGC_TABLE_LIST(X)
#undef X

#define OGC_PAGE_DEFAULT   1000
#define OGC_PAGE_MAX       10000
#define OGC_LAYER_PAGE     500
#define OGC_ANSWER_LEN_MAX (32u * 1024 * 1024)
/* A page ends when its features are so long; the next one goes on. */
#define OGC_ANSWER_LEN_ENOUGH (8u * 1024 * 1024)
#define OGC_WORK_MS           5000 /* of one question to a table */
#define OGC_COUNT_MS          2000 /* then the answer does not say how many there are */
#define OGC_GEOJSON           "application/geo+json"
#define OGC_OPENAPI           "application/vnd.oai.openapi+json;version=3.0"

/* {"code", "description"}, as the standard has it. */
void ogc_fail(struct web_call *call, unsigned status, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* For what layer_get() and the questions to tables say. */
void ogc_fail_err(struct web_call *call, enum err err);
void ogc_fail_layer(struct web_call *call, enum err err, const struct layer *layer);
/* Whether the client wants a page: f=html, or by Accept. False and *bad: f is unknown, answered. */
bool ogc_wants_html(struct web_call *call, const char *json_type, bool *bad);
/* Only these arguments; else 400. Names end with NULL. */
bool ogc_args_known(struct web_call *call, const char *const *names);
/* {"href": BASE path, "rel", "type", "title"}; the address is an external one. */
json_t *ogc_link(struct web_call *call, const char *path, const char *rel, const char *type,
		 const char *title);
/* Appends an argument, behind *sign, which is '?' for the first one and then '&'. */
void ogc_put_arg(struct buf *out, char *sign, const char *name, const char *value);

/* A page for people, up to and with its heading; and its end, and the answer with it, which takes
   it. */
void ogc_page_begin(struct web_call *call, struct html *page, const char *title);
void ogc_page_answer(struct web_call *call, struct html *taken);

#endif
