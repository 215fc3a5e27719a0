/*
 * dataset - addresses below /d/: what each names, and who answers it.
 *
 *	/d/                     all organisations       /d/SLUG        what one has published
 *	/d/PATH                 the dataset             /d/PATH@N      its version N
 *	/d/PATH/versions        its versions
 *	/d/PATH.ttl .rdf ...    as RDF                  /d/PATH/feed.atom
 *	/d/PATH/files/NAME      a file of it            /d/PATH@N/files/NAME
 *	/d/PATH/files/NAME.sig  the signature of a file that is called NAME
 *	/d/PATH/files/NAME.xlsx and the like: a table NAME.csv in another form
 *
 * The first "/files/" behind two parts ends the path of the dataset, "@" does so before it; no path
 * of a dataset has an "@".
 */
#ifndef ALLMENDE_DATASET_H
#define ALLMENDE_DATASET_H

#include "node/derive/derive.h"
#include "node/files/content.h"
#include "node/index/index.h"
#include "node/portal/rdf.h"
#include "node/web/web_call.h"

struct dataset_address {
	char path[LIMIT_PATH_LEN_MAX + 1];
	uint64_t number;  /* 0: the current version */
	const char *file; /* NAME, in the rest; NULL: not below files/ */
};

/* Of the rest of /d/; false: it is no such address. */
bool dataset_address_read(struct dataset_address *out, const char *rest);
/* Appends "/d/PATH", "/d/PATH@N" with a number, and "/files/NAME" with one, percent-encoded. */
void dataset_address_put(struct buf *out, const char *path, uint64_t number, struct bytes name);

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
