#include "test/proto/membership/voting_fixture.h"

void payload_make(struct fixture *f, struct buf *out, const struct charter_change *changes,
		  size_t count, uint32_t threshold)
{
	buf_init(out, LIMIT_CHARTER_ENTRY_LEN_MAX);
	assert_int_equal(charter_payload_make(out, &f->hub->charter, NULL, TEST_TIME_MS + 1,
					      threshold, changes, count),
			 ERR_OK);
}

int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	struct charter_change change;
	hub_fixture_setup((void **)&f->base);
	f->node = &f->base->node;
	f->hub = &f->node->hub;
	for (unsigned i = 0; i < COUNT(f->orgs); i++) {
		test_org_init(&f->orgs[i], 5 + i);
		test_admit(&change, &f->orgs[i], 5);
		payload_make(f, i ? &f->rival : &f->payload, &change, 1, 2);
	}
	fedkeys_store(f->hub, f->node->txn, 1, &f->base->fed.fed_key);
	voting_settle(f->hub, f->node->txn); /* looks at the charter after a start */
	voting_outcome_init(&f->out);
	*state = f;
	return 0;
}

int teardown(void **state)
{
	struct fixture *f = *state;
	voting_outcome_fini(&f->out);
	buf_fini(&f->payload);
	buf_fini(&f->rival);
	for (unsigned i = 0; i < COUNT(f->orgs); i++)
		test_org_fini(&f->orgs[i]);
	hub_fixture_teardown((void **)&f->base);
	free(f);
	return 0;
}

/* A vote record of a member comes; signer: whose key has made the vote. */
void vote_come_by(struct fixture *f, const struct buf *payload, uint32_t member,
		  const struct key *signer)
{
	struct charter_vote vote;
	struct record record = {.author = author_of(member, 0), .kind = RECORD_VOTE};
	struct vote_body body = {.payload = buf_bytes(payload)};
	struct buf out;
	charter_vote(&vote, &f->hub->charter, member, signer, body.payload);
	body.sig = vote.sig;
	buf_init(&out, LIMIT_RECORD_LEN_MAX);
	vote_body_put(&out, &body);
	record.body = buf_bytes(&out);
	voting_arrival(f->hub, f->node->txn, &record);
	buf_fini(&out);
}

void vote_come(struct fixture *f, const struct buf *payload, uint32_t member)
{
	vote_come_by(f, payload, member, &f->base->fed.orgs[member - 1].root);
}

void settle(struct fixture *f)
{
	voting_settle(f->hub, f->node->txn);
}

size_t proposals_count(struct fixture *f)
{
	struct voting_proposal shown;
	size_t count = 0;
	while (voting_proposal(f->hub, f->node->txn, count, &shown, NULL))
		count++;
	return count;
}

/* What people see of a proposal; false: it is not kept. */
bool shown_of(struct fixture *f, const struct buf *payload, struct voting_proposal *out)
{
	struct charter_entry entry;
	assert_int_equal(charter_payload_decode(&entry, buf_bytes(payload)), ERR_OK);
	for (size_t i = 0; voting_proposal(f->hub, f->node->txn, i, out, NULL); i++)
		if (id_eq(&out->id, &entry.id))
			return true;
	return false;
}

const struct charter_member *newcomer(struct fixture *f, unsigned i, struct charter_change *change)
{
	test_admit(change, &f->orgs[i], 0);
	return &change->member;
}
