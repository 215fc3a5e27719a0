/*
 * voting_fixture - what both tests of voting begin with.
 */
#ifndef ALLMENDE_TEST_VOTING_FIXTURE_H
#define ALLMENDE_TEST_VOTING_FIXTURE_H

#include "proto/charter/proposal.h"
#include "test/proto/hub_node.h"

/* The node is of member 1, a steward; 2 and 3 are the others, 4 is none; two votes are needed. */
struct fixture {
	struct hub_fixture *base;
	struct hub_node *node;
	struct hub *hub;
	struct test_org orgs[2]; /* who may be admitted */
	struct buf payload,
		rival; /* proposals for entry 2: one admits the first, the other the second */
	struct voting_outcome out;
	char why[WHY_LEN];
};

void payload_make(struct fixture *f, struct buf *out, const struct charter_change *changes,
		  size_t count, uint32_t threshold);
int setup(void **state);
int teardown(void **state);
/* A vote record of a member comes; signer: whose key has made the vote. */
void vote_come_by(struct fixture *f, const struct buf *payload, uint32_t member,
		  const struct key *signer);
void vote_come(struct fixture *f, const struct buf *payload, uint32_t member);
void settle(struct fixture *f);
size_t proposals_count(struct fixture *f);
/* What people see of a proposal; false: it is not kept. */
bool shown_of(struct fixture *f, const struct buf *payload, struct voting_proposal *out);
/* An organisation as somebody to be admitted; in change. */
const struct charter_member *newcomer(struct fixture *f, unsigned i, struct charter_change *change);
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

#endif
