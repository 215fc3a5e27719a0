/* The form of a charter entry with its votes, without regard to rules. */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>

#include "proto/charter/charter_entry.h"
#include "test/proto/federation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct charter_entry entry;
	struct charter_change change;
	struct buf changes, payload, whole;
	if (charter_entry_decode(&entry, in) != ERR_OK)
		return 0;
	fuzz_accepted();
	buf_init(&changes, size);
	buf_init(&payload, size);
	buf_init(&whole, size);
	for (uint32_t i = 0; i < entry.change_count; i++) {
		const size_t from = entry.changes.pos;
		check(charter_change_get(&entry.changes, &change) == ERR_OK);
		if (change.kind == CHARTER_UNREAD)
			buf_add(&changes,
				bytes_slice(entry.changes.in, from, entry.changes.pos - from));
		else
			charter_change_put(&changes, &change);
	}
	charter_entry_payload_put(&payload, &entry, buf_bytes(&changes));
	fuzz_same(buf_bytes(&payload), entry.payload);
	struct charter_vote *votes = mem_new(entry.vote_count + 1, sizeof(*votes));
	for (uint32_t i = 0; i < entry.vote_count; i++)
		check(charter_vote_get(&entry.votes, &votes[i]));
	charter_entry_make(&whole, buf_bytes(&payload), votes, entry.vote_count);
	free(votes);
	fuzz_same(buf_bytes(&whole), in);
	buf_fini(&changes);
	buf_fini(&payload);
	buf_fini(&whole);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct test_federation fed;
	struct charter_change changes[] = {{.kind = CHARTER_SETTLE, .branch_count = 2},
					   {.kind = CHARTER_REMOVE},
					   {.kind = CHARTER_KEY},
					   {.kind = CHARTER_TO_RELAY},
					   {.kind = CHARTER_RENAME}};
	size_t count = sizeof(changes) / sizeof(changes[0]);
	struct charter_vote vote;
	struct buf payload, entry;
	test_federation_init(&fed, 4, 2, 2);
	fuzz_seed(corpus, buf_bytes(&fed.entry));
	changes[0].branches[1].b[0] = 1;
	changes[1].member.number = 3;
	changes[2].key_number = 2;
	changes[2].has_sealed = true;
	changes[3].member.number = 4;
	changes[4].member =
		(struct charter_member){.number = 2, .name = "B", .slug = "b", .ags = "14627002"};
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	check(!charter_payload_make(&payload, &fed.charter, NULL, TEST_TIME_MS + 1, 2, changes,
				    count));
	charter_vote(&vote, &fed.charter, 1, &fed.orgs[0].root, buf_bytes(&payload));
	charter_entry_make(&entry, buf_bytes(&payload), &vote, 1);
	fuzz_seed(corpus, buf_bytes(&entry));
	buf_fini(&payload);
	buf_fini(&entry);
	test_federation_fini(&fed);
}
