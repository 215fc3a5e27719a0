/*
 * dataset - what is asked for below /d/ (dataset_address.h), and who answers it.
 */
#ifndef ALLMENDE_DATASET_H
#define ALLMENDE_DATASET_H

#include "node/derive/derive.h"
#include "node/files/content.h"
#include "node/index/index.h"
#include "node/page/dataset_address.h"
#include "node/portal/rdf.h"
#include "node/web/web_call.h"

/* A version that the visitor may see. */
struct dataset_found {
	char path[LIMIT_PATH_LEN_MAX + 1];         /* as people see it */
	struct catalog_entry entry;                /* entry.path: as it is kept */
	char organisation[LIMIT_NAME_LEN_MAX + 1]; /* whose path it is */
	char ags[16];                              /* its key; "" when it is not known */
};
/* False: it is answered: 404, 410 for what was withdrawn, 301 for a former slug, 503. Else
   dataset_found_fini() is due. */
bool dataset_look(struct web_call *call, const struct dataset_address *at,
		  struct dataset_found *out);
void dataset_found_fini(struct dataset_found *found);
/*
 * Its files, open until content_put(). NULL: it is answered: 403, or 503 with a sentence when they
 * are not here.
 */
struct content *dataset_content(struct web_call *call, const struct dataset_found *found);

/* Topics below it; each answers. */
void dataset_file_serve(struct web_call *call, const struct dataset_address *at);
void dataset_page_serve(struct web_call *call, const struct dataset_address *at);
void dataset_versions_serve(struct web_call *call, const struct dataset_address *at);
void dataset_list_serve(struct web_call *call, const char *slug); /* "": organisations */
/* False: the address asks for no RDF, or for no feed, and nothing is answered. */
bool dataset_rdf_serve(struct web_call *call, const struct dataset_address *at);
bool atom_dataset_serve(struct web_call *call, const struct dataset_address *at);
void signature_serve(struct web_call *call, const struct dataset_address *at);

#endif
