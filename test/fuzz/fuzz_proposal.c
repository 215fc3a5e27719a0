/* The payload of a proposal, as voters get it: what is read, and what it says to them. */
#include "test/fuzz/fuzz.h"

#include "proto/charter/proposal.h"
#include "test/proto/federation.h"

/* Words are for terminals: lines of text, each at most as long as it is shown. */
static void words_check(const struct proposal *proposal)
{
	struct charter none;
	struct buf words;
	charter_init(&none);
	buf_init(&words, FUZZ_INPUT_LEN_MAX);
	proposal_words(&words, &none, proposal->changes, proposal->entry.change_count,
		       proposal->entry.threshold);
	check(!words.err);
	check(!words.len || words.ptr[words.len - 1] == '\n');
	buf_fini(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proposal proposal;
	struct buf again, changes;
	if (proposal_init(&proposal, bytes_of(data, size)) != ERR_OK)
		return 0;
	fuzz_accepted();
	words_check(&proposal);
	/* Nobody writes what nobody reads. */
	for (uint32_t i = 0; i < proposal.entry.change_count; i++) {
		if (proposal.changes[i].kind == CHARTER_UNREAD) {
			proposal_fini(&proposal);
			return 0;
		}
	}
	buf_init(&changes, size + 1);
	buf_init(&again, size + 1);
	for (uint32_t i = 0; i < proposal.entry.change_count; i++)
		charter_change_put(&changes, &proposal.changes[i]);
	charter_entry_payload_put(&again, &proposal.entry, buf_bytes(&changes));
	fuzz_same(buf_bytes(&again), bytes_of(data, size));
	buf_fini(&changes);
	buf_fini(&again);
	proposal_fini(&proposal);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct test_federation fed;
	struct charter_change changes[4];
	struct buf payload;
	test_federation_init(&fed, 4, 3, 2);
	for (unsigned i = 0; i < 4; i++)
		changes[i] = (struct charter_change){0};
	changes[0].kind = CHARTER_REMOVE;
	changes[0].member.number = 3;
	changes[1].kind = CHARTER_STEWARDS;
	changes[1].stewards[0] = 1;
	changes[1].stewards[1] = 4;
	changes[1].steward_count = 2;
	changes[2].kind = CHARTER_KEY;
	changes[2].key_number = 2;
	changes[2].has_sealed = true;
	changes[3].kind = CHARTER_TO_RELAY;
	changes[3].member.number = 2;
	buf_init(&payload, PROPOSAL_LEN_MAX);
	check(charter_payload_make(&payload, &fed.charter, NULL, TEST_TIME_MS, 2, changes, 4) ==
	      ERR_OK);
	fuzz_seed(corpus, buf_bytes(&payload));
	buf_fini(&payload);
	test_federation_fini(&fed);
}
