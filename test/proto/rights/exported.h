/*
 * exported - a federation whose grants are exported, for tests: what anybody says is made here with
 * its keys, and comes into one store.
 *
 * Member 2 (O) has two nodes and gives member 3 (B) an admin's right at gemeinde-2/a; B gives
 * member 4 (C) the right to read gemeinde-2/a/x. The store is that of member 1.
 */
#ifndef ALLMENDE_TEST_EXPORTED_H
#define ALLMENDE_TEST_EXPORTED_H

#include "proto/rights/token_file.h"
#include "test/proto/hub_node.h"

enum { EXPORTED_O = 2, EXPORTED_B = 3, EXPORTED_C = 4, EXPORTED_AUTHORS = 8 };

struct exported {
	struct test_federation fed;
	struct hub_node node;
	struct buf orglog2;          /* of O, which adds node 1 */
	struct digest first, second; /* grant ids */
	struct line lines[2];
	uint64_t sequence[EXPORTED_AUTHORS], counter[EXPORTED_AUTHORS]; /* by place_of() */
};

/* records: so many others in the set of each node, so that pages are a part of it. */
void exported_init(struct exported *e, unsigned records);
void exported_fini(struct exported *e);
/* A node says something. */
void exported_say(struct exported *e, uint32_t author, struct record_slot slot, struct bytes body);
/* It writes one of the two lines; what stands in e->lines may be changed before. */
void exported_line(struct exported *e, uint32_t author, unsigned which);
/* Its head; the time is that of the node. */
void exported_head(struct exported *e, uint32_t author);
void exported_heads(struct exported *e);
/* The log of O goes on with these states of its two nodes. */
void exported_orglog(struct exported *e, enum orglog_node_state first,
		     enum orglog_node_state second);
/* The second grant, as a file. */
enum err exported_file(struct exported *e, struct buf *out, char why[WHY_LEN]);
struct key exported_seed(const struct exported *e, uint32_t author);

#endif
