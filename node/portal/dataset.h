/*
 * dataset - addresses below /d/: what each names, and who answers it.
 *
 *	/d/PATH                 the dataset             /d/PATH@N      its version N
 *	/d/PATH/versions        its versions
 *	/d/PATH.ttl .rdf ...    as RDF                  /d/PATH/feed.atom
 *	/d/PATH/files/NAME      a file of it            /d/PATH@N/files/NAME
 *	/d/PATH/files/NAME.sig  the signature of a file that is called NAME
 *
 * The first "/files/" behind two parts ends the path of the dataset, "@" does so before it; no path
 * of a dataset has an "@".
 */
#ifndef ALLMENDE_DATASET_H
#define ALLMENDE_DATASET_H

#include "node/files/content.h"
#include "node/web/web_call.h"

struct dataset_address {
	char path[LIMIT_PATH_LEN_MAX + 1];
	uint64_t number;  /* 0: the current version */
	const char *file; /* NAME, in the rest; NULL: not below files/ */
};

/* Of the rest of /d/; false: it is no such address. */
bool dataset_address_read(struct dataset_address *out, const char *rest);

/* A version that the visitor may see. */
struct dataset_found {
	char path[LIMIT_PATH_LEN_MAX + 1]; /* as people see it */
	char kept[LIMIT_PATH_LEN_MAX + 1]; /* beginning with home: content_get() */
	struct record_id record;
	uint64_t number;
	enum tier tier;
	int64_t published_ms; /* of this version */
	bool held, readable;
};
/* False: it is answered: 404, 410 for what was withdrawn, 301 for a former slug, 503. */
bool dataset_look(struct web_call *call, const struct dataset_address *at,
		  struct dataset_found *out);
/*
 * Its files, open until content_put(). NULL: it is answered: 403, or 503 with a sentence when they
 * are not here.
 */
struct content *dataset_content(struct web_call *call, const struct dataset_found *found);

/* Topics below it; each answers. */
void dataset_file_serve(struct web_call *call, const struct dataset_address *at);
void signature_serve(struct web_call *call, const struct dataset_address *at);

#endif
