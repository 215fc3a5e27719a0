/*
 * fes - the part of OGC's filter encoding (FES 2.0) that clients of WFS send for what they show: a
 * box, features by their ids, properties that are equal to a text, and all of these at once.
 *
 * A strict reader of a small part of XML: elements, attributes, texts, the five entities and
 * numeric ones; prefixes are not looked at. No declaration of a type, no processing instruction but
 * the first, no CDATA. What it does not know is a fault, as half a filter would answer another
 * question. Bounds: FES_LEN_MAX bytes, FES_NODE_MAX elements, FES_DEPTH_MAX of them in one another.
 */
#ifndef ALLMENDE_FES_H
#define ALLMENDE_FES_H

#include "crypto/bytes.h"
#include "crypto/err.h"

#define FES_LEN_MAX   (64u * 1024)
#define FES_NODE_MAX  256
#define FES_DEPTH_MAX 16
#define FES_EQUAL_MAX 16

struct fes_equal {
	struct bytes name, value;
};

/* Owns its texts. */
struct fes {
	struct buf text;
	bool has_box;
	double box[4];    /* as they stood: lower corner, upper corner */
	struct bytes srs; /* of the box; empty: not said */
	struct fes_equal equals[FES_EQUAL_MAX];
	size_t equal_count;
	bool has_ids;
	struct buf ids; /* with commas between, and a terminating zero */
};
/* ERR_MALFORMED: no XML, or no filter; ERR_ABSENT: a filter with what is not known here; ERR_FULL.
   One sentence in why (WHY_LEN). fes_fini() in any case. */
enum err fes_read(struct fes *fes, struct bytes text, char *why);
void fes_fini(struct fes *fes);

#endif
