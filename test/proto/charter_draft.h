/*
 * charter_draft - a charter entry under construction for tests: changes, and who votes. Everything
 * can be wrong.
 */
#ifndef ALLMENDE_TEST_CHARTER_DRAFT_H
#define ALLMENDE_TEST_CHARTER_DRAFT_H

#include "proto/charter/charter_entry.h"
#include "test/proto/federation.h"

struct draft {
	struct charter_entry entry;
	struct charter_change changes[4];
	size_t change_count;
	uint32_t voters[8];
	struct key keys[8];
	size_t voter_count;
	bool fed_zero; /* votes signed for the zero federation */
	bool table_wrong;
	bool unread; /* and one more change, of a kind that is not known */
};

struct draft_fixture {
	struct test_federation fed; /* 4 members, the first 3 are stewards, 2 votes */
	struct test_org next;       /* who would be admitted */
	struct test_org twin;       /* another organisation with the root key of member 1 */
};

int draft_setup(void **state); /* a fixture */
int draft_teardown(void **state);
/* A copy of the charter after entry 1. */
struct charter draft_charter(struct draft_fixture *f);

/* A good entry 2: admits `next` as member 5, voted by stewards 1 and 3. */
void draft_init(struct draft *draft, struct draft_fixture *f);
/* The same for the entry that follows in this charter, with no changes and no votes. */
void draft_next(struct draft *draft, struct draft_fixture *f, const struct charter *charter);
void draft_vote(struct draft *draft, struct draft_fixture *f, uint32_t member);
/* Instead of the changes there are: */
void draft_remove(struct draft *d, uint32_t number, bool key);
void draft_stewards(struct draft *d, uint32_t a, uint32_t b, uint32_t c, uint32_t threshold);
void draft_key(struct draft *d, uint64_t number, bool sealed);
/* One change by itself; no steward has number 0. */
void draft_change_key(struct charter_change *out, uint64_t number);
void draft_change_stewards(struct charter_change *out, uint32_t a, uint32_t b, uint32_t c);
/* Beside the changes that there are: */
struct charter_change *draft_change(struct draft *d, enum charter_change_kind kind);
void draft_put(struct buf *out, struct draft *draft, struct charter *charter);
enum err draft_apply(struct draft *draft, struct charter *charter);

/* The present member or relay with an official key, the first of them; NULL: none. */
const struct charter_member *member_by_ags(const struct charter *charter, struct bytes ags);

#endif
