/*
 * dataset_address - addresses below /d/: what each names.
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
#ifndef ALLMENDE_DATASET_ADDRESS_H
#define ALLMENDE_DATASET_ADDRESS_H

#include <stdbool.h>

#include "crypto/bytes.h"
#include "crypto/limits.h"

struct dataset_address {
	char path[LIMIT_PATH_LEN_MAX + 1];
	uint64_t number;  /* 0: the current version */
	const char *file; /* NAME, in the rest; NULL: not below files/ */
};

/* Of the rest of /d/; false: it is no such address. */
bool dataset_address_read(struct dataset_address *out, const char *rest);
/* Appends "/d/PATH", "/d/PATH@N" with a number, and "/files/NAME" with one, percent-encoded. */
void dataset_address_put(struct buf *out, const char *path, uint64_t number, struct bytes name);
/* The name of a table of text without its ending, in whose place other forms of it have theirs;
   empty: it is no such name. */
struct bytes dataset_table_stem(struct bytes name);

#endif
