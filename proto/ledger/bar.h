/*
 * bar - "through me this line gives nothing to that organisation", and the same of a path: one
 * record for each author and organisation barred (docs/PROTOCOL.md, section 5.5).
 */
#ifndef ALLMENDE_BAR_H
#define ALLMENDE_BAR_H

#include "crypto/id.h"
#include "crypto/limits.h"
#include "proto/ledger/line.h"
#include "proto/wire/wire_in.h"

enum {
	BAR_LEN_MAX = 49152,  /* of a body */
	BAR_COUNT_MAX = 1024, /* elements: more than fit are refused by the length */
};

/* One element; a bar is in force when a node of its giver says true and none says false. */
struct bar {
	uint8_t nonce[LINE_NONCE_LEN];
	bool has_line; /* the target is a line, else a path */
	struct digest line;
	struct bytes prefix; /* borrowed */
	bool barred;
	enum keeping keep;
};

/* A walk over the elements of a body. */
struct bar_list {
	struct org_id org; /* that is barred */
	struct wire_in w;
	uint32_t left;
};

/* The order of elements: (nonce, target as its bytes). */
int bar_cmp(const struct bar *a, const struct bar *b);
/*
 * Form, order and length of the whole body. ERR_MALFORMED, ERR_VERSION, ERR_FULL. list may be NULL.
 */
enum err bar_list_get(struct bar_list *list, struct bytes body);
/*
 * The same of a body that was checked when it was taken, for who looks often: a third of the cost.
 * False: it never was.
 */
bool bar_list_begin(struct bar_list *list, struct bytes body);
/* The next element of a body that was checked; false: that was all. */
bool bar_list_next(struct bar_list *list, struct bar *out);
/* Appends a body; the elements in rising order, each (nonce, target) once. Faults stay in out. */
void bar_list_put(struct buf *out, const struct org_id *org, const struct bar *items, size_t count);
struct record_slot bar_slot(const struct org_id *org);

#endif
