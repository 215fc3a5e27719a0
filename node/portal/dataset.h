/*
 * dataset - addresses below /d/: what each names, and who answers it.
 *
 *	/d/PATH                 the dataset             /d/PATH@N      its version N
 *	/d/PATH.ttl .rdf ...    as RDF                  /d/PATH/feed.atom
 *	/d/PATH/files/NAME      a file of it            /d/PATH@N/files/NAME
 *	/d/PATH/files/NAME.sig  the signature of a file that is called NAME
 *
 * The first "/files/" behind two parts ends the path of the dataset, "@" does so before it; no path
 * of a dataset has an "@".
 */
#ifndef ALLMENDE_DATASET_H
#define ALLMENDE_DATASET_H

#include "node/web/web_call.h"

struct dataset_address {
	char path[LIMIT_PATH_LEN_MAX + 1];
	uint64_t number;  /* 0: the current version */
	const char *file; /* NAME, in the rest; NULL: not below files/ */
};

/* Topics below it; each answers. */
void signature_serve(struct web_call *call, const struct dataset_address *at);

#endif
