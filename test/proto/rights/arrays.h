/*
 * arrays - a world of plain arrays (naive.h) with the hands to make it, and the same world as the
 * facts that the verdict asks for (proto/rights/verdict.h).
 */
#ifndef ALLMENDE_TEST_ARRAYS_H
#define ALLMENDE_TEST_ARRAYS_H

#include "proto/rights/verdict.h"
#include "test/proto/rights/naive.h"

/* naive.records[i] is kept by kept[i]. */
struct arrays_kept {
	uint64_t sequence;
	uint8_t slot[1 + ID_LEN];
	struct buf body;
	uint32_t author; /* also when it was dropped: naive.records[i].author is 0 then */
};

struct arrays {
	struct naive naive;
	struct arrays_kept *kept;
	size_t member_cap, node_cap, record_cap, kept_cap;
};

void arrays_init(struct arrays *arrays);
void arrays_fini(struct arrays *arrays);
/* For tests: an organisation id and a grant id that follow from a number. */
struct org_id arrays_org(unsigned n);
/* Adds a member or changes what is said of its number. */
struct naive_member *arrays_member(struct arrays *arrays, uint32_t number, struct org_id org,
				   const char *slug);
struct naive_node *arrays_node(struct arrays *arrays, uint32_t author);
/*
 * A record as it comes: in place of one with a lower sequence in its slot, else of no effect. An
 * empty body: the author has dropped what was there.
 */
void arrays_take(struct arrays *arrays, uint32_t author, uint64_t sequence, struct bytes slot,
		 struct bytes body);
/* The same of what is made here, with the next sequence of all. */
struct digest arrays_line(struct arrays *arrays, uint32_t author, const struct line *line);
/* Puts the elements into their order. */
void arrays_bars(struct arrays *arrays, uint32_t author, struct org_id org, struct bar *bars,
		 size_t count);
/* NULL: there is none. */
const struct naive_record *arrays_find(const struct arrays *arrays, uint32_t author,
				       struct bytes slot);
struct facts arrays_facts(struct arrays *arrays);

/*
 * Compares the verdict with the naive one, for each line here, and each member's right at each of
 * the paths. False: they differ; it is printed how.
 */
bool arrays_agree(struct arrays *arrays, int64_t t_ms, const char *const *paths, size_t path_count);
/* The lines alone, by these facts. */
bool arrays_lines_agree(struct arrays *arrays, const struct facts *facts, int64_t t_ms);

#endif
