/*
 * dcat - datasets of the index as DCAT-AP.de 3.0 describes them: which triples, with which IRIs.
 *
 * IRIs are for life. That of a dataset is BASE/id/UUID, which follows from its organisation and its
 * path as they were when it was first published: neither a new version, nor a rename of the
 * organisation, nor another node of it changes it; that of a distribution follows from the name of
 * its file besides. Only another base-url does. They lead to the page of what they name
 * (dcat_pages.c).
 *
 * A field that a publisher has not filled in is left out; what the standard wants and cannot be
 * guessed, like a licence, too, and `allmende check` says so before it is published.
 */
#ifndef ALLMENDE_DCAT_H
#define ALLMENDE_DCAT_H

#include "node/index/index.h"
#include "node/portal/rdf.h"

#define DCAT_UUID_LEN 36
/* Files of a dataset that are distributions of their own; of more, the page of all is one. */
#define DCAT_FILE_COUNT_MAX 200

struct dcat_site {        /* borrowed; "" where nothing is known */
	const char *base; /* "https://daten.example": as it is reached, without a slash behind */
	const char *organisation, *slug, *home, *ags; /* whose node it is */
	/* IRI of who delivers to GovData, for datasets that name nobody of their list */
	const char *contributor;
};

/* One page of the catalogue. */
struct dcat_page {
	enum rdf_syntax syntax;
	uint64_t number, count; /* from 1 */
	uint64_t dataset_count; /* in all pages; 0: not said */
	uint64_t size;          /* at most so many in a page */
	int64_t modified_ms;    /* of the catalogue; 0: not said */
	/* What stands behind "page=N" in the addresses of the others ("&of=4"); or instead of it,
	   of the next alone ("modified_since=...&after=..."; count is not said then); "" or NULL */
	const char *query, *next;
};

/* The catalogue and its page; each dataset adds itself. */
void dcat_catalog(struct rdf *rdf, const struct dcat_site *site, const struct dcat_page *page);

/* One dataset: begin, each of its files, end. */
struct dcat {
	struct rdf *rdf;
	const struct dcat_site *site;
	const struct index_item *item;
	char iri[RDF_IRI_LEN_MAX + 1];
	char page[RDF_IRI_LEN_MAX + 1]; /* BASE/d/PATH */
	char plain[DCAT_UUID_LEN];      /* the uuid without hyphens, for blank nodes */
	const char *language;           /* of its texts: "de" */
	uint64_t file_count;            /* so far */
};
/* in_catalog: it is said to be part of the catalogue. */
void dcat_begin(struct dcat *dcat, struct rdf *rdf, const struct dcat_site *site,
		const struct index_item *item, bool in_catalog);
bool dcat_file(void *dcat, const struct index_file *file); /* for index_files(); true */
void dcat_end(struct dcat *dcat);

#endif
