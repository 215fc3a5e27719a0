/* catalogue_internal - what the files of the catalogue's page share. */
#ifndef ALLMENDE_CATALOGUE_INTERNAL_H
#define ALLMENDE_CATALOGUE_INTERNAL_H

#include "node/html/html.h"
#include "node/index/index.h"
#include "node/page/catalogue.h"

#define CATALOGUE_FILTER_COUNT 4

/* "in the last week" */
struct catalogue_age {
	const char *arg, *label;
	int days; /* 0: any */
};

struct catalogue {
	struct web_call *call;
	struct html html;
	struct html results; /* written apart: their number stands above them */
	int64_t now_ms;
	const char *words; /* "": none */
	bool by_title;
	const struct catalogue_age *age; /* NULL: any */
	uint64_t page;                   /* from 0 */
	struct index_filter filters[CATALOGUE_FILTER_COUNT];
	uint64_t total;
};

/* Reads what was asked for. False: it is answered, with 400. */
bool catalogue_read(struct catalogue *catalogue);
/* The query for all filters but one; CATALOGUE_FILTER_COUNT: for all. filters has room for them. */
void catalogue_query(const struct catalogue *catalogue, size_t but,
		     struct index_filter filters[CATALOGUE_FILTER_COUNT], struct index_query *out);
/* The boxes, with how many datasets each would leave. ERR_AGAIN and others as index_facets(). */
enum err catalogue_filters_put(struct catalogue *catalogue);
/* Appends "?..." with all that was asked for and this page; sort: with this order instead. */
void catalogue_address(const struct catalogue *catalogue, struct buf *out, uint64_t page,
		       bool by_title);

#endif
