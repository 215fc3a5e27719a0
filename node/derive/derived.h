/*
 * derived - files that were made of open ones and may be deleted at any time: DIR/derived/files.
 *
 * One folder a dataset, in it a file for each thing that was made of a version: its name says of
 * which record, of which file, and what it is. Only what everybody may read stands here. Any
 * thread; there is no list in memory, the disk is it.
 *
 * Bounds: DERIVED_BYTES_MAX together, and no more than others may have of the disk (space.h). When
 * it is full, what was used longest ago goes.
 */
#ifndef ALLMENDE_DERIVED_H
#define ALLMENDE_DERIVED_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/id.h"

#define DERIVED_BYTES_MAX (UINT64_C(2) << 30)

struct derived;
/* Makes the folder when it can, else with the first file. */
struct derived *derived_open(const char *dir, uint64_t bytes_max);
void derived_close(struct derived *derived);

/* What one file is made of, and what it is. */
struct derived_key { /* borrowed */
	const struct dataset_id *dataset;
	const char *path; /* of the dataset, as it is kept */
	const struct record_id *record;
	struct bytes name;  /* of the published file */
	const char *ending; /* "copy", "xlsx" */
};

/* To be read; -1: it is not there. */
int derived_get(struct derived *derived, const struct derived_key *key, uint64_t *len);

/* One that is being made. */
struct derived_new {
	int fd;     /* empty, to be written; closed by put and give_up */
	char *path; /* the same by name */
};
/* ERR_NOSPACE: the disk has no room for so many bytes more; ERR_IO. */
enum err derived_begin(struct derived *derived, uint64_t bytes, struct derived_new *out);
enum err derived_put(struct derived *derived, struct derived_new *made,
		     const struct derived_key *key);
void derived_give_up(struct derived_new *made);
/* A folder for what libraries write meanwhile. */
const char *derived_temp(const struct derived *derived);

/* All that was made of a dataset, at once. */
void derived_drop(struct derived *derived, const struct dataset_id *dataset);
/*
 * After a start: asks of each dataset of which something stands here which version is the current
 * one; false: nobody may have it any more. What was made of others goes, and what a crash has left
 * half made.
 */
void derived_review(struct derived *derived,
		    bool (*current)(void *arg, const char *path, const struct dataset_id *dataset,
				    struct record_id *record),
		    void *arg);

#endif
