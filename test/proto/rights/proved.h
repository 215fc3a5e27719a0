/*
 * proved - a version with files that somebody in a federation has published, and the proofs of its
 * files, for tests.
 */
#ifndef ALLMENDE_TEST_PROVED_H
#define ALLMENDE_TEST_PROVED_H

#include "proto/rights/file_proof.h"
#include "test/proto/rights/exported.h"

struct proved {               /* 0: what is usual */
	uint32_t author;      /* node 0 of EXPORTED_O */
	uint32_t owner;       /* of the path: the author's member */
	const char *path;     /* "gemeinde-2/pegel" */
	const char *id_path;  /* whose dataset id it has: path */
	uint64_t number;      /* 1 */
	uint64_t id_number;   /* in the slot: number */
	bool by_grant;        /* names a line */
	bool not_open;        /* tier members */
	const char *names[2]; /* of the files: "a.csv", "b.csv" */
	/* made */
	struct buf record, chunks; /* chunks: one behind the other */
	struct buf sizes;          /* of them: uint32_t */
};
extern const char PROVED_A[], PROVED_B[]; /* what stands in the files */

void proved_make(struct proved *p, const struct exported *e);
void proved_fini(struct proved *p);
/* The proof of a file, as a node hands it out that knows what e->node does. */
void proved_file(struct buf *out, const struct proved *p, struct exported *e, const char *name);

#endif
